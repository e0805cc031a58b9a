//! The scratch lengths of methods that reach their matrix through an operator.

use lowrank::operator::{Csr, Dense, Entries, LinearOperator, Scan};
use lowrank::{Error, MatMut, MatRef};

/// A matrix of which no more than the shape is known. Lengths do not depend on the number type.
pub struct Shape {
    pub rows: usize,
    pub cols: usize,
    pub sparse: bool,
}

/// There is no matrix.
const NO_ENTRIES: Error = Error::Operator { code: 0 };

impl LinearOperator<f64> for Shape {
    fn rows(&self) -> usize {
        self.rows
    }
    fn cols(&self) -> usize {
        self.cols
    }
    fn check(&self) -> Result<Scan<f64>, Error> {
        Err(NO_ENTRIES)
    }
    fn scratch_len(&self, k: usize) -> usize {
        if self.sparse {
            Csr::<f64>::scratch_len_for(self.cols)
        } else {
            Dense::<f64>::scratch_len_for(self.rows, self.cols, k)
        }
    }
    fn apply(&self, _b: MatRef<'_, f64>, _c: MatMut<'_, f64>, _scratch: &mut [f64]) -> Result<(), Error> {
        Err(NO_ENTRIES)
    }
    fn apply_transpose(&self, _b: MatRef<'_, f64>, _c: MatMut<'_, f64>, _scratch: &mut [f64]) -> Result<(), Error> {
        Err(NO_ENTRIES)
    }
}

impl Entries<f64> for Shape {
    fn copy_rows(&self, _first: usize, _panel: MatMut<'_, f64>) {}
}

/// Exports the lengths of a method for a dense and for a sparse matrix: `lengths! { dense, sparse: |x, k, ..| length }`.
macro_rules! lengths {
    ($($dense:ident, $sparse:ident: |$x:ident $(, $argument:ident)*| $length:expr;)*) => {$(
        $crate::exports::shape::lengths!(@one $dense, false, $x, ($($argument),*), $length);
        $crate::exports::shape::lengths!(@one $sparse, true, $x, ($($argument),*), $length);
    )*};
    (@one $name:ident, $sparse:literal, $x:ident, ($($argument:ident),*), $length:expr) => {
        #[unsafe(no_mangle)]
        extern "C" fn $name(m: usize, n: usize $(, $argument: usize)*) -> usize {
            let $x = &$crate::exports::shape::Shape { rows: m, cols: n, sparse: $sparse };
            $length
        }
    };
}
pub(crate) use lengths;
