"""Stride records as the chain would have made them: the truth of a plan plus measured errors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator
from scipy.signal import lfilter

from host_tools.firmware_tables import units, wire
from host_tools.population.chain_errors import COMPARED, RATIOS, true_value
from host_tools.population.error_model import ErrorModel, FeatureError, group_of
from host_tools.population.scenarios import Run
from host_tools.population.truth import StrideTruth, stride_truth
from host_tools.synth.seeds import slow_drift, stream

FIELDS = wire.STRIDE + wire.STRIDE_EXTRA
AT = {name: i for i, (name, *_) in enumerate(FIELDS)}
DIVISOR = {name: divisor for name, divisor, *_ in FIELDS}
_SLOW_STEP = 16  # strides; the slow noise is drawn this coarsely
_SLOW_MEMORY = 420
RUNNING = 2
EMG_FEATURES = ("onset_ms", "offset_ms", "lag_ms", "rms_uv", "mnf_hz", "mdf_hz", "finsm5")
_EMG = ("onset_ms", "lag_ms", "rms_uv", "mnf_hz", "finsm5")
_MOTION = ("contact_ms", "onset_ms", "lag_ms", "tib_peak_g", "pushoff_dps")
_SPOILT_BY = {
    "electrode-off-1": _EMG,
    "mains-1": _EMG,
    "emg-clip-1": _EMG,
    "emg-lost": _EMG,
    "acc-clip": _MOTION,
    "gyro-lost": _MOTION,
    "band-slip": _MOTION,
}
_NO_STRIDES = ("acc-lost", "imu-lost")
QUIET = -1  # gait of a row that stands for a second without a stride
_PAUSE_S = 2.0  # longer between two strides: the seconds in between are quiet
_SILENT_AFTER_S = 0.5  # a lost sensor is known as lost


def stride_records(run: Run, model: ErrorModel) -> np.ndarray:
    """int32 (rows, 26): what the fatigue model is given in this run, strides and quiet seconds."""
    rng = stream(run.plan.seed, "feature tier")
    truth = stride_truth(run.plan)
    profile, group = model.profile(run.runner.index), group_of(run.kind)
    rates = profile.rates[group]
    values = measured(truth, profile.features[group], model.correlation, rng)
    records = _with_timing(run, truth, values)
    _lay_out_slow(run, truth, rates, rng, records)
    for name in ("onset_ms", "rms_uv", "lag_ms", "pushoff_dps"):
        missing = rng.random(len(records)) < rates.get(f"no_{name}", 0.0)
        records[missing, AT[name]] = units.UNKNOWN
    invalid = rng.random(len(records)) < rates.get("invalid", 0.0)
    records[invalid, AT["valid"]] = 0
    records = _in_time(records, _quiet(_pauses_s(truth), 0))
    for fault in run.plan.faults:
        effects = model.faults.get(fault.kind)
        if effects:
            effect = effects[int(rng.integers(len(effects)))]
            records = _with_fault(run, fault, effect, rng, records)
    kept = rng.random(len(records)) >= rates.get("missed", 0.0)
    return np.ascontiguousarray(records[kept], dtype=np.int32)


def measured(
    truth: StrideTruth,
    errors: dict[str, FeatureError],
    correlation: np.ndarray,
    rng: Generator,
) -> dict[str, np.ndarray]:
    """Every compared feature of every stride with the chain's errors, in its own unit."""
    n = len(truth.ic_s)
    names = list(COMPARED)
    white = np.linalg.cholesky(correlation) @ rng.standard_normal((len(names), n))
    faster = truth.speed_m_s - np.median(truth.speed_m_s)
    found = {}
    for i, name in enumerate(names):
        error = errors[name]
        true = true_value(name, truth)
        value = true + error.bias + error.white_sd * white[i]
        if error.gain:
            value += error.gain * (true - np.median(true))
        value += error.per_m_s * faster + error.per_grade * truth.grade_pct
        value += error.per_fatigue * truth.fatigue
        if error.quick_sd:
            value += error.quick_sd * _remembering(rng, n, error.quick_memory)
        if error.slow_sd:
            value += error.slow_sd * _slow(rng, n)
        found[name] = np.exp(value) if name in RATIOS and name != "finsm5" else value
    return found


def _remembering(rng: Generator, n: int, memory: float) -> np.ndarray:
    """AR(1) of unit variance, its start not quite stationary (a few strides)."""
    keep = np.exp(-1 / memory)
    noise = rng.standard_normal(n) * np.sqrt(1 - keep**2)
    return np.asarray(lfilter([1.0], [1.0, -keep], noise))


def _slow(rng: Generator, n: int) -> np.ndarray:
    coarse = slow_drift(rng, n // _SLOW_STEP + 2, _SLOW_MEMORY / _SLOW_STEP)
    return np.interp(np.arange(n), np.arange(len(coarse)) * _SLOW_STEP, coarse)


def _with_timing(run: Run, truth: StrideTruth, values: dict[str, np.ndarray]) -> np.ndarray:
    """Records with what comes from contacts, as the firmware derives it, and the EMG."""
    n = len(truth.ic_s)
    records = np.full((n, len(FIELDS)), units.UNKNOWN, dtype=np.int64)

    def put(name: str, value: np.ndarray | float) -> None:
        records[:, AT[name]] = np.rint(np.asarray(value) * (DIVISOR[name] or 1))

    contact = np.clip(values["contact_ms"], 60.0, 0.49 * truth.stride_ms)
    put("stride", np.arange(n))
    put("t_ic_s", truth.ic_s)
    put("t_to_s", truth.ic_s + contact / 1000)
    put("contact_ms", contact)
    put("flight_ms", truth.stride_ms / 2 - contact)
    put("stride_ms", truth.stride_ms)
    put("cadence_spm", 120_000 / truth.stride_ms)
    mass = run.runner.athlete.mass_kg
    if run.runner.knows_mass:  # Morin et al. 2005
        step_s, contact_s = truth.stride_ms / 2000, contact / 1000
        fmax = mass * 9.81 * (np.pi / 2) * step_s / contact_s
        drop = np.abs(fmax * contact_s**2 / (mass * np.pi**2) - 9.81 * contact_s**2 / 8)
        put("fmax_n", fmax)
        put("kvert_kn_m", fmax / drop / 1000)
    for name in ("tib_peak_g", "pushoff_dps", "onset_ms", "lag_ms", "rms_uv", "mnf_hz"):
        put(name, values[name])
    put("finsm5", 256 * values["finsm5"] / np.log(2))
    put("valid", 1)
    put("degraded", 0)
    put("gait", RUNNING)
    put("faults", 0)
    return records


def _lay_out_slow(
    run: Run, truth: StrideTruth, rates: dict[str, float], rng: Generator, records: np.ndarray
) -> None:
    """Tilt, speed and temperature."""
    n = len(records)
    tilt = rates.get("tilt_mean", 0.0) + rates.get("tilt_sd", 1.0) * rng.standard_normal(n)
    tilt += rates.get("tilt_slow_sd", 0.0) * _slow(rng, n)
    tilt += rates.get("tilt_per_grade", 0.0) * truth.grade_pct
    tilt += rates.get("tilt_per_m_s", 0.0) * (truth.speed_m_s - np.median(truth.speed_m_s))
    records[:, AT["tilt_deg"]] = np.rint(10 * tilt)
    if run.runner.knows_speed:
        speed = truth.speed_m_s * (1 + 0.005 * rng.standard_normal(n))
        records[:, AT["speed_m_s"]] = np.rint(1000 * speed)
    if run.runner.knows_temp:
        skin = truth.skin_c + 0.02 * rng.standard_normal(n)
        records[:, AT["temp_c"]] = np.rint(100 * skin)


def _with_fault(
    run: Run, fault: Any, effect: dict[str, float], rng: Generator, records: np.ndarray
) -> np.ndarray:
    """A fault as the raw tier saw one of its kind: bits, gaps, shifts during and after it."""
    t_s = records[:, AT["t_ic_s"]] / units.DMS_PER_S
    stop_s = fault.start_s + (fault.duration_s or 5.0)
    during = (t_s >= fault.start_s) & (t_s < stop_s)
    after = t_s >= stop_s
    if "delay_s" in effect:
        told = (t_s >= fault.start_s + effect["delay_s"]) & (t_s < stop_s + effect["stays_s"])
        records[told, AT["faults"]] |= 1 << wire.FAULTS.index(fault.name)
    for name in _SPOILT_BY.get(fault.kind, ()):
        _shift(records, name, during, effect.get(f"{name}_during", 0.0))
    # What stays: the band sits elsewhere, or the electrode does. Any other shift measured
    # behind a fault is the scatter of two medians.
    if fault.kind == "band-slip":
        for name in COMPARED:
            _shift(records, name, after, effect.get(f"{name}_after", 0.0))
        records[after, AT["tilt_deg"]] += round(10 * effect.get("tilt_after", 0.0))
    if fault.kind == "electrode-off-1":
        _shift(records, "rms_uv", after, float(np.log(fault.amount / 100)))
    invalid = during & (rng.random(len(records)) >= effect.get("valid", 1.0))
    records[invalid, AT["valid"]] = 0
    without = during & (rng.random(len(records)) < effect.get("no_emg", 0.0))
    for name in EMG_FEATURES:
        records[without, AT[name]] = units.UNKNOWN
    if fault.kind == "gyro-lost":
        records[during, AT["degraded"]] = 1
        records[during, AT["pushoff_dps"]] = units.UNKNOWN
        records[during, AT["lag_ms"]] = units.UNKNOWN
    if fault.kind in _NO_STRIDES:
        seconds = np.arange(fault.start_s + _SILENT_AFTER_S, stop_s)
        bit = 1 << wire.FAULTS.index(fault.name)
        return _in_time(records[~during], _quiet(seconds, bit))
    gone = during & (rng.random(len(records)) >= effect.get("seen", 1.0))
    return records[~gone]


def _pauses_s(truth: StrideTruth) -> np.ndarray:
    """Whole seconds between strides that lie far apart: a stop."""
    ends = truth.ic_s + truth.stride_ms / 1000
    seconds = [
        np.arange(float(np.ceil(ends[i])), float(truth.ic_s[i + 1]))
        for i in np.flatnonzero(truth.ic_s[1:] - ends[:-1] > _PAUSE_S)
    ]
    return np.concatenate(seconds) if seconds else np.empty(0)


def _quiet(t_s: np.ndarray, faults: int) -> np.ndarray:
    """Rows for seconds without a stride."""
    rows = np.full((len(t_s), len(FIELDS)), units.UNKNOWN, dtype=np.int64)
    rows[:, AT["t_ic_s"]] = np.rint(t_s * units.DMS_PER_S)
    rows[:, AT["gait"]] = QUIET
    rows[:, AT["faults"]] = faults
    rows[:, AT["valid"]] = rows[:, AT["degraded"]] = 0
    return rows


def _in_time(records: np.ndarray, more: np.ndarray) -> np.ndarray:
    """Both, in the order of time."""
    if not len(more):
        return records
    both = np.concatenate([records, more])
    return both[np.argsort(both[:, AT["t_ic_s"]], kind="stable")]


def _shift(records: np.ndarray, name: str, where: np.ndarray, by: float) -> None:
    """Move a feature by ms, or by a logarithm; what is not known stays so."""
    if not by:
        return
    column = records[:, AT[name]]
    where = where & (column != units.UNKNOWN)
    if name == "finsm5":
        column[where] += round(256 * by / np.log(2))
    elif name in RATIOS:
        column[where] = np.rint(column[where] * np.exp(by))
    else:
        column[where] += round(by * DIVISOR[name])
