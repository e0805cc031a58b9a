//! What the firmware says, and whether every check held.

use core::fmt::{Arguments, Write};

use cortex_m_semihosting::hio::HostStream;

/// Prints by semihosting, and remembers failures.
pub struct Report {
    out: HostStream,
    passed: bool,
}

impl Report {
    pub fn new(out: HostStream) -> Self {
        Report { out, passed: true }
    }

    /// Whether every check held, and could be printed.
    pub fn passed(&self) -> bool {
        self.passed
    }

    /// A line of text.
    pub fn say(&mut self, text: Arguments<'_>) {
        self.passed &= writeln!(self.out, "{text}").is_ok();
    }

    /// A number that must not exceed its bound. A NaN exceeds any.
    pub fn check(&mut self, what: &str, value: f64, bound: f64) {
        let holds = value <= bound;
        self.passed &= holds;
        let verdict = if holds { "ok" } else { "FAILED" };
        self.say(format_args!("  {what:<44}  {value:.1e}, allowed {bound:.1e}: {verdict}"));
    }

    /// Something that must be so.
    pub fn require(&mut self, what: &str, holds: bool) {
        self.passed &= holds;
        self.say(format_args!("  {what:<44}  {}", if holds { "ok" } else { "FAILED" }));
    }
}

/// The largest of some values that are not negative; NaN if one of them is.
pub fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |largest, x| if x > largest || x.is_nan() { x } else { largest })
}
