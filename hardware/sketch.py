"""Plain SVG with a white ground, for pages that may be shown dark: shapes, words, axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

INK = "#1d2733"
GREY = "#6b7785"
PALE = "#e3e8ee"
BLUE = "#1769aa"
RED = "#c0392b"
GREEN = "#2e7d4f"
ORANGE = "#c77700"

Point = tuple[float, float]


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


@dataclass
class Sketch:
    """Coordinates in px, y downwards. `label` is what a screen reader says."""

    width: int
    height: int
    label: str
    parts: list[str] = field(default_factory=list)

    def _add(self, tag: str, **attributes: object) -> None:
        told = " ".join(
            f'{key.replace("_", "-")}="{_n(v) if isinstance(v, float) else v}"'
            for key, v in attributes.items()
        )
        self.parts.append(f"<{tag} {told}/>")

    def path(self, d: str, fill="none", stroke="none", width=1.5, dash="", opacity=1.0) -> None:
        more = {"stroke_dasharray": dash} if dash else {}
        if opacity < 1:
            more["opacity"] = f"{opacity:g}"
        join = {"stroke_linejoin": "round", "stroke_linecap": "round"} if stroke != "none" else {}
        self._add("path", d=d, fill=fill, stroke=stroke, stroke_width=width, **join, **more)

    def line(self, points: Sequence[Point], stroke=INK, width=1.5, dash="", opacity=1.0) -> None:
        d = "M" + " L".join(f"{_n(x)} {_n(y)}" for x, y in points)
        self.path(d, stroke=stroke, width=width, dash=dash, opacity=opacity)

    def rect(self, x, y, w, h, fill="none", stroke="none", width=1.5, round_=0.0, turn=0.0):
        cx, cy = x + w / 2, y + h / 2
        more = {"transform": f"rotate({_n(turn)} {_n(cx)} {_n(cy)})"} if turn else {}
        self._add(
            "rect", x=float(x), y=float(y), width=float(w), height=float(h), fill=fill,
            stroke=stroke, stroke_width=width, rx=float(round_), **more,
        )  # fmt: skip

    def circle(self, x, y, r, fill="none", stroke="none", width=1.5) -> None:
        self._add("circle", cx=float(x), cy=float(y), r=float(r), fill=fill, stroke=stroke,
                  stroke_width=width)  # fmt: skip

    def text(
        self, x, y, words: str, size: float = 14, fill=INK, anchor="start", bold=False, turn=0.0
    ):
        """Words at a point on their base line; a line break starts a line of its own."""
        weight = ' font-weight="600"' if bold else ""
        spin = f' transform="rotate({_n(turn)} {_n(x)} {_n(y)})"' if turn else ""
        for k, part in enumerate(words.split("\n")):
            self.parts.append(
                f'<text x="{_n(x)}" y="{_n(y + k * size * 1.3)}" font-size="{size}" '
                f'fill="{fill}" text-anchor="{anchor}"{weight}{spin}>{escape(part)}</text>'
            )

    def arrow(self, start: Point, end: Point, stroke=INK, width=1.5) -> None:
        self.line([start, end], stroke, width)
        angle = math.atan2(end[1] - start[1], end[0] - start[0])
        tips = [
            (end[0] - 8 * math.cos(angle + turn), end[1] - 8 * math.sin(angle + turn))
            for turn in (0.45, -0.45)
        ]
        self.line([tips[0], end, tips[1]], stroke, width)

    def svg(self) -> str:
        body = "\n".join(self.parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" role="img" '
            f'aria-label="{escape(self.label, quote=True)}" '
            f'font-family="system-ui, -apple-system, Segoe UI, Roboto, sans-serif">\n'
            f'<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
        )


@dataclass
class Axes:
    """A pair of axes in a box of a sketch; either may be logarithmic."""

    sketch: Sketch
    box: tuple[float, float, float, float]  # left, top, width, height
    x: tuple[float, float]
    y: tuple[float, float]
    log_x: bool = False
    log_y: bool = False

    def at(self, x: float, y: float) -> Point:
        left, top, width, height = self.box
        return left + width * _share(x, self.x, self.log_x), top + height * (
            1 - _share(y, self.y, self.log_y)
        )

    def frame(
        self, title: str, x_ticks: Sequence[float], y_ticks: Sequence[float], x_unit="", y_unit=""
    ) -> None:
        """Grid, labels, and the title above; the units stand at the ends of the axes."""
        left, top, width, height = self.box
        s = self.sketch
        s.text(left - 40, top - 26, title, 15, bold=True)
        for y in y_ticks:
            at = self.at(self.x[0], y)[1]
            s.line([(left, at), (left + width, at)], PALE, 1.0)
            s.text(left - 8, at + 4, f"{y:g}".replace("-", "−"), 12, GREY, "end")
        for x in x_ticks:
            at = self.at(x, self.y[0])[0]
            s.line([(at, top + height), (at, top + height + 4)], GREY, 1.0)
            s.text(at, top + height + 18, f"{x:g}", 12, GREY, "middle")
        s.text(left + width, top + height + 36, x_unit, 12, GREY, "end")
        s.text(left - 40, top - 8, y_unit, 12, GREY)

    def curve(self, f: Callable[[float], float], stroke: str, points=200, dash="") -> None:
        low, high = self.x
        xs = np.geomspace(low, high, points) if self.log_x else np.linspace(low, high, points)
        found = [(float(x), f(float(x))) for x in xs]
        self.sketch.line(
            [self.at(x, y) for x, y in found if self.y[0] <= y <= self.y[1]], stroke, 2.2, dash
        )


def smooth(points: Sequence[Point], closed: bool = True) -> str:
    """A path through the points, round everywhere (Catmull-Rom as Bézier curves)."""
    n = len(points)
    d = f"M{_n(points[0][0])} {_n(points[0][1])}"
    for i in range(n if closed else n - 1):
        before, a, b, after = (
            points[k % n] if closed else points[min(max(k, 0), n - 1)] for k in range(i - 1, i + 3)
        )
        first = (a[0] + (b[0] - before[0]) / 6, a[1] + (b[1] - before[1]) / 6)
        second = (b[0] - (after[0] - a[0]) / 6, b[1] - (after[1] - a[1]) / 6)
        d += "C" + " ".join(f"{_n(x)} {_n(y)}" for x, y in (first, second, b))
    return d + ("Z" if closed else "")


def _share(value: float, limits: tuple[float, float], log: bool) -> float:
    low, high = limits
    if log:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)
