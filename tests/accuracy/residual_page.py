"""The page: all tables, and the firmware's residuals on every real recording."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

import host_tools.report
from host_tools.report.svg import Margin, Plot, nice_ticks, tick_labels
from tests.accuracy.gait_rows import EVENTS, FIRMWARE, GaitResult, Row
from tests.accuracy.gait_table import EVENT_NAMES, Missed, missed_targets, stat_text
from tests.accuracy.grid import Grid

LEAST_SPAN_MS = 15
BINS = 16
_STYLE = """
main { max-width: 1360px; }
main table { font-size: 12.5px; } main th, main td { padding: 4px 9px 4px 0; font-size: 12.5px; }
td.word, th.word { text-align: left; } tr.strong td { font-weight: 650; }
section h3 { margin: 26px 0 6px; }
.residuals { display: grid; grid-template-columns: repeat(3, 5fr 1.6fr); gap: 6px 14px; }
.residuals h4 { grid-column: span 2; font-size: 13.5px; font-weight: 500; margin: 4px 0 0; }
.residuals h4 b { display: block; color: var(--now); font-weight: 600; }
.plot .stride.few { stroke: var(--fresh); } .plot .bar { fill: var(--fresh); fill-opacity: .45; }
"""


def write_page(path: Path, sections: dict[str, Sequence[Grid]], gait: GaitResult | None) -> None:
    """One HTML file without any other; `sections` is heading -> its tables."""
    style = (Path(host_tools.report.__file__).parent / "style.css").read_text(encoding="utf-8")
    parts = []
    for heading, grids in sections.items():
        body = "".join(grid.html() for grid in grids)
        parts.append(f"<section><header><h2>{escape(heading)}</h2></header>{body}</section>")
    if gait and any(row.kind == "real" for row in gait.rows):
        parts.insert(1, residual_section(gait))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>How good is it?</title>'
        f"<style>{style}{_STYLE}</style><main><h1>How good is it?</h1>{''.join(parts)}</main>",
        encoding="utf-8",
    )


def residual_section(gait: GaitResult) -> str:
    rows = [row for row in gait.rows if row.method == FIRMWARE and row.kind == "real"]
    missed = missed_targets(rows)
    count = len({(m.recording, m.sentence) for m in missed})
    said = f"{count} targets are missed; they stand in colour." if count else "Every target is met."
    intro = (
        "Error against the force plate (ms, + is late) of one stride after the other, "
        f"and how often it occurs. Dashed: the mean. {said}"
    )
    figures = "".join(
        _recording(row, [m for m in missed if m.recording == row.recording]) for row in rows
    )
    return (
        f"<section><header><h2>Residuals of the firmware, real recordings</h2><p>{intro}</p>"
        f"</header>{figures}</section>"
    )


def _recording(row: Row, missed: Sequence[Missed]) -> str:
    cells = []
    for event in EVENTS:
        marks = "".join(f"<b>{escape(m.sentence)}</b>" for m in missed if m.event == event)
        words = f"{EVENT_NAMES[event]} {stat_text(row.stat_ms(event))}"
        cells.append(f"<h4>{escape(words)}{marks}</h4>")
    for event in EVENTS:
        cells += _pair(getattr(row.errors, event) * 1000, f"{row.recording}, {EVENT_NAMES[event]}")
    return f"<h3>{escape(row.recording)}</h3><div class=residuals>{''.join(cells)}</div>"


def _pair(errors_ms: np.ndarray, label: str) -> list[str]:
    """Errors over strides, and their histogram on the same axis."""
    known = errors_ms[np.isfinite(errors_ms)]
    if not len(known):
        return ["<p>none found</p>", ""]
    span = max(LEAST_SPAN_MS, 1.1 * float(np.abs(known).max()))
    limits = (-span, span)
    ticks = tick_labels(nice_ticks(*limits))
    strides = np.arange(1, len(errors_ms) + 1)
    over = Plot((0, len(errors_ms) + 1), limits, 150, f"{label}: errors over strides")
    over.y_axis(ticks)
    over.x_axis(tick_labels(nice_ticks(1, len(errors_ms))))
    over.hline(0, "zero")
    over.hline(float(known.mean()), "truth")
    over.dots(strides, errors_ms, "stride few")
    counts, edges = np.histogram(known, BINS, limits)
    bars = Plot(
        (0, max(float(counts.max()), 1)), limits, 150, f"{label}: histogram", Margin(left=4)
    )
    bars.hline(0, "zero")
    for number, low, high in zip(counts, edges, edges[1:], strict=False):
        if number:
            bars.box((0, float(number)), (float(low), float(high)), "bar")
    return [over.html(), bars.html()]
