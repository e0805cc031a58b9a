//! The updates against their defining formulas, the loss against the difference.

use super::{HALS, MULTIPLICATIVE, SOLVERS, dense_updates, never_rises, start, told_truly, updates, usable};
use crate::machines::{halves, rows_of};
use crate::matrices::{Sparse, nonnegative};
use crate::measures::Matrix;
use lowrank::nmf::{self, Options, Penalty, Solver, State};
use lowrank::operator::{Dense, Transposed};
use lowrank::svd;
use lowrank::{MatMut, MatRef, Real};
use proptest::prelude::*;

fn relative_error(x: &Matrix, w: &Matrix, h: &Matrix) -> f64 {
    if x.norm() == 0.0 { 0.0 } else { x.minus(&w.times(h)).norm() / x.norm() }
}

/// `W <- W * (X H^T) / (W H H^T)` with the product formed.
fn multiplicative(x: &Matrix, w: &Matrix, h: &Matrix) -> Matrix {
    let (above, below) = (x.times(&h.t()), w.times(h).times(&h.t()));
    Matrix::new(w.rows, w.cols, |i, j| {
        if below.at(i, j) > 0.0 { w.at(i, j) * above.at(i, j) / below.at(i, j) } else { w.at(i, j) }
    })
}

/// The best value of one entry of W after the other, from the difference of its row.
fn coordinates(x: &Matrix, w: &Matrix, h: &Matrix) -> Matrix {
    let mut w = w.clone();
    for i in 0..w.rows {
        for j in 0..w.cols {
            let size: f64 = (0..h.cols).map(|c| h.at(j, c).powi(2)).sum();
            let rest = |c: usize| x.at(i, c) - (0..w.cols).map(|l| w.at(i, l) * h.at(l, c)).sum::<f64>();
            let slope: f64 = (0..h.cols).map(|c| rest(c) * h.at(j, c)).sum();
            if size > 0.0 {
                let k = w.cols;
                w.data[i * k + j] = (w.at(i, j) + slope / size).max(0.0);
            }
        }
    }
    w
}

fn one_formula(x: &Matrix, w: &Matrix, h: &Matrix, options: Options) -> Matrix {
    match options.solver {
        Solver::Multiplicative => multiplicative(x, w, h),
        _ => coordinates(x, w, h),
    }
}

#[test]
fn updates_are_their_defining_formulas() {
    for (m, n, k) in [(1, 1, 1), (7, 5, 3), (5, 9, 2), (4, 3, 6), (300, 20, 4), (20, 300, 17)] {
        let x = nonnegative(m, n, 0.3, 61);
        let (mut w, mut h) = start(m, n, k, 62);
        w.data[0] = 0.0;
        h.data[k * n / 2] = 0.0;
        for solver in [HALS, MULTIPLICATIVE] {
            let result = dense_updates::<f64>(&x, &w, &h, solver, 2);
            let (mut w, mut h) = (w.clone(), h.clone());
            for _ in 0..2 {
                w = one_formula(&x, &w, &h, solver);
                h = one_formula(&x.t(), &h.t(), &w.t(), solver).t();
            }
            for (found, expected) in [(&result.w, &w), (&result.h, &h)] {
                let off = found.minus(expected).norm();
                assert!(off <= 1e-10 * expected.norm(), "{solver:?}, {m} x {n}, rank {k}: {off:e}");
            }
        }
    }
}

proptest! {
    #[test]
    fn the_loss_never_rises_and_is_told_truly(
        m in 1usize..9, n in 1usize..9, k in 1usize..6, zeros in 0.0f64..1.1, seed: u64,
    ) {
        fn check<T: Real>(x: &Matrix, w: &Matrix, h: &Matrix) {
            for solver in SOLVERS {
                let x = x.rounded::<T>();
                let context = format!("{solver:?}, {x:?}");
                let result = dense_updates::<T>(&x, w, h, solver, 20);
                usable(&x, &result, &context);
                never_rises::<T>(&result.errors, &context);
                told_truly::<T>(result.errors[19], relative_error(&x, &result.w, &result.h), &context);
            }
        }
        let x = nonnegative(m, n, zeros, seed);
        let (mut w, mut h) = start(m, n, k, seed);
        if seed.is_multiple_of(3) {
            (w.data[0], h.data[0]) = (0.0, 0.0);
        }
        check::<f64>(&x, &w, &h);
        check::<f32>(&x, &w, &h);
    }
}

#[test]
fn a_planted_factorization_is_found_to_a_tiny_error() {
    fn check<T: Real>(limit: f64) {
        let (w, h) = (nonnegative(30, 3, 0.4, 63), nonnegative(3, 20, 0.4, 64));
        let x = w.times(&h).rounded::<T>();
        let near = |a: &Matrix, seed| {
            let noise = nonnegative(a.rows, a.cols, 0.0, seed);
            Matrix::new(a.rows, a.cols, |i, j| a.at(i, j) + 0.1 * noise.at(i, j))
        };
        let result = dense_updates::<T>(&x, &near(&w, 65), &near(&h, 66), Options::new(), 3000);
        usable(&x, &result, "planted");
        never_rises::<T>(&result.errors, "planted");
        let last = result.errors[2999];
        assert!(last < limit, "{last:e}");
        told_truly::<T>(last, relative_error(&x, &result.w, &result.h), "planted");
        // An exact start stays exact.
        for solver in SOLVERS {
            let result = dense_updates::<T>(&x, &w, &h, solver, 5);
            usable(&x, &result, "exact");
            assert!(result.errors.iter().all(|e| *e < 10.0 * T::EPSILON.to_f64()), "{:?}", result.errors);
        }
    }
    check::<f64>(1e-10);
    check::<f32>(1e-5);
}

/// At a minimum the gradient is non-negative, and zero where the factor is positive.
#[test]
fn hals_converges_to_a_stationary_point() {
    let x = nonnegative(12, 9, 0.3, 67);
    let (w, h) = start(12, 9, 3, 68);
    let result = dense_updates::<f64>(&x, &w, &h, Options::new(), 4000);
    let difference = result.w.times(&result.h).minus(&x);
    let gradients = [difference.times(&result.h.t()), result.w.t().times(&difference)];
    for (factor, gradient) in [&result.w, &result.h].into_iter().zip(&gradients) {
        for (x, g) in factor.data.iter().zip(&gradient.data) {
            assert!(x.min(*g).abs() < 1e-8, "entry {x:e}, gradient {g:e}");
        }
    }
    assert!(result.w.data.iter().chain(&result.h.data).any(|x| *x == 0.0));
}

#[test]
fn shapes_and_matrices_at_the_edge() {
    for solver in SOLVERS {
        for (m, n, k) in [(1, 1, 1), (1, 7, 1), (7, 1, 1), (6, 6, 1), (3, 4, 7), (2, 9, 5)] {
            let full = nonnegative(m, n, 0.2, 69);
            let (w, h) = start(m, n, k, 70);
            let holes = Matrix::new(m, n, |i, j| if i == m / 2 || j == n / 2 { 0.0 } else { full.at(i, j) });
            for x in [full, holes, Matrix::new(m, n, |_, _| 0.0), Matrix::new(m, n, |_, _| 1.0)] {
                let result = dense_updates::<f64>(&x, &w, &h, solver, 50);
                let context = format!("{solver:?}, {m} x {n}, rank {k}");
                usable(&x, &result, &context);
                never_rises::<f64>(&result.errors, &context);
                told_truly::<f64>(result.errors[49], relative_error(&x, &result.w, &result.h), &context);
                if x.norm() == 0.0 {
                    assert!(result.errors.iter().all(|e| *e == 0.0));
                    assert_eq!(result.w.times(&result.h).norm(), 0.0, "{context}");
                } else if k >= m.min(n) && m.min(n) == 1 {
                    assert!(result.errors[49] < 1e-7, "{context}: {:?}", result.errors);
                }
            }
        }
        // A dimension of zero.
        for (m, n) in [(0, 3), (3, 0), (0, 0)] {
            let (w, h) = (Matrix::new(m, 2, |_, _| 1.0), Matrix::new(2, n, |_, _| 1.0));
            assert_eq!(dense_updates::<f64>(&Matrix::new(m, n, |_, _| 1.0), &w, &h, solver, 2).errors, [0.0, 0.0]);
        }
    }
}

#[test]
fn rank_one_is_the_leading_singular_pair() {
    let x = nonnegative(15, 10, 0.2, 71);
    let (w, h) = start(15, 10, 1, 72);
    let mut s = [0.0; 10];
    let mut scratch = vec![0.0; svd::jacobi_unblocked_scratch_len(15, 10)];
    let view = MatRef::row_major(&x.data, 15, 10).unwrap();
    svd::jacobi_unblocked(view, &mut s, None, None, &svd::Options::new(), &mut scratch).unwrap();
    let best = s[1..].iter().map(|s| s * s).sum::<f64>().sqrt() / x.norm();
    for solver in SOLVERS {
        let result = dense_updates::<f64>(&x, &w, &h, solver, 100);
        assert!((result.errors[99] - best).abs() < 1e-12, "{solver:?}: {} {best}", result.errors[99]);
    }
}

#[test]
fn every_operator_gives_the_same_factors() {
    let x = nonnegative(40, 25, 0.7, 73);
    let (w, h) = start(40, 25, 4, 74);
    let flipped = x.t();
    let (sparse, sparse_flipped) = (Sparse::of(&x), Sparse::of(&flipped));
    let by_columns = Dense::new(MatRef::col_major(&flipped.data, 40, 25).unwrap());
    let flipped = Dense::new(MatRef::row_major(&flipped.data, 25, 40).unwrap());
    // How many sweeps the methods choose depends on the number of entries.
    for solver in SOLVERS.map(|solver| solver.max_sweeps(solver.max_sweeps.max(3))) {
        let dense = dense_updates::<f64>(&x, &w, &h, solver, 15);
        let others = [
            updates(&by_columns, &w, &h, solver, 15, f64::NAN),
            updates(&sparse.csr(), &w, &h, solver, 15, f64::NAN),
            updates(&Transposed(&flipped), &w, &h, solver, 15, f64::NAN),
            updates(&Transposed(&sparse_flipped.csr()), &w, &h, solver, 15, f64::NAN),
        ];
        for other in others.map(Result::unwrap) {
            assert!(dense.w.minus(&other.w).norm() < 1e-9 && dense.h.minus(&other.h).norm() < 1e-9);
        }
    }
}

#[test]
fn the_error_of_a_csr_matrix_is_told_truly() {
    for (zeros, k) in [(0.7, 4), (0.9, 30)] {
        let x = nonnegative(40, 25, zeros, 75);
        let (w, h) = start(40, 25, k, 76);
        for count in [1, 50, 1500] {
            let result = updates(&Sparse::of(&x).csr(), &w, &h, Options::new(), count, f64::NAN).unwrap();
            told_truly::<f64>(result.errors[count - 1], relative_error(&x, &result.w, &result.h), "CSR");
        }
    }
}

/// Far from a fit and near it, where the error comes from the differences.
#[test]
fn rows_on_two_machines_give_the_factors_and_the_error_of_one() {
    let (w, h) = (nonnegative(30, 3, 0.3, 93), nonnegative(3, 20, 0.3, 94));
    let near = Matrix::new(30, 3, |i, j| w.at(i, j) * if (i + j) % 2 == 0 { 1.0001 } else { 0.9999 });
    let noise = nonnegative(30, 20, 0.0, 95);
    let exact = w.times(&h);
    let far = Matrix::new(30, 20, |i, j| exact.at(i, j) + noise.at(i, j));
    for x in [far, exact] {
        for solver in SOLVERS {
            let one = dense_updates::<f64>(&x, &near, &h, solver, 3);
            let two = halves(&x, |number, half| {
                let start = rows_of(&near, 15 * number as usize, 15);
                updates(half, &start, &h, solver, 3, f64::NAN).unwrap()
            });
            for (number, part) in two.iter().enumerate() {
                let context = format!("{solver:?}, machine {number}: {:?} {:?}", part.errors, one.errors);
                assert!(part.errors.iter().zip(&one.errors).all(|(x, y)| (x - y).abs() < 1e-12), "{context}");
                assert!(part.h.minus(&one.h).norm() < 1e-11, "{context}");
                assert!(part.w.minus(&rows_of(&one.w, 15 * number, 15)).norm() < 1e-11, "{context}");
            }
        }
    }
}

/// Coordinate descent over the rows of one factor, at most twice, with a row at rest that the second sweep moves by less
/// than a tenth of what the first one did: nothing comes of the rest when there is no third sweep.
fn swept(x: &Matrix, w: &Matrix, h: &Matrix, penalty: Penalty) -> Matrix {
    let mut w = w.clone();
    let k = w.cols;
    for _ in 0..2 {
        for i in 0..w.rows {
            for j in 0..k {
                let size: f64 = (0..h.cols).map(|c| h.at(j, c).powi(2)).sum::<f64>() + penalty.l2;
                let rest = |c: usize| x.at(i, c) - (0..k).map(|l| w.at(i, l) * h.at(l, c)).sum::<f64>();
                let slope: f64 = (0..h.cols).map(|c| rest(c) * h.at(j, c)).sum();
                let step = (slope - penalty.l1 - penalty.l2 * w.at(i, j)) / size;
                w.data[i * k + j] = (w.at(i, j) + step).max(0.0);
            }
        }
    }
    w
}

fn sums(x: &Matrix) -> [f64; 2] {
    [x.data.iter().sum(), x.data.iter().map(|x| x * x).sum()]
}

fn objective(x: &Matrix, w: &Matrix, h: &Matrix, left: Penalty, right: Penalty) -> f64 {
    let cost = |penalty: Penalty, [sum, squares]: [f64; 2]| penalty.l1 * sum + penalty.l2 / 2.0 * squares;
    x.minus(&w.times(h)).norm().powi(2) / 2.0 + cost(left, sums(w)) + cost(right, sums(h))
}

/// The iteration written with whole matrices: what is taken, what is taken back, and the weights.
#[test]
fn extrapolation_is_its_formula() {
    let x = nonnegative(20, 15, 0.2, 96);
    let (w0, h0) = start(20, 15, 4, 97);
    for (left, right) in [(Penalty::NONE, Penalty::NONE), (Penalty::new(0.3, 0.2), Penalty::new(0.1, 0.4))] {
        let further = |new: &Matrix, old: &Matrix, b: f64| {
            Matrix::new(new.rows, new.cols, |i, j| (new.at(i, j) + b * (new.at(i, j) - old.at(i, j))).max(0.0))
        };
        let (mut w, mut h, mut point) = (w0.clone(), h0.clone(), h0.clone());
        let (mut weight, mut bound, mut plain, mut last) = (0.3, 1.0, true, f64::INFINITY);
        let (mut taken_back, mut told) = (0, vec![]);
        for count in 1..=45 {
            let b = if plain { 0.0 } else { weight };
            let new_w = further(&swept(&x, &w, &point, left), &w, b);
            let new_h = swept(&x.t(), &point.t(), &new_w.t(), right).t();
            let now = objective(&x, &new_w, &new_h, left, right);
            if plain || now <= last {
                if !plain {
                    bound = (1.01f64 * bound).min(1.0);
                    weight = (1.03f64 * weight).min(bound);
                }
                (plain, last) = (false, now);
                point = further(&new_h, &h, weight);
                (w, h) = (new_w, new_h);
            } else {
                (bound, weight, plain) = (weight, weight / 1.5, true);
                point = h.clone();
                taken_back += 1;
            }
            told.push(last);
            let options = Options::new().max_sweeps(2).penalties(left, right);
            let result = dense_updates::<f64>(&x, &w0, &h0, options, count);
            assert!(result.w.minus(&w).norm() + result.h.minus(&h).norm() < 1e-6, "iteration {count}");
        }
        assert!(taken_back > 0 && told.is_sorted_by(|a, b| a >= b), "{taken_back}");
    }
}

/// With penalties every solver lessens the objective that it tells, and ends where no entry can lessen it.
#[test]
fn penalties_are_part_of_the_objective() {
    let x = nonnegative(20, 15, 0.2, 98);
    let (w, h) = start(20, 15, 4, 99);
    let (left, right) = (Penalty::new(0.3, 0.2), Penalty::shared(0.02, 0.25, 20));
    assert!(right.l1 == 0.1 && (right.l2 - 0.3).abs() < 1e-15);
    for solver in SOLVERS {
        let options = solver.penalties(left, right);
        let operator = Dense::new(MatRef::row_major(&x.data, 20, 15).unwrap());
        let (mut a, mut b) = (w.data.clone(), h.data.clone());
        let mut memory = vec![f64::NAN; nmf::scratch_len(&operator, 4)];
        let views = (MatMut::row_major(&mut a, 20, 4).unwrap(), MatMut::row_major(&mut b, 4, 15).unwrap());
        let mut state = State::new(&operator, views.0, views.1, &options, &mut memory).unwrap();
        let told: Vec<f64> = (0..3000).map(|_| state.update().unwrap().objective).collect();
        state.finish().unwrap();
        assert!(told.windows(2).all(|pair| pair[1] <= pair[0] * (1.0 + 1e-14)), "{solver:?}");
        let (w, h) = (Matrix::new(20, 4, |i, j| a[i * 4 + j]), Matrix::new(4, 15, |i, j| b[i * 15 + j]));
        let now = objective(&x, &w, &h, left, right);
        assert!((told[2999] / now - 1.0).abs() < 1e-12, "{solver:?}: {} for {now}", told[2999]);
        // The derivative by central differences. Multiplicative updates leave a zero slowly: of them it is asked only that
        // no entry of any size has one.
        let multiplicative = solver.solver == Solver::Multiplicative;
        for (side, len) in [(0, 80), (1, 60)] {
            for p in 0..len {
                let moved = |step: f64| {
                    let (mut w, mut h) = (w.clone(), h.clone());
                    (if side == 0 { &mut w } else { &mut h }).data[p] += step;
                    objective(&x, &w, &h, left, right)
                };
                let slope = (moved(1e-4) - moved(-1e-4)) / 2e-4;
                let entry = if side == 0 { w.data[p] } else { h.data[p] };
                let off = if multiplicative { 1e-2 * entry * slope } else { entry.min(slope) };
                assert!(off.abs() < 1e-6, "{solver:?}: entry {entry:e}, slope {slope:e}");
            }
        }
    }
}

/// A zero at which the loss falls is raised, which the plain rule never does.
#[test]
fn multiplicative_zeros_do_not_lock() {
    let x = nonnegative(12, 10, 0.0, 100);
    let (mut w, h) = start(12, 10, 3, 101);
    (0..6).for_each(|p| w.data[5 * p] = 0.0);
    let result = dense_updates::<f64>(&x, &w, &h, MULTIPLICATIVE, 2000);
    let mut locked = (w.clone(), h.clone());
    for _ in 0..2000 {
        locked.0 = multiplicative(&x, &locked.0, &locked.1);
        locked.1 = multiplicative(&x.t(), &locked.1.t(), &locked.0.t()).t();
    }
    let locked = relative_error(&x, &locked.0, &locked.1);
    assert!(result.errors[1999] < locked - 1e-3, "{} {locked}", result.errors[1999]);
    let operator = Dense::new(MatRef::row_major(&x.data, 12, 10).unwrap());
    let (mut a, mut b) = (w.data.clone(), h.data.clone());
    let mut memory = vec![0.0; nmf::scratch_len(&operator, 3)];
    let views = (MatMut::row_major(&mut a, 12, 3).unwrap(), MatMut::row_major(&mut b, 3, 10).unwrap());
    let mut state = State::new(&operator, views.0, views.1, &MULTIPLICATIVE, &mut memory).unwrap();
    let gradient = w.times(&h).minus(&x).times(&h.t());
    let falling = (0..6).filter(|p| gradient.data[5 * p] < 0.0).count();
    assert_eq!(state.update().unwrap().lifted, falling);
    assert!(falling > 0);
}
