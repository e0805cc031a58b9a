//! Jacobi from a V that is nearly right, for a matrix that changes little from one call to the next.
//!
//! ```text
//! A V = Q R          nearly orthogonal columns, so R is nearly diagonal
//! R W = X            one to three sweeps
//! X = Y diag(s)
//! A = (Q Y) diag(s) (V W)^T
//! ```
//!
//! `W = R^-1 X`, as in `solved.rs`. A product of many orthogonal matrices drifts; so V first takes a step of the Newton
//! iteration towards the nearest orthogonal matrix, `V (3 I - V^T V) / 2`, which squares its distance (Higham, Functions of
//! Matrices, 2008, section 8.3).

use super::solved::{self, Factor};
use super::{jacobi, jacobi_scratch_len, write_values};
use crate::check;
use crate::columns::Columns;
use crate::error::{Error, Operand};
use crate::householder::{Side, apply};
use crate::kernel::{gemm, gemm_scratch_len};
use crate::qr::factor_blocked;
use crate::range::{copy_scaled, scaling_exponent};
use crate::real::Real;
use crate::scratch::{ALIGNMENT, aligned, enough, max, split, sum, times};
use crate::svd::{Info, Options, check_outputs, fix_pair};
use crate::triangular::invert_upper_blocked;
use crate::view::{MatMut, MatRef};

/// Elements of scratch for [`jacobi_warm`] of an `m x n` matrix, whatever the outputs.
pub const fn jacobi_warm_scratch_len(m: usize, n: usize) -> usize {
    max(jacobi_scratch_len(m, n), sum(layout(m, n)))
}

/// A, A V, `tau`, V, the inverse of R, X, norms, and what the steps need.
const fn layout(m: usize, n: usize) -> [usize; 8] {
    let square = times(n, n);
    [
        times(m, n),
        times(m, n),
        n,
        square,
        square,
        sum([square, ALIGNMENT]),
        n,
        max(solved::steps_len(m, n), gemm_scratch_len(m, n, n)),
    ]
}

/// As [`jacobi`], from the V of a similar matrix: `v` is read and overwritten.
///
/// A is `m x n` with `m >= n`, and `v` is `n x n`. For an A close to the one that `v` belongs to, one to three sweeps suffice.
/// Any V with columns orthonormal to within `sqrt(eps)` is right, and is made orthonormal to working precision, so that
/// nothing drifts over many steps. A V that is not is ignored, as it is where A is too close to singular: the result then is
/// that of [`jacobi`].
///
/// The values are accurate relative to the largest. They depend on the V that was given, in their last digits.
///
/// # Errors
/// As [`jacobi`]; `Shape` about A if it has more columns than rows (pass its transpose), and `NonFinite` about the right
/// factor. Nothing is changed in any of these.
pub fn jacobi_warm<T: Real>(
    a: MatRef<'_, T>,
    s: &mut [T],
    u: Option<MatMut<'_, T>>,
    v: MatMut<'_, T>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    let (m, n) = a.shape();
    if m < n {
        return Err(Error::Shape { operand: Operand::A, expected: (n, n), given: (m, n) });
    }
    let mut v = Some(v);
    let mut u = u;
    check_outputs((m, n), s, &u, &v, options)?;
    check::exact_index::<T>(n)?;
    enough(scratch, jacobi_warm_scratch_len(m, n))?;
    let exponent = scaling_exponent(check::finite(a, Operand::A)?);
    if let Some(v) = &mut v {
        check::finite(v.as_ref(), Operand::Right)?;
        if let Some(info) = update(a, exponent, s, u.as_mut(), v, options, scratch)? {
            fix_pair(u.as_mut(), Some(v), n);
            return Ok(info);
        }
    }
    jacobi(a, s, u, v, options, scratch)
}

/// The decomposition from V; nothing, and no output changed, if V is not orthonormal or the rotations cannot be solved for.
fn update<T: Real>(
    a: MatRef<'_, T>,
    exponent: i32,
    s: &mut [T],
    left: Option<&mut MatMut<'_, T>>,
    v: &mut MatMut<'_, T>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Option<Info>, Error> {
    let ((m, n), execution) = (a.shape(), options.execution);
    let [scaled, product, tau, basis, inverse, x, norms, steps] = split(scratch, layout(m, n))?;
    let (mut basis, mut inverse) = (Columns::new(basis, n, n), Columns::new(inverse, n, n));
    // The memory of the inverse holds the step's factor first.
    gemm(T::from_f64(-0.5), v.as_ref().t(), v.as_ref(), T::ZERO, inverse.as_mut(), execution, steps)?;
    let mut square = T::ZERO;
    for j in 0..n {
        inverse.put(j, j, inverse.at(j, j) + T::from_f64(0.5));
        square += execution.isa().dot(inverse.col(j), inverse.col(j));
        inverse.put(j, j, inverse.at(j, j) + T::ONE);
    }
    // False for NaN, from entries whose squares overflow.
    let orthonormal = square <= T::EPSILON;
    if !orthonormal {
        return Ok(None);
    }
    gemm(T::ONE, v.as_ref(), inverse.as_ref(), T::ZERO, basis.as_mut(), execution, steps)?;

    let (mut scaled, mut qr) = (Columns::new(scaled, m, n), Columns::new(product, m, n));
    copy_scaled(a, exponent, &mut scaled);
    gemm(T::ONE, scaled.as_ref(), basis.as_ref(), T::ZERO, qr.as_mut(), execution, steps)?;
    factor_blocked(&mut qr, tau, execution, steps)?;
    let mut x = Columns::new(aligned(x, n * n), n, n);
    x.copy_upper(&qr);
    invert_upper_blocked(qr.as_ref(), &mut inverse, execution, steps)?;
    let mut factor = Factor { x, inverse: inverse.as_ref(), norms };
    let Some((sweeps, converged)) = factor.rotate(options, steps)? else { return Ok(None) };
    write_values(factor.norms, options.given_back(exponent), T::from_f64(options.threshold), s)?;

    let w = &mut scaled.as_mut().submatrix(0, 0, n, n);
    gemm(T::ONE, factor.inverse, factor.x.as_ref(), T::ZERO, w.rb(), execution, steps)?;
    gemm(T::ONE, basis.as_ref(), w.as_ref(), T::ZERO, v.rb(), execution, steps)?;
    if let Some(left) = left {
        factor.put_left(left, options);
        apply(Side::Forward, qr.as_ref(), tau, left.rb(), execution, steps)?;
    }
    Ok(Some(Info::new(converged, sweeps, s, exponent)))
}
