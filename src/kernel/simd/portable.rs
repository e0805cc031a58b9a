//! Vectors as arrays: what the compiler makes of them on any machine, and no operation that rounds differently anywhere.

use super::Simd;
use crate::real::Real;

#[derive(Clone, Copy, Debug)]
pub(super) struct Portable;

const LANES: usize = 4;

#[inline(always)]
fn zip<T: Real>(x: [T; LANES], y: [T; LANES], op: impl Fn(T, T) -> T) -> [T; LANES] {
    [op(x[0], y[0]), op(x[1], y[1]), op(x[2], y[2]), op(x[3], y[3])]
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
        for (x, from) in x.iter_mut().zip(from) {
            *x = *from;
        }
        x
    }
    #[inline(always)]
    fn store(self, x: [T; LANES], to: &mut [T]) {
        match to.first_chunk_mut() {
            Some(all) => *all = x,
            None => {
                for (to, x) in to.iter_mut().zip(x) {
                    *to = x;
                }
            }
        }
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
        zip(x, x, |x, _| x.sqrt())
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
        zip(x, x, |x, _| x.abs())
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
        for i in 0..LANES {
            if x[i] < y[i] {
                z[i] = then[i];
            }
        }
        z
    }
    #[inline(always)]
    fn any_less(self, x: [T; LANES], y: [T; LANES]) -> bool {
        (x[0] < y[0]) | (x[1] < y[1]) | (x[2] < y[2]) | (x[3] < y[3])
    }
    #[inline(always)]
    fn zip(self, x: [T; LANES], y: [T; LANES]) -> [[T; LANES]; 2] {
        [[x[0], y[0], x[1], y[1]], [x[2], y[2], x[3], y[3]]]
    }
    #[inline(always)]
    fn inverse_power(self, x: [T; LANES]) -> [T; LANES] {
        x.map(|x| T::pow2(1 - x.exponent()))
    }
    #[inline(always)]
    fn exponent(self, x: [T; LANES]) -> [T; LANES] {
        x.map(|x| T::from_i32(x.exponent()))
    }
    #[inline(always)]
    fn sum(self, [a, b, c, d]: [T; LANES]) -> T {
        (a + c) + (b + d)
    }
    #[inline(always)]
    fn exchange(self, [a, b, c, d]: [T; LANES], bits: usize) -> [T; LANES] {
        let [a, b, c, d] = if bits & 1 == 0 { [a, b, c, d] } else { [b, a, d, c] };
        if bits & 2 == 0 { [a, b, c, d] } else { [c, d, a, b] }
    }
}
