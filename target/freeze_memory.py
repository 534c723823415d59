"""RAM of the firmware on 32 bits: loaded from files, and frozen into the interpreter's image.

Two programs: whole_band.py, from the sensors' words to the warning, and whole_unit.py, all of the
application as at boot. What the ESP32 offers is published, not measured here.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from target.count import printed_figures
from target.machines import (
    FIRMWARE,
    SCRIPTS,
    TWIN,
    Machine,
    TargetError,
    compiled,
    frozen,
)
from target.rounds import ROUND_BYTES

PEAK_ROUNDS = 320  # ten seconds are enough to see the heap at its fullest
STAND_INS = SCRIPTS / "absent"
# What micropython/micropython#12141 shows, tested on GENERIC_S3, with Bluetooth off: "GC: total:
# 64000 [...] max new split: 188352". Pieces beside the largest are not in it.
S3_HEAP = 64_000 + 188_352
# Of the controller and NimBLE: 60 kB as it comes, 30 kB trimmed (espressif/esp-idf#10157); about
# 32 kB (Moddable-OpenSource/moddable#640); 45 kB on an S3 (h2zero/NimBLE-Arduino#1046).
BLUETOOTH = 60 << 10
BLUETOOTH_TRIMMED = 30 << 10


@dataclass(frozen=True)
class Ram:
    """Bytes. smallest: the heap in which the program runs, with what does not last and holes."""

    code: int  # heap of what importing makes
    objects: int
    machine_code: int  # in executable memory, outside the heap
    smallest: int

    @property
    def needed(self) -> int:
        return self.smallest + self.machine_code

    def rows(self) -> dict[str, int]:
        return {
            "heap of code": self.code,
            "heap of objects": self.objects,
            "machine code in RAM": self.machine_code,
            "smallest heap": self.smallest,
        }


def measure(
    machine: Machine, settings: Path, rounds: Path, firmware: Path = FIRMWARE
) -> dict[str, Ram]:
    """By program and way: "whole band, frozen", ..."""
    short = rounds.with_suffix(".short")
    with open(rounds, "rb") as file:
        short.write_bytes(file.read(PEAK_ROUNDS * ROUND_BYTES))
    records = rounds.with_suffix(".records")
    code = compiled(machine.name, firmware)
    found = {}
    ways = (("from files", (code,), machine), ("frozen", (), frozen(machine, firmware)))
    for way, where, one in ways:
        band_path, unit_path = (SCRIPTS, *where, TWIN), (STAND_INS, SCRIPTS, *where)

        def run_band(heap: str, one: Machine = one, path: tuple[Path, ...] = band_path) -> bytes:
            script = SCRIPTS / "whole_band.py"
            return one.run(script, settings, records, path=path, stdin=short, heap=heap)

        def run_unit(heap: str, one: Machine = one, path: tuple[Path, ...] = unit_path) -> bytes:
            return one.run(SCRIPTS / "whole_unit.py", path=path, heap=heap)

        found[f"whole band, {way}"] = _ram(run_band)
        found[f"whole unit, {way}"] = _ram(run_unit)
    return found


def _ram(run: Callable[[str], bytes]) -> Ram:
    figures = printed_figures(run("8M").decode())
    code, objects = figures["heap_of_code"], figures["heap_of_objects"]
    return Ram(code, objects, figures["code_bytes"], _smallest_heap(run, code + objects))


def _smallest_heap(run: Callable[[str], bytes], more_than: int) -> int:
    """Bytes, to 1 KiB, of the smallest heap in which it runs."""
    fails = more_than >> 10
    works = fails + 512
    while works - fails > 1:
        middle = (fails + works) // 2
        try:
            run(f"{middle}k")
            works = middle
        except TargetError as error:
            if "MemoryError" not in str(error) and "nobody catches" not in str(error):
                raise
            fails = middle
    return works << 10


def s3_offers(bluetooth: int = BLUETOOTH, firmware: Path = FIRMWARE) -> int:
    """Bytes for the heap of a stock ESP32-S3 without PSRAM, with Bluetooth and I2S on."""
    return S3_HEAP - bluetooth - i2s_bytes(firmware)


def i2s_bytes(firmware: Path = FIRMWARE) -> int:
    """Of its DMA buffers, which are not on MicroPython's heap, but in the same memory."""
    for node in ast.parse((firmware / "band" / "unit" / "board.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EMG_IBUF":
            assert isinstance(node.value, ast.Call)
            return ast.literal_eval(node.value.args[0])
    raise TargetError("band/unit/board.py has no EMG_IBUF")
