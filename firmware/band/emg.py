"""One EMG channel, from raw samples to bursts and faults.

raw -> condition (rails, 20-450 Hz, mains) -> sense (rings, envelope, TKEO) -> bursts, quality.
"""

from band.activity import sense
from band.arrays import halfwords, words
from band.bursts import MASK, BurstDetector
from band.filters import (
    FILTER_STATE,
    FRESH,
    NOTCH_CYCLES,
    NOTCH_LIMIT,
    condition,
    reset_filter,
    sine_table,
    start_second,
)
from band.fixmath import isqrt
from band.quality import SECOND, Quality

MOST = 64  # samples per call


class EmgChannel:
    """Channel `number` (1 or 2); what it finds depends on the samples only, not on block sizes.

    bursts: BurstDetector, the bursts found. quality: Quality, faults and mains. ring, envelope:
    array('H') of 2048 cleaned samples (int16 patterns) and of the envelope, at index & mask.
    """

    def __init__(self, number, settings):
        self.number = number
        self.bursts = BurstDetector(number)
        self.ring = self.bursts.ring
        self.envelope = self.bursts.envelope
        self.mask = MASK
        self.faults = 0  # bits as in wire.FAULTS
        self._sine = sine_table()
        self.quality = Quality(number, settings.mains_hz, self._sine)
        self._work = halfwords(MOST)
        self._filter = words(FILTER_STATE, typecode="I")
        self._activity = self.bursts.state
        self._left = SECOND  # samples until the next judgement
        reset_filter(self._filter)
        self._filter[NOTCH_CYCLES] = settings.mains_hz // 10

    def now(self):
        """Samples seen, lost ones included: the index of the next."""
        return self.bursts.now()

    def process(self, src, offset, n):
        """Take n <= 64 samples: src is array('H') of two interleaved channels of int16 patterns,
        offset the halfword index of this channel's first sample. Returns the number of finished
        bursts that wait."""
        work = self._work
        bursts = self.bursts
        activity = self._activity
        while n > 0:
            left = self._left
            taken = left if left < n else n
            condition(0, 0, src, offset, taken, work, self._sine, self._filter)
            done = sense(0, 0, work, 0, taken, self.ring, self.envelope, activity)
            while done != taken:
                bursts.handle(done >> 8)
                done &= 255
                if done == taken:
                    break
                done = sense(0, 0, work, done, taken, self.ring, self.envelope, activity)
            offset += taken << 1
            n -= taken
            self._left = left - taken
            if left == taken:
                self._end_second()
        return bursts.queued

    def lost(self, n):
        """n samples are missing: time goes on, the filter starts afresh with the next sample."""
        self.bursts.skip(n)
        self._filter[FRESH] = 1
        start_second(self._filter)
        self._left = SECOND

    def _end_second(self):
        quality = self.quality
        bursts = self.bursts
        state = self._filter
        was_off = quality.electrode_off
        quality.second(state, self._activity, self.ring, MASK)
        self.faults = quality.faults
        if quality.electrode_off != was_off:
            if was_off:
                bursts.reset()
            bursts.mute(quality.electrode_off)
        bursts.relax()
        state[NOTCH_CYCLES] = quality.mains_hz // 10
        # Four times the noise at rest; that noise still holds a line that is not yet cancelled.
        state[NOTCH_LIMIT] = 4 * isqrt(bursts.noise_q4() >> 4) + 4
        start_second(state)
        self._left = SECOND
