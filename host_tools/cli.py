"""The `calfband` command. Each command loads its own machinery, so that --help is quick."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from host_tools.errors import CalfbandError

if TYPE_CHECKING:
    from host_tools.replay import Job

# Commands whose machinery takes a while to load: name -> (module, function, line of help).
LAZY = {
    "calibrate": (
        "host_tools.calibrate.command",
        "calibrate",
        "Calibrate a band step by step, over Bluetooth, and certify it.",
    ),
    "bench": (
        "host_tools.bench.command",
        "bench",
        "On a unit on USB: the same integers as here, and in how many cycles?",
    ),
    "board": (
        "host_tools.virtual_board.command",
        "board",
        "A virtual unit on USB: ROM loader and real MicroPython on one flash file.",
    ),
    "corpus": (
        "host_tools.corpus.command",
        "corpus",
        "Replay any number of recordings, on all cores or a Dask cluster, and sum them up.",
    ),
    "flash": (
        "host_tools.flash.command",
        "flash",
        "Put the firmware onto units on USB, check all of it, run their self-test.",
    ),
    "population": (
        "host_tools.population.command",
        "population",
        "Judge the warnings on SYNTHETIC athletes by the thousand.",
    ),
    "live": (
        "host_tools.live.command",
        "live",
        "Show what a band says while you run, over Bluetooth.",
    ),
    "record": (
        "host_tools.record.command",
        "record",
        "Record a band's raw samples over Bluetooth, as EDF+ for replay.",
    ),
    "fetch": (
        "host_tools.fetch.command",
        "fetch",
        "Get the sessions that a band kept while it was out alone, as CSV files.",
    ),
    "twin": (
        "host_tools.virtual.command",
        "twin",
        "Boot the very firmware on virtual chips that a recording feeds, Bluetooth and all.",
    ),
    "provision": (
        "host_tools.provision.command",
        "provision",
        "Give a unit its name, its wearer and its ways, from a TOML file.",
    ),
    "doctor": (
        "host_tools.doctor.command",
        "doctor",
        "Say what is connected, what is wrong with it, and what to do about it.",
    ),
    "synth": (
        "host_tools.synth.command",
        "synth",
        "Make a SYNTHETIC run with known truth, as an EDF+ recording.",
    ),
    "import": (
        "host_tools.importing.command",
        "import_files",
        "Make EDF+ recordings for replay from other people's files.",
    ),
}


class _LazyGroup(TyperGroup):
    """Lists every command but loads a lazy one only when it is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] in LAZY:
            module, function, _ = LAZY[args[0]]
            alone = typer.Typer(add_completion=False)
            alone.command(args[0])(getattr(import_module(module), function))
            self.commands[args[0]] = typer.main.get_command(alone)
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_LazyGroup,
    help="Calf band: replay recordings through the firmware, and the tools around it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class BlockMs(str, Enum):
    """How much time the sensors hand over at once."""

    MS_20 = "20"
    MS_30 = "30"
    MS_40 = "40"
    MS_120 = "120"


for _name, (_, _, _help) in LAZY.items():
    app.command(_name, help=_help)(lambda: None)


def _show_version(wanted: bool) -> None:
    if wanted:
        from host_tools.firmware_tables import FIRMWARE_VERSION

        print(f"calfband {FIRMWARE_VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


@app.command()
def replay(
    recordings: Annotated[list[Path], typer.Argument(help="EDF or EDF+ recordings.")],
    out: Annotated[
        Path,
        typer.Option("--out", help="Output folder; with several recordings one folder each in it."),
    ],
    athlete: Annotated[
        Path | None,
        typer.Option(
            help="TOML: mass_kg, height_m, speed_m_s, side, and `runs` tables of earlier baselines."
        ),
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="TOML: mains_hz = 0, 50 or 60.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    block_ms: Annotated[
        BlockMs, typer.Option(help="Milliseconds per block; changes nothing in the results.")
    ] = BlockMs.MS_120,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Recordings at a time; default: all cores.")
    ] = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Skip report.html.")] = False,
) -> None:
    """Run the firmware's chain over recordings: strides, contractions, warnings, a report."""
    from host_tools.athlete import read_settings
    from host_tools.replay import default_workers, jobs_for

    mains_hz = read_settings(settings)["mains_hz"] if settings else 0
    todo = jobs_for(recordings, out, athlete, mains_hz, int(block_ms.value), not no_report)
    if len(todo) == 1:
        _replay_one(todo[0], quiet)
    else:
        _replay_several(todo, jobs or default_workers(), quiet)


def _replay_one(job: Job, quiet: bool) -> None:
    from host_tools.replay import replay

    if quiet:
        replay(job)
        return
    from host_tools.console import Console
    from host_tools.terminal import progress, show

    console = Console()
    with progress(console, job.recording.name) as on_progress:
        result = replay(job, on_progress)
    show(console, result, job.out)


def _replay_several(todo: list[Job], workers: int, quiet: bool) -> None:
    from host_tools.console import Console
    from host_tools.replay import replay_all
    from host_tools.terminal import progress, show

    console = Console(quiet=quiet)
    worst = 0
    with progress(console, f"{len(todo)} recordings") as on_progress:
        for done, (job, outcome) in enumerate(replay_all(todo, workers), start=1):
            if isinstance(outcome, CalfbandError):
                _complain(outcome)
                worst = max(worst, outcome.exit_code)
            else:
                show(console, outcome, job.out)
                console.print()
            on_progress(done / len(todo))
    if worst:
        raise typer.Exit(worst)


def _complain(error: CalfbandError) -> None:
    print(f"calfband: {error}", file=sys.stderr, flush=True)


def run_command(function: Callable[..., None]) -> None:
    """A program of one command, with the same end to its errors."""
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command()(function)
    main(alone)


def main(commands: typer.Typer = app) -> None:
    """Entry point: every CalfbandError ends here as one sentence and its exit code."""
    try:
        commands()
    except CalfbandError as error:
        _complain(error)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
