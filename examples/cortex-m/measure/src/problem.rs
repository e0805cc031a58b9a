//! The decomposition that is measured: `A = U diag(s) V^T` of a square matrix of `f32`, by one method.

/// The largest order.
const MOST: usize = 16;

pub struct Problem {
    pub a: [f32; MOST * MOST],
    #[cfg(any(feature = "jacobi_unblocked", feature = "golub_kahan", feature = "svd", feature = "nalgebra"))]
    factors: ([f32; MOST], [f32; MOST * MOST], [f32; MOST * MOST]),
    #[cfg(any(feature = "jacobi_unblocked", feature = "golub_kahan", feature = "svd"))]
    scratch: [f32; own::SCRATCH],
}

impl Problem {
    pub const fn new() -> Self {
        Problem {
            a: [0.0; MOST * MOST],
            #[cfg(any(feature = "jacobi_unblocked", feature = "golub_kahan", feature = "svd", feature = "nalgebra"))]
            factors: ([0.0; MOST], [0.0; MOST * MOST], [0.0; MOST * MOST]),
            #[cfg(any(feature = "jacobi_unblocked", feature = "golub_kahan", feature = "svd"))]
            scratch: [0.0; own::SCRATCH],
        }
    }
}

#[cfg(any(feature = "jacobi_unblocked", feature = "golub_kahan", feature = "svd"))]
mod own {
    use super::{MOST, Problem};
    #[cfg(feature = "golub_kahan")]
    use lowrank::svd::{golub_kahan as method, golub_kahan_scratch_len as scratch_len};
    #[cfg(feature = "jacobi_unblocked")]
    use lowrank::svd::{jacobi_unblocked as method, jacobi_unblocked_scratch_len as scratch_len};
    #[cfg(feature = "svd")]
    use lowrank::svd::{svd as method, svd_scratch_len as scratch_len};
    use lowrank::{Error, MatMut, MatRef, svd};

    pub const SCRATCH: usize = scratch_len(MOST, MOST);

    impl Problem {
        /// Decomposes the matrix in the first `n * n` numbers; whether that has worked.
        pub fn solve(&mut self, n: usize) -> bool {
            self.factorize(n).is_ok_and(|info| info.converged)
        }

        fn factorize(&mut self, n: usize) -> Result<svd::Info, Error> {
            let Problem { a, factors: (s, u, v), scratch } = self;
            let a = MatRef::row_major(a, n, n)?;
            let (u, v) = (MatMut::row_major(u, n, n)?, MatMut::row_major(v, n, n)?);
            method(a, s.get_mut(..n).unwrap_or_default(), Some(u), Some(v), &svd::Options::new(), scratch)
        }
    }
}

#[cfg(feature = "nalgebra")]
mod peer {
    use super::Problem;
    use nalgebra::SMatrix;

    macro_rules! solve {
        ($($n:literal),*) => {
            impl Problem {
                /// As ours, for the orders that are compiled.
                pub fn solve(&mut self, n: usize) -> bool {
                    let Problem { a, factors: (s, u, v) } = self;
                    match n {
                        $($n => {
                            let svd = SMatrix::<f32, $n, $n>::from_row_slice(&a[..$n * $n]).svd(true, true);
                            let (Some(left), Some(right)) = (svd.u, svd.v_t) else { return false };
                            s[..$n].copy_from_slice(svd.singular_values.as_slice());
                            u[..$n * $n].copy_from_slice(left.as_slice());
                            v[..$n * $n].copy_from_slice(right.as_slice());
                            true
                        })*
                        _ => false,
                    }
                }
            }
        };
    }
    solve!(3, 6, 8, 16);
}

#[cfg(not(any(feature = "jacobi_unblocked", feature = "golub_kahan", feature = "svd", feature = "nalgebra")))]
impl Problem {
    /// Nothing.
    pub fn solve(&mut self, _: usize) -> bool {
        true
    }
}
