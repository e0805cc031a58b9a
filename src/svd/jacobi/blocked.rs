//! Sweeps of rotations over the columns of a square X that is close to having orthogonal columns, in place.
//!
//! Up to [`DIRECT`] columns are rotated where they are. More are taken as pairs of blocks of [`WIDTH`] columns: the
//! rotations of a pair are found on its Gram matrix G and collected in a small orthogonal Z, and `X Z` is a matrix product.
//! That keeps the accuracy relative to each column: where columns differ in length, the entries of Z are small in
//! proportion, and each is a sum of terms no larger, hence accurate relative to itself.
//!
//! In the last sweeps, where all angles of a pair of blocks are small, Z is not collected but written down: with K the
//! skew matrix of the sines, `Z = I + K + K^2 / 2` is orthogonal to within `|K|^4 / 4`, and leaves cosines of second order
//! as rotations one after the other do.
//!
//! G steers and decides. What crosses two blocks is computed from the true columns at every visit; what is inside a block
//! at the beginning of a sweep, and from there on as `Z^T G Z`.

use super::finished;
use crate::columns::{Columns, Total};
use crate::error::Error;
use crate::kernel::{Execution, Found, Inner, Isa, Pairs, gemm, gemm_scratch_len};
use crate::real::Real;
use crate::scratch::{ALIGNMENT, aligned, min, split, sum, times};
use crate::svd::Options;

/// Columns in a block: a multiple of the columns of every tile of the matrix product. Those of a pair are also a multiple of
/// the rows of every tile.
const WIDTH: usize = 24;
/// Most columns that are rotated where they are.
const DIRECT: usize = 64;
/// The sum of the squares of the changes above which a pair of blocks is worth a second round of rotations.
const LARGE: f64 = 0.1;
/// That of a sweep below which the next one will see pairs of blocks whose changes are all small.
const LATE: f64 = 4.0;

/// For `k x k`: a pair of blocks, its Gram matrix over its rotations, the Gram matrix of each block, squared norms, and
/// what products need.
const fn layout(k: usize) -> [usize; 5] {
    let pair = min(k, 2 * WIDTH);
    [
        sum([times(padded(k), pair), ALIGNMENT]),
        sum([times(2 * pair, pair), ALIGNMENT]),
        times(k, min(k, WIDTH)),
        k,
        sum([gemm_scratch_len(k, pair, k), ALIGNMENT]),
    ]
}

/// Elements of scratch for [`orthogonalize`] of at most `k x k`.
pub(super) const fn orthogonalize_scratch_len(k: usize) -> usize {
    sum(layout(k))
}

/// Elements from one column of `m` rows to the next: an odd number of cache lines (or twice that), so that columns do
/// not compete for the same places of the cache.
const fn padded(m: usize) -> usize {
    times(m.div_ceil(16) | 1, 16)
}

/// Rotates the columns of X until they are orthogonal, longest first. Returns the number of sweeps, and whether the
/// tolerance was met. The squares of their norms are in the range of T.
pub(super) fn orthogonalize<T: Real>(
    x: &mut Columns<'_, T>,
    options: &Options,
    scratch: &mut [T],
) -> Result<(usize, bool), Error> {
    let n = x.cols();
    let [pair, stack, diagonal, squares, products] = split(scratch, layout(n))?;
    let (products_len, execution) = (products.len() - ALIGNMENT, options.execution);
    let mut state = State {
        isa: execution.isa(),
        execution,
        tolerance: T::EPSILON * T::from_usize(n).sqrt(),
        x,
        squares,
        pair,
        stack,
        diagonal,
        products: aligned(products, products_len),
        late: false,
    };
    let outcome = state.sweeps(options.max_sweeps)?;
    state.sort();
    Ok(outcome)
}

/// The columns in work.
struct State<'a, 'x, T> {
    isa: Isa,
    execution: Execution,
    tolerance: T,
    x: &'a mut Columns<'x, T>,
    /// Squared norms of the columns.
    squares: &'a mut [T],
    pair: &'a mut [T],
    stack: &'a mut [T],
    diagonal: &'a mut [T],
    products: &'a mut [T],
    /// Whether the last sweep has made small changes only.
    late: bool,
}

impl<T: Real> State<'_, '_, T> {
    /// Sweeps until the columns are orthogonal.
    fn sweeps(&mut self, max_sweeps: usize) -> Result<(usize, bool), Error> {
        let n = self.x.cols();
        for sweep in 0..max_sweeps {
            self.sort();
            let found = if n <= DIRECT {
                self.isa.rotate_pairs(self.x.as_mut_slice(), self.squares, Pairs::All, Inner::Columns, self.tolerance)
            } else {
                self.sweep()?
            };
            self.late = found.changes <= T::from_f64(LATE);
            if finished(n, found) {
                return Ok((sweep + 1, true));
            }
        }
        Ok((max_sweeps, n < 2))
    }

    /// Orders the columns by descending norm, computed afresh.
    fn sort(&mut self) {
        let n = self.x.cols();
        for j in 0..n {
            self.squares.put(j, self.isa.dot(self.x.col(j), self.x.col(j)));
        }
        for p in 0..n {
            let squares = &self.squares;
            let longest = (p + 1..n).fold(p, |best, j| if squares.at(j) > squares.at(best) { j } else { best });
            self.x.swap(p, longest);
            self.squares.exchange(p, longest);
        }
    }

    /// Every pair of blocks once.
    fn sweep(&mut self) -> Result<Found<T>, Error> {
        let mut found = Found::NOTHING;
        let (m, n) = (self.x.rows(), self.x.cols());
        for p in (0..n).step_by(WIDTH) {
            let block = self.x.as_ref().submatrix(0, p, m, WIDTH);
            let mut diagonal = Columns::new(self.diagonal.get_mut(..n * WIDTH).unwrap_or_default(), WIDTH, n);
            let gram = diagonal.as_mut().submatrix(0, p, block.cols(), WIDTH);
            gemm(T::ONE, block.t(), block, T::ZERO, gram, self.execution, self.products)?;
        }
        for p in (0..n).step_by(WIDTH) {
            for q in (p + WIDTH..n).step_by(WIDTH) {
                found = found.and(self.visit(p, q)?);
            }
        }
        Ok(found)
    }

    /// Makes the columns of the blocks that begin with columns `p` and `q` orthogonal.
    fn visit(&mut self, p: usize, q: usize) -> Result<Found<T>, Error> {
        let (m, n) = (self.x.rows(), self.x.cols());
        let width = WIDTH.min(n - q);
        let both = WIDTH + width;
        let pairs = if q == p + WIDTH { Pairs::All } else { Pairs::Across(WIDTH) };
        self.fill(p, q)?;
        let (found, rotated) = match self.expand(both, pairs)? {
            Some(found) => (found, false),
            None => (self.rotate(both, pairs), true),
        };
        if found.changes == T::ZERO {
            return Ok(found);
        }
        let State { execution, x, pair, stack, diagonal, products, .. } = self;
        let execution = *execution;
        let mut diagonal = Columns::new(diagonal.get_mut(..n * WIDTH).unwrap_or_default(), WIDTH, n);
        let stack = Columns::new(aligned(stack, 2 * both * both), 2 * both, both);
        let mut pair = Columns::new(aligned(pair, padded(m) * both), padded(m), both);
        for (start, from, count) in [(0, p, WIDTH), (WIDTH, q, width)] {
            pair.as_mut().submatrix(0, start, m, count).copy_from(x.as_ref().submatrix(0, from, m, count));
        }
        for (start, to, count) in [(0, p, WIDTH), (WIDTH, q, width)] {
            let z = stack.as_ref().submatrix(both, start, both, count);
            let pair = pair.as_ref().submatrix(0, 0, m, both);
            gemm(T::ONE, pair, z, T::ZERO, x.as_mut().submatrix(0, to, m, count), execution, products)?;
            let mut gram = diagonal.as_mut().submatrix(0, to, count, count);
            if rotated {
                let h = stack.as_ref().submatrix(0, start, both, count);
                gemm(T::ONE, z.t(), h, T::ZERO, gram, execution, products)?;
            } else if matches!(pairs, Pairs::All) {
                // What is left, and what small angles change otherwise, are products of cosines.
                for j in 0..count {
                    (0..count).filter(|i| *i != j).for_each(|i| gram.put(i, j, T::ZERO));
                }
            }
        }
        Ok(found)
    }

    /// Writes the Gram matrix G of two blocks, the identity below it, and the squared norms.
    fn fill(&mut self, p: usize, q: usize) -> Result<(), Error> {
        let State { execution, x, stack, diagonal, products, squares, .. } = self;
        let (m, n) = (x.rows(), x.cols());
        let width = WIDTH.min(n - q);
        let both = WIDTH + width;
        let diagonal = Columns::new(diagonal.get_mut(..n * WIDTH).unwrap_or_default(), WIDTH, n);
        let mut stack = Columns::zeroed(aligned(stack, 2 * both * both), 2 * both, both);
        let (first, second) = (x.as_ref().submatrix(0, p, m, WIDTH), x.as_ref().submatrix(0, q, m, width));
        let across = stack.as_mut().submatrix(0, WIDTH, WIDTH, width);
        gemm(T::ONE, first.t(), second, T::ZERO, across, *execution, products)?;
        for j in 0..width {
            (0..WIDTH).for_each(|i| stack.put(WIDTH + j, i, stack.at(i, WIDTH + j)));
        }
        for (start, from, count) in [(0, p, WIDTH), (WIDTH, q, width)] {
            let gram = diagonal.as_ref().submatrix(0, from, count, count);
            stack.as_mut().submatrix(start, start, count, count).copy_from(gram);
        }
        for j in 0..both {
            stack.put(both + j, j, T::ONE);
            squares.put(j, stack.at(j, j));
        }
        Ok(())
    }

    /// Rotates the columns of G and of Z below it.
    fn rotate(&mut self, both: usize, pairs: Pairs) -> Found<T> {
        let stack = aligned(self.stack, 2 * both * both);
        let squares = self.squares.get_mut(..both).unwrap_or_default();
        let found = self.isa.rotate_pairs(stack, squares, pairs, Inner::Gram, self.tolerance);
        if found.changes > T::from_f64(LARGE) {
            self.isa.rotate_pairs(stack, squares, pairs, Inner::Gram, self.tolerance);
        }
        found
    }

    /// Writes `Z = I + K + K^2 / 2` below G for the skew K of the sines of all pairs, if they are small enough for that.
    fn expand(&mut self, both: usize, pairs: Pairs) -> Result<Option<Found<T>>, Error> {
        if !self.late {
            return Ok(None);
        }
        let State { isa, execution, tolerance, pair, stack, products, squares, .. } = self;
        let stack = aligned(stack, 2 * both * both);
        let squares = squares.get(..both).unwrap_or_default();
        let found = isa.sines(stack, squares, pairs, *tolerance);
        let mut stack = Columns::new(stack, 2 * both, both);
        if found.changes > T::EPSILON.sqrt() {
            for j in 0..both {
                (0..j).for_each(|i| stack.put(both + i, j, T::ZERO));
            }
            return Ok(None);
        }
        if found.changes == T::ZERO {
            return Ok(Some(found));
        }
        let mut k = Columns::zeroed(aligned(pair, both * both), both, both);
        for j in 0..both {
            for i in 0..j {
                let entry = stack.at(both + i, j);
                stack.put(both + j, i, -entry);
                k.put(i, j, entry);
                k.put(j, i, -entry);
            }
        }
        let (k, half) = (k.as_ref(), T::from_f64(0.5));
        let mut add = |rows, inner, count, other| {
            let z = stack.as_mut().submatrix(both + rows, rows, count, count);
            let (left, right) = (k.submatrix(rows, inner, count, other), k.submatrix(inner, rows, other, count));
            gemm(half, left, right, T::ONE, z, *execution, products)
        };
        match pairs {
            _ if found.changes <= T::EPSILON => {}
            Pairs::All => add(0, 0, both, both)?,
            Pairs::Across(first) => {
                add(0, first, first, both - first)?;
                add(first, 0, both - first, first)?;
            }
        }
        Ok(Some(found))
    }
}
