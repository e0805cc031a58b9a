"""Computes what the firmware's results are compared with, in float64, and writes src/reference.rs.

    pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
    python3 reference.py
"""

import numpy as np
import scipy
import sklearn
from scipy.optimize import nnls
from sklearn.decomposition import non_negative_factorization

# All entries are multiples of 1/64, so that they are the same numbers in f32.
READINGS = np.array([
    [0.125, -1.0, 9.75, 1.5],
    [3.375, -1.125, 9.0, -2.25],
    [5.875, 0.5, 7.9375, -4.75],
    [6.90625, 2.75, 6.375, 0.5],
    [5.1875, 6.0, 4.15625, 6.25],
    [1.875, 8.625, 3.0625, 3.75],
])
TARGETS = np.array([
    [4.5, -1.0],
    [2.25, 0.5],
    [-0.75, 3.0],
    [6.5, -2.25],
    [12.0, 0.25],
    [9.75, 7.5],
])
# Eight spectra of six channels: mixtures of three, and a little that is not.
SPECTRA = np.array([
    [4.0, 2.0, 0.5, 0.0, 1.0, 0.25],
    [0.5, 1.0, 3.0, 6.0, 2.5, 0.75],
    [1.0, 0.25, 0.5, 0.5, 3.0, 5.0],
    [4.25, 3.0, 3.75, 6.25, 3.5, 1.0],
    [5.0, 2.5, 1.0, 0.75, 4.25, 5.5],
    [1.75, 1.25, 3.5, 6.5, 5.5, 5.75],
    [2.0, 1.0, 0.0, 0.25, 0.5, 0.0],
    [0.25, 0.75, 1.5, 3.25, 1.25, 0.5],
])
RANK = 3


def start(rows, cols):
    """A start without a pattern; the same numbers as in the firmware."""
    return np.array([[(1 + (7 * i + 5 * j) % 11) / 8 for j in range(cols)] for i in range(rows)])


def relative_error(x, approximation):
    return np.linalg.norm(x - approximation) / np.linalg.norm(x)


def nmf():
    """The error that scikit-learn's coordinate descent ends at."""
    w, h, _ = non_negative_factorization(
        SPECTRA, W=start(8, RANK), H=start(RANK, 6), n_components=RANK, init="custom", solver="cd", tol=0.0,
        max_iter=200_000)
    return relative_error(SPECTRA, w @ h)


def semi_nmf(x):
    """The error that alternating least squares end at: F by numpy, each column of G by scipy's active-set method."""
    g = start(RANK, x.shape[1])
    for _ in range(5000):
        f = np.linalg.lstsq(g.T, x.T, rcond=None)[0].T
        g = np.column_stack([nnls(f, column)[0] for column in x.T])
    return relative_error(x, f @ g)


def array(name, values, what):
    values = np.atleast_1d(values)
    rows = values if values.ndim == 2 else [values]
    lines = "\n".join("    " + ", ".join(repr(float(x)) for x in row) + ", //" for row in rows)
    return f"/// {what}\npub const {name}: [f64; {values.size}] = [\n{lines}\n];\n"


def number(name, value, what):
    return f"/// {what}\npub const {name}: f64 = {float(value)!r};\n"


# A matrix without full rank: the last column is the sum of the first two.
dependent = READINGS.copy()
dependent[:, 3] = dependent[:, 0] + dependent[:, 1]
centred = SPECTRA - 2.0

parts = [
    "//! Data, and what independent programs make of it in f64.\n//!\n"
    f"//! Written by `reference.py` with numpy {np.__version__}, scipy {scipy.__version__} and scikit-learn "
    f"{sklearn.__version__}.\n",
    array("READINGS", READINGS, "Six readings of a motion sensor: acceleration along x, y and z, and the rate of rotation."),
    array("SINGULAR_VALUES", np.linalg.svd(READINGS, compute_uv=False), "`numpy.linalg.svd` of them."),
    array("TARGETS", TARGETS, "What two instruments said at the same moments."),
    array("SOLUTION", np.linalg.lstsq(READINGS, TARGETS, rcond=None)[0], "`numpy.linalg.lstsq`: these from the readings."),
    array("RESIDUALS", np.linalg.norm(TARGETS - READINGS @ np.linalg.lstsq(READINGS, TARGETS, rcond=None)[0], axis=0),
          "The norms of what is left."),
    array("DEPENDENT_SOLUTION", np.linalg.lstsq(dependent, TARGETS, rcond=None)[0],
          "The same with the sum of the first two columns in the place of the last one: the solution of least norm."),
    array("SPECTRA", SPECTRA, "Eight spectra of six channels."),
    number("NMF_ERROR", nmf(), "`sklearn.decomposition.non_negative_factorization`, 200,000 iterations: `|X - W H| / |X|`."),
    number("SEMI_NMF_ERROR", semi_nmf(centred),
           "5,000 rounds of `numpy.linalg.lstsq` and `scipy.optimize.nnls`, X being the spectra less 2: `|X - F G| / |X|`."),
]
with open("src/reference.rs", "w") as out:
    out.write("\n".join(parts))
