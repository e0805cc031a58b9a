//! Matrix factorization over slices that the caller owns: SVD, NMF and semi-NMF, in `f32` and `f64`.
//!
//! No allocation, no I/O, no recursion, no threads of its own and no panic; `core` alone is enough. A routine takes its
//! matrices as views ([`MatRef`], [`MatMut`]) with any strides, and one slice of scratch memory whose length a `const fn`
//! states.
//!
//! ```
//! use lowrank::{MatMut, MatRef, svd};
//!
//! let a = [4.0, 0.0, 3.0, -5.0, 0.0, 0.0_f64];
//! let mut s = [0.0; 2];
//! let mut v = [0.0; 4];
//! let mut scratch = [0.0; svd::jacobi_unblocked_scratch_len(3, 2)];
//! svd::jacobi_unblocked(
//!     MatRef::row_major(&a, 3, 2)?,
//!     &mut s,
//!     None,
//!     Some(MatMut::row_major(&mut v, 2, 2)?),
//!     &svd::Options::new(),
//!     &mut scratch,
//! )?;
//! assert!((s[0] * s[1] - 20.0).abs() < 1e-12);
//! # Ok::<(), lowrank::Error>(())
//! ```
//!
//! | module | what it computes |
//! |---|---|
//! | [`svd`] | `A = U diag(s) V^T`, whole or truncated; least squares, pseudo-inverse, rank, polar factor, rotations |
//! | [`nmf`] | `X ~ W H` with `X, W, H >= 0` |
//! | [`snmf`] | `X ~ F G` with `G >= 0` |
//! | [`qr`](mod@qr) | `A = Q R`, with and without column pivoting |
//! | [`measures`] | how orthonormal a factor is, and how much a product of factors misses |
//! | [`operator`] | how the iterative methods reach their matrix: dense, CSR, transposed, your own |
//! | [`kernel`] | products and other inner loops, and who computes them |
//!
//! # Features
//! `std` (default) only links the standard library. `detect` (default) asks an x86-64 processor for its best instructions,
//! which round sums differently; [`kernel::Kernels::Reproducible`] gives the same bits with and without. `reproducible`
//! (default) makes this value available on 32-bit ARM too. `matrixmultiply` and `rayon` make
//! [`kernel::Backend::MatrixMultiply`] and [`kernel::Parallelism::Rayon`] available; chosen, these allocate. `openblas`
//! makes [`kernel::Backend::OpenBlas`] available, and links the system's OpenBLAS, which starts threads with the program;
//! what is not promised once it is chosen stands there. It needs no `std`.
#![no_std]
#![deny(unsafe_code)]

#[cfg(any(test, feature = "std"))]
extern crate std;

mod alternating;
mod bidiagonalize;
mod check;
mod cholesky;
mod columns;
mod error;
mod householder;
#[allow(unsafe_code)]
pub mod kernel;
pub mod measures;
pub mod nmf;
pub mod operator;
mod orthonormalize;
pub mod qr;
pub mod random;
mod range;
mod real;
mod scratch;
pub mod snmf;
pub mod svd;
mod tall;
mod triangular;
#[allow(unsafe_code)]
mod view;

/// The program in the README, compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

pub use error::{Error, Operand};
pub use real::Real;
pub use view::{MatMut, MatRef, span};
