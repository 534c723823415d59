"""power.svg: the mean current of each mode, part by part, above what others publish."""

from __future__ import annotations

from hardware import budget
from hardware.sketch import BLUE, GREEN, GREY, INK, ORANGE, PALE, RED, Sketch

_COLOURS = {
    "processor, waiting": GREY,
    "processor, computing": INK,
    "radio, awake in between": ORANGE,
    "radio, sending and listening": RED,
    "EMG front end": BLUE,
    "motion and skin": GREEN,
    "gauge, regulators, light": GREEN,
}
_LEFT, _SCALE, _ROW = 330, 6.6, 30


def _scale(s: Sketch, top: float, bottom: float) -> None:
    for ma in range(0, 81, 20):
        x = _LEFT + ma * _SCALE
        s.line([(x, top), (x, bottom)], PALE, 1.0)
        s.text(x, bottom + 16, f"{ma} mA", 12, GREY, "middle")


def _legend(s: Sketch, y: float) -> None:
    names = {**_COLOURS}
    del names["gauge, regulators, light"]
    names["motion, skin, gauge, light"] = names.pop("motion and skin")
    for k, (name, colour) in enumerate(names.items()):
        x, row = 40 + 300 * (k % 3), y + 20 * (k // 3)
        s.rect(x, row - 10, 12, 12, colour)
        s.text(x + 18, row, name, 12)


def drawing() -> str:
    published = [one for one in budget.PUBLISHED if one.mean_ma is not None]
    modes = budget.modes()
    height = 210 + _ROW * (len(modes) + 1 + len(published))
    s = Sketch(960, height, "Mean current of the unit by mode, and of others by their word")
    s.text(40, 32, "Mean current by mode, stock MicroPython; computed", 16, bold=True)
    _legend(s, 58)
    top = 100
    _scale(s, top, top + _ROW * (len(modes) + 1))
    for k, mode in enumerate(modes):
        y = top + _ROW * k + 6
        s.text(_LEFT - 10, y + 14, mode.name, 13, anchor="end")
        parts = budget.parts_ma(mode, modem_sleep=False)
        x = float(_LEFT)
        for name, colour in _COLOURS.items():
            s.rect(x, y, parts[name] * _SCALE, 18, colour)
            x += parts[name] * _SCALE
        total = sum(parts.values())
        s.text(x + 6, y + 14, f"{total:.0f} mA, {budget.hours(total):.1f} h", 12)
        asleep = _LEFT + budget.total_ma(mode, modem_sleep=True) * _SCALE
        s.line([(asleep, y - 3), (asleep, y + 21)], INK, 2.5)
    y = top + _ROW * len(modes) + 6
    s.text(_LEFT - 10, y + 14, "deep sleep", 13, anchor="end")
    s.text(_LEFT + 6, y + 14, f"{budget.asleep_ma():.2f} mA", 12)
    s.text(40, y + 62, "Black line: where the bar would end with the radio's modem sleep", 12, GREY)
    top = y + 96
    s.text(40, top, "What others measured or promise", 16, bold=True)
    for k, one in enumerate(published):
        assert one.mean_ma is not None
        y = top + 14 + _ROW * k
        s.text(_LEFT - 10, y + 14, one.short, 12, GREY, anchor="end")
        s.rect(_LEFT, y, one.mean_ma * _SCALE, 18, PALE, GREY, 1.0)
        s.text(_LEFT + one.mean_ma * _SCALE + 6, y + 14, one.said, 12)
    return s.svg()
