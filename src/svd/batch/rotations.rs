//! Sweeps of rotations that make the columns of every lane's matrix orthogonal.
//!
//! For columns p and q let `d = |p|^2 - |q|^2`, `g = 2 p . q`, `h = sqrt(d^2 + g^2)`. The rotation that makes them
//! orthogonal and p the longer one is the leading eigenvector of their Gram matrix:
//!
//! ```text
//! (c, s) = (h + |d|, g) / sqrt((h + |d|)^2 + g^2) if d >= 0, with the two exchanged if d < 0
//! p <- c p + s q,  q <- c q - s p
//! ```
//!
//! Nothing cancels, and the order settles by itself (de Rijk, SISC 10, 1989). Only the second root must be accurate, so
//! that `c^2 + s^2 = 1`; half the digits of h leave that part of the cosine, and the last rotation finds one that is at
//! most `sqrt(eps)`. The three inner products are scaled by a power of two first, so that the squares stay in the range;
//! they are formed afresh for each pair, which for columns this short costs less than the roots.
//!
//! A matrix is done after a sweep that found no cosine above `eps sqrt(m)`, or none above the root of that, about, and
//! no rotation by a larger sine, which quadratic convergence makes the last. (An exchange of columns is such a rotation:
//! they then miss some of the others in this sweep.) From then on its rotations are masked out. So its bits do not
//! depend on the other lanes, nor on its place.
//!
//! Of two parallel columns a rotation leaves rounding errors, parallel again, and so on. What has become as short as the
//! errors of the rotations that it went through counts as zero.

use super::BATCH_MAX;
use super::lanes::{Column, Columns, Shape};
use crate::kernel::Simd;
use crate::real::Real;

/// The most pairs of columns.
const MOST_PAIRS: usize = BATCH_MAX * (BATCH_MAX - 1) / 2;

/// For each number of columns their pairs.
const PAIRS: [[[usize; 2]; MOST_PAIRS]; BATCH_MAX + 1] = {
    let mut all = [[[0; 2]; MOST_PAIRS]; BATCH_MAX + 1];
    let mut cols = 2;
    while cols <= BATCH_MAX {
        all[cols] = pairs(cols);
        cols += 1;
    }
    all
};

/// The pairs `p < q < cols` in the order of a round-robin tournament, so that the roots of one need not wait for the
/// other's: in round r meet those with `p + q = r` modulo an odd number of players, and if `cols` is even whoever is left
/// meets the last.
const fn pairs(cols: usize) -> [[usize; 2]; MOST_PAIRS] {
    let mut pairs = [[0; 2]; MOST_PAIRS];
    let odd = cols - 1 + cols % 2;
    let (mut found, mut round) = (0, 0);
    while round < odd {
        let mut p = 0;
        while p < odd {
            let q = (round + odd - p) % odd;
            if p < q {
                pairs[found] = [p, q];
                found += 1;
            } else if p == q && odd < cols {
                pairs[found] = [p, odd];
                found += 1;
            }
            p += 1;
        }
        round += 1;
    }
    pairs
}

/// Sweeps until the columns are orthogonal in all lanes. Returns the number of sweeps, and one where the tolerance was
/// not met.
///
/// `floors` are the squared norms below which a column is noise: underflow to begin with, and then `eps` times what each
/// rotation has subtracted. Without them, what is left of one of two parallel columns would be rotated again and again.
#[inline(always)]
pub(super) fn orthogonalize<S: Simd<T>, T: Real>(
    simd: S,
    shape: Shape,
    x: &mut Columns<S::Vector>,
    floors: &mut [S::Vector; BATCH_MAX],
    max_sweeps: usize,
) -> (usize, S::Vector) {
    let Shape { rows, cols, len } = shape;
    let (zero, one) = (simd.splat(T::ZERO), simd.splat(T::ONE));
    let size = T::from_usize(rows);
    let tolerance = T::EPSILON * size.sqrt();
    // Squares of the cosine and the sine below which a sweep is the last.
    let nearly = simd.splat(tolerance / size);
    // The square of the cosine above which to rotate; nothing is above where the matrix is done.
    let mut limit = simd.splat(tolerance * tolerance);
    let least = simd.splat(T::MIN_POSITIVE);
    let noise = simd.splat(T::EPSILON * T::EPSILON);
    let never = simd.splat(T::MAX);
    let pairs = PAIRS.get(cols).and_then(|pairs| pairs.get(..cols * (cols - 1) / 2)).unwrap_or_default();
    let mut pending = one;
    let mut sweeps = 0;
    while sweeps < max_sweeps {
        sweeps += 1;
        // One where a cosine was above the tolerance, and where one was too large for this sweep to be the last.
        let (mut found, mut much) = (zero, zero);
        for [p, q] in pairs {
            let (Ok([xp, xq]), Ok([fp, fq])) = (x.get_disjoint_mut([*p, *q]), floors.get_disjoint_mut([*p, *q])) else {
                continue;
            };
            // The smallest number, far below what counts, makes the sum a normal one.
            let (mut pp, mut qq, mut pq) = (zero, least, zero);
            for (p, q) in xp.iter().zip(xq.iter()).take(rows) {
                pp = simd.mul_add(*p, *p, pp);
                qq = simd.mul_add(*q, *q, qq);
                pq = simd.mul_add(*p, *q, pq);
            }
            let scale = simd.inverse_power(simd.add(pp, qq));
            let (noise_p, noise_q) = (simd.mul_add(pp, noise, *fp), simd.mul_add(qq, noise, *fq));
            let (found_p, found_q) = (pp, qq);
            let (pp, qq, pq) = (simd.mul(pp, scale), simd.mul(qq, scale), simd.mul(pq, scale));
            let (square, product) = (simd.mul(pq, pq), simd.mul(pp, qq));
            // What is lost in rounding or underflow has no direction.
            let bound = simd.mul_add(limit, product, least);
            let bound = simd.select_less(found_p, *fp, never, bound);
            let bound = simd.select_less(found_q, *fq, never, bound);

            let (d, g) = (simd.sub(pp, qq), simd.add(pq, pq));
            let g_square = simd.mul(g, g);
            let sum = simd.add(simd.abs(d), simd.rough_sqrt(simd.mul_add(d, d, g_square)));
            let inverse = simd.inverse_sqrt(simd.mul_add(sum, sum, g_square));
            let (large, small) = (simd.mul(sum, inverse), simd.mul(g, inverse));
            let c = simd.select_less(d, zero, small, large);
            let s = simd.select_less(d, zero, large, small);
            let c = simd.select_less(bound, square, c, one);
            let s = simd.select_less(bound, square, s, zero);

            found = simd.select_less(bound, square, one, found);
            much = simd.select_less(simd.mul(nearly, product), square, one, much);
            let (cc, ss) = (simd.mul(c, c), simd.mul(s, s));
            much = simd.select_less(nearly, ss, one, much);

            *fp = simd.mul_add(ss, noise_q, simd.mul(cc, *fp));
            *fq = simd.mul_add(ss, noise_p, simd.mul(cc, *fq));
            rotate(simd, xp, xq, len, c, s);
        }
        pending = simd.select_less(zero, found, much, zero);
        limit = simd.select_less(zero, pending, limit, never);
        if !simd.any_less(zero, pending) {
            break;
        }
    }
    (sweeps, pending)
}

/// `p <- c p + s q,  q <- c q - s p` for the first `len` entries.
#[inline(always)]
fn rotate<S: Simd<T>, T: Real>(
    simd: S,
    p: &mut Column<S::Vector>,
    q: &mut Column<S::Vector>,
    len: usize,
    c: S::Vector,
    s: S::Vector,
) {
    for (p, q) in p.iter_mut().zip(q.iter_mut()).take(len) {
        let old = *p;
        *p = simd.mul_add(s, *q, simd.mul(c, *p));
        *q = simd.mul_sub_from(s, old, simd.mul(c, *q));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_meets_once_and_nobody_twice_in_a_round() {
        for cols in 2..=BATCH_MAX {
            let mut pairs = PAIRS[cols][..cols * (cols - 1) / 2].to_vec();
            for round in pairs.chunks(cols / 2) {
                let mut players = round.concat();
                players.sort_unstable();
                assert!(players.windows(2).all(|pair| pair[0] < pair[1]), "{round:?}");
            }
            pairs.sort_unstable();
            pairs.dedup();
            assert_eq!(pairs.len(), cols * (cols - 1) / 2);
            assert!(pairs.iter().all(|[p, q]| p < q && *q < cols));
        }
    }
}
