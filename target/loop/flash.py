"""How long the unit's files stop the loop: operations counted on LittleFS, times of figures.py."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from target import budget
from target.loop.figures import Plant
from target.loop.firmware import constants
from target.machines import FIRMWARE, TargetError, host

_SCRIPT = Path(__file__).resolve().parent / "micropython" / "flash_work.py"
LOG_KB = 1024
_SESSIONS = 12
Mount = tuple[int, int]  # readsize, lookahead in bytes
BLOCKS = 1264  # as in flash_work.py
STOCK: Mount = (32, 32)  # as MicroPython mounts it


def mount_of_unit(folder: Path = FIRMWARE) -> Mount:
    """As band/unit/mounting.py does it on 5 MiB."""
    found = constants("unit/mounting", folder)
    return found["READSIZE"], -(-BLOCKS // found["_OFF_ON"]) * 8


def mounts() -> dict[str, Mount]:
    _, lookahead = unit = mount_of_unit()
    return {
        "MicroPython's own values": STOCK,
        "a bit for each block": (32, lookahead),
        "and reads of 128 bytes": (128, lookahead),
        "and reads of 1 KiB": (1024, lookahead),
        f"as the unit does: reads of {unit[0]} bytes": unit,
    }


@dataclass(frozen=True)
class Work:
    """One call of the file system."""

    kind: str
    reads: int
    read_bytes: int
    programs: int
    program_bytes: int
    erases: int

    def us(self, plant: Plant) -> float:
        return (
            self.reads * plant["read"]
            + self.read_bytes * plant["byte read"]
            + self.programs * plant["program"]
            + self.program_bytes * plant["byte programmed"]
            + self.erases * plant["erase"]
        )


@lru_cache(maxsize=16)
def counted(free_kb: int, mount: Mount, firmware: Path = FIRMWARE) -> dict[str, list[Work]]:
    """Work by kind, in order, with so much room on flash beside the log's."""
    with tempfile.TemporaryDirectory(prefix="calfband-") as folder:
        application = Path(folder) / "application"
        sources = sorted((firmware / "band").rglob("*.py"))
        scale = budget.read()["bytes"]["application as .mpy"]
        scale /= sum(path.stat().st_size for path in sources)
        application.write_text(
            "".join(
                f"{path.relative_to(firmware)} {round(scale * path.stat().st_size)}\n"
                for path in sources
            )
        )
        arguments = [application, _SESSIONS, LOG_KB, free_kb, *mount]
        command = [*host().micropython, "-X", "heapsize=32M", _SCRIPT, *arguments]
        env = {**os.environ, "MICROPYPATH": f"{firmware}:.frozen"}
        done = subprocess.run(list(map(str, command)), env=env, capture_output=True, text=True)
    if done.returncode:
        raise TargetError(f"{_SCRIPT.name}: {(done.stdout + done.stderr)[-500:]}")
    found: dict[str, list[Work]] = {}
    for line in done.stdout.splitlines():
        kind, *counts = line.split()
        found.setdefault(kind, []).append(Work(kind, *map(int, counts)))
    return found


def worst(works: list[Work], plant: Plant) -> Work:
    return max(works, key=lambda work: work.us(plant))
