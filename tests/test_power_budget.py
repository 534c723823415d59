"""The power budget: the note's figures are the computed ones, and rest on the firmware's own."""

import re

import pytest

from hardware import budget, notes, values
from tests.hardware_words import firmware_number, missing, note


def phrases() -> dict[str, str]:
    """Each headline figure of power.md as the note must write it."""
    connected = budget.modes()[0]
    stock, asleep, slow = (
        budget.total_ma(connected, *choice)
        for choice in ((False, False), (True, False), (True, True))
    )
    minutes = budget.minutes_after_the_end()
    return {
        "cell": f"Cell: {values.BATTERY_MAH:.0f} mAh, of which {100 * budget.USABLE:g} % count",
        "radio": f"is the same, {budget.FIGURES['radio_idle'].value:.0f} mA",
        "stock": f"a stock build promises {budget.hours(stock):.1f} hours",
        "asleep": f"the radio's clock), {budget.hours(asleep):.1f} hours",
        "worst": f"drew {budget.FIGURES['radio_2017'].value:.0f} mA more with Bluetooth on: "
        f"{budget.hours(budget.total_2017_ma()):.1f} hours",
        "slow": f"besides, {budget.hours(slow):.1f} hours",
        "eight hours": f"take {asleep:.0f} mA × 8 h / {budget.USABLE:g} = "
        f"{budget.cell_mah(8, asleep):.0f} mAh",
        "raw": f"{budget.RAW_BYTES_PER_S / 1000:.0f} kB/s, "
        f"{budget.RAW_BYTES_PER_S / budget.PACKET_BYTES:.0f} packets each second",
        "after the end": f"for {minutes[0]:.0f} minutes with the radio awake, "
        f"{minutes[1]:.0f} minutes with it asleep",
        "sleep": f"Deep sleep would leave {budget.asleep_ma():.2f} mA",
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
    lacking = " ".join(missing(note("power.md"), phrases()))
    for what in ("stock:", "asleep:", "eight hours:", "after the end:", "usb:"):
        assert what in lacking
    assert "power.md" in notes.stale()


def test_the_budget_takes_another_firmware_than_ours():
    assert budget.ADVERT_MS * 1000 == firmware_number("unit/advertising.py", "_SLOW_US")
    light = note("../firmware/band/unit/light.py")
    assert "SESSION = (30, 970)" in light and budget.LED_SHARE == 30 / 1000
    motor_ms = firmware_number("unit/motor.py", "LONGEST_MS")
    assert f"60 mA for up to {motor_ms / 1000:.1f} s" in note("power.md")
    assert 60 * motor_ms / 60_000 == pytest.approx(2, abs=0.3), "a warning every minute"
    table = note("../firmware/band/unit/settings_table.py")
    assert re.search(r'"unit.low_battery_pct", INT, 1, 50, \(\), 5,', table), "where it stops"


def test_a_mode_costs_less_than_one_that_does_less():
    totals = {mode.name: budget.total_ma(mode, modem_sleep=True) for mode in budget.modes()}
    assert totals["measuring, raw streams on"] > totals["measuring, connected"]
    assert totals["measuring, connected"] > totals["measuring, advertising"]
    assert totals["measuring, advertising"] > totals["advertising, not measuring"]
    for mode in budget.modes():
        awake, asleep = budget.total_ma(mode, False), budget.total_ma(mode, True)
        assert asleep > budget.total_ma(mode, True, True)
        assert awake > asleep
        assert sum(budget.parts_ma(mode, True).values()) == pytest.approx(asleep)


def test_a_link_takes_more_time_than_there_is():
    assert all(0 < mode.radio_share < 1 for mode in budget.modes())
    assert budget.hours(budget.total_ma(budget.modes()[0], True)) < values.BATTERY_MAH / 30
