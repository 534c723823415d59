"""Level over time, with everything that explains it: faults, gaps, the athlete's marks, truth."""

from __future__ import annotations

import re

import numpy as np

from host_tools.firmware_tables import wire
from host_tools.report.figures import Missing, key, time_axis
from host_tools.report.numbers import baseline_span, clock, column
from host_tools.report.svg import Margin, Plot
from host_tools.report.words import Segment
from host_tools.result import ReplayResult

MERGE_S = 20.0  # faults of one kind closer than this are told as one
TOP = 4.9
BOTTOM = -1.25  # room under level 0 for the learning bar


def fault_spans(result: ReplayResult) -> list[tuple[str, float, float]]:
    """(name, start s, end s) of each fault the band reported and each gap of the recorder."""
    spans = [(f"{label} samples lost", t, t + length) for label, t, length in result.gaps]
    t = column(result.strides, "t_ic_s")
    bits = np.nan_to_num(column(result.strides, "faults")).astype(int)
    lasts = np.nan_to_num(column(result.strides, "stride_ms"), nan=700.0) / 1000
    for bit, name in enumerate(wire.FAULTS):
        spans += _merged(name, t[bits >> bit & 1 == 1], lasts[bits >> bit & 1 == 1])
    rows = sorted(result.warnings, key=lambda row: row["t_s"])
    for i, row in enumerate(rows):
        end = rows[i + 1]["t_s"] if i + 1 < len(rows) else result.duration_s
        for name in row.get("faults", []):
            # A warning row repeats the faults of its strides; alone it only speaks when
            # no stride could carry the fault.
            if not any(known == name for known, _, _ in spans):
                spans.append((name, row["t_s"], end))
    return sorted(spans, key=lambda span: (span[1], span[0]))


def _merged(name: str, starts: np.ndarray, lengths: np.ndarray) -> list[tuple[str, float, float]]:
    found: list[tuple[str, float, float]] = []
    for start, length in zip(starts, lengths, strict=True):
        if not np.isfinite(start):
            continue
        if found and start - found[-1][2] < MERGE_S:
            found[-1] = (name, found[-1][1], float(start + length))
        else:
            found.append((name, float(start), float(start + length)))
    return found


def marks(result: ReplayResult, word: str) -> list[tuple[float, float]]:
    """(time, value) of the annotations `word=value`."""
    found = []
    for t, text in (result.truth or {}).get("annotations", []):
        match = re.fullmatch(rf"{word}=(-?\d+(?:\.\d+)?)", text.strip())
        if match and 0 <= t <= result.duration_s:
            found.append((float(t), float(match[1])))
    return sorted(found)


def level_figure(result: ReplayResult, spans: list[Segment]) -> str | Missing:
    """The steps of the level, coloured and named, over the whole recording."""
    annotated = any(marks(result, word) for word in ("HEAVY", "LEVEL", "FATIGUE"))
    if all(span.level == 0 for span in spans) and not annotated:
        return Missing("It stayed at 0, insufficient, from start to end.")
    end = max(result.duration_s, 1e-3)
    said = ", ".join(f"{wire.LEVELS[s.level]} from {clock(s.start)}" for s in spans)
    plot = Plot((0, end), (BOTTOM, TOP), 290, f"Level over time: {said}.", Margin(16, 14, 26, 90))
    for level in range(5):
        plot.hline(level, "grid")
        plot.text(0, level, wire.LEVELS[level], f"tick end name l{level}", dx=-10, dy=4)
    used = []
    for name, start, stop in fault_spans(result):
        # At least a hairline: a lost second in a long run must not vanish.
        stop = max(stop, start + end / 400)
        plot.vspan(start, min(stop, end), "fault")
        used.append(name)
    for span in spans:
        plot.box((span.start, span.end), (-0.45, span.level), f"l{span.level} area")
        plot.line(
            np.array([span.start, span.end]), np.full(2, float(span.level)), f"l{span.level} step"
        )
    for before, after in zip(spans, spans[1:], strict=False):
        cls = "note" if after.level > before.level else "note minor"
        plot.text(after.start, after.level, clock(after.start), cls, dx=4, dy=-8)
    entries = []
    learning = baseline_span(result)
    if learning:
        plot.line(np.array(learning), np.full(2, -0.75), "learning")
        plot.text(learning[0], -0.75, "learning what fresh is", "note freshtext", dy=15)
    if used:
        entries.append(("swatch fault", "fault or gap, listed under data quality"))
    entries += _truth_layer(plot, result)
    time_axis(plot)
    below = key(*entries) if entries else ""
    return f"<figure>{plot.html()}{below}</figure>"


def _truth_layer(plot: Plot, result: ReplayResult) -> list[tuple[str, str]]:
    """Athlete's marks and truth, never mistaken for the band's own word."""
    entries = []
    end = plot.x[1]
    heavy = marks(result, "HEAVY")
    if heavy:
        t, value = (np.array(v) for v in zip(*heavy, strict=True))
        plot.dots(t, np.full(len(t), TOP - 0.15), "mark")
        for when, felt in heavy:
            plot.text(when, TOP - 0.15, f"{felt:g}", "note marktext", dx=8, dy=4)
        entries.append(("swatch mark", "athlete’s own mark, heavy legs 0–10"))
    levels = marks(result, "LEVEL")
    if levels:
        t, value = (np.array(v) for v in zip(*levels, strict=True))
        ends = np.append(t[1:], end)
        plot.line(np.column_stack((t, ends)).ravel(), np.repeat(value, 2), "truth")
        entries.append(("swatch truthline", "truth: level written into the recording"))
    fatigue = marks(result, "FATIGUE")
    if fatigue:
        t, value = (np.array(v) for v in zip(*fatigue, strict=True))
        if len(t) == 1:
            t, value = np.array([t[0], end]), np.repeat(value, 2)
        plot.line(t, np.clip(value, 0, 1) * 4, "truth thin")
        entries.append(
            ("swatch truththin", "truth: fatigue written into the recording, 0 (bottom) to 1 (top)")
        )
    return entries
