"""8 kHz I2S words to 1 kHz samples: two symmetric filters, 8 -> 2 -> 1 kHz.

Flat to 410 Hz within 0.1 dB, and nothing above 590 Hz folds back louder than -48 dB. The first
filter only has to be quiet where it folds onto what the second lets pass; two pairs of taps of the
second, else a half-band filter, make up for its droop. Taps by distance from the middle, from
host_tools/design_filters.py: Q13 and Q12.

Linear phase: sample k, complete with frame 8 k, is what frame 8 k - 57 showed.

Samples are offset binary throughout, so that no sign is extended; between the stages they have
two more bits, and only the last rounding is heard. Sums stay below 2**31: 2**18 times the positive
taps of the second stage is 1.5 * 2**30.
"""

import micropython
from micropython import const

from band.arrays import halfwords, words

_FIRST_0 = const(1440)
_FIRST_1 = const(1322)
_FIRST_2 = const(1015)
_FIRST_3 = const(631)
_FIRST_4 = const(306)
_FIRST_5 = const(102)
_SECOND_0 = const(2300)
_SECOND_1 = const(1379)
_SECOND_2 = const(-153)
_SECOND_3 = const(-553)
_SECOND_4 = const(34)
_SECOND_5 = const(291)
_SECOND_7 = const(-171)
_SECOND_9 = const(93)
_SECOND_11 = const(-52)
_SECOND_13 = const(30)
_FIRST_HALF = const(1024)  # rounding
_SECOND_HALF = const(8192)
_HIGHEST = const(0x3FFFC000)  # 65535 before the last shift

RATIO = const(8)
MOST_FRAMES = const(512)

_SILENCE = const(0x8000)
_BETWEEN_SILENCE = const(0x20000)
# Of each line, from its start: what outputs to come still need, then what a block brings.
_FRAMES_KEPT = const(7)
_WAITING_MOST = const(7)
_BETWEEN_KEPT = const(25)
_LINE = const(7 + 7 + 512)
_BETWEEN = const(25 + 128)


@micropython.viper
def decimate(p: int, s: int, words, lines, between, out, waiting: int, n: int) -> int:
    """n frames of both channels of `words`, behind `waiting` of before; how many outputs they made.

    p and s, 0, claim the two registers that viper gives to its first arguments: p is where to read
    and s the sum, or where to write. A load at a constant distance from an address in a register
    is one instruction, at an index from a variable nine: so the addresses walk.
    """
    line = int(ptr16(lines))
    middle = int(ptr32(between))
    made = (waiting + n) >> 3
    channel = 0
    while channel < 2:
        # The upper 16 of 24 bits, offset binary.
        p = int(ptr16(words)) + 2 + 4 * channel
        s = line + 2 * _FRAMES_KEPT + 2 * waiting
        stop = p + 64 * (n >> 3)
        while p != stop:
            ptr16(s)[0] = ptr16(p)[0] ^ 0x8000
            ptr16(s)[1] = ptr16(p)[4] ^ 0x8000
            ptr16(s)[2] = ptr16(p)[8] ^ 0x8000
            ptr16(s)[3] = ptr16(p)[12] ^ 0x8000
            ptr16(s)[4] = ptr16(p)[16] ^ 0x8000
            ptr16(s)[5] = ptr16(p)[20] ^ 0x8000
            ptr16(s)[6] = ptr16(p)[24] ^ 0x8000
            ptr16(s)[7] = ptr16(p)[28] ^ 0x8000
            p += 64
            s += 16
        stop += 8 * (n & 7)
        while p != stop:
            ptr16(s)[0] = ptr16(p)[0] ^ 0x8000
            p += 8
            s += 2

        p = line
        to = middle + 4 * _BETWEEN_KEPT
        stop = p + 16 * made
        while p != stop:
            s = (ptr16(p)[0] + ptr16(p)[10]) * _FIRST_5 + _FIRST_HALF
            s = (ptr16(p)[1] + ptr16(p)[9]) * _FIRST_4 + s
            s = (ptr16(p)[2] + ptr16(p)[8]) * _FIRST_3 + s
            s = (ptr16(p)[3] + ptr16(p)[7]) * _FIRST_2 + s
            s = (ptr16(p)[4] + ptr16(p)[6]) * _FIRST_1 + s
            ptr32(to)[0] = (ptr16(p)[5] * _FIRST_0 + s) >> 11
            s = (ptr16(p)[4] + ptr16(p)[14]) * _FIRST_5 + _FIRST_HALF
            s = (ptr16(p)[5] + ptr16(p)[13]) * _FIRST_4 + s
            s = (ptr16(p)[6] + ptr16(p)[12]) * _FIRST_3 + s
            s = (ptr16(p)[7] + ptr16(p)[11]) * _FIRST_2 + s
            s = (ptr16(p)[8] + ptr16(p)[10]) * _FIRST_1 + s
            ptr32(to)[1] = (ptr16(p)[9] * _FIRST_0 + s) >> 11
            p += 16
            to += 8
        s = line
        stop = p + 2 * (_FRAMES_KEPT + _WAITING_MOST)
        while p != stop:
            ptr16(s)[0] = ptr16(p)[0]
            ptr16(s)[1] = ptr16(p)[1]
            ptr16(s)[2] = ptr16(p)[2]
            ptr16(s)[3] = ptr16(p)[3]
            ptr16(s)[4] = ptr16(p)[4]
            ptr16(s)[5] = ptr16(p)[5]
            ptr16(s)[6] = ptr16(p)[6]
            p += 14
            s += 14

        p = middle
        to = int(ptr16(out)) + 2 * channel
        stop = p + 8 * made
        while p != stop:
            s = (ptr32(p)[0] + ptr32(p)[26]) * _SECOND_13 + _SECOND_HALF
            s = (ptr32(p)[2] + ptr32(p)[24]) * _SECOND_11 + s
            s = (ptr32(p)[4] + ptr32(p)[22]) * _SECOND_9 + s
            s = (ptr32(p)[6] + ptr32(p)[20]) * _SECOND_7 + s
            s = (ptr32(p)[8] + ptr32(p)[18]) * _SECOND_5 + s
            s = (ptr32(p)[9] + ptr32(p)[17]) * _SECOND_4 + s
            s = (ptr32(p)[10] + ptr32(p)[16]) * _SECOND_3 + s
            s = (ptr32(p)[11] + ptr32(p)[15]) * _SECOND_2 + s
            s = (ptr32(p)[12] + ptr32(p)[14]) * _SECOND_1 + s
            s = ptr32(p)[13] * _SECOND_0 + s
            if s >> 30:
                if s < 0:
                    s = 0
                else:
                    s = _HIGHEST
            ptr16(to)[0] = (s >> 14) ^ 0x8000
            p += 8
            to += 4
        s = middle
        stop = p + 4 * _BETWEEN_KEPT
        while p != stop:
            ptr32(s)[0] = ptr32(p)[0]
            ptr32(s)[1] = ptr32(p)[1]
            ptr32(s)[2] = ptr32(p)[2]
            ptr32(s)[3] = ptr32(p)[3]
            ptr32(s)[4] = ptr32(p)[4]
            p += 20
            s += 20

        line += 2 * _LINE
        middle += 4 * _BETWEEN
        channel += 1
    return made


class Decimator:
    """Both channels of the ADC. Any block size gives the same samples; one comes per 8 frames."""

    def __init__(self):
        # A history of silence, so that frame 8 k completes sample k.
        self._lines = halfwords(2 * _LINE, _SILENCE)
        self._between = words(2 * _BETWEEN, _BETWEEN_SILENCE, typecode="I")
        self._waiting = _WAITING_MOST  # frames

    def process(self, words, n, out):
        """n <= 512 stereo frames of 32-bit words, low half first, to pairs of samples in out.

        words: a buffer; out: array('H'). Returns how many pairs.
        """
        waiting = self._waiting
        made = decimate(0, 0, words, self._lines, self._between, out, waiting, n)
        self._waiting = waiting + n - RATIO * made
        return made
