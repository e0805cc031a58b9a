//! Comma- and tab-separated values, as `f64`: one row a line, with or without a header line.

use std::io::{self, BufReader, Read, Seek};

use anyhow::{Result, bail, ensure};
use csv::{ByteRecord, ReaderBuilder, Trim};

use super::excerpt;
use crate::matrix::{Dense, Input, Matrix, Order};

/// Reads all lines of `file`. The first is a header, and skipped, if none of its fields is a number.
pub fn read(mut file: impl Read + Seek, delimiter: u8) -> Result<Input> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        // Ragged rows are refused by `Table`, for the sake of the line number.
        .flexible(true)
        .trim(Trim::All)
        .from_reader(&mut file);
    let mut table = Table::default();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        if let Err(Fault { column, problem }) = table.push(&record) {
            let start = record.position().map_or(0, |position| position.byte());
            drop(reader);
            let line = line_number(file, start)?;
            match column {
                Some(column) => bail!("line {line}, column {column}: {problem}"),
                None => bail!("line {line}: {problem}"),
            }
        }
    }
    ensure!(table.rows > 0, "the file has no rows of numbers");
    let Table { rows, cols, values } = table;
    Ok(Input::F64(Matrix::Dense(Dense { rows, cols, values, order: Order::RowMajor })))
}

#[derive(Default)]
struct Table {
    rows: usize,
    cols: usize,
    values: Vec<f64>,
}

/// What is wrong with a record, or with a single field of it.
struct Fault {
    column: Option<usize>,
    problem: String,
}

impl Table {
    fn push(&mut self, record: &ByteRecord) -> Result<(), Fault> {
        let whole = |problem| Fault { column: None, problem };
        if self.cols == 0 {
            self.cols = record.len();
            if is_header(record).map_err(whole)? {
                return Ok(());
            }
        }
        if record.len() != self.cols {
            return Err(whole(format!("{} fields where the first line has {}", record.len(), self.cols)));
        }
        for (index, field) in record.iter().enumerate() {
            let value = number(field).ok_or_else(|| Fault {
                column: Some(index + 1),
                problem: format!("{} is not a number", text(field)),
            })?;
            self.values.push(value);
        }
        self.rows += 1;
        Ok(())
    }
}

fn is_header(first: &ByteRecord) -> Result<bool, String> {
    let a_number = first.iter().find(|field| number(field).is_some());
    let a_name = first.iter().find(|field| number(field).is_none());
    match (a_number, a_name) {
        (Some(number), Some(name)) => Err(format!(
            "{} is a number and {} is not: the first line must be all numbers, or a header without any",
            text(number),
            text(name)
        )),
        (number, _) => Ok(number.is_none()),
    }
}

fn number(field: &[u8]) -> Option<f64> {
    str::from_utf8(field).ok()?.parse().ok()
}

fn text(field: &[u8]) -> String {
    match field {
        [] => "an empty field".into(),
        _ => excerpt(&String::from_utf8_lossy(field)),
    }
}

/// The number of the line with the record that `csv` says to begin at byte `start`. That is
/// before any blank lines and the second half of a CRLF, which its own line numbers leave out too.
fn line_number(mut file: impl Read + Seek, start: u64) -> io::Result<usize> {
    file.rewind()?;
    let mut line = 1;
    for (at, byte) in BufReader::new(file).bytes().enumerate() {
        match byte? {
            b'\n' => line += 1,
            b'\r' => {}
            _ if at as u64 >= start => break,
            _ => {}
        }
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn values(text: &str) -> (usize, usize, Vec<f64>) {
        let Input::F64(Matrix::Dense(matrix)) = read(Cursor::new(text), b',').unwrap() else {
            panic!("{text:?} is not read as dense f64");
        };
        assert_eq!(matrix.order, Order::RowMajor);
        (matrix.rows, matrix.cols, matrix.values)
    }

    fn refusal(text: impl AsRef<[u8]>) -> String {
        format!("{:#}", read(Cursor::new(text), b',').unwrap_err())
    }

    #[test]
    fn rows_are_read_with_or_without_a_header() {
        let expected = (2, 3, vec![1.0, -2.5, 3e4, 4.0, 5.0, 6.0]);
        assert_eq!(values("1,-2.5,3e4\n4,5,6\n"), expected);
        assert_eq!(values("1,-2.5,3e4\n4,5,6"), expected);
        assert_eq!(values("a,b,\"c, d\"\r\n1,-2.5,3e4\r\n\r\n4,5,6\r\n"), expected);
        assert_eq!(values("\u{feff}1 , -2.5,\"3e4\"\n 4,5,6 \n"), expected);
    }

    #[test]
    fn tabs_separate_as_well() {
        let input = read(Cursor::new("a\tb\n1\t2\n"), b'\t').unwrap();
        let values = vec![1.0, 2.0];
        assert_eq!(input, Input::F64(Matrix::Dense(Dense { rows: 1, cols: 2, values, order: Order::RowMajor })));
    }

    #[test]
    fn nan_and_infinity_are_numbers() {
        let (rows, cols, values) = values("nan,inf\n-inf,0\n");
        assert_eq!((rows, cols), (2, 2));
        assert!(values[0].is_nan());
        assert_eq!(values[1..], [f64::INFINITY, f64::NEG_INFINITY, 0.0]);
    }

    #[test]
    fn a_first_line_of_names_and_numbers_is_refused() {
        let expected = "line 1: \"2\" is a number and \"a\" is not: \
                        the first line must be all numbers, or a header without any";
        assert_eq!(refusal("a,2\n3,4\n"), expected);
    }

    #[test]
    fn what_is_not_a_number_is_named_with_its_place() {
        assert_eq!(refusal("1,2\n3,abc\n"), "line 2, column 2: \"abc\" is not a number");
        assert_eq!(refusal("name,x\r\n\r\nalice,1\r\n"), "line 3, column 1: \"alice\" is not a number");
        assert_eq!(refusal("\n\n1,2\n3,\n"), "line 4, column 2: an empty field is not a number");
        assert_eq!(refusal(b"1,2\n3,\xff\n"), "line 2, column 2: \"\u{fffd}\" is not a number");
    }

    #[test]
    fn ragged_rows_are_refused() {
        assert_eq!(refusal("a,b\n1,2\n\n3\n"), "line 4: 1 fields where the first line has 2");
        assert_eq!(refusal("1,2\n3,4,5"), "line 2: 3 fields where the first line has 2");
    }

    #[test]
    fn a_file_without_numbers_is_refused() {
        for text in ["", "\n\n", "a,b\n"] {
            assert_eq!(refusal(text), "the file has no rows of numbers");
        }
    }
}
