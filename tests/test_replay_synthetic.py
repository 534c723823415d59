"""The whole command on a SYNTHETIC run with the real firmware: what must hold at any accuracy."""

import json

import pytest

TABLES = ("strides.csv", "events.csv", "bursts.csv", "warnings.csv")


@pytest.fixture(scope="module")
def synthetic_run(tmp_path_factory, calfband):
    path = tmp_path_factory.mktemp("synthetic") / "synthetic.edf"
    faults = ("--fault", "imu-lost@20+1", "--fault", "emg-lost@30+1.5")
    done = calfband("synth", path, "--minutes", 1, "--imu-clock", 2.5, *faults)
    assert done.returncode == 0, done.stderr
    return path


def test_synthetic_run_gives_the_same_tables_at_any_block_size(synthetic_run, tmp_path, calfband):
    said = set()
    for block_ms in (20, 30, 40, 120):
        out = tmp_path / str(block_ms)
        done = calfband(
            "replay", synthetic_run, "--out", out, "--no-report", "--block-ms", block_ms
        )
        assert done.returncode == 0, done.stderr
        said.add(tuple((out / name).read_bytes() for name in TABLES))
    assert len(said) == 1


def test_synthetic_run_leaves_report_and_summary_without_heap_growth(
    synthetic_run, tmp_path, calfband
):
    done = calfband("replay", synthetic_run, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "synthetic" in done.stdout and "ground contact" in done.stdout
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["synthetic"] is True
    assert summary["heap_bytes_hot_path"] == 0
    assert summary["settings"]["imu_rate_mhz"] == 854_000
    assert summary["counts"]["emg_lost"] == 1500
    assert summary["counts"]["imu_lost"] == 854
    assert sum(summary["time_at_level_s"].values()) == pytest.approx(60, abs=0.3)
    assert summary["truth"]["ic"]["found"] >= 0.9 * summary["truth"]["ic"]["truth"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "ynthetic" in page


def test_quiet_replay_prints_nothing_at_all(synthetic_run, tmp_path, calfband):
    done = calfband("replay", synthetic_run, "--out", tmp_path, "--quiet", "--no-report")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
