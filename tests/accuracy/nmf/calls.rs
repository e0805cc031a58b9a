//! Arguments, errors, the driver, and what may not change a bit.

use super::{SOLVERS, start, updates};
use crate::failing::Failing;
use crate::matrices::{Sparse, nonnegative};
use crate::measures::Matrix;
use lowrank::nmf::{self, Criterion, Options, Penalty, Progress, State, Stop, divergence};
use lowrank::operator::{Dense, Transposed};
use lowrank::{Error, MatMut, MatRef, Operand};
use std::ops::ControlFlow;

#[test]
fn scratch_and_strides_do_not_change_a_bit() {
    for k in [3, 20] {
        let (m, n) = (30, 25);
        let x = nonnegative(m, n, 0.3, 79);
        let operator = Dense::new(MatRef::row_major(&x.data, m, n).unwrap());
        let (w, h) = start(m, n, k, 80);
        for solver in SOLVERS {
            let plain = updates(&operator, &w, &h, solver, 4, 0.0).unwrap();
            for rubbish in [f64::NAN, -1e300, f64::from_bits(u64::MAX)] {
                let other = updates(&operator, &w, &h, solver, 4, rubbish).unwrap();
                assert!(other.w.data == plain.w.data && other.h.data == plain.h.data && other.errors == plain.errors);
            }
            // W by columns, H by rows with a gap.
            let (mut left, mut right) = (w.t().data, vec![7.0; k * (n + 2)]);
            (0..k * n).for_each(|p| right[p / n * (n + 2) + p % n] = h.data[p]);
            let mut memory = vec![0.0; nmf::scratch_len(&operator, k) + 3];
            let left_view = MatMut::col_major(&mut left, m, k).unwrap();
            let right_view = MatMut::new(&mut right, k, n, n + 2, 1).unwrap();
            let mut state = State::new(&operator, left_view, right_view, &solver, &mut memory[3..]).unwrap();
            let errors: Vec<f64> = (0..4).map(|_| state.update().unwrap().relative_error).collect();
            state.finish().unwrap();
            assert_eq!(left, plain.w.t().data);
            assert!((0..k * n).all(|p| right[p / n * (n + 2) + p % n] == plain.h.data[p]));
            assert!((0..k).all(|i| right[i * (n + 2) + n..(i + 1) * (n + 2)] == [7.0; 2]));
            assert_eq!(errors, plain.errors, "rank {k}, {solver:?}");

            // H by columns: its transpose then has adjacent rows.
            let (mut left, mut right) = (w.data.clone(), h.t().data);
            let left_view = MatMut::row_major(&mut left, m, k).unwrap();
            let right_view = MatMut::col_major(&mut right, k, n).unwrap();
            let mut state = State::new(&operator, left_view, right_view, &solver, &mut memory).unwrap();
            let errors: Vec<f64> = (0..4).map(|_| state.update().unwrap().relative_error).collect();
            state.finish().unwrap();
            assert!(left == plain.w.data && right == plain.h.t().data);
            assert_eq!(errors, plain.errors, "rank {k}, {solver:?}, H by columns");
        }
    }
}

#[test]
fn wrong_arguments_are_named_and_nothing_changes() {
    let x = nonnegative(4, 5, 0.0, 81);
    let needed = nmf::dense_scratch_len::<f64>(4, 5, 2);
    let run = |x: &Matrix, w: &Matrix, h: &Matrix, scratch: usize, options: Options| {
        let operator = Dense::new(MatRef::row_major(&x.data, x.rows, x.cols).unwrap());
        let (mut left, mut right) = (w.data.clone(), h.data.clone());
        let left_view = MatMut::row_major(&mut left, w.rows, w.cols).unwrap();
        let right_view = MatMut::row_major(&mut right, h.rows, h.cols).unwrap();
        let mut memory = vec![0.0; scratch];
        let go_on = |_: &Progress| ControlFlow::Continue(());
        let result = nmf::factorize(&operator, left_view, right_view, &options, &mut memory, go_on);
        let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let unchanged = bits(&left) == bits(&w.data) && bits(&right) == bits(&h.data);
        assert!(result.is_ok() != unchanged);
        result.map(|_| ())
    };
    let plain = Options::new();
    let (w, h) = start(4, 5, 2, 82);
    assert_eq!(run(&x, &w, &h, needed, plain), Ok(()));
    assert_eq!(run(&x, &w, &h, needed - 1, plain), Err(Error::ScratchTooSmall { needed, given: needed - 1 }));
    let empty = (Matrix::new(4, 0, |_, _| 0.0), Matrix::new(0, 5, |_, _| 0.0));
    assert!(matches!(run(&x, &empty.0, &empty.1, needed, plain), Err(Error::Rank { given: 0, .. })));
    let shape = |operand, expected, given| Err(Error::Shape { operand, expected, given });
    assert_eq!(run(&x, &w.t(), &h, 999_999, plain), shape(Operand::Left, (4, 4), (2, 4)));
    assert_eq!(run(&x, &w, &h.t(), needed, plain), shape(Operand::Right, (2, 5), (5, 2)));
    for tolerance in [-1e-9, 1.0, f64::NAN, f64::INFINITY] {
        let result = run(&x, &w, &h, needed, plain.tolerance(tolerance));
        assert_eq!(result, Err(Error::Option { name: "tolerance" }));
    }
    for weight in [-1e-9, f64::NAN, f64::INFINITY] {
        for penalty in [Penalty::new(weight, 0.0), Penalty::new(0.0, weight)] {
            let (left, right) = (plain.penalties(penalty, Penalty::NONE), plain.penalties(Penalty::NONE, penalty));
            assert_eq!(run(&x, &w, &h, needed, left), Err(Error::Option { name: "left" }));
            assert_eq!(run(&x, &w, &h, needed, right), Err(Error::Option { name: "right" }));
        }
    }
    let spoiled = |a: &Matrix, place: usize, bad: f64| {
        let mut a = a.clone();
        a.data[place] = bad;
        a
    };
    for bad in [f64::NAN, f64::INFINITY, -1e-300] {
        let error = |operand, row, col| {
            let negative = Err(Error::Negative { operand, row, col });
            if bad < 0.0 { negative } else { Err(Error::NonFinite { operand, row, col }) }
        };
        (0..20).for_each(|p| {
            assert_eq!(run(&spoiled(&x, p, bad), &w, &h, needed, plain), error(Operand::A, p / 5, p % 5))
        });
        (0..8).for_each(|p| {
            assert_eq!(run(&x, &spoiled(&w, p, bad), &h, needed, plain), error(Operand::Left, p / 2, p % 2))
        });
        (0..10).for_each(|p| {
            assert_eq!(run(&x, &w, &spoiled(&h, p, bad), needed, plain), error(Operand::Right, p / 5, p % 5));
        });
    }
    // A negative zero is zero.
    assert_eq!(run(&spoiled(&x, 3, -0.0), &spoiled(&w, 3, -0.0), &h, needed, plain), Ok(()));
}

#[test]
fn a_bad_entry_of_a_csr_matrix_is_named() {
    let (w, h) = start(4, 5, 2, 83);
    for bad in [f64::NAN, f64::NEG_INFINITY, -1.0] {
        for place in 0..20 {
            let mut x = Matrix::new(4, 5, |i, j| f64::from(u8::from((i + j) % 2 == 0)));
            x.data[place] = bad;
            let result = updates(&Sparse::of(&x).csr(), &w, &h, Options::new(), 1, 0.0).err();
            let (operand, row, col) = (Operand::A, place / 5, place % 5);
            let expected = if bad == -1.0 {
                Error::Negative { operand, row, col }
            } else {
                Error::NonFinite { operand, row, col }
            };
            assert_eq!(result, Some(expected));
            let flipped = Sparse::of(&x.t());
            assert_eq!(updates(&Transposed(&flipped.csr()), &w, &h, Options::new(), 1, 0.0).err(), Some(expected));
        }
    }
}

#[test]
fn the_driver_is_a_loop_over_updates() {
    let x = nonnegative(30, 20, 0.2, 89);
    let operator = Dense::new(MatRef::row_major(&x.data, 30, 20).unwrap());
    let (w, h) = start(30, 20, 4, 90);
    for solver in SOLVERS {
        let drive = |options: Options, stop: usize| {
            let (mut left, mut right, mut seen) = (w.data.clone(), h.data.clone(), vec![]);
            let mut memory = vec![0.0; nmf::scratch_len(&operator, 4)];
            let (a, b) = (MatMut::row_major(&mut left, 30, 4).unwrap(), MatMut::row_major(&mut right, 4, 20).unwrap());
            let info = nmf::factorize(&operator, a, b, &options, &mut memory, |progress| {
                seen.push(*progress);
                if progress.iteration == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .unwrap();
            (info, left, right, seen)
        };
        let (info, left, right, seen) = drive(solver.tolerance(0.0).max_iterations(23), usize::MAX);
        let expected = updates(&operator, &w, &h, solver, 23, 0.0).unwrap();
        assert!(info.stop == Stop::MaxIterations && !info.converged());
        assert!(info.progress.iteration == 23 && info.progress.relative_error == expected.errors[22]);
        assert!(left == expected.w.data && right == expected.h.data);
        assert!(seen.iter().map(|p| p.iteration).eq(1..=23));
        assert!(seen.iter().map(|p| p.relative_error).eq(expected.errors.iter().copied()));

        let (info, left, ..) = drive(solver, 7);
        assert!(info.progress.iteration == 7 && info.stop == Stop::Observer);
        assert_eq!(left, updates(&operator, &w, &h, solver, 7, 0.0).unwrap().w.data);

        let (_, _, _, all) = drive(solver.tolerance(0.0).max_iterations(400), usize::MAX);
        for tolerance in [1e-1, 1e-2, 1e-3] {
            let e: Vec<f64> = all.iter().map(|p| p.relative_error).collect();
            let decrease = (10..400).find(|&i| e[i - 10] - e[i] < tolerance * e[0]);
            let gradient = all.iter().position(|p| p.projected_gradient <= tolerance);
            for (criterion, end) in [(Criterion::Decrease, decrease), (Criterion::ProjectedGradient, gradient)] {
                let options = solver.tolerance(tolerance).criterion(criterion).max_iterations(400);
                let (info, ..) = drive(options, usize::MAX);
                let expected = end.map_or((Stop::MaxIterations, 400), |i| (Stop::Tolerance, i + 1));
                assert_eq!((info.stop, info.progress.iteration), expected, "{criterion:?}");
            }
        }
        assert!(all[0].projected_gradient == 1.0);

        let (info, left, right, _) = drive(solver.max_iterations(0), usize::MAX);
        assert!(info.progress.iteration == 0 && !info.converged() && info.progress.relative_error.is_nan());
        assert!(left == w.data && right == h.data);
    }
}

/// Also where the factors are scaled, which takes sums at the end.
#[test]
fn an_error_of_the_operator_ends_the_call_and_nothing_changes() {
    for scale in [1.0, 1e300] {
        let (m, n, k) = (9, 7, 2);
        let x = nonnegative(m, n, 0.0, 88);
        let x = Matrix::new(m, n, |i, j| scale * x.at(i, j));
        let (w, h) = start(m, n, k, 89);
        for way in 0..4 {
            let calls = (0..).take_while(|&at| {
                let failing = Failing::new(Dense::new(MatRef::row_major(&x.data, m, n).unwrap()), at);
                let (mut left, mut right) = (w.data.clone(), h.data.clone());
                let (a, b) =
                    (MatMut::row_major(&mut left, m, k).unwrap(), MatMut::row_major(&mut right, k, n).unwrap());
                let result = if let Some(solver) = SOLVERS.get(way) {
                    let mut memory = vec![0.0; nmf::scratch_len(&failing, k)];
                    let options = solver.tolerance(0.0).max_iterations(3);
                    nmf::factorize(&failing, a, b, &options, &mut memory, |_| ControlFlow::Continue(()))
                } else {
                    let mut memory = vec![0.0; divergence::scratch_len(&failing, k)];
                    let options = divergence::Options::new(1.5).tolerance(0.0).max_iterations(3);
                    divergence::factorize(&failing, a, b, &options, &mut memory, |_| ControlFlow::Continue(()))
                };
                let same = left == w.data && right == h.data;
                assert!(result.is_ok() != same, "{way}, call {at}");
                result.is_err_and(|error| error == Error::Operator { code: at as i32 })
            });
            assert!(calls.count() >= 10);
        }
    }
}

#[test]
fn without_a_finish_nothing_changes() {
    let (m, n, k) = (9, 7, 2);
    let x = nonnegative(m, n, 0.0, 90);
    let operator = Dense::new(MatRef::row_major(&x.data, m, n).unwrap());
    let (w, h) = start(m, n, k, 91);
    let (mut left, mut right) = (w.data.clone(), h.data.clone());
    let mut memory = vec![0.0; nmf::scratch_len(&operator, k).max(divergence::scratch_len(&operator, k))];
    for updates in [0, 3] {
        for solver in SOLVERS {
            let (a, b) = (MatMut::row_major(&mut left, m, k).unwrap(), MatMut::row_major(&mut right, k, n).unwrap());
            let mut state = State::new(&operator, a, b, &solver, &mut memory).unwrap();
            (0..updates).for_each(|_| assert!(state.update().is_ok()));
            if updates == 0 {
                state.finish().unwrap();
            }
            assert!(left == w.data && right == h.data);
        }
        let (a, b) = (MatMut::row_major(&mut left, m, k).unwrap(), MatMut::row_major(&mut right, k, n).unwrap());
        let options = divergence::Options::new(1.0);
        let mut state = divergence::State::new(&operator, a, b, &options, &mut memory).unwrap();
        (0..updates).for_each(|_| state.update().unwrap());
        if updates == 0 {
            state.finish().unwrap();
        }
        assert!(left == w.data && right == h.data);
    }
}
