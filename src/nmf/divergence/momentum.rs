//! Where an update begins, and the way back.
//!
//! ```text
//! W + a max(0, W - the last W),     a = (t - 1) / t',     t' = (1 + sqrt(1 + 4 t^2)) / 2
//! ```
//!
//! (Hien, Leplat & Gillis, arXiv:2401.06646, 2024). It may raise the objective, which only [`Momentum::judge`] can see: then
//! the factors are again those that it has kept, and updates are plain until it is asked the next time.

use crate::alternating::{Pair, Progress, copy};
use crate::operator::Entries;
use crate::real::Real;

/// What extrapolation keeps.
#[derive(Debug)]
pub(super) struct Momentum<'a, T> {
    enabled: bool,
    /// Whether updates are plain until the progress is asked for.
    plain: bool,
    /// t and a
    t: f64,
    weight: T,
    /// W and H^T before the last update, and those of the last progress.
    last: [&'a mut [T]; 2],
    kept: [&'a mut [T]; 2],
    /// With the objective in the scale of the computation, in which it is in range.
    told: Option<(Progress, f64)>,
}

impl<'a, T: Real> Momentum<'a, T> {
    pub fn new(enabled: bool, factors: [&[T]; 2], mut last: [&'a mut [T]; 2], kept: [&'a mut [T]; 2]) -> Self {
        last.iter_mut().zip(factors).for_each(|(last, factor)| copy(last, factor));
        Momentum { enabled, plain: false, t: 1.0, weight: T::ZERO, last, kept, told: None }
    }

    /// Whether the last judgement was to return.
    pub fn has_returned(&self) -> bool {
        self.plain
    }

    /// To the next a.
    pub fn advance(&mut self) {
        if !self.enabled || self.plain {
            self.weight = T::ZERO;
            return;
        }
        let t = 0.5 * (1.0 + Real::sqrt(1.0 + 4.0 * self.t * self.t));
        self.weight = T::from_f64((self.t - 1.0) / t);
        self.t = t;
    }

    /// Takes a factor, 0 for W and 1 for H, to where its update begins.
    pub fn extrapolate(&mut self, factor: &mut [T], side: usize) {
        for (x, last) in factor.iter_mut().zip(self.last[side.min(1)].iter_mut()) {
            let step = (*x - *last).max(T::ZERO);
            *last = *x;
            *x = (*x + self.weight * step).min(T::MAX);
        }
    }

    /// Keeps what this tells of, or returns to what was kept if the objective, in the scale of the computation, is higher.
    pub fn judge<X: Entries<T>>(&mut self, pair: &mut Pair<'_, T, X>, progress: Progress, objective: f64) -> Progress {
        let risen = self.told.filter(|(_, before)| self.enabled && !self.plain && objective > *before);
        let [w, ht] = &mut self.kept;
        self.plain = risen.is_some();
        let Some((told, _)) = risen else {
            copy(w, pair.a);
            copy(ht, pair.bt);
            self.told = Some((progress, objective));
            return progress;
        };
        copy(pair.a, w);
        copy(pair.bt, ht);
        let [last_w, last_ht] = &mut self.last;
        copy(last_w, pair.a);
        copy(last_ht, pair.bt);
        self.t = 1.0;
        Progress { iteration: progress.iteration, ..told }
    }
}
