"""Linear prediction of many short signals at once."""

import numpy as np

from beamprint.dsp.arrays import Float32, Float64

_NOISE = 1e-9
"""Share of white noise that keeps the equations of a pure tone solvable."""


def prediction_error(model: Float64, x: Float32, order: int) -> Float32:
    """Error of predicting each sample from the ``order`` samples before it.

    Parameters
    ----------
    model : float64, shape (signals, samples)
        Stretches that the prediction is fitted to, by the autocorrelation method with a Hann window.
    x : float32, shape (signals, n)
    order : int

    Returns
    -------
    float32, shape (signals, n - order): the error of ``x[:, order:]``.
    """
    filters = _error_filters(_autocorrelation(model, order)).astype(np.float32)
    error = x[:, order:].copy()
    for lag in range(1, order + 1):
        error += filters[:, lag : lag + 1] * x[:, order - lag : -lag]
    return error


def _autocorrelation(x: Float64, order: int) -> Float64:
    """Lags 0 to ``order`` of the windowed signals, shape (signals, order + 1)."""
    w = x * np.hanning(x.shape[1] + 2)[1:-1]
    return np.stack([np.vecdot(w[:, lag:], w[:, : w.shape[1] - lag]) for lag in range(order + 1)], axis=1)


def _error_filters(autocorrelation: Float64) -> Float64:
    """Levinson's recursion: filters 1, a1 ... that give the error, shape (signals, order + 1)."""
    r = autocorrelation.copy()
    r[:, 0] = r[:, 0] * (1 + _NOISE) + np.finfo(np.float64).tiny
    a = np.zeros_like(r)
    a[:, 0] = 1
    error = r[:, 0].copy()
    for i in range(1, r.shape[1]):
        reflection = -np.vecdot(a[:, :i], r[:, i:0:-1]) / error
        a[:, 1 : i + 1] += reflection[:, None] * a[:, i - 1 :: -1]
        error *= 1 - reflection**2
    return a
