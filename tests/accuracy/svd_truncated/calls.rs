//! Arguments, errors, observers, and what may not change a bit.

use super::{NoGram, every_way, observed, run, valid};
use crate::failing::Failing;
use crate::matrices::{Sparse, random, with_values};
use crate::measures::Matrix;
use lowrank::operator::{Dense, LinearOperator, Transposed};
use lowrank::svd::truncated::{Info, Options};
use lowrank::svd::{self, truncated, truncated_dense_scratch_len, truncated_scratch_len};
use lowrank::{Error, MatMut, MatRef, Operand};
use std::ops::ControlFlow;

#[test]
fn a_value_beyond_the_range_is_an_error_and_nothing_changes() {
    let a = [f32::MAX; 12];
    for (m, n) in [(6, 2), (2, 6), (3, 4)] {
        let operator = Dense::new(MatRef::row_major(&a, m, n).unwrap());
        let (mut s, mut u, mut v) = ([7.0; 1], [7.0; 6], [7.0; 6]);
        let mut scratch = vec![0.0; truncated_scratch_len(&operator, 1, &Options::new())];
        let (left, right) =
            (MatMut::row_major(&mut u[..m], m, 1).unwrap(), MatMut::row_major(&mut v[..n], n, 1).unwrap());
        let go_on = |_: &Info| ControlFlow::Continue(());
        let result = truncated(&operator, &mut s, Some(left), Some(right), &Options::new(), &mut scratch, go_on);
        // sqrt(12) times the largest number.
        assert_eq!(result, Err(Error::Overflow { exponent: 129 }));
        assert!(s == [7.0] && u == [7.0; 6] && v == [7.0; 6]);
    }
}

#[test]
fn entries_that_are_not_finite_are_named_and_nothing_changes() {
    fn check(a: &impl LinearOperator<f64>, row: usize, col: usize) {
        let (m, n) = (a.rows(), a.cols());
        let (mut s, mut u, mut v) = ([7.0; 2], vec![7.0; 2 * m], vec![7.0; 2 * n]);
        let mut scratch = vec![0.0; truncated_scratch_len(a, 2, &Options::new())];
        let (left, right) = (MatMut::row_major(&mut u, m, 2).unwrap(), MatMut::row_major(&mut v, n, 2).unwrap());
        let go_on = |_: &Info| ControlFlow::Continue(());
        let result = truncated(a, &mut s, Some(left), Some(right), &Options::new(), &mut scratch, go_on);
        assert_eq!(result, Err(Error::NonFinite { operand: Operand::A, row, col }));
        assert!(s == [7.0; 2] && u.iter().chain(&v).all(|x| *x == 7.0));
    }
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for (m, n) in [(3, 5), (5, 3)] {
            for place in 0..15 {
                let mut a = Matrix::new(m, n, |i, j| f64::from(u8::from((i + j) % 2 == 0)));
                a.data[place] = bad;
                let (row, col) = (place / n, place % n);
                let dense = Dense::new(MatRef::row_major(&a.data, m, n).unwrap());
                check(&dense, row, col);
                check(&Transposed(&dense), col, row);
                let sparse = Sparse::of(&a);
                check(&sparse.csr(), row, col);
                check(&Transposed(&sparse.csr()), col, row);
            }
        }
    }
}

#[test]
fn wrong_arguments_are_named() {
    let a = random(4, 6, 45).data;
    let a = Dense::new(MatRef::row_major(&a, 4, 6).unwrap());
    let go = |rank: usize, u: (usize, usize), v: (usize, usize), options: Options, less: usize| {
        let (mut s, mut x, mut y) = (vec![7.0; rank], [7.0; 40], [7.0; 40]);
        let mut scratch = vec![0.0; truncated_scratch_len(&a, rank, &options).saturating_sub(less)];
        let (left, right) =
            (MatMut::row_major(&mut x, u.0, u.1).unwrap(), MatMut::row_major(&mut y, v.0, v.1).unwrap());
        let result =
            truncated(&a, &mut s, Some(left), Some(right), &options, &mut scratch, |_| ControlFlow::Continue(()));
        let unchanged = s.iter().chain(&x).chain(&y).all(|x| *x == 7.0);
        assert!(result.is_ok() != unchanged);
        result.map(|_| ())
    };
    let plain = Options::new();
    let shape = |operand, expected, given| Err(Error::Shape { operand, expected, given });
    assert_eq!(go(0, (4, 0), (6, 0), plain, 0), Err(Error::Rank { max: 4, given: 0 }));
    assert_eq!(go(5, (4, 5), (6, 5), plain, 0), Err(Error::Rank { max: 4, given: 5 }));
    assert_eq!(go(2, (4, 3), (6, 2), plain, 0), shape(Operand::Left, (4, 2), (4, 3)));
    assert_eq!(go(2, (4, 2), (4, 2), plain, 0), shape(Operand::Right, (6, 2), (4, 2)));
    for tolerance in [-1e-9, 1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(go(2, (4, 2), (6, 2), plain.tolerance(tolerance), 0), Err(Error::Option { name: "tolerance" }));
    }
    let needed = truncated_scratch_len(&a, 2, &plain);
    assert_eq!(needed, truncated_dense_scratch_len::<f64>(4, 6, 2, plain.oversample));
    assert_eq!(go(2, (4, 2), (6, 2), plain, 1), Err(Error::ScratchTooSmall { needed, given: needed - 1 }));
    assert_eq!(go(2, (4, 2), (6, 2), plain, 0), Ok(()));
}

#[test]
fn an_empty_matrix_has_no_rank() {
    for (m, n) in [(0, 0), (0, 3), (3, 0)] {
        let a = Dense::<f64>::new(MatRef::row_major(&[], m, n).unwrap());
        for rank in 0..2 {
            let error = run(&a, rank, &Options::new(), 0.0).err();
            assert_eq!(error, Some(Error::Rank { max: 0, given: rank }));
        }
    }
}

#[test]
fn scratch_and_outputs_do_not_leak_into_the_result() {
    for (m, n) in [(40, 9), (9, 40), (45, 40)] {
        let a = random(m, n, 46);
        let dense = Dense::new(MatRef::row_major(&a.data, m, n).unwrap());
        let (sparse, options) = (Sparse::of(&a), Options::new().oversample(1));
        for rubbish in [f64::INFINITY, 1.0, -1e300, f64::from_bits(u64::MAX)] {
            for way in 0..2 {
                let go = |rubbish| match way {
                    0 => run(&dense, 2, &options, rubbish).unwrap(),
                    _ => run(&sparse.csr(), 2, &options, rubbish).unwrap(),
                };
                let (a, b) = (go(0.0), go(rubbish));
                assert!(a.s == b.s && a.u.data == b.u.data && a.v.data == b.v.data && a.info == b.info);
            }
        }
    }
}

/// The values do not depend on which vectors are asked for, and a pair only in its common sign.
#[test]
fn one_output_has_the_bits_of_both() {
    for (m, n) in [(40, 9), (9, 40)] {
        let a = random(m, n, 47);
        let dense = Dense::new(MatRef::row_major(&a.data, m, n).unwrap());
        let both = run(&dense, 3, &Options::new(), f64::NAN).unwrap();
        for job in 0..3 {
            let (mut s, mut u, mut v) = ([0.0; 3], vec![0.0; 3 * m], vec![0.0; 3 * n]);
            let mut scratch = vec![0.0; truncated_scratch_len(&dense, 3, &Options::new())];
            let left = (job == 1).then(|| MatMut::row_major(&mut u, m, 3).unwrap());
            let right = (job == 2).then(|| MatMut::row_major(&mut v, n, 3).unwrap());
            let go_on = |_: &Info| ControlFlow::Continue(());
            truncated(&dense, &mut s, left, right, &Options::new(), &mut scratch, go_on).unwrap();
            assert_eq!(s.to_vec(), both.s);
            for p in 0..3 {
                let sign = |x: &[f64], y: &Matrix| {
                    let same = (0..y.rows).all(|i| x[3 * i + p] == y.at(i, p));
                    same || (0..y.rows).all(|i| x[3 * i + p] == -y.at(i, p))
                };
                assert!(job != 1 || sign(&u, &both.u));
                assert!(job != 2 || sign(&v, &both.v));
            }
            let ruling = if job == 1 { (&u, m) } else { (&v, n) };
            let view = MatRef::row_major(ruling.0, ruling.1, 3).unwrap();
            assert!(job == 0 || (0..3).all(|p| svd::column_sign(view, p) == 1.0));
        }
    }
}

#[test]
fn the_seed_decides_every_bit() {
    let a = random(90, 40, 48);
    let dense = Dense::new(MatRef::row_major(&a.data, 90, 40).unwrap());
    let go = |seed| run(&dense, 4, &Options::new().oversample(2).seed(seed), 0.0).unwrap();
    let (first, again, other) = (go(1), go(1), go(2));
    assert!(first.u.data == again.u.data && first.s == again.s && first.v.data == again.v.data);
    assert!(first.u.data != other.u.data);
    assert!(first.s.iter().zip(&other.s).all(|(a, b)| (a / b - 1.0).abs() < 1e-3));
}

#[test]
fn without_a_tolerance_the_passes_are_exactly_those_asked_for() {
    for (m, n) in [(60, 40), (40, 60), (30, 5)] {
        let a = random(m, n, 49);
        for passes in [0, 1, 2, 3, 4, 5, 9] {
            let options = Options::new().oversample(1).tolerance(0.0).max_passes(passes);
            every_way::<f64>(&a, 2, &options, |svd, way| {
                assert_eq!(svd.info.passes, passes, "{way}");
                assert!(!svd.info.converged, "{way}");
                valid::<f64>(&a, svd, way);
            });
        }
    }
}

#[test]
fn an_observer_that_breaks_gets_valid_factors() {
    let a = with_values(60, 40, &(0..40).map(|i| 0.9f64.powi(i)).collect::<Vec<_>>(), 50);
    let dense = Dense::new(MatRef::row_major(&a.data, 60, 40).unwrap());
    let options = Options::new().oversample(1).tolerance(1e-12).max_passes(500);
    fn check(a: &Matrix, operator: &impl LinearOperator<f64>, options: &Options) {
        for looks in 1..4 {
            let mut seen: Vec<Info> = vec![];
            let svd = observed(operator, 2, options, f64::NAN, |info| {
                seen.push(*info);
                if seen.len() < looks { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })
            .unwrap();
            assert_eq!(seen.len(), looks);
            assert!(seen.windows(2).all(|w| w[0].passes < w[1].passes));
            assert!(seen.windows(2).all(|w| w[1].relative_error <= w[0].relative_error + 1e-12), "{seen:?}");
            assert!(!svd.info.converged && svd.info.passes == seen[looks - 1].passes);
            // The last product only improves on what was seen.
            assert!(svd.info.relative_error <= seen[looks - 1].relative_error + 1e-12);
            valid::<f64>(a, &svd, "stopped");
        }
    }
    check(&a, &dense, &options);
    check(&a, &NoGram(dense), &options);
    check(&a, &Sparse::of(&a).csr(), &options);
    check(&a.t(), &Transposed(&dense), &options);
}

#[test]
fn an_error_of_the_operator_ends_the_call_and_nothing_changes() {
    for (m, n) in [(30, 6), (60, 50), (6, 30)] {
        let a = random(m, n, 51);
        let options = Options::new().oversample(1).max_passes(3);
        let calls = (0..).take_while(|&at| {
            let failing = Failing::new(Dense::new(MatRef::row_major(&a.data, m, n).unwrap()), at);
            let (mut s, mut u, mut v) = ([7.0; 2], vec![7.0; 2 * m], vec![7.0; 2 * n]);
            let mut scratch = vec![0.0; truncated_scratch_len(&failing, 2, &options)];
            let (left, right) = (MatMut::row_major(&mut u, m, 2).unwrap(), MatMut::row_major(&mut v, n, 2).unwrap());
            let go_on = |_: &Info| ControlFlow::Continue(());
            match truncated(&failing, &mut s, Some(left), Some(right), &options, &mut scratch, go_on) {
                Ok(_) => false,
                Err(error) => {
                    assert_eq!(error, Error::Operator { code: at as i32 });
                    assert!(s.iter().chain(&u).chain(&v).all(|x| *x == 7.0));
                    true
                }
            }
        });
        // The check, one pass or the Gram matrix, and the last product with its sums.
        let calls = calls.count();
        assert!(calls >= 5, "{calls}");
    }
}
