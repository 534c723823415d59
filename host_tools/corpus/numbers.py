"""Figures as people write them; what is not known is empty."""

from __future__ import annotations

import math

from host_tools.corpus.statistics import Interval


def number(value: float, decimals: int = 1) -> str:
    """Rounded, with a true minus sign and none before a zero."""
    if not math.isfinite(value):
        return ""
    return f"{round(value, decimals) + 0.0:.{decimals}f}".replace("-", "−")


def thousands(count: int) -> str:
    return f"{count:,}".replace(",", "\u202f")


def interval(value: Interval, decimals: int = 1) -> str:
    """Value and limits, as in `1.2 (0.3…4.5)`; without limits the value alone."""
    limits = between(value, decimals)
    return number(value.value, decimals) + (f" ({limits})" if limits else "")


def between(value: Interval, decimals: int = 1) -> str:
    """The limits alone, as in `0.3…4.5`; empty where unknown."""
    if not math.isfinite(value.low) or not math.isfinite(value.high):
        return ""
    return f"{number(value.low, decimals)}…{number(value.high, decimals)}"


def percent(share: Interval) -> str:
    return interval(Interval(*(100 * part for part in share)), 0)
