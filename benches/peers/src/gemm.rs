//! The race of the matrix products.

use std::time::Duration;

use clap::Args;
use lowrank::kernel::{Backend, Execution};
use nalgebra::DMatrix;

use crate::check::{LIMIT, worse};
use crate::contestants::{Gemm, Products, Scalar, lapack, lowrank as ours, matrix, matrixmultiply, random};
use crate::race::best_times;
use crate::{Common, machine, select, table};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Only these shapes, as named in the table
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    rows: Vec<String>,
    /// The backends of `kernel::gemm` and `kernel::gram`, for the shapes of factorizations
    #[arg(long)]
    backends: bool,
}

/// A row of the table: an `m x k` by `k x n` product, whether the first factor lies there as its transpose, whether that is
/// the second factor too, and the rate of ours, divided by that of matrixmultiply, that is to be reached.
struct Row {
    transposed: bool,
    gram: bool,
    m: usize,
    k: usize,
    n: usize,
    goal: Option<f64>,
}

const fn row(m: usize, k: usize, n: usize, goal: Option<f64>) -> Row {
    Row { transposed: false, gram: false, m, k, n, goal }
}

const fn transposed(n: usize) -> Row {
    Row { transposed: true, gram: false, m: n, k: n, n, goal: Some(1.0) }
}

/// The Gram matrix of an `m x n` matrix.
const fn gram(m: usize, n: usize) -> Row {
    Row { transposed: true, gram: true, m: n, k: m, n, goal: None }
}

const ROWS: &[Row] = &[
    row(4, 4, 4, Some(1.0)),
    row(8, 8, 8, Some(1.0)),
    row(16, 16, 16, Some(1.0)),
    row(32, 32, 32, Some(1.0)),
    row(48, 48, 48, Some(1.0)),
    row(64, 64, 64, None),
    transposed(4),
    transposed(8),
    transposed(16),
    transposed(32),
    transposed(48),
    row(256, 256, 256, Some(0.95)),
    row(512, 512, 512, Some(0.95)),
    row(1024, 1024, 1024, Some(0.95)),
    row(20000, 32, 32, Some(0.95)),
    row(3000, 64, 768, Some(0.95)),
    row(768, 3000, 64, Some(0.95)),
    row(32, 20000, 32, Some(0.95)),
];

/// What factorizations multiply: a large square, a tall matrix with a few vectors, its columns with each other, and blocks.
const FACTORIZATIONS: &[Row] =
    &[row(1024, 1024, 1024, None), row(30000, 768, 100, None), gram(3000, 768), row(8, 8, 8, None)];

impl Row {
    fn name(&self) -> String {
        if self.gram {
            return format!("gram{}x{}", self.k, self.n);
        }
        if self.m == self.k && self.k == self.n {
            return format!("{}{}", if self.transposed { "t" } else { "" }, self.n);
        }
        format!("{}x{}x{}", self.m, self.k, self.n)
    }

    /// Several products where one alone is too short for the clock.
    fn count(&self) -> usize {
        (1_000_000 / (self.m * self.k * self.n)).clamp(1, 500)
    }
}

/// A contestant.
struct Entry<T> {
    name: &'static str,
    enter: fn(&Products) -> Box<dyn Gemm<T>>,
}

/// All contestants: ours, the one that the goals name, and others.
fn libraries<T: Scalar>() -> [Entry<T>; 3] {
    [
        Entry { name: "kernel::gemm", enter: |shape| ours::product(shape, Execution::new()) },
        Entry { name: "matrixmultiply", enter: matrixmultiply::product },
        Entry { name: "OpenBLAS", enter: lapack::product },
    ]
}

/// All through our own door.
fn backends<T: Scalar>() -> [Entry<T>; 3] {
    [
        Entry { name: "Own", enter: |shape| ours::product(shape, Execution::new().backend(Backend::Own)) },
        Entry {
            name: "MatrixMultiply",
            enter: |shape| ours::product(shape, Execution::new().backend(Backend::MatrixMultiply)),
        },
        Entry { name: "OpenBlas", enter: |shape| ours::product(shape, Execution::new().backend(Backend::OpenBlas)) },
    ]
}

pub fn run(arguments: &Arguments) {
    let all = if arguments.backends { FACTORIZATIONS } else { ROWS };
    let rows = select(all, Row::name, &arguments.rows, |asked, name| asked == name);
    peers_lapack::set_threads(1);
    machine::describe();
    let Common { f32, f64, .. } = arguments.common;
    if f64 || !f32 {
        print::<f64>(&rows, arguments);
    }
    if f32 || !f64 {
        print::<f32>(&rows, arguments);
    }
}

/// Runs the rows and prints their table.
fn print<T: Scalar>(rows: &[&Row], arguments: &Arguments) {
    let Arguments { common, backends: ours_alone, .. } = arguments;
    common.title(&format!(
        "m x k by k x n, {}, 1 thread, {}: GFlop/s, and the ratio of the rates; {}, †: wrong",
        T::NAME,
        common.clock(),
        if *ours_alone { "gram m x n: A^T A, half the operations" } else { "t: A^T B" }
    ));
    let entries = if *ours_alone { backends::<T>() } else { libraries() };
    let mut header = vec!["m x k x n".to_owned()];
    header.extend(entries.iter().map(|entry| entry.name.to_owned()));
    let ratio = |name| if *ours_alone { format!("{name} / Own") } else { format!("ours / {name}") };
    header.extend(entries.iter().skip(1).map(|entry| ratio(entry.name)));
    if !ours_alone {
        header.extend(["goal", "met?"].map(str::to_owned));
    }
    let (mut lines, mut met, mut goals) = (Vec::new(), 0, 0);
    for row in rows {
        table::progress(&row.name());
        let rates = race(row, common, &entries);
        let ours = rates[0].rate;
        let mut line = vec![row.name()];
        line.extend(rates.iter().map(|outcome| outcome.show()));
        let ratio = |rate: f64| if *ours_alone { rate / ours } else { ours / rate };
        line.extend(rates.iter().skip(1).map(|peer| table::digits(ratio(peer.rate))));
        if let Some(goal) = row.goal {
            let reached = ours / rates[1].rate >= goal && rates[0].ratio <= LIMIT;
            goals += 1;
            met += u32::from(reached);
            line.extend([goal.to_string(), if reached { "yes" } else { "no" }.to_owned()]);
        }
        line.resize(header.len(), String::new());
        lines.push(line);
    }
    table::progress("");
    table::print(&header, &lines, common.markdown);
    if goals > 0 {
        println!("\n- {met} of {goals} goals met.");
    }
}

/// How a contestant did in a row.
struct Outcome {
    /// GFlop/s.
    rate: f64,
    /// `max |C - A B| / (k eps)` with all entries of A and B below one.
    ratio: f64,
}

impl Outcome {
    fn show(&self) -> String {
        format!("{}{}", table::digits(self.rate), if self.ratio > LIMIT { "†" } else { "" })
    }
}

fn race<T: Scalar>(row: &Row, common: &Common, entries: &[Entry<T>]) -> Vec<Outcome> {
    let Row { transposed, gram, m, k, n, .. } = *row;
    let shape = Products { transposed, gram, m, k, n, count: row.count() };
    let count = shape.count;
    let (a, b) = (random::<T>(m * k * count, 1), random::<T>(k * n * count, if gram { 1 } else { 2 }));
    let mut contestants: Vec<_> =
        entries.iter().map(|entry| ((entry.enter)(&shape), vec![T::ZERO; m * n * count])).collect();
    let mut passes: Vec<_> = contestants
        .iter_mut()
        .map(|(contestant, c)| {
            || {
                let factors = a.chunks_exact(m * k).zip(b.chunks_exact(k * n));
                factors.zip(c.chunks_exact_mut(m * n)).for_each(|((a, b), c)| contestant.run(a, b, c));
            }
        })
        .collect();
    let times = best_times(&mut passes, &common.limits(Duration::ZERO));
    drop(passes);

    let first = |a| if transposed { matrix(a, k, m).transpose() } else { matrix(a, m, k) };
    let exact: Vec<DMatrix<f64>> = (0..count).map(|i| first(&a[i * m * k..]) * matrix(&b[i * k * n..], k, n)).collect();
    let unit = k as f64 * T::EPSILON.to_f64();
    let error = |c: &[T]| {
        let products = exact.iter().enumerate().map(|(i, exact)| (exact - matrix(&c[i * m * n..], m, n)).amax() / unit);
        products.fold(0.0, worse)
    };
    let flops = if gram { 1.0 } else { 2.0 } * (m * k * n * count) as f64;
    let outcome = |time: &f64, c: &[T]| Outcome { rate: flops / time * 1e-9, ratio: error(c) };
    times.iter().zip(&contestants).map(|(time, (_, c))| outcome(time, c)).collect()
}
