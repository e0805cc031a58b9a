//! X as the alternating methods see it: products with blocks of vectors, and the loss.
//!
//! With A `m x k` and B `k x n`,
//!
//! ```text
//! |X - A B|^2 = |X|^2 - 2 <X^T A, B^T> + <A^T A, B B^T>
//! ```
//!
//! needs X only in a product that the updates need too, so the loss is free. Near an exact fit, or with factors that nearly
//! cancel each other, the terms cancel; below `8 sqrt(eps)` of their size the residual is computed entry by entry where the
//! operator can.
//!
//! X is worked with as `2^-e X`, where `e` is 0 unless X is near an end of the number range, or a loss takes powers of it.

use crate::columns::{Columns, Total};
use crate::error::{Error, Operand};
use crate::kernel::{Isa, row_reduce};
use crate::operator::{LinearOperator, Transposed};
use crate::range;
use crate::real::Real;
use crate::view::{MatMut, MatRef};

/// X in the scale of the computation.
#[derive(Debug)]
pub(crate) struct Data<'a, T, X> {
    x: &'a X,
    /// `max |x_ij|`
    pub largest: T,
    /// `|2^-exponent X|^2`
    pub square: f64,
    pub exponent: i32,
    /// Whether X and both factors are: then no term of the loss can cancel within its sum.
    nonnegative: bool,
    scratch: &'a mut [T],
}

impl<'a, T: Real, X: LinearOperator<T>> Data<'a, T, X> {
    /// Checks X; with `nonnegative` it must be. `scratch` is what the operator needs.
    pub fn new(x: &'a X, nonnegative: bool, scratch: &'a mut [T]) -> Result<Self, Error> {
        let scan = x.check()?;
        match scan.negative {
            Some((row, col)) if nonnegative => return Err(Error::Negative { operand: Operand::A, row, col }),
            _ => {}
        }
        let norm = scan.norm.to_f64();
        let (largest, exponent) = (scan.largest, scan.exponent);
        Ok(Data { x, largest, square: norm * norm, exponent, nonnegative, scratch })
    }

    /// Works with an X whose largest entry is of order one.
    pub fn bring_to_one(&mut self) {
        let exponent = if self.largest == T::ZERO { 0 } else { self.largest.exponent() };
        self.square = self.square.scale(2 * (self.exponent - exponent));
        self.exponent = exponent;
    }

    pub fn operator(&self) -> &'a X {
        self.x
    }

    /// Entries of X for each of its rows, and for each of its columns, on all machines.
    pub fn entries_for_each_line(&self) -> Result<[usize; 2], Error> {
        let mut entries = [T::from_usize(self.x.entries())];
        self.x.sum(&mut entries)?;
        let each = |lines: usize| (entries.at(0).to_f64() / lines.max(1) as f64) as usize;
        Ok([each(self.x.all_rows()), each(self.x.cols())])
    }

    /// `product = X B` for an `n x k` block B.
    pub fn multiply(&mut self, b: &mut [T], k: usize, product: &mut [T]) -> Result<(), Error> {
        multiply(self.x, b, k, product, self.exponent, self.scratch)
    }

    /// `product = X^T A`, on all machines, for an `m x k` block A; returns what it has of `product`.
    pub fn multiply_transpose(&mut self, a: &mut [T], k: usize, product: &mut [T]) -> Result<(), Error> {
        multiply(&Transposed(self.x), a, k, product, self.exponent, self.scratch)?;
        self.x.sum(product.get_mut(..self.x.cols() * k).unwrap_or_default())
    }

    /// `|X - A B|^2 / |X|^2`, given `product = X^T A` and the Gram matrices `A^T A` and `B B^T`; 0 for a zero X. And
    /// whether that is true: `false` if the terms cancel so far that the [`residual`](Self::residual) should tell.
    ///
    /// `bt`, the transpose of B, is `n x k`.
    pub fn relative_loss(
        &self,
        bt: &[T],
        product: &[T],
        gram_a: &Columns<'_, T>,
        gram_b: &Columns<'_, T>,
        isa: Isa,
    ) -> (f64, bool) {
        let square = self.square;
        if square == 0.0 {
            return (0.0, true);
        }
        let product = product.get(..bt.len()).unwrap_or_default();
        let cross = 2.0 * isa.dot(product, bt).to_f64();
        let fit = isa.dot(gram_a.as_slice(), gram_b.as_slice()).to_f64();
        let loss = square - cross + fit;
        // Of terms that cancel, their magnitude tells what rounding has left.
        let [cross_size, fit_size] = if self.nonnegative {
            [cross, fit]
        } else {
            let size = |x: &[T], y: &[T]| {
                let (x, y) = (MatRef::packed(x, 1, x.len()), MatRef::packed(y, 1, y.len()));
                row_reduce(x, y, 0, |x, y| (x * y).abs()).to_f64()
            };
            [2.0 * size(product, bt), size(gram_a.as_slice(), gram_b.as_slice())]
        };
        let told = loss >= 8.0 * Real::sqrt(T::EPSILON.to_f64()) * square.max(cross_size).max(fit_size);
        (not_below_zero(loss) / square, told)
    }

    /// `|X - A B|^2 / |X|^2` from the differences, for an X that is not zero. `None` if the operator does not give them.
    pub fn residual(&mut self, a: &[T], bt: &[T], k: usize) -> Result<Option<f64>, Error> {
        let (m, n) = (self.x.rows(), self.x.cols());
        let b = MatRef::packed(bt, n, k).t();
        let Some(own) = self.x.residual(MatRef::packed(a, m, k), b, self.exponent, self.scratch)? else {
            return Ok(None);
        };
        let mut total = [own];
        self.x.sum(&mut total)?;
        Ok(Some(not_below_zero(total.at(0).to_f64()) / self.square))
    }

    /// The sums of the entries of a factor and of their squares; with `rows` it has rows for those of X, on all machines.
    pub fn sums(&self, factor: &[T], rows: bool) -> Result<[f64; 2], Error> {
        let factor = MatRef::packed(factor, 1, factor.len());
        let mut sums = [row_reduce(factor, factor, 0, |x, _| x.abs()), row_reduce(factor, factor, 0, |x, y| x * y)];
        if rows {
            self.x.sum(&mut sums)?;
        }
        Ok(sums.map(T::to_f64))
    }
}

/// A loss of which rounding may have left less than nothing; one beyond the range is infinite.
pub(crate) fn not_below_zero(loss: f64) -> f64 {
    if loss.is_nan() { f64::INFINITY } else { loss.max(0.0) }
}

/// `product = 2^-exponent X B`, with B as it was afterwards.
fn multiply<T: Real, X: LinearOperator<T>>(
    x: &X,
    b: &mut [T],
    k: usize,
    product: &mut [T],
    exponent: i32,
    scratch: &mut [T],
) -> Result<(), Error> {
    let (m, n) = (x.rows(), x.cols());
    let product = product.get_mut(..m * k).unwrap_or_default();
    let (before, after) = halves(exponent);
    range::multiply(MatMut::packed(b, n * k, 1), before);
    let done = x.apply(MatRef::packed(b, n, k), MatMut::packed(product, m, k), scratch);
    range::multiply(MatMut::packed(b, n * k, 1), -before);
    range::multiply(MatMut::packed(product, m * k, 1), after);
    done
}

/// Splits a multiplication by `2^-e` into one before a product and one after it, so that neither is out of range.
fn halves(e: i32) -> (i32, i32) {
    (-(e / 2), -(e - e / 2))
}
