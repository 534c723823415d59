"""What the commands print to."""

from __future__ import annotations

from typing import Any

from rich import console
from rich.text import Text


class Console(console.Console):
    """Rich's console, except that it breaks sentences for terminals only: in a file or a pipe a
    path must stay in one piece to be found."""

    def print(self, *objects: Any, soft_wrap: bool | None = None, **options: Any) -> None:
        if soft_wrap is None and not self.is_terminal:
            soft_wrap = all(isinstance(each, str | Text) for each in objects)
        super().print(*objects, soft_wrap=soft_wrap, **options)
