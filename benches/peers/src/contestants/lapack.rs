//! LAPACK and BLAS as OpenBLAS builds them.

use peers_lapack::{Divide, Jacobi, multiply};

use super::{Gemm, Outputs, Problem, Products, Scalar, Svd};
use crate::check::Factors;

/// A routine that overwrites its matrix, and so gets a copy.
struct Copying<T, R> {
    routine: R,
    a: Vec<T>,
    outputs: Outputs<T>,
}

impl<T: Scalar, R> Copying<T, R> {
    fn new(problem: &Problem, routine: fn(usize, usize, bool) -> R) -> Self {
        let Problem { m, n, vectors, .. } = *problem;
        Copying { routine: routine(m, n, vectors), a: vec![T::ZERO; m * n], outputs: Outputs::new(problem) }
    }
}

pub fn gesdd<T: Scalar>(problem: &Problem) -> Box<dyn Svd<T>> {
    Box::new(Copying::new(problem, Divide::new))
}

impl<T: Scalar> Svd<T> for Copying<T, Divide<T>> {
    fn run(&mut self, matrices: &[T]) {
        for (i, a) in matrices.chunks_exact(self.a.len()).enumerate() {
            let [s, u, vt] = self.outputs.places(i);
            self.a.copy_from_slice(a);
            self.routine.run(&mut self.a, s, u, vt);
        }
    }

    fn factors(&self, i: usize) -> Factors {
        let Factors { s, vectors } = self.outputs.factors(i);
        Factors { s, vectors: vectors.map(|(u, vt)| (u, vt.transpose())) }
    }
}

pub fn gejsv<T: Scalar>(problem: &Problem) -> Box<dyn Svd<T>> {
    Box::new(Copying::new(problem, Jacobi::new))
}

impl<T: Scalar> Svd<T> for Copying<T, Jacobi<T>> {
    fn run(&mut self, matrices: &[T]) {
        for (i, a) in matrices.chunks_exact(self.a.len()).enumerate() {
            let [s, u, v] = self.outputs.places(i);
            self.a.copy_from_slice(a);
            let scale = self.routine.run(&mut self.a, s, u, v);
            assert_eq!(scale, 1.0, "these matrices give no reason to scale the values");
        }
    }

    fn factors(&self, i: usize) -> Factors {
        self.outputs.factors(i)
    }
}

struct Product(Products);

pub fn product<T: Scalar>(shape: &Products) -> Box<dyn Gemm<T>> {
    Box::new(Product(*shape))
}

impl<T: Scalar> Gemm<T> for Product {
    fn run(&mut self, a: &[T], b: &[T], c: &mut [T]) {
        let Products { transposed, m, k, n, .. } = self.0;
        multiply(transposed, [m, k, n], a, b, c);
    }
}
