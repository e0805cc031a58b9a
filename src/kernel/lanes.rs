//! Between the rows of a matrix and lanes: as many rows at once as two vectors have lanes.
//!
//! In a column-major matrix the lanes of an entry are adjacent already. In a row-major one, square blocks of as many
//! entries as rows are transposed in registers; what is left over, if it is less than half a block, goes one by one.

use super::simd::{MOST_LANES, Simd, Twice, load_transposed, transpose};
use crate::real::Real;
use crate::view::{MatMut, MatRef};

/// The most rows that lie in lanes at once.
pub(crate) const MOST_ROWS: usize = 2 * MOST_LANES;

/// How many of the entries go in blocks.
#[inline(always)]
fn in_blocks(entries: usize, across: usize, lanes: usize) -> usize {
    if across != 1 {
        0
    } else if entries % lanes >= lanes / 2 {
        entries
    } else {
        entries - entries % lanes
    }
}

/// Reads the rows `first`, `first + 1`, ..., as many as two vectors have lanes: entry `e` of the row in lane `l` goes to
/// `group[e width + l]`, as far as the group reaches. Lanes without a row become zero.
#[inline(always)]
pub(crate) fn read_rows<S: Simd<T>, T: Real>(simd: S, a: MatRef<'_, T>, first: usize, width: usize, group: &mut [T]) {
    let (down, across) = (a.row_stride(), a.col_stride());
    let (count, entries) = (a.rows().saturating_sub(first), a.cols());
    // Lanes without a row have no place: theirs may be beyond what a number holds, and is not used.
    let place = |row: usize, entry: usize| {
        a.as_ptr().wrapping_add((first + row).wrapping_mul(down).wrapping_add(entry * across))
    };
    if down == 1 {
        let both = Twice(simd);
        for entry in 0..entries {
            let Some(lanes) = group.get_mut(entry * width..) else { break };
            // SAFETY: `count` rows are left, and the entries of a column are adjacent.
            both.store(unsafe { both.load_part(place(0, entry), count) }, lanes);
        }
        return;
    }
    let blocks = in_blocks(entries, across, S::LANES);
    for lane in [0, S::LANES] {
        let rows = count.saturating_sub(lane).min(S::LANES);
        let mut entry = 0;
        while entry < blocks {
            let count = S::LANES.min(entries - entry);
            // SAFETY: the rows are some of those left, and have `count` adjacent entries from `entry` on.
            let block = unsafe { load_transposed(simd, place(lane, entry), down, rows, count) };
            for (i, x) in block.into_iter().enumerate().take(count) {
                if let Some(lanes) = group.get_mut((entry + i) * width + lane..) {
                    simd.store(x, lanes);
                }
            }
            entry += S::LANES;
        }
        for entry in blocks..entries {
            let Some(lanes) = group.get_mut(entry * width + lane..entry * width + lane + S::LANES) else { break };
            lanes.fill(T::ZERO);
            for (i, x) in lanes.iter_mut().enumerate().take(rows) {
                // SAFETY: the entry is one of the matrix.
                *x = unsafe { *place(lane + i, entry) };
            }
        }
    }
}

/// Writes to the rows `first`, `first + 1`, ..., as many as there are, what [`read_rows`] would read from them.
#[inline(always)]
pub(crate) fn write_rows<S: Simd<T>, T: Real>(
    simd: S,
    group: &[T],
    width: usize,
    out: &mut MatMut<'_, T>,
    first: usize,
) {
    let (down, across) = (out.row_stride(), out.col_stride());
    let (count, entries) = (out.rows().saturating_sub(first), out.cols());
    let start = out.as_mut_ptr();
    let place = |row: usize, entry: usize| start.wrapping_add((first + row) * down + entry * across);
    if down == 1 {
        let both = Twice(simd);
        for entry in 0..entries {
            let Some(lanes) = group.get(entry * width..) else { break };
            // SAFETY: `count` rows are left, and the entries of a column are adjacent.
            unsafe { both.store_part(both.load(lanes), place(0, entry), count) };
        }
        return;
    }
    let blocks = in_blocks(entries, across, S::LANES);
    for lane in [0, S::LANES] {
        let rows = count.saturating_sub(lane).min(S::LANES);
        let mut entry = 0;
        while entry < blocks {
            let count = S::LANES.min(entries - entry);
            let mut block = [simd.splat(T::ZERO); MOST_LANES];
            for (i, x) in block.iter_mut().enumerate().take(count) {
                if let Some(lanes) = group.get((entry + i) * width + lane..) {
                    *x = simd.load(lanes);
                }
            }
            transpose(simd, &mut block);
            for (i, x) in block.into_iter().enumerate().take(rows) {
                // SAFETY: the row is one of those left, and has `count` adjacent entries from `entry` on.
                unsafe { simd.store_part(x, place(lane + i, entry), count) };
            }
            entry += S::LANES;
        }
        for entry in blocks..entries {
            let Some(lanes) = group.get(entry * width + lane..) else { break };
            for (i, x) in lanes.iter().enumerate().take(rows) {
                // SAFETY: the entry is one of the matrix, which is borrowed to write.
                unsafe { *place(lane + i, entry) = *x };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Isa, Kernel};
    use std::{vec, vec::Vec};

    /// Copies the rows of one matrix to another, by way of the lanes.
    struct Copy<'a, T>(MatRef<'a, T>, MatMut<'a, T>);

    impl<T: Real> Kernel<T> for Copy<'_, T> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd<T>>(self, simd: S) {
            let Copy(a, mut out) = self;
            let mut group = [[T::from_f64(f64::NAN); MOST_ROWS]; 36];
            for first in (0..a.rows()).step_by(2 * S::LANES) {
                read_rows(simd, a, first, MOST_ROWS, group.as_flattened_mut());
                for (entry, lanes) in group.iter().enumerate().take(a.cols()) {
                    let expected = |lane| a.get(first + lane, entry).unwrap_or(T::ZERO);
                    assert!((0..2 * S::LANES).all(|lane| lanes[lane] == expected(lane)), "{:?}", a.shape());
                }
                write_rows(simd, group.as_flattened(), MOST_ROWS, &mut out, first);
            }
        }
    }

    fn check<T: Real>() {
        for isa in Isa::all() {
            for (rows, cols) in (1..70).step_by(3).flat_map(|rows| (1..=36).map(move |cols| (rows, cols))) {
                let strides = [(cols, 1), (cols + 3, 1), (1, rows), (1, rows + 2), (2 * cols, 2), (3, 3 * rows)];
                let single = [(usize::MAX, 1), (usize::MAX, 2)].into_iter().filter(|_| rows == 1);
                for (down, across) in strides.into_iter().chain(single) {
                    let data: Vec<T> = (1..=rows * cols * 4 + 300).map(T::from_usize).collect();
                    let mut copy = vec![T::ZERO; data.len()];
                    let a = MatRef::new(&data, rows, cols, down, across).unwrap();
                    isa.run(Copy(a, MatMut::new(&mut copy, rows, cols, down, across).unwrap()));
                    let mut expected = vec![T::ZERO; data.len()];
                    MatMut::new(&mut expected, rows, cols, down, across).unwrap().copy_from(a);
                    assert!(copy == expected, "{isa:?}, {rows} x {cols}, {down}, {across}");
                }
            }
        }
    }

    /// The places of lanes without a row are not even formed into a slice: with this stride the first of them is null.
    #[test]
    fn a_single_row_may_have_any_stride() {
        let data: Vec<f64> = (0..16).map(f64::from).collect();
        let data = &data[data.as_ptr().align_offset(64)..];
        for isa in Isa::all() {
            for lanes in [2, 4, 8] {
                let down = (data.as_ptr().addr() / (8 * lanes)).wrapping_neg() & (usize::MAX / (8 * lanes));
                let mut copy = [0.0; 4];
                let a = MatRef::new(data, 1, 4, down, 1).unwrap();
                isa.run(Copy(a, MatMut::new(&mut copy, 1, 4, down, 1).unwrap()));
                assert_eq!(copy, data[..4], "{isa:?}");
            }
        }
    }

    #[test]
    fn rows_come_and_go_and_nothing_between_them_is_touched() {
        check::<f32>();
        check::<f64>();
    }
}
