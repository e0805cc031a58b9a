//! Ratios of an error to what rounding allows, computed in f64 for f32 and in f64 for f64.

use lowrank::{MatRef, Real};

/// The largest ratio that any result may have. LAPACK's own tests pass below 50.
pub mod bounds {
    /// `|A - U S V^T| / (|A| max(m, n) eps)`
    pub const RESIDUAL: f64 = 30.0;
    /// `|I - Q^T Q| / (rows eps)`
    pub const ORTHONORMALITY: f64 = 30.0;
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

    pub fn scaled(&self, factor: f64) -> Self {
        Matrix::new(self.rows, self.cols, |i, j| factor * self.at(i, j))
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
        Matrix::new(self.rows, self.cols, |i, j| T::from_f64(self.at(i, j)).to_f64())
    }

    /// The Frobenius norm, safe from over- and underflow; NaN if an entry is.
    pub fn norm(&self) -> f64 {
        if self.data.iter().any(|x| x.is_nan()) {
            return f64::NAN;
        }
        let largest = self.data.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        if largest == 0.0 { 0.0 } else { self.data.iter().map(|x| (x / largest).powi(2)).sum::<f64>().sqrt() * largest }
    }
}

/// `|A - U S V^T|` over the norm of A, the larger dimension and eps, less what underflow alone may cost.
pub fn residual<T: Real>(a: &Matrix, u: &Matrix, s: &[f64], v: &Matrix) -> f64 {
    let k = s.len();
    let difference =
        Matrix::new(a.rows, a.cols, |i, j| a.at(i, j) - (0..k).map(|p| u.at(i, p) * s[p] * v.at(j, p)).sum::<f64>());
    let size = a.rows.max(a.cols).max(1) as f64;
    let underflow = 30.0 * size * (T::MIN_POSITIVE * T::EPSILON).to_f64();
    let error = difference.norm() - underflow;
    if error <= 0.0 { 0.0 } else { error / a.norm() / (size * T::EPSILON.to_f64()) }
}

/// `|I - Q^T Q| / (rows eps)`
pub fn orthonormality<T: Real>(q: &Matrix) -> f64 {
    let gram = q.t().times(q);
    let difference = Matrix::new(q.cols, q.cols, |i, j| gram.at(i, j) - f64::from(u8::from(i == j)));
    difference.norm() / (q.rows.max(1) as f64 * T::EPSILON.to_f64())
}
