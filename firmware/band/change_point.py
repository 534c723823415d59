"""Where in the signal a burst began: maximum likelihood of a ramp in variance.

Model: x is zero-mean noise of variance v0 up to tau, then its amplitude ramps up linearly over
40 ms to variance v1 (in four steps of 10 ms), then stays. Moving tau one sample later changes the
log-likelihood by (ln(v1 / v0) - sum_j d_j x[tau + 10 j]^2) / 2 with five weights d_j, the
differences of 1/v between neighbouring steps: a running sum of that finds the best tau.
Run backwards in time, the same search finds the end of a burst.
"""

import micropython
from micropython import const

from band.fixmath import log2_q8

WINDOW = const(200)  # samples that a search reads, in its own direction
EXPECTED = const(130)  # where in it the coarse estimate lies
SEARCH = const(150)  # tau < SEARCH
_LEVEL = const(60)  # samples that the level inside the burst is averaged over
_STEP = const(10)
_RISE = const(25)
_CAP = const(32767)  # of x^2, 30 dB above a noise of 32


@micropython.viper
def scaled_power(ring: ptr16, mask: int, start: int, step: int, noise_q4: int, power) -> int:
    """power[i] = x[start + i step]^2, scaled for a noise of 16...32; returns that noise in Q4.

    noise_q4: variance of the noise in LSB^2, Q4, 16 <= noise_q4 < 2**25.
    """
    out = ptr16(power)
    up = 0
    down = 0
    while noise_q4 < 256:
        noise_q4 = noise_q4 << 1
        up += 1
    while noise_q4 >= 512:
        noise_q4 = noise_q4 >> 1
        down += 1
    cap = _CAP >> up
    i = 0
    while i < WINDOW:
        x = (ring[start & mask] ^ 0x8000) - 0x8000
        x = (x * x) >> down
        if x > cap:
            x = cap
        out[i] = x << up
        start += step
        i += 1
    return noise_q4


@micropython.viper
def search(power: ptr16, first: int, last: int, level_at: int, noise_q4: int) -> int:
    """The most likely tau in first <= tau <= last; v1 is the mean power from level_at on."""
    v1 = 0
    stop = level_at + _LEVEL
    while level_at < stop:
        v1 += power[level_at]
        level_at += 1
    v1 = (v1 << 4) // _LEVEL
    if v1 < noise_q4 << 1:
        v1 = noise_q4 << 1
    rise = v1 - noise_q4
    unit = noise_q4 << 12
    # v0 / v in Q12 at the middle of each step of the ramp: amplitude 1/8, 3/8, 5/8, 7/8.
    a = unit // (noise_q4 + (rise >> 6))
    b = unit // (noise_q4 + ((rise * 9) >> 6))
    c = unit // (noise_q4 + ((rise * 25) >> 6))
    d = unit // (noise_q4 + ((rise * 49) >> 6))
    e = d - unit // v1
    d = c - d
    c = b - c
    b = a - b
    a = 4096 - a
    # ln(v1 / v0) * v0 in Q12; 177/256 = ln 2.
    log_ratio = (((int(log2_q8(v1)) - int(log2_q8(noise_q4))) * 177) >> 8) * noise_q4
    likelihood = 0
    best = 0
    best_at = first
    while first < last:
        v1 = a * power[first] + b * power[first + _STEP] + c * power[first + 2 * _STEP]
        v1 += d * power[first + 3 * _STEP] + e * power[first + 4 * _STEP]
        likelihood += (log_ratio - v1) >> 6
        first += 1
        if likelihood > best:
            best = likelihood
            best_at = first
    return best_at


@micropython.viper
def first_rise(ring: ptr16, mask: int, start: int, n: int, level: int) -> int:
    """First i < n from which x^2 averages level or more over 25 samples, twice in a row; else n."""
    cap = level << 4  # one spike alone must not carry a window
    early = 0
    late = 0
    i = 0
    while i < 2 * _RISE:
        x = (ring[(start + i) & mask] ^ 0x8000) - 0x8000
        x = x * x
        if x > cap:
            x = cap
        if i < _RISE:
            early += x
        else:
            late += x
        i += 1
    level = level * _RISE
    i = 0
    while i < n:
        if early >= level and late >= level:
            return i
        x = (ring[(start + i) & mask] ^ 0x8000) - 0x8000
        x = x * x
        if x > cap:
            x = cap
        early -= x
        x = (ring[(start + i + _RISE) & mask] ^ 0x8000) - 0x8000
        x = x * x
        if x > cap:
            x = cap
        early += x
        late -= x
        x = (ring[(start + i + 2 * _RISE) & mask] ^ 0x8000) - 0x8000
        x = x * x
        if x > cap:
            x = cap
        late += x
        i += 1
    return n


@micropython.viper
def mean_power_q4(ring: ptr16, mask: int, start: int, step: int, n: int) -> int:
    """Mean of x^2 over n <= 2048 samples, Q4, at most 2**29."""
    low = 0
    high = 0
    stop = start + n * step
    while start != stop:
        x = (ring[start & mask] ^ 0x8000) - 0x8000
        x = x * x
        low += x & 0x7FFF
        high += x >> 15
        start += step
    whole = high // n
    low += (high - whole * n) << 15
    if whole >= 1024:
        return 0x20000000
    whole = (whole << 15) + low // n
    if whole >= 0x2000000:
        return 0x20000000
    return (whole << 4) + ((low % n) << 4) // n


@micropython.native
def locate(ring, mask, start, step, first, last, noise_q4, power):
    """Distance from start, in steps of step (1 or -1), at which the burst begins.

    power: array('H') of WINDOW, scratch. Needs first <= last <= SEARCH and noise_q4 < 2**25. A
    noise more than 27 dB below the burst is taken for 27 dB, which is what `power` can hold. Two
    passes: the first takes the level where the coarse estimate expects it, the second right
    behind the ramp.
    """
    level = mean_power_q4(ring, mask, start + step * EXPECTED, step, _LEVEL)
    if noise_q4 < level >> 9:
        noise_q4 = level >> 9
    noise_q4 = scaled_power(ring, mask, start, step, noise_q4, power)
    tau = search(power, first, last, EXPECTED, noise_q4)
    level_at = tau + 2 * _STEP
    if level_at > WINDOW - _LEVEL:
        level_at = WINDOW - _LEVEL
    return search(power, first, last, level_at, noise_q4)
