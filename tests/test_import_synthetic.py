"""A synthetic run through every file format and back: the same samples, the same strides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from import_files import (
    EMG,
    IMU,
    emg_map,
    imported,
    imu_map,
    run_columns,
    write_c3d,
    write_mat,
    write_mat73,
    write_parquet,
    write_text,
)

from host_tools.recording import read_recording
from host_tools.replay import Job, replay


@pytest.fixture(scope="module")
def run(synthetic_edf) -> Path:
    from host_tools.synth.segments import SpeedPlan, plan_segments

    segments = plan_segments(0.5, "3.0", SpeedPlan.constant, "0", 0, 0, 0)
    return synthetic_edf(seed=3, segments=segments)


def timed(columns: dict[str, np.ndarray], rate_hz: float) -> dict[str, np.ndarray]:
    n = len(next(iter(columns.values())))
    return {"t": np.arange(n) / rate_hz, **columns}


def write_as(form: str, path: Path, columns: dict[str, np.ndarray], rate: float) -> tuple[str, str]:
    """Write; the map's clock and the form of the names of its columns."""
    plain = {name.replace(" ", "_"): values for name, values in columns.items()}
    if form == "csv":
        write_text(path, timed(columns, rate))
        return "[time]\ncolumn = 't'\n", "{}"
    if form == "european":
        write_text(path, timed(columns, rate), ";", ",", encoding="latin-1", before="Größe: µV\n")
        return "[reader]\nheader_contains = 'ACC'\n[time]\ncolumn = 't'\n", "{}"
    if form == "parquet":
        write_parquet(path, timed(columns, rate))
        return "[time]\ncolumn = 't'\n", "{}"
    if form == "c3d":
        write_c3d(path, columns, rate, ["V"] * len(columns))
        return "", "{}"
    variables = {"rec": plain, "fs": rate}
    (write_mat if form == "mat" else write_mat73)(path, variables)
    return "[time]\nrate_at = 'fs'\n", "rec.{}"


FORMATS = {"csv": ".csv", "european": ".txt", "parquet": ".parquet", "c3d": ".c3d", "mat": ".mat",
           "mat73": ".mat"}  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same_samples(tmp_path, run, form):
    columns, rate = run_columns(run, IMU)
    source = tmp_path / f"imu{FORMATS[form]}"
    clock, names = write_as(form, source, columns, rate)
    text = imu_map(form=names)
    if names != "{}":
        text = text.replace("rec.ACC ", "rec.ACC_").replace("rec.GYR ", "rec.GYR_")
    (tmp_path / "my.toml").write_text(clock + text)
    recording, _ = imported(str(tmp_path / "my.toml"), [source])
    for label in IMU:
        assert float(recording.channels[label].rate_hz) == rate
        assert np.abs(recording.channels[label].physical - columns[label]).max() < 1e-5, label


def test_emg_and_imu_from_two_files_replay_to_the_very_same_strides(calfband, tmp_path, run):
    imu, imu_rate = run_columns(run, IMU)
    emg, emg_rate = run_columns(run, EMG)
    write_text(tmp_path / "imu.csv", timed(imu, imu_rate))
    write_parquet(
        tmp_path / "emg.parquet",
        timed({name: values / 1e6 for name, values in emg.items()}, emg_rate),
    )
    # Where the truth stands in a third column, it reaches the comparison.
    truth = [a for a in read_recording(run).annotations if a.text in ("IC", "TO")]
    events = {text: np.array([a.t_s for a in truth if a.text == text]) for text in ("IC", "TO")}
    write_text(tmp_path / "events.csv", events)
    text = "[time]\ncolumn = 't'\n" + imu_map() + emg_map(unit="V")
    text = text.replace("unit = 'g'", "unit = 'g'\nfile = 'imu*'")
    for name in events:
        text += f"[[truth]]\ncolumn = '{name}'\nlabels = ['{name}']\nfile = 'events*'\n"
    (tmp_path / "my.toml").write_text(text)
    files = [tmp_path / name for name in ("imu.csv", "emg.parquet", "events.csv")]
    out = tmp_path / "all.edf"
    body = ("--sex", "F", "--mass", "69", "--height", "1.69", "--speed", "3")
    done = calfband("import", *files, "--map", tmp_path / "my.toml", "--out", out, *body, "--json")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "all.import.json").exists()
    original = replay(Job(run, tmp_path / "original", report=False))
    result = replay(Job(out, tmp_path / "imported", report=False))
    assert result.notes == []
    assert result.athlete == {"sex": "F", "mass_kg": 69, "height_m": 1.69, "speed_m_s": 3}
    assert len(result.strides["t_ic_s"]) > 30
    assert np.array_equal(result.strides["t_ic_s"], original.strides["t_ic_s"])
    assert np.array_equal(result.strides["contact_ms"], original.strides["contact_ms"])
    bursts = (tmp_path / "imported/bursts.csv").read_bytes()
    assert bursts == (tmp_path / "original/bursts.csv").read_bytes()
    assert result.truth is not None and original.truth is not None
    assert result.truth["comparison"]["ic"] == original.truth["comparison"]["ic"]


def test_a_turned_sensor_in_other_units_with_gaps_still_gives_its_strides(calfband, tmp_path, run):
    columns, rate = run_columns(run, IMU)
    turned = {
        "ax": -columns["ACC Y"] * 9.80665, "ay": columns["ACC X"] * 9.80665,
        "az": columns["ACC Z"] * 9.80665, "gx": np.radians(-columns["GYR Y"]),
        "gy": np.radians(columns["GYR X"]), "gz": np.radians(columns["GYR Z"]),
    }  # fmt: skip
    n = len(turned["ax"])
    lost = np.zeros(n, dtype=bool)
    lost[10_000:10_100] = True  # 120 ms without a row
    kept = {name: values[~lost] for name, values in timed(turned, rate).items()}
    kept["t"] = np.round(kept["t"], 3)  # in milliseconds, as most loggers write
    kept["ax"][2000:2002] = np.nan
    write_text(tmp_path / "imu.csv", kept)
    axes = 'axes = { x = "y", y = "-x", z = "z" }\n'
    (tmp_path / "my.toml").write_text(
        "[time]\ncolumn = 't'\n"
        f"[acc]\ncolumns = ['ax', 'ay', 'az']\nunit = 'm/s^2'\n{axes}"
        f"[gyr]\ncolumns = ['gx', 'gy', 'gz']\nunit = 'rad/s'\n{axes}"
    )
    out = tmp_path / "out.edf"
    done = calfband("import", tmp_path / "imu.csv", "--map", tmp_path / "my.toml", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "LOST=IMU at 12.005 s for 0.120 s" in done.stdout
    back, back_rate = run_columns(out, IMU)
    assert back_rate == pytest.approx(rate, rel=1e-5)
    whole = np.flatnonzero(~lost[: len(back["ACC X"])])
    whole = whole[(whole < 1990) | (whole > 2010)]
    for label in IMU:
        step = 0.0011 if label[0] == "A" else 0.08
        assert np.abs(back[label][whole] - columns[label][whole]).max() < step, label
    original = replay(Job(run, tmp_path / "original", report=False))
    result = replay(Job(out, tmp_path / "imported", report=False))
    assert result.summary["counts"]["imu_lost"] == 100
    assert abs(len(result.strides["t_ic_s"]) - len(original.strides["t_ic_s"])) <= 3
