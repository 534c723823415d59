"""`calfband corpus` on SYNTHETIC recordings with the real firmware: the whole command."""

import csv
import functools
import http.server
import json
import os
import shutil
import signal
import subprocess
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import distributed
import numpy as np
import pyarrow.parquet as pq
import pytest
from conftest import BIN

from host_tools.corpus.command import TABLES
from host_tools.corpus.sources import find_recordings
from host_tools.corpus.work import TIMINGS
from host_tools.errors import CalfbandError

N = 40
SAME = [name for name in TABLES if name != TIMINGS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Forty short runs in two folders: paces, clocks, sensors and faults differ."""
    from host_tools.synth import Fault, RunPlan, synthesize, write_edf

    top = tmp_path_factory.mktemp("corpus") / "runs"
    for i in range(N):
        path = top / ("easy" if i % 2 else "hard") / f"run {i:02d}.edf"
        path.parent.mkdir(parents=True, exist_ok=True)
        plan = RunPlan(
            seed=i + 1,
            minutes=0.4,
            speed_m_s=2.4 + 0.05 * i,
            imu_clock_pct=(i % 7 - 3) * 0.9,
            emg_channels=i % 3,
            with_gyro=i % 5 != 0,
            faults=(Fault("imu-lost", 10, 1.0),) if i % 8 == 0 else (),
        )
        write_edf(synthesize(plan), path)
    return top


@pytest.fixture(scope="module")
def reference(folder, tmp_path_factory, calfband):
    """The output of the forty runs on this computer, and what the command said."""
    out = tmp_path_factory.mktemp("reference") / "out"
    done = calfband("corpus", folder, "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out, done


def same(one: Path, other: Path) -> None:
    for name in SAME:
        mine, theirs = (
            pq.read_table(one / f"{name}.parquet"),
            pq.read_table(other / f"{name}.parquet"),
        )
        assert mine.equals(theirs), name
    assert (one / "corpus.html").read_bytes() == (other / "corpus.html").read_bytes()


def test_the_same_40_recordings_give_the_same_numbers_on_a_dask_cluster(
    folder, reference, tmp_path, calfband
):
    local: Any = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    )
    with local as cluster:
        assert cluster.scheduler_address.startswith("tcp://")
        done = calfband(
            "corpus", folder, "--out", tmp_path, "--scheduler", cluster.scheduler_address
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert pq.read_table(tmp_path / "recordings.parquet").num_rows == N
    same(reference[0], tmp_path)


def test_corpus_says_of_each_recording_what_replay_says_of_it_alone(
    folder, reference, tmp_path, calfband
):
    out, _ = reference
    path = folder / "easy" / "run 07.edf"
    done = calfband("replay", path, "--out", tmp_path, "--no-report", "--quiet")
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "summary.json").read_text())
    rows = {name: mine(out, name, "run 07") for name in ("recordings", "accuracy", "strides")}
    (recording,) = rows["recordings"]
    for key in ("strides", "valid", "bursts", "emg_lost", "imu_lost"):
        assert recording[key] == summary["counts"][key]
    assert recording["synthetic"] and recording["firmware_version"] == summary["firmware_version"]
    told = {row.pop("event"): row for row in rows["accuracy"]}
    assert set(told) == set(summary["truth"])
    for event, found in summary["truth"].items():
        assert {key: told[event][key] for key in found} == found
    with (tmp_path / "strides.csv").open() as file:
        valid = [row for row in csv.DictReader(file) if row["valid"] == "1"]
    assert [row["stride"] for row in rows["strides"]] == [int(row["stride"]) for row in valid]
    for name in ("contact_ms", "onset_ms", "mnf_hz"):
        theirs = [float(row[name] or "nan") for row in valid]
        ours = [np.nan if row[name] is None else row[name] for row in rows["strides"]]
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-3)


def mine(out: Path, table: str, stem: str) -> list[dict[str, Any]]:
    rows = pq.read_table(out / f"{table}.parquet").to_pylist()
    return [row for row in rows if f"{stem}.edf" in row["key"]]


def test_counts_add_up_and_each_found_contact_has_its_errors(reference):
    out, done = reference
    accuracy = pq.read_table(out / "accuracy.parquet").to_pylist()
    contacts = pq.read_table(out / "contacts.parquet").to_pylist()
    rows = [row for row in accuracy if row["event"] == "ic"]
    assert len(rows) == N
    assert all(row["found"] + row["missed"] == row["truth"] for row in rows)
    assert len(contacts) == sum(row["found"] for row in rows)
    assert f"{sum(row['truth'] for row in rows)}" in done.stdout
    assert "40 synthetic recordings" in done.stdout
    assert done.stdout.splitlines()[-1] == f"→ {out}/corpus.html"


def test_page_stands_alone_and_calls_synthetic_recordings_synthetic(reference):
    page = (reference[0] / "corpus.html").read_text()
    assert "Synthetic recording" in page and "Ground contact, running" in page
    assert "http://" not in page and "https://" not in page and "<script" not in page
    assert "nan" not in page.split("</style>")[1]


def test_second_run_replays_nothing_and_says_the_same(folder, reference, tmp_path, calfband):
    out, _ = reference
    again = tmp_path / "again"
    shutil.copytree(out, again)
    done = calfband("corpus", folder, "--out", again)
    assert (done.returncode, "40 from before" in done.stdout) == (0, True)
    same(out, again)
    # Another athlete is another result: the stamp holds what the firmware was told.
    (tmp_path / "kim.toml").write_text("mass_kg = 50.0\n")
    few = folder / "easy" / "run 0*.edf"
    done = calfband("corpus", few, "--out", again, "--athlete", tmp_path / "kim.toml")
    assert "5 replayed" in done.stdout
    assert {row["mass_kg"] for row in pq.read_table(again / "recordings.parquet").to_pylist()} == {
        50
    }


def test_ctrl_c_leaves_what_was_done_and_the_same_command_goes_on(folder, reference, tmp_path):
    command = [BIN / "calfband", "corpus", folder, "--out", tmp_path, "--workers", "2"]
    running = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Where the tests run in the background of a script they are told to ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    give_up_s = time.monotonic() + 60
    while len(list(tmp_path.glob("parts/_done/*"))) < 3 and time.monotonic() < give_up_s:
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGINT)
    said, complaints = running.communicate(timeout=30)
    assert running.returncode == 130, said + complaints
    assert "the same command goes on from there" in said and "Traceback" not in complaints
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and "from before" in done.stdout
    same(reference[0], tmp_path)


def test_a_killed_command_leaves_no_process_behind_and_a_valid_store(folder, tmp_path, calfband):
    command = [BIN / "calfband", "corpus", folder, "--out", tmp_path, "--workers", "2", "--quiet"]
    running = subprocess.Popen(command, start_new_session=True)
    give_up_s = time.monotonic() + 60
    while len(list(tmp_path.glob("parts/_done/*"))) < 2 and time.monotonic() < give_up_s:
        time.sleep(0.05)
    running.kill()
    running.wait()
    give_up_s = time.monotonic() + 20
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < give_up_s:
            os.killpg(running.pid, 0)
            time.sleep(0.1)
    done = calfband("corpus", folder / "easy", "--out", tmp_path)
    assert done.returncode == 0 and "from before" in done.stdout


def test_a_broken_recording_is_named_and_stops_no_other(folder, reference, tmp_path, calfband):
    runs = tmp_path / "runs"
    runs.mkdir()
    shutil.copy(folder / "easy" / "run 01.edf", runs / "good.edf")
    (runs / "broken.edf").write_bytes((folder / "easy" / "run 03.edf").read_bytes()[:5000])
    (runs / "letter.edf").write_text("Dear runner,")
    done = calfband("corpus", runs, "--out", tmp_path / "out", "--quiet")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    sentences = sorted(done.stderr.splitlines())  # who is done first is named first
    assert len(sentences) == 2
    assert all(s.startswith("calfband: ") for s in sentences)
    assert "broken.edf" in sentences[0] and "letter.edf" in sentences[1]
    rows = pq.read_table(tmp_path / "out" / "recordings.parquet").to_pylist()
    assert [Path(row["key"]).name for row in rows] == ["good.edf"]
    assert "letter.edf" in (tmp_path / "out" / "corpus.html").read_text()
    again = calfband("corpus", runs, "--out", tmp_path / "out")
    assert again.returncode == 1 and "1 from before, 2 not replayed" in again.stdout


def test_recordings_in_a_zip_give_the_same_rows(folder, reference, tmp_path, calfband):
    with zipfile.ZipFile(tmp_path / "runs.zip", "w") as bundle:
        for stem in ("run 01", "run 03"):
            bundle.write(folder / "easy" / f"{stem}.edf", f"season/{stem}.edf")
    done = calfband("corpus", "zip://season::runs.zip", "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    same_rows(reference[0], tmp_path / "out", ("run 01", "run 03"))


def test_recordings_over_http_give_the_same_rows(folder, reference, tmp_path, calfband):
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/easy/run%2005.edf"
        done = calfband("corpus", url, "--out", tmp_path)
        server.shutdown()
    assert done.returncode == 0, done.stderr
    there = pq.read_table(tmp_path / "strides.parquet").drop_columns("key").to_pylist()
    here = mine(reference[0], "strides", "run 05")
    for row in here:
        del row["key"]
    assert there and there == here


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def same_rows(one: Path, other: Path, stems: tuple[str, ...]) -> None:
    for name in ("accuracy", "contacts", "strides", "warnings"):
        for stem in stems:
            rows = [mine(out, name, stem) for out in (one, other)]
            assert rows[0] and len(rows[0]) == len(rows[1])
            for left, right in zip(*rows, strict=True):
                assert {**left, "key": ""} == {**right, "key": ""}


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["nowhere"], "nowhere: there is no such file or folder."),
        (["empty"], "no recording (*.edf) in empty"),
        (["*.edf"], "no recording (*.edf) in *.edf"),
        (["zip://a.edf::missing.zip"], "missing.zip"),
        (["ftps3://somewhere/runs"], "ftps3://somewhere/runs"),
    ],
)
def test_nothing_to_replay_is_a_sentence_and_exit_code_2(arguments, said, tmp_path, calfband):
    (tmp_path / "empty").mkdir()
    done = calfband("corpus", *arguments, "--out", "out", cwd=tmp_path)
    assert (done.returncode, done.stdout.strip()) == (2, "")
    assert said in done.stderr and done.stderr.startswith("calfband: ")
    assert len(done.stderr.splitlines()) == 1


def test_unreachable_scheduler_is_a_sentence_and_exit_code_2_within_seconds(
    folder, tmp_path, calfband
):
    started = time.monotonic()
    done = calfband(
        "corpus", folder, "--out", tmp_path, "--scheduler", "tcp://127.0.0.1:9", timeout=30
    )
    assert (done.returncode, done.stdout.strip()) == (2, "")
    assert "no Dask scheduler answers there" in done.stderr
    assert len(done.stderr.splitlines()) == 1 and "Traceback" not in done.stderr
    assert time.monotonic() - started < 20


def test_folders_files_and_globs_name_each_recording_once(folder, monkeypatch):
    monkeypatch.chdir(folder)
    found = find_recordings(["easy", "easy/run 0*.edf", "./hard/run 00.edf", str(folder / "easy")])
    assert len(found) == N // 2 + 1
    assert found[0].name == "easy/run 01.edf" and found[-1].name == "hard/run 00.edf"
    with pytest.raises(CalfbandError, match="no such file"):
        find_recordings(["easy", "easyy"])
