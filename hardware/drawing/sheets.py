"""The schematic as SVG and PDF, a sheet for each block, from the netlist and places.py."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon

from hardware.board.netlist import Netlist, Placed
from hardware.drawing import places
from hardware.drawing.layout import Box
from hardware.drawing.shapes import End, Shape, Text, box, fet, two_pins
from hardware.drawing.wires import GROUND, RAILS, Wiring, wire

_INCH = 0.125  # of one unit of the grid
_BODY, _WIRE, _NAME, _RAIL, _NOTE = "#7a1f1f", "#0b6b3a", "#1f3f8f", "#8a5a00", "#555555"
_DATE = {"Date": None}
# The same file for the same drawing, with text that can be searched.
SETTINGS: Any = {
    "svg.hashsalt": "calf band",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
}


def shapes(unit: Netlist, sheet: str) -> list[Shape]:
    """Shapes of a sheet; capacitors without a place stand in the bank below.

    Raises ValueError when a part other than those has no place, or a place has no part.
    """
    layout = places.SHEETS[unit.chip][sheet]
    parts = {part.ref: part for part in unit.parts.values() if part.sheet == sheet}
    made = []
    bank: list[Placed] = []
    for ref, part in parts.items():
        place = layout.places.get(ref)
        if place is None:
            if not part.serves:
                raise ValueError(f"{ref} has no place on the sheet {sheet}")
            bank.append(part)
        elif isinstance(place, Box):
            made.append(box(part, place.at, place.size, place.left, place.right))
        elif {"G", "D", "S"} == {pin.name for pin in part.kind.pins}:
            made.append(fet(part, place[:2], place[2]))
        else:
            made.append(two_pins(part, place[:2], place[2]))
    lost = layout.places.keys() - parts.keys()
    if lost:
        raise ValueError(f"places without a part on the sheet {sheet}: {sorted(lost)}")
    x, y = layout.bank
    for part in bank:
        shape = two_pins(part, (x, y), "v")
        shape.texts.append(Text((x + 1.1, y + 1.4), f"at {part.serves}", 4.5, "left"))
        made.append(shape)
        x += 6.5
    return made


class _Sheet:
    def __init__(self, size: tuple[float, float]) -> None:
        self.figure = Figure(figsize=(size[0] * _INCH, size[1] * _INCH))
        self.axes: Any = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_xlim(0, size[0])
        self.axes.set_ylim(size[1], 0)
        self.axes.set_axis_off()

    def line(self, points: list[tuple[float, float]], color: str, width: float = 0.8) -> None:
        xs, ys = zip(*points, strict=True)
        self.axes.plot(xs, ys, color=color, linewidth=width, solid_capstyle="round")

    def text(self, text: Text, color: str, **more: Any) -> None:
        self.axes.text(
            *text.at,
            text.text,
            fontsize=text.size,
            ha=text.align,
            va=more.pop("va", "center"),
            color=color,
            weight="bold" if text.bold else "normal",
            **more,
        )

    def shape(self, shape: Shape) -> None:
        for stroke in shape.strokes:
            self.line(stroke, _BODY)
        for points in shape.filled:
            self.axes.add_patch(Polygon(points, closed=True, color=_BODY, linewidth=0))
        for center, radius in shape.circles:
            self.axes.add_patch(Circle(center, radius, fill=False, color=_BODY, linewidth=0.8))
        for text in shape.texts:
            self.text(text, _BODY if text.bold else "black")

    def wiring(self, wiring: Wiring) -> None:
        for _, segment in wiring.segments:
            self.line(list(segment), _WIRE)
        for dot in wiring.dots:
            self.axes.add_patch(Circle(dot, 0.22, color=_WIRE, linewidth=0))
        for end in wiring.opens:
            x, y = end.at
            for slope in (-1, 1):
                self.line([(x - 0.3, y - 0.3 * slope), (x + 0.3, y + 0.3 * slope)], _NOTE, 0.6)
        for end in wiring.names:
            wires = [segment for _, segment in wiring.segments if end.at in segment]
            self.name(end, bool(wires), wiring.meetings[end.at] > 1)

    def name(self, end: End, wired: bool, meets: bool) -> None:
        """The sign or name of an end's net: above a wire, beside a meeting of two parts."""
        x, y = end.at
        assert end.net is not None
        if end.net == GROUND:
            self.line([(x, y), (x, y + 0.5)], _WIRE)
            for k, half in enumerate((0.7, 0.45, 0.2)):
                self.line([(x - half, y + 0.5 + 0.25 * k), (x + half, y + 0.5 + 0.25 * k)], _WIRE)
        elif end.net in RAILS:
            sign = 1.0 if end.way[1] > 0 else -1.0
            self.line([(x, y), (x, y + 0.6 * sign)], _RAIL)
            self.line([(x - 0.6, y + 0.6 * sign), (x + 0.6, y + 0.6 * sign)], _RAIL, 1.4)
            self.text(Text((x, y + 1.15 * sign), end.net, 5.5, bold=True), _RAIL)
        elif end.way[1] and (wired or meets):
            self.text(Text((x - 0.4, y), end.net, 5.5, "right"), _NAME)
        elif end.way[1]:
            va = "top" if end.way[1] > 0 else "bottom"
            at = (x, y + 0.3 * end.way[1] / abs(end.way[1]))
            self.text(Text(at, end.net, 5.5), _NAME, rotation=90, va=va)
        else:
            align = "left" if end.way[0] > 0 else "right"
            shift = 0.3 if end.way[0] > 0 else -0.3
            self.text(Text((x + shift, y - 0.6 * wired), end.net, 5.5, align), _NAME)


def draw(unit: Netlist, sheet: str) -> Figure:
    layout = places.SHEETS[unit.chip][sheet]
    made = shapes(unit, sheet)
    everywhere = Counter({net: len(pins) for net, pins in unit.nets().items()})
    page = _Sheet(layout.size)
    for shape in made:
        page.shape(shape)
    page.wiring(wire(made, everywhere))
    width, height = layout.size
    page.line([(1, 1), (width - 1, 1), (width - 1, height - 1), (1, height - 1), (1, 1)], _NOTE)
    title = f"Calf band, {places.CHIPS[unit.chip]}: {places.TITLES.get(sheet, sheet)}"
    page.text(Text((2.2, 2.6), title, 11, "left", bold=True), "black")
    for at, note in layout.notes:
        page.text(Text(at, note, 6.5, "left"), _NOTE, va="top", style="italic")
    return page.figure


def write(unit: Netlist, folder: Path) -> list[Path]:
    """One SVG per sheet and one PDF of all; the same bytes for the same unit."""
    written = []
    with matplotlib.rc_context(SETTINGS):
        pdf_path = folder / f"schematic-{unit.chip}.pdf"
        with PdfPages(pdf_path, metadata={"CreationDate": None}) as pdf:
            for number, sheet in enumerate(places.SHEETS[unit.chip], start=1):
                figure = draw(unit, sheet)
                name = f"schematic-{unit.chip}-{number}-{sheet.replace(' ', '-')}.svg"
                figure.savefig(folder / name, metadata=_DATE)
                pdf.savefig(figure)
                written.append(folder / name)
    return [*written, pdf_path]
