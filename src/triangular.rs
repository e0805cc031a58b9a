//! Upper triangular matrices in columns.

use crate::columns::Columns;
use crate::kernel::axpy;
use crate::real::Real;

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
