"""The console of a unit: Python to run there, and its files, over mpremote's raw REPL.

    with Console.open(port) as console:
        console.safe_mode()                     # the app is off, and its watchdog with it
        console.exec("print(1 + 1)")            # "2\r\n"
        console.write_file("/data/x", b"...")   # at once: the old file or the new one
        console.sha256(["/boot.py"])            # {"/boot.py": "ab12..."}; None: no such file
        console.reset()                         # as after power-up; the console goes with it

Everything raises UnitError with a sentence that names the port.
"""

from __future__ import annotations

import ast
import contextlib
import struct
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from typing import Any

import serial
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from host_tools.errors import (
    CalfbandError,
    FirmwareError,
    NoAnswerError,
    NoUnitError,
    UnitFullError,
    UnpluggedError,
)
from host_tools.usb.on_unit import FREE, HASH, LIST, MAKE_FOLDERS, RUNS_APP, SAFE_RESET
from host_tools.usb.ports import open_serial

Progress = Callable[[int], None]  # takes bytes

_PIECE = 3072  # bytes per line of Python sent; base64 makes 4 KiB of it
_BOOT_SILENCE_S = 1.0  # boot.py is over by then; an app that runs says nothing
_RAW_REPL = b"raw REPL; CTRL-B to exit\r\n"
_NO_SPACE = ("ENOSPC", "OSError: 28")


class _Transport(SerialTransport):
    """mpremote's transport on a port that is open: its own constructor hides why one is not."""

    def __init__(self, port: str, opened: serial.Serial):
        self.in_raw_repl = False
        self.use_raw_paste = True
        self.device_name = port
        self.mounted = False
        self.serial = opened
        self.is_pty = False

    def enter_raw_repl(self, soft_reset: bool = True, timeout_overall: float = 10) -> None:
        """Without what the original prints before it gives up. Raises TransportError."""
        self.serial.write(b"\r\x03")
        self.serial.read(self.serial.in_waiting)
        self.serial.write(b"\r\x01")
        if soft_reset:
            self._await(_RAW_REPL + b">", timeout_overall)
            self.serial.write(b"\x04")
            self._await(b"soft reboot\r\n", timeout_overall)
        self._await(_RAW_REPL, timeout_overall)
        self.in_raw_repl = True

    def read_until(
        self,
        min_num_bytes: int,
        ending: bytes,
        timeout: float | None = 10,
        data_consumer: Callable[[bytes], None] | None = None,
        timeout_overall: float | None = None,
    ) -> bytes:
        """As the original, but it looks every millisecond: files come ten times as fast."""
        data = b""
        begun = last = time.monotonic()
        while not data.endswith(ending):
            if self.serial.in_waiting:
                new = self.serial.read(1)
                if data_consumer:
                    data_consumer(new)
                data = new if data_consumer else data + new
                last = time.monotonic()
                continue
            now = time.monotonic()
            if timeout is not None and now >= last + timeout:
                break
            if timeout_overall is not None and now >= begun + timeout_overall:
                break
            time.sleep(0.001)
        return data

    def _await(self, words: bytes, timeout_s: float) -> None:
        if not self.read_until(1, words, timeout_overall=timeout_s).endswith(words):
            raise TransportError("no " + repr(words))


class ExecError(FirmwareError):
    """What ran on the unit raised an exception: the last line of its traceback is in `reason`."""

    def __init__(self, port: str, traceback: str):
        lines = traceback.strip().splitlines() or ["nothing was said"]
        self.reason = lines[-1]
        self.traceback = traceback
        super().__init__(f"{port}: the unit raised an exception: {self.reason}")


class Console:
    """A unit in its raw REPL."""

    def __init__(self, port: str, transport: _Transport):
        self.port = port
        self._transport = transport

    @classmethod
    def open(cls, port: str, wait_s: float = 0.0, starting: bool = False) -> Console:
        """Stop whatever runs and take the console.

        wait_s: so long the port or an answer may be missing. starting: the unit has just been
        reset; its boot.py shall not be interrupted, so wait for its prompt or for its silence.
        """
        deadline = time.monotonic() + wait_s
        while True:
            try:
                return cls._open_once(port, starting)
            except (NoUnitError, NoAnswerError, UnpluggedError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    @classmethod
    def _open_once(cls, port: str, starting: bool) -> Console:
        console = cls(port, _Transport(port, open_serial(port)))
        try:
            if starting:
                with console._guard():
                    console._transport.read_until(1, b">>> ", timeout=_BOOT_SILENCE_S)
            console._enter()
        except BaseException:
            console.close()
            raise
        return console

    def _enter(self) -> None:
        with self._guard("does not answer. Unplug it and plug it in again, then try once more."):
            try:
                self._transport.enter_raw_repl(soft_reset=False, timeout_overall=2)
            except TransportError:
                self._transport.enter_raw_repl(soft_reset=False, timeout_overall=3)

    def __enter__(self) -> Console:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the unit at its friendly prompt and give the port back."""
        with contextlib.suppress(OSError, TransportError):
            if self._transport.in_raw_repl:
                self._transport.exit_raw_repl()
        with contextlib.suppress(OSError):
            self._transport.close()

    @contextlib.contextmanager
    def _guard(self, silent: str = "stopped answering.") -> Iterator[None]:
        try:
            yield
        except TransportExecError as error:
            text = error.error_output
            if any(sign in text for sign in _NO_SPACE):
                raise UnitFullError(f"{self.port}: the unit's file system is full.") from error
            raise ExecError(self.port, text) from error
        except (TransportError, struct.error, serial.SerialTimeoutException) as error:
            raise NoAnswerError(f"{self.port}: the unit {silent}") from error
        except OSError as error:
            raise UnpluggedError(
                f"{self.port}: the connection broke off. Was the unit unplugged?"
            ) from error

    # --- Python on the unit ---

    def exec(self, code: str, timeout_s: float = 10.0) -> str:
        """What the code prints. timeout_s: of silence. Raises ExecError when the code raises."""
        with self._guard():
            out, error = self._transport.exec_raw(code, timeout=timeout_s)
            if error:
                raise TransportExecError(out, error.decode("utf-8", "replace"))
        return out.decode("utf-8", "replace")

    def eval(self, expression: str, timeout_s: float = 10.0) -> Any:
        """Value of an expression made of plain literals."""
        text = self.exec(f"print(repr({expression}))", timeout_s).strip()
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError) as error:
            raise NoAnswerError(
                f"{self.port}: the unit said {text[:80]!r}, not a value."
            ) from error

    def rows(self, code: str, timeout_s: float = 10.0) -> list[Any]:
        """Values of the lines that the code prints, each the repr of a literal."""
        text = self.exec(code, timeout_s)
        try:
            return [ast.literal_eval(line) for line in text.splitlines() if line.strip()]
        except (ValueError, SyntaxError) as error:
            raise self._not_literal(text) from error

    def _not_literal(self, text: str) -> NoAnswerError:
        return NoAnswerError(f"{self.port}: the unit said {text[:80]!r}, which is no answer.")

    # --- files ---

    def list_files(self, folder: str = "/") -> dict[str, int]:
        """Bytes of every file below a folder, by its whole path; {} without the folder."""
        return dict(self.rows(LIST % folder))

    def read_file(self, path: str, progress: Progress | None = None) -> bytes:
        """Raises UnitError; ExecError with ENOENT in `reason` without the file."""
        data = bytearray()
        self.exec(f"from binascii import b2a_base64 as _b\n_f=open({path!r},'rb')")
        while True:
            piece = self.eval(f"_b(_f.read({_PIECE}))")
            raw = b64decode(piece)
            if not raw:
                break
            data += raw
            if progress:
                progress(len(raw))
        self.exec("_f.close()")
        return bytes(data)

    def write_file(self, path: str, data: bytes, progress: Progress | None = None) -> None:
        """Beside it first, then one rename: whatever happens, the old file or the new one.

        Folders on the way are made. Raises UnitFullError, and what is half written is removed.
        """
        beside = path + ".new"
        folder = path.rpartition("/")[0]
        try:
            self.make_folder(folder)
            self.exec(f"from binascii import a2b_base64 as _a\n_f=open({beside!r},'wb')")
            for at in range(0, len(data), _PIECE):
                piece = data[at : at + _PIECE]
                self.exec(f"_f.write(_a({b64encode(piece)!r}))")
                if progress:
                    progress(len(piece))
            self.exec(f"_f.close()\nimport os\nos.rename({beside!r},{path!r})")
        except UnitFullError:
            with contextlib.suppress(CalfbandError):
                self.exec(
                    f"try:\n _f.close()\nexcept OSError:\n pass\nimport os\nos.remove({beside!r})"
                )
            raise UnitFullError(
                f"{self.port}: the unit's file system is full; {path} stays as it was."
            ) from None

    def make_folder(self, folder: str) -> None:
        """With all those on the way; those that are there stay."""
        if folder:
            self.exec(MAKE_FOLDERS % folder)

    def remove(self, path: str) -> None:
        """Remove a file; none there is good, too."""
        self.exec(f"import os\ntry:\n os.remove({path!r})\nexcept OSError:\n pass")

    def sha256(self, paths: list[str]) -> dict[str, str | None]:
        """Hash of every file as the unit reads it, in hex; None where there is no file."""
        found: dict[str, str | None] = {}
        for at in range(0, len(paths), 16):
            found.update(self.rows(HASH % (paths[at : at + 16],), timeout_s=20))
        return found

    def free_bytes(self) -> int:
        return int(self.eval(FREE))

    # --- starting anew ---

    def safe_mode(self) -> None:
        """Start the unit without its app, unless it runs none.

        The app's watchdog cannot be stopped, and it would reset the unit while we work.
        """
        if self.eval(RUNS_APP):
            self.safe_mode_again()

    def safe_mode_again(self) -> None:
        """Reset into safe mode, whatever runs now."""
        self._leave(SAFE_RESET)
        if self.eval(RUNS_APP):
            raise NoAnswerError(
                f"{self.port}: the unit does not go into safe mode. "
                "Hold its button while it is plugged in, then try again."
            )

    def soft_reset(self) -> None:
        """A new interpreter; boot.py runs, main.py does not. A running watchdog goes on."""
        with self._guard("does not come back after a soft reset."):
            self._transport.enter_raw_repl(soft_reset=True, timeout_overall=10)

    def restart(self) -> None:
        """Reset the processor, let the app start, and take the console again."""
        self._leave("import machine\nmachine.reset()")

    def reset(self) -> None:
        """Reset the processor and give the port back: the unit runs on its own."""
        self._say("import machine\nmachine.reset()")
        self._transport.in_raw_repl = False
        self.close()

    def _say(self, code: str) -> None:
        with self._guard():
            self._transport.exec_raw_no_follow(code)

    def _leave(self, code: str) -> None:
        self._say(code)
        self._transport.in_raw_repl = False
        self.close()
        time.sleep(0.5)  # with USB of its own the chip leaves the bus
        self._transport = Console.open(self.port, wait_s=15, starting=True)._transport
