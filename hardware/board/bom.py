"""The bill of materials from the netlist, one line per order number."""

from __future__ import annotations

import csv
import io

from hardware.board.netlist import Kind, Netlist

PRICES_AS_OF = "2026-11"
PRICE_SOURCE = (
    "estimate: no shop could be asked; order of magnitude of distributors' prices for 100 pieces"
)
COLUMNS: tuple[str, ...] = (
    "references",
    "quantity",
    "manufacturer",
    "mpn",
    "value",
    "package",
    "footprint",
    "alternatives",
    "note",
    "pin numbers looked up in",
    "price_usd",
    "price_as_of",
    "price_source",
)

# What is in the case or hangs on it but is no part of a sheet: manufacturer, number, what, price.
EXTRAS = (
    (
        "BT1",
        1,
        "to be chosen with the case",
        "LP502535 or like, 400 mAh, with protection circuit and PH plug",
        "LiPo cell",
        "the number names a size, 5.0 × 25 × 35 mm; makers' cells differ: check the protection",
        4.50,
    ),
    (
        "ES1-ES5",
        5,
        "to be chosen with the textile",
        "4 mm press studs, stainless, and 10 × 25 mm conductive bars",
        "electrodes",
        "textile part, see the placement guide",
        1.00,
    ),
)


def _natural(ref: str) -> tuple[str, int]:
    letters = ref.rstrip("0123456789")
    return letters, int(ref[len(letters) :] or 0)


def lines(unit: Netlist) -> list[dict[str, str]]:
    """One dictionary of COLUMNS per order number, by reference; the extras last."""
    groups: dict[str, tuple[Kind, list[str]]] = {}
    for part in unit.parts.values():
        groups.setdefault(part.kind.mpn, (part.kind, []))[1].append(part.ref)
    found = []
    for kind, refs in sorted(
        groups.values(), key=lambda group: _natural(min(group[1], key=_natural))
    ):
        refs.sort(key=_natural)
        found.append(
            {
                "references": " ".join(refs),
                "quantity": str(len(refs)),
                "manufacturer": kind.maker,
                "mpn": kind.mpn,
                "value": kind.value,
                "package": kind.package,
                "footprint": kind.footprint,
                "alternatives": "; ".join(kind.alternatives),
                "note": kind.note,
                "pin numbers looked up in": kind.pins_seen or _unseen(kind),
                "price_usd": f"{kind.price_usd:.2f}",
                "price_as_of": PRICES_AS_OF,
                "price_source": PRICE_SOURCE,
            }
        )
    for ref, quantity, maker, mpn, value, note, price in EXTRAS:
        found.append(
            dict.fromkeys(COLUMNS, "")
            | {
                "references": ref,
                "quantity": str(quantity),
                "manufacturer": maker,
                "mpn": mpn,
                "value": value,
                "note": note,
                "price_usd": f"{price:.2f}",
                "price_as_of": PRICES_AS_OF,
                "price_source": PRICE_SOURCE,
            }
        )
    return found


def _unseen(kind: Kind) -> str:
    """A part with two like ends needs no look-up; any other is named as not looked up."""
    if kind.ohm or kind.farad or len(kind.pins) == 2 and kind.prefix in ("SW", "M"):
        return "two pins"
    return "NOT LOOKED UP: from memory of the data sheet, check before ordering a board"


def total_usd(unit: Netlist) -> float:
    return sum(int(line["quantity"]) * float(line["price_usd"]) for line in lines(unit))


def as_csv(unit: Netlist) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines(unit))
    return text.getvalue()
