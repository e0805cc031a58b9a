//! Operations on one or two slices.
//!
//! A reduction adds along one fixed tree, so that its bits depend on the data and the length alone: [`LANES`] running
//! sums inside a block of [`BLOCK`] terms, the lanes added in halves, and the blocks added pairwise, which keeps the
//! error of a sum of `n` terms near `eps (BLOCK / LANES + log2 n)` instead of `eps n` (Higham, SIAM J. Sci. Comput. 14,
//! 1993). Where two slices differ in length the longer one's rest is ignored.
//!
//! The functions are portable; the methods of [`Isa`] are the same for any instruction set, whose tree is as wide as its
//! vectors.

use super::simd::{Isa, Kernel, Simd};
use crate::columns::Total;
use crate::real::Real;
use crate::view::MatRef;

/// Independent running sums: four 128-bit vectors of `f32`, enough to hide the latency of an addition.
const LANES: usize = 16;
/// Terms in a block.
const BLOCK: usize = 512;
/// Below this length, asking for the best instructions costs as much as they save.
const SHORT: usize = 64;

/// Adds up `terms`, each the sum of a block, pairwise.
///
/// `waiting[l]` holds the sum of `2^l` blocks that waits for its neighbour, as a binary counter holds a carry.
pub(crate) fn pairwise<T: Real>(terms: impl Iterator<Item = T>) -> T {
    let mut waiting = [T::ZERO; usize::BITS as usize];
    let mut blocks: usize = 0;
    for term in terms {
        let mut carry = term;
        let level = blocks.trailing_ones() as usize;
        for sum in waiting.iter().take(level) {
            carry = *sum + carry;
        }
        waiting.put(level, carry);
        blocks += 1;
    }
    let full = waiting.iter().enumerate().filter(|(level, _)| blocks >> level & 1 == 1).map(|(_, sum)| *sum);
    full.reduce(|total, sum| sum + total).unwrap_or(T::ZERO)
}

/// Adds up `terms`, and what each addition has rounded off (Knuth, The Art of Computer Programming 2, section 4.2.2): less
/// code and memory than [`pairwise`], where vectors are single numbers.
fn compensated<T: Real>(terms: impl Iterator<Item = T>) -> T {
    let (mut sum, mut lost) = (T::ZERO, T::ZERO);
    for term in terms {
        let new = sum + term;
        let added = new - sum;
        lost += (sum - (new - added)) + (term - added);
        sum = new;
    }
    // Infinite sums have lost NaN.
    if sum.is_finite() { sum + lost } else { sum }
}

/// The sum over one block of `term(x_i, y_i)`.
#[inline]
fn block<T: Real>(x: &[T], y: &[T], term: impl Fn(T, T) -> T) -> T {
    if x.len() < LANES || y.len() < LANES {
        return x.iter().zip(y).fold(T::ZERO, |sum, (x, y)| sum + term(*x, *y));
    }
    let mut sums = [T::ZERO; LANES];
    let (xs, x_rest) = x.as_chunks::<LANES>();
    let (ys, y_rest) = y.as_chunks::<LANES>();
    for (x, y) in xs.iter().zip(ys) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += term(*x, *y);
        }
    }
    for ((sum, x), y) in sums.iter_mut().zip(x_rest).zip(y_rest) {
        *sum += term(*x, *y);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            sums[i] += sums[i + width];
        }
        width /= 2;
    }
    sums[0]
}

/// The sum of `term(x_i, y_i)` along the fixed tree.
#[inline]
fn reduce<T: Real>(x: &[T], y: &[T], term: impl Fn(T, T) -> T + Copy) -> T {
    let n = x.len().min(y.len());
    let (x, y) = (x.get(..n).unwrap_or_default(), y.get(..n).unwrap_or_default());
    if n <= BLOCK {
        return block(x, y, term);
    }
    pairwise(x.chunks(BLOCK).zip(y.chunks(BLOCK)).map(|(x, y)| block(x, y, term)))
}

/// The sum of `term` over row `i` of two matrices of the same shape, the same bits whatever their strides.
pub(crate) fn row_reduce<T: Real>(x: MatRef<'_, T>, y: MatRef<'_, T>, i: usize, term: impl Fn(T, T) -> T + Copy) -> T {
    if let (Some(x), Some(y)) = (x.row_slice(i), y.row_slice(i)) {
        return reduce(x, y, term);
    }
    let n = x.cols().min(y.cols());
    let blocks = (0..n).step_by(BLOCK).map(|start| {
        let (mut xs, mut ys) = ([T::ZERO; BLOCK], [T::ZERO; BLOCK]);
        let len = BLOCK.min(n - start);
        for (j, (xs, ys)) in xs.iter_mut().zip(&mut ys).enumerate().take(len) {
            (*xs, *ys) = (x.at(i, start + j), y.at(i, start + j));
        }
        block(xs.get(..len).unwrap_or_default(), ys.get(..len).unwrap_or_default(), term)
    });
    pairwise(blocks)
}

/// The inner product `x . y`.
#[inline]
pub fn dot<T: Real>(x: &[T], y: &[T]) -> T {
    Isa::PORTABLE.dot(x, y)
}

/// `x . x`, which over- and underflows where the squares do; [`norm`] does not.
#[inline]
pub fn sum_of_squares<T: Real>(x: &[T]) -> T {
    Isa::PORTABLE.dot(x, x)
}

/// The Euclidean norm, accurate whenever the result itself is representable.
pub fn norm<T: Real>(x: &[T]) -> T {
    Isa::PORTABLE.norm(x)
}

/// The largest `|x_i|`; 0 if there is none. NaN is ignored.
#[inline]
pub(crate) fn max_abs<T: Real>(x: &[T]) -> T {
    Isa::PORTABLE.max_abs(x)
}

/// The largest magnitude, if all are finite. Exact, so that the instructions do not matter.
#[inline]
pub(crate) fn max_abs_if_finite<T: Real>(x: &[T]) -> Option<T> {
    let isa = if x.len() < SHORT { Isa::PORTABLE } else { Isa::best() };
    isa.run(Finite { x })
}

/// `y += a x`
#[inline]
pub fn axpy<T: Real>(a: T, x: &[T], y: &mut [T]) {
    Isa::PORTABLE.axpy(a, x, y);
}

/// `x *= a`
#[inline]
pub(crate) fn scale<T: Real>(a: T, x: &mut [T]) {
    Isa::PORTABLE.scale(a, x);
}

/// The plane rotation `(x, y) <- (c x + s y, c y - s x)`.
#[inline]
pub fn rotate<T: Real>(x: &mut [T], y: &mut [T], c: T, s: T) {
    Isa::PORTABLE.combine(x, y, [c - T::ONE, s], [-s, c - T::ONE]);
}

impl Isa {
    /// The inner product `x . y`.
    pub(crate) fn dot<T: Real>(self, x: &[T], y: &[T]) -> T {
        if x.len() <= BLOCK { self.run(Dot { x, y }) } else { self.long_dot(x, y) }
    }

    #[inline(never)]
    fn long_dot<T: Real>(self, x: &[T], y: &[T]) -> T {
        let blocks = x.chunks(BLOCK).zip(y.chunks(BLOCK)).map(|(x, y)| self.run(Dot { x, y }));
        if self.is_scalar() { compensated(blocks) } else { pairwise(blocks) }
    }

    /// `y += a x`
    pub(crate) fn axpy<T: Real>(self, a: T, x: &[T], y: &mut [T]) {
        self.run(Axpy { a, x, y });
    }

    /// `x *= a`
    pub(crate) fn scale<T: Real>(self, a: T, x: &mut [T]) {
        self.run(Scale { a, x });
    }

    /// `(x, y) += (a x + b y, c x + d y)` for the rows `[a, b]` and `[c, d]`.
    pub(crate) fn combine<T: Real>(self, x: &mut [T], y: &mut [T], row_x: [T; 2], row_y: [T; 2]) {
        self.run(Combine { x, y, row_x, row_y });
    }

    /// The largest `|x_i|`; 0 if there is none. NaN is ignored.
    pub(crate) fn max_abs<T: Real>(self, x: &[T]) -> T {
        self.run(MaxAbs { x })
    }

    /// The Euclidean norm, accurate whenever the result itself is representable.
    ///
    /// Plain squares if their sum is far from both ends of the range, else those of `x` scaled by a power of two.
    pub(crate) fn norm<T: Real>(self, x: &[T]) -> T {
        let sum = self.dot(x, x);
        // Above the lower limit, squares lost to underflow (each below MIN_POSITIVE) weigh less than the rounding of the
        // sum.
        let lowest = T::pow2(T::MIN_EXPONENT + 2 * T::SIGNIFICAND_BITS as i32);
        if sum >= lowest && sum <= T::MAX {
            return sum.sqrt();
        }
        let largest = self.max_abs(x);
        if largest == T::ZERO || !largest.is_finite() {
            return largest;
        }
        let e = largest.exponent();
        let square = |x: T| x.scale(-e) * x.scale(-e);
        let sum =
            if self.is_scalar() { compensated(x.iter().map(|x| square(*x))) } else { reduce(x, x, |x, _| square(x)) };
        sum.sqrt().scale(e)
    }
}

struct Dot<'a, T> {
    x: &'a [T],
    y: &'a [T],
}

impl<T: Real> Kernel<T> for Dot<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) -> T {
        if S::LANES == 1 {
            return T::dot(self.x, self.y);
        }
        let [a, b, c, d] = sums(simd, self.x, self.y);
        simd.sum(simd.add(simd.add(a, b), simd.add(c, d)))
    }
}

/// Four running sums of products, vector after vector in turn.
#[inline(always)]
fn sums<S: Simd<T>, T: Real>(simd: S, x: &[T], y: &[T]) -> [S::Vector; 4] {
    let (x, y, n) = (x.as_ptr(), y.as_ptr(), x.len().min(y.len()));
    let mut sums = [simd.splat(T::ZERO); 4];
    let mut i = 0;
    while i + 4 * S::LANES <= n {
        for l in 0..4 {
            // SAFETY: four vectors follow.
            unsafe {
                let (x, y) = (x.add(i + l * S::LANES), y.add(i + l * S::LANES));
                sums[l] = simd.mul_add(simd.load_whole(x), simd.load_whole(y), sums[l]);
            }
        }
        i += 4 * S::LANES;
    }
    for l in 0..4 {
        if i < n {
            // SAFETY: `n - i` elements follow.
            unsafe {
                sums[l] = simd.mul_add(simd.load_part(x.add(i), n - i), simd.load_part(y.add(i), n - i), sums[l])
            };
        }
        i += S::LANES;
    }
    sums
}

struct Axpy<'a, T> {
    a: T,
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Real> Kernel<T> for Axpy<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        if S::LANES == 1 {
            return T::axpy(self.a, self.x, self.y);
        }
        let (a, x, y, n) = (simd.splat(self.a), self.x.as_ptr(), self.y.as_mut_ptr(), self.x.len().min(self.y.len()));
        let mut i = 0;
        while i + S::LANES <= n {
            // SAFETY: a vector follows.
            unsafe {
                simd.store_whole(simd.mul_add(a, simd.load_whole(x.add(i)), simd.load_whole(y.add(i))), y.add(i));
            }
            i += S::LANES;
        }
        if i < n {
            // SAFETY: `n - i` elements follow.
            unsafe {
                let sum = simd.mul_add(a, simd.load_part(x.add(i), n - i), simd.load_part(y.add(i), n - i));
                simd.store_part(sum, y.add(i), n - i);
            }
        }
    }
}

struct Scale<'a, T> {
    a: T,
    x: &'a mut [T],
}

impl<T: Real> Kernel<T> for Scale<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let a = simd.splat(self.a);
        for x in self.x.chunks_mut(S::LANES) {
            simd.store(simd.mul(a, simd.load(x)), x);
        }
    }
}

struct Combine<'a, T> {
    x: &'a mut [T],
    y: &'a mut [T],
    row_x: [T; 2],
    row_y: [T; 2],
}

impl<T: Real> Kernel<T> for Combine<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        if S::LANES == 1 {
            return T::combine(self.x, self.y, self.row_x, self.row_y);
        }
        let ([a, b], [c, d]) = (self.row_x, self.row_y);
        let ([a, b], [c, d]) = ([simd.splat(a), simd.splat(b)], [simd.splat(c), simd.splat(d)]);
        let (x, y, n) = (self.x.as_mut_ptr(), self.y.as_mut_ptr(), self.x.len().min(self.y.len()));
        let mut i = 0;
        while i + S::LANES <= n {
            // SAFETY: a vector follows.
            unsafe {
                let (old_x, old_y) = (simd.load_whole(x.add(i)), simd.load_whole(y.add(i)));
                let (step_x, step_y) = (simd.mul(b, old_y), simd.mul(d, old_y));
                simd.store_whole(simd.add(old_x, simd.mul_add(a, old_x, step_x)), x.add(i));
                simd.store_whole(simd.add(old_y, simd.mul_add(c, old_x, step_y)), y.add(i));
            }
            i += S::LANES;
        }
        if i < n {
            // SAFETY: `n - i` elements follow.
            unsafe {
                let (old_x, old_y) = (simd.load_part(x.add(i), n - i), simd.load_part(y.add(i), n - i));
                let (step_x, step_y) = (simd.mul(b, old_y), simd.mul(d, old_y));
                simd.store_part(simd.add(old_x, simd.mul_add(a, old_x, step_x)), x.add(i), n - i);
                simd.store_part(simd.add(old_y, simd.mul_add(c, old_x, step_y)), y.add(i), n - i);
            }
        }
    }
}

struct MaxAbs<'a, T> {
    x: &'a [T],
}

impl<T: Real> Kernel<T> for MaxAbs<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) -> T {
        let mut largest = simd.splat(T::ZERO);
        for x in self.x.chunks(S::LANES) {
            largest = simd.max(simd.abs(simd.load(x)), largest);
        }
        largest_lane(simd, largest)
    }
}

/// The largest number in a vector without negative ones.
#[inline(always)]
fn largest_lane<S: Simd<T>, T: Real>(simd: S, x: S::Vector) -> T {
    if S::LANES == 1 {
        return simd.sum(x);
    }
    let mut lanes = [T::ZERO; LANES];
    simd.store(x, &mut lanes);
    lanes.iter().fold(T::ZERO, |largest, x| largest.max(*x))
}

struct Finite<'a, T> {
    x: &'a [T],
}

impl<T: Real> Kernel<T> for Finite<'_, T> {
    type Output = Option<T>;
    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) -> Option<T> {
        let zero = simd.splat(T::ZERO);
        // Infinity or NaN times zero is NaN, and stays so in the sum.
        let (mut largest, mut sum) = (zero, zero);
        for x in self.x.chunks(S::LANES) {
            let x = simd.load(x);
            largest = simd.max(simd.abs(x), largest);
            sum = simd.mul_add(x, zero, sum);
        }
        (simd.sum(sum) == T::ZERO).then(|| largest_lane(simd, largest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{vec, vec::Vec};

    #[test]
    fn a_sum_of_2_to_the_25_is_true_to_a_millionth() {
        // A running sum of f32 ones stops at 2^24, and of 0.1 it is off by more than 10 %.
        let x = vec![0.1f32; 1 << 25];
        let expected = f64::from(0.1f32) * f64::from(0.1f32) * f64::from(1 << 25);
        assert!((f64::from(dot(&x, &x)) / expected - 1.0).abs() < 1e-6);
    }

    #[test]
    fn the_norm_survives_both_ends_of_the_range() {
        for e in [-1060, -1000, -540, 0, 540, 1000] {
            let x = [3.0f64.scale(e), (-4.0f64).scale(e)];
            assert_eq!(norm(&x), 5.0f64.scale(e), "2^{e}");
        }
        assert_eq!(norm::<f32>(&[]), 0.0);
        assert_eq!(norm(&[f32::from_bits(1)]), f32::from_bits(1));
        let many = vec![1e-30f32; 10_000];
        assert!((norm(&many) / 1e-28 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn the_rest_of_the_longer_slice_is_ignored() {
        for isa in Isa::all() {
            let x: Vec<f64> = (0..1100).map(|i| f64::from(i % 13) - 3.0).collect();
            for n in (0..40).chain([511, 512, 513, 1030]) {
                let expected = x[..n].iter().map(|x| x * x).sum::<f64>();
                for more in 0..9 {
                    let (longer, shorter) = (&x[..n + more], &x[..n]);
                    assert_eq!(isa.dot(longer, shorter), expected, "{}, {n}, {more}", isa.name());
                    assert_eq!(isa.dot(shorter, longer), expected, "{}, {n}, {more}", isa.name());
                }
            }
        }
    }

    #[test]
    fn every_instruction_set_follows_the_formulas() {
        for isa in Isa::all() {
            for n in 0..140 {
                let x: Vec<f64> = (0..n).map(|i| f64::from(i) - 3.25).collect();
                let y: Vec<f64> = (0..n).map(|i| 0.5 * f64::from(i * i % 7)).collect();
                // Multiples of 1/8 below 2^20: every sum is exact, whatever its order.
                assert_eq!(isa.dot(&x, &y), x.iter().zip(&y).map(|(x, y)| x * y).sum::<f64>(), "{}", isa.name());
                assert_eq!(isa.max_abs(&x), x.iter().fold(0.0, |m: f64, x| m.max(x.abs())));
                let mut z = y.clone();
                isa.axpy(-1.5, &x, &mut z);
                assert!(z.iter().zip(x.iter().zip(&y)).all(|(z, (x, y))| *z == y - 1.5 * x));
                isa.scale(2.0, &mut z);
                assert!(z.iter().zip(x.iter().zip(&y)).all(|(z, (x, y))| *z == 2.0 * y - 3.0 * x));
                let (mut p, mut q) = (x.clone(), y.clone());
                isa.combine(&mut p, &mut q, [0.0, 2.0], [-0.5, 3.0]);
                assert!(p.iter().zip(x.iter().zip(&y)).all(|(p, (x, y))| *p == x + 2.0 * y));
                assert!(q.iter().zip(x.iter().zip(&y)).all(|(q, (x, y))| *q == 4.0 * y - 0.5 * x));
            }
        }
    }

    proptest! {
        #[test]
        fn dot_agrees_with_a_sum_in_twice_the_precision(x in prop::collection::vec(-1.0f32..1.0, 0..3000), shift in 0usize..3) {
            let y: Vec<f32> = x.iter().rev().copied().collect();
            let y = &y[shift.min(y.len())..];
            let expected: f64 = x.iter().zip(y).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            let size: f64 = x.iter().zip(y).map(|(a, b)| (f64::from(*a) * f64::from(*b)).abs()).sum();
            prop_assert!((f64::from(dot(&x, y)) - expected).abs() <= 60.0 * 6e-8 * size);
        }
    }
}
