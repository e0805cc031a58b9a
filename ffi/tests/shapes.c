/*
 * Matrices large enough for blocks, panels and divided problems, of a few shapes: decompositions by LAPACK's test ratios, and
 * products by the sum of each entry in double.
 */
#include "numbers.h"

static const size_t shapes[][2] = {{17, 17}, {50, 40}, {20, 70}, {130, 18}};

/* LAPACK takes 50 for good. */
#define LIMIT 30

static T *numbers(size_t len) {
    T *x = (T *)malloc((len > 0 ? len : 1) * sizeof(T));
    if (x == NULL) exit(1);
    /* NaN: what is there before must not matter. */
    memset(x, 0xFF, len * sizeof(T));
    return x;
}

static T *random_numbers(size_t len, uint32_t seed) {
    T *x = numbers(len);
    size_t i;
    for (i = 0; i < len; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (T)((double)(seed >> 8) / (1 << 23) - 1);
    }
    return x;
}

static void orthonormal(const Mat *q) {
    const size_t len = lowrank_orthonormality_scratch_len(q->rows, q->cols);
    T *scratch = numbers(len);
    double ratio = NAN;
    CHECK(F(lowrank_orthonormality)(q, &ratio, 0, scratch, len, NULL) == LOWRANK_OK);
    CHECK(ratio <= LIMIT);
    free(scratch);
}

/* V of a matrix of low rank, completed, is orthonormal and the same with U and without. */
static void low_rank(size_t m, size_t n, size_t rank) {
    const size_t k = m < n ? m : n, len = lowrank_svd_jacobi_unblocked_scratch_len(m, n);
    T *a = numbers(m * n), *b = random_numbers(m * rank, 5), *g = random_numbers(rank * n, 6), *s = numbers(k);
    T *u = numbers(m * k), *v = numbers(n * k), *again = numbers(n * k), *scratch = numbers(len);
    const Mat ma = row_major(a, m, n), mu = row_major(u, m, k), mv = row_major(v, n, k), more = row_major(again, n, k);
    size_t i, j, l;
    subject_name = "low rank";
    for (i = 0; i < m; i++) {
        for (j = 0; j < n; j++) {
            a[i * n + j] = 0;
            /* Integers, so that the rank is exact. */
            for (l = 0; l < rank; l++) a[i * n + j] += (T)floor(4 * b[i * rank + l]) * (T)floor(4 * g[l * n + j]);
        }
    }
    CHECK(F(lowrank_svd_jacobi_unblocked)(&ma, s, &mu, &mv, NULL, scratch, len, NULL) == LOWRANK_OK);
    CHECK(F(lowrank_svd_jacobi_unblocked)(&ma, s, NULL, &more, NULL, scratch, len, NULL) == LOWRANK_OK);
    for (i = rank; i < k; i++) CHECK(s[i] <= LIMIT * (T)EPSILON * s[0]);
    orthonormal(&mu);
    orthonormal(&mv);
    CHECK(memcmp(v, again, n * k * sizeof(T)) == 0);
    free(a), free(b), free(g), free(s), free(u), free(v), free(again), free(scratch);
}

typedef int32_t (*method)(const Mat *a, T *s, const Mat *u, const Mat *v, const lowrank_svd_options *options, T *scratch,
                          size_t scratch_len, lowrank_info *info);

static void decomposition(const char *name, method run, size_t (*scratch_len)(size_t, size_t), size_t m, size_t n) {
    const size_t k = m < n ? m : n, len = scratch_len(m, n), check = lowrank_residual_scratch_len(m, n, k);
    T *a = random_numbers(m * n, 1), *s = numbers(k), *u = numbers(m * k), *v = numbers(n * k);
    T *scratch = numbers(len), *more = numbers(check);
    const Mat ma = row_major(a, m, n), mu = row_major(u, m, k), mv = row_major(v, n, k);
    double ratio = NAN;
    size_t i;
    subject_name = name;
    CHECK(run(&ma, s, &mu, &mv, NULL, scratch, len, NULL) == LOWRANK_OK);
    for (i = 1; i < k; i++) CHECK(s[i] <= s[i - 1] && s[i] >= 0);
    CHECK(F(lowrank_residual)(&ma, &mu, s, k, &mv, &ratio, 0, more, check, NULL) == LOWRANK_OK);
    CHECK(ratio <= LIMIT);
    orthonormal(&mu);
    orthonormal(&mv);
    free(a), free(s), free(u), free(v), free(scratch), free(more);
}

/* C = A B, of A and of its transpose. */
static void product(size_t m, size_t n) {
    const size_t k = m + 5;
    size_t i, j, l, len = lowrank_gemm_scratch_len(m, n, k);
    T *a = random_numbers(m * k, 1), *b = random_numbers(k * n, 2), *c = numbers(m * n), *scratch = numbers(len);
    Mat ma = row_major(a, m, k), mb = row_major(b, k, n), mc = row_major(c, m, n);
    int transposed;
    for (transposed = 0; transposed < 2; transposed++) {
        subject_name = transposed ? "product with a transpose" : "product";
        if (transposed) ma.row_stride = 1, ma.col_stride = m;
        CHECK(F(lowrank_gemm)(1, &ma, &mb, 0, &mc, 0, scratch, len, NULL) == LOWRANK_OK);
        for (i = 0; i < m; i++) {
            for (j = 0; j < n; j++) {
                double sum = 0;
                for (l = 0; l < k; l++) sum += (double)a[i * ma.row_stride + l * ma.col_stride] * (double)b[l * n + j];
                CHECK(fabs((double)c[i * n + j] - sum) <= (double)k * EPSILON);
            }
        }
    }
    free(a), free(b), free(c), free(scratch);
}

static void factorization(size_t m, size_t n) {
    const size_t k = m < n ? m : n, len = lowrank_qr_scratch_len(m, n);
    T *a = random_numbers(m * n, 3), *q = numbers(m * k), *r = numbers(k * n), *scratch = numbers(len);
    const Mat ma = row_major(a, m, n), mq = row_major(q, m, k), mr = row_major(r, k, n);
    size_t i, j, l;
    subject_name = "qr";
    CHECK(F(lowrank_qr)(&ma, 0, &mq, &mr, 0, scratch, len, NULL) == LOWRANK_OK);
    orthonormal(&mq);
    for (i = 0; i < m; i++) {
        for (j = 0; j < n; j++) {
            double sum = 0;
            for (l = 0; l < k; l++) sum += (double)q[i * k + l] * (double)r[l * n + j];
            CHECK(fabs((double)a[i * n + j] - sum) <= LIMIT * (double)(m + n) * EPSILON);
        }
    }
    free(a), free(q), free(r), free(scratch);
}

int main(void) {
    size_t i;
    for (i = 0; i < LENGTH(shapes); i++) {
        const size_t m = shapes[i][0], n = shapes[i][1];
        product(m, n);
        factorization(m, n);
        decomposition("svd", F(lowrank_svd), lowrank_svd_scratch_len, m, n);
        decomposition("golub_kahan", F(lowrank_svd_golub_kahan), lowrank_svd_golub_kahan_scratch_len, m, n);
        decomposition("jacobi", F(lowrank_svd_jacobi), lowrank_svd_jacobi_scratch_len, m, n);
    }
    for (i = 1; i < 4; i++) {
        low_rank(3, 3, i);
        low_rank(9, 5, i);
        low_rank(7, 12, i);
        low_rank(17, 17, i);
    }
    printf("shapes, %s: %d failures\n", sizeof(T) == 4 ? "float" : "double", failures);
    return failures != 0;
}
