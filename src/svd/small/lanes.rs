//! One-sided Jacobi with a column in each lane of a vector.
//!
//! The rows of a matrix and those of W are vectors, so all inner products of a round are sums over rows, without a sum over
//! lanes, and all rotations of a round are one computation. In round r = 1, 2, ... the column in lane i meets that in lane
//! `i XOR r`: every two of a power of two of columns meet once in a sweep, and no column has to move. Missing columns are
//! zero.
//!
//! What a rotation is, and when sweeps end, is in `rotations`.

#![allow(clippy::needless_range_loop, reason = "kernels are written with plain loops: see `kernel`")]

use super::rotations::{Turn, rotate, turn};
use super::{SMALL, Source, columns, three};
use crate::check;
use crate::columns::Total;
use crate::error::{Error, Operand};
use crate::kernel::{Isa, Kernel, Simd, Twice};
use crate::range::scaling_exponent;
use crate::real::Real;
use crate::svd::two::NEAR;
use crate::svd::{Info, Options, write_values};
use crate::view::{MatMut, MatRef};

/// Sweeps before all is left to the slower method; 4 to 8 are common.
pub(super) const MAX_SWEEPS: usize = 20;

/// The decomposition of a matrix of at most [`SMALL`] rows, and no more columns.
pub(super) struct Lanewise<'a, 'o, T> {
    pub a: MatRef<'a, T>,
    pub source: Source,
    pub s: &'a mut [T],
    pub left: Option<MatMut<'a, T>>,
    pub right: Option<MatMut<'a, T>>,
    /// Whether the left vectors rule the signs.
    pub left_rules: bool,
    pub options: &'o Options,
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

impl<T: Real> Kernel<T> for &mut Lanewise<'_, '_, T> {
    type Output = Result<Option<(Info, usize)>, Error>;

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) -> Self::Output {
        const { assert!(matches!(S::LANES, 1 | 4 | 8 | SMALL), "the widths that vectors have") };
        let cols = self.a.cols();
        match S::LANES {
            4 if cols <= 4 => self.lanes::<S, 4>(simd),
            4 if cols <= 8 => self.lanes::<Twice<S>, 8>(Twice(simd)),
            4 => self.lanes::<Twice<Twice<S>>, SMALL>(Twice(Twice(simd))),
            8 if cols <= 8 => self.lanes::<S, 8>(simd),
            8 => self.lanes::<Twice<S>, SMALL>(Twice(simd)),
            SMALL.. => self.lanes::<S, SMALL>(simd),
            _ => Ok(None),
        }
    }
}

impl<T: Real> Lanewise<'_, '_, T> {
    /// What was done, and how many columns do not vanish; nothing if the other method is needed. There is scratch for
    /// [`columns`].
    pub(super) fn decompose(&mut self, isa: Isa, scratch: &mut [T]) -> Result<Option<(Info, usize)>, Error> {
        if isa.is_scalar() {
            if let Some(done) = three::decompose(self)? {
                return Ok(Some(done));
            }
            return columns::decompose(self, scratch);
        }
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
        let mut floors = zero;
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
                let turn = turn(simd, &sums, round, numbers, simd.splat(limit), &mut floors, &mut found);
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
        if simd.sum(simd.select_less(sums.squares, floors, zero, lost)) != T::ZERO {
            return Ok(None);
        }
        let norms = simd.sqrt(simd.select_less(sums.squares, floors, zero, sums.squares));
        let (mut places, mut unsorted, mut values) = ([T::ZERO; N], [T::ZERO; N], [T::ZERO; N]);
        simd.store(ranks(simd, norms, numbers, players), &mut places);
        simd.store(norms, &mut unsorted);
        let mut j = 0;
        while j < cols {
            values.put(places[j].to_usize(), unsorted[j]);
            j += 1;
        }
        let (told, taken) = match self.source {
            Source::Matrix => (scaling_exponent(largest), 0),
            Source::Triangle { exponent } => (exponent, exponent),
        };
        let values = values.get(..cols).unwrap_or_default();
        let exponent = if self.options.scaled { told } else { 0 } - shift - taken;
        write_values(values, exponent, T::from_f64(self.options.threshold), self.s)?;
        let (mut nonzero, mut directions) = (0, 0);
        for (j, s) in self.s.iter().enumerate() {
            nonzero += usize::from(*s > T::ZERO);
            directions += usize::from(values.at(j) > T::ZERO);
        }

        // What is still done to U must not depend on signs, so these come after it.
        let complete = match &self.left {
            Some(left) => self.source == Source::Matrix && directions == left.cols(),
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
                to.put(i, places[j].to_usize(), row[j]);
                j += 1;
            }
            i += 1;
        }
    }
}

#[cfg(test)]
mod tests;
