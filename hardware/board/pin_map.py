"""The firmware's pin map, read from firmware/band/unit/pins.py itself; there is no copy."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PINS_FILE = ROOT / "firmware" / "band" / "unit" / "pins.py"

_tables = runpy.run_path(str(PINS_FILE))
PINS: dict[str, dict[str, int]] = _tables["PINS"]
BUSES: dict[str, dict[str, int]] = _tables["BUSES"]

# GPIOs that a signal must not use, with the reason (data sheets, as in pins.py).
READ_AT_RESET = {"esp32s3": {0, 3, 45, 46}, "esp32": {0, 2, 5, 12, 15}}
RESERVED = {
    "esp32s3": {19: "USB", 20: "USB", 43: "console", 44: "console"}
    | {gpio: "flash" for gpio in range(26, 33)},
    "esp32": {1: "console", 3: "console"} | {gpio: "flash" for gpio in range(6, 12)},
}
ONLY_INPUTS = {"esp32s3": frozenset[int](), "esp32": frozenset(range(34, 40))}
# What the processor reads without needing a pull of its own.
READ_SIGNALS = frozenset({"i2s_sd", "imu_miso", "usb"})

WHAT = {
    "button": "button to ground; pull-ups inside and outside the processor",
    "i2s_sck": "bit clock to the converter, 512 kHz",
    "i2s_ws": "frame clock to the converter, 8 kHz",
    "i2s_sd": "samples from the converter",
    "i2c_sda": "converter, skin sensor, fuel gauge",
    "i2c_scl": "converter, skin sensor, fuel gauge",
    "imu_cs": "IMU select",
    "imu_mosi": "to the IMU",
    "imu_sck": "IMU clock, 8 MHz",
    "imu_miso": "from the IMU",
    "motor": "gate of the motor's FET",
    "usb": "high while USB supplies 5 V",
    "emg_shdnz": "asks for the front end's supply; the USB lock decides",
    "led": "green LED",
}


def table() -> str:
    """Markdown for hardware/pins.md: signal, GPIO and module pin of both processors."""
    from hardware.board.modules import MODULES

    lines = [
        "| signal | ESP32-S3 GPIO | module pin | ESP32 GPIO | module pin | what it does |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for signal in PINS["esp32s3"]:
        cells = [f"`{signal}`"]
        for chip, kind in MODULES.items():
            gpio = PINS[chip][signal]
            cells += [str(gpio), kind.numbers(f"IO{gpio}")[0]]
        lines.append("| " + " | ".join([*cells, WHAT[signal]]) + " |")
    return "\n".join(lines) + "\n"
