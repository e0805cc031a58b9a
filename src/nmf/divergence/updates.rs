//! The sums that an update takes from X, and the divergence: by panels of rows, or of a sparse X by its stored entries.

use crate::alternating::{Pair, Rule, Updated, not_below_zero};
use crate::columns::Total;
use crate::error::{Error, Operand};
use crate::kernel::{Curvature, Out, QuotientRow, Quotients, gemm, gemm_scratch_len, max_abs};
use crate::operator::Entries;
use crate::range;
use crate::real::Real;
use crate::scratch::{max, min, split, sum, times};
use crate::view::{MatMut, MatRef};

use super::beta::Beta;

/// Entries of X, and of V, that are held at a time.
const PANEL: usize = 1 << 15;
/// Rows that they are at least.
const LEAST_ROWS: usize = 16;

/// What updates need beside the pair.
#[derive(Debug)]
pub(super) struct Updates<'a, T> {
    beta: Beta,
    /// What V is at least.
    floor: T,
    below: &'a mut [T],
    x_panel: &'a mut [T],
    v_panel: &'a mut [T],
    scratch: &'a mut [T],
}

/// Elements of memory for [`Updates`].
pub(super) const fn updates_len(m: usize, n: usize, k: usize) -> usize {
    sum(layout(m, n, k))
}

/// The denominators, panels of X and of V, and what products need.
const fn layout(m: usize, n: usize, k: usize) -> [usize; 4] {
    let products = max(gemm_scratch_len(m, n, k), max(gemm_scratch_len(m, k, n), gemm_scratch_len(n, k, m)));
    let panel = panel_len(m, n);
    [times(max(m, n), k), panel, panel, products]
}

/// Elements of a panel: whole rows, as many as stay in a second-level cache beside each other, but a few at least.
const fn panel_len(m: usize, n: usize) -> usize {
    max(min(times(m, n), PANEL), times(LEAST_ROWS, n))
}

impl<'a, T: Real> Updates<'a, T> {
    pub fn new<X: Entries<T>>(beta: Beta, pair: &Pair<'_, T, X>, memory: &'a mut [T]) -> Result<Self, Error> {
        let x = pair.data.operator();
        let [below, x_panel, v_panel, scratch] = split(memory, layout(x.rows(), x.cols(), pair.rank()))?;
        let largest = pair.data.largest.scale(-pair.data.exponent);
        let floor = if largest > T::ZERO { (largest * T::EPSILON).max(T::MIN_POSITIVE) } else { T::EPSILON };
        Ok(Updates { beta, floor, below, x_panel, v_panel, scratch })
    }

    /// The divergence of `2^exponent X` over that of X.
    pub fn unit(&self, exponent: i32) -> f64 {
        libm::exp2(f64::from(exponent) * self.beta.exponent())
    }

    /// X must have no zeros.
    pub fn refuse_zeros<X: Entries<T>>(&mut self, x: &X) -> Result<(), Error> {
        let n = x.cols();
        for i in 0..x.rows() {
            let row = scaled_row(x, i, 0, self.x_panel.get_mut(..n).unwrap_or_default());
            if let Some(col) = row.iter().position(|x| *x == T::ZERO) {
                return Err(Error::Zero { operand: Operand::A, row: i, col });
            }
        }
        Ok(())
    }

    /// The numerators, in the pair's product, and the denominators for W, or for H.
    fn terms<X: Entries<T>>(&mut self, pair: &mut Pair<'_, T, X>, for_w: bool) -> Result<(), Error> {
        let Updates { beta, floor, below, x_panel, v_panel, scratch } = self;
        let (x, k, execution, exponent) = (pair.data.operator(), pair.rank(), pair.execution, pair.data.exponent);
        let (m, n, isa, floor) = (x.rows(), x.cols(), execution.isa(), *floor);
        let lines = if for_w { m } else { n };
        let above = pair.product.get_mut(..lines * k).unwrap_or_default();
        let below = below.get_mut(..lines * k).unwrap_or_default();
        let simple = matches!(beta, Beta::KullbackLeibler);
        let h = MatRef::packed(pair.bt, n, k);
        if simple && x.sparse_row(0).is_some() {
            above.fill(T::ZERO);
            for (i, w) in pair.a.chunks(k.max(1)).enumerate() {
                let (columns, values) = x.sparse_row(i).unwrap_or_default();
                let out = if for_w {
                    Out::Row(above.get_mut(i * k..(i + 1) * k).unwrap_or_default())
                } else {
                    Out::Rows(above)
                };
                isa.run(QuotientRow { columns, values, exponent, w, ht: pair.bt, floor, out });
            }
        } else {
            if !for_w {
                above.fill(T::ZERO);
            }
            if !for_w && !simple {
                below.fill(T::ZERO);
            }
            let height = x_panel.len().checked_div(n).unwrap_or(m).max(1);
            for first in (0..m).step_by(height) {
                let rows = height.min(m - first);
                let w = MatRef::packed(pair.a, m, k).submatrix(first, 0, rows, k);
                let v_panel = v_panel.get_mut(..rows * n).unwrap_or_default();
                let x_panel = x_panel.get_mut(..rows * n).unwrap_or_default();
                gemm(T::ONE, w, h.t(), T::ZERO, MatMut::packed(v_panel, rows, n), execution, scratch)?;
                let products = if simple {
                    for (i, v) in v_panel.chunks_mut(n.max(1)).enumerate() {
                        let room = x_panel.get_mut(..n).unwrap_or_default();
                        isa.run(Quotients { x: scaled_row(x, first + i, exponent, room), v, floor });
                    }
                    [Some((&*v_panel, &mut *above)), None]
                } else {
                    x.copy_rows(first, MatMut::packed(x_panel, rows, n));
                    range::multiply(MatMut::packed(x_panel, rows * n, 1), -exponent);
                    beta.terms(x_panel, v_panel, floor);
                    [Some((&*x_panel, &mut *above)), Some((&*v_panel, &mut *below))]
                };
                for (panel, to) in products.into_iter().flatten() {
                    let panel = MatRef::packed(panel, rows, n);
                    let to = MatMut::packed(to, lines, k);
                    if for_w {
                        let to = to.submatrix(first, 0, rows, k);
                        gemm(T::ONE, panel, h, T::ZERO, to, execution, scratch)?;
                    } else {
                        gemm(T::ONE, panel.t(), w, T::ONE, to, execution, scratch)?;
                    }
                }
            }
        }
        if simple {
            let other = if for_w { &*pair.bt } else { &*pair.a };
            let (sums, rest) = below.split_at_mut_checked(k).unwrap_or_default();
            sum_rows(other, sums);
            rest.chunks_mut(k.max(1)).for_each(|row| row.iter_mut().zip(&*sums).for_each(|(to, sum)| *to = *sum));
        }
        if !for_w {
            x.sum(above)?;
            x.sum(below)?;
        }
        Ok(())
    }

    /// Updates a factor, 0 for W and 1 for H, under these penalties.
    pub fn update<X: Entries<T>>(
        &mut self,
        pair: &mut Pair<'_, T, X>,
        weights: [T; 2],
        side: usize,
    ) -> Result<Updated<T>, Error> {
        self.terms(pair, side == 0)?;
        let beta = self.beta;
        let factor = |above: T, below: T, quadratic: T| beta.factor(above, below, quadratic);
        let entries = if side == 0 { &mut *pair.a } else { &mut *pair.bt };
        let largest = max_abs(entries);
        let rule = Rule {
            above: pair.product,
            below: self.below,
            weights,
            curvature: Curvature::Within(if largest > T::ZERO { largest } else { T::ONE }),
            factor: if beta.divides(weights[1]) { None } else { Some(&factor) },
        };
        Ok(rule.apply(entries, pair.execution.isa()))
    }

    /// The divergence, and the size of X that it is compared with, on all machines.
    pub fn divergence<X: Entries<T>>(&mut self, pair: &mut Pair<'_, T, X>) -> Result<[f64; 2], Error> {
        let Updates { beta, floor, x_panel, v_panel, scratch, .. } = self;
        let (x, k, execution, exponent) = (pair.data.operator(), pair.rank(), pair.execution, pair.data.exponent);
        let (m, n, isa) = (x.rows(), x.cols(), execution.isa());
        let mut total = [0.0; 2];
        let mut add = |x: &[T], v: &[T]| {
            let [divergence, size] = beta.divergence(x, v, *floor, isa);
            total = [total[0] + divergence, total[1] + size];
        };
        let mut zeros = 0.0;
        if matches!(beta, Beta::KullbackLeibler) && x.sparse_row(0).is_some() {
            // A zero of X adds v: all v together, less those of the stored entries.
            for (i, w) in pair.a.chunks(k.max(1)).enumerate() {
                let (columns, values) = x.sparse_row(i).unwrap_or_default();
                let count = columns.len().min(values.len()).min(x_panel.len());
                let entries = x_panel.iter_mut().zip(v_panel.iter_mut()).take(count);
                for ((x, v), (j, value)) in entries.zip(columns.iter().zip(values)) {
                    let start = *j as usize * k;
                    *x = value.scale(-exponent);
                    *v = isa.dot(w, pair.bt.get(start..start + k).unwrap_or_default());
                    zeros -= v.max(*floor).to_f64();
                }
                let stored = |panel| <[T]>::get(panel, ..count).unwrap_or_default();
                add(stored(x_panel), stored(v_panel));
            }
            for j in 0..k {
                let sum = |factor: &[T]| factor.iter().skip(j).step_by(k.max(1)).fold(0.0, |sum, x| sum + x.to_f64());
                zeros += sum(pair.a) * sum(pair.bt);
            }
        } else {
            let h = MatRef::packed(pair.bt, n, k);
            let height = x_panel.len().checked_div(n).unwrap_or(m).max(1);
            for first in (0..m).step_by(height) {
                let rows = height.min(m - first);
                let w = MatRef::packed(pair.a, m, k).submatrix(first, 0, rows, k);
                let v_panel = v_panel.get_mut(..rows * n).unwrap_or_default();
                gemm(T::ONE, w, h.t(), T::ZERO, MatMut::packed(v_panel, rows, n), execution, scratch)?;
                for (i, v) in v_panel.chunks(n.max(1)).enumerate() {
                    add(scaled_row(x, first + i, exponent, x_panel.get_mut(..n).unwrap_or_default()), v);
                }
            }
        }
        let [divergence, size] = total;
        // Each in two parts, as T may have fewer digits; infinite beyond its range.
        let whole = [divergence + zeros, size];
        let parts = whole.map(T::from_f64);
        let rest = [0, 1]
            .map(|i| if parts.at(i).is_finite() { T::from_f64(whole.at(i) - parts.at(i).to_f64()) } else { T::ZERO });
        let mut sums = [parts.at(0), parts.at(1), rest.at(0), rest.at(1)];
        x.sum(&mut sums)?;
        let both = |i: usize| sums.at(i).to_f64() + sums.at(i + 2).to_f64();
        // The sums of V that cancel leave rounding.
        Ok([not_below_zero(both(0)), both(1).min(f64::MAX)])
    }
}

/// Row `i` of `2^-exponent X`: where it lies, or copied into `room`.
fn scaled_row<'r, T: Real, X: Entries<T>>(x: &'r X, i: usize, exponent: i32, room: &'r mut [T]) -> &'r [T] {
    if let Some(row) = x.dense_row(i).filter(|_| exponent == 0) {
        return row;
    }
    let n = room.len();
    x.copy_rows(i, MatMut::packed(room, 1, n));
    range::multiply(MatMut::packed(room, 1, n), -exponent);
    room
}

/// The sums of the columns of a matrix whose rows are as long as `sums`; in f64, as running sums of f32 stand still at
/// `2^24`.
fn sum_rows<T: Real>(rows: &[T], sums: &mut [T]) {
    const COLS: usize = 8;
    let k = sums.len().max(1);
    for (part, sums) in sums.chunks_mut(COLS).enumerate() {
        let mut totals = [0.0; COLS];
        for row in rows.chunks(k) {
            let row = row.get(part * COLS..).unwrap_or_default();
            totals.iter_mut().zip(row).for_each(|(total, x)| *total += x.to_f64());
        }
        sums.iter_mut().zip(totals).for_each(|(sum, total)| *sum = T::from_f64(total));
    }
}
