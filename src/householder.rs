//! Householder reflectors `H = I - tau v v^T` with `v_0 = 1`, as LAPACK stores them.
//!
//! `H x = beta e_0` with `beta = -sign(x_0) |x|`, the sign that adds instead of cancelling, so `v = (x - beta e_0) /
//! (x_0 - beta)` and `tau = (beta - x_0) / beta` lies in [1, 2] (Golub & Van Loan, Matrix Computations, section 5.1).
//!
//! A product of reflectors is one product of matrices, `H_0 H_1 ... = I - V T V^T` with an upper triangular T (Schreiber &
//! Van Loan, SISC 10, 1989), so a block of them is applied with matrix products.

use crate::columns::{Columns, Total, with_adjacent_rows};
use crate::error::Error;
use crate::kernel::{Execution, Isa, gemm, gemm_scratch_len};
use crate::range::multiply_slice;
use crate::real::Real;
use crate::scratch::{max, min, split, sum, times};
use crate::view::{MatMut, MatRef};

/// Most reflectors in a block.
const BLOCK: usize = 64;

/// Reflectors in a block of a factorization of `m x k`: more if the matrix comes from memory for each block, which is so if
/// it is larger than a second-level cache of 1 MiB of `f64`.
pub(crate) const fn block_width(m: usize, k: usize) -> usize {
    if times(m, k) < 1 << 17 { BLOCK / 2 } else { BLOCK }
}

/// Replaces `x` by `beta` followed by `v_1, v_2, ...`, and returns `tau`; 0, hence `H = I`, if there is nothing to reflect.
pub(crate) fn reflector<T: Real>(isa: Isa, x: &mut [T]) -> T {
    let Some((first, rest)) = x.split_first() else { return T::ZERO };
    let tail = isa.dot(rest, rest);
    // Between these limits no square that matters is lost, and the quotients below are far from both ends of the range.
    let ordinary = tail > T::pow2(T::MIN_EXPONENT / 2)
        && tail < T::pow2(T::MAX_EXPONENT / 2)
        && first.abs() < T::pow2(T::MAX_EXPONENT / 4);
    let (mut shift, mut whole) = (0, *first * *first + tail);
    if !ordinary {
        if rest.iter().all(|x| *x == T::ZERO) {
            return T::ZERO;
        }
        // H is orthogonal only as far as `tau` fits `v`, so both are computed from numbers with all their digits.
        shift = -isa.max_abs(x).exponent();
        multiply_slice(x, shift);
        whole = isa.dot(x, x);
    }
    let Some((first, rest)) = x.split_first_mut() else { return T::ZERO };
    let whole = whole.sqrt();
    let beta = if *first > T::ZERO { -whole } else { whole };
    let difference = *first - beta;
    isa.scale(T::ONE / difference, rest);
    *first = beta.scale(-shift);
    -difference / beta
}

/// `x <- H x` for the reflector with the stored column `v` (whose first element is not read) and `tau`.
#[inline]
pub(crate) fn reflect<T: Real>(isa: Isa, v: &[T], tau: T, x: &mut [T]) {
    if let (Some((_, v)), Some((first, rest))) = (v.split_first(), x.split_first_mut()) {
        let step = tau * (*first + isa.dot(v, rest));
        *first -= step;
        isa.axpy(-step, v, rest);
    }
}

/// Which product of the reflectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// `H_0 H_1 ... C`
    Forward,
    /// `... H_1 H_0 C`, the transpose.
    Transposed,
}

/// Elements of scratch for [`apply`] of `k` reflectors of length `m` to `n` columns.
pub(crate) const fn apply_scratch_len(m: usize, n: usize, k: usize) -> usize {
    sum(layout(m, n, k))
}

/// V of one block, its Gram matrix, T, two factors of the update, and what products need.
const fn layout(m: usize, n: usize, k: usize) -> [usize; 6] {
    let b = min(k, BLOCK);
    let products = max(gemm_scratch_len(b, max(b, n), m), gemm_scratch_len(m, n, b));
    [times(m, b), times(b, b), times(b, b), times(b, n), times(b, n), products]
}

/// Multiplies C from the left by the product of the reflectors whose vectors are the columns of `v` below the diagonal.
///
/// `v` is `m x k` with `k <= m`, C `m x n`, of any strides. What `v` holds on and above its diagonal is not read. About
/// `4 m n k` operations, in matrix products.
pub(crate) fn apply<T: Real>(
    side: Side,
    v: MatRef<'_, T>,
    tau: &[T],
    mut c: MatMut<'_, T>,
    execution: Execution,
    scratch: &mut [T],
) -> Result<(), Error> {
    let ((m, k), n) = (v.shape(), c.cols());
    let [panel, gram, triangle, product, update, products] = split(scratch, layout(m, n, k))?;
    let width = block_width(m, k);
    let blocks = k.div_ceil(width);
    for block in 0..blocks {
        let start = width * if side == Side::Forward { blocks - 1 - block } else { block };
        let v = v.submatrix(start, start, m, width);
        let (rows, b) = v.shape();
        let mut panel = Columns::new(panel.get_mut(..rows * b).unwrap_or_default(), rows, b);
        panel.as_mut().copy_from(v);
        for j in 0..b {
            let (above, _) = panel.col_mut(j).split_at_mut_checked(j).unwrap_or_default();
            above.fill(T::ZERO);
            panel.put(j, j, T::ONE);
        }
        let v = panel.as_ref();
        let mut gram = Columns::new(gram.get_mut(..b * b).unwrap_or_default(), b, b);
        gemm(T::ONE, v.t(), v, T::ZERO, gram.as_mut(), execution, products)?;
        let mut t = Columns::new(triangle.get_mut(..b * b).unwrap_or_default(), b, b);
        triangular_factor(execution.isa(), &mut gram, tau.get(start..).unwrap_or_default(), &mut t);

        let mut c = c.rb().submatrix(start, 0, rows, n);
        let mut product = Columns::new(product.get_mut(..b * n).unwrap_or_default(), b, n);
        let mut update = Columns::new(update.get_mut(..b * n).unwrap_or_default(), b, n);
        gemm(T::ONE, v.t(), c.as_ref(), T::ZERO, product.as_mut(), execution, products)?;
        let t = if side == Side::Forward { t.as_ref() } else { t.as_ref().t() };
        gemm(T::ONE, t, product.as_ref(), T::ZERO, update.as_mut(), execution, products)?;
        gemm(-T::ONE, v, update.as_ref(), T::ONE, c.rb(), execution, products)?;
    }
    Ok(())
}

/// [`apply`] in the forward direction, one reflector after the other: for matrices so small that products do not pay.
///
/// C has adjacent rows; `column` has `m` elements.
pub(crate) fn apply_unblocked<T: Real>(isa: Isa, v: MatRef<'_, T>, tau: &[T], mut c: MatMut<'_, T>, column: &mut [T]) {
    let ((m, k), n) = (v.shape(), c.cols());
    for j in (0..k.min(m)).rev() {
        let rest = column.get_mut(..m - j - 1).unwrap_or_default();
        rest.iter_mut().zip(j + 1..).for_each(|(x, i)| *x = v.at(i, j));
        isa.reflect_columns(rest, tau.at(j), c.rb().submatrix(j, 0, m - j, n));
    }
}

/// Overwrites reflectors, `v_j` below the diagonal of column `j`, with the first columns of their product, `H_0 H_1 ... [I; 0]`.
///
/// Q is `m x n` with `m >= n`, of any strides, which do not change a bit; `column` has `m` elements, and `columns` those of a
/// few columns. About `2 m n^2 - 2/3 n^3` operations.
pub(crate) fn form_unblocked<T: Real>(isa: Isa, mut q: MatMut<'_, T>, tau: &[T], column: &mut [T], columns: &mut [T]) {
    let (m, n) = q.shape();
    for j in (0..n.min(m)).rev() {
        let tau = tau.at(j);
        let rest = column.get_mut(..m - j - 1).unwrap_or_default();
        rest.iter_mut().zip(j + 1..).for_each(|(x, i)| *x = q.at(i, j));
        // The columns to the right are zero in row j: they start below.
        let trailing = q.rb().submatrix(j, j + 1, m, n);
        with_adjacent_rows(trailing, columns, |_, part| isa.reflect_columns(rest, tau, part));
        (0..j).for_each(|i| q.put(i, j, T::ZERO));
        q.put(j, j, T::ONE - tau);
        rest.iter().zip(j + 1..).for_each(|(x, i)| q.put(i, j, -tau * *x));
    }
}

/// T from the Gram matrix of V, of which it uses what is above the diagonal, and destroys it: `t_jj = tau_j` and above it
/// `t_j = -tau_j T (V^T v_j)`.
pub(crate) fn triangular_factor<T: Real>(isa: Isa, gram: &mut Columns<'_, T>, tau: &[T], t: &mut Columns<'_, T>) {
    for j in 0..t.cols() {
        let tau = tau.at(j);
        let factors = gram.col_mut(j).get_mut(..j).unwrap_or_default();
        isa.scale(-tau, factors);
        t.col_mut(j).fill(T::ZERO);
        let (earlier, mut rest) = t.split(j);
        let column = rest.col_mut(0);
        isa.add_columns(earlier.submatrix(0, 0, j, j), factors, column.get_mut(..j).unwrap_or_default());
        column.put(j, tau);
    }
}
