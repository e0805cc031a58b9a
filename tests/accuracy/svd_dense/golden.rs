//! The bits that `Kernels::Reproducible` gives on every machine, recorded as hashes.
//!
//! A change of a method's arithmetic changes its hash: record the new one, and say so in the changelog.

use super::{Job, Method, Setting, Svd, methods};
use crate::matrices::random;
use lowrank::Real;
use lowrank::kernel::{Execution, Kernels};

/// FNV-1a over the bits of the numbers.
fn hash(decompositions: &[Svd]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for svd in decompositions {
        let vectors = [&svd.u, &svd.v].into_iter().flatten().flat_map(|q| &q.data);
        for byte in svd.s.iter().chain(vectors).flat_map(|x| x.to_bits().to_le_bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

/// Of matrices that between them take every way through the method.
fn of_method<T: Real>(method: Method<T>) -> u64 {
    let options = method.options.execution(Execution::new().kernels(Kernels::Reproducible));
    let method = Method { options, ..method };
    let shapes =
        [(1, 1), (2, 2), (3, 3), (4, 5), (8, 8), (16, 16), (30, 12), (33, 33), (40, 70), (700, 20), (130, 130)];
    let run = |(m, n): (usize, usize)| {
        let a = random(m, n, (1000 * m + n) as u64).rounded::<T>();
        method.run(&a, &Setting::plain(Job::THIN)).unwrap()
    };
    hash(&shapes.map(run))
}

fn check<T: Real>(expected: &[(&str, u64)]) {
    let found: Vec<_> = methods::<T>().into_iter().map(|method| (method.name, of_method(method))).collect();
    assert!(found == expected, "{found:#x?}");
}

#[test]
fn bits_in_f64() {
    check::<f64>(&[
        ("svd", 0x31af_2080_fc02_ece5),
        ("jacobi", 0xbb36_ea4a_92f1_d158),
        ("jacobi_unblocked", 0x3995_d509_b2c8_b18c),
        ("golub_kahan", 0xb2aa_c6c0_ad98_fbb8),
        ("golub_kahan_in_place", 0x12a5_cc9e_d96c_a160),
    ]);
}

#[test]
fn bits_in_f32() {
    check::<f32>(&[
        ("svd", 0x19fe_0324_b029_a8d2),
        ("jacobi", 0xa245_bf47_09cb_a94e),
        ("jacobi_unblocked", 0x56d7_5c48_a7ad_2b0d),
        ("golub_kahan", 0x7cbd_62c0_3586_c927),
        ("golub_kahan_in_place", 0xeaca_7703_7016_a51b),
    ]);
}
