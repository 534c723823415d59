"""Units of other people's files, and their way to the unit of the EDF+ label."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

G_M_S2 = 9.80665  # standard gravity, ISO 80000-3

# Kind of signal -> (unit in the EDF+, {spelling of a source unit: (factor, offset)}).
# value in EDF+ unit = source * factor + offset; spellings as `spelled` gives them.
KINDS: dict[str, tuple[str, dict[str, tuple[float, float]]]] = {
    "emg": ("uV", {"v": (1e6, 0), "mv": (1e3, 0), "uv": (1, 0), "nv": (1e-3, 0)}),
    "acc": (
        "g",
        {
            "g": (1, 0),
            "mg": (1e-3, 0),
            "m/s2": (1 / G_M_S2, 0),
            "mm/s2": (1e-3 / G_M_S2, 0),
        },
    ),
    "gyr": (
        "deg/s",
        {
            "deg/s": (1, 0),
            "dps": (1, 0),
            "mdps": (1e-3, 0),
            "mdeg/s": (1e-3, 0),
            "rad/s": (math.degrees(1), 0),
        },
    ),
    "temp": (
        "degC",
        {"degc": (1, 0), "c": (1, 0), "degf": (5 / 9, -160 / 9), "f": (5 / 9, -160 / 9),
         "k": (1, -273.15)},
    ),
    "speed": (
        "m/s",
        {"m/s": (1, 0), "km/h": (1 / 3.6, 0), "kph": (1 / 3.6, 0), "mph": (0.44704, 0)},
    ),
    "force": ("N", {"n": (1, 0), "kn": (1e3, 0)}),
    "length": ("m", {"m": (1, 0), "cm": (1e-2, 0), "mm": (1e-3, 0)}),
    "mass": ("kg", {"kg": (1, 0), "g": (1e-3, 0), "lb": (0.45359237, 0)}),
    "time": ("s", {"s": (1, 0), "ms": (1e-3, 0), "us": (1e-6, 0), "ns": (1e-9, 0)}),
}  # fmt: skip
# A pace is the reciprocal of a speed: (metres, seconds) of one unit.
PACES = {"min/km": (1000.0, 60.0), "s/km": (1000.0, 1.0), "min/mi": (1609.344, 60.0)}


def spelled(unit: str) -> str:
    """A unit's spelling, made comparable: 'm/(s^2)', 'm/s²' and 'M/S2' are all 'm/s2'."""
    text = unit.strip().lower().replace("µ", "u").replace("μ", "u").replace("°", "deg")
    text = re.sub(r"[\s()^*\[\]]", "", text.replace("²", "2"))
    text = re.sub(r"(seconds?|sec)\b", "s", text.replace("degrees", "deg"))
    return {"volts": "v", "volt": "v", "microvolts": "uv", "gs": "g", "gal": "cm/s2"}.get(
        text, text
    )


@dataclass(frozen=True)
class Conversion:
    """Source values to the EDF+ unit: `values * factor + offset`, or a pace turned round."""

    unit: str
    target: str
    factor: float
    offset: float = 0.0
    pace: bool = False

    def __call__(self, values: np.ndarray) -> np.ndarray:
        if self.pace:
            with np.errstate(divide="ignore"):
                return np.where(values > 0, self.factor / values, 0.0)
        return values * self.factor + self.offset

    @property
    def text(self) -> str:
        if self.pace:
            return f"{self.factor:g} / x"
        return f"× {self.factor:.6g}" + (f" {self.offset:+g}" if self.offset else "")


def known_units(kind: str) -> tuple[str, ...]:
    return (*KINDS[kind][1], *(PACES if kind == "speed" else ()))


def conversion(kind: str, unit: str) -> Conversion | None:
    """How `unit` becomes the EDF+ unit of `kind`; None when the unit is not known."""
    target, units = KINDS[kind]
    name = spelled(unit)
    if kind == "speed" and name in PACES:
        metres, seconds = PACES[name]
        return Conversion(unit, target, metres / seconds, pace=True)
    if name not in units:
        return None
    factor, offset = units[name]
    return Conversion(unit, target, factor, offset)


def adc_conversion(bits: int, span_v: float, gain: float, midpoint: bool) -> Conversion:
    """Counts of an ADC to µV at its input: (counts / 2**bits - 0 or 1/2) * span / gain."""
    factor = 1e6 * span_v / gain / 2**bits
    return Conversion("counts", "uV", factor, -0.5e6 * span_v / gain if midpoint else 0.0)


_UNIT_IN_NAME = re.compile(r"[(\[]([^()\[\]]*(?:\([^()]*\))?[^()\[\]]*)[)\]]\s*(?:#\d+)?$")


def unit_in_name(name: str) -> str | None:
    """The unit at the end of a column's name: 'ACC X (G)' and 'Gyro 1.X (IM) [deg/sec]'."""
    found = _UNIT_IN_NAME.search(name.strip())
    return found[1] if found else None
