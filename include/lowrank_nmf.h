/*
 * lowrank: non-negative and semi-non-negative matrix factorization. lowrank.h includes this header, and says what all
 * functions have in common.
 */
#ifndef LOWRANK_NMF_H
#define LOWRANK_NMF_H

#include "lowrank.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Non-negative matrix factorization ------------------------------------------------------------------------- */

/* The method, as uint32_t. */
enum {
    LOWRANK_HALS = 0,          /* hierarchical alternating least squares: coordinate descent */
    LOWRANK_MULTIPLICATIVE = 1 /* multiplicative updates */
};

/* What the tolerance is about, as uint32_t. */
enum {
    LOWRANK_DECREASE = 0,          /* of the relative error, in ten iterations, over the first error */
    LOWRANK_PROJECTED_GRADIENT = 1 /* over that of the first iteration */
};

/* Why iterations ended. */
enum {
    LOWRANK_STOP_NONE = 0, /* they have not, or there is no such thing */
    LOWRANK_STOP_TOLERANCE = 1,
    LOWRANK_STOP_EXACT_FIT = 2,
    LOWRANK_STOP_MAX_ITERATIONS = 3
};

/* Of NMF and semi-NMF. Penalties, l1 sum |w| + l2 / 2 sum w^2, are added to 1/2 |X - W H|^2 or the divergence. */
typedef struct lowrank_nmf_options {
    size_t struct_size;
    uint32_t solver;       /* of the Frobenius norm: LOWRANK_HALS or LOWRANK_MULTIPLICATIVE */
    uint32_t criterion;    /* LOWRANK_DECREASE or LOWRANK_PROJECTED_GRADIENT */
    double tolerance;      /* when to end */
    size_t max_iterations; /* the bound; in transform, on sweeps */
    double beta;           /* of the divergence: 2 Frobenius, 1 Kullback-Leibler, 0 Itakura-Saito */
    double l1_left;        /* these four: at least 0; 0 for semi-NMF */
    double l2_left;
    double l1_right;
    double l2_right;
    size_t max_sweeps;    /* over a factor before the other's turn; 0 leaves it to the method */
    uint32_t extrapolate; /* 1: go on in the direction of the last step while the objective falls; 0: do not */
    uint32_t execution;   /* how the kernels are computed */
} lowrank_nmf_options;

#define LOWRANK_NMF_OPTIONS_INIT                                                                                         \
    {sizeof(lowrank_nmf_options), LOWRANK_HALS, LOWRANK_DECREASE, 1e-4, 200, 2.0, 0.0, 0.0, 0.0, 0.0, 0, 1, LOWRANK_BEST}

/*
 * A start: random numbers in (0, 1] times the scale at which W H has about the norm of X.
 *
 *   x            in, m x n
 *   w            out, m x k
 *   h            out, k x n
 *   seed         in
 */
int32_t lowrank_nmf_random_start_f32(const lowrank_mat_f32 *x, const lowrank_mat_f32 *w, const lowrank_mat_f32 *h,
                                     uint64_t seed, lowrank_info *info);
int32_t lowrank_nmf_random_start_f64(const lowrank_mat_f64 *x, const lowrank_mat_f64 *w, const lowrank_mat_f64 *h,
                                     uint64_t seed, lowrank_info *info);
int32_t lowrank_nmf_random_start_csr_f32(const lowrank_csr_f32 *x, const lowrank_mat_f32 *w, const lowrank_mat_f32 *h,
                                         uint64_t seed, lowrank_info *info);
int32_t lowrank_nmf_random_start_csr_f64(const lowrank_csr_f64 *x, const lowrank_mat_f64 *w, const lowrank_mat_f64 *h,
                                         uint64_t seed, lowrank_info *info);

/* What becomes of the zeros that NNDSVD leaves, as uint32_t. */
enum {
    LOWRANK_FILL_ZEROS = 0, /* they stay: for LOWRANK_HALS, which can leave a zero at once */
    LOWRANK_FILL_PART = 1,  /* `part` times the root mean square of the factor's entries */
    LOWRANK_FILL_MEAN = 2,  /* the mean of X (NNDSVDa) */
    LOWRANK_FILL_RANDOM = 3 /* random numbers, by options->seed, up to a hundredth of the mean of X (NNDSVDar) */
};

/*
 * A better start, from the leading part of the singular value decomposition of X (NNDSVD).
 *
 *   x            in, m x n
 *   w            out, m x k, k from 1 to min(m, n)
 *   h            out, k x n
 *   fill         in, LOWRANK_FILL_...
 *   part         in, at least 0, for LOWRANK_FILL_PART
 *
 * Errors: those of lowrank_svd_truncated.
 */
int32_t lowrank_nmf_nndsvd_f32(const lowrank_mat_f32 *x, const lowrank_mat_f32 *w, const lowrank_mat_f32 *h,
                               uint32_t fill, double part, const lowrank_svd_truncated_options *options,
                               float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_nmf_nndsvd_f64(const lowrank_mat_f64 *x, const lowrank_mat_f64 *w, const lowrank_mat_f64 *h,
                               uint32_t fill, double part, const lowrank_svd_truncated_options *options,
                               double *scratch, size_t scratch_len, lowrank_info *info);
size_t lowrank_nmf_nndsvd_scratch_len(size_t m, size_t n, size_t k, size_t oversample);

int32_t lowrank_nmf_nndsvd_csr_f32(const lowrank_csr_f32 *x, const lowrank_mat_f32 *w, const lowrank_mat_f32 *h,
                                   uint32_t fill, double part, const lowrank_svd_truncated_options *options,
                                   float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_nmf_nndsvd_csr_f64(const lowrank_csr_f64 *x, const lowrank_mat_f64 *w, const lowrank_mat_f64 *h,
                                   uint32_t fill, double part, const lowrank_svd_truncated_options *options,
                                   double *scratch, size_t scratch_len, lowrank_info *info);
size_t lowrank_nmf_nndsvd_csr_scratch_len(size_t m, size_t n, size_t k, size_t oversample);

/*
 * X ~ W H with X, W, H >= 0: improves W and H, which begin as one of the starts above or as the caller's own.
 * lowrank_nmf_factorize ends by the options. lowrank_nmf_begin leaves that to the caller, who goes on with lowrank_update and
 * lowrank_finish.
 *
 *   state        out
 *   x            in, m x n
 *   w            inout, m x k
 *   h            inout, k x n
 *
 * Errors: RANK, OPTION (beta must be 2), NEGATIVE, CSR.
 */
int32_t lowrank_nmf_factorize_f32(const lowrank_mat_f32 *x, const lowrank_mat_f32 *w, const lowrank_mat_f32 *h,
                                  const lowrank_nmf_options *options, float *scratch, size_t scratch_len,
                                  lowrank_info *info);
int32_t lowrank_nmf_factorize_f64(const lowrank_mat_f64 *x, const lowrank_mat_f64 *w, const lowrank_mat_f64 *h,
                                  const lowrank_nmf_options *options, double *scratch, size_t scratch_len,
                                  lowrank_info *info);
int32_t lowrank_nmf_begin_f32(lowrank_state *state, const lowrank_mat_f32 *x, const lowrank_mat_f32 *w,
                              const lowrank_mat_f32 *h, const lowrank_nmf_options *options, float *scratch,
                              size_t scratch_len, lowrank_info *info);
int32_t lowrank_nmf_begin_f64(lowrank_state *state, const lowrank_mat_f64 *x, const lowrank_mat_f64 *w,
                              const lowrank_mat_f64 *h, const lowrank_nmf_options *options, double *scratch,
                              size_t scratch_len, lowrank_info *info);
size_t lowrank_nmf_scratch_len(size_t m, size_t n, size_t k); /* for both */

int32_t lowrank_nmf_factorize_csr_f32(const lowrank_csr_f32 *x, const lowrank_mat_f32 *w, const lowrank_mat_f32 *h,
                                      const lowrank_nmf_options *options, float *scratch, size_t scratch_len,
                                      lowrank_info *info);
int32_t lowrank_nmf_factorize_csr_f64(const lowrank_csr_f64 *x, const lowrank_mat_f64 *w, const lowrank_mat_f64 *h,
                                      const lowrank_nmf_options *options, double *scratch, size_t scratch_len,
                                      lowrank_info *info);
int32_t lowrank_nmf_begin_csr_f32(lowrank_state *state, const lowrank_csr_f32 *x, const lowrank_mat_f32 *w,
                                  const lowrank_mat_f32 *h, const lowrank_nmf_options *options, float *scratch,
                                  size_t scratch_len, lowrank_info *info);
int32_t lowrank_nmf_begin_csr_f64(lowrank_state *state, const lowrank_csr_f64 *x, const lowrank_mat_f64 *w,
                                  const lowrank_mat_f64 *h, const lowrank_nmf_options *options, double *scratch,
                                  size_t scratch_len, lowrank_info *info);
size_t lowrank_nmf_csr_scratch_len(size_t m, size_t n, size_t k); /* for both */

/*
 * The same for the beta-divergence of options->beta, by multiplicative updates: start from random numbers, or NNDSVD filled.
 *
 * Errors: RANK, OPTION (beta too far from 1), NEGATIVE, CSR; ZERO about X if beta is 0 or less.
 */
int32_t lowrank_nmf_divergence_factorize_f32(const lowrank_mat_f32 *x, const lowrank_mat_f32 *w,
                                             const lowrank_mat_f32 *h, const lowrank_nmf_options *options,
                                             float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_nmf_divergence_factorize_f64(const lowrank_mat_f64 *x, const lowrank_mat_f64 *w,
                                             const lowrank_mat_f64 *h, const lowrank_nmf_options *options,
                                             double *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_nmf_divergence_begin_f32(lowrank_state *state, const lowrank_mat_f32 *x, const lowrank_mat_f32 *w,
                                         const lowrank_mat_f32 *h, const lowrank_nmf_options *options, float *scratch,
                                         size_t scratch_len, lowrank_info *info);
int32_t lowrank_nmf_divergence_begin_f64(lowrank_state *state, const lowrank_mat_f64 *x, const lowrank_mat_f64 *w,
                                         const lowrank_mat_f64 *h, const lowrank_nmf_options *options, double *scratch,
                                         size_t scratch_len, lowrank_info *info);
size_t lowrank_nmf_divergence_scratch_len(size_t m, size_t n, size_t k); /* for these, and transform below */

int32_t lowrank_nmf_divergence_factorize_csr_f32(const lowrank_csr_f32 *x, const lowrank_mat_f32 *w,
                                                 const lowrank_mat_f32 *h, const lowrank_nmf_options *options,
                                                 float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_nmf_divergence_factorize_csr_f64(const lowrank_csr_f64 *x, const lowrank_mat_f64 *w,
                                                 const lowrank_mat_f64 *h, const lowrank_nmf_options *options,
                                                 double *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_nmf_divergence_begin_csr_f32(lowrank_state *state, const lowrank_csr_f32 *x, const lowrank_mat_f32 *w,
                                             const lowrank_mat_f32 *h, const lowrank_nmf_options *options,
                                             float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_nmf_divergence_begin_csr_f64(lowrank_state *state, const lowrank_csr_f64 *x, const lowrank_mat_f64 *w,
                                             const lowrank_mat_f64 *h, const lowrank_nmf_options *options,
                                             double *scratch, size_t scratch_len, lowrank_info *info);
size_t lowrank_nmf_divergence_csr_scratch_len(size_t m, size_t n, size_t k);

/*
 * One update of W, then of H, or of F and G: of the iteration that a `_begin` function of NMF or semi-NMF began.
 * lowrank_progress tells how far the iteration has come, in `info`. For a divergence that costs about as much as an update,
 * and where updates extrapolate it may take them back to where it was called last, if they have done harm; for other
 * iterations it repeats what the update has told. lowrank_finish writes the factors, and ends the iteration.
 *
 *   state        inout
 *
 * Errors: STATE.
 */
int32_t lowrank_update(lowrank_state *state, lowrank_info *info);
int32_t lowrank_progress(lowrank_state *state, lowrank_info *info);
int32_t lowrank_finish(lowrank_state *state, lowrank_info *info);

/*
 * The best W for new rows X and an H that stays. The penalty on W is that of the options. For H, given W, transpose all.
 *
 *   x            in, m x n
 *   h            in, k x n
 *   w            out, m x k
 *
 * Errors: RANK, OPTION, NEGATIVE, OVERFLOW, CSR; for divergences ZERO.
 */
int32_t lowrank_nmf_transform_f32(const lowrank_mat_f32 *x, const lowrank_mat_f32 *h, const lowrank_mat_f32 *w,
                                  const lowrank_nmf_options *options, float *scratch, size_t scratch_len,
                                  lowrank_info *info);
int32_t lowrank_nmf_transform_f64(const lowrank_mat_f64 *x, const lowrank_mat_f64 *h, const lowrank_mat_f64 *w,
                                  const lowrank_nmf_options *options, double *scratch, size_t scratch_len,
                                  lowrank_info *info);
size_t lowrank_nmf_transform_scratch_len(size_t m, size_t n, size_t k);

int32_t lowrank_nmf_transform_csr_f32(const lowrank_csr_f32 *x, const lowrank_mat_f32 *h, const lowrank_mat_f32 *w,
                                      const lowrank_nmf_options *options, float *scratch, size_t scratch_len,
                                      lowrank_info *info);
int32_t lowrank_nmf_transform_csr_f64(const lowrank_csr_f64 *x, const lowrank_mat_f64 *h, const lowrank_mat_f64 *w,
                                      const lowrank_nmf_options *options, double *scratch, size_t scratch_len,
                                      lowrank_info *info);
size_t lowrank_nmf_transform_csr_scratch_len(size_t m, size_t n, size_t k);

int32_t lowrank_nmf_divergence_transform_f32(const lowrank_mat_f32 *x, const lowrank_mat_f32 *h,
                                             const lowrank_mat_f32 *w, const lowrank_nmf_options *options,
                                             float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_nmf_divergence_transform_f64(const lowrank_mat_f64 *x, const lowrank_mat_f64 *h,
                                             const lowrank_mat_f64 *w, const lowrank_nmf_options *options,
                                             double *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_nmf_divergence_transform_csr_f32(const lowrank_csr_f32 *x, const lowrank_mat_f32 *h,
                                                 const lowrank_mat_f32 *w, const lowrank_nmf_options *options,
                                                 float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_nmf_divergence_transform_csr_f64(const lowrank_csr_f64 *x, const lowrank_mat_f64 *h,
                                                 const lowrank_mat_f64 *w, const lowrank_nmf_options *options,
                                                 double *scratch, size_t scratch_len, lowrank_info *info);

/* The norm that lowrank_nmf_normalize makes one, as uint32_t. */
enum {
    LOWRANK_NORM_ONE = 0, /* the sum of magnitudes */
    LOWRANK_NORM_TWO = 1, /* the Euclidean norm */
    LOWRANK_NORM_MAX = 2  /* the largest magnitude */
};

/*
 * Scales the rows of one factor to norm one, and the columns of the other by what that takes.
 *
 *   left         inout, m x k
 *   right        inout, k x n
 *   norm         in, LOWRANK_NORM_...
 */
int32_t lowrank_nmf_normalize_f32(const lowrank_mat_f32 *left, const lowrank_mat_f32 *right, uint32_t norm,
                                  lowrank_info *info);
int32_t lowrank_nmf_normalize_f64(const lowrank_mat_f64 *left, const lowrank_mat_f64 *right, uint32_t norm,
                                  lowrank_info *info);

/* ---- Semi-non-negative matrix factorization -------------------------------------------------------------------- */

/*
 * Starts: from the truncated singular value decomposition, which is the best if the row space of X holds a positive vector;
 * from clusters of the columns; and random numbers in (0, 1].
 *
 *   x            in, m x n
 *   g            out, k x n; k from 1 to min(m, n) for the first, from 1 for the second
 *   seed         in
 *
 * Errors: RANK, OPTION, TOO_LARGE, OVERFLOW, CSR.
 */
int32_t lowrank_snmf_svd_start_f32(const lowrank_mat_f32 *x, const lowrank_mat_f32 *g,
                                   const lowrank_svd_truncated_options *options, float *scratch, size_t scratch_len,
                                   lowrank_info *info);
int32_t lowrank_snmf_svd_start_f64(const lowrank_mat_f64 *x, const lowrank_mat_f64 *g,
                                   const lowrank_svd_truncated_options *options, double *scratch, size_t scratch_len,
                                   lowrank_info *info);
size_t lowrank_snmf_svd_start_scratch_len(size_t m, size_t n, size_t k, size_t oversample);

int32_t lowrank_snmf_svd_start_csr_f32(const lowrank_csr_f32 *x, const lowrank_mat_f32 *g,
                                       const lowrank_svd_truncated_options *options, float *scratch, size_t scratch_len,
                                       lowrank_info *info);
int32_t lowrank_snmf_svd_start_csr_f64(const lowrank_csr_f64 *x, const lowrank_mat_f64 *g,
                                       const lowrank_svd_truncated_options *options, double *scratch,
                                       size_t scratch_len, lowrank_info *info);
size_t lowrank_snmf_svd_start_csr_scratch_len(size_t m, size_t n, size_t k, size_t oversample);

int32_t lowrank_snmf_kmeans_start_f32(const lowrank_mat_f32 *x, const lowrank_mat_f32 *g, uint64_t seed,
                                      float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_snmf_kmeans_start_f64(const lowrank_mat_f64 *x, const lowrank_mat_f64 *g, uint64_t seed,
                                      double *scratch, size_t scratch_len, lowrank_info *info);
size_t lowrank_snmf_kmeans_start_scratch_len(size_t m, size_t n, size_t k);

int32_t lowrank_snmf_kmeans_start_csr_f32(const lowrank_csr_f32 *x, const lowrank_mat_f32 *g, uint64_t seed,
                                          float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_snmf_kmeans_start_csr_f64(const lowrank_csr_f64 *x, const lowrank_mat_f64 *g, uint64_t seed,
                                          double *scratch, size_t scratch_len, lowrank_info *info);
size_t lowrank_snmf_kmeans_start_csr_scratch_len(size_t m, size_t n, size_t k);

int32_t lowrank_snmf_random_start_f32(const lowrank_mat_f32 *g, uint64_t seed, lowrank_info *info);
int32_t lowrank_snmf_random_start_f64(const lowrank_mat_f64 *g, uint64_t seed, lowrank_info *info);

/*
 * X ~ F G with G >= 0, and X and F of any sign: F is a least-squares solution, and G is improved for it. Functions as for NMF.
 *
 *   state        out
 *   x            in, m x n
 *   f            out, m x k
 *   g            inout, k x n
 *
 * Errors: RANK, OPTION (beta must be 2, penalties 0), NEGATIVE about G, CSR.
 */
int32_t lowrank_snmf_factorize_f32(const lowrank_mat_f32 *x, const lowrank_mat_f32 *f, const lowrank_mat_f32 *g,
                                   const lowrank_nmf_options *options, float *scratch, size_t scratch_len,
                                   lowrank_info *info);
int32_t lowrank_snmf_factorize_f64(const lowrank_mat_f64 *x, const lowrank_mat_f64 *f, const lowrank_mat_f64 *g,
                                   const lowrank_nmf_options *options, double *scratch, size_t scratch_len,
                                   lowrank_info *info);
int32_t lowrank_snmf_begin_f32(lowrank_state *state, const lowrank_mat_f32 *x, const lowrank_mat_f32 *f,
                               const lowrank_mat_f32 *g, const lowrank_nmf_options *options, float *scratch,
                               size_t scratch_len, lowrank_info *info);
int32_t lowrank_snmf_begin_f64(lowrank_state *state, const lowrank_mat_f64 *x, const lowrank_mat_f64 *f,
                               const lowrank_mat_f64 *g, const lowrank_nmf_options *options, double *scratch,
                               size_t scratch_len, lowrank_info *info);
size_t lowrank_snmf_scratch_len(size_t m, size_t n, size_t k); /* for both */

int32_t lowrank_snmf_factorize_csr_f32(const lowrank_csr_f32 *x, const lowrank_mat_f32 *f, const lowrank_mat_f32 *g,
                                       const lowrank_nmf_options *options, float *scratch, size_t scratch_len,
                                       lowrank_info *info);
int32_t lowrank_snmf_factorize_csr_f64(const lowrank_csr_f64 *x, const lowrank_mat_f64 *f, const lowrank_mat_f64 *g,
                                       const lowrank_nmf_options *options, double *scratch, size_t scratch_len,
                                       lowrank_info *info);
int32_t lowrank_snmf_begin_csr_f32(lowrank_state *state, const lowrank_csr_f32 *x, const lowrank_mat_f32 *f,
                                   const lowrank_mat_f32 *g, const lowrank_nmf_options *options, float *scratch,
                                   size_t scratch_len, lowrank_info *info);
int32_t lowrank_snmf_begin_csr_f64(lowrank_state *state, const lowrank_csr_f64 *x, const lowrank_mat_f64 *f,
                                   const lowrank_mat_f64 *g, const lowrank_nmf_options *options, double *scratch,
                                   size_t scratch_len, lowrank_info *info);
size_t lowrank_snmf_csr_scratch_len(size_t m, size_t n, size_t k); /* for both */

/*
 * One factor for new data: F for new rows, by least squares; G for new columns, the best that is not negative.
 *
 *   x            in, m x n
 *   f            transform_rows: out, m x k; transform_columns: in, m x k
 *   g            transform_rows: in, k x n; transform_columns: out, k x n
 *
 * Errors: RANK, OPTION, OVERFLOW, CSR.
 */
int32_t lowrank_snmf_transform_rows_f32(const lowrank_mat_f32 *x, const lowrank_mat_f32 *g, const lowrank_mat_f32 *f,
                                        const lowrank_nmf_options *options, float *scratch, size_t scratch_len,
                                        lowrank_info *info);
int32_t lowrank_snmf_transform_rows_f64(const lowrank_mat_f64 *x, const lowrank_mat_f64 *g, const lowrank_mat_f64 *f,
                                        const lowrank_nmf_options *options, double *scratch, size_t scratch_len,
                                        lowrank_info *info);
size_t lowrank_snmf_transform_rows_scratch_len(size_t m, size_t n, size_t k);

int32_t lowrank_snmf_transform_rows_csr_f32(const lowrank_csr_f32 *x, const lowrank_mat_f32 *g,
                                            const lowrank_mat_f32 *f, const lowrank_nmf_options *options,
                                            float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_snmf_transform_rows_csr_f64(const lowrank_csr_f64 *x, const lowrank_mat_f64 *g,
                                            const lowrank_mat_f64 *f, const lowrank_nmf_options *options,
                                            double *scratch, size_t scratch_len, lowrank_info *info);
size_t lowrank_snmf_transform_rows_csr_scratch_len(size_t m, size_t n, size_t k);

int32_t lowrank_snmf_transform_columns_f32(const lowrank_mat_f32 *x, const lowrank_mat_f32 *f,
                                           const lowrank_mat_f32 *g, const lowrank_nmf_options *options,
                                           float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_snmf_transform_columns_f64(const lowrank_mat_f64 *x, const lowrank_mat_f64 *f,
                                           const lowrank_mat_f64 *g, const lowrank_nmf_options *options,
                                           double *scratch, size_t scratch_len, lowrank_info *info);
size_t lowrank_snmf_transform_columns_scratch_len(size_t m, size_t n, size_t k);

int32_t lowrank_snmf_transform_columns_csr_f32(const lowrank_csr_f32 *x, const lowrank_mat_f32 *f,
                                               const lowrank_mat_f32 *g, const lowrank_nmf_options *options,
                                               float *scratch, size_t scratch_len, lowrank_info *info);
int32_t lowrank_snmf_transform_columns_csr_f64(const lowrank_csr_f64 *x, const lowrank_mat_f64 *f,
                                               const lowrank_mat_f64 *g, const lowrank_nmf_options *options,
                                               double *scratch, size_t scratch_len, lowrank_info *info);
size_t lowrank_snmf_transform_columns_csr_scratch_len(size_t m, size_t n, size_t k);

#ifdef __cplusplus
}
#endif

#endif
