"""`calfband bench`: what `make target` asks of an emulated core, asked of a real unit."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from host_tools.bench.clock import Clock, look_at_clock
from host_tools.bench.kernels import try_kernels
from host_tools.bench.outcome import Outcome, outcome, write
from host_tools.bench.parts import try_parts
from host_tools.bench.run import RunResults, run_band
from host_tools.bench.show import show
from host_tools.bench.unit import TooLittleMemoryError, Unit, borrowed
from host_tools.bench.vectors import Vectors, make_vectors
from host_tools.console import Console
from host_tools.errors import FirmwareError
from host_tools.terminal import progress
from host_tools.usb.ports import one_port
from target.machines import TargetError

_MODULES_BYTES = 36_000  # of ours that are sent, about


def bench(
    port: Annotated[
        str | None, typer.Option(help="Port of the unit; without it, the one there is.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where each unit's record goes.")] = Path(
        "units"
    ),
    quick: Annotated[
        bool, typer.Option("--quick", help="A few calls of each kernel, 3 s of running.")
    ] = False,
    other_firmware: Annotated[
        bool,
        typer.Option("--other-firmware", help="Measure firmware that is not this computer's."),
    ] = False,
) -> None:
    """Does the unit compute the same integers, and in how many cycles? Exit code 1: no; too many.

    Takes two minutes at 115200 baud. The app is stopped, and started again in the end.
    """
    console = Console(highlight=False, record=True)
    if not console.is_terminal:
        console.width = max(console.width, 100)
    found = measure(one_port(port), quick, other_firmware, console)
    show(console, found)
    path = write(found, out, console.export_text(clear=False))
    console.print(f"→ {path}", markup=False, soft_wrap=True)
    if found.incomplete:
        print(f"calfband: {found.incomplete}", file=sys.stderr, flush=True)
    if found.exit_code:
        raise typer.Exit(found.exit_code)


def measure(port: str, quick: bool, other_firmware: bool, console: Console) -> Outcome:
    """Raises CalfbandError."""
    with borrowed(port, other_firmware) as unit, tempfile.TemporaryDirectory() as folder:
        with console.status("running the firmware on this computer"):
            try:
                vectors = make_vectors(Path(folder), quick)
            except TargetError as error:
                raise FirmwareError(f"the firmware does not run here: {error}") from error
        total = vectors.bytes + _MODULES_BYTES
        run: RunResults | None = None
        incomplete = ""
        with progress(console, f"{port}: the same on the unit") as on_progress:
            sent = 0

            def count(new: int) -> None:
                nonlocal sent
                sent += new
                on_progress(min(sent / total, 1.0))

            unit.on_sent = count
            clock = look_at_clock(unit)
            kernels = try_kernels(unit, vectors, clock)
            try:
                run = run_band(unit, vectors, clock)
            except TooLittleMemoryError as error:
                incomplete = str(error)
                run = _from_samples(unit, vectors, clock)
            parts = try_parts(unit)
        found = outcome(unit.facts, clock, vectors, kernels, run, parts)
        found.incomplete = incomplete
        return found


def _from_samples(unit: Unit, vectors: Vectors, clock: Clock) -> RunResults | None:
    """The chain alone, where the drivers find no room beside it; None where it does not either."""
    try:
        return run_band(unit, vectors, clock, samples=True)
    except TooLittleMemoryError:
        return None
