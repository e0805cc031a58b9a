//! `lowrank_state`: an iteration under way, in memory of the caller that says nothing of what it holds.
//!
//! What is there begins with a tag, the last to be written when an iteration begins and the first to be cleared, so that a
//! state that is not what a function expects is refused. A matrix that the iteration reaches through an operator lives
//! there too, and the iteration refers to it: the state stays where it is.

use core::ffi::c_void;

use crate::memory::{Piece, Range};
use crate::status::{Argument, Fault, STATE};

/// `lowrank_state`.
#[repr(C)]
#[derive(Clone, Copy)]
pub union State {
    words: [u64; 160],
    number: f64,
    pointer: *mut c_void,
}

/// What a tag begins with; the last byte tells what follows.
const TAG: u64 = 0x6c6f_7772_616e_6b00;

/// Of the largest integer, the random number generator's.
const ALIGNMENT: usize = 16;

/// What a state holds.
pub trait Held {
    /// Tells this type from all others whose functions are not the same.
    const KIND: u8;
}

/// The caller's state: neither null nor misaligned.
#[derive(Clone, Copy)]
pub struct Place(*mut State, Range);

impl Place {
    pub fn new(state: *mut State) -> Result<Self, Fault> {
        Ok(Place(state, Piece::new(Argument::State, state, 1)?.range()))
    }

    pub fn range(&self) -> Range {
        self.1
    }

    /// The first place behind the tag that is aligned for any body, which may want more than C has types for.
    fn place<B: Held>(self) -> *mut B {
        const { assert!(align_of::<B>() <= ALIGNMENT) };
        const { assert!(size_of::<u64>() + ALIGNMENT + size_of::<B>() <= size_of::<State>()) };
        let behind = self.0.cast::<u64>().wrapping_add(1).cast::<u8>();
        let ahead = behind.addr().wrapping_neg() & (ALIGNMENT - 1);
        behind.wrapping_add(ahead).cast()
    }

    /// Where the body is to be written, before [`commit`](Self::commit). There is no iteration until then.
    ///
    /// # Safety
    /// The state is the caller's to write.
    pub unsafe fn clear<B: Held>(self) -> *mut B {
        // SAFETY: the caller vouches for the memory, which is longer, and aligned.
        unsafe { self.0.cast::<u64>().write(0) };
        self.place()
    }

    /// Says that there is a body.
    ///
    /// # Safety
    /// It has been written where [`clear`](Self::clear) said.
    pub unsafe fn commit<B: Held>(self) {
        // SAFETY: as in `clear`.
        unsafe { self.0.cast::<u64>().write(TAG | u64::from(B::KIND)) }
    }

    /// The body.
    ///
    /// # Safety
    /// The state is the caller's to read, and only an iteration that began in it begins with such a tag.
    pub unsafe fn body<B: Held>(self) -> Result<*mut B, Fault> {
        // SAFETY: the caller vouches for the memory, which is longer, and aligned.
        let tag = unsafe { self.0.cast::<u64>().read() };
        if tag == TAG | u64::from(B::KIND) { Ok(self.place()) } else { Err(Fault::about(STATE, Argument::State)) }
    }
}
