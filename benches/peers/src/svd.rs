//! The race of the singular value decompositions.

use std::time::Duration;

use clap::Args;
use lowrank::svd;

use crate::check::{self, LIMIT, worse};
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
    name: &'static str,
    ours: bool,
    /// Whether it can use several threads.
    parallel: bool,
    races: &'static [Race],
    enter: fn(&Problem) -> Box<dyn Svd<T>>,
}

/// All contestants. Several of ours may run in a row; the fastest counts.
fn entries<T: Scalar>() -> [Entry<T>; 7] {
    use Race::{Any, Batch, Jacobi};
    [
        Entry {
            name: "svd::svd",
            ours: true,
            parallel: false,
            races: &[Any, Batch],
            enter: |problem| ours::svd(problem, svd::svd, svd::svd_scratch_len),
        },
        Entry {
            name: "svd::golub_kahan",
            ours: true,
            parallel: false,
            races: &[Any],
            enter: |problem| ours::svd(problem, svd::golub_kahan, svd::golub_kahan_scratch_len),
        },
        Entry {
            name: "svd::jacobi",
            ours: true,
            parallel: false,
            races: &[Jacobi],
            enter: |problem| ours::svd(problem, svd::jacobi, svd::jacobi_scratch_len),
        },
        Entry { name: "faer", ours: false, parallel: true, races: &[Any, Batch], enter: faer::svd },
        Entry { name: "nalgebra", ours: false, parallel: false, races: &[Any, Batch], enter: nalgebra::svd },
        Entry { name: "gesdd", ours: false, parallel: true, races: &[Any, Batch], enter: lapack::gesdd },
        Entry { name: "gejsv", ours: false, parallel: true, races: &[Jacobi], enter: lapack::gejsv },
    ]
}

pub fn run(arguments: &Arguments) {
    let rows =
        select(ROWS, Row::name, &arguments.rows, |asked, name| name == asked || name.split('-').next() == Some(asked));
    let threads = usize::from(arguments.threads);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().expect("nobody has used the pool before");
    lapack::set_threads(threads);
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

/// Runs the rows and prints their table.
fn print<T: Scalar>(rows: &[&Row], vectors: bool, arguments: &Arguments) {
    let threads = usize::from(arguments.threads);
    let entries: Vec<Entry<T>> =
        entries().into_iter().filter(|entry| rows.iter().any(|row| entry.races.contains(&row.race))).collect();
    let what = if vectors { "U, S and V, thin" } else { "values only" };
    let plural = if threads == 1 { "" } else { "s" };
    let clock = arguments.common.clock();
    println!("\n{what}, {}, {threads} thread{plural}: {clock} for one matrix (largest ratio of the check)\n", T::NAME);

    let title = |entry: &Entry<T>| {
        let alone = threads > 1 && !entry.parallel;
        format!("{}{}", entry.name, if alone { " (1 thread)" } else { "" })
    };
    let mut header = vec!["size".to_owned()];
    header.extend(entries.iter().map(title));
    header.extend(["fastest peer", "ours / peer", "goal", ""].map(str::to_owned));
    let (mut lines, mut met, mut goals) = (Vec::new(), 0, 0);
    for row in rows {
        table::progress(&row.name());
        let results = race(row, vectors, threads, &arguments.common, &entries);
        let best = |ours: bool| {
            let side = entries.iter().zip(&results).filter(|(entry, _)| entry.ours == ours);
            side.filter_map(|(entry, result)| Some((entry.name, (*result)?)))
                .min_by(|a, b| a.1.time.total_cmp(&b.1.time))
        };
        let mut line = vec![row.name()];
        line.extend(results.iter().map(|result| result.map_or(String::new(), |result| result.show())));
        if let (Some((_, ours)), Some((name, peer))) = (best(true), best(false)) {
            let ratio = ours.time / peer.time;
            line.extend([name.to_owned(), table::digits(ratio)]);
            if let Some(goal) = row.goal(vectors, threads) {
                let verdict = if ours.ratio > LIMIT {
                    "wrong"
                } else if ratio <= goal {
                    "met"
                } else {
                    "missed"
                };
                goals += 1;
                met += u32::from(verdict == "met");
                line.extend([goal.to_string(), verdict.to_owned()]);
            }
        }
        line.resize(header.len(), String::new());
        lines.push(line);
    }
    table::progress("");
    table::print(&header, &lines);
    println!("\n{met} of {goals} goals met");
}

/// How a contestant did in a row.
#[derive(Clone, Copy)]
struct Outcome {
    /// Seconds for one matrix.
    time: f64,
    /// The largest ratio of the check over all matrices.
    ratio: f64,
}

impl Outcome {
    fn show(self) -> String {
        let ratio = match self.ratio {
            ratio if ratio <= LIMIT => table::digits(ratio),
            ratio => format!("WRONG: {ratio:.0e}"),
        };
        format!("{} ({ratio})", table::time(self.time))
    }
}

/// Runs one row: the outcome of each entry that takes part.
fn race<T: Scalar>(
    row: &Row,
    vectors: bool,
    threads: usize,
    common: &Common,
    entries: &[Entry<T>],
) -> Vec<Option<Outcome>> {
    let problem = Problem { m: row.m, n: row.n, count: row.count(), vectors, threads };
    let len = problem.m * problem.n;
    let matrices = random::<T>(len * problem.count, 1);
    let takes_part = |entry: &Entry<T>| entry.races.contains(&row.race);
    let mut contestants: Vec<_> =
        entries.iter().filter(|entry| takes_part(entry)).map(|entry| (entry.enter)(&problem)).collect();

    let pause = if threads == 1 { Duration::ZERO } else { Duration::from_millis(50) };
    let mut passes: Vec<_> = contestants.iter_mut().map(|contestant| || contestant.run(&matrices)).collect();
    let times = best_times(&mut passes, &common.limits(pause));
    drop(passes);

    let mut ratios = vec![0.0; contestants.len()];
    for (i, a) in matrices.chunks_exact(len).enumerate() {
        let found: Vec<_> = contestants.iter().map(|contestant| contestant.factors(i)).collect();
        let of_one = check::ratios(&matrix(a, row.m, row.n), &found, T::EPSILON.to_f64());
        ratios.iter_mut().zip(of_one).for_each(|(worst, ratio)| *worst = worse(*worst, ratio));
    }

    let mut outcomes =
        times.iter().zip(ratios).map(|(time, ratio)| Outcome { time: time / problem.count as f64, ratio });
    entries.iter().map(|entry| takes_part(entry).then(|| outcomes.next()).flatten()).collect()
}
