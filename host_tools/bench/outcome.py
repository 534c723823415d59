"""What was found of a unit: beside what was counted, as a record, and as troubles."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.bench.clock import Clock
from host_tools.bench.kernels import KernelResults
from host_tools.bench.parts import PartResults
from host_tools.bench.run import RunResults
from host_tools.bench.unit import Facts
from host_tools.bench.vectors import Vectors
from target import budget
from target.cost import CYCLES_PER_INSTRUCTION, Cost, Kernel
from target.rounds import ROUND_MS
from target.tables import MOST_OF_A_ROUND, MOST_PER_S, Measured, verdict
from target.unit_run import FEATURES, KERNELS, SECONDS, WORST

_PER_S = 1000 / ROUND_MS  # rounds


@dataclass
class Outcome:
    """troubles: what makes the exit code 1. incomplete: what makes it 2, if anything."""

    facts: Facts
    clock: Clock
    kernels: KernelResults
    run: RunResults | None
    parts: PartResults
    cost: Cost  # counted
    measured: Measured
    troubles: list[str] = field(default_factory=list)
    incomplete: str = ""

    @property
    def equal(self) -> bool:
        return not self.differing

    @property
    def differing(self) -> list[str]:
        return self.kernels.differing + (self.run.differing if self.run else [])

    @property
    def exit_code(self) -> int:
        if self.differing or self.troubles:
            return 1
        return 2 if self.incomplete else 0


def outcome(
    facts: Facts,
    clock: Clock,
    vectors: Vectors,
    kernels: KernelResults,
    run: RunResults | None,
    parts: PartResults,
) -> Outcome:
    cost = counted(vectors)
    features = {}
    whole = None
    if run and run.features:
        features = {n: (float(u.mean()), float(u.max())) for n, u in run.features.items()}
        if not run.samples:
            total = np.sum(list(run.features.values()), axis=0)
            whole = (float(total.mean()), float(total.max()))
    measured = Measured(
        clock.unit,
        clock.per_us,
        features,
        whole,
        {name: time.fastest for name, time in kernels.times.items()},
        frozenset(name for name, time in kernels.times.items() if time.with_others),
        comparable=vectors.whole_run and bool(cost.features),
    )
    found = Outcome(facts, clock, kernels, run, parts, cost, measured)
    if facts.is_band and whole and measured.comparable:
        found.troubles = _exceeded(found, *whole)
    return found


def counted(vectors: Vectors) -> Cost:
    """What `make target` recorded of the same run; without features where it has not yet."""
    recorded = budget.read()
    worst = recorded.get(WORST, {})
    features = {
        name: (total / SECONDS, worst.get(name, 0))
        for name, total in recorded.get(FEATURES, {}).items()
    }
    instructions = recorded.get(KERNELS, {})
    kernels = {
        name: Kernel(per_s, instructions.get(name, 0) / SECONDS, 0)
        for name, per_s in vectors.calls_per_s.items()
    }
    per_s = sum(per_s for per_s, _ in features.values())
    memory = dict(recorded.get("bytes", {}))
    return Cost(SECONDS, vectors.strides, per_s, features, kernels, memory)


def _exceeded(found: Outcome, mean: float, worst: float) -> list[str]:
    """The budget in cycles: what the recorded instructions take at the assumed cycles of each."""
    said = []
    allowed = CYCLES_PER_INSTRUCTION * (1 + budget.SLACK)
    for what, cycles, instructions in (
        ("a second", mean * _PER_S, found.cost.per_s),
        (f"the worst {ROUND_MS} ms", worst, found.cost.worst_round),
    ):
        if cycles > allowed * instructions:
            said.append(
                f"{what} takes {cycles:,.0f} cycles, {cycles / instructions:.2f} for each of the "
                f"{instructions:,.0f} instructions that are its budget, not "
                f"{CYCLES_PER_INSTRUCTION}."
            )
    return said


def cycles_per_instruction(found: Outcome) -> dict[str, float]:
    """Of the whole band, and of the viper kernels that call no other; in the clock's units."""
    said = {}
    if found.measured.comparable and found.measured.whole:
        said["whole band"] = found.measured.whole[0] * _PER_S / found.cost.per_s
    spent = counted = 0.0
    for name, per_call in found.measured.kernels.items():
        kernel = found.cost.kernels[name]
        if name not in found.measured.shared and kernel.instructions_per_s:
            spent += per_call * kernel.calls_per_s
            counted += kernel.instructions_per_s
    if counted:
        said["viper kernels"] = spent / counted
    return said


def verdicts(found: Outcome) -> list[str]:
    """How the cycles of a band stand against the targets."""
    if not found.facts.is_band or not found.measured.whole:
        return []
    mean, worst = (
        units / found.measured.per_us / (1000 * ROUND_MS) for units in found.measured.whole
    )
    most = MOST_PER_S * CYCLES_PER_INSTRUCTION / found.facts.hz
    return [
        verdict(mean <= most, f"{mean:.1%} of one core, of {most:.1%}"),
        verdict(
            worst <= MOST_OF_A_ROUND,
            f"{worst:.0%} of its time, of {MOST_OF_A_ROUND:.0%}, for the worst of the run's blocks "
            f"of {ROUND_MS} ms",
        ),
    ]


def record(found: Outcome) -> dict[str, Any]:
    """The tables of target.json by the same names; each figure beside what was counted."""
    measured, cost, unit = found.measured, found.cost, found.clock.unit
    recorded = budget.read()

    def beside(instructions: float | None, spent: float | None, comparable: bool = True) -> dict:
        ratio = spent / instructions if spent is not None and instructions and comparable else None
        return {"instructions": instructions, unit: spent, f"{unit} per instruction": ratio}

    mean, worst = measured.whole or (None, None)
    whole = (mean and mean * _PER_S, worst)
    counts = (cost.per_s, cost.worst_round) if cost.features else (None, None)
    features = {}
    for name in dict.fromkeys([*recorded["features, instructions per second"], *cost.features]):
        mean, worst = measured.features.get(name, (None, None))
        per_s, worst_count = cost.features.get(name, (None, None))
        entry = beside(per_s, mean and mean * _PER_S, measured.comparable)
        features[name] = {**entry, "worst 32 ms": beside(worst_count, worst, False)}
    kernels = {}
    for name in dict.fromkeys([*recorded["kernels, instructions per second"], *cost.kernels]):
        kernel = cost.kernels.get(name, Kernel(0, 0, 0))
        time = found.kernels.times.get(name)
        spent = time.fastest * kernel.calls_per_s if time else None
        entry = beside(kernel.instructions_per_s, spent, name not in measured.shared)
        kernels[name] = {**entry, "calls per second": kernel.calls_per_s}
        kernels[name]["a call"] = asdict(time) if time else None
    memory = found.run.memory if found.run else {}
    return {
        "unit": asdict(found.facts),
        "clock": asdict(found.clock),
        "equal": found.equal,
        "differing": found.differing,
        "troubles": found.troubles,
        "incomplete": found.incomplete,
        "calls": found.kernels.calls,
        "rounds": found.run.rounds if found.run else 0,
        "from 1 kHz samples": bool(found.run and found.run.samples),
        "per instruction": cycles_per_instruction(found),
        "whole": {
            "instructions per second": beside(counts[0], whole[0], measured.comparable),
            "instructions of the worst 32 ms": beside(counts[1], whole[1], measured.comparable),
        },
        "bytes": {
            name: {"counted": cost.memory.get(name), "measured": memory.get(name)}
            for name in dict.fromkeys([*cost.memory, *memory])
        },
        "features, instructions per second": features,
        "kernels, instructions per second": kernels,
        "parts, microseconds": {
            "collection": found.run.collections_us if found.run else [],
            "4 KiB to flash": found.parts.flash_us,
            "FIFO level": found.parts.level_us,
            "56 FIFO words": found.parts.burst_us,
        },
        "notes": found.parts.notes,
    }


def write(found: Outcome, folder: Path, shown: str) -> Path:
    """The record and what was shown, in a folder of the unit's own; path of the record."""
    now = datetime.now().astimezone()
    unit = folder / re.sub(r"[^0-9A-Za-z.-]+", "-", found.facts.address)
    unit.mkdir(parents=True, exist_ok=True)
    path = unit / f"bench-{now:%Y%m%d-%H%M%S}.json"
    said = {"when": now.isoformat(timespec="seconds"), **record(found)}
    path.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    path.with_suffix(".txt").write_text(shown, encoding="utf-8")
    return path
