/* The number type of a test, float or, with DOUBLE defined, double; its matrices; and what counts failures. */
#include "lowrank.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef DOUBLE
typedef double T;
typedef lowrank_mat_f64 Mat;
typedef lowrank_csr_f64 Csr;
#define F(name) name##_f64
#define EPSILON 2.220446049250313e-16
#else
typedef float T;
typedef lowrank_mat_f32 Mat;
typedef lowrank_csr_f32 Csr;
#define F(name) name##_f32
#define EPSILON 1.1920928955078125e-7
#endif

static int failures;
static const char *subject_name = "";

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            failures++;                                                                                                \
            printf("%s:%d: %s: %s\n", __FILE__, __LINE__, subject_name, #condition);                                   \
        }                                                                                                              \
    } while (0)

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static Mat row_major(T *data, size_t rows, size_t cols) {
    Mat mat;
    mat.data = data;
    mat.rows = rows;
    mat.cols = cols;
    mat.row_stride = cols;
    mat.col_stride = 1;
    return mat;
}
