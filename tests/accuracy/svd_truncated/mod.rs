//! `svd::truncated` against `svd::jacobi_unblocked`, for every way to reach the matrix.
//!
//! | file | concern |
//! |---|---|
//! | `accuracy` | what the factors satisfy, and how near they are to the best of their rank |
//! | `calls` | arguments, errors, observers, and what may not change a bit |
//! | `partitions` | rows that lie on several machines |

mod accuracy;
mod calls;
mod partitions;

use super::matrices::Sparse;
use super::measures::{Matrix, bounds, orthonormality};
use lowrank::operator::{Dense, LinearOperator, Scan, Transposed};
use lowrank::svd::truncated::{Info, Options};
use lowrank::svd::{self, truncated, truncated_scratch_len};
use lowrank::{Error, MatMut, MatRef, Real};
use std::ops::ControlFlow;

pub struct Svd {
    pub u: Matrix,
    pub s: Vec<f64>,
    pub v: Matrix,
    info: Info,
}

/// Both vectors, from scratch memory of the exact length filled with `rubbish`.
pub fn run<T: Real, A: LinearOperator<T>>(a: &A, rank: usize, options: &Options, rubbish: T) -> Result<Svd, Error> {
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
    #[cfg(any(feature = "matrixmultiply", feature = "openblas"))]
    for execution in crate::backends::others() {
        let (dense, options) = (dense.execution(execution), options.execution(execution));
        check(&run(&dense, rank, &options, nan).unwrap(), &format!("dense, {execution:?}"));
    }
    check(&run(&Transposed(&sparse_flipped.csr()), rank, options, nan).unwrap(), "transposed CSR");
}
