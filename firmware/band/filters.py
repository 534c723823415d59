"""From raw EMG samples at 1 kHz to the cleaned signal: baseline, band-pass, mains, rails.

Coefficients are integers in Q13, designed by host_tools/design_filters.py. Both sections are
direct form 1 and feed the rounding errors of the last two outputs back with integer weights
(2, -1 for poles near z = 1; -2, -1 for poles near z = -1): that shapes the rounding noise away
from the poles, as a double-precision recursion does, without its multiplications.
No partial sum leaves 31 bits: the absolute coefficients of a section sum to at most 7 * 2**13.
"""

import micropython
from micropython import const

from band.arrays import halfwords

# Butterworth high-pass, 2nd order, 20 Hz: b (1 - z^-1)^2 / (1 + a1 z^-1 + a2 z^-2).
_HP_B = const(7495)
_HP_A1 = const(-14932)
_HP_A2 = const(6858)
# Butterworth low-pass, 2nd order, 450 Hz: b (1 + z^-1)^2 / (1 + a1 z^-1 + a2 z^-2).
_LP_B = const(6558)
_LP_A1 = const(12788)
_LP_A2 = const(5254)

# Group delay of high-pass + low-pass, averaged over the power of a calf's EMG spectrum.
BAND_PASS_DELAY_DMS = const(12)

# State, array('I'). Signed values are int16 patterns, or carry an offset.
CLIPPED = const(0)  # samples on a rail or on a clamped plateau
LOWEST = const(1)  # lowest and highest raw sample, offset binary
HIGHEST = const(2)
NOTCH_CYCLES = const(3)  # 0: no notch, 5: 50 Hz, 6: 60 Hz
NOTCH_LIMIT = const(4)
FRESH = const(5)  # 1: the next sample is taken to have been there for ever
_LAST = const(6)
_PLATEAU = const(7)
_RAIL_RUN = const(8)
_SLOT = const(9)
_HP = const(10)  # two sums of 32 bits, each as its upper and its lower half
_LP = const(14)  # the same
_BETWEEN = const(18)  # the last two outputs of the high-pass
_NOTCH = const(20)  # amplitude of sine and cosine in Q12, angle
FOLD_AT = const(23)
FILTER_STATE = const(123)

FOLD = const(100)  # samples: 5 periods of 50 Hz and 6 of 60 Hz

# round(2**12 * sin(2 pi k / 100)), k = 0...25: at 1 kHz the mains steps through it by 5 or 6.
# fmt: off
SINE_100 = (
    0, 257, 513, 768, 1019, 1266, 1508, 1744, 1973, 2195, 2408, 2611, 2804,
    2986, 3156, 3314, 3458, 3589, 3706, 3808, 3896, 3967, 4023, 4064, 4088, 4096,
)
# fmt: on

_NOTCH_ZERO = const(0x10000000)  # offset of its amplitudes
_NOTCH_MOST = const(0x4000000)  # 4 mV
_RAIL = const(32767)
_LONG_RAIL = const(64)
_PLATEAU_RUN = const(4)
_PLATEAU_LEVEL = const(1600)  # 0.4 mV: below that, equal neighbours are coarse quantisation


def sine_table():
    """array('H'): (sin(2 pi k / 100) + 1) in Q12, k = 0...124; the cosine is 25 further on."""
    table = halfwords(125)
    for k in range(125):
        part = k % 50
        value = SINE_100[part if part <= 25 else 50 - part]
        table[k] = 4096 + (value if k % 100 < 50 else -value)
    return table


def reset_filter(state):
    """Forget everything but the choice of the notch."""
    cycles = state[NOTCH_CYCLES]
    for i in range(FILTER_STATE):
        state[i] = 0
    state[NOTCH_CYCLES] = cycles
    state[_LP + 1] = 4096  # nothing behind it: see `condition`
    state[_LP + 3] = 12288
    state[NOTCH_LIMIT] = 32767
    state[_NOTCH] = _NOTCH_ZERO
    state[_NOTCH + 1] = _NOTCH_ZERO
    state[FRESH] = 1
    start_second(state)


@micropython.viper
def start_second(state):
    """Clear what is counted per second."""
    s = ptr32(state)
    s[CLIPPED] = 0
    s[LOWEST] = 0xFFFF
    s[HIGHEST] = 0
    s[_SLOT] = 0
    slot = 0
    while slot < FOLD:
        s[FOLD_AT + slot] = 0
        slot += 1


@micropython.viper
def _watch_rails(src, offset: int, n: int, state) -> int:
    """Count samples on a rail or on a plateau, among n of which one at least is far from zero.

    Returns the index of the first sample behind a long stay on a rail; n when there is none. In
    n <= 64 samples there is one at most.
    """
    p = ptr16(src)
    s = ptr32(state)
    last = int(s[_LAST])
    plateau = int(s[_PLATEAU])
    rail_run = int(s[_RAIL_RUN])
    clipped = int(s[CLIPPED])
    released = n
    i = 0
    while i < n:
        x = p[offset] ^ 0x8000
        offset += 2
        if x >= 0x8000 + _RAIL or x <= 0x8000 - _RAIL:
            rail_run += 1
            clipped += 1
            plateau = 0
        else:
            if rail_run:
                if rail_run >= _LONG_RAIL:
                    released = i
                rail_run = 0
            if x == last:
                plateau += 1
                if plateau >= _PLATEAU_RUN - 1:
                    if x > 0x8000 + _PLATEAU_LEVEL or x < 0x8000 - _PLATEAU_LEVEL:
                        clipped += 1
            else:
                plateau = 0
        last = x
        i += 1
    s[_LAST] = last
    s[_PLATEAU] = plateau
    s[_RAIL_RUN] = rail_run
    s[CLIPPED] = clipped
    return released


@micropython.viper
def condition(x: int, y: int, src, offset: int, n: int, work, sine, state):
    """Clean n <= 64 samples (every second halfword of src from offset on) into work.

    x and y, 0, only claim the two registers that viper gives to its first arguments. Addresses
    walk: a load at an index costs thrice as much.

    Counts clipped samples and extremes, and adds each raw sample to fold[index % 100], from which
    the mains lines are read. 20-450 Hz band-pass: the 20 Hz side removes the baseline; it starts
    afresh, without a transient, from the first sample and after a long stay on a rail.

    The notch is an adaptive canceller with a sine and a cosine as reference (Widrow 1975), 2.5 Hz
    wide. Its error is clipped to +-limit, a few times the noise at rest: so a burst hardly moves
    it, and it does not ring on behind the burst as a recursive notch does.
    """
    s = ptr32(state)
    low = 0xFFFF
    high = 0
    slot = int(s[_SLOT])
    fold = int(ptr32(state)) + 4 * FOLD_AT + 4 * slot
    source = int(ptr16(src)) + 2 * offset
    y = source
    left = n
    while left:
        taken = FOLD - slot
        if taken > left:
            taken = left
        left -= taken
        slot += taken
        stop = y + 4 * taken
        while y != stop:
            x = ptr16(y)[0] ^ 0x8000  # offset binary: 0 ... 65535
            y += 4
            if x < low:
                low = x
            if x > high:
                high = x
            ptr32(fold)[0] = ptr32(fold)[0] + x
            fold += 4
        if slot == FOLD:
            slot = 0
            fold -= 4 * FOLD
    s[_SLOT] = slot
    if low < s[LOWEST]:
        s[LOWEST] = low
    if high > s[HIGHEST]:
        s[HIGHEST] = high
    released = n
    if low < 0x8000 - _PLATEAU_LEVEL or high > 0x8000 + _PLATEAU_LEVEL:
        released = int(_watch_rails(src, offset, n, state))
    else:
        # No rail and no plateau that counts: only what came before can end here.
        if s[_RAIL_RUN] >= _LONG_RAIL:
            released = 0
        s[_RAIL_RUN] = 0
        s[_PLATEAU] = 0
        s[_LAST] = x

    # Each section keeps the sums that its last two outputs and errors add to the next two
    # accumulators; errors are 4096 too high, which makes up for the rounding.
    next_1 = (((s[_HP] ^ 0x8000) - 0x8000) << 16) | s[_HP + 1]
    next_2 = (((s[_HP + 2] ^ 0x8000) - 0x8000) << 16) | s[_HP + 3]
    then_1 = (((s[_LP] ^ 0x8000) - 0x8000) << 16) | s[_LP + 1]
    then_2 = (((s[_LP + 2] ^ 0x8000) - 0x8000) << 16) | s[_LP + 3]
    y1 = (s[_BETWEEN] ^ 0x8000) - 0x8000
    y2 = (s[_BETWEEN + 1] ^ 0x8000) - 0x8000
    step = 2 * int(s[NOTCH_CYCLES])  # in the table of the sine, bytes
    limit = int(s[NOTCH_LIMIT])
    sine_part = int(s[_NOTCH]) - _NOTCH_ZERO
    cosine_part = int(s[_NOTCH + 1]) - _NOTCH_ZERO
    angle = int(ptr16(sine)) + 2 * int(s[_NOTCH + 2])
    turn = int(ptr16(sine)) + 2 * FOLD
    to = int(ptr16(work))
    end = to + n + n
    release = to + released + released
    fresh = int(s[FRESH])
    s[FRESH] = 0
    while to != end:
        if fresh or to == release:
            fresh = 0
            x = _HP_B * ((ptr16(source)[0] ^ 0x8000) - 0x8000)
            next_1 = 4096 - x
            next_2 = x - 4096
            y1 = 0
            y2 = 0
        stop = end
        if release - to > 0:
            stop = release
        while to != stop:
            x = (ptr16(source)[0] ^ 0x8000) - 0x8000
            source += 4
            y = _HP_B * x + next_1
            error = y & 0x1FFF
            y = y >> 13
            if (y + 0x4000) >> 15:  # not within half of the range: rare
                if y > 32767:
                    y = 32767
                    error = 4096
                elif y < -32767:
                    y = -32767
                    error = 4096
            next_1 = (0 - _HP_A1) * y + next_2 + error + error - 2 * _HP_B * x
            next_2 = _HP_B * x - _HP_A2 * y - error
            x = (y1 + y + y1 + y2) * _LP_B + then_1
            y2 = y1
            y1 = y
            error = x & 0x1FFF
            x = x >> 13
            if (x + 0x4000) >> 15:
                if x > 32767:
                    x = 32767
                    error = 4096
                elif x < -32767:
                    x = -32767
                    error = 4096
            then_1 = (0 - _LP_A1) * x + then_2 - error - error
            then_2 = (0 - _LP_A2) * x + 16384 - error
            if step:
                sin = ptr16(angle)[0] - 4096
                cos = ptr16(angle)[25] - 4096
                angle += step
                if angle - turn >= 0:
                    angle -= 2 * FOLD
                x -= ((sine_part >> 8) * sin + (cosine_part >> 8) * cos + 0x8000) >> 16
                if (x + 0x4000) >> 15:
                    if x > 32767:
                        x = 32767
                    elif x < -32767:
                        x = -32767
                y = x
                if y > limit:
                    y = limit
                elif y + limit < 0:
                    y = 0 - limit
                sine_part = ((sin * y + 32) >> 6) + sine_part
                cosine_part = ((cos * y + 32) >> 6) + cosine_part
                if ((sine_part + (_NOTCH_MOST >> 1)) | (cosine_part + (_NOTCH_MOST >> 1))) >> 26:
                    if sine_part > _NOTCH_MOST:
                        sine_part = _NOTCH_MOST
                    elif sine_part < 0 - _NOTCH_MOST:
                        sine_part = 0 - _NOTCH_MOST
                    if cosine_part > _NOTCH_MOST:
                        cosine_part = _NOTCH_MOST
                    elif cosine_part < 0 - _NOTCH_MOST:
                        cosine_part = 0 - _NOTCH_MOST
            ptr16(to)[0] = x
            to += 2
    s[_HP] = (next_1 >> 16) & 0xFFFF
    s[_HP + 1] = next_1 & 0xFFFF
    s[_HP + 2] = (next_2 >> 16) & 0xFFFF
    s[_HP + 3] = next_2 & 0xFFFF
    s[_LP] = (then_1 >> 16) & 0xFFFF
    s[_LP + 1] = then_1 & 0xFFFF
    s[_LP + 2] = (then_2 >> 16) & 0xFFFF
    s[_LP + 3] = then_2 & 0xFFFF
    s[_BETWEEN] = y1 & 0xFFFF
    s[_BETWEEN + 1] = y2 & 0xFFFF
    s[_NOTCH] = sine_part + _NOTCH_ZERO
    s[_NOTCH + 1] = cosine_part + _NOTCH_ZERO
    s[_NOTCH + 2] = (angle - int(ptr16(sine))) >> 1
