"""One source's clock against the MCU's, from reads that may be late but never early.

Settled within 20 s of the first read. Simulated for 4 h with every read up to 10 ms late and the
IMU's rate drifting by 0.05 % a minute, EMG and IMU then lie within 0.45 ms of each other, within
0.15 ms 95 % of the time; with prompt reads within 0.05 ms. Rates may be 5 % off.
Nothing allocates after __init__; no product leaves 31 bits.
"""

# The stubs do not know that ticks may lie in an array, which viper takes for a pointer.
# pyright: reportArgumentType=false

from time import ticks_add, ticks_diff, ticks_us

from micropython import const

from band.arrays import halfwords, words
from band.fixmath import muldiv
from band.unit.envelope import BIAS, hull, late_us

_ONE = const(1 << 24)  # rates are Q24: one LSB is 0.06 ppm
_FENCE = const(838_861)  # +-5 %: no clock of ours is further off
_POINTS = const(16)
_FIRST_US = const(125_000)  # a bin while the rate is still unknown
_SETTLED = const(32)  # bins
_EARLY_US = const(5000)  # earlier than the line by more is not believed ...
_LATE_US = const(500_000)
_DOUBTS = const(16)  # ... unless that often in a row
_LONG_GAP_US = const(2_000_000)
_AFTER_GAP_BINS = const(12)
_MOST_SLOPE = const(252)  # 15 ppm a bin
_DRIFT_SHIFT = const(6)
_MOST_DRIFT = const(0x7FFF << 6)
_FORGET_US = const(60_000_000)


class ClockLine:
    """A source's clock against `ticks_us`: a straight line below all observations.

    An observation says: at this MCU time the source had got at least this far. Reads are late,
    never early, so the truth is the lower envelope: the edge of the convex hull below the
    earliest point of each of the last 16 bins. One late read, or a hundred, move nothing.

    Positions are microseconds by the source's own clock, wrapped like ticks (`ticks_add`).
    bin_us: 16 bins are the memory; longer is calmer, shorter follows temperature.
    """

    def __init__(self, bin_us):
        self._bin_us = bin_us
        now = ticks_us()
        self._pos = words(_POINTS)
        self._ticks = words(_POINTS)
        self._late = words(_POINTS)
        self._hull = halfwords(_POINTS)
        self.rate_q24 = 0  # MCU microseconds per microsecond of the source, less 1
        self.restart(now, now)

    def restart(self, pos, ticks):
        """Position and MCU time belong together from here on, roughly; the rate is kept."""
        self._at = pos
        self._t = ticks
        self._count = 0
        self._next = 0
        self._doubts = 0
        self._bins = 0
        self._hurry = 0
        self._drift = 0
        self._best = _LATE_US
        self._best_pos = pos
        self._best_ticks = ticks
        self._bin_start = ticks
        self._seen = ticks
        self._open = False

    def settled(self):
        return self._bins >= _SETTLED

    def trust(self):
        """This source runs by the MCU's clock: nothing will be observed."""
        self._bins = _SETTLED

    def carry(self, pos):
        """Nothing was seen for long; keep the anchor near what is asked for."""
        self._t = self.ticks_at(pos)
        self._at = pos
        if self._count and ticks_diff(self._t, self._seen) > _FORGET_US:
            self.restart(pos, self._t)

    def ticks_at(self, pos):
        """MCU time of a position of the source."""
        return ticks_add(self._t, -late_us(self._t, pos, self._at, self._t, self.rate_q24))

    def pos_at(self, ticks):
        """Where the source is at this MCU time."""
        d = ticks_diff(ticks, self._t)
        return ticks_add(self._at, muldiv(d, _ONE, _ONE + self.rate_q24))

    def late_us(self, pos, ticks):
        """How much later than by the line this position was seen."""
        return late_us(ticks, pos, self._at, self._t, self.rate_q24)

    def observe(self, pos, ticks):
        """The source was seen at `pos` before MCU time `ticks`, perhaps much before."""
        if self._count == 0 and not self._open:
            self.restart(pos, ticks)
        late = late_us(ticks, pos, self._at, self._t, self.rate_q24)
        if ticks_diff(ticks, self._seen) > _LONG_GAP_US:
            self._hurry = _AFTER_GAP_BINS
        early = _EARLY_US
        if self._hurry or self._bins < _SETTLED:
            early = _LATE_US
        if late > _LATE_US or late < -early:
            self._doubts += 1
            if self._doubts >= _DOUBTS:
                self.restart(pos, ticks)
            return
        self._doubts = 0
        self._seen = ticks
        if not self._open or late < self._best:
            self._best = late
            self._best_pos = pos
            self._best_ticks = ticks
            self._open = True
        length = self._bin_us
        if self._bins < _POINTS:
            length = _FIRST_US
        elif self._bins < _SETTLED:
            length >>= 1
        if ticks_diff(ticks, self._bin_start) >= length:
            self._close(pos, ticks)

    def _close(self, pos, ticks):
        at = self._next
        self._pos[at] = self._best_pos
        self._ticks[at] = self._best_ticks
        self._next = (at + 1) % _POINTS
        if self._count < _POINTS:
            self._count += 1
        self._bins += 1
        self._bin_start = ticks
        self._open = False
        # The anchor moves along: distances stay short.
        self._t = self.ticks_at(pos)
        self._at = pos
        self._fit()

    def _fit(self):
        """Lower hull of the points in the middle of their span, and its edge there."""
        pos = self._pos
        late = self._late
        newest = (self._next - 1) % _POINTS
        drift = self._drift >> _DRIFT_SHIFT
        edge = hull(
            pos, self._ticks, late, self._hull, self._count, newest,
            self._at, self._t, self.rate_q24, drift, self._bin_us,
        )  # fmt: skip
        left = edge >> 4
        right = edge & 15
        span = ticks_diff(pos[right], pos[left])
        if span <= 0:
            self._t = ticks_add(self._t, late[newest] - BIAS)
            return
        oldest = pos[(self._next - self._count) % _POINTS]
        middle = ticks_add(pos[newest], -(ticks_diff(pos[newest], oldest) >> 1))
        rise = late[right] - late[left]
        height = late[left] - BIAS + muldiv(rise, ticks_diff(middle, pos[left]), span)
        self._follow(height, muldiv(rise, _ONE, span), ticks_diff(self._at, middle))

    def _follow(self, height, slope, since):
        """Move the line towards the hull: phase, rate, and the rate's drift."""
        if self._hurry or self._bins < _SETTLED:
            if self._hurry:
                self._hurry -= 1
            height += muldiv(slope, since, _ONE)
        else:
            # The next bin's hull shares most points with this one: small steps. The middle
            # speaks for the whole line, for it is much better known than the end.
            height >>= 2
            slope >>= 2
            if slope > _MOST_SLOPE:
                slope = _MOST_SLOPE
            elif slope < -_MOST_SLOPE:
                slope = -_MOST_SLOPE
            self._drift += slope
            if self._drift > _MOST_DRIFT:
                self._drift = _MOST_DRIFT
            elif self._drift < -_MOST_DRIFT:
                self._drift = -_MOST_DRIFT
        rate = self.rate_q24 + slope + (self._drift >> _DRIFT_SHIFT)
        if rate > _FENCE:
            rate = _FENCE
        elif rate < -_FENCE:
            rate = -_FENCE
        self.rate_q24 = rate
        self._t = ticks_add(self._t, height)
