//! Least squares, `min |A X - B|`, of a matrix with full rank and of one without.

use core::hint::black_box;

use lowrank::svd::solve::Options;
use lowrank::svd::{least_squares, least_squares_scratch_len};
use lowrank::{Error, MatMut, MatRef, Real};

use crate::reference::{DEPENDENT_SOLUTION, READINGS, RESIDUALS, SOLUTION, TARGETS};
use crate::report::{Report, largest};

const M: usize = 6;
const N: usize = 4;
/// Right-hand sides.
const COUNT: usize = 2;
const SCRATCH: usize = least_squares_scratch_len(M, N, COUNT);

pub struct Memory<T> {
    a: [T; M * N],
    b: [T; M * COUNT],
    x: [T; N * COUNT],
    residuals: [T; COUNT],
    scratch: [T; SCRATCH],
}

impl<T: Copy> Memory<T> {
    pub const fn new(zero: T) -> Self {
        Memory {
            a: [zero; M * N],
            b: [zero; M * COUNT],
            x: [zero; N * COUNT],
            residuals: [zero; COUNT],
            scratch: [zero; SCRATCH],
        }
    }
}

pub fn solve<T: Real>(memory: &mut Memory<T>, report: &mut Report) -> Result<(), Error> {
    let Memory { a, b, x, residuals, scratch } = memory;
    let eps = T::EPSILON.to_f64();
    a.iter_mut().zip(black_box(&READINGS)).for_each(|(a, reading)| *a = T::from_f64(*reading));
    b.iter_mut().zip(black_box(&TARGETS)).for_each(|(b, target)| *b = T::from_f64(*target));
    let b = MatRef::row_major(b, M, COUNT)?;

    report.say(format_args!("least_squares, {M} x {N}, {COUNT} right-hand sides"));
    let to = MatMut::row_major(x, N, COUNT)?;
    let info = least_squares(MatRef::row_major(a, M, N)?, b, to, Some(residuals), &Options::new(), scratch)?;
    report.require("full rank", info.rank == N && info.converged);
    report.check("X, error", error(x, &SOLUTION), 100.0 * eps);
    report.check("residuals, error", error(residuals, &RESIDUALS), 100.0 * eps);

    report.say(format_args!("least_squares, a column is the sum of two others"));
    for row in a.as_chunks_mut::<N>().0 {
        row[3] = row[0] + row[1];
    }
    let to = MatMut::row_major(x, N, COUNT)?;
    let info = least_squares(MatRef::row_major(a, M, N)?, b, to, None, &Options::new(), scratch)?;
    report.require("rank less by one", info.rank == N - 1 && info.converged);
    report.check("X of least norm, error", error(x, &DEPENDENT_SOLUTION), 100.0 * eps);
    Ok(())
}

/// The largest difference.
fn error<T: Real>(x: &[T], expected: &[f64]) -> f64 {
    largest(x.iter().zip(expected).map(|(x, expected)| (x.to_f64() - expected).abs()))
}
