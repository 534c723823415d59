"""What was found, as tables, as counters by the firmware's own names, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from target.loop import flash
from target.loop.cases import ROOMY_KB, Case
from target.loop.figures import FIGURES, Figure, Plant
from target.loop.fills import (
    BUFFERS,
    BULK,
    DMA,
    FIFO,
    INPUT,
    INTERRUPT,
    SMALL,
    UNITS,
    WATCHDOG,
    Fill,
    Played,
)
from target.loop.firmware import Firmware
from target.loop.margins import Margin

_COUNTED = ("worn, no session", "all at once but flash", "sessions", "all at once")
_LOSSY = (FIFO, DMA, INTERRUPT)  # what they lose are samples


def clock(us: float) -> str:
    s = us / 1e6
    return f"{int(s // 3600)}:{int(s // 60) % 60:02d}:{s % 60:05.2f}"


def unexpected(case: Case, played: Played) -> list[str]:
    return [name for name in played.overrun() if name not in case.known]


def case_table(results: Mapping[str, tuple[Case, Played]], hours: float) -> Table:
    table = Table(title=f"The loop over {hours:g} h of each case: the fullest each buffer was")
    table.add_column("case")
    for name, unit in zip(BUFFERS, UNITS, strict=True):
        table.add_column(f"{name}\n[dim]{unit}[/]", justify="right")
    table.add_column("late,\nms", justify="right")
    table.add_column("")
    for case, played in results.values():
        cells = [_cell(played.fills[name]) for name in BUFFERS]
        table.add_row(case.name, *cells, f"{played.latest_us / 1000:.0f}", _verdict(case, played))
    return table


def _cell(fill: Fill) -> str:
    most = f"{fill.most:.1f}" if fill.capacity < 10 else f"{fill.most:.0f}"
    text = f"{most} / {fill.capacity:g}"
    return f"[bold]{text}, {fill.overruns}x[/]" if fill.overruns else text


def _verdict(case: Case, played: Played) -> str:
    if unexpected(case, played):
        return "[bold]overruns[/]"
    if played.overrun():
        return "known to"
    return "holds"


def sentences(results: Mapping[str, tuple[Case, Played]]) -> list[str]:
    """Of each case: what was fullest and why, and what overran first."""
    said = []
    for case, played in results.values():
        fullest = max(
            (FIFO, DMA), key=lambda name: played.fills[name].most / played.fills[name].capacity
        )
        overrun = played.overrun()
        if not overrun:
            fill = played.fills[fullest]
            said.append(f"{case.name}: {fullest} fullest at {clock(fill.at_us)}, after {fill.why}.")
            continue
        first = played.fills[overrun[0]]
        lost = "; ".join(_lost(name, played) for name in overrun)
        said.append(
            f"{case.name}: the first to overrun is the {overrun[0]}, at {clock(first.first_us)}, "
            f"after {first.first_why}. {lost}."
        )
    return said


def _lost(name: str, played: Played) -> str:
    fill = played.fills[name]
    if name in _LOSSY:
        return f"{name} {fill.overruns}x, {fill.lost / 1e6:.2f} s of samples"
    if name == INPUT:
        return f"{name} {fill.overruns}x, samples worked off before their turn"
    return f"{name} {fill.overruns}x" + (f", {fill.lost:.0f} packets" if fill.lost else "")


def counters(firmware: Firmware, played: Played) -> dict[str, int]:
    """What a unit would count, by the names of wire.COUNTERS; what is not played is left out."""
    fills = played.fills
    found = {
        "emg_lost": round((fills[DMA].lost + fills[INTERRUPT].lost) / 1000),
        "imu_lost": round(fills[FIFO].lost / 1e6 * firmware.frames_per_s),
        "late_loops": played.late_loops,
        "longest_loop_us": round(played.longest_loop_us),
        "emg_overflows": fills[DMA].overruns + fills[INTERRUPT].overruns,
        "imu_overruns": fills[FIFO].overruns,
        "radio_dropped": round(fills[SMALL].lost + fills[BULK].lost),
        "collections": played.collections,
        "longest_collection_us": round(played.longest_collection_us),
        "watchdog_restarts": fills[WATCHDOG].overruns,
        "latest_loop_us": round(played.latest_us),
        "most_emg_waiting": round(fills[DMA].most * firmware.dma_us / 1000),
        "most_imu_waiting": round(fills[FIFO].most),
        "longest_write_us": round(played.longest_write_us),
        "most_packets_waiting": round(max(fills[SMALL].most, fills[BULK].most)),
    }
    return {name: found[name] for name in firmware.counters if name in found}


def counter_table(firmware: Firmware, results: Mapping[str, tuple[Case, Played]]) -> Table:
    table = Table(title="As the unit would count it (calfband doctor shows a unit's)")
    table.add_column("counter")
    columns = []
    results = {name: one for name, one in results.items() if name in _COUNTED}
    for case, played in results.values():
        table.add_column(case.name, justify="right")
        columns.append(counters(firmware, played))
    for name in columns[0]:
        table.add_row(name, *(f"{column[name]}" for column in columns))
    table.add_section()
    low = 0
    for k, end in enumerate((*firmware.bin_ends_us, None)):
        name = f"ticks late by {low / 1000:g} ms or more"
        table.add_row(name, *(f"{played.bins[k]}" for _, played in results.values()))
        low = end or 0
    return table


def log_table(firmware: Firmware, plant: Plant, limit_us: float) -> Table:
    """The batches of the session log under other ways to mount the file system."""
    table = Table(title="What the session log stops the loop for, by how LittleFS is mounted")
    columns = (
        "mounted with",
        "usually, ms",
        "longest, ms",
        "erases",
        "reads",
        f"over {limit_us / 1000:.0f} ms",
    )
    for column in columns:
        table.add_column(column, justify="left" if column == columns[0] else "right")
    for name, mount in flash.mounts().items():
        counted = flash.counted(ROOMY_KB, mount)
        works = counted["put"] + counted["sync"]
        times = sorted(work.us(plant) for work in works)
        over = sum(us > limit_us for us in times) / len(times)
        table.add_row(
            name,
            f"{times[len(times) // 2] / 1000:.0f}",
            f"{times[-1] / 1000:.0f}",
            f"at most {max(work.erases for work in works)}",
            f"at most {max(work.reads for work in works)}",
            f"{over:.1%} of them",
        )
    return table


def margin_table(margins: Sequence[Margin]) -> Table:
    table = Table(title="What it would take")
    for column in ("what", "overruns from", "first", "now"):
        table.add_column(column, justify="left" if column in ("what", "first") else "right")
    for one in margins:
        now = f"{one.now:.3g} {one.unit}" if one.now is not None else ""
        if one.first:
            table.add_row(one.what, f"{one.at:.4g} {one.unit}", one.first, now)
        else:
            table.add_row(one.what, f"not up to {one.at:.4g} {one.unit}", "", now)
    return table


def load_table(firmware: Firmware, plant: Plant) -> Table:
    table = Table(title="What takes time")
    for column in ("load", "takes", "from"):
        table.add_column(column, justify="right" if column == "takes" else "left")
    rounds = plant.parts.rounds
    table.add_row(
        "32 ms of samples through drivers and chain",
        f"{plant.us(rounds.mean()) / 1000:.1f} ms, at most {plant.us(rounds[-1]) / 1000:.1f} ms",
        "counted here",
    )
    for name in plant.parts.parts:
        table.add_row(name, f"{plant.part(name) / 1000:.2f} ms", "counted here")
    for figure in FIGURES.values():
        table.add_row(figure.what, _figure(figure), _origin(figure))
    return table


def _figure(figure: Figure) -> str:
    if figure.unit == "us":
        scales = ((1e6, "s"), (1e3, "ms"), (1, "us"), (1e-3, "ns"))
        scale, unit = next(one for one in scales if figure.value >= one[0])
        return f"{figure.value / scale:.3g} {unit}"
    if figure.unit == "Hz":
        return f"{figure.value / 1e6:.0f} MHz"
    return f"{figure.value:g} {figure.unit}"


def _origin(figure: Figure) -> str:
    return f"{figure.origin}: {figure.source}" if figure.source else figure.origin


def as_json(
    firmware: Firmware,
    results: Mapping[str, tuple[Case, Played]],
    margins: Sequence[Margin],
    hours: float,
    seed: int,
) -> dict[str, Any]:
    return {
        "hours": hours,
        "seed": seed,
        "cases": {
            name: {
                "known": sorted(case.known),
                "overruns": played.overrun(),
                "fills": {one: vars(fill) for one, fill in played.fills.items()},
                "counters": counters(firmware, played),
                "lateness": played.bins,
            }
            for name, (case, played) in results.items()
        },
        "margins": [vars(margin) for margin in margins],
        "figures": {name: vars(figure) for name, figure in FIGURES.items()},
    }


def show(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        console.print(f"- {line}", highlight=False, soft_wrap=True)
