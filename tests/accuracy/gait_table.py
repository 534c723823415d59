"""The gait tables, their targets and their headline figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tests.accuracy.gait_rows import (
    ACCELEROMETER,
    EVENTS,
    FIRMWARE,
    VIRTUAL,
    GaitResult,
    Row,
    Walk,
    pooled,
)
from tests.accuracy.grid import Grid
from tests.accuracy.headline import Figure

EVENT_NAMES: dict[str, str] = {"ic": "contact", "to": "toe-off", "contact": "contact time"}
STATS = ("bias", "SD", "MAE")
IC_TOLD_MS, TO_TOLD_STRIDES = 200, 0.6
BIAS_MOVES_MS = 4  # of the virtual shank, between 2.5 and 4.5 m/s
# (group, event, statistic) -> largest allowed, ms; the bias without its sign.
TARGETS_MS = {
    (ACCELEROMETER, "ic", "bias"): 5,
    (ACCELEROMETER, "ic", "SD"): 4,
    (ACCELEROMETER, "to", "bias"): 5,
    (ACCELEROMETER, "to", "SD"): 8,
    (ACCELEROMETER, "contact", "MAE"): 6,
    (VIRTUAL, "ic", "SD"): 3,
    (VIRTUAL, "to", "SD"): 5,
    (VIRTUAL, "contact", "SD"): 5,
}
NOTE = (
    "From 2.5 s on, without the last contact; told: median, most. Peers in the axes, signs and "
    "settings that are best for {}, chosen with the truth; the firmware is told nothing."
)
_SLACK_MS = 0.5


@dataclass(frozen=True)
class Missed:
    """A target that a recording of the firmware's misses."""

    recording: str
    event: str
    sentence: str


def with_totals(rows: Sequence[Row]) -> list[Row]:
    """Each method's recordings followed by all of them pooled; the firmware first.

    Of peers on synthetic runs only the latter.
    """
    result = []
    for method in dict.fromkeys(row.method for row in rows):
        own = [row for row in rows if row.method == method]
        if method == FIRMWARE or own[0].kind == "real":
            result += own
        if len(own) > 1:
            result.append(pooled(own))
    return result


def grids(result: GaitResult, kind: str) -> list[Grid]:
    """The tables of the real recordings, or of the synthetic runs."""
    groups = {name: rows for name, rows in result.groups().items() if rows[0].kind == kind}
    found = [_grid(group, rows) for group, rows in groups.items()]
    if kind == "real" and result.walks:
        found.append(walking_grid(result.walks))
    return found


def _grid(group: str, rows: Sequence[Row]) -> Grid:
    grid = Grid(
        f"{group}: bias ± SD (MAE) in ms",
        (
            *("method", "recording", "found/missed/false", "no TO"),
            *EVENT_NAMES.values(),
            *("IC told, ms", "TO told, strides"),
        ),
        left=2,
        note=NOTE.format("each run" if rows[0].kind == "synthetic" else "all files of the rig"),
    )
    for row in with_totals(rows):
        e = row.errors
        grid.add(
            row.method,
            row.recording,
            f"{e.found}/{e.missed}/{e.false}",
            str(row.without_toe_off),
            *(stat_text(row.stat_ms(event)) for event in EVENTS),
            _pair(row.latency and row.latency.ic_ms, ".0f"),
            _pair(row.latency and row.latency.to_strides, ".2f"),
            strong=row.method == FIRMWARE,
        )
    return grid


def walking_grid(walks: Sequence[Walk]) -> Grid:
    grid = Grid(
        "real walking: no stride is running",
        ("recording", "strides told", "called running", "true", "missed", "false"),
    )
    for walk in walks:
        counts = (walk.errors.truth, walk.errors.missed, walk.errors.false)
        grid.add(walk.recording, *map(str, (walk.strides, walk.running, *counts)))
    return grid


def stat_text(stat: tuple[float, float, float]) -> str:
    bias, sd, mae = stat
    return "-" if np.isnan(bias) else f"{bias:+.1f} ± {sd:.1f} ({mae:.1f})"


def _pair(values: tuple[float, float] | None, spec: str) -> str:
    if not values or np.isnan(values[0]):
        return "-"
    return f"{values[0]:{spec}}, {values[1]:{spec}}"


def missed_targets(rows: Sequence[Row]) -> list[Missed]:
    """Where the firmware misses its targets, one sentence each."""
    own = [row for row in rows if row.method == FIRMWARE]
    found = []
    for row in own:
        for what, count in (("missed", row.errors.missed), ("invented", row.errors.false)):
            if row.kind == "real" and count:
                found.append(Missed(row.recording, "ic", f"{count} contacts {what}, none may be"))
        for event in EVENTS:
            for name, value in zip(STATS, row.stat_ms(event), strict=True):
                limit = TARGETS_MS.get((row.group, event, name))
                if limit is not None and abs(value) > limit:
                    number = f"{value:+.1f}" if name == "bias" else f"{value:.1f}"
                    said = f"{EVENT_NAMES[event]}: {name} {number} ms, may be {limit}"
                    found.append(Missed(row.recording, event, said))
        if row.latency and row.latency.ic_ms[1] > IC_TOLD_MS:
            said = f"contact told after {row.latency.ic_ms[1]:.0f} ms, may be {IC_TOLD_MS}"
            found.append(Missed(row.recording, "ic", said))
        if row.latency and row.latency.to_strides[1] > TO_TOLD_STRIDES:
            most = row.latency.to_strides[1]
            said = f"toe-off told after {most:.2f} of a stride, may be {TO_TOLD_STRIDES}"
            found.append(Missed(row.recording, "to", said))
    for event, moved in bias_moves_ms(own).items():
        if moved > BIAS_MOVES_MS:
            said = (
                f"{EVENT_NAMES[event]}: bias moves by {moved:.1f} ms between 2.5 and 4.5 m/s, "
                f"may be {BIAS_MOVES_MS}"
            )
            found += [Missed(r.recording, event, said) for r in own if r.group == VIRTUAL]
    return found


def bias_moves_ms(rows: Sequence[Row]) -> dict[str, float]:
    """How far the virtual shank's bias moves between its speeds, per event."""
    own = [row for row in rows if row.group == VIRTUAL and row.method == FIRMWARE]
    if len(own) < 2:
        return {}
    biases = {event: [row.stat_ms(event)[0] for row in own] for event in EVENTS}
    return {event: max(values) - min(values) for event, values in biases.items()}


def figures(result: GaitResult) -> Iterator[Figure]:
    """Per real recording; of the synthetic runs what is pooled, and the largest bias."""
    for group, rows in result.groups().items():
        own = [row for row in rows if row.method == FIRMWARE]
        kind = own[0].kind
        if kind == "real":
            for row in own:
                yield from _row_figures(row, row.recording)
        else:
            yield from _row_figures(pooled(own), group)
            for event in EVENTS:
                most = max(abs(row.stat_ms(event)[0]) for row in own)
                name = f"{group}: {EVENT_NAMES[event]}, largest |bias|"
                yield Figure("gait", kind, name, most, _SLACK_MS, "ms")
        told = [row.latency for row in own if row.latency]
        if told:
            ic_ms = max(t.ic_ms[1] for t in told)
            to_strides = max(t.to_strides[1] for t in told)
            yield Figure("gait", kind, f"{group}: contact told, most", ic_ms, 5, "ms")
            yield Figure("gait", kind, f"{group}: toe-off told, most", to_strides, 0.02, "strides")
    for event, moved in bias_moves_ms(result.rows).items():
        name = f"{VIRTUAL}: {EVENT_NAMES[event]}, bias moves with speed"
        yield Figure("gait", "real", name, moved, _SLACK_MS, "ms")
    for walk in result.walks:
        name = f"{walk.recording}: strides called running"
        yield Figure("gait", "real", name, walk.running, 0, "strides")


def _row_figures(row: Row, name: str) -> Iterator[Figure]:
    counts = (row.errors.missed, row.errors.false, row.without_toe_off)
    for what, count in zip(("missed", "false", "without toe-off"), counts, strict=True):
        yield Figure("gait", row.kind, f"{name}: contacts {what}", count, 0, "contacts")
    for event in EVENTS:
        for stat, value in zip(("|bias|", "SD", "MAE"), row.stat_ms(event), strict=True):
            what = f"{name}: {EVENT_NAMES[event]} {stat}"
            yield Figure("gait", row.kind, what, abs(value), _SLACK_MS, "ms")
