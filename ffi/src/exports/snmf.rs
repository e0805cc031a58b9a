//! Semi-non-negative matrix factorization.

use lowrank::snmf;
use lowrank::svd::truncated;

use super::iteration::begin;
use super::nmf::{factorize, iterate, transform};
use super::shape::lengths;
use super::{go_on, sources, twins};
use crate::memory::{Mat, Matrix, Piece, Source, disjoint};
use crate::options::{self, FromNmf};
use crate::state::{Place, State};
use crate::status::Argument;

lengths! {
    lowrank_snmf_svd_start_scratch_len, lowrank_snmf_svd_start_csr_scratch_len: |x, k, oversample|
        snmf::svd_scratch_len(x, k, &truncated::Options::new().oversample(oversample));
    lowrank_snmf_kmeans_start_scratch_len, lowrank_snmf_kmeans_start_csr_scratch_len: |x, k|
        snmf::kmeans_scratch_len(x, k);
    lowrank_snmf_scratch_len, lowrank_snmf_csr_scratch_len: |x, k| snmf::scratch_len(x, k);
    lowrank_snmf_transform_rows_scratch_len, lowrank_snmf_transform_rows_csr_scratch_len: |x, k|
        snmf::transform_rows_scratch_len(x, k);
    lowrank_snmf_transform_columns_scratch_len, lowrank_snmf_transform_columns_csr_scratch_len: |x, k|
        snmf::transform_columns_scratch_len(x, k);
}

sources! {
    lowrank_snmf_svd_start_f32, lowrank_snmf_svd_start_f64,
    lowrank_snmf_svd_start_csr_f32, lowrank_snmf_svd_start_csr_f64: fn(
        x: *const <X as Source<T>>::Given,
        g: *const Mat<T>,
        options: *const options::Truncated,
        scratch: *mut T,
        scratch_len: usize,
    ) {
        // SAFETY: the contract.
        let (options, x, g) = unsafe {
            (options::Truncated::read(options)?, <X as Source<T>>::new(x)?, Matrix::new(Argument::Right, g)?)
        };
        let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
        disjoint(&[g.range(), scratch.range()], &x.ranges())?;
        // SAFETY: the contract, and what is written is disjoint from all else.
        let (x, g, scratch) = unsafe { (x.operator(options.execution)?, g.view_mut()?, scratch.slice_mut()) };
        Ok(snmf::svd_start(&x, g, &options, scratch)?.into())
    }
}

sources! {
    lowrank_snmf_kmeans_start_f32, lowrank_snmf_kmeans_start_f64,
    lowrank_snmf_kmeans_start_csr_f32, lowrank_snmf_kmeans_start_csr_f64: fn(
        x: *const <X as Source<T>>::Given,
        g: *const Mat<T>,
        seed: u64,
        scratch: *mut T,
        scratch_len: usize,
    ) {
        // SAFETY: the contract.
        let (x, g) = unsafe { (<X as Source<T>>::new(x)?, Matrix::new(Argument::Right, g)?) };
        let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
        disjoint(&[g.range(), scratch.range()], &x.ranges())?;
        // SAFETY: the contract, and what is written is disjoint from all else.
        let (x, g, scratch) = unsafe { (x.operator(Default::default())?, g.view_mut()?, scratch.slice_mut()) };
        Ok(snmf::kmeans_start(&x, g, seed, scratch)?.into())
    }
}

twins! { lowrank_snmf_random_start_f32, lowrank_snmf_random_start_f64: fn(g: *const Mat<T>, seed: u64) {
    // SAFETY: the contract, and G is the only argument with memory.
    let g = unsafe { Matrix::<T>::new(Argument::Right, g)?.view_mut()? };
    snmf::random_start(g, seed);
    Ok(().into())
} }

factorize! {
    lowrank_snmf_factorize_f32, lowrank_snmf_factorize_f64,
    lowrank_snmf_factorize_csr_f32, lowrank_snmf_factorize_csr_f64: snmf::factorize, snmf::Options
}
iterate! {
    lowrank_snmf_begin_f32, lowrank_snmf_begin_f64, lowrank_snmf_begin_csr_f32, lowrank_snmf_begin_csr_f64:
    snmf::State::new, snmf::Options
}
transform! {
    lowrank_snmf_transform_rows_f32, lowrank_snmf_transform_rows_f64,
    lowrank_snmf_transform_rows_csr_f32, lowrank_snmf_transform_rows_csr_f64:
    snmf::transform_rows, snmf::Options, Right, Left
}
transform! {
    lowrank_snmf_transform_columns_f32, lowrank_snmf_transform_columns_f64,
    lowrank_snmf_transform_columns_csr_f32, lowrank_snmf_transform_columns_csr_f64:
    snmf::transform_columns, snmf::Options, Left, Right
}
