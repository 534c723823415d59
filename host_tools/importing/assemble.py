"""Channels from any clocks and files onto one time axis, whole records, gaps marked."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from host_tools.errors import CalfbandError
from host_tools.importing.signals import Channel
from host_tools.importing.truth import Event
from host_tools.resample import resampled

BRIDGED = 3  # missing samples in a row that are bridged by a straight line; more are LOST
MAX_UNEQUAL = (1.0, 0.02)  # s, share of the longest: by so much may sensors differ in length
MAX_SHIFT_S = 0.0005  # a start off by more is interpolated
MAX_DRIFT_S = 0.0003  # by which a channel may be off at the end of the file
RECORD_HUNDREDTHS = range(50, 2001)  # lengths of a data record that are tried, in 0.01 s
SHORT_RECORD_S = 3.0
MAX_CUT = (1.0, 0.02)  # s, share of the file: so much is cut at the end to fill whole records
SLOW_HZ = 10  # temperature and speed need no more


@dataclass
class Assembled:
    """What goes into the EDF+: `channels` all start at 0 and fill `records` whole records."""

    channels: list[Channel]
    per_record: list[int]
    record_s: Fraction
    records: int
    start_s: float  # of the file, on the sources' time axis
    lost: list[Event] = field(default_factory=list)
    bridged: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def duration_s(self) -> float:
        return float(self.records * self.record_s)


def assemble(channels: list[Channel]) -> Assembled:
    """Cut to the common span, align, choose the record, bridge or mark what is missing.

    Raises CalfbandError when the channels do not belong together.
    """
    fast = [c for c in channels if c.kind not in ("temp", "speed")]
    slow = [c for c in channels if c.kind in ("temp", "speed")]
    if not fast:
        raise CalfbandError(
            f"{channels[0].file}: holds {' and '.join(c.label for c in slow)} only; the band needs "
            "EMG or an accelerometer."
        )
    notes: list[str] = []
    start, stop = _span(fast, notes)
    for channel in fast:
        _cut(channel, start, stop)
    record_s, per_record = _record([c.rate_hz for c in fast], stop - start)
    for channel, n in zip(fast, per_record, strict=True):
        _set_rate(channel, Fraction(n) / record_s, stop - start, notes)
    shortest = min(len(c.values) // n for c, n in zip(fast, per_record, strict=True))
    left_s = max(len(c.values) / float(c.rate_hz) for c in fast) - float(shortest * record_s)
    padded = shortest == 0 or left_s > min(MAX_CUT[0], MAX_CUT[1] * (stop - start))
    if padded:
        shortest += 1
        notes.append(f"the last {float(record_s) - left_s:.2f} s are filled and marked as lost")
    elif left_s > 0.01:
        notes.append(f"the last {left_s:.2f} s do not fill a data record and are left out")
    out = Assembled(fast + slow, per_record, record_s, shortest, start, notes=notes)
    for channel, n in zip(fast, per_record, strict=True):
        channel.values = _to_length(channel.values, n * shortest)
    for channel in slow:
        n = max(1, round(record_s * min(channel.rate_hz, SLOW_HZ)))
        per_record.append(n)
        _place_slow(channel, Fraction(n) / record_s, n * shortest, start)
    for sensor, kinds in (("EMG", ("emg",)), ("IMU", ("acc", "gyr"))):
        _fill(out, sensor, [c for c in fast if c.kind in kinds])
    return out


def _span(fast: list[Channel], notes: list[str]) -> tuple[float, float]:
    """The time that all sensors cover."""
    start, stop = max(c.start_s for c in fast), min(c.end_s for c in fast)
    first, last = min(fast, key=lambda c: c.end_s), max(fast, key=lambda c: c.end_s)
    early, late = min(fast, key=lambda c: c.start_s), max(fast, key=lambda c: c.start_s)
    longest = max(c.end_s - c.start_s for c in fast)
    allowed = max(MAX_UNEQUAL[0], MAX_UNEQUAL[1] * longest)
    if late.start_s - early.start_s > allowed:
        raise CalfbandError(
            f"{late.file}: {late.label} starts {late.start_s - early.start_s:.6g} s after "
            f"{early.label} of {early.file.name}; cut both to the same time, or set "
            "from_start = true in [time] where the clocks only count from different zeros."
        )
    if last.end_s - first.end_s > allowed:
        raise CalfbandError(
            f"{first.file}: {first.label} ends after {first.end_s - start:.6g} s and {last.label} "
            f"after {last.end_s - start:.6g} s; check the rates in the map, or cut both to the "
            "same length."
        )
    if last.end_s - first.end_s > 0.05 or late.start_s - early.start_s > 0.05:
        notes.append(
            f"cut to the {stop - start:.2f} s that {late.label} and {first.label} have in common"
        )
    return start, stop


def _cut(channel: Channel, start: float, stop: float) -> None:
    """From `start` on; a remaining fraction of a sample is interpolated where it matters."""
    rate = float(channel.rate_hz)
    drop = max(0, round((start - channel.start_s) * rate))
    late_s = channel.start_s + drop / rate - start
    values = channel.values[drop : drop + max(2, round((stop - start) * rate))]
    good = np.isfinite(values)
    if not good.any():
        raise CalfbandError(
            f"{channel.file}: {channel.label} holds no number in the time that all sensors cover; "
            "leave it out of the map."
        )
    if abs(late_s) > MAX_SHIFT_S and good.sum() >= 4:
        from scipy.interpolate import CubicSpline

        at = np.arange(len(values), dtype=float)
        wanted = at - late_s * rate
        shifted = CubicSpline(at[good], values[good])(wanted)
        shifted[~good[np.clip(np.rint(wanted).astype(int), 0, len(values) - 1)]] = np.nan
        values = shifted
    channel.values, channel.start_s = values, start


def _record(rates: list[Fraction], duration_s: float) -> tuple[Fraction, list[int]]:
    """The record in which every rate has (very nearly) whole samples and that leaves the least
    over at the end; the shortest of those."""
    tried_s = np.array(RECORD_HUNDREDTHS) / 100
    tried_s = tried_s[(tried_s <= 1) | (tried_s <= duration_s)]
    exact = np.outer([float(rate) for rate in rates], tried_s)
    counts = np.maximum(np.rint(exact), 1)
    drift_s = np.abs(counts / exact - 1).max(axis=0) * duration_s
    good = np.flatnonzero(drift_s <= MAX_DRIFT_S / 10)
    best = int(np.argmin(drift_s))
    if len(good):
        good = good[tried_s[good] <= max(SHORT_RECORD_S, tried_s[good[0]])]
        left_s = np.mod(duration_s + 1e-6, tried_s[good])
        best = int(good[np.argmin(left_s.round(3))])
    return Fraction(RECORD_HUNDREDTHS[best], 100), [int(n) for n in counts[:, best]]


def _set_rate(channel: Channel, rate_hz: Fraction, duration_s: float, notes: list[str]) -> None:
    """The rate that the record allows; a channel that would drift away is resampled to it."""
    if abs(float(rate_hz / channel.rate_hz) - 1) * duration_s > MAX_DRIFT_S:
        values, good = channel.values, np.isfinite(channel.values)
        rows = np.arange(len(values))
        even = resampled(np.interp(rows, rows[good], values[good]), channel.rate_hz, rate_hz)
        back = np.rint(np.arange(len(even)) * float(channel.rate_hz / rate_hz)).astype(int)
        even[~good[np.minimum(back, len(values) - 1)]] = np.nan
        channel.values = even
        notes.append(
            f"{channel.label} resampled from {float(channel.rate_hz):.8g} to "
            f"{float(rate_hz):.8g} Hz, which fits into whole data records"
        )
    channel.rate_hz = rate_hz


def _to_length(values: np.ndarray, n: int) -> np.ndarray:
    if len(values) >= n:
        return values[:n]
    return np.concatenate([values, np.full(n - len(values), np.nan)])


def _place_slow(channel: Channel, rate_hz: Fraction, n: int, start: float) -> None:
    """Temperature and speed as straight lines between their known values."""
    t = channel.start_s + np.arange(len(channel.values)) / float(channel.rate_hz)
    good = np.isfinite(channel.values)
    wanted = start + np.arange(n) / float(rate_hz)
    channel.values = np.interp(wanted, t[good], channel.values[good])
    channel.rate_hz, channel.start_s = rate_hz, start


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """[start, stop) of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _fill(out: Assembled, sensor: str, channels: list[Channel]) -> None:
    """Bridge short gaps, fill long ones with straight lines and mark them LOST=EMG|IMU."""
    spans: list[tuple[float, float]] = []
    for channel in channels:
        missing = np.isnan(channel.values)
        if not missing.any():
            continue
        rows = np.arange(len(missing))
        channel.values = np.interp(rows, rows[~missing], channel.values[~missing])
        rate = float(channel.rate_hz)
        for a, b in runs(missing):
            if b - a > BRIDGED:
                spans.append((a / rate, b / rate))
            else:
                out.bridged[channel.label] = out.bridged.get(channel.label, 0) + b - a
    merged: list[tuple[float, float]] = []
    for a, b in sorted(spans):
        if merged and a <= merged[-1][1] + 1e-9:
            merged[-1] = (merged[-1][0], max(b, merged[-1][1]))
        else:
            merged.append((a, b))
    out.lost += [Event(a, f"LOST={sensor}", b - a) for a, b in merged]


def annotations_of(out: Assembled, events: list[Event]) -> list[Event]:
    """Truth and gaps, in order, on the file's own time axis; truth outside the file is left out."""
    moved = [Event(e.t_s - out.start_s, e.text, e.duration_s) for e in events]
    inside = [e for e in moved if 0 <= e.t_s < out.duration_s]
    if len(inside) < len(moved):
        out.notes.append(f"{len(moved) - len(inside)} events outside the recording are left out")
    return sorted(inside + out.lost, key=lambda e: (e.t_s, e.text))
