//! Rows that live on two machines: threads that meet to sum.

use super::measures::Matrix;
use lowrank::operator::{Dense, Entries, LinearOperator, Scan};
use lowrank::{Error, MatMut, MatRef};
use std::sync::{Barrier, Mutex};

/// The rows of one machine of several, which meet at a barrier to sum.
pub struct Part<'a> {
    rows: Dense<'a, f64>,
    all_rows: usize,
    scan: Scan<f64>,
    meeting: &'a (Barrier, Mutex<Vec<f64>>),
}

impl LinearOperator<f64> for Part<'_> {
    fn rows(&self) -> usize {
        self.rows.rows()
    }
    fn all_rows(&self) -> usize {
        self.all_rows
    }
    fn cols(&self) -> usize {
        self.rows.cols()
    }
    fn check(&self) -> Result<Scan<f64>, Error> {
        Ok(self.scan)
    }
    fn scratch_len(&self, k: usize) -> usize {
        self.rows.scratch_len(k)
    }
    fn apply(&self, b: MatRef<'_, f64>, c: MatMut<'_, f64>, scratch: &mut [f64]) -> Result<(), Error> {
        self.rows.apply(b, c, scratch)
    }
    fn apply_transpose(&self, b: MatRef<'_, f64>, c: MatMut<'_, f64>, scratch: &mut [f64]) -> Result<(), Error> {
        self.rows.apply_transpose(b, c, scratch)
    }
    fn gram(&self, c: MatMut<'_, f64>, scratch: &mut [f64]) -> Result<bool, Error> {
        self.rows.gram(c, scratch)
    }
    fn residual(
        &self,
        w: MatRef<'_, f64>,
        h: MatRef<'_, f64>,
        exponent: i32,
        scratch: &mut [f64],
    ) -> Result<Option<f64>, Error> {
        self.rows.residual(w, h, exponent, scratch)
    }
    fn sum(&self, buffer: &mut [f64]) -> Result<(), Error> {
        let (barrier, total) = self.meeting;
        {
            let mut total = total.lock().unwrap();
            total.resize(buffer.len(), 0.0);
            total.iter_mut().zip(buffer.iter()).for_each(|(sum, x)| *sum += x);
        }
        barrier.wait();
        buffer.copy_from_slice(&total.lock().unwrap());
        if barrier.wait().is_leader() {
            total.lock().unwrap().clear();
        }
        barrier.wait();
        Ok(())
    }
}

impl Entries<f64> for Part<'_> {
    fn copy_rows(&self, first: usize, panel: MatMut<'_, f64>) {
        self.rows.copy_rows(first, panel);
    }
}

pub fn rows_of(a: &Matrix, first: usize, count: usize) -> Matrix {
    Matrix::new(count, a.cols, |i, j| a.at(first + i, j))
}

/// Does the work on two machines at once, each with its number and one half of the rows.
pub fn halves<R: Send>(a: &Matrix, work: impl Fn(u64, &Part<'_>) -> R + Sync) -> [R; 2] {
    let half = a.rows / 2;
    let scan = Dense::new(MatRef::row_major(&a.data, a.rows, a.cols).unwrap()).check().unwrap();
    let meeting = (Barrier::new(2), Mutex::new(vec![]));
    let go = |number: u64, part: Matrix| {
        let rows = Dense::new(MatRef::row_major(&part.data, part.rows, part.cols).unwrap());
        work(number, &Part { rows, all_rows: a.rows, scan, meeting: &meeting })
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| go(0, rows_of(a, 0, half)));
        let below = go(1, rows_of(a, half, a.rows - half));
        [other.join().unwrap(), below]
    })
}
