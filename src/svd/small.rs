//! The SVD of a small matrix: one-sided Jacobi with a column in each lane of a vector.
//!
//! A tall A is rotated from the right until its columns are orthogonal, `A W = X = U diag(s)`, V = W (Hestenes 1958). Its rows
//! and those of W are vectors, so all inner products of a round are sums over rows, without a sum over lanes, and all
//! rotations of a round are one computation. In round r = 1, 2, ... the column in lane i meets that in lane `i XOR r`: every
//! two of a power of two of columns meet once in a sweep, and no column has to move. Missing columns are zero.
//!
//! For columns p and q let `d = |p|^2 - |q|^2` and `e = 2 p . q`. They become orthogonal, the longer one longer, by the
//! rotation with `tan 2 theta = e / |d|`. Its angle need not be exact, only its matrix be orthogonal (Modi & Pryce, Numer.
//! Math. 46, 1985). So the half-angle is a quotient, for positive e
//!
//! ```text
//! tan(theta / 2) ~ e w / (4 |d| w + r e^2),   w = |d| + f e,   r = (1 + sqrt 2) f
//! ```
//!
//! which is wrong by 1.7 % at most, is exact for d = 0, and of a cosine c leaves some c^3. From the quotient `x / y`
//!
//! ```text
//! sin theta = 2 x y / (x^2 + y^2),  1 - cos theta = 2 x^2 / (x^2 + y^2)
//! p <- p + (sin q - (1 - cos) p),   q <- q - (sin p + (1 - cos) q)
//! ```
//!
//! takes one division and no root, and columns do not grow by the rounding of a cosine near one, as they would by `p cos`.
//!
//! Sweeps end when no cosine is above `eps sqrt(n)`, or when what the last one has left is not: that is of second order in
//! the cosines it met and the changes `sin |q| / |p|`, `sin |p| / |q|` it made to columns, relative to their own length.
//!
//! Columns are formed as exactly as their own length allows, so U is orthonormal even where values are rounding errors.
//! Where squares of a column that does not vanish underflow, or the sweeps do not end, all is left to
//! [`jacobi_unblocked`]; a column of zeros has a left vector that completes the others to a basis. A matrix of more than 16
//! rows is reduced to its triangle first, and a wide one is the transpose of a tall one.

#![allow(clippy::needless_range_loop, reason = "kernels are written with plain loops: see `kernel`")]

use super::two::{NEAR, two_by_two};
use super::{Info, Options, fix_pair, jacobi_unblocked, jacobi_unblocked_scratch_len, write_values};
use crate::check;
use crate::columns::{Columns, Total};
use crate::error::{Error, Operand};
use crate::kernel::{Isa, Kernel, Simd, Twice};
use crate::qr::{apply_q, factor};
use crate::range::{copy_scaled, scaling_exponent};
use crate::real::Real;
use crate::scratch::{max, min, split, sum, times};
use crate::view::{MatMut, MatRef};

/// The largest short side, and the most rows that are rotated.
pub(super) const SMALL: usize = 16;

/// Sweeps before all is left to the slower method; 4 to 8 are common.
const MAX_SWEEPS: usize = 20;

/// `f` of the formula above, for the least error.
const WEIGHT: f64 = 0.8427;

/// Elements of scratch for [`small`] of an `m x n` matrix.
pub(super) const fn small_scratch_len(m: usize, n: usize) -> usize {
    max(sum(layout(max(m, n), min(m, n))), jacobi_unblocked_scratch_len(m, n))
}

/// For `l x k`: the QR factorization or the columns found, its factors, U of the triangle, its columns found, and a column.
const fn layout(l: usize, k: usize) -> [usize; 6] {
    [times(l, k), k, times(k, k), times(k, k), k, l]
}

/// The singular value decomposition of a matrix whose smaller dimension is at most [`SMALL`], as
/// [`svd`](fn@super::svd). The shapes are right, and there is scratch enough.
pub(super) fn small<T: Real>(
    a: MatRef<'_, T>,
    s: &mut [T],
    mut u: Option<MatMut<'_, T>>,
    mut v: Option<MatMut<'_, T>>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    let (m, n) = a.shape();
    let (l, k) = (m.max(n), m.min(n));
    if (m, n) == (2, 2) {
        return two_by_two(a, s, u.as_mut(), v.as_mut(), options);
    }
    let wide = m < n;
    let left_rules = v.is_some() == wide;
    let (own_u, own_v) = (u.as_mut().map(MatMut::rb), v.as_mut().map(MatMut::rb));
    let (left, right) = if wide { (own_v, own_u) } else { (own_u, own_v) };
    let done = if l <= SMALL {
        let a = if wide { a.t() } else { a };
        square(Small { a, exponent: None, s, left, right, left_rules, options }, scratch)
            .map_err(|error| if wide { error.transposed() } else { error })?
    } else {
        let exponent = scaling_exponent(check::finite(a, Operand::A)?);
        let a = if wide { a.t() } else { a };
        tall(Small { a, exponent: Some(exponent), s, left, right, left_rules, options }, scratch)?
    };
    match done {
        Some((info, signed)) => {
            if !signed {
                fix_pair(u.as_mut(), v.as_mut(), k);
            }
            Ok(info)
        }
        None => jacobi_unblocked(a, s, u, v, options, scratch),
    }
}

/// The decomposition of a tall matrix, or of a square one.
struct Small<'a, 'o, T> {
    a: MatRef<'a, T>,
    /// If A is `2^exponent` times the matrix in question, this exponent.
    exponent: Option<i32>,
    s: &'a mut [T],
    left: Option<MatMut<'a, T>>,
    right: Option<MatMut<'a, T>>,
    /// Whether the left vectors rule the signs.
    left_rules: bool,
    options: &'o Options,
}

/// Few rows: A itself is rotated. Returns also whether all signs follow the rule; nothing if the other method is needed.
fn square<T: Real>(mut job: Small<'_, '_, T>, scratch: &mut [T]) -> Result<Option<(Info, bool)>, Error> {
    let isa = job.options.execution.isa();
    let Some((info, found)) = job.decompose(isa)? else { return Ok(None) };
    let missing = job.left.as_mut().filter(|left| found < left.cols());
    let signed = missing.is_none();
    if let Some(left) = missing {
        let [columns, tau, _, _, _, buffer] = split(scratch, layout(left.rows(), job.a.cols()))?;
        complete(isa, left, found, columns, tau, buffer);
    }
    Ok(Some((info, signed)))
}

/// Many rows: R of `A = Q R` is rotated. Returns what [`square`] does.
fn tall<T: Real>(job: Small<'_, '_, T>, scratch: &mut [T]) -> Result<Option<(Info, bool)>, Error> {
    let Small { a, exponent, s, left, right, left_rules, options } = job;
    let (l, k) = a.shape();
    let isa = options.execution.isa();
    let [work, tau, small, columns, factors, buffer] = split(scratch, layout(l, k))?;
    let mut work = Columns::new(work, l, k);
    copy_scaled(a, exponent.unwrap_or_default(), &mut work);
    factor(isa, &mut work, tau);
    let mut r = Columns::zeroed(columns, k, k);
    for j in 0..k {
        r.col_mut(j).iter_mut().zip(work.col(j)).take(j + 1).for_each(|(r, x)| *r = *x);
    }
    let mut small = Columns::new(small, k, k);
    let of_r = left.is_some().then(|| small.as_mut());
    let mut job = Small { a: r.as_ref(), exponent, s, left: of_r, right, left_rules, options };
    let Some((info, found)) = job.decompose(isa)? else { return Ok(None) };
    if let Some(mut left) = left {
        if found < k {
            complete(isa, &mut small.as_mut(), found, columns, factors, buffer);
        }
        for j in 0..left.cols() {
            buffer.fill(T::ZERO);
            if j < k {
                buffer.iter_mut().zip(small.col(j)).for_each(|(to, x)| *to = *x);
            } else {
                buffer.put(j, T::ONE);
            }
            apply_q(isa, &work, tau, buffer);
            buffer.iter().enumerate().for_each(|(i, x)| left.put(i, j, *x));
        }
    }
    Ok(Some((info, false)))
}

/// Gives U an orthonormal basis of what its first `found` columns leave: the reflectors that make these triangular have it.
fn complete<T: Real>(
    isa: Isa,
    u: &mut MatMut<'_, T>,
    found: usize,
    columns: &mut [T],
    tau: &mut [T],
    buffer: &mut [T],
) {
    let (rows, cols) = u.shape();
    let mut columns = Columns::new(columns.get_mut(..rows * found).unwrap_or_default(), rows, found);
    columns.as_mut().copy_from(u.as_ref().submatrix(0, 0, rows, found));
    let tau = tau.get_mut(..found).unwrap_or_default();
    factor(isa, &mut columns, tau);
    let buffer = buffer.get_mut(..rows).unwrap_or_default();
    for j in found..cols {
        buffer.fill(T::ZERO);
        buffer.put(j, T::ONE);
        apply_q(isa, &columns, tau, buffer);
        buffer.iter().enumerate().for_each(|(i, x)| u.put(i, j, *x));
    }
}

/// Rows of numbers, each row a vector of N lanes. They are taken in pairs, for sums in two parts.
#[repr(align(64))]
struct Rows<T, const N: usize>([[[T; N]; 2]; SMALL / 2]);

impl<T: Real, const N: usize> Rows<T, N> {
    #[inline(always)]
    fn zero() -> Self {
        Rows([[[T::ZERO; N]; 2]; SMALL / 2])
    }

    /// The first rows, in pairs.
    #[inline(always)]
    fn pairs(&self, count: usize) -> &[[[T; N]; 2]] {
        self.0.get(..count).unwrap_or_default()
    }

    #[inline(always)]
    fn pairs_mut(&mut self, count: usize) -> &mut [[[T; N]; 2]] {
        self.0.get_mut(..count).unwrap_or_default()
    }
}

/// The squared norm of the column in each lane, and its inner product with its partner.
struct Sums<V> {
    squares: V,
    inner: V,
}

/// The rotation of the column in each lane: `x <- x + (sine partner - versine x)`, with `versine = 1 - cosine`.
struct Turn<V> {
    sine: V,
    versine: V,
}

impl<T: Real> Kernel<T> for &mut Small<'_, '_, T> {
    type Output = Result<Option<(Info, usize)>, Error>;

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) -> Self::Output {
        let cols = self.a.cols();
        match S::LANES {
            4 if cols <= 4 => self.lanes::<S, 4>(simd),
            4 if cols <= 8 => self.lanes::<Twice<S>, 8>(Twice(simd)),
            4 => self.lanes::<Twice<Twice<S>>, 16>(Twice(Twice(simd))),
            8 if cols <= 8 => self.lanes::<S, 8>(simd),
            8 => self.lanes::<Twice<S>, 16>(Twice(simd)),
            _ => self.lanes::<S, 16>(simd),
        }
    }
}

impl<T: Real> Small<'_, '_, T> {
    /// What was done, and how many columns do not vanish; nothing if the other method is needed.
    fn decompose(&mut self, isa: Isa) -> Result<Option<(Info, usize)>, Error> {
        isa.narrowed(self.a.cols() * size_of::<T>()).run(self)
    }

    #[inline(always)]
    fn lanes<S: Simd<T>, const N: usize>(&mut self, simd: S) -> Result<Option<(Info, usize)>, Error> {
        let (rows, cols) = self.a.shape();
        let (rows, cols) = (rows.min(SMALL), cols.min(N));
        let (height, zero, one) = (rows.div_ceil(2), simd.splat(T::ZERO), simd.splat(T::ONE));
        let mut x = Rows::<T, N>::zero();
        let mut i = 0;
        for pair in x.pairs_mut(height) {
            for row in pair {
                let mut j = 0;
                while j < cols && i < rows {
                    row[j] = self.a.at(i, j);
                    j += 1;
                }
                i += 1;
            }
        }
        let (largest, finite) = scan(simd, x.pairs(height));
        if !finite {
            check::finite(self.a, Operand::A)?;
        }
        let own = if largest == T::ZERO { 0 } else { largest.exponent() };
        let shift = if own.abs() <= NEAR { 0 } else { -own };
        if shift != 0 {
            scale(simd, x.pairs_mut(height), shift);
        }

        let mut w = Rows::<T, N>::zero();
        let width = if self.right.is_some() { cols.div_ceil(2) } else { 0 };
        let mut j = 0;
        for pair in w.pairs_mut(width) {
            for row in pair {
                if j < cols {
                    row[j] = T::ONE;
                }
                j += 1;
            }
        }
        let mut numbers = [T::ZERO; N];
        for j in 0..N {
            numbers[j] = T::from_usize(j);
        }
        let numbers = simd.load(&numbers);

        let players = cols.next_power_of_two();
        let size = T::from_usize(cols);
        // Four times the square of the tolerance, as `turn` squares cosines.
        let limit = T::from_f64(4.0) * T::EPSILON * T::EPSILON * size;
        let nothing = Turn { sine: zero, versine: zero };
        let mut sums = rotate::<S, T, N>(simd, x.pairs_mut(height), &nothing, 0, 1);
        let bound = self.options.max_sweeps.min(MAX_SWEEPS);
        let mut sweeps = 0;
        loop {
            if sweeps == bound {
                return Ok(None);
            }
            sweeps += 1;
            let mut found = [zero; 2];
            let mut round = 1;
            while round < players {
                let turn = turn(simd, &sums, round, numbers, simd.splat(limit), &mut found);
                let next = if round + 1 < players { round + 1 } else { 1 };
                sums = rotate::<S, T, N>(simd, x.pairs_mut(height), &turn, round, next);
                rotate::<S, T, N>(simd, w.pairs_mut(width), &turn, round, 0);
                round += 1;
            }
            let [cosine, change] = found;
            let (cosine, change) = (greatest::<S, T, N>(simd, cosine), greatest::<S, T, N>(simd, change));
            if cosine <= limit || size * size * cosine * change < limit {
                break;
            }
        }

        let lowest = simd.splat(T::pow2(T::MIN_EXPONENT + 2 * T::SIGNIFICAND_BITS as i32));
        let lost = simd.select_less(sums.squares, lowest, column_max(simd, x.pairs(height)), zero);
        if simd.sum(lost) != T::ZERO {
            return Ok(None);
        }
        let norms = simd.sqrt(sums.squares);
        let (mut places, mut unsorted, mut values) = ([T::ZERO; N], [T::ZERO; N], [T::ZERO; N]);
        simd.store(ranks(simd, norms, numbers, players), &mut places);
        simd.store(norms, &mut unsorted);
        let mut j = 0;
        while j < cols {
            values.put(places[j].to_f64() as usize, unsorted[j]);
            j += 1;
        }
        let told = self.exponent.unwrap_or(scaling_exponent(largest));
        let exponent = shift + self.exponent.unwrap_or(0);
        let values = values.get(..cols).unwrap_or_default();
        let exponent = exponent - if self.options.scaled { told } else { 0 };
        write_values(values, exponent, &self.options.scaled(false), self.s)?;
        let (mut nonzero, mut directions) = (0, 0);
        for (j, s) in self.s.iter().enumerate() {
            nonzero += usize::from(*s > T::ZERO);
            directions += usize::from(values.at(j) > T::ZERO);
        }

        // What is still done to U must not depend on signs, so these come after it.
        let complete = match &self.left {
            Some(left) => self.exponent.is_none() && directions == left.cols(),
            None => true,
        };
        let ruling = if self.left_rules { x.pairs(height) } else { w.pairs(width) };
        let sign = if complete { signs(simd, ruling) } else { one };
        if let Some(left) = &mut self.left {
            let inverse = simd.div(sign, simd.select_less(zero, norms, norms, one));
            write::<S, T, N>(simd, x.pairs_mut(height), inverse, &places, cols, left);
        }
        if let Some(right) = &mut self.right {
            write::<S, T, N>(simd, w.pairs_mut(width), sign, &places, cols, right);
        }
        Ok(Some((Info { converged: true, sweeps, nonzero, exponent: told }, directions)))
    }
}

/// The largest magnitude, and whether all entries are finite.
#[inline(always)]
fn scan<S: Simd<T>, T: Real, const N: usize>(simd: S, x: &[[[T; N]; 2]]) -> (T, bool) {
    let zero = simd.splat(T::ZERO);
    let mut sum = zero;
    for pair in x {
        for row in pair {
            // Zero times an infinite number is none.
            sum = simd.mul_add(simd.load(row), zero, sum);
        }
    }
    (greatest::<S, T, N>(simd, column_max(simd, x)), simd.sum(sum) == T::ZERO)
}

/// The largest magnitude in each column.
#[inline(always)]
fn column_max<S: Simd<T>, T: Real, const N: usize>(simd: S, x: &[[[T; N]; 2]]) -> S::Vector {
    let mut largest = simd.splat(T::ZERO);
    for pair in x {
        for row in pair {
            largest = simd.max(simd.abs(simd.load(row)), largest);
        }
    }
    largest
}

/// `x <- 2^exponent x`
#[inline(always)]
fn scale<S: Simd<T>, T: Real, const N: usize>(simd: S, x: &mut [[[T; N]; 2]], exponent: i32) {
    // One power of two may be beyond the range.
    let half = exponent / 2;
    let (half, rest) = (simd.splat(T::pow2(half)), simd.splat(T::pow2(exponent - half)));
    for pair in x {
        for row in pair {
            let scaled = simd.mul(simd.mul(simd.load(row), half), rest);
            simd.store(scaled, row);
        }
    }
}

/// Rotates every row, the column in a lane with that in lane `XOR round`, and forms the sums for round `next`.
#[inline(always)]
fn rotate<S: Simd<T>, T: Real, const N: usize>(
    simd: S,
    x: &mut [[[T; N]; 2]],
    turn: &Turn<S::Vector>,
    round: usize,
    next: usize,
) -> Sums<S::Vector> {
    let (mut squares, mut inner) = ([simd.splat(T::ZERO); 2], [simd.splat(T::ZERO); 2]);
    for pair in x {
        for half in 0..2 {
            let old = simd.load(&pair[half]);
            let partner = simd.mul(turn.sine, simd.exchange(old, round));
            let new = simd.add(old, simd.mul_sub_from(turn.versine, old, partner));
            simd.store(new, &mut pair[half]);
            squares[half] = simd.mul_add(new, new, squares[half]);
            inner[half] = simd.mul_add(new, simd.exchange(new, next), inner[half]);
        }
    }
    Sums { squares: simd.add(squares[0], squares[1]), inner: simd.add(inner[0], inner[1]) }
}

/// The rotation of each column with its partner; `found` keeps the squares of twice the largest cosine and of the largest
/// change.
#[inline(always)]
fn turn<S: Simd<T>, T: Real>(
    simd: S,
    sums: &Sums<S::Vector>,
    round: usize,
    numbers: S::Vector,
    limit: S::Vector,
    found: &mut [S::Vector; 2],
) -> Turn<S::Vector> {
    let (zero, one, least) = (simd.splat(T::ZERO), simd.splat(T::ONE), simd.splat(T::MIN_POSITIVE));
    // In units near the larger square, no product of two that counts underflows.
    let positive = simd.add(sums.squares, simd.splat(T::from_f64(4.0) * T::MIN_POSITIVE));
    let unit = simd.inverse_power(simd.add(positive, simd.exchange(sums.squares, round)));
    let a = simd.mul(sums.squares, unit);
    let b = simd.exchange(a, round);
    let e = simd.mul(sums.inner, simd.add(unit, unit));
    // Of two equally long columns that in the lower lane counts as the longer.
    let first = simd.select_less(numbers, simd.exchange(numbers, round), least, simd.sub(zero, least));
    let difference = simd.add(simd.sub(a, b), first);

    let (size, d) = (simd.abs(e), simd.abs(difference));
    let w = simd.mul_add(simd.splat(T::from_f64(WEIGHT)), size, d);
    let r = simd.splat(T::from_f64(WEIGHT * (1.0 + core::f64::consts::SQRT_2)));
    let x = simd.mul(w, size);
    let y = simd.mul_add(simd.mul(simd.splat(T::from_f64(4.0)), d), w, simd.mul(r, simd.mul(e, e)));
    let inverse = simd.div(one, simd.mul_add(y, y, simd.mul_add(x, x, least)));
    // Columns that are orthogonal are left alone.
    let (product, square) = (simd.mul(a, b), simd.mul(e, e));
    let x = simd.select_less(simd.mul(limit, product), square, x, zero);
    let twice = simd.add(x, x);
    let sine = simd.mul(twice, y);
    let sine = simd.select_less(e, zero, simd.sub(zero, sine), sine);
    let sine = simd.mul(simd.select_less(difference, zero, simd.sub(zero, sine), sine), inverse);
    let versine = simd.mul(simd.mul(twice, x), inverse);

    let inverse = simd.div(one, simd.add(product, least));
    let change = simd.mul(sine, b);
    found[0] = simd.max(simd.mul(square, inverse), found[0]);
    found[1] = simd.max(simd.mul(simd.mul(change, change), inverse), found[1]);
    Turn { sine, versine }
}

/// The greatest lane.
#[inline(always)]
fn greatest<S: Simd<T>, T: Real, const N: usize>(simd: S, x: S::Vector) -> T {
    let mut x = x;
    let mut bits = N / 2;
    while bits > 0 {
        x = simd.max(x, simd.exchange(x, bits));
        bits /= 2;
    }
    let mut lanes = [T::ZERO; N];
    simd.store(x, &mut lanes);
    lanes[0]
}

/// How many columns come before that in each lane: the longer ones, and of the equally long those in lower lanes.
#[inline(always)]
fn ranks<S: Simd<T>, T: Real>(simd: S, norms: S::Vector, numbers: S::Vector, players: usize) -> S::Vector {
    let (zero, one) = (simd.splat(T::ZERO), simd.splat(T::ONE));
    let mut rank = zero;
    let mut bits = 1;
    while bits < players {
        let (norm, number) = (simd.exchange(norms, bits), simd.exchange(numbers, bits));
        let before = simd.select_less(number, numbers, one, zero);
        let before = simd.select_less(norm, norms, zero, before);
        rank = simd.add(rank, simd.select_less(norms, norm, one, before));
        bits += 1;
    }
    rank
}

/// The sign that each column is multiplied by to follow the sign rule ([`column_sign`](super::column_sign)).
#[inline(always)]
fn signs<S: Simd<T>, T: Real, const N: usize>(simd: S, x: &[[[T; N]; 2]]) -> S::Vector {
    let (zero, one) = (simd.splat(T::ZERO), simd.splat(T::ONE));
    let limit = simd.mul(column_max(simd, x), simd.splat(T::ONE - T::EPSILON.sqrt()));
    let mut sign = one;
    // Backwards, so that the first large entry has the last word.
    for pair in x.iter().rev() {
        for row in pair.iter().rev() {
            let x = simd.load(row);
            let own = simd.select_less(x, zero, simd.sub(zero, one), one);
            sign = simd.select_less(simd.abs(x), limit, sign, own);
        }
    }
    sign
}

/// Writes the columns of x, each times its factor, to their places.
#[inline(always)]
fn write<S: Simd<T>, T: Real, const N: usize>(
    simd: S,
    x: &mut [[[T; N]; 2]],
    factor: S::Vector,
    places: &[T; N],
    cols: usize,
    to: &mut MatMut<'_, T>,
) {
    let mut i = 0;
    for pair in x {
        for row in pair {
            let scaled = simd.mul(simd.load(row), factor);
            simd.store(scaled, row);
            let mut j = 0;
            while j < cols && i < to.rows() {
                to.put(i, places[j].to_f64() as usize, row[j]);
                j += 1;
            }
            i += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Uniform;
    use std::{vec, vec::Vec};

    /// The decomposition of a tall matrix, column after column, by one instruction set: the values, U and V.
    fn decompose<T: Real>(isa: Isa, narrow: bool, a: &[T], (l, k): (usize, usize)) -> [Vec<T>; 3] {
        let [mut s, mut u, mut v] = [k, l * k, k * k].map(|len| vec![T::ZERO; len]);
        let mut job = Small {
            a: MatRef::col_major(a, l, k).unwrap(),
            exponent: None,
            s: &mut s,
            left: Some(MatMut::col_major(&mut u, l, k).unwrap()),
            right: Some(MatMut::col_major(&mut v, k, k).unwrap()),
            left_rules: false,
            options: &Options::new(),
        };
        let done = if narrow { job.decompose(isa) } else { isa.run(&mut job) };
        let (info, found) = done.unwrap().unwrap_or_else(|| panic!("{isa:?}: no end, {l} x {k}"));
        assert!(info.converged && found == k, "{isa:?}: {info:?}, {l} x {k}");
        [s, u, v]
    }

    fn check<T: Real>() {
        let mut uniform = Uniform::new(31);
        for k in 1..=SMALL {
            for l in [k, k + 1, SMALL].into_iter().filter(|l| *l <= SMALL) {
                // Columns of very different length among others.
                let grade = |j: usize| T::EPSILON.scale(if j % 3 == 1 { 5 } else { T::SIGNIFICAND_BITS as i32 });
                let a: Vec<T> = (0..l * k).map(|i| uniform.symmetric::<T>() * grade(i / l)).collect();
                let results = Isa::all().into_iter().flat_map(|isa| [true, false].map(|narrow| (isa, narrow)));
                let results: Vec<_> = results.map(|(isa, narrow)| (isa, decompose(isa, narrow, &a, (l, k)))).collect();
                for (isa, [s, u, v]) in &results {
                    let context = std::format!("{isa:?}, {l} x {k}, {} bits", T::SIGNIFICAND_BITS);
                    let allowed = T::from_f64(8.0 * (l as f64).sqrt()) * T::EPSILON;
                    let dot = |x: &[T], y: &[T]| x.iter().zip(y).fold(T::ZERO, |sum, (x, y)| sum + *x * *y);
                    for i in 0..k {
                        for j in 0..=i {
                            let one = if i == j { T::ONE } else { T::ZERO };
                            let column = |x: &[T], rows: usize, j: usize| x[j * rows..(j + 1) * rows].to_vec();
                            for (x, rows) in [(u, l), (v, k)] {
                                let error = (dot(&column(x, rows, i), &column(x, rows, j)) - one).abs();
                                assert!(error <= allowed, "{context}: {error} in {i}, {j}");
                            }
                        }
                        assert!(i == 0 || s[i] <= s[i - 1], "{context}: {s:?}");
                    }
                    for i in 0..l {
                        for j in 0..k {
                            let entry = (0..k).fold(T::ZERO, |sum, p| sum + u[p * l + i] * s[p] * v[p * k + j]);
                            let error = (entry - a[j * l + i]).abs();
                            assert!(error <= allowed * s[0], "{context}: {error} in A at {i}, {j}");
                        }
                    }
                    // Nothing but the fusing of operations makes a difference between two instruction sets.
                    let other =
                        results.iter().find(|(other, _)| (other.name() == "portable") == (isa.name() == "portable"));
                    assert_eq!(other.map(|(_, other)| other), Some(&[s.clone(), u.clone(), v.clone()]), "{context}");
                }
            }
        }
    }

    #[test]
    fn every_instruction_set_decomposes_every_shape() {
        check::<f64>();
        check::<f32>();
    }

    /// The formula for half of the angle against the angle itself, over all that it can be.
    #[test]
    fn the_rotation_is_orthogonal_and_nearly_the_right_one() {
        struct One<T>([T; 3]);
        impl<T: Real> Kernel<T> for One<T> {
            type Output = [T; 4];
            #[inline(always)]
            fn run<S: Simd<T>>(self, simd: S) -> [T; 4] {
                let [a, b, g] = self.0;
                let sums = Sums { squares: simd.load(&[a, b]), inner: simd.load(&[g, g]) };
                let mut found = [simd.splat(T::ZERO); 2];
                let numbers = simd.load(&[T::ZERO, T::ONE, T::ONE + T::ONE]);
                let turn = turn(simd, &sums, 1, numbers, simd.splat(T::EPSILON * T::EPSILON), &mut found);
                let (mut sines, mut versines) = ([T::ZERO; 2], [T::ZERO; 2]);
                simd.store(turn.sine, &mut sines);
                simd.store(turn.versine, &mut versines);
                [sines[0], sines[1], versines[0], versines[1]]
            }
        }
        for isa in Isa::all() {
            for step in 0..=200 {
                // Squared norms 1 and `b`, and a cosine from nearly zero to nearly one.
                let b = 0.5f64.powi(step % 20) * f64::from(u8::from(step % 7 != 3)).max(0.999);
                for cosine in [1e-9, 1e-6, 1e-3, 0.1, 0.5, 0.9, -0.99, -1e-5] {
                    let g = cosine * b.sqrt();
                    for [p, q] in [[1.0, b], [b, 1.0]] {
                        let [sine, other, versine, same] = isa.run(One([p, q, g]));
                        assert!(sine == -other && versine == same, "{isa:?}");
                        let defect = (1.0 - versine) * (1.0 - versine) + sine * sine - 1.0;
                        assert!(defect.abs() <= 4.0 * f64::EPSILON, "{isa:?}: {defect}");
                        let c = 1.0 - versine;
                        let left = (c * c - sine * sine) * g + c * sine * (q - p);
                        // The residual: of third order in the tangent of the double angle, and never much.
                        let tangent = 2.0 * g.abs() / (p - q).abs();
                        let bound = 0.035f64.min(tangent * tangent) * g.abs() + 4.0 * f64::EPSILON;
                        assert!(left.abs() <= bound, "{isa:?}: {p}, {q}, {g} leaves {left}");
                    }
                }
            }
        }
    }
}
