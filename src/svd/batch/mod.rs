//! The SVD of many small matrices of one shape, one matrix in each lane of a vector.
//!
//! One-sided Jacobi (Hestenes 1958) is the same operations for every matrix, so that lanes do not have to part: a sweep
//! goes over all pairs of columns, and what a matrix does not need is masked out. A wide A is the transpose of a tall one.
//!
//! ```text
//! A W = X              rotations W from the right until the columns of X are orthogonal
//! X = U diag(s)        their norms are the singular values
//! A = U diag(s) W^T
//! ```
//!
//! A tall A is not reduced to its triangle first: with at most six rows that costs as much as it saves. A column of zeros
//! has no direction; its left vector completes the others to a basis, as do the further columns of a full U.
//!
//! One instance for each number type and instruction set serves all shapes. Their loops have so few turns, always as
//! many, that the processor foresees them; the operations in a turn, two vectors wide, take much longer than to count.
//!
//! Where a column of X is not zero, but shorter than about `2^-40` (f32) or `2^-459` (f64) times the largest entry,
//! its squares lose digits to underflow; much shorter ones vanish when the largest entry is brought near one. Such a
//! matrix leaves the lanes and goes through [`jacobi_unblocked`](super::jacobi_unblocked()), which knows a column as
//! long as its entries are in the range when the largest is `2^31` (f32) or `2^255` (f64).

mod alone;
mod lanes;
mod rotations;

use alone::alone;
use lanes::Lanewise;

use super::{Info, Options, columns};
use crate::check;
use crate::error::{Error, Operand};
use crate::kernel::Isa;
use crate::range::scaling_exponent;
use crate::real::Real;
use crate::view::{MatMut, MatRef};

/// The largest dimension of a matrix in a batch.
pub const BATCH_MAX: usize = 6;

/// Entries of the largest matrix.
const ENTRIES: usize = BATCH_MAX * BATCH_MAX;

/// How the entries of a matrix follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Row after row (as C and numpy).
    #[default]
    RowMajor,
    /// Column after column (as Fortran and LAPACK).
    ColMajor,
}

/// The singular value decompositions `A_b = U_b diag(s_b) V_b^T` of many small matrices of one shape.
///
/// Each matrix is `m x n` with `1 <= m, n <= 6` for `(m, n) = shape`; let `k = min(m, n)`. Row b of `a` holds the `m n`
/// entries of matrix b in the given order. In the same way row b of `s` receives the `k` values, row b of `u` the
/// entries of U (`m x k`), row b of `v` those of V (`n x k`), with [`Vectors::Full`](super::Vectors::Full) `m x m` and
/// `n x n`. The strides of the four say how the batch lies in memory:
///
/// ```
/// use lowrank::{MatMut, MatRef, svd};
///
/// // Ten matrices, one after the other. (`MatRef::col_major` has entry (0, 0) of all of them first, then entry (0, 1).)
/// let a: [f64; 90] = core::array::from_fn(|i| (i * i % 17) as f64);
/// let (mut s, mut u, mut v) = ([0.0; 30], [0.0; 90], [0.0; 90]);
/// svd::batch(
///     MatRef::row_major(&a, 10, 9)?,
///     (3, 3),
///     svd::Order::RowMajor,
///     MatMut::row_major(&mut s, 10, 3)?,
///     Some(MatMut::row_major(&mut u, 10, 9)?),
///     Some(MatMut::row_major(&mut v, 10, 9)?),
///     &svd::Options::new(),
/// )?;
/// // Entry (1, 2) of matrix 4.
/// let product: f64 = (0..3).map(|p| u[4 * 9 + 3 + p] * s[4 * 3 + p] * v[4 * 9 + 6 + p]).sum();
/// assert!((product - a[4 * 9 + 5]).abs() < 1e-13);
/// # Ok::<(), lowrank::Error>(())
/// ```
///
/// What is given is overwritten. The values descend; the sign rule is that of [`svd`](fn@super::svd). The result for a
/// matrix depends on nothing but the matrix: not on its place, its neighbours or the strides, and its values not on the
/// vectors that are asked for. Every finite matrix is accepted, whatever its scale or rank; the threshold of the options
/// is not used, nor is their parallelism. Backward stable, though with errors of some 20 eps where [`svd`](fn@super::svd)
/// has 5; the singular values of a tall or square `B D`, and of a wide `D B`, D diagonal, are accurate to about
/// `eps cond(B)` each, if a matrix's entries do not differ by more than the range below `2^31` (f32) or `2^255` (f64).
///
/// With [`Options::scaled`] the values are those of `2^exponent A_b` for one `exponent` for all, rounded once: those
/// of a matrix far smaller than the largest may become zero. Its vectors are its own all the same. [`Info`] tells the most
/// sweeps that a matrix took, whether all converged, and how many values of all matrices are not zero. No scratch is
/// needed; a group of matrices is on the stack, at most some tens of kB with AVX-512.
///
/// A sweep has `k (k - 1) / 2` rotations of about `12 max(m, n) + 40` operations each, two roots among them, and `6 k` more
/// for V (U if A is wide); the slowest matrix of a group takes 3 to 7 sweeps. All of this is done at once for the lanes of
/// two vectors: 8 (f64) or 16 (f32) matrices with AVX2, twice as many with AVX-512.
///
/// # Errors
/// `TooLarge` if a dimension exceeds [`BATCH_MAX`]; `Shape` if one is zero or an argument does not fit; `NonFinite` with
/// the number of the matrix as `row` and of the entry, in the given order, as `col`; `Overflow` if any singular value
/// exceeds the largest number (ask for scaled values then). Nothing is changed in any of these.
pub fn batch<T: Real>(
    a: MatRef<'_, T>,
    shape: (usize, usize),
    order: Order,
    s: MatMut<'_, T>,
    u: Option<MatMut<'_, T>>,
    v: Option<MatMut<'_, T>>,
    options: &Options,
) -> Result<Info, Error> {
    let (m, n) = shape;
    let k = m.min(n);
    if k == 0 {
        return Err(Error::Shape { operand: Operand::A, expected: (m.max(1), n.max(1)), given: shape });
    }
    if m.max(n) > BATCH_MAX {
        return Err(Error::TooLarge { max: BATCH_MAX, given: m.max(n) });
    }
    let count = a.rows();
    if a.cols() != m * n {
        return Err(Error::Shape { operand: Operand::A, expected: (count, m * n), given: a.shape() });
    }
    let (left, right) = columns(shape, options.vectors);
    let s = Some(s);
    check::shape(Operand::SingularValues, &s, (count, k))?;
    check::shape(Operand::Left, &u, (count, m * left))?;
    check::shape(Operand::Right, &v, (count, n * right))?;
    let largest = check::finite(a, Operand::A)?;
    let exponent = if options.scaled { scaling_exponent(largest) } else { 0 };

    let isa = options.execution.isa();
    let work = |exponent, s, u, v| run(isa, Job { a, shape, order, exponent, s, u, v, options });
    // A singular value is at most six times the largest entry.
    let margin = 3;
    if !options.scaled && largest.exponent() + margin >= T::MAX_EXPONENT && largest > T::ONE {
        let (_, largest) = work(-margin - 1, None, None, None);
        if !largest.scale(margin + 1).is_finite() {
            return Err(Error::Overflow { exponent: largest.exponent() + margin + 1 });
        }
    }
    Ok(work(exponent, s, u, v).0)
}

/// What to factorize, and where to.
struct Job<'a, 'o, T> {
    a: MatRef<'a, T>,
    shape: (usize, usize),
    order: Order,
    /// The values are those of the matrices times this power of two.
    exponent: i32,
    s: Option<MatMut<'a, T>>,
    u: Option<MatMut<'a, T>>,
    v: Option<MatMut<'a, T>>,
    options: &'o Options,
}

/// Does the job with these instructions. Returns what happened, and the largest singular value.
fn run<T: Real>(isa: Isa, job: Job<'_, '_, T>) -> (Info, T) {
    isa.run(Lanewise(job))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Uniform;
    use std::vec;
    use std::vec::Vec;

    /// The largest error in `A - U S V^T` and in `I - V^T V` over a batch of random matrices with a zero column each.
    fn error<T: Real>(isa: Isa, (m, n): (usize, usize)) -> f64 {
        const COUNT: usize = 70;
        let k = m.min(n);
        let mut uniform = Uniform::new(7);
        let mut random = || T::from_f64(uniform.symmetric());
        let a: Vec<T> = (0..COUNT * m * n).map(|i| if i % n == 0 { T::ZERO } else { random() }).collect();
        let (mut s, mut u, mut v) =
            (vec![T::ZERO; COUNT * k], vec![T::ZERO; COUNT * m * k], vec![T::ZERO; COUNT * n * k]);
        let job = Job {
            a: MatRef::packed(&a, COUNT, m * n),
            shape: (m, n),
            order: Order::RowMajor,
            exponent: 0,
            s: Some(MatMut::packed(&mut s, COUNT, k)),
            u: Some(MatMut::packed(&mut u, COUNT, m * k)),
            v: Some(MatMut::packed(&mut v, COUNT, n * k)),
            options: &Options::new(),
        };
        assert!(run(isa, job).0.converged);
        let at = |x: &[T], b: usize, cols: usize, i: usize, p: usize| x[b * x.len() / COUNT + i * cols + p].to_f64();
        let mut worst = 0.0f64;
        for b in 0..COUNT {
            for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
                let product: f64 = (0..k).map(|p| at(&u, b, k, i, p) * at(&s, b, k, 0, p) * at(&v, b, k, j, p)).sum();
                worst = worst.max((product - at(&a, b, n, i, j)).abs());
            }
            for (p, q) in (0..k).flat_map(|p| (0..k).map(move |q| (p, q))) {
                let dot: f64 = (0..n).map(|j| at(&v, b, k, j, p) * at(&v, b, k, j, q)).sum();
                worst = worst.max((dot - f64::from(u8::from(p == q))).abs());
            }
        }
        worst
    }

    #[test]
    fn every_instruction_set_factorizes_every_shape() {
        for isa in Isa::all() {
            for (m, n) in (1..=BATCH_MAX).flat_map(|m| (1..=BATCH_MAX).map(move |n| (m, n))) {
                assert!(error::<f64>(isa, (m, n)) < 40.0 * f64::EPSILON, "{isa:?}, {m} x {n}");
                assert!(error::<f32>(isa, (m, n)) < 40.0 * f64::from(f32::EPSILON), "{isa:?}, {m} x {n}");
            }
        }
    }
}
