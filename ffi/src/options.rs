//! The option structs of the header, their defaults, and the enumerations.

use lowrank::svd::{Vectors, truncated};
use lowrank::{nmf, snmf, svd};

use crate::memory::{Growing, options};
use crate::status::{ENUMERATION, Fault, Info};

// The defaults, as the `_INIT` macros of the header have them.
const _: () = {
    let (svd, truncated) = (svd::Options::new(), truncated::Options::new());
    let (nmf, snmf) = (nmf::Options::new(), snmf::Options::new());
    assert!(svd.max_sweeps == 30 && !svd.scaled && matches!(svd.vectors, Vectors::Thin));
    assert!(truncated.oversample == 10 && truncated.max_passes == 100);
    assert!(truncated.tolerance == 1e-4 && truncated.seed == 0);
    assert!(nmf.max_iterations == 200 && nmf.tolerance == 1e-4);
    assert!(snmf.max_iterations == 200 && snmf.tolerance == 1e-4);
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
    max_sweeps: usize,
}

// SAFETY: `repr(C)`, `struct_size` is first, and all fields are integers.
unsafe impl Growing for Svd {
    const FIRST_SIZE: usize = size_of::<Self>();
}

impl Svd {
    /// # Safety
    /// `pointer` is null or points to the caller's struct of as many bytes as its `struct_size` says.
    pub unsafe fn read(pointer: *const Self) -> Result<svd::Options, Fault> {
        let svd::Options { max_sweeps, .. } = svd::Options::new();
        let defaults = Svd { struct_size: 0, vectors: 0, scaled: 0, max_sweeps };
        // SAFETY: the caller vouches for it.
        let given = unsafe { options(pointer, defaults) }?;
        let options = svd::Options::new().vectors(vectors(given.vectors)?).max_sweeps(given.max_sweeps);
        match given.scaled {
            0 => Ok(options),
            1 => Ok(options.scaled(true)),
            _ => Err(Fault::new(ENUMERATION)),
        }
    }
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
}

// SAFETY: `repr(C)`, `struct_size` is first, and all fields are integers and floats.
unsafe impl Growing for Truncated {
    const FIRST_SIZE: usize = size_of::<Self>();
}

impl Truncated {
    /// # Safety
    /// `pointer` is null or points to the caller's struct of as many bytes as its `struct_size` says.
    pub unsafe fn read(pointer: *const Self) -> Result<truncated::Options, Fault> {
        let truncated::Options { oversample, max_passes, tolerance, seed, .. } = truncated::Options::new();
        let defaults = Truncated { struct_size: 0, oversample, max_passes, tolerance, seed };
        // SAFETY: the caller vouches for it.
        let given = unsafe { options(pointer, defaults) }?;
        Ok(truncated::Options::new()
            .oversample(given.oversample)
            .max_passes(given.max_passes)
            .tolerance(given.tolerance)
            .seed(given.seed))
    }
}

/// `lowrank_nmf_options`, of NMF and semi-NMF.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Nmf {
    struct_size: usize,
    max_iterations: usize,
    tolerance: f64,
}

// SAFETY: `repr(C)`, `struct_size` is first, and all fields are integers and floats.
unsafe impl Growing for Nmf {
    const FIRST_SIZE: usize = size_of::<Self>();
}

impl Nmf {
    /// # Safety
    /// `pointer` is null or points to the caller's struct of as many bytes as its `struct_size` says.
    pub unsafe fn read(pointer: *const Self) -> Result<(nmf::Options, snmf::Options), Fault> {
        let nmf::Options { max_iterations, tolerance, .. } = nmf::Options::new();
        let defaults = Nmf { struct_size: 0, max_iterations, tolerance };
        // SAFETY: the caller vouches for it.
        let given = unsafe { options(pointer, defaults) }?;
        let Nmf { max_iterations, tolerance, .. } = given;
        Ok((
            nmf::Options::new().max_iterations(max_iterations).tolerance(tolerance),
            snmf::Options::new().max_iterations(max_iterations).tolerance(tolerance),
        ))
    }
}

/// `LOWRANK_THIN` or `LOWRANK_FULL`.
pub fn vectors(value: u32) -> Result<Vectors, Fault> {
    match value {
        0 => Ok(Vectors::Thin),
        1 => Ok(Vectors::Full),
        _ => Err(Fault::new(ENUMERATION)),
    }
}

/// `LOWRANK_HALS` or `LOWRANK_MULTIPLICATIVE`.
pub fn solver(value: u32) -> Result<nmf::Solver, Fault> {
    match value {
        0 => Ok(nmf::Solver::Hals),
        1 => Ok(nmf::Solver::Multiplicative),
        _ => Err(Fault::new(ENUMERATION)),
    }
}
