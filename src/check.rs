//! The checks of the public doors.

use crate::error::{Error, Operand};
use crate::kernel::max_abs_if_finite;
use crate::real::Real;
use crate::view::{MatMut, MatRef};

/// The largest magnitude in A, or its first entry that is not finite.
pub(crate) fn finite<T: Real>(a: MatRef<'_, T>, operand: Operand) -> Result<T, Error> {
    let mut largest = T::ZERO;
    for line in a.lines() {
        match max_abs_if_finite(line) {
            Some(of_line) => largest = of_line.max(largest),
            None => {
                let bad = line.iter().find(|x| !x.is_finite()).and_then(|x| a.place_of(x));
                let (row, col) = bad.unwrap_or_default();
                return Err(Error::NonFinite { operand, row, col });
            }
        }
    }
    Ok(largest)
}

/// Row and column of the first entry of A below zero.
pub(crate) fn negative<T: Real>(a: MatRef<'_, T>) -> Option<(usize, usize)> {
    // Without a way out within a part the comparisons go in vectors.
    const PART: usize = 512;
    let mut parts = a.lines().flat_map(|line| line.chunks(PART));
    let part = parts.find(|part| part.iter().fold(false, |any, x| any | (*x < T::ZERO)))?;
    a.place_of(part.iter().find(|x| **x < T::ZERO)?)
}

/// The largest of the entries of A, which must be finite and not negative.
pub(crate) fn nonnegative<T: Real>(a: MatRef<'_, T>, operand: Operand) -> Result<T, Error> {
    let largest = finite(a, operand)?;
    match negative(a) {
        Some((row, col)) => Err(Error::Negative { operand, row, col }),
        None => Ok(largest),
    }
}

/// An optional output must have the expected shape.
pub(crate) fn shape<T>(
    operand: Operand,
    output: &Option<MatMut<'_, T>>,
    expected: (usize, usize),
) -> Result<(), Error> {
    match output.as_ref().map(|output| output.shape()) {
        Some(given) if given != expected => Err(Error::Shape { operand, expected, given }),
        _ => Ok(()),
    }
}

/// Indices that are kept as numbers of type T must be exact.
pub(crate) fn exact_index<T: Real>(given: usize) -> Result<(), Error> {
    let max = 1usize.checked_shl(T::SIGNIFICAND_BITS).unwrap_or(usize::MAX);
    if given > max { Err(Error::TooLarge { max, given }) } else { Ok(()) }
}
