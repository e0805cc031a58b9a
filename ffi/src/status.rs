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
    OPTION = 10, c"an option is out of range";
    OVERFLOW = 11, c"the result exceeds the largest number";
    CSR = 12, c"the CSR arrays contradict each other";
    OPERATOR = 13, c"the operator failed";
    NULL = 100, c"a pointer that is needed is null";
    MISALIGNED = 101, c"a pointer is not aligned for its type";
    SIZE = 102, c"an argument is larger than memory can be";
    ENUMERATION = 103, c"not a value of the enumeration";
    STRUCT_SIZE = 104, c"the struct_size is not one that this version can read";
    UNKNOWN = 127, c"an error that this version has no number for";
}

/// `lowrank_info`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Info {
    pub struct_size: usize,
    pub converged: u32,
    pub exponent: i32,
    pub iterations: usize,
    pub nonzero: usize,
    pub relative_error: f64,
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
            nonzero: info.nonzero,
            ..Info::default()
        }
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

/// Of NMF and semi-NMF.
impl From<nmf::Info> for Info {
    fn from(info: nmf::Info) -> Self {
        Info {
            converged: info.converged().into(),
            iterations: info.progress.iteration,
            relative_error: info.progress.relative_error,
            ..Info::default()
        }
    }
}

/// Why a call failed.
pub struct Fault {
    pub status: i32,
    pub info: Info,
}

impl Fault {
    /// About no argument in particular.
    pub fn new(status: i32) -> Self {
        Fault { status, info: Info::default() }
    }

    pub fn about(status: i32, operand: Operand) -> Self {
        Fault { status, info: Info { operand: number(operand), ..Info::default() } }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let none = Info::default();
        let (status, info) = match error {
            Error::SliceTooShort { needed, .. } => (SLICE_TOO_SHORT, Info { needed, ..none }),
            Error::Strides { .. } => (STRIDES, none),
            Error::Shape { operand, expected: (row, col), .. } => {
                (SHAPE, Info { operand: number(operand), row, col, ..none })
            }
            Error::ScratchTooSmall { needed, .. } => {
                (SCRATCH_TOO_SMALL, Info { operand: number(Operand::Scratch), needed, ..none })
            }
            Error::NonFinite { operand, row, col } => (NON_FINITE, Info { operand: number(operand), row, col, ..none }),
            Error::Negative { operand, row, col } => (NEGATIVE, Info { operand: number(operand), row, col, ..none }),
            Error::Overlap { first, second } => {
                (OVERLAP, Info { operand: number(first), other: number(second), ..none })
            }
            Error::Rank { max, .. } => (RANK, Info { needed: max, ..none }),
            Error::TooLarge { max, .. } => (TOO_LARGE, Info { needed: max, ..none }),
            Error::Option { .. } => (OPTION, none),
            Error::Overflow { exponent } => (OVERFLOW, Info { exponent, ..none }),
            Error::Csr { row } => (CSR, Info { operand: number(Operand::A), row, ..none }),
            Error::Operator { .. } => (OPERATOR, none),
            _ => (UNKNOWN, none),
        };
        Fault { status, info }
    }
}

/// The number of an argument in `lowrank_info`; 0 is none.
fn number(operand: Operand) -> u32 {
    match operand {
        Operand::A => 1,
        Operand::B => 2,
        Operand::C => 3,
        Operand::SingularValues => 4,
        Operand::Left => 5,
        Operand::Right => 6,
        Operand::Pivots => 7,
        Operand::Scratch => 8,
        _ => 0,
    }
}
