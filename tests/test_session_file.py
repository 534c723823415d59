"""Session files: parsed to the last whole chunk, decoded into files, refused with a sentence."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from conftest import Calfband
from hypothesis import given, settings
from hypothesis import strategies as st
from session_files import START_S, chunks, end, record, session_file, start, stride

from host_tools.errors import CalfbandError
from host_tools.fetch.session_file import chunk_ends, last_sum, parse_session, read_session
from host_tools.fetch.tables import summarise, write_session
from host_tools.firmware_tables import wire

MANY = settings(max_examples=300, deadline=None)
WHOLE = session_file(strides=300)
ENDS = chunk_ends(WHOLE)
UNIX_S = 1_790_000_000


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def rich_session() -> bytes:
    """A bit of everything."""
    at = round(START_S * 10_000)
    return chunks(
        [
            start(),
            stride(0, START_S - 0.2, contact_ms=231.4, kvert_kn_m=24.15, valid=1, gait=2)
            + stride(1, START_S + 0.5, onset_ms=-113.4, mnf_hz=141.44, degraded=1, gait=1)
            + record(wire.LOG_WARNING, at + 10_000, 1, 0, 55, 0, 0)
            + record(wire.LOG_MARK, at + 12_500, 7)
            + record(wire.LOG_FAULTS, at + 20_000, 0b11, 1 << 5),
            record(wire.LOG_TIME, at + 30_000, UNIX_S)
            + record(wire.LOG_WARNING, at + 40_000, 3, 1, 81, 0b101, 0)
            + end(START_S + 60, 2, "USB", dropped=1),
        ]
    )


@MANY
@given(st.integers(0, len(WHOLE)))
def test_a_cut_file_yields_half_a_chunk_or_a_traceback(length: int) -> None:
    found = parse_session(WHOLE[:length])
    assert found.bytes == length
    assert found.whole_bytes == max((e for e in ENDS if e <= length), default=0)
    whole = parse_session(WHOLE)
    assert found.records == whole.records[: len(found.records)]
    assert found.records == parse_session(WHOLE[: found.whole_bytes]).records
    assert not found.unknown


@MANY
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_believed(at: int, mask: int) -> None:
    damaged = bytearray(WHOLE)
    damaged[at] ^= mask
    found = parse_session(damaged)
    assert found.whole_bytes == max((e for e in ENDS if e <= at), default=0)


@MANY
@given(st.lists(st.binary(max_size=300), max_size=5), st.booleans())
def test_records_of_any_bytes_are_a_traceback(bodies: list[bytes], begun: bool) -> None:
    """Chunks that prove themselves, with anything in them: of a later firmware, or nonsense."""
    data = chunks([*([start()] if begun else []), *bodies])
    found = parse_session(data)
    assert found.is_whole
    if found.records[:1] and found.records[0][0] == wire.LOG_START:
        json.dumps(summarise(found), allow_nan=False)


def test_a_decoded_file_says_something_else_than_the_band(tmp_path: Path) -> None:
    (tmp_path / "3.log").write_bytes(rich_session())
    summary = write_session(read_session(tmp_path / "3.log"), tmp_path, {"file": "3.log"})
    first, second = table(tmp_path / "strides.csv")
    assert first["stride"] == "1" and first["t_ic_s"] == "-0.2000" and first["valid"] == "1"
    assert first["contact_ms"] == "231.4" and first["kvert_kn_m"] == "24.15"
    assert first["onset_ms"] == "" and first["gait"] == "2"
    assert second["onset_ms"] == "-113.4" and second["mnf_hz"] == "141.44"
    assert second["contact_ms"] == "" and second["degraded"] == "1"
    warnings = table(tmp_path / "warnings.csv")
    assert [row["name"] for row in warnings] == ["fresh", "heavy"]
    assert warnings[1]["t_s"] == "4.0000" and warnings[1]["attribution"] == "peripheral"
    assert warnings[1]["reasons"] == "contact longer; stiffness lower"
    mark, faults, told = table(tmp_path / "events.csv")
    assert (mark["event"], mark["t_s"], mark["heaviness"]) == ("mark", "1.2500", "7")
    assert faults["faults"] == "electrode off ch1; electrode off ch2"
    assert faults["unit_faults"] == "USB connected" and told["time_utc"] == "2026-09-21T14:13:20Z"
    assert summary["ended_by"] == "USB" and summary["dropped_chunks"] == 1
    assert summary["athlete_marks"] == [{"t_s": 1.25, "heaviness": 7}]
    assert summary["time_at_level_s"]["insufficient"] == 1.0
    assert summary["time_at_level_s"]["fresh"] == 3.0
    assert summary["time_at_level_s"]["heavy"] == 56.0
    assert summary["firmware_version"] == "0.1.0" and summary["duration_s"] == 60.0
    assert summary["start_utc"] == "2026-09-21T14:13:17Z"  # 3 s before it was told
    assert summary == json.loads((tmp_path / "summary.json").read_text())


def test_strides_are_numbered_anew_behind_a_gap_or_the_loss_is_not_told() -> None:
    told = [stride(k, START_S + k) for k in (*range(300), *range(397, 400))]
    found = parse_session(chunks([start(), *told, end(START_S + 400, 400)]))
    summary = summarise(found)
    assert summary["counts"]["strides"] == 303 and summary["counts"]["strides_not_in_file"] == 97
    assert any(note.startswith("97 strides were counted") for note in summary["notes"])


def test_a_later_firmwares_records_hide_the_chunks_behind_them(tmp_path: Path) -> None:
    path = tmp_path / "later.log"
    later = stride(1, START_S + 1) + bytes((9, 1, 2, 3))
    path.write_bytes(chunks([start(), later, stride(2, START_S + 2), end(START_S + 3, 3)]))
    found = read_session(path)
    assert found.is_whole and found.unknown == {9: 4}
    assert len(found.rows(wire.LOG_STRIDE)) == 2 and found.first(wire.LOG_END)
    assert any(
        "records of kind 9" in note and "4 bytes" in note for note in summarise(found)["notes"]
    )


def test_codes_of_a_later_firmware_are_a_traceback(tmp_path: Path) -> None:
    at = round(START_S * 10_000)
    warning = record(wire.LOG_WARNING, at + 10_000, 7, 9, 55, 0, 1 << 15)
    path = tmp_path / "later.log"
    path.write_bytes(chunks([start(), warning, record(wire.LOG_END, at + 20_000, 9, 0, 0, 0)]))
    summary = write_session(read_session(path), tmp_path, {})
    assert summary["ended_by"] == "unknown (9)" and summary["time_at_level_s"]["unknown (7)"] == 1
    (row,) = table(tmp_path / "warnings.csv")
    assert row["name"] == "unknown (7)" and row["faults"] == "unknown (15)"


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "is empty"),
        (b"PK\3\4" + bytes(500), "is no session file of a band"),
        (WHOLE[:10], "is no session file of a band"),
        (WHOLE[20:], "is no session file of a band"),
        (chunks([stride(0, 1.0)]), "does not begin with the start"),
        (chunks([b"\x63abc"]), "does not begin with the start"),
    ],
)
def test_a_foreign_file_is_decoded_or_a_traceback(
    tmp_path: Path, content: bytes, match: str
) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(content)
    with pytest.raises(CalfbandError, match=match) as refused:
        read_session(path)
    text = str(refused.value)
    assert text.startswith(str(path)) and text.endswith(".") and "\n" not in text


def test_the_command_decodes_otherwise(calfband: Calfband, tmp_path: Path) -> None:
    good, cut, bad = (tmp_path / f"{name}.log" for name in ("good", "cut", "bad"))
    good.write_bytes(rich_session())
    cut.write_bytes(WHOLE[: ENDS[2] + 5])
    bad.write_bytes(b"nonsense")
    done = calfband("fetch", good, "--out", tmp_path / "one")
    assert done.returncode == 0 and done.stderr == "" and "ended by USB" in done.stdout
    assert len(table(tmp_path / "one" / "strides.csv")) == 2
    done = calfband("fetch", bad, cut, good, "--out", tmp_path / "all")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "is cut off or damaged behind byte" in done.stderr
    assert "bad.log" in done.stdout and not (tmp_path / "all" / "bad").exists()
    assert len(table(tmp_path / "all" / "cut" / "strides.csv")) == 194
    assert len(table(tmp_path / "all" / "good" / "strides.csv")) == 2
    for wrong in ((good,), (good, "--erase", "--out", tmp_path), (tmp_path, "--out", tmp_path)):
        done = calfband("fetch", *wrong)
        assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
        assert done.stderr.startswith("calfband: ") and done.stderr.rstrip().endswith(".")


def test_a_chunk_left_out_or_put_elsewhere_is_believed() -> None:
    pieces = [WHOLE[start:end] for start, end in zip([0, *ENDS], ENDS, strict=False)]
    assert len(pieces) >= 4
    for k in range(1, len(pieces) - 1):
        left_out = b"".join(pieces[:k] + pieces[k + 1 :])
        swapped = b"".join([*pieces[:k], pieces[k + 1], pieces[k], *pieces[k + 2 :]])
        for data in (left_out, swapped):
            assert chunk_ends(data) == ENDS[:k]


FULL_ONCE = """
import sys
from band.unit.session_log import SessionLog
log = SessionLog(sys.argv[1], 1 << 20)
log.start()
log.open(0, 0)
make_room = log.files.make_room
for k in range(5):
    log.files.make_room = (lambda n, keep: -1) if k == 2 else make_room
    log.mark(10 * k, k)
    log.flush()
head = log.head(log.session)
log.close(60, 1, 0, 0)
print(head, log.dropped)
"""


def test_what_follows_a_chunk_that_found_no_room_is_lost(run_micropython, tmp_path: Path) -> None:
    """The band's own file, written and read back."""
    said = run_micropython(FULL_ONCE, tmp_path / "sessions").stdout
    session = read_session(tmp_path / "sessions" / "00001.log")
    assert session.is_whole
    assert [row["heaviness"] for row in session.rows(wire.LOG_MARK)] == [0, 1, 3, 4]
    data = (tmp_path / "sessions" / "00001.log").read_bytes()
    before_end = chunk_ends(data)[-2]
    assert said.decode().strip() == f"({before_end}, {last_sum(data[:before_end])}) 1"


def test_the_command_names_a_file_in_one_piece_where_nobody_reads_along(
    calfband: Calfband, tmp_path: Path
) -> None:
    for width in (40, 60, 80):
        folder = tmp_path / ("long folder " * 10)[:width].strip()
        folder.mkdir()
        bad = [folder / "one.log", folder / "two.log"]
        for path in bad:
            path.write_bytes(b"nonsense")
        done = calfband("fetch", *bad, "--out", tmp_path / "all")
        assert str(bad[0]) in done.stdout and str(bad[1]) in done.stderr
