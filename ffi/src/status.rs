//! What a call returns, and what it says about itself.

use core::ffi::CStr;

use lowrank::{Error, Operand, nmf, svd};

macro_rules! statuses {
    ($($name:ident = $code:literal, $message:literal;)*) => {
        $(pub const $name: i32 = $code;)*

        /// What a status says.
        pub const fn message(status: i32) -> &'static CStr {
            match status {
                $($code => $message,)*
                _ => c"not a status of this version",
            }
        }
    };
}

// A number is never used again for something else. Below 100: the variants of `Error`.
statuses! {
    OK = 0, c"success";
    SLICE_TOO_SHORT = 1, c"the memory is too short for the shape and strides";
    STRIDES = 2, c"the strides let entries of a matrix share memory";
    SHAPE = 3, c"the shape of an argument does not fit the others";
    SCRATCH_TOO_SMALL = 4, c"the scratch memory is too short";
    NON_FINITE = 5, c"an entry is NaN or infinite";
    NEGATIVE = 6, c"an entry is negative where none may be";
    OVERLAP = 7, c"two arguments share memory, and one of them is written";
    RANK = 8, c"the rank is zero or too large for the shape";
    TOO_LARGE = 9, c"a dimension is too large for the number type";
    OPTION = 10, c"an option or a number is out of range";
    OVERFLOW = 11, c"the result exceeds the largest number";
    CSR = 12, c"the CSR arrays contradict each other";
    OPERATOR = 13, c"the operator failed";
    ZERO = 14, c"an entry is zero where only positive ones may be";
    UNFINISHED = 15, c"the iteration has not come to its end";
    NULL = 100, c"a pointer that is needed is null";
    MISALIGNED = 101, c"a pointer is not aligned for its type";
    SIZE = 102, c"an argument is larger than memory can be";
    ENUMERATION = 103, c"not a value of the enumeration, or one that this build does not have";
    STRUCT_SIZE = 104, c"the struct_size is not one that this version can read";
    STATE = 105, c"the state is not that of such an iteration under way";
    UNKNOWN = 127, c"an error that this version has no number for";
}

/// The arguments that an error can be about, `LOWRANK_OPERAND_...`.
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum Argument {
    None = 0,
    A = 1,
    B = 2,
    C = 3,
    SingularValues = 4,
    Left = 5,
    Right = 6,
    Pivots = 7,
    Scratch = 8,
    Residuals = 9,
    State = 10,
}

impl From<Operand> for Argument {
    fn from(operand: Operand) -> Self {
        match operand {
            Operand::A => Argument::A,
            Operand::B => Argument::B,
            Operand::C => Argument::C,
            Operand::SingularValues => Argument::SingularValues,
            Operand::Left => Argument::Left,
            Operand::Right => Argument::Right,
            Operand::Pivots => Argument::Pivots,
            Operand::Scratch => Argument::Scratch,
            Operand::Residuals => Argument::Residuals,
            _ => Argument::None,
        }
    }
}

/// `lowrank_info`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Info {
    pub struct_size: usize,
    pub converged: u32,
    pub stop: u32,
    pub iterations: usize,
    pub rank: usize,
    pub lifted: usize,
    pub relative_error: f64,
    pub objective: f64,
    pub projected_gradient: f64,
    pub terms: f64,
    pub condition: f64,
    pub exponent: i32,
    pub operand: u32,
    pub other: u32,
    pub row: usize,
    pub col: usize,
    pub needed: usize,
}

impl From<()> for Info {
    fn from((): ()) -> Self {
        Info { converged: 1, ..Info::default() }
    }
}

impl From<svd::Info> for Info {
    fn from(info: svd::Info) -> Self {
        Info {
            converged: info.converged.into(),
            exponent: info.exponent,
            iterations: info.sweeps,
            rank: info.nonzero,
            ..Info::default()
        }
    }
}

impl From<svd::solve::Info> for Info {
    fn from(info: svd::solve::Info) -> Self {
        Info { converged: info.converged.into(), rank: info.rank, condition: info.condition, ..Info::default() }
    }
}

impl From<svd::truncated::Info> for Info {
    fn from(info: svd::truncated::Info) -> Self {
        Info {
            converged: info.converged.into(),
            iterations: info.passes,
            relative_error: info.relative_error,
            ..Info::default()
        }
    }
}

/// Of an iteration under way, of NMF and semi-NMF.
impl From<nmf::Progress> for Info {
    fn from(progress: nmf::Progress) -> Self {
        Info {
            iterations: progress.iteration,
            relative_error: progress.relative_error,
            objective: progress.objective,
            projected_gradient: progress.projected_gradient,
            terms: progress.terms,
            lifted: progress.lifted,
            ..Info::default()
        }
    }
}

/// Of NMF and semi-NMF.
impl From<nmf::Info> for Info {
    fn from(info: nmf::Info) -> Self {
        let stop = match info.stop {
            nmf::Stop::Tolerance => 1,
            nmf::Stop::ExactFit => 2,
            nmf::Stop::MaxIterations => 3,
            _ => 0,
        };
        Info { converged: info.converged().into(), stop, ..info.progress.into() }
    }
}

/// Why a call failed.
#[derive(Clone, Copy)]
pub struct Fault {
    pub status: i32,
    exponent: i32,
    argument: Argument,
    other: Argument,
    row: usize,
    col: usize,
    needed: usize,
}

impl Fault {
    /// About no argument in particular.
    pub fn new(status: i32) -> Self {
        Self::about(status, Argument::None)
    }

    pub fn about(status: i32, argument: Argument) -> Self {
        Fault { status, exponent: 0, argument, other: Argument::None, row: 0, col: 0, needed: 0 }
    }

    pub fn overlap(first: Argument, second: Argument) -> Self {
        Fault { other: second, ..Self::about(OVERLAP, first) }
    }

    /// About an entry of an argument, or about the shape that it should have.
    fn at(status: i32, argument: impl Into<Argument>, (row, col): (usize, usize)) -> Self {
        Fault { row, col, ..Self::about(status, argument.into()) }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::SliceTooShort { needed, .. } => Fault { needed, ..Fault::new(SLICE_TOO_SHORT) },
            Error::Strides { .. } => Fault::new(STRIDES),
            Error::Shape { operand, expected, .. } => Fault::at(SHAPE, operand, expected),
            Error::ScratchTooSmall { needed, .. } => {
                Fault { needed, ..Fault::about(SCRATCH_TOO_SMALL, Argument::Scratch) }
            }
            Error::NonFinite { operand, row, col } => Fault::at(NON_FINITE, operand, (row, col)),
            Error::Negative { operand, row, col } => Fault::at(NEGATIVE, operand, (row, col)),
            Error::Zero { operand, row, col } => Fault::at(ZERO, operand, (row, col)),
            Error::Overlap { first, second } => Fault::overlap(first.into(), second.into()),
            Error::Rank { max, .. } => Fault { needed: max, ..Fault::new(RANK) },
            Error::TooLarge { max, .. } => Fault { needed: max, ..Fault::new(TOO_LARGE) },
            Error::Option { .. } => Fault::new(OPTION),
            Error::Overflow { exponent } => Fault { exponent, ..Fault::new(OVERFLOW) },
            Error::Csr { row } => Fault::at(CSR, Argument::A, (row, 0)),
            Error::Unfinished => Fault::new(UNFINISHED),
            Error::Operator { .. } => Fault::new(OPERATOR),
            _ => Fault::new(UNKNOWN),
        }
    }
}

impl From<Fault> for Info {
    fn from(fault: Fault) -> Self {
        Info {
            exponent: fault.exponent,
            operand: fault.argument as u32,
            other: fault.other as u32,
            row: fault.row,
            col: fault.col,
            needed: fault.needed,
            ..Info::default()
        }
    }
}
