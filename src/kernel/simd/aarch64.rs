//! NEON, which the build may assume: every AArch64 processor with floating point has it.
//!
//! A register holds four `f32` or two `f64`. Some kernels need four lanes, so `f64` goes in pairs of registers ([`Twice`]):
//! two chains of operations at once, which the processor overlaps anyway.
//!
//! [`Twice`]: super::Twice

use super::Simd;
use core::arch::aarch64::*;

/// The token: wherever this module is compiled, the instructions exist.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neon;

/// What one expression of instructions makes of the operands.
macro_rules! operations {
    ($v:ty; $($op:ident($($x:ident),*) = $result:expr;)*) => {$(
        #[inline(always)]
        fn $op(self, $($x: $v),*) -> $v {
            // SAFETY: this module is compiled for processors with NEON alone.
            unsafe { $result }
        }
    )*};
}

/// Loads and stores of whole vectors where the slice has one, else of a part.
macro_rules! memory {
    ($t:ty, $v:ty, $splat:ident, $load:ident, $store:ident) => {
        #[inline(always)]
        fn splat(self, x: $t) -> $v {
            // SAFETY: this module is compiled for processors with NEON alone.
            unsafe { $splat(x) }
        }
        #[inline(always)]
        fn load(self, from: &[$t]) -> $v {
            // SAFETY: the slice has that many elements.
            unsafe { self.load_part(from.as_ptr(), from.len()) }
        }
        #[inline(always)]
        fn store(self, x: $v, to: &mut [$t]) {
            // SAFETY: the slice has that many elements.
            unsafe { self.store_part(x, to.as_mut_ptr(), to.len()) }
        }
        #[inline(always)]
        unsafe fn load_whole(self, from: *const $t) -> $v {
            // SAFETY: the caller's; NEON as above.
            unsafe { $load(from) }
        }
        #[inline(always)]
        unsafe fn store_whole(self, x: $v, to: *mut $t) {
            // SAFETY: the caller's; NEON as above.
            unsafe { $store(to, x) }
        }
    };
}

impl Simd<f64> for Neon {
    type Vector = float64x2_t;
    const LANES: usize = 2;
    /// 24 sums, 4 vectors of a column and a number of a row, of 32 registers.
    const TILE: (usize, usize) = (4, 6);

    memory!(f64, float64x2_t, vdupq_n_f64, vld1q_f64, vst1q_f64);
    operations! { float64x2_t;
        add(x, y) = vaddq_f64(x, y);
        sub(x, y) = vsubq_f64(x, y);
        mul(x, y) = vmulq_f64(x, y);
        div(x, y) = vdivq_f64(x, y);
        sqrt(x) = vsqrtq_f64(x);
        rough_sqrt(x) = vsqrtq_f64(x);
        inverse_sqrt(x) = vdivq_f64(vdupq_n_f64(1.0), vsqrtq_f64(x));
        abs(x) = vabsq_f64(x);
        // The instruction for this gives NaN if either is.
        max(x, y) = vbslq_f64(vcgtq_f64(x, y), x, y);
        mul_add(x, y, z) = vfmaq_f64(z, x, y);
        mul_sub_from(x, y, z) = vfmsq_f64(z, x, y);
        select_less(x, y, then, otherwise) = vbslq_f64(vcltq_f64(x, y), then, otherwise);
    }
    #[inline(always)]
    unsafe fn load_part(self, from: *const f64, count: usize) -> float64x2_t {
        // SAFETY: lanes beyond `count` are not read; the rest is the caller's; NEON as above.
        unsafe {
            let zero = vdupq_n_f64(0.0);
            match count {
                0 => zero,
                1 => vld1q_lane_f64::<0>(from, zero),
                _ => vld1q_f64(from),
            }
        }
    }
    #[inline(always)]
    unsafe fn store_part(self, x: float64x2_t, to: *mut f64, count: usize) {
        // SAFETY: lanes beyond `count` are not written; the rest is the caller's; NEON as above.
        unsafe {
            match count {
                0 => {}
                1 => vst1q_lane_f64::<0>(to, x),
                _ => vst1q_f64(to, x),
            }
        }
    }
    #[inline(always)]
    fn inverse_power(self, x: float64x2_t) -> float64x2_t {
        // SAFETY: NEON as above. Exponent fields subtract as integers.
        unsafe {
            let field = vdupq_n_u64(0x7ff << 52);
            vreinterpretq_f64_u64(vsubq_u64(field, vandq_u64(field, vreinterpretq_u64_f64(x))))
        }
    }
    #[inline(always)]
    fn exponent(self, x: float64x2_t) -> float64x2_t {
        // SAFETY: NEON as above.
        unsafe {
            let field = vshrq_n_s64::<52>(vreinterpretq_s64_f64(x));
            vcvtq_f64_s64(vsubq_s64(field, vdupq_n_s64(1023)))
        }
    }
    #[inline(always)]
    fn any_less(self, x: float64x2_t, y: float64x2_t) -> bool {
        // SAFETY: NEON as above.
        unsafe { vmaxvq_u32(vreinterpretq_u32_u64(vcltq_f64(x, y))) != 0 }
    }
    #[inline(always)]
    fn zip(self, x: float64x2_t, y: float64x2_t) -> [float64x2_t; 2] {
        // SAFETY: NEON as above.
        unsafe { [vzip1q_f64(x, y), vzip2q_f64(x, y)] }
    }
    #[inline(always)]
    fn sum(self, x: float64x2_t) -> f64 {
        // SAFETY: NEON as above.
        unsafe { vpaddd_f64(x) }
    }
    #[inline(always)]
    fn exchange(self, x: float64x2_t, bits: usize) -> float64x2_t {
        // SAFETY: NEON as above.
        unsafe { if bits & 1 == 0 { x } else { vextq_f64::<1>(x, x) } }
    }
}

impl Simd<f32> for Neon {
    type Vector = float32x4_t;
    const LANES: usize = 4;
    /// 24 sums, 3 vectors of a column and a number of a row, of 32 registers.
    const TILE: (usize, usize) = (3, 8);

    memory!(f32, float32x4_t, vdupq_n_f32, vld1q_f32, vst1q_f32);
    operations! { float32x4_t;
        add(x, y) = vaddq_f32(x, y);
        sub(x, y) = vsubq_f32(x, y);
        mul(x, y) = vmulq_f32(x, y);
        div(x, y) = vdivq_f32(x, y);
        sqrt(x) = vsqrtq_f32(x);
        rough_sqrt(x) = vsqrtq_f32(x);
        inverse_sqrt(x) = vdivq_f32(vdupq_n_f32(1.0), vsqrtq_f32(x));
        abs(x) = vabsq_f32(x);
        // As for `f64`.
        max(x, y) = vbslq_f32(vcgtq_f32(x, y), x, y);
        mul_add(x, y, z) = vfmaq_f32(z, x, y);
        mul_sub_from(x, y, z) = vfmsq_f32(z, x, y);
        select_less(x, y, then, otherwise) = vbslq_f32(vcltq_f32(x, y), then, otherwise);
    }
    #[inline(always)]
    unsafe fn load_part(self, from: *const f32, count: usize) -> float32x4_t {
        // SAFETY: lanes beyond `count` are not read; the rest is the caller's; NEON as above.
        unsafe {
            let zero = vdup_n_f32(0.0);
            match count {
                0 => vcombine_f32(zero, zero),
                1 => vcombine_f32(vld1_lane_f32::<0>(from, zero), zero),
                2 => vcombine_f32(vld1_f32(from), zero),
                3 => vcombine_f32(vld1_f32(from), vld1_lane_f32::<0>(from.add(2), zero)),
                _ => vld1q_f32(from),
            }
        }
    }
    #[inline(always)]
    unsafe fn store_part(self, x: float32x4_t, to: *mut f32, count: usize) {
        // SAFETY: lanes beyond `count` are not written; the rest is the caller's; NEON as above.
        unsafe {
            match count {
                0 => {}
                1 => vst1q_lane_f32::<0>(to, x),
                2 => vst1_f32(to, vget_low_f32(x)),
                3 => {
                    vst1_f32(to, vget_low_f32(x));
                    vst1q_lane_f32::<2>(to.add(2), x);
                }
                _ => vst1q_f32(to, x),
            }
        }
    }
    #[inline(always)]
    fn inverse_power(self, x: float32x4_t) -> float32x4_t {
        // SAFETY: NEON as above. Exponent fields subtract as integers.
        unsafe {
            let field = vdupq_n_u32(0xff << 23);
            vreinterpretq_f32_u32(vsubq_u32(field, vandq_u32(field, vreinterpretq_u32_f32(x))))
        }
    }
    #[inline(always)]
    fn exponent(self, x: float32x4_t) -> float32x4_t {
        // SAFETY: NEON as above.
        unsafe {
            let field = vshrq_n_s32::<23>(vreinterpretq_s32_f32(x));
            vcvtq_f32_s32(vsubq_s32(field, vdupq_n_s32(127)))
        }
    }
    #[inline(always)]
    fn any_less(self, x: float32x4_t, y: float32x4_t) -> bool {
        // SAFETY: NEON as above.
        unsafe { vmaxvq_u32(vcltq_f32(x, y)) != 0 }
    }
    #[inline(always)]
    fn zip(self, x: float32x4_t, y: float32x4_t) -> [float32x4_t; 2] {
        // SAFETY: NEON as above.
        unsafe { [vzip1q_f32(x, y), vzip2q_f32(x, y)] }
    }
    #[inline(always)]
    fn sum(self, x: float32x4_t) -> f32 {
        // SAFETY: NEON as above.
        unsafe { vpadds_f32(vadd_f32(vget_low_f32(x), vget_high_f32(x))) }
    }
    #[inline(always)]
    fn exchange(self, x: float32x4_t, bits: usize) -> float32x4_t {
        // SAFETY: NEON as above.
        unsafe {
            let x = if bits & 1 == 0 { x } else { vrev64q_f32(x) };
            if bits & 2 == 0 { x } else { vextq_f32::<2>(x, x) }
        }
    }
}
