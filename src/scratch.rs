//! One caller-owned slice, cut into the pieces that a routine needs.
//!
//! A routine describes its pieces once, as a *layout*: a `const fn` that lists their lengths. The routine's
//! `*_scratch_len` is the [`sum`] of the layout and the routine itself [`split`]s its scratch by it, so the two cannot
//! disagree. Lengths saturate at `usize::MAX`, which no slice has, so one that overflows fails cleanly.

use crate::error::Error;

/// `a * b`, saturating.
pub(crate) const fn times(a: usize, b: usize) -> usize {
    a.saturating_mul(b)
}

/// The length of a layout, saturating.
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

/// Scratch must have as many elements as are needed.
pub(crate) fn enough<T>(memory: &[T], needed: usize) -> Result<(), Error> {
    if memory.len() < needed { Err(Error::ScratchTooSmall { needed, given: memory.len() }) } else { Ok(()) }
}

/// Cuts the pieces of a layout, in order, from the start of `memory`. Their content is what it was: whoever reads before
/// writing clears first.
pub(crate) fn split<T, const N: usize>(memory: &mut [T], layout: [usize; N]) -> Result<[&mut [T]; N], Error> {
    enough(memory, sum(layout))?;
    let mut rest = memory;
    Ok(layout.map(|len| {
        let (piece, others) = core::mem::take(&mut rest).split_at_mut_checked(len).unwrap_or_default();
        rest = others;
        piece
    }))
}

/// Elements that [`aligned`] may skip.
pub(crate) const ALIGNMENT: usize = 15;

/// The first `len` elements that begin a cache line, of memory that has [`ALIGNMENT`] more: no vector then straddles two
/// lines. Speed is all that this changes.
pub(crate) fn aligned<T>(memory: &mut [T], len: usize) -> &mut [T] {
    let skip = memory.as_ptr().align_offset(64).min(memory.len().saturating_sub(len));
    memory.get_mut(skip..).and_then(|rest| rest.get_mut(..len)).unwrap_or_default()
}
