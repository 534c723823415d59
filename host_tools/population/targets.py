"""The targets the project set itself, and whether a tier's runs meet them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from host_tools.corpus.statistics import Interval, median, rate_per_10_h
from host_tools.population.metrics import (
    Rows,
    caught,
    count,
    named,
    not_tiring,
    rightly_attributed,
    separation,
    tiring,
)

MAX_FALSE_PER_10_H = 1.0
LEAST_CAUGHT = 0.95
MOST_DELAY_MIN = 8.0
LEAST_RIGHT = 0.85
LEAST_NAMED = 0.95
LEAST_AUC = 0.80


@dataclass(frozen=True)
class Target:
    """A figure that was promised, the figure measured, and whether it is met."""

    what: str
    asked: str
    measured: str
    met: bool


def targets(runs: Rows, faults: Rows | None) -> list[Target]:
    """The headline targets on one tier's runs."""
    rested, tired = not_tiring(runs), tiring(runs)
    false = rate_per_10_h(int(rested["false_heavy"].sum()), float(rested["fresh_h"].sum()))
    found_share, right = caught(tired), rightly_attributed(tired)
    delay = median(tired["after_half_min"])
    area = separation(runs)["all tiring"]
    found = [
        Target(
            "false heavy in 10 fresh hours",
            f"≤ {MAX_FALSE_PER_10_H:g}",
            _interval(false, "{:.2f}"),
            false.value <= MAX_FALSE_PER_10_H,
        ),
        Target(
            "tiring runs caught",
            f"≥ {LEAST_CAUGHT:.0%}",
            _interval(found_share, "{:.1%}"),
            found_share.value >= LEAST_CAUGHT,
        ),
        Target(
            "median minutes from half fatigue to heavy",
            f"≤ {MOST_DELAY_MIN:g}",
            _interval(delay, "{:.1f}"),
            delay.value <= MOST_DELAY_MIN,
        ),
        Target(
            "right attribution of those caught",
            f"≥ {LEAST_RIGHT:.0%}",
            _interval(right, "{:.1%}"),
            right.value >= LEAST_RIGHT,
        ),
        Target(
            "ROC area, whole runs",
            f"≥ {LEAST_AUC:.2f}",
            _interval(area, "{:.3f}"),
            area.value >= LEAST_AUC,
        ),
    ]
    if faults is not None and count(faults):
        everything = named(faults)[-1]
        found += [
            Target(
                "sensor faults named",
                f"≥ {LEAST_NAMED:.0%}",
                _interval(everything.named, "{:.1%}"),
                everything.named.value >= LEAST_NAMED,
            ),
            Target(
                "faults reported as heavy",
                "none",
                f"{everything.heavy} of {everything.faults}",
                everything.heavy == 0,
            ),
        ]
    return found


def _interval(figure: Interval, form: str) -> str:
    """Value with its limits in brackets; a dash where there was nothing to measure."""
    if not math.isfinite(figure.value):
        return "–"
    return f"{form.format(figure.value)} [{form.format(figure.low)}, {form.format(figure.high)}]"
