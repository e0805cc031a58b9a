//! Non-negative matrix factorization, `X ~ W H` with `X, W, H >= 0`.
//!
//! Both methods minimize `|X - W H|_F^2` over one factor at a time, and need X only in `X H^T` and `X^T W`. The loss never
//! rises.
//!
//! [`Solver::Multiplicative`], the updates of Lee & Seung (NIPS 2001), each the minimizer of a bound that touches the loss
//! at the present factor:
//!
//! ```text
//! W <- W * (X H^T) / (W H H^T)        H <- H * (W^T X) / (W^T W H)        entry by entry
//! ```
//!
//! An entry that is zero stays zero; where the denominator is zero so is the numerator, and the entry is left as it is.
//!
//! [`Solver::Hals`] (Cichocki & Phan, IEICE E92-A, 2009) minimizes exactly over one entry of a row after the other, which
//! for the component `j` of row `i` is
//!
//! ```text
//! w_ij <- max(0, w_ij + ((X H^T)_ij - (W H H^T)_ij) / (H H^T)_jj)
//! ```
//!
//! A zero can become positive again, and far fewer iterations reach the same loss.

mod start;

pub use crate::alternating::{Info, Options, Progress, dense_scratch_len, scratch_len};
pub use start::{nndsvd, nndsvd_dense_scratch_len, nndsvd_scratch_len, random_start};

use core::ops::ControlFlow;

use crate::alternating::{Pair, drive, multiply_divide, update_rows};
use crate::columns::{Columns, Total};
use crate::error::Error;
use crate::kernel::{Execution, dot};
use crate::operator::LinearOperator;
use crate::real::Real;
use crate::view::{MatMut, MatRef};

/// The method of an update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Solver {
    /// Hierarchical alternating least squares.
    #[default]
    Hals,
    /// Multiplicative updates.
    Multiplicative,
}

/// A factorization under way. W and H are the caller's, and valid factors after every update.
#[derive(Debug)]
pub struct State<'a, T, X> {
    pair: Pair<'a, T, X>,
    solver: Solver,
}

impl<'a, T: Real, X: LinearOperator<T>> State<'a, T, X> {
    /// Prepares to improve `w`, `m x k`, and `h`, `k x n`. X is checked once.
    ///
    /// # Errors
    /// `Rank` if `k` is 0, `Shape`, `ScratchTooSmall`; `NonFinite` and `Negative` for X, W and H.
    pub fn new(
        x: &'a X,
        w: MatMut<'a, T>,
        h: MatMut<'a, T>,
        solver: Solver,
        execution: Execution,
        memory: &'a mut [T],
    ) -> Result<Self, Error> {
        Ok(State { pair: Pair::new(x, w, h, true, execution, memory)?, solver })
    }

    /// One update of W, then of H; returns `|X - W H|_F / |X|_F` after both.
    ///
    /// Two products of X with `k` vectors, and `4 (m + n) k^2` operations.
    ///
    /// # Errors
    /// What the operator returns.
    pub fn update(&mut self) -> Result<f64, Error> {
        let solver = self.solver;
        self.pair.iterate(|pair| {
            pair.multiply_b()?;
            let gram = &pair.gram_b;
            update(solver, pair.a.rb(), pair.product, gram, &mut pair.panels, pair.execution, pair.scratch)?;
            pair.update_gram_a()?;
            pair.multiply_a()?;
            let gram = &pair.gram_a;
            update(solver, pair.bt.rb(), pair.product, gram, &mut pair.panels, pair.execution, pair.scratch)?;
            pair.update_gram_b()
        })
    }
}

/// Updates a factor, given the product of X and the Gram matrix of the other.
fn update<T: Real>(
    solver: Solver,
    factor: MatMut<'_, T>,
    product: &[T],
    gram: &Columns<'_, T>,
    panels: &mut [&mut [T]; 3],
    execution: Execution,
    scratch: &mut [T],
) -> Result<(), Error> {
    match solver {
        Solver::Multiplicative => {
            let step = |x, above, [below]: [T; 1]| multiply_divide(x, above, below);
            update_rows(factor, product, [gram.as_ref()], panels, execution, scratch, step)
        }
        Solver::Hals => {
            let [row, ..] = panels;
            descend(factor, product, gram, row.get_mut(..gram.cols()).unwrap_or_default());
            Ok(())
        }
    }
}

/// One pass of exact minimization over every entry of every row; `row` has room for one.
fn descend<T: Real>(mut factor: MatMut<'_, T>, product: &[T], gram: &Columns<'_, T>, row: &mut [T]) {
    let k = gram.cols();
    for i in 0..factor.rows() {
        let mut whole = factor.rb().submatrix(i, 0, 1, k);
        MatMut::packed(row, 1, k).copy_from(whole.as_ref());
        let product = product.get(i * k..(i + 1) * k).unwrap_or_default();
        for (j, product) in product.iter().enumerate() {
            let curvature = gram.at(j, j);
            if curvature >= T::MIN_POSITIVE {
                let step = (*product - dot(row, gram.col(j))) / curvature;
                row.put(j, (row.at(j) + step).max(T::ZERO));
            }
        }
        whole.copy_from(MatRef::packed(row, 1, k));
    }
}

/// Improves `w`, `m x k`, and `h`, `k x n`, until the options end it; `observer` is called after every update and ends it
/// by breaking. Start from [`nndsvd`] or [`random_start`].
///
/// # Errors
/// As [`State::new`], `Option`, and what the operator returns.
pub fn factorize<T: Real, X: LinearOperator<T>>(
    x: &X,
    w: MatMut<'_, T>,
    h: MatMut<'_, T>,
    solver: Solver,
    options: &Options,
    memory: &mut [T],
    observer: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Info, Error> {
    options.check()?;
    let mut state = State::new(x, w, h, solver, options.execution, memory)?;
    drive(options, || state.update(), observer)
}
