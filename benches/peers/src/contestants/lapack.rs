//! LAPACK and BLAS as OpenBLAS builds them, through Debian's LAPACKE and CBLAS.
//!
//! The libraries are named here and nowhere else, so that only linking the program needs them. OpenBLAS comes first:
//! LAPACKE then calls the LAPACK inside it, whatever the system's alternatives for `liblapack.so.3` are.

use std::ffi::{CStr, c_char, c_int};

use cblas_sys::{CBLAS_LAYOUT, CBLAS_TRANSPOSE};
use lapacke_sys::LAPACK_COL_MAJOR;

use super::{Gemm, Outputs, Problem, Products, Scalar, Svd};
use crate::check::Factors;

#[link(name = "openblas")]
unsafe extern "C" {
    fn openblas_set_num_threads(threads: c_int);
    fn openblas_get_config() -> *const c_char;
    fn openblas_get_corename() -> *const c_char;
}

#[link(name = "lapacke")]
unsafe extern "C" {}

/// The number of threads of OpenBLAS, for the whole process.
pub fn set_threads(threads: usize) {
    // SAFETY: it takes any number, and no other thread calls OpenBLAS.
    unsafe { openblas_set_num_threads(threads as c_int) }
}

/// How OpenBLAS was built.
pub fn config() -> String {
    // SAFETY: the string is a static one.
    unsafe { CStr::from_ptr(openblas_get_config()) }.to_string_lossy().trim().to_owned()
}

/// The processor for which OpenBLAS chose its kernels; `OPENBLAS_CORETYPE` in the environment overrides the choice.
pub fn core() -> String {
    // SAFETY: the string is a static one.
    unsafe { CStr::from_ptr(openblas_get_corename()) }.to_string_lossy().into_owned()
}

/// The version of LAPACK.
pub fn version() -> String {
    let [mut major, mut minor, mut patch] = [0; 3];
    // SAFETY: three numbers are written.
    unsafe { lapacke_sys::LAPACKE_ilaver(&mut major, &mut minor, &mut patch) };
    format!("{major}.{minor}.{patch}")
}

/// The functions for a number type.
pub trait Lapack: Sized {
    const GESDD: Gesdd<Self>;
    const GEJSV: Gejsv<Self>;
    const GEMM: CblasGemm<Self>;
}

impl Lapack for f32 {
    const GESDD: Gesdd<f32> = lapacke_sys::LAPACKE_sgesdd_work;
    const GEJSV: Gejsv<f32> = lapacke_sys::LAPACKE_sgejsv_work;
    const GEMM: CblasGemm<f32> = cblas_sys::cblas_sgemm;
}

impl Lapack for f64 {
    const GESDD: Gesdd<f64> = lapacke_sys::LAPACKE_dgesdd_work;
    const GEJSV: Gejsv<f64> = lapacke_sys::LAPACKE_dgejsv_work;
    const GEMM: CblasGemm<f64> = cblas_sys::cblas_dgemm;
}

/// `layout, jobz, m, n, a, lda, s, u, ldu, vt, ldvt, work, lwork, iwork`.
type Gesdd<T> = unsafe extern "C" fn(
    c_int,
    c_char,
    c_int,
    c_int,
    *mut T,
    c_int,
    *mut T,
    *mut T,
    c_int,
    *mut T,
    c_int,
    *mut T,
    c_int,
    *mut c_int,
) -> c_int;

/// `layout, joba, jobu, jobv, jobr, jobt, jobp, m, n, a, lda, sva, u, ldu, v, ldv, work, lwork, iwork`.
type Gejsv<T> = unsafe extern "C" fn(
    c_int,
    c_char,
    c_char,
    c_char,
    c_char,
    c_char,
    c_char,
    c_int,
    c_int,
    *mut T,
    c_int,
    *mut T,
    *mut T,
    c_int,
    *mut T,
    c_int,
    *mut T,
    c_int,
    *mut c_int,
) -> c_int;

/// `layout, transa, transb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc`.
type CblasGemm<T> = unsafe extern "C" fn(
    CBLAS_LAYOUT,
    CBLAS_TRANSPOSE,
    CBLAS_TRANSPOSE,
    c_int,
    c_int,
    c_int,
    T,
    *const T,
    c_int,
    *const T,
    c_int,
    T,
    *mut T,
    c_int,
);

fn letter(letter: u8) -> c_char {
    letter as c_char
}

/// `gesdd`: divide and conquer on the bidiagonal.
struct Divide<T> {
    problem: Problem,
    a: Vec<T>,
    work: Vec<T>,
    integers: Vec<c_int>,
    outputs: Outputs<T>,
}

pub fn gesdd<T: Scalar>(problem: &Problem) -> Box<dyn Svd<T>> {
    let mut divide = Divide {
        problem: *problem,
        a: vec![T::ZERO; problem.m * problem.n],
        work: vec![T::ZERO],
        integers: vec![0; 8 * problem.n],
        outputs: Outputs::new(problem),
    };
    // A query: the best length of the workspace is left in its first element.
    divide.decompose(0, -1);
    divide.work = vec![T::ZERO; ::lowrank::Real::to_f64(divide.work[0]) as usize];
    Box::new(divide)
}

impl<T: Scalar> Divide<T> {
    fn decompose(&mut self, i: usize, work_len: c_int) {
        let Problem { m, n, vectors, .. } = self.problem;
        let [s, u, vt] = self.outputs.places(i);
        let job = letter(if vectors { b'S' } else { b'N' });
        let [rows, cols] = [m, n].map(|len| len as c_int);
        // SAFETY: m >= n, and the slices have the lengths that the routine documents: m n, n, m n, n n, as the query said
        // (one for the query), and 8 n; U and V are not touched by job N.
        let status = unsafe {
            T::GESDD(
                LAPACK_COL_MAJOR,
                job,
                rows,
                cols,
                self.a.as_mut_ptr(),
                rows,
                s.as_mut_ptr(),
                u.as_mut_ptr(),
                rows,
                vt.as_mut_ptr(),
                cols,
                self.work.as_mut_ptr(),
                work_len,
                self.integers.as_mut_ptr(),
            )
        };
        assert_eq!(status, 0, "gesdd failed");
    }
}

impl<T: Scalar> Svd<T> for Divide<T> {
    fn run(&mut self, matrices: &[T]) {
        for (i, a) in matrices.chunks_exact(self.a.len()).enumerate() {
            self.a.copy_from_slice(a);
            self.decompose(i, self.work.len() as c_int);
        }
    }

    fn factors(&self, i: usize) -> Factors {
        let Factors { s, vectors } = self.outputs.factors(i);
        Factors { s, vectors: vectors.map(|(u, vt)| (u, vt.transpose())) }
    }
}

/// `gejsv`: one-sided Jacobi after pivoted QR, with the accuracy of lowrank's: every value to high relative accuracy where
/// only the columns of A are badly scaled (`joba = C`), no range restricted.
struct Jacobi<T> {
    problem: Problem,
    a: Vec<T>,
    work: Vec<T>,
    integers: Vec<c_int>,
    outputs: Outputs<T>,
}

pub fn gejsv<T: Scalar>(problem: &Problem) -> Box<dyn Svd<T>> {
    let Problem { m, n, .. } = *problem;
    Box::new(Jacobi {
        problem: *problem,
        a: vec![T::ZERO; m * n],
        // More than every minimum that the documentation names, and room for blocks of 64 columns.
        work: vec![T::ZERO; 2 * m + 6 * n + 2 * n * n + 64 * (m + n) + 7],
        integers: vec![0; m + 3 * n + 3],
        outputs: Outputs::new(problem),
    })
}

impl<T: Scalar> Svd<T> for Jacobi<T> {
    fn run(&mut self, matrices: &[T]) {
        let Problem { m, n, vectors, .. } = self.problem;
        let [rows, cols] = [m, n].map(|len| len as c_int);
        let (left, right) = if vectors { (b'U', b'V') } else { (b'N', b'N') };
        for (i, a) in matrices.chunks_exact(m * n).enumerate() {
            let [s, u, v] = self.outputs.places(i);
            self.a.copy_from_slice(a);
            // SAFETY: m >= n, and the slices have at least the lengths that the routine documents: m n, n, m n, n n, work
            // as above, and m + 3 n; U and V are not touched by job N.
            let status = unsafe {
                T::GEJSV(
                    LAPACK_COL_MAJOR,
                    letter(b'C'),
                    letter(left),
                    letter(right),
                    letter(b'N'),
                    letter(b'N'),
                    letter(b'N'),
                    rows,
                    cols,
                    self.a.as_mut_ptr(),
                    rows,
                    s.as_mut_ptr(),
                    u.as_mut_ptr(),
                    rows,
                    v.as_mut_ptr(),
                    cols,
                    self.work.as_mut_ptr(),
                    self.work.len() as c_int,
                    self.integers.as_mut_ptr(),
                )
            };
            assert_eq!(status, 0, "gejsv failed");
            assert!(self.work[0] == self.work[1], "the values are scaled, which these matrices give no reason for");
        }
    }

    fn factors(&self, i: usize) -> Factors {
        self.outputs.factors(i)
    }
}

struct Product(Products);

pub fn product<T: Scalar>(shape: &Products) -> Box<dyn Gemm<T>> {
    Box::new(Product(*shape))
}

impl<T: Scalar> Gemm<T> for Product {
    fn run(&mut self, a: &[T], b: &[T], c: &mut [T]) {
        let Products { transposed, m, k, n, .. } = self.0;
        assert!(a.len() == m * k && b.len() == k * n && c.len() == m * n);
        let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
        let (layout, plain) = (CBLAS_LAYOUT::CblasColMajor, CBLAS_TRANSPOSE::CblasNoTrans);
        let [m, n, k] = [m, n, k].map(|len| len as c_int);
        let (first, rows) = if transposed { (CBLAS_TRANSPOSE::CblasTrans, k) } else { (plain, m) };
        // SAFETY: the slices hold column-major matrices of these shapes, and C, a unique reference, overlaps none.
        unsafe { T::GEMM(layout, first, plain, m, n, k, T::ONE, a, rows, b, k, T::ZERO, c, m) }
    }
}
