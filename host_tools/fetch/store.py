"""Where fetched sessions lie: a folder each, with a note of which band's which session it is.

    DIR/00012-20261123-0712/  session.json   band, number, start, bytes, CRC, state
                              session.part   while it is being fetched
                              session.log    as the band had it, and the decoded files

Numbers come again (other bands, a band whose flash was emptied): a folder is known by its note.
"""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from host_tools.errors import CalfbandError
from host_tools.fetch.session_file import chunk_ends

PART, WHOLE, DAMAGED, OTHER = "part", "whole", "damaged", "other"
AGAIN = 1000  # bytes: some dozens of strides, which no two sessions have in common
_NOTE = "session.json"


class ForeignPartError(CalfbandError):
    """What lies in the folder is not the beginning of what the band sends."""


@dataclass(frozen=True)
class Band:
    """Who kept a session. Some systems hide the serial number, others make up the address."""

    name: str
    serial: str
    address: str

    def is_same(self, other: Band) -> bool:
        if self.serial and other.serial:
            return self.serial == other.serial
        return self.address.lower() == other.address.lower()


@dataclass(frozen=True)
class Row:
    """A session as the band lists it."""

    session: int
    start_unix_s: int  # 0: nobody had told the time
    bytes: int


@dataclass
class Place:
    """One session's folder. `state`: PART, WHOLE, DAMAGED on the band, OTHER: not to be used."""

    folder: Path
    band: Band
    session: int
    start_unix_s: int
    bytes: int = 0
    crc32: int = 0
    state: str = PART

    @property
    def log(self) -> Path:
        return self.folder / "session.log"

    @property
    def part(self) -> Path:
        return self.folder / "session.part"

    def is_of(self, band: Band, row: Row) -> bool:
        wanted = (row.session, row.start_unix_s)
        return (self.session, self.start_unix_s) == wanted and self.band.is_same(band)

    def is_fetched(self, row: Row) -> bool:
        """Whether all that the band has lies here, unchanged."""
        if self.state not in (WHOLE, DAMAGED) or self.bytes != row.bytes:
            return False
        try:
            data = self.log.read_bytes()
        except OSError:
            return False
        return len(data) == self.bytes and zlib.crc32(data) == self.crc32

    def keep(self, state: str) -> None:
        """Write the note. Raises OSError."""
        self.state = state
        note: dict[str, Any] = {k: v for k, v in asdict(self).items() if k != "folder"}
        new = self.folder / (_NOTE + ".new")
        new.write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
        os.replace(new, self.folder / _NOTE)

    def finish(self, state: str) -> None:
        """The part is all there is: name it so. Raises OSError."""
        os.replace(self.part, self.log)
        self.keep(state)


class Store:
    """The folder given with --out."""

    def __init__(self, folder: Path) -> None:
        """Raises CalfbandError when there is something else of that name."""
        self.folder = folder
        self.places: list[Place] = []
        if folder.exists() and not folder.is_dir():
            raise CalfbandError(f"{folder}: is no folder; name one with --out.")
        for note in sorted(folder.glob(f"*/{_NOTE}")):
            place = _read_note(note)
            if place is not None and place.state != OTHER:
                self.places.append(place)

    def find(self, band: Band, row: Row) -> Place | None:
        return next((place for place in self.places if place.is_of(band, row)), None)

    def place(self, band: Band, row: Row) -> Place:
        """The session's folder, made when it is not there. Raises OSError."""
        found = self.find(band, row)
        if found is not None:
            return found
        title = f"{row.session:05d}"
        if row.start_unix_s:
            title += datetime.fromtimestamp(row.start_unix_s).strftime("-%Y%m%d-%H%M")
        self.folder.mkdir(parents=True, exist_ok=True)
        folder, n = self.folder / title, 1
        while True:
            try:
                folder.mkdir()
                break
            except FileExistsError:
                n += 1
                folder = self.folder / f"{title}-{n}"
        place = Place(folder, band, row.session, row.start_unix_s)
        place.keep(PART)
        self.places.append(place)
        return place

    def set_aside(self, place: Place) -> None:
        """What lies there is another session's: leave it, and never add to it. Raises OSError."""
        self.places.remove(place)
        place.keep(OTHER)


class Part:
    """A session's bytes as they come, on disk at once.

    Of what an earlier visit left, the whole chunks are kept. The last AGAIN bytes of them or more
    are fetched again and must be the same, or the part is another session's: the band's CRC
    is of a file that ends in its own CRC, which is the same number for every file.
    """

    def __init__(self, place: Place) -> None:
        """Raises OSError."""
        self._path = place.part
        if not place.part.exists() and place.log.exists():  # it grew since it was fetched
            place.part.write_bytes(place.log.read_bytes())
        before = place.part.read_bytes() if place.part.exists() else b""
        ends = [0, *chunk_ends(before)]
        again_from = max((end for end in ends if end <= ends[-1] - AGAIN), default=0)
        self.data = bytearray(before[:again_from])
        self.kept = ends[-1]  # bytes of it, at the beginning
        self._again = before[len(self.data) : ends[-1]]
        self._file: BinaryIO = place.part.open("r+b" if place.part.exists() else "w+b")
        self._file.truncate(ends[-1])
        self._file.seek(len(self.data))

    def add(self, piece: bytes) -> None:
        """The next bytes. Raises ForeignPartError, and OSError when the disk takes no more."""
        again, self._again = self._again[: len(piece)], self._again[len(piece) :]
        if piece[: len(again)] != again:
            raise ForeignPartError(f"{self._path}: is the beginning of another session.")
        self._file.write(piece)
        self.data += piece

    def cut(self, size: int) -> None:
        """Forget what is behind byte `size`. Raises OSError."""
        del self.data[size:]
        self._again = b""
        self._file.truncate(size)
        self._file.seek(size)

    def close(self, whole: bool = False) -> None:
        """`whole`: see that it is on the disk before it gets its final name. Raises OSError."""
        if whole:
            self._file.flush()
            os.fsync(self._file.fileno())
        self._file.close()


def _read_note(path: Path) -> Place | None:
    """None for a note that is no longer one: its folder is left alone."""
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        band = Band(*(str(note["band"][key]) for key in ("name", "serial", "address")))
        numbers = (int(note[key]) for key in ("session", "start_unix_s", "bytes", "crc32"))
        return Place(path.parent, band, *numbers, state=str(note["state"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
