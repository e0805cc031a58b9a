//! Where the iteration begins.

use core::ops::ControlFlow;

use crate::columns::Total;
use crate::error::{Error, Operand};
use crate::operator::{LinearOperator, Scan};
use crate::random::Uniform;
use crate::real::Real;
use crate::scratch::{split, sum};
use crate::svd::truncated::{self, Options, truncated, truncated_dense_scratch_len, truncated_scratch_len};
use crate::view::{MatMut, MatRef};

/// Fills `w` and `h` with random numbers in `(0, 1]` times the scale at which `W H` has about the norm of X.
///
/// `scan` is that of X, whose rows are all on this machine.
pub fn random_start<T: Real>(scan: &Scan<T>, mut w: MatMut<'_, T>, mut h: MatMut<'_, T>, seed: u64) {
    // Each entry of W H is a sum of k products with mean scale^2 / 4.
    let entries = T::from_usize(w.rows()).sqrt() * T::from_usize(h.cols()).sqrt();
    let terms = T::from_usize(w.cols()) * T::from_f64(0.25);
    let even = scan.exponent - scan.exponent % 2;
    let square = scan.norm.scale(scan.exponent - even) / entries / terms;
    let scale = if square.is_finite() { square.sqrt().scale(even / 2) } else { T::ZERO };
    let mut uniform = Uniform::new(seed);
    uniform.fill(&mut w, scale);
    uniform.fill(&mut h, scale);
}

/// What becomes of the entries that NNDSVD leaves at zero.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fill {
    /// They stay, as coordinate descent can leave a zero at once (NNDSVD).
    Zeros,
    /// This part of the root mean square of the factor's entries.
    Part(f64),
    /// The mean of X (NNDSVDa).
    Mean,
    /// Random numbers up to a hundredth of the mean of X (NNDSVDar).
    Random {
        /// For the random numbers.
        seed: u64,
    },
}

/// Elements of scratch for [`nndsvd`].
pub fn nndsvd_scratch_len<T: Real, X: LinearOperator<T>>(x: &X, rank: usize, options: &Options) -> usize {
    sum([rank, x.rows(), x.cols(), truncated_scratch_len(x, rank, options)])
}

/// The same for a dense `m x n` matrix, as a closed form.
pub const fn nndsvd_dense_scratch_len<T: Real>(m: usize, n: usize, rank: usize, oversample: usize) -> usize {
    sum([rank, m, n, truncated_dense_scratch_len::<T>(m, n, rank, oversample)])
}

/// Fills `w`, `m x k`, and `h`, `k x n`, from the truncated SVD (NNDSVD: Boutsidis & Gallopoulos, Pattern Recognition 41,
/// 2008).
///
/// For each `s u v^T` with `u = u+ - u-`, `v = v+ - v-` the larger of the rank-one terms `u+ v+^T` and `u- v-^T` is taken,
/// scaled to `s` times its norm. Entries that this leaves at zero become what `fill` says.
///
/// # Errors
/// `Option` unless a part to fill with is finite and not negative, and as [`svd::truncated`](fn@crate::svd::truncated):
/// `Rank` if `k` is above `min(m, n)`. W and H are unchanged then, unless it is a sum over machines that failed.
pub fn nndsvd<T: Real, X: LinearOperator<T>>(
    x: &X,
    mut w: MatMut<'_, T>,
    h: MatMut<'_, T>,
    fill: Fill,
    options: &Options,
    scratch: &mut [T],
) -> Result<truncated::Info, Error> {
    let rank = w.cols();
    if matches!(fill, Fill::Part(part) if !(part >= 0.0 && T::from_f64(part).is_finite())) {
        return Err(Error::Option { name: "fill" });
    }
    if h.shape() != (rank, x.cols()) {
        return Err(Error::Shape { operand: Operand::Right, expected: (rank, x.cols()), given: h.shape() });
    }
    let mut ht = h.t();
    let (m, n) = (x.rows(), x.cols());
    let [values, row_means, ones, scratch] = split(scratch, [rank, m, n, truncated_scratch_len(x, rank, options)])?;
    let mean = match fill {
        Fill::Mean | Fill::Random { .. } => mean(x, ones, row_means, scratch)?,
        _ => T::ZERO,
    };
    let observer = |_: &truncated::Info| ControlFlow::Continue(());
    let info = truncated(x, values, Some(w.rb()), Some(ht.rb()), options, scratch, observer)?;
    // No entry of a factor exceeds the root of the largest value by much.
    let unit = values.at(0).sqrt();
    // The squares of either factor, over those of the unit.
    let mut squares = T::ZERO;
    for j in 0..rank {
        let (mut u, v) = (part_squares(&w, j), part_squares(&ht, j).map(T::sqrt));
        x.sum(&mut u)?;
        let u = u.map(T::sqrt);
        // Norms of the parts with either sign; the first pair has one sign throughout (Perron and Frobenius).
        let (positive, negative) = (u[0] * v[0], u[1] * v[1]);
        let sign = if positive >= negative { T::ONE } else { -T::ONE };
        let part = usize::from(positive < negative);
        let size = values.at(j).sqrt() * positive.max(negative).sqrt();
        keep_part(&mut w, j, sign, size, u[part]);
        keep_part(&mut ht, j, sign, size, v[part]);
        if size > T::ZERO {
            squares += size / unit * (size / unit);
        }
    }
    let mut uniform = Uniform::new(if let Fill::Random { seed } = fill { seed } else { 0 });
    // H first: it gets the same numbers on every machine.
    for (mut factor, rows) in [(ht, n), (w, x.all_rows())] {
        let part = match fill {
            Fill::Zeros => continue,
            Fill::Part(part) => {
                let mean = squares / T::from_usize(rows) / T::from_usize(rank);
                (mean.sqrt() * unit * T::from_f64(part)).min(T::MAX)
            }
            _ => mean,
        };
        let random = matches!(fill, Fill::Random { .. });
        fill_zeros(&mut factor, || if random { part * T::from_f64(0.01) * uniform.positive() } else { part });
    }
    Ok(info)
}

/// The squares of the norms of the positive and the negative part of column `j`, whose norm is one.
fn part_squares<T: Real>(x: &MatMut<'_, T>, j: usize) -> [T; 2] {
    let mut squares = [0.0; 2];
    for i in 0..x.rows() {
        let entry = x.at(i, j).to_f64();
        let parts = [entry.max(0.0), (-entry).max(0.0)];
        squares = [squares[0] + parts[0] * parts[0], squares[1] + parts[1] * parts[1]];
    }
    squares.map(T::from_f64)
}

/// Keeps the part of column `j` with this sign, of norm `norm`, scaled to norm `size`.
fn keep_part<T: Real>(x: &mut MatMut<'_, T>, j: usize, sign: T, size: T, norm: T) {
    for i in 0..x.rows() {
        let entry = sign * x.at(i, j);
        let kept = if entry > T::ZERO && norm > T::ZERO { entry / norm * size } else { T::ZERO };
        x.put(i, j, kept);
    }
}

/// The mean of all entries of X; `ones` has room for a number for each column, `row_means` for each row.
fn mean<T: Real, X: LinearOperator<T>>(
    x: &X,
    ones: &mut [T],
    row_means: &mut [T],
    scratch: &mut [T],
) -> Result<T, Error> {
    let (m, n) = (x.rows(), x.cols());
    ones.fill(T::ONE / T::from_usize(n));
    x.apply(MatRef::packed(ones, n, 1), MatMut::packed(row_means, m, 1), scratch)?;
    let all = T::from_usize(x.all_rows());
    let mut sum = [row_means.iter().fold(T::ZERO, |sum, mean| sum + *mean / all)];
    x.sum(&mut sum)?;
    let [mean] = sum;
    Ok(mean)
}

fn fill_zeros<T: Real>(x: &mut MatMut<'_, T>, mut value: impl FnMut() -> T) {
    for i in 0..x.rows() {
        for j in 0..x.cols() {
            if x.at(i, j) == T::ZERO {
                x.put(i, j, value());
            }
        }
    }
}
