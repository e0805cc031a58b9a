//! The Cholesky factorization of small symmetric matrices.

use crate::columns::Columns;
use crate::kernel::Isa;
use crate::real::Real;

/// Factorizes `G + shift diag(G) = R^T R`: overwrites the upper triangle of G, which is symmetric and positive
/// semidefinite, with R. `k^3 / 3` operations.
///
/// Rounding disturbs the factorization as if G were changed by up to about `k eps sqrt(g_ii g_jj)` (Higham, Accuracy and
/// Stability of Numerical Algorithms, 2002, section 10.1), so a shift of a few `k eps` keeps every pivot positive. A pivot
/// that is none the less below half of its shift, as for a row of zeros, makes the row of R zero.
pub(crate) fn cholesky<T: Real>(isa: Isa, g: &mut Columns<'_, T>, shift: T) {
    for j in 0..g.cols() {
        let size = g.at(j, j);
        for i in 0..j {
            let (before, column) = g.pair_mut(i, j);
            let pivot = before.get(i).copied().unwrap_or_default();
            let earlier = isa.dot(before.get(..i).unwrap_or_default(), column.get(..i).unwrap_or_default());
            if let Some(x) = column.get_mut(i) {
                *x = if pivot > T::ZERO { (*x - earlier) / pivot } else { T::ZERO };
            }
        }
        let above = g.col(j).get(..j).unwrap_or_default();
        let pivot = size + shift * size - isa.dot(above, above);
        let least = (shift * size * T::from_f64(0.5)).max(T::MIN_POSITIVE);
        g.put(j, j, if pivot >= least { pivot.sqrt() } else { T::ZERO });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Uniform;
    use std::{vec, vec::Vec};

    /// R^T R is G with its shift, for independent rows and for dependent ones.
    fn check<T: Real>(rank: usize, k: usize, shift: f64) {
        let mut uniform = Uniform::new((rank * 100 + k) as u64);
        let rows: Vec<T> = (0..rank * k).map(|_| uniform.symmetric()).collect();
        let entry = |i: usize, j: usize| -> f64 {
            (0..rank).map(|l| rows[l * k + i].to_f64() * rows[l * k + j].to_f64()).sum()
        };
        for isa in Isa::all() {
            let mut g = vec![T::ZERO; k * k];
            let mut g = Columns::new(&mut g, k, k);
            (0..k * k).for_each(|p| g.put(p % k, p / k, T::from_f64(entry(p % k, p / k))));
            cholesky(isa, &mut g, T::from_f64(shift));
            for j in 0..k {
                assert!(g.at(j, j) > T::ZERO, "{rank} of {k}: pivot {j} is {}", g.at(j, j));
                for i in 0..=j {
                    let product: f64 = (0..=i).map(|l| g.at(l, i).to_f64() * g.at(l, j).to_f64()).sum();
                    let expected = entry(i, j) * if i == j { 1.0 + shift } else { 1.0 };
                    let size = (entry(i, i) * entry(j, j)).sqrt();
                    let off = (product - expected).abs() / size;
                    assert!(off < 2.0 * (k + 4) as f64 * T::EPSILON.to_f64(), "{rank} of {k}: {off:e}");
                }
            }
        }
    }

    #[test]
    fn the_factor_is_that_of_the_shifted_matrix() {
        for (rank, k) in [(1, 1), (5, 3), (40, 40), (3, 8), (20, 50)] {
            check::<f64>(rank, k, 8.0 * k as f64 * f64::EPSILON);
            check::<f32>(rank, k, 8.0 * k as f64 * f64::from(f32::EPSILON));
        }
    }

    #[test]
    fn a_row_of_zeros_has_no_pivot() {
        let mut g = [4.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 10.0];
        let mut g = Columns::new(&mut g, 3, 3);
        cholesky(Isa::PORTABLE, &mut g, 0.0);
        assert_eq!([g.at(0, 0), g.at(1, 1), g.at(0, 2), g.at(1, 2), g.at(2, 2)], [2.0, 0.0, 1.0, 0.0, 3.0]);
    }
}
