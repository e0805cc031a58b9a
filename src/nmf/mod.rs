//! Non-negative matrix factorization, `X ~ W H` with `X, W, H >= 0`.
//!
//! Minimizes over one factor at a time
//!
//! ```text
//! 1/2 |X - W H|_F^2 + l1_W sum W + l2_W/2 |W|_F^2 + l1_H sum H + l2_H/2 |H|_F^2
//! ```
//!
//! and needs X only in `X H^T` and `X^T W`. The objective never rises.
//!
//! [`Solver::Hals`] (Cichocki & Phan, IEICE E92-A, 2009), the default, minimizes exactly over one entry of a row after the
//! other, which for the component `j` of row `i` is
//!
//! ```text
//! w_ij <- max(0, w_ij - ((W H H^T)_ij - (X H^T)_ij + l1 + l2 w_ij) / ((H H^T)_jj + l2))
//! ```
//!
//! with several sweeps for each product with X, and extrapolation: `hals` has the details. With
//! `max_sweeps(1).extrapolate(false)` it is the classical method, which scikit-learn calls `cd`.
//!
//! [`Solver::Multiplicative`], the updates of Lee & Seung (NIPS 2001), each the minimizer of a bound that touches the loss
//! at the present factor:
//!
//! ```text
//! W <- W * (X H^T) / (W H H^T + l1 + l2 W)        H <- H * (W^T X) / (W^T W H + l1 + l2 H)        entry by entry
//! ```
//!
//! A zero at which the objective falls would stay; it is raised to `eps` of the step to the minimum, and
//! [`Progress::lifted`] counts it. Where the denominator is zero so is the numerator, and the entry is left as it is.

pub mod divergence;
mod hals;
mod multiplicative;
mod normalize;
mod options;
mod start;

pub use crate::alternating::{Criterion, Info, Progress, Solver, Stop};
pub use normalize::{Norm, normalize};
pub use options::{Options, Penalty};
pub use start::{Fill, nndsvd, nndsvd_dense_scratch_len, nndsvd_scratch_len, random_start};

use core::ops::ControlFlow;

use crate::alternating::{
    Fixed, LEFT, Pair, Record, Right, Rows, Scaling, Signs, dense_pair_len, pair_len, sweeps, transform_len,
};
use crate::error::Error;
use crate::operator::{Dense, LinearOperator};
use crate::real::Real;
use crate::scratch::{max, split, sum};
use crate::view::{MatMut, MatRef};
use hals::{Hals, hals_scratch_len};
use multiplicative::{Multiplicative, multiplicative_scratch_len};

/// Elements of memory for [`State::new`] and [`factorize`] with this operator.
pub fn scratch_len<T: Real, X: LinearOperator<T>>(x: &X, rank: usize) -> usize {
    sum([pair_len(x, rank), own_len(x.rows(), x.cols(), rank)])
}

/// The same for a dense `m x n` matrix, as a closed form.
pub const fn dense_scratch_len<T: Real>(m: usize, n: usize, rank: usize) -> usize {
    sum([dense_pair_len::<T>(m, n, rank), own_len(m, n, rank)])
}

/// What any solver needs beside the pair of factors.
const fn own_len(m: usize, n: usize, k: usize) -> usize {
    max(hals_scratch_len(m, n, k), multiplicative_scratch_len(k))
}

#[derive(Debug)]
enum Method<'a, T> {
    Hals(Hals<'a, T>),
    Multiplicative(Multiplicative<'a, T>),
}

/// A factorization under way. W and H are the caller's, and stay as they are until [`finish`](Self::finish) writes them.
#[derive(Debug)]
pub struct State<'a, T, X> {
    pair: Pair<'a, T, X>,
    method: Method<'a, T>,
    /// Of W and of H: each of the sum and of half the squares, in the scale of the computation.
    weights: [[T; 2]; 2],
    record: Record,
}

impl<'a, T: Real, X: LinearOperator<T>> State<'a, T, X> {
    /// Prepares to improve `w`, `m x k`, and `h`, `k x n`. X is checked once.
    ///
    /// # Errors
    /// `Rank` if `k` is 0, `Shape`, `ScratchTooSmall`; `NonFinite` and `Negative` for X, W and H; `Option`.
    pub fn new(
        x: &'a X,
        w: MatMut<'a, T>,
        h: MatMut<'a, T>,
        options: &Options,
        memory: &'a mut [T],
    ) -> Result<Self, Error> {
        options.check()?;
        let (m, n, k) = (x.rows(), x.cols(), w.cols());
        let [memory, own] = split(memory, [pair_len(x, k), own_len(m, n, k)])?;
        let (signs, scaling) = (Signs::Nonnegative, Scaling::Extreme);
        let pair = Pair::new(x, w, Right::Start(h), signs, scaling, options.execution, memory)?;
        let sweeps = pair.data.entries_for_each_line()?.map(|entries| sweeps(options.max_sweeps, entries, k));
        let method = match options.solver {
            Solver::Hals => Method::Hals(Hals::new(&pair, sweeps, options.extrapolate, own)?),
            Solver::Multiplicative => Method::Multiplicative(Multiplicative::new(k, sweeps, own)?),
        };
        let weights = [(options.left, 0), (options.right, 1)];
        let weights = weights.map(|(penalty, side)| pair.scaled_weights(penalty.weights(), side));
        Ok(State { pair, method, weights, record: Record::NEW })
    }

    /// One update of W, then of H.
    ///
    /// Two products of X with `k` vectors, and `2 (m + n) k^2` operations for each sweep and as many for the Gram matrices.
    ///
    /// # Errors
    /// What the operator returns.
    pub fn update(&mut self) -> Result<Progress, Error> {
        let State { pair, method, weights, record } = self;
        let step = match method {
            Method::Hals(hals) => hals.update(pair, *weights)?,
            Method::Multiplicative(multiplicative) => multiplicative.update(pair, *weights)?,
        };
        Ok(record.add(step, 2 * pair.data.exponent))
    }

    /// Writes W and H, of which the last [`update`](Self::update) told; nothing if there was none. After one that failed they
    /// are some valid factors.
    ///
    /// # Errors
    /// What the operator returns. W and H are unchanged then.
    pub fn finish(mut self) -> Result<(), Error> {
        if self.record.is_new() {
            return Ok(());
        }
        if let Method::Hals(hals) = &self.method {
            hals.restore(&mut self.pair);
        }
        self.pair.publish()
    }
}

/// Improves `w`, `m x k`, and `h`, `k x n`, until the options end it; `observer` is called after every update and ends it
/// by breaking. Start from [`nndsvd`] or [`random_start`].
///
/// # Errors
/// As [`State::new`], and what the operator returns. W and H are unchanged then.
pub fn factorize<T: Real, X: LinearOperator<T>>(
    x: &X,
    w: MatMut<'_, T>,
    h: MatMut<'_, T>,
    options: &Options,
    memory: &mut [T],
    observer: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Info, Error> {
    let mut state = State::new(x, w, h, options, memory)?;
    let info = options.stopping().drive(|| state.update(), observer)?;
    state.finish()?;
    Ok(info)
}

/// Elements of memory for [`transform`] with this operator.
pub fn transform_scratch_len<T: Real, X: LinearOperator<T>>(x: &X, rank: usize) -> usize {
    transform_len(x.rows(), x.cols(), rank, x.scratch_len(rank))
}

/// The same for a dense `m x n` matrix, as a closed form.
pub const fn transform_dense_scratch_len<T: Real>(m: usize, n: usize, rank: usize) -> usize {
    transform_len(m, n, rank, Dense::<T>::scratch_len_for(m, n, rank))
}

/// Fills `w`, `m x k`, with the best factor for new rows X, `m x n`, and an `h`, `k x n`, that stays.
///
/// The penalty on W is that of the options; the solver does not matter, as each row is a convex problem: coordinate descent
/// from zero until a sweep moves the row by less than the tolerance times the first one's distance, or for as many sweeps as
/// the bound on iterations. A row has the same bits alone and among others of its scale. For H, given W, transpose all
/// three; rows on several machines allow the first only.
///
/// A product of X with `k` vectors, and `2 m k^2` operations for each sweep.
///
/// # Errors
/// `Rank` if `k` is 0, `Shape`, `ScratchTooSmall`; `NonFinite` and `Negative` for X and H; `Option`; `Overflow` if W exceeds
/// the number range; and what the operator returns. W is unchanged then.
pub fn transform<T: Real, X: LinearOperator<T>>(
    x: &X,
    h: MatRef<'_, T>,
    w: MatMut<'_, T>,
    options: &Options,
    memory: &mut [T],
) -> Result<(), Error> {
    options.check()?;
    let (weights, sweeps, rest) = (options.left.weights(), options.max_iterations, options.tolerance);
    let rows = Rows::Nonnegative { all: true, weights, sweeps, rest };
    let fixed = Fixed { bt: h.t(), names: LEFT, sum: |_: &mut [T]| Ok(()) };
    crate::alternating::transform(x, fixed, w, rows, options.execution, memory)
}
