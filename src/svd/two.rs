//! The SVD of a 2 x 2 matrix in closed form.
//!
//! Every A is a multiple of a rotation and one of a reflection:
//!
//! ```text
//! A = [a b]  =  P/2 [cos  -sin](alpha)  +  R/2 [cos   sin](beta)
//!     [c d]         [sin   cos]                [sin  -cos]
//!
//! P (cos, sin)(alpha) = (a + d, c - b),   R (cos, sin)(beta) = (a - d, b + c)
//! s_1 = (P + R) / 2,                      s_2 = |a d - b c| / s_1
//! ```
//!
//! With U the rotation by `phi` and V that by `psi`, `U diag(s_1, +-s_2) V^T` is such a sum, of `alpha = phi - psi` and of
//! `beta = phi + psi`. No angle is formed: that of V is half of `beta - alpha`, whose sine and cosine are those of a quotient
//! of unit complex numbers, and U turns from there by `alpha`. Each of the four sums is rounded once, so nothing cancels but
//! in the determinant. Where one part is negligible to the other, its angle is any.

use super::{Info, Options, write_values};
use crate::check;
use crate::columns::Total;
use crate::error::{Error, Operand};
use crate::range::scaling_exponent;
use crate::real::Real;
use crate::view::{MatMut, MatRef};

/// Matrices whose largest entry has an exponent up to this, or down to its negative, are taken as they are.
pub(super) const NEAR: i32 = 8;

/// The decomposition of a 2 x 2 matrix, signs by the rule.
pub(super) fn two_by_two<T: Real>(
    a: MatRef<'_, T>,
    s: &mut [T],
    u: Option<MatMut<'_, T>>,
    v: Option<MatMut<'_, T>>,
    options: &Options,
) -> Result<Info, Error> {
    let [mut x, mut y, mut z, mut w] = [a.at(0, 0), a.at(0, 1), a.at(1, 0), a.at(1, 1)];
    // Zero times an infinite number is none.
    if (x + y + z + w) * T::ZERO != T::ZERO {
        check::finite(a, Operand::A)?;
    }
    let largest = x.abs().max(y.abs()).max(z.abs().max(w.abs()));
    let own = if largest == T::ZERO { 0 } else { largest.exponent() };
    let (mut shift, mut told) = (0, 0);
    if own.abs() > NEAR {
        (shift, told) = (-own, scaling_exponent(largest));
        [x, y, z, w] = [x.scale(shift), y.scale(shift), z.scale(shift), w.scale(shift)];
    }
    let (rotation, (cos_alpha, sin_alpha)) = direction(x + w, z - y);
    let (reflection, (cos_beta, sin_beta)) = direction(x - w, y + z);
    let determinant = x * w - y * z;
    let half = T::from_f64(0.5);
    let first = (rotation + reflection) * half;
    let second = if first > T::ZERO { (determinant.abs() / first).min(first) } else { T::ZERO };

    let exponent = if options.scaled { told } else { 0 } - shift;
    if exponent == 0 && options.threshold == 0.0 {
        s.put(0, first);
        s.put(1, second);
    } else {
        write_values(&[first, second], exponent, T::from_f64(options.threshold), s)?;
    }
    let nonzero = usize::from(s.at(0) > T::ZERO) + usize::from(s.at(1) > T::ZERO);
    let info = Info { converged: true, sweeps: 0, nonzero, exponent: told };
    if u.is_none() && v.is_none() {
        return Ok(info);
    }

    // Twice the angle of V; that itself is known up to half a turn, which the signs decide.
    let cosine = cos_beta * cos_alpha + sin_beta * sin_alpha;
    let sine = sin_beta * cos_alpha - cos_beta * sin_alpha;
    let larger = ((T::ONE + cosine.abs()) * half).sqrt();
    let smaller = sine * half / larger;
    let (cos_psi, sin_psi) = if cosine < T::ZERO { (smaller, larger) } else { (larger, smaller) };
    let right = [[cos_psi, sin_psi], [-sin_psi, cos_psi]];
    let left = [cos_psi * cos_alpha - sin_psi * sin_alpha, sin_psi * cos_alpha + cos_psi * sin_alpha];
    let flip = if determinant < T::ZERO { -T::ONE } else { T::ONE };
    let left = [left, [-left[1] * flip, left[0] * flip]];
    let ruling = if v.is_some() { right } else { left };
    let signs = [sign(ruling[0]), sign(ruling[1])];
    if let Some(u) = u {
        write(left, signs, u);
    }
    if let Some(v) = v {
        write(right, signs, v);
    }
    Ok(info)
}

/// The length of a vector, and its direction; of one that is negligible or whose square underflows, zero and any direction.
#[inline(always)]
fn direction<T: Real>(x: T, y: T) -> (T, (T, T)) {
    let square = x * x + y * y;
    if square < T::pow2(T::MIN_EXPONENT + 2 * T::SIGNIFICAND_BITS as i32) {
        return (T::ZERO, (T::ONE, T::ZERO));
    }
    let length = square.sqrt();
    let inverse = T::ONE / length;
    (length, (x * inverse, y * inverse))
}

/// The sign that follows the rule (see [`column_sign`](super::column_sign)).
#[inline(always)]
pub(super) fn sign<T: Real, const N: usize>(x: [T; N]) -> T {
    let largest = x.into_iter().fold(T::ZERO, |largest, x| x.abs().max(largest));
    let limit = largest * (T::ONE - T::EPSILON.sqrt());
    let first = x.into_iter().find(|x| x.abs() >= limit);
    if first.is_some_and(|first| first < T::ZERO) { -T::ONE } else { T::ONE }
}

#[inline(always)]
fn write<T: Real>([[a, b], [c, d]]: [[T; 2]; 2], [first, second]: [T; 2], mut to: MatMut<'_, T>) {
    // It has: but now the compiler knows, too.
    if to.shape() != (2, 2) {
        return;
    }
    to.put(0, 0, a * first);
    to.put(1, 0, b * first);
    to.put(0, 1, c * second);
    to.put(1, 1, d * second);
}
