// Which notes are in a recording, and when? Non-negative matrix factorization of a small spectrogram: the columns of W are
// the spectra of the notes, the rows of H tell how loud each is in each frame.
//
//     cargo build --release --manifest-path ffi/Cargo.toml
//     c++ -std=c++17 -Iinclude examples/cpp/spectrogram.cpp ffi/target/release/liblowrank.a -o spectrogram && ./spectrogram
#include "lowrank.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace {

constexpr std::size_t bins = 24, frames = 16, notes = 3;

// Three notes with four overtones each: one after the other, then all together.
std::vector<double> record() {
    constexpr std::size_t base[notes] = {3, 4, 5};
    std::vector<double> spectrogram(bins * frames);
    for (std::size_t note = 0; note < notes; note++) {
        for (std::size_t frame = 0; frame < frames; frame++) {
            if (frame / 4 != note && frame / 4 != 3) continue;
            for (std::size_t overtone = 1; overtone <= 4; overtone++) {
                spectrogram[base[note] * overtone * frames + frame] +=
                    std::exp(-0.3 * double(frame % 4)) / double(overtone);
            }
        }
    }
    return spectrogram;
}

} // namespace

int main() try {
    const std::vector<double> spectrogram = record();
    std::vector<double> spectra(bins * notes), loudness(notes * frames);
    const lowrank::view<const double> x(spectrogram, bins, frames);
    const lowrank::view<double> w(spectra, bins, notes), h(loudness, notes, frames);
    lowrank::scratch<double> work;

    lowrank::nmf_options options;
    options.beta = 1; // Kullback and Leibler, as is usual for sound
    options.tolerance = 1e-6;
    options.max_iterations = 2000;
    lowrank::nmf_random_start(x, w, h, 1).or_throw();
    const lowrank::info info = lowrank::nmf_divergence_factorize(x, w, h, work, options).or_throw();
    lowrank::nmf_normalize(w, h, LOWRANK_NORM_MAX).or_throw();

    std::printf("%zu updates, relative error %.1e\n", info.iterations, info.relative_error);
    for (std::size_t note = 0; note < notes; note++) {
        double largest = 0;
        for (std::size_t bin = 0; bin < bins; bin++) largest = std::max(largest, w(bin, note));
        std::size_t lowest = 0;
        while (w(lowest, note) < 0.5 * largest) lowest++;
        std::printf("bin %zu: ", lowest);
        for (std::size_t frame = 0; frame < frames; frame++) {
            std::putchar(" .:-=+*#@"[static_cast<int>(8 * h(note, frame) + 0.5)]);
        }
        std::putchar('\n');
    }
    return info.relative_error < 1e-3 ? 0 : 1;
} catch (const lowrank::error &e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
