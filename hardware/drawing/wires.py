"""Draws the nets of a sheet: straight or bent wires where these stay clear, else names.

Whatever is not joined by a wire carries the net's name, so that the drawing says what the netlist
says wherever its parts stand.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations

from hardware.drawing.shapes import End, Point, Shape

Segment = tuple[Point, Point]

RAILS = ("VBUS", "+CELL", "+BATT", "VSYS", "+3V3", "+3V3A", "+3V3_UART")
GROUND = "GND"
_LONGEST = 26.0  # a longer way is shown by names


@dataclass
class Wiring:
    segments: list[tuple[str, Segment]] = field(default_factory=list)
    dots: list[Point] = field(default_factory=list)
    names: list[End] = field(default_factory=list)  # ends that carry their net's name
    opens: list[End] = field(default_factory=list)  # left open on purpose
    meetings: Counter[Point] = field(default_factory=Counter)  # ends at each point


def _within(value: float, one: float, other: float, slack: float = 0.0) -> bool:
    return min(one, other) - slack < value < max(one, other) + slack


def _hits_body(segment: Segment, body: tuple[float, float, float, float]) -> bool:
    (x1, y1), (x2, y2) = segment
    left, top, right, bottom = body
    return (
        max(x1, x2) > left + 0.01
        and min(x1, x2) < right - 0.01
        and max(y1, y2) > top + 0.01
        and min(y1, y2) < bottom - 0.01
    )


def _on(point: Point, segment: Segment) -> bool:
    (x1, y1), (x2, y2) = segment
    x, y = point
    if x1 == x2 == x:
        return min(y1, y2) <= y <= max(y1, y2)
    return y1 == y2 == y and min(x1, x2) <= x <= max(x1, x2)


def _overlap(one: Segment, other: Segment) -> bool:
    """Whether two segments of different nets run along each other or touch with an end."""
    return any(_on(point, other) for point in one) or any(_on(point, one) for point in other)


class _Router:
    def __init__(self, shapes: list[Shape]) -> None:
        self.shapes = shapes
        self.ends = [end for shape in shapes for end in shape.ends]
        self.stubs = [(end.net, end.at) for end in self.ends if end.net in (*RAILS, GROUND)]
        self.wiring = Wiring()

    def clear(self, net: str, segment: Segment) -> bool:
        if any(_hits_body(segment, shape.body) for shape in self.shapes):
            return False
        if any(end.net != net and _on(end.at, segment) for end in self.ends):
            return False
        for other, way in self.stubs:
            # Room for the ground sign below and the rail's arrow above.
            sign = 1.2 if other == GROUND else -1.2
            if other != net and _overlap(segment, (way, (way[0], way[1] + sign))):
                return False
        return not any(
            other != net and _overlap(segment, laid) for other, laid in self.wiring.segments
        )

    def route(self, net: str, one: End, other: End) -> list[Segment] | None:
        (x1, y1), (x2, y2) = one.at, other.at
        if abs(x1 - x2) + abs(y1 - y2) > _LONGEST:
            return None
        ways: list[list[Point]] = []
        if x1 == x2 or y1 == y2:
            ways.append([one.at, other.at])
        else:
            ways += [[one.at, (x2, y1), other.at], [one.at, (x1, y2), other.at]]
            for share in (0.5, 0.25, 0.75):
                x = round(x1 + share * (x2 - x1))
                y = round(y1 + share * (y2 - y1))
                ways.append([one.at, (x, y1), (x, y2), other.at])
                ways.append([one.at, (x1, y), (x2, y), other.at])
        for way in ways:
            segments = [(a, b) for a, b in zip(way, way[1:], strict=False) if a != b]
            if all(self.clear(net, segment) for segment in segments) and all(
                self._leaves(end, segments) for end in (one, other)
            ):
                return segments
        return None

    @staticmethod
    def _leaves(end: End, segments: list[Segment]) -> bool:
        """A wire must not set out back through the part it comes from."""
        for segment in segments:
            for at, to in (segment, segment[::-1]):
                if at == end.at:
                    dx, dy = to[0] - at[0], to[1] - at[1]
                    if dx * end.way[0] + dy * end.way[1] < 0:
                        return False
        return True

    def net(self, net: str, ends: list[End], elsewhere: bool) -> None:
        groups = [{index} for index in range(len(ends))]
        pairs = sorted(
            combinations(range(len(ends)), 2),
            key=lambda pair: _distance(ends[pair[0]].at, ends[pair[1]].at),
        )
        for one, other in pairs:
            first = next(group for group in groups if one in group)
            second = next(group for group in groups if other in group)
            if first is second:
                continue
            segments = self.route(net, ends[one], ends[other])
            if segments is None:
                continue
            self.wiring.segments += [(net, segment) for segment in segments]
            first |= second
            groups.remove(second)
        if len(groups) > 1 or elsewhere:
            for group in groups:
                self.wiring.names.append(self._best(net, [ends[index] for index in group]))

    def _best(self, net: str, ends: list[End]) -> End:
        """The end of a group at which the name stands clearest: free ones first, then sidewards."""
        laid = [segment for other, segment in self.wiring.segments if other == net]
        return min(
            ends,
            key=lambda end: (
                sum(end.at in segment for segment in laid),
                end.way[1] != 0,
                -end.way[0],
            ),
        )


def _distance(one: Point, other: Point) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def wire(shapes: list[Shape], everywhere: Counter[str]) -> Wiring:
    """Wires of one sheet. `everywhere`: pins of each net in the whole unit."""
    router = _Router(shapes)
    router.wiring.meetings.update(end.at for end in router.ends)
    nets: dict[str, list[End]] = {}
    for end in router.ends:
        if end.net is None:
            router.wiring.opens.append(end)
        else:
            nets.setdefault(end.net, []).append(end)
    for net, ends in sorted(nets.items(), key=lambda item: len(item[1])):
        if net in RAILS or net == GROUND:
            router.wiring.names += ends
        else:
            router.net(net, ends, elsewhere=everywhere[net] > len(ends))
    _dots(router.wiring, nets)
    return router.wiring


def _dots(wiring: Wiring, nets: dict[str, list[End]]) -> None:
    """A dot wherever wires and parts of one net come together from three sides or more."""
    for net, ends in nets.items():
        laid = [segment for other, segment in wiring.segments if other == net]
        for point in sorted({point for segment in laid for point in segment}):
            sides = {
                (_sign(to[0] - point[0]), _sign(to[1] - point[1]))
                for segment in laid
                if _on(point, segment)
                for to in segment
                if to != point
            }
            sides |= {(-_sign(end.way[0]), -_sign(end.way[1])) for end in ends if end.at == point}
            if len(sides) > 2:
                wiring.dots.append(point)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
