//! A sweep of plane rotations over a few columns that stay in the first-level cache.
//!
//! Two columns become orthogonal by the rotation with the sine s and h, the tangent of half the angle (`angles.rs`):
//!
//! ```text
//! p += s (q - h p),  q -= s (p + h q)
//! ```
//!
//! `1 - s h` is the cosine c. Written this way, the rotation is orthogonal to within the rounding of its results. With c,
//! which rounds to one for most of the last rotations, both columns would grow each time.
//!
//! The chain from the inner product to `h` takes a division and three roots, some hundred cycles. So pairs are visited in
//! rounds, no column twice in a round: first all inner products of a round, then all angles, in vectors with as many
//! pairs as lanes, then all rotations.

use super::angles::{Angles, Found, angles};
use super::simd::{Isa, Kernel, Simd};
use crate::columns::Total;
use crate::real::Real;

/// Most pairs that are taken at once: a multiple of the lanes of every vector.
const MOST_PAIRS: usize = 64;

/// Which pairs a sweep visits, each once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pairs {
    /// Every two columns.
    All,
    /// One column among this many first ones, the other among the rest.
    Across(usize),
}

impl Pairs {
    /// The number of rounds for `n` columns, and of places for a pair in a round.
    #[inline(always)]
    fn rounds(self, n: usize) -> (usize, usize) {
        match self {
            Pairs::All => ((n + n % 2).saturating_sub(1), n.div_ceil(2)),
            Pairs::Across(first) => {
                let longer = first.max(n.saturating_sub(first));
                (longer, longer)
            }
        }
    }

    /// The pair of a place; a column beyond `n` if there is none.
    ///
    /// Of all pairs by the circle method: the last column stays, the others turn.
    #[inline(always)]
    fn at(self, n: usize, rounds: usize, round: usize, slot: usize) -> (usize, usize) {
        let turned = |x: usize| if x >= rounds { x - rounds } else { x };
        match self {
            Pairs::All if slot == 0 => (round, rounds),
            Pairs::All => (turned(round + slot), turned(round + rounds - slot)),
            Pairs::Across(first) => (if slot < first { slot } else { n }, first + turned(round + slot)),
        }
    }
}

/// Where the inner product of two columns comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Inner {
    /// `x_p . x_q`
    Columns,
    /// A column holds `h_q = G z_q`, then `z_q`, for a Gram matrix G: `z_p . h_q = z_p^T G z_q`.
    Gram,
}

impl Isa {
    /// Rotates the pairs of columns whose cosine exceeds the tolerance. `columns` holds as many of equal length as there
    /// are `squares`, their squared norms, which are kept up to date.
    pub(crate) fn rotate_pairs<T: Real>(
        self,
        columns: &mut [T],
        squares: &mut [T],
        pairs: Pairs,
        inner: Inner,
        tolerance: T,
    ) -> Found<T> {
        let Some(len) = columns.len().checked_div(squares.len()) else { return Found::NOTHING };
        self.run(Rotations { columns, len, squares, pairs, inner, tolerance })
    }
}

struct Rotations<'a, T> {
    columns: &'a mut [T],
    len: usize,
    squares: &'a mut [T],
    pairs: Pairs,
    inner: Inner,
    tolerance: T,
}

impl<T: Real> Kernel<T> for Rotations<'_, T> {
    type Output = Found<T>;
    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) -> Found<T> {
        let n = self.squares.len();
        let (rounds, slots) = self.pairs.rounds(n);
        let mut found = [simd.splat(T::ZERO); 2];
        let mut group = Disjoint::new();
        for round in 0..rounds {
            for slot in 0..slots {
                let (p, q) = self.pairs.at(n, rounds, round, slot);
                if p.max(q) < n {
                    group.places[group.count % MOST_PAIRS] = (p.min(q), p.max(q));
                    group.count += 1;
                }
                if group.count == MOST_PAIRS || slot + 1 == slots {
                    self.rotate(simd, &mut group, &mut found);
                    group.count = 0;
                }
            }
        }
        let [cosines, changes] = found;
        Found { cosines: simd.sum(cosines), changes: simd.sum(changes) }
    }
}

/// Pairs without a common column, and their numbers.
struct Disjoint<T> {
    places: [(usize, usize); MOST_PAIRS],
    count: usize,
    products: [T; MOST_PAIRS],
    /// Squared norms before, then after the rotation.
    firsts: [T; MOST_PAIRS],
    seconds: [T; MOST_PAIRS],
    sines: [T; MOST_PAIRS],
    halves: [T; MOST_PAIRS],
}

impl<T: Real> Disjoint<T> {
    #[inline(always)]
    fn new() -> Self {
        let (zeros, ones) = ([T::ZERO; MOST_PAIRS], [T::ONE; MOST_PAIRS]);
        let places = [(0, 0); MOST_PAIRS];
        Disjoint { places, count: 0, products: zeros, firsts: ones, seconds: ones, sines: zeros, halves: zeros }
    }

    /// The angles of the pairs from `start` on that fill a vector; adds to the sums of [`Found`].
    #[inline(always)]
    fn angles<S: Simd<T>>(&mut self, simd: S, start: usize, tolerance: T, found: &mut [S::Vector; 2]) {
        if start + S::LANES > MOST_PAIRS {
            return;
        }
        // SAFETY: a vector follows `start` in each array.
        let (a, b, g) = unsafe {
            let load = |from: *const T| simd.load_whole(from.add(start));
            (load(self.firsts.as_ptr()), load(self.seconds.as_ptr()), load(self.products.as_ptr()))
        };
        let Angles { sine, half, step } = angles(simd, [a, b, g], tolerance, found);
        // SAFETY: as above.
        unsafe {
            let store = |x, to: *mut T| simd.store_whole(x, to.add(start));
            store(simd.add(a, step), self.firsts.as_mut_ptr());
            store(simd.sub(b, step), self.seconds.as_mut_ptr());
            store(sine, self.sines.as_mut_ptr());
            store(half, self.halves.as_mut_ptr());
        }
    }
}

impl<T: Real> Rotations<'_, T> {
    #[inline(always)]
    fn rotate<S: Simd<T>>(&mut self, simd: S, group: &mut Disjoint<T>, found: &mut [S::Vector; 2]) {
        let count = MOST_PAIRS.min(group.count);
        for i in 0..count {
            let (p, q) = group.places[i];
            group.products[i] = self.product(simd, p, q);
            (group.firsts[i], group.seconds[i]) = (self.squares.at(p), self.squares.at(q));
        }
        let mut start = 0;
        while start < count {
            // The lanes without a pair find columns that are orthogonal.
            for i in count.max(start)..MOST_PAIRS.min(start + S::LANES) {
                group.products[i] = T::ZERO;
            }
            group.angles(simd, start, self.tolerance, found);
            start += S::LANES;
        }
        for i in 0..count {
            let ((p, q), s) = (group.places[i], group.sines[i]);
            if s != T::ZERO {
                let (x, y) = pair(self.columns, self.len, p, q);
                combine(simd, x, y, s, group.halves[i]);
                self.update(simd, p, group.firsts[i]);
                self.update(simd, q, group.seconds[i]);
            }
        }
    }

    /// The new squared norm of column `j`, which is computed afresh where the update has cancelled.
    #[inline(always)]
    fn update<S: Simd<T>>(&mut self, simd: S, j: usize, square: T) {
        let cancelled = square <= T::from_f64(0.01) * self.squares.at(j);
        self.squares.put(j, if cancelled { self.product(simd, j, j).max(T::ZERO) } else { square });
    }

    /// The inner product of columns `p` and `q`.
    #[inline(always)]
    fn product<S: Simd<T>>(&self, simd: S, p: usize, q: usize) -> T {
        let (x, y) = (column(self.columns, self.len, p), column(self.columns, self.len, q));
        match self.inner {
            Inner::Columns => dot(simd, x, y),
            Inner::Gram => {
                let half = self.len / 2;
                dot(simd, x.get(half..).unwrap_or_default(), y.get(..half).unwrap_or_default())
            }
        }
    }
}

#[inline(always)]
fn column<T>(columns: &[T], len: usize, j: usize) -> &[T] {
    columns.get(j * len..(j + 1) * len).unwrap_or_default()
}

/// Columns `p < q`, both to write.
#[inline(always)]
fn pair<T>(columns: &mut [T], len: usize, p: usize, q: usize) -> (&mut [T], &mut [T]) {
    let Some((before, from_q)) = columns.split_at_mut_checked(q * len) else { return (&mut [], &mut []) };
    (before.get_mut(p * len..(p + 1) * len).unwrap_or_default(), from_q.get_mut(..len).unwrap_or_default())
}

/// `x . y` in two running sums.
#[inline(always)]
fn dot<S: Simd<T>, T: Real>(simd: S, x: &[T], y: &[T]) -> T {
    let len = x.len().min(y.len());
    let (x, y) = (x.as_ptr(), y.as_ptr());
    let mut sums = [simd.splat(T::ZERO); 2];
    let mut i = 0;
    while i + 2 * S::LANES <= len {
        // SAFETY: `i + 2 LANES <= len`.
        unsafe {
            sums[0] = simd.mul_add(simd.load_whole(x.add(i)), simd.load_whole(y.add(i)), sums[0]);
            let next = i + S::LANES;
            sums[1] = simd.mul_add(simd.load_whole(x.add(next)), simd.load_whole(y.add(next)), sums[1]);
        }
        i += 2 * S::LANES;
    }
    if i + S::LANES <= len {
        // SAFETY: `i + LANES <= len`.
        sums[0] = unsafe { simd.mul_add(simd.load_whole(x.add(i)), simd.load_whole(y.add(i)), sums[0]) };
        i += S::LANES;
    }
    if i < len {
        // SAFETY: `len - i` elements follow.
        sums[1] =
            unsafe { simd.mul_add(simd.load_part(x.add(i), len - i), simd.load_part(y.add(i), len - i), sums[1]) };
    }
    simd.sum(simd.add(sums[0], sums[1]))
}

/// `(x, y) += (s (y - h x), -s (x + h y))`
#[inline(always)]
fn combine<S: Simd<T>, T: Real>(simd: S, x: &mut [T], y: &mut [T], s: T, h: T) {
    let (s, h) = (simd.splat(s), simd.splat(h));
    let len = x.len().min(y.len());
    let (x, y) = (x.as_mut_ptr(), y.as_mut_ptr());
    let mut i = 0;
    while i + S::LANES <= len {
        // SAFETY: `i + LANES <= len`.
        unsafe {
            let (x, y) = (x.add(i), y.add(i));
            let (old_x, old_y) = (simd.load_whole(x), simd.load_whole(y));
            let (step_x, step_y) = (simd.mul_sub_from(h, old_x, old_y), simd.mul_add(h, old_y, old_x));
            simd.store_whole(simd.mul_add(s, step_x, old_x), x);
            simd.store_whole(simd.mul_sub_from(s, step_y, old_y), y);
        }
        i += S::LANES;
    }
    if i < len {
        // SAFETY: `len - i` elements follow.
        unsafe {
            let (x, y, rest) = (x.add(i), y.add(i), len - i);
            let (old_x, old_y) = (simd.load_part(x, rest), simd.load_part(y, rest));
            let (step_x, step_y) = (simd.mul_sub_from(h, old_x, old_y), simd.mul_add(h, old_y, old_x));
            simd.store_part(simd.mul_add(s, step_x, old_x), x, rest);
            simd.store_part(simd.mul_sub_from(s, step_y, old_y), y, rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Uniform;
    use std::collections::BTreeSet;
    use std::{vec, vec::Vec};

    #[test]
    fn every_pair_is_visited_once_and_no_column_twice_in_a_round() {
        for n in 0..12 {
            for first in 0..=n + 1 {
                let across = first <= n;
                let pairs = if across { Pairs::Across(first) } else { Pairs::All };
                let (rounds, slots) = pairs.rounds(n);
                let mut visited = BTreeSet::new();
                for round in 0..rounds {
                    let mut taken = BTreeSet::new();
                    for (p, q) in (0..slots).map(|slot| pairs.at(n, rounds, round, slot)) {
                        if p.max(q) < n {
                            assert!(taken.insert(p) && taken.insert(q), "{pairs:?} of {n}: {p}, {q}");
                            assert!(visited.insert((p.min(q), p.max(q))), "{pairs:?} of {n}: {p}, {q}");
                        }
                    }
                }
                let expected = if across { first * (n - first) } else { n * n.saturating_sub(1) / 2 };
                assert_eq!(visited.len(), expected, "{pairs:?} of {n}");
            }
        }
    }

    /// On the columns themselves and on their Gram matrix, with every instruction set, for lengths with and without a rest.
    #[test]
    fn sweeps_make_columns_orthogonal_and_keep_their_span() {
        fn check<T: Real>() {
            for isa in Isa::all() {
                for (m, n) in [(1, 1), (3, 2), (8, 8), (21, 7), (40, 19)] {
                    let mut uniform = Uniform::new(9);
                    let mut x: Vec<T> = (0..m * n).map(|_| uniform.symmetric()).collect();
                    let column = |x: &[T], j: usize| x[j * m..(j + 1) * m].to_vec();
                    let product = |x: &[T], i, j| isa.dot(&column(x, i), &column(x, j));
                    let before = x.clone();
                    let mut stack = vec![T::ZERO; 2 * n * n];
                    for j in 0..n {
                        (0..n).for_each(|i| stack[2 * n * j + i] = product(&x, i, j));
                        stack[2 * n * j + n + j] = T::ONE;
                    }
                    let mut squares: Vec<T> = (0..n).map(|j| product(&x, j, j)).collect();
                    let mut same = squares.clone();
                    let tolerance = T::EPSILON * T::from_usize(m);
                    for _ in 0..8 {
                        isa.rotate_pairs(&mut x, &mut squares, Pairs::All, Inner::Columns, tolerance);
                        isa.rotate_pairs(&mut stack, &mut same, Pairs::All, Inner::Gram, tolerance);
                    }
                    let allowed = T::from_f64(1e3) * T::EPSILON;
                    for j in 0..n {
                        assert!((squares[j] - product(&x, j, j)).abs() <= allowed * squares[j], "{isa:?} {m} x {n}");
                        for i in 0..j {
                            let cosine = product(&x, i, j) / (squares[i] * squares[j]).sqrt();
                            assert!(cosine.abs() <= allowed, "{isa:?} {m} x {n}");
                        }
                        // X Z for the Z of the Gram matrix has the norms that the sweep says.
                        let z = &stack[2 * n * j + n..2 * n * (j + 1)];
                        let mut sum = vec![T::ZERO; m];
                        (0..n).for_each(|i| isa.axpy(z[i], &column(&before, i), &mut sum));
                        assert!(
                            (isa.dot(&sum, &sum) - same[j]).abs() <= allowed * same[j].max(T::ONE),
                            "{isa:?} {m} x {n}"
                        );
                    }
                }
            }
        }
        check::<f32>();
        check::<f64>();
    }

    /// Of two nearly parallel columns a rotation leaves one that is short, whose norm no update knows.
    #[test]
    fn a_norm_that_cancels_is_computed_afresh() {
        fn check<T: Real>(distance: f64) {
            for isa in Isa::all() {
                let mut uniform = Uniform::new(11);
                let first: Vec<T> = (0..40).map(|_| uniform.symmetric()).collect();
                let near = first.iter().map(|x| *x + T::from_f64(distance) * uniform.symmetric());
                let mut x: Vec<T> = first.iter().copied().chain(near).collect();
                let norm = |x: &[T], j: usize| isa.dot(&x[40 * j..40 * (j + 1)], &x[40 * j..40 * (j + 1)]);
                let mut squares = [norm(&x, 0), norm(&x, 1)];
                isa.rotate_pairs(&mut x, &mut squares, Pairs::All, Inner::Columns, T::EPSILON);
                for j in 0..2 {
                    let error = ((squares[j] - norm(&x, j)) / norm(&x, j)).abs();
                    assert!(error <= T::from_f64(100.0) * T::EPSILON, "{isa:?}, column {j}: off by {error}");
                }
            }
        }
        check::<f64>(1e-6);
        check::<f32>(1e-3);
    }
}
