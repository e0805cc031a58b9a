//! Semi-non-negative matrix factorization, `X ~ F G` with X and F of any sign and `G >= 0`.
//!
//! The alternating rule of Ding, Li & Jordan ("Convex and semi-nonnegative matrix factorizations", TPAMI 32, 2010):
//!
//! ```text
//! F <- X G^T (G G^T)^-1
//! G <- G * sqrt( (P+ + Q- G) / (P- + Q+ G) ),    P = F^T X,  Q = F^T F,  entry by entry
//! ```
//!
//! with `M+ = (|M| + M) / 2` and `M- = (|M| - M) / 2`. F is the least-squares solution for its G, and the rule for G never
//! raises the loss. F is computed as `(X Q) R^-T` from `G^T = Q R`, since `G G^T` has the square of the condition of G, which
//! the iteration itself can make large. A row of G that is a combination of those before it, but for a part `sqrt(eps)`, gets
//! a zero column in F: with more, F would be so large that rounding in G outweighs what the row adds. For `F >= 0` and G free factorize the transpose.

pub use crate::alternating::{Criterion, Info, Progress, Stop};

use core::ops::ControlFlow;

use crate::alternating::{
    Pair, Record, Signs, Step, Stopping, dense_pair_len, multiply_divide, pair_len, rows_scratch_len, stopping_setters,
    update_rows,
};
use crate::columns::Columns;
use crate::error::Error;
use crate::kernel::{Execution, gemm, gemm_scratch_len};
use crate::operator::LinearOperator;
use crate::orthonormalize::{self, Rounds, orthonormalize};
use crate::random::Uniform;
use crate::real::Real;
use crate::scratch::{max, split, sum, times};
use crate::triangular::invert_upper;
use crate::view::{MatMut, MatRef};

/// Options of semi-NMF.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Options {
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
        Options { criterion: Criterion::Decrease, tolerance: 1e-4, max_iterations: 200, execution: Execution::new() }
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
    sum(layout(x.rows(), x.cols(), rank, pair_len(x, rank)))
}

/// The same for a dense `m x n` matrix, as a closed form.
pub const fn dense_scratch_len<T: Real>(m: usize, n: usize, rank: usize) -> usize {
    sum(layout(m, n, rank, dense_pair_len::<T>(m, n, rank)))
}

/// The pair; Q and two small matrices; and what orthonormalization and products need.
const fn layout(m: usize, n: usize, k: usize, pair: usize) -> [usize; 5] {
    let square = times(k, k);
    let products = max(rows_scratch_len(k, 2), gemm_scratch_len(m, k, k));
    [pair, times(n, k), square, square, max(orthonormalize::scratch_len(n, k), products)]
}

/// Fills `g` with random numbers in `(0, 1]`; F needs no start, as the first update computes it.
pub fn random_start<T: Real>(mut g: MatMut<'_, T>, seed: u64) {
    Uniform::new(seed).fill(&mut g, T::ONE);
}

/// A factorization under way. F and G are the caller's, and valid factors after every update.
#[derive(Debug)]
pub struct State<'a, T, X> {
    pair: Pair<'a, T, X>,
    q: &'a mut [T],
    small: [Columns<'a, T>; 2],
    scratch: &'a mut [T],
    record: Record,
}

impl<'a, T: Real, X: LinearOperator<T>> State<'a, T, X> {
    /// Prepares to improve `f`, `m x k`, and `g`, `k x n`. X is checked once. The content of `f` does not matter.
    ///
    /// # Errors
    /// `Rank` if `k` is 0, `Shape`, `ScratchTooSmall`, `NonFinite` for X and G, `Negative` for G, `Option`.
    pub fn new(
        x: &'a X,
        f: MatMut<'a, T>,
        g: MatMut<'a, T>,
        options: &Options,
        memory: &'a mut [T],
    ) -> Result<Self, Error> {
        options.stopping().check()?;
        let (m, n, k) = (x.rows(), x.cols(), f.cols());
        let [memory, q, first, second, scratch] = split(memory, layout(m, n, k, pair_len(x, k)))?;
        let pair = Pair::new(x, f, g, Signs::RightNonnegative, options.execution, memory)?;
        let small = [first, second].map(|memory| Columns::new(memory, k, k));
        Ok(State { pair, q, small, scratch, record: Record::NEW })
    }

    /// One update of F, then of G.
    ///
    /// Two products of X with `k` vectors, and `(4 m + 12 n) k^2` operations.
    ///
    /// # Errors
    /// What the operator returns.
    pub fn update(&mut self) -> Result<Progress, Error> {
        solve_left(&mut self.pair, self.q, &mut self.small, self.scratch)?;
        let State { pair, small, scratch, record, .. } = self;
        let (gradient, lifted) = update_right(pair, small, scratch)?;
        let relative_loss = pair.relative_loss()?;
        pair.publish();
        let step = Step { relative_loss, objective: 0.5 * relative_loss * pair.data.square, gradient, lifted };
        Ok(record.add(step, 2 * pair.data.exponent))
    }
}

/// F as the least-squares solution for G.
fn solve_left<T: Real, X: LinearOperator<T>>(
    pair: &mut Pair<'_, T, X>,
    q: &mut [T],
    [r, inverse]: &mut [Columns<'_, T>; 2],
    scratch: &mut [T],
) -> Result<(), Error> {
    let k = pair.rank();
    let (m, n) = (pair.a.len() / k.max(1), pair.bt.len() / k.max(1));
    q.iter_mut().zip(&*pair.bt).for_each(|(to, x)| *to = *x);
    // Directions that replace missing ones have no part in R; any seed serves.
    let rounds = Rounds::new(Real::sqrt(T::EPSILON.to_f64()), 0);
    orthonormalize(rounds, MatMut::packed(q, n, k), &mut pair.gram_b, r, pair.execution, scratch)?;
    invert_upper(r, inverse);
    pair.data.multiply(q, k, pair.product)?;
    let product = MatRef::packed(pair.product.get(..m * k).unwrap_or_default(), m, k);
    let a = MatMut::packed(pair.a, m, k);
    gemm(T::ONE, product, inverse.as_ref().t(), T::ZERO, a, pair.execution, scratch)
}

/// The multiplicative rule for G. Returns the sum of the projected gradient, and how many zeros were raised.
fn update_right<T: Real, X: LinearOperator<T>>(
    pair: &mut Pair<'_, T, X>,
    [positive, negative]: &mut [Columns<'_, T>; 2],
    scratch: &mut [T],
) -> Result<(T, usize), Error> {
    pair.update_gram_a()?;
    pair.multiply_a()?;
    parts(&pair.gram_a, positive, negative);
    let k = pair.rank();
    let largest = (0..k).fold(T::ZERO, |largest, j| largest.max(pair.gram_a.at(j, j)));
    let grams = [positive.as_ref(), negative.as_ref()];
    let step = |g: T, p: T, [positive, negative]: [T; 2]| {
        let above = p.max(T::ZERO) + negative;
        let below = (-p).max(T::ZERO) + positive;
        multiply_divide(g, above, below, largest, T::sqrt)
    };
    let updated = update_rows(pair.bt, k, pair.product, grams, pair.execution, scratch, step)?;
    pair.update_gram_b()?;
    Ok((updated.gradient, updated.lifted))
}

/// `M = M+ - M-`
fn parts<T: Real>(m: &Columns<'_, T>, positive: &mut Columns<'_, T>, negative: &mut Columns<'_, T>) {
    for j in 0..m.cols() {
        let parts = positive.col_mut(j).iter_mut().zip(negative.col_mut(j));
        for (m, (positive, negative)) in m.col(j).iter().zip(parts) {
            *positive = (*m).max(T::ZERO);
            *negative = (-*m).max(T::ZERO);
        }
    }
}

/// Improves `f`, `m x k`, and `g`, `k x n`, until the options end it; `observer` is called after every update and ends it
/// by breaking. Start from [`random_start`].
///
/// # Errors
/// As [`State::new`], `Option`, and what the operator returns.
pub fn factorize<T: Real, X: LinearOperator<T>>(
    x: &X,
    f: MatMut<'_, T>,
    g: MatMut<'_, T>,
    options: &Options,
    memory: &mut [T],
    observer: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Info, Error> {
    let mut state = State::new(x, f, g, options, memory)?;
    options.stopping().drive(|| state.update(), observer)
}
