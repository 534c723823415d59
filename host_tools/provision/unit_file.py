"""UNIT.toml: what a unit shall be told. Every slip is one sentence, with the nearest known key."""

from __future__ import annotations

import difflib
import json
import sys
from pathlib import Path
from typing import Any

from host_tools.errors import CalfbandError
from host_tools.provision.keys import KEYS, SECTIONS, Key, Value

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_EXAMPLES = {"serial": "CB-0042", "bluetooth_name": "Calf band Kim", "mass_kg": 69.0,
             "height_m": 1.69, "speed_m_s": 2.5, "mains_hz": 50}  # fmt: skip


def read_unit_file(path: Path) -> dict[str, Value]:
    """{setting: value}, checked. Raises CalfbandError; nothing is half taken."""
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except OSError as error:
        raise CalfbandError(f"{path}: cannot be read ({error.strerror}); check the name.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CalfbandError(f"{path}: not valid TOML ({reason}); mend that line.") from None
    found: dict[str, Value] = {}
    for section, entries in content.items():
        if section not in SECTIONS or not isinstance(entries, dict):
            raise CalfbandError(f"{path}: {_no_section(section, entries)}")
        for name, given in entries.items():
            key = _find(section, name)
            if key is None:
                raise CalfbandError(f"{path}: [{section}] has no key {name!r}; {_near(name)}")
            try:
                found[key.setting] = key.parse(given)
            except ValueError as error:
                raise CalfbandError(
                    f"{path}: {name} in [{section}] is {_quoted(given)}; {error}."
                ) from None
    if not found:
        raise CalfbandError(
            f"{path}: tells nothing; write what is to change, as in calfband provision --template."
        )
    return found


def _find(section: str, name: str) -> Key | None:
    return next((key for key in KEYS if (key.section, key.name) == (section, name)), None)


def _no_section(name: str, entries: Any) -> str:
    if isinstance(entries, dict):
        near = difflib.get_close_matches(name.lower(), SECTIONS, n=1, cutoff=0.5)
        known = ", ".join(f"[{section}]" for section in SECTIONS)
        remedy = f"did you mean [{near[0]}]?" if near else f"known are {known}."
        return f"there is no section [{name}]; {remedy}"
    return f"{name} stands in no section; {_near(name)}"


def _near(name: str) -> str:
    """What may have been meant: the same word in another section or unit, or one spelt alike."""
    asked = name.lower()
    same = [key for key in KEYS if key.name == asked]
    stem = [key for key in KEYS if _stem(key.name) == _stem(asked)]
    alike = difflib.get_close_matches(asked, [key.name for key in KEYS], n=1, cutoff=0.5)
    meant = same or stem or [key for key in KEYS if key.name in alike]
    if not meant:
        return f"known are {', '.join(key.name for key in KEYS)}."
    key = meant[0]
    unit = f", in {key.unit}" if key.unit else ""
    return f"did you mean {key.name} in [{key.section}] ({key.what}{unit})?"


def _stem(name: str) -> str:
    """A key without its unit: mass_kg, mass_g and mass are one quantity."""
    first = {"weight": "mass", "size": "height", "name": "bluetooth", "revision": "hardware",
             "mains": "mains", "pace": "speed"}  # fmt: skip
    word = name.split("_")[0]
    return first.get(word, word)


def _quoted(given: Any) -> str:
    if isinstance(given, bool):
        return str(given).lower()
    return json.dumps(given, ensure_ascii=False) if isinstance(given, str) else str(given)


def template() -> str:
    """A file that says everything there is to say, every line a comment."""
    lines = ["# What a unit shall know; take away the # of what is to change."]
    for section in SECTIONS:
        lines += ["", f"[{section}]"]
        for key in KEYS:
            if key.section == section:
                example = _EXAMPLES.get(key.name, key.given(key.row[5]))
                nothing = '""' if key.is_text else "0"
                meaning = f"; {nothing} = {key.zero}" if key.zero else ""
                text = f"#{key.name} = {_quoted(example)}"
                lines.append(f"{text:<36} # {key.what}: {key.bounds()}{meaning}")
    return "\n".join(lines) + "\n"
