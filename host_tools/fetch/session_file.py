"""A session file of the band, into records: chunks that prove themselves, layouts of wire.py."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from host_tools.errors import CalfbandError
from host_tools.firmware_tables import wire

_HEAD = struct.Struct("<H")
_SUM = struct.Struct("<I")
_FORMATS = {
    tag: struct.Struct("<B" + "".join(code for _, code, *_ in table))
    for tag, table in enumerate(wire.LOG_RECORDS)
    if table is not None
}


@dataclass
class SessionFile:
    """What the whole chunks of a file hold.

    `records` are (tag, fields as in wire.LOG_RECORDS), integers as the band wrote them. A record
    that these tools do not know hides the rest of its chunk, but not the chunks behind it.
    """

    bytes: int = 0
    whole_bytes: int = 0  # up to the end of the last chunk that proves itself
    records: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    unknown: dict[int, int] = field(default_factory=dict)  # tag -> bytes that it hid

    @property
    def is_whole(self) -> bool:
        return self.bytes == self.whole_bytes

    def rows(self, tag: int) -> list[dict[str, int]]:
        """Records of one kind, fields by name."""
        names = [name for name, *_ in wire.LOG_RECORDS[tag]]
        return [dict(zip(names, row, strict=True)) for kind, row in self.records if kind == tag]

    def first(self, tag: int) -> dict[str, int] | None:
        """The first record of one kind, or None."""
        return next(iter(self.rows(tag)), None)


def chunk_ends(data: bytes | bytearray) -> list[int]:
    """Where the whole chunks at the start of the data end, in bytes; every CRC is checked."""
    ends: list[int] = []
    at = crc = 0
    view = memoryview(data)
    while at + _HEAD.size <= len(data):
        stop = at + _HEAD.size + _HEAD.unpack_from(data, at)[0]
        if stop + _SUM.size > len(data):
            break
        crc = zlib.crc32(view[at:stop], crc)
        if _SUM.unpack_from(data, stop)[0] != crc:
            break
        at = stop + _SUM.size
        ends.append(at)
    return ends


def last_sum(data: bytes | bytearray) -> int:
    """The CRC-32 that the file ends with: of all its chunks, their sums left out."""
    return _SUM.unpack_from(data, len(data) - _SUM.size)[0] if len(data) >= _SUM.size else 0


def parse_session(data: bytes | bytearray) -> SessionFile:
    """Records of the whole chunks at the start of the data. Raises nothing."""
    ends = chunk_ends(data)
    found = SessionFile(len(data), ends[-1] if ends else 0)
    for start, end in zip([0, *ends], ends, strict=False):
        _parse_chunk(found, data, start + _HEAD.size, end - _SUM.size)
    return found


def _parse_chunk(found: SessionFile, data: bytes | bytearray, at: int, stop: int) -> None:
    while at < stop:
        tag = data[at]
        form = _FORMATS.get(tag)
        if form is None or at + form.size > stop:
            found.unknown[tag] = found.unknown.get(tag, 0) + stop - at
            return
        found.records.append((tag, form.unpack_from(data, at)[1:]))
        at += form.size


def read_session(path: Path) -> SessionFile:
    """Parse a file of one session, whole or cut off.

    Raises CalfbandError when it cannot be read or does not begin as a session of a band.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CalfbandError(
            f"{path}: cannot be read ({error.strerror or error}); name a session file of a band."
        ) from error
    found = parse_session(data)
    if not data:
        raise CalfbandError(f"{path}: is empty; fetch it from the band once more.")
    if not found.whole_bytes:
        raise CalfbandError(
            f"{path}: is no session file of a band, or its beginning is damaged (the first chunk "
            "does not match its checksum); name a .log file as calfband fetch saves it."
        )
    if found.records[:1] == [] or found.records[0][0] != wire.LOG_START:
        raise CalfbandError(
            f"{path}: does not begin with the start of a session; use the checkout that the band "
            "was flashed from."
        )
    return found
