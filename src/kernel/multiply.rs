//! Multiplicative updates.

use super::simd::{Kernel, Simd};
use crate::real::Real;

/// `x <- x f`, entry by entry, `x >= 0`; x itself where f is infinite or none. The derivative of the objective by an entry
/// is `below - above`, both not negative, after l1 and l2 x are added to `below`.
///
/// A zero would stay for ever. If the objective falls there, it becomes the rounding error of the minimizing step, from
/// which it can grow. A result so small that its products would be subnormal, which cost time and lose digits, becomes zero.
///
/// Returns the sum of the magnitudes of the projected gradient, and the number of zeros that are none any more.
pub(crate) struct Multiply<'a, T> {
    pub x: &'a mut [T],
    pub above: &'a [T],
    pub below: &'a [T],
    /// l1 and l2
    pub weights: [T; 2],
    /// f, unless it is `above / below`.
    pub factors: Option<&'a [T]>,
    pub curvature: Curvature<T>,
}

/// The second derivative of the objective, or more.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Curvature<T> {
    /// This.
    Known(T),
    /// What takes no entry further than this.
    Within(T),
}

impl<T: Real> Kernel<T> for Multiply<'_, T> {
    type Output = (T, T);
    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) -> (T, T) {
        let (zero, one, largest) = (simd.splat(T::ZERO), simd.splat(T::ONE), simd.splat(T::MAX));
        let (least, tiny) = (simd.splat(T::MIN_POSITIVE), simd.splat(T::MIN_POSITIVE.sqrt()));
        let infinite = simd.add(largest, largest);
        let (l1, l2) = (simd.splat(self.weights[0]), simd.splat(self.weights[1]));
        let (mut gradients, mut lifted) = (zero, zero);
        let count = self.x.len().min(self.above.len()).min(self.below.len());
        let mut i = 0;
        while i < count {
            let (Some(to), Some(above)) = (self.x.get_mut(i..count), self.above.get(i..count)) else { break };
            let Some(below) = self.below.get(i..count) else { break };
            let x = simd.load(to);
            let (above, below) = (simd.load(above), simd.add(simd.load(below), simd.mul_add(l2, x, l1)));
            let factor = match self.factors {
                Some(factors) => simd.load(factors.get(i..).unwrap_or_default()),
                None => simd.div(above, below),
            };
            let gradient = simd.sub(below, above);
            let downhill = simd.max(simd.sub(above, below), zero);
            let mut raised = simd.select_less(zero, x, zero, downhill);
            if simd.any_less(zero, raised) {
                let curvature = match self.curvature {
                    Curvature::Known(curvature) => simd.splat(curvature),
                    Curvature::Within(reach) => simd.div(simd.max(below, downhill), simd.splat(reach)),
                };
                let step = simd.mul(simd.div(raised, simd.max(curvature, least)), simd.splat(T::EPSILON));
                // No step where the slope is infinite, and with it what it is divided by.
                raised = simd.select_less(curvature, least, zero, simd.max(step, zero));
            }
            let multiplied = simd.select_less(simd.abs(factor), infinite, simd.mul(x, factor), x);
            let new = simd.select_less(zero, x, multiplied, raised);
            let new = simd.select_less(new, tiny, zero, simd.select_less(largest, new, largest, new));
            simd.store(new, to);
            gradients = simd.add(gradients, simd.select_less(zero, x, simd.abs(gradient), downhill));
            lifted = simd.add(lifted, simd.select_less(zero, x, zero, simd.select_less(zero, new, one, zero)));
            i += S::LANES;
        }
        (simd.sum(gradients), simd.sum(lifted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Isa;
    use proptest::prelude::*;
    use std::vec::Vec;

    /// A new entry, the magnitude of its projected gradient, and whether it was raised.
    fn expected(x: f64, above: f64, below: f64, factor: f64, curvature: Curvature<f64>) -> (f64, f64, bool) {
        let (gradient, downhill) = (below - above, (above - below).max(0.0));
        let bound = match curvature {
            Curvature::Known(curvature) => curvature,
            Curvature::Within(reach) => below.max(downhill) / reach,
        };
        let new = match x {
            0.0 if downhill > 0.0 && bound >= f64::MIN_POSITIVE => downhill / bound * f64::EPSILON,
            0.0 => 0.0,
            _ if factor.is_finite() => (x * factor).min(f64::MAX),
            _ => x,
        };
        let new = if new < f64::MIN_POSITIVE.sqrt() { 0.0 } else { new };
        (new, if x > 0.0 { gradient.abs() } else { downhill }, x == 0.0 && new > 0.0)
    }

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![0.0..2.0, Just(0.0), Just(1e-160), Just(1e150)]
    }

    #[test]
    fn what_is_infinite_stays_in_range() {
        let infinite = f64::INFINITY;
        for isa in Isa::all() {
            let new = |x: f64, above: f64, below: f64, factors: Option<f64>, curvature| {
                let (mut x, factors) = ([x], factors.map(|factor| [factor]));
                let (above, below, factors) = (&[above], &[below], factors.as_ref().map(|factors| factors.as_slice()));
                isa.run(Multiply { x: &mut x, above, below, weights: [0.0; 2], factors, curvature });
                x[0]
            };
            let (known, within) = (Curvature::Known(1.0), Curvature::Within(1.0));
            assert_eq!(new(0.0, infinite, 1.0, None, within), 0.0, "{isa:?}");
            assert_eq!(new(0.0, infinite, 1.0, None, known), f64::MAX, "{isa:?}");
            assert_eq!(new(2.0, f64::MAX, 1.0, None, known), f64::MAX, "{isa:?}");
            for factor in [infinite, f64::NAN] {
                assert_eq!(new(2.0, 1.0, 1.0, Some(factor), known), 2.0, "{isa:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn entries_become_what_the_rule_says(
            entries in prop::collection::vec(prop::array::uniform4(number()), 0..40),
            [l1, l2] in prop::array::uniform2(prop_oneof![Just(0.0), 0.0..2.0]),
            known in any::<bool>(),
            own in any::<bool>(),
        ) {
            let curvature = if known { Curvature::Known(3.0) } else { Curvature::Within(0.5) };
            let column = |j: usize| entries.iter().map(|entry| entry[j]).collect::<Vec<f64>>();
            let [x, mut above, mut below, factors] = [0, 1, 2, 3].map(column);
            // What follows belongs to other entries.
            above.extend([7.0; 20]);
            below.extend([5.0; 20]);
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-14 * b.abs();
            for isa in Isa::all() {
                let mut given = x.clone();
                let factors = own.then_some(factors.as_slice());
                let weights = [l1, l2];
                let multiply = Multiply { x: &mut given, above: &above, below: &below, weights, factors, curvature };
                let (sum, lifted) = isa.run(multiply);
                let (mut expected_sum, mut size, mut expected_lifted) = (0.0, 0.0, 0.0);
                for i in 0..entries.len() {
                    let below = below[i] + l2.mul_add(x[i], l1);
                    let factor = factors.map_or(above[i] / below, |factors| factors[i]);
                    let (new, gradient, raised) = expected(x[i], above[i], below, factor, curvature);
                    prop_assert!(close(given[i], new), "{isa:?}: {} for {new}, entry {i}", given[i]);
                    expected_sum += gradient;
                    size += above[i] + below;
                    expected_lifted += if raised { 1.0 } else { 0.0 };
                }
                prop_assert!((sum - expected_sum).abs() <= 1e-14 * size && lifted == expected_lifted, "{isa:?}");
            }
        }
    }
}
