//! The race of `Kernels::Best` with `Kernels::Reproducible`, which fuse nothing and give the same bits on every machine.

use std::time::Duration;

use clap::Args;
use lowrank::kernel::{Execution, Kernels, name};
use lowrank::svd;

use crate::contestants::{Problem, Products, Scalar, lowrank as ours, random};
use crate::race::best_times;
use crate::{Common, machine, table};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
}

const KERNELS: [Kernels; 2] = [Kernels::Best, Kernels::Reproducible];

/// Products of square matrices, and decompositions of `m x n`.
const PRODUCTS: [usize; 3] = [8, 64, 1024];
const DECOMPOSITIONS: [(usize, usize); 7] =
    [(3, 3), (8, 8), (32, 32), (128, 128), (512, 512), (3000, 768), (20000, 32)];

/// About so many numbers are processed in a pass.
const NUMBERS: usize = 1 << 15;

pub fn run(arguments: &Arguments) {
    machine::describe();
    println!("the best kernels: {}", name());
    let Common { f32, f64, .. } = arguments.common;
    if f64 || !f32 {
        print::<f64>(&arguments.common);
    }
    if f32 || !f64 {
        print::<f32>(&arguments.common);
    }
}

fn print<T: Scalar>(common: &Common) {
    common.title(&format!("{}, 1 thread: {}, ms", T::NAME, common.clock()));
    let header = ["", "Best", "Reproducible", "Reproducible / Best"].map(str::to_owned);
    let line = |name: String, [best, reproducible]: [f64; 2]| {
        let cells = [1e3 * best, 1e3 * reproducible, reproducible / best].map(table::digits);
        [name].into_iter().chain(cells).collect::<Vec<_>>()
    };
    let products = PRODUCTS.map(|n| line(format!("gemm {n}"), product::<T>(n, common)));
    let decompositions = DECOMPOSITIONS.map(|(m, n)| line(format!("svd {m} x {n}"), decomposition::<T>(m, n, common)));
    table::progress("");
    table::print(&header, &[&products[..], &decompositions[..]].concat(), common.markdown);
}

fn product<T: Scalar>(n: usize, common: &Common) -> [f64; 2] {
    table::progress(&format!("gemm {n}"));
    let count = NUMBERS.div_ceil(n * n);
    let shape = Products { transposed: false, gram: false, m: n, k: n, n, count };
    let (a, b) = (random::<T>(n * n * count, 1), random::<T>(n * n * count, 2));
    let mut contestants = KERNELS.map(|kernels| {
        let product = ours::product::<T>(&shape, Execution::new().kernels(kernels));
        (product, vec![T::ZERO; n * n])
    });
    let mut passes = contestants.each_mut().map(|(product, c)| {
        let factors = || a.chunks_exact(n * n).zip(b.chunks_exact(n * n));
        move || factors().for_each(|(a, b)| product.run(a, b, c))
    });
    times(&mut passes, common, count)
}

fn decomposition<T: Scalar>(m: usize, n: usize, common: &Common) -> [f64; 2] {
    table::progress(&format!("svd {m} x {n}"));
    let problem = Problem { m, n, count: NUMBERS.div_ceil(m * n), vectors: true, threads: 1 };
    let matrices = random::<T>(m * n * problem.count, 1);
    let mut contestants = KERNELS.map(|kernels| ours::each(&problem, svd::svd::<T>, svd::svd_scratch_len, kernels));
    let mut passes = contestants.each_mut().map(|svd| || svd.run(&matrices));
    times(&mut passes, common, problem.count)
}

/// Seconds for one of `count`.
fn times(passes: &mut [impl FnMut(); 2], common: &Common, count: usize) -> [f64; 2] {
    let times = best_times(passes, &common.limits(Duration::ZERO));
    [times[0] / count as f64, times[1] / count as f64]
}
