"""Tables and pictures that stand beside the notes in hardware/, renewed from the netlist.

A table stands between <!-- name --> and <!-- /name -->; the words around it are written by hand.
"""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib

from hardware.board import bom, checks, locks, pin_map
from hardware.board.netlist import Netlist
from hardware.board.unit import build
from hardware.breadboard import picture, wiring
from hardware.drawing import sheets

FOLDER = pin_map.ROOT / "hardware"
# Picture beside the notes: processor and sheet.
PICTURES = {
    "power": ("esp32s3", "power"),
    "mcu": ("esp32s3", "mcu"),
    "front-end": ("esp32s3", "front end"),
    "sensors": ("esp32s3", "sensors"),
    "mcu-esp32": ("esp32", "mcu"),
}


def parts_table() -> str:
    """The chips, with their sheet and where their pin numbers were looked up."""
    unit = build("esp32s3")
    lines = ["| part | number | sheet | pin numbers |", "|---|---|---|---|"]
    for part in unit.parts.values():
        if part.kind.prefix in ("U", "J", "Q"):
            seen = "looked up" if part.kind.pins_seen else "**not looked up**"
            lines.append(
                f"| {part.ref} {part.kind.value} | {part.kind.mpn} | {part.sheet} | {seen} |"
            )
    return "\n".join(lines) + "\n"


def checks_table() -> str:
    """Each check, and what the present circuit has to say."""
    lines = ["| check | ESP32-S3 | ESP32 |", "|---|---|---|"]
    found = [checks.check(build(chip)) for chip in pin_map.PINS]
    for name in checks.CHECKS:
        verdicts = ["clean" if not one[name] else "; ".join(one[name]) for one in found]
        lines.append(f"| {name} | " + " | ".join(verdicts) + " |")
    return "\n".join(lines) + "\n"


def figures() -> str:
    """Counts and figures of the text, one line each."""
    units: dict[str, Netlist] = {chip: build(chip) for chip in pin_map.PINS}
    lead = locks.ohm(units["esp32s3"], "SKIN_GM_P")
    lines = [
        f"- {len(unit.parts)} parts on {len(unit.nets())} nets with the {chip}, about "
        f"{bom.total_usd(unit):.0f} USD (estimates of {bom.PRICES_AS_OF}, for 100 units)."
        for chip, unit in units.items()
    ]
    lines.append(f"- From an electrode to anything that is no resistor: {lead / 1000:.1f} kΩ.")
    return "\n".join(lines) + "\n"


TABLES = {
    "pins.md": {"pins": pin_map.table},
    "breadboard.md": {"wires": wiring.table},
    "unit.md": {"parts": parts_table, "checks": checks_table, "figures": figures},
}


def renewed(page: str) -> str:
    """The page's text with its tables as they must be; raises ValueError for a lost place."""
    text = (FOLDER / page).read_text(encoding="utf-8")
    for name, table in TABLES[page].items():
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text, count = place.subn(lambda found, table=table: found[1] + table() + found[2], text)
        if count != 1:
            raise ValueError(f"{page} has {count} places for the table {name}")
    return text


def write() -> list[Path]:
    written = []
    for page in TABLES:
        (FOLDER / page).write_text(renewed(page), encoding="utf-8")
        written.append(FOLDER / page)
    folder = FOLDER / "schematic"
    folder.mkdir(exist_ok=True)
    with matplotlib.rc_context(sheets.SETTINGS):
        for name, (chip, sheet) in PICTURES.items():
            path = folder / f"{name}.svg"
            sheets.draw(build(chip), sheet).savefig(path, metadata={"Date": None})
            written.append(path)
        path = FOLDER / "breadboard.svg"
        picture.draw().savefig(path, metadata={"Date": None})
    listing = FOLDER / "bom.csv"
    listing.write_text(bom.as_csv(build("esp32s3")), encoding="utf-8")
    return [*written, path, listing]
