//! A batch, group after group: the matrices of a group are in the lanes of two vectors, and all that is done is done to
//! each of them.
//!
//! Where the lanes of a stage have to part, both results are computed and one is selected; a branch asks for what no lane
//! needs, never for what some do.

use super::rotations::orthogonalize;
use super::{BATCH_MAX, ENTRIES, Job, Order, alone};
use crate::kernel::{Kernel, MOST_ROWS, Simd, Twice, read_rows, write_rows};
use crate::qr::Vectors;
use crate::real::Real;
use crate::svd::Info;

/// A column of A, and below it one of the rotations W, if these are wanted: what is done to the one is done to the other.
pub(super) type Column<V> = [V; 2 * BATCH_MAX];
/// The columns of a group.
pub(super) type Columns<V> = [Column<V>; BATCH_MAX];

/// What is in use of the columns.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// Rows of A.
    pub rows: usize,
    /// Columns of A, at most as many.
    pub cols: usize,
    /// Rows of A and of W together.
    pub len: usize,
}

/// A job for the lanes.
pub(super) struct Lanewise<'a, 'o, T>(pub Job<'a, 'o, T>);

impl<T: Real> Kernel<T> for Lanewise<'_, '_, T> {
    /// What happened, and the largest singular value.
    type Output = (Info, T);

    #[inline(always)]
    fn run<S: Simd<T>>(self, single: S) -> (Info, T) {
        let Lanewise(mut job) = self;
        let simd = Twice(single);
        let (zero, one) = (simd.splat(T::ZERO), simd.splat(T::ONE));
        // A wide matrix is the tall one's transpose with U and V exchanged.
        let (m, n) = job.shape;
        let wide = m < n;
        let (rows, cols) = (m.max(n), m.min(n));
        let (left, right) = if wide { (job.v.is_some(), job.u.is_some()) } else { (job.u.is_some(), job.v.is_some()) };
        let right_rules = if wide { right && !left } else { right };
        let left_cols = if job.options.vectors == Vectors::Full { rows } else { cols };
        let vectors = if left {
            left_cols
        } else if right {
            cols
        } else {
            0
        };
        let shape = Shape { rows, cols, len: if right { rows + cols } else { rows } };
        let by_columns = job.order == Order::ColMajor;

        let mut group = [[T::ZERO; MOST_ROWS]; ENTRIES];
        let mut x = [[zero; 2 * BATCH_MAX]; BATCH_MAX];
        let mut info = Info { converged: true, sweeps: 0, nonzero: 0, exponent: job.exponent };
        let mut largest = zero;
        let mut largest_alone = T::ZERO;
        let mut first = 0;
        while first < job.a.rows() {
            read_rows(single, job.a, first, MOST_ROWS, group.as_flattened_mut());
            for (j, x) in x.iter_mut().enumerate().take(cols) {
                for (i, x) in x.iter_mut().enumerate().take(rows) {
                    let entry = if by_columns != wide { j * rows + i } else { i * cols + j };
                    *x = simd.load(group.get(entry).map(|lanes| lanes.as_slice()).unwrap_or_default());
                }
                for (i, x) in x.iter_mut().take(shape.len).skip(rows).enumerate() {
                    *x = if i == j { one } else { zero };
                }
            }
            let (inverses, vanished) = normalize(simd, shape, &mut x);
            let mut floors = [simd.splat(lowest::<T>() * T::from_f64(0.5)); BATCH_MAX];
            let (sweeps, mut pending) = orthogonalize(simd, shape, &mut x, &mut floors, job.options.max_sweeps);
            let mut squares = [zero; BATCH_MAX];
            let lost = measure(simd, shape, &x, &floors, &mut squares, vanished);
            sort(simd, shape, &mut x, &mut squares);

            for (j, square) in squares.iter().enumerate().take(cols) {
                let value = unscale(simd, simd.sqrt(*square), inverses, job.exponent);
                let value = simd.select_less(zero, lost, zero, value);
                simd.store(value, group.get_mut(j).map(|lanes| lanes.as_mut_slice()).unwrap_or_default());
                largest = simd.max(value, largest);
                info.nonzero += simd.sum(simd.select_less(zero, value, one, zero)).to_usize();
            }
            if let Some(s) = &mut job.s {
                write_rows(single, group.as_flattened(), MOST_ROWS, s, first);
            }
            if left {
                normalize_columns(simd, shape, left_cols, &mut x, &squares);
            }
            for (j, x) in x.iter_mut().enumerate().take(vectors) {
                let rules = if right_rules && j < cols { rows..rows + cols } else { 0..rows };
                let sign = sign(simd, x.get(rules).unwrap_or_default());
                for x in x.iter_mut().take(shape.len) {
                    // The sum turns a negative zero into a positive one.
                    *x = simd.mul_add(*x, sign, zero);
                }
            }
            let (left_out, right_out) = if wide { (&mut job.v, &mut job.u) } else { (&mut job.u, &mut job.v) };
            for (out, skip, rows, cols) in [(left_out, 0, rows, left_cols), (right_out, rows, cols, cols)] {
                let Some(out) = out else { continue };
                for (j, x) in x.iter().enumerate().take(cols) {
                    for (i, x) in x.iter().skip(skip).enumerate().take(rows) {
                        let entry = if by_columns { j * rows + i } else { i * cols + j };
                        simd.store(*x, group.get_mut(entry).map(|lanes| lanes.as_mut_slice()).unwrap_or_default());
                    }
                }
                write_rows(single, group.as_flattened(), MOST_ROWS, out, first);
            }

            if simd.any_less(zero, lost) {
                pending = simd.select_less(zero, lost, zero, pending);
                let mut lanes = [T::ZERO; MOST_ROWS];
                simd.store(lost, &mut lanes);
                for (matrix, _) in (first..).zip(lanes).filter(|(_, lost)| *lost > T::ZERO) {
                    let (outcome, value) = alone(&mut job, matrix);
                    info.converged &= outcome.converged;
                    info.sweeps = info.sweeps.max(outcome.sweeps);
                    info.nonzero += outcome.nonzero;
                    largest_alone = largest_alone.max(value);
                }
            }
            info.sweeps = info.sweeps.max(sweeps);
            info.converged &= !simd.any_less(zero, pending);
            first += 2 * S::LANES;
        }
        let mut lanes = [T::ZERO; MOST_ROWS];
        simd.store(largest, &mut lanes);
        (info, lanes.into_iter().fold(largest_alone, T::max))
    }
}

/// Squared norms below this, for a matrix scaled to entries near one, have lost digits to underflow.
#[inline(always)]
fn lowest<T: Real>() -> T {
    T::pow2(T::MIN_EXPONENT + 2 * T::SIGNIFICAND_BITS as i32)
}

/// Takes each matrix times the power of two that brings its largest entry near one. Returns two factors that undo it,
/// the second to be used first, and one where a column is below the normal numbers then: there digits are lost, or the
/// column itself.
#[inline(always)]
fn normalize<S: Simd<T>, T: Real>(simd: S, shape: Shape, x: &mut Columns<S::Vector>) -> ([S::Vector; 2], S::Vector) {
    let (zero, one) = (simd.splat(T::ZERO), simd.splat(T::ONE));
    let (mut inverses, mut vanished) = ([one; 2], zero);
    let least = simd.splat(T::MIN_POSITIVE);
    for inverse in &mut inverses {
        // The largest entry of all, and that of the column where it is smallest, but not zero.
        let (mut largest, mut smallest) = (zero, simd.splat(T::MAX));
        for x in x.iter().take(shape.cols) {
            let mut size = zero;
            for x in x.iter().take(shape.rows) {
                size = simd.max(simd.abs(*x), size);
            }
            largest = simd.max(size, largest);
            size = simd.select_less(zero, size, size, smallest);
            smallest = simd.select_less(size, smallest, size, smallest);
        }
        let scale = simd.inverse_power(simd.max(largest, least));
        multiply(simd, shape, scale, x);
        vanished = simd.select_less(simd.mul(smallest, scale), least, one, vanished);
        *inverse = simd.div(one, scale);
        // Subnormal numbers need a second time, in which the scale of all others is one.
        if !simd.any_less(largest, least) {
            break;
        }
    }
    (inverses, vanished)
}

/// The values `x` of the normalized matrices for the matrices times `2^exponent`, rounded once.
#[inline(always)]
fn unscale<S: Simd<T>, T: Real>(simd: S, x: S::Vector, inverses: [S::Vector; 2], exponent: i32) -> S::Vector {
    if exponent == 0 {
        return simd.mul(simd.mul(x, inverses[1]), inverses[0]);
    }
    // The powers together can be beyond the range on either side.
    let [mut values, mut first, mut second] = [[T::ZERO; MOST_ROWS]; 3];
    simd.store(x, &mut values);
    simd.store(inverses[0], &mut first);
    simd.store(inverses[1], &mut second);
    for ((value, first), second) in values.iter_mut().zip(first).zip(second) {
        *value = value.scale(exponent + first.exponent() + second.exponent());
    }
    simd.load(&values)
}

/// `A <- scale A`
#[inline(always)]
fn multiply<S: Simd<T>, T: Real>(simd: S, shape: Shape, scale: S::Vector, x: &mut Columns<S::Vector>) {
    for x in x.iter_mut().take(shape.cols) {
        for x in x.iter_mut().take(shape.rows) {
            *x = simd.mul(*x, scale);
        }
    }
}

/// The squared norms of the columns, zero for one that is noise (see [`orthogonalize`]). Returns one where digits were
/// lost to underflow, here or before.
#[inline(always)]
fn measure<S: Simd<T>, T: Real>(
    simd: S,
    shape: Shape,
    x: &Columns<S::Vector>,
    floors: &[S::Vector; BATCH_MAX],
    squares: &mut [S::Vector; BATCH_MAX],
    mut lost: S::Vector,
) -> S::Vector {
    let (zero, one) = (simd.splat(T::ZERO), simd.splat(T::ONE));
    let lowest = simd.splat(lowest());
    for ((square, x), floor) in squares.iter_mut().zip(x).zip(floors).take(shape.cols) {
        let (mut sum, mut largest) = (zero, zero);
        for x in x.iter().take(shape.rows) {
            sum = simd.mul_add(*x, *x, sum);
            largest = simd.max(simd.abs(*x), largest);
        }
        // Below a floor that rounding has raised is noise; below one that it has not, there may be digits left.
        let kept = simd.select_less(sum, *floor, zero, sum);
        *square = simd.select_less(lowest, *floor, kept, sum);
        largest = simd.select_less(lowest, *floor, *square, largest);
        let small = simd.select_less(*square, lowest, one, lost);
        lost = simd.select_less(zero, largest, small, lost);
    }
    lost
}

/// Orders the columns by descending norm.
#[inline(always)]
fn sort<S: Simd<T>, T: Real>(simd: S, shape: Shape, x: &mut Columns<S::Vector>, squares: &mut [S::Vector; BATCH_MAX]) {
    for last in (1..shape.cols).rev() {
        for p in 0..last {
            let (Ok([p, q]), Ok([x, y])) = (squares.get_disjoint_mut([p, p + 1]), x.get_disjoint_mut([p, p + 1]))
            else {
                continue;
            };
            // Rotation has ordered all but columns of almost equal norm.
            if simd.any_less(*p, *q) {
                let (less, more) = (*p, *q);
                for (p, q) in [(p, q)].into_iter().chain(x.iter_mut().zip(y).take(shape.len)) {
                    let old = *p;
                    *p = simd.select_less(less, more, *q, old);
                    *q = simd.select_less(less, more, old, *q);
                }
            }
        }
    }
}

/// Divides each column of A by its norm, and completes those that vanish, and those that A does not have, to a basis.
#[inline(always)]
fn normalize_columns<S: Simd<T>, T: Real>(
    simd: S,
    shape: Shape,
    count: usize,
    x: &mut Columns<S::Vector>,
    squares: &[S::Vector; BATCH_MAX],
) {
    let (zero, one) = (simd.splat(T::ZERO), simd.splat(T::ONE));
    for (j, square) in squares.iter().enumerate().take(count) {
        let Some((before, [column, ..])) = x.split_at_mut_checked(j) else { break };
        let inverse = simd.inverse_sqrt(*square);
        for x in column.iter_mut().take(shape.rows) {
            *x = simd.mul(*x, inverse);
        }
        if !simd.any_less(*square, simd.splat(T::MIN_POSITIVE)) {
            continue;
        }
        // The unit vector with the least in the span of the columns before: at most j / rows of its square.
        let mut unit = [zero; BATCH_MAX];
        let mut least = simd.splat(T::MAX);
        for i in 0..shape.rows {
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
                for (x, unit) in x.iter().zip(&unit).take(shape.rows) {
                    dot = simd.mul_add(*x, *unit, dot);
                }
                for (x, unit) in x.iter().zip(&mut unit).take(shape.rows) {
                    *unit = simd.mul_sub_from(dot, *x, *unit);
                }
            }
        }
        let mut sum = zero;
        for unit in unit.iter().take(shape.rows) {
            sum = simd.mul_add(*unit, *unit, sum);
        }
        let inverse = simd.inverse_sqrt(sum);
        for (x, unit) in column.iter_mut().zip(unit).take(shape.rows) {
            *x = simd.select_less(zero, *square, *x, simd.mul(unit, inverse));
        }
    }
}

/// The sign that makes a column follow [`column_sign`](crate::svd::column_sign).
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
