//! One factor of `X ~ A B` for the other, which stays: each row of A is a least-squares problem of its own.
//!
//! ```text
//! P = X B^T      G = B B^T      min over a row a: 1/2 a G a^T - p a^T (+ l1 sum a + l2/2 |a|^2)
//! ```
//!
//! either with `a >= 0`, by coordinate descent until the row is at rest, or without, by a Cholesky factorization of G.
//!
//! Where rows of the caller's X live on several machines, P and G are sums over them if X is worked with as its transpose.

use super::data::Data;
use super::pair::{copy_scaled, exponent_on_all_machines, is_ordinary, scaled_weights, write_scaled};
use crate::check;
use crate::cholesky::cholesky;
use crate::columns::Columns;
use crate::error::{Error, Operand};
use crate::kernel::{Descent, Execution, descend, descend_scratch_len, gemm, gemm_scratch_len, gram, gram_scratch_len};
use crate::operator::LinearOperator;
use crate::real::Real;
use crate::scratch::{max, split, sum, times};
use crate::triangular::invert_upper;
use crate::view::{MatMut, MatRef};

/// What the rows of A are to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rows {
    /// Non-negative, with these weights of their sum and of half their squares. With `all` X and B must be, too.
    Nonnegative { all: bool, weights: [f64; 2], sweeps: usize, rest: f64 },
    /// Of any sign.
    Free,
}

/// The factor that stays.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fixed<'a, T, S> {
    /// B^T, `n x k`.
    pub bt: MatRef<'a, T>,
    /// The names of the factors in errors: that which is computed, and this one.
    pub names: [Operand; 2],
    /// Replaces sums by those over all machines that hold a part of the columns of X.
    pub sum: S,
}

/// [`Fixed::names`] where the caller's X is worked with.
pub(crate) const LEFT: [Operand; 2] = [Operand::Left, Operand::Right];
/// The same where the caller's X is the transpose.
pub(crate) const RIGHT: [Operand; 2] = [Operand::Right, Operand::Left];

/// Elements of memory for [`transform`] of an `m x n` matrix, whose operator needs so much.
pub(crate) const fn transform_len(m: usize, n: usize, k: usize, operator: usize) -> usize {
    sum(layout(m, n, k, operator))
}

/// A, B^T and the product; G and the inverse of its factor; and what descents, products and the operator need.
const fn layout(m: usize, n: usize, k: usize, operator: usize) -> [usize; 7] {
    let (square, products) = (times(k, k), max(gram_scratch_len(n, k), gemm_scratch_len(m, k, k)));
    [times(m, k), times(n, k), times(m, k), square, square, max(products, descend_scratch_len(m, k)), operator]
}

/// Fills `a`, `m x k`, for X, `m x n`, and B, `k x n`.
pub(crate) fn transform<T: Real, X: LinearOperator<T>>(
    x: &X,
    fixed: Fixed<'_, T, impl Fn(&mut [T]) -> Result<(), Error>>,
    a: MatMut<'_, T>,
    rows: Rows,
    execution: Execution,
    memory: &mut [T],
) -> Result<(), Error> {
    let Fixed { bt, names: [a_name, b_name], sum } = fixed;
    let (m, n, k) = (x.rows(), x.cols(), bt.cols());
    if k == 0 {
        return Err(Error::Rank { max: usize::MAX, given: 0 });
    }
    // The right factor of the caller is the transpose of what is worked with.
    let as_given = |operand, (rows, cols)| if operand == Operand::Right { (cols, rows) } else { (rows, cols) };
    for (operand, given, expected) in [(b_name, bt.shape(), (n, k)), (a_name, a.shape(), (m, k))] {
        if given != expected {
            let (expected, given) = (as_given(operand, expected), as_given(operand, given));
            return Err(Error::Shape { operand, expected, given });
        }
    }
    let [work, b, product, g, inverse, scratch, operator] = split(memory, layout(m, n, k, x.scratch_len(k)))?;
    let both = matches!(rows, Rows::Nonnegative { all: true, .. });
    let mut data = Data::new(x, both, operator)?;
    let checked = if both { check::nonnegative(bt, b_name) } else { check::finite(bt, b_name) };
    let largest = checked.map_err(|error| if b_name == Operand::Right { error.transposed() } else { error })?;

    let own = exponent_on_all_machines(largest, &sum)?;
    let share = if is_ordinary::<T>(own) { 0 } else { own };
    copy_scaled(bt, -share, MatMut::packed(b, n, k));
    let exponents = [data.exponent - share, data.exponent];
    let mut g = Columns::new(g, k, k);
    gram(MatRef::packed(b, n, k), g.as_mut(), execution, scratch)?;
    sum(g.as_mut_slice())?;
    data.multiply(b, k, product)?;
    sum(product)?;
    let rows = match rows {
        Rows::Nonnegative { weights, sweeps, rest, .. } => {
            work.fill(T::ZERO);
            let [l1, l2] = scaled_weights(weights, exponents);
            let (factor, product) = (MatMut::packed(work, m, k), MatRef::packed(product, m, k));
            let rest = T::from_f64(rest);
            descend(Descent { factor, product, gram: &g, l1, l2, sweeps, rest }, execution, scratch)?;
            work
        }
        Rows::Free => {
            let mut inverse = Columns::new(inverse, k, k);
            cholesky(execution.isa(), &mut g, T::from_usize(8 * k) * T::EPSILON);
            invert_upper(&g, &mut inverse);
            let between = MatMut::packed(work, m, k);
            gemm(T::ONE, MatRef::packed(product, m, k), inverse.as_ref(), T::ZERO, between, execution, scratch)?;
            let (between, rows) = (MatRef::packed(work, m, k), MatMut::packed(product, m, k));
            gemm(T::ONE, between, inverse.as_ref().t(), T::ZERO, rows, execution, scratch)?;
            product
        }
    };
    write_scaled(MatRef::packed(rows, m, k), exponents[0], a)
}
