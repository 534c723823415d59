"""What a stride depends on besides the legs: pace, cadence and skin temperature, per block."""

from micropython import const

from band.arrays import words
from band.blocks import CADENCE_SPM, SPEED_MM_S, TEMP_CC, TILT_DDEG
from band.changes import CADENCE, N_COVARIATES, SPEED, TEMP
from band.robust import log2_q12
from band.units import UNKNOWN

CADENCE_SHIFT = const(4)  # the slow cadence follows 1/16 of every block: 5 minutes
HOME_SHIFT = const(3)


class Covariates:
    """`take()` a block's medians; `x` holds speed, quick cadence and temperature."""

    def __init__(self):
        self.x = words(N_COVARIATES, UNKNOWN)
        self.tilt_ddeg = UNKNOWN
        self._cadence_q4 = UNKNOWN
        self._home_speed_q4 = UNKNOWN
        self._home_tilt_q4 = UNKNOWN
        self._last_tilt = UNKNOWN
        self._tilt_steps = 0  # sum of |change| from block to block, and their number
        self._tilt_blocks = 0

    def take(self, value):
        """Medians by the columns of blocks.py."""
        x = self.x
        x[SPEED] = log_or_unknown(value[SPEED_MM_S])
        x[TEMP] = value[TEMP_CC]
        self.tilt_ddeg = value[TILT_DDEG]
        cadence = log_or_unknown(value[CADENCE_SPM])
        # Only its quick part explains: a slow fall of cadence is part of tiring.
        if cadence != UNKNOWN:
            self._cadence_q4 = follow(self._cadence_q4, cadence, CADENCE_SHIFT)
            cadence -= self._cadence_q4 >> 4
        x[CADENCE] = cadence

    def at_home(self):
        """The block belongs to the baseline: its pace and tilt are the ones to return to."""
        self._home_speed_q4 = follow(self._home_speed_q4, self.x[SPEED], HOME_SHIFT)
        self._home_tilt_q4 = follow(self._home_tilt_q4, self.tilt_ddeg, HOME_SHIFT)
        if self._last_tilt != UNKNOWN and self.tilt_ddeg != UNKNOWN:
            self._tilt_steps += abs(self.tilt_ddeg - self._last_tilt)
            self._tilt_blocks += 1
        self._last_tilt = self.tilt_ddeg

    def home_speed(self):
        return from_q4(self._home_speed_q4)

    def home_tilt(self):
        return from_q4(self._home_tilt_q4)

    def home_tilt_spread(self):
        """SD of the tilt of one block: mean |change| between two blocks, times sqrt(pi) / 2."""
        if self._tilt_blocks == 0:
            return 0
        return self._tilt_steps * 227 // (self._tilt_blocks << 8)

    def pace_known(self):
        return self.x[SPEED] != UNKNOWN


def log_or_unknown(value):
    """log2 in Q12 of a pace or cadence; UNKNOWN for one that is not known or not positive."""
    return log2_q12(value) if value > 0 else UNKNOWN


def follow(mean_q4, value, shift):
    """A running mean in Q4 after one more value; the first value starts it."""
    if value == UNKNOWN:
        return mean_q4
    if mean_q4 == UNKNOWN:
        return value << 4
    return mean_q4 + (((value << 4) - mean_q4) >> shift)


def from_q4(value):
    return value if value == UNKNOWN else value >> 4
