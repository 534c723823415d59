"""The partition table of an ESP32's flash, and where MicroPython's file system lies.

32 bytes an entry: magic AA 50, type, subtype, offset, size, label of 16 bytes, flags
(ESP-IDF, esp_partition table, at 0x8000).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

TABLE_OFFSET = 0x8000
TABLE_BYTES = 0xC00
BLOCK = 4096
APP, DATA = 0, 1

_ENTRY = struct.Struct("<HBBII16sI")
_MAGIC = 0x50AA
_FILE_SYSTEMS = ("vfs", "ffat")


@dataclass(frozen=True)
class Partition:
    label: str
    kind: int  # APP or DATA
    subtype: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size


def parse_table(data: bytes) -> list[Partition]:
    """Partitions of a table, [] when there is none. data: from TABLE_OFFSET on."""
    found = []
    for at in range(0, min(len(data), TABLE_BYTES) - _ENTRY.size + 1, _ENTRY.size):
        magic, kind, subtype, offset, size, label, _ = _ENTRY.unpack_from(data, at)
        if magic != _MAGIC:
            break
        found.append(Partition(label.rstrip(b"\0").decode("ascii", "replace"), kind, subtype,
                               offset, size))  # fmt: skip
    return found


def build_table(partitions: Iterable[Partition]) -> bytes:
    """The table's bytes, for images made here."""
    entries = b"".join(
        _ENTRY.pack(_MAGIC, p.kind, p.subtype, p.offset, p.size, p.label.encode(), 0)
        for p in partitions
    )
    return entries.ljust(TABLE_BYTES, b"\xff")


def file_system(partitions: list[Partition], flash_bytes: int) -> Partition | None:
    """Where MicroPython keeps its files on a flash of this size; None: there is no room.

    A partition `vfs` or `ffat`; else, from MicroPython 1.26 on, all behind the last partition
    (ports/esp32/main.c, pull request 17337).
    """
    for label in _FILE_SYSTEMS:
        for partition in partitions:
            if partition.label == label:
                return partition if partition.end <= flash_bytes else None
    start = max((partition.end for partition in partitions), default=0)
    size = (flash_bytes - start) // BLOCK * BLOCK
    return Partition("vfs", DATA, 0x81, start, size) if start and size > 0 else None
