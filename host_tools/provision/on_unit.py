"""The settings of a unit, through its own firmware's code over the console."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import Any

from host_tools.errors import BadFlashError, CalfbandError, UnitFullError, UnpluggedError
from host_tools.provision.keys import OF_SETTING, Value
from host_tools.usb.console import Console, ExecError

# The unit's LittleFS says so where a folder's own blocks are full and no others are left.
_FULL_FOLDER = 36
_LOAD = """
import os
from band.unit.unit_settings import FOLDER, Store
try:
    os.mkdir(FOLDER)
except OSError:
    pass
_store = Store(FOLDER)
_store.load()
"""
_READ = (
    _LOAD
    + """
from binascii import hexlify
from machine import unique_id
from band.version import VERSION
print(("number", hexlify(unique_id()).decode()))
print(("firmware", VERSION))
for _name in ("states", "schema", "from_schema", "generation", "newer"):
    print((_name, getattr(_store.settings, _name)))
print(("runs_states", _store.runs.states))
print(("runs", max([len(_runs) for _runs in _store.chain.priors.values()] + [0])))
print(("lost", _store.lost))
print(("refused", _store.refused))
for _name, _value in _store.values().items():
    print(("=" + _name, _value))
print(("end", True))
"""
)
# % expression
_DO = (
    _LOAD
    + """
try:
    %s
    print(("good", ""))
except KeyError as _error:
    print(("unknown", _error.args[0]))
except ValueError as _error:
    print(("bounds", _error.args[0]))
except OSError as _error:
    print(("file", _error.errno))
"""
)


@dataclass(frozen=True)
class UnitSettings:
    """What a unit holds. states: of the two copies, words of firmware/band/unit/two_copies.py."""

    number: str  # of its chip
    firmware: str
    values: dict[str, Value]
    states: tuple[str, ...]
    runs_states: tuple[str, ...]
    runs: int  # earlier runs of the athlete
    schema: int  # that the firmware writes
    from_schema: int  # that was found; 0: nothing yet
    generation: int
    newer: bool
    lost: bool
    refused: tuple[str, ...]

    @property
    def serial(self) -> str:
        return str(self.values.get("id.serial", "")) or self.number


def quiet_unit(console: Console) -> None:
    """Stop the app for good, with the firmware's modules at hand.

    The console's first Ctrl-C may have met boot.py before it had found them; a soft reset runs it
    to its end, and no main.py after it.
    """
    console.safe_mode()
    try:
        console.exec("import band")
    except ExecError:
        console.soft_reset()


def read_unit(console: Console) -> UnitSettings:
    """Raises CalfbandError when the firmware on the unit has no such settings, else UnitError."""
    try:
        rows = dict(console.rows(_READ))
    except ExecError as error:
        raise _no_firmware(console.port, error) from error
    if "end" not in rows:
        raise _broke_off(console.port)
    values = {name[1:]: value for name, value in rows.items() if name[0] == "="}
    return UnitSettings(
        number=rows["number"],
        firmware=rows["firmware"],
        values=values,
        states=tuple(rows["states"]),
        runs_states=tuple(rows["runs_states"]),
        runs=rows["runs"],
        schema=rows["schema"],
        from_schema=rows["from_schema"],
        generation=rows["generation"],
        newer=rows["newer"],
        lost=rows["lost"],
        refused=tuple(rows["refused"]),
    )


def _broke_off(port: str) -> UnpluggedError:
    return UnpluggedError(
        f"{port}: the unit broke off in the middle of its answer. Its settings are the old ones or "
        "the new ones, whole; look with --show."
    )


def _no_firmware(port: str, error: ExecError) -> CalfbandError:
    if "ImportError" not in error.reason:
        return error
    if "'band'" in error.reason:
        return CalfbandError(
            f"{port}: there is no calf-band firmware on this unit; flash it with calfband flash."
        )
    return CalfbandError(
        f"{port}: the unit's firmware is too old to be provisioned or damaged "
        f"({error.reason}); bring it up to date with calfband flash --update."
    )


def write_unit(console: Console, values: dict[str, Value]) -> UnitSettings:
    """Change these settings, all or none, and read them back through a new start of the store.

    Raises CalfbandError for what the unit refuses, BadFlashError when it reads back otherwise.
    """
    _do(console, f"_store.change({ascii(values)})", values)
    found = read_unit(console)
    wrong = [name for name, value in values.items() if found.values.get(name) != value]
    if wrong:
        raise BadFlashError(
            f"{console.port}: {', '.join(wrong)} did not read back as written; the unit's flash "
            "may be worn. Try again, and replace the unit when that does not help."
        )
    return found


def set_aside(console: Console) -> UnitSettings:
    """Keep settings of a later firmware under other names, and begin anew."""
    _do(console, "_store.set_aside()", {})
    return read_unit(console)


def _do(console: Console, call: str, values: dict[str, Value]) -> None:
    rows = console.rows(_DO % call)
    port = console.port
    if not rows:
        raise _broke_off(port)
    ((outcome, what),) = rows
    if outcome == "unknown":
        raise CalfbandError(
            f"{port}: the unit's firmware does not know {what}; bring it up to date with "
            "calfband flash --update. Nothing was changed."
        )
    if outcome == "bounds":
        key = OF_SETTING.get(what)
        name = key.name if key else what
        raise CalfbandError(
            f"{port}: the unit's firmware refuses {name} = {values.get(what)!r}; bring it up to "
            "date with calfband flash --update. Nothing was changed."
        )
    if outcome == "file":
        raise _file_error(port, what)


def _file_error(port: str, number: Any) -> CalfbandError:
    if number == errno.EPERM:
        return CalfbandError(
            f"{port}: a later firmware wrote this unit's settings, and the one on it cannot read "
            "them. Flash the later one again, or put them aside with --start-over."
        )
    if number in (errno.ENOSPC, _FULL_FOLDER):
        return UnitFullError(
            f"{port}: the unit's file system is full; its settings stay as they were. Erase old "
            "sessions, then try again."
        )
    return BadFlashError(
        f"{port}: the unit could not keep its settings (error {number}); they stay as they were. "
        "Try again, and replace the unit when that does not help."
    )
