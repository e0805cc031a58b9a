//! NumPy's `.npy`.
//!
//! The header's dictionary is matched here and not by `npyz`, whose reader is not made for files
//! of unknown origin: it allocates as much as the header's length field says, multiplies the shape
//! without an overflow check and takes exponential time on nested brackets. Its type strings are
//! used as they are.

use std::io::{self, Read};
use std::sync::LazyLock;

use anyhow::{Context, Result, anyhow, bail, ensure};
use npyz::{Endianness, TypeChar, TypeStr};
use regex::Regex;

use super::elements::{self, Element, Endian};
use super::excerpt;
use crate::matrix::{Input, Order};

/// NumPy reads no longer header either; that of a plain matrix takes about 120 bytes.
const LONGEST_HEADER: usize = 10_000;

/// The three entries of the dictionary, which may come in any order.
static DICTIONARY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?x)
        ^ \{ (?:
            \s* (?:
                ['"]descr['"] \s*:\s* (?: ['"](?<descr>[^'"]*)['"] | (?<structured>\[.*\]) )
              | ['"]fortran_order['"] \s*:\s* (?<fortran>True|False)
              | ['"]shape['"] \s*:\s* \( (?<shape>[0-9,\s]*) \)
            ) \s* ,?
        )* \s* \} \s* $"#,
    )
    .expect("the pattern is valid")
});

/// Reads a 2-D array out of a file of `length` bytes; one in Fortran order stays so.
pub fn read(mut file: impl Read, length: u64) -> Result<Input> {
    let (header, header_length) = read_header(&mut file)?;
    let entries = DICTIONARY
        .captures(&header)
        .with_context(|| format!("the header is not an npy dictionary: {}", excerpt(&header)))?;
    ensure!(entries.name("structured").is_none(), "structured arrays are not supported");
    let entry = |name| {
        let value = entries.name(name).map(|value| value.as_str());
        value.with_context(|| format!("the header has no {name}: {}", excerpt(&header)))
    };
    let descr = entry("descr")?;
    let order = match entry("fortran")? {
        "True" => Order::ColumnMajor,
        _ => Order::RowMajor,
    };
    let shape = entry("shape")?;

    let (element, endian) = element(descr)?;
    let (rows, cols) = dimensions(shape)?;
    let promised = rows.checked_mul(cols).and_then(|count| count.checked_mul(element.size()));
    let held = length.saturating_sub(header_length);
    if promised.map(|bytes| bytes as u64) != Some(held) {
        let bytes = promised.map_or("beyond counting".into(), |bytes| format!("{bytes} bytes"));
        bail!(
            "the header promises {rows} x {cols} values of {descr} ({bytes}), but {held} bytes \
             follow it"
        );
    }
    elements::read_dense(file, element, endian, (rows, cols), order)
}

/// The header's text, and the number of bytes up to the data.
fn read_header(file: &mut impl Read) -> Result<(String, u64)> {
    let mut start = [0; 8];
    file.read_exact(&mut start).map_err(cut_short)?;
    let [magic @ .., major, minor] = &start;
    ensure!(magic == b"\x93NUMPY", "the file does not begin as an npy file does");
    let (length, length_size) = match (major, minor) {
        (1, 0) => {
            let mut bytes = [0; 2];
            file.read_exact(&mut bytes).map_err(cut_short)?;
            (usize::from(u16::from_le_bytes(bytes)), bytes.len())
        }
        (2 | 3, 0) => {
            let mut bytes = [0; 4];
            file.read_exact(&mut bytes).map_err(cut_short)?;
            (u32::from_le_bytes(bytes) as usize, bytes.len())
        }
        _ => bail!("version {major}.{minor} of the npy format is not known"),
    };
    ensure!(length <= LONGEST_HEADER, "the npy header is {length} bytes long, more than the accepted {LONGEST_HEADER}");

    let mut header = vec![0; length];
    file.read_exact(&mut header).map_err(cut_short)?;
    let header = String::from_utf8(header).context("the npy header is not text")?;
    Ok((header, (start.len() + length_size + length) as u64))
}

fn cut_short(error: io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => anyhow!("the file ends within the npy header"),
        _ => error.into(),
    }
}

fn element(descr: &str) -> Result<(Element, Endian)> {
    let kind: TypeStr = descr.parse().map_err(|_| anyhow!("{} is not a dtype", excerpt(descr)))?;
    let element = match (kind.type_char(), kind.size_field()) {
        (TypeChar::Float, 2) => Element::F16,
        (TypeChar::Float, 4) => Element::F32,
        (TypeChar::Float, 8) => Element::F64,
        (TypeChar::Int, 1) => Element::I8,
        (TypeChar::Int, 2) => Element::I16,
        (TypeChar::Int, 4) => Element::I32,
        (TypeChar::Int, 8) => Element::I64,
        (TypeChar::Uint, 1) => Element::U8,
        (TypeChar::Uint, 2) => Element::U16,
        (TypeChar::Uint, 4) => Element::U32,
        (TypeChar::Uint, 8) => Element::U64,
        (TypeChar::Bool, _) => Element::Bool,
        (other, _) => {
            let name = match other {
                TypeChar::Complex => "complex numbers",
                TypeChar::ByteStr | TypeChar::UnicodeStr => "strings",
                TypeChar::Object => "Python objects",
                TypeChar::DateTime | TypeChar::TimeDelta => "dates",
                TypeChar::Float => "floats of more than 64 bits",
                _ => "raw data",
            };
            bail!("{name} (dtype {descr}) are not supported");
        }
    };
    let endian = match kind.endianness() {
        Endianness::Big => Endian::Big,
        Endianness::Little | Endianness::Irrelevant => Endian::Little,
    };
    Ok((element, endian))
}

fn dimensions(shape: &str) -> Result<(usize, usize)> {
    let sizes: Vec<&str> = shape.split(',').map(str::trim).filter(|size| !size.is_empty()).collect();
    let [rows, cols] = sizes[..] else {
        bail!("the array is {}-D where a matrix is 2-D", sizes.len());
    };
    let size = |text: &str| text.parse().with_context(|| format!("{} is not the size of a dimension", excerpt(text)));
    Ok((size(rows)?, size(cols)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{Dense, Matrix};

    fn file(version: u8, descr: &str, fortran: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let dictionary = format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
        let length = dictionary.len() as u32;
        let mut bytes = vec![0x93, b'N', b'U', b'M', b'P', b'Y', version, 0];
        bytes.extend(&length.to_le_bytes()[..if version == 1 { 2 } else { 4 }]);
        bytes.extend(dictionary.bytes());
        bytes.extend(data);
        bytes
    }

    fn read_bytes(bytes: &[u8]) -> Result<Input> {
        read(bytes, bytes.len() as u64)
    }

    fn refusal(bytes: &[u8]) -> String {
        format!("{:#}", read_bytes(bytes).unwrap_err())
    }

    fn double(rows: usize, cols: usize, values: &[f64], order: Order) -> Input {
        Input::F64(Matrix::Dense(Dense { rows, cols, values: values.into(), order }))
    }

    #[test]
    fn single_precision_stays_single() {
        let values = [1.5f32, -2.0, 0.0, f32::MIN_POSITIVE, 5.0, 6.0];
        let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let expected =
            Input::F32(Matrix::Dense(Dense { rows: 2, cols: 3, values: values.into(), order: Order::RowMajor }));
        for version in 1..=3 {
            assert_eq!(read_bytes(&file(version, "'<f4'", "False", "(2, 3)", &data)).unwrap(), expected);
        }
    }

    #[test]
    fn fortran_order_stays_column_major() {
        let data: Vec<u8> = [1.0f64, 2.0, 3.0, 4.0].iter().flat_map(|value| value.to_be_bytes()).collect();
        let input = read_bytes(&file(1, "'>f8'", "True", "(1, 4)", &data)).unwrap();
        assert_eq!(input, double(1, 4, &[1.0, 2.0, 3.0, 4.0], Order::ColumnMajor));
    }

    #[test]
    fn integers_and_booleans_become_doubles_in_either_byte_order() {
        let cases: [(&str, &[u8], [f64; 2]); 8] = [
            ("'|b1'", &[1, 0], [1.0, 0.0]),
            ("'|i1'", &[0xff, 5], [-1.0, 5.0]),
            ("'|u1'", &[0xff, 5], [255.0, 5.0]),
            ("'<i2'", &[0xfe, 0xff, 1, 2], [-2.0, 513.0]),
            ("'>u2'", &[0xff, 0xfe, 1, 2], [65534.0, 258.0]),
            ("'>i4'", &[0xff, 0xff, 0xff, 0xfd, 0, 0, 1, 0], [-3.0, 256.0]),
            ("'<u8'", &[0, 0, 0, 0, 0, 0, 0, 0x80, 7, 0, 0, 0, 0, 0, 0, 0], [9223372036854775808.0, 7.0]),
            ("'>i8'", &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7], [-9223372036854775808.0, 7.0]),
        ];
        for (descr, data, values) in cases {
            let input = read_bytes(&file(1, descr, "False", "(2, 1)", data)).unwrap();
            assert_eq!(input, double(2, 1, &values, Order::RowMajor), "{descr}");
        }
    }

    #[test]
    fn half_precision_becomes_single() {
        let input = read_bytes(&file(1, "'<f2'", "False", "(1, 2)", &[0x00, 0x3c, 0x00, 0xc1])).unwrap();
        let values = vec![1.0, -2.5];
        assert_eq!(input, Input::F32(Matrix::Dense(Dense { rows: 1, cols: 2, values, order: Order::RowMajor })));
    }

    #[test]
    fn more_values_than_the_buffer_holds_arrive_in_order() {
        let values: Vec<f64> = (0..20_001).map(f64::from).collect();
        let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let input = read_bytes(&file(1, "'<f8'", "False", "(3, 6667)", &data)).unwrap();
        assert_eq!(input, double(3, 6667, &values, Order::RowMajor));
    }

    #[test]
    fn a_matrix_may_have_no_rows() {
        let input = read_bytes(&file(1, "'<f8'", "False", "(0, 3)", &[])).unwrap();
        assert_eq!(input, double(0, 3, &[], Order::RowMajor));
    }

    #[test]
    fn the_dictionary_may_be_in_any_order_and_style() {
        let mut bytes = b"\x93NUMPY\x01\x00\x40\x00".to_vec();
        bytes.extend(format!("{:64}", r#"{"shape":(1,1,),"fortran_order":False,"descr":"|u1"}"#).bytes());
        bytes.push(9);
        assert_eq!(read_bytes(&bytes).unwrap(), double(1, 1, &[9.0], Order::RowMajor));
    }

    #[test]
    fn the_data_must_be_as_long_as_promised() {
        let promise = "the header promises 2 x 2 values of <f4 (16 bytes), but";
        assert_eq!(refusal(&file(1, "'<f4'", "False", "(2, 2)", &[0; 15])), format!("{promise} 15 bytes follow it"));
        assert_eq!(refusal(&file(1, "'<f4'", "False", "(2, 2)", &[0; 17])), format!("{promise} 17 bytes follow it"));
        let huge = "(4294967296, 4294967296)";
        assert!(refusal(&file(1, "'<f4'", "False", huge, &[0; 16])).contains("(beyond counting), but 16 bytes"));
        let huge = "(1, 99999999999999999999)";
        assert!(refusal(&file(1, "'<f4'", "False", huge, &[])).contains("\"99999999999999999999\" is not the size"));
    }

    #[test]
    fn other_than_two_dimensions_are_refused() {
        for (shape, dimensions) in [("()", 0), ("(4,)", 1), ("(1, 2, 2)", 3)] {
            let expected = format!("the array is {dimensions}-D where a matrix is 2-D");
            assert_eq!(refusal(&file(1, "'|u1'", "False", shape, &[0; 4])), expected);
        }
    }

    #[test]
    fn other_types_are_refused_by_name() {
        let cases = [
            ("'<c16'", "complex numbers (dtype <c16) are not supported"),
            ("'<U5'", "strings (dtype <U5) are not supported"),
            ("'|S5'", "strings (dtype |S5) are not supported"),
            ("'|O'", "Python objects (dtype |O) are not supported"),
            ("'<M8[ns]'", "dates (dtype <M8[ns]) are not supported"),
            ("'<f16'", "floats of more than 64 bits (dtype <f16) are not supported"),
            ("'|V8'", "raw data (dtype |V8) are not supported"),
            ("[('a', '<f4'), ('b', '<i4')]", "structured arrays are not supported"),
            ("'f4'", "\"f4\" is not a dtype"),
        ];
        for (descr, expected) in cases {
            assert_eq!(refusal(&file(1, descr, "False", "(1, 1)", &[0; 8])), expected);
        }
    }

    #[test]
    fn a_file_that_is_not_npy_is_refused() {
        let valid = file(1, "'|u1'", "False", "(1, 1)", &[0]);
        assert_eq!(refusal(b"1,2,3\n4,5,6\n"), "the file does not begin as an npy file does");
        assert_eq!(refusal(&valid[..30]), "the file ends within the npy header");
        assert_eq!(refusal(&file(4, "'|u1'", "False", "(1, 1)", &[0])), "version 4.0 of the npy format is not known");
        assert!(refusal(&file(1, "'|u1'", "Maybe", "(1, 1)", &[0])).starts_with("the header is not an npy dictionary"));
        let mut long = b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec();
        long.extend([b'['; 20_000]);
        assert!(refusal(&long).starts_with("the npy header is 4294967295 bytes long"));
    }

    #[test]
    fn a_missing_entry_is_named() {
        let mut bytes = b"\x93NUMPY\x01\x00\x16\x00".to_vec();
        bytes.extend(b"{'fortran_order':True}");
        assert!(refusal(&bytes).starts_with("the header has no descr"));
    }
}
