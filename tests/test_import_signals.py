"""Units, axes, clocks, gaps, clipping: what goes in comes out, within the stated quantum."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from import_files import write_parquet
from scipy.spatial.transform import Rotation

from host_tools.importing.assemble import runs
from host_tools.importing.clock import nice_rate
from host_tools.importing.convert import import_recording, jobs_for
from host_tools.importing.map_file import load_map
from host_tools.importing.report import ImportReport
from host_tools.importing.truth import contacts_of
from host_tools.importing.units import KINDS, PACES, conversion, known_units, spelled
from host_tools.importing.write import LSB, physical_range
from host_tools.recording import Recording, read_recording

MANY = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
RNG = np.random.default_rng(11)
AXES = "[acc]\ncolumns = ['x', 'y', 'z']\n"


def imported(folder: Path, toml: str, **columns: np.ndarray) -> tuple[Recording, ImportReport]:
    (folder / "my.toml").write_text(toml)
    file = write_parquet(folder / "a.parquet", columns)
    found = load_map(str(folder / "my.toml"))
    job = jobs_for([file], found, None)[0]
    report = import_recording(job, found, folder / "out.edf", [file], {}, True)
    return read_recording(folder / "out.edf"), report


def acc(n: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal([0, 1, 0], 0.4, (n, 3))


def smooth(t: np.ndarray) -> np.ndarray:
    """An acceleration (g) known at any time: five sines up to 9 Hz on each axis."""
    k = np.arange(1, 6)[:, None, None]
    waves = np.sin(2 * np.pi * (1.7 * k * t[None, :, None]) + k * np.arange(3)) / (2 * k)
    return waves.sum(axis=0) + [0, 1, 0]


@MANY
@given(st.sampled_from(sorted(KINDS["acc"][1])), st.integers(0, 1000))
def test_acceleration_in_any_unit_is_the_same_in_g(tmp_path, unit, seed):
    wanted = acc(500, seed)
    factor = KINDS["acc"][1][unit][0]
    source = {name: wanted[:, i] / factor for i, name in enumerate("xyz")}
    recording, _ = imported(tmp_path, f"[time]\nrate_hz = 100\n{AXES}unit = '{unit}'\n", **source)
    for i in range(3):
        error = recording.channels[f"ACC {'XYZ'[i]}"].physical - wanted[:, i]
        assert np.abs(error).max() <= 0.51 * LSB["acc"]


@MANY
@given(st.floats(-9, 9), st.sampled_from(["emg", "temp", "speed", "gyr", "force", "length"]))
def test_every_unit_of_a_kind_gives_the_same_value(power, kind):
    value = 10.0**power
    for unit in known_units(kind):
        convert = conversion(kind, unit)
        assert convert is not None
        if unit in PACES and kind == "speed":
            metres, seconds = PACES[unit]
            source = metres / (value * seconds)
        else:
            factor, offset = KINDS[kind][1][unit]
            source = (value - offset) / factor
        assert float(convert(np.array([source]))[0]) == pytest.approx(value, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "same"),
    [("m/(s^2)", "m/s2"), ("m/s²", "m/s2"), ("µV", "uv"), ("μV", "uv"), ("deg/sec", "deg/s"),
     ("°/s", "deg/s"), ("G", "g"), ("[Volts]", "v"), ("°C", "degc"), ("min / km", "min/km")],
)  # fmt: skip
def test_a_unit_is_known_in_every_usual_spelling(text, same):
    assert spelled(text) == same


@MANY
@given(st.integers(0, 10_000))
def test_any_rotation_matrix_turns_the_axes_and_keeps_the_norm(tmp_path, seed):
    matrix = Rotation.random(random_state=seed).as_matrix()
    wanted = acc(400, seed)
    source = wanted @ matrix  # matrix.T @ each row: EDF+ axes = matrix @ columns
    toml = f"[time]\nrate_hz = 100\n{AXES}unit = 'g'\nmatrix = {matrix.round(9).tolist()}\n"
    recording, _ = imported(tmp_path, toml, **{n: source[:, i] for i, n in enumerate("xyz")})
    for i in range(3):
        error = recording.channels[f"ACC {'XYZ'[i]}"].physical - wanted[:, i]
        assert np.abs(error).max() <= 0.51 * LSB["acc"]


@MANY
@given(
    st.sampled_from(
        [51.2, 100, 128, 142.857143, 148.1481, 204.8, 512, 833, 857.99, 1111.111, 2000]
    ),
    st.integers(0, 3),
    st.floats(0, 2e9),
)
def test_rate_is_found_from_times_however_they_are_rounded(tmp_path, rate, digits, start):
    digits += 3 if rate > 400 else 2  # in 10 ms at the coarsest
    t = np.round(start + np.arange(3000) / rate, digits)
    values = smooth(np.arange(3000) / rate)
    toml = f"[time]\ncolumn = 't'\n{AXES}unit = 'g'\n"
    source = {name: values[:, i] for i, name in enumerate("xyz")}
    recording, report = imported(tmp_path, toml, t=t, **source)
    found = float(recording.channels["ACC X"].rate_hz)
    # Off by less than half of the last digit over the whole recording.
    assert abs(found / rate - 1) * 3000 / rate <= max(10.0**-digits / 2, 4e-4)
    assert all(start > 0.9 * 3000 / rate for _, start, _ in report.gaps)  # the last record's rest
    got = recording.channels["ACC Y"].physical[: round(0.9 * 3000)]
    assert np.abs(got - values[: len(got), 1]).max() <= 0.51 * LSB["acc"]


@MANY
@given(st.integers(0, 10_000), st.sampled_from([100.0, 148.148148, 833.0]))
def test_rows_that_are_missing_leave_gaps_of_the_right_place_and_length(tmp_path, seed, rate):
    rng = np.random.default_rng(seed)
    n = 4000
    lost = np.zeros(n, dtype=bool)
    for _ in range(rng.integers(1, 6)):
        at, length = rng.integers(10, n - 200), rng.integers(1, 150)
        lost[at : at + length] = True
    t = np.arange(n) / rate
    values = smooth(t)
    toml = f"[time]\ncolumn = 't'\n{AXES}unit = 'g'\n"
    source = {name: values[~lost, i] for i, name in enumerate("xyz")}
    recording, report = imported(tmp_path, toml, t=t[~lost], **source)
    wanted = [(a / rate, (b - a) / rate) for a, b in runs(lost) if b - a > 3]
    lost_marks = [a for a in recording.annotations if a.text == "LOST=IMU"]
    marks = [(a.t_s, a.duration_s) for a in lost_marks if a.t_s < (n - 5) / rate]
    assert len(marks) == len(wanted)
    assert np.allclose(marks, wanted, atol=2e-4)
    short = sum(b - a for a, b in runs(lost) if b - a <= 3)
    assert report.channels[0].bridged == short
    got = recording.channels["ACC X"].physical
    kept = np.flatnonzero(~lost)[:-5]
    assert np.abs(got[kept] - values[kept, 0]).max() <= 0.51 * LSB["acc"]


@MANY
@given(st.integers(0, 10_000))
def test_really_uneven_samples_are_interpolated_to_their_true_times(tmp_path, seed):
    rng = np.random.default_rng(seed)
    n = 3000
    t = np.cumsum(0.005 * (1 + 0.3 * rng.uniform(-1, 1, n)))
    t += 0.02 * np.sin(np.arange(n) / 300)  # a phone's clock wanders
    assume((np.diff(t) > 0).all())
    values = smooth(t)
    toml = f"[time]\ncolumn = 't'\n{AXES}unit = 'g'\n"
    source = {name: values[:, i] for i, name in enumerate("xyz")}
    recording, report = imported(tmp_path, toml, t=t, **source)
    assert any("uneven" in note for note in report.notes)
    channel = recording.channels["ACC X"]
    grid = t[0] + np.arange(len(channel.physical)) / float(channel.rate_hz)
    inner = (grid > t[5]) & (grid < t[-5])
    assert np.abs(channel.physical - smooth(grid)[:, 0])[inner].max() < 0.005


@MANY
@given(
    st.integers(0, 1000), st.sampled_from([(1000, 833), (2000, 142.857143), (1925.926, 148.148)])
)
def test_sensors_that_start_apart_are_aligned_to_better_than_a_millisecond(tmp_path, seed, rates):
    rng = np.random.default_rng(seed)
    emg_hz, imu_hz = rates
    late = rng.uniform(0, 0.4)
    t_imu = np.arange(round(6 * imu_hz)) / imu_hz + late
    t_emg = np.arange(round(6 * emg_hz)) / emg_hz
    values = smooth(t_imu)
    n = len(t_emg)
    table = {"te": t_emg, "e": 200 * np.sin(2 * np.pi * 30 * t_emg), "t": np.full(n, np.nan)}
    table["t"][: len(t_imu)] = t_imu
    for i, name in enumerate("xyz"):
        table[name] = np.full(n, np.nan)
        table[name][: len(t_imu)] = values[:, i]
    toml = (
        f"{AXES}unit = 'g'\n[acc.time]\ncolumn = 't'\n"
        "[emg.GM]\ncolumn = 'e'\nunit = 'uV'\n[emg.GM.time]\ncolumn = 'te'\n"
    )
    recording, _ = imported(tmp_path, toml, **table)
    for label, wanted, error in (
        ("ACC X", lambda t: smooth(t)[:, 0], 0.5e-3 * 40 + LSB["acc"]),  # at most 40 g/s
        ("EMG GM", lambda t: 200 * np.sin(2 * np.pi * 30 * t), 200 * 2 * np.pi * 30 * 0.5e-3 + 1),
    ):
        channel = recording.channels[label]
        t = late + np.arange(len(channel.physical)) / float(channel.rate_hz)
        inner = (t > late + 0.2) & (t < 5.7)
        assert np.abs(channel.physical - wanted(t))[inner].max() < error, label


@MANY
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e5), st.sampled_from(sorted(LSB)))
def test_sixteen_bits_hold_every_value_without_clipping(middle, spread, kind):
    values = middle + spread * RNG.uniform(-1, 1, 50)
    low, high = physical_range(kind, values)
    assert low <= values.min() and values.max() <= high
    lsb = (high - low) / 65535
    assert lsb == pytest.approx(LSB[kind], rel=1e-3) or lsb <= 2.1 * np.abs(values).max() / 32000


def test_clipped_and_sentinel_and_empty_samples_are_counted(tmp_path):
    values = acc(3000) * 4
    x = np.clip(values[:, 0], -8, 8)
    z = values[:, 2].copy()
    z[100:102], z[500:700] = -9999, np.nan
    toml = f"[time]\nrate_hz = 100\n{AXES}unit = 'g'\nmissing = [-9999]\n"
    recording, report = imported(tmp_path, toml, x=x, y=values[:, 1], z=z)
    by_label = {line.label: line for line in report.channels}
    if np.sum(np.abs(values[:, 0]) >= 8) >= 10:
        assert by_label["ACC X"].clipped == np.sum(np.abs(values[:, 0]) >= 8)
    assert by_label["ACC Y"].clipped == 0
    assert (by_label["ACC Z"].missing, by_label["ACC Z"].bridged) == (202, 2)
    assert report.gaps == [("LOST=IMU", 5.0, 2.0)]


@pytest.mark.parametrize(
    ("unit", "source_factor", "says"),
    [("g", 9.80665, "m/s^2"), ("g", 1000, "mg"), ("m/s^2", 1, "is not 1 g" if 0 else "not in m/s")],
)
def test_acceleration_in_a_wrong_unit_is_suspected(tmp_path, unit, source_factor, says):
    values = (0.01 * acc(3000) + [0, 0.99, 0]) * source_factor
    toml = f"[time]\nrate_hz = 100\n{AXES}unit = '{unit}'\n"
    _, report = imported(tmp_path, toml, **{n: values[:, i] for i, n in enumerate("xyz")})
    assert any(says in warning for warning in report.warnings)


@pytest.mark.parametrize(
    ("unit", "values", "says"),
    [
        ("V", RNG.normal(0, 0.15, 3000), "stays below 10 mV"),  # mV, said to be V
        ("uV", RNG.normal(0, 0.15, 3000), "less than noise"),  # mV, said to be uV
        ("mV", np.abs(RNG.normal(0, 0.15, 3000)), "rectified"),
    ],
)
def test_emg_in_a_wrong_unit_or_rectified_is_suspected(tmp_path, unit, values, says):
    toml = f"[time]\nrate_hz = 1000\n[emg.GM]\ncolumn = 'e'\nunit = '{unit}'\n"
    _, report = imported(tmp_path, toml, e=values)
    assert any(says in warning for warning in report.warnings)


def test_angular_rate_in_radians_that_is_said_to_be_degrees_is_suspected(tmp_path):
    t = np.arange(3000) / 100
    a, g = 2 * smooth(t), np.radians(300 * smooth(t))
    toml = f"[time]\nrate_hz = 100\n{AXES}unit = 'g'\n"
    toml += "[gyr]\ncolumns = ['a', 'b', 'c']\nunit = 'deg/s'\n"
    source = {name: a[:, i] for i, name in enumerate("xyz")}
    source |= {name: g[:, i] for i, name in enumerate("abc")}
    assert any("rad/s?" in warning for warning in imported(tmp_path, toml, **source)[1].warnings)


def test_acceleration_that_is_only_held_between_slower_samples_is_suspected(tmp_path):
    values = np.repeat(acc(300), 10, axis=0)
    toml = f"[time]\nrate_hz = 1000\n{AXES}unit = 'g'\n"
    _, report = imported(tmp_path, toml, **{n: values[:, i] for i, n in enumerate("xyz")})
    assert any("probably sampled at 100 Hz only" in warning for warning in report.warnings)


def test_times_as_dates_of_the_files_own_kind_are_understood(tmp_path):
    values = acc(1000)
    t = np.datetime64("2024-05-31T12:00:00", "us") + np.arange(1000) * np.timedelta64(5, "ms")
    toml = f"[time]\ncolumn = 't'\n{AXES}unit = 'g'\n"
    source = {name: values[:, i] for i, name in enumerate("xyz")}
    recording, _ = imported(tmp_path, toml, t=t, **source)
    assert recording.channels["ACC X"].rate_hz == 200


def test_events_in_every_form_fall_on_the_same_times(tmp_path):
    t = np.arange(3000) / 100 + 50.0  # the recorder's clock started earlier
    phase = np.mod(t - 50.0, 1.0)
    on = (phase >= 0.25) & (phase < 0.5)
    values = smooth(t)
    source = {name: values[:, i] for i, name in enumerate("xyz")} | {"t": t}
    source["flag"] = on.astype(float)
    source["force"] = np.where(on, 800.0, 0.0)
    times = np.arange(30) + 50.25
    source["ms"] = np.concatenate([times * 1000, np.full(3000 - 30, np.nan)])
    toml = f"[time]\ncolumn = 't'\n{AXES}unit = 'g'\n"
    toml += "[[truth]]\nkind = 'flags'\ncolumn = 'flag'\nlabels = ['A', 'B']\n"
    toml += "[[truth]]\nkind = 'force'\ncolumn = 'force'\n"
    toml += "[[truth]]\ncolumn = 'ms'\nunit = 'ms'\nlabels = ['T']\n"
    recording, _ = imported(tmp_path, toml, **source)
    found = {text: [a.t_s for a in recording.annotations if a.text == text] for text in
             ("A", "B", "IC", "TO", "T")}  # fmt: skip
    assert all(len(times) == 30 for times in found.values())
    assert np.allclose(found["A"], np.arange(30) + 0.25, atol=1e-3)
    assert np.allclose(found["T"], found["A"], atol=1e-3)
    assert np.allclose(found["IC"], found["A"], atol=0.011)
    assert np.allclose(found["TO"], found["B"], atol=0.011)


TEXTS = {
    "a preamble with numbers": ("Subject,12\nRate,500\nDate,2024-05-31\n\n", "t,x,y,z", "", ","),
    "rows of units and rates": ("", "t,x,y,z", "s,g,g,g\n,500 Hz,500 Hz,500 Hz\n", ","),
    "quoted names with commas in them": ("", '"t","x","y","z, up"', "", ","),
    "blanks between the columns": ("", "t   x  y z", "", "   "),
    "a separator line": ("sep=;\n", "t;x;y;z", "", ";"),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_text_tables_are_found_below_whatever_stands_above_them(tmp_path, name, encoding):
    before, names, after, delimiter = TEXTS[name]
    values = acc(600)
    rows = [delimiter.join([f"{k / 500:g}", *(f"{v:.5f}" for v in values[k])]) for k in range(600)]
    text = before + names + "\n" + after + "\n".join(rows) + "\n"
    (tmp_path / "a.csv").write_bytes(text.replace("\n", "\r\n").encode(encoding))
    toml = "[time]\ncolumn = 't'\n[acc]\ncolumns = ['x', 'y', 'z*']\nunit = 'g'\n"
    (tmp_path / "my.toml").write_text(toml)
    found = load_map(str(tmp_path / "my.toml"))
    file = tmp_path / "a.csv"
    import_recording(jobs_for([file], found, None)[0], found, tmp_path / "o.edf", [], {}, True)
    got = read_recording(tmp_path / "o.edf").channels["ACC Z"].physical
    assert np.abs(got - values[: len(got), 2]).max() <= 0.52 * LSB["acc"]


def test_noise_of_a_force_plate_makes_no_contacts():
    force = np.where(np.mod(np.arange(7000), 700) < 250, 900.0, 0.0)
    force += np.random.default_rng(2).normal(0, 18, 7000)
    assert len(contacts_of(force, 1000, 50, 30)) == 10


@MANY
@given(st.fractions(50, 5000, max_denominator=30))
def test_simple_rates_are_recognised_from_their_digits(rate):
    assert abs(nice_rate(round(float(rate), 4)) / rate - 1) < 3e-6


def test_map_of_one_elements_structure_is_no_list_of_its_fields():
    found = load_map("bach-2022")
    assert found.reader.each == "data" and replace(found.reader, each=None).each is None
