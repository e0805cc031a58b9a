//! Going on in the direction of the last step (Ang & Gillis, Neural Computation 31(2), 2019).
//!
//! After each update of a factor W, the next begins at `max(0, W + b (W - the last W))`. An iteration after which the
//! objective has not fallen is taken back; `b` shrinks then, and the next iteration is plain, with `b = 0`, which the method
//! promises to be a descent. After a success `b` grows.

use crate::real::Real;

/// The first `b`.
const START: f64 = 0.3;
/// What `b` grows by after a success.
const GROWTH: f64 = 1.03;
/// What its bound grows by then.
const BOUND_GROWTH: f64 = 1.01;
/// What `b` is divided by after a failure, which also makes the last `b` its bound.
const SHRINKAGE: f64 = 1.5;

/// The weight `b`, and what an iteration is judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extrapolation {
    enabled: bool,
    /// Whether this iteration is one of `b = 0`; the first is, as there is no direction yet.
    plain: bool,
    weight: f64,
    bound: f64,
    /// The objective of the iterate.
    last: f64,
}

impl Extrapolation {
    pub fn new(enabled: bool) -> Self {
        Extrapolation { enabled, plain: true, weight: START, bound: 1.0, last: f64::INFINITY }
    }

    /// Whether an iteration can be taken back at all.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// The weight in this iteration.
    pub fn weight<T: Real>(&self) -> T {
        if self.plain { T::ZERO } else { T::from_f64(self.weight) }
    }

    /// Ends an iteration: whether its result is the new iterate.
    pub fn accepts(&mut self, objective: f64) -> bool {
        // Rounding is all that can raise the objective in a plain iteration.
        let accepted = self.plain || objective <= self.last;
        if accepted {
            if !self.plain {
                self.bound = (BOUND_GROWTH * self.bound).min(1.0);
                self.weight = (GROWTH * self.weight).min(self.bound);
            }
            self.last = objective;
        } else {
            self.bound = self.weight;
            self.weight /= SHRINKAGE;
        }
        self.plain = !(self.enabled && accepted);
        accepted
    }
}

/// `new <- max(0, new + b (new - old))`
pub(crate) fn extrapolate<T: Real>(new: &mut [T], old: &[T], b: T) {
    for (new, old) in new.iter_mut().zip(old) {
        *new = (*new + b * (*new - *old)).max(T::ZERO);
    }
}

/// The same, and `old` becomes what `new` was.
pub(crate) fn extrapolate_and_keep<T: Real>(new: &mut [T], old: &mut [T], b: T) {
    for (new, old) in new.iter_mut().zip(old) {
        let from = core::mem::replace(old, *new);
        *new = (*new + b * (*new - from)).max(T::ZERO);
    }
}

/// `to <- from`, element by element.
pub(crate) fn copy<T: Real>(to: &mut [T], from: &[T]) {
    to.iter_mut().zip(from).for_each(|(to, x)| *to = *x);
}
