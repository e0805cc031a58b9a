//! The two factors of an alternating method, and the memory that every such method needs.
//!
//! The factors are worked with as packed copies `2^-a A` and `2^-b B^T` with `a + b = e`, so that they and `2^-e X` are of
//! order one: `a` and `b` are 0 unless one of the three is near an end of the number range, or B is to stay as it is, or X
//! is always brought to order one. The caller's matrices, which may have any strides, receive them at the end.
//!
//! Where rows of X and A live on several machines all decide alike: from what every machine knows, or from sums.

use super::Data;
use crate::check;
use crate::columns::{Columns, Total};
use crate::error::{Error, Operand};
use crate::kernel::{Execution, gram, gram_scratch_len, max_abs};
use crate::operator::{Dense, LinearOperator};
use crate::range;
use crate::real::Real;
use crate::scratch::{max, split, sum, times};
use crate::view::{MatMut, MatRef};

/// Which factors are starts, and which entries may be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signs {
    /// X, A and B are non-negative, and both factors are starts.
    Nonnegative,
    /// X, A and B are non-negative; what A holds does not matter.
    NonnegativeButLeft,
    /// B alone is non-negative; what A holds does not matter.
    RightNonnegative,
}

/// Which X is brought to order one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scaling {
    /// One near an end of the number range.
    Extreme,
    /// Every X.
    Always,
}

/// The caller's B.
#[derive(Debug)]
pub(crate) enum Right<'a, T> {
    /// To be improved.
    Start(MatMut<'a, T>),
    /// To stay as it is.
    Fixed(MatRef<'a, T>),
}

/// X, its factors, and the memory that an iteration needs.
#[derive(Debug)]
pub(crate) struct Pair<'a, T, X> {
    pub data: Data<'a, T, X>,
    /// The caller's A, `m x k`.
    left: MatMut<'a, T>,
    /// The caller's B, `k x n`, unless it stays.
    right: Option<MatMut<'a, T>>,
    /// The exponents `a` and `b`.
    shares: [i32; 2],
    /// `2^-a A`, row after row.
    pub a: &'a mut [T],
    /// `2^-b B^T`, row after row.
    pub bt: &'a mut [T],
    /// The product of X with a factor, `m x k` or `n x k`.
    pub product: &'a mut [T],
    /// `A^T A`
    pub gram_a: Columns<'a, T>,
    /// `B B^T`
    pub gram_b: Columns<'a, T>,
    pub execution: Execution,
    products: &'a mut [T],
}

/// Elements of memory for [`Pair::new`].
pub(crate) fn pair_len<T: Real, X: LinearOperator<T>>(x: &X, k: usize) -> usize {
    sum(layout(x.rows(), x.cols(), k, x.scratch_len(k)))
}

/// The same for a dense `m x n` matrix.
pub(crate) const fn dense_pair_len<T: Real>(m: usize, n: usize, k: usize) -> usize {
    sum(layout(m, n, k, Dense::<T>::scratch_len_for(m, n, k)))
}

/// The factors, the product, two Gram matrices, and what products and the operator need.
const fn layout(m: usize, n: usize, k: usize, operator: usize) -> [usize; 7] {
    let (square, long) = (times(k, k), max(m, n));
    [times(m, k), times(n, k), times(long, k), square, square, gram_scratch_len(long, k), operator]
}

impl<'a, T: Real, X: LinearOperator<T>> Pair<'a, T, X> {
    /// Checks X and the factors.
    pub fn new(
        x: &'a X,
        left: MatMut<'a, T>,
        right: Right<'a, T>,
        signs: Signs,
        scaling: Scaling,
        execution: Execution,
        memory: &'a mut [T],
    ) -> Result<Self, Error> {
        let (m, n, k) = (x.rows(), x.cols(), left.cols());
        let b = match &right {
            Right::Start(b) => b.as_ref(),
            Right::Fixed(b) => *b,
        };
        if k == 0 {
            return Err(Error::Rank { max: usize::MAX, given: 0 });
        }
        if left.rows() != m {
            return Err(Error::Shape { operand: Operand::Left, expected: (m, k), given: left.shape() });
        }
        if b.shape() != (k, n) {
            return Err(Error::Shape { operand: Operand::Right, expected: (k, n), given: b.shape() });
        }
        let pieces = split(memory, layout(m, n, k, x.scratch_len(k)))?;
        let [a, bt, product, gram_a, gram_b, products, operator] = pieces;
        let both = signs == Signs::Nonnegative;
        // Of two faults in the arguments the one in X is named.
        let mut data = Data::new(x, signs != Signs::RightNonnegative, operator)?;
        let own_b = exponent_of(check::nonnegative(b, Operand::Right)?);
        if both {
            check::nonnegative(left.as_ref(), Operand::Left)?;
            MatMut::packed(a, m, k).copy_from(left.as_ref());
        } else {
            a.fill(T::ZERO);
        }
        MatMut::packed(bt, n, k).copy_from(b.t());
        if scaling == Scaling::Always {
            data.bring_to_one();
        }
        let exponent = data.exponent;
        let (own_a, term) = if both {
            // The Gram matrices are computed later.
            let [columns, rows] = [&mut *gram_a, &mut *gram_b].map(|room| room.get_mut(..k).unwrap_or_default());
            exponents(a, bt, [columns, rows], |sum| x.sum(sum))?
        } else {
            (exponent - own_b, None)
        };
        let ordinary =
            scaling == Scaling::Extreme && exponent == 0 && is_ordinary::<T>(own_a) && is_ordinary::<T>(own_b);
        let shares = match (&right, ordinary) {
            (Right::Start(_), true) => [0, 0],
            (Right::Start(_), false) => shares::<T>(exponent, own_b),
            (Right::Fixed(_), _) => [exponent - own_b, own_b],
        };
        // A start far from the scale of X is brought to it; any other is taken as it is. Where A is no start, B may have any
        // scale.
        let far = !both || term.is_some_and(|term| term.abs_diff(exponent) > T::SIGNIFICAND_BITS);
        let entry = if far && !ordinary { [own_a, own_b] } else { shares };
        range::multiply(MatMut::packed(a, m * k, 1), -entry[0]);
        range::multiply(MatMut::packed(bt, n * k, 1), -entry[1]);
        let right = match right {
            Right::Start(b) => Some(b),
            Right::Fixed(_) => None,
        };
        let [gram_a, gram_b] = [gram_a, gram_b].map(|memory| Columns::new(memory, k, k));
        let mut pair = Pair { data, left, right, shares, a, bt, product, gram_a, gram_b, execution, products };
        pair.update_gram_b()?;
        Ok(pair)
    }

    /// The number of columns of A.
    pub fn rank(&self) -> usize {
        self.gram_a.cols()
    }

    /// `gram_a = A^T A`
    pub fn update_gram_a(&mut self) -> Result<(), Error> {
        let a = MatRef::packed(self.a, self.left.rows(), self.rank());
        gram(a, self.gram_a.as_mut(), self.execution, self.products)?;
        self.data.operator().sum(self.gram_a.as_mut_slice())
    }

    /// `gram_b = B B^T`
    pub fn update_gram_b(&mut self) -> Result<(), Error> {
        let bt = MatRef::packed(self.bt, self.bt.len() / self.rank().max(1), self.rank());
        gram(bt, self.gram_b.as_mut(), self.execution, self.products)
    }

    /// `product = X B^T`, `m x k`.
    pub fn multiply_b(&mut self) -> Result<(), Error> {
        let k = self.rank();
        self.data.multiply(self.bt, k, self.product)
    }

    /// `product = X^T A`, `n x k`.
    pub fn multiply_a(&mut self) -> Result<(), Error> {
        let k = self.rank();
        self.data.multiply_transpose(self.a, k, self.product)
    }

    /// `|X - A B|^2 / |X|^2`, given both Gram matrices and `product = X^T A`.
    pub fn relative_loss(&mut self) -> Result<f64, Error> {
        let Pair { data, a, bt, product, gram_a, gram_b, execution, .. } = self;
        match data.relative_loss(bt, product, gram_a, gram_b, execution.isa()) {
            (loss, true) => Ok(loss),
            (loss, false) => Ok(data.residual(a, bt, gram_a.cols())?.unwrap_or(loss)),
        }
    }

    /// `sum_j |a_j|^2 |b_j|^2 / |X|^2`, given both Gram matrices; 0 for a zero X.
    pub fn relative_terms(&self) -> f64 {
        let term = |j: usize| self.gram_a.at(j, j).to_f64() * self.gram_b.at(j, j).to_f64();
        let sum: f64 = (0..self.rank()).map(term).sum();
        if self.data.square == 0.0 { 0.0 } else { sum / self.data.square }
    }

    /// The exponent of a factor, 0 for A and 1 for B: the caller's is `2^share` times that of the pair.
    pub fn share(&self, side: usize) -> i32 {
        self.shares.at(side)
    }

    /// The weights for a factor, 0 for A and 1 for B: see [`scaled_weights`].
    pub fn scaled_weights(&self, weights: [f64; 2], side: usize) -> [T; 2] {
        scaled_weights(weights, [self.shares.at(side), self.data.exponent])
    }

    /// Gives the factors to the caller; a B that stays is the caller's already.
    pub fn publish(&mut self) -> Result<(), Error> {
        let (m, k) = self.left.shape();
        let n = self.bt.len() / k.max(1);
        let (a, bt) = (MatRef::packed(self.a, m, k), MatRef::packed(self.bt, n, k));
        let Some(right) = &mut self.right else {
            return write_scaled(a, self.shares[0], self.left.rb());
        };
        if self.shares != [0, 0] {
            // What A has grown beyond the range, B takes over.
            let x = self.data.operator();
            let own = exponent_on_all_machines(largest(a), |sum| x.sum(sum))?;
            let over = (own + self.shares[0] - (T::MAX_EXPONENT - 1)).max(0);
            self.shares = [self.shares[0] - over, self.shares[1] + over];
        }
        copy_scaled(a, self.shares[0], self.left.rb());
        copy_scaled(bt.t(), self.shares[1], right.rb());
        Ok(())
    }

    /// The sum of the penalties on both factors: for each a weight of the sum, and one of half the squares.
    pub fn penalties(&self, weights: [[T; 2]; 2]) -> Result<f64, Error> {
        let mut total = 0.0;
        for ([l1, l2], factor, by_rows) in [(weights[0], &*self.a, true), (weights[1], &*self.bt, false)] {
            if l1 > T::ZERO || l2 > T::ZERO {
                let [sum, squares] = self.data.sums(factor, by_rows)?;
                total += l1.to_f64() * sum + 0.5 * l2.to_f64() * squares;
            }
        }
        Ok(total)
    }
}

/// The shares of `e`: B keeps its own exponent as far as A's then stays well within the range.
fn shares<T: Real>(e: i32, own_b: i32) -> [i32; 2] {
    let limit = T::MAX_EXPONENT / 4 * 3;
    let b = own_b.max(e - limit).min(e + limit);
    [e - b, b]
}

/// The weights of the sum and of half the squares of the caller's factor, for the factor divided by `2^share` and X by
/// `2^exponent`. A weight beyond the range acts as the largest number.
pub(super) fn scaled_weights<T: Real>([l1, l2]: [f64; 2], [share, exponent]: [i32; 2]) -> [T; 2] {
    let scaled = [l1.scale(share - 2 * exponent), l2.scale(2 * share - 2 * exponent)];
    scaled.map(|weight| T::from_f64(weight).min(T::MAX))
}

/// The largest magnitude.
fn largest<T: Real>(x: MatRef<'_, T>) -> T {
    x.lines().map(max_abs).fold(T::ZERO, T::max)
}

/// The exponent of a magnitude; 0 for zero.
fn exponent_of<T: Real>(x: T) -> i32 {
    if x == T::ZERO { 0 } else { x.exponent() }
}

/// The exponents of A, and of the largest product of a column's largest entry and that of its row of B, if any is not zero;
/// on all machines as [`exponent_on_all_machines`] has it. `columns` and `rows` are room for a number for each column.
fn exponents<T: Real>(
    a: &[T],
    bt: &[T],
    [columns, rows]: [&mut [T]; 2],
    all: impl Fn(&mut [T]) -> Result<(), Error>,
) -> Result<(i32, Option<i32>), Error> {
    let k = columns.len();
    for (factor, maxima) in [(a, &mut *columns), (bt, &mut *rows)] {
        maxima.fill(T::ZERO);
        for row in factor.chunks(k.max(1)) {
            maxima.iter_mut().zip(row).for_each(|(largest, x)| *largest = x.max(*largest));
        }
    }
    columns.iter_mut().for_each(|largest| *largest = root_of_power(*largest));
    all(columns)?;
    let exponent = |root: T| 2 * exponent_of(root);
    let own = columns.iter().filter(|root| **root > T::ZERO).map(|root| exponent(*root)).max();
    let terms = columns.iter().zip(&*rows).filter(|(root, row)| **root > T::ZERO && **row > T::ZERO);
    Ok((own.unwrap_or(0), terms.map(|(root, row)| exponent(*root) + row.exponent()).max()))
}

/// The root of the power of two of a magnitude or, of an odd one, of the next; zero of zero. Sums of roots stay in range.
fn root_of_power<T: Real>(x: T) -> T {
    if x == T::ZERO { x } else { T::pow2((x.exponent() + 1) >> 1) }
}

/// Whether a matrix with this exponent can be worked with as it is: products of a few entries, and sums of them, stay in
/// range.
pub(super) fn is_ordinary<T: Real>(exponent: i32) -> bool {
    exponent.abs() <= T::MAX_EXPONENT / 8
}

/// The exponent of the largest magnitude of a factor on all machines, or a little more: each knows its own rows, and a sum,
/// which `all` makes, must tell.
pub(super) fn exponent_on_all_machines<T: Real>(
    own: T,
    all: impl Fn(&mut [T]) -> Result<(), Error>,
) -> Result<i32, Error> {
    let mut sum = [root_of_power(own)];
    all(&mut sum)?;
    let [sum] = sum;
    Ok(2 * exponent_of(sum))
}

/// Copies `2^exponent A`, which must be in range.
pub(super) fn write_scaled<T: Real>(from: MatRef<'_, T>, exponent: i32, to: MatMut<'_, T>) -> Result<(), Error> {
    let exponent_there = exponent_of(largest(from)) + exponent;
    if exponent_there > T::MAX_EXPONENT {
        return Err(Error::Overflow { exponent: exponent_there });
    }
    copy_scaled(from, exponent, to);
    Ok(())
}

/// Copies `2^exponent A`.
pub(super) fn copy_scaled<T: Real>(from: MatRef<'_, T>, exponent: i32, mut to: MatMut<'_, T>) {
    to.copy_from(from);
    range::multiply(to, exponent);
}
