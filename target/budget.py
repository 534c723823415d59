"""The recorded cost of each part, and what has come to cost more: budget.toml."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PATH = Path(__file__).resolve().parent / "budget.toml"
SLACK = 0.01  # of a figure: another compiler's interpreter may need that much more
_HEAD = """\
# What the firmware may cost on the band's instruction set, as last recorded by
# `make target ARGS=--record`. More than 1 % above a figure fails `make target` and the tests.
"""

Figures = Mapping[str, Mapping[str, int]]  # table -> part -> figure


def read(path: Path = PATH) -> Figures:
    with open(path, "rb") as file:
        return tomllib.load(file)


def write(figures: Figures, path: Path = PATH) -> None:
    lines = [_HEAD]
    for table, parts in figures.items():
        lines.append(f'\n["{table}"]\n')
        lines += [f'"{name}" = {value}\n' for name, value in parts.items()]
    path.write_text("".join(lines))


def exceeded(found: Figures, recorded: Figures) -> list[str]:
    """A sentence for each figure above its budget or without one."""
    said = []
    for table, parts in found.items():
        for name, value in parts.items():
            budget = recorded.get(table, {}).get(name)
            if budget is None:
                said.append(
                    f"{table}: {name} ({value:,}) has no budget; "
                    "`make target ARGS=--record` records one."
                )
            elif value > budget * (1 + SLACK):
                more = f"{100 * (value / budget - 1):.1f} % more" if budget else "more"
                said.append(f"{table}: {name} is {value:,}, {more} than its budget of {budget:,}.")
    return said
