//! Data, and what independent programs make of it in f64.
//!
//! Written by `reference.py` with numpy 2.4.6, scipy 1.17.1 and scikit-learn 1.9.1.

/// Six readings of a motion sensor: acceleration along x, y and z, and the rate of rotation.
pub const READINGS: [f64; 24] = [
    0.125, -1.0, 9.75, 1.5, //
    3.375, -1.125, 9.0, -2.25, //
    5.875, 0.5, 7.9375, -4.75, //
    6.90625, 2.75, 6.375, 0.5, //
    5.1875, 6.0, 4.15625, 6.25, //
    1.875, 8.625, 3.0625, 3.75, //
];

/// `numpy.linalg.svd` of them.
pub const SINGULAR_VALUES: [f64; 4] = [
    20.31686380699036,
    12.8202702941037,
    6.57893767170764,
    3.702207533501283, //
];

/// What two instruments said at the same moments.
pub const TARGETS: [f64; 12] = [
    4.5, -1.0, //
    2.25, 0.5, //
    -0.75, 3.0, //
    6.5, -2.25, //
    12.0, 0.25, //
    9.75, 7.5, //
];

/// `numpy.linalg.lstsq`: these from the readings.
pub const SOLUTION: [f64; 8] = [
    0.2776995722407255,
    -0.8199646085149159, //
    0.46064815773362044,
    1.4103450641739, //
    0.37929766690080857,
    0.24013459673708495, //
    1.0424303671883903,
    -0.9608440773098771, //
];

/// The norms of what is left.
pub const RESIDUALS: [f64; 2] = [
    1.1867412884295154,
    2.07585574483489, //
];

/// The same with the sum of the first two columns in the place of the last one: the solution of least norm.
pub const DEPENDENT_SOLUTION: [f64; 8] = [
    -0.5417245355997148,
    -0.4883201244319734, //
    0.9104164087480117,
    0.5721311103625213, //
    0.44868460678222943,
    0.17617825746855462, //
    0.36869187314829743,
    0.08381098593054839, //
];

/// Eight spectra of six channels.
pub const SPECTRA: [f64; 48] = [
    4.0, 2.0, 0.5, 0.0, 1.0, 0.25, //
    0.5, 1.0, 3.0, 6.0, 2.5, 0.75, //
    1.0, 0.25, 0.5, 0.5, 3.0, 5.0, //
    4.25, 3.0, 3.75, 6.25, 3.5, 1.0, //
    5.0, 2.5, 1.0, 0.75, 4.25, 5.5, //
    1.75, 1.25, 3.5, 6.5, 5.5, 5.75, //
    2.0, 1.0, 0.0, 0.25, 0.5, 0.0, //
    0.25, 0.75, 1.5, 3.25, 1.25, 0.5, //
];

/// `sklearn.decomposition.non_negative_factorization`, 200,000 iterations: `|X - W H| / |X|`.
pub const NMF_ERROR: f64 = 0.023547312329749666;

/// 5,000 rounds of `numpy.linalg.lstsq` and `scipy.optimize.nnls`, X being the spectra less 2: `|X - F G| / |X|`.
pub const SEMI_NMF_ERROR: f64 = 0.19980482794322696;
