//! Jacobi on the columns of `X = R^T`, the rotations accumulated: `R^T W = X`, `A = (Q W) diag(s) (P Y)^T`.
//!
//! Column `j` is kept as `2^e_j` times a column of norm about one, with an integer `e_j`. An inner product of two such
//! columns neither over- nor underflows in the terms that matter, whatever the grading. With `r` the ratio of the true
//! norms of columns q and p, `cos` the cosine between them, the rotation that makes them orthogonal has the tangent
//!
//! ```text
//! t = sign(zeta) / (|zeta| + sqrt(1 + zeta^2)),    zeta = (1/r - r) / (2 cos)
//! p += s q - d p,  q -= s p + d q,                 c = 1 / sqrt(1 + t^2),  s = t c,  d = s^2 / (1 + c)
//! |p|^2 <- |p|^2 (1 + t r cos),   |q|^2 <- |q|^2 (1 - t cos / r)
//! ```
//!
//! As `d = 1 - c` keeps its digits, the rotation is orthogonal to within the rounding of its results. With c, which
//! rounds to one for most of the last rotations, both columns would grow each time.
//!
//! The larger column grows, so the order settles. Each step of a sweep first brings the longest remaining column to the
//! front (de Rijk, SISC 10, 1989). Pairs with a cosine below `eps sqrt(k)` are orthogonal; sweeps end when quadratic
//! convergence promises that all are.

use super::triangle::Triangle;
use super::{Outputs, finished, write_values};
use crate::columns::{Columns, Total};
use crate::error::Error;
use crate::kernel::{Found, Isa};
use crate::qr::apply_q;
use crate::real::Real;
use crate::svd::{Info, Options, complete};

/// Memory for [`decompose`] of an `l x k` matrix: twice `k^2`, `l`, then `k` numbers each.
pub(super) struct Memory<'a, T> {
    pub x: &'a mut [T],
    pub w: &'a mut [T],
    pub buffer: &'a mut [T],
    pub norms: &'a mut [T],
    pub exponents: &'a mut [T],
    pub values: &'a mut [T],
}

/// Values and vectors from the pivoted QR factorization of a tall matrix.
pub(super) fn decompose<T: Real>(
    triangle: &Triangle<'_, T>,
    outputs: &mut Outputs<'_, T>,
    options: &Options,
    memory: Memory<'_, T>,
) -> Result<Info, Error> {
    let Triangle { isa, exponent, qr, rank, .. } = triangle;
    let (isa, k, rank) = (*isa, qr.cols(), *rank);
    let Memory { x, w, buffer, norms, exponents, values } = memory;
    let Outputs { s, left, right } = outputs;
    let mut x = Columns::zeroed(x.get_mut(..k * rank).unwrap_or_default(), k, rank);
    let mut w = Columns::zeroed(w.get_mut(..rank * rank).unwrap_or_default(), rank, rank);
    for j in 0..rank {
        w.put(j, j, T::ONE);
        for i in j..k {
            x.put(i, j, qr.at(j, i));
        }
        exponents.put(j, T::ZERO);
    }
    let w = left.is_some().then_some(w);
    let mut state = State { isa, tolerance: T::EPSILON * T::from_usize(k).sqrt(), x, w, norms, exponents };
    let (sweeps, converged) = state.orthogonalize(options.max_sweeps);
    state.sort();
    let State { mut x, w, norms, exponents, .. } = state;

    values.fill(T::ZERO);
    for (j, value) in values.iter_mut().enumerate().take(rank) {
        *value = norms.at(j).scale(exponents.at(j).to_i32());
    }
    // A column may also have cancelled to nothing.
    let directions = norms.iter().take(rank).take_while(|norm| **norm > T::ZERO).count();
    write_values(values, options.given_back(*exponent), options.threshold, s)?;

    if let Some(left) = left {
        for j in 0..left.cols() {
            buffer.fill(T::ZERO);
            match w.as_ref().filter(|_| j < rank) {
                Some(w) => buffer.iter_mut().zip(w.col(j)).for_each(|(b, w)| *b = *w),
                None => buffer.put(j, T::ONE),
            }
            apply_q(isa, qr, triangle.tau, buffer);
            triangle.put_left(buffer, left, j);
        }
    }
    if let Some(right) = right {
        for j in 0..directions {
            isa.scale(T::ONE / norms.at(j), x.col_mut(j));
            triangle.put_right(x.col(j), right, j);
        }
        if directions < k {
            let tau = exponents.get_mut(..directions).unwrap_or_default();
            complete(isa, &mut x, k, tau, buffer, |j, column| triangle.put_right(column, right, j));
        }
    }
    Ok(Info::new(converged, sweeps, s, *exponent))
}

/// The columns in work: `X = Y 2^e`, the rotations W if they are collected, and the norms of the columns of Y.
struct State<'a, T> {
    isa: Isa,
    tolerance: T,
    x: Columns<'a, T>,
    w: Option<Columns<'a, T>>,
    norms: &'a mut [T],
    exponents: &'a mut [T],
}

impl<T: Real> State<'_, T> {
    /// Sweeps until the columns are orthogonal. Returns the number of sweeps, and whether the tolerance was met.
    fn orthogonalize(&mut self, max_sweeps: usize) -> (usize, bool) {
        let n = self.x.cols();
        for sweep in 0..max_sweeps {
            (0..n).for_each(|j| self.rescale(j));
            let mut found = Found::NOTHING;
            for p in 0..n {
                self.bring_longest(p);
                for q in p + 1..n {
                    found = found.and(self.rotate_pair(p, q));
                }
            }
            if finished(n, found) {
                return (sweep + 1, true);
            }
        }
        (max_sweeps, n < 2)
    }

    /// Makes columns `p` and `q` orthogonal unless they are.
    fn rotate_pair(&mut self, p: usize, q: usize) -> Found<T> {
        let (norm_p, norm_q) = (self.norms.at(p), self.norms.at(q));
        if norm_p == T::ZERO || norm_q == T::ZERO {
            return Found::NOTHING;
        }
        let (xp, xq) = self.x.pair_mut(p, q);
        let cosine = self.isa.dot(xp, xq) / norm_p / norm_q;
        if cosine.abs() <= self.tolerance {
            return Found::NOTHING;
        }
        let kept = norm_q / norm_p;
        let shift = (self.exponents.at(q) - self.exponents.at(p)).to_i32();
        // Beyond this ratio of the norms 1 + t^2 rounds to 1 and t to cos r or -cos / r; their products with powers of
        // two are then written out, as the powers alone may not be representable.
        let far = T::SIGNIFICAND_BITS as i32;
        let (d, s, gain, loss, up, down);
        if shift < -far {
            let t = kept * cosine;
            (d, s, up, down) = (T::ZERO, t.scale(shift), t.scale(shift).scale(shift), -t);
            (gain, loss) = (T::ONE, T::ONE - cosine * cosine);
        } else if shift > far {
            let t = cosine / kept;
            (d, s, up, down) = (T::ZERO, -t.scale(-shift), -t, t.scale(-shift).scale(-shift));
            (gain, loss) = (T::ONE - cosine * cosine, T::ONE);
        } else {
            let ratio = kept * T::pow2(shift);
            let zeta = (T::ONE / ratio - ratio) / (cosine + cosine);
            let size = T::ONE / (zeta.abs() + hypotenuse(zeta));
            let t = if zeta < T::ZERO { -size } else { size };
            let c = T::ONE / hypotenuse(t);
            s = t * c;
            d = s * s / (T::ONE + c);
            (up, down) = (s * T::pow2(shift), -s * T::pow2(-shift));
            (gain, loss) = (T::ONE + t * ratio * cosine, T::ONE - t * cosine / ratio);
        }
        self.isa.combine(xp, xq, [-d, up], [down, -d]);
        if let Some(w) = &mut self.w {
            let (wp, wq) = w.pair_mut(p, q);
            self.isa.combine(wp, wq, [-d, s], [-s, -d]);
        }
        for (j, factor) in [(p, gain), (q, loss)] {
            if factor > T::from_f64(0.01) {
                self.norms.put(j, self.norms.at(j) * factor.sqrt());
            } else {
                // The update has cancelled.
                self.rescale(j);
            }
        }
        let change = (up * kept).abs().max((down / kept).abs());
        Found { cosines: cosine * cosine, changes: change * change }
    }

    /// Computes the norm of column `j`, and brings its largest entry near one if it has left the neighbourhood. A column
    /// far below the smallest number is set to zero: of one that depends on others, each sweep would leave as much again
    /// as rounding errors are.
    fn rescale(&mut self, j: usize) {
        let column = self.x.col_mut(j);
        let largest = self.isa.max_abs(column);
        let e = largest.exponent();
        if largest != T::ZERO && e.abs() > 8 {
            let exponent = self.exponents.at(j).to_i32() + e;
            if exponent < T::MIN_EXPONENT - 2 * T::SIGNIFICAND_BITS as i32 {
                column.fill(T::ZERO);
            } else {
                column.iter_mut().for_each(|x| *x = x.scale(-e));
                self.exponents.put(j, T::from_i32(exponent));
            }
        }
        self.norms.put(j, self.isa.dot(column, column).sqrt());
    }

    /// Exchanges column `p` with the longest from there on.
    fn bring_longest(&mut self, p: usize) {
        let longest = (p + 1..self.x.cols()).fold(p, |best, j| if self.longer(j, best) { j } else { best });
        self.x.swap(p, longest);
        if let Some(w) = &mut self.w {
            w.swap(p, longest);
        }
        self.norms.exchange(p, longest);
        self.exponents.exchange(p, longest);
    }

    /// Whether column `i` is longer than column `j`.
    fn longer(&self, i: usize, j: usize) -> bool {
        let shift = (self.exponents.at(i) - self.exponents.at(j)).to_i32();
        self.norms.at(i).scale(shift) > self.norms.at(j)
    }

    /// Orders the columns by descending norm, computed afresh.
    fn sort(&mut self) {
        let n = self.x.cols();
        for j in 0..n {
            self.norms.put(j, self.isa.norm(self.x.col(j)));
        }
        (0..n).for_each(|p| self.bring_longest(p));
    }
}

/// `sqrt(1 + x^2)` for any x.
fn hypotenuse<T: Real>(x: T) -> T {
    let size = x.abs();
    if size > T::ONE / T::EPSILON { size } else { (T::ONE + size * size).sqrt() }
}
