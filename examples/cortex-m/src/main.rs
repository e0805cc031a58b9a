//! Matrix factorizations on a Cortex-M7, in static memory, checked on the spot: in `f32` and in `f64`.
//!
//! It reports by semihosting: `cargo run` prints the report and ends with the firmware's own exit status.

#![no_std]
#![no_main]

mod factors;
mod least_squares;
mod reference;
mod report;
mod svd;

use core::fmt::Write;
use core::hint::spin_loop;
use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, entry, exception};
use cortex_m_semihosting::{debug, hio};
use lowrank::{Error, Real, kernel};

use report::Report;

/// All that the factorizations need, its size known when the firmware is compiled.
struct Memory<T> {
    svd: svd::Memory<T>,
    shapes: svd::Shapes<T>,
    least_squares: least_squares::Memory<T>,
    factors: factors::Memory<T>,
}

impl<T: Copy> Memory<T> {
    const fn new(zero: T) -> Self {
        Memory {
            svd: svd::Memory::new(zero),
            shapes: svd::Shapes::new(zero),
            least_squares: least_squares::Memory::new(zero),
            factors: factors::Memory::new(zero),
        }
    }
}

#[entry]
fn main() -> ! {
    // `entry` hands a `static mut` of this function out as `&mut`, once.
    static mut SINGLE: Memory<f32> = Memory::new(0.0);
    static mut DOUBLE: Memory<f64> = Memory::new(0.0);

    let Ok(out) = hio::hstdout() else { exit(false) };
    let mut report = Report::new(out);
    report.require("the kernels are those for single numbers", kernel::name() == "scalar");
    let done = run("f32", SINGLE, &mut report).and_then(|()| run("f64", DOUBLE, &mut report));
    if let Err(error) = done {
        report.say(format_args!("error: {error}"));
    }
    exit(done.is_ok() && report.passed())
}

fn run<T: Real>(name: &str, memory: &mut Memory<T>, report: &mut Report) -> Result<(), Error> {
    report.say(format_args!("\n{name}: {} bytes of static memory", size_of::<Memory<T>>()));
    svd::readings(&mut memory.svd, report)?;
    svd::shapes(&mut memory.shapes, report)?;
    least_squares::solve(&mut memory.least_squares, report)?;
    factors::nonnegative(&mut memory.factors, report)?;
    factors::semi_nonnegative(&mut memory.factors, report)
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
