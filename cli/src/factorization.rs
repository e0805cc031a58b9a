//! One call for every method: a matrix in memory becomes factors in memory, `X ~ F G`.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail, ensure};
use bytemuck::Pod;
use indicatif::{ProgressBar, ProgressStyle};
use lowrank::kernel::{Backend, Execution};
use lowrank::nmf::{Fill, Norm, Penalty, divergence};
use lowrank::operator::{Csr, Dense, Entries, LinearOperator, Scan, Transposed};
use lowrank::svd::{self, truncated, truncated_scratch_len};
use lowrank::{Error, MatMut, MatRef, Operand, Real, nmf, snmf};
use npyz::AutoSerialize;

use crate::args::{Init, Iteration, Method, Penalties, Side, Solver};
use crate::matrix::{Matrix, Order};
use crate::memory::{Memory, zeros};

/// A short side up to this length costs so little that the SVD is computed exactly.
const EXACT_SIDE: usize = 256;
/// Zeros of NNDSVD are set to this part of the factor's root mean square: most become zero again, and those that should
/// not are found sooner.
const NNDSVD_FILL: f64 = 0.1;

/// Set when the user asks the process to end.
pub static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The error after an interruption.
#[derive(Debug)]
pub struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted; nothing was written")
    }
}

impl std::error::Error for Interrupted {}

/// A number type that has a place in `.npy` files.
pub trait Element: Real + Pod + AutoSerialize {}
impl Element for f32 {}
impl Element for f64 {}

/// What to compute.
pub struct Plan<'a> {
    pub method: Method,
    pub rank: usize,
    pub init: Option<Init>,
    pub nonnegative: Side,
    pub solver: Option<Solver>,
    /// Of the divergence; 2 is the Frobenius norm.
    pub beta: f64,
    pub penalties: Penalties,
    pub normalize: Option<Side>,
    /// The relative error at which to end.
    pub target: Option<f64>,
    pub iteration: &'a Iteration,
    pub default_tolerance: f64,
    pub default_max_iter: usize,
}

/// `X ~ left right^T`, or `left diag(values) right^T`.
pub struct Factors<T> {
    pub rows: usize,
    pub cols: usize,
    pub rank: usize,
    /// `rows x rank`, row-major.
    pub left: Memory<T>,
    /// `cols x rank`, row-major.
    pub right: Memory<T>,
    /// The singular values, for an SVD.
    pub values: Option<Vec<T>>,
    pub outcome: Outcome,
    pub seconds: f64,
}

/// How the iteration went.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    pub iterations: usize,
    pub converged: bool,
    /// Whether the relative error is what was asked for.
    pub reached: bool,
    pub relative_error: f64,
}

/// Factorizes; an error says what is wrong with the matrix.
pub fn factorize<T: Element>(matrix: &Matrix<T>, plan: &Plan<'_>) -> Result<Factors<T>> {
    on_threads(matrix, plan.iteration.threads, Factorization(plan))
}

/// Something to be done with a matrix, dense or sparse.
pub trait Work<T: Element>: Send {
    type Output: Send;
    /// Whether it multiplies with the transpose of a sparse matrix so often that this should lie beside it.
    fn transposes(&self, threads: usize) -> bool;
    fn run<X: Entries<T>>(self, x: &X, setting: Setting) -> Result<Self::Output>;
}

/// Where work is done.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub execution: Execution,
    /// When the time began that is told.
    pub start: Instant,
}

/// Does it on this many threads. One is this thread, unless products are by another backend, whose bits depend on how they
/// are cut for a pool.
pub fn on_threads<T: Element, W: Work<T>>(matrix: &Matrix<T>, threads: Option<u16>, work: W) -> Result<W::Output> {
    if threads == Some(1) && Execution::fastest().backend == Backend::Own {
        return on_this_thread(matrix, 1, Execution::new(), work);
    }
    let threads = threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().context("the threads cannot be started")?;
    pool.install(|| on_this_thread(matrix, pool.current_num_threads(), Execution::fastest(), work))
}

/// Does it on this thread, and on as many as `execution` has.
fn on_this_thread<T: Element, W: Work<T>>(
    matrix: &Matrix<T>,
    threads: usize,
    execution: Execution,
    work: W,
) -> Result<W::Output> {
    let setting = Setting { execution, start: Instant::now() };
    match matrix {
        Matrix::Dense(dense) => {
            let (rows, cols) = (dense.rows, dense.cols);
            let view = match dense.order {
                Order::RowMajor => MatRef::row_major(&dense.values, rows, cols),
                Order::ColumnMajor => MatRef::col_major(&dense.values, rows, cols),
            };
            work.run(&Dense::new(view?).execution(execution), setting)
        }
        Matrix::Sparse(sparse) => {
            let x = Csr::new(sparse.cols, &sparse.starts, &sparse.columns, &sparse.values)?.execution(execution);
            if !work.transposes(threads) {
                return work.run(&x, setting);
            }
            let entries = sparse.values.len();
            let (mut starts, mut columns) = (zeros(sparse.cols.checked_add(1))?, zeros(Some(entries))?);
            let mut values = zeros(Some(entries))?;
            work.run(&x.with_transpose(&mut starts, &mut columns, &mut values)?, setting)
        }
    }
}

struct Factorization<'a>(&'a Plan<'a>);

impl<T: Element> Work<T> for Factorization<'_> {
    type Output = Factors<T>;

    fn transposes(&self, threads: usize) -> bool {
        let Plan { beta, init, rank, .. } = *self.0;
        let multiplies = beta == 2.0 || init != Some(Init::Random);
        // One thread adds to rows of a few numbers as fast.
        multiplies && (threads > 1 || rank > 8)
    }

    fn run<X: Entries<T>>(self, x: &X, Setting { execution, start }: Setting) -> Result<Factors<T>> {
        let plan = self.0;
        let (rows, cols, rank) = (x.rows(), x.cols(), plan.rank);
        ensure!(rows > 0 && cols > 0, "the matrix is empty ({rows} x {cols})");
        let from_svd = matches!(plan.init, Some(Init::Nndsvd | Init::Nndsvda | Init::Nndsvdar | Init::Svd));
        if (plan.method == Method::Svd || from_svd) && rank > rows.min(cols) {
            bail!("rank {rank} is above the smaller side of the {rows} x {cols} matrix");
        }
        // Here, so that positions are those of the file whatever the method transposes.
        let scan = x.check().map_err(explain)?;
        let (mut left, mut right) = (zeros(rows.checked_mul(rank))?, zeros(cols.checked_mul(rank))?);
        let mut values = None;
        let outcome = match plan.method {
            Method::Svd => svd(x, values.insert(vec![T::ZERO; rank]), &mut left, &mut right, plan, execution)?,
            Method::Nmf => nmf(x, &scan, &mut left, &mut right, plan, execution)?,
            Method::Snmf if plan.nonnegative == Side::Right => snmf(x, &mut left, &mut right, plan, execution)?,
            Method::Snmf => snmf(&Transposed(x), &mut right, &mut left, plan, execution)?,
        };
        if INTERRUPTED.load(Ordering::Relaxed) {
            bail!(Interrupted);
        }
        if let Some(side) = plan.normalize {
            let factors = (MatMut::row_major(&mut left, rows, rank)?, MatMut::col_major(&mut right, rank, cols)?);
            match side {
                Side::Right => nmf::normalize(factors.0, factors.1, Norm::Two)?,
                Side::Left => nmf::normalize(factors.1.t(), factors.0.t(), Norm::Two)?,
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        Ok(Factors { rows, cols, rank, left, right, values, outcome, seconds })
    }
}

fn svd<T: Element, X: LinearOperator<T>>(
    x: &X,
    s: &mut [T],
    left: &mut [T],
    right: &mut [T],
    plan: &Plan<'_>,
    execution: Execution,
) -> Result<Outcome> {
    let (rows, cols, rank) = (x.rows(), x.cols(), plan.rank);
    let side = rows.min(cols);
    let oversample = if side <= EXACT_SIDE { side - rank } else { truncated::OVERSAMPLE };
    let options = truncated::Options::new()
        .oversample(oversample)
        .tolerance(plan.tolerance())
        .max_passes(plan.max_iter())
        .seed(plan.iteration.seed)
        .execution(execution);
    let mut scratch = zeros(Some(truncated_scratch_len(x, rank, &options)))?;
    let bar = Bar::new(plan.max_iter());
    let info = svd::truncated(
        x,
        s,
        Some(MatMut::row_major(left, rows, rank)?),
        Some(MatMut::row_major(right, cols, rank)?),
        &options,
        &mut scratch,
        |info| {
            if plan.reached(info.relative_error) {
                return ControlFlow::Break(());
            }
            bar.advance(info.passes, info.relative_error)
        },
    )
    .map_err(explain)?;
    let relative_error = info.relative_error;
    let reached = plan.reached(relative_error);
    Ok(Outcome { iterations: info.passes, converged: info.converged || reached, reached, relative_error })
}

fn nmf<T: Element, X: Entries<T>>(
    x: &X,
    scan: &Scan<T>,
    w: &mut [T],
    ht: &mut [T],
    plan: &Plan<'_>,
    execution: Execution,
) -> Result<Outcome> {
    let (rows, cols, rank, seed) = (x.rows(), x.cols(), plan.rank, plan.iteration.seed);
    if let Some((row, col)) = scan.negative {
        return Err(explain(Error::Negative { operand: Operand::A, row, col }));
    }
    let init = plan.init.unwrap_or(if rank <= rows.min(cols) { Init::Nndsvd } else { Init::Random });
    let fill = match init {
        Init::Nndsvda => Some(Fill::Mean),
        Init::Nndsvdar => Some(Fill::Random { seed }),
        Init::Random => None,
        _ => Some(Fill::Part(NNDSVD_FILL)),
    };
    // One memory for the start and for what follows: fresh pages cost time.
    let start = start_options(plan, execution);
    let for_start = if fill.is_some() { nmf::nndsvd_scratch_len(x, rank, &start) } else { 0 };
    let frobenius = plan.beta == 2.0;
    let needed = if frobenius { nmf::scratch_len(x, rank) } else { divergence::scratch_len(x, rank) };
    let mut memory = zeros(Some(needed.max(for_start)))?;
    let (w_view, h_view) = (MatMut::row_major(w, rows, rank)?, MatMut::col_major(ht, rank, cols)?);
    match fill {
        None => nmf::random_start(scan, w_view, h_view, seed),
        Some(fill) => {
            nmf::nndsvd(x, w_view, h_view, fill, &start, &mut memory).map_err(explain)?;
        }
    }
    let (w, h) = (MatMut::row_major(w, rows, rank)?, MatMut::col_major(ht, rank, cols)?);
    let bar = Bar::new(plan.max_iter());
    let observer = |p: &nmf::Progress| bar.look(p, plan);
    let (left, right) = plan.penalties.of(rows, cols);
    let (tolerance, bound) = (plan.tolerance(), plan.max_iter());
    let info = if frobenius {
        let options = nmf::Options::new().solver(plan.solver()).penalties(left, right).tolerance(tolerance);
        nmf::factorize(x, w, h, &options.max_iterations(bound).execution(execution), &mut memory, observer)
    } else {
        let options = divergence::Options::new(plan.beta).penalties(left, right).tolerance(tolerance);
        divergence::factorize(x, w, h, &options.max_iterations(bound).execution(execution), &mut memory, observer)
    };
    Ok(plan.outcome(info.map_err(explain)?))
}

fn snmf<T: Element, X: LinearOperator<T>>(
    x: &X,
    f: &mut [T],
    gt: &mut [T],
    plan: &Plan<'_>,
    execution: Execution,
) -> Result<Outcome> {
    let (rows, cols, rank, seed) = (x.rows(), x.cols(), plan.rank, plan.iteration.seed);
    let g = MatMut::col_major(gt, rank, cols)?;
    match plan.init.unwrap_or(if rank <= rows.min(cols) { Init::Svd } else { Init::Random }) {
        Init::Random => snmf::random_start(g, seed),
        Init::Kmeans => {
            let mut scratch = zeros(Some(snmf::kmeans_scratch_len(x, rank)))?;
            snmf::kmeans_start(x, g, seed, &mut scratch).map_err(explain)?;
        }
        _ => {
            let options = start_options(plan, execution);
            let mut scratch = zeros(Some(snmf::svd_scratch_len(x, rank, &options)))?;
            snmf::svd_start(x, g, &options, &mut scratch).map_err(explain)?;
        }
    }
    let (f, g) = (MatMut::row_major(f, rows, rank)?, MatMut::col_major(gt, rank, cols)?);
    let mut memory = zeros(Some(snmf::scratch_len(x, rank)))?;
    let bar = Bar::new(plan.max_iter());
    let observer = |p: &snmf::Progress| bar.look(p, plan);
    let options = snmf::Options::new().solver(plan.solver()).tolerance(plan.tolerance());
    let options = options.max_iterations(plan.max_iter()).execution(execution);
    Ok(plan.outcome(snmf::factorize(x, f, g, &options, &mut memory, observer).map_err(explain)?))
}

/// A start needs no more than the outline of the SVD, from half as many vectors more than terms, or a few; rows of the
/// vectors fill cache lines.
fn start_options(plan: &Plan<'_>, execution: Execution) -> truncated::Options {
    let vectors = (plan.rank + (plan.rank / 2).clamp(3, truncated::OVERSAMPLE)).next_multiple_of(8);
    let options = truncated::Options::new().oversample(vectors - plan.rank).tolerance(1e-2);
    options.seed(plan.iteration.seed).execution(execution)
}

impl Penalties {
    /// Those on F and on G for a matrix of this shape.
    pub fn of(self, rows: usize, cols: usize) -> (Penalty, Penalty) {
        let weights = |length: usize| {
            let times = |weight: Option<f64>| weight.unwrap_or(0.0) * length as f64;
            Penalty::new(times(self.l1), times(self.l2))
        };
        (weights(cols), weights(rows))
    }
}

impl Plan<'_> {
    fn tolerance(&self) -> f64 {
        self.iteration.tol.unwrap_or(self.default_tolerance)
    }

    fn max_iter(&self) -> usize {
        self.iteration.max_iter.unwrap_or(self.default_max_iter)
    }

    fn solver(&self) -> nmf::Solver {
        match self.solver {
            Some(Solver::Mu) => nmf::Solver::Multiplicative,
            _ => nmf::Solver::Hals,
        }
    }

    fn reached(&self, relative_error: f64) -> bool {
        self.target.is_some_and(|target| relative_error <= target)
    }

    fn outcome(&self, info: nmf::Info) -> Outcome {
        let relative_error = info.progress.relative_error;
        let reached = self.reached(relative_error);
        let converged = info.converged() || reached;
        Outcome { iterations: info.progress.iteration, converged, reached, relative_error }
    }
}

/// The kernel's error in the words of a person who has a file.
pub fn explain(error: Error) -> anyhow::Error {
    match error {
        Error::NonFinite { operand: Operand::A, row, col } => {
            anyhow!("the entry in row {row}, column {col} (counted from 0) is NaN or infinite")
        }
        Error::Negative { operand: Operand::A, row, col } => {
            anyhow!("the entry in row {row}, column {col} (counted from 0) is negative, and nmf takes none")
        }
        Error::Zero { operand: Operand::A, row, col } => {
            anyhow!("the entry in row {row}, column {col} (counted from 0) is zero, from which this loss is infinite")
        }
        Error::Option { name: "beta" } => {
            anyhow!(
                "the beta of --loss is out of range: from -8.6 to 10.6, and from -1.6 to 3.6 for numbers of 32 bits"
            )
        }
        other => other.into(),
    }
}

/// A progress bar on standard error, if that is a terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new(iterations: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            return Bar(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} iterations, {elapsed}, relative error {msg}");
        let bar = ProgressBar::new(iterations as u64);
        Bar(style.map_or(bar.clone(), |style| bar.with_style(style)))
    }

    /// Ends the iteration at the target.
    fn look(&self, progress: &nmf::Progress, plan: &Plan<'_>) -> ControlFlow<()> {
        if plan.reached(progress.relative_error) {
            return ControlFlow::Break(());
        }
        self.advance(progress.iteration, progress.relative_error)
    }

    fn advance(&self, iteration: usize, relative_error: f64) -> ControlFlow<()> {
        self.0.set_message(format!("{relative_error:.6}"));
        self.0.set_position(iteration as u64);
        if INTERRUPTED.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
