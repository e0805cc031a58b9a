/*
 * lowrank for C++17: the functions of lowrank.h, one name for float and double and for dense and sparse matrices.
 *
 *     lowrank::scratch<float> work;                       // grows to what is needed; or lowrank::fixed_scratch, in place
 *     lowrank::view<const float> a(readings, 12, 6);      // row-major; from a pointer, std::vector, std::array, std::span
 *     auto done = lowrank::svd(a, s, {u, 12, 6}, {v, 6, 6}, work);
 *     if (done.status != LOWRANK_OK) ...                  // as a value,
 *     done.or_throw();                                    // or as an exception
 *
 * Arguments mean what lowrank.h says. A view that is left out, `{}`, is a null pointer there. Whoever calls without
 * exceptions does not link them: nothing but or_throw throws, and scratch where memory is short.
 */
#ifndef LOWRANK_HPP
#define LOWRANK_HPP

#include "lowrank.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>
#if defined(__cpp_exceptions)
#include <stdexcept>
#endif

namespace lowrank {

/* ---- Results ---------------------------------------------------------------------------------------------------- */

struct info : lowrank_info {
    info() : lowrank_info LOWRANK_INFO_INIT {}
};

#if defined(__cpp_exceptions)
/* Why a call did nothing. */
class error : public std::runtime_error {
public:
    error(std::int32_t status, const lowrank::info &details)
        : std::runtime_error(lowrank_status_message(status)), status_(status), details_(details) {}
    std::int32_t status() const noexcept { return status_; }
    /* Which argument, and where. */
    const lowrank::info &details() const noexcept { return details_; }

private:
    std::int32_t status_;
    lowrank::info details_;
};
#endif

/* What a call returns. */
struct [[nodiscard]] result {
    std::int32_t status = LOWRANK_OK;
    lowrank::info details;

    explicit operator bool() const noexcept { return status == LOWRANK_OK; }
    const char *message() const noexcept { return lowrank_status_message(status); }
#if defined(__cpp_exceptions)
    /* The details, or an exception. */
    lowrank::info or_throw() const {
        if (status != LOWRANK_OK) throw error(status, details);
        return details;
    }
#endif
};

struct svd_options : lowrank_svd_options {
    svd_options() : lowrank_svd_options LOWRANK_SVD_OPTIONS_INIT {}
};

struct svd_truncated_options : lowrank_svd_truncated_options {
    svd_truncated_options() : lowrank_svd_truncated_options LOWRANK_SVD_TRUNCATED_OPTIONS_INIT {}
};

struct nmf_options : lowrank_nmf_options {
    nmf_options() : lowrank_nmf_options LOWRANK_NMF_OPTIONS_INIT {}
};

/* ---- Matrices --------------------------------------------------------------------------------------------------- */

namespace detail {

template <class T> using mat_struct = std::conditional_t<std::is_same_v<T, float>, lowrank_mat_f32, lowrank_mat_f64>;
template <class T> using csr_struct = std::conditional_t<std::is_same_v<T, float>, lowrank_csr_f32, lowrank_csr_f64>;

template <class T> constexpr bool is_number = std::is_same_v<T, float> || std::is_same_v<T, double>;

/* A parameter that T is not deduced from, so that it converts. */
template <class T> struct same { using type = T; };
template <class T> using also = typename same<T>::type;

/* Elements of the container that a matrix reaches to; SIZE_MAX if that exceeds it. */
constexpr std::size_t span(std::size_t rows, std::size_t cols, std::size_t down, std::size_t across) {
    if (rows == 0 || cols == 0) return 0;
    if ((down != 0 && rows - 1 > SIZE_MAX / down) || (across != 0 && cols - 1 > SIZE_MAX / across)) return SIZE_MAX;
    const std::size_t last_row = (rows - 1) * down, last_col = (cols - 1) * across;
    return last_row > SIZE_MAX - 1 - last_col ? SIZE_MAX : last_row + last_col + 1;
}

} // namespace detail

/*
 * A matrix in memory that somebody else owns: row-major, or of any strides. Of a container that is too short it is a
 * matrix larger than memory can be, which every function refuses with LOWRANK_SIZE.
 */
template <class T> class view {
public:
    using number = std::remove_const_t<T>;
    static_assert(detail::is_number<number>, "float or double");

    /* No matrix. */
    view() = default;
    view(T *data, std::size_t rows, std::size_t cols) : view(data, rows, cols, cols, 1) {}
    view(T *data, std::size_t rows, std::size_t cols, std::size_t row_stride, std::size_t col_stride)
        : mat_{const_cast<number *>(data), rows, cols, row_stride, col_stride}, given_(true) {}

    /* The elements of a std::vector, std::array or std::span, or of what else has data and size. */
    template <class Container, class = decltype(std::declval<Container &>().data())>
    view(Container &&container, std::size_t rows, std::size_t cols) : view(container, rows, cols, cols, 1) {}
    template <class Container, class = decltype(std::declval<Container &>().data())>
    view(Container &&container, std::size_t rows, std::size_t cols, std::size_t row_stride, std::size_t col_stride)
        : view(container.data(), rows, cols, row_stride, col_stride) {
        if (detail::span(rows, cols, row_stride, col_stride) > container.size()) mat_.row_stride = mat_.rows = SIZE_MAX;
    }

    /* To read what may also be written. */
    template <class U, class = std::enable_if_t<std::is_same_v<const U, T> && !std::is_same_v<U, T>>>
    view(const view<U> &other) : mat_(other.c_mat()), given_(other.c() != nullptr) {}

    /* The transpose. */
    view t() const {
        view other = *this;
        std::swap(other.mat_.rows, other.mat_.cols);
        std::swap(other.mat_.row_stride, other.mat_.col_stride);
        return other;
    }

    std::size_t rows() const { return mat_.rows; }
    std::size_t cols() const { return mat_.cols; }
    T &operator()(std::size_t row, std::size_t col) const {
        return mat_.data[row * mat_.row_stride + col * mat_.col_stride];
    }

    /* For lowrank.h; null if there is no matrix. */
    const detail::mat_struct<number> *c() const { return given_ ? &mat_ : nullptr; }
    const detail::mat_struct<number> &c_mat() const { return mat_; }

private:
    detail::mat_struct<number> mat_{};
    bool given_ = false;
};

/* A sparse matrix, in compressed rows. */
template <class T> struct csr : detail::csr_struct<T> {
    using number = T;
    csr(std::size_t rows, std::size_t cols, std::size_t entries, const std::size_t *starts,
        const std::uint32_t *columns, const T *values)
        : detail::csr_struct<T>{rows, cols, entries, starts, columns, values} {}
    std::size_t rows() const { return detail::csr_struct<T>::rows; }
    std::size_t cols() const { return detail::csr_struct<T>::cols; }
    const detail::csr_struct<T> *c() const { return this; }
};

/* `view<const T>` and `csr<T>`: a matrix to be factorized. */
template <class X> using number_of = typename X::number;

/* Numbers one after the other: singular values, residuals, pivots. From a pointer, or a container that knows its size. */
template <class T> class list {
public:
    list() = default;
    list(T *data, std::size_t size) : data_(data), size_(size) {}
    template <class Container, class = decltype(std::declval<Container &>().data()),
              class = std::enable_if_t<!std::is_same_v<std::decay_t<Container>, list>>>
    list(Container &&container) : data_(container.data()), size_(container.size()) {}
    template <std::size_t N> list(T (&array)[N]) : data_(array), size_(N) {}

    /* Null if there are fewer than are needed, which every function refuses. */
    T *at_least(std::size_t needed) const { return size_ >= needed ? data_ : nullptr; }
    T *data() const { return data_; }
    std::size_t size() const { return size_; }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

/* ---- Scratch ---------------------------------------------------------------------------------------------------- */

/* Memory that grows to what a call needs, and is kept for the next one. */
template <class T> class scratch {
public:
    scratch() = default;
    explicit scratch(std::size_t size) : memory_(size) {}
    list<T> provide(std::size_t needed) {
        if (memory_.size() < needed && needed <= memory_.max_size()) memory_ = std::vector<T>(needed);
        return memory_;
    }

private:
    std::vector<T> memory_;
};

/* Memory of fixed size, such as fixed_scratch<float, LOWRANK_SVD_SCRATCH_LEN(6, 4)>: static, or in another object. */
template <class T, std::size_t N> class fixed_scratch {
public:
    list<T> provide(std::size_t) { return memory_; }

private:
    std::array<T, N> memory_{};
};

/* ---- One name for all number types ------------------------------------------------------------------------------ */

namespace detail {

/* The functions of lowrank.h by the type of their first argument, or of the second if the first is a state. */
#define LOWRANK_ON_(name, first, suffix)                                                                                 \
    template <class... Rest> std::int32_t name(const first *x, Rest... rest) {                                           \
        return lowrank_##name##suffix(x, rest...);                                                                       \
    }                                                                                                                    \
    template <class... Rest> std::int32_t name(lowrank_state *state, const first *x, Rest... rest) {                     \
        return lowrank_##name##suffix(state, x, rest...);                                                                \
    }
#define LOWRANK_TWINS_(name) LOWRANK_ON_(name, lowrank_mat_f32, _f32) LOWRANK_ON_(name, lowrank_mat_f64, _f64)
#define LOWRANK_SOURCES_(name)                                                                                           \
    LOWRANK_TWINS_(name) LOWRANK_ON_(name, lowrank_csr_f32, _csr_f32) LOWRANK_ON_(name, lowrank_csr_f64, _csr_f64)

LOWRANK_TWINS_(qr)
LOWRANK_TWINS_(qr_pivoted)
LOWRANK_TWINS_(svd)
LOWRANK_TWINS_(svd_golub_kahan)
LOWRANK_TWINS_(svd_golub_kahan_in_place)
LOWRANK_TWINS_(svd_jacobi)
LOWRANK_TWINS_(svd_jacobi_unblocked)
LOWRANK_TWINS_(svd_jacobi_warm)
LOWRANK_TWINS_(svd_batch)
LOWRANK_TWINS_(rank)
LOWRANK_TWINS_(condition_number)
LOWRANK_TWINS_(pinv)
LOWRANK_TWINS_(least_squares)
LOWRANK_TWINS_(polar)
LOWRANK_TWINS_(nearest_rotation)
LOWRANK_TWINS_(procrustes)
LOWRANK_TWINS_(procrustes_rotation)
LOWRANK_TWINS_(orthonormality)
LOWRANK_TWINS_(residual)
LOWRANK_TWINS_(nmf_normalize)
LOWRANK_TWINS_(snmf_random_start)
LOWRANK_SOURCES_(svd_truncated)
LOWRANK_SOURCES_(nmf_random_start)
LOWRANK_SOURCES_(nmf_nndsvd)
LOWRANK_SOURCES_(nmf_factorize)
LOWRANK_SOURCES_(nmf_begin)
LOWRANK_SOURCES_(nmf_transform)
LOWRANK_SOURCES_(nmf_divergence_factorize)
LOWRANK_SOURCES_(nmf_divergence_begin)
LOWRANK_SOURCES_(nmf_divergence_transform)
LOWRANK_SOURCES_(snmf_svd_start)
LOWRANK_SOURCES_(snmf_kmeans_start)
LOWRANK_SOURCES_(snmf_factorize)
LOWRANK_SOURCES_(snmf_begin)
LOWRANK_SOURCES_(snmf_transform_rows)
LOWRANK_SOURCES_(snmf_transform_columns)

#undef LOWRANK_ON_
#undef LOWRANK_TWINS_
#undef LOWRANK_SOURCES_

/* The lengths of scratch, for dense and for sparse matrices. */
template <class T, class Dense, class Sparse> Dense length_of(const view<T> &, Dense dense, Sparse) { return dense; }
template <class T, class Dense, class Sparse> Sparse length_of(const csr<T> &, Dense, Sparse sparse) { return sparse; }

/* What `function`, which takes info, returns. */
template <class Function> result call(Function function) {
    result r;
    r.status = function(static_cast<lowrank_info *>(&r.details));
    return r;
}

/* The same with scratch of this length. */
template <class T, class Scratch, class Function> result call(Scratch &work, std::size_t needed, Function function) {
    const list<T> memory = work.provide(needed);
    return call([&](lowrank_info *i) { return function(memory.data(), memory.size(), i); });
}

} // namespace detail

/* ---- Products and QR -------------------------------------------------------------------------------------------- */

template <class U, class Scratch, class T = std::remove_const_t<U>>
result gemm(detail::also<T> alpha, view<U> a, view<const detail::also<T>> b, detail::also<T> beta,
            view<detail::also<T>> c, Scratch &work, std::uint32_t execution = LOWRANK_BEST) {
    const std::size_t needed = lowrank_gemm_scratch_len(a.rows(), b.cols(), a.cols());
    return detail::call<T>(work, needed, [&](T *memory, std::size_t size, lowrank_info *i) {
        if constexpr (std::is_same_v<T, float>) {
            return lowrank_gemm_f32(alpha, a.c(), b.c(), beta, c.c(), execution, memory, size, i);
        } else {
            return lowrank_gemm_f64(alpha, a.c(), b.c(), beta, c.c(), execution, memory, size, i);
        }
    });
}

template <class U, class Scratch, class T = std::remove_const_t<U>>
result qr(view<U> a, std::uint32_t columns, view<detail::also<T>> q, view<detail::also<T>> r, Scratch &work,
          std::uint32_t execution = LOWRANK_BEST) {
    const std::size_t needed = lowrank_qr_scratch_len(a.rows(), a.cols());
    return detail::call<T>(work, needed, [&](T *memory, std::size_t size, lowrank_info *i) {
        return detail::qr(a.c(), columns, q.c(), r.c(), execution, memory, size, i);
    });
}

template <class U, class Scratch, class T = std::remove_const_t<U>>
result qr_pivoted(view<U> a, std::uint32_t columns, view<detail::also<T>> q, view<detail::also<T>> r,
                  list<std::size_t> pivots, Scratch &work, std::uint32_t execution = LOWRANK_BEST) {
    const std::size_t needed = lowrank_qr_scratch_len(a.rows(), a.cols());
    return detail::call<T>(work, needed, [&](T *memory, std::size_t size, lowrank_info *i) {
        return detail::qr_pivoted(a.c(), columns, q.c(), r.c(), pivots.at_least(a.cols()), execution, memory, size, i);
    });
}

/* ---- Singular value decomposition, whole ------------------------------------------------------------------------ */

#define LOWRANK_SVD_METHOD_(name)                                                                                        \
    template <class U, class Scratch, class T = std::remove_const_t<U>>                                                                                    \
    result name(view<U> a, list<detail::also<T>> s, view<detail::also<T>> u, view<detail::also<T>> v,              \
                Scratch &work, const svd_options &options = {}) {                                                        \
        const std::size_t needed = lowrank_##name##_scratch_len(a.rows(), a.cols());                                     \
        const std::size_t values = a.rows() < a.cols() ? a.rows() : a.cols();                                            \
        return detail::call<T>(work, needed, [&](T *memory, std::size_t size, lowrank_info *i) {                         \
            return detail::name(a.c(), s.at_least(values), u.c(), v.c(), &options, memory, size, i);                     \
        });                                                                                                              \
    }
LOWRANK_SVD_METHOD_(svd)
LOWRANK_SVD_METHOD_(svd_golub_kahan)
LOWRANK_SVD_METHOD_(svd_jacobi)
LOWRANK_SVD_METHOD_(svd_jacobi_unblocked)
LOWRANK_SVD_METHOD_(svd_jacobi_warm)
#undef LOWRANK_SVD_METHOD_

template <class T, class Scratch>
result svd_golub_kahan_in_place(view<T> a, list<detail::also<T>> s, bool keep, view<detail::also<T>> square,
                                Scratch &work, const svd_options &options = {}) {
    const std::size_t needed = lowrank_svd_golub_kahan_in_place_scratch_len(a.rows(), a.cols());
    const std::size_t values = a.rows() < a.cols() ? a.rows() : a.cols();
    return detail::call<T>(work, needed, [&](T *memory, std::size_t size, lowrank_info *i) {
        return detail::svd_golub_kahan_in_place(a.c(), s.at_least(values), std::uint32_t{keep}, square.c(), &options,
                                                memory, size, i);
    });
}

template <class U, class T = std::remove_const_t<U>>
result svd_batch(view<U> a, std::size_t rows, std::size_t cols, std::uint32_t order, view<detail::also<T>> s,
                 view<detail::also<T>> u, view<detail::also<T>> v, const svd_options &options = {}) {
    return detail::call([&](lowrank_info *i) {
        return detail::svd_batch(a.c(), rows, cols, order, s.c(), u.c(), v.c(), &options, i);
    });
}

/* ---- What it solves --------------------------------------------------------------------------------------------- */

template <class U, class Scratch, class T = std::remove_const_t<U>>
result rank(view<U> a, std::size_t &rank, Scratch &work, double tolerance = LOWRANK_ROUNDING,
            const svd_options &options = {}) {
    const std::size_t needed = lowrank_rank_scratch_len(a.rows(), a.cols());
    return detail::call<T>(work, needed, [&](T *memory, std::size_t size, lowrank_info *i) {
        return detail::rank(a.c(), tolerance, &rank, &options, memory, size, i);
    });
}

template <class U, class Scratch, class T = std::remove_const_t<U>>
result condition_number(view<U> a, double &condition, Scratch &work, const svd_options &options = {}) {
    const std::size_t needed = lowrank_rank_scratch_len(a.rows(), a.cols());
    return detail::call<T>(work, needed, [&](T *memory, std::size_t size, lowrank_info *i) {
        return detail::condition_number(a.c(), &condition, &options, memory, size, i);
    });
}

template <class U, class Scratch, class T = std::remove_const_t<U>>
result pinv(view<U> a, view<detail::also<T>> x, Scratch &work, double tolerance = LOWRANK_ROUNDING,
            const svd_options &options = {}) {
    const std::size_t needed = lowrank_pinv_scratch_len(a.rows(), a.cols());
    return detail::call<T>(work, needed, [&](T *memory, std::size_t size, lowrank_info *i) {
        return detail::pinv(a.c(), x.c(), tolerance, &options, memory, size, i);
    });
}

/* Without residuals: `{}`. */
template <class U, class Scratch, class T = std::remove_const_t<U>>
result least_squares(view<U> a, view<const detail::also<T>> b, view<detail::also<T>> x,
                     list<detail::also<T>> residuals, Scratch &work, double tolerance = LOWRANK_ROUNDING,
                     const svd_options &options = {}) {
    /* Too few for the residuals is not the same as none. */
    if (residuals.data() != nullptr && residuals.size() < b.cols()) {
        result short_list;
        short_list.status = LOWRANK_SHAPE;
        short_list.details.operand = LOWRANK_OPERAND_RESIDUALS;
        short_list.details.row = b.cols();
        short_list.details.col = 1;
        return short_list;
    }
    const std::size_t needed = lowrank_least_squares_scratch_len(a.rows(), a.cols(), b.cols());
    return detail::call<T>(work, needed, [&](T *memory, std::size_t size, lowrank_info *i) {
        return detail::least_squares(a.c(), b.c(), x.c(), residuals.data(), tolerance, &options, memory, size, i);
    });
}

template <class U, class Scratch, class T = std::remove_const_t<U>>
result polar(view<U> a, view<detail::also<T>> w, view<detail::also<T>> p, Scratch &work,
             const svd_options &options = {}) {
    const std::size_t needed = lowrank_polar_scratch_len(a.rows(), a.cols());
    return detail::call<T>(work, needed, [&](T *memory, std::size_t size, lowrank_info *i) {
        return detail::polar(a.c(), w.c(), p.c(), &options, memory, size, i);
    });
}

template <class U, class Scratch, class T = std::remove_const_t<U>>
result nearest_rotation(view<U> a, view<detail::also<T>> r, Scratch &work, const svd_options &options = {}) {
    const std::size_t needed = lowrank_nearest_rotation_scratch_len(a.cols());
    return detail::call<T>(work, needed, [&](T *memory, std::size_t size, lowrank_info *i) {
        return detail::nearest_rotation(a.c(), r.c(), &options, memory, size, i);
    });
}

template <class U, class Scratch, class T = std::remove_const_t<U>>
result procrustes(view<U> a, view<const detail::also<T>> b, view<detail::also<T>> q, Scratch &work,
                  const svd_options &options = {}) {
    const std::size_t needed = lowrank_procrustes_scratch_len(a.rows(), a.cols());
    return detail::call<T>(work, needed, [&](T *memory, std::size_t size, lowrank_info *i) {
        return detail::procrustes(a.c(), b.c(), q.c(), &options, memory, size, i);
    });
}

template <class U, class Scratch, class T = std::remove_const_t<U>>
result procrustes_rotation(view<U> a, view<const detail::also<T>> b, view<detail::also<T>> q, Scratch &work,
                           const svd_options &options = {}) {
    const std::size_t needed = lowrank_procrustes_scratch_len(a.rows(), a.cols());
    return detail::call<T>(work, needed, [&](T *memory, std::size_t size, lowrank_info *i) {
        return detail::procrustes_rotation(a.c(), b.c(), q.c(), &options, memory, size, i);
    });
}

/* ---- How good factors are --------------------------------------------------------------------------------------- */

template <class U, class Scratch, class T = std::remove_const_t<U>>
result orthonormality(view<U> q, double &ratio, Scratch &work, std::uint32_t execution = LOWRANK_BEST) {
    const std::size_t needed = lowrank_orthonormality_scratch_len(q.rows(), q.cols());
    return detail::call<T>(work, needed, [&](T *memory, std::size_t size, lowrank_info *i) {
        return detail::orthonormality(q.c(), &ratio, execution, memory, size, i);
    });
}

template <class U, class Scratch, class T = std::remove_const_t<U>>
result residual(view<U> a, view<const detail::also<T>> u, list<const detail::also<T>> s,
                view<const detail::also<T>> v, double &ratio, Scratch &work, std::uint32_t execution = LOWRANK_BEST) {
    const std::size_t needed = lowrank_residual_scratch_len(a.rows(), a.cols(), s.size());
    return detail::call<T>(work, needed, [&](T *memory, std::size_t size, lowrank_info *i) {
        return detail::residual(a.c(), u.c(), s.data(), s.size(), v.c(), &ratio, execution, memory, size, i);
    });
}

/* ---- Singular value decomposition, leading part ----------------------------------------------------------------- */

/* As many values as `s` has; of a view<const T> or a csr<T>. */
template <class X, class Scratch>
result svd_truncated(const X &a, list<number_of<X>> s, view<number_of<X>> u, view<number_of<X>> v, Scratch &work,
                     const svd_truncated_options &options = {}) {
    const std::size_t rank = s.size();
    const auto length = detail::length_of(a, lowrank_svd_truncated_scratch_len, lowrank_svd_truncated_csr_scratch_len);
    const std::size_t needed = length(a.rows(), a.cols(), rank, options.oversample);
    return detail::call<number_of<X>>(work, needed, [&](number_of<X> *memory, std::size_t size, lowrank_info *i) {
        return detail::svd_truncated(a.c(), rank, s.data(), u.c(), v.c(), &options, memory, size, i);
    });
}

/*
 * The same of a matrix that only the caller can multiply by:
 *
 *     lowrank::truncated_svd<double> iteration;
 *     iteration.begin(rows, rows, cols, rank, norm, 0, work).or_throw();
 *     while (iteration.next().or_throw(), iteration.request() != LOWRANK_DONE) ... // from input() to output()
 *     iteration.finish(s, u, v).or_throw();
 */
template <class T> class truncated_svd {
public:
    truncated_svd() = default;
    truncated_svd(const truncated_svd &) = delete;
    truncated_svd &operator=(const truncated_svd &) = delete;

    template <class Scratch>
    result begin(std::size_t rows, std::size_t all_rows, std::size_t cols, std::size_t rank, T norm,
                 std::int32_t exponent, Scratch &work, const svd_truncated_options &options = {}) {
        rank_ = rank;
        const std::size_t needed = lowrank_svd_truncated_begin_scratch_len(rows, cols, rank, options.oversample);
        return detail::call<T>(work, needed, [&](T *memory, std::size_t size, lowrank_info *i) {
            constexpr auto begin = pick(lowrank_svd_truncated_begin_f32, lowrank_svd_truncated_begin_f64);
            return begin(&state_, rows, all_rows, cols, rank, norm, exponent, &options, memory, size, i);
        });
    }
    result next() {
        return detail::call([&](lowrank_info *i) {
            constexpr auto next = pick(lowrank_svd_truncated_next_f32, lowrank_svd_truncated_next_f64);
            return next(&state_, &request_, &input_, &output_, i);
        });
    }
    std::uint32_t request() const { return request_; }
    view<const T> input() const { return {input_.data, input_.rows, input_.cols, input_.row_stride, input_.col_stride}; }
    view<T> output() const { return {output_.data, output_.rows, output_.cols, output_.row_stride, output_.col_stride}; }
    result stop() {
        return detail::call([&](lowrank_info *i) {
            return pick(lowrank_svd_truncated_stop_f32, lowrank_svd_truncated_stop_f64)(&state_, i);
        });
    }
    result finish(list<T> s, view<T> u, view<T> v) {
        return detail::call([&](lowrank_info *i) {
            constexpr auto finish = pick(lowrank_svd_truncated_finish_f32, lowrank_svd_truncated_finish_f64);
            return finish(&state_, s.at_least(rank_), u.c(), v.c(), i);
        });
    }

private:
    template <class Single, class Double> static constexpr auto pick(Single single, Double twice) {
        if constexpr (std::is_same_v<T, float>) {
            (void)twice;
            return single;
        } else {
            (void)single;
            return twice;
        }
    }

    lowrank_state state_{};
    std::size_t rank_ = 0;
    std::uint32_t request_ = LOWRANK_DONE;
    detail::mat_struct<T> input_{}, output_{};
};

/* ---- Non-negative and semi-non-negative matrix factorization ---------------------------------------------------- */

template <class X>
result nmf_random_start(const X &x, view<number_of<X>> w, view<number_of<X>> h, std::uint64_t seed) {
    return detail::call([&](lowrank_info *i) { return detail::nmf_random_start(x.c(), w.c(), h.c(), seed, i); });
}

template <class X, class Scratch>
result nmf_nndsvd(const X &x, view<number_of<X>> w, view<number_of<X>> h, std::uint32_t fill, double part,
                  Scratch &work, const svd_truncated_options &options = {}) {
    const auto length = detail::length_of(x, lowrank_nmf_nndsvd_scratch_len, lowrank_nmf_nndsvd_csr_scratch_len);
    const std::size_t needed = length(x.rows(), x.cols(), w.cols(), options.oversample);
    return detail::call<number_of<X>>(work, needed, [&](number_of<X> *memory, std::size_t size, lowrank_info *i) {
        return detail::nmf_nndsvd(x.c(), w.c(), h.c(), fill, part, &options, memory, size, i);
    });
}

/* X ~ left right, of which both factors, or the first of them, are written. */
#define LOWRANK_FACTORIZATION_(name, scratch_name)                                                                       \
    template <class X, class Scratch>                                                                                    \
    result name(const X &x, view<number_of<X>> left, view<number_of<X>> right, Scratch &work,                            \
                const nmf_options &options = {}) {                                                                       \
        const auto length = detail::length_of(x, scratch_name##_scratch_len, scratch_name##_csr_scratch_len);            \
        const std::size_t needed = length(x.rows(), x.cols(), left.cols());                                              \
        return detail::call<number_of<X>>(work, needed, [&](number_of<X> *memory, std::size_t size, lowrank_info *i) {   \
            return detail::name(x.c(), left.c(), right.c(), &options, memory, size, i);                                  \
        });                                                                                                              \
    }
LOWRANK_FACTORIZATION_(nmf_factorize, lowrank_nmf)
LOWRANK_FACTORIZATION_(nmf_divergence_factorize, lowrank_nmf_divergence)
LOWRANK_FACTORIZATION_(snmf_factorize, lowrank_snmf)
#undef LOWRANK_FACTORIZATION_

/* One factor, `free`, for new data, while `fixed` stays; `k` of either is the rank. */
#define LOWRANK_ONE_FACTOR_(name, scratch_name, k)                                                                        \
    template <class X, class Scratch>                                                                                    \
    result name(const X &x, view<const number_of<X>> fixed, view<number_of<X>> free, Scratch &work,                      \
                const nmf_options &options = {}) {                                                                       \
        const auto length = detail::length_of(x, scratch_name##_scratch_len, scratch_name##_csr_scratch_len);            \
        const std::size_t needed = length(x.rows(), x.cols(), k);                                                        \
        return detail::call<number_of<X>>(work, needed, [&](number_of<X> *memory, std::size_t size, lowrank_info *i) {   \
            return detail::name(x.c(), fixed.c(), free.c(), &options, memory, size, i);                                  \
        });                                                                                                              \
    }
LOWRANK_ONE_FACTOR_(nmf_transform, lowrank_nmf_transform, fixed.rows())
LOWRANK_ONE_FACTOR_(nmf_divergence_transform, lowrank_nmf_divergence, fixed.rows())
LOWRANK_ONE_FACTOR_(snmf_transform_rows, lowrank_snmf_transform_rows, fixed.rows())
LOWRANK_ONE_FACTOR_(snmf_transform_columns, lowrank_snmf_transform_columns, fixed.cols())
#undef LOWRANK_ONE_FACTOR_

template <class T> result nmf_normalize(view<T> left, view<detail::also<T>> right, std::uint32_t norm) {
    return detail::call([&](lowrank_info *i) { return detail::nmf_normalize(left.c(), right.c(), norm, i); });
}

template <class X, class Scratch>
result snmf_svd_start(const X &x, view<number_of<X>> g, Scratch &work, const svd_truncated_options &options = {}) {
    const auto length =
        detail::length_of(x, lowrank_snmf_svd_start_scratch_len, lowrank_snmf_svd_start_csr_scratch_len);
    const std::size_t needed = length(x.rows(), x.cols(), g.rows(), options.oversample);
    return detail::call<number_of<X>>(work, needed, [&](number_of<X> *memory, std::size_t size, lowrank_info *i) {
        return detail::snmf_svd_start(x.c(), g.c(), &options, memory, size, i);
    });
}

template <class X, class Scratch>
result snmf_kmeans_start(const X &x, view<number_of<X>> g, std::uint64_t seed, Scratch &work) {
    const auto length =
        detail::length_of(x, lowrank_snmf_kmeans_start_scratch_len, lowrank_snmf_kmeans_start_csr_scratch_len);
    const std::size_t needed = length(x.rows(), x.cols(), g.rows());
    return detail::call<number_of<X>>(work, needed, [&](number_of<X> *memory, std::size_t size, lowrank_info *i) {
        return detail::snmf_kmeans_start(x.c(), g.c(), seed, memory, size, i);
    });
}

template <class T> result snmf_random_start(view<T> g, std::uint64_t seed) {
    return detail::call([&](lowrank_info *i) { return detail::snmf_random_start(g.c(), seed, i); });
}

/* A factorization update by update. It stays where it is, as do the matrices and the scratch that it was begun with. */
class iteration {
public:
    iteration() = default;
    iteration(const iteration &) = delete;
    iteration &operator=(const iteration &) = delete;

#define LOWRANK_BEGIN_(name, scratch_name)                                                                               \
    template <class X, class Scratch>                                                                                    \
    result begin_##name(const X &x, view<number_of<X>> left, view<number_of<X>> right, Scratch &work,                    \
                        const nmf_options &options = {}) {                                                               \
        const auto length = detail::length_of(x, scratch_name##_scratch_len, scratch_name##_csr_scratch_len);            \
        const std::size_t needed = length(x.rows(), x.cols(), left.cols());                                              \
        return detail::call<number_of<X>>(work, needed, [&](number_of<X> *memory, std::size_t size, lowrank_info *i) {   \
            return detail::name##_begin(&state_, x.c(), left.c(), right.c(), &options, memory, size, i);                 \
        });                                                                                                              \
    }
    LOWRANK_BEGIN_(nmf, lowrank_nmf)
    LOWRANK_BEGIN_(nmf_divergence, lowrank_nmf_divergence)
    LOWRANK_BEGIN_(snmf, lowrank_snmf)
#undef LOWRANK_BEGIN_

    result update() {
        return detail::call([&](lowrank_info *i) { return lowrank_update(&state_, i); });
    }
    result progress() {
        return detail::call([&](lowrank_info *i) { return lowrank_progress(&state_, i); });
    }
    result finish() {
        return detail::call([&](lowrank_info *i) { return lowrank_finish(&state_, i); });
    }

private:
    lowrank_state state_{};
};

} // namespace lowrank

#endif
