//! The squares of the singular values by the dqds algorithm.
//!
//! Fernando & Parlett ("Accurate singular values and differential qd algorithms", Numer. Math. 67, 1994); Parlett &
//! Marques ("An implementation of the dqds algorithm", Lin. Alg. Appl. 309, 2000). With `q_i = d_i^2` and `e_i` the square
//! of the superdiagonal, one transformation with shift `t` takes `B^T B - t I` to `B'^T B'` for a new bidiagonal B':
//!
//! ```text
//! a = q_0 - t
//! q'_i = a + e_i,   e'_i = e_i q_{i+1} / q'_i,   a <- a q_{i+1} / q'_i - t        i = 0 .. n - 2
//! q'_{n-1} = a
//! ```
//!
//! Nothing cancels but the shift: while no `a` is negative, which holds as long as the sum of the shifts is below the
//! smallest square, every square keeps its relative accuracy. A step costs one division, one product and two additions
//! in sequence; a rotation of implicit QR costs a root and a division, twice.
//!
//! That sequence is latency. The processor can run several of them at once, so each transformation is made with four
//! shifts, and the largest that leaves no `a` negative is taken. This is more than four guesses, because the others bound
//! the smallest square as well: a shift that fails is an upper bound; if only the last `a` is negative, `t + a` is a lower
//! bound, and an excellent one, and the block above the last row has no square below `t`.
//!
//! The guesses. With `z` the solution of `B^T B z = q_{n-1} e_{n-1}` (the last unit vector), for which `z_{n-1} = 1` and
//! `z_i^2 = z_{i+1}^2 e_i / q_i`, and `w = z_0^2 + ... + z_{n-2}^2`, the Rayleigh quotient and the residual of z are
//!
//! ```text
//! rho = q_{n-1} / (1 + w),    r = q_{n-1} sqrt(w) / (1 + w)
//! ```
//!
//! and, provided that z belongs to the smallest square, that is `rho - r^2 / (g - rho)` or more where the others are above
//! `g` (Temple), which the `a` of the transformation before estimate. Where w is large, or an `a` was smaller than the
//! last, the smallest square lives elsewhere, and fixed parts of the smallest `a` are tried.
//!
//! The last value is settled when its coupling is negligible to the rest as it stands: in `B B^T` the coupling squared is
//! `q_{n-1} e_{n-2}`, and it changes no square by more than `q_{n-1} e_{n-2} / gap` (Mathias, SIAM J. Matrix Anal. Appl. 19,
//! 1998), where the gap is known from a shift that failed at the last `a` only. The block above, as a part of `B B^T`, still
//! has `e_{n-2}` in its last diagonal entry (`tail`); the next transformation takes it in.
//!
//! Within a block `e_i` is negligible, without harm to the relative accuracy of any value, if it is below `eps^2` times the
//! `a` that it is added to (Demmel & Kahan, SIAM J. Sci. Stat. Comput. 11, 1990, criterion 1), below `eps^2` times the sum of
//! the shifts (which is part of every square), or, the last one, below `eps^2 q_{n-1}`.

use crate::columns::Total;
use crate::kernel::{Kernel, MOST_LANES, Simd, Twice};
use crate::real::Real;

/// Transformations for each value; 2 to 3 are usual, 8 the most seen.
const MAX_TRANSFORMATIONS: usize = 32;

/// Shifts tried at a time.
pub(super) const LANES: usize = 4;

/// What a transformation met, for each shift.
struct Outcome<T> {
    /// The last `a`.
    last: [T; LANES],
    /// The smallest `a`; the smallest but for the last; the smallest but for the last two.
    least: [[T; LANES]; 3],
    /// Whether all quotients were in range.
    exact: [bool; LANES],
}

/// Transformations with the shifts `t` of `(q, e)` into `(to_q, to_e)`, of one block: all `e` are positive. The results of
/// a shift hold if no `a` is negative and the quotients are in range.
#[inline(always)]
fn transform<T: Real, S: Simd<T>>(
    simd: S,
    q: &[T],
    e: &[T],
    t: [T; LANES],
    to_q: &mut [[T; LANES]],
    to_e: &mut [[T; LANES]],
) -> Outcome<T> {
    // Whole vectors, because parts of them go to memory and back more slowly.
    let lanes = |x: S::Vector| {
        let mut all = [T::ZERO; MOST_LANES];
        simd.store(x, &mut all);
        [all[0], all[1], all[2], all[3]]
    };
    let mut shifts = [T::ZERO; MOST_LANES];
    if let Some(first) = shifts.first_chunk_mut() {
        *first = t;
    }
    let shifts = simd.load(&shifts);
    let (first, q) = q.split_first().map_or((T::ZERO, q), |(first, q)| (*first, q));
    let mut a = simd.sub(simd.splat(first), shifts);
    let mut least = [a, simd.splat(T::MAX), simd.splat(T::MAX)];
    // A quotient that overflows leaves an `a` that is not finite, or a quotient that underflows.
    let mut smallest = simd.splat(T::ONE);
    let (flat_q, flat_e) = (to_q.as_flattened_mut(), to_e.as_flattened_mut());
    for i in 0..q.len().min(e.len()) {
        least[2] = least[1];
        least[1] = least[0];
        let e = simd.splat(e[i]);
        let sum = simd.add(a, e);
        let ratio = simd.div(simd.splat(q[i]), sum);
        // What a longer vector puts after its place, the next one overwrites.
        simd.store(sum, flat_q.get_mut(LANES * i..).unwrap_or_default());
        simd.store(simd.mul(e, ratio), flat_e.get_mut(LANES * i..).unwrap_or_default());
        a = simd.sub(simd.mul(a, ratio), shifts);
        least[0] = simd.select_less(a, least[0], a, least[0]);
        smallest = simd.select_less(ratio, smallest, ratio, smallest);
    }
    let (last, smallest) = (lanes(a), lanes(smallest));
    if let Some(to_q) = to_q.get_mut(q.len()) {
        *to_q = last;
    }
    let mut exact = [true; LANES];
    for l in 0..LANES {
        exact[l] = smallest[l] >= T::MIN_POSITIVE && last[l].is_finite();
    }
    Outcome { last, least: [lanes(least[0]), lanes(least[1]), lanes(least[2])], exact }
}

/// The transformation without a shift, where quotients are out of range: the results need not be, because `e` and `a` are at
/// most their sum.
#[inline(always)]
fn transform_safely<T: Real>(q: &[T], e: &[T], to_q: &mut [[T; LANES]], to_e: &mut [[T; LANES]]) {
    let (mut a, q) = q.split_first().map_or((T::ZERO, q), |(first, q)| (*first, q));
    for ((q, e), (to_q, to_e)) in q.iter().zip(e).zip(to_q.iter_mut().zip(to_e.iter_mut())) {
        let sum = a + *e;
        let ratio = *q / sum;
        to_q[0] = sum;
        if ratio >= T::MIN_POSITIVE && ratio <= T::MAX {
            to_e[0] = *e * ratio;
            a *= ratio;
        } else {
            to_e[0] = *q * (*e / sum);
            a = *q * (a / sum);
        }
    }
    if let Some(to_q) = to_q.get_mut(q.len()) {
        to_q[0] = a;
    }
}

/// A sum that keeps what rounding cuts off (Kahan), because thousands of shifts are added.
#[derive(Clone, Copy)]
struct Sum<T> {
    high: T,
    low: T,
}

impl<T: Real> Sum<T> {
    #[inline(always)]
    fn add(self, x: T) -> Self {
        let x = x + self.low;
        let (large, small) = if self.high > x { (self.high, x) } else { (x, self.high) };
        let high = large + small;
        Sum { high, low: small - (high - large) }
    }
}

/// What is known of the squares of a block, less the shifts so far.
#[derive(Clone, Copy)]
struct Known<T> {
    /// Bounds of the smallest.
    low: T,
    high: T,
    /// All but the last row and column have none below this.
    floor: T,
    /// They seem to have none below the first of these, all but the last two none below the second.
    others: [T; 2],
    /// How much of the interval between the bounds is doubtful.
    doubt: T,
}

impl<T: Real> Known<T> {
    const DOUBT: f64 = 0.3;

    #[inline(always)]
    fn nothing() -> Self {
        let zero = T::ZERO;
        Known { low: zero, high: zero, floor: zero, others: [zero; 2], doubt: T::from_f64(Self::DOUBT) }
    }

    /// For the block without its last row and column.
    #[inline(always)]
    fn shortened(self) -> Self {
        let doubt = self.doubt.max(T::from_f64(Self::DOUBT));
        Known { low: T::ZERO, high: self.others[0], floor: T::ZERO, others: [self.others[1], T::ZERO], doubt }
    }

    /// Ascending shifts to try, the first of them safe.
    #[inline(always)]
    fn candidates(self, q: &[T], e: &[T]) -> [T; LANES] {
        let part = T::from_f64;
        let last = q.last().copied().unwrap_or_default();
        let (mut w, mut term) = (T::ZERO, T::ONE);
        for (q, e) in q.iter().zip(e).rev() {
            term *= *e / *q;
            w += term;
            if term <= part(0.001) * w || w > T::ONE {
                break;
            }
        }
        let rho = last / (T::ONE + w);
        let g = self.others[0];
        let high = self.high.min(rho);
        if w > part(0.5) || g < rho || self.doubt > part(0.5) {
            let but = |doubt: T| self.low + (T::ONE - doubt) * (high - self.low);
            return [self.low, but(self.doubt.sqrt()), but(self.doubt), but(self.doubt * self.doubt)];
        }
        let r = rho * w.sqrt();
        let correction = (r * (r / (g - rho))).min(r).max(rho * T::EPSILON);
        let below =
            |times: f64, least: T| (rho - part(times) * correction).min(high * (T::ONE - T::EPSILON)).max(least);
        let one = below(1.5, self.low);
        let two = below(1.01, one);
        // The last probes for what is above the last row.
        [self.low, one, two, (part(0.5) * g).max(two)]
    }

    /// After a transformation, of whose shifts `t` that of `lane` was taken.
    #[inline(always)]
    fn learn(self, t: [T; LANES], lane: usize, outcome: &Outcome<T>) -> Self {
        let rounding = T::from_f64(4.0) * T::EPSILON;
        let taken = t.at(lane);
        let (mut low, mut high, mut floor) = (self.low - taken, outcome.least[0].at(lane), self.floor - taken);
        for l in lane + 1..LANES {
            let t = t.at(l);
            high = high.min(t - taken);
            if outcome.exact.at(l) && outcome.least[1].at(l) >= T::ZERO {
                low = low.max((t + outcome.last.at(l)) - taken - rounding * t);
                floor = floor.max(t - taken);
            }
        }
        let doubt = match lane {
            3 => self.doubt * self.doubt,
            2 => self.doubt,
            1 => self.doubt.sqrt(),
            _ if low > T::ZERO => self.doubt,
            _ => T::from_f64(0.75),
        };
        Known {
            low: (low * (T::ONE - rounding)).max(T::ZERO),
            high,
            floor,
            others: [outcome.least[1].at(lane), outcome.least[2].at(lane)],
            doubt: doubt.max(T::EPSILON),
        }
    }
}

/// The eigenvalues of the 2 x 2 block `q_0, e_0, q_1`, the larger one first.
#[inline(always)]
fn pair<T: Real>(q0: T, e0: T, q1: T) -> (T, T) {
    let (high, low) = if q1 > q0 { (q1, q0) } else { (q0, q1) };
    let half = T::from_f64(0.5) * ((high - low) + e0);
    // Their sum is high + low + e0 and their product high low; s is by how much the larger exceeds high + e0.
    let s = if half == T::ZERO {
        T::ZERO
    } else {
        let s = low * (e0 / half);
        if s <= half {
            low * (e0 / (half * (T::ONE + (T::ONE + s / half).sqrt())))
        } else {
            low * (e0 / (half + half.sqrt() * (half + s).sqrt()))
        }
    };
    let large = high + (s + e0);
    (large, if large > T::ZERO { low * (high / large) } else { T::ZERO })
}

/// Overwrites `q` with the squares of the singular values, in no order; false if the bound on transformations was met.
///
/// `q` and `e` hold the squares of the diagonal and the superdiagonal, all below a quarter of the largest number; `e` is
/// destroyed. `to_q` and `to_e` are memory of the same lengths.
///
/// A kernel because all shifts are one vector then, of four numbers at least. Nothing is fused, so the bits are the same with
/// any instructions.
pub(super) struct Squares<'a, T> {
    pub q: &'a mut [T],
    pub e: &'a mut [T],
    pub to_q: &'a mut [[T; LANES]],
    pub to_e: &'a mut [[T; LANES]],
}

impl<T: Real> Kernel<T> for Squares<'_, T> {
    type Output = bool;
    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) -> bool {
        let Squares { q, e, to_q, to_e } = self;
        let n = q.len();
        let tolerance = T::EPSILON * T::EPSILON * T::from_f64(64.0);
        let mut left = MAX_TRANSFORMATIONS * n;
        let mut end = n;
        while end > 0 {
            // The block ends at `end`. Where a block was cut off above another, `e` keeps the negative sum of its shifts.
            let mut sigma = Sum { high: if end < n { -e.at(end - 1) } else { T::ZERO }, low: T::ZERO };
            let mut start = (1..end).rev().find(|&i| e.at(i - 1) <= T::ZERO).unwrap_or(0);
            let mut known = Known::nothing();
            let mut tail = T::ZERO;
            let (mut turn, mut may_be_cut) = (true, true);
            while start < end {
                if end - start == 1 {
                    q.put(start, sigma.add(q.at(start) + tail).high);
                    end = start;
                    continue;
                }
                if tail == T::ZERO {
                    let (last, above) = (q.at(end - 1), e.at(end - 2));
                    let allowed = sigma.high * T::EPSILON * T::from_f64(0.25);
                    let gap = known.floor - last;
                    let small = above <= tolerance * (sigma.high + last);
                    if small || (gap > T::ZERO && last * (above / gap) <= allowed) {
                        q.put(end - 1, sigma.add(last).high);
                        end -= 1;
                        tail = if small { T::ZERO } else { above };
                        known = known.shortened();
                        turn = true;
                        continue;
                    }
                    if end - start == 2 || e.at(end - 3) <= tolerance * sigma.high {
                        let (large, small) = pair(q.at(end - 2), above, last);
                        q.put(end - 2, sigma.add(large).high);
                        q.put(end - 1, sigma.add(small).high);
                        end -= 2;
                        known = known.shortened().shortened();
                        turn = true;
                        continue;
                    }
                }
                // A cut within the block: go on with what is below it.
                let places = if may_be_cut { start + 1..end } else { 0..0 };
                if let Some(cut) = places.rev().find(|&i| e.at(i - 1) <= tolerance * sigma.high) {
                    e.put(cut - 1, -sigma.high);
                    start = cut;
                    known = Known::nothing();
                    turn = true;
                    continue;
                }
                let (block_q, block_e) =
                    (q.get_mut(start..end).unwrap_or_default(), e.get_mut(start..end - 1).unwrap_or_default());
                if turn && tail == T::ZERO {
                    turn = false;
                    if block_q.last() > block_q.first() {
                        // Values are found from the bottom; the reversed block has the same ones.
                        block_q.reverse();
                        block_e.reverse();
                        known = Known { floor: T::ZERO, others: [T::ZERO; 2], ..known };
                    }
                }

                if left == 0 {
                    return false;
                }
                left -= 1;
                let (to_q, to_e) = (
                    to_q.get_mut(..block_q.len()).unwrap_or_default(),
                    to_e.get_mut(..block_e.len()).unwrap_or_default(),
                );
                let t = known.candidates(block_q, block_e);
                let outcome = if S::LANES < LANES {
                    transform(Twice(Twice(simd)), block_q, block_e, t, to_q, to_e)
                } else {
                    transform(simd, block_q, block_e, t, to_q, to_e)
                };
                let success = (0..LANES).rev().find(|&l| outcome.exact.at(l) && outcome.least[0].at(l) >= T::ZERO);
                if success.is_none() {
                    transform_safely(block_q, block_e, to_q, to_e);
                }
                let lane = success.unwrap_or(0);
                if success.is_some() {
                    sigma = sigma.add(t.at(lane));
                }
                // So that the compiler sees that it is below LANES.
                let place = lane % LANES;
                let mut least = T::MAX;
                for ((e, to_e), to_q) in block_e.iter_mut().zip(to_e.iter()).zip(to_q.iter()) {
                    *e = if *e <= tolerance * to_q[place] { -sigma.high } else { to_e[place] };
                    least = if *e < least { *e } else { least };
                }
                may_be_cut = least <= tolerance * sigma.high;
                block_q.iter_mut().zip(to_q.iter()).for_each(|(q, to)| *q = to[place]);
                if let Some(last) = block_q.last_mut() {
                    *last += tail;
                }
                tail = T::ZERO;
                if success.is_none() {
                    known = Known::nothing();
                    continue;
                }
                known = known.learn(t, lane, &outcome);
            }
        }
        true
    }
}
