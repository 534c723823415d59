"""A unit as plain records: parts, their pins and the nets these are on.

The blocks (power.py, mcu.py, front_end.py, sensors.py) fill a Netlist; SKiDL, the bill of
materials, the checks and the drawing all read this one. Tests change copies of it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# What a pin is, in the words of SKiDL's electrical rules.
PASSIVE = "PASSIVE"
INPUT = "INPUT"
OUTPUT = "OUTPUT"
BIDIR = "BIDIR"
OPEN = "OPENCOLL"
POWER_IN = "PWRIN"
POWER_OUT = "PWROUT"
NO_CONNECT = "NOCONNECT"


@dataclass(frozen=True)
class Pin:
    """One pin; a name that several pins share (GND) connects them all."""

    number: str
    name: str
    type: str


@dataclass(frozen=True)
class Kind:
    """A part that can be ordered. `pins_seen`: where the pin numbers were looked up, else ""."""

    mpn: str
    maker: str
    package: str
    footprint: str
    prefix: str
    pins: tuple[Pin, ...]
    value: str = ""
    ohm: float = 0.0
    farad: float = 0.0
    tolerance: float = 0.0
    alternatives: tuple[str, ...] = ()
    price_usd: float = 0.0  # an estimate for 100 pieces, see bom.py
    pins_seen: str = ""
    note: str = ""

    def numbers(self, name: str) -> list[str]:
        """Numbers of the pins of that name; raises KeyError when there is none."""
        found = [pin.number for pin in self.pins if pin.name == name]
        if not found:
            raise KeyError(f"{self.mpn} has no pin {name}")
        return found


def pins(table: str, default: str = PASSIVE) -> tuple[Pin, ...]:
    """Pins from text, `number name type` each line; the type may be left out."""
    made = []
    for line in table.strip().splitlines():
        number, name, *rest = line.split()
        made.append(Pin(number, name, rest[0] if rest else default))
    return tuple(made)


@dataclass
class Placed:
    """A part of the unit: `nets` has one entry per pin number, None when left open."""

    ref: str
    kind: Kind
    sheet: str
    nets: dict[str, str | None]
    serves: str = ""  # reference of the part that a decoupling capacitor stands at
    left_open: frozenset[str] = frozenset()  # numbers of pins that nothing needs

    def net(self, name: str) -> str | None:
        """The net of the pin of that name."""
        return self.nets[self.kind.numbers(name)[0]]

    @property
    def two_nets(self) -> tuple[str | None, str | None]:
        """Of a part with two pins."""
        first, second = self.nets.values()
        return first, second

    def two_nets_or(self) -> tuple[str | None, ...]:
        """The two nets of a resistor or capacitor, nothing for any other part."""
        return self.two_nets if self.kind.ohm or self.kind.farad else ()


@dataclass
class Netlist:
    chip: str
    parts: dict[str, Placed] = field(default_factory=dict)
    supplies: set[str] = field(default_factory=set)  # nets that are fed from outside a PWROUT
    _last: dict[str, int] = field(default_factory=dict)
    _sheet: str = ""

    def sheet(self, name: str) -> None:
        """What is added from now on belongs to that sheet."""
        self._sheet = name

    def add(
        self,
        kind: Kind,
        nets: Mapping[str, str],
        ref: str = "",
        serves: str = "",
        left_open: Iterable[str] = (),
    ) -> Placed:
        """Place a part, its pins by name; a pin that is neither named nor `left_open` is an error
        of the electrical rule check.

        Raises KeyError for a pin name the part does not have.
        """
        if not ref:
            number = self._last.get(kind.prefix, 0) + 1
            while f"{kind.prefix}{number}" in self.parts:
                number += 1
            self._last[kind.prefix] = number
            ref = f"{kind.prefix}{number}"
        if ref in self.parts:
            raise KeyError(f"{ref} is there already")
        numbers: dict[str, str | None] = {pin.number: None for pin in kind.pins}
        for name, net in nets.items():
            for number in kind.numbers(name):
                numbers[number] = net
        opened = frozenset(number for name in left_open for number in kind.numbers(name))
        placed = Placed(ref, kind, self._sheet, numbers, serves, opened)
        self.parts[ref] = placed
        return placed

    def pair(self, kind: Kind, first: str, second: str, serves: str = "") -> Placed:
        """Place a part of two pins."""
        one, two = kind.pins
        return self.add(kind, {one.name: first, two.name: second}, serves=serves)

    def nets(self) -> dict[str, list[tuple[str, str]]]:
        """Net to the (reference, pin number) on it, in order of placing."""
        found: dict[str, list[tuple[str, str]]] = {}
        for part in self.parts.values():
            for number, net in part.nets.items():
                if net is not None:
                    found.setdefault(net, []).append((part.ref, number))
        return found

    def of_kind(self, mpn: str) -> list[Placed]:
        """Parts by the start of their number."""
        return [part for part in self.parts.values() if part.kind.mpn.startswith(mpn)]

    def on(self, net: str) -> list[Placed]:
        return [self.parts[ref] for ref in dict.fromkeys(r for r, _ in self.nets().get(net, []))]

    def copy(self) -> Netlist:
        return copy.deepcopy(self)
