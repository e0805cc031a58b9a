//! The matrix product of this crate, `C = alpha A B + beta C`.
//!
//! Blocks of A and B are copied ("packed") into scratch, so that the innermost loop reads both from adjacent memory
//! (Goto & van de Geijn, "Anatomy of high-performance matrix multiplication", TOMS 34:12, 2008; Van Zee & van de Geijn,
//! "BLIS", TOMS 41:14, 2015):
//!
//! ```text
//! for a block of NC columns of B and C
//!   for a block of KC columns of A and rows of B    pack B: KC x NC, in panels of as many columns as a tile has
//!     for a block of MC rows of A and C             pack A: MC x KC, in panels of as many rows as a tile has
//!       for each panel of B, each panel of A        a tile of C in registers, KC steps
//! ```
//!
//! A factor that is used only a few times is not packed but read where it lies. A column of a tile is a few vectors, so C
//! should have adjacent rows; if it has adjacent columns instead, the transposed product is computed.
//!
//! Each entry of C is one chain of KC terms after the other, whichever tile it is in and however the factors lie in memory.
//! So neither the strides, nor a cut of C into parts, nor the choice to pack changes a bit.

use super::simd::{Isa, Kernel, Simd, load_transposed};
use crate::real::Real;
use crate::scratch::{min, sum, times};
use crate::view::{MatMut, MatRef};

/// Rows of a packed block of A: a multiple of every tile's. With [`KC`] half of a second-level cache of 1 MiB.
const MC: usize = 240;
/// Terms of a chain. A panel of B, 16 KiB of `f64`, stays in the first-level cache.
const KC: usize = 256;
/// Columns of a packed block of B: a multiple of every tile's.
const NC: usize = 480;
/// A is packed if it meets more columns of B than this.
const REUSE: usize = 64;
/// If A does not stay in the caches, which strips as high as a tile are slow to read from, it is packed for fewer.
const FAR_REUSE: usize = 32;
/// The numbers in half of a second-level cache of 1 MiB.
const NEAR: usize = 1 << 16;
/// Most numbers in a column of a tile.
const HEIGHT: usize = 48;
/// Columns of a block that are packed at a time.
const AT_ONCE: usize = 8;

/// Elements of scratch for [`gemm`]: a packed block of each factor, which may change places.
pub(super) const fn gemm_scratch_len(m: usize, n: usize, k: usize) -> usize {
    sum([block_len(m, k), block_len(n, k)])
}

/// The last panel may be short by up to 15: the longest vector, or the columns of a tile, less one.
const fn block_len(side: usize, k: usize) -> usize {
    times(min(side, NC) + 15, min(k, KC))
}

/// `C = alpha A B + beta C`. Shapes fit, none is empty, and `scratch` has the documented length.
pub(super) fn gemm<T: Real>(
    isa: Isa,
    alpha: T,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    beta: T,
    c: MatMut<'_, T>,
    scratch: &mut [T],
) {
    let adjacent_rows = c.row_stride() == 1 || (c.col_stride() != 1 && c.row_stride() <= c.col_stride());
    let (a, b, c) = if adjacent_rows { (a, b, c) } else { (b.t(), a.t(), c.t()) };
    let Some((packed_a, packed_b)) = scratch.split_at_mut_checked(block_len(a.rows(), a.cols())) else { return };
    isa.run(Gemm { alpha, a, b, beta, c, packed_a, packed_b });
}

struct Gemm<'a, T> {
    alpha: T,
    a: MatRef<'a, T>,
    b: MatRef<'a, T>,
    beta: T,
    c: MatMut<'a, T>,
    packed_a: &'a mut [T],
    packed_b: &'a mut [T],
}

impl<T: Real> Kernel<T> for Gemm<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        const { assert!(S::TILE.0 <= 3, "as many vectors as the columns of tiles are compiled for") };
        match S::TILE {
            (3, 8) => self.blocks::<S, 8>(simd),
            (2, 6) => self.blocks::<S, 6>(simd),
            _ => self.blocks::<S, 4>(simd),
        }
    }
}

impl<T: Real> Gemm<'_, T> {
    /// The loops over blocks; `NR` is the number of columns in a tile.
    #[inline(always)]
    fn blocks<S: Simd<T>, const NR: usize>(self, simd: S) {
        let Gemm { alpha, a, b, beta, mut c, packed_a, packed_b } = self;
        let (m, k, n) = (a.rows(), a.cols(), b.cols());
        let height = S::TILE.0 * S::LANES;
        let far = m.saturating_mul(k) > NEAR;
        let pack_a = a.row_stride() != 1 || n > if far { FAR_REUSE } else { REUSE };
        // Rows of B that lie far apart would be read a few numbers at a time, each from a page of its own.
        let pack_b = m > MC || (b.col_stride() == 1 && b.row_stride().saturating_mul(KC) >= 2 * NEAR);
        for col in (0..n).step_by(NC) {
            for depth in (0..k).step_by(KC) {
                let b_block = b.submatrix(depth, col, KC, NC);
                if pack_b {
                    pack(simd, b_block.t(), NR, NR, packed_b);
                }
                // C is multiplied by beta when the first block of the sum arrives.
                let beta = if depth == 0 { beta } else { T::ONE };
                for row in (0..m).step_by(MC) {
                    let a_block = a.submatrix(row, depth, MC, KC);
                    if pack_a {
                        pack(simd, a_block, height, S::LANES, packed_a);
                    }
                    let (rows, k) = a_block.shape();
                    let strip = if pack_a { MC } else { height };
                    for top in (0..rows).step_by(strip) {
                        if far && !pack_a {
                            ask_for_strip(simd, a_block, top + height);
                        }
                        for j in (0..b_block.cols()).step_by(NR) {
                            let b_panel = if pack_b {
                                Panel { data: packed_b.as_ptr().wrapping_add(j * k), step: NR, across: 1 }
                            } else {
                                let part = b_block.submatrix(0, j, k, NR);
                                Panel { data: part.as_ptr(), step: b.row_stride(), across: b.col_stride() }
                            };
                            for i in (top..rows.min(top + strip)).step_by(height) {
                                let c = c.rb().submatrix(row + i, col + j, height, NR);
                                let vectors = c.rows().div_ceil(S::LANES);
                                let a_panel = if pack_a {
                                    Panel {
                                        data: packed_a.as_ptr().wrapping_add(i * k),
                                        step: vectors * S::LANES,
                                        across: 1,
                                    }
                                } else {
                                    let part = a_block.submatrix(i, 0, height, k);
                                    Panel { data: part.as_ptr(), step: a.col_stride(), across: 1 }
                                };
                                let tile = Tile { simd, k, alpha, padded: pack_a, a: a_panel, b: b_panel, beta, c };
                                // SAFETY: a packed panel holds `k` columns of `vectors` whole vectors, or `k` rows of NR
                                // numbers; one that is not packed is a part of A or B with as many rows or columns as C
                                // has.
                                unsafe {
                                    match (vectors, pack_b) {
                                        (1, true) => tile.compute::<1, NR, true>(),
                                        (1, false) => tile.compute::<1, NR, false>(),
                                        (2, true) => tile.compute::<2, NR, true>(),
                                        (2, false) => tile.compute::<2, NR, false>(),
                                        (_, true) => tile.compute::<3, NR, true>(),
                                        (_, false) => tile.compute::<3, NR, false>(),
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Asks for the rows of a tile from `top` on, which are used after those before them.
#[inline(always)]
fn ask_for_strip<S: Simd<T>, T: Real>(simd: S, block: MatRef<'_, T>, top: usize) {
    for j in 0..block.cols() {
        for i in 0..S::TILE.0 {
            simd.prefetch(block.as_ptr().wrapping_add(top + i * S::LANES + j * block.col_stride()));
        }
    }
}

/// Copies the block into panels of `height` rows, each panel column after column; the last is as high as it needs to be
/// in whole `unit`s, and padded with zeros.
#[inline(always)]
fn pack<S: Simd<T>, T: Real>(simd: S, block: MatRef<'_, T>, height: usize, unit: usize, packed: &mut [T]) {
    if block.row_stride() == 1 {
        return pack_adjacent(simd, block, height, unit, packed);
    }
    let k = block.cols();
    let mut rest = packed;
    for row in (0..block.rows()).step_by(height) {
        let rows = height.min(block.rows() - row);
        let padded = rows.next_multiple_of(unit).max(1);
        let Some((panel, others)) = rest.split_at_mut_checked(padded * k) else { return };
        rest = others;
        let source = block.submatrix(row, 0, rows, k);
        if source.col_stride() == 1 && rows >= S::LANES {
            for i in (0..rows).step_by(S::LANES) {
                for j in (0..k).step_by(S::LANES) {
                    let from = source.as_ptr().wrapping_add(i * source.row_stride() + j);
                    let (high, wide) = (S::LANES.min(rows - i), S::LANES.min(k - j));
                    // SAFETY: the block is a part of the source, whose rows are adjacent numbers.
                    let columns = unsafe { load_transposed(simd, from, source.row_stride(), high, wide) };
                    for l in 0..S::LANES {
                        if l < wide {
                            let to = panel.get_mut((j + l) * padded + i..(j + l + 1) * padded);
                            simd.store(columns[l], to.unwrap_or_default());
                        }
                    }
                }
            }
        } else {
            let mut i = 0;
            while i < rows {
                i += match rows - i {
                    8.. => transpose::<T, 8>(source, i, panel, padded),
                    4..8 => transpose::<T, 4>(source, i, panel, padded),
                    _ => transpose::<T, 1>(source, i, panel, padded),
                };
            }
        }
        if rows < padded {
            for to in panel.chunks_exact_mut(padded) {
                to.get_mut(rows..).unwrap_or_default().fill(T::ZERO);
            }
        }
    }
}

/// The same for a block with adjacent rows: some columns are read from end to end, and spread over the panels.
#[inline(always)]
fn pack_adjacent<S: Simd<T>, T: Real>(simd: S, block: MatRef<'_, T>, height: usize, unit: usize, packed: &mut [T]) {
    let k = block.cols();
    for first in (0..k).step_by(AT_ONCE) {
        for row in (0..block.rows()).step_by(height) {
            let rows = height.min(block.rows() - row);
            let padded = rows.next_multiple_of(unit);
            for j in first..k.min(first + AT_ONCE) {
                let from = block.column(j).get(row..row + rows).unwrap_or_default();
                let to = packed.get_mut(row * k + j * padded..row * k + (j + 1) * padded).unwrap_or_default();
                let mut i = 0;
                while i < padded {
                    let x = simd.load(from.get(i..).unwrap_or_default());
                    simd.store(x, to.get_mut(i..).unwrap_or_default());
                    i += S::LANES;
                }
            }
        }
    }
}

/// Writes `N` rows from `first` on into their places in each column of the panel, and returns their number.
#[inline(always)]
fn transpose<T: Real, const N: usize>(block: MatRef<'_, T>, first: usize, panel: &mut [T], height: usize) -> usize {
    let rows = block.submatrix(first, 0, N, block.cols());
    let (from, row_stride, col_stride) = (rows.as_ptr(), rows.row_stride(), rows.col_stride());
    debug_assert_eq!(rows.rows(), N);
    for j in 0..rows.cols() {
        let to = panel.get_mut(j * height + first..).unwrap_or_default();
        let Some(to) = to.first_chunk_mut::<N>() else { break };
        for i in 0..N {
            // SAFETY: the block has `N` rows from `first` on, and column `j`.
            to[i] = unsafe { *from.add(i * row_stride + j * col_stride) };
        }
    }
    N
}

/// Numbers in memory: `step` from one term of the sum to the next, `across` from one column of the tile to the next.
#[derive(Clone, Copy)]
struct Panel<T> {
    data: *const T,
    step: usize,
    across: usize,
}

/// A tile of C and what it is computed from.
struct Tile<'a, S, T> {
    simd: S,
    k: usize,
    alpha: T,
    /// Whether the panel of A, packed, has whole vectors in each column.
    padded: bool,
    a: Panel<T>,
    b: Panel<T>,
    beta: T,
    c: MatMut<'a, T>,
}

impl<S: Simd<T>, T: Real> Tile<'_, S, T> {
    /// The tile has `MV` vectors, the last perhaps in part, and at most `NR` columns. A packed panel of B has `NR` numbers
    /// for each term.
    ///
    /// # Safety
    /// The panel of A holds `k` columns of as many rows as C has, or of `MV` vectors if it is padded; that of B `k` rows of
    /// as many columns as C has, or of `NR` if `PACKED`.
    #[inline(always)]
    unsafe fn compute<const MV: usize, const NR: usize, const PACKED: bool>(self) {
        let Tile { simd, k, alpha, padded, a, b, beta, mut c } = self;
        let (rows, cols) = c.shape();
        let whole = padded || rows == MV * S::LANES;
        let last = if whole { S::LANES } else { rows - (MV - 1) * S::LANES };
        let mut columns = [0; NR];
        for j in 0..NR {
            // Columns that C does not have repeat the last one, and are dropped.
            columns[j] = if PACKED { j } else { j.min(cols - 1) * b.across };
        }
        let b_step = if PACKED { NR } else { b.step };
        let mut tile = [[simd.splat(T::ZERO); MV]; NR];
        let (mut a_place, mut b_place) = (a.data, b.data);
        if beta != T::ZERO && c.row_stride() == 1 {
            // C is asked for while its update is computed.
            for j in 0..cols {
                for i in 0..MV {
                    simd.prefetch(c.as_mut_ptr().wrapping_add(j * c.col_stride() + i * S::LANES));
                }
            }
        }
        for _ in 0..k {
            let mut x = [simd.splat(T::ZERO); MV];
            for i in 0..MV {
                // SAFETY: within this column of the panel of A.
                x[i] = unsafe {
                    let from = a_place.add(i * S::LANES);
                    if whole || i + 1 < MV { simd.load_whole(from) } else { simd.load_part(from, last) }
                };
            }
            for j in 0..NR {
                // SAFETY: within this row of the panel of B.
                let y = simd.splat(unsafe { *b_place.add(columns[j]) });
                for i in 0..MV {
                    tile[j][i] = simd.mul_add(x[i], y, tile[j][i]);
                }
            }
            a_place = a_place.wrapping_add(a.step);
            b_place = b_place.wrapping_add(b_step);
        }
        let (alpha, scale) = (simd.splat(alpha), simd.splat(beta));
        for (j, column) in tile.iter().enumerate() {
            if j >= cols {
                break;
            }
            let mut to = c.rb().submatrix(0, j, rows, 1).t();
            let Some(to) = to.row_slice_mut(0) else {
                scatter(simd, alpha, column, beta, to);
                continue;
            };
            for i in 0..MV {
                let to = to.get_mut(i * S::LANES..).unwrap_or_default();
                let product = simd.mul(alpha, column[i]);
                let value = if beta == T::ZERO { product } else { simd.mul_add(scale, simd.load(to), product) };
                simd.store(value, to);
            }
        }
    }
}

/// A column of a tile of a C whose rows are not adjacent, given as one row.
#[inline(always)]
fn scatter<S: Simd<T>, T: Real, const MV: usize>(
    simd: S,
    alpha: S::Vector,
    column: &[S::Vector; MV],
    beta: T,
    mut to: MatMut<'_, T>,
) {
    let (mut old, mut new) = ([T::ZERO; HEIGHT], [T::ZERO; HEIGHT]);
    if beta != T::ZERO {
        old.iter_mut().take(to.cols()).enumerate().for_each(|(i, x)| *x = to.at(0, i));
    }
    for i in 0..MV {
        let product = simd.mul(alpha, column[i]);
        let old = simd.load(old.get(i * S::LANES..).unwrap_or_default());
        let value = if beta == T::ZERO { product } else { simd.mul_add(simd.splat(beta), old, product) };
        simd.store(value, new.get_mut(i * S::LANES..).unwrap_or_default());
    }
    new.iter().take(to.cols()).enumerate().for_each(|(i, x)| to.put(0, i, *x));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Uniform;
    use proptest::prelude::*;
    use std::{vec, vec::Vec};

    fn random<T: Real>(len: usize, seed: u64) -> Vec<T> {
        let mut uniform = Uniform::new(seed);
        (0..len).map(|_| uniform.symmetric()).collect()
    }

    /// A matrix of any strides, with gaps that hold NaN.
    fn place<T: Real>(
        entry: impl Fn(usize, usize) -> T,
        rows: usize,
        cols: usize,
        layout: u32,
    ) -> (Vec<T>, usize, usize) {
        let (row_stride, col_stride) =
            [(1, rows + 3), (cols + 2, 1), (2, 2 * rows + 1), (3 * cols, 3)][layout as usize % 4];
        let mut data = vec![T::from_f64(f64::NAN); rows * row_stride + cols * col_stride + 1];
        (0..rows).for_each(|i| (0..cols).for_each(|j| data[i * row_stride + j * col_stride] = entry(i, j)));
        (data, row_stride, col_stride)
    }

    /// A column that stands for all columns of A, and a number for all entries: stride 0.
    #[test]
    fn a_stride_may_be_zero() {
        let (ones, column) = (vec![1.0; 200], [1.0, 2.0, 3.0]);
        for isa in Isa::all() {
            for (row_stride, expected) in [(1, column), (0, [1.0; 3])] {
                let a = MatRef::new(&column[..1 + 2 * row_stride], 3, 100, row_stride, 0).unwrap();
                let b = MatRef::col_major(&ones, 100, 2).unwrap();
                let mut c = [f64::NAN; 6];
                let mut scratch = vec![f64::NAN; gemm_scratch_len(3, 2, 100)];
                gemm(isa, 1.0, a, b, 0.0, MatMut::col_major(&mut c, 3, 2).unwrap(), &mut scratch);
                assert!((0..6).all(|i| c[i] == 100.0 * expected[i % 3]), "{isa:?}: {c:?}");
            }
        }
    }

    fn product<T: Real>(isa: Isa, (m, n, k): (usize, usize, usize), layouts: [u32; 3], beta: T) -> Vec<T> {
        let (a, b, c) = (random::<T>(m * k, 1), random::<T>(k * n, 2), random::<T>(m * n, 3));
        let (a, ars, acs) = place(|i, p| a[i * k + p], m, k, layouts[0]);
        let (b, brs, bcs) = place(|p, j| b[p * n + j], k, n, layouts[1]);
        let (mut c, crs, ccs) =
            place(|i, j| if beta == T::ZERO { T::from_f64(f64::NAN) } else { c[i * n + j] }, m, n, layouts[2]);
        let mut scratch = vec![T::from_f64(f64::NAN); gemm_scratch_len(m, n, k)];
        let view = MatMut::new(&mut c, m, n, crs, ccs).unwrap();
        let (a, b) = (MatRef::new(&a, m, k, ars, acs).unwrap(), MatRef::new(&b, k, n, brs, bcs).unwrap());
        gemm(isa, T::from_f64(-0.5), a, b, beta, view, &mut scratch);
        (0..m * n).map(|p| c[p / n * crs + p % n * ccs]).collect()
    }

    fn against_the_definition<T: Real>((m, n, k): (usize, usize, usize), layouts: [u32; 3], beta: f64) {
        let (a, b, c) = (random::<T>(m * k, 1), random::<T>(k * n, 2), random::<T>(m * n, 3));
        for isa in Isa::all() {
            let result = product::<T>(isa, (m, n, k), layouts, T::from_f64(beta));
            // The same bits for every layout, and for a part of C alone.
            assert_eq!(result, product::<T>(isa, (m, n, k), [0, 0, 0], T::from_f64(beta)), "{}", isa.name());
            for (p, x) in result.iter().enumerate() {
                let (i, j) = (p / n, p % n);
                let terms = (0..k).map(|l| a[i * k + l].to_f64() * b[l * n + j].to_f64());
                let exact = -0.5 * terms.sum::<f64>() + if beta == 0.0 { 0.0 } else { beta * c[p].to_f64() };
                let bound = 4.0 * (k as f64 + 4.0) * T::EPSILON.to_f64();
                assert!((x.to_f64() - exact).abs() < bound, "{} ({i}, {j}) of {m} x {n} x {k}", isa.name());
            }
        }
    }

    proptest! {
        #[test]
        fn every_instruction_set_every_layout(
            m in 1usize..80, n in 1usize..80, k in 1usize..40, layouts: [u32; 3],
            beta in prop::sample::select(vec![0.0, 1.0, 0.25]),
        ) {
            against_the_definition::<f32>((m, n, k), layouts, beta);
            against_the_definition::<f64>((m, n, k), layouts, beta);
        }
    }

    #[test]
    fn shapes_at_the_edges_of_the_blocks() {
        for shape in [(240, 480, 256), (241, 481, 257), (1, 500, 300), (300, 1, 513), (65, 64, 512), (500, 20, 300)] {
            against_the_definition::<f64>(shape, [1, 0, 1], 1.0);
            against_the_definition::<f32>(shape, [0, 1, 0], 0.0);
        }
    }

    #[test]
    fn a_part_of_c_has_the_bits_of_the_whole() {
        let (m, n, k) = (150, 90, 300);
        let (a, b) = (random::<f64>(m * k, 1), random::<f64>(k * n, 2));
        let (a, b) = (MatRef::col_major(&a, m, k).unwrap(), MatRef::row_major(&b, k, n).unwrap());
        let mut scratch = vec![0.0; gemm_scratch_len(m, n, k)];
        for isa in Isa::all() {
            let mut whole = vec![0.0; m * n];
            gemm(isa, 1.0, a, b, 0.0, MatMut::col_major(&mut whole, m, n).unwrap(), &mut scratch);
            for (row, col, rows, cols) in [(0, 0, 1, 1), (7, 3, 20, 11), (100, 50, 50, 40)] {
                let mut part = vec![0.0; rows * cols];
                let (a, b) = (a.submatrix(row, 0, rows, k), b.submatrix(0, col, k, cols));
                gemm(isa, 1.0, a, b, 0.0, MatMut::col_major(&mut part, rows, cols).unwrap(), &mut scratch);
                for (p, x) in part.iter().enumerate() {
                    assert_eq!(*x, whole[(col + p / rows) * m + row + p % rows], "{}", isa.name());
                }
            }
        }
    }
}
