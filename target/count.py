"""Runs on the emulated core with every instruction counted, and what they were spent on."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from target.machines import HEAP, QEMU, SCRIPTS, TWIN, Machine, TargetError, counter

# Marks of micropython/sections.py.
_LEAVE, _OVERHEAD, _ROUND, _STOPPED = 0, 60, 61, 62


@dataclass
class Function:
    """Machine code of one function of the firmware: calls, and instructions in its own code."""

    name: str
    calls: int = 0
    instructions: int = 0


@dataclass
class Counted:
    """One run.

    figures: what it printed. rounds: instructions of each round. sections: of each section, the
    same, when they were asked for. functions: by name.
    """

    figures: dict[str, int]
    rounds: np.ndarray
    sections: dict[str, np.ndarray] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)


def count(
    machine: Machine,
    script: str | Path,
    *arguments: object,
    firmware: Path,
    stdin: Path,
    heap: str = HEAP,
) -> Counted:
    """Run one of SCRIPTS under the counter. firmware: the folder with band/, as .py or .mpy."""
    with tempfile.TemporaryDirectory(prefix="calfband-") as folder:
        counts = Path(folder) / "counts"
        marks = _symbol(machine, "meter_marks")
        said = machine.run(
            SCRIPTS / script,
            *arguments,
            path=(SCRIPTS, firmware, TWIN),
            stdin=stdin,
            heap=heap,
            emulator=("-plugin", f"{counter()},out={counts},marks={marks:#x}"),
        )
        trace, blocks = _read(counts)
    figures, functions, names = _printed(said.decode())
    result = Counted(figures, np.zeros(0))
    _by_round(result, trace, names)
    _by_function(result, blocks, functions)
    return result


def _symbol(machine: Machine, name: str) -> int:
    """Address of a C symbol of the interpreter."""
    tool = shutil.which("xtensa-lx106-elf-nm")
    if tool is None or machine.micropython[: len(QEMU)] != QEMU:
        raise TargetError("only the Xtensa build can be counted")
    listing = subprocess.run([tool, machine.micropython[-1]], capture_output=True, text=True)
    for line in listing.stdout.splitlines():
        address, _, symbol = line.partition(" ")
        if symbol[2:] == name:
            return int(address, 16)
    raise TargetError(f"the Xtensa build has no {name}")


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) marks and instructions before them; (n, 3) blocks: address, size, runs."""
    data = np.fromfile(path, dtype="<u8").astype(np.int64)
    n = int(data[0])
    trace = data[1 : 1 + 2 * n].reshape(n, 2)
    return trace, data[2 + 2 * n :].reshape(-1, 3)


def printed_figures(said: str) -> dict[str, int]:
    """What a script of SCRIPTS has found, by name."""
    return _printed(said)[0]


def _printed(said: str) -> tuple[dict[str, int], list[tuple[int, str]], Sequence[str]]:
    figures: dict[str, int] = {}
    functions: list[tuple[int, str]] = []
    names: list[str] = []
    for line in said.splitlines():
        kind, first, *rest = line.split(" ", 2)
        if kind == "function":
            functions.append((int(first), rest[0].removeprefix("band.")))
        elif kind == "section":
            names.append(rest[0])
        else:
            figures[kind] = int(first)
    return figures, sorted(functions), names


def _by_round(result: Counted, trace: np.ndarray, names: Sequence[str]) -> None:
    """Share out what lies between two marks to the section that was open, round by round."""
    n = int((trace[:, 0] == _ROUND).sum())
    spent = np.zeros((n, len(names) + 1), dtype=np.int64)
    open_sections: list[int] = []
    at = -1
    since = 0
    charged = False
    for mark, total in trace.tolist():
        if charged and open_sections[-1] >= 0:
            spent[at, open_sections[-1]] += total - since
        since = total
        if mark == _ROUND:
            at += 1
            open_sections = [0]
        elif mark == _STOPPED:
            open_sections.append(-1)
        elif mark == _LEAVE:
            open_sections.pop()
        elif mark != _OVERHEAD:
            open_sections.append(mark)
        charged = mark != _OVERHEAD and bool(open_sections)
    result.rounds = spent.sum(axis=1)
    result.sections = {name: spent[:, i] for i, name in enumerate(("chain, loop", *names))}
    if not names:
        result.sections = {}


def _by_function(result: Counted, blocks: np.ndarray, functions: Sequence[tuple[int, str]]) -> None:
    """Blocks of machine code to the function that they lie in; a run of its first is a call."""
    starts = [at for at, _ in functions]
    end = starts[0] + result.figures["code_bytes"] if starts else 0
    for address, size, runs in blocks.tolist():
        if not starts or not starts[0] <= address < end:
            continue
        at, name = functions[bisect_right(starts, address) - 1]
        function = result.functions.setdefault(name, Function(name))
        function.instructions += size * runs
        if address == at:
            function.calls += runs
