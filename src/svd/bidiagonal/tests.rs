//! Ratios over families of bidiagonal matrices, and values against other ways to find them.

use super::*;
use crate::kernel::Kernels;
use crate::random::Uniform;
use crate::svd::{Options, jacobi_unblocked, jacobi_unblocked_scratch_len};
use crate::view::MatRef;
use proptest::prelude::*;
use std::{vec, vec::Vec};

/// A bidiagonal matrix, with its name.
struct Bidiagonal<T> {
    name: &'static str,
    d: Vec<T>,
    e: Vec<T>,
}

impl<T: Real> Bidiagonal<T> {
    fn new(name: &'static str, n: usize, d: impl FnMut(usize) -> f64, e: impl FnMut(usize) -> f64) -> Self {
        let d = (0..n).map(d).map(T::from_f64).collect();
        Bidiagonal { name, d, e: (0..n.saturating_sub(1)).map(e).map(T::from_f64).collect() }
    }

    fn n(&self) -> usize {
        self.d.len()
    }

    fn largest(&self) -> f64 {
        max_abs(&self.d).max(max_abs(&self.e)).to_f64()
    }

    fn values(&self) -> Vec<T> {
        let mut s = vec![T::from_f64(7.0); self.n()];
        let mut scratch = vec![T::from_f64(f64::NAN); values_scratch_len(self.n())];
        values(&self.d, &self.e, &mut s, Execution::new().isa(), &mut scratch).unwrap();
        s
    }

    fn bisected(&self) -> Vec<T> {
        let mut s = vec![T::ZERO; self.n()];
        bisect(&self.d, &self.e, 0, &mut s);
        s
    }

    fn dense(&self) -> Vec<T> {
        let n = self.n();
        let mut a = vec![T::ZERO; n * n];
        (0..n).for_each(|i| a[i * n + i] = self.d[i]);
        (1..n).for_each(|i| a[(i - 1) * n + i] = self.e[i - 1]);
        a
    }

    /// `|B - U S V^T|` and the loss of orthonormality of U and V, over what rounding allows.
    fn ratios(&self, s: &[T], u: &[T], v: &[T]) -> [f64; 3] {
        let n = self.n();
        let wide = |x: &[T]| -> Vec<f64> { x.iter().map(|x| x.to_f64()).collect() };
        let (d, e, s, u, v) = (wide(&self.d), wide(&self.e), wide(s), wide(u), wide(v));
        let largest = self.largest();
        let mut residual = 0.0;
        for j in 0..n {
            let (u, v) = (&u[j * n..(j + 1) * n], &v[j * n..(j + 1) * n]);
            for i in 0..n {
                let image = d[i] * v[i] + if i + 1 < n { e[i] * v[i + 1] } else { 0.0 };
                let error = (image - s[j] * u[i]).abs() - (T::MIN_POSITIVE * T::EPSILON).to_f64() * 30.0;
                residual += (error.max(0.0) / if largest == 0.0 { 1.0 } else { largest }).powi(2);
            }
        }
        let loss = |x: &[f64]| {
            let mut loss = 0.0;
            for i in 0..n {
                for j in 0..=i {
                    let (a, b) = (&x[i * n..(i + 1) * n], &x[j * n..(j + 1) * n]);
                    let dot: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                    loss += if i == j { (dot - 1.0).powi(2) } else { 2.0 * dot.powi(2) };
                }
            }
            loss
        };
        let allowed = n.max(1) as f64 * T::EPSILON.to_f64();
        [residual.sqrt() / allowed, loss(&u).sqrt() / allowed, loss(&v).sqrt() / allowed]
    }
}

fn families<T: Real>(n: usize) -> Vec<Bidiagonal<T>> {
    let eps = T::EPSILON.to_f64();
    let random = |seed: u64| {
        let mut uniform = Uniform::new(seed);
        move |_: usize| uniform.symmetric::<f64>()
    };
    // 1 for about one of three.
    let chosen = |seed: u64| {
        let mut uniform = Uniform::new(seed);
        move || uniform.symmetric::<f64>() > 0.3
    };
    let (mut hole, mut gap, mut x, mut y) = (chosen(5), chosen(6), random(7), random(8));
    let (mut log_d, mut log_e, mut noise, mut small) = (random(9), random(10), random(11), random(12));
    let power = |base: f64, i: usize| base.powi(i as i32).max(1e-30);
    vec![
        Bidiagonal::new("random", n, random(1), random(2)),
        Bidiagonal::new("as from a normal matrix", n, |i| ((n - i) as f64).sqrt(), |i| ((n - 1 - i) as f64).sqrt()),
        Bidiagonal::new("graded down", n, |i| power(0.7, i), |i| power(0.7, i)),
        Bidiagonal::new("graded up", n, |i| power(0.7, n - i), |i| power(0.7, n - i)),
        Bidiagonal::new("log-uniform", n, |i| eps.powf(2.0 * log_d(i)), |i| eps.powf(2.0 * log_e(i))),
        Bidiagonal::new("ones", n, |_| 1.0, |_| 1.0),
        Bidiagonal::new("Toeplitz", n, |_| 1.0, |_| 2.0),
        Bidiagonal::new("zeros", n, |i| if hole() { 0.0 } else { x(i) }, |i| if gap() { 0.0 } else { y(i) }),
        Bidiagonal::new("clustered", n, |i| if i == 0 { 1.0 } else { eps }, |i| eps * noise(i)),
        Bidiagonal::new("near the identity", n, |_| 1.0, |i| eps.sqrt() * small(i)),
        Bidiagonal::new(
            "glued",
            n,
            |i| ((i % 21) as f64 - 10.0).abs() + 1.0,
            |i| if i % 21 == 20 { 1e-6 } else { 1.0 },
        ),
        Bidiagonal::new("zero diagonal", n, |_| 0.0, random(13)),
        Bidiagonal::new("zero last row", n, |i| if i + 1 == n { 0.0 } else { 1.0 }, |_| 0.5),
        Bidiagonal::new("zero", n, |_| 0.0, |_| 0.0),
        Bidiagonal::new("rank one", n, |i| if i == 0 { 3.0 } else { 0.0 }, |i| if i == 0 { 4.0 } else { 0.0 }),
    ]
}

fn sizes() -> impl Iterator<Item = usize> {
    (0..20).chain([31, 32, 33, 34, 35, 50, 67, 70, 150])
}

fn assert_good(ratios: [f64; 3], context: &str, n: usize) {
    assert!(ratios.iter().all(|r| *r < 8.0), "{context}, {n}: {ratios:?}");
}

/// All vectors by a method, which must converge.
fn by<T: Real>(method: Method<T>, b: &Bidiagonal<T>) -> (Vec<T>, Vec<T>) {
    let (u, v, converged) = by_first(&[method], b, [true; 2], Execution::new());
    assert!(converged, "{}, {}", b.name, b.n());
    (u, v)
}

/// The vectors of the sides that are wanted, by the first of the methods that converges, and whether one did.
fn by_first<T: Real>(
    methods: &[Method<T>],
    b: &Bidiagonal<T>,
    wanted: [bool; 2],
    execution: Execution,
) -> (Vec<T>, Vec<T>, bool) {
    let n = b.n();
    let nan = T::from_f64(f64::NAN);
    let (mut u, mut v) = (vec![nan; n * n], vec![nan; n * n]);
    let (left, right) = (MatMut::col_major(&mut u, n, n).unwrap(), MatMut::col_major(&mut v, n, n).unwrap());
    let outputs = [wanted[0].then_some(left), wanted[1].then_some(right)];
    let mut scratch = vec![nan; vectors_scratch_len(n)];
    let s = if b.d.iter().all(|d| d.is_finite()) { b.values() } else { b.d.clone() };
    let converged = first_that_converges(methods, [&b.d, &b.e, &s], outputs, execution, &mut scratch).unwrap();
    (u, v, converged)
}

/// `u Q` and `v P` by QR iteration, and its sweeps.
fn rotate<T: Real>(
    b: &Bidiagonal<T>,
    known: &[T],
    u: Option<MatMut<'_, T>>,
    v: Option<MatMut<'_, T>>,
    isa: Isa,
) -> usize {
    let mut scratch = vec![T::from_f64(f64::NAN); qr_iteration::scratch_len(b.n())];
    let (mut d, mut e) = (b.d.clone(), b.e.clone());
    let [left, right] = split(&mut scratch, qr_iteration::layout(b.n())).unwrap();
    let sweeps = qr_iteration::vectors(&mut d, &mut e, u, v, known, isa, [left, right, &mut []]);
    sweeps.unwrap_or_else(|| panic!("{}, {}", b.name, b.n()))
}

/// The last resort computes with the kernels that are asked for: up to signs, its bits are those of Jacobi with them.
#[test]
fn the_last_resort_is_reproducible() {
    let n = 40;
    let mut uniform = Uniform::new(9);
    let mut entry = |_| uniform.symmetric::<f64>();
    let d: Vec<f64> = (0..n).map(&mut entry).collect();
    let b = Bidiagonal::<f64> { name: "random", d, e: (1..n).map(entry).collect() };
    let execution = Execution::new().kernels(Kernels::Reproducible);
    let (u, v, _) = by_first(&[jacobi_vectors], &b, [true; 2], execution);
    let (a, mut s, mut right) = (b.dense(), vec![0.0; n], vec![0.0; n * n]);
    let mut left = right.clone();
    let mut scratch = vec![0.0; jacobi_unblocked_scratch_len(n, n)];
    let outputs = (MatMut::col_major(&mut left, n, n).unwrap(), MatMut::col_major(&mut right, n, n).unwrap());
    let options = Options::new().execution(execution);
    let a = MatRef::row_major(&a, n, n).unwrap();
    jacobi_unblocked(a, &mut s, Some(outputs.0), Some(outputs.1), &options, &mut scratch).unwrap();
    let sizes = |x: &[f64]| x.iter().map(|x| x.abs().to_bits()).collect::<Vec<_>>();
    assert_eq!(sizes(&u), sizes(&left));
    assert_eq!(sizes(&v), sizes(&right));
}

fn check_vectors<T: Real>(sizes: impl Iterator<Item = usize>, method: Method<T>) {
    for n in sizes {
        for b in families::<T>(n) {
            let (u, v) = by(method, &b);
            assert_good(b.ratios(&b.values(), &u, &v), b.name, n);
        }
    }
}

#[test]
fn vectors_by_division() {
    check_vectors::<f64>(sizes(), divide::vectors);
    check_vectors::<f32>(sizes(), divide::vectors);
}

#[test]
fn vectors_by_division_of_a_large_matrix() {
    for b in families::<f64>(300).iter().take(6) {
        let (u, v) = by(divide::vectors, b);
        assert_good(b.ratios(&b.values(), &u, &v), b.name, 300);
    }
}

#[test]
fn vectors_by_qr_iteration() {
    check_vectors::<f64>(sizes(), rotated_vectors);
    check_vectors::<f32>(sizes(), rotated_vectors);
}

/// Cosines that round to one, always in the same direction: vectors must not grow or shrink with every sweep. Errors of
/// rounding cancel in the mean of what their squared lengths have too much.
#[test]
fn many_small_rotations_do_not_change_the_length_of_vectors() {
    fn check<T: Real>() {
        let b = Bidiagonal::<T>::new("nearly one", 200, |_| 1.0, |_| 0.9 * T::EPSILON.to_f64().sqrt());
        let (u, v) = by(rotated_vectors, &b);
        for q in [&u, &v] {
            let excess = |column: &[T]| column.iter().map(|x| x.to_f64() * x.to_f64()).sum::<f64>() - 1.0;
            let drift = q.chunks(200).map(excess).sum::<f64>() / 200.0 / T::EPSILON.to_f64();
            assert!(drift.abs() < 1.0, "{drift} eps");
        }
    }
    check::<f64>();
    check::<f32>();
}

/// A method that met a bound leaves no trace: the next one finds what it finds alone. With entries that are NaN every method
/// meets its bound.
#[test]
fn a_method_that_met_its_bound_gives_way_to_the_next() {
    fn check<T: Real>() {
        fn spoils<T: Real>(
            _: &[T],
            _: &[T],
            _: &[T],
            u: Option<MatMut<'_, T>>,
            v: Option<MatMut<'_, T>>,
            _: Execution,
            scratch: &mut [T],
        ) -> Result<bool, Error> {
            scratch.fill(T::MAX);
            [u, v].into_iter().flatten().for_each(|mut x| x.fill(T::MAX));
            Ok(false)
        }
        let methods: [Method<T>; 3] = [divide::vectors, rotated_vectors, jacobi_vectors];
        for n in [1, 5, 32, 33, 70] {
            for b in families::<T>(n) {
                for (i, method) in methods.into_iter().enumerate() {
                    let expected = by_first(&[method], &b, [true; 2], Execution::new());
                    assert!(expected.2, "{i}, {}, {n}", b.name);
                    assert_good(b.ratios(&b.values(), &expected.0, &expected.1), b.name, n);
                    assert!(
                        by_first(&[spoils, spoils, method, spoils], &b, [true; 2], Execution::new()) == expected,
                        "{i}, {}, {n}",
                        b.name
                    );
                }
            }
            let none = Bidiagonal::<T>::new("no numbers", n, |_| f64::NAN, |_| f64::NAN);
            let (_, _, converged) = by_first(&methods, &none, [true; 2], Execution::new());
            assert!(!converged || n == 1, "{n}");
        }
    }
    check::<f64>();
    check::<f32>();
}

/// Nothing is fused in the kernel of the values.
#[test]
fn every_instruction_set_finds_the_same_values() {
    fn check<T: Real>() {
        for n in sizes() {
            for b in families::<T>(n) {
                let squares = |isa: Isa| {
                    let mut q: Vec<T> = b.d.iter().map(|d| *d * *d).collect();
                    let mut e: Vec<T> = b.e.iter().map(|e| *e * *e).collect();
                    let (mut to_q, mut to_e) = (vec![[T::ONE; dqds::LANES]; n], vec![[T::ONE; dqds::LANES]; n]);
                    isa.run(dqds::Squares { q: &mut q, e: &mut e, to_q: &mut to_q, to_e: &mut to_e });
                    q
                };
                for isa in Isa::all() {
                    // The longest vectors too, though `values` narrows them.
                    assert!(squares(isa) == squares(Isa::PORTABLE), "{}, {n}, {}", b.name, isa.name());
                    let mut s = vec![T::ZERO; n];
                    let mut scratch = vec![T::from_f64(f64::NAN); values_scratch_len(n)];
                    values(&b.d, &b.e, &mut s, isa, &mut scratch).unwrap();
                    assert!(s == b.values(), "{}, {n}, {}", b.name, isa.name());
                }
            }
        }
    }
    check::<f64>();
    check::<f32>();
}

/// Also where sweeps run upwards, as for the reverse of a matrix that is larger at its start.
#[test]
fn known_values_save_sweeps() {
    fn check<T: Real>(most: f64) {
        for n in [20, 48, 100] {
            for b in families::<T>(n).iter().take(2) {
                let turned = |x: &[T]| x.iter().rev().copied().collect();
                let reversed = Bidiagonal { name: "reversed", d: turned(&b.d), e: turned(&b.e) };
                for turned in [b, &reversed] {
                    let sweeps = |known: &[T]| rotate(turned, known, None, None, Isa::PORTABLE) as f64;
                    let (unknown, known) = (sweeps(&[]), sweeps(&turned.values()));
                    assert!(known <= most * unknown, "{}, {}, {n}: {known} {unknown}", b.name, turned.name);
                }
            }
        }
    }
    check::<f64>(0.83);
    check::<f32>(1.0);
}

/// They cost sweeps, no digits.
#[test]
fn vectors_with_wrong_values_for_shifts() {
    fn check<T: Real>() {
        for n in sizes() {
            for b in families::<T>(n) {
                let s = b.values();
                let wrong: [Vec<T>; 4] = [
                    vec![],
                    vec![T::ZERO; n],
                    s.iter().map(|_| s[0]).collect(),
                    s.iter().map(|s| *s * T::from_f64(1.1)).collect(),
                ];
                for known in wrong {
                    let nan = T::from_f64(f64::NAN);
                    let (mut u, mut v) = (vec![nan; n * n], vec![nan; n * n]);
                    let (left, right) =
                        (MatMut::col_major(&mut u, n, n).unwrap(), MatMut::col_major(&mut v, n, n).unwrap());
                    let mut scratch = vec![nan; vectors_scratch_len(n)];
                    let execution = Execution::new();
                    let (left, right) = (Some(left), Some(right));
                    assert!(rotated_vectors(&b.d, &b.e, &known, left, right, execution, &mut scratch).unwrap());
                    assert_good(b.ratios(&s, &u, &v), b.name, n);
                }
            }
        }
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn vectors_by_the_last_resort() {
    check_vectors::<f64>((0..20).chain([33, 70]), jacobi_vectors);
    check_vectors::<f32>((0..20).chain([33, 70]), jacobi_vectors);
}

/// Underflow in the QR factorization leaves three columns that span a plane. One of them is but a rounding error, and
/// after each sweep of rotations a smaller one.
#[test]
fn columns_that_depend_on_others_by_underflow() {
    let (mut d, mut e) = ([f64::NEG_INFINITY; 33], [f64::NEG_INFINITY; 32]);
    let diagonal = [(3, 0), (4, 0), (6, -12), (7, -3), (8, -101), (9, -95), (10, -2), (13, -72), (17, 0), (20, 0)];
    for (i, exponent) in diagonal.into_iter().chain([(25, -64), (28, -89), (29, -101), (32, -72)]) {
        d[i] = f64::from(exponent);
    }
    let beside = [(2, 0), (8, -98), (9, -31), (10, -109), (12, 0), (13, -102), (16, -7), (17, -94), (19, -65), (24, 0)];
    for (i, exponent) in beside.into_iter().chain([(25, -129), (27, -64), (28, -104), (29, -141)]) {
        e[i] = f64::from(exponent);
    }
    let b = Bidiagonal::<f32>::new("underflow", 33, |i| 1.3 * d[i].exp2(), |i| 1.3 * e[i].exp2());
    let (u, v) = by(jacobi_vectors, &b);
    assert_good(b.ratios(&b.values(), &u, &v), b.name, 33);
}

/// Bisection finds every value of every family to the last digits, in its own way.
#[test]
fn every_value_has_its_digits() {
    fn check<T: Real>() {
        for n in sizes() {
            for b in families::<T>(n) {
                // Entries of any size: the smallest values may be lost on the way.
                let lost = b.largest() * T::MIN_POSITIVE.to_f64() * 4.0;
                for (s, expected) in b.values().iter().zip(b.bisected()) {
                    let (s, expected) = (s.to_f64(), expected.to_f64());
                    let beyond = ((s - expected).abs() - lost).max(0.0);
                    let relative = if beyond == 0.0 { 0.0 } else { beyond / expected / T::EPSILON.to_f64() };
                    assert!(relative < 10.0 + n as f64, "{}, {n}: {s:e} {expected:e}, {relative}", b.name);
                }
            }
        }
    }
    check::<f64>();
    check::<f32>();
}

/// `s_k = 2 cos(k pi / (2 n + 1))` for ones.
#[test]
fn a_formula_for_the_values() {
    for n in [1, 2, 3, 10, 77, 300] {
        let b = Bidiagonal::<f64>::new("ones", n, |_| 1.0, |_| 1.0);
        for (k, s) in (1..).zip(b.values()) {
            // The sine of the complement has all its digits.
            let expected = 2.0 * ((n as f64 + 0.5 - f64::from(k)) * std::f64::consts::PI / (2 * n + 1) as f64).sin();
            assert!((s / expected - 1.0).abs() < (8.0 + 0.1 * n as f64) * f64::EPSILON, "{n}, {k}: {s:e} {expected:e}");
        }
    }
}

#[test]
fn values_agree_with_jacobi_where_the_matrix_is_graded() {
    fn check<T: Real>(step: f64) {
        for n in [2, 5, 20] {
            for up in [false, true] {
                let mut noise = Uniform::new(3);
                let size = |i: usize| step.powi(if up { n - i } else { i } as i32);
                let mut other = Uniform::new(4);
                let b = Bidiagonal::<T>::new(
                    "graded",
                    n,
                    |i| size(i) * (2.0 + noise.symmetric::<f64>()),
                    |i| size(i + usize::from(up)) * other.symmetric::<f64>(),
                );
                let (a, mut expected) = (b.dense(), vec![T::ZERO; n]);
                let mut scratch = vec![T::ZERO; jacobi_unblocked_scratch_len(n, n)];
                let view = MatRef::row_major(&a, n, n).unwrap();
                jacobi_unblocked(view, &mut expected, None, None, &Options::new(), &mut scratch).unwrap();
                for (s, expected) in b.values().iter().zip(&expected) {
                    let relative = (s.to_f64() / expected.to_f64() - 1.0).abs() / T::EPSILON.to_f64();
                    assert!(relative < 50.0, "{n}, {up}: {s} {expected}, {relative}");
                }
            }
        }
    }
    check::<f64>(1e-8);
    check::<f32>(1e-1);
}

#[test]
fn one_side_alone_has_the_same_bits() {
    for n in [1, 5, 16, 17, 40, 90] {
        for b in families::<f64>(n) {
            for method in [divide::vectors, rotated_vectors, jacobi_vectors] {
                let both = by_first(&[method], &b, [true; 2], Execution::new());
                assert!(by_first(&[method], &b, [true, false], Execution::new()).0 == both.0, "{}, {n}", b.name);
                assert!(by_first(&[method], &b, [false, true], Execution::new()).1 == both.1, "{}, {n}", b.name);
            }
        }
    }
}

#[test]
fn rotations_apply_to_matrices_of_any_height() {
    let n = 13;
    let b = &families::<f64>(n)[0];
    let mut q = vec![0.0; n * n];
    let mut identity = MatMut::col_major(&mut q, n, n).unwrap();
    identity.set_identity();
    rotate(b, &[], Some(identity), None, Isa::PORTABLE);
    for rows in [0, 1, 3, 4, 6, 8, 9, 16, 17, 30] {
        let mut uniform = Uniform::new(rows as u64);
        let mut x: Vec<f64> = (0..rows * n).map(|_| uniform.symmetric()).collect();
        let before = x.clone();
        for isa in Isa::all() {
            x.clone_from(&before);
            rotate(b, &[], Some(MatMut::col_major(&mut x, rows, n).unwrap()), None, isa);
            for (place, x) in x.iter().enumerate() {
                let (i, j) = (place % rows, place / rows);
                let expected: f64 = (0..n).map(|l| before[l * rows + i] * q[j * n + l]).sum();
                assert!((x - expected).abs() < 1e-14, "{rows}, {}: {x} {expected}", isa.name());
            }
        }
    }
}

#[test]
fn lengths_are_exact_and_follow_their_formulas() {
    for n in [0, 1, 2, 16, 17, 40] {
        let b = &families::<f64>(n)[0];
        let mut s = vec![0.0; n];
        assert_eq!(values_scratch_len(n), 9 * n);
        let packed = crate::kernel::gemm_scratch_len(n, n, n);
        assert_eq!(divide::scratch_len(n), 2 * n * n + 23 * n + 16 * (n.min(16) + 4) + packed);
        assert_eq!(vectors_scratch_len(n), divide::scratch_len(n).max(3 * n * n + 8 * n));
        for (needed, result) in [
            (
                values_scratch_len(n),
                values(&b.d, &b.e, &mut s, Execution::new().isa(), &mut vec![0.0; (9 * n).saturating_sub(1)]),
            ),
            (
                divide::scratch_len(n),
                divide::vectors(
                    &b.d,
                    &b.e,
                    &[],
                    None,
                    None,
                    Execution::new(),
                    &mut vec![0.0; divide::scratch_len(n) - 1],
                )
                .map(|_| ()),
            ),
        ] {
            assert!(needed == 0 || result == Err(Error::ScratchTooSmall { needed, given: needed - 1 }), "{n}");
        }
    }
}

proptest! {
    /// The values depend on magnitudes only, and scale with the matrix to the last bit.
    #[test]
    fn signs_do_not_matter_and_powers_of_two_scale(n in 1usize..40, seed: u64, e in -30i32..30, signs: u64) {
        let mut uniform = Uniform::new(seed);
        let mut entry = |_: usize| uniform.symmetric::<f64>();
        let d: Vec<f64> = (0..n).map(&mut entry).collect();
        let b = Bidiagonal::<f64>::new("random", n, |i| d[i], &mut entry);
        let flip = |i: usize, x: f64| if signs >> (i % 64) & 1 == 1 { -x } else { x };
        let turned = Bidiagonal::<f64>::new("turned", n, |i| flip(i, b.d[i]).scale(e), |i| flip(i + 7, b.e[i]).scale(e));
        let expected: Vec<f64> = b.values().iter().map(|s| s.scale(e)).collect();
        prop_assert_eq!(turned.values(), expected);
    }

    /// Entries over the whole range below the fourth root of the largest number, with zeros.
    #[test]
    fn any_entries(n in 1usize..40, exponents in prop::collection::vec((-150i32..32, 0u32..5), 80)) {
        let entry = |i: usize| if exponents[i].1 == 0 { 0.0 } else { 1.3 * 2.0f64.powi(exponents[i].0) };
        let b = Bidiagonal::<f32>::new("any", n, entry, |i| entry(i + 40));
        let s = b.values();
        prop_assert!(s.windows(2).all(|w| w[0] >= w[1]) && s.iter().all(|s| *s >= 0.0 && s.is_finite()));
        for method in [divide::vectors, rotated_vectors, jacobi_vectors] {
            let (u, v) = by(method, &b);
            let ratios = b.ratios(&s, &u, &v);
            prop_assert!(ratios.iter().all(|r| *r < 30.0), "{:?} {:?} {:?}", ratios, b.d, b.e);
        }
    }
}
