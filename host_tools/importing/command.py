"""`calfband import`: other people's recordings as EDF+ for replay."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from host_tools.console import Console
from host_tools.errors import CalfbandError
from host_tools.importing.convert import import_recording, jobs_for
from host_tools.importing.map_file import load_map, ready_made, with_columns
from host_tools.importing.report import show

_PEOPLE, _FILES = "The athlete", "The files"


def _list_maps(wanted: bool) -> None:
    if not wanted:
        return
    table = Table("map", "for", "layout known from")
    for path in ready_made():
        found = load_map(str(path))
        table.add_row(found.name, found.title, found.layout)
    Console().print(table)
    raise typer.Exit


def _show_map(name: str | None) -> None:
    if name:
        found = load_map(name)
        print(found.path.read_text(encoding="utf-8"), end="")
        raise typer.Exit


def import_files(
    files: Annotated[list[Path], typer.Argument(help="CSV, TSV, Parquet, MATLAB, HDF5, C3D, R.")],
    map: Annotated[
        str, typer.Option("--map", help="A map (.toml) or the name of a ready-made one.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="File to write, or folder; default: beside the source.", rich_help_panel=_FILES
        ),
    ] = None,
    channel: Annotated[
        list[str] | None,
        typer.Option(
            help="LABEL=COLUMN over the map, repeatable: 'EMG GM=*Sensor 3*EMG 1*', ACC=x,y,z.",
            rich_help_panel=_FILES,
        ),
    ] = None,
    number: Annotated[
        int | None,
        typer.Option(min=1, help="Of several recordings in a file only this one, from 1."),
    ] = None,
    sex: Annotated[str | None, typer.Option(help="F, M or X", rich_help_panel=_PEOPLE)] = None,
    mass: Annotated[float | None, typer.Option(help="kg", rich_help_panel=_PEOPLE)] = None,
    height: Annotated[float | None, typer.Option(help="m", rich_help_panel=_PEOPLE)] = None,
    speed: Annotated[float | None, typer.Option(help="m/s", rich_help_panel=_PEOPLE)] = None,
    side: Annotated[str | None, typer.Option(help="right or left", rich_help_panel=_PEOPLE)] = None,
    json: Annotated[
        bool, typer.Option("--json", help="The report as FILE.import.json, too.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that was not imported.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    show_map: Annotated[
        str | None,
        typer.Option(
            "--show-map",
            callback=_show_map,
            is_eager=True,
            help="Print a ready-made map, to be copied and changed; template explains every key.",
        ),
    ] = None,
    list_maps: Annotated[
        bool,
        typer.Option(
            "--list-maps", callback=_list_maps, is_eager=True, help="List the ready-made maps."
        ),
    ] = False,
) -> None:
    """Make EDF+ recordings for replay from other people's files.

    A map says what is what in them. What cannot be interpreted is refused with a sentence.
    """
    if sex is not None and sex not in ("F", "M", "X"):
        raise CalfbandError(f"--sex {sex}: must be F, M or X.")
    if side is not None and side not in ("right", "left"):
        raise CalfbandError(f"--side {side}: must be right or left.")
    options = {"sex": sex, "mass_kg": mass, "height_m": height, "speed_m_s": speed, "side": side}
    found = with_columns(load_map(map), channel or [])
    jobs = jobs_for(files, found, number)
    one_file = out is not None and out.suffix.lower() == ".edf" and not out.is_dir()
    if one_file and len(jobs) > 1:
        raise CalfbandError(
            f"{out}: there are {len(jobs)} recordings to write; name a folder with --out."
        )
    console = Console(quiet=quiet)
    failed = False
    for job in jobs:
        folder = job.files[0].parent if out is None else out
        target = out if one_file and out is not None else folder / f"{job.name}.edf"
        try:
            report = import_recording(job, found, target, files, options, force)
            if json:
                report.write_json(target.with_suffix(".import.json"))
        except CalfbandError as error:
            if len(jobs) == 1:
                raise
            print(f"calfband: {error}", file=sys.stderr, flush=True)
            failed = True
            continue
        show(console, report)
    if failed:
        raise typer.Exit(2)
