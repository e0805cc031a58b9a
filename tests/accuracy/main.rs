//! What the factors must satisfy, and how closely: LAPACK's test ratios over its matrix types and ours.
//!
//! The bounds in [`measures::bounds`] are part of the interface: a change of one is a change of a promise.

mod lengths;
mod limits;
mod machines;
mod matrices;
mod measures;
mod nmf;
mod operators;
mod qr;
mod snmf;
mod svd_batch;
mod svd_jacobi;
mod svd_truncated;
#[cfg(feature = "rayon")]
mod threads;
