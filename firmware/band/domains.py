"""From residuals to evidence: z, CUSUM and the size of the change, per feature and per domain.

A feature speaks when its change is both beyond chance (CUSUM of z) and large enough to matter
(its smoothed residual against a threshold that lies within the published range, lower for a
steadier athlete).
"""

from array import array

from micropython import const

from band.arrays import words
from band.changes import (
    DOMAIN,
    KVERT,
    LEAST_CU,
    MECHANICS,
    MOST_CU,
    N_DOMAINS,
    N_FEATURES,
    PUSHOFF,
    SHOCK,
    SIDES,
    TIMING,
)
from band.fixmath import isqrt
from band.robust import clip
from band.units import UNKNOWN

ONE_Q8 = const(256)
Z_LIMIT_Q8 = const(4 * 256)
# h 12 as published for 30-s blocks; k 0.5 rather than 0.75, since 18-s blocks are noisier by
# sqrt(30/18): the same change is that many spreads less. Chosen on synthetic runners.
CUSUM_K_Q8 = const(128)
CUSUM_H_Q8 = const(12 * 256)
CUSUM_TOP_Q8 = const(24 * 256)  # what is long certain must still be able to end
LEVEL_Q = const(4)
LEVEL_SHIFT = const(2)
SPREADS_Q2 = const(7)  # the threshold asks for 1.75 spreads, within its range
STALE_BLOCKS = const(10)  # a feature missing for 3 minutes says nothing any more
SCORE_LIMIT_Q8 = const(384)
WEIGHT_LIMIT_Q8 = const(512)


class Evidence:
    """`update()` once per block; read `level_cu`, `z_q8`, and per domain `likely`, `sure`,
    `weight`."""

    def __init__(self):
        self.level_cu = words(N_FEATURES)
        self.z_q8 = words(N_FEATURES, UNKNOWN)
        self.threshold_cu = array("i", LEAST_CU)
        # Change / threshold, in a direction that counts.
        self.score_q8 = words(N_FEATURES)
        self.seen = words(N_FEATURES)  # 0: no news of it
        self.likely_q8 = words(N_DOMAINS)  # size alone
        self.sure_q8 = words(N_DOMAINS)  # size, where CUSUM agrees
        self.weight_q8 = words(N_DOMAINS)  # size of all features together
        # Whether mechanics take part: contact and stiffness, or else the push-off, which the
        # gyroscope feels without knowing when contact ends.
        self.mechanics_q8 = 0
        self.domain_z_q8 = words(N_DOMAINS, UNKNOWN)
        self._level_q4 = words(N_FEATURES)
        self._up_q8 = words(N_FEATURES)
        self._down_q8 = words(N_FEATURES)

    def update(self, feature, residual_cu, spread_cu, doubt_cu, excused_cu):
        """One block's residual; doubt_cu widens spread and threshold where slopes are unsure;
        excused_cu is the part of the change that may have another reason."""
        if residual_cu == UNKNOWN:
            self.z_q8[feature] = UNKNOWN
            if self.seen[feature]:
                self.seen[feature] -= 1
            return
        spread = spread_cu + doubt_cu
        level = self._level_q4[feature]
        step = clip((residual_cu << LEVEL_Q) - level, spread << (LEVEL_Q + 2))
        level += step >> LEVEL_SHIFT
        self._level_q4[feature] = level
        level >>= LEVEL_Q
        self.level_cu[feature] = level
        self.seen[feature] = STALE_BLOCKS

        z = clip(clip(residual_cu, spread << 3) * ONE_Q8 // spread, Z_LIMIT_Q8)
        self.z_q8[feature] = z
        self._up_q8[feature] = cusum(self._up_q8[feature], z)
        self._down_q8[feature] = cusum(self._down_q8[feature], -z)

        threshold = spread_cu * SPREADS_Q2 >> 2
        if threshold < LEAST_CU[feature]:
            threshold = LEAST_CU[feature]
        elif threshold > MOST_CU[feature]:
            threshold = MOST_CU[feature]
        threshold += doubt_cu
        self.threshold_cu[feature] = threshold
        level -= excused_cu
        sides = SIDES[feature]
        change = 0
        if level > 0 and sides & 1:
            # Legs that stiffen are the exception: ask for half as much again.
            change = 2 * level // 3 if feature == KVERT else level
        elif level < 0 and sides & 2:
            change = -level
        self.score_q8[feature] = change * ONE_Q8 // threshold

    def certain(self, feature):
        """Whether the change in its present direction is beyond chance."""
        if self.level_cu[feature] > 0:
            return self._up_q8[feature] >= CUSUM_H_Q8
        return self._down_q8[feature] >= CUSUM_H_Q8

    def agree(self):
        """Scores per domain: the largest of its features, and their common weight.

        Features of one domain that err on their own (onset, lag and steadiness; shock and
        push-off) add up as the root of their squares; contact and what is computed from it, or
        two indices of one spectrum, are one measurement and count once.
        """
        likely = self.likely_q8
        sure = self.sure_q8
        weight = self.weight_q8
        for domain in range(N_DOMAINS):
            likely[domain] = 0
            sure[domain] = 0
            weight[domain] = 0
            self.domain_z_q8[domain] = UNKNOWN
        for feature in range(N_FEATURES):
            if not self.seen[feature]:
                continue
            domain = DOMAIN[feature]
            score = self.score_q8[feature]
            if score > SCORE_LIMIT_Q8:
                score = SCORE_LIMIT_Q8
            if score > likely[domain]:
                likely[domain] = score
            weight[domain] += score * score
            if score > sure[domain] and self.certain(feature):
                sure[domain] = score
            z = self.z_q8[feature]
            largest = self.domain_z_q8[domain]
            if z != UNKNOWN and (largest == UNKNOWN or abs(z) > abs(largest)):
                self.domain_z_q8[domain] = z
        for domain in range(N_DOMAINS):
            if domain == TIMING or domain == SHOCK:
                weight[domain] = min(isqrt(weight[domain]), WEIGHT_LIMIT_Q8)
            else:
                weight[domain] = likely[domain]
        push_off = self.score_q8[PUSHOFF] >> 1 if self.seen[PUSHOFF] else 0
        self.mechanics_q8 = max(likely[MECHANICS], push_off)


def cusum(total_q8, z_q8):
    """One step of S = max(0, S + z - k), held below its top."""
    total_q8 += z_q8 - CUSUM_K_Q8
    if total_q8 < 0:
        return 0
    return total_q8 if total_q8 < CUSUM_TOP_Q8 else CUSUM_TOP_Q8
