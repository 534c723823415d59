"""Where each part stands on its sheet. Wires follow from the netlist; nothing here joins pins."""

from __future__ import annotations

from hardware.drawing.layout import Box, Layout, Place, column

CHIPS = {"esp32s3": "ESP32-S3", "esp32": "ESP32"}
TITLES = {"mcu": "processor"}


POWER = Layout(
    size=(112, 70),
    places={
        "J1": Box(
            (4, 9),
            (8, 23),
            {},
            {
                "VBUS": 2,
                "CC1": 5,
                "CC2": 9,
                "D+": 12,
                "D-": 14,
                "SBU1": 16,
                "SBU2": 17.5,
                "GND": 19.5,
            }
            | {"SHIELD": 21.5},
        ),
        "R1": (18, 14, "h"),
        "R2": (18, 18, "h"),
        "D1": Box((25, 20), (7, 4), {"IO1": 1, "IO2": 3}, {"VBUS": 1, "GND": 3}),
        "R3": (25, 13, "v"),
        "R4": (32, 11, "v"),
        "R5": (32, 15, "v"),
        "C1": (45, 14, "v"),
        "U1": Box((52, 10), (9, 8), {"VDD": 2, "PROG": 6}, {"VBAT": 2, "STAT": 4, "VSS": 6}),
        "R6": (50, 20, "v"),
        "C2": (67, 14, "v"),
        "J2": Box((76, 10), (6, 6), {"+": 2, "-": 4}, {}),
        "SW4": Box((76, 24), (6, 7), {"COM": 2}, {"ON": 2, "OFF": 4}),
        "U2": Box((92, 10), (8, 12), column("VDD CELL CTG QSTRT GND"), column("SCL SDA ALRT")),
        "C3": (100, 28, "v"),
        "D2": (14, 42, "h-"),
        "Q1": (10, 50, "D"),
        "C4": (22, 46, "v"),
        "U3": Box((29, 40), (9, 8), {"IN": 2, "EN": 5}, {"OUT": 2, "GND": 6}),
        "C5": (44, 46, "v"),
        "Q2": (62, 44, "S"),
        "C6": (69, 50, "v"),
        "U4": Box((78, 44), (9, 9), {"IN": 2, "EN": 7}, {"OUT": 2, "GND": 7}),
        "C7": (95, 48, "v"),
        "R7": (64, 58, "h"),
        "R8": (78, 60, "v"),
        "Q3": (70, 61, "D"),
        "R9": (60, 61, "h"),
        "R10": (64, 63, "v"),
    },
    notes=[
        ((36, 14), "5.0 V → 3.2 V\nat the processor"),
        ((4, 35), "Both 5.1 kΩ say «a device that draws»."),
        ((52, 23.5), "4.99 kΩ: 200 mA"),
        ((72, 33), "off, the cell still charges"),
        ((4, 60), "With USB: 5 V through D2, Q1 off.\nWithout: the cell through Q1."),
        (
            (84, 57),
            "USB lock, two means, each enough:\n"
            "Q2 parts the regulator from the cell (gate is VBUS),\n"
            "Q3 holds its enable low (R7 yields).\n"
            "The firmware can only ask, by EMG_SHDNZ.",
        ),
    ],
)

FRONT_END = Layout(
    size=(116, 76),
    places={
        "J3": Box(
            (4, 7),
            (6, 48),
            {},
            {"GM+": 3, "GM-": 15, "REF": 24, "SO+": 33, "SO-": 45},
        ),
        "R11": (17, 10, "h"),
        "R12": (23, 10, "h"),
        "C8": (29, 12, "v"),
        "R13": (17, 22, "h"),
        "R14": (23, 22, "h"),
        "C9": (29, 24, "v"),
        "R15": (35, 16, "v"),
        "U6": Box(
            (40, 7),
            (9, 18),
            {"VIN+": 3, "RG1": 7, "RG2": 11, "VIN-": 15},
            {"V+": 3, "VOUT": 8, "REF": 12, "V-": 15},
        ),
        "C11": (57, 15, "h"),
        "C12": (57, 19, "h"),
        "R16": (17, 40, "h"),
        "R17": (23, 40, "h"),
        "C13": (29, 42, "v"),
        "R18": (17, 52, "h"),
        "R19": (23, 52, "h"),
        "C14": (29, 54, "v"),
        "R20": (35, 46, "v"),
        "U7": Box(
            (40, 37),
            (9, 18),
            {"VIN+": 3, "RG1": 7, "RG2": 11, "VIN-": 15},
            {"V+": 3, "VOUT": 8, "REF": 12, "V-": 15},
        ),
        "C16": (57, 45, "h"),
        "C17": (57, 49, "h"),
        "R23": (17, 31, "h"),
        "R24": (23, 31, "h"),
        "R21": (35, 29, "v"),
        "R22": (35, 33, "v"),
        "C18": (40, 33, "v"),
        "U8": Box((53, 28.5), (7, 6), {"IN+": 2.5, "IN-": 4.5}, {"V+": 1, "OUT": 2.5, "V-": 5}),
        "U9": Box(
            (70, 11),
            (12, 44),
            {"IN1P": 4, "IN1M": 8, "IN2P": 34, "IN2M": 38},
            {"AVDD": 2, "IOVDD": 4, "SDOUT": 7, "BCLK": 9, "FSYNC": 11, "SDA": 14, "SCL": 16}
            | {"GPIO1": 19, "MICBIAS": 21, "AREG": 24, "DREG": 30, "VREF": 36, "VSS": 42},
        ),
        "C23": (90, 37, "v"),
        "C24": (96, 37, "v"),
        "C25": (102, 43, "v"),
        "C26": (108, 43, "v"),
        "C27": (90, 49, "v"),
    },
    bank=(8, 67),
    notes=[
        ((12, 5), "each lead 2 × 51.1 kΩ before anything else"),
        ((19, 15.7), "G = 1 + 100 kΩ / 24.0 kΩ\n= 5.167"),
        ((53, 9), "film; with 20 kΩ\n8 Hz high-pass"),
        ((40, 58.5), "half the supply, for amplifiers, converter and the body"),
        ((70, 57.5), "36.5 dB inside; I2C address 0x4E is fixed"),
        ((88, 8), "+3V3A exists only without USB:\nsheet power"),
    ],
)

SENSORS = Layout(
    size=(80, 38),
    places={
        "U11": Box(
            (20, 10),
            (12, 18),
            {"CS": 3, "SPC": 6, "SDI": 9, "SDO": 12},
            column("VDD VDDIO GND SDx SCx INT1 INT2 OCS_AUX SDO_AUX", 1),
        ),
        "R25": (12, 9, "v"),
        "U12": Box(
            (52, 10), (9, 10), {"SCL": 3, "SDA": 6}, {"V+": 2, "ADD0": 4, "GND": 6, "ALERT": 8}
        ),
    },
    bank=(46, 30),
    notes=[((50, 22), "ADD0 to ground: I2C address 0x48"), ((8, 30), "SPI mode 3, 8 MHz")],
)

_HUMAN: dict[str, Place] = {
    "R28": (66, 10, "h"),
    "SW1": (74, 10, "h"),
    "R29": (66, 18, "h"),
    "D3": (72, 18, "h-"),
    "R30": (66, 31, "h"),
    "R31": (69, 34, "v"),
    "Q4": (74, 31, "D"),
    "M1": (75, 25, "v"),
    "D4": (84, 25, "v"),
    "C34": (96, 25, "v"),
    "R32": (66, 46, "v"),
    "R33": (73, 46, "v"),
    "R26": (9, 10, "v"),
    "C33": (9, 16, "v"),
    "SW2": (15, 16, "v"),
    "R27": (9, 24, "v"),
    "SW3": (9, 28, "v"),
}

_HUMAN_NOTES = [
    ((80, 9.2), "the athlete's button, pulled up for deep sleep, too"),
    ((84, 30), "on +3V3: the cell's 4.2 V\nwould be too much"),
    ((4, 33), "SW2, SW3 inside the case:\nreset, download"),
]

MCU_S3 = Layout(
    size=(112, 60),
    places=_HUMAN
    | {
        "U5": Box(
            (28, 8),
            (14, 44),
            column("3V3 . EN . IO0 IO3 IO45 IO46 . IO19 IO20 . IO1 IO2 IO15 IO17 IO35 IO36 IO37", 2)
            | {"GND": 42},
            column("IO4 IO5 IO6 IO7 IO8 IO9 IO10 IO11 IO12 IO13 IO14 IO16 IO18 IO21", 2)
            | column("IO38 IO39 IO40 IO41 IO42 IO43 IO44 IO47 IO48", 30, 1.6),
        ),
        "R34": (15, 30, "h"),
        "R35": (21, 28, "h"),
        "R36": (60, 6, "v"),
    },
    bank=(80, 46),
    notes=_HUMAN_NOTES,
)

MCU_ESP32 = Layout(
    size=(112, 92),
    places=_HUMAN
    | {
        "U5": Box(
            (28, 8),
            (14, 46),
            {"3V3": 2, "EN": 6, "IO0": 10, "IO1": 16, "IO3": 18, "GND": 44}
            | column("IO2 IO5 IO12 IO15 IO16 IO17 IO35 IO36 IO39", 22),
            column("IO27 IO26 IO25 IO14 IO21 IO22 IO13 IO23 IO18 IO19 IO32 IO34 IO33 IO4", 2),
        ),
        "U10": Box(
            (20, 66),
            (12, 21),
            {"VREGIN": 1.5, "VBUS": 4, "D+": 7, "D-": 9, "GND": 19.5}
            | column("RI CTS DSR DCD GPIO0 GPIO1 GPIO2 GPIO3", 10.5, 1.0),
            {"VDD": 1.5, "VIO": 4, "RSTB": 7, "TXD": 10, "RXD": 12, "DTR": 15, "RTS": 17}
            | {"SUSPEND": 18.5, "SUSPENDB": 19.5},
        ),
        "R34": (9, 68, "v"),
        "R35": (9, 72, "v"),
        "R36": (39, 71, "v"),
        "R37": (41, 78, "h-"),
        "Q5": Box((66, 72), (9, 12), {"B1": 2, "E1": 4, "B2": 8, "E2": 10}, {"C1": 3, "C2": 9}),
        "R38": (57, 74, "h"),
        "R39": (57, 80, "h"),
        "R40": (60, 6, "v"),
    },
    bank=(80, 46),
    notes=[
        *_HUMAN_NOTES,
        ((20, 60), "USB bridge, fed by USB alone"),
        ((64, 87), "esptool's reset: DTR and RTS, one of them low,\npull EN or IO0 down"),
    ],
)

SHEETS: dict[str, dict[str, Layout]] = {
    "esp32s3": {"power": POWER, "mcu": MCU_S3, "front end": FRONT_END, "sensors": SENSORS},
    "esp32": {"power": POWER, "mcu": MCU_ESP32, "front end": FRONT_END, "sensors": SENSORS},
}
