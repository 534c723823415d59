"""A scrolling line plot in Braille dots: 2 by 4 points in each character."""

from __future__ import annotations

import math

from rich.table import Table
from rich.text import Text

# Bit of the Braille pattern for (column, row) within a character, U+2800 on.
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_STEPS = (1, 2, 2.5, 5, 10)


def plot(values: list[float | None], width: int, height: int, decimals: int, style: str) -> Table:
    """The newest 2 * width values, newest right; None leaves a hole. `height` in lines."""
    shown = values[-2 * width :]
    known = [value for value in shown if value is not None]
    low, high = _limits(known)
    rows = [[0] * width for _ in range(height)]
    points = 4 * height
    first_column = 2 * width - len(shown)
    before: int | None = None
    for i, value in enumerate(shown):
        if value is None:
            before = None
            continue
        column = first_column + i
        y = round((high - value) / (high - low) * (points - 1))
        # Joined to the point before, so that jumps read as a line.
        reach = range(min(before, y) + 1, max(before, y)) if before is not None else range(0)
        for row in (y, *reach):
            rows[row // 4][column // 2] |= _DOTS[column % 2][row % 4]
        before = y
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    for i, row in enumerate(rows):
        label = {0: f"{high:.{decimals}f}", height - 1: f"{low:.{decimals}f}"}.get(i, "")
        if height > 4 and i == height // 2:
            label = f"{high - (high - low) * (4 * i + 1.5) / (points - 1):.{decimals}f}"
        table.add_row(label, Text("".join(chr(0x2800 + bits) for bits in row), style=style))
    return table


def _limits(known: list[float]) -> tuple[float, float]:
    """Round numbers around the values, at least 5 % of their size apart: noise stays flat."""
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    least = 0.05 * max(abs(low), abs(high)) or 1.0
    if high - low < least:
        middle = (low + high) / 2
        low, high = middle - least / 2, middle + least / 2
    span = (high - low) / 4
    decade = 10.0 ** math.floor(math.log10(span))
    step = decade * next(s for s in _STEPS if s * decade >= span * (1 - 1e-9))
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
