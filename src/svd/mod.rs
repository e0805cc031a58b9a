//! Singular value decomposition, `A = U diag(s) V^T`.
//!
//! For an `m x n` matrix and `k = min(m, n)`: `s` holds `k` values, descending and non-negative; U and V have
//! orthonormal columns. V itself is returned, not its transpose (write into `vt.t()` to get that).
//!
//! | function | for |
//! |---|---|
//! | [`svd`](fn@svd) | any dense matrix: picks the method from the shape |
//! | [`golub_kahan`](fn@golub_kahan) | the fastest for all but the smallest: by way of a bidiagonal matrix |
//! | [`golub_kahan_in_place`] | where there is memory for one matrix: a set of vectors takes the place of A |
//! | [`jacobi`](fn@jacobi) | every value to relative accuracy where columns differ in scale (of a square matrix, or rows) |
//! | [`jacobi_unblocked`] | the same for small matrices, with the smallest code: no product kernel is linked |
//! | [`jacobi_warm`] | a matrix that changes little from one call to the next |
//! | [`batch`](fn@batch) | many matrices of one shape, up to 6 x 6: one in each lane of a vector |
//! | [`truncated`](fn@truncated) | the leading part of a large, sparse or implicit matrix |
//!
//! And what the dense decomposition is for:
//!
//! | function | computes |
//! |---|---|
//! | [`rank`], [`condition_number`] | the numerical rank; `s_1 / s_k` |
//! | [`pinv`], [`least_squares`] | `A^+`; `min \|A X - B\|` with the least norm of X, whatever the rank |
//! | [`polar`](fn@polar) | `A = W P`, W orthonormal, P symmetric positive semidefinite |
//! | [`nearest_rotation`] | the rotation nearest to a square A (Kabsch) |
//! | [`procrustes`], [`procrustes_rotation`] | `min \|A Q - B\|` over orthogonal Q, over rotations |
//!
//! [`measures`](crate::measures) tells how good the factors are.

mod batch;
mod bidiagonal;
mod dense;
mod golub_kahan;
mod in_place;
mod jacobi;
mod polar;
mod small;
pub mod solve;
pub mod truncated;
mod two;

pub use crate::qr::Vectors;
pub use batch::{BATCH_MAX, Order, batch};
pub use dense::{svd, svd_scratch_len, svd_values_scratch_len};
pub use golub_kahan::{golub_kahan, golub_kahan_scratch_len, golub_kahan_values_scratch_len};
pub use in_place::{InPlace, golub_kahan_in_place, golub_kahan_in_place_scratch_len};
pub use jacobi::{
    jacobi, jacobi_scratch_len, jacobi_unblocked, jacobi_unblocked_scratch_len, jacobi_warm, jacobi_warm_scratch_len,
};
pub use polar::{
    nearest_rotation, nearest_rotation_scratch_len, polar, polar_scratch_len, procrustes, procrustes_rotation,
    procrustes_scratch_len,
};
pub use solve::{
    condition_number, condition_number_scratch_len, least_squares, least_squares_scratch_len, pinv, pinv_scratch_len,
    rank, rank_scratch_len,
};
pub use truncated::{truncated, truncated_csr_scratch_len, truncated_dense_scratch_len, truncated_scratch_len};

use crate::check;
use crate::columns::{Columns, Total};
use crate::error::{Error, Operand};
use crate::kernel::{Execution, Isa};
use crate::qr::{apply_q, factor};
use crate::range::scaling_exponent;
use crate::real::Real;
use crate::scratch::enough;
use crate::view::{MatMut, MatRef};

/// Options of the dense methods.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// Columns in the outputs; default thin.
    pub vectors: Vectors,
    /// Return the singular values of `2^Info::exponent A` instead of A, so that none over- or underflows; default off.
    pub scaled: bool,
    /// Sweeps after which Jacobi returns what it has; default 30, of which it commonly needs 4 to 8.
    pub max_sweeps: usize,
    /// Values below this part of the largest, from 0 to 1, are returned as zero. Jacobi may leave out columns that are; the
    /// values change by no more than that, so that one a little above may be returned as zero too. Default 0: only what is
    /// zero or underflows is left out.
    pub threshold: f64,
    /// How the kernels are computed; default this crate's own on one thread.
    pub execution: Execution,
}

impl Options {
    /// The defaults.
    pub const fn new() -> Self {
        Options { vectors: Vectors::Thin, scaled: false, max_sweeps: 30, threshold: 0.0, execution: Execution::new() }
    }

    /// Thin or full outputs.
    pub const fn vectors(mut self, vectors: Vectors) -> Self {
        self.vectors = vectors;
        self
    }

    /// Scaled singular values.
    pub const fn scaled(mut self, scaled: bool) -> Self {
        self.scaled = scaled;
        self
    }

    /// The bound on sweeps.
    pub const fn max_sweeps(mut self, sweeps: usize) -> Self {
        self.max_sweeps = sweeps;
        self
    }

    /// The relative threshold below which values are taken for zero.
    pub const fn threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }

    /// The exponent that gives back the values of a matrix that was scaled by `2^exponent`.
    fn given_back(&self, exponent: i32) -> i32 {
        if self.scaled { 0 } else { -exponent }
    }

    fn check(&self) -> Result<(), Error> {
        if (0.0..=1.0).contains(&self.threshold) { Ok(()) } else { Err(Error::Option { name: "threshold" }) }
    }

    /// Who computes, with which instructions and on how many threads.
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

/// What a dense method did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// Whether the iteration met its tolerance. If not, the outputs hold the best so far: `A = U S V^T` still holds, but
    /// U or V may lack orthogonality. (For [`golub_kahan_in_place`] they are orthonormal, but `U^T A V` is not diagonal.)
    pub converged: bool,
    /// Sweeps of Jacobi rotations; 0 if the method makes none.
    pub sweeps: usize,
    /// Singular values that are not exactly zero.
    pub nonzero: usize,
    /// The matrix was factorized as `2^exponent A`: 0 unless its largest entry is near the ends of the number range.
    pub exponent: i32,
}

impl Info {
    fn new<T: Real>(converged: bool, sweeps: usize, s: &[T], exponent: i32) -> Self {
        Info { converged, sweeps, nonzero: s.iter().take_while(|s| **s > T::ZERO).count(), exponent }
    }
}

/// The sign that column `col` is multiplied by to follow the sign rule: `-1` if its first entry of magnitude at least
/// `1 - sqrt(eps)` times its largest is negative, else `1`.
///
/// The margin makes the choice stable where two entries are equal but for rounding.
pub fn column_sign<T: Real>(x: MatRef<'_, T>, col: usize) -> T {
    let largest = x.entries(col).fold(T::ZERO, |largest, x| x.abs().max(largest));
    let limit = largest * (T::ONE - T::EPSILON.sqrt());
    for x in x.entries(col) {
        if x.abs() >= limit {
            return if *x < T::ZERO { -T::ONE } else { T::ONE };
        }
    }
    T::ONE
}

/// Columns of U and V for an `m x n` matrix.
fn columns((m, n): (usize, usize), vectors: Vectors) -> (usize, usize) {
    match vectors {
        Vectors::Thin => (m.min(n), m.min(n)),
        Vectors::Full => (m, n),
    }
}

/// The outputs must have the shapes that an `m x n` matrix and the options ask for.
fn check_outputs<T>(
    (m, n): (usize, usize),
    s: &[T],
    u: &Option<MatMut<'_, T>>,
    v: &Option<MatMut<'_, T>>,
    options: &Options,
) -> Result<(), Error> {
    options.check()?;
    let (k, (left, right)) = (m.min(n), columns((m, n), options.vectors));
    if s.len() != k {
        return Err(Error::Shape { operand: Operand::SingularValues, expected: (k, 1), given: (s.len(), 1) });
    }
    check::shape(Operand::Left, u, (m, left))?;
    check::shape(Operand::Right, v, (n, right))
}

/// What the decomposition of a tall matrix returns.
struct Outputs<'o, 'a, T> {
    s: &'o mut [T],
    left: &'o mut Option<MatMut<'a, T>>,
    right: &'o mut Option<MatMut<'a, T>>,
}

/// Checks the arguments of a method for every shape, and has it decompose `2^exponent A`, or the transpose of that if it is
/// wide, whose U and V are exchanged.
fn as_tall<'a, T: Real>(
    a: MatRef<'_, T>,
    s: &mut [T],
    mut factors: [Option<MatMut<'a, T>>; 2],
    options: &Options,
    needed: usize,
    scratch: &mut [T],
    decompose: impl FnOnce(MatRef<'_, T>, i32, Outputs<'_, 'a, T>, &mut [T]) -> Result<Info, Error>,
) -> Result<Info, Error> {
    let (m, n) = a.shape();
    let [u, v] = &mut factors;
    check_outputs((m, n), s, u, v, options)?;
    check::exact_index::<T>(m.min(n))?;
    enough(scratch, needed)?;
    let exponent = scaling_exponent(check::finite(a, Operand::A)?);
    let (tall, left, right) = if m >= n { (a, &mut *u, &mut *v) } else { (a.t(), &mut *v, &mut *u) };
    let info = decompose(tall, exponent, Outputs { s, left, right }, scratch)?;
    fix_pair(u.as_mut(), v.as_mut(), m.min(n));
    Ok(info)
}

/// Writes `2^exponent` times the values, those below the threshold as zeros, and zeros where there are no more. Refuses, and
/// writes nothing, if the first, the largest, is beyond the range.
fn write_values<T: Real>(values: &[T], exponent: i32, threshold: T, s: &mut [T]) -> Result<(), Error> {
    let largest = values.first().copied().unwrap_or_default();
    if !largest.scale(exponent).is_finite() {
        return Err(Error::Overflow { exponent: largest.exponent() + exponent });
    }
    let limit = largest * threshold;
    s.fill(T::ZERO);
    for (s, value) in s.iter_mut().zip(values) {
        if *value >= limit {
            *s = value.scale(exponent);
        }
    }
    Ok(())
}

/// Applies the sign rule to what there is.
pub(crate) fn fix_pair<T: Real>(u: Option<&mut MatMut<'_, T>>, v: Option<&mut MatMut<'_, T>>, pairs: usize) {
    match (u, v) {
        (u, Some(v)) => fix_signs(v, u, pairs),
        (Some(u), None) => fix_signs(u, None, pairs),
        (None, None) => {}
    }
}

/// Applies the sign rule to columns of `ruling`, and the same signs to `other`.
fn fix_signs<T: Real>(ruling: &mut MatMut<'_, T>, other: Option<&mut MatMut<'_, T>>, pairs: usize) {
    let mut other = other;
    for j in 0..ruling.cols() {
        if column_sign(ruling.as_ref(), j) < T::ZERO {
            negate(ruling, j);
            if let Some(other) = other.as_mut().filter(|_| j < pairs) {
                negate(other, j);
            }
        }
    }
    // Completed columns have no partner; each follows the rule itself.
    if let Some(other) = other {
        for j in pairs..other.cols() {
            if column_sign(other.as_ref(), j) < T::ZERO {
                negate(other, j);
            }
        }
    }
}

/// Gives `put` an orthonormal basis of what the columns of X leave, up to column `count`: the reflectors that make X
/// triangular have it, and take its place. There are as many factors as columns that count; `buffer` has a column or more.
fn complete<T: Real>(
    isa: Isa,
    x: &mut Columns<'_, T>,
    count: usize,
    tau: &mut [T],
    buffer: &mut [T],
    put: impl FnMut(usize, &[T]),
) {
    factor(isa, x, tau);
    complement(isa, x, count, tau, buffer.get_mut(..x.rows()).unwrap_or_default(), put);
}

/// The same from the reflectors that are there already; `column` has a column.
fn complement<T: Real>(
    isa: Isa,
    x: &Columns<'_, T>,
    count: usize,
    tau: &[T],
    column: &mut [T],
    mut put: impl FnMut(usize, &[T]),
) {
    for j in tau.len()..count {
        column.fill(T::ZERO);
        column.put(j, T::ONE);
        apply_q(isa, x, tau, column);
        put(j, column);
    }
}

fn negate<T: Real>(x: &mut MatMut<'_, T>, col: usize) {
    x.entries_mut(col).for_each(|x| *x = -*x);
}
