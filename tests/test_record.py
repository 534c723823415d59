"""`calfband record` against a band on Bumble's virtual link, and as a command."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("bumble", reason="the virtual radio needs Bumble, which needs Python 3.11")

from conftest import Calfband
from edf_files import run_signals, write_edf
from raw_course import Course, Teller
from streaming_band import recorded

from host_tools.band_input import band_input
from host_tools.client import find as finding
from host_tools.errors import CalfbandError
from host_tools.record.journal import journal_path
from host_tools.recording import read_recording
from host_tools.replay import Job, replay

NO_DBUS = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus"}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "SETTLE_S", 0.1)


def test_what_the_band_sends_is_not_what_replay_gets(tmp_path: Path) -> None:
    course = Course(30.0)
    lost = frozenset({20, 21, 60})
    out = tmp_path / "run.edf"
    written = asyncio.run(recorded(out, course, 4.0, lost=lost))
    assert written is not None and written.duration_s >= 3 and not written.notes
    gone = [p for i, p in enumerate(course.packets()) if i in lost]
    for kind in ("EMG", "IMU"):
        assert written.lost[kind] == sum(len(p[3]) for p in gone if p[1] == kind)
    source = band_input(read_recording(out))
    assert source.emg is not None and source.imu is not None
    for frames, gaps, sent in (
        (source.emg, source.emg_gaps, course.emg),
        (source.imu, source.imu_gaps, course.imu),
    ):
        here = np.ones(len(frames), dtype=bool)
        for start, stop in gaps:
            here[start:stop] = False
        assert here.sum() > 2000
        assert np.array_equal(frames[here], sent[: len(frames)][here])
    result = replay(Job(out, tmp_path / "out", report=False))
    assert result.summary["counts"]["emg_lost"] == sum(b - a for a, b in source.emg_gaps)
    assert result.summary["athlete"]["mass_kg"] == 70


def test_a_disconnection_ends_the_recording_or_closes_its_gap(tmp_path: Path) -> None:
    course = Course(30.0)
    out = tmp_path / "run.edf"
    written = asyncio.run(recorded(out, course, 5.0, hang_up_s=(1.5, 3.0)))
    assert written is not None
    assert written.disconnections == 2 and written.restarts == 0
    assert written.lost["EMG"] > 50 and written.lost["IMU"] > 40
    assert written.lost_in_band == {"EMG": 0, "IMU": 0}
    recording = read_recording(out)
    source = band_input(recording)
    assert source.emg is not None
    end = source.emg_gaps[-1][0] if source.emg_gaps[-1][1] == len(source.emg) else len(source.emg)
    assert end > 4000
    tail = slice(end - 300, end)
    assert np.array_equal(source.emg[tail], course.emg[tail])
    texts = [a.text for a in recording.annotations]
    assert texts.count("BAND OUT OF REACH") == 2 and texts.count("BAND CONNECTED") == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_leaves_no_file_or_a_broken_one(
    tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "run.edf"
    script = Path(__file__).with_name("streaming_band.py")
    with subprocess.Popen(
        [sys.executable, str(script), str(out), "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(script.parent.parent)},
    ) as running:
        patience = time.monotonic() + 60
        while not journal_path(out).exists() or journal_path(out).stat().st_size < 60_000:
            assert running.poll() is None and time.monotonic() < patience
            time.sleep(0.05)
        running.send_signal(number)
        running.send_signal(number)  # impatience must not hurt
        said, _ = running.communicate(timeout=30)
    assert running.returncode == 0, said
    assert "Traceback" not in said and "written Written" in said
    assert [p.name for p in tmp_path.iterdir()] == ["run.edf"]
    source = band_input(read_recording(out))
    assert source.emg is not None and len(source.emg) >= 2000


def test_a_killed_recorder_leaves_nothing_to_finish(tmp_path: Path, calfband: Calfband) -> None:
    out = tmp_path / "run.edf"
    teller = Teller(journal_path(out))
    teller.tell(Course(3.0))
    teller.to.close()  # no STOP: it was killed
    refused = calfband("record", out, env=NO_DBUS)
    assert refused.returncode == 2 and f"--finish {out}" in refused.stderr
    done = calfband("record", out, "--finish")
    assert done.returncode == 0, done.stderr
    assert "EMG: 3000 samples came, 0 lost" in done.stdout
    read_recording(out)
    assert not journal_path(out).exists()
    again = calfband("record", out, "--finish", "--force")
    assert again.returncode == 2 and "no recording of that name" in again.stderr


def test_refusals_leave_files_or_go_on(tmp_path: Path) -> None:
    for mtu, pairing_open, match in (
        (23, True, "agreed to 23"),
        (247, False, "press the band's button"),
    ):
        course, out = Course(1.0), tmp_path / "run.edf"
        with pytest.raises(CalfbandError, match=match):
            asyncio.run(recorded(out, course, 5.0, mtu=mtu, pairing_open=pairing_open))
        assert list(tmp_path.iterdir()) == []


def test_a_full_disk_in_the_middle_ends_in_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written by then becomes the file."""
    from host_tools.record import journal

    whole = journal.Journal.add
    room = 100

    def add(self: journal.Journal, *entry: object) -> journal.Entry:
        nonlocal room
        room -= 1
        if room < 0:
            raise OSError(28, "No space left on device")
        return whole(self, *entry)  # type: ignore[arg-type]

    monkeypatch.setattr(journal.Journal, "add", add)
    written = asyncio.run(asyncio.wait_for(recorded(tmp_path / "run.edf", Course(30.0), 0), 60))
    assert written is not None and 500 < written.frames["EMG"] < 4000
    read_recording(tmp_path / "run.edf")


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("run.edf", "is there already; name another file or add --force."),
        ("run.csv", "give it a name ending in .edf."),
        ("folder.edf", "this is a folder"),
        ("nowhere/run.edf", "its folder is not there"),
        ("new.edf", "no Bluetooth adapter can be used"),
    ],
)
def test_what_cannot_be_recorded_to_is_found_out_after_the_run(
    tmp_path: Path, calfband: Calfband, name: str, match: str
) -> None:
    write_edf(tmp_path / "run.edf", run_signals(1))
    before = (tmp_path / "run.edf").read_bytes()
    (tmp_path / "folder.edf").mkdir()
    done = calfband("record", tmp_path / name, env=NO_DBUS)
    assert done.returncode == 2
    assert done.stderr.startswith("calfband: ") and match in done.stderr
    assert done.stderr.count("\n") == 1 and done.stdout == ""
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder.edf", "run.edf"]
    assert (tmp_path / "run.edf").read_bytes() == before
