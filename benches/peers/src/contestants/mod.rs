//! Who races: one file for each library, over one trait for each race.
//!
//! Matrices are column-major, which every library takes as it is. Each decomposition must leave A as it was, so the copy
//! that LAPACK and nalgebra need counts, as do those that the others make inside. Each result goes to its own place in
//! memory that the contestant allocated before the race, as it did all workspace that its library lets the caller own:
//!
//! - lowrank: scratch of the documented length;
//! - faer: the low-level functions over one `MemBuffer`;
//! - LAPACK: the `_work` functions of LAPACKE, column-major, which only pass on to the Fortran ones; workspace of the
//!   length that the query returns, or for `gejsv`, which answers none, of the documented length for blocked code;
//! - nalgebra: it allocates by itself. Static matrices up to [`nalgebra::LARGEST_STATIC`], dynamic ones above.

pub mod faer;
pub mod lapack;
pub mod lowrank;
pub mod matrixmultiply;
pub mod nalgebra;

use ::nalgebra::DMatrix;

use crate::check::Factors;

/// A number type that all contestants compute in.
pub trait Scalar:
    ::lowrank::Real + ::faer::traits::RealField + ::nalgebra::RealField + ::peers_lapack::Lapack + matrixmultiply::Multiply
{
    /// Its name.
    const NAME: &'static str;
}

impl Scalar for f32 {
    const NAME: &'static str = "f32";
}

impl Scalar for f64 {
    const NAME: &'static str = "f64";
}

/// `count` matrices of `m x n`, `m >= n`, to decompose on some threads, with thin vectors or without.
#[derive(Clone, Copy, Debug)]
pub struct Problem {
    pub m: usize,
    pub n: usize,
    pub count: usize,
    pub vectors: bool,
    pub threads: usize,
}

/// A way to compute singular value decompositions.
pub trait Svd<T> {
    /// Decomposes all matrices, which lie one after another.
    fn run(&mut self, matrices: &[T]);

    /// What the last run found for matrix `i`.
    fn factors(&self, i: usize) -> Factors;
}

/// Memory for the results of a [`Problem`], column-major, one matrix after another.
pub struct Outputs<T> {
    problem: Problem,
    s: Vec<T>,
    u: Vec<T>,
    v: Vec<T>,
}

impl<T: Scalar> Outputs<T> {
    pub fn new(problem: &Problem) -> Self {
        let Problem { m, n, count, vectors, .. } = *problem;
        let memory = |len: usize| vec![T::ZERO; len * count];
        let (u, v) = if vectors { (m * n, n * n) } else { (0, 0) };
        Outputs { problem: *problem, s: memory(n), u: memory(u), v: memory(v) }
    }

    /// All places for `s`, U and V.
    pub fn all(&mut self) -> [&mut [T]; 3] {
        [&mut self.s, &mut self.u, &mut self.v]
    }

    /// The places for `s`, U and V of matrix `i`; those for U and V are empty if no vectors are asked for.
    pub fn places(&mut self, i: usize) -> [&mut [T]; 3] {
        let count = self.problem.count;
        self.all().map(|memory| {
            let len = memory.len() / count;
            &mut memory[i * len..][..len]
        })
    }

    /// The results for matrix `i`, with V as it lies there.
    pub fn factors(&self, i: usize) -> Factors {
        let Problem { m, n, vectors, .. } = self.problem;
        let u = || matrix(&self.u[i * m * n..], m, n);
        let v = || matrix(&self.v[i * n * n..], n, n);
        Factors { s: to_f64(&self.s[i * n..][..n]), vectors: vectors.then(|| (u(), v())) }
    }
}

/// The `m x n` matrix at the beginning of `data`, for the check.
pub fn matrix<T: Scalar>(data: &[T], m: usize, n: usize) -> DMatrix<f64> {
    DMatrix::from_vec(m, n, to_f64(&data[..m * n]))
}

fn to_f64<T: Scalar>(data: &[T]) -> Vec<f64> {
    data.iter().map(|x| ::lowrank::Real::to_f64(*x)).collect()
}

/// Random numbers for matrices: uniform, the same in every run.
pub fn random<T: Scalar>(len: usize, seed: u64) -> Vec<T> {
    let mut uniform = ::lowrank::random::Uniform::new(seed);
    (0..len).map(|_| uniform.symmetric()).collect()
}

/// `count` products `C = A B` of an `m x k` and a `k x n` matrix.
#[derive(Clone, Copy, Debug)]
pub struct Products {
    /// Whether the memory of A holds its transpose.
    pub transposed: bool,
    /// Whether that is B too, so that C is its Gram matrix.
    pub gram: bool,
    pub m: usize,
    pub k: usize,
    pub n: usize,
    pub count: usize,
}

/// A way to compute matrix products.
pub trait Gemm<T> {
    /// `C = A B`, column-major.
    fn run(&mut self, a: &[T], b: &[T], c: &mut [T]);
}
