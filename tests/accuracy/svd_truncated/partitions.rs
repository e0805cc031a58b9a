//! Rows that lie on several machines.

use super::{Svd, exact, near_best, run, valid};
use crate::machines::{self, rows_of};
use crate::matrices::with_values;
use crate::measures::Matrix;
use lowrank::operator::{Dense, LinearOperator};
use lowrank::svd::truncated::{Options, Request, State, state_len};
use lowrank::{Error, MatMut, MatRef, Operand};

/// One machine for each block of rows, in lockstep: the factors, U in the order of the blocks.
fn in_lockstep(parts: &[Matrix], whole: &Matrix, rank: usize, options: &Options) -> Svd {
    let n = whole.cols;
    let scan = Dense::new(MatRef::row_major(&whole.data, whole.rows, n).unwrap()).check().unwrap();
    let memory = |part: &Matrix| vec![f64::NAN; state_len(part.rows, n, rank, options.oversample)];
    let mut memories: Vec<Vec<f64>> = parts.iter().map(memory).collect();
    let states = parts.iter().zip(&mut memories).enumerate();
    let mut states: Vec<State<f64>> = states
        .map(|(p, (part, memory))| State::new(part.rows, n, rank, scan, &options.machine(p as u64), memory).unwrap())
        .collect();
    loop {
        let mut requests: Vec<Request<f64>> = states.iter_mut().map(|state| state.step().unwrap()).collect();
        let mut total: Vec<f64> = vec![];
        let mut done = 0;
        for (part, request) in parts.iter().zip(&mut requests) {
            let store = |mut output: MatMut<'_, f64>, product: &Matrix| {
                assert_eq!(output.shape(), (product.rows, product.cols));
                for i in 0..product.rows {
                    (0..product.cols).for_each(|j| *output.get_mut(i, j).unwrap() = product.at(i, j));
                }
            };
            match request {
                Request::Apply { input, output } => store(output.rb(), &part.times(&Matrix::of(*input))),
                Request::ApplyTranspose { input, output } => store(output.rb(), &part.t().times(&Matrix::of(*input))),
                Request::Sum(buffer) => {
                    total.resize(buffer.len(), 0.0);
                    total.iter_mut().zip(buffer.iter()).for_each(|(sum, x)| *sum += x);
                }
                Request::Done(_) => done += 1,
                _ => unreachable!(),
            }
        }
        for request in &mut requests {
            if let Request::Sum(buffer) = request {
                buffer.copy_from_slice(&total);
            }
        }
        assert!(done == 0 || done == parts.len());
        if done > 0 {
            break;
        }
    }
    let mut result: Option<Svd> = None;
    let mut left = vec![];
    for (part, state) in parts.iter().zip(&mut states) {
        let (mut s, mut u, mut v) = (vec![0.0; rank], vec![0.0; part.rows * rank], vec![0.0; n * rank]);
        let left_view = MatMut::row_major(&mut u, part.rows, rank).unwrap();
        let info = state.finish(&mut s, Some(left_view), Some(MatMut::row_major(&mut v, n, rank).unwrap())).unwrap();
        left.extend(u);
        let v = Matrix { rows: n, cols: rank, data: v };
        if let Some(first) = &result {
            assert!(first.s == s && first.v.data == v.data && first.info == info);
        }
        result = Some(Svd { u: Matrix::new(0, 0, |_, _| 0.0), s, v, info });
    }
    Svd { u: Matrix { rows: whole.rows, cols: rank, data: left }, ..result.unwrap() }
}

fn cut(a: &Matrix, places: &[usize]) -> Vec<Matrix> {
    let ends = places.iter().copied().chain([a.rows]);
    [0].iter().chain(places).zip(ends).map(|(&first, end)| rows_of(a, first, end - first)).collect()
}

#[test]
fn rows_on_several_machines_give_the_factors_of_one() {
    let s: Vec<f64> = (0..20).map(|i| 0.7f64.powi(i)).collect();
    let a = with_values(45, 20, &s, 52);
    let options = Options::new().oversample(2).tolerance(0.0).max_passes(6);
    let one = in_lockstep(std::slice::from_ref(&a), &a, 4, &options);
    valid::<f64>(&a, &one, "one machine");
    for places in [&[22][..], &[3], &[10, 30], &[0], &[45], &[1, 2, 44]] {
        let many = in_lockstep(&cut(&a, places), &a, 4, &options);
        valid::<f64>(&a, &many, &format!("cut at {places:?}"));
        assert!(many.info.passes == one.info.passes);
        for (x, y) in [(&one.u, &many.u), (&one.v, &many.v)] {
            let difference = x.minus(y).norm();
            assert!(difference < 1e-10, "cut at {places:?}: {difference:e}");
        }
        assert!(many.s.iter().zip(&one.s).all(|(x, y)| (x - y).abs() < 1e-13));
    }
}

#[test]
fn machines_with_equal_rows_replace_missing_directions_by_independent_ones() {
    // Rank one: all but one column of U are random, and must be so on all machines together.
    for (rows, parts) in [(2, 2), (4, 4), (6, 3), (40, 2)] {
        let a = Matrix::new(rows, 4, |_, _| 1.0);
        let places: Vec<usize> = (1..parts).map(|p| p * rows / parts).collect();
        let rank = rows.min(4);
        let svd = in_lockstep(&cut(&a, &places), &a, rank, &Options::new().oversample(0));
        valid::<f64>(&a, &svd, &format!("{rows} rows on {parts} machines"));
    }
}

/// `truncated` on two machines at once, each with one half of the rows.
fn on_two_machines(a: &Matrix, rank: usize, options: &Options) -> Svd {
    let [above, below] =
        machines::halves(a, |number, half| run(half, rank, &options.machine(number), f64::NAN).unwrap());
    assert!(above.s == below.s && above.v.data == below.v.data && above.info == below.info);
    Svd { u: Matrix { rows: a.rows, cols: rank, data: [above.u.data, below.u.data].concat() }, ..below }
}

#[test]
fn the_driver_sums_over_machines() {
    let a = with_values(80, 20, &(0..20).map(|i| 0.8f64.powi(i)).collect::<Vec<_>>(), 53);
    let s = exact(&a);
    for oversample in [0, 3, 20] {
        let svd = on_two_machines(&a, 3, &Options::new().oversample(oversample));
        valid::<f64>(&a, &svd, "two machines");
        near_best::<f64>(&a, &s, &svd, 1e-4, "two machines");
    }
}

#[test]
fn the_driver_sums_over_machines_that_hold_fewer_rows_than_columns() {
    let a = with_values(30, 20, &(0..20).map(|i| 0.8f64.powi(i)).collect::<Vec<_>>(), 54);
    let half = rows_of(&a, 0, 15);
    assert!(half.rows < half.cols);
    let svd = on_two_machines(&a, 3, &Options::new());
    valid::<f64>(&a, &svd, "two machines");
    near_best::<f64>(&a, &exact(&a), &svd, 1e-4, "two machines");
}

/// A product that is not finite is named by the next sum, whichever it is: there is no result.
#[test]
fn products_that_are_not_finite_end_the_iteration() {
    let (rows, cols, rank) = (30, 20, 2);
    let values: Vec<f64> = (0..20).map(|i| 1.0 - 0.01 * f64::from(i)).collect();
    let a = with_values(rows, cols, &values, 3);
    // Each pass has two products, and one comes after.
    let options = Options::new().max_passes(3).tolerance(0.0).oversample(1);
    const PRODUCTS: usize = 7;
    let scan = Dense::new(MatRef::row_major(&a.data, rows, cols).unwrap()).check().unwrap();
    let mut spoilt = 0;
    for bad in [f64::NAN, f64::INFINITY] {
        for spoilt_product in 0.. {
            let mut memory = vec![0.0; state_len(rows, cols, rank, options.oversample)];
            let mut state = State::new(rows, cols, rank, scan, &options, &mut memory).unwrap();
            let mut product = 0;
            let ended = loop {
                let (input, transposed, mut output) = match state.step() {
                    Ok(Request::Apply { input, output }) => (input, false, output),
                    Ok(Request::ApplyTranspose { input, output }) => (input, true, output),
                    Ok(Request::Done(_)) => break Ok(()),
                    Ok(_) => continue,
                    Err(error) => break Err(error),
                };
                let input = Matrix::of(input);
                let exact = if transposed { a.t().times(&input) } else { a.times(&input) };
                for i in 0..exact.rows {
                    (0..exact.cols).for_each(|j| *output.get_mut(i, j).unwrap() = exact.at(i, j));
                }
                if product == spoilt_product {
                    *output.get_mut(3, 1).unwrap() = bad;
                }
                product += 1;
            };
            if product <= spoilt_product {
                assert_eq!(ended, Ok(()));
                break;
            }
            let last = spoilt_product % 2 == 1 || spoilt_product + 1 == PRODUCTS;
            match ended {
                Err(Error::NonFinite { operand: Operand::C, row, col }) => {
                    // What a product passes on to the next is found there.
                    assert!(!last || (row, col) == (3, 1), "{spoilt_product}: {row}, {col}");
                }
                other => panic!("{spoilt_product}: {other:?}"),
            }
            spoilt += 1;
        }
    }
    assert_eq!(spoilt, 2 * PRODUCTS);
}
