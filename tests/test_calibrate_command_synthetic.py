"""`calfband calibrate` and `calfband twin --bench` as commands, beside each other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("bumble", reason="the virtual radio needs Bumble, which needs Python 3.11")

from conftest import BIN, Calfband

from host_tools.errors import CalfbandError
from host_tools.virtual.bench.errors import Errors, read_errors

SERIAL = "30aea4000001"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment of its own: no other virtual band is near."""
    kept = {name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"}
    return {**kept, "HOME": str(tmp_path / "home"), "PYTHONUNBUFFERED": "1"}


@contextmanager
def bench(env: dict[str, str], folder: Path, errors: str) -> Iterator[None]:
    """A twin on the bench, on the air."""
    (folder / "errors.toml").write_text(errors)
    command = [BIN / "calfband", "twin", "--bench", "--pace", "6", "--errors", "errors.toml"]
    with subprocess.Popen(
        [*command, "--flash", "flash"], cwd=folder, env=env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as twin:  # fmt: skip
        try:
            patience = time.monotonic() + 60
            registry = Path(env["HOME"]) / ".cache" / "calfband"
            while not list(registry.glob("twin-*.json")):
                assert twin.poll() is None and time.monotonic() < patience, twin.communicate()
                time.sleep(0.05)
            yield
        finally:
            twin.send_signal(signal.SIGINT)
            said, _ = twin.communicate(timeout=20)
            assert "Traceback" not in said, said


@pytest.mark.timeout(200)
def test_a_figure_out_of_its_limits_exits_like_a_good_one(
    tmp_path: Path, home: dict[str, str], calfband: Calfband
) -> None:
    with bench(home, tmp_path, "[gyroscope]\nbias_dps = [0.5, 12.0, -1.0]\n"):
        done = calfband(
            "calibrate", "--twin", "--virtual-hands", "--step", "gyroscope", "--out", "out",
            cwd=tmp_path, env=home, timeout=120,
        )  # fmt: skip
        assert done.returncode == 1, done.stdout + done.stderr
        assert "✗ bias y: 12.00 deg/s  (±10)" in done.stdout
        assert "FAILED: 1 figure out of limits: gyroscope: bias y" in done.stdout
        nobody = calfband(
            "calibrate", "0001", "--twin", "--step", "noise", "--out", "out",
            cwd=tmp_path, env=home, timeout=120, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert nobody.returncode == 2 and "nobody is at the keyboard" in nobody.stderr
        assert nobody.stderr.count("\n") == 1
    sheet = json.loads((tmp_path / "out" / SERIAL / "certificate.json").read_text())
    failed = [line for line in sheet["lines"] if line["passed"] is False]
    assert [line["name"] for line in failed] == ["bias y"] and sheet["passed"] is False
    page = (tmp_path / "out" / SERIAL / "certificate.html").read_text()
    assert "Failed" in page and '<tr class="failed">' in page


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["calibrate", "--out", "o", "--step", "gyro"], "there are accelerometer,"),
        (["calibrate", "--out", "o", "--virtual-hands"], "add --twin"),
        (["calibrate", "--out", "o", "--twin", "--virtual-hands"], "calfband twin --bench"),
        (["twin", "--bench", "run.edf"], "neither a recording"),
        (["twin"], "name a recording"),
        (["twin", "--bench", "--errors", "none.toml"], "none.toml: cannot be read"),
    ],
)
def test_a_wrong_option_ends_in_a_traceback(
    tmp_path: Path, home: dict[str, str], calfband: Calfband, arguments: list[str], says: str
) -> None:
    done = calfband(*arguments, cwd=tmp_path, env=home)
    assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[gyroscope]\nbias_dps = [1, 2]", "bias_dps must be 3 numbers in brackets"),
        ("[gyroscope]\nbias_dps = [1, 2, 90]", "no unit is off by more than 15"),
        ("[emg]\ndelay_us = 3", "nothing is called delay_us; known are gain_pct"),
        ("emg = 3", r"emg is a table, written \[emg\]"),
        ("imu_clock_pct = true", "must be a number"),
        ("[emg", "is no TOML"),
    ],
)
def test_a_wrong_error_file_makes_another_unit(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "errors.toml"
    path.write_text(text)
    with pytest.raises(CalfbandError, match=says):
        read_errors(path)
    path.write_text("")
    assert read_errors(path) == Errors()


def test_a_state_of_another_unit_or_a_broken_one_is_built_upon(tmp_path: Path) -> None:
    from host_tools.calibrate.state import State

    State(tmp_path, "A1").done("gyroscope", {"bias_dps": [0, 0, 0]})
    assert State(tmp_path, "A1").result("gyroscope")
    path = tmp_path / "A1" / "state.json"
    for text in (path.read_text().replace("A1", "A2"), path.read_text()[:40], "[]", "{}"):
        path.write_text(text)
        with pytest.raises(CalfbandError, match="is no state of calibrating A1"):
            State(tmp_path, "A1")
