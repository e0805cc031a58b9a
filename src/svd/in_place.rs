//! The SVD by way of a bidiagonal matrix, in the memory of A and a few vectors.
//!
//! ```text
//! A = Q B P^T                   bidiagonalization, step by step; the reflectors take the place of A
//! V = P,  U = Q                 their products: P in the caller's square, then Q in the place of A
//! B = X diag(s) Y^T             the values by dqds, then QR iteration; its rotations are applied to the columns of U and V
//! ```
//!
//! This is LAPACK's `dgesvd` with `jobu = 'O'` (Golub & Reinsch, Numer. Math. 14, 1970), with the parts of
//! `bidiagonalize::unblocked` and `bidiagonal::qr_iteration`. A QR factorization of a tall A first would save operations, but
//! needs a second triangle; divide and conquer needs squares.
//!
//! There is no second method to fall back to, as there is in `bidiagonal`. QR iteration needs one or two sweeps for a value
//! and may take 30; that these are enough is experience, not a theorem. If they are not, `converged` is false.

use super::bidiagonal::{self, qr_iteration};
use super::{Info, Options, fix_pair, write_values};
use crate::bidiagonalize::{Bidiagonal, bidiagonalize_unblocked, bidiagonalize_unblocked_scratch_len};
use crate::check;
use crate::error::{Error, Operand};
use crate::householder::form_unblocked;
use crate::range::scaling_exponent;
use crate::real::Real;
use crate::scratch::{enough, max, min, split, sum, times};
use crate::view::MatMut;

/// Columns, or rows, that are copied together where they are not contiguous.
const COPIED: usize = 4;

/// What A holds after [`golub_kahan_in_place`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InPlace {
    /// Nothing of use: it was working memory.
    Nothing,
    /// The singular vectors of its longer side: U if `m >= n`, else `V^T`, both `m x n`.
    #[default]
    Vectors,
}

/// Elements of scratch for [`golub_kahan_in_place`] of an `m x n` matrix, whatever the outputs: with `l = max(m, n)` and
/// `k = min(m, n)`, `5 k` and the larger of `7 l + 2 k` and `20 k + 64`.
pub const fn golub_kahan_in_place_scratch_len(m: usize, n: usize) -> usize {
    sum(layout(max(m, n), min(m, n)))
}

/// For `l x k`: diagonal and superdiagonal, two factors for each step, the values, and what the steps need, in turn.
const fn layout(l: usize, k: usize) -> [usize; 6] {
    let values = max(bidiagonalize_unblocked_scratch_len(l, k), bidiagonal::values_scratch_len(k));
    [k, k, k, k, k, max(values, max(sum(forming(l)), sum(iteration(k))))]
}

/// A column, and a few.
const fn forming(l: usize) -> [usize; 2] {
    [l, times(COPIED, l)]
}

/// The rotations of both sides, and a few rows.
const fn iteration(k: usize) -> [usize; 3] {
    let [left, right] = qr_iteration::layout(k);
    [left, right, times(COPIED, k)]
}

/// The singular value decomposition `A = U diag(s) V^T` in the memory of A.
///
/// For where there is memory for one matrix only, as on a microcontroller. A is `m x n`, of any strides, and is
/// overwritten; with `k = min(m, n)`, `s` has `k` elements. With [`InPlace::Vectors`]
///
/// | | A holds | `square` |
/// |---|---|---|
/// | `m >= n` | U, `m x n` | V, `n x n` |
/// | `m < n` | `V^T`, `m x n` | U, `m x m` |
///
/// With [`InPlace::Nothing`] A holds nothing of use; `square`, if given, holds the same as in the table. The values are the
/// same bits whichever vectors are asked for, and no result depends on the strides of A. The values descend; the first
/// large entry of each column of V is positive (of U, if U alone is asked for; see [`column_sign`](super::column_sign)).
///
/// Every finite matrix is accepted, whatever its scale, rank or shape. Backward stable: each value is accurate to about
/// `eps s_1`, as those of [`golub_kahan`](super::golub_kahan).
///
/// Operations, with `l = max(m, n)`: about `4 l k^2 - 4/3 k^3` for the values, `6 l k^2` more for the vectors in A, and
/// `6 k^3` more for those in `square`. Of the 6, 2 form the vectors of the bidiagonal reduction and 4 are plane rotations of
/// columns of A (for `m < n`, of rows). Where such a column is not contiguous, parts of it are copied to be rotated, which
/// may double the time.
///
/// Of the options, `scaled`, `threshold` and the choice of kernels count. [`Info::converged`] is false if QR iteration has met
/// its bound of 30 sweeps for each value. Then U and V are still orthonormal and `s` is right, but some entries of `U^T A V`
/// beside the diagonal are not negligible. No finite matrix is known for which that is so, but there is no
/// proof that there is none; [`golub_kahan`](super::golub_kahan), which has the memory, goes on with Jacobi.
///
/// # Errors
/// `Shape`, `ScratchTooSmall`, `NonFinite`: nothing is changed. `Overflow` if the largest singular value exceeds the largest
/// number (ask for [`Options::scaled`] values then): A is overwritten, `s` and `square` are not.
pub fn golub_kahan_in_place<T: Real>(
    mut a: MatMut<'_, T>,
    s: &mut [T],
    result: InPlace,
    mut square: Option<MatMut<'_, T>>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    options.check()?;
    let (m, n) = a.shape();
    let k = m.min(n);
    if s.len() != k {
        return Err(Error::Shape { operand: Operand::SingularValues, expected: (k, 1), given: (s.len(), 1) });
    }
    check::shape(if m >= n { Operand::Right } else { Operand::Left }, &square, (k, k))?;
    enough(scratch, golub_kahan_in_place_scratch_len(m, n))?;
    let exponent = scaling_exponent(check::finite(a.as_ref(), Operand::A)?);
    // A wide matrix is the tall one's transpose with U and V exchanged.
    let tall = if m >= n { a.rb() } else { a.rb().t() };
    let info = decompose(tall, exponent, s, result, square.as_mut().map(MatMut::rb), options, scratch)?;
    let mut vectors = (result == InPlace::Vectors).then_some(a);
    if m >= n {
        fix_pair(vectors.as_mut(), square.as_mut(), k);
    } else {
        fix_pair(square.as_mut(), vectors.map(MatMut::t).as_mut(), k);
    }
    Ok(info)
}

fn decompose<T: Real>(
    mut a: MatMut<'_, T>,
    exponent: i32,
    s: &mut [T],
    result: InPlace,
    mut square: Option<MatMut<'_, T>>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    let ((l, k), isa) = (a.shape(), options.execution.isa());
    let [diagonal, superdiagonal, left, right, found, steps] = split(scratch, layout(l, k))?;
    if exponent != 0 {
        for i in 0..l {
            for j in 0..k {
                let scaled = a.at(i, j).scale(exponent);
                a.put(i, j, scaled);
            }
        }
    }
    let mut b = Bidiagonal { diagonal, superdiagonal, left, right };
    bidiagonalize_unblocked(a.rb(), &mut b, isa, steps)?;
    let Bidiagonal { diagonal, superdiagonal, left, right } = b;
    let superdiagonal = superdiagonal.get_mut(..k.saturating_sub(1)).unwrap_or_default();

    bidiagonal::values(diagonal, superdiagonal, found, isa, steps)?;
    write_values(found, options.given_back(exponent), T::from_f64(options.threshold), s)?;
    if result == InPlace::Nothing && square.is_none() {
        return Ok(Info::new(true, 0, s, exponent));
    }

    let [column, columns] = split(steps, forming(l))?;
    if let Some(square) = square.as_mut() {
        // The first row and column of P are those of the identity.
        let inner = k.saturating_sub(1);
        square.fill(T::ZERO);
        if k > 0 {
            square.put(0, 0, T::ONE);
        }
        let mut rest = square.rb().submatrix(1, 1, inner, inner);
        rest.copy_from(a.as_ref().submatrix(0, 1, inner, inner).t());
        form_unblocked(isa, rest, right, column, columns);
    }
    let mut vectors = (result == InPlace::Vectors).then(|| a.rb());
    if let Some(vectors) = vectors.as_mut() {
        form_unblocked(isa, vectors.rb(), left, column, columns);
    }
    let memory = split(steps, iteration(k))?;
    let sweeps = qr_iteration::vectors(diagonal, superdiagonal, vectors, square, found, isa, memory);
    Ok(Info::new(sweeps.is_some(), 0, s, exponent))
}
