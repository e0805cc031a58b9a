//! The multiplicative rule of Ding et al.
//!
//! F is computed as `(X Q) R^-T` from `G^T = Q R`, since `G G^T` has the square of the condition of G, which the iteration
//! itself can make large. A row of G that is a combination of those before it, but for a part `sqrt(eps)`, gets a zero
//! column in F: with more, F would be so large that rounding in G outweighs what the row adds.

use crate::alternating::{Pair, Rule, Step, Updated, copy, rows_scratch_len, update_rows};
use crate::columns::Columns;
use crate::error::Error;
use crate::kernel::{Curvature, gemm, gemm_scratch_len};
use crate::operator::LinearOperator;
use crate::orthonormalize::{self, Rounds, orthonormalize};
use crate::real::Real;
use crate::scratch::{max, split, sum, times};
use crate::triangular::invert_upper;
use crate::view::{MatMut, MatRef};

/// Elements of scratch for [`Ding`].
pub(super) const fn ding_scratch_len(m: usize, n: usize, k: usize) -> usize {
    sum(layout(m, n, k))
}

/// Q, two small matrices, and what orthonormalization and products need.
const fn layout(m: usize, n: usize, k: usize) -> [usize; 4] {
    let products = max(rows_scratch_len(k, 2), gemm_scratch_len(m, k, k));
    [times(n, k), times(k, k), times(k, k), max(orthonormalize::scratch_len(n, k), products)]
}

/// What the method keeps between iterations.
#[derive(Debug)]
pub(super) struct Ding<'a, T> {
    q: &'a mut [T],
    small: [Columns<'a, T>; 2],
    scratch: &'a mut [T],
}

impl<'a, T: Real> Ding<'a, T> {
    pub fn new(m: usize, n: usize, k: usize, memory: &'a mut [T]) -> Result<Self, Error> {
        let [q, first, second, scratch] = split(memory, layout(m, n, k))?;
        Ok(Ding { q, small: [first, second].map(|memory| Columns::new(memory, k, k)), scratch })
    }

    /// One update of F, then of G.
    pub fn update<X: LinearOperator<T>>(&mut self, pair: &mut Pair<'_, T, X>) -> Result<Step<T>, Error> {
        let Ding { q, small, scratch } = self;
        solve_left(pair, q, small, scratch)?;
        let Updated { gradient, lifted } = update_right(pair, small, scratch)?;
        let relative_loss = pair.relative_loss()?;
        let (objective, terms) = (0.5 * relative_loss * pair.data.square, pair.relative_terms());
        Ok(Step { relative_loss, objective, gradient, terms, lifted })
    }
}

/// F as the least-squares solution for G.
fn solve_left<T: Real, X: LinearOperator<T>>(
    pair: &mut Pair<'_, T, X>,
    q: &mut [T],
    [r, inverse]: &mut [Columns<'_, T>; 2],
    scratch: &mut [T],
) -> Result<(), Error> {
    let k = pair.rank();
    let (m, n) = (pair.a.len() / k.max(1), pair.bt.len() / k.max(1));
    copy(q, pair.bt);
    // Directions that replace missing ones have no part in R; any seed serves.
    let rounds = Rounds::new(Real::sqrt(T::EPSILON.to_f64()), 0);
    orthonormalize(rounds, MatMut::packed(q, n, k), &mut pair.gram_b, r, pair.execution, scratch)?;
    invert_upper(r, inverse);
    pair.data.multiply(q, k, pair.product)?;
    let product = MatRef::packed(pair.product.get(..m * k).unwrap_or_default(), m, k);
    let a = MatMut::packed(pair.a, m, k);
    gemm(T::ONE, product, inverse.as_ref().t(), T::ZERO, a, pair.execution, scratch)
}

/// The multiplicative rule for G.
fn update_right<T: Real, X: LinearOperator<T>>(
    pair: &mut Pair<'_, T, X>,
    [positive, negative]: &mut [Columns<'_, T>; 2],
    scratch: &mut [T],
) -> Result<Updated<T>, Error> {
    pair.update_gram_a()?;
    pair.multiply_a()?;
    parts(&pair.gram_a, positive, negative);
    let k = pair.rank();
    let largest = (0..k).fold(T::ZERO, |largest, j| largest.max(pair.gram_a.at(j, j)));
    let grams = [positive.as_ref(), negative.as_ref()];
    let (curvature, isa) = (Curvature::Known(largest), pair.execution.isa());
    let update = |g: &mut [T], product: &[T], [below, above]: [&mut [T]; 2]| {
        for (p, (below, above)) in product.iter().zip(below.iter_mut().zip(above.iter_mut())) {
            *above += p.max(T::ZERO);
            *below += (-*p).max(T::ZERO);
        }
        let root = |above: T, below: T, _| (above / below).sqrt();
        Rule { above, below, weights: [T::ZERO; 2], curvature, factor: Some(&root) }.apply(g, isa)
    };
    let updated = update_rows(pair.bt, k, pair.product, grams, pair.execution, scratch, update)?;
    pair.update_gram_b()?;
    Ok(updated)
}

/// `M = M+ - M-`
fn parts<T: Real>(m: &Columns<'_, T>, positive: &mut Columns<'_, T>, negative: &mut Columns<'_, T>) {
    for j in 0..m.cols() {
        let parts = positive.col_mut(j).iter_mut().zip(negative.col_mut(j));
        for (m, (positive, negative)) in m.col(j).iter().zip(parts) {
            *positive = (*m).max(T::ZERO);
            *negative = (-*m).max(T::ZERO);
        }
    }
}
