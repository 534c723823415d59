"""What the fitted constants are worth on someone they were not fitted on.

Every method's contact and toe-off carry one additive constant each (the firmware's are the delays
*_TO_CONTACT and *_TO_TOE_OFF in contacts.py). An additive constant is fitted by the mean error: so
for each person the constants are refitted on all others, and the errors of the one left out are
shown. Of the virtual runner one speed is left out, which also tells whether the constants hold
across speeds. Peers get the same treatment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tests.accuracy import runs
from tests.accuracy.gait_rows import EVENTS, FIRMWARE, Row, pooled
from tests.accuracy.gait_table import stat_text
from tests.accuracy.grid import Grid

PERSONS = {**runs.REAL_ACCELEROMETER, **runs.VIRTUAL_SHANK}


@dataclass(frozen=True)
class LeftOut:
    """One person's errors, once the constants have been moved by these ms for the others' sake."""

    group: str
    method: str
    person: str
    ic_moved_ms: float
    to_moved_ms: float
    row: Row


def leave_one_out(rows: Sequence[Row]) -> list[LeftOut]:
    """Per group and method that has a toe-off: each person, constants from the others."""
    found = []
    for group, method in dict.fromkeys((row.group, row.method) for row in rows):
        own = {r.recording: r for r in rows if (r.group, r.method) == (group, method)}
        persons = {who: files for who, files in PERSONS.items() if set(files) <= set(own)}
        for person in persons:
            left_out = _without_constants(own, persons, person)
            if left_out:
                found.append(LeftOut(group, method, person, *left_out))
    return found


def _without_constants(
    own: Mapping[str, Row], persons: Mapping[str, Sequence[str]], person: str
) -> tuple[float, float, Row] | None:
    others = [own[file] for who, files in persons.items() if who != person for file in files]
    if not others:
        return None
    ic_s, to_s = (_mean(np.concatenate([getattr(r.errors, e) for r in others])) for e in EVENTS[:2])
    if not np.isfinite(to_s):
        return None
    row = pooled([own[file] for file in persons[person]])
    errors = replace(
        row.errors,
        ic=row.errors.ic - ic_s,
        to=row.errors.to - to_s,
        contact=row.errors.contact - (to_s - ic_s),
    )
    return -1000 * ic_s, -1000 * to_s, replace(row, recording=person, errors=errors)


def _mean(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else np.nan


def grid(left_out: Sequence[LeftOut]) -> Grid:
    result = Grid(
        "Real recordings, constants refitted on the others: bias ± SD (MAE) in ms",
        ("method", "left out", "contact by", "toe-off by", "contact", "toe-off", "contact time"),
        left=2,
        note="by: how far the others' mean error moves the constant. Peers in their best axes.",
    )
    for item in left_out:
        result.add(
            item.method,
            item.person,
            f"{item.ic_moved_ms:+.1f}",
            f"{item.to_moved_ms:+.1f}",
            *(stat_text(item.row.stat_ms(event)) for event in EVENTS),
            strong=item.method == FIRMWARE,
        )
    return result
