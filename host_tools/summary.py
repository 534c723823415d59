"""summary.json: what one replay comes to, in numbers with their uncertainty."""

from __future__ import annotations

from typing import Any

import numpy as np

from host_tools.firmware_tables import FIRMWARE_VERSION, wire
from host_tools.records import Records, unit_of
from host_tools.result import ReplayResult

CURRENT_S = 300.0
# Neighbouring strides resemble each other (and spectra are running averages over 20 to 40 of
# them), so the bootstrap draws whole runs of strides; single ones would feign certainty.
RUN_LENGTH = 32
RESAMPLES = 400
MIN_FOR_INTERVAL = 8
SEED = 20210503


def summarise(result: ReplayResult, records: Records, wall_s: float) -> dict[str, Any]:
    """The content of summary.json for a result whose tables are filled."""
    end = records.end
    chain_s = end["chain_ms"] / 1000
    return {
        "recording": result.path.name,
        "synthetic": result.synthetic,
        "athlete": result.athlete,
        "duration_s": round(result.duration_s, 4),
        "counts": {
            "strides": end["strides"],
            "valid": end["valid"],
            "degraded": int(np.nansum(result.strides["degraded"])),
            "bursts": end["bursts"],
            "emg_lost": end["emg_lost"],
            "imu_lost": end["imu_lost"],
        },
        "features": _features(result),
        "time_at_level_s": time_at_level_s(result.warnings, result.duration_s),
        "bursts_first_to_last_third": _burst_change(result.bursts),
        "truth": result.truth["comparison"] if result.truth else None,
        "firmware_version": FIRMWARE_VERSION,
        "x_real_time": round(result.duration_s / chain_s, 1) if chain_s else None,
        "x_real_time_with_reading": round(result.duration_s / wall_s, 1),
        "heap_bytes_hot_path": end["heap_bytes_hot_path"],
        "heap_bytes_chain": end["heap_bytes_chain"],
        "settings": result.settings,
        "notes": result.notes,
    }


def time_at_level_s(warnings: list[dict[str, Any]], duration_s: float) -> dict[str, float]:
    """Seconds at each level by name; the time before the first word counts as insufficient."""
    spent = dict.fromkeys(wire.LEVELS, 0.0)
    level, since = wire.LEVELS[0], 0.0
    for row in warnings:
        spent[level] = spent.get(level, 0.0) + max(row["t_s"] - since, 0.0)
        level, since = row["name"], row["t_s"]
    spent[level] = spent.get(level, 0.0) + max(duration_s - since, 0.0)
    return {name: round(seconds, 1) for name, seconds in spent.items()}


def _features(result: ReplayResult) -> dict[str, dict[str, Any]]:
    """Each feature over the baseline's strides and over the last five minutes of valid ones."""
    strides, trends = result.strides, result.trends
    valid = strides["valid"] == 1
    t_s = strides["t_ic_s"]
    windows = {"baseline": _baseline_window(trends), "current": None}
    if valid.any():
        last = t_s[valid][-1]
        windows["current"] = (last - CURRENT_S, last)
    found = {}
    for name, domain in wire.FEATURES:
        if name in strides:
            times, values = t_s[valid], strides[name][valid]
        else:  # a spread over strides is known per block only
            times, values = trends["t_s"], trends[f"{name}.median"]
        entry: dict[str, Any] = {"unit": unit_of(name), "domain": domain}
        for window, limits in windows.items():
            entry[window] = None
            if limits is not None:
                inside = (times > limits[0]) & (times <= limits[1])
                entry[window] = median_interval(values[inside])
        found[name] = entry
    return found


def _baseline_window(trends: dict[str, np.ndarray]) -> tuple[float, float] | None:
    """(start, end) in seconds of the strides the firmware took its baseline from."""
    rows = np.flatnonzero(trends["phase"] == wire.PHASES.index("baseline"))
    if not len(rows):
        return None
    start = trends["t_s"][rows[0] - 1] if rows[0] else -np.inf
    return float(start), float(trends["t_s"][rows[-1]])


def median_interval(values: np.ndarray) -> dict[str, Any] | None:
    """Median with a 95 % interval (moving-block bootstrap, Kunsch 1989; seeded); None if empty."""
    values = values[np.isfinite(values)]
    n = len(values)
    if n == 0:
        return None
    low = high = None
    if n >= MIN_FOR_INTERVAL:
        low, high = np.percentile(_drawn_medians(values, SEED), (2.5, 97.5))
    return {"value": _short(np.median(values)), "low": _short(low), "high": _short(high), "n": n}


def _drawn_medians(values: np.ndarray, seed: int) -> np.ndarray:
    """Medians (RESAMPLES,) of moving-block bootstrap samples of finite `values` (n,)."""
    n = len(values)
    length = min(RUN_LENGTH, max(1, n // 4))
    starts = np.random.default_rng(seed).integers(
        0, n - length + 1, size=(RESAMPLES, -(-n // length))
    )
    drawn = (starts[:, :, None] + np.arange(length)).reshape(RESAMPLES, -1)[:, :n]
    return np.median(values[drawn], axis=1)


def change_interval(first: np.ndarray, last: np.ndarray) -> dict[str, Any] | None:
    """Change of the median from `first` to `last` in %, with a 95 % interval; None if too few."""
    first, last = first[np.isfinite(first)], last[np.isfinite(last)]
    if min(len(first), len(last)) < MIN_FOR_INTERVAL or np.median(first) <= 0:
        return None
    ratios = _drawn_medians(last, SEED + 1) / _drawn_medians(first, SEED)
    low, high = np.percentile(100 * (ratios - 1), (2.5, 97.5))
    value = 100 * (np.median(last) / np.median(first) - 1)
    return {"value": _short(value), "low": _short(low), "high": _short(high)}


def _burst_change(bursts: dict[str, np.ndarray]) -> dict[str, Any]:
    """Spectral shift over the recording, per channel: first third of its bursts to the last."""
    found = {}
    for channel in (1, 2):
        mine = bursts["channel"] == channel
        third = int(mine.sum()) // 3
        if third < 3:
            continue
        entry: dict[str, Any] = {"bursts_per_third": third}
        for name in ("mnf_hz", "mdf_hz"):
            values = bursts[name][mine]
            first, last = values[:third], values[-third:]
            entry[name] = {
                "first": median_interval(first),
                "last": median_interval(last),
                "change_pct": change_interval(first, last),
            }
        found[f"channel_{channel}"] = entry
    return found


def _short(value: Any) -> float | None:
    """Six significant digits: more than any of these numbers deserves, and readable."""
    return None if value is None else float(f"{float(value):.6g}")
