//! Matrices whose singular values are known, from closed forms and from the literature.

use super::{Grading, Job, Method, Setting, methods};
use crate::matrices::{hadamard, random};
use crate::measures::{Matrix, bounds};
use crate::oracle::{Exact, singular_values};
use lowrank::Real;
use std::f64::consts::PI;

/// Name, matrix with entries that are exact in f32, singular values in any order, and about the condition of B in
/// `A = B D` (wide: `D B`) unless it is large.
fn closed_forms() -> Vec<(&'static str, Matrix, Vec<f64>, Option<f64>)> {
    let of = |count: usize, value: &dyn Fn(f64) -> f64| (1..=count).map(|k| value(k as f64)).collect::<Vec<_>>();
    let band = |lower: f64, diagonal: f64, upper: f64| {
        move |i: usize, j: usize| match j as isize - i as isize {
            -1 => lower,
            0 => diagonal,
            1 => upper,
            _ => 0.0,
        }
    };
    vec![
        ("hadamard", Matrix::new(16, 16, hadamard), vec![4.0; 16], Some(1.0)),
        (
            "hadamard with scaled columns",
            Matrix::new(16, 16, |i, j| hadamard(i, j) * 2f64.powi(-4 * ((7 * j as i32) % 16))),
            of(16, &|k| 4.0 * 2f64.powf(-4.0 * (k - 1.0))),
            Some(1.0),
        ),
        // Toeplitz and nearly Toeplitz bands: Yueh, Applied Mathematics E-Notes 5, 2005.
        (
            "bidiagonal of ones",
            Matrix::new(40, 40, band(0.0, 1.0, 1.0)),
            of(40, &|k| 2.0 * (k * PI / 81.0).cos()),
            Some(52.0),
        ),
        (
            "triangle of ones",
            Matrix::new(40, 40, |i, j| f64::from(u8::from(i <= j))),
            of(40, &|k| 0.5 / ((2.0 * k - 1.0) * PI / 162.0).sin()),
            Some(52.0),
        ),
        (
            "first difference",
            Matrix::new(31, 30, band(-1.0, 1.0, 0.0)),
            of(30, &|k| 2.0 * (k * PI / 62.0).sin()),
            Some(20.0),
        ),
        (
            "second difference",
            Matrix::new(30, 30, band(-1.0, 2.0, -1.0)),
            of(30, &|k| 4.0 * (k * PI / 62.0).sin().powi(2)),
            Some(390.0),
        ),
        (
            "tridiagonal",
            Matrix::new(25, 25, band(1.0, 3.0, 1.0)),
            of(25, &|k| 3.0 + 2.0 * (k * PI / 26.0).cos()),
            Some(5.0),
        ),
        // The values of a circulant are the magnitudes of the Fourier transform of its first row.
        (
            "circulant of 1, ..., 9",
            Matrix::new(9, 9, |i, j| ((9 + j - i) % 9 + 1) as f64),
            of(9, &|k| if k == 9.0 { 45.0 } else { 4.5 / (k * PI / 9.0).sin() }),
            Some(10.0),
        ),
        (
            "periodic second difference",
            Matrix::new(12, 12, |i, j| [2.0, -1.0, 0.0][i.abs_diff(j).min(12 - i.abs_diff(j)).min(2)]),
            of(12, &|k| 4.0 * ((k - 1.0) * PI / 12.0).sin().powi(2)),
            None,
        ),
        (
            "ones but for the diagonal",
            Matrix::new(7, 7, |i, j| if i == j { -2.0 } else { 1.0 }),
            of(7, &|k| if k == 1.0 { 4.0 } else { 3.0 }),
            Some(4.0 / 3.0),
        ),
        (
            "outer product",
            Matrix::new(5, 7, |i, j| ((i + 1) * (j + 1)) as f64),
            vec![(55.0f64 * 140.0).sqrt(), 0.0, 0.0, 0.0, 0.0],
            None,
        ),
        // Lauchli, Numer. Math. 3, 1961.
        (
            "lauchli",
            Matrix::new(5, 4, |i, j| if i == 0 { 1.0 } else { 2f64.powi(-10) * f64::from(u8::from(i == j + 1)) }),
            of(4, &|k| if k == 1.0 { (4.0 + 2f64.powi(-20)).sqrt() } else { 2f64.powi(-10) }),
            None,
        ),
        (
            "magic square",
            table(4, &[16, 2, 3, 13, 5, 11, 10, 8, 9, 7, 6, 12, 4, 14, 15, 1]),
            vec![34.0, 320f64.sqrt(), 20f64.sqrt(), 0.0],
            None,
        ),
        // The first two examples of Golub & Reinsch, Numer. Math. 14, 1970.
        (
            "golub and reinsch, of rank 3",
            table(
                5,
                &[
                    22, 10, 2, 3, 7, 14, 7, 10, 0, 8, -1, 13, -1, -11, 3, -3, -2, 13, -2, 4, 9, 8, 1, -2, 4, 9, 1, -7,
                    5, -1, 2, -6, 6, 5, 1, 4, 5, 0, -2, 2,
                ],
            ),
            vec![1248f64.sqrt(), 20.0, 384f64.sqrt(), 0.0, 0.0],
            None,
        ),
        (
            "golub and reinsch, 20 x 21",
            Matrix::new(20, 21, |i, j| if i == j { 20.0 - i as f64 } else { -f64::from(u8::from(i < j)) }),
            of(20, &|k| (k * (k + 1.0)).sqrt()),
            Some(1.0),
        ),
    ]
}

fn table(cols: usize, entries: &[i32]) -> Matrix {
    Matrix { rows: entries.len() / cols, cols, data: entries.iter().map(|x| f64::from(*x)).collect() }
}

fn values<T: Real>(method: &Method<T>, a: &Matrix) -> Vec<f64> {
    method.run(a, &Setting::plain(Job::VALUES)).unwrap().s
}

#[test]
fn closed_forms_are_met() {
    fn check<T: Real>(name: &str, a: &Matrix, exact: &Exact, cond: Option<f64>) {
        assert_eq!(a.rounded::<T>().data, a.data, "{name} is not exact");
        for method in methods::<T>() {
            let s = values(&method, a);
            let error = exact.absolute_error::<T>(&s);
            assert!(error < bounds::VALUES, "{}, {name}: values off by {error} s_1 sqrt(k) eps", method.name);
            let error = exact.relative_error::<T>(&s);
            if let Some(cond) = cond.filter(|_| method.relative.contains(&Grading::Shorter)) {
                assert!(error < bounds::RELATIVE * cond, "{}, {name}: values off by {error} eps", method.name);
            }
        }
    }
    for (name, a, values, cond) in closed_forms() {
        let exact = Exact::known(values);
        check::<f64>(name, &a, &exact, cond);
        check::<f32>(name, &a, &exact, cond);
        // The transpose has the columns of A for its rows.
        check::<f64>(name, &a.t(), &exact, None);
        check::<f32>(name, &a.t(), &exact, None);
        // The oracle does not know either; the closed form has been evaluated in f64.
        let oracle: Vec<f64> = singular_values(&a).values().iter().map(|s| s.hi).collect();
        assert!(exact.absolute_error::<f64>(&oracle) < 1.0, "{name}: the oracle says {oracle:?}");
    }
}

/// Printed examples: a common one of seven variables, and that of the NAG library for LAPACK's `dgesvd`.
#[test]
fn published_examples() {
    #[rustfmt::skip]
    let examples = [
        (5, vec![
            1.3, 1.8, 4.8, 7.1, 5.0, 5.2, 8.0,
            1.5, 6.9, 3.9, -5.5, -8.5, -3.9, -5.5,
            6.5, 1.6, 8.2, -7.2, -8.7, -7.9, -5.2,
            3.8, 8.3, 4.7, 6.4, 7.5, 3.2, 7.4,
            -7.3, -1.8, -2.1, 2.7, 6.8, 4.8, 6.2,
        ], vec![28.4480211, 16.96105118, 6.75969418, 5.16119986, 3.28045566], 1e-8),
        (6, vec![
            2.27, -1.54, 1.15, -1.94,
            0.28, -1.67, 0.94, -0.78,
            -0.48, -3.09, 0.99, -0.21,
            1.07, 1.22, 0.79, 0.63,
            -2.35, 2.93, -1.45, 2.30,
            0.62, -7.39, 1.03, -2.57,
        ], vec![9.9966, 3.6831, 1.3569, 0.5000], 5e-5),
    ];
    for (rows, data, expected, digits) in examples {
        let a = Matrix { rows, cols: data.len() / rows, data };
        for method in methods::<f64>() {
            let s = values(&method, &a);
            assert!(s.iter().zip(&expected).all(|(s, e)| (s - e).abs() < digits), "{}: {s:?}", method.name);
        }
    }
}

/// nalgebra 0.33 fails on 231 of these.
#[test]
fn ones_have_one_value_in_every_shape() {
    fn check<T: Real>(m: usize, n: usize) {
        let mut expected = vec![0.0; m.min(n)];
        expected[0] = ((m * n) as f64).sqrt();
        let exact = Exact::known(expected);
        for method in methods::<T>() {
            method.verify(&Matrix::new(m, n, |_, _| 1.0), Job::FULL, Some(&exact), "ones");
        }
    }
    for m in 1..=30 {
        for n in 1..=30 {
            check::<f64>(m, n);
            check::<f32>(m, n);
        }
    }
}

#[test]
fn large_matrices_of_low_rank() {
    fn check<T: Real>(m: usize, n: usize) {
        let of_rank_three = random(m, 3, 341).times(&random(3, n, 342));
        let mut expected = vec![0.0; m.min(n)];
        expected[0] = ((m * n) as f64).sqrt();
        let exact = Exact::known(expected);
        for method in methods::<T>() {
            method.verify(&Matrix::new(m, n, |_, _| 1.0), Job::THIN, Some(&exact), "ones");
            method.verify(&of_rank_three, Job::THIN, None, "rank three");
        }
    }
    check::<f64>(500, 500);
    check::<f32>(120, 400);
}
