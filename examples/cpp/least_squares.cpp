// A parabola through noisy readings, by least squares.
//
//     cargo build --release --manifest-path ffi/Cargo.toml
//     c++ -std=c++17 -Iinclude examples/cpp/least_squares.cpp ffi/target/release/liblowrank.a -o least_squares &&
//         ./least_squares
#include "lowrank.hpp"

#include <cstdio>

int main() try {
    constexpr std::size_t readings = 8, terms = 3;
    // 1 + 20 t - 4.9 t^2, and errors of up to 0.05.
    const std::array<double, readings> times = {0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5};
    const std::array<double, readings> heights = {1.02, 9.74, 16.13, 19.95, 21.43, 20.35, 16.92, 10.93};

    std::vector<double> powers(readings * terms);
    const lowrank::view<double> a(powers, readings, terms);
    for (std::size_t i = 0; i < readings; i++) {
        a(i, 0) = 1;
        a(i, 1) = times[i];
        a(i, 2) = times[i] * times[i];
    }
    std::array<double, terms> solution{};
    std::array<double, 1> residual{};
    lowrank::scratch<double> work;
    const lowrank::info info =
        lowrank::least_squares(a, {heights, readings, 1}, {solution, terms, 1}, residual, work).or_throw();

    std::printf("rank %zu, condition %.1f:", info.rank, info.condition);
    for (double coefficient : solution) std::printf(" %8.4f", coefficient);
    std::printf("   residual %.4f\n", residual[0]);
    return info.rank == terms && residual[0] < 0.1 ? 0 : 1;
} catch (const lowrank::error &e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
