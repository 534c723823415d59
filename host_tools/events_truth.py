"""How far the band's events lie from those written into a recording (force plates, synthesis).

The first 2.5 s count as start-up and the last contact may be cut off, so both are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    ic = true_times(annotations, "IC")
    if len(ic):
        found.update(_compare_contacts(ic, true_times(annotations, "TO"), strides))
    first = bursts["channel"] == 1
    for name, mark, column in (("onset", "EMG_ON", "t_on_s"), ("offset", "EMG_OFF", "t_off_s")):
        truth = true_times(annotations, mark)
        if len(truth):
            found[name] = _compare_times(truth, bursts[column][first])
    return found


def true_times(annotations: Sequence[Annotation], text: str) -> np.ndarray:
    """Times (s, sorted) of the annotations with this text."""
    return np.array(sorted(a.t_s for a in annotations if a.text == text))


@dataclass(frozen=True)
class ContactErrors:
    """How found contacts lie against true ones; arrays (n,) in s over the contacts found.

    `t_s` is the true contact, errors are found - true; `to` and `contact` are NaN where either
    side has no toe-off.
    """

    truth: int
    false: int
    t_s: np.ndarray
    ic: np.ndarray
    to: np.ndarray
    contact: np.ndarray

    @property
    def found(self) -> int:
        return len(self.t_s)

    @property
    def missed(self) -> int:
        return self.truth - self.found


def contact_errors(
    ic: np.ndarray, to: np.ndarray, found_ic: np.ndarray, found_to: np.ndarray
) -> ContactErrors:
    """Errors of contacts and toe-offs (s); `found_to` belongs to `found_ic`, NaN where missing."""
    ic, keep = _settled(ic, found_ic)
    found_ic, found_to = found_ic[keep], found_to[keep]
    pairs = _pairs(found_ic, ic)
    errors = np.full((len(pairs), 4), np.nan)
    for row, (i, j) in zip(errors, pairs, strict=True):
        row[:2] = ic[i], found_ic[j] - ic[i]
        after = to[(to > ic[i]) & (to < ic[i] + STANCE_LIMIT_S)]
        if len(after):
            row[2] = found_to[j] - after[0]
            row[3] = (found_to[j] - found_ic[j]) - (after[0] - ic[i])
    return ContactErrors(len(ic), len(found_ic) - len(pairs), *errors.T)


def _compare_contacts(ic: np.ndarray, to: np.ndarray, strides: dict[str, np.ndarray]) -> Comparison:
    errors = contact_errors(ic, to, strides["t_ic_s"], strides["t_to_s"])
    found: Comparison = {
        "ic": {
            **_counts(errors.truth, errors.found + errors.false, errors.found),
            **errors_ms(errors.ic),
        }
    }
    for name, values in (("to", errors.to), ("contact", errors.contact)):
        known = values[np.isfinite(values)]
        found[name] = {"found": len(known), **errors_ms(known)}
    return found


def _compare_times(truth: np.ndarray, found: np.ndarray) -> dict[str, Any]:
    counts, _, errors = time_errors(truth, found)
    return {**counts, **errors_ms(errors)}


def time_errors(
    truth: np.ndarray, found: np.ndarray
) -> tuple[dict[str, int], np.ndarray, np.ndarray]:
    """Counts, true times (n,) of the events found, and their errors found - true; all in s."""
    truth, keep = _settled(truth, found)
    found = found[keep]
    pairs = _pairs(found, truth)
    t_s = np.array([truth[i] for i, _ in pairs])
    errors = np.array([found[j] - truth[i] for i, j in pairs])
    return _counts(len(truth), len(found), len(pairs)), t_s, errors


def _settled(truth: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Truth without start-up and the last event, and which of `found` belong to that span."""
    if len(truth) <= MIN_EVENTS:
        return truth, np.isfinite(found)
    first = truth[truth <= START_UP_S]
    truth = truth[truth > START_UP_S][:-1]
    end = truth[-1] + TOLERANCE_S if len(truth) else START_UP_S
    keep = (found > START_UP_S - 0.1) & (found < end)
    if len(first):  # what belongs to the last true event of the start-up is not invented
        keep &= np.abs(found - first[-1]) > TOLERANCE_S
    return truth, keep


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


def errors_ms(errors_s: Sequence[float] | np.ndarray) -> dict[str, float | None]:
    """Bias, SD and mean absolute error in ms; None without a single pair."""
    if not len(errors_s):
        return {"bias_ms": None, "sd_ms": None, "mae_ms": None}
    errors = np.asarray(errors_s) * 1000
    return {
        "bias_ms": round(float(errors.mean()), 2),
        "sd_ms": round(float(errors.std()), 2),
        "mae_ms": round(float(np.abs(errors).mean()), 2),
    }
