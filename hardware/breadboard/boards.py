"""What the breadboard variant is made of: boards from the shelf, and what was found about them.

`seen` says where product and pins were looked up; an empty one says that they were not found in
any text at hand and must be read from the board and its page before anything is soldered.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Board:
    """A board or group of parts on the breadboard: pins at its left and right, from above."""

    title: str
    order: str  # maker and number, or what to ask for
    quantity: int
    price_usd: float  # an estimate unless `seen` says otherwise
    at: tuple[float, float]
    size: tuple[float, float]
    left: tuple[str, ...]
    right: tuple[str, ...]
    seen: str = ""


_FEATHER_SEEN = (
    "GPIOs of the labels: arduino-esp32 variants/feather_esp32/pins_arduino.h; order of the "
    "headers: the Feather form (funwithsoftware.org, 2018-08-31)"
)

# Label at the header to GPIO.
FEATHER = {
    "A0": 26,
    "A1": 25,
    "A2": 34,
    "A3": 39,
    "A4": 36,
    "A5": 4,
    "SCK": 5,
    "MO": 18,
    "MI": 19,
    "RX": 16,
    "TX": 17,
    "21": 21,
    "13": 13,
    "12": 12,
    "27": 27,
    "33": 33,
    "15": 15,
    "32": 32,
    "14": 14,
    "SCL": 22,
    "SDA": 23,
}

BOARDS: dict[str, Board] = {
    "feather": Board(
        "HUZZAH32 Feather (ESP32, no PSRAM)",
        "Adafruit 3405",
        1,
        20.0,
        (45, 12),
        (14, 38),
        tuple("RST 3V NC GND A0 A1 A2 A3 A4 A5 SCK MO MI RX TX 21".split()),
        tuple(". . . . BAT EN USB 13 12 27 33 15 32 14 SCL SDA".split()),
        _FEATHER_SEEN,
    ),
    "imu": Board(
        "LSM6DSO32 breakout",
        "Adafruit 4692",
        1,
        13.0,
        (6, 12),
        (14, 12),
        (),
        ("VIN", "GND", "SCL", "SDA", "DO", "CS"),
    ),
    "skin": Board(
        "TMP117 breakout",
        "Adafruit 4821",
        1,
        12.0,
        (6, 30),
        (14, 8),
        (),
        ("VIN", "GND", "SCL", "SDA"),
        "product: Adafruit_TMP117 library; pins not found",
    ),
    "gauge": Board(
        "MAX17048 breakout",
        "Adafruit 5580",
        1,
        7.0,
        (6, 44),
        (14, 9),
        (),
        ("GND", "SCL", "SDA", "battery out"),
        "product: Adafruit_MAX1704X library; pins not found",
    ),
    "human": Board(
        "button, LED + 1 kΩ, motor + PN2222A + 1 kΩ + 1N5817",
        "Adafruit 367, 1201 and parts",
        1,
        4.0,
        (6, 59),
        (14, 10),
        (),
        ("3V", "button", "LED", "motor", "GND"),
    ),
    "sense": Board(
        "USB sense: 100 kΩ to USB, 180 kΩ to GND",
        "resistors",
        1,
        0.2,
        (46, 60),
        (12, 7),
        (),
        ("USB", "middle", "GND"),
    ),
    "lock": Board(
        "front-end supply: P-FET TP2104N3-G, 10 kΩ, MCP1700-3302E/TO",
        "Microchip, both TO-92",
        1,
        2.0,
        (78, 10),
        (16, 8),
        ("BAT", "gate", "GND"),
        ("3VA",),
    ),
    "converter": Board(
        "TLV320ADCx120 EVM on AC-MB, external I2S (J7)",
        "TI kit ADCx120EVM-PDK",
        1,
        250.0,
        (78, 26),
        (16, 22),
        ("BCLK", "FSYNC", "DOUT", "SCL", "SDA", "GND"),
        ("IN1P", "IN1M", "IN2P", "IN2M"),
        "TI SBAU359A: daughterboard and motherboard, clocks from outside at J7; which order number "
        "carries which of the three chips was not found. Any of them has the same registers",
    ),
    "buffer": Board(
        "half supply: 2 × 100 kΩ, 1 µF, OPA333 on an adapter",
        "TI OPA333AIDBVR on DIP-ADAPTER-EVM",
        1,
        8.0,
        (112, 60),
        (15, 6),
        ("VMID", "3VA", "GND"),
        ("REF",),
    ),
    "gm": Board(
        "amplifier GM: INA333, 24.0 kΩ, 2 × 4.7 pF",
        "TI INA333AIDGKR on DIP-ADAPTER-EVM",
        1,
        9.0,
        (112, 14),
        (15, 10),
        ("3VA", "OUT", "VMID", "GND"),
        ("IN+", "IN-"),
        "TI names the DIP Adapter EVM in the data sheet of the TLV3402; its footprints not found",
    ),
    "so": Board(
        "amplifier SO: INA333, 24.0 kΩ, 2 × 4.7 pF",
        "TI INA333AIDGKR on DIP-ADAPTER-EVM",
        1,
        9.0,
        (112, 38),
        (15, 10),
        ("3VA", "OUT", "VMID", "GND"),
        ("IN+", "IN-"),
        "as the other",
    ),
    "leads": Board(
        "five leads, 2 × 51.1 kΩ each",
        "10 × 51.1 kΩ metal film; snap leads and gel electrodes",
        1,
        12.0,
        (143, 12),
        (14, 58),
        ("GM+", "GM-", "SO+", "SO-", "REF"),
        (),
    ),
}

# Parts without a place in the picture.
MORE = (
    ("4 × film capacitor 1 µF, amplifier and VMID to the converter's inputs", "", 4, 0.5),
    ("LiPo 400 mAh or more with protection and PH plug, charged by the Feather", "", 1, 6.0),
    ("PH cable, MAX17048 breakout to the Feather's battery socket", "", 1, 2.0),
    ("USB power bank for the AC-MB, never plugged into its charger while worn", "", 1, 10.0),
    ("breadboard, wires", "", 1, 10.0),
)
