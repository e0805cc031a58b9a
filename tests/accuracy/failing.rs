//! An operator that fails.

use lowrank::operator::{Dense, Entries, LinearOperator, Scan};
use lowrank::{Error, MatMut, MatRef};
use std::cell::Cell;

/// Fails at one call, counted from zero.
pub struct Failing<'a> {
    a: Dense<'a, f64>,
    calls: Cell<usize>,
    at: usize,
}

impl<'a> Failing<'a> {
    pub fn new(a: Dense<'a, f64>, at: usize) -> Self {
        Failing { a, calls: Cell::new(0), at }
    }

    fn count(&self) -> Result<(), Error> {
        let call = self.calls.replace(self.calls.get() + 1);
        if call == self.at { Err(Error::Operator { code: call as i32 }) } else { Ok(()) }
    }
}

impl LinearOperator<f64> for Failing<'_> {
    fn rows(&self) -> usize {
        self.a.rows()
    }
    fn cols(&self) -> usize {
        self.a.cols()
    }
    fn check(&self) -> Result<Scan<f64>, Error> {
        self.count()?;
        self.a.check()
    }
    fn scratch_len(&self, k: usize) -> usize {
        self.a.scratch_len(k)
    }
    fn apply(&self, b: MatRef<'_, f64>, c: MatMut<'_, f64>, scratch: &mut [f64]) -> Result<(), Error> {
        self.count()?;
        self.a.apply(b, c, scratch)
    }
    fn apply_transpose(&self, b: MatRef<'_, f64>, c: MatMut<'_, f64>, scratch: &mut [f64]) -> Result<(), Error> {
        self.count()?;
        self.a.apply_transpose(b, c, scratch)
    }
    fn gram(&self, c: MatMut<'_, f64>, scratch: &mut [f64]) -> Result<bool, Error> {
        self.count()?;
        self.a.gram(c, scratch)
    }
    fn sum(&self, _buffer: &mut [f64]) -> Result<(), Error> {
        self.count()
    }
}

impl Entries<f64> for Failing<'_> {
    fn copy_rows(&self, first: usize, panel: MatMut<'_, f64>) {
        self.a.copy_rows(first, panel);
    }
}
