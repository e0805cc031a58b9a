// The header in C++: every length is a constant, every struct has its defaults.
#include "lowrank.h"

static_assert(LOWRANK_GEMM_SCRATCH_LEN(2, 3, 4) == (2 + 3 + 30) * 4, "gemm");
static_assert(LOWRANK_QR_SCRATCH_LEN(6, 4) == 24 + 6 + 4 + 12, "qr");
static_assert(LOWRANK_SVD_JACOBI_UNBLOCKED_SCRATCH_LEN(4, 6) == 24 + 32 + 6 + 24, "jacobi");
static_assert(LOWRANK_SVD_TRUNCATED_SCRATCH_LEN(300, 200, 5, LOWRANK_OVERSAMPLE) > 0, "truncated");
static_assert(LOWRANK_SVD_TRUNCATED_CSR_SCRATCH_LEN(300, 200, 5, LOWRANK_OVERSAMPLE) > 0, "truncated, CSR");
static_assert(LOWRANK_NMF_NNDSVD_SCRATCH_LEN(300, 200, 5, LOWRANK_OVERSAMPLE) > 0, "nndsvd");
static_assert(LOWRANK_NMF_FACTORIZE_SCRATCH_LEN(300, 200, 5) > 0, "nmf");
static_assert(LOWRANK_SNMF_FACTORIZE_SCRATCH_LEN(300, 200, 5) > 0, "snmf");

int main() {
    const lowrank_info info = LOWRANK_INFO_INIT;
    const lowrank_svd_options svd = LOWRANK_SVD_OPTIONS_INIT;
    const lowrank_svd_truncated_options truncated = LOWRANK_SVD_TRUNCATED_OPTIONS_INIT;
    const lowrank_nmf_options nmf = LOWRANK_NMF_OPTIONS_INIT;
    const bool sizes = info.struct_size == sizeof info && svd.struct_size == sizeof svd &&
                       truncated.struct_size == sizeof truncated && nmf.struct_size == sizeof nmf;
    return sizes && lowrank_status_message(LOWRANK_OK) != nullptr ? 0 : 1;
}
