"""A map: what is what in somebody else's file, typed.

Columns are named exactly, by number (from 1), or with `*` for anything; `name#2` is the second of
several that fit. In MATLAB, HDF5 and R files a column is a path: `data(3).acc(:,1)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Reader:
    """How the file is read; what a format does not need is not used."""

    format: str = "auto"
    delimiter: str | None = None  # None: found
    decimal: str | None = None
    encoding: str | None = None
    comment: str | None = None
    header_row: int | None = None  # from 1; 0: no names
    header_contains: str | None = None
    names_from: str | None = None  # expression on the preamble whose group lists quoted names
    group_row: int | None = None  # names of sensors above the names of their channels
    where: tuple[tuple[str, str], ...] = ()  # (column, text): only these rows
    each: str | None = None  # path of a list: one recording per element


@dataclass(frozen=True)
class Clock:
    """When samples were taken: a column, a rate, or both (then the rate is checked)."""

    column: str | None = None
    beside: str | None = None  # pattern of the time column left of each channel
    unit: str = "s"
    rate_hz: float | None = None
    rate_at: str | None = None  # path of a number in the file
    period_at: str | None = None
    rate_from: str | None = None  # regular expression on the file's header
    counter: str | None = None  # a column that counts samples
    modulo: int | None = None
    from_start: bool = False  # the first sample is at 0, whatever the column says


@dataclass(frozen=True)
class Adc:
    bits: int | None
    bits_from: str | None
    span_v: float
    gain: float
    midpoint: bool


@dataclass(frozen=True)
class Signal:
    """One EMG, temperature or speed channel (one column) or one accelerometer (three)."""

    label: str  # `EMG GM`, `ACC`, `GYR`, `TEMP SKIN`, `SPEED`
    kind: str
    columns: tuple[str, ...]
    unit: str | None  # None: the file says it
    clock: Clock
    unit_else: str | None = None  # where the file does not say it
    gain: float = 1.0  # of an amplifier that the file's values still hold
    adc: Adc | None = None
    axes: Matrix = IDENTITY  # EDF+ axes = axes @ columns
    file: str | None = None
    clip: float | None = None  # in the source's unit
    missing: tuple[float, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class RigidBody:
    """Optical markers on one segment, from which acceleration and angular rate are computed."""

    markers: tuple[tuple[str, ...], ...]  # (x, y, z) columns of each
    unit: str | None
    up: tuple[float, float, float]
    clock: Clock
    low_pass_hz: float
    file: str | None


@dataclass(frozen=True)
class Truth:
    """Annotations from the file. `kind`: times, flags, force."""

    kind: str
    column: str
    labels: tuple[str, ...]
    unit: str
    clock: Clock
    file: str | None = None
    on_n: float = 50.0
    off_n: float = 30.0
    lower: tuple[str, ...] | None = None  # keep a contact when the first is lower than the second
    optional: bool = False


@dataclass(frozen=True)
class AthleteTable:
    file: str
    row: str
    match: str | None
    columns: dict[str, str]


@dataclass(frozen=True)
class ImportMap:
    name: str
    title: str
    layout: str
    reader: Reader
    signals: tuple[Signal, ...]
    truth: tuple[Truth, ...]
    rigid_body: RigidBody | None
    athlete: dict[str, Any]
    speed_from_name: tuple[str, float] | None
    athlete_table: AthleteTable | None
    path: Path
    table: dict[str, Any]  # as parsed, to be read again for each element

    @property
    def together(self) -> bool:
        """All files given make up one recording."""
        body = [self.rigid_body] if self.rigid_body else []
        return any(part.file for part in (*self.signals, *self.truth, *body))
