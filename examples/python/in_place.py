"""Singular vectors in the memory of a numpy array, by ctypes: no copy of the matrix is made.

    cargo build --release --manifest-path ffi/Cargo.toml
    python3 examples/python/in_place.py ffi/target/release/liblowrank.so
"""

import ctypes
import sys

import numpy as np


class Mat(ctypes.Structure):
    """lowrank_mat_f64; strides in elements."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("rows", ctypes.c_size_t),
        ("cols", ctypes.c_size_t),
        ("row_stride", ctypes.c_size_t),
        ("col_stride", ctypes.c_size_t),
    ]

    def __init__(self, array):
        assert array.dtype == np.float64 and min(array.strides) > 0
        row_stride, col_stride = (stride // array.itemsize for stride in array.strides)
        super().__init__(array.ctypes.data, *array.shape, row_stride, col_stride)


def load(path):
    library = ctypes.CDLL(path)
    library.lowrank_status_message.restype = ctypes.c_char_p
    library.lowrank_svd_golub_kahan_in_place_scratch_len.restype = ctypes.c_size_t
    library.lowrank_svd_golub_kahan_in_place_scratch_len.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
    library.lowrank_svd_golub_kahan_in_place_f64.argtypes = [
        ctypes.POINTER(Mat), ctypes.c_void_p, ctypes.c_uint32, ctypes.POINTER(Mat), ctypes.c_void_p,
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p,
    ]
    return library


def svd_in_place(library, a):
    """Overwrites a, m x n with m >= n, by U; returns s and V."""
    m, n = a.shape
    s, v = np.empty(n), np.empty((n, n))
    scratch = np.empty(library.lowrank_svd_golub_kahan_in_place_scratch_len(m, n))
    status = library.lowrank_svd_golub_kahan_in_place_f64(
        Mat(a), s.ctypes.data, 1, Mat(v), None, scratch.ctypes.data, scratch.size, None
    )
    if status != 0:
        raise ValueError(library.lowrank_status_message(status).decode())
    return s, v


def main():
    library = load(sys.argv[1])
    original = np.random.default_rng(1).standard_normal((200, 30))
    for a in (original.copy(), np.asfortranarray(original)):
        s, v = svd_in_place(library, a)
        error = np.linalg.norm(a * s @ v.T - original) / np.linalg.norm(original)
        same = np.allclose(s, np.linalg.svd(original, compute_uv=False), rtol=1e-13)
        print(f"largest value {s[0]:.6f}, |A - U S V^T| / |A| = {error:.1e}, numpy agrees: {same}")
        assert error < 1e-14 and same
    broken = original.copy()
    broken[3, 4] = np.nan
    try:
        svd_in_place(library, broken)
    except ValueError as reason:
        print(f"with a NaN: {reason}")
    else:
        sys.exit("a NaN was not found")


if __name__ == "__main__":
    main()
