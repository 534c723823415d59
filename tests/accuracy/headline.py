"""Headline figures: recorded in headline.toml, compared by tests/test_headline.py.

A figure's value is always such that lower is better (|bias|, SD, misses ...). It may worsen by
`may_worsen_by` before the test fails. `python -m tests.accuracy --record` writes them anew.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PATH = Path(__file__).with_name("headline.toml")
_HEAD = """\
# Headline figures of accuracy; lower is better. Written by `python -m tests.accuracy --record`,
# which keeps each `may_worsen_by`. Real and synthetic are told apart by `kind`.
"""


@dataclass(frozen=True)
class Figure:
    """`part` says which table it belongs to: gait, features, emg, population."""

    part: str
    kind: str  # real or synthetic
    name: str
    value: float
    may_worsen_by: float
    unit: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.part, self.kind, self.name


def read(path: Path = PATH) -> list[Figure]:
    """Raises ValueError naming the file when it is not as `write` makes it."""
    if not path.exists():
        return []
    try:
        figures = tomllib.loads(path.read_text(encoding="utf-8")).get("figures", [])
        return [Figure(**figure) for figure in figures]
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise ValueError(f"{path}: {error}; record it anew.") from error


def write(figures: Iterable[Figure], path: Path = PATH) -> None:
    lines = [
        f"    {{ part = {_text(figure.part)}, kind = {_text(figure.kind)}, "
        f"name = {_text(figure.name)}, value = {figure.value:.4g}, "
        f"may_worsen_by = {figure.may_worsen_by:.4g}, unit = {_text(figure.unit)} }},"
        for figure in sorted(figures, key=lambda f: f.key)
    ]
    text = "\n".join([_HEAD + "figures = [", *lines, "]"]) + "\n"
    path.write_text(text, encoding="utf-8")


def _text(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)  # a TOML basic string is escaped like JSON's


def record(measured: Sequence[Figure], path: Path = PATH) -> None:
    """Replace the recorded figures of every (part, kind) measured; leave all others."""
    recorded = {figure.key: figure for figure in read(path)}
    redone = {(figure.part, figure.kind) for figure in measured}
    kept = [f for f in recorded.values() if (f.part, f.kind) not in redone]
    for figure in measured:
        if not math.isfinite(figure.value):
            continue
        before = recorded.get(figure.key)
        slack = before.may_worsen_by if before else figure.may_worsen_by
        kept.append(replace(figure, may_worsen_by=slack))
    write(kept, path)


def worsened(measured: Sequence[Figure], recorded: Sequence[Figure]) -> list[str]:
    """A sentence for each recorded figure of the parts measured that got worse or vanished."""
    found = {figure.key: figure.value for figure in measured}
    parts = {(figure.part, figure.kind) for figure in measured}
    said = []
    for figure in recorded:
        if (figure.part, figure.kind) not in parts:
            continue
        value = found.get(figure.key, math.nan)
        what = f"{figure.part}, {figure.kind}: {figure.name}"
        if math.isnan(value):
            said.append(f"{what} was {figure.value:g} {figure.unit} and can no longer be measured.")
        elif value > figure.value + figure.may_worsen_by + 1e-9:
            said.append(
                f"{what} is {value:.4g} {figure.unit}; recorded is {figure.value:g}, "
                f"and it may worsen by {figure.may_worsen_by:g}."
            )
    return said
