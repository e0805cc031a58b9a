//! Access to the matrix, for methods that only multiply with it.
//!
//! Truncated SVD, NMF and semi-NMF reach the data X through [`LinearOperator`]: products with a block of vectors, a
//! check, and a few optional shortcuts. Dense, sparse, transposed, implicit and distributed matrices share one code path.

mod csr;
mod dense;

pub use csr::Csr;
pub use dense::Dense;

use crate::check;
use crate::error::{Error, Operand};
use crate::kernel::{pairwise, row_reduce};
use crate::real::Real;
use crate::view::{MatMut, MatRef};

/// What one pass over the entries of a matrix finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scan<T> {
    /// `max |x_ij|`
    pub largest: T,
    /// The Frobenius norm is `norm * 2^exponent`: `norm` cannot over- or underflow.
    pub norm: T,
    /// See `norm`; 0 unless the largest entry is near an end of the number range.
    pub exponent: i32,
    /// Row and column of the first negative entry.
    pub negative: Option<(usize, usize)>,
}

/// A `rows x cols` matrix A known by its products with blocks of vectors.
///
/// A matrix whose rows live on several machines gives each machine an operator over its own rows: `apply` gives the own
/// rows of the product, `apply_transpose` the own rows' share of the sum, and `sum` adds up what the machines hold. What all
/// machines need, such as H, must be the same on each. A machine that is refused, as its rows of W hold a NaN, stops alone:
/// `sum` must fail then on the others, which wait for it.
///
/// # Errors
/// Each function can fail; what it returns ends the factorization.
pub trait LinearOperator<T: Real> {
    /// Rows of A.
    fn rows(&self) -> usize;

    /// Columns of A.
    fn cols(&self) -> usize;

    /// How many entries a product visits, by which methods judge what it costs.
    fn entries(&self) -> usize {
        self.rows().saturating_mul(self.cols())
    }

    /// Rows on all machines together.
    fn all_rows(&self) -> usize {
        self.rows()
    }

    /// One pass over the entries, on all machines: [`Error::NonFinite`] for the first that is NaN or infinite.
    fn check(&self) -> Result<Scan<T>, Error>;

    /// Elements of scratch that the products need with a block of `k` vectors, monotone in `k`.
    fn scratch_len(&self, k: usize) -> usize;

    /// `C = A B`; B is `cols x k`, C `rows x k`.
    fn apply(&self, b: MatRef<'_, T>, c: MatMut<'_, T>, scratch: &mut [T]) -> Result<(), Error>;

    /// `C = A^T B`; B is `rows x k`, C `cols x k`.
    fn apply_transpose(&self, b: MatRef<'_, T>, c: MatMut<'_, T>, scratch: &mut [T]) -> Result<(), Error>;

    /// `C = A^T A B`, B and C `cols x k`, the share of the rows at hand, for an A with at least as many rows as columns.
    /// `false`, on all machines, if the operator has no way that is cheaper than the two products.
    fn apply_both(&self, _b: MatRef<'_, T>, _c: MatMut<'_, T>, _scratch: &mut [T]) -> Result<bool, Error> {
        Ok(false)
    }

    /// `C = A A^T B`, B and C `rows x k`; else as [`apply_both`](Self::apply_both).
    fn apply_both_transpose(&self, _b: MatRef<'_, T>, _c: MatMut<'_, T>, _scratch: &mut [T]) -> Result<bool, Error> {
        Ok(false)
    }

    /// `C = A^T A`, `cols x cols`, with `scratch_len(cols)` elements of scratch. `false` if the operator has no way
    /// that is cheaper than products with `cols` vectors.
    fn gram(&self, _c: MatMut<'_, T>, _scratch: &mut [T]) -> Result<bool, Error> {
        Ok(false)
    }

    /// `C = A A^T`, `rows x rows`, with `scratch_len(rows)` elements of scratch; else as [`gram`](Self::gram).
    fn gram_transpose(&self, _c: MatMut<'_, T>, _scratch: &mut [T]) -> Result<bool, Error> {
        Ok(false)
    }

    /// `|2^-exponent A - W H|_F^2` over the rows at hand, from the differences themselves, with `scratch_len(k)` elements
    /// of scratch for a W of `k` columns; `2 rows cols k` operations. `None`, on all machines, if the operator does not
    /// know its entries, or if so many of them are zero that looking at each is out of proportion.
    fn residual(
        &self,
        _w: MatRef<'_, T>,
        _h: MatRef<'_, T>,
        _exponent: i32,
        _scratch: &mut [T],
    ) -> Result<Option<T>, Error> {
        Ok(None)
    }

    /// Replaces the buffer by its sum over all machines that hold rows; on one machine, nothing.
    fn sum(&self, _buffer: &mut [T]) -> Result<(), Error> {
        Ok(())
    }
}

/// An operator that knows its entries, for losses that need each of them.
pub trait Entries<T: Real>: LinearOperator<T> {
    /// Copies the rows from `first` on, as many as the panel has, which has the columns of A.
    fn copy_rows(&self, first: usize, panel: MatMut<'_, T>);

    /// Row `i`, if it lies in memory entry by entry.
    fn dense_row(&self, _i: usize) -> Option<&[T]> {
        None
    }

    /// The columns, ascending, and the values of the entries of row `i` that may differ from zero; `None` for an operator
    /// that does not know them apart. The same for every row; `None` for one that does not exist.
    fn sparse_row(&self, _i: usize) -> Option<(&[u32], &[T])> {
        None
    }
}

/// The transpose of an operator, without moving anything. CSR arrays become those of a CSC matrix.
#[derive(Clone, Copy, Debug)]
pub struct Transposed<'a, A>(pub &'a A);

impl<T: Real, A: LinearOperator<T>> LinearOperator<T> for Transposed<'_, A> {
    fn rows(&self) -> usize {
        self.0.cols()
    }
    fn cols(&self) -> usize {
        self.0.rows()
    }
    fn entries(&self) -> usize {
        self.0.entries()
    }
    fn check(&self) -> Result<Scan<T>, Error> {
        let scan = self.0.check().map_err(Error::transposed)?;
        Ok(Scan { negative: scan.negative.map(|(row, col)| (col, row)), ..scan })
    }
    fn scratch_len(&self, k: usize) -> usize {
        self.0.scratch_len(k)
    }
    fn apply(&self, b: MatRef<'_, T>, c: MatMut<'_, T>, scratch: &mut [T]) -> Result<(), Error> {
        self.0.apply_transpose(b, c, scratch)
    }
    fn apply_transpose(&self, b: MatRef<'_, T>, c: MatMut<'_, T>, scratch: &mut [T]) -> Result<(), Error> {
        self.0.apply(b, c, scratch)
    }
    fn apply_both(&self, b: MatRef<'_, T>, c: MatMut<'_, T>, scratch: &mut [T]) -> Result<bool, Error> {
        self.0.apply_both_transpose(b, c, scratch)
    }
    fn apply_both_transpose(&self, b: MatRef<'_, T>, c: MatMut<'_, T>, scratch: &mut [T]) -> Result<bool, Error> {
        self.0.apply_both(b, c, scratch)
    }
    fn gram(&self, c: MatMut<'_, T>, scratch: &mut [T]) -> Result<bool, Error> {
        self.0.gram_transpose(c, scratch)
    }
    fn gram_transpose(&self, c: MatMut<'_, T>, scratch: &mut [T]) -> Result<bool, Error> {
        self.0.gram(c, scratch)
    }
    fn residual(
        &self,
        w: MatRef<'_, T>,
        h: MatRef<'_, T>,
        exponent: i32,
        scratch: &mut [T],
    ) -> Result<Option<T>, Error> {
        self.0.residual(h.t(), w.t(), exponent, scratch)
    }
}

/// Factors of a residual must fit an `m x n` matrix.
fn check_residual<T: Real>(m: usize, n: usize, w: MatRef<'_, T>, h: MatRef<'_, T>) -> Result<(), Error> {
    let k = w.cols();
    if w.rows() != m {
        return Err(Error::Shape { operand: Operand::Left, expected: (m, k), given: w.shape() });
    }
    if h.shape() != (k, n) {
        return Err(Error::Shape { operand: Operand::Right, expected: (k, n), given: h.shape() });
    }
    Ok(())
}

/// The scan of a matrix whose nonzero entries are those of `entries`.
fn scan<T: Real>(entries: MatRef<'_, T>) -> Result<Scan<T>, Error> {
    let largest = check::finite(entries, Operand::A)?;
    let exponent = safe_exponent(largest);
    let squares = (0..entries.filled_rows())
        .map(|i| row_reduce(entries, entries, i, |x, _| x.scale(-exponent) * x.scale(-exponent)));
    Ok(Scan { largest, norm: pairwise(squares).sqrt(), exponent, negative: check::negative(entries) })
}

/// The exponent that a matrix with this largest magnitude is divided by, so that products of three of its entries and
/// sums of them stay in range: 0 unless it is near an end.
fn safe_exponent<T: Real>(largest: T) -> i32 {
    let own = largest.exponent();
    if largest == T::ZERO || own.abs() <= T::MAX_EXPONENT / 8 { 0 } else { own }
}
