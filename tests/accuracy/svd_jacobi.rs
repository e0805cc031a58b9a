//! `svd::jacobi_unblocked` over shapes, matrices, outputs and scales.

use super::matrices::{all, orthonormal, random};
use super::measures::{Matrix, bounds, orthonormality, residual};
use lowrank::svd::{self, Options, Vectors};
use lowrank::{Error, MatMut, MatRef, Operand, Real};
use proptest::prelude::*;

struct Svd {
    u: Matrix,
    s: Vec<f64>,
    v: Matrix,
    info: svd::Info,
}

/// Both vectors, from scratch memory of the exact length filled with `rubbish`.
fn factorize<T: Real>(a: &Matrix, vectors: Vectors, rubbish: T) -> Result<Svd, Error> {
    let (m, n) = (a.rows, a.cols);
    let data: Vec<T> = a.data.iter().map(|x| T::from_f64(*x)).collect();
    let (left, right) = if vectors == Vectors::Full { (m, n) } else { (m.min(n), m.min(n)) };
    let mut s = vec![T::ZERO; m.min(n)];
    let (mut u, mut v) = (vec![T::ZERO; m * left], vec![T::ZERO; n * right]);
    let mut scratch = vec![rubbish; svd::jacobi_unblocked_scratch_len(m, n)];
    let info = svd::jacobi_unblocked(
        MatRef::row_major(&data, m, n)?,
        &mut s,
        Some(MatMut::row_major(&mut u, m, left)?),
        Some(MatMut::col_major(&mut v, n, right)?),
        &Options::new().vectors(vectors),
        &mut scratch,
    )?;
    Ok(Svd {
        u: Matrix::of(MatRef::row_major(&u, m, left)?),
        s: s.iter().map(|s| s.to_f64()).collect(),
        v: Matrix::of(MatRef::col_major(&v, n, right)?),
        info,
    })
}

/// Checks all that a decomposition promises, but its accuracy relative to each value.
fn verify<T: Real>(a: &Matrix, name: &str) -> Svd {
    let a = Matrix::new(a.rows, a.cols, |i, j| T::from_f64(a.at(i, j)).to_f64());
    let context = format!("{name}, {} x {}", a.rows, a.cols);
    let full = factorize::<T>(&a, Vectors::Full, T::from_f64(f64::NAN)).unwrap();
    assert!(full.info.converged, "{context}: {:?}", full.info);
    assert!(full.s.windows(2).all(|w| w[0] >= w[1]) && full.s.iter().all(|s| *s >= 0.0), "{context}: {:?}", full.s);
    let ratios = [
        residual::<T>(&a, &full.u, &full.s, &full.v) / bounds::RESIDUAL,
        orthonormality::<T>(&full.u) / bounds::ORTHONORMALITY,
        orthonormality::<T>(&full.v) / bounds::ORTHONORMALITY,
    ];
    assert!(ratios.iter().all(|r| *r < 1.0), "{context}: {ratios:?}");
    for j in 0..full.v.cols {
        let column: Vec<f64> = (0..full.v.rows).map(|i| full.v.at(i, j)).collect();
        let largest = column.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        let margin = 1.0 - T::EPSILON.to_f64().sqrt();
        assert!(*column.iter().find(|x| x.abs() >= largest * margin).unwrap() > 0.0, "{context}: sign of column {j}");
    }

    // Thin outputs are the first columns of the full ones, bit for bit, whatever the scratch held.
    let thin = factorize::<T>(&a, Vectors::Thin, T::ONE).unwrap();
    assert_eq!(thin.s, full.s, "{context}");
    for (thin, full) in [(&thin.u, &full.u), (&thin.v, &full.v)] {
        assert!((0..thin.rows).all(|i| (0..thin.cols).all(|j| thin.at(i, j) == full.at(i, j))), "{context}");
    }
    full
}

fn sweep_of_shapes<T: Real>() {
    let small = (0..6).flat_map(|m| (0..6).map(move |n| (m, n)));
    for (m, n) in small.chain([(10, 10), (2, 30), (40, 7), (40, 40), (33, 70), (150, 60)]) {
        for (name, a) in all(m, n, T::EPSILON.to_f64()) {
            verify::<T>(&a, name);
        }
    }
}

#[test]
fn every_matrix_of_every_shape_in_f64() {
    sweep_of_shapes::<f64>();
}

#[test]
fn every_matrix_of_every_shape_in_f32() {
    sweep_of_shapes::<f32>();
}

#[test]
fn ones_have_one_value_in_every_shape() {
    for m in 1..=30 {
        for n in 1..=30 {
            let svd = verify::<f64>(&Matrix::new(m, n, |_, _| 1.0), "ones");
            let expected = ((m * n) as f64).sqrt();
            assert!((svd.s[0] / expected - 1.0).abs() < 1e-14, "{m} x {n}: {:?}", svd.s);
            assert!(svd.s[1..].iter().all(|s| *s < 1e-13), "{m} x {n}: {:?}", svd.s);
        }
    }
}

#[test]
fn a_published_example() {
    #[rustfmt::skip]
    let a = [
        1.3, 1.8, 4.8, 7.1, 5.0, 5.2, 8.0,
        1.5, 6.9, 3.9, -5.5, -8.5, -3.9, -5.5,
        6.5, 1.6, 8.2, -7.2, -8.7, -7.9, -5.2,
        3.8, 8.3, 4.7, 6.4, 7.5, 3.2, 7.4,
        -7.3, -1.8, -2.1, 2.7, 6.8, 4.8, 6.2,
    ];
    let a = Matrix { rows: 5, cols: 7, data: a.to_vec() };
    let svd = verify::<f64>(&a, "example");
    for (s, expected) in svd.s.iter().zip([28.4480211, 16.96105118, 6.75969418, 5.16119986, 3.28045566]) {
        assert!((s - expected).abs() < 1e-8, "{s} {expected}");
    }
    // Rank-2 coordinates F = U_2 have orthonormal columns, but F F^T is not the identity; the rows of G = S V_2^T are
    // orthogonal, with the singular values as their norms.
    let f = Matrix::new(5, 2, |i, j| svd.u.at(i, j));
    assert!(orthonormality::<f64>(&f) < bounds::ORTHONORMALITY);
    assert!(orthonormality::<f64>(&f.t()) > 1e10);
    let g = Matrix::new(2, 7, |i, j| svd.s[i] * svd.v.at(j, i));
    let gram = g.times(&g.t());
    assert!(gram.at(0, 1).abs() < 1e-12);
    assert!((0..2).all(|i| (gram.at(i, i).sqrt() / svd.s[i] - 1.0).abs() < 1e-14));
}

#[test]
fn two_by_four_is_reproduced() {
    let a = Matrix { rows: 2, cols: 4, data: vec![1.0, -2.0, 3.0, 0.5, 4.0, 0.25, -6.0, 2.0] };
    let svd = verify::<f64>(&a, "2 x 4");
    let back = Matrix::new(2, 4, |i, j| (0..2).map(|p| svd.u.at(i, p) * svd.s[p] * svd.v.at(j, p)).sum());
    assert!(a.data.iter().zip(&back.data).all(|(a, b)| (a - b).abs() < 1e-12));
}

/// `B D` with orthonormal B: the singular values are those of D exactly, each to be found to relative accuracy.
#[test]
fn graded_columns_keep_every_digit() {
    fn check<T: Real>(step: f64) {
        for order in 0..2 {
            let q = orthonormal(20, 20, 11);
            let d = |j: usize| step.powi(if order == 0 { j } else { 19 - j } as i32);
            // Entries of T, so that the matrix is B D for a B that is orthonormal to within eps.
            let a = Matrix::new(20, 20, |i, j| T::from_f64(q.at(i, j) * d(j)).to_f64());
            let svd = verify::<T>(&a, "graded");
            for (j, s) in svd.s.iter().enumerate() {
                let relative = (s / step.powi(j as i32) - 1.0).abs();
                assert!(relative < 40.0 * T::EPSILON.to_f64(), "value {j}: {s:e}, off by {relative:e}");
            }
        }
    }
    check::<f64>(1e-2);
    check::<f32>(1e-1);
}

#[test]
fn scale_does_not_matter() {
    fn check<T: Real>(exponents: &[i32]) {
        let a = random(7, 5, 12);
        let plain = verify::<T>(&a, "plain");
        for &e in exponents {
            let scaled = Matrix::new(7, 5, |i, j| T::from_f64(a.at(i, j)).scale(e).to_f64());
            let svd = verify::<T>(&scaled, "scaled");
            for (s, p) in svd.s.iter().zip(&plain.s) {
                let (s, expected) = (T::from_f64(*s), T::from_f64(*p).scale(e));
                let allowed = (expected * T::EPSILON).max(T::MIN_POSITIVE * T::EPSILON) * T::from_f64(40.0);
                assert!(
                    (s - expected).abs() <= allowed,
                    "2^{e}: {s:e} {expected:e}",
                    s = s.to_f64(),
                    expected = expected.to_f64()
                );
            }
        }
    }
    check::<f64>(&[-1070, -1022, -700, -538, -400, 400, 515, 700, 1000, 1020]);
    check::<f32>(&[-145, -126, -90, -50, 50, 90, 110, 124]);
}

#[test]
fn a_value_beyond_the_range_is_an_error_or_can_be_had_scaled() {
    let a = [f64::MAX; 12];
    let view = MatRef::row_major(&a, 3, 4).unwrap();
    let mut scratch = vec![0.0; svd::jacobi_unblocked_scratch_len(3, 4)];
    let (mut s, mut u) = ([7.0; 3], [7.0; 9]);
    let mut run = |s: &mut [f64], options: Options| {
        svd::jacobi_unblocked(view, s, Some(MatMut::row_major(&mut u, 3, 3).unwrap()), None, &options, &mut scratch)
    };
    assert_eq!(run(&mut s, Options::new()), Err(Error::Overflow { exponent: 1025 }));
    assert_eq!(s, [7.0; 3]);
    let info = run(&mut s, Options::new().scaled(true)).unwrap();
    let expected = 12.0f64.sqrt() * f64::MAX.scale(info.exponent);
    assert!((s[0] / expected - 1.0).abs() < 1e-14);
}

#[test]
fn entries_that_are_not_finite_are_named_and_nothing_changes() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for place in 0..12 {
            let mut a = random(3, 4, 13).data;
            a[place] = bad;
            let (mut s, mut v) = ([7.0; 3], [7.0; 12]);
            let mut scratch = vec![0.0; svd::jacobi_unblocked_scratch_len(3, 4)];
            let v_view = MatMut::row_major(&mut v, 4, 3).unwrap();
            let a = MatRef::row_major(&a, 3, 4).unwrap();
            let result = svd::jacobi_unblocked(a, &mut s, None, Some(v_view), &Options::new(), &mut scratch);
            assert_eq!(result, Err(Error::NonFinite { operand: Operand::A, row: place / 4, col: place % 4 }));
            assert!(s == [7.0; 3] && v == [7.0; 12]);
        }
    }
}

#[test]
fn wrong_arguments_are_named() {
    let a = random(3, 4, 14).data;
    let a = MatRef::row_major(&a, 3, 4).unwrap();
    let needed = svd::jacobi_unblocked_scratch_len(3, 4);
    let (mut s, mut x) = ([7.0; 4], [7.0; 16]);
    let mut run = |k: usize, u: Option<(usize, usize)>, scratch: usize| {
        let u = u.map(|(rows, cols)| MatMut::row_major(&mut x, rows, cols).unwrap());
        svd::jacobi_unblocked(a, &mut s[..k], u, None, &Options::new(), &mut vec![0.0; scratch])
    };
    let shape = |operand, expected, given| Err(Error::Shape { operand, expected, given });
    assert_eq!(run(4, None, needed), shape(Operand::SingularValues, (3, 1), (4, 1)));
    assert_eq!(run(3, Some((4, 3)), needed), shape(Operand::Left, (3, 3), (4, 3)));
    assert_eq!(run(3, None, needed - 1), Err(Error::ScratchTooSmall { needed, given: needed - 1 }));
    assert!(run(3, Some((3, 3)), needed).is_ok());
}

proptest! {
    /// The values do not depend on which vectors are asked for, on strides, or on the scratch.
    #[test]
    fn values_are_the_same_bits_for_every_job(
        m in 1usize..9, n in 1usize..9, seed: u64, zeros in 0usize..4, row_gap in 0usize..3,
    ) {
        let mut a = random(m, n, seed);
        (0..m * n).filter(|i| zeros > 0 && i % (zeros + 1) == 0).for_each(|i| a.data[i] = 0.0);
        let both = verify::<f64>(&a, "random");
        let stride = n + row_gap;
        let mut spread = vec![f64::NAN; m * stride];
        (0..m * n).for_each(|i| spread[i / n * stride + i % n] = a.data[i]);
        let view = MatRef::new(&spread, m, n, stride, 1).unwrap();
        let k = m.min(n);
        for job in 0..3 {
            let (mut s, mut u, mut v) = (vec![0.0; k], vec![0.0; m * k], vec![0.0; n * k]);
            let left = (job == 1).then(|| MatMut::col_major(&mut u, m, k).unwrap());
            let right = (job == 2).then(|| MatMut::row_major(&mut v, n, k).unwrap());
            let mut scratch = vec![f64::INFINITY; svd::jacobi_unblocked_scratch_len(m, n) + 3];
            svd::jacobi_unblocked(view, &mut s, left, right, &Options::new(), &mut scratch[3..]).unwrap();
            prop_assert_eq!(&s, &both.s);
            for j in 0..k {
                // One vector is the same up to its sign, which the other no longer rules.
                let same = |given: &dyn Fn(usize) -> f64, both: &dyn Fn(usize) -> f64, len: usize| {
                    (0..len).all(|i| given(i) == both(i)) || (0..len).all(|i| given(i) == -both(i))
                };
                prop_assert!(job != 1 || same(&|i| u[j * m + i], &|i| both.u.at(i, j), m));
                prop_assert!(job != 2 || same(&|i| v[i * k + j], &|i| both.v.at(i, j), n));
            }
        }
    }

    /// Entries over the whole range of the number type at once.
    #[test]
    fn any_bit_patterns_that_are_finite(m in 1usize..6, n in 1usize..6, bits in prop::collection::vec(any::<u32>(), 36)) {
        let entry = |i: usize| Some(f32::from_bits(bits[i])).filter(|x| x.abs() < 1e37).unwrap_or(1.0);
        verify::<f32>(&Matrix::new(m, n, |i, j| f64::from(entry(i * 6 + j))), "bits");
    }
}
