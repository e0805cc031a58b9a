//! The dense singular value decompositions, with thin vectors and without.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lowrank::random::Uniform;
use lowrank::svd::{Info, Options, jacobi_unblocked, jacobi_unblocked_scratch_len, svd, svd_scratch_len};
use lowrank::{Error, MatMut, MatRef, Real};

type Routine<T> = fn(
    MatRef<'_, T>,
    &mut [T],
    Option<MatMut<'_, T>>,
    Option<MatMut<'_, T>>,
    &Options,
    &mut [T],
) -> Result<Info, Error>;

const SHAPES: [(usize, usize); 6] = [(3, 3), (8, 8), (32, 32), (128, 128), (256, 256), (4096, 64)];

fn shapes<T: Real>(c: &mut Criterion, name: &str, routine: Routine<T>, scratch_len: fn(usize, usize) -> usize) {
    let mut group = c.benchmark_group(name);
    for (m, n) in SHAPES {
        let mut uniform = Uniform::new(1);
        let a: Vec<T> = (0..m * n).map(|_| uniform.symmetric()).collect();
        let a = MatRef::col_major(&a, m, n).unwrap();
        let [mut s, mut u, mut v] = [n, m * n, n * n].map(|len| vec![T::ZERO; len]);
        let mut scratch = vec![T::ZERO; scratch_len(m, n)];
        let size = format!("{m}x{n}");
        group.bench_function(BenchmarkId::new("vectors", &size), |b| {
            b.iter(|| {
                let u = MatMut::col_major(&mut u, m, n).unwrap();
                let v = MatMut::col_major(&mut v, n, n).unwrap();
                routine(a, &mut s, Some(u), Some(v), &Options::new(), &mut scratch)
            })
        });
        group.bench_function(BenchmarkId::new("values", &size), |b| {
            b.iter(|| routine(a, &mut s, None, None, &Options::new(), &mut scratch))
        });
    }
    group.finish();
}

fn every_routine(c: &mut Criterion) {
    shapes::<f64>(c, "svd f64", svd, svd_scratch_len);
    shapes::<f32>(c, "svd f32", svd, svd_scratch_len);
    shapes::<f64>(c, "jacobi_unblocked f64", jacobi_unblocked, jacobi_unblocked_scratch_len);
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = every_routine
}
criterion_main!(benches);
