//! `lowrank::measures` against the same ratios computed by other means, and at the ends of the number range.

use super::layouts::{ORDERS, Stored};
use super::matrices::{orthonormal, random, with_values};
use super::measures::{self, Matrix};
use lowrank::kernel::Execution;
use lowrank::measures::{orthonormality, orthonormality_scratch_len, residual, residual_scratch_len};
use lowrank::svd::{self, Options};
use lowrank::{Error, MatMut, MatRef, Operand, Real};
use proptest::prelude::*;

fn orthonormality_of<T: Real>(q: &Matrix) -> f64 {
    let mut scratch = vec![T::from_f64(f64::NAN); orthonormality_scratch_len(q.rows, q.cols)];
    orthonormality(Stored::<T>::of(q, 0).view(), Execution::new(), &mut scratch).unwrap()
}

fn residual_of<T: Real>(a: &Matrix, u: &Matrix, s: &[f64], v: &Matrix) -> f64 {
    let mut scratch = vec![T::from_f64(f64::NAN); residual_scratch_len(a.rows, a.cols, s.len())];
    let values: Vec<T> = s.iter().map(|s| T::from_f64(*s)).collect();
    let (a, u, v) = (Stored::<T>::of(a, 0), Stored::<T>::of(u, 1), Stored::<T>::of(v, 0));
    residual(a.view(), u.view(), &values, v.view(), Execution::new(), &mut scratch).unwrap()
}

fn scaled_by<T: Real>(a: &Matrix, e: i32) -> Matrix {
    Matrix::new(a.rows, a.cols, |i, j| T::from_f64(a.at(i, j)).scale(e).to_f64())
}

/// Equal but for the rounding of the measure itself.
fn agree(given: f64, expected: f64) -> bool {
    (given - expected).abs() <= 1.0 + 1e-3 * expected
}

const SHAPES: [(usize, usize); 9] =
    [(1, 1), (3, 3), (5, 2), (40, 40), (64, 64), (300, 65), (257, 130), (900, 3), (130, 129)];

#[test]
fn orthonormality_agrees_with_twice_the_work() {
    fn check<T: Real>() {
        for (m, n) in SHAPES {
            let q = orthonormal(m, n, 151).rounded::<T>();
            for (part, worst) in [(0.0, 8.0), (1e2, 1e4), (1e4, 1e6), (1e6, 1e8)] {
                let noise = random(m, n, 152).scaled(part * T::EPSILON.to_f64());
                let near = Matrix::new(m, n, |i, j| q.at(i, j) + noise.at(i, j)).rounded::<T>();
                let (given, expected) = (orthonormality_of::<T>(&near), measures::orthonormality::<T>(&near));
                assert!(agree(given, expected) && given < worst, "{m} x {n}: {given} {expected}");
                assert!(part == 0.0 || given > part / 10.0 / m as f64, "{m} x {n}: {given}");
            }
            // One wrong entry in any corner, one column too many.
            for (i, j) in [(0, 0), (m - 1, n - 1), (m - 1, 0), (0, n - 1)] {
                let mut wrong = q.clone();
                wrong.data[i * n + j] += 0.25;
                let (given, expected) = (orthonormality_of::<T>(&wrong), measures::orthonormality::<T>(&wrong));
                assert!(agree(given, expected) && given > 1e-5 / T::EPSILON.to_f64(), "{m} x {n}: {given} {expected}");
            }
            let twice = Matrix::new(m, n + 1, |i, j| q.at(i, j % n));
            let (given, expected) = (orthonormality_of::<T>(&twice), measures::orthonormality::<T>(&twice));
            assert!(agree(given, expected), "{m} x {n}: {given} {expected}");
        }
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn orthonormality_in_closed_form_at_every_scale() {
    fn check<T: Real>() {
        let eps = T::EPSILON.to_f64();
        let value = |x: f64| Matrix::new(2, 1, |i, _| if i == 0 { x } else { 0.0 });
        for (x, expected) in [(1.0, 0.0), (-1.0, 0.0), (0.0, 0.5 / eps), (0.5, 0.375 / eps), (3.0, 4.0 / eps)] {
            assert_eq!(orthonormality_of::<T>(&value(x)), expected, "{x}");
        }
        for e in [40, 60, 100, 120] {
            let expected = (2f64.powi(2 * e) - 1.0) / 2.0 / eps;
            let given = orthonormality_of::<T>(&value(2f64.powi(e)));
            assert!((given / expected - 1.0).abs() < 4.0 * eps, "2^{e}: {given} {expected}");
            assert_eq!(orthonormality_of::<T>(&value(2f64.powi(-e))), 0.5 * (1.0 - 2f64.powi(-2 * e)) / eps);
        }
        let tiny = (T::MIN_POSITIVE * T::EPSILON).to_f64();
        assert_eq!(orthonormality_of::<T>(&value(tiny)), 0.5 / eps);
        assert!(orthonormality_of::<T>(&Matrix::new(300, 70, |_, _| T::MAX.to_f64())) >= f64::from(f32::MAX));
        // Nothing to be orthonormal; a column without a row.
        assert_eq!(orthonormality_of::<T>(&Matrix::new(5, 0, |_, _| 0.0)), 0.0);
        assert_eq!(orthonormality_of::<T>(&Matrix::new(0, 0, |_, _| 0.0)), 0.0);
        assert_eq!(orthonormality_of::<T>(&Matrix::new(0, 4, |_, _| 0.0)), 2.0 / eps);
    }
    check::<f64>();
    check::<f32>();
    for (e, expected) in [(400, 2f64.powi(851)), (480, 2f64.powi(1011)), (600, f64::INFINITY), (1023, f64::INFINITY)] {
        assert_eq!(orthonormality_of::<f64>(&Matrix::new(1, 1, |_, _| 2f64.powi(e))), expected * 2.0, "2^{e}");
    }
}

#[test]
fn residuals_agree_with_twice_the_work() {
    fn check<T: Real>() {
        for (m, n) in SHAPES.into_iter().chain([(2, 90), (65, 200)]) {
            let k = m.min(n);
            let s: Vec<f64> = (0..k).map(|p| T::from_f64(1.0 / (p + 1) as f64).to_f64()).collect();
            let (u, v) = (orthonormal(m, k, 161).rounded::<T>(), orthonormal(n, k, 162).rounded::<T>());
            let exact = Matrix::new(m, n, |i, j| (0..k).map(|p| u.at(i, p) * s[p] * v.at(j, p)).sum());
            for (part, worst) in [(0.0, 8.0), (1e2, 1e4), (1e4, 1e6), (1e6, 1e8)] {
                let noise = random(m, n, 163).scaled(part * T::EPSILON.to_f64());
                let a = Matrix::new(m, n, |i, j| exact.at(i, j) + noise.at(i, j)).rounded::<T>();
                let expected = measures::residual::<T>(&a, &u, &s, &v);
                let given = residual_of::<T>(&a, &u, &s, &v);
                assert!(agree(given, expected) && given < worst, "{m} x {n}: {given} {expected}");
                assert!(part == 0.0 || given > part / 20.0 / m.max(n) as f64, "{m} x {n}: {given}");
            }
            // One wrong number in any factor.
            let a = exact.rounded::<T>();
            for place in 0..4 {
                let (mut a, mut u, mut s, mut v) = (a.clone(), u.clone(), s.clone(), v.clone());
                let numbers = [&mut a.data, &mut u.data, &mut s, &mut v.data];
                *numbers.into_iter().nth(place).unwrap().last_mut().unwrap() += 0.5;
                let expected = measures::residual::<T>(&a, &u, &s, &v);
                assert!(agree(residual_of::<T>(&a, &u, &s, &v), expected) && expected > 30.0, "{m} x {n}, {place}");
            }
        }
    }
    check::<f64>();
    check::<f32>();
}

/// The ratio does not change with the scale of A, as long as the factors follow; far beside it, it is large or
/// infinite.
#[test]
fn residuals_at_every_scale() {
    fn check<T: Real>(exponents: &[i32]) {
        let (m, n) = (70, 5);
        let s = [4.0, 2.0, 1.0, 0.5, 0.25];
        let (u, v) = (orthonormal(m, n, 171).rounded::<T>(), orthonormal(n, n, 172).rounded::<T>());
        let a = with_values(m, n, &s, 173).rounded::<T>();
        let plain = residual_of::<T>(&a, &u, &s, &v);
        assert!(agree(plain, measures::residual::<T>(&a, &u, &s, &v)));
        for &e in exponents {
            let values: Vec<f64> = s.iter().map(|s| T::from_f64(*s).scale(e).to_f64()).collect();
            let given = residual_of::<T>(&scaled_by::<T>(&a, e), &u, &values, &v);
            assert!((given / plain - 1.0).abs() < 1e-3, "2^{e}: {given} {plain}");
            // Scale between the factors does not matter either.
            let ones = [1.0; 5];
            let right = Matrix::new(n, n, |i, j| v.at(i, j) * s[j]);
            let given = residual_of::<T>(&scaled_by::<T>(&a, e), &scaled_by::<T>(&u, e), &ones, &right);
            assert!((given / plain - 1.0).abs() < 1e-3, "2^{e}: {given} {plain}");
        }
        let unit = n.max(m) as f64 * T::EPSILON.to_f64();
        let far = |e: i32, f: i32| {
            let values: Vec<f64> = s.iter().map(|s| T::from_f64(*s).scale(f).to_f64()).collect();
            residual_of::<T>(&scaled_by::<T>(&a, e), &u, &values, &v)
        };
        let half = T::MAX_EXPONENT / 2;
        assert!((far(half, -half) * unit - 1.0).abs() < 1e-6);
        let expected = T::ONE.scale(half).to_f64();
        assert!((far(-half / 2, half - half / 2) * unit / expected - 1.0).abs() < 1e-6);
        let scaled: Vec<f64> = s.iter().map(|s| T::from_f64(*s).scale(half).to_f64()).collect();
        let ratio = residual_of::<T>(&a, &scaled_by::<T>(&u, half), &scaled, &scaled_by::<T>(&v, half));
        assert!(ratio > expected * expected);
    }
    check::<f64>(&[-900, -600, -300, 300, 600, 1020]);
    check::<f32>(&[-90, -60, -35, 35, 60, 123]);
    // Columns of very different scale in both factors, of which the products have that of A.
    let grade = |x: &Matrix, sign: i32| {
        Matrix::new(x.rows, 5, |i, j| x.at(i, j) * 2f64.powi(sign * [120, -120, 60, 0, -100][j]))
    };
    let (a, u, v) = (random(70, 5, 174).rounded::<f32>(), random(70, 5, 175), random(5, 5, 176));
    let (u, v) = (u.rounded::<f32>(), v.rounded::<f32>());
    let s = [0.5, -1.0, 2.0, 3.0, 1.0];
    let given = residual_of::<f32>(&a, &grade(&u, 1), &s, &grade(&v, -1));
    assert!((given / measures::residual::<f32>(&a, &u, &s, &v) - 1.0).abs() < 1e-5);
    // Three factors of 2^800, and a product far beyond f64.
    let large = Matrix::new(1, 1, |_, _| 2f64.powi(800));
    assert_eq!(residual_of::<f64>(&large, &large, &[2f64.powi(800)], &large), f64::INFINITY);
    let (small, one) = (Matrix::new(1, 1, |_, _| 2f64.powi(-800)), Matrix::new(1, 1, |_, _| 1.0));
    assert_eq!(residual_of::<f64>(&one, &large, &[1.0], &small), 0.0);
    assert_eq!(residual_of::<f64>(&large, &large, &[2f64.powi(800)], &small), 0.0);
    assert_eq!(residual_of::<f64>(&large, &large, &[0.0], &small), 1.0 / f64::EPSILON);
}

#[test]
fn residuals_of_nothing_and_of_what_underflows() {
    fn check<T: Real>() {
        let constant = |m: usize, n: usize, x: f64| Matrix::new(m, n, |_, _| x);
        let (zero, one) = (constant(2, 2, 0.0), constant(2, 1, 1.0));
        let eps = T::EPSILON.to_f64();
        let tiny = (T::MIN_POSITIVE * T::EPSILON).to_f64();
        assert_eq!(residual_of::<T>(&zero, &one, &[0.0], &one), 0.0);
        assert_eq!(residual_of::<T>(&zero, &one, &[1.0], &one), f64::INFINITY);
        assert_eq!(residual_of::<T>(&zero, &one, &[], &one), 0.0);
        assert_eq!(residual_of::<T>(&constant(2, 2, 3.0), &one, &[], &one), 0.5 / eps);
        for (m, n) in [(0, 0), (0, 3), (3, 0)] {
            let (u, v) = (constant(m, 2, 1.0), constant(n, 2, 1.0));
            assert_eq!(residual_of::<T>(&constant(m, n, 0.0), &u, &[1.0, 2.0], &v), 0.0);
        }
        // 60 of the smallest numbers are forgiven for a size of 2, in the norm: 30 in each of four entries.
        assert_eq!(residual_of::<T>(&constant(2, 2, 30.0 * tiny), &one, &[0.0], &one), 0.0);
        assert_eq!(residual_of::<T>(&constant(2, 2, 60.0 * tiny), &one, &[0.0], &one), 0.25 / eps);
        assert_eq!(residual_of::<T>(&constant(2, 2, 60.0 * tiny), &one, &[31.0 * tiny], &one), 0.0);
        // Scale of the factors where A is zero: an error of 2^-40, of 2^40.
        for e in [-40, 40] {
            assert_eq!(residual_of::<T>(&zero, &one, &[2f64.powi(e)], &one), f64::INFINITY);
        }
        // A factor that is zero beside one that is very large.
        let large = constant(2, 1, T::MAX.to_f64());
        assert_eq!(
            residual_of::<T>(&constant(2, 2, tiny * 60.0), &large, &[T::MAX.to_f64()], &constant(2, 1, 0.0)),
            0.25 / eps
        );
    }
    check::<f64>();
    check::<f32>();
}

/// As a user checks what `svd` returned: full or thin factors, and too few of the values.
#[test]
fn the_factors_of_svd_pass_and_truncated_ones_do_not() {
    let (m, n) = (20, 30);
    let a = random(m, n, 181);
    let view = MatRef::row_major(&a.data, m, n).unwrap();
    let (mut u, mut s, mut v) = (vec![0.0; m * m], vec![0.0; m], vec![0.0; n * n]);
    let mut scratch = vec![0.0; svd::svd_scratch_len(m, n)];
    let options = Options::new().vectors(svd::Vectors::Full);
    let (left, right) = (MatMut::row_major(&mut u, m, m).unwrap(), MatMut::row_major(&mut v, n, n).unwrap());
    svd::svd(view, &mut s, Some(left), Some(right), &options, &mut scratch).unwrap();
    let (u, v) = (MatRef::row_major(&u, m, m).unwrap(), MatRef::row_major(&v, n, n).unwrap());
    let mut scratch = vec![0.0; residual_scratch_len(m, n, m).max(orthonormality_scratch_len(n, n))];
    let mut all = |count: usize| residual(view, u, &s[..count], v, Execution::new(), &mut scratch).unwrap();
    assert!(all(m) < 8.0);
    // What is left out are the other values: |A - A_k|^2 = s_(k+1)^2 + ..
    for k in [0, 7, 19] {
        let left: f64 = s[k..].iter().map(|s| s * s).sum::<f64>().sqrt();
        let expected = left / a.norm() / (30.0 * f64::EPSILON);
        assert!((all(k) / expected - 1.0).abs() < 1e-12, "{k}");
    }
    for q in [u, v] {
        assert!(orthonormality(q, Execution::new(), &mut scratch).unwrap() < 8.0);
    }
}

#[test]
fn wrong_arguments_are_named() {
    let fill = |m: usize, n: usize| Stored::<f32>::of(&random(m, n, 191), 0);
    let (a, u, v, s) = (fill(4, 3), fill(4, 2), fill(3, 2), [1.0; 2]);
    let needed = residual_scratch_len(4, 3, 2);
    let run = |u: MatRef<'_, f32>, s: &[f32], v: MatRef<'_, f32>, len: usize| {
        residual(a.view(), u, s, v, Execution::new(), &mut vec![f32::NAN; len])
    };
    let shape = |operand, expected, given| Err(Error::Shape { operand, expected, given });
    assert_eq!(run(v.view(), &s, v.view(), needed), shape(Operand::Left, (4, 2), (3, 2)));
    assert_eq!(run(u.view(), &s, u.view(), needed), shape(Operand::Right, (3, 2), (4, 2)));
    assert_eq!(run(u.view(), &[1.0; 3], v.view(), needed * 2), shape(Operand::Left, (4, 3), (4, 2)));
    assert_eq!(run(fill(4, 5).view(), &[1.0; 3], v.view(), needed * 2), shape(Operand::Right, (3, 3), (3, 2)));
    assert_eq!(run(u.view(), &s, v.view(), needed - 1), Err(Error::ScratchTooSmall { needed, given: needed - 1 }));
    assert!(run(u.view(), &s, v.view(), needed).is_ok());
    let needed = orthonormality_scratch_len(4, 3);
    let short = Err(Error::ScratchTooSmall { needed, given: needed - 1 });
    assert_eq!(orthonormality(a.view(), Execution::new(), &mut vec![0.0; needed - 1]), short);
    for bad in [f32::NAN, f32::INFINITY] {
        let named = |operand, row, col| Err(Error::NonFinite { operand, row, col });
        let mut scratch = vec![0.0; 1000];
        for order in 0..ORDERS {
            let spoil = |m: usize, n: usize, i: usize, j: usize| {
                let mut x = Stored::<f32>::of(&random(m, n, 192), order);
                *x.view_mut().get_mut(i, j).unwrap() = bad;
                x
            };
            let x = spoil(4, 3, 2, 1);
            let execution = Execution::new();
            assert_eq!(orthonormality(x.view(), execution, &mut scratch), named(Operand::A, 2, 1));
            let result = residual(x.view(), u.view(), &s, v.view(), execution, &mut scratch);
            assert_eq!(result, named(Operand::A, 2, 1));
            assert_eq!(run(spoil(4, 2, 3, 0).view(), &s, v.view(), 1000), named(Operand::Left, 3, 0));
            assert_eq!(run(u.view(), &s, spoil(3, 2, 0, 1).view(), 1000), named(Operand::Right, 0, 1));
            assert_eq!(run(u.view(), &[1.0, bad], v.view(), 1000), named(Operand::SingularValues, 1, 0));
            // A column beyond the values is not read.
            assert!(run(spoil(4, 3, 3, 2).view(), &s, v.view(), 1000).is_ok());
        }
    }
}

proptest! {
    #[test]
    fn the_same_bits_in_every_order(m in 0usize..9, n in 0usize..9, r in 0usize..9, seed: u64, order in 0..ORDERS) {
        let (a, u, v) = (random(m, n, seed), random(m, r, seed ^ 1), random(n, r, seed ^ 2));
        let s = random(r, 1, seed ^ 3).data;
        let expected = (orthonormality_of::<f64>(&u), residual_of::<f64>(&a, &u, &s, &v));
        let other = ORDERS - 1 - order;
        let (a, u, v) = (Stored::<f64>::of(&a, order), Stored::<f64>::of(&u, other), Stored::<f64>::of(&v, order));
        let len = residual_scratch_len(m, n, r).max(orthonormality_scratch_len(m, r));
        let mut scratch = vec![f64::INFINITY; len + 1];
        let given = (
            orthonormality(u.view(), Execution::new(), &mut scratch[1..]).unwrap(),
            residual(a.view(), u.view(), &s, v.view(), Execution::new(), &mut scratch).unwrap(),
        );
        prop_assert_eq!((given.0.to_bits(), given.1.to_bits()), (expected.0.to_bits(), expected.1.to_bits()));
    }

    /// Numbers over the whole range of the type at once: a ratio is never negative, never NaN.
    #[test]
    fn any_bit_patterns_that_are_finite(
        m in 1usize..5, n in 1usize..5, r in 0usize..4, bits in prop::collection::vec(any::<u32>(), 80),
    ) {
        let entry = |i: usize| f64::from(Some(f32::from_bits(bits[i])).filter(|x| x.is_finite()).unwrap_or(1.0));
        let (a, u) = (Matrix::new(m, n, |i, j| entry(i * 5 + j)), Matrix::new(m, r, |i, j| entry(30 + i * 5 + j)));
        let v = Matrix::new(n, r, |i, j| entry(50 + i * 5 + j));
        let s: Vec<f64> = (0..r).map(|j| entry(75 + j)).collect();
        prop_assert!(orthonormality_of::<f32>(&a) >= 0.0);
        let given = residual_of::<f32>(&a, &u, &s, &v);
        let expected = measures::residual::<f32>(&a, &u, &s, &v);
        prop_assert!(given >= 0.0);
        prop_assert!(agree(given, expected) || (given / expected - 1.0).abs() < 1e-5, "{} {}", given, expected);
    }
}
