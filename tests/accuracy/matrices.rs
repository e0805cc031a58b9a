//! Matrices that have broken someone's SVD.

use super::measures::Matrix;
use lowrank::Real;
use lowrank::operator::Csr;
use lowrank::random::Uniform;

pub fn random(rows: usize, cols: usize, seed: u64) -> Matrix {
    let mut uniform = Uniform::new(seed);
    let data = (0..rows * cols).map(|_| uniform.symmetric()).collect();
    Matrix { rows, cols, data }
}

/// A random matrix with orthonormal columns, by Gram-Schmidt in two rounds.
pub fn orthonormal(rows: usize, cols: usize, seed: u64) -> Matrix {
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for j in 0..cols {
        let mut x = random(rows, 1, seed + 1000 * j as u64).data;
        for _ in 0..2 {
            for q in &columns {
                let along: f64 = q.iter().zip(&x).map(|(q, x)| q * x).sum();
                x.iter_mut().zip(q).for_each(|(x, q)| *x -= along * q);
            }
        }
        let norm = x.iter().map(|x| x * x).sum::<f64>().sqrt();
        columns.push(x.iter().map(|x| x / norm).collect());
    }
    Matrix::new(rows, cols, |i, j| columns[j][i])
}

/// `U diag(s) V^T` with random orthonormal U and V.
pub fn with_values(rows: usize, cols: usize, s: &[f64], seed: u64) -> Matrix {
    let (u, v) = (orthonormal(rows, s.len(), seed), orthonormal(cols, s.len(), seed + 7));
    Matrix::new(rows, cols, |i, j| s.iter().enumerate().map(|(p, s)| u.at(i, p) * s * v.at(j, p)).sum())
}

/// Random entries in `[0, 1)`, of which about the part `zeros` is zero.
pub fn nonnegative(rows: usize, cols: usize, zeros: f64, seed: u64) -> Matrix {
    let x = random(rows, cols, seed);
    Matrix::new(rows, cols, |i, j| {
        let x = (x.at(i, j) + 1.0) / 2.0;
        if x < zeros { 0.0 } else { x }
    })
}

/// Compressed sparse rows.
pub struct Sparse<T> {
    cols: usize,
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<T>,
}

impl<T: Real> Sparse<T> {
    /// The entries of `a` that are not zero.
    pub fn of(a: &Matrix) -> Self {
        let mut sparse = Sparse { cols: a.cols, starts: vec![0], columns: vec![], values: vec![] };
        for i in 0..a.rows {
            for j in (0..a.cols).filter(|j| a.at(i, *j) != 0.0) {
                sparse.columns.push(j as u32);
                sparse.values.push(T::from_f64(a.at(i, j)));
            }
            sparse.starts.push(sparse.columns.len());
        }
        sparse
    }

    pub fn csr(&self) -> Csr<'_, T> {
        Csr::new(self.cols, &self.starts, &self.columns, &self.values).unwrap()
    }
}

/// Named matrices of one shape. `eps` is that of the type under test.
pub fn all(m: usize, n: usize, eps: f64) -> Vec<(&'static str, Matrix)> {
    let k = m.min(n);
    let fraction = |i: usize| if k < 2 { 0.0 } else { i as f64 / (k - 1) as f64 };
    let diagonal = |value: &dyn Fn(usize) -> f64| Matrix::new(m, n, |i, j| if i == j { value(i) } else { 0.0 });
    let dense = |value: &dyn Fn(usize) -> f64, seed| with_values(m, n, &(0..k).map(value).collect::<Vec<_>>(), seed);
    let even = |i: usize| 1.0 - fraction(i) * (1.0 - eps);
    let geometric = |i: usize| eps.powf(fraction(i));
    let clustered = |i: usize| if i == 0 { 1.0 } else { eps };
    vec![
        ("zero", diagonal(&|_| 0.0)),
        ("identity", diagonal(&|_| 1.0)),
        ("even diagonal", diagonal(&even)),
        ("geometric diagonal", diagonal(&geometric)),
        ("clustered diagonal", diagonal(&clustered)),
        ("even", dense(&even, 1)),
        ("geometric", dense(&geometric, 2)),
        ("clustered", dense(&clustered, 3)),
        ("repeated", dense(&|i| if i % 2 == 0 { 2.0 } else { 1.0 }, 4)),
        ("random", random(m, n, 5)),
        ("ones", Matrix::new(m, n, |_, _| 1.0)),
        ("rank one", {
            let (x, y) = (random(m, 1, 6), random(n, 1, 7));
            Matrix::new(m, n, |i, j| x.at(i, 0) * y.at(j, 0))
        }),
        ("hilbert", Matrix::new(m, n, |i, j| 1.0 / (i + j + 1) as f64)),
        ("kahan", {
            let (s, c) = (0.6f64, 0.8);
            Matrix::new(m, n, |i, j| {
                s.powi(i as i32)
                    * if i == j {
                        1.0
                    } else if i < j {
                        -c
                    } else {
                        0.0
                    }
            })
        }),
        ("columns graded down", {
            let x = random(m, n, 8);
            Matrix::new(m, n, |i, j| x.at(i, j) * 0.1f64.powi(j as i32))
        }),
        ("rows graded up", {
            let x = random(m, n, 9);
            Matrix::new(m, n, |i, j| x.at(i, j) * 0.1f64.powi((m - i) as i32))
        }),
        ("last column zero", {
            let x = random(m, n, 10);
            Matrix::new(m, n, |i, j| if j + 1 == n { 0.0 } else { x.at(i, j) })
        }),
    ]
}
