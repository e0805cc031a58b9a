//! `snmf`: the updates against their defining formulas, the loss against the difference.

use super::failing::Failing;
use super::matrices::{Sparse, nonnegative, random};
use super::measures::Matrix;
use lowrank::operator::{Dense, LinearOperator, Transposed};
use lowrank::snmf::{self, Options, Progress, Solver, State, Stop};
use lowrank::svd;
use lowrank::{Error, MatMut, MatRef, Operand, Real};
use proptest::prelude::*;
use std::ops::ControlFlow;

const DING: Options = Options::new().solver(Solver::Multiplicative);
const PLAIN: Options = Options::new().extrapolate(false);
const SOLVERS: [Options; 3] = [DING, PLAIN, Options::new()];

struct Snmf {
    f: Matrix,
    g: Matrix,
    errors: Vec<f64>,
    terms: Vec<f64>,
}

/// The given number of updates, with F and memory of the exact length filled with `rubbish`.
fn updates<T: Real>(
    x: &impl LinearOperator<T>,
    g: &Matrix,
    options: Options,
    count: usize,
    rubbish: T,
) -> Result<Snmf, Error> {
    let (m, n, k) = (x.rows(), x.cols(), g.rows);
    let (mut left, mut right): (Vec<T>, Vec<T>) = (vec![rubbish; m * k], g.cast());
    let mut memory = vec![rubbish; snmf::scratch_len(x, k)];
    let (left_view, right_view) = (MatMut::row_major(&mut left, m, k)?, MatMut::row_major(&mut right, k, n)?);
    let mut state = State::new(x, left_view, right_view, &options, &mut memory)?;
    let told = (0..count).map(|_| state.update()).collect::<Result<Vec<Progress>, Error>>()?;
    state.finish()?;
    let (f, g) = (MatRef::row_major(&left, m, k)?, MatRef::row_major(&right, k, n)?);
    let (errors, terms) = told.iter().map(|p| (p.relative_error, p.terms)).unzip();
    Ok(Snmf { f: Matrix::of(f), g: Matrix::of(g), errors, terms })
}

fn dense_updates<T: Real>(x: &Matrix, g: &Matrix, options: Options, count: usize) -> Snmf {
    let data: Vec<T> = x.cast();
    let x = Dense::new(MatRef::row_major(&data, x.rows, x.cols).unwrap());
    updates(&x, g, options, count, T::ONE).unwrap()
}

fn start(k: usize, n: usize, seed: u64) -> Matrix {
    let g = nonnegative(k, n, 0.0, seed ^ 0x3333);
    Matrix::new(k, n, |i, j| g.at(i, j) + 0.01)
}

fn relative_error(x: &Matrix, f: &Matrix, g: &Matrix) -> f64 {
    if x.norm() == 0.0 { 0.0 } else { x.minus(&f.times(g)).norm() / x.norm() }
}

/// What rounding may do to the relative error: terms of F G that cancel round off in proportion to their own size.
fn rounding<T: Real>(x: &Matrix, result: &Snmf) -> f64 {
    100.0 * T::EPSILON.to_f64() * (1.0 + result.f.norm() * result.g.norm() / x.norm().max(f64::MIN_POSITIVE))
}

/// The loss is the residual's where cancellation costs it half of its digits.
fn told_truly<T: Real>(x: &Matrix, result: &Snmf, context: &str) {
    let (told, error) = (*result.errors.last().unwrap(), relative_error(x, &result.f, &result.g));
    let eps = T::EPSILON.to_f64();
    let close = (told * told - error * error).abs() < 100.0 * eps
        || (told - error).abs() < rounding::<T>(x, result).max(eps.sqrt() * error);
    assert!(close, "{context}: {told:e} for {error:e}");
}

fn usable(result: &Snmf, context: &str) {
    assert!(result.g.data.iter().all(|x| *x >= 0.0 && x.is_finite()), "{context}: G");
    assert!(result.f.data.iter().all(|x| x.is_finite()), "{context}: F");
    assert!(result.errors.iter().all(|e| *e >= 0.0), "{context}: {:?}", result.errors);
}

/// The rule for G, with every matrix formed.
fn new_g(x: &Matrix, f: &Matrix, g: &Matrix) -> Matrix {
    let (p, q) = (f.t().times(x), f.t().times(f));
    let part = |a: &Matrix, sign: f64| Matrix::new(a.rows, a.cols, |i, j| (a.at(i, j).abs() + sign * a.at(i, j)) / 2.0);
    let (above, below) = (part(&q, -1.0).times(g), part(&q, 1.0).times(g));
    let (positive, negative) = (part(&p, 1.0), part(&p, -1.0));
    Matrix::new(g.rows, g.cols, |i, j| {
        g.at(i, j) * ((positive.at(i, j) + above.at(i, j)) / (negative.at(i, j) + below.at(i, j))).sqrt()
    })
}

#[test]
fn f_solves_the_normal_equations_and_g_follows_its_rule() {
    for (m, n, k) in [(1, 1, 1), (7, 9, 3), (9, 7, 2), (300, 30, 5), (30, 300, 17)] {
        let x = random(m, n, 101);
        let mut g = start(k, n, 102);
        g.data[k * n / 2] = 0.0;
        if k * n == 1 {
            g.data[0] = 0.5;
        }
        for _ in 0..3 {
            let result = dense_updates::<f64>(&x, &g, DING, 1);
            let context = format!("{m} x {n}, rank {k}");
            let slope = x.minus(&result.f.times(&g)).times(&g.t());
            assert!(slope.norm() < 1e-11 * x.norm() * g.norm(), "{context}: {:e}", slope.norm());
            let expected = new_g(&x, &result.f, &g);
            let off = result.g.minus(&expected).norm() / expected.norm();
            assert!(off < 1e-10, "{context}: {off:e}");
            told_truly::<f64>(&x, &result, &context);
            g = result.g;
        }
    }
}

#[test]
fn updates_follow_each_other() {
    let x = random(12, 20, 103);
    let mut g = start(4, 20, 104);
    let all = dense_updates::<f64>(&x, &g, DING, 6);
    for error in &all.errors {
        let one = dense_updates::<f64>(&x, &g, DING, 1);
        assert!((one.errors[0] - error).abs() < 1e-13);
        g = one.g;
    }
    assert!(g.minus(&all.g).norm() < 1e-12);
}

/// Twenty updates of a random problem.
fn never_rises<T: Real>(m: usize, n: usize, k: usize, seed: u64, options: Options) {
    let (x, mut g) = (random(m, n, seed).rounded::<T>(), start(k, n, seed));
    if seed.is_multiple_of(3) {
        g.data[0] = 0.0;
    }
    // The loss of HALS has a term of this weight, which is as large as what rounding does to both.
    let weight = if options.solver == Solver::Hals { 8.0 * k as f64 * T::EPSILON.to_f64() } else { 0.0 };
    let mut before = f64::INFINITY;
    for count in 1..=20 {
        let result = dense_updates::<T>(&x, &g, options, count);
        usable(&result, "random");
        told_truly::<T>(&x, &result, "random");
        let (error, bound) = (result.errors[count - 1], 2.0 * weight * result.terms[count - 1].powi(2));
        let slack = 10.0 * rounding::<T>(&x, &result) + 100.0 * T::EPSILON.to_f64().sqrt() * before;
        assert!(error <= (before.powi(2) + bound).sqrt() + slack, "{:?} {:?}", result.errors, result.terms);
        before = error;
    }
}

proptest! {
    #[test]
    fn the_loss_never_rises_and_is_told_truly(m in 1usize..10, n in 1usize..20, k in 0usize..6, seed: u64) {
        let k = 1 + k % n.div_ceil(2);
        for options in SOLVERS {
            never_rises::<f64>(m, n, k, seed, options);
            never_rises::<f32>(m, n, k, seed, options);
        }
    }

    /// G is ill-conditioned in time, or has dependent rows at once.
    #[test]
    fn the_loss_never_rises_even_if_rows_of_g_are_dependent(m in 1usize..10, n in 1usize..10, k in 1usize..6, seed: u64) {
        for options in SOLVERS {
            never_rises::<f64>(m, n, k, seed, options);
            never_rises::<f32>(m, n, k, seed, options);
        }
    }
}

/// Large terms of F G that cancel: the error is far below what their Gram matrices can tell.
#[test]
fn the_error_of_terms_that_cancel_is_told_truly() {
    for (m, n, k, seed) in [(2, 3, 3, 12906204505965934673), (1, 4, 4, 360682294685493799)] {
        let (x, g) = (random(m, n, seed).rounded::<f32>(), start(k, n, seed));
        for count in 1..20 {
            told_truly::<f32>(&x, &dense_updates::<f32>(&x, &g, DING, count), &format!("{m} x {n}, {count} updates"));
        }
    }
}

#[test]
fn dependent_rows_of_g_leave_the_best_fit_in_the_others() {
    let x = random(10, 8, 105);
    let independent = start(2, 8, 106);
    let alone = dense_updates::<f64>(&x, &independent, DING, 1);
    // The sum of both rows, a double, and a row of zeros.
    let g = Matrix::new(5, 8, |i, j| match i {
        0 | 1 => independent.at(i, j),
        2 => independent.at(0, j) + independent.at(1, j),
        3 => 2.0 * independent.at(1, j),
        _ => 0.0,
    });
    let result = dense_updates::<f64>(&x, &g, DING, 1);
    usable(&result, "dependent");
    assert!(result.f.times(&g).minus(&alone.f.times(&independent)).norm() < 1e-10);
    let many = dense_updates::<f64>(&x, &g, DING, 30);
    usable(&many, "dependent");
    assert!(many.errors.windows(2).all(|w| w[1] <= w[0] + 1e-10), "{:?}", many.errors);
}

#[test]
fn shapes_and_matrices_at_the_edge() {
    for (m, n, k) in [(1, 1, 1), (1, 7, 1), (7, 1, 1), (3, 4, 7), (6, 2, 5)] {
        let full = random(m, n, 107);
        let holes = Matrix::new(m, n, |i, j| if i == m / 2 || j == n / 2 { 0.0 } else { full.at(i, j) });
        for x in [full, holes, Matrix::new(m, n, |_, _| 0.0), Matrix::new(m, n, |_, _| -1.0)] {
            for g in [start(k, n, 108), Matrix::new(k, n, |_, _| 0.0), Matrix::new(k, n, |_, _| 1.0)] {
                for options in SOLVERS {
                    let context = format!("{m} x {n}, rank {k}, {options:?}");
                    let result = dense_updates::<f64>(&x, &g, options, 20);
                    usable(&result, &context);
                    told_truly::<f64>(&x, &result, &context);
                    if x.norm() == 0.0 {
                        assert!(result.f.norm() == 0.0 && result.errors.iter().all(|e| *e == 0.0), "{context}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_planted_factorization_is_found_to_a_tiny_error() {
    let (f, g) = (random(20, 3, 109), nonnegative(3, 30, 0.2, 110));
    let x = f.times(&g);
    let near = Matrix::new(3, 30, |i, j| g.at(i, j) + 0.01);
    for (options, limit) in [(DING, 1e-4), (PLAIN, 1e-12), (Options::new(), 1e-12)] {
        let exact = dense_updates::<f64>(&x, &g, options, 3);
        assert!(exact.errors.iter().all(|e| *e < 1e-13), "{options:?}: {:?}", exact.errors);
        let result = dense_updates::<f64>(&x, &near, options, 3000);
        assert!(result.errors[2999] < limit, "{options:?}: {:e}", result.errors[2999]);
        told_truly::<f64>(&x, &result, "planted");
    }
}

#[test]
fn every_operator_gives_the_same_factors() {
    let x = nonnegative(40, 25, 0.7, 111).minus(&nonnegative(40, 25, 0.7, 112));
    let g = start(4, 25, 113);
    let flipped = x.t();
    let (sparse, sparse_flipped) = (Sparse::of(&x), Sparse::of(&flipped));
    let flipped = Dense::new(MatRef::row_major(&flipped.data, 25, 40).unwrap());
    // How many sweeps HALS chooses depends on the number of entries; CSR has no Gram matrix.
    for options in [DING, PLAIN.max_sweeps(3), Options::new().max_sweeps(3)] {
        let dense = dense_updates::<f64>(&x, &g, options, 15);
        let others = [
            updates(&sparse.csr(), &g, options, 15, f64::NAN),
            updates(&Transposed(&flipped), &g, options, 15, f64::NAN),
            updates(&Transposed(&sparse_flipped.csr()), &g, options, 15, f64::NAN),
        ];
        for other in others.map(Result::unwrap) {
            assert!(dense.f.minus(&other.f).norm() < 1e-9 && dense.g.minus(&other.g).norm() < 1e-9);
            assert!((dense.errors[14] - other.errors[14]).abs() < 1e-12);
        }
    }
}

#[test]
fn what_was_in_f_and_in_the_scratch_does_not_matter() {
    let x = random(12, 20, 114);
    let operator = Dense::new(MatRef::row_major(&x.data, 12, 20).unwrap());
    let g = start(4, 20, 115);
    for options in SOLVERS {
        let plain = updates(&operator, &g, options, 4, 0.0).unwrap();
        for rubbish in [f64::NAN, f64::INFINITY, -1e300, f64::from_bits(u64::MAX)] {
            let other = updates(&operator, &g, options, 4, rubbish).unwrap();
            assert!(other.f.data == plain.f.data && other.g.data == plain.g.data && other.errors == plain.errors);
        }
    }
}

/// The crate's own start serves at any scale.
#[test]
fn scale_does_not_matter() {
    fn check<T: Real>(exponents: &[i32], limit: f64) {
        let x = random(40, 50, 116).rounded::<T>();
        let mut g = vec![T::ZERO; 150];
        snmf::random_start(MatMut::row_major(&mut g, 3, 50).unwrap(), 9);
        let g = Matrix::of(MatRef::row_major(&g, 3, 50).unwrap());
        assert!(g.data.iter().all(|x| *x > 0.0 && *x <= 1.0));
        for (x, g) in [(x.clone(), g.clone()), (x.t(), Matrix::new(3, 40, |i, j| g.at(i, j)))] {
            for options in SOLVERS {
                let plain = dense_updates::<T>(&x, &g, options, 20);
                for &e in exponents {
                    let scaled = Matrix::new(x.rows, x.cols, |i, j| T::from_f64(x.at(i, j)).scale(e).to_f64());
                    let result = dense_updates::<T>(&scaled, &g, options, 20);
                    let context = format!("2^{e}, {options:?}");
                    usable(&result, &context);
                    for (error, expected) in result.errors.iter().zip(&plain.errors) {
                        assert!((error - expected).abs() < limit, "{context}: {:?} {:?}", result.errors, plain.errors);
                    }
                }
            }
        }
    }
    check::<f64>(&[-1021, -1010, -900, -500, -129, -127, -60, 60, 127, 129, 500, 900, 1010, 1020], 1e-3);
    check::<f32>(&[-125, -120, -100, -60, -17, -16, -15, 15, 16, 17, 60, 100, 120, 123], 1e-2);
}

#[test]
fn wrong_arguments_are_named_and_nothing_changes() {
    let x = random(4, 5, 117);
    let needed = snmf::dense_scratch_len::<f64>(4, 5, 2);
    let run = |x: &Matrix, f: (usize, usize), g: &Matrix, scratch: usize, options: Options| {
        let operator = Dense::new(MatRef::row_major(&x.data, x.rows, x.cols).unwrap());
        let (mut left, mut right) = (vec![7.0; f.0 * f.1], g.data.clone());
        let left_view = MatMut::row_major(&mut left, f.0, f.1).unwrap();
        let right_view = MatMut::row_major(&mut right, g.rows, g.cols).unwrap();
        let go_on = |_: &Progress| ControlFlow::Continue(());
        let result = snmf::factorize(&operator, left_view, right_view, &options, &mut vec![0.0; scratch], go_on);
        let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert!(result.is_ok() != (bits(&right) == bits(&g.data) && left.iter().all(|x| *x == 7.0)));
        result.map(|_| ())
    };
    let (plain, g) = (Options::new(), start(2, 5, 118));
    assert_eq!(run(&x, (4, 2), &g, needed, plain), Ok(()));
    assert_eq!(run(&x, (4, 2), &g, needed - 1, plain), Err(Error::ScratchTooSmall { needed, given: needed - 1 }));
    let shape = |operand, expected, given| Err(Error::Shape { operand, expected, given });
    assert_eq!(run(&x, (5, 2), &g, needed, plain), shape(Operand::Left, (4, 2), (5, 2)));
    assert_eq!(run(&x, (4, 3), &g, 9999, plain), shape(Operand::Right, (3, 5), (2, 5)));
    let none = Matrix::new(0, 5, |_, _| 0.0);
    assert!(matches!(run(&x, (4, 0), &none, needed, plain), Err(Error::Rank { given: 0, .. })));
    for tolerance in [-1e-9, 1.0, f64::NAN] {
        let result = run(&x, (4, 2), &g, needed, plain.tolerance(tolerance));
        assert_eq!(result, Err(Error::Option { name: "tolerance" }));
    }
    for bad in [f64::NAN, f64::INFINITY, -1e-300] {
        for place in 0..10 {
            let mut g = g.clone();
            g.data[place] = bad;
            let (operand, row, col) = (Operand::Right, place / 5, place % 5);
            let negative = Error::Negative { operand, row, col };
            let expected = if bad < 0.0 { negative } else { Error::NonFinite { operand, row, col } };
            assert_eq!(run(&x, (4, 2), &g, needed, plain), Err(expected));
        }
        if bad < 0.0 {
            continue;
        }
        for place in 0..20 {
            let mut x = x.clone();
            x.data[place] = bad;
            let expected = Error::NonFinite { operand: Operand::A, row: place / 5, col: place % 5 };
            assert_eq!(run(&x, (4, 2), &g, needed, plain), Err(expected));
        }
    }
}

#[test]
fn the_driver_is_a_loop_over_updates() {
    let x = random(12, 20, 119);
    let operator = Dense::new(MatRef::row_major(&x.data, 12, 20).unwrap());
    let g = start(4, 20, 120);
    let drive = |options: Options, stop: usize| {
        let (mut left, mut right, mut seen) = (vec![f64::NAN; 48], g.data.clone(), vec![]);
        let mut memory = vec![0.0; snmf::scratch_len(&operator, 4)];
        let (a, b) = (MatMut::row_major(&mut left, 12, 4).unwrap(), MatMut::row_major(&mut right, 4, 20).unwrap());
        let info = snmf::factorize(&operator, a, b, &options, &mut memory, |progress| {
            seen.push(progress.relative_error);
            if progress.iteration == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
        (info, left, right, seen)
    };
    for solver in SOLVERS {
        let expected = updates(&operator, &g, solver, 300, 0.0).unwrap();
        let (info, _, _, seen) = drive(solver.tolerance(0.0).max_iterations(15), usize::MAX);
        assert!(
            info.progress.iteration == 15 && !info.converged() && info.progress.relative_error == expected.errors[14]
        );
        assert_eq!(seen, expected.errors[..15]);
        let (info, left, right, _) = drive(solver, 3);
        let three = updates(&operator, &g, solver, 3, 0.0).unwrap();
        assert!(
            info.progress.iteration == 3
                && info.stop == Stop::Observer
                && left == three.f.data
                && right == three.g.data
        );
        for tolerance in [1e-1, 1e-3, 1e-4] {
            let (info, ..) = drive(solver.tolerance(tolerance).max_iterations(300), usize::MAX);
            let e = &expected.errors;
            let end = (10..300).find(|&i| e[i - 10] - e[i] < tolerance * e[0]);
            let expected = end.map_or((Stop::MaxIterations, 300), |i| (Stop::Tolerance, i + 1));
            assert_eq!((info.stop, info.progress.iteration), expected);
        }
    }
}

/// One sweep of exact minimization over the entries of G, from the difference.
fn swept(x: &Matrix, f: &Matrix, g: &Matrix) -> Matrix {
    let mut g = g.clone();
    for j in 0..g.cols {
        for l in 0..g.rows {
            let size: f64 = (0..f.rows).map(|i| f.at(i, l).powi(2)).sum();
            let rest = |i: usize| x.at(i, j) - (0..g.rows).map(|p| f.at(i, p) * g.at(p, j)).sum::<f64>();
            let slope: f64 = (0..f.rows).map(|i| rest(i) * f.at(i, l)).sum();
            if size > 0.0 {
                let cols = g.cols;
                g.data[l * cols + j] = (g.at(l, j) + slope / size).max(0.0);
            }
        }
    }
    g
}

#[test]
fn hals_is_least_squares_and_coordinate_descent() {
    for (m, n, k) in [(1, 1, 1), (7, 9, 3), (9, 7, 2), (300, 30, 5), (30, 300, 17)] {
        let (x, mut g) = (random(m, n, 121), start(k, n, 122));
        for sweeps in [1, 2, 5] {
            // Only a row that is at rest sweeps less.
            let result = dense_updates::<f64>(&x, &g, PLAIN.max_sweeps(sweeps.min(2)), 1);
            let context = format!("{m} x {n}, rank {k}, {sweeps} sweeps");
            let slope = x.minus(&result.f.times(&g)).times(&g.t());
            assert!(slope.norm() < 1e-10 * x.norm() * g.norm(), "{context}: {:e}", slope.norm());
            let mut expected = g.clone();
            for _ in 0..sweeps.min(2) {
                expected = swept(&x, &result.f, &expected);
            }
            let off = result.g.minus(&expected).norm() / expected.norm().max(1.0);
            assert!(off < 1e-10, "{context}: {off:e}");
            told_truly::<f64>(&x, &result, &context);
            g = Matrix::new(k, n, |i, j| result.g.at(i, j) + 0.01);
        }
    }
}

/// Terms may grow without end while the loss falls: they are told, and bounded.
#[test]
fn terms_that_cancel_are_told_and_bounded() {
    let mut largest = 0.0f64;
    for seed in 0..40 {
        let (m, n, k) = (3, 4, 3);
        let (x, g) = (random(m, n, seed), start(k, n, seed));
        let operator = Dense::new(MatRef::row_major(&x.data, m, n).unwrap());
        let (mut left, mut right) = (vec![0.0; m * k], g.data.clone());
        let mut memory = vec![0.0; snmf::scratch_len(&operator, k)];
        let (a, b) = (MatMut::row_major(&mut left, m, k).unwrap(), MatMut::row_major(&mut right, k, n).unwrap());
        let mut state = State::new(&operator, a, b, &Options::new(), &mut memory).unwrap();
        let last = (0..2000).map(|_| state.update().unwrap()).last().unwrap();
        state.finish().unwrap();
        let (f, g) = (Matrix::new(m, k, |i, j| left[i * k + j]), Matrix::new(k, n, |i, j| right[i * n + j]));
        let term = |j: usize| {
            let column: f64 = (0..m).map(|i| f.at(i, j).powi(2)).sum();
            column * (0..n).map(|i| g.at(j, i).powi(2)).sum::<f64>()
        };
        let terms = (0..k).map(term).sum::<f64>().sqrt() / x.norm();
        assert!((last.terms / terms - 1.0).abs() < 1e-6, "{} for {terms}", last.terms);
        assert!(terms < 1.01 / (8.0 * k as f64 * f64::EPSILON).sqrt());
        largest = largest.max(terms);
    }
    assert!(largest > 100.0, "no problem was ill-posed: {largest}");
}

fn singular_values(x: &Matrix) -> Vec<f64> {
    let k = x.rows.min(x.cols);
    let mut s = vec![0.0; k];
    let mut scratch = vec![0.0; svd::jacobi_unblocked_scratch_len(x.rows, x.cols)];
    let view = MatRef::row_major(&x.data, x.rows, x.cols).unwrap();
    svd::jacobi_unblocked(view, &mut s, None, None, &svd::Options::new(), &mut scratch).unwrap();
    s
}

/// G of the start, and the error of its first F.
fn svd_start(x: &Matrix, k: usize) -> (Matrix, f64) {
    let operator = Dense::new(MatRef::row_major(&x.data, x.rows, x.cols).unwrap());
    let options = svd::truncated::Options::new().tolerance(0.0).max_passes(2000);
    let mut g = vec![f64::NAN; k * x.cols];
    let mut scratch = vec![f64::NAN; snmf::svd_scratch_len(&operator, k, &options)];
    snmf::svd_start(&operator, MatMut::row_major(&mut g, k, x.cols).unwrap(), &options, &mut scratch).unwrap();
    assert!(g.iter().all(|x| *x >= 0.0 && x.is_finite()));
    let g = Matrix::of(MatRef::row_major(&g, k, x.cols).unwrap());
    // Sweeps of zero leave G as it is, and F is the best for it.
    let result = dense_updates::<f64>(x, &g, DING, 1);
    (g.clone(), relative_error(x, &result.f, &g))
}

#[test]
fn the_svd_start_is_the_best_where_the_row_space_has_a_positive_vector() {
    let positive = Matrix::new(40, 30, |i, j| 1.0 + random(40, 30, 123).at(i, j));
    let row = nonnegative(1, 30, 0.0, 124);
    let hidden = random(40, 30, 125);
    let hidden = Matrix::new(40, 30, |i, j| hidden.at(i, j) + 10.0 * (i as f64 - 20.0) * (0.2 + row.at(0, j)));
    for (x, name) in [(positive, "positive"), (hidden, "hidden"), (Matrix::new(40, 30, |_, j| -1.0 - j as f64), "one")]
    {
        let s = singular_values(&x);
        for k in [1, 2, 7] {
            let best = s[k..].iter().map(|s| s * s).sum::<f64>().sqrt() / x.norm();
            let (_, error) = svd_start(&x, k);
            assert!(error < best + 1e-9, "{name}, rank {k}: {error} for {best}");
        }
    }
}

#[test]
fn the_svd_start_is_never_worse_than_the_svd_of_one_rank_less() {
    for seed in 0..10 {
        let x = random(30, 25, seed);
        let s = singular_values(&x);
        for k in [1, 2, 5, 25] {
            let before = s[k - 1..].iter().map(|s| s * s).sum::<f64>().sqrt() / x.norm();
            let (_, error) = svd_start(&x, k);
            assert!(error < before + 1e-9, "rank {k}: {error} for {before}");
        }
    }
    // The leading vector has one sign, and zeros that no combination of few vectors fills.
    let blocks = Matrix::new(12, 12, |i, j| if i / 3 == j / 3 { 1.0 + (i / 3) as f64 } else { 0.0 });
    let (_, error) = svd_start(&blocks, 2);
    assert!(error < 1.0);
    svd_start(&Matrix::new(5, 4, |_, _| 0.0), 3);
}

#[test]
fn the_kmeans_start_finds_clusters_at_any_scale() {
    let centres = random(6, 3, 126);
    let noise = random(6, 30, 127);
    for e in [-1000, 0, 1000] {
        let x = Matrix::new(6, 30, |i, j| (10.0 * centres.at(i, j / 10) + 0.1 * noise.at(i, j)).scale(e));
        let operator = Dense::new(MatRef::row_major(&x.data, 6, 30).unwrap());
        let mut g = vec![f64::NAN; 90];
        let mut scratch = vec![f64::NAN; snmf::kmeans_scratch_len(&operator, 3)];
        snmf::kmeans_start(&operator, MatMut::row_major(&mut g, 3, 30).unwrap(), 5, &mut scratch).unwrap();
        for j in 0..30 {
            let column = |j: usize| [g[j], g[30 + j], g[60 + j]];
            assert_eq!(column(j), column(j / 10 * 10), "2^{e}");
            let mut sorted = column(j);
            sorted.sort_by(f64::total_cmp);
            assert_eq!(sorted, [0.2, 0.2, 1.2]);
        }
        assert!((0..3).all(|c| g[c * 30..(c + 1) * 30].contains(&1.2)), "every cluster has members");
    }
}

#[test]
fn an_error_of_the_operator_ends_the_call_and_nothing_changes() {
    let (m, n, k) = (9, 7, 2);
    let g = nonnegative(k, n, 0.0, 221);
    for scale in [1.0, 1e300] {
        let x = random(m, n, 220);
        let x = Matrix::new(m, n, |i, j| scale * x.at(i, j));
        for solver in SOLVERS {
            let options = solver.tolerance(0.0).max_iterations(3);
            let calls = (0..).take_while(|&at| {
                let failing = Failing::new(Dense::new(MatRef::row_major(&x.data, m, n).unwrap()), at);
                let (mut left, mut right) = (vec![7.0; m * k], g.data.clone());
                let (a, b) =
                    (MatMut::row_major(&mut left, m, k).unwrap(), MatMut::row_major(&mut right, k, n).unwrap());
                let mut memory = vec![0.0; snmf::scratch_len(&failing, k)];
                let result = snmf::factorize(&failing, a, b, &options, &mut memory, |_| ControlFlow::Continue(()));
                let same = left.iter().all(|x| *x == 7.0) && right == g.data;
                assert!(result.is_ok() != same, "{options:?}, call {at}");
                result.is_err_and(|error| error == Error::Operator { code: at as i32 })
            });
            assert!(calls.count() >= 5);
        }
    }
}
