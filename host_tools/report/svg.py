"""Charts as inline SVG that reflow: the drawing stretches, text and strokes keep their size.

A plot is one `<svg>` filling its box. Its data layer is a nested viewBox stretched without regard
to aspect (`vector-effect: non-scaling-stroke` in the style sheet keeps lines even and dots round);
every label sits outside that layer at a percentage. So one drawing reads as well on a phone as in
print, which a scaled raster or a figure of fixed size does not, and 3000 dots cost 30 kB.
Coordinates are rounded to integers of the data layer, so equal input gives equal bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

GRID_X = 4000  # integers across the data layer: finer than any screen
GRID_Y = 2000


@dataclass(frozen=True)
class Margin:
    """Room for labels around the plotting area, in CSS px."""

    top: int = 14
    right: int = 14
    bottom: int = 26
    left: int = 46


@dataclass
class Plot:
    """One pair of axes. `x` and `y` are the (low, high) data limits; height in CSS px."""

    x: tuple[float, float]
    y: tuple[float, float]
    height: int
    label: str
    margin: Margin = Margin()
    _data: list[str] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)

    def _gx(self, value: np.ndarray | float) -> np.ndarray:
        low, high = self.x
        grid = np.clip((np.asarray(value, float) - low) / (high - low), 0, 1) * GRID_X
        return np.where(np.isfinite(grid), np.rint(grid), np.nan)

    def _gy(self, value: np.ndarray | float) -> np.ndarray:
        low, high = self.y
        grid = np.clip((high - np.asarray(value, float)) / (high - low), 0, 1) * GRID_Y
        return np.where(np.isfinite(grid), np.rint(grid), np.nan)

    def _path(self, d: str, cls: str) -> None:
        if d:
            self._data.append(f'<path class="{cls}" d="{d}"/>')

    def line(self, x: np.ndarray, y: np.ndarray, cls: str) -> None:
        """A curve, interrupted wherever x or y is not finite."""
        runs = _runs(self._gx(x), self._gy(y))
        self._path("".join("M" + _points(px, py) for px, py in runs), cls)

    def ribbon(self, x: np.ndarray, low: np.ndarray, high: np.ndarray, cls: str) -> None:
        """The area between two curves."""
        parts = []
        for px, lo, hi in _runs(self._gx(x), self._gy(low), self._gy(high)):
            parts.append("M" + _points(px, hi) + "L" + _points(px[::-1], lo[::-1]) + "z")
        self._path("".join(parts), cls)

    def dots(self, x: np.ndarray, y: np.ndarray, cls: str) -> None:
        """Zero-length strokes: with round caps these are dots that do not stretch.

        Dots beyond the limits are left out; curves run along the edge instead.
        """
        x, y = np.asarray(x, float), np.asarray(y, float)
        seen = (x >= self.x[0]) & (x <= self.x[1]) & (y >= self.y[0]) & (y <= self.y[1])
        gx, gy = self._gx(x), self._gy(y)
        pairs = zip(gx[seen].astype(int).tolist(), gy[seen].astype(int).tolist(), strict=True)
        self._path("".join(f"M{px} {py}h0" for px, py in pairs), cls)

    def box(self, x: tuple[float, float], y: tuple[float, float], cls: str) -> None:
        """A filled rectangle in data coordinates."""
        left, right = self._gx(x[0]), self._gx(x[1])
        top, bottom = self._gy(max(y)), self._gy(min(y))
        self._path(f"M{left:.0f} {top:.0f}H{right:.0f}V{bottom:.0f}H{left:.0f}z", cls)

    def vspan(self, x0: float, x1: float, cls: str) -> None:
        """A stripe over the whole height."""
        self.box((x0, x1), self.y, cls)

    def hline(self, y: float, cls: str) -> None:
        self._path(f"M0 {self._gy(y):.0f}H{GRID_X}", cls)

    def vline(self, x: float, cls: str) -> None:
        self._path(f"M{self._gx(x):.0f} 0V{GRID_Y}", cls)

    def text(
        self, x: float, y: float, words: str, cls: str = "", dx: float = 0, dy: float = 0
    ) -> None:
        """A label at a data position, moved by (dx, dy) CSS px."""
        left = 100 * (x - self.x[0]) / (self.x[1] - self.x[0])
        top = 100 * (self.y[1] - y) / (self.y[1] - self.y[0])
        self._text.append(
            f'<text x="{left:.2f}%" y="{top:.2f}%" dx="{dx:g}" dy="{dy:g}" class="{cls}">'
            f"{escape(words)}</text>"
        )

    def x_axis(self, ticks: Iterable[tuple[float, str]], title: str = "") -> None:
        """Tick labels below; every other one gives way when the plot is narrow."""
        for i, (value, words) in enumerate(ticks):
            self.text(value, self.y[0], words, "tick mid" + (" minor" if i % 2 else ""), dy=17)
        if title:
            self.text(self.x[1], self.y[0], title, "tick end title", dy=17)

    def y_axis(self, ticks: Iterable[tuple[float, str]], grid: bool = True) -> None:
        for value, words in ticks:
            if grid:
                self.hline(value, "grid")
            self.text(self.x[0], value, words, "tick end", dx=-8, dy=4)

    def html(self) -> str:
        m = self.margin
        return (
            f'<div class="plot" style="height:{self.height}px;'
            f'padding:{m.top}px {m.right}px {m.bottom}px {m.left}px">'
            f'<svg class="frame" role="img" aria-label="{escape(self.label, quote=True)}">'
            f'<svg viewBox="0 0 {GRID_X} {GRID_Y}" preserveAspectRatio="none" aria-hidden="true">'
            f"{''.join(self._data)}</svg>{''.join(self._text)}</svg></div>"
        )


def _points(px: np.ndarray, py: np.ndarray) -> str:
    pairs = zip(px.astype(int).tolist(), py.astype(int).tolist(), strict=True)
    return " ".join(f"{x} {y}" for x, y in pairs)


def _runs(*arrays: np.ndarray) -> list[tuple[np.ndarray, ...]]:
    """Split parallel arrays into stretches of at least two points where all are finite."""
    finite = np.all([np.isfinite(a) for a in arrays], axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], finite, [False]))))
    return [
        tuple(a[start:stop] for a in arrays)
        for start, stop in zip(edges[::2], edges[1::2], strict=True)
        if stop - start > 1
    ]


def nice_ticks(low: float, high: float, about: int = 4) -> list[float]:
    """About that many multiples of 1, 2, 2.5 or 5 times a power of ten within the limits."""
    if not (math.isfinite(low) and math.isfinite(high) and high > low):
        return []
    power = 10.0 ** math.floor(math.log10((high - low) / about))
    steps = [s * power for s in (1, 2, 2.5, 5, 10)]
    step = min(steps, key=lambda s: abs(math.floor(high / s) - math.ceil(low / s) + 1 - about))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def tick_labels(ticks: Sequence[float]) -> list[tuple[float, str]]:
    """Ticks with labels of equal, sufficient decimals and a true minus sign."""
    decimals = next(
        (d for d in range(7) if all(abs(round(t, d) - t) < 1e-6 * max(1, abs(t)) for t in ticks)), 6
    )
    return [(t, f"{t + 0.0:.{decimals}f}".replace("-", "−")) for t in ticks]


def limits(*arrays: np.ndarray, pad: float = 0.08, keep: float = 0.0) -> tuple[float, float]:
    """Limits that hold all finite values but the outer `keep` fraction at either end."""
    values = np.concatenate([np.ravel(np.asarray(a, float)) for a in arrays])
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = (float(v) for v in np.quantile(values, [keep, 1 - keep]))
    room = (high - low) * pad or abs(high) * 0.1 or 1.0
    return low - room, high + room


def spread_apart(tops: Sequence[float], gap: float) -> list[float]:
    """Positions (px) near the wanted ones, in their order, at least `gap` apart."""
    order = sorted(range(len(tops)), key=lambda i: tops[i])
    placed = list(tops)
    for _ in range(len(tops)):
        for before, after in zip(order, order[1:], strict=False):
            lacking = placed[before] + gap - placed[after]
            if lacking > 0:
                placed[before] -= lacking / 2
                placed[after] += lacking / 2
    return placed
