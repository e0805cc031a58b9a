//! The singular value decompositions, with thin vectors and without.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lowrank::random::Uniform;
use lowrank::svd::{self, InPlace, Info, Options, Order};
use lowrank::{Error, MatMut, MatRef, Real};

type Routine<T> = fn(
    MatRef<'_, T>,
    &mut [T],
    Option<MatMut<'_, T>>,
    Option<MatMut<'_, T>>,
    &Options,
    &mut [T],
) -> Result<Info, Error>;

/// A routine and the shapes it is measured at.
struct Case<T> {
    name: &'static str,
    routine: Routine<T>,
    scratch_len: fn(usize, usize) -> usize,
    shapes: &'static [(usize, usize)],
    /// Whether it has a way to the values alone.
    values: bool,
}

fn cases<T: Real>() -> [Case<T>; 6] {
    const JACOBI: &[(usize, usize)] = &[(16, 16), (64, 64), (256, 256)];
    let case = |name, routine, scratch_len, shapes| Case { name, routine, scratch_len, shapes, values: true };
    [
        case(
            "svd",
            svd::svd,
            svd::svd_scratch_len,
            &[(2, 2), (3, 3), (8, 8), (16, 16), (32, 32), (128, 128), (512, 512), (20000, 32)],
        ),
        // Above 16 columns `svd` is this.
        case("golub_kahan", svd::golub_kahan, svd::golub_kahan_scratch_len, &[(8, 8), (16, 16), (4096, 64)]),
        case("golub_kahan_in_place", in_place, in_place_scratch_len, &[(8, 8), (32, 32), (128, 128)]),
        case("jacobi", svd::jacobi, svd::jacobi_scratch_len, JACOBI),
        case("jacobi_unblocked", svd::jacobi_unblocked, svd::jacobi_unblocked_scratch_len, &[(3, 3), (8, 8), (16, 16)]),
        Case { values: false, ..case("jacobi_warm", warm, svd::jacobi_warm_scratch_len, JACOBI) },
    ]
}

/// On a copy of A, which is U where that is asked for.
fn in_place<T: Real>(
    a: MatRef<'_, T>,
    s: &mut [T],
    u: Option<MatMut<'_, T>>,
    v: Option<MatMut<'_, T>>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    let (m, n) = a.shape();
    let (copy, scratch) = scratch.split_at_mut(m * n);
    let result = if u.is_some() { InPlace::Vectors } else { InPlace::Nothing };
    let mut copy = u.map_or_else(|| MatMut::col_major(copy, m, n), Ok)?;
    for j in 0..n {
        (0..m).for_each(|i| *copy.get_mut(i, j).unwrap() = a.get(i, j).unwrap());
    }
    svd::golub_kahan_in_place(copy, s, result, v, options, scratch)
}

fn in_place_scratch_len(m: usize, n: usize) -> usize {
    m * n + svd::golub_kahan_in_place_scratch_len(m, n)
}

/// From the V that is there.
fn warm<T: Real>(
    a: MatRef<'_, T>,
    s: &mut [T],
    u: Option<MatMut<'_, T>>,
    v: Option<MatMut<'_, T>>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    svd::jacobi_warm(a, s, u, v.expect("V is read too"), options, scratch)
}

fn one_matrix<T: Real>(c: &mut Criterion, number: &str) {
    for Case { name, routine, scratch_len, shapes, values } in cases::<T>() {
        let mut group = c.benchmark_group(format!("{name} {number}"));
        for &(m, n) in shapes {
            // Two similar matrices in turn, as a loop that tracks one has them.
            let mut uniform = Uniform::new(1);
            let first: Vec<T> = (0..m * n).map(|_| uniform.symmetric()).collect();
            let second: Vec<T> = first.iter().map(|x| *x + T::from_f64(1e-3) * uniform.symmetric()).collect();
            let mut matrices = [&first, &second].map(|a| MatRef::col_major(a, m, n).unwrap());
            let [mut s, mut u, mut v] = [n, m * n, n * n].map(|len| vec![T::ZERO; len]);
            let mut scratch = vec![T::ZERO; scratch_len(m, n)];
            for vectors in [true, false].into_iter().take(if values { 2 } else { 1 }) {
                let job = if vectors { "vectors" } else { "values" };
                group.bench_function(BenchmarkId::new(job, format!("{m}x{n}")), |bench| {
                    bench.iter(|| {
                        matrices.swap(0, 1);
                        let u = vectors.then(|| MatMut::col_major(&mut u, m, n).unwrap());
                        let v = vectors.then(|| MatMut::col_major(&mut v, n, n).unwrap());
                        routine(matrices[0], &mut s, u, v, &Options::new(), &mut scratch).unwrap()
                    })
                });
            }
        }
        group.finish();
    }
}

fn batch<T: Real>(c: &mut Criterion, number: &str) {
    const COUNT: usize = 1000;
    let mut group = c.benchmark_group(format!("batch {number}"));
    group.throughput(Throughput::Elements(COUNT as u64));
    for n in [2, 3, 4, 6] {
        let mut uniform = Uniform::new(1);
        let a: Vec<T> = (0..COUNT * n * n).map(|_| uniform.symmetric()).collect();
        let a = MatRef::row_major(&a, COUNT, n * n).unwrap();
        let [mut s, mut u, mut v] = [n, n * n, n * n].map(|len| vec![T::ZERO; COUNT * len]);
        for (job, vectors) in [("vectors", true), ("values", false)] {
            group.bench_function(BenchmarkId::new(job, format!("{n}x{n}")), |bench| {
                bench.iter(|| {
                    let s = MatMut::row_major(&mut s, COUNT, n).unwrap();
                    let u = vectors.then(|| MatMut::row_major(&mut u, COUNT, n * n).unwrap());
                    let v = vectors.then(|| MatMut::row_major(&mut v, COUNT, n * n).unwrap());
                    svd::batch(a, (n, n), Order::ColMajor, s, u, v, &Options::new()).unwrap()
                })
            });
        }
    }
    group.finish();
}

/// A matrix of rank one must cost no more than a random one, though rounding errors are all that is left of it.
fn rank_one<T: Real>(c: &mut Criterion, number: &str) {
    const N: usize = 2000;
    let mut group = c.benchmark_group(format!("svd {number}, {N}x{N}"));
    let mut uniform = Uniform::new(1);
    let random: Vec<T> = (0..N * N).map(|_| uniform.symmetric()).collect();
    let [mut s, mut u, mut v] = [N, N * N, N * N].map(|len| vec![T::ZERO; len]);
    let mut scratch = vec![T::ZERO; svd::svd_scratch_len(N, N)];
    for (name, a) in [("random", random), ("ones", vec![T::ONE; N * N])] {
        let a = MatRef::col_major(&a, N, N).unwrap();
        group.bench_function(name, |bench| {
            bench.iter(|| {
                let (u, v) = (MatMut::col_major(&mut u, N, N).unwrap(), MatMut::col_major(&mut v, N, N).unwrap());
                svd::svd(a, &mut s, Some(u), Some(v), &Options::new(), &mut scratch).unwrap()
            })
        });
    }
    group.finish();
}

fn both_types(c: &mut Criterion) {
    one_matrix::<f64>(c, "f64");
    batch::<f64>(c, "f64");
    rank_one::<f64>(c, "f64");
    one_matrix::<f32>(c, "f32");
    batch::<f32>(c, "f32");
    rank_one::<f32>(c, "f32");
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = both_types
}
criterion_main!(benches);
