//! Householder reflectors `H = I - tau v v^T` with `v_0 = 1`, as LAPACK stores them.
//!
//! `H x = beta e_0` with `beta = -sign(x_0) |x|`, the sign that adds instead of cancelling, so `v = (x - beta e_0) /
//! (x_0 - beta)` and `tau = (beta - x_0) / beta` lies in [1, 2] (Golub & Van Loan, Matrix Computations, section 5.1).

use crate::kernel::Isa;
use crate::real::Real;

/// Replaces `x` by `beta` followed by `v_1, v_2, ...`, and returns `tau`; 0, hence `H = I`, if there is nothing to reflect.
pub(crate) fn reflector<T: Real>(isa: Isa, x: &mut [T]) -> T {
    let Some((_, rest)) = x.split_first() else { return T::ZERO };
    if rest.iter().all(|x| *x == T::ZERO) {
        return T::ZERO;
    }
    // H is orthogonal only as far as `tau` fits `v`, so both are computed from numbers with all their digits.
    let largest = isa.max_abs(x).exponent();
    let shift = if largest < T::MIN_EXPONENT + 2 * T::SIGNIFICAND_BITS as i32 { -largest } else { 0 };
    if shift != 0 {
        x.iter_mut().for_each(|x| *x = x.scale(shift));
    }
    let whole = isa.norm(x);
    let Some((first, rest)) = x.split_first_mut() else { return T::ZERO };
    let beta = if *first > T::ZERO { -whole } else { whole };
    let difference = *first - beta;
    rest.iter_mut().for_each(|x| *x /= difference);
    *first = beta.scale(-shift);
    -difference / beta
}

/// `x <- H x` for the reflector with the stored column `v` (whose first element is not read) and `tau`.
#[inline]
pub(crate) fn reflect<T: Real>(isa: Isa, v: &[T], tau: T, x: &mut [T]) {
    if let (Some((_, v)), Some((first, rest))) = (v.split_first(), x.split_first_mut()) {
        let step = tau * (*first + isa.dot(v, rest));
        *first -= step;
        isa.axpy(-step, v, rest);
    }
}
