"""What this athlete looks like fresh: expectation and spread of every feature.

Block medians of minutes 6-15 of running. A feature that was missing then (an electrode came
off) gets its baseline as soon as enough blocks have it.
"""

from array import array

from micropython import const

from band.arrays import words
from band.changes import (
    FMAX,
    KVERT,
    N_COVARIATES,
    N_FEATURES,
    RMS,
    SPREAD_FLOOR_CU,
    to_change_units,
)
from band.fixmath import median, muldiv
from band.regression import Slopes
from band.robust import clip, known_into, spread_in_place
from band.units import UNKNOWN
from band.wire import FEATURES

LEAST_BLOCKS = const(10)  # 250 strides
MOST_BLOCKS = const(40)
COLUMNS = const(4)  # change and three covariates
# Weight of earlier runs is n / (n + K): electrodes never sit twice in the same place, so an
# EMG amplitude says little about the next run's.
K_PRIOR = const(12)
K_PRIOR_RMS = const(60)


class Baseline:
    """`add()` while fresh, `fit_slopes()` and `fit_level()` once per feature; then `residual()` of
    any later block."""

    def __init__(self, priors, mass_known):
        self.slopes = Slopes(N_FEATURES, MOST_BLOCKS)
        self.center_cu = words(N_FEATURES, UNKNOWN)
        self.spread_cu = array("i", SPREAD_FLOOR_CU)
        self.blocks = words(N_FEATURES)
        self.fitted = words(N_FEATURES)
        self.prior_cu = words(N_FEATURES, UNKNOWN)
        self.prior_runs = words(N_FEATURES)
        self._data = words(N_FEATURES * COLUMNS * MOST_BLOCKS)
        self._scratch = words(MOST_BLOCKS)
        for feature in range(N_FEATURES):
            if not mass_known and (feature == KVERT or feature == FMAX):
                continue  # then they are compared in another unit, per kilogram
            runs = [
                change
                for change in (
                    to_change_units(feature, v) for v in priors.get(FEATURES[feature][0], ())
                )
                if change != UNKNOWN
            ]
            self.prior_runs[feature] = len(runs)
            if runs:
                self.prior_cu[feature] = median(array("i", runs), 0, len(runs))

    def add(self, feature, change, covariates):
        """Take one block's value of a feature that is not fitted yet."""
        n = self.blocks[feature]
        if change == UNKNOWN or n == MOST_BLOCKS:
            return
        at = feature * COLUMNS * MOST_BLOCKS + n
        self._data[at] = change
        for covariate in range(N_COVARIATES):
            at += MOST_BLOCKS
            self._data[at] = covariates[covariate]
        self.blocks[feature] = n + 1

    def forget(self, feature):
        """Drop what was collected: the sensor's level has shifted."""
        if not self.fitted[feature]:
            self.blocks[feature] = 0

    def ready(self, feature):
        return self.blocks[feature] >= LEAST_BLOCKS

    def fit_slopes(self, feature):
        """Learn a feature's slopes from its blocks; `fit_level` must follow."""
        n = self.blocks[feature]
        data = self._data
        scratch = self._scratch
        start = feature * COLUMNS * MOST_BLOCKS
        x_start = start + MOST_BLOCKS
        slopes = self.slopes
        for covariate in range(N_COVARIATES):
            known = known_into(data, x_start + covariate * MOST_BLOCKS, n, scratch)
            if 2 * known >= n:
                slopes.reference[feature * N_COVARIATES + covariate] = median(scratch, 0, known)
        known_into(data, start, n, scratch)
        center = median(scratch, 0, n)
        for i in range(n):
            data[start + i] -= center
        self.center_cu[feature] = center
        slopes.fit(feature, data, x_start, MOST_BLOCKS, data, start, n)

    def fit_level(self, feature):
        """Learn its expectation and spread."""
        n = self.blocks[feature]
        scratch = self._scratch
        self.slopes.rest(feature, self._data, feature * COLUMNS * MOST_BLOCKS, n, scratch)
        center = self.center_cu[feature] + median(scratch, 0, n)
        spread = spread_in_place(scratch, n)
        # A MAD of few blocks scatters by 1/sqrt(n): lean on the floor as one more sample would.
        floor = SPREAD_FLOOR_CU[feature]
        spread = (spread * n + floor * 4) // (n + 4)
        self.spread_cu[feature] = spread if spread > floor else floor
        self.center_cu[feature] = center + self._shrink(feature, center)
        self.fitted[feature] = 1

    def _shrink(self, feature, center):
        """Shift of the expectation towards earlier runs: at most half a spread, as they may
        have had another pace or another electrode position."""
        runs = self.prior_runs[feature]
        if runs == 0:
            return 0
        weight = runs + (K_PRIOR_RMS if feature == RMS else K_PRIOR)
        shift = muldiv(self.prior_cu[feature] - center, runs, weight)
        return clip(shift, self.spread_cu[feature] >> 1)

    def residual(self, feature, change, covariates):
        """Change (cu) of a block against what baseline and covariates predict, or UNKNOWN."""
        if change == UNKNOWN or not self.fitted[feature]:
            return UNKNOWN
        return change - self.center_cu[feature] - self.slopes.explained(feature, covariates, 0, 1)
