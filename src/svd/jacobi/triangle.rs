//! Preparation: the pivoted QR factorization `A P = Q R`.
//!
//! The rows of a square A are first ordered by descending largest entry. With that and column pivoting the error of a
//! Householder factorization is small relative to each row (Cox & Higham, BIT 38, 1998), so that the singular values of
//! `D B`, D diagonal, keep their digits as those of `B D` do. Of a tall `D B` they are not determined that well by the
//! entries, so its rows stay where they are.

use crate::columns::{Columns, Total};
use crate::kernel::Isa;
use crate::qr::{Known, bring_longest, factor_pivoted};
use crate::real::Real;
use crate::svd::Options;
use crate::view::MatMut;

/// Memory for [`Triangle`] of an `l x k` matrix: the factorization, and of each column tau, two places, and [`Known`].
pub(super) struct Memory<'a, 'b, T> {
    pub work: &'a mut [T],
    pub tau: &'a mut [T],
    pub order: &'a mut [T],
    pub rows: &'a mut [T],
    pub known: &'b mut [T],
}

/// `2^exponent A P = Q R` for an A with no more columns than rows.
pub(super) struct Triangle<'a, T> {
    pub isa: Isa,
    pub exponent: i32,
    /// Values below this part of the largest are zero.
    pub threshold: T,
    /// R, and below the diagonal the reflectors of Q.
    pub qr: Columns<'a, T>,
    pub tau: &'a mut [T],
    /// Rows of R that are not zero.
    pub rank: usize,
    /// Where each column and row came from; empty if the rows were not moved.
    order: &'a [T],
    rows: &'a [T],
}

impl<'a, T: Real> Triangle<'a, T> {
    /// Factorizes the `l x k` matrix that `fill` writes; rows of R that are together below the threshold times the first are
    /// taken for zero.
    pub fn new(
        fill: impl FnOnce(&mut Columns<'_, T>),
        (l, k): (usize, usize),
        exponent: i32,
        options: &Options,
        memory: Memory<'a, '_, T>,
    ) -> Self {
        let isa = options.execution.isa();
        let Memory { work, tau, order, rows, known } = memory;
        let mut qr = Columns::new(work, l, k);
        fill(&mut qr);
        let (known, _) = known.as_chunks_mut();
        let rows = if l == k { rows } else { &mut [] };
        if l == k {
            sort_rows(&mut qr, known);
            put_places(known, rows);
        }
        factor_pivoted(isa, &mut qr, tau, known);
        put_places(known, order);
        let threshold = T::from_f64(options.threshold);
        let rank = rank(&qr, threshold);
        Triangle { isa, exponent, threshold, qr, tau, rank, order, rows }
    }

    /// Writes `x` into column `j` of V, each entry where the pivoting took it from.
    pub fn put_right(&self, x: &[T], right: &mut MatMut<'_, T>, j: usize) {
        for (x, place) in x.iter().zip(self.order) {
            right.put(place.to_usize(), j, *x);
        }
    }

    /// Writes `x` into column `j` of U, each entry in the row that it belongs to.
    pub fn put_left(&self, x: &[T], left: &mut MatMut<'_, T>, j: usize) {
        for (i, x) in x.iter().enumerate() {
            let place = if self.rows.is_empty() { i } else { self.rows.at(i).to_usize() };
            left.put(place, j, *x);
        }
    }

    /// Moves the rows of U, computed in the order of the factorization, to where they belong; `buffer` has `k` elements.
    pub fn return_rows(&self, left: &mut MatMut<'_, T>, buffer: &mut [T]) {
        if self.rows.is_empty() {
            return;
        }
        for j in 0..left.cols() {
            buffer.iter_mut().enumerate().for_each(|(i, x)| *x = left.at(i, j));
            self.put_left(buffer, left, j);
        }
    }
}

fn put_places<T: Real>(known: &[Known<T>], places: &mut [T]) {
    for ([j, ..], place) in known.iter().zip(places) {
        *place = *j;
    }
}

/// Orders the rows of a square matrix by descending largest magnitude; `known` returns where each came from.
fn sort_rows<T: Real>(a: &mut Columns<'_, T>, known: &mut [Known<T>]) {
    for (i, known) in known.iter_mut().enumerate() {
        *known = [T::from_usize(i), T::ZERO, T::ZERO];
    }
    for column in a.columns_mut() {
        for ([_, size, _], x) in known.iter_mut().zip(column) {
            *size = x.abs().max(*size);
        }
    }
    for i in 0..known.len() {
        let longest = bring_longest(known, i);
        a.columns_mut().for_each(|column| column.exchange(i, longest));
    }
}

/// Rows of R before those that are zero, or lost to underflow, or together below `threshold` times the first diagonal
/// entry.
fn rank<T: Real>(qr: &Columns<'_, T>, threshold: T) -> usize {
    let k = qr.cols();
    let mut rank = (0..k).take_while(|&i| (i..k).any(|j| qr.at(i, j) != T::ZERO)).count();
    let limit = if rank > 0 { threshold * qr.at(0, 0).abs() } else { T::ZERO };
    if limit > T::ZERO {
        let mut square = T::ZERO;
        while rank > 0 {
            let relative = |j: usize| qr.at(rank - 1, j) / limit;
            square = (rank - 1..k).fold(square, |sum, j| sum + relative(j) * relative(j));
            if square >= T::ONE {
                break;
            }
            rank -= 1;
        }
    }
    rank
}
