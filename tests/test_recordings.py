"""Real recordings through the console command, against the truth that came with them."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.recordings

RUNNING = (
    "run-shank-acc-01",
    "run-shank-acc-02",
    "run-shank-acc-03",
    "run-shank-acc-04",
    "run-virtual-shank-2.5mps",
    "run-virtual-shank-4.5mps",
)
WALKING = ("walk-shank-acc-01", "walk-shank-acc-02")


@pytest.fixture(scope="module")
def replayed(recordings: Path, calfband, tmp_path_factory) -> Path:
    """Every recording replayed in one call, into a folder of its own."""
    out = tmp_path_factory.mktemp("replayed")
    done = calfband("replay", *sorted(recordings.glob("*.edf")), "--out", out, "--quiet")
    assert done.returncode == 0, done.stderr
    return out


def rows(folder: Path, table: str) -> list[dict[str, str]]:
    with open(folder / f"{table}.csv", newline="") as file:
        return list(csv.DictReader(file))


def summary(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text())


def column(table: list[dict[str, str]], name: str) -> np.ndarray:
    return np.array([float(row[name]) if row[name] else np.nan for row in table])


@pytest.mark.parametrize("name", RUNNING)
def test_a_running_contact_is_missed_or_invented_or_mistimed(replayed: Path, name: str):
    truth = summary(replayed / name)["truth"]
    contacts = truth["ic"]
    assert contacts["found"] >= 0.97 * contacts["truth"]
    assert contacts["false"] <= 0.03 * contacts["truth"] + 1e-9
    assert abs(contacts["bias_ms"]) <= 5 and contacts["sd_ms"] <= 4
    assert abs(truth["to"]["bias_ms"]) <= 5 and truth["to"]["sd_ms"] <= 8
    assert truth["contact"]["mae_ms"] <= 6


def test_the_bias_of_a_contact_moves_with_speed(replayed: Path):
    slow, fast = (summary(replayed / name)["truth"] for name in RUNNING[-2:])
    for event in ("ic", "to", "contact"):
        assert abs(fast[event]["bias_ms"] - slow[event]["bias_ms"]) <= 5


@pytest.mark.parametrize("name", RUNNING)
def test_an_event_is_told_late_or_otherwise_than_in_its_stride(replayed: Path, name: str):
    strides = [row for row in rows(replayed / name, "strides") if row["valid"] == "1"][3:-1]
    events = rows(replayed / name, "events")
    stride_s = np.median(column(strides, "stride_ms")) / 1000
    for kind, stride_column, late_s in (("IC", "t_ic_s", 0.2), ("TO", "t_to_s", 0.6 * stride_s)):
        told = {float(row["t_s"]): float(row["told_s"]) for row in events if row["kind"] == kind}
        at_s = np.array(list(told))
        for t_s in column(strides, stride_column):
            nearest = at_s[np.argmin(np.abs(at_s - t_s))]
            assert abs(nearest - t_s) <= 0.00011  # rounding to 0.1 ms, at two moments
            assert 0 < told[nearest] - nearest <= late_s


@pytest.mark.parametrize("name", WALKING)
def test_walking_is_taken_for_running_or_warned_about(replayed: Path, name: str):
    strides = rows(replayed / name, "strides")
    assert len(strides) >= 20
    assert all(row["valid"] == "0" for row in strides)
    assert [row["level"] for row in rows(replayed / name, "warnings")] == ["0"]


def test_a_band_worn_upside_down_loses_the_strides(replayed: Path):
    contacts = summary(replayed / "walk-shank-acc-02")["truth"]["ic"]
    assert contacts["found"] == contacts["truth"]


def test_25_steady_minutes_end_in_drift_or_a_warning(replayed: Path):
    strides = [
        row for row in rows(replayed / "run-25min-shoe-acc", "strides") if row["valid"] == "1"
    ]
    cadence_spm = column(strides, "cadence_spm")
    assert 150 <= np.median(cadence_spm) <= 170
    minutes = column(strides, "t_ic_s") // 300
    for five_minutes in np.unique(minutes):
        assert 150 <= np.median(cadence_spm[minutes == five_minutes]) <= 170
    warnings = rows(replayed / "run-25min-shoe-acc", "warnings")
    assert max(int(row["level"]) for row in warnings) <= 1


def test_the_falling_frequency_of_tiring_curls_is_not_seen(replayed: Path):
    bursts = rows(replayed / "curl-to-fatigue-emg", "bursts")
    mnf_hz = column(bursts, "mnf_hz")
    assert len(mnf_hz) >= 20
    third = len(mnf_hz) // 3
    assert np.nanmedian(mnf_hz[-third:]) < 0.92 * np.nanmedian(mnf_hz[:third])


@pytest.mark.parametrize("name", ("contraction-abrupt", "contraction-ramp"))
def test_a_contraction_starts_elsewhere_than_its_change_point(
    replayed: Path, recordings: Path, name: str
):
    import pyedflib

    with pyedflib.EdfReader(str(recordings / f"{name}.edf")) as file:
        rate_hz = file.getSampleFrequency(0)
        emg_uv = file.readSignal(0)[: int(5.8 * rate_hz)]
    # Maximum-likelihood change of variance within 1.5 s of rest and the strongest burst's start.
    strong = max(rows(replayed / name, "bursts"), key=lambda row: float(row["rms_uv"]))
    onset_s = float(strong["t_on_s"])
    low = int((onset_s - 0.6) * rate_hz)
    window = emg_uv[low : int((onset_s + 0.4) * rate_hz)]
    power = np.cumsum((window - np.median(window)) ** 2)
    n = np.arange(50, len(window) - 50)
    likelihood = -n * np.log(power[n - 1] / n) - (len(window) - n) * np.log(
        (power[-1] - power[n - 1]) / (len(window) - n)
    )
    change_s = (low + n[np.argmax(likelihood)]) / rate_hz
    assert abs(onset_s - change_s) <= 0.010


def test_a_real_gait_burst_is_missed(replayed: Path, recordings: Path):
    import pyedflib

    with pyedflib.EdfReader(str(recordings / "walk-calf-emg.edf")) as file:
        onset_s, _, text = file.readAnnotations()
    touchdown_s = [float(t) for t, what in zip(onset_s, text, strict=True) if what == "TOUCHDOWN"]
    bursts = [row for row in rows(replayed / "walk-calf-emg", "bursts") if row["channel"] == "1"]
    on_s, off_s = column(bursts, "t_on_s"), column(bursts, "t_off_s")
    for start_s, end_s in zip(touchdown_s[1:], touchdown_s[2:], strict=False):
        assert np.any((on_s < end_s) & (off_s > start_s)), f"no burst from {start_s:.2f} s on"
