//! From pointers to slices and views.
//!
//! What can be wrong with a pointer and can be known is checked before a slice is made: null, misaligned, larger than
//! memory, or in the way of another argument. What cannot be known is the caller's part of the contract in the crate's
//! documentation; the `unsafe` functions here pass it on.

use core::ptr::NonNull;
use core::slice;

use lowrank::{Error, MatMut, MatRef, Operand, Real, span};

use crate::status::{Fault, Info, MISALIGNED, NULL, SIZE, STRUCT_SIZE};

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
pub unsafe fn copied<S: Copy>(pointer: *const S, operand: Operand) -> Result<S, Fault> {
    if pointer.is_null() {
        return Err(Fault::about(NULL, operand));
    }
    if !pointer.is_aligned() {
        return Err(Fault::about(MISALIGNED, operand));
    }
    // SAFETY: not null and aligned; the caller vouches for the rest.
    Ok(unsafe { pointer.read() })
}

/// `len` elements of the caller's memory: not null, aligned, and no longer than a slice may be.
#[derive(Clone, Copy)]
pub struct Piece<T> {
    operand: Operand,
    start: NonNull<T>,
    len: usize,
}

impl<T> Piece<T> {
    /// If `len` is 0, `start` may be anything.
    pub fn new(operand: Operand, start: *const T, len: usize) -> Result<Self, Fault> {
        if len == 0 {
            return Ok(Piece { operand, start: NonNull::dangling(), len });
        }
        let Some(start) = NonNull::new(start.cast_mut()) else { return Err(Fault::about(NULL, operand)) };
        if !start.is_aligned() {
            return Err(Fault::about(MISALIGNED, operand));
        }
        let bytes = len.checked_mul(size_of::<T>()).filter(|bytes| *bytes <= isize::MAX as usize);
        match bytes.and_then(|bytes| start.addr().get().checked_add(bytes)) {
            Some(_) => Ok(Piece { operand, start, len }),
            None => Err(Fault::about(SIZE, operand)),
        }
    }

    /// The addresses, for [`disjoint`].
    pub fn range(&self) -> Range {
        let start = self.start.addr().get();
        Range { operand: self.operand, start, end: start.wrapping_add(self.len.wrapping_mul(size_of::<T>())) }
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
    pub unsafe fn new(operand: Operand, mat: *const Mat<T>) -> Result<Self, Fault> {
        // SAFETY: the caller vouches for it.
        let shape = unsafe { copied(mat, operand) }?;
        match span(shape.rows, shape.cols, shape.row_stride, shape.col_stride) {
            Some(len) => Ok(Matrix { piece: Piece::new(operand, shape.data, len)?, shape }),
            None => Err(Fault::about(SIZE, operand)),
        }
    }

    /// None if `mat` is null.
    ///
    /// # Safety
    /// As [`new`](Self::new).
    pub unsafe fn optional(operand: Operand, mat: *const Mat<T>) -> Result<Option<Self>, Fault> {
        // SAFETY: the caller vouches for it.
        if mat.is_null() { Ok(None) } else { unsafe { Self::new(operand, mat) }.map(Some) }
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

/// The addresses of an argument, from its first byte to one past its last.
#[derive(Clone, Copy)]
pub struct Range {
    operand: Operand,
    start: usize,
    end: usize,
}

impl Range {
    /// Of an output, empty if it is not wanted.
    pub fn of<T: Real>(matrix: &Option<Matrix<T>>) -> Self {
        matrix.as_ref().map_or(Range { operand: Operand::A, start: 0, end: 0 }, Matrix::range)
    }
}

/// Refuses arguments that share addresses if one of them is written.
pub fn disjoint(written: &[Range], read: &[Range]) -> Result<(), Error> {
    for (i, one) in written.iter().enumerate() {
        let others = written.iter().skip(i + 1).chain(read);
        if let Some(other) = others.into_iter().find(|other| one.start.max(other.start) < one.end.min(other.end)) {
            return Err(Error::Overlap { first: one.operand, second: other.operand });
        }
    }
    Ok(())
}
