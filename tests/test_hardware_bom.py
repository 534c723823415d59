"""The bill of materials: complete, orderable, honest about prices and pin numbers."""

from __future__ import annotations

import csv
import dataclasses
import io
import re

import pytest

from hardware.board import bom
from hardware.board.netlist import Netlist
from hardware.board.pin_map import PINS
from hardware.board.unit import build

CHIPS = tuple(PINS)


def problems(unit: Netlist, lines: list[dict[str, str]]) -> list[str]:
    """What a buyer or an assembler would stumble over."""
    found = []
    listed = [ref for line in lines for ref in line["references"].split()]
    extra = {ref for ref, *_ in bom.EXTRAS}
    if sorted(set(listed) - extra) != sorted(unit.parts):
        found.append(f"not the parts of the netlist: {set(listed) ^ set(unit.parts) - extra}")
    if len(set(listed)) != len(listed):
        found.append("a reference stands twice")
    for line in lines:
        what = line["references"]
        if line["references"] in extra:
            continue
        if len(what.split()) != int(line["quantity"]):
            found.append(f"{what}: quantity {line['quantity']}")
        for column in ("manufacturer", "mpn", "value", "package", "footprint", "alternatives"):
            if not line[column]:
                found.append(f"{what}: no {column}")
        if float(line["price_usd"]) <= 0 or not re.fullmatch(r"\d{4}-\d\d", line["price_as_of"]):
            found.append(f"{what}: no price with a date")
        if not re.match(r"estimate|https?://", line["price_source"]):
            found.append(f"{what}: a price from nowhere")
    return found


@pytest.mark.parametrize("chip", CHIPS)
def test_a_line_is_missing_or_not_orderable(chip: str):
    unit = build(chip)
    assert problems(unit, bom.lines(unit)) == []


@pytest.mark.parametrize(
    ("column", "wrong", "word"),
    [
        ("mpn", "", "no mpn"),
        ("alternatives", "", "no alternatives"),
        ("quantity", "7", "quantity 7"),
        ("price_as_of", "", "price with a date"),
        ("price_source", "Digi-Key", "from nowhere"),
        ("references", "C99", "not the parts"),
    ],
)
def test_the_check_of_the_lines_is_blind(column: str, wrong: str, word: str):
    unit = build("esp32s3")
    lines = bom.lines(unit)
    lines[0][column] = wrong
    assert any(word in problem for problem in problems(unit, lines))


@pytest.mark.parametrize("chip", CHIPS)
def test_one_order_number_means_two_parts(chip: str):
    kinds = {}
    for part in build(chip).parts.values():
        same = kinds.setdefault(part.kind.mpn, part.kind)
        assert dataclasses.asdict(same) == dataclasses.asdict(part.kind), part.ref


@pytest.mark.parametrize("chip", CHIPS)
def test_a_module_with_psram_is_ordered(chip: str):
    (module,) = [part for part in build(chip).parts.values() if part.kind.mpn.startswith("ESP32")]
    for number in (module.kind.mpn, *module.kind.alternatives):
        assert re.match(r"ESP32-(S3-)?WROOM-\w+-N\d+\b(?!R)", number), number


@pytest.mark.parametrize(
    ("printed", "ohm"), [("RC0603FR-074K99L", 4990), ("RC0603FR-07100RL", 100)]
)
def test_an_order_number_is_another_value(printed: str, ohm: float):
    def meant(mpn: str) -> float:
        digits = re.fullmatch(r"RC0603FR-07(\d+)([RK])(\d*)L", mpn)
        assert digits is not None, mpn
        return float(f"{digits[1]}.{digits[3] or 0}") * {"R": 1, "K": 1000}[digits[2]]

    assert meant(printed) == ohm
    for chip in CHIPS:
        for part in build(chip).of_kind("RC0603FR-07"):
            assert meant(part.kind.mpn) == part.kind.ohm, part.ref
        for part in build(chip).of_kind("ERA-"):
            digits = re.search(r"EB(\d+)V$", part.kind.mpn)
            assert digits is not None
            code = digits[1]
            assert int(code[:-1]) * 10 ** int(code[-1]) == part.kind.ohm, part.ref


def test_the_csv_loses_a_line_or_a_comma():
    unit = build("esp32s3")
    rows = list(csv.DictReader(io.StringIO(bom.as_csv(unit))))
    assert rows == bom.lines(unit)


def test_a_pin_number_from_memory_passes_for_looked_up():
    unit = build("esp32")
    sources = {line["mpn"]: line["pin numbers looked up in"] for line in bom.lines(unit)}
    for part in unit.parts.values():
        kind = part.kind
        if not kind.pins_seen and len(kind.pins) > 2:
            assert sources[kind.mpn].startswith("NOT LOOKED UP"), kind.mpn
