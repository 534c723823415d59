"""Figures with their 95 % intervals: rates, proportions, medians, areas under ROC curves.

Each function returns an Interval of value, low and high; NaN is "not known". All are exact or
score intervals, so that 0 of 30 and 30 of 30 come with an honest width.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import bdtr, gammaincinv, ndtri

CONFIDENCE = 0.95
Values = Sequence[float] | np.ndarray


class Interval(NamedTuple):
    """A figure with the limits of its confidence interval."""

    value: float
    low: float
    high: float


UNKNOWN = Interval(math.nan, math.nan, math.nan)


def rate_per_10_h(events: int, hours: float, confidence: float = CONFIDENCE) -> Interval:
    """Events in 10 hours, as a Poisson rate with its exact interval (Garwood 1936).

    Unknown without any hours. Raises ValueError for negative counts or hours.
    """
    if events < 0 or hours < 0:
        raise ValueError("events and hours are 0 or more")
    if hours == 0:
        return UNKNOWN
    tail = (1 - confidence) / 2
    low = float(gammaincinv(events, tail)) if events else 0.0
    high = float(gammaincinv(events + 1, 1 - tail))
    return Interval(10 * events / hours, 10 * low / hours, 10 * high / hours)


def proportion(successes: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """A share from 0 to 1 with its score interval (Wilson 1927); unknown for n = 0.

    Raises ValueError unless 0 <= successes <= n.
    """
    if not 0 <= successes <= n:
        raise ValueError("successes lie between 0 and n")
    if n == 0:
        return UNKNOWN
    z = float(ndtri((1 + confidence) / 2))
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Interval(share, low, high)


def median(values: Values, confidence: float = CONFIDENCE) -> Interval:
    """Median of the finite values with its order-statistic interval (Thompson 1936).

    The interval holds at least `confidence` whatever the distribution; below 6 values no pair
    of them does at 95 %, and the limits are unknown. For independent values: one per recording,
    not one per stride.
    """
    known = np.sort(np.asarray(values, float))
    known = known[np.isfinite(known)]
    n = len(known)
    if n == 0:
        return UNKNOWN
    # The widest pair of ranks (r, n - 1 - r), counted from 0, that still covers enough.
    ranks = np.arange(n // 2)
    enough = 1 - 2 * bdtr(ranks, n, 0.5) >= confidence
    middle = float(np.median(known))
    if not enough.any():
        return Interval(middle, math.nan, math.nan)
    rank = int(ranks[enough][-1])
    return Interval(middle, float(known[rank]), float(known[n - 1 - rank]))


def auc(positive: Values, negative: Values, confidence: float = CONFIDENCE) -> Interval:
    """Chance that a positive scores above a negative (ties half), that is, the ROC area.

    The interval is Newcombe's (2006) score method 5 on Hanley and McNeil's variance: it does not
    collapse when both are wholly apart. Scores must come from runs not used to make the score.
    Unknown when either is empty.
    """
    above = np.asarray(positive, float)
    below = np.sort(np.asarray(negative, float))
    m, n = len(above), len(below)
    if not m or not n:
        return UNKNOWN
    wins = np.searchsorted(below, above, "left") + np.searchsorted(below, above, "right")
    area = float(wins.sum()) / (2 * m * n)
    z = float(ndtri((1 + confidence) / 2))

    def beyond(theta: float) -> float:
        return (area - theta) ** 2 - z * z * _auc_variance(theta, m, n)

    # At 0 and 1 the variance vanishes, too: the limit is the other root, a hair inside.
    low = brentq(beyond, 0.0, area - 1e-9 * area) if area > 0 else 0.0
    high = brentq(beyond, area + 1e-9 * (1 - area), 1.0) if area < 1 else 1.0
    return Interval(area, float(low), float(high))  # pyright: ignore


def _auc_variance(theta: float, m: int, n: int) -> float:
    """Hanley and McNeil 1982, with the same sample size on both sides in its two terms."""
    size = (m + n) / 2 - 1
    spread = 1 + size * (1 - theta) / (2 - theta) + size * theta / (1 + theta)
    return theta * (1 - theta) * spread / (m * n)


def pooled_sd(sds: Values, counts: Sequence[int] | np.ndarray) -> float:
    """SD within groups: each group's own mean taken off; NaN without any value."""
    sd, n = np.asarray(sds, float), np.asarray(counts, float)
    known = np.isfinite(sd) & (n > 0)
    if not known.any():
        return math.nan
    return math.sqrt(float((n[known] * sd[known] ** 2).sum() / n[known].sum()))
