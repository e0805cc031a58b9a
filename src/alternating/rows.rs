//! Multiplicative updates: every entry of a factor times a quotient, a panel at a time.

use core::ops::Add;

use crate::error::Error;
use crate::kernel::{Curvature, Execution, Isa, Multiply, gemm, gemm_scratch_len, pairwise};
use crate::operator::LinearOperator;
use crate::real::Real;
use crate::scratch::{split, times};
use crate::view::{MatMut, MatRef};

/// Rows of a factor, or entries, that are updated at a time.
const PANEL: usize = 256;

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
        Ok(Updated { gradient, lifted: lifted.to_usize() })
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

/// Updates a factor, row after row of `k`, a panel of rows at a time. `update` is given a panel, that of the product, and
/// the panel times each of the `k x k` matrices.
pub(crate) fn update_rows<T: Real, const N: usize>(
    factor: &mut [T],
    k: usize,
    product: &[T],
    matrices: [MatRef<'_, T>; N],
    execution: Execution,
    scratch: &mut [T],
    update: impl Fn(&mut [T], &[T], [&mut [T]; N]) -> Updated<T>,
) -> Result<Updated<T>, Error> {
    let panel = times(PANEL, k).max(1);
    let [panels, products] = split(scratch, [times(N, panel), gemm_scratch_len(PANEL, k, k)])?;
    let (mut gradient, mut lifted) = (0.0, 0);
    for (values, product) in factor.chunks_mut(panel).zip(product.chunks(panel)) {
        let count = values.len();
        let rows = count / k.max(1);
        let mut parts = panels.chunks_mut(panel);
        let mut times = matrices.map(|_| parts.next().and_then(|part| part.get_mut(..count)).unwrap_or_default());
        for (times, matrix) in times.iter_mut().zip(matrices) {
            let (values, times) = (MatRef::packed(values, rows, k), MatMut::packed(times, rows, k));
            gemm(T::ONE, values, matrix, T::ZERO, times, execution, products)?;
        }
        let updated = update(values, product, times);
        gradient += updated.gradient.to_f64();
        lifted += updated.lifted;
    }
    Ok(Updated { gradient: T::from_f64(gradient), lifted })
}

/// What decides over an entry: the derivative of the objective is `below - above`, both not negative, with l1 and l2 times
/// the entry added to `below`.
pub(crate) struct Rule<'a, T> {
    pub above: &'a [T],
    pub below: &'a [T],
    pub weights: [T; 2],
    pub curvature: Curvature<T>,
    /// What the entry is multiplied by, of `above`, of `below` with l1, and of l2 times the entry; if none, their quotient.
    pub factor: Option<&'a dyn Fn(T, T, T) -> T>,
}

impl<T: Real> Rule<'_, T> {
    /// Updates entries.
    pub fn apply(&self, values: &mut [T], isa: Isa) -> Updated<T> {
        let Rule { above, below, weights, curvature, factor } = self;
        let mut lifted = 0;
        let parts = values.chunks_mut(PANEL).zip(above.chunks(PANEL).zip(below.chunks(PANEL)));
        let gradients = parts.map(|(x, (above, below))| {
            let factors = factor.map(|factor| {
                let mut factors = [T::ZERO; PANEL];
                let given = x.iter().zip(above).zip(below);
                for (to, ((x, above), below)) in factors.iter_mut().zip(given) {
                    *to = factor(*above, *below + weights[0], weights[1] * *x);
                }
                factors
            });
            let factors = factors.as_ref().map(|factors| factors.as_slice());
            let multiply = Multiply { x, above, below, weights: *weights, factors, curvature: *curvature };
            let (gradient, raised) = isa.run(multiply);
            lifted += raised.to_usize();
            gradient
        });
        let gradient = pairwise(gradients);
        Updated { gradient, lifted }
    }
}
