//! Operations on all columns of a matrix in one pass.
//!
//! A matrix has adjacent rows here (row stride 1). Columns are taken [`GROUP`] at a time, so that what they share is
//! loaded once, and used twice while they are in the first-level cache. What is computed for a column, and the order in
//! which columns are added up, does not depend on its place in a group.

use super::group::Group;
use super::simd::{Isa, Kernel, Simd};
use crate::real::Real;
use crate::view::{MatMut, MatRef};

/// Columns at a time: with two running sums each, they fit the 16 registers of AVX2.
const GROUP: usize = 4;

impl Isa {
    /// `y_j = a_j . x` for every column of A; `x` has as many elements as A has rows, `y` as A has columns.
    pub(crate) fn dot_columns<T: Real>(self, a: MatRef<'_, T>, x: &[T], y: &mut [T]) {
        debug_assert!(a.row_stride() == 1 && x.len() == a.rows() && y.len() == a.cols());
        self.run(DotColumns { a, x, y });
    }

    /// `y += A x`; `x` has as many elements as A has columns, `y` as A has rows.
    pub(crate) fn add_columns<T: Real>(self, a: MatRef<'_, T>, x: &[T], y: &mut [T]) {
        debug_assert!(a.row_stride() == 1 && x.len() == a.cols() && y.len() == a.rows());
        self.run(AddColumns { a, x, y });
    }

    /// `A <- (I - tau v v^T) A` for `v = (1, rest)`; `rest` has one element less than A has rows.
    pub(crate) fn reflect_columns<T: Real>(self, rest: &[T], tau: T, a: MatMut<'_, T>) {
        debug_assert!(a.row_stride() == 1 && rest.len() + 1 == a.rows());
        self.run(ReflectColumns { rest, tau, a });
    }

    /// One pass over A for both products of a step of bidiagonalization. For `v = (1, rest)` and every column j:
    ///
    /// ```text
    /// y_j <- tau (a_j . v - y_j)
    /// row_j <- row_j + a_0j - y_j
    /// w <- w + row_j (a_1j, a_2j, ...)
    /// ```
    pub(crate) fn reduce_columns<T: Real>(
        self,
        a: MatRef<'_, T>,
        rest: &[T],
        tau: T,
        y: &mut [T],
        row: &mut [T],
        w: &mut [T],
    ) {
        debug_assert!(a.row_stride() == 1 && rest.len() + 1 == a.rows() && w.len() == rest.len());
        debug_assert!(y.len() == a.cols() && row.len() == a.cols());
        self.run(ReduceColumns { a, rest, tau, y, row, w });
    }

    /// One pass over A for a step of bidiagonalization that changes A. For every column j:
    ///
    /// ```text
    /// a_j <- a_j - u_j x
    /// a_j <- a_j - tau (a_j . v) v
    /// row_j <- a_0j
    /// w <- w + row_j (a_1j, a_2j, ...)
    /// ```
    pub(crate) fn transform_columns<T: Real>(self, a: MatMut<'_, T>, step: Step<'_, T>) {
        debug_assert!(a.row_stride() == 1 && step.x.len() == a.rows() && step.u.len() == a.cols());
        debug_assert!(step.rest.len() + 1 == a.rows() && step.w.len() + 1 == a.rows() && step.row.len() == a.cols());
        self.run(TransformColumns { a, step });
    }
}

/// What [`Isa::transform_columns`] applies, and what it collects.
pub(crate) struct Step<'a, T> {
    /// Subtracted first: `x u^T`, with as many elements as A has rows, and columns.
    pub x: &'a [T],
    pub u: &'a [T],
    /// The reflector `I - tau v v^T` with `v = (1, rest)`.
    pub rest: &'a [T],
    pub tau: T,
    /// Overwritten with the first row of the result.
    pub row: &'a mut [T],
    /// The sum of `row_j (a_1j, a_2j, ...)` is added to it.
    pub w: &'a mut [T],
}

struct DotColumns<'a, T> {
    a: MatRef<'a, T>,
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Real> Kernel<T> for DotColumns<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let DotColumns { a, x, y } = self;
        let (groups, rest) = y.as_chunks_mut::<GROUP>();
        let first = groups.len() * GROUP;
        for (g, y) in groups.iter_mut().enumerate() {
            if let Some(group) = Group::<T, GROUP>::new(a, g * GROUP, 0) {
                // SAFETY: columns of A.
                *y = unsafe { group.dots(simd, x) };
            }
        }
        for (j, y) in rest.iter_mut().enumerate() {
            if let Some(group) = Group::<T, 1>::new(a, first + j, 0) {
                // SAFETY: columns of A.
                [*y] = unsafe { group.dots(simd, x) };
            }
        }
    }
}

struct AddColumns<'a, T> {
    a: MatRef<'a, T>,
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Real> Kernel<T> for AddColumns<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let AddColumns { a, x, y } = self;
        let (groups, rest) = x.as_chunks::<GROUP>();
        let first = groups.len() * GROUP;
        for (g, x) in groups.iter().enumerate() {
            if let Some(group) = Group::<T, GROUP>::new(a, g * GROUP, 0) {
                // SAFETY: columns of A, which `y` as an exclusive borrow does not overlap.
                unsafe { group.add_to(simd, *x, y) };
            }
        }
        for (j, x) in rest.iter().enumerate() {
            if let Some(group) = Group::<T, 1>::new(a, first + j, 0) {
                // SAFETY: as above.
                unsafe { group.add_to(simd, [*x], y) };
            }
        }
    }
}

struct ReflectColumns<'a, T> {
    rest: &'a [T],
    tau: T,
    a: MatMut<'a, T>,
}

impl<T: Real> ReflectColumns<'_, T> {
    #[inline(always)]
    fn group<S: Simd<T>, const N: usize>(&mut self, simd: S, j: usize) {
        let (Some(heads), Some(group)) =
            (Group::<T, N>::new(self.a.as_ref(), j, 0), Group::<T, N>::new(self.a.as_ref(), j, 1))
        else {
            return;
        };
        // SAFETY: columns of A, which is borrowed exclusively and has at least one row.
        unsafe {
            let mut steps = group.dots(simd, self.rest);
            for l in 0..N {
                let head = heads.columns[l];
                steps[l] = self.tau * (steps[l] + *head);
                *head -= steps[l];
            }
            group.subtract(simd, steps, self.rest);
        }
    }
}

impl<T: Real> Kernel<T> for ReflectColumns<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let n = self.a.cols();
        // Single numbers gain nothing from a group.
        let first = if S::LANES == 1 { 0 } else { n / GROUP * GROUP };
        (0..first).step_by(GROUP).for_each(|j| self.group::<S, GROUP>(simd, j));
        (first..n).for_each(|j| self.group::<S, 1>(simd, j));
    }
}

struct ReduceColumns<'a, T> {
    a: MatRef<'a, T>,
    rest: &'a [T],
    tau: T,
    y: &'a mut [T],
    row: &'a mut [T],
    w: &'a mut [T],
}

impl<T: Real> ReduceColumns<'_, T> {
    #[inline(always)]
    fn group<S: Simd<T>, const N: usize>(
        simd: S,
        a: MatRef<'_, T>,
        j: usize,
        v: (&[T], T),
        y: &mut [T; N],
        row: &mut [T; N],
        w: &mut [T],
    ) {
        let (Some(heads), Some(group)) = (Group::<T, N>::new(a, j, 0), Group::<T, N>::new(a, j, 1)) else {
            return;
        };
        let (rest, tau) = v;
        // SAFETY: columns of A, which has at least one row and which `w` does not overlap.
        unsafe {
            let dots = group.dots(simd, rest);
            for l in 0..N {
                let head = *heads.columns[l];
                y[l] = tau * (dots[l] + head - y[l]);
                row[l] += head - y[l];
            }
            group.add_to(simd, *row, w);
        }
    }
}

impl<T: Real> Kernel<T> for ReduceColumns<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let ReduceColumns { a, rest, tau, y, row, w } = self;
        let (ys, y_rest) = y.as_chunks_mut::<GROUP>();
        let (rows, row_rest) = row.as_chunks_mut::<GROUP>();
        let first = ys.len() * GROUP;
        for (g, (y, row)) in ys.iter_mut().zip(rows).enumerate() {
            Self::group(simd, a, g * GROUP, (rest, tau), y, row, w);
        }
        for (j, (y, row)) in y_rest.as_chunks_mut::<1>().0.iter_mut().zip(row_rest.as_chunks_mut::<1>().0).enumerate() {
            Self::group(simd, a, first + j, (rest, tau), y, row, w);
        }
    }
}

struct TransformColumns<'a, T> {
    a: MatMut<'a, T>,
    step: Step<'a, T>,
}

impl<T: Real> TransformColumns<'_, T> {
    #[inline(always)]
    fn group<S: Simd<T>, const N: usize>(&mut self, simd: S, j: usize) {
        let (Some(heads), Some(group)) =
            (Group::<T, N>::new(self.a.as_ref(), j, 0), Group::<T, N>::new(self.a.as_ref(), j, 1))
        else {
            return;
        };
        let Step { x, u, rest, tau, row, w } = &mut self.step;
        let u = u.get(j..).and_then(|u| u.first_chunk::<N>());
        let row = row.get_mut(j..).and_then(|row| row.first_chunk_mut::<N>());
        let (Some(u), Some(row), Some((first, x))) = (u, row, x.split_first()) else { return };
        // SAFETY: columns of A, which is borrowed exclusively and has at least one row.
        unsafe {
            let mut steps = group.subtract_and_dot(simd, *u, x, rest);
            for l in 0..N {
                let head = heads.columns[l];
                let old = *head - u[l] * *first;
                steps[l] = *tau * (steps[l] + old);
                row[l] = old - steps[l];
                *head = row[l];
            }
            group.subtract_and_add_to(simd, steps, rest, *row, w);
        }
    }
}

impl<T: Real> Kernel<T> for TransformColumns<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let n = self.a.cols();
        // Single numbers gain nothing from a group.
        let first = if S::LANES == 1 { 0 } else { n / GROUP * GROUP };
        (0..first).step_by(GROUP).for_each(|j| self.group::<S, GROUP>(simd, j));
        (first..n).for_each(|j| self.group::<S, 1>(simd, j));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Uniform;
    use std::{vec, vec::Vec};

    fn random<T: Real>(len: usize, seed: u64) -> Vec<T> {
        let mut uniform = Uniform::new(seed);
        (0..len).map(|_| uniform.symmetric()).collect()
    }

    fn close<T: Real>(name: &str, isa: Isa, shape: (usize, usize), given: &[T], expected: impl Fn(usize) -> f64) {
        let bound = 8.0 * (shape.0 + shape.1 + 4) as f64 * T::EPSILON.to_f64();
        for (i, x) in given.iter().enumerate() {
            let difference = (x.to_f64() - expected(i)).abs();
            assert!(difference < bound, "{name}, {}, {shape:?}: {i} is off by {difference}", isa.name());
        }
    }

    fn against_the_formulas<T: Real>(m: usize, n: usize) {
        let stride = m + 5;
        let data = random::<T>(stride * n, 1);
        let entry = |i: usize, j: usize| data[j * stride + i].to_f64();
        let a = MatRef::new(&data, m, n, 1, stride).unwrap();
        let (x, by_column, start) = (random::<T>(m, 2), random::<T>(n, 3), random::<T>(m, 4));
        let number = |x: &[T], i: usize| x[i].to_f64();
        let dot = |j: usize| (0..m).map(|i| entry(i, j) * number(&x, i)).sum::<f64>();
        for isa in Isa::all() {
            let mut y = vec![T::from_f64(f64::NAN); n];
            isa.dot_columns(a, &x, &mut y);
            close("dot_columns", isa, (m, n), &y, dot);

            let mut y = start.clone();
            isa.add_columns(a, &by_column, &mut y);
            let sum = |i: usize| number(&start, i) + (0..n).map(|j| entry(i, j) * number(&by_column, j)).sum::<f64>();
            close("add_columns", isa, (m, n), &y, sum);

            // `x` stands for (1, rest) below.
            let tau = 1.25;
            let along = |j: usize| entry(0, j) + (1..m).map(|i| entry(i, j) * number(&x, i)).sum::<f64>();
            let mut reflected = data.clone();
            isa.reflect_columns(&x[1..], T::from_f64(tau), MatMut::new(&mut reflected, m, n, 1, stride).unwrap());
            close("reflect_columns", isa, (m, n), &reflected, |p| {
                let (i, j) = (p % stride, p / stride);
                let v = if i == 0 { 1.0 } else { number(&x, i.min(m - 1)) };
                if i < m { entry(i, j) - tau * v * along(j) } else { number(&data, p) }
            });

            let old = random::<T>(n, 5);
            let (mut y, mut row, mut w) = (by_column.clone(), old.clone(), start[1..].to_vec());
            isa.reduce_columns(a, &x[1..], T::from_f64(tau), &mut y, &mut row, &mut w);
            let new_y = |j: usize| tau * (along(j) - number(&by_column, j));
            let new_row = |j: usize| number(&old, j) + entry(0, j) - new_y(j);
            close("reduce_columns: y", isa, (m, n), &y, new_y);
            close("reduce_columns: row", isa, (m, n), &row, new_row);
            close("reduce_columns: w", isa, (m, n), &w, |i| {
                number(&start, i + 1) + (0..n).map(|j| entry(i + 1, j) * number(&row, j)).sum::<f64>()
            });

            let mut changed = data.clone();
            let (mut row, mut w) = (vec![T::from_f64(f64::NAN); n], start[1..].to_vec());
            let step = Step { x: &start, u: &old, rest: &x[1..], tau: T::from_f64(tau), row: &mut row, w: &mut w };
            isa.transform_columns(MatMut::new(&mut changed, m, n, 1, stride).unwrap(), step);
            let v = |i: usize| if i == 0 { 1.0 } else { number(&x, i) };
            let moved = |i: usize, j: usize| entry(i, j) - number(&start, i) * number(&old, j);
            let along = |j: usize| tau * (0..m).map(|i| moved(i, j) * v(i)).sum::<f64>();
            let new = |i: usize, j: usize| moved(i, j) - v(i) * along(j);
            close("transform_columns", isa, (m, n), &changed, |p| {
                let (i, j) = (p % stride, p / stride);
                if i < m { new(i, j) } else { number(&data, p) }
            });
            close("transform_columns: row", isa, (m, n), &row, |j| new(0, j));
            close("transform_columns: w", isa, (m, n), &w, |i| {
                number(&start, i + 1) + (0..n).map(|j| new(i + 1, j) * number(&row, j)).sum::<f64>()
            });
        }
    }

    #[test]
    fn every_instruction_set_follows_the_formulas() {
        for m in (1..20).chain([31, 32, 33, 40, 63, 64, 65, 100]) {
            for n in (1..10).chain([17]) {
                against_the_formulas::<f32>(m, n);
                against_the_formulas::<f64>(m, n);
            }
        }
    }

    #[test]
    fn a_column_has_the_same_bits_in_any_group() {
        let (m, n) = (77, 11);
        let (data, x) = (random::<f64>(m * n, 1), random::<f64>(m, 2));
        let a = MatRef::col_major(&data, m, n).unwrap();
        for isa in Isa::all() {
            let mut all = vec![0.0; n];
            isa.dot_columns(a, &x, &mut all);
            for first in 0..n {
                let mut some = vec![0.0; n - first];
                isa.dot_columns(a.submatrix(0, first, m, n), &x, &mut some);
                assert_eq!(some, all[first..], "{}", isa.name());
            }
        }
    }
}
