"""The FIFO of the virtual LSM6DSO32: 512 words of a tag and 6 bytes in a ring.

Word for word as the chip tags them (DocID032891 table 150): sensor << 3 | slot & 3 << 1 | parity.
All state is in one array so that the kernels can change it without allocating.
"""

from array import array

import micropython
from micropython import const

WORDS = const(512)
WORD = const(7)  # bytes

# Of `state`, which the kernels index by these numbers.
HEAD = const(0)  # where the next word goes
COUNT = const(1)  # words that wait
SLOT = const(2)  # time slots since the FIFO was emptied
OVERRUN = const(3)  # words overwritten, ever
LOSE = const(4)  # faults: so many next slots are not batched,
SWAP = const(5)  # ... are batched in the other order,
GARBLE = const(6)  # ... and so many next words have a wrong parity bit


@micropython.viper
def _room(state, stops: int) -> int:
    """Byte position of the next word, or -1 when the FIFO is full and stops."""
    st = ptr32(state)
    if st[1] == 512:
        st[3] = st[3] + 1
        if stops:
            return -1
    else:
        st[1] = st[1] + 1
    at = st[0]
    st[0] = (at + 1) & 511
    return 7 * at


@micropython.viper
def _tag(state, sensor: int) -> int:
    st = ptr32(state)
    slot = st[2]
    # The sensors batched here have one bit set each, so parity is even with this one.
    parity = (1 + slot + (slot >> 1)) & 1
    if st[6]:
        st[6] = st[6] - 1
        parity = 1 - parity
    return sensor << 3 | (slot & 3) << 1 | parity


@micropython.viper
def put_frames(fifo, state, frames, n: int, which: int, stops: int):
    """Batch n frames; which: bit 0 the gyroscope, bit 1 the acceleration."""
    out = ptr8(fifo)
    st = ptr32(state)
    src = ptr16(frames)
    i = 0
    while i < n:
        if st[4]:
            st[4] = st[4] - 1
        else:
            k = 0
            while k < 2:
                sensor = 2 - k if st[5] else 1 + k
                if which & sensor:
                    at = int(_room(state, stops))
                    if at >= 0:
                        out[at] = int(_tag(state, sensor))
                        j = 6 * i + (3 if sensor == 1 else 0)
                        end = at + 7
                        at += 1
                        while at < end:
                            v = src[j]
                            out[at] = v
                            out[at + 1] = v >> 8
                            j += 1
                            at += 2
                k += 1
            if st[5]:
                st[5] = st[5] - 1
        st[2] = st[2] + 1
        i += 1


@micropython.viper
def put_timestamp(fifo, state, low: int, high: int, stops: int):
    """Batch a timestamp word, low and high 16 bits, in the slot of the next frame."""
    out = ptr8(fifo)
    at = int(_room(state, stops))
    if at >= 0:
        out[at] = int(_tag(state, 4))
        out[at + 1] = low
        out[at + 2] = low >> 8
        out[at + 3] = high
        out[at + 4] = high >> 8
        out[at + 5] = 0
        out[at + 6] = 0


@micropython.viper
def take(fifo, state, buffer, at: int, words: int):
    """Move the oldest words to buffer[at:]; an empty FIFO gives zeros."""
    src = ptr8(fifo)
    st = ptr32(state)
    out = ptr8(buffer)
    while words:
        words -= 1
        if st[1]:
            p = 7 * ((st[0] - st[1]) & 511)
            st[1] = st[1] - 1
            k = 0
            while k < 7:
                out[at] = src[p + k]
                at += 1
                k += 1
        else:
            k = 0
            while k < 7:
                out[at] = 0
                at += 1
                k += 1


class Fifo:
    def __init__(self):
        self.words = bytearray(WORDS * WORD)
        self.state = array("I", bytes(4 * 7))

    def clear(self):
        self.state[HEAD] = 0
        self.state[COUNT] = 0
        self.state[SLOT] = 0
