//! Non-negative and semi-non-negative matrix factorization, update by update.

use core::hint::black_box;

use lowrank::nmf::{self, Progress};
use lowrank::operator::Dense;
use lowrank::{Error, MatMut, MatRef, Real, snmf};

use crate::reference::{NMF_ERROR, SEMI_NMF_ERROR, SPECTRA};
use crate::report::{Report, largest};

const M: usize = 8;
const N: usize = 6;
const K: usize = 3;

/// Updates of each factorization. The error has then settled to some six digits.
const UPDATES: usize = 300;

/// Lengths do not depend on the type, which a constant of a generic struct could not name.
const SCRATCH: usize = {
    let nmf = nmf::dense_scratch_len::<f64>(M, N, K);
    let snmf = snmf::dense_scratch_len::<f64>(M, N, K);
    if nmf > snmf { nmf } else { snmf }
};

pub struct Memory<T> {
    x: [T; M * N],
    left: [T; M * K],
    right: [T; K * N],
    scratch: [T; SCRATCH],
}

impl<T: Copy> Memory<T> {
    pub const fn new(zero: T) -> Self {
        Memory { x: [zero; M * N], left: [zero; M * K], right: [zero; K * N], scratch: [zero; SCRATCH] }
    }
}

/// `X ~ W H` with `W, H >= 0`.
pub fn nonnegative<T: Real>(memory: &mut Memory<T>, report: &mut Report) -> Result<(), Error> {
    report.say(format_args!("nmf, {M} x {N}, rank {K}, {UPDATES} updates"));
    let Memory { x, left, right, scratch } = memory;
    x.iter_mut().zip(black_box(&SPECTRA)).for_each(|(x, spectrum)| *x = T::from_f64(*spectrum));
    start(left, K);
    start(right, N);
    let a = Dense::new(MatRef::row_major(x, M, N)?);
    let (w, h) = (MatMut::row_major(left, M, K)?, MatMut::row_major(right, K, N)?);
    let mut state = nmf::State::new(&a, w, h, &nmf::Options::new(), scratch)?;
    let told = descend::<T>(|| state.update(), report)?;
    state.finish()?;

    report.require("W and H not negative", left.iter().chain(right.iter()).all(|x| *x >= T::ZERO));
    check(x, left, right, told, NMF_ERROR, report);
    Ok(())
}

/// `X ~ F G` with `G >= 0`.
pub fn semi_nonnegative<T: Real>(memory: &mut Memory<T>, report: &mut Report) -> Result<(), Error> {
    report.say(format_args!("snmf, {M} x {N}, rank {K}, {UPDATES} updates"));
    let Memory { x, left, right, scratch } = memory;
    x.iter_mut().zip(black_box(&SPECTRA)).for_each(|(x, spectrum)| *x = T::from_f64(*spectrum - 2.0));
    start(left, K);
    start(right, N);
    let a = Dense::new(MatRef::row_major(x, M, N)?);
    let (f, g) = (MatMut::row_major(left, M, K)?, MatMut::row_major(right, K, N)?);
    let mut state = snmf::State::new(&a, f, g, &snmf::Options::new(), scratch)?;
    let told = descend::<T>(|| state.update(), report)?;
    state.finish()?;

    report.require("G not negative", right.iter().all(|x| *x >= T::ZERO));
    check(x, left, right, told, SEMI_NMF_ERROR, report);
    Ok(())
}

/// A start without a pattern, which `reference.py` also begins with: `1 + (7 i + 5 j) mod 11`, in eighths.
fn start<T: Real>(factor: &mut [T], cols: usize) {
    for (at, x) in factor.iter_mut().enumerate() {
        let (i, j) = (at / cols, at % cols);
        *x = T::from_f64((1 + (7 * i + 5 * j) % 11) as f64 / 8.0);
    }
}

/// Makes the updates. None may raise the error, but for the rounding of it. Returns the last error.
fn descend<T: Real>(mut update: impl FnMut() -> Result<Progress, Error>, report: &mut Report) -> Result<f64, Error> {
    let (mut last, mut rise) = (update()?.relative_error, 0.0f64);
    for _ in 1..UPDATES {
        let error = update()?.relative_error;
        rise = largest([rise, (error - last).max(0.0)].into_iter());
        last = error;
    }
    // The error is the root of a difference, which has rounding errors of the size of one.
    report.check("largest rise of |X - A B| / |X|", rise, 8.0 * T::EPSILON.to_f64() / last);
    Ok(last)
}

/// The error that the factors have is the one that was told, and that which another program reaches.
fn check<T: Real>(x: &[T], left: &[T], right: &[T], told: f64, expected: f64, report: &mut Report) {
    let (mut difference, mut size) = (0.0, 0.0);
    for (at, x) in x.iter().enumerate() {
        let (i, j) = (at / N, at % N);
        let term = |l: usize| left[i * K + l].to_f64() * right[l * N + j].to_f64();
        let miss = x.to_f64() - (0..K).map(term).sum::<f64>();
        difference += miss * miss;
        size += x.to_f64() * x.to_f64();
    }
    let error = Real::sqrt(difference / size);
    report.say(format_args!("  |X - A B| / |X| = {error:.6}, the reference's {expected:.6}"));
    report.check("as told by the last update", (error - told).abs(), 100.0 * T::EPSILON.to_f64());
    report.check("as the reference", (error - expected).abs(), 1e-5 * expected);
}
