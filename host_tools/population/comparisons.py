"""The same runs judged in two ways: with variants of the model, and by both tiers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from host_tools.corpus.statistics import Interval, median, proportion, rate_per_10_h
from host_tools.population.metrics import (
    Rows,
    caught,
    chosen,
    count,
    rightly_attributed,
    tiring,
    where,
)
from host_tools.population.scenarios import ALL_KINDS, TIRING
from host_tools.population.verdicts import WATCH


@dataclass(frozen=True)
class Variant:
    """The same runs judged in another way, beside how they are judged normally."""

    name: str
    runs: int
    caught: Interval
    caught_without: Interval
    right: Interval
    right_without: Interval
    false_heavy: int
    false_heavy_without: int
    fresh_hours: float
    delay_min: float
    delay_min_without: float
    paired_delay_min: Interval  # variant less normal, runs caught both ways


def variant(rows: Rows, name: str, kinds: Iterable[str]) -> Variant | None:
    """Compare a variant with the normal judgement of the very same runs."""
    kinds = tuple(kinds)
    varied = _ordered(where(rows, variant=name, kind=kinds))
    if not count(varied):
        return None
    pairs = set(zip(varied["athlete"], varied["kind"], varied["repeat"], strict=True))
    usual = where(rows, variant="", kind=kinds)
    same = zip(usual["athlete"], usual["kind"], usual["repeat"], strict=True)
    usual = _ordered(chosen(usual, np.array([key in pairs for key in same], bool)))
    tired, tired_usual = (tiring(some, early=True) for some in (varied, usual))
    later = tired["after_half_min"] - tired_usual["after_half_min"]
    return Variant(
        name=name,
        runs=count(varied),
        caught=caught(tired),
        caught_without=caught(tired_usual),
        right=rightly_attributed(tired),
        right_without=rightly_attributed(tired_usual),
        false_heavy=int(varied["false_heavy"].sum()),
        false_heavy_without=int(usual["false_heavy"].sum()),
        fresh_hours=float(varied["fresh_h"].sum()),
        delay_min=median(tired["after_half_min"]).value,
        delay_min_without=median(tired_usual["after_half_min"]).value,
        paired_delay_min=median(later),
    )


def _ordered(rows: Rows) -> Rows:
    order = np.lexsort((rows["repeat"], rows["kind"], rows["athlete"]))
    return chosen(rows, order)


@dataclass(frozen=True)
class Agreement:
    """One figure of one kind of run in both tiers, on the same athletes and courses."""

    kind: str
    figure: str
    raw: Interval
    feature: Interval

    @property
    def agrees(self) -> bool:
        """Whether the intervals overlap."""
        return not (self.raw.low > self.feature.high or self.feature.low > self.raw.high)


def agreement(raw: Rows, feature: Rows) -> list[Agreement]:
    """Each kind's headline in both tiers; of the feature tier only runs as long as the raw's."""
    feature = where(feature, repeat=0)
    found = []
    for kind in ALL_KINDS:
        a, b = where(raw, kind=kind), where(feature, kind=kind)
        if not count(a) or not count(b):
            continue
        if kind in TIRING:
            found.append(Agreement(kind, "caught", caught(a), caught(b)))
            delays = (median(rows["after_half_min"]) for rows in (a, b))
            found.append(Agreement(kind, "minutes after half", *delays))
            found.append(
                Agreement(kind, "attribution", rightly_attributed(a), rightly_attributed(b))
            )
        rates = (
            rate_per_10_h(int(rows["false_heavy"].sum()), float(rows["fresh_h"].sum()))
            for rows in (a, b)
        )
        found.append(Agreement(kind, "false heavy in 10 h", *rates))
    return found


def same_verdicts(raw: Rows, feature: Rows) -> Interval:
    """Share of runs that are in both tiers whose answer (heavy called or not) is the same."""
    known = {
        key: bool(heavy)
        for key, heavy in zip(_keys(feature), feature["highest"] > WATCH, strict=True)
    }
    pairs = [
        known[key] == bool(heavy)
        for key, heavy in zip(_keys(raw), raw["highest"] > WATCH, strict=True)
        if key in known
    ]
    return proportion(sum(pairs), len(pairs))


def _keys(rows: Rows) -> Sequence[tuple[int, str, int]]:
    return list(zip(rows["athlete"], rows["kind"], rows["repeat"], strict=True))
