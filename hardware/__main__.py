"""`python -m hardware [FOLDER]`: check the unit, then write netlists, lists and drawings.

Into FOLDER (build/hardware): for each processor the KiCad netlist, the bill of materials and the
schematic (an SVG per sheet, one PDF), the breadboard's picture and shopping list. With --pages
the pictures and tables of the notes in hardware/ are renewed too. A circuit that fails a check
is not written; exit 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hardware import notes, pages
from hardware.board import bom, checks, circuit
from hardware.board.pin_map import PINS, ROOT
from hardware.board.unit import build
from hardware.breadboard import picture, wiring
from hardware.drawing import sheets


def faults(chip: str) -> list[str]:
    """What the electrical rule check and the unit's own checks find, as lines to print."""
    unit = build(chip)
    found = [f"electrical rules: {message}" for message in circuit.erc(unit)]
    for name, problems in checks.check(unit).items():
        found += [f"{name}: {problem}" for problem in problems]
    return found


def write(chip: str, folder: Path) -> list[Path]:
    unit = build(chip)
    netlist = folder / f"calfband-{chip}.net"
    netlist.write_text(circuit.kicad_netlist(unit), encoding="utf-8")
    listing = folder / f"bom-{chip}.csv"
    listing.write_text(bom.as_csv(unit), encoding="utf-8")
    return [netlist, listing, *sheets.write(unit, folder)]


def main(arguments: list[str]) -> int:
    named = [Path(text) for text in arguments if not text.startswith("-")]
    folder = named[0] if named else ROOT / "build" / "hardware"
    found = wiring.problems()
    for chip in PINS:
        unit, one = build(chip), faults(chip)
        found += [f"{chip}: {line}" for line in one]
        if not one:
            print(
                f"{chip}: {len(unit.parts)} parts, {len(unit.nets())} nets; electrical rules and "
                f"{len(checks.CHECKS)} checks of the unit are clean; about "
                f"{bom.total_usd(unit):.0f} USD of parts"
            )
    if found:
        print("\n".join(found), file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    written = [path for chip in PINS for path in write(chip, folder)]
    written += picture.write(folder)
    if "--pages" in arguments:
        written += pages.write()
        notes.main()
    for path in written:
        print(f"  {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
