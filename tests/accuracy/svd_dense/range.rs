//! The ends of the number range, and what is refused.

use super::{Job, Layout, Method, Setting, methods};
use crate::matrices::random;
use crate::measures::{Matrix, bounds, tiny};
use crate::oracle::{Exact, singular_values};
use lowrank::svd::{Info, Vectors};
use lowrank::{Error, MatMut, MatRef, Operand, Real};

/// The method with values that are left scaled.
fn scaled<T: Real>(method: Method<T>) -> Method<T> {
    Method { options: method.options.scaled(true), ..method }
}

#[test]
fn every_scale_is_factorized() {
    fn check<T: Real>(exponents: &[i32]) {
        for (m, n) in [(7, 5), (5, 7), (4, 4)] {
            for &e in exponents {
                let a = random(m, n, 361).map(|x| T::from_f64(x).scale(e).to_f64());
                let exact = singular_values(&a);
                for method in methods::<T>() {
                    let name = method.name;
                    method.verify(&a, Job::FULL, Some(&exact), &format!("2^{e}"));
                    // Left scaled, the values are the same but for the power of two that is told.
                    let plain = method.run(&a, &Setting::plain(Job::VALUES)).unwrap();
                    let left = scaled(method).run(&a, &Setting::plain(Job::VALUES)).unwrap();
                    assert_eq!(plain.info.exponent, left.info.exponent, "{name}, 2^{e}");
                    assert!(e.abs() > 20 || left.info.exponent == 0, "{name}, 2^{e}: {:?}", left.info);
                    let back = |s: &f64| T::from_f64(*s).scale(-left.info.exponent).to_f64();
                    assert_eq!(left.s.iter().map(back).collect::<Vec<_>>(), plain.s, "{name}, 2^{e}");
                }
            }
        }
    }
    check::<f64>(&[-1073, -1070, -1022, -700, -538, -512, -400, -20, 0, 20, 400, 511, 515, 700, 1000, 1020]);
    check::<f32>(&[-148, -145, -126, -90, -64, -50, -20, 0, 20, 50, 63, 90, 110, 124]);
}

/// The smallest number that is, as the only entry: nothing may be lost on the way.
#[test]
fn the_smallest_and_the_largest_number_are_their_own_values() {
    fn check<T: Real>() {
        for x in [tiny::<T>(), 3.0 * tiny::<T>(), T::MIN_POSITIVE.to_f64(), T::MAX.to_f64()] {
            for (m, n) in [(1, 1), (3, 2), (2, 3)] {
                let a = Matrix::new(m, n, |i, j| if (i, j) == (m - 1, 0) { -x } else { 0.0 });
                for method in methods::<T>() {
                    let svd = method.run(&a, &Setting::plain(Job::THIN)).unwrap();
                    assert!(svd.s[0] == x && svd.s[1..].iter().all(|s| *s == 0.0), "{}: {:?}", method.name, svd.s);
                }
            }
        }
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn a_value_beyond_the_range_is_an_error_or_can_be_had_scaled() {
    fn check<T: Real>() {
        // The largest value is sqrt(m n) times the largest number.
        for (m, n, beyond) in [(1, 2, 1), (3, 1, 1), (3, 4, 2), (5, 5, 3)] {
            let a = Matrix::new(m, n, |_, _| T::MAX.to_f64());
            for method in methods::<T>() {
                for job in Job::all() {
                    let error = method.run(&a, &Setting::plain(job)).err();
                    assert_eq!(error, Some(Error::Overflow { exponent: T::MAX_EXPONENT + beyond }), "{}", method.name);
                }
                let svd = scaled(method).run(&a, &Setting::plain(Job::THIN)).unwrap();
                let mut expected = vec![0.0; m.min(n)];
                expected[0] = ((m * n) as f64).sqrt() * T::MAX.scale(svd.info.exponent).to_f64();
                assert!(Exact::known(expected).absolute_error::<T>(&svd.s) < bounds::VALUES, "{:?}", svd.s);
            }
        }
        // Just within the range.
        let a = Matrix::new(4, 4, |_, _| 0.249 * T::MAX.to_f64()).rounded::<T>();
        for method in methods::<T>() {
            method.verify(&a, Job::FULL, Some(&singular_values(&a)), "just within the range");
        }
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn entries_that_are_not_finite_are_named_and_nothing_changes() {
    fn check<T: Real>() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for (m, n, place) in (0..12).flat_map(|place| [(3, 4, place), (4, 3, place)]) {
                let mut a = random(m, n, 362);
                a.data[place] = bad;
                for (job, layout) in Job::all().zip(Layout::ALL.into_iter().cycle()) {
                    let setting = Setting { job, layouts: [layout; 3], filling: T::from_f64(7.0), extra: 0 };
                    for method in methods::<T>() {
                        let error = method.run(&a, &setting).err();
                        let expected = Error::NonFinite { operand: Operand::A, row: place / n, col: place % n };
                        assert_eq!(error, Some(expected), "{}: {setting:?}", method.name);
                    }
                }
            }
        }
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn wrong_arguments_are_named_and_nothing_changes() {
    let a = random(3, 4, 363).data;
    let a = MatRef::row_major(&a, 3, 4).unwrap();
    for method in methods::<f64>() {
        let (needed, for_values) = ((method.scratch_len)(3, 4), (method.values_scratch_len)(3, 4));
        let (mut s, mut x, mut y) = ([7.0; 4], [7.0; 16], [7.0; 16]);
        type Shape = Option<(usize, usize)>;
        for threshold in [f64::NAN, f64::INFINITY, -1e-3, 1.001] {
            let options = method.options.threshold(threshold);
            let result = (method.call)(a, &mut s[..3], None, None, &options, &mut vec![0.0; needed]);
            assert_eq!(result, Err(Error::Option { name: "threshold" }), "{}", method.name);
        }
        let mut run = |k: usize, u: Shape, v: Shape, vectors: Vectors, scratch: usize| -> Result<Info, Error> {
            let u = u.map(|(rows, cols)| MatMut::row_major(&mut x, rows, cols).unwrap());
            let v = v.map(|(rows, cols)| MatMut::row_major(&mut y, rows, cols).unwrap());
            (method.call)(a, &mut s[..k], u, v, &method.options.vectors(vectors), &mut vec![0.0; scratch])
        };
        let shape = |operand, expected, given| Err(Error::Shape { operand, expected, given });
        let short = |needed: usize| Err(Error::ScratchTooSmall { needed, given: needed - 1 });
        let (thin, full) = (Vectors::Thin, Vectors::Full);
        assert_eq!(run(4, None, None, thin, needed), shape(Operand::SingularValues, (3, 1), (4, 1)));
        assert_eq!(run(2, None, None, thin, needed), shape(Operand::SingularValues, (3, 1), (2, 1)));
        assert_eq!(run(3, Some((4, 3)), None, thin, needed), shape(Operand::Left, (3, 3), (4, 3)));
        assert_eq!(run(3, Some((3, 4)), None, full, needed), shape(Operand::Left, (3, 3), (3, 4)));
        assert_eq!(run(3, None, Some((4, 4)), thin, needed), shape(Operand::Right, (4, 3), (4, 4)));
        assert_eq!(run(3, None, Some((4, 3)), full, needed), shape(Operand::Right, (4, 4), (4, 3)));
        assert_eq!(run(3, Some((3, 3)), None, thin, needed - 1), short(needed));
        assert_eq!(run(3, None, Some((4, 3)), thin, needed - 1), short(needed));
        assert_eq!(run(3, None, None, full, for_values - 1), short(for_values));
        assert!(s == [7.0; 4] && x == [7.0; 16] && y == [7.0; 16], "{}", method.name);
    }
}

/// What is left of a column after the much longer one that it is nearly parallel to must become orthogonal to the rest
/// as well, though the rotations that do it are by tiny angles.
#[test]
fn columns_far_apart_in_length_become_orthogonal() {
    fn check<T: Real>(a: &Matrix, exact: &Exact) {
        for method in methods::<T>() {
            method.verify(a, Job::FULL, Some(exact), "far apart");
        }
    }
    let matrices = [
        (
            [-32, -29, -44, -44, 49],
            [-39, 48, 7, -18, -43],
            [-3, 2, -2, -1, -3, -1, -1, 2, -3, 1, 3, -3, 0, -1, 2, 0, 1, -3, -2, 2, -2, -3, -1, -2, -1],
        ),
        (
            [-38, -35, 35, -46, -47],
            [-53, -29, 42, -59, 25],
            [-2, 1, 3, -3, 2, 0, -3, -2, -2, 0, -2, 1, -3, 1, 3, 3, -2, 0, -1, -1, 0, -2, -2, 1, -2],
        ),
    ];
    for (rows, cols, entries) in matrices {
        let a = Matrix::new(5, 5, |i, j| f64::from(entries[5 * i + j]) * 2f64.powi(rows[i] + cols[j]));
        let exact = singular_values(&a);
        check::<f32>(&a, &exact);
        check::<f64>(&a, &exact);
    }
}
