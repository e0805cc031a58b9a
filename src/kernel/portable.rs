//! The matrix product of this crate, `C = alpha A B + beta C`.
//!
//! Blocks of A and B are copied ("packed") into scratch, so that the innermost loop reads both from adjacent memory
//! (Goto & van de Geijn, "Anatomy of high-performance matrix multiplication", TOMS 34:12, 2008):
//!
//! ```text
//! for a block of NC columns of B and C
//!   for a block of KC columns of A and rows of B    pack B: KC x NC, in panels of NR columns
//!     for a block of MC rows of A and C             pack A: MC x KC, in panels of MR rows
//!       for each panel of B, each panel of A        an MR x NR tile of C in registers, KC steps
//! ```
//!
//! Each entry of C is summed in the same order wherever its row and column stand, so cutting C into parts does not
//! change a bit.

use crate::columns::Total;
use crate::real::Real;
use crate::scratch::{min, sum, times};
use crate::view::{MatMut, MatRef};

/// Rows and columns of the tile: 8 accumulators of 4 `f32`, as many as x86-64's 16 registers leave room for.
const MR: usize = 8;
const NR: usize = 4;
/// The packed block of A, 64 KiB of `f32`, stays in the second-level cache.
const MC: usize = 64;
/// A panel of B, 4 KiB of `f32`, stays in the first-level cache.
const KC: usize = 256;
/// The packed block of B.
const NC: usize = 512;

/// Elements of scratch for [`gemm`]: the packed blocks of A and B.
pub(super) const fn gemm_scratch_len(m: usize, n: usize, k: usize) -> usize {
    let depth = min(k, KC);
    sum([times(padded(min(m, MC), MR), depth), times(padded(min(n, NC), NR), depth)])
}

const fn padded(n: usize, panel: usize) -> usize {
    n.div_ceil(panel) * panel
}

/// `C = alpha A B + beta C`. Shapes fit and `scratch` has the documented length.
pub(super) fn gemm<T: Real>(
    alpha: T,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    beta: T,
    mut c: MatMut<'_, T>,
    scratch: &mut [T],
) {
    let (m, k, n) = (a.rows(), a.cols(), b.cols());
    let Some((packed_a, packed_b)) = scratch.split_at_mut_checked(padded(min(m, MC), MR) * min(k, KC)) else { return };
    for col in (0..n).step_by(NC) {
        for depth in (0..k).step_by(KC) {
            let b_block = b.submatrix(depth, col, KC, NC);
            pack::<T, NR>(b_block.t(), packed_b);
            // C is multiplied by beta when the first block of the sum arrives.
            let beta = if depth == 0 { beta } else { T::ONE };
            for row in (0..m).step_by(MC) {
                let a_block = a.submatrix(row, depth, MC, KC);
                pack::<T, MR>(a_block, packed_a);
                let k = a_block.cols();
                for (p, b_panel) in packed_b.chunks(NR * KC.min(k).max(1)).take(b_block.cols().div_ceil(NR)).enumerate()
                {
                    for (q, a_panel) in
                        packed_a.chunks(MR * KC.min(k).max(1)).take(a_block.rows().div_ceil(MR)).enumerate()
                    {
                        let tile = tile(a_panel, b_panel);
                        add_tile(alpha, &tile, beta, c.rb().submatrix(row + q * MR, col + p * NR, MR, NR));
                    }
                }
            }
        }
    }
}

/// Copies the block into panels of `P` rows, each panel column after column, short panels padded with zeros.
fn pack<T: Real, const P: usize>(block: MatRef<'_, T>, packed: &mut [T]) {
    let mut places = packed.as_chunks_mut::<P>().0.iter_mut();
    for row in (0..block.rows()).step_by(P) {
        let panel = block.submatrix(row, 0, P, block.cols());
        for j in 0..panel.cols() {
            let Some(place) = places.next() else { return };
            for (i, x) in place.iter_mut().enumerate() {
                *x = panel.get(i, j).unwrap_or(T::ZERO);
            }
        }
    }
}

/// The product of a packed panel of A and one of B, column after column.
#[inline]
fn tile<T: Real>(a: &[T], b: &[T]) -> [[T; MR]; NR] {
    let mut tile = [[T::ZERO; MR]; NR];
    for (a, b) in a.as_chunks::<MR>().0.iter().zip(b.as_chunks::<NR>().0) {
        for (column, b) in tile.iter_mut().zip(b) {
            for (sum, a) in column.iter_mut().zip(a) {
                *sum += *a * *b;
            }
        }
    }
    tile
}

/// `C = alpha tile + beta C`; C is not read if `beta` is zero.
#[inline]
fn add_tile<T: Real>(alpha: T, tile: &[[T; MR]; NR], beta: T, mut c: MatMut<'_, T>) {
    for (j, column) in tile.iter().enumerate().take(c.cols()) {
        for i in 0..c.rows() {
            let product = alpha * column.at(i);
            let value = if beta == T::ZERO { product } else { product + beta * c.at(i, j) };
            c.put(i, j, value);
        }
    }
}
