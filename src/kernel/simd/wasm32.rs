//! WebAssembly's vectors of 128 bits, which a module uses or not as it is built. Nothing is fused, so the bits are the same
//! on every machine.
//!
//! A vector holds four `f32` or two `f64`. Some kernels need four lanes, so `f64` goes in pairs of vectors ([`Twice`]): two
//! chains of operations at once, which the processor overlaps anyway.
//!
//! [`Twice`]: super::Twice

use super::Simd;
use core::arch::wasm32::*;

/// The token: a module that is built with the instructions does not load where they do not exist.
#[derive(Clone, Copy, Debug)]
pub(super) struct Simd128;

/// What one expression of instructions makes of the operands.
macro_rules! operations {
    ($($op:ident($($x:ident),*) = $result:expr;)*) => {$(
        #[inline(always)]
        fn $op(self, $($x: v128),*) -> v128 {
            $result
        }
    )*};
}

/// Loads and stores of whole vectors where the slice has one, else of a part.
macro_rules! memory {
    ($t:ty, $splat:ident) => {
        #[inline(always)]
        fn splat(self, x: $t) -> v128 {
            $splat(x)
        }
        #[inline(always)]
        fn load(self, from: &[$t]) -> v128 {
            // SAFETY: the slice has that many elements.
            unsafe { self.load_part(from.as_ptr(), from.len()) }
        }
        #[inline(always)]
        fn store(self, x: v128, to: &mut [$t]) {
            // SAFETY: the slice has that many elements.
            unsafe { self.store_part(x, to.as_mut_ptr(), to.len()) }
        }
        #[inline(always)]
        unsafe fn load_whole(self, from: *const $t) -> v128 {
            // SAFETY: the caller's; the instruction needs no alignment.
            unsafe { v128_load(from.cast()) }
        }
        #[inline(always)]
        unsafe fn store_whole(self, x: v128, to: *mut $t) {
            // SAFETY: the caller's; the instruction needs no alignment.
            unsafe { v128_store(to.cast(), x) }
        }
    };
}

impl Simd<f64> for Simd128 {
    type Vector = v128;
    const LANES: usize = 2;
    /// 8 sums, 2 vectors of a column, a number of a row and a product, of the 16 registers that most machines have.
    const TILE: (usize, usize) = (2, 4);

    memory!(f64, f64x2_splat);
    operations! {
        add(x, y) = f64x2_add(x, y);
        sub(x, y) = f64x2_sub(x, y);
        mul(x, y) = f64x2_mul(x, y);
        div(x, y) = f64x2_div(x, y);
        sqrt(x) = f64x2_sqrt(x);
        rough_sqrt(x) = f64x2_sqrt(x);
        inverse_sqrt(x) = f64x2_div(f64x2_splat(1.0), f64x2_sqrt(x));
        abs(x) = f64x2_abs(x);
        // The second operand if that is larger, else the first.
        max(x, y) = f64x2_pmax(y, x);
        mul_add(x, y, z) = f64x2_add(f64x2_mul(x, y), z);
        mul_sub_from(x, y, z) = f64x2_sub(z, f64x2_mul(x, y));
        select_less(x, y, then, otherwise) = v128_bitselect(then, otherwise, f64x2_lt(x, y));
        // Exponent fields subtract as integers.
        inverse_power(x) = {
            let field = u64x2_splat(0x7ff << 52);
            u64x2_sub(field, v128_and(field, x))
        };
        // The exponent field e becomes the lowest bits of 2^52 + e.
        exponent(x) = {
            let shift = f64x2_splat((1u64 << 52) as f64);
            f64x2_sub(v128_or(shift, u64x2_shr(x, 52)), f64x2_splat(((1u64 << 52) + 1023) as f64))
        };
    }
    #[inline(always)]
    unsafe fn load_part(self, from: *const f64, count: usize) -> v128 {
        // SAFETY: lanes beyond `count` are not read; the rest is the caller's.
        unsafe {
            match count {
                0 => f64x2_splat(0.0),
                1 => v128_load64_zero(from.cast()),
                _ => v128_load(from.cast()),
            }
        }
    }
    #[inline(always)]
    unsafe fn store_part(self, x: v128, to: *mut f64, count: usize) {
        // SAFETY: lanes beyond `count` are not written; the rest is the caller's.
        unsafe {
            match count {
                0 => {}
                1 => v128_store64_lane::<0>(x, to.cast()),
                _ => v128_store(to.cast(), x),
            }
        }
    }
    #[inline(always)]
    fn any_less(self, x: v128, y: v128) -> bool {
        v128_any_true(f64x2_lt(x, y))
    }
    #[inline(always)]
    fn zip(self, x: v128, y: v128) -> [v128; 2] {
        [u64x2_shuffle::<0, 2>(x, y), u64x2_shuffle::<1, 3>(x, y)]
    }
    #[inline(always)]
    fn sum(self, x: v128) -> f64 {
        f64x2_extract_lane::<0>(x) + f64x2_extract_lane::<1>(x)
    }
    #[inline(always)]
    fn exchange(self, x: v128, bits: usize) -> v128 {
        if bits & 1 == 0 { x } else { u64x2_shuffle::<1, 0>(x, x) }
    }
}

impl Simd<f32> for Simd128 {
    type Vector = v128;
    const LANES: usize = 4;
    /// As for `f64`.
    const TILE: (usize, usize) = (2, 4);

    memory!(f32, f32x4_splat);
    operations! {
        add(x, y) = f32x4_add(x, y);
        sub(x, y) = f32x4_sub(x, y);
        mul(x, y) = f32x4_mul(x, y);
        div(x, y) = f32x4_div(x, y);
        sqrt(x) = f32x4_sqrt(x);
        rough_sqrt(x) = f32x4_sqrt(x);
        inverse_sqrt(x) = f32x4_div(f32x4_splat(1.0), f32x4_sqrt(x));
        abs(x) = f32x4_abs(x);
        // As for `f64`.
        max(x, y) = f32x4_pmax(y, x);
        mul_add(x, y, z) = f32x4_add(f32x4_mul(x, y), z);
        mul_sub_from(x, y, z) = f32x4_sub(z, f32x4_mul(x, y));
        select_less(x, y, then, otherwise) = v128_bitselect(then, otherwise, f32x4_lt(x, y));
        // Exponent fields subtract as integers.
        inverse_power(x) = {
            let field = u32x4_splat(0xff << 23);
            u32x4_sub(field, v128_and(field, x))
        };
        exponent(x) = f32x4_convert_i32x4(i32x4_sub(u32x4_shr(x, 23), i32x4_splat(127)));
    }
    #[inline(always)]
    unsafe fn load_part(self, from: *const f32, count: usize) -> v128 {
        // SAFETY: lanes beyond `count` are not read; the rest is the caller's.
        unsafe {
            match count {
                0 => f32x4_splat(0.0),
                1 => v128_load32_zero(from.cast()),
                2 => v128_load64_zero(from.cast()),
                3 => v128_load32_lane::<2>(v128_load64_zero(from.cast()), from.add(2).cast()),
                _ => v128_load(from.cast()),
            }
        }
    }
    #[inline(always)]
    unsafe fn store_part(self, x: v128, to: *mut f32, count: usize) {
        // SAFETY: lanes beyond `count` are not written; the rest is the caller's.
        unsafe {
            match count {
                0 => {}
                1 => v128_store32_lane::<0>(x, to.cast()),
                2 => v128_store64_lane::<0>(x, to.cast()),
                3 => {
                    v128_store64_lane::<0>(x, to.cast());
                    v128_store32_lane::<2>(x, to.add(2).cast());
                }
                _ => v128_store(to.cast(), x),
            }
        }
    }
    #[inline(always)]
    fn any_less(self, x: v128, y: v128) -> bool {
        v128_any_true(f32x4_lt(x, y))
    }
    #[inline(always)]
    fn zip(self, x: v128, y: v128) -> [v128; 2] {
        [u32x4_shuffle::<0, 4, 1, 5>(x, y), u32x4_shuffle::<2, 6, 3, 7>(x, y)]
    }
    #[inline(always)]
    fn sum(self, x: v128) -> f32 {
        let half = f32x4_add(x, u32x4_shuffle::<2, 3, 0, 1>(x, x));
        f32x4_extract_lane::<0>(half) + f32x4_extract_lane::<1>(half)
    }
    #[inline(always)]
    fn exchange(self, x: v128, bits: usize) -> v128 {
        let x = if bits & 1 == 0 { x } else { u32x4_shuffle::<1, 0, 3, 2>(x, x) };
        if bits & 2 == 0 { x } else { u32x4_shuffle::<2, 3, 0, 1>(x, x) }
    }
}
