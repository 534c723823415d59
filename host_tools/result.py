"""What one replay of a recording yields: the hand-over between the chain and its outputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


@dataclass
class ReplayResult:
    """Everything the CSVs, the summary and the report are made from.

    Times are seconds from the start of the recording. Unknown numbers are NaN, never 0.

    signals   label -> (rate in Hz, physical values) as fed to the band, labels of the recording
              format: `EMG GM` (uV), `ACC X` (g), `GYR X` (deg/s), `TEMP SKIN` (degC), `SPEED` (m/s)
    strides   column of wire.STRIDE or wire.STRIDE_EXTRA -> one float per stride, in CSV units
              (`finsm5` as the plain value, 2**(q8/256))
    events    column of wire.EVENT -> one float per contact or toe-off, in the order of telling;
              `kind` is an index of wire.EVENT_KINDS
    bursts    column of wire.BURST -> one float per contraction
    warnings  the first state and each change of level: t_s, level (0-4), name, confidence_pct,
              attribution, reasons (list of str), faults (list of str)
    trends    one row per block of 25 valid strides: the names of wire.TREND_HEAD,
              `score_A` ... `score_E` (z) and, for each of wire.FEATURES, `<feature>.median`,
              `.expected`, `.spread` (CSV units) and `.z`
    spectra   averaged EMG power spectra, in time order: channel (1, 2), t_s, strides,
              hz (129 values), power (129 values, relative); the first of a channel is taken
              when the baseline is complete, the last at the end
    truth     None, or `annotations`: list of (t_s, text) exactly as recorded, and `comparison`:
              one dict for each of `ic`, `to`, `contact`, `onset` ... that could be compared, with
              any of truth, found, missed, false, bias_ms, sd_ms, mae_ms
    gaps      (signal label, t_s, duration_s) of samples the recorder says it lost
    settings  what the firmware was told (attributes of its Settings)
    summary   the content of summary.json: athlete, duration_s, firmware_version, x_real_time,
              heap_bytes_hot_path,
              counts {strides, valid, degraded, bursts, emg_lost, imu_lost},
              features {name: {unit, domain, baseline, current}} with baseline and current None or
              {value, low, high, n} (95 % interval), time_at_level_s {level name: seconds}
    """

    path: Path
    title: str
    synthetic: bool
    duration_s: float
    athlete: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    signals: dict[str, tuple[float, np.ndarray]] = field(default_factory=dict)
    strides: dict[str, np.ndarray] = field(default_factory=dict)
    events: dict[str, np.ndarray] = field(default_factory=dict)
    bursts: dict[str, np.ndarray] = field(default_factory=dict)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    trends: dict[str, np.ndarray] = field(default_factory=dict)
    spectra: list[dict[str, Any]] = field(default_factory=list)
    truth: dict[str, Any] | None = None
    gaps: list[tuple[str, float, float]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
