"""Who ran: from the map, a table of participants, the file's name and the command line."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.athlete import BOUNDS, SEXES, SIDES
from host_tools.errors import CalfbandError
from host_tools.importing.map import AthleteTable, ImportMap
from host_tools.importing.sources import Source
from host_tools.importing.text import read_rows
from host_tools.importing.units import conversion, unit_in_name

TEXT_SUFFIXES = (".csv", ".txt", ".tsv")
_KINDS = {"mass_kg": "mass", "height_m": "length", "speed_m_s": "speed"}


def athlete_of(
    found: ImportMap, path: Path, number: int | None, given: list[Path], options: dict[str, Any]
) -> dict[str, Any]:
    """sex, mass_kg, height_m, speed_m_s, side, as far as known; later sources go over earlier.

    `number`: which element of the file, from 1. Raises CalfbandError.
    """
    known = dict(found.athlete)
    if found.athlete_table:
        known |= _from_table(found.athlete_table, path, number, given)
    if found.speed_from_name:
        pattern, divide = found.speed_from_name
        match = re.search(pattern, path.stem)
        if match:
            known["speed_m_s"] = float(match[1]) / divide
    known |= {key: value for key, value in options.items() if value is not None}
    for key, value in known.items():
        if key in BOUNDS and not BOUNDS[key][0] <= value <= BOUNDS[key][1]:
            low, high, what = BOUNDS[key]
            raise CalfbandError(
                f"{path}: {key} is {value:g}; {what} must lie between {low:g} and {high:g}."
            )
    return known


def _from_table(
    table: AthleteTable, path: Path, number: int | None, given: list[Path]
) -> dict[str, Any]:
    """The row of this recording; nothing when there is no table beside it."""
    files = [file for file in given if fnmatch(file.name, table.file)]
    files = files or sorted(path.parent.glob(table.file))
    files = [file for file in files if file.suffix.lower() in TEXT_SUFFIXES]
    if not files:
        return {}
    people = read_rows(files[0])
    wanted = str(number) if number is not None else path.stem
    if table.match and number is None:
        match = re.search(table.match, wanted)
        wanted = match[1] if match else wanted
    rows = [str(value).strip() for value in people.raw(people.resolve(table.row))]
    if table.match:
        rows = [m[1] if (m := re.search(table.match, row)) else row for row in rows]
    if wanted not in rows:
        return {}
    row = rows.index(wanted)
    found: dict[str, Any] = {}
    for key, ref in table.columns.items():
        if people.has(ref):
            value = _value(people, ref, key, row)
            if value is not None:
                found[key] = value
    return found


def _value(people: Source, ref: str, key: str, row: int) -> Any:
    raw = people.raw(people.resolve(ref))[row]
    if key not in BOUNDS:
        letter = str(raw).strip()
        allowed = SEXES if key == "sex" else SIDES
        return next((a for a in allowed if letter[:1].upper() == a[:1].upper()), None)
    try:
        value = float(str(raw).replace(",", "."))
    except ValueError:
        return None
    unit = unit_in_name(people.resolve(ref)) or {"mass_kg": "kg", "height_m": "m"}.get(key, "m/s")
    convert = conversion(_KINDS[key], unit)
    if convert is None or value != value:
        return None
    value = float(convert(np.array([value]))[0])
    # Tables without a unit give heights in centimetres as often as in metres.
    return value / 100 if key == "height_m" and value > 10 else value


def patient_field(known: dict[str, Any]) -> str:
    """`sex=F;mass=69kg;height=1.69m;speed=2.36m/s`, as design and replay know it."""
    parts = []
    if "sex" in known:
        parts.append(f"sex={known['sex']}")
    for key, name, unit in (
        ("mass_kg", "mass", "kg"),
        ("height_m", "height", "m"),
        ("speed_m_s", "speed", "m/s"),
    ):
        if key in known:
            parts.append(f"{name}={known[key]:.4g}{unit}")
    return ";".join(parts)
