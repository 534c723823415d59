"""What is wrong with the unit, as Status tells it, and what it has counted."""

from time import ticks_diff

from micropython import const

from band.arrays import words
from band.wire import COUNTERS, UNIT_FAULTS

TOLD_MS = const(10_000)  # what happened once is told for so long
_MOST = const((1 << 30) - 1)


def fault(name):
    """The number of a unit fault, its bit in Status."""
    return UNIT_FAULTS.index(name)


class Faults:
    """Conditions last from `begin` to `end`; an event that `happened` is told for ten seconds."""

    def __init__(self):
        self.bits = 0
        self._conditions = 0
        self._events = 0
        self._since_ms = words(len(UNIT_FAULTS))

    def begin(self, number):
        self._conditions |= 1 << number
        self.bits |= 1 << number

    def end(self, number):
        self._conditions &= ~(1 << number)
        self.bits = self._conditions | self._events

    def set(self, number, wrong):
        if wrong:
            self.begin(number)
        else:
            self.end(number)

    def happened(self, number, now_ms):
        self._events |= 1 << number
        self._since_ms[number] = now_ms
        self.bits = self._conditions | self._events

    def step(self, now_ms):
        """Forget events that have been told for long enough. Once a second will do."""
        if self._events == 0:
            return
        for number in range(len(self._since_ms)):
            bit = 1 << number
            if self._events & bit and ticks_diff(now_ms, self._since_ms[number]) > TOLD_MS:
                self._events &= ~bit
        self.bits = self._conditions | self._events


class Counters:
    """One number per name of wire.COUNTERS since the start of the unit; they stop at 2**30 - 1."""

    def __init__(self):
        self.values = words(len(COUNTERS))

    def add(self, number, count):
        value = self.values[number] + count
        self.values[number] = value if value < _MOST else _MOST

    def put(self, number, value):
        """For what is counted elsewhere."""
        self.values[number] = value if value < _MOST else _MOST
