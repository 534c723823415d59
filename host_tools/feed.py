"""The byte stream that replays a recording into the chain: messages in time order.

Each message is u8 tag, u8 0, u16 n (little-endian), then its payload; see twin/replay_chain.py.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from host_tools.band_input import BandInput, Gap
from host_tools.firmware_tables import units

TAG_EMG, TAG_IMU, TAG_EMG_LOST, TAG_IMU_LOST, TAG_TEMP, TAG_SPEED, TAG_END = b"EILMTSQ"
CHUNK_PARTS = 1024  # about 100 KB
_HEADER = struct.Struct("<BBH")


def total_bytes(source: BandInput) -> int:
    """Sample payload of the whole stream, for a progress bar (headers left out)."""
    return sum(frames.nbytes for frames in (source.emg, source.imu) if frames is not None)


def messages(source: BandInput, block_ms: int) -> Iterator[bytes]:
    """The stream in chunks; each chunk ends between two messages.

    EMG and IMU are cut at the same times: every `block_ms`, and wherever a temperature or speed
    arrives, so that such a value meets the same samples at any block size.
    """
    slow = sorted(
        [(t, TAG_TEMP, v) for t, v in source.temps] + [(t, TAG_SPEED, v) for t, v in source.speeds]
    )
    cuts_ms = _cuts_ms(source, block_ms, [t for t, _, _ in slow])
    emg = _Stream(source.emg, source.emg_gaps, TAG_EMG, TAG_EMG_LOST)
    imu = _Stream(source.imu, source.imu_gaps, TAG_IMU, TAG_IMU_LOST)
    emg_stops = (cuts_ms * units.EMG_RATE_HZ // 1000).tolist()
    imu_stops = (cuts_ms * source.imu_rate_mhz // 1_000_000).tolist()
    parts: list[bytes | memoryview] = []
    next_slow = 0
    for t_ms, emg_stop, imu_stop in zip(cuts_ms.tolist(), emg_stops, imu_stops, strict=True):
        emg.take(emg_stop, parts)
        imu.take(imu_stop, parts)
        while next_slow < len(slow) and slow[next_slow][0] <= t_ms:
            parts.append(_HEADER.pack(slow[next_slow][1], 0, slow[next_slow][2]))
            next_slow += 1
        if len(parts) >= CHUNK_PARTS:
            yield b"".join(parts)
            parts.clear()
    parts.append(_HEADER.pack(TAG_END, 0, 0))
    yield b"".join(parts)


def _cuts_ms(source: BandInput, block_ms: int, slow_ms: list[int]) -> np.ndarray:
    """Sorted times at which both streams are cut, from 0 to just past the last sample."""
    emg_ms = 0 if source.emg is None else len(source.emg) * 1000 // units.EMG_RATE_HZ
    imu_ms = 0 if source.imu is None else len(source.imu) * 1_000_000 // source.imu_rate_mhz
    end_ms = max(emg_ms, imu_ms) + 2
    grid = np.arange(0, end_ms + block_ms, block_ms, dtype=np.int64)
    return np.union1d(grid, np.array([t for t in slow_ms if t < end_ms], dtype=np.int64))


class _Stream:
    """One sensor's frames, handed out up to a sample index, with its gaps told as counts."""

    def __init__(self, frames: np.ndarray | None, gaps: list[Gap], tag: int, lost_tag: int):
        if frames is None:
            frames = np.zeros((0, 1), dtype="<i2")
        self.n = len(frames)
        self.frame_bytes = frames.shape[1] * 2
        self.data = frames.reshape(-1).view(np.uint8).data
        self.gaps = [*gaps, (self.n, self.n)]
        self.gap = 0
        self.at = 0
        self.tag = tag
        self.lost_tag = lost_tag

    def take(self, stop: int, parts: list[bytes | memoryview]) -> None:
        """Append messages for the samples from the last call's `stop` up to this one."""
        stop = min(stop, self.n)
        while self.at < stop:
            gap_start, gap_stop = self.gaps[self.gap]
            if self.at < gap_start:
                upto = min(stop, gap_start)
                parts.append(_HEADER.pack(self.tag, 0, upto - self.at))
                parts.append(self.data[self.at * self.frame_bytes : upto * self.frame_bytes])
                self.at = upto
            elif self.at < gap_stop:
                upto = min(stop, gap_stop)
                parts.append(_HEADER.pack(self.lost_tag, 0, upto - self.at))
                self.at = upto
            else:
                self.gap += 1
