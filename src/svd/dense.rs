//! The dense singular value decomposition by the method that suits the shape.

use super::small::{SMALL, small, small_scratch_len};
use super::two::two_by_two;
use super::{Info, Options, check_outputs, golub_kahan, golub_kahan_scratch_len, golub_kahan_values_scratch_len};
use crate::error::Error;
use crate::real::Real;
use crate::scratch::{enough, max, min};
use crate::view::{MatMut, MatRef};

/// The largest short side that is always rotated, also where vectors are no more than arrays.
const SMALLER: usize = 8;

/// Elements of scratch for [`svd`] of an `m x n` matrix, whatever the outputs.
#[inline]
pub const fn svd_scratch_len(m: usize, n: usize) -> usize {
    match min(m, n) {
        0..=SMALLER => small_scratch_len(m, n),
        k if k <= SMALL => max(small_scratch_len(m, n), golub_kahan_scratch_len(m, n)),
        _ => golub_kahan_scratch_len(m, n),
    }
}

/// Elements of scratch for [`svd`] of an `m x n` matrix without vectors.
#[inline]
pub const fn svd_values_scratch_len(m: usize, n: usize) -> usize {
    match min(m, n) {
        0..=SMALLER => small_scratch_len(m, n),
        k if k <= SMALL => max(small_scratch_len(m, n), golub_kahan_values_scratch_len(m, n)),
        _ => golub_kahan_values_scratch_len(m, n),
    }
}

/// The singular value decomposition `A = U diag(s) V^T` of any dense matrix.
///
/// A is `m x n`; with `k = min(m, n)`, `s` has `k` elements, `u` is `m x k` and `v` `n x k`, or `m x m` and `n x n` with
/// [`Vectors::Full`](super::Vectors::Full). What is given is overwritten; the values are the same bits whichever vectors
/// are asked for. The values descend; the first large entry of each column of V is positive (of U, if U alone is asked
/// for; see [`column_sign`](super::column_sign)). Every finite matrix is accepted. Backward stable: each value is accurate
/// to about `eps s_1`, and one that is not larger may be exactly zero ([`Info::nonzero`]).
///
/// The method is a closed form for 2 x 2; one-sided Jacobi with a column in each lane of a vector for `k <= 16`, or `k <= 8`
/// with the portable kernels, after a QR factorization if the larger dimension exceeds 16; and [`golub_kahan`] beyond. It
/// depends on the shape and the kernels alone, and so does the cost, but for what Jacobi saves on matrices that are nearly
/// orthogonal. A small matrix whose entries differ by more than about `2^30` (f32) or `2^449` (f64), or that needs more
/// sweeps than [`Options::max_sweeps`], takes the time of [`jacobi_unblocked`](super::jacobi_unblocked) in addition. A large
/// one graded over more than about `2^70` (f32) may take up to four times as long, as processors are slow with
/// subnormal numbers.
///
/// A sweep of the Jacobi method has `K - 1` rounds, K the power of two that is not below k, each of about `7 l + 4 k + 40`
/// operations on vectors of K numbers, for l rows, at most 16 (values only: without the `4 k`); 4 to 7 sweeps are common.
///
/// Without vectors, [`svd_values_scratch_len`] is enough scratch.
///
/// # Errors
/// `Shape`, `ScratchTooSmall`, `TooLarge`, `NonFinite`; `Overflow` if the largest singular value exceeds the largest
/// number (ask for [`Options::scaled`] values then). Nothing is changed in any of these.
pub fn svd<T: Real>(
    a: MatRef<'_, T>,
    s: &mut [T],
    u: Option<MatMut<'_, T>>,
    v: Option<MatMut<'_, T>>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    let (m, n) = a.shape();
    if (m, n) == (2, 2) {
        // The checks would take as long as the formula, if their numbers were not constants.
        check_outputs((2, 2), s, &u, &v, options)?;
        enough(scratch, const { svd_scratch_len(2, 2) })?;
        return two_by_two(a, s, u, v, options);
    }
    let k = m.min(n);
    if k > SMALL {
        return golub_kahan(a, s, u, v, options, scratch);
    }
    check_outputs((m, n), s, &u, &v, options)?;
    enough(scratch, if u.is_some() || v.is_some() { svd_scratch_len(m, n) } else { svd_values_scratch_len(m, n) })?;
    if k > SMALLER && options.execution.isa().is_portable() {
        golub_kahan(a, s, u, v, options, scratch)
    } else {
        small(a, s, u, v, options, scratch)
    }
}
