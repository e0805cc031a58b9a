//! Matrix Market's `.mtx`, as `f64`: coordinate files become sparse matrices, array files dense ones.
//!
//! The parser is our own because those on crates.io are not made for malformed or for large files:
//! `nalgebra-sparse` panics on an index of more than 20 digits and holds the text, its parse tree and
//! a triplet for every value in memory, `sprs` reads no array files, and `matrix-market-rs` does not
//! check indices and reads no skew-symmetric files.

use std::io::BufRead;

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::excerpt;
use crate::matrix::{Dense, Input, Matrix, Order, Sparse};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Symmetry {
    General,
    Symmetric,
    Skew,
}

impl Symmetry {
    /// The first row that is stored of a column.
    fn first_row(self, column: usize) -> usize {
        match self {
            Self::General => 0,
            Self::Symmetric => column,
            Self::Skew => column + 1,
        }
    }

    /// The value at (j, i) that `value` at (i, j) stands for as well.
    fn mirrored(self, value: f64) -> Option<f64> {
        match self {
            Self::General => None,
            Self::Symmetric => Some(value),
            Self::Skew => Some(-value),
        }
    }
}

/// Reads a file of `length` bytes.
pub fn read(file: impl BufRead, length: u64) -> Result<Input> {
    let mut lines = Lines { file, line: Vec::new(), number: 0 };
    match read_matrix(&mut lines, length) {
        Ok(matrix) => Ok(Input::F64(matrix)),
        Err(error) => Err(error.context(format!("line {}", lines.number.max(1)))),
    }
}

fn read_matrix(lines: &mut Lines<impl BufRead>, length: u64) -> Result<Matrix<f64>> {
    lines.advance()?;
    let banner = String::from_utf8_lossy(&lines.line).to_lowercase();
    let words: Vec<&str> = banner.split_whitespace().collect();
    let ["%%matrixmarket", "matrix", format, field, symmetry] = words[..] else {
        bail!("the file does not begin with \"%%MatrixMarket matrix FORMAT FIELD SYMMETRY\"");
    };
    let pattern = match field {
        "real" | "integer" => false,
        "pattern" => true,
        "complex" => bail!("complex matrices are not supported"),
        _ => bail!("{} is none of real, integer and pattern", excerpt(field)),
    };
    let symmetry = match symmetry {
        "general" => Symmetry::General,
        "symmetric" => Symmetry::Symmetric,
        "skew-symmetric" if !pattern => Symmetry::Skew,
        "skew-symmetric" => bail!("a pattern cannot be skew-symmetric"),
        "hermitian" => bail!("Hermitian matrices are not supported"),
        _ => bail!("{} is none of general, symmetric and skew-symmetric", excerpt(symmetry)),
    };
    match format {
        "coordinate" => read_coordinate(lines, length, pattern, symmetry).map(Matrix::Sparse),
        "array" if !pattern => read_array(lines, length, symmetry).map(Matrix::Dense),
        "array" => bail!("an array cannot be a pattern"),
        _ => bail!("{} is neither coordinate nor array", excerpt(format)),
    }
}

fn read_coordinate(
    lines: &mut Lines<impl BufRead>,
    length: u64,
    pattern: bool,
    symmetry: Symmetry,
) -> Result<Sparse<f64>> {
    let [rows, cols, count] = lines.sizes("rows, columns and entries")?;
    check_square(rows, cols, symmetry)?;
    // An entry takes at least "1 1" and a line break.
    check_room(count as u128, 4, length)?;
    let (Ok(last_row), Ok(last_column)) = (u32::try_from(rows), u32::try_from(cols)) else {
        bail!("{rows} x {cols} is more than the accepted {} rows and columns", u32::MAX);
    };

    let mut entries = Vec::with_capacity(count);
    while let Some(line) = lines.next()? {
        ensure!(entries.len() < count, "an entry beyond the {count} that the header promises");
        let mut fields = line.split_ascii_whitespace();
        let (row, column, value) = match [(); 4].map(|()| fields.next()) {
            [Some(row), Some(column), None, None] if pattern => (row, column, 1.0),
            [Some(row), Some(column), Some(value), None] if !pattern => (row, column, number(value)?),
            _ if pattern => bail!("{} is not a row and a column", excerpt(line)),
            _ => bail!("{} is not a row, a column and a value", excerpt(line)),
        };
        let (row, column) = (index("row", row, last_row)?, index("column", column, last_column)?);
        ensure!(
            row as usize >= symmetry.first_row(column as usize),
            "{} is in the part of the matrix that follows from the symmetry",
            excerpt(line)
        );
        entries.push((row, column, value));
    }
    ensure!(entries.len() == count, "the file ends after {} of {count} entries", entries.len());

    let all = entries.iter().flat_map(|&(row, column, value)| {
        let mirrored = symmetry.mirrored(value).filter(|_| row != column);
        [Some((row, column, value)), mirrored.map(|value| (column, row, value))].into_iter().flatten()
    });
    Sparse::from_triplets(rows, cols, all)
}

fn read_array(lines: &mut Lines<impl BufRead>, length: u64, symmetry: Symmetry) -> Result<Dense<f64>> {
    let [rows, cols] = lines.sizes("rows and columns")?;
    check_square(rows, cols, symmetry)?;
    let (height, width) = (rows as u128, cols as u128);
    let count = match symmetry {
        Symmetry::General => height * width,
        Symmetry::Symmetric => height * (height + 1) / 2,
        Symmetry::Skew => height * height.saturating_sub(1) / 2,
    };
    // A value takes at least "1" and a line break.
    check_room(count, 2, length)?;
    let count = count as usize;

    let mut values = vec![0.0; rows * cols];
    let places = (0..cols).flat_map(|column| (symmetry.first_row(column)..rows).map(move |row| (row, column)));
    // `take` ends the walk over the columns of a matrix without rows.
    for (read, (row, column)) in places.take(count).enumerate() {
        let line = lines.next()?.with_context(|| format!("the file ends after {read} of {count} values"))?;
        let value = number(line)?;
        values[column * rows + row] = value;
        if let Some(mirrored) = symmetry.mirrored(value) {
            values[row * rows + column] = mirrored;
        }
    }
    ensure!(lines.next()?.is_none(), "a value beyond the {count} that the header promises");
    Ok(Dense { rows, cols, values, order: Order::ColumnMajor })
}

fn check_square(rows: usize, cols: usize, symmetry: Symmetry) -> Result<()> {
    ensure!(symmetry == Symmetry::General || rows == cols, "a {rows} x {cols} matrix cannot be symmetric");
    Ok(())
}

/// Refuses sizes that the file is too short for before anything is allocated for them. The last line
/// need not have a line break.
fn check_room(count: u128, shortest_line: u128, length: u64) -> Result<()> {
    ensure!(
        count <= (u128::from(length) + 1) / shortest_line,
        "{count} promised entries do not fit into a file of {length} bytes"
    );
    Ok(())
}

fn index(what: &str, text: &str, last: u32) -> Result<u32> {
    let index: Option<u32> = text.parse().ok().filter(|index| (1..=last).contains(index));
    Ok(index.with_context(|| format!("{what} {} is not a number from 1 to {last}", excerpt(text)))? - 1)
}

fn number(text: &str) -> Result<f64> {
    text.parse().map_err(|_| anyhow!("{} is not a number", excerpt(text)))
}

struct Lines<R> {
    file: R,
    line: Vec<u8>,
    /// That of `line`, from 1.
    number: usize,
}

impl<R: BufRead> Lines<R> {
    /// Goes to the next line; `false` at the end of the file.
    fn advance(&mut self) -> Result<bool> {
        self.line.clear();
        let read = self.file.read_until(b'\n', &mut self.line)?;
        self.number += usize::from(read > 0);
        Ok(read > 0)
    }

    /// The next line that is neither blank nor a comment.
    fn next(&mut self) -> Result<Option<&str>> {
        while self.advance()? {
            if !matches!(self.line.trim_ascii(), [] | [b'%', ..]) {
                let line = str::from_utf8(&self.line).context("the line is not text")?;
                return Ok(Some(line.trim_ascii()));
            }
        }
        Ok(None)
    }

    fn sizes<const N: usize>(&mut self, what: &str) -> Result<[usize; N]> {
        let line = self.next()?.with_context(|| format!("the file ends before the line of {what}"))?;
        let sizes: Option<Vec<usize>> = line.split_ascii_whitespace().map(|size| size.parse().ok()).collect();
        let sizes = sizes.and_then(|sizes| sizes.try_into().ok());
        sizes.with_context(|| format!("{} is not the number of {what}", excerpt(line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Matrix<f64>> {
        match read(text.as_bytes(), text.len() as u64)? {
            Input::F64(matrix) => Ok(matrix),
            Input::F32(_) => panic!("Matrix Market is read as f64"),
        }
    }

    fn sparse(kind: &str, rest: &str) -> Sparse<f64> {
        match read_text(&format!("%%MatrixMarket matrix coordinate {kind}\n{rest}")).unwrap() {
            Matrix::Sparse(matrix) => matrix,
            Matrix::Dense(_) => panic!("coordinates stay sparse"),
        }
    }

    fn dense(kind: &str, rest: &str) -> Dense<f64> {
        match read_text(&format!("%%MatrixMarket matrix array {kind}\n{rest}")).unwrap() {
            Matrix::Dense(matrix) => matrix,
            Matrix::Sparse(_) => panic!("arrays are dense"),
        }
    }

    fn refusal(banner: &str, rest: &str) -> String {
        format!("{:#}", read_text(&format!("%%MatrixMarket matrix {banner}\n{rest}")).unwrap_err())
    }

    #[test]
    fn coordinates_become_sorted_rows_with_duplicates_added() {
        let matrix = sparse("real general", "3 4 4\n3 4 1.5\n1 2 -1e1\n3 1 2\n3 4 +0.5\n");
        let expected = Sparse {
            rows: 3,
            cols: 4,
            starts: vec![0, 1, 1, 3],
            columns: vec![1, 0, 3],
            values: vec![-10.0, 2.0, 2.0],
        };
        assert_eq!(matrix, expected);
    }

    #[test]
    fn comments_blank_lines_line_breaks_and_case_do_not_matter() {
        let expected = sparse("integer general", "2 2 1\n2 1 7\n");
        let text = "%%MATRIXMARKET Matrix Coordinate INTEGER General\r\n% a\r\n\r\n%\r\n 2\t2 1 \r\n\r\n2 1 7\r\n\r\n";
        assert_eq!(read_text(text).unwrap(), Matrix::Sparse(expected));
        let latin1 = b"%%MatrixMarket matrix array real general\n% caf\xe9\n1 1\n4";
        assert!(read(&latin1[..], latin1.len() as u64).is_ok());
    }

    #[test]
    fn a_pattern_is_of_ones() {
        let matrix = sparse("pattern symmetric", "2 2 2\n2 1\n2 2\n");
        assert_eq!((matrix.starts, matrix.columns), (vec![0, 1, 3], vec![1, 0, 1]));
        assert_eq!(matrix.values, [1.0; 3]);
    }

    #[test]
    fn symmetric_entries_are_mirrored() {
        let matrix = sparse("real symmetric", "2 2 2\n1 1 3\n2 1 4\n");
        assert_eq!((matrix.columns, matrix.values), (vec![0, 1, 0], vec![3.0, 4.0, 4.0]));
        let matrix = sparse("real skew-symmetric", "2 2 1\n2 1 4\n");
        assert_eq!((matrix.columns, matrix.values), (vec![1, 0], vec![-4.0, 4.0]));
    }

    #[test]
    fn arrays_are_column_major() {
        let matrix = dense("real general", "2 3\n1\n2\n3\n 4 \n5\n6");
        assert_eq!((matrix.rows, matrix.cols, matrix.order), (2, 3, Order::ColumnMajor));
        assert_eq!(matrix.values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn symmetric_arrays_hold_the_lower_triangle() {
        let matrix = dense("real symmetric", "3 3\n1\n2\n3\n4\n5\n6\n");
        assert_eq!(matrix.values, [1.0, 2.0, 3.0, 2.0, 4.0, 5.0, 3.0, 5.0, 6.0]);
        let matrix = dense("real skew-symmetric", "3 3\n1\n2\n3\n");
        assert_eq!(matrix.values, [0.0, 1.0, 2.0, -1.0, 0.0, 3.0, -2.0, -3.0, 0.0]);
    }

    #[test]
    fn a_matrix_may_be_empty() {
        assert_eq!(sparse("real general", "0 5 0\n").starts, [0]);
        assert!(dense("real general", "0 99999999999999\n").values.is_empty());
        assert!(dense("real skew-symmetric", "0 0\n").values.is_empty());
    }

    #[test]
    fn what_a_real_matrix_cannot_be_is_refused_by_name() {
        let cases = [
            ("coordinate complex general", "complex matrices are not supported"),
            ("coordinate real hermitian", "Hermitian matrices are not supported"),
            ("array pattern general", "an array cannot be a pattern"),
            ("coordinate pattern skew-symmetric", "a pattern cannot be skew-symmetric"),
            ("coordinate quaternion general", "\"quaternion\" is none of real, integer and pattern"),
            ("coordinate real lower", "\"lower\" is none of general, symmetric and skew-symmetric"),
            ("elemental real general", "\"elemental\" is neither coordinate nor array"),
            ("coordinate real", "the file does not begin with \"%%MatrixMarket matrix FORMAT FIELD SYMMETRY\""),
            ("array real general 1", "the file does not begin with \"%%MatrixMarket matrix FORMAT FIELD SYMMETRY\""),
        ];
        for (banner, expected) in cases {
            assert_eq!(refusal(banner, "1 1 1\n1 1 1\n"), format!("line 1: {expected}"));
        }
    }

    #[test]
    fn indices_are_from_one_to_the_size() {
        let general = |entry| refusal("coordinate real general", &format!("% sizes\n2 3 1\n{entry} 1.0\n"));
        assert_eq!(general("3 1"), "line 4: row \"3\" is not a number from 1 to 2");
        assert_eq!(general("1 0"), "line 4: column \"0\" is not a number from 1 to 3");
        assert_eq!(
            general("1 99999999999999999999999"),
            "line 4: column \"99999999999999999999999\" is not a number from 1 to 3"
        );
        assert_eq!(general("-1 1"), "line 4: row \"-1\" is not a number from 1 to 2");
    }

    #[test]
    fn an_entry_has_as_many_fields_as_the_field_asks_for() {
        let real = |entry| refusal("coordinate real general", &format!("2 3 1\n{entry}\n"));
        assert_eq!(real("1 1"), "line 3: \"1 1\" is not a row, a column and a value");
        assert_eq!(real("1 1 1 1"), "line 3: \"1 1 1 1\" is not a row, a column and a value");
        assert_eq!(real("1 1 x"), "line 3: \"x\" is not a number");
        assert_eq!(
            refusal("coordinate pattern general", "2 3 1\n1 1 1\n"),
            "line 3: \"1 1 1\" is not a row and a column"
        );
        assert_eq!(refusal("array real general", "1 1\n1 2\n"), "line 3: \"1 2\" is not a number");
    }

    #[test]
    fn there_are_as_many_entries_as_promised() {
        let real = |rest| refusal("coordinate real general", rest);
        assert_eq!(real("2 2 2\n1 1 1\n"), "line 3: the file ends after 1 of 2 entries");
        assert_eq!(real("2 2 1\n1 1 1\n\n2 2 1\n"), "line 5: an entry beyond the 1 that the header promises");
        let array = |rest| refusal("array real general", rest);
        assert_eq!(array("2 1\n1\n"), "line 3: the file ends after 1 of 2 values");
        assert_eq!(array("1 1\n1\n2\n"), "line 4: a value beyond the 1 that the header promises");
        let empty = format!("{:#}", read_text("").unwrap_err());
        assert!(empty.starts_with("line 1: the file does not begin with"), "{empty}");
        assert_eq!(array(""), "line 1: the file ends before the line of rows and columns");
        assert_eq!(array("1 1 1\n"), "line 2: \"1 1 1\" is not the number of rows and columns");
    }

    #[test]
    fn sizes_beyond_the_file_are_refused_before_memory_is_taken() {
        let expected = "line 2: 18446744073709551615 promised entries do not fit into a file of 71 bytes";
        assert_eq!(refusal("coordinate real general", "1 1 18446744073709551615\n"), expected);
        let error = refusal("array real general", "18446744073709551615 18446744073709551615\n");
        assert!(error.contains("promised entries do not fit"), "{error}");
        let error = refusal("coordinate real general", "1 4294967296 0\n");
        assert_eq!(error, "line 2: 1 x 4294967296 is more than the accepted 4294967295 rows and columns");
    }

    #[test]
    fn symmetric_matrices_are_square_and_give_one_triangle() {
        assert_eq!(refusal("array real symmetric", "2 3\n"), "line 2: a 2 x 3 matrix cannot be symmetric");
        let implied = "is in the part of the matrix that follows from the symmetry";
        assert_eq!(refusal("coordinate real symmetric", "2 2 1\n1 2 5\n"), format!("line 3: \"1 2 5\" {implied}"));
        assert_eq!(refusal("coordinate real skew-symmetric", "2 2 1\n1 1 5\n"), format!("line 3: \"1 1 5\" {implied}"));
    }
}
