"""How large the firmware is: against the partitions of each flash size, and in RAM."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from host_tools.band import find_micropython
from host_tools.errors import FirmwareError
from host_tools.image.compile import Firmware
from host_tools.image.files import FilesOnFlash

FLASH_MB = (4, 8, 16)
BEHIND_APP = 0x200000  # MicroPython's own layout: its application ends here, then come the files

_TWIN = Path(__file__).resolve().parent.parent / "twin"
_MEASURE = """
import gc
import machine, bluetooth, asyncio
gc.collect()
before = gc.mem_alloc()
from band.unit.start import run
gc.collect()
print(gc.mem_alloc() - before)
"""


def partition_bytes(flash_mb: int) -> int:
    return (flash_mb << 20) - BEHIND_APP


def flash_use(image: bytes) -> tuple[int, int]:
    """(bytes used, bytes a whole second slot leaves) of a unit's fresh file system."""
    disk = FilesOnFlash(lambda at, n: image[at : at + n], len(image))
    used = disk.used_bytes
    return used, len(image) - 2 * used


def heap_after_import(host_firmware: Firmware) -> int:
    """Bytes of heap that the imported program takes on this computer's interpreter.

    Its words have 64 bits; what the band's 32-bit words take is counted by `make target`.
    Viper code is not in it: on the ESP32 it lies in executable memory outside the heap.
    """
    with tempfile.TemporaryDirectory(prefix="calfband-ram-") as folder:
        for path, data in host_firmware.files.items():
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        script = Path(folder) / "measure.py"
        script.write_text(_MEASURE)
        done = subprocess.run(
            [find_micropython(), "-X", "heapsize=4M", script],
            capture_output=True,
            text=True,
            env={**os.environ, "MICROPYPATH": _path(folder)},
        )
    if done.returncode or not done.stdout.strip().isdigit():
        raise FirmwareError(f"the firmware does not import: {(done.stdout + done.stderr)[-300:]}")
    return int(done.stdout)


def _path(folder: str) -> str:
    return f"{_TWIN / 'quiet'}:{_TWIN / 'stand_ins'}:{folder}:{_TWIN}:.frozen"
