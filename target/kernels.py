"""Every kernel, the same integers on each machine: calls of the host's interpreter, repeated.

The calls are recorded from the firmware itself (micropython/capture.py). They are repeated on
MicroPython for 32-bit x86 and Xtensa, and, kernel by kernel, with the machine code that
mpy-cross -march=xtensawin makes for the ESP32, under qemu-xtensa.
"""

from __future__ import annotations

import io
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from target.kernel_program import TRAPPED, Buffer, Call, build
from target.machines import (
    FIRMWARE,
    HOST_STAND_INS,
    QEMU,
    SCRIPTS,
    TWIN,
    Machine,
    TargetError,
    compiled,
    host,
)
from target.micropython.calls_file import first_like, read_call
from target.mpy_file import Module, read_module, viper_functions

_TIMEOUT_S = 60  # a kernel that goes astray may never come back


@dataclass
class Kernels:
    """calls: of each kernel, how many were repeated. differing: one sentence per kernel."""

    calls: dict[str, int] = field(default_factory=dict)
    differing: list[str] = field(default_factory=list)


def kernel_names(firmware: Path = FIRMWARE) -> list[str]:
    """module.function of every viper function of band/."""
    found = []
    for path in sorted((firmware / "band").rglob("*.py")):
        module = ".".join(path.relative_to(firmware / "band").with_suffix("").parts)
        found += [f"{module}.{name}" for name in viper_functions(path)]
    return found


def check(
    rounds: Path,
    settings: Path,
    machines: Sequence[Machine],
    calls: Path,
    firmware: Path = FIRMWARE,
) -> Kernels:
    """Record the kernels' calls on the host and repeat them on every machine.

    Of the machines that stands for the ESP32's code, too, which is the Xtensa one.
    """
    windowed = any(machine.name == "xtensa" for machine in machines)
    result = Kernels()
    try:
        if windowed:
            compiled("xtensawin", firmware)  # what the band's compiler refuses is told first
        capture(rounds, settings, calls, firmware)
        if windowed:
            result = run_windowed(calls, firmware)
        for machine in machines:
            result.differing += repeat(calls, machine, firmware)
    except TargetError as error:
        result.differing.append(str(error))
        return result
    if windowed:
        never = [name for name in kernel_names(firmware) if name not in result.calls]
        result.differing += [f"{name} is never called: extremes.py must call it" for name in never]
    return result


def capture(
    rounds: Path, settings: Path, calls: Path, firmware: Path = FIRMWARE
) -> dict[str, tuple[int, int]]:
    """Record the kernels' calls on the host; `firmware` may be a changed copy.

    Of each kernel: calls of extremes.py, and of the whole band, kept or not.
    """
    path = (HOST_STAND_INS, SCRIPTS, firmware, TWIN)
    names = kernel_names(firmware)
    said = host().run(
        SCRIPTS / "capture.py", calls, settings, *names, path=path, stdin=rounds, heap="4M"
    )
    rows = (line.split() for line in said.decode().splitlines())
    return {name: (int(extreme), int(chain)) for name, extreme, chain in rows}


def repeat(calls: Path, machine: Machine, firmware: Path = FIRMWARE) -> list[str]:
    """Repeat the calls under a machine's interpreter; what differs, one sentence per kernel."""
    said = machine.run(SCRIPTS / "replay_calls.py", calls, path=(SCRIPTS, firmware, TWIN))
    differing = []
    for line in said.decode().splitlines():
        kind, name, *rest = line.split(" ", 3)
        if kind == "differs":
            differing.append(f"{machine.name}: {name}, call {rest[0]}: {rest[1]}")
    return differing


def run_windowed(calls: Path, firmware: Path = FIRMWARE) -> Kernels:
    """Repeat the calls with the ESP32's machine code. Raises TargetError when it cannot run."""
    modules = windowed_modules(firmware)
    result = Kernels()
    by_kernel: dict[str, list[tuple]] = {}
    for call in _read(calls):
        by_kernel.setdefault(call[0], []).append(call)
    with tempfile.TemporaryDirectory(prefix="calfband-") as folder:
        for name, recorded in by_kernel.items():
            result.calls[name] = len(recorded)
            said = _first_difference(name, recorded, modules, Path(folder) / "kernel.elf")
            if said:
                result.differing.append(f"xtensawin: {name}, {said}")
    return result


def windowed_modules(firmware: Path) -> dict[str, Module]:
    """The ESP32's machine code of every module that has kernels."""
    folder = compiled("xtensawin", firmware)
    modules = {}
    for name in {one.rpartition(".")[0] for one in kernel_names(firmware)}:
        path = Path("band", *name.split("."))
        source = (firmware / path).with_suffix(".py")
        modules[name] = read_module((folder / path).with_suffix(".mpy"), source)
    return modules


def _read(calls: Path) -> Iterable[tuple]:
    file = io.BytesIO(calls.read_bytes())
    while call := read_call(file):
        yield call


def _first_difference(
    name: str, recorded: Sequence[tuple], modules: dict[str, Module], program: Path
) -> str:
    module, _, function = name.rpartition(".")
    calls = []
    for _, arguments, after, _ in recorded:
        places: dict[int, int] = {}
        buffers: list[bytes] = []
        given: list[int | Buffer] = []
        for i, argument in enumerate(arguments):
            if after[i] is None:
                given.append(argument)
                continue
            first = first_like(arguments, i)
            if first not in places:
                places[first] = len(buffers)
                buffers.append(bytes(argument))
            given.append(Buffer(places[first]))
        calls.append(Call(module, function, given, buffers))
    made = build(modules, calls)
    program.write_bytes(made.elf)
    program.chmod(0o755)
    try:
        done = subprocess.run([*QEMU, program], capture_output=True, timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return f"does not come back within {_TIMEOUT_S} s"
    if done.returncode == TRAPPED:
        raise TargetError(f"{name} calls a runtime function that target/kernel_program.py lacks")
    if done.returncode:
        return f"ends with exit {done.returncode}: {done.stderr[-200:].decode(errors='replace')}"
    for k, (_, arguments, after, expected) in enumerate(recorded):
        at = made.results[k]
        result = int.from_bytes(done.stdout[at : at + 4], "little", signed=True)
        if expected is not None and result != expected:
            return f"call {k + 1}: returns {result}, not {expected}"
        seen = 0
        for i in range(len(arguments)):
            if after[i] is None or first_like(arguments, i) < i:
                continue
            at = made.buffers[k][seen]
            seen += 1
            left = done.stdout[at : at + len(after[i])]
            if left != after[i]:
                byte = next(b for b in range(len(left)) if left[b] != after[i][b])
                return (
                    f"call {k + 1}: byte {byte} of argument {i + 1} is {left[byte]}, "
                    f"not {after[i][byte]}"
                )
    return ""
