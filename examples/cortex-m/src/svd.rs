//! Singular value decompositions `A = U diag(s) V^T`.

use core::hint::black_box;

use lowrank::svd::{self, Info, Options};
use lowrank::{Error, MatMut, MatRef, Real};

use crate::reference::{READINGS, SINGULAR_VALUES};
use crate::report::{Report, largest};

const M: usize = 6;
const N: usize = 4;

/// The largest of the matrices of every shape.
const MOST: usize = 16;

/// What the methods need: for two of them here, together.
const SCRATCH: usize = {
    let jacobi = svd::jacobi_unblocked_scratch_len(M, N);
    let golub_kahan = svd::golub_kahan_scratch_len(M, N);
    if jacobi > golub_kahan { jacobi } else { golub_kahan }
};

pub struct Memory<T> {
    a: [T; M * N],
    s: [T; N],
    u: [T; M * N],
    v: [T; N * N],
    scratch: [T; SCRATCH],
}

impl<T: Copy> Memory<T> {
    pub const fn new(zero: T) -> Self {
        Memory { a: [zero; M * N], s: [zero; N], u: [zero; M * N], v: [zero; N * N], scratch: [zero; SCRATCH] }
    }
}

/// Two methods on the readings of a sensor.
pub fn readings<T: Real>(memory: &mut Memory<T>, report: &mut Report) -> Result<(), Error> {
    let Memory { a, s, u, v, scratch } = memory;
    // The compiler must not know the readings, or it may compute in advance.
    a.iter_mut().zip(black_box(&READINGS)).for_each(|(a, x)| *a = T::from_f64(*x));
    let a = MatRef::row_major(a, M, N)?;

    report.say(format_args!("jacobi_unblocked, {M} x {N}"));
    let (left, right) = (MatMut::row_major(u, M, N)?, MatMut::row_major(v, N, N)?);
    let info = svd::jacobi_unblocked(a, s, Some(left), Some(right), &Options::new(), scratch)?;
    check(a, s, u, v, info, report);

    report.say(format_args!("golub_kahan, {M} x {N}"));
    let (left, right) = (MatMut::row_major(u, M, N)?, MatMut::row_major(v, N, N)?);
    let info = svd::golub_kahan(a, s, Some(left), Some(right), &Options::new(), scratch)?;
    check(a, s, u, v, info, report);
    Ok(())
}

/// The values against numpy's, and all factors against what defines them. In `f64`, so that the rounding of the checks is
/// none that counts in `f32`.
fn check<T: Real>(a: MatRef<'_, T>, s: &[T], u: &[T], v: &[T], info: Info, report: &mut Report) {
    let eps = T::EPSILON.to_f64();
    let errors = s.iter().zip(SINGULAR_VALUES).map(|(s, expected)| (s.to_f64() - expected).abs() / expected);
    report.require("converged", info.converged);
    report.check("singular values, relative error", largest(errors), 8.0 * eps);
    let bound = 30.0 * M.max(N) as f64 * eps;
    report.check("largest |A - U S V^T|", residual(a, s, u, v), bound * SINGULAR_VALUES[0]);
    report.check("largest |U^T U - I|", orthonormality(u, N), bound);
    report.check("largest |V^T V - I|", orthonormality(v, N), bound);
}

pub struct Shapes<T> {
    a: [T; MOST * MOST],
    s: [T; MOST],
    u: [T; MOST * MOST],
    v: [T; MOST * MOST],
    scratch: [T; svd::svd_scratch_len(MOST, MOST)],
}

impl<T: Copy> Shapes<T> {
    pub const fn new(zero: T) -> Self {
        let (square, vector) = ([zero; MOST * MOST], [zero; MOST]);
        Shapes { a: square, s: vector, u: square, v: square, scratch: [zero; svd::svd_scratch_len(MOST, MOST)] }
    }
}

/// [`svd::svd`] of matrices of every shape up to 16 x 16, whatever the method.
pub fn shapes<T: Real>(memory: &mut Shapes<T>, report: &mut Report) -> Result<(), Error> {
    report.say(format_args!("svd, every shape up to {MOST} x {MOST}"));
    let Shapes { a, s, u, v, scratch } = memory;
    let (mut seed, mut converged, mut worst) = (1u32, true, [0.0f64; 3]);
    for (m, n) in (1..=MOST).flat_map(|m| (1..=MOST).map(move |n| (m, n))) {
        let k = m.min(n);
        for x in &mut a[..m * n] {
            // A linear congruential generator, of whose bits the upper ones are good.
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *x = T::from_f64(f64::from(seed >> 8) / f64::from(1 << 23) - 1.0);
        }
        let (s, u, v) = (&mut s[..k], &mut u[..m * k], &mut v[..n * k]);
        let a = MatRef::row_major(a, m, n)?;
        let (left, right) = (MatMut::row_major(u, m, k)?, MatMut::row_major(v, n, k)?);
        converged &= svd::svd(a, s, Some(left), Some(right), &Options::new(), scratch)?.converged;
        converged &= s.is_sorted_by(|x, y| *x >= *y);
        let size = m.max(n) as f64 * T::EPSILON.to_f64();
        let errors = [residual(a, s, u, v) / s[0].to_f64(), orthonormality(u, k), orthonormality(v, k)];
        for (worst, error) in worst.iter_mut().zip(errors) {
            *worst = largest([*worst, error / size].into_iter());
        }
    }
    report.require("converged, in order", converged);
    report.check("largest |A - U S V^T| / (s_1 max(m, n) eps)", worst[0], 30.0);
    report.check("largest |U^T U - I| / (max(m, n) eps)", worst[1], 30.0);
    report.check("largest |V^T V - I| / (max(m, n) eps)", worst[2], 30.0);
    Ok(())
}

/// The largest entry of `|A - U S V^T|`.
fn residual<T: Real>(a: MatRef<'_, T>, s: &[T], u: &[T], v: &[T]) -> f64 {
    let ((m, n), k) = (a.shape(), s.len());
    largest((0..m * n).map(|at| {
        let (i, j) = (at / n, at % n);
        let term = |l: usize| u[i * k + l].to_f64() * s[l].to_f64() * v[j * k + l].to_f64();
        (a.get(i, j).map_or(f64::NAN, T::to_f64) - (0..k).map(term).sum::<f64>()).abs()
    }))
}

/// The largest entry of `|Q^T Q - I|` for a row-major Q with `k` columns.
fn orthonormality<T: Real>(q: &[T], k: usize) -> f64 {
    largest((0..k * k).map(|at| {
        let (i, j) = (at / k, at % k);
        let dot: f64 = q.chunks_exact(k).map(|row| row[i].to_f64() * row[j].to_f64()).sum();
        (dot - if i == j { 1.0 } else { 0.0 }).abs()
    }))
}
