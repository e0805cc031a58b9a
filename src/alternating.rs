//! What NMF and semi-NMF share: `X ~ A B` by updating the factors in turn.
//!
//! With A `m x k` and B `k x n`, an update of either factor needs X only in a product with the other, and
//!
//! ```text
//! |X - A B|^2 = |X|^2 - 2 <X^T A, B^T> + <A^T A, B B^T>
//! ```
//!
//! needs nothing more, so the loss is free. Near an exact fit, or with factors that nearly cancel each other, the terms
//! cancel; below `8 sqrt(eps)` of their size the residual is computed entry by entry where the operator can.
//!
//! X is worked with as `2^-e X` and the factors as `2^-a A` and `2^-b B` with `a + b = e`, so that all are of order one; the
//! three are 0 unless X is near an end of the number range.

use core::ops::ControlFlow;

use crate::check;
use crate::columns::{Columns, Total};
use crate::error::{Error, Operand};
use crate::kernel::{Execution, gemm, gemm_scratch_len, gram, gram_scratch_len, max_abs, pairwise, row_reduce};
use crate::operator::{Dense, LinearOperator, Transposed};
use crate::real::Real;
use crate::scratch::{max, split, sum, times};
use crate::view::{MatMut, MatRef};

/// Rows of a factor that are updated at a time.
const PANEL: usize = 256;

/// Elements of memory for `State::new` and `factorize` with this operator.
pub fn scratch_len<T: Real, X: LinearOperator<T>>(x: &X, rank: usize) -> usize {
    sum(layout(x.rows(), x.cols(), rank, x.scratch_len(rank)))
}

/// The same for a dense `m x n` matrix, as a closed form.
pub const fn dense_scratch_len<T: Real>(m: usize, n: usize, rank: usize) -> usize {
    sum(layout(m, n, rank, Dense::<T>::scratch_len_for(m, n, rank)))
}

/// The product, two Gram matrices and two more small ones, three panels, and what products and the operator need.
const fn layout(m: usize, n: usize, k: usize, operator: usize) -> [usize; 10] {
    let (square, panel) = (times(k, k), times(PANEL, k));
    let products = max(gemm_scratch_len(PANEL, k, k), gram_scratch_len(max(m, n), k));
    [times(max(m, n), k), square, square, square, square, panel, panel, panel, products, operator]
}

/// How far an iteration has come.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Iterations done.
    pub iteration: usize,
    /// `|X - A B|_F / |X|_F` after them; 0 for a zero X.
    pub relative_error: f64,
}

/// Options of the drivers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// Iterations end when ten of them have lessened the relative error by less than this part of the error after the
    /// first; default `1e-4`.
    pub tolerance: f64,
    /// The bound on iterations; default 200.
    pub max_iterations: usize,
    /// How the method's own dense products are computed; the operator has its own say about its products.
    pub execution: Execution,
}

impl Options {
    /// Must pass before anything is changed.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let valid = self.tolerance >= 0.0 && self.tolerance < 1.0;
        if valid { Ok(()) } else { Err(Error::Option { name: "tolerance" }) }
    }

    /// The defaults.
    pub const fn new() -> Self {
        Options { tolerance: 1e-4, max_iterations: 200, execution: Execution::new() }
    }
    /// The tolerance.
    pub const fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }
    /// The bound on iterations.
    pub const fn max_iterations(mut self, iterations: usize) -> Self {
        self.max_iterations = iterations;
        self
    }
    /// How dense products are computed.
    pub const fn execution(mut self, execution: Execution) -> Self {
        self.execution = execution;
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

/// What a driver did.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Info {
    /// Whether the tolerance was met within the iterations.
    pub converged: bool,
    /// Iterations done.
    pub iterations: usize,
    /// `|X - A B|_F / |X|_F`; 0 for a zero X, NaN if no iteration was asked for.
    pub relative_error: f64,
}

/// X, its factors, and the memory that an iteration needs.
#[derive(Debug)]
pub(crate) struct Pair<'a, T, X> {
    pub x: &'a X,
    /// `m x k`
    pub a: MatMut<'a, T>,
    /// `n x k`: the transpose of B, so that both factors are treated alike.
    pub bt: MatMut<'a, T>,
    /// `|2^-exponent X|^2`
    square: f64,
    exponent: i32,
    /// The share of the exponent that A carries, and that of B.
    shares: [i32; 2],
    pub execution: Execution,
    /// The product of X with a factor, `m x k` or `n x k`.
    pub product: &'a mut [T],
    /// `A^T A`
    pub gram_a: Columns<'a, T>,
    /// `B B^T`
    pub gram_b: Columns<'a, T>,
    /// Room for two more `k x k` matrices and three panels.
    pub small: [Columns<'a, T>; 2],
    pub panels: [&'a mut [T]; 3],
    pub scratch: &'a mut [T],
    operator_scratch: &'a mut [T],
}

impl<'a, T: Real, X: LinearOperator<T>> Pair<'a, T, X> {
    /// Checks X and the factors. `all_nonnegative` is for NMF: X and A must be non-negative too, and A is a start; else
    /// its content does not matter.
    pub fn new(
        x: &'a X,
        a: MatMut<'a, T>,
        b: MatMut<'a, T>,
        all_nonnegative: bool,
        execution: Execution,
        memory: &'a mut [T],
    ) -> Result<Self, Error> {
        let (m, n, k) = (x.rows(), x.cols(), a.cols());
        if k == 0 {
            return Err(Error::Rank { max: usize::MAX, given: 0 });
        }
        if a.rows() != m {
            return Err(Error::Shape { operand: Operand::Left, expected: (m, k), given: a.shape() });
        }
        if b.shape() != (k, n) {
            return Err(Error::Shape { operand: Operand::Right, expected: (k, n), given: b.shape() });
        }
        let pieces = split(memory, layout(m, n, k, x.scratch_len(k)))?;
        let [product, gram_a, gram_b, first, second, panel_0, panel_1, panel_2, scratch, operator_scratch] = pieces;
        let scan = x.check()?;
        check::nonnegative(b.as_ref(), Operand::Right)?;
        if all_nonnegative {
            check::nonnegative(a.as_ref(), Operand::Left)?;
            if let Some((row, col)) = scan.negative {
                return Err(Error::Negative { operand: Operand::A, row, col });
            }
        }
        let norm = scan.norm.to_f64();
        let own = [exponent_of(a.as_ref()), exponent_of(b.as_ref())];
        let shares = shares::<T>(scan.exponent, own[1]);
        // A start far from the scale of X is brought to it; any other is taken as it is. On several machines all must decide
        // alike, and none sees all of A. Where A is no start, B may have any scale.
        let far = x.all_rows() == m && (own[0] + own[1]).abs_diff(scan.exponent) > T::SIGNIFICAND_BITS;
        let entry = match (all_nonnegative, far) {
            (true, false) => shares,
            (true, true) => own,
            (false, _) => [shares.at(0), own.at(1)],
        };
        let mut pair = Pair {
            x,
            a,
            bt: b.t(),
            square: norm * norm,
            exponent: scan.exponent,
            shares,
            execution,
            product,
            gram_a: Columns::new(gram_a, k, k),
            gram_b: Columns::new(gram_b, k, k),
            small: [Columns::new(first, k, k), Columns::new(second, k, k)],
            panels: [panel_0, panel_1, panel_2],
            scratch,
            operator_scratch,
        };
        if scan.exponent != 0 {
            pair.scale_factors(entry, -1);
        }
        let done = pair.update_gram_b();
        pair.scale_factors(shares, 1);
        done.map(|()| pair)
    }

    /// Performs `update` in the scale that products are safe in; returns the relative error after it. `update` leaves both
    /// Gram matrices up to date and `X^T A` in `product`.
    pub fn iterate(&mut self, update: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<f64, Error> {
        self.scale_factors(self.shares, -1);
        let error = update(self).and_then(|()| self.relative_error());
        if self.exponent != 0 {
            // What A has grown beyond the range, B takes over.
            let over = (exponent_of(self.a.as_ref()) + self.shares.at(0) - (T::MAX_EXPONENT - 1)).max(0);
            self.shares = [self.shares.at(0) - over, self.shares.at(1) + over];
        }
        self.scale_factors(self.shares, 1);
        error
    }

    /// Multiplies the factors by `2^share`, in the direction 1 to the caller's scale and -1 to that of the computation.
    fn scale_factors(&mut self, [a, b]: [i32; 2], direction: i32) {
        shift_exponents(&mut self.a, direction * a);
        shift_exponents(&mut self.bt, direction * b);
    }

    pub fn update_gram_a(&mut self) -> Result<(), Error> {
        gram(self.a.as_ref(), self.gram_a.as_mut(), self.execution, self.scratch)?;
        self.x.sum(self.gram_a.as_mut_slice())
    }

    pub fn update_gram_b(&mut self) -> Result<(), Error> {
        gram(self.bt.as_ref(), self.gram_b.as_mut(), self.execution, self.scratch)
    }

    /// `product = X B^T`, `m x k`.
    pub fn multiply_b(&mut self) -> Result<(), Error> {
        let Pair { x, bt, product, exponent, operator_scratch, .. } = self;
        multiply(*x, bt, product, *exponent, operator_scratch)
    }

    /// `product = X Q`, `m x k`, for any `n x k` block Q.
    pub fn multiply(&mut self, mut q: MatMut<'_, T>) -> Result<(), Error> {
        multiply(self.x, &mut q, self.product, self.exponent, self.operator_scratch)
    }

    /// `product = X^T A`, `n x k`.
    pub fn multiply_a(&mut self) -> Result<(), Error> {
        let (n, k) = self.bt.shape();
        multiply(&Transposed(self.x), &mut self.a, self.product, self.exponent, self.operator_scratch)?;
        self.x.sum(self.product.get_mut(..n * k).unwrap_or_default())
    }

    /// The relative error, given the Gram matrices and, in `product`, `X^T A`, all in the scale of the computation.
    fn relative_error(&mut self) -> Result<f64, Error> {
        let (n, k) = self.bt.shape();
        let square = self.square;
        if square == 0.0 {
            return Ok(0.0);
        }
        let product = MatRef::packed(self.product.get(..n * k).unwrap_or_default(), n, k);
        let bt = self.bt.as_ref();
        let reduce = |term: fn(T) -> T| {
            let cross = pairwise((0..n).map(|j| row_reduce(product, bt, j, |p, b| term(p * b))));
            let grams =
                (0..k).map(|j| (MatRef::packed(self.gram_a.col(j), 1, k), MatRef::packed(self.gram_b.col(j), 1, k)));
            let fit = pairwise(grams.map(|(a, b)| row_reduce(a, b, 0, |a, b| term(a * b))));
            (2.0 * cross.to_f64(), fit.to_f64())
        };
        let (cross, fit) = reduce(|x| x);
        let loss = square - cross + fit;
        // Of terms that cancel, their magnitude tells what rounding has left.
        let (cross_size, fit_size) = reduce(T::abs);
        if loss >= 8.0 * Real::sqrt(T::EPSILON.to_f64()) * square.max(cross_size).max(fit_size) {
            return Ok(Real::sqrt(loss / square));
        }
        match self.x.residual(self.a.as_ref(), self.bt.as_ref().t(), self.exponent, self.operator_scratch)? {
            Some(exact) => {
                let mut total = [exact];
                self.x.sum(&mut total)?;
                Ok(Real::sqrt(total.at(0).to_f64() / square))
            }
            None => Ok(Real::sqrt(loss.max(0.0) / square)),
        }
    }
}

/// Updates every entry of a factor to `update(entry, entry of the product, denominators)`. A denominator is the entry of
/// the factor times one of the given `k x k` matrices.
pub(crate) fn update_rows<T: Real, const N: usize>(
    mut factor: MatMut<'_, T>,
    product: &[T],
    grams: [MatRef<'_, T>; N],
    panels: &mut [&mut [T]; 3],
    execution: Execution,
    scratch: &mut [T],
    update: impl Fn(T, T, [T; N]) -> T,
) -> Result<(), Error> {
    let k = factor.cols();
    let [values, denominators @ ..] = panels;
    for start in (0..factor.rows()).step_by(PANEL) {
        let mut rows = factor.rb().submatrix(start, 0, PANEL, k);
        let count = rows.rows();
        let product = product.get(start * k..(start + count) * k).unwrap_or_default();
        let values = values.get_mut(..count * k).unwrap_or_default();
        MatMut::packed(values, count, k).copy_from(rows.as_ref());
        for (panel, gram) in denominators.iter_mut().zip(grams) {
            let panel = MatMut::packed(panel.get_mut(..count * k).unwrap_or_default(), count, k);
            gemm(T::ONE, MatRef::packed(values, count, k), gram, T::ZERO, panel, execution, scratch)?;
        }
        for (i, (value, product)) in values.iter_mut().zip(product).enumerate() {
            let below = core::array::from_fn(|p| denominators.get(p).map_or(T::ZERO, |panel| panel.at(i)));
            *value = update(*value, *product, below);
        }
        rows.copy_from(MatRef::packed(values, count, k));
    }
    Ok(())
}

/// `x above / below` for a multiplicative update: `x` itself where nothing is divided by, and zero where the result is so
/// small that its products would be subnormal, which cost time and lose digits.
pub(crate) fn multiply_divide<T: Real>(x: T, above: T, below: T) -> T {
    let tiny = T::MIN_POSITIVE.sqrt();
    if x == T::ZERO || below < T::MIN_POSITIVE {
        return x;
    }
    let value = x * (above / below);
    if value < tiny { T::ZERO } else { value.min(T::MAX) }
}

/// Iterates until the tolerance, the bound or the observer ends it.
pub(crate) fn drive(
    options: &Options,
    mut update: impl FnMut() -> Result<f64, Error>,
    mut observer: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Info, Error> {
    /// Iterations between two looks at the tolerance.
    const STRIDE: usize = 10;
    let mut info = Info { converged: false, iterations: 0, relative_error: f64::NAN };
    let (mut first, mut before) = (None, f64::INFINITY);
    while info.iterations < options.max_iterations && !info.converged {
        info.relative_error = update()?;
        info.iterations += 1;
        let first = *first.get_or_insert(info.relative_error);
        if info.iterations.is_multiple_of(STRIDE) {
            info.converged = before - info.relative_error < options.tolerance * first;
            before = info.relative_error;
        }
        // An exact fit cannot improve.
        info.converged |= info.relative_error == 0.0;
        let progress = Progress { iteration: info.iterations, relative_error: info.relative_error };
        if observer(&progress).is_break() {
            break;
        }
    }
    Ok(info)
}

/// `product = 2^-exponent X B`, with B as it was afterwards.
fn multiply<T: Real, X: LinearOperator<T>>(
    x: &X,
    b: &mut MatMut<'_, T>,
    product: &mut [T],
    exponent: i32,
    scratch: &mut [T],
) -> Result<(), Error> {
    let (m, k) = (x.rows(), b.cols());
    let (before, after) = halves(exponent);
    shift_exponents(b, before);
    let mut product = MatMut::packed(product.get_mut(..m * k).unwrap_or_default(), m, k);
    let done = x.apply(b.as_ref(), product.rb(), scratch);
    shift_exponents(b, -before);
    shift_exponents(&mut product, after);
    done
}

/// Splits a multiplication by `2^-e` into one before a product and one after it, so that neither is out of range.
fn halves(e: i32) -> (i32, i32) {
    (-(e / 2), -(e - e / 2))
}

/// The shares of `e`: B keeps its own exponent as far as A's then stays well within the range.
fn shares<T: Real>(e: i32, own_b: i32) -> [i32; 2] {
    if e == 0 {
        return [0, 0];
    }
    let limit = T::MAX_EXPONENT / 4 * 3;
    let b = own_b.max(e - limit).min(e + limit);
    [e - b, b]
}

/// The exponent of the largest magnitude; 0 for a zero matrix.
fn exponent_of<T: Real>(x: MatRef<'_, T>) -> i32 {
    let largest = x.lines().map(max_abs).fold(T::ZERO, T::max);
    if largest == T::ZERO { 0 } else { largest.exponent() }
}

/// Multiplies by `2^e`.
fn shift_exponents<T: Real>(x: &mut MatMut<'_, T>, e: i32) {
    if e != 0 {
        for i in 0..x.rows() {
            for j in 0..x.cols() {
                let value = x.at(i, j).scale(e);
                x.put(i, j, value);
            }
        }
    }
}
