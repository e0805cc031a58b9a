//! Matrix products by this crate's kernels and, with their features, by matrixmultiply, here without its AVX-512, which the
//! race in `peers` cannot turn off, and by OpenBLAS, on as many threads as `OPENBLAS_NUM_THREADS` says.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lowrank::kernel::{Backend, Execution, gemm, gemm_scratch_len};
use lowrank::random::Uniform;
use lowrank::{MatMut, MatRef, Real};

/// `m, k, n`
const SHAPES: [[usize; 3]; 9] = [
    [4, 4, 4],
    [16, 16, 16],
    [64, 64, 64],
    [256, 256, 256],
    [1024, 1024, 1024],
    [20000, 32, 32],
    [3000, 64, 768],
    [768, 3000, 64],
    [32, 20000, 32],
];

const BACKENDS: &[Backend] = &[
    Backend::Own,
    #[cfg(feature = "matrixmultiply")]
    Backend::MatrixMultiply,
    #[cfg(feature = "openblas")]
    Backend::OpenBlas,
];

fn shapes<T: Real>(c: &mut Criterion, name: &str) {
    let mut group = c.benchmark_group(name);
    for [m, k, n] in SHAPES {
        let mut uniform = Uniform::new(1);
        let mut random = |len: usize| -> Vec<T> { (0..len).map(|_| uniform.symmetric()).collect() };
        let (a, b, mut c) = (random(m * k), random(k * n), random(m * n));
        let (a, b) = (MatRef::col_major(&a, m, k).unwrap(), MatRef::col_major(&b, k, n).unwrap());
        let mut scratch = vec![T::ZERO; gemm_scratch_len(m, n, k)];
        group.throughput(Throughput::Elements(2 * (m * k * n) as u64));
        for &backend in BACKENDS {
            let execution = Execution::new().backend(backend);
            group.bench_function(BenchmarkId::new(format!("{backend:?}"), format!("{m}x{k}x{n}")), |bench| {
                bench.iter(|| {
                    let c = MatMut::col_major(&mut c, m, n).unwrap();
                    gemm(T::ONE, a, b, T::ZERO, c, execution, &mut scratch)
                })
            });
        }
    }
    group.finish();
}

fn both_types(c: &mut Criterion) {
    shapes::<f64>(c, "gemm f64");
    shapes::<f32>(c, "gemm f32");
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = both_types
}
criterion_main!(benches);
