"""The page: all tables, and the firmware's residuals in gait on every real recording."""

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
.residuals.emg { grid-template-columns: 4fr 1.2fr 7fr; }
.plot .level { fill: #c3d3dd; }
.plot .told { stroke: var(--fresh); stroke-width: 3; }
.plot .told.peer { stroke: var(--faint); stroke-width: 2; }
.residuals h4 { grid-column: span 2; font-size: 13.5px; font-weight: 500; margin: 4px 0 0; }
.missed { color: var(--now); font-weight: 600; } .softtext { color: var(--faint); }
.residuals h4 b { display: block; color: var(--now); font-weight: 600; }
.plot .stride.few { stroke: var(--fresh); }
.plot .stride.peer { stroke: var(--faint); } .plot .stride.own { stroke: var(--now); }
.plot .stride.firmware { stroke-width: 7; } .plot .bar { fill: var(--fresh); fill-opacity: .45; }
"""


def write_page(path: Path, sections: dict[str, Sequence[Grid]], residuals: dict[str, str]) -> None:
    """One HTML file without any other; `sections` is heading -> its tables, `residuals` the
    section, if any, that follows it."""
    style = (Path(host_tools.report.__file__).parent / "style.css").read_text(encoding="utf-8")
    parts = []
    for heading, grids in sections.items():
        body = "".join(grid.html() for grid in grids)
        parts.append(f"<section><header><h2>{escape(heading)}</h2></header>{body}</section>")
        parts.append(residuals.get(heading, ""))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>How good is it?</title>'
        f"<style>{style}{_STYLE}</style><main><h1>How good is it?</h1>{''.join(parts)}</main>",
        encoding="utf-8",
    )


def residual_section(gait: GaitResult) -> str:
    """Errors over strides of every real recording; "" without real recordings."""
    rows = [row for row in gait.rows if row.method == FIRMWARE and row.kind == "real"]
    if not rows:
        return ""
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
    return [over.html(), histogram(known, limits, 150, label)]


def histogram(known: np.ndarray, limits: tuple[float, float], height: int, label: str) -> str:
    """How often each of the finite values occurs, on the y axis of the plot at its left."""
    counts, edges = np.histogram(known, BINS, limits)
    most = max(float(counts.max()), 1)
    bars = Plot((0, most), limits, height, f"{label}: histogram", Margin(left=4))
    bars.hline(0, "zero")
    for number, low, high in zip(counts, edges, edges[1:], strict=False):
        if number:
            bars.box((0, float(number)), (float(low), float(high)), "bar")
    return bars.html()
