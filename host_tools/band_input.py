"""A recording as the band's sensors would have delivered it: int16 frames, counts of what was
lost, slow streams. Everything here is known to the recorder; truth annotations stay out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from host_tools.firmware_tables import units
from host_tools.recording import (
    ACC_LABELS,
    GYR_LABELS,
    SPEED_LABEL,
    TEMP_LABEL,
    Annotation,
    Channel,
    Recording,
)
from host_tools.resample import bridged, quantised, resampled

EMG_HZ = Fraction(units.EMG_RATE_HZ)
IMU_HZ = Fraction(units.IMU_RATE_MHZ, 1000)
IMU_TOLERANCE = Fraction(4, 100)  # the band follows an IMU clock this far off nominal
EMG_LSB_UV = units.EMG_LSB_NV / 1000
ACC_LSB_G = units.ACC_LSB_UG / 1_000_000
GYR_LSB_DPS = units.GYR_LSB_MDPS / 1000

Gap = tuple[int, int]  # sample range [start, stop)


@dataclass
class BandInput:
    """What is fed to the chain. `emg` int16 (n, 2), `imu` int16 (n, 6); None when absent.

    An absent channel or sensor within a stream is 0 and named so in `present`. Gaps are ranges of
    sample indices at the band's rates. `temps` and `speeds` are (time in ms, raw message value).
    """

    emg: np.ndarray | None = None
    imu: np.ndarray | None = None
    imu_rate_mhz: int = units.IMU_RATE_MHZ
    present: dict[str, int] = field(default_factory=dict)
    emg_gaps: list[Gap] = field(default_factory=list)
    imu_gaps: list[Gap] = field(default_factory=list)
    temps: list[tuple[int, int]] = field(default_factory=list)
    speeds: list[tuple[int, int]] = field(default_factory=list)
    gaps_s: list[tuple[str, float, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    clipped: dict[str, int] = field(default_factory=dict)
    emg_labels: tuple[str | None, str | None] = (None, None)

    def signals(self) -> dict[str, tuple[float, np.ndarray]]:
        """label -> (rate in Hz, values in its unit as float32), as the band saw them."""
        found: dict[str, tuple[float, np.ndarray]] = {}
        if self.emg is not None:
            for i, label in enumerate(self.emg_labels):
                if label:
                    found[label] = (float(EMG_HZ), self.emg[:, i] * np.float32(EMG_LSB_UV))
        if self.imu is not None:
            rate = self.imu_rate_mhz / 1000
            for i, label in enumerate(ACC_LABELS + GYR_LABELS):
                if self.present["has_acc" if i < 3 else "has_gyr"]:
                    lsb = np.float32(ACC_LSB_G if i < 3 else GYR_LSB_DPS)
                    found[label] = (rate, self.imu[:, i] * lsb)
        return found


def band_input(recording: Recording, imu_hz: Fraction | None = None) -> BandInput:
    """Resample and quantise a recording to the band's rates and scales.

    imu_hz: the rate of the IMU's own clock, in whole millihertz; None: as it was recorded when
    that is near the nominal one, else nominal.
    """
    out = BandInput()
    emg_lost = _lost(recording, "EMG")
    imu_lost = _lost(recording, "IMU")
    _fill_emg(out, recording, emg_lost)
    _fill_imu(out, recording, imu_lost, imu_hz)
    for label, count in out.clipped.items():
        out.notes.append(f"{label}: {count} samples beyond the band's range were clipped to it")
    if TEMP_LABEL in recording.channels:
        # 0.01 degC with an offset of 100 degC, so that the message stays unsigned.
        out.temps = _slow_stream(recording.channels[TEMP_LABEL], 100, 10_000)
    if SPEED_LABEL in recording.channels:
        out.speeds = _slow_stream(recording.channels[SPEED_LABEL], 1000, 0)
    return out


def _lost(recording: Recording, sensor: str) -> list[tuple[float, float]]:
    """The recorder's own `LOST=<sensor>` marks as (start, stop) in seconds."""
    spans = []
    for mark in recording.annotations:
        if mark.text.upper().replace(" ", "") == f"LOST={sensor}":
            if mark.duration_s > 0:
                spans.append(_clamped(mark, float(recording.duration_s)))
            else:
                recording.notes.append(
                    f"a LOST={sensor} mark at {mark.t_s:g} s has no duration and is ignored"
                )
    return [(start, stop) for start, stop in spans if stop > start]


def _clamped(mark: Annotation, end_s: float) -> tuple[float, float]:
    return max(mark.t_s, 0.0), min(mark.t_s + mark.duration_s, end_s)


def _ranges(spans: list[tuple[float, float]], rate_hz: Fraction, n: int) -> list[Gap]:
    """Spans in seconds as sorted, merged sample ranges."""
    merged: list[Gap] = []
    for start_s, stop_s in sorted(spans):
        start = min(round(start_s * float(rate_hz)), n)
        stop = min(round(stop_s * float(rate_hz)), n)
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        elif stop > start:
            merged.append((start, stop))
    return merged


def _fill_emg(out: BandInput, recording: Recording, lost: list[tuple[float, float]]) -> None:
    out.emg_labels = _emg_labels(recording, out.notes)
    out.present["has_emg1"] = int(out.emg_labels[0] is not None)
    out.present["has_emg2"] = int(out.emg_labels[1] is not None)
    columns = {
        i: _at_rate(out, recording.channels[label], EMG_HZ, EMG_LSB_UV, lost)
        for i, label in enumerate(out.emg_labels)
        if label is not None
    }
    out.emg = _frames(columns, units.EMG_CHANNELS)
    if out.emg is not None:
        out.emg_gaps = _ranges(lost, EMG_HZ, len(out.emg))
        labels = [label for label in out.emg_labels if label]
        out.gaps_s += [(label, a, b - a) for a, b in lost for label in labels]


def _emg_labels(recording: Recording, notes: list[str]) -> tuple[str | None, str | None]:
    """Which channel is the band's first and second: GM and SO, or what there is instead."""
    gm, so = "EMG GM", "EMG SO"
    channels = recording.channels
    others = [c for c in channels if c.startswith("EMG ") and c not in (gm, so)]
    first = gm if gm in channels else None
    second = so if so in channels else None
    if first is None and others:
        first = others.pop(0)
        notes.append(f"no {gm}: {first} is taken as channel 1")
        if second is None and others:
            second = others.pop(0)
            notes.append(f"no {so}: {second} is taken as channel 2")
    if others:
        notes.append(f"not used: {', '.join(others)}")
    for label in (first, second):
        if label and channels[label].rate_hz < 900:
            notes.append(
                f"{label} was recorded at {float(channels[label].rate_hz):g} Hz: nothing above "
                f"{float(channels[label].rate_hz) / 2:g} Hz is left for its spectrum"
            )
    return first, second


def _fill_imu(
    out: BandInput,
    recording: Recording,
    lost: list[tuple[float, float]],
    rate: Fraction | None,
) -> None:
    has_acc = ACC_LABELS[0] in recording.channels
    has_gyr = GYR_LABELS[0] in recording.channels
    out.present["has_acc"] = int(has_acc)
    out.present["has_gyr"] = int(has_gyr)
    labels = {i: label for i, label in enumerate(ACC_LABELS + GYR_LABELS)}
    labels = {i: label for i, label in labels.items() if label in recording.channels}
    rate = rate or _imu_rate({recording.channels[label].rate_hz for label in labels.values()})
    columns = {
        i: _at_rate(out, recording.channels[label], rate, ACC_LSB_G if i < 3 else GYR_LSB_DPS, lost)
        for i, label in labels.items()
    }
    out.imu = _frames(columns, units.IMU_AXES)
    if out.imu is not None:
        out.imu_rate_mhz = int(rate * 1000)
        out.imu_gaps = _ranges(lost, rate, len(out.imu))
        out.gaps_s += [(label, a, b - a) for a, b in lost for label in labels.values()]


def _imu_rate(rates: set[Fraction]) -> Fraction:
    """A common rate near the nominal one is an IMU clock off nominal: the band's own business.

    Only whole millihertz can be told to the band without letting the clocks drift apart.
    """
    if len(rates) == 1:
        rate = next(iter(rates))
        if abs(rate / IMU_HZ - 1) <= IMU_TOLERANCE and (rate * 1000).denominator == 1:
            return rate
    return IMU_HZ


def _at_rate(
    out: BandInput,
    channel: Channel,
    rate_hz: Fraction,
    lsb: float,
    lost: list[tuple[float, float]],
) -> np.ndarray:
    if channel.rate_hz == rate_hz:
        values, clipped = quantised(channel.digital, channel.gain / lsb, channel.offset / lsb)
    else:
        gaps = _ranges(lost, channel.rate_hz, len(channel.digital))
        x = bridged(channel.digital, gaps) if gaps else channel.digital
        y = resampled(x, channel.rate_hz, rate_hz)
        values, clipped = quantised(y, channel.gain / lsb, channel.offset / lsb)
    if clipped:
        out.clipped[channel.label] = clipped
    return values


def _frames(columns: dict[int, np.ndarray], width: int) -> np.ndarray | None:
    """Columns of one stream side by side as little-endian int16 (n, width), absent ones 0."""
    if not columns:
        return None
    n = min(len(column) for column in columns.values())
    frames = np.zeros((n, width), dtype="<i2")
    for i, column in columns.items():
        frames[:, i] = column[:n]
    return frames


def _slow_stream(channel: Channel, scale: int, zero: int) -> list[tuple[int, int]]:
    """At most one value a second, each at its own sample's time: [(ms, u16 value)]."""
    step = max(1, math.floor(channel.rate_hz))
    values = np.rint(channel.physical[::step] * scale + zero).clip(0, 65535).astype(int)
    return [
        (round(1000 * k * step / channel.rate_hz), int(value)) for k, value in enumerate(values)
    ]
