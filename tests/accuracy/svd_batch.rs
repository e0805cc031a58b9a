//! `svd::batch` against `svd::jacobi_unblocked`, matrix by matrix, over shapes, places, layouts and scales.

use super::corpus::{graded, structured};
use super::matrices::{orthonormal, random};
use super::measures::{Matrix, bounds, orthonormality, residual};
use lowrank::kernel::{Execution, Kernels};
use lowrank::svd::{self, Info, Options, Order, Vectors};
use lowrank::{Error, MatMut, MatRef, Operand, Real};
use proptest::prelude::*;

/// Outputs with one row for each matrix, entries in row-major order.
struct Batch<T> {
    s: Vec<T>,
    u: Vec<T>,
    v: Vec<T>,
    info: Info,
}

impl<T: Real> Batch<T> {
    /// The bits of all that belongs to matrix b of `count`.
    fn bits(&self, b: usize, count: usize) -> Vec<u64> {
        let part = |x: &'_ Vec<T>| x[b * x.len() / count..(b + 1) * x.len() / count].to_vec();
        [&self.s, &self.u, &self.v].into_iter().flat_map(part).map(|x| x.to_f64().to_bits()).collect()
    }
}

/// Columns of U and V.
fn columns((m, n): (usize, usize), vectors: Vectors) -> (usize, usize) {
    if vectors == Vectors::Full { (m, n) } else { (m.min(n), m.min(n)) }
}

fn factorize<T: Real>(a: &[T], (m, n): (usize, usize), options: &Options) -> Result<Batch<T>, Error> {
    let (k, count) = (m.min(n), a.len() / (m * n));
    let (left, right) = columns((m, n), options.vectors);
    let nan = T::from_f64(f64::NAN);
    let (mut s, mut u, mut v) = (vec![nan; count * k], vec![nan; count * m * left], vec![nan; count * n * right]);
    let info = svd::batch(
        MatRef::row_major(a, count, m * n)?,
        (m, n),
        Order::RowMajor,
        MatMut::row_major(&mut s, count, k)?,
        Some(MatMut::row_major(&mut u, count, m * left)?),
        Some(MatMut::row_major(&mut v, count, n * right)?),
        options,
    )?;
    Ok(Batch { s, u, v, info })
}

/// Checks each matrix of a batch by itself, and its values against those of the dense method.
fn verify<T: Real>(entries: &[T], (m, n): (usize, usize), options: &Options, name: &str) -> Batch<T> {
    let (k, count) = (m.min(n), entries.len() / (m * n));
    let (left, right) = columns((m, n), options.vectors);
    let batch = factorize(entries, (m, n), options).unwrap();
    assert!(batch.info.converged && batch.info.sweeps < 15, "{name}: {:?}", batch.info);
    let eps = T::EPSILON.to_f64();
    let part = |x: &[T], b: usize, rows, cols| {
        Matrix::of(MatRef::row_major(&x[b * rows * cols..(b + 1) * rows * cols], rows, cols).unwrap())
    };
    for b in 0..count {
        let (a, s) = (part(entries, b, m, n), part(&batch.s, b, k, 1).data);
        let (u, v) = (part(&batch.u, b, m, left), part(&batch.v, b, n, right));
        let context = format!("{name}, {m} x {n}, matrix {b}: {:?}, {s:?}", a.data);
        assert!(s.windows(2).all(|s| s[0] >= s[1]) && s[k - 1] >= 0.0, "{context}");
        let ratios = [
            residual::<T>(&a, &u, &s, &v) / bounds::RESIDUAL,
            orthonormality::<T>(&u) / bounds::ORTHONORMALITY,
            orthonormality::<T>(&v) / bounds::ORTHONORMALITY,
        ];
        assert!(ratios.iter().all(|ratio| *ratio < 1.0), "{ratios:?}, {context}");
        let view = MatRef::row_major(&batch.v[b * n * right..(b + 1) * n * right], n, right).unwrap();
        assert!((0..right).all(|j| svd::column_sign(view, j) == T::ONE), "{context}: {v:?}");

        let mut expected = vec![T::ZERO; k];
        let view = MatRef::row_major(&entries[b * m * n..(b + 1) * m * n], m, n).unwrap();
        let mut scratch = vec![T::ZERO; svd::jacobi_unblocked_scratch_len(m, n)];
        svd::jacobi_unblocked(view, &mut expected, None, None, &Options::new(), &mut scratch).unwrap();
        let allowed =
            (2.0 * (m + n) as f64 * eps * expected[0].to_f64()).max(2.0 * (T::MIN_POSITIVE * T::EPSILON).to_f64());
        for (s, expected) in s.iter().zip(&expected) {
            let error = (s - expected.to_f64()).abs();
            assert!(error <= allowed, "{}, {context}: {expected}", error / allowed);
        }
    }
    batch
}

/// Every instruction set that can be chosen, thin and full.
fn ways() -> impl Iterator<Item = Options> {
    [Kernels::Best, Kernels::Reproducible].into_iter().flat_map(|kernels| {
        let options = Options::new().execution(Execution::new().kernels(kernels));
        [Vectors::Thin, Vectors::Full].map(|vectors| options.vectors(vectors))
    })
}

fn shapes() -> impl Iterator<Item = (usize, usize)> {
    (1..=6).flat_map(|m| (1..=6).map(move |n| (m, n)))
}

/// The named matrices of a shape, random ones until they fill several vectors, and multiples of them all.
fn collection<T: Real>((m, n): (usize, usize), scales: &[f64]) -> Vec<T> {
    let named = [structured::<T>(m, n), graded::<T>(m, n)].concat().into_iter().map(|(_, a)| a);
    let more = (0..30).map(|seed| random(m, n, 300 + seed));
    let small: Vec<Matrix> = named.chain(more).collect();
    let multiples = small.iter().flat_map(|a| scales.iter().map(|scale| a.scaled(*scale).cast::<T>()));
    multiples.filter(|a| a.iter().all(|x| x.is_finite())).flatten().collect()
}

fn sweep_of_shapes<T: Real>(scales: &[f64]) {
    for shape in shapes() {
        let entries = collection::<T>(shape, scales);
        for options in ways() {
            verify(&entries, shape, &options, "collection");
        }
    }
}

#[test]
fn every_matrix_of_every_shape_in_f64() {
    sweep_of_shapes::<f64>(&[1.0]);
}

#[test]
fn every_matrix_of_every_shape_in_f32() {
    sweep_of_shapes::<f32>(&[1.0]);
}

/// Large, small and subnormal matrices next to each other.
#[test]
fn every_scale_in_one_batch() {
    sweep_of_shapes::<f64>(&[1e300, 1e-300, 1e155, 1e-162, 3e-320, 1e-310]);
    sweep_of_shapes::<f32>(&[1e37, 1e-37, 1e19, 1e-23, 3e-44, 1e-40]);
}

#[test]
fn integers_of_low_rank_and_columns_that_vanish() {
    for (m, n) in shapes() {
        let mut entries = vec![];
        for pattern in 0..1usize << n {
            // Columns are zero, equal or opposite.
            entries.extend((0..m * n).map(|i| {
                let (i, j) = (i / n, i % n);
                if pattern >> j & 1 == 0 { 0.0f64 } else { (i as f64 - 1.0) * (1.0 - 2.0 * (j % 2) as f64) }
            }));
        }
        for options in ways() {
            let batch = verify(&entries, (m, n), &options, "pattern");
            let nonzero = batch.s.iter().filter(|s| **s > 0.0).count();
            assert_eq!(batch.info.nonzero, nonzero);
        }
    }
}

/// `B D` with orthonormal B: each value is that of D to relative accuracy, in the lanes and where squares underflow.
#[test]
fn graded_columns_keep_every_digit() {
    fn check<T: Real>(step: f64, options: &Options) {
        for n in 2..=6 {
            let q = orthonormal(6, n, 310);
            let graded = |reverse: bool| {
                Matrix::new(6, n, |i, j| q.at(i, j) * step.powi(if reverse { n - 1 - j } else { j } as i32))
            };
            let entries: Vec<T> = [graded(false), graded(true)].iter().flat_map(|a| a.cast::<T>()).collect();
            let batch = verify(&entries, (6, n), options, "graded");
            for (i, s) in batch.s.iter().enumerate() {
                let relative = (s.to_f64() / step.powi((i % n) as i32) - 1.0).abs();
                assert!(relative < 40.0 * T::EPSILON.to_f64(), "6 x {n}, step {step:e}: {:?}", batch.s);
            }
        }
    }
    for options in ways() {
        [1e-1, 1e-5, 1e-15, 1e-40, 1e-55].iter().for_each(|step| check::<f64>(*step, &options));
        [1e-1, 1e-3, 1e-6].iter().for_each(|step| check::<f32>(*step, &options));
    }
}

/// The same where a column would vanish beside the largest entry, if that were brought near one.
#[test]
fn columns_as_far_apart_as_the_range_allows() {
    fn check<T: Real>(large: f64, small: f64, options: &Options) {
        let bound = 40.0 * T::EPSILON.to_f64();
        let cases = (2..=6).flat_map(|n| (0..n).flat_map(move |place| [(n, place, false), (n, place, true)]));
        // A square matrix is not transposed.
        for (n, place, wide) in cases.filter(|(n, _, wide)| !wide || *n < 6) {
            let q = orthonormal(6, n, 340);
            let tall = Matrix::new(6, n, |i, j| q.at(i, j) * if j == place { small } else { large });
            let entries: Vec<T> = if wide { tall.t() } else { tall }.cast();
            let batch = verify(&entries, if wide { (n, 6) } else { (6, n) }, options, "far apart");
            let context = format!("{n} columns, {large:e}, {small:e}, wide: {wide}: {:?}", batch.s);
            for (j, s) in batch.s.iter().enumerate() {
                let expected = if j == n - 1 { small } else { large };
                assert!((s.to_f64() / expected - 1.0).abs() < bound, "{context}");
            }
            assert_eq!(batch.info.nonzero, n);
            // The vectors of the small value are the direction of its column, and the unit vector of its place.
            let (along, across) = if wide { (&batch.v, &batch.u) } else { (&batch.u, &batch.v) };
            let entry = |x: &[T], rows: usize, i: usize| x[i * (x.len() / rows) + n - 1].to_f64();
            let cosine: f64 = (0..6).map(|i| q.at(i, place) * entry(along, 6, i)).sum();
            assert!((cosine.abs() - 1.0).abs() < bound, "{cosine}, {context}");
            for i in 0..n {
                let expected = if i == place { 1.0 } else { 0.0 };
                assert!((entry(across, n, i).abs() - expected).abs() < bound, "{context}");
            }
        }
    }
    for options in ways() {
        for (large, small) in [(1e300, 1e-30), (1e200, 1e-150), (1e70, 1e-300)] {
            check::<f64>(large, small, &options);
        }
        for (large, small) in [(1e30, 1e-16), (1e20, 1e-26), (1e10, 1e-36)] {
            check::<f32>(large, small, &options);
        }
    }
}

#[test]
fn a_result_does_not_depend_on_place_neighbours_or_count() {
    fn check<T: Real>(garbage: impl Fn(u64) -> T) {
        for shape in [(2, 2), (3, 3), (4, 4), (6, 6), (5, 3), (2, 6), (1, 4)] {
            let size = shape.0 * shape.1;
            let scales = [1.0, 1e-30, 1e20];
            let pool = collection::<T>(shape, &scales);
            let many: Vec<T> = pool.iter().copied().cycle().take(1000 * size).collect();
            for options in ways() {
                let whole = factorize(&many, shape, &options).unwrap();
                // One matrix alone.
                for b in (0..1000).step_by(7) {
                    let alone = factorize(&many[b * size..][..size], shape, &options).unwrap();
                    assert_eq!(alone.bits(0, 1), whole.bits(b, 1000), "{shape:?}, matrix {b}");
                    assert!(alone.info.sweeps <= whole.info.sweeps);
                }
                for count in [7, 8, 9, 31, 33] {
                    let part = factorize(&many[..count * size], shape, &options).unwrap();
                    assert!((0..count).all(|b| part.bits(b, count) == whole.bits(b, 1000)), "{shape:?}, {count}");
                }
                // The other way round.
                let backwards: Vec<T> = many.chunks(size).rev().flatten().copied().collect();
                let backwards = factorize(&backwards, shape, &options).unwrap();
                assert!((0..1000).all(|b| backwards.bits(999 - b, 1000) == whole.bits(b, 1000)), "{shape:?}");
                // Among neighbours of any kind.
                let mut other = many.clone();
                for (b, matrix) in other.chunks_mut(size).enumerate().filter(|(b, _)| b % 5 != 2) {
                    matrix.iter_mut().enumerate().for_each(|(i, x)| *x = garbage((b * size + i) as u64));
                }
                let other = factorize(&other, shape, &options).unwrap();
                assert!((2..1000).step_by(5).all(|b| other.bits(b, 1000) == whole.bits(b, 1000)), "{shape:?}");
            }
        }
    }
    let bits = |i: u64| i.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    check::<f64>(|i| Some(f64::from_bits(bits(i))).filter(|x| x.abs() < 1e307).unwrap_or(0.0));
    check::<f32>(|i| Some(f32::from_bits((bits(i) >> 32) as u32)).filter(|x| x.abs() < 1e37).unwrap_or(0.0));
}

#[test]
fn an_empty_batch_is_nothing_to_do() {
    let batch = factorize::<f64>(&[], (3, 2), &Options::new()).unwrap();
    assert!(batch.info.converged && batch.info.nonzero == 0 && batch.info.sweeps == 0);
}

/// Orders of entries, strides and jobs: the same bits.
#[test]
fn layouts_and_jobs_change_no_bit() {
    const COUNT: usize = 45;
    for (m, n) in shapes() {
        let k = m.min(n);
        let mut entries: Vec<f64> = collection::<f64>((m, n), &[1.0])[..COUNT * m * n].to_vec();
        // Two whose columns, and two whose rows, are so far apart that they leave the lanes.
        for (b, by_rows) in [(1, false), (20, true), (21, false), (44, true)] {
            let a = random(m, n, b as u64);
            for i in 0..m * n {
                let part = if by_rows { i / n } else { i % n };
                entries[b * m * n + i] = a.data[i] * 10f64.powi(if part == 0 { 200 } else { -150 - part as i32 });
            }
        }
        for options in ways() {
            let (left, right) = columns((m, n), options.vectors);
            let expected = factorize(&entries, (m, n), &options).unwrap();
            // Column after column, one entry of all matrices after another, with a gap.
            let stride = COUNT + 3;
            let by_columns = |i: usize, rows: usize, cols: usize| i % rows * cols + i / rows;
            let mut a = vec![f64::NAN; m * n * stride];
            for b in 0..COUNT {
                (0..m * n).for_each(|i| a[i * stride + b] = entries[b * m * n + by_columns(i, m, n)]);
            }
            for job in 0..4 {
                let mut s = vec![f64::NAN; k * stride];
                let (mut u, mut v) = (vec![f64::NAN; m * left * stride], vec![f64::NAN; n * right * stride]);
                let with = |x, cols| MatMut::new(x, COUNT, cols, 1, stride).unwrap();
                let view = MatRef::new(&a, COUNT, m * n, 1, stride).unwrap();
                let (want_u, want_v) = (job & 1 == 1, job & 2 == 2);
                let info = svd::batch(
                    view,
                    (m, n),
                    Order::ColMajor,
                    with(&mut s, k),
                    want_u.then(|| with(&mut u, m * left)),
                    want_v.then(|| with(&mut v, n * right)),
                    &options,
                )
                .unwrap();
                assert_eq!(info, expected.info);
                for b in 0..COUNT {
                    assert!((0..k).all(|j| s[j * stride + b] == expected.s[b * k + j]), "{m} x {n}, job {job}");
                    let column = |x: &[f64], rows: usize, j: usize| -> Vec<f64> {
                        (0..rows).map(|i| x[(j * rows + i) * stride + b]).collect()
                    };
                    let expected_column = |x: &[f64], rows: usize, cols: usize, j: usize| -> Vec<f64> {
                        (0..rows).map(|i| x[b * rows * cols + i * cols + j]).collect()
                    };
                    for j in (0..left).filter(|_| want_u) {
                        let (given, mut expected) = (column(&u, m, j), expected_column(&expected.u, m, left, j));
                        if !want_v {
                            let sign = svd::column_sign(MatRef::col_major(&expected, m, 1).unwrap(), 0);
                            expected.iter_mut().for_each(|x| *x *= sign);
                        }
                        assert_eq!(given, expected, "U, {m} x {n}, job {job}");
                    }
                    for j in (0..right).filter(|_| want_v) {
                        assert_eq!(column(&v, n, j), expected_column(&expected.v, n, right, j), "V, {m} x {n}");
                    }
                }
                // Between the rows nothing is written.
                assert!(s.chunks(stride).chain(u.chunks(stride)).all(|x| x[COUNT..].iter().all(|x| x.is_nan())));
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let nan = |x: &[f64]| x.iter().all(|x| x.is_nan());
    let run = |shape: (usize, usize), lens: [usize; 4], a: &[f64]| {
        let [mut s, mut u, mut v] = [lens[1], lens[2], lens[3]].map(|len| vec![f64::NAN; 2 * len]);
        let result = svd::batch(
            MatRef::row_major(a, 2, lens[0]).unwrap(),
            shape,
            Order::RowMajor,
            MatMut::row_major(&mut s, 2, lens[1]).unwrap(),
            Some(MatMut::row_major(&mut u, 2, lens[2]).unwrap()),
            Some(MatMut::row_major(&mut v, 2, lens[3]).unwrap()),
            &Options::new(),
        );
        assert!(result.is_ok() || (nan(&s) && nan(&u) && nan(&v)), "{result:?}");
        result
    };
    let a = random(1, 200, 320).data;
    let shape = |operand, expected, given| Err(Error::Shape { operand, expected, given });
    assert!(run((3, 2), [6, 2, 6, 4], &a).is_ok());
    assert_eq!(run((3, 2), [5, 2, 6, 4], &a), shape(Operand::A, (2, 6), (2, 5)));
    assert_eq!(run((3, 2), [6, 3, 6, 4], &a), shape(Operand::SingularValues, (2, 2), (2, 3)));
    assert_eq!(run((3, 2), [6, 2, 9, 4], &a), shape(Operand::Left, (2, 6), (2, 9)));
    assert_eq!(run((3, 2), [6, 2, 6, 6], &a), shape(Operand::Right, (2, 4), (2, 6)));
    assert_eq!(run((3, 0), [0, 0, 0, 0], &a), shape(Operand::A, (3, 1), (3, 0)));
    assert_eq!(run((7, 2), [14, 2, 14, 4], &a), Err(Error::TooLarge { max: 6, given: 7 }));
    assert_eq!(run((usize::MAX, 2), [14, 2, 14, 4], &a), Err(Error::TooLarge { max: 6, given: usize::MAX }));
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for place in 0..12 {
            let mut a = a.clone();
            a[place] = bad;
            let expected = Err(Error::NonFinite { operand: Operand::A, row: place / 6, col: place % 6 });
            assert_eq!(run((3, 2), [6, 2, 6, 4], &a), expected);
        }
    }
    // Four equal entries have twice their size as value.
    let mut a = a;
    a[9..13].fill(f64::MAX / 4.0);
    assert!(run((2, 2), [4, 2, 4, 4], &a).is_ok());
    a[4..8].fill(f64::MAX);
    assert_eq!(run((2, 2), [4, 2, 4, 4], &a), Err(Error::Overflow { exponent: 1024 }));
    a[4..8].copy_from_slice(&[f64::MAX, 0.0, 0.0, 1.0]);
    assert!(run((2, 2), [4, 2, 4, 4], &a).is_ok());
    // The same where squares underflow.
    a[4..8].copy_from_slice(&[f64::MAX, 1e-300, f64::MAX, 1e-300]);
    assert_eq!(run((2, 2), [4, 2, 4, 4], &a), Err(Error::Overflow { exponent: 1024 }));
}

#[test]
fn scaled_values_have_one_exponent() {
    for (largest, other) in [(f64::MAX, 1.0), (1e-310, 1e-320), (2.0, 1e-3)] {
        let entries = [[largest; 4], [0.0, other, -other, 0.0], [other, 0.0, 0.0, largest]].concat();
        let batch = factorize(&entries, (2, 2), &Options::new().scaled(true)).unwrap();
        let factor = |x: f64| x.scale(batch.info.exponent);
        assert_eq!(batch.info.exponent == 0, largest == 2.0);
        let (large, small) = (factor(largest), factor(other));
        // With the size of an error.
        let expected =
            [(2.0 * large, large), (0.0, large), (small, small), (small, small), (large, large), (small, small)];
        for (s, expected) in batch.s.iter().zip(expected) {
            assert!((s - expected.0).abs() <= 4.0 * f64::EPSILON * expected.1, "{:?}", batch.s);
        }
    }
}

/// Beside neighbours for which the common exponent takes a matrix below the range, its vectors are its own, and its
/// values those of a multiple near one, rounded once.
#[test]
fn a_common_exponent_changes_no_vector() {
    fn check<T: Real>(shape: (usize, usize), options: &Options) {
        let (size, ends) = (shape.0 * shape.1, [T::MIN_EXPONENT - 10, T::MAX_EXPONENT - 10]);
        // Small integers, so that even subnormal multiples are exact; in some, columns are far apart.
        let matrix = |b: usize, power: i32| {
            let steps = (0..size).map(move |i| (i % shape.1.min(b)) as i32 * (b % 3) as i32 * T::MIN_EXPONENT / 20);
            let step = move |steps: i32| if power > 0 { steps } else { 0 };
            steps
                .enumerate()
                .map(move |(i, steps)| T::from_usize((i * i + 3 * b + i * b) % 11).scale(power + step(steps)))
        };
        for end in ends {
            for power in [ends[0], T::MIN_EXPONENT / 2, -40, 0, 40, T::MAX_EXPONENT / 2, ends[1]] {
                let single: Vec<T> = (1..40).flat_map(|b| matrix(b, power)).collect();
                let own = factorize(&single, shape, &options.scaled(power.abs() > 100)).unwrap();
                let mixed: Vec<T> = (1..40).flat_map(|b| matrix(b, power).chain(matrix(b + 7, end))).collect();
                let together = factorize(&mixed, shape, &options.scaled(true)).unwrap();
                for b in 0..39 {
                    let (own_bits, bits) = (own.bits(b, 39), together.bits(2 * b, 78));
                    let k = own.s.len() / 39;
                    assert_eq!(own_bits[k..], bits[k..], "{shape:?}, 2^{power} beside 2^{end}, matrix {b}");
                    for j in 0..k {
                        let (own_value, value) = (own.s[b * k + j], together.s[2 * b * k + j]);
                        let expected = own_value.scale(together.info.exponent - own.info.exponent);
                        assert_eq!(value, expected, "{shape:?}, 2^{power} beside 2^{end}, matrix {b}");
                    }
                }
            }
        }
    }
    for options in ways() {
        for shape in [(1, 1), (2, 2), (3, 3), (6, 4), (3, 5)] {
            check::<f64>(shape, &options);
            check::<f32>(shape, &options);
        }
    }
}

#[test]
fn sweeps_have_a_bound() {
    let a = random(20, 36, 330).data;
    for sweeps in 0..3 {
        let batch = factorize(&a, (6, 6), &Options::new().max_sweeps(sweeps)).unwrap();
        assert!(!batch.info.converged && batch.info.sweeps == sweeps);
        assert!(batch.s.iter().chain(&batch.u).chain(&batch.v).all(|x| x.is_finite()));
    }
}

proptest! {
    /// Entries over the whole range of the number type at once.
    #[test]
    fn any_bit_patterns_that_are_finite(
        m in 1usize..7, n in 1usize..7, count in 1usize..40, bits in prop::collection::vec(any::<u32>(), 40 * 36),
    ) {
        let entry = |bits: &u32| Some(f32::from_bits(*bits)).filter(|x| x.abs() < 1e37).unwrap_or(1.0);
        let entries: Vec<f32> = bits[..count * m * n].iter().map(entry).collect();
        for options in ways() {
            verify(&entries, (m, n), &options, "bits");
        }
    }

    #[test]
    fn random_matrices_of_random_rank_and_grading(
        m in 1usize..7, n in 1usize..7, seed: u64, rank in 0usize..7, step in -6i32..7,
    ) {
        let entries: Vec<f64> = (0..20).flat_map(|b| {
            let (x, y) = (random(m, rank, seed ^ b), random(rank, n, seed ^ (b + 100)));
            let product = x.times(&y);
            Matrix::new(m, n, |i, j| product.at(i, j) * 10f64.powi(step * j as i32)).data
        }).collect();
        let single: Vec<f32> = entries.iter().map(|x| *x as f32).collect();
        for options in ways() {
            verify(&entries, (m, n), &options, "rank");
            verify(&single, (m, n), &options, "rank");
        }
    }
}
