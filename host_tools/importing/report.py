"""What an import found, as a table in the terminal and as JSON beside the file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from host_tools.errors import CalfbandError
from host_tools.importing.units import unit_in_name


@dataclass(frozen=True)
class ChannelLine:
    label: str
    file: str
    source: str
    source_unit: str
    scale: str
    unit: str
    rate_hz: float
    jitter_ms: float
    samples: int
    clipped: int
    missing: int  # as the file has them
    bridged: int  # of the gaps, by straight lines
    low: float
    high: float
    lsb: float


@dataclass
class ImportReport:
    files: list[str]
    element: str | None
    out: str
    map: str
    duration_s: float
    athlete: dict[str, Any]
    channels: list[ChannelLine] = field(default_factory=list)
    annotations: dict[str, int] = field(default_factory=dict)
    gaps: list[tuple[str, float, float]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    replay_notes: list[str] = field(default_factory=list)

    def write_json(self, path: Path) -> None:
        """Raises CalfbandError when the file cannot be written."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CalfbandError(
                f"{path}: cannot be written ({error.strerror}); choose another place with --out."
            ) from error


def show(console: Console, report: ImportReport) -> None:
    """The table of channels, gaps, annotations, notes and warnings."""
    names = ", ".join(Path(file).name for file in report.files)
    where = f" {report.element}" if report.element else ""
    console.print(Text(f"{names}{where}", style="bold"), Text(f"{report.duration_s:.1f} s"))
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("channel", no_wrap=True)
    table.add_column("from", overflow="fold")
    for head in ("Hz", "range", "LSB"):
        table.add_column(head, justify="right", no_wrap=True)
    for line in report.channels:
        unit = "" if unit_in_name(line.source) == line.source_unit else f" in {line.source_unit}"
        scale = "" if line.scale == "× 1" else f", {line.scale}"
        table.add_row(
            line.label,
            Text(f"{line.source}{unit}{scale}"),
            f"{line.rate_hz:.7g}",
            f"{line.low:.4g} … {line.high:.4g} {line.unit}",
            f"{line.lsb:.3g}",
        )
    console.print(table)
    for line in report.channels:
        found = _found(line)
        if found:
            console.print(Text(f"{line.label}: {found}"))
    if report.athlete:
        console.print(Text("athlete: " + ", ".join(f"{k} {v}" for k, v in report.athlete.items())))
    if report.annotations:
        counts = ", ".join(f"{n} {text}" for text, n in report.annotations.items())
        console.print(Text(f"annotations: {counts}"))
    for text, start, duration in report.gaps[:8]:
        console.print(Text(f"gap: {text} at {start:.3f} s for {duration:.3f} s"))
    if len(report.gaps) > 8:
        total = sum(duration for *_, duration in report.gaps)
        console.print(Text(f"gap: {len(report.gaps) - 8} more, {total:.2f} s in all"))
    if report.skipped:
        console.print(Text(f"not in the file: {', '.join(report.skipped)}", style="dim"))
    for note in report.notes:
        console.print(Text(f"note: {note}"))
    for note in report.replay_notes:
        console.print(Text(f"replay will note: {note}"))
    for warning in report.warnings:
        console.print(Text(f"check: {warning}", style="yellow"))
    console.print(Text(f"→ {report.out}", style="bold"), soft_wrap=True)


def _found(line: ChannelLine) -> str:
    """What is wrong with some of the samples; empty when nothing is."""
    told = [
        f"{count} {what}"
        for count, what in (
            (line.clipped, "clipped"),
            (line.missing, "missing"),
            (line.bridged, "bridged"),
        )
        if count
    ]
    if line.jitter_ms >= 0.05:
        told.append(f"jitter {line.jitter_ms:.2g} ms")
    return f"{', '.join(told)} (of {line.samples} samples)" if told else ""
