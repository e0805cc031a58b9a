//! One-sided Jacobi SVD on the triangle of a pivoted QR factorization.
//!
//! After Drmac & Veselic ("New fast and accurate Jacobi SVD algorithm", SIMAX 29, 2008). For a tall A:
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
//! Column `j` is kept as `2^e_j` times a column of norm about one, with an integer `e_j`. An inner product of two such
//! columns neither over- nor underflows in the terms that matter, whatever the grading. With `r` the ratio of the true
//! norms of columns q and p, `cos` the cosine between them, the rotation that makes them orthogonal has the tangent
//!
//! ```text
//! t = sign(zeta) / (|zeta| + sqrt(1 + zeta^2)),    zeta = (1/r - r) / (2 cos)
//! p <- c (p + t q),  q <- c (q - t p),             c = 1 / sqrt(1 + t^2)
//! |p|^2 <- |p|^2 (1 + t r cos),   |q|^2 <- |q|^2 (1 - t cos / r)
//! ```
//!
//! The larger column grows, so the order settles. Each step of a sweep first brings the longest remaining column to the
//! front (de Rijk, SISC 10, 1989). Sweeps end when no cosine exceeds the tolerance `eps sqrt(k)`, or when quadratic
//! convergence promises that the next sweep would find none.

use super::{Info, Options, check_outputs, fix_pair, write_values};
use crate::check;
use crate::columns::{Columns, Total};
use crate::error::{Error, Operand};
use crate::kernel::Isa;
use crate::qr::{apply_q, copy_scaled, factor, factor_pivoted, scaling_exponent};
use crate::real::Real;
use crate::scratch::{max, min, split, sum, times};
use crate::view::{MatMut, MatRef};

/// Elements of scratch for [`jacobi_unblocked`] of an `m x n` matrix, whatever the outputs:
/// `l k + 2 k^2 + l + 6 k` with `l = max(m, n)` and `k = min(m, n)`.
pub const fn jacobi_unblocked_scratch_len(m: usize, n: usize) -> usize {
    sum(layout(max(m, n), min(m, n)))
}

/// For `l x k`: the QR factorization, X, W, a column, and six numbers for each column (see [`tall`]).
const fn layout(l: usize, k: usize) -> [usize; 10] {
    let square = times(k, k);
    [times(l, k), square, square, l, k, k, k, k, k, k]
}

/// The singular value decomposition `A = U diag(s) V^T` by one-sided Jacobi rotations.
///
/// A is `m x n`; with `k = min(m, n)`, `s` has `k` elements, `u` is `m x k` and `v` `n x k`, or `m x m` and `n x n` with
/// [`Vectors::Full`]. What is given is overwritten; the values are the same bits whichever vectors are asked for. The
/// values descend; the first large entry of each column of V is positive (of U, if U alone is asked for; see
/// [`column_sign`](super::column_sign)).
///
/// Every finite matrix is accepted, whatever its scale, rank or shape. Backward stable; in addition the singular values
/// of `B D`, D diagonal, are accurate to about `eps cond(B)` each, however D is graded.
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
    let (m, n) = a.shape();
    let k = m.min(n);
    check_outputs((m, n), s, &u, &v, options.vectors)?;
    check::exact_index::<T>(m.max(n))?;
    let pieces = split(scratch, layout(m.max(n), k))?;
    let exponent = scaling_exponent(check::finite(a, Operand::A)?);
    let (mut u, mut v) = (u, v);
    // A wide matrix is the tall one's transpose with U and V exchanged.
    let info = if m >= n {
        tall(|work| copy_scaled(a, exponent, work), (m, n), exponent, s, u.as_mut(), v.as_mut(), options, pieces)
    } else {
        let fill = |work: &mut Columns<'_, T>| copy_scaled(a.t(), exponent, work);
        tall(fill, (n, m), exponent, s, v.as_mut(), u.as_mut(), options, pieces)
    }?;
    fix_pair(u.as_mut(), v.as_mut(), k);
    Ok(info)
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
    mut u: Option<MatMut<'_, T>>,
    mut v: Option<MatMut<'_, T>>,
    scratch: &mut [T],
) -> Result<bool, Error> {
    let n = s.len();
    let pieces = split(scratch, layout(n, n))?;
    let info = tall(fill, (n, n), 0, s, u.as_mut(), v.as_mut(), &Options::new(), pieces)?;
    Ok(info.converged)
}

/// The decomposition of the `l x k` matrix that `fill` writes, scaled by `2^exponent`, `l >= k`.
#[allow(clippy::too_many_arguments)]
fn tall<T: Real>(
    fill: impl FnOnce(&mut Columns<'_, T>),
    (l, k): (usize, usize),
    exponent: i32,
    s: &mut [T],
    left: Option<&mut MatMut<'_, T>>,
    right: Option<&mut MatMut<'_, T>>,
    options: &Options,
    pieces: [&mut [T]; 10],
) -> Result<Info, Error> {
    let isa = options.execution.isa();
    let [work, x, w, buffer, tau, order, values, norms, exponents, references] = pieces;
    let mut work = Columns::new(work, l, k);
    fill(&mut work);
    factor_pivoted(isa, &mut work, tau, order, norms, references);

    // Rows of R descend: from the first that is zero or lost to underflow, all are zero.
    let rank = (0..k).take_while(|&i| (i..k).any(|j| work.at(i, j) != T::ZERO)).count();
    let mut x = Columns::zeroed(x.get_mut(..k * rank).unwrap_or_default(), k, rank);
    let mut w = Columns::zeroed(w.get_mut(..rank * rank).unwrap_or_default(), rank, rank);
    for j in 0..rank {
        w.put(j, j, T::ONE);
        for i in j..k {
            x.put(i, j, work.at(j, i));
        }
        exponents.put(j, T::ZERO);
        rescale(isa, &mut x, norms, exponents, j);
    }

    let accumulate = left.is_some();
    let (sweeps, converged) =
        orthogonalize(isa, &mut x, accumulate.then_some(&mut w), norms, exponents, options.max_sweeps);
    sort(isa, &mut x, &mut w, norms, exponents);

    values.fill(T::ZERO);
    for (j, value) in values.iter_mut().enumerate().take(rank) {
        *value = norms.at(j).scale(exponents.at(j).to_f64() as i32);
    }
    // A column may also have cancelled to nothing.
    let directions = norms.iter().take(rank).take_while(|norm| **norm > T::ZERO).count();
    write_values(values, exponent, options.scaled, s)?;

    if let Some(left) = left {
        for j in 0..left.cols() {
            buffer.fill(T::ZERO);
            if j < rank {
                buffer.iter_mut().zip(w.col(j)).for_each(|(b, w)| *b = *w);
            } else {
                buffer.put(j, T::ONE);
            }
            apply_q(isa, &work, tau, buffer);
            buffer.iter().enumerate().for_each(|(i, b)| left.put(i, j, *b));
        }
    }
    if let Some(right) = right {
        for j in 0..directions {
            isa.scale(T::ONE / norms.at(j), x.col_mut(j));
            scatter(x.col(j), order, right, j);
        }
        if directions < k {
            // The reflectors of the columns found give an orthonormal basis of the rest.
            let tau = tau.get_mut(..directions).unwrap_or_default();
            factor(isa, &mut x, tau);
            let buffer = buffer.get_mut(..k).unwrap_or_default();
            for j in directions..k {
                buffer.fill(T::ZERO);
                buffer.put(j, T::ONE);
                apply_q(isa, &x, tau, buffer);
                scatter(buffer, order, right, j);
            }
        }
    }
    let nonzero = s.iter().take_while(|s| **s > T::ZERO).count();
    Ok(Info { converged, sweeps, nonzero, exponent })
}

/// Writes `x` into column `j` of `right`, each row where the pivoting took it from.
fn scatter<T: Real>(x: &[T], order: &[T], right: &mut MatMut<'_, T>, j: usize) {
    for (x, place) in x.iter().zip(order) {
        right.put(place.to_f64() as usize, j, *x);
    }
}

/// Sweeps until the columns of X are orthogonal; the rotations are collected in W if given.
/// Returns the number of sweeps, and whether the tolerance was met.
fn orthogonalize<T: Real>(
    isa: Isa,
    x: &mut Columns<'_, T>,
    mut w: Option<&mut Columns<'_, T>>,
    norms: &mut [T],
    exponents: &mut [T],
    max_sweeps: usize,
) -> (usize, bool) {
    let n = x.cols();
    let rows = T::from_usize(x.rows());
    let tolerance = T::EPSILON * rows.sqrt();
    for sweep in 0..max_sweeps {
        for j in 0..n {
            rescale(isa, x, norms, exponents, j);
        }
        let (mut largest_cosine, mut largest_sine) = (T::ZERO, T::ZERO);
        for p in 0..n {
            let longest = (p + 1..n).fold(p, |best, j| if longer(norms, exponents, j, best) { j } else { best });
            swap(x, w.as_deref_mut(), norms, exponents, p, longest);
            for q in p + 1..n {
                let Some((cosine, sine)) = rotate_pair(isa, x, w.as_deref_mut(), norms, exponents, p, q, tolerance)
                else {
                    continue;
                };
                largest_cosine = largest_cosine.max(cosine);
                largest_sine = largest_sine.max(sine);
            }
        }
        // What a sweep leaves is of second order in what it found.
        if largest_cosine <= tolerance || T::from_usize(n) * largest_cosine * largest_sine < tolerance {
            return (sweep + 1, true);
        }
    }
    (max_sweeps, n < 2)
}

/// Makes columns `p` and `q` orthogonal unless they are; returns the cosine between them and the sine of the rotation.
fn rotate_pair<T: Real>(
    isa: Isa,
    x: &mut Columns<'_, T>,
    w: Option<&mut Columns<'_, T>>,
    norms: &mut [T],
    exponents: &mut [T],
    p: usize,
    q: usize,
    tolerance: T,
) -> Option<(T, T)> {
    let (norm_p, norm_q) = (norms.at(p), norms.at(q));
    if norm_p == T::ZERO || norm_q == T::ZERO {
        return None;
    }
    let (xp, xq) = x.pair_mut(p, q);
    let cosine = isa.dot(xp, xq) / norm_p / norm_q;
    if cosine.abs() <= tolerance {
        return None;
    }
    let kept = norm_q / norm_p;
    let shift = (exponents.at(q) - exponents.at(p)).to_f64() as i32;
    let (c, s, gain, loss);
    // Beyond this ratio of the norms 1 + t^2 rounds to 1 and t to cos r or -cos / r; their products with powers of two
    // are then written out, as the powers alone may not be representable.
    let far = T::SIGNIFICAND_BITS as i32;
    if shift < -far {
        let t = kept * cosine;
        (c, s, gain, loss) = (T::ONE, t.scale(shift), T::ONE, T::ONE - cosine * cosine);
        isa.combine(xp, xq, [c, t.scale(shift).scale(shift)], [-t, c]);
    } else if shift > far {
        let t = cosine / kept;
        (c, s, gain, loss) = (T::ONE, -t.scale(-shift), T::ONE - cosine * cosine, T::ONE);
        isa.combine(xp, xq, [c, -t], [t.scale(-shift).scale(-shift), c]);
    } else {
        let ratio = kept * T::pow2(shift);
        let zeta = (T::ONE / ratio - ratio) / (cosine + cosine);
        let size = T::ONE / (zeta.abs() + hypotenuse(zeta));
        let t = if zeta < T::ZERO { -size } else { size };
        c = T::ONE / hypotenuse(t);
        s = t * c;
        (gain, loss) = (T::ONE + t * ratio * cosine, T::ONE - t * cosine / ratio);
        isa.combine(xp, xq, [c, s * T::pow2(shift)], [-s * T::pow2(-shift), c]);
    }
    for (j, factor) in [(p, gain), (q, loss)] {
        if factor > T::from_f64(0.01) {
            norms.put(j, norms.at(j) * factor.sqrt());
        } else {
            // The update has cancelled.
            rescale(isa, x, norms, exponents, j);
        }
    }
    if let Some(w) = w {
        let (wp, wq) = w.pair_mut(p, q);
        isa.combine(wp, wq, [c, s], [-s, c]);
    }
    Some((cosine.abs(), s.abs()))
}

/// `sqrt(1 + x^2)` for any x.
fn hypotenuse<T: Real>(x: T) -> T {
    let size = x.abs();
    if size > T::ONE / T::EPSILON { size } else { (T::ONE + size * size).sqrt() }
}

/// Computes the norm of column `j`, and brings its largest entry near one if it has left the neighbourhood.
fn rescale<T: Real>(isa: Isa, x: &mut Columns<'_, T>, norms: &mut [T], exponents: &mut [T], j: usize) {
    let column = x.col_mut(j);
    let largest = isa.max_abs(column);
    let e = largest.exponent();
    if largest != T::ZERO && e.abs() > 8 {
        column.iter_mut().for_each(|x| *x = x.scale(-e));
        exponents.put(j, exponents.at(j) + T::from_f64(f64::from(e)));
    }
    norms.put(j, isa.dot(column, column).sqrt());
}

/// Whether column `i` is longer than column `j`.
fn longer<T: Real>(norms: &[T], exponents: &[T], i: usize, j: usize) -> bool {
    norms.at(i).scale((exponents.at(i) - exponents.at(j)).to_f64() as i32) > norms.at(j)
}

/// Exchanges columns `p` and `q` with all that belongs to them.
fn swap<T: Real>(
    x: &mut Columns<'_, T>,
    w: Option<&mut Columns<'_, T>>,
    norms: &mut [T],
    exponents: &mut [T],
    p: usize,
    q: usize,
) {
    x.swap(p, q);
    if let Some(w) = w {
        w.swap(p, q);
    }
    norms.exchange(p, q);
    exponents.exchange(p, q);
}

/// Orders the columns by descending norm, computed afresh.
fn sort<T: Real>(isa: Isa, x: &mut Columns<'_, T>, w: &mut Columns<'_, T>, norms: &mut [T], exponents: &mut [T]) {
    let n = x.cols();
    for j in 0..n {
        norms.put(j, isa.norm(x.col(j)));
    }
    for p in 0..n {
        let longest = (p + 1..n).fold(p, |best, j| if longer(norms, exponents, j, best) { j } else { best });
        swap(x, Some(w), norms, exponents, p, longest);
    }
}
