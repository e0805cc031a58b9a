//! The inner loops: everything that costs time runs through here.
//!
//! `vector` holds the operations on slices, `panel` those on all columns of a matrix (of which `group` takes a few at a
//! time), `product` the matrix products behind one door, [`gemm`](gemm()); `rotations` and `angles` make the columns of a
//! block orthogonal, `descent` solves non-negative least squares, `sparse` multiplies with sparse matrices, `multiply` does
//! multiplicative updates, `kullback_leibler` compares X with its approximation, `lanes` turns rows of small matrices into
//! lanes. The bodies are written once over the vectors of `simd` and instantiated for each instruction set; the portable
//! instance never fuses a multiplication with an addition, so it gives the same bits everywhere.
//!
//! How a product is computed is a value, [`Execution`], never a side effect of a Cargo feature.

#![allow(clippy::needless_range_loop, reason = "kernels are written with plain loops: see `simd`")]

mod angles;
mod descent;
mod gemm;
mod group;
mod kullback_leibler;
mod lanes;
mod multiply;
#[cfg(feature = "openblas")]
mod openblas;
mod panel;
mod product;
mod rotations;
mod simd;
mod sparse;
mod vector;

pub(crate) use angles::Found;
pub(crate) use descent::{Descent, descend, descend_scratch_len};
pub(crate) use kullback_leibler::{KullbackLeibler, Out, QuotientRow, Quotients};
pub(crate) use lanes::{MOST_ROWS, read_rows, write_rows};
pub(crate) use multiply::{Curvature, Multiply};
#[cfg(feature = "openblas")]
pub use openblas::set_openblas_threads;
pub(crate) use panel::Step;
pub use product::{gemm, gemm_scratch_len, gemv, gram, gram_scratch_len};
pub(crate) use rotations::{Inner, Pairs};
#[cfg(not(feature = "std"))]
pub(crate) use simd::sqrt;
pub(crate) use simd::{Isa, Kernel, Lanes, MOST_LANES, Simd, Twice, padded};
pub(crate) use sparse::{Side, Sparse, SparseProduct};
pub use vector::{axpy, dot, norm, rotate, sum_of_squares};
pub(crate) use vector::{max_abs, max_abs_if_finite, pairwise, row_reduce, scale};

/// Who computes dense matrix products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// This crate: packs into the caller's scratch and allocates nothing.
    #[default]
    Own,
    /// The `matrixmultiply` crate, which allocates its packing buffers.
    #[cfg(feature = "matrixmultiply")]
    MatrixMultiply,
    /// OpenBLAS. Products that CBLAS does not take, or not with the same meaning, are computed by [`Own`](Backend::Own):
    /// of matrices that are neither row- nor column-major (gaps between rows or columns do not matter), that repeat a row
    /// or a column, or have a side or stride of 2^31, and those with `alpha = 0`.
    ///
    /// What this crate does not promise with it:
    ///
    /// - It allocates, starts threads of its own as soon as the program begins, and has global state. How many threads is
    ///   one setting for the process, the variable `OPENBLAS_NUM_THREADS` in the environment; nothing here changes it but
    ///   `set_openblas_threads`, and [`Parallelism`] does not count them.
    /// - Where it gets no memory it tries for ever or ends the process, and it ends it where it gets no thread. Built without
    ///   threads, it may not be able to serve several at a time.
    /// - Bits depend on its version, its kernels for the processor, its number of threads, the strides of the matrices, which
    ///   outputs are asked for, and whether there is a pool. With one thread of its own, the number of threads in the pool
    ///   does not change a bit.
    #[cfg(feature = "openblas")]
    OpenBlas,
}

/// On how many threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parallelism {
    /// The caller's thread alone. OpenBLAS may use more: its threads are its own affair.
    #[default]
    One,
    /// The current rayon pool. Every entry is computed by one task and summed in an order that the shape alone fixes, so
    /// the number of threads does not change a bit of the result. Each task allocates its own packing buffers. Several
    /// tasks call OpenBLAS at the same time, which then should have one thread.
    #[cfg(feature = "rayon")]
    Rayon,
}

/// With which instructions this crate's own kernels compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kernels {
    /// The best that the processor has. On x86-64 found at run time with the feature `detect`, else what the build may
    /// assume.
    #[default]
    Best,
    /// The portable ones, which fuse no multiplication with an addition: the same bits on every machine, and with AVX2 on
    /// an x86-64 processor that has it. On 32-bit ARM they exist with the feature `reproducible`, beside those for single
    /// numbers.
    #[cfg(any(feature = "reproducible", not(target_arch = "arm")))]
    Reproducible,
}

impl Parallelism {
    /// Runs every task: in turn, or on the pool.
    pub(crate) fn run<Task: Send>(self, tasks: impl Iterator<Item = Task> + Send, run: impl Fn(Task) + Sync) {
        match self {
            Parallelism::One => tasks.for_each(run),
            #[cfg(feature = "rayon")]
            Parallelism::Rayon => rayon::scope(|scope| {
                let run = &run;
                tasks.for_each(|task| scope.spawn(move |_| run(task)));
            }),
        }
    }
}

/// How the kernels are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Execution {
    /// Who computes dense products.
    pub backend: Backend,
    /// On how many threads.
    pub parallelism: Parallelism,
    /// With which instructions.
    pub kernels: Kernels,
}

impl Execution {
    /// This crate's own kernels on the caller's thread.
    pub const fn new() -> Self {
        Execution { backend: Backend::Own, parallelism: Parallelism::One, kernels: Kernels::Best }
    }

    /// The fastest that this build has: products by OpenBLAS if it has that, else by this crate's own kernels; on every
    /// thread of the pool if there is one.
    pub const fn fastest() -> Self {
        Execution {
            #[cfg(feature = "openblas")]
            backend: Backend::OpenBlas,
            #[cfg(not(feature = "openblas"))]
            backend: Backend::Own,
            #[cfg(feature = "rayon")]
            parallelism: Parallelism::Rayon,
            #[cfg(not(feature = "rayon"))]
            parallelism: Parallelism::One,
            kernels: Kernels::Best,
        }
    }

    /// With this backend.
    pub const fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// With this parallelism.
    pub const fn parallelism(mut self, parallelism: Parallelism) -> Self {
        self.parallelism = parallelism;
        self
    }

    /// With these instructions.
    pub const fn kernels(mut self, kernels: Kernels) -> Self {
        self.kernels = kernels;
        self
    }

    /// The instruction set to run kernels with.
    #[inline]
    pub(crate) fn isa(self) -> Isa {
        match self.kernels {
            Kernels::Best => Isa::best(),
            #[cfg(any(feature = "reproducible", not(target_arch = "arm")))]
            Kernels::Reproducible => Isa::reproducible(),
        }
    }
}

/// The name of the instruction set that [`Kernels::Best`] uses on this machine: `portable`, `scalar` (32-bit ARM), `avx2`
/// (with FMA), `avx512`, `neon` or `simd128`.
pub fn name() -> &'static str {
    Isa::best().name()
}
