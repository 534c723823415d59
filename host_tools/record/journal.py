"""Everything that arrived, in order, on disk at once: what a recording is made from at its end.

A file beside the recording to be. Nothing is interpreted on the way in, so that a recording that
was cut short (power, a killed process) can be finished later from what the journal holds.
"""

from __future__ import annotations

import json
import os
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from host_tools.errors import CalfbandError

MAGIC = b"calfband journal 1\n"
# Kinds of entries. RAW and STRIDE hold the band's packet, the others JSON.
START, CONNECTED, LOST, RAW, STRIDE, STATUS, MARK, STOP = range(1, 9)
_HEAD = struct.Struct("<dBH")  # host clock in s, kind, bytes that follow


@dataclass(frozen=True)
class Entry:
    """One arrival. `host_s` counts on through a suspended computer and never steps."""

    host_s: float
    kind: int
    payload: bytes

    @property
    def values(self) -> dict[str, Any]:
        return json.loads(self.payload)


def host_seconds() -> float:
    """A clock of this computer that runs through sleep where the system has one."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


def journal_path(recording: Path) -> Path:
    return recording.with_name(f".{recording.name}.journal")


class Journal:
    """Appends entries; each is with the operating system when `add` returns."""

    def __init__(self, path: Path) -> None:
        """Raises OSError; FileExistsError when a journal is there already."""
        self.path = path
        self._file: BinaryIO = path.open("xb", buffering=0)
        _lock(self._file)
        self._file.write(MAGIC)

    def add(self, kind: int, payload: bytes | dict[str, Any], host_s: float | None = None) -> Entry:
        """An entry of now. Raises OSError when the disk takes no more."""
        if isinstance(payload, dict):
            payload = json.dumps(payload).encode()
        entry = Entry(host_seconds() if host_s is None else host_s, kind, payload)
        packed = _HEAD.pack(entry.host_s, kind, len(payload)) + payload
        if self._file.write(packed) != len(packed):
            raise OSError(28, os.strerror(28))
        return entry

    def close(self) -> None:
        self._file.close()


def read_journal(path: Path) -> Iterator[Entry]:
    """Entries in order; an entry cut off at the end is left out.

    Raises CalfbandError when the file is no journal or is being written right now.
    """
    with path.open("rb") as file:
        if not _lock(file):
            raise CalfbandError(f"{path}: another calfband record is writing it; stop that first.")
        if file.read(len(MAGIC)) != MAGIC:
            raise CalfbandError(f"{path}: this is not a journal of calfband record; delete it.")
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            host_s, kind, n = _HEAD.unpack(head)
            payload = file.read(n)
            if len(payload) < n:
                return
            yield Entry(host_s, kind, payload)


def _lock(file: BinaryIO) -> bool:
    """Whether the file is ours alone; always, where the system has no such locks."""
    with suppress(ImportError):
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True
