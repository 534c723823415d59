"""One virtual unit behind one serial port: whichever speaks first, esptool or the REPL, is served.

A pseudo-terminal has no DTR and RTS, with which esptool resets a chip into its ROM loader and out
of it: here esptool's first words do the one, and the next Ctrl-C only the other.
"""

from __future__ import annotations

import os
import pty
import select
import tempfile
import tty
from pathlib import Path

from host_tools.image.base import BOOT_OFFSET, IMAGE_MAGIC, board_of
from host_tools.image.partitions import APP, TABLE_BYTES, TABLE_OFFSET, file_system, parse_table
from host_tools.virtual_board.faults import Fault
from host_tools.virtual_board.interpreter import (
    CAUSE_HARD,
    CAUSE_POWER_ON,
    CAUSE_SOFT,
    HARD_RESET,
    POWER_CUT,
    Drive,
    Interpreter,
)
from host_tools.virtual_board.rom import SYNC, Rom, blank, mac_of

_BOOT_LOOP = b"rst:0x1 (POWERON),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\ninvalid header: 0xffffffff\r\n"


class VirtualBoard:
    """A unit of its own flash file, on a port named by a link. run() until it is unplugged."""

    def __init__(self, flash: Path, link: Path, chip: str, flash_bytes: int, fault: Fault):
        self._flash = flash.resolve()
        self._chip = chip
        self._flash_bytes = flash_bytes
        self._fault = fault
        self._rom: Rom | None = None
        self._life: Interpreter | None = None
        blank(self._flash, flash_bytes)
        memory, name = tempfile.mkstemp(prefix="calfband-rtc-")
        os.close(memory)
        self._memory = Path(name)
        self._port, self._far_end = pty.openpty()
        tty.setraw(self._far_end)
        self._link = link
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(self._far_end))

    def __enter__(self) -> VirtualBoard:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._link.unlink(missing_ok=True)
        self._memory.unlink(missing_ok=True)
        os.close(self._port)
        os.close(self._far_end)

    def run(self) -> str:
        """Serve until the unit is unplugged or its power goes; says which."""
        self._start(raw=False, cause=CAUSE_POWER_ON)
        while True:
            fds = [self._port] + ([self._life.fd] if self._life else [])
            ready = select.select(fds, [], [], 0.1)[0]
            if self._rom and self._rom.flash.unplugged.is_set():
                return "unplugged"
            if self._port in ready:
                self._heard(os.read(self._port, 4096))
            if self._life:
                self._life.tick()
            if self._life and self._life.fd in ready:
                data = self._life.read()
                if data is None:
                    if self._died(self._life):
                        return "the power was cut"
                elif data:
                    self._send(data)

    def _send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._port, data) :]

    def _heard(self, data: bytes) -> None:
        if self._fault.name == "mute":
            return
        if self._rom is None and SYNC in data:
            self._stop()
            self._rom = Rom(self._flash, self._flash_bytes, self._chip, self._fault, self._send)
        elif self._rom and self._rom.idle and data[:2] in (b"\x03", b"\r\x03"):
            self._stop()
            self._start(raw=False, cause=CAUSE_HARD)
            return
        if self._rom:
            self._rom.write(data)
        elif self._life:
            self._life.write(data)

    def _died(self, life: Interpreter) -> bool:
        """The interpreter ended: a reset, or the power is gone (True)."""
        code = life.wait()
        self._life = None
        if code == POWER_CUT:
            return True
        if code == HARD_RESET:
            self._send(b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0xc (SW_CPU_RESET)\r\n")
            self._start(raw=False, cause=CAUSE_HARD)
        else:
            self._send(b"MPY: soft reboot\r\n")
            self._start(raw=life.raw, cause=CAUSE_SOFT)
        return False

    def _stop(self) -> None:
        if self._rom:
            self._rom.stop()
        if self._life:
            self._life.kill()
        self._rom = self._life = None

    def _start(self, raw: bool, cause: int) -> None:
        drive = self._drive()
        if drive is None:
            self._send(_BOOT_LOOP)
            return
        cut_at = self._fault.n if self._fault.name == "cut" else 0
        self._life = Interpreter(drive, raw, cause, cut_at)

    def _drive(self) -> Drive | None:
        """Where the file system lies; None: nothing on the flash would start."""
        with self._flash.open("rb") as file:
            file.seek(BOOT_OFFSET[self._chip])
            if file.read(1) != bytes([IMAGE_MAGIC]):
                return None
            file.seek(TABLE_OFFSET)
            table = parse_table(file.read(TABLE_BYTES))
            app = next((one for one in table if one.kind == APP), None)
            partition = file_system(table, self._flash_bytes)
            if partition is None or app is None:
                return None
            file.seek(app.offset)
            machine = board_of(file.read(app.size))
        return Drive(self._flash, partition.offset, partition.size, self._chip, machine,
                     self._memory, mac_of(self._flash))  # fmt: skip
