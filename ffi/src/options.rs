//! The option structs of the header, their defaults, and the enumerations.

use lowrank::kernel::{Backend, Execution, Kernels};
use lowrank::nmf::{Criterion, Fill, Norm, Penalty, Solver};
use lowrank::svd::{InPlace, Order, Vectors, solve, truncated};
use lowrank::{nmf, snmf, svd};

use crate::memory::{Growing, options};
use crate::status::{ENUMERATION, Fault, Info, OPTION};

// The defaults, as the `_INIT` macros of the header have them.
const _: () = {
    let (svd, truncated) = (svd::Options::new(), truncated::Options::new());
    assert!(svd.max_sweeps == 30 && svd.threshold == 0.0 && !svd.scaled && matches!(svd.vectors, Vectors::Thin));
    assert!(truncated.oversample == 10 && truncated.max_passes == 100 && truncated.tolerance == 1e-4);
    assert!(truncated.seed == 0 && truncated.machine == 0);
    let (nmf, divergence, snmf) = (nmf::Options::new(), nmf::divergence::Options::new(2.0), snmf::Options::new());
    assert!(matches!(nmf.solver, Solver::Hals) && matches!(snmf.solver, Solver::Hals));
    assert!(matches!(nmf.criterion, Criterion::Decrease) && matches!(snmf.criterion, Criterion::Decrease));
    assert!(matches!(divergence.criterion, Criterion::Decrease));
    assert!(nmf.extrapolate && divergence.extrapolate && snmf.extrapolate);
    assert!(nmf.max_iterations == 200 && divergence.max_iterations == 200 && snmf.max_iterations == 200);
    assert!(nmf.tolerance == 1e-4 && divergence.tolerance == 1e-4 && snmf.tolerance == 1e-4);
    assert!(nmf.max_sweeps == 0 && snmf.max_sweeps == 0);
    assert!(nmf.left.l1 == 0.0 && nmf.left.l2 == 0.0 && nmf.right.l1 == 0.0 && nmf.right.l2 == 0.0);
};

// SAFETY: `repr(C)`, `struct_size` is first, and all fields are integers and floats.
unsafe impl Growing for Info {
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// `lowrank_svd_options`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Svd {
    struct_size: usize,
    vectors: u32,
    scaled: u32,
    threshold: f64,
    max_sweeps: usize,
    execution: u32,
}

// SAFETY: `repr(C)`, `struct_size` is first, and all fields are integers and floats.
unsafe impl Growing for Svd {
    const FIRST_SIZE: usize = size_of::<Self>();
}

impl Svd {
    /// # Safety
    /// `pointer` is null or points to the caller's struct of as many bytes as its `struct_size` says.
    pub unsafe fn read(pointer: *const Self) -> Result<svd::Options, Fault> {
        let svd::Options { threshold, max_sweeps, .. } = svd::Options::new();
        let defaults = Svd { struct_size: 0, vectors: 0, scaled: 0, threshold, max_sweeps, execution: 0 };
        // SAFETY: the caller vouches for it.
        let given = unsafe { options(pointer, defaults) }?;
        Ok(svd::Options::new()
            .vectors(vectors(given.vectors)?)
            .scaled(flag(given.scaled)?)
            .threshold(given.threshold)
            .max_sweeps(given.max_sweeps)
            .execution(execution(given.execution)?))
    }
}

/// With a tolerance, which may be `LOWRANK_ROUNDING`.
pub fn solve(tolerance: f64, options: svd::Options) -> solve::Options {
    let options = solve::Options::new().svd(options);
    if tolerance == -1.0 { options } else { options.tolerance(tolerance) }
}

/// `lowrank_svd_truncated_options`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Truncated {
    struct_size: usize,
    oversample: usize,
    max_passes: usize,
    tolerance: f64,
    seed: u64,
    machine: u64,
    execution: u32,
}

// SAFETY: `repr(C)`, `struct_size` is first, and all fields are integers and floats.
unsafe impl Growing for Truncated {
    const FIRST_SIZE: usize = size_of::<Self>();
}

impl Truncated {
    /// # Safety
    /// `pointer` is null or points to the caller's struct of as many bytes as its `struct_size` says.
    pub unsafe fn read(pointer: *const Self) -> Result<truncated::Options, Fault> {
        let truncated::Options { oversample, max_passes, tolerance, seed, machine, .. } = truncated::Options::new();
        let defaults = Truncated { struct_size: 0, oversample, max_passes, tolerance, seed, machine, execution: 0 };
        // SAFETY: the caller vouches for it.
        let given = unsafe { options(pointer, defaults) }?;
        Ok(truncated::Options::new()
            .oversample(given.oversample)
            .max_passes(given.max_passes)
            .tolerance(given.tolerance)
            .seed(given.seed)
            .machine(given.machine)
            .execution(execution(given.execution)?))
    }
}

/// `lowrank_nmf_options`, of NMF and semi-NMF.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Nmf {
    struct_size: usize,
    solver: u32,
    criterion: u32,
    tolerance: f64,
    max_iterations: usize,
    beta: f64,
    l1_left: f64,
    l2_left: f64,
    l1_right: f64,
    l2_right: f64,
    max_sweeps: usize,
    extrapolate: u32,
    execution: u32,
}

// SAFETY: `repr(C)`, `struct_size` is first, and all fields are integers and floats.
unsafe impl Growing for Nmf {
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// What `lowrank_nmf_options` says to one of the methods.
pub trait FromNmf: Copy {
    fn from_nmf(given: &Nmf) -> Result<Self, Fault>;

    /// # Safety
    /// `pointer` is null or points to the caller's struct of as many bytes as its `struct_size` says.
    unsafe fn read(pointer: *const Nmf) -> Result<Self, Fault> {
        let nmf::Options { tolerance, max_iterations, max_sweeps, .. } = nmf::Options::new();
        let defaults = Nmf {
            struct_size: 0,
            solver: 0,
            criterion: 0,
            tolerance,
            max_iterations,
            beta: FROBENIUS,
            l1_left: 0.0,
            l2_left: 0.0,
            l1_right: 0.0,
            l2_right: 0.0,
            max_sweeps,
            extrapolate: 1,
            execution: 0,
        };
        // SAFETY: the caller vouches for it.
        Self::from_nmf(&unsafe { options(pointer, defaults) }?)
    }
}

/// beta of the Frobenius norm, the only loss of what is not a divergence.
const FROBENIUS: f64 = 2.0;

impl Nmf {
    fn penalties(&self) -> [Penalty; 2] {
        [Penalty::new(self.l1_left, self.l2_left), Penalty::new(self.l1_right, self.l2_right)]
    }

    fn check_beta(&self) -> Result<(), Fault> {
        if self.beta == FROBENIUS { Ok(()) } else { Err(Fault::new(OPTION)) }
    }
}

impl FromNmf for nmf::Options {
    fn from_nmf(given: &Nmf) -> Result<Self, Fault> {
        given.check_beta()?;
        let [left, right] = given.penalties();
        Ok(nmf::Options::new()
            .solver(solver(given.solver)?)
            .penalties(left, right)
            .max_sweeps(given.max_sweeps)
            .extrapolate(flag(given.extrapolate)?)
            .criterion(criterion(given.criterion)?)
            .tolerance(given.tolerance)
            .max_iterations(given.max_iterations)
            .execution(execution(given.execution)?))
    }
}

impl FromNmf for nmf::divergence::Options {
    fn from_nmf(given: &Nmf) -> Result<Self, Fault> {
        solver(given.solver)?;
        let [left, right] = given.penalties();
        Ok(nmf::divergence::Options::new(given.beta)
            .penalties(left, right)
            .extrapolate(flag(given.extrapolate)?)
            .criterion(criterion(given.criterion)?)
            .tolerance(given.tolerance)
            .max_iterations(given.max_iterations)
            .execution(execution(given.execution)?))
    }
}

impl FromNmf for snmf::Options {
    fn from_nmf(given: &Nmf) -> Result<Self, Fault> {
        given.check_beta()?;
        if given.penalties() != [Penalty::NONE; 2] {
            return Err(Fault::new(OPTION));
        }
        Ok(snmf::Options::new()
            .solver(solver(given.solver)?)
            .max_sweeps(given.max_sweeps)
            .extrapolate(flag(given.extrapolate)?)
            .criterion(criterion(given.criterion)?)
            .tolerance(given.tolerance)
            .max_iterations(given.max_iterations)
            .execution(execution(given.execution)?))
    }
}

/// A sum of `LOWRANK_REPRODUCIBLE` and a backend that the library was built with.
pub fn execution(value: u32) -> Result<Execution, Fault> {
    let kernels = if value & 1 == 0 { Kernels::Best } else { Kernels::Reproducible };
    let backend = match value & !1 {
        0 => Backend::Own,
        #[cfg(feature = "matrixmultiply")]
        2 => Backend::MatrixMultiply,
        #[cfg(feature = "openblas")]
        4 => Backend::OpenBlas,
        _ => return Err(Fault::new(ENUMERATION)),
    };
    Ok(Execution::new().kernels(kernels).backend(backend))
}

fn flag(value: u32) -> Result<bool, Fault> {
    choice([false, true], value)
}

/// `LOWRANK_THIN` or `LOWRANK_FULL`.
pub fn vectors(value: u32) -> Result<Vectors, Fault> {
    choice([Vectors::Thin, Vectors::Full], value)
}

/// Whether `lowrank_svd_golub_kahan_in_place` keeps vectors.
pub fn keep(value: u32) -> Result<InPlace, Fault> {
    choice([InPlace::Nothing, InPlace::Vectors], value)
}

/// `LOWRANK_ROW_MAJOR` or `LOWRANK_COL_MAJOR`.
pub fn order(value: u32) -> Result<Order, Fault> {
    choice([Order::RowMajor, Order::ColMajor], value)
}

/// `LOWRANK_HALS` or `LOWRANK_MULTIPLICATIVE`.
fn solver(value: u32) -> Result<Solver, Fault> {
    choice([Solver::Hals, Solver::Multiplicative], value)
}

/// `LOWRANK_DECREASE` or `LOWRANK_PROJECTED_GRADIENT`.
fn criterion(value: u32) -> Result<Criterion, Fault> {
    choice([Criterion::Decrease, Criterion::ProjectedGradient], value)
}

/// `LOWRANK_FILL_...`
pub fn fill(value: u32, part: f64, seed: u64) -> Result<Fill, Fault> {
    choice([Fill::Zeros, Fill::Part(part), Fill::Mean, Fill::Random { seed }], value)
}

/// `LOWRANK_NORM_...`
pub fn norm(value: u32) -> Result<Norm, Fault> {
    choice([Norm::One, Norm::Two, Norm::Max], value)
}

/// The value of an enumeration whose names count from 0.
fn choice<V: Copy, const N: usize>(values: [V; N], value: u32) -> Result<V, Fault> {
    values.get(value as usize).copied().ok_or(Fault::new(ENUMERATION))
}
