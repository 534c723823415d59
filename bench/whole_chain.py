"""The work of all viper kernels in a second of running, and the same calls in C.

Every call that the whole band makes of a kernel, from the sensors' words on, is recorded over some
seconds of running: so each kernel counts as often as the chain calls it, with what it is called
with there. The calls are then repeated, in viper and in C, which must leave the same bytes.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from bench.inputs import Inputs
from bench.runners import BENCH, run_child
from host_tools.band_input import band_input
from host_tools.recording import read_recording
from target.kernels import kernel_names
from target.machines import FIRMWARE, HOST_STAND_INS, SCRIPTS, TWIN, host
from target.rounds import ROUND_MS, write_rounds

BEFORE_S = 64  # of running, ahead of what is recorded
RECORDED_S = 8
_HEAP = "512M"


# Kernels of the drivers, ahead of the chain.
DRIVERS = ("decimate.", "unit.", "chips.")


@dataclass
class Work:
    """Of one kernel, per second of running; calling_us: from bytecode, beside the work itself."""

    calls: float
    viper_us: float
    calling_us: float
    c_us: float | None = None


def _rounds(seconds: float) -> int:
    return round(seconds * 1000 / ROUND_MS)


def record(inputs: Inputs, before_s: float, recorded_s: float) -> Path:
    """A folder with the calls of each kernel."""
    rounds = inputs.folder / "rounds"
    write_rounds(band_input(read_recording(inputs.folder / "run.edf")), rounds)
    calls = inputs.folder / "calls"
    shutil.rmtree(calls, ignore_errors=True)
    calls.mkdir()
    host().run(
        BENCH / "micropython" / "record_calls.py",
        calls,
        inputs.folder / "settings.txt",
        _rounds(before_s),
        _rounds(recorded_s),
        *kernel_names(),
        path=(HOST_STAND_INS, SCRIPTS, FIRMWARE, TWIN),
        stdin=rounds,
        heap=_HEAP,
    )
    return calls


def replay_viper(calls: Path, recorded_s: float, min_ms: float) -> dict[str, Work]:
    said = host().run(
        BENCH / "micropython" / "time_calls.py",
        calls,
        min_ms,
        *sorted(path.name for path in calls.iterdir()),
        path=(SCRIPTS, FIRMWARE),
        heap=_HEAP,
    )
    kernels = {}
    for line in said.decode().splitlines():
        name, count, whole_ns, calling_ns = line.split()
        work_us, calling_us = (int(whole_ns) - int(calling_ns)) / 1000, int(calling_ns) / 1000
        kernels[name] = Work(
            int(count) / recorded_s, max(work_us, 0.0) / recorded_s, calling_us / recorded_s
        )
    return kernels


def replay_c(program: Path, calls: Path, recorded_s: float, min_ms: float) -> dict[str, float]:
    """Kernel -> us per second of running. Raises BenchError where C leaves other bytes."""
    done = run_child([program, str(calls), str(min_ms)], calls.parent)
    lines = [line.split() for line in done.output.decode().splitlines()]
    return {name: float(ns) / 1000 / recorded_s for name, _, ns in lines}


def measure(inputs: Inputs, c_program: Path | None, rounds: int, min_ms: float) -> dict[str, Work]:
    """Viper and C take turns, `rounds` times; the best of each kernel counts."""
    calls = record(inputs, BEFORE_S, RECORDED_S)
    best: dict[str, Work] = {}
    for _ in range(rounds):
        for name, work in replay_viper(calls, RECORDED_S, min_ms).items():
            if name not in best or work.viper_us < best[name].viper_us:
                work.c_us = best[name].c_us if name in best else None
                best[name] = work
        if c_program:
            for name, us in replay_c(c_program, calls, RECORDED_S, min_ms).items():
                before = best[name].c_us
                best[name].c_us = us if before is None else min(us, before)
    return best
