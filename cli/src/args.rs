//! The command line.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

#[derive(Debug, Parser)]
#[command(name = "lowrank", version, about = "Turns a matrix into small factors: SVD, NMF and semi-NMF")]
pub struct Command {
    #[command(subcommand)]
    pub task: Task,
}

#[derive(Debug, Subcommand)]
pub enum Task {
    /// Factorize a matrix file, X ~ F G, and write F.npy and G.npy (and S.npy for svd)
    Factorize(Factorize),
    /// Find the topics of a corpus
    Topics(Topics),
}

#[derive(Debug, Args)]
pub struct Factorize {
    /// The matrix: .npy, .mtx, .csv, .tsv or .safetensors
    #[arg(value_name = "X")]
    pub matrix: PathBuf,
    /// svd: the best approximation; nmf: F, G >= 0; snmf: one of F, G >= 0
    #[arg(long, value_enum)]
    pub method: Method,
    /// Columns of F and rows of G
    #[arg(long, value_name = "K", value_parser = positive)]
    pub rank: usize,
    /// The folder for the results; made if there is none
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// The tensor to take out of a .safetensors file
    #[arg(long, value_name = "NAME")]
    pub tensor: Option<String>,
    /// svd: the factor that carries the singular values; none: F = U, G = V^T [default: right]
    #[arg(long, value_enum, value_name = "SIDE")]
    pub singular_values: Option<Carrier>,
    /// snmf: the factor that is non-negative [default: right]
    #[arg(long, value_enum, value_name = "SIDE")]
    pub nonnegative: Option<Side>,
    /// nmf: where the iteration begins [default: nndsvd, or random for a rank above that of X]
    #[arg(long, value_enum, value_name = "START")]
    pub init: Option<Init>,
    #[command(flatten)]
    pub iteration: Iteration,
}

#[derive(Debug, Args)]
pub struct Topics {
    /// A folder of text files, or a file with one document a line
    pub path: PathBuf,
    /// Number of topics
    #[arg(long, value_name = "K", default_value_t = 6, value_parser = positive)]
    pub topics: usize,
    /// The factorization of the document-term matrix
    #[arg(long, value_enum, default_value_t = TopicMethod::Nmf)]
    pub method: TopicMethod,
    /// Terms shown for each topic
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = positive)]
    pub top: usize,
    /// Weights of the terms in a document
    #[arg(long, value_enum, default_value_t = Weighting::Tfidf)]
    pub weighting: Weighting,
    /// Words to leave out: english, none, or a file of words
    #[arg(long, value_name = "WORDS", default_value = "english")]
    pub stop_words: PathBuf,
    /// Each line of the file is a label, a tab and the document
    #[arg(long)]
    pub labelled: bool,
    #[command(flatten)]
    pub iteration: Iteration,
}

/// What every factorization takes.
#[derive(Debug, Args)]
pub struct Iteration {
    /// Seed of the random numbers
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Bound on the iterations [default: 100 for svd, 200 otherwise; 1000 for topics by nmf]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub max_iter: Option<usize>,
    /// Relative improvement at which iterations end [default: 1e-4; 1e-8 for topics by nmf]
    #[arg(long, value_name = "T", value_parser = tolerance)]
    pub tol: Option<f64>,
    /// Threads, at most 1024; the result does not depend on it [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Method {
    Svd,
    Nmf,
    Snmf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TopicMethod {
    Nmf,
    Svd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Carrier {
    Right,
    Left,
    Both,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Side {
    Right,
    Left,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Init {
    Nndsvd,
    Random,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Weighting {
    Tfidf,
    Count,
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".into()),
        Ok(number) => Ok(number),
        Err(_) => Err("it is not a positive integer".into()),
    }
}

fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if (0.0..1.0).contains(&number) => Ok(number),
        _ => Err("it must be a number of at least 0 and below 1".into()),
    }
}

impl Command {
    /// Reads the command line; wrong usage ends the process with status 2.
    pub fn read() -> Self {
        let command = Self::parse();
        if let Task::Factorize(args) = &command.task {
            let given = [
                ("--singular-values", "svd", args.singular_values.is_some() && args.method != Method::Svd),
                ("--nonnegative", "snmf", args.nonnegative.is_some() && args.method != Method::Snmf),
                ("--init", "nmf", args.init.is_some() && args.method != Method::Nmf),
            ];
            let extension = args.matrix.extension().unwrap_or_default();
            if args.tensor.is_some() && !extension.eq_ignore_ascii_case("safetensors") {
                let message = "--tensor is for .safetensors files only";
                Self::command().error(ErrorKind::ArgumentConflict, message).exit();
            }
            for (option, method, wrong) in given {
                if wrong {
                    let message = format!("{option} is for --method {method} only");
                    Self::command().error(ErrorKind::ArgumentConflict, message).exit();
                }
            }
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Command::command().debug_assert();
    }
}
