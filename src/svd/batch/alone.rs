//! A matrix that leaves the lanes.

use super::{BATCH_MAX, ENTRIES, Job, Order};
use crate::columns::Total;
use crate::real::Real;
use crate::svd::{Info, columns, jacobi_unblocked, jacobi_unblocked_scratch_len};
use crate::view::{MatMut, MatRef};

/// One matrix of the job through [`jacobi_unblocked`]. Returns what happened, and the largest singular value.
pub(super) fn alone<T: Real>(job: &mut Job<'_, '_, T>, matrix: usize) -> (Info, T) {
    let (m, n) = job.shape;
    let (left, right) = columns(job.shape, job.options.vectors);
    let mut entries = [T::ZERO; ENTRIES];
    for (j, entry) in entries.iter_mut().enumerate().take(m * n) {
        *entry = job.a.at(matrix, j);
    }
    let [mut values, mut left_entries, mut right_entries] = [[T::ZERO; ENTRIES]; 3];
    let mut scratch = [T::ZERO; jacobi_unblocked_scratch_len(BATCH_MAX, BATCH_MAX)];
    let order = job.order;
    let strides = |rows, cols| if order == Order::RowMajor { (cols, 1) } else { (1, rows) };
    let info = (|| {
        let (down, across) = strides(m, n);
        let a = MatRef::new(&entries, m, n, down, across)?;
        let (down, across) = strides(m, left);
        let u = MatMut::new(&mut left_entries, m, left, down, across)?;
        let (down, across) = strides(n, right);
        let v = MatMut::new(&mut right_entries, n, right, down, across)?;
        let (u, v) = (job.u.is_some().then_some(u), job.v.is_some().then_some(v));
        let values = values.get_mut(..m.min(n)).unwrap_or_default();
        jacobi_unblocked(a, values, u, v, &job.options.scaled(true).threshold(0.0), &mut scratch)
    })();
    // The shapes fit and the entries are finite, so nothing is refused.
    let Ok(mut info) = info else {
        return (Info { converged: false, sweeps: 0, nonzero: 0, exponent: job.exponent }, T::ZERO);
    };
    for value in &mut values {
        *value = value.scale(job.exponent - info.exponent);
    }
    info.nonzero = values.iter().filter(|value| **value > T::ZERO).count();
    for (out, from) in [(&mut job.s, &values), (&mut job.u, &left_entries), (&mut job.v, &right_entries)] {
        if let Some(out) = out {
            for (j, from) in from.iter().enumerate().take(out.cols()) {
                out.put(matrix, j, *from);
            }
        }
    }
    (info, values.at(0))
}
