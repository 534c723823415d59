"""Levels, attribution, confidence and reasons: what the athlete is told, and how sure it is."""

from array import array

import micropython
from micropython import const

from band.changes import (
    CONTACT,
    FINSM5,
    FMAX,
    KVERT,
    LAG,
    MECHANICS,
    MNF,
    ONSET,
    ONSET_SD,
    PUSHOFF,
    RMS,
    SHOCK,
    TIB_PEAK,
    TIMING,
)
from band.fixmath import isqrt

INSUFFICIENT = const(0)
FRESH = const(1)
WATCH = const(2)
HEAVY = const(3)
VERY_HEAVY = const(4)

NONE = const(0)
PERIPHERAL = const(1)
CENTRAL_TYPE = const(2)
BY_PACE = const(3)
BY_TERRAIN = const(4)
BY_SENSOR = const(5)

ONE_Q8 = const(256)
HALF_Q8 = const(128)
PENDING_Q8 = const(180)  # minimum times run while the evidence stays above 70 %
NEAR_Q8 = const(160)  # a domain that others support needs 63 % of its threshold
WATCH_DMS = const(1_200_000)
HEAVY_DMS = const(1_800_000)
HEAVY_BLIND_DMS = const(3_600_000)  # at a pace that is not known and has jumped
DOWN_DMS = const(1_800_000)
TEN_PERCENT_CU = const(563)
PACE_CU = const(300)  # 5 %: less drowns in the scatter of shock
RISE_BLOCKS = const(10)  # 3 minutes
RISE_Q8 = const(26)


class Levels:
    """The level, stepped by `update()` once per block of evidence."""

    def __init__(self):
        self.level = INSUFFICIENT
        self.score_q8 = array("i", [0] * 5)  # evidence for each level, likely
        self.sure_q8 = array("i", [0] * 5)  # the same, beyond chance
        self._held_dms = array("i", [0] * 5)
        self._below_dms = 0
        self._past_q8 = array("i", [0] * RISE_BLOCKS)
        self._blocks = 0

    def begin(self):
        """The baseline is complete."""
        self.level = FRESH

    @micropython.native
    def update(self, evidence, dt_dms, heavy_dms):
        """One block; heavy and above need heavy_dms. Returns 1 when the level changed."""
        weigh(evidence.likely_q8, self.score_q8)
        weigh(evidence.sure_q8, self.sure_q8)
        far = mechanics_percent_q8(evidence)
        heavy = self.sure_q8[HEAVY]
        if far >= ONE_Q8 and heavy >= ONE_Q8:
            self.score_q8[VERY_HEAVY] = self.sure_q8[VERY_HEAVY] = far
        rising = self._rising(evidence)

        before = self.level
        for level in range(WATCH, VERY_HEAVY + 1):
            if self.score_q8[level] < PENDING_Q8:
                self._held_dms[level] = 0
                continue
            self._held_dms[level] += dt_dms
            need = WATCH_DMS if level == WATCH else heavy_dms
            if self.sure_q8[level] < ONE_Q8 or self._held_dms[level] < need:
                continue
            if self.level < level and (level < VERY_HEAVY or (rising and self.level == HEAVY)):
                self.level = level
        if self.level > before or self.level < WATCH or self.score_q8[self.level] >= HALF_Q8:
            self._below_dms = 0
        else:
            self._below_dms += dt_dms
            if self._below_dms >= DOWN_DMS:
                self.level -= 1
                self._below_dms = 0
        return 1 if self.level != before else 0

    @micropython.native
    def _rising(self, evidence):
        """Whether mechanics and EMG together are further off than three minutes ago."""
        total = 0
        for domain in range(SHOCK):
            total += evidence.likely_q8[domain]
        total += mechanics_percent_q8(evidence)
        at = self._blocks % RISE_BLOCKS
        past = self._past_q8[at]
        self._past_q8[at] = total
        self._blocks += 1
        return self._blocks > RISE_BLOCKS and total > past + RISE_Q8


@micropython.native
def weigh(domains_q8, scores_q8):
    """Evidence for watch, heavy and very heavy from the four domains' scores."""
    mechanics = domains_q8[MECHANICS]
    largest = 0
    squares = 0
    strong = 0
    for domain in range(SHOCK):
        score = domains_q8[domain]
        if score > largest:
            largest = score
        if score >= NEAR_Q8:
            strong += 1
        if domain != MECHANICS:
            squares += score * score
    others = isqrt(squares)
    scores_q8[WATCH] = largest
    # Mechanics and the rest must agree; one a little short is made up for by the other.
    heavy = isqrt((mechanics * mechanics + others * others) >> 1)
    weaker = mechanics if mechanics < others else others
    weaker = (weaker << 8) // NEAR_Q8
    scores_q8[HEAVY] = heavy if heavy < weaker else weaker
    scores_q8[VERY_HEAVY] = scores_q8[HEAVY] if strong >= 3 else 0


def mechanics_percent_q8(evidence):
    """Largest mechanical change in units of 10 %."""
    largest = 0
    for feature in range(CONTACT, FMAX + 1):
        if evidence.score_q8[feature] > 0 and evidence.certain(feature):
            change = abs(evidence.level_cu[feature])
            if change > largest:
                largest = change
    return (largest << 8) // TEN_PERCENT_CU


def scaled_level_q8(evidence, feature):
    """Signed change in units of its threshold, within +-2."""
    if not evidence.seen[feature]:
        return 0
    scaled = evidence.level_cu[feature] * ONE_Q8 // evidence.threshold_cu[feature]
    return max(-512, min(512, scaled))


def attribute(evidence):
    """Peripheral or central-type, from the direction of the EMG (Luttmann); mechanics moved.

    More amplitude and a lower spectrum: the muscle itself tires. Less amplitude and a spectrum
    that does not fall: it is driven less.
    """
    if evidence.likely_q8[MECHANICS] < NEAR_Q8:
        return NONE
    supported = 0
    for domain in range(TIMING, SHOCK):
        if evidence.likely_q8[domain] >= HALF_Q8:
            supported = 1
    if not supported:
        return NONE
    spectrum = scaled_level_q8(evidence, MNF)
    if evidence.seen[FINSM5]:
        spectrum = (spectrum - scaled_level_q8(evidence, FINSM5)) >> 1
    drive = scaled_level_q8(evidence, RMS) - spectrum
    if drive < -HALF_Q8:
        return CENTRAL_TYPE
    return PERIPHERAL


def pace_explains(evidence):
    """Whether contact and shock moved as both do with pace, for an athlete of unknown pace.

    Slower gives longer contact and a weaker shock, where tired legs land harder. Faster gives
    shorter contact and more shock or push-off, where tired legs that stiffen push off less.
    """
    if not evidence.seen[TIB_PEAK]:
        return False
    shock = evidence.level_cu[TIB_PEAK]
    if evidence.level_cu[CONTACT] < 0:
        push = scaled_level_q8(evidence, PUSHOFF)
        return scaled_level_q8(evidence, CONTACT) < -HALF_Q8 and (shock > 0 or push > 0)
    # Contact goes with speed to the -0.59, shock with speed to the 1.0.
    implied = evidence.level_cu[CONTACT] * 7 >> 2
    return implied > PACE_CU and -10 * shock > 7 * implied


@micropython.native
def confidence(levels, evidence, baseline_blocks, prior_runs, pace_known):
    """Percent: margin, agreement, size of the baseline, earlier runs; capped where blind."""
    level = levels.level
    if level == INSUFFICIENT:
        return 0
    emg = evidence.seen[RMS] | evidence.seen[MNF] | evidence.seen[ONSET]
    if level == FRESH:
        # The nearer a warning, the less sure that nothing is there.
        margin = ONE_Q8 - min(ONE_Q8, levels.score_q8[WATCH])
        percent = 45 + (30 * margin >> 8)
    else:
        margin = max(0, min(ONE_Q8, levels.sure_q8[level] - HALF_Q8))
        percent = 40 + (24 * margin >> 8)
        for domain in range(SHOCK):
            if evidence.sure_q8[domain] >= NEAR_Q8:
                percent += 6
        if evidence.likely_q8[SHOCK] >= ONE_Q8:
            percent += 3
    percent += min(8, baseline_blocks >> 2)
    # Earlier runs steady the expectation by half a spread at most: they are worth little.
    runs = min(5, prior_runs)
    percent += runs
    cap = 75 + runs
    if not pace_known:
        cap = min(cap, 60)
    if not emg:
        cap = min(cap, 50)
    return min(percent, cap)


def reasons(evidence):
    """Bits of wire.REASONS whose feature has changed enough to matter."""
    bits = 0
    bits |= sided(evidence, CONTACT, 0, 1)
    bits |= sided(evidence, KVERT, 3, 2)
    bits |= sided(evidence, FMAX, -1, 4)
    bits |= sided(evidence, ONSET, 5, 6)
    bits |= sided(evidence, LAG, 7, 8)
    bits |= sided(evidence, ONSET_SD, 9, -1)
    bits |= sided(evidence, RMS, 10, 11)
    bits |= sided(evidence, MNF, 13, 12)
    bits |= sided(evidence, FINSM5, 12, -1)
    bits |= sided(evidence, TIB_PEAK, 14, -1)
    bits |= sided(evidence, PUSHOFF, -1, 15)
    return bits


def sided(evidence, feature, up_bit, down_bit):
    if not evidence.certain(feature):
        return 0
    scaled = scaled_level_q8(evidence, feature)
    if scaled >= NEAR_Q8 and up_bit >= 0:
        return 1 << up_bit
    if scaled <= -NEAR_Q8 and down_bit >= 0:
        return 1 << down_bit
    return 0
