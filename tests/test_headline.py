"""A headline figure of accuracy gets worse than recorded in tests/accuracy/headline.toml."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.accuracy import emg_table, feature_table, gait_rows, gait_table, headline, runs
from tests.accuracy.headline import Figure

PARTS = ("gait", "features", "emg")


def measured(replays: runs.Replays, kind: str) -> list[Figure]:
    gait = gait_rows.measure(replays, peers=False)
    features = feature_table.measure(replays)
    emg = emg_table.measure(peers=False, real=kind == "real", synthetic=kind == "synthetic")
    return [
        *gait_table.figures(gait),
        *feature_table.figures(features),
        *emg_table.figures(emg),
    ]


def recorded(kind: str) -> list[Figure]:
    found = [f for f in headline.read() if f.kind == kind and f.part in PARTS]
    assert {f.part for f in found} == set(PARTS), f"{headline.PATH} lacks {kind} figures"
    return found


def fail_if_worse(figures: Sequence[Figure], kind: str) -> None:
    worse = headline.worsened(figures, recorded(kind))
    assert not worse, "\n".join(["headline figures got worse:", *worse])


@pytest.mark.recordings
def test_an_accuracy_on_real_recordings_gets_worse(recordings: Path, tmp_path: Path):
    fail_if_worse(measured(runs.replay_all(synthetic=False, out=tmp_path), "real"), "real")


def test_an_accuracy_on_synthetic_runs_gets_worse(tmp_path: Path):
    fail_if_worse(measured(runs.replay_all(real=False, out=tmp_path), "synthetic"), "synthetic")


FIGURE = Figure("gait", "real", "a run: contact SD", 3.0, 0.5, "ms")


def test_a_worse_figure_passes_or_is_told_unclearly():
    (said,) = headline.worsened([replace(FIGURE, value=3.6)], [FIGURE])
    assert said == (
        "gait, real: a run: contact SD is 3.6 ms; recorded is 3, and it may worsen by 0.5."
    )


@pytest.mark.parametrize("value", [0.0, 3.0, 3.5])
def test_a_figure_within_its_slack_fails(value: float):
    assert headline.worsened([replace(FIGURE, value=value)], [FIGURE]) == []


@pytest.mark.parametrize(
    "now", [[replace(FIGURE, name="another")], [replace(FIGURE, value=float("nan"))]]
)
def test_a_figure_that_vanishes_is_not_missed(now: list[Figure]):
    (said,) = headline.worsened(now, [FIGURE])
    assert "can no longer be measured" in said


def test_figures_of_parts_not_measured_fail():
    assert headline.worsened([FIGURE], [FIGURE, replace(FIGURE, part="emg", value=0.0)]) == []


def test_recording_loses_slack_or_the_figures_of_others(tmp_path: Path):
    path = tmp_path / "headline.toml"
    other = Figure("population", "synthetic", 'false "heavy" in 10 h', 0.4, 0.3, "warnings")
    headline.write([replace(FIGURE, may_worsen_by=0.9), other], path)
    headline.record([replace(FIGURE, value=2.5)], path)
    assert headline.read(path) == [replace(FIGURE, value=2.5, may_worsen_by=0.9), other]
