"""Virtual units whose flash was put together as a file: for what happens after flashing."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import Calfband
from virtual_units import Unit

from host_tools.firmware_tables import settings_copy
from host_tools.image.base import BOOT_OFFSET
from host_tools.image.compile import HOST, Firmware, build_firmware
from host_tools.image.files import FilesOnFlash, build_image
from host_tools.image.partitions import (
    TABLE_BYTES,
    TABLE_OFFSET,
    Partition,
    file_system,
    parse_table,
)
from host_tools.usb.console import Console

FLASH_BYTES = 4 << 20
_APP = "__import__('sys').modules.get('band.unit.app')"
BOOTS_S = 30.0  # on a machine that is busy with other tests


class FileUnit(Unit):
    """`files` by path lie on its flash, and what `without` says of the firmware does not."""

    def __init__(
        self,
        folder: Path,
        firmware: Firmware | None,
        files: dict[str, bytes] | None = None,
        without: Callable[[str], bool] = lambda path: False,
    ) -> None:
        super().__init__(folder)
        base = self.base.read_bytes()
        at = BOOT_OFFSET[self.chip]
        flash = bytearray(b"\xff" * FLASH_BYTES)
        flash[at : at + len(base)] = base
        table = parse_table(bytes(flash[TABLE_OFFSET : TABLE_OFFSET + TABLE_BYTES]))
        found = file_system(table, FLASH_BYTES)
        assert found
        self.partition: Partition = found
        kept = firmware.unit() if firmware else {}
        kept = {path: data for path, data in kept.items() if not without(path)} | (files or {})
        image = build_image(kept, found.size)
        flash[found.offset : found.offset + len(image)] = image
        self.flash.write_bytes(flash)

    def file(self, path: str) -> bytes:
        """As it lies on the flash, the unit unplugged or not."""
        data = self.flash.read_bytes()
        start = self.partition.offset
        disk = FilesOnFlash(lambda at, n: data[start + at : start + at + n], self.partition.size)
        return disk.read(path)

    @contextmanager
    def console(self) -> Iterator[Console]:
        with Console.open(self.port, BOOTS_S) as console:
            yield console

    @contextmanager
    def running_app(self) -> Iterator[Console]:
        """The console of a unit whose app was up; it is started until it has been."""
        for wait_s in (2, 4, 8, 16):
            time.sleep(wait_s)
            with self.console() as console:
                if console.eval(f"getattr({_APP}, 'running', None) is not None"):
                    yield console
                    return
                console.reset()
        raise AssertionError("the app does not start")

    def calfband(
        self, run: Calfband, command: str, *arguments: object
    ) -> subprocess.CompletedProcess[str]:
        return run(command, *arguments, "--port", self.port, cwd=self.folder)

    def record(self, command: str) -> dict:
        """The newest of its records."""
        return json.loads(max(self.records.glob(f"*/{command}-*.json")).read_text())


def settings_file(generation: int = 1, schema: int = 2, **values: int | str) -> bytes:
    """A copy of a unit's settings; "__" in a name is a point."""
    lines = [(name.replace("__", "."), str(value)) for name, value in values.items()]
    return settings_copy.encode(generation, schema, lines)


def host_build() -> Firmware:
    return build_firmware(HOST)
