//! The hashes of [`cases`], for a C program and for a JavaScript one, on a machine of any kind.
#![no_std]

mod cases;

use core::panic::PanicInfo;

use cases::CASES;

/// How many cases there are.
#[unsafe(no_mangle)]
extern "C" fn golden_count() -> usize {
    CASES.len()
}

/// The name of a case, without a zero at its end.
#[unsafe(no_mangle)]
extern "C" fn golden_name(case: usize) -> *const u8 {
    CASES[case].0.as_ptr()
}

/// The length of its name.
#[unsafe(no_mangle)]
extern "C" fn golden_name_len(case: usize) -> usize {
    CASES[case].0.len()
}

/// Its hash.
#[unsafe(no_mangle)]
extern "C" fn golden_hash(case: usize) -> u64 {
    CASES[case].1()
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // An unaligned or null access would not be sure to stop everywhere.
    loop {
        core::hint::spin_loop();
    }
}
