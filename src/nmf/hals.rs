//! Accelerated HALS.
//!
//! An iteration is a few sweeps of coordinate descent over W and then over H: they share the product with X, which costs
//! more than a sweep (Gillis & Glineur, Neural Computation 24(4), 2012).
//!
//! The iteration goes on in the direction of the last step (Ang & Gillis, Neural Computation 31(2), 2019, Algorithm 2):
//!
//! ```text
//! W <- argmin over W, given H'     W' <- max(0, W' + b (W' - W))      ' marks the point of the iteration
//! H <- argmin over H, given W'     H' <- max(0, H  + b (H  - the last H))
//! ```
//!
//! `(W', H)` is feasible, and its loss free. If the objective falls it is the new iterate and `b` grows; if not, the old one
//! is taken up again, `b` shrinks, and the next iteration is plain coordinate descent, which never raises the objective:
//! that of `b = 0`.

use crate::alternating::{Pair, Step};
use crate::error::Error;
use crate::kernel::{Descent, descend, descend_scratch_len};
use crate::operator::LinearOperator;
use crate::real::Real;
use crate::scratch::{max, split, sum, times};
use crate::view::{MatMut, MatRef};

use super::Weights;

/// The first `b`, for the second iteration: before it there is no direction to go on in.
const START: f64 = 0.3;
/// What `b` grows by after a success.
const GROWTH: f64 = 1.03;
/// What its bound grows by then.
const BOUND_GROWTH: f64 = 1.01;
/// What `b` is divided by after a failure, which also makes the last `b` its bound.
const SHRINKAGE: f64 = 1.5;
/// A row is at rest in an iteration when a sweep moves it by less than this part of the first one's distance.
const REST: f64 = 0.1;

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
    /// The iterate W and H^T, if there is extrapolation.
    kept: Option<[&'a mut [T]; 2]>,
    /// `b`, and what it may grow to.
    weight: f64,
    bound: f64,
    /// Whether the iteration is one of `b = 0`.
    plain: bool,
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
        w.iter_mut().zip(&*pair.a).for_each(|(to, x)| *to = *x);
        ht.iter_mut().zip(&*pair.bt).for_each(|(to, x)| *to = *x);
        Ok(Hals {
            sweeps,
            kept: extrapolate.then_some([w, ht]),
            weight: START,
            bound: 1.0,
            plain: true,
            last: None,
            scratch,
        })
    }

    /// One iteration; the pair gives the iterate to the caller.
    pub fn update<X: LinearOperator<T>>(
        &mut self,
        pair: &mut Pair<'_, T, X>,
        weights: &Weights<T>,
    ) -> Result<Step<T>, Error> {
        pair.multiply_b()?;
        let left = self.descend(pair, weights, 0)?;
        if let Some([w, _]) = &self.kept
            && !self.plain
        {
            let b = T::from_f64(self.weight);
            for (new, old) in pair.a.iter_mut().zip(w.iter()) {
                *new = (*new + b * (*new - *old)).max(T::ZERO);
            }
        }
        pair.update_gram_a()?;
        pair.multiply_a()?;
        let right = self.descend(pair, weights, 1)?;
        pair.update_gram_b()?;
        let relative_loss = pair.relative_loss()?;
        let objective = weights.objective(pair, relative_loss)?;
        let mut step = Step { relative_loss, objective, gradient: left + right, lifted: 0 };
        let Some(kept) = &mut self.kept else {
            pair.publish();
            return Ok(step);
        };
        let [w, ht] = kept;
        // Rounding is all that can raise the objective in a plain iteration.
        if self.plain || self.last.is_none_or(|last| objective <= last.objective) {
            pair.publish();
            if !self.plain {
                self.bound = (BOUND_GROWTH * self.bound).min(1.0);
                self.weight = (GROWTH * self.weight).min(self.bound);
            }
            self.plain = false;
            let b = T::from_f64(self.weight);
            w.iter_mut().zip(&*pair.a).for_each(|(to, x)| *to = *x);
            for (new, old) in pair.bt.iter_mut().zip(ht.iter_mut()) {
                let step = *new - *old;
                *old = *new;
                *new = (*new + b * step).max(T::ZERO);
            }
            pair.update_gram_b()?;
            self.last = Some(step);
        } else {
            self.bound = self.weight;
            self.weight /= SHRINKAGE;
            pair.a.iter_mut().zip(&**w).for_each(|(to, x)| *to = *x);
            pair.bt.iter_mut().zip(&**ht).for_each(|(to, x)| *to = *x);
            pair.update_gram_b()?;
            self.plain = true;
            if let Some(last) = self.last {
                step = Step { gradient: step.gradient, ..last };
            }
        }
        Ok(step)
    }

    /// Sweeps over a factor, 0 for W and 1 for H, given the product and the Gram matrix of the other; returns the sum of the
    /// projected gradient on all machines.
    fn descend<X: LinearOperator<T>>(
        &mut self,
        pair: &mut Pair<'_, T, X>,
        weights: &Weights<T>,
        side: usize,
    ) -> Result<T, Error> {
        let k = pair.rank();
        let (factor, gram, [l1, l2], sweeps) = match (side, self.sweeps) {
            (0, [sweeps, _]) => (&mut *pair.a, &pair.gram_b, weights.left, sweeps),
            (_, [_, sweeps]) => (&mut *pair.bt, &pair.gram_a, weights.right, sweeps),
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
