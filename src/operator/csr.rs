//! Compressed sparse rows.
//!
//! The entries of row `i` are `values[p]` in column `columns[p]` for `starts[i] <= p < starts[i + 1]`. The transpose is
//! the same arrays read as compressed sparse columns, [`Transposed`](super::Transposed).

use super::{Entries, LinearOperator, Scan, check_residual, scan};
use crate::columns::Total;
use crate::error::{Error, Operand};
use crate::kernel::{Execution, Parallelism, Side, Sparse, SparseProduct, axpy, pairwise, sum_of_squares};
use crate::real::Real;
use crate::scratch::split;
use crate::view::{MatMut, MatRef};

/// A residual is computed if the matrix has at most this many entries for each stored one.
const RESIDUAL_LIMIT: usize = 256;

/// A sparse matrix in CSR form. The columns ascend in each row, so that each entry stands once.
#[derive(Clone, Copy, Debug)]
pub struct Csr<'a, T> {
    entries: Sparse<'a, T>,
    transpose: Option<Sparse<'a, T>>,
    execution: Execution,
}

impl<'a, T: Real> Csr<'a, T> {
    /// A matrix of `starts.len() - 1` rows.
    ///
    /// # Errors
    /// `Csr` with the first row at fault if `starts` is empty, does not begin with 0, descends, or does not end with the
    /// number of entries, if `columns` and `values` differ in length, if a column is not below `cols`, or if the columns
    /// of a row do not ascend.
    pub fn new(cols: usize, starts: &'a [usize], columns: &'a [u32], values: &'a [T]) -> Result<Self, Error> {
        let entries = Sparse::new(cols, starts, columns, values)?;
        Ok(Csr { entries, transpose: None, execution: Execution::new() })
    }

    /// Keeps the transpose beside the matrix, in `cols + 1` starts and as many columns and values as the matrix has.
    /// Products with the transpose then take its rows, and add to no row again and again: they are faster with more than a
    /// few vectors, and on several threads; their bits are the same. Takes as long as a few such products.
    ///
    /// # Errors
    /// `SliceTooShort`; `TooLarge` if an index of a row exceeds `u32`.
    pub fn with_transpose(
        mut self,
        starts: &'a mut [usize],
        columns: &'a mut [u32],
        values: &'a mut [T],
    ) -> Result<Self, Error> {
        let (max, given) = (u32::MAX as usize, self.rows());
        if given > max {
            return Err(Error::TooLarge { max, given });
        }
        let entries = self.entries();
        let lengths =
            [(self.cols().saturating_add(1), starts.len()), (entries, columns.len()), (entries, values.len())];
        if let Some(&(needed, given)) = lengths.iter().find(|(needed, given)| given < needed) {
            return Err(Error::SliceTooShort { needed, given });
        }
        self.transpose = self.entries.transpose(starts, columns, values);
        Ok(self)
    }

    /// Elements of scratch for products of a matrix with `cols` columns: what `scratch_len(k)` returns, whatever `k`.
    pub const fn scratch_len_for(cols: usize) -> usize {
        cols
    }

    /// Multiplied with these kernels on these threads; the backend does not matter.
    pub fn execution(mut self, execution: Execution) -> Self {
        self.execution = execution;
        self
    }

    /// Columns and values of row `i`.
    #[inline]
    fn row(&self, i: usize) -> impl Iterator<Item = (usize, T)> + use<'a, T> {
        let (columns, values) = self.entries.row(i);
        columns.iter().zip(values).map(|(j, x)| (*j as usize, *x))
    }

    /// `C = A B`
    fn multiply(&self, a: Sparse<'_, T>, b: MatRef<'_, T>, c: MatMut<'_, T>) {
        match self.execution.parallelism {
            Parallelism::One => self.execution.isa().run(SparseProduct { a, side: Side::Rows(0), b, c }),
            #[cfg(feature = "rayon")]
            Parallelism::Rayon => self.multiply_in_rows(a, b, c),
        }
    }

    /// `C = A^T B` or `C = A^T A B`
    fn multiply_down(&self, a: Sparse<'_, T>, side: Side, b: MatRef<'_, T>, c: MatMut<'_, T>) {
        match self.execution.parallelism {
            Parallelism::One => self.execution.isa().run(SparseProduct { a, side, b, c }),
            #[cfg(feature = "rayon")]
            Parallelism::Rayon => self.multiply_in_columns(a, side, b, c),
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

impl<T: Real> LinearOperator<T> for Csr<'_, T> {
    fn rows(&self) -> usize {
        self.entries.rows()
    }
    fn cols(&self) -> usize {
        self.entries.cols()
    }
    fn entries(&self) -> usize {
        self.entries.values().len()
    }

    fn check(&self) -> Result<Scan<T>, Error> {
        let values = self.entries.values();
        let scan = scan(MatRef::packed(values, 1, values.len())).map_err(|error| match error {
            Error::NonFinite { operand, col, .. } => {
                let (row, col) = self.entries.place_of(col);
                Error::NonFinite { operand, row, col }
            }
            other => other,
        })?;
        Ok(Scan { negative: scan.negative.map(|(_, p)| self.entries.place_of(p)), ..scan })
    }

    fn scratch_len(&self, _k: usize) -> usize {
        Self::scratch_len_for(self.cols())
    }

    fn apply(&self, b: MatRef<'_, T>, c: MatMut<'_, T>, _scratch: &mut [T]) -> Result<(), Error> {
        self.check_product(b, &c, self.cols(), self.rows())?;
        self.multiply(self.entries, b, c);
        Ok(())
    }

    fn apply_transpose(&self, b: MatRef<'_, T>, c: MatMut<'_, T>, _scratch: &mut [T]) -> Result<(), Error> {
        self.check_product(b, &c, self.rows(), self.cols())?;
        match self.transpose {
            Some(transpose) => self.multiply(transpose, b, c),
            None => self.multiply_down(self.entries, Side::Transposed, b, c),
        }
        Ok(())
    }

    fn apply_both(&self, b: MatRef<'_, T>, c: MatMut<'_, T>, _scratch: &mut [T]) -> Result<bool, Error> {
        self.check_product(b, &c, self.cols(), self.cols())?;
        self.multiply_down(self.entries, Side::Both, b, c);
        Ok(true)
    }

    fn apply_both_transpose(&self, b: MatRef<'_, T>, c: MatMut<'_, T>, _scratch: &mut [T]) -> Result<bool, Error> {
        self.check_product(b, &c, self.rows(), self.rows())?;
        let Some(transpose) = self.transpose else { return Ok(false) };
        self.multiply_down(transpose, Side::Both, b, c);
        Ok(true)
    }

    fn residual(
        &self,
        w: MatRef<'_, T>,
        h: MatRef<'_, T>,
        exponent: i32,
        scratch: &mut [T],
    ) -> Result<Option<T>, Error> {
        check_residual(self.rows(), self.cols(), w, h)?;
        let [line] = split(scratch, [self.cols()])?;
        let stored = self.entries().saturating_add(self.rows()).saturating_add(self.cols());
        if self.rows().saturating_mul(self.cols()) > stored.saturating_mul(RESIDUAL_LIMIT) {
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

impl<T: Real> Entries<T> for Csr<'_, T> {
    fn copy_rows(&self, first: usize, mut panel: MatMut<'_, T>) {
        panel.fill(T::ZERO);
        for i in 0..panel.rows() {
            for (j, x) in self.row(first + i) {
                panel.put(i, j, x);
            }
        }
    }
    fn sparse_row(&self, i: usize) -> Option<(&[u32], &[T])> {
        (i < self.rows()).then(|| self.entries.row(i))
    }
}

/// Each task has entries of C to itself, and adds to each in the order of one thread.
#[cfg(feature = "rayon")]
impl<T: Real> Csr<'_, T> {
    fn multiply_in_rows(&self, a: Sparse<'_, T>, b: MatRef<'_, T>, c: MatMut<'_, T>) {
        const ROWS: usize = 128;
        let isa = self.execution.isa();
        rayon::scope(|scope| {
            let mut rest = c;
            for first in (0..a.rows()).step_by(ROWS) {
                let (c, below) = rest.split_rows(ROWS);
                rest = below;
                scope.spawn(move |_| isa.run(SparseProduct { a, side: Side::Rows(first), b, c }));
            }
        });
    }

    fn multiply_in_columns(&self, a: Sparse<'_, T>, side: Side, b: MatRef<'_, T>, c: MatMut<'_, T>) {
        /// Narrower strips would not fill the cache lines that they touch.
        const COLS: usize = 8;
        let isa = self.execution.isa();
        rayon::scope(|scope| {
            let mut rest = c;
            for first in (0..b.cols()).step_by(COLS) {
                let (c, right) = rest.split_cols(COLS);
                rest = right;
                let b = b.submatrix(0, first, b.rows(), COLS);
                scope.spawn(move |_| isa.run(SparseProduct { a, side, b, c }));
            }
        });
    }
}
