"""How places.py says where a part stands.

Two-pin parts: centre and turn (h: first pin left, v: first pin up, - reverses). FETs: centre of
the channel, and which of D and S is up. Boxes: left upper corner, size, pins of either side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Box:
    at: tuple[float, float]
    size: tuple[float, float]
    left: Mapping[str, float]
    right: Mapping[str, float]


Place = Box | tuple[float, float, str]


@dataclass(frozen=True)
class Layout:
    size: tuple[float, float]
    places: dict[str, Place]
    bank: tuple[float, float] = (0, 0)  # first of the capacitors that stand at their chips
    notes: list[tuple[tuple[float, float], str]] = field(default_factory=list)


def column(names: str, first: float = 2.0, step: float = 2.0) -> dict[str, float]:
    """Pins one below the other; a dot leaves a row free."""
    rows = enumerate(names.split())
    return {name: first + step * row for row, name in rows if name != "."}
