"""The 20 s of running that `calfband bench` sends to a unit, and what they take by count.

The very same rounds on both, so that a unit's cycles divided by these instructions are cycles per
instruction and nothing else. EMG comes as it is held from one millisecond to the next, without
write_rounds' dither: so a unit can make the words from 1 kHz samples by itself.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from target import count as counting
from target.machines import Machine
from target.recordings import Fed, prepare, short_run
from target.rounds import ROUND_BYTES, ROUND_MS, SAMPLES, slots_of, write_rounds

ROUNDS = 640
SECONDS = ROUNDS * ROUND_MS / 1000
_MINUTES = 0.5  # of running, of which the first rounds are taken
_TITLE = "calfband bench's 20 s"
# Tables of budget.toml.
FEATURES = f"{_TITLE}: features, instructions"
WORST = f"{_TITLE}: features, instructions of the worst 32 ms"
KERNELS = f"{_TITLE}: kernels, instructions"


@dataclass(frozen=True)
class UnitRun:
    fed: Fed
    rounds: Path


def unit_run(folder: Path) -> UnitRun:
    fed = prepare(short_run(folder, _MINUTES), folder / "unit-run")
    assert fed.source.emg is not None
    path = folder / "unit-rounds"
    write_rounds(fed.source, path, held_words(fed.source.emg))
    with open(path, "r+b") as file:
        file.truncate(ROUNDS * ROUND_BYTES)
    return UnitRun(fed, path)


def samples_of(fed: Fed, rounds: int) -> bytes:
    """The same for samples_band.py."""
    assert fed.source.emg is not None and fed.source.imu is not None
    out = b""
    for k in range(rounds):
        first, last = slots_of(k)
        out += (last - first).to_bytes(2, "little")
        out += fed.source.emg[k * SAMPLES : (k + 1) * SAMPLES].astype("<i2").tobytes()
        out += fed.source.imu[first:last].astype("<i2").tobytes()
    return out


def held_words(emg: np.ndarray) -> np.ndarray:
    """The two channels at 8 kHz, 24 bits left-justified in int32, without dither."""
    return np.repeat(emg.astype("<i4") << 16, 8, axis=0)


def counted(machine: Machine, code: Path) -> counting.Counted:
    """The run under the counter, by features. code: folder of the firmware as .mpy."""
    with tempfile.TemporaryDirectory(prefix="calfband-") as folder:
        run = unit_run(Path(folder))
        arguments = ("whole_band.py", run.fed.settings, Path(folder) / "records", "sections")
        return counting.count(machine, *arguments, firmware=code, stdin=run.rounds)


def figures(found: counting.Counted, kernels: dict[str, float]) -> dict[str, dict[str, int]]:
    """Tables for the budget. kernels: instructions of the run by module.function."""
    worst = int(np.sum(list(found.sections.values()), axis=0).argmax())
    return {
        FEATURES: {name: int(spent.sum()) for name, spent in found.sections.items()},
        WORST: {name: int(spent[worst]) for name, spent in found.sections.items()},
        KERNELS: {name: round(count) for name, count in sorted(kernels.items())},
    }
