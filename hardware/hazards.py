"""Currents through the wearer: in normal use, after one fault, and why USB must stay off the leg.

Limits: IEC 60601-1, patient auxiliary and patient leakage current, type BF: 10 µA of direct
current in normal use, 50 µA after a fault; 500 µA of alternating current after a fault. The band
is no medical device; these limits are taken because they are strict and well known.
"""

from __future__ import annotations

from dataclasses import dataclass

from hardware import values
from hardware.values import fact

FULL_CELL_V = 4.25
NORMAL_UA = 10.0
FAULT_UA = 50.0
AC_FAULT_UA = 500.0
MAINS_V = 253.0  # 230 V and 10 %
SOUND_CHARGER_UA = 250.0  # what an unearthed adapter may pass, IEC 60950-1


@dataclass(frozen=True)
class Hazard:
    """A case, the current it sends through the wearer's skin, and the limit for it."""

    what: str
    current_ua: float
    limit_ua: float

    @property
    def met(self) -> bool:
        return self.current_ua <= self.limit_ua


def on_battery() -> tuple[Hazard, ...]:
    """Every case of a unit that is worn as it should be. The body counts as a short circuit."""
    lead = values.LEAD_OHM
    one_resistor = lead - values.SERIES_OHM
    analog_v = values.SUPPLY_V * (1 + values.SUPPLY_TOLERANCE)
    return (
        Hazard("no fault: bias of four amplifier inputs", 4e6 * fact("ina_bias"), NORMAL_UA),
        Hazard(
            "one input shorted to its supply, back through the reference",
            1e6 * analog_v / 2 / (2 * lead),
            FAULT_UA,
        ),
        Hazard("the whole cell between two leads", 1e6 * FULL_CELL_V / (2 * lead), FAULT_UA),
        Hazard(
            "the same, and one of the four resistors shorted",
            1e6 * FULL_CELL_V / (lead + one_resistor),
            FAULT_UA,
        ),
        Hazard(
            "the whole cell, two leads against the other three",
            1e6 * FULL_CELL_V / (lead / 2 + lead / 3),
            FAULT_UA,
        ),
    )


def on_usb() -> tuple[Hazard, ...]:
    """What would flow if the unit were charged on the leg and the wearer touched earth."""
    all_leads = values.LEAD_OHM / values.LEADS
    return (
        Hazard("stray current of a sound charger", SOUND_CHARGER_UA, AC_FAULT_UA),
        Hazard("a charger whose isolation has failed", 1e6 * MAINS_V / all_leads, AC_FAULT_UA),
    )


def worst_fault_ua() -> float:
    """The largest of the cases on battery."""
    return max(hazard.current_ua for hazard in on_battery())
