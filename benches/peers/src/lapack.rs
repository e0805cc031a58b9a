//! LAPACK and BLAS as OpenBLAS builds them, through Debian's LAPACKE and CBLAS.
//!
//! The libraries are named here and nowhere else, so that only linking the program needs them. OpenBLAS comes first:
//! LAPACKE then calls the LAPACK inside it, whatever the system's alternatives for `liblapack.so.3` are.

use std::ffi::{CStr, c_char, c_int};

use cblas_sys::{CBLAS_LAYOUT, CBLAS_TRANSPOSE};
use lapacke_sys::LAPACK_COL_MAJOR;
use lowrank::Real;

#[link(name = "openblas")]
unsafe extern "C" {
    fn openblas_set_num_threads(threads: c_int);
    fn openblas_get_config() -> *const c_char;
    fn openblas_get_corename() -> *const c_char;
}

#[link(name = "lapacke")]
unsafe extern "C" {}

/// The number of threads of OpenBLAS, for the whole process. To be set before any other call.
pub fn set_threads(threads: usize) {
    // SAFETY: it takes any number, and writes a variable of its own.
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
pub trait Lapack: Real {
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
pub struct Divide<T> {
    m: usize,
    n: usize,
    vectors: bool,
    work: Vec<T>,
    integers: Vec<c_int>,
}

impl<T: Lapack> Divide<T> {
    /// For `m x n` matrices, `m >= n`, and thin vectors or none.
    pub fn new(m: usize, n: usize, vectors: bool) -> Self {
        assert!(m >= n && n > 0);
        let mut divide = Divide { m, n, vectors, work: vec![T::ZERO], integers: vec![0; 8 * n] };
        // A query: the best length of the workspace is left in its first element.
        let (u_len, v_len) = if vectors { (m * n, n * n) } else { (0, 0) };
        let mut memory = [m * n, n, u_len, v_len].map(|len| vec![T::ZERO; len]);
        let [a, s, u, vt] = memory.each_mut();
        divide.call(a, s, u, vt, -1);
        divide.work = vec![T::ZERO; divide.work[0].to_f64() as usize];
        divide
    }

    /// `A = U diag(s) V^T`, column-major. A is overwritten; U and V^T are empty if no vectors are asked for.
    pub fn run(&mut self, a: &mut [T], s: &mut [T], u: &mut [T], vt: &mut [T]) {
        self.call(a, s, u, vt, self.work.len() as c_int);
    }

    fn call(&mut self, a: &mut [T], s: &mut [T], u: &mut [T], vt: &mut [T], work_len: c_int) {
        let Self { m, n, vectors, .. } = *self;
        assert_lengths(m, n, vectors, [a, s, u, vt]);
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
                a.as_mut_ptr(),
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

/// `gejsv`: one-sided Jacobi after pivoted QR, with the accuracy of lowrank's: every value to high relative accuracy where
/// only the columns of A are badly scaled (`joba = C`), no range restricted.
pub struct Jacobi<T> {
    m: usize,
    n: usize,
    vectors: bool,
    work: Vec<T>,
    integers: Vec<c_int>,
}

impl<T: Lapack> Jacobi<T> {
    /// For `m x n` matrices, `m >= n`, and thin vectors or none.
    pub fn new(m: usize, n: usize, vectors: bool) -> Self {
        assert!(m >= n && n > 0);
        // More than every minimum that the documentation names, and room for blocks of 64 columns.
        let work = vec![T::ZERO; 2 * m + 6 * n + 2 * n * n + 64 * (m + n) + 7];
        Jacobi { m, n, vectors, work, integers: vec![0; m + 3 * n + 3] }
    }

    /// `A = scale U diag(s) V^T`, column-major, with the scale returned: 1 unless a value would over- or underflow.
    /// A is overwritten; U and V are empty if no vectors are asked for.
    pub fn run(&mut self, a: &mut [T], s: &mut [T], u: &mut [T], v: &mut [T]) -> f64 {
        let Self { m, n, vectors, .. } = *self;
        assert_lengths(m, n, vectors, [a, s, u, v]);
        let [rows, cols] = [m, n].map(|len| len as c_int);
        let (left, right) = if vectors { (b'U', b'V') } else { (b'N', b'N') };
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
                a.as_mut_ptr(),
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
        self.work[1].to_f64() / self.work[0].to_f64()
    }
}

/// The lengths of A, s, U and V.
fn assert_lengths<T>(m: usize, n: usize, vectors: bool, given: [&[T]; 4]) {
    let vectors = usize::from(vectors);
    assert_eq!(given.map(<[T]>::len), [m * n, n, vectors * m * n, vectors * n * n]);
}

/// `C = A B`, column-major, `C` being `m x n` and `A` `m x k`; or `C = A^T B` with the `k x m` matrix that A is then.
pub fn multiply<T: Lapack>(transposed: bool, [m, k, n]: [usize; 3], a: &[T], b: &[T], c: &mut [T]) {
    assert!(a.len() == m * k && b.len() == k * n && c.len() == m * n);
    let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
    let (layout, plain) = (CBLAS_LAYOUT::CblasColMajor, CBLAS_TRANSPOSE::CblasNoTrans);
    let [m, n, k] = [m, n, k].map(|len| len as c_int);
    let (first, rows) = if transposed { (CBLAS_TRANSPOSE::CblasTrans, k) } else { (plain, m) };
    // SAFETY: the slices hold column-major matrices of these shapes, and C, a unique reference, overlaps none.
    unsafe { T::GEMM(layout, first, plain, m, n, k, T::ONE, a, rows, b, k, T::ZERO, c, m) }
}
