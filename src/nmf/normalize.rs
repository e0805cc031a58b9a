//! The scale that a product leaves open, given to one factor.

use crate::check;
use crate::error::{Error, Operand};
use crate::real::Real;
use crate::view::MatMut;

/// What is one afterwards, of each column of W or each row of H.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Norm {
    /// The sum of the magnitudes.
    One,
    /// The Euclidean norm.
    Two,
    /// The largest magnitude.
    Max,
}

/// Scales the rows of `right`, `k x n`, to norm one and the columns of `left`, `m x k`, by what that takes, so that the
/// product stays what it is; of any sign. A row of zeros, and one whose norm the other factor cannot take, stays.
///
/// To scale W transpose both: `normalize(h.t(), w.t(), norm)`.
///
/// # Errors
/// `Shape`, `NonFinite`. Both are unchanged then.
pub fn normalize<T: Real>(mut left: MatMut<'_, T>, mut right: MatMut<'_, T>, kind: Norm) -> Result<(), Error> {
    if right.rows() != left.cols() {
        let expected = (left.cols(), right.cols());
        return Err(Error::Shape { operand: Operand::Right, expected, given: right.shape() });
    }
    check::finite(left.as_ref(), Operand::Left)?;
    check::finite(right.as_ref(), Operand::Right)?;
    for j in 0..right.as_ref().filled_rows() {
        let row = |right: &MatMut<'_, T>, i: usize| right.at(j, i).abs();
        let largest = (0..right.cols()).fold(T::ZERO, |largest, i| largest.max(row(&right, i)));
        // Of entries near one, so that neither sums nor squares leave the number range.
        let e = largest.exponent();
        let scaled = |i: usize| row(&right, i).scale(-e);
        let size = match kind {
            Norm::One => (0..right.cols()).fold(T::ZERO, |sum, i| sum + scaled(i)),
            Norm::Two => (0..right.cols()).fold(T::ZERO, |sum, i| sum + scaled(i) * scaled(i)).sqrt(),
            Norm::Max => largest.scale(-e),
        };
        // What it shrinks is not to grow before.
        let takes = |x: T| if e < 0 { x.scale(e) * size } else { (x * size).scale(e) };
        let fits = (0..left.rows()).all(|i| takes(left.at(i, j)).is_finite());
        if largest == T::ZERO || !fits {
            continue;
        }
        for i in 0..right.cols() {
            let x = right.at(j, i).scale(-e) / size;
            right.put(j, i, x);
        }
        for i in 0..left.rows() {
            let x = takes(left.at(i, j));
            left.put(i, j, x);
        }
    }
    Ok(())
}
