//! The number of threads does not change a bit.

use super::matrices::{Sparse, nonnegative, random};
use super::measures::Matrix;
use lowrank::kernel::{Backend, Execution, Parallelism};
use lowrank::nmf::divergence;
use lowrank::operator::{Dense, Entries, LinearOperator, Transposed};
use lowrank::svd::{self, truncated};
use lowrank::{MatMut, MatRef, measures, nmf, snmf};
use std::ops::ControlFlow;

/// Runs `work` in pools of one, two and three threads.
fn same_in_every_pool<R: PartialEq + Send>(name: &str, work: impl Fn() -> R + Sync) -> R {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let one = pool(1).install(&work);
    for threads in [2, 3] {
        assert!(pool(threads).install(&work) == one, "{name}: {threads} threads");
    }
    one
}

fn executions() -> Vec<Execution> {
    let rayon = Execution::new().parallelism(Parallelism::Rayon);
    vec![
        rayon,
        #[cfg(feature = "matrixmultiply")]
        rayon.backend(Backend::MatrixMultiply),
        #[cfg(feature = "openblas")]
        rayon.backend(Backend::OpenBlas),
    ]
}

/// Whether bits depend on nothing but the input. Those of OpenBLAS depend on the cut into tasks, and on strides.
fn one_way(execution: Execution) -> bool {
    #[cfg(feature = "openblas")]
    if execution.backend == Backend::OpenBlas {
        return false;
    }
    true
}

fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|x| x.to_bits()).collect()
}

fn svd_bits(a: &(impl LinearOperator<f32> + Sync), execution: Execution) -> Vec<u32> {
    let (m, n, k) = (a.rows(), a.cols(), 6);
    let options = truncated::Options::new().oversample(4).tolerance(0.0).max_passes(3).execution(execution);
    let (mut s, mut u, mut v) = (vec![0.0; k], vec![0.0; m * k], vec![0.0; n * k]);
    let mut scratch = vec![f32::NAN; svd::truncated_scratch_len(a, k, &options)];
    let (left, right) = (MatMut::row_major(&mut u, m, k).unwrap(), MatMut::row_major(&mut v, n, k).unwrap());
    svd::truncated(a, &mut s, Some(left), Some(right), &options, &mut scratch, |_| ControlFlow::Continue(())).unwrap();
    [bits(&s), bits(&u), bits(&v)].concat()
}

fn nmf_bits(x: &(impl LinearOperator<f32> + Sync), execution: Execution, solver: Option<nmf::Solver>) -> Vec<u32> {
    let (m, n, k) = (x.rows(), x.cols(), 12);
    let (mut w, mut h) = (nonnegative(m, k, 0.0, 161).cast::<f32>(), nonnegative(k, n, 0.0, 162).cast::<f32>());
    let len = if solver.is_some() { nmf::scratch_len(x, k) } else { snmf::scratch_len(x, k) };
    let mut memory = vec![f32::NAN; len];
    let (left, right) = (MatMut::row_major(&mut w, m, k).unwrap(), MatMut::row_major(&mut h, k, n).unwrap());
    let go_on = |_: &nmf::Progress| ControlFlow::Continue(());
    let info = match solver {
        Some(solver) => {
            let options = nmf::Options::new().solver(solver).max_iterations(3).execution(execution);
            nmf::factorize(x, left, right, &options, &mut memory, go_on)
        }
        None => {
            let options = snmf::Options::new().max_iterations(2).execution(execution);
            snmf::factorize(x, left, right, &options, &mut memory, go_on)
        }
    };
    let error = info.unwrap().progress.relative_error.to_bits();
    [bits(&w), bits(&h), vec![(error >> 32) as u32, error as u32]].concat()
}

fn everything(x: &(impl LinearOperator<f32> + Sync), execution: Execution) -> Vec<Vec<u32>> {
    let solvers = [Some(nmf::Solver::Hals), Some(nmf::Solver::Multiplicative), None];
    let mut results: Vec<_> = solvers.into_iter().map(|solver| nmf_bits(x, execution, solver)).collect();
    results.push(svd_bits(x, execution));
    results.push(start_and_transform_bits(x, execution));
    results
}

/// NNDSVD, and the factors of X for the other factor of that.
fn start_and_transform_bits(x: &(impl LinearOperator<f32> + Sync), execution: Execution) -> Vec<u32> {
    let (m, n, k) = (x.rows(), x.cols(), 12);
    let (mut w, mut h, mut f, mut g) = (vec![0.0; m * k], vec![0.0; k * n], vec![0.0; m * k], vec![0.0; k * n]);
    let truncated = truncated::Options::new().execution(execution);
    let lengths = [
        nmf::nndsvd_scratch_len(x, k, &truncated),
        nmf::transform_scratch_len(x, k),
        snmf::transform_rows_scratch_len(x, k),
        snmf::transform_columns_scratch_len(x, k),
    ];
    let mut scratch = vec![f32::NAN; lengths.into_iter().max().unwrap()];
    let views = (MatMut::row_major(&mut w, m, k).unwrap(), MatMut::row_major(&mut h, k, n).unwrap());
    nmf::nndsvd(x, views.0, views.1, nmf::Fill::Part(0.1), &truncated, &mut scratch).unwrap();
    let start = [bits(&w), bits(&h)].concat();
    let (right, options) = (MatRef::row_major(&h, k, n).unwrap(), nmf::Options::new().execution(execution));
    nmf::transform(x, right, MatMut::row_major(&mut w, m, k).unwrap(), &options, &mut scratch).unwrap();
    let options = snmf::Options::new().execution(execution);
    snmf::transform_rows(x, right, MatMut::row_major(&mut f, m, k).unwrap(), &options, &mut scratch).unwrap();
    let left = MatRef::row_major(&f, m, k).unwrap();
    snmf::transform_columns(x, left, MatMut::row_major(&mut g, k, n).unwrap(), &options, &mut scratch).unwrap();
    [start, bits(&w), bits(&f), bits(&g)].concat()
}

#[test]
fn divergences_have_the_same_bits_in_every_pool() {
    let x = nonnegative(700, 300, 0.9, 167);
    let (sparse, all) = (Sparse::<f32>::of(&x), x.cast::<f32>());
    let (k, dense) = (12, Dense::new(MatRef::row_major(&all, 700, 300).unwrap()));
    fn run<X: Entries<f32>>(x: &X, k: usize, beta: f64, execution: Execution) -> Vec<u32> {
        let (m, n) = (x.rows(), x.cols());
        let (mut w, mut h) = (nonnegative(m, k, 0.0, 168).cast::<f32>(), nonnegative(k, n, 0.0, 169).cast::<f32>());
        let mut memory = vec![f32::NAN; divergence::scratch_len(x, k)];
        let (left, right) = (MatMut::row_major(&mut w, m, k).unwrap(), MatMut::row_major(&mut h, k, n).unwrap());
        let options = divergence::Options::new(beta).max_iterations(3).execution(execution);
        divergence::factorize(x, left, right, &options, &mut memory, |_| ControlFlow::Continue(())).unwrap();
        [bits(&w), bits(&h)].concat()
    }
    for execution in executions() {
        let one = execution.parallelism(Parallelism::One);
        for beta in [0.5, 1.0, 2.0] {
            let pooled = same_in_every_pool("dense", || run(&dense.execution(execution), k, beta, execution));
            if execution.backend == Backend::Own {
                assert!(pooled == run(&dense, k, beta, one), "beta {beta}");
            }
            let pooled = same_in_every_pool("CSR", || run(&sparse.csr().execution(execution), k, beta, execution));
            if execution.backend == Backend::Own {
                assert!(pooled == run(&sparse.csr(), k, beta, one), "CSR, beta {beta}");
            }
        }
    }
}

fn matrix(rows: usize, cols: usize, zeros: f64) -> Matrix {
    nonnegative(rows, cols, zeros, 163)
}

/// Large enough that products are cut into parallel tasks: 10 vectors of the SVD, 12 of NMF, or the Gram matrix.
#[test]
fn dense_factorizations_have_the_same_bits_in_every_pool() {
    for (m, n) in [(1100, 220), (210, 1100)] {
        let a = matrix(m, n, 0.0).cast::<f32>();
        for execution in executions() {
            let dense = Dense::new(MatRef::row_major(&a, m, n).unwrap()).execution(execution);
            let name = format!("dense {m} x {n}, {execution:?}");
            let rayon = same_in_every_pool(&name, || everything(&dense, execution));
            // Our own products are also the same as on the caller's thread.
            if execution.backend == Backend::Own {
                assert!(
                    rayon == everything(&dense.execution(Execution::new()), Execution::new()),
                    "{name}: one thread"
                );
            }
        }
    }
}

#[test]
fn sparse_factorizations_have_the_same_bits_in_every_pool() {
    let sparse = Sparse::<f32>::of(&matrix(700, 300, 0.95));
    let rayon = Execution::new().parallelism(Parallelism::Rayon);
    let (csr, single) = (sparse.csr().execution(rayon), sparse.csr());
    let results = same_in_every_pool("CSR", || everything(&csr, rayon));
    assert!(results == everything(&single, Execution::new()));
    let (mut starts, mut columns, mut values) = sparse.room();
    let with = csr.with_transpose(&mut starts, &mut columns, &mut values).unwrap();
    assert!(results == same_in_every_pool("CSR with its transpose", || everything(&with, rayon)));
    let results = same_in_every_pool("transposed CSR", || everything(&Transposed(&csr), rayon));
    assert!(results == everything(&Transposed(&single), Execution::new()));
    // One product with A A^T, or two products.
    assert!(results == same_in_every_pool("transposed both", || everything(&Transposed(&with), rayon)));
}

/// Least squares, a pseudo-inverse, a polar factor, Procrustes and the measures, of a size that is worth a second
/// thread.
#[test]
fn what_builds_on_the_dense_svd_is_the_same_bits_on_any_number_of_threads() {
    let (m, n, count) = (700, 100, 80);
    let (a, b) = (random(m, n, 165).cast::<f32>(), random(m, n, 166).cast::<f32>());
    let (a, b) = (MatRef::row_major(&a, m, n).unwrap(), MatRef::row_major(&b, m, n).unwrap());
    let everything = |execution: Execution| {
        let dense = svd::Options::new().execution(execution);
        let options = svd::solve::Options::new().svd(dense);
        let (mut x, mut norms, mut inverse) = (vec![0.0; n * count], vec![0.0; count], vec![0.0; n * m]);
        let (mut w, mut p, mut q) = (vec![0.0; m * n], vec![0.0; n * n], vec![0.0; n * n]);
        let lengths = [
            svd::least_squares_scratch_len(m, n, count),
            svd::pinv_scratch_len(m, n),
            svd::polar_scratch_len(m, n),
            svd::procrustes_scratch_len(m, n),
            measures::residual_scratch_len(m, n, n),
        ];
        let mut scratch = vec![f32::NAN; lengths.into_iter().max().unwrap()];
        let right = b.submatrix(0, 0, m, count);
        let view = MatMut::row_major(&mut x, n, count).unwrap();
        svd::least_squares(a, right, view, Some(&mut norms), &options, &mut scratch).unwrap();
        svd::pinv(a, MatMut::row_major(&mut inverse, n, m).unwrap(), &options, &mut scratch).unwrap();
        let (left, right) = (MatMut::row_major(&mut w, m, n).unwrap(), MatMut::row_major(&mut p, n, n).unwrap());
        svd::polar(a, Some(left), Some(right), &dense, &mut scratch).unwrap();
        svd::procrustes(a, b, MatMut::row_major(&mut q, n, n).unwrap(), &dense, &mut scratch).unwrap();
        let (left, right) = (MatRef::row_major(&w, m, n).unwrap(), MatRef::row_major(&p, n, n).unwrap());
        let ratios = [
            measures::orthonormality(left, execution, &mut scratch).unwrap(),
            measures::residual(a, left, &vec![1.0; n], right, execution, &mut scratch).unwrap(),
        ];
        assert!(ratios.iter().all(|ratio| *ratio < 8.0), "{ratios:?}");
        let results = [&x, &norms, &inverse, &w, &p, &q].map(|x| bits(x)).concat();
        (results, ratios.map(f64::to_bits))
    };
    for execution in executions() {
        let pooled = same_in_every_pool("uses of the svd", || everything(execution));
        if one_way(execution) {
            assert!(pooled == everything(execution.parallelism(Parallelism::One)), "{execution:?}");
        }
    }
}

/// With both vectors, and the values alone.
fn dense_bits(a: &[f32], (m, n): (usize, usize), execution: Execution) -> Vec<Vec<u32>> {
    let options = svd::Options::new().execution(execution);
    let a = MatRef::row_major(a, m, n).unwrap();
    let (mut s, mut u, mut v, mut alone) = (vec![0.0; n], vec![0.0; m * n], vec![0.0; n * n], vec![0.0; n]);
    let mut scratch = vec![f32::NAN; svd::golub_kahan_scratch_len(m, n)];
    let (left, right) = (MatMut::row_major(&mut u, m, n).unwrap(), MatMut::row_major(&mut v, n, n).unwrap());
    svd::golub_kahan(a, &mut s, Some(left), Some(right), &options, &mut scratch).unwrap();
    svd::golub_kahan(a, &mut alone, None, None, &options, &mut scratch).unwrap();
    [s, u, v, alone].iter().map(|x| bits(x)).collect()
}

/// Jacobi, and a second run of it from the vectors of the first.
fn jacobi_bits(a: &[f32], (m, n): (usize, usize), execution: Execution) -> Vec<Vec<u32>> {
    let options = svd::Options::new().execution(execution);
    let a = MatRef::row_major(a, m, n).unwrap();
    let (mut s, mut u, mut v) = (vec![0.0; n], vec![0.0; m * n], vec![0.0; n * n]);
    let mut scratch = vec![f32::NAN; svd::jacobi_warm_scratch_len(m, n)];
    let mut bits_of = |warm: bool| {
        let (left, right) = (MatMut::row_major(&mut u, m, n).unwrap(), MatMut::row_major(&mut v, n, n).unwrap());
        let info = if warm {
            svd::jacobi_warm(a, &mut s, Some(left), right, &options, &mut scratch)
        } else {
            svd::jacobi(a, &mut s, Some(left), Some(right), &options, &mut scratch)
        };
        [vec![info.unwrap().sweeps as u32], bits(&s), bits(&u), bits(&v)].concat()
    };
    vec![bits_of(false), bits_of(true)]
}

#[test]
fn jacobi_cold_and_warm() {
    // Large enough for products on more than one thread.
    for (m, n) in [(190, 180), (900, 120)] {
        let a: Vec<f32> = random(m, n, 172).cast();
        for execution in executions() {
            let in_pools = same_in_every_pool("jacobi", || jacobi_bits(&a, (m, n), execution));
            if one_way(execution) {
                assert!(in_pools == jacobi_bits(&a, (m, n), execution.parallelism(Parallelism::One)), "{execution:?}");
            }
            assert!(in_pools[0][0] > in_pools[1][0], "the second run starts warm");
        }
    }
}

#[test]
fn the_dense_decomposition() {
    // Large enough for passes in parts, and for products on more than one thread; with a QR factorization and without.
    for (m, n) in [(420, 380), (900, 370)] {
        let a: Vec<f32> = random(m, n, 171).cast();
        for execution in executions() {
            let in_pools = same_in_every_pool("golub_kahan", || dense_bits(&a, (m, n), execution));
            if one_way(execution) {
                assert!(in_pools == dense_bits(&a, (m, n), execution.parallelism(Parallelism::One)), "{execution:?}");
                assert_eq!(in_pools[0], in_pools[3]);
            }
        }
    }
}
