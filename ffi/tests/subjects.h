/*
 * Every function of lowrank.h that takes memory, with a description of its arguments from which the tests make calls. Built
 * for float and, with DOUBLE defined, for double.
 */
#include "numbers.h"

/* ---- What a function takes -------------------------------------------------------------------------------------- */

/* The shapes of the calls: of A, the rank, other columns, and the matrices of a batch, HIGH x WIDE. */
enum { M = 7, N = 5, K = 2, COLS = 3, HIGH = 3, WIDE = 2 };

/* Elements that each argument has room for, and the most arguments. */
enum { ROOM = 80, SLOTS = 5 };

enum role { READ = 1, WRITTEN = 2, BOTH = 3 };

/* A dimension of which another value contradicts the other arguments. */
enum bound { ANY_SHAPE, BOUND_ROWS, BOUND_COLS };

enum kind {
    NOTHING,
    MATRIX,
    SPARSE,  /* A, of M x N, with all entries stored */
    NUMBERS, /* rows of T */
    SIZES,   /* rows of size_t */
    DOUBLES, /* rows of double */
    STATE
};

/* An argument with memory. */
struct slot {
    enum kind kind;
    uint32_t operand;
    enum role role;
    int optional;
    size_t rows, cols;
    enum bound bound;
    int nonnegative;
};

enum { NO_OPTIONS, SVD_OPTIONS, TRUNCATED_OPTIONS, NMF_OPTIONS };

/* Memory that a refused call must not change. Each array is longer than what is used of it. */
struct store {
    T numbers[SLOTS][ROOM];
    size_t sizes[SLOTS][ROOM];
    double doubles[SLOTS][ROOM];
    uint32_t columns[ROOM];
};

/* A struct of any size, with room behind it. */
union growing {
    size_t struct_size;
    double aligned;
    uint64_t also_aligned;
    unsigned char bytes[8192];
};

struct call {
    struct store store;
    lowrank_state state;
    Mat mats[SLOTS];
    Csr csr;
    void *given[SLOTS]; /* what is passed for each slot */
    size_t rank;
    uint32_t choice;
    uint32_t execution;
    double tolerance;
    const void *options_given;
    T *scratch;
    size_t scratch_len;
    lowrank_info *info_given;
    union growing options, info;
};

struct subject {
    const char *name;
    int32_t (*run)(const struct call *c);
    size_t scratch_len;
    struct slot slots[SLOTS];
    int options;
    uint32_t choices;  /* values of an enumeration among the arguments; 0 if there is none */
    int has_execution; /* among the arguments */
    int iterates;      /* counts sweeps, passes or iterations */
};

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

#define MAT(i) ((const Mat *)c->given[i])
#define CSR(i) ((const Csr *)c->given[i])
#define NUM(i) ((T *)c->given[i])
#define SIZE(i) ((size_t *)c->given[i])
#define REAL(i) ((double *)c->given[i])
#define SVD ((const lowrank_svd_options *)c->options_given)
#define TRUNCATED ((const lowrank_svd_truncated_options *)c->options_given)
#define NMF ((const lowrank_nmf_options *)c->options_given)
#define SCRATCH c->scratch, c->scratch_len, c->info_given

/* `CALL(name, arguments)` defines call_name, which calls lowrank_name. */
#define CALL(name, ...)                                                                                                \
    static int32_t call_##name(const struct call *c) { return F(lowrank_##name)(__VA_ARGS__); }

CALL(gemm, 2, MAT(0), MAT(1), 0, MAT(2), c->execution, SCRATCH)
CALL(qr, MAT(0), c->choice, MAT(1), MAT(2), c->execution, SCRATCH)
CALL(qr_pivoted, MAT(0), c->choice, MAT(1), MAT(2), SIZE(3), c->execution, SCRATCH)
CALL(svd, MAT(0), NUM(1), MAT(2), MAT(3), SVD, SCRATCH)
CALL(svd_golub_kahan, MAT(0), NUM(1), MAT(2), MAT(3), SVD, SCRATCH)
CALL(svd_jacobi, MAT(0), NUM(1), MAT(2), MAT(3), SVD, SCRATCH)
CALL(svd_jacobi_unblocked, MAT(0), NUM(1), MAT(2), MAT(3), SVD, SCRATCH)
CALL(svd_jacobi_warm, MAT(0), NUM(1), MAT(2), MAT(3), SVD, SCRATCH)
CALL(svd_golub_kahan_in_place, MAT(0), NUM(1), c->choice ^ 1, MAT(2), SVD, SCRATCH)
CALL(svd_batch, MAT(0), HIGH, WIDE, c->choice, MAT(1), MAT(2), MAT(3), SVD, c->info_given)
CALL(rank, MAT(0), c->tolerance, SIZE(1), SVD, SCRATCH)
CALL(condition_number, MAT(0), REAL(1), SVD, SCRATCH)
CALL(pinv, MAT(0), MAT(1), c->tolerance, SVD, SCRATCH)
CALL(least_squares, MAT(0), MAT(1), MAT(2), NUM(3), c->tolerance, SVD, SCRATCH)
CALL(polar, MAT(0), MAT(1), MAT(2), SVD, SCRATCH)
CALL(nearest_rotation, MAT(0), MAT(1), SVD, SCRATCH)
CALL(procrustes, MAT(0), MAT(1), MAT(2), SVD, SCRATCH)
CALL(procrustes_rotation, MAT(0), MAT(1), MAT(2), SVD, SCRATCH)
CALL(orthonormality, MAT(0), REAL(1), c->execution, SCRATCH)
CALL(residual, MAT(0), MAT(1), NUM(2), N, MAT(3), REAL(4), c->execution, SCRATCH)
CALL(svd_truncated, MAT(0), c->rank, NUM(1), MAT(2), MAT(3), TRUNCATED, SCRATCH)
CALL(svd_truncated_csr, CSR(0), c->rank, NUM(1), MAT(2), MAT(3), TRUNCATED, SCRATCH)
CALL(nmf_random_start, MAT(0), MAT(1), MAT(2), 1, c->info_given)
CALL(nmf_random_start_csr, CSR(0), MAT(1), MAT(2), 1, c->info_given)
CALL(nmf_nndsvd, MAT(0), MAT(1), MAT(2), c->choice, 0.1, TRUNCATED, SCRATCH)
CALL(nmf_nndsvd_csr, CSR(0), MAT(1), MAT(2), c->choice, 0.1, TRUNCATED, SCRATCH)
CALL(nmf_factorize, MAT(0), MAT(1), MAT(2), NMF, SCRATCH)
CALL(nmf_factorize_csr, CSR(0), MAT(1), MAT(2), NMF, SCRATCH)
CALL(nmf_divergence_factorize, MAT(0), MAT(1), MAT(2), NMF, SCRATCH)
CALL(nmf_divergence_factorize_csr, CSR(0), MAT(1), MAT(2), NMF, SCRATCH)
CALL(nmf_transform, MAT(0), MAT(1), MAT(2), NMF, SCRATCH)
CALL(nmf_transform_csr, CSR(0), MAT(1), MAT(2), NMF, SCRATCH)
CALL(nmf_divergence_transform, MAT(0), MAT(1), MAT(2), NMF, SCRATCH)
CALL(nmf_divergence_transform_csr, CSR(0), MAT(1), MAT(2), NMF, SCRATCH)
CALL(nmf_normalize, MAT(0), MAT(1), c->choice, c->info_given)
CALL(snmf_svd_start, MAT(0), MAT(1), TRUNCATED, SCRATCH)
CALL(snmf_svd_start_csr, CSR(0), MAT(1), TRUNCATED, SCRATCH)
CALL(snmf_kmeans_start, MAT(0), MAT(1), 1, SCRATCH)
CALL(snmf_kmeans_start_csr, CSR(0), MAT(1), 1, SCRATCH)
CALL(snmf_random_start, MAT(0), 1, c->info_given)
CALL(snmf_factorize, MAT(0), MAT(1), MAT(2), NMF, SCRATCH)
CALL(snmf_factorize_csr, CSR(0), MAT(1), MAT(2), NMF, SCRATCH)
CALL(snmf_transform_rows, MAT(0), MAT(1), MAT(2), NMF, SCRATCH)
CALL(snmf_transform_rows_csr, CSR(0), MAT(1), MAT(2), NMF, SCRATCH)
CALL(snmf_transform_columns, MAT(0), MAT(1), MAT(2), NMF, SCRATCH)
CALL(snmf_transform_columns_csr, CSR(0), MAT(1), MAT(2), NMF, SCRATCH)

/* The iterations of a caller who drives them, in a state that is the last slot. */
static int32_t drive(const struct call *c, lowrank_state *state, int32_t status) {
    int i;
    for (i = 0; i < 12 && status == LOWRANK_OK; i++) status = lowrank_update(state, c->info_given);
    if (status == LOWRANK_OK) status = lowrank_progress(state, c->info_given);
    return status == LOWRANK_OK ? lowrank_finish(state, c->info_given) : status;
}

#define DRIVEN(name, X)                                                                                                \
    static int32_t call_##name(const struct call *c) {                                                                 \
        lowrank_state *state = (lowrank_state *)c->given[3];                                                           \
        return drive(c, state, F(lowrank_##name)(state, X, MAT(1), MAT(2), NMF, SCRATCH));                             \
    }

DRIVEN(nmf_begin, MAT(0))
DRIVEN(nmf_begin_csr, CSR(0))
DRIVEN(nmf_divergence_begin, MAT(0))
DRIVEN(nmf_divergence_begin_csr, CSR(0))
DRIVEN(snmf_begin, MAT(0))
DRIVEN(snmf_begin_csr, CSR(0))

/* The truncated decomposition of A, M x N, multiplied here. */
static int32_t call_svd_truncated_begin(const struct call *c) {
    lowrank_state *state = (lowrank_state *)c->given[4];
    const Mat *a = MAT(0);
    uint32_t request;
    size_t i, j, p;
    double largest = 0, square = 0;
    int32_t status, exponent;
    for (i = 0; i < M * N; i++) largest = fmax(largest, fabs((double)a->data[i]));
    exponent = largest > 0 ? ilogb(largest) : 0;
    for (i = 0; i < M * N; i++) {
        double x = ldexp((double)a->data[i], -exponent);
        square += x * x;
    }
    status = F(lowrank_svd_truncated_begin)(state, M, M, N, c->rank, (T)sqrt(square), exponent, TRUNCATED, SCRATCH);
    while (status == LOWRANK_OK) {
        Mat in, out;
        status = F(lowrank_svd_truncated_next)(state, &request, &in, &out, c->info_given);
        if (status != LOWRANK_OK || request == LOWRANK_DONE) break;
        if (request == LOWRANK_SUM) continue;
        for (i = 0; i < out.rows; i++) {
            for (j = 0; j < out.cols; j++) {
                T sum = 0;
                for (p = 0; p < in.rows; p++) {
                    sum += (request == LOWRANK_APPLY ? a->data[i * N + p] : a->data[p * N + i]) *
                           in.data[p * in.row_stride + j * in.col_stride];
                }
                out.data[i * out.row_stride + j * out.col_stride] = sum;
            }
        }
    }
    return status == LOWRANK_OK ? F(lowrank_svd_truncated_finish)(state, NUM(1), MAT(2), MAT(3), c->info_given) : status;
}

/* ---- Their arguments --------------------------------------------------------------------------------------------- */

#define A_(r, c) {.kind = MATRIX, .operand = LOWRANK_OPERAND_A, .role = READ, .rows = r, .cols = c}
#define DENSE_A A_(M, N)
#define SPARSE_A {.kind = SPARSE, .operand = LOWRANK_OPERAND_A, .role = READ, .rows = M, .cols = N}
#define B_(r, c) {.kind = MATRIX, .operand = LOWRANK_OPERAND_B, .role = READ, .rows = r, .cols = c, .bound = BOUND_ROWS}
#define C_(r, c) {.kind = MATRIX, .operand = LOWRANK_OPERAND_C, .role = WRITTEN, .rows = r, .cols = c, .bound = BOUND_ROWS}
#define S_(r) {.kind = NUMBERS, .operand = LOWRANK_OPERAND_SINGULAR_VALUES, .role = WRITTEN, .rows = r}
#define OUT(type) {.kind = type, .operand = LOWRANK_OPERAND_C, .role = WRITTEN, .rows = 1}
#define LEFT_(r, c, how, may_be_null)                                                                                  \
    {.kind = MATRIX, .operand = LOWRANK_OPERAND_LEFT, .role = how, .rows = r, .cols = c, .bound = BOUND_ROWS,          \
     .optional = may_be_null}
#define RIGHT_(r, c, how, may_be_null)                                                                                 \
    {.kind = MATRIX, .operand = LOWRANK_OPERAND_RIGHT, .role = how, .rows = r, .cols = c, .bound = BOUND_COLS,         \
     .optional = may_be_null}
/* Factors that may not be negative. */
#define W_(how)                                                                                                        \
    {.kind = MATRIX, .operand = LOWRANK_OPERAND_LEFT, .role = how, .rows = M, .cols = K, .bound = BOUND_ROWS,          \
     .nonnegative = 1}
#define H_(how)                                                                                                        \
    {.kind = MATRIX, .operand = LOWRANK_OPERAND_RIGHT, .role = how, .rows = K, .cols = N, .bound = BOUND_COLS,         \
     .nonnegative = 1}
#define X_DENSE                                                                                                        \
    {.kind = MATRIX, .operand = LOWRANK_OPERAND_A, .role = READ, .rows = M, .cols = N, .nonnegative = 1}
#define X_SPARSE {.kind = SPARSE, .operand = LOWRANK_OPERAND_A, .role = READ, .rows = M, .cols = N, .nonnegative = 1}
#define STATE_ {.kind = STATE, .operand = LOWRANK_OPERAND_STATE, .role = BOTH, .rows = 1}

/* `NAMED(function, length)` has the name and the call, and the macro's length for these shapes. */
#define NAMED(function, length) .name = #function, .run = call_##function, .scratch_len = length
#define FACTORS DENSE_A, S_(N), LEFT_(M, N, WRITTEN, 1), RIGHT_(N, N, WRITTEN, 1)
#define OVER LOWRANK_OVERSAMPLE

static const struct subject subjects[] = {
    {NAMED(gemm, LOWRANK_GEMM_SCRATCH_LEN(M, COLS, N)), .slots = {DENSE_A, B_(N, COLS), C_(M, COLS)},
     .has_execution = 1},
    {NAMED(qr, LOWRANK_QR_SCRATCH_LEN(M, N)), .slots = {DENSE_A, LEFT_(M, N, WRITTEN, 1), RIGHT_(N, N, WRITTEN, 1)},
     .choices = 2, .has_execution = 1},
    {NAMED(qr_pivoted, LOWRANK_QR_SCRATCH_LEN(M, N)),
     .slots = {DENSE_A, LEFT_(M, N, WRITTEN, 1), RIGHT_(N, N, WRITTEN, 1),
               {.kind = SIZES, .operand = LOWRANK_OPERAND_PIVOTS, .role = WRITTEN, .rows = N}},
     .choices = 2, .has_execution = 1},
    {NAMED(svd, LOWRANK_SVD_SCRATCH_LEN(M, N)), .slots = {FACTORS}, .options = SVD_OPTIONS, .iterates = 1},
    {NAMED(svd_golub_kahan, LOWRANK_SVD_GOLUB_KAHAN_SCRATCH_LEN(M, N)), .slots = {FACTORS}, .options = SVD_OPTIONS},
    {NAMED(svd_jacobi, LOWRANK_SVD_JACOBI_SCRATCH_LEN(M, N)), .slots = {FACTORS}, .options = SVD_OPTIONS,
     .iterates = 1},
    {NAMED(svd_jacobi_unblocked, LOWRANK_SVD_JACOBI_UNBLOCKED_SCRATCH_LEN(M, N)), .slots = {FACTORS},
     .options = SVD_OPTIONS, .iterates = 1},
    {NAMED(svd_jacobi_warm, LOWRANK_SVD_JACOBI_WARM_SCRATCH_LEN(M, N)),
     .slots = {DENSE_A, S_(N), LEFT_(M, N, WRITTEN, 1), RIGHT_(N, N, BOTH, 0)}, .options = SVD_OPTIONS,
     .iterates = 1},
    {NAMED(svd_golub_kahan_in_place, LOWRANK_SVD_GOLUB_KAHAN_IN_PLACE_SCRATCH_LEN(M, N)),
     .slots = {{.kind = MATRIX, .operand = LOWRANK_OPERAND_A, .role = BOTH, .rows = M, .cols = N}, S_(N),
               RIGHT_(N, N, WRITTEN, 1)},
     .options = SVD_OPTIONS, .choices = 2},
    {NAMED(svd_batch, 0),
     .slots = {A_(M, HIGH * WIDE),
               {.kind = MATRIX, .operand = LOWRANK_OPERAND_SINGULAR_VALUES, .role = WRITTEN, .rows = M, .cols = WIDE,
                .bound = BOUND_ROWS},
               LEFT_(M, HIGH * WIDE, WRITTEN, 1), RIGHT_(M, WIDE * WIDE, WRITTEN, 1)},
     .options = SVD_OPTIONS, .choices = 2, .iterates = 1},
    {NAMED(rank, LOWRANK_RANK_SCRATCH_LEN(M, N)), .slots = {DENSE_A, OUT(SIZES)}, .options = SVD_OPTIONS},
    {NAMED(condition_number, LOWRANK_RANK_SCRATCH_LEN(M, N)), .slots = {DENSE_A, OUT(DOUBLES)},
     .options = SVD_OPTIONS},
    {NAMED(pinv, LOWRANK_PINV_SCRATCH_LEN(M, N)), .slots = {DENSE_A, C_(N, M)}, .options = SVD_OPTIONS},
    {NAMED(least_squares, LOWRANK_LEAST_SQUARES_SCRATCH_LEN(M, N, COLS)),
     .slots = {DENSE_A, B_(M, COLS), C_(N, COLS),
               {.kind = NUMBERS, .operand = LOWRANK_OPERAND_RESIDUALS, .role = WRITTEN, .rows = COLS, .optional = 1}},
     .options = SVD_OPTIONS},
    {NAMED(polar, LOWRANK_POLAR_SCRATCH_LEN(M, N)),
     .slots = {DENSE_A, LEFT_(M, N, WRITTEN, 1), RIGHT_(N, N, WRITTEN, 1)}, .options = SVD_OPTIONS, .iterates = 1},
    {NAMED(nearest_rotation, LOWRANK_NEAREST_ROTATION_SCRATCH_LEN(N)),
     .slots = {{.kind = MATRIX, .operand = LOWRANK_OPERAND_A, .role = READ, .rows = N, .cols = N,
                .bound = BOUND_ROWS},
               C_(N, N)},
     .options = SVD_OPTIONS, .iterates = 1},
    {NAMED(procrustes, LOWRANK_PROCRUSTES_SCRATCH_LEN(M, N)), .slots = {DENSE_A, B_(M, N), C_(N, N)},
     .options = SVD_OPTIONS, .iterates = 1},
    {NAMED(procrustes_rotation, LOWRANK_PROCRUSTES_SCRATCH_LEN(M, N)), .slots = {DENSE_A, B_(M, N), C_(N, N)},
     .options = SVD_OPTIONS, .iterates = 1},
    {NAMED(orthonormality, LOWRANK_ORTHONORMALITY_SCRATCH_LEN(M, N)), .slots = {DENSE_A, OUT(DOUBLES)},
     .has_execution = 1},
    {NAMED(residual, LOWRANK_RESIDUAL_SCRATCH_LEN(M, N, N)),
     .slots = {DENSE_A, LEFT_(M, N, READ, 0),
               {.kind = NUMBERS, .operand = LOWRANK_OPERAND_SINGULAR_VALUES, .role = READ, .rows = N},
               RIGHT_(N, N, READ, 0), OUT(DOUBLES)},
     .has_execution = 1},
    {NAMED(svd_truncated, LOWRANK_SVD_TRUNCATED_SCRATCH_LEN(M, N, K, OVER)),
     .slots = {DENSE_A, S_(K), LEFT_(M, K, WRITTEN, 1), RIGHT_(N, K, WRITTEN, 1)}, .options = TRUNCATED_OPTIONS,
     .iterates = 1},
    {NAMED(svd_truncated_csr, LOWRANK_SVD_TRUNCATED_CSR_SCRATCH_LEN(M, N, K, OVER)),
     .slots = {SPARSE_A, S_(K), LEFT_(M, K, WRITTEN, 1), RIGHT_(N, K, WRITTEN, 1)}, .options = TRUNCATED_OPTIONS,
     .iterates = 1},
    {NAMED(svd_truncated_begin, LOWRANK_SVD_TRUNCATED_BEGIN_SCRATCH_LEN(M, N, K, OVER)),
     .slots = {DENSE_A, S_(K), LEFT_(M, K, WRITTEN, 1), RIGHT_(N, K, WRITTEN, 1), STATE_},
     .options = TRUNCATED_OPTIONS, .iterates = 1},
    {NAMED(nmf_random_start, 0), .slots = {DENSE_A, LEFT_(M, K, WRITTEN, 0), RIGHT_(K, N, WRITTEN, 0)}},
    {NAMED(nmf_random_start_csr, 0), .slots = {SPARSE_A, LEFT_(M, K, WRITTEN, 0), RIGHT_(K, N, WRITTEN, 0)}},
    {NAMED(nmf_nndsvd, LOWRANK_NMF_NNDSVD_SCRATCH_LEN(M, N, K, OVER)),
     .slots = {DENSE_A, LEFT_(M, K, WRITTEN, 0), RIGHT_(K, N, WRITTEN, 0)}, .options = TRUNCATED_OPTIONS,
     .choices = 4, .iterates = 1},
    {NAMED(nmf_nndsvd_csr, LOWRANK_NMF_NNDSVD_CSR_SCRATCH_LEN(M, N, K, OVER)),
     .slots = {SPARSE_A, LEFT_(M, K, WRITTEN, 0), RIGHT_(K, N, WRITTEN, 0)}, .options = TRUNCATED_OPTIONS,
     .choices = 4, .iterates = 1},
    {NAMED(nmf_factorize, LOWRANK_NMF_SCRATCH_LEN(M, N, K)), .slots = {X_DENSE, W_(BOTH), H_(BOTH)},
     .options = NMF_OPTIONS, .iterates = 1},
    {NAMED(nmf_factorize_csr, LOWRANK_NMF_CSR_SCRATCH_LEN(M, N, K)), .slots = {X_SPARSE, W_(BOTH), H_(BOTH)},
     .options = NMF_OPTIONS, .iterates = 1},
    {NAMED(nmf_begin, LOWRANK_NMF_SCRATCH_LEN(M, N, K)), .slots = {X_DENSE, W_(BOTH), H_(BOTH), STATE_},
     .options = NMF_OPTIONS, .iterates = 1},
    {NAMED(nmf_begin_csr, LOWRANK_NMF_CSR_SCRATCH_LEN(M, N, K)), .slots = {X_SPARSE, W_(BOTH), H_(BOTH), STATE_},
     .options = NMF_OPTIONS, .iterates = 1},
    {NAMED(nmf_divergence_factorize, LOWRANK_NMF_DIVERGENCE_SCRATCH_LEN(M, N, K)),
     .slots = {X_DENSE, W_(BOTH), H_(BOTH)}, .options = NMF_OPTIONS, .iterates = 1},
    {NAMED(nmf_divergence_factorize_csr, LOWRANK_NMF_DIVERGENCE_CSR_SCRATCH_LEN(M, N, K)),
     .slots = {X_SPARSE, W_(BOTH), H_(BOTH)}, .options = NMF_OPTIONS, .iterates = 1},
    {NAMED(nmf_divergence_begin, LOWRANK_NMF_DIVERGENCE_SCRATCH_LEN(M, N, K)),
     .slots = {X_DENSE, W_(BOTH), H_(BOTH), STATE_}, .options = NMF_OPTIONS, .iterates = 1},
    {NAMED(nmf_divergence_begin_csr, LOWRANK_NMF_DIVERGENCE_CSR_SCRATCH_LEN(M, N, K)),
     .slots = {X_SPARSE, W_(BOTH), H_(BOTH), STATE_}, .options = NMF_OPTIONS, .iterates = 1},
    {NAMED(nmf_transform, LOWRANK_NMF_TRANSFORM_SCRATCH_LEN(M, N, K)), .slots = {X_DENSE, H_(READ), W_(WRITTEN)},
     .options = NMF_OPTIONS},
    {NAMED(nmf_transform_csr, LOWRANK_NMF_TRANSFORM_CSR_SCRATCH_LEN(M, N, K)),
     .slots = {X_SPARSE, H_(READ), W_(WRITTEN)}, .options = NMF_OPTIONS},
    {NAMED(nmf_divergence_transform, LOWRANK_NMF_DIVERGENCE_SCRATCH_LEN(M, N, K)),
     .slots = {X_DENSE, H_(READ), W_(WRITTEN)}, .options = NMF_OPTIONS, .iterates = 1},
    {NAMED(nmf_divergence_transform_csr, LOWRANK_NMF_DIVERGENCE_CSR_SCRATCH_LEN(M, N, K)),
     .slots = {X_SPARSE, H_(READ), W_(WRITTEN)}, .options = NMF_OPTIONS, .iterates = 1},
    {NAMED(nmf_normalize, 0),
     .slots = {{.kind = MATRIX, .operand = LOWRANK_OPERAND_LEFT, .role = BOTH, .rows = M, .cols = K},
               {.kind = MATRIX, .operand = LOWRANK_OPERAND_RIGHT, .role = BOTH, .rows = K, .cols = N,
                .bound = BOUND_ROWS}},
     .choices = 3},
    {NAMED(snmf_svd_start, LOWRANK_SNMF_SVD_START_SCRATCH_LEN(M, N, K, OVER)),
     .slots = {DENSE_A, RIGHT_(K, N, WRITTEN, 0)}, .options = TRUNCATED_OPTIONS, .iterates = 1},
    {NAMED(snmf_svd_start_csr, LOWRANK_SNMF_SVD_START_CSR_SCRATCH_LEN(M, N, K, OVER)),
     .slots = {SPARSE_A, RIGHT_(K, N, WRITTEN, 0)}, .options = TRUNCATED_OPTIONS, .iterates = 1},
    {NAMED(snmf_kmeans_start, LOWRANK_SNMF_KMEANS_START_SCRATCH_LEN(M, N, K)),
     .slots = {DENSE_A, RIGHT_(K, N, WRITTEN, 0)}},
    {NAMED(snmf_kmeans_start_csr, LOWRANK_SNMF_KMEANS_START_CSR_SCRATCH_LEN(M, N, K)),
     .slots = {SPARSE_A, RIGHT_(K, N, WRITTEN, 0)}},
    {NAMED(snmf_random_start, 0),
     .slots = {{.kind = MATRIX, .operand = LOWRANK_OPERAND_RIGHT, .role = WRITTEN, .rows = K, .cols = N}}},
    {NAMED(snmf_factorize, LOWRANK_SNMF_SCRATCH_LEN(M, N, K)),
     .slots = {DENSE_A, LEFT_(M, K, WRITTEN, 0), H_(BOTH)}, .options = NMF_OPTIONS, .iterates = 1},
    {NAMED(snmf_factorize_csr, LOWRANK_SNMF_CSR_SCRATCH_LEN(M, N, K)),
     .slots = {SPARSE_A, LEFT_(M, K, WRITTEN, 0), H_(BOTH)}, .options = NMF_OPTIONS, .iterates = 1},
    {NAMED(snmf_begin, LOWRANK_SNMF_SCRATCH_LEN(M, N, K)),
     .slots = {DENSE_A, LEFT_(M, K, WRITTEN, 0), H_(BOTH), STATE_}, .options = NMF_OPTIONS, .iterates = 1},
    {NAMED(snmf_begin_csr, LOWRANK_SNMF_CSR_SCRATCH_LEN(M, N, K)),
     .slots = {SPARSE_A, LEFT_(M, K, WRITTEN, 0), H_(BOTH), STATE_}, .options = NMF_OPTIONS, .iterates = 1},
    {NAMED(snmf_transform_rows, LOWRANK_SNMF_TRANSFORM_ROWS_SCRATCH_LEN(M, N, K)),
     .slots = {DENSE_A, RIGHT_(K, N, READ, 0), LEFT_(M, K, WRITTEN, 0)}, .options = NMF_OPTIONS},
    {NAMED(snmf_transform_rows_csr, LOWRANK_SNMF_TRANSFORM_ROWS_CSR_SCRATCH_LEN(M, N, K)),
     .slots = {SPARSE_A, RIGHT_(K, N, READ, 0), LEFT_(M, K, WRITTEN, 0)}, .options = NMF_OPTIONS},
    {NAMED(snmf_transform_columns, LOWRANK_SNMF_TRANSFORM_COLUMNS_SCRATCH_LEN(M, N, K)),
     .slots = {DENSE_A, LEFT_(M, K, READ, 0), RIGHT_(K, N, WRITTEN, 0)}, .options = NMF_OPTIONS},
    {NAMED(snmf_transform_columns_csr, LOWRANK_SNMF_TRANSFORM_COLUMNS_CSR_SCRATCH_LEN(M, N, K)),
     .slots = {SPARSE_A, LEFT_(M, K, READ, 0), RIGHT_(K, N, WRITTEN, 0)}, .options = NMF_OPTIONS},
};

/* ---- A call that succeeds ---------------------------------------------------------------------------------------- */

/* Writes the defaults of the options, as the macros have them, and returns their size. */
static size_t default_options(int kind, void *bytes) {
    const lowrank_svd_options svd = LOWRANK_SVD_OPTIONS_INIT;
    const lowrank_svd_truncated_options truncated = LOWRANK_SVD_TRUNCATED_OPTIONS_INIT;
    const lowrank_nmf_options nmf = LOWRANK_NMF_OPTIONS_INIT;
    const void *from = kind == SVD_OPTIONS ? (const void *)&svd : kind == NMF_OPTIONS ? (const void *)&nmf : &truncated;
    size_t size = *(const size_t *)from;
    memcpy(bytes, from, size);
    return size;
}

/* The scratch of the last call that was prepared. */
static T *prepared_scratch;

/* Everything as it should be. Scratch is exactly as long as needed, and full of NaN. */
static void prepare(struct call *c, const struct subject *t) {
    struct store *store = &c->store;
    size_t i, s;
    subject_name = t->name;
    memset(c, 0, sizeof *c);
    for (s = 0; s < SLOTS; s++) {
        const struct slot *slot = &t->slots[s];
        for (i = 0; i < ROOM; i++) {
            /* Of full rank, positive, without order. */
            store->numbers[s][i] = s == 0 ? (T)(1 + (i * i * 7 + i * 3) % 11) / 4 : (T)(1 + (i + s) % 5) / 8;
            store->sizes[s][i] = 77;
            store->doubles[s][i] = 77;
            store->columns[i] = (uint32_t)(i % N);
        }
        c->mats[s] = row_major(store->numbers[s], slot->rows, slot->cols);
        c->given[s] = slot->kind == MATRIX    ? (void *)&c->mats[s]
                      : slot->kind == SPARSE  ? (void *)&c->csr
                      : slot->kind == NUMBERS ? (void *)store->numbers[s]
                      : slot->kind == SIZES   ? (void *)store->sizes[s]
                      : slot->kind == DOUBLES ? (void *)store->doubles[s]
                      : slot->kind == STATE   ? (void *)&c->state
                                              : NULL;
    }
    if (t->slots[0].kind == SPARSE) {
        for (i = 0; i < ROOM; i++) store->sizes[0][i] = i * N;
    }
    c->csr.rows = M;
    c->csr.cols = N;
    c->csr.entries = M * N;
    c->csr.starts = store->sizes[0];
    c->csr.columns = store->columns;
    c->csr.values = store->numbers[0];
    c->rank = K;
    c->tolerance = LOWRANK_ROUNDING;
    default_options(t->options, c->options.bytes);
    if (strstr(t->name, "divergence") != NULL) ((lowrank_nmf_options *)&c->options)->beta = 1;
    c->options_given = t->options == NO_OPTIONS ? NULL : &c->options;
    c->info.struct_size = sizeof(lowrank_info);
    c->info_given = (lowrank_info *)&c->info;

    free(prepared_scratch);
    c->scratch_len = t->scratch_len;
    c->scratch = prepared_scratch = (T *)malloc((c->scratch_len + 1) * sizeof(T));
    for (i = 0; i < c->scratch_len; i++) c->scratch[i] = (T)NAN;
    c->scratch[c->scratch_len] = 3;
}
