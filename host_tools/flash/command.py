"""`calfband flash`: bare boards and units in the field, one or a tray of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from host_tools.console import Console
from host_tools.errors import CalfbandError, NoUnitError
from host_tools.flash.several import Job, build_for, run_job
from host_tools.flash.show import bars, show
from host_tools.flash.whole import WholePlan
from host_tools.image.base import read_base
from host_tools.usb.ports import find_ports, is_virtual, one_port


def flash(
    port: Annotated[
        list[str] | None, typer.Option(help="Port of a unit; without it, the one there is.")
    ] = None,
    all_units: Annotated[bool, typer.Option("--all", help="All units, at once.")] = False,
    base: Annotated[
        Path | None, typer.Option(help="MicroPython's image for the unit's chip.")
    ] = None,
    base_dir: Annotated[
        Path | None, typer.Option(help="Folder of such images: the newest that fits is taken.")
    ] = None,
    update: Annotated[
        bool,
        typer.Option("--update", help="Replace what changed, over the console; sessions stay."),
    ] = False,
    save_sessions: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Save the unit's sessions there first.")
    ] = None,
    erase_sessions: Annotated[
        bool, typer.Option("--erase-sessions", help="Give up sessions nobody has saved.")
    ] = False,
    forget_settings: Annotated[
        bool, typer.Option("--forget-settings", help="Do not take the unit's settings over.")
    ] = False,
    records: Annotated[
        Path, typer.Option(metavar="DIR", help="Where each unit's record and log go.")
    ] = Path("units"),
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
) -> None:
    """Put the firmware onto units, check every file on them and run their self-test."""
    ports = _ports(port, all_units)
    plan = None
    if update:
        if base or base_dir or save_sessions or erase_sessions or forget_settings:
            raise CalfbandError(
                "--update changes the firmware only and leaves all else as it is: give it "
                "without --base, --base-dir, --save-sessions, --erase-sessions, --forget-settings."
            )
    else:
        if (base is None) == (base_dir is None):
            raise CalfbandError(
                "Which MicroPython? Give --base FILE or --base-dir DIR (or --update, for a unit "
                "that runs the firmware already)."
            )
        if base is not None:
            read_base(base)  # a wrong file is told before any unit is touched
        plan = WholePlan(base, base_dir, save_sessions, erase_sessions, forget_settings)
    console = Console(quiet=quiet, highlight=False)
    firmware = build_for([is_virtual(name) for name in ports])
    with bars(console, ports) as on_step:
        done = run_job(Job(ports, plan, records), firmware, on_step)
    for outcome, record in done:
        show(console, outcome, record)
    for outcome, _ in done:
        if outcome.error:
            where = "" if outcome.port in outcome.error else f"{outcome.port}: "
            print(f"calfband: {where}{outcome.error}", file=sys.stderr, flush=True)
    if len(done) > 1:
        good = sum(outcome.good for outcome, _ in done)
        console.print(f"{good} of {len(done)} units are good")
    worst = max(outcome.exit_code for outcome, _ in done)
    if worst:
        raise typer.Exit(worst)


def _ports(named: list[str] | None, all_units: bool) -> list[str]:
    if named and all_units:
        raise CalfbandError("Give either --port or --all.")
    if named:
        return list(dict.fromkeys(named))
    if not all_units:
        return [one_port()]
    found = [port.device for port in find_ports()]
    if not found:
        raise NoUnitError("No unit is connected: --all has nothing to flash.")
    return found
