//! Upper triangular matrices, and the Cholesky factorization `G = R^T R`.

use crate::kernel::{axpy, dot};
use crate::real::Real;
use crate::view::{Columns, Total};

/// `G^-1` for a symmetric positive semidefinite G, by `G = R^T R` and `G^-1 = R^-1 R^-T`.
///
/// A column of which no more than rounding is left beside the earlier ones (squared pivot at most `n eps` of the diagonal
/// entry) is left out: its row and column of the inverse are zero. That gives the minimizer of a least-squares problem
/// in the remaining columns. G is overwritten.
pub(crate) fn invert_gram<T: Real>(g: &mut Columns<'_, T>, inverse: &mut Columns<'_, T>) {
    let n = g.cols();
    let guard = T::from_usize(n) * T::EPSILON;
    for j in 0..n {
        for i in 0..j {
            let diagonal = g.at(i, i);
            let mut entry = T::ZERO;
            if diagonal != T::ZERO {
                let (ri, rj) = g.pair_mut(i, j);
                let earlier = dot(ri.get(..i).unwrap_or_default(), rj.get(..i).unwrap_or_default());
                entry = (rj.at(i) - earlier) / diagonal;
            }
            g.put(i, j, entry);
        }
        let above = g.col(j).get(..j).unwrap_or_default();
        let size = g.at(j, j);
        let pivot = size - dot(above, above);
        // A zero on the diagonal marks a column that is left out.
        g.put(j, j, if pivot > guard * size { pivot.sqrt() } else { T::ZERO });
    }
    invert_upper(g, inverse);
    // R^-1 R^-T, row by row from the top: row i needs rows i and below, which still hold R^-1.
    for i in 0..n {
        for j in i..n {
            let sum = (j..n).fold(T::ZERO, |sum, l| sum + inverse.at(i, l) * inverse.at(j, l));
            g.put(i, j, sum);
            g.put(j, i, sum);
        }
    }
    inverse.as_mut().copy_from(g.as_ref());
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Uniform;
    use std::{vec, vec::Vec};

    #[test]
    fn the_inverse_of_a_gram_matrix_leaves_dependent_columns_out() {
        // Column 2 of B is the sum of columns 0 and 1, column 4 is zero.
        let mut uniform = Uniform::new(3);
        let mut b: Vec<Vec<f64>> = (0..5).map(|_| (0..9).map(|_| uniform.symmetric()).collect()).collect();
        b[2] = b[0].iter().zip(&b[1]).map(|(x, y)| x + y).collect();
        b[4].fill(0.0);
        let gram: Vec<f64> = (0..25).map(|p| b[p / 5].iter().zip(&b[p % 5]).map(|(x, y)| x * y).sum()).collect();
        let (mut work, mut inverse) = (gram.clone(), vec![f64::NAN; 25]);
        invert_gram(&mut Columns::new(&mut work, 5, 5), &mut Columns::new(&mut inverse, 5, 5));
        let kept = [0, 1, 3];
        for i in 0..5 {
            for j in 0..5 {
                if kept.contains(&i) && kept.contains(&j) {
                    let product: f64 = kept.iter().map(|&l| gram[5 * i + l] * inverse[5 * l + j]).sum();
                    assert!((product - f64::from(u8::from(i == j))).abs() < 1e-12);
                } else {
                    assert_eq!(inverse[5 * i + j], 0.0);
                }
            }
        }
    }
}
