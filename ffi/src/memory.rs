//! From pointers to slices and views.
//!
//! What can be wrong with a pointer and can be known is checked before a slice is made: null, misaligned, larger than
//! memory, or in the way of another argument. What cannot be known is the caller's part of the contract in the crate's
//! documentation; the `unsafe` functions here pass it on.

use core::ptr::{self, NonNull};
use core::slice;

use lowrank::kernel::Execution;
use lowrank::operator::{self, Dense, Entries};
use lowrank::{Error, MatMut, MatRef, Real, span};

use crate::status::{Argument, Fault, Info, MISALIGNED, NULL, SIZE, STRUCT_SIZE};

/// `lowrank_mat_f32` and `lowrank_mat_f64`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Mat<T> {
    data: *mut T,
    pub rows: usize,
    pub cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<T: Real> Mat<T> {
    /// No matrix.
    pub const NONE: Self = Mat { data: ptr::null_mut(), rows: 0, cols: 0, row_stride: 0, col_stride: 0 };

    /// For the caller to read.
    pub fn of(view: MatRef<'_, T>) -> Self {
        let ((rows, cols), row_stride, col_stride) = (view.shape(), view.row_stride(), view.col_stride());
        Mat { data: view.as_ptr().cast_mut(), rows, cols, row_stride, col_stride }
    }

    /// For the caller to write.
    pub fn of_mut(view: &mut MatMut<'_, T>) -> Self {
        Mat { data: view.as_mut_ptr(), ..Self::of(view.as_ref()) }
    }

    /// For the caller to write, as one row.
    pub fn of_slice(row: &mut [T]) -> Self {
        Mat { data: row.as_mut_ptr(), rows: 1, cols: row.len(), row_stride: row.len(), col_stride: 1 }
    }
}

/// `lowrank_csr_f32` and `lowrank_csr_f64`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Csr<T> {
    pub rows: usize,
    pub cols: usize,
    pub entries: usize,
    pub starts: *const usize,
    pub columns: *const u32,
    pub values: *const T,
}

/// A struct that begins with its own size, a `size_t`, so that it can grow.
///
/// # Safety
/// `repr(C)`, the first field is a `usize`, and any bytes are a valid value.
pub unsafe trait Growing: Copy {
    /// Its size in the first version that had it: later fields do not change that.
    const FIRST_SIZE: usize;
}

/// No struct will grow beyond this; a larger size was never set.
const LARGEST_SIZE: usize = 4096;

/// Reads the size that the caller set.
///
/// # Safety
/// `pointer` points to a struct of the caller, which begins with its size.
unsafe fn struct_size<S: Growing>(pointer: *const S) -> Result<usize, Fault> {
    if !pointer.is_aligned() {
        return Err(Fault::new(MISALIGNED));
    }
    // SAFETY: aligned for a struct whose first field this is; the caller of this function vouches for the rest.
    let size = unsafe { pointer.cast::<usize>().read() };
    if size < S::FIRST_SIZE || size > LARGEST_SIZE { Err(Fault::new(STRUCT_SIZE)) } else { Ok(size) }
}

/// The options at `pointer`, over `defaults`: fields that an older caller does not have keep their default.
///
/// A newer caller may have more fields. All of them must be zero, by which a new field says what was done before it.
///
/// # Safety
/// `pointer` is null or points to a struct of the caller of as many bytes as its `struct_size` says.
pub unsafe fn options<O: Growing>(pointer: *const O, defaults: O) -> Result<O, Fault> {
    if pointer.is_null() {
        return Ok(defaults);
    }
    // SAFETY: not null, and the caller vouches for what it points to.
    let size = unsafe { struct_size(pointer) }?;
    let known = size.min(size_of::<O>());
    // SAFETY: `size` bytes are readable, and `known <= size`.
    let unknown = unsafe { slice::from_raw_parts(pointer.cast::<u8>().add(known), size - known) };
    if unknown.iter().any(|byte| *byte != 0) {
        return Err(Fault::new(STRUCT_SIZE));
    }
    let mut options = defaults;
    // SAFETY: `known` bytes are in both structs, one of which is a local variable; any bytes are a valid `O`.
    unsafe { pointer.cast::<u8>().copy_to_nonoverlapping((&raw mut options).cast(), known) };
    Ok(options)
}

/// Where to write the caller's `lowrank_info`, if it wants one.
pub struct InfoOut(Option<(NonNull<Info>, usize)>);

impl InfoOut {
    /// # Safety
    /// `pointer` is null or points to a struct of the caller of as many bytes as its `struct_size` says, until `write`.
    pub unsafe fn new(pointer: *mut Info) -> Result<Self, Fault> {
        let Some(place) = NonNull::new(pointer) else { return Ok(InfoOut(None)) };
        // SAFETY: not null, and the caller vouches for what it points to.
        let size = unsafe { struct_size(pointer) }?;
        Ok(InfoOut(Some((place, size))))
    }

    /// Writes the fields that the caller has; its `struct_size` stays.
    pub fn write(self, info: Info) {
        let Some((place, size)) = self.0 else { return };
        let info = Info { struct_size: size, ..info };
        // SAFETY: as many bytes as the smaller of the two structs has, one of which is a local variable; `new` was
        // promised that the other is there.
        unsafe {
            (&raw const info).cast::<u8>().copy_to_nonoverlapping(place.as_ptr().cast(), size.min(size_of::<Info>()))
        }
    }
}

/// Copies a struct of the caller.
///
/// # Safety
/// `pointer` is null or points to a struct of the caller.
pub unsafe fn copied<S: Copy>(pointer: *const S, argument: Argument) -> Result<S, Fault> {
    if pointer.is_null() {
        return Err(Fault::about(NULL, argument));
    }
    if !pointer.is_aligned() {
        return Err(Fault::about(MISALIGNED, argument));
    }
    // SAFETY: not null and aligned; the caller vouches for the rest.
    Ok(unsafe { pointer.read() })
}

/// `len` elements of the caller's memory: not null, aligned, and no longer than a slice may be.
#[derive(Clone, Copy)]
pub struct Piece<T> {
    argument: Argument,
    start: NonNull<T>,
    len: usize,
}

impl<T> Piece<T> {
    /// If `len` is 0, `start` may be anything.
    pub fn new(argument: Argument, start: *const T, len: usize) -> Result<Self, Fault> {
        if len == 0 {
            return Ok(Piece { argument, start: NonNull::dangling(), len });
        }
        let Some(start) = NonNull::new(start.cast_mut()) else { return Err(Fault::about(NULL, argument)) };
        if !start.is_aligned() {
            return Err(Fault::about(MISALIGNED, argument));
        }
        let bytes = len.checked_mul(size_of::<T>()).filter(|bytes| *bytes <= isize::MAX as usize);
        match bytes.and_then(|bytes| start.addr().get().checked_add(bytes)) {
            Some(_) => Ok(Piece { argument, start, len }),
            None => Err(Fault::about(SIZE, argument)),
        }
    }

    /// None if `start` is null.
    pub fn optional(argument: Argument, start: *const T, len: usize) -> Result<Option<Self>, Fault> {
        if start.is_null() { Ok(None) } else { Self::new(argument, start, len).map(Some) }
    }

    /// The addresses, for [`disjoint`].
    pub fn range(&self) -> Range {
        let start = self.start.addr().get();
        Range { argument: self.argument, start, end: start.wrapping_add(self.len.wrapping_mul(size_of::<T>())) }
    }

    /// # Safety
    /// The memory is the caller's to read, and nobody writes it, while the slice lives.
    pub unsafe fn slice<'a>(self) -> &'a [T] {
        // SAFETY: `new` checked address, alignment and length; the caller vouches for the rest. Any bits are a number.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// # Safety
    /// The memory is the caller's to write, and nobody else reads or writes it, while the slice lives.
    pub unsafe fn slice_mut<'a>(self) -> &'a mut [T] {
        // SAFETY: as in `slice`.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

/// A matrix of the caller: the memory from its first to its last entry, and its shape.
#[derive(Clone, Copy)]
pub struct Matrix<T> {
    piece: Piece<T>,
    shape: Mat<T>,
}

impl<T: Real> Matrix<T> {
    /// # Safety
    /// `mat` is null or points to a matrix struct of the caller.
    pub unsafe fn new(argument: Argument, mat: *const Mat<T>) -> Result<Self, Fault> {
        // SAFETY: the caller vouches for it.
        let shape = unsafe { copied(mat, argument) }?;
        match span(shape.rows, shape.cols, shape.row_stride, shape.col_stride) {
            Some(len) => Ok(Matrix { piece: Piece::new(argument, shape.data, len)?, shape }),
            None => Err(Fault::about(SIZE, argument)),
        }
    }

    /// None if `mat` is null.
    ///
    /// # Safety
    /// As [`new`](Self::new).
    pub unsafe fn optional(argument: Argument, mat: *const Mat<T>) -> Result<Option<Self>, Fault> {
        // SAFETY: the caller vouches for it.
        if mat.is_null() { Ok(None) } else { unsafe { Self::new(argument, mat) }.map(Some) }
    }

    pub fn rows(&self) -> usize {
        self.shape.rows
    }

    pub fn cols(&self) -> usize {
        self.shape.cols
    }

    pub fn range(&self) -> Range {
        self.piece.range()
    }

    /// # Safety
    /// As [`Piece::slice`].
    pub unsafe fn view<'a>(self) -> Result<MatRef<'a, T>, Error> {
        let Mat { rows, cols, row_stride, col_stride, .. } = self.shape;
        // SAFETY: the caller vouches for it.
        MatRef::new(unsafe { self.piece.slice() }, rows, cols, row_stride, col_stride)
    }

    /// # Safety
    /// As [`Piece::slice_mut`].
    pub unsafe fn view_mut<'a>(self) -> Result<MatMut<'a, T>, Error> {
        let Mat { rows, cols, row_stride, col_stride, .. } = self.shape;
        // SAFETY: the caller vouches for it.
        MatMut::new(unsafe { self.piece.slice_mut() }, rows, cols, row_stride, col_stride)
    }
}

/// A view of an output, if it is wanted.
///
/// # Safety
/// As [`Piece::slice_mut`].
pub unsafe fn view_if<'a, T: Real>(matrix: Option<Matrix<T>>) -> Result<Option<MatMut<'a, T>>, Error> {
    // SAFETY: the caller vouches for it.
    matrix.map(|matrix| unsafe { matrix.view_mut() }).transpose()
}

/// A matrix that is read through its operator: dense or sparse.
pub trait Source<T: Real>: Copy {
    /// The struct of the caller.
    type Given;
    /// How it is reached.
    type Operator<'a>: Entries<T>;

    /// # Safety
    /// `given` is null or points to a struct of the caller.
    unsafe fn new(given: *const Self::Given) -> Result<Self, Fault>;
    fn shape(&self) -> (usize, usize);
    /// The addresses of all of it.
    fn ranges(&self) -> [Range; 3];
    /// # Safety
    /// As [`Piece::slice`].
    unsafe fn operator<'a>(self, execution: Execution) -> Result<Self::Operator<'a>, Error>;
}

impl<T: Real + 'static> Source<T> for Matrix<T> {
    type Given = Mat<T>;
    type Operator<'a> = Dense<'a, T>;

    unsafe fn new(given: *const Mat<T>) -> Result<Self, Fault> {
        // SAFETY: the caller vouches for it.
        unsafe { Matrix::new(Argument::A, given) }
    }
    fn shape(&self) -> (usize, usize) {
        (self.rows(), self.cols())
    }
    fn ranges(&self) -> [Range; 3] {
        [self.range(), Range::NONE, Range::NONE]
    }
    unsafe fn operator<'a>(self, execution: Execution) -> Result<Dense<'a, T>, Error> {
        // SAFETY: the caller vouches for it.
        Ok(Dense::new(unsafe { self.view() }?).execution(execution))
    }
}

/// A sparse matrix of the caller: its arrays and its shape.
#[derive(Clone, Copy)]
pub struct Sparse<T> {
    starts: Piece<usize>,
    columns: Piece<u32>,
    values: Piece<T>,
    rows: usize,
    cols: usize,
}

impl<T: Real + 'static> Source<T> for Sparse<T> {
    type Given = Csr<T>;
    type Operator<'a> = operator::Csr<'a, T>;

    unsafe fn new(given: *const Csr<T>) -> Result<Self, Fault> {
        // SAFETY: the caller vouches for it.
        let Csr { rows, cols, entries, starts, columns, values } = unsafe { copied(given, Argument::A) }?;
        Ok(Sparse {
            // Saturated, the length is one that no memory has.
            starts: Piece::new(Argument::A, starts, rows.saturating_add(1))?,
            columns: Piece::new(Argument::A, columns, entries)?,
            values: Piece::new(Argument::A, values, entries)?,
            rows,
            cols,
        })
    }
    fn shape(&self) -> (usize, usize) {
        (self.rows, self.cols)
    }
    fn ranges(&self) -> [Range; 3] {
        [self.starts.range(), self.columns.range(), self.values.range()]
    }
    unsafe fn operator<'a>(self, execution: Execution) -> Result<operator::Csr<'a, T>, Error> {
        // SAFETY: the caller vouches for it.
        let (starts, columns, values) = unsafe { (self.starts.slice(), self.columns.slice(), self.values.slice()) };
        Ok(operator::Csr::new(self.cols, starts, columns, values)?.execution(execution))
    }
}

/// The addresses of an argument, from its first byte to one past its last.
#[derive(Clone, Copy)]
pub struct Range {
    argument: Argument,
    start: usize,
    end: usize,
}

impl Range {
    pub const NONE: Self = Range { argument: Argument::None, start: 0, end: 0 };

    /// Of an output, empty if it is not wanted.
    pub fn of<T: Real>(matrix: &Option<Matrix<T>>) -> Self {
        matrix.as_ref().map_or(Range::NONE, Matrix::range)
    }
}

/// Refuses arguments that share addresses if one of them is written.
pub fn disjoint(written: &[Range], read: &[Range]) -> Result<(), Fault> {
    for (i, one) in written.iter().enumerate() {
        let others = written.iter().skip(i + 1).chain(read);
        if let Some(other) = others.into_iter().find(|other| one.start.max(other.start) < one.end.min(other.end)) {
            return Err(Fault::overlap(one.argument, other.argument));
        }
    }
    Ok(())
}
