"""A unit that is borrowed for measuring: looked at, given modules in its memory, and given back."""

from __future__ import annotations

import contextlib
import hashlib
import platform
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from host_tools.bench.blocks import Block
from host_tools.errors import CalfbandError, NoAnswerError, NoUnitError, UnpluggedError
from host_tools.flash.check import arch_of_running
from host_tools.flash.update import running
from host_tools.image.compile import BAND, Firmware, build_firmware, compile_files
from host_tools.provision.on_unit import quiet_unit
from host_tools.usb.console import Console, ExecError
from host_tools.usb.ports import is_virtual

BOOTS_WITHIN_S = 5.0
SCRATCH = "/data/bench.tmp"  # the only file that is ever written on the unit
ON_UNIT = Path(__file__).resolve().parent / "on_unit"
_PIECE = 1536  # bytes in a line of Python: it finds room twice on a heap that is nearly full
_TRIES = 3
_SENDING_S = 20.0
_WORKING_S = 60.0

_SESSION = """
import sys
_app = getattr(sys.modules.get("band.unit.app"), "running", None)
print(_app is not None and _app.session.running)
"""
# Interrupted by the console it cannot go on: what it has is kept.
_END_SESSION = "_app.end_session('USB')"
_FACTS = """
import machine, sys
from binascii import hexlify
print(("address", hexlify(machine.unique_id()).decode()))
print(("machine", sys.implementation._machine))
print(("micropython", ".".join([str(_n) for _n in sys.implementation.version[:3]])))
print(("hz", machine.freq()))
"""


@dataclass(frozen=True)
class Facts:
    """address: of the unit. hz: of its processor, as it says. firmware: version and build on it.

    processor: what computes, in words. is_band: that is a band's, not the computer's behind a
    virtual board.
    """

    port: str
    address: str
    processor: str
    is_band: bool
    hz: int
    micropython: str
    firmware: str
    tree: str

    @property
    def same_firmware(self) -> bool:
        return self.firmware == self.tree


class TooLittleMemoryError(CalfbandError):
    """The unit's memory does not hold what shall be measured."""


class Unit:
    """Its console, with our modules; `facts` of it, `tree` the firmware of this computer for it."""

    def __init__(self, console: Console, facts: Facts, tree: Firmware):
        self.console = console
        self.facts = facts
        self.tree = tree
        self.on_sent: Callable[[int], None] = lambda sent: None  # hears of bytes

    def install(self, sources: dict[str, Path | str]) -> None:
        """Begin with an empty interpreter and give it these modules; a str is source text."""
        self.console.soft_reset()
        self.console.exec((ON_UNIT / "ram_files.py").read_text("utf-8"))
        for name, data in _compiled(sources, self.tree.arch).items():
            self._send("_take", data)
            self.console.exec(f"_keep({name!r})")
            self.on_sent(len(data))

    def send(self, block: Block, code: str) -> list:
        """Send a block, run `code` % (sum, window bits) with it; the rows that it prints."""
        for _ in range(_TRIES):
            self._send("link.take", block.data)
            rows = self.rows(code % (block.sum, block.window_bits))
            if rows[-1] != ("damaged",):
                self.on_sent(len(block.data))
                return rows
        raise NoAnswerError(
            f"{self.console.port}: blocks arrive damaged at the unit. Try another cable."
        )

    def rows(self, code: str) -> list:
        return self.console.rows(code, timeout_s=_WORKING_S)

    def _send(self, function: str, data: bytes) -> None:
        for at in range(0, len(data), _PIECE):
            piece = b64encode(data[at : at + _PIECE])
            self.console.exec(f"{function}({piece!r})", timeout_s=_SENDING_S)


def _compiled(sources: dict[str, Path | str], arch: str) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="calfband-bench-") as folder:
        paths = {}
        for name, source in sources.items():
            path = source if isinstance(source, Path) else Path(folder) / f"{name}.py"
            if isinstance(source, str):
                path.write_text(source, encoding="utf-8")
            paths[f"{name}.py"] = path
        return compile_files(paths, arch)


def ours(*names: str) -> dict[str, Path | str]:
    """Modules of on_unit/ by their names."""
    return {name: ON_UNIT / f"{name}.py" for name in names}


@contextlib.contextmanager
def borrowed(port: str, other_firmware: bool) -> Iterator[Unit]:
    """The unit without its app; however this ends, it starts anew and holds nothing of ours.

    other_firmware: take it with firmware that is not this computer's. Raises CalfbandError.
    """
    console = Console.open(port, BOOTS_WITHIN_S)
    try:
        _refuse_session(console)
        quiet_unit(console)
        yield _look(console, other_firmware)
    except (UnpluggedError, NoUnitError):
        console.close()
        raise
    except BaseException:
        console.close()
        with contextlib.suppress(CalfbandError):
            _give_back(Console.open(port, BOOTS_WITHIN_S))
        raise
    _give_back(console)


def _give_back(console: Console) -> None:
    console.remove(SCRATCH)
    console.reset()


def _refuse_session(console: Console) -> None:
    if console.eval("'band.unit.app' in __import__('sys').modules") and console.rows(_SESSION)[-1]:
        with contextlib.suppress(ExecError):
            console.exec(_END_SESSION, timeout_s=20)
        raise CalfbandError(
            f"{console.port}: a session was running on this unit, and nothing is measured then. "
            "It has been closed with all it holds; fetch it, then try again."
        )


def _look(console: Console, other_firmware: bool) -> Unit:
    port = console.port
    said = dict(console.rows(_FACTS))
    arch = arch_of_running(console)
    is_band = arch == BAND and not is_virtual(port)
    processor = said["machine"]
    if not is_band:
        processor = f"{computer()} (a virtual board: this computer, not a band)"
    tree = build_firmware(arch)
    now = running(console)
    facts = Facts(
        port, said["address"], processor, is_band, said["hz"], said["micropython"], now.name,
        tree.name,
    )  # fmt: skip
    if not other_firmware:
        check_firmware(console, facts, tree.unit(now.slot))
    return Unit(console, facts, tree)


def computer() -> str:
    """This computer's processor, in words."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def check_firmware(console: Console, facts: Facts, files: dict[str, bytes]) -> None:
    port = facts.port
    if not facts.same_firmware:
        raise CalfbandError(
            f"{port}: firmware {facts.firmware} is on the unit, {facts.tree} on this computer: run "
            f"calfband flash --update --port {port}, or compare them with --other-firmware."
        )
    found = console.sha256(sorted(files))
    wrong = [p for p, data in files.items() if found[p] != hashlib.sha256(data).hexdigest()]
    if wrong:
        names = ", ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
        raise CalfbandError(
            f"{port}: {len(wrong)} of {len(files)} files of the unit's firmware are not what was "
            f"written ({names}): flash it whole, or compare them with --other-firmware."
        )


def out_of_memory(error: ExecError) -> bool:
    """Not when the firmware wants memory where it must not: that is a fault."""
    return error.reason.startswith("MemoryError") and "locked" not in error.reason
