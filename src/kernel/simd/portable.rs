//! Vectors as arrays: what the compiler makes of them on any machine, and no operation that rounds differently anywhere.

use super::Simd;
use crate::real::Real;

#[derive(Clone, Copy, Debug)]
pub(super) struct Portable;

const LANES: usize = 4;

#[inline(always)]
fn zip<T: Real>(x: [T; LANES], y: [T; LANES], op: impl Fn(T, T) -> T) -> [T; LANES] {
    let mut z = x;
    z.iter_mut().zip(y).for_each(|(z, y)| *z = op(*z, y));
    z
}

impl<T: Real> Simd<T> for Portable {
    type Vector = [T; LANES];
    const LANES: usize = LANES;
    const TILE: (usize, usize) = (2, 4);

    #[inline(always)]
    fn splat(self, x: T) -> [T; LANES] {
        [x; LANES]
    }
    #[inline(always)]
    fn load(self, from: &[T]) -> [T; LANES] {
        if let Some(all) = from.first_chunk() {
            return *all;
        }
        let mut x = [T::ZERO; LANES];
        x.iter_mut().zip(from).for_each(|(x, from)| *x = *from);
        x
    }
    #[inline(always)]
    fn store(self, x: [T; LANES], to: &mut [T]) {
        to.iter_mut().zip(x).for_each(|(to, x)| *to = x);
    }
    #[inline(always)]
    unsafe fn load_part(self, from: *const T, count: usize) -> [T; LANES] {
        // SAFETY: the caller's.
        self.load(unsafe { core::slice::from_raw_parts(from, count.min(LANES)) })
    }
    #[inline(always)]
    unsafe fn store_part(self, x: [T; LANES], to: *mut T, count: usize) {
        // SAFETY: the caller's.
        self.store(x, unsafe { core::slice::from_raw_parts_mut(to, count.min(LANES)) });
    }
    #[inline(always)]
    fn add(self, x: [T; LANES], y: [T; LANES]) -> [T; LANES] {
        zip(x, y, |x, y| x + y)
    }
    #[inline(always)]
    fn sub(self, x: [T; LANES], y: [T; LANES]) -> [T; LANES] {
        zip(x, y, |x, y| x - y)
    }
    #[inline(always)]
    fn mul(self, x: [T; LANES], y: [T; LANES]) -> [T; LANES] {
        zip(x, y, |x, y| x * y)
    }
    #[inline(always)]
    fn div(self, x: [T; LANES], y: [T; LANES]) -> [T; LANES] {
        zip(x, y, |x, y| x / y)
    }
    #[inline(always)]
    fn sqrt(self, x: [T; LANES]) -> [T; LANES] {
        x.map(Real::sqrt)
    }
    #[inline(always)]
    fn rough_sqrt(self, x: [T; LANES]) -> [T; LANES] {
        self.sqrt(x)
    }
    #[inline(always)]
    fn inverse_sqrt(self, x: [T; LANES]) -> [T; LANES] {
        self.div([T::ONE; LANES], self.sqrt(x))
    }
    #[inline(always)]
    fn abs(self, x: [T; LANES]) -> [T; LANES] {
        x.map(Real::abs)
    }
    #[inline(always)]
    fn max(self, x: [T; LANES], y: [T; LANES]) -> [T; LANES] {
        zip(x, y, Real::max)
    }
    #[inline(always)]
    fn mul_add(self, x: [T; LANES], y: [T; LANES], z: [T; LANES]) -> [T; LANES] {
        self.add(self.mul(x, y), z)
    }
    #[inline(always)]
    fn mul_sub_from(self, x: [T; LANES], y: [T; LANES], z: [T; LANES]) -> [T; LANES] {
        self.sub(z, self.mul(x, y))
    }
    #[inline(always)]
    fn select_less(self, x: [T; LANES], y: [T; LANES], then: [T; LANES], otherwise: [T; LANES]) -> [T; LANES] {
        let mut z = otherwise;
        for (((z, then), x), y) in z.iter_mut().zip(then).zip(x).zip(y) {
            if x < y {
                *z = then;
            }
        }
        z
    }
    #[inline(always)]
    fn inverse_power(self, x: [T; LANES]) -> [T; LANES] {
        x.map(|x| T::pow2(1 - x.exponent()))
    }
    #[inline(always)]
    fn sum(self, [a, b, c, d]: [T; LANES]) -> T {
        (a + c) + (b + d)
    }
}
