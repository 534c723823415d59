"""Ready-made maps of devices, each on a small file in the layout documented for its format."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from import_files import RNG, acc_g, assert_same, emg_uv, imported, write_text
from typer.testing import CliRunner

from host_tools.errors import CalfbandError
from host_tools.importing import map_parse
from host_tools.importing.map_file import MAPS, load_map, ready_made


def test_every_ready_made_map_can_be_read_and_says_where_its_layout_is_known_from():
    names = [path.stem for path in ready_made()]
    assert len(names) >= 13
    for name in names:
        assert load_map(name).layout, name


def test_template_explains_every_key_that_a_map_may_have():
    text = (MAPS / "template.toml").read_text()
    source = Path(map_parse.__file__).read_text()
    taken = r'\.(?:text|columns?|numbers?|whole|flag|choice|pattern|table|raw|texts)\(\s*"(\w+)"'
    keys = set(re.findall(taken, source))
    assert len(keys) > 40
    missing = {key for key in keys if not re.search(rf"\b{key}\b", text)}
    assert not missing


ANYTHING = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6),
        st.sampled_from(["g", "V", "counts", "(", "*", "#1", "x", "-x"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip


@settings(deadline=None)
@given(st.data())
def test_any_value_under_any_key_of_a_map_is_taken_or_explained(data):
    table = copy.deepcopy(load_map("template").table)
    place = table
    for _ in range(data.draw(st.integers(0, 2))):
        inner = [v for v in (place.values() if isinstance(place, dict) else place)
                 if isinstance(v, (dict, list)) and v]  # fmt: skip
        if not inner:
            break
        place = data.draw(st.sampled_from(inner))
    if isinstance(place, dict):
        place[data.draw(st.sampled_from(sorted(place)))] = data.draw(ANYTHING)
    else:
        place[data.draw(st.integers(0, len(place) - 1))] = data.draw(ANYTHING)
    try:
        map_parse.parse_map(Path("my.toml"), table)
    except CalfbandError as error:
        assert str(error).startswith("my.toml") and "\n" not in str(error)


def run_command(*args: object):
    from host_tools.importing.command import import_files

    app = typer.Typer(add_completion=False)
    app.command()(import_files)
    return CliRunner().invoke(app, [str(arg) for arg in args])


def test_maps_are_listed_and_shown_without_naming_a_file(tmp_path):
    listed = run_command("--list-maps")
    assert listed.exit_code == 0
    assert all(path.stem in listed.stdout for path in ready_made())
    shown = run_command("--show-map", "shimmer3")
    assert shown.exit_code == 0 and shown.stdout == (MAPS / "shimmer3.toml").read_text()


def test_one_bad_file_of_several_does_not_stop_the_others(tmp_path):
    discover(tmp_path / "good.csv")
    (tmp_path / "bad.csv").write_text("dear diary\n")
    done = run_command(
        tmp_path / "bad.csv", tmp_path / "good.csv", "--map", "delsys-discover", "--json",
        "--out", tmp_path / "made" / "here",
    )  # fmt: skip
    assert done.exit_code == 2
    made = sorted(path.name for path in (tmp_path / "made" / "here").iterdir())
    assert made == ["good.edf", "good.import.json"]


def discover(path: Path, sensors: int = 2) -> tuple[Path, np.ndarray, np.ndarray]:
    """Trigno Discover: a time column for every channel, slower channels end earlier."""
    emg_hz, imu_hz, seconds = 34000 / 27, 4000 / 27, 5.4
    n_emg, n_imu = round(emg_hz * seconds), round(imu_hz * seconds)
    emg, acc = emg_uv(n_emg * sensors).reshape(sensors, -1) / 1000, acc_g(n_imu)
    columns: list[tuple[str, float, np.ndarray, int]] = []
    for sensor in range(sensors):
        columns.append(("EMG 1", emg_hz, emg[sensor], sensor))
        for axis in range(3):
            columns.append((f"ACC {'XYZ'[axis]}", imu_hz, acc[:, axis] * (1 - sensor), sensor))
        for axis in "XYZ":
            columns.append((f"GYRO {axis}", imu_hz, RNG.normal(0, 90, n_imu), sensor))
    units = {"E": "mV", "A": "G", "G": "deg/s"}
    sensor_row, names, rates, periods, cells = [], [], [], [], []
    for i, (name, rate, values, sensor) in enumerate(columns):
        first = i == 0 or columns[i - 1][3] != sensor
        sensor_row += [f"Avanti Sensor {sensor + 1} (7592{sensor})" if first else "", ""]
        names += [f"{name} Time Series (s)", f"{name} ({units[name[0]]})"]
        rates += ["", f"{rate:.4f} Hz"]
        periods += ["", f"{1 / rate:.6f} s"]
        cells.append([f"{k / rate:.6f},{v:.7g}" for k, v in enumerate(values)])
    width = max(map(len, cells))
    rows = [",".join(c[k] if k < len(c) else "," for c in cells) for k in range(width)]
    rows[0] += ",General,Marker 1,,1.5"  # markers stand on the right, in the first rows only
    head = [
        "Application:,Trigno Discover (2.1.0.7)", "Date/Time:,2024-05-31 12:00:00",
        "Collection Length (seconds):,5.4", ",".join(sensor_row), "sensor mode: 65",
        ",".join(names), ",".join(rates), ",".join(periods) + ",Type,Name,Label,Time (s)",
    ]  # fmt: skip
    path.write_text("\r\n".join(head + rows) + "\r\n")
    return path, emg * 1000, acc


def test_trigno_discover_keeps_each_channels_own_rate(tmp_path):
    path, emg, acc = discover(tmp_path / "discover.csv")
    recording, report = imported("delsys-discover", [path])
    assert recording.channels["EMG GM"].rate_hz * 27 == 34000
    assert recording.channels["ACC X"].rate_hz * 27 == 4000
    assert_same(recording, "EMG GM", emg[0], 0.13)
    assert_same(recording, "EMG SO", emg[1], 0.13)
    assert_same(recording, "ACC Y", acc[:, 1], 0.0006)
    assert not report.gaps and not any(line.missing for line in report.channels)


def test_trigno_sensors_are_chosen_by_their_names(tmp_path):
    path, emg, _ = discover(tmp_path / "discover.csv")
    recording, _ = imported("delsys-discover", [path], channels=["EMG GM=*Sensor 2*EMG 1 (mV)*"])
    assert_same(recording, "EMG GM", emg[1], 0.13)


@pytest.mark.parametrize(
    ("delimiter", "decimal", "names"),
    [
        (",", ".", ("X[s]", "Trigno IM sensor 1: EMG 1 (IM) [Volts]",
                    "Trigno IM sensor 1: Acc 1.{} (IM) [g]")),
        (";", ",", ("X [s]", "Avanti sensor 1: EMG 1 [V]", "Avanti sensor 1: ACC 1.{} [g]")),
    ],
)  # fmt: skip
def test_emgworks_in_english_and_in_european_form(tmp_path, delimiter, decimal, names):
    emg, acc = emg_uv(6000), acc_g(444)
    columns = {names[0]: np.arange(6000) / 2000, names[1]: emg * 1e-6}
    for axis in range(3):
        columns[names[0] + " " * (axis + 1)] = np.arange(444) / 148
        columns[names[2].format("XYZ"[axis])] = acc[:, axis]
    label = "Label: EMG 1 Sampling frequency: 2000 Number of points: 6000 Unit: V Domain Unit: s"
    path = write_text(tmp_path / "emgworks.csv", columns, delimiter, decimal, before=f"{label}\n")
    recording, report = imported("delsys-emgworks", [path])
    assert_same(recording, "EMG GM", emg, 0.13)
    assert_same(recording, "ACC Z", acc[:, 2], 0.0006)
    assert float(recording.channels["EMG GM"].rate_hz) == 2000
    assert report.skipped == ["EMG SO", "GYR"]


@pytest.mark.parametrize("stamp", ["Unix", "FormattedUnix"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_shimmer3_with_its_separator_line_units_and_last_empty_column(tmp_path, stamp, delimiter):
    n, rate = 2048, 512
    emg, acc, gyr = emg_uv(n), acc_g(n), RNG.normal(0, 90, (n, 3)).round(3)
    ms = 1.7e12 + np.arange(n) * 1000 / rate
    times, unit = [f"{t:.6f}" for t in ms], "ms"
    if stamp == "FormattedUnix":
        dates = np.datetime64("2024-05-31T12:00:00.000") + (ms - ms[0]).round().astype("m8[ms]")
        times = [str(d).replace("-", "/").replace("T", " ") for d in dates]
        unit = "yyyy/mm/dd hh:mm:ss.000"
    names = [f"Timestamp_{stamp}_CAL", *(f"Accel_WR_{a}_CAL" for a in "XYZ"),
             *(f"Gyro_{a}_CAL" for a in "XYZ"), "EMG_CH1_24BIT_CAL"]  # fmt: skip
    units = [unit, *["m/(s^2)"] * 3, *["deg/s"] * 3, "mV"]
    rows = [[*(f"Shimmer_60F7_{name}" for name in names), ""], [*units, ""]]
    for k in range(n):
        cells = [*(acc[k] * 9.80665), *gyr[k], emg[k] / 1000]
        rows.append([times[k], *(f"{v:.9g}" for v in cells), ""])
    path = tmp_path / "shimmer.csv"
    path.write_text("\n".join([f'"sep={delimiter}"'] + [delimiter.join(row) for row in rows]))
    recording, report = imported("shimmer3", [path])
    assert_same(recording, "ACC Y", acc[:, 1], 0.0006)
    assert_same(recording, "GYR X", gyr[:, 0], 0.04)
    assert_same(recording, "EMG GM", emg, 0.13)
    assert float(recording.channels["ACC X"].rate_hz) == pytest.approx(512, rel=2e-6)
    assert not report.gaps


def openbci(path: Path, rate: int, lost: range = range(0)) -> np.ndarray:
    n = 4 * rate
    emg = emg_uv(n)
    head = f"%OpenBCI Raw EXG Data\n%Number of channels = 8\n%Sample Rate = {rate} Hz\n"
    head += "%Board = OpenBCI_GUI$BoardCytonWifi\nSample Index, "
    head += ", ".join(f"EXG Channel {i}" for i in range(8))
    head += ", Accel Channel 0, Accel Channel 1, Accel Channel 2, Other, Timestamp, Marker Channel"
    lines = [head + ", Timestamp (Formatted)"]
    for k in range(n):
        if k not in lost:
            stamp = 1.7e9 + (k // 10) / (rate / 10)
            lines.append(
                f"{float(k % 256)}, {emg[k]}, {-emg[k]}, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1, 0.2, "
                f"0.9, 192.0, {stamp}, 0.0, 2024-05-31 12:00:00.000"
            )
    path.write_text("\n".join(lines) + "\n")
    return emg


def test_openbci_gui_takes_the_headers_rate_and_finds_lost_packages_by_their_numbers(tmp_path):
    emg = openbci(tmp_path / "OpenBCI-RAW.txt", 1000, lost=range(1500, 1540))
    recording, report = imported("openbci-gui", [tmp_path / "OpenBCI-RAW.txt"])
    values = recording.channels["EMG GM"].physical
    assert np.abs(values[2000:3900] - emg[2000:3900]).max() <= 0.13
    assert report.gaps == [("LOST=EMG", 1.5, 0.04)]


def test_openbci_at_250_hz_is_refused_because_the_band_cannot_use_it(tmp_path):
    openbci(tmp_path / "OpenBCI-RAW.txt", 250)
    with pytest.raises(CalfbandError, match="cannot be replayed.*250 Hz"):
        imported("openbci-gui", [tmp_path / "OpenBCI-RAW.txt"])


def test_brainflow_file_without_names_is_read_by_column_numbers(tmp_path):
    n = 4000
    emg = emg_uv(n)
    table = np.zeros((n, 24))
    table[:, 0], table[:, 1], table[:, 2] = np.arange(n) % 256, emg, -emg
    table[:, 22] = 1.7e9 + (np.arange(n) // 8) * 8e-3  # packages arrive in bursts of 8
    np.savetxt(tmp_path / "brainflow.csv", table, fmt="%.6f", delimiter="\t")
    recording, report = imported("brainflow-cyton", [tmp_path / "brainflow.csv"])
    assert float(recording.channels["EMG GM"].rate_hz) == pytest.approx(1000, rel=2e-3)
    assert_same(recording, "EMG SO", -emg, 0.13)
    assert any("bursts" in note for note in report.notes)
