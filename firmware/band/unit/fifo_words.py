"""Words of the LSM6DSO32's FIFO to whole frames, slot by slot.

A word is a tag byte (sensor << 3 | slot & 3 << 1 | parity) and 6 data bytes; all words of one
sampling instant, a slot, carry the same number (ST DocID032891, FIFO_DATA_OUT_TAG). Every 32nd
slot brings a timestamp. A jump of the slot number shows up to three missing slots where they are
missing; any number of them shows with the next timestamp, up to 39 ms late.
"""

import micropython
from micropython import const

# Places in the state of assemble. Slots count from the last timestamp's, plus a bias that
# keeps them positive.
AT = const(0)  # next byte of the raw words
TAG = const(1)  # the slot's number in the tags, 2 bits
PARTS = const(2)  # of the slot's frame: 1 acceleration, 2 rate
SLOT = const(3)
NEXT = const(4)  # slot of the next frame to be given
LOST = const(5)
TIME_LOW = const(6)
TIME_HIGH = const(7)
STATES = const(8)
BIAS = const(0x8000000)


@micropython.viper
def assemble(raw, end: int, state, frame, out, room: int, whole: int) -> int:
    """Join words raw[state[AT]:end] into frames of out, up to a gap behind the first.

    Returns frames << 1, plus 1 at a timestamp word. state[LOST]: slots missing before them.
    """
    p = ptr8(raw)
    s = ptr32(state)
    f = ptr16(frame)
    o = ptr16(out)
    at = int(s[AT])
    made = 0
    s[LOST] = 0
    while at < end and made < room:
        tag = p[at]
        sensor = tag >> 3
        part = 1
        if sensor == 1:
            part = 2
        step = ((tag >> 1) - int(s[TAG])) & 3
        if step == 0 and sensor != 4 and int(s[PARTS]) & part:
            step = 4  # a second word of this kind is of a slot with the same two bits
        if step:
            s[TAG] = (tag >> 1) & 3
            s[SLOT] = int(s[SLOT]) + step
            s[PARTS] = 0
        if sensor == 4:
            s[TIME_LOW] = p[at + 1] | (p[at + 2] << 8)
            s[TIME_HIGH] = (p[at + 3] | (p[at + 4] << 8)) & 0x3FFF
            s[AT] = at + 7
            return (made << 1) | 1
        parts = int(s[PARTS])
        if sensor <= 2 and parts != whole:
            k = 3 * (part - 1)
            f[k] = p[at + 1] | (p[at + 2] << 8)
            f[k + 1] = p[at + 3] | (p[at + 4] << 8)
            f[k + 2] = p[at + 5] | (p[at + 6] << 8)
            parts = parts | part
            if parts == whole:
                lost = int(s[SLOT]) - int(s[NEXT])
                if lost > 0:
                    if made:
                        break
                    s[LOST] = lost
                if lost >= 0:
                    s[NEXT] = int(s[SLOT]) + 1
                    k = made * 6
                    i = 0
                    while i < 6:
                        o[k + i] = f[i]
                        i += 1
                    made += 1
            s[PARTS] = parts
        at += 7
    s[AT] = at
    return made << 1


@micropython.viper
def find_timestamp(raw, at: int, end: int) -> int:
    """Offset of the first timestamp word of raw[at:end]; end without one."""
    p = ptr8(raw)
    while at < end:
        if p[at] >> 3 == 4:
            return at
        at += 7
    return end
