//! LAPACK's ratios, and the distance of the values from those of the oracle, over all matrix types and shapes.

use super::{Job, Method, Setting};
use crate::measures::{Matrix, bounds, squares};
use crate::oracle::singular_values;
use crate::{corpus, lapack};
use lowrank::Real;

/// Shapes beyond LAPACK's: both orientations, slender ones, and sizes on either side of a power of two.
const SHAPES: [(usize, usize); 12] =
    [(1, 7), (2, 2), (2, 3), (3, 2), (4, 4), (5, 9), (9, 5), (8, 8), (17, 15), (1, 33), (33, 2), (64, 9)];

/// The methods, and those that multiply most with every other backend.
fn methods<T: Real>() -> Vec<Method<T>> {
    #[allow(unused_mut, reason = "with other backends there are more")]
    let mut methods = Vec::from(super::methods::<T>());
    #[cfg(any(feature = "matrixmultiply", feature = "openblas"))]
    for execution in crate::backends::others() {
        let multiplies = |method: &Method<T>| ["golub_kahan", "jacobi"].contains(&method.name);
        methods.extend(super::methods::<T>().into_iter().filter(multiplies).map(|mut method| {
            method.options = method.options.execution(execution);
            method
        }));
    }
    methods
}

fn all<T: Real>(m: usize, n: usize) -> Vec<(&'static str, Matrix)> {
    [lapack::types::<T>(m, n), corpus::all::<T>(m, n)].concat()
}

/// Verifies every matrix of small shapes; hardly any ratio may exceed what is usual.
fn small<T: Real>() {
    let methods = methods::<T>();
    let mut unusual = vec![0; methods.len()];
    let mut count = 0;
    for (m, n) in lapack::SHAPES.into_iter().chain(SHAPES) {
        for (name, a) in all::<T>(m, n) {
            // Small ratios imply small errors of the values; the oracle, slow for large matrices, makes sure.
            let exact = (m.min(n) <= 40).then(|| singular_values(&a.rounded::<T>()));
            for (method, unusual) in methods.iter().zip(&mut unusual) {
                *unusual += usize::from(method.verify(&a, Job::FULL, exact.as_ref(), name) > bounds::USUAL);
            }
            count += 1;
        }
    }
    for (method, unusual) in methods.iter().zip(unusual) {
        assert!(50 * unusual <= count, "{}: {unusual} of {count} matrices above {}", method.name, bounds::USUAL);
    }
}

#[test]
fn every_matrix_of_every_small_shape_in_f64() {
    small::<f64>();
}

#[test]
fn every_matrix_of_every_small_shape_in_f32() {
    small::<f32>();
}

/// No oracle is needed to see values that are all a little too large.
fn sums_of_squares<T: Real>() {
    for (m, n) in [(16, 10), (40, 40), (40, 300), (150, 150)] {
        for (name, a) in lapack::types::<T>(m, n) {
            let a = a.rounded::<T>();
            for method in methods::<T>() {
                let s = method.run(&a, &Setting::plain(Job::VALUES)).unwrap().s;
                let error = squares::<T>(&a, &s);
                assert!(error < bounds::SQUARES, "{}, {name}, {m} x {n}: {error}", method.name);
            }
        }
    }
}

#[test]
fn squares_of_the_values_sum_to_those_of_the_entries_in_f64() {
    sums_of_squares::<f64>();
}

#[test]
fn squares_of_the_values_sum_to_those_of_the_entries_in_f32() {
    sums_of_squares::<f32>();
}

fn large<T: Real>() {
    let slender = [(300, 40), (40, 300)].into_iter().flat_map(|(m, n)| all::<T>(m, n));
    for (name, a) in slender.chain(lapack::types::<T>(150, 150)) {
        for method in methods::<T>() {
            method.verify(&a, Job::THIN, None, name);
        }
    }
}

#[test]
fn matrices_of_hundreds_of_rows_or_columns_in_f64() {
    large::<f64>();
}

#[test]
fn matrices_of_hundreds_of_rows_or_columns_in_f32() {
    large::<f32>();
}
