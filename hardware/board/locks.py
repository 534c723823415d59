"""The two checks on which safety rests: electrode resistance, and no front end with USB."""

from __future__ import annotations

import numpy as np

from hardware import values
from hardware.board.netlist import Netlist, Placed

_SOURCES = ("+CELL", "+BATT", "VBUS", "VSYS", "+3V3")  # live while USB is in
_SHORT_OHM = 1e-3
_STIFF_OHM = 10_000.0  # less than this could feed a chip
ANALOG = "+3V3A"


def ohm(unit: Netlist, start: str, without: str = "") -> float:
    """Resistance from an electrode to everything that is no resistor, tied together; infinite
    when it leads nowhere. Each resistor counts with its tolerance taken off.

    `without`: reference of a resistor that failed short.
    """
    wires: dict[str, int] = {start: 0}  # nets that only resistors and electrodes touch
    todo = [start]
    joins: list[tuple[str, str, float]] = []
    while todo:
        net = todo.pop()
        for part in unit.on(net):
            if not part.kind.ohm:
                continue
            one, other = part.two_nets
            far = other if net == one else one
            if far is None or far == net:
                continue
            own = _SHORT_OHM if part.ref == without else part.kind.ohm * (1 - part.kind.tolerance)
            joins.append((net, far, 1 / own))
            if far not in wires and _only_resistors(unit, far):
                wires[far] = len(wires)
                todo.append(far)
    if not _only_resistors(unit, start):
        return 0.0
    if not any(far not in wires for _, far, _ in joins):
        return float("inf")
    conductance = np.zeros((len(wires), len(wires)))
    for net, far, siemens in joins:  # a join between two wires stands in the list from both
        conductance[wires[net], wires[net]] += siemens
        if far in wires:
            conductance[wires[net], wires[far]] -= siemens
    current = np.zeros(len(wires))
    current[0] = 1.0
    return float(np.linalg.solve(conductance, current)[0])


def _only_resistors(unit: Netlist, net: str) -> bool:
    return all(part.kind.ohm or part.kind.mpn.startswith("BM05B") for part in unit.on(net))


def electrodes(unit: Netlist) -> list[str]:
    """Each electrode meets 100 kΩ, tolerance taken off, before any other part; half of it
    remains when one resistor fails short.
    """
    problems = []
    skins = [net for part in unit.of_kind("BM05B") for net in part.nets.values()]
    if len(skins) != values.LEADS or None in skins:
        problems.append(f"{len(skins)} electrode wires, not {values.LEADS}.")
    for skin in skins:
        if skin is None:
            continue
        whole = ohm(unit, skin)
        if whole < values.LEAST_LEAD_OHM:
            problems.append(f"{skin} meets {whole / 1000:.1f} kΩ, not 100 kΩ.")
        if whole == float("inf"):
            problems.append(f"{skin} leads nowhere.")
        resistors = [part for part in unit.parts.values() if part.kind.ohm]
        worst = min((ohm(unit, skin, part.ref) for part in resistors), default=0.0)
        if worst < values.LEAST_LEAD_OHM / 2:
            problems.append(f"{skin} meets {worst / 1000:.1f} kΩ once one resistor is short.")
    return problems


def _high(unit: Netlist, net: str | None, usb: bool) -> bool:
    """Whether a gate's net is above half of VBUS, which reaches it through resistors at most."""
    if net == "GND":
        return False
    if net in _SOURCES:
        return usb or net != "VBUS"
    up = down = 0.0
    for part in unit.on(net) if net else ():
        if part.kind.ohm:
            other = next((n for n in part.two_nets if n != net), None)
            if other == "VBUS":
                up += 1 / part.kind.ohm
            elif other == "GND":
                down += 1 / part.kind.ohm
    return usb and up > down


def _closed(unit: Netlist, part: Placed, usb: bool, failed: dict[str, bool]) -> bool:
    """Whether a FET conducts; `failed`: reference to what it does instead."""
    if part.ref in failed:
        return failed[part.ref]
    high = _high(unit, part.net("G"), usb)
    return high if part.kind.value.startswith("N") else not high


def _enabled(unit: Netlist, regulator: Placed, usb: bool, failed: dict[str, bool]) -> bool:
    """Whether a regulator may run: the processor asks for it, unless a FET holds EN down."""
    enable = regulator.net("EN")
    return not any(
        part.kind.prefix == "Q"
        and part.kind.value.startswith("N")
        and part.kind.numbers("D")
        and {part.net("D"), part.net("S")} == {enable, "GND"}
        and _closed(unit, part, usb, failed)
        for part in unit.on(enable or "")
    )


def fed(unit: Netlist, usb: bool, failed: dict[str, bool] | None = None) -> bool:
    """Whether anything feeds the front end's supply.

    Followed from every live supply through FETs as their gates have them, their body diodes,
    diodes forward, enabled regulators, and resistors below 10 kΩ.
    """
    failed = failed or {}
    live = {net for net in _SOURCES if usb or net != "VBUS"}
    todo = list(live)
    while todo:
        net = todo.pop()
        for part in unit.on(net):
            for other in _ways(unit, part, net, usb, failed):
                if other not in (None, "GND") and other not in live:
                    live.add(other)
                    todo.append(other)
    return ANALOG in live


def _ways(
    unit: Netlist, part: Placed, net: str, usb: bool, failed: dict[str, bool]
) -> list[str | None]:
    names = {pin.name for pin in part.kind.pins}
    if part.kind.ohm:
        return list(part.two_nets) if part.kind.ohm < _STIFF_OHM else []
    if {"G", "D", "S"} == names:
        body = ("D", "S") if part.kind.value.startswith("P") else ("S", "D")
        if _closed(unit, part, usb, failed):
            return [part.net("D"), part.net("S")]
        return [part.net(body[1])] if net == part.net(body[0]) else []
    if {"COM", "ON"} <= names:
        return [part.net("COM"), part.net("ON")]
    if {"A", "K"} == names:
        return [part.net("K")] if net == part.net("A") else []
    if {"IN", "OUT", "EN"} <= names:
        if net == part.net("IN") and _enabled(unit, part, usb, failed):
            return [part.net("OUT")]
        return []
    if part.kind.mpn.startswith("MCP73831"):
        return [part.net("VBAT")] if net == part.net("VDD") else []
    return []


def usb_lock(unit: Netlist) -> list[str]:
    """With USB no way leads to the front end's supply, also when either switch has failed."""
    problems = []
    if not fed(unit, usb=False):
        problems.append("Without USB the front end has no supply.")
    if fed(unit, usb=True):
        problems.append("With USB something feeds the front end's supply.")
        return problems
    for part in unit.parts.values():
        if {"G", "D", "S"} == {pin.name for pin in part.kind.pins}:
            for state, word in ((True, "short"), (False, "open")):
                if fed(unit, usb=True, failed={part.ref: state}):
                    problems.append(f"With {part.ref} failed {word}, USB feeds the front end.")
    return problems
