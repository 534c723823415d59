"""One recording through the firmware, as rows: the work that is done for each of a corpus.

    recordings  one row: what it is, strides, minutes at each level, warnings against the truth
    accuracy    one row per kind of event with truth: true, found, missed, false, bias, SD, MAE
    contacts    one row per ground contact found that has a truth: errors in ms
    onsets      likewise per contraction of channel 1
    strides     one row per valid stride: its features, as in strides.csv
    warnings    one row per change of level, cause or faults
    marks       one row per FATIGUE=, LEVEL=, FAULT= or HEAVY= annotation
    faults      one row per FAULT= annotation: was it named

Errors are band less truth, so positive is late or long. The same recording and firmware give the
same rows, whoever computes them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from host_tools.athlete import Athlete, athlete_from_patient
from host_tools.corpus import stamp
from host_tools.corpus.sources import Source, local_copy
from host_tools.corpus.truth import (
    HEAVY,
    attribution,
    fatigue_truth,
    fault_rows,
    heavy_rises,
    scenario,
    verdict,
)
from host_tools.errors import CalfbandError, FirmwareError
from host_tools.events_truth import contact_errors, time_errors, true_times
from host_tools.firmware_tables import FIRMWARE_VERSION, wire
from host_tools.recording import Recording, read_recording
from host_tools.records import Records
from host_tools.replay import replay_recording
from host_tools.result import ReplayResult
from host_tools.summary import time_at_level_s

STRIDE_COLUMNS = tuple(
    name for name, *_ in wire.STRIDE + wire.STRIDE_EXTRA if name not in ("t_to_s", "valid", "gait")
)
# What the rows come from, for their stamps: not how runs are made, nor how results are shown.
SOURCES = (
    *stamp.SOURCES,
    "-host_tools/synth",
    "-host_tools/population",
    "host_tools/corpus/tables.py",
    "host_tools/corpus/truth.py",
)
MARKS = ("FATIGUE", "LEVEL", "FAULT", "HEAVY")
GAITS = ("standing", "walking", "running")
Tables = Mapping[str, "pa.Table | list[dict[str, Any]]"]


@dataclass(frozen=True)
class Replay:
    """A recording to replay. What `athlete` knows goes before what the recording says."""

    source: Source
    athlete: Athlete = Athlete()
    mains_hz: int = 0


def replay_tables(job: Replay) -> Tables:
    """The tables above for one recording.

    Raises CalfbandError, with the recording's own name, when it cannot be read or replayed.
    """
    with local_copy(job.source) as path:
        try:
            recording = read_recording(path)
            athlete = _athlete(recording, job.athlete)
            result, records = replay_recording(recording, athlete, job.mains_hz)
        except CalfbandError as error:
            # A fetched recording has a temporary name that would say nothing to the user.
            sentence = str(error).replace(str(path), job.source.name)
            kind = FirmwareError if isinstance(error, FirmwareError) else CalfbandError
            raise kind(sentence) from error
    marks = recording.annotations
    return {
        "recordings": [_recording_row(job.source.name, recording, result, records)],
        **_event_tables(recording, result),
        "strides": _valid_strides(result.strides),
        "warnings": [_warning_row(row) for row in result.warnings],
        "marks": [_mark_row(m) for m in marks if m.text.partition("=")[0] in MARKS],
        "faults": fault_rows(marks, result.warnings, result.duration_s),
    }


def _athlete(recording: Recording, known: Athlete) -> Athlete:
    told = athlete_from_patient(f"{recording.patient} {recording.title}", recording.notes)
    over = {
        field.name: getattr(known, field.name)
        for field in dataclasses.fields(Athlete)
        if getattr(known, field.name) not in (None, ())
    }
    return dataclasses.replace(told, **over)


def _recording_row(
    name: str, recording: Recording, result: ReplayResult, records: Records
) -> dict[str, Any]:
    end, warnings = records.end, result.warnings
    truth = fatigue_truth(recording.annotations, result.duration_s)
    gait = result.strides["gait"]
    at_level = time_at_level_s(warnings, result.duration_s)
    rises = heavy_rises(warnings)
    return {
        "name": name,
        "synthetic": result.synthetic,
        "scenario": scenario(recording.annotations, truth, result.duration_s),
        "duration_min": result.duration_s / 60,
        **{key: result.athlete.get(key) for key in ("mass_kg", "height_m", "speed_m_s")},
        **{
            f"has_{key}": bool(result.settings[f"has_{key}"])
            for key in ("emg1", "emg2", "acc", "gyr")
        },
        "strides": end["strides"],
        "valid": end["valid"],
        **{kind: int((gait == i).sum()) for i, kind in enumerate(GAITS)},
        "bursts": end["bursts"],
        "emg_lost": end["emg_lost"],
        "imu_lost": end["imu_lost"],
        **{f"{level.replace(' ', '_')}_min": s / 60 for level, s in at_level.items()},
        "highest": max((row["level"] for row in warnings), default=0),
        "last": warnings[-1]["level"] if warnings else 0,
        "first_heavy_min": rises[0] / 60 if rises else None,
        "heavy_rises": len(rises),
        "attribution": attribution(warnings, result.duration_s),
        "confidence_pct": _confidence(warnings),
        "faults": "; ".join(dict.fromkeys(f for row in warnings for f in row["faults"])),
        **verdict(truth, warnings, result.duration_s),
        "heap_bytes_hot_path": end["heap_bytes_hot_path"],
        "firmware_version": FIRMWARE_VERSION,
        "notes": "; ".join(result.notes),
    }


def _confidence(warnings: list[dict[str, Any]]) -> int | None:
    """Of the first heavy warning, or else of the last word."""
    heavy = [row for row in warnings if row["level"] >= HEAVY]
    told = heavy[:1] or warnings[-1:]
    return told[0]["confidence_pct"] if told else None


def _event_tables(recording: Recording, result: ReplayResult) -> dict[str, Any]:
    comparison = (result.truth or {}).get("comparison") or {}
    keys = ("truth", "found", "missed", "false", "bias_ms", "sd_ms", "mae_ms")
    accuracy = [
        {"event": event, **{key: row.get(key) for key in keys}} for event, row in comparison.items()
    ]
    return {
        "accuracy": accuracy,
        "contacts": _contacts(recording, result.strides),
        "onsets": _onsets(recording, result.bursts),
    }


def _contacts(recording: Recording, strides: dict[str, np.ndarray]) -> pa.Table | list[Any]:
    ic = true_times(recording.annotations, "IC")
    if not len(ic):
        return []
    to = true_times(recording.annotations, "TO")
    found = contact_errors(ic, to, strides["t_ic_s"], strides["t_to_s"])
    return pa.table(
        {
            "t_s": found.t_s,
            "ic_error_ms": _short(1000 * found.ic),
            "to_error_ms": _short(1000 * found.to),
            "contact_error_ms": _short(1000 * found.contact),
        }
    )


def _onsets(recording: Recording, bursts: dict[str, np.ndarray]) -> pa.Table | list[Any]:
    first = bursts["channel"] == 1
    parts = []
    for edge, mark, column in (("on", "EMG_ON", "t_on_s"), ("off", "EMG_OFF", "t_off_s")):
        truth = true_times(recording.annotations, mark)
        if len(truth):
            _, t_s, errors = time_errors(truth, bursts[column][first])
            edges = pa.array([edge] * len(t_s), pa.string())
            parts.append(pa.table({"edge": edges, "t_s": t_s, "error_ms": _short(1000 * errors)}))
    return pa.concat_tables(parts) if parts else []


def _valid_strides(strides: dict[str, np.ndarray]) -> pa.Table:
    valid = strides["valid"] == 1
    columns: dict[str, Any] = {}
    for name in STRIDE_COLUMNS:
        values = strides[name][valid]
        if name in ("stride", "degraded", "faults"):
            columns[name] = np.nan_to_num(values).astype(np.int32)
        elif name == "t_ic_s":
            columns[name] = values
        else:
            columns[name] = _short(values)
    return pa.table(columns)


def _short(values: np.ndarray) -> pa.Array:
    """As 32-bit floats, unknown as null: enough for any of these, and half the bytes."""
    return pa.array(values.astype(np.float32), from_pandas=True)


def _warning_row(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"reasons": "; ".join(row["reasons"]), "faults": "; ".join(row["faults"])}


def _mark_row(mark: Any) -> dict[str, Any]:
    what, _, value = mark.text.partition("=")
    return {"t_s": mark.t_s, "duration_s": mark.duration_s, "mark": what, "value": value}
