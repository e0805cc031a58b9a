//! What `svd::jacobi_unblocked` promises beyond every dense method.

use super::lapack;
use super::matrices::random;
use super::measures::{Matrix, bounds, residual};
use lowrank::svd::{self, Info, Options};
use lowrank::{Error, MatMut, MatRef, Real};

fn factorize<T: Real>(a: &Matrix, options: &Options) -> (Matrix, Vec<f64>, Matrix, Info) {
    let (m, n, k) = (a.rows, a.cols, a.rows.min(a.cols));
    let (data, mut s): (Vec<T>, _) = (a.cast(), vec![T::ZERO; k]);
    let (mut u, mut v) = (vec![T::ZERO; m * k], vec![T::ZERO; n * k]);
    let mut scratch = vec![T::ZERO; svd::jacobi_unblocked_scratch_len(m, n)];
    let (left, right) = (MatMut::row_major(&mut u, m, k).unwrap(), MatMut::row_major(&mut v, n, k).unwrap());
    let view = MatRef::row_major(&data, m, n).unwrap();
    let info = svd::jacobi_unblocked(view, &mut s, Some(left), Some(right), options, &mut scratch).unwrap();
    let (u, v) = (MatRef::row_major(&u, m, k).unwrap(), MatRef::row_major(&v, n, k).unwrap());
    (Matrix::of(u), s.iter().map(|s| s.to_f64()).collect(), Matrix::of(v), info)
}

/// Stopped early, the product of the factors is still A.
#[test]
fn the_bound_on_sweeps_is_kept_and_told() {
    for (m, n) in [(25, 20), (20, 25)] {
        let a = random(m, n, 371);
        let (.., needed) = factorize::<f64>(&a, &Options::new());
        assert!(needed.converged && (3..=8).contains(&needed.sweeps), "{needed:?}");
        for bound in 0..10 {
            let (u, s, v, info) = factorize::<f64>(&a, &Options::new().max_sweeps(bound));
            assert_eq!(info.converged, bound >= needed.sweeps, "{info:?}");
            assert_eq!(info.sweeps, bound.min(needed.sweeps), "{info:?}");
            assert!(s.windows(2).all(|w| w[0] >= w[1]));
            let ratio = residual::<f64>(&a, &u, &s, &v);
            assert!(ratio < bounds::RESIDUAL, "{bound} sweeps: {ratio}");
        }
    }
}

#[test]
fn sweeps_are_few() {
    fn check<T: Real>() {
        for (m, n) in [(10, 10), (16, 10), (40, 40)] {
            for (name, a) in lapack::types::<T>(m, n) {
                let (.., info) = factorize::<T>(&a, &Options::new());
                assert!(info.sweeps <= 8, "{name}, {m} x {n}: {info:?}");
            }
        }
        // After the QR factorization nothing is left to do.
        let (.., info) = factorize::<T>(&Matrix::new(60, 50, |_, _| 1.0), &Options::new());
        assert!(info.sweeps <= 1 && info.nonzero <= 3, "{info:?}");
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn the_length_of_scratch_is_the_documented_one() {
    for (m, n) in [(0, 0), (0, 9), (1, 1), (7, 3), (3, 7), (40, 40)] {
        let (l, k) = (m.max(n), m.min(n));
        assert_eq!(svd::jacobi_unblocked_scratch_len(m, n), l * k + 2 * k * k + l + 6 * k);
    }
}

/// Column numbers are kept as numbers of type T.
#[test]
fn dimensions_beyond_the_exact_integers_are_too_large() {
    let max = 1 << 24;
    for rows in [max, max + 1] {
        let mut scratch = vec![0.0f32; svd::jacobi_unblocked_scratch_len(rows, 0)];
        let empty = MatRef::new(&[], rows, 0, 1, 1).unwrap();
        let result = svd::jacobi_unblocked(empty, &mut [], None, None, &Options::new(), &mut scratch);
        assert_eq!(result.err(), (rows > max).then_some(Error::TooLarge { max, given: rows }));
    }
}
