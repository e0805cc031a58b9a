//! The door for dense products: checks, the choice of backend, and the cut into parallel tasks.

#[cfg(feature = "openblas")]
use super::openblas;
use super::{Backend, Execution, Parallelism, gemm as own, row_reduce};
use crate::error::{Error, Operand};
use crate::real::Real;
use crate::scratch::enough;
use crate::view::{MatMut, MatRef};

/// Elements of scratch that [`gemm`] needs for an `m x k` by `k x n` product, whatever the backend.
pub const fn gemm_scratch_len(m: usize, n: usize, k: usize) -> usize {
    own::gemm_scratch_len(m, n, k)
}

/// Elements of scratch that [`gram`] needs for an `m x n` matrix.
pub const fn gram_scratch_len(m: usize, n: usize) -> usize {
    gemm_scratch_len(n, n, m)
}

/// The matrix product `C = alpha A B + beta C`; with `beta = 0`, C is not read.
///
/// A is `m x k`, B `k x n`, C `m x n`. `2 m n k` operations. NaN and infinity propagate as the sums make them.
///
/// # Errors
/// `Shape`, `ScratchTooSmall`.
pub fn gemm<T: Real>(
    alpha: T,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    beta: T,
    c: MatMut<'_, T>,
    execution: Execution,
    scratch: &mut [T],
) -> Result<(), Error> {
    let (m, k, n) = (a.rows(), a.cols(), b.cols());
    if b.rows() != k {
        return Err(Error::Shape { operand: Operand::B, expected: (k, n), given: b.shape() });
    }
    if c.shape() != (m, n) {
        return Err(Error::Shape { operand: Operand::C, expected: (m, n), given: c.shape() });
    }
    enough(scratch, gemm_scratch_len(m, n, k))?;
    match execution.parallelism {
        Parallelism::One => single(alpha, a, b, beta, c, execution, scratch),
        #[cfg(feature = "rayon")]
        Parallelism::Rayon => parallel(alpha, a, b, beta, c, execution, scratch),
    }
    Ok(())
}

/// The matrix-vector product `y = alpha A x + beta y`; with `beta = 0`, y is not read.
///
/// A is `m x n`, `x` has `n` and `y` has `m` elements. `2 m n` operations.
///
/// # Errors
/// `Shape`.
pub fn gemv<T: Real>(alpha: T, a: MatRef<'_, T>, x: &[T], beta: T, y: &mut [T]) -> Result<(), Error> {
    if x.len() != a.cols() {
        return Err(Error::Shape { operand: Operand::B, expected: (a.cols(), 1), given: (x.len(), 1) });
    }
    if y.len() != a.rows() {
        return Err(Error::Shape { operand: Operand::C, expected: (a.rows(), 1), given: (y.len(), 1) });
    }
    let x = MatRef::packed(x, 1, x.len());
    for (i, y) in y.iter_mut().enumerate() {
        let product = alpha * row_reduce(a.submatrix(i, 0, 1, a.cols()), x, 0, |a, x| a * x);
        *y = if beta == T::ZERO { product } else { product + beta * *y };
    }
    Ok(())
}

/// The Gram matrix `C = A^T A`, exactly symmetric.
///
/// A is `m x n`, C `n x n`. Half the operations of the product, `m n^2`: the part above the diagonal is copied from
/// below it.
///
/// # Errors
/// `Shape`, `ScratchTooSmall`.
pub fn gram<T: Real>(
    a: MatRef<'_, T>,
    mut c: MatMut<'_, T>,
    execution: Execution,
    scratch: &mut [T],
) -> Result<(), Error> {
    /// Columns at a time: wide enough for the product's full rate, and 768 columns save a third of the work.
    const WIDTH: usize = 128;
    let n = a.cols();
    if c.shape() != (n, n) {
        return Err(Error::Shape { operand: Operand::C, expected: (n, n), given: c.shape() });
    }
    enough(scratch, gram_scratch_len(a.rows(), n))?;
    let block = |start: usize, c: MatMut<'_, T>, scratch: &mut [T]| {
        let (rows, cols) = (a.submatrix(0, start, a.rows(), WIDTH), a.submatrix(0, 0, a.rows(), start + WIDTH));
        single(T::ONE, rows.t(), cols, T::ZERO, c.submatrix(0, 0, WIDTH, start + WIDTH), execution, scratch);
    };
    match execution.parallelism {
        Parallelism::One => {
            for start in (0..n).step_by(WIDTH) {
                block(start, c.rb().submatrix(start, 0, WIDTH, n), scratch);
            }
        }
        #[cfg(feature = "rayon")]
        Parallelism::Rayon => rayon::scope(|scope| {
            let mut rest = c.rb();
            for start in (0..n).step_by(WIDTH) {
                let (strip, below) = rest.split_rows(WIDTH);
                rest = below;
                scope.spawn(move |_| block(start, strip, &mut packing(execution.backend, WIDTH, n, a.rows())));
            }
        }),
    }
    for i in 0..n {
        for j in i + 1..n {
            let below = c.at(j, i);
            c.put(i, j, below);
        }
    }
    Ok(())
}

fn single<T: Real>(
    alpha: T,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    beta: T,
    mut c: MatMut<'_, T>,
    execution: Execution,
    scratch: &mut [T],
) {
    if c.rows() == 0 || c.cols() == 0 {
        return;
    }
    if a.cols() == 0 {
        // An empty sum; the loops below would not visit C at all.
        for i in 0..c.rows() {
            for j in 0..c.cols() {
                let value = if beta == T::ZERO { T::ZERO } else { beta * c.at(i, j) };
                c.put(i, j, value);
            }
        }
        return;
    }
    match execution.backend {
        Backend::Own => own::gemm(execution.isa(), alpha, a, b, beta, c, scratch),
        #[cfg(feature = "matrixmultiply")]
        Backend::MatrixMultiply => matrix_multiply(alpha, a, b, beta, c),
        #[cfg(feature = "openblas")]
        Backend::OpenBlas => {
            if !openblas::gemm(alpha, a, b, beta, c.rb()) {
                own::gemm(execution.isa(), alpha, a, b, beta, c, scratch);
            }
        }
    }
}

/// Cuts the longer side of C into strips, one for each thread: the order in which an entry is summed does not depend on the
/// strip that it is in. In OpenBLAS it may, so there the shape decides how many there are.
#[cfg(feature = "rayon")]
fn parallel<T: Real>(
    alpha: T,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    beta: T,
    c: MatMut<'_, T>,
    execution: Execution,
    scratch: &mut [T],
) {
    /// Below this many operations a product is done before a second thread has woken up.
    const SMALL: usize = 1 << 21;

    let work = a.rows().saturating_mul(a.cols()).saturating_mul(b.cols());
    let strips = match execution.backend {
        #[cfg(feature = "openblas")]
        Backend::OpenBlas => openblas::strips(c.rows().max(c.cols())),
        _ => rayon::current_num_threads(),
    };
    if work < SMALL || strips == 1 {
        return single(alpha, a, b, beta, c, execution, scratch);
    }
    if c.cols() > c.rows() {
        return parallel(alpha, b.t(), a.t(), beta, c.t(), execution, scratch);
    }
    let (m, k, n) = (a.rows(), a.cols(), b.cols());
    // A multiple of every tile's height, so that no tile is cut.
    let height = m.div_ceil(strips).next_multiple_of(48);
    rayon::scope(|scope| {
        let mut rest = c;
        for start in (0..m).step_by(height) {
            let (strip, below) = rest.split_rows(height);
            rest = below;
            let a = a.submatrix(start, 0, height, k);
            scope.spawn(move |_| {
                single(alpha, a, b, beta, strip, execution, &mut packing(execution.backend, height, n, k));
            });
        }
    });
}

/// A task's own memory for packed blocks.
#[cfg(feature = "rayon")]
fn packing<T: Real>(backend: Backend, m: usize, n: usize, k: usize) -> std::vec::Vec<T> {
    let len = match backend {
        Backend::Own => own::gemm_scratch_len(m, n, k),
        #[cfg(feature = "matrixmultiply")]
        Backend::MatrixMultiply => 0,
        // For what CBLAS does not take.
        #[cfg(feature = "openblas")]
        Backend::OpenBlas => own::gemm_scratch_len(m, n, k),
    };
    std::vec![T::ZERO; len]
}

#[cfg(feature = "matrixmultiply")]
fn matrix_multiply<T: Real>(alpha: T, a: MatRef<'_, T>, b: MatRef<'_, T>, beta: T, mut c: MatMut<'_, T>) {
    use core::any::TypeId;
    let (m, k, n) = (a.rows(), a.cols(), b.cols());
    let (rsa, csa) = (a.row_stride() as isize, a.col_stride() as isize);
    let (rsb, csb) = (b.row_stride() as isize, b.col_stride() as isize);
    let (rsc, csc) = (c.row_stride() as isize, c.col_stride() as isize);
    let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
    let (alpha, beta) = (alpha.to_f64(), beta.to_f64());
    if TypeId::of::<T>() == TypeId::of::<f32>() {
        // SAFETY: T is f32; the views guarantee that every entry addressed by shape and strides is readable, and for C
        // writable, at a place of its own; the scalars came from f32.
        unsafe {
            matrixmultiply::sgemm(
                m,
                k,
                n,
                alpha as f32,
                a.cast(),
                rsa,
                csa,
                b.cast(),
                rsb,
                csb,
                beta as f32,
                c.cast(),
                rsc,
                csc,
            );
        }
    } else {
        // SAFETY: as above, and T is f64, the only other `Real`, a sealed trait.
        unsafe {
            matrixmultiply::dgemm(m, k, n, alpha, a.cast(), rsa, csa, b.cast(), rsb, csb, beta, c.cast(), rsc, csc);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Kernels;
    use crate::random::Uniform;
    use proptest::prelude::*;
    use std::{vec, vec::Vec};

    fn random(len: usize, seed: u64) -> Vec<f64> {
        let mut uniform = Uniform::new(seed);
        (0..len).map(|_| uniform.symmetric()).collect()
    }

    const BACKENDS: &[Backend] = &[
        Backend::Own,
        #[cfg(feature = "matrixmultiply")]
        Backend::MatrixMultiply,
        #[cfg(feature = "openblas")]
        Backend::OpenBlas,
    ];

    fn every_execution() -> Vec<Execution> {
        let mut all = vec![Execution::new().kernels(Kernels::Reproducible)];
        for &backend in BACKENDS {
            all.extend([Execution::new(), Execution::fastest()].map(|execution| execution.backend(backend)));
        }
        all
    }

    proptest! {
        /// Against the defining sum, for every order of memory; what is outside C in its buffer stays.
        #[test]
        fn gemm_is_the_sum_of_products(
            m in 0usize..40, n in 0usize..40, k in 0usize..300,
            flags in 0u32..8, alpha in -2.0f64..2.0, beta in prop::sample::select(vec![0.0, 1.0, -0.5]),
        ) {
            let (a, b) = (random(m * k, 1), random(k * n, 2));
            let view = |flag: u32, data, rows, cols| {
                if flags & flag == 0 { MatRef::row_major(data, rows, cols) } else { MatRef::col_major(data, rows, cols) }.unwrap()
            };
            let (a, b) = (view(1, &a, m, k), view(2, &b, k, n));
            for execution in every_execution() {
                let before = if beta == 0.0 { vec![f64::NAN; (m + 1) * (n + 1)] } else { random((m + 1) * (n + 1), 3) };
                let mut data = before.clone();
                let (rs, cs) = if flags & 4 == 0 { (n + 1, 1) } else { (1, m + 1) };
                let mut scratch = vec![f64::NAN; gemm_scratch_len(m, n, k)];
                gemm(alpha, a, b, beta, MatMut::new(&mut data, m, n, rs, cs).unwrap(), execution, &mut scratch).unwrap();
                for i in 0..m + 1 {
                    for j in 0..n + 1 {
                        let Some(place) = Some(i * rs + j * cs).filter(|p| *p < data.len()) else { continue };
                        if i < m && j < n {
                            let sum: f64 = (0..k).map(|p| a.at(i, p) * b.at(p, j)).sum();
                            let old = if beta == 0.0 { 0.0 } else { beta * before[place] };
                            prop_assert!((data[place] - alpha * sum - old).abs() < 1e-12, "{execution:?}");
                        } else if (i == m) != (j == n) {
                            prop_assert_eq!(data[place].to_bits(), before[place].to_bits());
                        }
                    }
                }
            }
        }

        #[test]
        fn gemv_is_gemm_with_one_column(m in 0usize..30, n in 0usize..30, col_major: bool, beta in prop::sample::select(vec![0.0, 0.5])) {
            let (a, x, y) = (random(m * n, 4), random(n, 5), random(m, 6));
            let a = if col_major { MatRef::col_major(&a, m, n) } else { MatRef::row_major(&a, m, n) }.unwrap();
            let (mut by_gemv, mut by_gemm) = (y.clone(), y);
            gemv(1.5, a, &x, beta, &mut by_gemv).unwrap();
            let x = MatRef::col_major(&x, n, 1).unwrap();
            let mut scratch = vec![0.0; gemm_scratch_len(m, 1, n)];
            gemm(1.5, a, x, beta, MatMut::col_major(&mut by_gemm, m, 1).unwrap(), Execution::new(), &mut scratch).unwrap();
            for (a, b) in by_gemv.iter().zip(&by_gemm) {
                prop_assert!((a - b).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn gram_is_symmetric_and_right() {
        let (m, n) = (70, 300);
        let a = random(m * n, 7);
        let a = MatRef::row_major(&a, m, n).unwrap();
        let mut scratch = vec![f64::NAN; gram_scratch_len(m, n)];
        let (mut half, mut full) = (vec![0.0; n * n], vec![0.0; n * n]);
        let c = MatMut::row_major(&mut half, n, n).unwrap();
        gram(a, c, Execution::new(), &mut scratch).unwrap();
        let c = MatMut::row_major(&mut full, n, n).unwrap();
        gemm(1.0, a.t(), a, 0.0, c, Execution::new(), &mut scratch).unwrap();
        assert_eq!(half, full);
        assert!((0..n).all(|i| (0..n).all(|j| half[i * n + j] == half[j * n + i])));
    }

    #[cfg(feature = "rayon")]
    #[test]
    fn the_number_of_threads_does_not_change_a_bit() {
        for (m, k, n) in [(701, 333, 129), (90, 1201, 300)] {
            let (a, b) = (random(m * k, 8), random(k * n, 9));
            let (a, b) = (MatRef::row_major(&a, m, k).unwrap(), MatRef::row_major(&b, k, n).unwrap());
            let products = |threads, backend| {
                let (mut c, mut g) = (random(m * n, 10), vec![0.0; k * k]);
                let mut scratch = vec![0.0; gemm_scratch_len(m, n, k).max(gram_scratch_len(m, k))];
                let execution = Execution::new().backend(backend).parallelism(Parallelism::Rayon);
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let (c_view, g_view) =
                    (MatMut::row_major(&mut c, m, n).unwrap(), MatMut::row_major(&mut g, k, k).unwrap());
                pool.install(|| gemm(-1.0, a, b, 1.0, c_view, execution, &mut scratch)).unwrap();
                pool.install(|| gram(a, g_view, execution, &mut scratch)).unwrap();
                (c, g)
            };
            for &backend in BACKENDS {
                let one = products(1, backend);
                assert!((2..5).all(|threads| products(threads, backend) == one), "{backend:?}");
            }
        }
    }

    #[test]
    fn wrong_shapes_and_short_scratch_are_named() {
        let (a, b, mut c) = (random(6, 1), random(6, 2), vec![7.0; 9]);
        let (a, b) = (MatRef::row_major(&a, 3, 2).unwrap(), MatRef::row_major(&b, 2, 3).unwrap());
        let mut run = |b, rows, scratch: usize| {
            let c = MatMut::row_major(&mut c, rows, 3).unwrap();
            gemm(1.0, a, b, 0.0, c, Execution::new(), &mut vec![0.0; scratch])
        };
        let needed = gemm_scratch_len(3, 3, 2);
        assert_eq!(run(b.t(), 3, needed), Err(Error::Shape { operand: Operand::B, expected: (2, 2), given: (3, 2) }));
        assert_eq!(run(b, 2, needed), Err(Error::Shape { operand: Operand::C, expected: (3, 3), given: (2, 3) }));
        assert_eq!(run(b, 3, needed - 1), Err(Error::ScratchTooSmall { needed, given: needed - 1 }));
        assert_eq!(c, [7.0; 9]);
    }
}
