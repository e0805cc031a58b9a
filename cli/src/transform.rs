//! `lowrank transform`: the rows of a matrix in the factors of another, `X ~ F G` for a G that is there.

use anyhow::{Context, Result, bail, ensure};
use lowrank::nmf::divergence;
use lowrank::operator::{Entries, Transposed};
use lowrank::{Error, MatMut, MatRef, nmf, snmf};
use serde_json::json;

use crate::args::Transform;
use crate::factorization::{Element, Setting, Work, explain, on_threads};
use crate::input;
use crate::matrix::{Dense, Input, Matrix, Order};
use crate::memory::{Memory, zeros};
use crate::output::{OutputDir, print};

pub fn run(args: &Transform) -> Result<()> {
    let factor = args.factors.join("G.npy");
    let right = input::read(&factor, None).with_context(|| format!("in {}", args.factors.display()))?;
    match (input::read(&args.matrix, args.tensor.as_deref())?, right) {
        (Input::F32(x), Input::F32(Matrix::Dense(g))) => run_typed(&x, &g, args),
        (Input::F64(x), Input::F64(Matrix::Dense(g))) => run_typed(&x, &g, args),
        (Input::F32(x), Input::F64(Matrix::Dense(g))) => run_typed(&x, &cast(&g), args),
        (Input::F64(x), Input::F32(Matrix::Dense(g))) => run_typed(&x, &cast(&g), args),
        _ => bail!("{}: not a dense matrix", factor.display()),
    }
}

/// In the precision of the rows to come.
fn cast<S: Element, T: Element>(g: &Dense<S>) -> Dense<T> {
    let values = g.values.iter().map(|x| T::from_f64(x.to_f64())).collect();
    Dense { rows: g.rows, cols: g.cols, order: g.order, values }
}

fn run_typed<T: Element>(x: &Matrix<T>, g: &Dense<T>, args: &Transform) -> Result<()> {
    // Before the work, so that a place that cannot be written costs no time.
    let mut output = OutputDir::create(&args.output)?;
    let in_file = || args.matrix.display().to_string();
    let done = on_threads(x, args.threads, Projection { g, args }).with_context(in_file)?;
    let (rows, rank) = (done.rows, g.rows);
    output.write_matrix("F.npy", rows, rank, |i, j| done.left[i * rank + j])?;
    output.commit()?;
    print(&if args.json {
        let summary = json!({ "rows": rows, "cols": g.cols, "rank": rank, "seconds": done.seconds });
        format!("{summary}\n")
    } else {
        let kind = if args.nonnegative { "F >= 0" } else { "least squares" };
        [
            format!("matrix          {rows} x {}\n", g.cols),
            format!("rank            {rank} ({kind})\n"),
            format!("seconds         {:.3}\n", done.seconds),
            format!("written         F.npy in {}\n", args.output.display()),
        ]
        .concat()
    })
}

struct Projection<'a, T> {
    g: &'a Dense<T>,
    args: &'a Transform,
}

struct Projected<T> {
    rows: usize,
    /// `rows x rank`, row-major.
    left: Memory<T>,
    seconds: f64,
}

impl<T: Element> Work<T> for Projection<'_, T> {
    type Output = Projected<T>;

    fn transposes(&self, _threads: usize) -> bool {
        false
    }

    fn run<X: Entries<T>>(self, x: &X, Setting { execution, start }: Setting) -> Result<Projected<T>> {
        let Projection { g, args } = self;
        let (rows, cols, rank) = (x.rows(), x.cols(), g.rows);
        ensure!(cols == g.cols, "it has {cols} columns, but G.npy has {}", g.cols);
        let view = match g.order {
            Order::RowMajor => MatRef::row_major(&g.values, rank, cols)?,
            Order::ColumnMajor => MatRef::col_major(&g.values, rank, cols)?,
        };
        let mut left = zeros(rows.checked_mul(rank))?;
        let f = MatMut::row_major(&mut left, rows, rank)?;
        let (penalty, _) = args.penalties.of(rows, cols);
        let (tolerance, bound) = (args.tol.unwrap_or(1e-6), args.max_iter.unwrap_or(1000));
        let beta = args.loss.unwrap_or(2.0);
        let done = if !args.nonnegative {
            let mut memory = zeros(Some(snmf::transform_rows_scratch_len(x, rank)))?;
            let options = snmf::Options::new().execution(execution);
            snmf::transform_rows(x, view, f, &options, &mut memory)
        } else if beta != 2.0 {
            let mut memory = zeros(Some(divergence::scratch_len(x, rank)))?;
            let options = divergence::Options::new(beta).penalties(penalty, nmf::Penalty::NONE);
            let options = options.tolerance(tolerance).max_iterations(bound).execution(execution);
            divergence::transform(x, view, f, &options, &mut memory).map(|_| ())
        } else {
            let mut memory = zeros(Some(nmf::transform_scratch_len(x, rank)))?;
            let options = nmf::Options::new().penalties(penalty, nmf::Penalty::NONE);
            let options = options.tolerance(tolerance).max_iterations(bound).execution(execution);
            nmf::transform(x, view, f, &options, &mut memory)
        };
        let done = match done {
            Err(Error::Negative { .. }) if beta == 2.0 => {
                ensure!(penalty == nmf::Penalty::NONE, "--l1 and --l2 are for matrices without negative entries");
                let (f, flipped) = (MatMut::row_major(&mut left, rows, rank)?, Transposed(x));
                let mut memory = zeros(Some(snmf::transform_columns_scratch_len(&flipped, rank)))?;
                let options = snmf::Options::new().tolerance(tolerance).max_iterations(bound).execution(execution);
                snmf::transform_columns(&flipped, view.t(), f.t(), &options, &mut memory)
            }
            done => done,
        };
        done.map_err(explain)?;
        Ok(Projected { rows, left, seconds: start.elapsed().as_secs_f64() })
    }
}
