#![no_std]
#![deny(unsafe_code)]

#[cfg(any(test, feature = "std"))]
extern crate std;

mod check;
mod error;
mod householder;
#[allow(unsafe_code)]
pub mod kernel;
pub mod operator;
mod orthonormalize;
pub mod qr;
pub mod random;
mod real;
mod scratch;
pub mod svd;
#[allow(unsafe_code)]
mod view;

pub use error::{Error, Operand};
pub use real::Real;
pub use view::{MatMut, MatRef, span};
