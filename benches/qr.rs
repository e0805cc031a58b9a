//! QR factorization with and without column pivoting, Q and R thin.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lowrank::kernel::Execution;
use lowrank::qr::{Vectors, qr, qr_pivoted, qr_scratch_len};
use lowrank::random::Uniform;
use lowrank::{MatMut, MatRef};

const SHAPES: [(usize, usize); 5] = [(4, 4), (32, 32), (128, 128), (512, 512), (4096, 64)];

fn shapes(c: &mut Criterion) {
    let mut group = c.benchmark_group("qr f64");
    for (m, n) in SHAPES {
        let mut uniform = Uniform::new(1);
        let a: Vec<f64> = (0..m * n).map(|_| uniform.symmetric()).collect();
        let a = MatRef::col_major(&a, m, n).unwrap();
        let (mut q, mut r) = (vec![0.0; m * n], vec![0.0; n * n]);
        let (mut pivots, mut scratch) = (vec![0; n], vec![0.0; qr_scratch_len(m, n)]);
        let size = format!("{m}x{n}");
        group.bench_function(BenchmarkId::new("plain", &size), |b| {
            b.iter(|| {
                let q = MatMut::col_major(&mut q, m, n).unwrap();
                let r = MatMut::col_major(&mut r, n, n).unwrap();
                qr(a, Vectors::Thin, Some(q), Some(r), Execution::new(), &mut scratch)
            })
        });
        group.bench_function(BenchmarkId::new("pivoted", &size), |b| {
            b.iter(|| {
                let q = MatMut::col_major(&mut q, m, n).unwrap();
                let r = MatMut::col_major(&mut r, n, n).unwrap();
                qr_pivoted(a, Vectors::Thin, Some(q), Some(r), &mut pivots, Execution::new(), &mut scratch)
            })
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = shapes
}
criterion_main!(benches);
