"""`python -m hardware.notes`: bring the tables and drawings of the notes up to date.

A table stands between <!-- name --> and <!-- /name --> in a note; the words around it are written
by hand, and tests hold their figures against the computed ones.
"""

from __future__ import annotations

import re
from pathlib import Path

from hardware import placement, power_chart, tables
from hardware.analog import plots

FOLDER = Path(__file__).parent
TABLES = {
    "front_end.md": {
        "verdict": tables.verdict,
        "noise": tables.noise_table,
        "delay": tables.delay_table,
        "mains": tables.mains_table,
        "motion": tables.motion_table,
        "facts": tables.front_end_facts,
    },
    "power.md": {
        "modes": tables.power_table,
        "promise": tables.promise,
        "day": tables.day_table,
        "parts": tables.parts_table,
        "published": tables.published_table,
        "facts": tables.power_facts,
    },
    "README.md": {"hours": tables.hours_words},
    "safety.md": {"hazards": tables.hazard_table, "usb": tables.usb_table},
}
DRAWINGS = {
    "front_end.svg": plots.drawing,
    "placement.svg": placement.drawing,
    "power.svg": power_chart.drawing,
}


def filled(text: str, name: str, table: str) -> str:
    """The note with one of its tables put in. Raises ValueError where it has no place for it.

    Words in the middle of a line stay in it.
    """
    pattern = rf"(<!-- {name} -->(\n?)).*?(<!-- /{name} -->)"
    text, found = re.subn(pattern, lambda m: m[1] + table + m[2] + m[3], text, flags=re.DOTALL)
    if found != 1:
        raise ValueError(f"{found} places for the table {name}: one <!-- {name} --> is needed")
    return text


def contents() -> dict[Path, str]:
    """Every note and drawing as it ought to be."""
    made = {FOLDER / name: draw() for name, draw in DRAWINGS.items()}
    for name, parts in TABLES.items():
        text = (FOLDER / name).read_text(encoding="utf-8")
        for mark, table in parts.items():
            text = filled(text, mark, table())
        made[FOLDER / name] = text
    return made


def stale() -> list[str]:
    """Names of the files that differ from that."""
    return [
        file.name
        for file, text in contents().items()
        if not file.exists() or file.read_text(encoding="utf-8") != text
    ]


def main() -> None:
    changed = stale()
    for file, text in contents().items():
        file.write_text(text, encoding="utf-8")
    print("brought up to date: " + (", ".join(changed) or "nothing, all was"))


if __name__ == "__main__":
    main()
