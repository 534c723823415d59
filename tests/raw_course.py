"""Raw packets as a band sends them, with known samples and chosen losses, into a journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from band_peripheral import INFO, STATUS

from host_tools.client import packets
from host_tools.firmware_tables import wire
from host_tools.record import journal
from host_tools.record.journal import Journal

EMG_FRAMES = 40
IMU_FRAMES = 19  # as many as a packet at MTU 247 holds
CONNECTED = {**packets.decode_info(packets.encode(wire.INFO_PACKET, INFO)), "name": "Calf 7F"}


@dataclass
class Course:
    """What the sensors saw: `emg` at 1 kHz, `imu` at `imu_hz` from `imu_ms` on."""

    seconds: float
    imu_hz: float = 833.0
    imu_ms: float = 0.0
    seed: int = 1
    emg: np.ndarray = field(init=False)
    imu: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        t = np.arange(round(self.seconds * 1000)) / 1000
        self.emg = np.stack([wave(t, channel) for channel in range(2)], axis=1)
        t = np.arange(round(self.seconds * self.imu_hz)) / self.imu_hz + self.imu_ms / 1000
        self.imu = np.stack([wave(t, 2 + axis) for axis in range(6)], axis=1)

    def packets(self) -> Iterator[tuple[float, str, int, np.ndarray]]:
        """(when complete in s, kind, index, frames) in order of time."""
        found = []
        for i in range(0, len(self.emg), EMG_FRAMES):
            frames = self.emg[i : i + EMG_FRAMES]
            found.append(((i + len(frames)) / 1000, "EMG", i, frames))
        for i in range(0, len(self.imu), IMU_FRAMES):
            frames = self.imu[i : i + IMU_FRAMES]
            at = (i + len(frames)) / self.imu_hz + self.imu_ms / 1000
            found.append((at, "IMU", i, frames))
        return iter(sorted(found, key=lambda packet: packet[0]))


def wave(t_s: np.ndarray, channel: int) -> np.ndarray:
    """int16: sines far below Nyquist, so that a sample off its time shows."""
    slow = 9000 * np.sin(2 * np.pi * (11 + 3 * channel) * t_s + channel)
    return np.rint(slow + 4000 * np.sin(2 * np.pi * 83 * t_s)).astype(np.int16)


class Teller:
    """Writes packets into a journal as they would arrive, `start_s` on the host's clock."""

    def __init__(self, path: Path, seq: int = 0, start_s: float = 1000.0) -> None:
        self.seq = {"EMG": seq, "IMU": seq, "clock": seq}
        self.start_s = start_s
        self.to = Journal(path)
        self.add(journal.START, {"unix_s": 1_790_000_000, "patient": "mass=70kg", "side": ""}, 0)
        self.add(journal.CONNECTED, CONNECTED, 0)

    def add(self, kind: int, payload: bytes | dict[str, Any], at_s: float) -> None:
        self.to.add(kind, payload, self.start_s + at_s)

    def raw(
        self, at_s: float, kind: str, index: int, frames: Any, lost_on_the_way: bool = False
    ) -> None:
        packet = packets.encode_raw(self.seq[kind], kind, index, frames)
        self.seq[kind] = (self.seq[kind] + 1) % 65536
        if not lost_on_the_way:
            self.add(journal.RAW, packet, at_s)

    def clock(self, at_s: float, frame: int, ms: float) -> None:
        words = np.array([round(10 * ms)], dtype="<u4").view("<i2")
        self.raw(at_s, "clock", frame, [tuple(int(word) for word in words)])

    def tell(
        self,
        course: Course,
        lost: Callable[[int], bool] = lambda number: False,
        skip_s: tuple[float, float] = (0.0, 0.0),
        index_offset: int = 0,
        clock: bool = True,
        at_s: float = 0.0,
    ) -> None:
        """A whole course; packets whose running number is `lost`, or inside `skip_s`, are not."""
        said_s = -1.0
        for number, (t, kind, index, frames) in enumerate(course.packets()):
            if skip_s[0] <= t < skip_s[1]:
                continue
            self.raw(at_s + t + 0.05, kind, index + index_offset, frames, lost(number))
            if clock and kind == "IMU" and t > said_s + 1:
                said_s = t
                self.clock(
                    at_s + t + 0.05,
                    index + index_offset,
                    1000 * index / course.imu_hz + course.imu_ms,
                )

    def status(self, at_s: float, **values: int) -> None:
        packet = packets.encode(wire.STATUS_PACKET, {**STATUS, **values})
        self.add(journal.STATUS, packets.decode_status(packet), at_s)

    def stride(self, at_s: float, **values: Any) -> None:
        self.add(journal.STRIDE, packets.encode_stride({"seq": 0, **values}), at_s)

    def end(self, at_s: float) -> None:
        self.add(journal.STOP, {}, at_s)
        self.to.close()
