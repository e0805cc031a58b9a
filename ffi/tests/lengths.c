/* In C the macros are constants: for a shape of each kind they are their functions. */
#include "lengths.h"

#define FOR_SHAPE(rows, cols, rank, oversample)                                                                        \
    do {                                                                                                               \
        enum { m = rows, n = cols, k = rank, q = oversample };                                                         \
        ALL_LENGTHS;                                                                                                   \
    } while (0)

int main(void) {
    FOR_SHAPE(0, 0, 0, 0);
    FOR_SHAPE(1, 1, 1, 10);
    FOR_SHAPE(6, 4, 2, 10);
    FOR_SHAPE(4, 6, 2, 3);
    FOR_SHAPE(16, 16, 5, 10);
    FOR_SHAPE(17, 40, 16, 10);
    FOR_SHAPE(100, 65, 33, 10);
    FOR_SHAPE(257, 481, 20, 10);
    FOR_SHAPE(1080, 100, 7, 10);
    FOR_SHAPE(90, 5000, 64, 0);
    FOR_SHAPE(30000, 768, 100, 10);
    printf("lengths in C: %d failures\n", failures);
    return failures != 0;
}
