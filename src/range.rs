//! Powers of two that keep a factorization within the range of the numbers.

use crate::columns::{Columns, part};
use crate::kernel::Isa;
use crate::real::Real;
use crate::view::{MatMut, MatRef};
use core::ops::Range;

/// The `e` for which a matrix with this largest magnitude is factorized as `2^e A`: 0 if squares of its norm are far
/// from both ends of the range, else what brings the largest magnitude to the fourth root of the largest number, so that
/// as few small entries as possible are lost.
pub(crate) fn scaling_exponent<T: Real>(largest: T) -> i32 {
    let limit = T::MAX_EXPONENT / 4;
    let own = largest.exponent();
    if largest == T::ZERO || own.abs() <= limit { 0 } else { limit - own }
}

/// Copies `2^exponent A` into scratch.
pub(crate) fn copy_scaled<T: Real>(a: MatRef<'_, T>, exponent: i32, work: &mut Columns<'_, T>) {
    if Isa::best().is_scalar() {
        // Less code than the other way, which is faster where caches are large.
        work.columns_mut().enumerate().for_each(|(j, column)| a.copy_column(j, column));
    } else {
        work.as_mut().copy_from(a);
    }
    multiply(work.as_mut(), exponent);
}

/// `A <- 2^exponent A`
pub(crate) fn multiply<T: Real>(mut a: MatMut<'_, T>, exponent: i32) {
    if exponent != 0 {
        a.lines_mut().for_each(|line| multiply_slice(line, exponent));
    }
}

/// `x <- 2^exponent x`
pub(crate) fn multiply_slice<T: Real>(x: &mut [T], exponent: i32) {
    x.iter_mut().for_each(|x| *x = x.scale(exponent));
}

/// Multiplies some rows of the upper triangle of A, in the columns before `end`, by `2^exponent`.
pub(crate) fn multiply_upper_rows<T: Real>(a: &mut Columns<'_, T>, rows: Range<usize>, end: usize, exponent: i32) {
    for j in (rows.start..end).take_while(|_| exponent != 0) {
        let len = rows.end.min(j + 1) - rows.start;
        multiply_slice(part(a.col_mut(j), rows.start, len), exponent);
    }
}

/// The magnitude below which [`lift`] does something: products of a few such numbers underflow.
pub(crate) fn small<T: Real>() -> T {
    T::pow2(T::MIN_EXPONENT / 4)
}

/// Multiplies the parts of a matrix by a power of two if all entries are [`small`], and returns the exponent.
///
/// What is left of a matrix of low rank are rounding errors, then rounding errors of these, and so on. Without this, a
/// factorization would end among subnormal numbers, which take processors a hundred times as long. A reflector does not
/// depend on the scale of what is left; the rows of the triangle that come from it do, and are multiplied back.
pub(crate) fn lift<T: Real, const N: usize>(isa: Isa, parts: [MatMut<'_, T>; N]) -> i32 {
    let mut largest = T::ZERO;
    for part in &parts {
        for line in part.as_ref().lines() {
            largest = isa.max_abs(line).max(largest);
            if largest >= small() {
                return 0;
            }
        }
    }
    if largest == T::ZERO {
        return 0;
    }
    let shift = -largest.exponent();
    parts.into_iter().for_each(|part| multiply(part, shift));
    shift
}
