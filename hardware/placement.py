"""placement.svg: where the electrodes go on the calf, from behind and from the inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hardware import leg, values
from hardware.sketch import BLUE, GREY, INK, ORANGE, PALE, Point, Sketch, smooth

SCALE = 520.0  # px from the medial condyle to the medial malleolus
PX_PER_MM = SCALE / leg.LENGTH_MM
TOP = 160.0  # px: y = 0 of the leg
BEHIND_X, INSIDE_X = 325.0, 748.0  # px: x = 0 of the two legs
SOLEUS_SHARE = 2 / 3  # of the line from the medial condyle to the medial malleolus (SENIAM)
BULGE = 0.30  # of the same length, where most calves are thickest
REFERENCE = 0.895
CLOTH = ((0.13, 0.43), (0.60, 0.735), (0.84, 0.935))  # heights of the three bands

_SKIN, _EDGE = "#f7e3d4", "#b98d6f"
_MUSCLE, _DEEP, _TENDON, _BONE = "#d98b7e", "#e3aa94", "#f1ead9", "#efe6d8"
_CLOTH = "#9db8d2"


def _place(points: Sequence[Point], x0: float) -> list[Point]:
    return [(x0 + x * SCALE, TOP + y * SCALE) for x, y in points]


def _shape(s: Sketch, points: Sequence[Point], x0: float, fill: str, edge: str = "none") -> None:
    s.path(smooth(_place(points, x0)), fill, edge, 1.2)


def _fibres(s: Sketch, lines: Sequence[tuple[Point, Point, Point]], x0: float) -> None:
    for line in lines:
        s.path(smooth(_place(line, x0), closed=False), stroke="#b5665a", width=1.0, opacity=0.7)


def _cloth(
    s: Sketch, x0: float, edges: Callable[[float], tuple[float, float]], top: float, bottom: float
) -> None:
    """A band of cloth round the leg between two heights, a little wider than the outline."""
    ys = np.linspace(top, bottom, 12)
    left = _place([(edges(float(y))[0] - 0.006, float(y)) for y in ys], x0)
    right = _place([(edges(float(y))[1] + 0.006, float(y)) for y in ys], x0)
    sag = 22.0  # of the bend that shows the leg's roundness

    def bend(a: Point, b: Point) -> str:
        return f"Q{(a[0] + b[0]) / 2:.1f} {(a[1] + b[1]) / 2 + sag:.1f} {b[0]:.1f} {b[1]:.1f}"

    def along(points: Sequence[Point]) -> str:
        return "L" + " ".join(f"{x:.1f} {y:.1f}" for x, y in points)

    start = f"M{left[0][0]:.1f} {left[0][1]:.1f}"
    path = start + along(left) + bend(left[-1], right[-1]) + along(right[::-1])
    s.path(path + bend(right[0], left[0]) + "Z", _CLOTH, "#5f7f9e", 1.2, opacity=0.45)


def bars(s: Sketch, x: float, y: float, turn: float = 0.0, scale: float = PX_PER_MM) -> None:
    """The two bars of one muscle about a point, the second further down the fibres."""
    across, along = values.BAR_MM[1] * scale, values.BAR_MM[0] * scale
    for side in (-0.5, 0.5):
        middle = y + side * values.BAR_DISTANCE_MM * scale
        s.rect(
            x - across / 2, middle - along / 2, across, along, "#30363d", "#ffffff", 1.5, 3, turn
        )


def _note(s: Sketch, at: Point, to: Point, words: str, anchor: str = "start", bold: int = 1):
    """Words with a line to what they speak of; the first `bold` lines are bold."""
    s.line([at, to], INK, 1.0)
    s.circle(to[0], to[1], 2.5, INK)
    x = at[0] + (6 if anchor == "start" else -6)
    for k, line in enumerate(words.split("\n")):
        name = k < bold
        s.text(x, at[1] + 5 + 20 * k, line, 17 if name else 15, INK if name else GREY, anchor, name)


def _from_behind(s: Sketch, x0: float) -> None:
    s.text(x0, 50, "Right leg from behind", 21, INK, "middle", bold=True)
    s.path(smooth(_place(leg.behind(), x0), closed=False), _SKIN, _EDGE, 1.8)
    _shape(s, leg.TENDON_BEHIND, x0, _TENDON)
    _shape(s, leg.LATERAL_HEAD, x0, _DEEP)
    _shape(s, leg.MEDIAL_HEAD, x0, _MUSCLE)
    _fibres(
        s,
        [((x, 0.07 + abs(x) * 0.5), (x * 1.12 - 0.006, 0.27), (x * 0.95, 0.435)) for x in
         (-0.045, -0.075, -0.105, -0.132)],
        x0,
    )  # fmt: skip
    crease = _place(((-0.10, -0.01), (0.0, 0.012), (0.10, -0.01)), x0)
    s.path(smooth(crease, closed=False), stroke=_EDGE, width=1.5)
    for top, bottom in CLOTH:
        _cloth(s, x0, leg.behind_edges, top, bottom)
    at = (x0 - 0.088 * SCALE, TOP + BULGE * SCALE)
    bars(s, *at, turn=4)
    s.text(x0 - 0.20 * SCALE, TOP + 1.13 * SCALE, "inside", 15, GREY, "end")
    s.text(x0 + 0.20 * SCALE, TOP + 1.13 * SCALE, "outside", 15, GREY)
    _note(s, (x0 - 118, TOP + 0.42 * SCALE), (at[0] - 22, at[1] + 24),
          "Gastrocnemius\nmedialis (GM)\ninner half of the calf,\n"
          "on the thickest part of\nthe bulge that rises\non tiptoe", "end", 2)  # fmt: skip
    _note(s, (x0 - 118, TOP + 0.03 * SCALE), (x0 - 52, TOP), "hollow of\nthe knee", "end", 0)
    _note(s, (x0 + 112, TOP + 0.80 * SCALE), (x0 + 8, TOP + 0.76 * SCALE),
          "Achilles tendon\nno electrode here")  # fmt: skip


def _from_inside(s: Sketch, x0: float) -> None:
    s.text(x0 - 20, 50, "The same leg from the inside", 21, INK, "middle", bold=True)
    s.path(smooth(_place(leg.SIDE, x0), closed=False), _SKIN, _EDGE, 1.8)
    _shape(s, leg.SHIN_BONE, x0, _BONE, "#d5c3a8")
    _shape(s, leg.SOLEUS_SIDE, x0, _MUSCLE)
    _shape(s, leg.MEDIAL_HEAD_SIDE, x0, _DEEP)
    _shape(s, leg.TENDON_SIDE, x0, _TENDON)
    _fibres(
        s,
        [((x + 0.012, 0.36), (x, 0.55), (x + 0.016, 0.74)) for x in (-0.004, 0.014, 0.032)],
        x0,
    )  # fmt: skip
    for upper, lower in CLOTH:
        _cloth(s, x0, leg.side_edges, upper, lower)
    top, bottom = _place((leg.CONDYLE, leg.MALLEOLUS), x0)
    s.line([top, bottom], BLUE, 1.8, "6 5")
    for share in (0.0, 1 / 3, SOLEUS_SHARE, 1.0):
        x, y = (a + share * (b - a) for a, b in zip(top, bottom, strict=True))
        s.circle(x, y, 5 if share in (0.0, 1.0) else 3, "#ffffff", BLUE, 2)
    soleus = (top[0] + SOLEUS_SHARE * (bottom[0] - top[0]) + 10,
              top[1] + SOLEUS_SHARE * (bottom[1] - top[1]))  # fmt: skip
    bars(s, *soleus, turn=1)
    reference = (x0 - 0.012 * SCALE, TOP + REFERENCE * SCALE)
    across, along = values.BAR_MM[1] * PX_PER_MM, values.BAR_MM[0] * PX_PER_MM
    s.rect(reference[0] - across / 2, reference[1] - along / 2, across, along, ORANGE, "#ffffff",
           1.5, 3)  # fmt: skip
    unit = _place(((-0.116, 0.20), (-0.088, 0.37)), x0)
    s.rect(
        unit[0][0] - 14, unit[0][1], 24, unit[1][1] - unit[0][1], "#39424e", "#ffffff", 1.5, 6, -4
    )
    right = x0 + 0.20 * SCALE + 12
    _note(s, (right, TOP - 0.02 * SCALE), top, "Inner head\nof the shin\nthe line begins", bold=2)
    _note(
        s,
        (right, soleus[1] - 14),
        (soleus[0] + 20, soleus[1]),
        "Soleus (SO)\ntwo thirds down the\nblue line, on muscle,\njust behind the bone",
    )
    _note(s, (right, TOP + 0.875 * SCALE), (reference[0] + 19, reference[1]),
          "Reference\nabove the ankle,\non bone, any side")  # fmt: skip
    _note(s, (right, TOP + 1.05 * SCALE), bottom, "Inner ankle bone\nthe line ends")
    left = x0 - 0.185 * SCALE
    _note(s, (left, TOP + 0.52 * SCALE), (unit[0][0] - 10, TOP + 0.33 * SCALE),
          "The unit\nanywhere round the\nshin, upside down\nif you like", "end")  # fmt: skip


def _bars_close(s: Sketch, x: float, y: float) -> None:
    s.text(x, y, "Two bars per muscle", 17, INK, bold=True)
    scale = 3.1
    cx, cy = x + 62, y + 78
    s.rect(x, y + 17, 124, 122, _MUSCLE, round_=10)
    for k in range(5):
        s.line([(x + 18 + 22 * k, y + 23), (x + 18 + 22 * k, y + 133)], "#b5665a", 1.0, opacity=0.7)
    bars(s, cx, cy, scale=scale)
    half = values.BAR_DISTANCE_MM * scale / 2
    s.arrow((x + 140, cy), (x + 140, cy - half))
    s.arrow((x + 140, cy), (x + 140, cy + half))
    s.text(x + 152, cy - half + 5, f"{values.BAR_MM[0]} × {values.BAR_MM[1]} mm each", 15)
    s.text(x + 152, cy + 5, f"{values.BAR_DISTANCE_MM} mm between\nthe centres", 15)
    s.text(
        x, y + 164, "One below the other, each across\nthe leg: the muscle's fibres run\n"
        "down it, from bar to bar.", 15, GREY,
    )  # fmt: skip


_STEPS = (
    ("Skin", "shave or clip hair, wash,\nlet dry; moisten the bars\nwith tap water"),
    ("Find", "on tiptoe: the GM bars on\nthe bulge, the SO bars on\nthe blue line"),
    ("Close", "{} to {} mmHg, as a light\ncompression stocking; one\nfinger slips under"),
    ("Hop", "ten times: nothing has\nmoved. Tingling or a cold\nfoot: too tight"),
)


def _steps(s: Sketch, x: float, y: float) -> None:
    for k, (title, words) in enumerate(_STEPS):
        left, top = x + 300 * (k % 2), y + 112 * (k // 2)
        s.circle(left + 13, top - 6, 14, BLUE)
        s.text(left + 13, top, str(k + 1), 16, "#ffffff", "middle", bold=True)
        s.text(left + 38, top, title, 17, INK, bold=True)
        s.text(left + 38, top + 21, words.format(*values.PRESSURE_MMHG), 15, GREY)


def drawing() -> str:
    s = Sketch(
        1060, 1110,
        "Right lower leg from behind and from the inside with the places of the electrodes: "
        "gastrocnemius medialis on its bulge, soleus at two thirds of the line from the inner "
        "head of the shin to the inner ankle bone, reference above the ankle",
    )  # fmt: skip
    _from_behind(s, BEHIND_X)
    _from_inside(s, INSIDE_X)
    s.line([(40, 842), (1020, 842)], PALE, 1.5)
    _bars_close(s, 40, 882)
    _steps(s, 430, 882)
    s.text(430, 1088, "Left leg: the mirror image. Drawn by eye: your own bulge counts.", 15, GREY)
    return s.svg()
