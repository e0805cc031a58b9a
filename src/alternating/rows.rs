//! Multiplicative updates: every entry of a factor times a quotient, a panel of rows at a time.

use core::ops::Add;

use crate::error::Error;
use crate::kernel::{Execution, gemm, gemm_scratch_len, pairwise};
use crate::operator::LinearOperator;
use crate::real::Real;
use crate::scratch::{split, times};
use crate::view::{MatMut, MatRef};

/// Rows of a factor that are updated at a time.
const PANEL: usize = 256;

/// What becomes of an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Update<T> {
    pub value: T,
    /// The derivative of the objective by the entry as it was.
    pub gradient: T,
}

/// What became of all entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Updated<T> {
    /// The sum of the magnitudes of the projected gradient.
    pub gradient: T,
    /// Zeros that are none any more.
    pub lifted: usize,
}

impl<T: Real> Updated<T> {
    pub const NONE: Self = Updated { gradient: T::ZERO, lifted: 0 };

    /// The same for a factor with rows for those of X.
    pub fn on_all_machines<X: LinearOperator<T>>(self, x: &X) -> Result<Self, Error> {
        let mut sums = [self.gradient, T::from_usize(self.lifted)];
        x.sum(&mut sums)?;
        let [gradient, lifted] = sums;
        Ok(Updated { gradient, lifted: lifted.to_f64() as usize })
    }
}

impl<T: Real> Add for Updated<T> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Updated { gradient: self.gradient + other.gradient, lifted: self.lifted + other.lifted }
    }
}

/// Elements of scratch for [`update_rows`] with `matrices` matrices.
pub(crate) const fn rows_scratch_len(k: usize, matrices: usize) -> usize {
    times(matrices, times(PANEL, k)).saturating_add(gemm_scratch_len(PANEL, k, k))
}

/// Updates every entry of a factor, row after row of `k`. `update` is given the entry, that of the product, and the entries
/// of the factor times each of the `k x k` matrices.
pub(crate) fn update_rows<T: Real, const N: usize>(
    factor: &mut [T],
    k: usize,
    product: &[T],
    matrices: [MatRef<'_, T>; N],
    execution: Execution,
    scratch: &mut [T],
    update: impl Fn(T, T, [T; N]) -> Update<T>,
) -> Result<Updated<T>, Error> {
    let panel = times(PANEL, k).max(1);
    let [panels, products] = split(scratch, [times(N, panel), gemm_scratch_len(PANEL, k, k)])?;
    let (mut failed, mut lifted) = (Ok(()), 0);
    let gradients = factor.chunks_mut(panel).zip(product.chunks(panel)).map(|(values, product)| {
        let count = values.len();
        let rows = count / k.max(1);
        for (times, matrix) in panels.chunks_mut(panel).zip(matrices) {
            let times = MatMut::packed(times.get_mut(..count).unwrap_or_default(), rows, k);
            let values = MatRef::packed(values, rows, k);
            failed = failed.and(gemm(T::ONE, values, matrix, T::ZERO, times, execution, products));
        }
        let updated = update_entries(values, product, |i, value, product| {
            let times = core::array::from_fn(|l| panels.get(l * panel + i).copied().unwrap_or_default());
            update(value, product, times)
        });
        lifted += updated.lifted;
        updated.gradient
    });
    let gradient = pairwise(gradients);
    failed.map(|()| Updated { gradient, lifted })
}

/// Updates entries; `update` is given the number of each, itself and that of the product.
pub(crate) fn update_entries<T: Real>(
    values: &mut [T],
    product: &[T],
    update: impl Fn(usize, T, T) -> Update<T>,
) -> Updated<T> {
    let mut lifted = 0;
    let parts = values.chunks_mut(PANEL).zip(product.chunks(PANEL)).enumerate();
    let gradients = parts.map(|(part, (values, product))| {
        let mut sum = T::ZERO;
        for (i, (value, product)) in values.iter_mut().zip(product).enumerate() {
            let new = update(part * PANEL + i, *value, *product);
            let downhill = (-new.gradient).max(T::ZERO);
            sum += if *value > T::ZERO { new.gradient.abs() } else { downhill };
            lifted += usize::from(*value == T::ZERO && new.value > T::ZERO);
            *value = new.value;
        }
        sum
    });
    let gradient = pairwise(gradients);
    Updated { gradient, lifted }
}

/// The multiplicative update of `x` by `factor`. `curvature` is the second derivative, or more. A factor that is infinite or
/// none, as nothing bounds the entry, changes nothing.
///
/// A zero would stay for ever. If the objective falls there, it becomes the rounding error of the minimizing step, from
/// which it can grow. A result so small that its products would be subnormal, which cost time and lose digits, becomes zero.
#[inline(always)]
pub(crate) fn multiply<T: Real>(x: T, factor: T, gradient: T, curvature: impl FnOnce() -> T) -> Update<T> {
    let tiny = T::MIN_POSITIVE.sqrt();
    let value = if x == T::ZERO && gradient < T::ZERO {
        let curvature = curvature();
        if curvature >= T::MIN_POSITIVE { -gradient / curvature * T::EPSILON } else { x }
    } else if x == T::ZERO || !factor.is_finite() {
        x
    } else {
        x * factor
    };
    Update { value: if value < tiny { T::ZERO } else { value.min(T::MAX) }, gradient }
}
