"""Host and MicroPython together, with a chain that tells what it was fed."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import struct
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from edf_files import run_signals, write_edf

from host_tools import band, feed
from host_tools.band_input import band_input
from host_tools.errors import FirmwareError
from host_tools.recording import read_recording
from host_tools.records import Records, parse_records
from host_tools.replay import Job, replay

FIRMWARE = Path(__file__).resolve().parent.parent / "firmware" / "band"
MODULUS = 1 << 28


@pytest.fixture
def fake_firmware(tmp_path, monkeypatch):
    """A firmware folder with the real tables and the chain of fake_chain.py."""
    folder = tmp_path / "firmware"
    (folder / "band").mkdir(parents=True)
    for name in ("units.py", "wire.py", "settings.py", "version.py"):
        shutil.copy(FIRMWARE / name, folder / "band")
    shutil.copy(Path(__file__).parent / "fake_chain.py", folder / "band" / "chain.py")
    monkeypatch.setattr(band, "FIRMWARE_DIR", folder)
    return folder / "band" / "chain.py"


@pytest.fixture
def recording(tmp_path):
    marks = [(1.5, 0.25, "LOST=IMU"), (2.0, 0.5, "LOST=EMG"), (0.3, -1, "IC")]
    return write_edf(tmp_path / "run.edf", run_signals(5), marks, patient="mass=70kg")


def checksum(frames: np.ndarray, weights: tuple[int, ...], gaps: list[tuple[int, int]]) -> int:
    """fake_chain's own sum over the unsigned patterns of all samples that were not lost."""
    lost = {i for a, b in gaps for i in range(a, b)}
    total = 0
    for i, row in enumerate(frames.view("<u2").tolist()):
        if i not in lost:
            total = (total * 31 + sum(w * v for w, v in zip(weights, row, strict=True))) % MODULUS
    return total


def run(recording: Path, block_ms: int = 30) -> tuple[Records, bytes]:
    source = band_input(read_recording(recording))
    lines = ["mass_g=70000", "mains_hz=50"]
    stream = band.run_chain(lines, feed.messages(source, block_ms))
    return parse_records(stream), stream


def test_every_sample_reaches_the_chain_unaltered_through_the_pipe(fake_firmware, recording):
    source = band_input(read_recording(recording))
    assert source.emg is not None and source.imu is not None
    records, _ = run(recording)
    emg_sum, imu_sum = records.warnings[:, 0]
    assert emg_sum == checksum(source.emg, (1, 7), source.emg_gaps)
    assert imu_sum == checksum(source.imu, (1, 2, 3, 4, 5, 6), source.imu_gaps)
    assert records.end["emg_samples"] == 5000 - 500
    assert records.end["emg_lost"] == 500
    assert records.end["imu_frames"] + records.end["imu_lost"] == 5 * 833
    assert records.end["imu_lost"] == 208


def test_lost_samples_are_told_where_they_were_lost(fake_firmware, recording):
    bursts = run(recording)[0].bursts
    assert bursts[bursts[:, 0] == 1][0, 1] == 2000
    assert bursts[bursts[:, 0] == 2][0, 2] == round(1.5 * 833)


def test_block_size_changes_nothing_a_sample_wise_chain_says(fake_firmware, recording):
    def said(block_ms):
        records = run(recording, block_ms)[0]
        return records.strides.tolist(), records.warnings.tolist()

    assert said(20) == said(30) == said(40)


def test_a_chain_that_uses_the_heap_passes(fake_firmware, recording):
    assert run(recording)[0].end["heap_bytes_hot_path"] == 0
    source = fake_firmware.read_text()
    leak = "    def emg(self, buf, at, n):\n        self.leak = [at, n]\n"
    fake_firmware.write_text(source.replace("    def emg(self, buf, at, n):\n", leak))
    with pytest.raises(FirmwareError, match="(?s)chain.py.*heap is locked"):
        run(recording)


def test_crash_of_the_firmware_shows_its_traceback_and_leaves_old_output(
    fake_firmware, recording, tmp_path
):
    out = tmp_path / "out"
    replay(Job(recording, out, report=False))
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    fake_firmware.write_text(
        fake_firmware.read_text().replace(
            "        self.emg_n += 1", "        1 // 0  # at a sample", 1
        )
    )
    with pytest.raises(FirmwareError, match="(?s)firmware stopped.*ZeroDivisionError") as caught:
        replay(Job(recording, out, report=False))
    assert caught.value.exit_code == 3
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_interrupted_chain_leaves_no_thread_at_a_closed_pipe(fake_firmware, monkeypatch):
    """A thread that came to its pipe late used to fail with a traceback after Ctrl-C."""
    feed_chain, fell = band._feed, []

    def late(*args):
        time.sleep(0.5)
        feed_chain(*args)

    def interrupt(number, frame):
        raise KeyboardInterrupt

    monkeypatch.setattr(band, "_feed", late)
    monkeypatch.setattr(threading, "excepthook", fell.append)
    endless = itertools.repeat(struct.pack("<BBH120x", feed.TAG_EMG, 0, 30))
    before, others = signal.signal(signal.SIGALRM, interrupt), threading.active_count()
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(KeyboardInterrupt):
            band.run_chain(["mass_g=70000", "mains_hz=50"], endless)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert threading.active_count() == others
    assert not fell


def test_bad_recording_among_good_ones_is_named_and_does_not_stop_them(
    fake_firmware, recording, tmp_path, calfband
):
    shutil.copy(recording, tmp_path / "second.edf")
    (tmp_path / "broken.edf").write_text("no recording")
    files = [tmp_path / name for name in ("run.edf", "broken.edf", "second.edf")]
    env = {**os.environ, "CALFBAND_FIRMWARE": str(fake_firmware.parent.parent)}
    done = calfband("replay", *files, "--out", tmp_path / "o", "--quiet", "--no-report", env=env)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and "broken.edf: this is not an EDF" in done.stderr
    assert sorted(p.name for p in (tmp_path / "o").iterdir()) == ["run", "second"]
    assert sorted(p.name for p in (tmp_path / "o" / "second").iterdir()) == [
        "bursts.csv", "events.csv", "strides.csv", "summary.json", "warnings.csv"
    ]  # fmt: skip


def test_same_recording_twice_gives_the_same_bytes(fake_firmware, recording, tmp_path):
    for folder in ("a", "b"):
        replay(Job(recording, tmp_path / folder, report=False))
    for name in ("strides.csv", "events.csv", "bursts.csv", "warnings.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
