"""What was found of a unit, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from host_tools.bench.outcome import Outcome, cycles_per_instruction, verdicts
from target import tables
from target.cost import CYCLES_PER_INSTRUCTION


def show(console: Console, found: Outcome) -> None:
    facts, clock = found.facts, found.clock
    console.print(f"{facts.port}: {facts.processor}", style="bold", markup=False)
    console.print(f"  MicroPython {facts.micropython}, firmware {facts.firmware}", markup=False)
    if not facts.same_firmware:
        console.print(f"  which is not what this computer has: {facts.tree}", style="bold red")
    console.print(f"  clock: {clock.said}")
    calls = sum(found.kernels.calls.values())
    differing = found.kernels.differing
    console.print(
        f"{len(found.kernels.calls)} kernels, {calls} calls of them: "
        f"{'differ' if differing else 'equal to the host'}"
    )
    if found.run:
        what = "the whole band from its sensors' words on"
        if found.run.samples:
            what = "the chain alone, from 1 kHz samples on"
        console.print(
            f"{what}, {found.run.rounds * 0.032:.1f} s, "
            f"{found.run.strides} strides: "
            f"{'differ' if found.run.differing else 'records equal to the host'}"
        )
    for said in found.differing:
        console.print(said, style="bold red", markup=False)
    if found.measured.features:
        console.print(tables.feature_table(found.cost, found.measured))
    console.print(tables.kernel_table(found.cost, measured=found.measured))
    if found.run and found.run.memory:
        console.print(tables.memory_table(found.cost, found.run.memory))
    _show_parts(console, found)
    ratios = cycles_per_instruction(found)
    if ratios:
        text = ", ".join(f"{value:.2f} in {what}" for what, value in ratios.items())
        console.print(
            f"{clock.unit} per instruction: {text}; {CYCLES_PER_INSTRUCTION} cycles assumed"
        )
    if not facts.is_band:
        console.print("No figure above is an ESP32's but the counted and estimated ones.")
    for said in verdicts(found) + found.troubles:
        console.print(said, markup=False)


def _show_parts(console: Console, found: Outcome) -> None:
    rows: list[tuple[str, Sequence[float]]] = [
        ("4 KiB to flash", found.parts.flash_us),
        ("asking the FIFO's level", found.parts.level_us),
        ("56 FIFO words", found.parts.burst_us),
    ]
    if found.run:
        rows.insert(0, ("collection with the band on the heap", found.run.collections_us))
    told = [
        f"{what} {_ms(sorted(us)[len(us) // 2])}, at worst {_ms(max(us))}"
        for what, us in rows
        if us
    ]
    if told:
        console.print("ms: " + "; ".join(told))
    for note in found.parts.notes:
        console.print(f"note: {note}", markup=False)


def _ms(us: float) -> str:
    return f"{us / 1000:.2f}"
