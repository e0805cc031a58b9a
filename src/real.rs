//! The two number types, `f32` and `f64`, behind one sealed trait.
//!
//! Square roots are correctly rounded by IEEE 754, so they are the same bits from the processor and from `libm`; the
//! powers of two are built from their bit patterns and are exact. What other functions are used come from `libm`, with the
//! standard library too.

use crate::kernel::Lanes;
use core::fmt::{Debug, Display};

use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// `f32` or `f64`.
pub trait Real:
    Lanes
    + Copy
    + Default
    + PartialEq
    + PartialOrd
    + Debug
    + Display
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The distance from 1 to the next larger number: `2^-23` or `2^-52`.
    const EPSILON: Self;
    /// The smallest positive normal number.
    const MIN_POSITIVE: Self;
    /// The largest finite number.
    const MAX: Self;
    /// The exponent of `MIN_POSITIVE`: -126 or -1022.
    const MIN_EXPONENT: i32;
    /// The exponent of `MAX`: 127 or 1023.
    const MAX_EXPONENT: i32;
    /// Bits in the significand, the implicit one included: 24 or 53. Integers up to `2^SIGNIFICAND_BITS` are exact.
    const SIGNIFICAND_BITS: u32;

    /// The nearest number to `x`.
    fn from_f64(x: f64) -> Self;
    /// The same number, exactly.
    fn to_f64(self) -> f64;
    /// The nearest number to the integer `n`.
    fn from_usize(n: usize) -> Self;
    /// The nearest number to the integer `n`.
    fn from_i32(n: i32) -> Self;
    /// The integer next to `self` in the direction of zero, or the nearest that there is; 0 for NaN.
    fn to_usize(self) -> usize;
    /// The integer next to `self` in the direction of zero, or the nearest that there is; 0 for NaN.
    fn to_i32(self) -> i32;
    /// `|self|`
    fn abs(self) -> Self;
    /// The correctly rounded square root.
    fn sqrt(self) -> Self;
    /// `self^exponent`, to within an ulp or so.
    fn powf(self, exponent: Self) -> Self;
    /// Neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// `2^e`, exactly, for `MIN_EXPONENT <= e <= MAX_EXPONENT`; beyond that range the nearest end of it.
    fn pow2(e: i32) -> Self;
    /// `floor(log2 |self|)`, also for subnormal numbers; of zero, infinity and NaN an unspecified value.
    fn exponent(self) -> i32;

    /// `self * 2^e`, rounded once, for any `e`: overflows to infinity and underflows to zero.
    fn scale(self, e: i32) -> Self {
        if e >= Self::MIN_EXPONENT && e <= Self::MAX_EXPONENT {
            return self * Self::pow2(e);
        }
        scale_far(self, e)
    }

    /// The larger of two numbers; `other` if `self` is NaN.
    #[inline]
    fn max(self, other: Self) -> Self {
        if self > other { self } else { other }
    }

    /// The smaller of two numbers; `other` if `self` is NaN.
    #[inline]
    fn min(self, other: Self) -> Self {
        if self < other { self } else { other }
    }
}

/// `x 2^e` where `2^e` is not in the range.
///
/// In steps, of which only the last rounds: on the way down they end above `2^MIN_EXPONENT`, or where the last, by at most
/// `2^-SIGNIFICAND_BITS`, gives zero.
#[cold]
#[inline(never)]
fn scale_far<T: Real>(mut x: T, mut e: i32) -> T {
    for _ in 0..2 {
        let step = if e > T::MAX_EXPONENT { T::MAX_EXPONENT } else { T::MIN_EXPONENT + T::SIGNIFICAND_BITS as i32 };
        if e > T::MAX_EXPONENT || e < T::MIN_EXPONENT {
            x *= T::pow2(step);
            e -= step;
        }
    }
    x * T::pow2(e)
}

macro_rules! real {
    ($t:ident, $bits:ident, $sqrt:path, $powf:path) => {
        impl Real for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const EPSILON: Self = $t::EPSILON;
            const MIN_POSITIVE: Self = $t::MIN_POSITIVE;
            const MAX: Self = $t::MAX;
            const MIN_EXPONENT: i32 = $t::MIN_EXP - 1;
            const MAX_EXPONENT: i32 = $t::MAX_EXP - 1;
            const SIGNIFICAND_BITS: u32 = $t::MANTISSA_DIGITS;

            #[inline]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline]
            fn from_usize(n: usize) -> Self {
                n as $t
            }
            #[inline]
            fn from_i32(n: i32) -> Self {
                n as $t
            }
            #[inline]
            fn to_usize(self) -> usize {
                self as usize
            }
            #[inline]
            fn to_i32(self) -> i32 {
                self as i32
            }
            #[inline]
            fn abs(self) -> Self {
                $t::from_bits(self.to_bits() & ($bits::MAX >> 1))
            }
            #[inline]
            fn sqrt(self) -> Self {
                $sqrt(self)
            }
            #[inline]
            fn powf(self, exponent: Self) -> Self {
                $powf(self, exponent)
            }
            #[inline]
            fn is_finite(self) -> bool {
                $t::is_finite(self)
            }
            #[inline]
            fn pow2(e: i32) -> Self {
                let biased = e.clamp(Self::MIN_EXPONENT, Self::MAX_EXPONENT) - Self::MIN_EXPONENT + 1;
                $t::from_bits((biased as $bits) << ($t::MANTISSA_DIGITS - 1))
            }
            #[inline]
            fn exponent(self) -> i32 {
                let magnitude = Real::abs(self);
                if magnitude < $t::MIN_POSITIVE {
                    // The significand of a subnormal number counts from 2^(MIN_EXPONENT - MANTISSA_DIGITS + 1).
                    let top = $bits::BITS as i32 - 1 - magnitude.to_bits().leading_zeros() as i32;
                    return Self::MIN_EXPONENT - ($t::MANTISSA_DIGITS as i32 - 1) + top;
                }
                (magnitude.to_bits() >> ($t::MANTISSA_DIGITS - 1)) as i32 + Self::MIN_EXPONENT - 1
            }
        }
    };
}

#[cfg(feature = "std")]
real!(f32, u32, f32::sqrt, libm::powf);
#[cfg(feature = "std")]
real!(f64, u64, f64::sqrt, libm::pow);
#[cfg(not(feature = "std"))]
real!(f32, u32, crate::kernel::sqrt, libm::powf);
#[cfg(not(feature = "std"))]
real!(f64, u64, libm::sqrt, libm::pow);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn powers_and_exponents_invert_each_other() {
        for e in -1022..=1023 {
            assert_eq!(f64::pow2(e), 2.0f64.powi(e));
            assert_eq!(f64::pow2(e).exponent(), e);
        }
        assert_eq!(f64::from_bits(1).exponent(), -1074);
        assert_eq!(f32::from_bits(3).exponent(), -148);
        assert_eq!(f32::pow2(500), f32::pow2(127));
    }

    #[test]
    fn scaling_between_the_ends_of_the_range() {
        assert_eq!(f32::pow2(127).scale(-127), 1.0);
        assert_eq!(f32::from_bits(1).scale(149 + 127), f32::pow2(127));
        assert_eq!(f64::pow2(1023).scale(-2097), f64::from_bits(1));
        assert_eq!(f64::MAX.scale(1), f64::INFINITY);
    }

    proptest! {
        #[test]
        fn scaling_is_exact_or_rounded_once(bits: u32, e in -400i32..400) {
            let x = f32::from_bits(bits);
            prop_assume!(x.is_finite());
            // In f64 the product is exact, so the conversion is the one rounding.
            let expected = (x as f64 * 2.0f64.powi(e)) as f32;
            prop_assert_eq!(x.scale(e).to_bits(), expected.to_bits());
        }
    }
}
