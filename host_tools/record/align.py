"""Both sensors on one line of time, at rates that EDF+ can state, and where samples are missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from host_tools.record.clock import ImuClock, imu_clock
from host_tools.record.streams import EMG, IMU, RATES_HZ, Epoch, Streams
from host_tools.resample import bridged

NOMINAL_IMU_HZ = Fraction(int(RATES_HZ[IMU]))
EMG_HZ = Fraction(int(RATES_HZ[EMG]))
# Samples stay as they came where one rate places all of them this well.
VERBATIM_MS = 0.3
RECORDS_S = (1, 2, 4, 5, 10)  # rates of n/s Hz are whole millihertz, which replay can tell the band
HALF_TAPS = 16
PHASES = 512
CHUNK = 1 << 16

Gap = tuple[int, int]


@dataclass
class Placed:
    """One sensor from the file's first instant on: int16 (n, channels), holes held level."""

    frames: np.ndarray
    gaps: list[Gap]  # sample ranges that were filled
    rate_hz: Fraction


@dataclass
class Aligned:
    """What goes into the file. `offsets_ms`: file time of an epoch's EMG index 0."""

    record_s: int
    emg: Placed | None
    imu: Placed | None
    offsets_ms: list[int] = field(default_factory=list)
    restarts_s: list[tuple[float, float]] = field(default_factory=list)  # (start, duration)
    resampled: bool = False  # the IMU, to its nominal rate
    clock_told: bool = True

    @property
    def duration_s(self) -> float:
        """To the end of the last sample."""
        return max(
            (float(len(p.frames) / p.rate_hz) for p in (self.emg, self.imu) if p is not None),
            default=0.0,
        )


def align(streams: Streams, until_s: float = 0.0) -> Aligned:
    """Place all epochs. The file lasts at least `until_s` and ends with a whole record.

    After a restart of the band its count says nothing; this computer's clock places it instead.
    """
    epochs = streams.epochs
    clocks = [[imu_clock(segment) for segment in epoch.imu] for epoch in epochs]
    out = Aligned(1, None, None)
    end_ms = 0.0
    for epoch, own in zip(epochs, clocks, strict=True):
        begin, end = _span_ms(epoch, own)
        if not out.offsets_ms:
            offset = -int(np.floor(begin))
        else:
            since_ms = 1000 * (epoch.host_s - epochs[0].host_s)
            offset = round(max(since_ms, end_ms + 2) - begin)
            out.restarts_s.append((end_ms / 1000, (begin + offset - end_ms) / 1000))
        out.offsets_ms.append(offset)
        end_ms = end + out.offsets_ms[-1]
    end_ms = max(end_ms, 1000 * until_s)
    imu_rate, out.record_s, out.resampled = _imu_rate(epochs, clocks, out.offsets_ms)
    records = max(1, int(np.ceil(end_ms / (1000 * out.record_s) - 1e-9)))
    seconds = records * out.record_s
    if any(epoch.emg.runs for epoch in epochs):
        out.emg = _place_emg(epochs, out.offsets_ms, int(seconds * EMG_HZ))
    if any(clocks):
        out.clock_told = all(clock.told for own in clocks for clock in own)
        n = int(seconds * imu_rate)
        place = _resample_imu if out.resampled else _place_imu
        out.imu = place(epochs, clocks, out.offsets_ms, n, imu_rate)
    return out


def _span_ms(epoch: Epoch, clocks: list[ImuClock]) -> tuple[float, float]:
    """First and past-the-last instant on the epoch's own line."""
    begins = [float(run.start) for run in epoch.emg.runs]
    ends = [float(run.stop) for run in epoch.emg.runs]
    for segment, clock in zip(epoch.imu, clocks, strict=True):
        begins.append(float(clock.at(segment.runs[0].start)))
        ends.append(float(clock.at(segment.runs[-1].stop)))
    return min(begins), max(ends)


def _imu_rate(
    epochs: list[Epoch], clocks: list[list[ImuClock]], offsets_ms: list[int]
) -> tuple[Fraction, int, bool]:
    """(rate, record length in s, resampled): the samples' own rate if there is a single one."""
    if len(epochs) == 1 and len(clocks[0]) == 1:
        clock, runs = clocks[0][0], epochs[0].imu[0].runs
        start, stop = runs[0].start, runs[-1].stop
        frames = np.unique(np.concatenate([clock.frames.clip(start, stop), [start, stop]]))
        ms = clock.at(frames) + offsets_ms[0]
        own_hz = 1000 * (stop - start) / (ms[-1] - ms[0])
        for record_s in RECORDS_S:
            rate = Fraction(round(own_hz * record_s), record_s)
            if abs(rate / NOMINAL_IMU_HZ - 1) > Fraction(4, 100):
                continue
            first = round(ms[0] * float(rate) / 1000)
            file_ms = (frames - start + first) * float(1000 / rate)
            if np.abs(file_ms - ms).max() <= VERBATIM_MS:
                return rate, record_s, False
    return NOMINAL_IMU_HZ, RECORDS_S[0], True


def _place_emg(epochs: list[Epoch], offsets_ms: list[int], n: int) -> Placed:
    frames = np.zeros((n, 2), dtype="<i2")
    held: list[Gap] = []
    for epoch, offset in zip(epochs, offsets_ms, strict=True):
        for run in epoch.emg.runs:
            frames[run.start + offset : run.stop + offset] = run.frames(2)
            held.append((run.start + offset, run.stop + offset))
    return _filled(frames, held, EMG_HZ)


def _place_imu(
    epochs: list[Epoch],
    clocks: list[list[ImuClock]],
    offsets_ms: list[int],
    n: int,
    rate_hz: Fraction,
) -> Placed:
    """Every frame as it came."""
    frames = np.zeros((n, 6), dtype="<i2")
    held: list[Gap] = []
    runs, clock = epochs[0].imu[0].runs, clocks[0][0]
    first_ms = float(clock.at(runs[0].start)) + offsets_ms[0]
    shift = round(first_ms * float(rate_hz) / 1000) - runs[0].start
    for run in runs:
        start, stop = run.start + shift, min(run.stop + shift, n)
        frames[start:stop] = run.frames(6)[: stop - start]
        held.append((start, stop))
    return _filled(frames, held, rate_hz)


def _resample_imu(
    epochs: list[Epoch],
    clocks: list[list[ImuClock]],
    offsets_ms: list[int],
    n: int,
    rate_hz: Fraction,
) -> Placed:
    """Values at the instants of a steady rate, by windowed-sinc interpolation between frames."""
    frames = np.zeros((n, 6), dtype="<i2")
    held: list[Gap] = []
    per_ms = float(rate_hz) / 1000
    segments = [
        (segment, clock, offset)
        for epoch, own, offset in zip(epochs, clocks, offsets_ms, strict=True)
        for segment, clock in zip(epoch.imu, own, strict=True)
    ]
    for segment, clock, offset in segments:
        runs = segment.runs
        base, stop = runs[0].start, runs[-1].stop
        values = np.zeros((stop - base, 6), dtype=np.int16)
        for run in runs:
            values[run.start - base : run.stop - base] = run.frames(6)
            cuts = [jump for jump in clock.jumps if run.start < jump < run.stop]
            # Only instants between two frames that came: nothing is made up at the edges.
            for first, end in zip([run.start, *cuts], [*cuts, run.stop], strict=True):
                low = int(np.ceil((clock.at(first) + offset) * per_ms - 1e-6))
                high = int(np.floor((clock.at(end - 1) + offset) * per_ms + 1e-6)) + 1
                if low < min(high, n):
                    held.append((max(low, 0), min(high, n)))
        holes = [
            (before.stop - base, after.start - base)
            for before, after in zip(runs, runs[1:], strict=False)
        ]
        low = max(0, int(np.ceil((clock.at(base) + offset) * per_ms)))
        high = min(n, int(np.floor((clock.at(stop - 1) + offset) * per_ms)) + 1)
        where = clock.frame(np.arange(low, high) / per_ms - offset) - base
        for axis in range(6):
            line = bridged(values[:, axis], holes)
            frames[low:high, axis] = np.rint(_interpolated(line, where)).clip(-32768, 32767)
    return _filled(frames, held, rate_hz)


def _interpolated(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """float64 (len(where),): `values` (n,) at fractional positions, flat to 0.8 of Nyquist."""
    padded = np.pad(values, HALF_TAPS, mode="edge")
    tap = np.arange(-HALF_TAPS + 1, HALF_TAPS + 1)
    distance = tap - np.arange(PHASES + 1)[:, None] / PHASES
    window = np.i0(8.0 * np.sqrt(np.clip(1 - (distance / HALF_TAPS) ** 2, 0, None))) / np.i0(8.0)
    kernel = np.sinc(distance) * window
    kernel /= kernel.sum(axis=1, keepdims=True)
    out = np.empty(len(where))
    for at in range(0, len(where), CHUNK):
        position = where[at : at + CHUNK].clip(0, len(values) - 1)
        whole = np.floor(position).astype(np.int64)
        phase = np.rint((position - whole) * PHASES).astype(np.int64)
        taps = padded[(whole + HALF_TAPS)[:, None] + tap]
        out[at : at + CHUNK] = np.einsum("ij,ij->i", taps, kernel[phase])
    return out


def _filled(frames: np.ndarray, held: list[Gap], rate_hz: Fraction) -> Placed:
    """What was not held, listed; it keeps the last value before it, the head the first one."""
    gaps: list[Gap] = []
    at = 0
    for start, stop in sorted(held):
        if start > at:
            gaps.append((at, start))
            frames[at:start] = frames[at - 1] if at else frames[start]
        at = max(at, stop)
    if at < len(frames):
        gaps.append((at, len(frames)))
        frames[at:] = frames[at - 1] if at else 0
    return Placed(frames, gaps, rate_hz)
