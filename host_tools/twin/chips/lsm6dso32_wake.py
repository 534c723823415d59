"""The wake-up event of the virtual LSM6DSO32: slope, threshold, duration and latch.

The slope of an axis is half of what two samples in a row differ by; DocID032891 rev 1 gives the
registers (0x1B, 0x56, 0x58, 0x5B, 0x5C), AN5040 the slope.
"""

from array import array

from micropython import const

_CTRL1_XL = const(0x10)
_CTRL6_C = const(0x15)
_TAP_CFG0 = const(0x56)
_TAP_CFG2 = const(0x58)
_WAKE_UP_THS = const(0x5B)
_WAKE_UP_DUR = const(0x5C)

_FULL_G = (4, 32, 8, 16)  # by FS_XL
_ONE_G = const(1025)  # LSB of a source's +-32 g
_WU_IA = const(0x08)
_RUN = const(7)  # code of 833 Hz


class WakeUp:
    """registers: of the chip. Works at rates below 833 Hz, as the firmware uses it."""

    def __init__(self, registers):
        self._registers = registers
        self._frame = array("h", bytes(12))
        self.clear()

    def clear(self):
        """As after power-on: the first sample then differs by all of gravity."""
        self._x = self._y = self._z = 0
        self._source = 0  # WAKE_UP_SRC
        self._in_a_row = 0

    @property
    def enabled(self):
        slow = 0 < self._registers[_CTRL1_XL] >> 4 < _RUN
        return slow and bool(self._registers[_TAP_CFG2] & 0x80)

    @property
    def low_power(self):
        return self.enabled and bool(self._registers[_CTRL6_C] & 0x10)

    def sample(self, source, n, passed):
        """Feel n frames of the source, with `passed` frames that nobody sees before each."""
        for _ in range(n):
            source.skip(passed)
            source.read(self._frame, 1)
            self._feel(self._frame)

    def _feel(self, frame):
        registers = self._registers
        most = _FULL_G[(registers[_CTRL1_XL] >> 2) & 3] * _ONE_G
        parts = 256 if registers[_WAKE_UP_DUR] & 0x10 else 64
        least = 2 * (registers[_WAKE_UP_THS] & 0x3F) * most // parts
        x = min(max(frame[0], -most), most)
        y = min(max(frame[1], -most), most)
        z = min(max(frame[2], -most), most)
        axes = 4 if abs(x - self._x) > least else 0
        axes |= 2 if abs(y - self._y) > least else 0
        axes |= 1 if abs(z - self._z) > least else 0
        self._x = x
        self._y = y
        self._z = z
        self._in_a_row = self._in_a_row + 1 if axes else 0
        if self._in_a_row > (registers[_WAKE_UP_DUR] >> 5) & 3:
            self._source |= _WU_IA | axes
        elif not registers[_TAP_CFG0] & 0x01:
            self._source = 0

    def read(self):
        """WAKE_UP_SRC; a latched event is over once it was read."""
        source = self._source
        if self._registers[_TAP_CFG0] & 0x40:
            self._source = 0
        return source
