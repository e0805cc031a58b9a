//! One factor for the other, which stays: NMF's, and both of semi-NMF's.

use super::machines::{halves, rows_of};
use super::matrices::{Sparse, nonnegative, random};
use super::measures::Matrix;
use lowrank::nmf::{self, Penalty};
use lowrank::operator::{Dense, LinearOperator, Transposed};
use lowrank::{Error, MatMut, MatRef, Operand, Real, snmf};
use proptest::prelude::*;

fn view<'a, T: Real>(data: &'a [T], x: &Matrix) -> MatRef<'a, T> {
    MatRef::row_major(data, x.rows, x.cols).unwrap()
}

/// W of NMF, in memory of the exact length.
fn w_for<T: Real>(x: &impl LinearOperator<T>, h: &Matrix, options: &nmf::Options) -> Result<Matrix, Error> {
    let (m, k) = (x.rows(), h.rows);
    let (h_data, mut w): (Vec<T>, Vec<T>) = (h.cast(), vec![T::from_f64(-7.0); m * k]);
    let mut memory = vec![T::from_f64(f64::NAN); nmf::transform_scratch_len(x, k)];
    let out = MatMut::row_major(&mut w, m, k).unwrap();
    let result = nmf::transform(x, view(&h_data, h), out, options, &mut memory);
    assert!(result.is_ok() || w.iter().all(|x| *x == T::from_f64(-7.0)), "changed in spite of an error");
    result.map(|()| Matrix::of(MatRef::row_major(&w, m, k).unwrap()))
}

fn f_for(x: &impl LinearOperator<f64>, g: &Matrix) -> Result<Matrix, Error> {
    let (m, k) = (x.rows(), g.rows);
    let mut f = vec![-7.0; m * k];
    let mut memory = vec![f64::NAN; snmf::transform_rows_scratch_len(x, k)];
    let out = MatMut::row_major(&mut f, m, k).unwrap();
    let result = snmf::transform_rows(x, view(&g.data, g), out, &snmf::Options::new(), &mut memory);
    assert!(result.is_ok() || f.iter().all(|x| *x == -7.0), "changed in spite of an error");
    result.map(|()| Matrix::of(MatRef::row_major(&f, m, k).unwrap()))
}

fn g_for(x: &impl LinearOperator<f64>, f: &Matrix, options: &snmf::Options) -> Result<Matrix, Error> {
    let (n, k) = (x.cols(), f.cols);
    let mut g = vec![-7.0; n * k];
    let mut memory = vec![f64::NAN; snmf::transform_columns_scratch_len(x, k)];
    let out = MatMut::row_major(&mut g, k, n).unwrap();
    let result = snmf::transform_columns(x, view(&f.data, f), out, options, &mut memory);
    assert!(result.is_ok() || g.iter().all(|x| *x == -7.0), "changed in spite of an error");
    result.map(|()| Matrix::of(MatRef::row_major(&g, k, n).unwrap()))
}

fn dense(x: &Matrix) -> Dense<'_, f64> {
    Dense::new(view(&x.data, x))
}

const LONG: nmf::Options = nmf::Options::new().tolerance(1e-14).max_iterations(1_000_000);
const LONG_SNMF: snmf::Options = snmf::Options::new().tolerance(1e-14).max_iterations(1_000_000);

proptest! {
    /// No entry of W can be changed for the better, and F has no slope at all.
    #[test]
    fn every_row_is_at_its_minimum(
        m in 1usize..40, n in 1usize..12, k in 1usize..5, l1 in 0.0f64..0.5, l2 in 0.0f64..0.5, seed: u64,
    ) {
        let (x, h) = (nonnegative(m, n, 0.3, seed), nonnegative(k, n, 0.1, seed ^ 9));
        let w = w_for(&dense(&x), &h, &LONG.penalties(Penalty::new(l1, l2), Penalty::NONE)).unwrap();
        let gradient = w.times(&h).minus(&x).times(&h.t());
        for (w, g) in w.data.iter().zip(&gradient.data) {
            let slope = g + l1 + l2 * w;
            prop_assert!(*w >= 0.0 && w.min(slope).abs() < 1e-6 || h.norm() == 0.0, "entry {w:e}, slope {slope:e}");
        }
        let (x, g) = (random(m, n, seed), nonnegative(k, n, 0.0, seed ^ 9));
        let f = f_for(&dense(&x), &g).unwrap();
        let slope = x.minus(&f.times(&g)).times(&g.t());
        prop_assert!(slope.norm() < 1e-9 * (1.0 + f.norm()), "{:e}", slope.norm());

        let f = random(m, k, seed ^ 10);
        let g = g_for(&dense(&x), &f, &LONG_SNMF).unwrap();
        let gradient = f.t().times(&f.times(&g).minus(&x));
        let largest = g.data.iter().fold(0.0f64, |m, g| m.max(*g));
        for (g, slope) in g.data.iter().zip(&gradient.data) {
            prop_assert!(*g >= 0.0 && g.min(*slope).abs() < 1e-6 * (1.0 + largest), "entry {g:e}, slope {slope:e}");
        }
    }
}

#[test]
fn planted_factors_come_back() {
    let (w, h) = (nonnegative(300, 5, 0.5, 1), nonnegative(5, 40, 0.3, 2));
    let found = w_for(&dense(&w.times(&h)), &h, &LONG).unwrap();
    assert!(found.minus(&w).norm() < 1e-8, "{:e}", found.minus(&w).norm());
    let f = random(300, 5, 3);
    assert!(f_for(&dense(&f.times(&h)), &h).unwrap().minus(&f).norm() < 1e-9);
    assert!(g_for(&dense(&f.times(&h)), &f, &LONG_SNMF).unwrap().minus(&h).norm() < 1e-8);
}

/// A row has the same bits whichever rows come with it, however X is stored, and W transposed is H.
#[test]
fn rows_and_storage_do_not_matter() {
    let (x, h) = (nonnegative(700, 30, 0.7, 4), nonnegative(6, 30, 0.1, 5));
    let options = nmf::Options::new();
    let all = w_for(&dense(&x), &h, &options).unwrap();
    for i in [0, 31, 255, 256, 699] {
        let row = Matrix::new(1, 30, |_, j| x.at(i, j));
        assert_eq!(w_for(&dense(&row), &h, &options).unwrap().data, all.data[i * 6..(i + 1) * 6]);
    }
    let sparse = w_for(&Sparse::<f64>::of(&x).csr(), &h, &LONG).unwrap();
    let long = w_for(&dense(&x), &h, &LONG).unwrap();
    assert!(sparse.minus(&long).norm() < 1e-8 * long.norm());
    let flipped = x.t();
    assert!(w_for(&Transposed(&dense(&flipped)), &h, &LONG).unwrap().minus(&long).norm() < 1e-8 * long.norm());
    assert!(
        w_for(&Transposed(&Sparse::<f64>::of(&flipped).csr()), &h, &LONG).unwrap().minus(&long).norm()
            < 1e-8 * long.norm()
    );
    let single: Matrix = {
        let data: Vec<f32> = x.cast();
        w_for(&Dense::new(view(&data, &x)), &h, &nmf::Options::new().tolerance(1e-6).max_iterations(10_000)).unwrap()
    };
    assert!(single.minus(&long).norm() < 1e-3 * long.norm(), "{:e}", single.minus(&long).norm());
}

#[test]
fn scales_do_not_matter() {
    let (x, h) = (nonnegative(20, 15, 0.3, 6), nonnegative(3, 15, 0.1, 7));
    let plain = w_for(&dense(&x), &h, &LONG).unwrap();
    let free = f_for(&dense(&x), &h).unwrap();
    for (a, b) in [(-1000, 0), (1000, 300), (-500, -500), (500, -400), (0, 900), (0, -900), (1000, 1000)] {
        let scaled = |x: &Matrix, e: i32| Matrix::new(x.rows, x.cols, |i, j| x.at(i, j).scale(e));
        let (big, other) = (scaled(&x, a), scaled(&h, b));
        for (found, plain) in [(w_for(&dense(&big), &other, &LONG), &plain), (f_for(&dense(&big), &other), &free)] {
            let back = scaled(&found.unwrap(), b - a);
            assert!(back.minus(plain).norm() < 1e-8 * plain.norm(), "2^{a}, 2^{b}");
        }
    }
    let too_large = w_for(&dense(&Matrix::new(1, 1, |_, _| 1e300)), &Matrix::new(1, 1, |_, _| 1e-300), &LONG);
    assert!(matches!(too_large, Err(Error::Overflow { exponent: 1993.. })), "{too_large:?}");
}

#[test]
fn edges() {
    let (none, zero) = (Matrix::new(0, 4, |_, _| 0.0), Matrix::new(3, 4, |_, _| 0.0));
    let h = nonnegative(2, 4, 0.0, 8);
    assert_eq!(w_for(&dense(&none), &h, &LONG).unwrap().data, []);
    assert_eq!(w_for(&dense(&zero), &h, &LONG).unwrap().norm(), 0.0);
    assert_eq!(w_for(&dense(&nonnegative(3, 4, 0.0, 9)), &Matrix::new(2, 4, |_, _| 0.0), &LONG).unwrap().norm(), 0.0);
    assert_eq!(f_for(&dense(&random(3, 4, 9)), &Matrix::new(2, 4, |_, _| 0.0)).unwrap().norm(), 0.0);
    // Equal rows share what belongs to them, neither with much more.
    let (x, twice) = (random(3, 4, 10), Matrix::new(2, 4, |_, j| 1.0 + j as f64));
    let f = f_for(&dense(&x), &twice).unwrap();
    let single = f_for(&dense(&x), &Matrix::new(1, 4, |_, j| 1.0 + j as f64)).unwrap();
    for i in 0..3 {
        assert!((f.at(i, 0) + f.at(i, 1) - single.at(i, 0)).abs() < 1e-9);
        assert!((f.at(i, 0) - f.at(i, 1)).abs() < single.at(i, 0).abs());
    }
}

#[test]
fn wrong_arguments_are_named() {
    let (x, h) = (nonnegative(3, 4, 0.0, 11), nonnegative(2, 4, 0.0, 12));
    let spoiled = |a: &Matrix, place: usize, bad: f64| {
        let mut a = a.clone();
        a.data[place] = bad;
        a
    };
    let options = nmf::Options::new();
    for bad in [f64::NAN, f64::INFINITY, -1e-300] {
        for place in 0..8 {
            let fault = |operand| {
                let (row, col) = (place / 4, place % 4);
                let negative = Error::Negative { operand, row, col };
                Some(if bad < 0.0 { negative } else { Error::NonFinite { operand, row, col } })
            };
            assert_eq!(w_for(&dense(&spoiled(&x, place, bad)), &h, &options).err(), fault(Operand::A));
            assert_eq!(w_for(&dense(&x), &spoiled(&h, place, bad), &options).err(), fault(Operand::Right));
            if bad.is_nan() || bad > 0.0 {
                assert_eq!(f_for(&dense(&spoiled(&x, place, bad)), &h).err(), fault(Operand::A));
                assert_eq!(f_for(&dense(&x), &spoiled(&h, place, bad)).err(), fault(Operand::Right));
                let g = |x: &Matrix, f: &Matrix| g_for(&dense(x), f, &snmf::Options::new()).err();
                assert_eq!(g(&spoiled(&x, place, bad), &nonnegative(3, 2, 0.0, 13)), fault(Operand::A));
            }
        }
    }
    let shape = |operand, expected, given| Some(Error::Shape { operand, expected, given });
    assert_eq!(w_for(&dense(&x), &h.t(), &options).err(), shape(Operand::Right, (4, 4), (4, 2)));
    assert_eq!(g_for(&dense(&x), &h, &snmf::Options::new()).err(), shape(Operand::Left, (3, 4), (2, 4)));
    assert_eq!(w_for(&dense(&x), &h, &options.tolerance(2.0)).err(), Some(Error::Option { name: "tolerance" }));
    let none = Matrix::new(0, 4, |_, _| 0.0);
    assert!(matches!(w_for(&dense(&x), &none, &options), Err(Error::Rank { given: 0, .. })));
    let mut w = [0.0; 6];
    let needed = nmf::transform_dense_scratch_len::<f64>(3, 4, 2);
    assert_eq!(needed, nmf::transform_scratch_len(&dense(&x), 2));
    assert_eq!(
        snmf::transform_columns_dense_scratch_len::<f64>(3, 4, 2),
        snmf::transform_columns_scratch_len(&dense(&x), 2)
    );
    assert_eq!(snmf::transform_rows_dense_scratch_len::<f64>(3, 4, 2), snmf::transform_rows_scratch_len(&dense(&x), 2));
    let out = MatMut::row_major(&mut w, 3, 2).unwrap();
    let short = nmf::transform(&dense(&x), view(&h.data, &h), out, &options, &mut vec![0.0; needed - 1]);
    assert_eq!(short, Err(Error::ScratchTooSmall { needed, given: needed - 1 }));
}

/// The rows of F on two machines, one of which has larger entries by far.
#[test]
fn columns_on_two_machines_are_those_of_one() {
    let (x, f) = (random(30, 8, 14), random(30, 3, 15));
    let uneven = |a: &Matrix| Matrix::new(a.rows, a.cols, |i, j| a.at(i, j).scale(if i < 15 { -300 } else { 200 }));
    let (x, f) = (uneven(&x), uneven(&f));
    let one = g_for(&dense(&x), &f, &LONG_SNMF).unwrap();
    let two = halves(&x, |number, half| g_for(half, &rows_of(&f, 15 * number as usize, 15), &LONG_SNMF).unwrap());
    assert!(two[0].data == two[1].data && two[0].minus(&one).norm() < 1e-10 * one.norm());
}
