//! The matrix types and shapes that LAPACK tests its SVD with (`dchkbd`, `ddrvbd`; LAPACK Working Note 41, 1999).

use super::matrices::{random, with_values};
use super::measures::Matrix;
use lowrank::Real;
use lowrank::random::Uniform;

/// LAPACK's shapes.
pub const SHAPES: [(usize, usize); 19] = [
    (0, 0),
    (0, 1),
    (0, 3),
    (1, 0),
    (1, 1),
    (1, 2),
    (2, 0),
    (2, 1),
    (3, 0),
    (3, 1),
    (3, 3),
    (10, 10),
    (10, 16),
    (16, 10),
    (16, 16),
    (30, 40),
    (40, 30),
    (30, 30),
    (40, 40),
];

/// The 16 types in LAPACK's order. LAPACK draws signs of the diagonal at random; here they alternate. Types that LAPACK
/// scales to some distance from the square roots of the overflow and underflow thresholds are scaled all the way.
pub fn types<T: Real>(m: usize, n: usize) -> Vec<(&'static str, Matrix)> {
    let k = m.min(n);
    let eps = T::EPSILON.to_f64();
    let (large, small) = (T::MAX.to_f64().sqrt(), T::MIN_POSITIVE.to_f64().sqrt());
    let fraction = |i: usize| if k < 2 { 0.0 } else { i as f64 / (k - 1) as f64 };
    let signed = |i: usize, s: f64| [s, -s][i % 2];
    let even = |i: usize| signed(i, 1.0 - fraction(i) * (1.0 - eps));
    let geometric = |i: usize| signed(i, eps.powf(fraction(i)));
    let clustered = |i: usize| signed(i, if i == 0 { 1.0 } else { eps });
    let diagonal = |value: &dyn Fn(usize) -> f64| Matrix::new(m, n, |i, j| if i == j { value(i) } else { 0.0 });
    let dense = |value: &dyn Fn(usize) -> f64, seed| with_values(m, n, &(0..k).map(value).collect::<Vec<_>>(), seed);
    let (udv, random) = (dense(&even, 301), random(m, n, 304));
    vec![
        ("zero", Matrix::new(m, n, |_, _| 0.0)),
        ("identity", diagonal(&|_| 1.0)),
        ("even diagonal", diagonal(&even)),
        ("geometric diagonal", diagonal(&geometric)),
        ("clustered diagonal", diagonal(&clustered)),
        ("large even diagonal", diagonal(&even).scaled(large)),
        ("small even diagonal", diagonal(&even).scaled(small)),
        ("even", udv.clone()),
        ("geometric", dense(&geometric, 302)),
        ("clustered", dense(&clustered, 303)),
        ("large even", udv.scaled(large)),
        ("small even", udv.scaled(small)),
        ("random", random.clone()),
        ("large random", random.scaled(large)),
        ("small random", random.scaled(small)),
        ("bidiagonal", log_uniform_bidiagonal(m, n, eps)),
    ]
}

/// Upper bidiagonal if tall, else lower; logarithms of entries are uniform between those of `eps^2` and `eps^-2`.
fn log_uniform_bidiagonal(m: usize, n: usize, eps: f64) -> Matrix {
    let k = m.min(n);
    let mut uniform = Uniform::new(305);
    let mut entries = || (0..k).map(|_| eps.powf(2.0 * uniform.symmetric::<f64>())).collect::<Vec<_>>();
    let (diagonal, beside) = (entries(), entries());
    Matrix::new(m, n, |i, j| {
        let (i, j) = if m >= n { (i, j) } else { (j, i) };
        match j.checked_sub(i) {
            Some(0) => diagonal[i],
            Some(1) => beside[i],
            _ => 0.0,
        }
    })
}
