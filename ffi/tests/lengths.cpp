// Every macro is its function, over shapes on both sides of every limit inside; and what does not fit says SIZE_MAX.
#include "lengths.h"

#include <cstdio>

int main() {
    static const size_t sides[] = {0,  1,   2,   3,   4,   7,   8,   9,   15,  16,  17,   31,   32,   33,   47,   48, 49,
                                   63, 64,  65,  100, 127, 128, 129, 255, 256, 257, 479,  480,  481,  700,  1024, 1079,
                                   1080, 1081, 2000, 5000, 40000};
    static const size_t ranks[] = {0, 1, 2, 3, 4, 5, 8, 20, 33, 64, 65, 100, 256, 260, 600};
    static const size_t oversamples[] = {0, 3, LOWRANK_OVERSAMPLE, 40};
    for (size_t m : sides) {
        for (size_t n : sides) {
            for (size_t k : ranks) {
                for (size_t q : oversamples) {
                    ALL_LENGTHS;
                }
            }
        }
    }
    const size_t none[] = {lowrank_qr_scratch_len(SIZE_MAX, 2), lowrank_svd_scratch_len(SIZE_MAX, SIZE_MAX),
                           lowrank_svd_truncated_scratch_len(SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX),
                           lowrank_snmf_scratch_len(SIZE_MAX, 2, SIZE_MAX)};
    for (size_t length : none) failures += length != SIZE_MAX;

    static_assert(LOWRANK_SVD_JACOBI_UNBLOCKED_SCRATCH_LEN(4, 6) == 24 + 32 + 6 + 24, "a constant in C++ too");
    const lowrank_info info = LOWRANK_INFO_INIT;
    const lowrank_svd_options svd = LOWRANK_SVD_OPTIONS_INIT;
    const lowrank_svd_truncated_options truncated = LOWRANK_SVD_TRUNCATED_OPTIONS_INIT;
    const lowrank_nmf_options nmf = LOWRANK_NMF_OPTIONS_INIT;
    failures += info.struct_size != sizeof info || svd.struct_size != sizeof svd ||
                truncated.struct_size != sizeof truncated || nmf.struct_size != sizeof nmf;
    std::printf("lengths in C++: %d failures\n", failures);
    return failures != 0;
}
