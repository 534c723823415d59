"""The fatigue model on synthetic runners, under the real MicroPython (not on recordings)."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from synthetic_fatigue import judge
from synthetic_strides import (
    ELECTRODE,
    FATIGUE_KINDS,
    GYRO_LOST,
    MAINS,
    SLIPPED,
    UNKNOWN,
    Run,
    synthetic_run,
)

CONTACT, STRIDE_MS, KVERT, FMAX, ONSET, LAG, RMS, MNF, FINSM5 = 3, 5, 7, 9, 12, 14, 15, 16, 18
TIB, PUSHOFF, VALID, GAIT, FAULTS, TILT, SPEED = 10, 11, 19, 21, 22, 23, 24
HEAVY, BY_PACE, BY_TERRAIN, BY_SENSOR = 3, 3, 4, 5


def steady_run(minutes: float = 40, seed: int = 1) -> Run:
    """A runner who wanders very little, at known pace: only what a test changes is there."""
    rng = np.random.default_rng(seed)
    n = int(minutes * 60 / 0.71)
    rec = np.full((n, 26), UNKNOWN, dtype=np.int64)
    contact = 2450 * (1 + rng.normal(0, 0.02, n))
    rec[:, 0] = np.arange(n)
    rec[:, 1] = np.arange(n) * 7100
    rec[:, 2] = rec[:, 1] + contact
    rec[:, CONTACT] = contact
    rec[:, STRIDE_MS] = 7100
    rec[:, 6] = 1690
    rec[:, TIB] = 12_000 * (1 + rng.normal(0, 0.1, n))
    rec[:, PUSHOFF] = 4200
    rec[:, ONSET] = -900 + rng.normal(0, 100, n)
    rec[:, LAG] = 1200 + rng.normal(0, 100, n)
    rec[:, RMS] = 2000 * np.exp(rng.normal(0, 0.1, n))
    rec[:, MNF] = 12_000 * (1 + rng.normal(0, 0.01, n))
    rec[:, FINSM5] = -10_000 + rng.normal(0, 20, n)
    rec[:, VALID] = 1
    rec[:, 20] = 0
    rec[:, GAIT] = 2
    rec[:, FAULTS] = 0
    rec[:, TILT] = 30 + rng.normal(0, 5, n)
    rec[:, SPEED] = 3300
    return Run("steady", rec, 0)


def after(run: Run, minute: float) -> np.ndarray:
    return run.records[:, 1] > minute * 600_000


def test_fresh_synthetic_runners_are_not_called_heavy(run_micropython):
    runs = [synthetic_run("fresh", 40_000 + seed) for seed in range(16)]
    hours = sum(run.records[-1, 1] for run in runs) / 36e6
    verdicts = judge(runs, run_micropython)
    false = sum(v.highest >= HEAVY for v in verdicts)
    assert false <= hours / 10, f"{false} false warnings in {hours:.1f} fresh hours"


@pytest.mark.parametrize("kind", FATIGUE_KINDS)
def test_tiring_synthetic_runners_are_not_missed_or_misread(kind, run_micropython):
    runs = [synthetic_run(kind, 50_000 + seed) for seed in range(16)]
    heavy = [v.first(HEAVY) for v in judge(runs, run_micropython)]
    caught = [(run, row) for run, row in zip(runs, heavy, strict=True) if row is not None]
    assert len(caught) >= 0.9 * len(runs)
    delay = statistics.median(r.minute - (run.onset_min + run.full_min) / 2 for run, r in caught)
    assert delay <= 8
    right = sum(row.attribution == FATIGUE_KINDS.index(kind) + 1 for _, row in caught)
    assert right >= 0.85 * len(caught)


@pytest.mark.parametrize(
    ("kind", "attribution", "fault"),
    [
        ("pace", BY_PACE, 0),
        ("hill", BY_TERRAIN, 0),
        ("electrode", BY_SENSOR, ELECTRODE),
        ("mains", BY_SENSOR, MAINS),
        ("slip", BY_SENSOR, SLIPPED),
        ("gyro lost", None, GYRO_LOST),
    ],
)
def test_synthetic_disturbance_is_not_taken_for_fatigue(kind, attribution, fault, run_micropython):
    runs = [synthetic_run(kind, 60_000 + seed, speed_known=True) for seed in range(8)]
    verdicts = judge(runs, run_micropython)
    assert sum(v.highest >= HEAVY for v in verdicts) <= 1
    assert all(v.faults & fault == fault for v in verdicts)
    assert all(len(v.rows) < 25 for v in verdicts), "the athlete would be told again and again"
    if attribution is not None:
        named = sum(any(row.attribution == attribution for row in v.rows) for v in verdicts)
        assert named >= 7


def test_unknown_pace_that_changes_is_mostly_not_taken_for_fatigue_synthetic(run_micropython):
    # Without a speed a slow pace change can look like tiring: rarely, and never above 60 %.
    runs = [synthetic_run("pace", 60_000 + seed, speed_known=False) for seed in range(16)]
    verdicts = judge(runs, run_micropython)
    assert sum(v.highest >= HEAVY for v in verdicts) <= 3
    assert max(row.confidence_pct for v in verdicts for row in v.rows) <= 60


def test_synthetic_strides_do_not_allocate_or_take_long(run_micropython):
    kinds = ("peripheral", "electrode", "slip", "pace", "acc only")
    for verdict in judge([synthetic_run(k, 70_000, 45) for k in kinds], run_micropython):
        assert verdict.heap_bytes == 0
        assert verdict.trend_rows > 100
        # 15 us on an idle machine; the limit leaves room for a busy one.
        assert verdict.us_per_stride < 150


def test_one_synthetic_domain_alone_is_not_called_heavy(run_micropython):
    mechanics, amplitude = steady_run(), steady_run(seed=2)
    mechanics.records[after(mechanics, 20), CONTACT] += np.linspace(
        0, 150, after(mechanics, 20).sum()
    ).astype(int)
    late = after(amplitude, 20)
    amplitude.records[late, RMS] = amplitude.records[late, RMS] * np.linspace(1, 1.4, late.sum())
    for verdict in judge([mechanics, amplitude], run_micropython):
        assert verdict.highest == 2


def test_synthetic_electrode_put_back_elsewhere_is_not_fatigue(run_micropython):
    run = steady_run()
    off = after(run, 20) & ~after(run, 21)
    run.records[off, FAULTS] = ELECTRODE
    run.records[after(run, 20), RMS] //= 2
    run.records[after(run, 20), MNF] += 900
    (verdict,) = judge([run], run_micropython)
    assert verdict.highest == 1
    told = [row for row in verdict.rows if row.faults]
    assert len(told) == 1
    assert told[0].attribution == BY_SENSOR


def test_synthetic_athlete_without_emg_reaches_watch_at_most_and_is_said_less_surely(
    run_micropython,
):
    run = steady_run()
    run.records[:, ONSET : FINSM5 + 1] = UNKNOWN
    late = after(run, 18)
    run.records[late, CONTACT] += np.linspace(0, 200, late.sum()).astype(int)
    (verdict,) = judge([run], run_micropython)
    assert verdict.highest == 2
    assert max(row.confidence_pct for row in verdict.rows) <= 50


def test_short_synthetic_run_is_not_judged(run_micropython):
    (verdict,) = judge([steady_run(14)], run_micropython)
    assert [(row.level, row.confidence_pct) for row in verdict.rows] == [(0, 0)]


def test_pace_change_after_constant_synthetic_baseline_is_not_extrapolated(run_micropython):
    run = steady_run()
    faster = after(run, 20)
    run.records[faster, SPEED] = 3800
    run.records[faster, CONTACT] = run.records[faster, CONTACT] * 0.92
    run.records[faster, RMS] = run.records[faster, RMS] * 1.2
    (verdict,) = judge([run], run_micropython)
    assert verdict.highest == 1


def test_synthetic_recovery_steps_down_again(run_micropython):
    run = steady_run(60)
    minutes = run.records[:, 1] / 600_000
    tired = np.interp(minutes, [17, 27, 35, 45], [0, 1, 1, 0])
    run.records[:, CONTACT] = run.records[:, CONTACT] * (1 + 0.04 * tired)
    run.records[:, RMS] = run.records[:, RMS] * (1 + 0.25 * tired)
    run.records[:, MNF] = run.records[:, MNF] * (1 - 0.1 * tired)
    (verdict,) = judge([run], run_micropython)
    assert verdict.highest >= HEAVY
    assert verdict.rows[-1].level == 1


LOGARITHMS = """
from band.robust import log2_q12, times_pow2
for v in range(1, 200000, 37):
    print(v, log2_q12(v), times_pow2(v, -300), times_pow2(v, 5000))
"""


def test_integer_logarithms_and_powers_are_not_off_by_more_than_rounding(run_micropython):
    rows = np.array([line.split() for line in run_micropython(LOGARITHMS).stdout.splitlines()])
    v, log2, less, more = rows.astype(np.int64).T
    assert np.abs(log2 - 4096 * np.log2(v)).max() < 2
    assert np.abs(less - v * 2 ** (-300 / 4096)).max() <= 1 + 3e-4 * v.max()
    assert (np.abs(more - v * 2 ** (5000 / 4096)) <= 2 + 3e-4 * more).all()


QUIET = """
from band.fatigue import Fatigue
from band.settings import Settings
model = Fatigue(Settings())
for second in range(40):
    if model.quiet(second * 10_000, 0, 1 if 5 <= second < 20 else 0) & 1:
        print(*model.warning)
"""


def test_fault_while_standing_is_told_once_and_its_end_too(run_micropython):
    rows = [line.split() for line in run_micropython(QUIET).stdout.decode().splitlines()]
    assert [int(row[5]) for row in rows] == [0, 1, 0]
    assert int(rows[1][0]) == 80_000  # three seconds after it began
