"""Recorded samples stand at their own time: clocks, gaps, disconnections, restarts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from raw_course import EMG_FRAMES, IMU_FRAMES, Course, Teller, wave
from recorded import CONNECTED_AGAIN, finished, held, imu_time_error_ms, marks

from host_tools.record import journal
from host_tools.record.journal import journal_path


@pytest.mark.parametrize(("imu_hz", "imu_ms"), [(857.99, 0.0), (808.3, 3.4), (833.0, 0.6)])
def test_imu_off_nominal_drifts_away_from_the_emg(
    tmp_path: Path, imu_hz: float, imu_ms: float
) -> None:
    course = Course(60.0, imu_hz, imu_ms)
    teller = Teller(journal_path(tmp_path / "run.edf"))
    teller.tell(course, skip_s=(20.0, 22.0))
    teller.end(60.1)
    _, _, source = finished(tmp_path / "run.edf")
    assert imu_time_error_ms(source, imu_hz, imu_ms) < 0.35
    assert source.imu is not None
    mask = held(source.imu_gaps, len(source.imu))
    t = np.arange(len(mask)) / (source.imu_rate_mhz / 1000)
    inside = mask.copy()  # away from edges, where the interpolation has only one side
    for start, stop in source.imu_gaps:
        inside[max(0, start - 20) : stop + 20] = False
    inside[:20] = False
    for axis in range(6):
        error = source.imu[inside, axis] - wave(t[inside], 2 + axis).astype(float)
        # The told times are whole tenths of a millisecond; 4000 LSB at 83 Hz turn 2 LSB a µs.
        assert np.abs(error).max() < 500


def test_without_told_times_the_order_of_packets_leaves_more_than_a_packet(tmp_path: Path) -> None:
    course = Course(90.0, 850.0)
    teller = Teller(journal_path(tmp_path / "run.edf"))
    teller.tell(course, clock=False)
    teller.end(90.1)
    written, _, source = finished(tmp_path / "run.edf")
    assert any("did not tell" in note for note in written.notes)
    assert source.imu is not None
    t = np.arange(len(source.imu)) / (source.imu_rate_mhz / 1000)
    x = source.imu[: len(t), 0].astype(float)
    for from_s, to_s in ((5, 15), (75, 85)):
        here = (t > from_s) & (t < to_s)
        shifts = np.arange(-30, 30, 0.25)
        cost = [np.abs(x[here] - wave(t[here] + s / 1000, 2)).mean() for s in shifts]
        assert abs(shifts[int(np.argmin(cost))]) < 12


def test_a_disconnection_shortens_the_recording(tmp_path: Path) -> None:
    course = Course(30.0)
    teller = Teller(journal_path(tmp_path / "run.edf"))
    said = {"lost": False, "back": False}
    for t, kind, index, frames in course.packets():
        if 10.0 <= t < 17.0:
            if not said["lost"]:
                teller.add(journal.LOST, {"why": "gone"}, t)
                said["lost"] = True
            continue
        if t >= 17.0 and not said["back"]:
            teller.add(journal.CONNECTED, {**CONNECTED_AGAIN}, t)
            teller.seq = {"EMG": 5, "IMU": 9, "clock": 0}  # it may count from anywhere
            said["back"] = True
        teller.raw(t, kind, index, frames)
    teller.end(30.0)
    written, recording, source = finished(tmp_path / "run.edf")
    assert written.restarts == 0 and written.disconnections == 1
    assert written.duration_s == pytest.approx(30, abs=1)
    assert written.lost["EMG"] == pytest.approx(7000, abs=EMG_FRAMES)
    assert written.lost["IMU"] == pytest.approx(7 * 833, abs=IMU_FRAMES)
    assert source.emg is not None
    late = slice(20_000, 29_900)
    assert np.array_equal(source.emg[late], course.emg[late])
    assert marks(recording, "BAND OUT OF REACH")[0][0] == pytest.approx(10, abs=0.2)
    assert marks(recording, "BAND CONNECTED")[-1][0] == pytest.approx(17, abs=0.3)


def test_imu_frames_are_smeared_over_time_in_which_the_sensor_counted_none(tmp_path: Path) -> None:
    """Silent for 20 s, then going on with the next index: the told times say where it belongs."""
    teller = Teller(journal_path(tmp_path / "run.edf"))
    course = Course(40.0)
    for t, kind, index, frames in course.packets():
        if kind == "EMG":
            teller.raw(t, kind, index, frames)
        elif t < 10 or t > 30:
            counted = index if t < 10 else index - 16_660
            teller.raw(t, kind, counted, frames)
            if index % 475 == 0:
                teller.clock(t, counted, 1000 * index / 833)
    teller.end(40.0)
    written, recording, source = finished(tmp_path / "run.edf")
    lost = marks(recording, "LOST=IMU")
    assert max(duration for _, duration in lost) == pytest.approx(20, abs=1.0)
    assert source.imu is not None
    mask = held(source.imu_gaps, len(source.imu))
    t = np.arange(len(mask)) / 833
    for settled in ((t > 1) & (t < 9), (t > 31.5) & (t < 39)):
        assert mask[settled].all()
        assert np.abs(source.imu[settled, 0] - wave(t[settled], 2)).max() < 500


def test_an_imu_that_was_started_again_moves_the_emg_or_its_own_past(tmp_path: Path) -> None:
    """Its frames count from 0 again, the EMG's go on; both from any start."""
    teller = Teller(journal_path(tmp_path / "run.edf"))
    course = Course(30.0)
    for t, kind, index, frames in course.packets():
        if kind == "EMG":
            teller.raw(t, kind, index + 5000, frames)
        elif t < 10 or t > 14:
            counted = index + 70_000 if t < 10 else index - 190 * 61
            teller.raw(t, kind, counted, frames)
            if index % 475 == 0:
                teller.clock(t, counted, 5000 + 1000 * index / 833)
    teller.end(30.0)
    written, recording, source = finished(tmp_path / "run.edf")
    assert written.restarts == 0 and source.emg is not None and source.imu is not None
    assert np.array_equal(source.emg[: len(course.emg)], course.emg)
    lost = marks(recording, "LOST=IMU")
    assert max(duration for _, duration in lost) == pytest.approx(4, abs=0.1)
    mask = held(source.imu_gaps, len(source.imu))
    t = np.arange(len(mask)) / 833
    for settled in ((t > 1) & (t < 9), (t > 15) & (t < 29)):
        assert mask[settled].all()
        assert np.abs(source.imu[settled, 0] - wave(t[settled], 2)).max() < 500


@pytest.mark.parametrize("again_s", [1.0, 60.0])
def test_a_band_that_started_anew_overwrites_what_was_before(
    tmp_path: Path, again_s: float
) -> None:
    first, second = Course(6.0), Course(5.0, seed=2)
    teller = Teller(journal_path(tmp_path / "run.edf"))
    teller.tell(first)
    teller.add(journal.LOST, {"why": "gone"}, 6.1)
    at_s = 6.1 + again_s
    teller.add(journal.CONNECTED, CONNECTED_AGAIN, at_s)
    teller.tell(second, at_s=at_s)
    teller.end(at_s + 5.1)
    written, recording, source = finished(tmp_path / "run.edf")
    assert written.restarts == 1
    assert written.frames["EMG"] == 11_000
    start, duration = marks(recording, "BAND RESTARTED")[0]
    assert start == pytest.approx(6.0, abs=0.01) and duration == pytest.approx(again_s, abs=0.2)
    assert source.emg is not None
    assert int(held(source.emg_gaps, len(source.emg)).sum()) == 11_000


def test_a_band_restarted_and_run_on_far_looks_like_a_longer_gap(tmp_path: Path) -> None:
    """Its new index lies beyond the old one, yet not where this computer's clock says."""
    teller = Teller(journal_path(tmp_path / "run.edf"))
    teller.tell(Course(2.0))
    teller.add(journal.CONNECTED, CONNECTED_AGAIN, 100.0)
    teller.tell(Course(2.0), index_offset=20_000, at_s=100.0, clock=False)
    teller.end(103.0)
    written, _, _ = finished(tmp_path / "run.edf")
    assert written.restarts == 1 and written.duration_s == pytest.approx(102, abs=1.5)
