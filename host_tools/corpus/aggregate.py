"""What the recordings of a corpus come to: accuracy, warnings and faults, with their intervals.

Real and synthetic recordings are never summed: each is a group of its own.
"""

from __future__ import annotations

import math
import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from host_tools.corpus import statistics
from host_tools.corpus.sources import SUFFIX
from host_tools.corpus.statistics import Interval
from host_tools.firmware_tables import wire

Row = dict[str, Any]
EVENTS = {
    "ic": "Ground contact",
    "to": "Toe-off",
    "contact": "Contact time",
    "onset": "EMG onset",
    "offset": "EMG offset",
}
GAITS = ("running", "walking", "no steps")
# Event of `accuracy` -> (table, column, value of `edge`) with its single errors.
ERRORS = {
    "ic": ("contacts", "ic_error_ms", None),
    "to": ("contacts", "to_error_ms", None),
    "contact": ("contacts", "contact_error_ms", None),
    "onset": ("onsets", "error_ms", "on"),
    "offset": ("onsets", "error_ms", "off"),
}
ALL = "all with truth"
MISSED = "missed"


@dataclass(frozen=True)
class EventAccuracy:
    """One kind of event over a group's recordings of one gait: counts, the bias of its
    recordings (median), the SD within recordings, MAE over events; `errors_ms` of each recording
    by name."""

    event: str
    gait: str
    recordings: int
    truth: int | None
    found: int
    missed: int | None
    false: int | None
    bias_ms: Interval
    sd_ms: float
    mae_ms: float
    errors_ms: dict[str, np.ndarray]

    @property
    def words(self) -> str:
        return EVENTS[self.event]


@dataclass(frozen=True)
class WarningAccuracy:
    """Warnings of the recordings of one scenario (or of all with truth).

    `heavy` counts all rises to heavy, right or wrong; `false_heavy` those in the fresh hours.
    """

    scenario: str
    recordings: int
    hours: float
    heavy: int
    heavy_per_10_h: Interval
    fresh_h: float
    judged_h: float
    false_heavy: int
    false_per_10_h: Interval
    tiring: int
    caught: int
    sensitivity: Interval
    delay_min: Interval
    attributions: dict[str, int]


@dataclass(frozen=True)
class FaultAccuracy:
    """One kind of fault over a group: how many, how many were told by their name."""

    fault: str
    n: int
    named: Interval
    after_s: Interval
    heavy: int


@dataclass
class Group:
    """The real or the synthetic recordings; rows as in the tables, in order of their names."""

    synthetic: bool
    recordings: list[Row] = field(default_factory=list)
    events: list[EventAccuracy] = field(default_factory=list)
    scenarios: list[WarningAccuracy] = field(default_factory=list)
    overall: WarningAccuracy | None = None
    unjudged: WarningAccuracy | None = None
    faults: list[FaultAccuracy] = field(default_factory=list)
    levels: dict[str, list[tuple[float, int]]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return "synthetic" if self.synthetic else "real"

    @property
    def hours(self) -> float:
        return sum(row["duration_min"] for row in self.recordings) / 60


@dataclass
class Corpus:
    """All of it; `failures` are (name, sentence)."""

    groups: list[Group]
    failures: list[tuple[str, str]]

    @property
    def recordings(self) -> int:
        return sum(len(group.recordings) for group in self.groups)


def summed_up(tables: Callable[[str], pa.Table]) -> Corpus:
    """Sum up a store: `tables` reads one of its tables by name."""
    rows = {name: tables(name).to_pylist() for name in ("recordings", "accuracy", "faults")}
    failed = [(row["key"], row["error"]) for row in tables("failures").to_pylist()]
    errors = {event: _errors_by_key(tables, *where) for event, where in ERRORS.items()}
    levels: dict[str, list[tuple[float, int]]] = {}
    for row in tables("warnings").to_pylist():
        levels.setdefault(row["key"], []).append((row["t_s"], row["level"]))
    groups = []
    for synthetic in (False, True):
        mine = [row for row in rows["recordings"] if row["synthetic"] == synthetic]
        if mine:
            short = shortened(row["key"] for row in mine)
            mine = [{**row, "name": short[row["key"]]} for row in mine]
            keys = {row["key"]: row["name"] for row in mine}
            group = Group(synthetic, sorted(mine, key=lambda row: row["name"]))
            for gait in GAITS:
                those = {row["key"]: row["name"] for row in mine if _gait(row) == gait}
                group.events += _events(rows["accuracy"], errors, those, gait)
            _judge(group)
            group.faults = list(_faults([r for r in rows["faults"] if r["key"] in keys]))
            group.levels = {keys[key]: told for key, told in levels.items() if key in keys}
            groups.append(group)
    return Corpus(groups, failed)


def shortened(keys: Iterable[str]) -> dict[str, str]:
    """Names without the folder they all share and without .edf, as long as they stay apart."""
    keys = list(keys)
    paths = [key.partition("::")[0] for key in keys]  # without the archive they are in
    folders = [posixpath.dirname(path).split("/") for path in paths]
    shared = 0
    while folders and all(len(f) > shared and f[shared] == folders[0][shared] for f in folders):
        shared += 1
    short = ["/".join(path.split("/")[shared:]) for path in paths]
    bare = [name[: -len(SUFFIX)] if name.lower().endswith(SUFFIX) else name for name in short]
    return dict(zip(keys, bare if len(set(bare)) == len(bare) else keys, strict=True))


def _errors_by_key(
    tables: Callable[[str], pa.Table], table: str, column: str, edge: str | None
) -> dict[str, np.ndarray]:
    """Errors (ms, finite) of each recording; the table is sorted by key."""
    found = tables(table)
    if column not in found.column_names:
        return {}
    keys = np.asarray(found["key"].to_pylist(), object)
    values = found[column].to_numpy().astype(float)
    if edge is not None:
        mine = np.asarray(found["edge"].to_pylist(), object) == edge
        keys, values = keys[mine], values[mine]
    names, starts = np.unique(keys, return_index=True) if len(keys) else ([], np.zeros(0, int))
    parts = np.split(values, starts[1:]) if len(keys) else []
    return {name: part[np.isfinite(part)] for name, part in zip(names, parts, strict=True)}


def _gait(row: Row) -> str:
    """What there is most of in a recording."""
    if not row["running"] + row["walking"]:
        return "no steps"
    return "running" if row["running"] >= row["walking"] else "walking"


def _events(
    accuracy: list[Row],
    errors: dict[str, dict[str, np.ndarray]],
    names: dict[str, str],
    gait: str,
) -> Iterable[EventAccuracy]:
    for event in ERRORS:
        rows = [row for row in accuracy if row["event"] == event and row["key"] in names]
        if not rows:
            continue
        known = [row for row in rows if row["bias_ms"] is not None]
        counts = [row["found"] for row in known]
        yield EventAccuracy(
            event=event,
            gait=gait,
            recordings=len(rows),
            truth=_sum(rows, "truth"),
            found=sum(row["found"] for row in rows),
            missed=_sum(rows, "missed"),
            false=_sum(rows, "false"),
            bias_ms=statistics.median([row["bias_ms"] for row in known]),
            sd_ms=statistics.pooled_sd([row["sd_ms"] for row in known], counts),
            mae_ms=float(np.average([row["mae_ms"] for row in known], weights=counts))
            if known
            else math.nan,
            errors_ms={names[key]: values for key, values in errors[event].items() if key in names},
        )


def _sum(rows: list[Row], column: str) -> int | None:
    values = [row[column] for row in rows if row[column] is not None]
    return sum(values) if values else None


def _judge(group: Group) -> None:
    """Warnings by scenario, over all with truth, and apart from them those without."""
    known = [row for row in group.recordings if row["fresh_h"] is not None]
    unknown = [row for row in group.recordings if row["fresh_h"] is None]
    for scenario in dict.fromkeys(row["scenario"] for row in known):
        group.scenarios.append(_warnings(scenario, [r for r in known if r["scenario"] == scenario]))
    if known:
        group.overall = _warnings(ALL, known)
    if unknown:
        group.unjudged = _warnings("no truth", unknown)


def _warnings(scenario: str, rows: list[Row]) -> WarningAccuracy:
    hours = sum(row["duration_min"] for row in rows) / 60
    heavy = sum(row["heavy_rises"] for row in rows)
    fresh_h = sum(row["fresh_h"] or 0.0 for row in rows)
    false = sum(row["false_heavy"] or 0 for row in rows)
    tiring = [row for row in rows if row["tires"]]
    caught = [row for row in tiring if row["caught"]]
    attributions: dict[str, int] = {}
    for row in rows:
        cause = MISSED if row["tires"] and not row["caught"] else row["attribution"]
        attributions[cause] = attributions.get(cause, 0) + 1
    return WarningAccuracy(
        scenario=scenario,
        recordings=len(rows),
        hours=hours,
        heavy=heavy,
        heavy_per_10_h=statistics.rate_per_10_h(heavy, hours),
        fresh_h=fresh_h,
        judged_h=sum(row["judged_h"] or 0.0 for row in rows),
        false_heavy=false,
        false_per_10_h=statistics.rate_per_10_h(false, fresh_h),
        tiring=len(tiring),
        caught=len(caught),
        sensitivity=statistics.proportion(len(caught), len(tiring)),
        delay_min=statistics.median([row["delay_min"] for row in caught]),
        attributions=attributions,
    )


def causes_of(scenarios: list[WarningAccuracy]) -> list[str]:
    """The causes named in any of the scenarios, in the band's own order; `missed` last."""
    return [
        cause
        for cause in (*wire.ATTRIBUTIONS, MISSED)
        if any(cause in row.attributions for row in scenarios)
    ]


def _faults(rows: list[Row]) -> Iterable[FaultAccuracy]:
    for fault in dict.fromkeys(row["fault"] for row in rows):
        mine = [row for row in rows if row["fault"] == fault]
        named = [row for row in mine if row["named"]]
        yield FaultAccuracy(
            fault=fault,
            n=len(mine),
            named=statistics.proportion(len(named), len(mine)),
            after_s=statistics.median([row["named_after_s"] for row in named]),
            heavy=sum(row["heavy_within"] for row in mine),
        )
