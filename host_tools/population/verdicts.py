"""What the band said of one run, against what was true: the same rows from both tiers.

`runs`     one row per run: when it warned, of what, how sure, and the score it is ranked by
`moments`  every ten minutes: level, confidence, true fatigue
`named`    one row per fault: was it told by its name
"""

from __future__ import annotations

from typing import Any

import numpy as np

from host_tools.firmware_tables import units, wire
from host_tools.population.scenarios import RIGHT, Run

HEAVY = wire.LEVELS.index("heavy")
WATCH = wire.LEVELS.index("watch")
MOMENT_MIN = 10.0
FIRST_MOMENT_MIN = 20.0
TOLD_WITHIN_S = 15.0  # a fault counts as named up to this long after its end
BLAMED_S = 180.0  # a heavy warning up to this long after a fault's end is put down to it
SLIP_S = 30.0  # a slip without an end counts as lasting this long
LATE_SHARE = 1 / 3
TOLD_SHARE = 1 / 20  # of a run: what is told for less is a passing remark

T, LEVEL, ATTRIBUTION, CONFIDENCE, REASONS, FAULTS = range(6)  # wire.WARNING
BLOCK_T, _, _, BLOCK_LEVEL, BLOCK_CONFIDENCE = range(5)  # wire.TREND_HEAD


def verdict_tables(
    run: Run, warnings: np.ndarray, blocks: np.ndarray, **told: Any
) -> dict[str, list[dict[str, Any]]]:
    """Tables of a run from its rows of wire.WARNING and heads of wire.TREND; `told` is added
    to every row (the tier, and what was varied)."""
    who = {
        **told,
        "athlete": run.runner.index,
        "kind": run.kind,
        "repeat": run.repeat,
        "knows_speed": run.runner.knows_speed,
    }
    tables = {
        "runs": [who | run_row(run, warnings, blocks)],
        "moments": [who | row for row in moment_rows(run, blocks)],
    }
    if run.plan.faults:
        tables["named"] = [who | row for row in named_rows(run, warnings)]
    return tables


def run_row(run: Run, warnings: np.ndarray, blocks: np.ndarray) -> dict[str, Any]:
    """One run: warnings before the legs tire are false, the first one after is the catch."""
    assert run.plan.course is not None
    end_min = run.plan.duration_s / 60
    minutes = warnings[:, T] / (60 * units.DMS_PER_S)
    level = warnings[:, LEVEL]
    rises = rises_to_heavy(warnings)
    onset = run.plan.course.onset_min if run.tires else np.inf
    false = rises[minutes[rises] < onset]
    caught = rises[minutes[rises] >= onset]
    judged = minutes[level >= 1]
    first_judged = float(judged[0]) if len(judged) else end_min
    fresh_end = min(onset, end_min)
    row: dict[str, Any] = {
        "minutes": end_min,
        "speed_m_s": run.runner.speed_m_s,
        "fresh_h": fresh_end / 60,
        "judged_fresh_h": max(fresh_end - first_judged, 0.0) / 60,
        "false_heavy": len(false),
        "caught": bool(len(caught)),
        "highest": int(level.max(initial=0)),
        **scores(blocks),
    }
    if run.tires:
        half = onset + run.plan.course.ramp_min / 2  # of a smoothstep
        at = float(minutes[caught[0]]) if len(caught) else float("nan")
        row |= {"onset_min": onset, "after_onset_min": at - onset, "after_half_min": at - half}
    row["attribution"] = attribution(run, warnings, caught)
    row["right"] = row["attribution"] == RIGHT.get(run.kind, "none")
    if len(caught):
        row["confidence_pct"] = int(warnings[caught[0], CONFIDENCE])
    return row


def rises_to_heavy(warnings: np.ndarray) -> np.ndarray:
    """Rows at which the level becomes heavy."""
    level = warnings[:, LEVEL]
    return np.flatnonzero((level >= HEAVY) & (np.concatenate([[0], level[:-1]]) < HEAVY))


def attribution(run: Run, warnings: np.ndarray, caught: np.ndarray) -> str:
    """A tiring run: what the first heavy warning, settled for three minutes, is put down to
    (`missed` without one). Others: what was told longest, if for a twentieth of the run."""
    causes = warnings[:, ATTRIBUTION]
    if run.tires:
        if not len(caught):
            return "missed"
        settled = warnings[caught[0], T] + 180 * units.DMS_PER_S
        heavy = (warnings[:, LEVEL] >= HEAVY) & (warnings[:, T] <= settled)
        return wire.ATTRIBUTIONS[int(causes[np.flatnonzero(heavy)[-1]])]
    end = run.plan.duration_s * units.DMS_PER_S
    lasts = np.diff(np.append(warnings[:, T], end))
    told = np.bincount(causes, lasts, len(wire.ATTRIBUTIONS))
    told[0] = TOLD_SHARE * end
    return wire.ATTRIBUTIONS[int(told.argmax())]


def scores(blocks: np.ndarray) -> dict[str, float]:
    """What the band thinks of the whole run, as one number: 0 nothing, 0-1 fresh (surely fresh
    is low), 2-5 warned (level and confidence); highest, and mean of the last third."""
    if not len(blocks):
        return {"score": 0.0, "late_score": 0.0}
    level = blocks[:, BLOCK_LEVEL]
    sure = blocks[:, BLOCK_CONFIDENCE] / 100
    score = np.where(level >= WATCH, level + sure, np.where(level == 1, 1 - sure, 0.0))
    late = blocks[:, BLOCK_T] >= (1 - LATE_SHARE) * blocks[-1, BLOCK_T]
    return {"score": float(score.max()), "late_score": float(score[late].mean())}


def moment_rows(run: Run, blocks: np.ndarray) -> list[dict[str, Any]]:
    """Level and confidence at fixed minutes, with the truth beside them."""
    assert run.plan.course is not None
    rows = []
    minute = FIRST_MOMENT_MIN
    t_min = blocks[:, BLOCK_T] / (60 * units.DMS_PER_S)
    while minute <= run.plan.duration_s / 60:
        i = int(np.searchsorted(t_min, minute)) - 1
        if i >= 0 and minute - t_min[i] < 2 and blocks[i, BLOCK_LEVEL] > 0:
            true = float(run.plan.course.level(np.array([60 * minute]))[0])
            level, sure = blocks[i, BLOCK_LEVEL], blocks[i, BLOCK_CONFIDENCE]
            row = {"minute": minute, "level": int(level), "confidence_pct": int(sure)}
            rows.append(row | {"fatigue": true})
        minute += MOMENT_MIN
    return rows


def named_rows(run: Run, warnings: np.ndarray) -> list[dict[str, Any]]:
    """Every fault: was its name among those told while it lasted (or within 15 s after), and
    did the level rise to heavy then or within three minutes after."""
    t_s = warnings[:, T] / units.DMS_PER_S
    rises_s = t_s[rises_to_heavy(warnings)]
    rows = []
    for fault in run.plan.faults:
        bit = wire.FAULTS.index(fault.name)
        end = fault.start_s + (fault.duration_s or SLIP_S)
        has = (warnings[:, FAULTS] >> bit) & 1 > 0
        inside = has & (t_s >= fault.start_s) & (t_s < end + TOLD_WITHIN_S)
        first = float(t_s[inside][0]) - fault.start_s if inside.any() else float("nan")
        rows.append(
            {
                "fault": fault.kind,
                "mode": fault.how,
                "lasts_s": fault.duration_s or 0.0,
                "named": bool(inside.any()),
                "after_s": first,
                "heavy": bool(((rises_s >= fault.start_s) & (rises_s < end + BLAMED_S)).any()),
            }
        )
    return rows
