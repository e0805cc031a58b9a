//! Singular vectors of a bidiagonal matrix by implicit QR iteration.
//!
//! A sweep with shift `sigma` is one step of the QR algorithm on `B^T B - sigma^2 I` without forming it (Golub & Kahan,
//! SIAM J. Numer. Anal. 2, 1965; Golub & Reinsch 1970): rotations from the right and from the left in turn chase one
//! entry down and out of the matrix, and the last superdiagonal entry shrinks with the cube of itself. Without a shift it
//! needs fewer operations and is exact to the last digit of each entry (Demmel & Kahan, SIAM J. Sci. Stat. Comput. 11,
//! 1990). An entry of the diagonal that is negligible makes a sweep without shift the right one: it drives that singular
//! value to the end at once. Where the block is larger at its end than at its start, the sweep runs from the end to the
//! start, which is the same sweep on the block turned by 180 degrees, with left and right exchanged.
//!
//! The rotations of several sweeps are kept and then applied together (Van Zee, van de Geijn & Quintana-Orti, TOMS 40:18,
//! 2014). For a few rows of the matrix of vectors, one column for each sweep stays in registers: a column is read, takes
//! the rotation of the first sweep with the column before it, which goes on to the second sweep, and so on, and is
//! written when it leaves the last. So `SWEEPS` rotations cost one load and one store.

use crate::columns::Total;
use crate::kernel::max_abs;
use crate::real::Real;
use crate::scratch::{sum, times};
use crate::view::MatMut;

/// Sweeps whose rotations are applied together: two vectors of each sweep's column fill half of 16 registers.
const SWEEPS: usize = 4;
/// Rows whose part of a column stays in registers.
const LANES: usize = 4;
/// Sweeps for each value, of which about 2 are usual.
const MAX_SWEEPS: usize = 30;

/// Elements of scratch for [`vectors`]: for each of the kept sweeps the cosines and sines of its rotations on both sides.
pub(super) const fn scratch_len(n: usize) -> usize {
    sum(layout(n))
}

/// The rotations of the left side, and of the right.
pub(super) const fn layout(n: usize) -> [usize; 2] {
    let side = times(2 * SWEEPS, n.saturating_add(SWEEPS));
    [side, side]
}

/// `B = Q diag(s) P^T`: overwrites `d` with the values, non-negative and descending, `u` with `u Q` and `v` with `v P`.
///
/// B has the diagonal `d` (n) and the superdiagonal `e` (n - 1), which is destroyed; `u` and `v` have n columns and any
/// number of rows. False if a value has not converged within the bound.
pub(super) fn vectors<T: Real>(
    d: &mut [T],
    e: &mut [T],
    u: Option<MatMut<'_, T>>,
    v: Option<MatMut<'_, T>>,
    [left, right]: [&mut [T]; 2],
) -> bool {
    // A vector is a row of the transpose, and a slice.
    let (mut u, mut v) = (u.map(MatMut::t), v.map(MatMut::t));
    let n = d.len();
    let largest = max_abs(d).max(max_abs(e));
    // Squares of what is not negligible must not underflow.
    let exponent = if largest == T::ZERO { 0 } else { -largest.exponent() };
    d.iter_mut().chain(e.iter_mut()).for_each(|x| *x = x.scale(exponent));
    let norm = largest.scale(exponent);
    let mut batch = Batch::new(left, right);
    let negligible = norm * T::EPSILON * T::from_f64(0.125);
    let mut left_sweeps = MAX_SWEEPS * n;
    let mut last = n.saturating_sub(1);
    // The block that the direction was chosen for.
    let (mut up, mut chosen) = (false, (0, 0));
    while last > 0 {
        let splits = |i: usize, d: &[T], e: &[T]| {
            let size = e.at(i).abs();
            size <= negligible || size <= T::EPSILON * T::from_f64(0.5) * (d.at(i).abs() + d.at(i + 1).abs())
        };
        if splits(last - 1, d, e) {
            e.put(last - 1, T::ZERO);
            last -= 1;
            continue;
        }
        let mut first = last - 1;
        while first > 0 && !splits(first - 1, d, e) {
            first -= 1;
        }
        if first > 0 {
            e.put(first - 1, T::ZERO);
        }
        if left_sweeps == 0 {
            return false;
        }
        left_sweeps -= 1;

        if chosen.1 <= first || chosen.0 > last || chosen == (0, 0) {
            up = d.at(last).abs() > d.at(first).abs();
        }
        chosen = (first, last);
        if batch.count == SWEEPS || (batch.count > 0 && batch.up != up) {
            batch.flush(u.as_mut().map(MatMut::rb), v.as_mut().map(MatMut::rb));
        }
        let (from, to) = if up { (n - 1 - last, n - 1 - first) } else { (first, last) };
        batch.open(up, from, to);
        sweep(d, e, first, last, negligible, &mut batch);
    }
    batch.flush(u.as_mut().map(MatMut::rb), v.as_mut().map(MatMut::rb));

    for j in 0..n {
        d.put(j, d.at(j).scale(-exponent));
        if d.at(j) < T::ZERO {
            d.put(j, -d.at(j));
            if let Some(v) = v.as_mut() {
                v.row_slice_mut(j).unwrap_or_default().iter_mut().for_each(|x| *x = -*x);
            }
        }
    }
    for i in 0..n {
        let largest = (i + 1..n).fold(i, |best, j| if d.at(j) > d.at(best) { j } else { best });
        d.exchange(i, largest);
        for x in [u.as_mut().map(MatMut::rb), v.as_mut().map(MatMut::rb)].into_iter().flatten() {
            exchange(x, i, largest);
        }
    }
    true
}

/// Swaps two rows.
pub(super) fn exchange<T: Real>(x: MatMut<'_, T>, i: usize, j: usize) {
    if i != j {
        let (mut above, mut below) = x.split_rows(i.max(j));
        let (a, b) = (above.row_slice_mut(i.min(j)).unwrap_or_default(), below.row_slice_mut(0).unwrap_or_default());
        a.iter_mut().zip(b).for_each(|(a, b)| core::mem::swap(a, b));
    }
}

/// One sweep over the block of rows `first ..= last`.
fn sweep<T: Real>(d: &mut [T], e: &mut [T], first: usize, last: usize, negligible: T, batch: &mut Batch<'_, T>) {
    let up = batch.up;
    // Places count from where the sweep starts.
    let length = last - first;
    let on_diagonal = |p: usize| if up { last - p } else { first + p };
    let beside = |p: usize| if up { last - 1 - p } else { first + p };

    let mut shift = trailing(d.at(on_diagonal(length - 1)), e.at(beside(length - 1)), d.at(on_diagonal(length)));
    for i in first..=last {
        if d.at(i).abs() <= negligible {
            d.put(i, T::ZERO);
            shift = T::ZERO;
        }
    }
    let start = d.at(on_diagonal(0));
    let relative = if start == T::ZERO { T::ZERO } else { shift / start };
    if relative * relative < T::EPSILON {
        let (mut c, mut old_c, mut old_s) = (T::ONE, T::ONE, T::ZERO);
        for p in 0..length {
            let (c_right, s_right, r) = rotation(d.at(on_diagonal(p)) * c, e.at(beside(p)));
            c = c_right;
            if p > 0 {
                e.put(beside(p - 1), old_s * r);
            }
            let next = d.at(on_diagonal(p + 1));
            let (c_left, s_left, r) = rotation(old_c * r, next * s_right);
            (old_c, old_s) = (c_left, s_left);
            d.put(on_diagonal(p), r);
            batch.push(p, [c_right, s_right], [c_left, s_left]);
        }
        let end = d.at(on_diagonal(length)) * c;
        d.put(on_diagonal(length), end * old_c);
        e.put(beside(length - 1), end * old_s);
        return;
    }
    let sign = if start < T::ZERO { -T::ONE } else { T::ONE };
    let mut f = (start.abs() - shift) * (sign + shift / start);
    let mut g = e.at(beside(0));
    for p in 0..length {
        let (c_right, s_right, r) = rotation(f, g);
        if p > 0 {
            e.put(beside(p - 1), r);
        }
        let (diagonal, above, next) = (d.at(on_diagonal(p)), e.at(beside(p)), d.at(on_diagonal(p + 1)));
        f = c_right * diagonal + s_right * above;
        let above = c_right * above - s_right * diagonal;
        g = s_right * next;
        let next = c_right * next;
        let (c_left, s_left, r) = rotation(f, g);
        d.put(on_diagonal(p), r);
        f = c_left * above + s_left * next;
        d.put(on_diagonal(p + 1), c_left * next - s_left * above);
        if p + 1 < length {
            let beyond = e.at(beside(p + 1));
            g = s_left * beyond;
            e.put(beside(p + 1), c_left * beyond);
        }
        batch.push(p, [c_right, s_right], [c_left, s_left]);
    }
    e.put(beside(length - 1), f);
}

/// The smaller singular value of the upper triangle `[f, g; 0, h]`.
fn trailing<T: Real>(f: T, g: T, h: T) -> T {
    let (f, g, h) = (f.abs(), g.abs(), h.abs());
    let (small, large) = if f < h { (f, h) } else { (h, f) };
    if small == T::ZERO {
        return T::ZERO;
    }
    // |B|_F^2 +- 2 |det B| are the squares of the sum and the difference of the two values.
    let (sum, difference) = (large + small, large - small);
    let wide = (sum * sum + g * g).sqrt() + (difference * difference + g * g).sqrt();
    if wide == T::ZERO { small } else { small * (large / wide) * T::from_f64(2.0) }
}

/// `(c, s, r)` with `c f + s g = r` and `c g - s f = 0`.
#[inline]
pub(super) fn rotation<T: Real>(f: T, g: T) -> (T, T, T) {
    if g == T::ZERO {
        return (T::ONE, T::ZERO, f);
    }
    let square = f * f + g * g;
    if square > T::MIN_POSITIVE / T::EPSILON {
        let r = square.sqrt();
        return (f / r, g / r, r);
    }
    // Exact powers of two keep the rotation orthogonal where squares underflow.
    let e = f.abs().max(g.abs()).exponent();
    let (f, g) = (f.scale(-e), g.scale(-e));
    let r = (f * f + g * g).sqrt();
    (f / r, g / r, r.scale(e))
}

/// The rotations of a few sweeps in one direction.
///
/// Rotation `p` of a sweep acts on the columns `p` and `p + 1`, counted from the right end of the matrix if the sweeps go
/// up. Row `t` of the arrays holds the rotation `t - k` of sweep `k`, which is what one step of [`apply`] needs; identities
/// where there is none.
struct Batch<'a, T> {
    left: &'a mut [[T; 2 * SWEEPS]],
    right: &'a mut [[T; 2 * SWEEPS]],
    count: usize,
    up: bool,
    /// The columns that any of the sweeps touches: `first ..= last`.
    first: usize,
    last: usize,
    /// Where the sweep that is being recorded starts.
    start: usize,
}

impl<'a, T: Real> Batch<'a, T> {
    fn new(left: &'a mut [T], right: &'a mut [T]) -> Self {
        let (left, right) = (left.as_chunks_mut().0, right.as_chunks_mut().0);
        left.fill(identities());
        right.fill(identities());
        Batch { left, right, count: 0, up: false, first: 0, last: 0, start: 0 }
    }

    /// Begins a sweep over the rows `first ..= last`, counted from where sweeps of this direction start.
    fn open(&mut self, up: bool, first: usize, last: usize) {
        if self.count == 0 {
            (self.first, self.last, self.up) = (first, last, up);
        }
        (self.first, self.last) = (self.first.min(first), self.last.max(last));
        self.start = first;
        self.count += 1;
    }

    /// Keeps the rotations of place `p` of the sweep.
    fn push(&mut self, p: usize, right: [T; 2], left: [T; 2]) {
        let (left, right) = if self.up { (right, left) } else { (left, right) };
        let k = self.count - 1;
        for (rows, pair) in [(&mut *self.left, left), (&mut *self.right, right)] {
            if let Some(row) = rows.get_mut(self.start + p + k) {
                row.put(2 * k, pair[0]);
                row.put(2 * k + 1, pair[1]);
            }
        }
    }

    /// Applies the rotations to the columns of `u` and `v`, and forgets them.
    fn flush(&mut self, u: Option<MatMut<'_, T>>, v: Option<MatMut<'_, T>>) {
        if self.count == 0 {
            return;
        }
        for (rotations, x) in [(&mut *self.left, u), (&mut *self.right, v)] {
            let rotations = rotations.get_mut(self.first..self.last + SWEEPS).unwrap_or_default();
            if let Some(mut x) = x {
                apply(rotations, &mut x, self.first, self.last, self.up);
            }
            rotations.fill(identities());
        }
        self.count = 0;
    }
}

fn identities<T: Real>() -> [T; 2 * SWEEPS] {
    let mut row = [T::ZERO; 2 * SWEEPS];
    row.iter_mut().step_by(2).for_each(|c| *c = T::ONE);
    row
}

/// Applies the rotations of a batch to the rows `first ..= last` of `x`, counted from the end if `up`.
///
/// Before step `t`, `kept[k]` is row `t - k` as the first `k` sweeps and the earlier rotations of sweep `k` have made it.
/// Rows outside the range, which only identities touch, are zero and not written.
fn apply<T: Real>(rotations: &[[T; 2 * SWEEPS]], x: &mut MatMut<'_, T>, first: usize, last: usize, up: bool) {
    let (turn, length) = (x.rows().wrapping_sub(1), x.cols());
    let place = |p: usize| if up { turn.wrapping_sub(p) } else { p };
    for at in (0..length).step_by(LANES) {
        let mut kept = [[T::ZERO; LANES]; SWEEPS];
        kept[0] = load(x, place(first), at);
        for (t, rotations) in (first..).zip(rotations) {
            let mut moving = if t < last { load(x, place(t + 1), at) } else { [T::ZERO; LANES] };
            for k in 0..SWEEPS {
                let (c, s) = (rotations[2 * k], rotations[2 * k + 1]);
                for l in 0..LANES {
                    let (a, b) = (kept[k][l], moving[l]);
                    moving[l] = c * a + s * b;
                    kept[k][l] = c * b - s * a;
                }
            }
            if t + 1 >= first + SWEEPS {
                store(x, place(t + 1 - SWEEPS), at, moving);
            }
        }
    }
}

/// [`LANES`] elements of a row, zeros beyond its end.
#[inline]
fn load<T: Real>(x: &mut MatMut<'_, T>, row: usize, at: usize) -> [T; LANES] {
    let rest = x.row_slice_mut(row).and_then(|row| row.get_mut(at..)).unwrap_or_default();
    match rest.first_chunk() {
        Some(chunk) => *chunk,
        None => {
            let mut chunk = [T::ZERO; LANES];
            chunk.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            chunk
        }
    }
}

/// The inverse of [`load`].
#[inline]
fn store<T: Real>(x: &mut MatMut<'_, T>, row: usize, at: usize, chunk: [T; LANES]) {
    let rest = x.row_slice_mut(row).and_then(|row| row.get_mut(at..)).unwrap_or_default();
    match rest.first_chunk_mut() {
        Some(to) => *to = chunk,
        None => rest.iter_mut().zip(chunk).for_each(|(to, from)| *to = from),
    }
}
