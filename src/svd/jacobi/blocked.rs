//! Jacobi on the columns of a triangle that a second QR factorization has brought close to diagonal form, blocked.
//!
//! ```text
//! A P = Q R,   R^T = Q' L^T      so R = L Q'^T with L lower triangular
//! L W = X                        rotations make the columns of X orthogonal
//! X = Y diag(s)
//! A = (Q Y) diag(s) (P Q' W)^T
//! ```
//!
//! L is closer to diagonal than R^T, which saves sweeps; and the rotations need not be accumulated: `W = L^-1 X`. The
//! error of X is small relative to each of its columns and, as rotations from the right preserve the norms of rows,
//! relative to each row of L. So W is orthogonal to within `eps |L^-1 D|`, D the norms of the rows of L (Drmac &
//! Veselic, part II, section 4). Pivoting commonly makes this number about `k`; where it is large, or where norms are so
//! far apart that their squares leave the range, the rotations are accumulated instead (`accumulated.rs`).
//!
//! Up to [`DIRECT`] columns are rotated in place. More are taken as pairs of blocks of [`WIDTH`] columns: the rotations
//! of a pair are found on its Gram matrix G and collected in a small orthogonal Z, and `X Z` is a matrix product. That
//! keeps the accuracy relative to each column: where columns differ in length, the entries of Z are small in proportion,
//! and each is a sum of terms no larger, hence accurate relative to itself. Z only steers; the Gram matrix of the true
//! columns, computed at every visit, decides whether they are orthogonal.

use super::triangle::Triangle;
use super::{Outputs, finished, write_values};
use crate::columns::{Columns, Total};
use crate::error::Error;
use crate::householder::{Side, apply, apply_scratch_len};
use crate::kernel::{Execution, Found, Inner, Isa, Pairs, gemm, gemm_scratch_len};
use crate::qr::{factor_blocked, factor_blocked_scratch_len};
use crate::real::Real;
use crate::scratch::{ALIGNMENT, aligned, max, min, split, sum, times};
use crate::svd::{Info, Options};
use crate::triangular::invert_upper_blocked;

/// Columns in a block.
const WIDTH: usize = 24;
/// Most columns that are rotated in place.
const DIRECT: usize = 64;

/// For `l x k`: the second factorization, its `tau`, the inverse of L^T, X, W, a pair of blocks, its Gram matrix over the
/// rotations, the Gram matrix of each block, squared norms, and what products need.
pub(super) const fn layout(l: usize, k: usize) -> [usize; 10] {
    let (square, pair) = (times(k, k), min(k, 2 * WIDTH));
    let products = max(
        max(factor_blocked_scratch_len(k, k), apply_scratch_len(l, l, k)),
        max(apply_scratch_len(k, k, k), gemm_scratch_len(k, k, k)),
    );
    [
        square,
        k,
        square,
        sum([square, ALIGNMENT]),
        square,
        sum([times(padded(k), pair), ALIGNMENT]),
        sum([times(2 * pair, pair), ALIGNMENT]),
        times(k, min(k, WIDTH)),
        k,
        sum([products, ALIGNMENT]),
    ]
}

/// Elements from one column of `m` rows to the next: an odd number of cache lines (or twice that), so that columns do
/// not compete for the same places of the cache.
const fn padded(m: usize) -> usize {
    times(m.div_ceil(16) | 1, 16)
}

/// Values and vectors from the pivoted QR factorization of a tall matrix; nothing if the rotations must be accumulated.
pub(super) fn decompose<T: Real>(
    triangle: &Triangle<'_, T>,
    outputs: &mut Outputs<'_, T>,
    options: &Options,
    memory: &mut [T],
) -> Result<Option<Info>, Error> {
    let Triangle { qr, isa, rank, exponent, .. } = triangle;
    let ((l, k), rank, isa, execution) = ((qr.rows(), qr.cols()), *rank, *isa, options.execution);
    let [second, tau, inverse, x, w, pair, stack, diagonal, squares, products] = split(memory, layout(l, k))?;
    let products = aligned(products, products.len() - ALIGNMENT);
    let Outputs { s, left, right } = outputs;
    let mut second = Columns::zeroed(second.get_mut(..k * rank).unwrap_or_default(), k, rank);
    for j in 0..rank {
        second.col_mut(j).iter_mut().enumerate().skip(j).for_each(|(i, x)| *x = qr.at(j, i));
    }
    let tau = tau.get_mut(..rank).unwrap_or_default();
    factor_blocked(&mut second, tau, execution, products)?;
    let mut inverse = Columns::new(inverse.get_mut(..rank * rank).unwrap_or_default(), rank, rank);
    invert_upper_blocked(second.as_ref(), &mut inverse, execution, pair, products)?;
    if !well_conditioned(isa, &second, &inverse) {
        return Ok(None);
    }
    let mut lower = Columns::zeroed(aligned(x, rank * rank), rank, rank);
    for j in 0..rank {
        lower.col_mut(j).iter_mut().enumerate().skip(j).for_each(|(i, x)| *x = second.at(j, i));
    }
    let squares = squares.get_mut(..rank).unwrap_or_default();
    let mut state = State {
        isa,
        execution,
        tolerance: T::EPSILON * T::from_usize(rank).sqrt(),
        x: lower,
        squares,
        pair,
        stack,
        diagonal,
        products,
    };
    let (sweeps, converged) = state.orthogonalize(options.max_sweeps)?;
    state.sort();
    let State { mut x, squares: norms, pair, products, .. } = state;
    for (j, norm) in norms.iter_mut().enumerate() {
        *norm = isa.norm(x.col(j));
    }
    write_values(norms, *exponent, options, s)?;

    if let Some(right) = right {
        let mut w = Columns::zeroed(w, k, k);
        (rank..k).for_each(|j| w.put(j, j, T::ONE));
        let corner = w.as_mut().submatrix(0, 0, rank, rank);
        gemm(T::ONE, inverse.as_ref().t(), x.as_ref(), T::ZERO, corner, execution, products)?;
        apply(Side::Forward, second.as_ref(), tau, w.as_mut(), execution, products)?;
        (0..k).for_each(|j| triangle.put_right(w.col(j), right, j));
    }
    if let Some(left) = left {
        left.set_identity();
        for (j, norm) in norms.iter().enumerate() {
            isa.scale(T::ONE / *norm, x.col_mut(j));
        }
        left.rb().submatrix(0, 0, rank, rank).copy_from(x.as_ref());
        apply(Side::Forward, qr.as_ref(), triangle.tau, left.rb(), execution, products)?;
        triangle.return_rows(left, pair.get_mut(..k).unwrap_or_default());
    }
    Ok(Some(Info { converged, sweeps, nonzero: s.iter().take_while(|s| **s > T::ZERO).count(), exponent: *exponent }))
}

/// Whether `W = L^-1 X` is orthogonal enough, and no square leaves the range, for the R of a factorization `L^T = R` and
/// its inverse.
fn well_conditioned<T: Real>(isa: Isa, r: &Columns<'_, T>, inverse: &Columns<'_, T>) -> bool {
    let rank = inverse.cols();
    let mut square = T::ZERO;
    for i in 0..rank {
        let row = isa.norm(r.col(i).get(..=i).unwrap_or_default());
        if !(row > T::pow2(T::MIN_EXPONENT / 4)) {
            return false;
        }
        let column = (i..rank).fold(T::ZERO, |sum, j| sum + (row * inverse.at(i, j)) * (row * inverse.at(i, j)));
        square += column;
    }
    square.sqrt() <= T::from_usize(4 * rank)
}

/// The columns in work.
struct State<'a, T> {
    isa: Isa,
    execution: Execution,
    tolerance: T,
    x: Columns<'a, T>,
    /// Squared norms of the columns.
    squares: &'a mut [T],
    pair: &'a mut [T],
    stack: &'a mut [T],
    /// The Gram matrix of each block of columns.
    diagonal: &'a mut [T],
    products: &'a mut [T],
}

impl<T: Real> State<'_, T> {
    /// Sweeps until the columns are orthogonal. Returns the number of sweeps, and whether the tolerance was met.
    fn orthogonalize(&mut self, max_sweeps: usize) -> Result<(usize, bool), Error> {
        let n = self.x.cols();
        for sweep in 0..max_sweeps {
            self.sort();
            let found = if n <= DIRECT {
                self.isa.rotate_pairs(self.x.as_mut_slice(), self.squares, Pairs::All, Inner::Columns, self.tolerance)
            } else {
                self.sweep()?
            };
            if finished(n, found.cosine, found.sine, self.tolerance) {
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
        let State { isa, execution, tolerance, x, pair, stack, diagonal, products, squares } = self;
        let (isa, execution) = (*isa, *execution);
        let (m, n) = (x.rows(), x.cols());
        let width = WIDTH.min(n - q);
        let both = WIDTH + width;
        // G, and the identity below it.
        let mut diagonal = Columns::new(diagonal.get_mut(..n * WIDTH).unwrap_or_default(), WIDTH, n);
        let mut stack = Columns::zeroed(aligned(stack, 2 * both * both), 2 * both, both);
        let (first, second) = (x.as_ref().submatrix(0, p, m, WIDTH), x.as_ref().submatrix(0, q, m, width));
        let across = stack.as_mut().submatrix(0, WIDTH, WIDTH, width);
        gemm(T::ONE, first.t(), second, T::ZERO, across, execution, products)?;
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

        let pairs = if q == p + WIDTH { Pairs::All } else { Pairs::Across(WIDTH) };
        let squares = squares.get_mut(..both).unwrap_or_default();
        let found = isa.rotate_pairs(stack.as_mut_slice(), squares, pairs, Inner::Gram, *tolerance);
        if found.sine == T::ZERO {
            return Ok(found);
        }
        if found.sine > T::from_f64(0.1) {
            isa.rotate_pairs(stack.as_mut_slice(), squares, pairs, Inner::Gram, *tolerance);
        }
        let mut pair = Columns::new(aligned(pair, padded(m) * both), padded(m), both);
        pair.as_mut().submatrix(0, 0, m, WIDTH).copy_from(first);
        pair.as_mut().submatrix(0, WIDTH, m, width).copy_from(second);
        for (start, to, count) in [(0, p, WIDTH), (WIDTH, q, width)] {
            let z = stack.as_ref().submatrix(both, start, both, count);
            let pair = pair.as_ref().submatrix(0, 0, m, both);
            gemm(T::ONE, pair, z, T::ZERO, x.as_mut().submatrix(0, to, m, count), execution, products)?;
            let h = stack.as_ref().submatrix(0, start, both, count);
            let gram = diagonal.as_mut().submatrix(0, to, count, count);
            gemm(T::ONE, z.t(), h, T::ZERO, gram, execution, products)?;
        }
        Ok(found)
    }
}
