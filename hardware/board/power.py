"""Power: USB-C, charging, the 3.3 V rails, and the lock that keeps USB and electrodes apart.

While USB supplies 5 V, two switches that know nothing of the firmware take the front end's
supply away: a P-FET in its regulator's input, whose gate is VBUS itself, and an N-FET that pulls
the regulator's enable low. Either is enough. The regulator runs from the cell only, never from
what USB feeds.
"""

from __future__ import annotations

from hardware.board import chips, connectors
from hardware.board.netlist import Netlist
from hardware.board.passives import C_1U, C_4U7, C_10U, C_100N, resistor


def add(unit: Netlist) -> None:
    unit.sheet("power")
    _usb(unit)
    _cell(unit)
    _digital_rail(unit)
    _analog_rail(unit)


def _usb(unit: Netlist) -> None:
    unit.add(
        connectors.USB_C,
        {
            "VBUS": "VBUS",
            "GND": "GND",
            "SHIELD": "GND",
            "CC1": "CC1",
            "CC2": "CC2",
            "D+": "USB_DP",
            "D-": "USB_DM",
        },
        ref="J1",
        left_open=("SBU1", "SBU2"),
    )
    # Both say: a device that draws; without them a USB-C charger gives nothing.
    unit.pair(resistor(5_100), "CC1", "GND")
    unit.pair(resistor(5_100), "CC2", "GND")
    esd = {"IO1": "USB_DP", "IO2": "USB_DM", "GND": "GND", "VBUS": "VBUS"}
    unit.add(connectors.USB_ESD, esd, ref="D1")
    # Drains what leaks back into VBUS, so that an empty socket never looks like USB.
    unit.pair(resistor(10_000), "VBUS", "GND")
    # 5.0 V gives 3.2 V; 4.4 V, the least of USB, still gives 2.8 V.
    unit.pair(resistor(100_000), "VBUS", "USB")
    unit.pair(resistor(180_000), "USB", "GND")


def _cell(unit: Netlist) -> None:
    unit.add(connectors.CELL, {"+": "+CELL", "-": "GND"}, ref="J2")
    # The firmware never sleeps: off is this switch. Charging and gauge stay on the cell.
    unit.supplies.add("+BATT")
    slide = {"COM": "+CELL", "ON": "+BATT"}
    unit.add(connectors.SLIDE, slide, ref="SW4", left_open=("OFF",))
    charger = unit.add(
        chips.CHARGER,
        {"VDD": "VBUS", "VSS": "GND", "VBAT": "+CELL", "PROG": "PROG"},
        ref="U1",
        left_open=("STAT",),
    )
    unit.pair(resistor(4_990), "PROG", "GND")  # 1000 V / 4.99 kOhm: 200 mA, half of the cell's hour
    unit.pair(C_4U7, "VBUS", "GND", serves=charger.ref)
    unit.pair(C_4U7, "+CELL", "GND", serves=charger.ref)
    gauge = unit.add(
        chips.GAUGE,
        {
            "VDD": "+CELL",
            "CELL": "+CELL",
            "GND": "GND",
            "CTG": "GND",
            "QSTRT": "GND",
            "SCL": "I2C_SCL",
            "SDA": "I2C_SDA",
        },
        ref="U2",
        left_open=("ALRT",),
    )
    unit.pair(C_100N, "+CELL", "GND", serves=gauge.ref)


def _digital_rail(unit: Netlist) -> None:
    unit.supplies.add("VSYS")
    # From USB through the diode; without USB the FET, then fully on, brings the cell.
    unit.add(connectors.RECTIFIER, {"A": "VBUS", "K": "VSYS"}, ref="D2")
    unit.add(connectors.P_FET, {"G": "VBUS", "D": "+BATT", "S": "VSYS"}, ref="Q1")
    regulator = unit.add(
        chips.DIGITAL_LDO, {"IN": "VSYS", "EN": "VSYS", "GND": "GND", "OUT": "+3V3"}, ref="U3"
    )
    unit.pair(C_10U, "VSYS", "GND", serves=regulator.ref)
    unit.pair(C_10U, "+3V3", "GND", serves=regulator.ref)


def _analog_rail(unit: Netlist) -> None:
    unit.supplies.add("FE_IN")
    unit.add(connectors.P_FET, {"G": "VBUS", "S": "+BATT", "D": "FE_IN"}, ref="Q2")
    regulator = unit.add(
        chips.ANALOG_LDO, {"IN": "FE_IN", "EN": "FE_EN", "GND": "GND", "OUT": "+3V3A"}, ref="U4"
    )
    unit.pair(C_1U, "FE_IN", "GND", serves=regulator.ref)
    unit.pair(C_4U7, "+3V3A", "GND", serves=regulator.ref)
    # The processor asks for the supply through 10 kOhm, against which the lock always wins.
    unit.pair(resistor(10_000), "EMG_SHDNZ", "FE_EN")
    unit.pair(resistor(100_000), "FE_EN", "GND")
    unit.add(connectors.SIGNAL_FET, {"D": "FE_EN", "S": "GND", "G": "USB_LOCK"}, ref="Q3")
    unit.pair(resistor(10_000), "VBUS", "USB_LOCK")
    unit.pair(resistor(100_000), "USB_LOCK", "GND")
