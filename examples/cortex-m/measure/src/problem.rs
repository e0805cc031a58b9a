//! What is measured, of a square matrix of `f32`: `A = U diag(s) V^T` by one method, least squares, or an update of NMF or
//! semi-NMF.

/// The largest order.
const MOST: usize = 16;

pub struct Problem {
    pub a: [f32; MOST * MOST],
    #[cfg(any(feature = "own", feature = "nalgebra"))]
    factors: ([f32; MOST], [f32; MOST * MOST], [f32; MOST * MOST]),
    #[cfg(feature = "own")]
    scratch: [f32; own::SCRATCH],
}

impl Problem {
    pub const fn new() -> Self {
        Problem {
            a: [0.0; MOST * MOST],
            #[cfg(any(feature = "own", feature = "nalgebra"))]
            factors: ([0.0; MOST], [0.0; MOST * MOST], [0.0; MOST * MOST]),
            #[cfg(feature = "own")]
            scratch: [0.0; own::SCRATCH],
        }
    }
}

#[cfg(feature = "own")]
mod own {
    use super::{MOST, Problem};
    use lowrank::Error;

    #[cfg(any(feature = "svd", feature = "jacobi_unblocked", feature = "golub_kahan"))]
    mod method {
        #[cfg(feature = "golub_kahan")]
        use lowrank::svd::{golub_kahan as method, golub_kahan_scratch_len as method_scratch_len};
        #[cfg(feature = "jacobi_unblocked")]
        use lowrank::svd::{jacobi_unblocked as method, jacobi_unblocked_scratch_len as method_scratch_len};
        #[cfg(feature = "svd")]
        use lowrank::svd::{svd as method, svd_scratch_len as method_scratch_len};
        use lowrank::{Error, MatMut, MatRef, svd};

        pub const fn scratch_len(n: usize) -> usize {
            method_scratch_len(n, n)
        }

        pub fn solve(
            a: &[f32],
            n: usize,
            (s, u, v): (&mut [f32], &mut [f32], &mut [f32]),
            scratch: &mut [f32],
        ) -> Result<bool, Error> {
            let a = MatRef::row_major(a, n, n)?;
            let (u, v) = (MatMut::row_major(u, n, n)?, MatMut::row_major(v, n, n)?);
            let s = s.get_mut(..n).unwrap_or_default();
            Ok(method(a, s, Some(u), Some(v), &svd::Options::new(), scratch)?.converged)
        }
    }

    /// `min |A x - b|`, b being the first row of A.
    #[cfg(feature = "least_squares")]
    mod method {
        use lowrank::svd::{least_squares, least_squares_scratch_len, solve::Options};
        use lowrank::{Error, MatMut, MatRef};

        pub const fn scratch_len(n: usize) -> usize {
            least_squares_scratch_len(n, n, 1)
        }

        pub fn solve(
            a: &[f32],
            n: usize,
            (x, _, _): (&mut [f32], &mut [f32], &mut [f32]),
            scratch: &mut [f32],
        ) -> Result<bool, Error> {
            let (a, b) = (MatRef::row_major(a, n, n)?, MatRef::row_major(a, n, 1)?);
            least_squares(a, b, MatMut::row_major(x, n, 1)?, None, &Options::new(), scratch)?;
            Ok(true)
        }
    }

    /// One update of rank two, its beginning and end included, from factors of ones and of A.
    #[cfg(any(feature = "nmf", feature = "snmf"))]
    mod method {
        #[cfg(feature = "nmf")]
        use lowrank::nmf as method;
        use lowrank::operator::Dense;
        #[cfg(feature = "snmf")]
        use lowrank::snmf as method;
        use lowrank::{Error, MatMut, MatRef};

        const RANK: usize = 2;

        pub const fn scratch_len(n: usize) -> usize {
            method::dense_scratch_len::<f32>(n, n, RANK)
        }

        pub fn solve(
            a: &[f32],
            n: usize,
            (_, left, right): (&mut [f32], &mut [f32], &mut [f32]),
            scratch: &mut [f32],
        ) -> Result<bool, Error> {
            let len = n * RANK;
            let (left, right) = (left.get_mut(..len).unwrap_or_default(), right.get_mut(..len).unwrap_or_default());
            left.fill(1.0);
            right.iter_mut().zip(a).for_each(|(right, x)| *right = *x + 1.0);
            let a = Dense::new(MatRef::row_major(a, n, n)?);
            let (left, right) = (MatMut::row_major(left, n, RANK)?, MatMut::row_major(right, RANK, n)?);
            let mut state = method::State::new(&a, left, right, &method::Options::new(), scratch)?;
            state.update()?;
            state.finish()?;
            Ok(true)
        }
    }

    pub const SCRATCH: usize = method::scratch_len(MOST);

    impl Problem {
        /// Solves it for the matrix in the first `n * n` numbers; whether that has worked.
        pub fn solve(&mut self, n: usize) -> bool {
            self.factorize(n).is_ok_and(|done| done)
        }

        fn factorize(&mut self, n: usize) -> Result<bool, Error> {
            let Problem { a, factors: (s, u, v), scratch } = self;
            // Which is counted too, but little.
            #[cfg(feature = "nmf")]
            a.iter_mut().for_each(|x| *x = if *x < 0.0 { -*x } else { *x });
            method::solve(a, n, (s, u, v), scratch)
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

#[cfg(not(any(feature = "own", feature = "nalgebra")))]
impl Problem {
    /// Nothing.
    pub fn solve(&mut self, _: usize) -> bool {
        true
    }
}
