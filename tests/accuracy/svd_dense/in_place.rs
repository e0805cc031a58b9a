//! `golub_kahan_in_place`, called like the other methods, and what only it does.

use super::{Layout, Stored};
use crate::matrices::random;
use crate::measures::{Matrix, bounds, orthonormality, residual};
use lowrank::svd::{
    InPlace, Info, Options, Vectors, column_sign, golub_kahan_in_place, golub_kahan_in_place_scratch_len,
};
use lowrank::{Error, MatMut, MatRef, Operand, Real, qr};

/// The call of the other methods: works on a copy of A with its strides, and completes the longer side's vectors where a
/// full set is asked for, which this method does not do.
pub fn call<T: Real>(
    a: MatRef<'_, T>,
    s: &mut [T],
    u: Option<MatMut<'_, T>>,
    v: Option<MatMut<'_, T>>,
    options: &Options,
    scratch: &mut [T],
) -> Result<Info, Error> {
    let ((m, n), k) = (a.shape(), a.rows().min(a.cols()));
    let (long, square, operand) = if m >= n { (u, v, Operand::Left) } else { (v, u, Operand::Right) };
    let expected = (m.max(n), if options.vectors == Vectors::Full { m.max(n) } else { k });
    if let Some(given) = long.as_ref().map(|long| long.shape()).filter(|given| *given != expected) {
        return Err(Error::Shape { operand, expected, given });
    }
    let mut copy = copy_of(a);
    let in_a = MatMut::new(&mut copy, m, n, a.row_stride(), a.col_stride()).unwrap();
    let result = if long.is_some() { InPlace::Vectors } else { InPlace::Nothing };
    let info = golub_kahan_in_place(in_a, s, result, square, options, scratch)?;
    gaps_are_nan(&copy, a);
    if let Some(mut long) = long {
        let found = MatRef::new(&copy, m, n, a.row_stride(), a.col_stride()).unwrap();
        let found = if m >= n { found } else { found.t() };
        if expected.1 > k {
            // Of vectors with signs of their own, so that the completion does not depend on the job.
            let signed =
                |p: usize| found.get(p % expected.0, p / expected.0).unwrap() * column_sign(found, p / expected.0);
            let signed: Vec<T> = (0..expected.0 * k).map(signed).collect();
            let signed = MatRef::col_major(&signed, expected.0, k).unwrap();
            let mut scratch = vec![T::ZERO; qr::qr_scratch_len(expected.0, k)];
            qr::qr(signed, Vectors::Full, Some(long.rb()), None, lowrank::kernel::Execution::new(), &mut scratch)
                .unwrap();
        }
        for i in 0..expected.0 {
            (0..k).for_each(|j| *long.get_mut(i, j).unwrap() = found.get(i, j).unwrap());
        }
        for j in k..expected.1 {
            let sign = column_sign(long.as_ref(), j);
            (0..expected.0).for_each(|i| *long.get_mut(i, j).unwrap() *= sign);
        }
    }
    Ok(info)
}

/// The entries of A where they lie, with NaN between them.
fn copy_of<T: Real>(a: MatRef<'_, T>) -> Vec<T> {
    let mut copy =
        vec![T::from_f64(f64::NAN); lowrank::span(a.rows(), a.cols(), a.row_stride(), a.col_stride()).unwrap()];
    let mut view = MatMut::new(&mut copy, a.rows(), a.cols(), a.row_stride(), a.col_stride()).unwrap();
    for i in 0..a.rows() {
        (0..a.cols()).for_each(|j| *view.get_mut(i, j).unwrap() = a.get(i, j).unwrap());
    }
    copy
}

fn gaps_are_nan<T: Real>(copy: &[T], a: MatRef<'_, T>) {
    let mut is_entry = vec![false; copy.len()];
    for i in 0..a.rows() {
        (0..a.cols()).for_each(|j| is_entry[i * a.row_stride() + j * a.col_stride()] = true);
    }
    assert!(copy.iter().zip(is_entry).all(|(x, entry)| entry != x.to_f64().is_nan()), "memory between the entries");
}

/// A holds the vectors of the longer side in its own shape, `square` those of the shorter.
#[test]
fn factors_take_the_place_of_the_matrix() {
    fn check<T: Real>() {
        for (m, n) in [(1, 1), (9, 9), (40, 7), (7, 40), (33, 32), (70, 61)] {
            let a = random(m, n, 371).rounded::<T>();
            let k = m.min(n);
            for layout in Layout::ALL {
                let mut stored = Stored::of(&a, layout, T::from_f64(f64::NAN));
                let mut square = Stored::new((k, k), layout, T::from_f64(f64::NAN));
                let mut s = vec![T::ZERO; k];
                let mut scratch = vec![T::from_f64(f64::NAN); golub_kahan_in_place_scratch_len(m, n)];
                let (view, other) = (stored.view_mut(), square.view_mut());
                let info =
                    golub_kahan_in_place(view, &mut s, InPlace::Vectors, Some(other), &Options::new(), &mut scratch);
                assert!(info.unwrap().converged);
                let (in_a, square) = (stored.into_matrix(), square.into_matrix());
                let (u, v) = if m >= n { (in_a, square) } else { (square, in_a.t()) };
                let s: Vec<f64> = s.iter().map(|s| s.to_f64()).collect();
                assert!(residual::<T>(&a, &u, &s, &v) < bounds::RESIDUAL, "{m} x {n}, {layout:?}");
                assert!(orthonormality::<T>(&u) < bounds::ORTHONORMALITY, "{m} x {n}, {layout:?}");
                assert!(orthonormality::<T>(&v) < bounds::ORTHONORMALITY, "{m} x {n}, {layout:?}");
            }
        }
    }
    check::<f64>();
    check::<f32>();
}

/// What is documented, as a number of elements; far less than a second matrix.
#[test]
fn scratch_is_a_few_vectors() {
    for (m, n) in [(1, 1), (4, 4), (12, 3), (3, 12), (500, 500), (1000, 10)] {
        let (l, k) = (m.max(n), m.min(n));
        assert_eq!(golub_kahan_in_place_scratch_len(m, n), 5 * k + (7 * l + 2 * k).max(20 * k + 64), "{m} x {n}");
    }
}

/// Too large a value changes A alone; wrong arguments change nothing.
#[test]
fn after_an_error_the_outputs_are_as_they_were() {
    let large = Matrix::new(3, 2, |_, _| f64::MAX);
    for (a, expected) in [
        (large, Error::Overflow { exponent: 1025 }),
        (
            Matrix::new(3, 2, |i, _| if i == 2 { f64::NAN } else { 1.0 }),
            Error::NonFinite { operand: Operand::A, row: 2, col: 0 },
        ),
    ] {
        let mut data = a.data.clone();
        let (mut s, mut square) = ([7.0; 2], [7.0; 4]);
        let view = MatMut::row_major(&mut data, 3, 2).unwrap();
        let other = MatMut::row_major(&mut square, 2, 2).unwrap();
        let error = golub_kahan_in_place(view, &mut s, InPlace::Vectors, Some(other), &Options::new(), &mut [0.0; 200]);
        assert_eq!(error, Err(expected));
        assert_eq!((s, square), ([7.0; 2], [7.0; 4]));
        if matches!(expected, Error::NonFinite { .. }) {
            assert!(data.iter().zip(&a.data).all(|(x, y)| x.to_bits() == y.to_bits()));
        }
    }
}
