//! Operators against plain loops.

use super::layouts::{ORDERS, Stored, bits};
use super::matrices::{Sparse, nonnegative, random};
use super::measures::Matrix;
use lowrank::operator::{Csr, Dense, LinearOperator, Transposed};
use lowrank::{Error, MatMut, MatRef, Operand, Real};
use proptest::prelude::*;

/// A product as the operator computes it, with B and C in the given strides.
fn product<T: Real>(a: &impl LinearOperator<T>, transposed: bool, b: &Matrix, layout: usize) -> Matrix {
    let rows = if transposed { a.cols() } else { a.rows() };
    let (b_strides, c_strides) = match layout {
        0 => ((b.cols, 1), (b.cols, 1)),
        1 => ((1, b.rows), (1, rows)),
        2 => ((b.cols + 3, 1), (1, rows + 2)),
        _ => ((1, b.rows + 1), (2 * b.cols + 1, 2)),
    };
    let place = |(down, right): (usize, usize), i: usize, j: usize| i * down + j * right;
    let len = |(down, right): (usize, usize), rows: usize| rows * down + b.cols * right + 1;
    let mut data = vec![T::from_f64(f64::NAN); len(b_strides, b.rows)];
    (0..b.rows).for_each(|i| (0..b.cols).for_each(|j| data[place(b_strides, i, j)] = T::from_f64(b.at(i, j))));
    let mut output = vec![T::from_f64(f64::NAN); len(c_strides, rows)];
    let mut scratch = vec![T::from_f64(f64::NAN); a.scratch_len(b.cols)];
    let input = MatRef::new(&data, b.rows, b.cols, b_strides.0, b_strides.1).unwrap();
    let view = MatMut::new(&mut output, rows, b.cols, c_strides.0, c_strides.1).unwrap();
    if transposed { a.apply_transpose(input, view, &mut scratch) } else { a.apply(input, view, &mut scratch) }.unwrap();
    let written = output.iter().filter(|x| x.is_finite()).count();
    assert_eq!(written, rows * b.cols, "places outside of the view");
    Matrix::of(MatRef::new(&output, rows, b.cols, c_strides.0, c_strides.1).unwrap())
}

fn residual<T: Real>(a: &impl LinearOperator<T>, w: &Matrix, h: &Matrix, exponent: i32, by_columns: bool) -> f64 {
    let mut scratch = vec![T::from_f64(f64::NAN); a.scratch_len(w.cols)];
    let (left, right): (Vec<T>, Vec<T>) = (w.cast(), h.cast());
    let flipped: Vec<T> = h.t().cast();
    let left = MatRef::row_major(&left, w.rows, w.cols).unwrap();
    let right = if by_columns {
        MatRef::col_major(&flipped, h.rows, h.cols).unwrap()
    } else {
        MatRef::row_major(&right, h.rows, h.cols).unwrap()
    };
    a.residual(left, right, exponent, &mut scratch).unwrap().unwrap().to_f64()
}

/// All that an operator of the matrix `a` must do.
fn agrees<T: Real>(operator: &impl LinearOperator<T>, a: &Matrix, seed: u64, context: &str) {
    let eps = T::EPSILON.to_f64();
    let (m, n) = (operator.rows(), operator.cols());
    assert_eq!((m, n), (a.rows, a.cols), "{context}");
    let limit = |x: &Matrix, y: &Matrix| 10.0 * eps * (m + n + 10) as f64 * x.norm() * y.norm();
    for k in [0, 1, 3, 18] {
        for layout in 0..4 {
            let (b, c) = (random(n, k, seed).rounded::<T>(), random(m, k, seed + 1).rounded::<T>());
            let off = product(operator, false, &b, layout).minus(&a.times(&b)).norm();
            assert!(off <= limit(a, &b), "{context}: A B, {k} columns, layout {layout}: {off:e}");
            let off = product(operator, true, &c, layout).minus(&a.t().times(&c)).norm();
            assert!(off <= limit(a, &c), "{context}: A^T B, {k} columns, layout {layout}: {off:e}");
        }
        let (w, h) = (random(m, k, seed + 2).rounded::<T>(), random(k, n, seed + 3).rounded::<T>());
        let expected = a.minus(&w.times(&h)).norm().powi(2);
        for by_columns in [false, true] {
            let found = residual(operator, &w, &h, 0, by_columns);
            assert!((found - expected).abs() <= 1e3 * eps * expected, "{context}: |A - W H|^2: {found} {expected}");
            let small = Matrix::new(m, k, |i, j| w.at(i, j) / 16.0);
            let scaled = residual(operator, &small, &h, 4, by_columns);
            assert!((scaled * 256.0 - expected).abs() <= 1e3 * eps * expected, "{context}: 2^-4 A - W H");
        }
    }
    let scan = operator.check().unwrap();
    assert_eq!(scan.largest.to_f64(), a.data.iter().fold(0.0f64, |m, x| m.max(x.abs())), "{context}");
    let norm = scan.norm.scale(scan.exponent).to_f64();
    assert!((norm - a.norm()).abs() <= 100.0 * eps * a.norm(), "{context}: norm {norm} {}", a.norm());
    let negative = |(i, j): (usize, usize)| a.at(i, j) < 0.0;
    match scan.negative {
        Some(place) => assert!(negative(place), "{context}: {place:?}"),
        None => assert!(!(0..m).any(|i| (0..n).any(|j| negative((i, j)))), "{context}: none"),
    }
}

fn gram_agrees<T: Real>(operator: &impl LinearOperator<T>, a: &Matrix, context: &str) {
    let n = a.cols;
    let mut c = vec![T::from_f64(f64::NAN); n * n];
    let mut scratch = vec![T::from_f64(f64::NAN); operator.scratch_len(n)];
    if operator.gram(MatMut::row_major(&mut c, n, n).unwrap(), &mut scratch).unwrap() {
        let c = Matrix::of(MatRef::row_major(&c, n, n).unwrap());
        let off = c.minus(&a.t().times(a)).norm();
        assert!(off <= 10.0 * T::EPSILON.to_f64() * (a.rows + 10) as f64 * a.norm().powi(2), "{context}: {off:e}");
        assert_eq!(c.data, c.t().data);
    }
}

/// `A^T A B` where the operator has it; whether it has.
fn both_agree<T: Real>(operator: &impl LinearOperator<T>, a: &Matrix, seed: u64, context: &str) -> bool {
    let (n, eps) = (a.cols, T::EPSILON.to_f64());
    let mut has = false;
    for k in [1, 3, 18] {
        let b = random(n, k, seed).rounded::<T>();
        let expected = a.t().times(&a.times(&b));
        for order in 0..ORDERS {
            let (input, mut output) = (Stored::<T>::of(&b, order), Stored::filled(n, k, order, T::from_f64(-7.0)));
            let mut scratch = vec![T::from_f64(f64::NAN); operator.scratch_len(k)];
            has = operator.apply_both(input.view(), output.view_mut(), &mut scratch).unwrap();
            if !has {
                assert!(output.untouched(T::from_f64(-7.0)), "{context}");
                continue;
            }
            let off = output.matrix().minus(&expected).norm();
            let limit = 10.0 * eps * (a.rows + n + 10) as f64 * a.norm().powi(2) * b.norm();
            assert!(off <= limit && output.gaps_are(T::from_f64(-7.0)), "{context}: A^T A B, {k} columns: {off:e}");
        }
    }
    has
}

fn every_operator<T: Real>(a: &Matrix, seed: u64) {
    let a = a.rounded::<T>();
    let (m, n) = (a.rows, a.cols);
    let (rows, columns): (Vec<T>, Vec<T>) = (a.cast(), a.t().cast());
    let dense = Dense::new(MatRef::row_major(&rows, m, n).unwrap());
    let by_columns = Dense::new(MatRef::col_major(&columns, m, n).unwrap());
    let sparse = Sparse::<T>::of(&a);
    agrees(&dense, &a, seed, "dense");
    agrees(&by_columns, &a, seed, "dense by columns");
    agrees(&Transposed(&dense), &a.t(), seed, "transposed dense");
    agrees(&sparse.csr(), &a, seed, "CSR");
    agrees(&Transposed(&sparse.csr()), &a.t(), seed, "transposed CSR");
    agrees(&Transposed(&Transposed(&sparse.csr())), &a, seed, "CSR transposed twice");
    gram_agrees(&dense, &a, "dense");
    gram_agrees(&by_columns, &a, "dense by columns");
    gram_agrees(&Transposed(&dense), &a.t(), "transposed dense");
    gram_agrees(&sparse.csr(), &a, "CSR");
    let (mut starts, mut entries, mut values) = sparse.room();
    let with = sparse.csr().with_transpose(&mut starts, &mut entries, &mut values).unwrap();
    agrees(&with, &a, seed, "CSR with its transpose");
    agrees(&Transposed(&with), &a.t(), seed, "transposed CSR with its transpose");
    for k in [1, 3, 18] {
        let b = random(m, k, seed).rounded::<T>();
        let [plain, quick] = [product(&sparse.csr(), true, &b, 0), product(&with, true, &b, 0)];
        assert_eq!(bits(&plain), bits(&quick), "the same bits");
    }
    assert!(both_agree(&sparse.csr(), &a, seed, "CSR") && both_agree(&with, &a, seed, "CSR with its transpose"));
    assert!(both_agree(&Transposed(&with), &a.t(), seed, "transposed CSR with its transpose"));
    assert!(!both_agree(&Transposed(&sparse.csr()), &a.t(), seed, "transposed CSR"));
    assert!(!both_agree(&dense, &a, seed, "dense"));
}

#[test]
fn room_for_a_transpose_that_is_too_short_is_refused() {
    let sparse = Sparse::<f64>::of(&nonnegative(6, 4, 0.5, 135));
    let needed = [5, sparse.room().1.len(), sparse.room().2.len()];
    for short in 0..3 {
        let (mut starts, mut columns, mut values) = sparse.room();
        match short {
            0 => starts.truncate(4),
            1 => columns.truncate(needed[1] - 1),
            _ => values.truncate(needed[2] - 1),
        }
        let error = sparse.csr().with_transpose(&mut starts, &mut columns, &mut values).err();
        assert_eq!(error, Some(Error::SliceTooShort { needed: needed[short], given: needed[short] - 1 }));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn products_are_plain_sums(m in 0usize..40, n in 0usize..40, zeros in 0.0f64..1.1, signs: bool, seed in 0u64..1 << 40) {
        let mut a = nonnegative(m, n, zeros, seed);
        if signs {
            a = Matrix::new(m, n, |i, j| if (i + j) % 2 == 0 { a.at(i, j) } else { -a.at(i, j) });
        }
        every_operator::<f64>(&a, seed);
        every_operator::<f32>(&a, seed);
    }
}

#[test]
fn long_products_are_plain_sums() {
    every_operator::<f64>(&nonnegative(300, 140, 0.5, 131), 132);
    every_operator::<f32>(&nonnegative(3, 600, 0.9, 133), 134);
}

#[test]
fn columns_that_do_not_ascend_name_the_row() {
    let make = |columns: &[u32]| Csr::new(3, &[0, 0, 2, 5, 6], columns, &[1.0f64; 6]).map(|_| ());
    assert_eq!(make(&[0, 2, 0, 1, 2, 0]), Ok(()));
    for (columns, row) in
        [([2, 0, 0, 1, 2, 0], 1), ([1, 1, 0, 1, 2, 0], 1), ([0, 1, 0, 2, 1, 0], 2), ([0, 1, 0, 2, 2, 9], 2)]
    {
        assert_eq!(make(&columns), Err(Error::Csr { row }), "{columns:?}");
    }
}

#[test]
fn the_scan_holds_at_both_ends_of_the_range() {
    fn check<T: Real>(exponents: &[i32]) {
        let a = random(9, 7, 140).rounded::<T>();
        for &e in exponents {
            let data: Vec<T> = a.data.iter().map(|x| T::from_f64(*x).scale(e)).collect();
            let exact = Matrix::new(9, 7, |i, j| data[i * 7 + j].scale(-e).to_f64());
            let dense = Dense::new(MatRef::row_major(&data, 9, 7).unwrap());
            let scan = dense.check().unwrap();
            // The norm's factor 2^exponent and that of the matrix cancel but for a small power of two.
            let norm = scan.norm.to_f64() * 2f64.powi(scan.exponent - e);
            assert!((norm / exact.norm() - 1.0).abs() < 1e2 * T::EPSILON.to_f64(), "2^{e}: {scan:?}");
            assert!((scan.exponent == 0) == (e.abs() < T::MAX_EXPONENT / 8), "2^{e}: {scan:?}");
            let negative = exact.data.iter().position(|x| *x < 0.0).unwrap();
            assert_eq!(scan.negative, Some((negative / 7, negative % 7)));
        }
    }
    check::<f64>(&[-1040, -1000, -540, -100, 0, 100, 540, 1022]);
    check::<f32>(&[-130, -100, -60, -10, 0, 10, 60, 120]);
}

#[test]
fn csr_arrays_that_contradict_each_other_name_the_row() {
    let make = |cols, starts: &[usize], columns: &[u32], count: usize| {
        Csr::new(cols, starts, columns, &vec![1.0f32; count]).map(|csr| (csr.rows(), csr.cols()))
    };
    let row = |row| Err(Error::Csr { row });
    assert_eq!(make(3, &[0, 2, 2, 3], &[0, 2, 1], 3), Ok((3, 3)));
    assert_eq!(make(0, &[0], &[], 0), Ok((0, 0)));
    assert_eq!(make(5, &[0, 0, 0], &[], 0), Ok((2, 5)));
    assert_eq!(make(3, &[], &[], 0), row(0));
    assert_eq!(make(3, &[1, 3], &[0, 1, 2], 3), row(0));
    assert_eq!(make(3, &[0, 2, 1, 3], &[0, 1, 2], 3), row(1));
    assert_eq!(make(3, &[0, 1, 2, 1], &[0, 1], 2), row(2));
    assert_eq!(make(3, &[0, 1, 2], &[0, 1, 2], 3), row(1));
    assert_eq!(make(3, &[0, 1, 3], &[0, 1, 2], 2), row(1));
    assert_eq!(make(3, &[0], &[0], 1), row(0));
    for place in 0..4 {
        let mut columns = [0, 1, 2, 0];
        columns[place] = if place % 2 == 0 { 3 } else { u32::MAX };
        // Rows 1 and 3 are empty.
        assert_eq!(make(3, &[0, 1, 1, 3, 3, 4], &columns, 4), row([0, 2, 2, 4][place]));
    }
}

#[test]
fn the_first_row_beyond_the_entries_is_the_one_named() {
    let result = Csr::new(3, &[0, 1, 9, 9], &[0, 1, 2], &[1.0; 3]);
    assert_eq!(result.err(), Some(Error::Csr { row: 1 }));
}

#[test]
fn shapes_that_do_not_fit_and_short_scratch_are_errors() {
    let data = random(6, 4, 141);
    let dense = Dense::new(MatRef::row_major(&data.data, 6, 4).unwrap());
    let sparse = Sparse::<f64>::of(&data);
    static X: [f64; 64] = [0.5; 64];
    let b = |rows: usize, cols: usize| MatRef::row_major(&X, rows, cols).unwrap();
    fn check(a: &impl LinearOperator<f64>, b: impl Fn(usize, usize) -> MatRef<'static, f64>) {
        let (m, n) = (a.rows(), a.cols());
        let mut scratch = vec![0.0; 4096];
        let mut y = [7.0; 64];
        let mut run = |transposed: bool, b: MatRef<'_, f64>, rows: usize, cols: usize| {
            let c = MatMut::row_major(&mut y, rows, cols).unwrap();
            if transposed { a.apply_transpose(b, c, &mut scratch) } else { a.apply(b, c, &mut scratch) }
        };
        let shape = |operand, expected, given| Err(Error::Shape { operand, expected, given });
        assert_eq!(run(false, b(n + 1, 2), m, 2), shape(Operand::B, (n, 2), (n + 1, 2)));
        assert_eq!(run(false, b(n, 2), m, 3), shape(Operand::C, (m, 2), (m, 3)));
        assert_eq!(run(true, b(m - 1, 2), n, 2), shape(Operand::B, (m, 2), (m - 1, 2)));
        assert_eq!(run(true, b(m, 2), n + 1, 2), shape(Operand::C, (n, 2), (n + 1, 2)));
        assert_eq!(y, [7.0; 64]);
    }
    check(&dense, b);
    check(&sparse.csr(), b);
    check(&Transposed(&dense), b);
    check(&Transposed(&sparse.csr()), b);

    let mut y = [7.0; 64];
    for (k, less) in [(3, 1), (3, 4096)] {
        let len = lowrank::kernel::gemm_scratch_len(6, k, 4).saturating_sub(less);
        let error = dense.apply(b(4, k), MatMut::row_major(&mut y, 6, k).unwrap(), &mut vec![0.0; len]);
        assert!(matches!(error, Err(Error::ScratchTooSmall { .. })));
    }
    let short = |len: usize| sparse.csr().residual(b(6, 2), b(2, 4), 0, &mut vec![0.0; len]);
    assert_eq!(short(3), Err(Error::ScratchTooSmall { needed: 4, given: 3 }));
    assert!(short(4).is_ok());
    let needed = dense.scratch_len(2);
    let short = |len: usize| dense.residual(b(6, 2), b(2, 4), 0, &mut vec![0.0; len]);
    assert!(short(needed).is_ok());
    let least = 6 * 4 + lowrank::kernel::gemm_scratch_len(6, 4, 2);
    assert!((0..least).all(|len| matches!(short(len), Err(Error::ScratchTooSmall { .. }))));
}

#[test]
fn a_residual_of_factors_that_do_not_fit_is_an_error() {
    let data = random(6, 4, 142);
    let dense = Dense::new(MatRef::row_major(&data.data, 6, 4).unwrap());
    let sparse = Sparse::<f64>::of(&data);
    let x = [0.5; 64];
    let view = |rows: usize, cols: usize| MatRef::row_major(&x, rows, cols).unwrap();
    for (w, h) in [((5, 2), (2, 4)), ((7, 2), (2, 4)), ((6, 2), (3, 4)), ((6, 2), (2, 3)), ((6, 2), (2, 5))] {
        let (w, h) = (view(w.0, w.1), view(h.0, h.1));
        let mut scratch = vec![0.0; 4096];
        let context = (w.shape(), h.shape());
        assert!(matches!(dense.residual(w, h, 0, &mut scratch), Err(Error::Shape { .. })), "dense: {context:?}");
        let flipped = Transposed(&dense).residual(h.t(), w.t(), 0, &mut scratch);
        assert!(matches!(flipped, Err(Error::Shape { .. })), "transposed: {context:?}");
        assert!(matches!(sparse.csr().residual(w, h, 0, &mut scratch), Err(Error::Shape { .. })), "CSR: {context:?}");
    }
}
