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


# Tags of angular rate in the order of their slots, four bits each, parity included; those of
# acceleration are 8 more.
_RATE_TAGS = const(0xFCA9)


@micropython.viper
def assemble(p: int, q: int, raw, end: int, state, frame, out, room: int, whole: int) -> int:
    """Join words raw[state[AT]:end] into frames of out, up to a gap behind the first.

    Returns frames << 1, plus 1 at a timestamp word. state[LOST]: slots missing before them.
    p and q, 0, claim registers: the next word's address, and the next frame's in out.
    """
    s = ptr32(state)
    f = ptr16(frame)
    p = int(ptr8(raw)) + int(s[AT])
    q = int(ptr16(out))
    left = end - int(s[AT])
    number = int(s[TAG])
    parts = int(s[PARTS])
    slot = int(s[SLOT])
    due = int(s[NEXT])
    made = 0
    stamped = 0
    s[LOST] = 0
    while left > 0 and made < room:
        if whole == 3 and slot + 1 == due:
            # Nearly always: rate and acceleration of the next slot, and so on.
            n = left // 14
            if n > room - made:
                n = room - made
            k = ((number + 1) & 3) << 2
            tags = (_RATE_TAGS >> k) | ((_RATE_TAGS & ((1 << k) - 1)) << (16 - k))
            k = n
            while n:
                if tags & 15 != ptr8(p)[0]:
                    break
                if ptr8(p)[0] + 8 != ptr8(p)[7]:
                    break
                ptr8(q)[0] = ptr8(p)[8]
                ptr8(q)[1] = ptr8(p)[9]
                ptr8(q)[2] = ptr8(p)[10]
                ptr8(q)[3] = ptr8(p)[11]
                ptr8(q)[4] = ptr8(p)[12]
                ptr8(q)[5] = ptr8(p)[13]
                ptr8(q)[6] = ptr8(p)[1]
                ptr8(q)[7] = ptr8(p)[2]
                ptr8(q)[8] = ptr8(p)[3]
                ptr8(q)[9] = ptr8(p)[4]
                ptr8(q)[10] = ptr8(p)[5]
                ptr8(q)[11] = ptr8(p)[6]
                p += 14
                q += 12
                n -= 1
                tags = (tags >> 4) | ((tags & 15) << 12)
            k -= n
            if k:
                made += k
                left -= 14 * k
                number = (number + k) & 3
                slot += k
                due += k
                parts = 3
                continue
        tag = ptr8(p)[0]
        sensor = tag >> 3
        part = 1
        if sensor == 1:
            part = 2
        step = ((tag >> 1) - number) & 3
        if step == 0 and sensor != 4 and parts & part:
            step = 4  # a second word of this kind is of a slot with the same two bits
        if step:
            number = (tag >> 1) & 3
            slot += step
            parts = 0
        if sensor == 4:
            s[TIME_LOW] = ptr8(p)[1] | (ptr8(p)[2] << 8)
            s[TIME_HIGH] = (ptr8(p)[3] | (ptr8(p)[4] << 8)) & 0x3FFF
            left -= 7
            stamped = 1
            break
        if sensor <= 2 and parts != whole:
            k = 3 * (part - 1)
            f[k] = ptr8(p)[1] | (ptr8(p)[2] << 8)
            f[k + 1] = ptr8(p)[3] | (ptr8(p)[4] << 8)
            f[k + 2] = ptr8(p)[5] | (ptr8(p)[6] << 8)
            if parts | part == whole:
                if slot > due:
                    if made:
                        break
                    s[LOST] = slot - due
                if slot >= due:
                    due = slot + 1
                    k = 0
                    while k < 6:
                        ptr16(q)[k] = f[k]
                        k += 1
                    q += 12
                    made += 1
            parts = parts | part
        p += 7
        left -= 7
    s[AT] = end - left
    s[TAG] = number
    s[PARTS] = parts
    s[SLOT] = slot
    s[NEXT] = due
    return (made << 1) | stamped


@micropython.viper
def find_timestamp(raw, at: int, end: int) -> int:
    """Offset of the first timestamp word of raw[at:end]; end without one."""
    p = ptr8(raw)
    while at < end:
        if p[at] >> 3 == 4:
            return at
        at += 7
    return end
