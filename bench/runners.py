"""Run one implementation in a process of its own; what it printed, and its peak memory."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BENCH = Path(__file__).resolve().parent
MICROPYTHON = Path(sys.executable).parent / "micropython"
HEAP = "16M"
PROGRAMS = ("time_kernels", "replay_calls")  # of bench/c

# name -> (ns per item, CRC-32 of the first pass's output or None where floats are compared)
KernelTimes = dict[str, tuple[float, int | None]]


class BenchError(Exception):
    """An implementation could not be built or run; the message says which and why."""


@dataclass
class Finished:
    """Standard output and peak resident memory of a child."""

    output: bytes
    peak_rss_bytes: int


def run_child(
    command: Sequence[str | Path],
    folder: Path,
    stdin: Path | None = None,
    firmware: Path | None = None,
) -> Finished:
    """Run `command`; `firmware` is put on MicroPython's path. Raises BenchError when it fails."""
    env = dict(os.environ)
    if firmware is not None:
        env["MICROPYPATH"] = f"{firmware}:.frozen"
    written = folder / "child.out"
    peak = folder / "child.rss"
    watched = [sys.executable, "-S", BENCH / "peak_memory.py", peak, *command]
    source = open(stdin, "rb") if stdin else open(os.devnull, "rb")
    with source, open(written, "wb") as output:
        code = subprocess.run(watched, stdin=source, stdout=output, env=env).returncode
    if code:
        # MicroPython writes tracebacks to its standard output.
        said = written.read_bytes()[-1000:].decode(errors="replace")
        raise BenchError(f"{' '.join(map(str, command))}: exit {code}\n{said}")
    return Finished(written.read_bytes(), int(peak.read_text()))


def run_micropython(
    script: Path, *args: object, folder: Path, firmware: Path, stdin: Path | None = None
) -> Finished:
    command = [MICROPYTHON, "-X", f"heapsize={HEAP}", script, *map(str, args)]
    return run_child(command, folder, stdin, firmware)


def kernel_times(output: bytes) -> KernelTimes:
    """Parse lines of "name ns crc"; a crc of "-" is none."""
    times: KernelTimes = {}
    for line in output.decode().splitlines():
        name, ns, crc = line.split()
        times[name] = (float(ns), None if crc == "-" else int(crc))
    return times


def compile_c(folder: Path, program: str = "time_kernels") -> Path | str:
    """bench/c's `program` with its kernels, or the reason why there is none."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return "no C compiler on this computer"
    made = folder / program
    sources = [
        path
        for path in sorted(BENCH.glob("c/*.c"))
        if path.stem == program or path.stem not in PROGRAMS
    ]
    command = [compiler, "-O2", "-fwrapv", "-Wall", "-Wextra", "-o", made, *sources, "-lm"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise BenchError(f"bench/c does not compile:\n{done.stderr}")
    return made
