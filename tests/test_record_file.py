"""From a journal of packets to the EDF+ file: nothing lost in silence, everything at its time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyedflib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raw_course import Course, Teller
from recorded import CONNECTED_AGAIN, finished, held, marks

from host_tools.band_input import band_input
from host_tools.errors import CalfbandError
from host_tools.record import journal
from host_tools.record.journal import Journal, journal_path, read_journal
from host_tools.record.write import finish
from host_tools.recording import read_recording


def test_samples_in_the_file_are_not_the_packets_samples(tmp_path: Path) -> None:
    course = Course(12.0)
    teller = Teller(journal_path(tmp_path / "run.edf"))
    teller.tell(course)
    teller.end(12.1)
    written, _, source = finished(tmp_path / "run.edf")
    assert source.emg is not None and source.imu is not None
    assert np.array_equal(source.emg[: len(course.emg)], course.emg)
    assert np.array_equal(source.imu[: len(course.imu)], course.imu)  # verbatim at its own rate
    assert source.imu_rate_mhz == 833_000 and not source.emg_gaps
    assert written.lost == {"EMG": 0, "IMU": 0} and not written.notes


@pytest.mark.parametrize("first_seq", [0, 65530])
def test_lost_packets_are_closed_in_silence_also_where_the_sequence_wraps(
    tmp_path: Path, first_seq: int
) -> None:
    course = Course(8.0)
    teller = Teller(journal_path(tmp_path / "run.edf"), seq=first_seq)
    teller.tell(course, lost=lambda number: number in (30, 31, 32, 200))
    teller.end(8.1)
    gone = [p for i, p in enumerate(course.packets()) if i in (30, 31, 32, 200)]
    frames = {k: sum(len(p[3]) for p in gone if p[1] == k) for k in ("EMG", "IMU")}
    written, recording, source = finished(tmp_path / "run.edf")
    assert written.lost == frames and written.lost_in_band == {"EMG": 0, "IMU": 0}
    for kind, gaps, rate in (("EMG", source.emg_gaps, 1000), ("IMU", source.imu_gaps, 833)):
        missing = {i for p in gone if p[1] == kind for i in range(p[2], p[2] + len(p[3]))}
        assert {i for start, stop in gaps for i in range(start, stop)} == missing
        assert len(marks(recording, f"LOST={kind}")) == len(gaps)
        assert sum(d for _, d in marks(recording, f"LOST={kind}")) == pytest.approx(
            len(missing) / rate, abs=2e-3
        )


def test_samples_lost_inside_the_band_are_taken_for_lost_packets(tmp_path: Path) -> None:
    teller = Teller(journal_path(tmp_path / "run.edf"))
    course = Course(4.0)
    for t, kind, index, frames in course.packets():
        if not (kind == "IMU" and 1.0 < t < 1.5):  # an overrun: the sequence goes on
            teller.raw(t, kind, index, frames)
    teller.end(4.0)
    written, _, _ = finished(tmp_path / "run.edf")
    assert written.lost["IMU"] == written.lost_in_band["IMU"] > 300
    assert written.lost["EMG"] == 0


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lost=st.sets(st.integers(0, 130), max_size=60), seq=st.integers(0, 65535))
def test_some_pattern_of_losses_is_miscounted(
    tmp_path_factory: pytest.TempPathFactory, lost: set[int], seq: int
) -> None:
    path = tmp_path_factory.mktemp("any") / "run.edf"
    course = Course(2.0)
    every = list(course.packets())
    came = [p for i, p in enumerate(every) if i not in lost]
    teller = Teller(journal_path(path), seq=seq)
    teller.tell(course, lost=lambda number: number in lost)
    teller.end(2.1)
    if not came:
        assert finish(journal_path(path), path) is None
        return
    written = finish(journal_path(path), path)
    assert written is not None
    came_by_kind = {k: sum(len(p[3]) for p in came if p[1] == k) for k in ("EMG", "IMU")}
    assert written.frames == came_by_kind
    source = band_input(read_recording(path))
    for kind, frames, gaps in (
        ("EMG", source.emg, source.emg_gaps),
        ("IMU", source.imu, source.imu_gaps),
    ):
        if came_by_kind[kind] < 3:
            continue
        assert frames is not None
        valid = int(held(gaps, len(frames)).sum())
        if kind == "EMG" or "interpolated" not in "".join(written.notes):
            assert valid == came_by_kind[kind]


def test_marks_and_the_bands_words_are_lost_or_taken_for_truth(tmp_path: Path) -> None:
    teller = Teller(journal_path(tmp_path / "run.edf"))
    teller.status(0.0)
    teller.tell(Course(10.0))
    teller.status(10.1, level=3, confidence_pct=81, attribution=1, reasons=5, unit_faults=1)
    teller.stride(10.1, t_ic_s=8.5, contact_ms=231.4, kvert_kn_m=24.15, valid=1)
    teller.add(journal.MARK, {"heaviness": 10}, 10.2)
    teller.add(journal.LOST, {"why": "gone"}, 10.3)
    teller.add(journal.MARK, {"heaviness": 7}, 14.0)  # out of reach: still in the file
    teller.end(15.0)
    written, recording, _ = finished(tmp_path / "run.edf")
    texts = [a.text for a in recording.annotations]
    assert written.marks == 2 and written.strides == 1
    assert marks(recording, "HEAVY=10")[0][0] == pytest.approx(10.1, abs=0.1)
    assert marks(recording, "HEAVY=7")[0][0] == pytest.approx(13.9, abs=0.1)
    assert marks(recording, "BAND IC contact=231.4 kvert=24.15")[0][0] == pytest.approx(8.5)
    for text in (
        "BAND LEVEL=1 62%",
        "BAND LEVEL=3 81%",
        "BAND CAUSE=peripheral",
        "BAND REASON=contact longer",
        "BAND REASON=stiffness lower",
        "BAND FAULT=IMU silent",
    ):
        assert text in texts
    assert not any(text.split("=")[0] in ("LEVEL", "FATIGUE", "FAULT", "IC") for text in texts)
    assert "mass=70kg" in recording.patient


def test_a_sensor_the_band_lacks_is_written_as_zeros(tmp_path: Path) -> None:
    teller = Teller(journal_path(tmp_path / "run.edf"))
    teller.add(journal.CONNECTED, {**CONNECTED_AGAIN, "features": 0b0101}, 0.0)  # EMG 1 and acc
    teller.tell(Course(3.0))
    teller.end(3.1)
    written, recording, source = finished(tmp_path / "run.edf")
    assert list(recording.channels) == ["EMG GM", "ACC X", "ACC Y", "ACC Z"]
    assert not recording.notes
    assert not any("no sample came" in note for note in written.notes)
    assert source.present == {"has_emg1": 1, "has_emg2": 0, "has_acc": 1, "has_gyr": 0}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    junk=st.lists(st.binary(max_size=40), max_size=6),
    indices=st.lists(st.integers(0, 2**32 - 1), max_size=6),
)
def test_nonsense_from_the_air_makes_a_file_that_replay_refuses(
    tmp_path_factory: pytest.TempPathFactory, junk: list[bytes], indices: list[int]
) -> None:
    """Wild indices must not make a file of hours, either: this computer's clock bounds them."""
    path = tmp_path_factory.mktemp("junk") / "run.edf"
    teller = Teller(journal_path(path))
    teller.tell(Course(1.0))
    for packet in junk:
        teller.add(journal.RAW, packet, 1.1)
        teller.add(journal.STRIDE, packet, 1.1)
    for index in indices:
        teller.raw(1.1, "EMG", index, [(1, 2)])
        teller.raw(1.1, "IMU", index, [(1, 2, 3, 4, 5, 6)])
        teller.clock(1.1, index, index % 7000)
    teller.end(1.2)
    written = finish(journal_path(path), path)
    assert written is not None and written.duration_s < 60
    band_input(read_recording(path))


def test_a_new_session_on_the_same_link_mixes_with_the_old_one(tmp_path: Path) -> None:
    """Both counts begin anew at once; the old session's last IMU packet comes after that."""
    old, new = Course(8.0), Course(6.0, seed=2)
    teller = Teller(journal_path(tmp_path / "run.edf"))
    *before, last = old.packets()
    last = max((p for p in [*before, last] if p[1] == "IMU"), key=lambda p: p[2])
    for t, kind, index, frames in old.packets():
        if (kind, index) != (last[1], last[2]):
            teller.raw(t, kind, index, frames)
    told = False
    for t, kind, index, frames in new.packets():
        if kind == "IMU" and not told:
            teller.raw(8.1 + t, *last[1:])
            told = True
        teller.raw(8.1 + t, kind, index, frames)
    teller.end(15.0)
    written, _, source = finished(tmp_path / "run.edf")
    assert written.restarts == 1 and written.lost == {"EMG": 0, "IMU": 0}
    assert source.imu is not None
    mask = held(source.imu_gaps, len(source.imu))
    assert mask[40 : 8 * 833 - 40].all() and mask[9 * 833 : 14 * 833 - 40].all()


def test_a_silent_sensor_is_not_mentioned(tmp_path: Path) -> None:
    teller = Teller(journal_path(tmp_path / "run.edf"))
    for t, kind, index, frames in Course(3.0).packets():
        if kind == "EMG":
            teller.raw(t, kind, index, frames)
    teller.end(3.0)
    written, recording, _ = finished(tmp_path / "run.edf")
    assert list(recording.channels) == ["EMG GM", "EMG SO"]
    assert "the band has a motion sensor but no sample of it came" in written.notes


def test_a_packet_that_came_twice_is_recorded_twice(tmp_path: Path) -> None:
    path = journal_path(tmp_path / "run.edf")
    teller = Teller(path)
    for t, kind, index, frames in Course(2.0).packets():
        teller.raw(t, kind, index, frames)
        teller.seq[kind] -= 1
        teller.raw(t, kind, index, frames)
    teller.end(2.0)
    written, _, _ = finished(tmp_path / "run.edf")
    assert written.frames["EMG"] == 2000 and written.lost["EMG"] == 0
    assert any("came twice" in note for note in written.notes)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cut=st.floats(0, 1))
def test_a_journal_cut_off_anywhere_cannot_be_finished(
    tmp_path_factory: pytest.TempPathFactory, cut: float
) -> None:
    path = tmp_path_factory.mktemp("cut") / "run.edf"
    teller = Teller(journal_path(path))
    teller.tell(Course(2.0))
    teller.end(2.1)
    whole = journal_path(path).read_bytes()
    journal_path(path).write_bytes(whole[: max(2000, int(cut * len(whole)))])
    assert finish(journal_path(path), path) is not None
    band_input(read_recording(path))


def test_two_recorders_write_one_journal(tmp_path: Path) -> None:
    path = journal_path(tmp_path / "run.edf")
    running = Journal(path)
    with pytest.raises(FileExistsError):
        Journal(path)
    with pytest.raises(CalfbandError, match="another calfband record"):
        list(read_journal(path))
    running.close()


def test_a_full_disk_deletes_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teller = Teller(journal_path(tmp_path / "run.edf"))
    teller.tell(Course(2.0))
    teller.end(2.1)

    def full(*_: object) -> int:
        return -1

    monkeypatch.setattr(pyedflib.EdfWriter, "blockWriteDigitalShortSamples", full)
    with pytest.raises(CalfbandError, match="--finish"):
        finish(journal_path(tmp_path / "run.edf"), tmp_path / "run.edf")
    assert [p.name for p in tmp_path.iterdir()] == [".run.edf.journal"]
    monkeypatch.undo()
    finished(tmp_path / "run.edf")
