"""What the verdicts come to. The unit is always a whole run of an athlete, or a fault of one.

Nothing here or on the band was fitted to these athletes, so every run is one left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from host_tools.corpus.statistics import Interval, auc, proportion, rate_per_10_h
from host_tools.firmware_tables import wire
from host_tools.population.scenarios import ALL_KINDS, EARLY, TIRING
from host_tools.population.verdicts import WATCH

Rows = dict[str, np.ndarray]

CONFIDENCE_EDGES = (0, 20, 40, 55, 65, 75, 85, 101)
TIRED_AT = 0.5  # true fatigue from which "fresh" is wrong


def rows_of(table: pa.Table) -> Rows:
    """Columns as arrays; what a run does not have is NaN."""
    found = {}
    for name in table.column_names:
        column = table.column(name)
        if pa.types.is_floating(column.type):
            found[name] = column.to_numpy(zero_copy_only=False).astype(float)
        else:
            found[name] = np.array(column.to_pylist())
    return found


def where(rows: Rows, **wanted: Any) -> Rows:
    """The rows whose columns equal the wanted values, or are among them (tuples)."""
    keep = np.ones(len(next(iter(rows.values()))), bool)
    for name, value in wanted.items():
        values = value if isinstance(value, tuple) else (value,)
        keep &= np.isin(rows[name], np.array(values))
    return chosen(rows, keep)


def chosen(rows: Rows, keep: np.ndarray) -> Rows:
    return {name: values[keep] for name, values in rows.items()}


def count(rows: Rows) -> int:
    return len(next(iter(rows.values())))


@dataclass(frozen=True)
class Scenario:
    """One kind of run. Delays in minutes: quartiles and 95th percentile over the runs caught."""

    kind: str
    runs: int
    hours: float
    caught: Interval | None
    after_onset_min: tuple[float, float, float, float] | None
    after_half_min: tuple[float, float, float, float] | None
    fresh_hours: float
    false_heavy: int
    false_per_10_h: Interval
    judged_hours: float
    false_per_10_judged_h: Interval


def scenario(kind: str, rows: Rows) -> Scenario:
    """Figures of the runs given."""
    tires = kind in TIRING
    false = int(rows["false_heavy"].sum())
    fresh, judged = float(rows["fresh_h"].sum()), float(rows["judged_fresh_h"].sum())
    return Scenario(
        kind=kind,
        runs=count(rows),
        hours=float(rows["minutes"].sum() / 60),
        caught=caught(rows) if tires else None,
        after_onset_min=_quantiles(rows["after_onset_min"]) if tires else None,
        after_half_min=_quantiles(rows["after_half_min"]) if tires else None,
        fresh_hours=fresh,
        false_heavy=false,
        false_per_10_h=rate_per_10_h(false, fresh),
        judged_hours=judged,
        false_per_10_judged_h=rate_per_10_h(false, judged),
    )


def scenarios(rows: Rows) -> list[Scenario]:
    """One for each kind there is."""
    return [
        scenario(kind, where(rows, kind=kind)) for kind in ALL_KINDS if kind in set(rows["kind"])
    ]


def _quantiles(values: np.ndarray) -> tuple[float, float, float, float] | None:
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    q25, q50, q75, q95 = (float(q) for q in np.quantile(known, [0.25, 0.5, 0.75, 0.95]))
    return q25, q50, q75, q95


def not_tiring(rows: Rows) -> Rows:
    return chosen(rows, ~np.isin(rows["kind"], TIRING))


def tiring(rows: Rows, early: bool = False) -> Rows:
    kinds = TIRING if early else tuple(kind for kind in TIRING if kind != EARLY)
    return chosen(rows, np.isin(rows["kind"], kinds))


CAUSES = (*wire.ATTRIBUTIONS, "missed")


def confusion(rows: Rows) -> dict[str, dict[str, int]]:
    """Kind of run -> attribution -> runs. Tiring runs: of the first heavy warning, or `missed`."""
    found = {}
    for kind in ALL_KINDS:
        causes = where(rows, kind=kind)["attribution"]
        if len(causes):
            found[kind] = {cause: int((causes == cause).sum()) for cause in CAUSES}
    return found


def caught(rows: Rows) -> Interval:
    """Share of the tiring runs called heavy after their onset."""
    return proportion(int(rows["caught"].sum()), count(rows))


def rightly_attributed(rows: Rows) -> Interval:
    """Share of the tiring runs warned of whose first heavy warning names the right cause."""
    warned = chosen(rows, rows["caught"].astype(bool))
    return proportion(int(warned["right"].sum()), count(warned))


@dataclass(frozen=True)
class Named:
    """Faults of one kind, or of all: told by name, after how long, and called heavy."""

    fault: str
    faults: int
    named: Interval
    after_s: float
    heavy: int


def named(rows: Rows) -> list[Named]:
    """One for each kind of fault, and one for all at the end."""
    groups = [(fault, where(rows, fault=fault)) for fault in sorted(set(rows["fault"]))]
    return [
        Named(
            fault,
            count(some),
            proportion(int(some["named"].sum()), count(some)),
            float(np.nanmedian(some["after_s"])) if some["named"].any() else float("nan"),
            int(some["heavy"].sum()),
        )
        for fault, some in [*groups, ("all", rows)]
    ]


def separation(rows: Rows, score: str = "score") -> dict[str, Interval]:
    """ROC area of whole runs' scores, each tiring kind and all of them against the others."""
    others = not_tiring(rows)[score]
    found = {"all tiring": auc(tiring(rows)[score], others)}
    for kind in TIRING:
        scores = where(rows, kind=kind)[score]
        if len(scores):
            found[kind] = auc(scores, others)
    return found


@dataclass(frozen=True)
class Calibration:
    """Moments of one claim with a confidence from `low` up to `high`: share that was right."""

    claim: str
    low: int
    high: int
    mean_pct: float
    moments: int
    right: Interval


def calibration(moments: Rows) -> list[Calibration]:
    """`fresh` is right below half of the full fatigue, `watch` and `heavy` above none at all."""
    claims = (
        ("fresh", moments["level"] == 1, moments["fatigue"] < TIRED_AT),
        ("watch", moments["level"] == WATCH, moments["fatigue"] > 0),
        ("heavy", moments["level"] > WATCH, moments["fatigue"] > 0),
    )
    found = []
    sure = moments["confidence_pct"]
    for claim, said, right in claims:
        for low, high in zip(CONFIDENCE_EDGES, CONFIDENCE_EDGES[1:], strict=False):
            part = said & (sure >= low) & (sure < high)
            if part.any():
                share = proportion(int((part & right).sum()), int(part.sum()))
                mean = float(sure[part].mean())
                found.append(Calibration(claim, low, high - 1, mean, int(part.sum()), share))
    return found
