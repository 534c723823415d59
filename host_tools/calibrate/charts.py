"""The pictures of a certificate, from what the steps have kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from host_tools.calibrate.accelerometer import AXES, name_of
from host_tools.calibrate.state import State
from host_tools.report.figures import figure, grid, key
from host_tools.report.svg import Margin, Plot, limits, nice_ticks, tick_labels

CLASSES = ("one", "two", "third")
HEIGHT = 210


def of_step(step: str, state: State) -> str:
    """HTML of a step's figures; empty where there are none."""
    found = state.result(step)
    draw = _OF.get(step)
    return "" if found is None or draw is None else draw(found)


def _plot(x: tuple[float, float], y: tuple[float, float], label: str, unit_x: str) -> Plot:
    plot = Plot(x, y, HEIGHT, label, Margin(left=54))
    plot.y_axis(tick_labels(nice_ticks(*y)))
    ticks = tick_labels(nice_ticks(*x, about=6))
    if ticks and unit_x:
        ticks[-1] = (ticks[-1][0], f"{ticks[-1][1]} {unit_x}")
    plot.x_axis(ticks)
    return plot


def _residuals(found: dict[str, Any]) -> str:
    residual = np.array(found["residual_mg"])
    most = max(1.0, float(np.abs(residual).max()) * 1.3)
    plot = Plot((0.4, 6.6), (-most, most), HEIGHT, "residuals in mg by position", Margin(left=54))
    plot.y_axis(tick_labels(nice_ticks(-most, most)))
    plot.x_axis([(p, name_of(p)) for p in range(1, 7)])
    plot.hline(0, "zero")
    for axis in range(3):
        plot.dots(np.arange(1, 7) + 0.12 * (axis - 1), residual[:, axis], f"dots {CLASSES[axis]}")
    legend = key(*((f"swatch {c}line", f"axis {a}") for a, c in zip(AXES, CLASSES, strict=True)))
    return figure(
        "Residuals, mg",
        plot.html() + legend,
        "What each position reads beyond the model of bias, scale and misalignment.",
    )


def _spectrum(found: dict[str, Any]) -> str:
    hz = np.array(found["spectrum"]["hz"])
    both = [np.log10(np.maximum(line, 0.1)) for line in found["spectrum"]["nv_rthz"]]
    low, high = limits(*both)
    low, high = np.floor(low), np.ceil(high)
    plot = Plot((0, 460), (low, high), HEIGHT, "noise density by frequency", Margin(left=54))
    plot.y_axis([(k, f"{10.0**k:g}") for k in np.arange(low, high + 1)])
    plot.x_axis([(f, f"{f}" + (" Hz" if f == 450 else "")) for f in range(50, 451, 100)])
    for line, cls in zip(both, CLASSES, strict=False):
        plot.line(hz, line, f"{cls} curve")
    legend = key(("swatch oneline", "channel 1"), ("swatch twoline", "channel 2"))
    return figure("Noise with the inputs shorted, nV/√Hz", plot.html() + legend)


def _tap(found: dict[str, Any]) -> str:
    ms = np.array(found["plot"]["ms"], dtype=float)
    push, moved = np.array(found["plot"]["acc_g"]), np.array(found["plot"]["emg_uv"])
    top = np.abs(moved).max() or 1.0
    push_1, moved_1 = (x / (x[np.abs(x).argmax()] or 1.0) for x in (push, moved))
    y = limits(push_1, moved_1)
    plot = _plot((-20, 59), y, "one tap as both sensors saw it", "ms")
    plot.hline(0, "zero")
    plot.line(ms, push_1, "one curve")
    plot.line(ms, moved_1, "two curve")
    legend = key(
        ("swatch oneline", f"acceleration, {np.abs(push).max():.1f} g"),
        ("swatch twoline", f"EMG channel {found['channel']}, {top:.0f} µV"),
    )
    one = figure(
        "The strongest tap",
        f"<div>{plot.html()}{legend}</div>",  # a figure of a grid has two rows
        "Each to its own height. Filters of both sensors shape the two differently; the fit "
        "allows for that.",
    )
    each = np.array(found["each_ms"])
    spread = max(0.2, float(np.ptp(each)))
    y = (each.mean() - spread, each.mean() + spread)
    plot = Plot((0.3, len(each) + 0.7), y, HEIGHT, "delay of each tap", Margin(left=54))
    plot.y_axis(tick_labels(nice_ticks(*y)))
    plot.x_axis([(k, str(k)) for k in range(1, len(each) + 1)])
    plot.hline(found["delay_ms"], "limit")
    plot.dots(np.arange(1, len(each) + 1), each, "dots one")
    return grid(
        [one, figure("EMG behind motion, ms", plot.html(), "Tap by tap; dashed: the mean.")]
    )


def _contractions(found: dict[str, Any]) -> str:
    parts = []
    top = 1.1 * max(max(one["plot"]["uv"]) for one in found.values())
    for channel, one in sorted(found.items()):
        s = np.array(one["plot"]["s"])
        plot = _plot((0, float(s[-1])), (0, top), f"envelope of channel {channel}", "s")
        plot.line(s, np.array(one["plot"]["uv"]), "one curve")
        plot.hline(one["mvc_uv"], "limit")
        parts.append(figure(f"Channel {channel}, µV rms over half a second", plot.html()))
    return grid(parts)


def _hops(found: dict[str, Any]) -> str:
    s, g = np.array(found["plot"]["s"]), np.array(found["plot"]["g"])
    flights = found["plot"]["flights"]
    window = (max(0.0, flights[0][0] - 0.6), min(float(s[-1]), flights[-1][1] + 0.6))
    inside = (s >= window[0]) & (s <= window[1])
    plot = _plot(window, (0, 1.1 * float(g[inside].max())), "force while hopping", "s")
    for begin, end in flights:
        plot.vspan(begin, end, "flightspan")
    plot.line(s[inside], g[inside], "one curve")
    return figure("What the shank feels, g", plot.html() + key(("swatch flightbox", "in the air")))


_OF = {
    "accelerometer": _residuals,
    "noise": _spectrum,
    "delay": _tap,
    "mvc": _contractions,
    "hops": _hops,
}
