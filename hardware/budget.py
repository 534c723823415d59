"""Current by mode and how long the cell lasts: arithmetic on published figures, nothing measured.

All supplies are linear, so a milliampere of load is a milliampere of the cell. MicroPython's stock
build for the ESP32-S3 leaves CONFIG_BT_CTRL_MODEM_SLEEP at ESP-IDF's default, off: the radio then
stays powered between its events. Both are told.
"""

from __future__ import annotations

from dataclasses import dataclass

from hardware import values
from hardware.values import COMPUTED, ESTIMATE, MEMORY, SECOND_HAND, Fact, fact

FIGURES = {
    "mcu": Fact(31.7, "mA", "ESP32-S3-DevKitM-1 at 3.3 V, awake, radio off (lucidar.me)"),
    "mcu_80_mhz": Fact(22.0, "mA", "ESP32-S3: waiting at 80 MHz, radio off", MEMORY),
    "mcu_busy": Fact(12.0, "mA", "ESP32-S3: one core running, over waiting", MEMORY),
    "busy_share": Fact(0.2, "", "share of that: the firmware's loop and chain", ESTIMATE),
    "radio_idle": Fact(
        11.6,
        "mA",
        "ESP32-C3, connected, radio awake between events: 35.6 mA against 24.0 mA "
        "(rfordinal/explorink, docs/power-plan.md)",
    ),
    "radio_2017": Fact(
        80.0, "mA", "ESP32, Bluetooth on, no sleep: 110 mA against 30 mA (espressif/esp-idf#753)"
    ),
    "radio_on": Fact(65.0, "mA", "ESP32-S3: receiving or sending at 3 dBm, over waiting", MEMORY),
    "event_ms": Fact(2.0, "ms", "radio on for an empty connection event", ESTIMATE),
    "advert_ms": Fact(4.0, "ms", "radio on for an advertisement on three channels", ESTIMATE),
    "packet_ms": Fact(2.6, "ms", "a packet of 251 bytes at 1 Mbit/s, pauses and answer", COMPUTED),
    "light_sleep": Fact(0.24, "mA", "ESP32-S3 in light sleep", SECOND_HAND),
    "sleep": Fact(0.008, "mA", "ESP32-S3-DevKitM-1 in deep sleep (lucidar.me)"),
    "imu": Fact(0.55, "mA", "LSM6DSO32: both sensors, high performance"),
    "imu_off": Fact(0.003, "mA", "LSM6DSO32: power-down", MEMORY),
    "skin": Fact(0.0035, "mA", "TMP117: once a second"),
    "gauge": Fact(0.023, "mA", "MAX17048: active", MEMORY),
    "middle": Fact(0.034, "mA", "OPA333 and the divider at half the analog supply", MEMORY),
    "regulators": Fact(0.0315, "mA", "TLV75533 25 µA and TPS7A2033 6.5 µA", MEMORY),
    "led": Fact(3.0, "mA", "the light, while it is lit", ESTIMATE),
}
CONNECTION_MS = 30.0  # an interval that phones choose
ADVERT_MS = 1022.5  # _SLOW_US of firmware/band/unit/advertising.py
LED_SHARE = 30 / 1000  # SESSION of firmware/band/unit/light.py
RAW_BYTES_PER_S = 1000 * 2 * 2 + 833 * 6 * 2
PACKET_BYTES = 236  # of samples in each packet

USABLE = 0.855  # the firmware stops at 5 % of charge, and a tenth is lost to age and cold
CONSTANT_CURRENT_SHARE = 0.85  # of a charge; the rest goes in at falling current
CONSTANT_VOLTAGE_H = 0.8


@dataclass(frozen=True)
class Mode:
    """acquiring: sensors and front end are on. radio_share: part of the time the radio is on."""

    name: str
    acquiring: bool
    radio_share: float


def modes() -> tuple[Mode, ...]:
    """The firmware measures whenever it may; it does not below 5 % of charge and on USB."""
    event = FIGURES["event_ms"].value / CONNECTION_MS
    advert = FIGURES["advert_ms"].value / ADVERT_MS
    packets = RAW_BYTES_PER_S / PACKET_BYTES * FIGURES["packet_ms"].value / 1000
    return (
        Mode("measuring, connected", True, event),
        Mode("measuring, raw streams on", True, event + packets),
        Mode("measuring, advertising", True, advert),
        Mode("connected, not measuring", False, event),
        Mode("advertising, not measuring", False, advert),
    )


def parts_ma(mode: Mode, modem_sleep: bool, slow_clock: bool = False) -> dict[str, float]:
    """Mean current of each part. slow_clock: 80 MHz instead of 160."""

    def of(name: str) -> float:
        return FIGURES[name].value

    on = mode.acquiring
    busy = of("busy_share") * (2 if slow_clock else 1) * (1 if on else 0.25)
    front_end = 1000 * (fact("adc_supply_a") + 2 * fact("ina_supply_a")) + of("middle")
    return {
        "processor": of("mcu_80_mhz" if slow_clock else "mcu") + busy * of("mcu_busy"),
        "radio, sending and listening": mode.radio_share * of("radio_on"),
        "radio, awake in between": 0.0 if modem_sleep else of("radio_idle"),
        "EMG front end": front_end if on else 0.0,
        "motion and skin": (of("imu") if on else of("imu_off")) + of("skin"),
        "gauge, regulators, light": of("gauge") + of("regulators") + LED_SHARE * of("led"),
    }


def total_ma(mode: Mode, modem_sleep: bool, slow_clock: bool = False) -> float:
    return sum(parts_ma(mode, modem_sleep, slow_clock).values())


def total_2017_ma() -> float:
    """Measuring, connected, if the radio costs what an early ESP32's did: the worst on record."""
    mode = modes()[0]
    asleep = parts_ma(mode, modem_sleep=True)
    return sum(asleep.values()) + FIGURES["radio_2017"].value


def hours(current_ma: float) -> float:
    """From a full cell to the charge at which the firmware stops."""
    return values.BATTERY_MAH * USABLE / current_ma


def cell_mah(wanted_h: float, current_ma: float) -> float:
    """Capacity that lasts that long."""
    return wanted_h * current_ma / USABLE


def asleep_ma(how: str = "sleep") -> float:
    """What deep sleep (or "light_sleep") would be worth; the firmware enters neither."""
    names = (how, "imu_off", "skin", "gauge", "regulators")
    return sum(FIGURES[name].value for name in names)


def switched_off_ma() -> float:
    """The gauge stays on the cell."""
    return FIGURES["gauge"].value


def charge_hours() -> float:
    """From empty to full."""
    constant = CONSTANT_CURRENT_SHARE * values.BATTERY_MAH / values.CHARGE_MA
    return constant + CONSTANT_VOLTAGE_H


def usb_ma() -> float:
    """What a charger must give: the cell's current and the unit's own, its radio awake."""
    return values.CHARGE_MA + total_ma(modes()[-1], modem_sleep=False)


def minutes_after_the_end() -> tuple[float, float]:
    """How long the last 5 % keep it advertising: radio awake, and asleep between events."""
    left = 0.05 * values.BATTERY_MAH
    awake, asleep = (60 * left / total_ma(modes()[-1], sleep) for sleep in (False, True))
    return awake, asleep
