//! The race of the matrix products.

use std::time::Duration;

use clap::Args;
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
}

/// A row of the table: an `m x k` by `k x n` product, whether the first factor lies there as its transpose, and the rate
/// of ours, divided by that of matrixmultiply, that is to be reached.
struct Row {
    transposed: bool,
    m: usize,
    k: usize,
    n: usize,
    goal: Option<f64>,
}

const fn row(m: usize, k: usize, n: usize, goal: Option<f64>) -> Row {
    Row { transposed: false, m, k, n, goal }
}

const fn transposed(n: usize) -> Row {
    Row { transposed: true, m: n, k: n, n, goal: Some(1.0) }
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

impl Row {
    fn name(&self) -> String {
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
fn entries<T: Scalar>() -> [Entry<T>; 3] {
    [
        Entry { name: "kernel::gemm", enter: ours::product },
        Entry { name: "matrixmultiply", enter: matrixmultiply::product },
        Entry { name: "OpenBLAS", enter: lapack::product },
    ]
}

pub fn run(arguments: &Arguments) {
    let rows = select(ROWS, Row::name, &arguments.rows, |asked, name| asked == name);
    peers_lapack::set_threads(1);
    machine::describe();
    let Common { f32, f64, .. } = arguments.common;
    if f64 || !f32 {
        print::<f64>(&rows, &arguments.common);
    }
    if f32 || !f64 {
        print::<f32>(&rows, &arguments.common);
    }
}

/// Runs the rows and prints their table.
fn print<T: Scalar>(rows: &[&Row], common: &Common) {
    common.title(&format!(
        "m x k by k x n, {}, 1 thread, {}: GFlop/s, and the ratio of the rates; t: A^T B, †: wrong",
        T::NAME,
        common.clock()
    ));
    let entries = entries::<T>();
    let mut header = vec!["m x k x n".to_owned()];
    header.extend(entries.iter().map(|entry| entry.name.to_owned()));
    header.extend(entries.iter().skip(1).map(|entry| format!("ours / {}", entry.name)));
    header.extend(["goal", "met?"].map(str::to_owned));
    let (mut lines, mut met, mut goals) = (Vec::new(), 0, 0);
    for row in rows {
        table::progress(&row.name());
        let rates = race(row, common, &entries);
        let ours = rates[0].rate;
        let mut line = vec![row.name()];
        line.extend(rates.iter().map(|outcome| outcome.show()));
        line.extend(rates.iter().skip(1).map(|peer| table::digits(ours / peer.rate)));
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
    println!("\n- {met} of {goals} goals met.");
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
    let shape = Products { transposed: row.transposed, m: row.m, k: row.k, n: row.n, count: row.count() };
    let Products { m, k, n, count, .. } = shape;
    let (a, b) = (random::<T>(m * k * count, 1), random::<T>(k * n * count, 2));
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

    let first = |a| if row.transposed { matrix(a, k, m).transpose() } else { matrix(a, m, k) };
    let exact: Vec<DMatrix<f64>> = (0..count).map(|i| first(&a[i * m * k..]) * matrix(&b[i * k * n..], k, n)).collect();
    let unit = k as f64 * T::EPSILON.to_f64();
    let error = |c: &[T]| {
        let products = exact.iter().enumerate().map(|(i, exact)| (exact - matrix(&c[i * m * n..], m, n)).amax() / unit);
        products.fold(0.0, worse)
    };
    let flops = 2.0 * (m * k * n * count) as f64;
    let outcome = |time: &f64, c: &[T]| Outcome { rate: flops / time * 1e-9, ratio: error(c) };
    times.iter().zip(&contestants).map(|(time, (_, c))| outcome(time, c)).collect()
}
