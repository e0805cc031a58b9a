//! Coordinate descent with exact least squares.
//!
//! F is the least-squares solution for its G, so that the loss is a function of G alone, and does not change when a row of
//! G is scaled. With `S = G G^T`, one iteration is
//!
//! ```text
//! M = G^T (S + t diag S)^-1      F = X M      P = X^T F      Q = F^T F
//! G^T <- sweeps of coordinate descent, given P and Q + t diag Q
//! ```
//!
//! and both steps lessen
//!
//! ```text
//! |X - F G|^2 + t sum_j |f_j|^2 |g_j|^2,      t = 8 k eps
//! ```
//!
//! The second term is rounding where the factors are of the size of X, and the loss alone may rise by as much. It is there
//! because the problem may have no solution: where two rows of G approach each other their terms can grow without end while
//! the loss falls. So no term exceeds `|X| / sqrt(t)`, the Cholesky factorization of S has every pivot, and the method stays
//! one of descent.
//!
//! If X has no more columns than rows, and few of them, `C = X^T X` is computed once: then `P = C M` and `Q = M^T C M`, and
//! an iteration costs `2 n^2 k` operations instead of `4 m n k`, with the same iterates.
//!
//! The sweeps share the products (Gillis & Glineur, Neural Computation 24(4), 2012), and G is extrapolated as in
//! [`nmf`](crate::nmf).

use crate::alternating::{Extrapolation, Pair, REST, Step, copy, extrapolate_and_keep, sweeps};
use crate::cholesky::cholesky;
use crate::columns::Columns;
use crate::error::Error;
use crate::kernel::{Descent, descend, descend_scratch_len, gemm, gemm_scratch_len};
use crate::operator::LinearOperator;
use crate::real::Real;
use crate::scratch::{max, min, split, sum, times};
use crate::triangular::invert_upper;
use crate::view::{MatMut, MatRef};

/// The side of the largest `X^T X` that is worth its memory, whatever the rank; beyond, it may have four times the rank.
const SIDE: usize = 1024;

/// The largest number of columns for which `X^T X` is formed.
pub(super) const fn side(rows: usize, cols: usize, k: usize) -> usize {
    min(min(rows, cols), max(SIDE, times(4, k)))
}

/// Elements of scratch for [`Hals`]; `operator` is what the operator needs for a Gram matrix of `side` columns.
pub(super) const fn hals_scratch_len(n: usize, k: usize, side: usize, operator: usize) -> usize {
    sum(layout(n, k, side, operator))
}

/// M; the iterate's G and M; C; R and its inverse; and what a descent, products and the operator need.
const fn layout(n: usize, k: usize, side: usize, operator: usize) -> [usize; 7] {
    let (tall, square) = (times(n, k), times(k, k));
    let products = max(gemm_scratch_len(n, k, max(k, side)), gemm_scratch_len(k, k, n));
    let scratch = max(max(descend_scratch_len(n, k), products), operator);
    [tall, tall, tall, times(side, side), square, square, scratch]
}

/// What the method keeps between iterations.
#[derive(Debug)]
pub(super) struct Hals<'a, T> {
    sweeps: usize,
    extrapolation: Extrapolation,
    /// M at the point of the iteration; the pair has its G.
    m: &'a mut [T],
    /// The iterate.
    kept_g: &'a mut [T],
    kept_m: &'a mut [T],
    last: Option<Step<T>>,
    /// C, if the iteration goes without X.
    gram: Option<Columns<'a, T>>,
    r: Columns<'a, T>,
    inverse: Columns<'a, T>,
    scratch: &'a mut [T],
}

impl<'a, T: Real> Hals<'a, T> {
    /// Begins at the pair's G.
    pub fn new<X: LinearOperator<T>>(
        pair: &Pair<'_, T, X>,
        max_sweeps: usize,
        extrapolate: bool,
        memory: &'a mut [T],
    ) -> Result<Self, Error> {
        let (x, k) = (pair.data.operator(), pair.rank());
        let (n, side) = (x.cols(), side(x.all_rows(), x.cols(), k));
        let [m, kept_g, kept_m, gram, r, inverse, scratch] = split(memory, layout(n, k, side, x.scratch_len(side)))?;
        copy(kept_g, pair.bt);
        let mut gram = Columns::new(gram, side, side);
        // Near an end of the number range the squares would be beyond it.
        let formed = n == side && pair.data.exponent == 0 && x.gram(gram.as_mut(), scratch)?;
        if formed {
            x.sum(gram.as_mut_slice())?;
        }
        let [_, entries] = pair.data.entries_for_each_line()?;
        let sweeps = sweeps(max_sweeps, if formed { n } else { entries }, k);
        Ok(Hals {
            sweeps,
            extrapolation: Extrapolation::new(extrapolate),
            m,
            kept_g,
            kept_m,
            last: None,
            gram: formed.then_some(gram),
            r: Columns::new(r, k, k),
            inverse: Columns::new(inverse, k, k),
            scratch,
        })
    }

    /// One iteration.
    pub fn update<X: LinearOperator<T>>(&mut self, pair: &mut Pair<'_, T, X>) -> Result<Step<T>, Error> {
        let k = pair.rank();
        let shift = T::from_usize(8 * k) * T::EPSILON;
        self.solve(pair, shift)?;
        self.project(pair)?;
        copy(self.r.as_mut_slice(), pair.gram_a.as_slice());
        for j in 0..k {
            self.r.put(j, j, pair.gram_a.at(j, j) * (T::ONE + shift));
        }
        let n = pair.bt.len() / k.max(1);
        let product = MatRef::packed(pair.product.get(..n * k).unwrap_or_default(), n, k);
        let (factor, gram, sweeps) = (MatMut::packed(pair.bt, n, k), &self.r, self.sweeps);
        let (l1, l2, rest) = (T::ZERO, T::ZERO, T::from_f64(REST));
        let descent = Descent { factor, product, gram, l1, l2, sweeps, rest };
        let gradient = descend(descent, pair.execution, self.scratch)?;
        pair.update_gram_b()?;

        let relative_loss = self.relative_loss(pair)?;
        let terms = pair.relative_terms();
        let objective = 0.5 * relative_loss * pair.data.square;
        let bounded = objective + 0.5 * shift.to_f64() * terms * pair.data.square;
        let mut step = Step { relative_loss, objective, gradient, terms, lifted: 0 };
        if self.extrapolation.accepts(bounded) {
            self.last = Some(step);
            copy(self.kept_m, self.m);
            extrapolate_and_keep(pair.bt, self.kept_g, self.extrapolation.weight());
        } else {
            copy(pair.bt, self.kept_g);
            step = self.last.map_or(step, |last| Step { gradient: step.gradient, ..last });
        }
        if self.extrapolation.is_enabled() {
            pair.update_gram_b()?;
        }
        Ok(step)
    }

    /// Gives the iterate to the pair.
    pub fn finish<X: LinearOperator<T>>(&mut self, pair: &mut Pair<'_, T, X>) -> Result<(), Error> {
        copy(pair.bt, self.kept_g);
        let k = pair.rank();
        if self.last.is_some() { pair.data.multiply(self.kept_m, k, pair.a) } else { Ok(()) }
    }

    /// `M = G^T (S + t diag S)^-1` from the Cholesky factorization; two products with the inverse of R, which has only the
    /// root of the condition of S.
    fn solve<X: LinearOperator<T>>(&mut self, pair: &mut Pair<'_, T, X>, shift: T) -> Result<(), Error> {
        let Hals { m, r, inverse, scratch, .. } = self;
        let (k, execution) = (pair.rank(), pair.execution);
        copy(r.as_mut_slice(), pair.gram_b.as_slice());
        cholesky(execution.isa(), r, shift);
        invert_upper(r, inverse);
        let n = pair.bt.len() / k.max(1);
        let between = pair.product.get_mut(..n * k).unwrap_or_default();
        let gt = MatRef::packed(pair.bt, n, k);
        gemm(T::ONE, gt, inverse.as_ref(), T::ZERO, MatMut::packed(between, n, k), execution, scratch)?;
        let m = MatMut::packed(m, n, k);
        gemm(T::ONE, MatRef::packed(between, n, k), inverse.as_ref().t(), T::ZERO, m, execution, scratch)
    }

    /// `P`, in the pair's product, and `Q`, in its Gram matrix of the left factor.
    fn project<X: LinearOperator<T>>(&mut self, pair: &mut Pair<'_, T, X>) -> Result<(), Error> {
        let (k, execution) = (pair.rank(), pair.execution);
        let Some(gram) = &self.gram else {
            pair.data.multiply(self.m, k, pair.a)?;
            pair.update_gram_a()?;
            return pair.multiply_a();
        };
        let n = gram.cols();
        let product = pair.product.get_mut(..n * k).unwrap_or_default();
        let m = MatRef::packed(self.m, n, k);
        gemm(T::ONE, gram.as_ref(), m, T::ZERO, MatMut::packed(product, n, k), execution, self.scratch)?;
        let product = MatRef::packed(product, n, k);
        gemm(T::ONE, m.t(), product, T::ZERO, pair.gram_a.as_mut(), execution, self.scratch)
    }

    /// The loss of F and the new G.
    fn relative_loss<X: LinearOperator<T>>(&mut self, pair: &mut Pair<'_, T, X>) -> Result<f64, Error> {
        let Pair { data, a, bt, product, gram_a, gram_b, execution, .. } = pair;
        match data.relative_loss(bt, product, gram_a, gram_b, execution.isa()) {
            (loss, true) => Ok(loss),
            (loss, false) => {
                let k = gram_a.cols();
                if self.gram.is_some() {
                    data.multiply(self.m, k, a)?;
                }
                Ok(data.residual(a, bt, k)?.unwrap_or(loss))
            }
        }
    }
}
