"""Errors of contacts and toe-offs, method x recording: what the tables and plots are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from host_tools.events_truth import START_UP_S, ContactErrors, contact_errors
from tests.accuracy import runs
from tests.accuracy.peer_choice import PEERS, best_errors
from tests.accuracy.runs import Replay, Replays
from tests.accuracy.shank import Shank, read_shank

FIRMWARE = "calfband firmware"
ALL = "all of them"
EVENTS = ("ic", "to", "contact")
ACCELEROMETER = "real shank accelerometer"
VIRTUAL = "virtual shank with gyroscope"
WITH_GYRO = "synthetic, with gyroscope"
WITHOUT_GYRO = "synthetic, without gyroscope"


@dataclass(frozen=True)
class Latency:
    """From an event until it is told: (median, largest), ms for contacts, strides for toe-offs."""

    ic_ms: tuple[float, float]
    to_strides: tuple[float, float]


@dataclass(frozen=True)
class Row:
    kind: str  # real or synthetic
    group: str
    method: str
    recording: str
    errors: ContactErrors
    latency: Latency | None = None

    def stat_ms(self, event: str) -> tuple[float, float, float]:
        """Bias, SD and mean absolute error in ms; NaN where there is none."""
        values = getattr(self.errors, event)
        values = values[np.isfinite(values)] * 1000
        if not len(values):
            return np.nan, np.nan, np.nan
        return float(values.mean()), float(values.std()), float(np.abs(values).mean())

    @property
    def without_toe_off(self) -> int:
        return int(np.sum(~np.isfinite(self.errors.to)))


@dataclass(frozen=True)
class Walk:
    """A walking recording: strides told, how many of them were called running."""

    recording: str
    strides: int
    running: int
    errors: ContactErrors


@dataclass(frozen=True)
class GaitResult:
    rows: list[Row]
    walks: list[Walk]

    def groups(self) -> dict[str, list[Row]]:
        names = dict.fromkeys(row.group for row in self.rows)
        return {name: [row for row in self.rows if row.group == name] for name in names}


def pooled(rows: Sequence[Row]) -> Row:
    """All strides of several recordings as one row."""
    errors = [row.errors for row in rows]
    joined = ContactErrors(
        sum(e.truth for e in errors),
        sum(e.false for e in errors),
        *(np.concatenate([getattr(e, name) for e in errors]) for name in ("t_s", *EVENTS)),
    )
    first = rows[0]
    return Row(first.kind, first.group, first.method, ALL, joined)


def firmware_errors(shank: Shank, replay: Replay) -> ContactErrors:
    strides = replay.columns("strides")
    return contact_errors(shank.ic_s, shank.to_s, strides["t_ic_s"], strides["t_to_s"])


def latency(replay: Replay) -> Latency | None:
    """From events.csv (kind, t_s, told_s); None where the firmware does not tell events."""
    events = replay.columns("events")
    if not events:
        return None
    kinds = np.array(replay.words("events", "kind"))
    stride_s = float(np.nanmedian(replay.columns("strides")["stride_ms"])) / 1000
    settled = events["t_s"] > START_UP_S
    wait_s = events["told_s"] - events["t_s"]
    told = {}
    for kind, unit_s in (("IC", 0.001), ("TO", stride_s)):
        waits = wait_s[settled & (kinds == kind)] / unit_s
        told[kind] = (float(np.median(waits)), float(waits.max())) if len(waits) else (np.nan,) * 2
    return Latency(told["IC"], told["TO"])


def measure(replays: Replays, *, peers: bool = True) -> GaitResult:
    """Everything replayed against its truth, beside the peers when asked for."""
    rows: list[Row] = []
    walks: list[Walk] = []
    if replays.real:
        for group, persons in (
            (ACCELEROMETER, runs.REAL_ACCELEROMETER),
            (VIRTUAL, runs.VIRTUAL_SHANK),
        ):
            names = [name for files in persons.values() for name in files]
            own = {name: replays.real[name] for name in names}
            rows += _group_rows("real", group, own, peers=peers, one_rig=True)
        walks = [walk(name, replays.real[name]) for name in runs.WALKING]
    if replays.synthetic:
        for group, plans in (
            (WITH_GYRO, runs.SYNTHETIC_WITH_GYRO),
            (WITHOUT_GYRO, runs.SYNTHETIC_WITHOUT_GYRO),
        ):
            own = {name: replays.synthetic[name] for name in plans}
            rows += _group_rows("synthetic", group, own, peers=peers, one_rig=False)
    return GaitResult(rows, walks)


def _group_rows(
    kind: str, group: str, replays: Mapping[str, Replay], *, peers: bool, one_rig: bool
) -> list[Row]:
    """Rows of one group; `one_rig`: peers get one choice of axes for all, else one for each."""
    shanks = {name: read_shank(replay.path) for name, replay in replays.items()}
    rows = []
    for name, shank in shanks.items():
        errors = firmware_errors(shank, replays[name])
        rows.append(Row(kind, group, FIRMWARE, name, errors, latency(replays[name])))
    for peer in PEERS if peers else ():
        for names in [list(shanks)] if one_rig else [[name] for name in shanks]:
            found = best_errors(peer, [shanks[name] for name in names])
            for name, errors in zip(names, found, strict=False):
                rows.append(Row(kind, group, peer, name, errors))
    return rows


def walk(name: str, replay: Replay) -> Walk:
    valid = replay.columns("strides")["valid"]
    errors = firmware_errors(read_shank(replay.path), replay)
    return Walk(name, len(valid), int(np.sum(valid == 1)), errors)
