//! AVX2 with FMA, and AVX-512.

use super::{Kernel, Portable, Simd, Token};
use core::arch::x86_64::*;

/// Proof that the processor, and the operating system, have AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2(());

/// Proof that they have AVX-512F too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx512(());

impl Avx2 {
    #[inline(always)]
    pub(super) fn enter<T, K: Kernel<T>>(self, kernel: K) -> K::Output
    where
        Self: Simd<T>,
    {
        #[target_feature(enable = "avx2,fma")]
        fn run<T, K: Kernel<T>>(simd: Avx2, kernel: K) -> K::Output
        where
            Avx2: Simd<T>,
        {
            kernel.run(simd)
        }
        // SAFETY: the token exists, so the processor has these features.
        unsafe { run(self, kernel) }
    }

    /// The portable vectors, for which the compiler then has registers twice as wide, but nothing that fuses.
    #[inline(always)]
    pub(super) fn enter_portable<T, K: Kernel<T>>(self, kernel: K) -> K::Output
    where
        Portable: Simd<T>,
    {
        #[target_feature(enable = "avx2")]
        fn run<T, K: Kernel<T>>(kernel: K) -> K::Output
        where
            Portable: Simd<T>,
        {
            kernel.run(Portable)
        }
        // SAFETY: the token exists, so the processor has AVX2.
        unsafe { run(kernel) }
    }
}

impl Avx512 {
    /// What is there too.
    #[inline(always)]
    pub(super) fn narrowed(self) -> Avx2 {
        Avx2(())
    }

    #[inline(always)]
    pub(super) fn enter<T, K: Kernel<T>>(self, kernel: K) -> K::Output
    where
        Self: Simd<T>,
    {
        #[target_feature(enable = "avx2,fma,avx512f")]
        fn run<T, K: Kernel<T>>(simd: Avx512, kernel: K) -> K::Output
        where
            Avx512: Simd<T>,
        {
            kernel.run(simd)
        }
        // SAFETY: the token exists, so the processor has these features.
        unsafe { run(self, kernel) }
    }
}

/// The best set that the processor has.
#[cfg(feature = "detect")]
#[inline]
pub(super) fn best() -> Token {
    use core::sync::atomic::{AtomicU8, Ordering};
    /// What [`detect`] found: 0 before it was asked. Every thread would write the same.
    static FOUND: AtomicU8 = AtomicU8::new(0);
    let mut found = FOUND.load(Ordering::Relaxed);
    if found == 0 {
        found = detect();
        FOUND.store(found, Ordering::Relaxed);
    }
    match found {
        3 => Token::Avx512(Avx512(())),
        2 => Token::Avx2(Avx2(())),
        _ => Token::Portable(Portable),
    }
}

/// The best set that this build may assume.
#[cfg(not(feature = "detect"))]
#[inline]
pub(super) fn best() -> Token {
    if cfg!(all(target_feature = "avx2", target_feature = "fma", target_feature = "avx512f")) {
        Token::Avx512(Avx512(()))
    } else if cfg!(all(target_feature = "avx2", target_feature = "fma")) {
        Token::Avx2(Avx2(()))
    } else {
        Token::Portable(Portable)
    }
}

/// 3 for AVX-512, 2 for AVX2, else 1 (Intel's manual, volume 1, sections 14.3, 14.5.3 and 15.2).
#[cfg(feature = "detect")]
#[cold]
fn detect() -> u8 {
    const FMA: u32 = 1 << 12;
    const OSXSAVE: u32 = 1 << 27;
    const AVX: u32 = 1 << 28;
    const AVX2: u32 = 1 << 5;
    const AVX512F: u32 = 1 << 16;
    /// Registers that the operating system saves: xmm and ymm; the masks and both parts of zmm.
    const YMM: u64 = 0x6;
    const ZMM: u64 = 0xe6;

    #[target_feature(enable = "xsave")]
    fn saved_registers() -> u64 {
        // SAFETY: register 0 exists wherever the instruction does.
        unsafe { _xgetbv(0) }
    }

    // SAFETY: every x86-64 processor has the instruction.
    #[allow(unused_unsafe, reason = "a safe function in later versions of Rust")]
    let (leaves, basic) = unsafe { (__cpuid(0).eax, __cpuid(1).ecx) };
    if leaves < 7 {
        return 1;
    }
    // SAFETY: as above.
    #[allow(unused_unsafe, reason = "a safe function in later versions of Rust")]
    let extended = unsafe { __cpuid_count(7, 0).ebx };
    if basic & (FMA | OSXSAVE | AVX) != FMA | OSXSAVE | AVX || extended & AVX2 == 0 {
        return 1;
    }
    // SAFETY: OSXSAVE says that the instruction may be used.
    let saved = unsafe { saved_registers() };
    if saved & YMM != YMM {
        1
    } else if extended & AVX512F != 0 && saved & ZMM == ZMM {
        3
    } else {
        2
    }
}

/// The best that gives the bits of the portable vectors.
#[inline]
pub(super) fn reproducible() -> Token {
    match best() {
        Token::Avx512(simd) => Token::Unfused(simd.narrowed()),
        Token::Avx2(simd) => Token::Unfused(simd),
        portable => portable,
    }
}

/// Every set that the processor has, for tests.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = Token> {
    let best = best();
    let three = matches!(best, Token::Avx512(_));
    let two = three || matches!(best, Token::Avx2(_));
    let two = two.then_some([Token::Unfused(Avx2(())), Token::Avx2(Avx2(()))]);
    two.into_iter().flatten().chain(three.then_some(Token::Avx512(Avx512(()))))
}

/// The operations that have one instruction each.
macro_rules! operations {
    ($t:ty, $v:ty; $($op:ident($($x:ident),*) = $instruction:ident($($y:ident),*);)*) => {$(
        #[inline(always)]
        fn $op(self, $($x: $v),*) -> $v {
            // SAFETY: the token exists, so the processor has the instruction.
            unsafe { $instruction($($y),*) }
        }
    )*};
}

/// Loads and stores of whole vectors where the slice has one, else of a part.
macro_rules! memory {
    ($t:ty, $v:ty, $splat:ident, $load:ident, $store:ident) => {
        #[inline(always)]
        fn prefetch(self, from: *const $t) {
            // SAFETY: every x86-64 processor has the instruction, and it faults at no address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) }
        }
        #[inline(always)]
        fn splat(self, x: $t) -> $v {
            // SAFETY: the token exists, so the processor has the instruction.
            unsafe { $splat(x) }
        }
        #[inline(always)]
        fn load(self, from: &[$t]) -> $v {
            if from.len() >= <Self as Simd<$t>>::LANES {
                // SAFETY: the slice has the elements; the token exists.
                unsafe { $load(from.as_ptr()) }
            } else {
                // SAFETY: the slice has that many elements.
                unsafe { self.load_part(from.as_ptr(), from.len()) }
            }
        }
        #[inline(always)]
        fn store(self, x: $v, to: &mut [$t]) {
            if to.len() >= <Self as Simd<$t>>::LANES {
                // SAFETY: the slice has the elements; the token exists.
                unsafe { $store(to.as_mut_ptr(), x) }
            } else {
                // SAFETY: the slice has that many elements.
                unsafe { self.store_part(x, to.as_mut_ptr(), to.len()) }
            }
        }
    };
}

/// A mask of the first `count` lanes, as AVX2's masked moves take it.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn mask64(count: usize) -> __m256i {
    // SAFETY: the caller's.
    unsafe { _mm256_cmpgt_epi64(_mm256_set1_epi64x(count.min(4) as i64), _mm256_setr_epi64x(0, 1, 2, 3)) }
}

/// As [`mask64`] for `f32`.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn mask32(count: usize) -> __m256i {
    // SAFETY: the caller's.
    unsafe { _mm256_cmpgt_epi32(_mm256_set1_epi32(count.min(8) as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)) }
}

/// A mask of the first `count` of `lanes` lanes, as AVX-512's masked moves take it.
#[inline(always)]
fn bits(count: usize, lanes: usize) -> u16 {
    ((1u32 << count.min(lanes)) - 1) as u16
}

/// The sum of the lanes, added in halves.
///
/// # Safety
/// The processor has AVX.
#[inline(always)]
unsafe fn halve_pd(x: __m256d) -> f64 {
    // SAFETY: the caller's.
    unsafe {
        let half = _mm_add_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd::<1>(x));
        _mm_cvtsd_f64(_mm_add_sd(half, _mm_unpackhi_pd(half, half)))
    }
}

/// The sum of the lanes, added in halves.
///
/// # Safety
/// The processor has AVX.
#[inline(always)]
unsafe fn halve_ps(x: __m256) -> f32 {
    // SAFETY: the caller's.
    unsafe {
        let half = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
        let quarter = _mm_add_ps(half, _mm_movehl_ps(half, half));
        _mm_cvtss_f32(_mm_add_ss(quarter, _mm_shuffle_ps::<1>(quarter, quarter)))
    }
}

impl Simd<f64> for Avx2 {
    type Vector = __m256d;
    const LANES: usize = 4;
    const TILE: (usize, usize) = (2, 6);

    memory!(f64, __m256d, _mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd);
    operations! { f64, __m256d;
        add(x, y) = _mm256_add_pd(x, y);
        sub(x, y) = _mm256_sub_pd(x, y);
        mul(x, y) = _mm256_mul_pd(x, y);
        div(x, y) = _mm256_div_pd(x, y);
        sqrt(x) = _mm256_sqrt_pd(x);
        max(x, y) = _mm256_max_pd(x, y);
        mul_add(x, y, z) = _mm256_fmadd_pd(x, y, z);
        mul_sub_from(x, y, z) = _mm256_fnmadd_pd(x, y, z);
    }
    #[inline(always)]
    unsafe fn load_part(self, from: *const f64, count: usize) -> __m256d {
        // SAFETY: lanes beyond `count` are not read; the rest is the caller's.
        unsafe { _mm256_maskload_pd(from, mask64(count)) }
    }
    #[inline(always)]
    unsafe fn store_part(self, x: __m256d, to: *mut f64, count: usize) {
        // SAFETY: lanes beyond `count` are not written; the rest is the caller's.
        unsafe { _mm256_maskstore_pd(to, mask64(count), x) }
    }
    #[inline(always)]
    fn abs(self, x: __m256d) -> __m256d {
        // SAFETY: the token exists.
        unsafe { _mm256_andnot_pd(_mm256_set1_pd(-0.0), x) }
    }
    #[inline(always)]
    fn select_less(self, x: __m256d, y: __m256d, then: __m256d, otherwise: __m256d) -> __m256d {
        // SAFETY: the token exists.
        unsafe { _mm256_blendv_pd(otherwise, then, _mm256_cmp_pd::<_CMP_LT_OQ>(x, y)) }
    }
    #[inline(always)]
    fn rough_sqrt(self, x: __m256d) -> __m256d {
        Simd::<f64>::sqrt(self, x)
    }
    #[inline(always)]
    fn inverse_sqrt(self, x: __m256d) -> __m256d {
        // SAFETY: the token exists.
        unsafe { _mm256_div_pd(_mm256_set1_pd(1.0), _mm256_sqrt_pd(x)) }
    }
    #[inline(always)]
    fn inverse_power(self, x: __m256d) -> __m256d {
        // SAFETY: the token exists. Exponent fields subtract as integers.
        unsafe {
            let field = _mm256_set1_epi64x(0x7ff << 52);
            _mm256_castsi256_pd(_mm256_sub_epi64(field, _mm256_and_si256(field, _mm256_castpd_si256(x))))
        }
    }
    #[inline(always)]
    fn exponent(self, x: __m256d) -> __m256d {
        // SAFETY: the token exists. The exponent field e becomes the lowest bits of 2^52 + e.
        unsafe {
            let field = _mm256_srli_epi64::<52>(_mm256_castpd_si256(x));
            let shift = _mm256_set1_pd((1u64 << 52) as f64);
            let shifted = _mm256_or_pd(shift, _mm256_castsi256_pd(field));
            _mm256_sub_pd(shifted, _mm256_set1_pd(((1u64 << 52) + 1023) as f64))
        }
    }
    #[inline(always)]
    fn any_less(self, x: __m256d, y: __m256d) -> bool {
        // SAFETY: the token exists.
        unsafe { _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_LT_OQ>(x, y)) != 0 }
    }
    #[inline(always)]
    fn zip(self, x: __m256d, y: __m256d) -> [__m256d; 2] {
        // SAFETY: the token exists. Unpacking zips each half by itself.
        unsafe {
            let (even, odd) = (_mm256_unpacklo_pd(x, y), _mm256_unpackhi_pd(x, y));
            [_mm256_permute2f128_pd::<0x20>(even, odd), _mm256_permute2f128_pd::<0x31>(even, odd)]
        }
    }
    #[inline(always)]
    fn sum(self, x: __m256d) -> f64 {
        // SAFETY: the token exists.
        unsafe { halve_pd(x) }
    }
    #[inline(always)]
    fn exchange(self, x: __m256d, bits: usize) -> __m256d {
        // SAFETY: the token exists. The halves of a number are moved as two of `f32`; of an index three bits count.
        unsafe {
            let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let from = _mm256_xor_si256(lanes, _mm256_set1_epi32(2 * bits as i32));
            _mm256_castps_pd(_mm256_permutevar8x32_ps(_mm256_castpd_ps(x), from))
        }
    }
}

impl Simd<f32> for Avx2 {
    type Vector = __m256;
    const LANES: usize = 8;
    const TILE: (usize, usize) = (2, 6);

    memory!(f32, __m256, _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps);
    operations! { f32, __m256;
        add(x, y) = _mm256_add_ps(x, y);
        sub(x, y) = _mm256_sub_ps(x, y);
        mul(x, y) = _mm256_mul_ps(x, y);
        div(x, y) = _mm256_div_ps(x, y);
        sqrt(x) = _mm256_sqrt_ps(x);
        max(x, y) = _mm256_max_ps(x, y);
        mul_add(x, y, z) = _mm256_fmadd_ps(x, y, z);
        mul_sub_from(x, y, z) = _mm256_fnmadd_ps(x, y, z);
    }
    #[inline(always)]
    unsafe fn load_part(self, from: *const f32, count: usize) -> __m256 {
        // SAFETY: lanes beyond `count` are not read; the rest is the caller's.
        unsafe { _mm256_maskload_ps(from, mask32(count)) }
    }
    #[inline(always)]
    unsafe fn store_part(self, x: __m256, to: *mut f32, count: usize) {
        // SAFETY: lanes beyond `count` are not written; the rest is the caller's.
        unsafe { _mm256_maskstore_ps(to, mask32(count), x) }
    }
    #[inline(always)]
    fn abs(self, x: __m256) -> __m256 {
        // SAFETY: the token exists.
        unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), x) }
    }
    #[inline(always)]
    fn select_less(self, x: __m256, y: __m256, then: __m256, otherwise: __m256) -> __m256 {
        // SAFETY: the token exists.
        unsafe { _mm256_blendv_ps(otherwise, then, _mm256_cmp_ps::<_CMP_LT_OQ>(x, y)) }
    }
    #[inline(always)]
    fn rough_sqrt(self, x: __m256) -> __m256 {
        // SAFETY: the token exists. The estimate has 12 bits less half of the last.
        unsafe { _mm256_mul_ps(x, _mm256_rsqrt_ps(x)) }
    }
    #[inline(always)]
    fn inverse_sqrt(self, x: __m256) -> __m256 {
        // SAFETY: the token exists.
        unsafe { _mm256_div_ps(_mm256_set1_ps(1.0), _mm256_sqrt_ps(x)) }
    }
    #[inline(always)]
    fn inverse_power(self, x: __m256) -> __m256 {
        // SAFETY: the token exists. Exponent fields subtract as integers.
        unsafe {
            let field = _mm256_set1_epi32(0xff << 23);
            _mm256_castsi256_ps(_mm256_sub_epi32(field, _mm256_and_si256(field, _mm256_castps_si256(x))))
        }
    }
    #[inline(always)]
    fn exponent(self, x: __m256) -> __m256 {
        // SAFETY: the token exists.
        unsafe {
            let field = _mm256_srli_epi32::<23>(_mm256_castps_si256(x));
            _mm256_cvtepi32_ps(_mm256_sub_epi32(field, _mm256_set1_epi32(127)))
        }
    }
    #[inline(always)]
    fn any_less(self, x: __m256, y: __m256) -> bool {
        // SAFETY: the token exists.
        unsafe { _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LT_OQ>(x, y)) != 0 }
    }
    #[inline(always)]
    fn zip(self, x: __m256, y: __m256) -> [__m256; 2] {
        // SAFETY: the token exists. Unpacking zips each half by itself.
        unsafe {
            let (even, odd) = (_mm256_unpacklo_ps(x, y), _mm256_unpackhi_ps(x, y));
            [_mm256_permute2f128_ps::<0x20>(even, odd), _mm256_permute2f128_ps::<0x31>(even, odd)]
        }
    }
    #[inline(always)]
    fn sum(self, x: __m256) -> f32 {
        // SAFETY: the token exists.
        unsafe { halve_ps(x) }
    }
    #[inline(always)]
    fn exchange(self, x: __m256, bits: usize) -> __m256 {
        // SAFETY: the token exists. Of an index three bits count.
        unsafe {
            let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            _mm256_permutevar8x32_ps(x, _mm256_xor_si256(lanes, _mm256_set1_epi32(bits as i32)))
        }
    }
}

impl Simd<f64> for Avx512 {
    type Vector = __m512d;
    const LANES: usize = 8;
    const TILE: (usize, usize) = (3, 8);

    memory!(f64, __m512d, _mm512_set1_pd, _mm512_loadu_pd, _mm512_storeu_pd);
    operations! { f64, __m512d;
        add(x, y) = _mm512_add_pd(x, y);
        sub(x, y) = _mm512_sub_pd(x, y);
        mul(x, y) = _mm512_mul_pd(x, y);
        div(x, y) = _mm512_div_pd(x, y);
        sqrt(x) = _mm512_sqrt_pd(x);
        abs(x) = _mm512_abs_pd(x);
        max(x, y) = _mm512_max_pd(x, y);
        mul_add(x, y, z) = _mm512_fmadd_pd(x, y, z);
        mul_sub_from(x, y, z) = _mm512_fnmadd_pd(x, y, z);
    }
    #[inline(always)]
    unsafe fn load_part(self, from: *const f64, count: usize) -> __m512d {
        // SAFETY: lanes beyond `count` are not read; the rest is the caller's.
        unsafe { _mm512_maskz_loadu_pd(bits(count, 8) as __mmask8, from) }
    }
    #[inline(always)]
    unsafe fn store_part(self, x: __m512d, to: *mut f64, count: usize) {
        // SAFETY: lanes beyond `count` are not written; the rest is the caller's.
        unsafe { _mm512_mask_storeu_pd(to, bits(count, 8) as __mmask8, x) }
    }
    #[inline(always)]
    fn select_less(self, x: __m512d, y: __m512d, then: __m512d, otherwise: __m512d) -> __m512d {
        // SAFETY: the token exists.
        unsafe { _mm512_mask_blend_pd(_mm512_cmp_pd_mask::<_CMP_LT_OQ>(x, y), otherwise, then) }
    }
    /// Newton's iteration from 14 bits.
    #[inline(always)]
    fn rough_sqrt(self, x: __m512d) -> __m512d {
        // SAFETY: the token exists.
        unsafe {
            let (one, half) = (_mm512_set1_pd(1.0), _mm512_set1_pd(0.5));
            let y = _mm512_rsqrt14_pd(x);
            let root = _mm512_mul_pd(x, y);
            let error = _mm512_fnmadd_pd(root, y, one);
            _mm512_fmadd_pd(_mm512_mul_pd(root, half), error, root)
        }
    }
    /// Newton's iteration from 14 bits: less than half the time of a root and a division.
    #[inline(always)]
    fn inverse_sqrt(self, x: __m512d) -> __m512d {
        // SAFETY: the token exists.
        unsafe {
            let (one, half) = (_mm512_set1_pd(1.0), _mm512_set1_pd(0.5));
            let mut y = _mm512_rsqrt14_pd(x);
            for _ in 0..2 {
                let error = _mm512_fnmadd_pd(_mm512_mul_pd(x, y), y, one);
                y = _mm512_fmadd_pd(_mm512_mul_pd(y, half), error, y);
            }
            y
        }
    }
    #[inline(always)]
    fn inverse_power(self, x: __m512d) -> __m512d {
        // SAFETY: the token exists. Exponent fields subtract as integers.
        unsafe {
            let field = _mm512_set1_epi64(0x7ff << 52);
            _mm512_castsi512_pd(_mm512_sub_epi64(field, _mm512_and_si512(field, _mm512_castpd_si512(x))))
        }
    }
    #[inline(always)]
    fn exponent(self, x: __m512d) -> __m512d {
        // SAFETY: the token exists.
        unsafe { _mm512_getexp_pd(x) }
    }
    #[inline(always)]
    fn any_less(self, x: __m512d, y: __m512d) -> bool {
        // SAFETY: the token exists.
        unsafe { _mm512_cmp_pd_mask::<_CMP_LT_OQ>(x, y) != 0 }
    }
    #[inline(always)]
    fn zip(self, x: __m512d, y: __m512d) -> [__m512d; 2] {
        // SAFETY: the token exists.
        unsafe {
            let low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
            let high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
            [_mm512_permutex2var_pd(x, low, y), _mm512_permutex2var_pd(x, high, y)]
        }
    }
    #[inline(always)]
    fn sum(self, x: __m512d) -> f64 {
        // SAFETY: the token exists.
        unsafe { halve_pd(_mm256_add_pd(_mm512_castpd512_pd256(x), _mm512_extractf64x4_pd::<1>(x))) }
    }
    #[inline(always)]
    fn exchange(self, x: __m512d, bits: usize) -> __m512d {
        // SAFETY: the token exists. Of an index three bits count.
        unsafe {
            let lanes = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
            _mm512_permutexvar_pd(_mm512_xor_si512(lanes, _mm512_set1_epi64(bits as i64)), x)
        }
    }
}

impl Simd<f32> for Avx512 {
    type Vector = __m512;
    const LANES: usize = 16;
    const TILE: (usize, usize) = (3, 8);

    memory!(f32, __m512, _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps);
    operations! { f32, __m512;
        add(x, y) = _mm512_add_ps(x, y);
        sub(x, y) = _mm512_sub_ps(x, y);
        mul(x, y) = _mm512_mul_ps(x, y);
        div(x, y) = _mm512_div_ps(x, y);
        sqrt(x) = _mm512_sqrt_ps(x);
        abs(x) = _mm512_abs_ps(x);
        max(x, y) = _mm512_max_ps(x, y);
        mul_add(x, y, z) = _mm512_fmadd_ps(x, y, z);
        mul_sub_from(x, y, z) = _mm512_fnmadd_ps(x, y, z);
    }
    #[inline(always)]
    unsafe fn load_part(self, from: *const f32, count: usize) -> __m512 {
        // SAFETY: lanes beyond `count` are not read; the rest is the caller's.
        unsafe { _mm512_maskz_loadu_ps(bits(count, 16), from) }
    }
    #[inline(always)]
    unsafe fn store_part(self, x: __m512, to: *mut f32, count: usize) {
        // SAFETY: lanes beyond `count` are not written; the rest is the caller's.
        unsafe { _mm512_mask_storeu_ps(to, bits(count, 16), x) }
    }
    #[inline(always)]
    fn select_less(self, x: __m512, y: __m512, then: __m512, otherwise: __m512) -> __m512 {
        // SAFETY: the token exists.
        unsafe { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(x, y), otherwise, then) }
    }
    #[inline(always)]
    fn rough_sqrt(self, x: __m512) -> __m512 {
        // SAFETY: the token exists. The estimate has 14 bits.
        unsafe { _mm512_mul_ps(x, _mm512_rsqrt14_ps(x)) }
    }
    /// As for `f64`; one step is enough.
    #[inline(always)]
    fn inverse_sqrt(self, x: __m512) -> __m512 {
        // SAFETY: the token exists.
        unsafe {
            let (one, half) = (_mm512_set1_ps(1.0), _mm512_set1_ps(0.5));
            let y = _mm512_rsqrt14_ps(x);
            let error = _mm512_fnmadd_ps(_mm512_mul_ps(x, y), y, one);
            _mm512_fmadd_ps(_mm512_mul_ps(y, half), error, y)
        }
    }
    #[inline(always)]
    fn inverse_power(self, x: __m512) -> __m512 {
        // SAFETY: the token exists. Exponent fields subtract as integers.
        unsafe {
            let field = _mm512_set1_epi32(0xff << 23);
            _mm512_castsi512_ps(_mm512_sub_epi32(field, _mm512_and_si512(field, _mm512_castps_si512(x))))
        }
    }
    #[inline(always)]
    fn exponent(self, x: __m512) -> __m512 {
        // SAFETY: the token exists.
        unsafe { _mm512_getexp_ps(x) }
    }
    #[inline(always)]
    fn any_less(self, x: __m512, y: __m512) -> bool {
        // SAFETY: the token exists.
        unsafe { _mm512_cmp_ps_mask::<_CMP_LT_OQ>(x, y) != 0 }
    }
    #[inline(always)]
    fn zip(self, x: __m512, y: __m512) -> [__m512; 2] {
        // SAFETY: the token exists.
        unsafe {
            let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
            [_mm512_permutex2var_ps(x, low, y), _mm512_permutex2var_ps(x, high, y)]
        }
    }
    #[inline(always)]
    fn sum(self, x: __m512) -> f32 {
        // SAFETY: the token exists. Extracting four doubles takes AVX-512F only, eight floats more.
        unsafe {
            let upper = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(x)));
            halve_ps(_mm256_add_ps(_mm512_castps512_ps256(x), upper))
        }
    }
    #[inline(always)]
    fn exchange(self, x: __m512, bits: usize) -> __m512 {
        // SAFETY: the token exists. Of an index four bits count.
        unsafe {
            let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            _mm512_permutexvar_ps(_mm512_xor_si512(lanes, _mm512_set1_epi32(bits as i32)), x)
        }
    }
}
