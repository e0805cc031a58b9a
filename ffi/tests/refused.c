/* Every wrong argument of every function: the right status, the right details, and all memory but scratch as it was. */
#include "subjects.h"

/* An operand that a test does not expect in particular. */
enum { ANY = 99 };

static struct call c;

/* Runs a call that is to be refused because of this operand. */
static void refused(const struct subject *t, int32_t status, uint32_t operand) {
    static struct store before;
    const lowrank_info *info = (const lowrank_info *)&c.info;
    int32_t given;
    memcpy(&before, &c.store, sizeof before);
    given = t->run(&c);
    CHECK(given == status);
    if (given != status) {
        printf("    %s, expected %s\n", lowrank_status_message(given), lowrank_status_message(status));
    }
    CHECK(memcmp(&before, &c.store, sizeof before) == 0);
    if (c.info_given != NULL && status != LOWRANK_STRUCT_SIZE && status != LOWRANK_MISALIGNED) {
        CHECK(info->operand == operand || operand == ANY);
        CHECK(info->converged == 0);
    }
}

/* ---- Pointers ---------------------------------------------------------------------------------------------------- */

/* Memory that an argument points to. */
struct piece {
    uint32_t operand;
    void *place; /* the pointer's own address */
    size_t size; /* of an element */
    int written, optional;
};

static size_t pieces_of(const struct subject *t, struct piece *pieces) {
    size_t s, count = 0;
    for (s = 0; s < SLOTS; s++) {
        const struct slot *slot = &t->slots[s];
        struct piece piece;
        piece.operand = slot->operand;
        piece.written = slot->role != READ;
        piece.optional = slot->optional && slot->kind != MATRIX;
        piece.place = slot->kind == MATRIX ? (void *)&c.mats[s].data : (void *)&c.given[s];
        piece.size = slot->kind == SIZES ? sizeof(size_t)
                     : slot->kind == DOUBLES ? sizeof(double)
                     : slot->kind == STATE ? sizeof(double)
                                           : sizeof(T);
        if (slot->kind == NOTHING) continue;
        if (slot->kind == SPARSE) {
            piece.place = &c.csr.starts;
            piece.size = sizeof(size_t);
            pieces[count++] = piece;
            piece.place = &c.csr.columns;
            piece.size = sizeof(uint32_t);
            pieces[count++] = piece;
            piece.place = &c.csr.values;
            piece.size = sizeof(T);
        }
        pieces[count++] = piece;
    }
    if (t->scratch_len > 0) {
        struct piece piece;
        piece.operand = LOWRANK_OPERAND_SCRATCH;
        piece.place = &c.scratch;
        piece.size = sizeof(T);
        piece.written = 1;
        piece.optional = 0;
        pieces[count++] = piece;
    }
    return count;
}

/* Two matrices that share one number are refused, and taken where one begins behind the other. */
static void touching_matrices(const struct subject *t) {
    size_t r, w;
    for (r = 0; r < SLOTS; r++) {
        for (w = 0; w < SLOTS; w++) {
            const struct slot *read = &t->slots[r], *written = &t->slots[w];
            T *end;
            if (r == w || read->kind != MATRIX || written->kind != MATRIX || written->role == READ) continue;
            if (t->run == call_svd_truncated_begin) continue;
            prepare(&c, t);
            end = c.mats[r].data + (c.mats[r].rows - 1) * c.mats[r].row_stride + c.mats[r].cols;
            if (read->rows * read->cols + written->rows * written->cols > ROOM) continue;
            c.mats[w].data = end - 1;
            refused(t, LOWRANK_OVERLAP, ANY);
            if (written->role == WRITTEN) {
                c.mats[w].data = end;
                CHECK(t->run(&c) == LOWRANK_OK);
            }
        }
    }
}

/* What the driven truncated decomposition does with A is the caller's own. */
static int is_read_by_the_caller(const struct subject *t, const struct piece *piece) {
    return t->run == call_svd_truncated_begin && piece->operand == LOWRANK_OPERAND_A;
}

/* Memory that the function gets only when the iteration has ended. */
static int is_given_last(const struct subject *t, const struct piece *piece) {
    return t->run == call_svd_truncated_begin && piece->operand != LOWRANK_OPERAND_STATE &&
           piece->operand != LOWRANK_OPERAND_SCRATCH;
}

static void wrong_pointers(const struct subject *t) {
    struct piece pieces[SLOTS + 3];
    const lowrank_info *info = (const lowrank_info *)&c.info;
    size_t i, j, count;
    char *pointer;

    prepare(&c, t);
    count = pieces_of(t, pieces);
    for (i = 0; i < count; i++) {
        if (is_read_by_the_caller(t, &pieces[i])) continue;
        prepare(&c, t);
        memcpy(&pointer, pieces[i].place, sizeof pointer);
        pointer += 1;
        memcpy(pieces[i].place, &pointer, sizeof pointer);
        refused(t, LOWRANK_MISALIGNED, pieces[i].operand);
        CHECK(info->operand == pieces[i].operand);
        if (pieces[i].optional) continue;
        pointer = NULL;
        memcpy(pieces[i].place, &pointer, sizeof pointer);
        refused(t, LOWRANK_NULL, pieces[i].operand);
    }
    for (i = 0; i < count; i++) {
        for (j = 0; j < i; j++) {
            /* The address must be aligned for both. */
            const struct piece *moved = pieces[i].size > pieces[j].size ? &pieces[j] : &pieces[i];
            const struct piece *other = moved == &pieces[i] ? &pieces[j] : &pieces[i];
            if (!moved->written && !other->written) continue;
            if (is_read_by_the_caller(t, moved) || is_read_by_the_caller(t, other)) continue;
            prepare(&c, t);
            memcpy(&pointer, other->place, sizeof pointer);
            memcpy(moved->place, &pointer, sizeof pointer);
            if (is_given_last(t, moved) != is_given_last(t, other)) {
                /* That memory belongs to the iteration by then. */
                CHECK(t->run(&c) == LOWRANK_OVERLAP);
                continue;
            }
            refused(t, LOWRANK_OVERLAP, ANY);
            /* A longer one may reach a third that is found first. */
            CHECK(info->operand == moved->operand || info->other == moved->operand);
            CHECK(info->operand != 0 && info->other != 0);
        }
    }
}

static void wrong_scratch(const struct subject *t) {
    const lowrank_info *info = (const lowrank_info *)&c.info;
    if (t->scratch_len == 0) return;
    prepare(&c, t);
    c.scratch_len--;
    refused(t, LOWRANK_SCRATCH_TOO_SMALL, LOWRANK_OPERAND_SCRATCH);
    CHECK(info->needed == t->scratch_len);
    c.scratch_len = 0;
    c.scratch = NULL;
    refused(t, LOWRANK_SCRATCH_TOO_SMALL, LOWRANK_OPERAND_SCRATCH);
    prepare(&c, t);
    c.scratch_len = SIZE_MAX;
    refused(t, LOWRANK_SIZE, LOWRANK_OPERAND_SCRATCH);
    c.scratch_len = SIZE_MAX / sizeof(T) / 2 + 1;
    refused(t, LOWRANK_SIZE, LOWRANK_OPERAND_SCRATCH);
}

/* ---- Matrices ---------------------------------------------------------------------------------------------------- */

static void wrong_matrices(const struct subject *t) {
    const lowrank_info *info = (const lowrank_info *)&c.info;
    size_t s;
    for (s = 0; s < SLOTS; s++) {
        const struct slot *slot = &t->slots[s];
        Mat *mat = &c.mats[s];
        if (slot->kind != MATRIX || (t->run == call_svd_truncated_begin && s == 0)) continue;
        if (!slot->optional) {
            prepare(&c, t);
            c.given[s] = NULL;
            refused(t, LOWRANK_NULL, slot->operand);
        }
        prepare(&c, t);
        c.given[s] = (char *)mat + 1;
        refused(t, LOWRANK_MISALIGNED, slot->operand);
        prepare(&c, t);
        mat->rows = SIZE_MAX;
        refused(t, LOWRANK_SIZE, slot->operand);
        mat->rows = SIZE_MAX / mat->row_stride / sizeof(T);
        refused(t, LOWRANK_SIZE, slot->operand);
        prepare(&c, t);
        mat->row_stride = SIZE_MAX;
        refused(t, LOWRANK_SIZE, slot->operand);
        if (slot->cols > 1) {
            prepare(&c, t);
            mat->cols = SIZE_MAX;
            refused(t, LOWRANK_SIZE, slot->operand);
            prepare(&c, t);
            mat->col_stride = SIZE_MAX;
            refused(t, LOWRANK_SIZE, slot->operand);
        }
        prepare(&c, t);
        mat->row_stride = 1;
        refused(t, LOWRANK_STRIDES, 0);
        if (slot->role != READ) {
            prepare(&c, t);
            mat->row_stride = 0;
            refused(t, LOWRANK_STRIDES, 0);
        }
        if (slot->bound == ANY_SHAPE) continue;
        prepare(&c, t);
        if (slot->bound == BOUND_ROWS) mat->rows -= 1;
        else mat->cols -= 1;
        refused(t, LOWRANK_SHAPE, slot->operand);
        CHECK(info->row == slot->rows && info->col == slot->cols);
    }
}

static void wrong_entries(const struct subject *t) {
    const lowrank_info *info = (const lowrank_info *)&c.info;
    size_t s, i;
    int kind;
    if (t->run == call_gemm || t->run == call_svd_truncated_begin) return;
    for (kind = 0; kind < 3; kind++) {
        for (s = 0; s < SLOTS; s++) {
            const struct slot *slot = &t->slots[s];
            size_t cols = slot->cols ? slot->cols : 1;
            int numbers = slot->kind == MATRIX || slot->kind == SPARSE || slot->kind == NUMBERS;
            if (!numbers || slot->role == WRITTEN || (kind == 0 && !slot->nonnegative)) continue;
            for (i = 0; i < slot->rows * cols; i++) {
                prepare(&c, t);
                c.store.numbers[s][i] = kind == 0 ? (T)-1 : kind == 1 ? (T)NAN : -(T)INFINITY;
                refused(t, kind == 0 ? LOWRANK_NEGATIVE : LOWRANK_NON_FINITE, slot->operand);
                CHECK(info->row == i / cols && info->col == i % cols);
            }
        }
    }
}

static void wrong_csr(const struct subject *t) {
    const lowrank_info *info = (const lowrank_info *)&c.info;
    if (t->slots[0].kind != SPARSE) return;
    prepare(&c, t);
    c.given[0] = NULL;
    refused(t, LOWRANK_NULL, LOWRANK_OPERAND_A);
    prepare(&c, t);
    c.given[0] = (char *)&c.csr + 1;
    refused(t, LOWRANK_MISALIGNED, LOWRANK_OPERAND_A);
    prepare(&c, t);
    c.csr.rows = SIZE_MAX;
    refused(t, LOWRANK_SIZE, LOWRANK_OPERAND_A);
    prepare(&c, t);
    c.csr.entries = SIZE_MAX;
    refused(t, LOWRANK_SIZE, LOWRANK_OPERAND_A);
    prepare(&c, t);
    c.csr.entries--;
    refused(t, LOWRANK_CSR, LOWRANK_OPERAND_A);
    prepare(&c, t);
    c.store.sizes[0][0] = 1;
    refused(t, LOWRANK_CSR, LOWRANK_OPERAND_A);
    CHECK(info->row == 0);
    /* Columns that do not ascend, or are there twice. */
    prepare(&c, t);
    c.store.columns[N + 1] = c.store.columns[N + 2];
    refused(t, LOWRANK_CSR, LOWRANK_OPERAND_A);
    CHECK(info->row == 1);
    prepare(&c, t);
    c.store.columns[N + 1] = 2;
    c.store.columns[N + 2] = 1;
    refused(t, LOWRANK_CSR, LOWRANK_OPERAND_A);
    prepare(&c, t);
    c.store.sizes[0][3] = c.store.sizes[0][4] + 1;
    refused(t, LOWRANK_CSR, LOWRANK_OPERAND_A);
    CHECK(info->row == 3);
    prepare(&c, t);
    c.store.columns[2 * N + 1] = N;
    refused(t, LOWRANK_CSR, LOWRANK_OPERAND_A);
    CHECK(info->row == 2);
}

/* ---- Structs and values ------------------------------------------------------------------------------------------ */

static void wrong_structs(const struct subject *t) {
    size_t size;

    prepare(&c, t);
    c.info_given = (lowrank_info *)(c.info.bytes + 1);
    refused(t, LOWRANK_MISALIGNED, 0);
    prepare(&c, t);
    c.info.struct_size = sizeof(lowrank_info) - 1;
    refused(t, LOWRANK_STRUCT_SIZE, 0);
    c.info.struct_size = 4097;
    refused(t, LOWRANK_STRUCT_SIZE, 0);
    /* A later version's info: the fields of this version are written. */
    prepare(&c, t);
    size = sizeof(lowrank_info);
    c.info.struct_size = size + 16;
    memset(c.info.bytes + sizeof(size_t), 0xAB, size + 16);
    CHECK(t->run(&c) == LOWRANK_OK);
    CHECK(c.info.struct_size == size + 16 && c.info.bytes[size] == 0xAB && c.info.bytes[size + 15] == 0xAB);
    CHECK(((const lowrank_info *)&c.info)->converged <= 1 && ((const lowrank_info *)&c.info)->needed == 0);

    if (t->options == NO_OPTIONS) return;
    prepare(&c, t);
    size = c.options.struct_size;
    c.options_given = c.options.bytes + 1;
    refused(t, LOWRANK_MISALIGNED, 0);
    prepare(&c, t);
    c.options.struct_size = 0;
    refused(t, LOWRANK_STRUCT_SIZE, 0);
    c.options.struct_size = size - 1;
    refused(t, LOWRANK_STRUCT_SIZE, 0);
    c.options.struct_size = SIZE_MAX;
    refused(t, LOWRANK_STRUCT_SIZE, 0);
    /* A later version's options, first with a new field that asks for nothing, then with one that does. */
    c.options.struct_size = size + 8;
    CHECK(t->run(&c) == LOWRANK_OK);
    prepare(&c, t);
    c.options.struct_size = size + 8;
    c.options.bytes[size + 7] = 1;
    refused(t, LOWRANK_STRUCT_SIZE, 0);
}

/* `WITH(type, field, value)`: a call whose options have this value in this field. */
#define WITH(type, field, value) (prepare(&c, t), (void)(((type *)&c.options)->field = (value)))

static void wrong_values(const struct subject *t) {
    const lowrank_info *info = (const lowrank_info *)&c.info;
    if (t->choices > 0) {
        prepare(&c, t);
        c.choice = t->choices;
        refused(t, LOWRANK_ENUMERATION, 0);
        c.choice = UINT32_MAX;
        refused(t, LOWRANK_ENUMERATION, 0);
    }
    if (t->has_execution) {
        prepare(&c, t);
        c.execution = 8;
        refused(t, LOWRANK_ENUMERATION, 0);
        /* Backends that this library does not have. */
        c.execution = LOWRANK_MATRIX_MULTIPLY;
        refused(t, LOWRANK_ENUMERATION, 0);
        c.execution = LOWRANK_REPRODUCIBLE + LOWRANK_OPENBLAS;
        refused(t, LOWRANK_ENUMERATION, 0);
    }
    if (t->run == call_svd_jacobi_warm) {
        /* A wide matrix has no V to begin from. */
        prepare(&c, t);
        c.mats[0].rows = N - 1;
        refused(t, LOWRANK_SHAPE, LOWRANK_OPERAND_A);
    }
    if (t->options == SVD_OPTIONS) {
        WITH(lowrank_svd_options, vectors, 2);
        refused(t, LOWRANK_ENUMERATION, 0);
        WITH(lowrank_svd_options, scaled, 2);
        refused(t, LOWRANK_ENUMERATION, 0);
        WITH(lowrank_svd_options, execution, 8);
        refused(t, LOWRANK_ENUMERATION, 0);
        if (t->run != call_svd_batch) {
            static const double wrong[] = {1.5, -0.1, NAN};
            size_t i;
            for (i = 0; i < LENGTH(wrong); i++) {
                WITH(lowrank_svd_options, threshold, wrong[i]);
                refused(t, LOWRANK_OPTION, 0);
            }
        }
    }
    if (t->options == TRUNCATED_OPTIONS) {
        WITH(lowrank_svd_truncated_options, tolerance, -1);
        refused(t, LOWRANK_OPTION, 0);
        WITH(lowrank_svd_truncated_options, execution, 8);
        refused(t, LOWRANK_ENUMERATION, 0);
        /* The block never exceeds the shorter side, so this is no more than it was. */
        WITH(lowrank_svd_truncated_options, oversample, SIZE_MAX);
        CHECK(t->run(&c) == LOWRANK_OK);
    }
    if (t->options == NMF_OPTIONS) {
        int solves = strstr(t->name, "transform_rows") == NULL;
        int penalized = strstr(t->name, "snmf") == NULL;
        WITH(lowrank_nmf_options, tolerance, NAN);
        if (solves) refused(t, LOWRANK_OPTION, 0);
        WITH(lowrank_nmf_options, solver, 2);
        refused(t, LOWRANK_ENUMERATION, 0);
        WITH(lowrank_nmf_options, criterion, 2);
        refused(t, LOWRANK_ENUMERATION, 0);
        WITH(lowrank_nmf_options, extrapolate, 2);
        refused(t, LOWRANK_ENUMERATION, 0);
        WITH(lowrank_nmf_options, execution, 8);
        refused(t, LOWRANK_ENUMERATION, 0);
        WITH(lowrank_nmf_options, l1_left, -1);
        refused(t, LOWRANK_OPTION, 0);
        WITH(lowrank_nmf_options, l2_right, penalized ? INFINITY : 1);
        refused(t, LOWRANK_OPTION, 0);
        WITH(lowrank_nmf_options, beta, strstr(t->name, "divergence") == NULL ? 1 : NAN);
        refused(t, LOWRANK_OPTION, 0);
    }
    if (strstr(t->name, "svd_truncated") != NULL) {
        prepare(&c, t);
        c.rank = 0;
        refused(t, LOWRANK_RANK, 0);
        CHECK(info->needed == N);
        c.rank = N + 1;
        refused(t, LOWRANK_RANK, 0);
        c.rank = SIZE_MAX;
        refused(t, LOWRANK_RANK, 0);
    }
    if (t->run == call_rank || t->run == call_pinv || t->run == call_least_squares) {
        static const double wrong[] = {1, -2, 1e300, NAN};
        size_t i;
        for (i = 0; i < LENGTH(wrong); i++) {
            prepare(&c, t);
            c.tolerance = wrong[i];
            refused(t, LOWRANK_OPTION, 0);
        }
    }
    if (strstr(t->name, "factorize") != NULL || strstr(t->name, "mf_begin") != NULL) {
        prepare(&c, t);
        c.mats[1].cols = 0;
        c.mats[2].rows = 0;
        refused(t, LOWRANK_RANK, 0);
    }
    /* The divergence of Itakura and Saito from a zero is infinite. */
    if (strstr(t->name, "divergence") != NULL) {
        WITH(lowrank_nmf_options, beta, 0);
        c.store.numbers[0][2 * N + 3] = 0;
        refused(t, LOWRANK_ZERO, LOWRANK_OPERAND_A);
        CHECK(info->row == 2 && info->col == 3);
    }
    /* Indices of columns are kept as numbers of type T; no memory holds as many doubles as that would take. */
    if (t->run == call_svd_jacobi_unblocked && sizeof(T) == 4) {
        const size_t side = ((size_t)1 << 24) + 1;
        T *values = malloc(side * sizeof(T));
        CHECK(values != NULL);
        prepare(&c, t);
        c.given[2] = c.given[3] = NULL;
        c.mats[0].rows = c.mats[0].cols = side;
        c.mats[0].row_stride = c.mats[0].col_stride = 0;
        c.given[1] = values;
        refused(t, LOWRANK_TOO_LARGE, 0);
        free(values);
    }
    if (t->run == call_qr || t->run == call_svd_jacobi_unblocked) {
        size_t i;
        prepare(&c, t);
        for (i = 0; i < M * N; i++) c.store.numbers[0][i] = (T)(sizeof(T) == 4 ? 3e38 : 1.7e308);
        refused(t, LOWRANK_OVERFLOW, 0);
        CHECK(info->exponent == (sizeof(T) == 4 ? 128 : 1024) + (t->run == call_svd_jacobi_unblocked ? 2 : 1));
    }
    if (t->run == call_svd_batch) {
        Mat batch = row_major(c.store.numbers[0], 1, 7), s = row_major(c.store.numbers[1], 1, 1);
        prepare(&c, t);
        CHECK(F(lowrank_svd_batch)(&batch, 7, 1, 0, &s, NULL, NULL, NULL, c.info_given) == LOWRANK_TOO_LARGE);
        CHECK(info->needed == 6);
        CHECK(F(lowrank_svd_batch)(&batch, SIZE_MAX, SIZE_MAX, 0, &s, NULL, NULL, NULL, c.info_given) != LOWRANK_OK);
    }
}

/* ---- States ------------------------------------------------------------------------------------------------------ */

/* One of lowrank_update, lowrank_progress and lowrank_finish. */
typedef int32_t (*step)(lowrank_state *state, lowrank_info *info);

static void wrong_states(void) {
    static const step steps[] = {lowrank_update, lowrank_progress, lowrank_finish, F(lowrank_svd_truncated_stop)};
    static lowrank_state none, nmf, truncated, failed;
    lowrank_info info = LOWRANK_INFO_INIT;
    const lowrank_nmf_options nmf_options = LOWRANK_NMF_OPTIONS_INIT;
    uint32_t request = 7;
    T x[M * N], w[M * K], h[K * N], s[K], scratch[LOWRANK_NMF_SCRATCH_LEN(M, N, K)];
    T memory[LOWRANK_SVD_TRUNCATED_BEGIN_SCRATCH_LEN(M, N, K, LOWRANK_OVERSAMPLE)];
    Mat mx = row_major(x, M, N), mw = row_major(w, M, K), mh = row_major(h, K, N), in, out;
    size_t i;
    subject_name = "states";
    for (i = 0; i < M * N; i++) x[i] = (T)(1 + i % 7);
    for (i = 0; i < M * K; i++) w[i] = (T)(1 + i % 3);
    for (i = 0; i < K * N; i++) h[i] = (T)(1 + i % 2);
    CHECK(F(lowrank_nmf_begin)(&nmf, &mx, &mw, &mh, &nmf_options, scratch, LENGTH(scratch), &info) == LOWRANK_OK);
    CHECK(isnan(info.relative_error) && info.iterations == 0);
    CHECK(F(lowrank_svd_truncated_begin)(&truncated, M, M, N, K, 10, 0, NULL, memory, LENGTH(memory), &info) ==
          LOWRANK_OK);

    for (i = 0; i < LENGTH(steps); i++) {
        lowrank_state *other = i < 3 ? &truncated : &nmf;
        CHECK(steps[i](NULL, &info) == LOWRANK_NULL && info.operand == LOWRANK_OPERAND_STATE);
        CHECK(steps[i]((lowrank_state *)((char *)&nmf + 1), &info) == LOWRANK_MISALIGNED);
        CHECK(steps[i](&none, &info) == LOWRANK_STATE && info.operand == LOWRANK_OPERAND_STATE);
        CHECK(steps[i](other, &info) == LOWRANK_STATE);
        CHECK(steps[i](other, NULL) == LOWRANK_STATE);
    }
#ifdef DOUBLE
    CHECK(lowrank_svd_truncated_stop_f32(&truncated, &info) == LOWRANK_STATE);
#else
    CHECK(lowrank_svd_truncated_stop_f64(&truncated, &info) == LOWRANK_STATE);
#endif

    /* A beginning that fails leaves no iteration; an iteration ends once. */
    mh.cols--;
    CHECK(F(lowrank_nmf_begin)(&failed, &mx, &mw, &mh, NULL, scratch, LENGTH(scratch), &info) == LOWRANK_SHAPE);
    CHECK(lowrank_update(&failed, &info) == LOWRANK_STATE);
    mh.cols++;
    CHECK(lowrank_update(&nmf, &info) == LOWRANK_OK && info.iterations == 1 && info.relative_error < 1);
    CHECK(w[1] == 2 && h[1] == 2);
    CHECK(lowrank_finish(&nmf, &info) == LOWRANK_OK && info.iterations == 1);
    CHECK(w[1] != 2 || h[1] != 2);
    CHECK(lowrank_finish(&nmf, &info) == LOWRANK_STATE);

    /* The truncated decomposition: what it asks for, and what it is not given. */
    CHECK(F(lowrank_svd_truncated_finish)(&truncated, s, NULL, NULL, &info) == LOWRANK_UNFINISHED);
    CHECK(F(lowrank_svd_truncated_next)(&truncated, NULL, &in, &out, &info) == LOWRANK_NULL);
    CHECK(F(lowrank_svd_truncated_next)(&truncated, &request, NULL, &out, &info) == LOWRANK_NULL);
    CHECK(F(lowrank_svd_truncated_next)(&truncated, &request, &in, NULL, &info) == LOWRANK_NULL);
    CHECK(F(lowrank_svd_truncated_next)(&truncated, &request, &in, &in, &info) == LOWRANK_OVERLAP);
    CHECK(F(lowrank_svd_truncated_next)(&truncated, &request, (Mat *)(void *)memory, &out, &info) == LOWRANK_OVERLAP);
    for (i = 0; i < 4; i++) {
        char *state = i == 0 ? NULL : i == 1 ? (char *)&truncated + 1 : i == 2 ? (char *)&none : (char *)&nmf;
        const int32_t expected = i == 0 ? LOWRANK_NULL : i == 1 ? LOWRANK_MISALIGNED : LOWRANK_STATE;
        lowrank_state *wrong = (lowrank_state *)(void *)state;
        CHECK(F(lowrank_svd_truncated_next)(wrong, &request, &in, &out, &info) == expected);
        CHECK(F(lowrank_svd_truncated_finish)(wrong, s, NULL, NULL, &info) == expected);
    }
    CHECK(F(lowrank_svd_truncated_next)(&truncated, &request, (Mat *)(void *)((char *)&in + 1), &out, &info) ==
          LOWRANK_MISALIGNED);
    CHECK(request == 7);
    info.struct_size = 1;
    CHECK(F(lowrank_svd_truncated_next)(&truncated, &request, &in, &out, &info) == LOWRANK_STRUCT_SIZE);
    CHECK(F(lowrank_svd_truncated_stop)(&truncated, &info) == LOWRANK_STRUCT_SIZE);
    CHECK(F(lowrank_svd_truncated_finish)(&truncated, s, NULL, NULL, &info) == LOWRANK_STRUCT_SIZE);
    CHECK(lowrank_update(&nmf, &info) == LOWRANK_STRUCT_SIZE);
    info.struct_size = sizeof info;
    CHECK(request == 7);
    CHECK(F(lowrank_svd_truncated_next)(&truncated, &request, &in, &out, &info) == LOWRANK_OK);
    CHECK(request == LOWRANK_APPLY && in.rows == N && out.rows == M && in.cols == out.cols);
    /* A product that the caller has not computed, or spoilt. */
    out.data[3] = (T)NAN;
    while (request != LOWRANK_DONE &&
           F(lowrank_svd_truncated_next)(&truncated, &request, &in, &out, &info) == LOWRANK_OK) {
        for (i = 0; request != LOWRANK_SUM && i < out.rows * out.cols; i++) out.data[i] = (T)NAN;
    }
    CHECK(request != LOWRANK_DONE && info.operand == LOWRANK_OPERAND_C);
    CHECK(F(lowrank_svd_truncated_next)(&truncated, &request, &in, &out, &info) == LOWRANK_NON_FINITE);
    CHECK(F(lowrank_svd_truncated_begin)(&truncated, M, M - 1, N, K, 10, 0, NULL, memory, LENGTH(memory), &info) ==
          LOWRANK_SHAPE);
    CHECK(F(lowrank_svd_truncated_begin)(&truncated, 3, 4, N, K, 10, 0, NULL, memory, LENGTH(memory), &info) ==
          LOWRANK_SHAPE);
    CHECK(info.row == N);
    CHECK(F(lowrank_svd_truncated_begin)(&truncated, M, M, N, K, (T)NAN, 0, NULL, memory, LENGTH(memory), &info) ==
          LOWRANK_OPTION);
    CHECK(F(lowrank_svd_truncated_begin)(&truncated, M, M, N, K, 1, 2000, NULL, memory, LENGTH(memory), &info) ==
          LOWRANK_OPTION);
}

int main(void) {
    size_t i;
    for (i = 0; i < LENGTH(subjects); i++) {
        const struct subject *t = &subjects[i];
        wrong_scratch(t);
        wrong_pointers(t);
        touching_matrices(t);
        wrong_matrices(t);
        wrong_entries(t);
        wrong_csr(t);
        wrong_structs(t);
        wrong_values(t);
    }
    wrong_states();
    printf("refused, %s: %d failures\n", sizeof(T) == 4 ? "float" : "double", failures);
    return failures != 0;
}
