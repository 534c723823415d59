"""`python -m tests.accuracy`: how good the firmware is, next to published methods."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tests.accuracy import (
    disturbed,
    emg_real,
    emg_residuals,
    emg_table,
    feature_table,
    gait_rows,
    gait_table,
    headline,
    leave_one_out,
    residual_page,
    runs,
)
from tests.accuracy.grid import Grid

PARTS = ("gait", "disturbed", "emg", "features")
KINDS = {"real": "Real recordings", "synthetic": "Synthetic runs"}
WIDTH = 205  # numbers are not to be folded: where the terminal is narrower, it wraps lines


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    console = Console()
    console.width = max(console.width, WIDTH)
    parts = options.parts or list(PARTS)
    sections: dict[str, Sequence[Grid]] = {}
    figures: list[headline.Figure] = []
    residuals: dict[str, str] = {}
    gait = features = emg = None
    try:
        replays = runs.replay_all() if {"gait", "features"} & set(parts) else runs.Replays({}, {})
    except (RuntimeError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if replays.skipped:
        console.print(f"real recordings: skipped ({replays.skipped})")
    if "gait" in parts:
        gait = gait_rows.measure(replays)
        figures += gait_table.figures(gait)
    changed = list(disturbed.measure()) if "disturbed" in parts else []
    if "features" in parts:
        features = feature_table.measure(replays)
        figures += feature_table.figures(features)
    for kind, name in KINDS.items():
        if gait:
            heading = f"{name}: contacts and toe-offs"
            sections[heading] = gait_table.grids(gait, kind)
            if kind == "real":
                residuals[heading] = residual_page.residual_section(gait)
        if gait and kind == "real":
            rows = [row for row in gait.rows if row.kind == kind]
            found = leave_one_out.grid(leave_one_out.leave_one_out(rows))
            sections[f"{name}: people the constants were not fitted to"] = [found]
        if changed and kind == "real":
            sections[f"{name}: worn, moved and sensed otherwise"] = [disturbed.grid(changed)]
        if features:
            sections[f"{name}: features"] = feature_table.grids(features, kind)
    if "emg" in parts:
        emg = emg_table.measure()
        figures += emg_table.figures(emg)
        for kind, name in KINDS.items():
            sections[f"{name}: EMG"] = emg_table.grids(emg, kind)
        residuals[f"{KINDS['real']}: EMG"] = emg_residuals.section(emg)
    for grids in sections.values():
        for grid in grids:
            if grid.rows:
                console.print(grid.rich())
    for missed in gait_table.missed_targets(gait.rows) if gait else ():
        console.print(f"target missed: {missed.recording}: {missed.sentence}")
    for name, words in emg_table.missed_targets(emg).items() if emg else ():
        console.print(f"target missed: {emg_real.WALK}: {name}: {words}")
    _write(options, sections, residuals, figures)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.accuracy", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="|".join(PARTS), help="default: all of them")
    parser.add_argument("--html", type=Path, help="write the tables and residual plots there")
    parser.add_argument("--json", type=Path, help="write the tables and headline figures there")
    parser.add_argument("--record", action="store_true", help="rewrite the headline figures")
    options = parser.parse_args(arguments)
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"{unknown[0]} is not one of {', '.join(PARTS)}")
    return options


def _write(
    options: argparse.Namespace,
    sections: dict[str, Sequence[Grid]],
    residuals: dict[str, str],
    figures: Sequence[headline.Figure],
) -> None:
    if options.html:
        residual_page.write_page(options.html, sections, residuals)
        print(f"→ {options.html}")
    if options.json:
        tables = {name: [grid.json() for grid in grids] for name, grids in sections.items()}
        values = [vars(figure) for figure in figures]
        text = json.dumps({"tables": tables, "figures": values}, indent=2, ensure_ascii=False)
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(text + "\n", encoding="utf-8")
        print(f"→ {options.json}")
    if options.record:
        headline.record(figures)
        print(f"→ {headline.PATH}")


if __name__ == "__main__":
    sys.exit(main())
