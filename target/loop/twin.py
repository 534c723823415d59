"""The same stalls in the model and in the virtual band, which runs the firmware itself.

This checks that the model keeps the books as the firmware does: what waits, what is lost, what is
late, under whose names. It checks no time: in the virtual band code takes none.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from host_tools.virtual.soak import world_of_running
from host_tools.virtual.unit import run_unit
from host_tools.virtual.world import Mishap, WorldPlan, write_world
from target.loop import show
from target.loop.figures import Plant
from target.loop.fills import (
    Event,
    Phone,
)
from target.loop.firmware import Firmware
from target.loop.play import Loop

STALLS_MS = (150, 240, 330, 420, 600, 1000)
COMPARED = (
    "late_loops", "latest_loop_us", "emg_lost", "emg_overflows", "imu_lost", "imu_overruns",
    "most_emg_waiting", "most_imu_waiting",
)  # fmt: skip
_LEAD_MS = 15_000
_FIRST_MS = 8_000
_APART_MS = 9_037  # each at another phase
_SLACK = {
    "latest_loop_us": 20_000,
    "emg_lost": 64,  # two DMA buffers
    "imu_lost": 60,  # two reads of the FIFO
    "most_imu_waiting": 85,  # a tick and a read
    "most_emg_waiting": 32,
    "late_loops": 1,
    "emg_overflows": len(STALLS_MS),  # the firmware tells a long one piece by piece
}


@dataclass(frozen=True)
class Compared:
    name: str
    model: int
    twin: int

    @property
    def agree(self) -> bool:
        return abs(self.model - self.twin) <= _SLACK.get(self.name, 0)


def compare(
    firmware: Firmware, plant: Plant, folder: Path, stalls_ms: tuple[int, ...] = STALLS_MS
) -> list[Compared]:
    """Play `stalls_ms` in both. folder: for the virtual band. Raises FirmwareError."""
    minutes = 1.5
    mishaps = [Mishap(_FIRST_MS + _APART_MS * k, "stall", ms) for k, ms in enumerate(stalls_ms)]
    source = world_of_running(folder, minutes)
    unit = folder / "unit"
    unit.mkdir(exist_ok=True)
    settings = [f"{name}={value}" for name, value in source.present.items()]
    settings.append("unit.start_by_running=0")
    plan = WorldPlan(seed=1, lead_ms=_LEAD_MS, mishaps=mishaps, settings=settings)
    write_world(unit, source, plan)
    report = run_unit(unit, lambda tag, fields: None)
    # Code takes no time there, and buses neither; the motion chip's clock is 2 % fast.
    idle = plant.but(core=1e15, i2s=0, spi=0, i2c=0, wake=500)
    events = [
        Event(1000.0 * (_LEAD_MS + one.at_ms), "stall", ((1000.0 * one.lasts_ms, False),))
        for one in mishaps
    ]
    loop = Loop(firmware, idle, Phone(0), events, 1, imu_fast=1.02, collection_us=1)
    played = loop.play(1000.0 * _LEAD_MS + minutes * 60e6)
    counted = show.counters(firmware, played)
    return [Compared(name, counted[name], report[name]) for name in COMPARED]


def table(found: list[Compared]) -> Table:
    stalls = ", ".join(map(str, STALLS_MS))
    made = Table(title=f"Stalls of {stalls} ms in the model and in the virtual band (firmware)")
    for column in ("counter", "model", "virtual band", ""):
        made.add_column(column, justify="left" if column in ("counter", "") else "right")
    for one in found:
        verdict = "agree" if one.agree else "[bold]differ[/]"
        made.add_row(one.name, f"{one.model:,}", f"{one.twin:,}", verdict)
    return made
