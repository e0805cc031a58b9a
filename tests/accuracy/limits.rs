//! What a newcomer to the interface runs into: calls out of order, bounds that are reached, memory order, and the ends of
//! the number range.

use super::matrices::{nonnegative, random, with_values};
use super::measures::Matrix;
use lowrank::operator::{Csr, Dense, LinearOperator};
use lowrank::svd::truncated::{Options, State, state_len};
use lowrank::svd::{truncated, truncated_scratch_len};
use lowrank::{Error, MatMut, MatRef, nmf, snmf};
use std::ops::ControlFlow;

#[test]
fn factors_before_the_end_are_refused() {
    let a = random(9, 5, 201);
    let scan = Dense::new(MatRef::row_major(&a.data, 9, 5).unwrap()).check().unwrap();
    let mut memory = vec![7.0; state_len(9, 5, 2, 1)];
    let mut state = State::new(9, 5, 2, scan, &Options::new().oversample(1), &mut memory).unwrap();
    let mut s = [3.0; 2];
    assert_eq!(state.finish(&mut s, None, None), Err(Error::Unfinished));
    assert_eq!(s, [3.0; 2]);
}

#[test]
fn passes_never_exceed_their_bound() {
    // Rank three of six, so that the Gram matrix cannot resolve the values asked for.
    let a = with_values(300, 60, &[3.0, 2.0, 1.0], 202);
    let dense = Dense::new(MatRef::row_major(&a.data, 300, 60).unwrap());
    for tolerance in [0.0, 1e-4] {
        for passes in 0..12 {
            let options = Options::new().max_passes(passes).tolerance(tolerance);
            let mut scratch = vec![f64::NAN; truncated_scratch_len(&dense, 6, &options)];
            let go_on = |_: &truncated::Info| ControlFlow::Continue(());
            let info = truncated(&dense, &mut [0.0; 6], None, None, &options, &mut scratch, go_on).unwrap();
            assert!(info.passes == passes || (tolerance > 0.0 && info.passes < passes), "{passes}: {info:?}");
        }
    }
}

#[test]
fn nndsvd_is_the_same_bits_in_every_layout() {
    let x = nonnegative(120, 90, 0.3, 203);
    let x: Vec<f32> = x.data.iter().map(|x| *x as f32).collect();
    let dense = Dense::new(MatRef::row_major(&x, 120, 90).unwrap());
    let options = Options::new();
    let start = |by_columns: bool| {
        let (mut w, mut h) = (vec![0.0f32; 120 * 7], vec![0.0; 7 * 90]);
        let layout = if by_columns { MatMut::col_major } else { MatMut::row_major };
        let mut scratch = vec![f32::NAN; nmf::nndsvd_scratch_len(&dense, 7, &options)];
        let (left, right) = (layout(&mut w, 120, 7).unwrap(), layout(&mut h, 7, 90).unwrap());
        nmf::nndsvd(&dense, left, right, nmf::Fill::Part(0.1), &options, &mut scratch).unwrap();
        let view = if by_columns { MatRef::col_major } else { MatRef::row_major };
        (Matrix::of(view(&w, 120, 7).unwrap()).data, Matrix::of(view(&h, 7, 90).unwrap()).data)
    };
    assert_eq!(start(false), start(true));
}

#[test]
fn semi_nmf_stays_finite_up_to_the_largest_numbers() {
    for (rows, cols, rank) in [(40, 30, 20), (40, 30, 30), (11, 10, 10)] {
        for exponent in [119, 124, 127] {
            let x = random(rows, cols, 204);
            let x: Vec<f32> = x.data.iter().map(|x| (*x as f32) * 2.0f32.powi(exponent)).collect();
            let dense = Dense::new(MatRef::row_major(&x, rows, cols).unwrap());
            let (mut f, mut g) = (vec![0.0f32; rows * rank], vec![0.0; rank * cols]);
            snmf::random_start(MatMut::row_major(&mut g, rank, cols).unwrap(), 1);
            let mut memory = vec![f32::NAN; snmf::scratch_len(&dense, rank)];
            let (left, right) =
                (MatMut::row_major(&mut f, rows, rank).unwrap(), MatMut::row_major(&mut g, rank, cols).unwrap());
            let mut state = snmf::State::new(&dense, left, right, &snmf::Options::new(), &mut memory).unwrap();
            for _ in 0..30 {
                let error = state.update().unwrap().relative_error;
                assert!(error.is_finite() && error < 2.0, "{rows} x {cols}, {rank}, 2^{exponent}: {error}");
            }
            state.finish().unwrap();
            assert!(f.iter().chain(&g).all(|x| x.is_finite()), "{rows} x {cols}, {rank}, 2^{exponent}");
            assert!(f.iter().any(|x| *x != 0.0));
        }
    }
}

/// One entry in forty thousand million: no step may look at each of them.
#[test]
fn an_almost_empty_matrix_is_factorized_in_proportion_to_its_entries() {
    let n = 200_000;
    let starts: Vec<usize> = (0..=n).map(|i| usize::from(i > 0)).collect();
    let x = Csr::new(n, &starts, &[0], &[5.0]).unwrap();
    let (mut w, mut h) = (vec![0.0f64; n], vec![0.0; n]);
    let (left, right) = (MatMut::row_major(&mut w, n, 1).unwrap(), MatMut::row_major(&mut h, 1, n).unwrap());
    nmf::random_start(&x.check().unwrap(), left, right, 1);
    let (left, right) = (MatMut::row_major(&mut w, n, 1).unwrap(), MatMut::row_major(&mut h, 1, n).unwrap());
    let mut memory = vec![0.0; nmf::scratch_len(&x, 1)];
    let go_on = |_: &nmf::Progress| ControlFlow::Continue(());
    let info = nmf::factorize(&x, left, right, &nmf::Options::new(), &mut memory, go_on).unwrap();
    assert!(info.progress.relative_error < 1e-7 && (w[0] * h[0] - 5.0).abs() < 1e-12);
}
