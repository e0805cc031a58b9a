//! NMF for every beta-divergence, `X ~ W H` with `X, W, H >= 0`.
//!
//! ```text
//! d(x, v) = 1/2 (x - v)^2                                               beta = 2
//!           x ln(x / v) - x + v                                         beta = 1, Kullback & Leibler
//!           x / v - ln(x / v) - 1                                       beta = 0, Itakura & Saito
//!           (x^beta + (beta - 1) v^beta - beta x v^(beta - 1)) / (beta (beta - 1))      else
//! ```
//!
//! summed over all entries x of X and v of V = W H, plus `l1 sum W + l2/2 |W|_F^2` and the same for H. With the sums
//!
//! ```text
//! A = (X * V^(beta-2)) H^T        B = V^(beta-1) H^T + l1        entry by entry
//! ```
//!
//! an update of W multiplies each entry w by the u that minimizes a bound of the objective which touches it at w: without l2
//!
//! ```text
//! u = (A / B)^g        g = 1 / (2 - beta) for beta < 1, 1 / (beta - 1) for beta > 2, else 1
//! ```
//!
//! (Fevotte & Idier, Neural Computation 23(9), 2011), and with it, as `l2 w^2 / 2` bends more than their bounds do,
//!
//! ```text
//! l2 w u^2 + B u - A = 0               beta = 1
//! u = (A / (B + l2 w))^g               g = 1 / (3 - beta) for other beta < 2, else as above
//! ```
//!
//! H alike, with the transposes. So the objective never rises. For beta = 1 the terms of B are the sums of the rows of H,
//! and a zero of X adds nothing to A: of a sparse matrix only the stored entries are touched. Sweeps over one factor have
//! nothing to share here, unlike those for the Frobenius norm, so there is one.
//!
//! Where v is below `eps` times the largest entry of X it counts as that. A zero of a factor at which the objective falls
//! would stay; it is raised to at most `eps` times the largest entry of the factor, or of one, and [`Progress::lifted`]
//! counts it.
//!
//! For beta from 1 to 2 an update begins further in the direction in which entries have grown, as `momentum` says, which
//! saves a third of the updates or more. If that raises the objective, [`State::progress`] takes it back.
//!
//! The [`relative error`](Progress::relative_error) is the root of the divergence over `sum x^beta / max(1, beta)`, or over
//! the number of entries for beta = 0. It takes logarithms or powers of all entries, so it is told apart from the updates,
//! and by the driver after the first and every tenth; after one that is taken back, when the next has come further.

mod beta;
mod momentum;
mod updates;

use core::ops::ControlFlow;

use crate::alternating::{
    Criterion, Info, Pair, Progress, Record, Right, Scaling, Signs, Step, Stopping, Updated, WINDOW, dense_pair_len,
    pair_len, stopping_setters,
};
use crate::error::Error;
use crate::kernel::Execution;
use crate::operator::Entries;
use crate::real::Real;
use crate::scratch::{split, sum, times};
use crate::view::{MatMut, MatRef};

use super::Penalty;
use beta::Beta;
use momentum::Momentum;
use updates::{Updates, updates_len};

/// beta of the Kullback-Leibler divergence.
pub const KULLBACK_LEIBLER: f64 = 1.0;
/// beta of the Itakura-Saito divergence.
pub const ITAKURA_SAITO: f64 = 0.0;

/// Options of NMF for a beta-divergence.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// Which divergence: from -1.6 to 3.6 for `f32` and from -8.6 to 10.6 for `f64`, so that powers stay in range.
    pub beta: f64,
    /// The penalty on W; default none.
    pub left: Penalty,
    /// The penalty on H; default none.
    pub right: Penalty,
    /// Whether updates extrapolate, for beta from 1 to 2; default true.
    pub extrapolate: bool,
    /// What the tolerance is about.
    pub criterion: Criterion,
    /// When to end; default `1e-4`.
    pub tolerance: f64,
    /// The bound on iterations; default 200.
    pub max_iterations: usize,
    /// How products are computed.
    pub execution: Execution,
}

impl Options {
    /// The defaults for this divergence.
    pub const fn new(beta: f64) -> Self {
        Options {
            beta,
            left: Penalty::NONE,
            right: Penalty::NONE,
            extrapolate: true,
            criterion: Criterion::Decrease,
            tolerance: 1e-4,
            max_iterations: 200,
            execution: Execution::new(),
        }
    }
    /// The penalties on W and on H.
    pub const fn penalties(mut self, left: Penalty, right: Penalty) -> Self {
        self.left = left;
        self.right = right;
        self
    }
    /// Whether updates extrapolate. Without, no update raises the objective.
    pub const fn extrapolate(mut self, extrapolate: bool) -> Self {
        self.extrapolate = extrapolate;
        self
    }
    stopping_setters!();

    fn check<T: Real>(&self) -> Result<(), Error> {
        if (self.beta - 1.0).abs() > Beta::reach::<T>() || self.beta.is_nan() {
            return Err(Error::Option { name: "beta" });
        }
        self.left.check("left")?;
        self.right.check("right")?;
        self.stopping().check()
    }
}

/// Elements of memory for [`State::new`], [`factorize`] and [`transform`] with this operator.
pub fn scratch_len<T: Real, X: Entries<T>>(x: &X, rank: usize) -> usize {
    let (m, n) = (x.rows(), x.cols());
    sum([pair_len(x, rank), sum(layout(m, n, rank))])
}

/// The same for a dense `m x n` matrix, as a closed form.
pub const fn dense_scratch_len<T: Real>(m: usize, n: usize, rank: usize) -> usize {
    sum([dense_pair_len::<T>(m, n, rank), sum(layout(m, n, rank))])
}

/// The last factors and the kept ones, and what updates need.
const fn layout(m: usize, n: usize, k: usize) -> [usize; 5] {
    let (w, h) = (times(m, k), times(n, k));
    [w, h, w, h, updates_len(m, n, k)]
}

/// A factorization under way. W and H are the caller's, and stay as they are until [`finish`](Self::finish) writes them.
#[derive(Debug)]
pub struct State<'a, T, X> {
    pair: Pair<'a, T, X>,
    updates: Updates<'a, T>,
    weights: [[T; 2]; 2],
    record: Record,
    /// Whether H stays.
    fixed: bool,
    momentum: Momentum<'a, T>,
    /// What the last update found.
    found: Updated<T>,
}

impl<'a, T: Real, X: Entries<T>> State<'a, T, X> {
    /// Prepares to improve `w`, `m x k`, and `h`, `k x n`. X is checked once.
    ///
    /// # Errors
    /// `Rank` if `k` is 0, `Shape`, `ScratchTooSmall`; `NonFinite` and `Negative` for X, W and H; `Zero` for X if beta is 0
    /// or less, as the divergence from a zero is infinite then; `Option`.
    pub fn new(
        x: &'a X,
        w: MatMut<'a, T>,
        h: MatMut<'a, T>,
        options: &Options,
        memory: &'a mut [T],
    ) -> Result<Self, Error> {
        Self::with(x, w, Right::Start(h), options, memory)
    }

    fn with(
        x: &'a X,
        w: MatMut<'a, T>,
        h: Right<'a, T>,
        options: &Options,
        memory: &'a mut [T],
    ) -> Result<Self, Error> {
        options.check::<T>()?;
        let (m, n, k) = (x.rows(), x.cols(), w.cols());
        let [memory, own] = split(memory, [pair_len(x, k), sum(layout(m, n, k))])?;
        let [last_w, last_ht, kept_w, kept_ht, own] = split(own, layout(m, n, k))?;
        let beta = Beta::new(options.beta);
        let scaling = match beta {
            Beta::Frobenius | Beta::KullbackLeibler => Scaling::Extreme,
            Beta::ItakuraSaito | Beta::Other(_) => Scaling::Always,
        };
        let fixed = matches!(h, Right::Fixed(_));
        let signs = if fixed { Signs::NonnegativeButLeft } else { Signs::Nonnegative };
        let pair = Pair::new(x, w, h, signs, scaling, options.execution, memory)?;
        if fixed {
            pair.a.fill(T::ONE);
        }
        let mut updates = Updates::new(beta, &pair, own)?;
        if options.beta <= 0.0 {
            updates.refuse_zeros(x)?;
        }
        let weights = [(options.left, 0), (options.right, 1)].map(|(penalty, side)| {
            let share = f64::from(pair.share(side));
            let unit = f64::from(pair.data.exponent) * options.beta;
            // A weight of zero stays one, whatever the scale.
            let scale =
                |weight: f64, power: f64| if weight > 0.0 { weight * libm::exp2(power * share - unit) } else { 0.0 };
            [scale(penalty.l1, 1.0), scale(penalty.l2, 2.0)].map(|weight| T::from_f64(weight).min(T::MAX))
        });
        let extrapolate = options.extrapolate && (1.0..=2.0).contains(&options.beta);
        let momentum = Momentum::new(extrapolate, [pair.a, pair.bt], [last_w, last_ht], [kept_w, kept_ht]);
        let (record, found) = (Record::NEW, Updated::NONE);
        Ok(State { pair, updates, weights, record, fixed, momentum, found })
    }

    /// One update of W, then of H.
    ///
    /// `8 m n k` operations, for a sparse X and beta = 1 eight `k` for each stored entry; otherwise `12 m n k`.
    ///
    /// # Errors
    /// What the operator returns.
    pub fn update(&mut self) -> Result<(), Error> {
        let State { pair, updates, weights: [left, right], record, fixed, momentum, found } = self;
        momentum.advance();
        momentum.extrapolate(pair.a, 0);
        *found = updates.update(pair, *left, 0)?.on_all_machines(pair.data.operator())?;
        if !*fixed {
            momentum.extrapolate(pair.bt, 1);
            *found = *found + updates.update(pair, *right, 1)?;
        }
        record.count(found.gradient);
        Ok(())
    }

    /// How far the updates have come, or had come when they were asked last, if the objective is higher now: then the
    /// factors are those again. `2 m n k` operations, and a logarithm or powers for every entry that is touched.
    ///
    /// # Errors
    /// What the operator returns.
    pub fn progress(&mut self) -> Result<Progress, Error> {
        let State { pair, updates, weights, record, momentum, found, .. } = self;
        let [divergence, size] = updates.divergence(pair)?;
        pair.update_gram_a()?;
        pair.update_gram_b()?;
        let scaled = divergence + pair.penalties(*weights)?;
        let objective = if scaled > 0.0 { scaled * updates.unit(pair.data.exponent) } else { 0.0 };
        let relative_loss = if size > 0.0 { divergence / size } else { 0.0 };
        let Updated { gradient, lifted } = *found;
        let step = Step { relative_loss, objective, gradient, terms: pair.relative_terms(), lifted };
        Ok(momentum.judge(pair, record.tell(step), scaled))
    }

    /// Writes W and H as they are now; nothing if there was no [`update`](Self::update). After one that failed they are some
    /// valid factors.
    ///
    /// # Errors
    /// What the operator returns. W and H are unchanged then.
    pub fn finish(mut self) -> Result<(), Error> {
        if self.record.is_new() { Ok(()) } else { self.pair.publish() }
    }
}

/// Improves `w`, `m x k`, and `h`, `k x n`, until the options end it; `observer` is called after the first update and every
/// tenth, unless its outcome was taken back, and ends it by breaking. Start from [`nndsvd`](super::nndsvd) with a `fill`, or
/// [`random_start`](super::random_start).
///
/// # Errors
/// As [`State::new`], and what the operator returns. W and H are unchanged then.
pub fn factorize<T: Real, X: Entries<T>>(
    x: &X,
    w: MatMut<'_, T>,
    h: MatMut<'_, T>,
    options: &Options,
    memory: &mut [T],
    observer: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Info, Error> {
    let mut state = State::new(x, w, h, options, memory)?;
    let info = drive(&mut state, options, observer)?;
    state.finish()?;
    Ok(info)
}

/// Fills `w`, `m x k`, with the best factor for new rows X, `m x n`, and an `h`, `k x n`, that stays: the updates of W
/// alone, from equal entries. What W holds does not matter.
///
/// # Errors
/// As [`State::new`]; `Overflow` if W exceeds the number range; and what the operator returns. W is unchanged then.
pub fn transform<T: Real, X: Entries<T>>(
    x: &X,
    h: MatRef<'_, T>,
    w: MatMut<'_, T>,
    options: &Options,
    memory: &mut [T],
) -> Result<Info, Error> {
    let mut state = State::with(x, w, Right::Fixed(h), options, memory)?;
    let info = drive(&mut state, options, |_| ControlFlow::Continue(()))?;
    state.pair.publish()?;
    Ok(info)
}

/// Updates in stretches, after each of which the progress is told.
fn drive<T: Real, X: Entries<T>>(
    state: &mut State<'_, T, X>,
    options: &Options,
    observer: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Info, Error> {
    let stretch = || loop {
        let done = state.record.iteration();
        let next = if done == 0 { 1 } else { (done + 1).next_multiple_of(WINDOW).min(options.max_iterations) };
        for _ in done..next {
            state.update()?;
        }
        let progress = state.progress()?;
        // What was taken back is told when the plain updates that follow have come further.
        if !state.momentum.has_returned() || next >= options.max_iterations {
            return Ok(progress);
        }
    };
    options.stopping().drive(stretch, observer)
}
