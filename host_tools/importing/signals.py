"""Columns become channels: the band's labels, units and axes, on an even grid in time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from host_tools.errors import CalfbandError
from host_tools.importing.clock import timing
from host_tools.importing.map import Adc, Signal
from host_tools.importing.sources import Source
from host_tools.importing.units import Conversion, adc_conversion, conversion, known_units


@dataclass
class Channel:
    """One EDF+ channel before it is cut, filled and quantised."""

    label: str
    kind: str  # emg, acc, gyr, temp, speed
    unit: str
    values: np.ndarray  # float64 (n,), NaN where missing
    rate_hz: Fraction
    start_s: float
    file: Path
    source: str  # where it came from, for the report
    source_unit: str
    scale: str
    clipped: int = 0
    missing: int = 0  # empty, NaN or sentinel in the file
    jitter_ms: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def end_s(self) -> float:
        return self.start_s + len(self.values) / float(self.rate_hz)


def read_signal(source: Source, signal: Signal) -> list[Channel]:
    """The one or three channels of a signal. Raises CalfbandError."""
    columns = [source.numbers(ref) for ref in signal.columns]
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        told = ", ".join(f"{ref} {len(c)}" for ref, c in zip(signal.columns, columns, strict=True))
        raise CalfbandError(
            f"{source.path}: the axes of {signal.label} have different lengths ({told} samples); "
            "name three columns of one sensor."
        )
    convert = _conversion(source, signal)
    when, known = timing(source, signal.clock, signal.columns[0], len(columns[0]))
    if known is not None:
        columns = [column[known] for column in columns]
    if len(columns[0]) < 2:
        raise CalfbandError(f"{source.path}: {signal.label} has fewer than two samples.")
    placed, clipped, missing = [], [], []
    for column in columns:
        column = np.where(np.isin(column, signal.missing), np.nan, column)
        missing.append(int(np.isnan(column).sum()))
        clipped.append(clipped_samples(column, signal))
        placed.append(when.place(convert(column)))
    for ref, values in zip(signal.columns, placed, strict=True):
        if np.isnan(values).all():
            raise CalfbandError(
                f"{source.path}: {ref} holds no number at all; name another column in the map."
            )
    axes = np.array(signal.axes)
    turned = len(placed) == 3 and not np.array_equal(axes, np.eye(3))
    if turned:
        placed = list(axes @ np.array(placed))
    names = [source.resolve(ref) for ref in signal.columns]
    channels = []
    for i, values in enumerate(placed):
        triple = len(placed) == 3
        own = np.flatnonzero(np.abs(axes[i]) > 1e-9) if triple else [0]
        text = " ".join(f"{'-' if triple and axes[i][j] < 0 else ''}{names[j]}" for j in own)
        channels.append(
            Channel(
                label=f"{signal.label} {'XYZ'[i]}" if triple else signal.label,
                kind=signal.kind,
                unit=convert.target,
                values=values,
                rate_hz=when.rate_hz,
                start_s=when.start_s,
                file=source.path,
                source=text if len(own) == 1 else f"matrix of {text}",
                source_unit=convert.unit,
                scale=convert.text,
                clipped=sum(clipped[j] for j in own),
                missing=sum(missing[j] for j in own),
                jitter_ms=when.jitter_ms,
                notes=list(when.notes) if i == 0 else [],
            )
        )
    return channels


def _conversion(source: Source, signal: Signal) -> Conversion:
    if signal.adc is not None and signal.unit == "counts":
        return adc_conversion(
            _bits(source, signal.adc), signal.adc.span_v, signal.adc.gain, signal.adc.midpoint
        )
    ref = signal.columns[0]
    unit = signal.unit or source.unit(ref) or signal.unit_else
    units = "the units known here are " + ", ".join(known_units(signal.kind))
    if unit is None:
        raise CalfbandError(
            f"{source.path}: nothing tells the unit of {source.resolve(ref)}; give unit in the "
            f"map ({units})."
        )
    found = conversion(signal.kind, unit)
    if found is None:
        raise CalfbandError(
            f"{source.path}: {source.resolve(ref)} is in {unit!r}, which is no unit of "
            f"{signal.label}; give unit in the map ({units})."
        )
    return replace(found, factor=found.factor / signal.gain, offset=found.offset / signal.gain)


def _bits(source: Source, adc: Adc) -> int:
    """What the file's header says, else what the map says."""
    found = re.search(adc.bits_from, source.header) if adc.bits_from else None
    if found is not None and found[1].isdigit() and 1 <= int(found[1]) <= 32:
        return int(found[1])
    if adc.bits is None:
        raise CalfbandError(
            f"{source.path}: its header does not state the resolution of the converter; "
            "give bits in the map."
        )
    return adc.bits


def clipped_samples(values: np.ndarray, signal: Signal) -> int:
    """Samples at the sensor's limits: at the level the map gives, or piled up at the extremes.

    Piled up: five or more at the very extreme, and three times as many as at the next value.
    """
    good = values[np.isfinite(values)]
    if signal.clip is not None:
        return int(np.count_nonzero(np.abs(good) >= signal.clip))
    if signal.kind in ("temp", "speed") or len(good) < 20:
        return 0
    total = 0
    for side in (good, -good):
        top = side.max()
        at_top = int(np.count_nonzero(side == top))
        below = side[side < top]
        if at_top >= 5 and len(below) and at_top < len(good) // 2:
            next_value = below.max()
            if at_top >= 3 * np.count_nonzero(side == next_value):
                total += at_top
    return total
