//! `qr` and `qr_pivoted` over shapes, matrices, outputs and scales.

use super::corpus;
use super::matrices::random;
use super::measures::{Matrix, bounds, orthonormality, residual};
use lowrank::kernel::Execution;
use lowrank::qr::{qr, qr_pivoted, qr_scratch_len};
use lowrank::svd::Vectors;
use lowrank::{Error, MatMut, MatRef, Operand, Real};
use proptest::prelude::*;

struct Qr {
    q: Matrix,
    r: Matrix,
    /// Without pivoting, `0, 1, ...`.
    pivots: Vec<usize>,
}

/// Both factors, from scratch memory of the exact length filled with `rubbish`.
fn factorize<T: Real>(a: &Matrix, vectors: Vectors, pivoted: bool, rubbish: T) -> Result<Qr, Error> {
    let (m, n) = (a.rows, a.cols);
    let data: Vec<T> = a.cast();
    let inner = if vectors == Vectors::Full { m } else { m.min(n) };
    let (mut q, mut r) = (vec![rubbish; m * inner], vec![rubbish; inner * n]);
    let mut pivots: Vec<usize> = (0..n).collect();
    let mut scratch = vec![rubbish; qr_scratch_len(m, n)];
    let view = MatRef::row_major(&data, m, n)?;
    let (left, right) = (Some(MatMut::row_major(&mut q, m, inner)?), Some(MatMut::col_major(&mut r, inner, n)?));
    if pivoted {
        pivots.fill(usize::MAX);
        qr_pivoted(view, vectors, left, right, &mut pivots, Execution::new(), &mut scratch)?;
    } else {
        qr(view, vectors, left, right, Execution::new(), &mut scratch)?;
    }
    let (q, r) = (MatRef::row_major(&q, m, inner)?, MatRef::col_major(&r, inner, n)?);
    Ok(Qr { q: Matrix::of(q), r: Matrix::of(r), pivots })
}

/// Checks all that a factorization promises, column by column: Householder's method is backward stable in each.
fn verify<T: Real>(a: &Matrix, name: &str, columnwise: bool) {
    let a = a.rounded::<T>();
    let (m, n) = (a.rows, a.cols);
    for pivoted in [false, true] {
        let context = format!("{name}, {m} x {n}, pivoted: {pivoted}");
        let full = factorize::<T>(&a, Vectors::Full, pivoted, T::from_f64(f64::NAN)).unwrap();
        let mut sorted = full.pivots.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..n), "{context}: {:?}", full.pivots);
        let permuted = Matrix::new(m, n, |i, j| a.at(i, full.pivots[j]));
        let ratio = residual::<T>(&permuted, &full.q, &vec![1.0; m], &full.r.t());
        assert!(ratio < bounds::RESIDUAL, "{context}: {ratio}");
        for j in (0..n).filter(|_| columnwise) {
            let (column, r) = (permuted.columns(j, 1), full.r.columns(j, 1));
            let ratio = residual::<T>(&column, &full.q, &vec![1.0; m], &r.t());
            assert!(ratio < bounds::RESIDUAL, "{context}: column {j}: {ratio}");
        }
        let ratio = orthonormality::<T>(&full.q);
        assert!(ratio < bounds::ORTHONORMALITY, "{context}: {ratio}");
        assert!((0..m).all(|i| (0..n.min(i)).all(|j| full.r.at(i, j) == 0.0)), "{context}: not triangular");
        if pivoted {
            bounded_by_diagonal::<T>(&full.r, &context);
        }

        let thin = factorize::<T>(&a, Vectors::Thin, pivoted, T::ONE).unwrap();
        assert_eq!(thin.pivots, full.pivots, "{context}");
        assert!((0..m).all(|i| (0..thin.q.cols).all(|j| thin.q.at(i, j) == full.q.at(i, j))), "{context}");
        assert!((0..thin.r.rows).all(|i| (0..n).all(|j| thin.r.at(i, j) == full.r.at(i, j))), "{context}");
    }
}

/// `|r_ii|` is at least the norm of every later column from row `i` down, which implies that the diagonal descends. The
/// norms are updated, and recomputed when half of their digits are gone.
fn bounded_by_diagonal<T: Real>(r: &Matrix, context: &str) {
    let eps = T::EPSILON.to_f64();
    let floor = 30.0 * r.rows.max(r.cols) as f64 * (eps * r.norm() + (T::MIN_POSITIVE * T::EPSILON).to_f64());
    for i in 0..r.rows.min(r.cols) {
        for j in i..r.cols {
            let rest = Matrix::new(r.rows.min(j + 1) - i, 1, |p, _| r.at(i + p, j)).norm();
            let diagonal = r.at(i, i).abs();
            assert!(
                rest <= diagonal * (1.0 + 4.0 * eps.sqrt()) + floor,
                "{context}: ({i}, {j}): {rest:e} {diagonal:e}"
            );
        }
    }
}

fn sweep_of_shapes<T: Real>() {
    let small = (0..5).flat_map(|m| (0..5).map(move |n| (m, n)));
    for (m, n) in small.chain([(12, 12), (2, 30), (40, 7), (30, 31), (25, 60)]) {
        for (name, a) in corpus::within_range::<T>(m, n) {
            verify::<T>(&a, name, true);
        }
        for (name, a) in corpus::at_the_ends::<T>(m, n) {
            verify::<T>(&a, name, false);
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
fn every_scale_is_factorized() {
    fn check<T: Real>(exponents: &[i32]) {
        for &e in exponents {
            for (m, n) in [(6, 4), (4, 6), (5, 5)] {
                let a = random(m, n, 21);
                let scaled = Matrix::new(m, n, |i, j| T::from_f64(a.at(i, j)).scale(e).to_f64());
                verify::<T>(&scaled, &format!("2^{e}"), true);
            }
        }
    }
    check::<f64>(&[-1073, -1040, -1022, -700, -512, -257, 255, 257, 512, 1000, 1021]);
    check::<f32>(&[-148, -130, -126, -90, -40, 31, 33, 90, 124]);
}

#[test]
fn columns_of_a_known_order() {
    // Orthogonal columns of norm 2, 5, 0, 3.
    let a = Matrix::new(4, 4, |i, j| {
        let norms = [2.0, 5.0, 0.0, 3.0];
        if i == (j + 1) % 4 { norms[j] } else { 0.0 }
    });
    let result = factorize(&a, Vectors::Thin, true, f64::NAN).unwrap();
    assert_eq!(result.pivots, [1, 3, 0, 2]);
    for (i, expected) in [5.0, 3.0, 2.0, 0.0].iter().enumerate() {
        assert!((result.r.at(i, i).abs() - expected).abs() < 1e-14);
    }
}

/// Products of two entries of the second block underflow.
#[test]
fn a_small_block_keeps_its_digits() {
    fn check<T: Real>() {
        let (b, small) = (random(60, 50, 24), T::pow2(T::MIN_EXPONENT / 2 - 5).to_f64());
        let a = Matrix::new(60, 50, |i, j| match (i < 9, j < 9) {
            (true, true) => b.at(i, j),
            (false, false) => b.at(i, j) * small,
            _ => 0.0,
        });
        verify::<T>(&a, "small block", true);
    }
    check::<f32>();
    check::<f64>();
}

/// What is left of a matrix of rank one or two are rounding errors, then rounding errors of these: they leave the range,
/// instead of ending among the smallest numbers, and Q is orthonormal.
#[test]
fn columns_that_repeat_leave_zeros_in_r() {
    fn check<T: Real>() {
        let two = random(150, 2, 27);
        let digits = T::SIGNIFICAND_BITS as usize;
        let levels = (T::MAX_EXPONENT - 2 * T::MIN_EXPONENT) as usize / digits;
        for (m, n) in [(150, 16), (150, 130)] {
            for repeated in [1, 2] {
                let a = Matrix::new(m, n, |i, j| if repeated == 1 { 1.0 } else { two.at(i, j % 2) });
                verify::<T>(&a, "repeated columns", true);
                // Without pivoting, more columns than a panel has are small only once for each panel before.
                for pivoted in if n <= 16 { vec![false, true] } else { vec![true] } {
                    let r = factorize::<T>(&a.rounded::<T>(), Vectors::Thin, pivoted, T::ZERO).unwrap().r;
                    let first = (levels * repeated).min(n);
                    let zero = |i: usize| (i..n).all(|j| r.at(i, j) == 0.0);
                    assert!((first..n).all(zero), "{m} x {n}, {repeated}, pivoted: {pivoted}");
                }
            }
        }
    }
    check::<f64>();
    check::<f32>();
}

/// The remaining norm of a column that cancels must be recomputed, not updated: columns that agree to a part in 1e10.
#[test]
fn nearly_equal_columns_are_ordered_by_what_is_left_of_them() {
    let base = random(30, 1, 22);
    let noise = random(30, 8, 23);
    let a = Matrix::new(30, 8, |i, j| base.at(i, 0) + noise.at(i, j) * 10f64.powi(-9 - j as i32));
    verify::<f64>(&a, "nearly equal", true);
    let result = factorize(&a, Vectors::Thin, true, f64::NAN).unwrap();
    // After one column is taken, the largest rest is that of the columns with most noise.
    let rests: Vec<f64> = (1..5).map(|i| result.r.at(i, i).abs()).collect();
    assert!(rests.windows(2).all(|w| w[1] < w[0] && w[1] > w[0] / 1e3), "{rests:?}");
    assert!(rests[0] < 1e-7 && rests[3] > 1e-14, "{rests:?}");
}

#[test]
fn one_output_has_the_bits_of_both() {
    let a = random(7, 5, 24);
    let both = factorize(&a, Vectors::Full, false, 0.0).unwrap();
    let (mut q, mut r) = (vec![7.0; 7 * 9], vec![7.0; 35]);
    let mut scratch = vec![f64::INFINITY; qr_scratch_len(7, 5)];
    let view = MatRef::row_major(&a.data, 7, 5).unwrap();
    qr(view, Vectors::Full, Some(MatMut::new(&mut q, 7, 7, 9, 1).unwrap()), None, Execution::new(), &mut scratch)
        .unwrap();
    qr(view, Vectors::Full, None, Some(MatMut::row_major(&mut r, 7, 5).unwrap()), Execution::new(), &mut scratch)
        .unwrap();
    assert_eq!(Matrix::of(MatRef::new(&q, 7, 7, 9, 1).unwrap()).data, both.q.data);
    assert!((0..7).all(|i| q[9 * i + 7..9 * i + 9] == [7.0; 2]));
    assert_eq!(r, both.r.data);
}

#[test]
fn an_entry_of_r_beyond_the_range_is_an_error_and_nothing_changes() {
    fn check<T: Real>() {
        // sqrt(3) times the largest number: between 2^(MAX_EXPONENT + 1) and the double of that.
        let (mut q, mut r, mut pivots) = ([T::ONE; 9], [T::ONE; 12], [7; 4]);
        let mut scratch = vec![T::ZERO; qr_scratch_len(3, 4)];
        let mut run = |entry: T, q: &mut [T], r: &mut [T], pivots: &mut [usize]| {
            let a = [entry; 12];
            let a = MatRef::row_major(&a, 3, 4).unwrap();
            let (q, r) = (MatMut::row_major(q, 3, 3).unwrap(), MatMut::row_major(r, 3, 4).unwrap());
            qr_pivoted(a, Vectors::Thin, Some(q), Some(r), pivots, Execution::new(), &mut scratch)
        };
        let overflow = Err(Error::Overflow { exponent: T::MAX_EXPONENT + 1 });
        assert_eq!(run(T::MAX, &mut q, &mut r, &mut pivots), overflow);
        assert!(q == [T::ONE; 9] && r == [T::ONE; 12] && pivots == [7; 4]);
        // sqrt(3) / 2 times the largest number is one.
        let half = T::MAX * T::from_f64(0.5);
        run(half, &mut q, &mut r, &mut pivots).unwrap();
        let expected = 3f64.sqrt() / 2.0;
        assert!((r[0].abs() / T::MAX - T::from_f64(expected)).abs() < T::EPSILON * T::from_f64(4.0));
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn entries_that_are_not_finite_are_named_and_nothing_changes() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for place in 0..12 {
            let mut a: Vec<f32> = random(3, 4, 25).cast();
            a[place] = bad;
            let (mut q, mut r, mut pivots) = ([7.0; 9], [7.0; 12], [7; 4]);
            let mut scratch = vec![0.0; qr_scratch_len(3, 4)];
            for (view, row, col) in [
                (MatRef::row_major(&a, 3, 4).unwrap(), place / 4, place % 4),
                (MatRef::col_major(&a, 3, 4).unwrap(), place % 3, place / 3),
            ] {
                let (q, r) = (MatMut::row_major(&mut q, 3, 3).unwrap(), MatMut::row_major(&mut r, 3, 4).unwrap());
                let result =
                    qr_pivoted(view, Vectors::Thin, Some(q), Some(r), &mut pivots, Execution::new(), &mut scratch);
                assert_eq!(result, Err(Error::NonFinite { operand: Operand::A, row, col }));
            }
            assert!(q == [7.0; 9] && r == [7.0; 12] && pivots == [7; 4]);
        }
    }
}

#[test]
fn wrong_arguments_are_named() {
    let a = random(3, 4, 26).data;
    let a = MatRef::row_major(&a, 3, 4).unwrap();
    let needed = qr_scratch_len(3, 4);
    let (mut x, mut y, mut pivots) = ([7.0; 16], [7.0; 16], [7; 5]);
    let mut run = |vectors, q: (usize, usize), r: (usize, usize), order: usize, scratch: usize| {
        let (q, r) = (MatMut::row_major(&mut x, q.0, q.1).unwrap(), MatMut::row_major(&mut y, r.0, r.1).unwrap());
        qr_pivoted(a, vectors, Some(q), Some(r), &mut pivots[..order], Execution::new(), &mut vec![0.0; scratch])
    };
    let shape = |operand, expected, given| Err(Error::Shape { operand, expected, given });
    assert_eq!(run(Vectors::Thin, (3, 4), (3, 4), 4, needed), shape(Operand::Left, (3, 3), (3, 4)));
    assert_eq!(run(Vectors::Full, (3, 3), (4, 4), 4, needed), shape(Operand::Right, (3, 4), (4, 4)));
    assert_eq!(run(Vectors::Thin, (3, 3), (3, 4), 5, needed), shape(Operand::Pivots, (4, 1), (5, 1)));
    let short = Err(Error::ScratchTooSmall { needed, given: needed - 1 });
    assert_eq!(run(Vectors::Thin, (3, 3), (3, 4), 4, needed - 1), short);
    assert!(run(Vectors::Thin, (3, 3), (3, 4), 4, needed).is_ok());
    assert!(x[9..] == [7.0; 7] && y[12..] == [7.0; 4] && pivots[4] == 7);
}

proptest! {
    /// Entries over the whole range of the number type at once.
    #[test]
    fn any_bit_patterns_that_are_finite(m in 1usize..6, n in 1usize..6, bits in prop::collection::vec(any::<u32>(), 36)) {
        let entry = |i: usize| Some(f32::from_bits(bits[i])).filter(|x| x.abs() < 1e37).unwrap_or(1.0);
        verify::<f32>(&Matrix::new(m, n, |i, j| f64::from(entry(i * 6 + j))), "bits", false);
    }

    /// Ranks from zero up, with zero and repeated columns in any place.
    #[test]
    fn any_rank(m in 1usize..9, n in 1usize..9, rank in 0usize..5, seed: u64) {
        let (x, y) = (random(m, rank, seed), random(rank, n, seed ^ 1));
        let a = Matrix::new(m, n, |i, j| {
            let j = if seed >> j & 1 == 1 { 0 } else { j };
            if seed >> (j + 9) & 3 == 0 { 0.0 } else { (0..rank).map(|p| x.at(i, p) * y.at(p, j)).sum() }
        });
        verify::<f64>(&a, "deficient", true);
        verify::<f32>(&a, "deficient", true);
    }
}
