//! What [`Lanes`](super::Lanes) does to slices, in plain Rust.

use crate::real::Real;

/// `sqrt(x)`, correctly rounded.
#[cfg(not(feature = "std"))]
#[cfg_attr(target_arch = "arm", allow(dead_code, reason = "Cortex-M has an instruction"))]
#[inline]
pub(crate) fn sqrt(x: f32) -> f32 {
    libm::sqrtf(x)
}

#[inline]
pub(super) fn dot<T: Real>(x: &[T], y: &[T]) -> T {
    // The remainders of fours begin in the same place.
    let n = x.len().min(y.len());
    let (x, y) = (x.get(..n).unwrap_or_default(), y.get(..n).unwrap_or_default());
    let mut sums = [T::ZERO; 4];
    let ((xs, x_rest), (ys, y_rest)) = (x.as_chunks::<4>(), y.as_chunks::<4>());
    for (x, y) in xs.iter().zip(ys) {
        for l in 0..4 {
            sums[l] += x[l] * y[l];
        }
    }
    let [a, b, c, d] = sums;
    let mut sum = (a + b) + (c + d);
    for (x, y) in x_rest.iter().zip(y_rest) {
        sum += *x * *y;
    }
    sum
}

#[inline]
pub(super) fn largest<T: Real>(x: &[T]) -> T {
    let mut largest = T::ZERO;
    for x in x {
        largest = x.abs().max(largest);
    }
    largest
}

#[inline]
pub(super) fn axpy<T: Real>(a: T, x: &[T], y: &mut [T]) {
    for (x, y) in x.iter().zip(y) {
        *y += a * *x;
    }
}

#[inline]
pub(super) fn combine<T: Real>(x: &mut [T], y: &mut [T], [a, b]: [T; 2], [c, d]: [T; 2]) {
    for (x, y) in x.iter_mut().zip(y) {
        let (step_x, step_y) = (a * *x + b * *y, c * *x + d * *y);
        *x += step_x;
        *y += step_y;
    }
}

#[inline]
pub(super) fn turn<T: Real>(x: &mut [T], y: &mut [T], half: T, sine: T) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += half * *y;
        *y -= sine * *x;
        *x += half * *y;
    }
}

#[inline]
pub(super) fn swap<T>(x: &mut [T], y: &mut [T]) {
    for (x, y) in x.iter_mut().zip(y) {
        core::mem::swap(x, y);
    }
}
