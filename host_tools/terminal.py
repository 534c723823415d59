"""What `calfband replay` says while it runs and when it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from host_tools.result import ReplayResult
from host_tools.timeline import timeline

COMPARED = {
    "ic": "ground contact",
    "to": "toe-off",
    "contact": "contact time",
    "onset": "EMG onset",
    "offset": "EMG offset",
}


@contextmanager
def progress(console: Console, title: str) -> Iterator[Callable[[float], None]]:
    """A bar that takes shares from 0 to 1 and leaves nothing behind."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task(Text(title).markup, total=1.0)
        yield lambda share: bar.update(task, completed=share)


def show(console: Console, result: ReplayResult, out: Path) -> None:
    """The run's timeline, its counts, accuracy where the recording carries truth, and notes."""
    summary = result.summary
    counts = summary["counts"]
    title = f"{result.title}{' (synthetic)' if result.synthetic else ''}"
    console.print(Text(title, style="bold"), Text(_clock(result.duration_s), style="dim"))
    truth = result.truth or {}
    console.print(
        timeline(
            result.warnings,
            result.duration_s,
            truth.get("annotations", []),
            console.width - 16,
        )
    )
    console.print(
        Text(
            f"{counts['strides']} strides, {counts['valid']} valid; "
            f"{counts['bursts']} contractions; "
            f"{counts['emg_lost']} EMG and {counts['imu_lost']} motion samples lost; "
            f"chain {_times(summary['x_real_time'])} real time, "
            f"{summary['heap_bytes_hot_path']} bytes allocated in it"
        )
    )
    if truth.get("comparison"):
        console.print(_accuracy(truth["comparison"]))
    for note in result.notes:
        console.print(Text(f"note: {note}", style="yellow"))
    report = out / "report.html"
    where = report if report.exists() else out
    console.print(Text(f"→ {where}", style="bold"), soft_wrap=True)


def _accuracy(comparison: dict[str, dict]) -> Table:
    table = Table(title="against the truth in the recording", title_justify="left")
    table.add_column("")
    for head in ("true", "found", "missed", "false", "bias ms", "SD ms", "MAE ms"):
        table.add_column(head, justify="right")
    for name, entry in comparison.items():
        counts = [_count(entry.get(key)) for key in ("truth", "found", "missed", "false")]
        errors = [_ms(entry.get(key)) for key in ("bias_ms", "sd_ms", "mae_ms")]
        table.add_row(COMPARED.get(name, name), *counts, *errors)
    return table


def _count(value: int | None) -> str:
    return "" if value is None else str(value)


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _times(value: float | None) -> str:
    return "> 1000 ×" if value is None else f"{value:.0f} ×"


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600:d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
