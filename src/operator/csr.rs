//! Compressed sparse rows.
//!
//! The entries of row `i` are `values[p]` in column `columns[p]` for `starts[i] <= p < starts[i + 1]`. The transpose is
//! the same arrays read as compressed sparse columns, [`Transposed`](super::Transposed).

use super::{LinearOperator, Scan, check_residual, scan};
use crate::columns::Total;
use crate::error::{Error, Operand};
use crate::kernel::{Execution, Parallelism, axpy, pairwise, sum_of_squares};
use crate::real::Real;
use crate::scratch::split;
use crate::view::{MatMut, MatRef};

/// A residual is computed if the matrix has at most this many entries for each stored one.
const RESIDUAL_LIMIT: usize = 256;

/// A sparse matrix in CSR form. The columns ascend in each row, so that each entry stands once.
#[derive(Clone, Copy, Debug)]
pub struct Csr<'a, T> {
    cols: usize,
    starts: &'a [usize],
    columns: &'a [u32],
    values: &'a [T],
    parallelism: Parallelism,
}

impl<'a, T: Real> Csr<'a, T> {
    /// A matrix of `starts.len() - 1` rows.
    ///
    /// # Errors
    /// `Csr` with the first row at fault if `starts` is empty, does not begin with 0, descends, or does not end with the
    /// number of entries, if `columns` and `values` differ in length, if a column is not below `cols`, or if the columns
    /// of a row do not ascend.
    pub fn new(cols: usize, starts: &'a [usize], columns: &'a [u32], values: &'a [T]) -> Result<Self, Error> {
        let entries = columns.len().min(values.len());
        let last = starts.len().saturating_sub(2);
        if starts.first() != Some(&0) {
            return Err(Error::Csr { row: 0 });
        }
        let beyond = |pair: &[usize]| matches!(pair, [start, end] if start > end || *end > entries);
        if let Some(row) = starts.windows(2).position(beyond) {
            return Err(Error::Csr { row });
        }
        if starts.last() != Some(&columns.len()) || columns.len() != values.len() {
            return Err(Error::Csr { row: last });
        }
        let wrong = starts.windows(2).position(|pair| {
            let row = pair.first().zip(pair.last()).and_then(|(a, b)| columns.get(*a..*b)).unwrap_or_default();
            !row.is_sorted_by(|i, j| i < j) || row.last().is_some_and(|j| *j as usize >= cols)
        });
        if let Some(row) = wrong {
            return Err(Error::Csr { row });
        }
        Ok(Csr { cols, starts, columns, values, parallelism: Parallelism::One })
    }

    /// Elements of scratch for products of a matrix with `cols` columns: what `scratch_len(k)` returns, whatever `k`.
    pub const fn scratch_len_for(cols: usize) -> usize {
        cols
    }

    /// Multiplied on these threads.
    pub fn execution(mut self, execution: Execution) -> Self {
        self.parallelism = execution.parallelism;
        self
    }

    /// Columns and values of row `i`.
    #[inline]
    fn row(&self, i: usize) -> impl Iterator<Item = (usize, T)> + use<'a, T> {
        let range = self.starts.at(i)..self.starts.at(i + 1);
        let columns = self.columns.get(range.clone()).unwrap_or_default();
        let values = self.values.get(range).unwrap_or_default();
        columns.iter().zip(values).map(|(j, x)| (*j as usize, *x))
    }

    /// `C = A B` for the rows of A from `first` on, as many as C has.
    fn multiply(&self, first: usize, b: MatRef<'_, T>, mut c: MatMut<'_, T>) {
        c.fill(T::ZERO);
        for i in 0..c.rows() {
            for (j, x) in self.row(first + i) {
                add_row(x, b, j, &mut c, i);
            }
        }
    }

    /// `C = A^T B`
    fn multiply_transpose(&self, b: MatRef<'_, T>, mut c: MatMut<'_, T>) {
        c.fill(T::ZERO);
        for i in 0..b.rows() {
            for (j, x) in self.row(i) {
                add_row(x, b, i, &mut c, j);
            }
        }
    }

    fn check_product(&self, b: MatRef<'_, T>, c: &MatMut<'_, T>, b_rows: usize, c_rows: usize) -> Result<(), Error> {
        let k = b.cols();
        if b.rows() != b_rows {
            return Err(Error::Shape { operand: Operand::B, expected: (b_rows, k), given: b.shape() });
        }
        if c.shape() != (c_rows, k) {
            return Err(Error::Shape { operand: Operand::C, expected: (c_rows, k), given: c.shape() });
        }
        Ok(())
    }
}

/// Row `i` of C += `x` times row `j` of B.
#[inline]
fn add_row<T: Real>(x: T, b: MatRef<'_, T>, j: usize, c: &mut MatMut<'_, T>, i: usize) {
    match (b.row_slice(j), c.row_slice_mut(i)) {
        (Some(b), Some(c)) => axpy(x, b, c),
        _ => (0..b.cols()).for_each(|p| {
            let sum = c.at(i, p) + x * b.at(j, p);
            c.put(i, p, sum);
        }),
    }
}

/// The row that entry `p` stands in.
fn row_of(starts: &[usize], p: usize) -> usize {
    starts.partition_point(|start| *start <= p).saturating_sub(1)
}

impl<T: Real> LinearOperator<T> for Csr<'_, T> {
    fn rows(&self) -> usize {
        self.starts.len() - 1
    }
    fn cols(&self) -> usize {
        self.cols
    }

    fn check(&self) -> Result<Scan<T>, Error> {
        let place = |p: usize| (row_of(self.starts, p), self.columns.at(p) as usize);
        let entries = MatRef::packed(self.values, 1, self.values.len());
        let scan = scan(entries).map_err(|error| match error {
            Error::NonFinite { operand, col, .. } => {
                let (row, col) = place(col);
                Error::NonFinite { operand, row, col }
            }
            other => other,
        })?;
        Ok(Scan { negative: scan.negative.map(|(_, p)| place(p)), ..scan })
    }

    fn scratch_len(&self, _k: usize) -> usize {
        Self::scratch_len_for(self.cols)
    }

    fn apply(&self, b: MatRef<'_, T>, c: MatMut<'_, T>, _scratch: &mut [T]) -> Result<(), Error> {
        self.check_product(b, &c, self.cols, self.rows())?;
        match self.parallelism {
            Parallelism::One => self.multiply(0, b, c),
            #[cfg(feature = "rayon")]
            Parallelism::Rayon => self.multiply_parallel(b, c),
        }
        Ok(())
    }

    fn apply_transpose(&self, b: MatRef<'_, T>, c: MatMut<'_, T>, _scratch: &mut [T]) -> Result<(), Error> {
        self.check_product(b, &c, self.rows(), self.cols)?;
        match self.parallelism {
            Parallelism::One => self.multiply_transpose(b, c),
            #[cfg(feature = "rayon")]
            Parallelism::Rayon => self.multiply_transpose_parallel(b, c),
        }
        Ok(())
    }

    fn residual(
        &self,
        w: MatRef<'_, T>,
        h: MatRef<'_, T>,
        exponent: i32,
        scratch: &mut [T],
    ) -> Result<Option<T>, Error> {
        check_residual(self.rows(), self.cols, w, h)?;
        let [line] = split(scratch, [self.cols])?;
        let stored = self.values.len().saturating_add(self.rows()).saturating_add(self.cols);
        if self.rows().saturating_mul(self.cols) > stored.saturating_mul(RESIDUAL_LIMIT) {
            return Ok(None);
        }
        let rows = (0..self.rows()).map(|i| {
            line.fill(T::ZERO);
            for (j, x) in self.row(i) {
                line.put(j, x.scale(-exponent));
            }
            for p in 0..w.cols() {
                match h.row_slice(p) {
                    Some(h) => axpy(-w.at(i, p), h, line),
                    None => line.iter_mut().enumerate().for_each(|(j, x)| *x -= w.at(i, p) * h.at(p, j)),
                }
            }
            sum_of_squares(line)
        });
        Ok(Some(pairwise(rows)))
    }
}

/// Each task has entries of C to itself, and adds to each in the order of one thread.
#[cfg(feature = "rayon")]
impl<T: Real> Csr<'_, T> {
    fn multiply_parallel(&self, b: MatRef<'_, T>, c: MatMut<'_, T>) {
        const ROWS: usize = 128;
        rayon::scope(|scope| {
            let mut rest = c;
            for first in (0..self.rows()).step_by(ROWS) {
                let (strip, below) = rest.split_rows(ROWS);
                rest = below;
                scope.spawn(move |_| self.multiply(first, b, strip));
            }
        });
    }

    fn multiply_transpose_parallel(&self, b: MatRef<'_, T>, c: MatMut<'_, T>) {
        /// Narrower strips would not fill the cache lines that they touch.
        const COLS: usize = 8;
        rayon::scope(|scope| {
            let mut rest = c;
            for first in (0..b.cols()).step_by(COLS) {
                let (strip, right) = rest.split_cols(COLS);
                rest = right;
                let b = b.submatrix(0, first, b.rows(), COLS);
                scope.spawn(move |_| self.multiply_transpose(b, strip));
            }
        });
    }
}
