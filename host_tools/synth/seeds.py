"""Independent random streams, one per part of the generator."""

import numpy as np
from numpy.random import Generator
from scipy.signal import lfilter


def stream(seed: int, part: str) -> Generator:
    """The stream of one named part; the same on every platform."""
    return np.random.Generator(np.random.PCG64([seed, *part.encode()]))


def slow_drift(rng: Generator, n: int, memory: float) -> np.ndarray:
    """n values of a stationary AR(1) of unit variance that forgets over `memory` values."""
    keep = np.exp(-1 / memory)
    noise = rng.standard_normal(n) * np.sqrt(1 - keep**2)
    noise[:1] /= np.sqrt(1 - keep**2)
    return np.asarray(lfilter([1.0], [1.0, -keep], noise))


def wander(rng: Generator, n: int, slow_share: float = 0.05) -> np.ndarray:
    """n values of unit variance as strides vary: half white, a memory of a few strides, a drift.

    `slow_share` is the share of variance with a memory of 200 strides (minutes).
    """
    parts = ((0.55 - slow_share / 2, 0.0), (0.45 - slow_share / 2, 0.7), (slow_share, 0.995))
    total = np.zeros(n)
    for share, memory in parts:
        noise = rng.standard_normal(n) * np.sqrt(share * (1 - memory**2))
        noise[:1] /= np.sqrt(1 - memory**2)  # stationary from the first value on
        total += np.asarray(lfilter([1.0], [1.0, -memory], noise))
    return total
