//! The entries of X over those of an approximation, as the Kullback-Leibler divergence wants them.

use super::simd::{Kernel, Simd};
use crate::real::Real;

/// `v <- x / max(v, floor)`
pub(crate) struct Quotients<'a, T> {
    pub x: &'a [T],
    pub v: &'a mut [T],
    pub floor: T,
}

impl<T: Real> Kernel<T> for Quotients<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let floor = simd.splat(self.floor);
        let count = self.x.len().min(self.v.len());
        let mut i = 0;
        while i < count {
            let (Some(x), Some(v)) = (self.x.get(i..count), self.v.get_mut(i..count)) else { break };
            simd.store(simd.div(simd.load(x), simd.max(simd.load(v), floor)), v);
            i += S::LANES;
        }
    }
}

/// A row of a sparse X, `x_j` for some j, with its row w of W, and H^T.
pub(crate) struct QuotientRow<'a, T> {
    pub columns: &'a [u32],
    pub values: &'a [T],
    /// X is `2^exponent` times what is worked with.
    pub exponent: i32,
    pub w: &'a [T],
    /// `n x k`, row after row.
    pub ht: &'a [T],
    pub floor: T,
    pub out: Out<'a, T>,
}

/// Where the quotients `q_j = x_j / max(w . h_j, floor)` go.
pub(crate) enum Out<'a, T> {
    /// This gains `sum_j q_j h_j`.
    Row(&'a mut [T]),
    /// Row `j` of this gains `q_j w`.
    Rows(&'a mut [T]),
}

impl<T: Real> Kernel<T> for QuotientRow<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let k = self.w.len();
        for p in 0..self.columns.len().min(self.values.len()) {
            let start = self.columns[p] as usize * k;
            let Some(h) = self.ht.get(start..start + k) else { break };
            let mut product = simd.splat(T::ZERO);
            let mut i = 0;
            while i < k {
                let (Some(w), Some(h)) = (self.w.get(i..), h.get(i..)) else { break };
                product = simd.mul_add(simd.load(w), simd.load(h), product);
                i += S::LANES;
            }
            let x = if self.exponent == 0 { self.values[p] } else { self.values[p].scale(-self.exponent) };
            let quotient = simd.splat(x / simd.sum(product).max(self.floor));
            let (from, to) = match &mut self.out {
                Out::Row(sum) => (h, &mut **sum),
                Out::Rows(rows) => (self.w, rows.get_mut(start..start + k).unwrap_or_default()),
            };
            let mut i = 0;
            while i < k {
                let (Some(from), Some(to)) = (from.get(i..k), to.get_mut(i..)) else { break };
                simd.store(simd.mul_add(quotient, simd.load(from), simd.load(to)), to);
                i += S::LANES;
            }
        }
    }
}
