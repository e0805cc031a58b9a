/*
 * A parabola through noisy readings, by least squares; and the same when a column says nothing new, where the solution of
 * least norm is found.
 *
 *     cargo build --release --manifest-path ffi/Cargo.toml
 *     cc -std=c99 -Iinclude examples/c/least_squares.c ffi/target/release/liblowrank.a -o least_squares && ./least_squares
 */
#include "lowrank.h"

#include <stdio.h>

enum { READINGS = 8, TERMS = 4 };

static const double times[READINGS] = {0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5};
/* 1 + 20 t - 4.9 t^2, and errors of up to 0.05. */
static double heights[READINGS] = {1.02, 9.74, 16.13, 19.95, 21.43, 20.35, 16.92, 10.93};

static double a[READINGS][TERMS];
static double solution[TERMS];
static double residual;
static double scratch[LOWRANK_LEAST_SQUARES_SCRATCH_LEN(READINGS, TERMS, 1)];

static int solve(size_t terms) {
    const lowrank_mat_f64 ma = {&a[0][0], READINGS, terms, TERMS, 1};
    const lowrank_mat_f64 mb = {heights, READINGS, 1, 1, 1};
    const lowrank_mat_f64 mx = {solution, terms, 1, 1, 1};
    lowrank_info info = LOWRANK_INFO_INIT;
    size_t i;
    int32_t status = lowrank_least_squares_f64(&ma, &mb, &mx, &residual, LOWRANK_ROUNDING, NULL, scratch,
                                               sizeof scratch / sizeof scratch[0], &info);
    if (status != LOWRANK_OK) {
        fprintf(stderr, "%s\n", lowrank_status_message(status));
        return 1;
    }
    printf("rank %zu of %zu:", info.rank, terms);
    for (i = 0; i < terms; i++) printf(" %8.4f", solution[i]);
    printf("   residual %.4f\n", residual);
    return info.rank == 3 && residual < 0.1 ? 0 : 1;
}

int main(void) {
    int i, failed;
    for (i = 0; i < READINGS; i++) {
        a[i][0] = 1;
        a[i][1] = times[i];
        a[i][2] = times[i] * times[i];
        a[i][3] = 2 * times[i];
    }
    failed = solve(3);
    /* The last column is twice the second: between the two the solution is shared, one part to two. */
    failed |= solve(4);
    return failed || solution[3] < 1.99 * solution[1] || solution[3] > 2.01 * solution[1];
}
