//! QR factorization of a tall matrix, one block of rows after the other.
//!
//! ```text
//! [A_0]   [Q_0    ] [R_0]       [R_0]        [R_1]
//! [A_1] = [    I  ] [A_1],      [A_1] = Q_1  [ 0 ],    ...
//! [...]   [      I] [...]
//! ```
//!
//! The triangle of the rows so far is factorized together with the next rows (Demmel, Grigori, Hoemmen & Langou,
//! "Communication-optimal parallel and sequential QR and LU factorizations", SISC 34, 2012: the flat tree). A block of rows
//! stays in the second-level cache while it is factorized, and a panel of its columns is about as large as the first-level
//! one (23 to 64 KiB of `f64`, half of that of `f32`): the matrix comes from memory once for R, and once more for Q, where
//! a factorization by columns reads all of it for every panel.
//!
//! A reflector of a block touches one row of the triangle and the block: `v_j = (e_j, b_j)`. So those of a block are `[I; B]`
//! with B as large as the block, `Q_i = I - [I; B] T [I, B^T]`, and on what is zero below its first k rows, as R X is, that
//! is one product: `Q_i [X; 0] = [X - T X; -B T X]`.

use crate::columns::{Columns, Total, part};
use crate::error::Error;
use crate::householder::{Side, apply as apply_block, apply_scratch_len, reflector, triangular_factor};
use crate::kernel::{Execution, Isa, gemm, gemm_scratch_len};
use crate::qr::{factor_blocked, factor_blocked_scratch_len};
use crate::range::{copy_scaled, lift, multiply, multiply_upper_rows, small};
use crate::real::Real;
use crate::scratch::{ALIGNMENT, aligned, max, min, split, sum, times};
use crate::view::{MatMut, MatRef};
use core::ops::Range;

/// Entries in a block: 256 KiB of `f64`, a quarter of a common second-level cache.
const ENTRIES: usize = 1 << 15;
/// Most rows in a block of few columns: a panel of them is 64 KiB of `f64`, 32 KiB of `f32`.
const ROWS: usize = 1024;
/// Least rows in a block, for each column: what is done to the triangle is small against the rest.
const ROWS_FOR_COLUMN: usize = 4;
/// Blocks from which on the cut pays.
const BLOCKS: usize = 3;
/// Most columns, beyond which a block leaves the second-level cache.
const COLUMNS: usize = 128;
/// No shorter matrix is cut.
const SHORTEST: usize = BLOCKS * ROWS_FOR_COLUMN * 90;
/// Columns in a panel.
const PANEL: usize = 8;
/// Columns of a Gram matrix that are computed together, with those before them.
const STRIP: usize = 32;
/// What the columns of a block begin with; the last is the entry of the triangle's row. The block then begins a line of the
/// cache.
const HEAD: usize = 8;

/// Rows in a block of `k` columns: an odd multiple of 8, so that the columns do not compete for the same sets of a cache.
const fn block_rows(k: usize) -> usize {
    let rows = max(min(ENTRIES / max(k, 1), ROWS), ROWS_FOR_COLUMN * k);
    (rows.div_ceil(8) * 8) | 8
}

/// Whether an `l x k` matrix is factorized faster in blocks of rows.
pub(crate) const fn pays(l: usize, k: usize) -> bool {
    k > 0 && k <= COLUMNS && l / block_rows(k) >= BLOCKS
}

/// Elements for the factors of the reflectors of an `l x k` matrix for which it [`pays`]: at most `k` for each block.
pub(crate) const fn tau_len(l: usize, k: usize) -> usize {
    if l < SHORTEST { 0 } else { (l / ROWS_FOR_COLUMN).saturating_add(k) }
}

/// Elements of scratch for [`factor`].
pub(crate) const fn factor_scratch_len(l: usize, k: usize) -> usize {
    let k = min(k, COLUMNS);
    let steps = max(sum(factor_layout(k)), factor_blocked_scratch_len(most_rows(k), k));
    if l < SHORTEST { 0 } else { steps }
}

/// A bound on `block_rows`, but monotone.
const fn most_rows(k: usize) -> usize {
    max(ROWS, ROWS_FOR_COLUMN * k) + 8
}

/// A block, Gram matrix and T of a panel, two factors of the update, and what products need.
const fn factor_layout(k: usize) -> [usize; 6] {
    let entries = max(ENTRIES, ROWS_FOR_COLUMN * k * k) + (16 + HEAD) * k + ALIGNMENT;
    let rows = most_rows(k);
    let products = max(gemm_scratch_len(PANEL, k, rows), gemm_scratch_len(rows, k, PANEL));
    [entries, PANEL * PANEL, PANEL * PANEL, PANEL * k, PANEL * k, products]
}

/// Elements of scratch for [`apply`] to `n` columns.
pub(crate) const fn apply_len(l: usize, n: usize, k: usize) -> usize {
    let k = min(k, COLUMNS);
    let rows = most_rows(k);
    if l < SHORTEST { 0 } else { max(sum(apply_layout(n, k)), apply_scratch_len(rows, n, k)) }
}

/// Gram matrix and T, two factors of the update, and what products need.
const fn apply_layout(n: usize, k: usize) -> [usize; 5] {
    let rows = most_rows(k);
    let products = max(gemm_scratch_len(k, max(k, n), rows), gemm_scratch_len(rows, n, k));
    [k * k, k * k, times(k, n), times(k, n), products]
}

/// `2^exponent A = Q R`: overwrites R, `k x k`, zero below its diagonal. Q is left as the reflectors in `v` (`l k` elements)
/// and their factors in `tau`.
pub(crate) fn factor<T: Real>(
    a: MatRef<'_, T>,
    exponent: i32,
    r: &mut Columns<'_, T>,
    v: &mut [T],
    tau: &mut [T],
    execution: Execution,
    scratch: &mut [T],
) -> Result<(), Error> {
    let ((l, k), isa) = (a.shape(), execution.isa());
    let height = block_rows(k);
    for i in 0..l.div_ceil(height) {
        let a = a.submatrix(i * height, 0, height, k);
        let rows = a.rows();
        let (v, tau) = (part(v, i * height * k, rows * k), part(tau, i * k, k));
        let mut v = Columns::new(v, rows, k);
        if i == 0 {
            copy_scaled(a, exponent, &mut v);
            factor_blocked(&mut v, tau, execution, scratch)?;
            r.copy_upper(&v);
            continue;
        }
        let [block, gram, t, product, update, products] = split(scratch, factor_layout(k))?;
        let block = aligned(block, (HEAD + height) * k);
        let mut block = Columns::new(block.get_mut(..(HEAD + rows) * k).unwrap_or_default(), HEAD + rows, k);
        let mut below = block.as_mut().submatrix(HEAD, 0, rows, k);
        below.copy_from(a);
        multiply(below, exponent);
        let mut shift = 0;
        for start in (0..k).step_by(PANEL) {
            let width = PANEL.min(k - start);
            let end = start + width;
            shift += lift_rest(isa, &mut block, r, start..k);
            factor_panel(isa, &mut block, r, start..end, tau);
            if end == k {
                multiply_upper_rows(r, start..end, k, -shift);
                break;
            }
            let (done, mut rest) = block.split(end);
            let panel = done.submatrix(HEAD, start, rows, width);
            let mut rest = rest.as_mut().submatrix(HEAD, 0, rows, k);
            let others = k - end;
            let mut gram = Columns::new(gram.get_mut(..width * width).unwrap_or_default(), width, width);
            gemm(T::ONE, panel.t(), panel, T::ZERO, gram.as_mut(), execution, products)?;
            let mut t = Columns::new(t.get_mut(..width * width).unwrap_or_default(), width, width);
            triangular_factor(isa, &mut gram, tau.get(start..end).unwrap_or_default(), &mut t);
            let mut product = Columns::new(product.get_mut(..width * others).unwrap_or_default(), width, others);
            let mut update = Columns::new(update.get_mut(..width * others).unwrap_or_default(), width, others);
            let mut above = r.as_mut().submatrix(start, end, width, others);
            product.as_mut().copy_from(above.as_ref());
            gemm(T::ONE, panel.t(), rest.as_ref(), T::ONE, product.as_mut(), execution, products)?;
            gemm(T::ONE, t.as_ref().t(), product.as_ref(), T::ZERO, update.as_mut(), execution, products)?;
            subtract(isa, &update, above.rb());
            gemm(-T::ONE, panel, update.as_ref(), T::ONE, rest.rb(), execution, products)?;
            multiply_upper_rows(r, start..end, k, -shift);
        }
        v.as_mut().copy_from(block.as_ref().submatrix(HEAD, 0, rows, k));
    }
    Ok(())
}

/// The reflectors of a panel of a block and the triangle above it, applied to these columns alone.
fn factor_panel<T: Real>(
    isa: Isa,
    block: &mut Columns<'_, T>,
    r: &mut Columns<'_, T>,
    columns: Range<usize>,
    tau: &mut [T],
) {
    let (rows, end) = (block.rows() - HEAD, columns.end);
    let (mut shift, mut pivot) = (0, T::ONE);
    for j in columns {
        if pivot < small() {
            shift += lift_rest(isa, block, r, j..end);
        }
        (j..end).for_each(|c| block.put(HEAD - 1, c, r.at(j, c)));
        let factor = reflector(isa, block.col_mut(j).get_mut(HEAD - 1..).unwrap_or_default());
        tau.put(j, factor);
        let (done, mut rest) = block.split(j + 1);
        let reflected = done.column(j).get(HEAD..).unwrap_or_default();
        let others = rest.as_mut().submatrix(HEAD - 1, 0, rows + 1, end - j - 1);
        isa.reflect_columns(reflected, factor, others);
        (j..end).for_each(|c| r.put(j, c, block.at(HEAD - 1, c)));
        pivot = r.at(j, j).abs();
        multiply_upper_rows(r, j..j + 1, end, -shift);
    }
}

/// [`lift`] for these columns of a block and the triangle above it.
fn lift_rest<T: Real>(isa: Isa, block: &mut Columns<'_, T>, r: &mut Columns<'_, T>, columns: Range<usize>) -> i32 {
    let (rows, start, width) = (block.rows(), columns.start, columns.len());
    let below = block.as_mut().submatrix(HEAD, start, rows, width);
    lift(isa, [below, r.as_mut().submatrix(start, start, width, width)])
}

/// `to -= update`
fn subtract<T: Real>(isa: Isa, update: &Columns<'_, T>, mut to: MatMut<'_, T>) {
    for j in 0..update.cols() {
        match to.rb().t().row_slice_mut(j) {
            Some(column) => isa.axpy(-T::ONE, update.col(j), column),
            None => (0..update.rows()).for_each(|i| {
                let difference = to.at(i, j) - update.at(i, j);
                to.put(i, j, difference);
            }),
        }
    }
}

/// `C <- Q C` for the reflectors that [`factor`] left of an `l x k` matrix; C has `l` rows.
///
/// If `zero_below`, all but the first k rows of C are taken for zero, and not read: about `2 l k (n + k)` operations. Otherwise
/// `2 l k (2 n + k)`.
pub(crate) fn apply<T: Real>(
    v: &[T],
    tau: &[T],
    k: usize,
    mut c: MatMut<'_, T>,
    zero_below: bool,
    execution: Execution,
    scratch: &mut [T],
) -> Result<(), Error> {
    let ((l, n), height) = (c.shape(), block_rows(k));
    let beta = if zero_below { T::ZERO } else { T::ONE };
    for i in (1..l.div_ceil(height)).rev() {
        let start = i * height;
        let rows = height.min(l - start);
        let tau = tau.get(i * k..(i + 1) * k).unwrap_or_default();
        let b = MatRef::packed(v.get(start * k..(start + rows) * k).unwrap_or_default(), k, rows).t();
        let [gram, t, product, update, products] = split(scratch, apply_layout(n, k))?;
        let mut gram = Columns::new(gram, k, k);
        for first in (0..k).step_by(STRIP) {
            let strip = gram.as_mut().submatrix(0, first, first + STRIP, STRIP);
            let (before, own) = (b.submatrix(0, 0, rows, first + STRIP), b.submatrix(0, first, rows, STRIP));
            gemm(T::ONE, before.t(), own, T::ZERO, strip, execution, products)?;
        }
        let mut t = Columns::new(t, k, k);
        triangular_factor(execution.isa(), &mut gram, tau, &mut t);
        let (mut above, below) = c.rb().split_rows(k);
        let mut below = below.submatrix(start - k, 0, rows, n);
        let (mut product, mut update) = (Columns::new(product, k, n), Columns::new(update, k, n));
        product.as_mut().copy_from(above.as_ref());
        if !zero_below {
            gemm(T::ONE, b.t(), below.as_ref(), T::ONE, product.as_mut(), execution, products)?;
        }
        gemm(T::ONE, t.as_ref(), product.as_ref(), T::ZERO, update.as_mut(), execution, products)?;
        subtract(execution.isa(), &update, above.rb());
        gemm(-T::ONE, b, update.as_ref(), beta, below.rb(), execution, products)?;
    }
    let first = MatRef::packed(v.get(..height * k).unwrap_or_default(), k, height).t();
    let mut c = c.submatrix(0, 0, height, n);
    if zero_below {
        c.rb().submatrix(k, 0, height, n).fill(T::ZERO);
    }
    apply_block(Side::Forward, first, tau.get(..k).unwrap_or_default(), c, execution, scratch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Uniform;
    use std::{vec, vec::Vec};

    /// `R, Q [I; 0]` and `Q C` for a given C of `n` columns.
    fn factors<T: Real>(a: MatRef<'_, T>, exponent: i32, c: &[T]) -> [Vec<T>; 3] {
        let ((l, k), nan) = (a.shape(), T::from_f64(f64::NAN));
        assert!(pays(l, k));
        let n = c.len() / l;
        let (mut v, mut tau) = (vec![nan; l * k], vec![nan; tau_len(l, k)]);
        let (mut r, mut q, mut c) = (vec![nan; k * k], vec![nan; l * k], c.to_vec());
        let mut scratch = vec![nan; factor_scratch_len(l, k).max(apply_len(l, k.max(n), k))];
        let execution = Execution::new();
        factor(a, exponent, &mut Columns::new(&mut r, k, k), &mut v, &mut tau, execution, &mut scratch).unwrap();
        let mut thin = MatMut::col_major(&mut q, l, k).unwrap();
        thin.rb().submatrix(0, 0, k, k).set_identity();
        apply(&v, &tau, k, thin, true, execution, &mut scratch).unwrap();
        let general = MatMut::col_major(&mut c, l, n).unwrap();
        apply(&v, &tau, k, general, false, execution, &mut scratch).unwrap();
        [r, q, c]
    }

    fn close<T: Real>(given: &[T], expected: impl Fn(usize) -> f64, bound: f64, name: &str) {
        for (i, x) in given.iter().enumerate() {
            let error = (x.to_f64() - expected(i)).abs();
            assert!(error <= bound * T::EPSILON.to_f64(), "{name}: {i} is off by {error}");
        }
    }

    /// For columns of length one: Q R against A, the Gram matrix of Q, and the other columns of Q against both.
    fn verify<T: Real>(l: usize, k: usize, a: &[T]) {
        // Unit vectors that begin in each block, in the last row, and at the top.
        let units: Vec<usize> =
            (0..l).step_by(block_rows(k)).map(|i| i + k).chain([l - 1, 0]).filter(|i| *i < l).collect();
        let mut c = vec![T::ZERO; l * units.len()];
        units.iter().enumerate().for_each(|(j, i)| c[j * l + i] = T::ONE);
        let [r, q, c] = factors(MatRef::col_major(a, l, k).unwrap(), 0, &c);
        let dot = |x: &[T], y: &[T]| x.iter().zip(y).map(|(x, y)| x.to_f64() * y.to_f64()).sum::<f64>();
        let column = |x: &[T], j: usize| x[j * l..(j + 1) * l].to_vec();
        assert!((0..k * k).all(|p| p % k <= p / k || r[p] == T::ZERO), "R is triangular");
        let product = |p: usize| (0..k).map(|i| q[i * l + p % l].to_f64() * r[p / l * k + i].to_f64()).sum();
        close(a, product, 20.0, "Q R");
        let gram: Vec<T> = (0..k * k).map(|p| T::from_f64(dot(&column(&q, p % k), &column(&q, p / k)))).collect();
        close(&gram, |p| f64::from(u8::from(p % k == p / k)), 80.0, "Q^T Q");
        for (j, unit) in units.iter().enumerate() {
            let image = column(&c, j);
            let along: Vec<T> = (0..k).map(|i| T::from_f64(dot(&column(&q, i), &image))).collect();
            close(&along, |i| f64::from(u8::from(i == *unit)), 40.0, "the columns of Q");
            let others: Vec<T> = (0..units.len()).map(|i| T::from_f64(dot(&column(&c, i), &image))).collect();
            close(&others, |i| f64::from(u8::from(units[i] == *unit)), 40.0, "the other columns of Q");
        }
    }

    fn random<T: Real>(l: usize, k: usize) -> Vec<T> {
        let mut uniform = Uniform::new(5);
        let mut a: Vec<T> = (0..l * k).map(|_| uniform.symmetric()).collect();
        for column in a.chunks_mut(l) {
            let norm = Isa::best().norm(column);
            column.iter_mut().for_each(|x| *x /= norm);
        }
        a
    }

    #[test]
    fn the_product_of_the_factors_is_the_matrix() {
        fn check<T: Real>() {
            for (l, k) in [(3096, 1), (3097, 9), (4127, 8), (3300, 31), (1133, 90), (1700, 128)] {
                let a = random::<T>(l, k);
                verify(l, k, &a);
                // Columns that repeat, that are zero, and that are zero in the first blocks or the last.
                let deficient = |p: usize| match p / l % 5 {
                    1 => a[p % l],
                    2 => T::ZERO,
                    3 if p % l < l / 2 => T::ZERO,
                    4 if p % l > l / 3 => T::ZERO,
                    _ => a[p],
                };
                verify(l, k, &(0..l * k).map(deficient).collect::<Vec<_>>());
                // One column or two in turn: what is left of the others are rounding errors of rounding errors.
                for period in [1, 2.min(k)] {
                    verify(l, k, &(0..l * k).map(|p| a[p / l % period * l + p % l]).collect::<Vec<_>>());
                }
            }
        }
        check::<f64>();
        check::<f32>();
    }

    #[test]
    fn neither_strides_nor_powers_of_two_change_a_bit() {
        let (l, k) = (1500, 70);
        let a = random::<f64>(l, k);
        let given = factors(MatRef::col_major(&a, l, k).unwrap(), 0, &a);
        let by_rows: Vec<f64> = (0..l * k).map(|p| a[p % k * l + p / k] * 2f64.powi(-300)).collect();
        assert!(given == factors(MatRef::row_major(&by_rows, l, k).unwrap(), 300, &a));
    }

    /// The memory of a matrix that is shorter or has more columns is enough for any that has fewer.
    #[test]
    fn lengths_hold_what_blocks_need() {
        for k in 1..=COLUMNS {
            let rows = block_rows(k);
            assert!(rows % 16 == 8 && rows <= most_rows(k) && rows >= ROWS_FOR_COLUMN * k && BLOCKS * rows >= SHORTEST);
            assert!(factor_layout(k)[0] >= (rows + HEAD) * k + ALIGNMENT);
            for l in (BLOCKS * rows..40_000).step_by(997) {
                assert!(tau_len(l, k) >= l.div_ceil(rows) * k);
            }
        }
    }
}
