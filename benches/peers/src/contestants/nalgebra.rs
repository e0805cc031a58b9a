//! nalgebra: closed form (2 x 2), eigenvalues of `A^T A` (3 x 3), else bidiagonalisation and QR iteration.

use ::nalgebra::allocator::Allocator;
use ::nalgebra::{Const, DefaultAllocator, Dim, DimDiff, DimMin, DimMinimum, DimSub, Dyn, OMatrix, SVD, U1};

use super::{Problem, Scalar, Svd};
use crate::check::Factors;

/// The order of the largest matrices whose type states their size.
pub const LARGEST_STATIC: usize = 16;

struct Nalgebra<T: Scalar, R: DimMin<C>, C: Dim>
where
    DefaultAllocator: Allocator<R, DimMinimum<R, C>> + Allocator<DimMinimum<R, C>, C> + Allocator<DimMinimum<R, C>>,
{
    rows: R,
    cols: C,
    vectors: bool,
    results: Vec<Option<SVD<T, R, C>>>,
}

pub fn svd<T: Scalar>(problem: &Problem) -> Box<dyn Svd<T>> {
    macro_rules! fixed {
        ($($n:literal)*) => {
            match (problem.m, problem.n) {
                $(($n, $n) => sized(problem, Const::<$n>, Const::<$n>),)*
                (m, n) => {
                    assert!(m != n || n > LARGEST_STATIC, "{n} is missing in the list of static sizes");
                    sized(problem, Dyn(m), Dyn(n))
                }
            }
        };
    }
    fixed!(2 3 4 6 8 16)
}

fn sized<T: Scalar, R: DimMin<C>, C: Dim>(problem: &Problem, rows: R, cols: C) -> Box<dyn Svd<T>>
where
    DimMinimum<R, C>: DimSub<U1>,
    DefaultAllocator: Allocator<R, C>
        + Allocator<C>
        + Allocator<R>
        + Allocator<DimDiff<DimMinimum<R, C>, U1>>
        + Allocator<R, DimMinimum<R, C>>
        + Allocator<DimMinimum<R, C>, C>
        + Allocator<DimMinimum<R, C>>,
{
    let results = (0..problem.count).map(|_| None).collect();
    Box::new(Nalgebra { rows, cols, vectors: problem.vectors, results })
}

impl<T: Scalar, R: DimMin<C>, C: Dim> Svd<T> for Nalgebra<T, R, C>
where
    DimMinimum<R, C>: DimSub<U1>,
    DefaultAllocator: Allocator<R, C>
        + Allocator<C>
        + Allocator<R>
        + Allocator<DimDiff<DimMinimum<R, C>, U1>>
        + Allocator<R, DimMinimum<R, C>>
        + Allocator<DimMinimum<R, C>, C>
        + Allocator<DimMinimum<R, C>>,
{
    fn run(&mut self, matrices: &[T]) {
        let matrices = matrices.chunks_exact(self.rows.value() * self.cols.value());
        for (a, result) in matrices.zip(&mut self.results) {
            let a = OMatrix::from_column_slice_generic(self.rows, self.cols, a);
            *result = Some(SVD::new(a, self.vectors, self.vectors));
        }
    }

    fn factors(&self, i: usize) -> Factors {
        let svd = self.results[i].as_ref().unwrap();
        let (m, n) = (self.rows.value(), self.cols.value());
        let both = svd.u.as_ref().zip(svd.v_t.as_ref());
        Factors {
            s: super::to_f64(svd.singular_values.as_slice()),
            vectors: both
                .map(|(u, v_t)| (super::matrix(u.as_slice(), m, n), super::matrix(v_t.as_slice(), n, n).transpose())),
        }
    }
}
