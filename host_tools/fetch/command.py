"""`calfband fetch`: the sessions that a band kept while nobody listened."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from host_tools.client.air import Address, Name, Plain, Search, Twin, air_over
from host_tools.client.find import Air, Wanted
from host_tools.client.link import BACK_OFF_S, Link
from host_tools.console import Console
from host_tools.errors import CalfbandError
from host_tools.fetch.session_file import read_session
from host_tools.fetch.show import Show, notes, table
from host_tools.fetch.store import Store
from host_tools.fetch.tables import write_session
from host_tools.fetch.transfer import Say, Transfer, Visitor
from host_tools.fetch.visit import Visit
from host_tools.until import run_until

STOPPED = 130  # as a shell tells of Ctrl-C


def fetch(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE.log", help="Decode these session files; no band is sought."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for the sessions, one folder each in it."),
    ] = None,
    list_only: Annotated[
        bool, typer.Option("--list", help="Only say what is on the band.")
    ] = False,
    session: Annotated[
        list[int] | None,
        typer.Option("--session", min=1, max=0xFFFF, help="Only this one; may be repeated."),
    ] = None,
    erase: Annotated[
        bool,
        typer.Option("--erase", help="Erase from the band what lies here, whole and checked."),
    ] = False,
    name: Name = None,
    address: Address = None,
    twin: Twin = False,
    search: Search = 10.0,
    plain: Plain = False,
) -> None:
    """Get the sessions that a band kept, as CSV files; goes on where it was cut off.

    The session that runs is left alone unless --session names it.
    """
    console = Console(highlight=False)
    if files:
        if list_only or erase or session or twin or name or address:
            raise CalfbandError("files are decoded without a band: leave out its options.")
        decode(console, files, _needed(out))
        return
    if list_only and erase:
        raise CalfbandError("--list changes nothing: leave out --erase.")
    store = Store(out) if out else None
    if not list_only:
        _needed(out)
    with Show(console, plain or not console.is_terminal) as show:
        visit = Visit(store, session or [], list_only=list_only, erase=erase, on_bytes=show.bytes)
        try:
            stopped = asyncio.run(_over_the_air(visit, show, twin, Wanted(name, address), search))
        finally:
            show.close()
            if visit.outcomes:
                console.print(table(visit.outcomes))
        for note in notes(visit.outcomes):
            console.print(Text(f"note: {note}", style="yellow"))
    if not visit.outcomes and not visit.troubles and not stopped:
        console.print("The band keeps no session.")
    if out is not None and visit.outcomes and not list_only:
        console.print(Text(f"→ {out}", style="bold"), soft_wrap=True)
    if stopped:
        console.print("Stopped; the same command goes on from here.")
        raise typer.Exit(STOPPED)
    _complain(console, visit.troubles)


def _complain(console: Console, troubles: list[str]) -> None:
    """All but the last as notes; raises CalfbandError with that one."""
    for trouble in troubles[:-1]:
        console.print(Text(f"note: {trouble}", style="yellow"))
    if troubles:
        raise CalfbandError(troubles[-1])


async def _over_the_air(
    visit: Visit, show: Show, twin: bool, wanted: Wanted, search_s: float
) -> bool:
    """Whether the user stopped it."""
    stop = asyncio.Event()
    async with air_over(twin) as air:
        await run_until(visit_band(visit, air, wanted, show.say, search_s), stop, 0, _nothing)
    return stop.is_set()


async def visit_band(
    visit: Visit,
    air: Air,
    wanted: Wanted,
    say: Say,
    search_s: float,
    back_off_s: tuple[float, ...] = BACK_OFF_S,
) -> None:
    """The whole visit, from looking for the band to hanging up. Raises CalfbandError."""
    visitor = Visitor(say)
    link = Link(air, wanted, visitor, logs=True, search_s=search_s, back_off_s=back_off_s)
    transfer = Transfer(link, visitor)

    async def job() -> None:
        await visitor.can_ask.wait()
        await visit.run(transfer)

    linking, working = asyncio.ensure_future(link.run()), asyncio.ensure_future(job())
    try:
        await asyncio.wait({linking, working}, return_when=asyncio.FIRST_COMPLETED)
        (working if working.done() else linking).result()
    finally:
        for task in (working, linking):
            task.cancel()
        await asyncio.gather(working, linking, return_exceptions=True)


async def _nothing() -> None:
    """A cut fetch owes the band nothing: it stops sending when the link ends."""


def decode(console: Console, files: list[Path], out: Path) -> None:
    """Session files from disk: one into `out`, several into a folder each in it.

    What is whole of a cut or damaged file is written all the same. Raises CalfbandError.
    """
    folders = [out / path.stem for path in files] if len(files) > 1 else [out]
    if len(set(folders)) < len(folders):
        raise CalfbandError("two of the files have the same name; decode them one by one.")
    troubles = []
    for path, folder in zip(files, folders, strict=True):
        try:
            session = read_session(path)
        except CalfbandError as error:
            troubles.append(str(error))
            continue
        summary = write_session(session, folder, {"file": path.name, "band": None})
        ended = f"ended by {summary['ended_by']}" if summary["ended_by"] else "without an end"
        console.print(
            f"{path.name}: session {summary['session']}, {summary['start_utc'] or 'start not told'}"
            f", {summary['duration_s'] / 60:.1f} min, "
            f"{summary['counts']['strides']} strides, {ended}",
            markup=False,
        )
        for note in summary["notes"]:
            console.print(Text(f"note: {note}", style="yellow"))
        console.print(Text(f"→ {folder}", style="bold"), soft_wrap=True)
        if not session.is_whole:
            troubles.append(
                f"{path}: is cut off or damaged behind byte {session.whole_bytes} of "
                f"{session.bytes}; what is whole was written, fetch it again for the rest."
            )
    _complain(console, troubles)


def _needed(out: Path | None) -> Path:
    if out is None:
        raise CalfbandError("name the folder for the sessions with --out.")
    return out
