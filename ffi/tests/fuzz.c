/*
 * Any function with arguments made from bytes: it returns, with a known status; a refused call has changed nothing, and
 * results are numbers. For libFuzzer; built for float and for double.
 */
#include "subjects.h"

/* Elements of memory behind each pointer, more than any shape and strides below reach. */
enum { ARENA = 4096, MOST = 12 };

/* The bytes that are left. After the last come others, which all before them decide (xorshift; Marsaglia 2003). */
struct input {
    const uint8_t *data;
    size_t size;
    uint64_t state;
};

static unsigned next(struct input *in) {
    in->state ^= in->state << 13;
    in->state ^= in->state >> 7;
    in->state ^= in->state << 17;
    if (in->size == 0) return (unsigned)(in->state >> 32) & 0xff;
    in->size--;
    in->state += *in->data;
    return *in->data++;
}

static int one_in(struct input *in, unsigned count) {
    return next(in) % count == count - 1;
}

static size_t huge(struct input *in) {
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 3, (size_t)1 << (sizeof(size_t) * 8 - 1)};
    return sizes[next(in) % LENGTH(sizes)];
}

/* Mostly `usual`, sometimes another small number, seldom a huge one. */
static size_t number(struct input *in, size_t usual) {
    switch (next(in) % 16) {
    case 13:
    case 14: return next(in) % MOST;
    case 15: return one_in(in, 4) ? huge(in) : next(in) % MOST;
    default: return usual;
    }
}

static T entry(struct input *in) {
    static const double strange[] = {0, -0.0, 1e-300, -1e300, 1e30, -1, NAN, INFINITY};
    unsigned kind = next(in);
    if (kind < 254) return (T)((double)kind / 32);
    return (T)strange[kind % LENGTH(strange)];
}

/* Elements from the first to the last, or SIZE_MAX if there are more than any memory has. */
static size_t span(const Mat *a) {
    size_t down, across;
    if (a->rows == 0 || a->cols == 0) return 0;
    if (__builtin_mul_overflow(a->rows - 1, a->row_stride, &down)) return SIZE_MAX;
    if (__builtin_mul_overflow(a->cols - 1, a->col_stride, &across)) return SIZE_MAX;
    if (__builtin_add_overflow(down, across, &down) || down == SIZE_MAX) return SIZE_MAX;
    return down + 1;
}

/* Whether a call with so many bytes is either true or refused for the length alone. */
static int honest(size_t elements, size_t size) {
    return elements <= ARENA || elements > (size_t)PTRDIFF_MAX / size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct call c;
    static T numbers[SLOTS][ARENA], before[SLOTS][ARENA], scratch[8 * ARENA];
    static size_t sizes[SLOTS][ARENA];
    static double doubles[SLOTS][ARENA];
    static uint32_t columns[ARENA];
    struct input in;
    const struct subject *t;
    size_t s, i, endless, long_side;
    int32_t status;

    in.data = data;
    in.size = size;
    in.state = 0x9e3779b97f4a7c15;
    t = &subjects[next(&in) % LENGTH(subjects)];
    /* It reads A itself. */
    if (t->run == call_svd_truncated_begin) return 0;
    prepare(&c, t);
    /* Matrices without entries, all of one dimension, huge, and none of the others. */
    endless = one_in(&in, 16) ? huge(&in) : 0;
    long_side = t->slots[next(&in) % SLOTS].rows;
    for (s = 0; s < SLOTS; s++) {
        const struct slot *slot = &t->slots[s];
        Mat *mat = &c.mats[s];
        size_t used = slot->rows * (slot->cols ? slot->cols : 1);
        for (i = 0; i < ARENA; i++) {
            numbers[s][i] = i < used ? entry(&in) : (T)(i % 5);
            sizes[s][i] = i < ROOM ? c.store.sizes[s][i] : 0;
            doubles[s][i] = 0;
        }
        mat->rows = number(&in, mat->rows);
        mat->cols = number(&in, mat->cols);
        if (endless) {
            mat->rows = slot->rows == long_side ? endless : 0;
            mat->cols = slot->cols == long_side && (mat->rows == 0 || one_in(&in, 2)) ? endless : 0;
        }
        mat->row_stride = number(&in, mat->cols);
        mat->col_stride = number(&in, 1);
        if (!honest(span(mat), sizeof(T))) *mat = row_major(NULL, slot->rows, slot->cols);
        mat->data = numbers[s] + (one_in(&in, 64) ? next(&in) % 3 : 0);
        if (one_in(&in, 64)) mat->data = numbers[next(&in) % SLOTS];
        if (span(mat) > ARENA - 3 && span(mat) != SIZE_MAX) mat->data = NULL;
        if (slot->kind == NUMBERS) c.given[s] = numbers[s];
        if (slot->kind == SIZES) c.given[s] = sizes[s];
        if (slot->kind == DOUBLES) c.given[s] = doubles[s];
        if (one_in(&in, 64)) c.given[s] = one_in(&in, 2) || c.given[s] == NULL ? NULL : (char *)c.given[s] + 1;
    }
    for (i = 0; i < ARENA; i++) columns[i] = i < ROOM ? (uint32_t)(number(&in, i % N)) : 0;
    for (i = 0; i < M + 1; i++) sizes[0][i] = number(&in, sizes[0][i]);
    c.csr.rows = number(&in, M);
    c.csr.cols = number(&in, N);
    c.csr.entries = number(&in, M * N);
    c.csr.starts = sizes[0];
    c.csr.columns = columns;
    c.csr.values = numbers[0];
    c.rank = number(&in, K);
    c.choice = one_in(&in, 8) ? next(&in) : next(&in) % (t->choices ? t->choices : 1);
    c.execution = one_in(&in, 8) ? next(&in) : 0;
    if (one_in(&in, 4)) c.tolerance = (double)entry(&in);
    if (t->options != NO_OPTIONS && one_in(&in, 2)) {
        for (i = sizeof(size_t); i < c.options.struct_size; i++) {
            if (one_in(&in, 16)) c.options.bytes[i] = (unsigned char)next(&in);
        }
        /* As many iterations as take no time. */
        if (t->options == NMF_OPTIONS) ((lowrank_nmf_options *)&c.options)->max_iterations %= 50;
        if (t->options == NMF_OPTIONS) ((lowrank_nmf_options *)&c.options)->max_sweeps %= 50;
        if (t->options == SVD_OPTIONS) ((lowrank_svd_options *)&c.options)->max_sweeps %= 50;
        if (t->options == TRUNCATED_OPTIONS) ((lowrank_svd_truncated_options *)&c.options)->max_passes %= 50;
    }
    c.scratch_len = one_in(&in, 8) ? number(&in, c.scratch_len) : LENGTH(scratch);
    if (c.scratch_len < SIZE_MAX / 8 && c.scratch_len > LENGTH(scratch)) c.scratch_len = LENGTH(scratch);
    for (i = 0; i < LENGTH(scratch); i++) scratch[i] = (T)NAN;
    c.scratch = scratch;
    if (one_in(&in, 32)) c.scratch = numbers[next(&in) % SLOTS];
    if (c.scratch != scratch && c.scratch_len > ARENA && c.scratch_len < SIZE_MAX / 8) c.scratch_len = ARENA;

    memcpy(before, numbers, sizeof before);
    status = t->run(&c);
    if (strstr(lowrank_status_message(status), "not a status") != NULL) abort();
    if (status != LOWRANK_OK && c.scratch == scratch && memcmp(before, numbers, sizeof before) != 0) {
        /* Said in the header. */
        if (status == LOWRANK_OVERFLOW && t->run == call_svd_golub_kahan_in_place) return 0;
        fprintf(stderr, "%s has changed its outputs, and says: %s\n", t->name, lowrank_status_message(status));
        abort();
    }
    for (s = 0; s < SLOTS && status == LOWRANK_OK && t->run != call_gemm; s++) {
        const Mat *mat = &c.mats[s];
        if (t->slots[s].kind != MATRIX || t->slots[s].role == READ || c.given[s] == NULL || span(mat) == 0) continue;
        for (i = 0; i < mat->rows * mat->cols; i++) {
            if (!isfinite(mat->data[i / mat->cols * mat->row_stride + i % mat->cols * mat->col_stride])) {
                fprintf(stderr, "%s has a result that is no number\n", t->name);
                abort();
            }
        }
    }
    return 0;
}
