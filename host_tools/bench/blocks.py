"""What is sent to a unit: blocks that inflate to calls of one kernel, or to rounds of the band.

A call: u8 arguments; per argument u8 kind and
    0  an integer: i32         1  a buffer: u16 n, its bytes      2  one that the call changes
    3  the same buffer as argument u8
then u32, the CRC of the expected result (i32, if there is one) and of what the buffers then hold,
and u8, whether to time it. Little-endian.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from struct import pack

import numpy as np

from target.micropython.calls_file import first_like
from target.rounds import SAMPLES, slots_of

MOST_BYTES = 6 << 10  # of a block, unless one call alone takes more
ROUNDS = 16  # of the band in a block
KERNEL_WINDOW_BITS = 14
ROUND_WINDOW_BITS = 10
_INTEGER, _BUFFER, _CHANGED, _SAME = 0, 1, 2, 3

Recorded = tuple[str, list, list, "int | None"]  # as calls_file.read_call gives it


@dataclass(frozen=True)
class Block:
    """data: deflated; window_bits: of that. first, count: calls or rounds that are in it."""

    data: bytes
    window_bits: int
    first: int
    count: int

    @property
    def sum(self) -> int:
        return zlib.crc32(self.data)


def call_blocks(calls: Sequence[Recorded], timed: set[int]) -> Iterator[Block]:
    """Calls of one kernel in their order; timed: indices of those to be timed."""
    packed = [_packed(call, k in timed) for k, call in enumerate(calls)]
    first = 0
    while first < len(packed):
        count = _fitting(packed[first:])
        yield _block(b"".join(packed[first : first + count]), KERNEL_WINDOW_BITS, first, count)
        first += count


def _fitting(packed: Sequence[bytes]) -> int:
    """How many of the first calls make a block of at most MOST_BYTES; one at least."""
    deflating = zlib.compressobj(9, zlib.DEFLATED, -KERNEL_WINDOW_BITS)
    used = 0
    for count, call in enumerate(packed):
        used += len(deflating.compress(call) + deflating.flush(zlib.Z_SYNC_FLUSH))
        if used > MOST_BYTES:
            return max(count, 1)
    return len(packed)


def round_blocks(emg: np.ndarray, imu: np.ndarray, rounds: int) -> Iterator[Block]:
    """emg: (n, 2) int16 at 1 kHz; imu: (n, 6) int16, a frame per FIFO slot."""
    for first in range(0, rounds, ROUNDS):
        count = min(ROUNDS, rounds - first)
        content = b""
        for k in range(first, first + count):
            begin, end = slots_of(k)
            content += emg[k * SAMPLES : (k + 1) * SAMPLES].astype("<i2").tobytes()
            content += imu[begin:end].astype("<i2").tobytes()
        yield _block(content, ROUND_WINDOW_BITS, first, count)


def _block(content: bytes, window_bits: int, first: int, count: int) -> Block:
    deflating = zlib.compressobj(9, zlib.DEFLATED, -window_bits)
    data = deflating.compress(content) + deflating.flush()
    return Block(data, window_bits, first, count)


def _packed(call: Recorded, timed: bool) -> bytes:
    _, arguments, after, result = call
    out = pack("<B", len(arguments))
    left = b"" if result is None else pack("<I", result & 0xFFFFFFFF)
    for i, argument in enumerate(arguments):
        if after[i] is None:
            out += pack("<Bi", _INTEGER, argument)
        elif first_like(arguments, i) < i:
            out += pack("<BB", _SAME, first_like(arguments, i))
        else:
            kind = _BUFFER if bytes(argument) == after[i] else _CHANGED
            out += pack("<BH", kind, len(argument)) + argument
            left += after[i]
    return out + pack("<IB", zlib.crc32(left), timed)


def difference(call: Recorded, result: int | None, buffers: Sequence[bytes]) -> str:
    """What the unit found otherwise: its result, or the first byte of its buffers."""
    _, arguments, after, expected = call
    if expected is not None and result != expected:
        return f"returns {result}, not {expected}"
    seen = iter(buffers)
    for i in range(len(arguments)):
        if after[i] is None or first_like(arguments, i) < i:
            continue
        left = next(seen)
        for at, (is_, should) in enumerate(zip(left, after[i], strict=True)):
            if is_ != should:
                return f"byte {at} of argument {i + 1} is {is_}, not {should}"
    return "differs in what it leaves"
