//! `svd::{polar, nearest_rotation, procrustes, procrustes_rotation}`: what they minimize, known answers, determinants.

use super::corpus;
use super::layouts::{ORDERS, Stored, bits};
use super::matrices::{orthonormal, random, with_values};
use super::measures::{Matrix, bounds, orthonormality, residual};
use lowrank::svd::{self, Options, nearest_rotation, polar, procrustes, procrustes_rotation};
use lowrank::{Error, MatRef, Operand, Real};
use proptest::prelude::*;

const PLAIN: Options = Options::new();

/// W and P.
fn polar_of<T: Real>(a: &Matrix) -> Result<(Matrix, Matrix), Error> {
    let (mut w, mut p) = (Stored::filled(a.rows, a.cols, 0, T::ONE), Stored::filled(a.cols, a.cols, 1, T::ONE));
    let mut scratch = vec![T::from_f64(f64::NAN); svd::polar_scratch_len(a.rows, a.cols)];
    let info = polar(Stored::<T>::of(a, 0).view(), Some(w.view_mut()), Some(p.view_mut()), &PLAIN, &mut scratch)?;
    assert!(info.converged);
    Ok((w.matrix(), p.matrix()))
}

fn rotation_of<T: Real>(a: &Matrix) -> Matrix {
    let mut r = Stored::filled(a.rows, a.cols, 0, T::ONE);
    let mut scratch = vec![T::from_f64(f64::NAN); svd::nearest_rotation_scratch_len(a.rows)];
    let info = nearest_rotation(Stored::<T>::of(a, 1).view(), r.view_mut(), &PLAIN, &mut scratch).unwrap();
    assert!(info.converged);
    r.matrix()
}

fn align<T: Real>(a: &Matrix, b: &Matrix, rotation: bool) -> Matrix {
    let mut q = Stored::filled(a.cols, a.cols, 0, T::ONE);
    let mut scratch = vec![T::from_f64(f64::NAN); svd::procrustes_scratch_len(a.rows, a.cols)];
    let (a, b) = (Stored::<T>::of(a, 0), Stored::<T>::of(b, 1));
    let solve = if rotation { procrustes_rotation } else { procrustes };
    solve(a.view(), b.view(), q.view_mut(), &PLAIN, &mut scratch).unwrap();
    q.matrix()
}

fn identity(n: usize) -> Matrix {
    Matrix::new(n, n, |i, j| f64::from(u8::from(i == j)))
}

fn eps<T: Real>() -> f64 {
    T::EPSILON.to_f64()
}

fn shifted<T: Real>(a: &Matrix, e: i32) -> Matrix {
    Matrix::new(a.rows, a.cols, |i, j| T::from_f64(a.at(i, j)).scale(e).to_f64())
}

/// By elimination with pivoting: the determinant and the inverse.
fn determinant_and_inverse(a: &Matrix) -> (f64, Matrix) {
    let n = a.rows;
    let unit = identity(n);
    let mut work: Vec<Vec<f64>> =
        (0..n).map(|i| (0..n).map(|j| a.at(i, j)).chain((0..n).map(|j| unit.at(i, j))).collect()).collect();
    let mut determinant = 1.0;
    for p in 0..n {
        let pivot = (p..n).max_by(|i, j| work[*i][p].abs().total_cmp(&work[*j][p].abs())).unwrap();
        if pivot != p {
            determinant = -determinant;
            work.swap(p, pivot);
        }
        determinant *= work[p][p];
        for i in (0..n).filter(|i| *i != p) {
            let factor = work[i][p] / work[p][p];
            let row = work[p].clone();
            work[i].iter_mut().zip(row).for_each(|(x, y)| *x -= factor * y);
        }
    }
    (determinant, Matrix::new(n, n, |i, j| work[i][n + j] / work[i][i]))
}

fn determinant(a: &Matrix) -> f64 {
    determinant_and_inverse(a).0
}

/// The sum of the entries of `x * y` taken one by one: the trace of `X^T Y`.
fn inner(x: &Matrix, y: &Matrix) -> f64 {
    x.data.iter().zip(&y.data).map(|(x, y)| x * y).sum()
}

/// Turns columns `p` and `q` by an angle: the steps that a rotation can take.
fn turned(q: &Matrix, i: usize, j: usize, angle: f64) -> Matrix {
    let (s, c) = angle.sin_cos();
    Matrix::new(q.rows, q.cols, |r, col| match col {
        _ if col == i => c * q.at(r, i) + s * q.at(r, j),
        _ if col == j => c * q.at(r, j) - s * q.at(r, i),
        _ => q.at(r, col),
    })
}

fn mirrored(q: &Matrix, j: usize) -> Matrix {
    Matrix::new(q.rows, q.cols, |r, col| if col == j { -q.at(r, col) } else { q.at(r, col) })
}

/// Cholesky's pivots of `P + margin I`: all positive if no eigenvalue is below `-margin`.
fn semidefinite(p: &Matrix, margin: f64) -> bool {
    let n = p.rows;
    let mut l = p.clone();
    (0..n).for_each(|i| l.data[i * n + i] += margin);
    for j in 0..n {
        if l.at(j, j) < 0.0 || (l.at(j, j) == 0.0 && (j..n).any(|i| l.at(i, j) != 0.0)) {
            return false;
        }
        let pivot = l.at(j, j);
        for i in j + 1..n {
            for r in (j + 1..n).filter(|_| pivot > 0.0) {
                l.data[i * n + r] -= l.at(i, j) * l.at(j, r) / pivot;
            }
        }
    }
    true
}

fn verify_polar<T: Real>(a: &Matrix, name: &str) {
    let a = a.rounded::<T>();
    let context = format!("{name}, {} x {}", a.rows, a.cols);
    let (w, p) = polar_of::<T>(&a).unwrap();
    let upright = if a.rows >= a.cols { w.clone() } else { w.t() };
    let ratio = orthonormality::<T>(&upright);
    assert!(ratio < bounds::ORTHONORMALITY, "{context}: {ratio}");
    let ratio = residual::<T>(&a, &w, &vec![1.0; a.cols], &p);
    assert!(ratio < bounds::RESIDUAL, "{context}: {ratio}");
    assert!((0..a.cols).all(|i| (0..i).all(|j| p.at(i, j) == p.at(j, i))), "{context}: not symmetric");
    let margin = bounds::RESIDUAL * a.rows.max(a.cols) as f64 * eps::<T>() * a.norm();
    assert!(semidefinite(&p, margin), "{context}: {p:?}");
    // The nuclear norm: no other orthonormal matrix can have more of A in it.
    let trace: f64 = (0..a.cols).map(|j| p.at(j, j)).sum();
    assert!((inner(&w, &a) - trace).abs() <= margin * (a.cols as f64).sqrt(), "{context}");
}

fn sweep_of_shapes<T: Real>() {
    let small = (0..5).flat_map(|m| (0..5).map(move |n| (m, n)));
    for (m, n) in small.chain([(12, 12), (2, 30), (40, 7), (30, 31), (140, 20)]) {
        for (name, a) in corpus::within_range::<T>(m, n) {
            verify_polar::<T>(&a, name);
        }
    }
}

#[test]
fn polar_factors_of_every_shape_in_f64() {
    sweep_of_shapes::<f64>();
}

#[test]
fn polar_factors_of_every_shape_in_f32() {
    sweep_of_shapes::<f32>();
}

/// `X <- (X + X^-T) / 2` converges to W from any nonsingular A.
#[test]
fn newton_finds_the_same_polar_factor() {
    for n in [1, 2, 3, 6, 20] {
        let s: Vec<f64> = (0..n).map(|i| 2.0 - i as f64 / n as f64).collect();
        let a = with_values(n, n, &s, 81 + n as u64);
        let mut x = a.clone();
        for _ in 0..30 {
            let inverse = determinant_and_inverse(&x).1;
            x = Matrix::new(n, n, |i, j| 0.5 * (x.at(i, j) + inverse.at(j, i)));
        }
        let (w, p) = polar_of::<f64>(&a).unwrap();
        assert!(w.minus(&x).norm() < 1e-13, "{n}");
        assert!(p.minus(&x.t().times(&a)).norm() < 1e-13, "{n}");
        assert!(polar_of::<f32>(&a).unwrap().0.minus(&x).norm() < 1e-5, "{n}");
    }
}

#[test]
fn polar_factors_in_closed_form_at_every_scale() {
    fn check<T: Real>(exponents: &[i32]) {
        let of = |rows: usize, cols: usize, data: &[f64]| Matrix { rows, cols, data: data.to_vec() };
        // 3, 4, 5: a rotation times diag(5, 10), and a column of length 5.
        let cases = [
            (of(2, 2, &[3.0, -8.0, 4.0, 6.0]), of(2, 2, &[0.6, -0.8, 0.8, 0.6]), of(2, 2, &[5.0, 0.0, 0.0, 10.0])),
            (of(2, 1, &[3.0, -4.0]), of(2, 1, &[0.6, -0.8]), of(1, 1, &[5.0])),
            (of(1, 2, &[3.0, -4.0]), of(1, 2, &[0.6, -0.8]), of(2, 2, &[1.8, -2.4, -2.4, 3.2])),
            (of(1, 1, &[-6.0]), of(1, 1, &[-1.0]), of(1, 1, &[6.0])),
        ];
        for (a, w, p) in &cases {
            for &e in exponents {
                let (given_w, given_p) = polar_of::<T>(&shifted::<T>(a, e)).unwrap();
                assert!(given_w.minus(w).norm() < 30.0 * eps::<T>(), "2^{e}: {given_w:?}");
                let expected = shifted::<T>(p, e);
                let allowed = 30.0 * eps::<T>() * expected.norm() + 2.0 * (T::MIN_POSITIVE * T::EPSILON).to_f64();
                assert!(given_p.minus(&expected).norm() <= allowed, "2^{e}: {given_p:?}");
            }
        }
    }
    check::<f64>(&[0, -1074, -1060, -1000, -500, -260, 260, 500, 1000, 1019]);
    check::<f32>(&[0, -149, -140, -110, -40, 40, 110, 123]);
}

#[test]
fn a_p_beyond_the_range_is_an_error_and_nothing_changes() {
    fn check<T: Real>() {
        // P is sqrt(3/2) times the largest number in each entry.
        let a = Stored::<T>::filled(3, 2, 0, T::MAX);
        let seven = T::from_f64(7.0);
        let (mut w, mut p) = (Stored::filled(3, 2, 0, seven), Stored::filled(2, 2, 0, seven));
        let mut scratch = vec![T::ZERO; svd::polar_scratch_len(3, 2)];
        let result = polar(a.view(), Some(w.view_mut()), Some(p.view_mut()), &PLAIN, &mut scratch);
        assert_eq!(result, Err(Error::Overflow { exponent: T::MAX_EXPONENT + 1 }));
        assert!(w.untouched(seven) && p.untouched(seven));
        polar(a.view(), Some(w.view_mut()), None, &PLAIN, &mut scratch).unwrap();
        assert!(orthonormality::<T>(&w.matrix()) < bounds::ORTHONORMALITY);
        // The largest singular value may exceed the range where P does not.
        let a = Stored::<T>::filled(2, 2, 0, T::MAX * T::from_f64(0.75));
        let mut p = Stored::filled(2, 2, 0, seven);
        polar(a.view(), None, Some(p.view_mut()), &PLAIN, &mut scratch).unwrap();
        let off = |x: &f64| (x / (0.75 * T::MAX.to_f64()) - 1.0).abs();
        assert!(p.matrix().data.iter().all(|x| off(x) < 10.0 * eps::<T>()), "{:?}", p.matrix());
    }
    check::<f64>();
    check::<f32>();
}

/// Of all directions that could be turned, the least costly; any turn away makes it worse.
fn verify_rotation<T: Real>(a: &Matrix, r: &Matrix, context: &str) {
    let n = a.rows;
    let ratio = orthonormality::<T>(r);
    assert!(ratio < bounds::ORTHONORMALITY, "{context}: {ratio}");
    assert!((determinant(r) - 1.0).abs() < 1e3 * n.max(1) as f64 * eps::<T>(), "{context}: {}", determinant(r));
    let best = inner(r, a);
    let slack = 30.0 * n as f64 * eps::<T>() * a.norm();
    for i in 0..n.min(12) {
        for j in (0..n.min(12)).filter(|j| *j != i) {
            for angle in [-2.0, -0.1, 0.01, 1.0, 3.1] {
                assert!(inner(&turned(r, i, j, angle), a) <= best + slack, "{context}: {i}, {j}, {angle}");
            }
            // Two mirrors are a rotation again.
            assert!(inner(&mirrored(&mirrored(r, i), j), a) <= best + slack, "{context}: {i}, {j}");
        }
    }
}

#[test]
fn the_nearest_rotation_of_every_kind_of_matrix() {
    fn check<T: Real>() {
        for n in [0, 1, 2, 3, 4, 5, 6, 9, 16, 33, 70] {
            for (name, a) in corpus::within_range::<T>(n, n) {
                for (reflected, a) in [(false, a.clone()), (true, if n == 0 { a } else { mirrored(&a, 0) })] {
                    let a = a.rounded::<T>();
                    let r = rotation_of::<T>(&a);
                    verify_rotation::<T>(&a, &r, &format!("{name}, {n}, reflected: {reflected}"));
                }
            }
        }
    }
    check::<f64>();
    check::<f32>();
}

/// `tr(R^T A) = s_1 + .. + s_(n-1) + sign(det A) s_n`, whichever sign the determinant has.
#[test]
fn a_reflection_gives_up_the_smallest_value_and_no_more() {
    for n in [2usize, 3, 4, 7, 30] {
        let s: Vec<f64> = (0..n).map(|i| 5.0 - 4.0 * i as f64 / n as f64).collect();
        let mut seen = [false; 2];
        for seed in 0..12 {
            let a = with_values(n, n, &s, 91 + seed);
            let negative = determinant(&a) < 0.0;
            seen[usize::from(negative)] = true;
            let sign = if negative { -1.0 } else { 1.0 };
            let expected = s.iter().take(n - 1).sum::<f64>() + sign * s[n - 1];
            let r = rotation_of::<f64>(&a);
            assert!((inner(&r, &a) - expected).abs() < 1e-12 * n as f64, "{n}, {seed}");
            let w = polar_of::<f64>(&a).unwrap().0;
            assert!(negative || r.minus(&w).norm() < 1e-13 * n as f64);
        }
        assert_eq!(seen, [true, true], "{n}");
    }
}

#[test]
fn rotations_of_a_known_matrix() {
    let diagonal = |s: &[f64]| Matrix::new(s.len(), s.len(), |i, j| if i == j { s[i] } else { 0.0 });
    let signs = [
        (vec![3.0, 2.0, 1.0], vec![1.0, 1.0, 1.0]),
        (vec![3.0, 2.0, -1.0], vec![1.0, 1.0, 1.0]),
        (vec![-3.0, 2.0, 1.0], vec![-1.0, 1.0, -1.0]),
        (vec![1.0, -3.0, -2.0], vec![1.0, -1.0, -1.0]),
        (vec![-1.0, -3.0, -2.0], vec![1.0, -1.0, -1.0]),
        (vec![3.0, 0.0, -2.0], vec![1.0, -1.0, -1.0]),
        (vec![0.0, 3.0, 2.0], vec![1.0, 1.0, 1.0]),
        (vec![-7.0], vec![1.0]),
        (vec![0.0], vec![1.0]),
    ];
    for (a, expected) in signs {
        for e in [-1060, -400, 0, 400, 1020] {
            assert_eq!(rotation_of::<f64>(&shifted::<f64>(&diagonal(&a), e)).data, diagonal(&expected).data, "{a:?}");
        }
    }
    // Permutations are orthogonal to the last bit; the even ones are rotations.
    for n in 2..30 {
        for step in 1..n {
            let cycle = Matrix::new(n, n, |i, j| f64::from(u8::from(j == (i + step) % n)));
            let even = determinant(&cycle) > 0.0;
            let r = rotation_of::<f32>(&cycle);
            assert_eq!(even, r.minus(&cycle).norm() < 1e-5, "{n}, {step}");
            assert!((determinant(&r) - 1.0).abs() < 1e-4, "{n}, {step}");
        }
    }
}

/// A rotation, from three plane rotations.
fn rotation(n: usize, seed: u64) -> Matrix {
    let q = orthonormal(n, n, seed);
    if determinant(&q) > 0.0 { q } else { mirrored(&q, 0) }
}

fn misfit(a: &Matrix, q: &Matrix, b: &Matrix) -> f64 {
    a.times(q).minus(b).norm()
}

/// Points and their images, exact and with noise, over panels of rows and scales.
#[test]
fn procrustes_recovers_the_rotation_of_points() {
    fn check<T: Real>(scales: &[(i32, i32)]) {
        for (m, n) in [(3, 3), (10, 2), (255, 3), (256, 4), (900, 7), (40, 40)] {
            let (a, q) = (random(m, n, 101), rotation(n, 102));
            let mirror = mirrored(&q, n - 1);
            for (e, f) in scales.iter().copied() {
                let allowed = 100.0 * (m as f64).sqrt() * n as f64 * eps::<T>();
                let a = a.rounded::<T>();
                let (images, reflections) = (a.times(&q).rounded::<T>(), a.times(&mirror).rounded::<T>());
                let scaled = shifted::<T>(&a, e);
                let context = format!("{m} x {n}, 2^{e}, 2^{f}");
                for rotations in [false, true] {
                    let found = align::<T>(&scaled, &shifted::<T>(&images, f), rotations);
                    assert!(found.minus(&q).norm() < allowed * 20.0, "{context}: {}", found.minus(&q).norm());
                }
                let reflections = shifted::<T>(&reflections, f);
                let found = align::<T>(&scaled, &reflections, false);
                assert!(found.minus(&mirror).norm() < allowed * 20.0, "{context}: {}", found.minus(&mirror).norm());
                assert!((determinant(&align::<T>(&scaled, &reflections, true)) - 1.0).abs() < allowed, "{context}");
            }
        }
    }
    check::<f64>(&[(0, 0), (1000, 1000), (-1000, -1000), (1000, -1000), (300, 300), (-300, -600), (0, 500)]);
    check::<f32>(&[(0, 0), (120, 120), (-100, -100), (120, -100), (40, 40), (-30, -60)]);
}

/// Against every orthogonal matrix near it, and many far away.
#[test]
fn no_other_orthogonal_matrix_fits_better() {
    for (m, n) in [(1, 1), (1, 3), (2, 3), (5, 3), (9, 2), (20, 6), (300, 5)] {
        for seed in 0..6 {
            let (a, b) = (random(m, n, 111 + seed), random(m, n, 131 + seed));
            for rotations in [false, true] {
                let q = align::<f64>(&a, &b, rotations);
                assert!(orthonormality::<f64>(&q) < bounds::ORTHONORMALITY);
                let best = misfit(&a, &q, &b);
                let worse = |other: &Matrix| misfit(&a, other, &b) >= best - 1e-12;
                assert!(!rotations || (determinant(&q) - 1.0).abs() < 1e-12);
                for i in 0..n {
                    assert!(rotations || worse(&mirrored(&q, i)));
                    for j in (0..n).filter(|j| *j != i) {
                        assert!([-1.5, -0.01, 1e-4, 0.3, 3.0].iter().all(|angle| worse(&turned(&q, i, j, *angle))));
                        assert!(worse(&mirrored(&mirrored(&q, i), j)));
                    }
                }
                for other in 0..20 {
                    let other = rotation(n, 1000 + other);
                    assert!(worse(&other) && (rotations || worse(&mirrored(&other, 0))));
                }
            }
        }
    }
}

#[test]
fn entries_that_are_not_finite_are_named_and_nothing_changes() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for place in 0..9 {
            let (good, mut spoilt) = (random(3, 3, 141), random(3, 3, 142));
            spoilt.data[place] = f64::from(bad);
            let (row, col) = (place / 3, place % 3);
            let mut scratch = vec![0.0f32; svd::procrustes_scratch_len(3, 3) + svd::polar_scratch_len(3, 3)];
            for order in 0..ORDERS {
                let (good, spoilt) = (Stored::<f32>::of(&good, order), Stored::<f32>::of(&spoilt, order));
                let (good, spoilt) = (good.view(), spoilt.view());
                let (mut w, mut p) = (Stored::filled(3, 3, order, 7.0), Stored::filled(3, 3, order, 7.0));
                let named = |operand| Err(Error::NonFinite { operand, row, col });
                let result = polar(spoilt, Some(w.view_mut()), Some(p.view_mut()), &PLAIN, &mut scratch);
                assert_eq!(result, named(Operand::A));
                assert_eq!(nearest_rotation(spoilt, w.view_mut(), &PLAIN, &mut scratch), named(Operand::A));
                for solve in [procrustes, procrustes_rotation] {
                    assert_eq!(solve(spoilt, good, w.view_mut(), &PLAIN, &mut scratch), named(Operand::A));
                    assert_eq!(solve(good, spoilt, w.view_mut(), &PLAIN, &mut scratch), named(Operand::B));
                }
                assert!(w.untouched(7.0) && p.untouched(7.0));
            }
        }
    }
}

#[test]
fn wrong_arguments_are_named_and_nothing_changes() {
    let (a, square) = (Stored::<f64>::of(&random(3, 4, 143), 0), Stored::<f64>::of(&random(4, 4, 144), 0));
    let shape = |operand, expected, given| Err(Error::Shape { operand, expected, given });
    let short = |needed| Err(Error::ScratchTooSmall { needed, given: needed - 1 });
    let output = |rows, cols| Stored::filled(rows, cols, 2, 7.0);

    let needed = svd::polar_scratch_len(3, 4);
    let run = |w: (usize, usize), p: (usize, usize), len: usize| {
        let (mut w, mut p) = (output(w.0, w.1), output(p.0, p.1));
        let result = polar(a.view(), Some(w.view_mut()), Some(p.view_mut()), &PLAIN, &mut vec![f64::NAN; len]);
        assert!(result.is_ok() || (w.untouched(7.0) && p.untouched(7.0)));
        result.map(|info| info.nonzero)
    };
    assert_eq!(run((4, 3), (4, 4), needed), shape(Operand::Left, (3, 4), (4, 3)));
    assert_eq!(run((3, 4), (3, 3), needed), shape(Operand::Right, (4, 4), (3, 3)));
    assert_eq!(run((3, 4), (4, 4), needed - 1), short(needed));
    assert_eq!(run((3, 4), (4, 4), needed), Ok(3));

    let needed = svd::nearest_rotation_scratch_len(4);
    let run = |a: MatRef<'_, f64>, r: (usize, usize), len: usize| {
        let mut r = output(r.0, r.1);
        let result = nearest_rotation(a, r.view_mut(), &PLAIN, &mut vec![f64::NAN; len]);
        assert!(result.is_ok() || r.untouched(7.0));
        result.map(|info| info.nonzero)
    };
    assert_eq!(run(a.view(), (4, 4), needed), shape(Operand::A, (4, 4), (3, 4)));
    assert_eq!(run(square.view(), (4, 3), needed), shape(Operand::C, (4, 4), (4, 3)));
    assert_eq!(run(square.view(), (4, 4), needed - 1), short(needed));
    assert_eq!(run(square.view(), (4, 4), needed), Ok(4));

    let needed = svd::procrustes_scratch_len(3, 4);
    for solve in [procrustes, procrustes_rotation] {
        let run = |b: MatRef<'_, f64>, q: (usize, usize), len: usize| {
            let mut q = output(q.0, q.1);
            let result = solve(a.view(), b, q.view_mut(), &PLAIN, &mut vec![f64::NAN; len]);
            assert!(result.is_ok() || q.untouched(7.0));
            result.map(|info| usize::from(info.converged))
        };
        assert_eq!(run(square.view(), (4, 4), needed), shape(Operand::B, (3, 4), (4, 4)));
        assert_eq!(run(a.view(), (3, 3), needed), shape(Operand::C, (4, 4), (3, 3)));
        assert_eq!(run(a.view(), (4, 4), needed - 1), short(needed));
        assert_eq!(run(a.view(), (4, 4), needed), Ok(1));
    }
}

proptest! {
    /// Neither the order of memory, nor what was in it, nor which outputs are asked for, changes a bit.
    #[test]
    fn the_same_bits_in_every_order(m in 0usize..9, n in 0usize..9, r in 0usize..9, seed: u64, order in 0..ORDERS) {
        let a = random(m, r, seed).times(&random(r, n, seed ^ 5));
        let (w, p) = polar_of::<f64>(&a).unwrap();
        let stored = Stored::<f64>::of(&a, order);
        let mut scratch = vec![f64::INFINITY; svd::polar_scratch_len(m, n) + 1];
        let (mut only_w, mut only_p) = (Stored::filled(m, n, order, 7.0), Stored::filled(n, n, order, 7.0));
        polar(stored.view(), Some(only_w.view_mut()), None, &PLAIN, &mut scratch[1..]).unwrap();
        polar(stored.view(), None, Some(only_p.view_mut()), &PLAIN, &mut scratch).unwrap();
        prop_assert_eq!(bits(&only_w.matrix()), bits(&w));
        prop_assert_eq!(bits(&only_p.matrix()), bits(&p));
        prop_assert!(only_w.gaps_are(7.0) && only_p.gaps_are(7.0));

        let b = random(m, n, seed ^ 7);
        let other = Stored::<f64>::of(&b, ORDERS - 1 - order);
        let mut q = Stored::filled(n, n, order, 7.0);
        let mut scratch = vec![f64::INFINITY; svd::procrustes_scratch_len(m, n)];
        procrustes_rotation(stored.view(), other.view(), q.view_mut(), &PLAIN, &mut scratch).unwrap();
        prop_assert_eq!(bits(&q.matrix()), bits(&align::<f64>(&a, &b, true)));
        prop_assert!(q.gaps_are(7.0));

        let square = a.t().times(&b);
        let stored = Stored::<f64>::of(&square, order);
        let mut scratch = vec![3.0; svd::nearest_rotation_scratch_len(n)];
        nearest_rotation(stored.view(), q.view_mut(), &PLAIN, &mut scratch).unwrap();
        prop_assert_eq!(bits(&q.matrix()), bits(&rotation_of::<f64>(&square)));
        prop_assert!(q.gaps_are(7.0));
    }

    #[test]
    fn any_bit_patterns_that_are_finite(n in 1usize..6, values in prop::collection::vec(any::<u32>(), 36)) {
        let entry = |i: usize| Some(f32::from_bits(values[i])).filter(|x| x.abs() < 1e37).unwrap_or(1.0);
        let a = Matrix::new(n, n, |i, j| f64::from(entry(i * 6 + j)));
        verify_polar::<f32>(&a, "bits");
        let r = rotation_of::<f32>(&a);
        verify_rotation::<f32>(&a, &r, "bits");
    }
}
