//! faer: bidiagonalisation, QR iteration for small and divide and conquer for larger matrices.

use ::faer::diag::DiagMut;
use ::faer::dyn_stack::{MemBuffer, MemStack};
use ::faer::linalg::svd::{ComputeSvdVectors, svd_scratch};
use ::faer::{MatMut, MatRef, Par};

use super::{Outputs, Problem, Scalar, Svd};
use crate::check::Factors;

struct Faer<T> {
    problem: Problem,
    par: Par,
    memory: MemBuffer,
    outputs: Outputs<T>,
}

pub fn svd<T: Scalar>(problem: &Problem) -> Box<dyn Svd<T>> {
    let par = if problem.threads == 1 { Par::Seq } else { Par::rayon(problem.threads) };
    let vectors = if problem.vectors { ComputeSvdVectors::Thin } else { ComputeSvdVectors::No };
    let request = svd_scratch::<T>(problem.m, problem.n, vectors, vectors, par, Default::default());
    Box::new(Faer { problem: *problem, par, memory: MemBuffer::new(request), outputs: Outputs::new(problem) })
}

impl<T: Scalar> Svd<T> for Faer<T> {
    fn run(&mut self, matrices: &[T]) {
        let Problem { m, n, vectors, .. } = self.problem;
        for (i, a) in matrices.chunks_exact(m * n).enumerate() {
            let [s, u, v] = self.outputs.places(i);
            let a = MatRef::from_column_major_slice(a, m, n);
            let u = vectors.then(|| MatMut::from_column_major_slice_mut(u, m, n));
            let v = vectors.then(|| MatMut::from_column_major_slice_mut(v, n, n));
            let stack = MemStack::new(&mut self.memory);
            ::faer::linalg::svd::svd(a, DiagMut::from_slice_mut(s), u, v, self.par, stack, Default::default()).unwrap();
        }
    }

    fn factors(&self, i: usize) -> Factors {
        self.outputs.factors(i)
    }
}
