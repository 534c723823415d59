"""`calfband corpus`: recordings in, one store of tables and one page out."""

from __future__ import annotations

import io
import sys
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from host_tools.athlete import Athlete, read_athlete, read_settings
from host_tools.console import Console
from host_tools.corpus.aggregate import Corpus, summed_up
from host_tools.corpus.show import conclude, show
from host_tools.corpus.sources import find_recordings
from host_tools.corpus.store import Store, write_whole
from host_tools.corpus.tables import SOURCES, Replay, replay_tables
from host_tools.corpus.work import FAILURES, TIMINGS, Done, Task, run_tasks
from host_tools.terminal import progress

SOME_FAILED = 1
MOST_FAILURES = 20
INTERRUPTED = 130
PAGE = "corpus.html"
TABLES = (
    "recordings",
    "accuracy",
    "contacts",
    "onsets",
    "strides",
    "warnings",
    "marks",
    "faults",
    FAILURES,
    TIMINGS,
)


def corpus(
    recordings: Annotated[
        list[str],
        typer.Argument(
            metavar="DIR...",
            help="Folders, .edf files, globs, or fsspec URLs such as s3://, https://, zip://.",
        ),
    ],
    out: Annotated[
        str, typer.Option("--out", help="Folder or fsspec URL for the tables and the page.")
    ],
    workers: Annotated[
        int | None, typer.Option(min=1, help="Recordings at a time; default: all cores.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Dask scheduler, tcp://host:port; local files must be seen there, too."),
    ] = None,
    athlete: Annotated[
        Path | None,
        typer.Option(help="TOML as for replay; goes before what the recordings say."),
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="TOML: mains_hz = 0, 50 or 60.")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Replay all again, whatever is in --out.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Replay any number of recordings through the firmware and sum them up on one page.

    What is done is kept in --out: the same command goes on where it was stopped, and replays
    only what has changed. A bad recording is named and stops no other; the exit code is then 1.
    """
    known = read_athlete(athlete, Athlete()) if athlete else Athlete()
    mains_hz = read_settings(settings)["mains_hz"] if settings else 0
    found = find_recordings(recordings)
    tasks = [Task(source.name, Replay(source, known, mains_hz)) for source in found]
    console = Console(quiet=quiet)
    done: list[Done] = []
    title = f"{len(tasks)} recording{'s' if len(tasks) != 1 else ''}"
    out = out.rstrip("/") or out
    store = f"{out}/parts"

    try:
        with progress(console, title) as on_progress:

            def on_done(one: Done) -> None:
                done.append(one)
                on_progress(len(done) / len(tasks))

            outcome = run_tasks(
                tasks,
                replay_tables,
                store,
                scheduler=scheduler,
                workers=workers,
                sources=SOURCES,
                fresh=fresh,
                on_done=on_done,
            )
        summary = _write(out, Store(store), [task.key for task in tasks])
    except KeyboardInterrupt:
        kept = sum(one.how != "failed" for one in done)
        console.print(
            f"stopped: {kept} of {title} kept in {out}; the same command goes on from there.",
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(INTERRUPTED) from None
    show(console, summary)
    _complain(outcome.failed)
    conclude(console, outcome, f"{out}/{PAGE}")
    if outcome.failed:
        raise typer.Exit(SOME_FAILED)


def _write(out: str, store: Store, keys: list[str]) -> Corpus:
    """Whole tables and the page beside the parts."""
    from host_tools.corpus.page import render

    read = lru_cache(maxsize=None)(lambda name: store.table(name, keys))
    fs, root = fsspec.core.url_to_fs(out)
    for name in TABLES:
        write_whole(fs, f"{root}/{name}.parquet", _parquet(read(name)))
    summary = summed_up(read)
    write_whole(fs, f"{root}/{PAGE}", render(summary).encode())
    return summary


def _complain(failed: dict[str, str]) -> None:
    """A sentence for each, as every error of the command: on standard error, quiet or not."""
    for name, error in list(failed.items())[:MOST_FAILURES]:
        told = error if name in error else f"{name}: {error}"
        print(f"calfband: {told}", file=sys.stderr, flush=True)
    if len(failed) > MOST_FAILURES:
        more = len(failed) - MOST_FAILURES
        print(f"calfband: and {more} more; the page lists all.", file=sys.stderr, flush=True)


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()
