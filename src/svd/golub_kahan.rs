//! The SVD by way of a bidiagonal matrix.
//!
//! ```text
//! A = Q R                       if A is tall: the rest then works on a square (very tall: block by block, `tall`)
//! R = Q' B P^T                  bidiagonalization, `bidiagonalize`
//! B = X diag(s) Y^T             the bidiagonal SVD, `bidiagonal`
//! A = (Q Q' X) diag(s) (P Y)^T  the reflectors applied in blocks
//! ```
//!
//! Golub & Kahan 1965; the QR factorization first is Chan's (TOMS 8, 1982). How the values are found does not depend on
//! which vectors are asked for, so they are always the same bits.

use super::bidiagonal;
use super::{Info, Options, Outputs, as_tall, write_values};
use crate::bidiagonalize::{Bidiagonal, bidiagonalize, bidiagonalize_scratch_len};
use crate::columns::Columns;
use crate::error::Error;
use crate::householder::{Side, apply, apply_scratch_len, apply_unblocked};
use crate::qr::{factor_blocked, factor_blocked_scratch_len};
use crate::range::copy_scaled;
use crate::real::Real;
use crate::scratch::{max, min, split, sum, times};
use crate::tall;
use crate::view::{MatMut, MatRef};

/// Up to this size reflectors are applied one by one, which costs fewer calls and operations than a block's factor does.
const UNBLOCKED: usize = 64;

/// Elements of scratch for [`golub_kahan`] of an `m x n` matrix, whatever the outputs.
pub const fn golub_kahan_scratch_len(m: usize, n: usize) -> usize {
    let (l, k) = (max(m, n), min(m, n));
    sum([sum(reduction(l, k)), sum(vectors(l, k))])
}

/// Elements of scratch for [`golub_kahan`] of an `m x n` matrix without vectors.
pub const fn golub_kahan_values_scratch_len(m: usize, n: usize) -> usize {
    let (l, k) = (max(m, n), min(m, n));
    sum([sum(reduction(l, k)), values(l, k)])
}

/// For `l x k`: the matrix, a square one, four numbers for each of `k` columns, those of the QR factorization, and the
/// singular values.
const fn reduction(l: usize, k: usize) -> [usize; 8] {
    [times(l, k), times(k, k), k, k, k, k, max(k, tall::tau_len(l, k)), k]
}

/// What the steps to the values need, in turn.
const fn values(l: usize, k: usize) -> usize {
    let factor = max(factor_blocked_scratch_len(l, k), tall::factor_scratch_len(l, k));
    max(max(factor, bidiagonalize_scratch_len(l, k)), bidiagonal::values_scratch_len(k))
}

/// The vectors of the bidiagonal matrix, and what the steps to the vectors need, in turn.
const fn vectors(l: usize, k: usize) -> [usize; 3] {
    let applied = max(apply_scratch_len(l, l, k), tall::apply_len(l, l, k));
    let steps = max(bidiagonal::vectors_scratch_len(k), applied);
    [times(k, k), times(k, k), max(values(l, k), steps)]
}

/// The singular value decomposition `A = U diag(s) V^T` by bidiagonalization.
///
/// A is `m x n`; with `k = min(m, n)`, `s` has `k` elements, `u` is `m x k` and `v` `n x k`, or `m x m` and `n x n` with
/// [`Vectors::Full`](super::Vectors::Full). What is given is overwritten; the values are the same bits whichever vectors
/// are asked for. The values descend; the first large entry of each column of V is positive (of U, if U alone is asked
/// for; see [`column_sign`](super::column_sign)).
///
/// Every finite matrix is accepted, whatever its scale, rank or shape. Backward stable: each value is accurate to about
/// `eps s_1`. For values that are accurate relative to themselves see [`jacobi_unblocked`](super::jacobi_unblocked).
///
/// With `l = max(m, n)`, the values take about `8/3 k^3` operations, and `2 l k^2` before if A is tall or wide; the vectors
/// about `4 l k^2` for each side, and those of the bidiagonal matrix at most `4/3 k^3` for each side, or `4 k^3` up to
/// `k = 48`.
///
/// Without vectors, [`golub_kahan_values_scratch_len`] is enough scratch.
///
/// # Errors
/// `Shape`, `ScratchTooSmall`, `TooLarge`, `NonFinite`; `Overflow` if the largest singular value exceeds the largest
/// number (ask for [`Options::scaled`] values then). Nothing is changed in any of these.
pub fn golub_kahan<T: Real>(
    a: MatRef<'_, T>,
    s: &mut [T],
    u: Option<MatMut<'_, T>>,
    v: Option<MatMut<'_, T>>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    let (m, n) = a.shape();
    let needed =
        if u.is_some() || v.is_some() { golub_kahan_scratch_len(m, n) } else { golub_kahan_values_scratch_len(m, n) };
    as_tall(a, s, [u, v], options, needed, scratch, |a, exponent, outputs, scratch| {
        tall(a, exponent, outputs, options, scratch)
    })
}

fn tall<T: Real>(
    a: MatRef<'_, T>,
    exponent: i32,
    outputs: Outputs<'_, '_, T>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    let Outputs { s, left, right } = outputs;
    let ((l, k), execution) = (a.shape(), options.execution);
    let reduction = reduction(l, k);
    let (first, rest) = scratch.split_at_mut_checked(sum(reduction)).unwrap_or_default();
    let [work, square, diagonal, superdiagonal, tau_left, tau_right, tau, found] = split(first, reduction)?;
    let mut work = Columns::new(work, l, k);
    let mut square = Columns::new(square, k, k);
    // The factorization is rich in matrix products, so it pays before it saves operations (from l = 5/3 k).
    let by_qr = 4 * l >= 5 * k;
    let in_blocks = tall::pays(l, k);
    if in_blocks {
        tall::factor(a, exponent, &mut square, work.as_mut_slice(), tau, execution, rest)?;
    } else {
        copy_scaled(a, exponent, &mut work);
    }
    if by_qr && !in_blocks {
        factor_blocked(&mut work, tau.get_mut(..k).unwrap_or_default(), execution, rest)?;
        square.copy_upper(&work);
    }
    let mut b = Bidiagonal { diagonal, superdiagonal, left: tau_left, right: tau_right };
    bidiagonalize(if by_qr { &mut square } else { &mut work }, &mut b, execution, rest)?;
    let superdiagonal = b.superdiagonal.get(..k.saturating_sub(1)).unwrap_or_default();
    let isa = execution.isa();
    bidiagonal::values(b.diagonal, superdiagonal, found, isa, rest)?;
    write_values(found, options.given_back(exponent), T::from_f64(options.threshold), s)?;
    if left.is_none() && right.is_none() {
        return Ok(Info::new(true, 0, s, exponent));
    }
    let [x, y, rest] = split(rest, vectors(l, k))?;
    let (mut x, mut y) = (Columns::new(x, k, k), Columns::new(y, k, k));
    let (want_x, want_y) = (left.is_some().then(|| x.as_mut()), right.is_some().then(|| y.as_mut()));
    let converged = bidiagonal::vectors(b.diagonal, superdiagonal, found, want_x, want_y, execution, rest)?;

    let reflectors = if by_qr { square.as_ref() } else { work.as_ref() };
    if let Some(left) = left {
        let rows = reflectors.rows();
        let small = k <= UNBLOCKED && rows == k;
        if small {
            apply_unblocked(isa, reflectors, b.left, x.as_mut(), rest);
        }
        if !in_blocks || left.cols() > k {
            left.set_identity();
        }
        left.rb().submatrix(0, 0, k, k).copy_from(x.as_ref());
        if !small {
            let part = left.rb().submatrix(0, 0, rows, if by_qr { k } else { l });
            apply(Side::Forward, reflectors, b.left, part, execution, rest)?;
        }
        if in_blocks {
            let (thin, completion) = left.rb().split_cols(k);
            tall::apply(work.as_slice(), tau, k, thin, true, execution, rest)?;
            if completion.cols() > 0 {
                tall::apply(work.as_slice(), tau, k, completion, false, execution, rest)?;
            }
        } else if by_qr {
            apply(Side::Forward, work.as_ref(), tau, left.rb(), execution, rest)?;
        }
    }
    if let Some(right) = right {
        let reflectors = reflectors.t().submatrix(1, 0, k.saturating_sub(1), k.saturating_sub(1));
        let mut part = y.as_mut().submatrix(1, 0, k, k);
        if k <= UNBLOCKED {
            apply_unblocked(isa, reflectors, b.right, part, rest);
        } else {
            apply(Side::Forward, reflectors, b.right, part.rb(), execution, rest)?;
        }
        right.rb().copy_from(y.as_ref());
    }
    Ok(Info::new(converged, 0, s, exponent))
}
