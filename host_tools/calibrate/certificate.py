"""The certificate: a sheet of figures with their limits, as JSON and as a page."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from host_tools.calibrate.limits import Line, lines
from host_tools.calibrate.state import State, write_whole
from host_tools.calibrate.steps import STEPS, References


def sheet(
    state: State,
    texts: dict[str, str],
    name: str,
    references: References,
    kept: dict[str, int],
    synthetic: bool,
    date: str,
) -> dict[str, Any]:
    """Everything that is certified. `passed` is None while a step of the unit is missing."""
    figures = lines(state)
    missing = [s.name for s in STEPS if not s.of_athlete and state.result(s.name) is None]
    failed = [f"{line.step}: {line.name}" for line in figures if line.passed is False]
    return {
        "serial": texts["serial"],
        "name": name,
        "date": date,
        "firmware": texts["firmware"],
        "hardware": texts["hardware"],
        "model": texts["model"],
        "synthetic": synthetic,
        "passed": False if failed else None if missing else True,
        "failed": failed,
        "not_measured": missing,
        "references": {
            "gravity_m_s2": references.gravity,
            "turn_deg": references.turn_deg,
            "signal_uv_rms": references.signal_uv,
            "signal_hz": references.signal_hz,
            "mass_kg": references.mass_kg,
        },
        "lines": [line.as_json() for line in figures],
        "dates": {step.name: state.date(step.name) for step in STEPS if state.date(step.name)},
        "values_in_unit": kept,
    }


def write(made: dict[str, Any], state: State) -> Path:
    """certificate.json and certificate.html beside the state; the page's path."""
    from host_tools.calibrate.page import render

    write_whole(state.folder / "certificate.json", json.dumps(made, indent=1) + "\n")
    page = state.folder / "certificate.html"
    write_whole(page, render(made, lines(state), state))
    return page


def verdict(made: dict[str, Any]) -> str:
    """The whole in a line."""
    if made["failed"]:
        n = len(made["failed"])
        return (
            f"FAILED: {n} figure{'s' if n > 1 else ''} out of limits: {'; '.join(made['failed'])}"
        )
    if made["not_measured"]:
        return f"incomplete, not measured: {', '.join(made['not_measured'])}"
    return f"PASSED: {sum(line['passed'] is True for line in made['lines'])} figures within limits"


def words(line: Line) -> str:
    """A figure with its limits."""
    return f"{line.name}: {number(line.value, line)} {line.unit}".rstrip() + (
        f"  ({limits_of(line)})" if limits_of(line) else ""
    )


def number(value: float | None, line: Line) -> str:
    """A value of a line with its decimals and a true minus sign."""
    return "–" if value is None else f"{value:.{line.decimals}f}".replace("-", "−")


def limits_of(line: Line) -> str:
    if line.low is not None and line.high is not None:
        if line.low == -line.high:
            return f"±{line.high:g}"
        return f"{line.low:g} to {line.high:g}"
    if line.high is not None:
        return f"≤ {line.high:g}"
    return f"≥ {line.low:g}" if line.low is not None else ""


def day(state: State) -> int:
    """Days since 1970 of the last step."""
    dates = [state.date(step.name) for step in STEPS if state.date(step.name)]
    last = max(datetime.datetime.fromisoformat(date) for date in dates)
    return int(last.timestamp() // 86_400)
