/*
 * lowrank: matrix factorizations over memory that the caller owns.
 *
 * Singular value decomposition, QR, NMF and semi-NMF of float and double matrices. A call allocates nothing, does no
 * I/O, starts no thread, does not recurse and cannot panic. It ends for every input, in the default floating-point
 * environment and with flush-to-zero.
 *
 * Matrices. Entry (i, j) is data[i * row_stride + j * col_stride], so row-major and column-major are equals and a
 * transpose swaps the strides. One stride is at least the other's extent; an input may also have a stride of 0, which
 * repeats a row or a column. A matrix without entries may have a null `data`. Inputs are only read: cast const away.
 *
 * Memory. No output may share addresses with another output, the scratch or an input, from the first to the last entry
 * of each: LOWRANK_OVERLAP. Scratch is any memory of the number type with at least as many elements as the function's
 * `_scratch_len` function returns, for the same shapes; its content does not matter before, and means nothing after.
 * The macro of the same name is the length as a constant, for static memory; where the length exceeds SIZE_MAX the
 * function returns SIZE_MAX, and the macro is wrong. A later version may need more: a program that was compiled with
 * the macros of an older one then gets LOWRANK_SCRATCH_TOO_SMALL, not a wrong result.
 *
 * Results. A function returns LOWRANK_OK or the reason why it did nothing. Then nothing is changed but scratch and
 * `info`. Same input, same bits. An iteration that its bound ended is LOWRANK_OK with `info->converged` 0.
 *
 * Structs that begin with `struct_size` can grow: set it to the size of the struct, as the `_INIT` macros do. A pointer
 * to options may be null for the defaults, and a pointer to `lowrank_info` may be null.
 *
 * Threads. There is no state between calls: calls on different memory may run at the same time.
 *
 * Every parameter is in (read), out (written), inout (both) or scratch. [k] after it is its number of elements.
 */
#ifndef LOWRANK_H
#define LOWRANK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LOWRANK_VERSION "0.1.0"

/* ---- Status ---------------------------------------------------------------------------------------------------- */

/* What a function returns, as int32_t. A number is never used again for something else. */
enum {
    LOWRANK_OK = 0,
    /* Reserved: a function of this header takes no memory that could be too short for a shape. */
    LOWRANK_SLICE_TOO_SHORT = 1,
    /* The strides let entries of a matrix share memory. */
    LOWRANK_STRIDES = 2,
    /* The shape of `operand` does not fit the others; it should be `row` x `col`. */
    LOWRANK_SHAPE = 3,
    /* `needed` elements of scratch are needed. */
    LOWRANK_SCRATCH_TOO_SMALL = 4,
    /* Entry (`row`, `col`) of `operand` is NaN or infinite. */
    LOWRANK_NON_FINITE = 5,
    /* Entry (`row`, `col`) of `operand` is negative where none may be. */
    LOWRANK_NEGATIVE = 6,
    /* `operand` and `other` share memory, and one of them is written. */
    LOWRANK_OVERLAP = 7,
    /* The rank is zero or more than `needed`. */
    LOWRANK_RANK = 8,
    /* A dimension is more than `needed`: an index must be an exact number of the type (2^24 for float). */
    LOWRANK_TOO_LARGE = 9,
    /* An option is out of range. */
    LOWRANK_OPTION = 10,
    /* The result exceeds the largest number: it is at least 2^`exponent`. */
    LOWRANK_OVERFLOW = 11,
    /* The CSR arrays contradict each other; `row` is the first row that is wrong. */
    LOWRANK_CSR = 12,
    /* Reserved for operators of the caller. */
    LOWRANK_OPERATOR = 13,
    /* A pointer that is needed is null. */
    LOWRANK_NULL = 100,
    /* A pointer is not aligned for its type. */
    LOWRANK_MISALIGNED = 101,
    /* `operand` is larger than memory can be. */
    LOWRANK_SIZE = 102,
    /* Not a value of the enumeration. */
    LOWRANK_ENUMERATION = 103,
    /* `struct_size` is too small, or the struct says something that this version does not know. */
    LOWRANK_STRUCT_SIZE = 104,
    /* An error that this version has no number for. */
    LOWRANK_UNKNOWN = 127
};

/* A sentence without a full stop about a status (in); never null, valid for ever. */
const char *lowrank_status_message(int32_t status);

/* The version of the library that is linked, as LOWRANK_VERSION has that of this header. */
const char *lowrank_version(void);

/* The instruction set that the inner loops use on this machine: "portable", "avx2" (with FMA) or "avx512". */
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
    LOWRANK_OPERAND_B = 2,               /* the second matrix of a product */
    LOWRANK_OPERAND_C = 3,               /* the output of a product */
    LOWRANK_OPERAND_SINGULAR_VALUES = 4, /* s */
    LOWRANK_OPERAND_LEFT = 5,            /* U, Q, W or F */
    LOWRANK_OPERAND_RIGHT = 6,           /* V, R, H or G */
    LOWRANK_OPERAND_PIVOTS = 7,
    LOWRANK_OPERAND_SCRATCH = 8
};

/* What a call did, or what was wrong with it. Every field but struct_size is overwritten; what does not apply is 0. */
typedef struct lowrank_info {
    size_t struct_size;    /* in */
    uint32_t converged;    /* 1 if the tolerance was met, or if the method has none */
    int32_t exponent;      /* svd_jacobi: 2^exponent A was factorized. LOWRANK_OVERFLOW: that of the largest result */
    size_t iterations;     /* sweeps, passes or iterations */
    size_t nonzero;        /* svd_jacobi: singular values that are not exactly 0 */
    double relative_error; /* svd_truncated, nmf, snmf: |A - approximation| / |A|, Frobenius; NaN after no iteration */
    uint32_t operand;      /* these five: see the status */
    uint32_t other;
    size_t row; /* counted from 0, as is col */
    size_t col;
    size_t needed;
} lowrank_info;

#define LOWRANK_INFO_INIT {sizeof(lowrank_info), 0, 0, 0, 0, 0.0, 0, 0, 0, 0, 0}

/* How many columns an orthogonal output has, as uint32_t. */
enum {
    LOWRANK_THIN = 0, /* min(m, n) */
    LOWRANK_FULL = 1  /* as many as rows: the thin columns and an orthonormal completion */
};

/* The method of NMF, as uint32_t. */
enum {
    LOWRANK_HALS = 0,          /* hierarchical alternating least squares; far fewer iterations */
    LOWRANK_MULTIPLICATIVE = 1 /* the updates of Lee and Seung; a zero stays zero */
};

/* The lengths below are made of these. */
#define LOWRANK_MIN_(a, b) ((a) < (b) ? (a) : (b))
#define LOWRANK_MAX_(a, b) ((a) > (b) ? (a) : (b))

/* ---- Products -------------------------------------------------------------------------------------------------- */

/*
 * The matrix product C = alpha A B + beta C; C is not read if beta is 0. NaN and infinity propagate.
 *
 *   alpha, beta  in
 *   a            in, m x k
 *   b            in, k x n
 *   c            inout, m x n
 *   scratch      scratch [scratch_len], at least lowrank_gemm_scratch_len(m, n, k)
 *   scratch_len  in
 *   info         inout, or null
 *
 * Errors: SHAPE, SCRATCH_TOO_SMALL, STRIDES, OVERLAP, NULL, MISALIGNED, SIZE.
 */
int32_t lowrank_gemm_f32(float alpha, const lowrank_mat_f32 *a, const lowrank_mat_f32 *b, float beta,
                         const lowrank_mat_f32 *c, float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_gemm_f64(double alpha, const lowrank_mat_f64 *a, const lowrank_mat_f64 *b, double beta,
                         const lowrank_mat_f64 *c, double *scratch, size_t scratch_len, lowrank_info *info);

size_t lowrank_gemm_scratch_len(size_t m, size_t n, size_t k);
#define LOWRANK_GEMM_SCRATCH_LEN(m, n, k)                                                                              \
    ((LOWRANK_MIN_((size_t)(m), 480) + LOWRANK_MIN_((size_t)(n), 480) + 30) * LOWRANK_MIN_((size_t)(k), 256))

/* ---- QR -------------------------------------------------------------------------------------------------------- */

/*
 * A = Q R by Householder reflections; Q has orthonormal columns, R is upper triangular. With k = min(m, n):
 *
 *   a            in, m x n
 *   columns      in, LOWRANK_THIN or LOWRANK_FULL
 *   q            out, m x k, or m x m if full; or null
 *   r            out, k x n, or m x n if full; or null
 *   scratch      scratch [scratch_len], at least lowrank_qr_scratch_len(m, n)
 *   scratch_len  in
 *   info         inout, or null
 *
 * Errors: SHAPE, SCRATCH_TOO_SMALL, NON_FINITE, TOO_LARGE, OVERFLOW, ENUMERATION, STRIDES, OVERLAP, NULL, MISALIGNED,
 * SIZE.
 */
int32_t lowrank_qr_f32(const lowrank_mat_f32 *a, uint32_t columns, const lowrank_mat_f32 *q, const lowrank_mat_f32 *r,
                       float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_qr_f64(const lowrank_mat_f64 *a, uint32_t columns, const lowrank_mat_f64 *q, const lowrank_mat_f64 *r,
                       double *scratch, size_t scratch_len, lowrank_info *info);

/*
 * A P = Q R with column pivoting: column j of A P is column pivots[j] of A, and the diagonal of R descends in
 * magnitude. As lowrank_qr, and
 *
 *   pivots       out [n]
 */
int32_t lowrank_qr_pivoted_f32(const lowrank_mat_f32 *a, uint32_t columns, const lowrank_mat_f32 *q,
                               const lowrank_mat_f32 *r, size_t *pivots, float *scratch, size_t scratch_len,
                               lowrank_info *info);
int32_t lowrank_qr_pivoted_f64(const lowrank_mat_f64 *a, uint32_t columns, const lowrank_mat_f64 *q,
                               const lowrank_mat_f64 *r, size_t *pivots, double *scratch, size_t scratch_len,
                               lowrank_info *info);

/* For both. */
size_t lowrank_qr_scratch_len(size_t m, size_t n);
#define LOWRANK_QR_SCRATCH_LEN(m, n)                                                                                   \
    ((size_t)(m) * (size_t)(n) + LOWRANK_MIN_((size_t)(m), (size_t)(n)) + 3 * (size_t)(n) +                            \
     (LOWRANK_MIN_((size_t)(m), (size_t)(n)) <= 16                                                                     \
          ? (size_t)(m)                                                                                                \
          : LOWRANK_MAX_(LOWRANK_APPLY_(m, n, LOWRANK_MIN_(LOWRANK_MIN_((size_t)(m), (size_t)(n)), 64)),               \
                         LOWRANK_APPLY_(m, m, LOWRANK_MIN_(LOWRANK_MIN_((size_t)(m), (size_t)(n)), 64)))))
/* To apply blocks of b reflectors to n columns. */
#define LOWRANK_APPLY_(m, n, b)                                                                                        \
    (((size_t)(m) + 2 * (size_t)(b) + 2 * (size_t)(n)) * (size_t)(b) +                                                 \
     LOWRANK_MAX_(LOWRANK_GEMM_SCRATCH_LEN(b, LOWRANK_MAX_((size_t)(b), (size_t)(n)), m),                              \
                  LOWRANK_GEMM_SCRATCH_LEN(m, n, b)))

/* ---- Singular value decomposition, whole ----------------------------------------------------------------------- */

typedef struct lowrank_svd_options {
    size_t struct_size;
    uint32_t vectors;  /* LOWRANK_THIN or LOWRANK_FULL */
    uint32_t scaled;   /* 1: the singular values of 2^(info->exponent) A, none of which over- or underflows */
    size_t max_sweeps; /* of which 4 to 8 are commonly needed */
} lowrank_svd_options;

#define LOWRANK_SVD_OPTIONS_INIT {sizeof(lowrank_svd_options), LOWRANK_THIN, 0, 30}

/*
 * A = U diag(s) V^T by one-sided Jacobi rotations, for small and medium matrices. The values descend. Every finite
 * matrix has a result, whatever its scale, rank or shape. With k = min(m, n):
 *
 *   a            in, m x n
 *   s            out [k]
 *   u            out, m x k, or m x m if full; or null
 *   v            out, n x k, or n x n if full; or null. V itself: for V^T, give the transposed strides
 *   options      in, or null
 *   scratch      scratch [scratch_len], at least lowrank_svd_jacobi_unblocked_scratch_len(m, n)
 *   scratch_len  in
 *   info         inout, or null
 *
 * Errors: SHAPE, SCRATCH_TOO_SMALL, NON_FINITE, TOO_LARGE, OVERFLOW (ask for scaled values then), ENUMERATION,
 * STRUCT_SIZE, STRIDES, OVERLAP, NULL, MISALIGNED, SIZE.
 */
int32_t lowrank_svd_jacobi_unblocked_f32(const lowrank_mat_f32 *a, float *s, const lowrank_mat_f32 *u,
                                         const lowrank_mat_f32 *v, const lowrank_svd_options *options, float *scratch,
                                         size_t scratch_len, lowrank_info *info);
int32_t lowrank_svd_jacobi_unblocked_f64(const lowrank_mat_f64 *a, double *s, const lowrank_mat_f64 *u,
                                         const lowrank_mat_f64 *v, const lowrank_svd_options *options, double *scratch,
                                         size_t scratch_len, lowrank_info *info);

size_t lowrank_svd_jacobi_unblocked_scratch_len(size_t m, size_t n);
#define LOWRANK_SVD_JACOBI_UNBLOCKED_SCRATCH_LEN(m, n)                                                                 \
    LOWRANK_JACOBI_(LOWRANK_MAX_((size_t)(m), (size_t)(n)), LOWRANK_MIN_((size_t)(m), (size_t)(n)))
#define LOWRANK_JACOBI_(l, k) ((l) * (k) + 2 * (k) * (k) + (l) + 6 * (k))

/* ---- Singular value decomposition, leading part ---------------------------------------------------------------- */

/* Vectors beyond the rank, by default: for the scratch lengths. */
#define LOWRANK_OVERSAMPLE 10

typedef struct lowrank_svd_truncated_options {
    size_t struct_size;
    size_t oversample; /* vectors beyond the rank; more make passes dearer and fewer */
    size_t max_passes; /* over the matrix */
    double tolerance;  /* by which part the squared error may exceed the best; 0: exactly max_passes are made */
    uint64_t seed;     /* of the random start */
} lowrank_svd_truncated_options;

#define LOWRANK_SVD_TRUNCATED_OPTIONS_INIT {sizeof(lowrank_svd_truncated_options), LOWRANK_OVERSAMPLE, 100, 1e-4, 0}

/*
 * The leading `rank` singular values and vectors of a dense matrix, A ~ U diag(s) V^T, by randomized block power
 * iteration.
 *
 *   a            in, m x n
 *   rank         in, from 1 to min(m, n)
 *   s            out [rank]
 *   u            out, m x rank; or null
 *   v            out, n x rank; or null
 *   options      in, or null
 *   scratch      scratch [scratch_len], at least lowrank_svd_truncated_scratch_len(m, n, rank, options->oversample)
 *   scratch_len  in
 *   info         inout, or null
 *
 * Errors: RANK, SHAPE, OPTION, SCRATCH_TOO_SMALL, NON_FINITE, TOO_LARGE, OVERFLOW, STRUCT_SIZE, STRIDES, OVERLAP, NULL,
 * MISALIGNED, SIZE.
 */
int32_t lowrank_svd_truncated_f32(const lowrank_mat_f32 *a, size_t rank, float *s, const lowrank_mat_f32 *u,
                                  const lowrank_mat_f32 *v, const lowrank_svd_truncated_options *options,
                                  float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_svd_truncated_f64(const lowrank_mat_f64 *a, size_t rank, double *s, const lowrank_mat_f64 *u,
                                  const lowrank_mat_f64 *v, const lowrank_svd_truncated_options *options,
                                  double *scratch, size_t scratch_len, lowrank_info *info);

size_t lowrank_svd_truncated_scratch_len(size_t m, size_t n, size_t rank, size_t oversample);
#define LOWRANK_SVD_TRUNCATED_SCRATCH_LEN(m, n, rank, oversample)                                                      \
    (LOWRANK_POWER_(m, n, LOWRANK_BLOCK_(m, n, rank, oversample), LOWRANK_SIDE_(m, n, rank, oversample)) +             \
     LOWRANK_DENSE_(m, n, LOWRANK_SIDE_(m, n, rank, oversample)))

/*
 * The same of a sparse matrix, with
 *
 *   a            in
 *   scratch      scratch [scratch_len], at least lowrank_svd_truncated_csr_scratch_len(m, n, rank, options->oversample)
 *
 * and the error CSR.
 */
int32_t lowrank_svd_truncated_csr_f32(const lowrank_csr_f32 *a, size_t rank, float *s, const lowrank_mat_f32 *u,
                                      const lowrank_mat_f32 *v, const lowrank_svd_truncated_options *options,
                                      float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_svd_truncated_csr_f64(const lowrank_csr_f64 *a, size_t rank, double *s, const lowrank_mat_f64 *u,
                                      const lowrank_mat_f64 *v, const lowrank_svd_truncated_options *options,
                                      double *scratch, size_t scratch_len, lowrank_info *info);

size_t lowrank_svd_truncated_csr_scratch_len(size_t m, size_t n, size_t rank, size_t oversample);
#define LOWRANK_SVD_TRUNCATED_CSR_SCRATCH_LEN(m, n, rank, oversample)                                                  \
    (LOWRANK_POWER_(m, n, LOWRANK_BLOCK_(m, n, rank, oversample), LOWRANK_SIDE_(m, n, rank, oversample)) +             \
     (size_t)(n))

/* Vectors in the block, the side of the Gram matrix, and what the iteration and the products of a dense matrix need. */
#define LOWRANK_BLOCK_(m, n, rank, oversample)                                                                         \
    LOWRANK_MIN_((size_t)(rank) + (size_t)(oversample), LOWRANK_MIN_((size_t)(m), (size_t)(n)))
#define LOWRANK_SIDE_(m, n, rank, oversample)                                                                          \
    LOWRANK_MIN_(16 * ((size_t)(rank) + (size_t)(oversample)), LOWRANK_MIN_((size_t)(m), (size_t)(n)))
#define LOWRANK_POWER_(m, n, p, side)                                                                                  \
    ((p) * (LOWRANK_MAX_((size_t)(m), (size_t)(n)) + 2 * LOWRANK_MIN_((size_t)(m), (size_t)(n))) + 4 * (p) * (p) +     \
     (p) + (side) * (side) +                                                                                           \
     LOWRANK_MAX_(LOWRANK_ROUNDS_(LOWRANK_MAX_((size_t)(m), (size_t)(n)), p),                                          \
                  LOWRANK_MAX_(LOWRANK_JACOBI_(p, p),                                                                  \
                               LOWRANK_GEMM_SCRATCH_LEN(LOWRANK_MAX_((size_t)(m), (size_t)(n)), p,                     \
                                                        LOWRANK_MIN_((size_t)(m), (size_t)(n))))))
#define LOWRANK_ROUNDS_(m, p) ((p) * (p) + 259 * (p) + LOWRANK_GRAMS_(m, p))
#define LOWRANK_GRAMS_(m, p) LOWRANK_MAX_(LOWRANK_GEMM_SCRATCH_LEN(256, p, p), LOWRANK_GEMM_SCRATCH_LEN(p, p, m))
#define LOWRANK_DENSE_(m, n, k)                                                                                        \
    LOWRANK_MAX_(16 * (size_t)(n) + LOWRANK_GEMM_SCRATCH_LEN(16, n, k),                                                \
                 LOWRANK_MAX_(LOWRANK_GEMM_SCRATCH_LEN(m, k, n), LOWRANK_GEMM_SCRATCH_LEN(n, k, m)))

/* ---- Non-negative matrix factorization ------------------------------------------------------------------------- */

/* Of NMF and semi-NMF. */
typedef struct lowrank_nmf_options {
    size_t struct_size;
    size_t max_iterations;
    double tolerance; /* ends when ten iterations lessen the relative error by less than this part of the first error */
} lowrank_nmf_options;

#define LOWRANK_NMF_OPTIONS_INIT {sizeof(lowrank_nmf_options), 200, 1e-4}

/*
 * A start for lowrank_nmf_factorize: random numbers in (0, 1] times the scale at which W H has about the norm of X.
 *
 *   x            in, m x n
 *   w            out, m x k
 *   h            out, k x n
 *   seed         in
 *   info         inout, or null
 *
 * Errors: SHAPE, NON_FINITE, STRIDES, OVERLAP, NULL, MISALIGNED, SIZE.
 */
int32_t lowrank_nmf_random_start_f32(const lowrank_mat_f32 *x, const lowrank_mat_f32 *w, const lowrank_mat_f32 *h,
                                     uint64_t seed, lowrank_info *info);
int32_t lowrank_nmf_random_start_f64(const lowrank_mat_f64 *x, const lowrank_mat_f64 *w, const lowrank_mat_f64 *h,
                                     uint64_t seed, lowrank_info *info);

/*
 * A better start, from the leading part of the singular value decomposition of X (NNDSVD).
 *
 *   x            in, m x n
 *   w            out, m x k, k from 1 to min(m, n)
 *   h            out, k x n
 *   fill         in, at least 0: zeros become this part of the factor's root mean square; for LOWRANK_MULTIPLICATIVE
 *                more than 0
 *   options      in, or null: those of the decomposition
 *   scratch      scratch [scratch_len], at least lowrank_nmf_nndsvd_scratch_len(m, n, k, options->oversample)
 *   scratch_len  in
 *   info         inout, or null
 *
 * Errors: those of lowrank_svd_truncated.
 */
int32_t lowrank_nmf_nndsvd_f32(const lowrank_mat_f32 *x, const lowrank_mat_f32 *w, const lowrank_mat_f32 *h,
                               double fill, const lowrank_svd_truncated_options *options, float *scratch,
                               size_t scratch_len, lowrank_info *info);
int32_t lowrank_nmf_nndsvd_f64(const lowrank_mat_f64 *x, const lowrank_mat_f64 *w, const lowrank_mat_f64 *h,
                               double fill, const lowrank_svd_truncated_options *options, double *scratch,
                               size_t scratch_len, lowrank_info *info);

size_t lowrank_nmf_nndsvd_scratch_len(size_t m, size_t n, size_t k, size_t oversample);
#define LOWRANK_NMF_NNDSVD_SCRATCH_LEN(m, n, k, oversample)                                                            \
    (LOWRANK_SVD_TRUNCATED_SCRATCH_LEN(m, n, k, oversample) + (size_t)(k) + (size_t)(m) + (size_t)(n))

/*
 * X ~ W H with X, W, H >= 0: improves W and H, which begin as one of the starts above or as the caller's own.
 *
 *   x            in, m x n
 *   w            inout, m x k
 *   h            inout, k x n
 *   solver       in, LOWRANK_HALS or LOWRANK_MULTIPLICATIVE
 *   options      in, or null
 *   scratch      scratch [scratch_len], at least lowrank_nmf_factorize_scratch_len(m, n, k)
 *   scratch_len  in
 *   info         inout, or null
 *
 * Errors: RANK, SHAPE, OPTION, SCRATCH_TOO_SMALL, NON_FINITE, NEGATIVE, ENUMERATION, STRUCT_SIZE, STRIDES, OVERLAP,
 * NULL, MISALIGNED, SIZE.
 */
int32_t lowrank_nmf_factorize_f32(const lowrank_mat_f32 *x, const lowrank_mat_f32 *w, const lowrank_mat_f32 *h,
                                  uint32_t solver, const lowrank_nmf_options *options, float *scratch,
                                  size_t scratch_len, lowrank_info *info);
int32_t lowrank_nmf_factorize_f64(const lowrank_mat_f64 *x, const lowrank_mat_f64 *w, const lowrank_mat_f64 *h,
                                  uint32_t solver, const lowrank_nmf_options *options, double *scratch,
                                  size_t scratch_len, lowrank_info *info);

size_t lowrank_nmf_factorize_scratch_len(size_t m, size_t n, size_t k);
#define LOWRANK_NMF_FACTORIZE_SCRATCH_LEN(m, n, k)                                                                     \
    (LOWRANK_PAIR_(m, n, k) +                                                                                          \
     LOWRANK_MAX_(((size_t)(m) + (size_t)(n)) * (size_t)(k) +                                                          \
                      LOWRANK_DESCENT_(LOWRANK_MAX_((size_t)(m), (size_t)(n)), LOWRANK_FOURS_(k)),                     \
                  256 * (size_t)(k) + LOWRANK_GEMM_SCRATCH_LEN(256, k, k)))
/* Two factors with what their products need; sweeps over m rows of k entries, a multiple of four. */
#define LOWRANK_PAIR_(m, n, k)                                                                                         \
    (((size_t)(m) + (size_t)(n) + LOWRANK_MAX_((size_t)(m), (size_t)(n)) + 2 * (size_t)(k)) * (size_t)(k) +            \
     LOWRANK_GEMM_SCRATCH_LEN(k, k, LOWRANK_MAX_((size_t)(m), (size_t)(n))) + LOWRANK_DENSE_(m, n, k))
#define LOWRANK_DESCENT_(m, k) (((m) + 255) / 256 + ((k) + 65) * (k) + 15)
#define LOWRANK_FOURS_(k) (((size_t)(k) + 3) / 4 * 4)

/* ---- Semi-non-negative matrix factorization -------------------------------------------------------------------- */

/*
 * A start for lowrank_snmf_factorize: random numbers in (0, 1].
 *
 *   g            out, k x n
 *   seed         in
 *   info         inout, or null
 *
 * Errors: STRIDES, NULL, MISALIGNED, SIZE.
 */
int32_t lowrank_snmf_random_start_f32(const lowrank_mat_f32 *g, uint64_t seed, lowrank_info *info);
int32_t lowrank_snmf_random_start_f64(const lowrank_mat_f64 *g, uint64_t seed, lowrank_info *info);

/*
 * X ~ F G with G >= 0, and X and F of any sign: F is a least-squares solution, and G is improved for it.
 *
 *   x            in, m x n
 *   f            out, m x k
 *   g            inout, k x n
 *   options      in, or null
 *   scratch      scratch [scratch_len], at least lowrank_snmf_factorize_scratch_len(m, n, k)
 *   scratch_len  in
 *   info         inout, or null
 *
 * Errors: as lowrank_nmf_factorize, but for ENUMERATION.
 */
int32_t lowrank_snmf_factorize_f32(const lowrank_mat_f32 *x, const lowrank_mat_f32 *f, const lowrank_mat_f32 *g,
                                   const lowrank_nmf_options *options, float *scratch, size_t scratch_len,
                                   lowrank_info *info);
int32_t lowrank_snmf_factorize_f64(const lowrank_mat_f64 *x, const lowrank_mat_f64 *f, const lowrank_mat_f64 *g,
                                   const lowrank_nmf_options *options, double *scratch, size_t scratch_len,
                                   lowrank_info *info);

size_t lowrank_snmf_factorize_scratch_len(size_t m, size_t n, size_t k);
#define LOWRANK_SNMF_FACTORIZE_SCRATCH_LEN(m, n, k)                                                                    \
    (LOWRANK_PAIR_(m, n, k) +                                                                                          \
     LOWRANK_MAX_(LOWRANK_EXACT_((size_t)(m), (size_t)(n), (size_t)(k), LOWRANK_SMALL_(m, n, k)),                      \
                  LOWRANK_DING_((size_t)(m), (size_t)(n), (size_t)(k))))
/* The side of X^T X; what the two methods need. */
#define LOWRANK_SMALL_(m, n, k)                                                                                        \
    LOWRANK_MIN_(LOWRANK_MIN_((size_t)(m), (size_t)(n)), LOWRANK_MAX_(1024, 4 * (size_t)(k)))
#define LOWRANK_EXACT_(m, n, k, side)                                                                                  \
    ((3 * (n) + 2 * (k)) * (k) + (side) * (side) +                                                                     \
     LOWRANK_MAX_(LOWRANK_MAX_(LOWRANK_DESCENT_(n, LOWRANK_FOURS_(k)),                                                 \
                               LOWRANK_MAX_(LOWRANK_GEMM_SCRATCH_LEN(n, k, LOWRANK_MAX_(k, side)),                     \
                                            LOWRANK_GEMM_SCRATCH_LEN(k, k, n))),                                       \
                  LOWRANK_DENSE_(m, n, side)))
#define LOWRANK_DING_(m, n, k)                                                                                         \
    (((n) + 2 * (k)) * (k) +                                                                                           \
     LOWRANK_MAX_(LOWRANK_ROUNDS_(n, k), LOWRANK_MAX_(512 * (k) + LOWRANK_GEMM_SCRATCH_LEN(256, k, k),                 \
                                                      LOWRANK_GEMM_SCRATCH_LEN(m, k, k))))

#ifdef __cplusplus
}
#endif

#endif
