"""What the ticks of a unit are: measured against its microseconds, never assumed."""

from __future__ import annotations

from dataclasses import dataclass

from host_tools.bench.unit import Facts, Unit, ours

_NEAR = 0.02  # of the frequency that the processor names: oscillators are better, calls are slow
_CYCLES, _NS = "cycles", "ns"


@dataclass(frozen=True)
class Clock:
    """unit: "cycles" of a band's processor, or "ns" of anything else. counts_cycles: its ticks
    are cycles, not microseconds that were turned into some. per_us: units in a microsecond.
    """

    unit: str
    counts_cycles: bool
    ticks_per_us: float
    grain_ticks: int
    per_us: float

    def units(self, ticks: float) -> float:
        return ticks / self.ticks_per_us * self.per_us

    def us(self, units: float) -> float:
        return units / self.per_us

    @property
    def said(self) -> str:
        grain = self.units(self.grain_ticks)
        if self.unit == _NS:
            return f"time, in steps of {grain:.0f} ns: it is no band's"
        if self.counts_cycles:
            return f"its processor's cycles, {self.per_us:.0f} in a microsecond"
        return f"time in steps of {grain / self.per_us:.1f} us, as cycles of {self.per_us:.0f} MHz"


def look_at_clock(unit: Unit) -> Clock:
    unit.install(ours("timer"))
    ((ticks, us, grain),) = unit.rows("import timer\nprint(timer.look())")
    return clock_of(unit.facts, ticks, us, grain)


def clock_of(facts: Facts, ticks: int, us: int, grain: int) -> Clock:
    """ticks, us: that passed at the same time. grain: the smallest step of the ticks."""
    rate = ticks / us
    if not facts.is_band:
        return Clock(_NS, False, rate, grain, 1000.0)
    mhz = facts.hz / 1e6
    return Clock(_CYCLES, abs(rate / mhz - 1) < _NEAR, rate, grain, mhz)
