//! Reduction to bidiagonal form, `A = Q B P^T`, by Householder reflections from both sides.
//!
//! Step `j` makes column `j` zero below the diagonal by a reflector `v` from the left, and row `j` zero right of the
//! superdiagonal by a reflector `u` from the right (Golub & Kahan 1965). The reflections of a panel of steps are not
//! applied at once but collected (Dongarra, Sorensen & Hammarling 1989; LAPACK `dlabrd`):
//!
//! ```text
//! A_now = A - V Y^T - X U^T,    y = tau (A_now^T v),    x = tau' (A_now u)
//! ```
//!
//! so that a step reads the trailing part of A and writes nothing there; at the end of the panel one matrix product brings
//! it up to date. What limits the speed is then that reading, and it is done once a step instead of twice (Howell, Demmel,
//! Fulton, Hammarling & Marmol, "Cache efficient bidiagonalization using BLAS 2.5 operators", TOMS 34:14, 2008): the entry
//! of row `j` in a column is known as soon as that column's product with `v` is, and `u` is the row but for its first
//! entry and a factor, so `A u` is collected in the same pass and corrected by one column:
//!
//! ```text
//! u = (row - beta e_0) / (row_0 - beta),    A u = (A row - beta a_0) / (row_0 - beta)
//! ```

mod unblocked;

pub(crate) use unblocked::{bidiagonalize_unblocked, bidiagonalize_unblocked_scratch_len};

use crate::columns::{Columns, Total, part};
use crate::error::Error;
use crate::householder::reflector;
use crate::kernel::{Execution, Isa, Parallelism, gemm, gemm_scratch_len};
use crate::range::lift;
use crate::real::Real;
use crate::scratch::{max, min, split, sum, times};
use crate::view::MatRef;

/// Steps in a panel.
const PANEL: usize = 32;
/// The same while A stays in the second-level cache, where a product that brings A up to date costs less than what many
/// steps would have to correct.
const SHORT_PANEL: usize = 8;
/// Most columns of such a matrix.
const IN_CACHE: usize = 512;
/// Parts in which a pass over a large matrix is made, each of some columns.
const TASKS: usize = 4;
/// Entries of a matrix that is large: more than a second-level cache of 1 MiB holds of `f64`.
const LARGE: usize = 1 << 17;
/// Up to so many columns, to change A at every step costs less than to correct for what has not been applied.
const UNBLOCKED: usize = 128;

/// Elements of scratch for [`bidiagonalize`] of an `m x n` matrix.
pub(crate) const fn bidiagonalize_scratch_len(m: usize, n: usize) -> usize {
    max(sum(layout(m, n)), bidiagonalize_unblocked_scratch_len(m, min(n, UNBLOCKED)))
}

/// V and X, Y and U, the row, two short vectors, parts of a sum, and what products need.
const fn layout(m: usize, n: usize) -> [usize; 7] {
    let width = times(2, min(n, PANEL));
    [times(m, width), times(n, width), n, width, width, times(m, TASKS - 1), gemm_scratch_len(m, n, width)]
}

/// The parts of a reduction.
pub(crate) struct Bidiagonal<'a, T> {
    /// The diagonal of B, `n` elements.
    pub diagonal: &'a mut [T],
    /// The superdiagonal; its last element is zero.
    pub superdiagonal: &'a mut [T],
    /// The factors of the reflectors of Q, whose vectors are in A below the diagonal.
    pub left: &'a mut [T],
    /// The factors of the reflectors of P, whose vectors are in A right of the superdiagonal.
    pub right: &'a mut [T],
}

impl<T: Real> Bidiagonal<'_, T> {
    /// Multiplies row `k` of B by `2^exponent`.
    fn scale(&mut self, k: usize, exponent: i32) {
        if exponent != 0 {
            self.diagonal.put(k, self.diagonal.at(k).scale(exponent));
            self.superdiagonal.put(k, self.superdiagonal.at(k).scale(exponent));
        }
    }
}

/// Reduces A, `m x n` with `m >= n`, to upper bidiagonal form. A is overwritten with the reflectors.
///
/// About `8/3 n^3 + 4 (m - n) n^2` operations, half of them in matrix products.
pub(crate) fn bidiagonalize<T: Real>(
    a: &mut Columns<'_, T>,
    b: &mut Bidiagonal<'_, T>,
    execution: Execution,
    scratch: &mut [T],
) -> Result<(), Error> {
    let (m, n) = (a.rows(), a.cols());
    if n <= UNBLOCKED {
        return bidiagonalize_unblocked(a.as_mut(), b, execution.isa(), scratch);
    }
    let [p, q, row, short, other, sums, products] = split(scratch, layout(m, n))?;
    let panel = if n <= IN_CACHE { SHORT_PANEL } else { PANEL };
    let mut shift = 0;
    for start in (0..n).step_by(panel) {
        let steps = panel.min(n - start);
        shift += lift(execution.isa(), [a.as_mut().submatrix(start, start, m, n)]);
        let (rows, cols) = (m - start, n - start);
        let mut panel = Panel {
            start,
            isa: execution.isa(),
            parallelism: execution.parallelism,
            p: Columns::new(part(p, 0, rows * 2 * steps), rows, 2 * steps),
            q: Columns::new(part(q, 0, cols * 2 * steps), cols, 2 * steps),
            row,
            short,
            other,
            sums,
        };
        for j in 0..steps {
            panel.reduce_column(a, b, j);
            panel.reduce_row(a, b, j);
            b.scale(start + j, -shift);
        }
        let (p, q) =
            (panel.p.as_ref().submatrix(steps, 0, m, 2 * steps), panel.q.as_ref().submatrix(steps, 0, n, 2 * steps));
        let trailing = a.as_mut().submatrix(start + steps, start + steps, m, n);
        gemm(-T::ONE, p, q.t(), T::ONE, trailing, execution, products)?;
    }
    Ok(())
}

/// The reflections that the trailing part of A, from row and column `start`, does not have yet.
struct Panel<'a, T> {
    start: usize,
    isa: Isa,
    parallelism: Parallelism,
    /// Columns `v_0, x_0, v_1, x_1, ...`, so that the first `2 j` are those of `j` steps.
    p: Columns<'a, T>,
    /// Columns `y_0, u_0, y_1, u_1, ...`.
    q: Columns<'a, T>,
    row: &'a mut [T],
    short: &'a mut [T],
    other: &'a mut [T],
    sums: &'a mut [T],
}

/// Some columns of a pass.
struct Task<'a, T> {
    a: MatRef<'a, T>,
    y: &'a mut [T],
    row: &'a mut [T],
    w: &'a mut [T],
}

impl<T: Real> Panel<'_, T> {
    /// Brings column `j` up to date and makes it zero below the diagonal.
    fn reduce_column(&mut self, a: &mut Columns<'_, T>, b: &mut Bidiagonal<'_, T>, j: usize) {
        let k = self.start + j;
        let coefficients = part(self.short, 0, 2 * j);
        coefficients.iter_mut().enumerate().for_each(|(l, x)| *x = -self.q.at(j, l));
        let earlier = self.p.as_ref().submatrix(j, 0, self.p.rows(), 2 * j);
        let column = a.col_mut(k).get_mut(k..).unwrap_or_default();
        self.isa.add_columns(earlier, coefficients, column);
        b.left.put(k, reflector(self.isa, column));
        b.diagonal.put(k, column.at(0));
        put_reflector(self.p.col_mut(2 * j), j, column);
    }

    /// The pass over what is right of column `j`: finds `y`, row `j` and `x`, and makes the row zero right of the
    /// superdiagonal.
    fn reduce_row(&mut self, a: &mut Columns<'_, T>, b: &mut Bidiagonal<'_, T>, j: usize) {
        let (isa, k) = (self.isa, self.start + j);
        let (below, after) = (self.p.rows() - j - 1, self.q.rows() - j - 1);
        let (earlier, mut now) = self.p.split(2 * j);
        let (v, x) = now.pair_mut(0, 1);
        let (earlier_q, mut now_q) = self.q.split(2 * j);
        let (y, u) = now_q.pair_mut(0, 1);
        for column in [&mut *x, &mut *y, &mut *u] {
            column.fill(T::ZERO);
        }
        if after == 0 {
            b.right.put(k, T::ZERO);
            b.superdiagonal.put(k, T::ZERO);
            return;
        }
        let (v, x) = (v.get(j + 1..).unwrap_or_default(), part(x, j + 1, below));
        let (y, u) = (part(y, j + 1, after), part(u, j + 1, after));
        let row = part(self.row, 0, after);

        // What the earlier steps take from the products with `v`, and from the row.
        let coefficients = part(self.short, 0, 2 * j);
        let along_v = part(self.other, 0, 2 * j);
        isa.dot_columns(earlier.submatrix(j + 1, 0, below, 2 * j), v, along_v);
        for (l, (x, sum)) in coefficients.iter_mut().zip(along_v.iter_mut()).enumerate() {
            *sum += earlier.at(j, l);
            *x = -earlier.at(j, l);
        }
        let earlier_q = earlier_q.submatrix(j + 1, 0, after, 2 * j);
        isa.add_columns(earlier_q, along_v, y);
        row.fill(T::ZERO);
        isa.add_columns(earlier_q, coefficients, row);
        let trailing = a.as_ref().submatrix(k, k + 1, below + 1, after);
        if (below + 1) * after < LARGE {
            isa.reduce_columns(trailing, v, b.left.at(k), y, row, x);
        } else {
            let (sums, tau) = (part(self.sums, 0, (TASKS - 1) * below), b.left.at(k));
            sums.fill(T::ZERO);
            // A whole number of the groups of columns that a kernel takes.
            let width = after.div_ceil(TASKS).next_multiple_of(4).max(1);
            let outputs = y.chunks_mut(width).zip(row.chunks_mut(width));
            let sums_of_tasks = core::iter::once(&mut *x).chain(sums.chunks_mut(below.max(1)));
            let tasks = outputs.zip(sums_of_tasks).enumerate().map(|(i, ((y, row), w))| {
                let a = trailing.submatrix(0, i * width, below + 1, width);
                Task { a, y, row, w }
            });
            self.parallelism.run(tasks, |Task { a, y, row, w }| isa.reduce_columns(a, v, tau, y, row, w));
            sums.chunks(below.max(1)).for_each(|sum| isa.axpy(T::ONE, sum, x));
        }

        let first = row.at(0);
        let tau = reflector(isa, row);
        let beta = row.at(0);
        b.right.put(k, tau);
        b.superdiagonal.put(k, beta);
        for (l, x) in row.iter().enumerate() {
            a.put(k, k + 1 + l, *x);
        }
        if tau == T::ZERO {
            x.fill(T::ZERO);
            return;
        }
        put_reflector(u, 0, row);
        let beside = a.as_ref().submatrix(k + 1, k + 1, below, after);
        if beta.abs() > T::pow2(T::MIN_EXPONENT / 2) {
            isa.axpy(-beta, a.col(k + 1).get(k + 1..).unwrap_or_default(), x);
            isa.scale(T::ONE / (first - beta), x);
        } else {
            // The products with so small a row have underflowed.
            x.fill(T::ZERO);
            isa.add_columns(beside, u, x);
        }
        // What the earlier steps, and the reflection from the left, take from the products with `u`.
        let width = 2 * j + 1;
        let along_u = part(self.short, 0, width);
        let (done, rest) = self.q.split(width);
        isa.dot_columns(done.submatrix(j + 1, 0, after, width), rest.col(0).get(j + 1..).unwrap_or_default(), along_u);
        along_u.iter_mut().for_each(|x| *x = -*x);
        let (done, mut rest) = self.p.split(width);
        let x = part(rest.col_mut(0), j + 1, below);
        isa.add_columns(done.submatrix(j + 1, 0, below, width), along_u, x);
        isa.scale(tau, x);
    }
}

/// Writes the vector of a reflector, `reflector` without its first element, so that it starts with 1 at `start`, after zeros.
fn put_reflector<T: Real>(to: &mut [T], start: usize, reflector: &[T]) {
    let (above, v) = to.split_at_mut_checked(start).unwrap_or_default();
    above.fill(T::ZERO);
    v.iter_mut().zip(reflector).for_each(|(to, from)| *to = *from);
    v.put(0, T::ONE);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::householder::{Side, apply, apply_scratch_len};
    use crate::random::Uniform;
    use std::{vec, vec::Vec};

    /// Both reductions.
    fn verify<T: Real>(m: usize, n: usize, a: Vec<T>) {
        let mut scratch = vec![T::from_f64(f64::NAN); bidiagonalize_scratch_len(m, n)];
        verify_by(m, n, &a, |a, b| bidiagonalize(a, b, Execution::new(), &mut scratch).unwrap());
        let mut scratch = vec![T::from_f64(f64::NAN); bidiagonalize_unblocked_scratch_len(m, n)];
        verify_by(m, n, &a, |a, b| bidiagonalize_unblocked(a.as_mut(), b, Isa::best(), &mut scratch).unwrap());
    }

    /// `Q B P^T` from the reflectors, against A.
    fn verify_by<T: Real>(
        m: usize,
        n: usize,
        a: &[T],
        reduce: impl FnOnce(&mut Columns<'_, T>, &mut Bidiagonal<'_, T>),
    ) {
        let mut work = a.to_vec();
        let mut work = Columns::new(&mut work, m, n);
        let mut numbers = vec![vec![T::from_f64(f64::NAN); n]; 4];
        let [diagonal, superdiagonal, left, right] = numbers.get_disjoint_mut([0, 1, 2, 3]).unwrap();
        let mut b = Bidiagonal { diagonal, superdiagonal, left, right };
        reduce(&mut work, &mut b);
        // B P^T by rows of P B^T, then Q of that.
        let mut product = vec![T::ZERO; m * n];
        let mut product = Columns::new(&mut product, m, n);
        for j in 0..n {
            product.put(j, j, b.diagonal[j]);
            if j + 1 < n {
                product.put(j, j + 1, b.superdiagonal[j]);
            }
        }
        let mut scratch = vec![T::ZERO; apply_scratch_len(m.max(n), m.max(n), n)];
        let right = work.as_ref().t().submatrix(1, 0, n - 1, n - 1);
        let c = product.as_mut().t().submatrix(1, 0, n - 1, m);
        apply(Side::Forward, right, b.right, c, Execution::new(), &mut scratch).unwrap();
        apply(Side::Forward, work.as_ref(), b.left, product.as_mut(), Execution::new(), &mut scratch).unwrap();
        let norm = |x: &[T]| x.iter().map(|x| x.to_f64().powi(2)).sum::<f64>().sqrt();
        let difference: Vec<T> = product.as_mut_slice().iter().zip(a).map(|(x, y)| *x - *y).collect();
        let ratio = norm(&difference) / norm(a) / (m as f64 * T::EPSILON.to_f64());
        assert!(ratio < 8.0, "{m} x {n}: {ratio}");
    }

    /// In a block that is so small that products of its entries underflow, B keeps its digits.
    #[test]
    fn a_small_block_keeps_its_norm() {
        fn check<T: Real>(n: usize, reduce: impl Fn(&mut Columns<'_, T>, &mut Bidiagonal<'_, T>, &mut [T])) {
            let (mut uniform, small) = (Uniform::new(8), T::pow2(T::MIN_EXPONENT / 2 - 5));
            let (mut a, mut squares) = (vec![T::ZERO; n * n], 0.0);
            for (i, a) in a.iter_mut().enumerate() {
                let x: T = uniform.symmetric();
                match (i % n < 9, i / n < 9) {
                    (true, true) => *a = x,
                    (false, false) => (*a, squares) = (x * small, squares + x.to_f64().powi(2)),
                    _ => {}
                }
            }
            let mut numbers = vec![vec![T::ZERO; n]; 4];
            let [diagonal, superdiagonal, left, right] = numbers.get_disjoint_mut([0, 1, 2, 3]).unwrap();
            let mut b = Bidiagonal { diagonal, superdiagonal, left, right };
            let mut scratch =
                vec![T::ZERO; bidiagonalize_scratch_len(n, n).max(bidiagonalize_unblocked_scratch_len(n, n))];
            reduce(&mut Columns::new(&mut a, n, n), &mut b, &mut scratch);
            let sum = |x: &[T]| x.iter().skip(9).map(|x| (*x / small).to_f64().powi(2)).sum::<f64>();
            let ratio = (sum(b.diagonal) + sum(b.superdiagonal)) / squares;
            assert!((ratio - 1.0).abs() < 1000.0 * T::EPSILON.to_f64(), "{n}: {ratio}");
        }
        fn both<T: Real>(n: usize) {
            check::<T>(n, |a, b, scratch| bidiagonalize(a, b, Execution::new(), scratch).unwrap());
            check::<T>(n, |a, b, scratch| bidiagonalize_unblocked(a.as_mut(), b, Isa::best(), scratch).unwrap());
        }
        both::<f64>(140);
        both::<f32>(140);
    }

    #[test]
    fn the_product_of_the_factors_is_the_matrix() {
        for (m, n) in [
            (1, 1),
            (2, 2),
            (3, 2),
            (5, 5),
            (31, 31),
            (32, 32),
            (33, 33),
            (70, 65),
            (100, 3),
            (129, 100),
            (129, 129),
            (200, 131),
            (370, 366),
        ] {
            let mut uniform = Uniform::new(7);
            let a: Vec<f64> = (0..m * n).map(|_| uniform.symmetric()).collect();
            verify(m, n, a.clone());
            verify::<f32>(m, n, a.iter().map(|x| *x as f32).collect());
            // Rows and columns of every size, down to where products underflow.
            verify(
                m,
                n,
                a.iter().enumerate().map(|(i, x)| x * 10f64.powi(-((i % m * 7 + i / m * 11) as i32) % 300)).collect(),
            );
            verify(m, n, vec![1.0; m * n]);
        }
    }
}
