//! QR factorization by Householder reflections, with and without column pivoting.
//!
//! `A P = Q R`: for each column in turn a reflector makes the entries below the diagonal zero and is applied to the
//! columns to the right. With pivoting (Businger & Golub 1965) the column of largest remaining norm comes next, so
//! `|r_00| >= |r_11| >= ...` and each `r_ii` bounds the entries right of and below it. The remaining norms are updated
//! rather than recomputed, and recomputed when half of their digits have cancelled (Drmac & Bujanovic, TOMS 35:12, 2008):
//! so all this holds but for a relative error of about `sqrt(eps)`.

use crate::check;
use crate::columns::{Columns, Total};
use crate::error::{Error, Operand};
use crate::householder::{Side, apply, apply_scratch_len, block_width, reflect, reflector};
use crate::kernel::{Execution, Isa};
use crate::range::{copy_scaled, lift, multiply, multiply_upper_rows, scaling_exponent, small};
use crate::real::Real;
use crate::scratch::{max, min, split, sum, times};
use crate::view::{MatMut, MatRef};
use core::ops::Range;

/// How many columns an orthogonal factor has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vectors {
    /// `min(m, n)`.
    #[default]
    Thin,
    /// As many as rows: a square orthogonal matrix, the thin columns and an orthonormal completion.
    Full,
}

/// Elements of scratch for [`qr`] and [`qr_pivoted`] of an `m x n` matrix.
pub const fn qr_scratch_len(m: usize, n: usize) -> usize {
    sum(layout(m, n))
}

/// The matrix, `tau`, what is known of the columns; a column, or what products need.
const fn layout(m: usize, n: usize) -> [usize; 4] {
    let k = min(m, n);
    let steps = if k > PANEL { max(factor_blocked_scratch_len(m, n), apply_scratch_len(m, m, k)) } else { m };
    [times(m, n), k, times(n, KNOWN), steps]
}

/// `A = Q R`.
///
/// A is `m x n`; with `k = min(m, n)`, Q is `m x k` and R `k x n` ([`Vectors::Thin`]), or `m x m` and `m x n`
/// ([`Vectors::Full`]). Q has orthonormal columns, R is upper triangular; both are overwritten. About
/// `4 m n k - 2 (m + n) k^2 + 4/3 k^3` operations (`2 m n^2 - 2/3 n^3` if `m >= n`), and `4 m k^2 - 2 k^3` more if Q is asked
/// for, `4 m^2 k - 2 m k^2` with [`Vectors::Full`].
///
/// # Errors
/// `Shape`, `ScratchTooSmall`, `NonFinite`, and `Overflow` if an entry of R exceeds the largest number.
pub fn qr<T: Real>(
    a: MatRef<'_, T>,
    vectors: Vectors,
    q: Option<MatMut<'_, T>>,
    r: Option<MatMut<'_, T>>,
    execution: Execution,
    scratch: &mut [T],
) -> Result<(), Error> {
    factorize(a, vectors, q, r, None, execution, scratch)
}

/// `A P = Q R` with column pivoting: column `j` of `A P` is column `pivots[j]` of A.
///
/// As [`qr`]; `pivots` has `n` elements and is overwritten. The diagonal of R descends in magnitude,
/// but for a relative error of about `sqrt(eps)`, and so close each entry bounds the norm of what is right of and below it in
/// any one column.
///
/// # Errors
/// As [`qr`], and `TooLarge` if `n` is not exact in `T`.
pub fn qr_pivoted<T: Real>(
    a: MatRef<'_, T>,
    vectors: Vectors,
    q: Option<MatMut<'_, T>>,
    r: Option<MatMut<'_, T>>,
    pivots: &mut [usize],
    execution: Execution,
    scratch: &mut [T],
) -> Result<(), Error> {
    factorize(a, vectors, q, r, Some(pivots), execution, scratch)
}

fn factorize<T: Real>(
    a: MatRef<'_, T>,
    vectors: Vectors,
    mut q: Option<MatMut<'_, T>>,
    mut r: Option<MatMut<'_, T>>,
    pivots: Option<&mut [usize]>,
    execution: Execution,
    scratch: &mut [T],
) -> Result<(), Error> {
    let (m, n) = a.shape();
    let k = m.min(n);
    let inner = match vectors {
        Vectors::Thin => k,
        Vectors::Full => m,
    };
    check::shape(Operand::Left, &q, (m, inner))?;
    check::shape(Operand::Right, &r, (inner, n))?;
    if let Some(pivots) = pivots.as_ref().filter(|p| p.len() != n) {
        return Err(Error::Shape { operand: Operand::Pivots, expected: (n, 1), given: (pivots.len(), 1) });
    }
    if pivots.is_some() {
        check::exact_index::<T>(n)?;
    }
    let [work, tau, known, steps] = split(scratch, layout(m, n))?;
    let (known, _) = known.as_chunks_mut();
    let exponent = scaling_exponent(check::finite(a, Operand::A)?);

    let isa = execution.isa();
    let mut work = Columns::new(work, m, n);
    copy_scaled(a, exponent, &mut work);
    match pivots {
        Some(_) => factor_pivoted(isa, &mut work, tau, known),
        None if k > PANEL => factor_blocked(&mut work, tau, execution, steps)?,
        None => factor(isa, &mut work, tau),
    }

    let largest = (0..n)
        .fold(T::ZERO, |largest, j| work.col(j).iter().take(j + 1).fold(largest, |largest, x| x.abs().max(largest)));
    if !largest.scale(-exponent).is_finite() {
        return Err(Error::Overflow { exponent: largest.exponent() - exponent });
    }
    if let Some(pivots) = pivots {
        pivots.iter_mut().zip(known).for_each(|(pivot, [j, ..])| *pivot = j.to_usize());
    }
    if let Some(r) = r.as_mut() {
        for i in 0..inner {
            for j in 0..n {
                r.put(i, j, if i <= j { work.at(i, j).scale(-exponent) } else { T::ZERO });
            }
        }
    }
    if let Some(q) = q.as_mut() {
        if k > PANEL {
            q.set_identity();
            apply(Side::Forward, work.as_ref().submatrix(0, 0, m, k), tau, q.rb(), execution, steps)?;
        } else {
            for j in 0..inner {
                steps.fill(T::ZERO);
                steps.put(j, T::ONE);
                apply_q(isa, &work, tau, steps);
                steps.iter().enumerate().for_each(|(i, x)| q.put(i, j, *x));
            }
        }
    }
    Ok(())
}

/// Overwrites A with R and, below the diagonal, the reflectors; `tau` has `min(m, n)` elements.
pub(crate) fn factor<T: Real>(isa: Isa, a: &mut Columns<'_, T>, tau: &mut [T]) {
    factor_panel(isa, a, 0..a.cols(), tau);
}

/// The reflectors of some columns, applied to these alone. `tau` has an element for each, or to the last row.
fn factor_panel<T: Real>(isa: Isa, a: &mut Columns<'_, T>, columns: Range<usize>, tau: &mut [T]) {
    let (m, end) = (a.rows(), columns.end);
    let (mut shift, mut pivot) = (0, T::ONE);
    for (i, tau) in columns.zip(tau) {
        // What is left is rarely small if the last column was not.
        if pivot < small() {
            shift += lift(isa, [a.as_mut().submatrix(i, i, m, end - i)]);
        }
        eliminate(isa, a, i, end, tau);
        pivot = a.at(i, i).abs();
        multiply_upper_rows(a, i..i + 1, end, -shift);
    }
}

/// Columns in a panel of [`factor_blocked`]. A panel of 10,000 rows of `f64` stays in a second-level cache of 1 MiB.
const PANEL: usize = 16;

/// Elements of scratch for [`factor_blocked`] of an `m x n` matrix.
pub(crate) const fn factor_blocked_scratch_len(m: usize, n: usize) -> usize {
    apply_scratch_len(m, n, min(m, n))
}

/// As [`factor`], with matrix products: the reflectors of a panel of columns are applied to the others as a block
/// (Schreiber & Van Loan 1989). In a matrix that comes from memory for every block, those of several panels together.
pub(crate) fn factor_blocked<T: Real>(
    a: &mut Columns<'_, T>,
    tau: &mut [T],
    execution: Execution,
    scratch: &mut [T],
) -> Result<(), Error> {
    let (m, n) = (a.rows(), a.cols());
    let width = block_width(m, n);
    let mut shift = 0;
    for (block, tau) in tau.chunks_mut(width).enumerate() {
        let start = block * width;
        let end = n.min(start + width);
        shift += lift(execution.isa(), [a.as_mut().submatrix(start, start, m, n)]);
        for (panel, tau) in tau.chunks_mut(PANEL).enumerate() {
            let first = start + panel * PANEL;
            let last = end.min(first + PANEL);
            factor_panel(execution.isa(), a, first..last, tau);
            if last < end {
                apply_panel(a, first..last, end, tau, execution, scratch)?;
            }
        }
        apply_panel(a, start..end, n, tau, execution, scratch)?;
        multiply_upper_rows(a, start..start + tau.len(), n, -shift);
    }
    Ok(())
}

/// Applies the reflectors in the columns of a panel to those from there to `end`.
fn apply_panel<T: Real>(
    a: &mut Columns<'_, T>,
    panel: Range<usize>,
    end: usize,
    tau: &[T],
    execution: Execution,
    scratch: &mut [T],
) -> Result<(), Error> {
    let (m, start) = (a.rows(), panel.start);
    let (done, mut rest) = a.split(panel.end);
    let reflectors = done.submatrix(start, start, m, tau.len());
    let others = rest.as_mut().submatrix(start, 0, m, end - panel.end);
    apply(Side::Transposed, reflectors, tau, others, execution, scratch)
}

/// What is known of a column in work: where it came from, or its exponent; how long it is; and a number more.
pub(crate) type Known<T> = [T; KNOWN];
pub(crate) const KNOWN: usize = 3;

/// Exchanges element `i` with the longest from there on, whose place is returned.
pub(crate) fn bring_longest<T: Real>(known: &mut [Known<T>], i: usize) -> usize {
    let (mut longest, mut most) = (i, T::ZERO);
    for (j, [_, length, _]) in known.iter().enumerate() {
        if j >= i && *length > most {
            (longest, most) = (j, *length);
        }
    }
    known.exchange(i, longest);
    longest
}

/// As [`factor`] with column pivoting. `known` has an element for each column, which returns its original place.
pub(crate) fn factor_pivoted<T: Real>(isa: Isa, a: &mut Columns<'_, T>, tau: &mut [T], known: &mut [Known<T>]) {
    let (m, n) = (a.rows(), a.cols());
    // The norm of what is left of a column, and the last such norm that was computed and not updated.
    for (j, known) in known.iter_mut().enumerate() {
        let norm = isa.norm(a.col(j));
        *known = [T::from_usize(j), norm, norm];
    }
    let mut shift = 0;
    for (i, tau) in tau.iter_mut().enumerate() {
        let pivot = bring_longest(known, i);
        a.swap(i, pivot);
        if known.at(i)[1] < small() {
            let more = lift(isa, [a.as_mut().submatrix(i, i, m, n)]);
            for [_, norm, reference] in known.iter_mut() {
                (*norm, *reference) = (norm.scale(more), reference.scale(more));
            }
            shift += more;
        }
        eliminate(isa, a, i, n, tau);
        let rest = known.get_mut(i + 1..).unwrap_or_default().iter_mut();
        for ([_, norm, reference], column) in rest.zip(a.columns_mut().skip(i + 1)) {
            if *norm == T::ZERO {
                continue;
            }
            let part = column.at(i).abs() / *norm;
            let left = ((T::ONE - part) * (T::ONE + part)).max(T::ZERO);
            let since_reference = *norm / *reference;
            if left * since_reference * since_reference <= T::EPSILON.sqrt() {
                *norm = isa.norm(column.get(i + 1..).unwrap_or_default());
                *reference = *norm;
            } else {
                *norm *= left.sqrt();
            }
        }
        multiply(a.as_mut().submatrix(i, i, 1, n), -shift);
    }
}

/// One step: the reflector of column `i`, applied to the columns to the right, before column `end`.
fn eliminate<T: Real>(isa: Isa, a: &mut Columns<'_, T>, i: usize, end: usize, tau: &mut T) {
    *tau = reflector(isa, a.col_mut(i).get_mut(i..).unwrap_or_default());
    if *tau == T::ZERO {
        return;
    }
    let (done, mut rest) = a.split(i + 1);
    let (m, v) = (done.rows(), done.column(i).get(i + 1..).unwrap_or_default());
    isa.reflect_columns(v, *tau, rest.as_mut().submatrix(i, 0, m, end - i - 1));
}

/// `x <- Q x` for the reflectors that [`factor`] left in `a`.
pub(crate) fn apply_q<T: Real>(isa: Isa, a: &Columns<'_, T>, tau: &[T], x: &mut [T]) {
    for (i, tau) in tau.iter().enumerate().rev() {
        reflect(isa, a.col(i).get(i..).unwrap_or_default(), *tau, x.get_mut(i..).unwrap_or_default());
    }
}
