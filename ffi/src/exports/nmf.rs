//! Non-negative matrix factorization.

use lowrank::nmf::{self, divergence};
use lowrank::operator::LinearOperator;
use lowrank::svd::truncated;
use lowrank::{Error, Operand, Real};

use super::iteration::begin;
use super::shape::lengths;
use super::{go_on, sources, twins};
use crate::memory::{Mat, Matrix, Piece, Source, disjoint};
use crate::options::{self, FromNmf, fill, norm};
use crate::state::{Place, State};
use crate::status::Argument;

lengths! {
    lowrank_nmf_nndsvd_scratch_len, lowrank_nmf_nndsvd_csr_scratch_len: |x, k, oversample|
        nmf::nndsvd_scratch_len(x, k, &truncated::Options::new().oversample(oversample));
    lowrank_nmf_scratch_len, lowrank_nmf_csr_scratch_len: |x, k| nmf::scratch_len(x, k);
    lowrank_nmf_divergence_scratch_len, lowrank_nmf_divergence_csr_scratch_len: |x, k| divergence::scratch_len(x, k);
    lowrank_nmf_transform_scratch_len, lowrank_nmf_transform_csr_scratch_len: |x, k| nmf::transform_scratch_len(x, k);
}

sources! {
    lowrank_nmf_random_start_f32, lowrank_nmf_random_start_f64,
    lowrank_nmf_random_start_csr_f32, lowrank_nmf_random_start_csr_f64: fn(
        x: *const <X as Source<T>>::Given,
        w: *const Mat<T>,
        h: *const Mat<T>,
        seed: u64,
    ) {
        // SAFETY: the contract.
        let (x, w, h) =
            unsafe { (<X as Source<T>>::new(x)?, Matrix::new(Argument::Left, w)?, Matrix::new(Argument::Right, h)?) };
        check_factors(x.shape(), &w, &h)?;
        disjoint(&[w.range(), h.range()], &x.ranges())?;
        // SAFETY: the contract, and what is written is disjoint from all else.
        let (x, w, h) = unsafe { (x.operator(Default::default())?, w.view_mut()?, h.view_mut()?) };
        nmf::random_start(&x.check()?, w, h, seed);
        Ok(().into())
    }
}

/// W and H fit X and each other.
fn check_factors<T: Real>((m, n): (usize, usize), w: &Matrix<T>, h: &Matrix<T>) -> Result<(), Error> {
    let rank = w.cols();
    for (operand, factor, expected) in [(Operand::Left, w, (m, rank)), (Operand::Right, h, (rank, n))] {
        let given = (factor.rows(), factor.cols());
        if given != expected {
            return Err(Error::Shape { operand, expected, given });
        }
    }
    Ok(())
}

sources! {
    lowrank_nmf_nndsvd_f32, lowrank_nmf_nndsvd_f64, lowrank_nmf_nndsvd_csr_f32, lowrank_nmf_nndsvd_csr_f64: fn(
        x: *const <X as Source<T>>::Given,
        w: *const Mat<T>,
        h: *const Mat<T>,
        kind: u32,
        part: f64,
        options: *const options::Truncated,
        scratch: *mut T,
        scratch_len: usize,
    ) {
        // SAFETY: the contract.
        let (options, x, w, h) = unsafe {
            (
                options::Truncated::read(options)?,
                <X as Source<T>>::new(x)?,
                Matrix::new(Argument::Left, w)?,
                Matrix::new(Argument::Right, h)?,
            )
        };
        let fill = fill(kind, part, options.seed)?;
        let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
        disjoint(&[w.range(), h.range(), scratch.range()], &x.ranges())?;
        // SAFETY: the contract, and what is written is disjoint from all else.
        let (x, w, h, scratch) =
            unsafe { (x.operator(options.execution)?, w.view_mut()?, h.view_mut()?, scratch.slice_mut()) };
        Ok(nmf::nndsvd(&x, w, h, fill, &options, scratch)?.into())
    }
}

/// Factorizes until the options end it.
macro_rules! factorize {
    ($f32:ident, $f64:ident, $csr_f32:ident, $csr_f64:ident: $factorize:path, $options:ty) => {
        sources! { $f32, $f64, $csr_f32, $csr_f64: fn(
            x: *const <X as Source<T>>::Given,
            w: *const Mat<T>,
            h: *const Mat<T>,
            options: *const options::Nmf,
            scratch: *mut T,
            scratch_len: usize,
        ) {
            // SAFETY: the contract.
            let (options, x, w, h) = unsafe {
                (
                    <$options>::read(options)?,
                    <X as Source<T>>::new(x)?,
                    Matrix::new(Argument::Left, w)?,
                    Matrix::new(Argument::Right, h)?,
                )
            };
            let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
            disjoint(&[w.range(), h.range(), scratch.range()], &x.ranges())?;
            // SAFETY: the contract, and what is written is disjoint from all else.
            let (x, w, h, scratch) = unsafe {
                (x.operator(options.execution)?, w.view_mut()?, h.view_mut()?, scratch.slice_mut())
            };
            Ok($factorize(&x, w, h, &options, scratch, go_on)?.into())
        } }
    };
}
pub(super) use factorize;

/// Begins an iteration.
macro_rules! iterate {
    ($f32:ident, $f64:ident, $csr_f32:ident, $csr_f64:ident: $start:path, $options:ty) => {
        sources! { $f32, $f64, $csr_f32, $csr_f64: fn(
            state: *mut State,
            x: *const <X as Source<T>>::Given,
            w: *const Mat<T>,
            h: *const Mat<T>,
            options: *const options::Nmf,
            scratch: *mut T,
            scratch_len: usize,
        ) {
            let place = Place::new(state)?;
            // SAFETY: the contract.
            let (options, x, w, h) = unsafe {
                (
                    <$options>::read(options)?,
                    <X as Source<T>>::new(x)?,
                    Matrix::new(Argument::Left, w)?,
                    Matrix::new(Argument::Right, h)?,
                )
            };
            let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
            disjoint(&[place.range(), w.range(), h.range(), scratch.range()], &x.ranges())?;
            // SAFETY: the contract, also for as long as the iteration is under way, and what is written is disjoint from
            // all else.
            unsafe {
                let operator = x.operator(options.execution)?;
                let (w, h, scratch) = (w.view_mut()?, h.view_mut()?, scratch.slice_mut());
                begin(place, operator, |x| $start(x, w, h, &options, scratch))
            }
        } }
    };
}
pub(super) use iterate;

/// One factor for new rows, while the other stays.
macro_rules! transform {
    ($f32:ident, $f64:ident, $csr_f32:ident, $csr_f64:ident: $transform:path, $options:ty, $fixed:ident, $free:ident) => {
        sources! { $f32, $f64, $csr_f32, $csr_f64: fn(
            x: *const <X as Source<T>>::Given,
            fixed: *const Mat<T>,
            free: *const Mat<T>,
            options: *const options::Nmf,
            scratch: *mut T,
            scratch_len: usize,
        ) {
            // SAFETY: the contract.
            let (options, x, fixed, free) = unsafe {
                (
                    <$options>::read(options)?,
                    <X as Source<T>>::new(x)?,
                    Matrix::new(Argument::$fixed, fixed)?,
                    Matrix::new(Argument::$free, free)?,
                )
            };
            let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
            let [one, two, three] = x.ranges();
            disjoint(&[free.range(), scratch.range()], &[one, two, three, fixed.range()])?;
            // SAFETY: the contract, and what is written is disjoint from all else.
            let (x, fixed, free, scratch) = unsafe {
                (x.operator(options.execution)?, fixed.view()?, free.view_mut()?, scratch.slice_mut())
            };
            Ok($transform(&x, fixed, free, &options, scratch)?.into())
        } }
    };
}
pub(super) use transform;

factorize! {
    lowrank_nmf_factorize_f32, lowrank_nmf_factorize_f64, lowrank_nmf_factorize_csr_f32, lowrank_nmf_factorize_csr_f64:
    nmf::factorize, nmf::Options
}
factorize! {
    lowrank_nmf_divergence_factorize_f32, lowrank_nmf_divergence_factorize_f64,
    lowrank_nmf_divergence_factorize_csr_f32, lowrank_nmf_divergence_factorize_csr_f64:
    divergence::factorize, divergence::Options
}
iterate! {
    lowrank_nmf_begin_f32, lowrank_nmf_begin_f64, lowrank_nmf_begin_csr_f32, lowrank_nmf_begin_csr_f64:
    nmf::State::new, nmf::Options
}
iterate! {
    lowrank_nmf_divergence_begin_f32, lowrank_nmf_divergence_begin_f64,
    lowrank_nmf_divergence_begin_csr_f32, lowrank_nmf_divergence_begin_csr_f64:
    divergence::State::new, divergence::Options
}
transform! {
    lowrank_nmf_transform_f32, lowrank_nmf_transform_f64, lowrank_nmf_transform_csr_f32, lowrank_nmf_transform_csr_f64:
    nmf::transform, nmf::Options, Right, Left
}
transform! {
    lowrank_nmf_divergence_transform_f32, lowrank_nmf_divergence_transform_f64,
    lowrank_nmf_divergence_transform_csr_f32, lowrank_nmf_divergence_transform_csr_f64:
    divergence::transform, divergence::Options, Right, Left
}

twins! { lowrank_nmf_normalize_f32, lowrank_nmf_normalize_f64: fn(
    left: *const Mat<T>,
    right: *const Mat<T>,
    kind: u32,
) {
    let kind = norm(kind)?;
    // SAFETY: the contract.
    let (left, right) = unsafe { (Matrix::new(Argument::Left, left)?, Matrix::new(Argument::Right, right)?) };
    disjoint(&[left.range(), right.range()], &[])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (left, right) = unsafe { (left.view_mut()?, right.view_mut()?) };
    Ok(nmf::normalize::<T>(left, right, kind)?.into())
} }
