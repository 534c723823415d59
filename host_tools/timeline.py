"""The levels of a run as one coloured bar in the terminal, with minutes below it."""

from __future__ import annotations

import contextlib
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from host_tools.firmware_tables import wire

LEVEL_STYLES = ("grey50", "green", "yellow", "dark_orange", "red")
TRUTH_STYLES = ("grey50", "magenta", "magenta", "magenta", "magenta")
# A second cue beside colour: the bar reads in monochrome, too.
LEVEL_MARKS = ("·", "▁", "▃", "▆", "█")
TICK_STEPS_MIN = (0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120)
MIN_TICK_CELLS = 7


def timeline(
    warnings: list[dict[str, Any]],
    duration_s: float,
    truth: list[tuple[float, str]],
    width: int,
) -> RenderableType:
    """Bar, minute ticks, legend and one row per change of level; truth levels below, if any."""
    width = max(20, min(width, 160))
    levels = [(row["t_s"], row["level"]) for row in warnings]
    lines: list[RenderableType] = [_bar(levels, duration_s, width)]
    true_levels = _marks(truth, "LEVEL", 1)
    true_fatigue = _marks(truth, "FATIGUE", len(LEVEL_MARKS) - 1)
    if true_levels:
        lines.append(_bar(true_levels, duration_s, width).append("  true level", style="dim"))
    elif true_fatigue:
        bar = _bar(true_fatigue, duration_s, width, TRUTH_STYLES)
        lines.append(bar.append("  true fatigue", style="dim"))
    lines += [_ticks(duration_s, width), _legend(), _changes(warnings)]
    lines += _faults(warnings)
    return Group(*lines)


def _bar(
    levels: list[tuple[float, int]],
    duration_s: float,
    width: int,
    styles: tuple[str, ...] = LEVEL_STYLES,
) -> Text:
    bar = Text(no_wrap=True)
    cell_s = duration_s / width
    for cell in range(width):
        # The highest level inside a cell, so that a short warning is never drawn over.
        before = [level for t, level in levels if t <= cell * cell_s]
        inside = [level for t, level in levels if cell * cell_s < t <= (cell + 1) * cell_s]
        level = max([before[-1] if before else 0, *inside])
        bar.append(LEVEL_MARKS[level], style=styles[level])
    return bar


def _marks(truth: list[tuple[float, str]], name: str, scale: int) -> list[tuple[float, int]]:
    """Times and steps (0 to 4) of the annotations `name=value`; others are left out."""
    found = []
    for t, text in truth:
        key, _, value = text.partition("=")
        with contextlib.suppress(ValueError, OverflowError):
            step = round(float(value) * scale) if key == name else -1
            if 0 <= step < len(LEVEL_MARKS):
                found.append((t, step))
    return found


def _ticks(duration_s: float, width: int) -> Text:
    minutes = duration_s / 60
    step = next(
        (s for s in TICK_STEPS_MIN if s / minutes * width >= MIN_TICK_CELLS), TICK_STEPS_MIN[-1]
    )
    line: list[str] = []
    at = 0.0
    while at <= minutes:
        cell = int(at / minutes * width)
        label = f"{at:g}" + (" min" if at == 0 else "")
        line[len(line) :] = " " * (cell - len(line)) + label
        at += step
    return Text("".join(line).rstrip(), style="dim")


def _legend() -> Text:
    legend = Text()
    for level, name in enumerate(wire.LEVELS):
        legend.append(f"{LEVEL_MARKS[level]} {name}   ", style=LEVEL_STYLES[level])
    return legend


def _changes(warnings: list[dict[str, Any]]) -> Table:
    """A row for the first state and each change of level: when, what, how sure, why."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right")
    before = None
    for row in warnings:
        if row["level"] != before:
            minutes, seconds = divmod(int(row["t_s"]), 60)
            why = [row["attribution"]] if row["attribution"] != "none" else []
            table.add_row(
                f"{minutes}:{seconds:02d}",
                Text(row["name"], style=LEVEL_STYLES[row["level"]]),
                f"{row['confidence_pct']} %",
                ", ".join(why + row["reasons"] + row["faults"]),
            )
        before = row["level"]
    return table


def _faults(warnings: list[dict[str, Any]]) -> list[Text]:
    names = dict.fromkeys(fault for row in warnings for fault in row["faults"])
    return [Text(f"faults on the way: {', '.join(names)}", style="yellow")] if names else []
