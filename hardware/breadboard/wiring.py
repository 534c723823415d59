"""The wires of the breadboard, those at the processor taken from the firmware's pin map."""

from __future__ import annotations

from dataclasses import dataclass

from hardware.board.pin_map import PINS
from hardware.breadboard.boards import BOARDS, FEATHER

CHIP = "esp32"
_LABEL = {gpio: label for label, gpio in FEATHER.items()}


@dataclass(frozen=True)
class Wire:
    """From one pin (board, label) to another; `net` is what it carries."""

    net: str
    one: tuple[str, str]
    other: tuple[str, str]
    by_way: str = ""


# Signal of the pin map to the pins it leads to.
SIGNALS: dict[str, tuple[tuple[str, str], ...]] = {
    "imu_cs": (("imu", "CS"),),
    "imu_mosi": (("imu", "SDA"),),
    "imu_sck": (("imu", "SCL"),),
    "imu_miso": (("imu", "DO"),),
    "i2c_scl": (("skin", "SCL"), ("gauge", "SCL"), ("converter", "SCL")),
    "i2c_sda": (("skin", "SDA"), ("gauge", "SDA"), ("converter", "SDA")),
    "i2s_sck": (("converter", "BCLK"),),
    "i2s_ws": (("converter", "FSYNC"),),
    "i2s_sd": (("converter", "DOUT"),),
    "button": (("human", "button"),),
    "led": (("human", "LED"),),
    "motor": (("human", "motor"),),
    "usb": (("sense", "middle"),),
}
NOT_WIRED = {"emg_shdnz": "the lock alone switches the amplifiers' supply"}

_FILM = "1 µF film"
FIXED = (
    Wire("USB", ("feather", "USB"), ("sense", "USB")),
    Wire("USB", ("feather", "USB"), ("lock", "gate")),
    Wire("BAT", ("feather", "BAT"), ("lock", "BAT")),
    Wire("BAT", ("gauge", "battery out"), ("feather", "BAT"), "PH cable"),
    Wire("GM", ("gm", "OUT"), ("converter", "IN1P"), _FILM),
    Wire("SO", ("so", "OUT"), ("converter", "IN2P"), _FILM),
    Wire("VMID", ("buffer", "VMID"), ("converter", "IN1M"), _FILM),
    Wire("VMID", ("buffer", "VMID"), ("converter", "IN2M"), _FILM),
    Wire("VMID", ("buffer", "VMID"), ("gm", "VMID")),
    Wire("VMID", ("buffer", "VMID"), ("so", "VMID")),
    Wire("GM+", ("leads", "GM+"), ("gm", "IN+")),
    Wire("GM-", ("leads", "GM-"), ("gm", "IN-")),
    Wire("SO+", ("leads", "SO+"), ("so", "IN+")),
    Wire("SO-", ("leads", "SO-"), ("so", "IN-")),
    Wire("REF", ("leads", "REF"), ("buffer", "REF")),
)

# What the rails of the breadboard feed; told by marks at the pins, not by lines.
RAILS: dict[str, tuple[tuple[str, str], ...]] = {
    "3V": (("feather", "3V"), ("imu", "VIN"), ("skin", "VIN"), ("human", "3V")),
    "3VA": (("lock", "3VA"), ("gm", "3VA"), ("so", "3VA"), ("buffer", "3VA")),
    "GND": (
        ("feather", "GND"),
        ("imu", "GND"),
        ("skin", "GND"),
        ("gauge", "GND"),
        ("human", "GND"),
        ("sense", "GND"),
        ("lock", "GND"),
        ("converter", "GND"),
        ("gm", "GND"),
        ("so", "GND"),
        ("buffer", "GND"),
    ),
}


def label(signal: str) -> str:
    """The Feather's label of a signal; raises KeyError when its GPIO is on no header."""
    return _LABEL[PINS[CHIP][signal]]


def wires() -> list[Wire]:
    """All wires but the rails."""
    made = [
        Wire(signal, ("feather", label(signal)), end)
        for signal, ends in SIGNALS.items()
        for end in ends
    ]
    return [*made, *FIXED]


def problems() -> list[str]:
    """What is wrong with the wiring, none when all is well."""
    found = []
    known = SIGNALS.keys() | NOT_WIRED.keys()
    for signal in sorted(PINS[CHIP].keys() ^ known):
        found.append(f"{signal} is in the pin map or in the wiring, but not in both.")
    used: dict[tuple[str, str], str] = {}
    for wire in wires():
        for end in (wire.one, wire.other):
            board = BOARDS[end[0]]
            if end[1] not in board.left + board.right:
                found.append(f"{end[0]} has no pin {end[1]}.")
            if used.setdefault(end, wire.net) != wire.net:
                found.append(f"{end[0]} {end[1]} carries {used[end]} and {wire.net}.")
    for rail, ends in RAILS.items():
        for end in ends:
            if end in used:
                found.append(f"{end[0]} {end[1]} carries {used[end]} and {rail}.")
            if end[1] not in BOARDS[end[0]].left + BOARDS[end[0]].right:
                found.append(f"{end[0]} has no pin {end[1]}.")
    return found


def table() -> str:
    """Markdown of the wires at the Feather, and the GPIOs for an ESP32-S3 board."""
    lines = ["| signal | Feather | goes to | on an ESP32-S3 board |", "|---|---|---|---|"]
    for signal, ends in SIGNALS.items():
        where = ", ".join(f"{BOARDS[board].title.split(':')[0]} {pin}" for board, pin in ends)
        lines.append(
            f"| `{signal}` | {label(signal)} (GPIO{PINS[CHIP][signal]}) | {where} | "
            f"GPIO{PINS['esp32s3'][signal]} |"
        )
    return "\n".join(lines) + "\n"
