//! Products by OpenBLAS, through CBLAS.
//!
//! A CBLAS matrix has a stride of one, and another, the leading dimension, that is at least as long as what lies within it;
//! all sizes are `int`. Views can be more than that: both strides above one, or zero, or a side of 2^31. And CBLAS does not
//! read A and B if alpha is zero, though infinity times zero is NaN. In these cases [`gemm`] leaves the product to this
//! crate's own kernels, for which there is scratch anyway, rather than copy into a matrix that CBLAS takes.

use core::any::TypeId;
use core::ffi::c_int;
use core::sync::atomic::{AtomicU8, Ordering};

use cblas_sys::{CBLAS_LAYOUT, CBLAS_TRANSPOSE, cblas_dgemm, cblas_sgemm};
// Names the library to the linker.
use openblas_src as _;

use crate::real::Real;
use crate::view::{MatMut, MatRef};

unsafe extern "C" {
    fn openblas_set_num_threads(threads: c_int);
}

/// Nothing was computed yet.
const FRESH: u8 = 0;
/// The number of threads is being set.
const SETTING: u8 = 1;
/// A product was computed, or is.
const USED: u8 = 2;

/// OpenBLAS may exchange its buffers when the number of its threads changes, so no product may be under way then.
static STATE: AtomicU8 = AtomicU8::new(FRESH);

/// Sets the number of OpenBLAS's own threads, for the whole process: to be called before the first product.
///
/// For programs, not for libraries: whoever runs a program sets it with `OPENBLAS_NUM_THREADS` in the environment. Beside
/// [`Parallelism::Rayon`](super::Parallelism::Rayon) one is best. At least one is taken, at most as many as OpenBLAS was
/// built for; one that was built with OpenMP obeys `OMP_NUM_THREADS` alone.
///
/// Returns whether it was in time. After a product by [`Backend::OpenBlas`](super::Backend::OpenBlas) nothing changes.
pub fn set_openblas_threads(threads: usize) -> bool {
    if STATE.compare_exchange(FRESH, SETTING, Ordering::Acquire, Ordering::Relaxed).is_err() {
        return false;
    }
    // SAFETY: it takes any number, and no product of this crate is under way, nor does one begin before `FRESH` is stored.
    unsafe { openblas_set_num_threads(c_int::try_from(threads.max(1)).unwrap_or(c_int::MAX)) };
    STATE.store(FRESH, Ordering::Release);
    true
}

/// Says that a product begins; waits if the number of threads is being set.
fn begin() {
    while STATE.load(Ordering::Acquire) != USED {
        if STATE.compare_exchange(FRESH, USED, Ordering::Acquire, Ordering::Acquire).is_err() {
            core::hint::spin_loop();
        }
    }
}

/// How many strips, parallel tasks, a side of C is cut into.
#[cfg(feature = "rayon")]
pub(super) fn strips(side: usize) -> usize {
    /// OpenBLAS packs the whole other factor for each strip, which is a few percent of the work of so many rows.
    const LEAST: usize = 240;
    /// For up to as many threads.
    const MOST: usize = 32;

    (side / LEAST).clamp(1, MOST)
}

/// `C = alpha A B + beta C` if CBLAS can compute it as defined; returns whether it did. Shapes fit, and none is empty.
pub(super) fn gemm<T: Real>(alpha: T, a: MatRef<'_, T>, b: MatRef<'_, T>, beta: T, c: MatMut<'_, T>) -> bool {
    call(alpha, a, b, beta, c).is_some()
}

fn call<T: Real>(alpha: T, a: MatRef<'_, T>, b: MatRef<'_, T>, beta: T, mut c: MatMut<'_, T>) -> Option<()> {
    if alpha == T::ZERO {
        return None;
    }
    let (layout, ldc) = order(c.as_ref())?;
    let transpose = |of| if of == layout { CBLAS_TRANSPOSE::CblasNoTrans } else { CBLAS_TRANSPOSE::CblasTrans };
    let ((order_a, lda), (order_b, ldb)) = (order(a)?, order(b)?);
    let (trans_a, trans_b) = (transpose(order_a), transpose(order_b));
    let layout = match layout {
        Order::Rows => CBLAS_LAYOUT::CblasRowMajor,
        Order::Columns => CBLAS_LAYOUT::CblasColMajor,
    };
    let (m, n, k) = (int(a.rows())?, int(b.cols())?, int(a.cols())?);
    let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
    let (alpha, beta) = (alpha.to_f64(), beta.to_f64());
    begin();
    if TypeId::of::<T>() == TypeId::of::<f32>() {
        let (a, b, c, alpha, beta) = (a.cast(), b.cast(), c.cast(), alpha as f32, beta as f32);
        // SAFETY: T is f32; by `order` the matrices lie in memory as CBLAS will have it, and the views guarantee that every
        // entry is readable, and for C writable, at a place of its own; the scalars came from f32.
        unsafe { cblas_sgemm(layout, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) };
    } else {
        let (a, b, c) = (a.cast(), b.cast(), c.cast());
        // SAFETY: as above, and T is f64, the only other `Real`, a sealed trait.
        unsafe { cblas_dgemm(layout, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) };
    }
    Some(())
}

/// What is adjacent in memory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Rows,
    Columns,
}

/// How a matrix lies in memory, and its leading dimension, if it is one for CBLAS. A vector can be in both orders; OpenBLAS
/// computes faster along columns, in the order of columns.
fn order<T: Real>(x: MatRef<'_, T>) -> Option<(Order, c_int)> {
    let rows = || Some((Order::Rows, leading(x)?));
    let columns = || Some((Order::Columns, leading(x.t())?));
    if x.rows() < x.cols() { rows().or_else(columns) } else { columns().or_else(rows) }
}

/// The leading dimension of a matrix whose rows are adjacent numbers.
fn leading<T: Real>(x: MatRef<'_, T>) -> Option<c_int> {
    let adjacent = x.col_stride() == 1 || x.cols() == 1;
    if adjacent && x.row_stride() >= x.cols() { int(x.row_stride()) } else { None }
}

fn int(n: usize) -> Option<c_int> {
    c_int::try_from(n).ok()
}
