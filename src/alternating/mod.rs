//! What NMF and semi-NMF share: `X ~ A B` by updating the factors in turn, until a criterion ends it.
//!
//! `data` reaches X and tells the loss, `pair` holds the factors, `rows` does multiplicative updates, `extrapolation`
//! hastens coordinate descent, `transform` computes one factor for the other.

mod data;
mod extrapolation;
mod pair;
mod rows;
mod transform;

pub(crate) use data::{Data, not_below_zero};
pub(crate) use extrapolation::{Extrapolation, copy, extrapolate, extrapolate_and_keep};
pub(crate) use pair::{Pair, Right, Scaling, Signs, dense_pair_len, pair_len};
pub(crate) use rows::{Rule, Updated, rows_scratch_len, update_rows};
pub(crate) use transform::{Fixed, LEFT, RIGHT, Rows, transform, transform_len};

use core::ops::ControlFlow;

use crate::columns::Total;
use crate::error::Error;
use crate::real::Real;

/// The method of an update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Solver {
    /// Hierarchical alternating least squares: coordinate descent.
    #[default]
    Hals,
    /// Multiplicative updates.
    Multiplicative,
}

/// A row of a factor is at rest in an iteration when a sweep moves it by less than this part of the first one's distance.
pub(crate) const REST: f64 = 0.1;

/// The bound on sweeps over a factor of `k` columns in its turn: what is asked for, or for 0 as many as take about a third
/// of the product of X, whose `entries` are those for each row of the factor, but 2 to 10.
pub(crate) fn sweeps(bound: usize, entries: usize, k: usize) -> usize {
    if bound == 0 { (1 + entries / (3 * k).max(1)).clamp(2, 10) } else { bound }
}

/// How far an iteration has come.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Iterations done.
    pub iteration: usize,
    /// `|X - A B|_F / |X|_F` after them, and for other losses D the root of `D(X, A B)` over its size (see there); 0 for a
    /// zero X.
    pub relative_error: f64,
    /// What is minimized: `1/2 |X - A B|_F^2`, or another loss, with its penalties. Infinite if `f64` cannot hold it.
    pub objective: f64,
    /// The sum of the magnitudes of the projected gradient that the iteration met, over both factors, relative to that of
    /// the first iteration: of a derivative, or of its negative part where the entry is zero and may not be negative.
    pub projected_gradient: f64,
    /// `sqrt(sum_j |a_j|^2 |b_j|^2) / |X|_F` for the columns of A and the rows of B: the size of the rank-one terms. Where
    /// much more than 1, the terms cancel each other: the problem is ill-posed, and its best factors are large, or infinite.
    pub terms: f64,
    /// Zeros that a multiplicative rule would have kept for ever, and that the iteration has raised to a positive number.
    pub lifted: usize,
}

impl Progress {
    /// Before the first iteration.
    pub(crate) const NONE: Self = Progress {
        iteration: 0,
        relative_error: f64::NAN,
        objective: f64::NAN,
        projected_gradient: f64::NAN,
        terms: f64::NAN,
        lifted: 0,
    };
}

/// Counts iterations, and tells what they found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    iteration: usize,
    first_gradient: f64,
}

/// What an iteration found, in the scale of the computation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<T> {
    /// `|X - A B|^2 / |X|^2`
    pub relative_loss: f64,
    /// With penalties.
    pub objective: f64,
    /// The sum of the magnitudes of the projected gradient, over both factors.
    pub gradient: T,
    /// The square of that in [`Progress`].
    pub terms: f64,
    pub lifted: usize,
}

impl Record {
    pub const NEW: Self = Record { iteration: 0, first_gradient: 0.0 };

    /// Whether there was no iteration yet.
    pub fn is_new(&self) -> bool {
        self.iteration == 0
    }

    pub fn iteration(&self) -> usize {
        self.iteration
    }

    /// Counts an iteration, and tells what it found; the objective is to be multiplied by `2^exponent`.
    pub fn add<T: Real>(&mut self, step: Step<T>, exponent: i32) -> Progress {
        self.count(step.gradient);
        self.tell(Step { objective: step.objective.scale(exponent), ..step })
    }

    /// Counts an iteration that met this gradient.
    pub fn count<T: Real>(&mut self, gradient: T) {
        self.iteration += 1;
        if self.iteration == 1 {
            self.first_gradient = gradient.to_f64();
        }
    }

    /// What the last iteration found.
    pub fn tell<T: Real>(&self, step: Step<T>) -> Progress {
        let gradient = step.gradient.to_f64();
        Progress {
            iteration: self.iteration,
            relative_error: Real::sqrt(step.relative_loss),
            objective: step.objective,
            projected_gradient: if gradient == 0.0 { 0.0 } else { gradient / self.first_gradient },
            terms: Real::sqrt(step.terms),
            lifted: step.lifted,
        }
    }
}

/// What the tolerance is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Criterion {
    /// Iterations end when the last ten have lessened the relative error by less than the tolerance times the error after
    /// the first.
    #[default]
    Decrease,
    /// They end when the projected gradient is at most the tolerance times that of the first iteration.
    ProjectedGradient,
}

/// Why iterations ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The criterion was met.
    Tolerance,
    /// The error is zero: there is nothing to improve.
    ExactFit,
    /// The bound on iterations.
    MaxIterations,
    /// The observer asked for it.
    Observer,
}

/// What a driver did.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Info {
    /// Why it ended.
    pub stop: Stop,
    /// How far it came; iteration 0, and NaN for the rest, if none was asked for.
    pub progress: Progress,
}

impl Info {
    /// Whether the criterion was met, or the fit is exact.
    pub const fn converged(&self) -> bool {
        matches!(self.stop, Stop::Tolerance | Stop::ExactFit)
    }
}

/// When iterations end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopping {
    pub criterion: Criterion,
    pub tolerance: f64,
    pub max_iterations: usize,
}

/// Iterations whose decrease is judged together.
pub(crate) const WINDOW: usize = 10;

impl Stopping {
    /// Must pass before anything is changed.
    pub fn check(&self) -> Result<(), Error> {
        let valid = self.tolerance >= 0.0 && self.tolerance < 1.0;
        if valid { Ok(()) } else { Err(Error::Option { name: "tolerance" }) }
    }

    /// Iterates until the tolerance, the bound or the observer ends it. `update` does an iteration, or as many as end at a
    /// multiple of the window, and says how far it has come.
    pub fn drive(
        &self,
        mut update: impl FnMut() -> Result<Progress, Error>,
        mut observer: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Info, Error> {
        let mut info = Info { stop: Stop::MaxIterations, progress: Progress::NONE };
        // The errors after the last iterations, each at its number modulo the window.
        let (mut window, mut first) = ([f64::INFINITY; WINDOW], None);
        while info.progress.iteration < self.max_iterations {
            let progress = update()?;
            info.progress = progress;
            let place = progress.iteration % WINDOW;
            let before = window.at(place);
            window.put(place, progress.relative_error);
            let first = *first.get_or_insert(progress.relative_error);
            let met = match self.criterion {
                Criterion::Decrease => before - progress.relative_error < self.tolerance * first,
                Criterion::ProjectedGradient => progress.projected_gradient <= self.tolerance,
            };
            if progress.relative_error == 0.0 {
                info.stop = Stop::ExactFit;
            } else if met {
                info.stop = Stop::Tolerance;
            }
            if observer(&progress).is_break() && !info.converged() {
                info.stop = Stop::Observer;
            }
            if info.stop != Stop::MaxIterations {
                break;
            }
        }
        Ok(info)
    }
}

/// The fields and setters that the options of every alternating method have.
macro_rules! stopping_setters {
    () => {
        /// What the tolerance is about.
        pub const fn criterion(mut self, criterion: Criterion) -> Self {
            self.criterion = criterion;
            self
        }
        /// The tolerance.
        pub const fn tolerance(mut self, tolerance: f64) -> Self {
            self.tolerance = tolerance;
            self
        }
        /// The bound on iterations.
        pub const fn max_iterations(mut self, iterations: usize) -> Self {
            self.max_iterations = iterations;
            self
        }
        /// How the method's own products are computed.
        pub const fn execution(mut self, execution: Execution) -> Self {
            self.execution = execution;
            self
        }
        pub(crate) const fn stopping(&self) -> Stopping {
            Stopping { criterion: self.criterion, tolerance: self.tolerance, max_iterations: self.max_iterations }
        }
    };
}
pub(crate) use stopping_setters;
