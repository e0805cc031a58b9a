//! Random matrices made to be difficult, in random shapes, layouts and jobs.

use super::jobs::fillings;
use super::{Job, Layout, Setting, methods};
use crate::matrices::random;
use crate::measures::{Matrix, tiny};
use crate::oracle::singular_values;
use lowrank::Real;
use proptest::prelude::*;
use proptest::sample::select;

/// Zeros, small integers, powers of two and ten over the whole range, neighbours of one, subnormals.
fn entry<T: Real>() -> impl Strategy<Value = f64> {
    let largest = T::MAX_EXPONENT - 5;
    let decades = f64::from(largest) * 2f64.log10();
    let magnitude = prop_oneof![
        3 => Just(0.0),
        2 => (1..4).prop_map(f64::from),
        2 => 0.0..1.0,
        2 => (T::MIN_EXPONENT..largest).prop_map(|e| T::pow2(e).to_f64()),
        2 => (-decades..decades).prop_map(|e| 10f64.powf(e)),
        1 => (-3..3).prop_map(|i| 1.0 + f64::from(i) * T::EPSILON.to_f64()),
        1 => (1..9).prop_map(|i| f64::from(i) * tiny::<T>()),
    ];
    (magnitude, any::<bool>()).prop_map(|(x, negative)| if negative { -x } else { x })
}

/// Entries from a palette of a few numbers, so that they repeat.
fn from_palette<T: Real>() -> impl Strategy<Value = Matrix> {
    let palette = prop::collection::vec(entry::<T>(), 1..8);
    (0usize..9, 0usize..9, palette, prop::collection::vec(any::<prop::sample::Index>(), 64))
        .prop_map(|(m, n, palette, indices)| Matrix::new(m, n, |i, j| *indices[8 * i + j].get(&palette)))
}

/// `D_1 B D_2` with powers of two, each from the whole range.
fn scaled_both_ways<T: Real>() -> impl Strategy<Value = Matrix> {
    let exponents = || prop::collection::vec(T::MIN_EXPONENT / 2..T::MAX_EXPONENT / 2 - 5, 8);
    (1usize..9, 1usize..9, exponents(), exponents(), any::<u64>()).prop_map(|(m, n, rows, cols, seed)| {
        let b = random(m, n, seed);
        Matrix::new(m, n, |i, j| b.at(i, j) * T::pow2(rows[i]).to_f64() * T::pow2(cols[j]).to_f64())
    })
}

/// Ranks from zero up, with zero and repeated columns in any place.
fn of_any_rank() -> impl Strategy<Value = Matrix> {
    (1usize..9, 1usize..9, 0usize..5, any::<u64>()).prop_map(|(m, n, rank, seed)| {
        let (x, y) = (random(m, rank, seed), random(rank, n, seed ^ 1));
        Matrix::new(m, n, |i, j| {
            let j = if seed >> j & 1 == 1 { 0 } else { j };
            if seed >> (j + 9) & 3 == 0 { 0.0 } else { (0..rank).map(|p| x.at(i, p) * y.at(p, j)).sum() }
        })
    })
}

/// Any bit patterns that are finite numbers, and no value beyond the range.
fn of_any_bits() -> impl Strategy<Value = Matrix> {
    (1usize..6, 1usize..6, prop::collection::vec(any::<u64>(), 25)).prop_map(|(m, n, bits)| {
        let entry = |i: usize| Some(f64::from_bits(bits[i])).filter(|x| x.abs() < f64::MAX / 32.0).unwrap_or(1.0);
        Matrix::new(m, n, |i, j| entry(5 * i + j))
    })
}

fn of_any_single_bits() -> impl Strategy<Value = Matrix> {
    (1usize..6, 1usize..6, prop::collection::vec(any::<u32>(), 25)).prop_map(|(m, n, bits)| {
        let entry = |i: usize| Some(f32::from_bits(bits[i])).filter(|x| x.abs() < f32::MAX / 32.0).unwrap_or(1.0);
        Matrix::new(m, n, |i, j| f64::from(entry(5 * i + j)))
    })
}

fn setting<T: Real>() -> impl Strategy<Value = Setting<T>> {
    let layout = || select(&Layout::ALL[..]);
    let filling = select(&[0usize, 1, 2, 3][..]).prop_map(|i| fillings::<T>()[i]);
    (select(Job::all().collect::<Vec<_>>()), [layout(), layout(), layout()], filling, 0usize..9)
        .prop_map(|(job, layouts, filling, extra)| Setting { job, layouts, filling, extra })
}

/// Everything that holds for every matrix.
fn check<T: Real>(a: &Matrix, setting: &Setting<T>) {
    let exact = singular_values(&a.rounded::<T>());
    for method in methods::<T>() {
        method.verify(a, Job::FULL, Some(&exact), "random");
        let full = method.run(a, &Setting::plain(Job::FULL)).unwrap();
        let part = method.run(a, setting).unwrap();
        assert!(part.is_part_of(&full), "{}: {setting:?}", method.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn few_numbers_of_any_magnitude(a in from_palette::<f64>(), setting in setting::<f64>()) {
        check(&a, &setting);
    }

    #[test]
    fn few_numbers_of_any_magnitude_in_f32(a in from_palette::<f32>(), setting in setting::<f32>()) {
        check(&a, &setting);
    }

    #[test]
    fn rows_and_columns_of_any_scale(a in scaled_both_ways::<f64>(), setting in setting::<f64>()) {
        check(&a, &setting);
    }

    #[test]
    fn rows_and_columns_of_any_scale_in_f32(a in scaled_both_ways::<f32>(), setting in setting::<f32>()) {
        check(&a, &setting);
    }

    #[test]
    fn any_rank(a in of_any_rank(), double in setting::<f64>(), single in setting::<f32>()) {
        check(&a, &double);
        check(&a, &single);
    }

    #[test]
    fn any_bits(a in of_any_bits(), setting in setting::<f64>()) {
        check(&a, &setting);
    }

    #[test]
    fn any_bits_in_f32(a in of_any_single_bits(), setting in setting::<f32>()) {
        check(&a, &setting);
    }
}
