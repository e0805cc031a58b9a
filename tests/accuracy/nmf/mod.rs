//! `nmf`: the updates against their defining formulas, the loss against the difference, and starts.

use super::machines::{halves, rows_of};
use super::matrices::{Sparse, nonnegative};
use super::measures::Matrix;
use lowrank::kernel::Execution;
use lowrank::nmf::{self, Options, Progress, Solver, State};
use lowrank::operator::{Dense, LinearOperator, Transposed};
use lowrank::svd::{self, truncated};
use lowrank::{Error, MatMut, MatRef, Operand, Real};
use proptest::prelude::*;
use std::ops::ControlFlow;

const SOLVERS: [Solver; 2] = [Solver::Hals, Solver::Multiplicative];

struct Nmf {
    w: Matrix,
    h: Matrix,
    errors: Vec<f64>,
}

/// The given number of updates, with memory of the exact length filled with `rubbish`.
fn updates<T: Real>(
    x: &impl LinearOperator<T>,
    w: &Matrix,
    h: &Matrix,
    solver: Solver,
    count: usize,
    rubbish: T,
) -> Result<Nmf, Error> {
    let (m, n, k) = (x.rows(), x.cols(), w.cols);
    let (mut left, mut right): (Vec<T>, Vec<T>) = (w.cast(), h.cast());
    let mut memory = vec![rubbish; nmf::scratch_len(x, k)];
    let (left_view, right_view) = (MatMut::row_major(&mut left, m, k)?, MatMut::row_major(&mut right, k, n)?);
    let mut state = State::new(x, left_view, right_view, solver, Execution::new(), &mut memory)?;
    let errors = (0..count).map(|_| state.update()).collect::<Result<Vec<f64>, Error>>()?;
    let (w, h) = (MatRef::row_major(&left, m, k)?, MatRef::row_major(&right, k, n)?);
    Ok(Nmf { w: Matrix::of(w), h: Matrix::of(h), errors })
}

fn dense_updates<T: Real>(x: &Matrix, w: &Matrix, h: &Matrix, solver: Solver, count: usize) -> Nmf {
    let data: Vec<T> = x.cast();
    let x = Dense::new(MatRef::row_major(&data, x.rows, x.cols).unwrap());
    updates(&x, w, h, solver, count, T::from_f64(f64::NAN)).unwrap()
}

/// Random positive factors.
fn start(m: usize, n: usize, k: usize, seed: u64) -> (Matrix, Matrix) {
    let above = |x: Matrix| Matrix::new(x.rows, x.cols, |i, j| x.at(i, j) + 0.01);
    (above(nonnegative(m, k, 0.0, seed ^ 0xaaaa)), above(nonnegative(k, n, 0.0, seed ^ 0x5555)))
}

fn relative_error(x: &Matrix, w: &Matrix, h: &Matrix) -> f64 {
    if x.norm() == 0.0 { 0.0 } else { x.minus(&w.times(h)).norm() / x.norm() }
}

/// The error from Gram terms knows the square to rounding; a small one comes from the difference itself.
fn told_truly<T: Real>(told: f64, true_error: f64, context: &str) {
    let eps = T::EPSILON.to_f64();
    let close = (told - true_error).abs() < 100.0 * eps || (told * told - true_error * true_error).abs() < 100.0 * eps;
    let small = true_error * true_error < 7.0 * eps.sqrt();
    assert!(close && (!small || (told - true_error).abs() < 100.0 * eps), "{context}: {told:e} for {true_error:e}");
}

fn usable(x: &Matrix, result: &Nmf, context: &str) {
    let entries = || result.w.data.iter().chain(&result.h.data);
    assert!(entries().all(|x| *x >= 0.0 && x.is_finite()), "{context}: {:?}", result.errors);
    assert!(result.errors.iter().all(|e| *e >= 0.0), "{context}: {:?} for {}", result.errors, x.norm());
}

fn never_rises<T: Real>(errors: &[f64], context: &str) {
    let eps = T::EPSILON.to_f64();
    for pair in errors.windows(2) {
        let rise = pair[1] * pair[1] - pair[0] * pair[0];
        assert!(rise <= 100.0 * eps && pair[1] - pair[0] <= 10.0 * eps.sqrt(), "{context}: {errors:?}");
    }
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

fn one_formula(x: &Matrix, w: &Matrix, h: &Matrix, solver: Solver) -> Matrix {
    match solver {
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
        for solver in SOLVERS {
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
        let result = dense_updates::<T>(&x, &near(&w, 65), &near(&h, 66), Solver::Hals, 3000);
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
    let result = dense_updates::<f64>(&x, &w, &h, Solver::Hals, 4000);
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
    for solver in SOLVERS {
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
            let result = updates(&Sparse::of(&x).csr(), &w, &h, Solver::Hals, count, f64::NAN).unwrap();
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

#[test]
fn scratch_and_strides_do_not_change_a_bit() {
    for k in [3, 20] {
        let (m, n) = (30, 25);
        let x = nonnegative(m, n, 0.3, 79);
        let operator = Dense::new(MatRef::row_major(&x.data, m, n).unwrap());
        let (w, h) = start(m, n, k, 80);
        for solver in SOLVERS {
            let plain = updates(&operator, &w, &h, solver, 4, 0.0).unwrap();
            for rubbish in [f64::NAN, -1e300, f64::from_bits(u64::MAX)] {
                let other = updates(&operator, &w, &h, solver, 4, rubbish).unwrap();
                assert!(other.w.data == plain.w.data && other.h.data == plain.h.data && other.errors == plain.errors);
            }
            // W by columns, H by rows with a gap.
            let (mut left, mut right) = (w.t().data, vec![7.0; k * (n + 2)]);
            (0..k * n).for_each(|p| right[p / n * (n + 2) + p % n] = h.data[p]);
            let mut memory = vec![0.0; nmf::scratch_len(&operator, k) + 3];
            let left_view = MatMut::col_major(&mut left, m, k).unwrap();
            let right_view = MatMut::new(&mut right, k, n, n + 2, 1).unwrap();
            let mut state =
                State::new(&operator, left_view, right_view, solver, Execution::new(), &mut memory[3..]).unwrap();
            let errors: Vec<f64> = (0..4).map(|_| state.update().unwrap()).collect();
            assert_eq!(left, plain.w.t().data);
            assert!((0..k * n).all(|p| right[p / n * (n + 2) + p % n] == plain.h.data[p]));
            assert!((0..k).all(|i| right[i * (n + 2) + n..(i + 1) * (n + 2)] == [7.0; 2]));
            assert_eq!(errors, plain.errors, "rank {k}, {solver:?}");

            // H by columns: its transpose then has adjacent rows.
            let (mut left, mut right) = (w.data.clone(), h.t().data);
            let left_view = MatMut::row_major(&mut left, m, k).unwrap();
            let right_view = MatMut::col_major(&mut right, k, n).unwrap();
            let mut state =
                State::new(&operator, left_view, right_view, solver, Execution::new(), &mut memory).unwrap();
            let errors: Vec<f64> = (0..4).map(|_| state.update().unwrap()).collect();
            assert!(left == plain.w.data && right == plain.h.t().data);
            assert_eq!(errors, plain.errors, "rank {k}, {solver:?}, H by columns");
        }
    }
}

#[test]
fn wrong_arguments_are_named_and_nothing_changes() {
    let x = nonnegative(4, 5, 0.0, 81);
    let needed = nmf::dense_scratch_len::<f64>(4, 5, 2);
    let run = |x: &Matrix, w: &Matrix, h: &Matrix, scratch: usize, options: Options| {
        let operator = Dense::new(MatRef::row_major(&x.data, x.rows, x.cols).unwrap());
        let (mut left, mut right) = (w.data.clone(), h.data.clone());
        let left_view = MatMut::row_major(&mut left, w.rows, w.cols).unwrap();
        let right_view = MatMut::row_major(&mut right, h.rows, h.cols).unwrap();
        let mut memory = vec![0.0; scratch];
        let go_on = |_: &Progress| ControlFlow::Continue(());
        let result = nmf::factorize(&operator, left_view, right_view, Solver::Hals, &options, &mut memory, go_on);
        let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let unchanged = bits(&left) == bits(&w.data) && bits(&right) == bits(&h.data);
        assert!(result.is_ok() != unchanged);
        result.map(|_| ())
    };
    let plain = Options::new();
    let (w, h) = start(4, 5, 2, 82);
    assert_eq!(run(&x, &w, &h, needed, plain), Ok(()));
    assert_eq!(run(&x, &w, &h, needed - 1, plain), Err(Error::ScratchTooSmall { needed, given: needed - 1 }));
    let empty = (Matrix::new(4, 0, |_, _| 0.0), Matrix::new(0, 5, |_, _| 0.0));
    assert!(matches!(run(&x, &empty.0, &empty.1, needed, plain), Err(Error::Rank { given: 0, .. })));
    let shape = |operand, expected, given| Err(Error::Shape { operand, expected, given });
    assert_eq!(run(&x, &w.t(), &h, 999_999, plain), shape(Operand::Left, (4, 4), (2, 4)));
    assert_eq!(run(&x, &w, &h.t(), needed, plain), shape(Operand::Right, (2, 5), (5, 2)));
    for tolerance in [-1e-9, 1.0, f64::NAN, f64::INFINITY] {
        let result = run(&x, &w, &h, needed, plain.tolerance(tolerance));
        assert_eq!(result, Err(Error::Option { name: "tolerance" }));
    }
    let spoiled = |a: &Matrix, place: usize, bad: f64| {
        let mut a = a.clone();
        a.data[place] = bad;
        a
    };
    for bad in [f64::NAN, f64::INFINITY, -1e-300] {
        let error = |operand, row, col| {
            let negative = Err(Error::Negative { operand, row, col });
            if bad < 0.0 { negative } else { Err(Error::NonFinite { operand, row, col }) }
        };
        (0..20).for_each(|p| {
            assert_eq!(run(&spoiled(&x, p, bad), &w, &h, needed, plain), error(Operand::A, p / 5, p % 5))
        });
        (0..8).for_each(|p| {
            assert_eq!(run(&x, &spoiled(&w, p, bad), &h, needed, plain), error(Operand::Left, p / 2, p % 2))
        });
        (0..10).for_each(|p| {
            assert_eq!(run(&x, &w, &spoiled(&h, p, bad), needed, plain), error(Operand::Right, p / 5, p % 5));
        });
    }
    // A negative zero is zero.
    assert_eq!(run(&spoiled(&x, 3, -0.0), &spoiled(&w, 3, -0.0), &h, needed, plain), Ok(()));
}

#[test]
fn a_bad_entry_of_a_csr_matrix_is_named() {
    let (w, h) = start(4, 5, 2, 83);
    for bad in [f64::NAN, f64::NEG_INFINITY, -1.0] {
        for place in 0..20 {
            let mut x = Matrix::new(4, 5, |i, j| f64::from(u8::from((i + j) % 2 == 0)));
            x.data[place] = bad;
            let result = updates(&Sparse::of(&x).csr(), &w, &h, Solver::Hals, 1, 0.0).err();
            let (operand, row, col) = (Operand::A, place / 5, place % 5);
            let expected = if bad == -1.0 {
                Error::Negative { operand, row, col }
            } else {
                Error::NonFinite { operand, row, col }
            };
            assert_eq!(result, Some(expected));
            let flipped = Sparse::of(&x.t());
            assert_eq!(updates(&Transposed(&flipped.csr()), &w, &h, Solver::Hals, 1, 0.0).err(), Some(expected));
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
    fn fit<T: Real>(x: &Matrix, nndsvd: bool, solver: Solver) -> Nmf {
        let data: Vec<T> = x.cast();
        let operator = Dense::new(MatRef::row_major(&data, x.rows, x.cols).unwrap());
        let (mut w, mut h) = (vec![T::ZERO; x.rows * 3], vec![T::ZERO; 3 * x.cols]);
        let (left, right) =
            (MatMut::row_major(&mut w, x.rows, 3).unwrap(), MatMut::row_major(&mut h, 3, x.cols).unwrap());
        if nndsvd {
            let options = truncated::Options::new();
            let mut scratch = vec![T::ZERO; nmf::nndsvd_scratch_len(&operator, 3, &options)];
            nmf::nndsvd(&operator, left, right, 0.1, &options, &mut scratch).unwrap();
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

#[test]
fn the_driver_is_a_loop_over_updates() {
    let x = nonnegative(30, 20, 0.2, 89);
    let operator = Dense::new(MatRef::row_major(&x.data, 30, 20).unwrap());
    let (w, h) = start(30, 20, 4, 90);
    for solver in SOLVERS {
        let drive = |options: Options, stop: usize| {
            let (mut left, mut right, mut seen) = (w.data.clone(), h.data.clone(), vec![]);
            let mut memory = vec![0.0; nmf::scratch_len(&operator, 4)];
            let (a, b) = (MatMut::row_major(&mut left, 30, 4).unwrap(), MatMut::row_major(&mut right, 4, 20).unwrap());
            let info = nmf::factorize(&operator, a, b, solver, &options, &mut memory, |progress| {
                seen.push(*progress);
                if progress.iteration == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .unwrap();
            (info, left, right, seen)
        };
        let by_hand = updates(&operator, &w, &h, solver, 400, 0.0).unwrap();
        let (info, left, right, seen) = drive(Options::new().tolerance(0.0).max_iterations(23), usize::MAX);
        let expected = updates(&operator, &w, &h, solver, 23, 0.0).unwrap();
        assert!(info.iterations == 23 && !info.converged && info.relative_error == expected.errors[22]);
        assert!(left == expected.w.data && right == expected.h.data);
        assert!(seen.iter().map(|p| p.iteration).eq(1..=23));
        assert!(seen.iter().map(|p| p.relative_error).eq(expected.errors.iter().copied()));

        let (info, left, ..) = drive(Options::new(), 7);
        assert!(
            info.iterations == 7
                && !info.converged
                && left == updates(&operator, &w, &h, solver, 7, 0.0).unwrap().w.data
        );

        for tolerance in [1e-1, 1e-2, 1e-3] {
            let (info, ..) = drive(Options::new().tolerance(tolerance).max_iterations(400), usize::MAX);
            let e = &by_hand.errors;
            let end = (2..=40).map(|p| 10 * p).find(|p| e[p - 11] - e[p - 1] < tolerance * e[0]);
            assert_eq!((info.converged, info.iterations), (end.is_some(), end.unwrap_or(400)));
        }

        let (info, left, right, _) = drive(Options::new().max_iterations(0), usize::MAX);
        assert!(info.iterations == 0 && !info.converged && info.relative_error.is_nan());
        assert!(left == w.data && right == h.data);
    }
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
            nmf::nndsvd(&operator, left, MatMut::row_major(&mut found_h, k, n).unwrap(), fill, &options, &mut scratch)
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
        let result = nmf::nndsvd(&operator, left_view, right_view, 0.01, &options, &mut scratch).map(|_| ());
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
