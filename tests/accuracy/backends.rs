//! Backends other than our own: products against ours, and factorizations under the bounds of ours.

use super::layouts::{ORDERS, Stored};
use super::matrices::{nonnegative, random};
use super::measures::{Matrix, bounds, orthonormality, residual};
use lowrank::kernel::{Backend, Execution, gemm, gemm_scratch_len, gemv, gram, gram_scratch_len};
use lowrank::operator::Dense;
use lowrank::qr::{qr, qr_pivoted, qr_scratch_len};
use lowrank::random::Uniform;
use lowrank::svd::{self, Vectors};
use lowrank::{Error, MatMut, MatRef, Operand, Real, nmf, snmf};
use proptest::prelude::*;
use std::ops::ControlFlow;

/// Each backend but ours, on the caller's thread and in the pool.
pub fn others() -> Vec<Execution> {
    let backends = [
        #[cfg(feature = "matrixmultiply")]
        Backend::MatrixMultiply,
        #[cfg(feature = "openblas")]
        Backend::OpenBlas,
    ];
    let both = |backend| [Execution::new(), Execution::fastest()].map(|execution| execution.backend(backend));
    backends.into_iter().flat_map(both).collect()
}

/// Numbers below one, and as their fraction `special` says infinity of either sign and NaN.
fn numbers<T: Real>(len: usize, special: f64, seed: u64) -> Vec<T> {
    let (mut uniform, mut choice) = (Uniform::new(seed), Uniform::new(!seed));
    let mut number = || {
        let x: T = uniform.symmetric();
        let chosen: f64 = choice.positive();
        let value = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN][(chosen / special * 3.0) as usize % 3];
        if chosen < special { T::from_f64(value) } else { x }
    };
    (0..len).map(|_| number()).collect()
}

/// Strides of a matrix to read: row- and column-major, both with gaps, with gaps everywhere, one row, one column, one
/// number repeated.
fn strides(layout: usize, rows: usize, cols: usize) -> (usize, usize) {
    [(cols, 1), (1, rows), (cols + 3, 1), (1, rows + 2), (2 * cols + 1, 2), (3, 3 * rows + 2), (0, 1), (2, 0), (0, 0)]
        [layout]
}

const LAYOUTS: usize = 9;

struct Product<T> {
    shape: [usize; 3],
    layouts: [usize; 3],
    alpha: T,
    beta: T,
    /// The part of the entries that is not finite.
    special: f64,
    seed: u64,
}

impl<T: Real> Product<T> {
    /// Every backend against our own: not further off than sums in two orders are, infinite and NaN where ours is, and
    /// nothing but C written.
    fn check(&self) {
        let Product { shape: [m, n, k], layouts, alpha, beta, special, seed } = *self;
        let data = |rows: usize, cols: usize, layout, seed| {
            let (down, right) = strides(layout, rows, cols);
            (numbers::<T>(lowrank::span(rows, cols, down, right).unwrap(), special, seed), down, right)
        };
        let ((a, ra, ca), (b, rb, cb)) = (data(m, k, layouts[0], seed), data(k, n, layouts[1], seed + 1));
        let a = MatRef::new(&a, m, k, ra, ca).unwrap();
        let b = MatRef::new(&b, k, n, rb, cb).unwrap();
        // With beta = 0, C must not be read.
        let before =
            if beta == T::ZERO { vec![T::from_f64(f64::NAN); m * n] } else { numbers(m * n, special, seed + 2) };
        let gap = T::from_f64(7.0);
        let run = |execution| {
            let mut c = Stored::filled(m, n, layouts[2], gap);
            for (p, x) in before.iter().enumerate() {
                *c.view_mut().get_mut(p / n, p % n).unwrap() = *x;
            }
            let mut scratch = vec![T::from_f64(f64::NAN); gemm_scratch_len(m, n, k)];
            gemm(alpha, a, b, beta, c.view_mut(), execution, &mut scratch).unwrap();
            assert!(c.gaps_are(gap), "{execution:?}: wrote beside C");
            c.matrix()
        };
        let ours = run(Execution::new());
        for execution in others() {
            let theirs = run(execution);
            for (p, old) in before.iter().enumerate() {
                let (i, j) = (p / n, p % n);
                let (found, expected) = (theirs.data[p], ours.data[p]);
                let terms = (0..k).map(|q| (a.get(i, q).unwrap() * b.get(q, j).unwrap()).to_f64().abs());
                let old = if beta == T::ZERO { T::ZERO } else { beta * *old };
                let size = alpha.to_f64().abs() * terms.sum::<f64>() + old.to_f64().abs();
                let close = (found - expected).abs() <= 2.0 * (k + 2) as f64 * T::EPSILON.to_f64() * size;
                let same = if expected.is_finite() { close } else { found.to_bits() == expected.to_bits() };
                assert!(
                    same || (found.is_nan() && expected.is_nan()),
                    "{execution:?}, {m} x {k} x {n}, layouts {layouts:?}, {alpha} A B + {beta} C: {found} for {expected}"
                );
            }
        }
    }
}

fn factors() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![0.0, 1.0, -1.0, 0.37, -2.5])
}

proptest! {
    #[test]
    fn products_are_ours_but_for_rounding(
        m in 0usize..70, n in 0usize..70, k in 0usize..140,
        layouts in [0..LAYOUTS, 0..LAYOUTS, 0..ORDERS],
        alpha in factors(), beta in factors(),
        special in prop::sample::select(vec![0.0, 0.0, 1e-3]),
        seed in 0u64..1000,
    ) {
        let shape = [m, n, k];
        Product::<f64> { shape, layouts, alpha, beta, special, seed }.check();
        let (alpha, beta) = (alpha as f32, beta as f32);
        Product::<f32> { shape, layouts, alpha, beta, special, seed }.check();
    }

    #[test]
    fn products_with_a_vector_are_those_of_gemv(
        m in 0usize..90, n in 0usize..90, layout in 0..LAYOUTS, step in 1usize..4, alpha in factors(), beta in factors(),
        seed in 0u64..1000,
    ) {
        let (down, right) = strides(layout, m, n);
        let data = numbers::<f64>(lowrank::span(m, n, down, right).unwrap(), 0.0, seed);
        let a = MatRef::new(&data, m, n, down, right).unwrap();
        let (x, mut expected) = (numbers::<f64>(n, 0.0, seed + 1), numbers::<f64>(m, 0.0, seed + 2));
        // Vectors with gaps are columns of matrices, and as often rows.
        let spread = |x: &[f64]| x.iter().flat_map(|x| vec![*x; step]).collect::<Vec<f64>>();
        let (wide_x, wide_y) = (spread(&x), spread(&expected));
        gemv(alpha, a, &x, beta, &mut expected).unwrap();
        for execution in others() {
            let mut scratch = vec![f64::NAN; gemm_scratch_len(m, 1, n).max(gemm_scratch_len(1, m, n))];
            let x = MatRef::new(&wide_x, n, 1, step, 1).unwrap();
            for as_row in [false, true] {
                let mut y = wide_y.clone();
                let view = MatMut::new(&mut y, m, 1, step, 1).unwrap();
                if as_row {
                    gemm(alpha, x.t(), a.t(), beta, view.t(), execution, &mut scratch).unwrap();
                } else {
                    gemm(alpha, a, x, beta, view, execution, &mut scratch).unwrap();
                }
                for (i, expected) in expected.iter().enumerate() {
                    prop_assert!((y[i * step] - expected).abs() < 1e-13 * n as f64 + 1e-14, "{execution:?}, row {i}");
                    prop_assert!((1..step).all(|p| y[i * step + p] == wide_y[i * step + p]), "{execution:?}");
                }
            }
        }
    }

    #[test]
    fn gram_matrices_are_ours_but_for_rounding(
        m in 0usize..150, n in 0usize..180, layouts in [0..LAYOUTS, 0..ORDERS], seed in 0u64..1000,
    ) {
        let (down, right) = strides(layouts[0], m, n);
        let data = numbers::<f32>(lowrank::span(m, n, down, right).unwrap(), 0.0, seed);
        let a = MatRef::new(&data, m, n, down, right).unwrap();
        let run = |execution| {
            let mut c = Stored::filled(n, n, layouts[1], f32::INFINITY);
            gram(a, c.view_mut(), execution, &mut vec![f32::NAN; gram_scratch_len(m, n)]).unwrap();
            assert!(c.gaps_are(f32::INFINITY));
            c.matrix()
        };
        let ours = run(Execution::new());
        for execution in others() {
            let theirs = run(execution);
            prop_assert_eq!(&theirs.t().data, &theirs.data, "not symmetric: {:?}", execution);
            let rounding = 2.0 * (m + 2) as f64 * f64::from(f32::EPSILON);
            prop_assert!(theirs.minus(&ours).largest() <= rounding * ours.largest(), "{execution:?}");
        }
    }
}

/// Large enough for blocks of every kind and for tasks on several threads; a side of one strip and of many.
#[test]
fn large_products_are_ours_but_for_rounding() {
    for shape in [[130, 140, 150], [500, 30, 700], [30, 1500, 300], [2000, 40, 50], [1, 3000, 800], [3000, 1, 800]] {
        for layouts in [[0, 0, 0], [1, 0, 0], [0, 1, 1], [1, 1, 1], [2, 3, 2], [4, 1, 3], [6, 7, 0]] {
            for (alpha, beta) in [(1.0, 0.0), (-1.0, 1.0), (0.5, -2.0)] {
                Product::<f64> { shape, layouts, alpha, beta, special: 0.0, seed: 5 }.check();
            }
            Product::<f32> { shape, layouts, alpha: -1.0, beta: 1.0, special: 1e-6, seed: 6 }.check();
        }
    }
}

/// What is not finite is found before any product.
#[test]
fn what_is_not_finite_is_named() {
    let mut data = random(60, 50, 401).data;
    data[17 * 50 + 3] = f64::INFINITY;
    let a = MatRef::row_major(&data, 60, 50).unwrap();
    let named = Err(Error::NonFinite { operand: Operand::A, row: 17, col: 3 });
    for execution in others() {
        let (mut s, mut scratch) = ([7.0; 50], vec![0.0; svd::svd_scratch_len(60, 50)]);
        let options = svd::Options::new().execution(execution);
        assert_eq!(svd::svd(a, &mut s, None, None, &options, &mut scratch).map(|_| ()), named);
        assert_eq!(s, [7.0; 50]);
        let mut scratch = vec![0.0; qr_scratch_len(60, 50)];
        assert_eq!(qr(a, Vectors::Thin, None, None, execution, &mut scratch), named);
        let (mut x, mut scratch) = ([7.0; 50], vec![0.0; svd::least_squares_scratch_len(60, 50, 1)]);
        let (b, solution) = (MatRef::row_major(&[1.0; 60], 60, 1).unwrap(), MatMut::row_major(&mut x, 50, 1).unwrap());
        let options = svd::solve::Options::new().svd(options);
        assert_eq!(svd::least_squares(a, b, solution, None, &options, &mut scratch).map(|_| ()), named);
        assert_eq!(x, [7.0; 50]);
    }
}

fn qr_within_bounds<T: Real>(m: usize, n: usize, execution: Execution) {
    let a = random(m, n, 402).rounded::<T>();
    let (data, k): (Vec<T>, _) = (a.cast(), m.min(n));
    let view = MatRef::row_major(&data, m, n).unwrap();
    for pivoted in [false, true] {
        let (mut q, mut r, mut pivots) = (vec![T::ONE; m * k], vec![T::ONE; k * n], (0..n).collect::<Vec<_>>());
        let mut scratch = vec![T::from_f64(f64::NAN); qr_scratch_len(m, n)];
        let left = Some(MatMut::row_major(&mut q, m, k).unwrap());
        let right = Some(MatMut::row_major(&mut r, k, n).unwrap());
        if pivoted {
            qr_pivoted(view, Vectors::Thin, left, right, &mut pivots, execution, &mut scratch).unwrap();
        } else {
            qr(view, Vectors::Thin, left, right, execution, &mut scratch).unwrap();
        }
        let q = Matrix::of(MatRef::row_major(&q, m, k).unwrap());
        let r = Matrix::of(MatRef::row_major(&r, k, n).unwrap());
        let permuted = Matrix::new(m, n, |i, j| a.at(i, pivots[j]));
        let ratios = [residual::<T>(&permuted, &q, &vec![1.0; k], &r.t()), orthonormality::<T>(&q)];
        let limits = [bounds::RESIDUAL, bounds::ORTHONORMALITY];
        assert!(ratios.iter().zip(limits).all(|(x, limit)| *x < limit), "{m} x {n}, {execution:?}: {ratios:?}");
    }
}

#[test]
fn qr_keeps_its_bounds() {
    for execution in others() {
        for (m, n) in [(40, 40), (200, 130), (90, 250), (2500, 40)] {
            qr_within_bounds::<f64>(m, n, execution);
            qr_within_bounds::<f32>(m, n, execution);
        }
    }
}

fn svd_within_bounds<T: Real>(m: usize, n: usize, execution: Execution) {
    let a = random(m, n, 403).rounded::<T>();
    let (data, k): (Vec<T>, _) = (a.cast(), m.min(n));
    let view = MatRef::row_major(&data, m, n).unwrap();
    for call in [svd::golub_kahan::<T>, svd::jacobi] {
        let (mut s, mut u, mut v) = (vec![T::ZERO; k], vec![T::ZERO; m * k], vec![T::ZERO; n * k]);
        let len = svd::golub_kahan_scratch_len(m, n).max(svd::jacobi_scratch_len(m, n));
        let mut scratch = vec![T::from_f64(f64::NAN); len];
        let left = Some(MatMut::row_major(&mut u, m, k).unwrap());
        let right = Some(MatMut::col_major(&mut v, n, k).unwrap());
        let info = call(view, &mut s, left, right, &svd::Options::new().execution(execution), &mut scratch).unwrap();
        assert!(info.converged, "{m} x {n}, {execution:?}");
        let u = Matrix::of(MatRef::row_major(&u, m, k).unwrap());
        let v = Matrix::of(MatRef::col_major(&v, n, k).unwrap());
        let s: Vec<f64> = s.iter().map(|s| s.to_f64()).collect();
        let ratios = [residual::<T>(&a, &u, &s, &v), orthonormality::<T>(&u), orthonormality::<T>(&v)];
        let limits = [bounds::RESIDUAL, bounds::ORTHONORMALITY, bounds::ORTHONORMALITY];
        assert!(ratios.iter().zip(limits).all(|(x, limit)| *x < limit), "{m} x {n}, {execution:?}: {ratios:?}");
    }
}

/// Every matrix type in `svd_dense`; here sizes at which the methods hand over to products.
#[test]
fn dense_svds_keep_their_bounds() {
    for execution in others() {
        for (m, n) in [(90, 90), (300, 170), (130, 400), (1200, 60)] {
            svd_within_bounds::<f64>(m, n, execution);
            svd_within_bounds::<f32>(m, n, execution);
        }
    }
}

/// The same iterations as with our own products, but for rounding, and an error that is told truly.
#[test]
fn iterations_are_those_with_our_own_products() {
    let (m, n, k) = (260, 140, 9);
    let x = nonnegative(m, n, 0.0, 404);
    let signed = Matrix::new(m, n, |i, j| x.at(i, j) - 0.4);
    let start = (nonnegative(m, k, 0.0, 405), nonnegative(k, n, 0.0, 406));
    let go_on = |_: &nmf::Progress| ControlFlow::Continue(());
    let run = |method: usize, execution: Execution| {
        let x = if method == 2 { &signed } else { &x };
        let dense = Dense::new(MatRef::row_major(&x.data, m, n).unwrap()).execution(execution);
        let (mut w, mut h) = (start.0.data.clone(), start.1.data.clone());
        let mut memory = vec![f64::NAN; nmf::scratch_len(&dense, k).max(snmf::scratch_len(&dense, k))];
        let (left, right) = (MatMut::row_major(&mut w, m, k).unwrap(), MatMut::row_major(&mut h, k, n).unwrap());
        let info = if method == 2 {
            let options = snmf::Options::new().max_iterations(4).execution(execution);
            snmf::factorize(&dense, left, right, &options, &mut memory, go_on)
        } else {
            let solver = [nmf::Solver::Hals, nmf::Solver::Multiplicative][method];
            let options = nmf::Options::new().solver(solver).max_iterations(4).execution(execution);
            nmf::factorize(&dense, left, right, &options, &mut memory, go_on)
        };
        let told = info.unwrap().progress.relative_error;
        let (w, h) = (Matrix { rows: m, cols: k, data: w }, Matrix { rows: k, cols: n, data: h });
        assert!(h.data.iter().chain(w.data.iter().filter(|_| method < 2)).all(|x| *x >= 0.0));
        let product = w.times(&h);
        let error = x.minus(&product).norm() / x.norm();
        assert!((told - error).abs() < 1e-12, "{method}, {execution:?}: {told} for {error}");
        product
    };
    for method in 0..3 {
        let ours = run(method, Execution::new());
        for execution in others() {
            let difference = run(method, execution).minus(&ours).norm() / ours.norm();
            assert!(difference < 1e-10, "{method}, {execution:?}: {difference:e}");
        }
    }
}
