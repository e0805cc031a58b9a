//! What the Jacobi methods promise beyond every dense method.

use super::lapack;
use super::matrices::{orthonormal, random, with_values};
use super::measures::{Matrix, bounds, orthonormality, residual};
use lowrank::svd::{self, Info, Options, Vectors};
use lowrank::{Error, MatMut, MatRef, Operand, Real};

type Call<T> = fn(
    MatRef<'_, T>,
    &mut [T],
    Option<MatMut<'_, T>>,
    Option<MatMut<'_, T>>,
    &Options,
    &mut [T],
) -> Result<Info, Error>;

fn both<T: Real>() -> [Call<T>; 2] {
    [svd::jacobi, svd::jacobi_unblocked]
}

fn factorize<T: Real>(call: Call<T>, a: &Matrix, options: &Options) -> (Matrix, Vec<f64>, Matrix, Info) {
    let (m, n, k) = (a.rows, a.cols, a.rows.min(a.cols));
    let (data, mut s): (Vec<T>, _) = (a.cast(), vec![T::ZERO; k]);
    let (mut u, mut v) = (vec![T::ZERO; m * k], vec![T::ZERO; n * k]);
    let mut scratch = vec![T::ZERO; svd::jacobi_scratch_len(m, n)];
    let (left, right) = (MatMut::row_major(&mut u, m, k).unwrap(), MatMut::row_major(&mut v, n, k).unwrap());
    let view = MatRef::row_major(&data, m, n).unwrap();
    let info = call(view, &mut s, Some(left), Some(right), options, &mut scratch).unwrap();
    let (u, v) = (MatRef::row_major(&u, m, k).unwrap(), MatRef::row_major(&v, n, k).unwrap());
    (Matrix::of(u), s.iter().map(|s| s.to_f64()).collect(), Matrix::of(v), info)
}

/// Stopped early, the product of the factors is still A.
#[test]
fn the_bound_on_sweeps_is_kept_and_told() {
    let blocked = both().into_iter().zip([(25, 20), (20, 25)]).chain([(svd::jacobi as Call<f64>, (100, 100))]);
    for (call, (m, n)) in blocked {
        let a = random(m, n, 371);
        let (.., needed) = factorize::<f64>(call, &a, &Options::new());
        assert!(needed.converged && (3..=8).contains(&needed.sweeps), "{needed:?}");
        for bound in 0..10 {
            let (u, s, v, info) = factorize::<f64>(call, &a, &Options::new().max_sweeps(bound));
            assert_eq!(info.converged, bound >= needed.sweeps, "{info:?}");
            assert_eq!(info.sweeps, bound.min(needed.sweeps), "{info:?}");
            assert!(s.windows(2).all(|w| w[0] >= w[1]));
            let ratio = residual::<f64>(&a, &u, &s, &v);
            assert!(ratio < bounds::RESIDUAL, "{bound} sweeps: {ratio}");
        }
    }
}

#[test]
fn sweeps_are_few() {
    fn check<T: Real>() {
        for (m, n) in [(10, 10), (16, 10), (40, 40)] {
            for (name, a) in lapack::types::<T>(m, n) {
                for call in both::<T>() {
                    let (.., info) = factorize::<T>(call, &a, &Options::new());
                    assert!(info.sweeps <= 8, "{name}, {m} x {n}: {info:?}");
                }
            }
        }
        // The QR factorization leaves next to nothing.
        for call in both::<T>() {
            let (.., info) = factorize::<T>(call, &Matrix::new(60, 50, |_, _| 1.0), &Options::new());
            assert!(info.sweeps <= 2, "{info:?}");
        }
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn the_length_of_scratch_is_the_documented_one() {
    for (m, n) in [(0, 0), (0, 9), (1, 1), (7, 3), (3, 7), (40, 40)] {
        let (l, k) = (m.max(n), m.min(n));
        assert_eq!(svd::jacobi_unblocked_scratch_len(m, n), l * k + 2 * k * k + l + 6 * k);
    }
}

/// Numbers of columns, of the shorter side, are kept as numbers of type T.
#[test]
fn a_shorter_side_beyond_the_exact_integers_is_too_large() {
    let max = 1 << 24;
    let options = Options::new();
    let mut s = vec![0.0f32; max + 1];
    let square = MatRef::new(&[1.0], max + 1, max + 1, 0, 0).unwrap();
    for call in [svd::jacobi_unblocked as Call<f32>, svd::golub_kahan] {
        // Before anything is asked of the scratch memory.
        let result = call(square, &mut s, None, None, &options, &mut []);
        assert_eq!(result.err(), Some(Error::TooLarge { max, given: max + 1 }));
    }
    // A longer side is no such number.
    let (tall, mut one) = (MatRef::new(&[0.5], max + 1, 1, 0, 0).unwrap(), [0.0]);
    let mut scratch = vec![0.0; svd::svd_values_scratch_len(max + 1, 1)];
    assert!(svd::svd(tall, &mut one, None, None, &options, &mut scratch).is_ok());
    assert!((one[0] / 2048.0 - 1.0).abs() < 1e-5, "{one:?}");
}

/// Rows and columns scaled at once, in sizes that take blocks: the values against those of the unblocked method, which has
/// the oracle behind it for smaller ones.
#[test]
fn blocks_keep_the_digits_of_graded_matrices() {
    let n = 110;
    let b = with_values(n, n, &(0..n).map(|i| 1.0 + 2.0 * i as f64 / n as f64).collect::<Vec<_>>(), 372);
    for by_rows in [false, true] {
        let factor = |i: usize| 0.4f64.powi((7 * i % n) as i32);
        let a = Matrix::new(n, n, |i, j| b.at(i, j) * factor(if by_rows { i } else { j }));
        let [(_, s, _, info), (_, expected, ..)] = both().map(|call| factorize::<f64>(call, &a, &Options::new()));
        assert!(info.converged && s[0] / s[n - 1] > 1e40);
        let worst = s.iter().zip(&expected).fold(0.0f64, |worst, (s, e)| worst.max((s / e - 1.0).abs()));
        assert!(worst < 30.0 * f64::EPSILON, "{worst:e}");
    }
}

struct Warm<T> {
    u: Vec<T>,
    s: Vec<T>,
    v: Vec<T>,
}

impl<T: Real> Warm<T> {
    fn new(m: usize, n: usize, v: &Matrix) -> Self {
        Warm { u: vec![T::ZERO; m * n], s: vec![T::ZERO; n], v: v.cast() }
    }

    fn step(&mut self, a: &Matrix) -> Result<Info, Error> {
        let (m, n, data) = (a.rows, a.cols, a.cast::<T>());
        let mut scratch = vec![T::from_f64(f64::NAN); svd::jacobi_warm_scratch_len(m, n)];
        let u = MatMut::row_major(&mut self.u, m, n).unwrap();
        let v = MatMut::row_major(&mut self.v, n, n).unwrap();
        let view = MatRef::row_major(&data, m, n).unwrap();
        svd::jacobi_warm(view, &mut self.s, Some(u), v, &Options::new(), &mut scratch)
    }

    fn verify(&self, a: &Matrix, context: &str) {
        let (m, n) = (a.rows, a.cols);
        let u = Matrix::of(MatRef::row_major(&self.u, m, n).unwrap());
        let v = Matrix::of(MatRef::row_major(&self.v, n, n).unwrap());
        let s: Vec<f64> = self.s.iter().map(|s| s.to_f64()).collect();
        assert!(s.windows(2).all(|w| w[0] >= w[1]), "{context}");
        let ratios = [residual::<T>(a, &u, &s, &v), orthonormality::<T>(&u), orthonormality::<T>(&v)];
        assert!(ratios.iter().all(|ratio| *ratio < bounds::USUAL), "{context}: {ratios:?}");
    }
}

/// A matrix that turns slowly, followed over many steps.
#[test]
fn a_warm_start_tracks_without_drift() {
    /// `sweeps` on average, after the first step.
    fn check<T: Real>(m: usize, n: usize, steps: usize, sweeps: f64) {
        let (start, change) = (random(m, n, 374), random(m, n, 375));
        let identity = Matrix::new(n, n, |i, j| f64::from(u8::from(i == j)));
        let mut warm = Warm::<T>::new(m, n, &identity);
        let mut total = 0;
        for step in 0..steps {
            let angle = 1e-4 * step as f64;
            let at = |i, j| start.at(i, j) * angle.cos() + change.at(i, j) * angle.sin();
            let a = Matrix::new(m, n, at).rounded::<T>();
            let info = warm.step(&a).unwrap();
            assert!(info.converged, "step {step}: {info:?}");
            total += if step == 0 { 0 } else { info.sweeps };
            if step % 50 == 1 || step + 1 == steps {
                warm.verify(&a, &format!("step {step}"));
            }
        }
        assert!(total as f64 <= sweeps * (steps - 1) as f64, "{m} x {n}: {total} sweeps");
    }
    check::<f64>(9, 6, 1001, 2.1);
    check::<f32>(6, 6, 1001, 2.1);
    check::<f64>(90, 80, 3, 3.0);
    check::<f64>(400, 300, 2, 4.0);
}

/// Whatever V is given, the result is right; one that is not a matrix of numbers is named.
#[test]
fn a_warm_start_from_a_wrong_v_is_a_cold_one() {
    let a = random(8, 5, 376);
    let singular = with_values(8, 5, &[3.0, 2.0, 1.0, 0.0, 0.0], 377);
    let zero = Matrix::new(8, 5, |_, _| 0.0);
    let q = orthonormal(5, 5, 378);
    let starts = [q.clone(), q.scaled(1.0 + 1e-9), q.scaled(1.0 + 1e-6), q.scaled(2.0), zero.t().columns(0, 5)];
    for a in [&a, &singular, &zero] {
        for (place, v) in starts.iter().chain([&q.scaled(1e300), &random(5, 5, 379)]).enumerate() {
            let mut warm = Warm::<f64>::new(8, 5, v);
            let info = warm.step(a).unwrap();
            assert!(info.converged);
            warm.verify(a, &format!("start {place}"));
        }
    }
    let mut warm = Warm::<f64>::new(8, 5, &q);
    warm.v[7] = f64::NAN;
    let bits = |v: &[f64]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let before = bits(&warm.v);
    assert_eq!(warm.step(&a), Err(Error::NonFinite { operand: Operand::Right, row: 1, col: 2 }));
    assert_eq!(bits(&warm.v), before);
    let mut wide = Warm::<f64>::new(5, 8, &orthonormal(8, 8, 380));
    assert_eq!(wide.step(&a.t()), Err(Error::Shape { operand: Operand::A, expected: (8, 8), given: (5, 8) }));
}

/// The ends of the range, every choice of outputs, and what is refused.
#[test]
fn a_warm_start_promises_what_every_method_does() {
    fn check<T: Real>(large: f64) {
        const SHAPE: (usize, usize) = (9, 6);
        let (m, n) = SHAPE;
        let base = random(m, n, 381);
        let before = Matrix::new(m, n, |i, j| base.at(i, j) * (1.0 + 1e-5 * i as f64));
        let start: Vec<T> = factorize::<T>(svd::jacobi, &before, &Options::new()).2.cast();
        let needed = svd::jacobi_warm_scratch_len(m, n);
        // Singular values, U of as many columns and V from the start.
        let run = |a: &[T], columns: Option<usize>, scratch: usize| {
            let vectors = if columns == Some(m) { Vectors::Full } else { Vectors::Thin };
            let (mut s, mut u, mut v) = (vec![T::ONE; n], vec![T::ONE; m * m], start.clone());
            let u_view = columns.map(|columns| MatMut::col_major(&mut u, m, columns).unwrap());
            let v_view = MatMut::row_major(&mut v, n, n).unwrap();
            let a = MatRef::row_major(a, m, n).unwrap();
            let mut scratch = vec![T::from_f64(f64::NAN); scratch];
            let options = Options::new().vectors(vectors);
            let result = svd::jacobi_warm(a, &mut s, u_view, v_view, &options, &mut scratch);
            if result.is_err() {
                assert!(s.iter().chain(&u).all(|x| *x == T::ONE) && v == start, "changed: {result:?}");
            }
            result.map(|info| (info, s, u, v))
        };
        for scale in [1.0, large, 1.0 / large] {
            let a = base.scaled(scale).rounded::<T>();
            let data: Vec<T> = a.cast();
            let (info, s, u, v) = run(&data, Some(n), needed).unwrap();
            assert!(info.converged && info.sweeps <= 3, "{scale:e}: {info:?}");
            let q = Matrix::of(MatRef::col_major(&u, m, n).unwrap());
            Warm { u: q.cast(), s: s.clone(), v: v.clone() }.verify(&a, &format!("{scale:e}"));
            let (same, s_alone, _, v_alone) = run(&data, None, needed).unwrap();
            assert!(same == info && s_alone == s && v_alone == v, "{scale:e}: without U");
            let (same, s_full, full, v_full) = run(&data, Some(m), needed).unwrap();
            assert!(same == info && s_full == s && v_full == v && full[..m * n] == u[..m * n], "{scale:e}: full U");
            let full = Matrix::of(MatRef::col_major(&full, m, m).unwrap());
            assert!(orthonormality::<T>(&full) < bounds::ORTHONORMALITY, "{scale:e}");
        }
        let data: Vec<T> = base.cast();
        let short = Error::ScratchTooSmall { needed, given: needed - 1 };
        assert_eq!(run(&data, Some(n), needed - 1).err(), Some(short));
        for place in 0..m * n {
            let mut bad = data.clone();
            bad[place] = T::from_f64(if place % 2 == 0 { f64::NAN } else { f64::INFINITY });
            let (row, col) = (place / n, place % n);
            assert_eq!(run(&bad, Some(n), needed).err(), Some(Error::NonFinite { operand: Operand::A, row, col }));
        }
        let huge = vec![T::MAX * T::from_f64(0.5); m * n];
        assert!(matches!(run(&huge, Some(m), needed), Err(Error::Overflow { .. })));
    }
    check::<f64>(1e300);
    check::<f32>(1e36);
}
