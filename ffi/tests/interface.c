/*
 * Every function of lowrank.h: results, exact scratch lengths, and every wrong argument. After a refused call all
 * memory but scratch is what it was. Built twice, for float and, with DOUBLE defined, for double.
 */
#include "lowrank.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef DOUBLE
typedef double T;
typedef lowrank_mat_f64 Mat;
typedef lowrank_csr_f64 Csr;
#define F(name) name##_f64
#define TOLERANCE 1e-13
#else
typedef float T;
typedef lowrank_mat_f32 Mat;
typedef lowrank_csr_f32 Csr;
#define F(name) name##_f32
#define TOLERANCE 1e-5
#endif

static int failures;
static const char *subject_name = "";

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            failures++;                                                                                                \
            printf("%s:%d: %s: %s\n", __FILE__, __LINE__, subject_name, #condition);                                   \
        }                                                                                                              \
    } while (0)

/* ---- One call, and all that it can be given --------------------------------------------------------------------- */

enum { M = 7, N = 5, K = 2, COLS = 3, ROOM = 48 };

/* An operand that a test does not expect in particular. */
enum { ANY = 99 };

enum { NO_OPTIONS, SVD_OPTIONS, TRUNCATED_OPTIONS, NMF_OPTIONS };

/* Memory that a refused call must not change. Each array is longer than what is used of it. */
struct store {
    T a[ROOM], b[ROOM], left[ROOM], right[ROOM], s[ROOM];
    size_t pivots[ROOM], starts[ROOM];
    uint32_t columns[ROOM];
};

/* A struct of any size, with room behind it. */
union growing {
    size_t struct_size;
    double aligned;
    uint64_t also_aligned;
    unsigned char bytes[8192];
};

/* Memory that an argument points to. */
struct piece {
    uint32_t operand;
    void *place; /* the pointer's own address */
    size_t size; /* of an element */
    int written;
};

struct call {
    struct store store;
    Mat a, b, left, right;
    Csr csr;
    const Mat *a_given, *b_given, *left_given, *right_given;
    const Csr *csr_given;
    T *s;
    size_t *pivots;
    size_t rank;
    uint32_t choice;
    const void *options_given;
    T *scratch;
    size_t scratch_len;
    lowrank_info *info_given;
    union growing options, info;
    struct piece pieces[8];
    int piece_count;
};

struct subject {
    const char *name;
    int32_t (*run)(const struct call *c);
    size_t scratch_len;
    int sparse, has_a, has_b, optional, has_s, has_pivots, has_choice, options;
    int starts_left, starts_right, nonnegative; /* a factor is read; X must not be negative */
    uint32_t left_operand;                      /* 0 if there is none */
    size_t left_rows, left_cols, right_rows, right_cols;
};

static int32_t gemm(const struct call *c) {
    return F(lowrank_gemm)(2, c->a_given, c->b_given, 0, c->left_given, c->scratch, c->scratch_len, c->info_given);
}
static int32_t qr(const struct call *c) {
    return F(lowrank_qr)(c->a_given, c->choice, c->left_given, c->right_given, c->scratch, c->scratch_len,
                         c->info_given);
}
static int32_t qr_pivoted(const struct call *c) {
    return F(lowrank_qr_pivoted)(c->a_given, c->choice, c->left_given, c->right_given, c->pivots, c->scratch,
                                 c->scratch_len, c->info_given);
}
static int32_t jacobi(const struct call *c) {
    return F(lowrank_svd_jacobi_unblocked)(c->a_given, c->s, c->left_given, c->right_given,
                                           (const lowrank_svd_options *)c->options_given, c->scratch, c->scratch_len,
                                           c->info_given);
}
static int32_t truncated(const struct call *c) {
    return F(lowrank_svd_truncated)(c->a_given, c->rank, c->s, c->left_given, c->right_given,
                                    (const lowrank_svd_truncated_options *)c->options_given, c->scratch,
                                    c->scratch_len, c->info_given);
}
static int32_t truncated_csr(const struct call *c) {
    return F(lowrank_svd_truncated_csr)(c->csr_given, c->rank, c->s, c->left_given, c->right_given,
                                        (const lowrank_svd_truncated_options *)c->options_given, c->scratch,
                                        c->scratch_len, c->info_given);
}
static int32_t nmf_random_start(const struct call *c) {
    return F(lowrank_nmf_random_start)(c->a_given, c->left_given, c->right_given, 1, c->info_given);
}
static int32_t nndsvd(const struct call *c) {
    return F(lowrank_nmf_nndsvd)(c->a_given, c->left_given, c->right_given, 0.1,
                                 (const lowrank_svd_truncated_options *)c->options_given, c->scratch, c->scratch_len,
                                 c->info_given);
}
static int32_t nmf(const struct call *c) {
    return F(lowrank_nmf_factorize)(c->a_given, c->left_given, c->right_given, c->choice,
                                    (const lowrank_nmf_options *)c->options_given, c->scratch, c->scratch_len,
                                    c->info_given);
}
static int32_t snmf_random_start(const struct call *c) {
    return F(lowrank_snmf_random_start)(c->right_given, 1, c->info_given);
}
static int32_t snmf(const struct call *c) {
    return F(lowrank_snmf_factorize)(c->a_given, c->left_given, c->right_given,
                                     (const lowrank_nmf_options *)c->options_given, c->scratch, c->scratch_len,
                                     c->info_given);
}

static const struct subject subjects[] = {
    {.name = "gemm", .run = gemm, .scratch_len = LOWRANK_GEMM_SCRATCH_LEN(M, COLS, N), .has_a = 1, .has_b = 1,
     .left_operand = LOWRANK_OPERAND_C, .left_rows = M, .left_cols = COLS},
    {.name = "qr", .run = qr, .scratch_len = LOWRANK_QR_SCRATCH_LEN(M, N), .has_a = 1, .optional = 1, .has_choice = 1,
     .left_operand = LOWRANK_OPERAND_LEFT, .left_rows = M, .left_cols = N, .right_rows = N, .right_cols = N},
    {.name = "qr_pivoted", .run = qr_pivoted, .scratch_len = LOWRANK_QR_SCRATCH_LEN(M, N), .has_a = 1, .optional = 1,
     .has_choice = 1, .has_pivots = 1, .left_operand = LOWRANK_OPERAND_LEFT, .left_rows = M, .left_cols = N,
     .right_rows = N, .right_cols = N},
    {.name = "svd_jacobi_unblocked", .run = jacobi, .scratch_len = LOWRANK_SVD_JACOBI_UNBLOCKED_SCRATCH_LEN(M, N),
     .has_a = 1, .optional = 1, .has_s = N, .options = SVD_OPTIONS, .left_operand = LOWRANK_OPERAND_LEFT,
     .left_rows = M, .left_cols = N, .right_rows = N, .right_cols = N},
    {.name = "svd_truncated", .run = truncated,
     .scratch_len = LOWRANK_SVD_TRUNCATED_SCRATCH_LEN(M, N, K, LOWRANK_OVERSAMPLE), .has_a = 1, .optional = 1,
     .has_s = K, .options = TRUNCATED_OPTIONS, .left_operand = LOWRANK_OPERAND_LEFT, .left_rows = M, .left_cols = K,
     .right_rows = N, .right_cols = K},
    {.name = "svd_truncated_csr", .run = truncated_csr,
     .scratch_len = LOWRANK_SVD_TRUNCATED_CSR_SCRATCH_LEN(M, N, K, LOWRANK_OVERSAMPLE), .sparse = 1, .optional = 1,
     .has_s = K, .options = TRUNCATED_OPTIONS, .left_operand = LOWRANK_OPERAND_LEFT, .left_rows = M, .left_cols = K,
     .right_rows = N, .right_cols = K},
    {.name = "nmf_random_start", .run = nmf_random_start, .has_a = 1, .left_operand = LOWRANK_OPERAND_LEFT,
     .left_rows = M, .left_cols = K, .right_rows = K, .right_cols = N},
    {.name = "nmf_nndsvd", .run = nndsvd,
     .scratch_len = LOWRANK_NMF_NNDSVD_SCRATCH_LEN(M, N, K, LOWRANK_OVERSAMPLE), .has_a = 1,
     .options = TRUNCATED_OPTIONS, .left_operand = LOWRANK_OPERAND_LEFT, .left_rows = M, .left_cols = K,
     .right_rows = K, .right_cols = N},
    {.name = "nmf_factorize", .run = nmf, .scratch_len = LOWRANK_NMF_FACTORIZE_SCRATCH_LEN(M, N, K), .has_a = 1,
     .has_choice = 1, .options = NMF_OPTIONS, .starts_left = 1, .starts_right = 1, .nonnegative = 1,
     .left_operand = LOWRANK_OPERAND_LEFT, .left_rows = M, .left_cols = K, .right_rows = K, .right_cols = N},
    {.name = "snmf_random_start", .run = snmf_random_start, .right_rows = K, .right_cols = N},
    {.name = "snmf_factorize", .run = snmf, .scratch_len = LOWRANK_SNMF_FACTORIZE_SCRATCH_LEN(M, N, K), .has_a = 1,
     .options = NMF_OPTIONS, .starts_right = 1, .left_operand = LOWRANK_OPERAND_LEFT, .left_rows = M, .left_cols = K,
     .right_rows = K, .right_cols = N},
};

static Mat row_major(T *data, size_t rows, size_t cols) {
    Mat mat;
    mat.data = data;
    mat.rows = rows;
    mat.cols = cols;
    mat.row_stride = cols;
    mat.col_stride = 1;
    return mat;
}

static T at(const Mat *a, size_t i, size_t j) {
    return a->data[i * a->row_stride + j * a->col_stride];
}

static void add_piece(struct call *c, uint32_t operand, void *place, size_t size, int written) {
    struct piece piece;
    piece.operand = operand;
    piece.place = place;
    piece.size = size;
    piece.written = written;
    c->pieces[c->piece_count++] = piece;
}

static size_t default_options(int kind, void *bytes) {
    const lowrank_svd_options svd = LOWRANK_SVD_OPTIONS_INIT;
    const lowrank_svd_truncated_options truncated = LOWRANK_SVD_TRUNCATED_OPTIONS_INIT;
    const lowrank_nmf_options nmf = LOWRANK_NMF_OPTIONS_INIT;
    const void *from = kind == SVD_OPTIONS ? (const void *)&svd : kind == NMF_OPTIONS ? (const void *)&nmf : &truncated;
    size_t size = *(const size_t *)from;
    memcpy(bytes, from, size);
    return size;
}

/* A call that succeeds. Scratch is exactly as long as needed, and full of NaN. */
static void prepare(struct call *c, const struct subject *t) {
    static T *scratch;
    struct store *store = &c->store;
    size_t i;
    subject_name = t->name;
    memset(c, 0, sizeof *c);
    for (i = 0; i < ROOM; i++) {
        /* Of full rank, positive, without order. */
        store->a[i] = (T)(1 + (i * i * 7 + i * 3) % 11) / 4;
        store->b[i] = store->left[i] = store->right[i] = store->s[i] = (T)(1 + i % 5) / 8;
        store->columns[i] = (uint32_t)(i % N);
        store->starts[i] = i * N;
        store->pivots[i] = 77;
    }
    c->a = row_major(store->a, M, N);
    c->b = row_major(store->b, N, COLS);
    c->left = row_major(store->left, t->left_rows, t->left_cols);
    c->right = row_major(store->right, t->right_rows, t->right_cols);
    c->csr.rows = M;
    c->csr.cols = N;
    c->csr.entries = M * N;
    c->csr.starts = store->starts;
    c->csr.columns = store->columns;
    c->csr.values = store->a;
    c->a_given = &c->a;
    c->b_given = &c->b;
    c->left_given = &c->left;
    c->right_given = &c->right;
    c->csr_given = &c->csr;
    c->s = store->s;
    c->pivots = store->pivots;
    c->rank = K;
    default_options(t->options, c->options.bytes);
    c->options_given = t->options == NO_OPTIONS ? NULL : &c->options;
    c->info.struct_size = sizeof(lowrank_info);
    c->info_given = (lowrank_info *)&c->info;

    free(scratch);
    c->scratch_len = t->scratch_len;
    c->scratch = scratch = (T *)malloc((c->scratch_len + 1) * sizeof(T));
    for (i = 0; i < c->scratch_len; i++) {
        c->scratch[i] = (T)NAN;
    }
    c->scratch[c->scratch_len] = 3;

    if (t->has_a) add_piece(c, LOWRANK_OPERAND_A, &c->a.data, sizeof(T), 0);
    if (t->has_b) add_piece(c, LOWRANK_OPERAND_B, &c->b.data, sizeof(T), 0);
    if (t->sparse) {
        add_piece(c, LOWRANK_OPERAND_A, &c->csr.starts, sizeof(size_t), 0);
        add_piece(c, LOWRANK_OPERAND_A, &c->csr.columns, sizeof(uint32_t), 0);
        add_piece(c, LOWRANK_OPERAND_A, &c->csr.values, sizeof(T), 0);
    }
    if (t->left_operand) add_piece(c, t->left_operand, &c->left.data, sizeof(T), 1);
    if (t->right_rows) add_piece(c, LOWRANK_OPERAND_RIGHT, &c->right.data, sizeof(T), 1);
    if (t->has_s) add_piece(c, LOWRANK_OPERAND_SINGULAR_VALUES, &c->s, sizeof(T), 1);
    if (t->has_pivots) add_piece(c, LOWRANK_OPERAND_PIVOTS, &c->pivots, sizeof(size_t), 1);
    if (t->scratch_len) add_piece(c, LOWRANK_OPERAND_SCRATCH, &c->scratch, sizeof(T), 1);
}

/* Runs a call that is to be refused because of this operand. */
static void refused(const struct subject *t, struct call *c, int32_t status, uint32_t operand) {
    static struct store before;
    const lowrank_info *info = (const lowrank_info *)&c->info;
    int32_t given;
    memcpy(&before, &c->store, sizeof before);
    given = t->run(c);
    CHECK(given == status);
    if (given != status) {
        printf("    %s, expected %s\n", lowrank_status_message(given), lowrank_status_message(status));
    }
    CHECK(memcmp(&before, &c->store, sizeof before) == 0);
    if (c->info_given != NULL && status != LOWRANK_STRUCT_SIZE) {
        CHECK(info->operand == operand || operand == ANY);
        CHECK(info->converged == 0);
    }
}

/* ---- What succeeds ----------------------------------------------------------------------------------------------- */

/* |A - (the approximation)| / |A| */
static double error_of(const struct subject *t, const struct call *c) {
    double error = 0, norm = 0;
    size_t i, j, p;
    int by_rows = t->has_s == 0; /* L R, else L diag(s) R^T */
    for (i = 0; i < M; i++) {
        for (j = 0; j < N; j++) {
            double x = at(&c->a, i, t->has_pivots ? c->pivots[j] : j), sum = 0;
            for (p = 0; p < t->left_cols; p++) {
                double right = by_rows ? at(&c->right, p, j) : at(&c->right, j, p);
                sum += (double)at(&c->left, i, p) * (by_rows ? 1 : (double)c->s[p]) * right;
            }
            error += (x - sum) * (x - sum);
            norm += x * x;
        }
    }
    return sqrt(error / norm);
}

static void results(const struct subject *t) {
    static struct call c, plain, before;
    const lowrank_info *info = (const lowrank_info *)&c.info;
    size_t i, j, p;

    prepare(&c, t);
    memcpy(&before, &c, sizeof c);
    CHECK(t->run(&c) == LOWRANK_OK);
    CHECK(info->struct_size == sizeof *info && info->converged == 1 && info->operand == 0);
    CHECK(c.scratch[c.scratch_len] == 3);

    /* Only the outputs have changed, and of their memory only what belongs to them. */
    memcpy(before.store.left, c.store.left, t->left_rows * t->left_cols * sizeof(T));
    memcpy(before.store.right, c.store.right, t->right_rows * t->right_cols * sizeof(T));
    memcpy(before.store.s, c.store.s, (size_t)t->has_s * sizeof(T));
    if (t->has_pivots) memcpy(before.store.pivots, c.store.pivots, N * sizeof(size_t));
    CHECK(memcmp(&before.store, &c.store, sizeof c.store) == 0);

    if (t->run == gemm) {
        for (i = 0; i < M; i++) {
            for (j = 0; j < COLS; j++) {
                double sum = 0;
                for (p = 0; p < N; p++) sum += (double)at(&c.a, i, p) * (double)at(&c.b, p, j);
                CHECK(fabs(2 * sum - (double)at(&c.left, i, j)) < TOLERANCE * 100);
            }
        }
    } else if (t->run == nmf_random_start || t->run == snmf_random_start || t->run == nndsvd) {
        for (i = 0; i < t->right_rows * t->right_cols; i++) CHECK(c.right.data[i] > 0);
        CHECK(t->run != nndsvd || error_of(t, &c) < 1);
    } else {
        CHECK(fabs(error_of(t, &c) - info->relative_error) < TOLERANCE * 10);
        CHECK((info->iterations > 0) == (t->options != NO_OPTIONS));
    }
    if (t->run == jacobi) CHECK(info->nonzero == N && c.s[0] >= c.s[N - 1]);
    if (t->run == nmf) {
        for (i = 0; i < M * K; i++) CHECK(c.left.data[i] >= 0);
    }

    /* No info, no options, and more scratch than needed: the same bits. */
    prepare(&plain, t);
    plain.info_given = NULL;
    plain.options_given = NULL;
    plain.scratch_len += t->scratch_len != 0;
    CHECK(t->run(&plain) == LOWRANK_OK);
    CHECK(memcmp(&plain.store, &c.store, sizeof c.store) == 0);

    /* A column-major output holds the same numbers. */
    if (t->right_rows && !t->starts_right) {
        prepare(&plain, t);
        plain.right.row_stride = 1;
        plain.right.col_stride = t->right_rows;
        CHECK(t->run(&plain) == LOWRANK_OK);
        for (i = 0; i < t->right_rows; i++) {
            for (j = 0; j < t->right_cols; j++) CHECK(at(&plain.right, i, j) == at(&c.right, i, j));
        }
    }

    /* V alone has the bits that it has beside U, and the values have theirs without either. */
    if (t->optional) {
        prepare(&plain, t);
        plain.left_given = NULL;
        CHECK(t->run(&plain) == LOWRANK_OK);
        CHECK(memcmp(plain.store.right, c.store.right, sizeof c.store.right) == 0);
        CHECK(memcmp(plain.store.s, c.store.s, sizeof c.store.s) == 0);
        prepare(&plain, t);
        plain.left_given = plain.right_given = NULL;
        CHECK(t->run(&plain) == LOWRANK_OK);
        CHECK(memcmp(plain.store.s, c.store.s, sizeof c.store.s) == 0);
    }
}

/* ---- What is refused --------------------------------------------------------------------------------------------- */

static void wrong_scratch(const struct subject *t) {
    static struct call c;
    const lowrank_info *info = (const lowrank_info *)&c.info;
    if (t->scratch_len == 0) return;
    prepare(&c, t);
    c.scratch_len--;
    refused(t, &c, LOWRANK_SCRATCH_TOO_SMALL, LOWRANK_OPERAND_SCRATCH);
    CHECK(info->needed == t->scratch_len);
    c.scratch_len = 0;
    c.scratch = NULL;
    refused(t, &c, LOWRANK_SCRATCH_TOO_SMALL, LOWRANK_OPERAND_SCRATCH);
    prepare(&c, t);
    c.scratch_len = SIZE_MAX;
    refused(t, &c, LOWRANK_SIZE, LOWRANK_OPERAND_SCRATCH);
    c.scratch_len = SIZE_MAX / sizeof(T) / 2 + 1;
    refused(t, &c, LOWRANK_SIZE, LOWRANK_OPERAND_SCRATCH);
}

static void wrong_pointers(const struct subject *t) {
    static struct call c;
    char *pointer;
    int i, j, count;

    prepare(&c, t);
    count = c.piece_count;
    for (i = 0; i < count; i++) {
        prepare(&c, t);
        memcpy(&pointer, c.pieces[i].place, sizeof pointer);
        pointer += 1;
        memcpy(c.pieces[i].place, &pointer, sizeof pointer);
        refused(t, &c, LOWRANK_MISALIGNED, c.pieces[i].operand);
        pointer = NULL;
        memcpy(c.pieces[i].place, &pointer, sizeof pointer);
        refused(t, &c, LOWRANK_NULL, c.pieces[i].operand);
    }
    for (i = 0; i < count; i++) {
        for (j = 0; j < i; j++) {
            const lowrank_info *info = (const lowrank_info *)&c.info;
            const struct piece *moved, *other;
            prepare(&c, t);
            moved = &c.pieces[i];
            other = &c.pieces[j];
            if (!moved->written && !other->written) continue;
            if (moved->size > other->size) {
                /* The address must be aligned for both. */
                moved = other;
                other = &c.pieces[i];
            }
            memcpy(&pointer, other->place, sizeof pointer);
            memcpy(moved->place, &pointer, sizeof pointer);
            refused(t, &c, LOWRANK_OVERLAP, ANY);
            /* A longer one may reach a third that is found first. */
            CHECK(info->operand == moved->operand || info->other == moved->operand);
            CHECK(info->operand != 0 && info->other != 0);
        }
    }
}

/* Each matrix of the call in turn: the struct, and the pointer to it. */
static int matrix_of(const struct subject *t, struct call *c, int which, Mat **mat, const Mat ***given,
                     uint32_t *operand, int *optional) {
    *mat = which == 0 ? &c->a : which == 1 ? &c->b : which == 2 ? &c->left : &c->right;
    *given = which == 0 ? &c->a_given : which == 1 ? &c->b_given : which == 2 ? &c->left_given : &c->right_given;
    *operand = which == 0   ? (uint32_t)LOWRANK_OPERAND_A
               : which == 1 ? (uint32_t)LOWRANK_OPERAND_B
               : which == 2 ? t->left_operand
                            : (uint32_t)LOWRANK_OPERAND_RIGHT;
    *optional = which >= 2 && t->optional;
    return which == 0 ? t->has_a : which == 1 ? t->has_b : which == 2 ? t->left_operand != 0 : t->right_rows != 0;
}

static void wrong_matrices(const struct subject *t) {
    static struct call c;
    const lowrank_info *info = (const lowrank_info *)&c.info;
    const Mat **given;
    Mat *mat;
    uint32_t operand;
    int which, optional;
    for (which = 0; which < 4; which++) {
        if (!matrix_of(t, &c, which, &mat, &given, &operand, &optional)) continue;
        if (!optional) {
            prepare(&c, t);
            *given = NULL;
            refused(t, &c, LOWRANK_NULL, operand);
        }
        prepare(&c, t);
        *given = (const Mat *)((const char *)mat + 1);
        refused(t, &c, LOWRANK_MISALIGNED, operand);
        prepare(&c, t);
        mat->rows = SIZE_MAX;
        refused(t, &c, LOWRANK_SIZE, operand);
        mat->rows = SIZE_MAX / mat->row_stride / sizeof(T);
        refused(t, &c, LOWRANK_SIZE, operand);
        prepare(&c, t);
        mat->row_stride = SIZE_MAX;
        refused(t, &c, LOWRANK_SIZE, operand);
        prepare(&c, t);
        mat->row_stride = 1;
        refused(t, &c, LOWRANK_STRIDES, 0);
        if (which >= 2) {
            prepare(&c, t);
            mat->row_stride = 0;
            refused(t, &c, LOWRANK_STRIDES, 0);
        }
        if (which == 0 || t->run == snmf_random_start) continue;
        prepare(&c, t);
        /* The columns of the left factor are the rank, so nothing contradicts them. */
        if (which == 3) mat->cols -= 1;
        else mat->rows -= 1;
        refused(t, &c, LOWRANK_SHAPE, operand);
        CHECK(info->row == (which == 3 ? mat->rows : mat->rows + 1));
        CHECK(info->col == (which == 3 ? mat->cols + 1 : mat->cols));
    }
}

static void wrong_entries(const struct subject *t) {
    static struct call c;
    const lowrank_info *info = (const lowrank_info *)&c.info;
    size_t i;
    int which, kind;
    if (t->run == gemm || t->run == snmf_random_start) return;
    for (kind = 0; kind < 3; kind++) {
        for (which = 0; which < 3; which++) {
            const Mat *mat = which == 0 ? &c.a : which == 1 ? &c.left : &c.right;
            int read = which == 0 || (which == 1 ? t->starts_left : t->starts_right);
            int refuses = kind > 0 || which > 0 || t->nonnegative;
            size_t count = which == 0 ? M * N : which == 1 ? M * K : K * N;
            if (!read || !refuses) continue;
            for (i = 0; i < count; i++) {
                prepare(&c, t);
                mat->data[i] = kind == 0 ? (T)-1 : kind == 1 ? (T)NAN : -(T)INFINITY;
                refused(t, &c, kind == 0 ? LOWRANK_NEGATIVE : LOWRANK_NON_FINITE,
                        which == 0   ? LOWRANK_OPERAND_A
                        : which == 1 ? LOWRANK_OPERAND_LEFT
                                     : LOWRANK_OPERAND_RIGHT);
                CHECK(info->row == i / mat->cols && info->col == i % mat->cols);
            }
        }
    }
}

static void wrong_structs(const struct subject *t) {
    static struct call c;
    size_t size;

    prepare(&c, t);
    c.info_given = (lowrank_info *)(c.info.bytes + 1);
    refused(t, &c, LOWRANK_MISALIGNED, 0);
    prepare(&c, t);
    c.info.struct_size = sizeof(lowrank_info) - 1;
    refused(t, &c, LOWRANK_STRUCT_SIZE, 0);
    c.info.struct_size = 4097;
    refused(t, &c, LOWRANK_STRUCT_SIZE, 0);
    /* A later version's info: the fields of this version are written. */
    prepare(&c, t);
    size = sizeof(lowrank_info);
    c.info.struct_size = size + 16;
    memset(c.info.bytes + sizeof(size_t), 0xAB, size + 16);
    CHECK(t->run(&c) == LOWRANK_OK);
    CHECK(c.info.struct_size == size + 16 && c.info.bytes[size] == 0xAB && c.info.bytes[size + 15] == 0xAB);
    CHECK(((const lowrank_info *)&c.info)->converged == 1 && ((const lowrank_info *)&c.info)->needed == 0);

    if (t->options == NO_OPTIONS) return;
    prepare(&c, t);
    size = c.options.struct_size;
    c.options_given = c.options.bytes + 1;
    refused(t, &c, LOWRANK_MISALIGNED, 0);
    prepare(&c, t);
    c.options.struct_size = 0;
    refused(t, &c, LOWRANK_STRUCT_SIZE, 0);
    c.options.struct_size = size - 1;
    refused(t, &c, LOWRANK_STRUCT_SIZE, 0);
    c.options.struct_size = SIZE_MAX;
    refused(t, &c, LOWRANK_STRUCT_SIZE, 0);
    /* A later version's options, first with a new field that asks for nothing, then with one that does. */
    c.options.struct_size = size + 8;
    CHECK(t->run(&c) == LOWRANK_OK);
    prepare(&c, t);
    c.options.struct_size = size + 8;
    c.options.bytes[size + 7] = 1;
    refused(t, &c, LOWRANK_STRUCT_SIZE, 0);
}

static void wrong_values(const struct subject *t) {
    static struct call c;
    const lowrank_info *info = (const lowrank_info *)&c.info;
    if (t->has_choice) {
        prepare(&c, t);
        c.choice = 2;
        refused(t, &c, LOWRANK_ENUMERATION, 0);
    }
    if (t->options == SVD_OPTIONS) {
        prepare(&c, t);
        ((lowrank_svd_options *)&c.options)->vectors = 2;
        refused(t, &c, LOWRANK_ENUMERATION, 0);
        prepare(&c, t);
        ((lowrank_svd_options *)&c.options)->scaled = 2;
        refused(t, &c, LOWRANK_ENUMERATION, 0);
    }
    if (t->options == TRUNCATED_OPTIONS) {
        prepare(&c, t);
        ((lowrank_svd_truncated_options *)&c.options)->tolerance = -1;
        refused(t, &c, LOWRANK_OPTION, 0);
        prepare(&c, t);
        ((lowrank_svd_truncated_options *)&c.options)->oversample = SIZE_MAX;
        /* The block never exceeds the shorter side, so this is no more than it was. */
        CHECK(t->run(&c) == LOWRANK_OK);
    }
    if (t->options == NMF_OPTIONS) {
        prepare(&c, t);
        ((lowrank_nmf_options *)&c.options)->tolerance = NAN;
        refused(t, &c, LOWRANK_OPTION, 0);
    }
    if (t->options == TRUNCATED_OPTIONS && t->has_s) {
        prepare(&c, t);
        c.rank = 0;
        refused(t, &c, LOWRANK_RANK, 0);
        CHECK(info->needed == N);
        c.rank = N + 1;
        refused(t, &c, LOWRANK_RANK, 0);
        c.rank = SIZE_MAX;
        refused(t, &c, LOWRANK_RANK, 0);
    }
    if (t->run == nmf || t->run == snmf) {
        prepare(&c, t);
        c.left.cols = 0;
        c.right.rows = 0;
        refused(t, &c, LOWRANK_RANK, 0);
    }
    /* Indices of columns are kept as numbers of type T; no memory holds as many doubles as that would take. */
    if (t->run == jacobi && sizeof(T) == 4) {
        const size_t side = ((size_t)1 << 24) + 1;
        T *values = malloc(side * sizeof(T));
        CHECK(values != NULL);
        prepare(&c, t);
        c.left_given = c.right_given = NULL;
        c.a.rows = c.a.cols = side;
        c.a.row_stride = c.a.col_stride = 0;
        c.s = values;
        refused(t, &c, LOWRANK_TOO_LARGE, 0);
        free(values);
    }
    if (t->run == qr || t->run == jacobi) {
        size_t i;
        prepare(&c, t);
        for (i = 0; i < M * N; i++) c.a.data[i] = (T)(sizeof(T) == 4 ? 3e38 : 1.7e308);
        refused(t, &c, LOWRANK_OVERFLOW, 0);
        CHECK(info->exponent == (sizeof(T) == 4 ? 128 : 1024) + (t->run == jacobi ? 2 : 1));
    }
}

static void wrong_csr(const struct subject *t) {
    static struct call c;
    const lowrank_info *info = (const lowrank_info *)&c.info;
    prepare(&c, t);
    c.csr_given = NULL;
    refused(t, &c, LOWRANK_NULL, LOWRANK_OPERAND_A);
    prepare(&c, t);
    c.csr_given = (const Csr *)((const char *)&c.csr + 1);
    refused(t, &c, LOWRANK_MISALIGNED, LOWRANK_OPERAND_A);
    prepare(&c, t);
    c.csr.rows = SIZE_MAX;
    refused(t, &c, LOWRANK_SIZE, LOWRANK_OPERAND_A);
    prepare(&c, t);
    c.csr.entries = SIZE_MAX;
    refused(t, &c, LOWRANK_SIZE, LOWRANK_OPERAND_A);
    prepare(&c, t);
    c.csr.entries--;
    refused(t, &c, LOWRANK_CSR, LOWRANK_OPERAND_A);
    prepare(&c, t);
    c.store.starts[3] = c.store.starts[4] + 1;
    refused(t, &c, LOWRANK_CSR, LOWRANK_OPERAND_A);
    CHECK(info->row == 3);
    prepare(&c, t);
    c.store.columns[2 * N + 1] = N;
    refused(t, &c, LOWRANK_CSR, LOWRANK_OPERAND_A);
    CHECK(info->row == 2);
}

/* ---- The rest ---------------------------------------------------------------------------------------------------- */

static void full_and_empty(void) {
    T a[M * N], u[M * M], v[N * N], s[N], scratch[LOWRANK_SVD_JACOBI_UNBLOCKED_SCRATCH_LEN(M, N)];
    lowrank_svd_options options = LOWRANK_SVD_OPTIONS_INIT;
    lowrank_info info = LOWRANK_INFO_INIT;
    Mat ma = row_major(a, M, N), mu = row_major(u, M, M), mv = row_major(v, N, N), empty = row_major(NULL, 0, N);
    size_t i, j, p;
    subject_name = "full and empty";
    for (i = 0; i < M * N; i++) a[i] = 1;
    options.vectors = LOWRANK_FULL;
    CHECK(F(lowrank_svd_jacobi_unblocked)(&ma, s, &mu, &mv, &options, scratch, sizeof scratch / sizeof *scratch,
                                          &info) == LOWRANK_OK);
    CHECK(info.nonzero >= 1 && fabs((double)s[0] - sqrt(M * N)) < 10 * TOLERANCE);
    for (i = 0; i < M; i++) {
        for (j = 0; j < M; j++) {
            double sum = 0;
            for (p = 0; p < M; p++) sum += (double)at(&mu, p, i) * (double)at(&mu, p, j);
            CHECK(fabs(sum - (i == j)) < TOLERANCE);
        }
    }
    CHECK(F(lowrank_svd_jacobi_unblocked)(&empty, NULL, NULL, NULL, NULL, scratch, sizeof scratch / sizeof *scratch,
                                          NULL) == LOWRANK_OK);
    mu.rows = 0;
    mv.cols = 0;
    CHECK(F(lowrank_gemm)(1, &mu, &mv, 0, &mv, NULL, 0, &info) == LOWRANK_SHAPE);
}

/* Every macro is its function, over shapes on both sides of every limit inside. */
static void lengths(void) {
    static const size_t sides[] = {0, 1, 2, 3, 7, 8, 9, 10, 15, 16, 17, 31, 63, 64, 65, 100, 129, 255, 256, 257, 300,
                                   511, 512, 513, 700, 5000};
    static const size_t ranks[] = {0, 1, 2, 5, 8, 20, 33, 64, 100, 260, 600};
    static const size_t oversamples[] = {0, 3, LOWRANK_OVERSAMPLE, 40};
    size_t a, b, c, d;
    subject_name = "scratch lengths";
    for (a = 0; a < sizeof sides / sizeof *sides; a++) {
        for (b = 0; b < sizeof sides / sizeof *sides; b++) {
            size_t m = sides[a], n = sides[b];
            CHECK(lowrank_qr_scratch_len(m, n) == LOWRANK_QR_SCRATCH_LEN(m, n));
            CHECK(lowrank_svd_jacobi_unblocked_scratch_len(m, n) == LOWRANK_SVD_JACOBI_UNBLOCKED_SCRATCH_LEN(m, n));
            for (c = 0; c < sizeof sides / sizeof *sides; c++) {
                CHECK(lowrank_gemm_scratch_len(m, n, sides[c]) == LOWRANK_GEMM_SCRATCH_LEN(m, n, sides[c]));
            }
            for (c = 0; c < sizeof ranks / sizeof *ranks; c++) {
                size_t k = ranks[c];
                CHECK(lowrank_nmf_factorize_scratch_len(m, n, k) == LOWRANK_NMF_FACTORIZE_SCRATCH_LEN(m, n, k));
                CHECK(lowrank_snmf_factorize_scratch_len(m, n, k) == LOWRANK_SNMF_FACTORIZE_SCRATCH_LEN(m, n, k));
                for (d = 0; d < sizeof oversamples / sizeof *oversamples; d++) {
                    size_t q = oversamples[d];
                    CHECK(lowrank_svd_truncated_scratch_len(m, n, k, q) ==
                          LOWRANK_SVD_TRUNCATED_SCRATCH_LEN(m, n, k, q));
                    CHECK(lowrank_svd_truncated_csr_scratch_len(m, n, k, q) ==
                          LOWRANK_SVD_TRUNCATED_CSR_SCRATCH_LEN(m, n, k, q));
                    CHECK(lowrank_nmf_nndsvd_scratch_len(m, n, k, q) == LOWRANK_NMF_NNDSVD_SCRATCH_LEN(m, n, k, q));
                }
            }
        }
    }
    CHECK(lowrank_qr_scratch_len(SIZE_MAX, 2) == SIZE_MAX);
    CHECK(lowrank_svd_truncated_scratch_len(SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX) == SIZE_MAX);
}

static void names(void) {
    static const int32_t statuses[] = {LOWRANK_OK,         LOWRANK_SLICE_TOO_SHORT, LOWRANK_STRIDES,
                                       LOWRANK_SHAPE,      LOWRANK_SCRATCH_TOO_SMALL, LOWRANK_NON_FINITE,
                                       LOWRANK_NEGATIVE,   LOWRANK_OVERLAP,         LOWRANK_RANK,
                                       LOWRANK_TOO_LARGE,  LOWRANK_OPTION,          LOWRANK_OVERFLOW,
                                       LOWRANK_CSR,        LOWRANK_OPERATOR,        LOWRANK_NULL,
                                       LOWRANK_MISALIGNED, LOWRANK_SIZE,            LOWRANK_ENUMERATION,
                                       LOWRANK_STRUCT_SIZE, LOWRANK_UNKNOWN};
    const char *none = lowrank_status_message(-1);
    size_t i, j;
    subject_name = "names";
    CHECK(strcmp(lowrank_version(), LOWRANK_VERSION) == 0);
    CHECK(strcmp(lowrank_kernel_name(), "unknown") != 0);
    for (i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        const char *message = lowrank_status_message(statuses[i]);
        CHECK(strlen(message) > 0 && strcmp(message, none) != 0);
        for (j = 0; j < i; j++) CHECK(strcmp(message, lowrank_status_message(statuses[j])) != 0);
    }
    CHECK(strcmp(lowrank_status_message(INT32_MIN), none) == 0 && strcmp(lowrank_status_message(14), none) == 0);
}

int main(void) {
    size_t i;
    for (i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        const struct subject *t = &subjects[i];
        results(t);
        wrong_scratch(t);
        wrong_pointers(t);
        wrong_matrices(t);
        wrong_entries(t);
        wrong_structs(t);
        wrong_values(t);
        if (t->sparse) wrong_csr(t);
    }
    full_and_empty();
    lengths();
    names();
    printf("%s: %d failures\n", sizeof(T) == 4 ? "float" : "double", failures);
    return failures != 0;
}
