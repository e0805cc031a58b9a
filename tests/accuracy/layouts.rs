//! One matrix in several orders of memory.

use super::measures::Matrix;
use lowrank::{MatMut, MatRef, Real};

/// A `rows x cols` matrix in memory of its own.
pub struct Stored<T> {
    data: Vec<T>,
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

/// Row-major, column-major, and both with gaps.
pub const ORDERS: usize = 4;

impl<T: Real> Stored<T> {
    /// Filled with `value`, gaps too.
    pub fn filled(rows: usize, cols: usize, order: usize, value: T) -> Self {
        let (row_stride, col_stride) = match order {
            0 => (cols, 1),
            1 => (1, rows),
            2 => (2 * cols + 1, 2),
            _ => (3, 3 * rows + 2),
        };
        let len = lowrank::span(rows, cols, row_stride, col_stride).unwrap() + 1;
        Stored { data: vec![value; len], rows, cols, row_stride, col_stride }
    }

    /// The matrix rounded to T; gaps are NaN.
    pub fn of(a: &Matrix, order: usize) -> Self {
        let mut stored = Self::filled(a.rows, a.cols, order, T::from_f64(f64::NAN));
        for i in 0..a.rows {
            for j in 0..a.cols {
                *stored.view_mut().get_mut(i, j).unwrap() = T::from_f64(a.at(i, j));
            }
        }
        stored
    }

    pub fn view(&self) -> MatRef<'_, T> {
        MatRef::new(&self.data, self.rows, self.cols, self.row_stride, self.col_stride).unwrap()
    }

    pub fn view_mut(&mut self) -> MatMut<'_, T> {
        MatMut::new(&mut self.data, self.rows, self.cols, self.row_stride, self.col_stride).unwrap()
    }

    pub fn matrix(&self) -> Matrix {
        Matrix::of(self.view())
    }

    /// Whether every element that is no entry is still `value`.
    pub fn gaps_are(&self, value: T) -> bool {
        let mut is_entry = vec![false; self.data.len()];
        for i in 0..self.rows {
            (0..self.cols).for_each(|j| is_entry[i * self.row_stride + j * self.col_stride] = true);
        }
        self.data.iter().zip(is_entry).all(|(x, entry)| entry || *x == value)
    }

    /// Whether entries and gaps are all still `value`.
    pub fn untouched(&self, value: T) -> bool {
        self.data.iter().all(|x| *x == value)
    }
}

/// The bits of every entry, for comparison: zeros of either sign differ.
pub fn bits(a: &Matrix) -> Vec<u64> {
    a.data.iter().map(|x| x.to_bits()).collect()
}
