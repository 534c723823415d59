"""`calfband doctor`: look at everything, say what was found, and what to do about it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from host_tools.client.air import Twin
from host_tools.console import Console
from host_tools.doctor.asking import UnitFacts, ask
from host_tools.doctor.computer import look_at_bluetooth, look_at_ports, look_at_programs
from host_tools.doctor.finding import GOOD, NOTE, TODO, Finding, of_error
from host_tools.doctor.unit import findings
from host_tools.errors import CalfbandError
from host_tools.usb.ports import Port, find_ports

NEEDS_DOING = 1
_MARKS = {GOOD: ("✓", "green"), NOTE: ("·", "dim"), TODO: ("✗", "bold red")}


def doctor(
    port: Annotated[
        list[str] | None, typer.Option(help="Port of a unit; default: all that are connected.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with all facts.")] = False,
    forget_errors: Annotated[
        bool,
        typer.Option("--forget-errors", help="Clear the last error and the restarts on the unit."),
    ] = False,
    no_bluetooth: Annotated[
        bool, typer.Option("--no-bluetooth", help="Do not listen for bands on the air.")
    ] = False,
    twin: Twin = False,
) -> None:
    """Say what is connected, what is wrong with it, and what to do. Exit code 1: something is."""
    terminal = Console(highlight=False)
    ports = [Port(name, "named by --port") for name in port] if port else find_ports()
    found: list[Finding] = []
    units: list[UnitFacts] = []
    with Console(stderr=True).status("looking at this computer") as status:
        found += look_at_programs()
        found += look_at_ports(ports)
        if not no_bluetooth:
            status.update("listening for bands on the air")
            found += look_at_bluetooth(twin)
        for one in ports:
            name = one.device
            try:
                facts = ask(name, lambda step: status.update(f"{name}: {step}"), forget_errors)  # noqa: B023
            except CalfbandError as error:
                found.append(of_error(name, error))
                continue
            units.append(facts)
            found += findings(facts)
    to_do = [finding for finding in found if finding.level == TODO]
    if as_json:
        told = [asdict(finding) for finding in found]
        facts_of = [unit.as_json() for unit in units]
        report = {"well": not to_do, "findings": told, "units": facts_of}
        print(json.dumps(report, indent=1, ensure_ascii=False))
    else:
        _show(terminal, found)
        count = f"{len(to_do)} thing{'s need' if len(to_do) > 1 else ' needs'} doing"
        terminal.print(count if to_do else "all is well", style="bold red" if to_do else "green")
    if to_do:
        raise typer.Exit(NEEDS_DOING)


def _show(terminal: Console, found: list[Finding]) -> None:
    for area in dict.fromkeys(finding.area for finding in found):
        terminal.print(area, style="bold")
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
        for finding in found:
            if finding.area == area:
                mark, style = _MARKS[finding.level]
                table.add_row(f" {mark}", finding.sentence, style=style)
                if finding.remedy:
                    table.add_row("", f"→ {finding.remedy}")
        terminal.print(table)
