"""Where in the signal a burst began: maximum likelihood of a rise in variance.

Model: noise of variance v0 up to tau, then its amplitude ramps up linearly (in four steps) over
0, 16, 40 or 64 ms to variance v1, then stays. The onset is where the ramp has gone 5 % of its way.
The best place of each duration counts by its likelihood, so that an abrupt start is not smeared
and a slow one not taken for its own middle. v0 and v1 are measured ahead of and behind the step
that is most likely in a first pass; v1 over 160 ms: it is the burst's level, not its first twitch.

The variances are those of x[n] - x[n - 2], in bins of 2 ms: the difference whitens the muscle, so
that a sample tells more about the onset, and drops what landing and cables leave below 40 Hz.
Moving tau one bin later changes the log-likelihood by (ln(v1 / v0) - sum_j d_j p[tau + j s]) / 2
with five weights d_j, the differences of 1/v between neighbouring steps of s bins: a running sum.
Run backwards in time, the same search finds the end of a burst.
"""

import micropython
from micropython import const

from band.fixmath import log2_q8

BEFORE = const(130)  # samples that a search begins ahead of the coarse estimate
AFTER = const(250)  # and goes on behind it
LATEST = const(300)  # the onset lies less than this behind the search's beginning
REST = const(256)  # samples ahead of it, of rest
BINS = const(320)  # of the scratch

_LEVEL = const(60)  # samples that the first guess of the burst's level is averaged over
_LEVEL_BINS = const(80)
_REST_BINS = const(128)
_FEWEST_BINS = const(12)
_EARLIER = const(32)  # bins round the most likely step in which ramps are tried
_LATER = const(12)
_MARGIN = const(5)
_CAP = const(32767)  # of a bin, 30 dB above a noise of 32
_STEP_MOST = const(23170)  # its square, twice, fits in 31 bits


@micropython.viper
def mean_power_q4(ring: ptr16, mask: int, start: int, step: int, n: int, lag: int) -> int:
    """Mean of x[i]^2 (lag 0) or (x[i] - x[i - lag])^2 over n <= 2048 samples, Q4, at most 2**29."""
    low = 0
    high = 0
    stop = start + n * step
    while start != stop:
        x = (ring[start & mask] ^ 0x8000) - 0x8000
        if lag:
            x -= (ring[(start - lag) & mask] ^ 0x8000) - 0x8000
            if x > _STEP_MOST:
                x = _STEP_MOST
            elif x < 0 - _STEP_MOST:
                x = 0 - _STEP_MOST
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


@micropython.viper
def fill_bins(ring: ptr16, mask: int, start: int, step: int, n: int, noise_q4: int, bins) -> int:
    """bins[k], k < n: the power of two steps, scaled for a noise of 16...32; returns that in Q4.

    noise_q4: variance of a step in LSB^2, Q4, 8 <= noise_q4 < 2**28.
    """
    out = ptr16(bins)
    noise_q4 = noise_q4 << 1
    up = 0
    down = 0
    while noise_q4 < 256:
        noise_q4 = noise_q4 << 1
        up += 1
    while noise_q4 >= 512:
        noise_q4 = noise_q4 >> 1
        down += 1
    cap = _CAP >> up
    before = (ring[(start - step - step) & mask] ^ 0x8000) - 0x8000
    last = (ring[(start - step) & mask] ^ 0x8000) - 0x8000
    k = 0
    while k < n:
        x = (ring[start & mask] ^ 0x8000) - 0x8000
        start += step
        before = x - before
        if before > _STEP_MOST:
            before = _STEP_MOST
        elif before < 0 - _STEP_MOST:
            before = 0 - _STEP_MOST
        power = before * before
        before = x
        x = (ring[start & mask] ^ 0x8000) - 0x8000
        start += step
        last = x - last
        if last > _STEP_MOST:
            last = _STEP_MOST
        elif last < 0 - _STEP_MOST:
            last = 0 - _STEP_MOST
        power = (power + last * last) >> down
        last = x
        if power > cap:
            power = cap
        out[k] = power << up
        k += 1
    return noise_q4


@micropython.viper
def mean_q4(bins: ptr16, first: int, stop: int) -> int:
    """Mean of bins[first:stop], Q4."""
    total = 0
    k = first
    while k < stop:
        total += bins[k]
        k += 1
    return (total << 4) // (stop - first)


@micropython.viper
def log_ratio(v1: int, v0: int) -> int:
    """ln(v1 / v0) in Q8; 177 / 256 = ln 2."""
    return ((int(log2_q8(v1)) - int(log2_q8(v0))) * 177) >> 8


@micropython.viper
def most_likely_step(bins: ptr16, first: int, last: int, noise_q4: int, level_q4: int) -> int:
    """The most likely tau in first <= tau <= last of a step from noise_q4 to level_q4."""
    weight = 4096 - (noise_q4 << 12) // level_q4
    rise = int(log_ratio(level_q4, noise_q4)) * noise_q4
    likelihood = 0
    best = 0
    best_at = first
    while first < last:
        likelihood += (rise - weight * bins[first]) >> 6
        first += 1
        if likelihood > best:
            best = likelihood
            best_at = first
    return best_at


@micropython.viper
def onset_fifths(bins: ptr16, first: int, last: int, n: int, noise_q4: int, level_q4: int) -> int:
    """Onset in 1/5 of a sample behind bins[0], of ramps that begin at first...last.

    Log-likelihoods are twice the natural ones, times the noise, in Q6: a quarter of that, as
    neighbouring bins are not independent, makes the weight of a duration.
    """
    rise = level_q4 - noise_q4
    unit = noise_q4 << 12
    # v0 / v in Q12 and ln(v1 / v) in the middle of each step: amplitude 1/8, 3/8, 5/8, 7/8.
    v = noise_q4 + (rise >> 6)
    a = unit // v
    log_a = int(log_ratio(level_q4, v)) * noise_q4
    v = noise_q4 + ((rise * 9) >> 6)
    b = unit // v
    log_b = int(log_ratio(level_q4, v)) * noise_q4
    v = noise_q4 + ((rise * 25) >> 6)
    c = unit // v
    log_c = int(log_ratio(level_q4, v)) * noise_q4
    v = noise_q4 + ((rise * 49) >> 6)
    d = unit // v
    log_d = int(log_ratio(level_q4, v)) * noise_q4
    e = unit // level_q4
    log_all = int(log_ratio(level_q4, noise_q4)) * noise_q4
    top = 0
    weights = 0
    places = 0
    s = 0
    while s <= 8:
        stop = n - _MARGIN - 4 * s
        if stop > last:
            stop = last
        if stop >= first:
            # Of a ramp that begins at `first`, against a step there.
            best = 0
            k = first
            end = k + s
            while k < end:
                best += (log_a - (a - e) * bins[k]) >> 6
                best += (log_b - (b - e) * bins[k + s]) >> 6
                best += (log_c - (c - e) * bins[k + s + s]) >> 6
                best += (log_d - (d - e) * bins[k + s + s + s]) >> 6
                k += 1
            likelihood = best
            best_at = first
            k = first
            while k < stop:
                v = (4096 - a) * bins[k] + (a - b) * bins[k + s] + (b - c) * bins[k + s + s]
                v += (c - d) * bins[k + s + s + s] + (d - e) * bins[k + 4 * s]
                likelihood += (log_all - v) >> 6
                k += 1
                if likelihood > best:
                    best = likelihood
                    best_at = k
            place = 10 * best_at + 2 * s
            if s == 0:
                top = best
                weights = 256
                places = 256 * place
            else:
                better = best > top
                v = best - top
                if v < 0:
                    v = 0 - v
                if v >= noise_q4 << 6:
                    v = 0
                else:
                    v = (v * 4) // noise_q4  # bits of the weight, Q4
                    v = (256 - ((v & 15) << 3)) >> (v >> 4)
                if better:
                    top = best
                    weights = ((weights * v) >> 8) + 256
                    places = ((places * v) >> 8) + 256 * place
                else:
                    weights += v
                    places += v * place
        if s == 0:
            s = 2
        elif s == 2:
            s = 5
        elif s == 5:
            s = 8
        else:
            s = 11
    return places // weights


def locate(ring, mask, start, step, rest, first, last, n, noise_q4, bins):
    """Distance from start, in steps of step (1 or -1), at which the burst begins.

    n samples from start on may be read, and `rest` ahead of it, known to hold no burst. Needs
    first <= last < n - 10 and 8 <= noise_q4 < 2**28, the power of the steps at rest; a noise more
    than 24 dB below the burst is taken for 24 dB.
    """
    expected = BEFORE if BEFORE < n - _LEVEL else n - _LEVEL
    if expected < 0:
        expected = 0
    span = n - expected if n - expected < _LEVEL else _LEVEL
    level = mean_power_q4(ring, mask, start + step * expected, step, span, 2 * step)
    if noise_q4 < level >> 8:
        noise_q4 = level >> 8
    ahead = rest >> 1
    end = ahead + (n >> 1)
    noise_q4 = fill_bins(ring, mask, start - step * 2 * ahead, step, end, noise_q4, bins)
    first = ahead + (first >> 1)
    last = ahead + (last >> 1)
    at = ahead + (expected >> 1)
    level = mean_q4(bins, at, at + 75 if at + 75 < end else end)
    if level < noise_q4 << 1:
        level = noise_q4 << 1
    tau = most_likely_step(bins, first, last, noise_q4, level)
    stop = tau + _LEVEL_BINS
    level = mean_q4(bins, tau, stop if stop < end else end)
    stop = tau - 3
    begin = stop - _REST_BINS if stop > _REST_BINS else 0
    if stop - begin >= _FEWEST_BINS:
        quiet = mean_q4(bins, begin, stop)
        if quiet > noise_q4 << 3:
            quiet = noise_q4 << 3
        if noise_q4 < quiet:
            noise_q4 = quiet
    if noise_q4 < level >> 8:
        noise_q4 = level >> 8
    if level < noise_q4 << 1:
        level = noise_q4 << 1
    if first < tau - _EARLIER:
        first = tau - _EARLIER
    if last > tau + _LATER:
        last = tau + _LATER
    return (onset_fifths(bins, first, last, end, noise_q4, level) - 10 * ahead + 2) // 5 - 1
