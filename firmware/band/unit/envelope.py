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
    pos, ticks, late, edge, count: int, newest: int,
    at: int, t: int, rate: int, drift: int, bin_us: int,
) -> int:  # fmt: skip
    """The edge of the points' lower hull that lies over the middle: left << 4 | right.

    pos, ticks: array('i') of 16, a ring of `count` points whose last is `newest`, in the order of
    their positions. late, array('i') of 16: gets each point's lateness + BIAS, straightened by
    `drift`, the rate's change per bin of bin_us, less than 2**15. edge: array('H') of 16, room for
    the hull. Left and right are `newest` where it is the only point.

    Monotone chain: a point that lies on or above the line between its neighbours is none of the
    hull. Heights and distances are in units of which 2**14 span them all: products of two fit.
    """
    p = ptr32(pos)
    w = ptr32(ticks)
    y = ptr32(late)
    e = ptr16(edge)
    r1 = rate >> 15
    r0 = rate & 0x7FFF
    bins = bin_us >> 11
    highest = 0
    lowest = 0x3FFFFFFF
    oldest = (newest + 1 - count) & 15
    k = 0
    while k < count:
        i = (oldest + k) & 15
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
        v += BIAS
        y[i] = v
        if v > highest:
            highest = v
        if v < lowest:
            lowest = v
        k += 1
    start = int(p[oldest])
    span = (int(p[newest]) - start) & _MASK
    wide = 0
    while (span >> wide) > 0x3FFF:
        wide += 1
    tall = 0
    while ((highest - lowest) >> tall) > 0x3FFF:
        tall += 1
    n = 0
    k = 0
    while k < count:
        i = (oldest + k) & 15
        x = ((int(p[i]) - start) & _MASK) >> wide
        v = (int(y[i]) - lowest) >> tall
        turning = 1
        while n >= 2 and turning:
            a = e[n - 2]
            b = e[n - 1]
            xa = ((int(p[a]) - start) & _MASK) >> wide
            ya = (int(y[a]) - lowest) >> tall
            xb = (((int(p[b]) - start) & _MASK) >> wide) - xa
            yb = ((int(y[b]) - lowest) >> tall) - ya
            if xb * (v - ya) - yb * (x - xa) > 0:
                turning = 0
            else:
                n -= 1
        e[n] = i
        n += 1
        k += 1
    k = 0
    x = 0
    while k + 2 < n and x <= span - x:
        x = (int(p[int(e[k + 1])]) - start) & _MASK
        if x <= span - x:
            k += 1
    if n < 2:
        return (newest << 4) | newest
    return (int(e[k]) << 4) | int(e[k + 1])
