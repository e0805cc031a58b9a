//! Jacobi on the columns of `X = R^T`, the rotations accumulated: `R^T W = X`, `A = (Q W) diag(s) (P Y)^T`.
//!
//! Column `j` is kept as `2^e_j` times a column of norm about one, with an integer `e_j`. An inner product of two such
//! columns neither over- nor underflows in the terms that matter, whatever the grading. With `r <= 1` the ratio of the true
//! norms of columns q and p, `cos` the cosine between them, they become orthogonal by the rotation
//!
//! ```text
//! t = 2 r cos / (d + sqrt(d^2 + (2 r cos)^2)),  d = 1 - r^2      its tangent
//! p += s q - v p,  q -= s p + v q                                s = t / sqrt(1 + t^2),  v = 1 - 1 / sqrt(1 + t^2)
//! |p|^2 <- |p|^2 (1 + t r cos),   |q|^2 <- |q|^2 (1 - t cos / r)
//! ```
//!
//! t and s are proportional to r, which may be too small for a number. So what is computed is t / r, from which all but s
//! follows; and powers of two come last. As v keeps its digits, the rotation is orthogonal to within the rounding of its
//! results. With `1 - v`, which rounds to one for most of the last rotations, both columns would grow each time.
//!
//! The larger column grows, so the order settles. Each step of a sweep first brings the longest remaining column to the
//! front (de Rijk, SISC 10, 1989). Pairs with a cosine below `eps sqrt(k)` are orthogonal; sweeps end when quadratic
//! convergence promises that all are.

use super::triangle::Triangle;
use super::{Outputs, finished, write_values};
use crate::columns::{Columns, Total};
use crate::error::Error;
use crate::kernel::{Found, Isa};
use crate::qr::{KNOWN, Known, apply_q, bring_longest, factor_pivoted};
use crate::range::multiply_slice;
use crate::real::Real;
use crate::svd::{Info, Options, complement};

/// Memory for [`decompose`] of an `l x k` matrix: `2 k^2`, `l`, and [`Known`] of each column.
pub(super) struct Memory<'a, T> {
    pub columns: &'a mut [T],
    pub buffer: &'a mut [T],
    pub known: &'a mut [T],
}

/// Values and vectors from the pivoted QR factorization of a tall matrix, of which `tau` is overwritten.
pub(super) fn decompose<T: Real>(
    triangle: &mut Triangle<'_, T>,
    outputs: &mut Outputs<'_, '_, T>,
    options: &Options,
    memory: Memory<'_, T>,
) -> Result<Info, Error> {
    let Triangle { isa, exponent, rank, threshold, .. } = *triangle;
    let k = triangle.qr.cols();
    let Memory { columns, buffer, known } = memory;
    let Outputs { s, left, right } = outputs;
    let height = if left.is_some() { k + rank } else { k };
    let mut columns = Columns::zeroed(columns.get_mut(..height * rank).unwrap_or_default(), height, rank);
    let rows_of_r = triangle.qr.as_ref().t();
    for (j, column) in columns.columns_mut().enumerate() {
        let (x, w) = column.split_at_mut_checked(k).unwrap_or_default();
        rows_of_r.copy_column(j, x);
        x.get_mut(..j).unwrap_or_default().fill(T::ZERO);
        if let Some(w) = w.get_mut(j) {
            *w = T::ONE;
        }
    }
    let (known, _) = known.as_chunks_mut();
    let known = known.get_mut(..rank).unwrap_or_default();
    known.fill([T::ZERO; KNOWN]);
    let mut state = State { isa, tolerance: T::EPSILON * T::from_usize(k).sqrt(), columns, rows: k, known };
    let (sweeps, converged) = state.orthogonalize(options.max_sweeps);
    let State { mut columns, known, .. } = state;

    let mut directions = 0;
    buffer.fill(T::ZERO);
    for (value, [_, length, _]) in buffer.iter_mut().zip(&*known) {
        // Zero if a caller of `square` has computed no number. And a column may have cancelled to nothing.
        *value = length.scale(-unit::<T>()).max(T::ZERO);
        directions += usize::from(*length > T::ZERO);
    }
    write_values(buffer, options.given_back(exponent), threshold, s)?;

    if let Some(left) = left {
        for j in 0..left.cols() {
            buffer.fill(T::ZERO);
            columns.as_ref().submatrix(k, 0, rank, rank).copy_column(j, buffer);
            if j >= rank {
                buffer.put(j, T::ONE);
            }
            apply_q(isa, &triangle.qr, triangle.tau, buffer);
            triangle.put_left(buffer, left, j);
        }
    }
    if let Some(right) = right {
        for (j, (column, known)) in columns.columns_mut().zip(&*known).enumerate().take(directions) {
            let x = column.get_mut(..k).unwrap_or_default();
            isa.scale(T::ONE / norm(known), x);
            triangle.put_right(x, right, j);
        }
        if directions < k {
            let mut x = columns.keep_rows(k);
            // Pivoting gains nothing, but its code is there.
            factor_pivoted(isa, &mut x, triangle.tau.get_mut(..directions).unwrap_or_default(), known);
            let (tau, column) =
                (triangle.tau.get(..directions).unwrap_or_default(), buffer.get_mut(..k).unwrap_or_default());
            complement(isa, &x, k, tau, column, |j, column| triangle.put_right(column, right, j));
        }
    }
    Ok(Info::new(converged, sweeps, s, exponent))
}

/// The columns in work, and e and the length of each column of X: `X = Y 2^e`, and below it the rotations W if they are
/// collected.
struct State<'a, T> {
    isa: Isa,
    tolerance: T,
    columns: Columns<'a, T>,
    /// Of X.
    rows: usize,
    known: &'a mut [Known<T>],
}

impl<T: Real> State<'_, T> {
    /// Sweeps until the columns are orthogonal, then orders them by length. Returns the number of sweeps, and whether the
    /// tolerance was met.
    fn orthogonalize(&mut self, max_sweeps: usize) -> (usize, bool) {
        let n = self.known.len();
        let (mut sweeps, mut converged) = (0, n < 2);
        loop {
            (0..n).for_each(|j| self.rescale(j));
            let last = converged || sweeps == max_sweeps;
            let mut found = Found::NOTHING;
            for p in 0..n {
                self.bring_longest(p);
                if !last {
                    (p + 1..n).for_each(|q| self.rotate_pair(p, q, &mut found));
                }
            }
            if last {
                return (sweeps, converged);
            }
            sweeps += 1;
            converged = finished(n, found);
        }
    }

    /// Makes columns `p` and `q` orthogonal unless they are, the first being the longer one. A function of its own, so that
    /// its numbers have registers.
    #[inline(never)]
    fn rotate_pair(&mut self, p: usize, q: usize, found: &mut Found<T>) {
        let (known_p, known_q) = (self.known.at(p), self.known.at(q));
        let (norm_p, norm_q) = (norm(&known_p), norm(&known_q));
        let (column_p, column_q) = self.columns.pair_mut(p, q);
        let (xp, wp) = column_p.split_at_mut_checked(self.rows).unwrap_or_default();
        let (xq, wq) = column_q.split_at_mut_checked(self.rows).unwrap_or_default();
        let cosine = self.isa.dot(xp, xq) / norm_p / norm_q;
        if norm_q == T::ZERO || cosine.abs() <= self.tolerance {
            return;
        }
        let ([exponent_p, length_p, _], [exponent_q, length_q, _]) = (known_p, known_q);
        let shift = (exponent_q - exponent_p).to_i32();
        let ratio = length_q / length_p;
        // Below zero only by rounding.
        let difference = ((T::ONE - ratio) * (T::ONE + ratio)).max(T::ZERO);
        let double = cosine + cosine;
        let square = double * ratio * (double * ratio);
        let quotient = double / (difference + (difference * difference + square).sqrt());
        let tangent = quotient * ratio;
        let root = (T::ONE + tangent * tangent).sqrt();
        let change = quotient / root;
        let sine = change * ratio;
        let versine = sine * tangent / (T::ONE + root);
        let (up, down) = (sine.scale(shift), -change * (norm_q / norm_p));
        self.isa.combine(xp, xq, [-versine, up], [down, -versine]);
        self.isa.combine(wp, wq, [-versine, sine], [-sine, -versine]);
        self.put_length(p, length_p * (T::ONE + tangent * ratio * cosine).sqrt());
        let left = T::ONE - quotient * cosine;
        if left > T::from_f64(0.01) {
            self.put_length(q, length_q * left.sqrt());
        } else {
            // The update has cancelled.
            self.rescale(q);
        }
        found.cosines += cosine * cosine;
        found.changes += change * change;
    }

    fn put_length(&mut self, j: usize, length: T) {
        if let Some([_, old, _]) = self.known.get_mut(j) {
            *old = length;
        }
    }

    /// Computes the length of column `j`, and brings its largest entry near one if it has left the neighbourhood. A column
    /// far below the smallest number is set to zero: of one that depends on others, each sweep would leave as much again
    /// as rounding errors are.
    fn rescale(&mut self, j: usize) {
        let column = self.columns.col_mut(j).get_mut(..self.rows).unwrap_or_default();
        let [mut exponent, ..] = self.known.at(j);
        let largest = self.isa.max_abs(column);
        let e = largest.exponent();
        if largest != T::ZERO && e.abs() > 8 {
            exponent += T::from_i32(e);
            if exponent < T::from_i32(T::MIN_EXPONENT - 2 * T::SIGNIFICAND_BITS as i32) {
                column.fill(T::ZERO);
            } else {
                multiply_slice(column, -e);
            }
        }
        let length = self.isa.dot(column, column).sqrt().scale(exponent.to_i32() + unit::<T>());
        self.known.put(j, [exponent, length, T::ZERO]);
    }

    /// Exchanges column `p` with the longest from there on.
    fn bring_longest(&mut self, p: usize) {
        let longest = bring_longest(self.known, p);
        self.columns.swap(p, longest);
    }
}

/// Lengths are kept as multiples of `2^-unit`, so that each is a normal number, from the longest of a matrix that was
/// scaled to the shortest that counts.
fn unit<T: Real>() -> i32 {
    T::MAX_EXPONENT / 2
}

/// The norm of a column of Y.
fn norm<T: Real>([exponent, length, _]: &Known<T>) -> T {
    length.scale(-exponent.to_i32() - unit::<T>())
}
