"""A recording as the words of the band's sensors, in rounds of 32 ms (whole_band.py).

The IMU's frames are taken to be the FIFO's slots of 1.2 ms, 48 ticks of its clock: for what a
round costs, 0.04 % of time are no matter.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.inputs import i2s_words
from host_tools.band_input import BandInput

ROUND_MS = 32
ROUND_BYTES = 4 + 2048 + 64 * 7
SAMPLES = 32  # of EMG in a round, each 8 frames of 8 bytes
_SLOT_US = 1200
_SLOT_TICKS = 48
_TIMESTAMP_SLOTS = 32
_GYR, _ACC, _TIMESTAMP = 1, 2, 4  # sensors in a tag


def fifo_words(imu: np.ndarray) -> list[bytes]:
    """The LSM6DSO32's FIFO words of each slot: rate, acceleration, and every 32nd a timestamp."""
    slots = []
    payload = imu.astype("<i2")
    for slot, frame in enumerate(payload):
        words = _word(_GYR, slot, frame[3:].tobytes()) + _word(_ACC, slot, frame[:3].tobytes())
        if slot % _TIMESTAMP_SLOTS == 0:
            ticks = slot * _SLOT_TICKS
            words = _word(_TIMESTAMP, slot, ticks.to_bytes(4, "little") + b"\0\0") + words
        slots.append(words)
    return slots


def _word(sensor: int, slot: int, payload: bytes) -> bytes:
    tag = sensor << 3 | (slot & 3) << 1
    return bytes([tag | tag.bit_count() & 1]) + payload


def slots_of(k: int) -> tuple[int, int]:
    """The first FIFO slot of round k, and that of the next."""
    first, last = (n * ROUND_MS * 1000 // _SLOT_US for n in (k, k + 1))
    return first, last


def write_rounds(source: BandInput, path: Path, words: np.ndarray | None = None) -> int:
    """Write all whole rounds of a recording with EMG and IMU; returns how many.

    words: (8 n, 2) of the I2S, as i2s_words makes them when none are given.
    """
    assert source.emg is not None and source.imu is not None
    words = i2s_words(source.emg) if words is None else words
    slots = fifo_words(source.imu)
    rounds = min(len(source.emg) // SAMPLES, len(slots) * _SLOT_US // (ROUND_MS * 1000))
    with open(path, "wb") as file:
        for k in range(rounds):
            first, last = slots_of(k)
            fifo = b"".join(slots[first:last])
            file.write((len(fifo) // 7).to_bytes(4, "little"))
            file.write(words[k * SAMPLES * 8 :][: SAMPLES * 8].tobytes())
            file.write(fifo.ljust(64 * 7, b"\0"))
    return rounds
