"""Current by mode and how long the cell lasts: arithmetic on published figures, nothing measured.

All supplies are linear, so a milliampere of load is a milliampere of the cell. MicroPython's stock
build for the ESP32-S3 leaves CONFIG_BT_CTRL_MODEM_SLEEP at ESP-IDF's default, off: the radio then
stays powered between its events. Both are told. What the firmware computes is taken from the
instructions counted on the processor's own set (target/budget.toml).
"""

from __future__ import annotations

from dataclasses import dataclass

from hardware import values
from hardware.values import COMPUTED, ESTIMATE, MEMORY, SECOND_HAND, Fact, fact
from target import budget as counted

FIGURES = {
    "mcu": Fact(31.7, "mA", "ESP32-S3-DevKitM-1 at 3.3 V, awake, radio off (lucidar.me)"),
    "mcu_80_mhz": Fact(22.0, "mA", "ESP32-S3: waiting at 80 MHz, radio off", MEMORY),
    "mcu_busy": Fact(12.0, "mA", "ESP32-S3: one core running at 160 MHz, over waiting", MEMORY),
    "cycles": Fact(1.4, "cycles", "an instruction, as in the README's table of cost", ESTIMATE),
    "rest_instructions": Fact(
        0.5, "M", "instructions a second at rest: 20 turns of the loop and the stack", ESTIMATE
    ),
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
    "imu_doze": Fact(
        0.026, "mA", "LSM6DSO: accelerometer alone, low power, at 52 Hz; ours dozes at 26", MEMORY
    ),
    "imu_off": Fact(0.003, "mA", "LSM6DSO32: power-down", MEMORY),
    "skin": Fact(0.0035, "mA", "TMP117: once a second"),
    "gauge": Fact(0.023, "mA", "MAX17048: active", MEMORY),
    "middle": Fact(0.034, "mA", "OPA333 and the divider at half the analog supply", MEMORY),
    "regulators": Fact(0.0315, "mA", "TLV75533 25 µA and TPS7A2033 6.5 µA", MEMORY),
    "led": Fact(3.0, "mA", "the light, while it is lit", ESTIMATE),
    "nudges": Fact(
        6.0, "", "times an hour that a resting, worn leg is moved without a step", ESTIMATE
    ),
}
CONNECTION_MS = 30.0  # an interval that phones choose
ADVERT_MS = 1022.5  # _SLOW_US of firmware/band/unit/advertising.py
REST_ADVERT_MS = 2045.0  # _REST_US there
LED_SHARE = 30 / 1000  # SESSION of firmware/band/unit/light.py
REST_LED_SHARE = 30 / 10_000  # RESTING there
REST_MIN = 5.0  # unit.rest_min of firmware/band/unit/settings_table.py
SLEEP_MIN = 120.0  # a choice for unit.sleep_min, which is 0 at first: never
NUDGE_MIN = 1.0  # _NUDGE_S of firmware/band/unit/rest.py
RAW_BYTES_PER_S = 1000 * 2 * 2 + 833 * 6 * 2
PACKET_BYTES = 236  # of samples in each packet
FULL_MHZ = 160.0  # as a stock build starts

USABLE = 0.855  # the firmware stops at 5 % of charge, and a tenth is lost to age and cold
LAST = 0.05  # what is then left
CONSTANT_CURRENT_SHARE = 0.85  # of a charge; the rest goes in at falling current
CONSTANT_VOLTAGE_H = 0.8

RUN_H, LINKED_H, ALONE_H = 1.0, 2.0, 21.0  # a day: a run, connected at rest, alone at rest


@dataclass(frozen=True)
class Mode:
    """measuring: sensors and front end are on. Radio: `events_per_s` of `event_ms`, and packets."""

    name: str
    measuring: bool
    events_per_s: float
    event_ms: float
    packets_per_s: float = 0.0

    @property
    def radio_share(self) -> float:
        """Part of the time that the radio is on."""
        packets_ms = self.packets_per_s * FIGURES["packet_ms"].value
        return (self.events_per_s * self.event_ms + packets_ms) / 1000


def modes() -> tuple[Mode, ...]:
    """The firmware measures when it may, and rests when nobody needs it and nothing moves."""
    event, advert = FIGURES["event_ms"].value, FIGURES["advert_ms"].value
    link = 1000 / CONNECTION_MS
    raw = RAW_BYTES_PER_S / PACKET_BYTES
    return (
        Mode("measuring, connected", True, link, event),
        Mode("measuring, raw streams on", True, link, event, raw),
        Mode("measuring, advertising", True, 1000 / ADVERT_MS, advert),
        Mode("resting, connected", False, link, event),
        Mode("resting, advertising", False, 1000 / REST_ADVERT_MS, advert),
    )


def mode(name: str) -> Mode:
    return next(one for one in modes() if one.name == name)


def instructions_per_s(of: Mode) -> float:
    """Counted while it measures; the tables of cost leave radio, SPI and I2S transfers out."""
    if of.measuring:
        return counted.read()["whole"]["instructions per second"]
    return 1e6 * FIGURES["rest_instructions"].value


def worst_block_ms(mhz: float) -> float:
    """How long the chain's worst 32 ms keep the processor busy."""
    instructions = counted.read()["whole"]["instructions of the worst 32 ms"]
    return instructions * FIGURES["cycles"].value / (1000 * mhz)


def busy_ma(instructions: float) -> float:
    """A cycle takes the same charge at either clock."""
    share = instructions * FIGURES["cycles"].value / (1e6 * FULL_MHZ)
    return share * FIGURES["mcu_busy"].value


def parts_ma(mode: Mode, modem_sleep: bool, slow_clock: bool = False) -> dict[str, float]:
    """Mean current of each part. slow_clock: 80 MHz instead of 160; a resting unit has it so."""

    def of(name: str) -> float:
        return FIGURES[name].value

    on = mode.measuring
    slow = slow_clock or not on
    front_end = 1000 * (fact("adc_supply_a") + 2 * fact("ina_supply_a")) + of("middle")
    light = of("led") * (LED_SHARE if on else REST_LED_SHARE)
    return {
        "processor, waiting": of("mcu_80_mhz" if slow else "mcu"),
        "processor, computing": busy_ma(instructions_per_s(mode)),
        "radio, sending and listening": mode.radio_share * of("radio_on"),
        "radio, awake in between": 0.0 if modem_sleep else of("radio_idle"),
        "EMG front end": front_end if on else 0.0,
        "motion and skin": of("imu" if on else "imu_doze") + of("skin"),
        "gauge, regulators, light": of("gauge") + of("regulators") + light,
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
    """Deep sleep, or what "light_sleep" would be worth, which the firmware does not enter."""
    names = (how, "imu_off", "skin", "gauge", "regulators")
    return sum(FIGURES[name].value for name in names)


def switched_off_ma() -> float:
    """The gauge stays on the cell."""
    return FIGURES["gauge"].value


def day_mah(modem_sleep: bool, rests: bool = True, sleeps: bool = False) -> float:
    """Charge of a day of RUN_H, LINKED_H and ALONE_H. rests: as the firmware does; sleeps: deep
    sleep after SLEEP_MIN of rest without a link."""

    def of(name: str) -> float:
        return total_ma(mode(name), modem_sleep)

    measuring, resting = of("measuring, connected"), of("resting, connected")
    if not rests:
        return (RUN_H + LINKED_H) * measuring + ALONE_H * of("measuring, advertising")
    awake_h = REST_MIN / 60 + LINKED_H * FIGURES["nudges"].value * NUDGE_MIN / 60
    linked = (RUN_H + awake_h) * measuring + (LINKED_H - awake_h) * resting
    rest_h = SLEEP_MIN / 60 if sleeps else ALONE_H
    return linked + rest_h * of("resting, advertising") + (ALONE_H - rest_h) * asleep_ma()


def days(daily_mah: float) -> float:
    """Between charges."""
    return values.BATTERY_MAH * USABLE / daily_mah


def charge_hours() -> float:
    """From empty to full."""
    constant = CONSTANT_CURRENT_SHARE * values.BATTERY_MAH / values.CHARGE_MA
    return constant + CONSTANT_VOLTAGE_H


def usb_ma() -> float:
    """What a charger must give: the cell's current and the unit's own, which does not measure."""
    unit = total_ma(mode("resting, advertising"), modem_sleep=False)
    awake = FIGURES["mcu"].value - FIGURES["mcu_80_mhz"].value  # it does not rest on USB
    return values.CHARGE_MA + unit + awake


def last_days() -> float:
    """How long the charge at which the firmware stops lasts in deep sleep."""
    return LAST * values.BATTERY_MAH / asleep_ma() / 24


@dataclass(frozen=True)
class Published:
    """What others say. mean_ma: where they give one; `short` names it in the picture."""

    what: str
    said: str
    where: str
    mean_ma: float | None = None
    short: str = ""


PUBLISHED = (
    Published("ESP32-S3, Bluetooth, modem sleep, typical", "17.9 mA",
              "docs.espressif.com, esp-techpedia, BLE application note", 17.9,
              "ESP32-S3, modem sleep"),
    Published("ESP32-S3, the same with automatic light sleep, main crystal", "3.3 mA",
              "the same; MicroPython's port does not offer it", 3.3,
              "ESP32-S3, automatic light sleep"),
    Published("ESP32-S3 module, ESP-IDF's NimBLE power_save example, as its user measured", "15 mA",
              "espressif/esp-idf#13073", 15.0,
              "ESP32-S3, NimBLE power_save, measured"),
    Published("ESP32-S3, the same example, another user", "25 mA",
              "espressif/esp-idf#947, comment of 2024-11-07", 25.0,
              "ESP32-S3, the same by another"),
    Published("ESP32-C3, a Bluetooth UART at 80 MHz, radio awake; with modem sleep",
              "77 mA; 25 mA", "espressif/arduino-esp32#5909", 77.0,
              "ESP32-C3, UART over Bluetooth"),
    Published("ESP32, the same program, modem sleep on by default", "31 mA",
              "espressif/arduino-esp32#5909", 31.0,
              "ESP32, the same"),
    Published("16-channel OpenBCI, streaming", "62 mA, 26 h from four AA cells",
              "openbci.com/community/estimating-openbci-battery-life", 62.0,
              "16-channel OpenBCI, streaming"),
    Published("Stryd, pod on the shoe: motion only, Bluetooth and ANT+",
              "20 h active; weeks in its energy saving mode, woken by a running cadence",
              "help.stryd.com/en/articles/6879539"),
    Published("Myo, armband: 8 EMG channels at 200 Hz, motion", "a full day",
              "diystuff.nl/bio-medical/myo-armband"),
)  # fmt: skip
