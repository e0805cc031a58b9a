/* What every function computes: against its definition, and the same bits however it is asked. */
#include "subjects.h"

/* Who else may compute: another backend, if the library has one. */
#ifndef EXECUTION
#define EXECUTION LOWRANK_REPRODUCIBLE
#endif

/* What the results must be accurate to. */
#define TOLERANCE (100 * EPSILON)

static struct call c, plain;

static T at(const Mat *a, size_t i, size_t j) {
    return a->data[i * a->row_stride + j * a->col_stride];
}

static const struct subject *named(const char *name) {
    size_t i;
    for (i = 0; i < LENGTH(subjects); i++) {
        if (strcmp(subjects[i].name, name) == 0) return &subjects[i];
    }
    printf("no subject %s\n", name);
    exit(1);
}

/* ---- Any function ------------------------------------------------------------------------------------------------ */

/* Every slot of both calls holds the same numbers, whatever the layout of its matrices. */
static int same_results(const struct subject *t, const struct call *one, const struct call *other) {
    size_t s, i, j;
    for (s = 0; s < SLOTS; s++) {
        if (t->slots[s].kind != MATRIX) {
            if (memcmp(one->store.numbers[s], other->store.numbers[s], sizeof one->store.numbers[s]) != 0) return 0;
            if (memcmp(one->store.sizes[s], other->store.sizes[s], sizeof one->store.sizes[s]) != 0) return 0;
            if (memcmp(one->store.doubles[s], other->store.doubles[s], sizeof one->store.doubles[s]) != 0) return 0;
            continue;
        }
        for (i = 0; i < t->slots[s].rows; i++) {
            for (j = 0; j < t->slots[s].cols; j++) {
                T x = at(&one->mats[s], i, j), y = at(&other->mats[s], i, j);
                if (memcmp(&x, &y, sizeof x) != 0) return 0;
            }
        }
    }
    return 1;
}

/* Lays out matrix `s` of the call column after column, with gaps of NaN. */
static void spread(struct call *call, size_t s) {
    T old[ROOM];
    Mat *mat = &call->mats[s];
    size_t i, j, rows = mat->rows, cols = mat->cols;
    memcpy(old, call->store.numbers[s], sizeof old);
    for (i = 0; i < ROOM; i++) call->store.numbers[s][i] = (T)NAN;
    mat->row_stride = 1;
    mat->col_stride = rows + 1;
    for (i = 0; i < rows; i++) {
        for (j = 0; j < cols; j++) mat->data[i + j * mat->col_stride] = old[i * cols + j];
    }
}

static void any_function(const struct subject *t) {
    static struct call before;
    const lowrank_info *info = (const lowrank_info *)&c.info;
    uint32_t choice;
    size_t s;

    prepare(&c, t);
    memcpy(&before, &c, sizeof c);
    CHECK(t->run(&c) == LOWRANK_OK);
    CHECK(info->struct_size == sizeof *info && info->operand == 0 && info->needed == 0);
    CHECK((info->iterations > 0) == t->iterates);
    CHECK(c.scratch[c.scratch_len] == 3);
    /* Only the outputs have changed, and of their memory only what belongs to them. */
    for (s = 0; s < SLOTS; s++) {
        const struct slot *slot = &t->slots[s];
        size_t written = slot->role == READ || slot->kind == NOTHING ? 0 : slot->rows * (slot->cols ? slot->cols : 1);
        int numbers = slot->kind == MATRIX || slot->kind == NUMBERS;
        if (numbers) memcpy(before.store.numbers[s], c.store.numbers[s], written * sizeof(T));
        if (slot->kind == SIZES) memcpy(before.store.sizes[s], c.store.sizes[s], written * sizeof(size_t));
        if (slot->kind == DOUBLES) memcpy(before.store.doubles[s], c.store.doubles[s], written * sizeof(double));
    }
    CHECK(memcmp(&before.store, &c.store, sizeof c.store) == 0);

    /* No info, and more scratch than needed: the same bits. */
    prepare(&plain, t);
    plain.info_given = NULL;
    plain.scratch_len += t->scratch_len != 0;
    CHECK(t->run(&plain) == LOWRANK_OK);
    CHECK(same_results(t, &c, &plain));

    /* The defaults are what the macros say. */
    if (t->options != NO_OPTIONS && strstr(t->name, "divergence") == NULL) {
        prepare(&plain, t);
        plain.options_given = NULL;
        CHECK(t->run(&plain) == LOWRANK_OK);
        CHECK(same_results(t, &c, &plain));
    }

    /* Any layout has the same bits. The driven truncated decomposition reads A itself, row after row. */
    for (s = 0; s < SLOTS; s++) {
        if (t->slots[s].kind != MATRIX || (t->run == call_svd_truncated_begin && s == 0)) continue;
        prepare(&plain, t);
        spread(&plain, s);
        CHECK(t->run(&plain) == LOWRANK_OK);
        CHECK(same_results(t, &c, &plain));
    }

    /* What is left out changes nothing else; but U without V follows the sign rule itself. */
    for (s = 0; s < SLOTS; s++) {
        int decides_signs = t->slots[s].operand == LOWRANK_OPERAND_RIGHT && t->run != call_qr && t->run != call_polar;
        if (!t->slots[s].optional || decides_signs) continue;
        prepare(&plain, t);
        plain.given[s] = NULL;
        CHECK(t->run(&plain) == LOWRANK_OK);
        memcpy(plain.store.numbers[s], c.store.numbers[s], sizeof c.store.numbers[s]);
        CHECK(same_results(t, &c, &plain));
    }

    /* Every value of an enumeration is known. */
    for (choice = 1; choice < t->choices; choice++) {
        prepare(&plain, t);
        plain.choice = choice;
        if (t->run == call_qr || t->run == call_qr_pivoted) plain.given[1] = plain.given[2] = NULL;
        CHECK(t->run(&plain) == LOWRANK_OK);
    }

    /* Other kernels are chosen. */
    prepare(&plain, t);
    plain.execution = EXECUTION;
    if (t->options == SVD_OPTIONS) ((lowrank_svd_options *)&plain.options)->execution = EXECUTION;
    if (t->options == TRUNCATED_OPTIONS) ((lowrank_svd_truncated_options *)&plain.options)->execution = EXECUTION;
    if (t->options == NMF_OPTIONS) ((lowrank_nmf_options *)&plain.options)->execution = EXECUTION;
    CHECK(t->run(&plain) == LOWRANK_OK);
}

/* ---- Definitions ------------------------------------------------------------------------------------------------- */

/* The sum over p of left(i, p) weights[p] right(p, j), the right factor transposed if it is V. */
static double entry(const Mat *left, const T *weights, const Mat *right, int transposed, size_t i, size_t j) {
    double sum = 0;
    size_t p;
    for (p = 0; p < left->cols; p++) {
        sum += (double)at(left, i, p) * (weights ? (double)weights[p] : 1) *
               (double)(transposed ? at(right, j, p) : at(right, p, j));
    }
    return sum;
}

/* |A - L diag(weights) R| / |A| in the Frobenius norm. */
static double error_of(const Mat *a, const Mat *left, const T *weights, const Mat *right, int transposed) {
    double error = 0, norm = 0;
    size_t i, j;
    for (i = 0; i < a->rows; i++) {
        for (j = 0; j < a->cols; j++) {
            double x = (double)at(a, i, j), rest = x - entry(left, weights, right, transposed, i, j);
            error += rest * rest;
            norm += x * x;
        }
    }
    return sqrt(error / norm);
}

/* The largest entry of |Q^T Q - I|. */
static double lack_of_orthonormality(const Mat *q) {
    double largest = 0;
    size_t i, j, p;
    for (i = 0; i < q->cols; i++) {
        for (j = 0; j < q->cols; j++) {
            double sum = -(i == j);
            for (p = 0; p < q->rows; p++) sum += (double)at(q, p, i) * (double)at(q, p, j);
            largest = fabs(sum) > largest ? fabs(sum) : largest;
        }
    }
    return largest;
}

static const lowrank_info *run(const char *name) {
    const struct subject *t = named(name);
    prepare(&c, t);
    CHECK(t->run(&c) == LOWRANK_OK);
    return (const lowrank_info *)&c.info;
}

static void products_and_qr(void) {
    size_t i, j;
    run("gemm");
    for (i = 0; i < M; i++) {
        for (j = 0; j < COLS; j++) {
            CHECK(fabs(2 * entry(&c.mats[0], NULL, &c.mats[1], 0, i, j) - (double)at(&c.mats[2], i, j)) < TOLERANCE * 10);
        }
    }
    run("qr");
    CHECK(error_of(&c.mats[0], &c.mats[1], NULL, &c.mats[2], 0) < TOLERANCE);
    CHECK(lack_of_orthonormality(&c.mats[1]) < TOLERANCE);
    run("qr_pivoted");
    for (i = 0; i < M; i++) {
        for (j = 0; j < N; j++) {
            size_t pivot = c.store.sizes[3][j];
            CHECK(pivot < N);
            CHECK(fabs((double)at(&c.mats[0], i, pivot) - entry(&c.mats[1], NULL, &c.mats[2], 0, i, j)) < TOLERANCE);
        }
    }
    for (j = 1; j < N; j++) CHECK(fabs((double)at(&c.mats[2], j, j)) <= fabs((double)at(&c.mats[2], j - 1, j - 1)));
}

static void decompositions(void) {
    static const char *const methods[] = {"svd", "svd_golub_kahan", "svd_jacobi", "svd_jacobi_unblocked",
                                          "svd_jacobi_warm"};
    static T first[N];
    T in_place[M * N];
    Mat a, u;
    size_t i, b, p;
    for (i = 0; i < LENGTH(methods); i++) {
        const lowrank_info *info = run(methods[i]);
        const T *s = c.store.numbers[1];
        CHECK(info->converged == 1 && info->rank == N);
        CHECK(error_of(&c.mats[0], &c.mats[2], s, &c.mats[3], 1) < TOLERANCE);
        CHECK(lack_of_orthonormality(&c.mats[2]) < TOLERANCE && lack_of_orthonormality(&c.mats[3]) < TOLERANCE);
        if (i == 0) memcpy(first, s, sizeof first);
        for (p = 0; p < N; p++) {
            CHECK(fabs((double)(s[p] - first[p])) < TOLERANCE * (double)first[0]);
            CHECK(p == 0 || s[p] <= s[p - 1]);
        }
    }

    prepare(&c, named("svd_golub_kahan_in_place"));
    memcpy(in_place, c.store.numbers[0], sizeof in_place);
    a = row_major(in_place, M, N);
    CHECK(call_svd_golub_kahan_in_place(&c) == LOWRANK_OK);
    CHECK(error_of(&a, &c.mats[0], c.store.numbers[1], &c.mats[2], 1) < TOLERANCE);
    CHECK(lack_of_orthonormality(&c.mats[0]) < TOLERANCE);

    /* Matrix b of the batch. */
    run("svd_batch");
    for (b = 0; b < M; b++) {
        Mat v = row_major(c.store.numbers[3] + b * WIDE * WIDE, WIDE, WIDE);
        a = row_major(c.store.numbers[0] + b * HIGH * WIDE, HIGH, WIDE);
        u = row_major(c.store.numbers[2] + b * HIGH * WIDE, HIGH, WIDE);
        CHECK(error_of(&a, &u, c.store.numbers[1] + b * WIDE, &v, 1) < TOLERANCE);
    }

    /* A threshold between the values drops the smaller ones; scaled values are the others' but for the exponent. */
    prepare(&c, named("svd"));
    ((lowrank_svd_options *)&c.options)->threshold = (double)(first[1] + first[2]) / 2 / (double)first[0];
    CHECK(call_svd(&c) == LOWRANK_OK && ((lowrank_info *)&c.info)->rank == 2 && c.store.numbers[1][2] == 0);
    prepare(&c, named("svd"));
    for (i = 0; i < M * N; i++) c.store.numbers[0][i] *= (T)(sizeof(T) == 4 ? 0x1p126 : 0x1p1022);
    CHECK(call_svd(&c) == LOWRANK_OVERFLOW);
    ((lowrank_svd_options *)&c.options)->scaled = 1;
    CHECK(call_svd(&c) == LOWRANK_OK);
    p = (size_t)(((lowrank_info *)&c.info)->exponent + (sizeof(T) == 4 ? 126 : 1022));
    CHECK(fabs(ldexp((double)first[0], (int)p) - (double)c.store.numbers[1][0]) < TOLERANCE * ldexp((double)first[0], (int)p));
    CHECK(lack_of_orthonormality(&c.mats[2]) < TOLERANCE);
}

static void solutions(void) {
    const lowrank_info *info;
    Mat product;
    T entries[M * M];
    size_t i, j, p;

    run("rank");
    CHECK(c.store.sizes[1][0] == N);
    prepare(&c, named("rank"));
    c.tolerance = 0.9;
    CHECK(call_rank(&c) == LOWRANK_OK && c.store.sizes[1][0] == 1);
    run("svd");
    {
        double quotient = (double)c.store.numbers[1][0] / (double)c.store.numbers[1][N - 1];
        info = run("condition_number");
        CHECK(fabs(c.store.doubles[1][0] / quotient - 1) < TOLERANCE * quotient && info->condition > 1);
    }

    /* A X A = A. */
    info = run("pinv");
    CHECK(info->rank == N && info->condition > 1);
    for (i = 0; i < M; i++) {
        for (j = 0; j < M; j++) entries[i * M + j] = (T)entry(&c.mats[0], NULL, &c.mats[1], 0, i, j);
    }
    product = row_major(entries, M, M);
    CHECK(error_of(&c.mats[0], &product, NULL, &c.mats[0], 0) < TOLERANCE * info->condition);

    /* The residual is orthogonal to the columns of A, and as long as it is said to be. */
    info = run("least_squares");
    CHECK(info->rank == N);
    for (j = 0; j < COLS; j++) {
        double rest[M], square = 0;
        for (i = 0; i < M; i++) {
            rest[i] = (double)at(&c.mats[1], i, j) - entry(&c.mats[0], NULL, &c.mats[2], 0, i, j);
            square += rest[i] * rest[i];
        }
        CHECK(fabs(sqrt(square) - (double)c.store.numbers[3][j]) < TOLERANCE * 10);
        for (p = 0; p < N; p++) {
            double sum = 0;
            for (i = 0; i < M; i++) sum += (double)at(&c.mats[0], i, p) * rest[i];
            CHECK(fabs(sum) < TOLERANCE * 10 * info->condition);
        }
    }

    run("polar");
    CHECK(error_of(&c.mats[0], &c.mats[1], NULL, &c.mats[2], 0) < TOLERANCE);
    CHECK(lack_of_orthonormality(&c.mats[1]) < TOLERANCE);
    for (i = 0; i < N; i++) {
        for (j = 0; j < N; j++) CHECK(at(&c.mats[2], i, j) == at(&c.mats[2], j, i));
    }
    run("nearest_rotation");
    CHECK(lack_of_orthonormality(&c.mats[1]) < TOLERANCE);
    run("procrustes");
    CHECK(lack_of_orthonormality(&c.mats[2]) < TOLERANCE);
    {
        /* The rotation that turns A into B is found: B is A with its first two columns turned by a right angle. */
        prepare(&c, named("procrustes_rotation"));
        for (i = 0; i < M; i++) {
            for (j = 2; j < N; j++) c.mats[1].data[i * N + j] = at(&c.mats[0], i, j);
            c.mats[1].data[i * N] = -at(&c.mats[0], i, 1);
            c.mats[1].data[i * N + 1] = at(&c.mats[0], i, 0);
        }
        CHECK(call_procrustes_rotation(&c) == LOWRANK_OK);
        CHECK(error_of(&c.mats[1], &c.mats[0], NULL, &c.mats[2], 0) < TOLERANCE * 10);
        CHECK(fabs((double)at(&c.mats[2], 0, 1) - 1) < TOLERANCE * 10);
    }
}

static void measures(void) {
    static struct call factors;
    double ratio;
    run("svd");
    memcpy(&factors, &c, sizeof c);
    prepare(&c, named("orthonormality"));
    memcpy(c.store.numbers[0], factors.store.numbers[2], sizeof c.store.numbers[0]);
    CHECK(call_orthonormality(&c) == LOWRANK_OK);
    ratio = c.store.doubles[1][0];
    CHECK(ratio >= 0 && ratio < 30);
    c.store.numbers[0][3] += (T)(1e6 * EPSILON);
    CHECK(call_orthonormality(&c) == LOWRANK_OK && c.store.doubles[1][0] > 30);

    prepare(&c, named("residual"));
    memcpy(c.store.numbers[1], factors.store.numbers[2], sizeof c.store.numbers[0]);
    memcpy(c.store.numbers[2], factors.store.numbers[1], sizeof c.store.numbers[0]);
    memcpy(c.store.numbers[3], factors.store.numbers[3], sizeof c.store.numbers[0]);
    CHECK(call_residual(&c) == LOWRANK_OK);
    CHECK(c.store.doubles[4][0] >= 0 && c.store.doubles[4][0] < 30);
    c.store.numbers[2][0] *= 2;
    CHECK(call_residual(&c) == LOWRANK_OK && c.store.doubles[4][0] > 30);
}

/* The best error of rank K, from the values of the whole decomposition. */
static double best_error(void) {
    double square = 0, rest = 0;
    size_t p;
    run("svd");
    for (p = 0; p < N; p++) {
        double s = (double)c.store.numbers[1][p];
        square += s * s;
        if (p >= K) rest += s * s;
    }
    return sqrt(rest / square);
}

static void leading_parts(double best) {
    static const char *const methods[] = {"svd_truncated", "svd_truncated_csr", "svd_truncated_begin"};
    size_t i;
    for (i = 0; i < LENGTH(methods); i++) {
        const lowrank_info *info = run(methods[i]);
        double error = error_of(&c.mats[0], &c.mats[2], c.store.numbers[1], &c.mats[3], 1);
        if (i == 1) c.mats[0] = row_major(c.store.numbers[0], M, N);
        CHECK(info->converged == 1 && fabs(error - best) < TOLERANCE);
        CHECK(fabs(info->relative_error - error) < TOLERANCE * 10);
        CHECK(lack_of_orthonormality(&c.mats[2]) < TOLERANCE && lack_of_orthonormality(&c.mats[3]) < TOLERANCE);
    }
}

static void factors(double best) {
    /* The columns: what it is called, the slots of its factors, and whether they are non-negative. */
    static const struct {
        const char *name;
        size_t left, right;
        int left_is_nonnegative, right_is_nonnegative;
    } methods[] = {
        {"nmf_factorize", 1, 2, 1, 1},
        {"nmf_factorize_csr", 1, 2, 1, 1},
        {"nmf_begin", 1, 2, 1, 1},
        {"nmf_begin_csr", 1, 2, 1, 1},
        {"nmf_transform", 2, 1, 1, 1},
        {"nmf_transform_csr", 2, 1, 1, 1},
        {"snmf_factorize", 1, 2, 0, 1},
        {"snmf_factorize_csr", 1, 2, 0, 1},
        {"snmf_begin", 1, 2, 0, 1},
        {"snmf_begin_csr", 1, 2, 0, 1},
        {"snmf_transform_rows", 2, 1, 0, 1},
        {"snmf_transform_rows_csr", 2, 1, 0, 1},
        {"snmf_transform_columns", 1, 2, 0, 1},
        {"snmf_transform_columns_csr", 1, 2, 0, 1},
        {"nmf_divergence_factorize", 1, 2, 1, 1},
        {"nmf_divergence_factorize_csr", 1, 2, 1, 1},
        {"nmf_divergence_begin", 1, 2, 1, 1},
        {"nmf_divergence_begin_csr", 1, 2, 1, 1},
        {"nmf_divergence_transform", 2, 1, 1, 1},
        {"nmf_divergence_transform_csr", 2, 1, 1, 1},
        {"nmf_nndsvd", 1, 2, 1, 1},
        {"nmf_nndsvd_csr", 1, 2, 1, 1},
    };
    T dense[SLOTS][ROOM];
    size_t i, j, p;
    for (i = 0; i < LENGTH(methods); i++) {
        const lowrank_info *info = run(methods[i].name);
        const Mat *left = &c.mats[methods[i].left], *right = &c.mats[methods[i].right];
        int divergence = strstr(methods[i].name, "divergence") != NULL;
        Mat x = row_major(c.store.numbers[0], M, N);
        double error = error_of(&x, left, NULL, right, 0);
        /* None is better than the best, and the smallest columns of the matrix make none much worse than the mean. */
        CHECK(error > best - TOLERANCE && error < 0.75);
        if (info->iterations > 0 && !divergence && strstr(methods[i].name, "nndsvd") == NULL) {
            CHECK(fabs(info->relative_error - error) < TOLERANCE * 10);
            CHECK(info->objective > 0 && info->terms > 0.5);
        }
        if (divergence) {
            /* Sums of |v| and of x ln(x / v) - x + v, of which the relative error is the root of the quotient. */
            double sum = 0, size = 0;
            for (p = 0; p < M; p++) {
                for (j = 0; j < N; j++) {
                    double y = (double)at(&x, p, j), v = entry(left, NULL, right, 0, p, j);
                    sum += y * log(y / v) - y + v;
                    size += y;
                }
            }
            CHECK(fabs(info->relative_error - sqrt(sum / size)) < 1e-3 * info->relative_error);
        }
        if (strstr(methods[i].name, "factorize") != NULL) CHECK(info->stop != LOWRANK_STOP_NONE);
        for (p = 0; p < left->rows * left->cols && methods[i].left_is_nonnegative; p++) CHECK(left->data[p] >= 0);
        for (p = 0; p < right->rows * right->cols && methods[i].right_is_nonnegative; p++) CHECK(right->data[p] >= 0);

        /* The sparse twin follows, and finds nearly the same. */
        if (i % 2 == 0) {
            memcpy(dense, c.store.numbers, sizeof dense);
        } else if (strstr(methods[i].name, "begin") == NULL && strstr(methods[i].name, "factorize") == NULL) {
            for (p = 0; p < M * K; p++) {
                double difference = (double)(dense[methods[i].left][p] - c.store.numbers[methods[i].left][p]);
                CHECK(fabs(difference) < 1e4 * EPSILON);
            }
        }
    }
    /* An update after the other comes to where the factorization ends that makes as many. */
    prepare(&c, named("nmf_factorize"));
    ((lowrank_nmf_options *)&c.options)->max_iterations = 12;
    ((lowrank_nmf_options *)&c.options)->tolerance = 0;
    CHECK(call_nmf_factorize(&c) == LOWRANK_OK && ((lowrank_info *)&c.info)->stop == LOWRANK_STOP_MAX_ITERATIONS);
    memcpy(dense, c.store.numbers, sizeof dense);
    run("nmf_begin");
    CHECK(memcmp(dense[1], c.store.numbers[1], M * K * sizeof(T)) == 0 && ((lowrank_info *)&c.info)->iterations == 12);
}

static void starts(void) {
    static const char *const names[] = {"nmf_random_start", "nmf_random_start_csr", "snmf_svd_start",
                                        "snmf_svd_start_csr", "snmf_kmeans_start", "snmf_kmeans_start_csr"};
    size_t i, p;
    for (i = 0; i < LENGTH(names); i++) {
        const Mat *g;
        run(names[i]);
        g = &c.mats[i < 2 ? 2 : 1];
        for (p = 0; p < K * N; p++) CHECK(g->data[p] >= 0 && g->data[p] < 10);
    }
    run("snmf_random_start");
    for (p = 0; p < K * N; p++) CHECK(c.store.numbers[0][p] > 0 && c.store.numbers[0][p] <= 1);
    for (p = 0; p < 3; p++) {
        T before[M * N];
        size_t j;
        prepare(&c, named("nmf_normalize"));
        for (j = 0; j < M * N; j++) before[j] = (T)entry(&c.mats[0], NULL, &c.mats[1], 0, j / N, j % N);
        c.choice = (uint32_t)p;
        CHECK(call_nmf_normalize(&c) == LOWRANK_OK);
        for (i = 0; i < K; i++) {
            double one = 0, two = 0, max = 0;
            for (j = 0; j < N; j++) {
                double x = fabs((double)at(&c.mats[1], i, j));
                one += x;
                two += x * x;
                max = x > max ? x : max;
            }
            CHECK(fabs((p == LOWRANK_NORM_ONE ? one : p == LOWRANK_NORM_TWO ? sqrt(two) : max) - 1) < TOLERANCE);
        }
        for (j = 0; j < M * N; j++) {
            CHECK(fabs((double)before[j] - entry(&c.mats[0], NULL, &c.mats[1], 0, j / N, j % N)) < TOLERANCE);
        }
    }
}

/* ---- The edges --------------------------------------------------------------------------------------------------- */

static void full_and_empty(void) {
    T a[M * N], u[M * M], v[N * N], s[N], scratch[LOWRANK_SVD_SCRATCH_LEN(M, N)];
    lowrank_svd_options options = LOWRANK_SVD_OPTIONS_INIT;
    lowrank_info info = LOWRANK_INFO_INIT;
    Mat ma = row_major(a, M, N), mu = row_major(u, M, M), mv = row_major(v, N, N), empty = row_major(NULL, 0, N);
    size_t i;
    subject_name = "full and empty";
    for (i = 0; i < M * N; i++) a[i] = 1;
    options.vectors = LOWRANK_FULL;
    CHECK(F(lowrank_svd)(&ma, s, &mu, &mv, &options, scratch, LENGTH(scratch), &info) == LOWRANK_OK);
    CHECK(info.rank >= 1 && fabs((double)s[0] - sqrt(M * N)) < 10 * TOLERANCE);
    CHECK(lack_of_orthonormality(&mu) < TOLERANCE && lack_of_orthonormality(&mv) < TOLERANCE);
    CHECK(F(lowrank_svd)(&empty, NULL, NULL, NULL, NULL, scratch, LENGTH(scratch), NULL) == LOWRANK_OK);
    mu.rows = 0;
    mv.cols = 0;
    CHECK(F(lowrank_gemm)(1, &mu, &mv, 0, &mv, 0, NULL, 0, &info) == LOWRANK_SHAPE);
}

static void names(void) {
    static const int32_t statuses[] = {LOWRANK_OK,          LOWRANK_SLICE_TOO_SHORT, LOWRANK_STRIDES,
                                       LOWRANK_SHAPE,       LOWRANK_SCRATCH_TOO_SMALL, LOWRANK_NON_FINITE,
                                       LOWRANK_NEGATIVE,    LOWRANK_OVERLAP,         LOWRANK_RANK,
                                       LOWRANK_TOO_LARGE,   LOWRANK_OPTION,          LOWRANK_OVERFLOW,
                                       LOWRANK_CSR,         LOWRANK_OPERATOR,        LOWRANK_ZERO,
                                       LOWRANK_UNFINISHED,  LOWRANK_NULL,            LOWRANK_MISALIGNED,
                                       LOWRANK_SIZE,        LOWRANK_ENUMERATION,     LOWRANK_STRUCT_SIZE,
                                       LOWRANK_STATE,       LOWRANK_UNKNOWN};
    const char *none = lowrank_status_message(-1);
    size_t i, j;
    subject_name = "names";
    CHECK(strcmp(lowrank_version(), LOWRANK_VERSION) == 0);
#ifdef KERNELS
    CHECK(strcmp(lowrank_kernel_name(), KERNELS) == 0);
#else
    CHECK(strcmp(lowrank_kernel_name(), "unknown") != 0);
#endif
    for (i = 0; i < LENGTH(statuses); i++) {
        const char *message = lowrank_status_message(statuses[i]);
        CHECK(strlen(message) > 0 && strcmp(message, none) != 0);
        for (j = 0; j < i; j++) CHECK(strcmp(message, lowrank_status_message(statuses[j])) != 0);
    }
    CHECK(strcmp(lowrank_status_message(INT32_MIN), none) == 0 && strcmp(lowrank_status_message(16), none) == 0);
}

int main(void) {
    double best;
    size_t i;
    for (i = 0; i < LENGTH(subjects); i++) any_function(&subjects[i]);
    products_and_qr();
    decompositions();
    solutions();
    measures();
    best = best_error();
    leading_parts(best);
    factors(best);
    starts();
    full_and_empty();
    names();
    printf("results, %s: %d failures\n", sizeof(T) == 4 ? "float" : "double", failures);
    return failures != 0;
}
