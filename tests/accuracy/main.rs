//! What the factors must satisfy, and how closely: LAPACK's test ratios over its matrix types and ours.
//!
//! The bounds in [`measures::bounds`] are part of the interface: a change of one is a change of a promise.

#[cfg(any(feature = "matrixmultiply", feature = "openblas"))]
mod backends;
mod corpus;
mod double;
mod failing;
mod golden;
mod lapack;
mod layouts;
mod lengths;
mod limits;
mod machines;
mod matrices;
mod measures;
mod nmf;
mod operators;
mod oracle;
mod qr;
mod ratios;
mod snmf;
mod svd_batch;
mod svd_dense;
mod svd_jacobi;
mod svd_polar;
mod svd_solve;
mod svd_truncated;
#[cfg(feature = "rayon")]
mod threads;
mod transform;
