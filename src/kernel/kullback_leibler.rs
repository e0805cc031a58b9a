//! The entries of X and those of an approximation: their quotients, and the Kullback-Leibler divergence.
//!
//! `d(x, v) = x ln(x / v) - x + v` is a small difference of large terms where x is near v. With `n` such that
//! `y = 2^-n x` is within a factor of `sqrt(2)` of v, and `s = (y - v) / (y + v)`, whose numerator is exact,
//!
//! ```text
//! ln(y / v) = 2 artanh s = 2 (s + r),     r = s^3/3 + s^5/5 + ...
//! d(y, v)   = (y + v) (s^2 + (1 + s) r)
//! d(x, v)   = 2^n d(y, v) + n ln(2) x + (1 - 2^n) v
//! ```
//!
//! which is as accurate as x and v are for `n = 0`, and otherwise to within some ten roundings.

use super::simd::{Kernel, Simd};
use crate::real::Real;

/// `1 / (2 i + 3)`: beyond the last, the powers of `|s| < 0.1716` are less than the rounding of the first.
const SERIES: [f64; 10] = [
    1.0 / 3.0,
    1.0 / 5.0,
    1.0 / 7.0,
    1.0 / 9.0,
    1.0 / 11.0,
    1.0 / 13.0,
    1.0 / 15.0,
    1.0 / 17.0,
    1.0 / 19.0,
    1.0 / 21.0,
];

/// The sum of `d(x, max(v, floor))`, in which nothing is divided by the v of a zero x: that adds v.
pub(crate) struct KullbackLeibler<'a, T> {
    pub x: &'a [T],
    pub v: &'a [T],
    /// At least `eps` times the largest x.
    pub floor: T,
}

impl<T: Real> Kernel<T> for KullbackLeibler<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) -> T {
        let number = |x: f64| simd.splat(T::from_f64(x));
        let (zero, half, one, floor) = (number(0.0), number(0.5), number(1.0), simd.splat(self.floor));
        // An x that is less beside v adds nothing to it.
        let least = simd.splat(T::EPSILON * T::EPSILON);
        let mut sum = zero;
        let count = self.x.len().min(self.v.len());
        let mut i = 0;
        while i < count {
            let (Some(x), Some(v)) = (self.x.get(i..count), self.v.get(i..count)) else { break };
            let (given, v) = (simd.load(x), simd.load(v));
            let at_least = simd.max(v, floor);
            let x = simd.select_less(zero, given, given, at_least);
            let quotient = simd.max(simd.div(x, at_least), least);
            let power = simd.inverse_power(quotient);
            let exponent = simd.exponent(quotient);
            // The quotient times this is from 2 to 4.
            let upper = simd.mul(quotient, power);
            let bound = number(2.0 * core::f64::consts::SQRT_2);
            let n = simd.select_less(upper, bound, exponent, simd.add(exponent, one));
            let down = simd.mul(power, simd.select_less(upper, bound, half, number(0.25)));
            let up = simd.mul(simd.inverse_power(down), half);
            let y = simd.mul(x, down);
            let both = simd.add(y, at_least);
            let s = simd.div(simd.sub(y, at_least), both);
            let square = simd.mul(s, s);
            let mut series = number(SERIES[SERIES.len() - 1]);
            let mut term = SERIES.len() - 1;
            while term > 0 {
                term -= 1;
                series = simd.mul_add(series, square, number(SERIES[term]));
            }
            let rest = simd.mul(simd.mul_add(s, s, s), series);
            let near = simd.mul(simd.mul(both, square), simd.add(one, rest));
            let far =
                simd.mul_add(simd.mul(n, x), number(core::f64::consts::LN_2), simd.mul(at_least, simd.sub(one, up)));
            let divergence = simd.mul_add(up, near, far);
            sum = simd.add(sum, simd.select_less(zero, given, divergence, v));
            i += S::LANES;
        }
        simd.sum(sum)
    }
}

/// `v <- x / max(v, floor)`
pub(crate) struct Quotients<'a, T> {
    pub x: &'a [T],
    pub v: &'a mut [T],
    pub floor: T,
}

impl<T: Real> Kernel<T> for Quotients<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let floor = simd.splat(self.floor);
        let count = self.x.len().min(self.v.len());
        let mut i = 0;
        while i < count {
            let (Some(x), Some(v)) = (self.x.get(i..count), self.v.get_mut(i..count)) else { break };
            simd.store(simd.div(simd.load(x), simd.max(simd.load(v), floor)), v);
            i += S::LANES;
        }
    }
}

/// A row of a sparse X, `x_j` for some j, with its row w of W, and H^T.
pub(crate) struct QuotientRow<'a, T> {
    pub columns: &'a [u32],
    pub values: &'a [T],
    /// X is `2^exponent` times what is worked with.
    pub exponent: i32,
    pub w: &'a [T],
    /// `n x k`, row after row.
    pub ht: &'a [T],
    pub floor: T,
    pub out: Out<'a, T>,
}

/// Where the quotients `q_j = x_j / max(w . h_j, floor)` go.
pub(crate) enum Out<'a, T> {
    /// This gains `sum_j q_j h_j`.
    Row(&'a mut [T]),
    /// Row `j` of this gains `q_j w`.
    Rows(&'a mut [T]),
}

impl<T: Real> Kernel<T> for QuotientRow<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let k = self.w.len();
        for p in 0..self.columns.len().min(self.values.len()) {
            let start = self.columns[p] as usize * k;
            let Some(h) = self.ht.get(start..start + k) else { break };
            let mut product = simd.splat(T::ZERO);
            let mut i = 0;
            while i < k {
                let (Some(w), Some(h)) = (self.w.get(i..), h.get(i..)) else { break };
                product = simd.mul_add(simd.load(w), simd.load(h), product);
                i += S::LANES;
            }
            let x = if self.exponent == 0 { self.values[p] } else { self.values[p].scale(-self.exponent) };
            let quotient = simd.splat(x / simd.sum(product).max(self.floor));
            let (from, to) = match &mut self.out {
                Out::Row(sum) => (h, &mut **sum),
                Out::Rows(rows) => (self.w, rows.get_mut(start..start + k).unwrap_or_default()),
            };
            let mut i = 0;
            while i < k {
                let (Some(from), Some(to)) = (from.get(i..k), to.get_mut(i..)) else { break };
                simd.store(simd.mul_add(quotient, simd.load(from), simd.load(to)), to);
                i += S::LANES;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Isa;
    use proptest::prelude::*;

    /// The sums over j >= 2 of `(-e)^j / (j (j - 1))`, `(1 + e) ln(1 + e) - e` as a series, for small `e = x / v - 1`, and
    /// the definition for others.
    fn expected(x: f64, v: f64) -> f64 {
        let excess = (x - v) / v;
        if x == 0.0 {
            v
        } else if excess.abs() < 0.25 {
            let series = (2..60).rev().fold(0.0, |sum, j| sum * -excess + 1.0 / f64::from(j * (j - 1)));
            v * excess * excess * series
        } else {
            x * (x / v).ln() - x + v
        }
    }

    fn check<T: Real>(x: f64, v: f64) {
        let [x, v] = [x, v].map(T::from_f64);
        let expected = expected(x.to_f64(), v.to_f64());
        for isa in Isa::all() {
            for count in [1, 5, 17] {
                let (x, v) = ([x; 17], [v; 17]);
                let kernel = KullbackLeibler { x: &x[..count], v: &v[..count], floor: T::MIN_POSITIVE };
                let given = isa.run(kernel).to_f64() / count as f64;
                let error = (given - expected).abs();
                let bound = 40.0 * T::EPSILON.to_f64() * expected;
                assert!(error <= bound, "{isa:?}, {count} of d({x:?}, {v:?}): {given} for {expected}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_divergence_is_true_to_its_digits(near in -0.3..0.3, far in -40.0..40.0, size in -1.0..1.0) {
            for quotient in [1.0, 1.0 + near, 1.0 + 1e-6 * near, f64::exp2(far), 0.0] {
                // Sums of 17 terms stay in range.
                let [large, small] = [900.0, 70.0].map(|range| f64::exp2(range * size));
                check::<f64>(quotient * large, large);
                check::<f32>(quotient * small, small);
            }
        }
    }

    #[test]
    fn tiny_entries_and_those_at_the_seams_too() {
        let root = core::f64::consts::SQRT_2;
        for near in [root, 1.0 / root, 2.0 * root, 2.0, 0.5] {
            for ulps in [-3.0, -1.0, 0.0, 1.0, 3.0] {
                check::<f64>(near * (1.0 + ulps * f64::EPSILON), 1.0);
                check::<f32>(near * (1.0 + ulps * f64::from(f32::EPSILON)), 1.0);
            }
        }
        for tiny in [1e-300, 1e-308, 5e-324, 1e-60, 1e-40] {
            check::<f64>(tiny, 1.0);
            check::<f32>(tiny, 1.0);
        }
    }

    #[test]
    fn a_zero_needs_no_floor_and_other_entries_do() {
        for isa in Isa::all() {
            let given = |x, v| isa.run(KullbackLeibler { x: &[x], v: &[v], floor: 0.5 });
            assert_eq!([given(0.0, 0.25), given(0.0, 0.0), given(0.5, 0.25), given(0.5, 0.0)], [0.25, 0.0, 0.0, 0.0]);
            assert!((given(1.0, 0.0) - (2f64.ln() - 0.5)).abs() < 1e-15);
        }
    }
}
