"""`make looptime`: the unit's loop played for hours of worst cases; what overruns first is named.

Exit code 1 when a buffer overruns that is not known to.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from rich.progress import Progress

from host_tools.console import Console
from host_tools.errors import CalfbandError
from target.loop import figures, margins, show
from target.loop.cases import CASES, WORST, Case
from target.loop.figures import Plant
from target.loop.fills import (
    FIFO,
    Played,
)
from target.loop.firmware import Firmware, read_firmware
from target.machines import ROOT, TargetError

OUT = ROOT / "build" / "looptime"
_MARGIN_S = 130
_PICTURED = "sessions"


def play_all(
    firmware: Firmware, plant: Plant, hours: float, seed: int, console: Console
) -> dict[str, tuple[Case, Played]]:
    """Every case, by name."""
    until_us = hours * 3.6e9
    results = {}
    with Progress(console=console, transient=True) as progress:
        for case in CASES:
            task = progress.add_task(case.name, total=until_us)
            loop = case.loop(firmware, plant, until_us, seed)
            results[case.name] = (
                case,
                loop.play(
                    until_us, progress=lambda us, task=task: progress.update(task, completed=us)
                ),
            )
            progress.remove_task(task)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(prog="make looptime", description=__doc__)
    parser.add_argument("--hours", type=float, default=10.0, help="of each case (10)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="cases and verdict only")
    parser.add_argument("--measure", action="store_true", help="count the loop's parts anew")
    asked = parser.parse_args()
    if not 0 < asked.hours <= 1000:
        parser.error(f"--hours {asked.hours:g}: say more than 0 and at most 1000.")
    started = time.perf_counter()
    console = Console(width=max(Console().width, 120))
    if asked.measure:
        figures.MEASURED.write_text(json.dumps(figures.measure(), indent=1) + "\n")
    firmware, plant = read_firmware(), Plant()
    results = play_all(firmware, plant, asked.hours, asked.seed, console)
    found: list[margins.Margin] = []
    if not asked.short:
        console.print(show.load_table(firmware, plant))
        found = margins.stall_margins(firmware, plant, asked.seed)
        found += margins.figure_margins(firmware, plant, asked.seed, _MARGIN_S * 1e6)
        console.print(show.margin_table(found))
        limits = [one.at for one in found if one.first == FIFO]
        console.print(show.log_table(firmware, plant, 1000 * limits[0]))
        from target.loop import twin

        with tempfile.TemporaryDirectory(prefix="calfband-") as folder:
            console.print(twin.table(twin.compare(firmware, plant, Path(folder))))
        console.print(show.counter_table(firmware, results))
    console.print(show.case_table(results, asked.hours))
    show.show(console, show.sentences(results))
    OUT.mkdir(parents=True, exist_ok=True)
    written: list[Path] = [OUT / "looptime.json"]
    told = show.as_json(firmware, results, found, asked.hours, asked.seed)
    written[0].write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    if not asked.short:
        from target.loop import picture

        case, played = results[_PICTURED]
        written.append(OUT / "looptime.png")
        late = {name: results[name][1] for name in (CASES[0].name, WORST.name, _PICTURED)}
        picture.draw(written[1], firmware, plant, case, played, asked.seed, late)
    bad = [
        f"{case.name}: the {name} overruns, and is not known to"
        for case, played in results.values()
        for name in show.unexpected(case, played)
    ]
    for said in bad:
        console.print(f"[bold]{said}[/]", highlight=False)
    names = ", ".join(str(path.relative_to(ROOT)) for path in written)
    console.print(f"{names}; {time.perf_counter() - started:.0f} s", highlight=False)
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (TargetError, CalfbandError) as error:
        sys.exit(str(error))
