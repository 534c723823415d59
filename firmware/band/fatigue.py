"""Stride records in, warnings out: finds tired legs by comparing one athlete with himself.

Works on 25-stride medians, once every 18 s; a stride itself is only filed. Data flow:
blocks -> covariates -> baseline -> regimes -> domains -> warning. Nothing allocates after
construction.
"""

from array import array

from micropython import const

from band import trend
from band.baseline import Baseline
from band.blocks import DEGRADED, Block
from band.changes import (
    CADENCE,
    CONTACT,
    DOMAIN,
    EMG_FIRST,
    EMG_LAST,
    FMAX,
    MECHANICS,
    N_FEATURES,
    SPEED,
)
from band.covariates import Covariates
from band.domains import Evidence
from band.fault_watch import ALL_FAULTS, ELECTRODE_CH1, EMG_FAULTS, GYRO_LOST, FaultWatch
from band.regimes import PACE, SENSOR, TERRAIN, Regimes
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
from band.wire import STRIDE, STRIDE_EXTRA, WARNING, index

NEW_WARNING = const(1)
NEW_TREND = const(2)

WARM_UP, BASELINE, WATCHING, SUSPENDED = range(4)  # wire.PHASES
RUNNING = const(2)

WARM_UP_DMS = const(3_600_000)
BASELINE_END_DMS = const(9_000_000)
KNOWN_BASELINE_END_DMS = const(6_600_000)
KNOWN_RUNS = const(3)
STRIDE_GAP_DMS = const(30_000)  # longer: the running has stopped in between
PAUSE_DMS = const(600_000)
SKIP_AFTER_STOP = const(10)
SKIP_AFTER_PAUSE = const(60)
RESEAT_STRIDES = const(3)  # an electrode off for fewer is a flicker, not a new position
BLOCK_GAP_DMS = const(400_000)
TELL_GAP_DMS = const(600_000)  # between rows that only tell of pace or terrain

FIELDS = STRIDE + STRIDE_EXTRA
I_T_IC = index(FIELDS, "t_ic_s")
I_VALID = index(FIELDS, "valid")
I_GAIT = index(FIELDS, "gait")
I_FAULTS = index(FIELDS, "faults")


class Fatigue:
    """`stride()` for every stride, `quiet()` once a second without one; both return bits:
    1 a new row in `warning` (wire.WARNING), 2 a new one in `trend` (head, domain z, features).
    """

    def __init__(self, settings):
        self.warning = array("i", [0] * len(WARNING))
        self.trend = array("i", [UNKNOWN] * trend.ROW_FIELDS)
        self.phase = WARM_UP
        self.baseline = Baseline(settings.priors, settings.mass_g > 0)
        self.regimes = Regimes(self.baseline.spread_cu)
        self.evidence = Evidence()
        self.levels = Levels()
        self.faults = FaultWatch()
        self.covariates = Covariates()
        self._block = Block(settings.mass_g > 0)
        self._raw_cu = array("i", [UNKNOWN] * N_FEATURES)
        self._strides = 0
        self._last_running_dms = UNKNOWN
        self._run_dms = 0
        self._skip = 0
        self._last_block_dms = 0
        self._electrode_off = 0  # strides in a row
        self._upset = 0  # a fault that spoils every feature
        self._degraded = UNKNOWN
        self._to_fit = N_FEATURES
        self._cause = NONE
        self._due = 1  # the first row
        # Who is known from earlier runs needs less of this one.
        self._baseline_end_dms = BASELINE_END_DMS
        if self.baseline.prior_runs[CONTACT] >= KNOWN_RUNS:
            self._baseline_end_dms = KNOWN_BASELINE_END_DMS
        self._domains_off = settings.domains_off
        self._told_dms = 0

    def stride(self, rec):
        """One stride record (wire.STRIDE + STRIDE_EXTRA), valid or not, any gait."""
        t_dms = rec[I_T_IC]
        faults = rec[I_FAULTS]
        self._strides += 1
        news = 0
        if faults or self.faults.active:
            self._due |= self.faults.update(t_dms, faults)
        if self._due:
            news = self._tell(t_dms)
        if rec[I_GAIT] != RUNNING:
            return news
        self._clock(t_dms)
        if faults or self._upset or self._electrode_off:
            self._mind_faults(faults)
        if self._to_fit < N_FEATURES:
            self._fit_one()
        if self._upset:
            return news
        if self._skip:
            self._skip -= 1
            return news
        if self._block.add(t_dms, rec, rec[I_VALID], faults & EMG_FAULTS == 0) < 1:
            return news
        return news | self._close_block(t_dms)

    def quiet(self, t_dms, gait, faults):
        """A second without a stride."""
        news = 0
        if self.faults.update(t_dms, faults) or self._due:
            news = self._tell(t_dms)
        if gait != RUNNING:
            self._block.clear()
        self._mind_faults(faults)
        return news

    def _clock(self, t_dms):
        """Running time; strides right after a stop are not steady running."""
        if self._last_running_dms != UNKNOWN:
            gap = t_dms - self._last_running_dms
            if gap <= STRIDE_GAP_DMS:
                self._run_dms += gap
            else:
                self._block.clear()
                self._skip = SKIP_AFTER_PAUSE if gap > PAUSE_DMS else SKIP_AFTER_STOP
        self._last_running_dms = t_dms

    def _mind_faults(self, faults):
        """What a fault spoils, and what must be found again after it."""
        if faults & ALL_FAULTS:
            self._upset = 1
            self._block.clear()
        elif self._upset:
            self._upset = 0
            self._shifted(0, N_FEATURES - 1)
        if faults & ELECTRODE_CH1:
            self._electrode_off += 1
        elif self._electrode_off:
            if self._electrode_off >= RESEAT_STRIDES:
                self._block.clear()
                self._shifted(EMG_FIRST, EMG_LAST)
            self._electrode_off = 0

    def _shifted(self, first, last):
        """A sensor sits differently: features first..last start from a new level."""
        if self.phase >= WATCHING:
            self.regimes.reanchor(first, last, SENSOR)
        for feature in range(first, last + 1):
            # Gait times do not depend on how the band sits.
            if feature >= EMG_FIRST:
                self.baseline.forget(feature)

    def _close_block(self, t_dms):
        block = self._block
        block.close()
        dt_dms = min(t_dms - self._last_block_dms, BLOCK_GAP_DMS)
        self._last_block_dms = t_dms
        self.covariates.take(block.value)
        self._mind_degraded(block.value[DEGRADED])
        news = NEW_TREND
        if self._run_dms >= WARM_UP_DMS and self._to_fit == N_FEATURES:
            self._collect()
        if self.phase >= WATCHING:
            news |= self._watch(t_dms, dt_dms)
        row = self.trend
        row[0] = t_dms
        row[1] = self.phase
        row[2] = self._strides
        row[3] = self.levels.level
        row[4] = self._confidence()
        trend.fill(row, block.value, self._raw_cu, self.baseline.spread_cu, self.evidence)
        return news

    def _mind_degraded(self, degraded):
        """Without a gyroscope contact is found another way, with another bias."""
        if self._degraded != UNKNOWN and degraded != self._degraded:
            if self.phase >= WATCHING:
                self.regimes.reanchor(0, N_FEATURES - 1, SENSOR)
            for feature in range(N_FEATURES):
                self.baseline.forget(feature)
        self._degraded = degraded

    def _collect(self):
        """A block for the baseline, or for that of a feature that came late."""
        baseline = self.baseline
        late = 0
        for feature in range(N_FEATURES):
            if not baseline.fitted[feature]:
                baseline.add(feature, self._block.change[feature], self.covariates.x)
                late |= baseline.ready(feature)
        if self.phase >= WATCHING:
            if late:
                self._to_fit = 0
            return
        self.phase = BASELINE
        self.covariates.at_home()
        if self._run_dms >= self._baseline_end_dms and baseline.ready(CONTACT):
            self._to_fit = 0

    def _fit_one(self):
        """One feature per stride, so that no stride takes long."""
        feature = self._to_fit
        baseline = self.baseline
        if not baseline.fitted[feature] and baseline.ready(feature):
            baseline.fit(feature)
        self._to_fit = feature + 1
        if self._to_fit == N_FEATURES and self.phase == BASELINE:
            self.phase = WATCHING
            self.levels.begin()
            self.regimes.start(
                self.covariates.home_speed(),
                self.covariates.home_tilt(),
                self.covariates.home_tilt_spread(),
            )
            self._due = 1

    def _watch(self, t_dms, dt_dms):
        """Weigh one block. Returns NEW_WARNING when there is something to tell."""
        x = self.covariates.x
        baseline = self.baseline
        regimes = self.regimes
        for feature in range(N_FEATURES):
            self._raw_cu[feature] = baseline.residual(feature, self._block.change[feature], x)
        regimes.take(self._raw_cu, x[SPEED], x[CADENCE], self.covariates.tilt_ddeg)
        steady = regimes.residual[CONTACT] != UNKNOWN
        self.phase = WATCHING if steady else SUSPENDED
        if steady:
            self._weigh()
            pace_known = self.covariates.pace_known()
            blind = regimes.pace_jumps and not pace_known
            heavy_dms = HEAVY_BLIND_DMS if blind else HEAVY_DMS
            clean_dms = t_dms - self.faults.disturbed_dms
            if self.levels.update(self.evidence, dt_dms, clean_dms, heavy_dms, pace_known):
                return self._tell(t_dms)
        cause = self._find_cause()
        if cause != self._cause and (cause == BY_PACE or cause == BY_TERRAIN):
            if t_dms - self._told_dms >= TELL_GAP_DMS:
                return self._tell(t_dms)
        return 0

    def _weigh(self):
        """Evidence of every feature, then of the domains."""
        evidence = self.evidence
        baseline = self.baseline
        regimes = self.regimes
        slopes = baseline.slopes
        pace_known = self.covariates.pace_known()
        pace_change = 0
        if pace_known and regimes.anchor_speed != UNKNOWN:
            pace_change = self.covariates.x[SPEED] - regimes.anchor_speed
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
        evidence.agree()
        if not pace_known and pace_may_explain(evidence):
            evidence.weight_q8[MECHANICS] = 0
            evidence.mechanics_q8 = 0

    def _find_cause(self):
        """wire.ATTRIBUTIONS of now."""
        level = self.levels.level
        if level >= HEAVY:
            return attribute(self.evidence) or self._cause
        if self.faults.reported & (EMG_FAULTS | ALL_FAULTS | GYRO_LOST):
            return BY_SENSOR
        if self.phase >= WATCHING:
            if self.regimes.away:
                if self.regimes.cause == PACE:
                    return BY_PACE
                if self.regimes.cause == TERRAIN:
                    return BY_TERRAIN
            far = abs(scaled_level_q8(self.evidence, CONTACT)) >= ONE_Q8
            if far and not self.covariates.pace_known() and pace_explains(self.evidence):
                return BY_PACE
        return attribute(self.evidence) if level >= WATCH else NONE

    def _tell(self, t_dms):
        """Write a warning row."""
        self._cause = self._find_cause()
        self._told_dms = t_dms
        self._due = 0
        row = self.warning
        row[0] = t_dms
        row[1] = self.levels.level
        row[2] = self._cause
        row[3] = self._confidence()
        row[4] = reasons(self.evidence) if self.levels.level > FRESH else 0
        row[5] = self.faults.reported
        return NEW_WARNING

    def _confidence(self):
        return confidence(
            self.levels,
            self.evidence,
            self.baseline.prior_runs[CONTACT],
            self.covariates.pace_known(),
        )
