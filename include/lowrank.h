/*
 * lowrank: matrix factorizations over memory that the caller owns.
 *
 * Singular value decomposition and what it solves, QR, NMF and semi-NMF of float and double matrices. A call allocates
 * nothing, does no I/O, starts no thread, does not recurse and cannot panic. It ends for every input, in the default
 * floating-point environment and with flush-to-zero. Non-negative factorization is in lowrank_nmf.h. This header brings
 * all others with it.
 *
 * Matrices. Entry (i, j) is data[i * row_stride + j * col_stride], so row-major and column-major are equals and a
 * transpose swaps the strides. One stride is at least the other's extent; an input may also have a stride of 0, which
 * repeats a row or a column. A matrix without entries may have a null `data`. Inputs are only read: cast const away.
 *
 * Memory. No output but `info`, which is written last, may share addresses with another output, the scratch or an
 * input, from the first to the last entry of each: LOWRANK_OVERLAP. Scratch is any memory of the number type with at least
 * as many elements as the function's `_scratch_len` function returns, for the same shapes; its content does not matter
 * before, and means nothing after. A length that exceeds SIZE_MAX is returned as SIZE_MAX. A macro of the same name, in
 * lowrank_scratch.h, has the length as a constant, for static memory. A later version may need more: a program compiled with
 * the macros of an older one then gets LOWRANK_SCRATCH_TOO_SMALL, not a wrong result.
 *
 * Results. A function returns LOWRANK_OK or the reason why it did nothing. Then nothing is changed but scratch, `info`,
 * and a state in which no iteration has begun. Same input, same bits. An iteration that its bound ended is LOWRANK_OK
 * with `info->converged` 0.
 *
 * Structs that begin with `struct_size` can grow: set it to the size of the struct, as the `_INIT` macros do. A pointer
 * to options may be null for the defaults, and a pointer to `lowrank_info` may be null.
 *
 * Threads. There is no state between calls but the caller's: calls on different memory may run at the same time.
 *
 * Parameters are in (read), out (overwritten), inout (both) or scratch; [k] is a number of elements; "or null" marks what
 * may be left out. These have the same meaning wherever they appear, and are not repeated:
 *
 *   options      in, or null for the defaults
 *   execution    in, 0 or a sum of LOWRANK_REPRODUCIBLE and a backend
 *   scratch      scratch [scratch_len], at least as many as the function's `_scratch_len` says
 *   scratch_len  in, the elements that there are
 *   info         inout, or null: what was done, or what was wrong
 *
 * Nor are these errors, which any function can return: SHAPE, SCRATCH_TOO_SMALL, STRIDES, OVERLAP, NULL, MISALIGNED, SIZE,
 * ENUMERATION, STRUCT_SIZE. NON_FINITE is returned for every matrix that is read, unless its function says otherwise.
 */
#ifndef LOWRANK_H
#define LOWRANK_H

#include <stddef.h>
#include <stdint.h>

#include "lowrank_scratch.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LOWRANK_VERSION "0.1.0"

/* ---- Status ---------------------------------------------------------------------------------------------------- */

/* What a function returns, as int32_t. A number is never used again for something else. */
enum {
    LOWRANK_OK = 0,
    LOWRANK_SLICE_TOO_SHORT = 1,   /* reserved: no function takes memory that could be too short for a shape */
    LOWRANK_STRIDES = 2,           /* the strides let entries of a matrix share memory */
    LOWRANK_SHAPE = 3,             /* the shape of `operand` does not fit the others; it should be `row` x `col` */
    LOWRANK_SCRATCH_TOO_SMALL = 4, /* `needed` elements of scratch are needed */
    LOWRANK_NON_FINITE = 5,        /* entry (`row`, `col`) of `operand` is NaN or infinite */
    LOWRANK_NEGATIVE = 6,          /* entry (`row`, `col`) of `operand` is negative where none may be */
    LOWRANK_OVERLAP = 7,           /* `operand` and `other` share memory, and one of them is written */
    LOWRANK_RANK = 8,              /* the rank is zero or more than `needed` */
    LOWRANK_TOO_LARGE = 9,         /* a dimension is more than `needed`: for float at most 2^24 */
    LOWRANK_OPTION = 10,           /* an option, or a number that is not a matrix, is out of range */
    LOWRANK_OVERFLOW = 11,         /* the result exceeds the largest number: it is at least 2^`exponent` */
    LOWRANK_CSR = 12,              /* the CSR arrays contradict each other; `row` is the first row that is wrong */
    LOWRANK_OPERATOR = 13,         /* reserved for operators of the caller */
    LOWRANK_ZERO = 14,             /* entry (`row`, `col`) of `operand` is zero where only positive ones may be */
    LOWRANK_UNFINISHED = 15,       /* results were asked for before the iteration has come to its end */
    LOWRANK_NULL = 100,            /* a pointer that is needed is null */
    LOWRANK_MISALIGNED = 101,      /* a pointer is not aligned for its type */
    LOWRANK_SIZE = 102,            /* `operand` is larger than memory can be */
    LOWRANK_ENUMERATION = 103,     /* not a value of the enumeration, or one that this build does not have */
    LOWRANK_STRUCT_SIZE = 104,     /* `struct_size` is too small, or says something that this version does not know */
    LOWRANK_STATE = 105,           /* the state is not that of an iteration under way, or of another type */
    LOWRANK_UNKNOWN = 127          /* an error that this version has no number for */
};

/* A sentence without a full stop about a status (in); never null, valid for ever. */
const char *lowrank_status_message(int32_t status);

/* The version of the library that is linked, as LOWRANK_VERSION has that of this header. */
const char *lowrank_version(void);

/* The instruction set that the inner loops use on this machine: "portable", "scalar" (32-bit ARM), "avx2" (with FMA),
 * "avx512", "neon" or "simd128". */
const char *lowrank_kernel_name(void);

/* ---- Types ----------------------------------------------------------------------------------------------------- */

/* A matrix. These five fields for ever. */
typedef struct lowrank_mat_f32 {
    float *data;
    size_t rows;
    size_t cols;
    size_t row_stride; /* elements from one row to the next */
    size_t col_stride; /* elements from one column to the next */
} lowrank_mat_f32;

typedef struct lowrank_mat_f64 {
    double *data;
    size_t rows;
    size_t cols;
    size_t row_stride;
    size_t col_stride;
} lowrank_mat_f64;

/*
 * A sparse matrix in compressed rows: row i has values[p] in column columns[p] for starts[i] <= p < starts[i + 1].
 * `starts` ascends from 0 to `entries`, and the columns of each row ascend. These six fields for ever.
 */
typedef struct lowrank_csr_f32 {
    size_t rows;
    size_t cols;
    size_t entries;
    const size_t *starts;    /* [rows + 1] */
    const uint32_t *columns; /* [entries] */
    const float *values;     /* [entries] */
} lowrank_csr_f32;

typedef struct lowrank_csr_f64 {
    size_t rows;
    size_t cols;
    size_t entries;
    const size_t *starts;
    const uint32_t *columns;
    const double *values;
} lowrank_csr_f64;

/* The arguments that an error can be about, for `operand` and `other` of lowrank_info. */
enum {
    LOWRANK_OPERAND_NONE = 0,
    LOWRANK_OPERAND_A = 1,               /* the matrix to factorize, A or X */
    LOWRANK_OPERAND_B = 2,               /* the second matrix of a product, or right-hand sides */
    LOWRANK_OPERAND_C = 3,               /* the output of a product; a pseudo-inverse, a solution, a rotation, a number */
    LOWRANK_OPERAND_SINGULAR_VALUES = 4, /* s */
    LOWRANK_OPERAND_LEFT = 5,            /* U, Q, W or F */
    LOWRANK_OPERAND_RIGHT = 6,           /* V, R, P, H or G */
    LOWRANK_OPERAND_PIVOTS = 7,
    LOWRANK_OPERAND_SCRATCH = 8,
    LOWRANK_OPERAND_RESIDUALS = 9,
    LOWRANK_OPERAND_STATE = 10
};

/* What a call did, or what was wrong with it. Every field but struct_size is overwritten; what does not apply is 0. */
typedef struct lowrank_info {
    size_t struct_size;        /* in */
    uint32_t converged;        /* 1 if the tolerance was met, or if the method has none */
    uint32_t stop;             /* nmf, snmf: why iterations ended, LOWRANK_STOP_... */
    size_t iterations;         /* sweeps, passes or iterations */
    size_t rank;               /* svd: singular values that are not exactly 0; rank, pinv, least_squares: the rank */
    size_t lifted;             /* nmf, snmf: zeros that a multiplicative update has raised */
    double relative_error;     /* svd_truncated, nmf, snmf: |A - approximation| / |A|; NaN after no iteration */
    double objective;          /* nmf, snmf: what is minimized, with penalties */
    double projected_gradient; /* nmf, snmf: relative to that of the first iteration */
    double terms;              /* nmf, snmf: size of the rank-one terms over |A|; much more than 1 if they cancel */
    double condition;          /* pinv, least_squares: largest over smallest singular value */
    int32_t exponent;          /* svd: 2^exponent A was factorized. LOWRANK_OVERFLOW: that of the largest result */
    uint32_t operand;          /* these five: see the status */
    uint32_t other;
    size_t row; /* counted from 0, as is col */
    size_t col;
    size_t needed;
} lowrank_info;

#define LOWRANK_INFO_INIT {sizeof(lowrank_info), 0, 0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0, 0, 0, 0, 0}

/* How the kernels are computed, as uint32_t: a sum of these. */
enum {
    LOWRANK_BEST = 0,            /* this library's own kernels, with the best instructions of the processor */
    LOWRANK_REPRODUCIBLE = 1,    /* the same bits on every machine: no multiplication is fused with an addition */
    LOWRANK_MATRIX_MULTIPLY = 2, /* products by the matrixmultiply crate, if the library was built with it */
    LOWRANK_OPENBLAS = 4         /* products by OpenBLAS, if the library was built with it */
};

/* ---- Products -------------------------------------------------------------------------------------------------- */

/*
 * C = alpha A B + beta C; C is not read if beta is 0. NaN and infinity propagate.
 *
 *   alpha, beta  in
 *   a, b         in, m x k and k x n
 *   c            inout, m x n
 */
int32_t lowrank_gemm_f32(float alpha, const lowrank_mat_f32 *a, const lowrank_mat_f32 *b, float beta,
                         const lowrank_mat_f32 *c, uint32_t execution, float *scratch, size_t scratch_len,
                         lowrank_info *info);
int32_t lowrank_gemm_f64(double alpha, const lowrank_mat_f64 *a, const lowrank_mat_f64 *b, double beta,
                         const lowrank_mat_f64 *c, uint32_t execution, double *scratch, size_t scratch_len,
                         lowrank_info *info);
size_t lowrank_gemm_scratch_len(size_t m, size_t n, size_t k);

/* ---- QR -------------------------------------------------------------------------------------------------------- */

/* How many columns an orthogonal output has, as uint32_t. */
enum {
    LOWRANK_THIN = 0, /* min(m, n) */
    LOWRANK_FULL = 1  /* as many as rows: the thin columns and an orthonormal completion */
};

/*
 * A = Q R by Householder reflections; Q has orthonormal columns, R is upper triangular. With k = min(m, n):
 *
 *   a            in, m x n
 *   columns      in, LOWRANK_THIN or LOWRANK_FULL
 *   q            out, m x k, or m x m if full; or null
 *   r            out, k x n, or m x n if full; or null
 *
 * Errors: TOO_LARGE, OVERFLOW.
 */
int32_t lowrank_qr_f32(const lowrank_mat_f32 *a, uint32_t columns, const lowrank_mat_f32 *q, const lowrank_mat_f32 *r,
                       uint32_t execution, float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_qr_f64(const lowrank_mat_f64 *a, uint32_t columns, const lowrank_mat_f64 *q, const lowrank_mat_f64 *r,
                       uint32_t execution, double *scratch, size_t scratch_len, lowrank_info *info);

/*
 * A P = Q R with column pivoting: column j of A P is column pivots[j] of A, and the diagonal of R descends in magnitude. As
 * lowrank_qr, and
 *
 *   pivots       out [n]
 */
int32_t lowrank_qr_pivoted_f32(const lowrank_mat_f32 *a, uint32_t columns, const lowrank_mat_f32 *q,
                               const lowrank_mat_f32 *r, size_t *pivots, uint32_t execution, float *scratch,
                               size_t scratch_len, lowrank_info *info);
int32_t lowrank_qr_pivoted_f64(const lowrank_mat_f64 *a, uint32_t columns, const lowrank_mat_f64 *q,
                               const lowrank_mat_f64 *r, size_t *pivots, uint32_t execution, double *scratch,
                               size_t scratch_len, lowrank_info *info);
size_t lowrank_qr_scratch_len(size_t m, size_t n); /* for both */

/* ---- Singular value decomposition, whole ----------------------------------------------------------------------- */

typedef struct lowrank_svd_options {
    size_t struct_size;
    uint32_t vectors;   /* LOWRANK_THIN or LOWRANK_FULL */
    uint32_t scaled;    /* 1: the singular values of 2^(info->exponent) A, none of which over- or underflows */
    double threshold;   /* values below this part of the largest, from 0 to 1, are returned as 0 */
    size_t max_sweeps;  /* of Jacobi rotations, of which 4 to 8 are commonly needed */
    uint32_t execution; /* how the kernels are computed */
} lowrank_svd_options;

#define LOWRANK_SVD_OPTIONS_INIT {sizeof(lowrank_svd_options), LOWRANK_THIN, 0, 0.0, 30, LOWRANK_BEST}

/*
 * A = U diag(s) V^T. The values descend. Every finite matrix has a result, whatever its scale, rank or shape. With
 * k = min(m, n):
 *
 *   a            in, m x n
 *   s            out [k]
 *   u            out, m x k, or m x m if full; or null
 *   v            out, n x k, or n x n if full; or null. V itself: for V^T, give the transposed strides
 *
 * Errors: TOO_LARGE, OPTION, OVERFLOW (ask for scaled values then).
 *
 * lowrank_svd picks the method from the shape. lowrank_svd_golub_kahan goes by way of a bidiagonal matrix: the fastest for
 * all but small matrices. lowrank_svd_jacobi rotates columns: every value is accurate relative to itself where columns
 * differ in scale (of a square matrix, or rows). lowrank_svd_jacobi_unblocked does the same with the least code, for small
 * matrices. Without u and v the first two need no more scratch than the `_values_scratch_len` functions say.
 */
int32_t lowrank_svd_f32(const lowrank_mat_f32 *a, float *s, const lowrank_mat_f32 *u, const lowrank_mat_f32 *v,
                        const lowrank_svd_options *options, float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_svd_f64(const lowrank_mat_f64 *a, double *s, const lowrank_mat_f64 *u, const lowrank_mat_f64 *v,
                        const lowrank_svd_options *options, double *scratch, size_t scratch_len, lowrank_info *info);
size_t lowrank_svd_scratch_len(size_t m, size_t n);
size_t lowrank_svd_values_scratch_len(size_t m, size_t n);

int32_t lowrank_svd_golub_kahan_f32(const lowrank_mat_f32 *a, float *s, const lowrank_mat_f32 *u,
                                    const lowrank_mat_f32 *v, const lowrank_svd_options *options, float *scratch,
                                    size_t scratch_len, lowrank_info *info);
int32_t lowrank_svd_golub_kahan_f64(const lowrank_mat_f64 *a, double *s, const lowrank_mat_f64 *u,
                                    const lowrank_mat_f64 *v, const lowrank_svd_options *options, double *scratch,
                                    size_t scratch_len, lowrank_info *info);
size_t lowrank_svd_golub_kahan_scratch_len(size_t m, size_t n);
size_t lowrank_svd_golub_kahan_values_scratch_len(size_t m, size_t n);

int32_t lowrank_svd_jacobi_f32(const lowrank_mat_f32 *a, float *s, const lowrank_mat_f32 *u, const lowrank_mat_f32 *v,
                               const lowrank_svd_options *options, float *scratch, size_t scratch_len,
                               lowrank_info *info);
int32_t lowrank_svd_jacobi_f64(const lowrank_mat_f64 *a, double *s, const lowrank_mat_f64 *u, const lowrank_mat_f64 *v,
                               const lowrank_svd_options *options, double *scratch, size_t scratch_len,
                               lowrank_info *info);
size_t lowrank_svd_jacobi_scratch_len(size_t m, size_t n);

int32_t lowrank_svd_jacobi_unblocked_f32(const lowrank_mat_f32 *a, float *s, const lowrank_mat_f32 *u,
                                         const lowrank_mat_f32 *v, const lowrank_svd_options *options, float *scratch,
                                         size_t scratch_len, lowrank_info *info);
int32_t lowrank_svd_jacobi_unblocked_f64(const lowrank_mat_f64 *a, double *s, const lowrank_mat_f64 *u,
                                         const lowrank_mat_f64 *v, const lowrank_svd_options *options, double *scratch,
                                         size_t scratch_len, lowrank_info *info);
size_t lowrank_svd_jacobi_unblocked_scratch_len(size_t m, size_t n);

/*
 * The same from the V of a matrix that was nearly this one, as from one time step to the next.
 *
 *   a            in, m x n with m >= n
 *   v            inout, n x n
 */
int32_t lowrank_svd_jacobi_warm_f32(const lowrank_mat_f32 *a, float *s, const lowrank_mat_f32 *u,
                                    const lowrank_mat_f32 *v, const lowrank_svd_options *options, float *scratch,
                                    size_t scratch_len, lowrank_info *info);
int32_t lowrank_svd_jacobi_warm_f64(const lowrank_mat_f64 *a, double *s, const lowrank_mat_f64 *u,
                                    const lowrank_mat_f64 *v, const lowrank_svd_options *options, double *scratch,
                                    size_t scratch_len, lowrank_info *info);
size_t lowrank_svd_jacobi_warm_scratch_len(size_t m, size_t n);

/*
 * The same in the memory of A and a few vectors, for where there is memory for one matrix.
 *
 *   a            inout, m x n. If `keep` is 1, it becomes U if m >= n, else V^T; else it is working memory
 *   s            out [k]
 *   keep         in, 0 or 1
 *   square       out, V, n x n, if m >= n, else U, m x m; or null
 *
 * Of the options, `scaled`, `threshold` and `execution` count. After OVERFLOW a is overwritten.
 */
int32_t lowrank_svd_golub_kahan_in_place_f32(const lowrank_mat_f32 *a, float *s, uint32_t keep,
                                             const lowrank_mat_f32 *square, const lowrank_svd_options *options,
                                             float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_svd_golub_kahan_in_place_f64(const lowrank_mat_f64 *a, double *s, uint32_t keep,
                                             const lowrank_mat_f64 *square, const lowrank_svd_options *options,
                                             double *scratch, size_t scratch_len, lowrank_info *info);
size_t lowrank_svd_golub_kahan_in_place_scratch_len(size_t m, size_t n);

/* The order of the entries of a small matrix in a row of its batch, as uint32_t. */
enum {
    LOWRANK_ROW_MAJOR = 0,
    LOWRANK_COL_MAJOR = 1
};

/*
 * Many small matrices of one shape, one in each lane of a vector. Row b of each argument belongs to matrix b. With
 * k = min(rows, cols):
 *
 *   a            in, count x (rows * cols)
 *   rows, cols   in, from 1 to 6
 *   order        in, LOWRANK_ROW_MAJOR or LOWRANK_COL_MAJOR: of a, u and v
 *   s            out, count x k
 *   u            out, count x (rows * k), or count x (rows * rows) if full; or null
 *   v            out, count x (cols * k), or count x (cols * cols) if full; or null
 *
 * Errors: TOO_LARGE, OVERFLOW. For NON_FINITE, `row` is the number of the matrix and `col` that of the entry.
 */
int32_t lowrank_svd_batch_f32(const lowrank_mat_f32 *a, size_t rows, size_t cols, uint32_t order,
                              const lowrank_mat_f32 *s, const lowrank_mat_f32 *u, const lowrank_mat_f32 *v,
                              const lowrank_svd_options *options, lowrank_info *info);
int32_t lowrank_svd_batch_f64(const lowrank_mat_f64 *a, size_t rows, size_t cols, uint32_t order,
                              const lowrank_mat_f64 *s, const lowrank_mat_f64 *u, const lowrank_mat_f64 *v,
                              const lowrank_svd_options *options, lowrank_info *info);

/* ---- What the singular value decomposition solves -------------------------------------------------------------- */

/* The tolerance max(m, n) eps: of all others only those from 0 up to 1 are valid. */
#define LOWRANK_ROUNDING (-1.0)

/*
 * The number of singular values above `tolerance` times the largest.
 *
 *   a            in, m x n
 *   tolerance    in, LOWRANK_ROUNDING or from 0 up to 1
 *   rank         out
 *
 * Errors: TOO_LARGE, OPTION.
 */
int32_t lowrank_rank_f32(const lowrank_mat_f32 *a, double tolerance, size_t *rank, const lowrank_svd_options *options,
                         float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_rank_f64(const lowrank_mat_f64 *a, double tolerance, size_t *rank, const lowrank_svd_options *options,
                         double *scratch, size_t scratch_len, lowrank_info *info);

/*
 * The largest singular value over the smallest: infinite if that is 0, and 1 for a matrix without entries.
 *
 *   a            in, m x n
 *   condition    out
 */
int32_t lowrank_condition_number_f32(const lowrank_mat_f32 *a, double *condition, const lowrank_svd_options *options,
                                     float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_condition_number_f64(const lowrank_mat_f64 *a, double *condition, const lowrank_svd_options *options,
                                     double *scratch, size_t scratch_len, lowrank_info *info);
size_t lowrank_rank_scratch_len(size_t m, size_t n); /* for both */

/*
 * The pseudo-inverse X of A, or of the nearest matrix of its numerical rank.
 *
 *   a            in, m x n
 *   x            out, n x m
 *   tolerance    in, as in lowrank_rank
 *
 * Errors: TOO_LARGE, OPTION, OVERFLOW.
 */
int32_t lowrank_pinv_f32(const lowrank_mat_f32 *a, const lowrank_mat_f32 *x, double tolerance,
                         const lowrank_svd_options *options, float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_pinv_f64(const lowrank_mat_f64 *a, const lowrank_mat_f64 *x, double tolerance,
                         const lowrank_svd_options *options, double *scratch, size_t scratch_len, lowrank_info *info);
size_t lowrank_pinv_scratch_len(size_t m, size_t n);

/*
 * The X of least norm of all that minimize |A X - B|, for any shape and rank of A.
 *
 *   a            in, m x n
 *   b            in, m x count; each column is a problem of its own
 *   x            out, n x count
 *   residuals    out [count], the norms of the columns of A X - B; or null
 *   tolerance    in, as in lowrank_rank
 *
 * Errors: TOO_LARGE, OPTION, OVERFLOW.
 */
int32_t lowrank_least_squares_f32(const lowrank_mat_f32 *a, const lowrank_mat_f32 *b, const lowrank_mat_f32 *x,
                                  float *residuals, double tolerance, const lowrank_svd_options *options,
                                  float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_least_squares_f64(const lowrank_mat_f64 *a, const lowrank_mat_f64 *b, const lowrank_mat_f64 *x,
                                  double *residuals, double tolerance, const lowrank_svd_options *options,
                                  double *scratch, size_t scratch_len, lowrank_info *info);
size_t lowrank_least_squares_scratch_len(size_t m, size_t n, size_t count);

/*
 * A = W P: W has orthonormal columns (rows if m < n), P is symmetric and positive semidefinite.
 *
 *   a            in, m x n
 *   w            out, m x n; or null
 *   p            out, n x n; or null
 *
 * Errors: TOO_LARGE, OPTION, OVERFLOW.
 */
int32_t lowrank_polar_f32(const lowrank_mat_f32 *a, const lowrank_mat_f32 *w, const lowrank_mat_f32 *p,
                          const lowrank_svd_options *options, float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_polar_f64(const lowrank_mat_f64 *a, const lowrank_mat_f64 *w, const lowrank_mat_f64 *p,
                          const lowrank_svd_options *options, double *scratch, size_t scratch_len, lowrank_info *info);
size_t lowrank_polar_scratch_len(size_t m, size_t n);

/*
 * The rotation nearest to a square matrix: orthogonal, of determinant 1.
 *
 *   a            in, n x n
 *   r            out, n x n
 *
 * Errors: TOO_LARGE, OPTION.
 */
int32_t lowrank_nearest_rotation_f32(const lowrank_mat_f32 *a, const lowrank_mat_f32 *r,
                                     const lowrank_svd_options *options, float *scratch, size_t scratch_len,
                                     lowrank_info *info);
int32_t lowrank_nearest_rotation_f64(const lowrank_mat_f64 *a, const lowrank_mat_f64 *r,
                                     const lowrank_svd_options *options, double *scratch, size_t scratch_len,
                                     lowrank_info *info);
size_t lowrank_nearest_rotation_scratch_len(size_t n);

/*
 * The orthogonal Q of least |A Q - B|; lowrank_procrustes_rotation: of those with determinant 1 (Kabsch, with a point in
 * each row of A and of B, both less their means).
 *
 *   a, b         in, m x n
 *   q            out, n x n
 *
 * Errors: TOO_LARGE, OPTION.
 */
int32_t lowrank_procrustes_f32(const lowrank_mat_f32 *a, const lowrank_mat_f32 *b, const lowrank_mat_f32 *q,
                               const lowrank_svd_options *options, float *scratch, size_t scratch_len,
                               lowrank_info *info);
int32_t lowrank_procrustes_f64(const lowrank_mat_f64 *a, const lowrank_mat_f64 *b, const lowrank_mat_f64 *q,
                               const lowrank_svd_options *options, double *scratch, size_t scratch_len,
                               lowrank_info *info);
int32_t lowrank_procrustes_rotation_f32(const lowrank_mat_f32 *a, const lowrank_mat_f32 *b, const lowrank_mat_f32 *q,
                                        const lowrank_svd_options *options, float *scratch, size_t scratch_len,
                                        lowrank_info *info);
int32_t lowrank_procrustes_rotation_f64(const lowrank_mat_f64 *a, const lowrank_mat_f64 *b, const lowrank_mat_f64 *q,
                                        const lowrank_svd_options *options, double *scratch, size_t scratch_len,
                                        lowrank_info *info);
size_t lowrank_procrustes_scratch_len(size_t m, size_t n); /* for both */

/* ---- How good factors are -------------------------------------------------------------------------------------- */

/*
 * LAPACK's test ratios: near 1 is usual, above 30 is wrong.
 *
 *   orthonormality  |I - Q^T Q| / (m eps)                        q in, m x n
 *   residual        |A - U diag(s) V^T| / (|A| max(m, n) eps)    a in, m x n; s in [values]; u in, m x values or wider;
 *                                                                v in, n x values or wider
 *   ratio           out
 */
int32_t lowrank_orthonormality_f32(const lowrank_mat_f32 *q, double *ratio, uint32_t execution, float *scratch,
                                   size_t scratch_len, lowrank_info *info);
int32_t lowrank_orthonormality_f64(const lowrank_mat_f64 *q, double *ratio, uint32_t execution, double *scratch,
                                   size_t scratch_len, lowrank_info *info);
size_t lowrank_orthonormality_scratch_len(size_t m, size_t n);

int32_t lowrank_residual_f32(const lowrank_mat_f32 *a, const lowrank_mat_f32 *u, const float *s, size_t values,
                             const lowrank_mat_f32 *v, double *ratio, uint32_t execution, float *scratch,
                             size_t scratch_len, lowrank_info *info);
int32_t lowrank_residual_f64(const lowrank_mat_f64 *a, const lowrank_mat_f64 *u, const double *s, size_t values,
                             const lowrank_mat_f64 *v, double *ratio, uint32_t execution, double *scratch,
                             size_t scratch_len, lowrank_info *info);
size_t lowrank_residual_scratch_len(size_t m, size_t n, size_t values);

/* ---- Singular value decomposition, leading part ---------------------------------------------------------------- */

/* Vectors beyond the rank, by default: for the scratch lengths. */
#define LOWRANK_OVERSAMPLE 10

typedef struct lowrank_svd_truncated_options {
    size_t struct_size;
    size_t oversample;  /* vectors beyond the rank; more make passes dearer and fewer */
    size_t max_passes;  /* over the matrix */
    double tolerance;   /* by which part the squared error may exceed the best; 0: exactly max_passes are made */
    uint64_t seed;      /* of the random start, the same on all machines that hold rows */
    uint64_t machine;   /* the number of this machine, if rows live on several */
    uint32_t execution; /* how the kernels are computed */
} lowrank_svd_truncated_options;

#define LOWRANK_SVD_TRUNCATED_OPTIONS_INIT                                                                               \
    {sizeof(lowrank_svd_truncated_options), LOWRANK_OVERSAMPLE, 100, 1e-4, 0, 0, LOWRANK_BEST}

/*
 * The leading `rank` singular values and vectors, A ~ U diag(s) V^T, by randomized block power iteration; of a dense or a
 * sparse matrix.
 *
 *   a            in, m x n
 *   rank         in, from 1 to min(m, n)
 *   s            out [rank]
 *   u            out, m x rank; or null
 *   v            out, n x rank; or null
 *
 * Errors: RANK, OPTION, TOO_LARGE, OVERFLOW, CSR. The length of scratch depends on options->oversample.
 */
int32_t lowrank_svd_truncated_f32(const lowrank_mat_f32 *a, size_t rank, float *s, const lowrank_mat_f32 *u,
                                  const lowrank_mat_f32 *v, const lowrank_svd_truncated_options *options,
                                  float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_svd_truncated_f64(const lowrank_mat_f64 *a, size_t rank, double *s, const lowrank_mat_f64 *u,
                                  const lowrank_mat_f64 *v, const lowrank_svd_truncated_options *options,
                                  double *scratch, size_t scratch_len, lowrank_info *info);
size_t lowrank_svd_truncated_scratch_len(size_t m, size_t n, size_t rank, size_t oversample);

int32_t lowrank_svd_truncated_csr_f32(const lowrank_csr_f32 *a, size_t rank, float *s, const lowrank_mat_f32 *u,
                                      const lowrank_mat_f32 *v, const lowrank_svd_truncated_options *options,
                                      float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_svd_truncated_csr_f64(const lowrank_csr_f64 *a, size_t rank, double *s, const lowrank_mat_f64 *u,
                                      const lowrank_mat_f64 *v, const lowrank_svd_truncated_options *options,
                                      double *scratch, size_t scratch_len, lowrank_info *info);
size_t lowrank_svd_truncated_csr_scratch_len(size_t m, size_t n, size_t rank, size_t oversample);

/* ---- Iterations under way -------------------------------------------------------------------------------------- */

/*
 * An iteration that the caller drives. A `_begin` function fills it, whatever it held. Until it is finished, or another is
 * begun in its place, it stays where it is, the matrices and arrays given to `_begin` stay as they are, and nobody else
 * touches the scratch; the structs that describe them may go. It needs no clearing up. What goes on with an iteration
 * refuses a state that is all zeros, or that of another kind: LOWRANK_STATE.
 */
typedef union lowrank_state {
    uint64_t words[160];
    double number;
    void *pointer;
} lowrank_state;

/*
 * The truncated decomposition of a matrix that only the caller can multiply by: one in any format, or with rows on several
 * machines. It has at least as many rows as columns, or at least rank + options->oversample: otherwise, transpose it.
 *
 *   state        out
 *   rows         in, the rows at hand
 *   all_rows     in, those of all machines together; `rows` if there is one
 *   cols         in
 *   rank         in, from 1 to cols
 *   norm         in, the Frobenius norm of A, on all machines together, times 2^-exponent
 *   exponent     in, 0; that of the largest entry if it is so large or small that squares leave the number range
 *
 * Then, until the request is LOWRANK_DONE, the caller does what lowrank_svd_truncated_next asks for, and calls it again.
 *
 *   state        inout
 *   request      out
 *   input        out, a matrix within the scratch
 *   output       out, a matrix within the scratch
 *
 * lowrank_svd_truncated_stop makes the next passes the last. lowrank_svd_truncated_finish writes the factors:
 *
 *   s, u, v      out, as in lowrank_svd_truncated; u has the rows at hand
 *
 * Errors: RANK, OPTION, TOO_LARGE; STATE; NON_FINITE of operand C, if what the caller has written is not finite; UNFINISHED
 * and OVERFLOW.
 */
enum {
    LOWRANK_DONE = 0,            /* nothing more */
    LOWRANK_APPLY = 1,           /* write A input, rows x p, to the output; the input is cols x p */
    LOWRANK_APPLY_TRANSPOSE = 2, /* write A^T input, cols x p, to the output; the input is rows x p */
    LOWRANK_SUM = 3              /* replace the output, 1 x len, by its sum over all machines; on one do nothing */
};
int32_t lowrank_svd_truncated_begin_f32(lowrank_state *state, size_t rows, size_t all_rows, size_t cols, size_t rank,
                                        float norm, int32_t exponent, const lowrank_svd_truncated_options *options,
                                        float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_svd_truncated_begin_f64(lowrank_state *state, size_t rows, size_t all_rows, size_t cols, size_t rank,
                                        double norm, int32_t exponent, const lowrank_svd_truncated_options *options,
                                        double *scratch, size_t scratch_len, lowrank_info *info);
size_t lowrank_svd_truncated_begin_scratch_len(size_t rows, size_t cols, size_t rank, size_t oversample);

int32_t lowrank_svd_truncated_next_f32(lowrank_state *state, uint32_t *request, lowrank_mat_f32 *input,
                                       lowrank_mat_f32 *output, lowrank_info *info);
int32_t lowrank_svd_truncated_next_f64(lowrank_state *state, uint32_t *request, lowrank_mat_f64 *input,
                                       lowrank_mat_f64 *output, lowrank_info *info);
int32_t lowrank_svd_truncated_stop_f32(lowrank_state *state, lowrank_info *info);
int32_t lowrank_svd_truncated_stop_f64(lowrank_state *state, lowrank_info *info);
int32_t lowrank_svd_truncated_finish_f32(lowrank_state *state, float *s, const lowrank_mat_f32 *u,
                                         const lowrank_mat_f32 *v, lowrank_info *info);
int32_t lowrank_svd_truncated_finish_f64(lowrank_state *state, double *s, const lowrank_mat_f64 *u,
                                         const lowrank_mat_f64 *v, lowrank_info *info);

#ifdef __cplusplus
}
#endif

#include "lowrank_nmf.h"

#endif
