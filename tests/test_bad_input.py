"""Whatever is handed to calfband: exit 0 or 2 and one sentence, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from edf_files import Signal, run_signals, write_edf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host_tools import band
from host_tools.athlete import Athlete, athlete_from_patient, read_athlete, read_settings
from host_tools.band_input import band_input
from host_tools.errors import CalfbandError
from host_tools.recording import read_recording

MANY = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("edf") / "good.edf"
    write_edf(path, run_signals(2), [(0.5, 0.2, "LOST=EMG"), (1.0, -1, "IC")], patient="mass=70kg")
    return path.read_bytes()


def sentence_or_recording(folder: Path, content: bytes) -> str | None:
    """Read as calfband does; the refusal, or None when the content is acceptable."""
    path = folder / "x.edf"
    path.write_bytes(content)
    try:
        band_input(read_recording(path))
    except CalfbandError as error:
        text = str(error)
        assert text.startswith(str(path)) and "\n" not in text and text.endswith(".")
        return text
    return None


@MANY
@given(st.binary(max_size=2000))
def test_random_bytes_are_refused_with_a_sentence(tmp_path, content):
    assert sentence_or_recording(tmp_path, content)


@MANY
@given(st.binary(max_size=2000))
def test_random_bytes_behind_an_edf_version_field_are_refused(tmp_path, content):
    assert sentence_or_recording(tmp_path, b"0       " + content)


@MANY
@given(st.data())
def test_recording_cut_anywhere_is_refused(tmp_path, good, data):
    length = data.draw(st.integers(0, len(good) - 1))
    assert sentence_or_recording(tmp_path, good[:length])


@MANY
@given(st.data())
def test_flipped_bits_in_the_header_are_read_or_refused(tmp_path, good, data):
    content = bytearray(good)
    header = 256 * (1 + int(good[252:256]))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, header - 1))
        content[at] ^= 1 << data.draw(st.integers(0, 7))
    sentence_or_recording(tmp_path, bytes(content))


@MANY
@given(st.data())
def test_any_number_in_a_header_field_is_read_or_refused(tmp_path, good, data):
    n = int(good[252:256])
    starts = [184, 236, 244, 252] + [
        256 + n * before + 8 * i for before in (104, 112, 120, 128, 216) for i in range(n)
    ]
    at = data.draw(st.sampled_from(starts))
    width = 4 if at == 252 else 8
    value = data.draw(
        st.one_of(
            st.integers(-(10**6), 10**7).map(str),
            st.sampled_from(["nan", "inf", "-inf", "1e308", "-1", "0", "", "0x10", "1_0", "1e-9"]),
        )
    )
    content = bytearray(good)
    content[at : at + width] = value.encode()[:width].ljust(width)
    sentence_or_recording(tmp_path, bytes(content))


@MANY
@given(st.data())
def test_flipped_bits_among_the_samples_and_annotations_are_read_or_refused(tmp_path, good, data):
    content = bytearray(good)
    header = 256 * (1 + int(good[252:256]))
    for _ in range(data.draw(st.integers(1, 40))):
        at = data.draw(st.integers(header, len(good) - 1))
        content[at] ^= 1 << data.draw(st.integers(0, 7))
    sentence_or_recording(tmp_path, bytes(content))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda raw: b"", "empty"),
        (lambda raw: b"\xffBIOSEMI" + raw[8:], "24-bit BDF"),
        (lambda raw: raw[:192] + b"EDF+D" + raw[197:], "discontinuous"),
        (lambda raw: raw[:236] + b"-1      " + raw[244:], "never closed"),
        (lambda raw: raw[:-1000], "cut short"),
        (lambda raw: raw + b"\0" * 10, "10 bytes longer"),
        (lambda raw: raw[:244] + b"nan     " + raw[252:], "duration of a data record"),
        (lambda raw: b"RIFF" + raw[4:], "not an EDF recording"),
    ],
)
def test_each_kind_of_damage_is_called_by_its_name(tmp_path, good, change, says):
    assert says in (sentence_or_recording(tmp_path, change(good)) or "")


def test_recording_without_a_known_channel_names_what_it_found(tmp_path):
    signal = Signal("GRF V", run_signals(1)[0].values, 1000, "N", 2000)
    path = write_edf(tmp_path / "g.edf", [signal])
    with pytest.raises(CalfbandError, match="'GRF V'.*EMG GM"):
        read_recording(path)


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_recording_of_nothing_but_a_flat_or_railed_channel_is_refused(tmp_path, level):
    values = run_signals(1)[0].values * 0 + 2000 * level
    path = write_edf(tmp_path / "f.edf", [Signal("EMG GM", values, 1000, "uV", 2000)])
    with pytest.raises(CalfbandError, match="nothing the band can use"):
        read_recording(path)


def test_absurd_rate_is_refused_when_nothing_else_is_there(tmp_path):
    values = run_signals(1)[0].values[:20]
    path = write_edf(tmp_path / "r.edf", [Signal("EMG GM", values, 10, "uV", 2000)])
    with pytest.raises(CalfbandError, match="10 Hz"):
        read_recording(path)


@MANY
@given(st.text(max_size=80))
def test_any_patient_field_is_read_leniently(text):
    athlete_from_patient(text, [])


def test_patient_field_of_a_lab_is_understood_with_its_units():
    athlete = athlete_from_patient("X X X X sex=F;mass=69kg;height=169cm;speed=9km/h", [])
    assert athlete == Athlete(sex="F", mass_kg=69, height_m=1.69, speed_m_s=2.5)


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("mass = 70", "unknown key 'mass'; did you mean mass_kg?"),
        ("mass_kg = 70000", "must lie between 20 and 250"),
        ('mass_kg = "70"', "must be a number"),
        ("mass_kg = true", "must be a number"),
        ("mass_kg = nan", "must lie between"),
        ('side = "links"', 'one of "right", "left"'),
        ("[[runs]]\ncontact = 240", "did you mean contact_ms?"),
        ("[[runs]]\nfinsm5 = 0", "must lie between"),
        ("runs = 3", "[[runs]] tables"),
        ("mass_kg = = 3", "not valid TOML"),
    ],
)
def test_slip_in_the_athlete_file_is_explained(tmp_path, toml, says):
    path = tmp_path / "kim.toml"
    path.write_text(toml)
    with pytest.raises(CalfbandError) as caught:
        read_athlete(path, Athlete())
    assert str(caught.value).startswith(str(path)) and says in str(caught.value)


def test_athlete_file_goes_over_the_recording_and_earlier_runs_reach_the_band(tmp_path):
    path = tmp_path / "kim.toml"
    path.write_text(
        'mass_kg = 61.5\nside = "left"\n[[runs]]\ndate = 2026-05-01\ncontact_ms = 241.5\n'
        "finsm5 = 1.4210854715202004e-14\n[[runs]]\ncontact_ms = 239\nonset_sd_ms = 8\n"
    )
    lines = read_athlete(path, Athlete(mass_kg=70, height_m=1.7)).settings()
    assert {"mass_g=61500", "height_mm=1700", "side=1", "speed_mm_s=0"} <= set(lines)
    assert [line for line in lines if line.startswith("prior.")] == [
        "prior.contact_ms=2415", "prior.finsm5=-11776", "prior.contact_ms=2390",
        "prior.onset_sd_ms=80",
    ]  # fmt: skip


def test_mains_other_than_50_or_60_is_refused(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text("mains_hz = 55")
    with pytest.raises(CalfbandError, match="50, 60, or 0"):
        read_settings(path)


def test_interpreter_that_is_not_micropython_is_refused(monkeypatch):
    import sys

    monkeypatch.setenv("CALFBAND_MICROPYTHON", sys.executable)
    with pytest.raises(CalfbandError, match="is not MicroPython"):
        band.find_micropython()


def test_missing_micropython_is_refused_with_the_way_to_get_it(monkeypatch, tmp_path):
    monkeypatch.delenv("CALFBAND_MICROPYTHON", raising=False)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CalfbandError, match="not installed; run `make setup`"):
        band.find_micropython()


def assert_one_sentence(done, *words: str) -> None:
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("calfband: ")
    for word in words:
        assert word in lines[0]


def test_command_refuses_a_file_that_is_no_recording(calfband, tmp_path):
    path = tmp_path / "notes.edf"
    path.write_text("dear diary")
    done = calfband("replay", path, "--out", tmp_path / "out")
    assert_one_sentence(done, "notes.edf", "not an EDF recording")
    assert not (tmp_path / "out").exists()


def test_command_refuses_an_output_folder_that_is_a_file(calfband, tmp_path, good):
    recording = tmp_path / "run.edf"
    recording.write_bytes(good)
    out = tmp_path / "out"
    out.write_text("mine")
    assert_one_sentence(calfband("replay", recording, "--out", out), "out", "cannot write")
    assert out.read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder nobody may write to")
def test_command_refuses_an_output_folder_that_cannot_be_written(calfband, tmp_path, good):
    recording = tmp_path / "run.edf"
    recording.write_bytes(good)
    done = calfband("replay", recording, "--out", "/proc/calfband/out")
    assert_one_sentence(done, "/proc/calfband/out", "cannot write")


def test_two_recordings_of_one_name_do_not_overwrite_each_other(calfband, tmp_path):
    done = calfband("replay", tmp_path / "a/x.edf", tmp_path / "b/x.edf", "--out", tmp_path / "o")
    assert_one_sentence(done, "another recording named x")
