//! Jacobi on a triangle that a second QR factorization has brought close to diagonal form, its rotations solved for.
//!
//! ```text
//! A P = Q R,   R^T = Q' L^T      so R = L Q'^T with L lower triangular
//! L W = X                        rotations make the columns of X orthogonal
//! X = Y diag(s)
//! A = (Q Y) diag(s) (P Q' W)^T
//! ```
//!
//! L is closer to diagonal than R^T, which saves sweeps; and the rotations need not be accumulated: `W = L^-1 X`. The
//! error of X is small relative to each of its columns and, as rotations from the right preserve the norms of rows,
//! relative to each row of L. So W is orthogonal to within `eps |L^-1 D|`, D the norms of the rows of L (Drmac &
//! Veselic, part II). Pivoting commonly makes this number a few times `sqrt(k)`. Where it is large, or where norms are so
//! far apart that squares of them leave the range, the rotations are accumulated instead (`accumulated.rs`).

use super::blocked::{orthogonalize, orthogonalize_scratch_len};
use super::triangle::Triangle;
use super::{Outputs, write_values};
use crate::columns::{Columns, Total};
use crate::error::Error;
use crate::householder::{Side, apply, apply_scratch_len};
use crate::kernel::{gemm, gemm_scratch_len};
use crate::qr::{factor_blocked, factor_blocked_scratch_len};
use crate::real::Real;
use crate::scratch::{ALIGNMENT, aligned, max, split, sum, times};
use crate::svd::{Info, Options};
use crate::triangular::{invert_upper_blocked, invert_upper_blocked_scratch_len};
use crate::view::{MatMut, MatRef};

/// The square of `|X^-1 D| / sqrt(k)` above which rotations are not solved for. At best it is 1, for random matrices 4 to 7.
const LARGEST: usize = 16;

/// For `l x k`: the second factorization and its `tau`, the inverse of L^T, X, W, norms, and what the steps need.
pub(super) const fn layout(l: usize, k: usize) -> [usize; 7] {
    let square = times(k, k);
    [square, k, square, sum([square, ALIGNMENT]), square, k, steps_len(l, k)]
}

/// What the steps need: QR factorization, inverse, rotations, product, and the application of reflectors.
pub(super) const fn steps_len(l: usize, k: usize) -> usize {
    let factor =
        max(factor_blocked_scratch_len(l, k), max(invert_upper_blocked_scratch_len(k), gemm_scratch_len(k, k, k)));
    max(max(factor, orthogonalize_scratch_len(k)), max(apply_scratch_len(l, l, k), apply_scratch_len(k, k, k)))
}

/// Values and vectors from the pivoted QR factorization of a tall matrix; nothing if the rotations must be accumulated.
pub(super) fn decompose<T: Real>(
    triangle: &Triangle<'_, T>,
    outputs: &mut Outputs<'_, '_, T>,
    options: &Options,
    memory: &mut [T],
) -> Result<Option<Info>, Error> {
    let Triangle { qr, rank, exponent, .. } = triangle;
    let (l, k, rank, execution) = (qr.rows(), qr.cols(), *rank, options.execution);
    let [second, tau, inverse, x, w, norms, steps] = split(memory, layout(l, k))?;
    let Outputs { s, left, right } = outputs;
    let mut second = Columns::zeroed(second.get_mut(..k * rank).unwrap_or_default(), k, rank);
    for j in 0..rank {
        second.col_mut(j).iter_mut().enumerate().skip(j).for_each(|(i, x)| *x = qr.at(j, i));
    }
    let tau = tau.get_mut(..rank).unwrap_or_default();
    factor_blocked(&mut second, tau, execution, steps)?;

    let mut inverse = Columns::new(inverse.get_mut(..rank * rank).unwrap_or_default(), rank, rank);
    invert_upper_blocked(second.as_ref(), &mut inverse, execution, steps)?;
    let mut x = Columns::zeroed(aligned(x, rank * rank), rank, rank);
    for j in 0..rank {
        x.col_mut(j).iter_mut().enumerate().skip(j).for_each(|(i, x)| *x = second.at(j, i));
    }
    let mut factor = Factor { x, inverse: inverse.as_ref().t(), norms: norms.get_mut(..rank).unwrap_or_default() };
    let Some(rotated) = factor.rotate(options, steps)? else { return Ok(None) };
    write_values(factor.norms, options.given_back(*exponent), T::from_f64(options.threshold), s)?;

    if let Some(right) = right {
        let mut w = Columns::zeroed(w, k, k);
        (rank..k).for_each(|j| w.put(j, j, T::ONE));
        let corner = w.as_mut().submatrix(0, 0, rank, rank);
        gemm(T::ONE, factor.inverse, factor.x.as_ref(), T::ZERO, corner, execution, steps)?;
        apply(Side::Forward, second.as_ref(), tau, w.as_mut(), execution, steps)?;
        (0..k).for_each(|j| triangle.put_right(w.col(j), right, j));
    }
    if let Some(left) = left {
        factor.put_left(left, options);
        apply(Side::Forward, qr.as_ref(), triangle.tau, left.rb(), execution, steps)?;
        triangle.return_rows(left, steps.get_mut(..k).unwrap_or_default());
    }
    let (sweeps, converged) = rotated;
    Ok(Some(Info::new(converged, sweeps, s, *exponent)))
}

/// A triangle X, to be rotated in place, and its inverse.
pub(super) struct Factor<'a, T> {
    pub x: Columns<'a, T>,
    pub inverse: MatRef<'a, T>,
    /// The norms of the rows, and in the end of the columns.
    pub norms: &'a mut [T],
}

impl<T: Real> Factor<'_, T> {
    /// Makes the columns of X orthogonal, longest first. Returns the number of sweeps, and whether the tolerance was met;
    /// nothing, and X as it was, if the product of the inverse and the new X would not be orthogonal.
    pub fn rotate(&mut self, options: &Options, steps: &mut [T]) -> Result<Option<(usize, bool)>, Error> {
        let Factor { x, inverse, norms } = self;
        let isa = options.execution.isa();
        let n = x.cols();
        // The longest row is brought near one, so that as many powers of the others as possible are in the range.
        let largest = isa.max_abs(x.as_mut_slice());
        let shift = largest.exponent();
        if n > 0 && (largest == T::ZERO || !well_conditioned(x, *inverse, shift, norms)) {
            return Ok(None);
        }
        for j in 0..n {
            isa.scale(T::pow2(-shift), x.col_mut(j));
        }
        let outcome = orthogonalize(x, options, steps)?;
        for (j, norm) in norms.iter_mut().enumerate() {
            // As the columns were ordered by it, also where the scaled one's square is near the end of the range.
            *norm = isa.norm(x.col(j)).scale(shift);
            isa.scale(T::pow2(shift), x.col_mut(j));
        }
        Ok(Some(outcome))
    }

    /// Writes the normalized columns above the rest of the identity.
    pub fn put_left(&mut self, left: &mut MatMut<'_, T>, options: &Options) {
        let n = self.x.cols();
        left.set_identity();
        for (j, norm) in self.norms.iter().enumerate() {
            options.execution.isa().scale(T::ONE / *norm, self.x.col_mut(j));
        }
        left.rb().submatrix(0, 0, n, n).copy_from(self.x.as_ref());
    }
}

/// Whether `|X^-1 D|`, D the norms of the rows of X, is small, and no row so much shorter than `2^shift` that its square
/// underflows.
fn well_conditioned<T: Real>(x: &Columns<'_, T>, inverse: MatRef<'_, T>, shift: i32, norms: &mut [T]) -> bool {
    let n = x.cols();
    let (down, up) = (T::pow2(-shift), T::pow2(shift));
    norms.fill(T::ZERO);
    for j in 0..n {
        norms.iter_mut().zip(x.col(j)).for_each(|(sum, x)| *sum += (*x * down) * (*x * down));
    }
    norms.iter_mut().for_each(|norm| *norm = norm.sqrt());
    if norms.iter().any(|norm| *norm < T::pow2(T::MIN_EXPONENT / 2 + 8)) {
        return false;
    }
    let mut square = T::ZERO;
    for j in 0..n {
        for i in 0..n {
            let entry = inverse.at(i, j) * up * norms.at(j);
            square += entry * entry;
        }
    }
    square <= T::from_usize(LARGEST * n)
}
