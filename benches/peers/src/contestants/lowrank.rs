//! lowrank, the crate that this repository is.

use ::lowrank::kernel::{Execution, Kernels, Parallelism, gemm, gemm_scratch_len, gram};
use ::lowrank::svd::{self, Info, Options, Order};
use ::lowrank::{Error, MatMut, MatRef};

use super::{Gemm, Outputs, Problem, Products, Scalar, Svd};
use crate::check::Factors;

/// A function of [`lowrank::svd`] for dense matrices.
pub type Routine<T> = fn(
    MatRef<'_, T>,
    &mut [T],
    Option<MatMut<'_, T>>,
    Option<MatMut<'_, T>>,
    &Options,
    &mut [T],
) -> Result<Info, Error>;

/// The default options with these kernels; on several threads, those of the rayon pool.
fn options(problem: &Problem, kernels: Kernels) -> Options {
    let parallelism = if problem.threads == 1 { Parallelism::One } else { Parallelism::Rayon };
    Options::new().execution(Execution::new().parallelism(parallelism).kernels(kernels))
}

struct Loop<T> {
    problem: Problem,
    routine: Routine<T>,
    options: Options,
    scratch: Vec<T>,
    outputs: Outputs<T>,
}

/// One call for each matrix.
pub fn each<T: Scalar>(
    problem: &Problem,
    routine: Routine<T>,
    scratch_len: fn(usize, usize) -> usize,
    kernels: Kernels,
) -> Box<dyn Svd<T>> {
    let (options, scratch) = (options(problem, kernels), vec![T::ZERO; scratch_len(problem.m, problem.n)]);
    Box::new(Loop { problem: *problem, routine, options, scratch, outputs: Outputs::new(problem) })
}

impl<T: Scalar> Svd<T> for Loop<T> {
    fn run(&mut self, matrices: &[T]) {
        let Problem { m, n, vectors, .. } = self.problem;
        for (i, a) in matrices.chunks_exact(m * n).enumerate() {
            let [s, u, v] = self.outputs.places(i);
            let a = MatRef::col_major(a, m, n).unwrap();
            let u = vectors.then(|| MatMut::col_major(u, m, n).unwrap());
            let v = vectors.then(|| MatMut::col_major(v, n, n).unwrap());
            (self.routine)(a, s, u, v, &self.options, &mut self.scratch).unwrap();
        }
    }

    fn factors(&self, i: usize) -> Factors {
        self.outputs.factors(i)
    }
}

/// One call for all matrices.
struct Batch<T> {
    problem: Problem,
    outputs: Outputs<T>,
}

pub fn batch<T: Scalar>(problem: &Problem) -> Box<dyn Svd<T>> {
    Box::new(Batch { problem: *problem, outputs: Outputs::new(problem) })
}

impl<T: Scalar> Svd<T> for Batch<T> {
    fn run(&mut self, matrices: &[T]) {
        let Problem { m, n, count, vectors, .. } = self.problem;
        let [s, u, v] = self.outputs.all();
        let a = MatRef::row_major(matrices, count, m * n).unwrap();
        let s = MatMut::row_major(s, count, n).unwrap();
        let u = vectors.then(|| MatMut::row_major(u, count, m * n).unwrap());
        let v = vectors.then(|| MatMut::row_major(v, count, n * n).unwrap());
        svd::batch(a, (m, n), Order::ColMajor, s, u, v, &options(&self.problem, Kernels::Best)).unwrap();
    }

    fn factors(&self, i: usize) -> Factors {
        self.outputs.factors(i)
    }
}

struct Product<T> {
    shape: Products,
    execution: Execution,
    scratch: Vec<T>,
}

/// The products of a backend, or with its kernels.
pub fn product<T: Scalar>(shape: &Products, execution: Execution) -> Box<dyn Gemm<T>> {
    let scratch = vec![T::ZERO; gemm_scratch_len(shape.m, shape.n, shape.k)];
    Box::new(Product { shape: *shape, execution, scratch })
}

impl<T: Scalar> Gemm<T> for Product<T> {
    fn run(&mut self, a: &[T], b: &[T], c: &mut [T]) {
        let Products { transposed, m, k, n, .. } = self.shape;
        let a = if transposed { MatRef::row_major(a, m, k) } else { MatRef::col_major(a, m, k) }.unwrap();
        let b = MatRef::col_major(b, k, n).unwrap();
        let c = MatMut::col_major(c, m, n).unwrap();
        if self.shape.gram {
            gram(b, c, self.execution, &mut self.scratch).unwrap();
        } else {
            gemm(T::ONE, a, b, T::ZERO, c, self.execution, &mut self.scratch).unwrap();
        }
    }
}
