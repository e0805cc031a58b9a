/*
 * Where the processor takes subnormal numbers for zero, every call still ends, with a result or a reason, and a result is
 * made of numbers. Matrices of every scale, from subnormal to near overflow.
 */
#include "subjects.h"

#include <float.h>
#include <xmmintrin.h>

static struct call c;

/* Flush to zero, and denormals are zero. */
enum { MODES = 0x8040 };

static void flushed(const struct subject *t, int exponent) {
    const int32_t reasons[] = {LOWRANK_OK, LOWRANK_OVERFLOW};
    size_t s, i;
    int32_t status;
    int known = 0;
    prepare(&c, t);
    for (s = 0; s < SLOTS; s++) {
        if (t->slots[s].operand != LOWRANK_OPERAND_A) continue;
        for (i = 0; i < ROOM; i++) c.store.numbers[s][i] = (T)ldexp((double)c.store.numbers[s][i], exponent);
    }
    status = t->run(&c);
    for (i = 0; i < LENGTH(reasons); i++) known |= status == reasons[i];
    CHECK(known);
    if (!known) printf("    %s at 2^%d\n", lowrank_status_message(status), exponent);
    if (t->run == call_gemm) return;
    for (s = 0; s < SLOTS; s++) {
        const struct slot *slot = &t->slots[s];
        if ((slot->kind != MATRIX && slot->kind != NUMBERS) || status != LOWRANK_OK) continue;
        for (i = 0; i < slot->rows * (slot->cols ? slot->cols : 1); i++) CHECK(isfinite(c.store.numbers[s][i]));
    }
}

int main(void) {
    const int lowest = sizeof(T) == 4 ? FLT_MIN_EXP - FLT_MANT_DIG : DBL_MIN_EXP - DBL_MANT_DIG;
    const int highest = (sizeof(T) == 4 ? FLT_MAX_EXP : DBL_MAX_EXP) - 2;
    volatile T small = sizeof(T) == 4 ? (T)FLT_MIN : (T)DBL_MIN;
    size_t i;
    int e;
    _mm_setcsr(_mm_getcsr() | MODES);
    if (small / 2 != 0) {
        printf("subnormal numbers are not flushed\n");
        return 1;
    }
    for (i = 0; i < LENGTH(subjects); i++) {
        for (e = lowest; e < highest; e += sizeof(T) == 4 ? 3 : 25) flushed(&subjects[i], e);
    }
    printf("flushed to zero, %s: %d failures\n", sizeof(T) == 4 ? "float" : "double", failures);
    return failures != 0;
}
