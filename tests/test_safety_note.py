"""Currents through the wearer: no case on battery is worse than told, and the note says so."""

import itertools
import re

import pytest

from hardware import hazards, notes, values
from tests.hardware_words import missing, note


def phrases() -> dict[str, str]:
    """Each headline figure of safety.md as the note must write it."""
    return {
        "resistors": f"two resistors of {values.SERIES_OHM / 1e3:.1f} kΩ in a row, "
        f"{values.LEAD_OHM / 1e3:.1f} kΩ together",
        "cell": f"the cell at {hazards.FULL_CELL_V} V",
        "worst": f"fault on battery sends more than {hazards.worst_fault_ua():.1f} µA, against the "
        f"{hazards.FAULT_UA:.0f} µA",
        "usb": f"The last line is {hazards.on_usb()[-1].current_ua / 1000:.0f} mA",
        "contacts": f"the {('three', 'four', 'five')[values.LEADS - 3]} contacts part",
        "battery": f"A {values.BATTERY_MAH:.0f} mAh lithium-polymer cell",
        "charging": f"Charged at {values.CHARGE_MA:.0f} mA",
        "pressure": "{} to {} mmHg, no more".format(*values.PRESSURE_MMHG),
    }


def _current_ua(leads_ohm: list[float], nodes: tuple[str, ...]) -> float:
    """Current between the leads at the cell's plus and those at its minus, the body one node."""
    sides = [
        sum(1 / ohm for ohm, node in zip(leads_ohm, nodes, strict=True) if node == side)
        for side in "+-"
    ]
    if not all(sides):
        return 0.0
    return 1e6 * hazards.FULL_CELL_V / sum(1 / side for side in sides)


def test_leads_joined_another_way_to_the_cell_carry_more_than_told():
    sound = [values.LEAD_OHM] * values.LEADS
    worst = max(_current_ua(sound, way) for way in itertools.product("+-o", repeat=values.LEADS))
    assert worst == pytest.approx(hazards.worst_fault_ua(), rel=1e-9)
    assert worst <= hazards.FAULT_UA


def test_a_shorted_resistor_between_two_leads_carries_more_than_told():
    one_short = [values.LEAD_OHM - values.SERIES_OHM, values.LEAD_OHM]
    told = {hazard.what: hazard.current_ua for hazard in hazards.on_battery()}
    key = "the same, and one of the four resistors shorted"
    assert _current_ua(one_short, ("+", "-")) == pytest.approx(told[key])


def test_a_case_on_battery_passes_its_limit():
    assert all(hazard.met for hazard in hazards.on_battery())


def test_a_failed_charger_on_the_leg_is_told_to_be_harmless():
    assert not hazards.on_usb()[-1].met
    assert "no switch of a supply prevents it" in note("safety.md")
    assert "must be taken off" in note("safety.md")


def test_resistors_that_are_too_small_pass(monkeypatch):
    monkeypatch.setattr(values, "SERIES_OHM", 43e3)
    monkeypatch.setattr(values, "LEAD_OHM", 86e3)
    assert not all(hazard.met for hazard in hazards.on_battery())
    lacking = " ".join(missing(note("safety.md"), phrases()))
    assert "resistors:" in lacking and "worst:" in lacking
    assert "safety.md" in notes.stale()


def test_the_note_says_another_figure_than_the_code():
    assert missing(note("safety.md"), phrases()) == []


@pytest.mark.parametrize("name", ["README.md", "safety.md", "placement.md", "front_end.md"])
def test_a_note_makes_a_medical_claim(name):
    text = note(name)
    for claim in re.findall(r"[^.|]*\b(?:diagnos|medical|treat|prevent|injur|cure)\w*[^.|]*", text):
        assert re.search(r"\b(not|no|never)\b", claim), claim
    assert name == "front_end.md" or name == "placement.md" or "general wellness" in text.lower()
