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
    /// Express the rows of a matrix in the factors of another: write F.npy for the G.npy that is there
    Transform(Transform),
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
    /// nmf, snmf: where the iteration begins [default: nndsvd for nmf, svd for snmf; random for a rank above that of X]
    #[arg(long, value_enum, value_name = "START")]
    pub init: Option<Init>,
    /// nmf, snmf: coordinate descent or multiplicative updates [default: hals; mu for a loss other than frobenius]
    #[arg(long, value_enum)]
    pub solver: Option<Solver>,
    /// nmf: frobenius, kl (Kullback-Leibler), is (Itakura-Saito), or the beta of a beta-divergence [default: frobenius]
    #[arg(long, value_name = "LOSS", value_parser = beta, allow_negative_numbers = true)]
    pub loss: Option<f64>,
    #[command(flatten)]
    pub penalties: Penalties,
    /// nmf, snmf: the factor whose terms get norm one; the other takes their size
    #[arg(long, value_enum, value_name = "SIDE")]
    pub normalize: Option<Side>,
    /// End at this relative error, if it is reached before the tolerance
    #[arg(long, value_name = "E", value_parser = tolerance)]
    pub target: Option<f64>,
    #[command(flatten)]
    pub iteration: Iteration,
}

/// What the size of non-negative factors costs.
#[derive(Clone, Copy, Debug, Args)]
pub struct Penalties {
    /// nmf: adds W times (columns of X) to the loss for each unit in the sum of F, and W times (rows of X) for G
    #[arg(long, value_name = "W", value_parser = weight)]
    pub l1: Option<f64>,
    /// nmf: adds half of that for each unit in the sum of squares
    #[arg(long, value_name = "W", value_parser = weight)]
    pub l2: Option<f64>,
}

#[derive(Debug, Args)]
pub struct Transform {
    /// The matrix with the new rows: .npy, .mtx, .csv, .tsv or .safetensors
    #[arg(value_name = "X")]
    pub matrix: PathBuf,
    /// The folder with the G.npy to express them in
    #[arg(long, value_name = "DIR")]
    pub factors: PathBuf,
    /// F >= 0, for an X and a G without negative entries (nmf), or of any signs (snmf with a non-negative left factor)
    #[arg(long)]
    pub nonnegative: bool,
    /// The folder for F.npy; made if there is none
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// The tensor to take out of a .safetensors file
    #[arg(long, value_name = "NAME")]
    pub tensor: Option<String>,
    /// With --nonnegative: frobenius, kl, is, or the beta of a beta-divergence [default: frobenius]
    #[arg(long, value_name = "LOSS", value_parser = beta, allow_negative_numbers = true, requires = "nonnegative")]
    pub loss: Option<f64>,
    #[command(flatten)]
    pub penalties: Penalties,
    /// With --nonnegative: bound on the sweeps over a row [default: 1000]
    #[arg(long, value_name = "N", value_parser = positive, requires = "nonnegative")]
    pub max_iter: Option<usize>,
    /// With --nonnegative: a row is at rest when it moves by less than this part of its first step [default: 1e-6]
    #[arg(long, value_name = "T", value_parser = tolerance, requires = "nonnegative")]
    pub tol: Option<f64>,
    /// Threads, at most 1024; the result does not depend on it [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
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
    /// nmf: from the SVD, with small numbers for zeros
    Nndsvd,
    /// nmf: from the SVD, with the mean of X for zeros
    Nndsvda,
    /// nmf: from the SVD, with small random numbers for zeros
    Nndsvdar,
    /// snmf: from the SVD
    Svd,
    /// snmf: from clusters of the columns, or of the rows with --nonnegative left
    Kmeans,
    Random,
}

impl Init {
    fn is_for(self, method: Method) -> bool {
        match self {
            Init::Nndsvd | Init::Nndsvda | Init::Nndsvdar => method == Method::Nmf,
            Init::Svd | Init::Kmeans => method == Method::Snmf,
            Init::Random => method != Method::Svd,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Solver {
    Hals,
    Mu,
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

fn weight(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if (0.0..f64::INFINITY).contains(&number) => Ok(number),
        _ => Err("it must be a number of at least 0".into()),
    }
}

fn beta(text: &str) -> Result<f64, String> {
    match (text, text.parse::<f64>()) {
        ("frobenius", _) => Ok(2.0),
        ("kl", _) => Ok(1.0),
        ("is", _) => Ok(0.0),
        (_, Ok(number)) if number.is_finite() => Ok(number),
        _ => Err("it must be frobenius, kl, is, or a number".into()),
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
        let (matrix, tensor) = match &command.task {
            Task::Factorize(args) => (&args.matrix, &args.tensor),
            Task::Transform(args) => (&args.matrix, &args.tensor),
            Task::Topics(_) => return command,
        };
        if tensor.is_some() && !matrix.extension().unwrap_or_default().eq_ignore_ascii_case("safetensors") {
            refuse("--tensor is for .safetensors files only");
        }
        match &command.task {
            Task::Factorize(args) => args.check(),
            Task::Transform(args) => {
                if !args.nonnegative && args.penalties.any() {
                    refuse("--l1 and --l2 need --nonnegative");
                }
            }
            Task::Topics(_) => {}
        }
        command
    }
}

/// Ends the process over options that do not go together.
fn refuse(message: &str) -> ! {
    Command::command().error(ErrorKind::ArgumentConflict, message).exit()
}

impl Penalties {
    fn any(&self) -> bool {
        self.l1.is_some() || self.l2.is_some()
    }
}

impl Factorize {
    fn check(&self) {
        let (svd, nmf) = (self.method == Method::Svd, self.method == Method::Nmf);
        let given = [
            ("--singular-values", "svd", self.singular_values.is_some() && !svd),
            ("--nonnegative", "snmf", self.nonnegative.is_some() && (svd || nmf)),
            ("--loss", "nmf", self.loss.is_some() && !nmf),
            ("--l1 and --l2", "nmf", self.penalties.any() && !nmf),
            ("--solver", "nmf and snmf", self.solver.is_some() && svd),
            ("--normalize", "nmf and snmf", self.normalize.is_some() && svd),
        ];
        for (option, method, wrong) in given {
            if wrong {
                refuse(&format!("{option} is for --method {method} only"));
            }
        }
        if let Some(init) = self.init
            && !init.is_for(self.method)
        {
            let starts: Vec<_> = Init::value_variants().iter().filter(|init| init.is_for(self.method)).collect();
            let names = starts.iter().filter_map(|init| init.to_possible_value());
            let names: Vec<String> = names.map(|value| value.get_name().to_owned()).collect();
            refuse(&match names.is_empty() {
                true => "--init is for --method nmf and snmf only".to_owned(),
                false => format!("the starts for this --method are {}", names.join(", ")),
            });
        }
        if self.loss.is_some_and(|beta| beta != 2.0) && self.solver == Some(Solver::Hals) {
            refuse("--solver hals is for --loss frobenius only");
        }
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
