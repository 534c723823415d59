"""Keys of a unit file: each names a setting of the unit, in units that people write.

Bounds, kinds and defaults are the firmware's own (band/unit/settings_table.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from host_tools.firmware_tables import settings_table as table

Value = int | str  # as the unit keeps it


@dataclass(frozen=True)
class Key:
    """words: what the values 0, 1, ... are called. factor: of the setting's unit in the key's."""

    section: str
    name: str
    setting: str
    what: str
    unit: str = ""
    factor: int = 1
    words: tuple[str, ...] = ()
    flag: bool = False
    zero: str = ""  # what 0, or no text, means
    others: tuple[tuple[str, float], ...] = ()  # units mistaken for it, and the key's unit in them

    @property
    def row(self) -> tuple[Any, ...]:
        return table.row_of(self.setting)

    @property
    def is_text(self) -> bool:
        return self.row[table.KIND] == table.TEXT

    def bounds(self) -> str:
        """As in "between 0.9 and 2.5 m, or 0"."""
        row = self.row
        low, high, also = row[table.LOWEST], row[table.HIGHEST], row[table.ALSO]
        if self.flag:
            return "true or false"
        if self.words:
            return " or ".join(f'"{word}"' for word in self.words)
        if self.is_text:
            return f"printable text of {low} to {high} bytes" + (', or ""' if also else "")
        if low == high:
            numbers = [str(number) for number in sorted((low, *also))]
            return f"{', '.join(numbers[:-1])} or {numbers[-1]} {self.unit}".strip()
        span = f"between {low / self.factor:g} and {high / self.factor:g} {self.unit}".strip()
        return span + "".join(f", or {value}" for value in also)

    def accepts(self, value: Value) -> bool:
        try:
            table.check(self.setting, value)
        except ValueError:
            return False
        return True

    def parse(self, given: Any) -> Value:
        """The setting's value. Raises ValueError with what the file should say instead."""
        if self.flag:
            if not isinstance(given, bool):
                raise ValueError("it must be true or false")
            return int(given)
        if self.words:
            if given not in self.words:
                raise ValueError(f"it must be {self.bounds()}")
            return self.words.index(given)
        if self.is_text:
            if not isinstance(given, str):
                raise ValueError(f'it must be text in quotes, such as {self.name} = "{given}"')
            value: Value = given
        else:
            value = self._number(given)
        if not self.accepts(value):
            raise ValueError(f"it must be {self.bounds()}{self._mistaken(given)}")
        return value

    def _number(self, given: Any) -> int:
        whole = "a whole number" if self.factor == 1 else "a number"
        unit = f" of {self.unit}, without the unit behind it" if self.unit else ""
        if isinstance(given, bool) or not isinstance(given, (int, float)):
            raise ValueError(f"it must be {whole}{unit}")
        if not math.isfinite(given) or (self.factor == 1 and given != int(given)):
            raise ValueError(f"it must be {whole}{unit}")
        return round(given * self.factor)

    def _mistaken(self, given: Any) -> str:
        """What may be behind a value out of bounds, such as the same quantity in another unit."""
        if isinstance(given, str):
            return f"; this is {len(given.encode())} bytes" if given.isprintable() else ""
        for unit, per in self.others:
            if given and self.accepts(round(given / per * self.factor)):
                return f"; {given:g} looks like {unit}: write {self.name} = {given / per:.4g}"
        return ""

    def given(self, value: Value) -> Any:
        """A value of the unit as the file would say it."""
        if self.flag:
            return bool(value)
        if self.words:
            return self.words[int(value)]
        if self.is_text or self.factor == 1:
            return value
        return int(value) / self.factor

    def shown(self, value: Value) -> str:
        """A value of the unit for people."""
        if self.zero and not value:
            return self.zero
        given = self.given(value)
        if isinstance(given, bool):
            return "yes" if given else "no"
        if isinstance(given, float):
            given = f"{given:g}"
        return f"{given} {self.unit}".strip()


KEYS = (
    Key("unit", "serial", "id.serial", "serial number", zero="its chip's number"),
    Key("unit", "hardware_revision", "id.hardware", "hardware revision"),
    Key("unit", "bluetooth_name", "id.name", "Bluetooth name",
        zero='"Calf band" and its number'),
    Key("unit", "mains_hz", "mains_hz", "mains frequency", "Hz", zero="found by the band"),
    Key("unit", "buzz", "unit.buzz", "buzzes when the legs become heavy", flag=True),
    Key("unit", "start_by_running", "unit.start_by_running",
        "running begins a session by itself", flag=True),
    Key("unit", "still_s", "unit.still_s", "standing still for so long ends a session", "s",
        others=(("milliseconds", 1000),)),
    Key("unit", "rest_min", "unit.rest_min", "still and unasked for so long, it rests", "min",
        zero="never", others=(("seconds", 60), ("milliseconds", 60_000))),
    Key("unit", "sleep_min", "unit.sleep_min",
        "at rest for so long without a link, it sleeps until its button is pressed", "min",
        zero="never", others=(("seconds", 60), ("milliseconds", 60_000))),
    Key("unit", "low_battery_pct", "unit.low_battery_pct",
        "at this charge a session is ended cleanly", "%", others=(("a share of 1", 0.01),)),
    Key("unit", "log_kb", "unit.log_kb", "room for all sessions together", "KiB",
        others=(("bytes", 1024),)),
    Key("athlete", "mass_kg", "mass_g", "body mass", "kg", 1000, zero="not known",
        others=(("grams", 1000),)),
    Key("athlete", "height_m", "height_mm", "height", "m", 1000, zero="not known",
        others=(("centimetres", 100), ("millimetres", 1000))),
    Key("athlete", "side", "side", "leg that wears the band", words=("right", "left")),
    Key("athlete", "speed_m_s", "speed_mm_s", "speed of the treadmill", "m/s", 1000,
        zero="not known", others=(("km/h", 3.6), ("mm/s", 1000))),
    Key("sensors", "emg_1", "has_emg1", "electrodes of channel 1 are fitted", flag=True),
    Key("sensors", "emg_2", "has_emg2", "electrodes of channel 2 are fitted", flag=True),
    Key("sensors", "accelerometer", "has_acc", "the accelerometer is used", flag=True),
    Key("sensors", "gyroscope", "has_gyr", "the gyroscope is used", flag=True),
)  # fmt: skip
SECTIONS = tuple(dict.fromkeys(key.section for key in KEYS))
OF_SETTING = {key.setting: key for key in KEYS}
