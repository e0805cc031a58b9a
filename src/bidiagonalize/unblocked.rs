//! The reduction without panels: every reflection is applied at once, and needs no memory but a few vectors.
//!
//! The reflection from the right of one step and that from the left of the next are applied in one pass over what is left
//! of A, which also collects the product with the row that makes the next reflector (Howell et al. 2008; see the module
//! above for how): A is read and written once a step. All is done to few columns at a time, which stay in the first-level
//! cache.

use super::Bidiagonal;
use crate::columns::{Total, with_adjacent_rows};
use crate::error::Error;
use crate::householder::reflector;
use crate::kernel::{Isa, Step};
use crate::range::{lift, small};
use crate::real::Real;
use crate::scratch::{split, sum, times};
use crate::view::MatMut;

/// Columns that are copied together if their rows are not adjacent: as many as a kernel takes.
const GROUP: usize = 4;

/// Elements of scratch for [`bidiagonalize_unblocked`] of an `m x n` matrix.
pub(crate) const fn bidiagonalize_unblocked_scratch_len(m: usize, n: usize) -> usize {
    sum(layout(m, n))
}

/// `v`, `x`, the sum for the next `x`; `u`, the row; some columns.
const fn layout(m: usize, n: usize) -> [usize; 6] {
    [m, m, m, n, n, times(GROUP, m)]
}

/// Reduces A, `m x n` with `m >= n` and of any strides, to upper bidiagonal form. A is overwritten with the reflectors; the
/// strides do not change a bit.
///
/// About `4 m n^2 - 4/3 n^3` operations.
pub(crate) fn bidiagonalize_unblocked<T: Real>(
    mut a: MatMut<'_, T>,
    b: &mut Bidiagonal<'_, T>,
    isa: Isa,
    scratch: &mut [T],
) -> Result<(), Error> {
    let (m, n) = a.shape();
    let [v, x, w, u, row, columns] = split(scratch, layout(m, n))?;
    // Before the first step there is no reflection from the right to apply.
    x.fill(T::ZERO);
    u.fill(T::ZERO);
    v.iter_mut().enumerate().take(if n > 0 { m } else { 0 }).for_each(|(i, v)| *v = a.at(i, 0));
    let mut shift = 0;
    for k in 0..n {
        let (rows, after) = (m - k, n - k - 1);
        if k > 0 && b.superdiagonal.at(k - 1).abs() < small() {
            let x = x.get_mut(k..).unwrap_or_default();
            let more = lift(isa, [a.rb().submatrix(k, k, rows, n - k), MatMut::packed(x, rows, 1)]);
            v.iter_mut().skip(k).for_each(|v| *v = v.scale(more));
            shift += more;
        }
        let (mut column, rest) = a.rb().submatrix(k, k, rows, n - k).split_cols(1);
        let (v, x) = (v.get_mut(k..).unwrap_or_default(), x.get_mut(k..).unwrap_or_default());
        isa.axpy(-u.at(k), x, v);
        let tau = reflector(isa, v);
        b.left.put(k, tau);
        b.diagonal.put(k, v.at(0));
        v.iter().enumerate().for_each(|(i, v)| column.put(i, 0, *v));
        let (row, u) = (row.get_mut(k + 1..).unwrap_or_default(), u.get_mut(k + 1..).unwrap_or_default());
        let w = w.get_mut(k + 1..).unwrap_or_default();
        w.fill(T::ZERO);
        let reflected = v.get(1..).unwrap_or_default();
        with_adjacent_rows(rest, columns, |start, part| {
            let u = u.get(start..start + part.cols()).unwrap_or_default();
            let row = row.get_mut(start..start + part.cols()).unwrap_or_default();
            isa.transform_columns(part, Step { x, u, rest: reflected, tau, row, w });
        });
        if after == 0 {
            b.right.put(k, T::ZERO);
            b.superdiagonal.put(k, T::ZERO);
            b.scale(k, -shift);
            return Ok(());
        }

        let first = row.at(0);
        let tau = reflector(isa, row);
        let beta = row.at(0);
        b.right.put(k, tau);
        b.superdiagonal.put(k, beta);
        b.scale(k, -shift);
        row.iter().enumerate().for_each(|(l, x)| a.put(k, k + 1 + l, *x));
        u.iter_mut().zip(row.iter()).for_each(|(u, x)| *u = *x);
        u.put(0, T::ONE);
        let mut beside = a.rb().submatrix(k + 1, k + 1, rows - 1, after);
        let (v, x) = (v.get_mut(1..).unwrap_or_default(), x.get_mut(1..).unwrap_or_default());
        v.iter_mut().enumerate().for_each(|(i, v)| *v = beside.at(i, 0));
        x.fill(T::ZERO);
        if tau == T::ZERO {
            continue;
        }
        if beta.abs() > T::pow2(T::MIN_EXPONENT / 2) {
            let factor = tau / (first - beta);
            isa.axpy(factor, w, x);
            isa.axpy(-beta * factor, v, x);
        } else {
            // The products with so small a row have underflowed.
            with_adjacent_rows(beside.rb(), columns, |start, part| {
                isa.add_columns(part.as_ref(), u.get(start..start + part.cols()).unwrap_or_default(), x);
            });
            isa.scale(tau, x);
        }
    }
    Ok(())
}
