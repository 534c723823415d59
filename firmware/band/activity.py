"""Per-sample muscle activity: envelope, TKEO, noise floor, and the coarse state of a burst.

TKEO = Teager-Kaiser energy x[n]^2 - x[n-1] x[n+1] on 30-300 Hz, rectified and low-passed
(Solnik 2008). A burst opens when the smoothed energy stays above `k` times its noise floor for
25 ms, and closes when it stays below half of that for 60 ms; k adapts to the signal-to-noise
ratio. The floor is a running low quantile, so it needs no silence: it falls three times as fast
as it rises, which settles at the 25 % quantile and under a third of the time in bursts still at
the level of rest. Every decision depends on sample indices only: at an event the kernel stops, so
that it is handled at that very sample whatever the block size.
"""

import micropython
from micropython import const

# First-order Butterworth band-pass 30-300 Hz, Q13: b (1 - z^-2) / (1 + a1 z^-1 + a2 z^-2).
_BAND_B = const(4354)
_BAND_A1 = const(-5909)
_BAND_A2 = const(-515)

# State, array('I'); signed values are int16 patterns.
NOW = const(0)  # samples seen
ENERGY_FLOOR = const(1)  # noise floor of the smoothed TKEO, LSB^2, Q6
POWER_FLOOR = const(2)  # noise floor of the sum of x^2 over a tick, Q3
RATIO = const(3)  # k, Q4
OPEN = const(4)  # 1 inside a burst
AGE = const(5)  # samples since the coarse onset
MUTED = const(6)  # 1: no burst may open
_ENERGY = const(7)  # smoothed TKEO, LSB^2, Q3, and its first pole
_SMOOTH = const(8)
_ENVELOPE_1 = const(9)
_ENVELOPE_2 = const(10)
_TICK_PHASE = const(11)
_TICK_POWER = const(12)
_TICK_SLOT = const(13)
_ON_LEVEL = const(14)
_OFF_LEVEL = const(15)
_RUN = const(16)
_WARM_UP = const(17)
_BAND = const(18)  # x1 x2 y1 y2 error
TICKS_AT = const(23)  # sums of x^2 over the last 40 ticks
ACTIVITY_STATE = const(63)

EVENT_ONSET = const(1)  # a burst's coarse onset lies ONSET_LAG samples back
EVENT_SETTLED = const(3)  # it has lasted SETTLE_LAG: its level is known
EVENT_CHUNK = const(4)  # it has lasted another CHUNK of samples
EVENT_OFFSET = const(2)  # its coarse offset lies HOLD samples back
SUSTAIN = const(25)
CHUNK = const(512)
HOLD = const(60)
ONSET_LAG = const(80)
SETTLE_LAG = const(250)
MAX_BURST = const(30_000)

TICK = const(25)  # samples
TICKS = const(40)  # kept: one second
RATIO_MIN = const(64)
RATIO_MAX = const(256)

_ENERGY_CAP = const(0x3FFFFFF)  # of TKEO: 2 mV and more look alike
_FLOOR_MIN = const(256)
_FLOOR_MAX = const(0xFFFFFF)
_POWER_CAP = const(0x1FFFFFF)  # of x^2, 1.4 mV: keeps a tick's sum below 2**30
_POWER_FLOOR_MIN = const(800)
_POWER_FLOOR_MAX = const(0x3FFFFFF)
_NEVER = const(0x3FFFFFFF)
_SETTLED = const(4)  # ticks before the floor is believed
_ARMED = const(12)  # ticks until bursts may open
_WARM = const(80)  # ticks with a fast floor
_LONG = const(6000)  # samples: a burst that lasts longer may be a rise of the noise


def reset_activity(state):
    """Start afresh: the floors are learnt again and no burst is open; time goes on."""
    for i in range(NOW + 1, ACTIVITY_STATE):
        state[i] = 0
    state[RATIO] = RATIO_MIN
    state[ENERGY_FLOOR] = _FLOOR_MAX
    state[POWER_FLOOR] = _POWER_FLOOR_MAX
    state[_ON_LEVEL] = _NEVER


@micropython.viper
def tick(state):
    """Every 25 samples: keep the tick's power, move both noise floors, renew the levels."""
    s = ptr32(state)
    slot = int(s[_TICK_SLOT])
    power = int(s[_TICK_POWER])
    s[_TICK_POWER] = 0
    s[TICKS_AT + slot] = power
    slot += 1
    if slot == TICKS:
        slot = 0
    s[_TICK_SLOT] = slot
    warm = int(s[_WARM_UP])
    if warm < _WARM:
        s[_WARM_UP] = warm + 1
    if warm < _SETTLED:
        return
    # Fall and rise per tick, as shifts: fast while warming up, slow to rise inside a burst,
    # unless the burst is so long that it may be a rise of the noise.
    rise = 7
    if warm < _WARM:
        rise = 5
    if s[OPEN] == 1 and s[AGE] <= _LONG:
        rise = 9
    which = 0
    while which < 2:
        value = int(s[_ENERGY])
        lowest = _FLOOR_MIN
        highest = _FLOOR_MAX
        if which == 1:
            value = power
            lowest = _POWER_FLOOR_MIN
            highest = _POWER_FLOOR_MAX
        if value > highest >> 3:
            value = highest >> 3
        value = value << 3
        floor = int(s[ENERGY_FLOOR + which])
        if value >= floor:
            floor += floor >> rise
        elif warm < _ARMED:
            floor = value
        elif warm < _WARM:
            floor -= floor >> 3
        else:
            floor -= 3 * (floor >> 7)
        if floor < lowest:
            floor = lowest
        elif floor > highest:
            floor = highest
        s[ENERGY_FLOOR + which] = floor
        which += 1
    if warm >= _ARMED and s[MUTED] == 0:
        floor = int(s[ENERGY_FLOOR])
        floor = ((floor >> 3) * s[RATIO]) >> 4
        s[_ON_LEVEL] = floor
        s[_OFF_LEVEL] = floor - (floor >> 2)
    else:
        s[_ON_LEVEL] = _NEVER


@micropython.viper
def sense(x: int, y: int, work, start: int, end: int, ring, envelope, state) -> int:
    """Take work[start:end] to the rings, array('H') of 2048; stop behind an event.

    x and y, 0, only claim the two registers that viper gives to its first arguments. What is
    added to itself stands last: with a register on the right the compiler saves two moves.
    Returns the index in work of the next sample, plus 256 times the event.
    """
    s = ptr32(state)
    x1 = (s[_BAND] ^ 0x8000) - 0x8000
    x2 = (s[_BAND + 1] ^ 0x8000) - 0x8000
    y1 = (s[_BAND + 2] ^ 0x8000) - 0x8000
    y2 = (s[_BAND + 3] ^ 0x8000) - 0x8000
    error = int(s[_BAND + 4])
    smooth = int(s[_SMOOTH])
    energy = int(s[_ENERGY])
    env1 = int(s[_ENVELOPE_1])
    env2 = int(s[_ENVELOPE_2])
    phase = int(s[_TICK_PHASE])
    power = int(s[_TICK_POWER])
    is_open = int(s[OPEN])
    run = int(s[_RUN])
    age = int(s[AGE])
    position = int(s[NOW])
    event = 0
    while start < end and event == 0:
        # Up to the end, the next tick, the next age that matters, or the end of the rings.
        n = end - start
        if n > TICK - phase:
            n = TICK - phase
        # The energy counts while ~energy < ~on_level, or in a burst while energy < off_level.
        flip = -1
        level = (int(s[_ON_LEVEL])) ^ -1
        enough = SUSTAIN
        if is_open:
            flip = 0
            level = int(s[_OFF_LEVEL])
            enough = HOLD
            left = CHUNK - (age & (CHUNK - 1))
            if age < ONSET_LAG:
                left = ONSET_LAG - age
            elif age < SETTLE_LAG:
                left = SETTLE_LAG - age
            elif left > MAX_BURST - age:
                left = MAX_BURST - age
            if n > left:
                n = left
        k = position & 2047
        if n > 2048 - k:
            n = 2048 - k
        source = int(ptr16(work)) + start + start
        first = source
        stop = source + n + n
        to = int(ptr16(ring)) + k + k
        out = int(ptr16(envelope)) + k + k
        reached = 0
        while True:
            x = (ptr16(source)[0] ^ 0x8000) - 0x8000
            now = x
            source += 2
            ptr16(to)[0] = x
            to += 2
            # |v| without a branch: the signs of noise cannot be predicted.
            y = x >> 31
            x = (x ^ y) - y
            y = x * x
            if y > _POWER_CAP:
                y = _POWER_CAP
            power += y
            y = env1
            y = (((x << 8) - y) >> 4) + y
            env1 = y
            x = env2
            x = ((y - x) >> 4) + x
            env2 = x
            ptr16(out)[0] = x >> 8
            out += 2

            x = now
            y = (x - x2) * _BAND_B + error
            y = y1 * (0 - _BAND_A1) + y
            y = y2 * (0 - _BAND_A2) + y
            x2 = x1
            x1 = x
            error = y & 0x1FFF
            y = y >> 13
            if (y + 0x4000) >> 15:  # not within half of the range: rare
                if y > 32767:
                    y = 32767
                elif y < -32767:
                    y = -32767
            x = y2 * y
            y2 = y1
            x = y1 * y1 - x
            y1 = y
            y = x >> 31
            x = (x ^ y) - y
            if x > _ENERGY_CAP:
                x = _ENERGY_CAP
            y = smooth
            y = (((x << 3) - y) >> 3) + y
            smooth = y
            x = energy
            x = ((y - x) >> 3) + x
            energy = x
            if source == stop:
                break  # the last is judged below, by the level of the tick it may end
            if x ^ flip < level:
                run += 1
                if run == enough:
                    reached = 1
                    break
            else:
                run = 0
        n = (source - first) >> 1
        start += n
        position += n
        phase += n
        age += n & (flip ^ -1)
        if phase == TICK:
            phase = 0
            s[_TICK_POWER] = power
            s[_ENERGY] = energy
            s[OPEN] = is_open
            s[AGE] = age
            tick(state)
            power = 0
            level = int(s[_OFF_LEVEL])
            if is_open == 0:
                level = (int(s[_ON_LEVEL])) ^ -1
        if reached == 0:
            if energy ^ flip < level:
                run += 1
            else:
                run = 0
        if is_open == 0:
            if run == SUSTAIN:
                is_open = 1
                age = SUSTAIN
                run = 0
        else:
            if age == ONSET_LAG:
                event = EVENT_ONSET
            elif age == SETTLE_LAG:
                event = EVENT_SETTLED
            elif age & (CHUNK - 1) == 0:
                event = EVENT_CHUNK
            if run == HOLD or age == MAX_BURST:
                is_open = 0
                run = 0
                event = EVENT_OFFSET
    s[_BAND] = x1 & 0xFFFF
    s[_BAND + 1] = x2 & 0xFFFF
    s[_BAND + 2] = y1 & 0xFFFF
    s[_BAND + 3] = y2 & 0xFFFF
    s[_BAND + 4] = error
    s[_SMOOTH] = smooth
    s[_ENERGY] = energy
    s[_ENVELOPE_1] = env1
    s[_ENVELOPE_2] = env2
    s[_TICK_PHASE] = phase
    s[_TICK_POWER] = power
    s[OPEN] = is_open
    s[_RUN] = run
    s[AGE] = age
    s[NOW] = position
    return start + (event << 8)
