//! Orthonormalization of a tall block from its Gram matrix: Y = Q R.
//!
//! A round of Cholesky QR computes `G = Y^T Y = R^T R` and `Q = Y R^-1`: two products at full speed, and rows of Y may
//! live on several machines, as only the small G is summed over them. Its weakness is that `cond(G) = cond(Y)^2`. The
//! cure here: columns are scaled to unit norm first, and a column whose pivot shows that little of it is left beside the
//! earlier columns is only *projected* in this round, which loses nothing, and normalized in a later one. A column of
//! which nothing but rounding is left is replaced by a random one, with a zero row in R, so that `Y = Q R` still holds
//! and Q always has orthonormal columns, whatever the rank of Y. Rounds end when every pivot was large.
//!
//! The two-round scheme is analysed by Yamamoto, Nakatsukasa, Yanagisawa & Fukaya (ETNA 44, 2015); the deferral takes the
//! place of their shift.

use crate::columns::{Columns, Total};
use crate::error::Error;
use crate::kernel::{Execution, axpy, dot, gemm, gemm_scratch_len, gram, gram_scratch_len, scale};
use crate::random::Uniform;
use crate::real::Real;
use crate::scratch::{max, split, sum, times};
use crate::triangular::multiply_upper;
use crate::view::MatMut;

/// Rows of Y that are multiplied at a time.
const PANEL: usize = 256;
/// A column is normalized in the round in which this part of its squared norm is left beside the earlier ones.
const KEEP: f64 = 1e-3;
/// Rounds end when every squared pivot was at least this: Q is then orthonormal to a few eps.
const SETTLED: f64 = 0.5;
/// Two or three rounds are common; random replacements can take two more.
const MAX_ROUNDS: usize = 10;

/// Elements of scratch for the rounds on a block of `p` columns, whatever its length `m`.
pub(crate) const fn scratch_len(m: usize, p: usize) -> usize {
    sum(layout(m, p))
}

/// The inverse of R, norms, marks, a column, a panel of Y, and what products need.
const fn layout(m: usize, p: usize) -> [usize; 6] {
    [times(p, p), p, p, p, times(PANEL, p), max(gemm_scratch_len(PANEL, p, p), gram_scratch_len(m, p))]
}

/// What a round leaves to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Settled,
    Again,
}

/// The rounds on one block.
#[derive(Clone, Debug)]
pub(crate) struct Rounds {
    done: usize,
    least: f64,
    uniform: Uniform,
}

impl Rounds {
    /// Before the first round. A column of which no more than the part `least` is left beside the earlier ones is replaced;
    /// `seed` is for that.
    pub fn new(least: f64, seed: u64) -> Self {
        Rounds { done: 0, least, uniform: Uniform::new(seed) }
    }

    /// One round: from `g = Y^T Y`, summed over all machines, improves `y` and multiplies `r` from the left, so that the
    /// product `Y R` stays what it was; R is the identity before the first. G is overwritten.
    pub fn round<T: Real>(
        &mut self,
        mut y: MatMut<'_, T>,
        g: &mut Columns<'_, T>,
        r: &mut Columns<'_, T>,
        execution: Execution,
        scratch: &mut [T],
    ) -> Result<Verdict, Error> {
        let p = y.cols();
        let [inverse, norms, dead, column, panel, products] = split(scratch, layout(y.rows(), p))?;
        let mut inverse = Columns::new(inverse, p, p);
        if self.done == 0 {
            for j in 0..p {
                r.col_mut(j).fill(T::ZERO);
                r.put(j, j, T::ONE);
            }
        }
        let replaced = |j: usize| r.at(j, j) == T::ZERO;

        // After the first round every column has had unit norm, so what is left of it can be told from rounding.
        let lost = (T::MIN_POSITIVE / T::EPSILON).sqrt();
        let nothing = if self.done == 0 { lost } else { T::from_f64(self.least) };
        let smallest = factor(g, replaced, norms, dead, column, nothing);
        invert(g, replaced, &mut inverse);
        multiply_upper(g, r);
        for start in (0..y.as_ref().filled_rows()).step_by(PANEL) {
            let mut rows = y.rb().submatrix(start, 0, PANEL, p);
            let panel = panel.get_mut(..rows.rows() * p).unwrap_or_default();
            let mut copy = MatMut::packed(panel, rows.rows(), p);
            copy.copy_from(rows.as_ref());
            gemm(T::ONE, copy.as_ref(), inverse.as_ref(), T::ZERO, rows.rb(), execution, products)?;
        }
        let mut again = false;
        for j in 0..p {
            if dead.at(j) != T::ZERO {
                again = true;
                (j..p).for_each(|l| r.put(j, l, T::ZERO));
                (0..y.rows()).for_each(|i| y.put(i, j, self.uniform.symmetric()));
            }
        }
        self.done += 1;
        let settled = !again && smallest >= T::from_f64(SETTLED);
        Ok(if settled || self.done >= MAX_ROUNDS { Verdict::Settled } else { Verdict::Again })
    }
}

/// The least part of a column that is not rounding.
pub(crate) fn rounding<T: Real>() -> f64 {
    8.0 * T::EPSILON.to_f64()
}

/// All rounds on a block that lives on one machine: `y` becomes Q, `r` becomes R. `g` is `p x p`.
pub(crate) fn orthonormalize<T: Real>(
    mut rounds: Rounds,
    mut y: MatMut<'_, T>,
    g: &mut Columns<'_, T>,
    r: &mut Columns<'_, T>,
    execution: Execution,
    scratch: &mut [T],
) -> Result<(), Error> {
    loop {
        gram(y.as_ref(), g.as_mut(), execution, scratch)?;
        if rounds.round(y.rb(), g, r, execution, scratch)? == Verdict::Settled {
            return Ok(());
        }
    }
}

/// The columns in the order in which they are orthogonalized: those of Y, then those that replace missing ones, which must
/// not take a direction from the others.
fn in_order(p: usize, replaced: impl Fn(usize) -> bool + Copy) -> impl DoubleEndedIterator<Item = usize> {
    (0..p).filter(move |j| !replaced(*j)).chain((0..p).filter(move |j| replaced(*j)))
}

/// Overwrites G with the round's R, upper triangular in that order, and returns the smallest squared pivot relative to its
/// column.
///
/// `norms` returns the norms of the columns of Y; `dead` returns 1 for a column of which no more than `nothing` is left
/// beside the earlier ones. `column` has room for one.
fn factor<T: Real>(
    g: &mut Columns<'_, T>,
    replaced: impl Fn(usize) -> bool + Copy,
    norms: &mut [T],
    dead: &mut [T],
    column: &mut [T],
    nothing: T,
) -> T {
    let p = g.cols();
    for j in 0..p {
        let size = g.at(j, j).sqrt();
        let alive = size > nothing;
        norms.put(j, if alive { size } else { T::ONE });
        dead.put(j, if alive { T::ZERO } else { T::ONE });
    }
    let keep = T::from_f64(KEEP);
    let mut smallest = T::ONE;
    for j in in_order(p, replaced) {
        let mut alive = dead.at(j) == T::ZERO;
        column.iter_mut().zip(g.col(j)).for_each(|(saved, entry)| *saved = *entry);
        g.col_mut(j).fill(T::ZERO);
        // Column j of R for columns of unit norm. A column that was not normalized takes no part: its row stays zero.
        for i in in_order(p, replaced).take_while(|i| *i != j) {
            let diagonal = g.at(i, i);
            if alive && diagonal != T::ZERO {
                let earlier = dot(g.col(i), g.col(j));
                g.put(i, j, (column.at(i) / norms.at(i) / norms.at(j) - earlier) / diagonal);
            }
        }
        let pivot = T::ONE - dot(g.col(j), g.col(j));
        // What the pivot says of less than this is rounding.
        let left = norms.at(j) * pivot.max(T::EPSILON * T::from_f64(16.0)).sqrt();
        if alive && left <= nothing {
            alive = false;
            dead.put(j, T::ONE);
        }
        if alive {
            smallest = pivot.min(smallest);
        }
        // A zero marks the column for the loop above; it becomes one below.
        g.put(j, j, if alive && pivot >= keep { pivot.sqrt() } else { T::ZERO });
    }
    for j in 0..p {
        if g.at(j, j) == T::ZERO {
            g.put(j, j, T::ONE);
        }
        scale(norms.at(j), g.col_mut(j));
    }
    smallest
}

/// The inverse of the round's R, by back-substitution against the order.
fn invert<T: Real>(r: &Columns<'_, T>, replaced: impl Fn(usize) -> bool + Copy, inverse: &mut Columns<'_, T>) {
    for j in 0..r.cols() {
        inverse.col_mut(j).fill(T::ZERO);
        inverse.put(j, j, T::ONE);
        for l in in_order(r.cols(), replaced).rev() {
            let x = inverse.at(l, j) / r.at(l, l);
            if x != T::ZERO {
                axpy(-x, r.col(l), inverse.col_mut(j));
                inverse.put(l, j, x);
            }
        }
    }
}
