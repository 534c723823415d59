"""Maps by name or file, with choices of the command line over them."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

from host_tools.errors import CalfbandError
from host_tools.importing.map import ImportMap
from host_tools.importing.map_parse import parse_map

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAPS = Path(__file__).parent / "maps"


def ready_made() -> list[Path]:
    return sorted(MAPS.glob("*.toml"))


def load_map(name: str) -> ImportMap:
    """A ready-made map by its name, or one of the user's own by its file name.

    Raises CalfbandError with one sentence.
    """
    path = Path(name)
    if path.suffix != ".toml" and not path.exists():
        path = MAPS / f"{name}.toml"
        if not path.exists():
            known = ", ".join(p.stem for p in ready_made())
            raise CalfbandError(
                f"{name}: neither a map file (.toml) nor a ready-made map; those are {known}."
            )
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CalfbandError(f"{path}: cannot be read ({error.strerror}); check the name.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CalfbandError(f"{path}: not valid TOML ({reason}); mend that line.") from None
    return parse_map(path, table)


def with_columns(found: ImportMap, choices: list[str]) -> ImportMap:
    """The map with `LABEL=COLUMN` (`ACC=X,Y,Z`) choices over it. Raises CalfbandError."""
    table = copy.deepcopy(found.table)
    for choice in choices:
        label, _, column = choice.partition("=")
        label = " ".join(label.upper().split())
        key = {"ACC": "acc", "GYR": "gyr", "TEMP SKIN": "temp", "SPEED": "speed"}.get(label)
        if key is None and not label.startswith("EMG "):
            raise CalfbandError(
                f"--channel {choice}: write LABEL=COLUMN with EMG GM, EMG SO, EMG TA, ACC, GYR, "
                "TEMP SKIN or SPEED as label."
            )
        if not column.strip():
            raise CalfbandError(f"--channel {choice}: names no column; write LABEL=COLUMN.")
        if key is None:
            muscles = table.setdefault("emg", {})
            like = dict(next(iter(muscles.values()), {}))
            entry = muscles.setdefault(label[4:], like)
        else:
            entry = table.setdefault(key, {})
        entry.pop("optional", None)
        refs = [part.strip() for part in column.split(",")]
        if key in ("acc", "gyr"):
            entry["columns"] = refs
        else:
            entry["column"] = column.strip()
    return parse_map(found.path, table)


def for_element(found: ImportMap, element: str) -> ImportMap:
    """The map with `@` standing for one element of the list in [reader] each."""

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("@", element, 1) if value.startswith("@") else value
        if isinstance(value, list):
            return [filled(v) for v in value]
        if isinstance(value, dict):
            return {key: filled(v) for key, v in value.items()}
        return value

    return parse_map(found.path, filled(found.table))
