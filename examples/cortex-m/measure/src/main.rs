//! How many instructions a factorization takes, and how many bytes of stack, for random matrices of four orders. QEMU has to
//! count instructions: with `-icount shift=0` each takes a nanosecond.

#![no_std]
#![no_main]

mod problem;

use core::fmt::Write;
use core::hint::{black_box, spin_loop};
use core::panic::PanicInfo;

use cortex_m::Peripherals;
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::register::msp;
use cortex_m_rt::entry;
use cortex_m_semihosting::{debug, hio};
use problem::Problem;

/// Matrices of each order.
const COUNT: u32 = 20;

/// Nanoseconds of a tick: the board's clock has 25 MHz.
const TICK: u32 = 40;

/// Bytes below the stack of `main`, of which none is in use.
const STACK: usize = 1 << 16;
const PAINT: u32 = 0xa5a5_5a5a;

#[entry]
fn main() -> ! {
    static mut PROBLEM: Problem = Problem::new();
    let done = Peripherals::take().is_some_and(|peripherals| measure(PROBLEM, peripherals.SYST).is_some());
    exit(done)
}

fn measure(problem: &mut Problem, mut timer: SYST) -> Option<()> {
    let mut out = hio::hstdout().ok()?;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(0xff_ffff);
    let mut seed = 1u32;
    for n in [3, 6, 8, 16] {
        let (mut ticks, mut stack) = (0, 0);
        for _ in 0..COUNT {
            for x in problem.a.iter_mut().take(n * n) {
                // A linear congruential generator, of whose bits the upper ones are good.
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *x = (seed >> 8) as f32 / (1 << 23) as f32 - 1.0;
            }
            timer.clear_current();
            timer.enable_counter();
            let before = SYST::get_current();
            let solved = black_box(&mut *problem).solve(black_box(n));
            ticks += before.wrapping_sub(SYST::get_current()) & 0xff_ffff;
            timer.disable_counter();
            stack = stack.max(stack_of(problem, n));
            solved.then_some(())?;
        }
        writeln!(out, "{n} {} {stack}", ticks * TICK / COUNT).ok()?;
    }
    Some(())
}

/// The bytes of stack that a decomposition changes.
#[inline(never)]
fn stack_of(problem: &mut Problem, n: usize) -> usize {
    let top = msp::read() as usize & !3;
    // SAFETY: nothing is below the stack pointer while this function calls nothing; memory begins far lower.
    (top - STACK..top).step_by(4).for_each(|place| unsafe { (place as *mut u32).write_volatile(PAINT) });
    black_box(problem.solve(black_box(n)));
    // SAFETY: as above.
    let painted = |place: &usize| unsafe { (*place as *const u32).read_volatile() } == PAINT;
    STACK - 4 * (top - STACK..top).step_by(4).take_while(painted).count()
}

/// Ends QEMU with status 0 or 1.
fn exit(passed: bool) -> ! {
    debug::exit(if passed { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    loop {
        spin_loop();
    }
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    exit(false)
}
