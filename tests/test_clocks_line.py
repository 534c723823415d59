"""Hours of EMG and IMU clocks against the MCU's, in virtual time; every read up to 10 ms late."""

import json

import pytest

from tests.conftest import ROOT, MicroPython

DRIVER = (ROOT / "tests" / "clocks_line_driver.py").read_text()
MOST_US = 500
SETTLED_S = 20


def over(run_micropython: MicroPython, **plan: int) -> dict:
    arguments = [f"{name}={value}" for name, value in plan.items()]
    return json.loads(run_micropython(DRIVER, *arguments, heap="64m").stdout)


@pytest.mark.parametrize(
    ("imu_ppm", "emg_ppm", "drift_ppm_min"),
    # The drift goes 1 % away and back: the IMU's clock is up to 4 % off.
    [(30_000, -30_000, 500), (-30_000, 0, -500)],
)
def test_synthetic_emg_and_imu_drift_apart_within_four_hours(
    run_micropython: MicroPython, imu_ppm: int, emg_ppm: int, drift_ppm_min: int
):
    found = over(
        run_micropython,
        seconds=4 * 3600,
        imu_ppm=imu_ppm,
        emg_ppm=emg_ppm,
        drift_ppm_min=drift_ppm_min,
    )
    assert found["settled_s"] < SETTLED_S
    assert found["worst_us"] < MOST_US
    assert found["p95_us"] < 200
    assert abs(found["mean_us"]) < 100


def test_synthetic_clocks_without_jitter_are_off_by_more_than_a_read_of_the_chip(
    run_micropython: MicroPython,
):
    found = over(run_micropython, imu_ppm=30_000, emg_ppm=-30_000, jitter_us=0, from_s=40)
    assert found["worst_us"] < 50


@pytest.mark.parametrize("gap_in", [1, 2, 3], ids=["imu", "emg", "both"])
@pytest.mark.parametrize("gap_ms", [10, 1000, 30_000])
def test_synthetic_alignment_does_not_come_back_after_a_gap(
    run_micropython: MicroPython, gap_in: int, gap_ms: int
):
    found = over(
        run_micropython,
        seconds=300,
        imu_ppm=-30_000,
        drift_ppm_min=500,
        gap_at_s=120,
        gap_ms=gap_ms,
        gap_in=gap_in,
    )
    assert found["back_s"] < 5
    assert found["worst_us"] < MOST_US


@pytest.mark.parametrize("seed", range(2, 8))
def test_synthetic_alignment_holds_for_one_order_of_late_reads_only(
    run_micropython: MicroPython, seed: int
):
    found = over(run_micropython, imu_ppm=30_000, drift_ppm_min=500, seed=seed, from_s=SETTLED_S)
    assert found["worst_us"] < MOST_US


HULL = """
import json
from array import array
from band.unit.envelope import BIAS, hull

state = 7
def chance(n):
    global state
    state = (state * 8121 + 28411) % 134456
    return state * n // 134456

MASK = (1 << 30) - 1
wrong = []
for trial in range(400):
    count = 2 + chance(15)
    newest = chance(16)
    start = chance(1 << 30)
    step = (1000, 32_000, 125_000, 2_000_000)[chance(4)]
    most_late = (5, 10_000, 100_000)[chance(3)]
    pos, ticks, late, edge = (array(kind, [0] * 16) for kind in "iiiH")
    points = []
    at = 0
    for k in range(count):
        if k:
            at += step * (1 + chance(3))
        # Many lie exactly on the line, and some exactly over the middle.
        y = chance(most_late) if chance(3) else 0
        i = (newest + 1 - count + k) & 15
        pos[i] = (start + at) & MASK
        ticks[i] = (start + at + y) & MASK
        points.append((i, at, y))
    span = at
    found = hull(pos, ticks, late, edge, count, newest, start & MASK, start & MASK, 0, 0, 300_000)
    by = {i: (x, y) for i, x, y in points}
    (xl, yl), (xr, yr) = by[found >> 4], by[found & 15]
    unit = 1 + (most_late >> 13)
    below = [y for i, x, y in points if (y - yl + unit) * (xr - xl) < (yr - yl) * (x - xl)]
    if not xl < xr or 2 * xl > span + 1 or 2 * xr < span - 1 or below:
        wrong.append((trial, points, found >> 4, found & 15))
print(json.dumps(wrong[:3]))
"""


def test_a_point_lies_below_the_edge_that_is_taken_for_the_lower_hull(
    run_micropython: MicroPython,
):
    assert json.loads(run_micropython(HULL).stdout) == []
