//! What the singular value decomposition solves.

use lowrank::svd;

use super::twins;
use crate::memory::{Mat, Matrix, Piece, Range, disjoint, view_if};
use crate::options::{self, solve};
use crate::status::{Argument, Info};

#[unsafe(no_mangle)]
extern "C" fn lowrank_rank_scratch_len(m: usize, n: usize) -> usize {
    svd::rank_scratch_len(m, n)
}

twins! { lowrank_rank_f32, lowrank_rank_f64: fn(
    a: *const Mat<T>,
    tolerance: f64,
    rank: *mut usize,
    options: *const options::Svd,
    scratch: *mut T,
    scratch_len: usize,
) {
    // SAFETY: the contract.
    let (options, a) = unsafe { (options::Svd::read(options)?, Matrix::new(Argument::A, a)?) };
    let rank = Piece::new(Argument::C, rank, 1)?;
    let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
    disjoint(&[rank.range(), scratch.range()], &[a.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (a, rank, scratch) = unsafe { (a.view()?, rank.slice_mut(), scratch.slice_mut()) };
    let found = svd::rank(a, &solve(tolerance, options), scratch)?;
    rank.fill(found);
    Ok(Info { rank: found, ..().into() })
} }

twins! { lowrank_condition_number_f32, lowrank_condition_number_f64: fn(
    a: *const Mat<T>,
    condition: *mut f64,
    options: *const options::Svd,
    scratch: *mut T,
    scratch_len: usize,
) {
    // SAFETY: the contract.
    let (options, a) = unsafe { (options::Svd::read(options)?, Matrix::new(Argument::A, a)?) };
    let condition = Piece::new(Argument::C, condition, 1)?;
    let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
    disjoint(&[condition.range(), scratch.range()], &[a.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (a, condition, scratch) = unsafe { (a.view()?, condition.slice_mut(), scratch.slice_mut()) };
    let found = svd::condition_number(a, &svd::solve::Options::new().svd(options), scratch)?;
    condition.fill(found);
    Ok(Info { condition: found, ..().into() })
} }

#[unsafe(no_mangle)]
extern "C" fn lowrank_pinv_scratch_len(m: usize, n: usize) -> usize {
    svd::pinv_scratch_len(m, n)
}

twins! { lowrank_pinv_f32, lowrank_pinv_f64: fn(
    a: *const Mat<T>,
    x: *const Mat<T>,
    tolerance: f64,
    options: *const options::Svd,
    scratch: *mut T,
    scratch_len: usize,
) {
    // SAFETY: the contract.
    let (options, a, x) =
        unsafe { (options::Svd::read(options)?, Matrix::new(Argument::A, a)?, Matrix::new(Argument::C, x)?) };
    let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
    disjoint(&[x.range(), scratch.range()], &[a.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (a, x, scratch) = unsafe { (a.view()?, x.view_mut()?, scratch.slice_mut()) };
    Ok(svd::pinv(a, x, &solve(tolerance, options), scratch)?.into())
} }

#[unsafe(no_mangle)]
extern "C" fn lowrank_least_squares_scratch_len(m: usize, n: usize, count: usize) -> usize {
    svd::least_squares_scratch_len(m, n, count)
}

twins! { lowrank_least_squares_f32, lowrank_least_squares_f64: fn(
    a: *const Mat<T>,
    b: *const Mat<T>,
    x: *const Mat<T>,
    residuals: *mut T,
    tolerance: f64,
    options: *const options::Svd,
    scratch: *mut T,
    scratch_len: usize,
) {
    // SAFETY: the contract.
    let (options, a, b, x) = unsafe {
        (
            options::Svd::read(options)?,
            Matrix::new(Argument::A, a)?,
            Matrix::new(Argument::B, b)?,
            Matrix::new(Argument::C, x)?,
        )
    };
    let residuals = Piece::optional(Argument::Residuals, residuals, b.cols())?;
    let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
    let of_residuals = residuals.map_or(Range::NONE, |residuals| residuals.range());
    disjoint(&[x.range(), of_residuals, scratch.range()], &[a.range(), b.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (a, b, x, residuals, scratch) = unsafe {
        (a.view()?, b.view()?, x.view_mut()?, residuals.map(|residuals| residuals.slice_mut()), scratch.slice_mut())
    };
    Ok(svd::least_squares(a, b, x, residuals, &solve(tolerance, options), scratch)?.into())
} }

#[unsafe(no_mangle)]
extern "C" fn lowrank_polar_scratch_len(m: usize, n: usize) -> usize {
    svd::polar_scratch_len(m, n)
}

twins! { lowrank_polar_f32, lowrank_polar_f64: fn(
    a: *const Mat<T>,
    w: *const Mat<T>,
    p: *const Mat<T>,
    options: *const options::Svd,
    scratch: *mut T,
    scratch_len: usize,
) {
    // SAFETY: the contract.
    let (options, a, w, p) = unsafe {
        (
            options::Svd::read(options)?,
            Matrix::new(Argument::A, a)?,
            Matrix::optional(Argument::Left, w)?,
            Matrix::optional(Argument::Right, p)?,
        )
    };
    let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
    disjoint(&[Range::of(&w), Range::of(&p), scratch.range()], &[a.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (a, w, p, scratch) = unsafe { (a.view()?, view_if(w)?, view_if(p)?, scratch.slice_mut()) };
    Ok(svd::polar(a, w, p, &options, scratch)?.into())
} }

#[unsafe(no_mangle)]
extern "C" fn lowrank_nearest_rotation_scratch_len(n: usize) -> usize {
    svd::nearest_rotation_scratch_len(n)
}

twins! { lowrank_nearest_rotation_f32, lowrank_nearest_rotation_f64: fn(
    a: *const Mat<T>,
    r: *const Mat<T>,
    options: *const options::Svd,
    scratch: *mut T,
    scratch_len: usize,
) {
    // SAFETY: the contract.
    let (options, a, r) =
        unsafe { (options::Svd::read(options)?, Matrix::new(Argument::A, a)?, Matrix::new(Argument::C, r)?) };
    let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
    disjoint(&[r.range(), scratch.range()], &[a.range()])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (a, r, scratch) = unsafe { (a.view()?, r.view_mut()?, scratch.slice_mut()) };
    Ok(svd::nearest_rotation(a, r, &options, scratch)?.into())
} }

#[unsafe(no_mangle)]
extern "C" fn lowrank_procrustes_scratch_len(m: usize, n: usize) -> usize {
    svd::procrustes_scratch_len(m, n)
}

/// Over all orthogonal matrices, and over rotations.
macro_rules! procrustes {
    ($f32:ident, $f64:ident: $function:path) => {
        twins! { $f32, $f64: fn(
            a: *const Mat<T>,
            b: *const Mat<T>,
            q: *const Mat<T>,
            options: *const options::Svd,
            scratch: *mut T,
            scratch_len: usize,
        ) {
            // SAFETY: the contract.
            let (options, a, b, q) = unsafe {
                (
                    options::Svd::read(options)?,
                    Matrix::new(Argument::A, a)?,
                    Matrix::new(Argument::B, b)?,
                    Matrix::new(Argument::C, q)?,
                )
            };
            let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
            disjoint(&[q.range(), scratch.range()], &[a.range(), b.range()])?;
            // SAFETY: the contract, and what is written is disjoint from all else.
            let (a, b, q, scratch) = unsafe { (a.view()?, b.view()?, q.view_mut()?, scratch.slice_mut()) };
            Ok($function(a, b, q, &options, scratch)?.into())
        } }
    };
}

procrustes! { lowrank_procrustes_f32, lowrank_procrustes_f64: svd::procrustes }
procrustes! { lowrank_procrustes_rotation_f32, lowrank_procrustes_rotation_f64: svd::procrustes_rotation }
