"""What each part looks like, and where its pins come out.

Units are those of the grid, y downwards. A shape knows strokes (lists of points), its body (which
no wire may cross), its texts, and its ends: where a wire begins, which way it leaves, which net.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hardware.board.netlist import Placed

Point = tuple[float, float]


@dataclass(frozen=True)
class End:
    """A pin's outer end; `way` points away from the body."""

    at: Point
    way: Point
    net: str | None
    ref: str


@dataclass(frozen=True)
class Text:
    at: Point
    text: str
    size: float = 6.0
    align: str = "center"  # left, center, right
    bold: bool = False


@dataclass
class Shape:
    ref: str
    body: tuple[float, float, float, float]  # left, top, right, bottom
    ends: list[End] = field(default_factory=list)
    strokes: list[list[Point]] = field(default_factory=list)
    filled: list[list[Point]] = field(default_factory=list)
    circles: list[tuple[Point, float]] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)


def box(
    part: Placed, at: Point, size: Point, left: Mapping[str, float], right: Mapping[str, float]
) -> Shape:
    """A chip or connector; `at` is the left upper corner, stubs are two units long.

    Pins of one name on one net are drawn once, with all their numbers.
    """
    x, y = at
    width, height = size
    shape = Shape(part.ref, (x, y, x + width, y + height))
    shape.strokes.append([(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)])
    middle = x + width / 2
    shape.texts.append(Text((middle, y - 1.5), part.ref, 7, bold=True))
    shape.texts.append(Text((middle, y - 0.6), part.kind.mpn, 5.5))
    drawn: set[str] = set()
    for pins, edge, way in ((left, x, -1.0), (right, x + width, 1.0)):
        for name, dy in pins.items():
            numbers = part.kind.numbers(name)
            nets = {part.nets[number] for number in numbers}
            if len(nets) != 1:
                raise ValueError(f"{part.ref} {name}: its pins are on {nets}")
            drawn |= set(numbers)
            outer = (edge + 2 * way, y + dy)
            shape.strokes.append([(edge, y + dy), outer])
            shape.ends.append(End(outer, (way, 0.0), nets.pop(), part.ref))
            inner = "left" if way < 0 else "right"
            shape.texts.append(Text((edge - 0.4 * way, y + dy), name, 5.5, inner))
            number_text = ",".join(numbers) if len(numbers) < 4 else f"{numbers[0]}…"
            side = "right" if way < 0 else "left"
            shape.texts.append(Text((edge + 0.3 * way, y + dy - 0.45), number_text, 4, side))
    missing = set(part.nets) - drawn - {n for n, net in part.nets.items() if net is None}
    if missing:
        raise ValueError(f"{part.ref}: connected pins {sorted(missing)} are not drawn")
    return shape


def _turn(point: Point, at: Point, turn: str) -> Point:
    """From the shape's own frame (first pin left) to the sheet: h, v, and reversed with -."""
    u, w = point
    if turn.endswith("-"):
        u, w = -u, -w
    if turn[0] == "v":
        u, w = -w, u
    return at[0] + u, at[1] + w


_RESISTOR = [[(-1.2, -0.45), (1.2, -0.45), (1.2, 0.45), (-1.2, 0.45), (-1.2, -0.45)]]
_CAPACITOR = [[(-0.25, -0.9), (-0.25, 0.9)], [(0.25, -0.9), (0.25, 0.9)]]
_DIODE = [[(-0.7, -0.7), (-0.7, 0.7)], [(0.7, -0.7), (0.7, 0.7), (-0.7, 0.0), (0.7, -0.7)]]
_LIGHT = [[(0.2, 1.0), (-0.4, 1.7)], [(0.8, 1.0), (0.2, 1.7)]]
_SWITCH = [[(-1.0, 0.0), (0.9, -0.8)]]
_LEADS = {"R": 1.2, "C": 0.25, "D": 0.7, "SW": 1.0, "M": 1.0}


def two_pins(part: Placed, at: Point, turn: str) -> Shape:
    """A part of two pins, centred; its first pin is left (h) or up (v), reversed with -."""
    prefix = part.kind.prefix
    strokes = {
        "R": _RESISTOR,
        "C": _CAPACITOR,
        "D": _DIODE + (_LIGHT if part.kind.mpn.startswith("LTST") else []),
        "SW": _SWITCH,
        "M": [],
    }[prefix]
    lead = _LEADS[prefix]
    half = (1.2, 0.9) if turn[0] == "h" else (0.9, 1.2)
    shape = Shape(part.ref, (at[0] - half[0], at[1] - half[1], at[0] + half[0], at[1] + half[1]))
    for stroke in [*strokes, [(-2.0, 0.0), (-lead, 0.0)], [(lead, 0.0), (2.0, 0.0)]]:
        shape.strokes.append([_turn(point, at, turn) for point in stroke])
    if prefix == "M":
        shape.circles.append((at, 1.0))
        shape.texts.append(Text(at, "M", 7))
    for u, net in zip((-2.0, 2.0), part.two_nets, strict=True):
        outer = _turn((u, 0.0), at, turn)
        way = (
            (outer[0] - at[0]) / 2,
            (outer[1] - at[1]) / 2,
        )
        shape.ends.append(End(outer, way, net, part.ref))
    value = "" if prefix == "SW" else part.kind.value
    value = value.split(" X")[0].split(" 0.1")[0].split(" ±")[0]
    if turn[0] == "h":
        high = 2.3 if _LIGHT[0] in strokes else 1.3
        shape.texts.append(Text((at[0], at[1] - high), part.ref, 5.5, bold=True))
        shape.texts.append(Text((at[0], at[1] + 1.4), value, 5))
    else:
        shape.texts.append(Text((at[0] + 1.1, at[1] - 0.5), part.ref, 5.5, "left", bold=True))
        shape.texts.append(Text((at[0] + 1.1, at[1] + 0.5), value, 5, "left"))
    return shape


def fet(part: Placed, at: Point, turn: str) -> Shape:
    """A field-effect transistor, gate left; `turn` says what is up: "D" or "S"."""
    x, y = at
    shape = Shape(part.ref, (x - 0.9, y - 1.2, x + 1.2, y + 1.2))
    up, down = ("D", "S") if turn == "D" else ("S", "D")
    for pin, sign in ((up, -1.0), (down, 1.0)):
        shape.strokes.append(
            [(x, y + 0.7 * sign), (x + 1.0, y + 0.7 * sign), (x + 1.0, y + 2 * sign)]
        )
        shape.ends.append(End((x + 1.0, y + 2 * sign), (0.0, sign), part.net(pin), part.ref))
        shape.texts.append(Text((x + 1.3, y + 1.5 * sign), pin, 4, "left"))
    for low in (-0.95, -0.25, 0.45):
        shape.strokes.append([(x, y + low), (x, y + low + 0.5)])
    shape.strokes.append([(x - 0.35, y - 0.8), (x - 0.35, y + 0.8)])
    shape.strokes.append([(x - 2.0, y), (x - 0.35, y)])
    # The arrow of the channel: inwards for N, outwards for P.
    shape.strokes.append([(x, y), (x + 1.0, y), (x + 1.0, y + (0.7 if up == "D" else -0.7))])
    tip, tail = (0.1, 0.6) if part.kind.value.startswith("N") else (0.9, 0.4)
    shape.filled.append([(x + tip, y), (x + tail, y - 0.3), (x + tail, y + 0.3)])
    shape.ends.append(End((x - 2.0, y), (-1.0, 0.0), part.net("G"), part.ref))
    shape.texts.append(Text((x + 1.5, y - 0.5), part.ref, 5.5, "left", bold=True))
    shape.texts.append(Text((x + 1.5, y + 0.5), part.kind.mpn, 4.5, "left"))
    return shape
