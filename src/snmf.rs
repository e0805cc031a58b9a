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

pub use crate::alternating::{Info, Options, Progress};

use core::ops::ControlFlow;

use crate::alternating::{self, Pair, drive, multiply_divide, update_rows};
use crate::columns::Columns;
use crate::error::Error;
use crate::kernel::{Execution, gemm};
use crate::operator::LinearOperator;
use crate::orthonormalize::{self, Rounds, orthonormalize};
use crate::random::Uniform;
use crate::real::Real;
use crate::scratch::{split, sum, times};
use crate::triangular::invert_upper;
use crate::view::{MatMut, MatRef};

/// Elements of memory for [`State::new`] and [`factorize`] with this operator.
pub fn scratch_len<T: Real, X: LinearOperator<T>>(x: &X, rank: usize) -> usize {
    sum(layout(x.cols(), rank, alternating::scratch_len(x, rank)))
}

/// The same for a dense `m x n` matrix, as a closed form.
pub const fn dense_scratch_len<T: Real>(m: usize, n: usize, rank: usize) -> usize {
    sum(layout(n, rank, alternating::dense_scratch_len::<T>(m, n, rank)))
}

/// Q, what its orthonormalization needs, and what every alternating method needs.
const fn layout(n: usize, k: usize, alternating: usize) -> [usize; 3] {
    [times(n, k), orthonormalize::scratch_len(n, k), alternating]
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
    scratch: &'a mut [T],
}

impl<'a, T: Real, X: LinearOperator<T>> State<'a, T, X> {
    /// Prepares to improve `f`, `m x k`, and `g`, `k x n`. X is checked once. The content of `f` does not matter.
    ///
    /// # Errors
    /// `Rank` if `k` is 0, `Shape`, `ScratchTooSmall`, `NonFinite` for X and G, `Negative` for G.
    pub fn new(
        x: &'a X,
        f: MatMut<'a, T>,
        g: MatMut<'a, T>,
        execution: Execution,
        memory: &'a mut [T],
    ) -> Result<Self, Error> {
        let k = f.cols();
        let [q, scratch, memory] = split(memory, layout(x.cols(), k, alternating::scratch_len(x, k)))?;
        Ok(State { pair: Pair::new(x, f, g, false, execution, memory)?, q, scratch })
    }

    /// One update of F, then of G; returns `|X - F G|_F / |X|_F` after both.
    ///
    /// Two products of X with `k` vectors, and `(4 m + 12 n) k^2` operations.
    ///
    /// # Errors
    /// What the operator returns.
    pub fn update(&mut self) -> Result<f64, Error> {
        let State { pair, q, scratch } = self;
        pair.iterate(|pair| {
            solve_left(pair, q, scratch)?;
            update_right(pair)
        })
    }
}

/// F as the least-squares solution for G.
fn solve_left<T: Real, X: LinearOperator<T>>(
    pair: &mut Pair<'_, T, X>,
    q: &mut [T],
    scratch: &mut [T],
) -> Result<(), Error> {
    let ((m, k), n) = (pair.a.shape(), pair.bt.rows());
    let mut q = MatMut::packed(q, n, k);
    q.copy_from(pair.bt.as_ref());
    let [r, inverse] = &mut pair.small;
    // Directions that replace missing ones have no part in R; any seed serves.
    let rounds = Rounds::new(Real::sqrt(T::EPSILON.to_f64()), 0);
    orthonormalize(rounds, q.rb(), &mut pair.gram_b, r, pair.execution, scratch)?;
    invert_upper(r, inverse);
    pair.multiply(q)?;
    let [_, inverse] = &pair.small;
    let product = MatRef::packed(pair.product.get(..m * k).unwrap_or_default(), m, k);
    gemm(T::ONE, product, inverse.as_ref().t(), T::ZERO, pair.a.rb(), pair.execution, pair.scratch)
}

/// The multiplicative rule for G.
fn update_right<T: Real, X: LinearOperator<T>>(pair: &mut Pair<'_, T, X>) -> Result<(), Error> {
    pair.update_gram_a()?;
    pair.multiply_a()?;
    let [positive, negative] = &mut pair.small;
    parts(&pair.gram_a, positive, negative);
    let grams = [positive.as_ref(), negative.as_ref()];
    let step = |g: T, p: T, [positive, negative]: [T; 2]| {
        let above = p.max(T::ZERO) + negative;
        let below = (-p).max(T::ZERO) + positive;
        multiply_divide(g, above.sqrt(), below.sqrt())
    };
    update_rows(pair.bt.rb(), pair.product, grams, &mut pair.panels, pair.execution, pair.scratch, step)?;
    pair.update_gram_b()
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
    options.check()?;
    let mut state = State::new(x, f, g, options.execution, memory)?;
    drive(options, || state.update(), observer)
}
