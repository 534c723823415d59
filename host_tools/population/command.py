"""`calfband population`: what the band tells thousands of synthetic athletes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from host_tools.console import Console
from host_tools.corpus.stamp import sources_version
from host_tools.corpus.work import Done, Outcome, Task, read_table, run_tasks
from host_tools.errors import CalfbandError
from host_tools.firmware_tables import FIRMWARE_VERSION
from host_tools.population import feature, headline, metrics, raw, tables
from host_tools.population.error_model import CHAIN_ERRORS, consolidated, save
from host_tools.population.page import Tier, render

RAW_ATHLETES, FEATURE_ATHLETES = 40, 2000
RAW_MINUTES = 40.0
SEED = 2026
PAGE, ERRORS, FIGURES = "population.html", "chain_errors.json", "figures.json"
SOME_FAILED, INTERRUPTED = 1, 130


class Which(str, Enum):
    """Which tiers to run."""

    raw = "raw"
    features = "features"
    both = "both"


@dataclass(frozen=True)
class _Options:
    seed: int
    minutes: float
    workers: int | None
    scheduler: str | None
    fresh: bool


def population(
    tier: Annotated[Which, typer.Option(help="Which tiers to run.")] = Which.both,
    athletes: Annotated[
        int | None,
        typer.Option(min=1, help="Athletes of each tier; default: 40 raw, 2000 of features."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for tables and page.")] = Path(
        "build/population"
    ),
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; default: all cores.")
    ] = None,
    scheduler: Annotated[str | None, typer.Option(help="Dask scheduler, tcp://host:port.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same athletes.")] = SEED,
    minutes: Annotated[
        float, typer.Option(min=20, max=120, help="Length of the runs both tiers have.")
    ] = RAW_MINUTES,
    record: Annotated[
        bool,
        typer.Option(
            "--record",
            help="Keep measured errors and headline figures in the package.",
        ),
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Run all again.")] = False,
) -> None:
    """Judge the judge: SYNTHETIC athletes by the thousand, and how often the band is right.

    The raw tier makes and replays every sample (seven runs per athlete) and measures how stride
    features err; the feature tier gives strides with those errors to the fatigue model. What is
    done is kept in --out: the same command goes on where it was stopped.
    """
    console = Console()
    options = _Options(seed, minutes, workers, scheduler, fresh)
    errors = CHAIN_ERRORS
    tiers: list[Tier] = []
    failed: dict[str, str] = {}
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CalfbandError(
            f"{out}: cannot be made a folder ({error.strerror}); choose another --out."
        ) from None
    try:
        if tier is not Which.features:
            tasks = raw.raw_tasks(athletes or RAW_ATHLETES, seed, minutes)
            outcome = _run(console, "raw", tasks, out, options)
            failed |= outcome.failed
            tiers.append(read_tier("raw", out / "raw", keys_of(tasks)))
            errors = out / ERRORS
            _measure(out / "raw", errors, options, keys_of(tasks))
            if record:
                CHAIN_ERRORS.write_bytes(errors.read_bytes())
            if CHAIN_ERRORS.exists() and CHAIN_ERRORS.read_bytes() == errors.read_bytes():
                errors = CHAIN_ERRORS  # the feature tier goes on whichever way it is asked for
        if tier is not Which.raw:
            tasks = feature.feature_tasks(athletes or FEATURE_ATHLETES, seed, minutes, errors)
            outcome = _run(console, "feature", tasks, out, options)
            failed |= outcome.failed
            tiers.append(read_tier("feature", out / "feature", keys_of(tasks)))
    except KeyboardInterrupt:
        console.print(f"stopped: {out} keeps what is done; the same command goes on from there.")
        raise typer.Exit(INTERRUPTED) from None
    show(console, tiers)
    (out / PAGE).write_text(render(tiers), encoding="utf-8", newline="\n")
    figures = _figures(tiers)
    headline.write(figures, out / FIGURES)
    if record and not failed:
        headline.write(figures)
    for key, why in list(failed.items())[:10]:
        console.print(Text(f"{key}: {why}", style="red"))
    console.print(Text(f"→ {out / PAGE}", style="bold"), soft_wrap=True)
    if failed:
        raise typer.Exit(SOME_FAILED)


def _run(
    console: Console, tier: str, tasks: Sequence[Task], out: Path, options: _Options
) -> Outcome:
    """Do a tier's tasks with a bar and the time left."""
    module: Any = raw if tier == "raw" else feature
    work = raw.replay_run if tier == "raw" else feature.judge_athletes
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        speed_estimate_period=300,
        transient=True,
    )
    started = time.perf_counter()
    seconds = 0.0
    with bar:
        line = bar.add_task(f"{tier} tier", total=len(tasks))

        def on_done(done: Done) -> None:
            nonlocal seconds
            seconds += done.seconds
            bar.advance(line)

        outcome = run_tasks(
            tasks,
            work,
            out / tier,
            scheduler=options.scheduler,
            workers=options.workers,
            on_done=on_done,
            sources=module.SOURCES,
            fresh=options.fresh,
        )
    took = time.perf_counter() - started
    each = f", {seconds / outcome.ran:.1f} s each" if outcome.ran else ""
    counts = [
        (outcome.ran, "run"),
        (outcome.reused, "from before"),
        (len(outcome.failed), "failed"),
    ]
    done = ", ".join(f"{n} {what}" for n, what in counts if n)
    console.print(f"{tier} tier: {done} in {took / 60:.1f} min{each}", highlight=False)
    return outcome


def keys_of(tasks: Sequence[Task]) -> list[str]:
    """The tasks' parts of a store, which may hold others from before."""
    return [task.key for task in tasks]


def read_tier(name: str, store: Path, keys: Sequence[str] | None = None) -> Tier:
    """A tier from its store. Raises CalfbandError when it is empty."""
    found = {table: read_table(store, table, keys) for table in ("runs", "moments", "named")}
    if not found["runs"].num_rows:
        raise CalfbandError(f"{store}: no run of the {name} tier could be done.")
    rows = {table: metrics.rows_of(t) if t.num_rows else None for table, t in found.items()}
    assert rows["runs"] is not None
    return Tier(name, rows["runs"], rows["moments"], rows["named"])


def _figures(tiers: Sequence[Tier]) -> headline.Figures:
    """Headline figures of every tier, and of the athletes a test judges again."""
    figures = {each.name: headline.headline(each.runs, each.faults) for each in tiers}
    for each in tiers:
        checked = headline.check(each.runs, each.faults) if each.name == "feature" else None
        if checked:
            figures[headline.CHECK] = checked
    return figures


def _measure(store: Path, errors: Path, options: _Options, keys: Sequence[str]) -> None:
    """Write how the chain errs, from the raw tier's tables."""
    rows = {
        name: read_table(store, name, keys).to_pylist()
        for name in ("errors", "rates", "correlations", "fault_effects")
    }
    provenance = {
        "firmware": FIRMWARE_VERSION,
        "firmware_sources": sources_version(("firmware",)),
        "seed": options.seed,
        "runs": len(keys),
        "minutes": options.minutes,
        "made_by": "calfband population --tier raw",
        "data": "synthetic",
    }
    model = consolidated(
        rows["errors"], rows["rates"], rows["correlations"], rows["fault_effects"], provenance
    )
    save(model, errors)


def show(console: Console, tiers: Sequence[Tier]) -> None:
    """All tables in the terminal."""
    for tier in tiers:
        for sheet in tables.sheets(tier.name, tier.runs, tier.moments, tier.faults):
            _print(console, sheet)
    if len(tiers) == 2:
        raw_runs, feature_runs = (metrics.where(tier.runs, variant="") for tier in tiers)
        _print(console, tables.agreement_sheet(raw_runs, feature_runs))


def _print(console: Console, sheet: tables.Sheet) -> None:
    table = Table(title=f"{sheet.title} (synthetic)", caption=sheet.note or None)
    for i, name in enumerate(sheet.head):
        table.add_column(name, justify="left" if i == 0 else "right")
    for row in sheet.rows:
        table.add_row(*row)
    console.print(table, highlight=False)
