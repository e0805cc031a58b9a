// Every function of lowrank.hpp, for float and double, dense and sparse: it does what it says, and what it refuses it says.
#include "lowrank.hpp"

#include <cmath>
#include <cstdio>
#include <limits>
#if defined(__cpp_lib_span) || __cplusplus >= 202002L
#include <span>
#endif

static int failures;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            failures++;                                                                                                \
            std::printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                \
        }                                                                                                              \
    } while (0)

namespace {

constexpr std::size_t M = 9, N = 5, K = 2;

template <class T> using matrix = std::vector<T>;

template <class T> matrix<T> entries(std::size_t count) {
    matrix<T> a(count);
    for (std::size_t i = 0; i < count; i++) a[i] = T(1 + (i * i * 7 + i * 3) % 11) / 4;
    return a;
}

// |A - L diag(weights) R| / |A|
template <class T>
double error(lowrank::view<const T> a, lowrank::view<const T> left, const T *weights, lowrank::view<const T> right) {
    double rest = 0, whole = 0;
    for (std::size_t i = 0; i < a.rows(); i++) {
        for (std::size_t j = 0; j < a.cols(); j++) {
            double x = double(a(i, j));
            whole += x * x;
            for (std::size_t p = 0; p < left.cols(); p++) {
                x -= double(left(i, p)) * (weights ? double(weights[p]) : 1) * double(right(p, j));
            }
            rest += x * x;
        }
    }
    return std::sqrt(rest / whole);
}

template <class T> void dense() {
    const double tolerance = 100 * double(std::numeric_limits<T>::epsilon());
    const matrix<T> a = entries<T>(M * N);
    const lowrank::view<const T> A(a, M, N);
    matrix<T> u(M * N), v(N * N), s(N), c(M * M), x(N * M);
    lowrank::view<T> U(u, M, N), V(v, N, N);
    lowrank::scratch<T> work;

    CHECK(lowrank::svd(A, s, U, V, work).or_throw().rank == N);
    CHECK((error<T>(A, U, s.data(), V.t()) < tolerance));
    const matrix<T> values = s;
    const auto same = [&](const lowrank::result &done) {
        CHECK(done);
        CHECK((error<T>(A, U, s.data(), V.t()) < tolerance));
        for (std::size_t p = 0; p < N; p++) CHECK(std::abs(double(s[p] - values[p])) < tolerance * double(values[0]));
    };
    same(lowrank::svd_golub_kahan(A, s, U, V, work));
    same(lowrank::svd_jacobi(A, s, U, V, work));
    same(lowrank::svd_jacobi_unblocked(A, s, U, V, work));
    same(lowrank::svd_jacobi_warm(A, s, U, V, work));
    u = a;
    same(lowrank::svd_golub_kahan_in_place(U, s, true, V, work));
    {
        static lowrank::fixed_scratch<T, LOWRANK_SVD_SCRATCH_LEN(M, N)> fixed;
        same(lowrank::svd(A, s, U, V, fixed));
        static lowrank::fixed_scratch<T, LOWRANK_SVD_SCRATCH_LEN(M, N) - 1> too_small;
        CHECK(lowrank::svd(A, s, U, V, too_small).status == LOWRANK_SCRATCH_TOO_SMALL);
    }
    double ratio = -1;
    CHECK(lowrank::orthonormality(U, ratio, work) && ratio >= 0 && ratio < 30);
    CHECK(lowrank::residual(A, U, s, V, ratio, work) && ratio >= 0 && ratio < 30);

    CHECK(lowrank::qr(A, LOWRANK_THIN, U, V, work));
    CHECK((error<T>(A, U, nullptr, V) < tolerance));
    std::array<std::size_t, N> pivots{};
    CHECK(lowrank::qr_pivoted(A, LOWRANK_THIN, U, V, pivots, work));
    CHECK(std::abs(std::abs(double(V(0, 0))) - std::sqrt([&] {
              double square = 0;
              for (std::size_t i = 0; i < M; i++) square += double(A(i, pivots[0])) * double(A(i, pivots[0]));
              return square;
          }())) < tolerance * 10);

    std::size_t rank = 0;
    double condition = 0;
    CHECK(lowrank::rank(A, rank, work) && rank == N);
    CHECK(lowrank::rank(A, rank, work, 0.9) && rank == 1);
    CHECK(lowrank::condition_number(A, condition, work) && condition > 1);
    CHECK(lowrank::pinv(A, {x, N, M}, work));
    CHECK(lowrank::gemm(T(1), A, {x, N, M}, T(0), {c, M, M}, work));
    CHECK((error<T>(A, lowrank::view<T>(c, M, M), nullptr, A) < tolerance * condition));
    matrix<T> b = entries<T>(M * 2), solution(N * 2), lengths(2), few(1);
    CHECK(lowrank::least_squares(A, {b, M, 2}, {solution, N, 2}, lengths, work));
    CHECK(lowrank::least_squares(A, {b, M, 2}, {solution, N, 2}, {}, work));
    CHECK(lowrank::least_squares(A, {b, M, 2}, {solution, N, 2}, few, work).details.row == 2);
    CHECK(std::abs(error<T>(lowrank::view<const T>(b, M, 2), A, nullptr, lowrank::view<T>(solution, N, 2)) -
                   std::hypot(double(lengths[0]), double(lengths[1])) / std::sqrt([&] {
                       double square = 0;
                       for (T entry : b) square += double(entry) * double(entry);
                       return square;
                   }())) < tolerance * 10);
    CHECK(lowrank::polar(A, U, V, work));
    CHECK((error<T>(A, U, nullptr, V) < tolerance));
    CHECK(lowrank::nearest_rotation(lowrank::view<const T>(a, N, N), V, work));
    CHECK(lowrank::orthonormality(V, ratio, work) && ratio < 30);
    CHECK(lowrank::procrustes(A, A, V, work) && std::abs(double(V(1, 1)) - 1) < tolerance * 10);
    CHECK(lowrank::procrustes_rotation(A, A, V, work) && std::abs(double(V(2, 1))) < tolerance * 10);

    matrix<T> bs(M * 2), bu(M * 4), bv(M * 4);
    const matrix<T> batch = entries<T>(M * 4);
    CHECK(lowrank::svd_batch(lowrank::view<const T>(batch, M, 4), 2, 2, LOWRANK_ROW_MAJOR, {bs, M, 2}, {bu, M, 4},
                             {bv, M, 4}));
    CHECK((error<T>({batch.data() + 4, 2, 2}, {bu.data() + 4, 2, 2}, bs.data() + 2,
                    lowrank::view<const T>(bv.data() + 4, 2, 2).t()) < tolerance));

    // A container that is too short, a list that is too short, an exception.
    CHECK(lowrank::svd(lowrank::view<const T>(a, M + 1, N), s, U, V, work).status == LOWRANK_SIZE);
    CHECK(lowrank::svd(A, few, U, V, work).status == LOWRANK_NULL);
    try {
        matrix<T> wrong = a;
        wrong[N + 2] = std::numeric_limits<T>::quiet_NaN();
        lowrank::svd(lowrank::view<T>(wrong, M, N), s, {}, {}, work).or_throw();
        CHECK(false);
    } catch (const lowrank::error &e) {
        CHECK(e.status() == LOWRANK_NON_FINITE && e.details().row == 1 && e.details().col == 2);
        CHECK(std::string(e.what()) == lowrank_status_message(LOWRANK_NON_FINITE));
    }
#if __cplusplus >= 202002L
    const std::span<const T> elements(a);
    same(lowrank::svd(lowrank::view<const T>(elements, M, N), std::span<T>(s), U, V, work));
#endif
}

// Of a view<const T> or a csr<T>.
template <class T, class X> void sources(const X &x, lowrank::view<const T> dense) {
    matrix<T> s(K), u(M * K), v(N * K), w(M * K), h(K * N), other(M * K);
    lowrank::view<T> U(u, M, K), V(v, N, K), W(w, M, K), H(h, K, N), O(other, M, K);
    lowrank::scratch<T> work;
    CHECK(lowrank::svd_truncated(x, s, U, V, work).or_throw().converged);
    const double best = error<T>(dense, U, s.data(), V.t());
    const double tolerance = 1e4 * double(std::numeric_limits<T>::epsilon());
    const auto improves = [&] { return error<T>(dense, W, nullptr, H) < 0.6; };

    CHECK(lowrank::nmf_random_start(x, W, H, 1));
    CHECK(lowrank::nmf_nndsvd(x, W, H, LOWRANK_FILL_MEAN, 0, work));
    const lowrank::info info = lowrank::nmf_factorize(x, W, H, work).or_throw();
    CHECK(std::abs(info.relative_error - error<T>(dense, W, nullptr, H)) < tolerance && info.relative_error > best - tolerance);
    CHECK(lowrank::nmf_transform(x, H, O, work));
    CHECK(std::abs(error<T>(dense, O, nullptr, H) - info.relative_error) < 0.01);
    lowrank::nmf_options kullback_leibler;
    kullback_leibler.beta = 1;
    CHECK(lowrank::nmf_divergence_factorize(x, W, H, work, kullback_leibler) && improves());
    CHECK(lowrank::nmf_divergence_transform(x, H, O, work, kullback_leibler));
    CHECK((error<T>(dense, O, nullptr, H) < 0.6));
    CHECK(lowrank::nmf_factorize(x, W, H, work, kullback_leibler).status == LOWRANK_OPTION);
    CHECK(lowrank::nmf_normalize(W, H, LOWRANK_NORM_MAX) && improves());

    CHECK(lowrank::snmf_random_start(H, 1));
    CHECK(lowrank::snmf_kmeans_start(x, H, 1, work));
    CHECK(lowrank::snmf_svd_start(x, H, work));
    CHECK(lowrank::snmf_factorize(x, W, H, work) && improves());
    const double reached = error<T>(dense, W, nullptr, H);
    CHECK(lowrank::snmf_transform_rows(x, H, O, work));
    CHECK(std::abs(error<T>(dense, O, nullptr, H) - reached) < tolerance);
    CHECK(lowrank::snmf_transform_columns(x, W, H, work) && improves());

    lowrank::iteration iteration;
    CHECK(iteration.update().status == LOWRANK_STATE);
    CHECK(iteration.begin_nmf(x, W, H, work).status == LOWRANK_NEGATIVE);
    CHECK(lowrank::nmf_random_start(x, W, H, 1));
    CHECK(iteration.begin_nmf(x, W, H, work));
    for (std::size_t i = 1; i < 20; i++) CHECK(iteration.update().or_throw().iterations == i);
    CHECK(iteration.finish() && improves() && iteration.finish().status == LOWRANK_STATE);
    CHECK(iteration.begin_nmf_divergence(x, W, H, work, kullback_leibler) && iteration.update());
    CHECK(iteration.progress().or_throw().relative_error > 0);
    CHECK(iteration.finish() && improves());
    CHECK(iteration.begin_snmf(x, W, H, work) && iteration.update() && iteration.finish() && improves());
}

template <class T> void stepwise() {
    const matrix<T> a = entries<T>(M * N);
    matrix<T> s(K), u(M * K), v(N * K);
    double square = 0;
    for (T x : a) square += double(x) * double(x);
    lowrank::scratch<T> work;
    lowrank::truncated_svd<T> machine;
    machine.begin(M, M, N, K, T(std::sqrt(square)), 0, work).or_throw();
    CHECK(machine.finish(s, {u, M, K}, {v, N, K}).status == LOWRANK_UNFINISHED);
    while (machine.next().or_throw(), machine.request() != LOWRANK_DONE) {
        const auto in = machine.input();
        const auto out = machine.output();
        if (machine.request() == LOWRANK_SUM) continue;
        for (std::size_t i = 0; i < out.rows(); i++) {
            for (std::size_t j = 0; j < out.cols(); j++) {
                out(i, j) = 0;
                for (std::size_t p = 0; p < in.rows(); p++) {
                    out(i, j) += (machine.request() == LOWRANK_APPLY ? a[i * N + p] : a[p * N + i]) * in(p, j);
                }
            }
        }
    }
    const lowrank::info info = machine.finish(s, {u, M, K}, {v, N, K}).or_throw();
    lowrank::view<const T> U(u, M, K), V(v, N, K), A(a, M, N);
    CHECK(info.converged && std::abs(info.relative_error - error<T>(A, U, s.data(), V.t())) < 1e-4);
    CHECK(machine.stop());
    matrix<T> few(1);
    CHECK(machine.finish(few, {}, {}).status == LOWRANK_NULL);
}

template <class T> void all() {
    dense<T>();
    stepwise<T>();
    const matrix<T> x = entries<T>(M * N);
    std::vector<std::size_t> starts(M + 1);
    std::vector<std::uint32_t> columns(M * N);
    for (std::size_t i = 0; i <= M; i++) starts[i] = i * N;
    for (std::size_t i = 0; i < M * N; i++) columns[i] = std::uint32_t(i % N);
    const lowrank::view<const T> X(x, M, N);
    sources<T>(X, X);
    sources<T>(lowrank::csr<T>(M, N, M * N, starts.data(), columns.data(), x.data()), X);
}

} // namespace

int main() {
    all<float>();
    all<double>();
    std::printf("C++: %d failures\n", failures);
    return failures != 0;
}
