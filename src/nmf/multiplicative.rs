//! Multiplicative updates for the Frobenius norm.

use crate::alternating::{Pair, Step, multiply_divide, rows_scratch_len, update_rows};
use crate::columns::Columns;
use crate::error::Error;
use crate::kernel::Execution;
use crate::operator::LinearOperator;
use crate::real::Real;
use crate::scratch::split;

use super::Weights;

/// Elements of scratch for [`Multiplicative`].
pub(super) const fn multiplicative_scratch_len(k: usize) -> usize {
    rows_scratch_len(k, 1)
}

/// What the method keeps between iterations.
#[derive(Debug)]
pub(super) struct Multiplicative<'a, T> {
    sweeps: [usize; 2],
    scratch: &'a mut [T],
}

impl<'a, T: Real> Multiplicative<'a, T> {
    pub fn new(k: usize, sweeps: [usize; 2], memory: &'a mut [T]) -> Result<Self, Error> {
        let [scratch] = split(memory, [multiplicative_scratch_len(k)])?;
        Ok(Multiplicative { sweeps, scratch })
    }

    /// One iteration; the pair gives the factors to the caller.
    pub fn update<X: LinearOperator<T>>(
        &mut self,
        pair: &mut Pair<'_, T, X>,
        weights: &Weights<T>,
    ) -> Result<Step<T>, Error> {
        let Multiplicative { sweeps: [left_sweeps, right_sweeps], scratch } = self;
        pair.multiply_b()?;
        let (left, w_lifted) =
            sweep(pair.a, pair.product, &pair.gram_b, weights.left, *left_sweeps, pair.execution, scratch)?;
        let mut left = [left];
        pair.data.operator().sum(&mut left)?;
        let [left] = left;
        pair.update_gram_a()?;
        pair.multiply_a()?;
        let (right, h_lifted) =
            sweep(pair.bt, pair.product, &pair.gram_a, weights.right, *right_sweeps, pair.execution, scratch)?;
        pair.update_gram_b()?;
        let relative_loss = pair.relative_loss()?;
        let objective = weights.objective(pair, relative_loss)?;
        pair.publish();
        let terms = pair.relative_terms();
        Ok(Step { relative_loss, objective, gradient: left + right, terms, lifted: w_lifted + h_lifted })
    }
}

/// Updates a factor again and again, given the product of X and the Gram matrix of the other. Returns the sum of the projected
/// gradient at first, and how many zeros were raised.
fn sweep<T: Real>(
    factor: &mut [T],
    product: &[T],
    gram: &Columns<'_, T>,
    [l1, l2]: [T; 2],
    sweeps: usize,
    execution: Execution,
    scratch: &mut [T],
) -> Result<(T, usize), Error> {
    let k = gram.cols();
    let largest = (0..k).fold(T::ZERO, |largest, j| largest.max(gram.at(j, j)));
    let step = |x: T, above: T, [below]: [T; 1]| multiply_divide(x, above, below + l1 + l2 * x, largest + l2, |x| x);
    let (mut first, mut lifted) = (None, 0);
    for _ in 0..sweeps {
        let updated = update_rows(factor, k, product, [gram.as_ref()], execution, scratch, step)?;
        first = first.or(Some(updated.gradient));
        lifted += updated.lifted;
    }
    Ok((first.unwrap_or(T::ZERO), lifted))
}
