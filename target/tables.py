"""The cost as tables, and how it stands against the targets."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from target.cost import CORE_HZ, CYCLES_PER_INSTRUCTION, PER_ITEM, Cost, share
from target.rounds import ROUND_MS

MOST_PER_S = 12_000_000
MOST_OF_A_ROUND = 0.40
MOST_RAM = 96 << 10
MOST_MPY = 120 << 10
KERNELS_SHOWN = 24


# An EMG sample of both channels comes every millisecond: instructions per ms are per sample.


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title)
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i == 0 else "right")
    return table


def round_share(instructions: float) -> float:
    """Of the 32 ms that it brings."""
    return instructions * CYCLES_PER_INSTRUCTION / (CORE_HZ * ROUND_MS / 1000)


def feature_table(cost: Cost) -> Table:
    columns = ("feature", "M instr/s", "instr/ms", "k/stride", "of a core", "k in the worst 32 ms")
    table = _table("Per feature: instructions on Xtensa, interpreter included", columns)
    strides_per_s = cost.strides / cost.seconds
    for name, (per_s, worst) in cost.features.items():
        table.add_row(
            name,
            f"{per_s / 1e6:.2f}",
            f"{per_s / 1e3:.0f}",
            f"{per_s / strides_per_s / 1e3:.0f}",
            f"{share(per_s):.2%}",
            f"{worst / 1e3:.0f}",
        )
    table.add_section()
    table.add_row(
        "whole",
        f"{cost.per_s / 1e6:.2f}",
        f"{cost.per_s / 1e3:.0f}",
        f"{cost.per_s / strides_per_s / 1e3:.0f}",
        f"{share(cost.per_s):.2%}",
        f"{cost.worst_round / 1e3:.0f}",
    )
    for name, per_s in (
        ("of it in viper kernels", cost.viper_per_s),
        ("of it in the interpreter", cost.per_s - cost.viper_per_s),
    ):
        table.add_row(name, f"{per_s / 1e6:.2f}", f"{per_s / 1e3:.0f}", "", f"{share(per_s):.2%}")
    return table


def kernel_table(cost: Cost, most: int = KERNELS_SHOWN) -> Table:
    columns = ("viper kernel", "calls/s", "instr/call", "instr/item", "k instr/s", "ESP32 bytes")
    table = _table("Per kernel: instructions in its own code", columns)
    ordered = sorted(cost.kernels.items(), key=lambda one: -one[1].instructions_per_s)
    for name, kernel in ordered[:most]:
        item = ""
        if name in PER_ITEM:
            what, per_s = PER_ITEM[name]
            item = f"{kernel.instructions_per_s / per_s:.0f} / {what}"
        table.add_row(
            name,
            f"{kernel.calls_per_s:.1f}",
            f"{kernel.instructions_per_s / max(kernel.calls_per_s, 1e-9):.0f}",
            item,
            f"{kernel.instructions_per_s / 1e3:.0f}",
            str(kernel.code_bytes),
        )
    rest = [kernel for _, kernel in ordered[most:]]
    table.add_row(
        f"{len(rest)} others",
        "",
        "",
        "",
        f"{sum(kernel.instructions_per_s for kernel in rest) / 1e3:.0f}",
        str(sum(kernel.code_bytes for kernel in rest)),
    )
    return table


def memory_table(cost: Cost) -> Table:
    table = _table("Memory on 32 bits", ("what", "kB"))
    for name, size in cost.memory.items():
        table.add_row(name, f"{size / 1024:.1f}")
    return table


def verdicts(cost: Cost) -> list[str]:
    """A sentence for each target, with the parts that are most of a miss."""
    parts = sorted(cost.features.items(), key=lambda one: -one[1][0])
    most = ", ".join(f"{name} {per_s / 1e6:.1f}" for name, (per_s, _) in parts[:4])
    worst = sorted(cost.features.items(), key=lambda one: -one[1][1])
    most_worst = ", ".join(f"{name} {n / 1e3:.0f}" for name, (_, n) in worst[:4])
    memory = cost.memory
    buffers = memory["heap of sources, clocks, chain"] + memory["stack"]
    with_code = memory["smallest heap that holds both"] + memory["stack"]
    with_code += memory["machine code in RAM"]
    return [
        _verdict(
            cost.per_s <= MOST_PER_S,
            f"{cost.per_s / 1e6:.1f} M instructions/s of {MOST_PER_S / 1e6:.0f} M; most: {most}",
        ),
        _verdict(
            round_share(cost.worst_round) <= MOST_OF_A_ROUND,
            f"{round_share(cost.worst_round):.0%} of its time, of {MOST_OF_A_ROUND:.0%}, for the "
            f"worst block of {ROUND_MS} ms with the fatigue model's longest step in it, "
            f"{round_share(cost.worst_without_fatigue):.0%} without; most, in k: {most_worst}",
        ),
        _verdict(
            buffers <= MOST_RAM,
            f"{buffers / 1024:.0f} kB of RAM for objects, buffers and stack, of "
            f"{MOST_RAM >> 10} kB; loaded from files, code takes it to {with_code / 1024:.0f} kB",
        ),
        _verdict(
            memory["application as .mpy"] <= MOST_MPY,
            f"{memory['application as .mpy'] / 1024:.0f} kB of .mpy, of {MOST_MPY >> 10} kB",
        ),
    ]


def _verdict(kept: bool, said: str) -> str:
    return f"{'kept  ' if kept else 'missed'}  {said}"
