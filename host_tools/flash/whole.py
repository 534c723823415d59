"""Flash a unit from nothing: base image and file system in one pass, then check all of it.

An image of firmware/boards has the application in it: the file system then gets the loader only.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from host_tools.flash.check import arch_of, check_frozen, check_unit
from host_tools.flash.held import Held, look, settle_sessions
from host_tools.flash.outcome import Turn
from host_tools.flash.rom import Rom
from host_tools.image.base import NAMES, BaseImage, choose_base
from host_tools.image.compile import Firmware
from host_tools.image.files import build_image
from host_tools.image.partitions import Partition
from host_tools.usb.console import Console
from host_tools.usb.ports import is_virtual

START_S = 20.0  # a first start, with USB coming back


@dataclass(frozen=True)
class WholePlan:
    base: Path | None
    base_dir: Path | None
    save_sessions: Path | None = None
    erase_sessions: bool = False
    forget_settings: bool = False


def flash_whole(port: str, plan: WholePlan, firmware: dict[str, Firmware], turn: Turn,
                records: Path) -> None:  # fmt: skip
    """firmware: by architecture. Raises UnitError; the unit can be flashed again after any."""
    outcome = turn.outcome
    built = firmware[arch_of(port)]
    outcome.firmware = {"version": built.version, "build": built.build, "arch": built.arch}
    if is_virtual(port):
        turn.note("a virtual board: the firmware is compiled for this computer")
    with ExitStack() as stack:
        with turn.step("connect"):
            rom = stack.enter_context(Rom.open(port, turn.say))
            chip = rom.identity
            outcome.chip, outcome.revision, outcome.mac = chip.chip, chip.revision, chip.mac
            outcome.flash_bytes = chip.flash_bytes
            base = choose_base(plan.base, plan.base_dir, chip.chip, chip.flash_bytes)
            partition = base.file_system(chip.flash_bytes)
            _note_base(turn, base, partition)
        with turn.step("look"):
            held = look(rom, plan.erase_sessions)
            _settle(turn, plan, held, records)
        files = {**(built.frozen_unit() if base.frozen else built.unit()), **held.kept}
        image = build_image(files, partition.size)
        with turn.step("write"):
            rom.write([(base.offset, base.data), (partition.offset, image)], turn.share)
        with turn.step("start"):
            rom.start()
    outcome.slot = "" if base.frozen else "a"
    with turn.step("start"):
        console = Console.open(port, wait_s=START_S, starting=True)
    with console:
        console.safe_mode()
        if base.frozen:
            check_frozen(console, built, turn)
        check_unit(console, files, turn)
        console.reset()


def _note_base(turn: Turn, base: BaseImage, partition: Partition) -> None:
    turn.outcome.base = {
        "file": str(base.path),
        "version": base.version,
        "board": base.board,
        "sha256": hashlib.sha256(base.data).hexdigest(),
    }
    turn.outcome.file_system = {"offset": partition.offset, "size": partition.size}
    turn.say(f"base: {base.path}, MicroPython {base.version}, {base.board or 'board not named'}")
    turn.say(f"file system: {partition.size} bytes at 0x{partition.offset:x}")
    whole = turn.outcome.flash_bytes
    if partition.end < whole:
        turn.note(
            f"the base image uses {partition.end >> 20} of the {NAMES[base.chip]}'s "
            f"{whole >> 20} MB"
        )


def _settle(turn: Turn, plan: WholePlan, held: Held, records: Path) -> None:
    """Sessions saved or given up, settings taken over; a copy of those stays on this computer."""
    outcome = turn.outcome
    save_to = plan.save_sessions and _unit_folder(plan.save_sessions, outcome.mac)
    saved = settle_sessions(outcome.port, held, save_to, plan.erase_sessions)
    outcome.sessions_saved = [str(path) for path in saved]
    outcome.sessions_erased = 0 if saved else len(held.sessions)
    if plan.forget_settings:
        held.kept = {}
    outcome.settings_kept = sorted(held.kept)
    for path, data in held.kept.items():
        # Until the new file system is whole, this is the only place where they are.
        copy = _unit_folder(records, outcome.mac) / "kept" / path.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(data)
        turn.say(f"kept: {path}, {len(data)} bytes")


def _unit_folder(parent: Path, mac: str) -> Path:
    return parent / mac.replace(":", "")
