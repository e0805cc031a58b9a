//! The SVD of a small matrix, or of a long one with a small side, by one-sided Jacobi.
//!
//! ```text
//! A = Q R                       if A has more than 16 rows: one reflector after the other, or block by block (`tall`)
//! A W = X  (or R W = X)         rotations from the right until the columns of X are orthogonal: `lanes`
//! X = U diag(s),  V = W         their norms are the values (Hestenes 1958); U is then multiplied by Q
//! ```
//!
//! A wide matrix is the transpose of a tall one. Columns are formed as exactly as their own length allows, so U is
//! orthonormal even where values are rounding errors. A column of zeros has a left vector that completes the others to a
//! basis. Where squares of a column that does not vanish underflow, or the sweeps do not end, all is left to
//! [`jacobi_unblocked`].

mod columns;
mod lanes;
mod rotations;
mod three;

use super::{Info, Options, complete, fix_pair, jacobi_unblocked, jacobi_unblocked_scratch_len};
use crate::check;
use crate::columns::{Columns, Total, with_adjacent_rows};
use crate::error::{Error, Operand};
use crate::kernel::Isa;
use crate::qr::factor;
use crate::range::{copy_scaled, scaling_exponent};
use crate::real::Real;
use crate::scratch::{max, min, split, sum, times};
use crate::tall;
use crate::view::{MatMut, MatRef};
use lanes::Lanewise;

/// The largest short side, and the most rows that are rotated.
pub(super) const SMALL: usize = 16;

/// The most rows that are rotated without vectors; a QR factorization pays beyond.
const TALL: usize = 64;

/// Most columns that reflectors are applied to together where copies are needed.
const COPIED: usize = 4;

/// Elements of scratch for [`small`] of an `m x n` matrix.
#[inline]
pub(super) const fn small_scratch_len(m: usize, n: usize) -> usize {
    max(sum(layout(max(m, n), min(m, n))), jacobi_unblocked_scratch_len(m, n))
}

/// For `l x k`: the QR factorization or the columns found, its factors, U of the triangle, its columns found, and what the
/// steps need, in turn.
const fn layout(l: usize, k: usize) -> [usize; 5] {
    let in_blocks = max(tall::factor_scratch_len(l, k), tall::apply_len(l, SMALL, k));
    let steps = max(times(max(min(COPIED, k), 1), l), in_blocks);
    [times(l, k), max(k, tall::tau_len(l, k)), times(k, k), times(k, k), steps]
}

/// The singular value decomposition of a matrix whose smaller dimension is at most [`SMALL`], as
/// [`svd`](fn@super::svd). The shapes are right, and there is scratch enough.
pub(super) fn small<T: Real>(
    a: MatRef<'_, T>,
    s: &mut [T],
    mut u: Option<MatMut<'_, T>>,
    mut v: Option<MatMut<'_, T>>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    let (m, n) = a.shape();
    let (l, k) = (m.max(n), m.min(n));
    let wide = m < n;
    let left_rules = v.is_some() == wide;
    let (own_u, own_v) = (u.as_mut().map(MatMut::rb), v.as_mut().map(MatMut::rb));
    let (left, right) = if wide { (own_v, own_u) } else { (own_u, own_v) };
    let tall_a = if wide { a.t() } else { a };
    let job = |source| Lanewise { a: tall_a, source, s: &mut *s, left, right, left_rules, options };
    let one_by_one = options.execution.isa().is_scalar();
    let done = if l <= if one_by_one { TALL } else { SMALL } {
        square(job(Source::Matrix), scratch).map_err(|error| if wide { error.transposed() } else { error })?
    } else if one_by_one {
        None
    } else {
        let exponent = scaling_exponent(check::finite(a, Operand::A)?);
        tall(job(Source::Triangle { exponent }), exponent, scratch)?
    };
    match done {
        Some((info, signed)) => {
            if !signed {
                fix_pair(u.as_mut(), v.as_mut(), k);
            }
            Ok(info)
        }
        None => jacobi_unblocked(a, s, u, v, options, scratch),
    }
}

/// What the lanes are given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The matrix in question: whether its entries are finite is still to be seen, and its U is what is asked for.
    Matrix,
    /// The triangle R of `2^exponent` times that matrix: finite, and its U is still to be multiplied by Q.
    Triangle { exponent: i32 },
}

/// Few rows: A itself is rotated. Returns also whether all signs follow the rule; nothing if the other method is needed.
fn square<T: Real>(mut job: Lanewise<'_, '_, T>, scratch: &mut [T]) -> Result<Option<(Info, bool)>, Error> {
    let isa = job.options.execution.isa();
    let Some((info, found)) = job.decompose(isa, scratch)? else { return Ok(None) };
    let missing = job.left.as_mut().filter(|left| found < left.cols());
    let signed = missing.is_none();
    if let Some(left) = missing {
        let [columns, tau, _, _, buffer] = split(scratch, layout(left.rows(), job.a.cols()))?;
        complete_view(isa, left, found, columns, tau, buffer);
    }
    Ok(Some((info, signed)))
}

/// Many rows: R of `2^exponent A = Q R` is rotated. Returns what [`square`] does.
fn tall<T: Real>(job: Lanewise<'_, '_, T>, exponent: i32, scratch: &mut [T]) -> Result<Option<(Info, bool)>, Error> {
    let Lanewise { a, source, s, left, right, left_rules, options } = job;
    let ((l, k), execution) = (a.shape(), options.execution);
    let isa = execution.isa();
    let [work, tau, small, columns, steps] = split(scratch, layout(l, k))?;
    let mut work = Columns::new(work, l, k);
    let mut r = Columns::new(columns, k, k);
    let in_blocks = tall::pays(l, k);
    if in_blocks {
        tall::factor(a, exponent, &mut r, work.as_mut_slice(), tau, execution, steps)?;
    } else {
        copy_scaled(a, exponent, &mut work);
        factor(isa, &mut work, tau.get_mut(..k).unwrap_or_default());
        r.copy_upper(&work);
    }
    let mut small = Columns::new(small, k, k);
    let of_r = left.is_some().then(|| small.as_mut());
    let mut job = Lanewise { a: r.as_ref(), source, s, left: of_r, right, left_rules, options };
    let Some((info, found)) = job.decompose(isa, steps)? else { return Ok(None) };
    let Some(mut left) = left else { return Ok(Some((info, false))) };

    if found < k {
        let [factors, buffer] = split(steps, [k, k])?;
        complete_view(isa, &mut small.as_mut(), found, columns, factors, buffer);
    }
    if in_blocks {
        let (mut thin, mut completion) = left.split_cols(k);
        thin.rb().submatrix(0, 0, k, k).copy_from(small.as_ref());
        tall::apply(work.as_slice(), tau, k, thin, true, execution, steps)?;
        for first in (0..completion.cols()).step_by(SMALL) {
            let mut part = completion.rb().submatrix(0, first, l, SMALL);
            part.fill(T::ZERO);
            (0..part.cols()).for_each(|j| part.put(k + first + j, j, T::ONE));
            tall::apply(work.as_slice(), tau, k, part, false, execution, steps)?;
        }
    } else {
        left.set_identity();
        left.rb().submatrix(0, 0, k, k).copy_from(small.as_ref());
        with_adjacent_rows(left, steps, |_, mut part| {
            for j in (0..k).rev() {
                let v = work.col(j).get(j + 1..).unwrap_or_default();
                isa.reflect_columns(v, tau.at(j), part.rb().submatrix(j, 0, l, l));
            }
        });
    }
    Ok(Some((info, false)))
}

/// Gives U an orthonormal basis of what its first `found` columns leave.
fn complete_view<T: Real>(
    isa: Isa,
    u: &mut MatMut<'_, T>,
    found: usize,
    columns: &mut [T],
    tau: &mut [T],
    buffer: &mut [T],
) {
    let (rows, cols) = u.shape();
    let mut columns = Columns::new(columns.get_mut(..rows * found).unwrap_or_default(), rows, found);
    columns.as_mut().copy_from(u.as_ref().submatrix(0, 0, rows, found));
    let tau = tau.get_mut(..found).unwrap_or_default();
    complete(isa, &mut columns, cols, tau, buffer, |j, column| {
        column.iter().enumerate().for_each(|(i, x)| u.put(i, j, *x));
    });
}
