"""The EDF+ file of a recording, made from its journal."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pyedflib

from host_tools.errors import CalfbandError
from host_tools.record import journal
from host_tools.record.align import Aligned, align
from host_tools.record.annotations import Note, Sayings, notes
from host_tools.record.journal import read_journal
from host_tools.record.streams import Streams
from host_tools.recording import ACC_LABELS, GYR_LABELS

EQUIPMENT = "calfband_record"
EMG_LABELS = ("EMG GM", "EMG SO")
MAX_ANNOTATION_SIGNALS = 64


@dataclass
class Written:
    """What a finished recording holds."""

    path: Path
    duration_s: float
    frames: dict[str, int]
    lost: dict[str, int]  # between frames that came
    lost_in_band: dict[str, int]  # of these, lost although no packet was
    gaps: int  # annotations LOST=...
    restarts: int
    disconnections: int
    strides: int
    marks: int
    notes: list[str] = field(default_factory=list)


def finish(journal_file: Path, path: Path) -> Written | None:
    """Make `path` from the journal and delete the journal; None when no sample came.

    The file appears whole or not at all; without it the journal stays. Raises CalfbandError.
    """
    streams = Streams(keep_samples=True)
    sayings = Sayings(streams)
    info: dict[str, Any] = {}
    start: dict[str, Any] = {}
    lost = 0
    for entry in read_journal(journal_file):
        streams.take(entry)
        sayings.take(entry)
        if entry.kind == journal.CONNECTED:
            info = entry.values
        elif entry.kind == journal.START:
            start = entry.values
        lost += entry.kind == journal.LOST
    if not streams.epochs:
        journal_file.unlink()
        return None
    aligned = align(streams)
    aligned = _with_room_for_marks(streams, sayings, aligned)
    annotations = notes(sayings.said, aligned)
    part = path.with_name(f".{path.name}.part")
    try:
        left_out = _write_edf(part, aligned, annotations, info, start)
        os.replace(part, path)
    except OSError as error:
        raise CalfbandError(
            f"{path}: cannot be written ({error.strerror or error}); nothing is lost: make room "
            f"and run calfband record --finish {path}."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    journal_file.unlink()
    return Written(
        path,
        aligned.duration_s,
        streams.received,
        streams.lost,
        streams.lost_in_band,
        sum(note.text.startswith("LOST=") for note in annotations),
        len(aligned.restarts_s),
        lost,
        sayings.strides,
        sayings.marks,
        _notes(streams, aligned, info, left_out),
    )


def _with_room_for_marks(streams: Streams, sayings: Sayings, aligned: Aligned) -> Aligned:
    """The file lasts to the last thing said, so that a mark made out of reach is not dropped."""
    last = max(
        (
            one.ms + aligned.offsets_ms[one.epoch]
            for one in sayings.said
            if one.epoch >= 0 and one.text.startswith("HEAVY")
        ),
        default=0.0,
    )
    if last / 1000 < aligned.duration_s:
        return aligned
    return align(streams, last / 1000 + 0.001)


def _notes(streams: Streams, aligned: Aligned, info: dict[str, Any], left_out: int) -> list[str]:
    found = []
    for bits, placed, sensor in ((0b11, aligned.emg, "an EMG"), (0b1100, aligned.imu, "a motion")):
        if info["features"] & bits and placed is None:
            found.append(f"the band has {sensor} sensor but no sample of it came")
    if aligned.resampled:
        found.append(
            "the motion sensor's own clock is off its nominal rate: its samples were interpolated "
            "to 833 Hz on the EMG's line of time"
        )
    if aligned.imu is not None and aligned.emg is not None and not aligned.clock_told:
        found.append(
            "the band did not tell when its motion samples were taken: they lie within about "
            "20 ms of the EMG"
        )
    if streams.malformed:
        found.append(f"{streams.malformed} raw packets fitted no table and were left out")
    if streams.stale:
        found.append(f"{streams.stale} raw packets came twice")
    if left_out:
        found.append(f"{left_out} annotations did not fit into the file")
    return found


def _write_edf(
    path: Path,
    aligned: Aligned,
    annotations: list[Note],
    info: dict[str, Any],
    start: dict[str, Any],
) -> int:
    """Returns how many annotations did not fit. Raises OSError."""
    channels = _channels(aligned, info)
    if not channels:
        raise CalfbandError(f"{path.name}: the band says that it has no sensor; nothing to write.")
    records = round(aligned.duration_s / aligned.record_s)
    # pyedflib keeps one annotation per annotation signal and record, and drops the rest.
    signals = min(MAX_ANNOTATION_SIGNALS, ceil((len(annotations) + 1) / records) + 1)
    kept = _fitting(annotations, (signals - 1) * records)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of rates that are exact, but no integers
        with pyedflib.EdfWriter(str(path), len(channels), pyedflib.FILETYPE_EDFPLUS) as edf:
            edf.set_number_of_annotation_signals(signals)
            edf.setDatarecordDuration(aligned.record_s)
            edf.setStartdatetime(datetime.fromtimestamp(int(start.get("unix_s", 0))))
            edf.setPatientAdditional(start.get("patient", ""))
            edf.setEquipment(EQUIPMENT)
            edf.setRecordingAdditional(_recording_field(info, start))
            blocks = []
            for i, (label, unit, lsb, rate_hz, digital) in enumerate(channels):
                edf.setSignalHeader(i, _signal_header(label, unit, lsb, float(rate_hz)))
                blocks.append(digital.reshape(records, -1))
            for record in range(records):
                block = np.concatenate([b[record] for b in blocks]).astype(np.int16)
                if edf.blockWriteDigitalShortSamples(block) < 0:
                    raise OSError("a data record was not taken")
            for note in kept:
                if edf.writeAnnotation(note.t_s, note.duration_s, note.text) < 0:
                    raise OSError("an annotation was not taken")
    return len(annotations) - len(kept)


def _channels(aligned: Aligned, info: dict[str, Any]) -> list[tuple[str, str, float, Any, Any]]:
    """(label, unit, LSB, rate, int16 samples) of each sensor that the band has."""
    found = []
    if aligned.emg is not None:
        for i, label in enumerate(EMG_LABELS):
            if info["features"] >> i & 1:
                placed = aligned.emg
                lsb = info["emg_lsb_nv"] / 1000
                found.append((label, "uV", lsb, placed.rate_hz, placed.frames[:, i]))
    if aligned.imu is not None:
        sensors = (
            (2, ACC_LABELS, "g", info["acc_lsb_ug"] / 1e6),
            (3, GYR_LABELS, "deg/s", info["gyr_lsb_mdps"] / 1000),
        )
        for column, (bit, labels, unit, lsb) in enumerate(sensors):
            if info["features"] >> bit & 1:
                for axis, label in enumerate(labels):
                    samples = aligned.imu.frames[:, 3 * column + axis]
                    found.append((label, unit, lsb, aligned.imu.rate_hz, samples))
    return found


def _signal_header(label: str, unit: str, lsb: float, rate_hz: float) -> dict[str, Any]:
    return {
        "label": label,
        "dimension": unit,
        "sample_frequency": rate_hz,
        "physical_min": _eight_characters(-32768 * lsb),
        "physical_max": _eight_characters(32767 * lsb),
        "digital_min": -32768,
        "digital_max": 32767,
        "transducer": "calf band",
        "prefilter": "",
    }


def _eight_characters(value: float) -> float:
    """Rounded to what a number in an EDF header holds."""
    return next(r for r in (round(value, d) for d in range(6, -1, -1)) if len(f"{r:.10g}") <= 8)


def _fitting(annotations: list[Note], room: int) -> list[Note]:
    """All where they fit; otherwise gaps and marks go before what the band made of the run."""
    if len(annotations) <= room:
        return annotations
    ranked = sorted(annotations, key=lambda note: note.text.startswith("BAND"))
    return sorted(ranked[:room], key=lambda note: note.t_s)


def _recording_field(info: dict[str, Any], start: dict[str, Any]) -> str:
    """Without spaces, as EDF+ wants it."""
    words = [f"firmware={info.get('version', '?')}", f"band={info.get('name', '?')}"]
    if start.get("side"):
        words.append(f"side={start['side']}")
    return ";".join(words).replace(" ", "_")
