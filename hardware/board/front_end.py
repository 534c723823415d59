"""The EMG front end: five leads, two amplifiers, half the supply, the converter.

Each lead meets 2 x 51.1 kOhm before anything else. Amplifier and converter share a supply that
exists only without USB (power.py). The converter's minus inputs see the same half supply as the
amplifiers' references, so that its noise cancels.
"""

from __future__ import annotations

from hardware.board import chips, connectors
from hardware.board.netlist import Netlist
from hardware.board.passives import C_1U, C_4P7, C_10U, C_100N, C_FILM, ELECTRODE, GAIN, HALF

# Amplifier of each muscle, and the input of the converter that it feeds.
MUSCLES = {"GM": ("U6", "1"), "SO": ("U7", "2")}
CONVERTER = "U9"


def add(unit: Netlist) -> None:
    unit.sheet("front end")
    leads = {
        "GM+": "SKIN_GM_P",
        "GM-": "SKIN_GM_N",
        "SO+": "SKIN_SO_P",
        "SO-": "SKIN_SO_N",
        "REF": "SKIN_REF",
    }
    unit.add(connectors.ELECTRODES, leads, ref="J3")
    for muscle, (ref, _) in MUSCLES.items():
        _muscle(unit, muscle, ref)
    _half_supply(unit)
    _converter(unit)


def _lead(unit: Netlist, name: str, inner: str) -> None:
    unit.pair(ELECTRODE, f"SKIN_{name}", f"LEAD_{name}")
    unit.pair(ELECTRODE, f"LEAD_{name}", inner)


def _muscle(unit: Netlist, muscle: str, ref: str) -> None:
    for sign in ("P", "N"):
        _lead(unit, f"{muscle}_{sign}", f"{muscle}_{sign}")
        unit.pair(C_4P7, f"{muscle}_{sign}", "GND")
    amplifier = unit.add(
        chips.AMPLIFIER,
        {
            "VIN+": f"{muscle}_P",
            "VIN-": f"{muscle}_N",
            "RG1": f"{muscle}_RG1",
            "RG2": f"{muscle}_RG2",
            "REF": "VMID",
            "VOUT": f"{muscle}_OUT",
            "V+": "+3V3A",
            "V-": "GND",
        },
        ref=ref,
    )
    unit.pair(GAIN, f"{muscle}_RG1", f"{muscle}_RG2")  # 1 + 100 kOhm / 24.0 kOhm = 5.167
    unit.pair(C_100N, "+3V3A", "GND", serves=amplifier.ref)
    unit.pair(C_FILM, f"{muscle}_OUT", f"{muscle}_ADC_P")
    unit.pair(C_FILM, "VMID", f"{muscle}_ADC_N")


def _half_supply(unit: Netlist) -> None:
    unit.pair(HALF, "+3V3A", "HALF")
    unit.pair(HALF, "HALF", "GND")
    unit.pair(C_1U, "HALF", "GND")
    buffer = unit.add(
        chips.BUFFER,
        {"IN+": "HALF", "IN-": "VMID", "OUT": "VMID", "V+": "+3V3A", "V-": "GND"},
        ref="U8",
    )
    unit.pair(C_100N, "+3V3A", "GND", serves=buffer.ref)
    # The body rests at half the supply; nothing drives it harder than through the resistors.
    _lead(unit, "REF", "VMID")


def _converter(unit: Netlist) -> None:
    converter = unit.add(
        chips.CONVERTER,
        {
            **{f"IN{number}P": f"{name}_ADC_P" for name, (_, number) in MUSCLES.items()},
            **{f"IN{number}M": f"{name}_ADC_N" for name, (_, number) in MUSCLES.items()},
            "VSS": "GND",
            "AVDD": "+3V3A",
            "IOVDD": "+3V3",
            "AREG": "AREG",
            "DREG": "DREG",
            "VREF": "VREF",
            "SDOUT": "I2S_SD",
            "BCLK": "I2S_SCK",
            "FSYNC": "I2S_WS",
            "SDA": "I2C_SDA",
            "SCL": "I2C_SCL",
        },
        ref=CONVERTER,
        left_open=("GPIO1", "MICBIAS"),
    )
    for net, capacitors in {
        "+3V3A": (C_100N, C_1U),
        "+3V3": (C_100N,),
        "AREG": (C_100N, C_10U),
        "DREG": (C_100N, C_10U),
        "VREF": (C_1U,),
    }.items():
        for capacitor in capacitors:
            unit.pair(capacitor, net, "GND", serves=converter.ref)
