//! Relative accuracy of every singular value where rows or columns differ in scale, by methods that promise it.

use super::{Grading, Job, Setting, methods};
use crate::matrices::with_values;
use crate::measures::{Matrix, bounds};
use crate::oracle::singular_values;
use lowrank::Real;

type Order = fn(usize) -> usize;

/// Orders of the scaling factors.
const ORDERS: [(&str, Order); 3] = [("down", |j| j), ("up", |j| 19 - j), ("shuffled", |j| (7 * j + 3) % 20)];

/// The condition of B.
const COND: f64 = 3.0;

/// Factors `step^0, ..., step^19` times the columns or rows of B, against the oracle.
fn graded<T: Real>(step: f64) {
    let cases =
        [(20, 20, Grading::Shorter), (30, 20, Grading::Shorter), (20, 30, Grading::Shorter), (20, 20, Grading::Rows)];
    for (m, n, grading) in cases {
        let even: Vec<f64> = (0..20).map(|i| 1.0 + (COND - 1.0) * f64::from(i) / 19.0).collect();
        let b = with_values(m, n, &even, 351);
        let by_rows = grading == Grading::Rows || m < n;
        for (order, place) in ORDERS {
            let factor = |i: usize, j: usize| step.powi(place(if by_rows { i } else { j }) as i32);
            let a = Matrix::new(m, n, |i, j| b.at(i, j) * factor(i, j)).rounded::<T>();
            // The oracle is accurate for graded columns.
            let exact = singular_values(&if by_rows { a.t() } else { a.clone() });
            for method in methods::<T>() {
                let context = format!("{grading:?} graded {order}");
                method.verify(&a, Job::THIN, Some(&exact), &context);
                let s = method.run(&a, &Setting::plain(Job::VALUES)).unwrap().s;
                let error = exact.relative_error::<T>(&s);
                let promised = method.relative.contains(&grading);
                assert!(
                    !promised || error < bounds::RELATIVE * COND,
                    "{}, {context}, {m} x {n}: {error}: {s:?}",
                    method.name
                );
            }
        }
    }
}

/// The values span 38 orders of magnitude.
#[test]
fn every_value_of_a_graded_matrix_in_f64() {
    graded::<f64>(1e-2);
}

/// The values span 19 orders of magnitude.
#[test]
fn every_value_of_a_graded_matrix_in_f32() {
    graded::<f32>(1e-1);
}
