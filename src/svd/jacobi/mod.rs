//! One-sided Jacobi SVD on the triangle of a pivoted QR factorization.
//!
//! After Drmac & Veselic ("New fast and accurate Jacobi SVD algorithm" I and II, SIMAX 29, 2008). For a tall A:
//!
//! ```text
//! A P = Q R                    pivoted QR: the rows of R are graded, and most of the work is done
//! R^T W = X                    rotations W from the right make the columns of X orthogonal
//! X = Y diag(s)                their norms are the singular values, Y the right vectors but for P
//! A = (Q W) diag(s) (P Y)^T
//! ```
//!
//! Rotating the columns of R^T, not of R, is what makes few sweeps suffice: they are already nearly orthogonal. And since
//! only columns are combined, each as exact relative to its own norm, small singular values keep their relative accuracy
//! where the columns of A differ in scale.
//!
//! `triangle` is the preparation and `accumulated` what follows for any matrix. `solved` is a faster way for most, on the
//! sweeps in `blocked`.

mod accumulated;
mod blocked;
mod solved;
mod triangle;
mod warm;

use super::{Info, Options, Outputs, as_tall, write_values};
use crate::columns::Columns;
use crate::error::Error;
use crate::kernel::{Execution, Found};
use crate::qr::KNOWN;
use crate::range::copy_scaled;
use crate::real::Real;
use crate::scratch::{max, min, split, sum, times};
use crate::view::{MatMut, MatRef};
use triangle::Triangle;

pub use warm::{jacobi_warm, jacobi_warm_scratch_len};

/// Elements of scratch for [`jacobi`] of an `m x n` matrix, whatever the outputs.
pub const fn jacobi_scratch_len(m: usize, n: usize) -> usize {
    sum(blocked_layout(max(m, n), min(m, n)))
}

/// For `l x k`: what [`jacobi_unblocked`] needs, and what `solved` does.
const fn blocked_layout(l: usize, k: usize) -> [usize; 2] {
    [sum(layout(l, k)), sum(solved::layout(l, k))]
}

/// Elements of scratch for [`jacobi_unblocked`] of an `m x n` matrix, whatever the outputs:
/// `l k + 2 k^2 + l + 6 k` with `l = max(m, n)` and `k = min(m, n)`.
pub const fn jacobi_unblocked_scratch_len(m: usize, n: usize) -> usize {
    sum(layout(max(m, n), min(m, n)))
}

/// For `l x k`: the QR factorization, X above W, a column, and six numbers for each column: three of the factorization, and
/// what is known of it in turn.
const fn layout(l: usize, k: usize) -> [usize; 7] {
    [times(l, k), times(k, times(k, 2)), l, k, k, k, times(k, KNOWN)]
}

/// The singular value decomposition `A = U diag(s) V^T` by one-sided Jacobi rotations, for speed.
///
/// Arguments and promises are those of [`jacobi_unblocked`], with fewer sweeps, and matrix products for more than 64 columns.
/// The last digits differ from that function's.
///
/// About `6 l k^2` operations for two QR factorizations, `5 k^3` for each of the 4 to 8 sweeps, and `6 l k^2` for the vectors.
/// Matrices whose triangle is badly conditioned even with its rows scaled, and those graded over more than about half
/// of the exponents of T, take the time of [`jacobi_unblocked`].
///
/// # Errors
/// As [`jacobi_unblocked`].
pub fn jacobi<T: Real>(
    a: MatRef<'_, T>,
    s: &mut [T],
    u: Option<MatMut<'_, T>>,
    v: Option<MatMut<'_, T>>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    let (m, n) = a.shape();
    let [common, memory] = split(scratch, blocked_layout(m.max(n), m.min(n)))?;
    decompose(a, s, u, v, options, common, |triangle, outputs| solved::decompose(triangle, outputs, options, memory))
}

/// The singular value decomposition `A = U diag(s) V^T` by one-sided Jacobi rotations.
///
/// A is `m x n`; with `k = min(m, n)`, `s` has `k` elements, `u` is `m x k` and `v` `n x k`, or `m x m` and `n x n` with
/// [`Vectors::Full`](super::Vectors::Full). What is given is overwritten; the values are the same bits whichever vectors
/// are asked for. The values descend; the first large entry of each column of V is positive (of U, if U alone is asked
/// for; see [`column_sign`](super::column_sign)).
///
/// Every finite matrix is accepted, whatever its scale, rank or shape. Backward stable; in addition the singular values
/// of a tall or square `B D`, of a wide `D B` and of a square `D B`, D diagonal, are accurate to about `eps cond(B)` each,
/// however D is graded, as long as no entry that counts is below the range when the largest is `2^31` (f32) or `2^255`
/// (f64): to that a larger one is scaled.
///
/// About `4 l k^2` operations for the QR factorization and `3 k^3` (values) or `5 k^3` (vectors) for each of the 4 to 8
/// sweeps.
///
/// # Errors
/// `Shape`, `ScratchTooSmall`, `TooLarge`, `NonFinite`; `Overflow` if the largest singular value exceeds the largest
/// number (ask for [`Options::scaled`] values then). Nothing is changed in any of these.
pub fn jacobi_unblocked<T: Real>(
    a: MatRef<'_, T>,
    s: &mut [T],
    u: Option<MatMut<'_, T>>,
    v: Option<MatMut<'_, T>>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    decompose(a, s, u, v, options, scratch, |_, _| Ok(None))
}

/// Elements of scratch for [`square`]: `3 n^2 + 7 n`.
pub(super) const fn square_scratch_len(n: usize) -> usize {
    sum(layout(n, n))
}

/// The decomposition of the `n x n` matrix that `fill` writes, `s` having n elements, whose entries are at most about the
/// fourth root of the largest number. No sign rule. False if the sweeps were not enough.
///
/// # Errors
/// `ScratchTooSmall`.
pub(super) fn square<T: Real>(
    fill: impl FnOnce(&mut Columns<'_, T>),
    s: &mut [T],
    u: Option<MatMut<'_, T>>,
    v: Option<MatMut<'_, T>>,
    execution: Execution,
    scratch: &mut [T],
) -> Result<bool, Error> {
    let n = s.len();
    let [work, columns, buffer, tau, order, rows, known] = split(scratch, layout(n, n))?;
    let options = Options::new().execution(execution);
    let memory = triangle::Memory { work, tau, order, rows, known };
    let mut triangle = Triangle::new(fill, (n, n), 0, &options, memory);
    let memory = accumulated::Memory { columns, buffer, known };
    let [left, right] = &mut [u, v];
    let mut outputs = Outputs { s, left, right };
    Ok(accumulated::decompose(&mut triangle, &mut outputs, &options, memory)?.converged)
}

/// The steps of both: `solved` is tried first, and returns nothing if the rotations must be accumulated.
fn decompose<T: Real>(
    a: MatRef<'_, T>,
    s: &mut [T],
    u: Option<MatMut<'_, T>>,
    v: Option<MatMut<'_, T>>,
    options: &Options,
    scratch: &mut [T],
    solved: impl FnOnce(&Triangle<'_, T>, &mut Outputs<'_, '_, T>) -> Result<Option<Info>, Error>,
) -> Result<Info, Error> {
    let needed = jacobi_unblocked_scratch_len(a.rows(), a.cols());
    as_tall(a, s, [u, v], options, needed, scratch, |a, exponent, mut outputs, scratch| {
        let (l, k) = a.shape();
        let [work, columns, buffer, tau, order, rows, known] = split(scratch, layout(l, k))?;
        let memory = triangle::Memory { work, tau, order, rows, known };
        let fill = |work: &mut Columns<'_, T>| copy_scaled(a, exponent, work);
        let mut triangle = Triangle::new(fill, (l, k), exponent, options, memory);
        if let Some(info) = solved(&triangle, &mut outputs)? {
            return Ok(info);
        }
        let memory = accumulated::Memory { columns, buffer, known };
        accumulated::decompose(&mut triangle, &mut outputs, options, memory)
    })
}

/// Whether the sweep over `n` columns that found this was the last.
///
/// Columns made orthogonal are disturbed by later rotations: with C the cosines that a sweep found, and S the changes that
/// it made, `Y^T Y - I` of the normalized columns is about `S C`. That may be as much as rounding errors add.
pub(super) fn finished<T: Real>(n: usize, found: Found<T>) -> bool {
    (T::ONE + T::ONE) * found.cosines.sqrt() * found.changes.sqrt() <= T::from_usize(n) * T::EPSILON
}
