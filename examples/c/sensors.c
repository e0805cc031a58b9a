/*
 * Which motions does a sensor see? The singular value decomposition of twelve readings of six channels, in static
 * memory, and a check that the factors give the readings back.
 *
 *     cargo build --release --manifest-path ffi/Cargo.toml
 *     cc -std=c99 -Iinclude examples/c/sensors.c ffi/target/release/liblowrank.a -o sensors && ./sensors
 */
#include "lowrank.h"

#include <stdio.h>

enum { READINGS = 12, CHANNELS = 6 };

/* Acceleration along x, y and z in m/s^2, and rates of rotation about them in rad/s. */
static float readings[READINGS][CHANNELS] = {
    {0.12f, -0.98f, 9.71f, 1.50f, 0.02f, -0.41f}, {3.40f, -1.15f, 9.02f, -2.25f, 0.11f, 0.37f},
    {5.86f, 0.47f, 7.93f, -4.75f, -0.07f, 0.92f}, {6.91f, 2.73f, 6.38f, 0.50f, 0.04f, -0.15f},
    {5.17f, 6.02f, 4.16f, 6.25f, 0.18f, -1.22f},  {1.88f, 8.64f, 3.05f, 3.75f, -0.13f, -0.71f},
    {-1.94f, 8.51f, 4.42f, -1.00f, 0.09f, 0.24f}, {-4.88f, 6.17f, 5.80f, -3.50f, 0.01f, 0.66f},
    {-6.05f, 2.96f, 7.11f, -5.25f, -0.16f, 1.04f}, {-5.32f, -0.31f, 8.24f, -0.25f, 0.07f, 0.08f},
    {-3.10f, -1.27f, 9.13f, 2.75f, 0.14f, -0.59f}, {-0.45f, -1.08f, 9.68f, 4.50f, -0.05f, -0.93f},
};

static float values[CHANNELS];
static float left[READINGS][CHANNELS];
static float right[CHANNELS][CHANNELS];
static float scratch[LOWRANK_SVD_JACOBI_UNBLOCKED_SCRATCH_LEN(READINGS, CHANNELS)];

/* The sum of |A - U diag(s) V^T| over all entries; NaN if one is. */
static float difference(void) {
    float sum = 0;
    int i, j, p;
    for (i = 0; i < READINGS; i++) {
        for (j = 0; j < CHANNELS; j++) {
            float rest = readings[i][j];
            for (p = 0; p < CHANNELS; p++) {
                rest -= left[i][p] * values[p] * right[j][p];
            }
            sum += rest < 0 ? -rest : rest;
        }
    }
    return sum;
}

int main(void) {
    const lowrank_mat_f32 a = {&readings[0][0], READINGS, CHANNELS, CHANNELS, 1};
    const lowrank_mat_f32 u = {&left[0][0], READINGS, CHANNELS, CHANNELS, 1};
    const lowrank_mat_f32 v = {&right[0][0], CHANNELS, CHANNELS, CHANNELS, 1};
    lowrank_info info = LOWRANK_INFO_INIT;
    float sum;
    int p;

    int32_t status = lowrank_svd_jacobi_unblocked_f32(&a, values, &u, &v, NULL, scratch,
                                                      sizeof scratch / sizeof scratch[0], &info);
    if (status == LOWRANK_NON_FINITE) {
        fprintf(stderr, "reading %zu, channel %zu is not a number\n", info.row, info.col);
        return 1;
    }
    if (status != LOWRANK_OK) {
        fprintf(stderr, "%s\n", lowrank_status_message(status));
        return 1;
    }

    printf("lowrank %s, kernels: %s\n", lowrank_version(), lowrank_kernel_name());
    for (p = 0; p < CHANNELS; p++) {
        printf("%d: %8.4f\n", p, (double)values[p]);
    }
    sum = difference();
    printf("%zu sweeps; %d readings and the factors' product differ by %.1e in all\n", info.iterations,
           READINGS * CHANNELS, (double)sum);
    return info.converged && sum < 1e-3f ? 0 : 1;
}
