"""What a unit holds before it is flashed, read from its flash: none of it need run any more."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from host_tools.errors import UnsavedSessionsError
from host_tools.flash.rom import Rom
from host_tools.image.files import FilesOnFlash
from host_tools.image.partitions import BLOCK, TABLE_BYTES, TABLE_OFFSET, file_system, parse_table

DATA = "/data"
_SUPERBLOCK = b"littlefs"
SESSIONS = "/data/sessions/"
_LAST = SESSIONS + "last"  # the number of the last session: none is used twice
# What tells of the past of the firmware that goes.
_DROPPED = ("/data/restarts.txt", "/data/last_error.txt", "/data/test")


@dataclass
class Held:
    """kept: files of the unit's data that go over into its new file system."""

    sessions: dict[str, int] = field(default_factory=dict)  # path -> bytes
    kept: dict[str, bytes] = field(default_factory=dict)
    files: FilesOnFlash | None = None

    def read_sessions(self) -> dict[str, bytes]:
        assert self.files is not None or not self.sessions
        return {path: self.files.read(path) for path in self.sessions} if self.files else {}


def look(rom: Rom, give_up: bool) -> Held:
    """Sessions and settings of the unit; nothing on a new one.

    Raises UnitError; UnsavedSessionsError also when there is a file system that cannot be read,
    unless its sessions are given up.
    """
    table = parse_table(rom.read(TABLE_OFFSET, TABLE_BYTES))
    partition = file_system(table, rom.identity.flash_bytes)
    if not table or partition is None:
        return Held()
    if not any(_SUPERBLOCK in rom.read(partition.offset + at, 64) for at in (0, BLOCK)):
        return Held()  # a new unit, or one that ran something else
    try:
        files = FilesOnFlash(lambda at, n: rom.read(partition.offset + at, n), partition.size)
        sizes = files.sizes(DATA)
        sessions = {path: size for path, size in sizes.items()
                    if path.startswith(SESSIONS) and path.endswith(".log")}  # fmt: skip
        keep = [path for path in sizes if path not in sessions and path not in _DROPPED
                and (path == _LAST or not path.startswith(SESSIONS))
                and not path.endswith(".new")]  # fmt: skip
        return Held(sessions, {path: files.read(path) for path in keep}, files)
    except ValueError as error:
        if give_up:
            return Held()
        raise UnsavedSessionsError(
            f"{rom.port}: the unit's file system is damaged ({error}): sessions and settings may "
            "be in it. Give them up with --erase-sessions."
        ) from error


def settle_sessions(port: str, held: Held, save_to: Path | None, erase: bool) -> list[Path]:
    """Save the sessions, or see that they may be erased. Raises UnsavedSessionsError."""
    if not held.sessions:
        return []
    if save_to is None:
        if erase:
            return []
        count, total = len(held.sessions), sum(held.sessions.values())
        raise UnsavedSessionsError(
            f"{port}: the unit holds {count} session{'s' if count > 1 else ''} ({total} bytes) "
            "that flashing erases. Save them with --save-sessions DIR, or give them up with "
            "--erase-sessions."
        )
    save_to.mkdir(parents=True, exist_ok=True)
    saved = []
    for path, data in held.read_sessions().items():
        target = save_to / path.rpartition("/")[2]
        target.write_bytes(data)
        saved.append(target)
    return saved
