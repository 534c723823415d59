"""Features against float64 and against the truth: `python -m tests.accuracy features`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from host_tools.athlete import athlete_from_patient
from host_tools.recording import read_recording
from tests.accuracy import band, runs
from tests.accuracy.feature_costs import Cost, arithmetic_costs, emg_costs, motion_costs
from tests.accuracy.gait_rows import firmware_errors
from tests.accuracy.grid import Grid
from tests.accuracy.headline import Figure
from tests.accuracy.runs import Replay, Replays
from tests.accuracy.shank import read_shank

BLOCK = 25  # strides to a median, as the fatigue model takes them
SYNTHETIC_EMG = ("2.5 m/s", "3.5 m/s", "5.0 m/s")
# Largest fixed-point error allowed: feature -> (limit, in % of the value or in its unit).
TARGETS = {"kvert": (2.0, "%"), "MNF": (1.0, "Hz"), "MDF": (1.0, "Hz"), "FInsm5": (3.0, "%")}
KVERT_TARGET_PCT = 2.0


@dataclass(frozen=True)
class Stiffness:
    """kvert of the firmware against Morin's formula from the true times, in %."""

    kind: str
    recording: str
    count: int
    bias_pct: float
    sd_pct: float
    blocks_pct: float  # largest error of a median of 25 strides; NaN with fewer
    kleg_bias_pct: float  # NaN without height and speed


@dataclass(frozen=True)
class FeatureResult:
    costs: list[Cost] = field(default_factory=list)
    stiffness: list[Stiffness] = field(default_factory=list)


def stiffness(kind: str, name: str, replay: Replay) -> Stiffness:
    """From each true contact whose toe-off and next contact are true, too."""
    recording = read_recording(replay.path)
    who = athlete_from_patient(f"{recording.patient} {recording.title}", [])
    shank = read_shank(replay.path)
    strides = replay.columns("strides")
    errors = firmware_errors(shank, replay)
    at = [int(np.argmin(np.abs(strides["t_ic_s"] - t))) for t in errors.t_s + errors.ic]
    off_s = _next(shank.to_s, errors.t_s)
    next_s = _next(shank.ic_s, errors.t_s)
    known = (off_s < next_s) & np.isfinite(strides["kvert_kn_m"][at])
    true = band.morin(
        (off_s - errors.t_s)[known],
        (next_s - errors.t_s)[known],
        who.mass_kg or np.nan,
        who.height_m or np.nan,
        who.speed_m_s or np.nan,
    )
    found = strides["kvert_kn_m"][at][known] * 1000
    error = 100 * (found / true.kvert_n_m - 1)
    blocks = [
        100 * abs(np.median(found[i : i + BLOCK]) / np.median(true.kvert_n_m[i : i + BLOCK]) - 1)
        for i in range(0, len(found) - BLOCK + 1, BLOCK)
    ]
    kleg = 100 * (strides["kleg_kn_m"][at][known] * 1000 / true.kleg_n_m - 1)
    kleg = kleg[np.isfinite(kleg)]
    return Stiffness(
        kind,
        name,
        len(error),
        float(error.mean()),
        float(error.std()),
        float(max(blocks, default=np.nan)),
        float(kleg.mean()) if len(kleg) else np.nan,
    )


def _next(times_s: np.ndarray, after_s: np.ndarray) -> np.ndarray:
    """For each of `after_s` the first of the sorted `times_s` behind it; NaN where none is."""
    return np.append(times_s, np.nan)[np.searchsorted(times_s, after_s, side="right")]


def measure(replays: Replays) -> FeatureResult:
    result = FeatureResult()
    persons = {**runs.REAL_ACCELEROMETER, **runs.VIRTUAL_SHANK}
    running = {n: replays.real[n] for files in persons.values() for n in files if replays.real}
    for kind, own in (("real", running), ("synthetic", replays.synthetic)):
        for name, replay in own.items():
            result.stiffness.append(stiffness(kind, name, replay))
            result.costs.extend(motion_costs(kind, name, replay))
    for kind, names, own in (
        ("real", runs.REAL_EMG, replays.real),
        ("synthetic", SYNTHETIC_EMG, replays.synthetic),
    ):
        for name in names if own else ():
            result.costs.extend(emg_costs(kind, name, read_recording(own[name].path)))
    if replays.synthetic:
        result.costs.extend(arithmetic_costs())
    return result


def worst(costs: Sequence[Cost]) -> list[Cost]:
    """Per kind and feature, the largest errors over all sources; RMS pooled over the values."""
    found = []
    for kind, feature in dict.fromkeys((c.kind, c.feature) for c in costs):
        own = [c for c in costs if (c.kind, c.feature) == (kind, feature) and c.count]
        if not own:
            continue
        count = sum(c.count for c in own)
        rms = (sum(c.count * c.rms**2 for c in own) / count) ** 0.5
        largest = max(c.largest for c in own)
        share = max(c.largest_pct for c in own)
        source = own[0].source if len(own) == 1 else f"{len(own)} sources"
        found.append(Cost(kind, feature, own[0].unit, source, count, rms, largest, share))
    return found


def grids(result: FeatureResult, kind: str) -> list[Grid]:
    """The tables of the real recordings, or of what is synthetic."""
    rows = [row for row in result.stiffness if row.kind == kind]
    costs = [c for c in result.costs if c.kind == kind]
    return ([_stiffness_grid(kind, rows)] if rows else []) + (
        [_cost_grid(kind, costs)] if costs else []
    )


def _stiffness_grid(kind: str, rows: Sequence[Stiffness]) -> Grid:
    grid = Grid(
        f"{kind}: kvert against Morin's formula from the true times, %",
        ("recording", "strides", "bias", "SD", f"worst median of {BLOCK}", "kleg, bias"),
        note=f"The target for the bias of kvert is {KVERT_TARGET_PCT:g} %.",
    )
    for row in rows:
        numbers = (row.bias_pct, row.sd_pct, row.blocks_pct, row.kleg_bias_pct)
        texts = (
            f"{x:{form}}" for x, form in zip(numbers, ("+.1f", ".1f", ".1f", "+.1f"), strict=True)
        )
        grid.add(row.recording, str(row.count), *("-" if "nan" in x else x for x in texts))
    return grid


def _cost_grid(kind: str, costs: Sequence[Cost]) -> Grid:
    grid = Grid(
        f"{kind}: what integers cost, against float64 from the same input",
        ("feature", "unit", "from", "values", "error, rms", "largest", "largest, %", "target"),
        left=3,
    )
    for c in worst(costs):
        share = "-" if np.isnan(c.largest_pct) else f"{c.largest_pct:.2g}"
        limit = TARGETS.get(c.feature)
        target = f"{limit[0]:g} {limit[1]}" if limit else "-"
        numbers = (str(c.count), f"{c.rms:.2g}", f"{c.largest:.2g}", share, target)
        grid.add(c.feature, c.unit, c.source, *numbers)
    return grid


def figures(result: FeatureResult) -> Iterator[Figure]:
    """Largest fixed-point error of each feature, kvert's bias of each recording."""
    for c in worst(result.costs):
        in_unit = c.unit in ("ms", "Hz", "uV", "steps/min")
        value, unit = (c.largest, c.unit) if in_unit else (c.largest_pct, "%")
        name = f"{c.feature}: largest fixed-point error"
        slack = float(f"{value / 2:.1g}")  # it is a largest value, which other strides move
        yield Figure("features", c.kind, name, value, slack, unit)
    for row in result.stiffness:
        name = f"{row.recording}: kvert |bias| from true times"
        yield Figure("features", row.kind, name, abs(row.bias_pct), 0.3, "%")
