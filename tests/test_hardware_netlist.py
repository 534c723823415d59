"""The unit's circuit: electrical rules, the checks of its own, and that each can fail."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from hardware.board import chips, connectors, passives
from hardware.board.checks import CHECKS, check
from hardware.board.circuit import erc, kicad_netlist
from hardware.board.locks import fed
from hardware.board.netlist import Netlist
from hardware.board.pin_map import PINS
from hardware.board.unit import build

CHIPS = tuple(PINS)
Fault = Callable[[Netlist], None]


@pytest.fixture(scope="module")
def unit() -> Netlist:
    return build("esp32s3")


def move(ref: str, pin: str, net: str | None) -> Fault:
    """A pin soldered to another net."""

    def fault(unit: Netlist) -> None:
        for number in unit.parts[ref].kind.numbers(pin):
            unit.parts[ref].nets[number] = net

    return fault


def lose(ref: str) -> Fault:
    def fault(unit: Netlist) -> None:
        del unit.parts[ref]

    return fault


def bridge(kind: object, one: str, other: str) -> Fault:
    """One more part between two nets."""

    def fault(unit: Netlist) -> None:
        unit.pair(kind, one, other)  # type: ignore[arg-type]

    return fault


def swap(ref: str, kind: object) -> Fault:
    """Another value on the same pads."""

    def fault(unit: Netlist) -> None:
        unit.parts[ref].kind = kind  # type: ignore[assignment]

    return fault


def both(*faults: Fault) -> Fault:
    def fault(unit: Netlist) -> None:
        for one in faults:
            one(unit)

    return fault


@pytest.mark.parametrize("chip", CHIPS)
def test_a_circuit_breaks_an_electrical_rule_or_its_own_checks(chip: str):
    unit = build(chip)
    assert erc(unit) == []
    assert {name: found for name, found in check(unit).items() if found} == {}


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (move("U11", "CS", None), "Unconnected pin"),
        (move("U11", "CS", "NOWHERE"), "Only one pin"),
        (move("U4", "NC", "GND"), "should not be connected"),
        (both(move("U3", "OUT", "+3V3A"), move("U3", "EN", "VSYS")), "Pin conflict"),
        (lose("J2"), "nsufficient drive"),
    ],
)
def test_the_electrical_rule_check_is_blind(unit: Netlist, fault: Fault, word: str):
    broken = unit.copy()
    fault(broken)
    if word == "nsufficient drive":
        broken.supplies = set()
    assert any(word in message for message in erc(broken)), erc(broken)


FAULTS = [
    ("each supply pin on its rail", move("U6", "V+", "+3V3"), "U6 pin 7"),
    ("each supply pin on its rail", move("U9", "AVDD", "+3V3"), "AVDD"),
    ("each supply pin on its rail", move("U5", "GND", "+3V3"), "U5"),
    ("decoupling of each chip", lose("C10"), "INA333"),
    ("decoupling of each chip", swap("C24", passives.C_100N), "AREG"),
    ("decoupling of each chip", move("C19", "1", "+3V3"), "OPA333"),
    ("processor wired as pins.py", move("U5", "IO5", "I2S_WS"), "IO5"),
    ("processor wired as pins.py", move("U5", "IO38", "LED"), "IO38"),
    ("processor wired as pins.py", move("U11", "SDI", "IMU_MISO"), "U11 SDI"),
    ("no pin read at reset, of flash or USB", move("C9", "1", "BOOT"), "GPIO0"),
    ("I2C addresses and pull-ups", move("U12", "ADD0", "+3V3"), "0x48"),
    ("I2C addresses and pull-ups", lose("R32"), "I2C_SCL"),
    ("I2C addresses and pull-ups", swap("R33", passives.resistor(100)), "I2C_SDA"),
    (
        "I2C addresses and pull-ups",
        lambda unit: unit.add(chips.SKIN, {"SCL": "I2C_SCL", "ADD0": "GND"}) and None,
        "0x48",
    ),
    ("gain and coupling of the front end", swap("R15", passives.HALF), "U6 has"),
    ("gain and coupling of the front end", swap("C16", passives.C_1U), "IN2P"),
    ("gain and coupling of the front end", move("U7", "REF", "GND"), "U7 REF"),
    ("every electrode behind 100 kΩ", lose("R11"), "leads nowhere"),
    ("every electrode behind 100 kΩ", swap("R14", passives.resistor(47_500)), "SKIN_GM_N"),
    ("every electrode behind 100 kΩ", bridge(passives.C_100N, "SKIN_SO_P", "GND"), "0.0 kΩ"),
    ("every electrode behind 100 kΩ", bridge(passives.HALF, "SKIN_REF", "VMID"), "50.5 kΩ"),
    (
        "every electrode behind 100 kΩ",
        both(swap("R18", passives.resistor(180_000)), swap("R19", passives.resistor(100))),
        "once one resistor is short",
    ),
    ("no front-end supply with USB", lose("Q3"), "With Q2 failed short"),
    ("no front-end supply with USB", move("Q2", "G", "GND"), "With Q3 failed open"),
    ("no front-end supply with USB", move("U4", "IN", "VSYS"), "With Q3 failed open"),
    ("no front-end supply with USB", bridge(passives.resistor(100), "+3V3", "+3V3A"), "feeds"),
    (
        "no front-end supply with USB",
        bridge(connectors.RECTIFIER, "+3V3A", "VSYS"),  # its first pin is the cathode
        "feeds",
    ),
    (
        "no front-end supply with USB",
        both(move("Q2", "S", "FE_IN"), move("Q2", "D", "+BATT")),  # the body diode conducts
        "With Q3 failed open",
    ),
    ("no front-end supply with USB", swap("R10", passives.resistor(100)), "With Q2 failed short"),
    ("no front-end supply with USB", move("U4", "IN", "VBUS"), "Without USB"),
]


@pytest.mark.parametrize(("name", "fault", "word"), FAULTS)
def test_a_check_is_blind(unit: Netlist, name: str, fault: Fault, word: str):
    broken = unit.copy()
    fault(broken)
    found = CHECKS[name](broken)
    assert any(word in problem for problem in found), found


def test_every_check_has_been_seen_to_fail():
    assert {name for name, _, _ in FAULTS} == set(CHECKS)


@pytest.mark.parametrize("gpio", [0, 3, 19, 30, 43])
def test_a_signal_moves_to_a_forbidden_pin(
    unit: Netlist, gpio: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(PINS["esp32s3"], "led", gpio)
    found = CHECKS["no pin read at reset, of flash or USB"](unit)
    assert any(f"GPIO{gpio}" in problem for problem in found)


def test_an_output_sits_on_a_pin_that_can_only_be_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(PINS["esp32"], "led", 36)
    found = CHECKS["no pin read at reset, of flash or USB"](build("esp32"))
    assert any("can only be read" in problem for problem in found)


def test_the_front_end_is_never_fed_at_all(unit: Netlist):
    assert fed(unit, usb=False)
    assert not fed(unit, usb=True)
    # Two switches stand in the way: only both together let USB through.
    assert not fed(unit, usb=True, failed={"Q2": True})
    assert not fed(unit, usb=True, failed={"Q3": False})
    assert fed(unit, usb=True, failed={"Q2": True, "Q3": False})


@pytest.mark.parametrize("chip", CHIPS)
def test_kicads_netlist_has_other_nets_or_changes_by_itself(chip: str):
    unit = build(chip)
    text = kicad_netlist(unit)
    assert text == kicad_netlist(build(chip))
    found: dict[str, set[tuple[str, str]]] = {}
    for block in re.split(r"\(net\n", text[text.index("(nets") :])[1:]:
        name = re.search(r'\(name "?([^")\n]+)"?\)', block)
        pins = re.findall(r'\(ref "?([^")\n]+)"?\)\s+\(pin "?([^")\n]+)"?\)', block)
        assert name is not None
        found[name[1]] = set(pins)
    assert found == {net: set(ends) for net, ends in unit.nets().items()}
    for part in unit.parts.values():
        assert part.kind.footprint in text and part.kind.mpn in text


@pytest.mark.parametrize("chip", CHIPS)
def test_the_button_that_ends_deep_sleep_floats_there(chip: str):
    up = [part for part in build(chip).on("BUTTON") if part.two_nets_or()[:1] == ("+3V3",)]
    assert [part.kind.ohm for part in up] == [100_000]
    woken_by = {
        "esp32s3": range(22),
        "esp32": (0, 2, 4, *range(12, 16), 25, 26, 27, *range(32, 40)),
    }
    assert {PINS[chip]["button"], PINS[chip]["usb"]} <= set(woken_by[chip]), "not of the RTC's"
