"""Kernels of clock_line.py: a point of the line, and the lower hull of what was seen.

Ticks and positions are microseconds that wrap at 2**30, as MicroPython's; a rate is Q24 and less
than 2**20; a distance is less than 2**29.
"""

import micropython
from micropython import const

BIAS = const(1 << 28)  # of lateness in `hull`: no negative number in memory
_MASK = const(0x3FFFFFFF)
_HALF = const(0x20000000)
_MOST_LATE = const(1 << 27)


@micropython.viper
def late_us(ticks: int, pos: int, at: int, t: int, rate: int) -> int:
    """How much later than the line has `pos` was it seen; the line has `at` at `t`.

    distance * rate / 2**24 from limbs of 15 bits: no product leaves 31 bits.
    """
    d = (((pos - at) & _MASK) ^ _HALF) - _HALF
    high = d >> 15
    low = d & 0x7FFF
    r = rate >> 15
    d += high * r * 64
    r = high * (rate & 0x7FFF) + low * r + ((low * (rate & 0x7FFF)) >> 15)
    d += (r + 256) >> 9
    return (((ticks - t - d) & _MASK) ^ _HALF) - _HALF


@micropython.viper
def hull(
    pos, ticks, late, count: int, newest: int,
    at: int, t: int, rate: int, drift: int, bin_us: int,
) -> int:  # fmt: skip
    """The edge of the points' lower hull that lies over the middle: left << 4 | right.

    pos, ticks: array('i') of at most 16 points, a ring whose last is `newest`. late, array('i') as
    long: gets each point's lateness + BIAS, straightened by `drift`, the rate's change per bin of
    bin_us, less than 2**15. Left and right are `newest` where no chord lies across the middle.
    """
    p = ptr32(pos)
    w = ptr32(ticks)
    y = ptr32(late)
    r1 = rate >> 15
    r0 = rate & 0x7FFF
    bins = bin_us >> 11
    span = 0
    i = 0
    while i < count:
        d = (((int(p[i]) - at) & _MASK) ^ _HALF) - _HALF
        high = d >> 15
        low = d & 0x7FFF
        v = int(w[i]) - t - d - high * r1 * 64
        v -= (high * r0 + low * r1 + ((low * r0) >> 15) + 256) >> 9
        v = ((v & _MASK) ^ _HALF) - _HALF
        if drift != 0 and d < 0:
            # A rate that drifts bends the past.
            past = 0 - d
            bent = past >> 11
            if bent > 0x7FFF:
                bent = 0x7FFF
            if drift < 0:
                bent = 0 - ((0 - drift) * bent) // bins
            else:
                bent = (drift * bent) // bins
            high = past >> 16
            low = (past >> 1) & 0x7FFF
            r = bent >> 15
            v -= high * r * 64
            v -= (high * (bent & 0x7FFF) + low * r + ((low * (bent & 0x7FFF)) >> 15) + 256) >> 9
        if v > _MOST_LATE:
            v = _MOST_LATE
        elif v < 0 - _MOST_LATE:
            v = 0 - _MOST_LATE
        y[i] = v + BIAS
        d = (int(p[newest]) - int(p[i])) & _MASK
        if d > span:
            span = d
        i += 1
    # Distances from the middle in units that make products of two fit.
    shift = 0
    while (span >> shift) > 0x7FFF:
        shift += 1
    middle = int(p[newest]) - (span >> 1)
    height = 0x3FFFFFFF
    left = newest
    right = newest
    i = 0
    while i < count:
        before = ((((middle - int(p[i])) & _MASK) ^ _HALF) - _HALF) >> shift
        j = 0
        while j < count and before >= 0:
            after = ((((int(p[j]) - middle) & _MASK) ^ _HALF) - _HALF) >> shift
            d = before + after
            # A chord lies between its ends.
            if after >= 0 and d > 0 and (int(y[i]) < height or int(y[j]) < height):
                v = int(y[j]) - int(y[i])
                if v < 0:
                    v = 0 - v
                    r = v // d
                    r = int(y[i]) - r * before - ((v - r * d) * before) // d
                else:
                    r = v // d
                    r = int(y[i]) + r * before + ((v - r * d) * before) // d
                if r < height:
                    height = r
                    left = i
                    right = j
            j += 1
        i += 1
    return (left << 4) | right
