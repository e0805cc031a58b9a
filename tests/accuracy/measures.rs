//! Ratios of an error to what rounding allows, computed in double-double arithmetic: nothing is added by the measure.

use super::double::Double;
use super::matrices::random;
use lowrank::{MatRef, Real};

/// The largest ratio that any result may have. LAPACK's own tests pass below 50.
pub mod bounds {
    /// `|A - U S V^T| / (|A| max(m, n) eps)`
    pub const RESIDUAL: f64 = 30.0;
    /// `|I - Q^T Q| / (rows eps)`
    pub const ORTHONORMALITY: f64 = 30.0;
    /// What all but a few of the above stay below for matrices of up to 64 rows and columns.
    pub const USUAL: f64 = 8.0;
    /// `|s_i - s_i*| / (s_1 sqrt(k) eps)` for the `k` exact values `s*`
    pub const VALUES: f64 = 8.0;
    /// `|sum s_i^2 - |A|^2| / (|A|^2 eps)`, which shows what rotations add to every value, in any size
    pub const SQUARES: f64 = 30.0;
    /// `|s_i - s_i*| / (s_i cond(B) eps)` of `B D`, where relative accuracy is promised
    pub const RELATIVE: f64 = 5.0;
}

/// A dense matrix in f64, row-major.
#[derive(Clone, Debug)]
pub struct Matrix {
    pub rows: usize,
    pub cols: usize,
    pub data: Vec<f64>,
}

impl Matrix {
    pub fn new(rows: usize, cols: usize, entry: impl Fn(usize, usize) -> f64) -> Self {
        let data = (0..rows).flat_map(|i| (0..cols).map(move |j| (i, j))).map(|(i, j)| entry(i, j)).collect();
        Matrix { rows, cols, data }
    }

    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.data[i * self.cols + j]
    }

    pub fn of<T: Real>(view: MatRef<'_, T>) -> Self {
        Matrix::new(view.rows(), view.cols(), |i, j| view.get(i, j).unwrap().to_f64())
    }

    pub fn t(&self) -> Self {
        Matrix::new(self.cols, self.rows, |i, j| self.at(j, i))
    }

    pub fn times(&self, other: &Matrix) -> Self {
        Matrix::new(self.rows, other.cols, |i, j| (0..self.cols).map(|p| self.at(i, p) * other.at(p, j)).sum())
    }

    pub fn minus(&self, other: &Matrix) -> Self {
        assert_eq!((self.rows, self.cols), (other.rows, other.cols));
        Matrix::new(self.rows, self.cols, |i, j| self.at(i, j) - other.at(i, j))
    }

    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Matrix { data: self.data.iter().map(|x| f(*x)).collect(), ..*self }
    }

    pub fn scaled(&self, factor: f64) -> Self {
        self.map(|x| factor * x)
    }

    pub fn largest(&self) -> f64 {
        self.data.iter().fold(0.0, |largest, x| largest.max(x.abs()))
    }

    /// The `e` for which the largest entry of `2^e A` is near 1, as far as `2^e` is a number.
    pub fn scaling_exponent(&self) -> i32 {
        if self.largest() == 0.0 { 0 } else { (-self.largest().exponent()).clamp(-1000, 1000) }
    }

    pub fn columns(&self, first: usize, count: usize) -> Self {
        Matrix::new(self.rows, count, |i, j| self.at(i, first + j))
    }

    /// The entries as numbers of type T, row after row.
    pub fn cast<T: Real>(&self) -> Vec<T> {
        self.data.iter().map(|x| T::from_f64(*x)).collect()
    }

    /// The nearest matrix with entries of type T.
    pub fn rounded<T: Real>(&self) -> Self {
        self.map(|x| T::from_f64(x).to_f64())
    }

    /// The Frobenius norm, safe from over- and underflow; infinite if an entry is not finite.
    pub fn norm(&self) -> f64 {
        if !self.data.iter().all(|x| x.is_finite()) {
            return f64::INFINITY;
        }
        let largest = self.largest();
        if largest == 0.0 { 0.0 } else { self.data.iter().map(|x| (x / largest).powi(2)).sum::<f64>().sqrt() * largest }
    }
}

/// What an underflow to T costs at most: the smallest subnormal number.
pub fn tiny<T: Real>() -> f64 {
    (T::MIN_POSITIVE * T::EPSILON).to_f64()
}

/// Vectors that a matrix of this many columns is measured by: all unit vectors, or for a large matrix a few of random
/// signs. `|E x|^2` of a vector of random signs has the mean `|E|^2`; an error in one column shows in full in each.
fn probes(cols: usize) -> Matrix {
    if cols <= 140 {
        return Matrix::new(cols, cols, |i, j| f64::from(u8::from(i == j)));
    }
    let signs = random(cols, 8, 31);
    Matrix::new(cols, 8, |i, j| signs.at(i, j).signum() / 8f64.sqrt())
}

/// `Q x`, or `Q^T x`.
fn product(q: &Matrix, transposed: bool, x: &[Double]) -> Vec<Double> {
    let at = |i: usize, j: usize| if transposed { q.at(j, i) } else { q.at(i, j) };
    let rows = if transposed { q.cols } else { q.rows };
    // Unit vectors leave most of the terms out.
    let terms: Vec<usize> = (0..x.len()).filter(|j| x[*j].hi != 0.0).collect();
    (0..rows).map(|i| terms.iter().map(|&j| x[j] * at(i, j)).sum()).collect()
}

/// The Frobenius norm of the matrix with these columns.
fn norm_of(columns: impl Iterator<Item = Vec<Double>>) -> f64 {
    let data: Vec<f64> = columns.flatten().map(|x| x.hi).collect();
    Matrix { rows: data.len(), cols: 1, data }.norm()
}

/// `|A - U S V^T|` over the norm of A, the larger dimension and eps, less what underflow alone may cost.
pub fn residual<T: Real>(a: &Matrix, u: &Matrix, s: &[f64], v: &Matrix) -> f64 {
    if a.rows < a.cols {
        return residual::<T>(&a.t(), v, s, u);
    }
    let exponent = a.scaling_exponent();
    let (u, v) = (u.columns(0, s.len()), v.columns(0, s.len()));
    let (scaled, s) = (a.map(|x| x.scale(exponent)), s.iter().map(|s| s.scale(exponent)));
    let s: Vec<f64> = s.collect();
    let probes = probes(a.cols);
    let difference = norm_of((0..probes.cols).map(|p| {
        let x: Vec<Double> = (0..a.cols).map(|j| probes.at(j, p).into()).collect();
        let along: Vec<Double> = product(&v, true, &x).into_iter().zip(&s).map(|(x, s)| x * *s).collect();
        let product_of_factors = product(&u, false, &along);
        product(&scaled, false, &x).into_iter().zip(product_of_factors).map(|(a, b)| a - b).collect()
    }));
    let size = a.rows.max(a.cols).max(1) as f64;
    let underflow = 30.0 * size * tiny::<T>().scale(exponent);
    if difference <= underflow { 0.0 } else { (difference - underflow) / scaled.norm() / (size * T::EPSILON.to_f64()) }
}

/// `|sum s_i^2 - |A|^2| / (|A|^2 eps)`
pub fn squares<T: Real>(a: &Matrix, s: &[f64]) -> f64 {
    let exponent = a.scaling_exponent();
    let sum = |x: &[f64]| x.iter().map(|x| Double::from(x.scale(exponent))).map(|x| x * x).sum::<Double>();
    let (values, entries) = (sum(s), sum(&a.data));
    if values == entries { 0.0 } else { (values - entries).abs().hi / entries.hi / T::EPSILON.to_f64() }
}

/// `|I - Q^T Q| / (rows eps)`
pub fn orthonormality<T: Real>(q: &Matrix) -> f64 {
    let probes = probes(q.cols);
    let difference = norm_of((0..probes.cols).map(|p| {
        let x: Vec<Double> = (0..q.cols).map(|j| probes.at(j, p).into()).collect();
        product(q, true, &product(q, false, &x)).into_iter().zip(&x).map(|(y, x)| y - *x).collect()
    }));
    difference / (q.rows.max(1) as f64 * T::EPSILON.to_f64())
}
