"""Update a unit over its console: the other slot first, then one rename decides.

On the unit /a and /b each hold one whole version and /slot names the one that runs (see
firmware/boot.py). The order of what happens here is what makes it safe:

1. the other slot loses its manifest, and all files that the new version has not;
2. what it lacks is copied on the unit from the running slot, or sent where that lacks it, too;
3. every hash is checked, the new program is loaded once for trial, its manifest is written;
4. /slot is replaced by one rename.

Until 4 the old version starts, after it the new one. boot.py and main.py are not replaced: no
rename would cover them and /slot together.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from host_tools.errors import CalfbandError, UnitError, UnitFullError, WrongChipError
from host_tools.flash.check import (
    arch_of_running,
    check_files,
    check_import,
    check_unit,
    is_frozen,
)
from host_tools.flash.outcome import Turn
from host_tools.image.compile import MANIFEST, Firmware
from host_tools.image.partitions import BLOCK
from host_tools.usb.console import Console, ExecError

SLOT = "/slot"
_SPARE_BLOCKS = 6  # LittleFS moves metadata about, and /slot.new needs a place
_FOLDER_BLOCKS = 2
_MANIFEST_BLOCKS = 5
_AT_ONCE = 8
_COPY = """
for _from, _to in %r:
    with open(_from, "rb") as _f, open(_to, "wb") as _g:
        while True:
            _d = _f.read(1024)
            if not _d:
                break
            _g.write(_d)
"""


@dataclass(frozen=True)
class Running:
    """What a unit runs now."""

    slot: str  # a or b
    manifest: dict[str, Any]

    @property
    def other(self) -> str:
        return "a" if self.slot == "b" else "b"

    @property
    def name(self) -> str:
        return f"{self.manifest['version']} ({self.manifest['build']})"


def running(console: Console) -> Running:
    """Raises UnitError when the unit has no firmware that could be updated."""
    try:
        slot = console.read_file(SLOT).decode("ascii")
        manifest = json.loads(console.read_file(f"/{slot}/{MANIFEST}"))
        if slot not in ("a", "b") or "build" not in manifest:
            raise ValueError
        return Running(slot, manifest)
    except (ExecError, ValueError, UnicodeDecodeError) as error:
        raise UnitError(
            f"{console.port}: the unit runs no firmware that can be updated: "
            "flash it whole with --base."
        ) from error


def update(console: Console, firmware: dict[str, Firmware], turn: Turn) -> None:
    """Bring the unit to this version. Raises UnitError; the old version then still runs."""
    console.safe_mode()
    if is_frozen(console):
        raise UnitError(
            f"{console.port}: the unit has the firmware in its MicroPython image, which an update "
            "does not replace: flash a new image with --base. The unit's settings stay."
        )
    now = running(console)
    built = firmware.get(arch_of_running(console))
    if built is None:
        raise WrongChipError(
            f"{console.port}: the unit's processor is not one that the band's firmware runs on."
        )
    outcome = turn.outcome
    outcome.before = now.name
    outcome.firmware = {"version": built.version, "build": built.build, "arch": built.arch}
    _same_loader(console, built)
    if now.manifest["build"] == built.build:
        turn.note("this version runs already: only checked")
        outcome.slot = now.slot
        check_unit(console, built.unit(now.slot), turn)
        console.reset()
        return
    new = {f"/{now.other}/{path}": data for path, data in built.files.items()}
    with turn.step("look"):
        work = plan_slot(console, built, now)
        _see_room(console, work)
    with turn.step("write"):
        fill_slot(console, work, now.other, turn)
    with turn.step("check"):
        check_files(console, new, turn)
        _try_import(console, now.other)
    with turn.step("start"):
        console.write_file(f"/{now.other}/{MANIFEST}", built.manifest)
        check_files(console, {f"/{now.other}/{MANIFEST}": built.manifest})
        console.write_file(SLOT, now.other.encode())
        outcome.slot = now.other
        console.safe_mode_again()
    try:
        check_unit(console, built.unit(now.other), turn)
    except CalfbandError:
        console.write_file(SLOT, now.slot.encode())
        outcome.slot = now.slot
        turn.note(f"back to version {now.name}")
        raise
    console.reset()


@dataclass(frozen=True)
class SlotWork:
    """What must happen in the other slot. Paths are those on the unit."""

    remove: dict[str, int]  # path -> bytes
    copy: dict[str, str]  # path -> path in the running slot
    send: dict[str, bytes]
    bytes: dict[str, int]  # of everything to copy or send


def plan_slot(console: Console, built: Firmware, now: Running) -> SlotWork:
    """Compare what both slots hold with what the new version needs."""
    slot = f"/{now.other}"
    has = console.list_files(slot)
    hashes = console.sha256(sorted(has))
    runs = {entry["sha256"]: entry["path"] for entry in now.manifest["files"]}
    remove, copy, send, sizes = {}, {}, {}, {}
    new = {f"{slot}/{path}": data for path, data in built.files.items()}
    for path, data in new.items():
        digest = hashlib.sha256(data).hexdigest()
        if hashes.get(path) == digest:
            continue
        sizes[path] = len(data)
        if digest in runs:
            copy[path] = f"/{now.slot}/{runs[digest]}"
        else:
            send[path] = data
    for path in has:
        if path not in new or path in sizes:
            remove[path] = has[path]
    return SlotWork(remove, copy, send, sizes)


def _see_room(console: Console, work: SlotWork) -> None:
    """Raises UnitFullError before anything is touched."""
    free = console.free_bytes() + sum(map(_blocks, work.remove.values()))
    folders = {path.rpartition("/")[0] for path in work.bytes}
    need = sum(map(_blocks, work.bytes.values())) + _MANIFEST_BLOCKS * BLOCK
    need += (len(folders) * _FOLDER_BLOCKS + _SPARE_BLOCKS) * BLOCK
    if need > free:
        raise UnitFullError(
            f"{console.port}: the update needs {need // 1024} KB beside the version that runs, "
            f"and the unit has {free // 1024} KB left: fetch its sessions and erase them, then "
            "update again. The old version still runs."
        )


def _blocks(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def fill_slot(console: Console, work: SlotWork, slot: str, turn: Turn) -> None:
    """Steps 1 and 2."""
    console.remove(f"/{slot}/{MANIFEST}")
    for path in work.remove:
        console.remove(path)
    total = max(1, sum(work.bytes.values()))
    done = 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        turn.share(done / total)

    for folder in sorted({path.rpartition("/")[0] for path in work.copy}):
        console.make_folder(folder)
    copies = sorted(work.copy.items())
    for at in range(0, len(copies), _AT_ONCE):
        some = copies[at : at + _AT_ONCE]
        console.exec(_COPY % ([(source, path) for path, source in some],), timeout_s=20)
        progress(sum(work.bytes[path] for path, _ in some))
    for path, data in work.send.items():
        console.write_file(path, data, progress)
        turn.say(f"sent {path}, {len(data)} bytes")
    turn.outcome.files_sent = len(work.send)
    turn.say(f"{len(work.copy)} files copied on the unit, {len(work.send)} sent")


def _try_import(console: Console, slot: str) -> None:
    """Load the new program once in a fresh interpreter, before anything depends on it."""
    console.soft_reset()
    console.exec(f"import sys\nsys.path[0]='/{slot}'\n" + _FORGET)
    check_import(console)
    console.soft_reset()


# boot.py has loaded the pin map of the running version.
_FORGET = """
for _name in list(sys.modules):
    if _name == "band" or _name.startswith("band."):
        del sys.modules[_name]
"""


def _same_loader(console: Console, built: Firmware) -> None:
    paths = {f"/{path}": data for path, data in built.loader.items()}
    found = console.sha256(list(paths))
    if any(found[path] != hashlib.sha256(data).hexdigest() for path, data in paths.items()):
        raise CalfbandError(
            f"{console.port}: this version brings another boot.py or main.py, which an update "
            "does not replace: flash it whole with --base. The unit's settings stay."
        )
