//! Orthogonal matrices from the singular value decomposition: polar factors, rotations, Procrustes.
//!
//! With `A = U diag(s) V^T`:
//!
//! ```text
//! A = W P,  W = U V^T,  P = V diag(s) V^T     the polar decomposition; W is the nearest orthonormal matrix to A
//! R = U diag(1, .., 1, d) V^T                 the nearest rotation, d = det W = +-1
//! Q = W of A^T B                              the orthogonal Q of least |A Q - B|
//! ```
//!
//! All three maximize the trace of `W^T A`, which is `s_1 + .. + s_n` at best; a rotation gives up `2 s_n` of it if W
//! reflects, the least that turning one direction can cost. (Schoenemann, Psychometrika 31, 1966; Kabsch, Acta Cryst.
//! A32, 1976; Higham, SISC 7, 1986; Umeyama, IEEE PAMI 13, 1991.) W, R and Q do not depend on the scale of A; only
//! P has it, and can exceed the number range.
//!
//! **The sign of the determinant** is read from Householder's QR factorization of W. As W is orthogonal to rounding, R
//! is diagonal with entries `+-1` to rounding: no sign is in doubt, whatever the size. Every reflector counts -1.

use super::{Info, Options, Vectors, svd, svd_scratch_len};
use crate::check;
use crate::columns::{Columns, Total};
use crate::error::{Error, Operand};
use crate::kernel::{Execution, Isa, gemm, gemm_scratch_len, gram, gram_scratch_len, max_abs, scale};
use crate::qr::factor;
use crate::real::Real;
use crate::scratch::{max, min, split, sum, times};
use crate::view::{MatMut, MatRef};

/// Rows of A and B that [`procrustes`] multiplies at a time.
const PANEL: usize = 256;

/// Elements of scratch for [`polar`] of an `m x n` matrix: U, V, the values, and the larger of what the decomposition
/// and the products need.
pub const fn polar_scratch_len(m: usize, n: usize) -> usize {
    sum(layout(m, n))
}

/// U, V, the values, and what first the decomposition, then P, then W needs.
const fn layout(m: usize, n: usize) -> [usize; 4] {
    let k = min(m, n);
    let products = max(sum(semidefinite_layout(n, k)), gemm_scratch_len(m, n, k));
    [times(m, k), times(n, k), k, max(svd_scratch_len(m, n), products)]
}

/// `V diag(sqrt s)`, P, and what their product needs.
const fn semidefinite_layout(n: usize, k: usize) -> [usize; 3] {
    [times(n, k), times(n, n), gram_scratch_len(k, n)]
}

/// The polar decomposition `A = W P`.
///
/// A is `m x n`. `w` is `m x n` and has orthonormal columns, or orthonormal rows if `m < n`. `p` is `n x n`, symmetric
/// to the last bit, and positive semidefinite up to rounding. Both are overwritten. Of all matrices with orthonormal
/// columns (or rows) W is the nearest to A; where A has a lower rank than `min(m, n)`, one of the nearest.
///
/// Of the options, `vectors` and `scaled` are not used. Costs the decomposition, `2 m n min(m, n)` operations for W and
/// `n^2 min(m, n)` for P.
///
/// # Errors
/// `Shape`, `ScratchTooSmall`, `TooLarge`, `NonFinite`; `Overflow` if an entry of P is asked for and exceeds the
/// largest number. Nothing is changed in any of these.
pub fn polar<T: Real>(
    a: MatRef<'_, T>,
    w: Option<MatMut<'_, T>>,
    p: Option<MatMut<'_, T>>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    let (m, n) = a.shape();
    check::shape(Operand::Left, &w, (m, n))?;
    check::shape(Operand::Right, &p, (n, n))?;
    let [u, v, s, work] = split(scratch, layout(m, n))?;
    let (mut u, mut v) = (Columns::new(u, m, s.len()), Columns::new(v, n, s.len()));
    let info = decompose(a, &mut u, s, &mut v, options, work)?;
    if let Some(p) = p {
        semidefinite(&v, s, info.exponent, p, options.execution, work)?;
    }
    if let Some(w) = w {
        gemm(T::ONE, u.as_ref(), v.as_ref().t(), T::ZERO, w, options.execution, work)?;
    }
    Ok(info)
}

/// `2^exponent A = U diag(s) V^T`
fn decompose<T: Real>(
    a: MatRef<'_, T>,
    u: &mut Columns<'_, T>,
    s: &mut [T],
    v: &mut Columns<'_, T>,
    options: &Options,
    work: &mut [T],
) -> Result<Info, Error> {
    svd(a, s, Some(u.as_mut()), Some(v.as_mut()), &options.vectors(Vectors::Thin).scaled(true), work)
}

/// `P = 2^-exponent V diag(s) V^T`, as the Gram matrix of the rows of `V diag(sqrt s)`.
fn semidefinite<T: Real>(
    v: &Columns<'_, T>,
    s: &[T],
    exponent: i32,
    mut p: MatMut<'_, T>,
    execution: Execution,
    work: &mut [T],
) -> Result<(), Error> {
    let (n, k) = (v.rows(), v.cols());
    let [root, square, products] = split(work, semidefinite_layout(n, k))?;
    let mut root = Columns::new(root, n, k);
    root.as_mut().copy_from(v.as_ref());
    for (j, s) in s.iter().enumerate() {
        scale(s.sqrt(), root.col_mut(j));
    }
    gram(root.as_ref().t(), MatMut::packed(square, n, n), execution, products)?;
    let largest = max_abs(square);
    if !largest.scale(-exponent).is_finite() {
        return Err(Error::Overflow { exponent: largest.exponent() - exponent });
    }
    square.iter_mut().for_each(|x| *x = x.scale(-exponent));
    p.copy_from(MatRef::packed(square, n, n));
    Ok(())
}

/// Elements of scratch for [`nearest_rotation`] of an `n x n` matrix: U, V, the values, and the larger of what the
/// decomposition and the determinant need.
pub const fn nearest_rotation_scratch_len(n: usize) -> usize {
    sum(orthogonal_layout(n))
}

/// U, V, the values, and what first the decomposition, then products, then the determinant needs.
const fn orthogonal_layout(n: usize) -> [usize; 4] {
    let square = times(n, n);
    let products = max(gemm_scratch_len(n, n, n), sum(determinant_layout(n)));
    [square, square, n, max(svd_scratch_len(n, n), products)]
}

/// A copy of the matrix, and the factors of its reflectors.
const fn determinant_layout(n: usize) -> [usize; 2] {
    [times(n, n), n]
}

/// The rotation nearest to A: of all orthogonal R with `det R = +1`, one of least `|A - R|`, and of largest trace of
/// `R^T A`.
///
/// A and R are square of the same size; R is overwritten. It is the orthogonal polar factor of A, but with the
/// direction of the smallest singular value turned where that factor is a reflection. It is unique if `s_(n-1) > s_n`
/// or `det A > 0`.
///
/// For the rotation that aligns two sets of points, see [`procrustes_rotation`]. Of the options, `vectors` and `scaled`
/// are not used. Costs the decomposition and about `3 n^3` operations, `2 n^3` more if a direction is turned.
///
/// # Errors
/// `Shape` if A or R is not `n x n` for the `n` columns of A, `ScratchTooSmall`, `TooLarge`, `NonFinite`. Nothing is
/// changed in any of these.
pub fn nearest_rotation<T: Real>(
    a: MatRef<'_, T>,
    r: MatMut<'_, T>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    let n = a.cols();
    check_square(Operand::A, n, a.shape())?;
    check_square(Operand::C, n, r.shape())?;
    orthogonal(a, r, true, options, split(scratch, orthogonal_layout(n))?)
}

fn check_square(operand: Operand, n: usize, given: (usize, usize)) -> Result<(), Error> {
    let expected = (n, n);
    if given == expected { Ok(()) } else { Err(Error::Shape { operand, expected, given }) }
}

/// The nearest orthogonal matrix to a square one, or the nearest rotation.
fn orthogonal<T: Real>(
    a: MatRef<'_, T>,
    mut q: MatMut<'_, T>,
    rotation: bool,
    options: &Options,
    [u, v, s, work]: [&mut [T]; 4],
) -> Result<Info, Error> {
    let n = s.len();
    let (mut u, mut v) = (Columns::new(u, n, n), Columns::new(v, n, n));
    let info = decompose(a, &mut u, s, &mut v, options, work)?;
    let product = |u: &Columns<'_, T>, q: MatMut<'_, T>, work: &mut [T]| {
        gemm(T::ONE, u.as_ref(), v.as_ref().t(), T::ZERO, q, options.execution, work)
    };
    product(&u, q.rb(), work)?;
    if rotation && reflects(options.execution.isa(), q.as_ref(), split(work, determinant_layout(n))?) {
        // There is a last column: the empty matrix does not reflect.
        scale(-T::ONE, u.col_mut(n.wrapping_sub(1)));
        product(&u, q, work)?;
    }
    Ok(info)
}

/// Whether the determinant of an orthogonal matrix is -1.
fn reflects<T: Real>(isa: Isa, q: MatRef<'_, T>, [copy, tau]: [&mut [T]; 2]) -> bool {
    let n = tau.len();
    let mut r = Columns::new(copy, n, n);
    r.as_mut().copy_from(q);
    factor(isa, &mut r, tau);
    (0..n).fold(false, |odd, i| odd ^ (tau.at(i) != T::ZERO) ^ (r.at(i, i) < T::ZERO))
}

/// Elements of scratch for [`procrustes`] and [`procrustes_rotation`] with `m x n` matrices: `n^2`, and the larger of
/// what [`nearest_rotation`] and panels of A and B need.
pub const fn procrustes_scratch_len(m: usize, n: usize) -> usize {
    sum(procrustes_layout(m, n))
}

/// `A^T B`, and what first that product and then its decomposition needs.
const fn procrustes_layout(m: usize, n: usize) -> [usize; 2] {
    [times(n, n), max(sum(product_layout(m, n)), sum(orthogonal_layout(n)))]
}

/// Panels of A and B, and what their product needs.
const fn product_layout(m: usize, n: usize) -> [usize; 3] {
    let panel = min(m, PANEL);
    [times(panel, n), times(panel, n), gemm_scratch_len(n, n, panel)]
}

/// The orthogonal Procrustes problem: the orthogonal Q of least `|A Q - B|` in the Frobenius norm.
///
/// A and B are `m x n`, Q `n x n` and overwritten. Q is unique if `A^T B` has full rank. The scale of A and of B does
/// not matter.
///
/// [`Info`] is about the decomposition of `A^T B`, with A and B each brought to a scale of its own: `exponent` says nothing
/// of theirs.
///
/// Of the options, `vectors` and `scaled` are not used. Costs `2 m n^2` operations for `A^T B`, its decomposition, and
/// `2 n^3`.
///
/// # Errors
/// `Shape`, `ScratchTooSmall`, `TooLarge`, `NonFinite`. Nothing is changed in any of these.
pub fn procrustes<T: Real>(
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    q: MatMut<'_, T>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    align(a, b, q, false, options, scratch)
}

/// As [`procrustes`], over rotations: `det Q = +1`.
///
/// With a point in each row of A and B, both less their mean, Q is the rotation that brings A nearest to B (Kabsch;
/// Umeyama).
///
/// # Errors
/// As [`procrustes`].
pub fn procrustes_rotation<T: Real>(
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    q: MatMut<'_, T>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    align(a, b, q, true, options, scratch)
}

fn align<T: Real>(
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    q: MatMut<'_, T>,
    rotation: bool,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    let (m, n) = a.shape();
    if b.shape() != (m, n) {
        return Err(Error::Shape { operand: Operand::B, expected: (m, n), given: b.shape() });
    }
    check_square(Operand::C, n, q.shape())?;
    check::exact_index::<T>(n)?;
    let [product, work] = split(scratch, procrustes_layout(m, n))?;
    let (size_a, size_b) = (check::finite(a, Operand::A)?, check::finite(b, Operand::B)?);

    product.fill(T::ZERO);
    let [panel_a, panel_b, products] = split(work, product_layout(m, n))?;
    for start in (0..a.filled_rows()).step_by(PANEL) {
        let (a, b) = (panel(a, start, size_a, panel_a), panel(b, start, size_b, panel_b));
        gemm(T::ONE, a.t(), b, T::ONE, MatMut::packed(product, n, n), options.execution, products)?;
    }
    orthogonal(MatRef::packed(product, n, n), q, rotation, options, split(work, orthogonal_layout(n))?)
}

/// Rows of A from `start`, with the largest entry of A brought to the fourth root of the largest number: inner products
/// do not overflow then, and few terms underflow.
fn panel<'a, T: Real>(a: MatRef<'_, T>, start: usize, largest: T, memory: &'a mut [T]) -> MatRef<'a, T> {
    let rows = a.submatrix(start, 0, PANEL, a.cols());
    let memory = memory.get_mut(..rows.rows() * rows.cols()).unwrap_or_default();
    MatMut::packed(memory, rows.rows(), rows.cols()).copy_from(rows);
    let shift = T::MAX_EXPONENT / 4 - largest.exponent();
    memory.iter_mut().for_each(|x| *x = x.scale(shift));
    MatRef::packed(memory, rows.rows(), rows.cols())
}
