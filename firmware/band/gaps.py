"""Where a source lost samples: the ring holds stand-ins there, and nobody must believe them."""

from micropython import const

from band.arrays import words

MARKS = const(8)
_FAR = const(0x3FFFFFFF)


class Gaps:
    """Up to eight gaps ahead of the reader, by sample index; more are joined to the last."""

    def __init__(self):
        self._from = words(MARKS)
        self._to = words(MARKS)
        self.count = 0

    def mark(self, start, frames):
        """Samples start ... start + frames are stand-ins."""
        if self.count == MARKS or (self.count and self._to[self.count - 1] == start):
            self._to[self.count - 1] = start + frames
            return
        self._from[self.count] = start
        self._to[self.count] = start + frames
        self.count += 1

    def end_at(self, index):
        """End of the gap that sample `index` lies in; -1 when it is real."""
        for k in range(self.count):
            if self._from[k] <= index < self._to[k]:
                return self._to[k]
        return -1

    def next_after(self, index):
        """Start of the first gap behind `index`."""
        first = _FAR
        for k in range(self.count):
            if index < self._from[k] < first:
                first = self._from[k]
        return first

    def touch(self, start, stop):
        """Does a gap lie in [start, stop)?"""
        for k in range(self.count):
            if self._from[k] < stop and start < self._to[k]:
                return True
        return False

    def forget(self, index):
        """Nothing before `index` will be asked for again."""
        kept = 0
        for k in range(self.count):
            if self._to[k] > index:
                self._from[kept] = self._from[k]
                self._to[kept] = self._to[k]
                kept += 1
        self.count = kept
