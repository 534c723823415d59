"""What a block's distances from the baseline mean: evidence, level, cause, and the row that tells.

regimes -> evidence of features and domains -> level -> cause. fatigue.py calls the parts one by
one, for together they take long.
"""

from micropython import const

from band import trend
from band.arrays import words
from band.changes import CADENCE, CONTACT, DOMAIN, FMAX, MECHANICS, N_FEATURES, SPEED
from band.domains import Evidence
from band.fault_watch import ALL_FAULTS, EMG_FAULTS, GYRO_LOST
from band.regimes import PACE, TERRAIN, Regimes
from band.units import UNKNOWN
from band.warning import (
    BY_PACE,
    BY_SENSOR,
    BY_TERRAIN,
    FRESH,
    HEAVY,
    HEAVY_BLIND_DMS,
    HEAVY_DMS,
    NONE,
    ONE_Q8,
    WATCH,
    Levels,
    attribute,
    confidence,
    pace_explains,
    pace_may_explain,
    reasons,
    scaled_level_q8,
)

TELL_GAP_DMS = const(600_000)  # between rows that only tell of pace or terrain


class Verdict:
    """Works on `baseline`, `covariates` and `faults` (FaultWatch) of one athlete's run."""

    def __init__(self, baseline, covariates, faults, domains_off):
        self._baseline = baseline
        self._covariates = covariates
        self._faults = faults
        self._domains_off = domains_off
        self.regimes = Regimes(baseline.spread_cu)
        self.evidence = Evidence()
        self.levels = Levels()
        self._raw_cu = words(N_FEATURES, UNKNOWN)
        self._cause = NONE
        self._level_changed = False
        self._told_dms = 0

    def begin(self):
        """The baseline is complete: from now on blocks are compared with it."""
        covariates = self._covariates
        self.levels.begin()
        self.regimes.start(
            covariates.home_speed(), covariates.home_tilt(), covariates.home_tilt_spread()
        )

    def compare(self, change):
        """A block's changes (cu) with what the baseline expects of it."""
        x = self._covariates.x
        for feature in range(N_FEATURES):
            self._raw_cu[feature] = self._baseline.residual(feature, change[feature], x)

    def follow(self):
        """A jump may be one of pace, terrain or sensor. Returns whether running is steady."""
        x = self._covariates.x
        regimes = self.regimes
        regimes.take(self._raw_cu, x[SPEED], x[CADENCE], self._covariates.tilt_ddeg)
        return regimes.residual[CONTACT] != UNKNOWN

    def weigh(self):
        """Evidence of every feature."""
        evidence = self.evidence
        baseline = self._baseline
        regimes = self.regimes
        slopes = baseline.slopes
        pace_known = self._covariates.pace_known()
        pace_change = 0
        if pace_known and regimes.anchor_speed != UNKNOWN:
            pace_change = self._covariates.x[SPEED] - regimes.anchor_speed
        for feature in range(N_FEATURES):
            doubt = slopes.doubt(feature, SPEED, pace_change)
            excused = 0
            if not pace_known and feature > FMAX:
                # A pace that is not known is taken to have changed by all that contact implies.
                excused = slopes.alongside(feature, SPEED, CONTACT, evidence.level_cu[CONTACT])
            residual = regimes.residual[feature]
            if self._domains_off >> DOMAIN[feature] & 1:
                residual = UNKNOWN
            evidence.update(
                feature,
                residual,
                baseline.spread_cu[feature],
                doubt + regimes.doubt_cu[feature],
                excused,
            )

    def judge(self, t_dms, dt_dms):
        """Domains and level of a block that ended at t_dms, dt_dms after the one before."""
        evidence = self.evidence
        evidence.agree()
        pace_known = self._covariates.pace_known()
        if not pace_known and pace_may_explain(evidence):
            evidence.weight_q8[MECHANICS] = 0
            evidence.mechanics_q8 = 0
        blind = self.regimes.pace_jumps and not pace_known
        heavy_dms = HEAVY_BLIND_DMS if blind else HEAVY_DMS
        clean_dms = t_dms - self._faults.disturbed_dms
        self._level_changed = self.levels.update(evidence, dt_dms, clean_dms, heavy_dms, pace_known)

    def must_tell(self, t_dms, watching):
        """Whether the block has brought what is worth a row. watching: the baseline is known."""
        if self._level_changed:
            self._level_changed = False
            return True
        cause = self._find_cause(watching)
        if cause != self._cause and (cause == BY_PACE or cause == BY_TERRAIN):
            return t_dms - self._told_dms >= TELL_GAP_DMS
        return False

    def _find_cause(self, watching):
        """wire.ATTRIBUTIONS of now."""
        level = self.levels.level
        if level >= HEAVY:
            return attribute(self.evidence) or self._cause
        if self._faults.reported & (EMG_FAULTS | ALL_FAULTS | GYRO_LOST):
            return BY_SENSOR
        if watching:
            if self.regimes.away:
                if self.regimes.cause == PACE:
                    return BY_PACE
                if self.regimes.cause == TERRAIN:
                    return BY_TERRAIN
            far = abs(scaled_level_q8(self.evidence, CONTACT)) >= ONE_Q8
            if far and not self._covariates.pace_known() and pace_explains(self.evidence):
                return BY_PACE
        return attribute(self.evidence) if level >= WATCH else NONE

    def tell(self, row, t_dms, watching):
        """Write a row of wire.WARNING."""
        self._cause = self._find_cause(watching)
        self._told_dms = t_dms
        row[0] = t_dms
        row[1] = self.levels.level
        row[2] = self._cause
        row[3] = self.confidence()
        row[4] = reasons(self.evidence) if self.levels.level > FRESH else 0
        row[5] = self._faults.reported

    def fill_trend(self, row, medians):
        """The part of a trend row behind its head."""
        trend.fill(row, medians, self._raw_cu, self._baseline.spread_cu, self.evidence)

    def confidence(self):
        """Percent."""
        return confidence(
            self.levels,
            self.evidence,
            self._baseline.prior_runs[CONTACT],
            self._covariates.pace_known(),
        )
