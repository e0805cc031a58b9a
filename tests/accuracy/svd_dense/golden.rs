//! The bits that `Kernels::Reproducible` gives on every machine, recorded as hashes.
//!
//! A change of a method's arithmetic changes its hash: record the new one, and say so in the changelog.

use super::{Job, Method, Setting, methods};
use crate::matrices::{Sparse, nonnegative, random};
use crate::svd_truncated;
use lowrank::kernel::{Execution, Kernels};
use lowrank::operator::Dense;
use lowrank::svd::truncated::Options;
use lowrank::{MatRef, Real};

const EXECUTION: Execution = Execution::new().kernels(Kernels::Reproducible);

/// Between them they take every way through the dense methods.
const SHAPES: [(usize, usize); 12] =
    [(1, 1), (2, 2), (3, 3), (4, 5), (8, 8), (16, 16), (30, 12), (33, 33), (40, 70), (700, 20), (130, 130), (1133, 90)];

/// With the wider blocks of reflectors, which matrices beyond the cache have, and a divided bidiagonal of many levels.
const LARGE: (usize, usize) = (530, 515);

/// FNV-1a over the bits of the numbers.
fn hash<'a>(numbers: impl IntoIterator<Item = &'a f64>) -> u64 {
    let bytes = numbers.into_iter().flat_map(|x| x.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn dense<T: Real>(method: &Method<T>, shapes: &[(usize, usize)]) -> u64 {
    let method = Method { options: method.options.execution(EXECUTION), ..*method };
    let run = |&(m, n): &(usize, usize)| {
        let a = random(m, n, (1000 * m + n) as u64).rounded::<T>();
        let svd = method.run(&a, &Setting::plain(Job::THIN)).unwrap();
        [svd.s, svd.u.unwrap().data, svd.v.unwrap().data].concat()
    };
    hash(&shapes.iter().flat_map(run).collect::<Vec<_>>())
}

/// The truncated decomposition of dense and CSR matrices, by A and by its Gram matrix.
fn truncated<T: Real>() -> u64 {
    let options = Options::new().seed(2026).execution(EXECUTION);
    let run = |(m, n): (usize, usize)| {
        let a = nonnegative(m, n, 0.5, (1000 * m + n) as u64);
        let (data, sparse): (Vec<T>, _) = (a.cast(), Sparse::<T>::of(&a));
        let dense = Dense::new(MatRef::row_major(&data, m, n).unwrap()).execution(EXECUTION);
        let dense = svd_truncated::run(&dense, 4, &options, T::ZERO).unwrap();
        let sparse = svd_truncated::run(&sparse.csr().execution(EXECUTION), 4, &options, T::ZERO).unwrap();
        [dense, sparse].map(|svd| [svd.s, svd.u.data, svd.v.data].concat()).concat()
    };
    hash(&[(12, 9), (200, 30), (60, 70), (150, 120)].map(run).concat())
}

fn check<T: Real>(expected: &[(&str, u64)]) {
    let methods = methods::<T>();
    let mut found: Vec<_> = methods.iter().map(|method| (method.name, dense(method, &SHAPES))).collect();
    found.push(("svd_large", dense(&methods[0], &[LARGE])));
    found.push(("truncated", truncated::<T>()));
    assert!(found == expected, "{found:#x?}");
}

#[test]
fn bits_in_f64() {
    check::<f64>(&[
        ("svd", 0xb82f_d77a_c5c4_9b6a),
        ("jacobi", 0x4cfd_3498_6d54_4375),
        ("jacobi_unblocked", 0xf23e_1cc2_87ed_4ade),
        ("golub_kahan", 0x0360_c50b_4d2b_53ae),
        ("golub_kahan_in_place", 0x6855_f525_d444_abef),
        ("svd_large", 0x2004_8b5e_dc1f_4b09),
        ("truncated", 0x1c8a_d31f_6108_4c31),
    ]);
}

#[test]
fn bits_in_f32() {
    check::<f32>(&[
        ("svd", 0xba52_88ac_e42d_9819),
        ("jacobi", 0x54d9_f128_0e37_7e9b),
        ("jacobi_unblocked", 0xa8c0_b9d2_a139_029d),
        ("golub_kahan", 0x84f1_fd22_721c_53f8),
        ("golub_kahan_in_place", 0x9d70_6f17_48bb_8680),
        ("svd_large", 0x3eb2_ea9e_1241_cd6c),
        ("truncated", 0x1451_d7dc_f951_99b8),
    ]);
}
