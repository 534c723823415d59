"""Reading and resampling: what reaches the band must be what the recording says."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from edf_files import Signal, run_signals, write_edf

from host_tools.band_input import ACC_LSB_G, EMG_LSB_UV, BandInput, band_input
from host_tools.errors import CalfbandError
from host_tools.recording import read_recording
from host_tools.resample import resampled


def load(path: Path) -> BandInput:
    return band_input(read_recording(path))


def axes(kind: str, values: np.ndarray, rate: int, unit: str, top: float) -> list[Signal]:
    return [Signal(f"{kind} {axis}", values, rate, unit, top) for axis in "XYZ"]


def emg_of(source: BandInput) -> np.ndarray:
    assert source.emg is not None
    return source.emg


def imu_of(source: BandInput) -> np.ndarray:
    assert source.imu is not None
    return source.imu


def test_recording_at_the_bands_own_scales_is_not_altered_by_a_single_bit(tmp_path):
    samples = np.arange(-32768, 32768, 65535 / 1999).astype(np.int16)[:2000]
    emg = Signal("EMG GM", samples * EMG_LSB_UV, 1000, "uV", 8191.75, -8192)
    source = load(write_edf(tmp_path / "exact.edf", [emg]))
    assert np.array_equal(emg_of(source)[:, 0], samples)


@pytest.mark.parametrize(
    ("unit", "scale"), [("uV", 1.0), ("mV", 1e-3), ("V", 1e-6), ("UV", 1.0), ("mv", 1e-3)]
)
def test_emg_unit_changes_nothing_but_the_number_written(tmp_path, unit, scale):
    x = 500 * np.sin(np.arange(2000) / 7)
    source = load(
        write_edf(tmp_path / "u.edf", [Signal("emg gm", x * scale, 1000, unit, scale * 1e3)])
    )
    assert np.abs(emg_of(source)[:, 0] * EMG_LSB_UV - x).max() < 0.2


@pytest.mark.parametrize(
    ("kind", "unit", "scale", "lsb"),
    [
        ("ACC", "mg", 1000.0, ACC_LSB_G),
        ("ACC", "m/s^2", 9.81, ACC_LSB_G),
        ("GYR", "rad/s", np.pi / 180, 0.07),
        ("GYR", "deg/s", 1.0, 0.07),
    ],
)
def test_motion_units_are_converted(tmp_path, kind, unit, scale, lsb):
    x = 5 * np.sin(np.arange(833 * 2) / 50)
    signals = axes(kind, x * scale, 833, unit, 10 * scale)
    if kind == "GYR":  # it is of no use alone
        signals += axes("ACC", x, 833, "g", 10)
    source = load(write_edf(tmp_path / "u.edf", signals))
    column = 0 if kind == "ACC" else 3
    assert np.abs(imu_of(source)[:, column] * lsb - x).max() < lsb


def test_unknown_unit_is_refused_by_name_instead_of_guessed(tmp_path):
    path = write_edf(
        tmp_path / "u.edf", [Signal("EMG GM", np.arange(1000.0), 1000, "furlong", 2e3)]
    )
    with pytest.raises(CalfbandError, match="u.edf: EMG GM is in 'furlong'.*uv"):
        read_recording(path)


def test_record_of_700_ms_neither_stretches_nor_shifts_time(tmp_path):
    def motion(t):
        return 5 * np.sin(2 * np.pi * 3 * t) + 2 * np.sin(2 * np.pi * 41 * t)

    t = np.arange(100 * 300) * 0.007
    path = write_edf(tmp_path / "r.edf", axes("ACC", motion(t), 100, "g", 16), record_s=0.7)
    recording = read_recording(path)
    assert recording.channels["ACC X"].rate_hz == Fraction(1000, 7)
    imu = imu_of(band_input(recording))
    t_band = np.arange(len(imu)) / 833
    inside = slice(200, -200)
    error = imu[inside, 0] * ACC_LSB_G - motion(t_band)[inside]
    assert len(imu) == pytest.approx(210 * 833, abs=1)
    assert np.abs(error).max() < 0.02


def test_interference_above_the_bands_nyquist_does_not_fold_into_the_emg_band(tmp_path):
    t = np.arange(2000 * 10) / 2000
    x = 1000 * np.sin(2 * np.pi * 700 * t)
    emg = emg_of(load(write_edf(tmp_path / "a.edf", [Signal("EMG GM", x, 2000, "uV", 2000)])))
    assert np.abs(emg[100:-100, 0] * EMG_LSB_UV).max() < 2  # -54 dB, and half an LSB


@pytest.mark.parametrize(
    "rate", [Fraction(99997, 100), Fraction(1234567891, 1000000), Fraction(52000, 27)]
)
def test_awkward_rate_does_not_drift_over_ten_minutes(rate):
    n = int(600 * rate)
    t = np.arange(n) / float(rate)
    y = resampled(np.sin(2 * np.pi * 20 * t), rate, Fraction(1000))
    late = np.arange(len(y) - 1200, len(y) - 200)
    assert np.abs(y[late] - np.sin(2 * np.pi * 20 * late / 1000)).max() < 0.005


def test_imu_clock_off_nominal_is_told_to_the_band_and_not_resampled(tmp_path):
    signals = run_signals(2, imu_hz=808)
    source = load(write_edf(tmp_path / "c.edf", signals))
    assert source.imu_rate_mhz == 808_000
    assert len(imu_of(source)) == 2 * 808


def test_fill_samples_of_a_gap_do_not_ring_into_good_samples(tmp_path):
    x = 100 * np.sin(np.arange(2000 * 4) / 40)
    filled = x.copy()
    filled[4000:5000] = -1900
    path = write_edf(
        tmp_path / "g.edf", [Signal("EMG GM", filled, 2000, "uV", 2000)], [(2.0, 0.5, "LOST=EMG")]
    )
    source = load(path)
    assert source.emg_gaps == [(2000, 2500)]
    good = np.r_[100:1990, 2510:3900]
    assert np.abs(emg_of(source)[good, 0] * EMG_LSB_UV - x[::2][good]).max() < 2


def test_accelerometer_without_its_third_axis_is_absent_not_zero(tmp_path):
    signals = [s for s in run_signals(2) if s.label != "ACC Y"]
    source = load(write_edf(tmp_path / "m.edf", signals))
    assert source.present == {"has_emg1": 1, "has_emg2": 1, "has_acc": 0, "has_gyr": 1}
    assert not imu_of(source)[:, :3].any() and imu_of(source)[:, 3:].any()


def test_gyroscope_with_an_axis_missing_leaves_the_accelerometer_in_use(tmp_path):
    signals = [s for s in run_signals(2) if s.label != "GYR Z"]
    source = load(write_edf(tmp_path / "m.edf", signals))
    assert source.present == {"has_emg1": 1, "has_emg2": 1, "has_acc": 1, "has_gyr": 0}
    assert not imu_of(source)[:, 3:].any()


def test_flat_channel_is_noted_and_absent_while_the_rest_is_kept(tmp_path):
    signals = run_signals(2)
    signals[1].values[:] = 0
    recording = read_recording(write_edf(tmp_path / "f.edf", signals))
    assert "EMG SO never changes: taken as absent" in recording.notes
    assert band_input(recording).present["has_emg2"] == 0


def test_only_tibialis_becomes_channel_one_with_a_note(tmp_path):
    x = np.sin(np.arange(2000))
    recording = read_recording(write_edf(tmp_path / "t.edf", [Signal("EMG TA", x, 1000, "uV", 2)]))
    source = band_input(recording)
    assert source.emg_labels == ("EMG TA", None)
    assert "no EMG GM: EMG TA is taken as channel 1" in source.notes


def test_truth_annotations_never_become_messages(tmp_path):
    marks = [(0.5, 0.4, "IC"), (0.7, 0.1, "FAULT=EMG samples lost"), (1.0, -1, "LEVEL=3")]
    told = load(write_edf(tmp_path / "t.edf", run_signals(2), marks))
    plain = load(write_edf(tmp_path / "p.edf", run_signals(2)))
    assert np.array_equal(emg_of(told), emg_of(plain))
    assert told.emg_gaps == told.imu_gaps == plain.emg_gaps


def test_samples_beyond_the_bands_range_are_counted(tmp_path):
    x = np.zeros(1000)
    x[10:15] = 9000
    x[20:30] = -9000
    source = load(write_edf(tmp_path / "c.edf", [Signal("EMG GM", x, 1000, "uV", 10_000)]))
    assert source.clipped == {"EMG GM": 15}
    assert emg_of(source).min() == -32768
    assert emg_of(source).max() == 32767


@pytest.mark.recordings
def test_every_real_recording_reaches_the_band_at_its_own_length(recordings):
    files = sorted(recordings.glob("*.edf"))
    assert files
    for path in files:
        recording = read_recording(path)
        source = band_input(recording)
        for frames, rate in ((source.emg, 1000), (source.imu, source.imu_rate_mhz / 1000)):
            if frames is not None:
                assert len(frames) == pytest.approx(float(recording.duration_s) * rate, abs=1.01)
