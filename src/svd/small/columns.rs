//! One-sided Jacobi for a processor without vectors: pair after pair, the columns of X above those of W.
//!
//! ```text
//! g = p . q,   e = g / |p|^2,   d = 1 - |q|^2 / |p|^2     for |p| >= |q|
//! t = 2 e / (d + sqrt(d^2 + 4 e^2))                       the tangent of the angle that makes them orthogonal
//! r = sqrt(1 + t^2),   s = t / r,   h = t / (1 + r)       its sine, and the tangent of its half
//! p += h q,   q -= s p,   p += h q                        the rotation, in three shears
//! |p|^2 += t g,   |q|^2 -= t g
//! ```
//!
//! Columns begin in order of length, which saves a sweep. The largest is near one, and one so short that the square of its
//! norm loses digits becomes zero.

use super::lanes::{Lanewise, MAX_SWEEPS};
use crate::check;
use crate::columns::Total;
use crate::error::{Error, Operand};
use crate::kernel::{Found, padded};
use crate::range::scaling_exponent;
use crate::real::Real;
use crate::svd::jacobi::finished;
use crate::svd::{Info, write_values};

/// What [`decompose`] takes of its scratch: the square of the norm of each column of X, and the columns, X above W.
#[cfg(test)]
pub(super) const fn scratch_len(l: usize, k: usize) -> usize {
    k + k * padded(l + k)
}

/// As [`Lanewise::decompose`].
pub(super) fn decompose<T: Real>(
    job: &mut Lanewise<'_, '_, T>,
    scratch: &mut [T],
) -> Result<Option<(Info, usize)>, Error> {
    let Lanewise { a, s, left, right, left_rules, options, .. } = job;
    let (l, k) = a.shape();
    let height = padded(if right.is_some() { l + k } else { l }).max(1);
    let (squares, memory) = scratch.split_at_mut_checked(k).unwrap_or_default();
    let mut state = State { columns: memory.get_mut(..height * k).unwrap_or_default(), squares, height, rows: l };
    for (j, column) in state.columns.chunks_exact_mut(height).enumerate() {
        let (x, w) = column.split_at_mut_checked(l).unwrap_or_default();
        a.copy_column(j, x);
        w.fill(T::ZERO);
        if right.is_some() {
            w.put(j, T::ONE);
        }
    }
    let (mut told, mut shift) = (0, 0);
    if !ordinary(state.measure()) {
        let largest = check::finite(*a, Operand::A)?;
        told = scaling_exponent(largest);
        shift = if largest == T::ZERO { 0 } else { -largest.exponent() };
        for (j, column) in state.columns.chunks_exact_mut(height).enumerate() {
            a.copy_column(j, column);
            column.iter_mut().take(l).for_each(|x| *x = x.scale(shift));
        }
        state.measure();
    }
    state.sort();
    let Some(sweeps) = state.sweeps(options.max_sweeps.min(MAX_SWEEPS)) else { return Ok(None) };
    state.measure();
    if !state.squares.is_sorted_by(|a, b| *a >= *b) {
        state.sort();
    }

    let State { columns, squares, .. } = state;
    let mut directions = 0;
    for square in squares.iter_mut() {
        *square = square.sqrt();
        directions += usize::from(*square > T::ZERO);
    }
    let exponent = if options.scaled { told } else { 0 } - shift;
    write_values(squares, exponent, T::from_f64(options.threshold), s)?;
    let mut nonzero = 0;
    for s in s.iter() {
        nonzero += usize::from(*s > T::ZERO);
    }

    // What is still done to U must not depend on signs, so these come after it.
    let complete = left.as_ref().is_none_or(|left| directions == left.cols());
    for (j, (column, norm)) in columns.chunks_exact(height).zip(squares.iter()).enumerate() {
        let (x, w) = column.split_at_checked(l).unwrap_or_default();
        let ruling = if *left_rules { x } else { w.get(..k).unwrap_or_default() };
        let one = if complete { sign(ruling) } else { T::ONE };
        if let Some(left) = left {
            left.put_column(j, x, if *norm > T::ZERO { one / *norm } else { T::ZERO });
        }
        if let Some(right) = right {
            right.put_column(j, w, one);
        }
    }
    Ok(Some((Info { converged: true, sweeps, nonzero, exponent: told }, directions)))
}

struct State<'a, T> {
    columns: &'a mut [T],
    squares: &'a mut [T],
    /// Of a column.
    height: usize,
    /// Of X.
    rows: usize,
}

impl<T: Real> State<'_, T> {
    /// Computes the squares of the norms, and returns their sum; NaN or infinity if one is.
    fn measure(&mut self) -> T {
        let mut sum = T::ZERO;
        for (column, square) in self.columns.chunks_exact_mut(self.height).zip(self.squares.iter_mut()) {
            *square = measured(column, self.rows);
            sum += *square;
        }
        sum
    }

    /// Orders the columns by descending norm.
    fn sort(&mut self) {
        let (mut columns, mut squares) = (&mut *self.columns, &mut *self.squares);
        while let (Some((x, rest)), Some((a, others))) =
            (columns.split_at_mut_checked(self.height), squares.split_first_mut())
        {
            let (mut longest, mut most) = (0, *a);
            for (j, b) in others.iter().enumerate() {
                if *b > most {
                    (longest, most) = (j, *b);
                }
            }
            if most > *a
                && let (Some(y), Some(b)) = (rest.get_mut(longest * self.height..), others.get_mut(longest))
            {
                exchange(x, y);
                core::mem::swap(a, b);
            }
            (columns, squares) = (rest, others);
        }
    }

    /// Sweeps until all columns are orthogonal; their number, or nothing if the bound is not enough.
    fn sweeps(&mut self, bound: usize) -> Option<usize> {
        let n = self.squares.len();
        let tolerance = T::EPSILON * T::EPSILON * T::from_usize(n);
        (1..=bound).find(|_| finished(n, sweep(self, tolerance)))
    }
}

/// Rare after the first order: a call that loops need not make room for.
#[cold]
#[inline(never)]
fn exchange<T: Real>(x: &mut [T], y: &mut [T]) {
    T::swap(x, y);
}

/// Every pair once, the longer column first. A function of its own, as its loops want all registers.
#[inline(never)]
fn sweep<T: Real>(state: &mut State<'_, T>, tolerance: T) -> Found<T> {
    let State { columns, squares, height, rows } = state;
    let (mut columns, mut squares) = (&mut **columns, &mut **squares);
    let mut found = Found::NOTHING;
    while let (Some((x, rest)), Some((first, others))) =
        (columns.split_at_mut_checked(*height), squares.split_first_mut())
    {
        let (mut a, mut left) = (*first, &mut *rest);
        for square in others.iter_mut() {
            let Some((y, after)) = left.split_at_mut_checked(*height) else { break };
            left = after;
            let mut b = *square;
            if a < b {
                exchange(x, y);
                (a, b) = (b, a);
            }
            [a, b] = rotate(x, y, [a, b], *rows, tolerance, &mut found);
            *square = b;
        }
        *first = a;
        (columns, squares) = (rest, others);
    }
    found
}

/// Smaller squares of norms have lost digits.
#[inline(always)]
pub(super) fn least<T: Real>() -> T {
    T::pow2(T::MIN_EXPONENT + 2 * T::SIGNIFICAND_BITS as i32)
}

/// Whether a matrix with this sum of squares needs no scaling: of a small one, columns far shorter than rounding errors must
/// not vanish. False for NaN.
#[inline(always)]
pub(super) fn ordinary<T: Real>(sum: T) -> bool {
    let far = T::MAX_EXPONENT / 4;
    sum > T::pow2(-far / 2) && sum < T::pow2(far)
}

/// The square of the norm of the first entries of a column. If it has lost digits they become zeros.
#[inline]
fn measured<T: Real>(column: &mut [T], rows: usize) -> T {
    let x = column.get_mut(..rows).unwrap_or_default();
    let square = T::dot(x, x);
    if square < least() {
        x.fill(T::ZERO);
        return T::ZERO;
    }
    square
}

/// Makes two columns, the longer one first, orthogonal in their first entries, unless they are; `a` and `b` are the squares
/// of the norms of these, and what is returned is what becomes of them.
#[inline(always)]
fn rotate<T: Real>(
    x: &mut [T],
    y: &mut [T],
    [a, b]: [T; 2],
    rows: usize,
    tolerance: T,
    found: &mut Found<T>,
) -> [T; 2] {
    let (Some(head_x), Some(head_y)) = (x.get(..rows), y.get(..rows)) else { return [a, b] };
    let g = T::dot(head_x, head_y);
    let Some(Turn { half, sine, longer, shorter }) = turn([a, b], g, tolerance, found) else { return [a, b] };
    T::turn(x, y, half, sine);
    [longer, shorter.unwrap_or_else(|| measured(y, rows))]
}

/// A rotation: the tangent of half its angle, its sine, and the squares of the norms after it, the second none where it has
/// cancelled and must be computed afresh.
pub(super) struct Turn<T> {
    pub half: T,
    pub sine: T,
    pub longer: T,
    pub shorter: Option<T>,
}

/// The rotation of two columns with these squares of their norms, the larger one first, and this inner product; none if they
/// are orthogonal.
#[inline(always)]
pub(super) fn turn<T: Real>([a, b]: [T; 2], g: T, tolerance: T, found: &mut Found<T>) -> Option<Turn<T>> {
    let inverse = T::ONE / a;
    let e = g * inverse;
    let squared = e * g;
    // Of a column of zeros the comparison is false, of two it is with NaN.
    let rotates = squared > tolerance * b;
    if !rotates {
        return None;
    }
    let (d, double) = (T::ONE - b * inverse, e + e);
    let tangent = double / (d + (d * d + double * double).sqrt());
    let root = (T::ONE + tangent * tangent).sqrt();
    let sine = tangent / root;
    let b_inverse = T::ONE / b;
    found.cosines += squared * b_inverse;
    found.changes += sine * sine * (a * b_inverse);
    let step = tangent * g;
    let cancels = step > b * T::from_f64(0.99);
    Some(Turn { half: tangent / (T::ONE + root), sine, longer: a + step, shorter: (!cancels).then(|| b - step) })
}

/// The sign that a column is multiplied by to follow the sign rule ([`column_sign`](super::super::column_sign)).
fn sign<T: Real>(x: &[T]) -> T {
    let limit = T::largest(x) * (T::ONE - T::EPSILON.sqrt());
    for x in x {
        if x.abs() >= limit {
            return if *x < T::ZERO { -T::ONE } else { T::ONE };
        }
    }
    T::ONE
}
