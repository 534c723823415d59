"""Muscle bursts of one channel: when they began and ended, how strong, at which frequency.

Onset = where the muscle's amplitude has gone 5 % of its way from rest to the level of the burst's
first 160 ms, on the rise of up to 64 ms that is most likely (change_point.py): for an abrupt start
the start, for a ramp its foot, and never more than a few ms from a maximum-likelihood step. It is
told when the burst is 250 ms old or over; until then an estimate stands in. Offset = the same, run
backwards in time. What is shorter than 30 ms, below 3 times the noise's power, or holds less than
a burst of 60 ms at 5 times that power is a twitch, not a burst. Times are skin time: the group
delay of the band-pass is subtracted. RMS is that of the band-passed signal between the two, with
the power of the noise taken off. Frequencies come from the average of 256-point Hann spectra
every 128 ms inside the burst; a burst shorter than 384 ms gets one, centred.
"""

# The stubs do not know that viper takes an array for a pointer.
# pyright: reportArgumentType=false

from micropython import const

from band import activity
from band.arrays import halfwords, words
from band.burst_log import BurstLog, skin_dms
from band.burst_sums import (
    AREA,
    MOMENT_HIGH,
    MOMENT_LOW,
    POWER_HIGH,
    POWER_LOW,
    SUMS,
    add_samples,
    quotient,
)
from band.change_point import AFTER, BEFORE, BINS, LATEST, REST, locate, mean_power_q4
from band.fixmath import isqrt, muldiv
from band.spectrum import SpectrumAverage
from band.units import DMS_PER_EMG, UNKNOWN

RING = const(2048)
MASK = const(2047)

_NOW = const(0)  # as in activity.py
_EVENT_ONSET = const(1)
_EVENT_OFFSET = const(2)
_EVENT_SETTLED = const(3)
_BEHIND = const(256)  # no offset is ever found further back than this
_TAIL = const(40)  # samples behind an offset that are not yet rest
_SHORTEST = const(30)  # samples
_EARLY = const(15)  # samples by which the onset usually precedes the coarse one
_WEAKEST = const(3)  # power of a burst over that of the noise
_LEAST = const(240)  # power above the noise's over the noise's, times samples
_SURE = const(120)  # samples that reach it at the weakest
_LATEST_OFFSET = const(200)  # samples back in which the offset is looked for
_FLATTEST_Q8 = const(64)  # of a tilt: below is a ring of zeros
_SHORT = const(384)
_POINTS = const(256)
_HOP = const(128)
_TICK = const(25)
_MARGIN = const(5)  # the search for the offset starts 55 samples behind the coarse one

_BINS = halfwords(BINS)  # scratch of all channels


def ratio_q4(snr):
    """Detection threshold over the noise, Q4: square root of the power ratio, within 4...16."""
    if snr >= 256:
        return activity.RATIO_MAX
    return isqrt(snr << 8) if snr > 16 else activity.RATIO_MIN


class BurstDetector(BurstLog):
    """Finds the bursts of one channel in its rings; fed by activity.sense and its events."""

    def __init__(self, channel):
        super().__init__(channel)
        self.ring = halfwords(RING)  # band-passed samples at index & MASK
        self.envelope = halfwords(RING)  # rectified, two poles of 10 Hz; 31 ms late
        self.state = words(activity.ACTIVITY_STATE, typecode="I")
        self._sums = words(SUMS, typecode="I")
        self._spectrum = SpectrumAverage(0)
        self._open = False
        self._settled = False  # the onset was located
        self._coarse = 0  # where the burst opened
        self._tilt_q8 = 512  # power of a step over that of a sample at rest: of white noise, 2
        self._rest_q4 = 8  # power of a step at rest
        self._summed = 0  # samples of the open burst that are in the sums
        self._spectrum_at = 0  # start of its next spectrum
        self._last_off = 0
        self.reset()

    def reset(self):
        """Learn the noise afresh and drop an open burst; kept and queued ones stay."""
        activity.reset_activity(self.state)
        self._discard()

    def mute(self, muted):
        """While muted no burst opens, and an open one is dropped."""
        self.state[activity.MUTED] = 1 if muted else 0
        if muted:
            self.state[activity.OPEN] = 0
            self._discard()

    def skip(self, n):
        """n samples were lost: they count in time, an open burst is dropped."""
        self.state[activity.NOW] += n
        self._last_off = self.now()
        for i in range(RING):
            self.ring[i] = 0
            self.envelope[i] = 0
        self.state[activity.OPEN] = 0
        self._discard()

    def finish(self):
        """No more samples will come: a burst that is still open ends here."""
        if self._open:
            self.state[activity.AGE] = activity.MAX_BURST
            self._end()
            self.state[activity.OPEN] = 0

    def now(self):
        """Samples seen, lost ones included: the index of the next."""
        return self.state[_NOW]

    def handle(self, event):
        """Do what an event of activity.sense asks for, at the very sample it came with."""
        if event == _EVENT_ONSET:
            self._begin()
        elif event == _EVENT_SETTLED:
            self._locate_onset(self.now())
        elif event == _EVENT_OFFSET:
            self._end()
        elif self._open:
            self._extend(self.now() - _BEHIND)

    def noise_q4(self):
        """Power of the noise, LSB^2 in Q4: the low quantile, brought up to the mean."""
        return self.state[activity.POWER_FLOOR] * 2 // _TICK * 9 // 8

    def _begin(self):
        self._open = True
        self._settled = False
        self._coarse = self.now() - activity.ONSET_LAG
        self._open_slot(self._coarse - _EARLY)  # until its level is known

    def _locate_onset(self, end):
        """Look for the onset in the burst up to sample `end`, and begin its sums there."""
        self._settled = True
        start = self._coarse - BEFORE
        first = self._last_off + 5 - start
        if first < 0:
            first = 0
        elif first > BEFORE:
            first = BEFORE
        n = end - start
        if n > BEFORE + AFTER:
            n = BEFORE + AFTER
        last = n - _SHORTEST if n < LATEST + _SHORTEST else LATEST
        rest = start - self._last_off - _TAIL
        if rest > REST:
            rest = REST
        elif rest < _TICK:
            rest = 0
        noise_q4 = self._measure_rest(start, rest)
        ring = self.ring
        on = start + locate(ring, MASK, start, 1, rest, first, last, n, noise_q4, _BINS)
        self._on[self._slot] = on
        self._summed = on
        self._spectrum_at = on
        self._spectrum.clear()
        for i in range(SUMS):
            self._sums[i] = 0

    def _measure_rest(self, end, n):
        """Power of a step at rest, Q4, from the n samples before `end`; kept for the offset.

        Rest is taken to be 1...4 times the floor: that is a low quantile, and twitches at rest
        must count, or each would be an onset.
        """
        floor_q4 = self.noise_q4()
        if n:
            # Every second sample tells nearly as much.
            power_q4 = mean_power_q4(self.ring, MASK, end - n, 2, n >> 1, 0) + 1
            step_q4 = mean_power_q4(self.ring, MASK, end - n, 2, n >> 1, 2)
            tilt_q8 = muldiv(step_q4, 256, power_q4)
            self._tilt_q8 = tilt_q8 if tilt_q8 > _FLATTEST_Q8 else _FLATTEST_Q8
            if floor_q4 < power_q4:
                floor_q4 = power_q4 if power_q4 < floor_q4 << 2 else floor_q4 << 2
        noise_q4 = muldiv(floor_q4, self._tilt_q8, 256)
        self._rest_q4 = noise_q4 if noise_q4 > 8 else 8
        return self._rest_q4

    def _end(self):
        if not self._open:
            return
        if not self._settled:
            self._locate_onset(self.now() - activity.HOLD)
        on = self._on[self._slot]
        start = self.now() - _MARGIN
        n = start - on
        if n <= _SHORTEST:
            self._discard()
            return
        if self.state[activity.AGE] == activity.MAX_BURST:
            off = self.now()
        else:
            last = n - _SHORTEST if n < _LATEST_OFFSET + _SHORTEST else _LATEST_OFFSET
            if n > BEFORE + AFTER:
                n = BEFORE + AFTER
            off = start + 1
            off -= locate(self.ring, MASK, start, -1, 0, 0, last, n, self._rest_q4, _BINS)
        self._last_off = off
        n = off - on
        self._extend(off)
        sums = self._sums
        power = quotient(sums[POWER_HIGH], sums[POWER_LOW], n)
        noise = self.noise_q4() >> 4
        if n < _SHORTEST or power < noise * _WEAKEST:
            self._discard()
            return
        power -= noise
        if n < _SURE and muldiv(power, n, noise + 1) < _LEAST:
            self._discard()
            return
        # 0.25 uV per LSB is 2.5 of 0.1 uV; 6.25 = 2.5^2 goes under the root while it fits.
        if power < 0x4000000:
            rms_duv = isqrt(muldiv(power, 25, 4))
        else:
            rms_duv = isqrt(power) * 5 >> 1
        centroid_dms = UNKNOWN
        if sums[AREA]:
            eighths = quotient(sums[MOMENT_HIGH], sums[MOMENT_LOW], (sums[AREA] + 4) >> 3)
            centroid_dms = skin_dms(on) + (eighths * DMS_PER_EMG >> 3)
        spectrum = self._spectrum
        if n < _SHORT:
            spectrum.add(self.ring, MASK, on + (n >> 1) - (_POINTS >> 1))
        spectrum.frequencies()
        self._open = False
        self._adapt(power // (noise + 1))
        self._close_slot(off, rms_duv, centroid_dms, spectrum.mnf_chz, spectrum.mdf_chz)

    def _extend(self, end):
        """Sum the open burst up to sample `end`, by pieces, so that nothing outgrows the ring."""
        on = self._on[self._slot]
        n = end - self._summed
        if n > 0:
            add_samples(self.ring, self._summed, n, self._summed - on, self._sums)
            self._summed = end
        if end - on >= _SHORT:
            while self._spectrum_at + _POINTS <= end:
                self._spectrum.add(self.ring, MASK, self._spectrum_at)
                self._spectrum_at += _HOP

    def _adapt(self, snr):
        """k follows the bursts' signal-to-noise ratio, a quarter of the way with each."""
        ratio = self.state[activity.RATIO]
        self.state[activity.RATIO] = ratio + ((ratio_q4(snr) - ratio) >> 2)

    def relax(self):
        """Called once a second: without bursts, k returns to its lowest."""
        if not self._open and self.now() - self._last_off > 5000:
            ratio = self.state[activity.RATIO]
            self.state[activity.RATIO] = ratio - ((ratio - activity.RATIO_MIN) >> 3)

    def _discard(self):
        if self._open:
            self._on[self._slot] = UNKNOWN
            self._open = False
