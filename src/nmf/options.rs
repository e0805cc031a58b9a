//! What to minimize, how, and how long.

use crate::alternating::{Criterion, Solver, Stopping, stopping_setters};
use crate::error::Error;
use crate::kernel::Execution;

/// What a factor's size costs: `l1 sum_ij w_ij + l2/2 sum_ij w_ij^2` is added to the objective.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Penalty {
    /// Makes entries zero.
    pub l1: f64,
    /// Makes them small.
    pub l2: f64,
}

impl Penalty {
    /// None.
    pub const NONE: Self = Penalty { l1: 0.0, l2: 0.0 };

    /// With these weights.
    pub const fn new(l1: f64, l2: f64) -> Self {
        Penalty { l1, l2 }
    }

    /// The penalty that scikit-learn's `NMF` means with `alpha_W` and `l1_ratio`, where `length` is the number of columns of
    /// X, and with `alpha_H`, where it is the number of rows: `l1 = length alpha l1_ratio`, `l2 = length alpha (1 -
    /// l1_ratio)`. So the penalty keeps its weight beside the loss when X grows.
    pub const fn shared(alpha: f64, l1_ratio: f64, length: usize) -> Self {
        let whole = alpha * length as f64;
        Penalty { l1: whole * l1_ratio, l2: whole * (1.0 - l1_ratio) }
    }

    pub(crate) const fn weights(self) -> [f64; 2] {
        [self.l1, self.l2]
    }

    pub(crate) fn check(self, name: &'static str) -> Result<(), Error> {
        let valid = self.weights().into_iter().all(|weight| weight >= 0.0 && weight.is_finite());
        if valid { Ok(()) } else { Err(Error::Option { name }) }
    }
}

/// Options of NMF for the Frobenius norm.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// The method; default HALS.
    pub solver: Solver,
    /// The penalty on W; default none.
    pub left: Penalty,
    /// The penalty on H; default none.
    pub right: Penalty,
    /// The bound on sweeps over a factor before the other's turn. The default 0 leaves it to the method: as many as take
    /// about as long as a third of the product with X, but 2 to 10.
    pub max_sweeps: usize,
    /// HALS: whether to go on in the direction of the last step, as long as the objective falls; default true.
    pub extrapolate: bool,
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
        Options {
            solver: Solver::Hals,
            left: Penalty::NONE,
            right: Penalty::NONE,
            max_sweeps: 0,
            extrapolate: true,
            criterion: Criterion::Decrease,
            tolerance: 1e-4,
            max_iterations: 200,
            execution: Execution::new(),
        }
    }
    /// The method.
    pub const fn solver(mut self, solver: Solver) -> Self {
        self.solver = solver;
        self
    }
    /// The penalties on W and on H.
    pub const fn penalties(mut self, left: Penalty, right: Penalty) -> Self {
        self.left = left;
        self.right = right;
        self
    }
    /// The bound on sweeps over a factor before the other's turn; 0 leaves it to the method.
    pub const fn max_sweeps(mut self, sweeps: usize) -> Self {
        self.max_sweeps = sweeps;
        self
    }
    /// Whether HALS extrapolates. One sweep without extrapolation is the classical method.
    pub const fn extrapolate(mut self, extrapolate: bool) -> Self {
        self.extrapolate = extrapolate;
        self
    }
    stopping_setters!();

    /// Must pass before anything is changed.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.left.check("left")?;
        self.right.check("right")?;
        self.stopping().check()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}
