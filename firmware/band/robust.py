"""Robust statistics and logarithms of the fatigue model, in integers that never allocate."""

import micropython
from micropython import const

from band.fixmath import median, muldiv

MAD_TO_SD_Q12 = const(6073)  # 1.4826: median absolute deviation of a normal variable to its SD
LN2_Q12 = const(2839)


@micropython.viper
def log2_q12(v: int) -> int:
    """4096 * log2(v) for 1 <= v < 2**30, within 2 LSB (0.03 %); 0 for v < 1."""
    if v < 1:
        return 0
    whole = 14
    while v >= 0x8000:
        v = v >> 1
        whole += 1
    while v < 0x4000:
        v = v << 1
        whole -= 1
    bits = 0
    while bits < 12:
        # One squaring doubles the logarithm: its next bit is whether the mantissa passes 2.
        v = (v * v + 0x2000) >> 14
        whole = whole << 1
        if v >= 0x8000:
            v = v >> 1
            whole += 1
        bits += 1
    return whole


def times_pow2(value, log2_q12_change):
    """value * 2**(change / 4096), error below 0.02 %; saturates at +-2**29."""
    octaves = log2_q12_change >> 12
    fraction = log2_q12_change & 0xFFF
    # Cubic minimax of 2**f on 0..1, in Q14 (coefficients 0.6951, 0.2276, 0.0773).
    power = 3729 + ((1266 * fraction) >> 12)
    power = 11389 + ((power * fraction) >> 12)
    power = 16384 + ((power * fraction) >> 12)
    result = muldiv(value, power, 16384)
    while octaves > 0 and -(1 << 28) < result < (1 << 28):
        result *= 2
        octaves -= 1
    while octaves < 0:
        result >>= 1
        octaves += 1
    return result


def clip(value, limit):
    """value held within +-limit."""
    if value > limit:
        return limit
    if value < -limit:
        return -limit
    return value


@micropython.viper
def known_into(source, start: int, n: int, out) -> int:
    """Copy the known values of source[start : start + n] to out; returns how many."""
    words = ptr32(source)
    kept = ptr32(out)
    known = 0
    end = start + n
    while start < end:
        word = words[start]
        # units.UNKNOWN is -2**29: three ones, then zeros, whatever the width of a word.
        if word & 0x1FFFFFFF or (word >> 29) & 7 != 7:
            kept[known] = word
            known += 1
        start += 1
    return known


def spread_in_place(buf, n):
    """1.4826 * MAD of buf[:n], n >= 1; leaves the absolute deviations in buf, sorted."""
    middle = median(buf, 0, n)
    for i in range(n):
        deviation = buf[i] - middle
        buf[i] = deviation if deviation >= 0 else -deviation
    return (median(buf, 0, n) * MAD_TO_SD_Q12) >> 12
