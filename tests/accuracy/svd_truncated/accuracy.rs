//! What the factors satisfy, and how near they are to the best of their rank.

use super::{every_way, exact, near_best, valid};
use crate::matrices::{nonnegative, orthonormal, random, with_values};
use crate::measures::Matrix;
use lowrank::Real;
use lowrank::svd::truncated::Options;
use proptest::prelude::*;

/// The matrices of one shape, with names.
fn corpus(m: usize, n: usize) -> Vec<(&'static str, Matrix)> {
    let k = m.min(n);
    let dense = |value: &dyn Fn(usize) -> f64, seed| with_values(m, n, &(0..k).map(value).collect::<Vec<_>>(), seed);
    let sparse = nonnegative(m, n, 0.8, 31);
    vec![
        ("gap", dense(&|i| if i < 4 { 10.0 - i as f64 } else { 1e-2 / (1 + i) as f64 }, 32)),
        ("slow", dense(&|i| 1.0 / (1 + i) as f64, 33)),
        ("flat", dense(&|i| 1.0 - 0.01 * i as f64, 34)),
        ("clustered", dense(&|i| if i < 3 { 1.0 } else { 0.5 / (1 + i / 4) as f64 }, 35)),
        ("geometric", dense(&|i| 0.5f64.powi(i as i32), 36)),
        ("rank three", dense(&|i| if i < 3 { 3.0 - i as f64 } else { 0.0 }, 37)),
        ("zero", Matrix::new(m, n, |_, _| 0.0)),
        ("ones", Matrix::new(m, n, |_, _| 1.0)),
        ("identity", Matrix::new(m, n, |i, j| f64::from(u8::from(i == j)))),
        ("random", random(m, n, 38)),
        // Every third row and column is empty.
        ("sparse", Matrix::new(m, n, |i, j| if i % 3 == 1 || j % 3 == 2 { 0.0 } else { sparse.at(i, j) })),
    ]
}

/// The error may exceed the best by `slack` times the tolerance, as what further passes would gain is extrapolated.
fn sweep<T: Real>(shapes: &[(usize, usize)], ranks: &[usize], options: &Options, slack: f64) {
    for &(m, n) in shapes {
        for (name, a) in corpus(m, n) {
            let a = a.rounded::<T>();
            let s = exact(&a);
            for &rank in ranks.iter().filter(|rank| **rank <= m.min(n)) {
                every_way::<T>(&a, rank, options, |svd, way| {
                    let context = format!("{name}, {m} x {n}, rank {rank}, {way}");
                    valid::<T>(&a, svd, &context);
                    near_best::<T>(&a, &s, svd, slack * options.tolerance, &context);
                });
            }
        }
    }
}

#[test]
fn every_matrix_of_every_small_shape() {
    let shapes = [(1, 1), (1, 6), (6, 1), (2, 2), (5, 3), (3, 5), (9, 9), (30, 8), (8, 30)];
    sweep::<f64>(&shapes, &[1, 2, 3, 5, 8, 9], &Options::new(), 1.0);
    sweep::<f32>(&shapes, &[1, 2, 3, 5, 8, 9], &Options::new(), 1.0);
}

/// The block is smaller than the shorter side, which decides between passes with A and with the Gram matrix.
#[test]
fn a_block_that_leaves_columns_out() {
    let shapes = [(70, 50), (50, 70), (60, 60)];
    for (rank, oversample) in [(1, 1), (2, 1), (4, 2), (6, 6)] {
        let options = Options::new().oversample(oversample).max_passes(300);
        sweep::<f64>(&shapes, &[rank], &options, 15.0);
        sweep::<f32>(&shapes, &[rank], &options, 15.0);
    }
}

#[test]
fn the_default_oversampling_meets_the_tolerance() {
    sweep::<f64>(&[(200, 150), (320, 30)], &[1, 5], &Options::new(), 1.0);
    sweep::<f32>(&[(200, 150)], &[5], &Options::new(), 1.0);
}

/// Columns of which nothing but rounding is left are replaced, however many and long they are.
#[test]
fn factors_are_orthonormal_even_if_the_rank_is_far_below_the_block() {
    fn check<T: Real>(a: &Matrix) {
        let a = a.rounded::<T>();
        for rank in [1, 5, 20] {
            every_way::<T>(&a, rank, &Options::new(), |svd, way| {
                valid::<T>(&a, svd, &format!("{} x {}, rank {rank}, {way}", a.rows, a.cols));
            });
        }
    }
    for (m, n) in [(60, 40), (200, 150), (150, 400), (500, 500)] {
        let pair = (random(m, 2, 57), random(2, n, 58));
        for a in [Matrix::new(m, n, |_, _| 1.0), pair.0.times(&pair.1)] {
            check::<f64>(&a);
            check::<f32>(&a);
        }
    }
}

#[test]
fn a_clear_gap_gives_every_digit() {
    let s: Vec<f64> = (0..30).map(|i| if i < 5 { 5.0 - i as f64 / 2.0 } else { 1e-3 / i as f64 }).collect();
    let a = with_values(80, 30, &s, 41);
    let exact = exact(&a);
    every_way::<f64>(&a, 5, &Options::new().oversample(3), |svd, way| {
        for (found, exact) in svd.s.iter().zip(&exact) {
            assert!((found / exact - 1.0).abs() < 1e-13, "{way}: {found} {exact}");
        }
    });
}

/// Values whose squares are beyond the digits of `A^T A` must come from A itself.
fn small_values_are_found(options: &Options) {
    let s: Vec<f64> = (0..20).map(|i| 0.1f64.powi(i)).collect();
    let a = with_values(60, 20, &s, 42);
    every_way::<f64>(&a, 10, options, |svd, way| {
        valid::<f64>(&a, svd, way);
        for (p, (found, exact)) in svd.s.iter().zip(&s).enumerate() {
            let context = || format!("{way}: value {p} is {found:e}, not {exact:e}; {:?}", svd.info);
            assert!((found - exact).abs() < 1e-2 * exact, "{}", context());
        }
    });
}

#[test]
fn values_below_the_digits_of_the_gram_matrix_are_found() {
    small_values_are_found(&Options::new().oversample(4));
}

#[test]
fn values_below_the_digits_of_the_gram_matrix_are_found_in_a_fixed_number_of_passes() {
    small_values_are_found(&Options::new().oversample(4).tolerance(0.0).max_passes(40));
}

#[test]
fn a_smaller_tolerance_gives_a_smaller_error() {
    let s: Vec<f64> = (0..60).map(|i| 1.0 / (1.0 + 0.05 * f64::from(i))).collect();
    let a = with_values(100, 60, &s, 43);
    for tolerance in [1e-1, 1e-2, 1e-4, 1e-8] {
        let options = Options::new().oversample(2).tolerance(tolerance).max_passes(2000);
        every_way::<f64>(&a, 3, &options, |svd, way| {
            let context = format!("{tolerance:e}, {way}");
            assert!(svd.info.converged, "{context}: {:?}", svd.info);
            near_best::<f64>(&a, &s, svd, tolerance, &context);
        });
    }
}

/// The factors of `2^e A` are those of A, and the values `2^e` times those, to rounding.
#[test]
fn scale_does_not_matter() {
    fn check<T: Real>(exponents: &[i32], ratio: f64) {
        let eps = T::EPSILON.to_f64();
        let s: Vec<f64> = (0..12).map(|i| ratio.powi(i)).collect();
        let a = with_values(40, 12, &s, 44).rounded::<T>();
        let exact = exact(&a);
        for &e in exponents {
            let scaled = Matrix::new(40, 12, |i, j| T::from_f64(a.at(i, j)).scale(e).to_f64());
            // What subnormal numbers round off is no error of the method.
            let lost = scaled.data.iter().zip(&a.data).any(|(s, a)| T::from_f64(*s).scale(-e).to_f64() != *a);
            every_way::<T>(&scaled, 5, &Options::new().oversample(2).max_passes(200), |svd, way| {
                valid::<T>(&scaled, svd, &format!("2^{e}, {way}"));
                for (p, (found, exact)) in svd.s.iter().zip(&exact).enumerate() {
                    let found = T::from_f64(*found).scale(-e).to_f64();
                    let allowed = if lost { 1e-3 } else { 50.0 * eps };
                    let context = || format!("2^{e}, {way}: value {p} is {found:e}, not {exact:e}");
                    assert!((found - exact).abs() <= allowed, "{}", context());
                }
            });
        }
    }
    check::<f64>(&[-1060, -1000, -996, -512, -300, -130, -127, -126, -60, 60, 126, 128, 300, 512, 996, 1020], 0.1);
    check::<f32>(&[-140, -120, -60, -20, -17, -16, -15, -12, -8, 8, 12, 14, 15, 16, 17, 18, 60, 120, 124], 0.5);
    check::<f32>(&[-120, -60, -20, -17, -16, -15, -12, -8, 8, 12, 14, 15, 16, 17, 18, 60, 120, 124], 0.25);
}

#[test]
fn a_matrix_of_one_row_or_column_has_one_value() {
    let x = orthonormal(50, 1, 56).scaled(3.0);
    for a in [x.t(), x] {
        every_way::<f64>(&a, 1, &Options::new(), |svd, way| {
            assert!((svd.s[0] - 3.0).abs() < 1e-14, "{way}: {:?}", svd.s);
            assert!(svd.info.relative_error < 1e-7, "{way}: {:?}", svd.info);
            valid::<f64>(&a, svd, way);
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Any shape, any rank deficiency, any sparsity; a random direction has no part in the last singular values.
    #[test]
    fn any_matrix_in_any_way(m in 1usize..25, n in 1usize..25, inner in 0usize..8, rank in 0usize..8, oversample in 0usize..5, seed: u64) {
        let rank = 1 + rank % m.min(n);
        let (x, y) = (nonnegative(m, inner, 0.3, seed), random(inner, n, seed ^ 1));
        let a = x.times(&y);
        let options = Options::new().oversample(oversample).seed(seed).max_passes(40);
        every_way::<f64>(&a, rank, &options, |svd, way| valid::<f64>(&a, svd, way));
        let single = a.rounded::<f32>();
        every_way::<f32>(&single, rank, &options, |svd, way| valid::<f32>(&single, svd, way));
    }

    /// Entries over the whole range of the number type at once.
    #[test]
    fn any_bit_patterns_that_are_finite(m in 1usize..6, n in 1usize..6, rank in 0usize..6, bits in prop::collection::vec(any::<u32>(), 36)) {
        let rank = 1 + rank % m.min(n);
        let entry = |i: usize| Some(f32::from_bits(bits[i])).filter(|x| x.abs() < 1e37).unwrap_or(1.0);
        let a = Matrix::new(m, n, |i, j| f64::from(entry(i * 6 + j)));
        every_way::<f32>(&a, rank, &Options::new(), |svd, way| valid::<f32>(&a, svd, way));
    }
}
