//! matrixmultiply, products only. nalgebra turns its default features on, so it uses AVX-512 where there is any.

use super::{Gemm, Products, Scalar};

/// `m, k, n, alpha, A, its strides, B, its strides, beta, C, its strides`.
type Routine<T> =
    unsafe fn(usize, usize, usize, T, *const T, isize, isize, *const T, isize, isize, T, *mut T, isize, isize);

/// The function for a number type.
pub trait Multiply: Sized {
    /// `C = alpha A B + beta C`.
    const ROUTINE: Routine<Self>;
}

impl Multiply for f32 {
    const ROUTINE: Routine<f32> = ::matrixmultiply::sgemm;
}

impl Multiply for f64 {
    const ROUTINE: Routine<f64> = ::matrixmultiply::dgemm;
}

struct Product(Products);

pub fn product<T: Scalar>(shape: &Products) -> Box<dyn Gemm<T>> {
    Box::new(Product(*shape))
}

impl<T: Scalar> Gemm<T> for Product {
    fn run(&mut self, a: &[T], b: &[T], c: &mut [T]) {
        let Products { transposed, m, k, n, .. } = self.0;
        assert!(a.len() == m * k && b.len() == k * n && c.len() == m * n);
        let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
        let [rows, inner] = [m, k].map(|len| len as isize);
        let (down, across) = if transposed { (inner, 1) } else { (1, rows) };
        // SAFETY: the slices hold column-major matrices of these shapes, and C, a unique reference, overlaps none.
        unsafe { T::ROUTINE(m, k, n, T::ONE, a, down, across, b, 1, inner, T::ZERO, c, 1, rows) }
    }
}
