//! Races lowrank against faer, nalgebra, matrixmultiply and LAPACK with OpenBLAS: the same matrices, one process,
//! interleaved passes, best of many. The README says how to run it and how to read the tables.

mod check;
mod contestants;
mod gemm;
mod kernels;
mod machine;
mod race;
mod svd;
mod table;

use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};
use rustix::time::ClockId;

use crate::race::Limits;

#[derive(Debug, Parser)]
#[command(about = "Races lowrank against other libraries")]
struct Command {
    #[command(subcommand)]
    race: Race,
}

#[derive(Debug, Subcommand)]
enum Race {
    /// Singular values and thin vectors, then the values alone
    Svd(svd::Arguments),
    /// Matrix products
    Gemm(gemm::Arguments),
    /// What the same bits on every machine cost: `Kernels::Best` against `Kernels::Reproducible`
    Kernels(kernels::Arguments),
}

/// What every race takes.
#[derive(Debug, Args)]
struct Common {
    /// In f32; neither this nor --f64: svd in f64, the others in both
    #[arg(long)]
    f32: bool,
    /// In f64
    #[arg(long)]
    f64: bool,
    /// Seconds for each contestant and row, on the average; 5 rounds are run whatever it takes, 3 if one takes a second
    #[arg(long, value_name = "S", default_value_t = 1.0, value_parser = seconds)]
    budget: f64,
    /// At most so many rounds for each row
    #[arg(long, value_name = "N", default_value_t = usize::MAX, hide_default_value = true)]
    rounds: usize,
    /// Processor time of the one thread, not wall time: of use on a busy machine
    #[arg(long)]
    cpu_time: bool,
    /// Tables in markdown
    #[arg(long)]
    markdown: bool,
}

impl Common {
    fn limits(&self, pause: Duration) -> Limits {
        let clock = if self.cpu_time { ClockId::ThreadCPUTime } else { ClockId::Monotonic };
        Limits { clock, budget: Duration::from_secs_f64(self.budget), rounds: self.rounds, pause }
    }

    /// Prints the title of a table.
    fn title(&self, title: &str) {
        println!("\n{}{title}\n", if self.markdown { "### " } else { "" });
    }

    fn clock(&self) -> &'static str {
        if self.cpu_time { "processor time" } else { "wall time" }
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|s| (0.0..=1e6).contains(s)).ok_or_else(|| "it must be a number from 0 to 1000000".into())
}

/// The rows that are asked for by names, or all. A name that fits no row ends the program.
fn select<'a, R>(rows: &'a [R], name: fn(&R) -> String, asked: &[String], fits: fn(&str, &str) -> bool) -> Vec<&'a R> {
    if let Some(unknown) = asked.iter().find(|asked| !rows.iter().any(|row| fits(asked, &name(row)))) {
        let names = rows.iter().map(name).collect::<Vec<_>>().join(", ");
        let message = format!("no row is named {unknown}; there are {names}");
        Command::command().error(ErrorKind::InvalidValue, message).exit();
    }
    rows.iter().filter(|row| asked.is_empty() || asked.iter().any(|asked| fits(asked, &name(row)))).collect()
}

fn main() {
    match Command::parse().race {
        Race::Svd(arguments) => svd::run(&arguments),
        Race::Gemm(arguments) => gemm::run(&arguments),
        Race::Kernels(arguments) => kernels::run(&arguments),
    }
}
