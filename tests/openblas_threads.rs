//! The number of OpenBLAS's threads can be set until something is computed. It is the process's, so this is a test program
//! of its own.
#![cfg(feature = "openblas")]

use lowrank::kernel::{Backend, Execution, gemm, gemm_scratch_len, set_openblas_threads};
use lowrank::{MatMut, MatRef};
use std::ffi::c_int;

unsafe extern "C" {
    safe fn openblas_get_num_threads() -> c_int;
}

#[test]
fn threads_are_set_before_the_first_product_alone() {
    let before = openblas_get_num_threads() as usize;
    for threads in [before, 0, 1] {
        assert!(set_openblas_threads(threads));
        assert_eq!(openblas_get_num_threads() as usize, threads.max(1));
    }
    let (a, mut c, mut scratch) = ([1.0, 2.0, 3.0, 4.0], [0.0; 4], [0.0; gemm_scratch_len(2, 2, 2)]);
    let a = MatRef::row_major(&a, 2, 2).unwrap();
    let execution = Execution::new().backend(Backend::OpenBlas);
    gemm(1.0, a, a, 0.0, MatMut::row_major(&mut c, 2, 2).unwrap(), execution, &mut scratch).unwrap();
    assert_eq!(c, [7.0, 10.0, 15.0, 22.0]);
    assert!(!set_openblas_threads(before + 1));
    assert_eq!(openblas_get_num_threads(), 1);
}
