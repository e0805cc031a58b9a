//! The SVD of many small matrices of one shape, one matrix in each lane of a vector.
//!
//! One-sided Jacobi (Hestenes 1958) is the same operations for every matrix, so that lanes do not have to part: a sweep
//! goes over all pairs of columns, and what a matrix does not need is masked out. A tall A is first reduced to its
//! triangle; a wide one is the transpose of a tall one.
//!
//! ```text
//! A = Q R              Householder reflections, if m > n
//! R W = X              rotations W from the right until the columns of X are orthogonal
//! X = Y diag(s)        their norms are the singular values
//! A = (Q Y) diag(s) W^T
//! ```
//!
//! For columns p and q let `d = |p|^2 - |q|^2`, `g = 2 p . q`, `h = sqrt(d^2 + g^2)`. The rotation that makes them
//! orthogonal and p the longer one is the leading eigenvector of their Gram matrix:
//!
//! ```text
//! (c, s) = (h + |d|, g) / sqrt((h + |d|)^2 + g^2) if d >= 0, with the two exchanged if d < 0
//! p <- c p + s q,  q <- c q - s p
//! ```
//!
//! Nothing cancels, and the order settles by itself (de Rijk, SISC 10, 1989). Only the second root must be accurate, so
//! that `c^2 + s^2 = 1`; half the digits of h leave that part of the cosine, and the last rotation finds one that is at
//! most `sqrt(eps)`. The three inner products are scaled by a power of two first, so that the squares stay in the range;
//! they are formed afresh for each pair, which for columns this short costs less than the roots.
//!
//! A matrix is done after a sweep that found no cosine above `eps sqrt(k)`, or none above the root of that, about, and
//! no rotation by a larger sine, which quadratic convergence makes the last. (An exchange of columns is such a rotation:
//! they then miss some of the others in this sweep.) From then on its rotations are masked out. So its bits do not
//! depend on the other lanes, nor on its place.
//!
//! Of two parallel columns a rotation leaves rounding errors, parallel again, and so on. What has become as short as the
//! errors of the rotations that it went through counts as zero. A column of zeros has no direction; its left vector
//! completes the others to a basis.
//!
//! Pairs follow each other as in a round-robin tournament, so that the roots of one need not wait for the other's.
//!
//! Columns whose squares underflow, although they do not vanish, can come from entries that differ by more than about
//! `2^39` (f32) or `2^458` (f64) within one matrix. Such a matrix leaves the lanes and goes through
//! [`jacobi_unblocked`](super::jacobi_unblocked()).

use core::ops::Range;

use super::{Info, Options, jacobi_unblocked, jacobi_unblocked_scratch_len};
use crate::check;
use crate::columns::Total;
use crate::error::{Error, Operand};
use crate::kernel::{Isa, Kernel, Simd, Twice};
use crate::qr::{Vectors, scaling_exponent};
use crate::real::Real;
use crate::view::{MatMut, MatRef};

/// The largest dimension of a matrix in a batch.
pub const BATCH_MAX: usize = 6;

/// Entries of the largest matrix.
const ENTRIES: usize = BATCH_MAX * BATCH_MAX;
/// Numbers in two of the widest vectors of any instruction set.
const MAX_LANES: usize = 32;

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
/// entries of U (`m x k`), row b of `v` those of V (`n x k`), with [`Vectors::Full`] `m x m` and `n x n`. The strides of
/// the four say how the batch lies in memory:
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
/// vectors that are asked for. Every finite matrix is accepted, whatever its scale or rank. Backward stable; the
/// singular values of `B D`, D diagonal, are accurate to about `eps cond(B)` each.
///
/// With [`Options::scaled`] the values are those of `2^exponent A_b` for one `exponent` for all. [`Info`] tells the most
/// sweeps that a matrix took, whether all converged, and how many values of all matrices are not zero. No scratch is
/// needed; a group of matrices is on the stack, at most some tens of kB with AVX-512.
///
/// A sweep has `k (k - 1) / 2` rotations of about `15 k + 40` operations each (without V `9 k + 40`), two roots among them;
/// the slowest matrix of a group takes 3 to 7 sweeps. All of this is done at once for the lanes of two vectors: 8 (f64)
/// or 16 (f32) matrices with AVX2, twice as many with AVX-512.
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
    let (left, right) = match options.vectors {
        Vectors::Thin => (k, k),
        Vectors::Full => (m, n),
    };
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

/// The entries of a group of matrices: for each place in a row, the lanes.
type Buffer<T> = [[T; MAX_LANES]; ENTRIES];

/// What to factorize, and where to.
struct Job<'a, 'o, T> {
    a: MatRef<'a, T>,
    shape: (usize, usize),
    order: Order,
    /// The matrices are taken times this power of two.
    exponent: i32,
    s: Option<MatMut<'a, T>>,
    u: Option<MatMut<'a, T>>,
    v: Option<MatMut<'a, T>>,
    options: &'o Options,
}

/// Does the job with these instructions.
fn run<T: Real>(isa: Isa, job: Job<'_, '_, T>) -> (Info, T) {
    match job.shape.0.min(job.shape.1) {
        1 => isa.run(Lanewise::<T, 1>(job)),
        2 => isa.run(Lanewise::<T, 2>(job)),
        3 => isa.run(Lanewise::<T, 3>(job)),
        4 => isa.run(Lanewise::<T, 4>(job)),
        5 => isa.run(Lanewise::<T, 5>(job)),
        _ => isa.run(Lanewise::<T, 6>(job)),
    }
}

/// The job for matrices with `K` columns, or rows if they are wide.
struct Lanewise<'a, 'o, T, const K: usize>(Job<'a, 'o, T>);

/// Columns of at most `ROWS` entries, each entry a vector of lanes.
type Block<V, const ROWS: usize, const COLS: usize> = [[V; ROWS]; COLS];

impl<T: Real, const K: usize> Kernel<T> for Lanewise<'_, '_, T, K> {
    /// What happened, and the largest singular value.
    type Output = (Info, T);

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) -> (Info, T) {
        self.lanes(Twice(simd))
    }
}

impl<T: Real, const K: usize> Lanewise<'_, '_, T, K> {
    #[inline(always)]
    fn lanes<S: Simd<T>>(self, simd: S) -> (Info, T) {
        let Job { a, shape: (m, n), order, exponent, mut s, u, v, options } = self.0;
        let (zero, one) = (simd.splat(T::ZERO), simd.splat(T::ONE));
        // A wide matrix is the tall one's transpose with U and V exchanged.
        let wide = m < n;
        let rows = m.max(n);
        let by_columns = order == Order::ColMajor;
        let right_rules = if wide { u.is_some() && v.is_none() } else { v.is_some() };
        let (mut left, mut right) = if wide { (v, u) } else { (u, v) };
        let left_cols = if options.vectors == Vectors::Full { rows } else { K };
        let mut info = Info { converged: true, sweeps: 0, nonzero: 0, exponent };
        let mut largest = T::ZERO;

        let mut buffer: Buffer<T> = [[T::ZERO; MAX_LANES]; ENTRIES];
        let mut first = 0;
        while first < a.rows() {
            let count = S::LANES.min(a.rows() - first);
            let mut x = [[zero; BATCH_MAX]; K];
            let lanes = first..first + count;
            let places = |rows, cols| Places { rows, cols, by_columns };
            let transposed = Places { by_columns: by_columns != wide, ..places(rows, K) };
            gather(simd, a, lanes.clone(), transposed, &mut buffer, &mut x);
            let scales = normalize::<S, T, K>(simd, rows, exponent, &mut x);

            let mut lost = zero;
            let mut tau = [zero; K];
            let mut square = [[zero; K]; K];
            if rows > K {
                lost = triangularize::<S, T, K>(simd, rows, &mut x, &mut tau);
                for (j, (square, x)) in square.iter_mut().zip(&x).enumerate() {
                    for (i, (square, x)) in square.iter_mut().zip(x).enumerate() {
                        *square = if i <= j { *x } else { zero };
                    }
                }
            } else {
                for (square, x) in square.iter_mut().zip(&x) {
                    for (square, x) in square.iter_mut().zip(x) {
                        *square = *x;
                    }
                }
            }

            let mut w = [[zero; K]; K];
            for (j, w) in w.iter_mut().enumerate() {
                for (i, w) in w.iter_mut().enumerate() {
                    *w = if i == j { one } else { zero };
                }
            }
            let mut floors = [simd.splat(lowest::<T>() * T::from_f64(0.5)); K];
            let (sweeps, pending) =
                orthogonalize::<S, T, K>(simd, &mut square, &mut w, &mut floors, right.is_some(), options.max_sweeps);
            info.sweeps = info.sweeps.max(sweeps);
            let mut norms = [zero; K];
            for ((norm, x), floor) in norms.iter_mut().zip(&square).zip(floors) {
                let mut largest = zero;
                for x in x {
                    *norm = simd.mul_add(*x, *x, *norm);
                    largest = simd.max(simd.abs(*x), largest);
                }
                // Below a floor that rounding has raised is noise; below one that it has not, there may be digits left.
                let raised = simd.splat(lowest());
                let kept = simd.select_less(*norm, floor, zero, *norm);
                *norm = simd.select_less(raised, floor, kept, *norm);
                largest = simd.select_less(raised, floor, *norm, largest);
                lost = underflown(simd, *norm, largest, lost);
            }
            sort::<S, T, K>(simd, &mut norms, &mut square, &mut w);
            for norm in &mut norms {
                *norm = simd.sqrt(*norm);
            }

            if left.is_some() || right.is_some() {
                let mut y = [[zero; BATCH_MAX]; BATCH_MAX];
                if left.is_some() {
                    divide::<S, T, K>(simd, &mut square, norms);
                    for (y, square) in y.iter_mut().zip(&square) {
                        for (y, square) in y.iter_mut().zip(square) {
                            *y = *square;
                        }
                    }
                    if rows > K {
                        for (j, y) in y.iter_mut().enumerate().take(left_cols).skip(K) {
                            for (i, y) in y.iter_mut().enumerate() {
                                *y = if i == j { one } else { zero };
                            }
                        }
                        for y in y.iter_mut().take(left_cols) {
                            reflect_back::<S, T, K>(simd, rows, &x, &tau, y);
                        }
                    }
                }
                let mut j = 0;
                while j < left_cols {
                    let (mut none_y, mut none_w) = ([zero; BATCH_MAX], [zero; K]);
                    let y = y.get_mut(j).unwrap_or(&mut none_y);
                    let paired = j < K;
                    let w = w.get_mut(j).unwrap_or(&mut none_w);
                    let sign = if right_rules && paired {
                        sign::<S, T>(simd, w)
                    } else {
                        sign::<S, T>(simd, y.get(..rows).unwrap_or_default())
                    };
                    for y in y.iter_mut() {
                        // The sum turns a negative zero into a positive one.
                        *y = simd.mul_add(*y, sign, zero);
                    }
                    for w in w.iter_mut() {
                        *w = simd.mul_add(*w, sign, zero);
                    }
                    j += 1;
                }
                if let Some(left) = &mut left {
                    scatter(simd, &y, lanes.clone(), places(rows, left_cols), &mut buffer, left);
                }
                if let Some(right) = &mut right {
                    scatter(simd, &w, lanes.clone(), places(K, K), &mut buffer, right);
                }
            }

            // Undoing the scaling in this order rounds once.
            let mut values = [[zero; 1]; K];
            for ([value], norm) in values.iter_mut().zip(norms) {
                *value = simd.mul(simd.mul(norm, scales[1]), scales[0]);
            }
            let mut rest = [T::ZERO; 2 * MAX_LANES];
            {
                let (lost_out, pending_out) = rest.split_at_mut(MAX_LANES);
                simd.store(lost, lost_out);
                simd.store(pending, pending_out);
            }
            if let Some(s) = &mut s {
                scatter(simd, &values, lanes, places(1, K), &mut buffer, s);
            } else {
                let mut most = zero;
                for [value] in values {
                    most = simd.max(value, most);
                }
                let mut lane_values = [T::ZERO; MAX_LANES];
                simd.store(most, &mut lane_values);
                for value in lane_values.iter().take(count) {
                    largest = largest.max(*value);
                }
            }
            for lane in 0..count {
                if rest.at(lane) > T::ZERO {
                    let [s, left, right] = [&mut s, &mut left, &mut right].map(|x| x.as_mut().map(MatMut::rb));
                    let (u, v) = if wide { (right, left) } else { (left, right) };
                    let job = Job { a, shape: (m, n), order, exponent, s, u, v, options };
                    let (alone, value) = outside(job, first + lane);
                    info.converged &= alone.converged;
                    info.sweeps = info.sweeps.max(alone.sweeps);
                    largest = largest.max(value);
                } else {
                    info.converged &= rest.at(MAX_LANES + lane) == T::ZERO;
                }
                if let Some(s) = &s {
                    for j in 0..K {
                        info.nonzero += usize::from(s.at(first + lane, j) > T::ZERO);
                    }
                }
            }
            first += S::LANES;
        }
        (info, largest)
    }
}

/// Squared norms below this, for a matrix scaled to entries near one, have lost digits to underflow.
#[inline(always)]
fn lowest<T: Real>() -> T {
    T::pow2(T::MIN_EXPONENT + 2 * T::SIGNIFICAND_BITS as i32)
}

/// One where a column that does not vanish has lost digits of its squared norm to underflow, else `lost`.
#[inline(always)]
fn underflown<S: Simd<T>, T: Real>(simd: S, square: S::Vector, largest: S::Vector, lost: S::Vector) -> S::Vector {
    let small = simd.select_less(square, simd.splat(lowest()), simd.splat(T::ONE), lost);
    simd.select_less(simd.splat(T::ZERO), largest, small, lost)
}

/// Brings the entries of matrices `first`, `first + 1`, ... into the lanes, and from there into the columns x.
#[inline(always)]
fn gather<S: Simd<T>, T: Real, const K: usize>(
    simd: S,
    a: MatRef<'_, T>,
    lanes: Range<usize>,
    places: Places,
    buffer: &mut Buffer<T>,
    x: &mut Block<S::Vector, BATCH_MAX, K>,
) {
    let entries = a.cols();
    for (lane, matrix) in lanes.clone().enumerate() {
        if let Some(row) = a.row_slice(matrix) {
            for (slot, entry) in buffer.iter_mut().zip(row) {
                slot.put(lane, *entry);
            }
        } else {
            for (place, slot) in buffer.iter_mut().enumerate().take(entries) {
                slot.put(lane, a.at(matrix, place));
            }
        }
    }
    for (j, x) in x.iter_mut().enumerate() {
        for (i, x) in x.iter_mut().enumerate().take(places.rows) {
            *x = simd.load(buffer.get(places.of(i, j)).map(|slot| slot.as_slice()).unwrap_or_default());
        }
    }
}

/// Writes the columns x to rows `first`, `first + 1`, ... of `out`.
#[inline(always)]
fn scatter<S: Simd<T>, T: Real, const ROWS: usize, const COLS: usize>(
    simd: S,
    x: &Block<S::Vector, ROWS, COLS>,
    lanes: Range<usize>,
    places: Places,
    buffer: &mut Buffer<T>,
    out: &mut MatMut<'_, T>,
) {
    for (j, x) in x.iter().enumerate().take(places.cols) {
        for (i, x) in x.iter().enumerate().take(places.rows) {
            if let Some(slot) = buffer.get_mut(places.of(i, j)) {
                simd.store(*x, slot);
            }
        }
    }
    let entries = out.cols();
    for (lane, matrix) in lanes.enumerate() {
        if let Some(row) = out.row_slice_mut(matrix) {
            for (entry, slot) in row.iter_mut().zip(buffer.iter()) {
                *entry = slot.at(lane);
            }
        } else {
            for (place, slot) in buffer.iter().enumerate().take(entries) {
                out.put(matrix, place, slot.at(lane));
            }
        }
    }
}

/// Where entry `(i, j)` of a matrix is in the row that holds it.
#[derive(Clone, Copy)]
struct Places {
    rows: usize,
    cols: usize,
    by_columns: bool,
}

impl Places {
    #[inline(always)]
    fn of(self, i: usize, j: usize) -> usize {
        if self.by_columns { j * self.rows + i } else { i * self.cols + j }
    }
}

/// Takes each matrix times `2^exponent`, and then times the power of two that brings its largest entry near one. Returns
/// two factors that undo the latter, the second to be used first.
#[inline(always)]
fn normalize<S: Simd<T>, T: Real, const K: usize>(
    simd: S,
    rows: usize,
    exponent: i32,
    x: &mut Block<S::Vector, BATCH_MAX, K>,
) -> [S::Vector; 2] {
    let (zero, one) = (simd.splat(T::ZERO), simd.splat(T::ONE));
    if exponent != 0 {
        let half = exponent / 2;
        let (half, rest) = (simd.splat(T::pow2(half)), simd.splat(T::pow2(exponent - half)));
        for x in x.iter_mut() {
            for x in x.iter_mut().take(rows) {
                *x = simd.mul(simd.mul(*x, half), rest);
            }
        }
    }
    let mut inverses = [one; 2];
    let least = simd.splat(T::MIN_POSITIVE);
    for inverse in &mut inverses {
        let mut largest = zero;
        for x in x.iter() {
            for x in x.iter().take(rows) {
                largest = simd.max(simd.abs(*x), largest);
            }
        }
        let scale = simd.inverse_power(simd.max(largest, least));
        for x in x.iter_mut() {
            for x in x.iter_mut().take(rows) {
                *x = simd.mul(*x, scale);
            }
        }
        *inverse = simd.div(one, scale);
        // Subnormal numbers need a second time, in which the scale of all others is one.
        if simd.sum(simd.select_less(largest, least, one, zero)) == T::ZERO {
            break;
        }
    }
    inverses
}

/// Householder reflections `I - tau v v^T`, `v = (1, ...)`, that make x upper triangular; v takes the place of what becomes
/// zero. Returns one where squares were lost to underflow.
#[inline(always)]
fn triangularize<S: Simd<T>, T: Real, const K: usize>(
    simd: S,
    rows: usize,
    x: &mut Block<S::Vector, BATCH_MAX, K>,
    tau: &mut [S::Vector; K],
) -> S::Vector {
    let (zero, one) = (simd.splat(T::ZERO), simd.splat(T::ONE));
    let mut lost = zero;
    let mut others = x.as_mut_slice();
    for (j, tau) in tau.iter_mut().enumerate() {
        let Some((column, behind)) = others.split_first_mut() else { break };
        others = behind;
        let Some((head, rest)) = column.get_mut(j..rows).unwrap_or_default().split_first_mut() else { break };
        let (mut squares, mut largest) = (simd.mul(*head, *head), simd.abs(*head));
        for x in rest.iter() {
            squares = simd.mul_add(*x, *x, squares);
            largest = simd.max(simd.abs(*x), largest);
        }
        lost = underflown(simd, squares, largest, lost);
        let norm = simd.sqrt(squares);
        let end = simd.select_less(*head, zero, norm, simd.sub(zero, norm));
        let inverse = simd.select_less(zero, norm, simd.div(one, simd.sub(*head, end)), zero);
        *tau = simd.select_less(zero, norm, simd.div(simd.sub(end, *head), end), zero);
        for x in rest.iter_mut() {
            *x = simd.mul(*x, inverse);
        }
        *head = end;
        for other in others.iter_mut() {
            let Some((first, below)) = other.get_mut(j..rows).unwrap_or_default().split_first_mut() else { break };
            let mut dot = *first;
            for (v, x) in rest.iter().zip(below.iter()) {
                dot = simd.mul_add(*v, *x, dot);
            }
            let step = simd.mul(*tau, dot);
            *first = simd.sub(*first, step);
            for (v, x) in rest.iter().zip(below.iter_mut()) {
                *x = simd.mul_sub_from(*v, step, *x);
            }
        }
    }
    lost
}

/// `y <- Q y` for the reflections of [`triangularize`].
#[inline(always)]
fn reflect_back<S: Simd<T>, T: Real, const K: usize>(
    simd: S,
    rows: usize,
    x: &Block<S::Vector, BATCH_MAX, K>,
    tau: &[S::Vector; K],
    y: &mut [S::Vector; BATCH_MAX],
) {
    for (j, (v, tau)) in x.iter().zip(tau).enumerate().rev() {
        let rest = v.get(j + 1..rows).unwrap_or_default();
        let Some((first, below)) = y.get_mut(j..rows).unwrap_or_default().split_first_mut() else { break };
        let mut dot = *first;
        for (v, y) in rest.iter().zip(below.iter()) {
            dot = simd.mul_add(*v, *y, dot);
        }
        let step = simd.mul(*tau, dot);
        *first = simd.sub(*first, step);
        for (v, y) in rest.iter().zip(below.iter_mut()) {
            *y = simd.mul_sub_from(*v, step, *y);
        }
    }
}

/// The pairs `p < q < k` in the order of a round-robin tournament: in round r meet those with `p + q = r` modulo an odd
/// number of players, and if k is even whoever is left meets the last.
const fn pairs(k: usize) -> [[usize; 2]; BATCH_MAX * (BATCH_MAX - 1) / 2] {
    let mut pairs = [[0; 2]; BATCH_MAX * (BATCH_MAX - 1) / 2];
    let odd = k - 1 + k % 2;
    let (mut found, mut round) = (0, 0);
    while round < odd && k > 1 {
        let mut p = 0;
        while p < odd {
            let q = (round + odd - p) % odd;
            if p < q {
                pairs[found] = [p, q];
                found += 1;
            } else if p == q && odd < k {
                pairs[found] = [p, odd];
                found += 1;
            }
            p += 1;
        }
        round += 1;
    }
    pairs
}

/// Sweeps until the columns of x are orthogonal in all lanes; the rotations are collected in w if wanted. Returns the
/// number of sweeps, and one where the tolerance was not met.
///
/// `floors` are the squared norms below which a column is noise: underflow to begin with, and then `eps` times what each
/// rotation has subtracted. Without them, what is left of one of two parallel columns would be rotated again and again.
#[inline(always)]
fn orthogonalize<S: Simd<T>, T: Real, const K: usize>(
    simd: S,
    x: &mut Block<S::Vector, K, K>,
    w: &mut Block<S::Vector, K, K>,
    floors: &mut [S::Vector; K],
    collect: bool,
    max_sweeps: usize,
) -> (usize, S::Vector) {
    let (zero, one) = (simd.splat(T::ZERO), simd.splat(T::ONE));
    let size = T::from_usize(K);
    let tolerance = T::EPSILON * size.sqrt();
    // Squares of the cosine and the sine below which a sweep is the last.
    let nearly = simd.splat(tolerance / size);
    // The square of the cosine above which to rotate; nothing is above where the matrix is done.
    let mut limit = simd.splat(tolerance * tolerance);
    let least = simd.splat(T::MIN_POSITIVE);
    let noise = simd.splat(T::EPSILON * T::EPSILON);
    let never = simd.splat(T::MAX);
    let mut pending = one;
    let mut sweeps = 0;
    while sweeps < max_sweeps {
        sweeps += 1;
        // One where a cosine was above the tolerance, and where one was too large for this sweep to be the last.
        let (mut found, mut much) = (zero, zero);
        for [p, q] in const { pairs(K) }.into_iter().take(K * (K - 1) / 2) {
            let (Ok([xp, xq]), Ok([fp, fq])) = (x.get_disjoint_mut([p, q]), floors.get_disjoint_mut([p, q])) else {
                continue;
            };
            // The smallest number, far below what counts, makes the sum a normal one.
            let (mut pp, mut qq, mut pq) = (zero, least, zero);
            for (p, q) in xp.iter().zip(xq.iter()) {
                pp = simd.mul_add(*p, *p, pp);
                qq = simd.mul_add(*q, *q, qq);
                pq = simd.mul_add(*p, *q, pq);
            }
            let scale = simd.inverse_power(simd.add(pp, qq));
            let (noise_p, noise_q) = (simd.mul_add(pp, noise, *fp), simd.mul_add(qq, noise, *fq));
            let (found_p, found_q) = (pp, qq);
            let (pp, qq, pq) = (simd.mul(pp, scale), simd.mul(qq, scale), simd.mul(pq, scale));
            let (square, product) = (simd.mul(pq, pq), simd.mul(pp, qq));
            // What is lost in rounding or underflow has no direction.
            let bound = simd.mul_add(limit, product, least);
            let bound = simd.select_less(found_p, *fp, never, bound);
            let bound = simd.select_less(found_q, *fq, never, bound);

            let (d, g) = (simd.sub(pp, qq), simd.add(pq, pq));
            let g_square = simd.mul(g, g);
            let sum = simd.add(simd.abs(d), simd.rough_sqrt(simd.mul_add(d, d, g_square)));
            let inverse = simd.inverse_sqrt(simd.mul_add(sum, sum, g_square));
            let (large, small) = (simd.mul(sum, inverse), simd.mul(g, inverse));
            let c = simd.select_less(d, zero, small, large);
            let s = simd.select_less(d, zero, large, small);
            let c = simd.select_less(bound, square, c, one);
            let s = simd.select_less(bound, square, s, zero);

            found = simd.select_less(bound, square, one, found);
            much = simd.select_less(simd.mul(nearly, product), square, one, much);
            let (cc, ss) = (simd.mul(c, c), simd.mul(s, s));
            much = simd.select_less(nearly, ss, one, much);

            *fp = simd.mul_add(ss, noise_q, simd.mul(cc, *fp));
            *fq = simd.mul_add(ss, noise_p, simd.mul(cc, *fq));
            for (p, q) in xp.iter_mut().zip(xq.iter_mut()) {
                let old = *p;
                *p = simd.mul_add(s, *q, simd.mul(c, *p));
                *q = simd.mul_sub_from(s, old, simd.mul(c, *q));
            }
            if collect && let Ok([wp, wq]) = w.get_disjoint_mut([p, q]) {
                for (p, q) in wp.iter_mut().zip(wq.iter_mut()) {
                    let old = *p;
                    *p = simd.mul_add(s, *q, simd.mul(c, *p));
                    *q = simd.mul_sub_from(s, old, simd.mul(c, *q));
                }
            }
        }
        pending = simd.select_less(zero, found, much, zero);
        limit = simd.select_less(zero, pending, limit, never);
        if simd.sum(pending) == T::ZERO {
            break;
        }
    }
    (sweeps, pending)
}

/// Orders the columns by descending norm.
#[inline(always)]
fn sort<S: Simd<T>, T: Real, const K: usize>(
    simd: S,
    squares: &mut [S::Vector; K],
    x: &mut Block<S::Vector, K, K>,
    w: &mut Block<S::Vector, K, K>,
) {
    let (zero, one) = (simd.splat(T::ZERO), simd.splat(T::ONE));
    for last in (1..K).rev() {
        for p in 0..last {
            let Ok([sp, sq]) = squares.get_disjoint_mut([p, p + 1]) else { continue };
            // Rotation has ordered all but columns of almost equal norm.
            if simd.sum(simd.select_less(*sp, *sq, one, zero)) == T::ZERO {
                continue;
            }
            let (old_p, old_q) = (*sp, *sq);
            for block in [&mut *x, &mut *w] {
                let Ok([p, q]) = block.get_disjoint_mut([p, p + 1]) else { continue };
                for (p, q) in p.iter_mut().zip(q.iter_mut()) {
                    let old = *p;
                    *p = simd.select_less(old_p, old_q, *q, old);
                    *q = simd.select_less(old_p, old_q, old, *q);
                }
            }
            *sp = simd.select_less(old_p, old_q, old_q, old_p);
            *sq = simd.select_less(old_p, old_q, old_p, old_q);
        }
    }
}

/// Divides each column by its norm; one that vanishes is replaced by what completes the basis.
#[inline(always)]
fn divide<S: Simd<T>, T: Real, const K: usize>(simd: S, x: &mut Block<S::Vector, K, K>, norms: [S::Vector; K]) {
    let (zero, one) = (simd.splat(T::ZERO), simd.splat(T::ONE));
    for (x, norm) in x.iter_mut().zip(norms) {
        let inverse = simd.div(one, norm);
        for x in x {
            *x = simd.mul(*x, inverse);
        }
    }
    for (j, norm) in norms.into_iter().enumerate() {
        if simd.sum(simd.select_less(zero, norm, zero, one)) == T::ZERO {
            continue;
        }
        let Some((before, [column, ..])) = x.split_at_mut_checked(j) else { break };
        // The unit vector with the least in the span of the columns before: at most j / K of its square.
        let mut unit = [zero; K];
        let mut least = simd.splat(T::MAX);
        for i in 0..K {
            let mut part = zero;
            for x in before.iter() {
                let x = x.get(i).copied().unwrap_or(zero);
                part = simd.mul_add(x, x, part);
            }
            for (l, unit) in unit.iter_mut().enumerate() {
                *unit = simd.select_less(part, least, if l == i { one } else { zero }, *unit);
            }
            least = simd.select_less(part, least, part, least);
        }
        for _ in 0..2 {
            for x in before.iter() {
                let mut dot = zero;
                for (x, unit) in x.iter().zip(&unit) {
                    dot = simd.mul_add(*x, *unit, dot);
                }
                for (x, unit) in x.iter().zip(&mut unit) {
                    *unit = simd.mul_sub_from(dot, *x, *unit);
                }
            }
        }
        let mut square = zero;
        for unit in &unit {
            square = simd.mul_add(*unit, *unit, square);
        }
        let inverse = simd.div(one, simd.sqrt(square));
        for (x, unit) in column.iter_mut().zip(unit) {
            *x = simd.select_less(zero, norm, *x, simd.mul(unit, inverse));
        }
    }
}

/// The sign that makes a column follow [`column_sign`](super::column_sign).
#[inline(always)]
fn sign<S: Simd<T>, T: Real>(simd: S, x: &[S::Vector]) -> S::Vector {
    let (zero, one) = (simd.splat(T::ZERO), simd.splat(T::ONE));
    let mut largest = zero;
    for x in x {
        largest = simd.max(simd.abs(*x), largest);
    }
    let limit = simd.mul(largest, simd.splat(T::ONE - T::EPSILON.sqrt()));
    let mut first = zero;
    for x in x.iter().rev() {
        first = simd.select_less(simd.abs(*x), limit, first, *x);
    }
    simd.select_less(first, zero, simd.splat(-T::ONE), one)
}

/// One matrix of the job through [`jacobi_unblocked`]. Returns what happened, and the largest singular value.
fn outside<T: Real>(job: Job<'_, '_, T>, matrix: usize) -> (Info, T) {
    let Job { a, shape: (m, n), order, exponent, s, u, v, options } = job;
    let k = m.min(n);
    let (left, right) = match options.vectors {
        Vectors::Thin => (k, k),
        Vectors::Full => (m, n),
    };
    let row_major = order == Order::RowMajor;
    let mut entries = [T::ZERO; ENTRIES];
    for (j, entry) in entries.iter_mut().enumerate().take(m * n) {
        *entry = a.at(matrix, j).scale(exponent);
    }
    let [mut values, mut left_entries, mut right_entries] = [[T::ZERO; ENTRIES]; 3];
    let mut scratch = [T::ZERO; jacobi_unblocked_scratch_len(BATCH_MAX, BATCH_MAX)];
    let view = |rows, cols| if row_major { (rows, cols, cols, 1) } else { (rows, cols, 1, rows) };
    let alone = (|| {
        let (rows, cols, down, across) = view(m, n);
        let matrix = MatRef::new(&entries, rows, cols, down, across)?;
        let (rows, cols, down, across) = view(m, left);
        let left = MatMut::new(&mut left_entries, rows, cols, down, across)?;
        let (rows, cols, down, across) = view(n, right);
        let right = MatMut::new(&mut right_entries, rows, cols, down, across)?;
        let values = values.get_mut(..k).unwrap_or_default();
        let (left, right) = (u.is_some().then_some(left), v.is_some().then_some(right));
        jacobi_unblocked(matrix, values, left, right, &options.scaled(true), &mut scratch)
    })();
    // The shapes fit and the entries are finite, so nothing is refused.
    let Ok(alone) = alone else { return (Info { converged: false, sweeps: 0, nonzero: 0, exponent }, T::ZERO) };
    for value in &mut values {
        *value = value.scale(-alone.exponent);
    }
    for (out, from) in [(s, &values), (u, &left_entries), (v, &right_entries)] {
        if let Some(mut out) = out {
            for (j, from) in from.iter().enumerate().take(out.cols()) {
                out.put(matrix, j, *from);
            }
        }
    }
    (alone, values.at(0))
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
