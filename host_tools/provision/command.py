"""`calfband provision`: show what will change on a unit, change it, read it back."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from host_tools.console import Console as Terminal
from host_tools.errors import CalfbandError, UnitError
from host_tools.provision.keys import KEYS, OF_SETTING, Value
from host_tools.provision.on_unit import (
    UnitSettings,
    quiet_unit,
    read_unit,
    set_aside,
    write_unit,
)
from host_tools.provision.unit_file import read_unit_file, template
from host_tools.usb.console import Console
from host_tools.usb.ports import one_port

STARTS_WITHIN_S = 3.0


@dataclass
class Provisioned:
    """What became of one unit. old and new: what each change was, by setting."""

    port: str
    before: UnitSettings
    after: UnitSettings
    old: dict[str, Value] = field(default_factory=dict)
    new: dict[str, Value] = field(default_factory=dict)


def provision(
    unit_file: Annotated[
        Path | None, typer.Argument(metavar="[UNIT.toml]", help="What the unit shall know.")
    ] = None,
    port: Annotated[
        str | None, typer.Option(help="Serial port; default: the only one there is.")
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Print what the unit knows; change nothing.")
    ] = False,
    print_template: Annotated[
        bool, typer.Option("--template", help="Print a UNIT.toml with every key; needs no unit.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would change; change nothing.")
    ] = False,
    start_over: Annotated[
        bool,
        typer.Option(
            "--start-over", help="Put settings of a later firmware aside (they are kept)."
        ),
    ] = False,
    records: Annotated[
        Path, typer.Option(help="Folder of the units' records; one folder each in it.")
    ] = Path("units"),
) -> None:
    """Give a unit its name, its wearer and its ways: UNIT.toml into its settings, read back."""
    if print_template:
        print(template(), end="")
        return
    if unit_file is None and not show and not start_over:
        raise CalfbandError(
            "name a UNIT.toml (calfband provision --template prints one), or use --show."
        )
    wanted = {} if unit_file is None else read_unit_file(unit_file)
    terminal = Terminal(highlight=False)
    with terminal.status("asking the unit"):
        console = Console.open(one_port(port), STARTS_WITHIN_S)
    with console:
        try:
            quiet_unit(console)
            done = _at_unit(terminal, console, wanted, start_over and not dry_run, dry_run)
            if show:
                terminal.print(_knows(done.after))
        finally:
            with suppress(UnitError):
                console.reset()  # the app starts with what it now knows
    if done.new and not dry_run:
        path = write_record(records, done, unit_file)
        terminal.print(f"→ {path}", style="bold", soft_wrap=True)


def _at_unit(
    terminal: Terminal,
    console: Console,
    wanted: dict[str, Value],
    start_over: bool,
    dry_run: bool,
) -> Provisioned:
    unit = before = read_unit(console)
    if start_over and unit.newer:
        unit = set_aside(console)
        terminal.print("settings of a later firmware put aside: settings.a.kept or .b.kept")
    new = {name: value for name, value in wanted.items() if unit.values.get(name) != value}
    done = Provisioned(console.port, before, unit, {name: unit.values[name] for name in new
                                                    if name in unit.values}, new)  # fmt: skip
    _say_state(terminal, unit)
    if not wanted:
        return done
    if not new:
        terminal.print(f"{unit.serial}: knows all of this already; nothing to change.")
        return done
    terminal.print(_changes(done))
    if dry_run:
        terminal.print("nothing was changed (--dry-run)")
        return done
    with terminal.status("writing, and reading back"):
        done.after = write_unit(console, new)
    count = f"{len(new)} setting{'s' if len(new) > 1 else ''}"
    terminal.print(
        f"{done.after.serial}: {count} written and read back; copy {done.after.generation}, "
        f"schema {done.after.schema}",
        style="green",
    )
    return done


def _say_state(terminal: Terminal, unit: UnitSettings) -> None:
    """What the user should know of the settings as they were found."""
    if unit.newer:
        text = "a later firmware wrote this unit's settings; this one cannot read them"
    elif unit.refused:
        text = f"out of today's bounds and not used: {', '.join(unit.refused)}"
    elif unit.lost:
        text = "what the unit knew was damaged; it has gone back to defaults"
    elif unit.from_schema and unit.from_schema < unit.schema:
        text = f"settings of schema {unit.from_schema}; the first change writes {unit.schema}"
    else:
        return
    terminal.print(f"note: {text}", style="yellow")


def _table(*heads: str) -> Table:
    table = Table(box=None, pad_edge=False, show_header=bool(heads))
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def _changes(done: Provisioned) -> Table:
    table = _table("", "old", "", "new")
    for name, value in done.new.items():
        key = OF_SETTING[name]
        old = key.shown(done.old[name]) if name in done.old else "?"
        table.add_row(key.what, old, "→", key.shown(value))
    return table


def _knows(unit: UnitSettings) -> Table:
    table = _table()
    table.add_row("chip's number", unit.number)
    table.add_row("firmware", unit.firmware)
    for key in KEYS:
        value = unit.values.get(key.setting)
        table.add_row(key.what, "not known to this firmware" if value is None else key.shown(value))
    table.add_row("earlier runs of the athlete", str(unit.runs))
    day = int(unit.values.get("cal.day", 0))
    date = datetime.fromtimestamp(86_400 * day).date().isoformat()
    table.add_row("calibrated", date if day else "no")
    copies = f"copy {unit.generation}, schema {unit.from_schema}"
    table.add_row("settings", copies if unit.generation else "nothing kept yet: all defaults")
    return table


def write_record(folder: Path, done: Provisioned, unit_file: Path | None) -> Path:
    """JSON in the folder of the unit's own. Raises CalfbandError."""
    now = datetime.now().astimezone()
    unit = folder / re.sub(r"[^0-9A-Za-z.-]+", "-", done.before.number)
    path = unit / f"provision-{now.strftime('%Y%m%d-%H%M%S')}.json"
    changes = [
        {
            "key": f"{OF_SETTING[name].section}.{OF_SETTING[name].name}",
            "setting": name,
            "old": done.old.get(name),
            "new": value,
        }
        for name, value in done.new.items()
    ]
    record = {
        "command": "provision",
        "started": now.isoformat(timespec="seconds"),
        "port": done.port,
        "unit": done.before.number,
        "serial": done.after.serial,
        "firmware": done.after.firmware,
        "file": str(unit_file),
        "changes": changes,
        "verified": True,  # else there is no record
        "generation": done.after.generation,
        "schema": done.after.schema,
        "values": done.after.values,
    }
    try:
        unit.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise CalfbandError(
            f"{path}: the record cannot be written ({error.strerror}); the unit itself is "
            "provisioned. Name another folder with --records."
        ) from None
    return path
