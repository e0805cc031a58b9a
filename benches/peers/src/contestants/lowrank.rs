//! lowrank, the crate that this repository is.

use ::lowrank::kernel::{Execution, gemm, gemm_scratch_len};
use ::lowrank::svd::{Info, Options};
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

struct Loop<T> {
    problem: Problem,
    routine: Routine<T>,
    scratch: Vec<T>,
    outputs: Outputs<T>,
}

/// One call for each matrix. The options name no threads: it runs on one.
pub fn svd<T: Scalar>(
    problem: &Problem,
    routine: Routine<T>,
    scratch_len: fn(usize, usize) -> usize,
) -> Box<dyn Svd<T>> {
    let scratch = vec![T::ZERO; scratch_len(problem.m, problem.n)];
    Box::new(Loop { problem: *problem, routine, scratch, outputs: Outputs::new(problem) })
}

impl<T: Scalar> Svd<T> for Loop<T> {
    fn run(&mut self, matrices: &[T]) {
        let Problem { m, n, vectors, .. } = self.problem;
        for (i, a) in matrices.chunks_exact(m * n).enumerate() {
            let [s, u, v] = self.outputs.places(i);
            let a = MatRef::col_major(a, m, n).unwrap();
            let u = vectors.then(|| MatMut::col_major(u, m, n).unwrap());
            let v = vectors.then(|| MatMut::col_major(v, n, n).unwrap());
            (self.routine)(a, s, u, v, &Options::new(), &mut self.scratch).unwrap();
        }
    }

    fn factors(&self, i: usize) -> Factors {
        self.outputs.factors(i)
    }
}

struct Product<T> {
    shape: Products,
    scratch: Vec<T>,
}

/// The crate's own kernels.
pub fn product<T: Scalar>(shape: &Products) -> Box<dyn Gemm<T>> {
    let scratch = vec![T::ZERO; gemm_scratch_len(shape.m, shape.n, shape.k)];
    Box::new(Product { shape: *shape, scratch })
}

impl<T: Scalar> Gemm<T> for Product<T> {
    fn run(&mut self, a: &[T], b: &[T], c: &mut [T]) {
        let Products { m, k, n, .. } = self.shape;
        let a = MatRef::col_major(a, m, k).unwrap();
        let b = MatRef::col_major(b, k, n).unwrap();
        let c = MatMut::col_major(c, m, n).unwrap();
        gemm(T::ONE, a, b, T::ZERO, c, Execution::new(), &mut self.scratch).unwrap();
    }
}
