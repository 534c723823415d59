"""How late the loop came: a histogram in fixed arrays, and the worst of it."""

from array import array

from micropython import const

from band.arrays import words

# Upper ends in microseconds; the last bin takes all that is later.
BIN_ENDS_US = (500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000)
LATE_US = const(100_000)  # a third of what the IMU's FIFO holds; nothing is lost before that
_MOST = const((1 << 30) - 1)


class Lateness:
    """Allocates nothing after __init__."""

    def __init__(self):
        self._ends = array("i", BIN_ENDS_US)
        self.bins = words(len(BIN_ENDS_US) + 1)
        self.worst_us = 0
        self.late = 0  # times later than LATE_US

    def note(self, late_us):
        """The loop came this late. Returns whether that is too late."""
        ends = self._ends
        n = len(ends)
        k = 0
        while k < n and late_us >= ends[k]:
            k += 1
        if self.bins[k] < _MOST:
            self.bins[k] += 1
        if late_us > self.worst_us:
            self.worst_us = late_us if late_us < _MOST else _MOST
        if late_us < LATE_US:
            return False
        self.late += 1
        return True
