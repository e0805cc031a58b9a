//! Matrices in scratch memory, and total access.
//!
//! Inside the crate, single elements are read and written with *total* functions (`at`, `put`): an index out of range is
//! an assertion failure in a debug build, and reads zero or writes nothing in a release build. So no index can panic,
//! which the link-time proof of the C library depends on, and none can touch foreign memory.

use core::slice::ChunksExactMut;

use crate::real::Real;
use crate::view::{MatMut, MatRef};

/// A matrix in scratch memory, column after column, so that a column is one slice.
///
/// All columns that a factorization touches lie in memory like this: the kernels work on slices.
#[derive(Debug)]
pub(crate) struct Columns<'a, T> {
    data: &'a mut [T],
    rows: usize,
    cols: usize,
}

impl<'a, T: Real> Columns<'a, T> {
    /// `data` has `rows * cols` elements.
    pub fn new(data: &'a mut [T], rows: usize, cols: usize) -> Self {
        debug_assert_eq!(data.len(), rows * cols);
        Columns { data, rows, cols }
    }

    /// The zero matrix, in memory of any content.
    pub fn zeroed(data: &'a mut [T], rows: usize, cols: usize) -> Self {
        data.fill(T::ZERO);
        Self::new(data, rows, cols)
    }

    #[inline]
    pub fn rows(&self) -> usize {
        self.rows
    }
    #[inline]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Column `j`; total: empty out of range.
    #[inline]
    pub fn col(&self, j: usize) -> &[T] {
        debug_assert!(j < self.cols);
        let start = j.wrapping_mul(self.rows);
        self.data.get(start..start.wrapping_add(self.rows)).unwrap_or_default()
    }

    /// Column `j` to write; total: empty out of range.
    #[inline]
    pub fn col_mut(&mut self, j: usize) -> &mut [T] {
        debug_assert!(j < self.cols);
        let start = j.wrapping_mul(self.rows);
        self.data.get_mut(start..start.wrapping_add(self.rows)).unwrap_or_default()
    }

    /// All columns to write, in order.
    pub fn columns_mut(&mut self) -> ChunksExactMut<'_, T> {
        self.data.chunks_exact_mut(self.rows.max(1))
    }

    /// Columns `p < q`, both to write; total: empty out of range.
    #[inline]
    pub fn pair_mut(&mut self, p: usize, q: usize) -> (&mut [T], &mut [T]) {
        debug_assert!(p < q && q < self.cols);
        let rows = self.rows;
        let Some((before, from_q)) = self.data.split_at_mut_checked(q.wrapping_mul(rows)) else {
            return (&mut [], &mut []);
        };
        let start = p.wrapping_mul(rows);
        (
            before.get_mut(start..start.wrapping_add(rows)).unwrap_or_default(),
            from_q.get_mut(..rows).unwrap_or_default(),
        )
    }

    /// The first `at` columns to read, and the others to write.
    pub fn split(&mut self, at: usize) -> (MatRef<'_, T>, Columns<'_, T>) {
        let at = at.min(self.cols);
        let (first, others) = self.data.split_at_mut_checked(at * self.rows).unwrap_or_default();
        (MatRef::packed(first, at, self.rows).t(), Columns::new(others, self.rows, self.cols - at))
    }

    /// The first rows alone, in the same memory.
    pub fn keep_rows(self, rows: usize) -> Self {
        let rows = rows.min(self.rows);
        for j in 0..self.cols {
            for i in 0..rows {
                self.data.put(j * rows + i, self.data.at(j * self.rows + i));
            }
        }
        Columns { data: self.data.get_mut(..rows * self.cols).unwrap_or_default(), rows, cols: self.cols }
    }

    /// Swaps columns `p` and `q`.
    pub fn swap(&mut self, p: usize, q: usize) {
        if p != q {
            let (a, b) = self.pair_mut(p.min(q), p.max(q));
            a.iter_mut().zip(b).for_each(|(a, b)| core::mem::swap(a, b));
        }
    }

    #[inline]
    pub fn at(&self, i: usize, j: usize) -> T {
        self.col(j).at(i)
    }

    #[inline]
    pub fn put(&mut self, i: usize, j: usize, value: T) {
        self.col_mut(j).put(i, value);
    }

    /// Copies what `from`, which has as many columns, holds on and above its diagonal; zero below.
    pub fn copy_upper(&mut self, from: &Columns<'_, T>) {
        for j in 0..self.cols {
            let (upper, lower) = self.col_mut(j).split_at_mut_checked(j + 1).unwrap_or_default();
            upper.iter_mut().zip(from.col(j)).for_each(|(to, x)| *to = *x);
            lower.fill(T::ZERO);
        }
    }

    /// All entries, column after column.
    pub fn as_slice(&self) -> &[T] {
        self.data
    }

    /// All entries to write, column after column.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.data
    }

    /// The same matrix as a general view.
    pub fn as_ref(&self) -> MatRef<'_, T> {
        MatRef::packed(self.data, self.cols, self.rows).t()
    }

    /// The same matrix as a general view to write.
    pub fn as_mut(&mut self) -> MatMut<'_, T> {
        MatMut::packed(self.data, self.cols, self.rows).t()
    }
}

/// Runs `work` on the columns of A in order, with the number of the first, as matrices with adjacent rows: on A itself if
/// its rows are adjacent, else on copies of as many columns as `memory` holds, which are then written back.
pub(crate) fn with_adjacent_rows<T: Real>(
    mut a: MatMut<'_, T>,
    memory: &mut [T],
    mut work: impl FnMut(usize, MatMut<'_, T>),
) {
    let (m, n) = a.shape();
    if a.row_stride() == 1 {
        return work(0, a);
    }
    let width = memory.len().checked_div(m).unwrap_or(n);
    debug_assert!(width > 0);
    for start in (0..n).step_by(width.max(1)) {
        let mut part = a.rb().submatrix(0, start, m, width);
        let cols = part.cols();
        let mut copy = Columns::new(memory.get_mut(..m * cols).unwrap_or_default(), m, cols);
        copy.as_mut().copy_from(part.as_ref());
        work(start, copy.as_mut());
        part.copy_from(copy.as_ref());
    }
}

/// `len` elements of `x` from `start`; total: empty if there are not so many.
pub(crate) fn part<T>(x: &mut [T], start: usize, len: usize) -> &mut [T] {
    x.get_mut(start..start + len).unwrap_or_default()
}

/// Total access to a slice (see the module).
pub(crate) trait Total<T> {
    fn at(&self, i: usize) -> T;
    fn put(&mut self, i: usize, value: T);
    /// Exchanges two elements.
    fn exchange(&mut self, i: usize, j: usize);
}

impl<T: Copy + Default> Total<T> for [T] {
    #[inline]
    fn at(&self, i: usize) -> T {
        debug_assert!(i < self.len(), "{i} in {}", self.len());
        self.get(i).copied().unwrap_or_default()
    }
    #[inline]
    fn put(&mut self, i: usize, value: T) {
        match self.get_mut(i) {
            Some(entry) => *entry = value,
            None => debug_assert!(false, "{i} in {}", self.len()),
        }
    }
    fn exchange(&mut self, i: usize, j: usize) {
        let (a, b) = (self.at(i), self.at(j));
        self.put(i, b);
        self.put(j, a);
    }
}
