//! Where the iteration begins.

use core::ops::ControlFlow;

use crate::alternating::Data;
use crate::columns::Total;
use crate::error::{Error, Operand};
use crate::kernel::dot;
use crate::operator::LinearOperator;
use crate::random::Uniform;
use crate::real::Real;
use crate::scratch::{split, sum, times};
use crate::svd::truncated::{self, Options, truncated, truncated_scratch_len};
use crate::view::MatMut;

/// Fills `g` with random numbers in `(0, 1]`; F needs no start, as the first update computes it.
pub fn random_start<T: Real>(mut g: MatMut<'_, T>, seed: u64) {
    Uniform::new(seed).fill(&mut g, T::ONE);
}

/// Elements of scratch for [`svd_start`].
pub fn svd_scratch_len<T: Real, X: LinearOperator<T>>(x: &X, rank: usize, options: &Options) -> usize {
    sum(svd_layout(x.cols(), rank, truncated_scratch_len(x, rank, options)))
}

/// The singular values and vectors, two vectors as long as these, their coefficients, and what the SVD needs.
const fn svd_layout(n: usize, k: usize, svd: usize) -> [usize; 6] {
    [k, times(n, k), n, n, k, svd]
}

/// Fills `g`, `k x n`, from the truncated SVD of X (Gillis & Kumar, SIAM J. Matrix Anal. Appl. 36(4), 2015, Algorithm 3).
///
/// If the `k` leading right singular vectors v have a combination y that is positive throughout, the rows are y and
/// `v_j + a_j y`, with the least `a_j` that makes them non-negative: they span what the vectors span, so that with its F the
/// start has the error of the truncated SVD, and nothing is better. Such a y is sought by projecting in turn onto the
/// span and onto the vectors with entries of at least one.
///
/// Else the rows are x and `v_j + x` for the first `k - 1` vectors, with the least x that makes all of these non-negative:
/// with its F the error is at most that of the SVD of rank `k - 1`.
///
/// # Errors
/// `Shape`, and as [`svd::truncated`](fn@crate::svd::truncated): `Rank` if `k` is above `min(m, n)`. G is unchanged then.
pub fn svd_start<T: Real, X: LinearOperator<T>>(
    x: &X,
    g: MatMut<'_, T>,
    options: &Options,
    scratch: &mut [T],
) -> Result<truncated::Info, Error> {
    let (n, k) = (x.cols(), g.rows());
    if g.cols() != n {
        return Err(Error::Shape { operand: Operand::Right, expected: (k, n), given: g.shape() });
    }
    let svd = truncated_scratch_len(x, k, options);
    let [values, vectors, y, z, coefficients, scratch] = split(scratch, svd_layout(n, k, svd))?;
    let observer = |_: &truncated::Info| ControlFlow::Continue(());
    let v = MatMut::packed(vectors, n, k);
    let info = truncated(x, values, None, Some(v), options, scratch, observer)?;
    // From here on the values are the signs of the vectors, and the coefficients the parts of y that they get.
    let own = match positive_combination(vectors, k, y, z, coefficients) {
        Some(own) => {
            shifts(vectors, k, y, values, coefficients);
            own
        }
        None => {
            least_shift(vectors, k, y, values, coefficients);
            k - 1
        }
    };
    let mut gt = g.t();
    for (i, (row, y)) in vectors.chunks(k.max(1)).zip(&*y).enumerate() {
        for (j, v) in row.iter().enumerate() {
            let entry = if j == own { *y } else { values.at(j) * *v + coefficients.at(j) * *y };
            gt.put(i, j, entry.max(T::ZERO));
        }
    }
    Ok(info)
}

/// A positive combination `y` of the `k` vectors, which have a row for each entry: the place of the vector with the largest
/// part in it, if one is found.
fn positive_combination<T: Real>(
    vectors: &[T],
    k: usize,
    y: &mut [T],
    z: &mut [T],
    coefficients: &mut [T],
) -> Option<usize> {
    /// Projections: a combination that is far from the boundary is found in a few.
    const MOST: usize = 50;
    /// The least entry of `y`, where the projections aim at one.
    const LEAST: f64 = 0.1;
    /// They are given up when one brings the span closer by less than this part.
    const GAIN: f64 = 0.01;
    z.fill(T::ONE);
    let mut before = T::MAX;
    for _ in 0..MOST {
        coefficients.fill(T::ZERO);
        for (row, z) in vectors.chunks(k.max(1)).zip(&*z) {
            coefficients.iter_mut().zip(row).for_each(|(sum, v)| *sum += *z * *v);
        }
        let (mut least, mut distance) = (T::MAX, T::ZERO);
        for ((row, y), z) in vectors.chunks(k.max(1)).zip(y.iter_mut()).zip(z.iter_mut()) {
            *y = dot(row, coefficients);
            least = least.min(*y);
            distance += (*z - *y) * (*z - *y);
            *z = y.max(T::ONE);
        }
        if least >= T::from_f64(LEAST) {
            let larger =
                |best: usize, j: usize| if coefficients.at(j).abs() > coefficients.at(best).abs() { j } else { best };
            return Some((1..k).fold(0, larger));
        }
        if distance > before * T::from_f64(1.0 - GAIN) {
            return None;
        }
        before = distance;
    }
    None
}

/// For each vector v the sign and the amount a with which `sign v + a y` is non-negative, the smaller of the two amounts.
fn shifts<T: Real>(vectors: &[T], k: usize, y: &[T], signs: &mut [T], amounts: &mut [T]) {
    for j in 0..k {
        let [mut below, mut above] = [T::ZERO; 2];
        for (row, y) in vectors.chunks(k).zip(y) {
            let quotient = row.at(j) / *y;
            below = below.max(-quotient);
            above = above.max(quotient);
        }
        signs.put(j, if below <= above { T::ONE } else { -T::ONE });
        amounts.put(j, below.min(above));
    }
}

/// The least `y` that makes every `sign v + y` non-negative for the first `k - 1` vectors v, with the sign that has the
/// smaller negative entry. If that is none, as these are non-negative, or there are no others, `y` is a part of the last
/// vector.
fn least_shift<T: Real>(vectors: &[T], k: usize, y: &mut [T], signs: &mut [T], amounts: &mut [T]) {
    amounts.fill(T::ONE);
    for j in 0..k {
        let [mut below, mut above] = [T::ZERO; 2];
        for row in vectors.chunks(k.max(1)) {
            below = below.max(-row.at(j));
            above = above.max(row.at(j));
        }
        signs.put(j, if below <= above { T::ONE } else { -T::ONE });
    }
    let mut largest = T::ZERO;
    for (row, y) in vectors.chunks(k.max(1)).zip(y.iter_mut()) {
        *y = row.iter().zip(&*signs).take(k - 1).fold(T::ZERO, |y, (v, sign)| y.max(-*v * *sign));
        largest = largest.max(*y);
    }
    if largest == T::ZERO {
        for (row, y) in vectors.chunks(k.max(1)).zip(y) {
            *y = (row.at(k - 1) * signs.at(k - 1)).max(T::ZERO);
        }
    }
}

/// Elements of scratch for [`kmeans_start`].
pub fn kmeans_scratch_len<T: Real, X: LinearOperator<T>>(x: &X, rank: usize) -> usize {
    sum(kmeans_layout(x.rows(), x.cols(), rank, x.scratch_len(rank)))
}

/// The centres, the weights of the columns in them, products, the centres' squares, and what the operator needs.
const fn kmeans_layout(m: usize, n: usize, k: usize, operator: usize) -> [usize; 5] {
    [times(m, k), times(n, k), times(n, k), k, operator]
}

/// Fills `g`, `k x n`, from a clustering of the columns of X (Ding, Li & Jordan, TPAMI 32, 2010): 1.2 where the column
/// belongs to the cluster, else 0.2.
///
/// Lloyd's algorithm, at most 20 rounds, from `k` random columns. A round costs two products of X with `k` vectors.
///
/// # Errors
/// `Rank` if `k` is 0, `Shape`, `ScratchTooSmall`, `NonFinite`, and what the operator returns. G is unchanged then.
pub fn kmeans_start<T: Real, X: LinearOperator<T>>(
    x: &X,
    g: MatMut<'_, T>,
    seed: u64,
    scratch: &mut [T],
) -> Result<(), Error> {
    const ROUNDS: usize = 20;
    let (m, n, k) = (x.rows(), x.cols(), g.rows());
    if k == 0 {
        return Err(Error::Rank { max: usize::MAX, given: 0 });
    }
    if g.cols() != n {
        return Err(Error::Shape { operand: Operand::Right, expected: (k, n), given: g.shape() });
    }
    let [centres, weights, products, squares, operator] = split(scratch, kmeans_layout(m, n, k, x.scratch_len(k)))?;
    let mut data = Data::new(x, false, operator)?;
    // A column from each of k parts, so that no two are the same.
    let mut uniform = Uniform::new(seed);
    weights.fill(T::ZERO);
    for c in 0..k {
        let (start, end) = (c * n / k, (c + 1) * n / k);
        let place = (T::from_usize(end - start) * (T::ONE - uniform.positive())).to_usize();
        if start < end {
            weights.put((start + place).min(end - 1) * k + c, T::ONE);
        }
    }
    for _ in 0..ROUNDS {
        data.multiply(weights, k, centres)?;
        squares.fill(T::ZERO);
        for row in centres.chunks(k) {
            squares.iter_mut().zip(row).for_each(|(sum, x)| *sum += *x * *x);
        }
        x.sum(squares)?;
        data.multiply_transpose(centres, k, products)?;
        if !assign(products, weights, squares, k) {
            break;
        }
    }
    let mut gt = g.t();
    let (member, other) = (T::from_f64(1.2), T::from_f64(0.2));
    for (i, row) in weights.chunks(k).enumerate() {
        row.iter().enumerate().for_each(|(j, weight)| gt.put(i, j, if *weight > T::ZERO { member } else { other }));
    }
    Ok(())
}

/// Assigns each column to its nearest centre, that with the least `|c|^2 - 2 x . c`; clusters without members are left
/// alone. The weights of a cluster's members become the inverse of their number. Returns whether any column has changed its
/// cluster.
fn assign<T: Real>(products: &[T], weights: &mut [T], squares: &mut [T], k: usize) -> bool {
    let two = T::from_f64(2.0);
    for (c, square) in squares.iter_mut().enumerate() {
        if weights.iter().skip(c).step_by(k).all(|weight| *weight == T::ZERO) {
            *square = T::MAX;
        }
    }
    let mut changed = false;
    for (products, weights) in products.chunks(k).zip(weights.chunks_mut(k)) {
        let score = |c: usize| squares.at(c) - two * products.at(c);
        let nearest = (1..k).fold(0, |best, c| if score(c) < score(best) { c } else { best });
        changed |= weights.at(nearest) == T::ZERO;
        weights.fill(T::ZERO);
        weights.put(nearest, T::ONE);
    }
    for c in 0..k {
        let members = weights.iter().skip(c).step_by(k).fold(T::ZERO, |sum, weight| sum + *weight);
        let share = if members > T::ZERO { T::ONE / members } else { T::ZERO };
        weights.iter_mut().skip(c).step_by(k).for_each(|weight| *weight *= share);
    }
    changed
}
