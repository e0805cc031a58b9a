//! One-sided Jacobi of a 3 x 3 matrix in the registers of a processor without vectors.
//!
//! The rotations are those of `columns`, of columns of X and of W, which together are 18 numbers. A matrix that needs scaling, or
//! has a column whose square loses digits, is left to `columns`.

use super::columns::{Turn, least, ordinary, turn};
use super::lanes::{Lanewise, MAX_SWEEPS};
use crate::error::Error;
use crate::kernel::Found;
use crate::real::Real;
use crate::svd::jacobi::finished;
use crate::svd::two::sign;
use crate::svd::{Info, write_values};

/// A column of X, one of W, and the square of the norm of the first.
#[derive(Clone, Copy)]
struct Column<T> {
    x: [T; 3],
    w: [T; 3],
    square: T,
}

impl<T: Real> Column<T> {
    #[inline(always)]
    fn new(x: [T; 3], w: [T; 3]) -> Self {
        Column { x, w, square: dot(x, x) }
    }
}

/// As [`Lanewise::decompose`]; also nothing if the matrix is of another shape, or is left to `columns`.
pub(super) fn decompose<T: Real>(job: &mut Lanewise<'_, '_, T>) -> Result<Option<(Info, usize)>, Error> {
    let Lanewise { a, s, left, right, left_rules, options, .. } = job;
    if a.shape() != (3, 3) {
        return Ok(None);
    }
    let (zero, one) = (T::ZERO, T::ONE);
    let column = |j, w| Column::new([a.at(0, j), a.at(1, j), a.at(2, j)], w);
    let (mut p, mut q, mut r) =
        (column(0, [one, zero, zero]), column(1, [zero, one, zero]), column(2, [zero, zero, one]));
    if !ordinary(p.square + q.square + r.square) || p.square.min(q.square).min(r.square) < least() {
        return Ok(None);
    }
    let tolerance = T::EPSILON * T::EPSILON * T::from_usize(3);
    let bound = options.max_sweeps.min(MAX_SWEEPS);
    let mut sweeps = 0;
    loop {
        if sweeps == bound {
            return Ok(None);
        }
        sweeps += 1;
        let mut found = Found::NOTHING;
        rotate(&mut p, &mut q, tolerance, &mut found);
        rotate(&mut p, &mut r, tolerance, &mut found);
        rotate(&mut q, &mut r, tolerance, &mut found);
        if finished(3, found) {
            break;
        }
    }
    [p, q, r] = [p, q, r].map(|Column { x, w, .. }| Column::new(x, w));
    order(&mut p, &mut q);
    order(&mut p, &mut r);
    order(&mut q, &mut r);
    if r.square < least() {
        return Ok(None);
    }
    let columns = [p, q, r];
    let norms = columns.map(|column| column.square.sqrt());
    write_values(&norms, 0, T::from_f64(options.threshold), s)?;
    let mut nonzero = 0;
    for s in s.iter() {
        nonzero += usize::from(*s > zero);
    }
    for (j, (Column { x, w, .. }, norm)) in columns.iter().zip(norms).enumerate() {
        let sign = sign(if *left_rules { *x } else { *w });
        if let Some(left) = left {
            left.put_column(j, x, sign / norm);
        }
        if let Some(right) = right {
            right.put_column(j, w, sign);
        }
    }
    Ok(Some((Info { converged: true, sweeps, nonzero, exponent: 0 }, 3)))
}

#[inline(always)]
fn dot<T: Real>([x, y, z]: [T; 3], [u, v, w]: [T; 3]) -> T {
    x * u + y * v + z * w
}

/// The longer column first.
#[inline(always)]
fn order<T: Real>(p: &mut Column<T>, q: &mut Column<T>) {
    if p.square < q.square {
        core::mem::swap(p, q);
    }
}

/// Makes two columns orthogonal, the longer one first.
#[inline(always)]
fn rotate<T: Real>(p: &mut Column<T>, q: &mut Column<T>, tolerance: T, found: &mut Found<T>) {
    order(p, q);
    let Some(turn) = turn([p.square, q.square], dot(p.x, q.x), tolerance, found) else { return };
    let Turn { half, sine, longer, shorter } = turn;
    for i in 0..3 {
        [p.x[i], q.x[i]] = shear([p.x[i], q.x[i]], half, sine);
        [p.w[i], q.w[i]] = shear([p.w[i], q.w[i]], half, sine);
    }
    p.square = longer;
    q.square = shorter.unwrap_or_else(|| dot(q.x, q.x));
}

#[inline(always)]
fn shear<T: Real>([x, y]: [T; 2], half: T, sine: T) -> [T; 2] {
    let x = x + half * y;
    let y = y - sine * x;
    [x + half * y, y]
}

#[cfg(test)]
mod tests {
    use super::super::{Source, columns};
    use super::*;
    use crate::random::Uniform;
    use crate::svd::Options;
    use crate::view::{MatMut, MatRef};

    /// Values, U and V, row after row, or nothing.
    type Factors<T> = Option<[[T; 9]; 3]>;

    fn decomposed<T: Real>(
        a: &[T; 9],
        by: impl FnOnce(&mut Lanewise<'_, '_, T>) -> Result<Option<(Info, usize)>, Error>,
    ) -> Factors<T> {
        let [mut s, mut u, mut v] = [[T::ZERO; 9]; 3];
        let view = |x| MatMut::row_major(x, 3, 3).unwrap();
        let mut job = Lanewise {
            a: MatRef::row_major(a, 3, 3).unwrap(),
            source: Source::Matrix,
            s: &mut s[..3],
            left: Some(view(&mut u)),
            right: Some(view(&mut v)),
            left_rules: false,
            options: &Options::new(),
        };
        let done = by(&mut job).unwrap().is_some();
        done.then_some([s, u, v])
    }

    /// Against the same method for any shape, and against what defines the factors.
    fn check<T: Real>(a: [T; 9]) {
        let [s, u, v] = decomposed(&a, decompose).unwrap_or_else(|| panic!("left: {a:?}"));
        let [other, ..] = decomposed(&a, |job| columns::decompose(job, &mut [T::ZERO; 64])).unwrap();
        let allowed = T::from_f64(16.0) * T::EPSILON;
        let column = |x: &[T; 9], j: usize| [x[j], x[3 + j], x[6 + j]];
        for i in 0..3 {
            assert!((s[i] - other[i]).abs() <= allowed * s[0] && (i == 0 || s[i] <= s[i - 1]), "{a:?}: {s:?}");
            assert!(sign(column(&v, i)) == T::ONE, "{a:?}: {v:?}");
            for j in 0..3 {
                let one = if i == j { T::ONE } else { T::ZERO };
                for x in [&u, &v] {
                    assert!((dot(column(x, i), column(x, j)) - one).abs() <= allowed, "{a:?}: {x:?}");
                }
                let entry = (0..3).fold(T::ZERO, |sum, l| sum + u[3 * i + l] * s[l] * v[3 * j + l]);
                assert!((entry - a[3 * i + j]).abs() <= allowed * s[0], "{a:?}");
            }
        }
    }

    fn ordinary_matrices<T: Real>() {
        let mut uniform = Uniform::new(3);
        for round in 0..3000 {
            let mut a = [(); 9].map(|()| uniform.symmetric::<T>().scale(round % 13 - 6));
            match round % 4 {
                // Nearly dependent, nearly orthogonal, and with entries that are equal.
                0 => (0..3).for_each(|i| a[3 * i + 1] = a[3 * i] + a[3 * i + 1].scale(-9)),
                1 => (0..3).for_each(|i| a[4 * i] = T::pow2(round % 13)),
                2 => a = a.map(|x| T::from_i32((x.scale(2)).to_i32() + 2)),
                _ => {}
            }
            // Integers may be dependent.
            if round % 4 != 2 || decomposed(&a, decompose).is_some() {
                check(a);
            }
        }
        let (zero, one) = (T::ZERO, T::ONE);
        check([zero, one, zero, zero, zero, -one, one, zero, zero]);
    }

    #[test]
    fn ordinary_matrices_are_decomposed() {
        ordinary_matrices::<f64>();
        ordinary_matrices::<f32>();
    }

    #[test]
    fn others_are_left() {
        let number = |x: f32| {
            let mut a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0];
            a[4] = x;
            a
        };
        for a in [number(f32::NAN), number(f32::INFINITY), number(1e30), [0.0; 9], number(5.0).map(|x| x * 1e-20)] {
            assert!(decomposed(&a, decompose).is_none(), "{a:?}");
        }
        // A column without a direction.
        assert!(decomposed(&[1.0f64, 0.0, 2.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0], decompose).is_none());
    }
}
