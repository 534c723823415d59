"""What a circuit of this unit must keep, beyond the electrical rule check.

Each check takes a Netlist and returns sentences, none when all is well. What is expected stands
here once more, apart from the blocks: a slip there must not also change what it is held against.
"""

from __future__ import annotations

from collections.abc import Callable

from hardware.board import buses, locks
from hardware.board.netlist import POWER_IN, Netlist
from hardware.board.pin_map import ONLY_INPUTS, PINS, READ_AT_RESET, READ_SIGNALS, RESERVED

# Part number to the rail of each of its supply pins.
RAILS: dict[str, dict[str, str]] = {
    "ESP32": {"3V3": "+3V3", "GND": "GND"},
    "CP2102N": {"VREGIN": "VBUS", "VIO": "+3V3_UART", "GND": "GND"},
    "LSM6DSO32": {"VDD": "+3V3", "VDDIO": "+3V3", "GND": "GND"},
    "INA333": {"V+": "+3V3A", "V-": "GND"},
    "TLV320ADC3120": {"AVDD": "+3V3A", "IOVDD": "+3V3", "VSS": "GND"},
    "OPA333": {"V+": "+3V3A", "V-": "GND"},
    "TMP117": {"V+": "+3V3", "GND": "GND"},
    "MAX17048": {"VDD": "+CELL", "CTG": "GND", "GND": "GND"},
    "MCP73831": {"VDD": "VBUS", "VSS": "GND"},
    "TLV75533": {"IN": "VSYS", "GND": "GND"},
    "TPS7A2033": {"IN": "FE_IN", "GND": "GND"},
}

# Part number to supply net to the least capacitance at it, one entry for each capacitor.
DECOUPLING: dict[str, dict[str, tuple[float, ...]]] = {
    "ESP32": {"+3V3": (10e-6, 100e-9)},
    "CP2102N": {"VBUS": (1e-6,), "+3V3_UART": (4.7e-6, 100e-9)},
    "LSM6DSO32": {"+3V3": (100e-9, 100e-9)},
    "INA333": {"+3V3A": (100e-9,)},
    "TLV320ADC3120": {
        "+3V3A": (1e-6, 100e-9),
        "+3V3": (100e-9,),
        "AREG": (10e-6, 100e-9),
        "DREG": (10e-6, 100e-9),
        "VREF": (1e-6,),
    },
    "OPA333": {"+3V3A": (100e-9,)},
    "TMP117": {"+3V3": (100e-9,)},
    "MAX17048": {"+CELL": (100e-9,)},
    "MCP73831": {"VBUS": (4.7e-6,), "+CELL": (4.7e-6,)},
    "TLV75533": {"VSYS": (1e-6,), "+3V3": (1e-6,)},
    "TPS7A2033": {"FE_IN": (1e-6,), "+3V3A": (1e-6,)},
}

# The processor's signals to the pins of other parts that must be on the same wire.
ENDS: dict[str, tuple[tuple[str, str], ...]] = {
    "i2s_sck": (("TLV320ADC3120", "BCLK"),),
    "i2s_ws": (("TLV320ADC3120", "FSYNC"),),
    "i2s_sd": (("TLV320ADC3120", "SDOUT"),),
    "i2c_sda": (("TLV320ADC3120", "SDA"), ("TMP117", "SDA"), ("MAX17048", "SDA")),
    "i2c_scl": (("TLV320ADC3120", "SCL"), ("TMP117", "SCL"), ("MAX17048", "SCL")),
    "imu_cs": (("LSM6DSO32", "CS"),),
    "imu_mosi": (("LSM6DSO32", "SDI"),),
    "imu_sck": (("LSM6DSO32", "SPC"),),
    "imu_miso": (("LSM6DSO32", "SDO"),),
}

# The module's wires that are not in the pin map.
_OTHER = {
    "esp32s3": {"IO0": "BOOT", "IO19": "MCU_DM", "IO20": "MCU_DP"},
    "esp32": {"IO0": "BOOT", "IO1": "UART_TX", "IO3": "UART_RX"},
}


def _entry(table: dict[str, dict], mpn: str) -> dict | None:
    return next((value for start, value in table.items() if mpn.startswith(start)), None)


def rails(unit: Netlist) -> list[str]:
    """Every supply pin is on its rail, and none is forgotten here."""
    problems = []
    for part in unit.parts.values():
        expected = _entry(RAILS, part.kind.mpn) or {}
        for pin in part.kind.pins:
            if pin.type != POWER_IN:
                continue
            net = part.nets[pin.number]
            rail = expected.get(pin.name)
            if rail is None:
                problems.append(f"{part.ref} {part.kind.mpn}: no rail is stated for {pin.name}.")
            elif net != rail:
                problems.append(f"{part.ref} pin {pin.number} {pin.name} is on {net}, not {rail}.")
    return problems


def decoupling(unit: Netlist) -> list[str]:
    """Each supply of each chip has its capacitors, and each stands at a supply of its chip."""
    problems = []
    capacitors = [part for part in unit.parts.values() if part.kind.farad and part.serves]
    for part in unit.parts.values():
        for net, least in (_entry(DECOUPLING, part.kind.mpn) or {}).items():
            found = sorted(
                (
                    capacitor.kind.farad
                    for capacitor in capacitors
                    if capacitor.serves == part.ref and set(capacitor.two_nets) == {net, "GND"}
                ),
                reverse=True,
            )
            wanted = sorted(least, reverse=True)
            if len(found) < len(wanted) or any(f < w for f, w in zip(found, wanted, strict=False)):
                problems.append(
                    f"{part.ref} {part.kind.mpn}: {net} needs {len(wanted)} capacitors of at least "
                    f"{', '.join(f'{1e6 * w:g}' for w in wanted)} µF, has "
                    f"{', '.join(f'{1e6 * f:g}' for f in found) or 'none'}."
                )
    for capacitor in capacitors:
        served = unit.parts.get(capacitor.serves)
        if served is None or not set(capacitor.two_nets) - {"GND"} <= set(served.nets.values()):
            problems.append(f"{capacitor.ref} is not at a supply of {capacitor.serves}.")
    return problems


def processor(unit: Netlist) -> list[str]:
    """The module's pins carry exactly the signals of pins.py, which lead where they should."""
    problems = []
    module = unit.parts["U5"]
    expected = {f"IO{gpio}": name.upper() for name, gpio in PINS[unit.chip].items()}
    expected |= _OTHER[unit.chip]
    for pin in module.kind.pins:
        net = module.nets[pin.number]
        if pin.name[:2] == "IO" and net != expected.get(pin.name):
            problems.append(
                f"{pin.name} of the module is on {net}, pins.py says {expected.get(pin.name)}."
            )
    for signal, ends in ENDS.items():
        for mpn, name in ends:
            for part in unit.of_kind(mpn):
                if part.net(name) != signal.upper():
                    problems.append(f"{part.ref} {name} is on {part.net(name)}, not {signal}.")
    return problems


def pin_choice(unit: Netlist) -> list[str]:
    """No signal sits on a pin that is read at reset, belongs to flash, USB or console, or that
    cannot drive; and nothing but pulls, a button and esptool's reset touches the pins read then.
    """
    chip = unit.chip
    problems = []
    for signal, gpio in PINS[chip].items():
        if gpio in READ_AT_RESET[chip]:
            problems.append(f"{signal} is on GPIO{gpio}, which is read at reset.")
        if gpio in RESERVED[chip]:
            problems.append(f"{signal} is on GPIO{gpio}, which is {RESERVED[chip][gpio]}.")
        if gpio in ONLY_INPUTS[chip] and signal not in READ_SIGNALS:
            problems.append(f"{signal} is on GPIO{gpio}, which can only be read and has no pull.")
    module = unit.parts["U5"]
    for gpio in READ_AT_RESET[chip]:
        net = module.net(f"IO{gpio}")
        for part in unit.on(net) if net else ():
            if part is module or part.kind.prefix in ("R", "SW") or "NPN" in part.kind.value:
                continue
            problems.append(f"{part.ref} hangs on GPIO{gpio}, which is read at reset.")
    return problems


CHECKS: dict[str, Callable[[Netlist], list[str]]] = {
    "each supply pin on its rail": rails,
    "decoupling of each chip": decoupling,
    "processor wired as pins.py": processor,
    "no pin read at reset, of flash or USB": pin_choice,
    "I2C addresses and pull-ups": buses.i2c,
    "gain and coupling of the front end": buses.front_end,
    "every electrode behind 100 kΩ": locks.electrodes,
    "no front-end supply with USB": locks.usb_lock,
}


def check(unit: Netlist) -> dict[str, list[str]]:
    """Every check by its name, with what it found."""
    return {name: one(unit) for name, one in CHECKS.items()}
