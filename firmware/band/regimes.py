"""Tells a jump from a drift: pace, terrain and sensors change within seconds, tired legs do not.

A block counts only once the next one shows that it did not open a jump. After a jump the
features re-anchor: a minute of blocks sets an offset, so that the residual goes on from the
level it had. A jump back to the home pace and grade restores the home offsets. A jump that was
none takes with it what legs tired in the meantime: one sign alone must be far beyond chance, two
that agree (contact with cadence, tilt with contact or the muscle) less so.
"""

from micropython import const

from band.arrays import words
from band.changes import CONTACT, EMG_FIRST, EMG_LAST, MNF, N_FEATURES, RMS
from band.robust import clip
from band.units import UNKNOWN

# Why the last jump happened.
STEADY = const(0)
PACE = const(1)
TERRAIN = const(2)
SENSOR = const(3)

SETTLE_BLOCKS = const(5)
LEVEL_SHIFT = const(2)  # the running level follows 1/4 of every block
LEVEL_Q = const(4)
LEVEL_LIMIT_CU = const(1 << 20)

CONTACT_STEP_Q8 = const(1024)  # four spreads at once: whatever it is, legs do not tire so fast
# A change of a pace that is not known moves contact and cadence against each other: least
# spreads of contact, and of both together.
PACE_CONTACT_Q8 = const(384)
PACE_STEPS_Q8 = const(1200)
CADENCE_SPREAD_CU = const(30)  # 0.5 %, as block medians scatter
TERRAIN_STEP_Q8 = const(300)  # a tilt is a hill when contact or the muscle moved as well
CONTACT_JUMP_CU = const(177)  # 3 %
RMS_JUMP_CU = const(940)  # 17 %
MNF_JUMP_CU = const(295)  # 5 %
SPEED_JUMP_CU = const(290)  # 5 %
TILT_JUMP_DDEG = const(12)
HOME_SPEED_CU = const(150)
HOME_TILT_DDEG = const(7)


class Regimes:
    """`take()` one block of raw residuals; `residual` is what evidence may use, if any."""

    def __init__(self, spread_cu):
        self.spread_cu = spread_cu
        self.residual = words(N_FEATURES, UNKNOWN)
        # Every level found anew leaves a doubt: more where the muscles' work changed as well.
        self.doubt_cu = words(N_FEATURES)
        self.why = STEADY
        self.cause = STEADY  # what being away from the baseline's pace and grade looks like
        self.away = 0
        self.pace_jumps = 0
        self.anchor_speed = UNKNOWN  # log2 speed where the offsets were found
        self._speed = UNKNOWN
        self._home_speed = UNKNOWN
        self._home_tilt = UNKNOWN
        self._tilt = UNKNOWN
        self._tilt_jump = TILT_JUMP_DDEG
        self._tilt_home = HOME_TILT_DDEG
        self._level_q4 = words(N_FEATURES)
        self._pending = words(N_FEATURES, UNKNOWN)
        self._pending_speed = UNKNOWN
        self._pending_tilt = UNKNOWN
        self._anchor_tilt = UNKNOWN
        self._pending_cadence = 0
        self._cadence = 0  # level of its quick part
        self._settle = words(N_FEATURES)
        self._sum = words(N_FEATURES)
        self._why = words(N_FEATURES, STEADY)
        self._first = UNKNOWN
        self._last_contact = UNKNOWN
        self._sensor_offset = words(N_FEATURES)
        self._offset = words(N_FEATURES)
        self._moved = words(N_FEATURES)  # by the last jump

    def start(self, speed, tilt, tilt_spread):
        """The baseline is complete: its pace and tilt are home."""
        if 3 * tilt_spread > self._tilt_jump:
            self._tilt_jump = 3 * tilt_spread
        if 3 * tilt_spread > 2 * self._tilt_home:
            self._tilt_home = 3 * tilt_spread >> 1
        self._home_speed = self._speed = self.anchor_speed = speed
        self._home_tilt = self._tilt = self._anchor_tilt = tilt
        self._pending_speed = UNKNOWN
        self._pending_tilt = UNKNOWN

    def settling(self):
        """Whether mechanics have no level yet to compare with."""
        return self._settle[CONTACT] > 0

    def reanchor(self, first, last, why):
        """Features first..last have a new level that means nothing: find it again."""
        for feature in range(first, last + 1):
            self._settle[feature] = SETTLE_BLOCKS
            self._sum[feature] = 0
            self._pending[feature] = UNKNOWN
            self._why[feature] = why
        if first <= CONTACT:
            self.why = why
            self._first = UNKNOWN
            if why == PACE:
                self.pace_jumps += 1

    def take(self, raw, speed, cadence, tilt):
        """One block: raw residuals (cu), log2 speed and quick part of log2 cadence (Q12), tilt
        0.1 deg. Fills `residual`."""
        if not self.settling():
            why = self._jump(raw, speed, cadence, tilt)
            if why == SENSOR:
                self.reanchor(EMG_FIRST, EMG_LAST, SENSOR)
            elif why:
                self.reanchor(0, N_FEATURES - 1, why)
        elif self._beyond(lesser(raw[CONTACT], self._last_contact, self._first), CONTACT_JUMP_CU):
            self.reanchor(0, N_FEATURES - 1, self.why)
        if self._first == UNKNOWN and self.settling():
            self._first = raw[CONTACT]
            self._speed = self.anchor_speed = speed
            self._tilt = self._anchor_tilt = tilt
        self._last_contact = raw[CONTACT]
        was_settling = self.settling()
        for feature in range(N_FEATURES):
            self.residual[feature] = self._pending[feature]
            self._pending[feature] = UNKNOWN
            self._follow(feature)
            value = raw[feature]
            if value == UNKNOWN:
                continue
            if self._settle[feature]:
                self._sum[feature] += value
                self._settle[feature] -= 1
                if self._settle[feature] == 0:
                    self._anchor(feature)
            else:
                self._pending[feature] = (
                    value - self._offset[feature] - self._sensor_offset[feature]
                )
        if was_settling and not self.settling() and self.why != SENSOR:
            self._name()
        self._pending_speed = speed
        self._pending_tilt = tilt
        self._cadence += (self._pending_cadence - self._cadence) >> 1
        self._pending_cadence = 0 if cadence == UNKNOWN else cadence
        self._speed = drifted(self._speed, speed)
        self._tilt = drifted(self._tilt, tilt)

    def _follow(self, feature):
        """The running level of what evidence was given."""
        value = self.residual[feature]
        if value == UNKNOWN:
            return
        level = self._level_q4[feature]
        # Four spreads, Q4.
        limit = self.spread_cu[feature] << 6
        self._level_q4[feature] = level + (clip((value << LEVEL_Q) - level, limit) >> LEVEL_SHIFT)

    def _anchor(self, feature):
        """Settled: the offset that lets the residual go on from where it was."""
        mean = self._sum[feature] // SETTLE_BLOCKS
        total = mean - (self._level_q4[feature] >> LEVEL_Q)
        why = self._why[feature]
        self._why[feature] = STEADY
        spread = self.spread_cu[feature]
        moved = total - self._offset[feature] - self._sensor_offset[feature]
        self._moved[feature] = moved
        # A shift within the noise is better not corrected than guessed.
        slight = clip(moved, 3 * spread >> 1) == moved
        if feature == CONTACT and why != SENSOR:
            self.away = 0 if self._is_home(mean, total) else 1
        if why == SENSOR:
            if not slight:
                self._sensor_offset[feature] += moved
            self.doubt_cu[feature] += spread >> 1
        elif why == TERRAIN and slight:
            return
        elif self.away:
            self._offset[feature] = total - self._sensor_offset[feature]
            self.doubt_cu[feature] += spread
        else:
            self._offset[feature] = 0
            self.doubt_cu[feature] += spread >> 1
        # At home the residual may lie elsewhere than before: that is no new jump.
        level = mean - self._offset[feature] - self._sensor_offset[feature]
        self._level_q4[feature] = clip(level, LEVEL_LIMIT_CU) << LEVEL_Q
        self.doubt_cu[feature] = clip(self.doubt_cu[feature], 2 * spread)

    def _name(self):
        """Pace or terrain: uphill the calf works more while contact gets longer, but a slower
        pace gives longer contact with less work. A tilt alone names nothing: it moves with pace
        too, and comes back as the shank's frame follows."""
        if not self.away:
            self.cause = STEADY
            return
        contact = self._moved[CONTACT]
        moved = clip(contact, CONTACT_JUMP_CU >> 1) != contact
        if moved and not self._settle[RMS]:
            muscle = self._moved[RMS] if contact > 0 else -self._moved[RMS]
            self.cause = TERRAIN if 2 * muscle > self.spread_cu[RMS] else PACE
        elif moved or self.why == PACE:
            self.cause = self.why

    def _is_home(self, mean, total):
        """Whether pace and grade are those of the baseline. At a pace that is not known: whether
        contact is as in the baseline, or is but for the change it had before."""
        if self._speed != UNKNOWN and self._home_speed != UNKNOWN:
            if outside(self._speed, self._home_speed, HOME_SPEED_CU):
                return False
        else:
            off = self._sensor_offset[CONTACT]
            near = CONTACT_JUMP_CU >> 1
            if self._beyond(total - off, near) and self._beyond(mean - off, near):
                return False
        return not outside(self._tilt, self._home_tilt, self._tilt_home)

    def _jump(self, raw, speed, cadence, tilt):
        """Why the last two blocks both left the regime, or STEADY."""
        if abs(lesser(speed, self._pending_speed, self._speed)) > SPEED_JUMP_CU:
            return PACE
        contact = self._step_q8(raw, CONTACT)
        if abs(contact) >= CONTACT_STEP_Q8:
            return PACE
        if speed == UNKNOWN and abs(contact) >= PACE_CONTACT_Q8:
            step = lesser(cadence, self._pending_cadence, self._cadence)
            step = clip(step, CADENCE_SPREAD_CU << 4) * 256 // CADENCE_SPREAD_CU
            if contact * step < 0 and abs(contact) + abs(step) >= PACE_STEPS_Q8:
                return PACE
        if abs(lesser(tilt, self._pending_tilt, self._tilt)) > self._tilt_jump:
            if max(abs(contact), abs(self._step_q8(raw, RMS))) >= TERRAIN_STEP_Q8:
                return TERRAIN
        if self.away and self._back(tilt):
            return TERRAIN
        if self._jumped(raw, RMS, RMS_JUMP_CU) or self._jumped(raw, MNF, MNF_JUMP_CU):
            return SENSOR
        return STEADY

    def _back(self, tilt):
        """Whether two blocks lie far nearer to the home tilt than to that of the anchor."""
        home = self._home_tilt
        anchor = self._anchor_tilt
        before = self._pending_tilt
        if home == UNKNOWN or anchor == UNKNOWN or tilt == UNKNOWN or before == UNKNOWN:
            return False
        if not outside(anchor, home, self._tilt_home):
            return False
        return 3 * abs(tilt - home) < abs(tilt - anchor) and 3 * abs(before - home) < abs(
            before - anchor
        )

    def _step(self, raw, feature):
        """By how much (cu) the last two blocks both left the level, signed."""
        now = raw[feature]
        if now != UNKNOWN:
            now -= self._offset[feature] + self._sensor_offset[feature]
        return lesser(now, self._pending[feature], self._level_q4[feature] >> LEVEL_Q)

    def _step_q8(self, raw, feature):
        """The same in spreads, within +-16."""
        spread = self.spread_cu[feature]
        return clip(self._step(raw, feature), spread << 4) * 256 // spread

    def _jumped(self, raw, feature, least):
        limit = 5 * self.spread_cu[feature] >> 1
        return abs(self._step(raw, feature)) > max(limit, least)

    def _beyond(self, change, least):
        limit = 3 * self.spread_cu[CONTACT] >> 1
        limit = limit if limit > least else least
        return clip(change, limit) != change


def lesser(now, before, reference):
    """The smaller of two moves away from a reference, if both went the same way; else 0."""
    if now == UNKNOWN or before == UNKNOWN or reference == UNKNOWN:
        return 0
    now -= reference
    before -= reference
    if now > 0 and before > 0:
        return min(now, before)
    if now < 0 and before < 0:
        return max(now, before)
    return 0


def outside(value, reference, limit):
    """Whether two known values differ by more than limit."""
    if value == UNKNOWN or reference == UNKNOWN:
        return False
    return clip(value - reference, limit) != value - reference


def drifted(reference, value):
    """A reference that follows slow change (1/8 of every block) and not a jump."""
    if value == UNKNOWN or reference == UNKNOWN:
        return value if reference == UNKNOWN else reference
    return reference + ((value - reference) >> 3)
