//! One call for every method: a matrix in memory becomes factors in memory, `X ~ F G`.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use lowrank::kernel::Execution;
use lowrank::operator::{Csr, Dense, LinearOperator, Scan, Transposed};
use lowrank::svd::{self, truncated, truncated_scratch_len};
use lowrank::{Error, MatMut, MatRef, Operand, Real, nmf, snmf};
use npyz::AutoSerialize;

use crate::args::{Init, Iteration, Method, Side};
use crate::matrix::{Matrix, Order};

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
pub trait Element: Real + AutoSerialize {}
impl Element for f32 {}
impl Element for f64 {}

/// What to compute.
pub struct Plan<'a> {
    pub method: Method,
    pub rank: usize,
    pub init: Option<Init>,
    pub nonnegative: Side,
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
    pub left: Vec<T>,
    /// `cols x rank`, row-major.
    pub right: Vec<T>,
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
    pub relative_error: f64,
}

/// Factorizes; an error says what is wrong with the matrix.
pub fn factorize<T: Element>(matrix: &Matrix<T>, plan: &Plan<'_>) -> Result<Factors<T>> {
    let threads = plan.iteration.threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().context("the threads cannot be started")?;
    let execution = Execution::fastest();
    match matrix {
        Matrix::Dense(dense) => {
            let (rows, cols) = (dense.rows, dense.cols);
            let view = match dense.order {
                Order::RowMajor => MatRef::row_major(&dense.values, rows, cols),
                Order::ColumnMajor => MatRef::col_major(&dense.values, rows, cols),
            };
            let x = Dense::new(view?).execution(execution);
            pool.install(|| compute(&x, plan))
        }
        Matrix::Sparse(sparse) => {
            let x = Csr::new(sparse.cols, &sparse.starts, &sparse.columns, &sparse.values)?.execution(execution);
            pool.install(|| compute(&x, plan))
        }
    }
}

fn compute<T: Element, X: LinearOperator<T>>(x: &X, plan: &Plan<'_>) -> Result<Factors<T>> {
    let (rows, cols, rank) = (x.rows(), x.cols(), plan.rank);
    ensure!(rows > 0 && cols > 0, "the matrix is empty ({rows} x {cols})");
    let needs_small_rank = plan.method == Method::Svd || plan.init == Some(Init::Nndsvd);
    if needs_small_rank && rank > rows.min(cols) {
        bail!("rank {rank} is above the smaller side of the {rows} x {cols} matrix");
    }
    let start = Instant::now();
    // Here, so that positions are those of the file whatever the method transposes.
    let scan = x.check().map_err(explain)?;
    let (mut left, mut right) = (zeros(rows.checked_mul(rank))?, zeros(cols.checked_mul(rank))?);
    let mut values = None;
    let outcome = match plan.method {
        Method::Svd => svd(x, values.insert(vec![T::ZERO; rank]), &mut left, &mut right, plan)?,
        Method::Nmf => nmf(x, &scan, &mut left, &mut right, plan)?,
        Method::Snmf if plan.nonnegative == Side::Right => snmf(x, &mut left, &mut right, plan)?,
        Method::Snmf => snmf(&Transposed(x), &mut right, &mut left, plan)?,
    };
    if INTERRUPTED.load(Ordering::Relaxed) {
        bail!(Interrupted);
    }
    let seconds = start.elapsed().as_secs_f64();
    Ok(Factors { rows, cols, rank, left, right, values, outcome, seconds })
}

fn svd<T: Element, X: LinearOperator<T>>(
    x: &X,
    s: &mut [T],
    left: &mut [T],
    right: &mut [T],
    plan: &Plan<'_>,
) -> Result<Outcome> {
    let (rows, cols, rank) = (x.rows(), x.cols(), plan.rank);
    let side = rows.min(cols);
    let oversample = if side <= EXACT_SIDE { side - rank } else { truncated::OVERSAMPLE };
    let options = truncated::Options::new()
        .oversample(oversample)
        .tolerance(plan.tolerance())
        .max_passes(plan.max_iter())
        .seed(plan.iteration.seed)
        .execution(Execution::fastest());
    let mut scratch = zeros(Some(truncated_scratch_len(x, rank, &options)))?;
    let bar = Bar::new(plan.max_iter());
    let info = svd::truncated(
        x,
        s,
        Some(MatMut::row_major(left, rows, rank)?),
        Some(MatMut::row_major(right, cols, rank)?),
        &options,
        &mut scratch,
        |info| bar.advance(info.passes, info.relative_error),
    )
    .map_err(explain)?;
    Ok(Outcome { iterations: info.passes, converged: info.converged, relative_error: info.relative_error })
}

fn nmf<T: Element, X: LinearOperator<T>>(
    x: &X,
    scan: &Scan<T>,
    w: &mut [T],
    ht: &mut [T],
    plan: &Plan<'_>,
) -> Result<Outcome> {
    let (rows, cols, rank) = (x.rows(), x.cols(), plan.rank);
    if let Some((row, col)) = scan.negative {
        return Err(explain(Error::Negative { operand: Operand::A, row, col }));
    }
    let init = plan.init.unwrap_or(if rank <= rows.min(cols) { Init::Nndsvd } else { Init::Random });
    let (w_view, h_view) = (MatMut::row_major(w, rows, rank)?, MatMut::col_major(ht, rank, cols)?);
    match init {
        Init::Random => nmf::random_start(scan, w_view, h_view, plan.iteration.seed),
        Init::Nndsvd => {
            let options =
                truncated::Options::new().tolerance(1e-2).seed(plan.iteration.seed).execution(Execution::fastest());
            let mut scratch = zeros(Some(nmf::nndsvd_scratch_len(x, rank, &options)))?;
            nmf::nndsvd(x, w_view, h_view, NNDSVD_FILL, &options, &mut scratch).map_err(explain)?;
        }
    }
    let (w, h) = (MatMut::row_major(w, rows, rank)?, MatMut::col_major(ht, rank, cols)?);
    let mut memory = zeros(Some(nmf::scratch_len(x, rank)))?;
    let bar = Bar::new(plan.max_iter());
    let observer = |p: &nmf::Progress| bar.advance(p.iteration, p.relative_error);
    let info = {
        let options = nmf::Options::new().tolerance(plan.tolerance()).max_iterations(plan.max_iter());
        nmf::factorize(x, w, h, &options.execution(Execution::fastest()), &mut memory, observer)
    }
    .map_err(explain)?;
    Ok(info.into())
}

fn snmf<T: Element, X: LinearOperator<T>>(x: &X, f: &mut [T], gt: &mut [T], plan: &Plan<'_>) -> Result<Outcome> {
    let (rows, cols, rank) = (x.rows(), x.cols(), plan.rank);
    snmf::random_start(MatMut::col_major(gt, rank, cols)?, plan.iteration.seed);
    let (f, g) = (MatMut::row_major(f, rows, rank)?, MatMut::col_major(gt, rank, cols)?);
    let mut memory = zeros(Some(snmf::scratch_len(x, rank)))?;
    let bar = Bar::new(plan.max_iter());
    let observer = |p: &snmf::Progress| bar.advance(p.iteration, p.relative_error);
    let info = {
        let options = snmf::Options::new().tolerance(plan.tolerance()).max_iterations(plan.max_iter());
        snmf::factorize(x, f, g, &options.execution(Execution::fastest()), &mut memory, observer)
    }
    .map_err(explain)?;
    Ok(info.into())
}

impl Plan<'_> {
    fn tolerance(&self) -> f64 {
        self.iteration.tol.unwrap_or(self.default_tolerance)
    }

    fn max_iter(&self) -> usize {
        self.iteration.max_iter.unwrap_or(self.default_max_iter)
    }
}

impl From<nmf::Info> for Outcome {
    fn from(info: nmf::Info) -> Self {
        Outcome {
            iterations: info.progress.iteration,
            converged: info.converged(),
            relative_error: info.progress.relative_error,
        }
    }
}

/// Memory of this length, or an error if there is not enough.
fn zeros<T: Element>(len: Option<usize>) -> Result<Vec<T>> {
    let len = len.unwrap_or(usize::MAX);
    // A trial first: `vec!` would end the process, but takes pages that are zero already.
    let trial = Vec::<T>::new().try_reserve_exact(len);
    ensure!(trial.is_ok(), "there is not enough memory for a factorization of this rank");
    Ok(vec![T::ZERO; len])
}

/// The kernel's error in the words of a person who has a file.
fn explain(error: Error) -> anyhow::Error {
    match error {
        Error::NonFinite { operand: Operand::A, row, col } => {
            anyhow!("the entry in row {row}, column {col} (counted from 0) is NaN or infinite")
        }
        Error::Negative { operand: Operand::A, row, col } => {
            anyhow!("the entry in row {row}, column {col} (counted from 0) is negative, and nmf takes none")
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
