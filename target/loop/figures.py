"""Every figure the model rests on, with where it comes from: counted, published or assumed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from target import budget
from target import count as counting
from target.cost import CYCLES_PER_INSTRUCTION
from target.machines import BUILD, compiled, xtensa
from target.recordings import prepare, short_run
from target.rounds import ROUND_MS, write_rounds

MEASURED = Path(__file__).resolve().parent / "measured.json"
PARTS = Path(__file__).resolve().parent / "micropython" / "loop_parts.py"
HEAP = "320k"
_MINUTES = 3
_QUANTILES = 201

COUNTED = "counted here"
PUBLISHED = "published"
ASSUMED = "assumed"


@dataclass(frozen=True)
class Figure:
    value: float
    unit: str
    what: str
    origin: str  # COUNTED, PUBLISHED or ASSUMED
    source: str = ""


# What no instruction count tells. Flash: the slowest that ESP-IDF's tests let pass on the ESP32
# (components/idf_test/include/esp32/idf_performance_target.h); for the ESP32-S3 none is published.
IDF = "slowest that ESP-IDF's tests let pass"
FIGURES = {
    "erase": Figure(1e6 * 4096 / 45_300, "us", "erase of 4 KiB of flash", PUBLISHED, IDF),
    "program": Figure(1e6 * 4 / 20_100, "us", "call that programs flash", PUBLISHED, IDF),
    "byte programmed": Figure(
        1e6 * (2048 / 754_000 - 4 / 20_100) / 2044, "us", "byte programmed", PUBLISHED, IDF
    ),
    "read": Figure(1e6 * 4 / 35_200, "us", "call that reads flash", PUBLISHED, IDF),
    "byte read": Figure(
        1e6 * (2048 / 6_650_000 - 4 / 35_200) / 2044, "us", "byte read", PUBLISHED, IDF
    ),
    "core": Figure(
        160e6, "Hz", "clock of the core", PUBLISHED,
        "default of ESP32_GENERIC_S3 without octal PSRAM; the firmware sets none",
    ),
    "cycles": Figure(CYCLES_PER_INSTRUCTION, "", "cycles per instruction", ASSUMED),
    "rest of a tick": Figure(
        30_000, "instructions", "radio, control, button, motor, light, asyncio", ASSUMED,
        "somewhat more than the poll of both sources, which is counted",
    ),
    "second": Figure(60_000, "instructions", "upkeep and checks of each second", ASSUMED),
    "wake": Figure(
        1100, "us", "asyncio wakes late by up to", ASSUMED, "poll in steps of 1 ms"
    ),
    "wake at worst": Figure(
        10_000, "us", "asyncio wakes late at worst", ASSUMED, "a tick of FreeRTOS at 100 Hz"
    ),
    "i2s": Figure(400, "us", "copy of a DMA buffer by machine.I2S", ASSUMED, "pieces of 240 bytes"),
    "spi": Figure(50, "us", "a call of machine.SPI besides its bits", ASSUMED),
    "i2c": Figure(500, "us", "a register on I2C: five bytes and the call", ASSUMED),
    "i2c stuck": Figure(50_000, "us", "a call on an I2C that is held low", PUBLISHED,
                        "default timeout of machine.I2C"),
    "notify": Figure(
        250, "us", "the stack takes a packet, besides instructions of our own", ASSUMED
    ),
    "stack": Figure(10, "packets", "buffers of the Bluetooth stack", ASSUMED),
    "per event": Figure(
        4, "packets", "a connection event of the phone takes", ASSUMED, "2.6 ms each: power.md"
    ),
    "stolen": Figure(
        500, "us", "the stack takes from the loop at each connection event", ASSUMED
    ),
    "PSRAM collection": Figure(
        286_000, "us", "collection with the heap in PSRAM", PUBLISHED, "80 to 286 ms; 2 without"
    ),
    "garbage": Figure(
        60e6, "us", "between collections that something asks for", ASSUMED, "none in steady state"
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Parts:
    """Instructions. rounds: of 32 ms of samples, sorted; parts: by name."""

    rounds: np.ndarray
    parts: dict[str, float]


def measure() -> dict[str, object]:
    """Count on the emulated core: the shape of a round's cost, and the loop's other parts.

    Raises TargetError where there is no emulation.
    """
    code = compiled("xtensa")
    fed = prepare(short_run(BUILD, _MINUTES), BUILD / "short")
    rounds_file, records = BUILD / "loop-rounds", BUILD / "loop-records"
    write_rounds(fed.source, rounds_file)
    arguments = (fed.settings, records)
    run = counting.count(
        xtensa(), "whole_band.py", *arguments, firmware=code, stdin=rounds_file
    ).rounds
    counted = counting.count(xtensa(), PARTS, firmware=code, stdin=Path(os.devnull), heap=HEAP)
    names = list(counted.sections)[1:]
    parts = counted.rounds.reshape(len(names), -1).max(axis=1)
    quantiles = np.quantile(run, np.linspace(0, 1, _QUANTILES)) / run.mean()
    return {
        "rounds, of their mean": [round(float(q), 4) for q in quantiles],
        "parts, instructions at most": {
            name: int(worst) for name, worst in zip(names, parts, strict=True)
        },
    }


def read_parts(path: Path = MEASURED) -> Parts:
    """What was counted, the rounds brought to the recorded budget: mean and worst are its."""
    counted = json.loads(path.read_text(encoding="utf-8"))
    whole = budget.read()["whole"]
    mean = whole["instructions per second"] * ROUND_MS / 1000
    worst = whole["instructions of the worst 32 ms"]
    rounds = np.array(counted["rounds, of their mean"]) * mean
    rounds[-1] = max(worst, rounds[-1])
    return Parts(rounds, counted["parts, instructions at most"])


@dataclass(frozen=True)
class Plant:
    """What a loop runs on: the figures above, as some board has them."""

    values: dict[str, float] = field(
        default_factory=lambda: {name: figure.value for name, figure in FIGURES.items()}
    )
    parts: Parts = field(default_factory=read_parts)
    masked: bool = True  # no I2S interrupt during an erase: of those that pass, the last counts

    def __getitem__(self, name: str) -> float:
        return self.values[name]

    def but(self, **changes: float) -> Plant:
        """The same with other figures; blanks of a name are written as _."""
        named = {name.replace("_", " "): value for name, value in changes.items()}
        return replace(self, values={**self.values, **named})

    def us(self, instructions: float) -> float:
        """Time of instructions."""
        return instructions * self["cycles"] * 1e6 / self["core"]

    def part(self, name: str) -> float:
        """Time of a part of the loop that was counted."""
        return self.us(self.parts.parts[name])
