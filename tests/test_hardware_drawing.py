"""The drawings say what the netlist says, and can be read."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from hardware import __main__ as command
from hardware import pages
from hardware.board.netlist import Netlist
from hardware.board.pin_map import PINS
from hardware.board.unit import build
from hardware.drawing import places, sheets
from hardware.drawing.shapes import Shape
from hardware.drawing.wires import GROUND, RAILS, Wiring, _on, wire
from tests.conftest import ROOT

SHEETS = [(chip, sheet) for chip in PINS for sheet in places.SHEETS[chip]]


def drawn(unit: Netlist, sheet: str) -> tuple[list[Shape], Wiring]:
    shapes = sheets.shapes(unit, sheet)
    everywhere = Counter({net: len(pins) for net, pins in unit.nets().items()})
    return shapes, wire(shapes, everywhere)


def misread(shapes: list[Shape], wiring: Wiring) -> list[str]:
    """Where a reader who follows the lines and names finds other nets than the netlist has."""
    ends = [end for shape in shapes for end in shape.ends]
    lines = [segment for _, segment in wiring.segments]
    group = list(range(len(ends) + len(lines)))

    def root(index: int) -> int:
        while group[index] != index:
            index = group[index]
        return index

    for k, line in enumerate(lines):
        for i, end in enumerate(ends):
            if _on(end.at, line):
                group[root(i)] = root(len(ends) + k)
        for j, other in enumerate(lines[:k]):
            # Lines that cross are not joined; one that ends on another is.
            if any(_on(p, line) for p in other) or any(_on(p, other) for p in line):
                group[root(len(ends) + j)] = root(len(ends) + k)
    for i, end in enumerate(ends):
        for j, other in enumerate(ends[:i]):
            if end.at == other.at:
                group[root(j)] = root(i)
    named: dict[int, set[str]] = {}
    for name in wiring.names:
        named.setdefault(root(ends.index(name)), set()).add(str(name.net))
    found = []
    parties: dict[str | None, set[int]] = {}
    for i, end in enumerate(ends):
        if end.net is not None:
            parties.setdefault(end.net, set()).add(root(i))
    members: dict[int, set[str | None]] = {}
    for i, end in enumerate(ends):
        members.setdefault(root(i), set()).add(end.net)
    found += [f"{sorted(map(str, nets))} are joined" for nets in members.values() if len(nets) > 1]
    for net, roots in parties.items():
        if len(roots) > 1 and any(named.get(one) != {net} for one in roots):
            found.append(f"{net} falls apart")
    return found


@pytest.mark.parametrize(("chip", "sheet"), SHEETS)
def test_a_reader_finds_another_circuit(chip: str, sheet: str):
    shapes, wiring = drawn(build(chip), sheet)
    assert misread(shapes, wiring) == []


@pytest.mark.parametrize(("chip", "sheet"), SHEETS)
def test_the_reader_is_blind(chip: str, sheet: str):
    shapes, wiring = drawn(build(chip), sheet)
    net, (start, _) = wiring.segments[0]
    stranger = next(end.at for shape in shapes for end in shape.ends if end.net not in (net, None))
    wiring.segments.append((net, (start, (start[0], stranger[1]))))
    wiring.segments.append((net, ((start[0], stranger[1]), stranger)))
    assert any("joined" in problem for problem in misread(shapes, wiring))
    shapes, wiring = drawn(build(chip), sheet)
    wiring.names = [end for end in wiring.names if end.net not in RAILS]
    assert any("falls apart" in problem for problem in misread(shapes, wiring))


@pytest.mark.parametrize(("chip", "sheet"), SHEETS)
def test_parts_stand_on_each_other_or_off_the_sheet(chip: str, sheet: str):
    unit = build(chip)
    width, height = places.SHEETS[chip][sheet].size
    shapes = sheets.shapes(unit, sheet)
    for k, shape in enumerate(shapes):
        left, top, right, bottom = shape.body
        assert 2 < left and right < width - 2 and 4 < top and bottom < height - 2, shape.ref
        for other in shapes[:k]:
            apart = (
                right <= other.body[0]
                or other.body[2] <= left
                or bottom <= other.body[1]
                or other.body[3] <= top
            )
            assert apart, (shape.ref, other.ref)


@pytest.mark.parametrize(("chip", "sheet"), SHEETS)
def test_a_part_is_missing_from_its_sheet(chip: str, sheet: str):
    unit = build(chip)
    wanted = {part.ref for part in unit.parts.values() if part.sheet == sheet}
    shapes, wiring = drawn(unit, sheet)
    assert {shape.ref for shape in shapes} == wanted
    assert any(end.net == GROUND for end in wiring.names)


def test_a_part_without_a_place_is_left_out_silently(monkeypatch: pytest.MonkeyPatch):
    layout = places.SHEETS["esp32s3"]["sensors"]
    monkeypatch.delitem(layout.places, "U12")
    with pytest.raises(ValueError, match="U12 has no place"):
        sheets.shapes(build("esp32s3"), "sensors")


@pytest.mark.parametrize("name", pages.PICTURES)
def test_a_picture_beside_the_notes_is_older_than_the_circuit(name: str):
    chip, sheet = pages.PICTURES[name]
    unit = build(chip)
    text = (ROOT / "hardware" / "schematic" / f"{name}.svg").read_text(encoding="utf-8")
    written = set(re.findall(r">([^<>\n]+)</text>", text))
    parts = [part for part in unit.parts.values() if part.sheet == sheet]
    assert {part.ref for part in parts} <= written, "python -m hardware --pages"
    _, wiring = drawn(unit, sheet)
    assert {end.net for end in wiring.names} - {GROUND} <= written


def test_the_command_writes_less_than_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert command.main([str(tmp_path)]) == 0
    said = capsys.readouterr().out
    names = {path.name for path in tmp_path.iterdir()}
    for chip in PINS:
        assert {f"calfband-{chip}.net", f"bom-{chip}.csv", f"schematic-{chip}.pdf"} <= names
        assert sum(name.startswith(f"schematic-{chip}-") for name in names) == 4
    assert {"breadboard.svg", "breadboard-shopping.csv"} <= names
    for name in names:
        assert name in said
        assert (tmp_path / name).stat().st_size > 1000
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert command.main([str(tmp_path)]) == 0
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_a_faulty_circuit_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(PINS["esp32s3"], "led", 3)
    assert command.main([str(tmp_path / "out")]) == 1
    assert "GPIO3, which is read at reset" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
