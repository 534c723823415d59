"""Stride records in, warnings out: finds tired legs by comparing one athlete with himself.

Works on 25-stride medians, once every 18 s; a stride itself is only filed. Data flow:
blocks -> covariates -> baseline -> verdict (regimes -> domains -> warning). Nothing allocates after
construction.
"""

from micropython import const

from band import trend
from band.arrays import words
from band.baseline import Baseline
from band.blocks import DEGRADED, N_COLUMNS, Block
from band.changes import CONTACT, EMG_FIRST, EMG_LAST, N_FEATURES
from band.covariates import Covariates
from band.fault_watch import ALL_FAULTS, ELECTRODE_CH1, EMG_FAULTS, FaultWatch
from band.regimes import SENSOR
from band.units import UNKNOWN
from band.verdict import Verdict
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

FIELDS = STRIDE + STRIDE_EXTRA
I_T_IC = index(FIELDS, "t_ic_s")
I_VALID = index(FIELDS, "valid")
I_GAIT = index(FIELDS, "gait")
I_FAULTS = index(FIELDS, "faults")


# Stages of a block's way from strides to its row, and two before them.
_FIT_SLOPES = const(-2)
_FIT_LEVEL = const(-1)
_FIRST = const(1)
_LAST = const(9)


class Fatigue:
    """`stride()` for every stride, `quiet()` once a second without one; both return bits:
    1 a new row in `warning` (wire.WARNING), 2 a new one in `trend` (head, domain z, features).

    Where no moment may become long: `take()` instead of `stride()`, then `step()` until `stage`
    is 0, before anything else is asked. It finds the same.
    """

    def __init__(self, settings):
        self.warning = words(len(WARNING))
        self.trend = words(trend.ROW_FIELDS, UNKNOWN)
        self.phase = WARM_UP
        self.baseline = Baseline(settings.priors, settings.mass_g > 0)
        self.faults = FaultWatch()
        self.covariates = Covariates()
        self.verdict = Verdict(self.baseline, self.covariates, self.faults, settings.domains_off)
        self._block = Block(settings.mass_g > 0)
        self._strides = 0
        self._last_running_dms = UNKNOWN
        self._run_dms = 0
        self._skip = 0
        self.stage = 0  # of the block that is weighed just now; 0: none
        self._after_fit = 0
        self._block_dms = 0
        self._dt_dms = 0
        self._electrode_off = 0  # strides in a row
        self._upset = 0  # a fault that spoils every feature
        self._degraded = UNKNOWN
        self._to_fit = N_FEATURES
        self._due = 1  # the first row
        # Who is known from earlier runs needs less of this one.
        self._baseline_end_dms = BASELINE_END_DMS
        if self.baseline.prior_runs[CONTACT] >= KNOWN_RUNS:
            self._baseline_end_dms = KNOWN_BASELINE_END_DMS

    def stride(self, rec):
        """One stride record (wire.STRIDE + STRIDE_EXTRA), valid or not, any gait."""
        news = self.take(rec)
        while self.stage:
            news |= self.step()
        return news

    def take(self, rec):
        """File a stride; what it makes possible waits in `stage`."""
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
            self.stage = _FIT_SLOPES
            self._after_fit = 0
        if self._upset:
            return news
        if self._skip:
            self._skip -= 1
            return news
        if self._block.add(t_dms, rec, rec[I_VALID], faults & EMG_FAULTS == 0) > 0:
            self._dt_dms = min(t_dms - self._block_dms, BLOCK_GAP_DMS)
            self._block_dms = t_dms
            if self.stage == _FIT_SLOPES:
                self._after_fit = _FIRST
            else:
                self.stage = _FIRST
        return news

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
            self.verdict.regimes.reanchor(first, last, SENSOR)
        for feature in range(first, last + 1):
            # Gait times do not depend on how the band sits.
            if feature >= EMG_FIRST:
                self.baseline.forget(feature)

    def step(self):
        """The next part of the work on a block: none takes much longer than the others."""
        stage = self.stage
        if stage < 0:
            self._fit(stage)
            return 0
        self.stage = stage + 1 if stage < _LAST else 0
        block = self._block
        if stage == _FIRST:
            block.summarise(0, N_COLUMNS >> 1)
        elif stage == 2:
            block.summarise(N_COLUMNS >> 1, N_COLUMNS)
            block.close()
        elif stage == 3:
            self.covariates.take(block.value)
            self._mind_degraded(block.value[DEGRADED])
            if self._run_dms >= WARM_UP_DMS and self._to_fit == N_FEATURES:
                self._collect()
            if self.phase < WATCHING:
                self.stage = _LAST
        elif stage == 4:
            self.verdict.compare(block.change)
        elif stage == 5:
            self.phase = WATCHING if self.verdict.follow() else SUSPENDED
        elif stage == 6:
            if self.phase == WATCHING:
                self.verdict.weigh()
        elif stage == 7:
            if self.phase == WATCHING:
                self.verdict.judge(self._block_dms, self._dt_dms)
        elif stage == 8:
            if self.verdict.must_tell(self._block_dms, True):
                return self._tell(self._block_dms)
        else:
            self._fill_trend()
            return NEW_TREND
        return 0

    def _fill_trend(self):
        row = self.trend
        row[0] = self._block_dms
        row[1] = self.phase
        row[2] = self._strides
        row[3] = self.verdict.levels.level
        row[4] = self.verdict.confidence()
        self.verdict.fill_trend(row, self._block.value)

    def _tell(self, t_dms):
        """Write a warning row."""
        self._due = 0
        self.verdict.tell(self.warning, t_dms, self.phase >= WATCHING)
        return NEW_WARNING

    def _mind_degraded(self, degraded):
        """Without a gyroscope contact is found another way, with another bias."""
        if self._degraded != UNKNOWN and degraded != self._degraded:
            if self.phase >= WATCHING:
                self.verdict.regimes.reanchor(0, N_FEATURES - 1, SENSOR)
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

    def _fit(self, stage):
        """One feature per stride, in two steps."""
        feature = self._to_fit
        baseline = self.baseline
        wanted = not baseline.fitted[feature] and baseline.ready(feature)
        if stage == _FIT_SLOPES and wanted:
            baseline.fit_slopes(feature)
            self.stage = _FIT_LEVEL
            return
        if wanted:
            baseline.fit_level(feature)
        self.stage = self._after_fit
        self._to_fit = feature + 1
        if self._to_fit == N_FEATURES and self.phase == BASELINE:
            self.phase = WATCHING
            self.verdict.begin()
            self._due = 1
