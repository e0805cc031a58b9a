//! Matrices as views of memory that the caller owns.
//!
//! [`MatRef`] and [`MatMut`] place entry `(i, j)` of a `rows x cols` matrix at `data[i * row_stride + j * col_stride]`.
//! Row-major and column-major are equals, and a transpose only swaps the strides. Shape and strides are checked once,
//! when a view is made; every later access relies on that.

use core::marker::PhantomData;
use core::ptr::NonNull;

use crate::error::Error;
use crate::real::Real;

/// The number of elements from the first to one past the last entry of a view; `None` if it overflows.
///
/// `(rows - 1) row_stride + (cols - 1) col_stride + 1`, or 0 if the matrix has no entry.
pub const fn span(rows: usize, cols: usize, row_stride: usize, col_stride: usize) -> Option<usize> {
    if rows == 0 || cols == 0 {
        return Some(0);
    }
    let Some(down) = (rows - 1).checked_mul(row_stride) else { return None };
    let Some(right) = (cols - 1).checked_mul(col_stride) else { return None };
    let Some(last) = down.checked_add(right) else { return None };
    last.checked_add(1)
}

/// Whether no two entries share a place: one stride is at least the other's extent.
const fn disjoint(rows: usize, cols: usize, row_stride: usize, col_stride: usize) -> bool {
    if rows == 0 || cols == 0 || (rows == 1 && cols == 1) {
        return true;
    }
    exceeds(row_stride, cols, col_stride) || exceeds(col_stride, rows, row_stride)
}

/// Whether a step is beyond the last of `count` places that are `stride` apart, which are places of their own.
const fn exceeds(step: usize, count: usize, stride: usize) -> bool {
    let own = stride > 0 || count == 1;
    match (count - 1).checked_mul(stride) {
        Some(extent) => own && step > extent,
        None => false,
    }
}

fn check(len: usize, rows: usize, cols: usize, row_stride: usize, col_stride: usize) -> Result<(), Error> {
    let needed = span(rows, cols, row_stride, col_stride).unwrap_or(usize::MAX);
    if len < needed {
        return Err(Error::SliceTooShort { needed, given: len });
    }
    Ok(())
}

/// A matrix to read.
#[derive(Clone, Copy, Debug)]
pub struct MatRef<'a, T> {
    data: NonNull<T>,
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
    slice: PhantomData<&'a [T]>,
}

/// A matrix to write. No two entries share a place.
#[derive(Debug)]
pub struct MatMut<'a, T> {
    data: NonNull<T>,
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: a `MatRef` gives what a `&[T]` gives, shared reads of `T`, and a reference is `Send` and `Sync` if `T` is `Sync`.
unsafe impl<T: Sync> Send for MatRef<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for MatRef<'_, T> {}
// SAFETY: a `MatMut` gives what a `&mut [T]` gives, exclusive access to its own entries, which `Send` of `T` allows to move.
unsafe impl<T: Send> Send for MatMut<'_, T> {}
// SAFETY: through `&MatMut` entries can only be read.
unsafe impl<T: Sync> Sync for MatMut<'_, T> {}

impl<'a, T: Real> MatRef<'a, T> {
    /// A view of `data` with any accepted strides: one at least the other's extent, or zero, which repeats one row or
    /// column.
    ///
    /// # Errors
    /// `Strides` if entries overlap otherwise, `SliceTooShort` if `data` does not hold the last entry.
    pub fn new(data: &'a [T], rows: usize, cols: usize, row_stride: usize, col_stride: usize) -> Result<Self, Error> {
        let repeats = row_stride == 0 || col_stride == 0;
        if !repeats && !disjoint(rows, cols, row_stride, col_stride) {
            return Err(Error::Strides { row_stride, col_stride });
        }
        check(data.len(), rows, cols, row_stride, col_stride)?;
        Ok(MatRef { data: NonNull::from(data).cast(), rows, cols, row_stride, col_stride, slice: PhantomData })
    }

    /// A view of `rows * cols` numbers, row after row (as C and numpy).
    pub fn row_major(data: &'a [T], rows: usize, cols: usize) -> Result<Self, Error> {
        Self::new(data, rows, cols, cols, 1)
    }

    /// A view of `rows * cols` numbers, column after column (as Fortran and LAPACK).
    pub fn col_major(data: &'a [T], rows: usize, cols: usize) -> Result<Self, Error> {
        Self::new(data, rows, cols, 1, rows)
    }

    /// A row-major view of scratch of exactly this size; total: empty if the size is wrong.
    pub(crate) fn packed(data: &'a [T], rows: usize, cols: usize) -> Self {
        debug_assert_eq!(data.len(), rows * cols);
        let (rows, cols) = if data.len() == rows.wrapping_mul(cols) { (rows, cols) } else { (0, 0) };
        MatRef { data: NonNull::from(data).cast(), rows, cols, row_stride: cols, col_stride: 1, slice: PhantomData }
    }

    /// The entries of column `col`, in order; none if there is no such column.
    pub(crate) fn entries(&self, col: usize) -> impl Iterator<Item = &'a T> + use<'a, T> {
        // SAFETY: places of entries, which are in the slice that `new` checked.
        Places::new(self, col).map(|place| unsafe { &*place })
    }

    /// Copies column `col` into the first elements of `to`, as many as there are of both.
    pub(crate) fn copy_column(&self, col: usize, to: &mut [T]) {
        if col >= self.cols {
            return;
        }
        let mut place = self.data.as_ptr().wrapping_add(col * self.col_stride);
        let count = self.rows.min(to.len());
        for to in to.get_mut(..count).unwrap_or_default() {
            // SAFETY: `new` checked that the place of the last entry is in the slice, and this place, of a row that there
            // is, is not beyond it.
            *to = unsafe { *place };
            place = place.wrapping_add(self.row_stride);
        }
    }

    /// Entry `(row, col)`, if there is one.
    #[inline]
    pub fn get(&self, row: usize, col: usize) -> Option<T> {
        if row < self.rows && col < self.cols {
            // SAFETY: `new` checked that the place of the last entry is in the slice, and this place is not beyond it.
            Some(unsafe { *self.data.as_ptr().add(row * self.row_stride + col * self.col_stride) })
        } else {
            None
        }
    }

    /// Entry `(row, col)`; total (see [`Total`](crate::columns::Total)).
    #[inline]
    pub(crate) fn at(&self, row: usize, col: usize) -> T {
        debug_assert!(row < self.rows && col < self.cols, "({row}, {col}) in {} x {}", self.rows, self.cols);
        self.get(row, col).unwrap_or_default()
    }

    /// Row `row` as a slice, if the entries of a row are next to each other.
    #[inline]
    pub fn row_slice(&self, row: usize) -> Option<&'a [T]> {
        if row < self.rows && (self.col_stride == 1 || self.cols <= 1) {
            // SAFETY: the entries of the row are adjacent and in the slice that `new` checked.
            return Some(unsafe {
                core::slice::from_raw_parts(
                    self.data.as_ptr().add(row * (self.row_stride * usize::from(self.cols > 0))),
                    self.cols,
                )
            });
        }
        None
    }

    /// Column `col` of a matrix with adjacent rows; total: empty if there is none.
    #[inline]
    pub(crate) fn column(&self, col: usize) -> &'a [T] {
        debug_assert!(col < self.cols && (self.row_stride == 1 || self.rows <= 1));
        self.t().row_slice(col).unwrap_or_default()
    }

    /// All entries, as slices as long as the strides allow: everything, rows, columns or single entries.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &'a [T]> + use<'a, T> {
        // SAFETY: the pieces are in the slice that `new` checked.
        Pieces::new(*self).map(|(data, len)| unsafe { core::slice::from_raw_parts(data, len) })
    }

    /// Row and column of an entry of this view, from its address.
    pub(crate) fn place_of(&self, entry: &T) -> Option<(usize, usize)> {
        let offset = (entry as *const T as usize).wrapping_sub(self.data.as_ptr() as usize) / size_of::<T>();
        // The larger stride counts first, unless its dimension has one index only.
        let by_row = self.cols <= 1 || (self.rows > 1 && self.row_stride >= self.col_stride);
        let (outer, inner) =
            if by_row { (self.row_stride, self.col_stride) } else { (self.col_stride, self.row_stride) };
        let first = offset.checked_div(outer).unwrap_or(0);
        let second = (offset.wrapping_sub(first.wrapping_mul(outer))).checked_div(inner).unwrap_or(0);
        let place = if by_row { (first, second) } else { (second, first) };
        Some(place).filter(|(row, col)| *row < self.rows && *col < self.cols)
    }

    /// The part of at most `rows x cols` entries that begins at `(row, col)`; what lies outside the matrix is cut off.
    pub fn submatrix(&self, row: usize, col: usize, rows: usize, cols: usize) -> Self {
        let (row, col) = (row.min(self.rows), col.min(self.cols));
        let (rows, cols) = (rows.min(self.rows - row), cols.min(self.cols - col));
        let offset = if rows == 0 || cols == 0 { 0 } else { row * self.row_stride + col * self.col_stride };
        // SAFETY: the part is not empty, so its first entry is one of this matrix; or the offset is zero.
        let data = unsafe { self.data.add(offset) };
        MatRef { data, rows, cols, ..*self }
    }
}

/// The places of the entries of a column, in order.
struct Places<T> {
    place: *mut T,
    stride: usize,
    left: usize,
}

impl<T> Places<T> {
    #[inline]
    fn new(view: &MatRef<'_, T>, col: usize) -> Self {
        let left = if col < view.cols { view.rows } else { 0 };
        let place = view.data.as_ptr().wrapping_add(col.wrapping_mul(view.col_stride));
        Places { place, stride: view.row_stride, left }
    }
}

impl<T> Iterator for Places<T> {
    type Item = *mut T;
    #[inline]
    fn next(&mut self) -> Option<*mut T> {
        self.left = self.left.checked_sub(1)?;
        let place = self.place;
        self.place = place.wrapping_add(self.stride);
        Some(place)
    }
}

/// Where the slices of [`MatRef::lines`] are: the rows of this matrix, or else its single entries.
struct Pieces<'a, T> {
    view: MatRef<'a, T>,
    len: usize,
    row: usize,
    col: usize,
}

impl<'a, T> Pieces<'a, T> {
    fn new(view: MatRef<'a, T>) -> Self {
        let adjacent = |view: &MatRef<'_, T>| view.col_stride == 1 || view.cols <= 1;
        let mut view = if adjacent(&view) { view } else { view.t() };
        let whole = adjacent(&view);
        if whole && view.row_stride == view.cols && view.rows > 0 {
            (view.rows, view.cols) = (1, view.rows * view.cols);
        }
        Pieces { len: if whole { view.cols } else { 1 }, view, row: 0, col: 0 }
    }
}

impl<T> Iterator for Pieces<'_, T> {
    type Item = (*mut T, usize);
    fn next(&mut self) -> Option<(*mut T, usize)> {
        let MatRef { data, rows, cols, row_stride, col_stride, .. } = self.view;
        if self.row >= rows || self.col >= cols {
            return None;
        }
        let place = data.as_ptr().wrapping_add(self.row * row_stride + self.col * col_stride);
        self.col += self.len;
        if self.col >= cols {
            (self.row, self.col) = (self.row + 1, 0);
        }
        Some((place, self.len))
    }
}

impl<'a, T> MatRef<'a, T> {
    /// The number of rows.
    #[inline]
    pub fn rows(&self) -> usize {
        self.rows
    }
    /// The rows that have entries: none in a matrix without columns, which may say that it has more than can be visited.
    #[inline]
    pub(crate) fn filled_rows(&self) -> usize {
        if self.cols == 0 { 0 } else { self.rows }
    }
    /// The number of columns.
    #[inline]
    pub fn cols(&self) -> usize {
        self.cols
    }
    /// Rows and columns.
    #[inline]
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.cols)
    }
    /// Elements from one row to the next.
    #[inline]
    pub fn row_stride(&self) -> usize {
        self.row_stride
    }
    /// Elements from one column to the next.
    #[inline]
    pub fn col_stride(&self) -> usize {
        self.col_stride
    }
    /// The address of the first entry.
    #[inline]
    pub fn as_ptr(&self) -> *const T {
        self.data.as_ptr()
    }
    /// The transpose, without moving anything.
    #[inline]
    pub fn t(&self) -> MatRef<'a, T> {
        MatRef {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            slice: PhantomData,
        }
    }
}

impl<'a, T: Real> MatMut<'a, T> {
    /// A view of `data` with any accepted strides: one at least the other's extent, none zero unless it has no effect.
    ///
    /// # Errors
    /// `Strides` if two entries would share a place, `SliceTooShort` if `data` does not hold the last entry.
    pub fn new(
        data: &'a mut [T],
        rows: usize,
        cols: usize,
        row_stride: usize,
        col_stride: usize,
    ) -> Result<Self, Error> {
        if !disjoint(rows, cols, row_stride, col_stride) {
            return Err(Error::Strides { row_stride, col_stride });
        }
        check(data.len(), rows, cols, row_stride, col_stride)?;
        Ok(MatMut { data: NonNull::from(data).cast(), rows, cols, row_stride, col_stride, slice: PhantomData })
    }

    /// A view of `rows * cols` numbers, row after row (as C and numpy).
    pub fn row_major(data: &'a mut [T], rows: usize, cols: usize) -> Result<Self, Error> {
        Self::new(data, rows, cols, cols, 1)
    }

    /// A view of `rows * cols` numbers, column after column (as Fortran and LAPACK).
    pub fn col_major(data: &'a mut [T], rows: usize, cols: usize) -> Result<Self, Error> {
        Self::new(data, rows, cols, 1, rows)
    }

    /// A row-major view of scratch of exactly this size; total: empty if the size is wrong.
    pub(crate) fn packed(data: &'a mut [T], rows: usize, cols: usize) -> Self {
        let MatRef { rows, cols, row_stride, col_stride, .. } = MatRef::packed(data, rows, cols);
        MatMut { data: NonNull::from(data).cast(), rows, cols, row_stride, col_stride, slice: PhantomData }
    }

    /// Entry `(row, col)`, if there is one.
    #[inline]
    pub fn get(&self, row: usize, col: usize) -> Option<T> {
        self.as_ref().get(row, col)
    }

    /// Entry `(row, col)` to write, if there is one.
    #[inline]
    pub fn get_mut(&mut self, row: usize, col: usize) -> Option<&mut T> {
        if row < self.rows && col < self.cols {
            // SAFETY: `new` checked that the place of the last entry is in the slice, and this place is not beyond it;
            // the borrow of `self` makes the access exclusive.
            Some(unsafe { &mut *self.data.as_ptr().add(row * self.row_stride + col * self.col_stride) })
        } else {
            None
        }
    }

    /// Entry `(row, col)`; total (see [`Total`](crate::columns::Total)).
    #[inline]
    pub(crate) fn at(&self, row: usize, col: usize) -> T {
        self.as_ref().at(row, col)
    }

    /// Writes entry `(row, col)`; total (see [`Total`](crate::columns::Total)).
    #[inline]
    pub(crate) fn put(&mut self, row: usize, col: usize, value: T) {
        match self.get_mut(row, col) {
            Some(entry) => *entry = value,
            None => debug_assert!(false, "({row}, {col}) in {} x {}", self.rows, self.cols),
        }
    }

    /// Row `row` as a slice to write, if the entries of a row are next to each other.
    #[inline]
    pub fn row_slice_mut(&mut self, row: usize) -> Option<&mut [T]> {
        if row < self.rows && (self.col_stride == 1 || self.cols <= 1) {
            // SAFETY: the entries of the row are adjacent and in the slice that `new` checked; the borrow of `self`
            // makes the access exclusive.
            return Some(unsafe {
                core::slice::from_raw_parts_mut(
                    self.data.as_ptr().add(row * (self.row_stride * usize::from(self.cols > 0))),
                    self.cols,
                )
            });
        }
        None
    }

    /// The part of at most `rows x cols` entries that begins at `(row, col)`; what lies outside the matrix is cut off.
    pub fn submatrix(self, row: usize, col: usize, rows: usize, cols: usize) -> Self {
        let part = self.as_ref().submatrix(row, col, rows, cols);
        MatMut { data: part.data, rows: part.rows, cols: part.cols, ..self }
    }

    /// The first `at` rows, and the others.
    pub fn split_rows(self, at: usize) -> (Self, Self) {
        let (above, below) =
            (self.as_ref().submatrix(0, 0, at, self.cols), self.as_ref().submatrix(at, 0, self.rows, self.cols));
        // Two views of disjoint rows: their entries are disjoint because no two entries of this matrix share a place.
        (
            MatMut { data: above.data, rows: above.rows, cols: above.cols, ..self },
            MatMut { data: below.data, rows: below.rows, cols: below.cols, ..self },
        )
    }

    /// The first `at` columns, and the others.
    pub fn split_cols(self, at: usize) -> (Self, Self) {
        let (left, right) = self.t().split_rows(at);
        (left.t(), right.t())
    }

    /// All entries to write, as slices as long as the strides allow (see [`MatRef::lines`]).
    pub(crate) fn lines_mut(&mut self) -> impl Iterator<Item = &mut [T]> + use<'_, T> {
        // SAFETY: the pieces are in the slice that `new` checked, and none overlaps another; the borrow of `self` makes the
        // access exclusive.
        Pieces::new(self.as_ref()).map(|(data, len)| unsafe { core::slice::from_raw_parts_mut(data, len) })
    }

    /// Sets every entry.
    pub fn fill(&mut self, value: T) {
        self.lines_mut().for_each(|line| line.fill(value));
    }

    /// Ones on the diagonal, zeros elsewhere.
    pub(crate) fn set_identity(&mut self) {
        self.fill(T::ZERO);
        (0..self.rows.min(self.cols)).for_each(|i| self.put(i, i, T::ONE));
    }

    /// The entries of column `col` to write, in order; none if there is no such column.
    pub(crate) fn entries_mut(&mut self, col: usize) -> impl Iterator<Item = &mut T> + use<'_, T> {
        // SAFETY: places of entries, which are in the slice that `new` checked and no two of which are the same; the borrow
        // of `self` makes the access exclusive.
        Places::new(&self.as_ref(), col).map(|place| unsafe { &mut *place })
    }

    /// Writes `factor x` into the first entries of column `col`, as many as there are of both.
    pub(crate) fn put_column(&mut self, col: usize, x: &[T], factor: T) {
        if col >= self.cols {
            return;
        }
        let mut place = self.data.as_ptr().wrapping_add(col * self.col_stride);
        for x in x.get(..self.rows).unwrap_or(x) {
            // SAFETY: `new` checked that the place of the last entry is in the slice, and this place, of a row that there
            // is, is not beyond it; the borrow of `self` makes the access exclusive.
            unsafe { *place = *x * factor };
            place = place.wrapping_add(self.row_stride);
        }
    }

    /// Copies every entry of `source`, which has the same shape.
    pub(crate) fn copy_from(&mut self, source: MatRef<'_, T>) {
        debug_assert_eq!(self.shape(), source.shape());
        if self.row_stride < self.col_stride {
            return self.rb().t().copy_rows(source.t());
        }
        self.rb().copy_rows(source);
    }

    fn copy_rows(mut self, mut source: MatRef<'_, T>) {
        let (rows, cols) = self.shape();
        if source.row_stride == 1 && self.col_stride == 1 && rows > 1 && cols > 1 {
            return self.copy_transposed(source);
        }
        let packed = |strides: (usize, usize)| strides == (cols, 1);
        if packed((self.row_stride, self.col_stride)) && packed((source.row_stride, source.col_stride)) {
            (self.rows, self.cols) = (rows.min(1), rows * cols);
            (source.rows, source.cols) = self.shape();
        }
        for i in 0..source.filled_rows() {
            match (self.row_slice_mut(i), source.row_slice(i)) {
                (Some(to), Some(from)) => to.iter_mut().zip(from).for_each(|(to, from)| *to = *from),
                _ => (0..self.cols).for_each(|j| self.put(i, j, source.at(i, j))),
            }
        }
    }

    /// Rows from adjacent columns, a tile that stays in the cache at a time, and of this a few columns.
    fn copy_transposed(mut self, source: MatRef<'_, T>) {
        const ROWS: usize = 64;
        const COLS: usize = 4;
        for first in (0..self.rows).step_by(ROWS) {
            let tile = source.submatrix(first, 0, ROWS, self.cols);
            for start in (0..self.cols).step_by(COLS) {
                let part = tile.submatrix(0, start, ROWS, COLS).t();
                let columns: [&[T]; COLS] = core::array::from_fn(|j| part.row_slice(j).unwrap_or_default());
                for i in 0..tile.rows {
                    let row = self.row_slice_mut(first + i).unwrap_or_default();
                    for (to, column) in row.iter_mut().skip(start).zip(columns) {
                        *to = column.get(i).copied().unwrap_or(*to);
                    }
                }
            }
        }
    }
}

impl<'a, T> MatMut<'a, T> {
    /// The number of rows.
    #[inline]
    pub fn rows(&self) -> usize {
        self.rows
    }
    /// The number of columns.
    #[inline]
    pub fn cols(&self) -> usize {
        self.cols
    }
    /// Rows and columns.
    #[inline]
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.cols)
    }
    /// Elements from one row to the next.
    #[inline]
    pub fn row_stride(&self) -> usize {
        self.row_stride
    }
    /// Elements from one column to the next.
    #[inline]
    pub fn col_stride(&self) -> usize {
        self.col_stride
    }
    /// The address of the first entry, to write.
    #[inline]
    pub fn as_mut_ptr(&mut self) -> *mut T {
        self.data.as_ptr()
    }
    /// The transpose, without moving anything.
    #[inline]
    pub fn t(self) -> MatMut<'a, T> {
        MatMut {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            slice: PhantomData,
        }
    }
    /// The same matrix to read.
    #[inline]
    pub fn as_ref(&self) -> MatRef<'_, T> {
        MatRef {
            data: self.data,
            rows: self.rows,
            cols: self.cols,
            row_stride: self.row_stride,
            col_stride: self.col_stride,
            slice: PhantomData,
        }
    }
    /// The same matrix, borrowed for a shorter time.
    #[inline]
    pub fn rb(&mut self) -> MatMut<'_, T> {
        MatMut { slice: PhantomData, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    proptest! {
        /// The rule for strides, against its meaning: list the places of all entries and look for one that repeats.
        #[test]
        fn a_writable_view_never_has_two_entries_in_one_place(
            rows in 0usize..5, cols in 0usize..5, row_stride in 0usize..12, col_stride in 0usize..12, len in 0usize..80,
        ) {
            let mut data = [0.0f64; 80];
            let mut places: Vec<usize> =
                (0..rows).flat_map(|i| (0..cols).map(move |j| i * row_stride + j * col_stride)).collect();
            let fits = places.iter().all(|&p| p < len);
            places.sort_unstable();
            let repeats = places.windows(2).any(|w| w[0] == w[1]);
            let made = MatMut::new(&mut data[..len], rows, cols, row_stride, col_stride);
            if repeats {
                let refused = matches!(made, Err(Error::Strides { .. }));
                prop_assert!(refused);
            } else if made.is_ok() {
                prop_assert!(fits);
            }
            // One stride beyond the other's extent, and each that is used more than once its own.
            let apart = |step: usize, count: usize, stride: usize| step > (count.max(1) - 1) * stride && (stride > 0 || count <= 1);
            if fits && (apart(row_stride, cols, col_stride) || apart(col_stride, rows, row_stride)) {
                prop_assert!(MatMut::new(&mut data[..len], rows, cols, row_stride, col_stride).is_ok());
            }
        }
    }

    #[test]
    fn parts_and_transposes_address_the_same_entries() {
        let data: Vec<f64> = (0..12).map(f64::from).collect();
        let a = MatRef::row_major(&data, 3, 4).unwrap();
        assert_eq!(a.get(2, 1), Some(9.0));
        assert_eq!(a.t().get(1, 2), Some(9.0));
        assert_eq!(a.get(3, 0), None);
        let part = a.submatrix(1, 2, 9, 9);
        assert_eq!((part.shape(), part.get(1, 1)), ((2, 2), Some(11.0)));
        assert_eq!(a.submatrix(3, 4, 1, 1).shape(), (0, 0));
        assert_eq!(a.t().row_slice(0), None);

        let mut data = data.clone();
        let (mut left, mut right) = MatMut::row_major(&mut data, 3, 4).unwrap().split_cols(1);
        left.fill(-1.0);
        right.put(2, 2, 5.0);
        assert_eq!(data, [-1., 1., 2., 3., -1., 5., 6., 7., -1., 9., 10., 5.]);
    }

    /// Tiles and their remainders, from every order of memory to every other; gaps stay.
    #[test]
    fn a_copy_has_every_entry_and_nothing_else() {
        let strides =
            |rows: usize, cols: usize| [(cols, 1), (1, rows), (cols + 2, 1), (1, rows + 3), (2 * cols + 1, 2)];
        for (rows, cols) in [(1, 1), (1, 9), (9, 1), (4, 4), (63, 3), (64, 4), (65, 5), (130, 21), (0, 3), (3, 0)] {
            let data: Vec<f64> = (0..2 * (rows + 4) * (cols + 4)).map(|x| x as f64).collect();
            for (down, across) in strides(rows, cols) {
                let from = MatRef::new(&data, rows, cols, down, across).unwrap();
                for (to_down, to_across) in strides(rows, cols) {
                    let mut copy = std::vec![-1.0; data.len()];
                    MatMut::new(&mut copy, rows, cols, to_down, to_across).unwrap().copy_from(from);
                    let mut expected = std::vec![-1.0; data.len()];
                    for (i, j) in (0..rows).flat_map(|i| (0..cols).map(move |j| (i, j))) {
                        expected[i * to_down + j * to_across] = data[i * down + j * across];
                    }
                    assert_eq!(copy, expected, "{rows} x {cols}, {down} {across} to {to_down} {to_across}");
                }
            }
        }
    }

    #[test]
    fn lines_cover_every_entry_and_know_their_places() {
        let data: Vec<f64> = (0..100).map(f64::from).collect();
        for (rows, cols, rs, cs) in [
            (3, 4, 4, 1),
            (3, 4, 1, 3),
            (3, 4, 9, 2),
            (3, 4, 2, 7),
            (1, 4, 1, 1),
            (4, 1, 3, 1),
            (0, 3, 3, 1),
            (3, 0, 1, 1),
        ] {
            let a = MatRef::new(&data, rows, cols, rs, cs).unwrap();
            let mut places: Vec<_> = a.lines().flatten().map(|x| (a.place_of(x).unwrap(), *x)).collect();
            assert!(places.iter().all(|((i, j), x)| a.get(*i, *j) == Some(*x)));
            places.sort_by_key(|(place, _)| *place);
            places.dedup();
            assert_eq!(places.len(), rows * cols, "{rows} x {cols}, {rs}, {cs}");
        }
    }

    #[test]
    fn sizes_that_overflow_are_refused() {
        let mut x = [0.0f32; 4];
        assert!(MatRef::new(&x, usize::MAX, 2, 2, 1).is_err());
        assert!(MatRef::new(&x, 2, 2, usize::MAX, 1).is_err());
        assert!(MatMut::new(&mut x, 3, 2, usize::MAX / 2, 1).is_err());
        assert!(MatRef::new(&x, usize::MAX, 1, 0, 0).is_ok());
    }

    #[test]
    fn strides_that_lead_nowhere_may_be_of_any_size() {
        let mut x = [1.0f32, 2.0, 3.0];
        // Rows without entries, a single row, a single column.
        for (rows, cols, row_stride, col_stride) in
            [(3, 0, usize::MAX, 1), (1, 3, usize::MAX, 1), (3, 1, 1, usize::MAX), (1, 1, usize::MAX, usize::MAX)]
        {
            let a = MatRef::new(&x, rows, cols, row_stride, col_stride).unwrap();
            assert!(a.lines().flatten().eq(&x[..rows * cols]));
            assert_eq!(a.row_slice(rows - 1), Some(&x[(rows - 1) * cols..rows * cols]));
            let (above, below) = MatMut::new(&mut x, rows, cols, row_stride, col_stride).unwrap().split_rows(1);
            assert_eq!((above.rows(), below.rows()), (1, rows - 1));
            let mut a = MatMut::new(&mut x, rows, cols, row_stride, col_stride).unwrap();
            assert_eq!(a.row_slice_mut(rows - 1).map(|row| row.len()), Some(cols));
        }
    }
}
