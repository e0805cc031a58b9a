/*
 * Which notes are in a recording, and when? Non-negative matrix factorization of a small spectrogram: the columns of W are
 * the spectra of the notes, the rows of H tell how loud each is in each frame. Kullback-Leibler divergence, as is usual for
 * sound, update by update.
 *
 *     cargo build --release --manifest-path ffi/Cargo.toml
 *     cc -std=c99 -Iinclude examples/c/spectrogram.c ffi/target/release/liblowrank.a -lm -o spectrogram && ./spectrogram
 */
#include "lowrank.h"

#include <math.h>
#include <stdio.h>

enum { BINS = 24, FRAMES = 16, NOTES = 3 };

static double spectrogram[BINS][FRAMES];
static double spectra[BINS][NOTES];
static double loudness[NOTES][FRAMES];
static double scratch[LOWRANK_NMF_DIVERGENCE_SCRATCH_LEN(BINS, FRAMES, NOTES)];

/* Three notes with four overtones each: one after the other, then all together. */
static void record(void) {
    static const int base[NOTES] = {3, 4, 5};
    int note, overtone, frame;
    for (note = 0; note < NOTES; note++) {
        for (frame = 0; frame < FRAMES; frame++) {
            int sounds = frame / 4 == note || frame / 4 == 3;
            for (overtone = 1; overtone <= 4 && sounds; overtone++) {
                spectrogram[base[note] * overtone][frame] += exp(-0.3 * (frame % 4)) / overtone;
            }
        }
    }
}

int main(void) {
    const lowrank_mat_f64 x = {&spectrogram[0][0], BINS, FRAMES, FRAMES, 1};
    const lowrank_mat_f64 w = {&spectra[0][0], BINS, NOTES, NOTES, 1};
    const lowrank_mat_f64 h = {&loudness[0][0], NOTES, FRAMES, FRAMES, 1};
    lowrank_nmf_options options = LOWRANK_NMF_OPTIONS_INIT;
    lowrank_info info = LOWRANK_INFO_INIT;
    static lowrank_state state;
    int32_t status;
    int note, frame, bin;

    record();
    options.beta = 1;
    status = lowrank_nmf_random_start_f64(&x, &w, &h, 1, &info);
    if (status == LOWRANK_OK) {
        status = lowrank_nmf_divergence_begin_f64(&state, &x, &w, &h, &options, scratch,
                                                  sizeof scratch / sizeof scratch[0], &info);
    }
    do {
        int i;
        for (i = 0; i < 20 && status == LOWRANK_OK; i++) status = lowrank_update(&state, &info);
        if (status == LOWRANK_OK) status = lowrank_progress(&state, &info);
    } while (status == LOWRANK_OK && info.relative_error > 1e-4 && info.iterations < 2000);
    if (status == LOWRANK_OK) status = lowrank_finish(&state, &info);
    if (status == LOWRANK_OK) status = lowrank_nmf_normalize_f64(&w, &h, LOWRANK_NORM_MAX, NULL);
    if (status != LOWRANK_OK) {
        fprintf(stderr, "%s\n", lowrank_status_message(status));
        return 1;
    }

    printf("%zu updates, relative error %.1e\n", info.iterations, info.relative_error);
    for (note = 0; note < NOTES; note++) {
        int lowest = 0;
        double largest = 0;
        for (bin = 0; bin < BINS; bin++) largest = fmax(largest, spectra[bin][note]);
        while (spectra[lowest][note] < 0.5 * largest) lowest++;
        printf("bin %d: ", lowest);
        for (frame = 0; frame < FRAMES; frame++) putchar(" .:-=+*#@"[(int)(8 * loudness[note][frame] + 0.5)]);
        putchar('\n');
    }
    return info.relative_error <= 1e-4 ? 0 : 1;
}
