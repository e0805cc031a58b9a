//! A dense matrix as an operator.

use super::{Entries, LinearOperator, Scan, Transposed, check_residual, scan};
use crate::error::Error;
use crate::kernel::{Execution, Parallelism, gemm, gemm_scratch_len, gram, pairwise, sum_of_squares};
use crate::real::Real;
use crate::scratch::{max, split, sum, times};
use crate::view::{MatMut, MatRef};

/// Rows of the residual that are held at a time.
const PANEL: usize = 16;

/// A dense matrix, with the way its products are computed.
#[derive(Clone, Copy, Debug)]
pub struct Dense<'a, T> {
    a: MatRef<'a, T>,
    execution: Execution,
}

impl<'a, T: Real> Dense<'a, T> {
    /// The matrix A, multiplied by this crate's own kernels.
    pub fn new(a: MatRef<'a, T>) -> Self {
        Dense { a, execution: Execution::new() }
    }

    /// Multiplied this way.
    pub fn execution(mut self, execution: Execution) -> Self {
        self.execution = execution;
        self
    }

    /// Elements of scratch for products of an `m x n` matrix with `k` vectors: what `scratch_len(k)` returns.
    pub const fn scratch_len_for(m: usize, n: usize, k: usize) -> usize {
        let forward = gemm_scratch_len(m, k, n);
        let backward = gemm_scratch_len(n, k, m);
        max(sum(residual_layout(n, k)), max(forward, backward))
    }
}

/// A panel of the residual, and what its product needs.
const fn residual_layout(n: usize, k: usize) -> [usize; 2] {
    [times(PANEL, n), gemm_scratch_len(PANEL, n, k)]
}

impl<T: Real> LinearOperator<T> for Dense<'_, T> {
    fn rows(&self) -> usize {
        self.a.rows()
    }
    fn cols(&self) -> usize {
        self.a.cols()
    }
    fn check(&self) -> Result<Scan<T>, Error> {
        scan(self.a)
    }
    fn scratch_len(&self, k: usize) -> usize {
        Self::scratch_len_for(self.a.rows(), self.a.cols(), k)
    }
    fn apply(&self, b: MatRef<'_, T>, c: MatMut<'_, T>, scratch: &mut [T]) -> Result<(), Error> {
        gemm(T::ONE, self.a, b, T::ZERO, c, self.execution, scratch)
    }
    fn apply_transpose(&self, b: MatRef<'_, T>, c: MatMut<'_, T>, scratch: &mut [T]) -> Result<(), Error> {
        gemm(T::ONE, self.a.t(), b, T::ZERO, c, self.execution, scratch)
    }
    fn gram(&self, c: MatMut<'_, T>, scratch: &mut [T]) -> Result<bool, Error> {
        gram(self.a, c, self.execution, scratch)?;
        Ok(true)
    }
    fn gram_transpose(&self, c: MatMut<'_, T>, scratch: &mut [T]) -> Result<bool, Error> {
        gram(self.a.t(), c, self.execution, scratch)?;
        Ok(true)
    }
    fn residual(
        &self,
        w: MatRef<'_, T>,
        h: MatRef<'_, T>,
        exponent: i32,
        scratch: &mut [T],
    ) -> Result<Option<T>, Error> {
        let (m, n) = self.a.shape();
        check_residual(m, n, w, h)?;
        let [panel, scratch] = split(scratch, residual_layout(n, w.cols()))?;
        let mut failed = Ok(());
        let panels = (0..self.a.filled_rows()).step_by(PANEL).map(|start| {
            let rows = self.a.submatrix(start, 0, PANEL, n);
            let panel = panel.get_mut(..rows.rows() * n).unwrap_or_default();
            let mut difference = MatMut::packed(panel, rows.rows(), n);
            difference.copy_from(rows);
            if exponent != 0 {
                panel.iter_mut().for_each(|x| *x = x.scale(-exponent));
            }
            let difference = MatMut::packed(panel, rows.rows(), n);
            let w = w.submatrix(start, 0, PANEL, w.cols());
            // A panel is small.
            let single = self.execution.parallelism(Parallelism::One);
            let product = gemm(-T::ONE, w, h, T::ONE, difference, single, scratch);
            failed = failed.and(product);
            sum_of_squares(panel)
        });
        let total = pairwise(panels);
        failed.map(|()| Some(total))
    }
}

impl<T: Real> Entries<T> for Dense<'_, T> {
    fn copy_rows(&self, first: usize, mut panel: MatMut<'_, T>) {
        let (rows, cols) = panel.shape();
        panel.copy_from(self.a.submatrix(first, 0, rows, cols));
    }
    fn dense_row(&self, i: usize) -> Option<&[T]> {
        self.a.row_slice(i)
    }
}

impl<T: Real> Entries<T> for Transposed<'_, Dense<'_, T>> {
    fn copy_rows(&self, first: usize, mut panel: MatMut<'_, T>) {
        let (rows, cols) = panel.shape();
        panel.copy_from(self.0.a.t().submatrix(first, 0, rows, cols));
    }
    fn dense_row(&self, i: usize) -> Option<&[T]> {
        self.0.a.t().row_slice(i)
    }
}
