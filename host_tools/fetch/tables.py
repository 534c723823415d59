"""A decoded session as files: strides.csv, warnings.csv, events.csv, summary.json."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from host_tools.client.packets import name_of, names_of
from host_tools.fetch.session_file import SessionFile
from host_tools.firmware_tables import FIRMWARE_VERSION, units, wire
from host_tools.outputs import cell, staged, warning_lines, write_lines, write_summary
from host_tools.records import UNKNOWN
from host_tools.summary import time_at_level_s

FILES = ("strides.csv", "warnings.csv", "events.csv", "summary.json")
STRIDE_COLUMNS = (
    "stride", "t_ic_s", "contact_ms", "stride_ms", "kvert_kn_m", "onset_ms", "lag_ms", "rms_uv",
    "mnf_hz", "valid", "degraded", "gait",
)  # fmt: skip
_SCALES = {name: (divisor, decimals) for name, divisor, decimals, _ in wire.STRIDE}
_PACKET = {name: (step, unknown) for name, _, step, unknown in wire.STRIDE_PACKET}
_STEPS = {1: 0, 10: 1, 100: 2}  # decimals that a coarser packet does not carry
_T_S = (units.DMS_PER_S, 4)


def write_session(session: SessionFile, folder: Path, about: dict[str, Any]) -> dict[str, Any]:
    """Write the four files together, or none; the summary, which begins with `about`.

    Times count from the start of the session. Raises CalfbandError when `folder` takes no files.
    """
    summary = {**about, **summarise(session)}
    with staged(folder, FILES) as staging:
        write_lines(staging / "strides.csv", _stride_lines(session))
        write_lines(staging / "warnings.csv", warning_lines(_warning_rows(session)))
        write_lines(staging / "events.csv", _event_lines(session))
        write_summary(staging, summary)
    return summary


def summarise(session: SessionFile) -> dict[str, Any]:
    """What one session comes to: its time, counts, marks, levels, and what is wrong with it."""
    start = session.first(wire.LOG_START) or {}
    end = session.first(wire.LOG_END)
    numbered = stride_rows(session)
    found = len(numbered)
    counted = end["strides"] if end else numbered[-1]["stride"] if numbered else 0
    duration_s = _last_dms(session) / units.DMS_PER_S
    warnings = [
        {"t_s": row[0] / units.DMS_PER_S, "name": name_of(wire.LEVELS, row[1])}
        for row in _warning_rows(session)
    ]
    began = start_unix_s(session)
    return {
        "session": start.get("session"),
        "start_utc": utc(began) if began else None,
        "duration_s": round(duration_s, 1),
        "ended_by": name_of(wire.ENDED_BY, end["why"]) if end else None,
        "counts": {
            "strides": found,
            "valid": sum(row["valid"] for row in numbered),
            "strides_not_in_file": max(counted - found, 0),
            "warnings": len(warnings),
        },
        "athlete_marks": [
            {"t_s": _since(session, row["t_s"]) / units.DMS_PER_S, "heaviness": row["heaviness"]}
            for row in session.rows(wire.LOG_MARK)
        ],
        "time_at_level_s": time_at_level_s(warnings, duration_s),
        "dropped_chunks": end["log_dropped"] if end else None,
        "firmware_version": _version(start),
        "notes": notes(session, counted - found),
    }


def notes(session: SessionFile, missing: int) -> list[str]:
    """What a reader of the numbers must know."""
    said = []
    if session.first(wire.LOG_END) is None:
        said.append("the session has no end: it still ran, or a restart or an empty cell cut it")
    if not session.is_whole:
        said.append(
            f"{session.bytes - session.whole_bytes} of {session.bytes} bytes, from byte "
            f"{session.whole_bytes} on, match no checksum and were left out"
        )
    if missing > 0:
        said.append(f"{missing} strides were counted by the band and are not in the file")
    for tag, hidden in sorted(session.unknown.items()):
        version = _version(session.first(wire.LOG_START) or {})
        said.append(
            f"records of kind {tag}, unknown to these tools ({FIRMWARE_VERSION}; the band ran "
            f"{version}), hide {hidden} bytes; they stay in the .log"
        )
    return said


def start_unix_s(session: SessionFile) -> float:
    """When it began, by what the band was told then or later in the session; 0: never told."""
    start = session.first(wire.LOG_START)
    if start and start["start_unix_s"]:
        return float(start["start_unix_s"])
    told = session.first(wire.LOG_TIME)
    return told["unix_s"] - _since(session, told["t_s"]) / units.DMS_PER_S if told else 0.0


def stride_rows(session: SessionFile) -> list[dict[str, int]]:
    """Strides with their flags by name and `stride`, their number in the session from 1 on.

    The file counts modulo 256: a gap of more strides than that is taken for a shorter one.
    """
    rows = session.rows(wire.LOG_STRIDE)
    number = 0
    for row in rows:
        number += (row["seq"] - number) % 256 + 1
        row["stride"] = number
        for name, bit, bits in wire.STRIDE_FLAGS:
            row[name] = row["flags"] >> bit & ((1 << bits) - 1)
    return rows


def utc(unix_s: float) -> str:
    moment = datetime.fromtimestamp(round(unix_s), timezone.utc)
    return moment.isoformat().replace("+00:00", "Z")


def _stride_lines(session: SessionFile) -> Iterator[str]:
    yield ",".join(STRIDE_COLUMNS)
    for row in stride_rows(session):
        row["t_ic_s"] = _since(session, row["t_ic_s"])
        yield ",".join(_stride_cell(name, row[name]) for name in STRIDE_COLUMNS)


def _stride_cell(name: str, value: int) -> str:
    divisor, decimals = _SCALES.get(name, (1, 0))
    step, unknown = _PACKET.get(name, (1, None))
    known = unknown is None or value != unknown
    return cell(value * step if known else UNKNOWN, divisor, max(decimals - _STEPS[step], 0))


def _warning_rows(session: SessionFile) -> list[list[int]]:
    """Rows as the chain's wire.WARNING, in time of the session."""
    rows = session.rows(wire.LOG_WARNING)
    return [
        [_since(session, row[name]) if name == "t_s" else row[name] for name, *_ in wire.WARNING]
        for row in rows
    ]


def _event_lines(session: SessionFile) -> Iterator[str]:
    """The athlete's marks, changes of the faults, and when somebody told the time."""
    yield "t_s,event,heaviness,faults,unit_faults,time_utc"
    names = {wire.LOG_MARK: "mark", wire.LOG_FAULTS: "faults", wire.LOG_TIME: "time"}
    for tag, fields in session.records:
        if tag not in names:
            continue
        layout = wire.LOG_RECORDS[tag]
        row = {name: value for (name, *_), value in zip(layout, fields, strict=True)}
        yield ",".join(
            (
                cell(_since(session, row["t_s"]), *_T_S),
                names[tag],
                str(row.get("heaviness", "")),
                "; ".join(names_of(wire.FAULTS, row.get("faults", 0))),
                "; ".join(names_of(wire.UNIT_FAULTS, row.get("unit_faults", 0))),
                utc(row["unix_s"]) if "unix_s" in row else "",
            )
        )


def _since(session: SessionFile, t_dms: int) -> int:
    """From the chain's time to the session's."""
    return t_dms - session.records[0][1][wire.index(wire.LOG_RECORDS[wire.LOG_START], "start_s")]


def _last_dms(session: SessionFile) -> int:
    """The latest moment the session tells of."""
    last = 0
    for tag, fields in session.records:
        if tag in (wire.LOG_START, wire.LOG_STRIDE):
            continue
        last = max(last, _since(session, fields[0]))
    times = [_since(session, row["t_ic_s"]) for row in session.rows(wire.LOG_STRIDE)[-1:]]
    return max([last, *times])


def _version(start: dict[str, int]) -> str:
    return "{version_major}.{version_minor}.{version_patch}".format(**start) if start else "unknown"
