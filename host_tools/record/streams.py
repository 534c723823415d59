"""Raw packets put in order: what came, what did not, and where the band started anew.

Losses are seen twice: the packets' sequence number jumps when a packet was lost on the way, the
index of the first frame jumps with any loss, the band's own included.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from host_tools.client.packets import RAW_CHANNELS, PacketError, decode, size
from host_tools.firmware_tables import wire
from host_tools.record import journal
from host_tools.record.journal import Entry

EMG, IMU = RAW_CHANNELS
RATES_HZ = {EMG: 1000.0, IMU: 833.0}
# What an index may lie off this computer's clock: queues on both sides, the sensor's clock.
SLACK_S = 5.0
SLACK_SHARE = 0.05
SEQ_MODULUS = 1 << 16
_HEAD_BYTES = size(wire.RAW_PACKET)


@dataclass
class Run:
    """Frames without a gap; `start` is the band's index of the first one."""

    start: int
    stop: int
    blocks: list[bytes] = field(default_factory=list)

    def frames(self, channels: int) -> np.ndarray:
        """int16 (stop - start, channels)."""
        return np.frombuffer(b"".join(self.blocks), dtype="<i2").reshape(-1, channels)


@dataclass
class Track:
    """One sensor's frames within an epoch."""

    runs: list[Run] = field(default_factory=list)
    lost: int = 0  # frames that are missing between the runs
    lost_in_band: int = 0  # of these, lost although no packet was

    @property
    def next_index(self) -> int:
        return self.runs[-1].stop

    def add(self, index: int, block: bytes, n: int, packets_missed: int, keep: bool) -> None:
        # Frames before the next one cannot be here: `Streams` makes that a new epoch.
        if not self.runs or index > self.next_index:
            if self.runs:
                missing = index - self.next_index
                self.lost += missing
                self.lost_in_band += 0 if packets_missed else missing
            self.runs.append(Run(index, index))
        run = self.runs[-1]
        run.stop = index + n
        if keep:
            run.blocks.append(block)


@dataclass
class Segment(Track):
    """IMU frames counted on without starting anew, and what is known of their time."""

    # Pairs (IMU frame, ms on the EMG's line) as the band told them; and what was the newest of
    # both sensors, as (IMU frame, EMG frame, whose packet had come).
    told: list[tuple[int, float]] = field(default_factory=list)
    seen: list[tuple[int, int, str]] = field(default_factory=list)


@dataclass
class Epoch:
    """The time in which the EMG was counted on without starting anew: one line of time."""

    host_s: float  # when its first packet came
    emg: Track = field(default_factory=Track)
    imu: list[Segment] = field(default_factory=list)

    def tracks(self, kind: str) -> list[Track]:
        return [self.emg] if kind == EMG else [*self.imu]


@dataclass
class Latest:
    """The newest packet of a sensor."""

    host_s: float
    index: int  # of the frame after it


class Streams:
    """Takes journal entries in order; `epochs` is what they say."""

    def __init__(self, keep_samples: bool) -> None:
        self.epochs: list[Epoch] = []
        self.stale = 0  # packets that had been there before
        self.malformed = 0
        self.packets_missed = 0
        self._straggler: tuple[Segment, int] | None = None
        self._forerunner = False  # the IMU began anew, and of the EMG nothing came since
        self._keep = keep_samples
        self._seq: dict[str, int] = {}  # each kind has its own numbers
        self._latest: dict[str, Latest] = {}
        self._fresh: set[str] = set()  # sensors not heard since the last connection

    @property
    def received(self) -> dict[str, int]:
        """Frames of each sensor that came."""
        return {
            kind: sum(run.stop - run.start for track in self._tracks(kind) for run in track.runs)
            for kind in RAW_CHANNELS
        }

    @property
    def lost(self) -> dict[str, int]:
        """Frames of each sensor known to be missing; after a restart nobody knows."""
        return {k: sum(track.lost for track in self._tracks(k)) for k in RAW_CHANNELS}

    @property
    def lost_in_band(self) -> dict[str, int]:
        return {k: sum(track.lost_in_band for track in self._tracks(k)) for k in RAW_CHANNELS}

    def _tracks(self, kind: str) -> list[Track]:
        return [track for epoch in self.epochs for track in epoch.tracks(kind)]

    def newest(self) -> tuple[float, float] | None:
        """(host clock in s, ms on the newest epoch's own line) of the newest frame, if any."""
        for kind in (EMG, IMU):  # the line is the EMG's where there is one
            if kind in self._latest:
                latest = self._latest[kind]
                return latest.host_s, 1000 * latest.index / RATES_HZ[kind]
        return None

    def take(self, entry: Entry) -> None:
        if entry.kind == journal.CONNECTED:
            self._seq = {}  # the band may count from anywhere now
            self._fresh = set(RAW_CHANNELS)
        elif entry.kind == journal.RAW:
            try:
                self._packet(entry)
            except PacketError:
                self.malformed += 1

    def _packet(self, entry: Entry) -> None:
        head: dict[str, Any] = decode(wire.RAW_PACKET, entry.payload)
        block = entry.payload[_HEAD_BYTES:]
        seq, kind_code, n, index = (head[key] for key in ("seq", "kind", "count", "index"))
        if kind_code >= len(wire.RAW_KINDS) or len(block) != n * wire.RAW_FRAME_BYTES[kind_code]:
            raise PacketError(f"a raw packet of kind {kind_code} with {n} frames")
        kind = wire.RAW_KINDS[kind_code]
        before = self._seq.get(kind)
        step = 1 if before is None else (seq - before) % SEQ_MODULUS
        if not 0 < step < SEQ_MODULUS // 2:
            if self._was_here(kind, index):
                self.stale += 1
                return
            step = 1  # the band numbers its packets anew
        self._seq[kind] = seq
        self.packets_missed += step - 1
        missed = step - 1
        if kind not in RAW_CHANNELS:
            self._clock(index, block)
        elif n:
            self._frames(entry.host_s, kind, index, block, n, missed)

    def _was_here(self, kind: str, index: int) -> bool:
        latest = self._latest.get(kind)
        recent = SLACK_S * RATES_HZ[kind] if kind in RATES_HZ else 0
        return latest is None or latest.index - recent <= index < latest.index

    def _frames(
        self, host_s: float, kind: str, index: int, block: bytes, n: int, missed: int
    ) -> None:
        anew = self._starts_anew(host_s, kind, index)
        if not self.epochs or (anew and (kind == EMG or EMG not in self._latest)):
            self._begin_epoch(host_s, index / RATES_HZ[kind])
        if kind == IMU and self._take_straggler(index, block, n):
            return
        epoch = self.epochs[-1]
        if kind == IMU and (anew or IMU not in self._latest):
            epoch.imu.append(Segment())
            self._forerunner = anew
        elif kind == EMG:
            self._forerunner = False
        # After a reconnection the sequence says nothing; samples then went while nobody listened.
        gone = missed or kind in self._fresh
        track = epoch.emg if kind == EMG else epoch.imu[-1]
        track.add(index, block, n, gone, self._keep)
        self._fresh.discard(kind)
        self._latest[kind] = Latest(host_s, index + n)
        if len(self._latest) == len(RAW_CHANNELS) and not epoch.imu[-1].told:
            epoch.imu[-1].seen.append((self._latest[IMU].index, self._latest[EMG].index, kind))

    def _begin_epoch(self, host_s: float, at_s: float) -> None:
        """A session began: packets of the IMU may be the first to say so, or the last to know."""
        before, imu = self.epochs[-1:], self._latest.get(IMU)
        self.epochs.append(Epoch(host_s))
        self._latest = {}
        self._straggler = None
        near = imu is not None and abs(imu.index / RATES_HZ[IMU] - at_s) < SLACK_S
        if before and imu and self._forerunner and near:
            first = before[0].imu.pop()
            self.epochs[-1].imu.append(Segment(first.runs, first.lost, first.lost_in_band))
            self._latest[IMU] = imu
        elif before and imu:
            self._straggler = before[0].imu[-1], imu.index
        self._forerunner = False

    def _take_straggler(self, index: int, block: bytes, n: int) -> bool:
        """Whether it is the last IMU packet of the epoch before, kept back until it was full."""
        straggler, self._straggler = self._straggler, None
        if straggler is None or index != straggler[1]:
            return False
        straggler[0].add(index, block, n, 0, self._keep)
        return True

    def _starts_anew(self, host_s: float, kind: str, index: int) -> bool:
        """Whether this index cannot belong to the count so far."""
        latest = self._latest.get(kind)
        if latest is None or index == latest.index:
            return False
        if index < latest.index:
            return True
        elapsed_s = max(0.0, host_s - latest.host_s)
        ahead_s = (index - latest.index) / RATES_HZ[kind] - elapsed_s
        slack_s = SLACK_S + SLACK_SHARE * elapsed_s
        # Late packets of an unbroken link are a queue that empties, not a new count.
        return ahead_s > slack_s or (kind in self._fresh and ahead_s < -slack_s)

    def _clock(self, index: int, block: bytes) -> None:
        told: dict[str, Any] = decode(wire.RAW_CLOCK, block)
        ms = 1000 * told["t_s"]
        emg = self._latest.get(EMG)
        if emg and abs(ms / 1000 - emg.index / RATES_HZ[EMG]) > SLACK_S:
            raise PacketError(f"an IMU frame told to be at {ms:g} ms")
        if IMU in self._latest:
            self.epochs[-1].imu[-1].told.append((index, ms))
