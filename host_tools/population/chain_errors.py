"""How the chain's stride features err: measured against the truth, run by run.

The error of a feature is split into a bias, a gain (a chain that follows a change only in part
has a negative one), slopes on pace, grade and fatigue, and what is left into white noise, a
quick part (memory of some strides) and a slow one (minutes), from its autocovariance. Ratios
(EMG amplitude, spectrum, shock, push-off) are compared by logarithm.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from host_tools.events_truth import TOLERANCE_S
from host_tools.firmware_tables import wire
from host_tools.population.scenarios import Run
from host_tools.population.truth import StrideTruth

# Feature of a stride record: the truth it is compared with.
COMPARED = {
    "contact_ms": "contact_ms",
    "onset_ms": "onset_ms",
    "lag_ms": "lag_ms",
    "rms_uv": "rms_uv",
    "mnf_hz": "mdf_hz",
    "finsm5": "mdf_hz",
    "tib_peak_g": "peak_g",
    "pushoff_dps": "push_dps",
}
RATIOS = ("rms_uv", "mnf_hz", "finsm5", "tib_peak_g", "pushoff_dps")
_NO_GAIN = ("pushoff_dps",)  # its truth is a mean: it moves with pace and fatigue only
FINSM5_SLOPE = -6.0  # f^-1 over f^5: a spectrum that scales by s changes it by s^-6
REACH_STRIDES = 60  # how far fault effects are looked for before and after
_SLOW_LAGS = (60, 150)
_LEAST = 200  # strides that statistics need
_QUICK_MEMORY = (1.5, 40.0)
START_UP_S = 20.0


def errors(strides: dict[str, np.ndarray], truth: StrideTruth, at: np.ndarray) -> dict[str, Any]:
    """Feature -> error of every measured stride; `at`: its true stride. NaN where unknown."""
    found = {}
    for name in COMPARED:
        true = true_value(name, truth)[at]
        measured = strides[name]
        if name in RATIOS:
            with np.errstate(divide="ignore", invalid="ignore"):
                measured = np.log(measured)
        found[name] = np.where(np.isfinite(measured), measured - true, np.nan)
    return found


def true_value(name: str, truth: StrideTruth) -> np.ndarray:
    """What a feature's measured value is compared with: ms, or the logarithm of a ratio."""
    true = getattr(truth, COMPARED[name])
    if name not in RATIOS:
        return true
    return np.log(true) * (FINSM5_SLOPE if name == "finsm5" else 1.0)


def matched(strides: dict[str, np.ndarray], truth: StrideTruth) -> tuple[np.ndarray, np.ndarray]:
    """(measured, true): indices of strides that belong together, nearest within the tolerance."""
    t = strides["t_ic_s"]
    after = np.clip(np.searchsorted(truth.ic_s, t), 1, len(truth.ic_s) - 1)
    nearer = after - (t - truth.ic_s[after - 1] < truth.ic_s[after] - t)
    near = np.flatnonzero(np.abs(truth.ic_s[nearer] - t) <= TOLERANCE_S)
    _, first = np.unique(nearer[near], return_index=True)
    return near[first], nearer[near][first]


def error_tables(
    run: Run, strides: dict[str, np.ndarray], truth: StrideTruth
) -> dict[str, list[dict[str, Any]]]:
    """Tables `errors` and `rates` of a run without faults, or `fault_effects` of one with."""
    measured, true = matched(strides, truth)
    kept = {name: values[measured] for name, values in strides.items()}
    found = errors(kept, truth, true)
    who = {"athlete": run.runner.index, "kind": run.kind}
    if run.kind == "faults":
        return {"fault_effects": list(_fault_effects(run, kept, found, who))}
    settled = truth.ic_s[true] > START_UP_S
    valid = settled & (kept["valid"] > 0)
    if valid.sum() < _LEAST:
        return {"rates": [who | _rates(strides, truth, true, kept, settled)]}
    rows, noise = [], []
    for name, error in found.items():
        used = valid & np.isfinite(error)
        if used.sum() < _LEAST:
            noise.append(np.full(len(error), np.nan))
            continue
        row, residual = _split(error, used, truth, true, _deviation(name, truth)[true])
        rows.append(who | {"feature": name} | row)
        noise.append(residual)
    return {
        "errors": rows,
        "rates": [who | _rates(strides, truth, true, kept, settled)],
        "correlations": [who | row for row in _correlations(np.array(noise))],
    }


def _deviation(name: str, truth: StrideTruth) -> np.ndarray:
    if name in _NO_GAIN:
        return np.zeros(len(truth.ic_s))
    value = true_value(name, truth)
    return value - np.median(value)


def _split(
    error: np.ndarray, used: np.ndarray, truth: StrideTruth, at: np.ndarray, value: np.ndarray
) -> tuple[dict[str, float], np.ndarray]:
    """Bias, slopes and kinds of noise of one error series; what is left after the slopes.

    `value`: the feature's own true deviation; an error that goes with it is a gain.
    """
    columns = {
        "gain": value,
        "per_m_s": truth.speed_m_s[at] - np.median(truth.speed_m_s),
        "per_grade": truth.grade_pct[at],
        "per_fatigue": truth.fatigue[at],
    }
    # A covariate that hardly moved in this run tells no slope.
    moved = {"gain": 1e-3, "per_m_s": 0.08, "per_grade": 1.0, "per_fatigue": 0.2}
    told = [name for name, x in columns.items() if np.std(x[used]) > moved[name]]
    design = np.stack([np.ones(len(error))] + [columns[name] for name in told], 1)
    centre = np.median(error[used])
    spread = 1.4826 * np.median(np.abs(error[used] - centre))
    core = used & (np.abs(error - centre) <= 6 * max(spread, 1e-9))
    fit = np.linalg.lstsq(design[core], error[core], rcond=None)[0]
    residual = np.where(core, error - design @ fit, np.nan)
    row = {
        "bias": float(fit[0]),
        "n": int(used.sum()),
        "strays": float(1 - core.sum() / used.sum()),
    }
    row |= {name: float("nan") for name in columns}
    row |= {name: float(slope) for name, slope in zip(told, fit[1:], strict=True)}
    return row | _noise(residual), residual


def _noise(residual: np.ndarray) -> dict[str, float]:
    """SD of the white, quick and slow parts, and the memory of the quick one in strides."""
    variance = float(np.nanvar(residual))
    lags = {lag: _autocovariance(residual, lag) for lag in (1, 2, 4, 8, 16)}
    slow = np.mean([_autocovariance(residual, lag) for lag in range(*_SLOW_LAGS, 10)])
    slow = float(np.clip(slow, 0, variance))
    near = max(lags[1] - slow, 0.0)
    memory = 0.0
    if near > 0.02 * variance:
        # The integral of what is left over, by lags that grow geometrically.
        widths = {1: 1.0, 2: 1.5, 4: 3.0, 8: 6.0, 16: 12.0}
        memory = sum(max(lags[lag] - slow, 0.0) * width for lag, width in widths.items()) / near
    memory = float(np.clip(memory, *_QUICK_MEMORY))
    quick = min(near * np.exp(1 / memory), variance - slow)
    white = max(variance - slow - quick, 0.0)
    return {
        "white_sd": float(np.sqrt(white)),
        "quick_sd": float(np.sqrt(max(quick, 0.0))),
        "quick_memory": memory,
        "slow_sd": float(np.sqrt(slow)),
    }


def _autocovariance(x: np.ndarray, lag: int) -> float:
    return float(np.nanmean(x[lag:] * x[:-lag])) if len(x) > lag else 0.0


def _correlations(noise: np.ndarray) -> Iterator[dict[str, Any]]:
    """Between the residuals of every two features."""
    names = list(COMPARED)
    for i in range(len(names)):
        for j in range(i):
            both = np.isfinite(noise[i]) & np.isfinite(noise[j])
            if both.sum() >= _LEAST:
                r = float(np.corrcoef(noise[i][both], noise[j][both])[0, 1])
                yield {"a": names[i], "b": names[j], "r": r}


def _rates(
    strides: dict[str, np.ndarray],
    truth: StrideTruth,
    at: np.ndarray,
    kept: dict[str, np.ndarray],
    settled: np.ndarray,
) -> dict[str, float]:
    """How often a stride is missed, invented or invalid, and what a valid one lacks."""
    running = strides["gait"] == 2
    between = (strides["t_ic_s"] > START_UP_S) & running
    true = truth.ic_s > START_UP_S
    valid = settled & (kept["valid"] > 0)
    least = max(int(valid.sum()), 1)
    found = {
        "strides": int(true.sum()),
        "missed": 1 - settled.sum() / max(true.sum(), 1),
        "invented": float((between.sum() - settled.sum()) / max(between.sum(), 1)),
        "invalid": 1 - valid.sum() / max(settled.sum(), 1),
    }
    for name in ("onset_ms", "rms_uv", "lag_ms", "mnf_hz", "pushoff_dps"):
        found[f"no_{name}"] = float(np.isnan(kept[name][valid]).sum() / least)
    found |= _tilt(kept["tilt_deg"], valid, truth, at)
    return {name: float(value) for name, value in found.items()}


def _tilt(
    tilt_deg: np.ndarray, valid: np.ndarray, truth: StrideTruth, at: np.ndarray
) -> dict[str, float]:
    """The tilt of the shank in stance: mean, slopes on grade and pace, white and slow noise."""
    used = valid & np.isfinite(tilt_deg)
    if used.sum() < _LEAST:
        return {}
    error, kept = tilt_deg[used], at[used]
    columns = {
        "tilt_per_grade": truth.grade_pct[kept],
        "tilt_per_m_s": truth.speed_m_s[kept] - np.median(truth.speed_m_s),
    }
    told = [name for name, x in columns.items() if np.std(x) > 0.08]
    design = np.stack([np.ones(len(error))] + [columns[name] for name in told], 1)
    fit = np.linalg.lstsq(design, error, rcond=None)[0]
    noise = _noise(error - design @ fit)
    found = {"tilt_mean": float(fit[0]), "tilt_sd": noise["white_sd"]}
    found |= {"tilt_slow_sd": float(np.hypot(noise["slow_sd"], noise["quick_sd"]))}
    return found | {name: float(slope) for name, slope in zip(told, fit[1:], strict=True)}


def _fault_effects(
    run: Run,
    kept: dict[str, np.ndarray],
    found: dict[str, np.ndarray],
    who: dict[str, Any],
) -> Iterator[dict[str, Any]]:
    """What every fault did to the strides: bits, gaps and shifts, during and after it."""
    t = kept["t_ic_s"]
    bits = kept["faults"].astype(np.int64)
    for fault in run.plan.faults:
        bit = wire.FAULTS.index(fault.name)
        start = fault.start_s
        stop = start + (fault.duration_s or 5.0)
        told = t[((bits >> bit) & 1 > 0) & (t > start - 1) & (t < stop + 30)]
        before = np.flatnonzero(t < start)[-REACH_STRIDES:]
        during = np.flatnonzero((t >= start + 1) & (t < stop))
        after = np.flatnonzero(t > stop + 10)[:REACH_STRIDES]
        stride_s = np.median(np.diff(t)) if len(t) > 2 else 0.7
        row: dict[str, Any] = {
            "fault": fault.kind,
            "delay_s": float(told[0] - start) if len(told) else float("nan"),
            "stays_s": float(told[-1] - stop) if len(told) else float("nan"),
            "seen": min(1.0, len(during) * stride_s / max(stop - start - 1, 1.0)),
            "valid": float(np.mean(kept["valid"][during])) if len(during) else 0.0,
            "no_emg": float(np.mean(np.isnan(kept["rms_uv"][during]))) if len(during) else 1.0,
        }
        for name, error in found.items():
            base = _median(error[before])
            row[f"{name}_during"] = _median(error[during]) - base
            row[f"{name}_after"] = _median(error[after]) - base
        row["tilt_after"] = _median(kept["tilt_deg"][after]) - _median(kept["tilt_deg"][before])
        yield who | row


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) >= 5 else float("nan")
