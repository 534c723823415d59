"""Is what runs what was written: every file by its hash, as the running unit reads it."""

from __future__ import annotations

import hashlib

from host_tools.errors import BadFlashError, NoAnswerError
from host_tools.flash.outcome import Turn
from host_tools.image.base import FROZEN_BOARD
from host_tools.image.compile import BAND, HOST, Firmware
from host_tools.usb.console import Console, ExecError
from host_tools.usb.ports import is_virtual
from host_tools.usb.self_test import FAILED, run_self_test

# Native architectures of MicroPython's .mpy files (py/persistentcode.h), as sys tells them.
_ARCHITECTURES = {10: BAND}
_IMPORT = "from band.unit.start import run"


def arch_of(port: str) -> str:
    """A virtual board's processor is this computer's."""
    return HOST if is_virtual(port) else BAND


def arch_of_running(console: Console) -> str:
    """What the unit's interpreter runs; HOST for anything but the band's processors."""
    number = console.eval("__import__('sys').implementation._mpy >> 10 & 15")
    return _ARCHITECTURES.get(int(number), HOST)


def check_files(console: Console, files: dict[str, bytes], turn: Turn | None = None) -> None:
    """Raises BadFlashError with the files that differ."""
    wrong = []
    paths = sorted(files)
    for at in range(0, len(paths), 16):
        some = paths[at : at + 16]
        found = console.sha256(some)
        wrong += [p for p in some if found.get(p) != hashlib.sha256(files[p]).hexdigest()]
        if turn:
            turn.share((at + len(some)) / len(paths))
    if wrong:
        names = ", ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
        raise BadFlashError(
            f"{console.port}: {len(wrong)} of {len(files)} files on the unit are not what was "
            f"written ({names}). Flash it again."
        )
    if turn:
        turn.outcome.files_checked = len(files)
        turn.say(f"{len(files)} files have the right hash")


def check_import(console: Console) -> None:
    """The program loads on this interpreter; it is not run. Raises BadFlashError."""
    try:
        console.exec(_IMPORT, timeout_s=20)
    except ExecError as error:
        raise BadFlashError(
            f"{console.port}: the firmware does not load on the unit's MicroPython: "
            f"{error.reason}. Flash it with a base image this firmware is tested with."
        ) from error


def is_frozen(console: Console) -> bool:
    """Whether the unit has the application in its MicroPython image."""
    machine = console.eval("__import__('sys').implementation._machine")
    return str(machine).startswith(FROZEN_BOARD)


def check_frozen(console: Console, built: Firmware, turn: Turn) -> None:
    """The image has this version in it. Raises BadFlashError."""
    with turn.step("check"):
        try:
            found = console.eval("__import__('band.version').version.VERSION")
        except ExecError as error:
            raise BadFlashError(
                f"{console.port}: by its name the image has the application in it, but that does "
                f"not load: {error.reason}. Build the image anew (firmware/boards/README.md)."
            ) from error
        if found != built.version:
            raise BadFlashError(
                f"{console.port}: the image has version {found} of the application in it, and "
                f"this is version {built.version}: build the image anew from this version "
                "(firmware/boards/README.md)."
            )
        turn.say(f"version {found} is in the image")


def check_unit(console: Console, files: dict[str, bytes], turn: Turn) -> None:
    """Everything that is checked on a running unit; the self-test's failures are an outcome."""
    with turn.step("check"):
        if console.eval("globals().get('safe_mode')") is None:
            raise NoAnswerError(f"{console.port}: the unit starts, but not with our boot.py.")
        check_files(console, files, turn)
        check_import(console)
    with turn.step("self-test"):
        turn.outcome.self_test = run_self_test(console)
        for part, result in turn.outcome.self_test.items():
            turn.say(f"self-test: {part}: {result}")
        if FAILED in turn.outcome.self_test.values():
            turn.outcome.exit_code = 1
