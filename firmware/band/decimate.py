"""8 kHz I2S words to 1 kHz samples: three half-band filters, 8 -> 4 -> 2 -> 1 kHz.

Flat to 410 Hz within 0.1 dB, and nothing above 590 Hz folds back louder than -48 dB. A half-band
filter has every second tap zero and 1/2 in the middle: 27 multiplications per output where one FIR
of 96 taps takes 48. Taps in Q14 from host_tools/design_filters.py; each stage rounds to 16 bits.
The absolute taps of a stage sum to less than 2 * 2**14: sums stay below 2**31.
"""

from array import array

import micropython
from micropython import const

# Taps by stage and by distance from the middle, one side of the symmetric response.
_FIR3 = const(-603)
_FIR1 = const(4699)
_SEC7 = const(-97)
_SEC5 = const(414)
_SEC3 = const(-1270)
_SEC1 = const(5049)
_THI15 = const(-50)
_THI13 = const(94)
_THI11 = const(-177)
_THI9 = const(308)
_THI7 = const(-513)
_THI5 = const(866)
_THI3 = const(-1627)
_THI1 = const(5195)
_MIDDLE = const(8192)
_HALF = const(8192)  # rounding

RATIO = const(8)
DELAY_DMS = const(96)  # linear phase: sample k is what frame 8 k - 77 showed

_LINE = const(600)  # of each stage: history and as many samples as one block brings
MOST_FRAMES = const(512)
_LINES = const(3)


@micropython.viper
def fill(words, channel: int, n: int, line, at: int):
    """Append the upper 16 of 24 bits of n left-justified stereo words to line[at:]."""
    w = ptr16(words)
    to = ptr16(line)
    j = channel + channel + 1
    end = at + n
    while at < end:
        to[at] = w[j]
        at += 1
        j += 4


@micropython.viper
def first_stage(line, count: int, out, at: int) -> int:
    """Halve the rate of line[0:count] into out[at:]; returns how many came out."""
    p = ptr16(line)
    o = ptr16(out)
    i = 0
    done = 0
    while i + 7 <= count:
        v = (p[i] ^ 0x8000) + (p[i + 6] ^ 0x8000) - 0x10000
        acc = _FIR3 * v + _HALF
        v = (p[i + 2] ^ 0x8000) + (p[i + 4] ^ 0x8000) - 0x10000
        acc += _FIR1 * v
        acc += _MIDDLE * ((p[i + 3] ^ 0x8000) - 0x8000)
        v = acc >> 14
        if v > 32767:
            v = 32767
        elif v < -32767:
            v = -32767
        o[at + done] = v
        done += 1
        i += 2
    return done


@micropython.viper
def second_stage(line, count: int, out, at: int) -> int:
    """As `first_stage`, with 15 taps."""
    p = ptr16(line)
    o = ptr16(out)
    i = 0
    done = 0
    while i + 15 <= count:
        acc = _SEC7 * ((p[i] ^ 0x8000) + (p[i + 14] ^ 0x8000) - 0x10000) + _HALF
        acc += _SEC5 * ((p[i + 2] ^ 0x8000) + (p[i + 12] ^ 0x8000) - 0x10000)
        acc += _SEC3 * ((p[i + 4] ^ 0x8000) + (p[i + 10] ^ 0x8000) - 0x10000)
        acc += _SEC1 * ((p[i + 6] ^ 0x8000) + (p[i + 8] ^ 0x8000) - 0x10000)
        acc += _MIDDLE * ((p[i + 7] ^ 0x8000) - 0x8000)
        v = acc >> 14
        if v > 32767:
            v = 32767
        elif v < -32767:
            v = -32767
        o[at + done] = v
        done += 1
        i += 2
    return done


@micropython.viper
def third_stage(line, count: int, out, at: int, step: int) -> int:
    """As `first_stage`, with 31 taps, to every step-th halfword of out."""
    p = ptr16(line)
    o = ptr16(out)
    i = 0
    done = 0
    while i + 31 <= count:
        acc = _THI15 * ((p[i] ^ 0x8000) + (p[i + 30] ^ 0x8000) - 0x10000) + _HALF
        acc += _THI13 * ((p[i + 2] ^ 0x8000) + (p[i + 28] ^ 0x8000) - 0x10000)
        acc += _THI11 * ((p[i + 4] ^ 0x8000) + (p[i + 26] ^ 0x8000) - 0x10000)
        acc += _THI9 * ((p[i + 6] ^ 0x8000) + (p[i + 24] ^ 0x8000) - 0x10000)
        acc += _THI7 * ((p[i + 8] ^ 0x8000) + (p[i + 22] ^ 0x8000) - 0x10000)
        acc += _THI5 * ((p[i + 10] ^ 0x8000) + (p[i + 20] ^ 0x8000) - 0x10000)
        acc += _THI3 * ((p[i + 12] ^ 0x8000) + (p[i + 18] ^ 0x8000) - 0x10000)
        acc += _THI1 * ((p[i + 14] ^ 0x8000) + (p[i + 16] ^ 0x8000) - 0x10000)
        acc += _MIDDLE * ((p[i + 15] ^ 0x8000) - 0x8000)
        v = acc >> 14
        if v > 32767:
            v = 32767
        elif v < -32767:
            v = -32767
        o[at] = v
        at += step
        done += 1
        i += 2
    return done


@micropython.viper
def keep(line, start: int, count: int):
    """Move line[start : start + count] to the front: the history of the next block."""
    p = ptr16(line)
    i = 0
    while i < count:
        p[i] = p[start + i]
        i += 1


class Decimator:
    """One channel of the ADC. Any block size gives the same samples; one comes per 8 frames."""

    def __init__(self, channel):
        """channel: 0 left, 1 right of the stereo words."""
        self._channel = channel
        self._lines = [array("H", bytes(2 * _LINE)) for _ in range(_LINES)]
        # A history of silence, so that frame 8 k completes sample k.
        self._counts = array("i", [6, 14, 30])

    def process(self, words, n, out, offset):
        """n <= 512 stereo frames of 32-bit words as array('H'), low half first.

        Writes to every second halfword of out from offset on; returns how many samples.
        """
        lines = self._lines
        counts = self._counts
        fill(words, self._channel, n, lines[0], counts[0])
        counts[0] += n
        made = first_stage(lines[0], counts[0], lines[1], counts[1])
        self._drop(0, 2 * made)
        counts[1] += made
        made = second_stage(lines[1], counts[1], lines[2], counts[2])
        self._drop(1, 2 * made)
        counts[2] += made
        made = third_stage(lines[2], counts[2], out, offset, 2)
        self._drop(2, 2 * made)
        return made

    def _drop(self, stage, n):
        left = self._counts[stage] - n
        keep(self._lines[stage], n, left)
        self._counts[stage] = left
