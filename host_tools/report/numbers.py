"""Reductions the charts share: medians, windows, thinning, and numbers as people write them."""

from __future__ import annotations

import math

import numpy as np

from host_tools.firmware_tables import wire
from host_tools.result import ReplayResult

BLOCK = 25  # strides per block of the fatigue model; the same for the running medians here


def column(table: dict[str, np.ndarray], name: str) -> np.ndarray:
    """A column as floats; NaN of the table's length when the table lacks it."""
    if name in table:
        return np.asarray(table[name], float)
    length = max((len(values) for values in table.values()), default=0)
    return np.full(length, np.nan)


def valid_strides(result: ReplayResult) -> np.ndarray:
    """Boolean mask of the strides the band itself would use."""
    return column(result.strides, "valid") == 1


def baseline_span(result: ReplayResult) -> tuple[float, float] | None:
    """Seconds over which the band learned what fresh looks like; None when it never did."""
    t, phase = column(result.trends, "t_s"), column(result.trends, "phase")
    learning = np.flatnonzero(phase == wire.PHASES.index("baseline"))
    if not len(learning):
        return None
    first = learning[0]
    start = t[first - 1] if first else max(0.0, 2 * t[first] - t[min(first + 1, len(t) - 1)])
    return float(start), float(t[learning[-1]])


def fresh_and_now(result: ReplayResult, count: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Stride indices to compare: fresh = baseline, or else the first; now = the last `count`.

    Both hold valid strides where there are any, else all with a known contact. Too few for a
    comparison (< 40, or < 200 without a baseline): all are in the first, none in the second.
    """
    t = column(result.strides, "t_ic_s")
    valid = valid_strides(result)
    pool = np.flatnonzero(np.isfinite(t) & (valid if valid.any() else True))
    span = baseline_span(result)
    if len(pool) < (40 if span else 2 * count):
        return pool[: 2 * count], pool[:0]
    fresh = pool
    if span:
        inside = pool[(t[pool] >= span[0]) & (t[pool] <= span[1])]
        fresh = inside if len(inside) >= 20 else pool
    count = min(count, len(pool) // 2)
    return fresh[:count], pool[-count:]


def block_medians(t: np.ndarray, y: np.ndarray, size: int = BLOCK) -> tuple[np.ndarray, np.ndarray]:
    """Medians of t and y over consecutive blocks of finite pairs; a last half block counts."""
    keep = np.isfinite(t) & np.isfinite(y)
    t, y = t[keep], y[keep]
    starts = [i for i in range(0, len(y), size) if len(y) - i >= (size + 1) // 2]
    return (
        np.array([np.median(t[i : i + size]) for i in starts]),
        np.array([np.median(y[i : i + size]) for i in starts]),
    )


def thin(indices: np.ndarray, most: int = 1200) -> np.ndarray:
    """Evenly chosen members, never more than `most`."""
    if len(indices) <= most:
        return indices
    return indices[np.linspace(0, len(indices) - 1, most).astype(int)]


def break_at(t: np.ndarray, y: np.ndarray, pause_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Put a NaN wherever t pauses, so that no line is drawn across a stop."""
    at = np.flatnonzero(np.diff(t) > pause_s) + 1
    return np.insert(t, at, np.nan), np.insert(y, at, np.nan)


def mean_frequency(hz: np.ndarray, power: np.ndarray) -> float:
    """Mean of the spectrum from 8 to 500 Hz; NaN when it is empty."""
    band = (hz >= 8) & (hz <= 500) & np.isfinite(power)
    total = power[band].sum()
    return float((hz[band] * power[band]).sum() / total) if total > 0 else math.nan


def stride_average(
    signal: tuple[float, np.ndarray], t_ic: np.ndarray, grid: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and SD over strides of a signal on a time grid (s) about each contact."""
    rate, values = signal
    times = (t_ic[:, None] + grid[None, :]) * rate
    whole = (times[:, 0] >= 0) & (times[:, -1] <= len(values) - 1)
    if not whole.any():
        return np.full(len(grid), np.nan), np.full(len(grid), np.nan)
    low = times[whole].astype(int)
    part = times[whole] - low
    high = np.minimum(low + 1, len(values) - 1)
    cut = values[low] * (1 - part) + values[high] * part
    cut = cut[np.isfinite(cut).all(axis=1)]
    if not len(cut):
        return np.full(len(grid), np.nan), np.full(len(grid), np.nan)
    return cut.mean(axis=0), cut.std(axis=0)


def emg_envelope(rate: float, values: np.ndarray, smooth_s: float = 0.04) -> np.ndarray:
    """Drift off (moving mean of 60 ms), rectified, smoothed: for looking at, not for onsets."""
    values = np.where(np.isfinite(values), values, 0.0)
    return _moving_mean(np.abs(values - _moving_mean(values, rate * 0.06)), rate * smooth_s)


def _moving_mean(values: np.ndarray, width: float) -> np.ndarray:
    n = max(1, int(width) | 1)
    if len(values) < n:
        return np.full(len(values), values.mean() if len(values) else 0.0)
    padded = np.concatenate((np.full(n // 2, values[0]), values, np.full(n // 2, values[-1])))
    total = np.concatenate(([0.0], np.cumsum(padded)))
    return (total[n:] - total[:-n]) / n


def minutes(seconds: float) -> str:
    """A duration in words: '45 seconds', '21 minutes', kept on one line."""
    if seconds < 90:
        count, unit = round(seconds), "second"
    else:
        count, unit = round(seconds / 60), "minute"
    return f"{count}\u00a0{unit}{'' if count == 1 else 's'}"


def clock(seconds: float) -> str:
    """m:ss, or h:mm:ss from one hour."""
    whole = int(max(0.0, seconds) + 0.5)
    if whole >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}"


def number(value: float | None, digits: int = 3) -> str:
    """Significant digits without exponent where readable; an en dash for the unknown."""
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    if size == 0:
        return "0"
    if size < 1e-3 or size >= 1e6:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"{mantissa}·10{raised}".replace("-", "−")
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    return f"{value:.{decimals}f}".replace("-", "−")


def signed(value: float, decimals: int = 1) -> str:
    """With its sign, as changes are written."""
    if not math.isfinite(value):
        return "–"
    text = f"{value:+.{decimals}f}".replace("-", "−")
    return text if any(c in text for c in "123456789") else text[1:]
