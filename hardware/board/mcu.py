"""The processor: a module of either chip, wired as firmware/band/unit/pins.py says."""

from __future__ import annotations

from hardware.board import connectors, modules
from hardware.board.netlist import Netlist
from hardware.board.passives import C_1U, C_4U7, C_10U, C_100N, resistor
from hardware.board.pin_map import PINS

MODULE = "U5"


def add(unit: Netlist) -> None:
    unit.sheet("mcu")
    kind = modules.MODULES[unit.chip]
    nets = {"GND": "GND", "3V3": "+3V3", "EN": "RESET", "IO0": "BOOT"}
    for signal, number in PINS[unit.chip].items():
        nets[f"IO{number}"] = signal.upper()
    if unit.chip == "esp32s3":
        nets |= {"IO20": "MCU_DP", "IO19": "MCU_DM"}
    else:
        nets |= {"IO1": "UART_TX", "IO3": "UART_RX"}
    unused = [pin.name for pin in kind.pins if pin.name[:2] == "IO" and pin.name not in nets]
    module = unit.add(kind, nets, ref=MODULE, left_open=unused)
    unit.pair(C_10U, "+3V3", "GND", serves=module.ref)
    unit.pair(C_100N, "+3V3", "GND", serves=module.ref)
    # A late EN: the module must not start before its supply stands.
    unit.pair(resistor(10_000), "+3V3", "RESET")
    unit.pair(C_1U, "RESET", "GND")
    unit.pair(resistor(10_000), "+3V3", "BOOT")
    # Inside the case, for a unit whose firmware no longer answers.
    unit.add(connectors.BUTTON, {"A": "RESET", "B": "GND"}, ref="SW2")
    unit.add(connectors.BUTTON, {"A": "BOOT", "B": "GND"}, ref="SW3")
    _human(unit)
    unit.pair(resistor(4_700), "+3V3", "I2C_SCL")
    unit.pair(resistor(4_700), "+3V3", "I2C_SDA")
    if unit.chip == "esp32s3":
        unit.pair(resistor(22), "USB_DP", "MCU_DP")
        unit.pair(resistor(22), "USB_DM", "MCU_DM")
    else:
        _bridge(unit)
    # Deep sleep ends by the button, and may have taken the processor's own pull-up away.
    unit.pair(resistor(100_000), "+3V3", "BUTTON")


def _human(unit: Netlist) -> None:
    """Button, light and motor."""
    unit.add(connectors.BUTTON, {"A": "BUTTON_CONTACT", "B": "GND"}, ref="SW1")
    unit.pair(resistor(1_000), "BUTTON", "BUTTON_CONTACT")
    unit.pair(resistor(1_000), "LED", "LED_A")
    unit.add(connectors.LED, {"A": "LED_A", "K": "GND"}, ref="D3")
    # On 3.3 V, not on the cell: full duty at 4.2 V would be more than the motor may have.
    motor = unit.add(connectors.MOTOR, {"+": "+3V3", "-": "MOTOR_LOW"}, ref="M1")
    unit.add(connectors.FREEWHEEL, {"K": "+3V3", "A": "MOTOR_LOW"}, ref="D4")
    unit.add(connectors.N_FET, {"D": "MOTOR_LOW", "S": "GND", "G": "MOTOR_GATE"}, ref="Q4")
    unit.pair(resistor(100), "MOTOR", "MOTOR_GATE")
    unit.pair(resistor(100_000), "MOTOR_GATE", "GND")  # still, until the firmware runs
    unit.pair(C_10U, "+3V3", "GND", serves=motor.ref)


def _bridge(unit: Netlist) -> None:
    """USB to UART, fed by USB alone: on the cell it draws nothing."""
    bridge = unit.add(
        modules.CP2102N,
        {
            "D+": "USB_DP",
            "D-": "USB_DM",
            "VREGIN": "VBUS",
            "VDD": "+3V3_UART",
            "VIO": "+3V3_UART",
            "VBUS": "UART_VBUS",
            "RSTB": "UART_RSTB",
            "GND": "GND",
            "TXD": "UART_RX",
            "RXD": "UART_RXD",
            "DTR": "DTR",
            "RTS": "RTS",
        },
        ref="U10",
        left_open=(
            "RI CTS DSR DCD GPIO0 GPIO1 GPIO2 GPIO3 SUSPEND SUSPENDB".split()  # pulled inside
        ),
    )
    unit.pair(C_1U, "VBUS", "GND", serves=bridge.ref)
    unit.pair(C_4U7, "+3V3_UART", "GND", serves=bridge.ref)
    unit.pair(C_100N, "+3V3_UART", "GND", serves=bridge.ref)
    unit.pair(resistor(22_100), "VBUS", "UART_VBUS")
    unit.pair(resistor(47_500), "UART_VBUS", "GND")
    unit.pair(resistor(1_000), "+3V3_UART", "UART_RSTB")
    # The console's idle level must not feed the bridge while USB is away.
    unit.pair(resistor(1_000), "UART_TX", "UART_RXD")
    # esptool's reset: only one of DTR and RTS low pulls EN or IO0 down.
    unit.add(
        modules.RESET_PAIR,
        {"B1": "DTR_B", "E1": "RTS", "C1": "RESET", "B2": "RTS_B", "E2": "DTR", "C2": "BOOT"},
        ref="Q5",
    )
    unit.pair(resistor(10_000), "DTR", "DTR_B")
    unit.pair(resistor(10_000), "RTS", "RTS_B")
