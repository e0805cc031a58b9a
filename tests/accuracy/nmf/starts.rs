//! Random and NNDSVD starts, and the scale of any start.

use super::{Nmf, SOLVERS, dense_updates, never_rises, start, updates, usable};
use crate::machines::halves;
use crate::matrices::nonnegative;
use crate::measures::Matrix;
use lowrank::nmf::{self, Fill, Norm, Options};
use lowrank::operator::{Dense, LinearOperator};
use lowrank::svd::{self, truncated};
use lowrank::{Error, MatMut, MatRef, Operand, Real};
use std::ops::ControlFlow;

#[test]
fn a_random_start_is_seeded_positive_and_of_the_size_of_x() {
    fn check<T: Real>(exponents: &[i32]) {
        for &e in exponents {
            let x = Matrix::new(30, 20, |i, j| T::from_f64(1.0 + (i * j % 3) as f64).scale(e).to_f64());
            let data: Vec<T> = x.cast();
            let scan = Dense::new(MatRef::row_major(&data, 30, 20).unwrap()).check().unwrap();
            let go = |seed| {
                let (mut w, mut h) = (vec![T::ZERO; 30 * 8], vec![T::ZERO; 8 * 20]);
                let (left, right) =
                    (MatMut::row_major(&mut w, 30, 8).unwrap(), MatMut::col_major(&mut h, 8, 20).unwrap());
                nmf::random_start(&scan, left, right, seed);
                let (w, h) = (MatRef::row_major(&w, 30, 8).unwrap(), MatRef::col_major(&h, 8, 20).unwrap());
                (Matrix::of(w), Matrix::of(h))
            };
            let (w, h) = go(3);
            assert!(w.data == go(3).0.data && h.data == go(3).1.data && w.data != go(4).0.data);
            assert!(w.data.iter().chain(&h.data).all(|x| *x > 0.0 && x.is_finite()), "2^{e}");
            let half = T::from_f64(x.norm()).exponent() / 2;
            let down = |a: &Matrix| Matrix::new(a.rows, a.cols, |i, j| T::from_f64(a.at(i, j)).scale(-half).to_f64());
            let size = down(&w).times(&down(&h)).norm() / T::from_f64(x.norm()).scale(-2 * half).to_f64();
            assert!((0.8..1.3).contains(&size), "2^{e}: {size}");
        }
    }
    check::<f64>(&[-1020, -500, -129, -127, 0, 127, 131, 500, 1010]);
    check::<f32>(&[-125, -60, -17, -16, 0, 1, 15, 17, 60, 115]);
}

#[test]
fn nndsvd_is_its_formula() {
    let x = nonnegative(25, 18, 0.3, 91);
    for (x, k) in [(x.clone(), 5), (x.t(), 5), (x, 1)] {
        let (m, n) = (x.rows, x.cols);
        let operator = Dense::new(MatRef::row_major(&x.data, m, n).unwrap());
        let options = truncated::Options::new();
        let (mut s, mut u, mut v) = (vec![0.0; k], vec![0.0; m * k], vec![0.0; n * k]);
        let mut scratch = vec![0.0; svd::truncated_scratch_len(&operator, k, &options)];
        let (left, right) = (MatMut::row_major(&mut u, m, k).unwrap(), MatMut::row_major(&mut v, n, k).unwrap());
        let go_on = |_: &truncated::Info| ControlFlow::Continue(());
        svd::truncated(&operator, &mut s, Some(left), Some(right), &options, &mut scratch, go_on).unwrap();

        let (mut w, mut h) = (Matrix::new(m, k, |_, _| 0.0), Matrix::new(k, n, |_, _| 0.0));
        for (p, value) in s.iter().enumerate() {
            let part = |data: &[f64], sign: f64| -> Vec<f64> {
                data.iter().skip(p).step_by(k).map(|x| (sign * x).max(0.0)).collect()
            };
            let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
            let terms = [1.0, -1.0].map(|sign| (part(&u, sign), part(&v, sign)));
            let size = |term: &(Vec<f64>, Vec<f64>)| norm(&term.0) * norm(&term.1);
            let term = &terms[usize::from(size(&terms[1]) > size(&terms[0]))];
            let root = (value * size(term)).sqrt();
            (0..m).for_each(|i| w.data[i * k + p] = term.0[i] / norm(&term.0) * root);
            (0..n).for_each(|j| h.data[p * n + j] = term.1[j] / norm(&term.1) * root);
        }
        for fill in [0.0, 0.5] {
            let (mut found_w, mut found_h) = (vec![7.0; m * k], vec![7.0; k * n]);
            let mut scratch = vec![f64::NAN; nmf::nndsvd_scratch_len(&operator, k, &options)];
            let left = MatMut::row_major(&mut found_w, m, k).unwrap();
            nmf::nndsvd(
                &operator,
                left,
                MatMut::row_major(&mut found_h, k, n).unwrap(),
                Fill::Part(fill),
                &options,
                &mut scratch,
            )
            .unwrap();
            for (found, plain) in [(&found_w, &w), (&found_h, &h)] {
                let mean_square = plain.data.iter().map(|x| x * x).sum::<f64>() / plain.data.len() as f64;
                let filled = fill * mean_square.sqrt();
                for (found, plain) in found.iter().zip(&plain.data) {
                    let expected = if *plain == 0.0 { filled } else { *plain };
                    assert!((found - expected).abs() < 1e-12, "{found} {expected}");
                }
            }
            // The first pair has one sign, so nothing of it is lost.
            let first =
                (0..m).map(|i| found_w[i * k].powi(2)).sum::<f64>() * (0..n).map(|j| found_h[j].powi(2)).sum::<f64>();
            assert!((first.sqrt() / s[0] - 1.0).abs() < 1e-10);
        }
    }
}

#[test]
fn nndsvd_names_wrong_arguments_and_survives_any_rank() {
    let run = |x: &Matrix, w: (usize, usize), h: (usize, usize), less: usize| {
        let operator = Dense::new(MatRef::row_major(&x.data, x.rows, x.cols).unwrap());
        let options = truncated::Options::new();
        let (mut left, mut right) = (vec![7.0; w.0 * w.1], vec![7.0; h.0 * h.1]);
        let needed = nmf::nndsvd_scratch_len(&operator, w.1, &options);
        let mut scratch = vec![f64::NAN; needed - less];
        let left_view = MatMut::row_major(&mut left, w.0, w.1).unwrap();
        let right_view = MatMut::row_major(&mut right, h.0, h.1).unwrap();
        let result =
            nmf::nndsvd(&operator, left_view, right_view, Fill::Part(0.01), &options, &mut scratch).map(|_| ());
        let entries: Vec<f64> = left.into_iter().chain(right).collect();
        assert!(result.is_ok() || entries.iter().all(|x| *x == 7.0));
        assert!(entries.iter().all(|x| *x >= 0.0 && x.is_finite()));
        (result, needed)
    };
    let shape = |operand, expected, given| Err(Error::Shape { operand, expected, given });
    let x = nonnegative(6, 4, 0.2, 92);
    assert_eq!(run(&x, (6, 2), (2, 5), 0).0, shape(Operand::Right, (2, 4), (2, 5)));
    assert_eq!(run(&x, (5, 2), (2, 4), 0).0, shape(Operand::Left, (6, 2), (5, 2)));
    assert_eq!(run(&x, (6, 5), (5, 4), 0).0, Err(Error::Rank { max: 4, given: 5 }));
    let (result, needed) = run(&x, (6, 2), (2, 4), 1);
    assert_eq!(result, Err(Error::ScratchTooSmall { needed, given: needed - 1 }));
    let mut bad = x.clone();
    bad.data[9] = f64::NAN;
    assert_eq!(run(&bad, (6, 2), (2, 4), 0).0, Err(Error::NonFinite { operand: Operand::A, row: 2, col: 1 }));
    for x in [x, Matrix::new(6, 4, |_, _| 0.0), Matrix::new(6, 4, |_, _| 1.0), Matrix::new(6, 4, |i, _| i as f64)] {
        for k in 1..=4 {
            assert_eq!(run(&x, (6, k), (k, 4), 0).0, Ok(()));
        }
    }
}

/// A random start and NNDSVD fit X at any scale, as well as at the scale of one.
#[test]
fn scale_does_not_matter() {
    fn check<T: Real>(exponents: &[i32], limit: f64) {
        let x = nonnegative(20, 15, 0.2, 84).rounded::<T>();
        for nndsvd in [false, true] {
            for solver in SOLVERS {
                let plain = fit::<T>(&x, nndsvd, solver);
                for &e in exponents {
                    let scaled = Matrix::new(20, 15, |i, j| T::from_f64(x.at(i, j)).scale(e).to_f64());
                    let (context, result) = (format!("2^{e}, {solver:?}, {nndsvd}"), fit::<T>(&scaled, nndsvd, solver));
                    usable(&scaled, &result, &context);
                    never_rises::<T>(&result.errors, &context);
                    let (last, expected) = (result.errors[29], plain.errors[29]);
                    assert!((last - expected).abs() < limit, "{context}: {last} {expected}");
                }
            }
        }
    }
    /// Thirty updates from the crate's own start.
    fn fit<T: Real>(x: &Matrix, nndsvd: bool, solver: Options) -> Nmf {
        let data: Vec<T> = x.cast();
        let operator = Dense::new(MatRef::row_major(&data, x.rows, x.cols).unwrap());
        let (mut w, mut h) = (vec![T::ZERO; x.rows * 3], vec![T::ZERO; 3 * x.cols]);
        let (left, right) =
            (MatMut::row_major(&mut w, x.rows, 3).unwrap(), MatMut::row_major(&mut h, 3, x.cols).unwrap());
        if nndsvd {
            let options = truncated::Options::new();
            let mut scratch = vec![T::ZERO; nmf::nndsvd_scratch_len(&operator, 3, &options)];
            nmf::nndsvd(&operator, left, right, nmf::Fill::Part(0.1), &options, &mut scratch).unwrap();
        } else {
            nmf::random_start(&operator.check().unwrap(), left, right, 5);
        }
        let of = |data: &[T], rows, cols| Matrix::of(MatRef::row_major(data, rows, cols).unwrap());
        updates(&operator, &of(&w, x.rows, 3), &of(&h, 3, x.cols), solver, 30, T::ZERO).unwrap()
    }
    check::<f64>(&[-1015, -997, -500, -129, -128, -127, -60, 60, 127, 129, 500, 997, 1010], 1e-3);
    check::<f32>(&[-140, -126, -120, -60, -17, -16, -15, -8, 8, 14, 15, 16, 17, 60, 118], 2e-2);
}

/// All of the scale in one factor, as left by normalizing the other, is as good a start as any.
#[test]
fn a_start_with_all_of_the_scale_in_one_factor_is_kept() {
    fn check<T: Real>(exponents: &[i32]) {
        for &e in exponents {
            let (w, h) = (nonnegative(400, 3, 0.0, 85), nonnegative(3, 15, 0.0, 86));
            let large = Matrix::new(400, 3, |i, j| T::from_f64(w.at(i, j)).scale(e).to_f64());
            let x = large.times(&h).rounded::<T>();
            for solver in SOLVERS {
                let flipped = dense_updates::<T>(&x.t(), &h.t(), &large.t(), solver, 3);
                let result = dense_updates::<T>(&x, &large, &h, solver, 3);
                for result in [result, flipped] {
                    usable(&x, &result, "one factor");
                    let largest = result.errors.iter().fold(0.0f64, |m, e| m.max(*e));
                    assert!(largest < 1e-3, "2^{e}, {solver:?}: {:?}", result.errors);
                }
            }
        }
    }
    check::<f64>(&[-1000, -500, 500, 1000, 1020]);
    check::<f32>(&[-100, -60, -20, 20, 60, 100, 123]);
}

#[test]
fn a_start_of_order_one_serves_at_every_scale() {
    fn check<T: Real>(exponents: &[i32]) {
        let x = nonnegative(40, 30, 0.2, 87);
        let (w, h) = start(40, 30, 3, 88);
        for solver in SOLVERS {
            let plain = dense_updates::<T>(&x, &w, &h, solver, 10);
            for &e in exponents {
                let scaled = Matrix::new(40, 30, |i, j| T::from_f64(x.at(i, j)).scale(e).to_f64());
                let result = dense_updates::<T>(&scaled, &w, &h, solver, 10);
                usable(&scaled, &result, "order one");
                let (last, expected) = (result.errors[9], plain.errors[9]);
                assert!((last - expected).abs() < 1e-2, "2^{e}, {solver:?}: {last} {expected}");
            }
        }
    }
    check::<f64>(&[-1000, -500, 500, 1000]);
    check::<f32>(&[-118, -60, 60, 120]);
}

/// NNDSVDa and NNDSVDar differ from NNDSVD in its zeros alone.
#[test]
fn zeros_are_filled_as_asked() {
    let x = nonnegative(25, 18, 0.3, 102);
    let start = |x: &Matrix, fill: Fill| {
        let sparse = crate::matrices::Sparse::<f64>::of(x);
        let (operator, options) = (sparse.csr(), truncated::Options::new());
        let (mut w, mut h) = (vec![7.0; 25 * 4], vec![7.0; 4 * 18]);
        let mut scratch = vec![f64::NAN; nmf::nndsvd_scratch_len(&operator, 4, &options)];
        let views = (MatMut::row_major(&mut w, 25, 4).unwrap(), MatMut::row_major(&mut h, 4, 18).unwrap());
        nmf::nndsvd(&operator, views.0, views.1, fill, &options, &mut scratch).unwrap();
        [w, h].concat()
    };
    let plain = start(&x, Fill::Zeros);
    let mean = x.data.iter().sum::<f64>() / x.data.len() as f64;
    let filled = start(&x, Fill::Mean);
    let random = start(&x, Fill::Random { seed: 3 });
    assert!(random == start(&x, Fill::Random { seed: 3 }) && random != start(&x, Fill::Random { seed: 4 }));
    let zeros: Vec<usize> = (0..plain.len()).filter(|p| plain[*p] == 0.0).collect();
    assert!(zeros.len() > 10);
    for p in 0..plain.len() {
        if plain[p] == 0.0 {
            assert!((filled[p] / mean - 1.0).abs() < 1e-12 && random[p] > 0.0 && random[p] <= 0.01 * mean);
        } else {
            assert!(filled[p] == plain[p] && random[p] == plain[p]);
        }
    }
    assert!(random[zeros[0]] != random[zeros[1]]);
}

#[test]
fn one_factor_takes_the_scale_of_the_other() {
    let (w, h) = (nonnegative(6, 3, 0.2, 103), nonnegative(3, 5, 0.2, 104));
    let product = w.times(&h);
    for (kind, power) in [(Norm::One, 1.0), (Norm::Two, 2.0), (Norm::Max, 0.0)] {
        for e in [-1000, 0, 1000] {
            let large = Matrix::new(3, 5, |i, j| if i == 1 { 0.0 } else { -h.at(i, j).scale(e) });
            let (mut left, mut right) = (w.data.clone(), large.data.clone());
            let views = (MatMut::row_major(&mut left, 6, 3).unwrap(), MatMut::row_major(&mut right, 3, 5).unwrap());
            nmf::normalize(views.0, views.1, kind).unwrap();
            for i in 0..3 {
                let row = &right[5 * i..5 * i + 5];
                let size: f64 = if power == 0.0 {
                    row.iter().fold(0.0, |m, x| x.abs().max(m))
                } else {
                    row.iter().map(|x| x.abs().powf(power)).sum()
                };
                assert!((size - if i == 1 { 0.0 } else { 1.0 }).abs() < 1e-12, "{kind:?}, 2^{e}: {size}");
            }
            let down = Matrix::new(6, 3, |i, j| left[3 * i + j].scale(if j == 1 { 0 } else { -e }));
            let back = down.times(&Matrix::new(3, 5, |i, j| -right[5 * i + j]));
            let without = Matrix::new(6, 5, |i, j| product.at(i, j) - w.at(i, 1) * h.at(1, j));
            assert!(back.minus(&without).norm() < 1e-13 * product.norm(), "{kind:?}, 2^{e}");
        }
    }
}

#[test]
fn what_cannot_be_scaled_is_refused() {
    let run = |w: [f64; 4], h: &[f64], rows: usize| {
        let (mut left, mut right) = (w, h.to_vec());
        let views =
            (MatMut::row_major(&mut left, 2, 2).unwrap(), MatMut::row_major(&mut right, rows, h.len() / rows).unwrap());
        let result = nmf::normalize(views.0, views.1, Norm::One);
        assert!(result.is_ok() || left.iter().zip(&w).all(|(x, y)| x.to_bits() == y.to_bits()) && right[0] == h[0]);
        result
    };
    assert_eq!(run([1.0; 4], &[1.0; 6], 2), Ok(()));
    let shape = Error::Shape { operand: Operand::Right, expected: (2, 2), given: (3, 2) };
    assert_eq!(run([1.0; 4], &[1.0; 6], 3), Err(shape));
    let bad = |operand, row, col| Err(Error::NonFinite { operand, row, col });
    assert_eq!(run([1.0, 1.0, f64::NAN, 1.0], &[1.0; 4], 2), bad(Operand::Left, 1, 0));
    assert_eq!(run([1.0; 4], &[1.0, f64::INFINITY, 1.0, 1.0], 2), bad(Operand::Right, 0, 1));
}

/// W times a power of two and H divided by it: the same iterates, as far as the numbers reach.
#[test]
fn the_scale_of_one_factor_does_not_matter() {
    fn check<T: Real>(exponents: &[i32]) {
        let x = nonnegative(40, 30, 0.2, 105).rounded::<T>();
        let (w, h) = start(40, 30, 3, 106);
        let scaled = |x: &Matrix, e: i32| Matrix::new(x.rows, x.cols, |i, j| T::from_f64(x.at(i, j)).scale(e).to_f64());
        for solver in SOLVERS {
            let plain = dense_updates::<T>(&x, &w, &h, solver, 10);
            for &e in exponents {
                let result = dense_updates::<T>(&x, &scaled(&w, e), &scaled(&h, -e), solver, 10);
                usable(&x, &result, "scaled apart");
                let off = (result.errors[9] - plain.errors[9]).abs();
                assert!(off < 100.0 * T::EPSILON.to_f64(), "2^{e}, {solver:?}: {off:e}");
            }
        }
    }
    check::<f64>(&[-1000, -530, 3, 530, 1000]);
    check::<f32>(&[-100, -30, 30, 100]);
}

/// The parts of either sign, and the mean size of a factor, are those of all rows.
#[test]
fn nndsvd_on_two_machines_is_that_of_one() {
    let x = nonnegative(60, 18, 0.3, 107);
    let options = truncated::Options::new().oversample(14);
    for fill in [Fill::Zeros, Fill::Part(0.3), Fill::Mean] {
        let start_of = |x: &dyn Fn(MatMut<'_, f64>, MatMut<'_, f64>), rows: usize| {
            let (mut w, mut h) = (vec![7.0; rows * 4], vec![7.0; 4 * 18]);
            x(MatMut::row_major(&mut w, rows, 4).unwrap(), MatMut::row_major(&mut h, 4, 18).unwrap());
            (w, h)
        };
        let dense = Dense::new(MatRef::row_major(&x.data, 60, 18).unwrap());
        let whole = |w: MatMut<'_, f64>, h: MatMut<'_, f64>| {
            let mut scratch = vec![f64::NAN; nmf::nndsvd_scratch_len(&dense, 4, &options)];
            nmf::nndsvd(&dense, w, h, fill, &options, &mut scratch).unwrap();
        };
        let one = start_of(&whole, 60);
        let two = halves(&x, |number, half| {
            let options = options.machine(number);
            let part = |w: MatMut<'_, f64>, h: MatMut<'_, f64>| {
                let mut scratch = vec![f64::NAN; nmf::nndsvd_scratch_len(half, 4, &options)];
                nmf::nndsvd(half, w, h, fill, &options, &mut scratch).unwrap();
            };
            start_of(&part, 30)
        });
        for (number, (w, h)) in two.iter().enumerate() {
            let near = |x: &[f64], y: &[f64]| x.iter().zip(y).all(|(x, y)| (x - y).abs() < 1e-6);
            assert!(near(h, &one.1) && near(w, &one.0[number * 120..][..120]), "{fill:?}, machine {number}");
        }
        assert!(two[0].1 == two[1].1, "H is the same on both");
    }
}
