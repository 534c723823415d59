"""Levels, attribution, confidence and reasons: what the athlete is told, and how sure it is."""

from array import array

from micropython import const

from band.arrays import words
from band.changes import (
    CONTACT,
    FINSM5,
    FMAX,
    KVERT,
    LAG,
    MECHANICS,
    MNF,
    N_DOMAINS,
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
# Between the least change of either kind: RMS and MNF down and up by 5 %, or RMS alone down.
DRIVE_Q8 = const(64)
PENDING_Q8 = const(180)  # minimum times run while the evidence stays above 70 %
HEAVY_WEIGHT_Q8 = const(512)  # 2 thresholds, as the root of all domains' squares
BLIND_WEIGHT_Q8 = const(556)  # where the pace is not known
LEAST_MECHANICS_Q8 = const(102)  # mechanics that moved by 40 % of their threshold take part
NEAR_Q8 = const(160)  # a domain that others support needs 63 % of its threshold
WATCH_DMS = const(1_200_000)
HEAVY_DMS = const(1_800_000)
HEAVY_BLIND_DMS = const(3_600_000)  # at a pace that is not known and has jumped
DOWN_DMS = const(1_800_000)
TEN_PERCENT_CU = const(563)
FAR_CONTACT_CU = const(384)  # 6.5 %; tired legs change it by 2 to 5 %
PACE_CU = const(300)  # 5 %: less drowns in the scatter of shock
# Weights of 0.5 to 1.06 of what heavy asks for, in steps of 1/16, and how often it was true.
TIRED_FROM_Q8 = const(128)
TIRED_SPAN_Q8 = const(144)
TIRED_STEP_SHIFT = const(4)
TIRED_PCT = array("i", [4, 6, 9, 13, 19, 28, 39, 59, 81, 95, 95])
UNKNOWN_ATHLETE_PCT = const(75)
RUN_PCT = const(4)  # per earlier run, up to five
UNKNOWN_PACE_PCT = const(60)
NO_MUSCLE_PCT = const(50)
RISE_BLOCKS = const(10)  # 3 minutes
RISE_Q8 = const(26)


class Levels:
    """The level, stepped by `update()` once per block of evidence."""

    def __init__(self):
        self.level = INSUFFICIENT
        self.score_q8 = words(5)  # evidence for each level, likely
        self.sure_q8 = words(5)  # the same, beyond chance
        self.weight_q8 = 0  # all domains together, against what heavy asks for
        self._held_dms = words(5)
        self._below_dms = 0
        self._past_q8 = words(RISE_BLOCKS)
        self._blocks = 0

    def begin(self):
        """The baseline is complete."""
        self.level = FRESH

    def update(self, evidence, dt_dms, clean_dms, heavy_dms, pace_known):
        """One block; heavy and above need heavy_dms, all since a sensor was last disturbed
        (clean_dms ago). Returns 1 when the level changed."""
        enough = HEAVY_WEIGHT_Q8 if pace_known else BLIND_WEIGHT_Q8
        self.weight_q8 = (total_weight_q8(evidence) << 8) // enough
        weigh(evidence, evidence.likely_q8, self.weight_q8, self.score_q8)
        weigh(evidence, evidence.sure_q8, self.weight_q8, self.sure_q8)
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
            need = WATCH_DMS
            if level >= HEAVY:
                need = heavy_dms
                self._held_dms[level] = min(self._held_dms[level], clean_dms)
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


def total_weight_q8(evidence):
    """All five domains together: the root of their squares, in thresholds.

    Many small changes that agree tell more than one or two large ones, which any fresh run has
    now and then.
    """
    squares = 0
    for domain in range(N_DOMAINS):
        weight = evidence.weight_q8[domain]
        squares += weight * weight
    return isqrt(squares)


def weigh(evidence, domains_q8, weight_q8, scores_q8):
    """Evidence for watch, heavy and very heavy; domains_q8: likely or sure scores of domains.

    Watch goes by the one largest domain, heavy by the weight of all; mechanics and a domain of
    the muscle must take part in it.
    """
    largest = 0
    muscle = 0
    strong = 0
    for domain in range(SHOCK):
        score = domains_q8[domain]
        if score > largest:
            largest = score
        if score >= NEAR_Q8:
            strong += 1
        if domain != MECHANICS and evidence.likely_q8[domain] > muscle:
            muscle = evidence.likely_q8[domain]
    scores_q8[WATCH] = largest
    if evidence.mechanics_q8 < LEAST_MECHANICS_Q8 or muscle < HALF_Q8:
        weight_q8 >>= 1
    scores_q8[HEAVY] = weight_q8
    scores_q8[VERY_HEAVY] = weight_q8 if strong >= 3 else 0


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
    if evidence.mechanics_q8 < LEAST_MECHANICS_Q8:
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
    return CENTRAL_TYPE if drive < DRIVE_Q8 else PERIPHERAL


def pace_explains(evidence):
    """Whether contact and shock moved as both do with pace, for an athlete of unknown pace.

    Slower gives longer contact and a weaker shock, where tired legs land harder. Faster gives
    shorter contact and more shock or push-off, where tired legs that stiffen push off less.
    """
    if not evidence.seen[TIB_PEAK]:
        return False
    shock = evidence.level_cu[TIB_PEAK]
    if evidence.level_cu[CONTACT] < 0:
        # Slower steps of tired legs may shorten contact too, but they soften the leg.
        if evidence.seen[KVERT] and evidence.level_cu[KVERT] < 0:
            return False
        push = scaled_level_q8(evidence, PUSHOFF)
        return scaled_level_q8(evidence, CONTACT) < -HALF_Q8 and (shock > 0 or push > 0)
    # Contact goes with speed to the -0.59, shock with speed to the 1.0.
    implied = evidence.level_cu[CONTACT] * 7 >> 2
    return implied > PACE_CU and -10 * shock > 7 * implied


def pace_may_explain(evidence):
    """Whether mechanics at an unknown pace need no tired legs: contact changed as those never
    change it (far too much, or shorter on a stiffer leg), or fewer than two other domains
    agree."""
    contact = evidence.level_cu[CONTACT]
    if contact > FAR_CONTACT_CU:
        return True
    if contact < 0 and evidence.seen[KVERT] and evidence.level_cu[KVERT] > 0:
        return True
    agree = 0
    for domain in range(TIMING, N_DOMAINS):
        if evidence.weight_q8[domain] >= HALF_Q8:
            agree += 1
    return agree < 2


def tired_percent(weight_q8):
    """How often legs with so much evidence were tired, in synthetic runs of which one in four
    tires (fitted on some athletes, shown on others); it grows with the weight."""
    at = min(max(weight_q8 - TIRED_FROM_Q8, 0), TIRED_SPAN_Q8)
    step = at >> TIRED_STEP_SHIFT
    low = TIRED_PCT[step]
    part = at & (1 << TIRED_STEP_SHIFT) - 1
    return low + ((TIRED_PCT[step + 1] - low) * part >> TIRED_STEP_SHIFT)


def confidence(levels, evidence, prior_runs, pace_known):
    """Percent: how often as much evidence was right; capped where the band is blind, and lower
    for an athlete of whom no earlier runs are known."""
    level = levels.level
    if level == INSUFFICIENT:
        return 0
    percent = tired_percent(levels.weight_q8)
    if level == FRESH:
        percent = 100 - percent
    cap = UNKNOWN_ATHLETE_PCT + RUN_PCT * min(5, prior_runs)
    if not pace_known:
        cap = min(cap, UNKNOWN_PACE_PCT)
    if not (evidence.seen[RMS] | evidence.seen[MNF] | evidence.seen[ONSET]):
        cap = min(cap, NO_MUSCLE_PCT)
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
