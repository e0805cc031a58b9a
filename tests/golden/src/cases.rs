//! Factorizations of small matrices with reproducible kernels, each reduced to a hash of all that it returns.
//!
//! The entries are quotients of small integers, so that they are the same everywhere. A hash is that of Fowler, Noll and
//! Vo (FNV-1a, 64 bits) over the numbers as `f64`, byte by byte from the lowest.

use core::ops::ControlFlow;

use lowrank::kernel::{Execution, Kernels, gemm, gemm_scratch_len};
use lowrank::nmf::divergence;
use lowrank::operator::{Csr, Dense, LinearOperator};
use lowrank::svd::{self, InPlace, truncated};
use lowrank::{MatMut, MatRef, Real, measures, nmf, qr, snmf};

/// A hash under way.
struct Hash(u64);

impl Hash {
    fn new() -> Self {
        Hash(0xcbf2_9ce4_8422_2325)
    }

    fn add<T: Real>(mut self, numbers: &[T]) -> Self {
        for number in numbers {
            for byte in number.to_f64().to_bits().to_le_bytes() {
                self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
        self
    }
}

const REPRODUCIBLE: Execution = Execution::new().kernels(Kernels::Reproducible);

/// Entries between -1.25 and 1.25, without order; or, for a `least` of 1, positive ones.
fn entries<T: Real, const LEN: usize>(least: i32) -> [T; LEN] {
    core::array::from_fn(|i| {
        let i = i as i32;
        T::from_f64(f64::from((i * i % 101 * 7 + i * 3) % 11 + if least == 1 { 1 } else { -5 }) / 4.0)
    })
}

fn svd_options() -> svd::Options {
    svd::Options::new().execution(REPRODUCIBLE)
}

fn product<T: Real>() -> u64 {
    const M: usize = 33;
    const N: usize = 18;
    const K: usize = 70;
    let (a, b, mut c) = (entries::<T, { M * K }>(0), entries::<T, { K * N }>(0), [T::ONE; M * N]);
    let mut scratch = [T::ZERO; gemm_scratch_len(M, N, K)];
    let half = T::from_f64(0.3);
    let (a, b) = (MatRef::row_major(&a, M, K), MatRef::col_major(&b, K, N));
    let (Ok(a), Ok(b), Ok(to)) = (a, b, MatMut::row_major(&mut c, M, N)) else { return 0 };
    let done = gemm(half, a, b, half, to, REPRODUCIBLE, &mut scratch);
    if done.is_err() { 0 } else { Hash::new().add(&c).0 }
}

fn pivoted<T: Real>() -> u64 {
    const M: usize = 40;
    const N: usize = 25;
    let (a, mut q, mut r, mut pivots) = (entries::<T, { M * N }>(0), [T::ZERO; M * N], [T::ZERO; N * N], [0; N]);
    let mut scratch = [T::ZERO; qr::qr_scratch_len(M, N)];
    let (Ok(a), Ok(left), Ok(right)) =
        (MatRef::row_major(&a, M, N), MatMut::row_major(&mut q, M, N), MatMut::row_major(&mut r, N, N))
    else {
        return 0;
    };
    let outputs = (Some(left), Some(right));
    let thin = qr::Vectors::Thin;
    let done = qr::qr_pivoted(a, thin, outputs.0, outputs.1, &mut pivots, REPRODUCIBLE, &mut scratch);
    if done.is_err() { 0 } else { Hash::new().add(&q).add(&r).add(&pivots.map(|p| p as f64)).0 }
}

/// `decomposed!(name, rows, columns, method, scratch length)`: values and thin vectors.
macro_rules! decomposed {
    ($name:ident, $m:literal, $n:literal, $method:path, $len:path) => {
        fn $name<T: Real>() -> u64 {
            const M: usize = $m;
            const N: usize = $n;
            let (a, mut s, mut u, mut v) =
                (entries::<T, { M * N }>(0), [T::ZERO; N], [T::ZERO; M * N], [T::ZERO; N * N]);
            let mut scratch = [T::ZERO; $len(M, N)];
            let (Ok(a), Ok(left), Ok(right)) =
                (MatRef::row_major(&a, M, N), MatMut::row_major(&mut u, M, N), MatMut::row_major(&mut v, N, N))
            else {
                return 0;
            };
            let done = $method(a, &mut s, Some(left), Some(right), &svd_options(), &mut scratch);
            if done.is_err() { 0 } else { Hash::new().add(&s).add(&u).add(&v).0 }
        }
    };
}

decomposed!(two_by_two, 2, 2, svd::svd, svd::svd_scratch_len);
decomposed!(small, 6, 4, svd::svd, svd::svd_scratch_len);
decomposed!(sixteen, 20, 16, svd::svd, svd::svd_scratch_len);
decomposed!(medium, 60, 35, svd::svd, svd::svd_scratch_len);
decomposed!(golub_kahan, 12, 9, svd::golub_kahan, svd::golub_kahan_scratch_len);
decomposed!(jacobi, 50, 40, svd::jacobi, svd::jacobi_scratch_len);
decomposed!(jacobi_unblocked, 12, 9, svd::jacobi_unblocked, svd::jacobi_unblocked_scratch_len);

fn in_place<T: Real>() -> u64 {
    const M: usize = 30;
    const N: usize = 20;
    let (mut a, mut s, mut v) = (entries::<T, { M * N }>(0), [T::ZERO; N], [T::ZERO; N * N]);
    let mut scratch = [T::ZERO; svd::golub_kahan_in_place_scratch_len(M, N)];
    let (Ok(to), Ok(square)) = (MatMut::row_major(&mut a, M, N), MatMut::row_major(&mut v, N, N)) else { return 0 };
    let done = svd::golub_kahan_in_place(to, &mut s, InPlace::Vectors, Some(square), &svd_options(), &mut scratch);
    if done.is_err() { 0 } else { Hash::new().add(&a).add(&s).add(&v).0 }
}

fn batch<T: Real>() -> u64 {
    const COUNT: usize = 19;
    const M: usize = 4;
    const N: usize = 3;
    let (a, mut s) = (entries::<T, { COUNT * M * N }>(0), [T::ZERO; COUNT * N]);
    let (mut u, mut v) = ([T::ZERO; COUNT * M * N], [T::ZERO; COUNT * N * N]);
    let (Ok(a), Ok(values)) = (MatRef::row_major(&a, COUNT, M * N), MatMut::row_major(&mut s, COUNT, N)) else {
        return 0;
    };
    let (Ok(left), Ok(right)) = (MatMut::row_major(&mut u, COUNT, M * N), MatMut::row_major(&mut v, COUNT, N * N))
    else {
        return 0;
    };
    let done = svd::batch(a, (M, N), svd::Order::RowMajor, values, Some(left), Some(right), &svd_options());
    if done.is_err() { 0 } else { Hash::new().add(&s).add(&u).add(&v).0 }
}

fn least_squares<T: Real>() -> u64 {
    const M: usize = 30;
    const N: usize = 12;
    const COUNT: usize = 3;
    let (a, b, mut x) = (entries::<T, { M * N }>(0), entries::<T, { M * COUNT }>(1), [T::ZERO; N * COUNT]);
    let (mut lengths, mut scratch) = ([T::ZERO; COUNT], [T::ZERO; svd::least_squares_scratch_len(M, N, COUNT)]);
    let (Ok(a), Ok(b), Ok(to)) =
        (MatRef::row_major(&a, M, N), MatRef::row_major(&b, M, COUNT), MatMut::row_major(&mut x, N, COUNT))
    else {
        return 0;
    };
    let options = svd::solve::Options::new().svd(svd_options());
    let done = svd::least_squares(a, b, to, Some(&mut lengths), &options, &mut scratch);
    if done.is_err() { 0 } else { Hash::new().add(&x).add(&lengths).0 }
}

fn polar<T: Real>() -> u64 {
    const M: usize = 25;
    const N: usize = 14;
    let (a, mut w, mut p) = (entries::<T, { M * N }>(0), [T::ZERO; M * N], [T::ZERO; N * N]);
    let mut scratch = [T::ZERO; svd::polar_scratch_len(M, N)];
    let (Ok(a), Ok(left), Ok(right)) =
        (MatRef::row_major(&a, M, N), MatMut::row_major(&mut w, M, N), MatMut::row_major(&mut p, N, N))
    else {
        return 0;
    };
    let done = svd::polar(a, Some(left), Some(right), &svd_options(), &mut scratch);
    if done.is_err() { 0 } else { Hash::new().add(&w).add(&p).0 }
}

fn ratio<T: Real>() -> u64 {
    const M: usize = 30;
    const N: usize = 20;
    let (a, mut scratch) = (entries::<T, { M * N }>(0), [T::ZERO; measures::orthonormality_scratch_len(M, N)]);
    let Ok(a) = MatRef::row_major(&a, M, N) else { return 0 };
    measures::orthonormality(a, REPRODUCIBLE, &mut scratch).map_or(0, |ratio| Hash::new().add(&[ratio]).0)
}

/// The shape and the rank of what follows.
const M: usize = 40;
const N: usize = 26;
const K: usize = 4;

fn leading<T: Real>() -> u64 {
    let (a, mut s, mut u, mut v) = (entries::<T, { M * N }>(0), [T::ZERO; K], [T::ZERO; M * K], [T::ZERO; N * K]);
    let mut scratch = [T::ZERO; svd::truncated_dense_scratch_len::<f64>(M, N, K, truncated::OVERSAMPLE)];
    let (Ok(a), Ok(left), Ok(right)) =
        (MatRef::row_major(&a, M, N), MatMut::row_major(&mut u, M, K), MatMut::row_major(&mut v, N, K))
    else {
        return 0;
    };
    let (a, options) = (Dense::new(a).execution(REPRODUCIBLE), truncated::Options::new().execution(REPRODUCIBLE));
    let go_on = |_: &truncated::Info| ControlFlow::Continue(());
    let done = svd::truncated(&a, &mut s, Some(left), Some(right), &options, &mut scratch, go_on);
    if done.is_err() { 0 } else { Hash::new().add(&s).add(&u).add(&v).0 }
}

/// Every third entry, in CSR arrays.
fn sparse<T: Real>() -> u64 {
    const ENTRIES: usize = (M * N).div_ceil(3);
    let (values, columns) = (entries::<T, ENTRIES>(0), core::array::from_fn::<u32, ENTRIES, _>(|p| (3 * p % N) as u32));
    let starts = core::array::from_fn::<usize, { M + 1 }, _>(|i| (i * N).div_ceil(3));
    let (mut s, mut u, mut v) = ([T::ZERO; K], [T::ZERO; M * K], [T::ZERO; N * K]);
    let mut scratch = [T::ZERO; svd::truncated_csr_scratch_len::<f64>(M, N, K, truncated::OVERSAMPLE)];
    let (Ok(a), Ok(left), Ok(right)) =
        (Csr::new(N, &starts, &columns, &values), MatMut::row_major(&mut u, M, K), MatMut::row_major(&mut v, N, K))
    else {
        return 0;
    };
    let (a, options) = (a.execution(REPRODUCIBLE), truncated::Options::new().execution(REPRODUCIBLE));
    let go_on = |_: &truncated::Info| ControlFlow::Continue(());
    let done = svd::truncated(&a, &mut s, Some(left), Some(right), &options, &mut scratch, go_on);
    if done.is_err() { 0 } else { Hash::new().add(&s).add(&u).add(&v).0 }
}

/// `factorized!(name, module, start, options, scratch length)`: the factors after 30 iterations.
macro_rules! factorized {
    ($name:ident, $factorize:path, $options:expr, $len:expr) => {
        fn $name<T: Real>() -> u64 {
            let (x, mut w, mut h) = (entries::<T, { M * N }>(1), [T::ZERO; M * K], [T::ZERO; K * N]);
            let mut scratch = [T::ZERO; $len];
            let (Ok(x), Ok(left), Ok(right)) =
                (MatRef::row_major(&x, M, N), MatMut::row_major(&mut w, M, K), MatMut::row_major(&mut h, K, N))
            else {
                return 0;
            };
            let x = Dense::new(x).execution(REPRODUCIBLE);
            let Ok(scan) = x.check() else { return 0 };
            nmf::random_start(&scan, left, right, 1);
            let (Ok(left), Ok(right)) = (MatMut::row_major(&mut w, M, K), MatMut::row_major(&mut h, K, N)) else {
                return 0;
            };
            let options = $options.max_iterations(30).tolerance(0.0).execution(REPRODUCIBLE);
            let done =
                $factorize(&x, left, right, &options, &mut scratch, |_: &nmf::Progress| ControlFlow::Continue(()));
            if done.is_err() { 0 } else { Hash::new().add(&w).add(&h).0 }
        }
    };
}

factorized!(hals, nmf::factorize, nmf::Options::new(), nmf::dense_scratch_len::<f64>(M, N, K));
factorized!(
    multiplicative,
    nmf::factorize,
    nmf::Options::new().solver(nmf::Solver::Multiplicative),
    nmf::dense_scratch_len::<f64>(M, N, K)
);
factorized!(
    kullback_leibler,
    divergence::factorize,
    divergence::Options::new(divergence::KULLBACK_LEIBLER),
    divergence::dense_scratch_len::<f64>(M, N, K)
);
factorized!(
    itakura_saito,
    divergence::factorize,
    divergence::Options::new(divergence::ITAKURA_SAITO),
    divergence::dense_scratch_len::<f64>(M, N, K)
);
factorized!(semi, snmf::factorize, snmf::Options::new(), snmf::dense_scratch_len::<f64>(M, N, K));
factorized!(
    ding,
    snmf::factorize,
    snmf::Options::new().solver(snmf::Solver::Multiplicative),
    snmf::dense_scratch_len::<f64>(M, N, K)
);

macro_rules! cases {
    ($($name:ident),*) => {
        /// Name and hash; 0 if the call has failed.
        pub const CASES: &[(&str, fn() -> u64)] = &[
            $((concat!(stringify!($name), "_f32"), $name::<f32>), (concat!(stringify!($name), "_f64"), $name::<f64>)),*
        ];
    };
}

cases!(
    product,
    pivoted,
    two_by_two,
    small,
    sixteen,
    medium,
    golub_kahan,
    jacobi,
    jacobi_unblocked,
    in_place,
    batch,
    least_squares,
    polar,
    ratio,
    leading,
    sparse,
    hals,
    multiplicative,
    kullback_leibler,
    itakura_saito,
    semi,
    ding
);
