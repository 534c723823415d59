"""The unit's interpreter: real MicroPython in a terminal of its own, on the flash file."""

from __future__ import annotations

import os
import pty
import signal
import termios
import time
from dataclasses import dataclass
from pathlib import Path

from host_tools.band import find_micropython
from host_tools.firmware_tables import FIRMWARE_DIR
from host_tools.image.base import FROZEN_BOARD

HERE = Path(__file__).resolve().parent
TWIN = HERE.parent / "twin"
HEAP = "4M"  # of a 64-bit machine that also carries the virtual chips
HARD_RESET, SOFT_RESET = 129, 128  # as in on_board/flash_blocks.py
POWER_CUT = -signal.SIGKILL
CAUSE_POWER_ON, CAUSE_HARD, CAUSE_SOFT = 1, 2, 5  # as machine.reset_cause() tells them

_FIRST_WORD = b"entry 0x"
_PROMPTS = (b">>> ", b"\n>", b"\x04>")
_PATIENCE_S = 8.0
_RAW_BANNER = b"raw REPL; CTRL-B to exit\r\n>"
_FRIENDLY_BANNER = b'Type "help()"'


@dataclass(frozen=True)
class Drive:
    """What the interpreter finds on the flash file."""

    flash: Path
    offset: int
    size: int
    chip: str
    machine: str  # board and chip, as MicroPython tells them
    memory: Path  # what machine.RTC keeps
    mac: bytes


class Interpreter:
    """One life of the interpreter, from a reset to the next."""

    def __init__(self, drive: Drive, raw: bool, cause: int, cut_at: int = 0):
        self.raw = raw
        # After a soft reset the raw REPL comes back by itself, and hides the friendly banner.
        self._hide = raw
        self._tail = b""
        self._starting = True  # what it is told before its first word is held back ...
        self._interrupting = False  # ... and after a Ctrl-C what follows, until its prompt
        self._held = b""
        self._interrupted_s = 0.0
        self._pid, self.fd = pty.fork()
        if self._pid == 0:
            _become(drive, raw, cause, cut_at)

    def write(self, data: bytes) -> None:
        """Bytes from the port. A running program sees Ctrl-C when it next lets time pass; what
        follows waits for the prompt, as entering the REPL throws away what nobody has read."""
        if self._starting or self._interrupting:
            self._held += data
            return
        at = -1 if self._tail.endswith(_PROMPTS) else data.find(b"\x03")
        if at >= 0:
            self._interrupting = True
            self._interrupted_s = time.monotonic()
            self._held = data[at + 1 :]
            data = data[: at + 1]
        while data:
            data = data[os.write(self.fd, data) :]

    def tick(self) -> None:
        """A program that lets no time pass is interrupted by a signal."""
        if self._interrupting and time.monotonic() > self._interrupted_s + _PATIENCE_S:
            self._interrupted_s = time.monotonic()
            os.kill(self._pid, signal.SIGINT)

    def read(self) -> bytes | None:
        """What it says, for the port; None when its life is over."""
        try:
            data = os.read(self.fd, 4096)
        except OSError:
            data = b""
        if not data:
            return None
        self._tail = (self._tail + data)[-4096:]
        self._starting = self._starting and _FIRST_WORD not in self._tail
        self._interrupting = self._interrupting and not self._tail.endswith(_PROMPTS)
        if self._held and not self._starting and not self._interrupting:
            held, self._held = self._held, b""
            self.write(held)
        raw, friendly = self._tail.rfind(_RAW_BANNER[:-1]), self._tail.rfind(_FRIENDLY_BANNER)
        if raw >= 0 or friendly >= 0:
            self.raw = raw > friendly
        if not self._hide:
            return data
        at = self._tail.rfind(_RAW_BANNER)
        if at < 0:
            if self._tail.endswith(b">>> "):
                os.write(self.fd, b"\x01")
            return b""
        self._hide = False
        said = max(self._tail.find(b"MicroPython "), 0)
        return self._tail[:said] + b"\r\n" + self._tail[at:]

    def wait(self) -> int:
        """Its exit code, once read() gave None."""
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])

    def kill(self) -> None:
        try:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            os.close(self.fd)
        except (OSError, ChildProcessError):
            pass


def _become(drive: Drive, raw: bool, cause: int, cut_at: int) -> None:
    """In the child: a line that changes no byte, then the interpreter."""
    modes = termios.tcgetattr(0)
    modes[0] = modes[1] = modes[3] = 0
    termios.tcsetattr(0, termios.TCSANOW, modes)
    folders = [TWIN / "quiet", TWIN / "stand_ins", TWIN, FIRMWARE_DIR, HERE / "on_board"]
    os.environ["MICROPYPATH"] = ":".join([*map(str, folders), ".frozen"])
    frozen = FIRMWARE_DIR if drive.machine.startswith(FROZEN_BOARD) else ""
    command = [
        str(find_micropython()), "-X", f"heapsize={HEAP}", "-i",
        str(HERE / "on_board" / "boot_board.py"), str(drive.flash), str(drive.offset),
        str(drive.size), drive.chip, str(int(raw)), str(drive.memory), str(cut_at), str(cause),
        drive.mac.hex(), drive.machine, str(frozen),
    ]  # fmt: skip
    os.execvp(command[0], command)
