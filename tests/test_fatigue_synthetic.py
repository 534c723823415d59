"""The fatigue model on synthetic runners, under the real MicroPython (not on recordings)."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from synthetic_fatigue import Verdict, judge
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

CONTACT, STRIDE_MS, CADENCE, KVERT, FMAX, ONSET, LAG, RMS, MNF, FINSM5 = (
    3,
    5,
    6,
    7,
    9,
    12,
    14,
    15,
    16,
    18,
)
TIB, PUSHOFF, VALID, GAIT, FAULTS, TILT, SPEED = 10, 11, 19, 21, 22, 23, 24
WATCH, HEAVY = 2, 3
BY_PACE, BY_TERRAIN, BY_SENSOR = 3, 4, 5
MEANT = {"peripheral": 1, "central-type": 2, "paradoxical": 2}  # the rule goes by the EMG


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


def tiring(run: Run, contact: float, start: float = 24, full: float = 34) -> Run:
    """The run with a muscle that tires, contact longer by that share."""
    ramp = np.interp(run.records[:, 1] / 600_000, [start, full], [0, 1])
    changes = ((CONTACT, contact), (RMS, 0.2), (MNF, -0.1), (TIB, 0.3), (PUSHOFF, -0.07))
    for column, change in changes:
        run.records[:, column] = run.records[:, column] * (1 + change * ramp)
    run.records[:, ONSET] += (100 * ramp).astype(int)
    return run


def after(run: Run, minute: float) -> np.ndarray:
    return run.records[:, 1] > minute * 600_000


def heavy_minute(verdict: Verdict) -> float:
    """When heavy was told first; never is infinite."""
    row = verdict.first(HEAVY)
    return row.minute if row else float("inf")


def false_heavy(verdicts: list[Verdict]) -> int:
    """How often fresh legs were called heavy, each rise counted."""
    return sum(
        after.level >= HEAVY > before.level
        for verdict in verdicts
        for before, after in zip(verdict.rows, verdict.rows[1:], strict=False)
    )


@pytest.mark.parametrize("speed_known", [True, False])
def test_fresh_synthetic_runners_are_not_called_heavy(speed_known, run_micropython):
    runs = [synthetic_run("fresh", 40_000 + k, speed_known=speed_known) for k in range(30)]
    assert false_heavy(judge(runs, run_micropython)) == 0


@pytest.mark.parametrize("kind", FATIGUE_KINDS)
def test_tiring_synthetic_runners_are_not_missed_or_misread(kind, run_micropython):
    runs = [synthetic_run(kind, 50_000 + seed) for seed in range(30)]
    heavy = [v.first(HEAVY) for v in judge(runs, run_micropython)]
    caught = [(run, row) for run, row in zip(runs, heavy, strict=True) if row is not None]
    assert len(caught) >= 0.95 * len(runs)
    assert all(row.minute > run.onset_min for run, row in caught)
    delay = statistics.median(r.minute - (run.onset_min + run.full_min) / 2 for run, r in caught)
    assert delay <= 6
    right = sum(row.attribution == MEANT[kind] for _, row in caught)
    assert right >= 0.9 * len(caught)


@pytest.mark.parametrize("speed_known", [True, False])
@pytest.mark.parametrize(
    ("kind", "attribution", "fault"),
    [
        ("hill", BY_TERRAIN, 0),
        ("electrode", BY_SENSOR, ELECTRODE),
        ("mains", BY_SENSOR, MAINS),
        ("slip", BY_SENSOR, SLIPPED),
        ("gyro lost", None, GYRO_LOST),
    ],
)
def test_synthetic_disturbance_is_not_taken_for_fatigue(
    kind, attribution, fault, speed_known, run_micropython
):
    runs = [synthetic_run(kind, 60_000 + k, speed_known=speed_known) for k in range(12)]
    verdicts = judge(runs, run_micropython)
    assert false_heavy(verdicts) == 0
    assert all(v.faults & fault == fault for v in verdicts)
    assert all(len(v.rows) < 25 for v in verdicts), "the athlete would be told again and again"
    if attribution is not None:
        named = sum(any(row.attribution == attribution for row in v.rows) for v in verdicts)
        assert named >= 10
    if not speed_known:
        assert max(row.confidence_pct for v in verdicts for row in v.rows) <= 60


def test_synthetic_pace_that_is_known_is_taken_for_fatigue_or_not_named(run_micropython):
    runs = [synthetic_run("pace", 60_000 + k, speed_known=True) for k in range(24)]
    verdicts = judge(runs, run_micropython)
    assert false_heavy(verdicts) == 0
    assert sum(any(row.attribution == BY_PACE for row in v.rows) for v in verdicts) >= 22


def test_synthetic_pace_that_is_not_known_is_taken_for_fatigue(run_micropython):
    # Without a speed a slow change of pace can look like tiring: rarely, and never above 60 %.
    runs = [synthetic_run("pace", 60_000 + k, speed_known=False) for k in range(60)]
    verdicts = judge(runs, run_micropython)
    hours = sum(run.records[-1, 1] for run in runs) / 36e6
    assert false_heavy(verdicts) <= hours / 10
    assert max(row.confidence_pct for v in verdicts for row in v.rows) <= 60


def test_earlier_runs_of_a_synthetic_athlete_that_help_nothing(run_micropython):
    # They tire before a first baseline is complete; who is known can be judged sooner.
    runs = [
        synthetic_run(kind, 80_000 + k, onset_min=9, earlier_runs=runs)
        for runs in (0, 5)
        for kind in FATIGUE_KINDS
        for k in range(10)
    ]
    runs += [synthetic_run("fresh", 81_000 + k, earlier_runs=5) for k in range(15)]
    verdicts = judge(runs, run_micropython)
    assert false_heavy(verdicts[60:]) == 0
    first = [verdict.first(HEAVY) for verdict in verdicts[:60]]
    minutes = [row.minute if row else 40.0 for row in first]
    assert statistics.mean(minutes[30:]) < statistics.mean(minutes[:30]) - 0.5
    surest = [
        max(row.confidence_pct for v in verdicts[i : i + 30] for row in v.rows) for i in (0, 30)
    ]
    assert surest == [75, 95]


def test_confidence_of_synthetic_warnings_promises_more_than_it_keeps(run_micropython):
    kinds = ("fresh", "fresh", "pace", "hill", *FATIGUE_KINDS)
    runs = [synthetic_run(kinds[k % len(kinds)], 90_000 + k) for k in range(140)]
    told: list[tuple[int, bool]] = []
    for run, verdict in zip(runs, judge(runs, run_micropython), strict=True):
        for row in verdict.rows:
            if row.level >= WATCH:
                tired = run.kind in FATIGUE_KINDS and row.minute > run.onset_min
                right = row.level < HEAVY or row.attribution == MEANT.get(run.kind)
                told.append((row.confidence_pct, tired and right))
    shares = []
    for low, high in ((0, 25), (25, 60), (60, 101)):
        rows = [row for row in told if low <= row[0] < high]
        assert len(rows) >= 15
        promised = statistics.mean(pct for pct, _ in rows) / 100
        shares.append(statistics.mean(right for _, right in rows))
        scatter = (promised * (1 - promised) / len(rows)) ** 0.5
        assert shares[-1] > promised - 2 * scatter - 0.03
    assert shares == sorted(shares)


def test_synthetic_strides_do_not_allocate_or_take_long(run_micropython):
    kinds = ("peripheral", "electrode", "slip", "pace", "acc only")
    for verdict in judge([synthetic_run(k, 70_000, 45) for k in kinds], run_micropython):
        assert verdict.heap_bytes == 0
        assert verdict.trend_rows > 100
        # 7 us on an idle machine; the limit leaves room for a busy one.
        assert verdict.us_per_stride < 70


def test_one_synthetic_domain_alone_is_not_called_heavy(run_micropython):
    mechanics, amplitude = steady_run(), steady_run(seed=2)
    mechanics.records[after(mechanics, 20), CONTACT] += np.linspace(
        0, 150, after(mechanics, 20).sum()
    ).astype(int)
    late = after(amplitude, 20)
    amplitude.records[late, RMS] = amplitude.records[late, RMS] * np.linspace(1, 1.4, late.sum())
    for verdict in judge([mechanics, amplitude], run_micropython):
        assert verdict.highest == 2


def test_synthetic_contact_and_timing_alone_are_not_called_heavy(run_micropython):
    # Two domains that wander by themselves: shock, push-off and the EMG must have a say.
    run = steady_run()
    late = after(run, 18)
    ramp = np.minimum(np.arange(late.sum()) / 600, 1)
    run.records[late, CONTACT] = run.records[late, CONTACT] * (1 + 0.018 * ramp)
    run.records[late, LAG] += (60 * ramp).astype(int)
    (verdict,) = judge([run], run_micropython)
    assert verdict.highest == WATCH


def test_synthetic_tiring_that_contact_does_not_show_is_missed(run_micropython):
    # A contact detector may follow the change with its own error; the push-off stays.
    run = tiring(steady_run(seed=4), contact=0)
    (verdict,) = judge([run], run_micropython)
    assert verdict.highest >= HEAVY


def test_synthetic_spurt_at_unknown_pace_hides_the_tiring_after_it(run_micropython):
    run = steady_run(50, seed=5)
    run.records[:, SPEED] = UNKNOWN
    minutes = run.records[:, 1] / 600_000
    spurt = np.interp(minutes, [16, 19, 21, 21.1], [0, 1, 1, 0])
    for column, change in ((CONTACT, -0.04), (RMS, 0.05), (TIB, 0.06), (PUSHOFF, 0.035)):
        run.records[:, column] = run.records[:, column] * (1 + change * spurt)
    (verdict,) = judge([tiring(run, contact=0.035)], run_micropython)
    assert verdict.highest >= HEAVY


def test_synthetic_tiring_with_a_brief_bump_of_contact_passes_for_another_pace(run_micropython):
    # A minute off by chance while cadence stays is no pace, and takes no evidence with it.
    run = tiring(steady_run(50, seed=6), contact=0.035)
    run.records[:, SPEED] = UNKNOWN
    bump = after(run, 27) & ~after(run, 28)
    run.records[bump, CONTACT] = run.records[bump, CONTACT] * 1.034
    (verdict,) = judge([run], run_micropython)
    assert heavy_minute(verdict) < 34
    assert all(row.attribution != BY_PACE for row in verdict.rows)


def test_synthetic_pace_that_cadence_shows_is_not_named(run_micropython):
    run = steady_run(seed=6)
    run.records[:, SPEED] = UNKNOWN
    slower = after(run, 20)
    for column, change in ((CONTACT, 1.04), (STRIDE_MS, 1.015), (CADENCE, 0.985), (TIB, 0.93)):
        run.records[slower, column] = run.records[slower, column] * change
    (verdict,) = judge([run], run_micropython)
    assert verdict.highest <= WATCH
    assert any(row.attribution == BY_PACE for row in verdict.rows)


def test_heavy_is_told_on_evidence_from_before_a_fault_ended(run_micropython):
    run = tiring(steady_run(seed=7), contact=0.04)
    (verdict,) = judge([run], run_micropython)
    usual = heavy_minute(verdict)
    disturbed = tiring(steady_run(seed=7), contact=0.04)
    end = usual + 0.5
    fault = after(disturbed, end - 1) & ~after(disturbed, end)
    disturbed.records[fault, FAULTS] = MAINS
    (verdict,) = judge([disturbed], run_micropython)
    assert end + 3 <= heavy_minute(verdict) <= end + 4.5


def test_fault_that_never_ends_silences_the_other_sensors(run_micropython):
    run = tiring(steady_run(50, seed=8), contact=0.04)
    run.records[after(run, 20), FAULTS] = 2  # the second electrode stays off
    flickers = tiring(steady_run(50, seed=8), contact=0.04)
    now_and_then = np.arange(len(flickers.records)) // 10 % 10 == 0
    flickers.records[after(flickers, 10) & now_and_then, FAULTS] = 2
    for verdict in judge([run, flickers], run_micropython):
        assert verdict.highest >= HEAVY


@pytest.mark.parametrize("domains_off", [0b00001 | 0b10000, 0b01110])
def test_synthetic_heavy_without_mechanics_or_without_muscle(domains_off, run_micropython):
    runs = [synthetic_run(kind, 55_000 + k) for kind in FATIGUE_KINDS for k in range(2)]
    verdicts = judge(runs, run_micropython, domains_off)
    assert max(verdict.highest for verdict in verdicts) <= WATCH


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


PRIORS = """
from band.baseline import Baseline
for mass_known in (True, False):
    print(*Baseline({"contact_ms": [2500], "kvert_kn_m": [24000]}, mass_known).prior_runs)
"""


def test_earlier_stiffness_of_known_mass_is_compared_with_that_of_none(run_micropython):
    rows = [line.split() for line in run_micropython(PRIORS).stdout.decode().splitlines()]
    assert [row[:3] for row in rows] == [["1", "1", "0"], ["1", "0", "0"]]


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
