"""Where in a stride the foot landed and left the ground: kernels over short windows.

Windows are copied out of the rings, oldest first, as biased unsigned values (bit 15 flipped,
so order is kept). Positions come back in sixteenths of a raw frame (75 us).

With a gyroscope, about the segment's own axis (positive: the foot swings forward):
    initial contact  the trough that follows the swing's fall through zero, less a constant;
    toe-off          the rate's last crest in stance, before the trough of early swing: where
                     15 % of the fall between them is done, less a constant.
With acceleration alone, free of wearing angle:
    initial contact  where |a| has risen a quarter of the way from the dip to the impact peak;
    toe-off          the valley of the acceleration along the tibia, under a 220 ms window, that
                     is nearest to 40 % of the stride.
The constants are the filters' and the tissue's delays; they hold for everyone.
"""

import micropython
from micropython import const

STEP_F16 = const(64)
STEP_CENTRE_F16 = const(24)  # a step averages frames 0..3: it stands for frame 1.5

IMPACT_TO_CONTACT_F16 = const(300)  # 22.5 ms
TROUGH_TO_CONTACT_F16 = const(427)  # 32 ms
FALL_TO_TOE_OFF_F16 = const(170)  # 12.8 ms
MINIMUM_TO_TOE_OFF_F16 = const(373)  # 28 ms


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


@micropython.viper
def impact_rise_f16(magnitudes, mask: int, start: int, stop: int, back: int) -> int:
    """A quarter of the way up from the dip (at most `back` frames before) to the impact peak.

    The peak is the largest |a| in [start, stop). Returns an absolute position in f16.
    """
    m = ptr16(magnitudes)
    peak = start
    i = start
    while i < stop:
        if int(m[i & mask]) > int(m[peak & mask]):
            peak = i
        i += 1
    dip = peak
    i = peak - back
    while i < peak:
        if int(m[i & mask]) < int(m[dip & mask]):
            dip = i
        i += 1
    low = int(m[dip & mask])
    level = low * 4 + int(m[peak & mask]) - low
    i = peak
    while i > dip and int(m[(i - 1) & mask]) * 4 >= level:
        i -= 1
    before = int(m[(i - 1) & mask]) * 4
    rise = int(m[i & mask]) * 4 - before
    if i == dip or rise <= 0:
        return i * 16
    return (i - 1) * 16 + ((level - before) * 16) // rise


@micropython.viper
def stride_sums(steps: ptr16, step: int, mask: int, n: int, magnitudes, m_mask: int, out):
    """Over n <= 416 steps: out[0:3] = mean acc, out[3] = mean |a|, out[4:10] = gyr moments.

    Moments xx yy zz xy xz yz in (16 LSB)^2, averaged. out: array('i').
    """
    m = ptr16(magnitudes)
    o = ptr32(out)
    ax = 0
    ay = 0
    az = 0
    magnitude = 0
    xx = 0
    yy = 0
    zz = 0
    xy = 0
    xz = 0
    yz = 0
    stop = step + n
    while step < stop:
        magnitude += m[(step << 2) & m_mask]
        i = (step & mask) * 6
        ax += steps[i] ^ 0x8000
        ay += steps[i + 1] ^ 0x8000
        az += steps[i + 2] ^ 0x8000
        x = ((steps[i + 3] ^ 0x8000) - 0x8000) >> 4
        y = ((steps[i + 4] ^ 0x8000) - 0x8000) >> 4
        z = ((steps[i + 5] ^ 0x8000) - 0x8000) >> 4
        xx += (x * x) >> 3
        yy += (y * y) >> 3
        zz += (z * z) >> 3
        xy += (x * y) >> 3
        xz += (x * z) >> 3
        yz += (y * z) >> 3
        step += 1
    o[0] = ax // n - 0x8000
    o[1] = ay // n - 0x8000
    o[2] = az // n - 0x8000
    o[3] = magnitude // n
    # Sums may be negative: divide them above a bias that makes them positive.
    bias = n << 19
    o[4] = ((xx + bias) // n - 0x80000) << 3
    o[5] = ((yy + bias) // n - 0x80000) << 3
    o[6] = ((zz + bias) // n - 0x80000) << 3
    o[7] = ((xy + bias) // n - 0x80000) << 3
    o[8] = ((xz + bias) // n - 0x80000) << 3
    o[9] = ((yz + bias) // n - 0x80000) << 3
