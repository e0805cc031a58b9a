//! The singular values of a bidiagonal matrix by bisection: slow, but nothing can keep it from its end.
//!
//! The symmetric matrix with a zero diagonal and `d_0, e_0, d_1, e_1, ..., d_{n-1}` beside it has the eigenvalues `+s_j` and
//! `-s_j` (Golub & Kahan 1965). The signs of its pivots after a shift by `x > 0` count the eigenvalues below `x`: n negative
//! ones, and the singular values below `x`. The count is exact for a matrix whose entries differ relatively by a few units
//! in the last place, hence the values found have high relative accuracy (Demmel & Kahan, SIAM J. Sci. Stat. Comput. 11,
//! 1990, section 4), but for underflow: beside entries that are far larger, small values may lose their digits.

use crate::real::Real;

/// Enough to halve the exponent's range down to one, and then the significand, from any interval.
const MAX_STEPS: usize = 400;

/// The singular values of the bidiagonal matrix with diagonal `d` and superdiagonal `e`, descending, none above `bound`.
pub(super) fn values<T: Real>(
    d: impl Iterator<Item = T> + Clone,
    e: impl Iterator<Item = T> + Clone,
    bound: T,
    s: &mut [T],
) {
    let n = s.len();
    let mut highest = bound;
    for (j, s) in s.iter_mut().enumerate() {
        // Value j is below x if at least n - j are.
        let (mut low, mut high) = (T::ZERO, highest);
        for _ in 0..MAX_STEPS {
            let x = between(low, high);
            if !(x > low && x < high) || high < T::MIN_POSITIVE {
                break;
            }
            if count_below(d.clone(), e.clone(), x) >= n - j {
                high = x;
            } else {
                low = x;
            }
        }
        *s = low;
        highest = high;
    }
}

/// How many singular values are below `x > 0`.
fn count_below<T: Real>(d: impl Iterator<Item = T>, e: impl Iterator<Item = T>, x: T) -> usize {
    let (mut rows, mut negative) = (0, 0_usize);
    let mut pivot = -x;
    // The last `e` is followed by no row.
    for (d, e) in d.zip(e.chain([T::ZERO])) {
        rows += 1;
        for beside in [d, e] {
            // A pivot of zero is one that rounding made; which sign it has does not matter.
            let divisor = if pivot == T::ZERO { -T::MIN_POSITIVE } else { pivot };
            negative += usize::from(divisor < T::ZERO);
            pivot = -x - beside * (beside / divisor);
        }
    }
    negative.saturating_sub(rows)
}

/// A number between two that do not differ in sign: by order of magnitude if they differ in that.
pub(super) fn between<T: Real>(low: T, high: T) -> T {
    let (near, far) = if low.abs() < high.abs() { (low, high) } else { (high, low) };
    if near == T::ZERO {
        return far * T::pow2(-10);
    }
    if far / near > T::from_f64(8.0) {
        let size = near.abs().sqrt() * far.abs().sqrt();
        return if far < T::ZERO { -size } else { size };
    }
    low + (high - low) * T::from_f64(0.5)
}
