"""What a recording's annotations say about fatigue and faults, and what the band made of it.

FATIGUE=<0..1> (or LEVEL=<0..4>) tells how tired the legs were, FAULT=<name> what was wrong with a
sensor, SCENARIO=<name> what kind of run it was. None of it is ever shown to the firmware.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from host_tools.firmware_tables import wire
from host_tools.recording import Annotation

HEAVY = wire.LEVELS.index("heavy")
HALF = 0.5  # of the full change: from here on a warning is due
TOLD_WITHIN_S = 15.0  # a fault counts as named up to this long after its end
SETTLES_S = 180.0  # an attribution may still change this long after the first heavy warning
Warnings = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class FatigueTruth:
    """`fresh_s`: the legs are fresh until then; `half_s`: half of the full change is reached,
    infinity if never."""

    fresh_s: float
    half_s: float

    @property
    def tires(self) -> bool:
        return math.isfinite(self.half_s)


def fatigue_truth(marks: Sequence[Annotation], duration_s: float) -> FatigueTruth | None:
    """From FATIGUE= annotations, or else LEVEL= (0 and 1 fresh, 3 half); None without either."""
    t_s, tired = _values(marks, "FATIGUE")
    if not len(t_s):
        t_s, level = _values(marks, "LEVEL")
        tired = np.clip((level - 1) / 4, 0, 1)
    if not len(t_s):
        return None
    above = np.flatnonzero(tired > 0)
    # Between two marks the rise may begin at once: fresh only until the last mark that says so.
    fresh_s = duration_s if not len(above) else float(t_s[max(above[0] - 1, 0)]) * (above[0] > 0)
    half_s = math.inf
    past = np.flatnonzero(tired >= HALF)
    if len(past):
        i = past[0]
        half_s = float(t_s[i])
        if i and tired[i] > tired[i - 1]:
            half_s = float(np.interp(HALF, tired[i - 1 : i + 1], t_s[i - 1 : i + 1]))
    return FatigueTruth(fresh_s, half_s)


def scenario(marks: Sequence[Annotation], fatigue: FatigueTruth | None, duration_s: float) -> str:
    """As annotated, or else by what the truth holds."""
    named = [m.text.partition("=")[2] for m in marks if m.text.startswith("SCENARIO=")]
    if named:
        return named[0]
    if fatigue and fatigue.tires:
        return "tiring"
    if any(m.text.startswith("FAULT=") for m in marks):
        return "faults"
    if fatigue is None:
        return "no truth"
    return "fresh" if fatigue.fresh_s >= duration_s else "tiring a little"


def verdict(
    truth: FatigueTruth | None, warnings: Warnings, duration_s: float
) -> dict[str, float | int | bool | None]:
    """Columns of a recording's row: was it right to warn, and when.

    fresh_h         hours known to be fresh; judged_h: of them, those with a level above 0
    false_heavy     rises to heavy in them
    tires, caught   should it warn, and did it, after the legs began to tire
    half_min        when half of the full change was reached
    delay_min       from then to that warning; negative is earlier
    """
    if truth is None:
        return dict.fromkeys(
            ("fresh_h", "judged_h", "false_heavy", "tires", "half_min", "caught", "delay_min"), None
        )
    rises = heavy_rises(warnings)
    due = [t for t in rises if t >= truth.fresh_s]
    caught = bool(due) and truth.tires
    return {
        "fresh_h": min(truth.fresh_s, duration_s) / 3600,
        "judged_h": seconds_judged(warnings, min(truth.fresh_s, duration_s)) / 3600,
        "false_heavy": sum(t < truth.fresh_s for t in rises),
        "tires": truth.tires,
        "half_min": truth.half_s / 60 if truth.tires else None,
        "caught": caught if truth.tires else None,
        "delay_min": (due[0] - truth.half_s) / 60 if caught else None,
    }


def heavy_rises(warnings: Warnings) -> list[float]:
    """Times at which the level came to heavy or more from below."""
    found, before = [], 0
    for row in warnings:
        if row["level"] >= HEAVY > before:
            found.append(float(row["t_s"]))
        before = row["level"]
    return found


def seconds_judged(warnings: Warnings, until_s: float) -> float:
    """Time with a level above 0 up to `until_s`."""
    total, level, since = 0.0, 0, 0.0
    for t, then in [*((row["t_s"], row["level"]) for row in warnings), (until_s, 0)]:
        t = min(t, until_s)
        total += (t - since) * (level > 0)
        since, level = t, then
    return total


def attribution(warnings: Warnings, duration_s: float) -> str:
    """What the first heavy warning is put down to once settled; without one, what else was told
    longest, `none` if nothing was."""
    rises = heavy_rises(warnings)
    if rises:
        settled = rises[0] + SETTLES_S
        heavy = [w for w in warnings if w["level"] >= HEAVY and w["t_s"] <= settled]
        return heavy[-1]["attribution"]
    lasts: dict[str, float] = {}
    ends = [*(row["t_s"] for row in warnings[1:]), duration_s]
    for row, end in zip(warnings, ends, strict=False):
        if row["attribution"] != "none":
            lasts[row["attribution"]] = lasts.get(row["attribution"], 0.0) + end - row["t_s"]
    return max(lasts, key=lambda name: lasts[name]) if lasts else "none"


def fault_rows(
    marks: Sequence[Annotation], warnings: Warnings, duration_s: float
) -> list[dict[str, Any]]:
    """One row per FAULT= annotation: was it told by its name, after how long, and did a heavy
    warning begin under it."""
    rows = []
    for mark in marks:
        name, _, fault = mark.text.partition("=")
        if name != "FAULT":
            continue
        stop = min(mark.t_s + mark.duration_s, duration_s) + TOLD_WITHIN_S
        told = [w["t_s"] for w in warnings if fault in w["faults"] and mark.t_s <= w["t_s"] <= stop]
        rows.append(
            {
                "t_s": mark.t_s,
                "duration_s": mark.duration_s,
                "fault": fault,
                "named": bool(told),
                "named_after_s": told[0] - mark.t_s if told else None,
                "heavy_within": any(mark.t_s <= t <= stop for t in heavy_rises(warnings)),
            }
        )
    return rows


def _values(marks: Sequence[Annotation], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Times and numbers of the annotations `name=number`, in time order."""
    found = []
    for mark in marks:
        key, _, text = mark.text.partition("=")
        if key == name:
            try:
                value = float(text)
            except ValueError:
                continue
            if math.isfinite(value):
                found.append((mark.t_s, value))
    times = np.array(sorted(found)).reshape(-1, 2)
    return times[:, 0], times[:, 1]
