//! What the options change.

use super::{Job, Setting, methods};
use crate::matrices::{random, with_values};
use crate::measures::{bounds, orthonormality, residual};
use lowrank::Real;

/// Values below the threshold, a part of the largest value, are zero; the others are as without it.
#[test]
fn a_threshold_drops_small_values() {
    fn check<T: Real>() {
        const THRESHOLD: f64 = 1e-3 / 3.0;
        for (m, n, quotient) in [(2, 2, 1e-4), (6, 6, 0.1), (9, 20, 0.1), (20, 20, 0.1), (40, 33, 0.5)] {
            let k = m.min(n);
            for largest in [1000.0, T::pow2(T::MAX_EXPONENT - 2).to_f64()] {
                let values: Vec<f64> = (0..k as i32).map(|i| largest * f64::powi(quotient, i)).collect();
                let kept = values.iter().filter(|s| **s >= THRESHOLD * largest).count();
                let a = with_values(m, n, &values, 373).rounded::<T>();
                for mut method in methods::<T>() {
                    for scaled in [false, true] {
                        method.options = method.options.threshold(THRESHOLD).scaled(scaled);
                        let context = format!("{}, {m} x {n}, {largest:e}, {scaled}", method.name);
                        let svd = method.run(&a, &Setting::plain(Job::THIN)).unwrap();
                        assert_eq!(svd.info.nonzero, kept, "{context}: {:?}", svd.s);
                        assert!(svd.s[kept..].iter().all(|s| *s == 0.0), "{context}");
                        let unit = if scaled { 2f64.powi(svd.info.exponent) } else { 1.0 };
                        let close = |(s, e): (&f64, &f64)| (s / unit - e).abs() < THRESHOLD * largest;
                        assert!(svd.s[..kept].iter().zip(&values).all(close), "{context}: {:?}", svd.s);
                        for q in [svd.u, svd.v] {
                            assert!(orthonormality::<T>(&q.unwrap()) < bounds::ORTHONORMALITY, "{context}");
                        }
                    }
                }
            }
        }
    }
    check::<f64>();
    check::<f32>();
}

/// Small matrices lie in lanes, which give up at the bound; the product of the factors is still A.
#[test]
fn small_matrices_keep_the_bound_on_sweeps() {
    for (m, n) in [(3, 3), (6, 6), (5, 30)] {
        let a = random(m, n, 391);
        let [mut method, ..] = methods::<f64>();
        assert!(method.run(&a, &Setting::plain(Job::THIN)).unwrap().info.sweeps > 2, "{m} x {n}");
        for bound in 0..2 {
            method.options = method.options.max_sweeps(bound);
            let svd = method.run(&a, &Setting::plain(Job::THIN)).unwrap();
            assert!(!svd.info.converged && svd.info.sweeps == bound, "{m} x {n}: {:?}", svd.info);
            let ratio = residual::<f64>(&a, &svd.u.unwrap(), &svd.s, &svd.v.unwrap());
            assert!(ratio < bounds::RESIDUAL, "{m} x {n}, {bound} sweeps: {ratio}");
        }
    }
}
