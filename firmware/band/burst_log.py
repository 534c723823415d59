"""What a channel remembers of its bursts: a queue for the sink, the last few for the strides."""

from micropython import const

from band.arrays import words
from band.filters import BAND_PASS_DELAY_DMS
from band.units import DMS_PER_EMG, UNKNOWN

KEPT = const(8)  # bursts that `find` can see
QUEUE = const(8)  # finished bursts that wait for `take`
_FIELDS = const(6)  # of wire.BURST


def skin_dms(index):
    """Skin time of sample `index` of the band-passed signal."""
    return index * DMS_PER_EMG - BAND_PASS_DELAY_DMS


class BurstLog:
    """The bursts of `channel`. A slot is open while its offset is UNKNOWN; times are skin time."""

    def __init__(self, channel):
        self.channel = channel
        self._on = words(KEPT, UNKNOWN)  # sample indices
        self._off = words(KEPT, UNKNOWN)
        self._rms = words(KEPT, UNKNOWN)
        self._centroid = words(KEPT, UNKNOWN)
        self._slot = 0  # the latest burst's
        self._queue = words(_FIELDS * QUEUE)
        self.queued = 0  # finished bursts that wait for `take`
        self._first = 0
        self.dropped = 0  # finished bursts lost because nobody took them

    def _open_slot(self, on):
        """A burst began, by what is known so far, at sample `on`."""
        slot = (self._slot + 1) & (KEPT - 1)
        self._slot = slot
        self._on[slot] = on
        self._off[slot] = UNKNOWN
        self._rms[slot] = UNKNOWN
        self._centroid[slot] = UNKNOWN

    def _close_slot(self, off, rms_duv, centroid_dms, mnf_chz, mdf_chz):
        """The open burst is finished: keep it, and queue it for the sink."""
        slot = self._slot
        self._off[slot] = off
        self._rms[slot] = rms_duv
        self._centroid[slot] = centroid_dms
        if self.queued == QUEUE:
            self._first = (self._first + 1) & (QUEUE - 1)
            self.queued -= 1
            self.dropped += 1
        at = _FIELDS * ((self._first + self.queued) & (QUEUE - 1))
        queue = self._queue
        queue[at] = self.channel
        queue[at + 1] = skin_dms(self._on[slot])
        queue[at + 2] = skin_dms(off)
        queue[at + 3] = rms_duv
        queue[at + 4] = mnf_chz
        queue[at + 5] = mdf_chz
        self.queued += 1

    def take(self, rec):
        """The oldest finished burst into rec, array('i') of the 6 fields of wire.BURST."""
        at = _FIELDS * self._first
        for i in range(_FIELDS):
            rec[i] = self._queue[at + i]
        self._first = (self._first + 1) & (QUEUE - 1)
        self.queued -= 1

    def find(self, t_from_dms, t_to_dms):
        """Slot of the latest kept burst with t_from <= onset < t_to, finished or open; else -1."""
        for back in range(KEPT):
            slot = (self._slot - back) & (KEPT - 1)
            if self._on[slot] != UNKNOWN:
                on_dms = skin_dms(self._on[slot])
                if t_from_dms <= on_dms < t_to_dms:
                    return slot
        return -1

    def on_dms(self, slot):
        return skin_dms(self._on[slot])

    def off_dms(self, slot):
        """End of the burst; UNKNOWN while it is open."""
        off = self._off[slot]
        return UNKNOWN if off == UNKNOWN else skin_dms(off)

    def rms_duv(self, slot):
        return self._rms[slot]

    def centroid_dms(self, slot):
        """Centroid of the rectified signal over the burst; UNKNOWN while it is open."""
        return self._centroid[slot]
