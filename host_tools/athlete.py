"""Who runs: the recording's patient field, an athlete file over it, and what the band is told.

Patient field: `sex=F;mass=69kg;height=1.69m;speed=2.36m/s`, all optional, read leniently.
Athlete file (TOML): name, sex, mass_kg, height_m, speed_m_s, side, and earlier baselines as
[[runs]] tables, newest first, with medians of features in the units of strides.csv.
"""

from __future__ import annotations

import datetime
import difflib
import math
import re
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from host_tools.errors import CalfbandError
from host_tools.firmware_tables import wire

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# Key: (lowest, highest, what it is); a value outside is a slip of units, not an athlete.
BOUNDS = {
    "mass_kg": (20.0, 250.0, "body mass in kilograms"),
    "height_m": (0.9, 2.5, "height in metres"),
    "speed_m_s": (0.2, 12.5, "speed in metres per second"),
}
SIDES = ("right", "left")
SEXES = ("F", "M", "X")
FEATURES = tuple(name for name, _ in wire.FEATURES)
MAINS_HZ = (0, 50, 60)
_LIMIT = 1 << 29  # integers on the band stay below this
_FIELD = re.compile(r"\b(sex|mass|height|speed|side)\s*=\s*([^;,\s]+)", re.IGNORECASE)
_QUANTITY = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([a-z/]*)$", re.IGNORECASE)
_PATIENT_UNITS = {
    "mass": ("mass_kg", {"": 1.0, "kg": 1.0, "g": 1e-3}),
    "height": ("height_m", {"": 1.0, "m": 1.0, "cm": 1e-2, "mm": 1e-3}),
    "speed": ("speed_m_s", {"": 1.0, "m/s": 1.0, "km/h": 1 / 3.6}),
}


@dataclass(frozen=True)
class Athlete:
    """None where not known. `runs`: earlier baselines, newest first, {feature: CSV value}."""

    name: str | None = None
    sex: str | None = None
    mass_kg: float | None = None
    height_m: float | None = None
    speed_m_s: float | None = None
    side: str | None = None
    runs: tuple[dict[str, float], ...] = field(default=())

    def known(self) -> dict[str, Any]:
        """The known values by name, as in summary.json."""
        names = ("name", "sex", "mass_kg", "height_m", "speed_m_s", "side")
        found = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        if self.runs:
            found["earlier_runs"] = len(self.runs)
        return found

    def settings(self) -> list[str]:
        """`name=int` lines for the firmware."""
        lines = [
            f"mass_g={round((self.mass_kg or 0) * 1000)}",
            f"height_mm={round((self.height_m or 0) * 1000)}",
            f"speed_mm_s={round((self.speed_m_s or 0) * 1000)}",
            f"side={SIDES.index(self.side or 'right')}",
        ]
        for run in self.runs:
            lines += [f"prior.{name}={_band_value(name, value)}" for name, value in run.items()]
        return lines


def _band_value(feature: str, value: float) -> int:
    """A CSV value in the feature's own integer unit on the band."""
    if feature == "finsm5":
        return round(256 * math.log2(value))
    divisor = next((d for name, d, _, _ in wire.STRIDE if name == feature), 10)
    return round(value * divisor)


def athlete_from_patient(patient: str, notes: list[str]) -> Athlete:
    """What the patient and recording fields of an EDF header tell; notes what makes no sense."""
    found: dict[str, Any] = {}
    for key, text in _FIELD.findall(patient):
        key = key.lower()
        if key == "sex" and text[:1].upper() in SEXES:
            found["sex"] = text[:1].upper()
        elif key == "side" and text.lower() in SIDES:
            found["side"] = text.lower()
        elif key in _PATIENT_UNITS:
            name, units = _PATIENT_UNITS[key]
            quantity = _QUANTITY.match(text)
            factor = units.get(quantity[2].lower()) if quantity else None
            value = float(quantity[1]) * factor if quantity and factor else math.nan
            low, high, _ = BOUNDS[name]
            if low <= value <= high:
                found[name] = value
            else:
                notes.append(f"patient field: {key}={text} is not usable and is left out")
    return Athlete(**found)


def read_athlete(path: Path, base: Athlete) -> Athlete:
    """`base` with the values of an athlete file over it. Raises CalfbandError."""
    table = _read_toml(path, ("name", "sex", *BOUNDS, "side", "runs"))
    found: dict[str, Any] = {}
    for key, (low, high, what) in BOUNDS.items():
        if key in table:
            found[key] = _number_within(path, key, table[key], low, high, what)
    if "name" in table:
        if not isinstance(table["name"], str):
            raise CalfbandError(f'{path}: name must be text, such as name = "Kim".')
        found["name"] = table["name"]
    for key, allowed in (("sex", SEXES), ("side", SIDES)):
        if key in table:
            if table[key] not in allowed:
                raise CalfbandError(
                    f"{path}: {key} is {table[key]!r}; it must be one of {_quoted(allowed)}."
                )
            found[key] = table[key]
    if "runs" in table:
        found["runs"] = _runs(path, table["runs"])
    return replace(base, **found)


def read_settings(path: Path) -> dict[str, int]:
    """The band settings of a settings file: {"mains_hz": 0, 50 or 60}. Raises CalfbandError."""
    table = _read_toml(path, ("mains_hz",))
    mains = table.get("mains_hz", 0)
    if isinstance(mains, bool) or mains not in MAINS_HZ:
        raise CalfbandError(
            f"{path}: mains_hz is {mains!r}; it must be 50, 60, or 0 to let the band find it."
        )
    return {"mains_hz": int(mains)}


def _runs(path: Path, runs: Any) -> tuple[dict[str, float], ...]:
    if not isinstance(runs, list) or not all(isinstance(run, dict) for run in runs):
        raise CalfbandError(f"{path}: earlier baselines are [[runs]] tables, newest first.")
    found = []
    for number, run in enumerate(runs, start=1):
        _refuse_unknown(path, run, ("date", *FEATURES), f" in [[runs]] number {number}")
        if not isinstance(run.get("date", ""), (str, datetime.date)):
            raise CalfbandError(f"{path}: the date of [[runs]] number {number} is not a date.")
        medians = {}
        for key, value in run.items():
            if key != "date":
                where = f"{key} of [[runs]] number {number}"
                low = 1e-30 if key == "finsm5" else -_LIMIT
                value = _number_within(path, where, value, low, _LIMIT, "a median of strides.csv")
                if abs(_band_value(key, value)) >= _LIMIT:
                    raise CalfbandError(f"{path}: {where} is {value:g}; that is no such median.")
                medians[key] = value
        found.append(medians)
    return tuple(found)


def _read_toml(path: Path, keys: tuple[str, ...]) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        raise CalfbandError(f"{path}: cannot be read ({error.strerror}); check the name.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CalfbandError(f"{path}: not valid TOML ({reason}); mend that line.") from None
    _refuse_unknown(path, table, keys, "")
    return table


def _refuse_unknown(path: Path, table: dict[str, Any], keys: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
            remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(keys)}."
            raise CalfbandError(f"{path}: unknown key {key!r}{where}; {remedy}")


def _number_within(path: Path, key: str, value: Any, low: float, high: float, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise CalfbandError(f"{path}: {key} is {value!r}; it must be a number: {what}.")
    if not low <= value <= high:
        raise CalfbandError(
            f"{path}: {key} is {value:g}; {what} must lie between {low:g} and {high:g}."
        )
    return float(value)


def _quoted(words: tuple[str, ...]) -> str:
    return ", ".join(f'"{word}"' for word in words)
