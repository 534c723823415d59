"""What else the model of the loop's time assumes: flash, and the motion chip's bus.

Harmless: the flash is written through one file of ours, which is removed; the motion chip is
started and stopped, as its self-test does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from host_tools.bench.unit import SCRATCH, Unit
from host_tools.usb.console import ExecError

_BLOCK = 4096
_BLOCKS = 12
_LEAST_FREE = 4 * _BLOCKS * _BLOCK

_FLASH = f"""
import os
from time import ticks_diff, ticks_us
try:
    os.mkdir("/data")
except OSError:
    pass
_data = bytes(range(256)) * {_BLOCK // 256}
_us = []
with open({SCRATCH!r}, "wb") as _file:
    for _ in range({_BLOCKS}):
        _start = ticks_us()
        _file.write(_data)
        _file.flush()
        _us.append(ticks_diff(ticks_us(), _start))
os.remove({SCRATCH!r})
print(_us)
"""
_CHIP = """
from time import sleep_ms, ticks_diff, ticks_us
from band.unit.board import Board
def _try():
    board = Board()
    board.emg_power(False)
    imu = board.imu
    try:
        imu.start()
    except OSError as error:
        print(("absent", str(error)))
        return
    sleep_ms(40)
    buffer = bytearray(64 * 7)
    levels, bursts = [], []
    for _ in range(10):
        start = ticks_us()
        imu.fifo_level()
        levels.append(ticks_diff(ticks_us(), start))
        start = ticks_us()
        imu.read_fifo(buffer, 56)
        bursts.append(ticks_diff(ticks_us(), start))
    imu.stop()
    print(("levels", levels))
    print(("bursts", bursts))
_try()
"""


@dataclass
class PartResults:
    """Microseconds, and in notes why something was not measured."""

    flash_us: list[int] = field(default_factory=list)  # to write 4 KiB, erasing where need be
    level_us: list[int] = field(default_factory=list)  # to ask the FIFO's level
    burst_us: list[int] = field(default_factory=list)  # to read 56 FIFO words
    notes: list[str] = field(default_factory=list)


def try_parts(unit: Unit) -> PartResults:
    results = PartResults()
    unit.console.soft_reset()
    if unit.console.free_bytes() < _LEAST_FREE:
        results.notes.append("flash not timed: too little of it is free")
    else:
        (results.flash_us,) = unit.rows(_FLASH)
    try:
        said = dict(unit.rows(_CHIP))
    except ExecError as error:
        results.notes.append(f"motion chip not timed: {error.reason}")
        return results
    if "absent" in said:
        results.notes.append(f"motion chip not timed: {said['absent']}")
    results.level_us = said.get("levels", [])
    results.burst_us = said.get("bursts", [])
    return results
