"""From a sensor's sample count to the session's time, exact over hours.

The IMU's own clock is off nominal by up to some percent. Its source tells the real rate;
the anchor moves on by whole blocks with the remainder carried, so nothing accumulates.
"""

from band.fixmath import muldiv
from band.units import DMS_PER_S


class Timebase:
    """Time of IMU positions. Positions are in sixteenths of a frame (`_f16`).

    `end_dms`: all frames before it have been processed; `next_end_dms`: what it will be after
    one more quantum of frames.
    """

    def __init__(self, rate_mhz, quantum):
        self._quantum = quantum
        self._frame = 0  # the anchor: this frame was taken at ...
        self._rest = 0  # ... end_dms + _rest / rate_mhz
        self.end_dms = 0
        self._rate_mhz = rate_mhz
        self.rate(rate_mhz)

    @property
    def frame(self):
        """Number of the frame that the anchor is at: all before it have been processed."""
        return self._frame

    def rest_us(self):
        """What `end_dms` leaves of the anchor's time, 0 to 99."""
        return self._rest * 100 // self._rate_mhz

    def shift(self, dms):
        """Everything from the anchor on happened `dms` later than thought (negative: earlier).

        Not further back than half a quantum, or a time would come twice.
        """
        self.end_dms += dms
        self.next_end_dms += dms

    def rate(self, rate_mhz):
        """The source's rate, told or measured anew; times from the anchor on follow it."""
        # The same fraction of a unit at the new rate; 10 bits keep the product small.
        self._rest = ((self._rest << 10) // self._rate_mhz * rate_mhz) >> 10
        self._rate_mhz = rate_mhz
        total = self._quantum * (DMS_PER_S * 1000)
        self._step_dms = total // rate_mhz
        self._step_rest = total % rate_mhz
        self._dms_per_f16_q14 = muldiv(DMS_PER_S * 1000, 1024, rate_mhz)
        self.next_end_dms = self.end_dms + self._step_dms

    def advance(self):
        """One more quantum has been processed."""
        self._frame += self._quantum
        end_dms = self.next_end_dms
        rest = self._rest + self._step_rest
        rate_mhz = self._rate_mhz
        if rest >= rate_mhz:
            rest -= rate_mhz
            end_dms += 1
        self._rest = rest
        self.end_dms = end_dms
        self.next_end_dms = end_dms + self._step_dms

    def at_dms(self, position_f16):
        """Time of a position at most 2 s away from the anchor."""
        return self.end_dms + (
            ((position_f16 - (self._frame << 4)) * self._dms_per_f16_q14 + 8192) >> 14
        )
