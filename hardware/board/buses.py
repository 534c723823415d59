"""Checks of the I2C bus and of the front end's values, held against the firmware's drivers."""

from __future__ import annotations

import re

from hardware import values
from hardware.board.netlist import Netlist
from hardware.board.pin_map import ROOT

_CHIPS = ROOT / "firmware" / "band" / "chips"

# Part number to driver, and the strapping that gives the driver's address.
I2C_CHIPS: dict[str, tuple[str, dict[str, str]]] = {
    "TLV320ADC3120": ("tlv320adc3120.py", {}),
    "TMP117": ("tmp117.py", {"ADD0": "GND"}),
    "MAX17048": ("max17048.py", {}),
}
_PULL_UP_OHM = (2_200, 10_000)


def constant(driver: str, name: str) -> int:
    """A constant of a driver; raises ValueError when it is not there."""
    text = (_CHIPS / driver).read_text(encoding="utf-8")
    found = re.search(rf"^{name} = const\((\w+)\)", text, re.MULTILINE)
    if found is None:
        raise ValueError(f"{driver} has no {name}")
    return int(found.group(1), 0)


def i2c(unit: Netlist) -> list[str]:
    """Addresses differ and are those of the drivers; one pull-up on each wire, to 3.3 V."""
    problems = []
    owners: dict[int, str] = {}
    for mpn, (driver, straps) in I2C_CHIPS.items():
        address = constant(driver, "ADDRESS")
        found = unit.of_kind(mpn)
        if len(found) != 1:
            problems.append(f"{mpn} is there {len(found)} times, the firmware knows one.")
        for part in found:
            if address in owners:
                problems.append(f"{part.ref} and {owners[address]} both answer 0x{address:02X}.")
            owners[address] = part.ref
            for name, net in straps.items():
                if part.net(name) != net:
                    problems.append(
                        f"{part.ref} {name} is on {part.net(name)}: not 0x{address:02X}."
                    )
    for wire in ("I2C_SDA", "I2C_SCL"):
        pulls = [
            part for part in unit.on(wire) if part.kind.ohm and set(part.two_nets) == {wire, "+3V3"}
        ]
        if len(pulls) != 1 or not _PULL_UP_OHM[0] <= pulls[0].kind.ohm <= _PULL_UP_OHM[1]:
            problems.append(f"{wire} needs one pull-up of 2.2 to 10 kΩ to +3V3.")
    return problems


def front_end(unit: Netlist) -> list[str]:
    """Each amplifier has its gain and its reference; film couples it to its converter input."""
    problems = []
    converter = unit.of_kind("TLV320ADC3120")[0]
    gain = constant("tlv320adc3120.py", "GAIN_HALF_DB") / 2
    if gain != values.CONVERTER_DB:
        problems.append(f"The driver sets {gain} dB, the design takes {values.CONVERTER_DB} dB.")
    for number, amplifier in enumerate(unit.of_kind("INA333"), start=1):
        ends = {amplifier.net("RG1"), amplifier.net("RG2")}
        ohms = [part.kind.ohm for part in unit.parts.values() if set(part.two_nets_or()) == ends]
        if ohms != [values.GAIN_OHM]:
            problems.append(f"{amplifier.ref} has {ohms} Ω between its RG pins.")
        if amplifier.net("REF") != "VMID":
            problems.append(f"{amplifier.ref} REF is on {amplifier.net('REF')}, not VMID.")
        for near, far in ((amplifier.net("VOUT"), "P"), ("VMID", "M")):
            ends = {near, converter.net(f"IN{number}{far}")}
            kinds = [part.kind for part in unit.parts.values() if set(part.two_nets_or()) == ends]
            if [(k.farad, "film" in k.value) for k in kinds] != [(values.COUPLING_F, True)]:
                problems.append(f"IN{number}{far} of the converter is not on {near} through film.")
    return problems
