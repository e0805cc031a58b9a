//! What depends on beta, entry by entry.

use crate::kernel::{Isa, KullbackLeibler};
use crate::real::Real;

/// Entries whose divergences are summed in T.
const BLOCK: usize = 512;

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
            // Nearer, the divergence is a difference of which rounding leaves nothing.
            near if (near - 1.0).abs() < 1e-8 => Beta::KullbackLeibler,
            0.0 => Beta::ItakuraSaito,
            other => Beta::Other(other),
        }
    }

    /// The greatest distance of a beta from one: powers of quotients between `eps` and `1 / eps` then keep within the roots
    /// of the number range.
    pub const fn reach<T: Real>() -> f64 {
        T::MAX_EXPONENT as f64 / (2 * T::SIGNIFICAND_BITS) as f64
    }

    pub fn exponent(self) -> f64 {
        match self {
            Beta::Frobenius => 2.0,
            Beta::KullbackLeibler => 1.0,
            Beta::ItakuraSaito => 0.0,
            Beta::Other(beta) => beta,
        }
    }

    /// `x <- x v^(beta - 2)` and `v <- v^(beta - 1)`, but for beta = 1, which has a kernel of its own. A v below the floor
    /// counts as that.
    pub fn terms<T: Real>(self, x: &mut [T], v: &mut [T], floor: T) {
        match self {
            Beta::Frobenius | Beta::KullbackLeibler => {}
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

    /// Whether [`factor`](Self::factor) is no more than the quotient, with this l2 penalty.
    pub fn divides<T: Real>(self, l2: T) -> bool {
        match self {
            Beta::Frobenius => true,
            Beta::KullbackLeibler => l2 == T::ZERO,
            Beta::ItakuraSaito => false,
            Beta::Other(beta) => l2 == T::ZERO && (1.0..=2.0).contains(&beta),
        }
    }

    /// What an entry is multiplied by, `above` and `below` being the sums of [`terms`](Self::terms) with an l1 penalty in
    /// `below`, and `quadratic` what an l2 penalty adds to the derivative: the minimizer of the bound that the chapter
    /// gives.
    #[inline(always)]
    pub fn factor<T: Real>(self, above: T, below: T, quadratic: T) -> T {
        let all = below + quadratic;
        let quotient = above / all;
        let power = |exponent: f64| quotient.powf(T::from_f64(exponent));
        let penalized = quadratic > T::ZERO;
        match self {
            Beta::Frobenius => quotient,
            Beta::KullbackLeibler if !penalized || quotient == T::ZERO => quotient,
            Beta::KullbackLeibler => {
                let linear = below / all;
                let four = T::from_f64(4.0);
                let root = (linear * linear + four * (quadratic / all) * quotient).sqrt();
                (quotient + quotient) / (linear + root)
            }
            Beta::ItakuraSaito if !penalized => quotient.sqrt(),
            Beta::ItakuraSaito => power(1.0 / 3.0),
            Beta::Other(beta) if beta > 2.0 => power(1.0 / (beta - 1.0)),
            Beta::Other(beta) if penalized => power(1.0 / (3.0 - beta)),
            Beta::Other(beta) if beta < 1.0 => power(1.0 / (2.0 - beta)),
            Beta::Other(_) => quotient,
        }
    }

    /// The sums of `d(x, v)`, and of the sizes of x that they are compared with. A v below the floor counts as that, but for
    /// beta = 1 beside a zero x.
    pub fn divergence<T: Real>(self, x: &[T], v: &[T], floor: T, isa: Isa) -> [f64; 2] {
        let mut sums = [0.0; 2];
        if matches!(self, Beta::KullbackLeibler) {
            // Sums of T stay short, as it may have few digits.
            for (x, v) in x.chunks(BLOCK).zip(v.chunks(BLOCK)) {
                sums[0] += isa.run(KullbackLeibler { x, v, floor }).to_f64();
                sums[1] += x.iter().fold(0.0, |sum, x| sum + x.to_f64());
            }
        } else {
            for (x, v) in x.iter().zip(v) {
                let [divergence, size] = self.entry(x.to_f64(), v.max(floor).to_f64());
                sums = [sums[0] + divergence, sums[1] + size];
            }
        }
        sums
    }

    /// `d(x, v)`, and the size of x, but for beta = 1, which has a kernel of its own. The small difference of large terms is
    /// written as one of small terms, of `x / v - 1` and its logarithm.
    fn entry(self, x: f64, v: f64) -> [f64; 2] {
        let excess = (x - v) / v;
        // An x that is small beside v, whose excess is -1 but for rounding, is known to its logarithm.
        let log = || if excess < -0.5 { libm::log(x) - libm::log(v) } else { libm::log1p(excess) };
        match self {
            Beta::Frobenius => [0.5 * (x - v) * (x - v), 0.5 * x * x],
            Beta::KullbackLeibler => [0.0; 2],
            Beta::ItakuraSaito => [(excess - log()).max(0.0), 1.0],
            Beta::Other(beta) => {
                let size = if x == 0.0 { 0.0 } else { libm::pow(x, beta) };
                let power = if x == 0.0 { -1.0 } else { libm::expm1(beta * log()) };
                let difference = (power - beta * excess) / (beta * (beta - 1.0));
                [libm::pow(v, beta) * difference.max(0.0), size / beta.max(1.0)]
            }
        }
    }
}
