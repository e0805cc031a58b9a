//! The leading part of the SVD, `A ~ U diag(s) V^T` with `k` values, from products with A alone.
//!
//! Randomized block power iteration (Halko, Martinsson & Tropp, SIAM Review 53, 2011; Rokhlin, Szlam & Tygert 2009) with
//! `p = k + oversample` vectors, on the column side, so that rows may live on several machines:
//!
//! ```text
//! V = orthonormal(random n x p)
//! pass:     Z = A^T (A V) - alpha V,  V R = Z                    one orthonormalization a pass
//! at last:  Y = A V = Q R,  R = U' diag(s) V'^T,  U = Q U',  V <- V V'
//! ```
//!
//! The shift `alpha`, at most half the smallest eigenvalue of `A^T A` that V has found, makes the ratio that governs
//! convergence smaller at no cost (Feng, Yu, Xie & Tang, "dashSVD", TOMS 50, 2024). The singular values of R plus alpha
//! estimate the squared singular values; with `E` their sum over the leading `k`, the best error is `|A|^2 - E`. A pass
//! adds `d` to E, `q` times what the one before added; passes end when the rest of that geometric series, `d q / (1 -
//! q)`, is at most `tolerance` times the squared error, or when `d` is within rounding; and when besides no squared value
//! has moved by more than a hundredth, however small it is (down to rounding, `(100 eps s_1)^2`).
//!
//! **The short side.** If the shorter side of A has at most 16 p entries and the operator offers its Gram matrix, `G =
//! A^T A` is formed once, at the cost of few passes, and all passes are made with it. G knows squared singular values to
//! `eps s_1^2` only; if `s_k^2` is within 1000 times that, passes with A follow. The last step always uses A itself.
//! Else, if the operator multiplies with `A^T A` in one go, as a sparse matrix does row by row, `A V` is never in memory.

mod state;

pub use state::{Request, State, state_len};

use core::ops::ControlFlow;

use super::fix_pair;
use crate::check;
use crate::error::{Error, Operand};
use crate::kernel::Execution;
use crate::operator::{Csr, Dense, LinearOperator, Transposed};
use crate::real::Real;
use crate::scratch::{max, min, split, sum, times};
use crate::view::{MatMut, MatRef};

/// Vectors beyond the rank, by default. More make passes dearer and fewer.
pub const OVERSAMPLE: usize = 10;
/// The Gram matrix is formed if the shorter side has at most this many entries per vector of the block.
const GRAM_COLUMNS: usize = 16;

/// Options of the truncated SVD.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// Vectors beyond the rank; default [`OVERSAMPLE`]. The block never exceeds the shorter side.
    pub oversample: usize,
    /// The part by which the squared error is expected to exceed the best possible; default `1e-4`. With 0, exactly
    /// `max_passes` are made.
    pub tolerance: f64,
    /// The bound on passes; default 100. A pass is one product with A and one with its transpose, or one with the Gram
    /// matrix.
    pub max_passes: usize,
    /// Seed of the random start, the same on all machines that hold rows; default 0.
    pub seed: u64,
    /// The number of this machine among those that hold rows; default 0.
    pub machine: u64,
    /// How the method's own dense products are computed; the operator has its own say about its products.
    pub execution: Execution,
}

impl Options {
    /// The defaults.
    pub const fn new() -> Self {
        Options {
            oversample: OVERSAMPLE,
            tolerance: 1e-4,
            max_passes: 100,
            seed: 0,
            machine: 0,
            execution: Execution::new(),
        }
    }
    /// Vectors beyond the rank.
    pub const fn oversample(mut self, vectors: usize) -> Self {
        self.oversample = vectors;
        self
    }
    /// The tolerance on the squared error.
    pub const fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }
    /// The bound on passes.
    pub const fn max_passes(mut self, passes: usize) -> Self {
        self.max_passes = passes;
        self
    }
    /// The seed.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
    /// The number of this machine.
    pub const fn machine(mut self, machine: u64) -> Self {
        self.machine = machine;
        self
    }
    /// How dense products are computed.
    pub const fn execution(mut self, execution: Execution) -> Self {
        self.execution = execution;
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

/// What the truncated SVD did.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Info {
    /// Whether the tolerance was met within the passes.
    pub converged: bool,
    /// Passes made.
    pub passes: usize,
    /// `|A - U S V^T|_F / |A|_F`, from `|A|^2 - |s|^2`, which cancels below `sqrt(eps)`; there [`truncated`] computes it
    /// from the differences, if both U and V are asked for and the operator knows its entries.
    pub relative_error: f64,
}

fn check_outputs<T: Real>(
    rows: usize,
    cols: usize,
    rank: usize,
    s: &[T],
    u: &Option<MatMut<'_, T>>,
    v: &Option<MatMut<'_, T>>,
) -> Result<(), Error> {
    if s.len() != rank {
        return Err(Error::Shape { operand: Operand::SingularValues, expected: (rank, 1), given: (s.len(), 1) });
    }
    check::shape(Operand::Left, u, (rows, rank))?;
    check::shape(Operand::Right, v, (cols, rank))
}

/// Elements of scratch for [`truncated`] with this operator.
pub fn truncated_scratch_len<T: Real, A: LinearOperator<T>>(a: &A, rank: usize, options: &Options) -> usize {
    sum(operator_layout(a, rank, options))
}

fn operator_layout<T: Real, A: LinearOperator<T>>(a: &A, rank: usize, options: &Options) -> [usize; 3] {
    let (rows, cols) = (oriented_rows(a), a.cols());
    let operator = a.scratch_len(widest_product(rows, cols, rank, options.oversample));
    driver_layout(rows, cols, rank, options.oversample, operator)
}

/// The rows of A, but at least as many as columns if they live on several machines: such a matrix is not transposed.
fn oriented_rows<T: Real, A: LinearOperator<T>>(a: &A) -> usize {
    if a.all_rows() == a.rows() { a.rows() } else { a.rows().max(a.cols()) }
}

/// The same for a dense matrix, as a closed form.
pub const fn truncated_dense_scratch_len<T: Real>(rows: usize, cols: usize, rank: usize, oversample: usize) -> usize {
    let operator = Dense::<T>::scratch_len_for(rows, cols, widest_product(rows, cols, rank, oversample));
    sum(driver_layout(rows, cols, rank, oversample, operator))
}

/// The same for a CSR matrix, as a closed form.
pub const fn truncated_csr_scratch_len<T: Real>(rows: usize, cols: usize, rank: usize, oversample: usize) -> usize {
    sum(driver_layout(rows, cols, rank, oversample, Csr::<T>::scratch_len_for(cols)))
}

/// The state, a Gram matrix, and what the operator needs. The columns become the shorter side.
const fn driver_layout(rows: usize, cols: usize, rank: usize, oversample: usize, operator: usize) -> [usize; 3] {
    let side = gram_side(rows, cols, rank, oversample);
    [state_len(max(rows, cols), min(rows, cols), rank, oversample), times(side, side), operator]
}

/// Vectors in the widest product with A; the Gram matrix counts as one with all columns.
const fn widest_product(rows: usize, cols: usize, rank: usize, oversample: usize) -> usize {
    let p = min(rank.saturating_add(oversample), min(rows, cols));
    max(p, gram_side(rows, cols, rank, oversample))
}

/// The side of the Gram matrix that may be formed.
const fn gram_side(rows: usize, cols: usize, rank: usize, oversample: usize) -> usize {
    min(min(rows, cols), times(GRAM_COLUMNS, rank.saturating_add(oversample)))
}

/// The truncated singular value decomposition `A ~ U diag(s) V^T` of the rank that `s` has elements.
///
/// `u` is `rows x rank` and `v` `cols x rank`; what is given is overwritten, with orthonormal columns even where A has a
/// lower rank. The squared error is expected to exceed the best of the rank by no more than the tolerance. `observer` is
/// called after each look at the singular values; when it breaks, the best factors so far are returned.
///
/// A pass costs two products with `rank + oversample` vectors; see the module for the passes and the short side.
///
/// # Errors
/// `Rank` unless `1 <= rank <= min(all_rows, cols)`, `Shape`, `Option`, `ScratchTooSmall`, `NonFinite`, `TooLarge`,
/// `Overflow` and what the operator returns. Outputs are unchanged.
pub fn truncated<T: Real, A: LinearOperator<T>>(
    a: &A,
    s: &mut [T],
    u: Option<MatMut<'_, T>>,
    v: Option<MatMut<'_, T>>,
    options: &Options,
    scratch: &mut [T],
    mut observer: impl FnMut(&Info) -> ControlFlow<()>,
) -> Result<Info, Error> {
    let (rows, cols, rank) = (a.rows(), a.cols(), s.len());
    let max = a.all_rows().min(cols);
    if rank == 0 || rank > max {
        return Err(Error::Rank { max, given: rank });
    }
    check_outputs(rows, cols, rank, s, &u, &v)?;
    let pieces = split(scratch, operator_layout(a, rank, options))?;
    let (mut u, mut v) = (u, v);
    // The columns become the shorter side.
    let (left, right) = (u.as_mut().map(MatMut::rb), v.as_mut().map(MatMut::rb));
    let info = if oriented_rows(a) >= cols {
        drive(a, s, left, right, options, pieces, &mut observer)
    } else {
        drive(&Transposed(a), s, right, left, options, pieces, &mut observer).map_err(Error::transposed)
    }?;
    fix_pair(u.as_mut(), v.as_mut(), rank);
    Ok(info)
}

fn drive<T: Real, A: LinearOperator<T>>(
    a: &A,
    s: &mut [T],
    mut u: Option<MatMut<'_, T>>,
    mut v: Option<MatMut<'_, T>>,
    options: &Options,
    [memory, gram, scratch]: [&mut [T]; 3],
    observer: &mut impl FnMut(&Info) -> ControlFlow<()>,
) -> Result<Info, Error> {
    let (rows, cols, rank) = (a.rows(), a.cols(), s.len());
    let scan = a.check()?;
    let mut go_on = |info: &Info| observer(info).is_continue();
    let mut state = State::new(rows, cols, rank, scan, options, memory)?;
    let short = gram.len() == cols * cols && scan.exponent == 0 && options.max_passes > 0;
    if short && a.gram(MatMut::packed(gram, cols, cols), scratch)? {
        a.sum(gram)?;
        state.iterate_in(MatRef::packed(gram, cols, cols), &mut go_on)?;
    } else if scan.exponent == 0 {
        state.iterate_with(|v, z| a.apply_both(v, z, scratch), |z| a.sum(z), &mut go_on)?;
    }
    let mut seen = state.info().passes;
    loop {
        let info = state.info();
        if info.passes > seen && !go_on(&info) {
            state.stop();
        }
        seen = info.passes;
        match state.step()? {
            Request::Apply { input, output } => a.apply(input, output, scratch)?,
            Request::ApplyTranspose { input, output } => a.apply_transpose(input, output, scratch)?,
            Request::Sum(buffer) => a.sum(buffer)?,
            Request::Done(_) => {
                let info = state.finish(s, u.as_mut().map(MatMut::rb), v.as_mut().map(MatMut::rb))?;
                return match (&u, &v) {
                    (Some(u), Some(v)) => state.refine(info, a, u.as_ref(), v.as_ref(), scratch),
                    _ => Ok(info),
                };
            }
        }
    }
}
