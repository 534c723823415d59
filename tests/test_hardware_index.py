"""hardware/README.md: links that lead somewhere, figures that are the computed ones."""

import re

from hardware import budget, values
from hardware.analog import leads, noise
from tests.hardware_words import HARDWARE, missing, note


def test_a_link_in_a_note_leads_nowhere():
    for file in sorted(HARDWARE.glob("*.md")):
        text = file.read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            if "://" not in link:
                assert (HARDWARE / link).exists(), f"{file.name} links to {link}"


def test_the_index_says_another_figure_than_the_notes():
    connected = budget.modes()[0]
    stock, asleep = (budget.hours(budget.total_ma(connected, sleep)) for sleep in (False, True))
    wanted = {
        "lead": f"2 × {values.SERIES_OHM / 1e3:.1f} kΩ<br>each lead",
        "noise": f"{noise.total_uv():.2f} µV rms in 20–450 Hz",
        "rejection": f"{leads.cmrr_db():.1f} dB at 50 Hz",
        "offset": f"±{values.OFFSET_MV:.0f} mV of electrode offset",
        "battery": f"{stock:.1f} h measuring on a stock build, {asleep:.1f} h with the radio's",
        "cell": f"LiPo {values.BATTERY_MAH:.0f} mAh",
        "bars": f"GM bars<br>{values.BAR_DISTANCE_MM} mm apart",
    }
    assert missing(note("README.md"), wanted) == []
