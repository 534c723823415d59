"""Every kernel on the unit: the same integers as here? and what does a call take?"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field

from host_tools.bench.blocks import Recorded, difference
from host_tools.bench.clock import Clock
from host_tools.bench.empties import calls_others, empties
from host_tools.bench.unit import TooLittleMemoryError, Unit, ours, out_of_memory
from host_tools.bench.vectors import Vectors
from host_tools.firmware_tables import FIRMWARE_DIR
from host_tools.usb.console import ExecError

_MODULES = ("link", "timer", "try_kernels")


@dataclass
class KernelTime:
    """Of one kernel, in units of the clock per call: the mean over the calls that were timed, of
    the fastest of the repetitions of each and of their medians. with_others: other kernels'
    work is in it."""

    calls: int = 0
    fastest: float = 0.0
    median: float = 0.0
    with_others: bool = False


@dataclass
class KernelResults:
    """calls: of each kernel, how many were repeated. differing: one sentence per kernel."""

    calls: dict[str, int] = field(default_factory=dict)
    differing: list[str] = field(default_factory=list)
    times: dict[str, KernelTime] = field(default_factory=dict)


class _Bench:
    """Our modules on the unit; installed anew when its memory is full of kernels."""

    def __init__(self, unit: Unit, vectors: Vectors):
        names = list(vectors.calls)
        self._unit = unit
        self._sources = {**ours(*_MODULES), "empties": empties(names, FIRMWARE_DIR)}
        # Room for what deflate cannot press, too.
        most = max(len(block.data) for blocks in vectors.blocks.values() for block in blocks)
        self._setup = f"import link, timer, try_kernels\ntimer.look()\nlink.make_room({most})"

    def install(self) -> None:
        self._unit.install(self._sources)
        self._unit.console.exec(self._setup, timeout_s=20)

    def ready(self, kernel: str) -> None:
        """Its module is loaded. Raises TooLittleMemoryError."""
        try:
            self._find(kernel)
        except ExecError as error:
            if not out_of_memory(error):
                raise
            self.install()
            try:
                self._find(kernel)
            except ExecError as again:
                if not out_of_memory(again):
                    raise
                raise self._too_little(kernel) from again

    def _find(self, kernel: str) -> None:
        self._unit.console.exec(f"try_kernels.find({kernel!r})", timeout_s=20)

    def _too_little(self, kernel: str) -> TooLittleMemoryError:
        free = self._unit.console.eval("__import__('gc').mem_free()")
        return TooLittleMemoryError(
            f"{self._unit.facts.port}: the unit has too little memory for {kernel} and the calls "
            f"to try it with: {free} bytes of its heap are free."
        )


def try_kernels(unit: Unit, vectors: Vectors, clock: Clock) -> KernelResults:
    """Repeat all calls on the unit and time some. Raises CalfbandError."""
    results = KernelResults()
    bench = _Bench(unit, vectors)
    bench.install()
    for name, blocks in vectors.blocks.items():
        bench.ready(name)
        calls = vectors.calls[name]
        times = []
        for block in blocks:
            code = f"try_kernels.run({name!r}, {block.count}, %d, %d)"
            try:
                rows = unit.send(block, code)
            except ExecError as error:
                if out_of_memory(error):
                    raise bench._too_little(name) from error
                rows = [("raised", error.reason)]
            results.calls[name] = results.calls.get(name, 0) + block.count
            said = _told(rows, calls[block.first :])
            if said and not any(one.startswith(f"{name},") for one in results.differing):
                number = block.first + said[0] + 1
                results.differing.append(f"{name}, call {number}: {said[1]}")
            times += [row[2:] for row in rows if row[0] == "time"]
        if times:
            results.times[name] = _time(times, clock)
            results.times[name].with_others = calls_others(name, vectors.calls, FIRMWARE_DIR)
    return results


def _told(rows: Sequence[tuple], calls: Sequence[Recorded]) -> tuple[int, str] | None:
    """(call of the block, what is otherwise), if anything is."""
    for row in rows:
        if row[0] == "raised":
            return 0, f"raises {row[1]}"
        if row[0] == "differs":
            _, number, result, buffers = row
            return number, difference(calls[number], result, [b64decode(b) for b in buffers])
    return None


def _time(times: Sequence[tuple], clock: Clock) -> KernelTime:
    found = KernelTime(len(times))
    for n, busy, idle in times:
        found.fastest += clock.units(min(busy) - min(idle)) / n / len(times)
        found.median += clock.units(_median(busy) - _median(idle)) / n / len(times)
    return found


def _median(values: Sequence[int]) -> float:
    return sorted(values)[len(values) // 2]
