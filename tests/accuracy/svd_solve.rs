//! `svd::{rank, condition_number, pinv, least_squares}`: the conditions of Moore and Penrose, formulas, known values.

use super::corpus;
use super::layouts::{ORDERS, Stored, bits};
use super::matrices::{orthonormal, random, with_values};
use super::measures::{Matrix, bounds};
use lowrank::kernel::Execution;
use lowrank::qr::{Vectors, qr, qr_scratch_len};
use lowrank::svd::solve::{Info, Options};
use lowrank::svd::{self, condition_number, least_squares, pinv, rank};
use lowrank::{Error, MatMut, MatRef, Operand, Real};
use proptest::prelude::*;

const PLAIN: Options = Options::new();

fn rank_of<T: Real>(a: &Matrix, options: Options) -> usize {
    let mut scratch = vec![T::from_f64(f64::NAN); svd::rank_scratch_len(a.rows, a.cols)];
    rank(Stored::<T>::of(a, 0).view(), &options, &mut scratch).unwrap()
}

fn condition_of<T: Real>(a: &Matrix) -> f64 {
    let mut scratch = vec![T::from_f64(f64::NAN); svd::condition_number_scratch_len(a.rows, a.cols)];
    condition_number(Stored::<T>::of(a, 0).view(), &PLAIN, &mut scratch).unwrap()
}

fn pinv_of<T: Real>(a: &Matrix, options: Options) -> Result<(Matrix, Info), Error> {
    let mut x = Stored::filled(a.cols, a.rows, 1, T::ONE);
    let mut scratch = vec![T::from_f64(f64::NAN); svd::pinv_scratch_len(a.rows, a.cols)];
    let info = pinv(Stored::<T>::of(a, 0).view(), x.view_mut(), &options, &mut scratch)?;
    Ok((x.matrix(), info))
}

/// The solution and the norms of the residuals.
fn solve<T: Real>(a: &Matrix, b: &Matrix, options: Options) -> Result<(Matrix, Vec<f64>, Info), Error> {
    let mut x = Stored::filled(a.cols, b.cols, 1, T::ONE);
    let mut norms = vec![T::ONE; b.cols];
    let mut scratch = vec![T::from_f64(f64::NAN); svd::least_squares_scratch_len(a.rows, a.cols, b.cols)];
    let (a, b) = (Stored::<T>::of(a, 0), Stored::<T>::of(b, 0));
    let info = least_squares(a.view(), b.view(), x.view_mut(), Some(&mut norms), &options, &mut scratch)?;
    Ok((x.matrix(), norms.iter().map(|x| x.to_f64()).collect(), info))
}

/// `|x - y| / |y|`
fn distance(x: &Matrix, y: &Matrix) -> f64 {
    let difference = x.minus(y).norm();
    if difference == 0.0 { 0.0 } else { difference / y.norm() }
}

fn eps<T: Real>() -> f64 {
    T::EPSILON.to_f64()
}

/// Moves every entry by `2^e`, exactly unless it leaves the range of T.
fn shifted<T: Real>(a: &Matrix, e: i32) -> Matrix {
    Matrix::new(a.rows, a.cols, |i, j| T::from_f64(a.at(i, j)).scale(e).to_f64())
}

/// The conditions of Moore and Penrose, over the rounding that backward stability allows each; sizes are of order one.
fn verify_pinv<T: Real>(a: &Matrix, name: &str) {
    let a = a.rounded::<T>();
    let (x, info) = pinv_of::<T>(&a, PLAIN).unwrap();
    let context = format!("{name}, {} x {}: {info:?}", a.rows, a.cols);
    assert!(info.converged && info.rank == rank_of::<T>(&a, PLAIN), "{context}");
    assert_eq!(info.condition, condition_of::<T>(&a), "{context}");
    let (ax, xa) = (a.times(&x), x.times(&a));
    let unit = a.rows.max(a.cols) as f64 * eps::<T>();
    let product = a.norm() * x.norm();
    let conditions = [
        (ax.times(&a).minus(&a).norm(), a.norm()),
        (xa.times(&x).minus(&x).norm(), x.norm()),
        (ax.minus(&ax.t()).norm(), 1.0),
        (xa.minus(&xa.t()).norm(), 1.0),
    ];
    for (number, (error, size)) in conditions.into_iter().enumerate() {
        assert!(error <= bounds::RESIDUAL * unit * product * size, "{context}: condition {}: {error:e}", number + 1);
    }
    // The trace of a projection is its rank.
    let trace: f64 = (0..a.cols).map(|j| xa.at(j, j)).sum();
    assert!((trace - info.rank as f64).abs() <= bounds::RESIDUAL * unit * product, "{context}: {trace}");
}

fn sweep_of_shapes<T: Real>() {
    let small = (0..5).flat_map(|m| (0..5).map(move |n| (m, n)));
    for (m, n) in small.chain([(12, 12), (2, 30), (40, 7), (30, 31), (25, 60), (130, 20), (9, 140)]) {
        for (name, a) in corpus::within_range::<T>(m, n) {
            verify_pinv::<T>(&a, name);
        }
    }
}

#[test]
fn the_conditions_of_moore_and_penrose_in_f64() {
    sweep_of_shapes::<f64>();
}

#[test]
fn the_conditions_of_moore_and_penrose_in_f32() {
    sweep_of_shapes::<f32>();
}

/// Pseudo-inverses in closed form.
fn known() -> Vec<(&'static str, Matrix, Matrix)> {
    let of = |rows: usize, cols: usize, data: &[f64]| Matrix { rows, cols, data: data.to_vec() };
    vec![
        ("1 x 1", of(1, 1, &[-4.0]), of(1, 1, &[-0.25])),
        ("row", of(1, 3, &[1.0, 2.0, 2.0]), of(3, 1, &[1.0, 2.0, 2.0]).scaled(1.0 / 9.0)),
        ("tall", of(3, 2, &[1., 2., 3., 4., 5., 6.]), of(2, 3, &[-32., -8., 16., 26., 8., -10.]).scaled(1.0 / 24.0)),
        ("deficient", of(2, 2, &[1.0, 2.0, 2.0, 4.0]), of(2, 2, &[1.0, 2.0, 2.0, 4.0]).scaled(1.0 / 25.0)),
        ("ones", Matrix::new(7, 4, |_, _| 1.0), Matrix::new(4, 7, |_, _| 1.0 / 28.0)),
        ("zero", Matrix::new(3, 2, |_, _| 0.0), Matrix::new(2, 3, |_, _| 0.0)),
        (
            "diagonal",
            Matrix::new(3, 4, |i, j| if i == j { [2.0, 0.0, -8.0][i] } else { 0.0 }),
            Matrix::new(4, 3, |i, j| if i == j { [0.5, 0.0, -0.125][j] } else { 0.0 }),
        ),
        ("shift", Matrix::new(4, 4, |i, j| f64::from(u8::from(j == i + 1))), {
            Matrix::new(4, 4, |i, j| f64::from(u8::from(i == j + 1)))
        }),
    ]
}

/// Also from one end of the number range to the other: as far as the pseudo-inverse itself is in the range.
#[test]
fn pseudo_inverses_in_closed_form_at_every_scale() {
    fn check<T: Real>(exponents: &[i32]) {
        for (name, a, expected) in known() {
            for &e in exponents {
                let (a, expected) = (shifted::<T>(&a, e), shifted::<T>(&expected, -e));
                let (x, _) = pinv_of::<T>(&a, PLAIN).unwrap();
                // One rounding of each entry into the subnormal numbers, where the result is there.
                let allowed = 50.0 * eps::<T>() * expected.norm() + 6.0 * (T::MIN_POSITIVE * T::EPSILON).to_f64();
                let error = x.minus(&expected).norm();
                assert!(error <= allowed, "{name} 2^{e}: {error:e}, {x:?}");
            }
        }
    }
    check::<f64>(&[0, -1020, -1000, -700, -500, -300, -250, 250, 300, 500, 700, 1000, 1020]);
    check::<f32>(&[0, -124, -110, -70, -35, -31, 31, 35, 70, 110, 124]);
    // Near 1e300 and 1e-300, and subnormal numbers of which the inverse is in the range.
    let (x, info) = pinv_of::<f64>(&Matrix::new(1, 1, |_, _| 1e300), PLAIN).unwrap();
    assert!((x.at(0, 0) / 1e-300 - 1.0).abs() < 1e-15 && info.condition == 1.0);
    let a = Matrix::new(2, 2, |i, j| if i == j { 2f64.powi(-1023) } else { 0.0 });
    assert_eq!(pinv_of::<f64>(&a, PLAIN).unwrap().0.data, [2f64.powi(1023), 0.0, 0.0, 2f64.powi(1023)]);
    let a = Matrix::new(1, 1, |_, _| 2f64.powi(-127));
    assert_eq!(pinv_of::<f32>(&a, PLAIN).unwrap().0.data, [2f64.powi(127)]);
}

/// The inverse of a Hilbert matrix has integer entries: `(-1)^(i+j) (i+j+1) C(n+i, n-j-1) C(n+j, n-i-1) C(i+j, i)^2`.
#[test]
fn the_inverse_of_a_hilbert_matrix() {
    let choose = |n: usize, k: usize| (0..k).fold(1.0, |c, i| c * (n - i) as f64 / (i + 1) as f64);
    for (n, condition) in [(2, 19.281470067903967), (3, 524.0567775860608), (5, 476607.2502425909)] {
        let a = Matrix::new(n, n, |i, j| 1.0 / (i + j + 1) as f64);
        let inverse = Matrix::new(n, n, |i, j| {
            let sign = if (i + j) % 2 == 0 { 1.0 } else { -1.0 };
            sign * (i + j + 1) as f64 * choose(n + i, n - j - 1) * choose(n + j, n - i - 1) * choose(i + j, i).powi(2)
        });
        let (x, info) = pinv_of::<f64>(&a, PLAIN).unwrap();
        assert!(distance(&x, &inverse) < 4.0 * n as f64 * condition * f64::EPSILON, "{n}: {x:?}");
        assert_eq!(info.rank, n);
        assert!((info.condition / condition - 1.0).abs() < condition * 1e-14, "{n}: {}", info.condition);
    }
}

#[test]
fn ranks_and_condition_numbers_of_constructed_matrices() {
    fn check<T: Real>() {
        for (m, n) in [(6, 6), (20, 9), (9, 20)] {
            for r in 0..=6 {
                let s: Vec<f64> = (0..r).map(|p| 2f64.powi(-(p as i32))).collect();
                let a = with_values(m, n, &s, 31 + r as u64);
                assert_eq!(rank_of::<T>(&a, PLAIN), r, "{m} x {n}");
                if r >= 2 {
                    let between = PLAIN.tolerance(1.5 * 2f64.powi(1 - r as i32));
                    assert_eq!(rank_of::<T>(&a, between), r - 1, "{m} x {n}");
                }
                let condition = condition_of::<T>(&a);
                if r < m.min(n) {
                    assert!(condition > 0.01 / eps::<T>(), "{m} x {n}, {r}: {condition:e}");
                } else {
                    assert!((condition / 2f64.powi(r as i32 - 1) - 1.0).abs() < 2000.0 * eps::<T>(), "{condition}");
                }
            }
        }
        let diagonal = |s: &[f64]| Matrix::new(s.len(), s.len() + 1, |i, j| if i == j { s[i] } else { 0.0 });
        // A value that is exactly at the tolerance counts as zero.
        let a = diagonal(&[1.0, 0.25, 4.0, 0.0]);
        let cases = [(0.0, 3), (0.0624, 3), (0.0625, 2), (0.24, 2), (0.25, 1), (0.999, 1)];
        for (tolerance, expected) in cases {
            assert_eq!(rank_of::<T>(&a, PLAIN.tolerance(tolerance)), expected, "{tolerance}");
            let (x, info) = pinv_of::<T>(&a, PLAIN.tolerance(tolerance)).unwrap();
            assert_eq!((info.rank, info.condition), (expected, f64::INFINITY));
            let kept = |s: f64| if s > tolerance * 4.0 { 1.0 / s } else { 0.0 };
            assert_eq!([x.at(0, 0), x.at(1, 1), x.at(2, 2)], [kept(1.0), kept(0.25), kept(4.0)]);
        }
        // The default is max(m, n) eps: 4 eps for this shape.
        for (part, expected) in [(3.0, 1), (5.0, 2)] {
            let a = Matrix::new(4, 2, |i, j| if i == j { [1.0, part * eps::<T>()][i] } else { 0.0 });
            assert_eq!(rank_of::<T>(&a, PLAIN), expected);
        }
        for (a, expected) in [
            (diagonal(&[3.0, 12.0, 1.5]), 8.0),
            (diagonal(&[3.0, 0.0]), f64::INFINITY),
            (diagonal(&[0.0]), f64::INFINITY),
            (Matrix::new(0, 0, |_, _| 0.0), 1.0),
            (Matrix::new(0, 5, |_, _| 0.0), 1.0),
            (Matrix::new(5, 0, |_, _| 0.0), 1.0),
        ] {
            assert_eq!(condition_of::<T>(&a), expected, "{a:?}");
            assert_eq!(rank_of::<T>(&a, PLAIN), a.data.iter().filter(|x| **x != 0.0).count());
            // The scale does not matter, to the ends of the range.
            for e in [T::MIN_EXPONENT - 10, -100, 100, T::MAX_EXPONENT - 4] {
                assert_eq!(condition_of::<T>(&shifted::<T>(&a, e)), expected, "{a:?} 2^{e}");
            }
        }
    }
    check::<f64>();
    check::<f32>();
    // Wider than f32 itself can tell.
    let a = Matrix::new(2, 2, |i, j| if i == j { [2f64.powi(60), 2f64.powi(-80)][i] } else { 0.0 });
    assert_eq!(condition_of::<f32>(&a), 2f64.powi(140));
}

/// Solves `A X = B` for square A by elimination with pivoting.
fn eliminate(a: &Matrix, b: &Matrix) -> Matrix {
    let n = a.rows;
    let mut work: Vec<Vec<f64>> =
        (0..n).map(|i| (0..n).map(|j| a.at(i, j)).chain((0..b.cols).map(|j| b.at(i, j))).collect()).collect();
    for p in 0..n {
        let pivot = (p..n).max_by(|i, j| work[*i][p].abs().total_cmp(&work[*j][p].abs())).unwrap();
        work.swap(p, pivot);
        for i in (0..n).filter(|i| *i != p) {
            let factor = work[i][p] / work[p][p];
            let row = work[p].clone();
            work[i].iter_mut().zip(row).for_each(|(x, y)| *x -= factor * y);
        }
    }
    Matrix::new(n, b.cols, |i, j| work[i][n + j] / work[i][i])
}

/// Full rank, well conditioned: the normal equations tell the solution, and a QR factorization does.
#[test]
fn least_squares_agrees_with_normal_equations_and_with_qr() {
    for (m, n, count) in [(1, 1, 1), (8, 8, 3), (30, 6, 150), (6, 30, 64), (200, 12, 65), (2, 1, 0)] {
        let s: Vec<f64> = (0..m.min(n)).map(|i| 1.0 + i as f64 / 8.0).collect();
        let (a, b) = (with_values(m, n, &s, 41), random(m, count, 42));
        let expected = if m >= n {
            eliminate(&a.t().times(&a), &a.t().times(&b))
        } else {
            a.t().times(&eliminate(&a.times(&a.t()), &b))
        };
        let (x, norms, info) = solve::<f64>(&a, &b, PLAIN).unwrap();
        assert!(distance(&x, &expected) < 1e-13, "{m} x {n}");
        assert!(info.converged && info.rank == m.min(n), "{info:?}");
        let single = solve::<f32>(&a, &b, PLAIN).unwrap();
        assert!(distance(&single.0, &expected) < 2e-5, "{m} x {n}");
        let error = a.times(&expected).minus(&b);
        for (j, (norm, single)) in norms.iter().zip(single.1).enumerate() {
            let expected = error.columns(j, 1).norm();
            assert!((norm - expected).abs() < 1e-14 * (m as f64).sqrt(), "{m} x {n}: {norm:e} {expected:e}");
            assert!((single - expected).abs() < 1e-5 * (m as f64).sqrt(), "{m} x {n}: {single:e} {expected:e}");
        }
        if m < n {
            continue;
        }
        let (mut q, mut r, mut scratch) = (vec![0.0; m * n], vec![0.0; n * n], vec![0.0; qr_scratch_len(m, n)]);
        let (left, right) = (MatMut::row_major(&mut q, m, n).unwrap(), MatMut::row_major(&mut r, n, n).unwrap());
        let view = MatRef::row_major(&a.data, m, n).unwrap();
        qr(view, Vectors::Thin, Some(left), Some(right), Execution::new(), &mut scratch).unwrap();
        let (q, r) = (Matrix { rows: m, cols: n, data: q }, Matrix { rows: n, cols: n, data: r });
        assert!(distance(&x, &eliminate(&r, &q.t().times(&b))) < 1e-13, "{m} x {n}");
    }
}

/// Of a deficient matrix whose vectors are known: `X = V diag(1/s) U^T B`, and the residual is what lies outside U.
#[test]
fn of_all_solutions_the_shortest() {
    for (m, n) in [(9, 5), (5, 9), (7, 7), (80, 20)] {
        let s = [3.0, 2.0, 1.0];
        let (u, v) = (orthonormal(m, 3, 51), orthonormal(n, 3, 52));
        let a = Matrix::new(m, n, |i, j| (0..3).map(|p| u.at(i, p) * s[p] * v.at(j, p)).sum());
        let b = random(m, 4, 53);
        let coordinates = u.t().times(&b);
        let expected = v.times(&Matrix::new(3, 4, |p, j| coordinates.at(p, j) / s[p]));
        let outside = b.minus(&u.times(&coordinates));
        let (x, norms, info) = solve::<f64>(&a, &b, PLAIN).unwrap();
        assert_eq!(info.rank, 3);
        assert!(distance(&x, &expected) < 1e-13);
        for (j, norm) in norms.iter().enumerate() {
            assert!((norm - outside.columns(j, 1).norm()).abs() < 1e-13);
        }
        // A tolerance above s_3 leaves its direction out.
        let (x, norms, info) = solve::<f64>(&a, &b, PLAIN.tolerance(0.5)).unwrap();
        let expected = v.times(&Matrix::new(3, 4, |p, j| if p < 2 { coordinates.at(p, j) / s[p] } else { 0.0 }));
        assert!(info.rank == 2 && distance(&x, &expected) < 1e-13);
        for (j, norm) in norms.iter().enumerate() {
            let expected = outside.columns(j, 1).norm().hypot(coordinates.at(2, j));
            assert!((norm - expected).abs() < 1e-13);
        }
    }
    let nothing = solve::<f64>(&Matrix::new(3, 2, |_, _| 0.0), &random(3, 2, 54), PLAIN).unwrap();
    assert!(nothing.0.data == [0.0; 4] && nothing.2.rank == 0 && nothing.2.condition == f64::INFINITY);
    let (x, norms, _) = solve::<f64>(&Matrix::new(0, 3, |_, _| 0.0), &Matrix::new(0, 2, |_, _| 0.0), PLAIN).unwrap();
    assert!(x.data == [0.0; 6] && norms == [0.0; 2]);
    let (_, norms, _) =
        solve::<f64>(&Matrix::new(2, 0, |_, _| 0.0), &Matrix::new(2, 1, |i, _| 3.0 + i as f64), PLAIN).unwrap();
    assert_eq!(norms, [5.0]);
}

/// A in any scale, and every column of B in another, as long as the solution is in the range.
#[test]
fn every_column_is_a_problem_of_its_own_at_every_scale() {
    fn check<T: Real>(scales: &[i32]) {
        let (a, b) = (with_values(9, 4, &[1.0, 0.9, 0.8, 0.7], 61), random(9, 1, 62));
        let (x, norms, _) = solve::<T>(&a, &b, PLAIN).unwrap();
        for &e in scales {
            let columns: Vec<i32> = scales.iter().copied().filter(|f| (f - e).abs() < T::MAX_EXPONENT - 4).collect();
            let wide = Matrix::new(9, columns.len(), |i, j| T::from_f64(b.at(i, 0)).scale(columns[j]).to_f64());
            let (y, lengths, _) = solve::<T>(&shifted::<T>(&a, e), &wide, PLAIN).unwrap();
            for (j, f) in columns.iter().enumerate() {
                // What A or B has lost of its digits to underflow is missing.
                let lost = |e: i32| 2f64.powi((T::MIN_EXPONENT + 4 - e).max(0)) * eps::<T>();
                let allowed = 60.0 * (lost(e) + lost(*f));
                let tiny = (T::MIN_POSITIVE * T::EPSILON).to_f64();
                let expected = shifted::<T>(&x, f - e);
                let error = y.columns(j, 1).minus(&expected).norm();
                assert!(error <= allowed * expected.norm() + 4.0 * tiny, "A 2^{e}, b 2^{f}: {error:e}");
                let expected = T::from_f64(norms[0]).scale(*f).to_f64();
                assert!((lengths[j] - expected).abs() <= allowed * expected + 2.0 * tiny, "A 2^{e}, b 2^{f}");
            }
        }
    }
    check::<f64>(&[-1060, -1000, -600, -300, -20, 0, 20, 300, 600, 1000, 1020]);
    check::<f32>(&[-140, -120, -70, -35, 0, 35, 70, 120, 124]);
}

#[test]
fn results_beyond_the_range_are_errors_and_nothing_changes() {
    fn check<T: Real>() {
        let power = |e: i32| Matrix::new(1, 1, |_, _| T::ONE.scale(e).to_f64());
        let (max, tiny) = (T::MAX_EXPONENT, T::MIN_EXPONENT + 1 - T::SIGNIFICAND_BITS as i32);
        assert_eq!(pinv_of::<T>(&power(-max), PLAIN).unwrap().0.data, power(max).data);
        for e in [max + 1, max + 3, -tiny] {
            assert_eq!(pinv_of::<T>(&power(-e), PLAIN).unwrap_err(), Error::Overflow { exponent: e });
        }
        let graded = Matrix::new(3, 2, |i, j| if i == j { T::ONE.scale(i as i32 * tiny).to_f64() } else { 0.0 });
        assert_eq!(pinv_of::<T>(&graded, PLAIN).unwrap().1.rank, 1);
        let error = pinv_of::<T>(&graded, PLAIN.tolerance(0.0)).unwrap_err();
        assert_eq!(error, Error::Overflow { exponent: -tiny });

        let half = max / 2 + 1;
        for (a, b, result) in [(-half, half - 1, Some(2 * half - 1)), (-half, half, None), (0, max, Some(max))] {
            let solved = solve::<T>(&power(a), &power(b), PLAIN);
            match result.filter(|e| *e <= max) {
                Some(e) => assert_eq!(solved.unwrap().0.data, power(e).data),
                None => assert_eq!(solved.unwrap_err(), Error::Overflow { exponent: b - a }),
            }
        }
        // The largest numbers themselves come through.
        let largest = Matrix::new(1, 1, |_, _| T::MAX.to_f64());
        let (x, _, _) = solve::<T>(&power(0), &largest, PLAIN).unwrap();
        assert_eq!(x.data, largest.data);
        assert!((pinv_of::<T>(&largest, PLAIN).unwrap().0.at(0, 0) * T::MAX.to_f64() - 1.0).abs() < 0.25);

        // One of many columns, with nothing written; and a residual of twice the largest number.
        let (a, zero) = (Stored::<T>::of(&power(-half), 0), Stored::<T>::filled(4, 1, 0, T::ZERO));
        let b =
            Stored::<T>::of(&Matrix::new(1, 90, |_, j| T::ONE.scale(if j == 88 { half + 2 } else { 0 }).to_f64()), 0);
        let seven = T::from_f64(7.0);
        let (mut x, mut norms) = (Stored::filled(1, 90, 2, seven), vec![seven; 90]);
        let mut scratch = vec![T::ZERO; svd::least_squares_scratch_len(4, 1, 90)];
        let result = least_squares(a.view(), b.view(), x.view_mut(), Some(&mut norms), &PLAIN, &mut scratch);
        assert_eq!(result, Err(Error::Overflow { exponent: 2 * half + 2 }));
        assert!(x.untouched(seven) && norms.iter().all(|x| *x == seven));
        let b = Stored::<T>::filled(4, 2, 0, T::MAX);
        let mut x = Stored::filled(1, 2, 2, seven);
        let result = least_squares(zero.view(), b.view(), x.view_mut(), Some(&mut norms[..2]), &PLAIN, &mut scratch);
        assert_eq!(result, Err(Error::Overflow { exponent: max + 1 }));
        assert!(x.untouched(seven) && norms.iter().all(|x| *x == seven));
        // The same where the solution itself is small.
        let large = Stored::<T>::of(&Matrix::new(4, 1, |i, _| T::ONE.scale(if i == 0 { max } else { 0 }).to_f64()), 0);
        let result = least_squares(large.view(), b.view(), x.view_mut(), Some(&mut norms[..2]), &PLAIN, &mut scratch);
        assert_eq!(result, Err(Error::Overflow { exponent: max + 1 }));
        assert!(x.untouched(seven) && norms.iter().all(|x| *x == seven));
        // Not asked for, it is no obstacle.
        least_squares(zero.view(), b.view(), x.view_mut(), None, &PLAIN, &mut scratch).unwrap();
        assert_eq!(x.matrix().data, [0.0; 2]);
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn entries_that_are_not_finite_are_named_and_nothing_changes() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for place in 0..12 {
            let (good, mut spoilt) = (random(3, 4, 71), random(3, 4, 72));
            spoilt.data[place] = bad;
            let (row, col) = (place / 4, place % 4);
            let mut scratch = vec![0.0; svd::least_squares_scratch_len(3, 4, 4)];
            for order in 0..ORDERS {
                let (good, spoilt) = (Stored::of(&good, order), Stored::of(&spoilt, order));
                let (mut x, mut norms) = (Stored::filled(4, 4, order, 7.0), [7.0; 4]);
                for (a, b, operand) in [(&spoilt, &good, Operand::A), (&good, &spoilt, Operand::B)] {
                    let (a, b) = (a.view(), b.view());
                    let result = least_squares(a, b, x.view_mut(), Some(&mut norms), &PLAIN, &mut scratch);
                    assert_eq!(result, Err(Error::NonFinite { operand, row, col }));
                }
                assert!(x.untouched(7.0) && norms == [7.0; 4]);
                let named = Error::NonFinite { operand: Operand::A, row, col };
                let mut x = Stored::filled(4, 3, order, 7.0);
                assert_eq!(pinv(spoilt.view(), x.view_mut(), &PLAIN, &mut scratch), Err(named));
                assert_eq!(rank(spoilt.view(), &PLAIN, &mut scratch), Err(named));
                assert_eq!(condition_number(spoilt.view(), &PLAIN, &mut scratch), Err(named));
                assert!(x.untouched(7.0));
            }
        }
    }
}

#[test]
fn wrong_arguments_are_named_and_nothing_changes() {
    let (a, b) = (Stored::<f64>::of(&random(3, 4, 73), 0), Stored::<f64>::of(&random(3, 5, 74), 0));
    let shape = |operand, expected, given| Err(Error::Shape { operand, expected, given });
    let needed = svd::least_squares_scratch_len(3, 4, 5);
    let mut norms = [7.0; 6];
    let mut run = |b: MatRef<'_, f64>, shape: (usize, usize), count: usize, options: Options, len: usize| {
        let mut x = Stored::filled(shape.0, shape.1, 2, 7.0);
        let mut scratch = vec![f64::NAN; len];
        let result = least_squares(a.view(), b, x.view_mut(), Some(&mut norms[..count]), &options, &mut scratch);
        assert!(result.is_ok() || (x.untouched(7.0) && norms == [7.0; 6]));
        result.map(|info| info.rank)
    };
    assert_eq!(run(b.view().t(), (4, 5), 5, PLAIN, needed), shape(Operand::B, (3, 3), (5, 3)));
    assert_eq!(run(b.view(), (3, 5), 5, PLAIN, needed), shape(Operand::C, (4, 5), (3, 5)));
    assert_eq!(run(b.view(), (4, 5), 6, PLAIN, needed), shape(Operand::Residuals, (5, 1), (6, 1)));
    let short = |needed| Error::ScratchTooSmall { needed, given: needed - 1 };
    assert_eq!(run(b.view(), (4, 5), 5, PLAIN, needed - 1), Err(short(needed)));
    let option = Error::Option { name: "tolerance" };
    for tolerance in [-1e-300, 1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(run(b.view(), (4, 5), 5, PLAIN.tolerance(tolerance), needed), Err(option));
    }
    assert_eq!(run(b.view(), (4, 5), 5, PLAIN, needed), Ok(3));

    let needed = svd::pinv_scratch_len(3, 4);
    let pinv = |shape: (usize, usize), options: Options, len: usize| {
        let mut x = Stored::filled(shape.0, shape.1, 3, 7.0);
        let result = pinv(a.view(), x.view_mut(), &options, &mut vec![f64::NAN; len]);
        assert!(result.is_ok() || x.untouched(7.0));
        result.map(|info| info.rank)
    };
    assert_eq!(pinv((3, 4), PLAIN, needed), shape(Operand::C, (4, 3), (3, 4)));
    assert_eq!(pinv((4, 3), PLAIN, needed - 1), Err(short(needed)));
    assert_eq!(pinv((4, 3), PLAIN.tolerance(2.0), needed), Err(option));
    assert_eq!(pinv((4, 3), PLAIN, needed), Ok(3));

    let needed = svd::rank_scratch_len(3, 4);
    assert_eq!(rank(a.view(), &PLAIN, &mut vec![0.0; needed - 1]), Err(short(needed)));
    assert_eq!(rank(a.view(), &PLAIN.tolerance(-0.5), &mut vec![0.0; needed]), Err(option));
    let needed = svd::condition_number_scratch_len(3, 4);
    assert_eq!(condition_number(a.view(), &PLAIN, &mut vec![0.0; needed - 1]), Err(short(needed)));
}

proptest! {
    /// Neither the order of memory, nor what was in it, nor whether residuals are asked for, changes a bit.
    #[test]
    fn the_same_bits_in_every_order(
        m in 0usize..8, n in 0usize..8, count in 0usize..70, r in 0usize..8, seed: u64, order in 0..ORDERS,
    ) {
        let (left, right) = (random(m, r, seed), random(r, n, seed ^ 5));
        let (a, b) = (left.times(&right), random(m, count, seed ^ 9));
        let (expected, norms, info) = solve::<f64>(&a, &b, PLAIN).unwrap();
        let inverse = pinv_of::<f64>(&a, PLAIN).unwrap().0;
        let (a, b) = (Stored::of(&a, order), Stored::of(&b, ORDERS - 1 - order));
        let mut x = Stored::filled(n, count, order, 7.0);
        let mut scratch = vec![f64::INFINITY; svd::least_squares_scratch_len(m, n, count) + 1];
        let given = least_squares(a.view(), b.view(), x.view_mut(), None, &PLAIN, &mut scratch[1..]).unwrap();
        prop_assert_eq!(given, info);
        prop_assert_eq!(bits(&x.matrix()), bits(&expected));
        prop_assert!(x.gaps_are(7.0) && norms.len() == count);
        let mut x = Stored::filled(n, m, order, 7.0);
        scratch = vec![3.0; svd::pinv_scratch_len(m, n)];
        pinv(a.view(), x.view_mut(), &PLAIN, &mut scratch).unwrap();
        prop_assert_eq!(bits(&x.matrix()), bits(&inverse));
        prop_assert!(x.gaps_are(7.0));
    }

    /// At the minimum, no step makes the error smaller, and the solution has no part in the null space.
    #[test]
    fn any_rank_is_solved_to_the_minimum(m in 1usize..9, n in 1usize..9, r in 1usize..5, seed: u64) {
        let r = r.min(m).min(n);
        let s: Vec<f64> = (0..r).map(|p| 1.0 + p as f64).collect();
        let (a, b) = (with_values(m, n, &s, seed), random(m, 2, seed ^ 3));
        let (x, norms, info) = solve::<f64>(&a, &b, PLAIN).unwrap();
        let error = a.times(&x).minus(&b);
        prop_assert_eq!(info.rank, r);
        prop_assert!(a.t().times(&error).norm() < 1e-12);
        prop_assert!(x.minus(&pinv_of::<f64>(&a, PLAIN).unwrap().0.times(&b)).norm() < 1e-12);
        for (j, norm) in norms.iter().enumerate() {
            prop_assert!((norm - error.columns(j, 1).norm()).abs() < 1e-13);
        }
    }

    /// Entries over the whole range of the number type at once.
    #[test]
    fn any_bit_patterns_that_are_finite(
        m in 1usize..6, n in 1usize..6, bits in prop::collection::vec(any::<u32>(), 36),
    ) {
        let entry = |i: usize| Some(f32::from_bits(bits[i])).filter(|x| x.abs() < 1e37).unwrap_or(1.0);
        let a = Matrix::new(m, n, |i, j| f64::from(entry(i * 6 + j)));
        match pinv_of::<f32>(&a, PLAIN) {
            Err(error) => prop_assert!(matches!(error, Error::Overflow { exponent } if exponent > 127), "{:?}", error),
            Ok((x, info)) => {
                prop_assert!(x.data.iter().all(|x| x.is_finite()) && info.rank <= m.min(n));
                // |A^+| is at least 1 / |A|, unless that is subnormal.
                prop_assert!(info.rank == 0 || x.norm() > 1.0 / a.norm() * 0.999 - 1e-44);
            }
        }
    }
}
