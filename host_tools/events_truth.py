"""How far the band's events lie from those written into a recording (force plates, synthesis).

The first 2.5 s count as start-up and the last contact may be cut off, so both are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from host_tools.recording import Annotation

START_UP_S = 2.5
TOLERANCE_S = 0.12
STANCE_LIMIT_S = 0.6
MIN_EVENTS = 4  # fewer say nothing about accuracy at the ends

Comparison = dict[str, dict[str, Any]]


def compare(
    annotations: Sequence[Annotation],
    strides: dict[str, np.ndarray],
    bursts: dict[str, np.ndarray],
) -> Comparison:
    """`ic`, `to`, `contact`, `onset`, `offset` -> truth, found, missed, false, bias/sd/mae in ms.

    `strides` and `bursts` are columns in seconds. Empty where the recording carries no truth.
    """
    found: Comparison = {}
    ic = _times(annotations, "IC")
    if len(ic):
        found.update(_compare_contacts(ic, _times(annotations, "TO"), strides))
    first = bursts["channel"] == 1
    for name, mark, column in (("onset", "EMG_ON", "t_on_s"), ("offset", "EMG_OFF", "t_off_s")):
        truth = _times(annotations, mark)
        if len(truth):
            found[name] = _compare_times(truth, bursts[column][first])
    return found


def _times(annotations: Sequence[Annotation], text: str) -> np.ndarray:
    return np.array(sorted(a.t_s for a in annotations if a.text == text))


def _compare_contacts(ic: np.ndarray, to: np.ndarray, strides: dict[str, np.ndarray]) -> Comparison:
    found_ic, found_to = strides["t_ic_s"], strides["t_to_s"]
    ic, keep = _settled(ic, found_ic)
    found_ic, found_to = found_ic[keep], found_to[keep]
    pairs = _pairs(found_ic, ic)
    ic_errors, to_errors, contact_errors = [], [], []
    for i, j in pairs:
        ic_errors.append(found_ic[j] - ic[i])
        after = to[(to > ic[i]) & (to < ic[i] + STANCE_LIMIT_S)]
        if len(after) and np.isfinite(found_to[j]):
            to_errors.append(found_to[j] - after[0])
            contact_errors.append((found_to[j] - found_ic[j]) - (after[0] - ic[i]))
    counts = _counts(len(ic), len(found_ic), len(pairs))
    return {
        "ic": {**counts, **_errors_ms(ic_errors)},
        "to": {"found": len(to_errors), **_errors_ms(to_errors)},
        "contact": {"found": len(contact_errors), **_errors_ms(contact_errors)},
    }


def _compare_times(truth: np.ndarray, found: np.ndarray) -> dict[str, Any]:
    truth, keep = _settled(truth, found)
    found = found[keep]
    pairs = _pairs(found, truth)
    return {
        **_counts(len(truth), len(found), len(pairs)),
        **_errors_ms([found[j] - truth[i] for i, j in pairs]),
    }


def _settled(truth: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Truth without start-up and the last event, and which of `found` belong to that span."""
    if len(truth) <= MIN_EVENTS:
        return truth, np.isfinite(found)
    truth = truth[truth > START_UP_S][:-1]
    end = truth[-1] + TOLERANCE_S if len(truth) else START_UP_S
    return truth, (found > START_UP_S - 0.1) & (found < end)


def _pairs(found: np.ndarray, truth: np.ndarray) -> list[tuple[int, int]]:
    """Nearest one-to-one pairs (index in truth, index in found) within the tolerance."""
    pairs = []
    used: set[int] = set()
    for i, t in enumerate(truth):
        if not len(found):
            break
        j = int(np.argmin(np.abs(found - t)))
        if abs(found[j] - t) <= TOLERANCE_S and j not in used:
            used.add(j)
            pairs.append((i, j))
    return pairs


def _counts(truth: int, found: int, matched: int) -> dict[str, int]:
    return {
        "truth": truth,
        "found": matched,
        "missed": truth - matched,
        "false": found - matched,
    }


def _errors_ms(errors_s: Sequence[float]) -> dict[str, float | None]:
    """Bias, SD and mean absolute error in ms; None without a single pair."""
    if not errors_s:
        return {"bias_ms": None, "sd_ms": None, "mae_ms": None}
    errors = np.asarray(errors_s) * 1000
    return {
        "bias_ms": round(float(errors.mean()), 2),
        "sd_ms": round(float(errors.std()), 2),
        "mae_ms": round(float(np.abs(errors).mean()), 2),
    }
