//! Vectors of one number, for processors that have no others.

use super::{Kernel, Simd};
use crate::real::Real;

#[derive(Clone, Copy, Debug)]
pub(super) struct Scalar;

impl Scalar {
    /// Runs the kernel, in a function of its own if that is smaller.
    #[inline]
    pub fn enter<T, K: Kernel<T>>(self, kernel: K) -> K::Output
    where
        Scalar: Simd<T>,
    {
        kernel.run(self)
    }
}

impl<T: Real> Simd<T> for Scalar {
    type Vector = T;
    const LANES: usize = 1;
    const TILE: (usize, usize) = (3, 4);

    #[inline(always)]
    fn splat(self, x: T) -> T {
        x
    }
    #[inline(always)]
    fn load(self, from: &[T]) -> T {
        from.first().copied().unwrap_or_default()
    }
    #[inline(always)]
    fn store(self, x: T, to: &mut [T]) {
        if let Some(to) = to.first_mut() {
            *to = x;
        }
    }
    #[inline(always)]
    unsafe fn load_part(self, from: *const T, count: usize) -> T {
        // SAFETY: the caller's.
        if count == 0 { T::ZERO } else { unsafe { *from } }
    }
    #[inline(always)]
    unsafe fn store_part(self, x: T, to: *mut T, count: usize) {
        if count > 0 {
            // SAFETY: the caller's.
            unsafe { *to = x };
        }
    }
    #[inline(always)]
    fn add(self, x: T, y: T) -> T {
        x + y
    }
    #[inline(always)]
    fn sub(self, x: T, y: T) -> T {
        x - y
    }
    #[inline(always)]
    fn mul(self, x: T, y: T) -> T {
        x * y
    }
    #[inline(always)]
    fn div(self, x: T, y: T) -> T {
        x / y
    }
    #[inline(always)]
    fn sqrt(self, x: T) -> T {
        x.sqrt()
    }
    #[inline(always)]
    fn rough_sqrt(self, x: T) -> T {
        x.sqrt()
    }
    #[inline(always)]
    fn inverse_sqrt(self, x: T) -> T {
        T::ONE / x.sqrt()
    }
    #[inline(always)]
    fn abs(self, x: T) -> T {
        x.abs()
    }
    #[inline(always)]
    fn max(self, x: T, y: T) -> T {
        Real::max(x, y)
    }
    #[inline(always)]
    fn mul_add(self, x: T, y: T, z: T) -> T {
        x * y + z
    }
    #[inline(always)]
    fn mul_sub_from(self, x: T, y: T, z: T) -> T {
        z - x * y
    }
    #[inline(always)]
    fn select_less(self, x: T, y: T, then: T, otherwise: T) -> T {
        if x < y { then } else { otherwise }
    }
    #[inline(always)]
    fn any_less(self, x: T, y: T) -> bool {
        x < y
    }
    #[inline(always)]
    fn zip(self, x: T, y: T) -> [T; 2] {
        [x, y]
    }
    #[inline(always)]
    fn inverse_power(self, x: T) -> T {
        T::pow2(1 - x.exponent())
    }
    #[inline(always)]
    fn exponent(self, x: T) -> T {
        T::from_i32(x.exponent())
    }
    #[inline(always)]
    fn sum(self, x: T) -> T {
        x
    }
    #[inline(always)]
    fn exchange(self, x: T, _: usize) -> T {
        x
    }
}
