"""Calls kernels with the ends of what they may be given, which no recording reaches.

Ranges are those of the kernels' own descriptions. Imports modules, not functions, so that the
recorders of capture.py are what is called.
"""

# The stubs do not know that viper takes an array for a pointer.
# pyright: reportArgumentType=false

from array import array

from band import (
    arrays,
    blocks,
    burst_sums,
    change_point,
    contacts,
    decimate,
    fft,
    filters,
    fixmath,
    frame,
    motion,
    quality,
    regression,
    ring,
    robust,
    spectrum,
    windows,
)
from band.chips import lsm6dso32
from band.unit import correct, crc, envelope, raw_stream

_MOST = (1 << 30) - 1
_RAILS = (0x7FFF, 0x8000, 0, 1, 0xFFFF, 0x4000, 0xC000, 0x2000)


KINDS = 5


def halfwords(n, kind, seed=12345):
    """n int16 patterns: 0 positive rail, 1 negative rail, 2 both in turn, 3 pseudo-random, 4 from
    rail to rail at pseudo-random times, which is what stirs a recursive filter most."""
    out = array("H", bytes(2 * n))
    state = seed
    level = 0x7FFF
    left = 0
    for i in range(n):
        state = (state * 8121 + 28411) % 134456
        if left == 0:
            left = (1, 1, 2, 3, 5, 9, 17, 40)[(state >> 5) & 7]
            level ^= 0xFFFF
        left -= 1
        out[i] = (0x7FFF, 0x8000, 0x7FFF + (i & 1), (state * 3) & 0xFFFF, level)[kind]
    return out


def words(n, most):
    """n non-negative words up to `most`, with both ends among them."""
    out = array("I", bytes(4 * n))
    state = 54321
    for i in range(n):
        state = (state * 8121 + 28411) % 134456
        out[i] = state * (most // 134456 + 1) % (most + 1)
    out[0] = most
    out[n - 1] = most
    return out


def run():
    _fills()
    _arithmetic()
    _sorting()
    _filters()
    _spectra()
    _motion()
    _windows()
    _bytes()
    _corrections()
    _slopes()
    _clocks()


def _fills():
    for value in (0, 1, 0x7FFF, 0x8000, 0xFFFF):
        arrays.halfwords(5, value)
    for value in (0, 1, -1, _MOST, -_MOST, -(1 << 31)):
        arrays.words(5, value)


def _arithmetic():
    for v in (-5, 0, 1, 2, 3, 255, 0x3FFF, 0x4000, 0x7FFF, 0x8000, 65535, 0xFFFFFFF, _MOST):
        fixmath.isqrt(v)
        fixmath.log2_q8(v)
        robust.log2_q12(v)
        for b in (-_MOST, -32768, -1, 0, 1, 32767, 32768, _MOST):
            for c in (0, 1, 3, 32767, 833_000, _MOST):
                fixmath.muldiv(v, b, c)
                fixmath.muldiv(-v, b, c)
    for part in (-16383, -1, 0, 1, 16383):
        for length in (64, 9459, 16384, 28377):
            frame._q14(part, length)
    for high in (0, 1, 32767, _MOST >> 15):
        for low in (0, 1, 32767):
            for divisor in (1, 2, 32767):
                burst_sums.quotient(high, low, divisor)
    for v1 in (8, 127, 1 << 20, 1 << 29):
        change_point.log_ratio(v1, 8)
        change_point.log_ratio(8, v1)


def _sorting():
    ends = (-(1 << 29), (1 << 29) - 1, 0, -1, 1, -32768, 32767, -(1 << 29))
    for n in (1, 2, 8):
        fixmath.sort(array("i", ends), 0, n)
        robust.known_into(array("i", ends), 0, n, array("i", bytes(4 * 8)))
    record = array("i", range(-100, 100))
    rows = array("i", bytes(4 * 17 * 25))
    blocks.file_stride(record, blocks.COLUMNS, rows, 0)
    blocks.file_stride(array("i", ends * 25), blocks.COLUMNS, rows, 24)


def _filters():
    _most_decimated()
    for kind in range(KINDS):
        signal = halfwords(256, kind)
        state = array("I", bytes(4 * filters.FILTER_STATE))
        filters.reset_filter(state)
        state[filters.NOTCH_CYCLES] = 5
        state[filters.NOTCH_LIMIT] = 32767
        work = array("H", bytes(2 * 64))
        sine = filters.sine_table()
        for seed in range(12 if kind == 4 else 3):
            stirred = halfwords(256, kind, 12345 + seed)
            filters.condition(0, 0, stirred, 0, 64, work, sine, state)
        filters._watch_rails(signal, 1, 64, state)
        quality.line_amplitude(state, sine, 5)
        quality.line_amplitude(state, sine, 6)
        ring = halfwords(2048, kind)
        change_point.mean_power_q4(ring, 2047, 5, 1, 1000, 0)
        change_point.mean_power_q4(ring, 2047, 5, 2, 1000, 2)
        bins = array("H", bytes(2 * 320))
        for noise in (8, 255, 256, 512, (1 << 28) - 1):
            change_point.fill_bins(ring, 2047, 10, 1, 320, noise, bins)
            change_point.fill_bins(ring, 2047, 800, -1, 320, noise, bins)
            change_point.mean_q4(bins, 0, 320)
        quality.roughness_q4(ring, 2047, 1000)
        sums = array("I", bytes(4 * burst_sums.SUMS))
        burst_sums.add_samples(ring, 0, 512, 30_000, sums)
    ticks = array("I", bytes(4 * 63))
    for i in range(40):
        ticks[23 + i] = (25 * 0x1FFFFFF) if i & 8 else 0
    quality.tick_powers(ticks, array("I", bytes(16)))


def _most_decimated():
    """The worst for the sum: before each tap the end of its sign, then the other way round."""
    frames = array("H", bytes(2 * 4 * 512))
    out = array("H", bytes(2 * 2 * 64))
    positive = (0, 4, 8, 9, 12, 13, 14, 17, 18, 22, 26)
    for sign in (0, 1):
        lines = array("H", [0xFFFF * (1 - sign)] * (2 * (7 + 7 + 512)))
        between = array("I", bytes(4 * 2 * (25 + 128)))
        for k in range(25):
            between[k] = 262_140 * ((k in positive) ^ sign)
        decimate.decimate(0, 0, frames, lines, between, out, 7, 1)
    for kind in range(KINDS):
        frames = halfwords(4 * 512, kind)
        decimate.decimate(0, 0, frames, lines, between, out, 7, 512)
        decimate.decimate(0, 0, frames, lines, between, out, 0, 509)


def _spectra():
    for kind in range(KINDS):
        ring = halfwords(2048, kind)
        power = array("I", bytes(4 * fft.BINS))
        fft.power_spectrum(ring, 2047, 2000, power)
        power = words(fft.BINS, _MOST >> (2 * kind))
        result = array("i", bytes(16))
        spectrum.moments(power, 3, result)
        spectrum.finsm5(power, spectrum.FIFTH_POWERS)
        spectrum.bits(power, 0)
        for down in (-3, 0, 1, 30):
            scaled = words(fft.BINS, _MOST >> 4)
            spectrum.scale(scaled, 0, down)
        for memory in (0, 5):
            total = words(fft.BINS, (1 << 29) - 1)
            spectrum.fade_and_add(total, 0, words(fft.BINS, (1 << 25) - 1), memory, kind)
    silence = array("I", bytes(4 * fft.BINS))
    spectrum.finsm5(silence, spectrum.FIFTH_POWERS)
    spectrum.moments(silence, 3, array("i", bytes(16)))


def _motion():
    for kind in range(KINDS):
        raw = halfwords(6 * 256, kind)
        magnitudes = array("H", bytes(2 * 2048))
        steps = array("H", bytes(2 * 6 * motion.STEPS))
        motion.condense(0, 0, raw, 0, 255, 8, magnitudes, 2047, steps, 0)
        steps = halfwords(6 * 512, kind)
        change = array("H", bytes(2 * 512))
        out = array("H", bytes(2 * 512))
        motion.shake(steps, 500, 511, 64, 0, change, out, 0)
        rail = array("I", bytes(8))
        motion.health(raw, 0, 255, 128, 1000, rail)
        sums = array("i", bytes(4 * 10))
        motion.stride_sums(steps, 100, 511, 416, halfwords(2048, kind), 2047, sums)
        frame._main_axis(sums, array("i", (9459, 9459, 9459)))
        frame._main_axis(sums, array("i", (-16384, 0, 16384)))
        contacts.impact_rise_f16(halfwords(2048, kind), 2047, 300, 404, 50)


def _windows():
    for kind in range(KINDS):
        steps = halfwords(6 * 512, kind)
        out = array("H", bytes(2 * 512))
        for axis in ((16384, 0, 0), (-9459, -9459, -9459), (9459, -9459, 9459)):
            windows.project(steps, 400, 511, 300, 3, array("i", axis), out)
        curve = halfwords(512, kind)
        windows.smooth_33_ms(curve, 0, 300, out)
        weights = array("H", contacts.HANN_302_MS)
        windows.smooth(curve, 200, weights, 63, out)
        windows.mean(curve, 512)
        windows.largest(curve, 511, 400, 700)
        for find in (windows.highest, windows.lowest, windows.steepest_fall):
            find(curve, 10, 300)
        windows.valley(curve, 10, 300, 150)
        for at in (0, 1, 100, 299):
            windows.vertex_f16(curve, at, 300)
        for level in (0, 0x8000, 65535):
            windows.falls_below(curve, 0, 300, level)
            windows.last_below(curve, 0, 300, level)
            windows.last_fall_f16(curve, 0, 300, level)
        windows.last_turns(curve, 20, 299, 500)


def _bytes():
    for width in (2, 6):
        held = ring.Ring(64, width)
        held.push(halfwords(6 * 64, 3), 0, 40)
        held.hold(60)
    data = bytearray(range(256))
    sum_ = crc.Crc32()
    sum_.add(data, 0, 256)
    sum_.add(data, 255, 256)
    raw_stream._copy(bytearray(64), 4, data, 100, 20)
    lsm6dso32._copy(data, bytearray(300), 30, 256)
    lsm6dso32.good_words(data, 36)


def _corrections():
    """Factors of +-0.1, 0.2 for the EMG, and constants as large as a setting makes them."""
    one = 1 << 29
    tenth = 6553
    far = 1 << 28
    for sign in (1, -1):
        motion_how = array("i", [one + sign * tenth] * 18)
        for k in (3, 7, 11, 13, 15, 17):
            motion_how[k] = one - sign * far
        emg_how = array("i", [one + 2 * sign * tenth, one + far, one - 2 * sign * tenth, one - far])
        for kind in range(KINDS):
            correct.correct_motion(halfwords(60, kind), 10, motion_how)
            correct.correct_emg(halfwords(64, kind), 32, emg_how)


def _slopes():
    """Deviations, slopes and values at both ends of what they may be."""
    n = 8
    for sign in (1, -1):
        most = 2048 * sign
        deviations = array("i", [most, -most, 0, sign, -sign, most, most, -most] * 3)
        slopes = array("i", [sign * 2048, -sign * 2048, sign * 1024])
        y = array("i", [sign << 20, -sign << 20, 4096, -4096, 0, sign, sign << 16, -sign << 16])
        into = array("i", [0] * n)
        for reference in (most, 0, -(1 << 29)):
            regression._deviate(y, 0, n, reference, into, 0)
            regression._deviate(array("i", [-(1 << 29)] * n), 0, n, reference, into, 0)
        regression._rest(deviations, n, slopes, 0, y, 0, into)
        for covariate in range(3):
            regression._square_sum(deviations, covariate * n, n)
            regression._rest_sum(deviations, n, covariate, slopes, 0, y, 0)


def _clocks():
    most_rate = (1 << 20) - 1
    for distance in ((1 << 29) - 1, -(1 << 29), 0, 32_000_000):
        for rate in (most_rate, -most_rate, 0, 1):
            envelope.late_us(0, distance & _MOST, 0, 0, rate)
            envelope.late_us(_MOST, distance & _MOST, _MOST, 0, rate)
    late = array("i", [0] * 16)
    near = array("i", [(k * 2_000_000 - 16_000_000) & _MOST for k in range(16)])
    seen = array("i", [(near[k] + 20_000 * (k * 7 % 5)) & _MOST for k in range(16)])
    far = array("i", [k << 26 for k in range(16)])
    edge = array("H", [0] * 16)
    hull = envelope.hull
    for drift in (0x7FFF, -0x7FFF, 0):
        for rate in (most_rate, -most_rate, 0):
            for count in (1, 2, 16):
                at = count - 1
                hull(near, seen, late, edge, count, at, near[at], 5, rate, drift, 300_000)
                hull(far, near, late, edge, count, at, far[at], 0, rate, drift, 2_000_000)
