"""Writes what a replay found: CSV files exact to the digit, summary.json, all or nothing."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.client.packets import name_of, names_of
from host_tools.errors import CalfbandError
from host_tools.firmware_tables import wire
from host_tools.records import UNKNOWN, Records

FILES = (
    "strides.csv",
    "events.csv",
    "bursts.csv",
    "warnings.csv",
    "summary.json",
    "report.html",
)
BURST_COLUMNS = 5  # channel, t_on_s, t_off_s, rms_uv, mnf_hz


def cell(value: int, divisor: int, decimals: int) -> str:
    """One integer of a record as text: exact decimal digits, never through a float.

    Divisor 0 marks a base-2 logarithm in Q8. Unknown is empty.
    """
    if value == UNKNOWN:
        return ""
    if divisor == 0:
        return f"{2 ** (value / 256):.4e}"
    scale = 10**decimals
    digits = (2 * abs(value) * scale + divisor) // (2 * divisor)
    sign = "-" if value < 0 and digits else ""
    if decimals == 0:
        return f"{sign}{digits}"
    whole, part = divmod(digits, scale)
    return f"{sign}{whole}.{part:0{decimals}d}"


def write_tables(folder: Path, records: Records) -> None:
    """strides.csv, events.csv, bursts.csv and warnings.csv."""
    _write_csv(folder / "strides.csv", wire.STRIDE, records.strides)
    write_lines(folder / "events.csv", _event_lines(records.events.tolist()))
    _write_csv(folder / "bursts.csv", wire.BURST[:BURST_COLUMNS], records.bursts)
    write_lines(folder / "warnings.csv", warning_lines(records.warnings.tolist()))


def _event_lines(rows: list[list[int]]) -> Iterator[str]:
    """Every contact and toe-off as the band told it, and when."""
    yield ",".join(name for name, *_ in wire.EVENT)
    _, (_, *t_s), (_, *told_s) = wire.EVENT
    for kind, t, told in rows:
        yield f"{wire.EVENT_KINDS[kind]},{cell(t, *t_s[:2])},{cell(told, *told_s[:2])}"


def warning_lines(rows: Iterable[Sequence[int]]) -> Iterator[str]:
    """The first state and each change of level, cause or faults: a named fault is a row too."""
    at = {name: i for i, (name, *_) in enumerate(wire.WARNING)}
    t_s = wire.WARNING[at["t_s"]]
    yield "t_s,level,name,confidence_pct,attribution,reasons,faults"
    said = None
    for row in rows:
        level = row[at["level"]]
        state = (level, row[at["attribution"]], row[at["faults"]])
        if state == said:
            continue
        said = state
        yield ",".join(
            (
                cell(row[at["t_s"]], t_s[1], t_s[2]),
                str(level),
                name_of(wire.LEVELS, level),
                str(row[at["confidence_pct"]]),
                name_of(wire.ATTRIBUTIONS, row[at["attribution"]]),
                "; ".join(names_of(wire.REASONS, row[at["reasons"]])),
                "; ".join(names_of(wire.FAULTS, row[at["faults"]])),
            )
        )


def _write_csv(path: Path, fields: Sequence[tuple[str, int, int, str]], table: np.ndarray) -> None:
    lines = [",".join(name for name, *_ in fields)]
    scales = [(divisor, decimals) for _, divisor, decimals, _ in fields]
    for row in table.tolist():
        # zip stops at the last column: fields behind it are the fatigue model's own.
        lines.append(",".join(cell(v, *scale) for v, scale in zip(row, scales, strict=False)))
    write_lines(path, lines)


def write_lines(path: Path, lines: Iterable[str]) -> None:
    path.write_bytes(("\n".join(lines) + "\n").encode())


def write_summary(folder: Path, summary: dict[str, Any]) -> None:
    text = json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "summary.json").write_bytes((text + "\n").encode())


@contextlib.contextmanager
def staged(out: Path, names: Sequence[str] = FILES) -> Iterator[Path]:
    """A folder to write into; its files, of these names, move to `out` together at the end.

    On failure `out` is as it was before. Raises CalfbandError when `out` cannot be written.
    """
    created: list[Path] = []
    staging: Path | None = None
    try:
        created = _make_folders(out)
        staging = Path(tempfile.mkdtemp(prefix=".replay-", dir=out))
        yield staging
        ready = {path.name for path in staging.iterdir()}
        for name in names:
            if name in ready:
                os.replace(staging / name, out / name)
            else:  # of an earlier replay; beside the new files it would tell a lie
                (out / name).unlink(missing_ok=True)
        created = []
    except OSError as error:
        # Other files' troubles have become CalfbandErrors where they arose.
        raise CalfbandError(
            f"{out}: cannot write there ({error.strerror or error}); "
            "choose another folder with --out."
        ) from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
        for folder in created:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _make_folders(out: Path) -> list[Path]:
    """Create `out` and what is missing above it; the new folders, deepest first."""
    missing = []
    folder = out
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    out.mkdir(parents=True, exist_ok=True)
    return missing
