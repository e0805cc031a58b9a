/*
 * lowrank: the lengths of scratch as constants, for static memory. lowrank.h includes this header.
 *
 *     static float scratch[LOWRANK_SVD_SCRATCH_LEN(6, 4)];
 *
 * LOWRANK_X_SCRATCH_LEN(...) is lowrank_x_scratch_len(...) for constant arguments; in C++, from C++11 on, also for others.
 * A length that exceeds PTRDIFF_MAX does not compile, or is wrong: the function says SIZE_MAX then.
 *
 * The names that end in an underscore are parts of those lengths, and not for use.
 */
#ifndef LOWRANK_SCRATCH_H
#define LOWRANK_SCRATCH_H

#include <stddef.h>

/*
 * The larger of two constants, and the smaller. A union is as large as its largest member: so that each argument is
 * written once, as an expression that repeats them would double with every level of nesting.
 */
#ifdef __cplusplus
constexpr size_t lowrank_max_(size_t a, size_t b) { return a > b ? a : b; }
constexpr size_t lowrank_min_(size_t a, size_t b) { return a < b ? a : b; }
#define LOWRANK_MAX_(a, b) lowrank_max_(a, b)
#define LOWRANK_MIN_(a, b) lowrank_min_(a, b)
#else
#define LOWRANK_MAX_(a, b) (sizeof(union { char a_[(size_t)(a) + 1]; char b_[(size_t)(b) + 1]; }) - 1)
#define LOWRANK_MIN_(a, b) ((size_t)(a) < (size_t)(b) ? (size_t)(a) : (size_t)(b))
#endif

/* ---- Products -------------------------------------------------------------------------------------------------- */

#define LOWRANK_GEMM_SCRATCH_LEN(m, n, k) ((LOWRANK_MIN_(m, 480) + LOWRANK_MIN_(n, 480) + 30) * LOWRANK_MIN_(k, 256))

/* ---- QR -------------------------------------------------------------------------------------------------------- */

#define LOWRANK_QR_SCRATCH_LEN(m, n) LOWRANK_QR_((size_t)(m), (size_t)(n), LOWRANK_MIN_(m, n))
#define LOWRANK_QR_(m, n, k)                                                                                             \
    ((m) * (n) + (k) + 3 * (n) + ((k) <= 16 ? (m) : LOWRANK_MAX_(LOWRANK_APPLY_(m, n, k), LOWRANK_APPLY_(m, m, k))))

/* To apply k reflectors, in blocks, to n columns of m entries. */
#define LOWRANK_APPLY_(m, n, k) LOWRANK_BLOCK_(m, n, LOWRANK_MIN_(k, 64))
#define LOWRANK_BLOCK_(m, n, b)                                                                                          \
    (((m) + 2 * (b) + 2 * (n)) * (b) +                                                                                   \
     LOWRANK_MAX_(LOWRANK_GEMM_SCRATCH_LEN(b, LOWRANK_MAX_(b, n), m), LOWRANK_GEMM_SCRATCH_LEN(m, n, b)))

/* Of l x k matrices with l much larger than k: factors, a step of the factorization, and of its application. */
#define LOWRANK_TALL_FACTORS_(l, k) ((l) < 1080 ? 0 : (l) / 4 + (k))
#define LOWRANK_TALL_FACTOR_(l, k) ((l) < 1080 ? 0 : LOWRANK_TALL_STEP_(LOWRANK_MIN_(k, 128)))
#define LOWRANK_TALL_STEP_(k)                                                                                            \
    LOWRANK_MAX_(LOWRANK_MAX_(32768, 4 * (k) * (k)) + 40 * (k) + 143 + LOWRANK_GEMM_SCRATCH_LEN(8, k, 1032),             \
                 LOWRANK_APPLY_(1032, k, k))
#define LOWRANK_TALL_APPLY_(l, n, k) ((l) < 1080 ? 0 : LOWRANK_TALL_APPLIED_(n, LOWRANK_MIN_(k, 128)))
#define LOWRANK_TALL_APPLIED_(n, k)                                                                                      \
    LOWRANK_MAX_(2 * ((k) + (n)) * (k) + LOWRANK_MAX_(LOWRANK_GEMM_SCRATCH_LEN(k, LOWRANK_MAX_(k, n), 1032),             \
                                                      LOWRANK_GEMM_SCRATCH_LEN(1032, n, k)),                             \
                 LOWRANK_APPLY_(1032, n, k))

/* ---- Singular value decomposition, whole ----------------------------------------------------------------------- */

/* For l x k with l >= k, which is the shape of the matrix or of its transpose. */
#define LOWRANK_TALLER_(f, m, n) f(LOWRANK_MAX_(m, n), LOWRANK_MIN_(m, n))

#define LOWRANK_SVD_SCRATCH_LEN(m, n) LOWRANK_TALLER_(LOWRANK_SVD_, m, n)
#define LOWRANK_SVD_(l, k) LOWRANK_DENSE_SVD_(l, k, LOWRANK_GOLUB_KAHAN_(l, k))
#define LOWRANK_SVD_VALUES_SCRATCH_LEN(m, n) LOWRANK_TALLER_(LOWRANK_SVD_VALUES_, m, n)
#define LOWRANK_SVD_VALUES_(l, k) LOWRANK_DENSE_SVD_(l, k, LOWRANK_GOLUB_KAHAN_VALUES_(l, k))
#define LOWRANK_DENSE_SVD_(l, k, otherwise)                                                                              \
    LOWRANK_MAX_((k) <= 16 ? LOWRANK_SMALL_(l, k) : 0, (k) <= 8 ? 0 : (otherwise))
#define LOWRANK_SMALL_(l, k)                                                                                             \
    LOWRANK_MAX_(((l) + 2 * (k)) * (k) + LOWRANK_MAX_(k, LOWRANK_TALL_FACTORS_(l, k)) +                                  \
                     LOWRANK_MAX_(((k) == 0 ? 1 : LOWRANK_MIN_(k, 4)) * (l),                                             \
                                  LOWRANK_MAX_(LOWRANK_TALL_FACTOR_(l, k), LOWRANK_TALL_APPLY_(l, 16, k))),              \
                 LOWRANK_JACOBI_UNBLOCKED_(l, k))

#define LOWRANK_SVD_GOLUB_KAHAN_SCRATCH_LEN(m, n) LOWRANK_TALLER_(LOWRANK_GOLUB_KAHAN_, m, n)
#define LOWRANK_GOLUB_KAHAN_(l, k)                                                                                       \
    (LOWRANK_REDUCTION_(l, k) + 2 * (k) * (k) +                                                                          \
     LOWRANK_MAX_(LOWRANK_TO_VALUES_(l, k),                                                                              \
                  LOWRANK_MAX_(LOWRANK_BIDIAGONAL_VECTORS_(k),                                                           \
                               LOWRANK_MAX_(LOWRANK_APPLY_(l, l, k), LOWRANK_TALL_APPLY_(l, l, k)))))
#define LOWRANK_SVD_GOLUB_KAHAN_VALUES_SCRATCH_LEN(m, n) LOWRANK_TALLER_(LOWRANK_GOLUB_KAHAN_VALUES_, m, n)
#define LOWRANK_GOLUB_KAHAN_VALUES_(l, k) (LOWRANK_REDUCTION_(l, k) + LOWRANK_TO_VALUES_(l, k))
#define LOWRANK_REDUCTION_(l, k) (((l) + (k) + 5) * (k) + LOWRANK_MAX_(k, LOWRANK_TALL_FACTORS_(l, k)))
#define LOWRANK_TO_VALUES_(l, k)                                                                                         \
    LOWRANK_MAX_(LOWRANK_MAX_(LOWRANK_APPLY_(l, k, k), LOWRANK_TALL_FACTOR_(l, k)),                                      \
                 LOWRANK_MAX_(LOWRANK_BIDIAGONALIZE_(l, k), 9 * (k)))
#define LOWRANK_BIDIAGONALIZE_(m, n)                                                                                     \
    LOWRANK_MAX_(LOWRANK_BIDIAGONALIZE_PANEL_(m, n, 2 * LOWRANK_MIN_(n, 32)), 7 * (m) + 2 * LOWRANK_MIN_(n, 128))
#define LOWRANK_BIDIAGONALIZE_PANEL_(m, n, w)                                                                            \
    (((m) + (n) + 2) * (w) + (n) + 3 * (m) + LOWRANK_GEMM_SCRATCH_LEN(m, n, w))
#define LOWRANK_BIDIAGONAL_VECTORS_(n)                                                                                   \
    LOWRANK_MAX_((2 * (n) + 23) * (n) + 16 * LOWRANK_MIN_(n, 16) + 64 + LOWRANK_GEMM_SCRATCH_LEN(n, n, n),               \
                 LOWRANK_MAX_(18 * (n) + 64, (n) + LOWRANK_JACOBI_UNBLOCKED_(n, n)))

#define LOWRANK_SVD_JACOBI_SCRATCH_LEN(m, n) LOWRANK_TALLER_(LOWRANK_JACOBI_, m, n)
#define LOWRANK_JACOBI_(l, k)                                                                                            \
    (LOWRANK_JACOBI_UNBLOCKED_(l, k) + (4 * (k) + 2) * (k) + 15 + LOWRANK_JACOBI_STEPS_(l, k))
#define LOWRANK_JACOBI_STEPS_(l, k)                                                                                      \
    LOWRANK_MAX_(LOWRANK_MAX_(LOWRANK_JACOBI_SQUARE_(k), LOWRANK_APPLY_(k, k, k)),                                       \
                 LOWRANK_MAX_(LOWRANK_APPLY_(l, k, LOWRANK_MIN_(l, k)), LOWRANK_APPLY_(l, l, k)))
#define LOWRANK_JACOBI_SQUARE_(k)                                                                                        \
    LOWRANK_MAX_(LOWRANK_MAX_(LOWRANK_MIN_(k, 32) * (k) + LOWRANK_GEMM_SCRATCH_LEN(k, LOWRANK_MIN_(k, 32), k),           \
                              LOWRANK_GEMM_SCRATCH_LEN(k, k, k)),                                                        \
                 LOWRANK_JACOBI_BLOCKS_(k, LOWRANK_MIN_(k, 48)))
#define LOWRANK_JACOBI_BLOCKS_(k, pair)                                                                                  \
    (((((k) + 15) / 16) | 1) * 16 * (pair) + 2 * (pair) * (pair) + LOWRANK_MIN_(k, 24) * (k) + (k) + 45 +                \
     LOWRANK_GEMM_SCRATCH_LEN(k, pair, k))

#define LOWRANK_SVD_JACOBI_UNBLOCKED_SCRATCH_LEN(m, n) LOWRANK_TALLER_(LOWRANK_JACOBI_UNBLOCKED_, m, n)
#define LOWRANK_JACOBI_UNBLOCKED_(l, k) (((l) + 2 * (k) + 6) * (k) + (l))

#define LOWRANK_SVD_JACOBI_WARM_SCRATCH_LEN(m, n)                                                                        \
    LOWRANK_MAX_(LOWRANK_SVD_JACOBI_SCRATCH_LEN(m, n), LOWRANK_JACOBI_WARM_((size_t)(m), (size_t)(n)))
#define LOWRANK_JACOBI_WARM_(m, n)                                                                                       \
    ((2 * (m) + 3 * (n) + 2) * (n) + 15 + LOWRANK_MAX_(LOWRANK_JACOBI_STEPS_(m, n), LOWRANK_GEMM_SCRATCH_LEN(m, n, n)))

#define LOWRANK_SVD_GOLUB_KAHAN_IN_PLACE_SCRATCH_LEN(m, n) LOWRANK_TALLER_(LOWRANK_IN_PLACE_, m, n)
#define LOWRANK_IN_PLACE_(l, k) (5 * (k) + LOWRANK_MAX_(7 * (l) + 2 * (k), 20 * (k) + 64))

/* ---- What the singular value decomposition solves -------------------------------------------------------------- */

#define LOWRANK_RANK_SCRATCH_LEN(m, n) (LOWRANK_MIN_(m, n) + LOWRANK_SVD_VALUES_SCRATCH_LEN(m, n))

#define LOWRANK_PINV_SCRATCH_LEN(m, n) LOWRANK_SOLVE_((size_t)(m), (size_t)(n), LOWRANK_MIN_(m, n), 0, LOWRANK_MIN_(m, 64))
#define LOWRANK_LEAST_SQUARES_SCRATCH_LEN(m, n, count)                                                                   \
    LOWRANK_SOLVE_((size_t)(m), (size_t)(n), LOWRANK_MIN_(m, n), m, LOWRANK_MIN_(count, 64))
/* With panels of p columns, for the right-hand sides of h rows. */
#define LOWRANK_SOLVE_(m, n, k, h, p)                                                                                    \
    (((m) + (n) + 1) * (k) +                                                                                             \
     LOWRANK_MAX_(LOWRANK_SVD_SCRATCH_LEN(m, n),                                                                         \
                  ((h) + (k) + (n) + 2) * (p) + LOWRANK_MAX_(LOWRANK_MAX_(LOWRANK_GEMM_SCRATCH_LEN(k, p, h),             \
                                                                          LOWRANK_GEMM_SCRATCH_LEN(h, p, k)),            \
                                                             LOWRANK_GEMM_SCRATCH_LEN(n, p, k))))

#define LOWRANK_POLAR_SCRATCH_LEN(m, n) LOWRANK_POLAR_((size_t)(m), (size_t)(n), LOWRANK_MIN_(m, n))
#define LOWRANK_POLAR_(m, n, k)                                                                                          \
    (((m) + (n) + 1) * (k) +                                                                                             \
     LOWRANK_MAX_(LOWRANK_SVD_SCRATCH_LEN(m, n),                                                                         \
                  LOWRANK_MAX_(((k) + (n)) * (n) + LOWRANK_GEMM_SCRATCH_LEN(n, n, k), LOWRANK_GEMM_SCRATCH_LEN(m, n, k))))

#define LOWRANK_NEAREST_ROTATION_SCRATCH_LEN(n) LOWRANK_ROTATION_((size_t)(n))
#define LOWRANK_ROTATION_(n)                                                                                             \
    ((2 * (n) + 1) * (n) + LOWRANK_MAX_(LOWRANK_SVD_SCRATCH_LEN(n, n),                                                   \
                                        LOWRANK_MAX_(LOWRANK_GEMM_SCRATCH_LEN(n, n, n), ((n) + 1) * (n))))

#define LOWRANK_PROCRUSTES_SCRATCH_LEN(m, n) LOWRANK_PROCRUSTES_(LOWRANK_MIN_(m, 256), (size_t)(n))
#define LOWRANK_PROCRUSTES_(panel, n)                                                                                    \
    ((n) * (n) + LOWRANK_MAX_(2 * (panel) * (n) + LOWRANK_GEMM_SCRATCH_LEN(n, n, panel), LOWRANK_ROTATION_(n)))

/* ---- How good factors are -------------------------------------------------------------------------------------- */

#define LOWRANK_ORTHONORMALITY_SCRATCH_LEN(m, n)                                                                         \
    ((LOWRANK_MIN_(m, 256) + LOWRANK_MIN_(n, 64)) * (size_t)(n) +                                                        \
     LOWRANK_GEMM_SCRATCH_LEN(n, LOWRANK_MIN_(n, 64), LOWRANK_MIN_(m, 256)))
#define LOWRANK_RESIDUAL_SCRATCH_LEN(m, n, values) LOWRANK_RESIDUAL_(LOWRANK_MIN_(m, 64), LOWRANK_MIN_(n, 64), (size_t)(values))
#define LOWRANK_RESIDUAL_(h, w, r) ((h) * (w) + ((h) + (w) + 3) * (r) + LOWRANK_GEMM_SCRATCH_LEN(h, w, r))

/* ---- Singular value decomposition, leading part ---------------------------------------------------------------- */

#define LOWRANK_SVD_TRUNCATED_SCRATCH_LEN(m, n, rank, oversample)                                                        \
    (LOWRANK_TRUNCATED_(m, n, rank, oversample) +                                                                        \
     LOWRANK_DENSE_((size_t)(m), (size_t)(n), LOWRANK_GRAM_SIDE_(m, n, rank, oversample)))
#define LOWRANK_SVD_TRUNCATED_CSR_SCRATCH_LEN(m, n, rank, oversample)                                                    \
    (LOWRANK_TRUNCATED_(m, n, rank, oversample) + (size_t)(n))
#define LOWRANK_SVD_TRUNCATED_BEGIN_SCRATCH_LEN(rows, cols, rank, oversample)                                            \
    LOWRANK_POWER_((size_t)(rows), (size_t)(cols), LOWRANK_MIN_((size_t)(rank) + (size_t)(oversample), cols))

/* The iteration on the shorter side, and its Gram matrix. */
#define LOWRANK_TRUNCATED_(m, n, rank, oversample)                                                                       \
    (LOWRANK_POWER_(LOWRANK_MAX_(m, n), LOWRANK_MIN_(m, n),                                                              \
                    LOWRANK_MIN_((size_t)(rank) + (size_t)(oversample), LOWRANK_MIN_(m, n))) +                           \
     LOWRANK_GRAM_SIDE_(m, n, rank, oversample) * LOWRANK_GRAM_SIDE_(m, n, rank, oversample))
#define LOWRANK_GRAM_SIDE_(m, n, rank, oversample)                                                                       \
    LOWRANK_MIN_(16 * ((size_t)(rank) + (size_t)(oversample)), LOWRANK_MIN_(m, n))
#define LOWRANK_POWER_(m, n, p)                                                                                          \
    (((m) + 2 * (n) + 4 * (p) + 1) * (p) +                                                                               \
     LOWRANK_MAX_(LOWRANK_MAX_(LOWRANK_ORTHONORMALIZE_(LOWRANK_MAX_(m, n), p), LOWRANK_JACOBI_UNBLOCKED_(p, p)),         \
                  LOWRANK_GEMM_SCRATCH_LEN(LOWRANK_MAX_(m, n), p, n)))
#define LOWRANK_ORTHONORMALIZE_(m, p)                                                                                    \
    (((p) + 259) * (p) + LOWRANK_MAX_(LOWRANK_GEMM_SCRATCH_LEN(256, p, p), LOWRANK_GEMM_SCRATCH_LEN(p, p, m)))
/* Products of a dense matrix with k vectors. */
#define LOWRANK_DENSE_(m, n, k)                                                                                          \
    LOWRANK_MAX_(16 * (n) + LOWRANK_GEMM_SCRATCH_LEN(16, n, k),                                                          \
                 LOWRANK_MAX_(LOWRANK_GEMM_SCRATCH_LEN(m, k, n), LOWRANK_GEMM_SCRATCH_LEN(n, k, m)))

/* ---- Non-negative matrix factorization ------------------------------------------------------------------------- */

#define LOWRANK_NMF_NNDSVD_SCRATCH_LEN(m, n, k, oversample)                                                              \
    (LOWRANK_SVD_TRUNCATED_SCRATCH_LEN(m, n, k, oversample) + (size_t)(k) + (size_t)(m) + (size_t)(n))
#define LOWRANK_NMF_NNDSVD_CSR_SCRATCH_LEN(m, n, k, oversample)                                                          \
    (LOWRANK_SVD_TRUNCATED_CSR_SCRATCH_LEN(m, n, k, oversample) + (size_t)(k) + (size_t)(m) + (size_t)(n))

#define LOWRANK_NMF_SCRATCH_LEN(m, n, k)                                                                                 \
    (LOWRANK_NMF_((size_t)(m), (size_t)(n), (size_t)(k)) + LOWRANK_DENSE_((size_t)(m), (size_t)(n), (size_t)(k)))
#define LOWRANK_NMF_CSR_SCRATCH_LEN(m, n, k) (LOWRANK_NMF_((size_t)(m), (size_t)(n), (size_t)(k)) + (size_t)(n))
#define LOWRANK_NMF_(m, n, k)                                                                                            \
    (LOWRANK_PAIR_(m, n, k) + LOWRANK_MAX_(((m) + (n)) * (k) + LOWRANK_DESCENT_(LOWRANK_MAX_(m, n), LOWRANK_FOURS_(k)),  \
                                           256 * (k) + LOWRANK_GEMM_SCRATCH_LEN(256, k, k)))
/* Two factors with what their products need; sweeps over m rows of k entries, a multiple of four. */
#define LOWRANK_PAIR_(m, n, k)                                                                                           \
    (((m) + (n) + LOWRANK_MAX_(m, n) + 2 * (k)) * (k) + LOWRANK_GEMM_SCRATCH_LEN(k, k, LOWRANK_MAX_(m, n)))
#define LOWRANK_DESCENT_(m, k) (((m) + 255) / 256 + ((k) + 65) * (k) + 15)
#define LOWRANK_FOURS_(k) (((k) + 3) / 4 * 4)

#define LOWRANK_NMF_DIVERGENCE_SCRATCH_LEN(m, n, k)                                                                      \
    (LOWRANK_DIVERGENCE_((size_t)(m), (size_t)(n), (size_t)(k)) + LOWRANK_DENSE_((size_t)(m), (size_t)(n), (size_t)(k)))
#define LOWRANK_NMF_DIVERGENCE_CSR_SCRATCH_LEN(m, n, k)                                                                  \
    (LOWRANK_DIVERGENCE_((size_t)(m), (size_t)(n), (size_t)(k)) + (size_t)(n))
#define LOWRANK_DIVERGENCE_(m, n, k)                                                                                     \
    (LOWRANK_PAIR_(m, n, k) + (2 * (m) + 2 * (n) + LOWRANK_MAX_(m, n)) * (k) +                                           \
     2 * LOWRANK_MAX_(LOWRANK_MIN_((m) * (n), 32768), 16 * (n)) +                                                        \
     LOWRANK_MAX_(LOWRANK_GEMM_SCRATCH_LEN(m, n, k),                                                                     \
                  LOWRANK_MAX_(LOWRANK_GEMM_SCRATCH_LEN(m, k, n), LOWRANK_GEMM_SCRATCH_LEN(n, k, m))))

#define LOWRANK_NMF_TRANSFORM_SCRATCH_LEN(m, n, k)                                                                       \
    (LOWRANK_TRANSFORM_((size_t)(m), (size_t)(n), (size_t)(k)) + LOWRANK_DENSE_((size_t)(m), (size_t)(n), (size_t)(k)))
#define LOWRANK_NMF_TRANSFORM_CSR_SCRATCH_LEN(m, n, k)                                                                   \
    (LOWRANK_TRANSFORM_((size_t)(m), (size_t)(n), (size_t)(k)) + (size_t)(n))
#define LOWRANK_TRANSFORM_(m, n, k)                                                                                      \
    ((2 * (m) + (n) + 2 * (k)) * (k) +                                                                                   \
     LOWRANK_MAX_(LOWRANK_MAX_(LOWRANK_GEMM_SCRATCH_LEN(k, k, n), LOWRANK_GEMM_SCRATCH_LEN(m, k, k)),                    \
                  LOWRANK_DESCENT_(m, LOWRANK_FOURS_(k))))

/* ---- Semi-non-negative matrix factorization -------------------------------------------------------------------- */

#define LOWRANK_SNMF_SVD_START_SCRATCH_LEN(m, n, k, oversample)                                                          \
    (LOWRANK_SVD_TRUNCATED_SCRATCH_LEN(m, n, k, oversample) + ((size_t)(n) + 2) * (size_t)(k) + 2 * (size_t)(n))
#define LOWRANK_SNMF_SVD_START_CSR_SCRATCH_LEN(m, n, k, oversample)                                                      \
    (LOWRANK_SVD_TRUNCATED_CSR_SCRATCH_LEN(m, n, k, oversample) + ((size_t)(n) + 2) * (size_t)(k) + 2 * (size_t)(n))
#define LOWRANK_SNMF_KMEANS_START_SCRATCH_LEN(m, n, k)                                                                   \
    (LOWRANK_KMEANS_(m, n, k) + LOWRANK_DENSE_((size_t)(m), (size_t)(n), (size_t)(k)))
#define LOWRANK_SNMF_KMEANS_START_CSR_SCRATCH_LEN(m, n, k) (LOWRANK_KMEANS_(m, n, k) + (size_t)(n))
#define LOWRANK_KMEANS_(m, n, k) (((size_t)(m) + 2 * (size_t)(n) + 1) * (size_t)(k))

#define LOWRANK_SNMF_SCRATCH_LEN(m, n, k)                                                                                \
    LOWRANK_SNMF_((size_t)(m), (size_t)(n), (size_t)(k), LOWRANK_SNMF_SIDE_(m, n, k),                                    \
                  LOWRANK_DENSE_((size_t)(m), (size_t)(n), (size_t)(k)),                                                 \
                  LOWRANK_DENSE_((size_t)(m), (size_t)(n), LOWRANK_SNMF_SIDE_(m, n, k)))
#define LOWRANK_SNMF_CSR_SCRATCH_LEN(m, n, k)                                                                            \
    LOWRANK_SNMF_((size_t)(m), (size_t)(n), (size_t)(k), LOWRANK_SNMF_SIDE_(m, n, k), (size_t)(n), (size_t)(n))
/* The side of X^T X. */
#define LOWRANK_SNMF_SIDE_(m, n, k) LOWRANK_MIN_(LOWRANK_MIN_(m, n), LOWRANK_MAX_(1024, 4 * (size_t)(k)))
/* With what products with k and with `side` vectors need; the larger of what the two methods do. */
#define LOWRANK_SNMF_(m, n, k, side, with_k, with_side)                                                                  \
    (LOWRANK_PAIR_(m, n, k) + (with_k) +                                                                                 \
     LOWRANK_MAX_(LOWRANK_EXACT_(n, k, side, with_side), LOWRANK_DING_(m, n, k)))
#define LOWRANK_EXACT_(n, k, side, with_side)                                                                            \
    ((3 * (n) + 2 * (k)) * (k) + (side) * (side) +                                                                       \
     LOWRANK_MAX_(LOWRANK_MAX_(LOWRANK_DESCENT_(n, LOWRANK_FOURS_(k)), with_side),                                       \
                  LOWRANK_MAX_(LOWRANK_GEMM_SCRATCH_LEN(n, k, LOWRANK_MAX_(k, side)),                                    \
                               LOWRANK_GEMM_SCRATCH_LEN(k, k, n))))
#define LOWRANK_DING_(m, n, k)                                                                                           \
    (((n) + 2 * (k)) * (k) +                                                                                             \
     LOWRANK_MAX_(LOWRANK_ORTHONORMALIZE_(n, k),                                                                         \
                  LOWRANK_MAX_(512 * (k) + LOWRANK_GEMM_SCRATCH_LEN(256, k, k), LOWRANK_GEMM_SCRATCH_LEN(m, k, k))))

#define LOWRANK_SNMF_TRANSFORM_ROWS_SCRATCH_LEN(m, n, k) LOWRANK_NMF_TRANSFORM_SCRATCH_LEN(m, n, k)
#define LOWRANK_SNMF_TRANSFORM_ROWS_CSR_SCRATCH_LEN(m, n, k) LOWRANK_NMF_TRANSFORM_CSR_SCRATCH_LEN(m, n, k)
#define LOWRANK_SNMF_TRANSFORM_COLUMNS_SCRATCH_LEN(m, n, k)                                                              \
    (LOWRANK_TRANSFORM_((size_t)(n), (size_t)(m), (size_t)(k)) + LOWRANK_DENSE_((size_t)(m), (size_t)(n), (size_t)(k)))
#define LOWRANK_SNMF_TRANSFORM_COLUMNS_CSR_SCRATCH_LEN(m, n, k)                                                          \
    (LOWRANK_TRANSFORM_((size_t)(n), (size_t)(m), (size_t)(k)) + (size_t)(n))

#endif
