//! What can be wrong with a call.

use core::fmt;

/// The argument that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operand {
    /// The matrix to factorize, or the first matrix of a product.
    A,
    /// The second matrix of a product, or a right-hand side.
    B,
    /// The output of a product; a pseudo-inverse, a solution, a rotation.
    C,
    /// The singular values.
    SingularValues,
    /// The left factor: U, W or F, or the orthonormal factor of a QR or polar decomposition.
    Left,
    /// The right factor: V, H or G, or R or P of a QR or polar decomposition.
    Right,
    /// The norms of residuals.
    Residuals,
    /// The column order of a pivoted factorization.
    Pivots,
    /// The scratch or state memory.
    Scratch,
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operand::A => "the matrix",
            Operand::B => "the second matrix",
            Operand::C => "the output matrix",
            Operand::SingularValues => "the singular values",
            Operand::Left => "the left factor",
            Operand::Right => "the right factor",
            Operand::Residuals => "the residuals",
            Operand::Pivots => "the pivots",
            Operand::Scratch => "the scratch memory",
        })
    }
}

/// Why a call was refused or given up. Outputs are unchanged unless the variant says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A slice is too short for the shape and strides given for it.
    SliceTooShort {
        /// Elements that the shape and strides span.
        needed: usize,
        /// Elements in the slice.
        given: usize,
    },
    /// Two elements of a matrix would share one place in memory, or a writable matrix has a zero stride.
    Strides {
        /// Elements from one row to the next.
        row_stride: usize,
        /// Elements from one column to the next.
        col_stride: usize,
    },
    /// An argument's shape does not fit the others.
    Shape {
        /// Which argument.
        operand: Operand,
        /// Rows and columns that it should have; a vector has one column.
        expected: (usize, usize),
        /// Rows and columns that it has.
        given: (usize, usize),
    },
    /// The scratch or state memory is too short.
    ScratchTooSmall {
        /// Elements needed: what the `*_scratch_len` function of the routine returns.
        needed: usize,
        /// Elements given.
        given: usize,
    },
    /// An entry is NaN or infinite.
    NonFinite {
        /// Which argument.
        operand: Operand,
        /// Row of the first such entry.
        row: usize,
        /// Column of the first such entry.
        col: usize,
    },
    /// An entry is negative where none may be.
    Negative {
        /// Which argument.
        operand: Operand,
        /// Row of the first such entry.
        row: usize,
        /// Column of the first such entry.
        col: usize,
    },
    /// An entry is zero where only positive ones are allowed.
    Zero {
        /// Which argument.
        operand: Operand,
        /// Row of the first such entry.
        row: usize,
        /// Column of the first such entry.
        col: usize,
    },
    /// Two arguments share memory, and one of them is written.
    Overlap {
        /// One argument.
        first: Operand,
        /// The other.
        second: Operand,
    },
    /// The rank is zero or more than the method allows for the shape.
    Rank {
        /// The largest allowed.
        max: usize,
        /// The rank asked for.
        given: usize,
    },
    /// A dimension is too large for an index to be an exact number of the element type (`2^24` for `f32`).
    TooLarge {
        /// The largest allowed.
        max: usize,
        /// The dimension.
        given: usize,
    },
    /// An option has a value outside its range.
    Option {
        /// The option's name.
        name: &'static str,
    },
    /// The result exceeds the largest finite number: it is at least `2^exponent`.
    Overflow {
        /// Exponent of the largest result.
        exponent: i32,
    },
    /// CSR arrays contradict each other: `starts` must ascend from 0 to the number of entries, columns be below `cols`.
    Csr {
        /// The first row that is wrong.
        row: usize,
    },
    /// The results of an iteration were asked for before its end.
    Unfinished,
    /// The operator could not do its part. Outputs may be partly written.
    Operator {
        /// The operator's own code.
        code: i32,
    },
}

impl Error {
    /// The same error about the transpose of the matrix at fault.
    pub(crate) fn transposed(self) -> Self {
        match self {
            Error::NonFinite { operand, row, col } => Error::NonFinite { operand, row: col, col: row },
            Error::Negative { operand, row, col } => Error::Negative { operand, row: col, col: row },
            Error::Zero { operand, row, col } => Error::Zero { operand, row: col, col: row },
            other => other,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Error::SliceTooShort { needed, given } => {
                write!(f, "the slice has {given} elements; the shape and strides span {needed}")
            }
            Error::Strides { row_stride, col_stride } => {
                write!(f, "row stride {row_stride} and column stride {col_stride} let elements share memory")
            }
            Error::Shape { operand, expected, given } => {
                write!(f, "{operand} is {} x {}, expected {} x {}", given.0, given.1, expected.0, expected.1)
            }
            Error::ScratchTooSmall { needed, given } => {
                write!(f, "the scratch memory has {given} elements, {needed} are needed")
            }
            Error::NonFinite { operand, row, col } => {
                write!(f, "{operand} is not finite at row {row}, column {col} (counted from 0)")
            }
            Error::Negative { operand, row, col } => {
                write!(f, "{operand} is negative at row {row}, column {col} (counted from 0)")
            }
            Error::Zero { operand, row, col } => {
                write!(f, "{operand} is zero at row {row}, column {col} (counted from 0)")
            }
            Error::Overlap { first, second } => write!(f, "{first} and {second} share memory"),
            Error::Unfinished => f.write_str("the iteration has not come to its end"),
            Error::Rank { given: 0, .. } => f.write_str("the rank is zero"),
            Error::Rank { max, given } => write!(f, "rank {given} is not between 1 and {max}"),
            Error::TooLarge { max, given } => write!(f, "the dimension {given} is above {max}"),
            Error::Option { name } => write!(f, "the option `{name}` is out of range"),
            Error::Overflow { exponent } => {
                write!(f, "the largest result is about 2^{exponent}, more than the number type holds")
            }
            Error::Csr { row } => write!(f, "the CSR arrays are inconsistent at row {row}"),
            Error::Operator { code } => write!(f, "the operator failed with code {code}"),
        }
    }
}

impl core::error::Error for Error {}
