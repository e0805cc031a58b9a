//! The raw elements of binary formats, decoded as they are read: one vector of the final size and
//! a small buffer are all the memory it takes.

use std::io::Read;

use anyhow::{Context, Result};
use half::{bf16, f16};

use crate::matrix::{Dense, Input, Matrix, Order};

/// An element type. The 16-bit floats become `f32`, the integers and booleans `f64`, so that an
/// integer beyond 2^53 is rounded.
#[derive(Clone, Copy, Debug)]
pub enum Element {
    F16,
    BF16,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endian {
    Little,
    Big,
}

impl Element {
    pub fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 | Self::Bool => 1,
            Self::F16 | Self::BF16 | Self::I16 | Self::U16 => 2,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F64 | Self::I64 | Self::U64 => 8,
        }
    }
}

/// Reads `rows * cols` elements. The caller has made sure that the file holds so many bytes.
pub fn read_dense(
    file: impl Read,
    element: Element,
    endian: Endian,
    (rows, cols): (usize, usize),
    order: Order,
) -> Result<Input> {
    macro_rules! values {
        ($stored:ty) => {
            values!($stored, |value| value)
        };
        ($stored:ty, $convert:expr) => {
            decode(file, rows * cols, |bytes| {
                let value = match endian {
                    Endian::Little => <$stored>::from_le_bytes(bytes),
                    Endian::Big => <$stored>::from_be_bytes(bytes),
                };
                $convert(value)
            })?
        };
    }
    let single = |values| Input::F32(Matrix::Dense(Dense { rows, cols, values, order }));
    let double = |values| Input::F64(Matrix::Dense(Dense { rows, cols, values, order }));
    Ok(match element {
        Element::F16 => single(values!(f16, f16::to_f32)),
        Element::BF16 => single(values!(bf16, bf16::to_f32)),
        Element::F32 => single(values!(f32)),
        Element::F64 => double(values!(f64)),
        Element::I8 => double(values!(i8, f64::from)),
        Element::I16 => double(values!(i16, f64::from)),
        Element::I32 => double(values!(i32, f64::from)),
        Element::I64 => double(values!(i64, |value| value as f64)),
        Element::U8 => double(values!(u8, f64::from)),
        Element::U16 => double(values!(u16, f64::from)),
        Element::U32 => double(values!(u32, f64::from)),
        Element::U64 => double(values!(u64, |value| value as f64)),
        Element::Bool => double(values!(u8, |value| f64::from(u8::from(value != 0)))),
    })
}

fn decode<const SIZE: usize, T>(mut file: impl Read, count: usize, value: impl Fn([u8; SIZE]) -> T) -> Result<Vec<T>> {
    const CHUNK: usize = 8192;
    let mut values = Vec::new();
    values.try_reserve_exact(count).with_context(|| format!("not enough memory for {count} values"))?;
    let mut buffer = vec![[0; SIZE]; CHUNK.min(count)];
    while values.len() < count {
        let chunk = &mut buffer[..CHUNK.min(count - values.len())];
        file.read_exact(chunk.as_flattened_mut())?;
        values.extend(chunk.iter().map(|&bytes| value(bytes)));
    }
    Ok(values)
}
