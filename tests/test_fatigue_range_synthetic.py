"""The fatigue model's own integers on SYNTHETIC stride records, with every result watched."""

from array import array

import numpy as np
import pytest
from range_check import Watched
from synthetic_strides import RECORD_FIELDS, UNKNOWN, synthetic_run

from host_tools.firmware_tables import wire

FIELDS = [name for name, *_ in wire.STRIDE + wire.STRIDE_EXTRA]
# The widest values the chain can put into a record.
EXTREMES = {
    "contact_ms": (400, 12_000),
    "stride_ms": (4_300, 20_000),
    "cadence_spm": (600, 2_800),
    "kvert_kn_m": (1_000, 900_000),
    "fmax_n": (100, 30_000),
    "tib_peak_g": (0, 56_000),
    "pushoff_dps": (-23_000, 23_000),
    "onset_ms": (-2_500, 1_200),
    "lag_ms": (-8_000, 20_000),
    "rms_uv": (1, 82_000),
    "mnf_hz": (1_200, 50_000),
    "finsm5": (-20_000, 10),
    "tilt_deg": (-4_000, 4_000),
    "speed_m_s": (1, 65_535),
    "temp_c": (-10_000, 55_535),
}


def watched_run(records: np.ndarray, mass_g: int) -> dict[str, int]:
    watched = Watched()
    settings = watched.module("settings").Settings()
    settings.mass_g = mass_g
    model = watched.module("fatigue").Fatigue(settings)
    watched.armed = True
    trends = 0
    for record in records.tolist():
        trends += model.stride(array("i", record)) >> 1
    assert trends > 20  # blocks were closed and judged
    return watched.violations


@pytest.mark.parametrize("kind", ("peripheral", "central-type", "hill"))
def test_synthetic_run_leaves_the_band_s_integer_range(kind: str):
    run = synthetic_run(kind, 77)
    assert watched_run(run.records, run.mass_g) == {}


@pytest.mark.parametrize("seed", (1, 2, 3))
def test_synthetic_extremes_leave_the_band_s_integer_range(seed: int):
    rng = np.random.default_rng(seed)
    run = synthetic_run("fresh", 78)
    records = run.records.copy()
    assert len(FIELDS) == RECORD_FIELDS == records.shape[1]
    for name, (low, high) in EXTREMES.items():
        column = records[:, FIELDS.index(name)]
        # Stretches at one end, at the other, and anywhere between: blocks jump by all there is.
        wild = rng.integers(low, high + 1, len(column))
        ends = np.repeat(rng.integers(0, 3, len(column) // 60 + 1), 60)[: len(column)]
        column[:] = np.choose(ends, (np.full(len(column), low), wild, np.full(len(column), high)))
        column[rng.random(len(column)) < 0.01] = UNKNOWN
    assert watched_run(records, run.mass_g) == {}
