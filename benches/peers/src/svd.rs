//! The race of the singular value decompositions.

use std::time::Duration;

use clap::Args;
use lowrank::kernel::Kernels;
use lowrank::svd;

use crate::check::{self, Factors, LIMIT, worse};
use crate::contestants::{Problem, Scalar, Svd, faer, lapack, lowrank as ours, matrix, nalgebra, random};
use crate::race::best_times;
use crate::{Common, machine, select, table};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Only the values
    #[arg(long)]
    values: bool,
    /// Only the values with vectors
    #[arg(long)]
    vectors: bool,
    /// Only these rows, as named in the table; `jacobi` and `batch` name all that begin so
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    rows: Vec<String>,
    /// Threads of each contestant that can use them
    #[arg(long, value_name = "N", conflicts_with = "cpu_time", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
}

/// What a row asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Race {
    /// The factors of one matrix, by any method.
    Any,
    /// The same by one-sided Jacobi, for its accuracy.
    Jacobi,
    /// The factors of many small matrices.
    Batch,
}

/// A row of the table.
struct Row {
    race: Race,
    m: usize,
    n: usize,
    /// The time of ours, divided by that of the fastest peer, that is to be reached with vectors on one thread.
    goal: f64,
}

const fn row(race: Race, m: usize, n: usize, goal: f64) -> Row {
    Row { race, m, n, goal }
}

const ROWS: &[Row] = &[
    row(Race::Any, 2, 2, 0.5),
    row(Race::Any, 3, 3, 0.5),
    row(Race::Any, 4, 4, 0.5),
    row(Race::Any, 6, 6, 0.5),
    row(Race::Any, 8, 8, 0.5),
    row(Race::Any, 16, 16, 0.7),
    row(Race::Batch, 3, 3, 0.15),
    row(Race::Batch, 4, 4, 0.15),
    row(Race::Any, 32, 32, 0.8),
    row(Race::Any, 64, 64, 0.8),
    row(Race::Any, 128, 128, 0.8),
    row(Race::Any, 256, 256, 0.9),
    row(Race::Any, 512, 512, 0.9),
    row(Race::Any, 1000, 1000, 0.9),
    row(Race::Any, 3000, 768, 0.85),
    row(Race::Any, 4096, 64, 0.8),
    row(Race::Any, 20000, 32, 0.8),
    row(Race::Jacobi, 16, 16, 0.5),
    row(Race::Jacobi, 32, 32, 0.5),
    row(Race::Jacobi, 64, 64, 0.5),
    row(Race::Jacobi, 128, 128, 0.5),
    row(Race::Jacobi, 256, 256, 0.5),
    row(Race::Jacobi, 512, 512, 0.5),
];

/// The goal of every row without vectors.
const GOAL_OF_VALUES: f64 = 0.9;

/// The goal on several threads, and the least dimension that has one.
const GOAL_OF_THREADS: (f64, usize) = (1.0, 512);

impl Row {
    fn name(&self) -> String {
        let size = if self.m == self.n { self.n.to_string() } else { format!("{}x{}", self.m, self.n) };
        match self.race {
            Race::Any => size,
            Race::Jacobi => format!("jacobi-{size}"),
            Race::Batch => format!("batch-{size}"),
        }
    }

    /// Several matrices where one alone is too short for the clock; many, so that no branch of a small decomposition is
    /// learnt by heart; no more than a cache of the second level holds with their factors, except for a batch.
    fn count(&self) -> usize {
        match self.race {
            Race::Batch => 10_000,
            _ => (32_768 / (self.m * self.n)).clamp(1, 2048),
        }
    }

    fn goal(&self, vectors: bool, threads: usize) -> Option<f64> {
        match (vectors, threads) {
            (true, 1) => Some(self.goal),
            (false, 1) => Some(GOAL_OF_VALUES),
            _ => Some(GOAL_OF_THREADS.0).filter(|_| self.n >= GOAL_OF_THREADS.1),
        }
    }
}

/// A contestant.
struct Entry<T> {
    /// Its column, one of [`LIBRARIES`].
    library: usize,
    name: &'static str,
    /// Whether it can use several threads.
    parallel: bool,
    races: &'static [Race],
    enter: fn(&Problem) -> Box<dyn Svd<T>>,
}

/// Ours, and the peers.
const LIBRARIES: [&str; 4] = ["lowrank", "faer", "nalgebra", "LAPACK"];

/// All contestants. Several of a library may run in a row; the fastest counts.
fn entries<T: Scalar>() -> [Entry<T>; 7] {
    use Race::{Any, Batch, Jacobi};
    let entry = |library, name, parallel, races, enter| Entry { library, name, parallel, races, enter };
    [
        entry(0, "svd::svd", true, &[Any], |problem| {
            ours::each(problem, svd::svd, svd::svd_scratch_len, Kernels::Best)
        }),
        entry(0, "svd::jacobi", true, &[Jacobi], |problem| {
            ours::each(problem, svd::jacobi, svd::jacobi_scratch_len, Kernels::Best)
        }),
        entry(0, "svd::batch", false, &[Batch], ours::batch),
        entry(1, "faer", true, &[Any, Batch], faer::svd),
        entry(2, "nalgebra", false, &[Any, Batch], nalgebra::svd),
        entry(3, "gesdd", true, &[Any, Batch], lapack::gesdd),
        entry(3, "gejsv", true, &[Jacobi], lapack::gejsv),
    ]
}

pub fn run(arguments: &Arguments) {
    let rows =
        select(ROWS, Row::name, &arguments.rows, |asked, name| name == asked || name.split('-').next() == Some(asked));
    let threads = usize::from(arguments.threads);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().expect("nobody has used the pool before");
    peers_lapack::set_threads(threads);
    machine::describe();
    let Common { f32, f64, .. } = arguments.common;
    for vectors in [true, false] {
        let asked = if vectors { arguments.vectors } else { arguments.values };
        if !asked && arguments.vectors != arguments.values {
            continue;
        }
        if f64 || !f32 {
            print::<f64>(&rows, vectors, arguments);
        }
        if f32 {
            print::<f32>(&rows, vectors, arguments);
        }
    }
}

/// Runs the rows and prints their table and its notes.
fn print<T: Scalar>(rows: &[&Row], vectors: bool, arguments: &Arguments) {
    let threads = usize::from(arguments.threads);
    let entries = entries::<T>();
    let what = if vectors { "U, S and V, thin" } else { "values only" };
    let plural = if threads == 1 { "" } else { "s" };
    let clock = arguments.common.clock();
    arguments.common.title(&format!("{what}, {}, {threads} thread{plural}: {clock} for one matrix, ms", T::NAME));

    let header = ["size"].into_iter().chain(LIBRARIES).chain(["ours / fastest", "goal", "met?"]);
    let header: Vec<_> = header.map(str::to_owned).collect();
    let (mut lines, mut met, mut goals) = (Vec::new(), 0, 0);
    let mut all: Vec<Outcome> = Vec::new();
    for row in rows {
        table::progress(&row.name());
        let outcomes = race(row, vectors, threads, &arguments.common, &entries);
        let fastest = |fits: &dyn Fn(usize) -> bool| {
            outcomes.iter().filter(|outcome| fits(outcome.library)).min_by(|a, b| a.time.total_cmp(&b.time))
        };
        let mut line = vec![row.name()];
        line.extend(
            (0..LIBRARIES.len()).map(|library| fastest(&|l| l == library).map_or(String::new(), Outcome::show)),
        );
        if let (Some(ours), Some(peer)) = (fastest(&|l| l == 0), fastest(&|l| l != 0)) {
            let ratio = ours.time / peer.time;
            line.push(table::digits(ratio));
            if let Some(goal) = row.goal(vectors, threads) {
                let verdict = if ours.ratio > LIMIT || ours.same_bits == Some(false) {
                    "wrong"
                } else if ratio <= goal {
                    "yes"
                } else {
                    "no"
                };
                goals += 1;
                met += u32::from(verdict == "yes");
                line.extend([goal.to_string(), verdict.to_owned()]);
            }
        }
        line.resize(header.len(), String::new());
        lines.push(line);
        all.extend(outcomes);
    }
    table::progress("");
    table::print(&header, &lines, arguments.common.markdown);
    println!();
    notes(&all, threads).iter().for_each(|note| println!("- {note}"));
    if goals > 0 {
        println!("- {met} of {goals} goals met.");
    }
}

/// What the check found, and what else the table does not say.
fn notes(outcomes: &[Outcome], threads: usize) -> Vec<String> {
    let mut notes = Vec::new();
    let worst = LIBRARIES.iter().enumerate().filter_map(|(library, name)| {
        let ratios = outcomes.iter().filter(|outcome| outcome.library == library && outcome.ratio <= LIMIT);
        let worst = ratios.map(|outcome| outcome.ratio).reduce(f64::max)?;
        Some(format!("{name} {}", table::digits(worst)))
    });
    notes.push(format!(
        "Largest ratios of the check that pass it (limit {LIMIT}): {}.",
        worst.collect::<Vec<_>>().join(", ")
    ));
    for outcome in outcomes.iter().filter(|outcome| outcome.ratio > LIMIT) {
        let Outcome { name, row, ratio, wrong, count, .. } = outcome;
        let counts = if outcome.library == 0 { "" } else { "; its time counts all the same" };
        notes.push(format!("† {name} fails the check at {row}: {wrong} of {count} wrong, ratio {ratio:.0e}{counts}."));
    }
    let compared = || outcomes.iter().filter_map(|outcome| Some((outcome, outcome.same_bits?)));
    if compared().next().is_some() {
        let different: Vec<_> = compared()
            .filter(|(_, same)| !same)
            .map(|(outcome, _)| format!("{} at {}", outcome.name, outcome.row))
            .collect();
        notes.push(match different.as_slice() {
            [] => format!("lowrank's results have the same bits on {threads} threads as on one."),
            _ => format!("NOT the same bits on {threads} threads as on one: {}.", different.join(", ")),
        });
    }
    if threads > 1 {
        let alone = entries::<f64>();
        let alone = alone.iter().filter(|entry| !entry.parallel && outcomes.iter().any(|o| o.name == entry.name));
        let alone: Vec<_> = alone.map(|entry| entry.name).collect();
        if !alone.is_empty() {
            notes.push(format!("On one thread: {}.", alone.join(", ")));
        }
    }
    notes
}

/// How a contestant did in a row.
struct Outcome {
    library: usize,
    name: &'static str,
    row: String,
    /// Seconds for one matrix.
    time: f64,
    /// The largest ratio of the check over all matrices.
    ratio: f64,
    /// Matrices that fail the check, of how many.
    wrong: usize,
    count: usize,
    /// Whether the result on one thread has the same bits; asked of ours if it ran on several.
    same_bits: Option<bool>,
}

impl Outcome {
    fn show(&self) -> String {
        format!("{}{}", table::digits(1e3 * self.time), if self.ratio > LIMIT { "†" } else { "" })
    }
}

/// Runs one row: the outcome of each entry that takes part.
fn race<T: Scalar>(row: &Row, vectors: bool, threads: usize, common: &Common, entries: &[Entry<T>]) -> Vec<Outcome> {
    let problem = Problem { m: row.m, n: row.n, count: row.count(), vectors, threads };
    let len = problem.m * problem.n;
    let matrices = random::<T>(len * problem.count, 1);
    let entries: Vec<_> = entries.iter().filter(|entry| entry.races.contains(&row.race)).collect();
    let mut contestants: Vec<_> = entries.iter().map(|entry| (entry.enter)(&problem)).collect();

    let pause = if threads == 1 { Duration::ZERO } else { Duration::from_millis(50) };
    let mut passes: Vec<_> = contestants.iter_mut().map(|contestant| || contestant.run(&matrices)).collect();
    let times = best_times(&mut passes, &common.limits(pause));
    drop(passes);

    let mut outcomes: Vec<Outcome> = entries
        .iter()
        .zip(times)
        .map(|(entry, time)| Outcome {
            library: entry.library,
            name: entry.name,
            row: row.name(),
            time: time / problem.count as f64,
            ratio: 0.0,
            wrong: 0,
            count: problem.count,
            same_bits: None,
        })
        .collect();
    for (i, a) in matrices.chunks_exact(len).enumerate() {
        let found: Vec<Factors> = contestants.iter().map(|contestant| contestant.factors(i)).collect();
        let ratios = check::ratios(&matrix(a, row.m, row.n), &found, T::EPSILON.to_f64());
        for (outcome, ratio) in outcomes.iter_mut().zip(ratios) {
            outcome.ratio = worse(outcome.ratio, ratio);
            outcome.wrong += usize::from(ratio > LIMIT);
        }
    }
    for ((entry, outcome), contestant) in entries.iter().zip(&mut outcomes).zip(&contestants) {
        if threads > 1 && entry.library == 0 && entry.parallel {
            let mut alone = (entry.enter)(&Problem { threads: 1, ..problem });
            alone.run(&matrices);
            let same = (0..problem.count).all(|i| alone.factors(i).same_bits(&contestant.factors(i)));
            outcome.same_bits = Some(same);
        }
    }
    outcomes
}
