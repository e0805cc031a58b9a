//! A few columns that a pass over a matrix takes together.
//!
//! What the columns share is loaded once, and each element of a column is used while it is in a register. A column has the
//! same bits in a group of any size: inner products have two running sums each, and columns are added one after the other.

use super::simd::Simd;
use crate::real::Real;
use crate::view::MatRef;
use core::slice::{from_raw_parts, from_raw_parts_mut};

/// `N` columns of equal length.
#[derive(Clone, Copy)]
pub(super) struct Group<T, const N: usize> {
    pub columns: [*mut T; N],
    len: usize,
}

impl<T: Real, const N: usize> Group<T, N> {
    /// Columns `j`, `j + 1`, ... of A without their first `skip` rows, if A has them all.
    #[inline(always)]
    pub fn new(a: MatRef<'_, T>, j: usize, skip: usize) -> Option<Self> {
        if j + N > a.cols() || skip > a.rows() || a.row_stride() != 1 {
            return None;
        }
        let mut columns = [a.as_ptr().cast_mut(); N];
        for l in 0..N {
            columns[l] = columns[l].wrapping_add((j + l) * a.col_stride() + skip);
        }
        Some(Group { columns, len: a.rows() - skip })
    }

    /// The inner product of each column with `x`, which is no shorter.
    ///
    /// # Safety
    /// The columns are valid for reads.
    #[inline(always)]
    pub unsafe fn dots<S: Simd<T>>(self, simd: S, x: &[T]) -> [T; N] {
        let len = self.len.min(x.len());
        if S::LANES == 1 {
            let mut dots = [T::ZERO; N];
            for l in 0..N {
                // SAFETY: a column has `len` elements.
                dots[l] = T::dot(unsafe { from_raw_parts(self.columns[l], len) }, x);
            }
            return dots;
        }
        let mut sums = [[simd.splat(T::ZERO); 2]; N];
        let mut i = 0;
        while i + 2 * S::LANES <= len {
            for half in 0..2 {
                let at = i + half * S::LANES;
                // SAFETY: `at + LANES <= len`.
                let x = unsafe { simd.load_whole(x.as_ptr().add(at)) };
                for l in 0..N {
                    // SAFETY: as above.
                    sums[l][half] = simd.mul_add(unsafe { simd.load_whole(self.columns[l].add(at)) }, x, sums[l][half]);
                }
            }
            i += 2 * S::LANES;
        }
        for half in 0..2 {
            let at = i + half * S::LANES;
            if at < len {
                // SAFETY: `len - at` elements follow.
                let x = unsafe { simd.load_part(x.as_ptr().add(at), len - at) };
                for l in 0..N {
                    // SAFETY: as above.
                    let column = unsafe { simd.load_part(self.columns[l].add(at), len - at) };
                    sums[l][half] = simd.mul_add(column, x, sums[l][half]);
                }
            }
        }
        let mut dots = [T::ZERO; N];
        for l in 0..N {
            dots[l] = simd.sum(simd.add(sums[l][0], sums[l][1]));
        }
        dots
    }

    /// `y += sum of x_l column_l`, added in the order of the columns; `y` is no shorter.
    ///
    /// # Safety
    /// The columns are valid for reads and do not overlap `y`.
    #[inline(always)]
    pub unsafe fn add_to<S: Simd<T>>(self, simd: S, x: [T; N], y: &mut [T]) {
        let len = self.len.min(y.len());
        if S::LANES == 1 {
            for l in 0..N {
                // SAFETY: a column has `len` elements.
                T::axpy(x[l], unsafe { from_raw_parts(self.columns[l], len) }, y);
            }
            return;
        }
        let x = splat(simd, x);
        let y = y.as_mut_ptr();
        let mut i = 0;
        while i + S::LANES <= len {
            // SAFETY: `i + LANES <= len`.
            unsafe {
                let mut sum = simd.load_whole(y.add(i));
                for l in 0..N {
                    sum = simd.mul_add(x[l], simd.load_whole(self.columns[l].add(i)), sum);
                }
                simd.store_whole(sum, y.add(i));
            }
            i += S::LANES;
        }
        if i < len {
            // SAFETY: `len - i` elements follow.
            unsafe {
                let mut sum = simd.load_part(y.add(i), len - i);
                for l in 0..N {
                    sum = simd.mul_add(x[l], simd.load_part(self.columns[l].add(i), len - i), sum);
                }
                simd.store_part(sum, y.add(i), len - i);
            }
        }
    }

    /// `column_l -= step_l x`; `x` is no shorter.
    ///
    /// # Safety
    /// The columns are valid for writes and do not overlap `x`.
    #[inline(always)]
    pub unsafe fn subtract<S: Simd<T>>(self, simd: S, step: [T; N], x: &[T]) {
        let len = self.len.min(x.len());
        if S::LANES == 1 {
            for l in 0..N {
                // SAFETY: a column has `len` elements, which nothing else refers to.
                T::axpy(-step[l], x, unsafe { from_raw_parts_mut(self.columns[l], len) });
            }
            return;
        }
        let step = splat(simd, step);
        let x = x.as_ptr();
        let mut i = 0;
        while i + S::LANES <= len {
            // SAFETY: `i + LANES <= len`.
            unsafe {
                let x = simd.load_whole(x.add(i));
                for l in 0..N {
                    let to = self.columns[l].add(i);
                    simd.store_whole(simd.mul_sub_from(step[l], x, simd.load_whole(to)), to);
                }
            }
            i += S::LANES;
        }
        if i < len {
            // SAFETY: `len - i` elements follow.
            unsafe {
                let x = simd.load_part(x.add(i), len - i);
                for l in 0..N {
                    let to = self.columns[l].add(i);
                    simd.store_part(simd.mul_sub_from(step[l], x, simd.load_part(to, len - i)), to, len - i);
                }
            }
        }
    }

    /// `column_l -= by_l x`, and the inner product of each result with `y`; neither is shorter.
    ///
    /// # Safety
    /// The columns are valid for writes and overlap neither `x` nor `y`.
    #[inline(always)]
    pub unsafe fn subtract_and_dot<S: Simd<T>>(self, simd: S, by: [T; N], x: &[T], y: &[T]) -> [T; N] {
        let len = self.len.min(x.len()).min(y.len());
        if S::LANES == 1 {
            // SAFETY: the caller's.
            return unsafe {
                self.subtract(simd, by, x);
                self.dots(simd, y)
            };
        }
        let by = splat(simd, by);
        let mut sums = [[simd.splat(T::ZERO); 2]; N];
        let mut i = 0;
        while i + 2 * S::LANES <= len {
            for half in 0..2 {
                let at = i + half * S::LANES;
                // SAFETY: `at + LANES <= len`.
                unsafe {
                    let (x, y) = (simd.load_whole(x.as_ptr().add(at)), simd.load_whole(y.as_ptr().add(at)));
                    for l in 0..N {
                        let to = self.columns[l].add(at);
                        let new = simd.mul_sub_from(by[l], x, simd.load_whole(to));
                        simd.store_whole(new, to);
                        sums[l][half] = simd.mul_add(new, y, sums[l][half]);
                    }
                }
            }
            i += 2 * S::LANES;
        }
        for half in 0..2 {
            let at = i + half * S::LANES;
            if at < len {
                let count = len - at;
                // SAFETY: `count` elements follow.
                unsafe {
                    let (x, y) = (simd.load_part(x.as_ptr().add(at), count), simd.load_part(y.as_ptr().add(at), count));
                    for l in 0..N {
                        let to = self.columns[l].add(at);
                        let new = simd.mul_sub_from(by[l], x, simd.load_part(to, count));
                        simd.store_part(new, to, count);
                        sums[l][half] = simd.mul_add(new, y, sums[l][half]);
                    }
                }
            }
        }
        let mut dots = [T::ZERO; N];
        for l in 0..N {
            dots[l] = simd.sum(simd.add(sums[l][0], sums[l][1]));
        }
        dots
    }

    /// `column_l -= by_l x`, and then `y += sum of z_l column_l`, added in the order of the columns; neither is shorter.
    ///
    /// # Safety
    /// The columns are valid for writes and overlap neither `x` nor `y`.
    #[inline(always)]
    pub unsafe fn subtract_and_add_to<S: Simd<T>>(self, simd: S, by: [T; N], x: &[T], z: [T; N], y: &mut [T]) {
        let len = self.len.min(x.len()).min(y.len());
        if S::LANES == 1 {
            // SAFETY: the caller's.
            return unsafe {
                self.subtract(simd, by, x);
                self.add_to(simd, z, y);
            };
        }
        let (by, z) = (splat(simd, by), splat(simd, z));
        let (x, y) = (x.as_ptr(), y.as_mut_ptr());
        let mut i = 0;
        while i + S::LANES <= len {
            // SAFETY: `i + LANES <= len`.
            unsafe {
                let (x, mut sum) = (simd.load_whole(x.add(i)), simd.load_whole(y.add(i)));
                for l in 0..N {
                    let to = self.columns[l].add(i);
                    let new = simd.mul_sub_from(by[l], x, simd.load_whole(to));
                    simd.store_whole(new, to);
                    sum = simd.mul_add(z[l], new, sum);
                }
                simd.store_whole(sum, y.add(i));
            }
            i += S::LANES;
        }
        if i < len {
            let count = len - i;
            // SAFETY: `count` elements follow.
            unsafe {
                let (x, mut sum) = (simd.load_part(x.add(i), count), simd.load_part(y.add(i), count));
                for l in 0..N {
                    let to = self.columns[l].add(i);
                    let new = simd.mul_sub_from(by[l], x, simd.load_part(to, count));
                    simd.store_part(new, to, count);
                    sum = simd.mul_add(z[l], new, sum);
                }
                simd.store_part(sum, y.add(i), count);
            }
        }
    }
}

#[inline(always)]
fn splat<S: Simd<T>, T: Real, const N: usize>(simd: S, numbers: [T; N]) -> [S::Vector; N] {
    let mut vectors = [simd.splat(T::ZERO); N];
    for l in 0..N {
        vectors[l] = simd.splat(numbers[l]);
    }
    vectors
}
