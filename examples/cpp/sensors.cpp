// Which motions does a sensor see? The singular value decomposition of twelve readings of six channels, in static memory.
//
//     cargo build --release --manifest-path ffi/Cargo.toml
//     c++ -std=c++17 -Iinclude examples/cpp/sensors.cpp ffi/target/release/liblowrank.a -o sensors && ./sensors
#include "lowrank.hpp"

#include <cstdio>

namespace {

constexpr std::size_t readings = 12, channels = 6;

// Acceleration along x, y and z in m/s^2, and rates of rotation about them in rad/s.
constexpr std::array<float, readings * channels> measured = {
    0.12f,  -0.98f, 9.71f, 1.50f,  0.02f,  -0.41f, 3.40f,  -1.15f, 9.02f, -2.25f, 0.11f,  0.37f,
    5.86f,  0.47f,  7.93f, -4.75f, -0.07f, 0.92f,  6.91f,  2.73f,  6.38f, 0.50f,  0.04f,  -0.15f,
    5.17f,  6.02f,  4.16f, 6.25f,  0.18f,  -1.22f, 1.88f,  8.64f,  3.05f, 3.75f,  -0.13f, -0.71f,
    -1.94f, 8.51f,  4.42f, -1.00f, 0.09f,  0.24f,  -4.88f, 6.17f,  5.80f, -3.50f, 0.01f,  0.66f,
    -6.05f, 2.96f,  7.11f, -5.25f, -0.16f, 1.04f,  -5.32f, -0.31f, 8.24f, -0.25f, 0.07f,  0.08f,
    -3.10f, -1.27f, 9.13f, 2.75f,  0.14f,  -0.59f, -0.45f, -1.08f, 9.68f, 4.50f,  -0.05f, -0.93f,
};

std::array<float, channels> values;
std::array<float, readings * channels> left;
std::array<float, channels * channels> right;
lowrank::fixed_scratch<float, LOWRANK_SVD_SCRATCH_LEN(readings, channels)> work;

} // namespace

int main() {
    const lowrank::view<const float> a(measured, readings, channels);
    const lowrank::view<float> u(left, readings, channels), v(right, channels, channels);

    const lowrank::result done = lowrank::svd(a, values, u, v, work);
    if (done.status == LOWRANK_NON_FINITE) {
        std::fprintf(stderr, "reading %zu, channel %zu is not a number\n", done.details.row, done.details.col);
        return 1;
    }
    if (!done) {
        std::fprintf(stderr, "%s\n", done.message());
        return 1;
    }
    for (float value : values) std::printf("%8.4f\n", static_cast<double>(value));

    // How good is it? LAPACK's ratios: near 1 is usual, above 30 is wrong.
    lowrank::scratch<float> more;
    double misses = 0, lacks = 0;
    lowrank::residual(a, u, values, v, misses, more).or_throw();
    lowrank::orthonormality(u, lacks, more).or_throw();
    std::printf("the factors miss %.1f, U lacks %.1f\n", misses, lacks);
    return misses < 30 && lacks < 30 ? 0 : 1;
}
