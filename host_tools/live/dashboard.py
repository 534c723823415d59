"""The dashboard of `calfband live`, drawn from a LiveState."""

from __future__ import annotations

import time

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from host_tools.keys import HEAVINESS_HELP
from host_tools.live.plot import plot
from host_tools.live.state import FEATURES, LiveState
from host_tools.timeline import LEVEL_MARKS, LEVEL_STYLES

KEYS_HELP = f"{HEAVINESS_HELP}   f next plot   q end"
UNKNOWN = "–"
LEVEL_TITLE = "legs: training-fatigue indicator"
LOW_BATTERY_PCT = 20
WIDE = 72  # columns from which the two panels stand side by side
PANEL_LINES = 11
AXIS = 10  # columns beside the plot: frame, padding, numbers
PLOT_LINES = (4, 14)  # fewest, most


def dashboard(state: LiveState, width: int, height: int, with_keys: bool) -> RenderableType:
    """All of it, for a terminal of that many characters; what is too much for it goes last."""
    parts: list[RenderableType] = [
        _head(state),
        _side_by_side(_level(state), _values(state), width),
    ]
    fewest, most = PLOT_LINES
    room = height - 2 - PANEL_LINES * (1 if width >= WIDE else 2)
    events = max(1, min(len(state.events), room - 2 - fewest))
    lines = min(most, room - 2 - events)
    if lines >= fewest:
        parts.append(_plot(state, width, lines))
    parts.append(_events(state, events))
    ends = KEYS_HELP if with_keys else "Ctrl-C ends"
    parts.append(Text(ends, style="dim", no_wrap=True, overflow="ellipsis"))
    return Group(*parts)


def _plot(state: LiveState, width: int, lines: int) -> Panel:
    feature = FEATURES[state.plotted]
    values = [s[feature.key] if s["valid"] else None for s in state.strides]
    picture = plot(values, max(20, width - AXIS), lines, feature.decimals, "cyan")
    title = f"{feature.title}, {feature.unit}; one dot a stride"
    return Panel(picture, title=title, title_align="left", border_style="dim")


def _head(state: LiveState) -> RenderableType:
    line = Table.grid(expand=True)
    line.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    line.add_column(justify="right", no_wrap=True)
    left = Text(state.name or "calf band", style="bold")
    left.append("  ")
    left.append(state.state, style="green" if state.is_connected else "yellow")
    right = Text()
    if state.now is not None:
        seconds = state.now["session_s"]
        right.append(f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}  ")
        right.append(f"{state.now['strides']:,} strides  ")
    if state.battery_pct is not None:
        low = state.battery_pct < LOW_BATTERY_PCT
        right.append(f"battery {state.battery_pct} %", style="red" if low else "")
    line.add_row(left, right)
    return line


def _side_by_side(left: Panel, right: Panel, width: int) -> RenderableType:
    if width < WIDE:
        return Group(left, right)
    table = Table.grid(expand=True)
    table.add_column(ratio=1)
    table.add_column(ratio=1)
    table.add_row(left, right)
    return table


def _level(state: LiveState) -> Panel:
    lines: list[RenderableType] = []
    now = state.now
    if now is None:
        lines.append(Text("waiting for the first status", style="dim"))
        return Panel(Group(*lines), title=LEVEL_TITLE, title_align="left", height=PANEL_LINES)
    style = LEVEL_STYLES[now["level"] % len(LEVEL_STYLES)]
    mark = LEVEL_MARKS[now["level"] % len(LEVEL_MARKS)]
    lines.append(Text(f"{mark * 3} {now['level_name'].upper()}", style=f"bold {style}"))
    filled = round(now["confidence_pct"] / 5)
    bar = Text("━" * filled, style=style)
    bar.append("━" * (20 - filled), style="grey23")
    lines.append(bar.append(f" {now['confidence_pct']} % sure", style="default"))
    cause = f", {now['attribution_name']}" if now["attribution"] else ""
    phase = "resting: move or press the button" if now["state"] else now["phase_name"]
    lines.append(Text(f"{phase}{cause}", style="dim"))
    for reason in now["reason_names"][:4]:
        lines.append(Text(f"· {reason}"))
    if len(now["reason_names"]) > 4:
        lines.append(Text(f"· and {len(now['reason_names']) - 4} more", style="dim"))
    faults = now["fault_names"] + now["unit_fault_names"]
    if faults:
        lines.append(Text("! " + ", ".join(faults), style="yellow"))
    return Panel(
        Group(*lines), title=LEVEL_TITLE, title_align="left", border_style=style, height=PANEL_LINES
    )


def _values(state: LiveState) -> Panel:
    table = Table.grid(padding=(0, 1, 0, 0), expand=True)
    table.add_column(ratio=1)
    table.add_column(justify="right", style="bold")
    table.add_column(style="dim")
    for number, feature in enumerate(FEATURES):
        value = state.recent(feature.key)
        shown = UNKNOWN if value is None else f"{value:.{feature.decimals}f}"
        name = Text(feature.title, style="cyan" if number == state.plotted else "")
        table.add_row(name, shown, feature.unit)
    quality = state.quality_pct
    table.add_row("quality", UNKNOWN if quality is None else f"{quality:.0f}", "% of strides")
    missed = Text(str(state.missed), style="yellow" if state.missed else "")
    table.add_row("not heard", missed, "strides")
    title = f"median of 10 strides, {state.latest_gait}"
    return Panel(table, title=title, title_align="left", border_style="dim", height=PANEL_LINES)


def _events(state: LiveState, n: int) -> RenderableType:
    lines = Text(no_wrap=True, overflow="ellipsis")
    for event in list(state.events)[-n:]:
        clock = time.strftime("%H:%M:%S", time.localtime(event.at_s))
        lines.append(f"{clock} ", style="dim")
        lines.append(f"{event.text}\n", style=event.style)
    lines.rstrip()
    return lines
