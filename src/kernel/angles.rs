//! The angles of the plane rotations that make columns orthogonal.
//!
//! Two columns with squared norms `a` and `b` and inner product `g` become orthogonal by the rotation with the tangent
//!
//! ```text
//! u = |a - b| + sqrt((a - b)^2 + 4 g^2),    w = sqrt(u^2 + 4 g^2)
//! s = sign(a - b) 2 g / w,  c = u / w,  h = s / (1 + c)
//! a += e,            b -= e,                e = s (2 c g - s (a - b))
//! ```
//!
//! h is the tangent of half the angle, and `1 - s h` the cosine c. Only the angle depends on u, so half of its digits are
//! enough. The chain takes a division and three roots, some hundred cycles, so it is done for vectors of pairs.

use super::rotations::Pairs;
use super::simd::{Isa, Kernel, Simd};
use crate::real::Real;

/// What rotations found and did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<T> {
    /// The sum of the squares of the cosines between columns before they were rotated.
    pub cosines: T,
    /// The sum of the squares of the changes of columns, relative to their norms; of two that were rotated, the larger
    /// change.
    pub changes: T,
}

impl<T: Real> Found<T> {
    pub(crate) const NOTHING: Self = Found { cosines: T::ZERO, changes: T::ZERO };

    pub(crate) fn and(self, other: Self) -> Self {
        Found { cosines: self.cosines + other.cosines, changes: self.changes + other.changes }
    }
}

/// For each pair its sine and the tangent of half the angle, zero where the cosine between the columns is below the
/// tolerance, and what the first squared norm gains and the second loses.
pub(super) struct Angles<V> {
    pub sine: V,
    pub half: V,
    pub step: V,
}

/// The angles of pairs with squared norms `a` and `b` and inner products `g`; adds to the sums of [`Found`].
#[inline(always)]
pub(super) fn angles<S: Simd<T>, T: Real>(
    simd: S,
    [a, b, g]: [S::Vector; 3],
    tolerance: T,
    found: &mut [S::Vector; 2],
) -> Angles<S::Vector> {
    let (zero, one, smallest) = (simd.splat(T::ZERO), simd.splat(T::ONE), simd.splat(T::MIN_POSITIVE));
    // Relative to the larger square, so that the squares of these have room.
    let larger = simd.max(a, b);
    let scale = simd.inverse_power(simd.max(larger, smallest));
    let difference = simd.mul(simd.sub(a, b), scale);
    let double = simd.mul(simd.add(g, g), scale);
    let square = simd.mul(double, double);
    let root = simd.rough_sqrt(simd.max(simd.mul_add(difference, difference, square), smallest));
    let u = simd.add(simd.abs(difference), root);
    let inverse = simd.inverse_sqrt(simd.mul_add(u, u, square));
    let (c, s) = (simd.mul(u, inverse), simd.mul(double, inverse));
    let s = simd.select_less(difference, zero, simd.sub(zero, s), s);
    // Where a column is zero, so is what this multiplies.
    let product = simd.mul(simd.mul(a, scale), simd.mul(b, scale));
    let inverse = simd.mul(simd.inverse_sqrt(simd.max(product, smallest)), scale);
    let cosine = simd.mul(g, inverse);
    let sine = simd.select_less(simd.splat(tolerance), simd.abs(cosine), s, zero);
    let half = simd.div(sine, simd.add(one, c));
    let change = simd.mul(simd.mul(sine, larger), inverse);
    found[0] = simd.mul_add(cosine, cosine, found[0]);
    found[1] = simd.mul_add(change, change, found[1]);
    let step = simd.mul(sine, simd.mul_sub_from(sine, simd.sub(a, b), simd.mul(c, simd.add(g, g))));
    Angles { sine, half, step }
}

impl Isa {
    /// The sines of all rotations that a Gram matrix G with the given diagonal asks for, each as if it were the only one.
    ///
    /// Column j of `columns` holds that of G, then as many numbers. Of these, `i < j` receives minus the sine of the pair
    /// (i, j); the others are left as they are.
    pub(crate) fn sines<T: Real>(self, columns: &mut [T], squares: &[T], pairs: Pairs, tolerance: T) -> Found<T> {
        self.run(Sines { columns, squares, pairs, tolerance })
    }
}

struct Sines<'a, T> {
    columns: &'a mut [T],
    squares: &'a [T],
    pairs: Pairs,
    tolerance: T,
}

impl<T: Real> Kernel<T> for Sines<'_, T> {
    type Output = Found<T>;
    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) -> Found<T> {
        let Sines { columns, squares, pairs, tolerance } = self;
        let n = squares.len();
        let mut found = [simd.splat(T::ZERO); 2];
        for (j, column) in columns.chunks_exact_mut((2 * n).max(1)).enumerate() {
            let (gram, sines) = column.split_at_mut_checked(n).unwrap_or_default();
            let count = match pairs {
                Pairs::All => j,
                Pairs::Across(first) if j < first => 0,
                Pairs::Across(first) => first,
            };
            let b = simd.splat(squares.get(j).copied().unwrap_or_default());
            let mut i = 0;
            while i < count {
                let end = count.min(i + S::LANES);
                let a = simd.load(squares.get(i..end).unwrap_or_default());
                let g = simd.load(gram.get(i..end).unwrap_or_default());
                // The lanes without a pair find columns that are orthogonal.
                let Angles { sine, .. } = angles(simd, [a, b, g], tolerance, &mut found);
                simd.store(simd.sub(simd.splat(T::ZERO), sine), sines.get_mut(i..end).unwrap_or_default());
                i += S::LANES;
            }
        }
        let [cosines, changes] = found;
        Found { cosines: simd.sum(cosines), changes: simd.sum(changes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Uniform;
    use std::{vec, vec::Vec};

    /// The rotation by an angle whose sine is written makes the 2 x 2 part of G diagonal, and is the smaller of the two that do.
    #[test]
    fn sines_make_each_pair_orthogonal() {
        const TOLERANCE: f64 = 0.05;
        fn check<T: Real>() {
            for (isa, n, first) in Isa::all().into_iter().flat_map(|isa| [(isa, 1, 0), (isa, 9, 4), (isa, 37, 24)]) {
                for pairs in [Pairs::All, Pairs::Across(first)] {
                    let mut uniform = Uniform::new(5);
                    let untouched = T::from_f64(7.0);
                    let mut columns = vec![untouched; 2 * n * n];
                    let squares: Vec<T> = (0..n).map(|_| uniform.symmetric::<T>().abs() + T::ONE).collect();
                    for j in 0..n {
                        (0..n).for_each(|i| columns[2 * j * n + i] = uniform.symmetric::<T>() * T::from_f64(0.9));
                    }
                    let before = columns.clone();
                    let found = isa.sines(&mut columns, &squares, pairs, T::from_f64(TOLERANCE));
                    let [mut cosines, mut changes] = [0.0; 2];
                    for (i, j) in (0..n).flat_map(|j| (0..n).map(move |i| (i, j))) {
                        let sine = columns[(2 * j + 1) * n + i];
                        let taken = match pairs {
                            Pairs::All => i < j,
                            Pairs::Across(first) => i < first && j >= first,
                        };
                        if !taken {
                            assert_eq!(sine, untouched, "{isa:?}, {n}: {i}, {j}");
                            continue;
                        }
                        let (a, b, g) = (squares[i].to_f64(), squares[j].to_f64(), before[2 * j * n + i].to_f64());
                        let (s, c) = (-sine.to_f64(), (1.0 - sine.to_f64().powi(2)).sqrt());
                        let cosine = g / (a * b).sqrt();
                        cosines += cosine * cosine;
                        changes += (s * a.max(b)).powi(2) / (a * b);
                        if cosine.abs() < TOLERANCE {
                            assert_eq!(s, 0.0, "{isa:?}, {n}");
                            continue;
                        }
                        let left = (c * c - s * s) * g - s * c * (a - b);
                        assert!(left.abs() < 4.0 * T::EPSILON.sqrt().to_f64(), "{isa:?}, {n}: {i}, {j}, {left}");
                        assert!(s.abs() <= c + T::EPSILON.sqrt().to_f64(), "{isa:?}, {n}: {i}, {j}, {s}");
                    }
                    for (given, expected) in [(found.cosines, cosines), (found.changes, changes)] {
                        assert!(
                            (given.to_f64() - expected).abs() <= 1e-4 * expected,
                            "{isa:?}, {n}: {given} {expected}"
                        );
                    }
                }
            }
        }
        check::<f32>();
        check::<f64>();
    }
}
