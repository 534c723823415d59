"""Motion and skin temperature."""

from __future__ import annotations

from hardware.board import chips
from hardware.board.netlist import Netlist
from hardware.board.passives import C_100N, resistor


def add(unit: Netlist) -> None:
    unit.sheet("sensors")
    imu = unit.add(
        chips.IMU,
        {
            "VDD": "+3V3",
            "VDDIO": "+3V3",
            "GND": "GND",
            # Of the second bus, which is not used; ST wants them at a level.
            "SDx": "GND",
            "SCx": "GND",
            "CS": "IMU_CS",
            "SPC": "IMU_SCK",
            "SDI": "IMU_MOSI",
            "SDO": "IMU_MISO",
        },
        ref="U11",
        left_open=("INT1", "INT2", "OCS_AUX", "SDO_AUX"),  # the firmware asks, it is not called
    )
    unit.pair(C_100N, "+3V3", "GND", serves=imu.ref)
    unit.pair(C_100N, "+3V3", "GND", serves=imu.ref)
    # High until the firmware runs: on a low CS the chip would take noise for SPI.
    unit.pair(resistor(10_000), "+3V3", "IMU_CS")
    skin = unit.add(
        chips.SKIN,
        {"V+": "+3V3", "GND": "GND", "ADD0": "GND", "SCL": "I2C_SCL", "SDA": "I2C_SDA"},
        ref="U12",
        left_open=("ALERT",),
    )
    unit.pair(C_100N, "+3V3", "GND", serves=skin.ref)
