//! `svd::truncated` against `svd::jacobi_unblocked`, for every way to reach the matrix.

use super::machines::{self, rows_of};
use super::matrices::{Sparse, nonnegative, orthonormal, random, with_values};
use super::measures::{Matrix, bounds, orthonormality};
use lowrank::operator::{Dense, LinearOperator, Scan, Transposed};
use lowrank::svd::truncated::{Info, Options, Request, State, state_len};
use lowrank::svd::{self, truncated, truncated_dense_scratch_len, truncated_scratch_len};
use lowrank::{Error, MatMut, MatRef, Operand, Real};
use proptest::prelude::*;
use std::cell::Cell;
use std::ops::ControlFlow;

struct Svd {
    u: Matrix,
    s: Vec<f64>,
    v: Matrix,
    info: Info,
}

/// Both vectors, from scratch memory of the exact length filled with `rubbish`.
fn run<T: Real, A: LinearOperator<T>>(a: &A, rank: usize, options: &Options, rubbish: T) -> Result<Svd, Error> {
    observed(a, rank, options, rubbish, |_| ControlFlow::Continue(()))
}

fn observed<T: Real, A: LinearOperator<T>>(
    a: &A,
    rank: usize,
    options: &Options,
    rubbish: T,
    observer: impl FnMut(&Info) -> ControlFlow<()>,
) -> Result<Svd, Error> {
    let (m, n) = (a.rows(), a.cols());
    let (mut s, mut u, mut v) = (vec![rubbish; rank], vec![rubbish; m * rank], vec![rubbish; n * rank]);
    let mut scratch = vec![rubbish; truncated_scratch_len(a, rank, options)];
    let (left, right) = (MatMut::row_major(&mut u, m, rank)?, MatMut::col_major(&mut v, n, rank)?);
    let info = truncated(a, &mut s, Some(left), Some(right), options, &mut scratch, observer)?;
    Ok(Svd {
        u: Matrix::of(MatRef::row_major(&u, m, rank)?),
        s: s.iter().map(|s| s.to_f64()).collect(),
        v: Matrix::of(MatRef::col_major(&v, n, rank)?),
        info,
    })
}

/// All singular values by Jacobi, in f64.
fn exact(a: &Matrix) -> Vec<f64> {
    let mut s = vec![0.0; a.rows.min(a.cols)];
    let mut scratch = vec![0.0; svd::jacobi_unblocked_scratch_len(a.rows, a.cols)];
    let view = MatRef::row_major(&a.data, a.rows, a.cols).unwrap();
    svd::jacobi_unblocked(view, &mut s, None, None, &svd::Options::new(), &mut scratch).unwrap();
    s
}

/// What holds however far the iteration came: orthonormal factors, `A V = U S` (of a wide matrix, `A^T U = V S`), ordered
/// values, signs, and an error that is told truly.
fn valid<T: Real>(a: &Matrix, svd: &Svd, context: &str) {
    let (eps, size) = (T::EPSILON.to_f64(), a.rows.max(a.cols) as f64);
    let rank = svd.s.len();
    assert!(svd.s.windows(2).all(|w| w[0] >= w[1]) && svd.s.iter().all(|s| *s >= 0.0), "{context}: {:?}", svd.s);
    for (name, q) in [("U", &svd.u), ("V", &svd.v)] {
        let ratio = orthonormality::<T>(q);
        assert!(ratio < bounds::ORTHONORMALITY, "{context}: {name} has ratio {ratio:e}, {:?}", svd.info);
    }
    let us = Matrix::new(a.rows, rank, |i, p| svd.u.at(i, p) * svd.s[p]);
    let difference = if a.rows >= a.cols {
        a.times(&svd.v).minus(&us).norm()
    } else {
        a.t().times(&svd.u).minus(&Matrix::new(a.cols, rank, |j, p| svd.v.at(j, p) * svd.s[p])).norm()
    };
    let floor = 30.0 * size * (T::MIN_POSITIVE * T::EPSILON).to_f64();
    assert!(difference <= bounds::RESIDUAL * size * eps * a.norm() + floor, "{context}: off by {difference:e}");
    for p in 0..rank {
        let column: Vec<T> = svd.v.columns(p, 1).cast();
        let view = MatRef::col_major(&column, a.cols, 1).unwrap();
        assert_eq!(svd::column_sign(view, 0), T::ONE, "{context}: sign of column {p}");
    }
    let error = a.minus(&us.times(&svd.v.t())).norm() / if a.norm() == 0.0 { 1.0 } else { a.norm() };
    let told = svd.info.relative_error;
    let close =
        (told * told - error * error).abs() < 100.0 * size.sqrt() * eps || (told - error).abs() * a.norm() < floor;
    assert!(close, "{context}: {told:e} for {error:e}");
}

/// Checks that the approximation is the best of its rank to within the tolerance and rounding.
fn near_best<T: Real>(a: &Matrix, s: &[f64], svd: &Svd, tolerance: f64, context: &str) {
    let eps = T::EPSILON.to_f64();
    let square = |s: &[f64]| s.iter().map(|s| s * s).sum::<f64>();
    let (best, all) = (square(&s[svd.s.len()..]), square(s));
    let us = Matrix::new(a.rows, svd.s.len(), |i, p| svd.u.at(i, p) * svd.s[p]);
    let error = a.minus(&us.times(&svd.v.t())).norm().powi(2);
    let allowed = (1.0 + tolerance) * best + 100.0 * eps * all;
    assert!(
        error <= allowed,
        "{context}: {:e} above the best, of {:e}; {:?}",
        error / best - 1.0,
        best / all,
        svd.info
    );
    for (p, (found, exact)) in svd.s.iter().zip(s).enumerate() {
        let (low, high) =
            (exact * exact - tolerance * best - 100.0 * eps * all, exact * (1.0 + 1e2 * eps) + eps * s[0]);
        assert!(found * found >= low && *found <= high, "{context}: value {p} is {found:e}, not {exact:e}");
    }
}

/// An operator without its Gram matrix.
struct NoGram<A>(A);

impl<T: Real, A: LinearOperator<T>> LinearOperator<T> for NoGram<A> {
    fn rows(&self) -> usize {
        self.0.rows()
    }
    fn cols(&self) -> usize {
        self.0.cols()
    }
    fn check(&self) -> Result<Scan<T>, Error> {
        self.0.check()
    }
    fn scratch_len(&self, k: usize) -> usize {
        self.0.scratch_len(k)
    }
    fn apply(&self, b: MatRef<'_, T>, c: MatMut<'_, T>, scratch: &mut [T]) -> Result<(), Error> {
        self.0.apply(b, c, scratch)
    }
    fn apply_transpose(&self, b: MatRef<'_, T>, c: MatMut<'_, T>, scratch: &mut [T]) -> Result<(), Error> {
        self.0.apply_transpose(b, c, scratch)
    }
}

/// Runs the same factorization in every way to reach the matrix.
fn every_way<T: Real>(a: &Matrix, rank: usize, options: &Options, check: impl Fn(&Svd, &str)) {
    let (m, n) = (a.rows, a.cols);
    let (rows, columns): (Vec<T>, Vec<T>) = (a.cast(), a.t().cast());
    let dense = Dense::new(MatRef::row_major(&rows, m, n).unwrap());
    let by_columns = Dense::new(MatRef::col_major(&columns, m, n).unwrap());
    let flipped = Dense::new(MatRef::row_major(&columns, n, m).unwrap());
    let (sparse, sparse_flipped) = (Sparse::<T>::of(a), Sparse::<T>::of(&a.t()));
    let nan = T::from_f64(f64::NAN);
    check(&run(&dense, rank, options, nan).unwrap(), "dense");
    check(&run(&by_columns, rank, options, nan).unwrap(), "dense by columns");
    check(&run(&NoGram(dense), rank, options, nan).unwrap(), "dense without Gram matrix");
    check(&run(&Transposed(&flipped), rank, options, nan).unwrap(), "transposed dense");
    check(&run(&sparse.csr(), rank, options, nan).unwrap(), "CSR");
    check(&run(&Transposed(&sparse_flipped.csr()), rank, options, nan).unwrap(), "transposed CSR");
}

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
fn a_value_beyond_the_range_is_an_error_and_nothing_changes() {
    let a = [f32::MAX; 12];
    for (m, n) in [(6, 2), (2, 6), (3, 4)] {
        let operator = Dense::new(MatRef::row_major(&a, m, n).unwrap());
        let (mut s, mut u, mut v) = ([7.0; 1], [7.0; 6], [7.0; 6]);
        let mut scratch = vec![0.0; truncated_scratch_len(&operator, 1, &Options::new())];
        let (left, right) =
            (MatMut::row_major(&mut u[..m], m, 1).unwrap(), MatMut::row_major(&mut v[..n], n, 1).unwrap());
        let go_on = |_: &Info| ControlFlow::Continue(());
        let result = truncated(&operator, &mut s, Some(left), Some(right), &Options::new(), &mut scratch, go_on);
        // sqrt(12) times the largest number.
        assert_eq!(result, Err(Error::Overflow { exponent: 129 }));
        assert!(s == [7.0] && u == [7.0; 6] && v == [7.0; 6]);
    }
}

#[test]
fn entries_that_are_not_finite_are_named_and_nothing_changes() {
    fn check(a: &impl LinearOperator<f64>, row: usize, col: usize) {
        let (m, n) = (a.rows(), a.cols());
        let (mut s, mut u, mut v) = ([7.0; 2], vec![7.0; 2 * m], vec![7.0; 2 * n]);
        let mut scratch = vec![0.0; truncated_scratch_len(a, 2, &Options::new())];
        let (left, right) = (MatMut::row_major(&mut u, m, 2).unwrap(), MatMut::row_major(&mut v, n, 2).unwrap());
        let go_on = |_: &Info| ControlFlow::Continue(());
        let result = truncated(a, &mut s, Some(left), Some(right), &Options::new(), &mut scratch, go_on);
        assert_eq!(result, Err(Error::NonFinite { operand: Operand::A, row, col }));
        assert!(s == [7.0; 2] && u.iter().chain(&v).all(|x| *x == 7.0));
    }
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for (m, n) in [(3, 5), (5, 3)] {
            for place in 0..15 {
                let mut a = Matrix::new(m, n, |i, j| f64::from(u8::from((i + j) % 2 == 0)));
                a.data[place] = bad;
                let (row, col) = (place / n, place % n);
                let dense = Dense::new(MatRef::row_major(&a.data, m, n).unwrap());
                check(&dense, row, col);
                check(&Transposed(&dense), col, row);
                let sparse = Sparse::of(&a);
                check(&sparse.csr(), row, col);
                check(&Transposed(&sparse.csr()), col, row);
            }
        }
    }
}

#[test]
fn wrong_arguments_are_named() {
    let a = random(4, 6, 45).data;
    let a = Dense::new(MatRef::row_major(&a, 4, 6).unwrap());
    let go = |rank: usize, u: (usize, usize), v: (usize, usize), options: Options, less: usize| {
        let (mut s, mut x, mut y) = (vec![7.0; rank], [7.0; 40], [7.0; 40]);
        let mut scratch = vec![0.0; truncated_scratch_len(&a, rank, &options).saturating_sub(less)];
        let (left, right) =
            (MatMut::row_major(&mut x, u.0, u.1).unwrap(), MatMut::row_major(&mut y, v.0, v.1).unwrap());
        let result =
            truncated(&a, &mut s, Some(left), Some(right), &options, &mut scratch, |_| ControlFlow::Continue(()));
        let unchanged = s.iter().chain(&x).chain(&y).all(|x| *x == 7.0);
        assert!(result.is_ok() != unchanged);
        result.map(|_| ())
    };
    let plain = Options::new();
    let shape = |operand, expected, given| Err(Error::Shape { operand, expected, given });
    assert_eq!(go(0, (4, 0), (6, 0), plain, 0), Err(Error::Rank { max: 4, given: 0 }));
    assert_eq!(go(5, (4, 5), (6, 5), plain, 0), Err(Error::Rank { max: 4, given: 5 }));
    assert_eq!(go(2, (4, 3), (6, 2), plain, 0), shape(Operand::Left, (4, 2), (4, 3)));
    assert_eq!(go(2, (4, 2), (4, 2), plain, 0), shape(Operand::Right, (6, 2), (4, 2)));
    for tolerance in [-1e-9, 1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(go(2, (4, 2), (6, 2), plain.tolerance(tolerance), 0), Err(Error::Option { name: "tolerance" }));
    }
    let needed = truncated_scratch_len(&a, 2, &plain);
    assert_eq!(needed, truncated_dense_scratch_len::<f64>(4, 6, 2, plain.oversample));
    assert_eq!(go(2, (4, 2), (6, 2), plain, 1), Err(Error::ScratchTooSmall { needed, given: needed - 1 }));
    assert_eq!(go(2, (4, 2), (6, 2), plain, 0), Ok(()));
}

#[test]
fn an_empty_matrix_has_no_rank() {
    for (m, n) in [(0, 0), (0, 3), (3, 0)] {
        let a = Dense::<f64>::new(MatRef::row_major(&[], m, n).unwrap());
        for rank in 0..2 {
            let error = run(&a, rank, &Options::new(), 0.0).err();
            assert_eq!(error, Some(Error::Rank { max: 0, given: rank }));
        }
    }
}

#[test]
fn scratch_and_outputs_do_not_leak_into_the_result() {
    for (m, n) in [(40, 9), (9, 40), (45, 40)] {
        let a = random(m, n, 46);
        let dense = Dense::new(MatRef::row_major(&a.data, m, n).unwrap());
        let (sparse, options) = (Sparse::of(&a), Options::new().oversample(1));
        for rubbish in [f64::INFINITY, 1.0, -1e300, f64::from_bits(u64::MAX)] {
            for way in 0..2 {
                let go = |rubbish| match way {
                    0 => run(&dense, 2, &options, rubbish).unwrap(),
                    _ => run(&sparse.csr(), 2, &options, rubbish).unwrap(),
                };
                let (a, b) = (go(0.0), go(rubbish));
                assert!(a.s == b.s && a.u.data == b.u.data && a.v.data == b.v.data && a.info == b.info);
            }
        }
    }
}

/// The values do not depend on which vectors are asked for, and a pair only in its common sign.
#[test]
fn one_output_has_the_bits_of_both() {
    for (m, n) in [(40, 9), (9, 40)] {
        let a = random(m, n, 47);
        let dense = Dense::new(MatRef::row_major(&a.data, m, n).unwrap());
        let both = run(&dense, 3, &Options::new(), f64::NAN).unwrap();
        for job in 0..3 {
            let (mut s, mut u, mut v) = ([0.0; 3], vec![0.0; 3 * m], vec![0.0; 3 * n]);
            let mut scratch = vec![0.0; truncated_scratch_len(&dense, 3, &Options::new())];
            let left = (job == 1).then(|| MatMut::row_major(&mut u, m, 3).unwrap());
            let right = (job == 2).then(|| MatMut::row_major(&mut v, n, 3).unwrap());
            let go_on = |_: &Info| ControlFlow::Continue(());
            truncated(&dense, &mut s, left, right, &Options::new(), &mut scratch, go_on).unwrap();
            assert_eq!(s.to_vec(), both.s);
            for p in 0..3 {
                let sign = |x: &[f64], y: &Matrix| {
                    let same = (0..y.rows).all(|i| x[3 * i + p] == y.at(i, p));
                    same || (0..y.rows).all(|i| x[3 * i + p] == -y.at(i, p))
                };
                assert!(job != 1 || sign(&u, &both.u));
                assert!(job != 2 || sign(&v, &both.v));
            }
            let ruling = if job == 1 { (&u, m) } else { (&v, n) };
            let view = MatRef::row_major(ruling.0, ruling.1, 3).unwrap();
            assert!(job == 0 || (0..3).all(|p| svd::column_sign(view, p) == 1.0));
        }
    }
}

#[test]
fn the_seed_decides_every_bit() {
    let a = random(90, 40, 48);
    let dense = Dense::new(MatRef::row_major(&a.data, 90, 40).unwrap());
    let go = |seed| run(&dense, 4, &Options::new().oversample(2).seed(seed), 0.0).unwrap();
    let (first, again, other) = (go(1), go(1), go(2));
    assert!(first.u.data == again.u.data && first.s == again.s && first.v.data == again.v.data);
    assert!(first.u.data != other.u.data);
    assert!(first.s.iter().zip(&other.s).all(|(a, b)| (a / b - 1.0).abs() < 1e-3));
}

#[test]
fn without_a_tolerance_the_passes_are_exactly_those_asked_for() {
    for (m, n) in [(60, 40), (40, 60), (30, 5)] {
        let a = random(m, n, 49);
        for passes in [0, 1, 2, 3, 4, 5, 9] {
            let options = Options::new().oversample(1).tolerance(0.0).max_passes(passes);
            every_way::<f64>(&a, 2, &options, |svd, way| {
                assert_eq!(svd.info.passes, passes, "{way}");
                assert!(!svd.info.converged, "{way}");
                valid::<f64>(&a, svd, way);
            });
        }
    }
}

#[test]
fn an_observer_that_breaks_gets_valid_factors() {
    let a = with_values(60, 40, &(0..40).map(|i| 0.9f64.powi(i)).collect::<Vec<_>>(), 50);
    let dense = Dense::new(MatRef::row_major(&a.data, 60, 40).unwrap());
    let options = Options::new().oversample(1).tolerance(1e-12).max_passes(500);
    fn check(a: &Matrix, operator: &impl LinearOperator<f64>, options: &Options) {
        for looks in 1..4 {
            let mut seen: Vec<Info> = vec![];
            let svd = observed(operator, 2, options, f64::NAN, |info| {
                seen.push(*info);
                if seen.len() < looks { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })
            .unwrap();
            assert_eq!(seen.len(), looks);
            assert!(seen.windows(2).all(|w| w[0].passes < w[1].passes));
            assert!(seen.windows(2).all(|w| w[1].relative_error <= w[0].relative_error + 1e-12), "{seen:?}");
            assert!(!svd.info.converged && svd.info.passes == seen[looks - 1].passes);
            // The last product only improves on what was seen.
            assert!(svd.info.relative_error <= seen[looks - 1].relative_error + 1e-12);
            valid::<f64>(a, &svd, "stopped");
        }
    }
    check(&a, &dense, &options);
    check(&a, &NoGram(dense), &options);
    check(&a, &Sparse::of(&a).csr(), &options);
    check(&a.t(), &Transposed(&dense), &options);
}

/// Fails at one call, counted from zero.
struct Failing<'a> {
    a: Dense<'a, f64>,
    calls: Cell<usize>,
    at: usize,
}

impl Failing<'_> {
    fn count(&self) -> Result<(), Error> {
        let call = self.calls.replace(self.calls.get() + 1);
        if call == self.at { Err(Error::Operator { code: call as i32 }) } else { Ok(()) }
    }
}

impl LinearOperator<f64> for Failing<'_> {
    fn rows(&self) -> usize {
        self.a.rows()
    }
    fn cols(&self) -> usize {
        self.a.cols()
    }
    fn check(&self) -> Result<Scan<f64>, Error> {
        self.count()?;
        self.a.check()
    }
    fn scratch_len(&self, k: usize) -> usize {
        self.a.scratch_len(k)
    }
    fn apply(&self, b: MatRef<'_, f64>, c: MatMut<'_, f64>, scratch: &mut [f64]) -> Result<(), Error> {
        self.count()?;
        self.a.apply(b, c, scratch)
    }
    fn apply_transpose(&self, b: MatRef<'_, f64>, c: MatMut<'_, f64>, scratch: &mut [f64]) -> Result<(), Error> {
        self.count()?;
        self.a.apply_transpose(b, c, scratch)
    }
    fn gram(&self, c: MatMut<'_, f64>, scratch: &mut [f64]) -> Result<bool, Error> {
        self.count()?;
        self.a.gram(c, scratch)
    }
    fn sum(&self, _buffer: &mut [f64]) -> Result<(), Error> {
        self.count()
    }
}

#[test]
fn an_error_of_the_operator_ends_the_call_and_nothing_changes() {
    for (m, n) in [(30, 6), (60, 50), (6, 30)] {
        let a = random(m, n, 51);
        let options = Options::new().oversample(1).max_passes(3);
        let calls = (0..).take_while(|&at| {
            let a = Dense::new(MatRef::row_major(&a.data, m, n).unwrap());
            let failing = Failing { a, calls: Cell::new(0), at };
            let (mut s, mut u, mut v) = ([7.0; 2], vec![7.0; 2 * m], vec![7.0; 2 * n]);
            let mut scratch = vec![0.0; truncated_scratch_len(&failing, 2, &options)];
            let (left, right) = (MatMut::row_major(&mut u, m, 2).unwrap(), MatMut::row_major(&mut v, n, 2).unwrap());
            let go_on = |_: &Info| ControlFlow::Continue(());
            match truncated(&failing, &mut s, Some(left), Some(right), &options, &mut scratch, go_on) {
                Ok(_) => false,
                Err(error) => {
                    assert_eq!(error, Error::Operator { code: at as i32 });
                    assert!(s.iter().chain(&u).chain(&v).all(|x| *x == 7.0));
                    true
                }
            }
        });
        // The check, one pass or the Gram matrix, and the last product with its sums.
        let calls = calls.count();
        assert!(calls >= 5, "{calls}");
    }
}

/// One machine for each block of rows, in lockstep: the factors, U in the order of the blocks.
fn in_lockstep(parts: &[Matrix], whole: &Matrix, rank: usize, options: &Options) -> Svd {
    let n = whole.cols;
    let scan = Dense::new(MatRef::row_major(&whole.data, whole.rows, n).unwrap()).check().unwrap();
    let memory = |part: &Matrix| vec![f64::NAN; state_len(part.rows, n, rank, options.oversample)];
    let mut memories: Vec<Vec<f64>> = parts.iter().map(memory).collect();
    let states = parts.iter().zip(&mut memories).enumerate();
    let mut states: Vec<State<f64>> = states
        .map(|(p, (part, memory))| State::new(part.rows, n, rank, scan, &options.machine(p as u64), memory).unwrap())
        .collect();
    loop {
        let mut requests: Vec<Request<f64>> = states.iter_mut().map(|state| state.step().unwrap()).collect();
        let mut total: Vec<f64> = vec![];
        let mut done = 0;
        for (part, request) in parts.iter().zip(&mut requests) {
            let store = |mut output: MatMut<'_, f64>, product: &Matrix| {
                assert_eq!(output.shape(), (product.rows, product.cols));
                for i in 0..product.rows {
                    (0..product.cols).for_each(|j| *output.get_mut(i, j).unwrap() = product.at(i, j));
                }
            };
            match request {
                Request::Apply { input, output } => store(output.rb(), &part.times(&Matrix::of(*input))),
                Request::ApplyTranspose { input, output } => store(output.rb(), &part.t().times(&Matrix::of(*input))),
                Request::Sum(buffer) => {
                    total.resize(buffer.len(), 0.0);
                    total.iter_mut().zip(buffer.iter()).for_each(|(sum, x)| *sum += x);
                }
                Request::Done(_) => done += 1,
                _ => unreachable!(),
            }
        }
        for request in &mut requests {
            if let Request::Sum(buffer) = request {
                buffer.copy_from_slice(&total);
            }
        }
        assert!(done == 0 || done == parts.len());
        if done > 0 {
            break;
        }
    }
    let mut result: Option<Svd> = None;
    let mut left = vec![];
    for (part, state) in parts.iter().zip(&mut states) {
        let (mut s, mut u, mut v) = (vec![0.0; rank], vec![0.0; part.rows * rank], vec![0.0; n * rank]);
        let left_view = MatMut::row_major(&mut u, part.rows, rank).unwrap();
        let info = state.finish(&mut s, Some(left_view), Some(MatMut::row_major(&mut v, n, rank).unwrap())).unwrap();
        left.extend(u);
        let v = Matrix { rows: n, cols: rank, data: v };
        if let Some(first) = &result {
            assert!(first.s == s && first.v.data == v.data && first.info == info);
        }
        result = Some(Svd { u: Matrix::new(0, 0, |_, _| 0.0), s, v, info });
    }
    Svd { u: Matrix { rows: whole.rows, cols: rank, data: left }, ..result.unwrap() }
}

fn cut(a: &Matrix, places: &[usize]) -> Vec<Matrix> {
    let ends = places.iter().copied().chain([a.rows]);
    [0].iter().chain(places).zip(ends).map(|(&first, end)| rows_of(a, first, end - first)).collect()
}

#[test]
fn rows_on_several_machines_give_the_factors_of_one() {
    let s: Vec<f64> = (0..20).map(|i| 0.7f64.powi(i)).collect();
    let a = with_values(45, 20, &s, 52);
    let options = Options::new().oversample(2).tolerance(0.0).max_passes(6);
    let one = in_lockstep(std::slice::from_ref(&a), &a, 4, &options);
    valid::<f64>(&a, &one, "one machine");
    for places in [&[22][..], &[3], &[10, 30], &[0], &[45], &[1, 2, 44]] {
        let many = in_lockstep(&cut(&a, places), &a, 4, &options);
        valid::<f64>(&a, &many, &format!("cut at {places:?}"));
        assert!(many.info.passes == one.info.passes);
        for (x, y) in [(&one.u, &many.u), (&one.v, &many.v)] {
            let difference = x.minus(y).norm();
            assert!(difference < 1e-10, "cut at {places:?}: {difference:e}");
        }
        assert!(many.s.iter().zip(&one.s).all(|(x, y)| (x - y).abs() < 1e-13));
    }
}

#[test]
fn machines_with_equal_rows_replace_missing_directions_by_independent_ones() {
    // Rank one: all but one column of U are random, and must be so on all machines together.
    for (rows, parts) in [(2, 2), (4, 4), (6, 3), (40, 2)] {
        let a = Matrix::new(rows, 4, |_, _| 1.0);
        let places: Vec<usize> = (1..parts).map(|p| p * rows / parts).collect();
        let rank = rows.min(4);
        let svd = in_lockstep(&cut(&a, &places), &a, rank, &Options::new().oversample(0));
        valid::<f64>(&a, &svd, &format!("{rows} rows on {parts} machines"));
    }
}

/// `truncated` on two machines at once, each with one half of the rows.
fn on_two_machines(a: &Matrix, rank: usize, options: &Options) -> Svd {
    let [above, below] =
        machines::halves(a, |number, half| run(half, rank, &options.machine(number), f64::NAN).unwrap());
    assert!(above.s == below.s && above.v.data == below.v.data && above.info == below.info);
    Svd { u: Matrix { rows: a.rows, cols: rank, data: [above.u.data, below.u.data].concat() }, ..below }
}

#[test]
fn the_driver_sums_over_machines() {
    let a = with_values(80, 20, &(0..20).map(|i| 0.8f64.powi(i)).collect::<Vec<_>>(), 53);
    let s = exact(&a);
    for oversample in [0, 3, 20] {
        let svd = on_two_machines(&a, 3, &Options::new().oversample(oversample));
        valid::<f64>(&a, &svd, "two machines");
        near_best::<f64>(&a, &s, &svd, 1e-4, "two machines");
    }
}

#[test]
fn the_driver_sums_over_machines_that_hold_fewer_rows_than_columns() {
    let a = with_values(30, 20, &(0..20).map(|i| 0.8f64.powi(i)).collect::<Vec<_>>(), 54);
    let half = rows_of(&a, 0, 15);
    assert!(half.rows < half.cols);
    let svd = on_two_machines(&a, 3, &Options::new());
    valid::<f64>(&a, &svd, "two machines");
    near_best::<f64>(&a, &exact(&a), &svd, 1e-4, "two machines");
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
