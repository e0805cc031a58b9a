//! Whether a result is right. A fast wrong answer is no answer, so every factorization is checked once.
//!
//! The ratios are those of LAPACK's tests, in the 1-norm; eps is that of the type that was computed with, while the check
//! itself runs in f64:
//!
//! ```text
//! |A - U S V^T| / (|A| max(m, n) eps)    |I - U^T U| / (m eps)    |I - V^T V| / (n eps)
//! max |s_i - t_i| / (s_1 max(m, n) eps)   with t_i the median of all contestants
//! ```
//!
//! LAPACK passes below 50; here the limit is [`LIMIT`].

use nalgebra::DMatrix;

/// The largest ratio that passes.
pub const LIMIT: f64 = 30.0;

/// What a contestant found for one matrix: `A = U diag(s) V^T`.
pub struct Factors {
    pub s: Vec<f64>,
    /// U and V, unless the values alone were asked for.
    pub vectors: Option<(DMatrix<f64>, DMatrix<f64>)>,
}

impl Factors {
    /// Whether every number has the same bits.
    pub fn same_bits(&self, other: &Self) -> bool {
        let vectors = |factors: &Self| match &factors.vectors {
            Some((u, v)) => u.iter().chain(v).copied().collect(),
            None => Vec::new(),
        };
        let bits = |factors: &Self| -> Vec<u64> {
            factors.s.iter().copied().chain(vectors(factors)).map(f64::to_bits).collect()
        };
        bits(self) == bits(other)
    }
}

/// The largest ratio of each contestant for one matrix; infinite if the values do not descend or are no numbers.
pub fn ratios(a: &DMatrix<f64>, found: &[Factors], eps: f64) -> Vec<f64> {
    let median: Vec<f64> = (0..a.ncols()).map(|i| median(found.iter().map(|factors| factors.s[i]))).collect();
    found.iter().map(|factors| ratio(a, factors, &median, eps)).collect()
}

fn ratio(a: &DMatrix<f64>, factors: &Factors, median: &[f64], eps: f64) -> f64 {
    let (m, n) = (a.nrows() as f64, a.ncols() as f64);
    let largest = m.max(n);
    let apart = factors.s.iter().zip(median).map(|(s, t)| (s - t).abs()).fold(0.0, worse);
    let mut worst = worse(0.0, apart / (median[0] * largest * eps));
    if !factors.s.is_sorted_by(|a, b| a >= b) {
        worst = f64::INFINITY;
    }
    if let Some((u, v)) = &factors.vectors {
        let mut us = u.clone();
        us.column_iter_mut().zip(&factors.s).for_each(|(mut column, s)| column *= *s);
        worst = worse(worst, norm(&(a - us * v.transpose())) / (norm(a) * largest * eps));
        worst = worse(worst, defect(u) / (m * eps));
        worst = worse(worst, defect(v) / (n * eps));
    }
    worst
}

/// `|I - X^T X|`.
fn defect(x: &DMatrix<f64>) -> f64 {
    norm(&(DMatrix::identity(x.ncols(), x.ncols()) - x.transpose() * x))
}

/// The 1-norm: the largest sum of a column.
fn norm(x: &DMatrix<f64>) -> f64 {
    x.column_iter().map(|column| column.iter().map(|x| x.abs()).sum()).fold(0.0, worse)
}

/// The larger of two numbers; infinite if one is none.
pub fn worse(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::INFINITY } else { a.max(b) }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { 0.5 * (values[middle - 1] + values[middle]) }
}
