//! Upper triangular matrices in columns.

use crate::columns::Columns;
use crate::error::Error;
use crate::kernel::{Execution, axpy, gemm, gemm_scratch_len};
use crate::real::Real;
use crate::scratch::{min, split, sum, times};
use crate::view::MatRef;

/// Columns at a time of [`invert_upper_blocked`].
const BLOCK: usize = 32;

/// The inverse of the upper triangle of R, by back-substitution; where the diagonal is zero, so are row and column of
/// the inverse.
pub(crate) fn invert_upper<T: Real>(r: &Columns<'_, T>, inverse: &mut Columns<'_, T>) {
    for j in 0..r.cols() {
        inverse.col_mut(j).fill(T::ZERO);
        inverse.put(j, j, T::ONE);
        for l in (0..=j).rev() {
            let diagonal = r.at(l, l);
            let x = if diagonal == T::ZERO { T::ZERO } else { inverse.at(l, j) / diagonal };
            inverse.put(l, j, x);
            axpy(-x, r.col(l).get(..l).unwrap_or_default(), inverse.col_mut(j));
        }
        if r.at(j, j) == T::ZERO {
            inverse.col_mut(j).fill(T::ZERO);
        }
    }
}

/// Elements of scratch for [`invert_upper_blocked`].
pub(crate) const fn invert_upper_blocked_scratch_len(n: usize) -> usize {
    sum(layout(n))
}

/// A block of columns, and what products need.
const fn layout(n: usize) -> [usize; 2] {
    [times(n, min(n, BLOCK)), gemm_scratch_len(n, min(n, BLOCK), n)]
}

/// As [`invert_upper`] with matrix products, for a diagonal without zeros; what R holds below it is not read.
pub(crate) fn invert_upper_blocked<T: Real>(
    r: MatRef<'_, T>,
    inverse: &mut Columns<'_, T>,
    execution: Execution,
    scratch: &mut [T],
) -> Result<(), Error> {
    let (n, isa) = (inverse.cols(), execution.isa());
    let [buffer, products] = split(scratch, layout(n))?;
    for start in (0..n).step_by(BLOCK) {
        let end = n.min(start + BLOCK);
        for j in start..end {
            inverse.col_mut(j).fill(T::ZERO);
            inverse.put(j, j, T::ONE);
            for l in (start..=j).rev() {
                let x = inverse.at(l, j) / r.at(l, l);
                inverse.put(l, j, x);
                let above = r.column(l).get(start..l).unwrap_or_default();
                isa.axpy(-x, above, inverse.col_mut(j).get_mut(start..l).unwrap_or_default());
            }
        }
        if start > 0 {
            let width = end - start;
            let (done, mut block) = inverse.split(start);
            let mut right = Columns::new(buffer.get_mut(..start * width).unwrap_or_default(), start, width);
            let corner = block.as_ref().submatrix(start, 0, width, width);
            let above = r.submatrix(0, start, start, width);
            gemm(T::ONE, above, corner, T::ZERO, right.as_mut(), execution, products)?;
            let done = done.submatrix(0, 0, start, start);
            let above = block.as_mut().submatrix(0, 0, start, width);
            gemm(-T::ONE, done, right.as_ref(), T::ZERO, above, execution, products)?;
        }
    }
    Ok(())
}

/// `R <- G R` for upper triangles.
pub(crate) fn multiply_upper<T: Real>(g: &Columns<'_, T>, r: &mut Columns<'_, T>) {
    for j in 0..r.cols() {
        for l in 0..=j {
            let x = r.at(l, j);
            r.put(l, j, x * g.at(l, l));
            axpy(x, g.col(l).get(..l).unwrap_or_default(), r.col_mut(j));
        }
    }
}
