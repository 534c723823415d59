"""What `calfband flash` shows: a bar for every unit, then what became of each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from host_tools.flash.outcome import OnStep, Outcome
from host_tools.image.base import NAMES
from host_tools.usb.self_test import FAILED, GOOD


@contextmanager
def bars(console: Console, ports: list[str]) -> Iterator[OnStep]:
    """Takes (port, step, share of all work)."""
    with Progress(
        TextColumn("{task.fields[port]}"),
        TextColumn("{task.description}", style="dim"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        tasks = {port: progress.add_task("waiting", port=port, total=1.0) for port in ports}
        yield lambda port, step, share: progress.update(
            tasks[port], description=step, completed=share
        )


def show(console: Console, outcome: Outcome, record: Path) -> None:
    """One unit, whole."""
    port = Text(outcome.port, style="bold")
    if outcome.error:
        console.print(port, Text("failed", style="bold red"))
    else:
        word = Text("good", style="green") if outcome.good else Text("FAILED", style="bold red")
        console.print(port, word)
    for line in _facts(outcome):
        console.print(Text(f"  {line}"), soft_wrap=True)
    for note in outcome.notes:
        console.print(Text(f"  note: {note}", style="yellow"), soft_wrap=True)
    if outcome.self_test:
        console.print(Text("  self-test: "), _self_test(outcome.self_test), sep="")
    console.print(Text(f"  → {record}", style="dim"), soft_wrap=True)


def _facts(outcome: Outcome) -> list[str]:
    lines = []
    if outcome.flash_bytes:
        lines.append(
            f"{NAMES[outcome.chip]} revision {outcome.revision}, "
            f"{outcome.flash_bytes >> 20} MB flash, {outcome.mac}"
        )
    if outcome.base:
        lines.append(
            f"MicroPython {outcome.base['version']}, {outcome.base['board']}; file system "
            f"{outcome.file_system['size'] // 1024} KB at 0x{outcome.file_system['offset']:x}"
        )
    if outcome.firmware and not outcome.error:
        name = f"{outcome.firmware['version']} ({outcome.firmware['build']})"
        came = f"{outcome.before} → {name}" if outcome.before else name
        sent = f", {outcome.files_sent} sent" if outcome.command == "update" else ""
        where = f"/{outcome.slot}" if outcome.slot else "the image"
        lines.append(f"firmware {came} in {where}: {outcome.files_checked} files "
                     f"checked on the running unit{sent}")  # fmt: skip
    if outcome.sessions_saved:
        lines.append(f"sessions saved: {', '.join(outcome.sessions_saved)}")
    if outcome.sessions_erased and not outcome.error:
        lines.append(f"{outcome.sessions_erased} sessions erased")
    if outcome.settings_kept and not outcome.error:
        lines.append(f"settings kept: {', '.join(outcome.settings_kept)}")
    if outcome.seconds:
        steps = ", ".join(f"{step} {took:.1f}" for step, took in outcome.seconds.items() if took)
        lines.append(f"{sum(outcome.seconds.values()):.1f} s: {steps}")
    return lines


def _self_test(results: dict[str, str]) -> Text:
    text = Text()
    by_result: dict[str, list[str]] = {}
    for part, result in results.items():
        by_result.setdefault(result, []).append(part)
    for number, (result, parts) in enumerate(by_result.items()):
        style = {GOOD: "green", FAILED: "bold red"}.get(result, "dim")
        text.append("; " if number else "")
        text.append(f"{', '.join(parts)} ")
        text.append(result, style=style)
    return text
