"""The power budget: the note's figures are the computed ones, and rest on the firmware's own."""

import re

import pytest

from hardware import budget, notes, values
from tests.hardware_words import firmware_number, missing, note

_PER_S = "instructions per second"


def phrases() -> dict[str, str]:
    """Each headline figure of power.md as the note must write it."""
    return {
        "cell": f"Cell: {values.BATTERY_MAH:.0f} mAh, of which {100 * budget.USABLE:g} % count",
        "radio": f"is the same, {budget.FIGURES['radio_idle'].value:.0f} mA",
        "rest": f"nothing has moved for {budget.REST_MIN:.0f} minutes",
        "day": f"A day of {budget.RUN_H:.0f} h of running, {budget.LINKED_H:.0f} h connected and "
        f"{budget.ALONE_H:.0f} h alone",
        "raw": f"{budget.RAW_BYTES_PER_S / 1000:.0f} kB/s, "
        f"{budget.RAW_BYTES_PER_S / budget.PACKET_BYTES:.0f} packets each second",
        "after the end": f"The last 5 % last {budget.last_days():.0f} days there",
        "charging": f"{values.CHARGE_MA:.0f} mA, half the cell's capacity per hour, about "
        f"{budget.charge_hours():.1f} hours from empty",
        "usb": f"together draw {budget.usb_ma():.0f} mA",
        "charger's heat": f"up to {(5.25 - 3.0) * values.CHARGE_MA / 1000:.2f} W into heat",
    }


def test_the_note_says_another_figure_than_the_code():
    assert missing(note("power.md"), phrases()) == []


def test_a_changed_current_would_not_show_in_the_note(monkeypatch):
    more = budget.Fact(45.0, "mA", "a processor that draws more")
    monkeypatch.setitem(budget.FIGURES, "mcu", more)
    assert "usb:" in " ".join(missing(note("power.md"), phrases()))
    assert {"power.md", "power.svg"} <= set(notes.stale())


def test_more_instructions_would_not_show_in_the_current(monkeypatch):
    before = budget.total_ma(budget.modes()[0], True)
    whole = {"whole": {"instructions per second": 2 * budget.counted.read()["whole"][_PER_S]}}
    monkeypatch.setattr(budget.counted, "read", lambda: whole)
    more = budget.total_ma(budget.modes()[0], True) - before
    assert more == pytest.approx(budget.busy_ma(whole["whole"][_PER_S] / 2))
    assert 0.05 < budget.busy_ma(1e6) < 0.2


def test_the_budget_takes_another_firmware_than_ours():
    assert budget.ADVERT_MS * 1000 == firmware_number("unit/advertising.py", "_SLOW_US")
    light = note("../firmware/band/unit/light.py")
    assert "SESSION = (30, 970)" in light and budget.LED_SHARE == 30 / 1000
    assert "RESTING = (30, 9970)" in light and budget.REST_LED_SHARE == 30 / 10_000
    rest = firmware_number("unit/advertising.py", "_REST_US")
    assert budget.REST_ADVERT_MS * 1000 == rest
    assert budget.NUDGE_MIN * 60 == firmware_number("unit/rest.py", "_NUDGE_S")
    motor_ms = firmware_number("unit/motor.py", "LONGEST_MS")
    assert f"60 mA for up to {motor_ms / 1000:.1f} s" in note("power.md")
    assert 60 * motor_ms / 60_000 == pytest.approx(2, abs=0.3), "a warning every minute"
    table = note("../firmware/band/unit/settings_table.py")
    assert re.search(r'"unit.low_battery_pct", INT, 1, 50, \(\), 5,', table), "where it stops"
    assert f'"unit.rest_min", INT, 1, 240, (0,), {budget.REST_MIN:.0f},' in table


def test_a_mode_costs_less_than_one_that_does_less():
    totals = {mode.name: budget.total_ma(mode, modem_sleep=True) for mode in budget.modes()}
    assert totals["measuring, raw streams on"] > totals["measuring, connected"]
    assert totals["measuring, connected"] > totals["measuring, advertising"]
    assert totals["measuring, advertising"] > totals["resting, connected"]
    assert totals["resting, connected"] > totals["resting, advertising"] > budget.asleep_ma()
    for mode in budget.modes():
        awake, asleep = budget.total_ma(mode, False), budget.total_ma(mode, True)
        assert asleep - budget.total_ma(mode, True, True) == pytest.approx(
            9.7 if mode.measuring else 0
        )
        assert awake > asleep
        assert sum(budget.parts_ma(mode, True).values()) == pytest.approx(asleep)


def test_a_day_with_rest_costs_more_than_one_without():
    for modem_sleep in (False, True):
        before = budget.day_mah(modem_sleep, rests=False)
        rests = budget.day_mah(modem_sleep)
        sleeps = budget.day_mah(modem_sleep, sleeps=True)
        assert sleeps < 0.5 * rests < 0.35 * before


def test_a_link_takes_more_time_than_there_is():
    assert all(0 < mode.radio_share < 1 for mode in budget.modes())
    assert budget.hours(budget.total_ma(budget.modes()[0], True)) < values.BATTERY_MAH / 30
