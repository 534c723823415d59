"""What `calfband fetch` shows: bytes as they come, then the sessions as a table."""

from __future__ import annotations

import time
from datetime import datetime

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from host_tools.fetch.visit import BROKEN, FETCHED, HERE, RUNNING, Outcome
from host_tools.record.progress import clock

LEFT = ("start", "")
STYLES = {FETCHED: "green", HERE: "dim", RUNNING: "cyan", BROKEN: "yellow"}


class Show:
    """Bars on a terminal; otherwise a line for each session that came."""

    def __init__(self, console: Console, plain: bool) -> None:
        self._console = console
        self._plain = plain
        self._tasks: dict[int, TaskID] = {}
        self._began: dict[int, tuple[float, int]] = {}  # session -> (time, bytes there)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=plain,
        )

    def __enter__(self) -> Show:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """No bars any more; again is no harm."""
        self._bars.stop()

    def say(self, line: str) -> None:
        if self._plain:
            print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)
        else:
            self._console.print(line, style="dim", markup=False, highlight=False)

    def bytes(self, session: int, there: int, of: int) -> None:
        began, at_first = self._began.setdefault(session, (time.monotonic(), there))
        if not self._plain:
            if session not in self._tasks:
                self._tasks[session] = self._bars.add_task(f"session {session}", total=of)
            self._bars.update(self._tasks[session], completed=there, total=of)
        elif there == of:
            rate = (there - at_first) / max(time.monotonic() - began, 1e-3) / 1000
            self.say(f"session {session}: {size_text(there - at_first)} at {rate:.1f} kB/s")


def table(outcomes: list[Outcome]) -> Table:
    """One row per session."""
    shown = Table()
    for head in ("session", "start", "length", "strides", "size", ""):
        shown.add_column(head, justify="left" if head in LEFT else "right", no_wrap=True)
    for outcome in outcomes:
        summary = outcome.summary or {}
        strides = summary.get("counts", {}).get("strides")
        state = Text(outcome.state, style=STYLES.get(outcome.state, ""))
        if outcome.erased:
            state.append(", erased")
        shown.add_row(
            str(outcome.row.session),
            _start(outcome),
            clock(summary["duration_s"]) if summary else "",
            "" if strides is None else str(strides),
            size_text(outcome.place.bytes if outcome.place else outcome.row.bytes),
            state,
        )
    return shown


def notes(outcomes: list[Outcome]) -> list[str]:
    """What a reader of the sessions that came now must know."""
    return [
        f"session {outcome.row.session}: {note}"
        for outcome in outcomes
        if outcome.place is not None and outcome.state != HERE
        for note in (outcome.summary or {}).get("notes", [])
    ]


def size_text(n: int) -> str:
    return f"{n} B" if n < 1000 else f"{n / 1000:.1f} kB" if n < 1_000_000 else f"{n / 1e6:.2f} MB"


def _start(outcome: Outcome) -> Text:
    """In local time; told later in the session, it is known once that is decoded."""
    unix_s = float(outcome.row.start_unix_s)
    utc = (outcome.summary or {}).get("start_utc")
    if not unix_s and utc:
        unix_s = datetime.fromisoformat(utc.replace("Z", "+00:00")).timestamp()
    if not unix_s:
        return Text("not told", style="dim")
    return Text(datetime.fromtimestamp(unix_s).strftime("%Y-%m-%d %H:%M"))
