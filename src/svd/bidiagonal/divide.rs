//! Singular vectors of a bidiagonal matrix by divide and conquer.
//!
//! After Gu & Eisenstat (SIAM J. Matrix Anal. Appl. 16, 1995). One row `k` cuts B into two smaller bidiagonal matrices, the
//! upper one with a column more than rows:
//!
//! ```text
//!     ( B_1               )                                 ( alpha l  beta f ) row k, with l the last row of V_1
//! B = ( alpha    beta     )  =  diag(U_1, 1, U_2) *  ( D_1                    ) * diag(V_1, V_2)^T
//!     (          B_2      )                                 (          D_2    )     and f the first row of V_2
//! ```
//!
//! The extra columns of V_1 and V_2, on which B_1 and B_2 vanish, are rotated so that one of them takes both their parts of
//! row k and the other, which is the extra column of B, none. What is left is a diagonal matrix with one full row (see
//! [`secular`]); its vectors, multiplied by those of the halves, are the vectors of B.
//!
//! Before that the problem is made smaller (deflation): an entry of the row, or the gap between two values, that is below
//! the rounding of the largest entry is taken as zero. A pair of columns is rotated so that one of them has no part in the
//! full row. Deflated columns are copied; the others are grouped as upper, dense and lower, so that each half of the rows
//! is a product with the columns that are not zero there.
//!
//! Only the first and the last row of each V enter the next merge. They are kept on their own, so that U alone costs no
//! product for V.
//!
//! The matrix is cut in halves `levels` times; the leaves go to QR iteration. Everything about a node is scaled so that its
//! largest entry is in [1, 2), and the tolerance is relative to that, hence to the node.

use super::{qr_iteration, secular, sort};
use crate::columns::{Total, part};
use crate::error::Error;
use crate::kernel::{Execution, Isa, gemm, gemm_scratch_len, max_abs, rotate, scale};
use crate::real::Real;
use crate::scratch::{min, split, sum, times};
use crate::view::{MatMut, MatRef};

/// Rows of the largest leaf. From 8 to 24 the time is the same to within the noise.
const LEAF: usize = 16;

/// What is below this times eps, in a node scaled to a largest entry in [1, 2), is rounding.
const TOLERANCE: f64 = 8.0;

/// In which halves a column has entries; indices as numbers, like all indices in scratch.
const UPPER: f64 = 1.0;
const BOTH: f64 = 2.0;
const LOWER: f64 = 3.0;

/// Elements of scratch for [`vectors`], `2 n^2 + 23 n + 16 (l + 4)` with `l = min(n, 16)`, and what a product of this size
/// packs.
pub(super) const fn scratch_len(n: usize) -> usize {
    sum(layout(n))
}

/// Diagonal and superdiagonal; the order of each node's columns; the first and last rows; two square matrices; the numbers
/// for each column during a merge; the leaves' rotations; packed blocks.
const fn layout(n: usize) -> [usize; 10] {
    let square = times(n, n);
    let rotations = qr_iteration::scratch_len(min(n, LEAF));
    let packing = gemm_scratch_len(n, n, n);
    [n, n, n, times(2, n), square, square, times(14, n), times(4, n), rotations, packing]
}

/// A part of the matrix: rows `low .. high`, and as many columns, or one more where it is cut off from what follows.
#[derive(Clone, Copy, Debug)]
struct Node {
    low: usize,
    high: usize,
}

impl Node {
    /// Node `index` of the `2^level` on that level.
    fn new(n: usize, level: u32, index: usize) -> Self {
        let mut node = Node { low: 0, high: n };
        for l in (0..level).rev() {
            let k = node.middle();
            node = if index >> l & 1 == 0 { Node { high: k, ..node } } else { Node { low: k + 1, ..node } };
        }
        node
    }

    /// The row that cuts it.
    fn middle(self) -> usize {
        self.low + (self.high - self.low) / 2
    }
}

/// `B = U diag(s) V^T` for the upper bidiagonal B with diagonal `d` (n) and superdiagonal `e` (n - 1): overwrites the n x n
/// matrices `u` and `v` that are given, with columns in contiguous memory, in the order of descending values.
///
/// False if an iteration met its bound; `u` and `v` are then of no use.
pub(super) fn vectors<T: Real>(
    d: &[T],
    e: &[T],
    _: &[T],
    mut u: Option<MatMut<'_, T>>,
    mut v: Option<MatMut<'_, T>>,
    execution: Execution,
    scratch: &mut [T],
) -> Result<bool, Error> {
    let n = d.len();
    let [diagonal, beside, order, ends, gathered, inner, numbers, rows, rotations, packing] =
        split(scratch, layout(n))?;
    diagonal.iter_mut().zip(d).for_each(|(to, d)| *to = *d);
    beside.iter_mut().zip(e).for_each(|(to, e)| *to = *e);
    for x in [u.as_mut().map(MatMut::rb), v.as_mut().map(MatMut::rb)].into_iter().flatten() {
        x.t().fill(T::ZERO);
    }
    let ends = MatMut::packed(ends, n, 2).t();
    if n == 0 {
        return Ok(true);
    }
    let mut levels = 0;
    while Node::new(n, levels, 0).high > LEAF {
        levels += 1;
    }
    let mut state = State { n, d: diagonal, e: beside, order, ends, u, v };
    for index in 0..1usize << levels {
        if !state.leaf(Node::new(n, levels, index), execution.isa(), rotations) {
            return Ok(false);
        }
    }
    let mut memory = Memory { numbers, rows, gathered, inner, packing };
    for level in (0..levels).rev() {
        for index in 0..1usize << level {
            let node = Node::new(n, level, index);
            if !state.merge(node, &mut memory, execution)? {
                return Ok(false);
            }
        }
    }
    state.sort(memory.numbers)?;
    Ok(true)
}

/// What the nodes have come to.
struct State<'a, T> {
    n: usize,
    /// The values of each node in place of its diagonal.
    d: &'a mut [T],
    e: &'a mut [T],
    /// For each node the columns, counted from its first, in the order of ascending values.
    order: &'a mut [T],
    /// The first and the last row of each node's V.
    ends: MatMut<'a, T>,
    u: Option<MatMut<'a, T>>,
    v: Option<MatMut<'a, T>>,
}

impl<T: Real> State<'_, T> {
    /// The last column of V.
    fn last_column(&self, node: Node) -> usize {
        if node.high < self.n { node.high } else { node.high - 1 }
    }

    /// The V of a node, all columns left of its end.
    fn right(&mut self, node: Node) -> Option<MatMut<'_, T>> {
        let last = self.last_column(node);
        self.v.as_mut().map(|v| v.rb().submatrix(node.low, 0, last + 1 - node.low, last + 1))
    }

    /// The U of a node, all columns left of its end.
    fn left(&mut self, node: Node) -> Option<MatMut<'_, T>> {
        self.u.as_mut().map(|u| u.rb().submatrix(node.low, 0, node.high - node.low, node.high))
    }

    /// Solves a leaf by QR iteration.
    fn leaf(&mut self, node: Node, isa: Isa, rotations: &mut [T]) -> bool {
        let Node { low, high } = node;
        let (count, last) = (high - low, self.last_column(node));
        for j in low..=last {
            self.ends.put(0, j, if j == low { T::ONE } else { T::ZERO });
            self.ends.put(1, j, if j == last { T::ONE } else { T::ZERO });
            if let Some(v) = self.v.as_mut() {
                v.put(j, j, T::ONE);
            }
            if let Some(u) = self.u.as_mut().filter(|_| j < high) {
                u.put(j, j, T::ONE);
            }
        }
        if last == high {
            // Rotations with the extra column, from the last row up, make it zero.
            let mut f = self.e.at(high - 1);
            for i in (low..high).rev() {
                let (c, s, r) = qr_iteration::rotation(self.d.at(i), f);
                self.d.put(i, r);
                if i > low {
                    let above = self.e.at(i - 1);
                    f = -s * above;
                    self.e.put(i - 1, c * above);
                }
                rotate_columns(Some(self.ends.rb()), i, high, [c, s]);
                rotate_columns(self.right(node), i, high, [c, s]);
            }
        }
        let Ok([left, right]) = split(rotations, qr_iteration::layout(count)) else { return false };
        let u = self.u.as_mut().map(|u| u.rb().submatrix(low, low, count, count));
        let v = match self.v.as_mut() {
            Some(v) => v.rb().submatrix(low, low, last + 1 - low, count),
            None => self.ends.rb().submatrix(0, low, 2, count),
        };
        let d = self.d.get_mut(low..high).unwrap_or_default();
        let e = self.e.get_mut(low..low + count.saturating_sub(1)).unwrap_or_default();
        if qr_iteration::vectors(d, e, u, Some(v), &[], isa, [left, right, &mut []]).is_none() {
            return false;
        }
        if let Some(v) = self.v.as_ref() {
            for j in low..high {
                self.ends.put(0, j, v.at(low, j));
                self.ends.put(1, j, v.at(last, j));
            }
        }
        for i in 0..count {
            self.order.put(low + i, T::from_usize(count - 1 - i));
        }
        true
    }

    /// Joins the two halves of a node.
    fn merge(&mut self, node: Node, memory: &mut Memory<'_, T>, execution: Execution) -> Result<bool, Error> {
        let Node { low, high } = node;
        let (k, isa) = (node.middle(), execution.isa());
        let (count, last) = (high - low, self.last_column(node));
        let [sorted, kept, kind, z, poles, kept_z, work, origins, offsets, group, group_poles, group_z, lengths, new_d] =
            split(memory.numbers, [count; 14])?;
        let [first, end, new_first, new_end] = split(memory.rows, [count; 4])?;

        // The node scaled to a largest entry in [1, 2).
        let (alpha, beta) = (self.d.at(k), self.e.get(k).copied().unwrap_or_default());
        let largest = max_abs(self.d.get(low..high).unwrap_or_default()).max(beta.abs());
        let exponent = if largest == T::ZERO { 0 } else { -largest.exponent() };
        let (alpha, beta) = (alpha.scale(exponent), beta.scale(exponent));
        for j in low..high {
            self.d.put(j, self.d.at(j).scale(exponent));
        }
        // The full row; then only the rows of V that the next merge needs.
        let share = |j: usize, ends: &MatMut<'_, T>| if j <= k { alpha * ends.at(1, j) } else { beta * ends.at(0, j) };
        let extra = if last == high { share(high, &self.ends) } else { T::ZERO };
        let (c, s, r) = qr_iteration::rotation(share(k, &self.ends), extra);
        let (c, s, r) = if r < T::ZERO { (-c, -s, -r) } else { (c, s, r) };
        let mut z_first = r.max(T::from_f64(TOLERANCE) * T::EPSILON);
        for j in low..high {
            z.put(j - low, share(j, &self.ends));
        }
        for j in low..=last {
            self.ends.put(usize::from(j <= k), j, T::ZERO);
        }
        if last == high {
            rotate_columns(Some(self.ends.rb()), k, high, [c, s]);
            rotate_columns(self.right(node), k, high, [c, s]);
        } else if c < T::ZERO {
            scale_column(Some(self.ends.rb()), k, c);
            scale_column(self.right(node), k, c);
        }
        if let Some(u) = self.u.as_mut() {
            u.put(k, k, T::ONE);
        }

        // In which halves a column of U has entries, and of V but for the first.
        for (j, kind) in kind.iter_mut().enumerate() {
            *kind = if low + j <= k { T::from_f64(UPPER) } else { T::from_f64(LOWER) };
        }
        self.ascending(node, sorted);
        let (size, deflated) = self.deflate(node, &mut z_first, z, sorted, kept, kind);
        let gone = sorted.get_mut(..deflated).unwrap_or_default();

        // The secular equation.
        let shorten = |x| -> &mut [T] { part(x, 0, size) };
        let (kept, poles, kept_z, work) = (shorten(kept), shorten(poles), shorten(kept_z), shorten(work));
        let (origins, offsets, group) = (shorten(origins), shorten(offsets), shorten(group));
        let (group_poles, group_z, lengths) = (shorten(group_poles), shorten(group_z), shorten(lengths));
        let (first, end) = (shorten(first), shorten(end));
        for (i, column) in kept.iter().enumerate() {
            let j = column.to_usize();
            poles.put(i, if i == 0 { T::ZERO } else { self.d.at(low + j) });
            kept_z.put(i, if i == 0 { z_first } else { z.at(j) });
        }
        work.iter_mut().zip(kept_z.iter()).for_each(|(square, z)| *square = *z * *z);
        if !isa.run(secular::Roots { d: poles, squares: work, origins, offsets }) {
            return Ok(false);
        }
        isa.run(secular::ExactZ { d: poles, origins, offsets, z: kept_z, products: work });

        // The order in which columns are multiplied: upper, the first, both, lower.
        let mut places = 0;
        let (mut center, mut lower) = (0, 0);
        for wanted in [UPPER, BOTH, LOWER] {
            if wanted == BOTH {
                center = places;
                group.put(places, T::ZERO);
                places += 1;
            }
            if wanted == LOWER {
                lower = places;
            }
            for i in 1..size {
                if kind.at(kept.at(i).to_usize()) == T::from_f64(wanted) {
                    group.put(places, T::from_usize(i));
                    places += 1;
                }
            }
        }
        for (g, i) in group.iter_mut().enumerate() {
            let place = i.to_usize();
            let j = kept.at(place).to_usize();
            group_poles.put(g, poles.at(place));
            group_z.put(g, kept_z.at(place));
            first.put(g, self.ends.at(0, low + j));
            end.put(g, self.ends.at(1, low + j));
            *i = T::from_usize(j);
        }

        // The right vectors of the inner matrix, of the largest value first.
        let inner = part(memory.inner, 0, size * size);
        for ((column, i), c) in inner.chunks_exact_mut(size.max(1)).zip((0..size).rev()).zip(0..) {
            let p = poles.at(origins.at(i).to_usize());
            isa.run(secular::RightVector { d: group_poles, z: group_z, p, mu: offsets.at(i), v: column });
            let inverse = T::ONE / isa.norm(column);
            isa.scale(inverse, column);
            lengths.put(c, inverse);
            new_d.put(c, p + offsets.at(i));
            new_first.put(c, isa.dot(column, first));
            new_end.put(c, isa.dot(column, end));
        }
        for (c, j) in (size..).zip(gone.iter()) {
            let j = low + j.to_usize();
            new_d.put(c, self.d.at(j));
            new_first.put(c, self.ends.at(0, j));
            new_end.put(c, self.ends.at(1, j));
        }
        let mut product = Product {
            node,
            group,
            gone,
            lower,
            memory: &mut *memory.gathered,
            packing: &mut *memory.packing,
            execution,
        };
        if let Some(v) = self.v.as_mut() {
            product.apply(v, last + 1, center, inner)?;
        }
        if let Some(u) = self.u.as_mut() {
            for (column, inverse) in inner.chunks_exact_mut(size.max(1)).zip(lengths.iter()) {
                column.iter_mut().zip(group_poles.iter()).for_each(|(x, pole)| *x *= *pole);
                column.put(center, -*inverse);
                let inverse = T::ONE / isa.norm(column);
                isa.scale(inverse, column);
            }
            product.apply(u, high, center + 1, inner)?;
        }

        for c in 0..count {
            let value = if largest == T::ZERO { T::ZERO } else { new_d.at(c).scale(-exponent) };
            self.d.put(low + c, value);
            self.ends.put(0, low + c, new_first.at(c));
            self.ends.put(1, low + c, new_end.at(c));
        }
        self.reorder(node, size, sorted);
        Ok(true)
    }

    /// Sets apart the columns that have no part in the full row, or can be rotated to have none. Of those in `sorted`, the
    /// ones that are left come to the front of `kept`, behind the first column, and the others to the front of `sorted`,
    /// behind the reader; returns how many there are of both.
    fn deflate(
        &mut self,
        node: Node,
        z_first: &mut T,
        z: &mut [T],
        sorted: &mut [T],
        kept: &mut [T],
        kind: &mut [T],
    ) -> (usize, usize) {
        let (low, k) = (node.low, node.middle());
        let tolerance = T::from_f64(TOLERANCE) * T::EPSILON;
        kept.put(0, T::from_usize(k - low));
        let (mut size, mut deflated) = (1, 0);
        for reader in 0..node.high - low - 1 {
            let j = sorted.at(reader).to_usize();
            let (z_j, d_j) = (z.at(j), self.d.at(low + j));
            let before = kept.at(size - 1).to_usize();
            let gone = if z_j.abs() <= tolerance {
                j
            } else if d_j <= tolerance {
                // Without a value of its own: the first column takes its part of the row.
                let (c, s, r) = qr_iteration::rotation(*z_first, z_j);
                *z_first = r;
                rotate_columns(Some(self.ends.rb()), k, low + j, [c, s]);
                rotate_columns(self.right(node), k, low + j, [c, s]);
                self.d.put(low + j, d_j * c);
                j
            } else {
                let (z_i, d_i) = (z.at(before), self.d.at(low + before));
                let (c, s, r) = qr_iteration::rotation(z_j, z_i);
                if size > 1 && (d_j - d_i) * (c * s).abs() <= tolerance {
                    // Almost the same value: the later one takes the part of the row of both.
                    z.put(j, r);
                    self.d.put(low + before, d_i * c * c + d_j * s * s);
                    self.d.put(low + j, d_i * s * s + d_j * c * c);
                    rotate_columns(Some(self.ends.rb()), low + j, low + before, [c, s]);
                    rotate_columns(self.right(node), low + j, low + before, [c, s]);
                    rotate_columns(self.left(node), low + j, low + before, [c, s]);
                    if kind.at(j) != kind.at(before) {
                        kind.put(j, T::from_f64(BOTH));
                    }
                    kept.put(size - 1, T::from_usize(j));
                    before
                } else {
                    kept.put(size, T::from_usize(j));
                    size += 1;
                    continue;
                }
            };
            sorted.put(deflated, T::from_usize(gone));
            deflated += 1;
        }
        (size, deflated)
    }

    /// The columns of both halves of a node, but for the one between them, in the order of ascending values.
    fn ascending(&self, node: Node, sorted: &mut [T]) {
        let (low, k, high) = (node.low, node.middle(), node.high);
        let column = |i: usize| (if i > k { k + 1 - low } else { 0 }) + self.order.at(i).to_usize();
        let (mut i, mut j) = (low, k + 1);
        for place in sorted.iter_mut().take(high - low - 1) {
            let upper = j == high || (i < k && self.d.at(low + column(i)) <= self.d.at(low + column(j)));
            let from = if upper { &mut i } else { &mut j };
            *place = T::from_usize(column(*from));
            *from += 1;
        }
    }

    /// The order of a node's columns: `size` in descending order, then others.
    fn reorder(&mut self, node: Node, size: usize, others: &mut [T]) {
        let Node { low, high } = node;
        let count = high - low;
        let value = |column: T| self.d.at(low + column.to_usize());
        let others = part(others, 0, count - size);
        for (place, c) in others.iter_mut().zip(size..) {
            *place = T::from_usize(c);
        }
        sort(others, |a, b| value(a) < value(b));
        let (mut i, mut j) = (0, 0);
        for to in low..high {
            let own = T::from_usize(size.wrapping_sub(1).wrapping_sub(i));
            let take_own = j == others.len() || (i < size && value(own) <= value(others.at(j)));
            if take_own {
                self.order.put(to, own);
                i += 1;
            } else {
                self.order.put(to, others.at(j));
                j += 1;
            }
        }
    }

    /// Puts the columns into the order of descending values.
    fn sort(&mut self, memory: &mut [T]) -> Result<(), Error> {
        let n = self.n;
        // Which column stands at a place, and where a column stands.
        let [column_at, place_of] = split(memory, [n; 2])?;
        for j in 0..n {
            column_at.put(j, T::from_usize(j));
            place_of.put(j, T::from_usize(j));
        }
        for to in 0..n {
            let wanted = self.order.at(n - 1 - to).to_usize();
            let from = place_of.at(wanted).to_usize();
            let displaced = column_at.at(to);
            for x in [self.u.as_mut().map(MatMut::rb), self.v.as_mut().map(MatMut::rb)].into_iter().flatten() {
                qr_iteration::exchange(x.t(), to, from);
            }
            column_at.put(from, displaced);
            place_of.put(displaced.to_usize(), T::from_usize(from));
        }
        Ok(())
    }
}

/// The plane rotation of columns `i` and `j`.
fn rotate_columns<T: Real>(x: Option<MatMut<'_, T>>, i: usize, j: usize, [c, s]: [T; 2]) {
    let Some(x) = x else { return };
    let (mut before, mut from) = x.t().split_rows(i.max(j));
    let (a, b) = (before.row_slice_mut(i.min(j)).unwrap_or_default(), from.row_slice_mut(0).unwrap_or_default());
    if i < j { rotate(a, b, c, s) } else { rotate(b, a, c, s) }
}

/// Column `j` times a factor.
fn scale_column<T: Real>(x: Option<MatMut<'_, T>>, j: usize, factor: T) {
    if let Some(x) = x {
        scale(factor, x.t().row_slice_mut(j).unwrap_or_default());
    }
}

/// The memory of merges.
struct Memory<'a, T> {
    numbers: &'a mut [T],
    rows: &'a mut [T],
    gathered: &'a mut [T],
    inner: &'a mut [T],
    packing: &'a mut [T],
}

/// The product of a node's columns with the vectors of the inner matrix.
struct Product<'a, T> {
    node: Node,
    /// The columns to multiply, counted from the node's first: those up to `lower` have entries in the upper half.
    group: &'a [T],
    lower: usize,
    /// The columns that only move behind them.
    gone: &'a [T],
    memory: &'a mut [T],
    packing: &'a mut [T],
    execution: Execution,
}

impl<T: Real> Product<'_, T> {
    /// For U or V, of rows up to `end`; the columns from place `from` on have entries in the lower half.
    fn apply(&mut self, x: &mut MatMut<'_, T>, end: usize, from: usize, inner: &[T]) -> Result<(), Error> {
        let (low, below, size) = (self.node.low, self.node.middle() + 1, self.group.len());
        let (height, depth) = (below - low, end - below);
        let (above, under) =
            (self.group.get(..self.lower).unwrap_or_default(), self.group.get(from..).unwrap_or_default());
        let [upper, lower, moved] =
            split(self.memory, [height * above.len(), depth * under.len(), (end - low) * self.gone.len()])?;
        gather(x, low, low, height, above, upper);
        gather(x, low, below, depth, under, lower);
        gather(x, low, low, end - low, self.gone, moved);
        let inner = MatRef::packed(inner, size, size).t();
        for (row, height, columns, first) in [(low, height, &*upper, 0), (below, depth, &*lower, from)] {
            let width = columns.len().checked_div(height).unwrap_or(0);
            let a = MatRef::packed(columns, width, height).t();
            let b = inner.submatrix(first, 0, width, size);
            gemm(T::ONE, a, b, T::ZERO, x.rb().submatrix(row, low, height, size), self.execution, self.packing)?;
        }
        let mut places = x.rb().submatrix(low, low + size, end - low, self.gone.len()).t();
        for (j, column) in moved.chunks_exact((end - low).max(1)).enumerate() {
            let place = places.row_slice_mut(j).unwrap_or_default();
            place.iter_mut().zip(column).for_each(|(to, from)| *to = *from);
        }
        Ok(())
    }
}

/// Copies rows of some columns, counted from `low`.
fn gather<T: Real>(x: &MatMut<'_, T>, low: usize, row: usize, height: usize, columns: &[T], to: &mut [T]) {
    let x = x.as_ref().submatrix(row, 0, height, x.cols()).t();
    for (j, to) in columns.iter().zip(to.chunks_exact_mut(height.max(1))) {
        let column = x.row_slice(low + j.to_usize()).unwrap_or_default();
        to.iter_mut().zip(column).for_each(|(to, from)| *to = *from);
    }
}
