//! LAPACK as an oracle: `gesdd` and `gejsv` share no code with lowrank, and are given the same matrices.
//!
//! The matrices and measures are those of the kernel crate's own tests.

#[path = "../../../tests/accuracy/corpus.rs"]
mod corpus;
#[path = "../../../tests/accuracy/double.rs"]
mod double;
#[path = "../../../tests/accuracy/lapack.rs"]
mod lapack;
#[expect(dead_code, reason = "what other factorizations are tested with")]
#[path = "../../../tests/accuracy/matrices.rs"]
mod matrices;
#[expect(dead_code, reason = "as above")]
#[path = "../../../tests/accuracy/measures.rs"]
mod measures;
#[path = "../../../tests/accuracy/oracle.rs"]
mod oracle;

use std::sync::Once;

use lowrank::svd::{self, InPlace, Info, Options};
use lowrank::{Error, MatMut, MatRef, Real};
use matrices::with_values;
use measures::{Matrix, orthonormality, residual};
use oracle::{Exact, singular_values};
use peers_lapack::{Divide, Jacobi, Lapack, set_threads};

/// OpenBLAS on one thread; set before any test calls it, as tests run at the same time.
fn one_thread() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| set_threads(1));
}

/// `A = U diag(s) V^T`
struct Factors {
    s: Vec<f64>,
    u: Matrix,
    v: Matrix,
}

type Call<T> = fn(
    MatRef<'_, T>,
    &mut [T],
    Option<MatMut<'_, T>>,
    Option<MatMut<'_, T>>,
    &Options,
    &mut [T],
) -> Result<Info, Error>;

/// A method of lowrank.
struct Method<T> {
    name: &'static str,
    /// Whether it finds small values of scaled columns to their own digits, as `gejsv`.
    relative: bool,
    call: Call<T>,
    scratch_len: fn(usize, usize) -> usize,
}

fn methods<T: Lapack>() -> [Method<T>; 5] {
    let method = |name, relative, call, scratch_len| Method { name, relative, call, scratch_len };
    [
        method("svd", false, svd::svd, svd::svd_scratch_len),
        method("golub_kahan", false, svd::golub_kahan, svd::golub_kahan_scratch_len),
        method("golub_kahan_in_place", false, in_place, svd::golub_kahan_in_place_scratch_len),
        method("jacobi", true, svd::jacobi, svd::jacobi_scratch_len),
        method("jacobi_unblocked", true, svd::jacobi_unblocked, svd::jacobi_unblocked_scratch_len),
    ]
}

/// Where the vectors of the longer side belong, A is copied to first.
fn in_place<T: Real>(
    a: MatRef<'_, T>,
    s: &mut [T],
    u: Option<MatMut<'_, T>>,
    v: Option<MatMut<'_, T>>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    let (mut long, square) = if a.rows() >= a.cols() { (u.unwrap(), v) } else { (v.unwrap().t(), u) };
    for i in 0..a.rows() {
        for j in 0..a.cols() {
            *long.get_mut(i, j).unwrap() = a.get(i, j).unwrap();
        }
    }
    svd::golub_kahan_in_place(long, s, InPlace::Vectors, square, options, scratch)
}

impl<T: Lapack> Method<T> {
    fn decompose(&self, a: &Matrix) -> Factors {
        let (m, n) = (a.rows, a.cols);
        let (mut s, mut u, mut v) = memory::<T>(a);
        let (data, k) = (a.cast::<T>(), s.len());
        let (left, right) = (MatMut::col_major(&mut u, m, k).unwrap(), MatMut::col_major(&mut v, n, k).unwrap());
        let mut scratch = vec![T::ZERO; (self.scratch_len)(m, n)];
        let a = MatRef::row_major(&data, m, n).unwrap();
        (self.call)(a, &mut s, Some(left), Some(right), &Options::new(), &mut scratch).unwrap();
        factors(a.shape(), 1.0, &s, &u, &v)
    }
}

/// Places for the values and the thin vectors.
fn memory<T: Real>(a: &Matrix) -> (Vec<T>, Vec<T>, Vec<T>) {
    let k = a.rows.min(a.cols);
    let memory = |len: usize| vec![T::from_f64(f64::NAN); len];
    (memory(k), memory(a.rows * k), memory(a.cols * k))
}

fn factors<T: Real>((m, n): (usize, usize), scale: f64, s: &[T], u: &[T], v: &[T]) -> Factors {
    let matrix = |data, rows| Matrix::of(MatRef::col_major(data, rows, s.len()).unwrap());
    Factors { s: s.iter().map(|s| scale * s.to_f64()).collect(), u: matrix(u, m), v: matrix(v, n) }
}

fn gesdd<T: Lapack>(a: &Matrix) -> Factors {
    if a.rows < a.cols {
        return gesdd::<T>(&a.t()).t();
    }
    let (mut s, mut u, mut vt) = memory::<T>(a);
    Divide::new(a.rows, a.cols, true).run(&mut a.t().cast(), &mut s, &mut u, &mut vt);
    let found = factors((a.rows, a.cols), 1.0, &s, &u, &vt);
    Factors { v: found.v.t(), ..found }
}

fn gejsv<T: Lapack>(a: &Matrix) -> Factors {
    if a.rows < a.cols {
        return gejsv::<T>(&a.t()).t();
    }
    let (mut s, mut u, mut v) = memory::<T>(a);
    let scale = Jacobi::new(a.rows, a.cols, true).run(&mut a.t().cast(), &mut s, &mut u, &mut v);
    factors((a.rows, a.cols), scale, &s, &u, &v)
}

impl Factors {
    /// Those of `A^T`.
    fn t(self) -> Self {
        Factors { u: self.v, v: self.u, ..self }
    }
}

/// `max |s_i - t_i| / (t_1 max(m, n) eps)`
fn apart<T: Real>(a: &Matrix, s: &[f64], t: &[f64]) -> f64 {
    // Exact takes the root of the number of values for a unit, where LAPACK has the larger dimension.
    let unit = a.rows.max(a.cols) as f64 / (s.len() as f64).sqrt();
    Exact::known(t.to_vec()).absolute_error::<T>(s) / unit
}

/// Over all types of matrix in LAPACK's shapes and in larger ones, neither routine's values are far from ours.
fn values<T: Lapack>() {
    let larger = [(5, 9), (17, 15), (64, 64), (65, 90), (150, 150), (300, 40), (40, 300)];
    for (m, n) in lapack::SHAPES.into_iter().chain(larger).filter(|(m, n)| m * n > 0) {
        for (name, a) in [lapack::types::<T>(m, n), corpus::all::<T>(m, n)].concat() {
            let a = a.rounded::<T>();
            let peers = [("gesdd", gesdd::<T>(&a).s), ("gejsv", gejsv::<T>(&a).s)];
            for method in methods::<T>() {
                let s = method.decompose(&a).s;
                for (peer, t) in &peers {
                    let error = apart::<T>(&a, &s, t);
                    assert!(error <= 1.5, "{}, {name}, {m} x {n}: {error} from {peer}", method.name);
                }
            }
        }
    }
}

#[test]
fn values_in_f64() {
    one_thread();
    values::<f64>();
}

#[test]
fn values_in_f32() {
    one_thread();
    values::<f32>();
}

/// Columns of lengths over all of the range, more of them than the double-double oracle has time for: each value is that of
/// `gejsv` to all but a few digits.
fn graded<T: Lapack>(largest: f64) {
    const COND: f64 = 3.0;
    for (m, n) in [(50, 50), (150, 150), (400, 90)] {
        let even: Vec<f64> = (0..n).map(|i| 1.0 + (COND - 1.0) * i as f64 / (n - 1) as f64).collect();
        let b = with_values(m, n, &even, 361);
        // From `largest` to its reciprocal, in an order that is neither up nor down.
        let factor = |j: usize| largest.powf(1.0 - 2.0 * ((7 * j + 3) % n) as f64 / (n - 1) as f64);
        let a = Matrix::new(m, n, |i, j| b.at(i, j) * factor(j)).rounded::<T>();
        let expected = gejsv::<T>(&a).s;
        let unit = COND * (m as f64).sqrt();
        for method in methods::<T>().into_iter().filter(|method| method.relative) {
            let s = method.decompose(&a).s;
            let error = Exact::known(expected.clone()).relative_error::<T>(&s);
            assert!(error <= 2.0 * unit, "{}, {m} x {n}: {error}", method.name);
        }
    }
}

#[test]
fn every_value_of_graded_columns_in_f64() {
    one_thread();
    graded::<f64>(1e140);
}

#[test]
fn every_value_of_graded_columns_in_f32() {
    one_thread();
    graded::<f32>(1e17);
}

/// The error of the values, `max |s_i - s_i*| / (s_1 sqrt(k) eps)` for the exact values `s*`, and the ratios of the residual
/// and of the orthonormality of U and V. Mean and maximum over a corpus, printed too: ours are no less accurate.
fn accuracy<T: Lapack>() {
    let shapes = [(3, 3), (10, 10), (16, 10), (30, 30), (40, 30)];
    let all = |(m, n)| corpus::within_range::<T>(m, n).into_iter().map(|(_, a)| a.rounded::<T>());
    let matrices: Vec<Matrix> = shapes.into_iter().flat_map(all).collect();
    let exact: Vec<Exact> = matrices.iter().map(singular_values).collect();
    let measure = |name: &str, decompose: &dyn Fn(&Matrix) -> Factors| {
        let (mut means, mut largest) = ([0.0; 4], [0.0; 4]);
        for (a, exact) in matrices.iter().zip(&exact) {
            let Factors { s, u, v } = decompose(a);
            let values = exact.absolute_error::<T>(&s);
            let found = [values, residual::<T>(a, &u, &s, &v), orthonormality::<T>(&u), orthonormality::<T>(&v)];
            for i in 0..4 {
                means[i] += found[i] / matrices.len() as f64;
                largest[i] = f64::max(largest[i], found[i]);
            }
        }
        let cells: Vec<_> = means.iter().zip(&largest).map(|(mean, most)| format!("{mean:.2}, {most:.1}")).collect();
        println!("| {name}, f{} | {} |", 8 * size_of::<T>(), cells.join(" | "));
        means
    };
    let peers = [measure("LAPACK gesdd", &gesdd::<T>), measure("LAPACK gejsv", &gejsv::<T>)];
    for method in methods::<T>() {
        let found = measure(method.name, &|a| method.decompose(a));
        let peer = peers[usize::from(method.relative)];
        assert!(found[0] <= peer[0], "{}: {found:?} {peer:?}", method.name);
        assert!((1..4).all(|i| found[i] <= 1.4 * peer[i]), "{}: {found:?} {peer:?}", method.name);
    }
}

#[test]
fn accuracy_in_f64_and_f32() {
    one_thread();
    println!("\n| mean, largest | values | residual | U | V |\n|---|---|---|---|---|");
    accuracy::<f64>();
    accuracy::<f32>();
}
