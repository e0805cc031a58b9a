//! `.safetensors`: one named 2-D tensor, read without the rest of the file.

use std::io::{Read, Seek, SeekFrom};

use anyhow::{Context, Result, bail, ensure};
use safetensors::Dtype;
use safetensors::tensor::Metadata;

use super::elements::{self, Element, Endian};
use crate::matrix::{Input, Order};

/// Reads the tensor `name` out of a file of `length` bytes.
pub fn read(mut file: impl Read + Seek, length: u64, name: Option<&str>) -> Result<Input> {
    let (metadata, data) = read_metadata(&mut file, length)?;
    let Some(name) = name else {
        bail!("choose a tensor with --tensor; {}", matrices(&metadata));
    };
    let Some(tensor) = metadata.info(name) else {
        bail!("there is no tensor {name:?}; {}", matrices(&metadata));
    };
    let [rows, cols] = tensor.shape[..] else {
        bail!("tensor {name:?} is {}-D where a matrix is 2-D; {}", tensor.shape.len(), matrices(&metadata));
    };
    let element = element(tensor.dtype)
        .with_context(|| format!("tensor {name:?}: the type {} is not supported", tensor.dtype))?;
    file.seek(SeekFrom::Start(data + tensor.data_offsets.0 as u64))?;
    elements::read_dense(file, element, Endian::Little, (rows, cols), Order::RowMajor)
}

/// The header, checked by the crate for consistent shapes and offsets, and the byte where the data
/// begin. `SafeTensors::read_metadata` does the same but wants the whole file in memory.
fn read_metadata(file: &mut (impl Read + Seek), length: u64) -> Result<(Metadata, u64)> {
    const SIZE: u64 = 8;
    // The format's own limit.
    const LONGEST: u64 = 100_000_000;

    ensure!(length >= SIZE, "the file ends within the safetensors header");
    let mut size = [0; SIZE as usize];
    file.read_exact(&mut size)?;
    let size = u64::from_le_bytes(size);
    ensure!(
        size <= LONGEST.min(length - SIZE),
        "the file says its header is {size} bytes long, which is no safetensors file of {length} bytes"
    );
    let mut header = vec![0; size as usize];
    file.read_exact(&mut header)?;
    let metadata: Metadata = serde_json::from_slice(&header).context("the safetensors header is malformed")?;

    let (promised, held) = (metadata.data_len() as u64, length - SIZE - size);
    ensure!(promised == held, "the header promises {promised} bytes of tensors, but {held} bytes follow it");
    Ok((metadata, SIZE + size))
}

/// Says which tensors can be chosen.
fn matrices(metadata: &Metadata) -> String {
    const SHOWN: usize = 10;
    let mut names = metadata.offset_keys();
    names.retain(|name| metadata.info(name).is_some_and(|tensor| tensor.shape.len() == 2));
    names.sort();
    if names.is_empty() {
        return "the file has no 2-D tensors".into();
    }
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
    let more = match names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("the 2-D tensors are {}{more}", shown.join(", "))
}

fn element(dtype: Dtype) -> Option<Element> {
    Some(match dtype {
        Dtype::BOOL => Element::Bool,
        Dtype::U8 => Element::U8,
        Dtype::I8 => Element::I8,
        Dtype::U16 => Element::U16,
        Dtype::I16 => Element::I16,
        Dtype::U32 => Element::U32,
        Dtype::I32 => Element::I32,
        Dtype::U64 => Element::U64,
        Dtype::I64 => Element::I64,
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::BF16,
        Dtype::F32 => Element::F32,
        Dtype::F64 => Element::F64,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use safetensors::tensor::TensorView;

    use super::*;
    use crate::matrix::{Dense, Matrix};

    fn file(tensors: &[(&str, Dtype, &[usize], &[u8])]) -> Vec<u8> {
        let views = tensors
            .iter()
            .map(|&(name, dtype, shape, data)| (name, TensorView::new(dtype, shape.to_vec(), data).unwrap()));
        safetensors::serialize(views, None).unwrap()
    }

    fn read_bytes(bytes: &[u8], name: Option<&str>) -> Result<Input> {
        read(Cursor::new(bytes), bytes.len() as u64, name)
    }

    fn refusal(bytes: &[u8], name: Option<&str>) -> String {
        format!("{:#}", read_bytes(bytes, name).unwrap_err())
    }

    #[test]
    fn the_named_tensor_is_read_in_its_precision() {
        let single: Vec<u8> = [1.0f32, 2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        let double: Vec<u8> = [3.0f64, 4.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        let bytes = file(&[
            ("single", Dtype::F32, &[1, 2], &single),
            ("double", Dtype::F64, &[2, 1], &double),
            ("half", Dtype::F16, &[1, 2], &[0x00, 0x3c, 0x00, 0xc1]),
            ("brain", Dtype::BF16, &[1, 2], &[0x80, 0x3f, 0x20, 0xc0]),
            ("int", Dtype::I16, &[1, 2], &[0xff, 0xff, 2, 0]),
            ("bool", Dtype::BOOL, &[2, 1], &[0, 1]),
        ]);
        let order = Order::RowMajor;
        let single = |values| Input::F32(Matrix::Dense(Dense { rows: 1, cols: 2, values, order }));
        let double = |rows, cols, values| Input::F64(Matrix::Dense(Dense { rows, cols, values, order }));
        let cases = [
            ("single", single(vec![1.0, 2.0])),
            ("double", double(2, 1, vec![3.0, 4.0])),
            ("half", single(vec![1.0, -2.5])),
            ("brain", single(vec![1.0, -2.5])),
            ("int", double(1, 2, vec![-1.0, 2.0])),
            ("bool", double(2, 1, vec![0.0, 1.0])),
        ];
        for (name, expected) in cases {
            assert_eq!(read_bytes(&bytes, Some(name)).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn without_a_known_name_the_choices_are_listed() {
        let one = file(&[
            ("W", Dtype::U16, &[1, 1], &[0, 0]),
            ("V", Dtype::U8, &[1, 1], &[0]),
            ("bias", Dtype::U8, &[1], &[0]),
        ]);
        assert_eq!(refusal(&one, None), "choose a tensor with --tensor; the 2-D tensors are \"V\", \"W\"");
        assert_eq!(refusal(&one, Some("X")), "there is no tensor \"X\"; the 2-D tensors are \"V\", \"W\"");
        assert_eq!(
            refusal(&one, Some("bias")),
            "tensor \"bias\" is 1-D where a matrix is 2-D; the 2-D tensors are \"V\", \"W\""
        );
        assert!(refusal(&file(&[]), None).ends_with("the file has no 2-D tensors"));

        let names: Vec<String> = (0..13).map(|index| format!("{index:02}")).collect();
        let many: Vec<(&str, Dtype, &[usize], &[u8])> =
            names.iter().map(|name| (&**name, Dtype::U8, &[1, 1][..], &[0][..])).collect();
        assert!(refusal(&file(&many), None).ends_with("\"08\", \"09\" and 3 more"));
    }

    #[test]
    fn other_types_are_refused_by_name() {
        let bytes = file(&[("W", Dtype::F8_E4M3, &[1, 1], &[0])]);
        assert_eq!(refusal(&bytes, Some("W")), "tensor \"W\": the type F8_E4M3 is not supported");
    }

    #[test]
    fn the_file_must_be_as_long_as_promised() {
        let mut bytes = file(&[("W", Dtype::U8, &[2, 2], &[0; 4])]);
        let complete = bytes.len();
        assert_eq!(
            refusal(&bytes[..complete - 1], Some("W")),
            "the header promises 4 bytes of tensors, but 3 bytes follow it"
        );
        bytes.push(0);
        assert_eq!(refusal(&bytes, Some("W")), "the header promises 4 bytes of tensors, but 5 bytes follow it");
        assert_eq!(refusal(&bytes[..5], Some("W")), "the file ends within the safetensors header");
        bytes[7] = 0xff;
        assert!(refusal(&bytes, Some("W")).starts_with("the file says its header is 1837468647967162"));
    }

    #[test]
    fn a_malformed_header_is_refused() {
        let header = br#"{"W":{"dtype":"U8","shape":[2,2],"data_offsets":[1,5]}}"#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header);
        bytes.extend([0; 5]);
        assert_eq!(refusal(&bytes, Some("W")), "the safetensors header is malformed: invalid offset for tensor `W`");
    }
}
