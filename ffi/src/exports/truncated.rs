//! The leading part of the singular value decomposition: of a matrix, and step by step of one that only the caller knows.

use lowrank::operator::Scan;
use lowrank::svd;
use lowrank::svd::truncated::{Request, state_len};
use lowrank::{Error, Operand, Real};

use super::shape::lengths;
use super::{go_on, sources, twins};
use crate::memory::{Mat, Matrix, Piece, Range, Source, disjoint, view_if};
use crate::options;
use crate::state::{Held, Place, State};
use crate::status::{Argument, Info};

lengths! {
    lowrank_svd_truncated_scratch_len, lowrank_svd_truncated_csr_scratch_len: |x, rank, oversample|
        svd::truncated_scratch_len(x, rank, &svd::truncated::Options::new().oversample(oversample));
}

sources! {
    lowrank_svd_truncated_f32, lowrank_svd_truncated_f64,
    lowrank_svd_truncated_csr_f32, lowrank_svd_truncated_csr_f64: fn(
        a: *const <X as Source<T>>::Given,
        rank: usize,
        s: *mut T,
        u: *const Mat<T>,
        v: *const Mat<T>,
        options: *const options::Truncated,
        scratch: *mut T,
        scratch_len: usize,
    ) {
        // SAFETY: the contract.
        let (options, a, u, v) = unsafe {
            (
                options::Truncated::read(options)?,
                <X as Source<T>>::new(a)?,
                Matrix::optional(Argument::Left, u)?,
                Matrix::optional(Argument::Right, v)?,
            )
        };
        let (rows, cols) = a.shape();
        // The number of singular values is taken from the rank, so it is checked before memory of that length is
        // believed in.
        check_rank(rank, rows.min(cols))?;
        let s = Piece::new(Argument::SingularValues, s, rank)?;
        let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
        disjoint(&[s.range(), Range::of(&u), Range::of(&v), scratch.range()], &a.ranges())?;
        // SAFETY: the contract, and what is written is disjoint from all else.
        let (a, s, u, v, scratch) = unsafe {
            (a.operator(options.execution)?, s.slice_mut(), view_if(u)?, view_if(v)?, scratch.slice_mut())
        };
        Ok(svd::truncated(&a, s, u, v, &options, scratch, go_on)?.into())
    }
}

fn check_rank(given: usize, max: usize) -> Result<(), Error> {
    if given > max { Err(Error::Rank { max, given }) } else { Ok(()) }
}

/// The machine, how many values it is to find, and the memory that it holds.
struct Machine<T: Real + 'static> {
    machine: svd::truncated::State<'static, T>,
    rank: usize,
    scratch: Range,
}

impl Held for Machine<f32> {
    const KIND: u8 = 2;
}

impl Held for Machine<f64> {
    const KIND: u8 = 3;
}

#[unsafe(no_mangle)]
extern "C" fn lowrank_svd_truncated_begin_scratch_len(
    rows: usize,
    cols: usize,
    rank: usize,
    oversample: usize,
) -> usize {
    state_len(rows, cols, rank, oversample)
}

twins! { lowrank_svd_truncated_begin_f32, lowrank_svd_truncated_begin_f64: fn(
    state: *mut State,
    rows: usize,
    all_rows: usize,
    cols: usize,
    rank: usize,
    norm: T,
    exponent: i32,
    options: *const options::Truncated,
    scratch: *mut T,
    scratch_len: usize,
) {
    let place = Place::new(state)?;
    // SAFETY: the contract.
    let options = unsafe { options::Truncated::read(options) }?;
    let scratch = Piece::new(Argument::Scratch, scratch, scratch_len)?;
    let range = scratch.range();
    disjoint(&[place.range(), range], &[])?;
    check_rank(rank, cols)?;
    let block = rank.saturating_add(options.oversample).min(cols);
    if all_rows < rows.max(block) {
        return Err(Error::Shape { operand: Operand::A, expected: (rows.max(block), cols), given: (all_rows, cols) }.into());
    }
    if !(norm >= 0.0 && norm.is_finite()) || exponent.unsigned_abs() > T::MAX_EXP.unsigned_abs() + 64 {
        return Err(Error::Option { name: "norm" }.into());
    }
    let scan = Scan { largest: norm, norm, exponent, negative: None };
    // SAFETY: the contract, also for as long as the iteration is under way, and the scratch is disjoint from the state.
    unsafe {
        let machine = svd::truncated::State::new(rows, cols, rank, scan, &options, scratch.slice_mut())?;
        place.clear::<Machine<T>>().write(Machine { machine, rank, scratch: range });
        place.commit::<Machine<T>>();
    }
    Ok(Info::default())
} }

twins! { lowrank_svd_truncated_next_f32, lowrank_svd_truncated_next_f64: fn(
    state: *mut State,
    request: *mut u32,
    input: *mut Mat<T>,
    output: *mut Mat<T>,
) {
    let place = Place::new(state)?;
    let request = Piece::new(Argument::None, request, 1)?;
    let (input, output) = (Piece::new(Argument::None, input, 1)?, Piece::new(Argument::None, output, 1)?);
    // SAFETY: the contract.
    let Machine { machine, scratch, .. } = unsafe { &mut *place.body::<Machine<T>>()? };
    disjoint(&[place.range(), *scratch, request.range(), input.range(), output.range()], &[])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (request, input, output) = unsafe { (request.slice_mut(), input.slice_mut(), output.slice_mut()) };
    let (number, to_read, to_write) = match machine.step()? {
        Request::Apply { input, mut output } => (1, Mat::of(input), Mat::of_mut(&mut output)),
        Request::ApplyTranspose { input, mut output } => (2, Mat::of(input), Mat::of_mut(&mut output)),
        Request::Sum(buffer) => (3, Mat::NONE, Mat::of_slice(buffer)),
        Request::Done(_) => (0, Mat::NONE, Mat::NONE),
        _ => return Err(Error::Unfinished.into()),
    };
    request.fill(number);
    input.fill(to_read);
    output.fill(to_write);
    Ok(machine.info().into())
} }

twins! { lowrank_svd_truncated_stop_f32, lowrank_svd_truncated_stop_f64: fn(state: *mut State) {
    // SAFETY: the contract.
    let Machine { machine, .. } = unsafe { &mut *Place::new(state)?.body::<Machine<T>>()? };
    machine.stop();
    Ok(machine.info().into())
} }

twins! { lowrank_svd_truncated_finish_f32, lowrank_svd_truncated_finish_f64: fn(
    state: *mut State,
    s: *mut T,
    u: *const Mat<T>,
    v: *const Mat<T>,
) {
    let place = Place::new(state)?;
    // SAFETY: the contract.
    let (u, v, Machine { machine, rank, scratch }) = unsafe {
        (
            Matrix::optional(Argument::Left, u)?,
            Matrix::optional(Argument::Right, v)?,
            &mut *place.body::<Machine<T>>()?,
        )
    };
    let s = Piece::new(Argument::SingularValues, s, *rank)?;
    disjoint(&[s.range(), Range::of(&u), Range::of(&v), place.range(), *scratch], &[])?;
    // SAFETY: the contract, and what is written is disjoint from all else.
    let (s, u, v) = unsafe { (s.slice_mut(), view_if(u)?, view_if(v)?) };
    let info = machine.finish(s, u, v)?;
    Ok(info.into())
} }
