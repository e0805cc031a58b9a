//! Beta-divergences: the updates against their formulas, the divergence against its definition.

use super::start;
use crate::layouts::{ORDERS, Stored, bits};
use crate::machines::{halves, rows_of};
use crate::matrices::{Sparse, nonnegative};
use crate::measures::Matrix;
use lowrank::nmf::Penalty;
use lowrank::nmf::divergence::{self, ITAKURA_SAITO, KULLBACK_LEIBLER, Options, State};
use lowrank::operator::{Dense, Entries, Transposed};
use lowrank::{Error, MatMut, MatRef, Operand, Real};
use proptest::prelude::*;
use std::ops::ControlFlow;

const BETAS: [f64; 8] = [-1.0, ITAKURA_SAITO, 0.5, KULLBACK_LEIBLER, 1.5, 2.0, 3.0, 2.5];

struct Found {
    w: Matrix,
    h: Matrix,
    /// The relative error, the objective and the zeros raised, after each update.
    told: Vec<(f64, f64, usize)>,
}

fn updates<T: Real>(
    x: &impl Entries<T>,
    w: &Matrix,
    h: &Matrix,
    options: &Options,
    count: usize,
) -> Result<Found, Error> {
    let (m, n, k) = (x.rows(), x.cols(), w.cols);
    let (mut left, mut right): (Vec<T>, Vec<T>) = (w.cast(), h.cast());
    let mut memory = vec![T::from_f64(f64::NAN); divergence::scratch_len(x, k)];
    let (a, b) = (MatMut::row_major(&mut left, m, k)?, MatMut::row_major(&mut right, k, n)?);
    let mut state = State::new(x, a, b, options, &mut memory)?;
    let mut told = vec![];
    for _ in 0..count {
        state.update()?;
        let progress = state.progress()?;
        told.push((progress.relative_error, progress.objective, progress.lifted));
    }
    state.finish()?;
    let of = |data: &[T], rows, cols| Matrix::of(MatRef::row_major(data, rows, cols).unwrap());
    Ok(Found { w: of(&left, m, k), h: of(&right, k, n), told })
}

fn dense(x: &Matrix) -> Dense<'_, f64> {
    Dense::new(MatRef::row_major(&x.data, x.rows, x.cols).unwrap())
}

fn map(x: &Matrix, f: impl Fn(f64) -> f64) -> Matrix {
    Matrix::new(x.rows, x.cols, |i, j| f(x.at(i, j)))
}

fn positive(m: usize, n: usize, seed: u64) -> Matrix {
    map(&nonnegative(m, n, 0.0, seed), |x| x + 0.05)
}

/// The update of W with every matrix formed.
fn rule(x: &Matrix, w: &Matrix, h: &Matrix, beta: f64, penalty: Penalty) -> Matrix {
    let v = w.times(h);
    let weighted = Matrix::new(x.rows, x.cols, |i, j| x.at(i, j) * v.at(i, j).powf(beta - 2.0));
    let (above, below) = (weighted.times(&h.t()), map(&v, |v| v.powf(beta - 1.0)).times(&h.t()));
    let power = if beta < 1.0 { 1.0 / (2.0 - beta) } else { 1.0 / (beta - 1.0).max(1.0) };
    let power = if penalty.l2 > 0.0 && beta < 2.0 { 1.0 / (3.0 - beta) } else { power };
    Matrix::new(w.rows, w.cols, |i, j| {
        let (w, above, below) = (w.at(i, j), above.at(i, j), below.at(i, j) + penalty.l1);
        if beta == 1.0 && penalty.l2 > 0.0 {
            // l2 w^2 + b w - a w0 = 0
            ((below * below + 4.0 * penalty.l2 * above * w).sqrt() - below) / (2.0 * penalty.l2)
        } else {
            w * (above / (below + penalty.l2 * w)).powf(power)
        }
    })
}

fn distance(x: &Matrix, w: &Matrix, h: &Matrix, beta: f64) -> f64 {
    let v = w.times(h);
    let term = |x: f64, v: f64| match beta {
        1.0 => (if x > 0.0 { x * (x / v).ln() } else { 0.0 }) - x + v,
        0.0 => x / v - (x / v).ln() - 1.0,
        _ => (x.powf(beta) + (beta - 1.0) * v.powf(beta) - beta * x * v.powf(beta - 1.0)) / (beta * (beta - 1.0)),
    };
    x.data.iter().zip(&v.data).map(|(x, v)| term(*x, *v)).sum()
}

fn cost(w: &Matrix, penalty: Penalty) -> f64 {
    w.data.iter().map(|w| penalty.l1 * w + penalty.l2 / 2.0 * w * w).sum()
}

#[test]
fn updates_and_divergences_are_their_formulas() {
    for (m, n, k) in [(1, 1, 1), (7, 5, 3), (70, 9, 2), (9, 140, 4)] {
        let x = positive(m, n, 301);
        let (w, h) = start(m, n, k, 302);
        for beta in BETAS {
            for (left, right) in [(Penalty::NONE, Penalty::NONE), (Penalty::new(0.2, 0.1), Penalty::new(0.05, 0.3))] {
                let options = Options::new(beta).penalties(left, right).extrapolate(false);
                let result = updates(&dense(&x), &w, &h, &options, 3).unwrap();
                let (mut w, mut h) = (w.clone(), h.clone());
                for _ in 0..3 {
                    w = rule(&x, &w, &h, beta, left);
                    h = rule(&x.t(), &h.t(), &w.t(), beta, right).t();
                }
                let context = format!("{m} x {n}, beta {beta}");
                let off = (result.w.minus(&w).norm() + result.h.minus(&h).norm()) / (w.norm() + h.norm());
                assert!(off < 1e-10, "{context}: {off:e}");
                let (error, objective, _) = result.told[2];
                let loss = distance(&x, &w, &h, beta);
                let expected = loss + cost(&w, left) + cost(&h, right);
                assert!((objective - expected).abs() < 1e-10 * (1.0 + expected), "{context}: {objective} {expected}");
                let power: f64 = x.data.iter().map(|x| x.powf(beta)).sum();
                let size = if beta == 0.0 { (m * n) as f64 } else { power / beta.max(1.0) };
                assert!((error - (loss.max(0.0) / size).sqrt()).abs() < 1e-7, "{context}: {error}");
            }
        }
    }
}

proptest! {
    #[test]
    fn the_objective_never_rises(
        m in 1usize..9, n in 1usize..9, k in 1usize..5, which in 0usize..8, zeros in 0.0f64..0.9,
        weights in prop::array::uniform4(prop_oneof![Just(0.0), 0.0f64..3.0]), seed: u64,
    ) {
        let beta = BETAS[which];
        let x = if beta <= 0.0 { positive(m, n, seed) } else { nonnegative(m, n, zeros, seed) };
        let (mut w, h) = start(m, n, k, seed);
        // Where all of v is below its floor the objective is only as true as that.
        if k > 1 && seed.is_multiple_of(3) {
            w.data[0] = 0.0;
        }
        let [a, b, c, d] = weights;
        let options = Options::new(beta).penalties(Penalty::new(a, b), Penalty::new(c, d));
        let result = updates(&dense(&x), &w, &h, &options.extrapolate(seed.is_multiple_of(2)), 30).unwrap();
        prop_assert!(result.w.data.iter().chain(&result.h.data).all(|x| *x >= 0.0 && x.is_finite()));
        for pair in result.told.windows(2) {
            let slack = 1e-12 * (pair[0].1 + x.data.iter().sum::<f64>() + 1.0);
            prop_assert!(pair[1].1 <= pair[0].1 + slack, "beta {beta}: {:?}", result.told);
        }
    }
}

/// Only the stored entries are touched, with the factors and the divergence of the dense matrix.
#[test]
fn every_operator_gives_the_same_factors() {
    let x = nonnegative(70, 25, 0.7, 303);
    let (w, h) = start(70, 25, 4, 304);
    let flipped = x.t();
    for beta in [0.5, 1.0, 1.5, 2.0, 3.0] {
        let options = Options::new(beta);
        let all = updates(&dense(&x), &w, &h, &options, 10).unwrap();
        let sparse = updates(&Sparse::<f64>::of(&x).csr(), &w, &h, &options, 10).unwrap();
        let other = updates(&Transposed(&dense(&flipped)), &w, &h, &options, 10).unwrap();
        for other in [sparse, other] {
            assert!(all.w.minus(&other.w).norm() < 1e-9 && all.h.minus(&other.h).norm() < 1e-9, "beta {beta}");
            for (told, expected) in other.told.iter().zip(&all.told) {
                assert!((told.0 - expected.0).abs() < 1e-10 && (told.1 - expected.1).abs() < 1e-9 * expected.1);
            }
        }
    }
}

#[test]
fn a_planted_factorization_is_found() {
    let (w, h) = (positive(30, 3, 305), positive(3, 20, 306));
    let x = w.times(&h);
    for beta in BETAS {
        let exact = updates(&dense(&x), &w, &h, &Options::new(beta), 3).unwrap();
        assert!(exact.told.iter().all(|told| told.0 < 1e-7), "beta {beta}: {:?}", exact.told);
        let near = |a: &Matrix, seed| map(a, |x| x).minus(&map(&positive(a.rows, a.cols, seed), |x| -0.1 * x));
        let result = updates(&dense(&x), &near(&w, 307), &near(&h, 308), &Options::new(beta), 3000).unwrap();
        let (first, last) = (result.told[0].0, result.told[2999].0);
        assert!(last < 0.05 * first, "beta {beta}: {first:e} {last:e}");
    }
}

#[test]
fn scale_does_not_matter() {
    fn check<T: Real>(exponents: &[i32], limit: f64) {
        let x = positive(20, 15, 309).rounded::<T>();
        let (w, h) = start(20, 15, 3, 310);
        for beta in BETAS {
            let run = |e: i32| {
                let scaled = map(&x, |x| T::from_f64(x).scale(e).to_f64());
                let data: Vec<T> = scaled.cast();
                let x = Dense::new(MatRef::row_major(&data, 20, 15).unwrap());
                updates(&x, &w, &h, &Options::new(beta), 20).unwrap()
            };
            let plain = run(0).told[19].0;
            for &e in exponents {
                let told = run(e).told[19].0;
                assert!((told - plain).abs() < limit, "beta {beta}, 2^{e}: {told} {plain}");
            }
        }
    }
    check::<f64>(&[-1000, -500, 500, 1000], 1e-2);
    check::<f32>(&[-110, -60, 60, 110], 1e-2);
}

#[test]
fn zeros_do_not_lock_and_are_counted() {
    let x = positive(12, 10, 311);
    let (mut w, h) = start(12, 10, 3, 312);
    (0..6).for_each(|p| w.data[5 * p] = 0.0);
    for beta in BETAS {
        let result = updates(&dense(&x), &w, &h, &Options::new(beta), 3000).unwrap();
        assert!(result.told[0].2 > 0, "beta {beta}");
        assert!((0..6).any(|p| result.w.data[5 * p] > 1e-3), "beta {beta}");
    }
    // Where W H is zero and X is not.
    let none = Matrix::new(12, 3, |_, _| 0.0);
    let result = updates(&dense(&x), &none, &h, &Options::new(1.0), 3000).unwrap();
    assert!(result.told[2999].0 < 0.5, "{:?}", result.told[2999]);
}

#[test]
fn new_rows_are_transformed_as_if_they_had_been_there() {
    let x = positive(70, 12, 313);
    let (_, h) = start(70, 12, 3, 314);
    for beta in BETAS {
        let operator = dense(&x);
        let (mut w, mut memory) = (vec![f64::NAN; 210], vec![f64::NAN; divergence::scratch_len(&operator, 3)]);
        let options = Options::new(beta).tolerance(0.0).max_iterations(5000);
        let fixed = MatRef::row_major(&h.data, 3, 12).unwrap();
        divergence::transform(&operator, fixed, MatMut::row_major(&mut w, 70, 3).unwrap(), &options, &mut memory)
            .unwrap();
        let w = Matrix::new(70, 3, |i, j| w[i * 3 + j]);
        let (best, mut slopes) = (distance(&x, &w, &h, beta), vec![]);
        for p in 0..w.data.len() {
            let moved = |step: f64| {
                let mut w = w.clone();
                w.data[p] += step;
                distance(&x, &w, &h, beta)
            };
            let slope = (moved(1e-5) - best) / 1e-5;
            slopes.push(w.data[p].min(slope).abs());
        }
        let largest = slopes.iter().fold(0.0f64, |m, s| m.max(*s));
        assert!(largest < 0.02, "beta {beta}: {largest}");
    }
}

#[test]
fn wrong_arguments_are_named_and_the_driver_looks_every_tenth_time() {
    let (mut x, (w, h)) = (positive(6, 5, 315), start(6, 5, 2, 316));
    let mut seen = vec![];
    let (mut left, mut right) = (w.data.clone(), h.data.clone());
    let operator = dense(&x);
    let mut memory = vec![0.0; divergence::dense_scratch_len::<f64>(6, 5, 2)];
    assert_eq!(memory.len(), divergence::scratch_len(&operator, 2));
    let (a, b) = (MatMut::row_major(&mut left, 6, 2).unwrap(), MatMut::row_major(&mut right, 2, 5).unwrap());
    let options = Options::new(1.0).tolerance(0.0).max_iterations(25);
    let info = divergence::factorize(&operator, a, b, &options, &mut memory, |progress| {
        seen.push(progress.iteration);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!((seen, info.progress.iteration), (vec![1, 10, 20, 25], 25));
    let mut state = (w.data.clone(), h.data.clone());
    let mut memory = vec![0.0; divergence::scratch_len(&operator, 2)];
    let (a, b) = (MatMut::row_major(&mut state.0, 6, 2).unwrap(), MatMut::row_major(&mut state.1, 2, 5).unwrap());
    let mut by_hand = State::new(&operator, a, b, &options, &mut memory).unwrap();
    for count in 1..=25 {
        by_hand.update().unwrap();
        if count % 10 == 0 || count == 1 || count == 25 {
            by_hand.progress().unwrap();
        }
    }
    by_hand.finish().unwrap();
    assert!((left, right) == state);

    let refused = |x: &Matrix, options: Options| updates(&dense(x), &w, &h, &options, 1).err();
    for beta in [f64::NAN, f64::INFINITY, -8.7, 10.7] {
        assert_eq!(refused(&x, Options::new(beta)), Some(Error::Option { name: "beta" }));
    }
    assert_eq!(
        refused(&x, options.penalties(Penalty::new(-1.0, 0.0), Penalty::NONE)),
        Some(Error::Option { name: "left" })
    );
    x.data[8] = 0.0;
    let zero = Some(Error::Zero { operand: Operand::A, row: 1, col: 3 });
    assert_eq!(
        [refused(&x, Options::new(0.0)), refused(&x, Options::new(-1.0)), refused(&x, Options::new(0.5))],
        [zero, zero, None]
    );
    x.data[8] = -1.0;
    assert_eq!(refused(&x, options), Some(Error::Negative { operand: Operand::A, row: 1, col: 3 }));
    x.data[8] = f64::NAN;
    assert_eq!(refused(&x, options), Some(Error::NonFinite { operand: Operand::A, row: 1, col: 3 }));
}

/// Fewer updates, and what is told never rises.
#[test]
fn extrapolation_hastens_and_what_has_risen_is_taken_back() {
    let x = nonnegative(60, 40, 0.3, 317);
    let (w, h) = start(60, 40, 5, 318);
    for beta in [1.0, 1.5, 2.0] {
        let run = |extrapolate: bool| {
            let (mut left, mut right, mut seen) = (w.data.clone(), h.data.clone(), vec![]);
            let operator = dense(&x);
            let mut memory = vec![f64::NAN; divergence::scratch_len(&operator, 5)];
            let (a, b) = (MatMut::row_major(&mut left, 60, 5).unwrap(), MatMut::row_major(&mut right, 5, 40).unwrap());
            let options = Options::new(beta).tolerance(0.0).max_iterations(2000).extrapolate(extrapolate);
            divergence::factorize(&operator, a, b, &options, &mut memory, |progress| {
                seen.push(progress.objective);
                ControlFlow::Continue(())
            })
            .unwrap();
            let (w, h) = (Matrix::new(60, 5, |i, j| left[i * 5 + j]), Matrix::new(5, 40, |i, j| right[i * 40 + j]));
            let last = *seen.last().unwrap();
            assert!(
                (distance(&x, &w, &h, beta) / last - 1.0).abs() < 1e-9,
                "beta {beta}: the factors are those told of"
            );
            seen
        };
        let (plain, fast) = (run(false), run(true));
        assert!(fast.windows(2).all(|pair| pair[1] <= pair[0]), "beta {beta}");
        assert!(fast[10] < plain[15], "beta {beta}: {} after 100 updates, plain {} after 150", fast[10], plain[15]);
    }
}

/// After an update the objective is what it was to the last bit only if the factors are.
#[test]
fn an_extrapolation_that_has_risen_is_taken_back() {
    let mut taken_back = 0;
    for seed in 331..391 {
        let x = nonnegative(8, 6, 0.5, seed);
        let (w, h) = start(8, 6, 2, seed);
        for beta in [1.0, 1.5, 2.0] {
            let options = Options::new(beta).penalties(Penalty::new(0.1, 1.0), Penalty::new(0.3, 0.1));
            let told: Vec<f64> =
                updates(&dense(&x), &w, &h, &options, 100).unwrap().told.iter().map(|told| told.1).collect();
            // Where it stands still it may be at its end.
            let moving = |now: f64| now > told[99] * (1.0 + 1e-6);
            for pair in told.windows(2) {
                assert!(pair[1] <= pair[0] * (1.0 + 1e-12), "beta {beta}: {pair:?}");
                taken_back += usize::from(pair[0] == pair[1] && moving(pair[1]));
            }
        }
    }
    assert!(taken_back > 0);
}

/// The ends of what beta may be, starts far from the scale of X, and one factor far from the other's.
#[test]
fn powers_stay_in_range() {
    fn check<T: Real>(betas: &[f64], exponents: &[i32]) {
        let x = positive(20, 15, 319).rounded::<T>();
        let (w, h) = start(20, 15, 3, 320);
        let data: Vec<T> = x.cast();
        let operator = Dense::new(MatRef::row_major(&data, 20, 15).unwrap());
        let scaled = |x: &Matrix, e: i32| map(x, |x| T::from_f64(x).scale(e).to_f64());
        for &beta in betas {
            let options = Options::new(beta);
            let plain = updates(&operator, &w, &h, &options, 100).unwrap().told[99].0;
            for &e in exponents {
                for (left, right) in [(e, 0), (0, e), (e, -e), (-e, e)] {
                    let (w, h) = (scaled(&w, left), scaled(&h, right));
                    let told = updates(&operator, &w, &h, &options, 100).unwrap().told;
                    // Far from X the way is another, but the first steps come near.
                    assert!(told[99].0 < 1.5 * plain, "beta {beta}, 2^{left} and 2^{right}: {} {plain}", told[99].0);
                }
            }
            // The largest and the smallest X that is not near an end of the range.
            for e in [T::MAX_EXPONENT / 8 - 1, 1 - T::MAX_EXPONENT / 8] {
                let data: Vec<T> = scaled(&x, e).cast();
                let operator = Dense::new(MatRef::row_major(&data, 20, 15).unwrap());
                let told = updates(&operator, &scaled(&w, e), &h, &options, 100).unwrap().told[99];
                assert!((told.0 - plain).abs() < 1e-3 * plain, "beta {beta}, X times 2^{e}: {} {plain}", told.0);
            }
        }
    }
    check::<f64>(&[-8.6, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 10.6], &[-900, -40, 40, 300, 900]);
    check::<f32>(&[-1.6, 0.0, 0.5, 1.0, 1.5, 2.0, 3.6], &[-100, -20, 20, 60, 100]);
}

#[test]
fn matrices_without_rows_or_columns_and_zeros() {
    for beta in BETAS {
        for (m, n) in [(0, 5), (5, 0), (0, 0)] {
            let (x, w, h) = (positive(m, n, 321), positive(m, 2, 322), positive(2, n, 323));
            let result = updates(&dense(&x), &w, &h, &Options::new(beta), 3).unwrap();
            assert!(result.told.iter().all(|told| *told == (0.0, 0.0, 0)), "beta {beta}, {m} x {n}");
            let sparse = updates(&Sparse::<f64>::of(&x).csr(), &w, &h, &Options::new(beta), 3).unwrap();
            assert!(sparse.told == result.told);
        }
    }
    for beta in [0.5, 1.0, 1.5, 2.0, 3.0] {
        let (x, (w, h)) =
            (Matrix::new(6, 5, |i, j| if i == 2 || j == 3 { 0.0 } else { 1.0 + j as f64 }), start(6, 5, 2, 324));
        for x in [x.clone(), Matrix::new(6, 5, |_, _| 0.0)] {
            let result = updates(&dense(&x), &w, &h, &Options::new(beta), 400).unwrap();
            let v = result.w.times(&result.h);
            assert!(
                v.minus(&x).norm() < 5e-2 && v.data.iter().all(|v| v.is_finite()),
                "beta {beta}: {:e}",
                v.minus(&x).norm()
            );
        }
    }
}

#[test]
fn scratch_and_strides_do_not_change_a_bit_and_one_less_is_refused() {
    let x = positive(30, 25, 325);
    let (w, h) = start(30, 25, 3, 326);
    let operator = dense(&x);
    let needed = divergence::scratch_len(&operator, 3);
    for beta in BETAS {
        let options = Options::new(beta).tolerance(0.0).max_iterations(30);
        let run = |order: usize, rubbish: f64| {
            let (mut left, mut right) = (Stored::of(&w, order), Stored::of(&h, order));
            let mut memory = vec![rubbish; needed];
            let go_on = |_: &lowrank::nmf::Progress| ControlFlow::Continue(());
            divergence::factorize(&operator, left.view_mut(), right.view_mut(), &options, &mut memory, go_on).unwrap();
            let mut out = Stored::filled(30, 3, order, -7.0);
            divergence::transform(&operator, right.view(), out.view_mut(), &options, &mut memory).unwrap();
            assert!(out.gaps_are(-7.0));
            [left.matrix(), right.matrix(), out.matrix()].map(|x| bits(&x))
        };
        let plain = run(0, 0.0);
        for order in 0..ORDERS {
            assert!(run(order, f64::NAN) == plain, "beta {beta}, order {order}");
        }
    }
    let (mut left, mut right) = (w.data.clone(), h.data.clone());
    let views = (MatMut::row_major(&mut left, 30, 3).unwrap(), MatMut::row_major(&mut right, 3, 25).unwrap());
    let mut memory = vec![0.0; needed - 1];
    let short = State::new(&operator, views.0, views.1, &Options::new(1.0), &mut memory).err();
    assert_eq!(short, Some(Error::ScratchTooSmall { needed, given: needed - 1 }));
}

#[test]
fn rows_on_two_machines_give_the_factors_of_one() {
    let x = positive(30, 20, 327);
    let (mut w, h) = start(30, 20, 3, 328);
    [4, 22, 61].into_iter().for_each(|p| w.data[p] = 0.0);
    for beta in BETAS {
        let options = Options::new(beta).penalties(Penalty::new(0.1, 0.2), Penalty::new(0.2, 0.1));
        let one = updates(&dense(&x), &w, &h, &options, 20).unwrap();
        let two =
            halves(&x, |number, half| updates(half, &rows_of(&w, 15 * number as usize, 15), &h, &options, 20).unwrap());
        for (number, part) in two.iter().enumerate() {
            assert!(part.h.minus(&one.h).norm() < 1e-11, "beta {beta}, machine {number}");
            assert!(part.w.minus(&rows_of(&one.w, 15 * number, 15)).norm() < 1e-11, "beta {beta}, machine {number}");
            for (told, expected) in part.told.iter().zip(&one.told) {
                assert!((told.0 - expected.0).abs() < 1e-10 && (told.1 / expected.1 - 1.0).abs() < 1e-12);
                assert_eq!(told.2, expected.2, "beta {beta}: zeros raised");
            }
        }
        assert!(two[0].told == two[1].told && two[0].h.data == two[1].h.data, "machines decide alike");
        // One of them has rows of W that are far larger; other betas have powers of what is lost then.
        if beta < 1.0 {
            continue;
        }
        let uneven = Matrix::new(30, 3, |i, j| (w.at(i, j) + 0.1).scale(if i < 15 { -60 } else { 60 }));
        let one = updates(&dense(&x), &uneven, &h, &options, 3).unwrap();
        let two = halves(&x, |number, half| {
            updates(half, &rows_of(&uneven, 15 * number as usize, 15), &h, &options, 3).unwrap()
        });
        for part in &two {
            let off = part.h.minus(&one.h).norm() / one.h.norm();
            assert!(off < 1e-9, "beta {beta}: {off:e}");
        }
        assert!(two[0].told == two[1].told && two[0].h.data == two[1].h.data, "machines decide alike");
    }
}

#[test]
fn new_rows_have_any_scale() {
    let (x, h) = (positive(20, 12, 329), positive(3, 12, 330));
    let run = |x: &Matrix, h: &Matrix, options: &Options| {
        let (mut w, mut memory) =
            (vec![-7.0; x.rows * 3], vec![f64::NAN; divergence::dense_scratch_len::<f64>(x.rows, x.cols, 3)]);
        let fixed = MatRef::row_major(&h.data, 3, x.cols).unwrap();
        let result = divergence::transform(
            &dense(x),
            fixed,
            MatMut::row_major(&mut w, x.rows, 3).unwrap(),
            options,
            &mut memory,
        );
        assert!(result.is_ok() || w.iter().all(|w| *w == -7.0));
        result.map(|_| Matrix::new(x.rows, 3, |i, j| w[3 * i + j]))
    };
    for beta in BETAS {
        let options = Options::new(beta).tolerance(0.0).max_iterations(100);
        let plain = run(&x, &h, &options).unwrap();
        for (a, b) in [(0, 400), (0, -400), (-600, 300), (1000, 900), (-1000, -900)] {
            let scaled = |x: &Matrix, e: i32| map(x, |x| x.scale(e));
            let found = scaled(&run(&scaled(&x, a), &scaled(&h, b), &options).unwrap(), b - a);
            assert!(found.minus(&plain).norm() < 1e-3 * plain.norm(), "beta {beta}, 2^{a} and 2^{b}");
        }
    }
    let (large, small) = (Matrix::new(1, 1, |_, _| 1e300), Matrix::new(3, 1, |_, _| 1e-300));
    assert!(matches!(run(&large, &small, &Options::new(1.0)), Err(Error::Overflow { exponent: 1990.. })));
}

/// Entries far below the largest, against the definition written with logarithms and powers of them alone.
#[test]
fn tiny_entries_are_not_lost() {
    for tiny in [1e-14, 1e-17, 1e-20, 1e-30] {
        let x = Matrix::new(6, 5, |i, j| if (i + j) % 3 == 0 { tiny } else { 1.0 + (i * j % 4) as f64 });
        let (w, h) = start(6, 5, 2, 332);
        for beta in [-1.0, 0.0, 0.1, 0.5, 1.0, 1.5, 2.0, 3.0] {
            let result = updates(&dense(&x), &w, &h, &Options::new(beta).extrapolate(false), 3).unwrap();
            let v = result.w.times(&result.h);
            let term = |x: f64, v: f64| match beta {
                1.0 => [x * (x.ln() - v.ln()) - x + v, x],
                0.0 => [x / v - (x.ln() - v.ln()) - 1.0, 1.0],
                _ => {
                    let sum = x.powf(beta) + (beta - 1.0) * v.powf(beta) - beta * x * v.powf(beta - 1.0);
                    [sum / (beta * (beta - 1.0)), x.powf(beta) / beta.max(1.0)]
                }
            };
            let sum = x.data.iter().zip(&v.data).fold([0.0; 2], |sum, (x, v)| {
                let [loss, size] = term(*x, *v);
                [sum[0] + loss, sum[1] + size]
            });
            let (told, expected) = (result.told[2].0, (sum[0] / sum[1]).sqrt());
            assert!((told / expected - 1.0).abs() < 1e-9, "beta {beta}, {tiny:e}: {told} {expected}");
        }
    }
}

/// A power that the type cannot hold is an infinite loss, not none.
#[test]
fn a_loss_beyond_the_range_is_not_an_exact_fit() {
    let x = Matrix::new(4, 3, |i, j| if i == 0 && j == 0 { 1e-30 } else { 1.0 });
    let data: Vec<f32> = x.cast();
    let (w, h) = start(4, 3, 1, 333);
    let operator = Dense::new(MatRef::row_major(&data, 4, 3).unwrap());
    let told = updates(&operator, &w, &h, &Options::new(-1.6), 3).unwrap().told;
    assert!(told.iter().all(|told| told.0 > 0.0 && told.1 > 0.0), "{told:?}");
}

/// A running sum of as many tenths in f32 is off by parts of a hundred.
#[test]
fn long_sums_in_f32_are_true() {
    let (m, n) = (400_000, 3);
    // An exact fit, which is to stay.
    let (w, h) = (Matrix::new(m, 1, |_, _| 0.1), Matrix::new(1, n, |_, j| 0.3 + 0.1 * j as f64));
    let data: Vec<f32> = w.times(&h).cast();
    let operator = Dense::new(MatRef::row_major(&data, m, n).unwrap());
    let found = updates(&operator, &w, &h, &Options::new(1.0), 1).unwrap();
    let off = found.h.minus(&h).norm() / h.norm();
    assert!(off < 1e-5, "{off:e}");
}

/// A start that fits keeps its fit, however much its columns differ in size.
#[test]
fn a_fit_of_uneven_columns_stays() {
    let (w, h) = (positive(12, 3, 334), positive(3, 9, 335));
    let power = |j: usize| [-60, 0, 60][j];
    let uneven_w = Matrix::new(12, 3, |i, j| w.at(i, j).scale(power(j)));
    let uneven_h = Matrix::new(3, 9, |i, j| h.at(i, j).scale(-power(i)));
    for beta in BETAS {
        let result = updates(&dense(&w.times(&h)), &uneven_w, &uneven_h, &Options::new(beta), 2).unwrap();
        assert!(result.told.iter().all(|told| told.0 < 1e-6), "beta {beta}: {:?}", result.told);
    }
}
