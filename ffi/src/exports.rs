//! The exported functions, in the order of the header.
//!
//! Each does the same three things: it takes its arguments for pieces of memory, refuses those that overlap, and makes
//! views of them for the Rust function.

use core::ffi::{CStr, c_char};
use core::ops::ControlFlow;

use lowrank::kernel::{self, Execution, gemm, gemm_scratch_len};
use lowrank::operator::{self, Dense, LinearOperator};
use lowrank::qr::{qr, qr_pivoted, qr_scratch_len};
use lowrank::{Error, Operand, Real, nmf, snmf, svd};

use crate::memory::{self, InfoOut, Mat, Matrix, Piece, Range, copied, disjoint, view_if};
use crate::options::{self, solver, vectors};
use crate::status::{self, Fault, Info};

/// `twins! { lowrank_x_f32, lowrank_x_f64: fn(arguments) { body } }` exports one body for both number types, which it
/// calls `T`. The body returns `Result<Info, Fault>`; the last argument of every function, `info`, is added here.
macro_rules! twins {
    ($f32:ident, $f64:ident: fn($($argument:ident: $type:ty),* $(,)?) $body:block) => {
        twins!(@one f32, $f32($($argument: $type),*) $body);
        twins!(@one f64, $f64($($argument: $type),*) $body);
    };
    (@one $t:ident, $name:ident($($argument:ident: $type:ty),*) $body:block) => {
        const _: () = {
            type T = $t;
            /// # Safety
            /// The contract of the crate.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $name($($argument: $type,)* info: *mut Info) -> i32 {
                // SAFETY: the contract.
                let info = match unsafe { InfoOut::new(info) } {
                    Ok(info) => info,
                    Err(fault) => return fault.status,
                };
                let call = || -> Result<Info, Fault> { $body };
                let (status, details) = match call() {
                    Ok(details) => (status::OK, details),
                    Err(fault) => (fault.status, fault.info),
                };
                info.write(details);
                status
            }
        };
    };
}

#[unsafe(no_mangle)]
extern "C" fn lowrank_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

#[unsafe(no_mangle)]
extern "C" fn lowrank_kernel_name() -> *const c_char {
    const NAMES: [&CStr; 3] = [c"portable", c"avx2", c"avx512"];
    let name = NAMES.into_iter().find(|name| name.to_bytes() == kernel::name().as_bytes());
    name.unwrap_or(c"unknown").as_ptr()
}

#[unsafe(no_mangle)]
extern "C" fn lowrank_status_message(status: i32) -> *const c_char {
    status::message(status).as_ptr()
}

#[unsafe(no_mangle)]
extern "C" fn lowrank_gemm_scratch_len(m: usize, n: usize, k: usize) -> usize {
    gemm_scratch_len(m, n, k)
}

twins! { lowrank_gemm_f32, lowrank_gemm_f64: fn(
    alpha: T,
    a: *const Mat<T>,
    b: *const Mat<T>,
    beta: T,
    c: *const Mat<T>,
    scratch: *mut T,
    scratch_len: usize,
) {
    // SAFETY: the contract.
    let (a, b, c) =
        unsafe { (Matrix::new(Operand::A, a)?, Matrix::new(Operand::B, b)?, Matrix::new(Operand::C, c)?) };
    let scratch = Piece::new(Operand::Scratch, scratch, scratch_len)?;
    disjoint(&[c.range(), scratch.range()], &[a.range(), b.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (a, b, c, scratch) = unsafe { (a.view()?, b.view()?, c.view_mut()?, scratch.slice_mut()) };
    Ok(gemm(alpha, a, b, beta, c, Execution::new(), scratch)?.into())
} }

#[unsafe(no_mangle)]
extern "C" fn lowrank_qr_scratch_len(m: usize, n: usize) -> usize {
    qr_scratch_len(m, n)
}

twins! { lowrank_qr_f32, lowrank_qr_f64: fn(
    a: *const Mat<T>,
    columns: u32,
    q: *const Mat<T>,
    r: *const Mat<T>,
    scratch: *mut T,
    scratch_len: usize,
) {
    let columns = vectors(columns)?;
    // SAFETY: the contract.
    let (a, q, r) = unsafe {
        (Matrix::new(Operand::A, a)?, Matrix::optional(Operand::Left, q)?, Matrix::optional(Operand::Right, r)?)
    };
    let scratch = Piece::new(Operand::Scratch, scratch, scratch_len)?;
    disjoint(&[Range::of(&q), Range::of(&r), scratch.range()], &[a.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (a, q, r, scratch) = unsafe { (a.view()?, view_if(q)?, view_if(r)?, scratch.slice_mut()) };
    Ok(qr(a, columns, q, r, Execution::new(), scratch)?.into())
} }

twins! { lowrank_qr_pivoted_f32, lowrank_qr_pivoted_f64: fn(
    a: *const Mat<T>,
    columns: u32,
    q: *const Mat<T>,
    r: *const Mat<T>,
    pivots: *mut usize,
    scratch: *mut T,
    scratch_len: usize,
) {
    let columns = vectors(columns)?;
    // SAFETY: the contract.
    let (a, q, r) = unsafe {
        (Matrix::new(Operand::A, a)?, Matrix::optional(Operand::Left, q)?, Matrix::optional(Operand::Right, r)?)
    };
    let pivots = Piece::new(Operand::Pivots, pivots, a.cols())?;
    let scratch = Piece::new(Operand::Scratch, scratch, scratch_len)?;
    disjoint(&[Range::of(&q), Range::of(&r), pivots.range(), scratch.range()], &[a.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (a, q, r, pivots, scratch) =
        unsafe { (a.view()?, view_if(q)?, view_if(r)?, pivots.slice_mut(), scratch.slice_mut()) };
    Ok(qr_pivoted(a, columns, q, r, pivots, Execution::new(), scratch)?.into())
} }

#[unsafe(no_mangle)]
extern "C" fn lowrank_svd_jacobi_unblocked_scratch_len(m: usize, n: usize) -> usize {
    svd::jacobi_unblocked_scratch_len(m, n)
}

twins! { lowrank_svd_jacobi_unblocked_f32, lowrank_svd_jacobi_unblocked_f64: fn(
    a: *const Mat<T>,
    s: *mut T,
    u: *const Mat<T>,
    v: *const Mat<T>,
    options: *const options::Svd,
    scratch: *mut T,
    scratch_len: usize,
) {
    // SAFETY: the contract.
    let (options, a, u, v) = unsafe {
        (
            options::Svd::read(options)?,
            Matrix::new(Operand::A, a)?,
            Matrix::optional(Operand::Left, u)?,
            Matrix::optional(Operand::Right, v)?,
        )
    };
    let s = Piece::new(Operand::SingularValues, s, a.rows().min(a.cols()))?;
    let scratch = Piece::new(Operand::Scratch, scratch, scratch_len)?;
    disjoint(&[s.range(), Range::of(&u), Range::of(&v), scratch.range()], &[a.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (a, s, u, v, scratch) =
        unsafe { (a.view()?, s.slice_mut(), view_if(u)?, view_if(v)?, scratch.slice_mut()) };
    Ok(svd::jacobi_unblocked(a, s, u, v, &options, scratch)?.into())
} }

#[unsafe(no_mangle)]
extern "C" fn lowrank_svd_truncated_scratch_len(m: usize, n: usize, rank: usize, oversample: usize) -> usize {
    svd::truncated_dense_scratch_len::<f64>(m, n, rank, oversample)
}

twins! { lowrank_svd_truncated_f32, lowrank_svd_truncated_f64: fn(
    a: *const Mat<T>,
    rank: usize,
    s: *mut T,
    u: *const Mat<T>,
    v: *const Mat<T>,
    options: *const options::Truncated,
    scratch: *mut T,
    scratch_len: usize,
) {
    // SAFETY: the contract.
    let (options, a, u, v) = unsafe {
        (
            options::Truncated::read(options)?,
            Matrix::new(Operand::A, a)?,
            Matrix::optional(Operand::Left, u)?,
            Matrix::optional(Operand::Right, v)?,
        )
    };
    check_rank(rank, a.rows(), a.cols())?;
    let s = Piece::new(Operand::SingularValues, s, rank)?;
    let scratch = Piece::new(Operand::Scratch, scratch, scratch_len)?;
    disjoint(&[s.range(), Range::of(&u), Range::of(&v), scratch.range()], &[a.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (a, s, u, v, scratch) =
        unsafe { (a.view()?, s.slice_mut(), view_if(u)?, view_if(v)?, scratch.slice_mut()) };
    Ok(svd::truncated(&Dense::new(a), s, u, v, &options, scratch, go_on)?.into())
} }

#[unsafe(no_mangle)]
extern "C" fn lowrank_svd_truncated_csr_scratch_len(m: usize, n: usize, rank: usize, oversample: usize) -> usize {
    svd::truncated_csr_scratch_len::<f64>(m, n, rank, oversample)
}

twins! { lowrank_svd_truncated_csr_f32, lowrank_svd_truncated_csr_f64: fn(
    a: *const memory::Csr<T>,
    rank: usize,
    s: *mut T,
    u: *const Mat<T>,
    v: *const Mat<T>,
    options: *const options::Truncated,
    scratch: *mut T,
    scratch_len: usize,
) {
    // SAFETY: the contract.
    let (options, a, u, v) = unsafe {
        (
            options::Truncated::read(options)?,
            copied(a, Operand::A)?,
            Matrix::optional(Operand::Left, u)?,
            Matrix::optional(Operand::Right, v)?,
        )
    };
    // Saturated, the length is one that no memory has.
    let starts = Piece::new(Operand::A, a.starts, a.rows.saturating_add(1))?;
    let columns = Piece::new(Operand::A, a.columns, a.entries)?;
    let values = Piece::new(Operand::A, a.values, a.entries)?;
    check_rank(rank, a.rows, a.cols)?;
    let s = Piece::new(Operand::SingularValues, s, rank)?;
    let scratch = Piece::new(Operand::Scratch, scratch, scratch_len)?;
    disjoint(
        &[s.range(), Range::of(&u), Range::of(&v), scratch.range()],
        &[starts.range(), columns.range(), values.range()],
    )?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (starts, columns, values, s, u, v, scratch) = unsafe {
        (
            starts.slice(),
            columns.slice(),
            values.slice(),
            s.slice_mut(),
            view_if(u)?,
            view_if(v)?,
            scratch.slice_mut(),
        )
    };
    let a = operator::Csr::new(a.cols, starts, columns, values)?;
    Ok(svd::truncated(&a, s, u, v, &options, scratch, go_on)?.into())
} }

twins! { lowrank_nmf_random_start_f32, lowrank_nmf_random_start_f64: fn(
    x: *const Mat<T>,
    w: *const Mat<T>,
    h: *const Mat<T>,
    seed: u64,
) {
    // SAFETY: the contract.
    let (x, w, h) =
        unsafe { (Matrix::new(Operand::A, x)?, Matrix::new(Operand::Left, w)?, Matrix::new(Operand::Right, h)?) };
    check_factors(&x, &w, &h)?;
    disjoint(&[w.range(), h.range()], &[x.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (x, w, h) = unsafe { (x.view()?, w.view_mut()?, h.view_mut()?) };
    nmf::random_start(&Dense::new(x).check()?, w, h, seed);
    Ok(().into())
} }

#[unsafe(no_mangle)]
extern "C" fn lowrank_nmf_nndsvd_scratch_len(m: usize, n: usize, rank: usize, oversample: usize) -> usize {
    nmf::nndsvd_dense_scratch_len::<f64>(m, n, rank, oversample)
}

twins! { lowrank_nmf_nndsvd_f32, lowrank_nmf_nndsvd_f64: fn(
    x: *const Mat<T>,
    w: *const Mat<T>,
    h: *const Mat<T>,
    fill: f64,
    options: *const options::Truncated,
    scratch: *mut T,
    scratch_len: usize,
) {
    // SAFETY: the contract.
    let (options, x, w, h) = unsafe {
        (
            options::Truncated::read(options)?,
            Matrix::new(Operand::A, x)?,
            Matrix::new(Operand::Left, w)?,
            Matrix::new(Operand::Right, h)?,
        )
    };
    let scratch = Piece::new(Operand::Scratch, scratch, scratch_len)?;
    disjoint(&[w.range(), h.range(), scratch.range()], &[x.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (x, w, h, scratch) = unsafe { (x.view()?, w.view_mut()?, h.view_mut()?, scratch.slice_mut()) };
    Ok(nmf::nndsvd(&Dense::new(x), w, h, nmf::Fill::Part(fill), &options, scratch)?.into())
} }

#[unsafe(no_mangle)]
extern "C" fn lowrank_nmf_factorize_scratch_len(m: usize, n: usize, rank: usize) -> usize {
    nmf::dense_scratch_len::<f64>(m, n, rank)
}

twins! { lowrank_nmf_factorize_f32, lowrank_nmf_factorize_f64: fn(
    x: *const Mat<T>,
    w: *const Mat<T>,
    h: *const Mat<T>,
    method: u32,
    options: *const options::Nmf,
    scratch: *mut T,
    scratch_len: usize,
) {
    let method = solver(method)?;
    // SAFETY: the contract.
    let ((options, _), x, w, h) = unsafe {
        (
            options::Nmf::read(options)?,
            Matrix::new(Operand::A, x)?,
            Matrix::new(Operand::Left, w)?,
            Matrix::new(Operand::Right, h)?,
        )
    };
    let scratch = Piece::new(Operand::Scratch, scratch, scratch_len)?;
    disjoint(&[w.range(), h.range(), scratch.range()], &[x.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (x, w, h, scratch) = unsafe { (x.view()?, w.view_mut()?, h.view_mut()?, scratch.slice_mut()) };
    Ok(nmf::factorize(&Dense::new(x), w, h, &options.solver(method), scratch, go_on)?.into())
} }

twins! { lowrank_snmf_random_start_f32, lowrank_snmf_random_start_f64: fn(g: *const Mat<T>, seed: u64) {
    // SAFETY: the contract, and G is the only argument with memory.
    let g = unsafe { Matrix::new(Operand::Right, g)?.view_mut()? };
    snmf::random_start(g, seed);
    Ok(().into())
} }

#[unsafe(no_mangle)]
extern "C" fn lowrank_snmf_factorize_scratch_len(m: usize, n: usize, rank: usize) -> usize {
    snmf::dense_scratch_len::<f64>(m, n, rank)
}

twins! { lowrank_snmf_factorize_f32, lowrank_snmf_factorize_f64: fn(
    x: *const Mat<T>,
    f: *const Mat<T>,
    g: *const Mat<T>,
    options: *const options::Nmf,
    scratch: *mut T,
    scratch_len: usize,
) {
    // SAFETY: the contract.
    let ((_, options), x, f, g) = unsafe {
        (
            options::Nmf::read(options)?,
            Matrix::new(Operand::A, x)?,
            Matrix::new(Operand::Left, f)?,
            Matrix::new(Operand::Right, g)?,
        )
    };
    let scratch = Piece::new(Operand::Scratch, scratch, scratch_len)?;
    disjoint(&[f.range(), g.range(), scratch.range()], &[x.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (x, f, g, scratch) = unsafe { (x.view()?, f.view_mut()?, g.view_mut()?, scratch.slice_mut()) };
    Ok(snmf::factorize(&Dense::new(x), f, g, &options, scratch, go_on)?.into())
} }

/// The observer of a caller that has none.
fn go_on<P>(_: &P) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The number of singular values is taken from the rank, so it is checked before memory of that length is believed in.
fn check_rank(rank: usize, rows: usize, cols: usize) -> Result<(), Error> {
    let max = rows.min(cols);
    if rank > max { Err(Error::Rank { max, given: rank }) } else { Ok(()) }
}

/// W and H fit X and each other.
fn check_factors<T: Real>(x: &Matrix<T>, w: &Matrix<T>, h: &Matrix<T>) -> Result<(), Error> {
    let rank = w.cols();
    for (operand, factor, expected) in [(Operand::Left, w, (x.rows(), rank)), (Operand::Right, h, (rank, x.cols()))] {
        let given = (factor.rows(), factor.cols());
        if given != expected {
            return Err(Error::Shape { operand, expected, given });
        }
    }
    Ok(())
}
