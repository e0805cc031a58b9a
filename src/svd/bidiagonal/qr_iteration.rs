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
//! If `sigma` is a singular value, then without rounding one sweep isolates it. So where the values are known already, by a
//! method that needs no vectors, the shift is the one among them that is nearest to what the end of the block suggests, and
//! in f64 about 1.25 sweeps are needed for each value of a random matrix instead of 1.8.
//!
//! The rotations of several sweeps are kept and then applied together (Van Zee, van de Geijn & Quintana-Orti, TOMS 40:18,
//! 2014). For a few rows of the matrix of vectors, one column for each sweep stays in registers: a column is read, takes
//! the rotation of the first sweep with the column before it, which goes on to the second sweep, and so on, and is
//! written when it leaves the last. So `SWEEPS` rotations cost one load and one store.
//!
//! A rotation of two columns is three shears, with `h = tan(theta / 2) = s / (1 + c)` (lifting steps: Daubechies & Sweldens,
//! J. Fourier Anal. Appl. 4, 1998):
//!
//! ```text
//! x <- x + h y,   y <- y - s x,   x <- x + h y        together x <- c x + s y, y <- c y - s x
//! ```
//!
//! That is one product with addition less than the plain form, and orthogonal to within `eps s^2`, as `1 - c = s h` keeps its
//! digits. With c, which rounds to one for small angles, the columns of nearly diagonal matrices with nearly equal values
//! would change their length in every sweep, always in the same direction. It needs `c >= 0`, so r takes the sign of f.

use crate::columns::Total;
use crate::kernel::{Isa, Kernel, Simd};
use crate::real::Real;
use crate::scratch::{sum, times};
use crate::svd::negate;
use crate::view::MatMut;
use core::iter::Zip;
use core::slice::IterMut;

/// Sweeps whose rotations are applied together: two vectors of each sweep's column fill half of 16 registers.
const SWEEPS: usize = 4;
/// Sweeps for each value, of which about 2 are usual.
const MAX_SWEEPS: usize = 30;
/// Sweeps for one value with a known value for a shift. Where rounding makes them fail, the end of the block knows better.
const KNOWN_SHIFTS: usize = 2;

/// Elements of scratch for [`vectors`]: for each of the kept sweeps two numbers of its rotations on both sides.
pub(super) const fn scratch_len(n: usize) -> usize {
    sum(layout(n))
}

/// The rotations of the left side, and of the right.
pub(in crate::svd) const fn layout(n: usize) -> [usize; 2] {
    let side = times(2 * SWEEPS, n.saturating_add(SWEEPS));
    [side, side]
}

/// `B = Q diag(s) P^T`: overwrites `d` with the values, non-negative and descending, `u` with `u Q` and `v` with `v P`.
///
/// B has the diagonal `d` (n) and the superdiagonal `e` (n - 1), which is destroyed; `u` and `v` have n columns, any
/// number of rows and any strides, which do not change a bit. Where a column is not contiguous, as many rows as `memory`
/// holds are copied to take rotations, and written back; it then has at least n elements. `known` holds the values, or
/// nothing where they are not known; wrong ones cost sweeps.
///
/// Returns the number of sweeps; none if a value has not converged within the bound. Then `u` and `v` hold what the rotations
/// so far have made of them, and `d` the magnitudes of the diagonal.
pub(in crate::svd) fn vectors<T: Real>(
    d: &mut [T],
    e: &mut [T],
    u: Option<MatMut<'_, T>>,
    v: Option<MatMut<'_, T>>,
    known: &[T],
    isa: Isa,
    [left, right, memory]: [&mut [T]; 3],
) -> Option<usize> {
    // A vector is a row of the transpose, and a slice.
    let (mut u, mut v) = (u.map(MatMut::t), v.map(MatMut::t));
    let n = d.len();
    let largest = isa.max_abs(d).max(isa.max_abs(e));
    // Squares of what is not negligible must not underflow.
    let exponent = if largest == T::ZERO { 0 } else { -largest.exponent() };
    d.iter_mut().chain(e.iter_mut()).for_each(|x| *x = x.scale(exponent));
    let norm = largest.scale(exponent);
    let mut batch = Batch::new(isa, left, right, memory);
    let negligible = norm * T::EPSILON;
    let mut sweeps = 0;
    let mut last = n.saturating_sub(1);
    let mut converged = true;
    let mut sweeps_of_block = 0;
    // The block that the direction was chosen for.
    let (mut up, mut chosen) = (false, (0, 0));
    while last > 0 {
        // Rounding errors of the sweeps themselves, among values that are all alike, may stay just above the limit. Where
        // three times the sweeps that are common have not been enough, the limit is higher.
        let part = T::from_f64(if sweeps < 6 * n { 0.5 } else { 1.0 });
        let splits = |i: usize, d: &[T], e: &[T]| {
            let size = e.at(i).abs();
            size <= negligible || size <= T::EPSILON * part * (d.at(i).abs() + d.at(i + 1).abs())
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
        if sweeps == MAX_SWEEPS * n {
            converged = false;
            break;
        }
        sweeps += 1;

        if chosen.1 <= first || chosen.0 > last || chosen == (0, 0) {
            up = d.at(last).abs() > d.at(first).abs();
        }
        // A value was found, at either end or by a split.
        if chosen != (first, last) {
            sweeps_of_block = 0;
        }
        chosen = (first, last);
        if batch.count == SWEEPS || batch.up != up {
            batch.flush(u.as_mut().map(MatMut::rb), v.as_mut().map(MatMut::rb));
        }
        let (from, to) = if up { (n - 1 - last, n - 1 - first) } else { (first, last) };
        let rotations = batch.open(up, from, to);
        let d = d.get_mut(first..=last).unwrap_or_default();
        let e = e.get_mut(first..last).unwrap_or_default();
        if up {
            d.reverse();
            e.reverse();
        }
        let (above, end) = (e.len().wrapping_sub(1), e.len());
        let estimate = trailing(d.at(above), e.at(above), d.at(end));
        let value = || nearest(known, estimate.scale(-exponent)).scale(exponent);
        let shift = if sweeps_of_block < KNOWN_SHIFTS { value() } else { estimate };
        sweeps_of_block += 1;
        sweep(d, e, shift, negligible, rotations);
        if up {
            d.reverse();
            e.reverse();
        }
    }
    batch.flush(u.as_mut().map(MatMut::rb), v.as_mut().map(MatMut::rb));

    for j in 0..n {
        let value = d.at(j).scale(-exponent);
        // No zero keeps a sign either.
        d.put(j, value.abs());
        if let Some(v) = v.as_mut().filter(|_| value < T::ZERO) {
            negate(&mut v.rb().t(), j);
        }
    }
    for i in 0..n {
        let largest = (i + 1..n).fold(i, |best, j| if d.at(j) > d.at(best) { j } else { best });
        d.exchange(i, largest);
        for x in [u.as_mut().map(MatMut::rb), v.as_mut().map(MatMut::rb)].into_iter().flatten() {
            exchange(x, i, largest);
        }
    }
    converged.then_some(sweeps)
}

/// Swaps two rows.
pub(super) fn exchange<T: Real>(x: MatMut<'_, T>, i: usize, j: usize) {
    if i == j {
        return;
    }
    let (i, j) = (i.min(j), i.max(j));
    let (mut above, mut below) = x.split_rows(j);
    if let (Some(a), Some(b)) = (above.row_slice_mut(i), below.row_slice_mut(0)) {
        return a.iter_mut().zip(b).for_each(|(a, b)| core::mem::swap(a, b));
    }
    for column in 0..above.cols() {
        let (a, b) = (above.at(i, column), below.at(0, column));
        above.put(i, column, b);
        below.put(0, column, a);
    }
}

/// The one of the values that is nearest to `x`; `x` itself if none is known.
fn nearest<T: Real>(known: &[T], x: T) -> T {
    let (mut best, mut distance) = (x, T::MAX);
    for value in known {
        let apart = (*value - x).abs();
        if apart < distance {
            (best, distance) = (*value, apart);
        }
    }
    best
}

/// One sweep, from the first row to the last.
fn sweep<T: Real>(d: &mut [T], e: &mut [T], shift: T, negligible: T, rotations: Rotations<'_, T>) {
    let mut shifted = shift * shift >= T::EPSILON * (d.at(0) * d.at(0));
    for d in d.iter_mut() {
        if d.abs() <= negligible {
            *d = T::ZERO;
            shifted = false;
        }
    }
    if shifted { sweep_shifted(d, e, shift, rotations) } else { sweep_unshifted(d, e, rotations) }
}

fn sweep_unshifted<T: Real>(d: &mut [T], e: &mut [T], rotations: Rotations<'_, T>) {
    let length = e.len();
    let (mut c, mut old_c, mut old_s) = (T::ONE, T::ONE, T::ZERO);
    for (p, (left, right)) in rotations.enumerate() {
        let (c_right, s_right, r) = rotation(d.at(p) * c, e.at(p));
        c = c_right;
        if p > 0 {
            e.put(p - 1, old_s * r);
        }
        let (c_left, s_left, r) = rotation(old_c * r, d.at(p + 1) * s_right);
        (old_c, old_s) = (c_left, s_left);
        d.put(p, r);
        *right = shears(c_right, s_right);
        *left = shears(c_left, s_left);
    }
    let end = d.at(length) * c;
    d.put(length, end * old_c);
    e.put(length - 1, end * old_s);
}

/// What limits the speed is the chain of roots from one rotation to the next, so the products wait for no cosine.
fn sweep_shifted<T: Real>(d: &mut [T], e: &mut [T], shift: T, rotations: Rotations<'_, T>) {
    let length = e.len();
    let (mut diagonal, mut above) = (d.at(0), e.at(0));
    // The first column of `B^T B - shift^2 I`.
    let (mut f, mut g) = ((diagonal - shift) * (diagonal + shift), diagonal * above);
    for (p, (left, right)) in rotations.enumerate() {
        let next = d.at(p + 1);
        let turn = Rotation::new(f, g);
        if p > 0 {
            e.put(p - 1, turn.r);
        }
        *right = turn.shears();
        let (moved, lifted) = turn.apply(diagonal, above);
        let (lowered, bulge) = turn.parts(next);
        let turn = Rotation::new(moved, bulge);
        d.put(p, turn.r);
        *left = turn.shears();
        (f, diagonal) = turn.apply(lifted, lowered);
        if p + 1 < length {
            (above, g) = turn.parts(e.at(p + 1));
        }
    }
    d.put(length, diagonal);
    e.put(length - 1, f);
}

/// The smaller singular value of the upper triangle `[f, g; 0, h]`.
fn trailing<T: Real>(f: T, g: T, h: T) -> T {
    let (f, g, h) = (f.abs(), g.abs(), h.abs());
    let (small, large) = if f < h { (f, h) } else { (h, f) };
    // |B|_F^2 +- 2 |det B| are the squares of the sum and the difference of the two values.
    let (sum, difference) = (large + small, large - small);
    let wide = ((sum * sum + g * g).sqrt() + (difference * difference + g * g).sqrt()) * T::from_f64(0.5);
    if wide == T::ZERO { small } else { small * (large / wide) }
}

/// `(c, s, r)` with `c f + s g = r`, `c g - s f = 0` and `c >= 0`.
pub(super) fn rotation<T: Real>(f: T, g: T) -> (T, T, T) {
    let turn = Rotation::new(f, g);
    let [c, s] = turn.pair();
    (c, s, turn.r)
}

/// `[h, s]` of the rotation by `c >= 0` and `s`.
#[inline(always)]
fn shears<T: Real>(c: T, s: T) -> [T; 2] {
    [s / (T::ONE + c), s]
}

/// The rotation `c = f inverse`, `s = g inverse` that takes `(f, g)` to `(r, 0)`, with `c >= 0`.
#[derive(Clone, Copy)]
struct Rotation<T> {
    f: T,
    g: T,
    inverse: T,
    r: T,
}

impl<T: Real> Rotation<T> {
    #[inline(always)]
    fn new(f: T, g: T) -> Self {
        let square = f * f + g * g;
        if g == T::ZERO || square <= T::MIN_POSITIVE / T::EPSILON {
            return Self::rare(f, g);
        }
        // The root and the quotient at the same time.
        let root = square.sqrt();
        let r = if f < T::ZERO { -root } else { root };
        Rotation { f, g, inverse: r * (T::ONE / square), r }
    }

    /// Where there is nothing to rotate, or squares underflow; exact powers of two keep the rotation orthogonal then.
    #[cold]
    fn rare(f: T, g: T) -> Self {
        if g == T::ZERO {
            return Rotation { f: T::ONE, g, inverse: T::ONE, r: f };
        }
        let e = f.abs().max(g.abs()).exponent();
        let (f, g) = (f.scale(-e), g.scale(-e));
        let root = (f * f + g * g).sqrt();
        let r = if f < T::ZERO { -root } else { root };
        Rotation { f: f / r, g: g / r, inverse: T::ONE, r: r.scale(e) }
    }

    /// `[c, s]`
    #[inline(always)]
    fn pair(self) -> [T; 2] {
        [self.f * self.inverse, self.g * self.inverse]
    }

    /// `[h, s]`
    #[inline(always)]
    fn shears(self) -> [T; 2] {
        let [c, s] = self.pair();
        shears(c, s)
    }

    /// `(c x + s y, c y - s x)`
    #[inline(always)]
    fn apply(self, x: T, y: T) -> (T, T) {
        ((self.f * x + self.g * y) * self.inverse, (self.f * y - self.g * x) * self.inverse)
    }

    /// `(c x, s x)`
    #[inline(always)]
    fn parts(self, x: T) -> (T, T) {
        (self.f * x * self.inverse, self.g * x * self.inverse)
    }
}

/// One rotation `[h, s]` of each sweep.
type Row<T> = [[T; 2]; SWEEPS];

/// The rotations of a few sweeps in one direction.
///
/// Rotation `p` of a sweep acts on the columns `p` and `p + 1`, counted from the right end of the matrix if the sweeps go
/// up. Row `t` of the arrays holds the rotation `t - k` of sweep `k`, which is what one step of a [`Wave`] needs; identities
/// where there is none.
struct Batch<'a, T> {
    isa: Isa,
    left: &'a mut [Row<T>],
    right: &'a mut [Row<T>],
    memory: &'a mut [T],
    count: usize,
    up: bool,
    /// The columns that any of the sweeps touches: `first ..= last`.
    first: usize,
    last: usize,
}

impl<'a, T: Real> Batch<'a, T> {
    fn new(isa: Isa, left: &'a mut [T], right: &'a mut [T], memory: &'a mut [T]) -> Self {
        let (left, right) = (left.as_chunks_mut().0.as_chunks_mut().0, right.as_chunks_mut().0.as_chunks_mut().0);
        left.fill(identities());
        right.fill(identities());
        Batch { isa, left, right, memory, count: 0, up: false, first: 0, last: 0 }
    }

    /// Begins a sweep over the rows `first ..= last`, counted from where sweeps of this direction start: where to put its
    /// rotations.
    fn open(&mut self, up: bool, first: usize, last: usize) -> Rotations<'_, T> {
        if self.count == 0 {
            (self.first, self.last, self.up) = (first, last, up);
        }
        (self.first, self.last) = (self.first.min(first), self.last.max(last));
        let k = self.count.min(SWEEPS - 1);
        self.count += 1;
        let places = first + k..last + k;
        let left = self.left.get_mut(places.clone()).unwrap_or_default();
        let right = self.right.get_mut(places).unwrap_or_default();
        // The turned matrix is the transpose.
        let (left, right) = if up { (right, left) } else { (left, right) };
        Rotations { rows: left.iter_mut().zip(right), k }
    }

    /// Applies the rotations to the columns of `u` and `v`, and forgets them.
    fn flush(&mut self, u: Option<MatMut<'_, T>>, v: Option<MatMut<'_, T>>) {
        if self.count == 0 {
            return;
        }
        for (rotations, x) in [(&mut *self.left, u), (&mut *self.right, v)] {
            let rotations = rotations.get_mut(self.first..self.last + SWEEPS).unwrap_or_default();
            if let Some(x) = x {
                let (first, rows) = (self.first, self.last + 1 - self.first);
                let place = if self.up { x.rows().wrapping_sub(first + rows) } else { first };
                let x = x.submatrix(place, 0, rows, usize::MAX);
                apply(self.isa, rotations, x, self.up, self.memory);
            }
            rotations.fill(identities());
        }
        self.count = 0;
    }
}

/// Applies the rotations of a batch to all rows of `x`, in copies of some columns if a row is not contiguous.
fn apply<T: Real>(isa: Isa, rotations: &[Row<T>], mut x: MatMut<'_, T>, up: bool, memory: &mut [T]) {
    let (n, length) = x.shape();
    if x.row_slice_mut(0).is_some() {
        return isa.run(Wave { rotations, x, up });
    }
    let width = memory.len().checked_div(n).unwrap_or(length);
    debug_assert!(width > 0);
    for start in (0..length).step_by(width.max(1)) {
        let mut part = x.rb().submatrix(0, start, n, width);
        let cols = part.cols();
        let mut copy = MatMut::packed(memory.get_mut(..n * cols).unwrap_or_default(), n, cols);
        copy.copy_from(part.as_ref());
        isa.run(Wave { rotations, x: copy.rb(), up });
        part.copy_from(copy.as_ref());
    }
}

fn identities<T: Real>() -> Row<T> {
    [[T::ZERO; 2]; SWEEPS]
}

/// The places for the rotations of one sweep, of the left side and the right.
struct Rotations<'a, T> {
    rows: Zip<IterMut<'a, Row<T>>, IterMut<'a, Row<T>>>,
    k: usize,
}

impl<'a, T> Iterator for Rotations<'a, T> {
    type Item = (&'a mut [T; 2], &'a mut [T; 2]);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let (left, right) = self.rows.next()?;
        left.get_mut(self.k).zip(right.get_mut(self.k))
    }
}

/// The rotations of a batch, to be applied to the rows of `x`, counted from the end if `up`.
struct Wave<'a, T> {
    rotations: &'a [Row<T>],
    x: MatMut<'a, T>,
    up: bool,
}

impl<T: Real> Wave<'_, T> {
    /// The `V` vectors from place `at` of every row.
    ///
    /// Before step `t`, `kept[k]` is row `t - k` as the first `k` sweeps and the earlier rotations of sweep `k` have made
    /// it. Rows before the first and after the last, which only identities touch, are zero and not written.
    #[inline(always)]
    fn strip<S: Simd<T>, const V: usize>(&mut self, simd: S, at: usize) {
        let zero = [simd.splat(T::ZERO); V];
        let rows = self.x.rows();
        let mut kept = [zero; SWEEPS];
        kept[0] = self.load(simd, 0, at);
        for (t, rotations) in self.rotations.iter().enumerate() {
            let mut moving = if t + 1 < rows { self.load(simd, t + 1, at) } else { zero };
            for k in 0..SWEEPS {
                let (h, s) = (simd.splat(rotations[k][0]), simd.splat(rotations[k][1]));
                for v in 0..V {
                    let sum = simd.mul_add(h, moving[v], kept[k][v]);
                    kept[k][v] = simd.mul_sub_from(s, sum, moving[v]);
                    moving[v] = simd.mul_add(h, kept[k][v], sum);
                }
            }
            if t + 1 >= SWEEPS {
                let row = self.row(t + 1 - SWEEPS);
                for (v, x) in moving.into_iter().enumerate() {
                    simd.store(x, row.get_mut(at + v * S::LANES..).unwrap_or_default());
                }
            }
        }
    }

    #[inline(always)]
    fn row(&mut self, p: usize) -> &mut [T] {
        let place = if self.up { self.x.rows().wrapping_sub(1).wrapping_sub(p) } else { p };
        self.x.row_slice_mut(place).unwrap_or_default()
    }

    #[inline(always)]
    fn load<S: Simd<T>, const V: usize>(&mut self, simd: S, p: usize, at: usize) -> [S::Vector; V] {
        let row = self.row(p);
        let mut vectors = [simd.splat(T::ZERO); V];
        for (v, vector) in vectors.iter_mut().enumerate() {
            *vector = simd.load(row.get(at + v * S::LANES..).unwrap_or_default());
        }
        vectors
    }
}

impl<T: Real> Kernel<T> for Wave<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let length = self.x.cols();
        let mut at = 0;
        while at + S::LANES < length {
            self.strip::<S, 2>(simd, at);
            at += 2 * S::LANES;
        }
        if at < length {
            self.strip::<S, 1>(simd, at);
        }
    }
}
