"""Power spectrum of 256 real samples: Hann window, 128-point complex FFT, split.

Block floating point: samples are scaled up to 15 bits, each pass of the FFT scales down by what it
may have grown (fft_passes.py). 73 dB against a float FFT. Tables and scratch are shared: no two
spectra at a time.
"""

# The stubs do not know that viper takes an array for a pointer.
# pyright: reportArgumentType=false

from array import array

import micropython
from micropython import const

from band.arrays import halfwords
from band.fft_passes import first_pass, last_pass, radix4_pass

POINTS = const(256)
BINS = const(129)
_COMPLEX = const(128)
_EXPONENT = const(256)  # behind the data: right shifts less left shifts, so far
_PEAK = const(257)  # largest component, after the last pass

# fmt: off
# round(2**14 * sin(2 pi k / 256)), k = 0...64.
QUARTER_SINE = (
    0, 402, 804, 1205, 1606, 2006, 2404, 2801, 3196, 3590, 3981, 4370, 4756,
    5139, 5520, 5897, 6270, 6639, 7005, 7366, 7723, 8076, 8423, 8765, 9102, 9434,
    9760, 10080, 10394, 10702, 11003, 11297, 11585, 11866, 12140, 12406, 12665, 12916, 13160,
    13395, 13623, 13842, 14053, 14256, 14449, 14635, 14811, 14978, 15137, 15286, 15426, 15557,
    15679, 15791, 15893, 15986, 16069, 16143, 16207, 16261, 16305, 16340, 16364, 16379, 16384,
)
# fmt: on


def _cosine_table():
    """cos(2 pi k / 256), k = 0...319, in Q14: the sine is read 192 entries further on."""
    table = halfwords(320)
    for k in range(320):
        quadrant = (k >> 6) & 3
        step = k & 63
        if quadrant & 1 == 0:
            step = 64 - step
        value = QUARTER_SINE[step]
        if quadrant == 1 or quadrant == 2:
            value = -value
        table[k] = value & 0xFFFF
    return table


def _reversed_bits():
    order = bytearray(_COMPLEX)
    for i in range(_COMPLEX):
        for bit in range(7):
            order[i] |= ((i >> bit) & 1) << (6 - bit)
    return bytes(order)


def _hann_window():
    """1 - cos(2 pi k / 256), k = 0...255, in Q14."""
    return array("H", [16384 - ((v ^ 0x8000) - 0x8000) for v in COSINE[:256]])


COSINE = _cosine_table()
WINDOW = _hann_window()
ORDER = _reversed_bits()
WORK = halfwords(258)


@micropython.viper
def load(ring: ptr16, start: int, mask: int, window, order, work):
    """Scale to full range, window, and put in bit-reversed order; even samples are real parts."""
    c = ptr16(window)
    w = ptr16(work)
    o = ptr8(order)
    every = 0
    stop = start + POINTS
    while start < stop:
        x = (ring[start & mask] ^ 0x8000) - 0x8000
        if x < 0:
            x = 0 - x
        every = every | x
        start += 1
    start -= POINTS
    up = 0
    if every:
        while every < 16384:
            every = every << 1
            up += 1
    peak = 0
    i = 0
    while i < _COMPLEX:
        j = i + i
        k = int(o[i]) << 1
        x = ((((ring[start & mask] ^ 0x8000) - 0x8000) << up) * c[j] + 16384) >> 15
        w[k] = x
        if x < 0:
            x = 0 - x
        if x > peak:
            peak = x
        start += 1
        x = ((((ring[start & mask] ^ 0x8000) - 0x8000) << up) * c[j + 1] + 16384) >> 15
        w[k + 1] = x
        if x < 0:
            x = 0 - x
        if x > peak:
            peak = x
        start += 1
        i += 1
    w[_EXPONENT] = 0 - up
    w[_PEAK] = peak


@micropython.viper
def split(w: ptr16, k: int, cosine, power) -> int:
    """Spectrum of the real samples from that of their pairs; power: array('I') of 129, < 2**30.

    X[k] = E - i W^k O with E, O the even and odd parts of Z. Returns the exponent e of
    |X|^2 = power * 2**e, for a Hann window of height 1. w: the work; k: 0, the first bin.
    """
    c = ptr16(cosine)
    out = ptr32(power)
    peak = int(w[_PEAK])
    exponent = (w[_EXPONENT] ^ 0x8000) - 0x8000
    down = 13
    while peak > 11580:  # |X| <= 2 sqrt(2) peak must stay below 2**15
        peak = peak >> 1
        down += 1
        exponent += 1
    half = 1 << (down - 1)
    # Bins k and 128 - k come from the same two points and differ in signs only.
    while k <= 64:
        i = k << 1
        j = ((128 - k) & 127) << 1
        zr = (w[i] ^ 0x8000) - 0x8000
        zi = (w[i + 1] ^ 0x8000) - 0x8000
        yr = (w[j] ^ 0x8000) - 0x8000
        yi = (w[j + 1] ^ 0x8000) - 0x8000
        wr = (c[k] ^ 0x8000) - 0x8000
        wi = (c[k + 64] ^ 0x8000) - 0x8000
        dr = zr - yr
        di = zi + yi
        even = ((zr + yr) << 12) + half
        odd = (di * wi >> 2) - (dr * wr >> 2) + half
        zi = (zi - yi) << 12
        dr = dr * wi
        di = di * wr
        zr = (even + (dr >> 2) + (di >> 2)) >> down
        yr = (even + ((0 - dr) >> 2) + ((0 - di) >> 2)) >> down
        yi = (odd - zi) >> down
        zi = (odd + zi) >> down
        out[k] = zr * zr + zi * zi
        out[128 - k] = yr * yr + yi * yi
        k += 1
    return exponent + exponent


def power_spectrum(ring, mask, start, power):
    """|X|^2 of ring[start ... start + 255]; returns its exponent, see `split`."""
    work = WORK
    cosine = COSINE
    load(ring, start, mask, WINDOW, ORDER, work)
    first_pass(work, 0)
    radix4_pass(work, 4, cosine)
    radix4_pass(work, 16, cosine)
    last_pass(work, 0, cosine)
    return split(work, 0, cosine, power)
