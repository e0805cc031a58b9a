//! `lowrank factorize`: a matrix file becomes a folder of factors.

use anyhow::{Context, Result};
use serde_json::json;

use crate::args::{Carrier, Factorize, Method, Side};
use crate::factorization::{Element, Factors, Outcome, Plan, factorize};
use crate::input;
use crate::matrix::{Input, Matrix};
use crate::output::{OutputDir, print};

pub fn run(args: &Factorize) -> Result<()> {
    match input::read(&args.matrix, args.tensor.as_deref())? {
        Input::F32(matrix) => run_typed(&matrix, args),
        Input::F64(matrix) => run_typed(&matrix, args),
    }
}

fn run_typed<T: Element>(matrix: &Matrix<T>, args: &Factorize) -> Result<()> {
    // Before the work, so that a place that cannot be written costs no time.
    let mut output = OutputDir::create(&args.output)?;
    let plan = Plan {
        method: args.method,
        rank: args.rank,
        init: args.init,
        nonnegative: args.nonnegative.unwrap_or(Side::Right),
        solver: args.solver,
        beta: args.loss.unwrap_or(2.0),
        penalties: args.penalties,
        normalize: args.normalize,
        target: args.target,
        iteration: &args.iteration,
        default_tolerance: 1e-4,
        default_max_iter: if args.method == Method::Svd { 100 } else { 200 },
    };
    let factors = factorize(matrix, &plan).with_context(|| args.matrix.display().to_string())?;
    write(&factors, args.singular_values.unwrap_or(Carrier::Right), &mut output)?;
    output.commit()?;
    print(&report(&factors, args))
}

/// Writes the factors; singular values go where `carrier` says.
fn write<T: Element>(factors: &Factors<T>, carrier: Carrier, output: &mut OutputDir) -> Result<()> {
    let Factors { rows, cols, rank, ref left, ref right, ref values, .. } = *factors;
    let scale = |side: Carrier, j: usize| match values {
        Some(s) if carrier == side => s[j],
        Some(s) if carrier == Carrier::Both => s[j].sqrt(),
        _ => T::ONE,
    };
    output.write_matrix("F.npy", rows, rank, |i, j| left[i * rank + j] * scale(Carrier::Left, j))?;
    output.write_matrix("G.npy", rank, cols, |i, j| right[j * rank + i] * scale(Carrier::Right, i))?;
    match values {
        Some(s) => output.write_vector("S.npy", s)?,
        None => output.leave_out("S.npy"),
    }
    Ok(())
}

fn report<T: Element>(factors: &Factors<T>, args: &Factorize) -> String {
    let Factors { rows, cols, rank, outcome, seconds, .. } = *factors;
    let method = name(args.method);
    if args.iteration.json {
        let summary = json!({
            "method": method,
            "rows": rows,
            "cols": cols,
            "rank": rank,
            "iterations": outcome.iterations,
            "converged": outcome.converged,
            "relative_error": outcome.relative_error,
            "seconds": seconds,
        });
        return format!("{summary}\n");
    }
    let ending = match outcome {
        Outcome { reached: true, .. } => "reached the target",
        Outcome { converged: true, .. } => "converged",
        _ => "stopped at the bound",
    };
    let files = if factors.values.is_some() { "F.npy, G.npy, S.npy" } else { "F.npy, G.npy" };
    [
        format!("method          {method}\n"),
        format!("matrix          {rows} x {cols}\n"),
        format!("rank            {rank}\n"),
        format!("iterations      {} ({ending})\n", outcome.iterations),
        format!("relative error  {:.6e}\n", outcome.relative_error),
        format!("seconds         {seconds:.3}\n"),
        format!("written         {files} in {}\n", args.output.display()),
    ]
    .concat()
}

fn name(method: Method) -> &'static str {
    match method {
        Method::Svd => "svd",
        Method::Nmf => "nmf",
        Method::Snmf => "snmf",
    }
}
