//! The C interface of `lowrank`, declared and documented in `include/lowrank.h`.
//!
//! A function turns its pointers into views and calls the Rust function of the same name; its f32 and f64 twins are one
//! body. It returns a status, writes details to the caller's `lowrank_info` if there is one, and changes nothing else
//! unless the call was accepted.
//!
//! # The caller's part
//! What no function can check, and every `SAFETY` sentence refers to as *the contract*:
//!
//! - a pointer to a struct is null or points to one, of as many bytes as its `struct_size` says if it has that field;
//! - a pointer to elements points to as many as the header says: a matrix's to all of its entries, that to scratch to
//!   `scratch_len`;
//! - a state is where it was when an iteration began in it, or holds no iteration and is cleared;
//! - during the call, and from the beginning of an iteration in a state to its end, nobody else writes what the function reads, or touches what it writes.
#![no_std]

mod exports;
mod memory;
mod options;
mod state;
mod status;

#[cfg(all(feature = "proof", feature = "matrixmultiply"))]
compile_error!("the standard library, which matrixmultiply needs, has the panic handler: nothing would be proved");

/// No panic can be reached, as the build with the feature `proof` shows: there a program that can reach this handler
/// does not link.
#[cfg(not(feature = "matrixmultiply"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    #[cfg(feature = "proof")]
    {
        unsafe extern "C" {
            fn lowrank_panic_is_reachable() -> !;
        }
        // SAFETY: there is no such function, so this is never run.
        unsafe { lowrank_panic_is_reachable() }
    }
    #[cfg(not(feature = "proof"))]
    loop {
        core::hint::spin_loop();
    }
}
