"""Personal slopes of one feature on pace, cadence and skin temperature, ridge-shrunk.

A baseline at one constant pace says nothing about the slope on pace: each slope is the
population's until the athlete's own data outweigh it. With prior slope b0, its SD between
athletes s and the feature's block noise n, the slope is (Sxy + r b0) / (Sxx + r), r = n^2/s^2.
"""

from array import array

import micropython

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
X_LIMIT = 2048  # half an octave, or 20 degC: beyond it a line is no model
Y_LIMIT = 4096


class Slopes:
    """Slopes of every feature; `explained(feature, x)` is what the covariates account for."""

    def __init__(self, n_features):
        self.slope_q8 = array("i", PRIOR_SLOPE_Q8)
        self.doubt_q8 = array("i", PRIOR_SLOPE_SD_Q8)  # SD of what is left to be learnt
        self.reference = array("i", [UNKNOWN] * (n_features * N_COVARIATES))

    def deviation(self, feature, covariate, x):
        """x against its reference of the feature's baseline; 0 where either is not known."""
        reference = self.reference[feature * N_COVARIATES + covariate]
        if x == UNKNOWN or reference == UNKNOWN:
            return 0
        return clip(x - reference, X_LIMIT)

    @micropython.native
    def explained(self, feature, x, start, step):
        """Change (cu) that the covariates x[start], x[start + step], ... account for."""
        total = 0
        for covariate in range(N_COVARIATES):
            deviation = self.deviation(feature, covariate, x[start + covariate * step])
            slope = self.slope_q8[feature * N_COVARIATES + covariate]
            total += (slope * deviation) >> 8
        return total

    @micropython.native
    def fit(self, feature, x, start, step, y, y_start, n):
        """Learn the slopes from n blocks; y (cu) is relative to its own median.

        x holds covariate c of block i at start + c * step + i. References must be set.
        """
        noise = SPREAD_FLOOR_CU[feature]
        for _ in range(SWEEPS):
            for covariate in range(N_COVARIATES):
                at = feature * N_COVARIATES + covariate
                if self.reference[at] == UNKNOWN:
                    continue
                prior = PRIOR_SLOPE_Q8[at]
                prior_sd = PRIOR_SLOPE_SD_Q8[at]
                x_at = start + covariate * step
                sxx = 0
                sxy = 0
                for i in range(n):
                    dx = self.deviation(feature, covariate, x[x_at + i])
                    if dx == 0:
                        continue
                    # Residual against all the other slopes.
                    rest = y[y_start + i] - self.explained(feature, x, start + i, step)
                    rest = clip(rest + ((self.slope_q8[at] * dx) >> 8), Y_LIMIT)
                    sxx += (dx * dx) >> 8
                    sxy += (dx * rest) >> 8
                # r = (noise / prior_sd)^2, with the SD's Q8, and the sums' >> 8.
                ridge = (noise * noise << 8) // (prior_sd * prior_sd) + 1
                weight = sxx + ridge
                self.slope_q8[at] = muldiv(sxy, 256, weight) + muldiv(prior, ridge, weight)
                self.doubt_q8[at] = isqrt(muldiv(prior_sd * prior_sd, ridge, weight))

    @micropython.native
    def alongside(self, feature, covariate, leader, change):
        """Change of a feature if the covariate has caused all of `change` (cu) in the leader."""
        slope = self.slope_q8[leader * N_COVARIATES + covariate]
        if slope == 0:
            return 0
        x = clip(muldiv(change, 256, slope if slope > 0 else -slope), X_LIMIT)
        own = self.slope_q8[feature * N_COVARIATES + covariate]
        return (own * (x if slope > 0 else -x)) >> 8

    def doubt(self, feature, covariate, dx):
        """SD (cu) of the explained change, as far as the slope is not known."""
        spread = (self.doubt_q8[feature * N_COVARIATES + covariate] * dx) >> 8
        return spread if spread >= 0 else -spread
