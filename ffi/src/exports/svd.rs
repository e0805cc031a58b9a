//! The whole singular value decomposition, by every method.

use lowrank::svd;

use super::twins;
use crate::memory::{Mat, Matrix, Piece, Range, disjoint, view_if};
use crate::options::{self, keep, order};
use crate::status::Argument;

/// The methods that have the same arguments.
macro_rules! dense {
    ($f32:ident, $f64:ident: $method:path) => {
        twins! { $f32, $f64: fn(
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
                    Matrix::new(Argument::A, a)?,
                    Matrix::optional(Argument::Left, u)?,
                    Matrix::optional(Argument::Right, v)?,
                )
            };
            let s = Piece::new(Argument::SingularValues, s, a.rows().min(a.cols()))?;
            let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
            disjoint(&[s.range(), Range::of(&u), Range::of(&v), scratch.range()], &[a.range()])?;
            // SAFETY: the contract, and what is written is disjoint from all else.
            let (a, s, u, v, scratch) = unsafe {
                (a.view()?, s.slice_mut(), view_if(u)?, view_if(v)?, scratch.slice_mut())
            };
            Ok($method(a, s, u, v, &options, scratch)?.into())
        } }
    };
}

dense! { lowrank_svd_f32, lowrank_svd_f64: svd::svd }
dense! { lowrank_svd_golub_kahan_f32, lowrank_svd_golub_kahan_f64: svd::golub_kahan }
dense! { lowrank_svd_jacobi_f32, lowrank_svd_jacobi_f64: svd::jacobi }
dense! { lowrank_svd_jacobi_unblocked_f32, lowrank_svd_jacobi_unblocked_f64: svd::jacobi_unblocked }

/// Exports lengths that depend on a shape.
macro_rules! lengths {
    ($($name:ident = $function:path;)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name(m: usize, n: usize) -> usize {
            $function(m, n)
        }
    )*};
}

lengths! {
    lowrank_svd_scratch_len = svd::svd_scratch_len;
    lowrank_svd_values_scratch_len = svd::svd_values_scratch_len;
    lowrank_svd_golub_kahan_scratch_len = svd::golub_kahan_scratch_len;
    lowrank_svd_golub_kahan_values_scratch_len = svd::golub_kahan_values_scratch_len;
    lowrank_svd_golub_kahan_in_place_scratch_len = svd::golub_kahan_in_place_scratch_len;
    lowrank_svd_jacobi_scratch_len = svd::jacobi_scratch_len;
    lowrank_svd_jacobi_unblocked_scratch_len = svd::jacobi_unblocked_scratch_len;
    lowrank_svd_jacobi_warm_scratch_len = svd::jacobi_warm_scratch_len;
}

twins! { lowrank_svd_jacobi_warm_f32, lowrank_svd_jacobi_warm_f64: fn(
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
            Matrix::new(Argument::A, a)?,
            Matrix::optional(Argument::Left, u)?,
            Matrix::new(Argument::Right, v)?,
        )
    };
    let s = Piece::new(Argument::SingularValues, s, a.rows().min(a.cols()))?;
    let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
    disjoint(&[s.range(), Range::of(&u), v.range(), scratch.range()], &[a.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (a, s, u, v, scratch) =
        unsafe { (a.view()?, s.slice_mut(), view_if(u)?, v.view_mut()?, scratch.slice_mut()) };
    Ok(svd::jacobi_warm(a, s, u, v, &options, scratch)?.into())
} }

twins! { lowrank_svd_golub_kahan_in_place_f32, lowrank_svd_golub_kahan_in_place_f64: fn(
    a: *const Mat<T>,
    s: *mut T,
    kept: u32,
    square: *const Mat<T>,
    options: *const options::Svd,
    scratch: *mut T,
    scratch_len: usize,
) {
    let kept = keep(kept)?;
    // SAFETY: the contract.
    let (options, a) = unsafe { (options::Svd::read(options)?, Matrix::new(Argument::A, a)?) };
    let side = if a.rows() >= a.cols() { Argument::Right } else { Argument::Left };
    // SAFETY: the contract.
    let square = unsafe { Matrix::optional(side, square) }?;
    let s = Piece::new(Argument::SingularValues, s, a.rows().min(a.cols()))?;
    let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
    disjoint(&[a.range(), s.range(), Range::of(&square), scratch.range()], &[])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (a, s, square, scratch) =
        unsafe { (a.view_mut()?, s.slice_mut(), view_if(square)?, scratch.slice_mut()) };
    Ok(svd::golub_kahan_in_place(a, s, kept, square, &options, scratch)?.into())
} }

twins! { lowrank_svd_batch_f32, lowrank_svd_batch_f64: fn(
    a: *const Mat<T>,
    rows: usize,
    cols: usize,
    entries: u32,
    s: *const Mat<T>,
    u: *const Mat<T>,
    v: *const Mat<T>,
    options: *const options::Svd,
) {
    let entries = order(entries)?;
    // SAFETY: the contract.
    let (options, a, s, u, v) = unsafe {
        (
            options::Svd::read(options)?,
            Matrix::new(Argument::A, a)?,
            Matrix::new(Argument::SingularValues, s)?,
            Matrix::optional(Argument::Left, u)?,
            Matrix::optional(Argument::Right, v)?,
        )
    };
    disjoint(&[s.range(), Range::of(&u), Range::of(&v)], &[a.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (a, s, u, v) = unsafe { (a.view()?, s.view_mut()?, view_if(u)?, view_if(v)?) };
    Ok(svd::batch(a, (rows, cols), entries, s, u, v, &options)?.into())
} }
