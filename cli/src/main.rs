//! The `lowrank` command.
//!
//! Exit status: 0 on success, 1 for data that cannot be factorized, 2 for wrong usage, 130 when interrupted.

mod args;
mod factorization;
mod factorize;
mod input;
mod matrix;
mod memory;
mod output;
mod text;
mod topics;
mod transform;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use crate::args::{Command, Task};
use crate::factorization::{INTERRUPTED, Interrupted};

fn main() -> ExitCode {
    let command = Command::read();
    // Its threads would come on top of ours.
    #[cfg(feature = "openblas")]
    lowrank::kernel::set_openblas_threads(1);
    // The first signal lets the iteration end, so that nothing is left behind; the second ends the process.
    let handler = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            output::discard();
            std::process::exit(130);
        }
    });
    if let Err(error) = handler {
        let _ = writeln!(io::stderr(), "lowrank: signals cannot be caught: {error}");
    }
    let result = match &command.task {
        Task::Factorize(args) => factorize::run(args),
        Task::Transform(args) => transform::run(args),
        Task::Topics(args) => topics::run(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not `eprintln!`, which panics when nobody can be told.
            let _ = writeln!(io::stderr(), "lowrank: {error:#}");
            ExitCode::from(if error.is::<Interrupted>() { 130 } else { 1 })
        }
    }
}
