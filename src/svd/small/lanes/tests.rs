//! The lanes against the definition, for every instruction set.

use super::super::{TALL, small_scratch_len};
use super::*;
use crate::random::Uniform;
use std::{vec, vec::Vec};

/// The decomposition of a tall matrix, column after column, by one instruction set: the values, U and V.
fn decompose<T: Real>(isa: Isa, narrow: bool, a: &[T], (l, k): (usize, usize)) -> [Vec<T>; 3] {
    let [mut s, mut u, mut v] = [k, l * k, k * k].map(|len| vec![T::ZERO; len]);
    let mut job = Lanewise {
        a: MatRef::col_major(a, l, k).unwrap(),
        source: Source::Matrix,
        s: &mut s,
        left: Some(MatMut::col_major(&mut u, l, k).unwrap()),
        right: Some(MatMut::col_major(&mut v, k, k).unwrap()),
        left_rules: false,
        options: &Options::new(),
    };
    let mut scratch = vec![T::from_f64(f64::NAN); small_scratch_len(l, k)];
    let done = if narrow || isa.is_scalar() { job.decompose(isa, &mut scratch) } else { isa.run(&mut job) };
    let (info, found) = done.unwrap().unwrap_or_else(|| panic!("{isa:?}: no end, {l} x {k}"));
    assert!(info.converged && found == k, "{isa:?}: {info:?}, {l} x {k}");
    [s, u, v]
}

fn check<T: Real>() {
    let mut uniform = Uniform::new(31);
    for k in 1..=SMALL {
        for l in [k, k + 1, SMALL].into_iter().filter(|l| *l <= SMALL) {
            // Columns of very different length among others.
            let grade = |j: usize| T::EPSILON.scale(if j % 3 == 1 { 5 } else { T::SIGNIFICAND_BITS as i32 });
            let a: Vec<T> = (0..l * k).map(|i| uniform.symmetric::<T>() * grade(i / l)).collect();
            let results = Isa::all().into_iter().flat_map(|isa| [true, false].map(|narrow| (isa, narrow)));
            let results: Vec<_> = results.map(|(isa, narrow)| (isa, decompose(isa, narrow, &a, (l, k)))).collect();
            for (isa, [s, u, v]) in &results {
                let context = std::format!("{isa:?}, {l} x {k}, {} bits", T::SIGNIFICAND_BITS);
                let allowed = T::from_f64(8.0 * (l as f64).sqrt()) * T::EPSILON;
                let dot = |x: &[T], y: &[T]| x.iter().zip(y).fold(T::ZERO, |sum, (x, y)| sum + *x * *y);
                for i in 0..k {
                    for j in 0..=i {
                        let one = if i == j { T::ONE } else { T::ZERO };
                        let column = |x: &[T], rows: usize, j: usize| x[j * rows..(j + 1) * rows].to_vec();
                        for (x, rows) in [(u, l), (v, k)] {
                            let error = (dot(&column(x, rows, i), &column(x, rows, j)) - one).abs();
                            assert!(error <= allowed, "{context}: {error} in {i}, {j}");
                        }
                    }
                    assert!(i == 0 || s[i] <= s[i - 1], "{context}: {s:?}");
                }
                for i in 0..l {
                    for j in 0..k {
                        let entry = (0..k).fold(T::ZERO, |sum, p| sum + u[p * l + i] * s[p] * v[p * k + j]);
                        let error = (entry - a[j * l + i]).abs();
                        assert!(error <= allowed * s[0], "{context}: {error} in A at {i}, {j}");
                    }
                }
                // Nothing but the fusing of operations makes a difference between two instruction sets.
                let fuses = |isa: Isa| (isa.is_portable(), isa.is_scalar());
                let other = results.iter().find(|(other, _)| fuses(*other) == fuses(*isa));
                assert_eq!(other.map(|(_, other)| other), Some(&[s.clone(), u.clone(), v.clone()]), "{context}");
            }
        }
    }
}

#[test]
fn every_instruction_set_decomposes_every_shape() {
    check::<f64>();
    check::<f32>();
}

/// Without zeroes for noise, what is left of equal columns would be rotated until it underflows.
#[test]
fn columns_that_depend_on_others_vanish() {
    fn check<T: Real>() {
        for isa in Isa::all() {
            for (l, k) in [(3, 3), (8, 8), (16, 16), (16, 5)] {
                for rank in [1, 2] {
                    let entry = |i: usize, j: usize| T::from_usize(if j < rank { 1 + i % (j + 1) } else { 1 });
                    let a: Vec<T> = (0..l * k).map(|p| entry(p % l, p / l)).collect();
                    let mut s = vec![T::ZERO; k];
                    let mut job = Lanewise {
                        a: MatRef::col_major(&a, l, k).unwrap(),
                        source: Source::Matrix,
                        s: &mut s,
                        left: None,
                        right: None,
                        left_rules: false,
                        options: &Options::new(),
                    };
                    let (_, found) = job
                        .decompose(isa, &mut vec![T::ZERO; small_scratch_len(l, k)])
                        .unwrap()
                        .unwrap_or_else(|| panic!("{isa:?}, {l} x {k}"));
                    assert!(found >= rank, "{isa:?}, {l} x {k}: {found}");
                    let noise = s.iter().skip(rank).all(|x| *x <= T::EPSILON * s[0] * T::from_f64(8.0));
                    assert!(noise, "{isa:?}, {l} x {k}: {s:?}");
                }
            }
        }
    }
    check::<f64>();
    check::<f32>();
}

/// How far a column may be from the largest entry before it is left to the other method.
#[test]
fn the_range_of_columns_is_what_the_documentation_says() {
    fn check<T: Real>(bits: i32) {
        for largest in [-300, -9, -8, 0, 8, 9, 300].map(|e| e.max(T::MIN_EXPONENT / 2).min(T::MAX_EXPONENT / 2)) {
            let decompose = |below: i32| {
                let a = [T::ONE, T::ZERO, T::ZERO, T::ZERO, T::pow2(-below), T::ZERO, T::ONE, T::ONE, T::ONE];
                let a = a.map(|x| x.scale(largest));
                let mut s = [T::ZERO; 3];
                let mut job = Lanewise {
                    a: MatRef::col_major(&a, 3, 3).unwrap(),
                    source: Source::Matrix,
                    s: &mut s,
                    left: None,
                    right: None,
                    left_rules: false,
                    options: &Options::new(),
                };
                job.decompose(Isa::best(), &mut []).unwrap().is_some()
            };
            assert!(decompose(bits), "{largest}");
            assert!(!decompose(bits + 2 * NEAR + 2), "{largest}");
        }
    }
    check::<f64>(449);
    check::<f32>(30);
}

#[test]
fn the_scratch_of_all_methods_has_room_for_single_columns() {
    for (l, k) in (1..=TALL).flat_map(|l| (1..=l.min(SMALL)).map(move |k| (l, k))) {
        assert!(columns::scratch_len(l, k) <= small_scratch_len(l, k), "{l} x {k}");
    }
}
