"""Charts of a corpus: errors, warnings and levels, one row for each recording or scenario."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from host_tools.corpus.aggregate import ALL, EventAccuracy, Group
from host_tools.corpus.statistics import Interval
from host_tools.firmware_tables import wire
from host_tools.report.figures import figure, grid, key
from host_tools.report.svg import Margin, Plot, limits, nice_ticks, tick_labels

NAMED = 60  # rows up to this many carry their names
NAME_LETTERS = 22
BIN_MS = 1.0
MOST_BINS = 81
TARGET_PER_10_H = 1.0


def error_figures(group: Group) -> str:
    """For each event, the histogram of all its errors and a box for each recording."""
    parts = []
    for event in group.events:
        errors = {name: e for name, e in event.errors_ms.items() if len(e)}
        if errors:
            parts.append(_histogram(event, errors, f"{event.gait}, {group.name}"))
            parts.append(_boxes(event, errors, f"{event.gait}, {group.name}"))
    below = key(
        ("swatch boxed", "half of a recording’s events, and 90 % of them"),
        ("swatch zeroline", "no error"),
    )
    return grid(parts, 2) + below if parts else ""


def _histogram(event: EventAccuracy, errors: dict[str, np.ndarray], kind: str) -> str:
    values = np.concatenate(list(errors.values()))
    low, high = _span(errors)
    step = max(BIN_MS, (high - low) / MOST_BINS)
    edges = np.arange(math.floor(low / step), math.ceil(high / step) + 1) * step
    counts, _ = np.histogram(values, edges)
    words = f"{event.words}: {len(values)} errors, bias and spread in ms, {kind}"
    plot = Plot((edges[0], edges[-1]), (0, max(counts.max() * 1.08, 1)), 190, words)
    whole = [tick for tick in nice_ticks(0, counts.max(), 3) if tick == round(tick)]
    plot.y_axis(tick_labels(whole))
    heights = np.repeat(counts, 2)
    plot.ribbon(np.repeat(edges, 2)[1:-1], np.zeros(len(heights)), heights, "bar")
    plot.vline(0, "zero")
    _x_axis(plot, 7, "ms")
    outside = int(((values < edges[0]) | (values > edges[-1])).sum())
    said = f"{len(values)} events, {kind}" + (f"; {outside} beyond the edges" if outside else "")
    return figure(event.words, plot.html(), said)


def _boxes(event: EventAccuracy, errors: dict[str, np.ndarray], kind: str) -> str:
    names = list(errors)
    plot = _rows(names, _span(errors), f"{event.words}: errors of each recording in ms")
    plot.vline(0, "zero")
    for row, name in enumerate(names):
        low, left, middle, right, high = np.quantile(errors[name], (0.05, 0.25, 0.5, 0.75, 0.95))
        y = len(names) - row - 0.5
        plot.line(np.array([low, high]), np.array([y, y]), "whisker")
        plot.box((left, right), (y - 0.3, y + 0.3), "boxed")
        plot.line(np.array([middle, middle]), np.array([y - 0.36, y + 0.36]), "middle")
    _x_axis(plot, 5, "ms")
    title = f"{event.words}, recording by recording"
    return figure(title, plot.html(), f"{len(names)} recordings, {kind}")


def _span(errors: dict[str, np.ndarray]) -> tuple[float, float]:
    """Limits that hold nearly all errors, and zero."""
    low, high = limits(*errors.values(), np.zeros(1), pad=0.04, keep=0.004)
    return min(low, -1.0), max(high, 1.0)


def warning_figures(group: Group) -> str:
    """False warnings, sensitivity and delays of each scenario."""
    rows = [*group.scenarios]
    if group.overall and len(rows) > 1:
        rows.append(group.overall)
    fresh = [row for row in rows if row.fresh_h > 0]
    tiring = [row for row in rows if row.tiring]
    parts = []
    if fresh:
        parts.append(_false_figure(fresh, group.name))
    if tiring:
        shares = [(row.scenario, Interval(*(100 * v for v in row.sensitivity))) for row in tiring]
        plot = _forest(shares, (0, 100), "Tiring runs caught, in %")
        _x_axis(plot, 5, "%")
        told = f"share and 95 % interval (Wilson), {group.name}"
        parts.append(figure("Tiring runs caught", plot.html(), told))
        delays = [row for row in tiring if row.caught]
        if delays:
            parts.append(_delays(group, [row.scenario for row in delays]))
    return grid(parts, 2) if parts else ""


def _false_figure(rows: Sequence, kind: str) -> str:
    rates = [(row.scenario, row.false_per_10_h) for row in rows]
    highest = max(rate.high for _, rate in rates)
    top = max(2.0, min(highest, 6 * max(min(r.high for _, r in rates), 1.0)))
    plot = _forest(rates, (0, top * 1.04), "False heavy warnings in 10 fresh hours")
    plot.vline(TARGET_PER_10_H, "alert")
    _x_axis(plot, 5)
    hours = sum(row.fresh_h for row in rows if row.scenario != ALL)
    told = f"rate and exact 95 % interval over {hours:.1f} fresh hours, {kind}; dashed: target"
    return figure("False heavy warnings in 10 hours", plot.html(), told)


def _forest(rows: list[tuple[str, Interval]], x: tuple[float, float], label: str) -> Plot:
    """A dot with its interval for each row."""
    plot = _rows([name for name, _ in rows], x, label)
    for row, (_, value) in enumerate(rows):
        y = len(rows) - row - 0.5
        if math.isfinite(value.low):
            plot.line(np.array([value.low, value.high]), np.array([y, y]), "reach")
        plot.dots(np.array([value.value]), np.array([y]), "point")
    return plot


def _delays(group: Group, scenarios: list[str]) -> str:
    """A dot for each recording caught, minutes from half of the full change to the warning."""
    told: list[list[float]] = [
        [
            row["delay_min"]
            for row in group.recordings
            if row["delay_min"] is not None and name in (row["scenario"], ALL)
        ]
        for name in scenarios
    ]
    x = limits(*(np.array(t) for t in told), np.zeros(1))
    plot = _rows(scenarios, x, "Delay of the heavy warning in minutes")
    plot.vline(0, "zero")
    for row, minutes in enumerate(told):
        y = len(told) - row - 0.5
        plot.dots(np.array(minutes), np.full(len(minutes), y), "single")
        middle = float(np.median(minutes))
        plot.line(np.array([middle, middle]), np.array([y - 0.36, y + 0.36]), "middle")
    _x_axis(plot, 6, "min")
    words = f"minutes from half of the full change; the line is the median, {group.name}"
    return figure("Delay of the warning", plot.html(), words)


def level_figure(group: Group) -> str:
    """A strip for each recording, coloured by the level over time."""
    longest = max(row["duration_min"] for row in group.recordings)
    names = [row["name"] for row in group.recordings]
    in_seconds = longest < 2
    unit = 60.0 if in_seconds else 1.0
    plot = _rows(names, (0, longest * unit), "Level over time of each recording")
    halves = False
    for row, recording in enumerate(group.recordings):
        y = len(names) - row - 0.5
        starts = [(0.0, 0)]
        for t_s, level in group.levels.get(recording["name"], []):
            if level != starts[-1][1]:
                starts.append((t_s / 60 * unit, level))
        ends = [t for t, _ in starts[1:]] + [recording["duration_min"] * unit]
        for (start, level), end in zip(starts, ends, strict=True):
            if end > start:
                plot.box((start, end), (y - 0.36, y + 0.36), f"l{level} strip")
        if recording["half_min"] is not None:
            at = np.full(2, recording["half_min"] * unit)
            plot.line(at, np.array([y - 0.5, y + 0.5]), "middle")
            halves = True
    _x_axis(plot, 8, "s" if in_seconds else "min")
    entries = [(f"swatch strip l{i}", name) for i, name in enumerate(wire.LEVELS)]
    if halves:
        entries.append(("swatch halfline", "truth: half of the full change"))
    below = key(*entries)
    return f"<figure>{plot.html()}{below}</figure>"


def _rows(names: Sequence[str], x: tuple[float, float], label: str) -> Plot:
    """An empty plot with a row for each name, the first on top: row i is centred at n - i - 0.5."""
    shown = len(names) <= NAMED
    short = [_fitted(name) for name in names] if shown else []
    left = 14 + round(6.6 * max((len(name) for name in short), default=0))
    height = 40 + len(names) * (20 if len(names) <= 12 else 15 if shown else 5)
    plot = Plot(x, (0, len(names)), height, label, Margin(6, 14, 26, left))
    for row, name in enumerate(short):
        plot.text(x[0], len(names) - row - 0.5, name, "tick end rowname", dx=-8, dy=4)
    return plot


def _x_axis(plot: Plot, about: int, unit: str = "") -> None:
    """Ticks below; the unit rides on the first, so that no title needs room."""
    ticks = tick_labels(nice_ticks(*plot.x, about))
    if ticks and unit:
        ticks[0] = (ticks[0][0], f"{ticks[0][1]} {unit}")
    plot.x_axis(ticks)


def _fitted(name: str) -> str:
    """The end of a long name: that is where names differ."""
    return name if len(name) <= NAME_LETTERS else "…" + name[1 - NAME_LETTERS :]
