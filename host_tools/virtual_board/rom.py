"""The chip's ROM loader, for esptool: esp32-mock-bootloader on the flash file."""

from __future__ import annotations

import hashlib
import os
import struct
import threading
import time
import zlib
from pathlib import Path
from queue import Queue
from typing import Any

from esp32_mock_bootloader import protocol, registers, server

from host_tools.virtual_board.faults import Fault

SYNC = bytes([0xC0, 0x00, 0x08, 0x24, 0x00])  # esptool's first words
END = b"\xc0"


class FileFlash(server.FlashImage):
    """Flash in a file; every block is there at once, as on the chip. Faults come by block."""

    def __init__(self, path: Path, size: int, fault: Fault):
        super().__init__()
        self.data = bytearray(path.read_bytes())
        self.size = size
        self._file = path.open("r+b")
        self._fault = fault
        self._blocks = 0
        self._at = 0
        self._inflate: Any = None
        self.unplugged = threading.Event()

    def close(self) -> None:
        self._file.close()

    def begin_defl(self, payload: bytes) -> None:
        size, _blocks, _packet, self._at = struct.unpack_from("<IIII", payload)
        self._erase(self._at, size)
        self._inflate = zlib.decompressobj()

    def write_defl_block(self, payload: bytes) -> None:
        n = struct.unpack_from("<I", payload)[0]
        self._program(self._inflate.decompress(payload[16 : 16 + n]))

    def begin_plain(self, payload: bytes) -> None:
        if len(payload) >= 16:
            size, _blocks, _packet, self._at = struct.unpack_from("<IIII", payload)
            self._erase(self._at, size)

    def write_plain_block(self, payload: bytes) -> None:
        n = struct.unpack_from("<I", payload)[0]
        self._program(payload[16 : 16 + n])

    def erase_all(self) -> None:
        self._put(0, b"\xff" * self.size)

    def erase_region(self, offset: int, size: int) -> None:
        self._erase(offset, size)

    def _erase(self, offset: int, size: int) -> None:
        self._put(offset, b"\xff" * -(-size // 4096 * 4096))

    def _program(self, data: bytes) -> None:
        self._blocks += 1
        if self._fault.due("unplug", self._blocks):
            self._put(self._at, data[: len(data) // 2])
            self.unplugged.set()
            raise OSError("unplugged")
        if self._fault.due("hang", self._blocks):
            time.sleep(3600)
        if self._fault.due("badblock", self._blocks) and data:
            data = data[:-1] + bytes([data[-1] ^ 0x40])  # a bit that does not take
        self._put(self._at, data)
        self._at += len(data)

    def _put(self, offset: int, data: bytes) -> None:
        data = data[: max(0, self.size - offset)]
        self.data[offset : offset + len(data)] = data
        self._file.seek(offset)
        self._file.write(data)
        self._file.flush()


class Line(server.BootloaderConnection):
    """The loader's end of the port: bytes come through a queue, answers go out by `send`."""

    def __init__(self, send: Any):
        super().__init__(serial_port=self)
        self.incoming: Queue[bytes | None] = Queue()
        self._send = send

    def set_timeout(self, timeout: float) -> None:
        pass  # the mock's own is too short for an acknowledgement on a busy computer

    def recv(self, size: int) -> bytes:
        data = self.incoming.get()
        return b"" if data is None else data

    def sendall(self, data: bytes) -> None:
        self._send(data)

    def close(self) -> None:
        pass


class Rom:
    """The loader in a thread, from esptool's first words to the next reset."""

    def __init__(self, flash: Path, size: int, chip: str, fault: Fault, send: Any):
        # The chip tells its flash by a JEDEC number whose third byte is log2 of the size.
        mac = mac_of(flash)
        registers.mac_bytes_for_chip = lambda chip: tuple(mac)
        registers.rom_profile.cache_clear()
        protocol.MOCK_FLASH_ID = 0x4020 | size.bit_length() - 1 << 16
        self.flash = FileFlash(flash, size, fault)
        self._line = Line(send)
        self._rest = b""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(chip,), daemon=True)
        self._thread.start()

    def _serve(self, chip: str) -> None:
        # Without exit_on_disconnect the mock forgets its client 3 s after the first image.
        server.handle_client(
            self._line, self._stop, chip, exit_on_disconnect=True, flash=self.flash
        )

    @property
    def idle(self) -> bool:
        """Not within one of esptool's packets."""
        return not self._rest

    def write(self, data: bytes) -> None:
        """Bytes from the port; handed on as whole SLIP frames, which the mock relies on."""
        self._rest += data
        while True:
            start = self._rest.find(END)
            end = self._rest.find(END, start + 1)
            if start < 0 or end < 0:
                return
            if end > start + 1:
                self._line.incoming.put(self._rest[start : end + 1])
                self._rest = self._rest[end + 1 :]
            else:  # the end of one frame, the start of the next
                self._rest = self._rest[end:]

    def stop(self) -> None:
        self._stop.set()
        self._line.incoming.put(None)
        self._thread.join(2)
        self.flash.close()


def mac_of(flash: Path) -> bytes:
    """Every virtual unit has an address of its own, by the path of its flash file."""
    return b"\x30\xae\xa4" + hashlib.sha256(str(flash.resolve()).encode()).digest()[:3]


def blank(path: Path, size: int) -> None:
    """A flash file as it comes from the factory, unless there is one."""
    if not path.exists() or os.path.getsize(path) != size:
        path.write_bytes(b"\xff" * size)
