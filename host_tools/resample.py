"""From a recording's rates and scales to the band's: anti-aliased, zero delay, int16.

Rates are exact fractions. One Kaiser-windowed low-pass serves both directions: flat to 0.78 of
the lower Nyquist frequency, more than 60 dB down beyond 1.02 of it.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

HALF_TAPS = 16  # zero crossings on each side, at the lower of both rates
KAISER_BETA = 6.0
CUTOFF = 0.9  # of the lower Nyquist frequency
# Beyond this the polyphase filter bank itself (32 taps per phase) gets large and slow to design.
MAX_PHASES = 50_000
INTERMEDIATE = 16  # oversampling before interpolating, for ratios beyond MAX_PHASES


def resampled(x: np.ndarray, rate_hz: Fraction, target_hz: Fraction) -> np.ndarray:
    """`x` (n,) as float64 at `target_hz`; output k is the signal at k / target_hz seconds.

    As many outputs as have a time before the last input sample's period ends.
    """
    x = np.asarray(x, dtype=np.float64)
    ratio = target_hz / rate_hz
    if ratio == 1:
        return x
    if max(ratio.numerator, ratio.denominator) <= MAX_PHASES:
        return _polyphase(x, ratio.numerator, ratio.denominator)
    # Hardly reducible ratios (999.97 Hz written as such): oversample by a small integer ratio,
    # then take straight lines between points so close that their error stays under -50 dB.
    up, down = INTERMEDIATE, max(1, int(1 / ratio))
    dense = _polyphase(x, up, down)
    n_out = -(-len(x) * ratio.numerator // ratio.denominator)
    position = np.arange(n_out) * float(Fraction(up, down) / ratio)
    return np.interp(position, np.arange(len(dense)), dense)


def _polyphase(x: np.ndarray, up: int, down: int) -> np.ndarray:
    # Loading SciPy takes longer than a whole replay of a recording at the band's own rates.
    from scipy.signal import resample_poly

    if len(x) == 0:
        return x
    low_pass: Any = _low_pass(max(up, down))
    return np.asarray(resample_poly(x, up, down, window=low_pass, padtype="edge"))


@lru_cache(maxsize=8)
def _low_pass(widest: int) -> np.ndarray:
    from scipy.signal import firwin

    window: Any = ("kaiser", KAISER_BETA)
    return np.asarray(firwin(2 * HALF_TAPS * widest + 1, CUTOFF / widest, window=window))


def bridged(x: np.ndarray, gaps: list[tuple[int, int]]) -> np.ndarray:
    """A copy of `x` with straight lines across sample ranges [start, stop): fill values of lost
    samples must not ring into their neighbours when the signal is filtered."""
    x = np.array(x, dtype=np.float64)
    for start, stop in gaps:
        before = x[start - 1] if start > 0 else (x[stop] if stop < len(x) else 0.0)
        after = x[stop] if stop < len(x) else before
        x[start:stop] = np.linspace(before, after, stop - start + 2)[1:-1]
    return x


def quantised(values: np.ndarray, per_lsb: float, offset: float = 0.0) -> tuple[np.ndarray, int]:
    """`values * per_lsb + offset` as int16, and how many samples had to be clipped."""
    scaled = values * per_lsb
    if offset:
        scaled += offset
    np.rint(scaled, out=scaled)
    clipped = 0
    if len(scaled) and (scaled.min() < -32768 or scaled.max() > 32767):
        clipped = int(np.count_nonzero(scaled < -32768) + np.count_nonzero(scaled > 32767))
        np.clip(scaled, -32768, 32767, out=scaled)
    return scaled.astype(np.int16), clipped
