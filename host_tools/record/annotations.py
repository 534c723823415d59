"""What the band and the runner said, on the file's line of time.

`HEAVY=n`, `LOST=EMG` and `LOST=IMU` are words that `calfband replay` knows. What the band itself
made of the run starts with `BAND`, so that nobody takes it for truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from host_tools.client.packets import PacketError, decode_stride
from host_tools.record import journal
from host_tools.record.align import Aligned, Placed
from host_tools.record.journal import Entry
from host_tools.record.streams import EMG, IMU, Streams

LONGEST = 40  # characters of a text that pyedflib writes


@dataclass(frozen=True)
class Said:
    """Something said while the newest sample of `epoch` was `ms` old on the epoch's own line.

    `epoch` -1: before the first sample.
    """

    epoch: int
    ms: float
    text: str


@dataclass(frozen=True)
class Note:
    """An annotation of the file; `duration_s` -1 where it has none."""

    t_s: float
    duration_s: float
    text: str


class Sayings:
    """Collects while the journal is read, once the same entries went into `streams`."""

    def __init__(self, streams: Streams) -> None:
        self.said: list[Said] = []
        self.strides = 0
        self.marks = 0
        self._streams = streams
        self._status: dict[str, Any] = {}

    def take(self, entry: Entry) -> None:
        if entry.kind == journal.MARK:
            self.marks += 1
            self._add(entry, f"HEAVY={entry.values['heaviness']}")
        elif entry.kind == journal.CONNECTED:
            self._add(entry, "BAND CONNECTED")
        elif entry.kind == journal.LOST:
            self._add(entry, "BAND OUT OF REACH")
        elif entry.kind == journal.STATUS:
            self._status_changed(entry)
        elif entry.kind == journal.STRIDE:
            self._stride(entry)

    def _status_changed(self, entry: Entry) -> None:
        status, before = entry.values, self._status
        self._status = status
        what = ("level", "attribution", "reasons")
        if any(status[key] != before.get(key) for key in what):
            self._add(entry, f"BAND LEVEL={status['level']} {status['confidence_pct']}%")
            if status["attribution"]:
                self._add(entry, f"BAND CAUSE={status['attribution_name']}")
            for reason in status["reason_names"]:
                self._add(entry, f"BAND REASON={reason}")
        for key in ("fault_names", "unit_fault_names"):
            for fault in status[key]:
                if fault not in before.get(key, ()):
                    self._add(entry, f"BAND FAULT={fault}")

    def _stride(self, entry: Entry) -> None:
        try:
            stride = decode_stride(entry.payload)
        except PacketError:
            return
        self.strides += 1
        text = "BAND IC"
        if stride["contact_ms"] is not None:
            text += f" contact={stride['contact_ms']:.1f}"
        if stride["kvert_kn_m"] is not None:
            text += f" kvert={stride['kvert_kn_m']:.2f}"
        epoch = len(self._streams.epochs) - 1
        if epoch >= 0:
            self.said.append(Said(epoch, 1000 * stride["t_ic_s"], text))

    def _add(self, entry: Entry, text: str) -> None:
        newest = self._streams.newest()
        if newest is None:
            self.said.append(Said(-1, 0.0, text))
        else:
            host_s, ms = newest
            now = ms + 1000 * max(0.0, entry.host_s - host_s)
            self.said.append(Said(len(self._streams.epochs) - 1, now, text))


def notes(said: list[Said], aligned: Aligned) -> list[Note]:
    """All annotations in order of time; those before the file's first instant go to it."""
    found = []
    for one in said:
        ms = one.ms + aligned.offsets_ms[one.epoch] if one.epoch >= 0 else 0.0
        if ms < 0 and one.text.startswith("BAND IC"):
            continue  # its samples are not in the file
        found.append(Note(max(0.0, ms / 1000), -1, one.text[:LONGEST]))
    for start_s, duration_s in aligned.restarts_s:
        found.append(Note(start_s, duration_s, "BAND RESTARTED"))
    for kind, placed in ((EMG, aligned.emg), (IMU, aligned.imu)):
        if placed is not None:
            found += [_lost(kind, placed, start, stop) for start, stop in placed.gaps]
    return sorted(found, key=lambda note: note.t_s)


def _lost(kind: str, placed: Placed, start: int, stop: int) -> Note:
    rate = placed.rate_hz
    return Note(float(start / rate), float((stop - start) / rate), f"LOST={kind}")
