//! Every dense method of `svd` under the same tests.
//!
//! | file | concern |
//! |---|---|
//! | `golden` | bits that are the same on every machine |
//! | `ratios` | LAPACK's ratios and the oracle, over LAPACK's types and our corpus, in all shapes |
//! | `known` | matrices whose singular values are known |
//! | `relative` | small values of graded matrices, each accurate relative to itself |
//! | `jobs` | outputs by choice, memory layouts and scratch do not change a bit |
//! | `options` | the threshold, the bound on sweeps |
//! | `range` | the ends of the number range, and what is refused |
//! | `properties` | random matrices made to be difficult |
//! | `in_place` | the method that overwrites A, with the call of the others |

mod golden;
mod in_place;
mod jobs;
mod known;
mod options;
mod properties;
mod range;
mod ratios;
mod relative;

use super::measures::{Matrix, bounds, orthonormality, residual};
use super::oracle::Exact;
use lowrank::svd::{self, Info, Options, Vectors};
use lowrank::{Error, MatMut, MatRef, Real};

type Call<T> = fn(
    MatRef<'_, T>,
    &mut [T],
    Option<MatMut<'_, T>>,
    Option<MatMut<'_, T>>,
    &Options,
    &mut [T],
) -> Result<Info, Error>;

/// How the well-conditioned B is scaled in a matrix all of whose singular values are accurate relative to themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grading {
    /// `B D` if tall or square, `D B` if wide: the shorter dimension is scaled.
    Shorter,
    /// `D B` if square.
    Rows,
}

struct Method<T> {
    name: &'static str,
    call: Call<T>,
    options: Options,
    scratch_len: fn(usize, usize) -> usize,
    values_scratch_len: fn(usize, usize) -> usize,
    /// Where it promises relative accuracy.
    relative: &'static [Grading],
}

/// The dense methods; a new one is one entry.
fn methods<T: Real>() -> [Method<T>; 5] {
    let options = Options::new();
    [
        Method {
            name: "svd",
            call: svd::svd,
            options,
            scratch_len: svd::svd_scratch_len,
            values_scratch_len: svd::svd_values_scratch_len,
            relative: &[],
        },
        Method {
            name: "jacobi",
            call: svd::jacobi,
            options,
            scratch_len: svd::jacobi_scratch_len,
            values_scratch_len: svd::jacobi_scratch_len,
            relative: &[Grading::Shorter, Grading::Rows],
        },
        Method {
            name: "jacobi_unblocked",
            call: svd::jacobi_unblocked,
            options,
            scratch_len: svd::jacobi_unblocked_scratch_len,
            values_scratch_len: svd::jacobi_unblocked_scratch_len,
            relative: &[Grading::Shorter, Grading::Rows],
        },
        Method {
            name: "golub_kahan",
            call: svd::golub_kahan,
            options,
            scratch_len: svd::golub_kahan_scratch_len,
            values_scratch_len: svd::golub_kahan_values_scratch_len,
            relative: &[],
        },
        Method {
            name: "golub_kahan_in_place",
            call: in_place::call,
            options,
            scratch_len: svd::golub_kahan_in_place_scratch_len,
            values_scratch_len: svd::golub_kahan_in_place_scratch_len,
            relative: &[],
        },
    ]
}

/// Which vectors are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Job {
    left: bool,
    right: bool,
    vectors: Vectors,
}

impl Job {
    const FULL: Job = Job { left: true, right: true, vectors: Vectors::Full };
    const THIN: Job = Job { left: true, right: true, vectors: Vectors::Thin };
    const VALUES: Job = Job { left: false, right: false, vectors: Vectors::Thin };

    fn all() -> impl Iterator<Item = Job> {
        let sides = [(false, false), (true, false), (false, true), (true, true)];
        let both = [Vectors::Thin, Vectors::Full];
        both.into_iter().flat_map(move |vectors| sides.map(|(left, right)| Job { left, right, vectors }))
    }
}

/// Where the entries of a matrix lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Rows,
    Columns,
    PaddedRows,
    PaddedColumns,
    /// No two entries next to each other.
    Spread,
}

impl Layout {
    const ALL: [Layout; 5] = [Layout::Rows, Layout::Columns, Layout::PaddedRows, Layout::PaddedColumns, Layout::Spread];

    fn strides(self, rows: usize, cols: usize) -> (usize, usize) {
        match self {
            Layout::Rows => (cols, 1),
            Layout::Columns => (1, rows),
            Layout::PaddedRows => (cols + 3, 1),
            Layout::PaddedColumns => (1, rows + 2),
            Layout::Spread => (2, 2 * rows + 3),
        }
    }
}

/// A matrix in memory of its own.
struct Stored<T> {
    data: Vec<T>,
    shape: (usize, usize),
    strides: (usize, usize),
    filling: T,
}

impl<T: Real> Stored<T> {
    /// Before, between and after the entries, and in their place until they are written, is `filling`.
    fn new(shape: (usize, usize), layout: Layout, filling: T) -> Self {
        let strides = layout.strides(shape.0, shape.1);
        // An odd offset breaks the alignment that allocators give.
        let data = vec![filling; 3 + shape.0 * strides.0 + shape.1 * strides.1 + shape.0 * shape.1];
        Stored { data, shape, strides, filling }
    }

    fn of(a: &Matrix, layout: Layout, filling: T) -> Self {
        let mut stored = Stored::new((a.rows, a.cols), layout, filling);
        let mut view = stored.view_mut();
        for i in 0..a.rows {
            for j in 0..a.cols {
                *view.get_mut(i, j).unwrap() = T::from_f64(a.at(i, j));
            }
        }
        stored
    }

    fn view(&self) -> MatRef<'_, T> {
        MatRef::new(&self.data[1..], self.shape.0, self.shape.1, self.strides.0, self.strides.1).unwrap()
    }

    fn view_mut(&mut self) -> MatMut<'_, T> {
        MatMut::new(&mut self.data[1..], self.shape.0, self.shape.1, self.strides.0, self.strides.1).unwrap()
    }

    /// The entries; the memory around them must be as it was.
    fn into_matrix(mut self) -> Matrix {
        let matrix = Matrix::of(self.view());
        let filling = self.filling;
        self.view_mut().fill(filling);
        assert!(self.is_untouched(), "memory outside the matrix was written");
        matrix
    }

    fn is_untouched(&self) -> bool {
        self.data.iter().all(|x| same_bits(*x, self.filling))
    }
}

fn same_bits<T: Real>(x: T, y: T) -> bool {
    x.to_f64().to_bits() == y.to_f64().to_bits()
}

fn bits(x: &Matrix) -> Vec<u64> {
    x.data.iter().map(|x| x.to_bits()).collect()
}

/// How a call is made.
#[derive(Clone, Copy, Debug)]
struct Setting<T> {
    job: Job,
    /// Of A, U and V.
    layouts: [Layout; 3],
    /// What is in the scratch, the outputs and around the matrices.
    filling: T,
    /// Elements of scratch beyond the length that is needed.
    extra: usize,
}

impl<T: Real> Setting<T> {
    /// Exact scratch full of NaN.
    fn plain(job: Job) -> Self {
        Setting { job, layouts: [Layout::Rows; 3], filling: T::from_f64(f64::NAN), extra: 0 }
    }
}

/// What a call returned.
struct Svd {
    s: Vec<f64>,
    u: Option<Matrix>,
    v: Option<Matrix>,
    info: Info,
}

impl Svd {
    /// Whether this is part of a full decomposition bit for bit, the columns of U alone up to their signs.
    fn is_part_of(&self, full: &Svd) -> bool {
        let paired = full.s.len();
        let same_values = self.s.iter().zip(&full.s).all(|(a, b)| same_bits(*a, *b));
        let vectors = [(&self.u, &full.u, self.v.is_none()), (&self.v, &full.v, false)];
        let same_vectors = vectors.into_iter().all(|(part, full, flips)| {
            let (Some(part), Some(full)) = (part, full) else { return true };
            (0..part.cols).all(|j| {
                let (part, full) = (part.columns(j, 1), full.columns(j, 1));
                // V rules the signs, U only alone.
                bits(&part) == bits(&full) || (flips && j < paired && bits(&part.scaled(-1.0)) == bits(&full))
            })
        });
        self.s.len() == paired && same_values && same_vectors && self.info == full.info
    }
}

impl<T: Real> Method<T> {
    /// Calls the method on the entries of A rounded to T. After an error, the outputs must be as they were; U alone must
    /// follow the sign rule.
    fn run(&self, a: &Matrix, setting: &Setting<T>) -> Result<Svd, Error> {
        let (m, n, k) = (a.rows, a.cols, a.rows.min(a.cols));
        let Setting { job, layouts, filling, extra } = *setting;
        let (left, right) = if job.vectors == Vectors::Full { (m, n) } else { (k, k) };
        let needed = if job.left || job.right { (self.scratch_len)(m, n) } else { (self.values_scratch_len)(m, n) };
        let mut s = Stored::new((k, 1), Layout::Columns, filling);
        let mut u = job.left.then(|| Stored::new((m, left), layouts[1], filling));
        let mut v = job.right.then(|| Stored::new((n, right), layouts[2], filling));
        let mut scratch = vec![filling; needed + extra];
        let result = (self.call)(
            Stored::of(a, layouts[0], filling).view(),
            &mut s.data[1..=k],
            u.as_mut().map(Stored::view_mut),
            v.as_mut().map(Stored::view_mut),
            &self.options.vectors(job.vectors),
            &mut scratch,
        );
        if result.is_err() {
            assert!(s.is_untouched() && [&u, &v].into_iter().flatten().all(Stored::is_untouched), "{}", self.name);
        }
        let (s, u, v) = (s.into_matrix().data, u.map(Stored::into_matrix), v.map(Stored::into_matrix));
        let info = result?;
        if let (Some(u), None) = (&u, &v) {
            follows_sign_rule::<T>(u, 0, self.name);
        }
        Ok(Svd { s, u, v, info })
    }

    /// Factorizes with both vectors, checks what every decomposition promises, and returns the largest ratio.
    fn verify(&self, a: &Matrix, job: Job, exact: Option<&Exact>, context: &str) -> f64 {
        let (m, n, execution) = (a.rows, a.cols, self.options.execution);
        let context = format!("{}, {context}, {m} x {n}, {} bits, {execution:?}", self.name, T::SIGNIFICAND_BITS);
        let a = a.rounded::<T>();
        let svd = self.run(&a, &Setting::plain(job)).unwrap_or_else(|error| panic!("{context}: {error}"));
        let (u, v) = (svd.u.as_ref().unwrap(), svd.v.as_ref().unwrap());
        assert!(svd.info.converged, "{context}: {:?}", svd.info);
        assert!(svd.s.iter().all(|s| s.is_sign_positive()), "{context}: {:?}", svd.s);
        assert!(svd.s.windows(2).all(|w| w[0] >= w[1]), "{context}: {:?}", svd.s);
        assert_eq!(svd.info.nonzero, svd.s.iter().filter(|s| **s > 0.0).count(), "{context}");
        follows_sign_rule::<T>(v, 0, &context);
        // The columns that complete U have no partner.
        follows_sign_rule::<T>(u, svd.s.len(), &context);
        if let Some(exact) = exact {
            let error = exact.absolute_error::<T>(&svd.s);
            assert!(error < bounds::VALUES, "{context}: values off by {error} s_1 sqrt(k) eps");
        }
        let ratios = [residual::<T>(&a, u, &svd.s, v), orthonormality::<T>(u), orthonormality::<T>(v)];
        let limits = [bounds::RESIDUAL, bounds::ORTHONORMALITY, bounds::ORTHONORMALITY];
        assert!(ratios.iter().zip(limits).all(|(ratio, limit)| *ratio < limit), "{context}: {ratios:?}");
        ratios.into_iter().fold(0.0, f64::max)
    }
}

/// The first entry of magnitude near the largest is positive, in all columns from `first`.
fn follows_sign_rule<T: Real>(q: &Matrix, first: usize, context: &str) {
    let margin = 1.0 - T::EPSILON.to_f64().sqrt();
    for j in first..q.cols {
        let column = q.columns(j, 1);
        let leading = column.data.iter().find(|x| x.abs() >= margin * column.largest());
        assert!(*leading.unwrap() > 0.0, "{context}: sign of column {j}");
    }
}
