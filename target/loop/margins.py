"""How far the figures may be off before something overruns, and what then is first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from target.loop.cases import ORDINARY, WORST, Case
from target.loop.figures import Plant
from target.loop.fills import (
    BULK,
    INPUT,
    Event,
    Phone,
)
from target.loop.firmware import Firmware
from target.loop.play import Loop

_STALLS = 40  # of one length, each at another phase
_APART_US = 2_000_000
_STEPS = 12
# What finds the chain full is worked off before its turn; the raw queue drops by design.
WORKED_OFF = frozenset({INPUT, BULK})


@dataclass(frozen=True)
class Margin:
    """The first buffer to overrun, above `at`; none up to the most that was tried."""

    what: str
    unit: str
    at: float
    first: str
    now: float | None = None  # as the model has it


def stall(firmware: Firmware, plant: Plant, us: float, seed: int) -> list[str]:
    """What overruns when nothing goes on for so long, at every phase in turn."""
    apart_us = _APART_US + 4 * us
    events = [
        Event(n * apart_us + n / _STALLS * firmware.dma_us, "stall", ((us, False),))
        for n in range(1, _STALLS + 1)
    ]
    loop = Loop(firmware, plant, Phone(), events, seed)
    return loop.play((_STALLS + 1) * apart_us).overrun()


def least(
    what: str, unit: str, low: float, high: float, overruns: Callable[[float], list[str]]
) -> Margin:
    """Bisect between a value at which nothing overruns and one at which something does."""
    if found := overruns(low):
        return Margin(what, unit, low, found[0])
    found = overruns(high)
    if not found:
        return Margin(what, unit, high, "")
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if now := overruns(middle):
            high, found = middle, now
        else:
            low = middle
    return Margin(what, unit, high, found[0])


def without(buffers: frozenset[str], overruns: list[str]) -> list[str]:
    return [name for name in overruns if name not in buffers]


def _after(
    passed: frozenset[str], firmware: Firmware, plant: Plant, seed: int
) -> Callable[[float], list[str]]:
    return lambda ms: without(passed, stall(firmware, plant, 1000 * ms, seed))


def stall_margins(firmware: Firmware, plant: Plant, seed: int) -> list[Margin]:
    """For each buffer of the sensors in turn, the stall that overruns it."""
    found: list[Margin] = []
    passed: frozenset[str] = frozenset()
    for _ in range(4):
        overruns = _after(passed, firmware, plant, seed)
        margin = least("one stall", "ms", 20, 10_000, overruns)
        if not margin.first:
            break
        found.append(margin)
        passed |= {margin.first}
    return found


def figure_margins(firmware: Firmware, plant: Plant, seed: int, us: float) -> list[Margin]:
    """How much of a figure the loop bears before a sample is lost."""

    def margin(what: str, unit: str, scale: float, name: str, case: Case, most: float) -> Margin:
        def overruns(value: float) -> list[str]:
            changed = plant.but(**{name.replace(" ", "_"): value * scale})
            played = case.loop(firmware, changed, us, seed).play(us)
            return without(WORKED_OFF, played.overrun())

        now = plant[name] / scale
        return replace(least(what, unit, now, most, overruns), now=now)

    return [
        margin("cycles per instruction, worn", "", 1, "cycles", ORDINARY, 20),
        margin("cycles per instruction, all at once but flash", "", 1, "cycles", WORST, 20),
        margin("I2C call that waits, three in a tick", "ms", 1000, "i2c stuck", WORST, 1000),
    ]
