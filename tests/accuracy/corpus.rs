//! Matrices beyond LAPACK's types that have broken someone's SVD, or might.

use super::lapack;
use super::matrices::{random, with_values};
use super::measures::{Matrix, tiny};
use lowrank::Real;
use lowrank::random::Uniform;

/// All named matrices of one shape. No singular value overflows.
pub fn all<T: Real>(m: usize, n: usize) -> Vec<(&'static str, Matrix)> {
    [structured::<T>(m, n), graded::<T>(m, n), at_the_ends::<T>(m, n)].concat()
}

/// LAPACK's types and ours, but for those at the ends of the number range.
pub fn within_range<T: Real>(m: usize, n: usize) -> Vec<(&'static str, Matrix)> {
    [lapack::types::<T>(m, n), structured::<T>(m, n), graded::<T>(m, n)].concat()
}

/// Deficient ranks, equal values and columns, zeros.
pub fn structured<T: Real>(m: usize, n: usize) -> Vec<(&'static str, Matrix)> {
    let k = m.min(n);
    let eps = T::EPSILON.to_f64();
    let x = random(m, n, 311);
    let values = |value: &dyn Fn(usize) -> f64, seed| with_values(m, n, &(0..k).map(value).collect::<Vec<_>>(), seed);
    vec![
        ("ones", Matrix::new(m, n, |_, _| 1.0)),
        ("ones and noise", Matrix::new(m, n, |i, j| 1.0 + 2.0 * eps * x.at(i, j).signum())),
        ("rank one", {
            let (x, y) = (random(m, 1, 312), random(n, 1, 313));
            Matrix::new(m, n, |i, j| x.at(i, 0) * y.at(j, 0))
        }),
        ("half the rank", values(&|i| if i < k / 2 { 1.0 } else { 0.0 }, 314)),
        ("repeated values", values(&|i| [2.0, 1.0][i % 2], 315)),
        ("one value", values(&|_| 3.0, 316)),
        ("hilbert", Matrix::new(m, n, |i, j| 1.0 / (i + j + 1) as f64)),
        ("ones above the diagonal", Matrix::new(m, n, |i, j| f64::from(u8::from(i <= j)))),
        ("checkerboard", Matrix::new(m, n, |i, j| ((i + j) % 2) as f64)),
        ("small integers", x.map(|x| (3.0 * x).round())),
        ("anti-diagonal", Matrix::new(m, n, |i, j| if i + j + 1 == k { 1.0 + i as f64 } else { 0.0 })),
        ("permutation", Matrix::new(m, n, |i, j| if i < k && (k + 2 - i) % k == j { -1.0 } else { 0.0 })),
        ("nilpotent", Matrix::new(m, n, |i, j| if i + 1 == j { 1.0 } else { 0.0 })),
        ("first row and column zero", Matrix::new(m, n, |i, j| if i == 0 || j == 0 { 0.0 } else { x.at(i, j) })),
        ("last row and column zero", Matrix::new(m, n, |i, j| if i + 1 == m || j + 1 == n { 0.0 } else { x.at(i, j) })),
        ("every other column zero", Matrix::new(m, n, |i, j| if j % 2 == 0 { 0.0 } else { x.at(i, j) })),
        ("every other row repeated", Matrix::new(m, n, |i, j| x.at(i - i % 2, j))),
        ("one entry", Matrix::new(m, n, |i, j| if i + 1 == m && j + 1 == n { -5.0 } else { 0.0 })),
    ]
}

/// Entries of many magnitudes.
pub fn graded<T: Real>(m: usize, n: usize) -> Vec<(&'static str, Matrix)> {
    let x = random(m, n, 321);
    let step = |i: usize| T::EPSILON.to_f64().powf(i as f64 / 8.0);
    let by = |factor: &dyn Fn(usize, usize) -> f64| Matrix::new(m, n, |i, j| x.at(i, j) * factor(i, j));
    let mut uniform = Uniform::new(322);
    let wild: Vec<f64> = (0..m * n).map(|_| T::EPSILON.to_f64().powf(2.0 * uniform.symmetric::<f64>())).collect();
    vec![
        ("columns graded down", by(&|_, j| step(j))),
        ("columns graded up", by(&|_, j| step(n - 1 - j))),
        ("rows graded down", by(&|i, _| step(i))),
        ("rows graded up", by(&|i, _| step(m - 1 - i))),
        ("graded both ways", by(&|i, j| step(i + j))),
        ("log-uniform", Matrix { rows: m, cols: n, data: wild }),
        ("kahan", kahan(m, n, 0.8)),
        ("steep kahan", kahan(m, n, 0.9999)),
        ("one large entry", Matrix::new(m, n, |i, j| if i + j == 0 { 1.0 / T::EPSILON.to_f64() } else { x.at(i, j) })),
    ]
}

/// A triangle whose columns pivoting leaves in place, though the last is nearly dependent; rows are nearly parallel for a
/// cosine near one (Kahan, Canad. Math. Bull. 9, 1966).
fn kahan(m: usize, n: usize, cosine: f64) -> Matrix {
    let sine = (1.0 - cosine * cosine).sqrt();
    let row = |i: usize, j: usize| if i == j { 1.0 } else { -cosine * f64::from(u8::from(i < j)) };
    Matrix::new(m, n, |i, j| sine.powi(i as i32) * row(i, j))
}

/// Entries whose squares, products or sums over- or underflow.
pub fn at_the_ends<T: Real>(m: usize, n: usize) -> Vec<(&'static str, Matrix)> {
    let x = random(m, n, 331);
    let (largest, smallest, eps) = (T::MAX.to_f64(), T::MIN_POSITIVE.to_f64(), T::EPSILON.to_f64());
    // 1e-162 and 1e155, 1e-300 and 1e300 in f64; 1e-23 and 1e19, 1e-36 and 1e36 in f32.
    let [below_root, above_root, low, high] =
        if T::SIGNIFICAND_BITS > 24 { [1e-162, 1e155, 1e-300, 1e300] } else { [1e-23, 1e19, 1e-36, 1e36] };
    vec![
        ("squares underflow", x.scaled(below_root)),
        ("squares overflow", x.scaled(above_root)),
        ("low", x.scaled(low)),
        ("high", x.scaled(high)),
        ("near underflow", x.scaled(smallest / eps)),
        ("near overflow", x.scaled(largest * eps)),
        ("smallest normals", x.scaled(smallest)),
        ("subnormals", x.map(|x| (9.0 * x).round() * tiny::<T>())),
        ("high and low columns", Matrix::new(m, n, |i, j| x.at(i, j) * if j % 2 == 0 { high } else { low })),
        ("high and low rows", Matrix::new(m, n, |i, j| x.at(i, j) * if i % 2 == 0 { low } else { high })),
        (
            "all magnitudes",
            Matrix::new(m, n, |i, j| {
                let scales = [high, 1.0, low, tiny::<T>(), above_root, below_root, 0.0];
                x.at(i, j).signum() * scales[(3 * i + 5 * j + i * j) % scales.len()]
            }),
        ),
    ]
}
