"""front_end.svg: noise, response, motion and mains of one channel, four panels."""

from __future__ import annotations

import math

import numpy as np

from hardware import values
from hardware.analog import leads, noise, overload, response
from hardware.sketch import BLUE, GREEN, GREY, INK, ORANGE, PALE, RED, Axes, Sketch


def _noise_panel(s: Sketch, left: float, top: float) -> None:
    s.text(left - 40, top - 26, "Noise in 20–450 Hz, µV rms at the electrodes", 15, bold=True)
    rows = [*noise.sources_uv().items()]
    rows.append(("all of them, input shorted", noise.total_uv()))
    rows += [(f"contacts: {name}", noise.total_uv(ohm)) for name, ohm in noise.CONTACTS_OHM.items()]
    start, scale = left + 180, 88
    for k, (name, uv) in enumerate(rows):
        y = top - 6 + 25 * k
        whole = k >= len(rows) - 3
        color = BLUE if not whole else (GREEN if uv <= values.MOST_NOISE_UV else ORANGE)
        s.text(start - 8, y + 13, name, 12, INK, "end", bold=whole)
        s.rect(start, y + 2, uv * scale, 14, color)
        if whole and uv <= values.MOST_NOISE_UV:
            s.text(start + uv * scale - 6, y + 13, f"{uv:.2f}", 12, "#ffffff", "end", bold=True)
        else:
            s.text(start + uv * scale + 5, y + 13, f"{uv:.2f}", 12)
    limit = start + values.MOST_NOISE_UV * scale
    s.line([(limit, top - 8), (limit, top + 25 * len(rows) - 8)], RED, 1.5, "5 4")
    s.text(limit, top + 25 * len(rows) + 8, "limit, input shorted", 12, RED, "middle")


def _decibel(value: complex) -> float:
    return 20 * math.log10(abs(value))


def _response_panel(s: Sketch, left: float, top: float) -> None:
    axes = Axes(s, (left, top, 380, 230), (2, 2000), (-40, 5), log_x=True)
    low, high = (axes.at(f, 0)[0] for f in values.BAND_HZ)
    s.rect(low, top, high - low, 230, "#eef4fa")
    axes.frame(
        "Response from electrode to sample", [2, 5, 10, 20, 50, 100, 200, 450, 2000],
        [-40, -30, -20, -10, -3, 0], "Hz", "dB",
    )  # fmt: skip
    axes.curve(lambda f: _decibel(response.analog(np.array([f]))[0]), ORANGE)
    axes.curve(lambda f: _decibel(response.sampled(np.array([f]))[0] + 1e-12), BLUE)
    s.text(left + 10, top + 150, "electrode to\nconverter", 12, ORANGE)
    s.line([(left + 78, top + 143), axes.at(3.2, -9.0)], ORANGE, 1.0)
    x, y = axes.at(560, -19)
    s.text(x + 10, y, "1 kHz samples", 12, BLUE)
    s.text((low + high) / 2, top + 222, "the EMG's band", 12, GREY, "middle")


def _motion_panel(s: Sketch, left: float, top: float) -> None:
    axes = Axes(s, (left, top, 380, 230), (0.1, 100), (3, 500), log_x=True, log_y=True)
    axes.frame(
        "Motion between the bars that still clips nothing", [0.1, 1, 2, 5, 10, 20, 100],
        [5, 10, 20, 50, 100, 300], "Hz", "mV peak",
    )  # fmt: skip
    axes.curve(overload.most_motion_mv, BLUE)
    x, y = axes.at(0.13, 330)
    s.text(x, y - 4, "amplifier's output limits: electrode offset", 12, GREY)
    x, y = axes.at(3.2, 26)
    s.text(x, y, "converter limits, behind the\ncoupling capacitor", 12, GREY)


def _mains_panel(s: Sketch, left: float, top: float) -> None:
    axes = Axes(s, (left, top, 380, 230), (0, 100), (60, 100))
    axes.frame(
        "Rejection of common mode at 50 Hz", [0, 20, 40, 60, 80, 100], [60, 70, 80, 90, 100],
        "kΩ between two dry contacts", "dB",
    )  # fmt: skip
    a, b = axes.at(0, values.LEAST_CMRR_DB), axes.at(100, values.LEAST_CMRR_DB)
    s.line([a, b], RED, 1.5, "5 4")
    s.text(b[0], b[1] - 6, "limit, contacts equal and good", 12, RED, "end")
    axes.curve(lambda kilo: leads.cmrr_db(max(kilo, 1e-3) * 1e3), BLUE)
    x, y = axes.at(0, leads.cmrr_db())
    s.circle(x, y, 4.5, BLUE)
    s.text(x + 10, y + 14, f"{leads.cmrr_db():.1f} dB: the front end alone", 12, BLUE)
    for unequal in (20e3, 100e3):
        x, y = axes.at(unequal / 1e3, leads.cmrr_db(unequal))
        s.circle(x, y, 3.5, BLUE)
        words = f"{leads.mains_uv(unequal):.1f} µV of mains"
        s.text(x, y - 14, words, 12, INK, "start" if unequal < 50e3 else "end")


def drawing() -> str:
    s = Sketch(960, 720, "EMG front end: noise, response, motion and mains rejection, computed")
    s.line([(480, 24), (480, 696)], PALE, 1.0)
    s.line([(20, 352), (940, 352)], PALE, 1.0)
    _noise_panel(s, 60, 62)
    _response_panel(s, 550, 62)
    _motion_panel(s, 60, 416)
    _mains_panel(s, 550, 416)
    return s.svg()
