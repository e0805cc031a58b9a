//! One caller-owned slice, cut into the pieces that a routine needs.
//!
//! A routine's `*_scratch_len` is the sum of its pieces, and the routine takes the same pieces in the same order; both
//! are written next to each other, as `const fn` closed forms that saturate at `usize::MAX`, so a length that overflows
//! is one that no slice has.

use crate::error::Error;
use crate::real::Real;
use crate::view::Columns;

/// `a * b`, saturating; for `const fn` lengths.
pub(crate) const fn times(a: usize, b: usize) -> usize {
    a.saturating_mul(b)
}

/// The sum of the lengths, saturating.
pub(crate) const fn sum<const N: usize>(lengths: [usize; N]) -> usize {
    let mut total: usize = 0;
    let mut i = 0;
    while i < N {
        total = total.saturating_add(lengths[i]);
        i += 1;
    }
    total
}

/// The larger of two lengths.
pub(crate) const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// The smaller of two lengths.
pub(crate) const fn min(a: usize, b: usize) -> usize {
    if a < b { a } else { b }
}

/// Scratch memory from which pieces are taken in order.
pub(crate) struct Scratch<'a, T> {
    rest: &'a mut [T],
}

impl<'a, T: Real> Scratch<'a, T> {
    /// Accepts `memory` if it has at least `needed` elements.
    pub fn new(memory: &'a mut [T], needed: usize) -> Result<Self, Error> {
        if memory.len() < needed {
            return Err(Error::ScratchTooSmall { needed, given: memory.len() });
        }
        Ok(Scratch { rest: memory })
    }

    /// The next `len` elements, set to zero, so that what was there never matters.
    pub fn zeroed(&mut self, len: usize) -> &'a mut [T] {
        let piece = self.raw(len);
        piece.fill(T::ZERO);
        piece
    }

    /// The next `len` elements as they are: for a callee that itself treats them as scratch, or that writes before it
    /// reads.
    pub fn raw(&mut self, len: usize) -> &'a mut [T] {
        let rest = core::mem::take(&mut self.rest);
        match rest.split_at_mut_checked(len) {
            Some((piece, rest)) => {
                self.rest = rest;
                piece
            }
            None => {
                debug_assert!(false, "a routine takes more scratch than its length function says");
                &mut []
            }
        }
    }

    /// The next `rows * cols` elements as a zero column-major matrix.
    pub fn columns(&mut self, rows: usize, cols: usize) -> Columns<'a, T> {
        Columns::new(self.zeroed(times(rows, cols)), rows, cols)
    }
}
