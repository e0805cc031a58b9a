//! Products of a sparse matrix, in compressed sparse rows, with a block of vectors.
//!
//! In any of them a row of B or C goes through registers a few vectors at a time:
//!
//! ```text
//! C = A B      row i of C = sum over the entries of row i of a_ij times row j of B, kept until it is complete
//! C = A^T B    row j of C += a_ij times row i of B, which is kept for all entries of row i of A
//! C = A^T A B  row j of C += a_ij times row i of A B, which is computed first and needs no memory
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

    /// The transpose, in arrays of `cols + 1` starts and as many columns and values as there are entries: `None` if one is
    /// too short. Each row of it has the entries in the order of the rows of this.
    pub fn transpose<'b>(
        &self,
        starts: &'b mut [usize],
        columns: &'b mut [u32],
        values: &'b mut [T],
    ) -> Option<Sparse<'b, T>> {
        let starts = starts.get_mut(..self.cols.saturating_add(1))?;
        let columns = columns.get_mut(..self.columns.len())?;
        let values = values.get_mut(..self.values.len())?;
        starts.fill(0);
        for j in self.columns {
            starts.put(*j as usize + 1, starts.at(*j as usize + 1) + 1);
        }
        let mut end = 0;
        for start in starts.iter_mut() {
            end += *start;
            *start = end;
        }
        // Each start moves to the end of its row while the row fills, which is where the next row starts.
        for i in 0..self.rows() {
            let (row, entries) = self.row(i);
            for (j, x) in row.iter().zip(entries) {
                let place = starts.at(*j as usize);
                columns.put(place, i as u32);
                values.put(place, *x);
                starts.put(*j as usize, place + 1);
            }
        }
        let mut start = 0;
        for end in starts.iter_mut() {
            start = core::mem::replace(end, start);
        }
        Some(Sparse { cols: self.rows(), starts, columns, values })
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
    /// `C = A^T A B`
    Both,
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
            Side::Both => self.b.rows() == self.a.cols() && self.c.rows() == self.a.cols(),
        };
        if !fits || self.b.cols() != self.c.cols() {
            debug_assert!(false, "the door checks the shapes");
            return;
        }
        if matches!(self.side, Side::Transposed | Side::Both) {
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
        let across = [self.b.col_stride(), self.c.col_stride()];
        let [b_start, c_start] = across.map(|across| start * across);
        let b =
            Block { first: self.b.as_ptr().wrapping_add(b_start), down: self.b.row_stride(), across: across[0], count };
        let (down, rows) = (self.c.row_stride(), self.c.rows());
        let c = Block { first: self.c.as_mut_ptr().wrapping_add(c_start), down, across: across[1], count };
        match self.side {
            Side::Rows(first) => {
                for i in 0..rows {
                    // SAFETY: columns of A are below the number of rows of B, which has the columns of the block.
                    let sums = unsafe { gather::<S, T, N>(simd, self.a.row(first + i), b) };
                    // SAFETY: row `i` of C has the columns of the block.
                    unsafe { store_row(simd, sums, c.first.wrapping_add(i * c.down), c.across, count) };
                }
            }
            Side::Transposed => {
                for i in 0..self.b.rows() {
                    // SAFETY: row `i` of B has the columns of the block.
                    let terms = unsafe { load_row::<S, T, N>(simd, b.first.wrapping_add(i * b.down), b.across, count) };
                    // SAFETY: columns of A are below the number of rows of C, which has the columns of the block.
                    unsafe { scatter(simd, self.a.row(i), terms, c) };
                }
            }
            Side::Both => {
                for i in 0..self.a.rows() {
                    // SAFETY: columns of A are below the numbers of rows of B and of C, which have the columns of the block.
                    unsafe {
                        let sums = gather::<S, T, N>(simd, self.a.row(i), b);
                        scatter(simd, self.a.row(i), sums, c);
                    }
                }
            }
        }
    }
}

/// `count` columns of a matrix, from the place of the first on.
#[derive(Clone, Copy)]
struct Block<P> {
    first: P,
    down: usize,
    across: usize,
    count: usize,
}

/// The sum of a row's entries times the rows of B at their columns.
///
/// # Safety
/// Columns are below the number of rows of B.
#[inline(always)]
unsafe fn gather<S: Simd<T>, T: Real, const N: usize>(
    simd: S,
    (columns, values): (&[u32], &[T]),
    b: Block<*const T>,
) -> [S::Vector; N] {
    let mut sums = [simd.splat(T::ZERO); N];
    for p in 0..columns.len().min(values.len()) {
        let entry = simd.splat(values[p]);
        let row = b.first.wrapping_add(columns[p] as usize * b.down);
        // SAFETY: the caller's.
        let terms = unsafe { load_row::<S, T, N>(simd, row, b.across, b.count) };
        for v in 0..N {
            sums[v] = simd.mul_add(entry, terms[v], sums[v]);
        }
    }
    sums
}

/// Adds a row's entries times these terms to the rows of C at their columns.
///
/// # Safety
/// Columns are below the number of rows of C.
#[inline(always)]
unsafe fn scatter<S: Simd<T>, T: Real, const N: usize>(
    simd: S,
    (columns, values): (&[u32], &[T]),
    terms: [S::Vector; N],
    c: Block<*mut T>,
) {
    for p in 0..columns.len().min(values.len()) {
        let entry = simd.splat(values[p]);
        let row = c.first.wrapping_add(columns[p] as usize * c.down);
        // SAFETY: the caller's.
        unsafe {
            let mut sums = load_row::<S, T, N>(simd, row, c.across, c.count);
            for v in 0..N {
                sums[v] = simd.mul_add(entry, terms[v], sums[v]);
            }
            store_row(simd, sums, row, c.across, c.count);
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

    #[test]
    fn the_transpose_has_the_entries_at_their_places() {
        let (starts, columns, values) = ([0, 2, 2, 5, 6], [1, 4, 0, 1, 4, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let a = Sparse::new(5, &starts, &columns, &values).unwrap();
        let (mut down, mut across, mut entries) = ([9; 7], [9; 6], [0.0; 6]);
        assert!(a.transpose(&mut down[..5], &mut across, &mut entries).is_none());
        assert!(a.transpose(&mut down, &mut across[..5], &mut entries).is_none());
        assert!(a.transpose(&mut down, &mut across, &mut entries[..5]).is_none());
        let transpose = a.transpose(&mut down, &mut across, &mut entries).unwrap();
        assert_eq!((transpose.rows(), transpose.cols()), (5, 4));
        let rows: Vec<_> = (0..5).map(|i| transpose.row(i)).collect();
        let expected: [(&[u32], &[f64]); 5] =
            [(&[2], &[3.0]), (&[0, 2], &[1.0, 4.0]), (&[], &[]), (&[3], &[6.0]), (&[0, 2], &[2.0, 5.0])];
        assert_eq!(rows, expected);
        Sparse::new(4, transpose.starts, transpose.columns, transpose.values).unwrap();
    }

    /// Multiples of 1/8 whose sums are exact, so that every instruction set must give the same.
    #[test]
    fn the_products_are_their_sums_for_every_set_and_stride() {
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
                let sides =
                    [(Side::Rows(0), n, m), (Side::Rows(4), n, m - 4), (Side::Transposed, m, n), (Side::Both, n, n)];
                for (side, from, to) in sides {
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
                                    Side::Both => {
                                        (0..m).map(|r| dense[r * n + i] * dense[r * n + l]).sum::<f64>() * b.at(l, j)
                                    }
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
