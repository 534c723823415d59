"""`python -m tests.accuracy`: how good the firmware is, next to published methods."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tests.accuracy import feature_table, gait_rows, gait_table, headline, leave_one_out, runs
from tests.accuracy.grid import Grid
from tests.accuracy.residual_page import write_page

PARTS = ("gait", "emg", "features")
KINDS = {"real": "Real recordings", "synthetic": "Synthetic runs"}
WIDTH = 205  # numbers are not to be folded: where the terminal is narrower, it wraps lines


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    console = Console()
    console.width = max(console.width, WIDTH)
    parts = options.parts or list(PARTS)
    sections: dict[str, Sequence[Grid]] = {}
    figures: list[headline.Figure] = []
    gait = features = None
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
    if "features" in parts:
        features = feature_table.measure(replays)
        figures += feature_table.figures(features)
    for kind, name in KINDS.items():
        if gait:
            sections[f"{name}: contacts and toe-offs"] = gait_table.grids(gait, kind)
        if gait and kind == "real":
            rows = [row for row in gait.rows if row.kind == kind]
            found = leave_one_out.grid(leave_one_out.leave_one_out(rows))
            sections[f"{name}: people the constants were not fitted to"] = [found]
        if features:
            sections[f"{name}: features"] = feature_table.grids(features, kind)
    if "emg" in parts and importlib.util.find_spec("tests.accuracy.emg_table"):
        emg_table = importlib.import_module("tests.accuracy.emg_table")
        if not hasattr(emg_table, "grids"):  # it prints for itself
            emg_table.main()
        else:
            emg = emg_table.measure()
            figures += emg_table.figures(emg)
            for kind, name in KINDS.items():
                sections[f"{name}: EMG"] = emg_table.grids(emg, kind)
    for grids in sections.values():
        for grid in grids:
            if grid.rows:
                console.print(grid.rich())
    for missed in gait_table.missed_targets(gait.rows) if gait else ():
        console.print(f"target missed: {missed.recording}: {missed.sentence}")
    _write(options, sections, gait, figures)
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
    gait: gait_rows.GaitResult | None,
    figures: Sequence[headline.Figure],
) -> None:
    if options.html:
        write_page(options.html, sections, gait)
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
