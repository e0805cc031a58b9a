//! Products of a sparse matrix, in compressed sparse rows, with a block of vectors.
//!
//! Either way a row of B or C goes through registers a few vectors at a time:
//!
//! ```text
//! C = A B      row i of C = sum over the entries of row i of a_ij times row j of B, kept until it is complete
//! C = A^T B    row j of C += a_ij times row i of B, which is kept for all entries of row i of A
//! ```
//!
//! An entry of C is one chain of terms in the order of the rows of A, whatever the strides and however the product is cut
//! into parts.

use super::simd::{Kernel, MOST_LANES, Simd};
use crate::columns::Total;
use crate::error::Error;
use crate::real::Real;
use crate::view::{MatMut, MatRef};

/// Vectors of a row that are in registers at a time.
const MOST_VECTORS: usize = 4;

/// Compressed sparse rows. The columns ascend in each row, so that each entry stands once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sparse<'a, T> {
    cols: usize,
    starts: &'a [usize],
    columns: &'a [u32],
    values: &'a [T],
}

impl<'a, T: Real> Sparse<'a, T> {
    /// Checked as [`Csr::new`](crate::operator::Csr::new) says.
    pub fn new(cols: usize, starts: &'a [usize], columns: &'a [u32], values: &'a [T]) -> Result<Self, Error> {
        let entries = columns.len().min(values.len());
        let last = starts.len().saturating_sub(2);
        if starts.first() != Some(&0) {
            return Err(Error::Csr { row: 0 });
        }
        let beyond = |pair: &[usize]| matches!(pair, [start, end] if start > end || *end > entries);
        if let Some(row) = starts.windows(2).position(beyond) {
            return Err(Error::Csr { row });
        }
        if starts.last() != Some(&columns.len()) || columns.len() != values.len() {
            return Err(Error::Csr { row: last });
        }
        let wrong = starts.windows(2).position(|pair| {
            let row = pair.first().zip(pair.last()).and_then(|(a, b)| columns.get(*a..*b)).unwrap_or_default();
            !row.is_sorted_by(|i, j| i < j) || row.last().is_some_and(|j| *j as usize >= cols)
        });
        match wrong {
            Some(row) => Err(Error::Csr { row }),
            None => Ok(Sparse { cols, starts, columns, values }),
        }
    }

    pub fn rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }
    pub fn cols(&self) -> usize {
        self.cols
    }
    pub fn values(&self) -> &'a [T] {
        self.values
    }

    /// Columns and values of row `i`; total: none out of range.
    #[inline(always)]
    pub fn row(&self, i: usize) -> (&'a [u32], &'a [T]) {
        let range = self.starts.at(i)..self.starts.at(i + 1);
        (self.columns.get(range.clone()).unwrap_or_default(), self.values.get(range).unwrap_or_default())
    }

    /// Row and column of entry `p`.
    pub fn place_of(&self, p: usize) -> (usize, usize) {
        let row = self.starts.partition_point(|start| *start <= p).saturating_sub(1);
        (row, self.columns.at(p) as usize)
    }
}

/// Which product.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    /// `C = A B` for the rows of A from this one on, as many as C has.
    Rows(usize),
    /// `C = A^T B`
    Transposed,
}

/// A product of sparse A and dense B.
pub(crate) struct SparseProduct<'a, T> {
    pub a: Sparse<'a, T>,
    pub side: Side,
    pub b: MatRef<'a, T>,
    pub c: MatMut<'a, T>,
}

impl<T: Real> Kernel<T> for SparseProduct<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let fits = match self.side {
            Side::Rows(first) => self.b.rows() == self.a.cols() && first + self.c.rows() <= self.a.rows(),
            Side::Transposed => self.b.rows() == self.a.rows() && self.c.rows() == self.a.cols(),
        };
        if !fits || self.b.cols() != self.c.cols() {
            debug_assert!(false, "the door checks the shapes");
            return;
        }
        if matches!(self.side, Side::Transposed) {
            self.c.fill(T::ZERO);
        }
        let k = self.b.cols();
        let mut start = 0;
        while start < k {
            let count = (k - start).min(MOST_VECTORS * S::LANES);
            match count.div_ceil(S::LANES) {
                1 => self.part::<S, 1>(simd, start, count),
                2 => self.part::<S, 2>(simd, start, count),
                3 => self.part::<S, 3>(simd, start, count),
                _ => self.part::<S, MOST_VECTORS>(simd, start, count),
            }
            start += count;
        }
    }
}

impl<T: Real> SparseProduct<'_, T> {
    /// `count` columns of C from `start` on, in `N` vectors.
    #[inline(always)]
    fn part<S: Simd<T>, const N: usize>(&mut self, simd: S, start: usize, count: usize) {
        let (b, b_down, b_across) = (self.b.as_ptr(), self.b.row_stride(), self.b.col_stride());
        let (c_down, c_across, rows) = (self.c.row_stride(), self.c.col_stride(), self.c.rows());
        let c = self.c.as_mut_ptr();
        match self.side {
            Side::Rows(first) => {
                for i in 0..rows {
                    let (columns, values) = self.a.row(first + i);
                    let mut sums = [simd.splat(T::ZERO); N];
                    for p in 0..columns.len().min(values.len()) {
                        let entry = simd.splat(values[p]);
                        let row = b.wrapping_add(columns[p] as usize * b_down + start * b_across);
                        // SAFETY: columns are below the number of rows of B, which has the columns from `start` on.
                        let terms = unsafe { load_row::<S, T, N>(simd, row, b_across, count) };
                        for v in 0..N {
                            sums[v] = simd.mul_add(entry, terms[v], sums[v]);
                        }
                    }
                    // SAFETY: row `i` of C has the columns from `start` on.
                    unsafe { store_row(simd, sums, c.wrapping_add(i * c_down + start * c_across), c_across, count) };
                }
            }
            Side::Transposed => {
                for i in 0..self.b.rows() {
                    let (columns, values) = self.a.row(i);
                    // SAFETY: row `i` of B has the columns from `start` on.
                    let terms = unsafe {
                        load_row::<S, T, N>(simd, b.wrapping_add(i * b_down + start * b_across), b_across, count)
                    };
                    for p in 0..columns.len().min(values.len()) {
                        let entry = simd.splat(values[p]);
                        let row = c.wrapping_add(columns[p] as usize * c_down + start * c_across);
                        // SAFETY: columns are below the number of rows of C, which has the columns from `start` on.
                        unsafe {
                            let mut sums = load_row::<S, T, N>(simd, row, c_across, count);
                            for v in 0..N {
                                sums[v] = simd.mul_add(entry, terms[v], sums[v]);
                            }
                            store_row(simd, sums, row, c_across, count);
                        }
                    }
                }
            }
        }
    }
}

/// `count` numbers, `across` apart, in `N` vectors of which only the last may be short.
///
/// # Safety
/// The places are valid for reads.
#[inline(always)]
unsafe fn load_row<S: Simd<T>, T: Real, const N: usize>(
    simd: S,
    from: *const T,
    across: usize,
    count: usize,
) -> [S::Vector; N] {
    let mut row = [simd.splat(T::ZERO); N];
    for v in 0..N {
        let left = count - v * S::LANES;
        if across != 1 {
            let mut lanes = [T::ZERO; MOST_LANES];
            for l in 0..left.min(S::LANES) {
                // SAFETY: the caller's.
                lanes[l] = unsafe { *from.add((v * S::LANES + l) * across) };
            }
            row[v] = simd.load(&lanes);
        } else if left >= S::LANES {
            // SAFETY: a vector follows.
            row[v] = unsafe { simd.load_whole(from.add(v * S::LANES)) };
        } else {
            // SAFETY: `left` numbers follow.
            row[v] = unsafe { simd.load_part(from.add(v * S::LANES), left) };
        }
    }
    row
}

/// What [`load_row`] would load.
///
/// # Safety
/// The places are valid for writes.
#[inline(always)]
unsafe fn store_row<S: Simd<T>, T: Real, const N: usize>(
    simd: S,
    row: [S::Vector; N],
    to: *mut T,
    across: usize,
    count: usize,
) {
    for v in 0..N {
        let left = count - v * S::LANES;
        if across != 1 {
            let mut lanes = [T::ZERO; MOST_LANES];
            simd.store(row[v], &mut lanes);
            for l in 0..left.min(S::LANES) {
                // SAFETY: the caller's.
                unsafe { *to.add((v * S::LANES + l) * across) = lanes[l] };
            }
        } else if left >= S::LANES {
            // SAFETY: a vector follows.
            unsafe { simd.store_whole(row[v], to.add(v * S::LANES)) };
        } else {
            // SAFETY: `left` numbers follow.
            unsafe { simd.store_part(row[v], to.add(v * S::LANES), left) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Isa;
    use crate::random::Uniform;
    use std::{vec, vec::Vec};

    /// Multiples of 1/8 whose sums are exact, so that every instruction set must give the same.
    #[test]
    fn both_products_are_their_sums_for_every_set_and_stride() {
        let (m, n) = (9, 7);
        let mut uniform = Uniform::new(5);
        let dense: Vec<f64> = (0..m * n)
            .map(|_| {
                if uniform.symmetric::<f64>() > 0.3 {
                    f64::from((8.0 * uniform.symmetric::<f64>()) as i32)
                } else {
                    0.0
                }
            })
            .collect();
        let (mut starts, mut columns, mut values) = (vec![0], vec![], vec![]);
        for row in dense.chunks(n) {
            for (j, x) in row.iter().enumerate().filter(|(_, x)| **x != 0.0) {
                columns.push(j as u32);
                values.push(*x);
            }
            starts.push(columns.len());
        }
        let a = Sparse::new(n, &starts, &columns, &values).unwrap();
        for isa in Isa::all() {
            for k in 1..80 {
                for (side, from, to) in [(Side::Rows(0), n, m), (Side::Rows(4), n, m - 4), (Side::Transposed, m, n)] {
                    let b: Vec<f64> = (0..from * k).map(|i| f64::from((i * 7 % 13) as i32) - 6.0).collect();
                    let row_major = MatRef::row_major(&b, from, k).unwrap();
                    let by_columns: Vec<f64> = (0..from * k).map(|i| b[i % from * k + i / from]).collect();
                    let col_major = MatRef::col_major(&by_columns, from, k).unwrap();
                    for (b, gap) in [(row_major, 0), (row_major, 3), (col_major, 0)] {
                        let mut c = vec![f64::NAN; to * (k + gap)];
                        let out = if gap == 0 {
                            MatMut::col_major(&mut c, to, k).unwrap()
                        } else {
                            MatMut::new(&mut c, to, k, k + gap, 1).unwrap()
                        };
                        isa.run(SparseProduct { a, side, b, c: out });
                        for i in 0..to {
                            for j in 0..k {
                                let term = |l: usize| match side {
                                    Side::Rows(first) => dense[(first + i) * n + l] * b.at(l, j),
                                    Side::Transposed => dense[l * n + i] * b.at(l, j),
                                };
                                let expected: f64 = (0..from).map(term).sum();
                                let got = if gap == 0 { c[j * to + i] } else { c[i * (k + gap) + j] };
                                assert_eq!(got, expected, "{isa:?}, {side:?}, {k} columns, gap {gap}");
                            }
                            assert!(gap == 0 || c[i * (k + gap) + k..][..gap].iter().all(|x| x.is_nan()));
                        }
                    }
                }
            }
        }
    }
}
