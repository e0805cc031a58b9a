//! The exported functions, a file for each part of the header.
//!
//! Each does the same three things: it takes its arguments for pieces of memory, refuses those that overlap, and makes
//! views of them for the Rust function.

mod iteration;
mod measures;
mod nmf;
mod products;
mod shape;
mod snmf;
mod solve;
mod svd;
mod truncated;

use core::ffi::{CStr, c_char};
use core::ops::ControlFlow;

use lowrank::kernel;

use crate::status;

/// `twins! { lowrank_x_f32, lowrank_x_f64: fn(arguments) { body } }` exports one body for both number types, which it
/// calls `T`. The body returns `Result<Info, Fault>`; the last argument of every function, `info`, is added here.
macro_rules! twins {
    ($f32:ident, $f64:ident: fn($($argument:ident: $type:ty),* $(,)?) $body:block) => {
        $crate::exports::export! { $f32($($argument: $type),*), { type T = f32; }, $body }
        $crate::exports::export! { $f64($($argument: $type),*), { type T = f64; }, $body }
    };
}

/// The same for a matrix to be factorized that is dense or sparse, `X`, a [`Source`](crate::memory::Source): four functions.
macro_rules! sources {
    (
        $f32:ident, $f64:ident, $csr_f32:ident, $csr_f64:ident: fn($($argument:ident: $type:ty),* $(,)?) $body:block
    ) => {
        $crate::exports::export! {
            $f32($($argument: $type),*), { type T = f32; type X = $crate::memory::Matrix<T>; }, $body
        }
        $crate::exports::export! {
            $f64($($argument: $type),*), { type T = f64; type X = $crate::memory::Matrix<T>; }, $body
        }
        $crate::exports::export! {
            $csr_f32($($argument: $type),*), { type T = f32; type X = $crate::memory::Sparse<T>; }, $body
        }
        $crate::exports::export! {
            $csr_f64($($argument: $type),*), { type T = f64; type X = $crate::memory::Sparse<T>; }, $body
        }
    };
}

/// One function of these, with the types that its body names.
macro_rules! export {
    ($name:ident($($argument:ident: $type:ty),*), { $($types:item)* }, $body:block) => {
        const _: () = {
            $($types)*
            /// # Safety
            /// The contract of the crate.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $name($($argument: $type,)* info: *mut $crate::status::Info) -> i32 {
                let call = || -> Result<$crate::status::Info, $crate::status::Fault> { $body };
                // SAFETY: the contract.
                unsafe { $crate::exports::answer(info, call) }
            }
        };
    };
}

pub(crate) use {export, sources, twins};

/// Runs the call if the caller's `info` can be written, writes what it says there, and returns its status.
///
/// # Safety
/// `info` is null or points to a struct of the caller of as many bytes as its `struct_size` says.
#[inline(always)]
unsafe fn answer(info: *mut status::Info, call: impl FnOnce() -> Result<status::Info, status::Fault>) -> i32 {
    // SAFETY: the caller vouches for it.
    let info = match unsafe { crate::memory::InfoOut::new(info) } {
        Ok(info) => info,
        Err(fault) => return fault.status,
    };
    let (status, details) = match call() {
        Ok(details) => (status::OK, details),
        Err(fault) => (fault.status, fault.into()),
    };
    info.write(details);
    status
}

#[unsafe(no_mangle)]
extern "C" fn lowrank_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

#[unsafe(no_mangle)]
extern "C" fn lowrank_kernel_name() -> *const c_char {
    const NAMES: [&CStr; 6] = [c"portable", c"scalar", c"avx2", c"avx512", c"neon", c"simd128"];
    let name = NAMES.into_iter().find(|name| name.to_bytes() == kernel::name().as_bytes());
    name.unwrap_or(c"unknown").as_ptr()
}

#[unsafe(no_mangle)]
extern "C" fn lowrank_status_message(status: i32) -> *const c_char {
    status::message(status).as_ptr()
}

/// The observer of a caller that has none.
fn go_on<P>(_: &P) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
