//! How good factors are.

use lowrank::measures;

use super::twins;
use crate::memory::{Mat, Matrix, Piece, disjoint};
use crate::options::execution;
use crate::status::Argument;

#[unsafe(no_mangle)]
extern "C" fn lowrank_orthonormality_scratch_len(m: usize, n: usize) -> usize {
    measures::orthonormality_scratch_len(m, n)
}

twins! { lowrank_orthonormality_f32, lowrank_orthonormality_f64: fn(
    q: *const Mat<T>,
    ratio: *mut f64,
    how: u32,
    scratch: *mut T,
    scratch_len: usize,
) {
    let how = execution(how)?;
    // SAFETY: the contract.
    let q = unsafe { Matrix::new(Argument::A, q) }?;
    let ratio = Piece::new(Argument::C, ratio, 1)?;
    let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
    disjoint(&[ratio.range(), scratch.range()], &[q.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (q, ratio, scratch) = unsafe { (q.view()?, ratio.slice_mut(), scratch.slice_mut()) };
    ratio.fill(measures::orthonormality(q, how, scratch)?);
    Ok(().into())
} }

#[unsafe(no_mangle)]
extern "C" fn lowrank_residual_scratch_len(m: usize, n: usize, values: usize) -> usize {
    measures::residual_scratch_len(m, n, values)
}

twins! { lowrank_residual_f32, lowrank_residual_f64: fn(
    a: *const Mat<T>,
    u: *const Mat<T>,
    s: *const T,
    values: usize,
    v: *const Mat<T>,
    ratio: *mut f64,
    how: u32,
    scratch: *mut T,
    scratch_len: usize,
) {
    let how = execution(how)?;
    // SAFETY: the contract.
    let (a, u, v) = unsafe {
        (Matrix::new(Argument::A, a)?, Matrix::new(Argument::Left, u)?, Matrix::new(Argument::Right, v)?)
    };
    let s = Piece::new(Argument::SingularValues, s, values)?;
    let ratio = Piece::new(Argument::C, ratio, 1)?;
    let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
    disjoint(&[ratio.range(), scratch.range()], &[a.range(), u.range(), s.range(), v.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (a, u, s, v, ratio, scratch) =
        unsafe { (a.view()?, u.view()?, s.slice(), v.view()?, ratio.slice_mut(), scratch.slice_mut()) };
    ratio.fill(measures::residual(a, u, s, v, how, scratch)?);
    Ok(().into())
} }
