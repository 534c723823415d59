"""The whole unit from its blocks."""

from __future__ import annotations

from hardware.board import front_end, mcu, power, sensors
from hardware.board.netlist import Netlist

SHEETS = ("power", "mcu", "front end", "sensors")


def build(chip: str) -> Netlist:
    """The unit with that processor: a key of PINS."""
    unit = Netlist(chip, supplies={"GND"})
    power.add(unit)
    front_end.add(unit)
    sensors.add(unit)
    mcu.add(unit)  # last: what differs between the processors ends the numbering
    return unit
