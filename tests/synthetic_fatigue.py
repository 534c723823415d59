"""Feeds synthetic runners to the firmware's fatigue model and reads its warnings back."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from synthetic_strides import Run

DRIVER = Path(__file__).with_name("synthetic_fatigue_driver.py")
FEATURES = ("contact_ms", "kvert_kn_m", "fmax_n", "onset_ms", "lag_ms", "onset_sd_ms")
FEATURES += ("rms_uv", "mnf_hz", "finsm5", "tib_peak_g", "pushoff_dps")
DMS_PER_MIN = 600_000


@dataclass
class Warned:
    """One row of wire.WARNING."""

    minute: float
    level: int
    attribution: int
    confidence_pct: int
    reasons: int
    faults: int


@dataclass
class Verdict:
    """What the model said about one runner."""

    rows: list[Warned]
    heap_bytes: int = 0
    us_per_stride: float = 0.0
    worst_us: int = 0
    trend_rows: int = 0

    @property
    def highest(self) -> int:
        return max(row.level for row in self.rows)

    def first(self, level: int) -> Warned | None:
        return next((row for row in self.rows if row.level >= level), None)

    @property
    def faults(self) -> int:
        bits = 0
        for row in self.rows:
            bits |= row.faults
        return bits


def judge(
    runs: Sequence[Run],
    run_micropython: Callable[..., subprocess.CompletedProcess[bytes]],
    domains_off: int = 0,
) -> list[Verdict]:
    """All runners through one MicroPython process."""
    sent = []
    for run in runs:
        priors = [(FEATURES.index(name), v) for name, vs in run.priors.items() for v in vs]
        header = [len(run.records), run.mass_g, len(priors), domains_off]
        for part in (header, priors, run.records):
            sent.append(np.asarray(part).astype("<i4").tobytes())
    done = run_micropython(DRIVER.read_text(), stdin=b"".join(sent))
    verdicts = [Verdict([]) for _ in runs]
    for line in done.stdout.decode().splitlines():
        tag, runner, *values = line.split()
        numbers = [int(v) for v in values]
        verdict = verdicts[int(runner)]
        if tag == "W":
            verdict.rows.append(Warned(numbers[0] / DMS_PER_MIN, *numbers[1:]))
        else:
            verdict.heap_bytes, us, verdict.worst_us, verdict.trend_rows, strides = numbers
            verdict.us_per_stride = us / strides
    return verdicts
