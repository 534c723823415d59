"""Both tiers of the synthetic population from end to end, short; resumption; recorded figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from host_tools.corpus.work import Done, read_table, run_tasks
from host_tools.firmware_tables import wire
from host_tools.population import feature, headline, metrics, raw
from host_tools.population.chain_errors import COMPARED, error_tables
from host_tools.population.command import SEED as SEED_REPORTED
from host_tools.population.command import read_tier
from host_tools.population.error_model import CHAIN_ERRORS, ErrorModel, consolidated, load, save
from host_tools.population.page import render
from host_tools.population.runners import draw_runner
from host_tools.population.scenarios import KINDS, plan_run
from host_tools.population.stride_records import AT, stride_records
from host_tools.population.tables import sheets
from host_tools.population.truth import stride_truth
from host_tools.records import columns

SEED, ATHLETES, SHORT_MIN = 11, 2, 8.0
FIELDS = wire.STRIDE + wire.STRIDE_EXTRA


@pytest.fixture(scope="module")
def raw_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The raw tier of two athletes, eight minutes a run."""
    store = tmp_path_factory.mktemp("population") / "raw"
    tasks = raw.raw_tasks(ATHLETES, SEED, SHORT_MIN)
    outcome = run_tasks(tasks, raw.replay_run, store, sources=raw.SOURCES)
    assert outcome.failed == {} and outcome.ran == ATHLETES * len(KINDS)
    return store


@pytest.fixture(scope="module")
def measured(raw_store: Path) -> Path:
    """The chain's errors as measured in that raw tier."""
    names = ("errors", "rates", "correlations", "fault_effects")
    rows = {name: read_table(raw_store, name).to_pylist() for name in names}
    model = consolidated(
        rows["errors"], rows["rates"], rows["correlations"], rows["fault_effects"], {}
    )
    path = raw_store.parent / "chain_errors.json"
    save(model, path)
    return path


def test_raw_tier_of_synthetic_athletes_loses_contacts_or_invents_them(raw_store):
    rates = read_table(raw_store, "rates").to_pylist()
    assert len(rates) == ATHLETES * (len(KINDS) - 1)
    for row in rates:
        assert row["missed"] < 0.01 and row["invented"] < 0.01, row


def test_tiers_of_synthetic_athletes_disagree_in_their_strides(measured):
    """What the feature tier draws has the errors the raw tier measured."""
    model = load(measured)
    for index in range(ATHLETES):
        run = plan_run(draw_runner(index, SEED), "fresh", 0, 40.0, SEED)
        table = stride_records(run, model)
        again = {
            row["feature"]: row
            for row in error_tables(run, columns(table, FIELDS), stride_truth(run.plan))["errors"]
        }
        given = model.profile(index).features["even"]
        for name in COMPARED:
            error, row = given[name], again[name]
            spread = np.sqrt(error.white_sd**2 + error.quick_sd**2 + error.slow_sd**2)
            noise = np.sqrt(row["white_sd"] ** 2 + row["quick_sd"] ** 2 + row["slow_sd"] ** 2)
            assert noise == pytest.approx(spread, rel=0.25, abs=0.01), name
            assert abs(row["bias"] - error.bias) < 0.5 * spread + 0.2, name


def test_whole_population_of_synthetic_athletes_cannot_be_shown(raw_store, measured, tmp_path):
    tasks = feature.feature_tasks(ATHLETES, SEED, 40.0, measured)
    outcome = run_tasks(tasks, feature.judge_athletes, tmp_path, sources=feature.SOURCES)
    assert outcome.failed == {}
    tiers = [read_tier("raw", raw_store), read_tier("feature", tmp_path)]
    usual = metrics.where(tiers[1].runs, variant="")
    assert metrics.count(usual) == 2 * 9 + 1  # one tires early, too
    assert set(tiers[1].runs["variant"]) == {"", "earlier runs"} | {
        f"without {domain}" for domain in wire.DOMAINS
    }
    strides = metrics.where(usual, kind="fresh", repeat=0)["strides"]
    assert np.all(strides > 2500)
    page = render(tiers)
    assert page.count("<svg class") >= 9 and "http://" not in page and "https://" not in page
    assert "Synthetic athletes" in page
    assert "nan" not in page.lower()
    for each in tiers:
        for sheet in sheets(each.name, each.runs, each.moments, each.faults):
            assert sheet.rows, sheet.title
            assert all(len(row) == len(sheet.head) for row in sheet.rows), sheet.title


def test_synthetic_population_begins_anew_after_a_stop(measured, tmp_path, monkeypatch):
    monkeypatch.setattr(feature, "ATHLETES_PER_TASK", 1)
    tasks = feature.feature_tasks(3, SEED, 20.0, measured)
    heard: list[Done] = []

    def stop_after_two(done: Done) -> None:
        heard.append(done)
        if len(heard) == 2:
            raise KeyboardInterrupt

    def run(on_done) -> None:
        run_tasks(
            tasks,
            feature.judge_athletes,
            tmp_path,
            workers=1,
            on_done=on_done,
            sources=feature.SOURCES,
        )

    with pytest.raises(KeyboardInterrupt):
        run(stop_after_two)
    later: list[Done] = []
    run(later.append)
    assert sorted(done.how for done in later) == ["ran", "reused", "reused"]
    kept = read_table(tmp_path, "runs")
    assert len(set(kept.column("athlete").to_pylist())) == 3
    assert kept.num_rows == len({tuple(sorted(map(str, row.items()))) for row in kept.to_pylist()})


def test_command_leaves_no_page_or_takes_a_folder_that_is_none(calfband, tmp_path):
    out = tmp_path / "out"
    done = calfband("population", "--tier", "features", "--athletes", 2, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "Targets, feature tier (synthetic)" in done.stdout
    assert (out / "population.html").stat().st_size > 20_000
    assert json.loads((out / "figures.json").read_text())["feature"]["athletes"] == 2
    file = tmp_path / "file"
    file.write_text("")
    done = calfband("population", "--tier", "features", "--athletes", 1, "--out", file)
    assert done.returncode == 2
    assert "file" in done.stderr and "Traceback" not in done.stderr


def test_recorded_errors_are_few_or_not_those_of_a_chain():
    model: ErrorModel = load(CHAIN_ERRORS)
    assert len(model.profiles) >= 40 and len(model.faults) == 12
    for profile in model.profiles:
        assert profile.features["even"]["contact_ms"].white_sd < 20
        assert profile.rates["even"]["missed"] < 0.05
    assert model.provenance["data"] == "synthetic"


@pytest.mark.timeout(300)
def test_headline_figure_of_the_synthetic_population_is_worse_than_recorded(tmp_path):
    tasks = feature.feature_tasks(headline.CHECK_ATHLETES, SEED_REPORTED, 40.0)
    outcome = run_tasks(tasks, feature.judge_athletes, tmp_path, sources=feature.SOURCES)
    assert outcome.failed == {}
    found = read_tier("feature", tmp_path)
    now = headline.check(found.runs, found.faults)
    assert now is not None
    worse = headline.worsened(now, headline.read()[headline.CHECK])
    assert not worse, "; ".join(worse)


def test_worse_figure_passes_for_as_good():
    good = {"false_heavy": 2.0, "caught": 0.98, "right": 0.95, "median_delay_min": 5.0}
    assert headline.worsened(good, good) == []
    assert headline.worsened({**good, "false_heavy": 4.0}, good)
    assert headline.worsened({**good, "caught": 0.95}, good)
    assert headline.worsened({**good, "median_delay_min": float("nan")}, good)
    assert headline.worsened({**good, "false_heavy": 0.0, "right": 1.0}, good) == []


def test_time_of_synthetic_records_runs_backwards():
    run = plan_run(draw_runner(0, SEED), "faults", 0, 40.0, SEED)
    model = load(CHAIN_ERRORS)
    records = stride_records(run, model)
    assert np.all(np.diff(records[:, AT["t_ic_s"]]) >= 0)
    assert records.dtype == np.int32 and records.shape[1] == 26
    told = np.bitwise_or.reduce(records[:, AT["faults"]])
    named = {name for bit, name in enumerate(wire.FAULTS) if told >> bit & 1}
    assert {fault.name for fault in run.plan.faults} <= named
