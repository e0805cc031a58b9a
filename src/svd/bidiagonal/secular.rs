//! The singular values and vectors of a diagonal matrix with one full row.
//!
//! ```text
//!     ( z_0  z_1 ... z_{k-1} )
//! M = (      d_1             )      0 = d_0 < d_1 < ... < d_{k-1},  z_j != 0
//!     (           ...        )
//! ```
//!
//! Its singular values are the roots of the secular equation
//!
//! ```text
//! f(s) = 1 + sum_j z_j^2 / ((d_j - s) (d_j + s)) = 0,      d_0 < s_0 < d_1 < s_1 < ... < d_{k-1} < s_{k-1}
//! ```
//!
//! A root is kept as the nearest pole and the distance from it, `s = d_p + mu`, so that every `d_j - s = (d_j - d_p) - mu`
//! has all its digits. The iteration is Li's middle way (LAPACK Working Note 89, 1993): the part of f from the poles up to
//! the root and the part from the others are each replaced by a constant and one pole, with the same value and slope, and
//! the quadratic equation that this leaves is solved. Each value of f also narrows an interval that holds the root; a step
//! that leaves it, or is not a number, becomes a bisection.
//!
//! The roots found are the exact singular values of a matrix with slightly different `z`, which the formula of Loewner
//! gives as a product of quotients below one. With these `z` the vectors
//!
//! ```text
//! v_j = z_j / ((d_j - s) (d_j + s)),    u_0 = -1, u_j = d_j v_j
//! ```
//!
//! are orthogonal to working precision, however close the roots are (Gu & Eisenstat, SIAM J. Matrix Anal. Appl. 16, 1995).

use super::bisection::between;
use crate::columns::Total;
use crate::kernel::{Kernel, Simd};
use crate::real::Real;

/// Values of f for each root; 3 to 5 are usual.
const MAX_EVALUATIONS: usize = 160;

/// A part of f, and of its derivative by `s^2`.
#[derive(Clone, Copy)]
struct Part<T> {
    value: T,
    slope: T,
}

/// The sum over the poles given, at `s = p + mu`.
#[inline(always)]
fn part<T: Real>(d: &[T], squares: &[T], p: T, mu: T) -> Part<T> {
    /// Independent sums, two vectors of `f64` in registers of 256 bits.
    const LANES: usize = 8;
    let (mut values, mut slopes) = ([T::ZERO; LANES], [T::ZERO; LANES]);
    let term = |d: T, square: T| {
        let inverse = T::ONE / (((d - p) - mu) * ((d + p) + mu));
        let value = square * inverse;
        (value, value * inverse)
    };
    let ((ds, d_rest), (zs, z_rest)) = (d.as_chunks::<LANES>(), squares.as_chunks::<LANES>());
    for (d, z) in ds.iter().zip(zs) {
        for l in 0..LANES {
            let (value, slope) = term(d[l], z[l]);
            values[l] += value;
            slopes[l] += slope;
        }
    }
    for (l, (d, z)) in d_rest.iter().zip(z_rest).enumerate() {
        let (value, slope) = term(*d, *z);
        values[l % LANES] += value;
        slopes[l % LANES] += slope;
    }
    let total = |x: [T; LANES]| ((x[0] + x[4]) + (x[1] + x[5])) + ((x[2] + x[6]) + (x[3] + x[7]));
    Part { value: total(values), slope: total(slopes) }
}

/// All roots, `origins` and `offsets`; false if one met the bound on evaluations. `squares` are the `z_j^2`.
///
/// The kernels of this file fuse nothing: they are kernels for the width of the vectors.
pub(super) struct Roots<'a, T> {
    pub d: &'a [T],
    pub squares: &'a [T],
    pub origins: &'a mut [T],
    pub offsets: &'a mut [T],
}

impl<T: Real> Kernel<T> for Roots<'_, T> {
    type Output = bool;
    #[inline(always)]
    fn run<S: Simd<T>>(self, _: S) -> bool {
        for (i, (origin, offset)) in self.origins.iter_mut().zip(self.offsets).enumerate() {
            let Some((pole, mu)) = root(self.d, self.squares, i) else { return false };
            (*origin, *offset) = (T::from_usize(pole), mu);
        }
        true
    }
}

/// `(p, mu)` for root `i`; none if the bound on evaluations was met.
#[inline(always)]
fn root<T: Real>(d: &[T], squares: &[T], i: usize) -> Option<(usize, T)> {
    let k = d.len();
    let two = T::from_f64(2.0);
    if k == 1 {
        return Some((0, squares.at(0).sqrt()));
    }
    let is_last = i + 1 == k;
    // Poles on either side of the root, or the last two; f is cut between them.
    let (one, other) = if is_last { (k - 2, k - 1) } else { (i, i + 1) };
    let (Some((d_low, d_high)), Some((z_low, z_high))) =
        (d.split_at_checked(one + 1), squares.split_at_checked(one + 1))
    else {
        return None;
    };
    let (d_one, d_other) = (d.at(one), d.at(other));

    let (origin, mut mu, mut low, mut high);
    if is_last {
        let all = squares.iter().fold(T::ZERO, |sum, z| sum + *z);
        let reach = |square: T| square / (d_other + (d_other * d_other + square).sqrt());
        (origin, low, high) = (other, T::ZERO, reach(all) * (T::ONE + T::EPSILON * T::from_f64(8.0)));
        mu = reach(squares.at(other).max(all / two));
    } else {
        let half = (d_other - d_one) / two;
        let (psi, phi) = (part(d_low, z_low, d_one, half), part(d_high, z_high, d_one, half));
        let f = T::ONE + psi.value + phi.value;
        let at_middle = |d: T, square: T| square / (((d - d_one) - half) * ((d + d_one) + half));
        let (z_one, z_other) = (squares.at(one), squares.at(other));
        let rest = f - at_middle(d_one, z_one) - at_middle(d_other, z_other);
        let width = (d_other - d_one) * (d_other + d_one);
        // With the other poles as a constant, the square of the root is y away from that of the nearer pole.
        if f >= T::ZERO {
            let y = quadratic(rest, rest * width + z_one + z_other, z_one * width);
            (origin, low, high) = (one, T::ZERO, half);
            mu = y / (d_one + (d_one * d_one + y).sqrt());
        } else {
            let y = quadratic(-rest, z_one + z_other - rest * width, z_other * width);
            (origin, low, high) = (other, -half, T::ZERO);
            mu = -y / (d_other + (d_other * d_other - y).sqrt());
        }
    }
    let p = d.at(origin);
    for _ in 0..MAX_EVALUATIONS {
        if !(mu > low && mu < high) {
            mu = between(low, high);
            if !(mu > low && mu < high) {
                // Neighbouring numbers.
                mu = if low == T::ZERO { high } else { low };
                return Some((origin, mu));
            }
        }
        let (psi, phi) = (part(d_low, z_low, p, mu), part(d_high, z_high, p, mu));
        let f = T::ONE + psi.value + phi.value;
        let size = T::ONE + psi.value.abs() + phi.value.abs();
        if f.abs() <= T::from_f64(8.0) * T::EPSILON * size {
            return Some((origin, mu));
        }
        if f < T::ZERO {
            low = mu;
        } else {
            high = mu;
        }
        let s = p + mu;
        let (to_one, to_other) = (((d_one - p) - mu) * (d_one + s), ((d_other - p) - mu) * (d_other + s));
        let c = f - to_one * psi.slope - to_other * phi.slope;
        let a = (to_one + to_other) * f - to_one * to_other * (psi.slope + phi.slope);
        let b = to_one * to_other * f;
        let step = if is_last { quadratic_far(c, a, b) } else { quadratic(c, a, b) };
        // The root is where f < 0 points to.
        let step = if (step > T::ZERO) == (f < T::ZERO) { step } else { -f / (psi.slope + phi.slope) };
        let change = step / (s + (s * s + step).sqrt());
        if change.abs() <= T::EPSILON * T::from_f64(0.5) * mu.abs() {
            return Some((origin, mu));
        }
        mu += change;
    }
    None
}

/// The root `2 b / (a + sqrt(a^2 - 4 b c))` of `c y^2 - a y + b`, without cancellation.
fn quadratic<T: Real>(c: T, a: T, b: T) -> T {
    let two = T::from_f64(2.0);
    let root = (a * a - T::from_f64(4.0) * b * c).abs().sqrt();
    if a <= T::ZERO { (a - root) / (two * c) } else { two * b / (a + root) }
}

/// The other root.
fn quadratic_far<T: Real>(c: T, a: T, b: T) -> T {
    let two = T::from_f64(2.0);
    let root = (a * a - T::from_f64(4.0) * b * c).abs().sqrt();
    if a >= T::ZERO { (a + root) / (two * c) } else { two * b / (a - root) }
}

/// Overwrites `z` with the `z_j` for which the roots `d_{origins[i]} + offsets[i]` are exact, the signs kept. `products` is
/// memory of the same length.
pub(super) struct ExactZ<'a, T> {
    pub d: &'a [T],
    pub origins: &'a [T],
    pub offsets: &'a [T],
    pub z: &'a mut [T],
    pub products: &'a mut [T],
}

impl<T: Real> Kernel<T> for ExactZ<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(self, _: S) {
        let ExactZ { d, origins, offsets, z, products } = self;
        products.fill(T::ONE);
        for (i, (origin, mu)) in origins.iter().zip(offsets).enumerate() {
            let (p, mu) = (d.at(origin.to_usize()), *mu);
            if i + 1 == d.len() {
                for (x, d) in products.iter_mut().zip(d).take(i + 1) {
                    *x *= ((p - *d) + mu) * ((p + *d) + mu);
                }
            } else if let (Some((d_low, d_high)), Some((low, high))) =
                (d.split_at_checked(i + 1), products.split_at_mut_checked(i + 1))
            {
                factors(d_low, p, mu, d.at(i + 1), low);
                factors(d_high, p, mu, d.at(i), high);
            }
        }
        for (z, x) in z.iter_mut().zip(products) {
            *z = if *z < T::ZERO { -x.sqrt() } else { x.sqrt() };
        }
    }
}

/// `x_j *= (s^2 - d_j^2) / (q^2 - d_j^2)` with `s = p + mu`.
#[inline(always)]
fn factors<T: Real>(d: &[T], p: T, mu: T, q: T, x: &mut [T]) {
    for (x, d) in x.iter_mut().zip(d) {
        *x *= (((p - *d) + mu) * ((p + *d) + mu)) / ((q - *d) * (q + *d));
    }
}

/// `v_j = z_j / ((d_j - s) (d_j + s))` with `s = p + mu`.
pub(super) struct RightVector<'a, T> {
    pub d: &'a [T],
    pub z: &'a [T],
    pub p: T,
    pub mu: T,
    pub v: &'a mut [T],
}

impl<T: Real> Kernel<T> for RightVector<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(self, _: S) {
        let RightVector { d, z, p, mu, v } = self;
        for ((v, d), z) in v.iter_mut().zip(d).zip(z) {
            *v = *z / (((*d - p) - mu) * ((*d + p) + mu));
        }
    }
}
