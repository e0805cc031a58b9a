//! How the matrices of the tests are made: random ones, and ones of known factors.

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

/// Entry `(i, j)` of Sylvester's Hadamard matrices, which are orthogonal but for a factor if the size is a power of two.
pub fn hadamard(i: usize, j: usize) -> f64 {
    [1.0, -1.0][(i & j).count_ones() as usize % 2]
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

    /// Zeros in memory for the transpose.
    pub fn room(&self) -> (Vec<usize>, Vec<u32>, Vec<T>) {
        (vec![9; self.cols + 1], vec![9; self.values.len()], vec![T::ZERO; self.values.len()])
    }

    pub fn csr(&self) -> Csr<'_, T> {
        Csr::new(self.cols, &self.starts, &self.columns, &self.values).unwrap()
    }
}
