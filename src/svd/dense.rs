//! The dense singular value decomposition by the method that suits the shape.

use super::{Info, Options, jacobi_unblocked, jacobi_unblocked_scratch_len};
use crate::error::Error;
use crate::real::Real;
use crate::view::{MatMut, MatRef};

/// Elements of scratch for [`svd`] of an `m x n` matrix, whatever the outputs.
pub const fn svd_scratch_len(m: usize, n: usize) -> usize {
    jacobi_unblocked_scratch_len(m, n)
}

/// Elements of scratch for [`svd`] of an `m x n` matrix without vectors.
pub const fn svd_values_scratch_len(m: usize, n: usize) -> usize {
    jacobi_unblocked_scratch_len(m, n)
}

/// The singular value decomposition `A = U diag(s) V^T` of any dense matrix.
///
/// A is `m x n`; with `k = min(m, n)`, `s` has `k` elements, `u` is `m x k` and `v` `n x k`, or `m x m` and `n x n` with
/// [`Vectors::Full`](super::Vectors::Full). What is given is overwritten; the values are the same bits whichever vectors
/// are asked for. The values descend; the first large entry of each column of V is positive (of U, if U alone is asked
/// for; see [`column_sign`](super::column_sign)).
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
    jacobi_unblocked(a, s, u, v, options, scratch)
}
