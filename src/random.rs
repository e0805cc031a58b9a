//! Seeded random numbers, the same on every platform and for `f32` and `f64`.
//!
//! The generator is PCG XSL RR 128/64 (O'Neill 2014) of the `rand_pcg` crate; the distributions are our own, because
//! crates change theirs. A number is a multiple of `2^-23` in `[-1, 1)`, hence exact in `f32` too. Uniform numbers serve
//! as well as normal ones for a random start: a sketch only needs independent, centred, sub-Gaussian entries (Halko,
//! Martinsson & Tropp, SIAM Review 53, 2011; Vershynin, High-Dimensional Probability, 2018, section 4.6), and they need
//! no transcendental function.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng;

use crate::real::Real;
use crate::view::MatMut;

/// A stream of uniformly distributed numbers.
#[derive(Clone, Debug)]
pub struct Uniform(Pcg64);

impl Uniform {
    /// The stream that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        // The second constant selects one of the generator's streams; digits of pi serve as well as any.
        Uniform(Pcg64::new(u128::from(seed), 0x2437_3f6a_8885_a308_d313_198a_2e03_7073))
    }

    /// A number in `[-1, 1)`, with mean 0 and variance 1/3.
    #[inline]
    pub fn symmetric<T: Real>(&mut self) -> T {
        let top = (self.0.next_u64() >> 40) as i32;
        T::from_f64(f64::from(top - (1 << 23)) * (1.0 / f64::from(1 << 23)))
    }

    /// A number in `(0, 1]`.
    #[inline]
    pub fn positive<T: Real>(&mut self) -> T {
        (T::ONE - self.symmetric::<T>()) * T::from_f64(0.5)
    }

    /// Fills a matrix, row after row, with numbers in `(0, 1]` times `scale`.
    pub(crate) fn fill<T: Real>(&mut self, x: &mut MatMut<'_, T>, scale: T) {
        for i in 0..x.as_ref().filled_rows() {
            for j in 0..x.cols() {
                x.put(i, j, scale * self.positive());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn the_stream_is_fixed_for_ever() {
        // Computed with arbitrary-precision integers from the generator's definition.
        let mut uniform = Uniform::new(42);
        let values: Vec<f64> = (0..4).map(|_| uniform.symmetric()).collect();
        assert_eq!(values, [-0.5609797239303589, -0.1394181251525879, -0.12445926666259766, -0.7158458232879639]);
    }

    #[test]
    fn moments_are_those_of_the_uniform_distribution() {
        let mut uniform = Uniform::new(1);
        let n = 100_000;
        let values: Vec<f64> = (0..n).map(|_| uniform.symmetric()).collect();
        let moment = |p: i32| values.iter().map(|x| x.powi(p)).sum::<f64>() / f64::from(n);
        assert!(moment(1).abs() < 0.01 && (moment(2) - 1.0 / 3.0).abs() < 0.01 && (moment(4) - 0.2).abs() < 0.01);
        assert!(values.iter().all(|x| (-1.0..1.0).contains(x)));
        assert!((0..1000).all(|_| (f32::MIN_POSITIVE..=1.0).contains(&uniform.positive::<f32>())));
    }
}
