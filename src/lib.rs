#![no_std]
#![deny(unsafe_code)]

#[cfg(any(test, feature = "std"))]
extern crate std;

mod error;
#[allow(unsafe_code)]
pub mod kernel;
mod random;
mod real;
mod scratch;
#[allow(unsafe_code)]
mod view;

pub use error::{Error, Operand};
pub use real::Real;
pub use view::{MatMut, MatRef, span};
