//! Non-negative least squares by coordinate descent, many rows at a time.
//!
//! Each row w of a factor W, given its row p of a product and the symmetric matrix G, is to minimize
//!
//! ```text
//! f(w) = 1/2 w G w^T - p w^T + l1 sum_j w_j + l2/2 sum_j w_j^2,      w >= 0
//! ```
//!
//! which is `1/2 |X - W H|^2` with its penalties for `G = H H^T` and the rows p of `X H^T`. A sweep minimizes exactly over
//! one entry after the other (Cichocki & Phan, IEICE E92-A, 2009):
//!
//! ```text
//! g_j = (w G)_j - p_j + l1 + l2 w_j        w_j <- max(0, w_j - g_j / (G_jj + l2))
//! ```
//!
//! The rows do not depend on each other: they lie in lanes, so that an entry of G is read once for all of them. The inner
//! products of a few entries are computed together, and what an entry changes in those after it is added to them. A row
//! comes to rest when a sweep changes it little, on its own, so that its result does not depend on the others either.

use super::lanes::{MOST_ROWS, read_rows, write_rows};
use super::simd::{Kernel, Simd};
use super::{Execution, Parallelism, pairwise};
use crate::columns::{Columns, Total};
use crate::error::Error;
use crate::real::Real;
use crate::scratch::{ALIGNMENT, aligned, split, sum, times};
use crate::view::{MatMut, MatRef};

/// Rows of a task.
const TASK: usize = 256;
/// The number of entries is filled up to a multiple of this, or of its half.
const UNIT: usize = 4;

/// A factor, and what its rows are to minimize.
#[derive(Debug)]
pub(crate) struct Descent<'a, 'g, T> {
    /// W, `m x k`.
    pub factor: MatMut<'a, T>,
    /// The rows p, `m x k`.
    pub product: MatRef<'a, T>,
    /// G, `k x k`.
    pub gram: &'a Columns<'g, T>,
    pub l1: T,
    pub l2: T,
    /// The bound on sweeps.
    pub sweeps: usize,
    /// A row is at rest when a sweep moves it by less than this part of the first sweep's distance.
    pub rest: T,
}

/// Elements of scratch for [`descend`] with `m` rows of `k` entries.
pub(crate) const fn descend_scratch_len(m: usize, k: usize) -> usize {
    sum(layout(m, k))
}

/// A sum for each task; G with its inverse diagonal; and the panels of one task.
const fn layout(m: usize, k: usize) -> [usize; 4] {
    let k = k.saturating_add(UNIT - 1) / UNIT * UNIT;
    [m.div_ceil(TASK), k, times(k, k), panels_len(k)]
}

const fn panels_len(k: usize) -> usize {
    times(2 * MOST_ROWS, k).saturating_add(ALIGNMENT)
}

/// Sweeps over every row until it is at rest, but no more often than the bound. Returns the sum over all entries of
/// the magnitude of the projected gradient that the first sweep met: of `g_j`, or of its negative part where `w_j` is 0.
///
/// `2 k^2` operations for a row and sweep.
pub(crate) fn descend<T: Real>(
    descent: Descent<'_, '_, T>,
    execution: Execution,
    memory: &mut [T],
) -> Result<T, Error> {
    let Descent { factor, product, gram, l1, l2, sweeps, rest } = descent;
    let k = gram.cols();
    let [sums, inverse, packed, panels] = split(memory, layout(factor.rows(), k))?;
    let filled =
        if execution.isa().run::<T, _>(Pairwise) { pack::<T, 2>(gram, packed) } else { pack::<T, UNIT>(gram, packed) };
    let inverse = inverse.get_mut(..filled).unwrap_or_default();
    for (j, inverse) in inverse.iter_mut().enumerate() {
        let curvature = if j < k { gram.at(j, j) + l2 } else { T::ZERO };
        *inverse = if curvature >= T::MIN_POSITIVE { T::ONE / curvature } else { T::ZERO };
    }
    let (inverse, packed) = (&*inverse, &*packed);
    let run = |factor: MatMut<'_, T>, first: usize, panels: &mut [T]| {
        let product = product.submatrix(first, 0, TASK, k);
        let rest = rest * rest;
        execution.isa().run(Sweeps { factor, product, packed, inverse, l1, l2, sweeps, rest, panels })
    };
    let mut left = factor;
    clear_without_curvature(left.rb(), product, inverse, l1);
    match execution.parallelism {
        Parallelism::One => {
            for (task, sum) in sums.iter_mut().enumerate() {
                let (rows, below) = left.split_rows(TASK);
                left = below;
                *sum = run(rows, task * TASK, panels);
            }
        }
        #[cfg(feature = "rayon")]
        Parallelism::Rayon => rayon::scope(|scope| {
            let run = &run;
            let len = panels.len();
            for (task, sum) in sums.iter_mut().enumerate() {
                let (rows, below) = left.split_rows(TASK);
                left = below;
                scope.spawn(move |_| *sum = run(rows, task * TASK, &mut std::vec![T::ZERO; len]));
            }
        }),
    }
    Ok(pairwise(sums.iter().copied()))
}

/// Where only `l1` tells what an entry is to be, as nothing depends on it but its own cost, it is zero.
fn clear_without_curvature<T: Real>(mut factor: MatMut<'_, T>, product: MatRef<'_, T>, inverse: &[T], l1: T) {
    for (j, inverse) in inverse.iter().enumerate().take(factor.cols()) {
        for i in (0..factor.rows()).take_while(|_| *inverse == T::ZERO) {
            if product.at(i, j) < l1 {
                factor.put(i, j, T::ZERO);
            }
        }
    }
}

/// Whether the entries go in pairs: where four vectors hold all lanes, or else in fours with two vectors. Either way there
/// are eight sums, as many as hide the latency of the additions and leave registers for the rest.
struct Pairwise;

impl<T: Real> Kernel<T> for Pairwise {
    type Output = bool;
    #[inline(always)]
    fn run<S: Simd<T>>(self, _: S) -> bool {
        4 * S::LANES == MOST_ROWS
    }
}

/// Copies G, filled up with zeros: `B` rows at a time, column after column. Returns the number of columns.
fn pack<T: Real, const B: usize>(gram: &Columns<'_, T>, packed: &mut [T]) -> usize {
    let k = gram.cols();
    let filled = k.next_multiple_of(B);
    let (places, _) = packed.as_chunks_mut::<B>();
    for (place, to) in places.iter_mut().enumerate() {
        let (block, l) = (place / filled.max(1), place % filled.max(1));
        for (b, to) in to.iter_mut().enumerate() {
            let j = block * B + b;
            *to = if j < k && l < k { gram.at(l, j) } else { T::ZERO };
        }
    }
    filled
}

/// The sweeps over the rows of one task.
struct Sweeps<'a, 'p, T> {
    factor: MatMut<'a, T>,
    product: MatRef<'a, T>,
    packed: &'p [T],
    inverse: &'p [T],
    l1: T,
    l2: T,
    sweeps: usize,
    /// The square of that in [`Descent`].
    rest: T,
    panels: &'p mut [T],
}

impl<T: Real> Kernel<T> for Sweeps<'_, '_, T> {
    type Output = T;
    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) -> T {
        let filled = self.inverse.len();
        let panels = core::mem::take(&mut self.panels);
        let (w, p) =
            aligned(panels, 2 * MOST_ROWS * filled).split_at_mut_checked(MOST_ROWS * filled).unwrap_or_default();
        // Entries that fill up stay zero.
        w.fill(T::ZERO);
        p.fill(T::ZERO);
        let mut sum = T::ZERO;
        for first in (0..self.factor.rows()).step_by(MOST_ROWS) {
            for lane in (0..MOST_ROWS).step_by(2 * S::LANES) {
                let (Some(w), Some(p)) = (w.get_mut(lane..), p.get_mut(lane..)) else { break };
                read_rows(simd, self.factor.as_ref(), first + lane, MOST_ROWS, w);
                read_rows(simd, self.product, first + lane, MOST_ROWS, p);
            }
            if 4 * S::LANES == MOST_ROWS {
                sum += self.strips::<S, 4, 2>(simd, w, p);
            } else {
                sum += self.strips::<S, 2, 4>(simd, w, p);
            }
            for lane in (0..MOST_ROWS).step_by(2 * S::LANES) {
                let Some(w) = w.get(lane..) else { break };
                write_rows(simd, w, MOST_ROWS, &mut self.factor, first + lane);
            }
        }
        sum
    }
}

impl<T: Real> Sweeps<'_, '_, T> {
    /// Sweeps over the rows in the lanes, `V` vectors of them at a time, `B` entries at a time.
    #[inline(always)]
    fn strips<S: Simd<T>, const V: usize, const B: usize>(&self, simd: S, w: &mut [T], p: &[T]) -> T {
        let mut total = T::ZERO;
        for lane in (0..MOST_ROWS).step_by(V * S::LANES) {
            total += self.strip::<S, V, B>(simd, w, p, lane);
        }
        total
    }

    #[inline(always)]
    fn strip<S: Simd<T>, const V: usize, const B: usize>(&self, simd: S, w: &mut [T], p: &[T], lane: usize) -> T {
        let filled = self.inverse.len();
        let (zero, one) = (simd.splat(T::ZERO), simd.splat(T::ONE));
        let (l1, l2, rest) = (simd.splat(self.l1), simd.splat(self.l2), simd.splat(self.rest));
        let panels = w.len().min(p.len()) >= MOST_ROWS * filled;
        if !panels || self.packed.len() < filled * filled || !filled.is_multiple_of(B) {
            debug_assert!(false, "the layout provides them");
            return T::ZERO;
        }
        let (w, p) = (w.as_mut_ptr().wrapping_add(lane), p.as_ptr().wrapping_add(lane));
        let (mut active, mut enough, mut gradients) = ([one; V], [zero; V], zero);
        for sweep in 0..self.sweeps {
            let mut moved = [zero; V];
            let mut start = 0;
            while start < filled {
                let gram = self.packed.as_ptr().wrapping_add(start * filled);
                let mut sums = [[zero; V]; B];
                for b in 0..B {
                    for v in 0..V {
                        // SAFETY: the panels have `filled` entries of MOST_ROWS lanes, of which V vectors from `lane` on.
                        let p = unsafe { simd.load_whole(p.add((start + b) * MOST_ROWS + v * S::LANES)) };
                        sums[b][v] = simd.sub(l1, p);
                    }
                }
                for l in 0..filled {
                    let mut x = [zero; V];
                    for v in 0..V {
                        // SAFETY: as above.
                        x[v] = unsafe { simd.load_whole(w.add(l * MOST_ROWS + v * S::LANES)) };
                    }
                    for b in 0..B {
                        // SAFETY: the packed matrix has `filled` columns of B numbers for these entries.
                        let entry = simd.splat(unsafe { *gram.add(l * B + b) });
                        for v in 0..V {
                            sums[b][v] = simd.mul_add(entry, x[v], sums[b][v]);
                        }
                    }
                }
                for b in 0..B {
                    let inverse = simd.splat(self.inverse.at(start + b));
                    for v in 0..V {
                        // SAFETY: as above.
                        let place = unsafe { w.add((start + b) * MOST_ROWS + v * S::LANES) };
                        // SAFETY: as above.
                        let old = unsafe { simd.load_whole(place) };
                        let gradient = simd.mul_add(l2, old, sums[b][v]);
                        let new = simd.max(simd.mul_sub_from(gradient, inverse, old), zero);
                        let new = simd.select_less(zero, active[v], new, old);
                        let step = simd.sub(new, old);
                        // SAFETY: as above.
                        unsafe { simd.store_whole(new, place) };
                        for other in b + 1..B {
                            // SAFETY: as above.
                            let entry = simd.splat(unsafe { *gram.add((start + b) * B + other) });
                            sums[other][v] = simd.mul_add(entry, step, sums[other][v]);
                        }
                        moved[v] = simd.mul_add(step, step, moved[v]);
                        if sweep == 0 {
                            let downhill = simd.max(simd.sub(zero, gradient), zero);
                            let projected = simd.select_less(zero, old, simd.abs(gradient), downhill);
                            gradients = simd.add(gradients, projected);
                        }
                    }
                }
                start += B;
            }
            let mut pending = false;
            for v in 0..V {
                pending |= simd.any_less(enough[v], moved[v]);
                active[v] = simd.select_less(enough[v], moved[v], one, zero);
                if sweep == 0 {
                    enough[v] = simd.mul(rest, moved[v]);
                }
            }
            if !pending {
                break;
            }
        }
        simd.sum(gradients)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Kernels, dot};
    use crate::random::Uniform;
    use proptest::prelude::*;
    use std::{vec, vec::Vec};

    fn random<T: Real>(len: usize, seed: u64) -> Vec<T> {
        let mut uniform = Uniform::new(seed);
        (0..len).map(|_| uniform.symmetric()).collect()
    }

    /// The Gram matrix of `k` random vectors.
    fn gram<T: Real>(k: usize, seed: u64) -> Vec<T> {
        let h: Vec<T> = random(k * (k + 3), seed);
        let row = |i: usize| &h[i * (k + 3)..(i + 1) * (k + 3)];
        (0..k * k).map(|at| dot(row(at / k), row(at % k))).collect()
    }

    fn executions() -> [Execution; 3] {
        [Execution::new(), Execution::new().kernels(Kernels::Reproducible), Execution::fastest()]
    }

    struct Problem<T> {
        m: usize,
        k: usize,
        product: Vec<T>,
        gram: Vec<T>,
        l1: T,
        l2: T,
    }

    impl<T: Real> Problem<T> {
        fn new(m: usize, k: usize, seed: u64) -> Self {
            let [l1, l2] = if seed.is_multiple_of(2) { [T::ZERO; 2] } else { [T::from_f64(0.1), T::from_f64(0.3)] };
            Problem { m, k, product: random(m * k, seed ^ 1), gram: gram(k, seed ^ 2), l1, l2 }
        }

        fn descend(&self, w: &mut [T], sweeps: usize, rest: f64, execution: Execution) -> T {
            let Problem { m, k, l1, l2, .. } = *self;
            let mut gram = self.gram.clone();
            let descent = Descent {
                factor: MatMut::packed(w, m, k),
                product: MatRef::packed(&self.product, m, k),
                gram: &Columns::new(&mut gram, k, k),
                l1,
                l2,
                sweeps,
                rest: T::from_f64(rest),
            };
            descend(descent, execution, &mut vec![T::from_f64(f64::NAN); descend_scratch_len(m, k)]).unwrap()
        }

        fn gradient(&self, w: &[T], j: usize) -> f64 {
            let at = |x: T| x.to_f64();
            let sum: f64 = (0..self.k).map(|l| at(w[l]) * at(self.gram[l * self.k + j])).sum();
            sum + at(self.l1) + at(self.l2) * at(w[j])
        }

        /// One sweep by the formula, in f64; returns the sum of the projected gradient.
        fn sweep(&self, w: &mut [f64]) -> f64 {
            let mut total = 0.0;
            for (row, p) in w.chunks_mut(self.k).zip(self.product.chunks(self.k)) {
                for j in 0..self.k {
                    let now: Vec<T> = row.iter().map(|x| T::from_f64(*x)).collect();
                    let g = self.gradient(&now, j) - p[j].to_f64();
                    total += if row[j] > 0.0 { g.abs() } else { (-g).max(0.0) };
                    row[j] = (row[j] - g / (self.gram[j * self.k + j].to_f64() + self.l2.to_f64())).max(0.0);
                }
            }
            total
        }
    }

    fn follows_the_formula<T: Real>(tolerance: f64) {
        for (m, k) in [(1, 1), (3, 2), (31, 5), (33, 8), (64, 13), (300, 17), (5, 40)] {
            for seed in [10, 11] {
                let problem = Problem::<T>::new(m, k, seed);
                let start: Vec<T> = random(m * k, seed ^ 3).into_iter().map(|x: T| x.max(T::ZERO)).collect();
                for execution in executions() {
                    let (mut w, mut expected) = (start.clone(), start.iter().map(|x| x.to_f64()).collect::<Vec<_>>());
                    for _ in 0..3 {
                        let told = problem.descend(&mut w, 1, 0.0, execution).to_f64();
                        let sum = problem.sweep(&mut expected);
                        assert!((told - sum).abs() <= tolerance * (1.0 + sum), "{m} x {k}: {told} for {sum}");
                        let off = w.iter().zip(&expected).map(|(w, e)| (w.to_f64() - e).abs()).fold(0.0, f64::max);
                        assert!(off < tolerance, "{m} x {k}, {execution:?}: {off:e}");
                    }
                    let mut three = start.clone();
                    problem.descend(&mut three, 3, 0.0, execution);
                    assert!(three == w, "three sweeps in one call");
                }
            }
        }
    }

    /// A row of H that is zero bounds nothing: what its entries cost makes them zero, and without cost they stay.
    #[test]
    fn entries_that_only_cost_are_zero() {
        for (l1, gain, expected) in [(0.5, 0.0, 0.0), (0.0, 0.0, 7.0), (0.5, 0.7, 7.0), (0.0, -0.1, 0.0)] {
            let (m, k) = (70, 5);
            let mut problem = Problem::<f64>::new(m, k, 40);
            problem.l1 = l1;
            (0..k).for_each(|j| (problem.gram[2 * k + j], problem.gram[j * k + 2]) = (0.0, 0.0));
            (0..m).for_each(|i| problem.product[i * k + 2] = gain);
            for execution in executions() {
                let mut w = vec![7.0; m * k];
                problem.descend(&mut w, 3, 0.0, execution);
                assert!((0..m).all(|i| w[i * k + 2] == expected), "{execution:?}, l1 {l1}");
                assert!(w.iter().all(|x| x.is_finite()));
            }
        }
    }

    #[test]
    fn a_sweep_is_the_formula() {
        follows_the_formula::<f64>(1e-10);
        follows_the_formula::<f32>(1e-2);
    }

    proptest! {
        /// Whatever the sweeps and the rest, a row has the same bits alone and among others, and many sweeps end where the
        /// projected gradient vanishes.
        #[test]
        fn rows_do_not_depend_on_each_other_and_find_their_minimum(m in 1usize..70, k in 1usize..12, seed: u64) {
            let problem = Problem::<f64>::new(m, k, seed);
            let start: Vec<f64> = random(m * k, seed ^ 3).into_iter().map(|x: f64| x.max(0.0)).collect();
            for execution in executions() {
                let mut all = start.clone();
                problem.descend(&mut all, 5, 0.2, execution);
                for i in 0..m {
                    let product = problem.product[i * k..(i + 1) * k].to_vec();
                    let (gram, l1, l2) = (problem.gram.clone(), problem.l1, problem.l2);
                    let mut row = start[i * k..(i + 1) * k].to_vec();
                    Problem { m: 1, k, product, gram, l1, l2 }.descend(&mut row, 5, 0.2, execution);
                    prop_assert!(row == all[i * k..(i + 1) * k]);
                }
                let mut last = start.clone();
                problem.descend(&mut last, 100_000, 1e-12, execution);
                let left = problem.descend(&mut last, 1, 0.0, execution);
                prop_assert!(left < 1e-6 * (m * k) as f64, "{left:e}");
            }
        }
    }
}
