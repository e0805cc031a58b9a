//! The singular value decomposition of a 6 x 4 matrix on a Cortex-M7, in static memory, checked on the spot.
//!
//! It reports by semihosting: `cargo run` prints the report and ends with the firmware's own exit status.

#![no_std]
#![no_main]

use core::fmt::{self, Write};
use core::hint::{black_box, spin_loop};
use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, entry, exception};
use cortex_m_semihosting::debug;
use cortex_m_semihosting::hio::{self, HostStream};
use lowrank::{Error, MatMut, MatRef, svd};

const M: usize = 6;
const N: usize = 4;

/// Six readings of a motion sensor: acceleration along x, y and z, and the rate of rotation.
static READINGS: [f32; M * N] = [
    0.12, -0.98, 9.71, 1.5, //
    3.4, -1.15, 9.02, -2.25, //
    5.86, 0.47, 7.93, -4.75, //
    6.91, 2.73, 6.38, 0.5, //
    5.17, 6.02, 4.16, 6.25, //
    1.88, 8.64, 3.05, 3.75,
];

/// Their singular values: `numpy.linalg.svd` of the `f32` readings, in `f64`.
const EXPECTED: [f64; N] = [20.303707377976572, 12.844884106344125, 6.556080630444379, 3.6946229321482984];

/// What the decomposition `A = U diag(s) V^T` needs and gives.
struct Memory {
    s: [f32; N],
    u: [f32; M * N],
    v: [f32; N * N],
    scratch: [f32; svd::jacobi_unblocked_scratch_len(M, N)],
}

#[entry]
fn main() -> ! {
    // `entry` hands a `static mut` of this function out as `&mut`, once.
    static mut MEMORY: Memory = Memory {
        s: [0.0; N],
        u: [0.0; M * N],
        v: [0.0; N * N],
        scratch: [0.0; svd::jacobi_unblocked_scratch_len(M, N)],
    };

    let Ok(mut out) = hio::hstdout() else { exit(false) };
    let passed = match decompose(MEMORY) {
        Ok(info) => report(&mut out, MEMORY, info),
        Err(error) => writeln!(out, "error: {error}").map(|()| false),
    };
    exit(passed == Ok(true))
}

fn decompose(memory: &mut Memory) -> Result<svd::Info, Error> {
    // The compiler must not know the readings, or it may compute in advance.
    let a = MatRef::row_major(black_box(&READINGS), M, N)?;
    let u = MatMut::row_major(&mut memory.u, M, N)?;
    let v = MatMut::row_major(&mut memory.v, N, N)?;
    svd::jacobi_unblocked(a, &mut memory.s, Some(u), Some(v), &svd::Options::new(), &mut memory.scratch)
}

/// Prints the result and every check; true if all hold. The checks are in `f64`, so that their own rounding is none.
fn report(out: &mut HostStream, memory: &Memory, info: svd::Info) -> Result<bool, fmt::Error> {
    let Memory { s, u, v, scratch } = memory;
    let (sweeps, scratch) = (info.sweeps, scratch.len());
    writeln!(out, "SVD of {M} x {N} readings, f32: {sweeps} sweeps, {scratch} elements of scratch memory")?;
    for (i, s) in s.iter().enumerate() {
        writeln!(out, "  sigma {} = {s}", i + 1)?;
    }

    let eps = f64::from(f32::EPSILON);
    let bound = 30.0 * M.max(N) as f64 * eps;
    let values = largest(s.iter().zip(EXPECTED).map(|(&s, expected)| (f64::from(s) - expected).abs() / expected));
    let residual = largest((0..M * N).map(|k| {
        let (i, j) = (k / N, k % N);
        let product: f64 = (0..N).map(|l| f64::from(u[i * N + l]) * f64::from(s[l]) * f64::from(v[j * N + l])).sum();
        (f64::from(READINGS[k]) - product).abs()
    }));
    let checks = [
        ("singular values, relative error", values, 4.0 * eps),
        ("largest |A - U S V^T|", residual, bound * EXPECTED[0]),
        ("largest |U^T U - I|", orthonormality(u), bound),
        ("largest |V^T V - I|", orthonormality(v), bound),
    ];

    let mut passed = info.converged;
    writeln!(out, "  converged: {}", if info.converged { "ok" } else { "FAILED" })?;
    for (name, value, bound) in checks {
        // A NaN is not below any bound.
        let holds = value <= bound;
        passed &= holds;
        writeln!(out, "  {name:<31}  {value:.1e}, allowed {bound:.1e}: {}", if holds { "ok" } else { "FAILED" })?;
    }
    Ok(passed)
}

/// The largest entry of `|Q^T Q - I|` for a row-major `Q` with `N` columns.
fn orthonormality(q: &[f32]) -> f64 {
    largest((0..N * N).map(|k| {
        let (i, j) = (k / N, k % N);
        let dot: f64 = q.chunks_exact(N).map(|row| f64::from(row[i]) * f64::from(row[j])).sum();
        (dot - if i == j { 1.0 } else { 0.0 }).abs()
    }))
}

/// The largest of some values that are not negative; NaN if one of them is.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |largest, x| if x > largest || x.is_nan() { x } else { largest })
}

/// Ends QEMU with status 0 or 1.
fn exit(passed: bool) -> ! {
    debug::exit(if passed { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    loop {
        spin_loop();
    }
}

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    if let Ok(mut out) = hio::hstdout() {
        let _ = writeln!(out, "{info}");
    }
    exit(false)
}

/// Without this a fault would hang.
#[exception]
unsafe fn HardFault(_: &ExceptionFrame) -> ! {
    exit(false)
}
