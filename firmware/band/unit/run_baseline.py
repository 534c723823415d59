"""What a run teaches about the athlete: the medians of its baseline."""

from array import array

from micropython import const

from band.arrays import words
from band.fixmath import median
from band.units import UNKNOWN
from band.wire import DOMAINS, FEATURES, PHASES, TREND_HEAD, TREND_PER_FEATURE

_MOST_BLOCKS = const(40)
_FIRST = len(TREND_HEAD) + len(DOMAINS)
_PER_FEATURE = len(TREND_PER_FEATURE)
_BASELINE = PHASES.index("baseline")
_PHASE = TREND_HEAD.index("phase")


class BaselineOfRun:
    """Collects the medians of the blocks that the chain took for its baseline."""

    def __init__(self):
        self._rows = words(len(FEATURES) * _MOST_BLOCKS, UNKNOWN)
        self._count = 0
        self.complete = False

    def clear(self):
        self._count = 0
        self.complete = False

    def take(self, trend):
        """One trend record of the chain; allocates nothing."""
        if trend[_PHASE] != _BASELINE:
            self.complete = self.complete or self._count > 0
            return
        if self._count == _MOST_BLOCKS or self.complete:
            return
        at = self._count
        field = _FIRST
        for _ in range(len(FEATURES)):
            self._rows[at] = trend[field]
            at += _MOST_BLOCKS
            field += _PER_FEATURE
        self._count += 1

    def medians(self):
        """{feature: median} of what at least half the blocks knew."""
        found = {}
        for k in range(len(FEATURES)):
            start = k * _MOST_BLOCKS
            known = [v for v in self._rows[start : start + self._count] if v != UNKNOWN]
            if 2 * len(known) >= self._count and known:
                found[FEATURES[k][0]] = median(array("i", known), 0, len(known))
        return found
