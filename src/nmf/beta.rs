//! What depends on beta, entry by entry.

use crate::kernel::{Isa, Quotients};
use crate::real::Real;

/// A beta, with the powers that its updates take.
#[derive(Clone, Copy, Debug)]
pub(super) enum Beta {
    Frobenius,
    KullbackLeibler,
    ItakuraSaito,
    Other(f64),
}

impl Beta {
    pub fn new(beta: f64) -> Self {
        match beta {
            2.0 => Beta::Frobenius,
            1.0 => Beta::KullbackLeibler,
            0.0 => Beta::ItakuraSaito,
            other => Beta::Other(other),
        }
    }

    pub fn exponent(self) -> f64 {
        match self {
            Beta::Frobenius => 2.0,
            Beta::KullbackLeibler => 1.0,
            Beta::ItakuraSaito => 0.0,
            Beta::Other(beta) => beta,
        }
    }

    /// `x <- x v^(beta - 2)`, and `v <- v^(beta - 1)` but for beta = 1, where that is 1. A v below the floor counts as that.
    pub fn terms<T: Real>(self, isa: Isa, x: &mut [T], v: &mut [T], floor: T) {
        match self {
            Beta::Frobenius => {}
            Beta::KullbackLeibler => isa.run(Quotients { x, v, floor }),
            Beta::ItakuraSaito => {
                for (x, v) in x.iter_mut().zip(v) {
                    *v = T::ONE / v.max(floor);
                    *x *= *v * *v;
                }
            }
            Beta::Other(beta) => {
                for (x, v) in x.iter_mut().zip(v) {
                    let at_least = v.max(floor);
                    *v = at_least.powf(T::from_f64(beta - 1.0));
                    *x *= *v / at_least;
                }
            }
        }
    }

    /// `q^g`, with the exponent that keeps the updates from overshooting.
    pub fn shape<T: Real>(self, q: T) -> T {
        match self {
            Beta::Frobenius | Beta::KullbackLeibler => q,
            Beta::ItakuraSaito => q.sqrt(),
            Beta::Other(beta) if beta < 1.0 => q.powf(T::from_f64(1.0 / (2.0 - beta))),
            Beta::Other(beta) if beta > 2.0 => q.powf(T::from_f64(1.0 / (beta - 1.0))),
            Beta::Other(_) => q,
        }
    }

    /// `d(x, v)`, and the size of x that it is compared with.
    pub fn divergence(self, x: f64, v: f64) -> [f64; 2] {
        match self {
            Beta::Frobenius => [0.5 * (x - v) * (x - v), 0.5 * x * x],
            Beta::KullbackLeibler if x == 0.0 => [v, 0.0],
            // The small difference of large terms is written as one: ln(1 + q) - q is of the order of q^2.
            Beta::KullbackLeibler => [v * excess((x - v) / v), x],
            Beta::ItakuraSaito => {
                let quotient = x / v;
                [(quotient - 1.0) - libm::log(quotient), 1.0]
            }
            Beta::Other(beta) => {
                let power = libm::pow(v, beta - 1.0);
                let x_power = if x == 0.0 { 0.0 } else { libm::pow(x, beta) };
                let sum = x_power + (beta - 1.0) * power * v - beta * x * power;
                [(sum / (beta * (beta - 1.0))).max(0.0), x_power / beta.max(1.0)]
            }
        }
    }
}

/// `(1 + q) ln(1 + q) - q` for `q > -1`.
fn excess(q: f64) -> f64 {
    ((1.0 + q) * libm::log1p(q) - q).max(0.0)
}
