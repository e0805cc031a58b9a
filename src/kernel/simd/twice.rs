//! Two vectors as one: where every operation waits for the one before, the second vector comes for free.

use super::Simd;

/// The operations of a set on pairs of its vectors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Twice<S>(pub S);

/// The operations that do the same to both halves.
macro_rules! halves {
    ($($op:ident($($x:ident),*);)*) => {$(
        #[inline(always)]
        fn $op(self, $($x: [S::Vector; 2]),*) -> [S::Vector; 2] {
            [self.0.$op($($x[0]),*), self.0.$op($($x[1]),*)]
        }
    )*};
}

impl<T, S: Simd<T>> Simd<T> for Twice<S> {
    type Vector = [S::Vector; 2];
    const LANES: usize = 2 * S::LANES;
    /// As many registers.
    const TILE: (usize, usize) = (S::TILE.0.div_ceil(2), S::TILE.1);

    halves! {
        add(x, y);
        sub(x, y);
        mul(x, y);
        div(x, y);
        sqrt(x);
        rough_sqrt(x);
        inverse_sqrt(x);
        inverse_power(x);
        exponent(x);
        abs(x);
        max(x, y);
        mul_add(x, y, z);
        mul_sub_from(x, y, z);
        select_less(x, y, then, otherwise);
    }
    #[inline(always)]
    fn any_less(self, [x_low, x_high]: [S::Vector; 2], [y_low, y_high]: [S::Vector; 2]) -> bool {
        self.0.any_less(x_low, y_low) | self.0.any_less(x_high, y_high)
    }
    #[inline(always)]
    fn zip(self, [x_low, x_high]: [S::Vector; 2], [y_low, y_high]: [S::Vector; 2]) -> [[S::Vector; 2]; 2] {
        [self.0.zip(x_low, y_low), self.0.zip(x_high, y_high)]
    }
    #[inline(always)]
    fn splat(self, x: T) -> [S::Vector; 2] {
        [self.0.splat(x); 2]
    }
    #[inline(always)]
    fn load(self, from: &[T]) -> [S::Vector; 2] {
        let (low, high) = from.split_at_checked(S::LANES).unwrap_or((from, &[]));
        [self.0.load(low), self.0.load(high)]
    }
    #[inline(always)]
    fn store(self, [low, high]: [S::Vector; 2], to: &mut [T]) {
        let half = S::LANES.min(to.len());
        let Some((first, second)) = to.split_at_mut_checked(half) else { return };
        self.0.store(low, first);
        self.0.store(high, second);
    }
    #[inline(always)]
    unsafe fn load_part(self, from: *const T, count: usize) -> [S::Vector; 2] {
        // SAFETY: the caller's.
        self.load(unsafe { core::slice::from_raw_parts(from, count.min(2 * S::LANES)) })
    }
    #[inline(always)]
    unsafe fn store_part(self, x: [S::Vector; 2], to: *mut T, count: usize) {
        // SAFETY: the caller's.
        self.store(x, unsafe { core::slice::from_raw_parts_mut(to, count.min(2 * S::LANES)) });
    }
    #[inline(always)]
    fn sum(self, [low, high]: [S::Vector; 2]) -> T {
        self.0.sum(self.0.add(low, high))
    }
    #[inline(always)]
    fn exchange(self, [low, high]: [S::Vector; 2], bits: usize) -> [S::Vector; 2] {
        let (low, high) = if bits & S::LANES == 0 { (low, high) } else { (high, low) };
        [self.0.exchange(low, bits), self.0.exchange(high, bits)]
    }
}
