"""The figures that must not get worse: computed, recorded in `figures.json`, compared.

`feature` and `raw` are those of a full run of either tier; `check` those of the feature tier's
first athletes alone, which are the same for any number of athletes: a test makes them again.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from host_tools.corpus.statistics import median
from host_tools.errors import CalfbandError
from host_tools.population import metrics
from host_tools.population.metrics import Rows

FIGURES = Path(__file__).with_name("figures.json")
CHECK_ATHLETES = 30
CHECK = "check"
Figures = dict[str, dict[str, float]]

# Figure: how much of it is chance where the platform's arithmetic differs in the last digit,
# and is more of it better.
TOLERANCES = {
    "false_heavy": (1.0, False),
    "caught": (0.012, True),
    "right": (0.025, True),
    "median_delay_min": (0.3, False),
    "auc": (0.01, True),
    "named": (0.02, True),
    "faults_heavy": (0.0, False),
}


def headline(runs: Rows, faults: Rows | None) -> dict[str, float]:
    """The headline figures of a tier's runs as numbers; variants do not count."""
    usual = metrics.where(runs, variant="")
    rested, tired = metrics.not_tiring(usual), metrics.tiring(usual)
    found = {
        "athletes": float(len(set(usual["athlete"]))),
        "runs": float(metrics.count(usual)),
        "fresh_hours": float(rested["fresh_h"].sum()),
        "false_heavy": float(rested["false_heavy"].sum()),
        "caught": float(tired["caught"].mean()),
        "right": metrics.rightly_attributed(tired).value,
        "median_delay_min": median(tired["after_half_min"]).value,
        "auc": metrics.separation(usual)["all tiring"].value,
    }
    if faults is not None and metrics.count(faults):
        named = metrics.named(metrics.where(faults, variant=""))[-1]
        found |= {"named": named.named.value, "faults_heavy": float(named.heavy)}
    return {name: round(value, 4) for name, value in found.items()}


def check(runs: Rows, faults: Rows | None) -> dict[str, float] | None:
    """The headline figures of the first athletes; None when the runs do not hold them all."""
    if np.unique(runs["athlete"]).size < CHECK_ATHLETES:
        return None
    first = metrics.chosen(runs, runs["athlete"] < CHECK_ATHLETES)
    if faults is not None:
        faults = metrics.chosen(faults, faults["athlete"] < CHECK_ATHLETES)
    return headline(first, faults)


def worsened(now: dict[str, float], before: dict[str, float]) -> list[str]:
    """A sentence for every figure that is worse than recorded by more than its tolerance."""
    found = []
    for name, (tolerance, more_is_better) in TOLERANCES.items():
        if name in before:
            worse = before[name] - now[name] if more_is_better else now[name] - before[name]
            if not worse <= tolerance:
                found.append(f"{name} is {now[name]:g}, recorded {before[name]:g}")
    return found


def read(path: Path = FIGURES) -> Figures:
    """The recorded figures. Raises CalfbandError when there are none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CalfbandError(
            f"{path}: no recorded figures ({error}); record them with "
            "`calfband population --record`."
        ) from None


def write(figures: Figures, path: Path = FIGURES) -> None:
    """Write figures, keeping those of tiers that were not run."""
    kept = read(path) if path.exists() else {}
    text = json.dumps({**kept, **figures}, indent=1) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")
