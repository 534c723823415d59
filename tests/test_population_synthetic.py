"""The synthetic population: who runs, what is true of the runs, and how verdicts are counted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from host_tools.band_input import band_input
from host_tools.errors import CalfbandError
from host_tools.firmware_tables import units, wire
from host_tools.population import metrics, targets
from host_tools.population.chain_errors import COMPARED, error_tables, errors, matched
from host_tools.population.error_model import (
    GROUPS,
    ErrorModel,
    FeatureError,
    Profile,
    consolidated,
    load,
    save,
)
from host_tools.population.runners import RANGES, draw_runner, on_day
from host_tools.population.scenarios import ALL_KINDS, EARLY, KINDS, TIRING, Run, plan_run
from host_tools.population.stride_records import AT, stride_records
from host_tools.population.truth import stride_truth
from host_tools.population.verdicts import named_rows, run_row, scores
from host_tools.recording import read_recording
from host_tools.synth import Fault, synthesize, write_edf
from host_tools.synth.recorded import recorded

SEED = 7
MINUTE = 60 * units.DMS_PER_S


def model_of(features: dict[str, FeatureError], rates: dict[str, float]) -> ErrorModel:
    """One profile, the same for all groups; features not named are spotless."""
    everything = {name: features.get(name, FeatureError()) for name in COMPARED}
    profile = Profile(dict.fromkeys(GROUPS, everything), dict.fromkeys(GROUPS, rates))
    return ErrorModel([profile], np.eye(len(COMPARED)), {})


def run_of(kind: str, index: int = 3, minutes: float = 40.0) -> Run:
    return plan_run(draw_runner(index, SEED), kind, 0, minutes, SEED)


def warnings(*rows: tuple[float, int, int, int]) -> np.ndarray:
    """Rows of wire.WARNING from (minute, level, attribution, faults)."""
    table = [(round(t * MINUTE), level, cause, 70, 0, bits) for t, level, cause, bits in rows]
    return np.array(table, np.int64).reshape(-1, len(wire.WARNING))


def blocks(minutes: float, level: int = 1, confidence: int = 60) -> np.ndarray:
    t = np.arange(0, minutes, 0.3) * MINUTE
    table = np.zeros((len(t), len(wire.TREND_HEAD)), np.int64)
    table[:, 0], table[:, 3], table[:, 4] = t, level, confidence
    return table


def test_synthetic_population_is_narrow():
    runners = [draw_runner(index, SEED) for index in range(40)]
    for name in ("speed_m_s", "imu_clock_pct"):
        values = np.array([getattr(runner, name) for runner in runners])
        low, high, _ = RANGES[name]
        assert values.min() < low + 0.06 * (high - low)
        assert values.max() > high - 0.06 * (high - low)
        assert np.all((values >= low) & (values <= high))
        assert np.histogram(values, 5, (low, high))[0].min() >= 6
    athletes = [runner.athlete for runner in runners]
    assert np.ptp([a.mass_kg for a in athletes]) > 45
    assert np.ptp([a.height_m for a in athletes]) > 0.42
    snr_db = [20 * np.log10(a.rms_uv[0] / a.noise_uv[0]) for a in athletes]
    assert min(snr_db) < 19 and max(snr_db) > 36
    for field in ("knows_speed", "knows_mass", "knows_temp"):
        assert 4 <= sum(getattr(runner, field) for runner in runners) <= 36
    wears = [run_of("fresh", index).plan.wear for index in range(40)]
    assert 3 <= sum(bool(wear.upside_down) for wear in wears) <= 20
    assert {a.foot_strike for a in athletes} == {"rearfoot", "midfoot", "forefoot"}


def test_synthetic_case_changes_with_the_size_of_the_population():
    for kind in ALL_KINDS:
        assert run_of(kind, 5) == run_of(kind, 5)
    assert len({draw_runner(i, SEED).athlete for i in range(50)}) == 50
    plans = [run_of(kind, 5).plan.seed for kind in ALL_KINDS]
    assert len(set(plans)) == len(plans)
    assert draw_runner(5, SEED) != draw_runner(5, SEED + 1)


def test_synthetic_day_leaves_the_athlete_the_same_or_makes_another():
    runner = draw_runner(2, SEED)
    days = [on_day(runner, day, SEED).athlete for day in range(200)]
    contact = np.array([day.contact_scale for day in days]) / runner.athlete.contact_scale
    assert abs(contact.mean() - 1) < 0.004 and 0.008 < contact.std() < 0.016
    assert all(day.mass_kg == runner.athlete.mass_kg for day in days)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_synthetic_truth_of_a_run_is_not_what_its_kind_says(kind):
    for index in range(6):
        run = run_of(kind, index)
        truth = stride_truth(run.plan)
        assert np.all(np.diff(truth.ic_s) > 0) and truth.ic_s[-1] < run.plan.duration_s + 2
        assert np.all(truth.contact_ms < truth.stride_ms / 2)
        assert np.all(np.diff(truth.fatigue) >= 0)
        if kind in TIRING:
            assert truth.fatigue[-1] == 1 and run.plan.course is not None
            onset_min = truth.ic_s[np.argmax(truth.fatigue > 0)] / 60
            assert abs(onset_min - run.plan.course.onset_min) < 1.6  # a stop may lie there
            assert (onset_min < 15) == (kind == EARLY)
            tired, rested = truth.fatigue == 1, truth.fatigue == 0
            spm = truth.contact_ms / truth.contact_ms[rested].mean()
            assert spm[tired].mean() > 1.01
        else:
            assert not truth.fatigue.any()
        assert bool(run.plan.faults) == (kind == "faults")
        if kind == "pace":
            assert np.ptp(truth.speed_m_s) > 0.06 * truth.speed_m_s.mean()
        assert bool(truth.grade_pct.any()) == (kind == "hills")


def test_synthetic_faults_are_few_alike_or_too_close():
    kinds: set[str] = set()
    for index in range(20):
        faults = run_of("faults", index).plan.faults
        assert len(faults) >= 4
        assert len({fault.kind for fault in faults}) == len(faults)
        for one, two in zip(faults, faults[1:], strict=False):
            assert two.start_s - one.start_s - (one.duration_s or 0) >= 149
        kinds |= {fault.kind for fault in faults}
    assert len(kinds) == 12


def test_synthetic_run_fed_directly_differs_from_its_file(tmp_path: Path):
    runner = draw_runner(1, SEED)
    plan = replace(
        plan_run(runner, "faults", 0, 20, SEED).plan,
        segments=(),
        minutes=0.5,
        faults=(Fault("imu-lost", 9.0, 3.0), Fault("electrode-off-1", 15.0, 5.0, "rail", 60)),
        with_speed=True,
        with_temp=True,
    )
    run = synthesize(plan)
    path = tmp_path / "run.edf"
    write_edf(run, path)
    direct, read = band_input(recorded(run)), band_input(read_recording(path))
    assert direct.emg is not None and read.emg is not None
    assert direct.imu is not None and read.imu is not None
    assert np.array_equal(direct.emg, read.emg) and np.array_equal(direct.imu, read.imu)
    for name in ("present", "imu_rate_mhz", "emg_gaps", "imu_gaps", "temps", "speeds"):
        assert getattr(direct, name) == getattr(read, name), name


def test_synthetic_strides_without_errors_are_not_the_truth():
    run = run_of("hills", 2)
    records, truth = stride_records(run, model_of({}, {})), stride_truth(run.plan)
    assert len(records) == len(truth.ic_s)
    assert np.abs(records[:, AT["contact_ms"]] - 10 * truth.contact_ms).max() <= 0.5
    assert np.abs(records[:, AT["onset_ms"]] - 10 * truth.onset_ms).max() <= 0.5
    assert np.abs(records[:, AT["rms_uv"]] - 10 * truth.rms_uv).max() <= 0.5
    assert np.all(records[:, AT["valid"]] == 1) and np.all(records[:, AT["gait"]] == 2)
    assert (records[:, AT["kvert_kn_m"]] == units.UNKNOWN).all() != run.runner.knows_mass


def test_errors_put_into_synthetic_strides_are_not_measured_again():
    """The measurement of errors, on strides whose errors are known."""
    run = run_of("pace", 4)
    given = FeatureError(bias=-5.0, per_m_s=8.0, white_sd=4.0, quick_sd=2.0, quick_memory=6.0)
    records = stride_records(run, model_of({"contact_ms": given}, {"invalid": 0.05}))
    strides = {
        name: np.where(records[:, i] == units.UNKNOWN, np.nan, records[:, i] / (divisor or 256))
        for i, (name, divisor, *_) in enumerate(wire.STRIDE + wire.STRIDE_EXTRA)
    }
    strides["finsm5"] = np.exp2(strides["finsm5"])
    truth = stride_truth(run.plan)
    measured, true = matched(strides, truth)
    assert len(measured) == len(truth.ic_s)
    kept = {name: values[measured] for name, values in strides.items()}
    assert abs(np.median(errors(kept, truth, true)["contact_ms"]) + 5) < 0.5
    tables = error_tables(run, strides, truth)
    (row,) = (row for row in tables["errors"] if row["feature"] == "contact_ms")
    assert row["bias"] == pytest.approx(-5, abs=0.3)
    assert row["per_m_s"] == pytest.approx(8, abs=1.0)
    assert row["white_sd"] == pytest.approx(4, abs=0.4)
    assert row["quick_sd"] == pytest.approx(2, abs=0.5)
    (rates,) = tables["rates"]
    assert rates["invalid"] == pytest.approx(0.05, abs=0.02)
    assert rates["missed"] < 0.001 and rates["invented"] == 0


def test_error_model_is_not_the_same_after_saving(tmp_path: Path):
    rows = [
        {"athlete": a, "kind": "fresh", "feature": name, "bias": a + 0.5, "n": 300, "strays": 0.0}
        | {"gain": 0.1, "per_m_s": float("nan"), "per_grade": None, "per_fatigue": -1.0}
        | {"white_sd": 3.0, "quick_sd": 1.0, "quick_memory": 4.0, "slow_sd": 0.5}
        for a in (0, 1)
        for name in COMPARED
    ]
    rates = [{"athlete": 0, "kind": "fresh", "strides": 900.0, "invalid": 0.02}]
    effects = [{"athlete": 0, "kind": "faults", "fault": "mains-1", "delay_s": 2.0, "valid": 1.0}]
    pairs = [{"athlete": 0, "kind": "fresh", "a": "onset_ms", "b": "contact_ms", "r": 0.4}]
    model = consolidated(rows, rates, pairs, effects, {"seed": 1})
    path = tmp_path / "errors.json"
    save(model, path)
    again = load(path)
    assert again.profiles == model.profiles and again.faults == model.faults
    assert again.profile(3).features["pace"]["onset_ms"].bias == 1.5
    assert again.profile(0).features["even"]["onset_ms"].per_m_s == 0
    assert np.allclose(again.correlation, model.correlation, atol=1e-3)
    path.write_text("{}")
    with pytest.raises(CalfbandError, match="errors.json"):
        load(path)


def test_false_alarm_while_fresh_is_not_counted_or_one_after_onset_is():
    run = run_of("peripheral")
    assert run.plan.course is not None
    onset, half = run.plan.course.onset_min, run.plan.course.ramp_min / 2
    early = warnings((0, 0, 0, 0), (15, 1, 0, 0), (16, 3, 1, 0), (16.5, 1, 0, 0))
    late = warnings((0, 0, 0, 0), (15, 1, 0, 0), (onset + 9, 3, 1, 0), (onset + 11, 4, 1, 0))
    told = run_row(run, early, blocks(40))
    assert (told["false_heavy"], told["caught"], told["attribution"]) == (1, False, "missed")
    told = run_row(run, late, blocks(40))
    assert (told["false_heavy"], told["caught"], told["right"]) == (0, True, True)
    assert told["after_onset_min"] == pytest.approx(9, abs=0.01)
    assert told["after_half_min"] == pytest.approx(9 - half, abs=0.01)
    assert told["fresh_h"] == pytest.approx(onset / 60)
    assert told["judged_fresh_h"] == pytest.approx((onset - 15) / 60)
    both = run_row(run, np.concatenate([early, late[2:]]), blocks(40))
    assert (both["false_heavy"], both["caught"]) == (1, True)
    rested = run_row(run_of("fresh"), late, blocks(40))
    assert (rested["false_heavy"], rested["caught"]) == (1, False)


def test_attribution_of_a_moment_is_taken_for_that_of_the_run():
    tired = run_of("central")
    assert tired.plan.course is not None
    at = tired.plan.course.onset_min + 8
    told = warnings((15, 1, 0, 0), (at, 3, 1, 0), (at + 1, 4, 2, 0), (at + 9, 4, 1, 0))
    assert run_row(tired, told, blocks(40))["attribution"] == "central-type"
    told = warnings((0, 0, 0, 0), (15, 1, 3, 0), (16, 1, 4, 0), (25, 1, 0, 0))
    row = run_row(run_of("hills"), told, blocks(40))
    assert (row["attribution"], row["right"]) == ("terrain", True)


def test_fault_told_too_late_or_heavy_long_after_counts():
    run = run_of("faults")
    fault = run.plan.faults[0]
    bit = 1 << wire.FAULTS.index(fault.name)
    start = fault.start_s / 60
    stop = start + (fault.duration_s or 30) / 60
    rows = named_rows(run, warnings((start + 0.1, 1, 5, bit), (stop + 2.5, 3, 1, 0)))
    assert rows[0]["named"] and rows[0]["heavy"] and rows[0]["after_s"] == pytest.approx(6)
    rows = named_rows(run, warnings((stop + 0.5, 1, 5, bit), (stop + 4.0, 3, 1, 0)))
    assert not rows[0]["named"] and not rows[0]["heavy"]


def test_surely_fresh_run_scores_above_a_warned_one():
    sure, unsure = (scores(blocks(40, 1, pct))["score"] for pct in (80, 50))
    watch, heavy = (scores(blocks(40, level, 50))["score"] for level in (2, 3))
    assert sure < unsure < watch < heavy
    assert scores(blocks(0)) == {"score": 0.0, "late_score": 0.0}


def test_figures_of_hand_made_verdicts_are_wrong():
    def row(kind: str, false: int, caught: bool, score: float, **more) -> dict:
        usual = {"tier": "raw", "variant": "", "repeat": 0, "knows_speed": True, "minutes": 40.0}
        usual |= {"speed_m_s": 3.0, "fresh_h": 2.0, "judged_fresh_h": 1.0, "late_score": score}
        usual |= {"highest": 3 if false or caught else 1, "attribution": "peripheral"}
        usual |= {"right": caught, "after_onset_min": np.nan, "after_half_min": np.nan}
        found = {"kind": kind, "false_heavy": false, "caught": caught, "score": score}
        return usual | found | more

    rows = [row("fresh", 0, False, 0.4, athlete=i) for i in range(9)]
    rows.append(row("fresh", 2, False, 3.6, athlete=9))
    delays = (1.0, 2.0, 3.0, 4.0)
    rows += [
        row("peripheral", 0, True, 4.5, athlete=i, after_half_min=d, after_onset_min=d + 5)
        for i, d in enumerate(delays)
    ]
    rows.append(row("peripheral", 0, False, 1.0, athlete=4, attribution="missed"))
    table = {name: np.array([r[name] for r in rows]) for name in rows[0]}
    fresh, tired = metrics.scenarios(table)
    assert fresh.false_per_10_h.value == pytest.approx(10 * 2 / 20)
    assert fresh.false_per_10_judged_h.value == pytest.approx(10 * 2 / 10)
    assert tired.caught is not None and tired.caught.value == pytest.approx(0.8)
    assert tired.after_half_min is not None and tired.after_half_min[1] == pytest.approx(2.5)
    assert metrics.confusion(table)["peripheral"]["missed"] == 1
    # Of 5 x 10 pairs the missed run loses to one false alarm, the others to none.
    assert metrics.separation(table)["all tiring"].value == pytest.approx(49 / 50)
    assert metrics.rightly_attributed(metrics.tiring(table)).value == 1
    met = {target.what: target.met for target in targets.targets(table, None)}
    assert met["false heavy in 10 fresh hours"] and not met["tiring runs caught"]


def test_confidence_is_judged_by_other_moments_than_its_own():
    moments = {
        "level": np.array([1, 1, 3, 3, 2]),
        "confidence_pct": np.array([60, 62, 60, 78, 50]),
        "fatigue": np.array([0.0, 0.9, 0.4, 0.0, 0.1]),
    }
    found = {(c.claim, c.low): c.right.value for c in metrics.calibration(moments)}
    assert found == {("fresh", 55): 0.5, ("watch", 40): 1, ("heavy", 55): 1, ("heavy", 75): 0}


def test_every_kind_of_run_has_its_word_for_what_is_right():
    run = [run_of(kind, 0, 40) for kind in KINDS]
    assert [r.tires for r in run] == [kind in TIRING for kind in KINDS]
