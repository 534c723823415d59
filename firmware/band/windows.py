"""Kernels over a short stretch of steps: project it on an axis, smooth it, find its turns.

Windows are copied out of the ring of steps, oldest first, as biased unsigned values (bit 15
flipped, so order is kept). Positions inside a step come in sixteenths of a raw frame (75 us).
"""

import micropython


@micropython.viper
def project(steps: ptr16, step: int, mask: int, n: int, first: int, axis, out):
    """out[k] = axis . (three components from `first`) for n steps; axis in Q14, array('i')."""
    o = ptr16(out)
    a = ptr16(axis)
    # The halves of an int32 in Q14 are read apart: components are within +-1.
    ax = (a[0] ^ 0x8000) - 0x8000
    ay = (a[2] ^ 0x8000) - 0x8000
    az = (a[4] ^ 0x8000) - 0x8000
    k = 0
    while k < n:
        i = (step & mask) * 6 + first
        v = (
            (((steps[i] ^ 0x8000) - 0x8000) * ax >> 2)
            + (((steps[i + 1] ^ 0x8000) - 0x8000) * ay >> 2)
            + (((steps[i + 2] ^ 0x8000) - 0x8000) * az >> 2)
            + 2048
        ) >> 12
        if v > 32767:
            v = 32767
        elif v < -32768:
            v = -32768
        o[k] = v ^ 0x8000
        step += 1
        k += 1


@micropython.viper
def smooth_33_ms(source: ptr16, k: int, n: int, out):
    """Hann window of 7 steps, zero delay, ends held; k = 0. Weights sum to 2**14."""
    o = ptr16(out)
    while k < n:
        if k >= 3 and k + 3 < n:
            v = 600 * (source[k - 3] + source[k + 3]) + 2048 * (source[k - 2] + source[k + 2])
            v += 3496 * (source[k - 1] + source[k + 1]) + 4096 * source[k]
        else:
            v = 0
            i = -3
            while i <= 3:
                j = k + i
                if j < 0:
                    j = 0
                elif j >= n:
                    j = n - 1
                weight = 4096
                if i == 1 or i == -1:
                    weight = 3496
                elif i == 2 or i == -2:
                    weight = 2048
                elif i:
                    weight = 600
                v += weight * source[j]
                i += 1
        o[k] = (v + 8192) >> 14
        k += 1


@micropython.viper
def smooth(source, n: int, weights, taps: int, out):
    """Symmetric FIR, zero delay, ends held. Odd taps; weights are Q14 and sum to 2**14."""
    s = ptr16(source)
    w = ptr16(weights)
    o = ptr16(out)
    half = taps >> 1
    k = 0
    while k < n:
        total = 8192
        i = k - half
        t = 0
        if i >= 0 and k + half < n:
            while t < taps:
                total += w[t] * s[i]
                i += 1
                t += 1
        else:
            while t < taps:
                j = i
                if j < 0:
                    j = 0
                elif j >= n:
                    j = n - 1
                total += w[t] * s[j]
                i += 1
                t += 1
        o[k] = total >> 14
        k += 1


@micropython.viper
def highest(values, start: int, stop: int) -> int:
    """Position of the first maximum in [start, stop)."""
    v = ptr16(values)
    at = start
    i = start
    while i < stop:
        if int(v[i]) > int(v[at]):
            at = i
        i += 1
    return at


@micropython.viper
def lowest(values, start: int, stop: int) -> int:
    """Position of the first minimum in [start, stop)."""
    v = ptr16(values)
    at = start
    i = start
    while i < stop:
        if int(v[i]) < int(v[at]):
            at = i
        i += 1
    return at


@micropython.viper
def valley(values, start: int, stop: int, expected: int) -> int:
    """The local minimum in (start, stop) nearest to `expected`; -1 when there is none."""
    v = ptr16(values)
    best = 0 - 1
    nearest = stop
    i = start + 1
    while i < stop - 1:
        if int(v[i]) < int(v[i - 1]) and int(v[i]) <= int(v[i + 1]):
            away = i - expected
            if away < 0:
                away = 0 - away
            if away < nearest:
                nearest = away
                best = i
        i += 1
    return best


@micropython.viper
def vertex_f16(values, at: int, n: int) -> int:
    """The extremum at `at`, refined by the parabola through its neighbours; in f16 of steps."""
    v = ptr16(values)
    if at < 1 or at + 1 >= n:
        return at * 64
    left = int(v[at - 1])
    right = int(v[at + 1])
    bend = left + right - 2 * int(v[at])
    tilt = left - right
    if bend < 0:
        bend = 0 - bend
        tilt = 0 - tilt
    if bend == 0:
        return at * 64
    # tilt / (2 bend) of a step lies within half a step when `at` is the extremum.
    shift = 0
    if tilt < 0:
        shift = 0 - ((0 - tilt) * 32) // bend
    else:
        shift = (tilt * 32) // bend
    if shift > 32:
        shift = 32
    elif shift < -32:
        shift = -32
    return at * 64 + shift


@micropython.viper
def largest(ring, mask: int, start: int, stop: int) -> int:
    """The largest value of a ring of plain unsigned values over indices [start, stop)."""
    v = ptr16(ring)
    top = 0
    while start < stop:
        if int(v[start & mask]) > top:
            top = int(v[start & mask])
        start += 1
    return top


@micropython.viper
def mean(values, n: int) -> int:
    """Mean of n >= 1 biased values, as a signed number."""
    v = ptr16(values)
    total = 0
    i = 0
    while i < n:
        total += v[i]
        i += 1
    return total // n - 0x8000


@micropython.viper
def falls_below(values, start: int, stop: int, level: int) -> int:
    """First position in [start, stop) whose value is below `level`; stop when there is none."""
    v = ptr16(values)
    while start < stop:
        if int(v[start]) < level:
            return start
        start += 1
    return stop


@micropython.viper
def last_below(values, start: int, stop: int, level: int) -> int:
    """Last position in [start, stop) whose value is below `level`; -1 when there is none."""
    v = ptr16(values)
    while stop > start:
        stop -= 1
        if int(v[stop]) < level:
            return stop
    return -1


@micropython.viper
def last_turns(values, first: int, last: int, prominence: int) -> int:
    """Back from `last`: the nearest trough and the crest before it, ripples passed over.

    A turn counts when the curve leaves it by `prominence`. Returns crest << 9 | trough, -1 when
    there is no such trough after `first`; the crest is then the highest value from there on.
    """
    v = ptr16(values)
    trough = last
    i = last
    while i >= first and int(v[i]) < int(v[trough]) + prominence:
        if int(v[i]) <= int(v[trough]):
            trough = i
        i -= 1
    if i < first:
        return -1
    crest = i
    while i >= first and int(v[i]) + prominence > int(v[crest]):
        if int(v[i]) > int(v[crest]):
            crest = i
        i -= 1
    return (crest << 9) | trough


@micropython.viper
def steepest_fall(values, start: int, stop: int) -> int:
    """Position in [start + 2, stop - 2) where the curve falls most over four steps (19 ms)."""
    v = ptr16(values)
    at = start
    most = 0
    i = start + 2
    while i < stop - 2:
        fall = int(v[i - 2]) - int(v[i + 2])
        if fall > most:
            most = fall
            at = i
        i += 1
    return at


@micropython.viper
def last_fall_f16(values, start: int, stop: int, level: int) -> int:
    """Where the curve crosses `level` downwards for the last time before `stop`; -1: nowhere."""
    v = ptr16(values)
    i = stop
    while i > start:
        if int(v[i - 1]) >= level:
            before = int(v[i - 1])
            after = int(v[i])
            if before == after:
                return i * 64
            return (i - 1) * 64 + ((before - level) * 64) // (before - after)
        i -= 1
    return -1
