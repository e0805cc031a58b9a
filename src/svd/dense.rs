//! The dense singular value decomposition by the method that suits the shape.

use super::{
    Info, Options, golub_kahan, golub_kahan_scratch_len, golub_kahan_values_scratch_len, jacobi_unblocked,
    jacobi_unblocked_scratch_len,
};
use crate::error::Error;
use crate::real::Real;
use crate::scratch::min;
use crate::view::{MatMut, MatRef};

/// The largest short side that Jacobi rotations take. Beyond, bidiagonalization is faster.
const SMALL: usize = 8;

/// Elements of scratch for [`svd`] of an `m x n` matrix, whatever the outputs.
pub const fn svd_scratch_len(m: usize, n: usize) -> usize {
    if min(m, n) <= SMALL { jacobi_unblocked_scratch_len(m, n) } else { golub_kahan_scratch_len(m, n) }
}

/// Elements of scratch for [`svd`] of an `m x n` matrix without vectors.
pub const fn svd_values_scratch_len(m: usize, n: usize) -> usize {
    if min(m, n) <= SMALL { jacobi_unblocked_scratch_len(m, n) } else { golub_kahan_values_scratch_len(m, n) }
}

/// The singular value decomposition `A = U diag(s) V^T` of any dense matrix.
///
/// A is `m x n`; with `k = min(m, n)`, `s` has `k` elements, `u` is `m x k` and `v` `n x k`, or `m x m` and `n x n` with
/// [`Vectors::Full`](super::Vectors::Full). What is given is overwritten; the values are the same bits whichever vectors
/// are asked for. The values descend; the first large entry of each column of V is positive (of U, if U alone is asked
/// for; see [`column_sign`](super::column_sign)). Every finite matrix is accepted. Backward stable: each value is accurate
/// to about `eps s_1`.
///
/// The method is [`jacobi_unblocked`] for `k <= 8` and [`golub_kahan`] beyond. It depends on the shape alone, and so does
/// the cost, but for what Jacobi saves on matrices that are nearly orthogonal.
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
    if a.rows().min(a.cols()) <= SMALL {
        jacobi_unblocked(a, s, u, v, options, scratch)
    } else {
        golub_kahan(a, s, u, v, options, scratch)
    }
}
