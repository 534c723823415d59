"""A table that prints in the terminal, in HTML and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from rich.table import Table
from rich.text import Text


@dataclass
class Grid:
    """Cells are text; the first `left` columns are words. Rows named in `strong` stand out."""

    title: str
    columns: Sequence[str]
    left: int = 1
    rows: list[list[str]] = field(default_factory=list)
    strong: set[int] = field(default_factory=set)
    note: str = ""

    def add(self, *cells: str, strong: bool = False) -> None:
        if len(cells) != len(self.columns):
            raise ValueError(f"{self.title}: {len(cells)} cells for {len(self.columns)} columns")
        if strong:
            self.strong.add(len(self.rows))
        self.rows.append(list(cells))

    def rich(self) -> Table:
        note = Text(self.note) if self.note else None
        table = Table(title=self.title, title_justify="left", caption=note)
        table.caption_justify = "left"
        for i, name in enumerate(self.columns):
            table.add_column(name, justify="left" if i < self.left else "right", no_wrap=True)
        for i in range(len(self.rows)):
            table.add_row(*self._said_once(i), style="bold" if i in self.strong else "")
        return table

    def html(self) -> str:
        head = self._cells("th", self.columns)
        body = []
        for i in range(len(self.rows)):
            strong = " class=strong" if i in self.strong else ""
            body.append(f"<tr{strong}>{self._cells('td', self._said_once(i))}</tr>")
        note = f'<p class="caption">{escape(self.note)}</p>' if self.note else ""
        return (
            f'<h3>{escape(self.title)}</h3><div class="scroll"><table><thead><tr>{head}</tr>'
            f"</thead><tbody>{''.join(body)}</tbody></table></div>{note}"
        )

    def json(self) -> dict[str, object]:
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {"title": self.title, "note": self.note, "rows": rows}

    def _cells(self, tag: str, cells: Sequence[str]) -> str:
        parts = []
        for k, cell in enumerate(cells):
            kind = " class=word" if k < self.left else ""
            parts.append(f"<{tag}{kind}>{escape(cell)}</{tag}>")
        return "".join(parts)

    def _said_once(self, i: int) -> list[str]:
        """The cells of a row; its first word is left out where the row above says the same."""
        cells = self.rows[i]
        again = i > 0 and self.left > 1 and self.rows[i - 1][0] == cells[0]
        return ["", *cells[1:]] if again else cells
