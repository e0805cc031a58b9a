//! Accelerated HALS.
//!
//! An iteration is a few sweeps of coordinate descent over W and then over H: they share the product with X, which costs
//! more than a sweep (Gillis & Glineur, Neural Computation 24(4), 2012).
//!
//! The iteration goes on in the direction of the last step (Ang & Gillis, Neural Computation 31(2), 2019, Algorithm 2):
//!
//! ```text
//! W <- argmin over W, given H'     W' <- max(0, W + b (W - the last W'))      ' marks the point of the iteration
//! H <- argmin over H, given W'     H' <- max(0, H + b (H - the last H))
//! ```
//!
//! `(W', H)` is feasible, its loss is free, and it is the new iterate if the objective falls. With `b = 0` this is plain
//! coordinate descent, which never raises the objective.

use crate::alternating::{Extrapolation, Pair, REST, Step, copy, extrapolate, extrapolate_and_keep};
use crate::error::Error;
use crate::kernel::{Descent, descend, descend_scratch_len};
use crate::operator::LinearOperator;
use crate::real::Real;
use crate::scratch::{max, split, sum, times};
use crate::view::{MatMut, MatRef};

/// Elements of scratch for [`Hals`].
pub(super) const fn hals_scratch_len(m: usize, n: usize, k: usize) -> usize {
    sum(layout(m, n, k))
}

/// The iterate, beside the point of the iteration, and what a descent needs.
const fn layout(m: usize, n: usize, k: usize) -> [usize; 3] {
    [times(m, k), times(n, k), descend_scratch_len(max(m, n), k)]
}

/// What the method keeps between iterations.
#[derive(Debug)]
pub(super) struct Hals<'a, T> {
    sweeps: [usize; 2],
    extrapolation: Extrapolation,
    /// The iterate W and H^T. The pair has the point of the iteration.
    w: &'a mut [T],
    ht: &'a mut [T],
    /// What the iterate has.
    last: Option<Step<T>>,
    scratch: &'a mut [T],
}

impl<'a, T: Real> Hals<'a, T> {
    pub fn new<X: LinearOperator<T>>(
        pair: &Pair<'_, T, X>,
        sweeps: [usize; 2],
        extrapolate: bool,
        memory: &'a mut [T],
    ) -> Result<Self, Error> {
        let k = pair.rank();
        let [w, ht, scratch] = split(memory, layout(pair.a.len() / k.max(1), pair.bt.len() / k.max(1), k))?;
        copy(w, pair.a);
        copy(ht, pair.bt);
        Ok(Hals { sweeps, extrapolation: Extrapolation::new(extrapolate), w, ht, last: None, scratch })
    }

    /// One iteration.
    pub fn update<X: LinearOperator<T>>(
        &mut self,
        pair: &mut Pair<'_, T, X>,
        weights: [[T; 2]; 2],
    ) -> Result<Step<T>, Error> {
        pair.multiply_b()?;
        let left = self.descend(pair, weights[0], 0)?;
        extrapolate(pair.a, self.w, self.extrapolation.weight());
        pair.update_gram_a()?;
        pair.multiply_a()?;
        let right = self.descend(pair, weights[1], 1)?;
        pair.update_gram_b()?;
        let relative_loss = pair.relative_loss()?;
        let objective = 0.5 * relative_loss * pair.data.square + pair.penalties(weights)?;
        let terms = pair.relative_terms();
        let mut step = Step { relative_loss, objective, gradient: left + right, terms, lifted: 0 };
        if self.extrapolation.accepts(objective) {
            self.last = Some(step);
            copy(self.w, pair.a);
            extrapolate_and_keep(pair.bt, self.ht, self.extrapolation.weight());
        } else {
            self.restore(pair);
            step = self.last.map_or(step, |last| Step { gradient: step.gradient, ..last });
        }
        if self.extrapolation.is_enabled() {
            pair.update_gram_b()?;
        }
        Ok(step)
    }

    /// Gives the iterate to the pair.
    pub fn restore<X>(&self, pair: &mut Pair<'_, T, X>) {
        copy(pair.a, self.w);
        copy(pair.bt, self.ht);
    }

    /// Sweeps over a factor, 0 for W and 1 for H, given the product and the Gram matrix of the other; returns the sum of the
    /// projected gradient on all machines.
    fn descend<X: LinearOperator<T>>(
        &mut self,
        pair: &mut Pair<'_, T, X>,
        [l1, l2]: [T; 2],
        side: usize,
    ) -> Result<T, Error> {
        let k = pair.rank();
        let (factor, gram, sweeps) = match (side, self.sweeps) {
            (0, [sweeps, _]) => (&mut *pair.a, &pair.gram_b, sweeps),
            (_, [_, sweeps]) => (&mut *pair.bt, &pair.gram_a, sweeps),
        };
        let rows = factor.len() / k.max(1);
        let product = MatRef::packed(pair.product.get(..rows * k).unwrap_or_default(), rows, k);
        let factor = MatMut::packed(factor, rows, k);
        let descent = Descent { factor, product, gram, l1, l2, sweeps, rest: T::from_f64(REST) };
        let mut gradient = [descend(descent, pair.execution, self.scratch)?];
        if side == 0 {
            pair.data.operator().sum(&mut gradient)?;
        }
        let [gradient] = gradient;
        Ok(gradient)
    }
}
