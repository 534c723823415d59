"""CRC-32 (IEEE 802.3, as zlib's) in steps that allocate nothing.

`binascii.crc32` returns numbers above 2**30, which a 32-bit MicroPython puts on the heap. Here the
sum stays in two halves of 16 bits.
"""

from array import array

import micropython

from band.arrays import halfwords


def _table():
    halves = halfwords(32)
    for i in range(16):
        high, low = 0, i
        for _ in range(4):
            odd = low & 1
            low = low >> 1 | (high & 1) << 15
            high >>= 1
            if odd:
                low ^= 0x8320  # 0xEDB88320
                high ^= 0xEDB8
        halves[2 * i] = low
        halves[2 * i + 1] = high
    return halves


_NIBBLES = _table()


@micropython.viper
def _run(state, table, data, start: int, stop: int):
    """Four bits at a time."""
    p = ptr8(data)
    t = ptr16(table)
    s = ptr16(state)
    low = s[0]
    high = s[1]
    while start < stop:
        low ^= p[start]
        k = (low & 15) << 1
        low = (low >> 4 | (high & 15) << 12) ^ t[k]
        high = (high >> 4) ^ t[k + 1]
        k = (low & 15) << 1
        low = (low >> 4 | (high & 15) << 12) ^ t[k]
        high = (high >> 4) ^ t[k + 1]
        start += 1
    s[0] = low
    s[1] = high


class Crc32:
    """`add` bytes, then `put` the sum, little-endian."""

    def __init__(self):
        self._state = array("H", [0xFFFF, 0xFFFF])  # low, high

    def clear(self):
        self._state[0] = 0xFFFF
        self._state[1] = 0xFFFF

    def add(self, data, start, stop):
        _run(self._state, _NIBBLES, data, start, stop)

    def put(self, data, at):
        """Write the sum of all bytes so far into data[at : at + 4]."""
        for k in range(2):
            half = self._state[k] ^ 0xFFFF
            data[at + 2 * k] = half & 0xFF
            data[at + 2 * k + 1] = half >> 8

    def resume(self, data, at):
        """Go on from a sum that was written with `put`."""
        for k in range(2):
            half = data[at + 2 * k] | data[at + 2 * k + 1] << 8
            self._state[k] = half ^ 0xFFFF
