//! The iteration as a machine that asks for products.

use super::{Info, Options, check_outputs};
use crate::check;
use crate::columns::{Columns, Total};
use crate::error::{Error, Operand};
use crate::kernel::{gemm, gemm_scratch_len, gram, scale};
use crate::operator::{LinearOperator, Scan};
use crate::orthonormalize::{self, Rounds, Verdict, orthonormalize};
use crate::random::Uniform;
use crate::real::Real;
use crate::scratch::{max, min, split, sum, times};
use crate::svd::{self, fix_pair, jacobi_unblocked, jacobi_unblocked_scratch_len};
use crate::view::{MatMut, MatRef};

/// Passes with the Gram matrix between two looks at the singular values: they are cheap, a look is not.
const GRAM_STRIDE: usize = 4;
/// Squared singular values below this many `eps s_1^2` are not left to the Gram matrix.
const GRAM_MARGIN: f64 = 1e3;
/// Singular values below this many `eps s_1` are rounding.
const NOISE: f64 = 1e2;
/// The part by which a squared value may still move at the last pass.
const STEADY: f64 = 1e-2;

/// What the caller of [`State::step`] is to do before calling it again.
#[derive(Debug)]
#[non_exhaustive]
pub enum Request<'r, T> {
    /// `output = A input`
    Apply {
        /// `cols x p`
        input: MatRef<'r, T>,
        /// `rows x p`
        output: MatMut<'r, T>,
    },
    /// `output = A^T input`, the share of the rows at hand.
    ApplyTranspose {
        /// `rows x p`
        input: MatRef<'r, T>,
        /// `cols x p`
        output: MatMut<'r, T>,
    },
    /// Replace the buffer by its sum over all machines that hold rows; on one machine, nothing.
    Sum(&'r mut [T]),
    /// The factors are ready for [`State::finish`].
    Done(Info),
}

/// Where the machine stands: what it will do at the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Multiply,
    Transpose,
    SumTranspose,
    Absorb,
    MultiplyLast,
    ScaleLast,
    SumGram,
    Round,
    Finished,
}

/// The iteration as a machine that asks for products and never sees A. Its memory is the caller's.
#[derive(Debug)]
pub struct State<'a, T> {
    options: Options,
    rank: usize,
    /// `|2^-exponent A|_F^2`
    square: f64,
    exponent: i32,
    rows: usize,
    y: &'a mut [T],
    v: &'a mut [T],
    z: &'a mut [T],
    g: Columns<'a, T>,
    r: Columns<'a, T>,
    left: Columns<'a, T>,
    right: Columns<'a, T>,
    values: &'a mut [T],
    scratch: &'a mut [T],
    phase: Phase,
    rounds: Rounds,
    shift: T,
    /// The sum of the leading squared singular values at the last look, and by how much it had grown.
    energy: Option<f64>,
    growth: Option<f64>,
    passes: usize,
    converged: bool,
    stopping: bool,
}

/// Elements of memory for [`State::new`].
pub const fn state_len(rows: usize, cols: usize, rank: usize, oversample: usize) -> usize {
    sum(layout(rows, cols, min(rank.saturating_add(oversample), cols)))
}

/// Y, V, Z, four small matrices, the values, and what the building blocks need.
const fn layout(rows: usize, cols: usize, p: usize) -> [usize; 9] {
    let rounds = orthonormalize::scratch_len(max(rows, cols), p);
    let products = gemm_scratch_len(max(rows, cols), p, max(cols, p));
    let scratch = max(max(rounds, jacobi_unblocked_scratch_len(p, p)), products);
    let square = times(p, p);
    [times(rows, p), times(cols, p), times(cols, p), square, square, square, square, p, scratch]
}

impl<'a, T: Real> State<'a, T> {
    /// Prepares the truncated SVD of rank `rank` for a matrix of which `rows` rows are at hand. `scan` is that of the
    /// whole matrix, which has at least `min(rank + oversample, cols)` rows on all machines together: with fewer, U cannot
    /// be orthonormal.
    ///
    /// # Errors
    /// `Rank` unless `1 <= rank <= cols`, `Option`, `TooLarge`, `ScratchTooSmall`.
    pub fn new(
        rows: usize,
        cols: usize,
        rank: usize,
        scan: Scan<T>,
        options: &Options,
        memory: &'a mut [T],
    ) -> Result<Self, Error> {
        if rank == 0 || rank > cols {
            return Err(Error::Rank { max: cols, given: rank });
        }
        if !(options.tolerance >= 0.0 && options.tolerance < 1.0) {
            return Err(Error::Option { name: "tolerance" });
        }
        let p = rank.saturating_add(options.oversample).min(cols);
        check::exact_index::<T>(p)?;
        let [y, v, z, g, r, left, right, values, scratch] = split(memory, layout(rows, cols, p))?;
        let mut state = State {
            options: *options,
            rank,
            square: scan.norm.to_f64() * scan.norm.to_f64(),
            exponent: scan.exponent,
            rows,
            y,
            v,
            z,
            g: Columns::new(g, p, p),
            r: Columns::new(r, p, p),
            left: Columns::new(left, p, p),
            right: Columns::new(right, p, p),
            values,
            scratch,
            phase: if options.max_passes == 0 { Phase::MultiplyLast } else { Phase::Multiply },
            rounds: Rounds::new(orthonormalize::rounding::<T>(), options.seed),
            shift: T::ZERO,
            energy: None,
            growth: None,
            passes: 0,
            converged: false,
            stopping: false,
        };
        let mut uniform = Uniform::new(options.seed);
        state.v.iter_mut().for_each(|v| *v = uniform.symmetric());
        let v = MatMut::packed(state.v, cols, p);
        orthonormalize(state.rounds.clone(), v, &mut state.g, &mut state.r, options.execution, state.scratch)?;
        Ok(state)
    }

    fn cols(&self) -> usize {
        self.v.len().checked_div(self.block()).unwrap_or_default()
    }

    fn block(&self) -> usize {
        self.g.cols()
    }

    /// The next step.
    ///
    /// # Errors
    /// `NonFinite`, with the place in the output that was asked for, if a product or a sum has NaN or infinity there. It is
    /// seen after a sum, on all machines at once.
    pub fn step(&mut self) -> Result<Request<'_, T>, Error> {
        let (rows, cols, p) = (self.rows, self.cols(), self.block());
        // A product with 2^-e A: one half of the scaling before it and the other after, so that neither is out of range.
        let before = -(self.exponent / 2);
        let after = -self.exponent - before;
        loop {
            match self.phase {
                Phase::Multiply | Phase::MultiplyLast => {
                    let last = self.phase == Phase::MultiplyLast;
                    self.phase = if last { Phase::ScaleLast } else { Phase::Transpose };
                    shift_exponents(self.v, before);
                    let output = MatMut::packed(self.y, rows, p);
                    return Ok(Request::Apply { input: MatRef::packed(self.v, cols, p), output });
                }
                Phase::Transpose if self.stopping => self.phase = Phase::ScaleLast,
                Phase::Transpose => {
                    self.phase = Phase::SumTranspose;
                    shift_exponents(self.v, -before);
                    shift_exponents(self.y, after);
                    shift_exponents(self.y, before);
                    let output = MatMut::packed(self.z, cols, p);
                    return Ok(Request::ApplyTranspose { input: MatRef::packed(self.y, rows, p), output });
                }
                Phase::SumTranspose => {
                    self.phase = Phase::Absorb;
                    return Ok(Request::Sum(self.z));
                }
                Phase::Absorb => {
                    check::finite(MatRef::packed(self.z, cols, p), Operand::C)?;
                    shift_exponents(self.z, after);
                    self.absorb(true, noise())?;
                    let over = self.converged || self.passes >= self.options.max_passes;
                    self.phase = if over { Phase::MultiplyLast } else { Phase::Multiply };
                }
                Phase::ScaleLast => {
                    shift_exponents(self.v, -before);
                    shift_exponents(self.y, after);
                    // Replacements for missing directions differ from machine to machine.
                    let machine = self.options.machine.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                    self.rounds = Rounds::new(
                        orthonormalize::rounding::<T>(),
                        self.options.seed.wrapping_add(1).wrapping_add(machine),
                    );
                    self.phase = Phase::SumGram;
                }
                Phase::SumGram => {
                    self.phase = Phase::Round;
                    let y = MatRef::packed(self.y, rows, p);
                    gram(y, self.g.as_mut(), self.options.execution, self.scratch)?;
                    return Ok(Request::Sum(self.g.as_mut_slice()));
                }
                Phase::Round => {
                    if let Err(elsewhere) = check::finite(self.g.as_ref(), Operand::C) {
                        check::finite(MatRef::packed(self.y, rows, p), Operand::C)?;
                        return Err(elsewhere);
                    }
                    let y = MatMut::packed(self.y, rows, p);
                    let verdict =
                        self.rounds.round(y, &mut self.g, &mut self.r, self.options.execution, self.scratch)?;
                    self.phase = Phase::SumGram;
                    if verdict == Verdict::Settled {
                        let (left, right) = (Some(self.left.as_mut()), Some(self.right.as_mut()));
                        let options = svd::Options::new().execution(self.options.execution);
                        jacobi_unblocked(self.r.as_ref(), self.values, left, right, &options, self.scratch)?;
                        self.phase = Phase::Finished;
                    }
                }
                Phase::Finished => return Ok(Request::Done(self.info())),
            }
        }
    }

    /// Ends the passes: the product under way, or the next, becomes that of the last step.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// Passes so far, and the relative error as far as it is known.
    pub fn info(&self) -> Info {
        let energy = match self.phase {
            Phase::Finished => self.values.iter().take(self.rank).map(|s| s.to_f64() * s.to_f64()).sum(),
            _ => self.energy.unwrap_or_default(),
        };
        let rest = if self.square > 0.0 { (1.0 - energy / self.square).max(0.0) } else { 0.0 };
        Info { converged: self.converged, passes: self.passes, relative_error: Real::sqrt(rest) }
    }

    /// Writes the factors, after [`Request::Done`]: `u` is `rows x rank`, `s` has `rank` elements, `v` is `cols x rank`.
    /// Signs as [`column_sign`](crate::svd::column_sign) has it; where rows live on several machines, ask for V, so that
    /// all follow the same.
    ///
    /// # Errors
    /// `Unfinished` before [`Request::Done`], `Shape`, and `Overflow` if a singular value exceeds the largest number.
    /// Nothing is changed then.
    pub fn finish(
        &mut self,
        s: &mut [T],
        mut u: Option<MatMut<'_, T>>,
        mut v: Option<MatMut<'_, T>>,
    ) -> Result<Info, Error> {
        let (rows, cols, p, k) = (self.rows, self.cols(), self.block(), self.rank);
        check_outputs(rows, cols, k, s, &u, &v)?;
        if self.phase != Phase::Finished {
            return Err(Error::Unfinished);
        }
        let largest = self.values.first().copied().unwrap_or_default();
        if !largest.scale(self.exponent).is_finite() {
            return Err(Error::Overflow { exponent: largest.exponent() + self.exponent });
        }
        s.iter_mut().zip(self.values.iter()).for_each(|(s, value)| *s = value.scale(self.exponent));
        let execution = self.options.execution;
        let mut rotate = |block: &[T], len, rotation: &Columns<'_, T>, output: Option<&mut MatMut<'_, T>>| {
            let Some(output) = output else { return Ok(()) };
            let leading = rotation.as_ref().submatrix(0, 0, p, k);
            gemm(T::ONE, MatRef::packed(block, len, p), leading, T::ZERO, output.rb(), execution, self.scratch)
        };
        rotate(self.y, rows, &self.left, u.as_mut())?;
        rotate(self.v, cols, &self.right, v.as_mut())?;
        fix_pair(u.as_mut(), v.as_mut(), k);
        Ok(self.info())
    }

    /// `info` with the relative error from the differences themselves, if it is so small that `|A|^2 - |s|^2` has cancelled.
    pub(super) fn refine<A: LinearOperator<T>>(
        &mut self,
        info: Info,
        a: &A,
        u: MatRef<'_, T>,
        v: MatRef<'_, T>,
        scratch: &mut [T],
    ) -> Result<Info, Error> {
        if self.square == 0.0 || info.relative_error * info.relative_error >= 8.0 * Real::sqrt(T::EPSILON.to_f64()) {
            return Ok(info);
        }
        // Y has done its service: it holds U diag(s) now.
        let (rows, k) = u.shape();
        let mut w = MatMut::packed(self.y.get_mut(..rows * k).unwrap_or_default(), rows, k);
        for i in 0..rows {
            for (j, value) in self.values.iter().enumerate().take(k) {
                w.put(i, j, u.at(i, j) * *value);
            }
        }
        let Some(exact) = a.residual(w.as_ref(), v.t(), self.exponent, scratch)? else { return Ok(info) };
        let mut total = [exact];
        a.sum(&mut total)?;
        Ok(Info { relative_error: Real::sqrt(total.at(0).to_f64() / self.square), ..info })
    }

    /// Takes `z`, the product of `A^T A` with V: shifts it, makes it the new V and, if `look` says so, reads off how far
    /// the iteration has come. Squared values below `noise` times the largest are not looked at.
    fn absorb(&mut self, look: bool, noise: T) -> Result<(), Error> {
        let (cols, p) = (self.cols(), self.block());
        let shift = self.shift;
        self.z.iter_mut().zip(self.v.iter()).for_each(|(z, v)| *z -= shift * *v);
        let rounds =
            Rounds::new(orthonormalize::rounding::<T>(), self.options.seed.wrapping_add(2 + self.passes as u64));
        let z = MatMut::packed(self.z, cols, p);
        orthonormalize(rounds, z, &mut self.g, &mut self.r, self.options.execution, self.scratch)?;
        core::mem::swap(&mut self.v, &mut self.z);
        self.passes += 1;
        if !look {
            return Ok(());
        }
        // No vectors are kept between looks, so there is room for the values of the last one.
        let before = self.left.as_mut_slice();
        before.iter_mut().zip(self.values.iter()).for_each(|(before, value)| *before = *value);
        let options = svd::Options::new().execution(self.options.execution);
        jacobi_unblocked(self.r.as_ref(), self.values, None, None, &options, self.scratch)?;
        self.values.iter_mut().for_each(|value| *value += shift);
        let smallest = self.values.last().copied().unwrap_or_default() - shift;
        // A smallest value that is rounding would shift real ones away.
        let real = T::from_f64(GRAM_MARGIN) * T::EPSILON * self.values.first().copied().unwrap_or_default();
        if smallest > shift && smallest > real {
            self.shift = (shift + smallest) * T::from_f64(0.5);
        }
        let energy: f64 = self.values.iter().take(self.rank).map(|value| value.to_f64()).sum();
        let growth = self.energy.map(|before| (energy - before).max(0.0));
        self.converged = self.options.tolerance > 0.0 && self.settled(energy, growth) && self.steady(noise);
        (self.energy, self.growth) = (Some(energy), growth);
        Ok(())
    }

    /// Whether the growth still to be expected is within the tolerance.
    fn settled(&self, energy: f64, growth: Option<f64>) -> bool {
        let Some(growth) = growth else { return self.block() == self.cols() };
        if growth <= 4.0 * T::EPSILON.to_f64() * energy {
            return true;
        }
        let Some(before) = self.growth else { return false };
        let error = (self.square - energy).max(T::EPSILON.to_f64() * self.square);
        growth < before && growth * growth / (before - growth) <= self.options.tolerance * error
    }

    /// Whether no leading squared value has moved much since the last look.
    fn steady(&self, noise: T) -> bool {
        let least = noise * self.values.first().copied().unwrap_or_default();
        let pairs = self.values.iter().zip(self.left.col(0)).take(self.rank);
        let moved = |(now, before): (&T, &T)| *now > least && (*now - *before).abs() > T::from_f64(STEADY) * *now;
        self.energy.is_none() || !pairs.into_iter().any(moved)
    }

    /// All passes by a product with `A^T A`, if there is one, and sums over all machines.
    pub(super) fn iterate_with(
        &mut self,
        mut multiply: impl FnMut(MatRef<'_, T>, MatMut<'_, T>) -> Result<bool, Error>,
        mut sum: impl FnMut(&mut [T]) -> Result<(), Error>,
        mut go_on: impl FnMut(&Info) -> bool,
    ) -> Result<(), Error> {
        let (cols, p) = (self.cols(), self.block());
        while !self.converged && self.passes < self.options.max_passes {
            if !multiply(MatRef::packed(self.v, cols, p), MatMut::packed(self.z, cols, p))? {
                return Ok(());
            }
            sum(self.z)?;
            self.absorb(true, noise())?;
            if !go_on(&self.info()) {
                break;
            }
        }
        self.phase = Phase::MultiplyLast;
        Ok(())
    }

    /// All passes with a given Gram matrix. Passes with A follow only if it cannot resolve the values wanted.
    pub(super) fn iterate_in(&mut self, g: MatRef<'_, T>, mut go_on: impl FnMut(&Info) -> bool) -> Result<(), Error> {
        let (cols, p) = (self.cols(), self.block());
        while !self.converged && self.passes < self.options.max_passes {
            let (v, z) = (MatRef::packed(self.v, cols, p), MatMut::packed(self.z, cols, p));
            gemm(T::ONE, g, v, T::ZERO, z, self.options.execution, self.scratch)?;
            let noise = T::from_f64(GRAM_MARGIN) * T::EPSILON;
            let look = (self.passes + 1).is_multiple_of(GRAM_STRIDE) || self.passes + 1 == self.options.max_passes;
            self.absorb(look, noise)?;
            if look && self.values.at(self.rank - 1) < noise * self.values.at(0) {
                // Passes with A go on from here, and judge for themselves.
                (self.energy, self.growth, self.converged) = (None, None, false);
                if self.passes >= self.options.max_passes {
                    self.phase = Phase::MultiplyLast;
                }
                return Ok(());
            }
            if look && !go_on(&self.info()) {
                break;
            }
        }
        self.phase = Phase::MultiplyLast;
        Ok(())
    }
}

/// Squared singular values below this part of the largest are rounding.
fn noise<T: Real>() -> T {
    let part = T::from_f64(NOISE) * T::EPSILON;
    part * part
}

/// Multiplies by `2^e`.
fn shift_exponents<T: Real>(x: &mut [T], e: i32) {
    if e != 0 {
        scale(T::pow2(e), x);
    }
}
