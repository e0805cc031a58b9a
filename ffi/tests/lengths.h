/* Every length: its macro, its function, and the arguments of both in terms of m, n, k and q. */
#include "lowrank.h"

#include <stdio.h>

static int failures;

#define SAME(macro, function, ...)                                                                                     \
    do {                                                                                                               \
        const size_t constant = macro##_SCRATCH_LEN(__VA_ARGS__), returned = function##_scratch_len(__VA_ARGS__);      \
        if (constant != returned) {                                                                                    \
            failures++;                                                                                                \
            printf("%s of %zu, %zu, %zu, %zu: %zu, but the function says %zu\n", #macro, (size_t)(m), (size_t)(n),     \
                   (size_t)(k), (size_t)(q), constant, returned);                                                      \
        }                                                                                                              \
    } while (0)

#define ALL_LENGTHS                                                                                                    \
    SAME(LOWRANK_GEMM, lowrank_gemm, m, n, k);                                                                         \
    SAME(LOWRANK_QR, lowrank_qr, m, n);                                                                                \
    SAME(LOWRANK_SVD, lowrank_svd, m, n);                                                                              \
    SAME(LOWRANK_SVD_VALUES, lowrank_svd_values, m, n);                                                                \
    SAME(LOWRANK_SVD_GOLUB_KAHAN, lowrank_svd_golub_kahan, m, n);                                                      \
    SAME(LOWRANK_SVD_GOLUB_KAHAN_VALUES, lowrank_svd_golub_kahan_values, m, n);                                        \
    SAME(LOWRANK_SVD_GOLUB_KAHAN_IN_PLACE, lowrank_svd_golub_kahan_in_place, m, n);                                    \
    SAME(LOWRANK_SVD_JACOBI, lowrank_svd_jacobi, m, n);                                                                \
    SAME(LOWRANK_SVD_JACOBI_UNBLOCKED, lowrank_svd_jacobi_unblocked, m, n);                                            \
    SAME(LOWRANK_SVD_JACOBI_WARM, lowrank_svd_jacobi_warm, m, n);                                                      \
    SAME(LOWRANK_RANK, lowrank_rank, m, n);                                                                            \
    SAME(LOWRANK_PINV, lowrank_pinv, m, n);                                                                            \
    SAME(LOWRANK_LEAST_SQUARES, lowrank_least_squares, m, n, k);                                                       \
    SAME(LOWRANK_POLAR, lowrank_polar, m, n);                                                                          \
    SAME(LOWRANK_NEAREST_ROTATION, lowrank_nearest_rotation, n);                                                       \
    SAME(LOWRANK_PROCRUSTES, lowrank_procrustes, m, n);                                                                \
    SAME(LOWRANK_ORTHONORMALITY, lowrank_orthonormality, m, n);                                                        \
    SAME(LOWRANK_RESIDUAL, lowrank_residual, m, n, k);                                                                 \
    SAME(LOWRANK_SVD_TRUNCATED, lowrank_svd_truncated, m, n, k, q);                                                    \
    SAME(LOWRANK_SVD_TRUNCATED_CSR, lowrank_svd_truncated_csr, m, n, k, q);                                            \
    SAME(LOWRANK_SVD_TRUNCATED_BEGIN, lowrank_svd_truncated_begin, m, n, k, q);                                        \
    SAME(LOWRANK_NMF_NNDSVD, lowrank_nmf_nndsvd, m, n, k, q);                                                          \
    SAME(LOWRANK_NMF_NNDSVD_CSR, lowrank_nmf_nndsvd_csr, m, n, k, q);                                                  \
    SAME(LOWRANK_NMF, lowrank_nmf, m, n, k);                                                                           \
    SAME(LOWRANK_NMF_CSR, lowrank_nmf_csr, m, n, k);                                                                   \
    SAME(LOWRANK_NMF_DIVERGENCE, lowrank_nmf_divergence, m, n, k);                                                     \
    SAME(LOWRANK_NMF_DIVERGENCE_CSR, lowrank_nmf_divergence_csr, m, n, k);                                             \
    SAME(LOWRANK_NMF_TRANSFORM, lowrank_nmf_transform, m, n, k);                                                       \
    SAME(LOWRANK_NMF_TRANSFORM_CSR, lowrank_nmf_transform_csr, m, n, k);                                               \
    SAME(LOWRANK_SNMF_SVD_START, lowrank_snmf_svd_start, m, n, k, q);                                                  \
    SAME(LOWRANK_SNMF_SVD_START_CSR, lowrank_snmf_svd_start_csr, m, n, k, q);                                          \
    SAME(LOWRANK_SNMF_KMEANS_START, lowrank_snmf_kmeans_start, m, n, k);                                               \
    SAME(LOWRANK_SNMF_KMEANS_START_CSR, lowrank_snmf_kmeans_start_csr, m, n, k);                                       \
    SAME(LOWRANK_SNMF, lowrank_snmf, m, n, k);                                                                         \
    SAME(LOWRANK_SNMF_CSR, lowrank_snmf_csr, m, n, k);                                                                 \
    SAME(LOWRANK_SNMF_TRANSFORM_ROWS, lowrank_snmf_transform_rows, m, n, k);                                           \
    SAME(LOWRANK_SNMF_TRANSFORM_ROWS_CSR, lowrank_snmf_transform_rows_csr, m, n, k);                                   \
    SAME(LOWRANK_SNMF_TRANSFORM_COLUMNS, lowrank_snmf_transform_columns, m, n, k);                                     \
    SAME(LOWRANK_SNMF_TRANSFORM_COLUMNS_CSR, lowrank_snmf_transform_columns_csr, m, n, k)
