//! Matrices in memory, as they come out of a file or a corpus.

use anyhow::{Context, Result};

/// A matrix in the precision of its file.
#[derive(Debug, PartialEq)]
pub enum Input {
    F32(Matrix<f32>),
    F64(Matrix<f64>),
}

#[derive(Debug, PartialEq)]
pub enum Matrix<T> {
    Dense(Dense<T>),
    Sparse(Sparse<T>),
}

#[derive(Debug, PartialEq)]
pub struct Dense<T> {
    pub rows: usize,
    pub cols: usize,
    /// All `rows * cols` values, in `order`.
    pub values: Vec<T>,
    pub order: Order,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    RowMajor,
    ColumnMajor,
}

/// Compressed sparse rows: row `i` has its entries at `starts[i]..starts[i + 1]`, their columns
/// ascending and each at most once.
#[derive(Debug, PartialEq)]
pub struct Sparse<T> {
    pub rows: usize,
    pub cols: usize,
    pub starts: Vec<usize>,
    pub columns: Vec<u32>,
    pub values: Vec<T>,
}

impl Sparse<f64> {
    /// Builds the matrix from its `(row, column, value)` entries in any order; entries at the same
    /// place are added up in the order they come. The indices must be within `rows` and `cols`.
    pub fn from_triplets(
        rows: usize,
        cols: usize,
        triplets: impl Iterator<Item = (u32, u32, f64)> + Clone,
    ) -> Result<Self> {
        let mut starts = Vec::new();
        // A file's size line can ask for any number of rows, whatever the file's own size.
        starts.try_reserve_exact(rows + 1).with_context(|| format!("not enough memory for {rows} rows"))?;
        starts.resize(rows + 1, 0);
        for (row, ..) in triplets.clone() {
            starts[row as usize + 1] += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }

        let entries = starts[rows];
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        columns.try_reserve_exact(entries).with_context(|| format!("not enough memory for {entries} entries"))?;
        columns.resize(entries, 0);
        values.try_reserve_exact(entries).with_context(|| format!("not enough memory for {entries} entries"))?;
        values.resize(entries, 0.0);
        // Each start moves to the end of its row while the row fills, which is where the next row starts.
        for (row, column, value) in triplets {
            let slot = &mut starts[row as usize];
            columns[*slot] = column;
            values[*slot] = value;
            *slot += 1;
        }
        starts.copy_within(..rows, 1);
        starts[0] = 0;

        let mut matrix = Self { rows, cols, starts, columns, values };
        matrix.sort_rows();
        Ok(matrix)
    }

    /// Sorts every row by column, and adds up the entries that share one.
    fn sort_rows(&mut self) {
        let mut row: Vec<(u32, f64)> = Vec::new();
        let mut begin = 0;
        let mut kept = 0;
        for start in &mut self.starts[1..] {
            let entries = begin..*start;
            begin = *start;
            row.clear();
            let pairs = self.columns[entries.clone()].iter().zip(&self.values[entries]);
            row.extend(pairs.map(|(&column, &value)| (column, value)));
            row.sort_by_key(|&(column, _)| column);
            for same in row.chunk_by(|a, b| a.0 == b.0) {
                self.columns[kept] = same[0].0;
                self.values[kept] = same.iter().map(|&(_, value)| value).sum();
                kept += 1;
            }
            *start = kept;
        }
        self.columns.truncate(kept);
        self.values.truncate(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triplets_are_sorted_and_duplicates_added_up() {
        let triplets = [(2, 1, 5.0), (0, 2, 1.0), (0, 0, 2.0), (2, 1, 0.5), (0, 2, -4.0)];
        let matrix = Sparse::from_triplets(4, 3, triplets.into_iter()).unwrap();
        assert_eq!(
            matrix,
            Sparse {
                rows: 4,
                cols: 3,
                starts: vec![0, 2, 2, 3, 3],
                columns: vec![0, 2, 1],
                values: vec![2.0, -3.0, 5.5],
            }
        );
    }

    #[test]
    fn a_matrix_may_have_no_rows() {
        let matrix = Sparse::from_triplets(0, 3, [].into_iter()).unwrap();
        assert_eq!((matrix.starts, matrix.values.len()), (vec![0], 0));
    }
}
