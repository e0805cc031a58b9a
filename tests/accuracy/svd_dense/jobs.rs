//! Same input, same bits: whichever vectors are asked for, in whatever memory.

use super::{Job, Layout, Setting, Svd, methods};
use crate::matrices::random;
use crate::measures::{Matrix, bounds, orthonormality};
use crate::{corpus, lapack};
use lowrank::Real;
use lowrank::svd::Vectors;

/// What scratch, outputs and padding are full of: NaN, bytes 0xFF, and numbers that could be taken for results.
pub fn fillings<T: Real>() -> [T; 4] {
    [f64::NAN, f64::from_bits(u64::MAX), 0.0, 1.0].map(T::from_f64)
}

/// Settings that meet every job with every filling, every layout of each matrix, and scratch of either length.
fn settings<T: Real>() -> impl Iterator<Item = Setting<T>> {
    let place = |i: usize| Layout::ALL[i % Layout::ALL.len()];
    Job::all().enumerate().flat_map(move |(i, job)| {
        fillings().into_iter().enumerate().map(move |(j, filling)| {
            let layouts = [place(i + j), place(i + 2 * j + 1), place(2 * i + j + 2)];
            Setting { job, layouts, filling, extra: if j % 2 == 0 { 0 } else { 17 } }
        })
    })
}

fn check<T: Real>(shapes: &[(usize, usize)], matrices: impl Fn(usize, usize) -> Vec<(&'static str, Matrix)>) {
    for &(m, n) in shapes {
        for (name, a) in matrices(m, n) {
            for method in methods::<T>() {
                let full = method.run(&a, &Setting::plain(Job::FULL)).unwrap();
                for setting in settings::<T>() {
                    let part: Svd = method.run(&a, &setting).unwrap();
                    assert!(part.is_part_of(&full), "{}, {name}, {m} x {n}: {setting:?}", method.name);
                }
            }
        }
    }
}

const EMPTY: [(usize, usize); 4] = [(0, 0), (0, 1), (1, 0), (3, 0)];
const SHAPES: [(usize, usize); 12] =
    [(1, 1), (1, 2), (2, 1), (2, 3), (3, 2), (3, 3), (7, 4), (4, 7), (10, 10), (9, 16), (16, 16), (20, 13)];

#[test]
fn every_job_has_the_bits_of_the_full_one_in_f64() {
    check::<f64>(&[&EMPTY[..], &SHAPES].concat(), |m, n| {
        [lapack::types::<f64>(m, n), corpus::all::<f64>(m, n)].concat()
    });
}

#[test]
fn every_job_has_the_bits_of_the_full_one_in_f32() {
    check::<f32>(&[&EMPTY[..], &SHAPES].concat(), |m, n| {
        [lapack::types::<f32>(m, n), corpus::all::<f32>(m, n)].concat()
    });
}

/// C is large for blocks that stay in a cache, the thin U is not.
#[test]
fn a_full_u_begins_with_the_thin_one() {
    let a = random(600, 150, 331);
    for method in methods::<f64>().into_iter().filter(|method| method.name == "golub_kahan" || method.name == "jacobi")
    {
        let full = method.run(&a, &Setting::plain(Job::FULL)).unwrap();
        let thin = method.run(&a, &Setting::plain(Job::THIN)).unwrap();
        assert!(thin.is_part_of(&full), "{}", method.name);
    }
}

/// Sizes at which a method may change its way.
#[test]
fn every_job_of_larger_matrices_has_the_bits_of_the_full_one() {
    let some = |all: Vec<(&'static str, Matrix)>| {
        all.into_iter()
            .filter(|(name, _)| ["clustered", "random", "ones", "half the rank"].contains(name))
            .collect::<Vec<_>>()
    };
    let shapes = [(40, 33), (33, 40), (90, 17), (17, 90)];
    check::<f64>(&shapes, |m, n| some([lapack::types::<f64>(m, n), corpus::structured::<f64>(m, n)].concat()));
    check::<f32>(&shapes, |m, n| some([lapack::types::<f32>(m, n), corpus::structured::<f32>(m, n)].concat()));
}

/// So tall that `golub_kahan` cuts the rows into blocks: three of 376, and a rest of 5.
#[test]
fn every_job_of_a_tall_matrix_has_the_bits_of_the_full_one() {
    let methods = methods::<f64>();
    let method = methods.iter().find(|method| method.name == "golub_kahan").unwrap();
    for a in [random(1133, 90, 321), random(90, 1133, 322)] {
        method.verify(&a, Job::THIN, None, "tall");
        let full = method.run(&a, &Setting::plain(Job::FULL)).unwrap();
        let q = if a.rows > a.cols { &full.u } else { &full.v };
        assert!(orthonormality::<f64>(q.as_ref().unwrap()) < bounds::ORTHONORMALITY);
        for setting in settings::<f64>().step_by(3) {
            assert!(method.run(&a, &setting).unwrap().is_part_of(&full), "{setting:?}");
        }
    }
}

/// As tall for `svd`, whose short side lies in lanes. Of the full U, too large to be checked as a whole, some columns are.
#[test]
fn every_job_of_a_tall_matrix_of_few_columns_has_the_bits_of_the_full_one() {
    let methods = methods::<f64>();
    let method = methods.iter().find(|method| method.name == "svd").unwrap();
    for (m, n) in [(3100, 3), (3100, 6), (6, 3100), (3100, 16)] {
        let a = random(m, n, 323);
        method.verify(&a, Job::THIN, None, "tall");
        let thin = method.run(&a, &Setting::plain(Job::THIN)).unwrap();
        for setting in settings::<f64>().filter(|setting| setting.job.vectors == Vectors::Thin).step_by(3) {
            assert!(method.run(&a, &setting).unwrap().is_part_of(&thin), "{m} x {n}: {setting:?}");
        }
    }
    let a = random(3100, 3, 324);
    let full = method.run(&a, &Setting::plain(Job::FULL)).unwrap();
    assert!(method.run(&a, &Setting::plain(Job::THIN)).unwrap().is_part_of(&full));
    let u = full.u.unwrap();
    let some = Matrix::new(3100, 43, |i, j| u.at(i, if j < 3 { j } else { 3 + (j - 3) * 79 }));
    assert!(orthonormality::<f64>(&some) < bounds::ORTHONORMALITY);
}

#[test]
fn values_alone_need_no_more_scratch() {
    for method in methods::<f32>() {
        for (m, n) in [(0, 0), (1, 1), (2, 9), (9, 2), (40, 40), (1000, 30), (300, 700)] {
            assert!((method.values_scratch_len)(m, n) <= (method.scratch_len)(m, n), "{}, {m} x {n}", method.name);
        }
    }
}
