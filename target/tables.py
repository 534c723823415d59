"""The cost as tables, and how it stands against the targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.table import Table

from target.cost import CORE_HZ, CYCLES_PER_INSTRUCTION, PER_ITEM, Cost, share
from target.freeze_memory import BLUETOOTH_TRIMMED, s3_offers
from target.rounds import ROUND_MS

MOST_PER_S = 12_000_000
MOST_OF_A_ROUND = 0.40
MOST_RAM = 96 << 10
MOST_MPY = 120 << 10
KERNELS_SHOWN = 24


@dataclass(frozen=True)
class Measured:
    """What a connected unit took, in `unit`s (cycles, or ns where it is no band's processor), of
    which `per_us` are in a microsecond.

    features, whole: the mean round, the worst; None: not all of it ran. kernels: a call; in those
    of `shared` the work of other kernels is included. comparable: it ran what `cost` was counted
    on.
    """

    unit: str
    per_us: float
    features: dict[str, tuple[float, float]]
    whole: tuple[float, float] | None
    kernels: dict[str, float]
    shared: frozenset[str] = field(default_factory=frozenset)
    comparable: bool = True


# An EMG sample of both channels comes every millisecond: instructions per ms are per sample.


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title)
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i == 0 else "right", no_wrap=i == 0)
    return table


def round_share(instructions: float) -> float:
    """Of the 32 ms that it brings."""
    return instructions * CYCLES_PER_INSTRUCTION / (CORE_HZ * ROUND_MS / 1000)


def feature_table(cost: Cost, measured: Measured | None = None) -> Table:
    if measured:
        return _measured_features(cost, measured)
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


def _measured_features(cost: Cost, measured: Measured) -> Table:
    unit = measured.unit
    columns = ("feature", "M instr/s", "est. M cycles/s", f"M {unit}/s", f"{unit}/instr")
    columns += ("us in 32 ms", "in the worst")
    table = _table("Per feature: measured, beside what was counted and assumed", columns)
    rows = [
        (name, per_s, measured.features.get(name)) for name, (per_s, _) in cost.features.items()
    ]
    for name, per_s, found in [*rows, ("whole", cost.per_s, measured.whole)]:
        if name == "whole":
            table.add_section()
        counted = ["", ""]
        if measured.comparable:
            counted = [f"{per_s / 1e6:.2f}", f"{per_s * CYCLES_PER_INSTRUCTION / 1e6:.2f}"]
        if found is None:
            table.add_row(name, *counted)
            continue
        mean, worst = found
        spent = mean * 1000 / ROUND_MS
        ratio = f"{spent / per_s:.2f}" if measured.comparable and per_s else ""
        table.add_row(
            name,
            *counted,
            f"{spent / 1e6:.2f}",
            ratio,
            f"{mean / measured.per_us:.0f}",
            f"{worst / measured.per_us:.0f}",
        )
    return table


def kernel_table(cost: Cost, most: int = KERNELS_SHOWN, measured: Measured | None = None) -> Table:
    unit = measured.unit if measured else ""
    columns = ("viper kernel", "calls/s", "instr/call")
    if measured:
        columns += ("est. cycles/call", f"{unit}/call", f"{unit}/instr")
        table = _table("Per kernel: measured, beside what was counted and assumed", columns)
    else:
        columns += ("instr/item", "k instr/s", "ESP32 bytes")
        table = _table("Per kernel: instructions in its own code", columns)
    ordered = sorted(cost.kernels.items(), key=lambda one: -one[1].instructions_per_s)
    for name, kernel in ordered[:most]:
        per_call = kernel.instructions_per_s / max(kernel.calls_per_s, 1e-9)
        row = [name, f"{kernel.calls_per_s:.1f}", f"{per_call:.0f}"]
        if measured:
            row += _measured_call(name, per_call, measured)
        else:
            item = ""
            if name in PER_ITEM:
                what, per_s = PER_ITEM[name]
                item = f"{kernel.instructions_per_s / per_s:.0f} / {what}"
            row += [item, f"{kernel.instructions_per_s / 1e3:.0f}", str(kernel.code_bytes)]
        table.add_row(*row)
    rest = [kernel for _, kernel in ordered[most:]]
    if measured is None:
        table.add_row(
            f"{len(rest)} others",
            "",
            "",
            "",
            f"{sum(kernel.instructions_per_s for kernel in rest) / 1e3:.0f}",
            str(sum(kernel.code_bytes for kernel in rest)),
        )
    return table


def _measured_call(name: str, per_call: float, measured: Measured) -> list[str]:
    estimate = f"{per_call * CYCLES_PER_INSTRUCTION:.0f}"
    found = measured.kernels.get(name)
    if found is None:
        return [estimate, "", ""]
    if found <= 0:
        return [estimate, "not seen", ""]  # in the noise of what the call takes
    most = "<= " if name in measured.shared else ""
    ratio = f"{most}{found / per_call:.2f}" if per_call else ""
    return [estimate, f"{found:.0f}", ratio]


def memory_table(cost: Cost, measured: dict[str, int] | None = None) -> Table:
    """measured: bytes on a unit, which may know of more."""
    columns = ("what", "kB on 32 bits, counted", "kB on the unit") if measured else ("what", "kB")
    table = _table("Memory" if measured else "Memory on 32 bits", columns)
    names: list[str] = [*cost.memory, *(name for name in measured or {} if name not in cost.memory)]
    for name in names:
        row = [cost.memory, measured] if measured else [cost.memory]
        table.add_row(name, *(f"{of[name] / 1024:.1f}" if name in of else "" for of in row))
    return table


def freezing_table(cost: Cost) -> Table:
    title = "RAM from .mpy files, and frozen into the interpreter's image"
    table = _table(title, ("kB", *(name.replace(", ", ",\n") for name in cost.ram)))
    rows = [{**ram.rows(), "needed": ram.needed} for ram in cost.ram.values()]
    for what in rows[0]:
        table.add_row(what, *(f"{row[what] / 1024:.1f}" for row in rows))
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
        verdict(
            cost.per_s <= MOST_PER_S,
            f"{cost.per_s / 1e6:.1f} M instructions/s of {MOST_PER_S / 1e6:.0f} M; most: {most}",
        ),
        verdict(
            round_share(cost.worst_round) <= MOST_OF_A_ROUND,
            f"{round_share(cost.worst_round):.0%} of its time, of {MOST_OF_A_ROUND:.0%}, for the "
            f"worst block of {ROUND_MS} ms with the fatigue model's longest step in it, "
            f"{round_share(cost.worst_without_fatigue):.0%} without; most, in k: {most_worst}",
        ),
        verdict(
            buffers <= MOST_RAM,
            f"{buffers / 1024:.0f} kB of RAM for objects, buffers and stack, of "
            f"{MOST_RAM >> 10} kB; loaded from files, code takes it to {with_code / 1024:.0f} kB",
        ),
        _freezing_verdict(cost),
        verdict(
            memory["application as .mpy"] <= MOST_MPY,
            f"{memory['application as .mpy'] / 1024:.0f} kB of .mpy, of {MOST_MPY >> 10} kB",
        ),
    ]


def _freezing_verdict(cost: Cost) -> str:
    needed = cost.ram["whole unit, frozen"].needed
    from_files = cost.ram["whole unit, from files"].needed
    offered, trimmed = s3_offers(), s3_offers(BLUETOOTH_TRIMMED)
    if needed <= offered:
        answer = "fits"
    elif needed <= trimmed:
        answer = "fits with Bluetooth trimmed only"
    else:
        answer = "does not fit"
    return verdict(
        needed <= offered,
        f"the whole unit frozen needs {needed / 1024:.0f} kB of RAM, from files "
        f"{from_files / 1024:.0f} kB; a stock ESP32-S3 without PSRAM offers, as published, "
        f"{offered / 1024:.0f} kB with Bluetooth and I2S on, {trimmed / 1024:.0f} kB with "
        f"Bluetooth trimmed: {answer}",
    )


def verdict(kept: bool, said: str) -> str:
    return f"{'kept  ' if kept else 'missed'}  {said}"
