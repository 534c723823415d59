"""Personal slopes of one feature on pace, cadence and skin temperature, ridge-shrunk.

A baseline at one constant pace says nothing about the slope on pace: each slope is the
population's until the athlete's own data outweigh it. With prior slope b0, its SD between
athletes s and the feature's block noise n, the slope is (Sxy + r b0) / (Sxx + r), r = n^2/s^2.
"""

from array import array

import micropython
from micropython import const

from band.arrays import words
from band.changes import (
    N_COVARIATES,
    PRIOR_SLOPE_Q8,
    PRIOR_SLOPE_SD_Q8,
    SPREAD_FLOOR_CU,
)
from band.fixmath import isqrt, muldiv
from band.robust import clip
from band.units import UNKNOWN

SWEEPS = 3  # Gauss-Seidel: three nearly uncorrelated covariates settle in two
_X_LIMIT = const(2048)  # half an octave, or 20 degC: beyond it a line is no model
_UNKNOWN = const(-(1 << 29))  # units.UNKNOWN


@micropython.viper
def _deviate(x, x_at: int, n: int, reference: int, into, at: int):
    """n values' distances from the reference, at most X_LIMIT; 0 where either is UNKNOWN."""
    of = ptr32(x)
    to = ptr32(into)
    i = 0
    while i < n:
        v = ((of[x_at + i] & 0x3FFFFFFF) ^ 0x20000000) - 0x20000000
        if v == _UNKNOWN or reference == _UNKNOWN:
            v = 0
        else:
            v -= reference
            if v > _X_LIMIT:
                v = _X_LIMIT
            elif v < 0 - _X_LIMIT:
                v = 0 - _X_LIMIT
        to[at + i] = v
        i += 1


@micropython.viper
def _rest(deviations, n: int, slopes, slope_at: int, y, y_at: int, into):
    """What the slopes leave of n values of y."""
    d = ptr32(deviations)
    s = ptr32(slopes)
    values = ptr32(y)
    to = ptr32(into)
    i = 0
    while i < n:
        v = ((values[y_at + i] & 0x3FFFFFFF) ^ 0x20000000) - 0x20000000
        at = i
        k = 0
        while k < 3:
            slope = ((s[slope_at + k] & 0x3FFFFFFF) ^ 0x20000000) - 0x20000000
            v -= (slope * (((d[at] & 0x3FFFFFFF) ^ 0x20000000) - 0x20000000)) >> 8
            at += n
            k += 1
        to[i] = v
        i += 1


@micropython.viper
def _square_sum(deviations, start: int, n: int) -> int:
    """Sum of the squares >> 8. Words from below zero are folded: a host loads them unsigned."""
    d = ptr32(deviations)
    total = 0
    i = start
    end = start + n
    while i < end:
        v = ((d[i] & 0x3FFFFFFF) ^ 0x20000000) - 0x20000000
        total += (v * v) >> 8
        i += 1
    return total


@micropython.viper
def _rest_sum(deviations, n: int, covariate: int, slopes, slope_at: int, y, y_at: int) -> int:
    """Sum over n blocks of a covariate's deviation times what the other slopes leave of y, >> 8.

    y is clipped at 4096: beyond it a line is no model.
    """
    d = ptr32(deviations)
    s = ptr32(slopes)
    values = ptr32(y)
    total = 0
    i = 0
    while i < n:
        rest = ((values[y_at + i] & 0x3FFFFFFF) ^ 0x20000000) - 0x20000000
        own = 0
        k = 0
        at = i
        while k < 3:
            v = ((d[at] & 0x3FFFFFFF) ^ 0x20000000) - 0x20000000
            if k == covariate:
                own = v
            else:
                slope = ((s[slope_at + k] & 0x3FFFFFFF) ^ 0x20000000) - 0x20000000
                rest -= (slope * v) >> 8
            at += n
            k += 1
        if rest > 4096:
            rest = 4096
        elif rest < -4096:
            rest = -4096
        total += (own * rest) >> 8
        i += 1
    return total


class Slopes:
    """Slopes of every feature; `explained(feature, x)` is what the covariates account for."""

    def __init__(self, n_features, most_blocks):
        self.slope_q8 = array("i", PRIOR_SLOPE_Q8)
        self.doubt_q8 = array("i", PRIOR_SLOPE_SD_Q8)  # SD of what is left to be learnt
        self.reference = words(n_features * N_COVARIATES, UNKNOWN)
        self._deviations = words(N_COVARIATES * most_blocks)

    def deviation(self, feature, covariate, x):
        """x against its reference of the feature's baseline; 0 where either is not known."""
        reference = self.reference[feature * N_COVARIATES + covariate]
        if x == UNKNOWN or reference == UNKNOWN:
            return 0
        return clip(x - reference, _X_LIMIT)

    def explained(self, feature, x, start, step):
        """Change (cu) that the covariates x[start], x[start + step], ... account for."""
        total = 0
        for covariate in range(N_COVARIATES):
            deviation = self.deviation(feature, covariate, x[start + covariate * step])
            slope = self.slope_q8[feature * N_COVARIATES + covariate]
            total += (slope * deviation) >> 8
        return total

    def fit(self, feature, x, start, step, y, y_start, n):
        """Learn the slopes from n blocks; y (cu) is relative to its own median.

        x holds covariate c of block i at start + c * step + i. References must be set.
        """
        noise = SPREAD_FLOOR_CU[feature]
        deviations = self._deviations
        first = feature * N_COVARIATES
        for covariate in range(N_COVARIATES):
            reference = self.reference[first + covariate]
            _deviate(x, start + covariate * step, n, reference, deviations, covariate * n)
        for _ in range(SWEEPS):
            for covariate in range(N_COVARIATES):
                at = first + covariate
                if self.reference[at] == UNKNOWN:
                    continue
                prior = PRIOR_SLOPE_Q8[at]
                prior_sd = PRIOR_SLOPE_SD_Q8[at]
                sxx = _square_sum(deviations, covariate * n, n)
                sxy = _rest_sum(deviations, n, covariate, self.slope_q8, first, y, y_start)
                # r = (noise / prior_sd)^2, with the SD's Q8, and the sums' >> 8.
                ridge = (noise * noise << 8) // (prior_sd * prior_sd) + 1
                weight = sxx + ridge
                self.slope_q8[at] = muldiv(sxy, 256, weight) + muldiv(prior, ridge, weight)
                self.doubt_q8[at] = isqrt(muldiv(prior_sd * prior_sd, ridge, weight))

    def rest(self, feature, y, y_start, n, into):
        """What the slopes leave of the n blocks they were learnt from, as given to `fit`."""
        _rest(self._deviations, n, self.slope_q8, feature * N_COVARIATES, y, y_start, into)

    def alongside(self, feature, covariate, leader, change):
        """Change of a feature if the covariate has caused all of `change` (cu) in the leader."""
        slope = self.slope_q8[leader * N_COVARIATES + covariate]
        if slope == 0:
            return 0
        x = clip(muldiv(change, 256, slope if slope > 0 else -slope), _X_LIMIT)
        own = self.slope_q8[feature * N_COVARIATES + covariate]
        return (own * (x if slope > 0 else -x)) >> 8

    def doubt(self, feature, covariate, dx):
        """SD (cu) of the explained change, as far as the slope is not known."""
        spread = (self.doubt_q8[feature * N_COVARIATES + covariate] * dx) >> 8
        return spread if spread >= 0 else -spread
