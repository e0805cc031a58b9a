//! `nmf`, dense and sparse.
//!
//! | file | concern |
//! |---|---|
//! | `updates` | the updates against their defining formulas, the loss against the difference |
//! | `starts` | random and NNDSVD starts, and the scale of any start |
//! | `divergence` | other losses |
//! | `calls` | arguments, errors, the driver, and what may not change a bit |

mod calls;
mod divergence;
mod starts;
mod updates;

use super::matrices::nonnegative;
use super::measures::Matrix;
use lowrank::nmf::{self, Options, Solver, State};
use lowrank::operator::{Dense, LinearOperator};
use lowrank::{Error, MatMut, MatRef, Real};

/// The classical methods, with one sweep over a factor in its turn.
const HALS: Options = Options::new().max_sweeps(1).extrapolate(false);
const MULTIPLICATIVE: Options = Options::new().solver(Solver::Multiplicative).max_sweeps(1);
const SOLVERS: [Options; 4] = [HALS, Options::new(), MULTIPLICATIVE, Options::new().solver(Solver::Multiplicative)];

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
    options: Options,
    count: usize,
    rubbish: T,
) -> Result<Nmf, Error> {
    let (m, n, k) = (x.rows(), x.cols(), w.cols);
    let (mut left, mut right): (Vec<T>, Vec<T>) = (w.cast(), h.cast());
    let mut memory = vec![rubbish; nmf::scratch_len(x, k)];
    let (left_view, right_view) = (MatMut::row_major(&mut left, m, k)?, MatMut::row_major(&mut right, k, n)?);
    let mut state = State::new(x, left_view, right_view, &options, &mut memory)?;
    let errors = (0..count).map(|_| state.update().map(|p| p.relative_error)).collect::<Result<Vec<f64>, Error>>()?;
    state.finish()?;
    let (w, h) = (MatRef::row_major(&left, m, k)?, MatRef::row_major(&right, k, n)?);
    Ok(Nmf { w: Matrix::of(w), h: Matrix::of(h), errors })
}

fn dense_updates<T: Real>(x: &Matrix, w: &Matrix, h: &Matrix, options: Options, count: usize) -> Nmf {
    let data: Vec<T> = x.cast();
    let x = Dense::new(MatRef::row_major(&data, x.rows, x.cols).unwrap());
    updates(&x, w, h, options, count, T::from_f64(f64::NAN)).unwrap()
}

/// Random positive factors.
fn start(m: usize, n: usize, k: usize, seed: u64) -> (Matrix, Matrix) {
    let above = |x: Matrix| Matrix::new(x.rows, x.cols, |i, j| x.at(i, j) + 0.01);
    (above(nonnegative(m, k, 0.0, seed ^ 0xaaaa)), above(nonnegative(k, n, 0.0, seed ^ 0x5555)))
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
