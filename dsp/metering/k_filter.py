"""The K filter of ITU-R BS.1770-5, annex 1: two biquads at any sample rate, and both as one state space."""

import math
from typing import NamedTuple

import numpy as np

from beamprint.dsp.arrays import Float32, Float64

LOWEST_RATE = 32_000
"""Below this rate the bilinear transform distorts the shelf too much: it is fitted to the tabled response."""
TABLED_RATE = 48_000
ORDER = 4
"""Elements of the filter's state."""

_HIGH_PASS_GAIN = 4 / (1 + 1.99004745483398 + 0.99007225036621)


class StateSpace(NamedTuple):
    """The filter as s' = A s + B x, y = C s + D x; A has shape (4, 4), B and C (4,)."""

    A: Float64
    B: Float64
    C: Float64
    D: float

    def powers(self, count: int) -> list[Float64]:
        """A to the powers 0 ... ``count``."""
        powers = [np.eye(ORDER)]
        while len(powers) <= count:
            powers.append(self.A @ powers[-1])
        return powers

    def impulse_response(self, length: int) -> Float64:
        """The first ``length`` outputs for a unit impulse, shape (length,)."""
        powers = self.powers(length - 1)
        return np.array([self.D, *(float(self.C @ power @ self.B) for power in powers[: length - 1])])

    def observation(self, length: int) -> Float64:
        """Matrix (length, 4) from a state to the next ``length`` outputs without input."""
        return np.array([self.C @ power for power in self.powers(length - 1)])

    def injection(self, length: int) -> Float64:
        """Matrix (length, 4): what each of ``length`` inputs in a row adds to the state after the last."""
        return np.array([power @ self.B for power in self.powers(length - 1)[::-1]])


def k_filter(rate: int) -> tuple[Float64, Float64]:
    """The shelving and the high-pass biquad at any sample rate.

    From 32 kHz up, they are derived by the bilinear transform from the analogue prototypes of BS.1770's tables 1 and 2.
    The high-pass's numerator is scaled to the table's gain at high frequencies, 1.00499.
    Below 32 kHz, the shelf is fitted to the tabled response (0.01 dB to 0.42 of the rate from 8 kHz up).

    Returns
    -------
    shelf, high_pass : float64, shape (2, 3): numerator and denominator, the denominators begin with 1.
    """
    shelf = _bilinear_shelf(rate) if rate >= LOWEST_RATE else _fitted_shelf(rate)
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    scale = 1 + k / q + k * k
    gain = _HIGH_PASS_GAIN / scale
    high_pass = [[gain, -2 * gain, gain], [1, 2 * (k * k - 1) / scale, (1 - k / q + k * k) / scale]]
    return shelf, np.array(high_pass)


def k_state_space(rate: int) -> StateSpace:
    """Both biquads in series, scaled so that the state has identity covariance for white input.

    With states of equal size float32 loses nothing.
    """
    return _whitened(_cascade(*(_state_space(biquad) for biquad in k_filter(rate))))


def as_float32(table: Float64) -> Float32:
    """The table in float32, with tiny entries set to 0: products with them would be denormal, which is slow."""
    return np.ascontiguousarray(np.where(np.abs(table) < 1e-20, 0.0, table), np.float32)


def _bilinear_shelf(rate: int) -> Float64:
    k, q = math.tan(math.pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    scale = 1 + k / q + k * k
    numerator = [high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k]
    return np.array([numerator, [scale, 2 * (k * k - 1), 1 - k / q + k * k]]) / scale


def _fitted_shelf(rate: int) -> Float64:
    """The tabled shelf's poles at another rate, and the zeros with which its power response is closest."""
    tabled = _bilinear_shelf(TABLED_RATE)
    poles = np.roots(tabled[1]).astype(complex) ** (TABLED_RATE / rate)
    denominator = np.poly(poles).real
    angle = np.linspace(0, np.pi, 1000)
    at_rate, at_tabled = (np.exp(-1j * np.outer(w, range(3))) for w in (angle, angle * rate / TABLED_RATE))
    b, a = np.abs(at_tabled @ tabled.T).T
    wanted = np.square(b / a * np.abs(at_rate @ denominator))
    # Errors are relative; those in the last tenth of the band count little.
    weights = np.where(angle < 0.9 * np.pi, 1.0, 0.3) / wanted
    basis = np.cos(np.outer(angle, range(3)))
    c = np.linalg.lstsq(basis * weights[:, None], wanted * weights, rcond=None)[0]
    zeros = np.roots([c[2] / 2, c[1] / 2, c[0], c[1] / 2, c[2] / 2])
    numerator = np.poly(zeros[np.abs(zeros) < 1]).real
    return np.array([numerator * (math.sqrt(c.sum()) / abs(numerator.sum())), denominator])


def _state_space(biquad: Float64) -> StateSpace:
    """Transposed direct form II; A has shape (2, 2)."""
    b, a = biquad
    A = np.array([[-a[1], 1.0], [-a[2], 0.0]])
    return StateSpace(A, b[1:] - a[1:] * b[0], np.array([1.0, 0.0]), float(b[0]))


def _cascade(first: StateSpace, second: StateSpace) -> StateSpace:
    """The second filter behind the first."""
    A = np.block([[first.A, np.zeros((2, 2))], [np.outer(second.B, first.C), second.A]])
    B = np.concatenate([first.B, second.B * first.D])
    C = np.concatenate([second.D * first.C, second.C])
    return StateSpace(A, B, C, first.D * second.D)


def _whitened(space: StateSpace) -> StateSpace:
    """The same filter with the identity as its controllability Gramian."""
    A, B, C, D = space
    gramian = np.linalg.solve(np.eye(ORDER**2) - np.kron(A, A), np.outer(B, B).reshape(-1))
    root = np.linalg.cholesky(gramian.reshape(ORDER, ORDER))
    inverse = np.linalg.inv(root)
    return StateSpace(inverse @ A @ root, inverse @ B, C @ root, D)
