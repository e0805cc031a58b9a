//! Singular values to about 28 digits, by code that shares nothing with the crate's.
//!
//! Hestenes' one-sided Jacobi (J. SIAM 6, 1958) in double-double arithmetic, without any preparation: plane rotations
//! make the columns orthogonal, their norms are the singular values. For columns of any grading each value is accurate
//! relative to itself (Demmel & Veselic, SIMAX 13, 1992), down to about 1e-140 of the largest.

use super::double::Double;
use super::measures::{Matrix, tiny};
use lowrank::Real;

/// The singular values of `2^exponent A`, descending.
pub struct Exact {
    values: Vec<Double>,
    exponent: i32,
}

impl Exact {
    /// Values that are known.
    pub fn known(mut values: Vec<f64>) -> Self {
        values.sort_by(|a, b| b.total_cmp(a));
        Exact { values: values.into_iter().map(Double::from).collect(), exponent: 0 }
    }

    /// The largest error of the `k` values `s` in units of `s_1 sqrt(k) eps`, beyond what underflow to T costs.
    pub fn absolute_error<T: Real>(&self, s: &[f64]) -> f64 {
        self.error::<T>(s, |_| self.values[0].hi * (s.len() as f64).sqrt())
    }

    /// The largest error of `s` in units of `eps s_i`, beyond what underflow to T costs.
    pub fn relative_error<T: Real>(&self, s: &[f64]) -> f64 {
        self.error::<T>(s, |i| self.values[i].hi)
    }

    fn error<T: Real>(&self, s: &[f64], unit: impl Fn(usize) -> f64) -> f64 {
        assert_eq!(s.len(), self.values.len());
        let underflow = tiny::<T>().scale(self.exponent);
        let ratio = |i: usize| {
            let error = (Double::from(s[i].scale(self.exponent)) - self.values[i]).abs().hi - underflow;
            if error <= 0.0 { 0.0 } else { error / unit(i) / T::EPSILON.to_f64() }
        };
        // A ratio that is NaN must not get lost.
        (0..s.len()).map(ratio).fold(0.0, |worst, ratio| if worst.is_nan() || ratio <= worst { worst } else { ratio })
    }

    /// The values themselves, of a matrix whose entries are far from the ends of the range.
    pub fn values(&self) -> Vec<Double> {
        self.values.iter().map(|s| *s * 2f64.powi(-self.exponent)).collect()
    }
}

/// All singular values. Columns may be graded if A is tall or square, rows if it is wide.
pub fn singular_values(a: &Matrix) -> Exact {
    let a = if a.rows >= a.cols { a.clone() } else { a.t() };
    let exponent = a.scaling_exponent();
    let column = |j: usize| (0..a.rows).map(|i| a.at(i, j).scale(exponent).into()).collect();
    let mut columns: Vec<Vec<Double>> = (0..a.cols).map(column).collect();
    orthogonalize(&mut columns);
    let mut values: Vec<Double> = columns.iter().map(|x| dot(x, x).sqrt()).collect();
    values.sort_by(|a, b| b.partial_cmp(a).unwrap());
    Exact { values, exponent }
}

fn dot(x: &[Double], y: &[Double]) -> Double {
    x.iter().zip(y).map(|(x, y)| *x * *y).sum()
}

/// Sweeps over all pairs of columns until none needs a rotation.
fn orthogonalize(columns: &mut [Vec<Double>]) {
    for _ in 0..80 {
        // Long columns first, so that rotations do not only exchange them.
        columns.sort_by(|x, y| dot(y, y).partial_cmp(&dot(x, x)).unwrap());
        let mut rotated = false;
        for q in 1..columns.len() {
            let (before, from_q) = columns.split_at_mut(q);
            for x in before {
                rotated |= rotate(x, &mut from_q[0]);
            }
        }
        if !rotated {
            return;
        }
    }
    panic!("the oracle did not converge");
}

/// Makes two columns orthogonal unless they are to within 2^-100, or one is too short for its products.
fn rotate(x: &mut [Double], y: &mut [Double]) -> bool {
    let (xx, yy, xy) = (dot(x, x), dot(y, y), dot(x, y));
    if xx.hi.min(yy.hi) < 1e-280 || xy.abs().hi <= 2f64.powi(-100) * xx.hi.sqrt() * yy.hi.sqrt() {
        return false;
    }
    // The smaller root t of t^2 + 2 zeta t - 1 = 0.
    let zeta = (yy - xx) / (xy + xy);
    let size = zeta.abs();
    let root = if size.hi > 1e30 { size } else { (Double::ONE + size * size).sqrt() };
    let t = Double::ONE / (size + root);
    let t = if zeta.hi < 0.0 { -t } else { t };
    let c = Double::ONE / (Double::ONE + t * t).sqrt();
    let s = c * t;
    for (x, y) in x.iter_mut().zip(y) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrices::hadamard;

    fn product(values: &[Double]) -> Double {
        values.iter().fold(Double::ONE, |product, s| product * *s)
    }

    /// To 28 digits: invariants of integer matrices that hold exactly.
    #[test]
    fn values_satisfy_the_exact_invariants_of_integer_matrices() {
        let close = |a: Double, b: f64| (a - b.into()).abs().hi <= 1e-28 * b;
        for n in 1..12usize {
            // The determinant of the second difference is n + 1, and so its values multiply to that.
            let second_difference = |i: usize, j: usize| [2.0, -1.0, 0.0][i.abs_diff(j).min(2)];
            let a = Matrix::new(n, n, second_difference);
            let exact = singular_values(&a);
            assert!(close(product(&exact.values()), (n + 1) as f64), "{n}: {:?}", product(&exact.values()));
            let squares: Double = exact.values().iter().map(|s| *s * *s).sum();
            assert!(close(squares, (6 * n - 2) as f64), "{n}: {squares:?}");
        }
        // The values of Pascal's symmetric matrix are reciprocal in pairs; its condition is 1e5.
        let n = 6;
        let mut pascal = Matrix::new(n, n, |_, _| 1.0);
        for i in 1..n {
            for j in 1..n {
                pascal.data[i * n + j] = pascal.at(i - 1, j) + pascal.at(i, j - 1);
            }
        }
        let exact = singular_values(&pascal);
        let s = exact.values();
        assert!((0..n).all(|i| (s[i] * s[n - 1 - i] - Double::ONE).abs().hi < 1e-24), "{s:?}");
        assert!(s[0].hi > 300.0);
    }

    /// Orthogonal columns of every length: an orthogonal matrix of Hadamard times powers of two.
    #[test]
    fn graded_columns_keep_every_digit() {
        let a = Matrix::new(16, 16, |i, j| hadamard(i, j) * 2f64.powi(-20 * ((5 * j as i32) % 16)));
        let exact = singular_values(&a);
        assert!((0..16).all(|j| exact.values()[j] == Double::from(4.0 * 2f64.powi(-20 * j as i32))));
        // No rotation was needed above. Here all are: B D for a B that mixes.
        let mixed =
            Matrix::new(16, 16, |i, j| (hadamard(i, j) + f64::from(u8::from(j > 0))) * 2f64.powi(-20 * j as i32));
        let exact = singular_values(&mixed);
        // det B = det H + (cofactors): H + e d^T with d = (0, 1, ..., 1), and H^-1 e = the first unit vector.
        let unscaled: Vec<Double> = (0..16).map(|j| exact.values()[j] * 2f64.powi(20 * j as i32)).collect();
        let relative = product(&unscaled) / 16f64.powi(8).into();
        assert!((relative - Double::ONE).abs().hi < 1e-28, "{relative:?}");
    }
}
