//! Semi-non-negative matrix factorization, `X ~ F G` with X and F of any sign and `G >= 0`.
//!
//! Minimizes `1/2 |X - F G|_F^2`, and needs X only in products. For `F >= 0` and G free factorize the transpose.
//!
//! [`Solver::Hals`], the default: F is the least-squares solution for its G, and G is improved by coordinate descent; `hals`
//! has the details. Start from [`svd_start`], which is already the best if the row space of X holds a positive vector.
//!
//! [`Solver::Multiplicative`] is the alternating rule of Ding, Li & Jordan ("Convex and semi-nonnegative matrix
//! factorizations", TPAMI 32, 2010):
//!
//! ```text
//! F <- X G^T (G G^T)^-1
//! G <- G * sqrt( (P+ + Q- G) / (P- + Q+ G) ),    P = F^T X,  Q = F^T F,  entry by entry
//! ```
//!
//! with `M+ = (|M| + M) / 2` and `M- = (|M| - M) / 2`, which never raises the loss.
//!
//! The best factors may not exist: terms that almost cancel each other can grow without end while the loss falls.
//! [`Progress::terms`] tells when that happens; their size is bounded.

mod ding;
mod hals;
mod start;

pub use crate::alternating::{Criterion, Info, Progress, Solver, Stop};
pub use start::{kmeans_scratch_len, kmeans_start, random_start, svd_scratch_len, svd_start};

use core::ops::ControlFlow;

use crate::alternating::{
    Fixed, LEFT, Pair, RIGHT, Record, Right, Rows, Scaling, Signs, Stopping, dense_pair_len, pair_len,
    stopping_setters, transform, transform_len,
};
use crate::error::{Error, Operand};
use crate::kernel::Execution;
use crate::operator::{Dense, LinearOperator, Transposed};
use crate::real::Real;
use crate::scratch::{max, split, sum};
use crate::view::{MatMut, MatRef};
use ding::{Ding, ding_scratch_len};
use hals::{Hals, hals_scratch_len, side};

/// Options of semi-NMF.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// The method; default HALS.
    pub solver: Solver,
    /// HALS: the bound on sweeps over G before F's turn. The default 0 leaves it to the method: as many as take about as
    /// long as a third of the products with X, but 2 to 10.
    pub max_sweeps: usize,
    /// HALS: whether to go on in the direction of the last step, as long as the objective falls; default true.
    pub extrapolate: bool,
    /// What the tolerance is about.
    pub criterion: Criterion,
    /// When to end; default `1e-4`.
    pub tolerance: f64,
    /// The bound on iterations; default 200.
    pub max_iterations: usize,
    /// How the method's own products are computed; the operator has its own say about its products.
    pub execution: Execution,
}

impl Options {
    /// The defaults.
    pub const fn new() -> Self {
        Options {
            solver: Solver::Hals,
            max_sweeps: 0,
            extrapolate: true,
            criterion: Criterion::Decrease,
            tolerance: 1e-4,
            max_iterations: 200,
            execution: Execution::new(),
        }
    }
    /// The method.
    pub const fn solver(mut self, solver: Solver) -> Self {
        self.solver = solver;
        self
    }
    /// The bound on sweeps over G before F's turn; 0 leaves it to the method.
    pub const fn max_sweeps(mut self, sweeps: usize) -> Self {
        self.max_sweeps = sweeps;
        self
    }
    /// Whether HALS extrapolates.
    pub const fn extrapolate(mut self, extrapolate: bool) -> Self {
        self.extrapolate = extrapolate;
        self
    }
    stopping_setters!();
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

/// Elements of memory for [`State::new`] and [`factorize`] with this operator.
pub fn scratch_len<T: Real, X: LinearOperator<T>>(x: &X, rank: usize) -> usize {
    sum([pair_len(x, rank), own_len(x, rank)])
}

/// The same for a dense `m x n` matrix, as a closed form.
pub const fn dense_scratch_len<T: Real>(m: usize, n: usize, rank: usize) -> usize {
    let side = side(m, n, rank);
    let operator = Dense::<T>::scratch_len_for(m, n, side);
    let own = max(hals_scratch_len(n, rank, side, operator), ding_scratch_len(m, n, rank));
    sum([dense_pair_len::<T>(m, n, rank), own])
}

/// What any solver needs beside the pair of factors.
fn own_len<T: Real, X: LinearOperator<T>>(x: &X, k: usize) -> usize {
    let side = side(x.all_rows(), x.cols(), k);
    max(hals_scratch_len(x.cols(), k, side, x.scratch_len(side)), ding_scratch_len(x.rows(), x.cols(), k))
}

#[derive(Debug)]
enum Method<'a, T> {
    Hals(Hals<'a, T>),
    Multiplicative(Ding<'a, T>),
}

/// A factorization under way. F and G are the caller's, and stay as they are until [`finish`](Self::finish) writes them.
#[derive(Debug)]
pub struct State<'a, T, X> {
    pair: Pair<'a, T, X>,
    method: Method<'a, T>,
    record: Record,
}

impl<'a, T: Real, X: LinearOperator<T>> State<'a, T, X> {
    /// Prepares to improve `f`, `m x k`, and `g`, `k x n`. X is checked once. The content of `f` does not matter.
    ///
    /// # Errors
    /// `Rank` if `k` is 0, `Shape`, `ScratchTooSmall`, `NonFinite` for X and G, `Negative` for G, `Option`, and what the
    /// operator returns.
    pub fn new(
        x: &'a X,
        f: MatMut<'a, T>,
        g: MatMut<'a, T>,
        options: &Options,
        memory: &'a mut [T],
    ) -> Result<Self, Error> {
        options.stopping().check()?;
        let k = f.cols();
        let [memory, own] = split(memory, [pair_len(x, k), own_len(x, k)])?;
        let (right, signs, execution) = (Right::Start(g), Signs::RightNonnegative, options.execution);
        let pair = Pair::new(x, f, right, signs, Scaling::Extreme, execution, memory)?;
        let method = match options.solver {
            Solver::Hals => Method::Hals(Hals::new(&pair, options.max_sweeps, options.extrapolate, own)?),
            Solver::Multiplicative => Method::Multiplicative(Ding::new(x.rows(), x.cols(), k, own)?),
        };
        Ok(State { pair, method, record: Record::NEW })
    }

    /// One update of F, then of G.
    ///
    /// HALS: two products of X with `k` vectors, or one of `X^T X`, and `(4 n + 2 m) k^2` operations, with `2 n k^2` for
    /// each sweep. Multiplicative: two products of X, and `(4 m + 12 n) k^2`.
    ///
    /// # Errors
    /// What the operator returns.
    pub fn update(&mut self) -> Result<Progress, Error> {
        let State { pair, method, record } = self;
        let step = match method {
            Method::Hals(hals) => hals.update(pair)?,
            Method::Multiplicative(ding) => ding.update(pair)?,
        };
        Ok(record.add(step, 2 * pair.data.exponent))
    }

    /// Writes F and G, of which the last [`update`](Self::update) told; nothing if there was none.
    ///
    /// HALS: a product of X with `k` vectors.
    ///
    /// # Errors
    /// What the operator returns.
    pub fn finish(mut self) -> Result<(), Error> {
        if self.record.is_new() {
            return Ok(());
        }
        if let Method::Hals(hals) = &mut self.method {
            hals.finish(&mut self.pair)?;
        }
        self.pair.publish()
    }
}

/// Improves `f`, `m x k`, and `g`, `k x n`, until the options end it; `observer` is called after every update and ends it
/// by breaking. Start from [`svd_start`], [`kmeans_start`] or [`random_start`].
///
/// # Errors
/// As [`State::new`], and what the operator returns. F and G are unchanged then.
pub fn factorize<T: Real, X: LinearOperator<T>>(
    x: &X,
    f: MatMut<'_, T>,
    g: MatMut<'_, T>,
    options: &Options,
    memory: &mut [T],
    observer: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Info, Error> {
    let mut state = State::new(x, f, g, options, memory)?;
    let info = options.stopping().drive(|| state.update(), observer)?;
    state.finish()?;
    Ok(info)
}

/// Elements of memory for [`transform_rows`] with this operator.
pub fn transform_rows_scratch_len<T: Real, X: LinearOperator<T>>(x: &X, rank: usize) -> usize {
    transform_len(x.rows(), x.cols(), rank, x.scratch_len(rank))
}

/// The same for a dense `m x n` matrix, as a closed form.
pub const fn transform_rows_dense_scratch_len<T: Real>(m: usize, n: usize, rank: usize) -> usize {
    transform_len(m, n, rank, Dense::<T>::scratch_len_for(m, n, rank))
}

/// Fills `f`, `m x k`, with the least-squares solution for new rows X, `m x n`, and a `g`, `k x n`, that stays.
///
/// `F = X G^T (G G^T + t diag(G G^T))^-1` with `t = 8 k eps`: dependent rows of G share what belongs to them. A product of X
/// with `k` vectors, and `4 m k^2` operations.
///
/// # Errors
/// `Rank` if `k` is 0, `Shape`, `ScratchTooSmall`; `NonFinite` for X and G; `Overflow` if F exceeds the number range; and
/// what the operator returns. F is unchanged then.
pub fn transform_rows<T: Real, X: LinearOperator<T>>(
    x: &X,
    g: MatRef<'_, T>,
    f: MatMut<'_, T>,
    options: &Options,
    memory: &mut [T],
) -> Result<(), Error> {
    let fixed = Fixed { bt: g.t(), names: LEFT, sum: |_: &mut [T]| Ok(()) };
    transform(x, fixed, f, Rows::Free, options.execution, memory)
}

/// Elements of memory for [`transform_columns`] with this operator.
pub fn transform_columns_scratch_len<T: Real, X: LinearOperator<T>>(x: &X, rank: usize) -> usize {
    transform_len(x.cols(), x.rows(), rank, x.scratch_len(rank))
}

/// The same for a dense `m x n` matrix, as a closed form.
pub const fn transform_columns_dense_scratch_len<T: Real>(m: usize, n: usize, rank: usize) -> usize {
    transform_len(n, m, rank, Dense::<T>::scratch_len_for(m, n, rank))
}

/// Fills `g`, `k x n`, with the best non-negative factor for new columns X, `m x n`, and an `f`, `m x k`, that stays.
///
/// Each column is a convex problem: coordinate descent from zero until a sweep moves the column by less than the tolerance
/// times the first one's distance, or for as many sweeps as the bound on iterations. A product of `X^T` with `k` vectors,
/// and `2 n k^2` operations for each sweep.
///
/// # Errors
/// `Rank` if `k` is 0, `Shape`, `ScratchTooSmall`; `NonFinite` for X and F; `Option`; `Overflow` if G exceeds the number
/// range; and what the operator returns. G is unchanged then.
pub fn transform_columns<T: Real, X: LinearOperator<T>>(
    x: &X,
    f: MatRef<'_, T>,
    g: MatMut<'_, T>,
    options: &Options,
    memory: &mut [T],
) -> Result<(), Error> {
    options.stopping().check()?;
    let (sweeps, rest) = (options.max_iterations, options.tolerance);
    let rows = Rows::Nonnegative { all: false, weights: [0.0; 2], sweeps, rest };
    let name =
        |error| if let Error::NonFinite { operand: Operand::A, .. } = error { error.transposed() } else { error };
    let fixed = Fixed { bt: f, names: RIGHT, sum: |sums: &mut [T]| x.sum(sums) };
    transform(&Transposed(x), fixed, g.t(), rows, options.execution, memory).map_err(name)
}
