"""Is this EMG channel worth believing? Mains, clipping and electrode contact, once a second.

A second is 1000 samples: whole periods of 50 and 60 Hz, so the samples folded to 100 slots hold
both lines exactly, and 1 Hz of anything else. One sinusoid of amplitude A gives |DFT| = 500 A.
"""

import micropython
from micropython import const

from band.activity import NOW
from band.arrays import words
from band.filters import CLIPPED, HIGHEST, LOWEST
from band.fixmath import isqrt, muldiv

SECOND = const(1000)
_FOLD = const(100)
_FOLD_AT = const(23)  # as in filters.py and activity.py
_TICKS_AT = const(23)
_TICKS = const(40)

# Bits of `faults` for channel 1, as in wire.FAULTS; channel 2 is one bit further on.
ELECTRODE_OFF = const(1)
MAINS = const(4)
EMG_CLIPPED = const(16)

_LINE = const(0)
_TOTAL = const(1)
_WEAKEST = const(2)
_STRONGEST = const(3)

_FLAT = const(3)  # LSB peak to peak over a second: below any amplifier's own noise
_ON_RAIL = const(500)  # samples of a second
_QUIET = const(52)  # LSB^2, 1.8 uV rms: the amplifier's own noise; contact adds to that
_OFF_LINE = const(600)  # LSB rms of the mains line alone, 150 uV
_OFF_NOISE = const(80)  # LSB rms, 20 uV: good contact at rest has 3-10 uV
_MODULATED = const(4)  # strongest to weakest 125 ms of a second; steady noise stays below 2
_ROUGH_Q4 = const(20)  # mean squared step / mean square: white noise 32, muscle 3 ... 14
_OFF_SECONDS = const(3)  # of suspicion
_SURE_SECONDS = const(2)
_MAINS_LINE = const(60)  # LSB rms, 15 uV
_MAINS_SHARE_Q8 = const(38)  # 15 %
_FOUND_SHARE_Q8 = const(13)  # 5 % of the power in 1 Hz: muscle has below 1.5 %
_FOUND_SECONDS = const(4)
_CERTAIN_SHARE_Q8 = const(77)
_CLIPPED_SAMPLES = const(3)
_CLIPPED_SECONDS = const(5)


@micropython.viper
def line_amplitude(state, sine, cycles: int) -> int:
    """Amplitude in LSB of the line with `cycles` periods in 100 samples (5: 50 Hz, 6: 60 Hz)."""
    s = ptr32(state)
    t = ptr16(sine)
    re = 0
    im = 0
    slot = 0
    angle = 0
    while slot < _FOLD:
        v = (s[_FOLD_AT + slot] - 327680) >> 4
        im += (v * (t[angle] - 4096)) >> 10
        re += (v * (t[angle + 25] - 4096)) >> 10
        angle += cycles
        if angle >= _FOLD:
            angle -= _FOLD
        slot += 1
    if re < 0:
        re = 0 - re
    if im < 0:
        im = 0 - im
    shift = 0
    while (re | im) >> shift >= 16384:
        shift += 1
    re = re >> shift
    im = im >> shift
    return (int(isqrt(re * re + im * im)) << shift) // 125


@micropython.viper
def tick_powers(state, result):
    """result[1...3]: mean x^2 of a second, of its weakest and of its strongest 125 ms."""
    s = ptr32(state)
    out = ptr32(result)
    total = 0
    low = 0x3FFFFFFF
    high = 0
    k = _TICKS_AT
    while k < _TICKS_AT + _TICKS:
        part = (s[k] >> 3) + (s[k + 1] >> 3) + (s[k + 2] >> 3) + (s[k + 3] >> 3) + (s[k + 4] >> 3)
        part = part // 125 << 3
        total += part >> 3
        if part < low:
            low = part
        if part > high:
            high = part
        k += 5
    out[_TOTAL] = total
    out[_WEAKEST] = low
    out[_STRONGEST] = high


@micropython.viper
def roughness_q4(ring, mask: int, end: int) -> int:
    """Mean squared step over mean square of the last 256 samples, Q4."""
    r = ptr16(ring)
    i = end - 256
    last = (r[(i - 1) & mask] ^ 0x8000) - 0x8000
    power = 1
    steps = 0
    while i < end:
        x = (r[i & mask] ^ 0x8000) - 0x8000
        power += (x * x) >> 8
        last = (x - last) >> 1
        steps += (last * last) >> 8
        last = x
        i += 1
    return (steps << 1) // ((power >> 5) + 1)


class Quality:
    """Once a second from the counts of `filters.condition` and the ticks of `activity.sense`."""

    def __init__(self, number, mains_hz, sine):
        self.faults = 0  # bits as in wire.FAULTS
        self.mains_hz = mains_hz  # of the notch; 0: none found
        self.line_rms = 0  # LSB, the stronger of 50 and 60 Hz
        self.mains_share_q8 = 0  # its share of the power in the band
        self.clipped = 0  # samples of the last second
        self.electrode_off = False
        self._shift = number - 1
        self._fixed = mains_hz != 0
        self._sine = sine
        self._powers = words(4, typecode="I")
        self._off_score = 0
        self._sure_score = 0
        self._good_score = 0
        self._mains_score = 0
        self._clipped_score = 0
        self._candidate_hz = 0
        self._found_score = 0

    def second(self, filter_state, activity_state, ring, mask):
        """Judge the second that has just ended."""
        powers = self._powers
        tick_powers(activity_state, powers)
        self._judge_mains(filter_state, powers[_TOTAL])
        self._judge_clipping(filter_state[CLIPPED])
        self._judge_contact(filter_state, ring, mask, activity_state[NOW])
        faults = 0
        if self.electrode_off:
            faults |= ELECTRODE_OFF
        if self._mains_score >= 2:
            faults |= MAINS
        if self._clipped_score:
            faults |= EMG_CLIPPED
        self.faults = faults << self._shift

    def _judge_mains(self, filter_state, clean):
        at_50 = line_amplitude(filter_state, self._sine, 5)
        at_60 = line_amplitude(filter_state, self._sine, 6)
        line_hz = 50 if at_50 >= at_60 else 60
        amplitude = at_50 if at_50 >= at_60 else at_60
        line = amplitude * (amplitude >> 1) if amplitude < 32768 else 0x1FFFFFFF
        total = clean
        if self.mains_hz == line_hz:
            total = clean + line  # the notch has taken it out of `clean`
        elif total < line:
            total = line
        self.line_rms = isqrt(line)
        self.mains_share_q8 = muldiv(line, 256, total) if total else 0
        strong = self.line_rms >= _MAINS_LINE and self.mains_share_q8 >= _MAINS_SHARE_Q8
        self._mains_score = step_score(self._mains_score, strong, 3)
        if self._fixed:
            return
        if self.mains_share_q8 >= _FOUND_SHARE_Q8 and amplitude >= 8:
            self._found_score = self._found_score + 1 if line_hz == self._candidate_hz else 1
            self._candidate_hz = line_hz
            if self._found_score >= _FOUND_SECONDS or self.mains_share_q8 >= _CERTAIN_SHARE_Q8:
                self.mains_hz = line_hz
        else:
            self._found_score = 0

    def _judge_clipping(self, clipped):
        self.clipped = clipped
        if clipped >= _CLIPPED_SAMPLES:
            self._clipped_score = _CLIPPED_SECONDS
        elif self._clipped_score:
            self._clipped_score -= 1

    def _judge_contact(self, filter_state, ring, mask, end):
        powers = self._powers
        dead = filter_state[HIGHEST] - filter_state[LOWEST] <= _FLAT or self.clipped >= _ON_RAIL
        suspect = dead
        if not dead and powers[_STRONGEST] < _MODULATED * powers[_WEAKEST]:
            if powers[_STRONGEST] < _QUIET or (
                self.line_rms >= _OFF_LINE and self.mains_share_q8 >= 128
            ):
                suspect = True
            elif powers[_TOTAL] >= _OFF_NOISE * _OFF_NOISE:
                suspect = roughness_q4(ring, mask, end) >= _ROUGH_Q4
        self._sure_score = self._sure_score + 1 if dead else 0
        if suspect:
            self._off_score += 1
            self._good_score = 0
        else:
            self._off_score = 0
            self._good_score += 1
        if self._off_score >= _OFF_SECONDS or self._sure_score >= _SURE_SECONDS:
            self.electrode_off = True
        elif self._good_score >= _SURE_SECONDS:
            self.electrode_off = False


def step_score(score, up, most):
    """One up or one down, within 0...most."""
    if up:
        return score + 1 if score < most else most
    return score - 1 if score else 0
