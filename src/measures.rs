//! How good factors are: LAPACK's test ratios, for users to check what they got.
//!
//! Each ratio compares an error with the rounding that a backward stable method commits: near 1 is usual, and LAPACK's
//! own tests pass below 50.
//!
//! ```text
//! orthonormality   |I - Q^T Q| / (m eps)                          Q is m x n
//! residual         |A - U diag(s) V^T| / (|A| max(m, n) eps)      A is m x n
//! ```
//!
//! in the Frobenius norm. Products are computed in panels, in the type of the factors, so that a ratio itself is
//! uncertain by about 1. Factors are multiplied by powers of two where products would leave the number range, and
//! norms are given as `f64`, infinite if they exceed even that.

use crate::check;
use crate::columns::{Columns, Total};
use crate::error::{Error, Operand};
use crate::kernel::{Execution, gemm, gemm_scratch_len, norm};
use crate::real::Real;
use crate::scratch::{min, split, sum, times};
use crate::view::{MatMut, MatRef};

/// Columns of `Q^T Q`, and rows and columns of the residual, that are held at a time.
const PANEL: usize = 64;
/// Rows of Q that are multiplied at a time.
const DEPTH: usize = 256;

/// Elements of scratch for [`orthonormality`] of an `m x n` matrix:
/// `n min(m, 256) + n min(n, 64)` and those of a product.
pub const fn orthonormality_scratch_len(m: usize, n: usize) -> usize {
    sum(gram_layout(m, n))
}

/// Rows of Q, columns of `Q^T Q`, and what their product needs.
const fn gram_layout(m: usize, n: usize) -> [usize; 3] {
    let (depth, width) = (min(m, DEPTH), min(n, PANEL));
    [times(depth, n), times(n, width), gemm_scratch_len(n, width, depth)]
}

/// `|I - Q^T Q| / (m eps)`: how far the columns of the `m x n` matrix Q are from orthonormal.
///
/// 0 if Q has no column; huge if it has more columns than rows. `m n^2` operations.
///
/// # Errors
/// `ScratchTooSmall`, `NonFinite`.
pub fn orthonormality<T: Real>(q: MatRef<'_, T>, execution: Execution, scratch: &mut [T]) -> Result<f64, Error> {
    let (m, n) = q.shape();
    let [rows, gram, products] = split(scratch, gram_layout(m, n))?;
    // Entries below one are left as they are: where products of theirs underflow, the identity outweighs them.
    let shift = -check::finite(q, Operand::A)?.max(T::ONE).exponent();
    let mut squares = 0.0;
    for left in (0..n).step_by(PANEL) {
        // Columns of the upper triangle: what is above the diagonal block counts twice.
        let width = PANEL.min(n - left);
        let height = left + width;
        let mut gram = Columns::zeroed(gram.get_mut(..height * width).unwrap_or_default(), height, width);
        for top in (0..m).step_by(DEPTH) {
            let depth = DEPTH.min(m - top);
            let rows = rows.get_mut(..depth * height).unwrap_or_default();
            MatMut::packed(rows, depth, height).copy_from(q.submatrix(top, 0, depth, height));
            rows.iter_mut().for_each(|x| *x = x.scale(shift));
            let rows = MatRef::packed(rows, depth, height);
            let block = rows.submatrix(0, left, depth, width);
            gemm(T::ONE, rows.t(), block, T::ONE, gram.as_mut(), execution, products)?;
        }
        for j in 0..width {
            gram.put(left + j, j, gram.at(left + j, j) - T::ONE.scale(2 * shift));
            let (above, block) = gram.col(j).split_at_checked(left).unwrap_or_default();
            squares += 2.0 * square(norm(above)) + square(norm(block));
        }
    }
    Ok(squares.sqrt().scale(-2 * shift) / (m.max(1) as f64 * T::EPSILON.to_f64()))
}

fn square<T: Real>(x: T) -> f64 {
    x.to_f64() * x.to_f64()
}

/// Elements of scratch for [`residual`] of an `m x n` matrix and `r` values: with `h = min(m, 64)` and
/// `w = min(n, 64)`, `h w + (h + w + 3) r` and those of a product.
pub const fn residual_scratch_len(m: usize, n: usize, r: usize) -> usize {
    sum(residual_layout(m, n, r))
}

/// A block of the difference, the rows of U and of V that make it, two exponents and a weight for each of their
/// columns, and what their product needs.
const fn residual_layout(m: usize, n: usize, r: usize) -> [usize; 7] {
    let (h, w) = (min(m, PANEL), min(n, PANEL));
    [times(h, w), times(h, r), times(w, r), r, r, r, gemm_scratch_len(h, w, r)]
}

/// `|A - U diag(s) V^T| / (|A| max(m, n) eps)`: how much the factors miss of A.
///
/// A is `m x n`, `s` has any number `r` of values, U is `m x r` and V `n x r`; of more columns, as full factors have,
/// the first `r` are taken. The difference is reduced by `30 max(m, n)` times the smallest subnormal number, since no
/// factors could be closer where A underflows. 0 if nothing is left then; infinite if A is zero and something is.
/// `2 m n r` operations.
///
/// # Errors
/// `Shape`, `ScratchTooSmall`, `NonFinite`.
pub fn residual<T: Real>(
    a: MatRef<'_, T>,
    u: MatRef<'_, T>,
    s: &[T],
    v: MatRef<'_, T>,
    execution: Execution,
    scratch: &mut [T],
) -> Result<f64, Error> {
    let ((m, n), r) = (a.shape(), s.len());
    for (operand, factor, rows) in [(Operand::Left, u, m), (Operand::Right, v, n)] {
        if factor.rows() != rows || factor.cols() < r {
            return Err(Error::Shape { operand, expected: (rows, r), given: factor.shape() });
        }
    }
    let [block, left, right, of_u, of_v, weights, products] = split(scratch, residual_layout(m, n, r))?;
    let (u, v) = (u.submatrix(0, 0, m, r), v.submatrix(0, 0, n, r));
    let largest = check::finite(a, Operand::A)?;
    check::finite(u, Operand::Left)?;
    check::finite(MatRef::packed(s, r, 1), Operand::SingularValues)?;
    check::finite(v, Operand::Right)?;

    // Columns of U and V are brought near one, and A and the terms u_j s_j v_j^T divided by 2^common: none is large
    // then.
    let own = largest.exponent();
    let mut common = (largest != T::ZERO).then_some(own);
    for (j, s) in s.iter().enumerate() {
        let column = |x: MatRef<'_, T>| (0..x.rows()).fold(T::ZERO, |largest, i| x.at(i, j).abs().max(largest));
        let factors = [column(u), s.abs(), column(v)];
        let zero = factors.contains(&T::ZERO);
        let [e_u, e_s, e_v] = factors.map(|x| if zero { 0 } else { x.exponent() });
        of_u.put(j, T::from_i32(e_u));
        of_v.put(j, T::from_i32(e_v));
        weights.put(j, if zero { T::ZERO } else { s.scale(-e_s) });
        if !zero {
            common = common.max(Some(e_u + e_s + e_v));
        }
    }
    let Some(common) = common else { return Ok(0.0) };
    for (j, s) in s.iter().enumerate() {
        let term = of_u.at(j).to_i32() + s.exponent() + of_v.at(j).to_i32();
        weights.put(j, weights.at(j).scale(term - common));
    }

    let (mut error, mut total) = (0.0, 0.0);
    for top in (0..m).step_by(PANEL) {
        let h = PANEL.min(m - top);
        let left = rescaled(u.submatrix(top, 0, h, r), of_u, |j| weights.at(j), left);
        for start in (0..n).step_by(PANEL) {
            let w = PANEL.min(n - start);
            let right = rescaled(v.submatrix(start, 0, w, r), of_v, |_| T::ONE, right);
            let block = block.get_mut(..h * w).unwrap_or_default();
            MatMut::packed(block, h, w).copy_from(a.submatrix(top, start, h, w));
            block.iter_mut().for_each(|x| *x = x.scale(-own));
            total += square(norm(block));
            block.iter_mut().for_each(|x| *x = x.scale(own - common));
            let c = MatMut::packed(block, h, w);
            gemm(-T::ONE, left, right.t(), T::ONE, c, execution, products)?;
            error += square(norm(block));
        }
    }
    let size = m.max(n) as f64;
    let smallest = T::MIN_EXPONENT + 1 - T::SIGNIFICAND_BITS as i32;
    let error = (error.sqrt() - (30.0 * size).scale(smallest - common)).max(0.0);
    Ok(if error == 0.0 { 0.0 } else { (error / total.sqrt()).scale(common - own) / (size * T::EPSILON.to_f64()) })
}

/// Copies X, each column times its weight and divided by its power of two.
fn rescaled<'a, T: Real>(
    x: MatRef<'_, T>,
    exponents: &[T],
    weight: impl Fn(usize) -> T,
    memory: &'a mut [T],
) -> MatRef<'a, T> {
    let (rows, cols) = x.shape();
    let memory = memory.get_mut(..rows * cols).unwrap_or_default();
    let mut copy = MatMut::packed(memory, rows, cols);
    for i in 0..rows {
        for (j, e) in exponents.iter().enumerate().take(cols) {
            copy.put(i, j, x.at(i, j).scale(-e.to_i32()) * weight(j));
        }
    }
    MatRef::packed(memory, rows, cols)
}
