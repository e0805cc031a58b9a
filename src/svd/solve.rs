//! What the singular value decomposition solves: rank, condition, pseudo-inverse and least squares.
//!
//! With `A = U diag(s) V^T` and the rank `r`, the number of values above `tolerance s_1`:
//!
//! ```text
//! A^+ = sum over j < r of v_j u_j^T / s_j        the pseudo-inverse of the nearest matrix of rank r
//! x   = A^+ b                                    of all x with the least |A x - b|, the one of least norm
//! b - A x = b - U_r U_r^T b                      the residual, without x
//! ```
//!
//! Values at the tolerance or below it are rounding errors of a zero: to divide by one would fill the result with
//! noise. (Golub & Kahan, SIAM J. Numer. Anal. 2, 1965; Golub & Van Loan, Matrix Computations, section 5.5.)
//!
//! **Range.** The values are had scaled, `s_j = 2^e m_j 2^(e_j)` with `1 <= m_j < 2`, and each column of B is brought
//! near one by its own power of two. The weights `2^t / m_j 2^(e_r - e_j)`, with `t` half of the largest exponent, then
//! lie within the range, whatever the scale of A. The powers of two are given back in one rounding, when an entry is
//! written. So a result is lost only if T cannot hold it. Where one might be too large, a first pass over the panels
//! finds out before the second writes.

use super::{Vectors, svd, svd_scratch_len, svd_values_scratch_len};
use crate::check;
use crate::columns::{Columns, Total};
use crate::error::{Error, Operand};
use crate::kernel::{Execution, gemm, gemm_scratch_len, max_abs, norm};
use crate::real::Real;
use crate::scratch::{max, min, split, sum, times};
use crate::view::{MatMut, MatRef};

/// Columns of the result that are held at a time.
const PANEL: usize = 64;

/// Options of [`rank`], [`condition_number`], [`pinv`] and [`least_squares`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// Singular values of at most this part of the largest count as zero; at least 0 and below 1. Default `None`:
    /// `max(m, n) eps`, as `numpy.linalg.matrix_rank`.
    pub tolerance: Option<f64>,
    /// How the decomposition and the products are computed; `vectors` and `scaled` are not used.
    pub svd: super::Options,
}

impl Options {
    /// The defaults.
    pub const fn new() -> Self {
        Options { tolerance: None, svd: super::Options::new() }
    }

    /// The tolerance relative to the largest singular value.
    pub const fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = Some(tolerance);
        self
    }

    /// How the decomposition and the products are computed.
    pub const fn svd(mut self, svd: super::Options) -> Self {
        self.svd = svd;
        self
    }

    /// The tolerance for this matrix.
    fn relative<T: Real>(&self, a: MatRef<'_, T>) -> Result<f64, Error> {
        match self.tolerance {
            None => Ok(a.rows().max(a.cols()) as f64 * T::EPSILON.to_f64()),
            Some(tolerance) if (0.0..1.0).contains(&tolerance) => Ok(tolerance),
            Some(_) => Err(Error::Option { name: "tolerance" }),
        }
    }

    /// The options of the decomposition: values of `2^exponent A`.
    const fn scaled(&self) -> super::Options {
        self.svd.vectors(Vectors::Thin).scaled(true)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

/// What [`pinv`] and [`least_squares`] found.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Info {
    /// The numerical rank: singular values above the tolerance.
    pub rank: usize,
    /// The condition number, as [`condition_number`] has it: also of the values below the tolerance.
    pub condition: f64,
    /// Whether the decomposition converged (see [`svd::Info`](super::Info)).
    pub converged: bool,
}

/// Elements of scratch for [`rank`] of an `m x n` matrix: `min(m, n)` and those of the singular values.
pub const fn rank_scratch_len(m: usize, n: usize) -> usize {
    sum(values_layout(m, n))
}

/// Elements of scratch for [`condition_number`] of an `m x n` matrix: as for [`rank`].
pub const fn condition_number_scratch_len(m: usize, n: usize) -> usize {
    sum(values_layout(m, n))
}

/// The values, and what their computation needs.
const fn values_layout(m: usize, n: usize) -> [usize; 2] {
    [min(m, n), svd_values_scratch_len(m, n)]
}

/// The numerical rank of A: how many of its singular values are above the tolerance times the largest.
///
/// Costs the singular values.
///
/// # Errors
/// `Option`, `ScratchTooSmall`, `TooLarge`, `NonFinite`.
pub fn rank<T: Real>(a: MatRef<'_, T>, options: &Options, scratch: &mut [T]) -> Result<usize, Error> {
    let tolerance = options.relative(a)?;
    Ok(above(values(a, options, scratch)?, tolerance))
}

/// The condition number of A in the 2-norm, `s_1 / s_k` with `k = min(m, n)`: the largest factor by which A can
/// multiply a relative error.
///
/// Infinite if `s_k` is zero, or so small that the quotient exceeds an `f64`; 1 if A has no entry, since nothing is
/// multiplied. The `s_k` that is computed for a singular matrix is zero or a rounding error, and so may be that of a matrix
/// with a condition beyond `1 / eps`: such a number says only that A is singular to working precision.
///
/// The tolerance is not used. Costs the singular values.
///
/// # Errors
/// `ScratchTooSmall`, `TooLarge`, `NonFinite`.
pub fn condition_number<T: Real>(a: MatRef<'_, T>, options: &Options, scratch: &mut [T]) -> Result<f64, Error> {
    Ok(quotient(values(a, options, scratch)?))
}

/// The singular values of A times a power of two.
fn values<'a, T: Real>(a: MatRef<'_, T>, options: &Options, scratch: &'a mut [T]) -> Result<&'a [T], Error> {
    let [s, work] = split(scratch, values_layout(a.rows(), a.cols()))?;
    svd(a, s, None, None, &options.scaled(), work)?;
    Ok(s)
}

/// How many descending values are above the tolerance.
fn above<T: Real>(s: &[T], tolerance: f64) -> usize {
    let least = s.first().map_or(0.0, |s| tolerance * s.to_f64());
    s.iter().take_while(|s| s.to_f64() > least).count()
}

/// The largest of descending values over the smallest.
fn quotient<T: Real>(s: &[T]) -> f64 {
    match (s.first(), s.last()) {
        (Some(_), Some(last)) if *last == T::ZERO => f64::INFINITY,
        (Some(first), Some(last)) => first.to_f64() / last.to_f64(),
        _ => 1.0,
    }
}

/// Elements of scratch for [`pinv`] of an `m x n` matrix: U, V, the values, and the larger of what the decomposition
/// and the panels of the result need.
pub const fn pinv_scratch_len(m: usize, n: usize) -> usize {
    sum(layout(m, n, panel_layout(0, m, n, m)))
}

/// Elements of scratch for [`least_squares`] with an `m x n` matrix and `count` right-hand sides: as for [`pinv`], with
/// a panel of B besides.
pub const fn least_squares_scratch_len(m: usize, n: usize, count: usize) -> usize {
    sum(layout(m, n, panel_layout(m, m, n, count)))
}

/// U, V, the values, and what first the decomposition and then the panels need.
const fn layout(m: usize, n: usize, panel: [usize; 6]) -> [usize; 4] {
    let k = min(m, n);
    [times(m, k), times(n, k), k, max(svd_scratch_len(m, n), sum(panel))]
}

/// Panels of B (which has `height` rows in memory), of `U^T B` and of the result; exponents and residuals of their
/// columns; and what products need.
const fn panel_layout(height: usize, m: usize, n: usize, count: usize) -> [usize; 6] {
    let (k, p) = (min(m, n), min(count, PANEL));
    let products = max(max(gemm_scratch_len(k, p, height), gemm_scratch_len(height, p, k)), gemm_scratch_len(n, p, k));
    [times(height, p), times(k, p), times(n, p), p, p, products]
}

/// The pseudo-inverse `X = A^+` of Moore and Penrose.
///
/// A is `m x n`; X is `n x m` and is overwritten. The inverse where there is one; in general `A X A = A`, `X A X = X`,
/// and `A X` and `X A` are symmetric, A replaced by the nearest matrix of the numerical rank.
///
/// Costs the decomposition, and `2 m n min(m, n)` operations for the product.
///
/// # Errors
/// `Option`, `Shape`, `ScratchTooSmall`, `TooLarge`, `NonFinite`; `Overflow` if an entry of X exceeds the largest
/// number. Nothing is changed in any of these.
pub fn pinv<T: Real>(a: MatRef<'_, T>, x: MatMut<'_, T>, options: &Options, scratch: &mut [T]) -> Result<Info, Error> {
    let (m, n) = a.shape();
    let tolerance = options.relative(a)?;
    check_shape(Operand::C, (n, m), x.shape())?;
    let panels = panel_layout(0, m, n, m);
    let [u, v, s, work] = split(scratch, layout(m, n, panels))?;
    let (inverse, info) = Inverse::new(a, tolerance, options, u, v, s, work)?;
    inverse.times(None, 0, x, None, split(work, panels)?)?;
    Ok(info)
}

/// The solution X of least norm of `min |A X - B|`, for any shape and rank of A: `X = A^+ B`.
///
/// A is `m x n`, B `m x count`; X is `n x count` and is overwritten. Each column of B is a problem of its own, whatever
/// the scale of the others. `residuals`, if given, has `count` elements and returns the norms of the columns of
/// `A X - B`, A replaced by the nearest matrix of the numerical rank: accurate to `eps |b|`.
///
/// Costs the decomposition, and `2 (m + n) min(m, n)` operations for each right-hand side; the residuals cost
/// `2 m min(m, n)` more.
///
/// # Errors
/// `Option`, `Shape`, `ScratchTooSmall`, `TooLarge`, `NonFinite`; `Overflow` if an entry of X or a residual exceeds the
/// largest number. Nothing is changed in any of these.
pub fn least_squares<T: Real>(
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    x: MatMut<'_, T>,
    residuals: Option<&mut [T]>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    let ((m, n), count) = (a.shape(), b.cols());
    let tolerance = options.relative(a)?;
    check_shape(Operand::B, (m, count), b.shape())?;
    check_shape(Operand::C, (n, count), x.shape())?;
    if let Some(residuals) = &residuals {
        check_shape(Operand::Residuals, (count, 1), (residuals.len(), 1))?;
    }
    let panels = panel_layout(m, m, n, count);
    let [u, v, s, work] = split(scratch, layout(m, n, panels))?;
    let largest = check::finite(b, Operand::B)?;
    let size = if largest == T::ZERO { 0 } else { largest.exponent() };
    let (inverse, info) = Inverse::new(a, tolerance, options, u, v, s, work)?;
    inverse.times(Some(b), size, x, residuals, split(work, panels)?)?;
    Ok(info)
}

fn check_shape(operand: Operand, expected: (usize, usize), given: (usize, usize)) -> Result<(), Error> {
    if given == expected { Ok(()) } else { Err(Error::Shape { operand, expected, given }) }
}

/// `A^+ = 2^exponent V diag(weights) U^T` with `r` columns in U and V.
struct Inverse<'a, T> {
    u: Columns<'a, T>,
    v: Columns<'a, T>,
    weights: &'a [T],
    exponent: i32,
    execution: Execution,
}

/// A column of a result: what was computed for the scaled column of B, and the exponents to give back.
struct Solution<'a, T> {
    column: usize,
    x: &'a [T],
    exponent: i32,
    residual: T,
    residual_exponent: i32,
}

impl<'a, T: Real> Inverse<'a, T> {
    /// From the decomposition of A, in memory for U, V, the values and the work.
    fn new(
        a: MatRef<'_, T>,
        tolerance: f64,
        options: &Options,
        u: &'a mut [T],
        v: &'a mut [T],
        s: &'a mut [T],
        work: &mut [T],
    ) -> Result<(Self, Info), Error> {
        let ((m, n), k) = (a.shape(), s.len());
        let (left, right) = (MatMut::packed(u, k, m).t(), MatMut::packed(v, k, n).t());
        let done = svd(a, s, Some(left), Some(right), &options.scaled(), work)?;

        let rank = above(s, tolerance);
        let info = Info { rank, condition: quotient(s), converged: done.converged };
        let weights = s.get_mut(..rank).unwrap_or_default();
        let (top, least) = (T::MAX_EXPONENT / 2, weights.last().map_or(0, |s| s.exponent()));
        for s in weights.iter_mut() {
            let own = s.exponent();
            *s = (T::ONE / s.scale(-own)).scale(top + least - own);
        }
        let inverse = Inverse {
            u: Columns::new(u.get_mut(..m * rank).unwrap_or_default(), m, rank),
            v: Columns::new(v.get_mut(..n * rank).unwrap_or_default(), n, rank),
            weights,
            exponent: done.exponent - least - top,
            execution: options.svd.execution,
        };
        Ok((inverse, info))
    }

    /// `X = A^+ B`, or `A^+` without B; `size` is the exponent of the largest entry of B.
    fn times(
        &self,
        b: Option<MatRef<'_, T>>,
        size: i32,
        mut x: MatMut<'_, T>,
        mut residuals: Option<&mut [T]>,
        mut pieces: [&mut [T]; 6],
    ) -> Result<(), Error> {
        let wanted = residuals.is_some();
        let count = if wanted { x.cols() } else { x.as_ref().t().filled_rows() };
        // |b| < 2^(size + 1) sqrt(m), no residual is longer, and no weight exceeds 2^(MAX_EXPONENT / 2).
        let length = size + 2 + (usize::BITS - self.u.rows().leading_zeros()) as i32 / 2;
        let gain = self.exponent + T::MAX_EXPONENT / 2 + 1;
        if length + gain.max(0) >= T::MAX_EXPONENT {
            let mut exceeding = None;
            self.columns(b, count, wanted, &mut pieces, |y| {
                let beyond = |largest: T, e: i32| (!largest.scale(e).is_finite()).then(|| largest.exponent() + e);
                exceeding =
                    exceeding.max(beyond(max_abs(y.x), y.exponent)).max(beyond(y.residual, y.residual_exponent));
            })?;
            if let Some(exponent) = exceeding {
                return Err(Error::Overflow { exponent });
            }
        }
        self.columns(b, count, wanted, &mut pieces, |y| {
            y.x.iter().enumerate().for_each(|(i, entry)| x.put(i, y.column, entry.scale(y.exponent)));
            if let Some(residuals) = residuals.as_mut() {
                residuals.put(y.column, y.residual.scale(y.residual_exponent));
            }
        })
    }

    /// Gives each column of the result to `take`, the same bits in every pass.
    fn columns(
        &self,
        b: Option<MatRef<'_, T>>,
        count: usize,
        residuals: bool,
        pieces: &mut [&mut [T]; 6],
        mut take: impl FnMut(Solution<'_, T>),
    ) -> Result<(), Error> {
        let (u, v, execution) = (self.u.as_ref(), self.v.as_ref(), self.execution);
        let (m, n, rank) = (u.rows(), v.rows(), self.weights.len());
        let [rhs, coordinates, solution, exponents, norms, products] = pieces;
        norms.fill(T::ZERO);
        exponents.fill(T::ZERO);
        for start in (0..count).step_by(PANEL) {
            let p = PANEL.min(count - start);
            let mut coordinates = Columns::new(coordinates.get_mut(..rank * p).unwrap_or_default(), rank, p);
            let mut solution = Columns::new(solution.get_mut(..n * p).unwrap_or_default(), n, p);
            match b {
                None => coordinates.as_mut().copy_from(u.submatrix(start, 0, p, rank).t()),
                Some(b) => {
                    let mut rhs = Columns::new(rhs.get_mut(..m * p).unwrap_or_default(), m, p);
                    rhs.as_mut().copy_from(b.submatrix(0, start, m, p));
                    for j in 0..p {
                        let column = rhs.col_mut(j);
                        let largest = max_abs(column);
                        let shift = if largest == T::ZERO { 0 } else { -largest.exponent() };
                        column.iter_mut().for_each(|x| *x = x.scale(shift));
                        exponents.put(j, T::from_i32(shift));
                    }
                    gemm(T::ONE, u.t(), rhs.as_ref(), T::ZERO, coordinates.as_mut(), execution, products)?;
                    if residuals {
                        gemm(-T::ONE, u, coordinates.as_ref(), T::ONE, rhs.as_mut(), execution, products)?;
                        (0..p).for_each(|j| norms.put(j, norm(rhs.col(j))));
                    }
                }
            }
            for j in 0..p {
                coordinates.col_mut(j).iter_mut().zip(self.weights).for_each(|(c, weight)| *c *= *weight);
            }
            gemm(T::ONE, v, coordinates.as_ref(), T::ZERO, solution.as_mut(), execution, products)?;
            for j in 0..p {
                let given_back = -exponents.at(j).to_i32();
                take(Solution {
                    column: start + j,
                    x: solution.col(j),
                    exponent: self.exponent + given_back,
                    residual: norms.at(j),
                    residual_exponent: given_back,
                });
            }
        }
        Ok(())
    }
}
