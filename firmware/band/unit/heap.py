"""The heap: that it does not grow while the unit runs, and when garbage is collected."""

import gc
from time import ticks_diff, ticks_us

from micropython import const

from band.wire import COUNTERS

_MOST_GROWN = const(32_768)  # bytes of garbage that are let lie until a good moment comes
_COLLECTIONS = COUNTERS.index("collections")
_LONGEST_US = COUNTERS.index("longest_collection_us")
_GROWN = COUNTERS.index("heap_grown_bytes")


class Heap:
    """MicroPython collects by itself only when the heap is full, in the middle of anything."""

    def __init__(self, counters):
        self._counters = counters
        self._level = 0  # bytes in use when last looked at
        self._asked = -1

    def collect(self):
        """Now is a good moment: nothing waits in the sensors that could be lost meanwhile."""
        started = ticks_us()
        gc.collect()
        took_us = ticks_diff(ticks_us(), started)
        self._counters.add(_COLLECTIONS, 1)
        if took_us > self._counters.values[_LONGEST_US]:
            self._counters.put(_LONGEST_US, took_us)
        self._level = gc.mem_alloc()

    def look(self, asked):
        """Every few seconds; `asked`: a number that changes with all that may allocate.

        Growth while nothing was asked is counted: it would end in a collection at a bad moment.
        """
        level = gc.mem_alloc()
        grown = level - self._level
        if asked == self._asked and grown > 0:
            self._counters.add(_GROWN, grown)
        self._asked = asked
        self._level = level
        if gc.mem_free() < _MOST_GROWN:
            self.collect()
