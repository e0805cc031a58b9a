//! The rotations of the columns in the lanes of a vector.
//!
//! For columns p and q let `d = |p|^2 - |q|^2` and `e = 2 p . q`. They become orthogonal, the longer one longer, by the
//! rotation with `tan 2 theta = e / |d|`. Its angle need not be exact, only its matrix be orthogonal (Modi & Pryce, Numer.
//! Math. 46, 1985). So the half-angle is a quotient, for positive e
//!
//! ```text
//! tan(theta / 2) ~ e w / (4 |d| w + r e^2),   w = |d| + f e,   r = (1 + sqrt 2) f
//! ```
//!
//! which is wrong by 1.7 % at most, is exact for d = 0, and of a cosine c leaves some c^3. From the quotient `x / y`
//!
//! ```text
//! sin theta = 2 x y / (x^2 + y^2),  1 - cos theta = 2 x^2 / (x^2 + y^2)
//! p <- p + (sin q - (1 - cos) p),   q <- q - (sin p + (1 - cos) q)
//! ```
//!
//! takes one division and no root, and columns do not grow by the rounding of a cosine near one, as they would by `p cos`.
//!
//! Sweeps end when no cosine is above `eps sqrt(n)`, or when what the last one has left is not: that is of second order in
//! the cosines it met and the changes `sin |q| / |p|`, `sin |p| / |q|` it made to columns, relative to their own length.
//!
//! Of two parallel columns a rotation leaves rounding errors, parallel again, and so on. What has become as short as the
//! errors of the rotations that it went through counts as zero.

#![allow(clippy::needless_range_loop, reason = "kernels are written with plain loops: see `kernel`")]

use crate::kernel::Simd;
use crate::real::Real;

/// `f` of the formula above, for the least error.
const WEIGHT: f64 = 0.8427;

/// The squared norm of the column in each lane, and its inner product with its partner.
pub(super) struct Sums<V> {
    pub squares: V,
    pub inner: V,
}

/// The rotation of the column in each lane: `x <- x + (sine partner - versine x)`, with `versine = 1 - cosine`.
pub(super) struct Turn<V> {
    pub sine: V,
    pub versine: V,
}

/// Rotates every row, the column in a lane with that in lane `XOR round`, and forms the sums for round `next`.
#[inline(always)]
pub(super) fn rotate<S: Simd<T>, T: Real, const N: usize>(
    simd: S,
    x: &mut [[[T; N]; 2]],
    turn: &Turn<S::Vector>,
    round: usize,
    next: usize,
) -> Sums<S::Vector> {
    let (mut squares, mut inner) = ([simd.splat(T::ZERO); 2], [simd.splat(T::ZERO); 2]);
    for pair in x {
        for half in 0..2 {
            let old = simd.load(&pair[half]);
            let partner = simd.mul(turn.sine, simd.exchange(old, round));
            let new = simd.add(old, simd.mul_sub_from(turn.versine, old, partner));
            simd.store(new, &mut pair[half]);
            squares[half] = simd.mul_add(new, new, squares[half]);
            inner[half] = simd.mul_add(new, simd.exchange(new, next), inner[half]);
        }
    }
    Sums { squares: simd.add(squares[0], squares[1]), inner: simd.add(inner[0], inner[1]) }
}

/// The rotation of each column with its partner.
///
/// `floors` are the squared norms below which a column is noise: `eps` times what each rotation has subtracted. `found` keeps
/// the squares of twice the largest cosine and of the largest change.
#[inline(always)]
pub(super) fn turn<S: Simd<T>, T: Real>(
    simd: S,
    sums: &Sums<S::Vector>,
    round: usize,
    numbers: S::Vector,
    limit: S::Vector,
    floors: &mut S::Vector,
    found: &mut [S::Vector; 2],
) -> Turn<S::Vector> {
    let (zero, one, least) = (simd.splat(T::ZERO), simd.splat(T::ONE), simd.splat(T::MIN_POSITIVE));
    // In units near the larger square, no product of two that counts underflows.
    let positive = simd.add(sums.squares, simd.splat(T::from_f64(4.0) * T::MIN_POSITIVE));
    let (partner, partner_floor) = (simd.exchange(sums.squares, round), simd.exchange(*floors, round));
    let unit = simd.inverse_power(simd.add(positive, partner));
    let (a, b) = (simd.mul(sums.squares, unit), simd.mul(partner, unit));
    let e = simd.mul(sums.inner, simd.add(unit, unit));
    let difference = simd.mul(simd.sub(sums.squares, partner), unit);

    let (size, d) = (simd.abs(e), simd.abs(difference));
    let w = simd.mul_add(simd.splat(T::from_f64(WEIGHT)), size, d);
    let r = simd.splat(T::from_f64(WEIGHT * (1.0 + core::f64::consts::SQRT_2)));
    let x = simd.mul(w, size);
    let y = simd.mul_add(simd.mul(simd.splat(T::from_f64(4.0)), d), w, simd.mul(r, simd.mul(e, e)));
    let inverse = simd.div(one, simd.mul_add(y, y, simd.mul_add(x, x, least)));
    // Columns that are orthogonal are left alone, and noise is.
    let (product, square) = (simd.mul(a, b), simd.mul(e, e));
    let never = simd.splat(T::MAX);
    let limit = simd.select_less(sums.squares, *floors, never, limit);
    let limit = simd.select_less(partner, partner_floor, never, limit);
    let bound = simd.mul(limit, product);
    let x = simd.select_less(bound, square, x, zero);
    let twice = simd.add(x, x);
    let sine = simd.mul(twice, y);
    let sine = simd.select_less(e, zero, simd.sub(zero, sine), sine);
    // Of two equally long columns that in the lower lane counts as the longer. No other difference is as small.
    let tie = simd.select_less(numbers, simd.exchange(numbers, round), zero, least);
    let sine = simd.mul(simd.select_less(difference, tie, simd.sub(zero, sine), sine), inverse);
    let versine = simd.mul(simd.mul(twice, x), inverse);

    let inverse = simd.div(one, simd.add(product, least));
    let change = simd.mul(sine, b);
    let cosine = simd.select_less(bound, square, simd.mul(square, inverse), zero);
    found[0] = simd.max(cosine, found[0]);
    found[1] = simd.max(simd.mul(simd.mul(change, change), inverse), found[1]);

    let received = simd.mul_add(partner, simd.splat(T::EPSILON * T::EPSILON), partner_floor);
    *floors = simd.mul_add(simd.mul(sine, sine), simd.sub(received, *floors), *floors);
    Turn { sine, versine }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Isa, Kernel};

    /// The formula for half of the angle against the angle itself, over all that it can be.
    #[test]
    fn the_rotation_is_orthogonal_and_nearly_the_right_one() {
        struct One<T>([T; 3]);
        impl<T: Real> Kernel<T> for One<T> {
            type Output = [T; 4];
            #[inline(always)]
            fn run<S: Simd<T>>(self, simd: S) -> [T; 4] {
                let [a, b, g] = self.0;
                let sums = Sums { squares: simd.load(&[a, b]), inner: simd.load(&[g, g]) };
                let (mut floors, mut found) = (simd.splat(T::ZERO), [simd.splat(T::ZERO); 2]);
                let numbers = simd.load(&[T::ZERO, T::ONE, T::ONE + T::ONE]);
                let limit = simd.splat(T::EPSILON * T::EPSILON);
                let turn = turn(simd, &sums, 1, numbers, limit, &mut floors, &mut found);
                let (mut sines, mut versines) = ([T::ZERO; 2], [T::ZERO; 2]);
                simd.store(turn.sine, &mut sines);
                simd.store(turn.versine, &mut versines);
                [sines[0], sines[1], versines[0], versines[1]]
            }
        }
        // Single numbers have no partner.
        for isa in Isa::all().into_iter().filter(|isa| !isa.is_scalar()) {
            for step in 0..=200 {
                // Squared norms 1 and `b`, and a cosine from nearly zero to nearly one.
                let b = 0.5f64.powi(step % 20) * f64::from(u8::from(step % 7 != 3)).max(0.999);
                for cosine in [1e-9, 1e-6, 1e-3, 0.1, 0.5, 0.9, -0.99, -1e-5] {
                    let g = cosine * b.sqrt();
                    for [p, q] in [[1.0, b], [b, 1.0]] {
                        let [sine, other, versine, same] = isa.run(One([p, q, g]));
                        assert!(sine == -other && versine == same, "{isa:?}");
                        let defect = (1.0 - versine) * (1.0 - versine) + sine * sine - 1.0;
                        assert!(defect.abs() <= 4.0 * f64::EPSILON, "{isa:?}: {defect}");
                        let c = 1.0 - versine;
                        let left = (c * c - sine * sine) * g + c * sine * (q - p);
                        // The residual: of third order in the tangent of the double angle, and never much.
                        let tangent = 2.0 * g.abs() / (p - q).abs();
                        let bound = 0.035f64.min(tangent * tangent) * g.abs() + 4.0 * f64::EPSILON;
                        assert!(left.abs() <= bound, "{isa:?}: {p}, {q}, {g} leaves {left}");
                    }
                }
            }
        }
    }
}
