"""SYNTHETIC recordings as files: what is written, and what the command refuses."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyedflib
import pytest
import typer
from typer.testing import CliRunner

from host_tools.synth import RunPlan, parse_fault, synthesize, write_edf
from host_tools.synth.command import synth


def test_synthetic_annotations_are_dropped_by_the_writer(tmp_path: Path) -> None:
    plan = RunPlan(minutes=4, speed_m_s=5.5, faults=(parse_fault("emg-lost@30+0.5"),))
    run = synthesize(plan)
    assert write_edf(run, tmp_path / "run.edf") == len(run.truth) > 4 * 300
    with pyedflib.EdfReader(str(tmp_path / "run.edf")) as edf:
        onsets, durations, texts = edf.readAnnotations()
    assert list(texts) == [event.text for event in run.truth]
    assert np.allclose(onsets, [event.onset_s for event in run.truth], atol=1e-4)
    lost = list(texts).index("LOST=EMG")
    assert (onsets[lost], durations[lost]) == (30.0, 0.5)


def test_synthetic_file_holds_other_integers_than_the_band_reads(tmp_path: Path) -> None:
    run = synthesize(RunPlan(minutes=0.2, with_speed=True))
    write_edf(run, tmp_path / "run.edf")
    with pyedflib.EdfReader(str(tmp_path / "run.edf")) as edf:
        assert edf.getSignalLabels() == [channel.label for channel in run.channels]
        for i, channel in enumerate(run.channels):
            assert np.array_equal(edf.readSignal(i, digital=True), channel.samples)
            assert np.allclose(edf.readSignal(i), channel.values(), atol=channel.lsb / 4)
            assert edf.getSampleFrequency(i) == channel.rate_hz
        header = edf.getHeader()
    assert header["equipment"] == "synthetic"
    patient = str(header["patient_additional"])
    assert patient.startswith("sex=") and patient.endswith(";speed=3.00m/s")


def test_synthetic_bytes_differ_for_the_same_seed(tmp_path: Path) -> None:
    plan = RunPlan(minutes=0.3, seed=9, faults=(parse_fault("mains-1@3+4"),))
    digests = []
    for name, what in (("a", plan), ("b", plan), ("c", replace(plan, seed=10))):
        write_edf(synthesize(what), tmp_path / name)
        digests.append(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    "options",
    [
        ("--speed", "9"),
        ("--speed", "3x5,fast"),
        ("--speed", "3x5,4"),
        ("--fault", "gremlin@3"),
        ("--fault", "mains-1@3:9999"),
        ("--fault", "acc-clip@99m"),
        ("--imu-clock", "12"),
        ("--minutes", "0"),
        ("--seed", "-1"),
        ("--mass", "5"),
        ("--rms", "-5"),
        ("--mdf", "nan"),
        ("--wear-rotation", "nan"),
        ("--standing", "-1"),
        ("--speed", "3x200,3x100"),
        ("--cadence", "90"),
        ("--fatigue-depth", "0"),
        ("--mains", "55"),
        ("--grade", "40"),
        ("--emg-channels", "0", "--no-acc", "--no-gyro"),
    ],
)
def test_synthetic_bad_option_gives_a_traceback(tmp_path: Path, options) -> None:
    app = typer.Typer()
    app.command()(synth)
    done = CliRunner().invoke(app, [str(tmp_path / "run.edf"), *options])
    assert done.exit_code == 2
    assert "Invalid value" in done.output
    assert not (tmp_path / "run.edf").exists()
