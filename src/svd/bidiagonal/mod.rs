//! The singular value decomposition of an upper bidiagonal matrix, `B = Q diag(s) P^T`.
//!
//! | function | method | cost |
//! |---|---|---|
//! | [`svd`], n up to 32 | QR iteration for values and vectors together | about `6 n^3` for each side |
//! | [`svd`] of more | [`values`], then [`vectors`] | |
//! | [`values`] | dqds, and bisection if it met its bound | `O(n^2)` |
//! | [`vectors`] | divide and conquer, and Jacobi if it met a bound | at most about `4/3 n^3` for each side, in products |
//!
//! Where the matrix is small, a second method for the values would cost as much as it saves. [`values`] finds each to high
//! relative accuracy. The vectors are accurate as a whole: orthonormal to working precision, with a residual small against
//! the largest entry. They come in the order of descending values too, so that pairs fit by their place.
//!
//! B has the diagonal `d` (n elements) and the superdiagonal `e` (n - 1). Its entries are finite and at most about the
//! fourth root of the largest number; they can be as small as they like.

mod bisection;
mod divide;
mod dqds;
pub(super) mod qr_iteration;
mod secular;

use super::jacobi;
use crate::columns::{Columns, Total};
use crate::error::Error;
use crate::kernel::{Execution, Isa, max_abs};
use crate::real::Real;
use crate::scratch::{max, min, split, sum, times};
use crate::view::MatMut;

/// Up to this size QR iteration finds values and vectors together.
const SMALL: usize = 32;

/// Elements of scratch for [`svd`] without vectors: the larger of `9 n` and `18 l + 64` with `l = min(n, 32)`.
pub(crate) const fn svd_values_scratch_len(n: usize) -> usize {
    max(values_scratch_len(n), sum(small_layout(min(n, SMALL))))
}

/// Elements of scratch for [`svd`].
pub(crate) const fn svd_scratch_len(n: usize) -> usize {
    max(svd_values_scratch_len(n), vectors_scratch_len(n))
}

/// Diagonal and superdiagonal, and the rotations of both sides.
const fn small_layout(n: usize) -> [usize; 4] {
    let [left, right] = qr_iteration::layout(n);
    [n, n, left, right]
}

/// The singular value decomposition: writes the values into `s`, descending, and overwrites the n x n matrices Q = `u` and
/// P = `v` that are given, whose columns are contiguous.
///
/// Each value is accurate to about eps times the largest. The bits of the values do not depend on which matrices are given,
/// and those of one matrix not on the other. False if every method has met its bound (see [`vectors`]); then `u` and `v` lack
/// orthogonality.
///
/// # Errors
/// `ScratchTooSmall`.
pub(crate) fn svd<T: Real>(
    d: &[T],
    e: &[T],
    s: &mut [T],
    mut u: Option<MatMut<'_, T>>,
    mut v: Option<MatMut<'_, T>>,
    execution: Execution,
    scratch: &mut [T],
) -> Result<bool, Error> {
    let n = d.len();
    if n <= SMALL {
        let [diagonal, beside, left, right] = split(scratch, small_layout(n))?;
        diagonal.iter_mut().zip(d).for_each(|(to, d)| *to = *d);
        beside.iter_mut().zip(e).for_each(|(to, e)| *to = *e);
        let beside = beside.get_mut(..e.len()).unwrap_or_default();
        for mut x in [u.as_mut().map(MatMut::rb), v.as_mut().map(MatMut::rb)].into_iter().flatten() {
            x.set_identity();
        }
        let (left_vectors, right_vectors) = (u.as_mut().map(MatMut::rb), v.as_mut().map(MatMut::rb));
        let memory = [left, right, &mut []];
        if qr_iteration::vectors(diagonal, beside, left_vectors, right_vectors, execution.isa(), memory) {
            s.iter_mut().zip(diagonal).for_each(|(s, d)| *s = *d);
            return Ok(true);
        }
    }
    values(d, e, s, execution.isa(), scratch)?;
    if u.is_none() && v.is_none() { Ok(true) } else { vectors(d, e, u, v, execution, scratch) }
}

/// Elements of scratch for [`values`]: `9 n`.
const fn values_scratch_len(n: usize) -> usize {
    sum(values_layout(n))
}

/// Squares of the superdiagonal, and the results of a transformation with several shifts.
const fn values_layout(n: usize) -> [usize; 3] {
    [n, times(dqds::LANES, n), times(dqds::LANES, n)]
}

/// The singular values, descending and non-negative, each to high relative accuracy.
///
/// Squares may underflow on the way: the digits of values below about `2^-1000` (`2^-100` in f32) of the largest entry
/// are not promised.
///
/// # Errors
/// `ScratchTooSmall`.
fn values<T: Real>(d: &[T], e: &[T], s: &mut [T], isa: Isa, scratch: &mut [T]) -> Result<(), Error> {
    let n = d.len();
    let [squares, to_q, to_e] = split(scratch, values_layout(n))?;
    let largest = max_abs(d).max(max_abs(e));
    if largest == T::ZERO {
        s.fill(T::ZERO);
        return Ok(());
    }
    // As high as sums of squares allow, so that small values lose as little as possible to underflow.
    let exponent = T::MAX_EXPONENT / 2 - 2 - largest.exponent();
    let square = |x: &T| {
        let x = x.scale(exponent);
        x * x
    };
    let squares = squares.get_mut(..n.saturating_sub(1)).unwrap_or_default();
    s.iter_mut().zip(d).for_each(|(s, d)| *s = square(d));
    squares.iter_mut().zip(e).for_each(|(q, e)| *q = square(e));
    let (to_q, to_e) = (to_q.as_chunks_mut().0, to_e.as_chunks_mut().0);
    if isa.run(dqds::Squares { q: s, e: squares, to_q, to_e }) {
        s.iter_mut().for_each(|s| *s = s.sqrt());
    } else {
        bisect(d, e, exponent, s);
    }
    s.iter_mut().for_each(|s| *s = s.scale(-exponent));
    // dqds finds them nearly in order.
    sort(s, |a, b| a > b);
    Ok(())
}

/// The singular values of `2^exponent B` by bisection.
fn bisect<T: Real>(d: &[T], e: &[T], exponent: i32, s: &mut [T]) {
    let bound = (max_abs(d) + max_abs(e)).scale(exponent) * (T::ONE + T::EPSILON);
    bisection::values(d.iter().map(|x| x.scale(exponent)), e.iter().map(|x| x.scale(exponent)), bound, s);
}

/// Sorts by insertion: for lists that are short or nearly in order.
fn sort<T: Real>(x: &mut [T], before: impl Fn(T, T) -> bool) {
    for i in 1..x.len() {
        let mut j = i;
        while j > 0 && before(x.at(j), x.at(j - 1)) {
            x.exchange(j, j - 1);
            j -= 1;
        }
    }
}

/// Elements of scratch for [`vectors`]: the larger of `2 n^2 + 23 n + 16 (l + 4)` with `l = min(n, 16)` and what a product
/// of this size packs, and of `3 n^2 + 8 n`, which Jacobi would need.
const fn vectors_scratch_len(n: usize) -> usize {
    max(divide::scratch_len(n), sum(jacobi_layout(n)))
}

/// The values, and Jacobi's own.
const fn jacobi_layout(n: usize) -> [usize; 2] {
    [n, jacobi::square_scratch_len(n)]
}

/// The singular vectors: overwrites the n x n matrices Q = `u` and P = `v` that are given, whose columns are contiguous.
///
/// The bits of one do not depend on whether the other is asked for. False if even Jacobi met its bound on sweeps, which no
/// finite matrix is known to do.
///
/// # Errors
/// `ScratchTooSmall`.
fn vectors<T: Real>(
    d: &[T],
    e: &[T],
    mut u: Option<MatMut<'_, T>>,
    mut v: Option<MatMut<'_, T>>,
    execution: Execution,
    scratch: &mut [T],
) -> Result<bool, Error> {
    let (left, right) = (u.as_mut().map(MatMut::rb), v.as_mut().map(MatMut::rb));
    if divide::vectors(d, e, left, right, execution, scratch)? {
        return Ok(true);
    }
    jacobi_vectors(d, e, u, v, execution, scratch)
}

/// [`vectors`] by Jacobi rotations.
fn jacobi_vectors<T: Real>(
    d: &[T],
    e: &[T],
    u: Option<MatMut<'_, T>>,
    v: Option<MatMut<'_, T>>,
    execution: Execution,
    scratch: &mut [T],
) -> Result<bool, Error> {
    let [s, memory] = split(scratch, jacobi_layout(d.len()))?;
    let fill = |b: &mut Columns<'_, T>| {
        b.as_mut_slice().fill(T::ZERO);
        d.iter().enumerate().for_each(|(j, d)| b.put(j, j, *d));
        e.iter().enumerate().for_each(|(j, e)| b.put(j, j + 1, *e));
    };
    jacobi::square(fill, s, u, v, execution, memory)
}

#[cfg(test)]
mod tests;
