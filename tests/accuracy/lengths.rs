//! Lengths of scratch: monotone in every dimension, the largest number where they overflow, the same for every type.

use super::matrices::{Sparse, nonnegative};
use lowrank::kernel::{gemm_scratch_len, gram_scratch_len};
use lowrank::operator::{Dense, LinearOperator, Transposed};
use lowrank::svd::truncated::{Options, state_len};
use lowrank::{MatRef, measures, nmf, qr, snmf, svd};
use proptest::prelude::*;

type Length = fn([usize; 4]) -> usize;

/// Every closed form, the number of dimensions that it has, and those that alone make it overflow.
const LENGTHS: [(&str, usize, &[usize], Length); 30] = [
    ("qr", 2, &[0, 1], |[m, n, ..]| qr::qr_scratch_len(m, n)),
    ("jacobi", 2, &[0, 1], |[m, n, ..]| svd::jacobi_scratch_len(m, n)),
    ("jacobi warm", 2, &[0, 1], |[m, n, ..]| svd::jacobi_warm_scratch_len(m, n)),
    ("jacobi unblocked", 2, &[0, 1], |[m, n, ..]| svd::jacobi_unblocked_scratch_len(m, n)),
    ("svd", 2, &[0, 1], |[m, n, ..]| svd::svd_scratch_len(m, n)),
    ("svd values", 2, &[0, 1], |[m, n, ..]| svd::svd_values_scratch_len(m, n)),
    ("golub kahan", 2, &[0, 1], |[m, n, ..]| svd::golub_kahan_scratch_len(m, n)),
    ("golub kahan values", 2, &[0, 1], |[m, n, ..]| svd::golub_kahan_values_scratch_len(m, n)),
    ("golub kahan in place", 2, &[0, 1], |[m, n, ..]| svd::golub_kahan_in_place_scratch_len(m, n)),
    ("state", 4, &[0], |[m, n, k, p]| state_len(m, n, k, p)),
    ("truncated", 4, &[], |[m, n, k, p]| svd::truncated_dense_scratch_len::<f32>(m, n, k, p)),
    ("rank", 2, &[0, 1], |[m, n, ..]| svd::rank_scratch_len(m, n)),
    ("condition number", 2, &[0, 1], |[m, n, ..]| svd::condition_number_scratch_len(m, n)),
    ("pinv", 2, &[0, 1], |[m, n, ..]| svd::pinv_scratch_len(m, n)),
    ("least squares", 3, &[0, 1], |[m, n, k, _]| svd::least_squares_scratch_len(m, n, k)),
    ("polar", 2, &[0, 1], |[m, n, ..]| svd::polar_scratch_len(m, n)),
    ("nearest rotation", 1, &[0], |[n, ..]| svd::nearest_rotation_scratch_len(n)),
    ("procrustes", 2, &[1], |[m, n, ..]| svd::procrustes_scratch_len(m, n)),
    ("orthonormality", 2, &[1], |[m, n, ..]| measures::orthonormality_scratch_len(m, n)),
    ("residual", 3, &[2], |[m, n, r, _]| measures::residual_scratch_len(m, n, r)),
    ("gemm", 3, &[], |[m, n, k, _]| gemm_scratch_len(m, n, k)),
    ("gram", 2, &[], |[m, n, ..]| gram_scratch_len(m, n)),
    ("dense operator", 3, &[1], |[m, n, k, _]| Dense::<f64>::scratch_len_for(m, n, k)),
    ("nmf", 3, &[0, 1, 2], |[m, n, k, _]| nmf::dense_scratch_len::<f32>(m, n, k)),
    ("snmf", 3, &[0, 1, 2], |[m, n, k, _]| snmf::dense_scratch_len::<f64>(m, n, k)),
    ("divergence", 3, &[0, 1, 2], |[m, n, k, _]| nmf::divergence::dense_scratch_len::<f32>(m, n, k)),
    ("nndsvd", 4, &[], |[m, n, k, p]| nmf::nndsvd_dense_scratch_len::<f32>(m, n, k, p)),
    ("nmf transform", 3, &[0, 1, 2], |[m, n, k, _]| nmf::transform_dense_scratch_len::<f64>(m, n, k)),
    ("snmf rows", 3, &[0, 1, 2], |[m, n, k, _]| snmf::transform_rows_dense_scratch_len::<f64>(m, n, k)),
    ("snmf columns", 3, &[0, 1, 2], |[m, n, k, _]| snmf::transform_columns_dense_scratch_len::<f64>(m, n, k)),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn lengths_are_monotone_in_every_dimension(
        small: bool, dims in prop::array::uniform4(0usize..3000), steps in prop::array::uniform4(0usize..200), shift in 0u32..60,
    ) {
        let dims = if small { dims.map(|d| d % 40) } else { dims.map(|d| d << (shift % (d as u32 % 50 + 1))) };
        for (name, count, _, length) in LENGTHS {
            for (axis, step) in steps.iter().enumerate().take(count) {
                let mut larger = dims;
                larger[axis] = dims[axis].saturating_add(*step);
                prop_assert!(length(dims) <= length(larger), "{} at {:?} and {:?}", name, dims, larger);
            }
        }
    }
}

#[test]
fn a_length_that_overflows_is_the_largest_number() {
    for (name, count, alone, length) in LENGTHS {
        for large in [usize::MAX, usize::MAX / 2, usize::MAX / 3 + 1] {
            for &axis in alone {
                let mut dims = [5; 4];
                dims[axis] = large;
                assert_eq!(length(dims), usize::MAX, "{name}: dimension {axis} is {large}");
            }
        }
        if !alone.is_empty() || count == 4 {
            assert_eq!(length([usize::MAX; 4]), usize::MAX, "{name}");
        }
    }
}

#[test]
fn closed_forms_are_the_lengths_of_the_operators() {
    for (m, n) in [(1, 1), (3, 70), (70, 3), (90, 60)] {
        let a = nonnegative(m, n, 0.5, 151);
        let dense = Dense::new(MatRef::row_major(&a.data, m, n).unwrap());
        for k in [1, 2, 5] {
            assert_eq!(dense.scratch_len(k), Dense::<f32>::scratch_len_for(m, n, k));
            assert_eq!(nmf::scratch_len(&dense, k), nmf::dense_scratch_len::<f32>(m, n, k));
            assert_eq!(snmf::scratch_len(&dense, k), snmf::dense_scratch_len::<f64>(m, n, k));
            for oversample in [0, 1, 10] {
                let options = Options::new().oversample(oversample);
                let closed = svd::truncated_dense_scratch_len::<f32>(m, n, k, oversample);
                assert_eq!(svd::truncated_scratch_len(&dense, k, &options), closed);
                assert!(nmf::nndsvd_scratch_len(&dense, k, &options) >= closed);
                // An operator's own part is all that may differ.
                let sparse = Sparse::<f64>::of(&a);
                let other = svd::truncated_scratch_len(&sparse.csr(), k, &options);
                let flipped = svd::truncated_scratch_len(&Transposed(&sparse.csr()), k, &options);
                assert!(other < closed + n && flipped == other);
            }
        }
    }
}

#[test]
fn types_do_not_change_a_length() {
    for dims in [[1, 1, 1, 0], [30, 20, 4, 10], [20, 30, 40, 3]] {
        let [m, n, k, p] = dims;
        assert_eq!(nmf::dense_scratch_len::<f32>(m, n, k), nmf::dense_scratch_len::<f64>(m, n, k));
        let single = svd::truncated_dense_scratch_len::<f32>(m, n, k, p);
        assert_eq!(single, svd::truncated_dense_scratch_len::<f64>(m, n, k, p));
    }
}
