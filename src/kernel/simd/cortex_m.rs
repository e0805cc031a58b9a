//! What a Cortex-M with a floating-point unit does to `f32` that Rust without `std` has no name for: roots, and
//! multiplications fused with additions.
//!
//! The compiler does not let inline assembly name the registers of this unit, so these are functions, called as C does:
//! the arguments are in s0 to s3 and in r0 to r2, and s0 to s15, r0 to r3 may change. Weak, so that two versions of this
//! crate in one program share them.

use core::arch::global_asm;

global_asm!(
    ".macro lowrank_function name",
    ".section .text.\\name, \"ax\", %progbits",
    ".p2align 1",
    ".weak \\name",
    ".hidden \\name",
    ".type \\name, %function",
    ".thumb_func",
    "\\name:",
    ".endm",
    ".fpu fpv4-sp-d16",
    //
    // The root of s0.
    "lowrank_function lowrank_sqrt_f32",
    "vsqrt.f32 s0, s0",
    "bx lr",
    //
    // The inner product of the r2 numbers at r0 and at r1: four running sums, then what is left.
    "lowrank_function lowrank_dot_f32",
    "subs r2, #4",
    "blt 3f",
    "vldmia r0!, {{s4-s7}}",
    "vldmia r1!, {{s8-s11}}",
    "vmul.f32 s0, s4, s8",
    "vmul.f32 s1, s5, s9",
    "vmul.f32 s2, s6, s10",
    "vmul.f32 s3, s7, s11",
    "subs r2, #4",
    "blt 1f",
    "0:",
    "vldmia r0!, {{s4-s7}}",
    "vldmia r1!, {{s8-s11}}",
    "subs r2, #4",
    "vfma.f32 s0, s4, s8",
    "vfma.f32 s1, s5, s9",
    "vfma.f32 s2, s6, s10",
    "vfma.f32 s3, s7, s11",
    "bge 0b",
    "1:",
    // Four are subtracted too often, which leaves the last two bits as they were.
    "lsls r2, r2, #31",
    "bcc 2f",
    "vldmia r0!, {{s4-s5}}",
    "vldmia r1!, {{s8-s9}}",
    "vfma.f32 s0, s4, s8",
    "vfma.f32 s1, s5, s9",
    "2:",
    "vadd.f32 s0, s0, s1",
    "vadd.f32 s2, s2, s3",
    "vadd.f32 s0, s0, s2",
    "it pl",
    "bxpl lr",
    "vldr s4, [r0]",
    "vldr s8, [r1]",
    "vfma.f32 s0, s4, s8",
    "bx lr",
    // Less than four.
    "3:",
    "adds r2, #2",
    "blt 4f",
    "vldmia r0!, {{s4-s5}}",
    "vldmia r1!, {{s8-s9}}",
    "vmul.f32 s0, s4, s8",
    "vfma.f32 s0, s5, s9",
    "it eq",
    "bxeq lr",
    "vldr s4, [r0]",
    "vldr s8, [r1]",
    "vfma.f32 s0, s4, s8",
    "bx lr",
    "4:",
    "movs r3, #0",
    "vmov s0, r3",
    "adds r2, #2",
    "it eq",
    "bxeq lr",
    "vldr s4, [r0]",
    "vldr s8, [r1]",
    "vmul.f32 s0, s4, s8",
    "bx lr",
    //
    // The largest magnitude of the r1 numbers at r0, whose bits are compared without the one of the sign.
    "lowrank_function lowrank_largest_f32",
    "push {{r4, r5, lr}}",
    "movs r2, #0",
    "subs r1, #4",
    "blt 1f",
    "0:",
    "ldmia r0!, {{r3, r4, r5, lr}}",
    "cmp r2, r3, lsl #1",
    "it lo",
    "lsllo r2, r3, #1",
    "cmp r2, r4, lsl #1",
    "it lo",
    "lsllo r2, r4, #1",
    "cmp r2, r5, lsl #1",
    "it lo",
    "lsllo r2, r5, #1",
    "cmp r2, lr, lsl #1",
    "it lo",
    "lsllo r2, lr, #1",
    "subs r1, #4",
    "bge 0b",
    "1:",
    "adds r1, #4",
    "beq 3f",
    "2:",
    "ldmia r0!, {{r3}}",
    "cmp r2, r3, lsl #1",
    "it lo",
    "lsllo r2, r3, #1",
    "subs r1, #1",
    "bne 2b",
    "3:",
    "lsrs r2, r2, #1",
    "vmov s0, r2",
    "pop {{r4, r5, pc}}",
    //
    // y += s0 x, for the r2 numbers x at r0 and y at r1.
    "lowrank_function lowrank_axpy_f32",
    "subs r2, #4",
    "blt 1f",
    "0:",
    "vldmia r0!, {{s4-s7}}",
    "vldmia r1, {{s8-s11}}",
    "subs r2, #4",
    "vfma.f32 s8, s4, s0",
    "vfma.f32 s9, s5, s0",
    "vfma.f32 s10, s6, s0",
    "vfma.f32 s11, s7, s0",
    "vstmia r1!, {{s8-s11}}",
    "bge 0b",
    "1:",
    "adds r2, #4",
    "beq 3f",
    "2:",
    "vldmia r0!, {{s4}}",
    "vldr s8, [r1]",
    "subs r2, #1",
    "vfma.f32 s8, s4, s0",
    "vstmia r1!, {{s8}}",
    "bne 2b",
    "3:",
    "bx lr",
    //
    // (x, y) += (s0 x + s1 y, s2 x + s3 y), for the r2 numbers x at r0 and y at r1.
    "lowrank_function lowrank_combine_f32",
    "subs r2, #2",
    "blt 1f",
    "0:",
    "vldmia r0, {{s4-s5}}",
    "vldmia r1, {{s6-s7}}",
    "subs r2, #2",
    "vmul.f32 s8, s1, s6",
    "vmul.f32 s9, s1, s7",
    "vmul.f32 s10, s3, s6",
    "vmul.f32 s11, s3, s7",
    "vfma.f32 s8, s0, s4",
    "vfma.f32 s9, s0, s5",
    "vfma.f32 s10, s2, s4",
    "vfma.f32 s11, s2, s5",
    "vadd.f32 s4, s4, s8",
    "vadd.f32 s5, s5, s9",
    "vadd.f32 s6, s6, s10",
    "vadd.f32 s7, s7, s11",
    "vstmia r0!, {{s4-s5}}",
    "vstmia r1!, {{s6-s7}}",
    "bge 0b",
    "1:",
    "adds r2, #2",
    "beq 2f",
    "vldr s4, [r0]",
    "vldr s6, [r1]",
    "vmul.f32 s8, s1, s6",
    "vmul.f32 s10, s3, s6",
    "vfma.f32 s8, s0, s4",
    "vfma.f32 s10, s2, s4",
    "vadd.f32 s4, s4, s8",
    "vadd.f32 s6, s6, s10",
    "vstr s4, [r0]",
    "vstr s6, [r1]",
    "2:",
    "bx lr",
    //
    // x += s0 y, y -= s1 x, x += s0 y, for the r2 numbers x at r0 and y at r1, eight at a time if that goes, else six; fewer stay.
    "lowrank_function lowrank_turn_f32",
    "lsls r3, r2, #29",
    "beq 1f",
    "subs r2, #6",
    "it lt",
    "bxlt lr",
    "0:",
    "vldmia r0, {{s4-s9}}",
    "vldmia r1, {{s10-s15}}",
    "subs r2, #6",
    "vfma.f32 s4, s10, s0",
    "vfma.f32 s5, s11, s0",
    "vfma.f32 s6, s12, s0",
    "vfma.f32 s7, s13, s0",
    "vfma.f32 s8, s14, s0",
    "vfma.f32 s9, s15, s0",
    "vfms.f32 s10, s4, s1",
    "vfms.f32 s11, s5, s1",
    "vfms.f32 s12, s6, s1",
    "vfms.f32 s13, s7, s1",
    "vfms.f32 s14, s8, s1",
    "vfms.f32 s15, s9, s1",
    "vfma.f32 s4, s10, s0",
    "vfma.f32 s5, s11, s0",
    "vfma.f32 s6, s12, s0",
    "vfma.f32 s7, s13, s0",
    "vfma.f32 s8, s14, s0",
    "vfma.f32 s9, s15, s0",
    "vstmia r0!, {{s4-s9}}",
    "vstmia r1!, {{s10-s15}}",
    "bge 0b",
    "bx lr",
    "1:",
    "subs r2, #8",
    "it lt",
    "bxlt lr",
    "vpush {{s16-s19}}",
    "2:",
    "vldmia r0, {{s4-s11}}",
    "vldmia r1, {{s12-s19}}",
    "subs r2, #8",
    "vfma.f32 s4, s12, s0",
    "vfma.f32 s5, s13, s0",
    "vfma.f32 s6, s14, s0",
    "vfma.f32 s7, s15, s0",
    "vfma.f32 s8, s16, s0",
    "vfma.f32 s9, s17, s0",
    "vfma.f32 s10, s18, s0",
    "vfma.f32 s11, s19, s0",
    "vfms.f32 s12, s4, s1",
    "vfms.f32 s13, s5, s1",
    "vfms.f32 s14, s6, s1",
    "vfms.f32 s15, s7, s1",
    "vfms.f32 s16, s8, s1",
    "vfms.f32 s17, s9, s1",
    "vfms.f32 s18, s10, s1",
    "vfms.f32 s19, s11, s1",
    "vfma.f32 s4, s12, s0",
    "vfma.f32 s5, s13, s0",
    "vfma.f32 s6, s14, s0",
    "vfma.f32 s7, s15, s0",
    "vfma.f32 s8, s16, s0",
    "vfma.f32 s9, s17, s0",
    "vfma.f32 s10, s18, s0",
    "vfma.f32 s11, s19, s0",
    "vstmia r0!, {{s4-s11}}",
    "vstmia r1!, {{s12-s19}}",
    "bge 2b",
    "vpop {{s16-s19}}",
    "bx lr",
    //
    // Exchanges the r2 numbers at r0 and those at r1, two at a time; one that is left stays.
    "lowrank_function lowrank_swap_f32",
    "subs r2, #4",
    "blt 1f",
    "0:",
    "vldmia r0, {{s4-s7}}",
    "vldmia r1, {{s8-s11}}",
    "subs r2, #4",
    "vstmia r0!, {{s8-s11}}",
    "vstmia r1!, {{s4-s7}}",
    "bge 0b",
    "1:",
    "lsls r2, r2, #31",
    "it cc",
    "bxcc lr",
    "vldmia r0, {{s4-s5}}",
    "vldmia r1, {{s8-s9}}",
    "vstmia r0, {{s8-s9}}",
    "vstmia r1, {{s4-s5}}",
    "bx lr",
    //
    ".purgem lowrank_function",
    ".text",
);

unsafe extern "C" {
    fn lowrank_sqrt_f32(x: f32) -> f32;
    fn lowrank_dot_f32(x: *const f32, y: *const f32, len: usize) -> f32;
    fn lowrank_largest_f32(x: *const f32, len: usize) -> f32;
    fn lowrank_axpy_f32(x: *const f32, y: *mut f32, len: usize, a: f32);
    fn lowrank_combine_f32(x: *mut f32, y: *mut f32, len: usize, a: f32, b: f32, c: f32, d: f32);
    fn lowrank_turn_f32(x: *mut f32, y: *mut f32, len: usize, half: f32, sine: f32);
    fn lowrank_swap_f32(x: *mut f32, y: *mut f32, len: usize);
}

/// `sqrt(x)`, correctly rounded.
#[inline(always)]
pub(crate) fn sqrt(x: f32) -> f32 {
    // SAFETY: arithmetic alone.
    unsafe { lowrank_sqrt_f32(x) }
}

#[inline(always)]
pub(super) fn dot(x: &[f32], y: &[f32]) -> f32 {
    // SAFETY: both slices have that many elements.
    unsafe { lowrank_dot_f32(x.as_ptr(), y.as_ptr(), x.len().min(y.len())) }
}

#[inline(always)]
pub(super) fn largest(x: &[f32]) -> f32 {
    // SAFETY: the slice has that many elements.
    unsafe { lowrank_largest_f32(x.as_ptr(), x.len()) }
}

#[inline(always)]
pub(super) fn axpy(a: f32, x: &[f32], y: &mut [f32]) {
    // SAFETY: both slices have that many elements, and as the second is an exclusive borrow they do not overlap.
    unsafe { lowrank_axpy_f32(x.as_ptr(), y.as_mut_ptr(), x.len().min(y.len()), a) }
}

#[inline(always)]
pub(super) fn combine(x: &mut [f32], y: &mut [f32], [a, b]: [f32; 2], [c, d]: [f32; 2]) {
    // SAFETY: both slices have that many elements, and as exclusive borrows do not overlap.
    unsafe { lowrank_combine_f32(x.as_mut_ptr(), y.as_mut_ptr(), x.len().min(y.len()), a, b, c, d) }
}

#[inline(always)]
pub(super) fn turn(x: &mut [f32], y: &mut [f32], half: f32, sine: f32) {
    // SAFETY: both slices have that many elements, and as exclusive borrows do not overlap.
    unsafe { lowrank_turn_f32(x.as_mut_ptr(), y.as_mut_ptr(), x.len().min(y.len()), half, sine) }
}

#[inline(always)]
pub(super) fn swap(x: &mut [f32], y: &mut [f32]) {
    // SAFETY: both slices have that many elements, and as exclusive borrows do not overlap.
    unsafe { lowrank_swap_f32(x.as_mut_ptr(), y.as_mut_ptr(), x.len().min(y.len())) }
}
