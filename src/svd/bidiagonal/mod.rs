//! The singular value decomposition of an upper bidiagonal matrix, `B = Q diag(s) P^T`.
//!
//! | function | method | cost |
//! |---|---|---|
//! | [`values`] | dqds, and bisection if it met its bound | `O(n^2)` |
//! | [`vectors`] | n up to 48: QR iteration | about `4 n^3` for each side |
//! | | more: divide and conquer | at most about `4/3 n^3` for each side, in products |
//!
//! A method that met a bound gives way to the next of: divide and conquer, QR iteration, Jacobi.
//!
//! [`values`] finds each to high relative accuracy. The vectors are accurate as a whole: orthonormal to working precision,
//! with a residual small against the largest entry. They come in the order of descending values too, so that pairs fit by
//! their place.
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
use crate::scratch::{max, split, sum, times};
use crate::view::MatMut;

/// Up to this size QR iteration is faster than divide and conquer.
const SMALL: usize = 48;

/// Elements of scratch for [`values`]: `9 n`.
pub(super) const fn values_scratch_len(n: usize) -> usize {
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
pub(super) fn values<T: Real>(d: &[T], e: &[T], s: &mut [T], isa: Isa, scratch: &mut [T]) -> Result<(), Error> {
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
    // Longer vectors would only have more idle lanes, and divide more slowly.
    if isa.narrowed(dqds::LANES * size_of::<f64>()).run(dqds::Squares { q: s, e: squares, to_q, to_e }) {
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
pub(super) const fn vectors_scratch_len(n: usize) -> usize {
    max(max(divide::scratch_len(n), sum(rotated_layout(n))), sum(jacobi_layout(n)))
}

/// Diagonal and superdiagonal, and the rotations of both sides.
const fn rotated_layout(n: usize) -> [usize; 4] {
    let [left, right] = qr_iteration::layout(n);
    [n, n, left, right]
}

/// The values, and Jacobi's own.
const fn jacobi_layout(n: usize) -> [usize; 2] {
    [n, jacobi::square_scratch_len(n)]
}

/// The singular vectors, where `s` holds the [`values`]: overwrites the n x n matrices Q = `u` and P = `v` that are given,
/// whose columns are contiguous.
///
/// The bits of one do not depend on whether the other is asked for. False if every method has met its bound, the last of
/// them Jacobi's on sweeps, which no finite matrix is known to do; then `u` and `v` lack orthogonality.
///
/// # Errors
/// `ScratchTooSmall`.
pub(super) fn vectors<T: Real>(
    d: &[T],
    e: &[T],
    s: &[T],
    u: Option<MatMut<'_, T>>,
    v: Option<MatMut<'_, T>>,
    execution: Execution,
    scratch: &mut [T],
) -> Result<bool, Error> {
    let methods: [Method<T>; 3] = [divide::vectors, rotated_vectors, jacobi_vectors];
    let usual = usize::from(d.len() <= SMALL);
    first_that_converges(methods.get(usual..).unwrap_or_default(), [d, e, s], [u, v], execution, scratch)
}

/// A way to find [`vectors`].
type Method<T> =
    fn(&[T], &[T], &[T], Option<MatMut<'_, T>>, Option<MatMut<'_, T>>, Execution, &mut [T]) -> Result<bool, Error>;

fn first_that_converges<T: Real>(
    methods: &[Method<T>],
    [d, e, s]: [&[T]; 3],
    mut outputs: [Option<MatMut<'_, T>>; 2],
    execution: Execution,
    scratch: &mut [T],
) -> Result<bool, Error> {
    for method in methods {
        let [u, v] = outputs.each_mut().map(|x| x.as_mut().map(MatMut::rb));
        if method(d, e, s, u, v, execution, scratch)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// [`vectors`] by QR iteration.
fn rotated_vectors<T: Real>(
    d: &[T],
    e: &[T],
    s: &[T],
    mut u: Option<MatMut<'_, T>>,
    mut v: Option<MatMut<'_, T>>,
    execution: Execution,
    scratch: &mut [T],
) -> Result<bool, Error> {
    let [diagonal, beside, left, right] = split(scratch, rotated_layout(d.len()))?;
    diagonal.iter_mut().zip(d).for_each(|(to, d)| *to = *d);
    beside.iter_mut().zip(e).for_each(|(to, e)| *to = *e);
    let beside = beside.get_mut(..e.len()).unwrap_or_default();
    for mut x in [u.as_mut().map(MatMut::rb), v.as_mut().map(MatMut::rb)].into_iter().flatten() {
        x.set_identity();
    }
    Ok(qr_iteration::vectors(diagonal, beside, u, v, s, execution.isa(), [left, right, &mut []]).is_some())
}

/// [`vectors`] by Jacobi rotations.
fn jacobi_vectors<T: Real>(
    d: &[T],
    e: &[T],
    _: &[T],
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
