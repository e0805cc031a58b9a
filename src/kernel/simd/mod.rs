//! One algorithm body, an instance for each instruction set.
//!
//! A [`Kernel`] is a loop written once, over a set of vector operations [`Simd`]. [`Isa::run`] enters the instance for the
//! instruction set that the processor has: a function compiled for it, into which the body is inlined as a whole. So
//! every body is `#[inline(always)]`, and the choice is made once for each call of a kernel, not for each operation.
//!
//! What is called in a kernel must end up inside it, or each operation becomes a call. The standard library does not
//! promise that of its adapters (`zip`, `map`, `fold`), least of all in a build without link-time optimization. So kernels
//! are written with plain loops.
//!
//! Where vectors are single numbers the smallest operation worth a function is one on slices: [`Lanes`] has these, for such
//! processors alone ([`Simd::LANES`] is 1), in Rust (`slices`) and in assembly (`cortex_m`).
//!
//! The vectors of a set can only be made from its token, and the token only where the instructions are known to exist;
//! what uses them is then safe code.

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod aarch64;
#[cfg(any(feature = "reproducible", not(target_arch = "arm")))]
mod portable;
#[cfg(any(test, target_arch = "arm"))]
mod scalar;
// Cortex-M with a floating-point unit; the other ARM processors without a system have atomic numbers of 64 bits.
#[cfg(all(target_arch = "arm", target_os = "none", target_abi = "eabihf", not(target_has_atomic = "64")))]
#[path = "cortex_m.rs"]
mod singles;
#[cfg(not(all(target_arch = "arm", target_os = "none", target_abi = "eabihf", not(target_has_atomic = "64"))))]
use slices as singles;
mod slices;
mod twice;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm32;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use crate::real::Real;
use crate::scratch::times;
#[cfg(any(feature = "reproducible", not(target_arch = "arm")))]
use portable::Portable;
#[cfg(any(test, target_arch = "arm"))]
use scalar::Scalar;
#[cfg(not(feature = "std"))]
pub(crate) use singles::sqrt;
pub(crate) use twice::Twice;

/// Vector operations on numbers of type T.
///
/// Loads and stores are total: elements that a slice does not have are read as zero and not written.
pub trait Simd<T>: Copy {
    /// `LANES` numbers.
    type Vector: Copy;
    /// Numbers in a vector.
    const LANES: usize;
    /// The tile of the matrix product: vectors in a column, and columns.
    const TILE: (usize, usize);

    /// `x` in every lane.
    fn splat(self, x: T) -> Self::Vector;
    fn load(self, from: &[T]) -> Self::Vector;
    fn store(self, x: Self::Vector, to: &mut [T]);
    /// The elements `from[..count]`, then zeros.
    ///
    /// # Safety
    /// `from` is valid for reads of `min(count, LANES)` elements, and not null even if that is none.
    unsafe fn load_part(self, from: *const T, count: usize) -> Self::Vector;
    /// The elements `from[..LANES]`.
    ///
    /// # Safety
    /// `from` is valid for reads of `LANES` elements.
    #[inline(always)]
    unsafe fn load_whole(self, from: *const T) -> Self::Vector {
        // SAFETY: the caller's.
        self.load(unsafe { core::slice::from_raw_parts(from, Self::LANES) })
    }
    /// Writes `to[..LANES]`.
    ///
    /// # Safety
    /// `to` is valid for writes of `LANES` elements.
    #[inline(always)]
    unsafe fn store_whole(self, x: Self::Vector, to: *mut T) {
        // SAFETY: the caller's.
        self.store(x, unsafe { core::slice::from_raw_parts_mut(to, Self::LANES) });
    }
    /// Writes `to[..count]`.
    ///
    /// # Safety
    /// `to` is valid for writes of `min(count, LANES)` elements, and not null even if that is none.
    unsafe fn store_part(self, x: Self::Vector, to: *mut T, count: usize);
    /// Asks for the cache line at any address, which need not be valid.
    #[inline(always)]
    fn prefetch(self, _from: *const T) {}

    fn add(self, x: Self::Vector, y: Self::Vector) -> Self::Vector;
    fn sub(self, x: Self::Vector, y: Self::Vector) -> Self::Vector;
    fn mul(self, x: Self::Vector, y: Self::Vector) -> Self::Vector;
    fn div(self, x: Self::Vector, y: Self::Vector) -> Self::Vector;
    fn sqrt(self, x: Self::Vector) -> Self::Vector;
    /// `sqrt(x)` to half of the digits, for positive, normal x.
    fn rough_sqrt(self, x: Self::Vector) -> Self::Vector;
    /// `1 / sqrt(x)` to within two units in the last place, for positive, normal x.
    fn inverse_sqrt(self, x: Self::Vector) -> Self::Vector;
    fn abs(self, x: Self::Vector) -> Self::Vector;
    /// The larger of the two; `y` if they are equal or either is NaN.
    fn max(self, x: Self::Vector, y: Self::Vector) -> Self::Vector;
    /// `x y + z`, fused where the instruction set has that.
    fn mul_add(self, x: Self::Vector, y: Self::Vector, z: Self::Vector) -> Self::Vector;
    /// `z - x y`, fused where the instruction set has that.
    fn mul_sub_from(self, x: Self::Vector, y: Self::Vector, z: Self::Vector) -> Self::Vector;
    /// In each lane `then` if `x < y`, else `otherwise`.
    fn select_less(self, x: Self::Vector, y: Self::Vector, then: Self::Vector, otherwise: Self::Vector)
    -> Self::Vector;
    /// Whether `x < y` in any lane.
    fn any_less(self, x: Self::Vector, y: Self::Vector) -> bool;
    /// `x_0, y_0, x_1, y_1, ...`, in two vectors.
    fn zip(self, x: Self::Vector, y: Self::Vector) -> [Self::Vector; 2];
    /// `2^(1 - e)` for `2^e <= x < 2^(e + 1)`, which brings x into `[2, 4)`; x is positive and normal.
    fn inverse_power(self, x: Self::Vector) -> Self::Vector;
    /// `floor(log2 x)` for positive, normal x.
    fn exponent(self, x: Self::Vector) -> Self::Vector;
    /// The sum of the lanes, added in halves.
    fn sum(self, x: Self::Vector) -> T;
    /// Lane `i` receives lane `i XOR bits`; of `bits` those below `LANES` count.
    fn exchange(self, x: Self::Vector, bits: usize) -> Self::Vector;
}

/// The most lanes of any set.
pub(crate) const MOST_LANES: usize = 16;

/// The transpose of a block of `rows x cols` numbers, at most `LANES` each: `cols` vectors, zero in the lanes that have no
/// row.
///
/// # Safety
/// `from` and every multiple of `stride` after it, `rows` places, are valid for reads of `cols` numbers.
#[inline(always)]
pub(crate) unsafe fn load_transposed<T: Real, S: Simd<T>>(
    simd: S,
    from: *const T,
    stride: usize,
    rows: usize,
    cols: usize,
) -> [S::Vector; MOST_LANES] {
    let mut block = [simd.splat(T::ZERO); MOST_LANES];
    for i in 0..S::LANES {
        if i < rows {
            // SAFETY: the caller's.
            block[i] = unsafe { simd.load_part(from.wrapping_add(i * stride), cols) };
        }
    }
    transpose(simd, &mut block);
    block
}

/// Transposes the matrix whose rows are the first `LANES` of these vectors: each round of zips takes one more bit of an
/// element's place from the lane to the vector.
#[inline(always)]
pub(crate) fn transpose<T, S: Simd<T>>(simd: S, rows: &mut [S::Vector; MOST_LANES]) {
    // No loop over the rounds: unrolled for certain, the vectors stay in registers.
    if S::LANES > 1 {
        zip_halves(simd, rows);
    }
    if S::LANES > 2 {
        zip_halves(simd, rows);
    }
    if S::LANES > 4 {
        zip_halves(simd, rows);
    }
    if S::LANES > 8 {
        zip_halves(simd, rows);
    }
}

#[inline(always)]
fn zip_halves<T, S: Simd<T>>(simd: S, rows: &mut [S::Vector; MOST_LANES]) {
    let old = *rows;
    for i in 0..S::LANES / 2 {
        [rows[2 * i], rows[2 * i + 1]] = simd.zip(old[i], old[i + S::LANES / 2]);
    }
}

/// A loop over vectors of any instruction set.
pub trait Kernel<T> {
    type Output;
    /// The body; `#[inline(always)]` in every implementation.
    fn run<S: Simd<T>>(self, simd: S) -> Self::Output;
}

/// The length of at least `len` that [`Lanes::turn`] can take: a multiple of six or of eight, as many numbers of two slices as
/// the registers of a Cortex-M hold.
pub(crate) const fn padded(len: usize) -> usize {
    let (six, eight) = (times(len.div_ceil(6), 6), times(len.div_ceil(8), 8));
    if six < eight { six } else { eight }
}

/// A number type that every instruction set has vectors of.
pub trait Lanes: Sized {
    /// Runs the kernel with these instructions.
    fn run<K: Kernel<Self>>(isa: Isa, kernel: K) -> K::Output;

    // What vectors of one number would be too small a step for. Of two slices the longer one's rest is ignored.

    /// The inner product of two slices.
    fn dot(x: &[Self], y: &[Self]) -> Self;
    /// The largest magnitude; none may be NaN.
    fn largest(x: &[Self]) -> Self;
    /// `y += a x`
    fn axpy(a: Self, x: &[Self], y: &mut [Self]);
    /// `(x, y) += (a x + b y, c x + d y)` for the rows `[a, b]` and `[c, d]`.
    fn combine(x: &mut [Self], y: &mut [Self], row_x: [Self; 2], row_y: [Self; 2]);
    /// `(x, y) <- (c x + s y, c y - s x)` in three shears, `x += h y`, `y -= s x`, `x += h y`, with h the tangent of half the
    /// angle. The length is [`padded`].
    fn turn(x: &mut [Self], y: &mut [Self], half: Self, sine: Self);
    /// Exchanges two slices, whose length is [`padded`].
    fn swap(x: &mut [Self], y: &mut [Self]);
}

/// An instruction set that this processor has.
#[derive(Clone, Copy, Debug)]
pub struct Isa(Token);

#[derive(Clone, Copy, Debug)]
enum Token {
    #[cfg(any(feature = "reproducible", not(target_arch = "arm")))]
    Portable(Portable),
    #[cfg(any(test, target_arch = "arm"))]
    Scalar(Scalar),
    /// Portable vectors on a processor that has AVX2.
    #[cfg(target_arch = "x86_64")]
    Unfused(x86_64::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx2(x86_64::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(x86_64::Avx512),
    #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
    Neon(aarch64::Neon),
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128(wasm32::Simd128),
}

impl Isa {
    /// Rust's own operations. Nothing is fused, so the bits are the same on every machine.
    #[cfg(any(feature = "reproducible", not(target_arch = "arm")))]
    pub(crate) const PORTABLE: Self = Isa(Token::Portable(Portable));
    /// Arrays would double what is linked.
    #[cfg(all(target_arch = "arm", not(feature = "reproducible")))]
    pub(crate) const PORTABLE: Self = Isa(Token::Scalar(Scalar));

    /// The best that this processor has.
    #[inline]
    #[allow(unreachable_code, reason = "some targets have a set in every build")]
    pub(crate) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        return Isa(x86_64::best());
        #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
        return Isa(Token::Neon(aarch64::Neon));
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        return Isa(Token::Simd128(wasm32::Simd128));
        #[cfg(target_arch = "arm")]
        return Isa(Token::Scalar(Scalar));
        Self::PORTABLE
    }

    /// The best set with the bits of the portable one.
    #[inline]
    #[cfg(any(feature = "reproducible", not(target_arch = "arm")))]
    pub(crate) fn reproducible() -> Self {
        #[cfg(target_arch = "x86_64")]
        return Isa(x86_64::reproducible());
        #[cfg(not(target_arch = "x86_64"))]
        Self::PORTABLE
    }

    /// Whether vectors are no more than arrays.
    pub(crate) const fn is_portable(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return matches!(self.0, Token::Portable(_) | Token::Unfused(_));
        #[cfg(not(target_arch = "x86_64"))]
        #[cfg(any(feature = "reproducible", not(target_arch = "arm")))]
        return matches!(self.0, Token::Portable(_));
        #[cfg(all(target_arch = "arm", not(feature = "reproducible")))]
        return false;
    }

    /// Whether vectors are single numbers.
    pub(crate) const fn is_scalar(self) -> bool {
        #[cfg(any(test, target_arch = "arm"))]
        return matches!(self.0, Token::Scalar(_));
        #[cfg(not(any(test, target_arch = "arm")))]
        return false;
    }

    /// The same, but for vectors no longer than `bytes` take: operations on short ones wait less for each other.
    #[inline]
    pub(crate) fn narrowed(self, bytes: usize) -> Self {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Token::Avx512(simd) if bytes <= 32 => Isa(Token::Avx2(simd.narrowed())),
            token => {
                let _ = bytes;
                Isa(token)
            }
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self.0 {
            #[cfg(any(feature = "reproducible", not(target_arch = "arm")))]
            Token::Portable(_) => "portable",
            #[cfg(any(test, target_arch = "arm"))]
            Token::Scalar(_) => "scalar",
            #[cfg(target_arch = "x86_64")]
            Token::Unfused(_) => "portable, avx2",
            #[cfg(target_arch = "x86_64")]
            Token::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Token::Avx512(_) => "avx512",
            #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
            Token::Neon(_) => "neon",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Token::Simd128(_) => "simd128",
        }
    }

    /// Runs the kernel with these instructions.
    #[inline(always)]
    pub(crate) fn run<T: Lanes, K: Kernel<T>>(self, kernel: K) -> K::Output {
        T::run(self, kernel)
    }

    /// Every set that this processor has, for tests.
    #[cfg(test)]
    pub(crate) fn all() -> std::vec::Vec<Self> {
        let mut all = std::vec![Self::PORTABLE, Isa(Token::Scalar(Scalar))];
        #[cfg(target_arch = "x86_64")]
        all.extend(x86_64::all().map(Isa));
        #[cfg(not(target_arch = "x86_64"))]
        all.extend(Some(Self::best()).filter(|best| !best.is_portable()));
        all
    }
}

/// Number types, and how they lie in vectors of 16 bytes: as they are, or in pairs, so that there are four lanes.
macro_rules! lanes {
    ($t:ty, $four:path, $slices:ident) => {
        impl Lanes for $t {
            #[inline(always)]
            fn run<K: Kernel<Self>>(isa: Isa, kernel: K) -> K::Output {
                match isa.0 {
                    #[cfg(any(feature = "reproducible", not(target_arch = "arm")))]
                    Token::Portable(simd) => kernel.run(simd),
                    #[cfg(any(test, target_arch = "arm"))]
                    Token::Scalar(simd) => simd.enter(kernel),
                    #[cfg(target_arch = "x86_64")]
                    Token::Unfused(simd) => simd.enter_portable(kernel),
                    #[cfg(target_arch = "x86_64")]
                    Token::Avx2(simd) => simd.enter(kernel),
                    #[cfg(target_arch = "x86_64")]
                    Token::Avx512(simd) => simd.enter(kernel),
                    #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
                    Token::Neon(simd) => kernel.run($four(simd)),
                    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
                    Token::Simd128(simd) => kernel.run($four(simd)),
                }
            }
            #[inline(always)]
            fn dot(x: &[Self], y: &[Self]) -> Self {
                $slices::dot(x, y)
            }
            #[inline(always)]
            fn largest(x: &[Self]) -> Self {
                $slices::largest(x)
            }
            #[inline(always)]
            fn axpy(a: Self, x: &[Self], y: &mut [Self]) {
                $slices::axpy(a, x, y);
            }
            #[inline(always)]
            fn combine(x: &mut [Self], y: &mut [Self], row_x: [Self; 2], row_y: [Self; 2]) {
                $slices::combine(x, y, row_x, row_y);
            }
            #[inline(always)]
            fn turn(x: &mut [Self], y: &mut [Self], half: Self, sine: Self) {
                $slices::turn(x, y, half, sine);
            }
            #[inline(always)]
            fn swap(x: &mut [Self], y: &mut [Self]) {
                $slices::swap(x, y);
            }
        }
    };
}
lanes!(f32, core::convert::identity, singles);
lanes!(f64, Twice, slices);

#[cfg(test)]
mod tests {
    use super::*;
    use std::{vec, vec::Vec};

    #[test]
    #[cfg(all(feature = "std", feature = "detect", target_arch = "x86_64"))]
    fn the_best_set_is_what_the_standard_library_detects() {
        let avx2 = std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma");
        let expected = match (avx2, std::is_x86_feature_detected!("avx512f")) {
            (true, true) => "avx512",
            (true, false) => "avx2",
            _ => "portable",
        };
        assert_eq!(crate::kernel::name(), expected);
        assert_eq!(Isa::all().last().unwrap().name(), expected);
    }

    /// The builds of other targets have their set in all of them; what x86-64 has is asked above.
    #[test]
    #[cfg(not(target_arch = "x86_64"))]
    fn the_best_set_is_what_the_build_may_assume() {
        let expected = if cfg!(all(target_arch = "aarch64", target_feature = "neon")) {
            "neon"
        } else if cfg!(all(target_arch = "wasm32", target_feature = "simd128")) {
            "simd128"
        } else if cfg!(target_arch = "arm") {
            "scalar"
        } else {
            "portable"
        };
        assert_eq!(crate::kernel::name(), expected);
        assert_eq!(Isa::all().last().unwrap().name(), expected);
    }

    struct Each<'a, T>(&'a [T], &'a [T]);

    impl<T: Real> Kernel<T> for Each<'_, T> {
        type Output = Vec<Vec<T>>;
        #[inline(always)]
        fn run<S: Simd<T>>(self, simd: S) -> Vec<Vec<T>> {
            let (x, y, two) = (simd.load(self.0), simd.load(self.1), simd.splat(T::ONE + T::ONE));
            let results = [
                simd.add(x, y),
                simd.sub(x, y),
                simd.mul(x, y),
                simd.div(x, y),
                simd.sqrt(simd.abs(x)),
                simd.abs(x),
                simd.max(x, y),
                simd.mul_add(x, two, y),
                simd.mul_sub_from(x, two, y),
                simd.select_less(x, y, two, x),
            ];
            let mut all = vec![vec![simd.sum(x)]];
            for result in results {
                let mut lanes = vec![T::ZERO; S::LANES + 1];
                simd.store(result, &mut lanes);
                assert_eq!(lanes.pop(), Some(T::ZERO), "a store beyond the vector");
                let count = self.0.len().min(S::LANES);
                let mut some = vec![T::ONE; count];
                simd.store(result, &mut some);
                assert_eq!(some, lanes[..count]);
                all.push(some);
            }
            for bits in 0..S::LANES {
                let (mut lanes, mut moved) = (vec![T::ZERO; S::LANES], vec![T::ZERO; S::LANES]);
                simd.store(x, &mut lanes);
                simd.store(simd.exchange(x, bits), &mut moved);
                assert!((0..S::LANES).all(|i| moved[i] == lanes[i ^ bits]), "exchange by {bits}: {moved:?}");
            }
            all
        }
    }

    /// The same in vectors of two.
    struct Two<'a, T>(Each<'a, T>);

    impl<T: Real> Kernel<T> for Two<'_, T> {
        type Output = Vec<Vec<T>>;
        #[inline(always)]
        fn run<S: Simd<T>>(self, simd: S) -> Vec<Vec<T>> {
            self.0.run(Twice(Twice(simd)))
        }
    }

    /// Each operation rounds once, so every instruction set gives the bits of Rust's operators; a multiplication by two is
    /// exact, fused or not. Lanes that a short slice does not fill are zero.
    fn every_operation<T: Real>() {
        let x: Vec<T> = (0..16).map(|i| T::from_f64(f64::from(i * 7 % 11) - 4.3)).collect();
        let y: Vec<T> = (0..16).map(|i| T::from_f64(f64::from(i * 5 % 13) - 6.1)).collect();
        for isa in Isa::all() {
            for len in 1..=16 {
                let given = isa.run(Each(&x[..len], &y[..len]));
                isa.run(Two(Each(&x[..len], &y[..len])));
                let two = T::ONE + T::ONE;
                let expected = |i: usize| {
                    let (x, y) = (x[i], y[i]);
                    let max = if x > y { x } else { y };
                    let select = if x < y { two } else { x };
                    [x + y, x - y, x * y, x / y, x.abs().sqrt(), x.abs(), max, x * two + y, y - x * two, select]
                };
                for i in 0..given[1].len() {
                    let given: Vec<T> = given[1..].iter().map(|lanes| lanes[i]).collect();
                    assert_eq!(given, expected(i), "{}, lane {i} of {len}", isa.name());
                }
                let sum: f64 = x[..given[1].len()].iter().map(|x| x.to_f64()).sum();
                assert!((given[0][0].to_f64() - sum).abs() < 1e-5, "{}", isa.name());
            }
        }
    }

    #[test]
    fn every_operation_in_every_lane() {
        every_operation::<f32>();
        every_operation::<f64>();
    }

    /// What `max` and `select_less` choose by a comparison that does not hold, in bits, which tell zeros apart.
    struct Choices<T>(T, T);

    impl<T: Real> Kernel<T> for Choices<T> {
        type Output = [u64; 2];
        #[inline(always)]
        fn run<S: Simd<T>>(self, simd: S) -> [u64; 2] {
            let (x, y) = (simd.splat(self.0), simd.splat(self.1));
            let less = simd.select_less(x, y, simd.splat(T::ONE), simd.splat(T::ZERO));
            assert!(!simd.any_less(x, y));
            [simd.max(x, y), less].map(|x| {
                let mut lanes = vec![T::ONE; S::LANES];
                simd.store(x, &mut lanes);
                let bits: Vec<u64> = lanes.iter().map(|x| x.to_f64().to_bits()).collect();
                assert!(bits.iter().all(|lane| *lane == bits[0]), "{bits:x?}");
                bits[0]
            })
        }
    }

    fn choices<T: Real>() {
        let (zero, one, nan) = (T::ZERO, T::ONE, T::from_f64(f64::NAN));
        for isa in Isa::all() {
            for (x, y) in [(zero, -zero), (-zero, zero), (nan, one), (one, nan), (nan, -one), (-one, nan)] {
                let [max, less] = isa.run(Choices(x, y));
                let is_y = if y.is_finite() { max == y.to_f64().to_bits() } else { f64::from_bits(max).is_nan() };
                assert!(is_y, "{}: the larger of {x} and {y}", isa.name());
                assert_eq!(less, 0, "{}: {x} and {y}", isa.name());
            }
        }
    }

    #[test]
    fn the_second_of_two_that_do_not_compare() {
        choices::<f32>();
        choices::<f64>();
    }

    /// Zips, comparisons and transposes against their definitions, in one vector or in two.
    struct Zips {
        twice: bool,
    }

    impl<T: Real> Kernel<T> for Zips {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd<T>>(self, simd: S) {
            if self.twice { zips(Twice(simd)) } else { zips(simd) }
        }
    }

    #[inline(always)]
    fn zips<T: Real, S: Simd<T>>(simd: S) {
        let number = |i: usize, j: usize| T::from_usize(100 * i + j);
        let lanes = |x: S::Vector| {
            let mut lanes = vec![T::ZERO; S::LANES];
            simd.store(x, &mut lanes);
            lanes
        };
        let row = |i: usize| simd.load(&(0..S::LANES).map(|j| number(i, j)).collect::<Vec<T>>());
        let expected: Vec<T> = (0..S::LANES).flat_map(|j| [number(0, j), number(1, j)]).collect();
        let [low, high] = simd.zip(row(0), row(1));
        assert_eq!([lanes(low), lanes(high)].concat(), expected);
        for lane in 0..S::LANES {
            let one: Vec<T> = (0..S::LANES).map(|i| if i == lane { T::ONE } else { T::ZERO }).collect();
            let (one, zero) = (simd.load(&one), simd.splat(T::ZERO));
            assert!(simd.any_less(zero, one) && !simd.any_less(one, zero) && !simd.any_less(one, one));
        }
        assert!(!simd.any_less(simd.splat(T::from_f64(f64::NAN)), row(1)));
        if S::LANES <= MOST_LANES {
            let mut rows = core::array::from_fn(row);
            transpose(simd, &mut rows);
            for j in 0..S::LANES {
                assert_eq!(lanes(rows[j]), (0..S::LANES).map(|i| number(i, j)).collect::<Vec<T>>());
            }
        }
    }

    #[test]
    fn zips_comparisons_and_transposes_on_every_set() {
        for isa in Isa::all() {
            for twice in [false, true] {
                isa.run::<f32, _>(Zips { twice });
                isa.run::<f64, _>(Zips { twice });
            }
        }
    }

    /// What the roots and powers of a set give for each of these numbers, in one vector and in two.
    struct Roots<T>(Vec<T>);

    impl<T: Real> Kernel<T> for Roots<T> {
        type Output = Vec<[T; 5]>;
        #[inline(always)]
        fn run<S: Simd<T>>(self, simd: S) -> Vec<[T; 5]> {
            let mut all = Vec::new();
            for x in self.0.chunks(S::LANES) {
                let v = simd.load(x);
                let mut lanes = [[T::ZERO; 16]; 4];
                simd.store(simd.rough_sqrt(v), &mut lanes[0]);
                simd.store(simd.inverse_sqrt(v), &mut lanes[1]);
                simd.store(simd.inverse_power(v), &mut lanes[2]);
                simd.store(simd.exponent(v), &mut lanes[3]);
                all.extend((0..x.len()).map(|i| [x[i], lanes[0][i], lanes[1][i], lanes[2][i], lanes[3][i]]));
            }
            for x in self.0.chunks(2 * S::LANES) {
                let twice = Twice(simd);
                let v = twice.load(x);
                let mut lanes = [[T::ZERO; 32]; 4];
                twice.store(twice.rough_sqrt(v), &mut lanes[0]);
                twice.store(twice.inverse_sqrt(v), &mut lanes[1]);
                twice.store(twice.inverse_power(v), &mut lanes[2]);
                twice.store(twice.exponent(v), &mut lanes[3]);
                all.extend((0..x.len()).map(|i| [x[i], lanes[0][i], lanes[1][i], lanes[2][i], lanes[3][i]]));
            }
            all
        }
    }

    fn check<T: Real>(half: f64) {
        let numbers =
            (T::MIN_EXPONENT..=T::MAX_EXPONENT).flat_map(|e| [1.0, 1.37, 1.9].map(|x| T::from_f64(x).scale(e)));
        let numbers: Vec<T> = numbers.collect();
        for isa in Isa::all() {
            let results = isa.run(Roots(numbers.clone()));
            assert_eq!(results.len(), 2 * numbers.len());
            for [x, rough, inverse, power, exponent] in results {
                let root = x.to_f64().sqrt();
                assert!((rough.to_f64() / root - 1.0).abs() < half, "{isa:?}: {rough} for {x}");
                assert!(
                    (inverse.to_f64() * root - 1.0).abs() < 2.0 * T::EPSILON.to_f64(),
                    "{isa:?}: {inverse} for {x}"
                );
                assert_eq!(power, T::pow2(1 - x.exponent()), "{isa:?}: {x}");
                assert_eq!(exponent.to_f64(), f64::from(x.exponent()), "{isa:?}: {x}");
            }
        }
    }

    #[test]
    fn roots_and_powers_on_every_set() {
        check::<f64>(2f64.powi(-26));
        check::<f32>(2f64.powi(-11));
    }
}
