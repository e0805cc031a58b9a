//! Multiplicative updates for the Frobenius norm.

use crate::alternating::{Pair, Rule, Step, Updated, rows_scratch_len, update_rows};
use crate::columns::Columns;
use crate::error::Error;
use crate::kernel::{Curvature, Execution};
use crate::operator::LinearOperator;
use crate::real::Real;
use crate::scratch::split;

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

    /// One iteration.
    pub fn update<X: LinearOperator<T>>(
        &mut self,
        pair: &mut Pair<'_, T, X>,
        weights: [[T; 2]; 2],
    ) -> Result<Step<T>, Error> {
        let Multiplicative { sweeps: [left_sweeps, right_sweeps], scratch } = self;
        pair.multiply_b()?;
        let left = sweep(pair.a, pair.product, &pair.gram_b, weights[0], *left_sweeps, pair.execution, scratch)?;
        let left = left.on_all_machines(pair.data.operator())?;
        pair.update_gram_a()?;
        pair.multiply_a()?;
        let right = sweep(pair.bt, pair.product, &pair.gram_a, weights[1], *right_sweeps, pair.execution, scratch)?;
        pair.update_gram_b()?;
        let relative_loss = pair.relative_loss()?;
        let objective = 0.5 * relative_loss * pair.data.square + pair.penalties(weights)?;
        let (found, terms) = (left + right, pair.relative_terms());
        Ok(Step { relative_loss, objective, gradient: found.gradient, terms, lifted: found.lifted })
    }
}

/// Updates a factor again and again, given the product of X and the Gram matrix of the other. Returns the gradient that it
/// met at first, and how many zeros were raised in all.
fn sweep<T: Real>(
    factor: &mut [T],
    product: &[T],
    gram: &Columns<'_, T>,
    weights: [T; 2],
    sweeps: usize,
    execution: Execution,
    scratch: &mut [T],
) -> Result<Updated<T>, Error> {
    let k = gram.cols();
    let largest = (0..k).fold(T::ZERO, |largest, j| largest.max(gram.at(j, j)));
    let (curvature, isa) = (Curvature::Known(largest + weights[1]), execution.isa());
    let update = |values: &mut [T], above: &[T], [below]: [&mut [T]; 1]| {
        Rule { above, below, weights, curvature, factor: None }.apply(values, isa)
    };
    let mut all = Updated::NONE;
    for sweep in 0..sweeps {
        let updated = update_rows(factor, k, product, [gram.as_ref()], execution, scratch, update)?;
        all.gradient = if sweep == 0 { updated.gradient } else { all.gradient };
        all.lifted += updated.lifted;
    }
    Ok(all)
}
