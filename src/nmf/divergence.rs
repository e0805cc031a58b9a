//! NMF for every beta-divergence, `X ~ W H` with `X, W, H >= 0`.
//!
//! ```text
//! d(x, v) = 1/2 (x - v)^2                                               beta = 2
//!           x ln(x / v) - x + v                                         beta = 1, Kullback & Leibler
//!           x / v - ln(x / v) - 1                                       beta = 0, Itakura & Saito
//!           (x^beta + (beta - 1) v^beta - beta x v^(beta - 1)) / (beta (beta - 1))      else
//! ```
//!
//! summed over all entries x of X and v of V = W H, plus `l1 sum W + l2/2 |W|_F^2` and the same for H. The multiplicative updates of
//! Fevotte & Idier (Neural Computation 23(9), 2011),
//!
//! ```text
//! W <- W * ( (X * V^(beta-2)) H^T / (V^(beta-1) H^T + l1 + l2 W) )^g       entry by entry
//! g = 1 / (2 - beta) for beta < 1, 1 / (beta - 1) for beta > 2, else 1
//! ```
//!
//! and the same for H with the transposes, never raise the divergence. For beta = 1 the denominator is the sums of the rows of H, and a
//! zero of X adds nothing to the numerator: of a sparse matrix only the stored entries are touched.
//!
//! Where v is below `eps` times the largest entry of X it counts as that. A zero of a factor at which the objective falls
//! would stay; it is raised to at most `eps` times the largest entry of the factor, or of one, and [`Progress::lifted`] counts it.
//! Sweeps over one factor have nothing to share here, unlike those for the Frobenius norm, so there is one.
//!
//! For beta from 1 to 2 an update begins further in the direction in which entries have grown (Hien, Leplat & Gillis,
//! arXiv:2401.06646, 2024, for W; H alike),
//!
//! ```text
//! W + a max(0, W - the last W),     a = (t - 1) / t',     t' = (1 + sqrt(1 + 4 t^2)) / 2
//! ```
//!
//! which halves the number of updates, but may raise the objective. So [`State::progress`] keeps the factors that it tells of,
//! and returns to those kept before if the objective has risen; updates are plain then until it is asked again.
//!
//! The [`relative error`](Progress::relative_error) is the root of the divergence over `sum x^beta / max(1, beta)`, or over the number of
//! entries for beta = 0. It takes logarithms or powers of all entries, so it is told apart from the updates, and by the
//! driver after the first and every tenth.

use core::ops::ControlFlow;

use crate::alternating::{
    Criterion, Info, Pair, Progress, Record, Right, Signs, Step, Stopping, WINDOW, copy, dense_pair_len,
    multiply_divide, pair_len, stopping_setters,
};
use crate::error::{Error, Operand};
use crate::kernel::{Execution, Out, QuotientRow, gemm, gemm_scratch_len, max_abs, pairwise};
use crate::operator::Entries;
use crate::range;
use crate::real::Real;
use crate::scratch::{max, min, split, sum, times};
use crate::view::{MatMut, MatRef};

use super::Penalty;
use super::beta::Beta;

/// beta of the Kullback-Leibler divergence.
pub const KULLBACK_LEIBLER: f64 = 1.0;
/// beta of the Itakura-Saito divergence.
pub const ITAKURA_SAITO: f64 = 0.0;

/// Entries of X, and of V, that are held at a time.
const PANEL: usize = 1 << 15;
/// Rows that they are at least.
const LEAST_ROWS: usize = 16;

/// Options of NMF for a beta-divergence.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// Which divergence.
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

    fn check(&self) -> Result<(), Error> {
        if !self.beta.is_finite() {
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

/// The last factors and the kept ones; the denominators, panels of X and of V, and what products need.
const fn layout(m: usize, n: usize, k: usize) -> [usize; 8] {
    let products = max(gemm_scratch_len(m, n, k), max(gemm_scratch_len(m, k, n), gemm_scratch_len(n, k, m)));
    let (w, h, panel) = (times(m, k), times(n, k), panel_len(m, n));
    [w, h, w, h, times(max(m, n), k), panel, panel, products]
}

/// Elements of a panel: whole rows, as many as stay in a second-level cache beside each other, but a few at least.
const fn panel_len(m: usize, n: usize) -> usize {
    max(min(times(m, n), PANEL), times(LEAST_ROWS, n))
}

/// A factorization under way. W and H are the caller's, and valid factors after every update.
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
    gradient: T,
    lifted: usize,
}

/// What extrapolation keeps.
#[derive(Debug)]
struct Momentum<'a, T> {
    enabled: bool,
    /// Whether updates are plain until the progress is asked for.
    plain: bool,
    /// t
    t: f64,
    /// W and H^T before the last update, and those of the last progress.
    last: [&'a mut [T]; 2],
    kept: [&'a mut [T]; 2],
    told: Option<Progress>,
}

impl<T: Real> Momentum<'_, T> {
    /// The next a.
    fn next(&mut self) -> T {
        if !self.enabled || self.plain {
            return T::ZERO;
        }
        let t = 0.5 * (1.0 + Real::sqrt(1.0 + 4.0 * self.t * self.t));
        let weight = (self.t - 1.0) / t;
        self.t = t;
        T::from_f64(weight)
    }

    /// Takes a factor, 0 for W and 1 for H, to where its update begins.
    fn extrapolate(&mut self, factor: &mut [T], side: usize, a: T) {
        for (x, last) in factor.iter_mut().zip(self.last[side.min(1)].iter_mut()) {
            let step = (*x - *last).max(T::ZERO);
            *last = *x;
            *x = (*x + a * step).min(T::MAX);
        }
    }

    /// Keeps what this tells of, or returns to what was kept if its objective is higher.
    fn judge<X: Entries<T>>(&mut self, pair: &mut Pair<'_, T, X>, progress: Progress) -> Progress {
        let risen = self.told.filter(|told| self.enabled && !self.plain && progress.objective > told.objective);
        let [w, ht] = &mut self.kept;
        self.plain = risen.is_some();
        let Some(told) = risen else {
            copy(w, pair.a);
            copy(ht, pair.bt);
            self.told = Some(progress);
            return progress;
        };
        copy(pair.a, w);
        copy(pair.bt, ht);
        pair.publish();
        let [last_w, last_ht] = &mut self.last;
        copy(last_w, pair.a);
        copy(last_ht, pair.bt);
        self.t = 1.0;
        Progress { iteration: progress.iteration, ..told }
    }
}

/// What an update needs beside the pair.
#[derive(Debug)]
struct Updates<'a, T> {
    beta: Beta,
    /// What V is at least.
    floor: T,
    below: &'a mut [T],
    x_panel: &'a mut [T],
    v_panel: &'a mut [T],
    scratch: &'a mut [T],
}

impl<'a, T: Real, X: Entries<T>> State<'a, T, X> {
    /// Prepares to improve `w`, `m x k`, and `h`, `k x n`. X is checked once.
    ///
    /// # Errors
    /// `Rank` if `k` is 0, `Shape`, `ScratchTooSmall`; `NonFinite` and `Negative` for X, W and H; `Zero` for X if beta is 0 or
    /// less, as the divergence from a zero is infinite then; `Option`.
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
        options.check()?;
        let (m, n, k) = (x.rows(), x.cols(), w.cols());
        let fixed = matches!(h, Right::Fixed(_));
        let [memory, own] = split(memory, [pair_len(x, k), sum(layout(m, n, k))])?;
        let [last_w, last_ht, w_kept, ht_kept, below, x_panel, v_panel, scratch] = split(own, layout(m, n, k))?;
        let largest = x.check()?.largest;
        let signs = if fixed { Signs::NonnegativeButLeft } else { Signs::Nonnegative };
        let pair = Pair::new(x, w, h, signs, options.execution, memory)?;
        if fixed {
            pair.a.fill(T::ONE);
        }
        let floor = (largest.scale(-pair.data.exponent) * T::EPSILON).max(T::MIN_POSITIVE);
        let mut updates = Updates { beta: Beta::new(options.beta), floor, below, x_panel, v_panel, scratch };
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
        copy(last_w, pair.a);
        copy(last_ht, pair.bt);
        let momentum = Momentum {
            enabled: options.extrapolate && (1.0..=2.0).contains(&options.beta),
            plain: false,
            t: 1.0,
            last: [last_w, last_ht],
            kept: [w_kept, ht_kept],
            told: None,
        };
        Ok(State { pair, updates, weights, record: Record::NEW, fixed, momentum, gradient: T::ZERO, lifted: 0 })
    }

    /// One update of W, then of H.
    ///
    /// `8 m n k` operations, for a sparse X and beta = 1 eight `k` for each stored entry; otherwise `12 m n k`.
    ///
    /// # Errors
    /// What the operator returns.
    pub fn update(&mut self) -> Result<(), Error> {
        let State { pair, updates, weights: [left, right], fixed, momentum, .. } = self;
        let a = momentum.next();
        momentum.extrapolate(pair.a, 0, a);
        updates.terms(pair, true)?;
        let (mut gradient, mut lifted) = updates.step(pair, *left, 0)?;
        if !*fixed {
            momentum.extrapolate(pair.bt, 1, a);
            updates.terms(pair, false)?;
            let of_h = updates.step(pair, *right, 1)?;
            (gradient, lifted) = (gradient + of_h.0, lifted + of_h.1);
        }
        pair.publish();
        (self.gradient, self.lifted) = (gradient, lifted);
        self.record.count(self.gradient);
        Ok(())
    }

    /// How far the updates have come, or had come when they were asked last, if the objective is higher now: then the factors are
    /// those again. `2 m n k` operations, and a logarithm or powers for every entry that is touched.
    ///
    /// # Errors
    /// What the operator returns.
    pub fn progress(&mut self) -> Result<Progress, Error> {
        let State { pair, updates, weights, record, momentum, gradient, lifted, .. } = self;
        let [divergence, size] = updates.divergence(pair)?;
        let mut objective = divergence;
        for ([l1, l2], factor, by_rows) in [(weights[0], &*pair.a, true), (weights[1], &*pair.bt, false)] {
            let [sum, squares] = pair.data.sums(factor, by_rows)?;
            objective += l1.to_f64() * sum + 0.5 * l2.to_f64() * squares;
        }
        pair.update_gram_a()?;
        pair.update_gram_b()?;
        let relative_loss = if size > 0.0 { divergence / size } else { 0.0 };
        let terms = pair.relative_terms();
        let objective = if objective > 0.0 { objective * updates.unit(pair.data.exponent) } else { 0.0 };
        let step = Step { relative_loss, objective, gradient: *gradient, terms, lifted: *lifted };
        Ok(momentum.judge(pair, record.tell(step)))
    }
}

impl<T: Real> Updates<'_, T> {
    /// The divergence of `2^exponent X` over that of X.
    fn unit(&self, exponent: i32) -> f64 {
        libm::exp2(f64::from(exponent) * self.beta.exponent())
    }

    /// X must have no zeros.
    fn refuse_zeros<X: Entries<T>>(&mut self, x: &X) -> Result<(), Error> {
        let n = x.cols();
        for i in 0..x.rows() {
            let row = self.x_panel.get_mut(..n).unwrap_or_default();
            x.copy_rows(i, MatMut::packed(row, 1, n));
            if let Some(col) = row.iter().position(|x| *x == T::ZERO) {
                return Err(Error::Zero { operand: Operand::A, row: i, col });
            }
        }
        Ok(())
    }

    /// The numerators, in the pair's product, and the denominators for W, or for H.
    fn terms<X: Entries<T>>(&mut self, pair: &mut Pair<'_, T, X>, for_w: bool) -> Result<(), Error> {
        let Updates { beta, floor, below, x_panel, v_panel, scratch } = self;
        let (x, k, execution) = (pair.data.operator(), pair.rank(), pair.execution);
        let (m, n) = (x.rows(), x.cols());
        let lines = if for_w { m } else { n };
        let above = pair.product.get_mut(..lines * k).unwrap_or_default();
        let below = below.get_mut(..lines * k).unwrap_or_default();
        above.fill(T::ZERO);
        below.fill(T::ZERO);
        let simple = matches!(beta, Beta::KullbackLeibler);
        let h = MatRef::packed(pair.bt, n, k);
        if simple && x.sparse_row(0).is_some() {
            for (i, w) in pair.a.chunks(k.max(1)).enumerate() {
                let (columns, values) = x.sparse_row(i).unwrap_or_default();
                let out = if for_w {
                    Out::Row(above.get_mut(i * k..(i + 1) * k).unwrap_or_default())
                } else {
                    Out::Rows(above)
                };
                let (exponent, floor) = (pair.data.exponent, *floor);
                execution.isa().run(QuotientRow { columns, values, exponent, w, ht: pair.bt, floor, out });
            }
        } else {
            let height = x_panel.len().checked_div(n).unwrap_or(m).max(1);
            for first in (0..m).step_by(height) {
                let rows = height.min(m - first);
                let w = MatRef::packed(pair.a, m, k).submatrix(first, 0, rows, k);
                let (x_panel, v_panel) =
                    panels(x, first, w, h, pair.data.exponent, [x_panel, v_panel], execution, scratch)?;
                beta.terms(execution.isa(), x_panel, v_panel, *floor);
                let products = [(x_panel, &mut *above), (v_panel, &mut *below)];
                for (panel, to) in products.into_iter().take(if simple { 1 } else { 2 }) {
                    let panel = MatRef::packed(panel, rows, n);
                    let to = MatMut::packed(to, lines, k);
                    if for_w {
                        let to = to.submatrix(first, 0, rows, k);
                        gemm(T::ONE, panel, h, T::ZERO, to, execution, scratch)?;
                    } else {
                        gemm(T::ONE, panel.t(), w, T::ONE, to, execution, scratch)?;
                    }
                }
            }
        }
        if simple {
            let other = if for_w { &*pair.bt } else { &*pair.a };
            let (sums, rest) = below.split_at_mut_checked(k).unwrap_or_default();
            add_rows(other, sums);
            rest.chunks_mut(k).for_each(|row| add_rows(sums, row));
        }
        if !for_w {
            x.sum(above)?;
            x.sum(below)?;
        }
        Ok(())
    }

    /// Updates a factor, 0 for W and 1 for H. Returns the sum of the magnitudes of the projected gradient, and how many zeros were
    /// raised.
    fn step<X: Entries<T>>(
        &mut self,
        pair: &mut Pair<'_, T, X>,
        [l1, l2]: [T; 2],
        side: usize,
    ) -> Result<(T, usize), Error> {
        let (beta, k) = (self.beta, pair.rank());
        let factor = if side == 0 { &mut *pair.a } else { &mut *pair.bt };
        let largest = max_abs(factor);
        let scale = if largest > T::ZERO { largest } else { T::ONE };
        let mut lifted = 0;
        let rows = factor.chunks_mut(k).zip(pair.product.chunks(k)).zip(self.below.chunks(k));
        let sums = rows.map(|((factor, above), below)| {
            let mut sum = T::ZERO;
            for ((x, above), below) in factor.iter_mut().zip(above).zip(below) {
                let below = *below + l1 + l2 * *x;
                let curvature = below.max(*above - below) / scale;
                let new = multiply_divide(*x, *above, below, curvature, |q| beta.shape(q));
                sum += if *x > T::ZERO { new.gradient.abs() } else { (-new.gradient).max(T::ZERO) };
                lifted += usize::from(*x == T::ZERO && new.value > T::ZERO);
                *x = new.value;
            }
            sum
        });
        let mut gradient = [pairwise(sums)];
        if side == 0 {
            pair.data.operator().sum(&mut gradient)?;
        }
        let [gradient] = gradient;
        Ok((gradient, lifted))
    }

    /// The divergence, and the size of X that it is compared with, on all machines.
    fn divergence<X: Entries<T>>(&mut self, pair: &mut Pair<'_, T, X>) -> Result<[f64; 2], Error> {
        let Updates { beta, floor, x_panel, v_panel, scratch, .. } = self;
        let (x, k, execution, exponent) = (pair.data.operator(), pair.rank(), pair.execution, pair.data.exponent);
        let (m, n) = (x.rows(), x.cols());
        let mut total = [0.0; 2];
        let mut add = |x: T, v: T| {
            let [divergence, size] = beta.divergence(x.to_f64(), v.max(*floor).to_f64());
            total = [total[0] + divergence, total[1] + size];
        };
        let mut zeros = 0.0;
        if matches!(beta, Beta::KullbackLeibler) && x.sparse_row(0).is_some() {
            // A zero of X adds v: all v together, less those of the stored entries.
            for (i, w) in pair.a.chunks(k).enumerate() {
                let (columns, values) = x.sparse_row(i).unwrap_or_default();
                for (j, value) in columns.iter().zip(values) {
                    let start = *j as usize * k;
                    let v = execution.isa().dot(w, pair.bt.get(start..start + k).unwrap_or_default());
                    add(value.scale(-exponent), v);
                    zeros -= v.max(*floor).to_f64();
                }
            }
            for j in 0..k {
                let sum = |factor: &[T]| factor.iter().skip(j).step_by(k).fold(0.0, |sum, x| sum + x.to_f64());
                zeros += sum(pair.a) * sum(pair.bt);
            }
        } else {
            let h = MatRef::packed(pair.bt, n, k);
            let height = x_panel.len().checked_div(n).unwrap_or(m).max(1);
            for first in (0..m).step_by(height) {
                let rows = height.min(m - first);
                let w = MatRef::packed(pair.a, m, k).submatrix(first, 0, rows, k);
                let (x_panel, v_panel) = panels(x, first, w, h, exponent, [x_panel, v_panel], execution, scratch)?;
                x_panel.iter().zip(v_panel).for_each(|(x, v)| add(*x, *v));
            }
        }
        let mut sums = [T::from_f64(total[0] + zeros), T::from_f64(total[1])];
        x.sum(&mut sums)?;
        let [divergence, size] = if x.all_rows() == m { [total[0] + zeros, total[1]] } else { sums.map(T::to_f64) };
        // The sums of V that cancel leave rounding.
        Ok([divergence.max(0.0), size])
    }
}

/// Panels of X and of V = W H for the rows of `w`, which begin with row `first` of X.
#[allow(clippy::too_many_arguments)]
fn panels<'p, T: Real, X: Entries<T>>(
    x: &X,
    first: usize,
    w: MatRef<'_, T>,
    h: MatRef<'_, T>,
    exponent: i32,
    [x_panel, v_panel]: [&'p mut [T]; 2],
    execution: Execution,
    scratch: &mut [T],
) -> Result<(&'p mut [T], &'p mut [T]), Error> {
    let (rows, n) = (w.rows(), h.rows());
    let x_panel = x_panel.get_mut(..rows * n).unwrap_or_default();
    let v_panel = v_panel.get_mut(..rows * n).unwrap_or_default();
    x.copy_rows(first, MatMut::packed(x_panel, rows, n));
    range::multiply(MatMut::packed(x_panel, rows * n, 1), -exponent);
    gemm(T::ONE, w, h.t(), T::ZERO, MatMut::packed(v_panel, rows, n), execution, scratch)?;
    Ok((x_panel, v_panel))
}

/// Adds the rows of a matrix, as long as `sums`, to `sums`.
fn add_rows<T: Real>(rows: &[T], sums: &mut [T]) {
    for row in rows.chunks(sums.len().max(1)) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += *x);
    }
}

/// Improves `w`, `m x k`, and `h`, `k x n`, until the options end it; `observer` is called after the first update and every tenth,
/// and ends it by breaking. Start from [`nndsvd`](super::nndsvd) with a `fill`, or [`random_start`](super::random_start).
///
/// # Errors
/// As [`State::new`], and what the operator returns.
pub fn factorize<T: Real, X: Entries<T>>(
    x: &X,
    w: MatMut<'_, T>,
    h: MatMut<'_, T>,
    options: &Options,
    memory: &mut [T],
    observer: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Info, Error> {
    drive(State::new(x, w, h, options, memory)?, options, observer)
}

/// Fills `w`, `m x k`, with the best factor for new rows X, `m x n`, and an `h`, `k x n`, that stays: the updates of W alone, from equal
/// entries. What W holds does not matter.
///
/// # Errors
/// As [`State::new`], and what the operator returns.
pub fn transform<T: Real, X: Entries<T>>(
    x: &X,
    h: MatRef<'_, T>,
    w: MatMut<'_, T>,
    options: &Options,
    memory: &mut [T],
) -> Result<Info, Error> {
    let state = State::with(x, w, Right::Fixed(h), options, memory)?;
    drive(state, options, |_| ControlFlow::Continue(()))
}

fn drive<T: Real, X: Entries<T>>(
    mut state: State<'_, T, X>,
    options: &Options,
    observer: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Info, Error> {
    let update = || loop {
        let done = state.record.iteration();
        let next = if done == 0 { 1 } else { (done + 1).next_multiple_of(WINDOW).min(options.max_iterations) };
        for _ in done..next {
            state.update()?;
        }
        let progress = state.progress()?;
        // What was taken back is told when the plain updates that follow have come further.
        if !state.momentum.plain || next >= options.max_iterations {
            return Ok(progress);
        }
    };
    options.stopping().drive(update, observer)
}
