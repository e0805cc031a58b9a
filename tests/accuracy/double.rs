//! Double-double arithmetic: a number is the sum of two f64 that do not overlap, good for about 31 digits.
//!
//! A sum and a product of two f64 are each exactly a sum of two f64, the rounded result and its error (Knuth, TAOCP 2,
//! section 4.2.2; Dekker, Numer. Math. 18, 1971). The operations here err by a few units of 2^-104 (Joldes, Muller &
//! Popescu, TOMS 44, 2017), as long as the errors themselves do not underflow.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// `hi + lo` with `|lo|` at most half a unit in the last place of `hi`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Double {
    pub hi: f64,
    pub lo: f64,
}

/// `a + b`, exactly.
fn two_sum(a: f64, b: f64) -> Double {
    let hi = a + b;
    let of_b = hi - a;
    Double { hi, lo: (a - (hi - of_b)) + (b - of_b) }
}

/// `a + b`, exactly, for `|a| >= |b|`.
fn fast_two_sum(a: f64, b: f64) -> Double {
    let hi = a + b;
    Double { hi, lo: b - (hi - a) }
}

/// `a b`, exactly.
fn two_prod(a: f64, b: f64) -> Double {
    let hi = a * b;
    Double { hi, lo: a.mul_add(b, -hi) }
}

impl Double {
    pub const ZERO: Double = Double { hi: 0.0, lo: 0.0 };
    pub const ONE: Double = Double { hi: 1.0, lo: 0.0 };

    pub fn abs(self) -> Self {
        if self.hi < 0.0 { -self } else { self }
    }

    pub fn sqrt(self) -> Self {
        if self.hi <= 0.0 {
            return Double::ZERO;
        }
        // One step of Newton's iteration doubles the digits of the rounded root.
        let root = self.hi.sqrt();
        let rest = self - two_prod(root, root);
        fast_two_sum(root, rest.hi / (2.0 * root))
    }
}

impl From<f64> for Double {
    fn from(hi: f64) -> Self {
        Double { hi, lo: 0.0 }
    }
}

impl Neg for Double {
    type Output = Double;
    fn neg(self) -> Double {
        Double { hi: -self.hi, lo: -self.lo }
    }
}

impl Add for Double {
    type Output = Double;
    fn add(self, other: Double) -> Double {
        let (high, low) = (two_sum(self.hi, other.hi), two_sum(self.lo, other.lo));
        let sum = fast_two_sum(high.hi, high.lo + low.hi);
        fast_two_sum(sum.hi, sum.lo + low.lo)
    }
}

impl AddAssign for Double {
    fn add_assign(&mut self, other: Double) {
        *self = *self + other;
    }
}

impl Sub for Double {
    type Output = Double;
    fn sub(self, other: Double) -> Double {
        self + -other
    }
}

impl Mul for Double {
    type Output = Double;
    fn mul(self, other: Double) -> Double {
        let product = two_prod(self.hi, other.hi);
        fast_two_sum(product.hi, product.lo + (self.hi * other.lo + self.lo * other.hi))
    }
}

impl Mul<f64> for Double {
    type Output = Double;
    fn mul(self, other: f64) -> Double {
        let product = two_prod(self.hi, other);
        fast_two_sum(product.hi, product.lo + self.lo * other)
    }
}

impl Div for Double {
    type Output = Double;
    fn div(self, other: Double) -> Double {
        let first = self.hi / other.hi;
        let second = (self - other * first).hi / other.hi;
        let quotient = fast_two_sum(first, second);
        let third = (self - other * quotient).hi / other.hi;
        quotient + third.into()
    }
}

impl Sum for Double {
    fn sum<I: Iterator<Item = Double>>(terms: I) -> Double {
        terms.fold(Double::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: Double, b: Double) -> bool {
        (a - b).abs().hi <= b.abs().hi * 2f64.powi(-100)
    }

    #[test]
    fn operations_undo_each_other_to_thirty_digits() {
        for i in 1..200 {
            let x = Double::from(f64::from(i)) / 7.0.into() + Double::from(1e-20);
            let y = Double::from(1e8) / Double::from(f64::from(3 * i + 1));
            assert!(close(x.sqrt() * x.sqrt(), x), "{x:?}");
            assert!(close(x * y / y, x) && close((x * 1e8 + y) - y, x * 1e8), "{x:?} {y:?}");
            assert!(close((x + y) * (x - y), x * x - y * y), "{x:?} {y:?}");
        }
        // 1/3 = sum of 1/4^i, of which f64 alone holds 16 digits.
        let series: Double = (1..60).map(|i| Double::from(0.25f64.powi(i))).sum();
        assert!(close(series, Double::ONE / 3.0.into()));
        assert!(series.lo != 0.0);
    }
}
