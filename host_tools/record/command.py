"""`calfband record`: the band's raw streams as an EDF+ recording that replay takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from host_tools.athlete import Athlete, read_athlete
from host_tools.client.air import Address, Name, Plain, Search, Seconds, Twin, air_over
from host_tools.client.find import Air, Wanted
from host_tools.client.link import BACK_OFF_S, Link
from host_tools.console import Console
from host_tools.errors import CalfbandError
from host_tools.firmware_tables import wire
from host_tools.keys import HEAVINESS, keys
from host_tools.record import journal
from host_tools.record.journal import Journal, journal_path
from host_tools.record.progress import progress, show
from host_tools.record.recorder import Recorder
from host_tools.record.write import Written, finish
from host_tools.until import run_until

BOTH_STREAMS = 0b11
REDRAW_S = 0.25
LONG_S = 600.0  # such a recording takes a noticeable while to be written


def record(
    out: Annotated[Path, typer.Argument(help="The EDF+ file to write, such as run.edf.")],
    name: Name = None,
    address: Address = None,
    twin: Twin = False,
    athlete: Annotated[
        Path | None, typer.Option(help="TOML as for replay: goes into the file's patient field.")
    ] = None,
    seconds: Seconds = 0.0,
    search: Search = 10.0,
    force: Annotated[bool, typer.Option("--force", help="Replace a file.")] = False,
    finish_it: Annotated[
        bool,
        typer.Option("--finish", help="Make the file of a recording that was cut short."),
    ] = False,
    plain: Plain = False,
) -> None:
    """Record the raw samples of a band until Ctrl-C, as an EDF+ file for replay.

    Samples that never came are marked in it as LOST=EMG or LOST=IMU and counted. The band is
    sought again when it is lost.
    """
    console = Console(highlight=False)
    _check_target(out, force)
    if finish_it:
        if not journal_path(out).exists():
            raise CalfbandError(f"{out}: there is no recording of that name to be finished.")
        _show_or_complain(console, finish(journal_path(out), out), out)
        return
    if journal_path(out).exists():
        raise CalfbandError(
            f"{out}: a recording of that name was cut short; save it with calfband record "
            f"--finish {out}, or delete {journal_path(out)}."
        )
    person = read_athlete(athlete, Athlete()) if athlete else Athlete()
    session = Session(out, person, console, plain or not console.is_terminal)
    written = asyncio.run(_over_the_air(session, twin, Wanted(name, address), seconds, search))
    _show_or_complain(console, written, out)
    if session.ended_by is not None:
        raise session.ended_by


async def _over_the_air(
    session: Session, twin: bool, wanted: Wanted, seconds: float, search_s: float
) -> Written | None:
    async with air_over(twin) as air:
        return await session.run(air, wanted, seconds, search_s)


class Session:
    """One recording from the first connection to the finished file."""

    def __init__(self, out: Path, athlete: Athlete, console: Console, plain: bool) -> None:
        self.out = out
        self.console = console
        self.plain = plain
        self.ended_by: CalfbandError | None = None  # what ended a recording that was made
        self._start = {"unix_s": int(time.time()), **patient_and_side(athlete)}

    async def run(
        self,
        air: Air,
        wanted: Wanted,
        seconds: float,
        search_s: float,
        back_off_s: tuple[float, ...] = BACK_OFF_S,
        stop: asyncio.Event | None = None,
    ) -> Written | None:
        """The finished file; None when no sample came. Ends when `stop` is set, too.

        Raises CalfbandError.
        """
        stop = stop or asyncio.Event()
        to = _new_journal(self.out)
        recorder = Recorder(to, stop, self._say)
        recorder.write(journal.START, self._start)
        link = Link(
            air,
            wanted,
            recorder,
            raw_streams=BOTH_STREAMS,
            search_s=search_s,
            back_off_s=back_off_s,
        )
        try:
            await self._record(link, recorder, stop, seconds)
        except CalfbandError as error:
            self.ended_by = error
        finally:
            recorder.write(journal.STOP, {})
            to.close()
        self.ended_by = self.ended_by or recorder.failed
        if not self.plain and recorder.seconds > LONG_S:
            self.console.print(f"writing {self.out.name} ...")
        written = finish(to.path, self.out)
        if written is None and self.ended_by is not None:
            raise self.ended_by
        return written

    async def _record(
        self, link: Link, recorder: Recorder, stop: asyncio.Event, seconds: float
    ) -> None:
        marking: set[asyncio.Task[None]] = set()

        def on_key(key: str) -> None:
            if key in HEAVINESS:
                task = asyncio.ensure_future(recorder.mark(link, wire.MARK, HEAVINESS[key]))
                marking.add(task)
                task.add_done_callback(marking.discard)

        with keys(on_key) as with_keys, self._shown(recorder, with_keys) as redraw:
            drawing = asyncio.ensure_future(_redrawn(redraw))
            try:
                await run_until(link.run(), stop, seconds, link.hang_up)
            finally:
                drawing.cancel()
                with suppress(asyncio.CancelledError):
                    await drawing

    def _say(self, line: str) -> None:
        if self.plain:
            print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)

    def _shown(self, recorder: Recorder, with_keys: bool) -> Any:
        """A context that gives the function which draws the progress anew."""
        if self.plain:
            return nullcontext(lambda: None)
        from rich.live import Live

        live = Live(console=self.console, auto_refresh=False, transient=True)
        return _Drawn(live, lambda: progress(recorder, self.out.name, with_keys))


class _Drawn:
    def __init__(self, live: Any, picture: Callable[[], Any]) -> None:
        self._live = live
        self._picture = picture

    def __enter__(self) -> Callable[[], None]:
        self._live.start()
        return lambda: self._live.update(self._picture(), refresh=True)

    def __exit__(self, *_: object) -> None:
        self._live.stop()


async def _redrawn(redraw: Callable[[], None]) -> None:
    while True:
        redraw()
        await asyncio.sleep(REDRAW_S)


def patient_and_side(athlete: Athlete) -> dict[str, str]:
    """The athlete in the words of the EDF+ header, without what is not known."""
    words = []
    for key, value, unit in (
        ("sex", athlete.sex, ""),
        ("mass", athlete.mass_kg, "kg"),
        ("height", athlete.height_m, "m"),
        ("speed", athlete.speed_m_s, "m/s"),
    ):
        if value:
            words.append(f"{key}={value if isinstance(value, str) else f'{value:g}'}{unit}")
    return {"patient": ";".join(words), "side": athlete.side or ""}


def _check_target(out: Path, force: bool) -> None:
    if out.suffix.lower() != ".edf":
        raise CalfbandError(f"{out}: a recording is an EDF+ file; give it a name ending in .edf.")
    if out.is_dir():
        raise CalfbandError(f"{out}: this is a folder; name a file in it.")
    if out.exists() and not force:
        raise CalfbandError(f"{out}: is there already; name another file or add --force.")
    if not out.parent.is_dir():
        raise CalfbandError(f"{out}: its folder is not there; make it first.")


def _new_journal(out: Path) -> Journal:
    try:
        return Journal(journal_path(out))
    except OSError as error:
        raise CalfbandError(
            f"{out}: cannot be written ({error.strerror or error}); choose another place."
        ) from error


def _show_or_complain(console: Console, written: Written | None, out: Path) -> None:
    if written is None:
        raise CalfbandError(
            f"{out}: not written, for no raw sample came; see that the band is worn and off USB."
        )
    show(console, written)
