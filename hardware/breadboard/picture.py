"""The wiring picture of the breadboard and its shopping list."""

from __future__ import annotations

import csv
import io
import textwrap
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch
from matplotlib.path import Path as Line

from hardware.board.bom import PRICES_AS_OF
from hardware.breadboard.boards import BOARDS, MORE, Board
from hardware.breadboard.wiring import RAILS, Wire, wires
from hardware.drawing.sheets import SETTINGS

_SIZE = (164.0, 82.0)
_INCH = 0.1
_RAIL_COLORS = {"3V": "#c0392b", "3VA": "#d35400", "GND": "#222222"}
_COLORS = {
    "imu": "#1f6fb2",
    "i2c": "#8e44ad",
    "i2s": "#138d75",
    "USB": "#b03a2e",
    "usb": "#b03a2e",
    "BAT": "#cb8a00",
    "button": "#5d6d7e",
    "VMID": "#7f8c8d",
    "GM": "#2e86c1",
    "SO": "#28b463",
    "REF": "#7f8c8d",
}


def _pin(board: Board, name: str) -> tuple[float, float, float]:
    """Where a pin is, and to which side it looks."""
    x, y = board.at
    width, height = board.size
    for pins, edge, way in ((board.left, x, -1.0), (board.right, x + width, 1.0)):
        if name in pins:
            step = (height - 2.0) / len(pins)
            return edge, y + 2.0 + step * (pins.index(name) + 0.4), way
    raise KeyError(name)


def _color(wire: Wire) -> str:
    return next((c for start, c in _COLORS.items() if wire.net.startswith(start)), "#566573")


def draw() -> Figure:
    figure = Figure(figsize=(_SIZE[0] * _INCH, _SIZE[1] * _INCH))
    axes: Any = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, _SIZE[0])
    axes.set_ylim(_SIZE[1], 0)
    axes.set_axis_off()
    axes.text(3, 4, "Calf band on a breadboard", fontsize=15, weight="bold", va="center")
    flagged: set[tuple[str, str]] = set()
    for wire in wires():
        _wire(axes, wire, flagged)
    for board in BOARDS.values():
        _board(axes, board)
    for rail, ends in RAILS.items():
        for name, pin in ends:
            x, y, way = _pin(BOARDS[name], pin)
            axes.plot([x, x + 2.2 * way], [y, y], color=_RAIL_COLORS[rail], linewidth=2)
            axes.add_patch(Circle((x + 2.6 * way, y), 0.55, color=_RAIL_COLORS[rail]))
    for k, (rail, text) in enumerate(
        {
            "3V": "3.3 V of the Feather",
            "3VA": "3.3 V of the front end: only without USB",
            "GND": "ground",
        }.items()
    ):
        axes.add_patch(Circle((5, 74 + 2.4 * k), 0.7, color=_RAIL_COLORS[rail]))
        axes.text(7, 74 + 2.4 * k, f"{rail}: {text}", fontsize=8, va="center")
    axes.text(
        70,
        74,
        "USB plugged in: the P-FET takes the amplifiers' supply away, and the firmware refuses "
        "to measure.\nThe AC-MB runs from a power bank. Electrodes come off before any charger "
        "or computer is connected.",
        fontsize=9,
        va="top",
        color="#b03a2e",
        weight="bold",
    )
    return figure


def _board(axes: Any, board: Board) -> None:
    x, y = board.at
    width, height = board.size
    axes.add_patch(
        FancyBboxPatch(
            (x, y),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=1",
            fc="#f4f6f7",
            ec="#34495e",
        )
    )
    title = "\n".join(textwrap.wrap(board.title, 34))
    axes.text(x + width / 2, y - 2.2, title, fontsize=7, weight="bold", ha="center", va="bottom")
    axes.text(x + width / 2, y - 0.5, board.order, fontsize=6, ha="center", va="bottom")
    for pins, way in ((board.left, -1.0), (board.right, 1.0)):
        for name in pins:
            if name == ".":
                continue
            px, py, _ = _pin(board, name)
            axes.add_patch(Circle((px, py), 0.35, fc="white", ec="#34495e", zorder=3))
            align = "right" if way > 0 else "left"
            axes.text(px - 0.8 * way, py, name, fontsize=7, ha=align, va="center", zorder=3)


def _wire(axes: Any, wire: Wire, flagged: set[tuple[str, str]]) -> None:
    """A line between pins that face each other, else the same flag at both."""
    ends = [_pin(BOARDS[board], pin) for board, pin in (wire.one, wire.other)]
    (x1, y1, way1), (x2, y2, way2) = ends
    color = _color(wire)
    if (x2 - x1) * way1 > 0 > (x2 - x1) * way2:
        reach = 0.45 * abs(x2 - x1)
        points = [(x1, y1), (x1 + way1 * reach, y1), (x2 + way2 * reach, y2), (x2, y2)]
        codes = [Line.MOVETO, Line.CURVE4, Line.CURVE4, Line.CURVE4]
        axes.add_patch(PathPatch(Line(points, codes), fc="none", ec=color, linewidth=1.8))
        if wire.by_way:
            middle = ((x1 + x2) / 2, (y1 + y2) / 2)
            box = {"boxstyle": "round,pad=0.2", "fc": "white", "ec": color, "lw": 0.8}
            axes.text(
                *middle, wire.by_way, fontsize=5.5, ha="center", va="center", bbox=box, zorder=4
            )
        return
    text = f"{wire.net} ({wire.by_way})" if wire.by_way else wire.net
    for end, (x, y, way) in zip((wire.one, wire.other), ends, strict=True):
        if end in flagged:
            continue
        flagged.add(end)
        align = "left" if way > 0 else "right"
        box = {"boxstyle": "round,pad=0.18", "fc": color, "ec": color}
        axes.plot([x, x + 1.4 * way], [y, y], color=color, linewidth=1.8)
        axes.text(
            x + 1.8 * way,
            y,
            text,
            fontsize=6,
            color="white",
            ha=align,
            va="center",
            bbox=box,
            zorder=4,
        )


def shopping_list() -> str:
    """What to buy, as CSV; prices are estimates, and what was looked up is named."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["what", "order number", "quantity", "price_usd_estimate", "price_as_of", "looked up"]
    )
    for board in BOARDS.values():
        writer.writerow(
            [
                board.title,
                board.order,
                board.quantity,
                f"{board.price_usd:.2f}",
                PRICES_AS_OF,
                board.seen or "NOT FOUND in any text at hand: check before ordering",
            ]
        )
    for what, order, quantity, price in MORE:
        writer.writerow([what, order, quantity, f"{price:.2f}", PRICES_AS_OF, ""])
    return text.getvalue()


def write(folder: Path) -> list[Path]:
    picture, shopping = folder / "breadboard.svg", folder / "breadboard-shopping.csv"
    with matplotlib.rc_context(SETTINGS):
        draw().savefig(picture, metadata={"Date": None})
    shopping.write_text(shopping_list(), encoding="utf-8")
    return [picture, shopping]
