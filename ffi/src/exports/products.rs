//! Products and QR.

use lowrank::kernel::{gemm, gemm_scratch_len};
use lowrank::qr::{qr, qr_pivoted, qr_scratch_len};

use super::twins;
use crate::memory::{Mat, Matrix, Piece, Range, disjoint, view_if};
use crate::options::{execution, vectors};
use crate::status::Argument;

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
    how: u32,
    scratch: *mut T,
    scratch_len: usize,
) {
    let how = execution(how)?;
    // SAFETY: the contract.
    let (a, b, c) =
        unsafe { (Matrix::new(Argument::A, a)?, Matrix::new(Argument::B, b)?, Matrix::new(Argument::C, c)?) };
    let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
    disjoint(&[c.range(), scratch.range()], &[a.range(), b.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (a, b, c, scratch) = unsafe { (a.view()?, b.view()?, c.view_mut()?, scratch.slice_mut()) };
    Ok(gemm(alpha, a, b, beta, c, how, scratch)?.into())
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
    how: u32,
    scratch: *mut T,
    scratch_len: usize,
) {
    let (columns, how) = (vectors(columns)?, execution(how)?);
    // SAFETY: the contract.
    let (a, q, r) = unsafe {
        (Matrix::new(Argument::A, a)?, Matrix::optional(Argument::Left, q)?, Matrix::optional(Argument::Right, r)?)
    };
    let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
    disjoint(&[Range::of(&q), Range::of(&r), scratch.range()], &[a.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (a, q, r, scratch) = unsafe { (a.view()?, view_if(q)?, view_if(r)?, scratch.slice_mut()) };
    Ok(qr(a, columns, q, r, how, scratch)?.into())
} }

twins! { lowrank_qr_pivoted_f32, lowrank_qr_pivoted_f64: fn(
    a: *const Mat<T>,
    columns: u32,
    q: *const Mat<T>,
    r: *const Mat<T>,
    pivots: *mut usize,
    how: u32,
    scratch: *mut T,
    scratch_len: usize,
) {
    let (columns, how) = (vectors(columns)?, execution(how)?);
    // SAFETY: the contract.
    let (a, q, r) = unsafe {
        (Matrix::new(Argument::A, a)?, Matrix::optional(Argument::Left, q)?, Matrix::optional(Argument::Right, r)?)
    };
    let pivots = Piece::new(Argument::Pivots, pivots, a.cols())?;
    let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
    disjoint(&[Range::of(&q), Range::of(&r), pivots.range(), scratch.range()], &[a.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (a, q, r, pivots, scratch) =
        unsafe { (a.view()?, view_if(q)?, view_if(r)?, pivots.slice_mut(), scratch.slice_mut()) };
    Ok(qr_pivoted(a, columns, q, r, pivots, how, scratch)?.into())
} }
