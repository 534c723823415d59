"""What is said to the human at the bench, and what is waited for."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from host_tools.errors import CalfbandError

PATIENCE = 3  # refusals of one measurement before it is given up where nobody can be asked


class SkippedError(Exception):
    """The human does not want this step now."""


class StoppedError(Exception):
    """The human wants to go on another time."""


class Doer(Protocol):
    """Hands that do what is asked, such as those of the virtual bench."""

    async def do(self, key: str) -> str: ...


class Guide:
    """Speaks on a console; `doer` acts in the human's place."""

    def __init__(self, console: Console, plain: bool, doer: Doer | None = None) -> None:
        self._console = console
        self._plain = plain
        self._doer = doer
        self._typed = b""

    @property
    def patience(self) -> int | None:
        """Refusals until a measurement is given up; None: the human decides."""
        return None if self._doer is None else PATIENCE

    def title(self, number: int, of: int, words: str) -> None:
        self._print(Text.assemble((f"{number}/{of} ", "dim"), (words, "bold")))

    def say(self, words: str, style: str = "") -> None:
        self._print(Text(f"    {words}", style=style))

    def refused(self, reason: str) -> None:
        self._print(Text.assemble(("    refused: ", "bold red"), reason))

    def passed(self, words: str, ok: bool | None) -> None:
        mark = {True: ("  ✓ ", "green"), False: ("  ✗ ", "bold red"), None: ("  · ", "dim")}[ok]
        self._print(Text.assemble(mark, words))

    async def ask(self, words: str, key: str) -> None:
        """Have something done; returns when it is. Raises SkippedError, CalfbandError."""
        if self._doer is not None:
            self.say(words)
            if key:
                await self._doer.do(key)
            return
        self._print(
            Text.assemble(("  → ", "bold cyan"), words, ("  [Enter, s skip, q quit] ", "dim"))
        )
        answer = (await self._line()).strip().lower()
        if answer.startswith("s"):
            raise SkippedError
        if answer.startswith("q"):
            raise StoppedError

    @contextmanager
    def progress(self, words: str) -> Iterator[Callable[[float], None]]:
        """Takes shares from 0 to 1."""
        if self._plain:
            yield lambda share: None
            return
        bar = Progress(
            TextColumn("    {task.description}"), BarColumn(), TimeRemainingColumn(),
            console=self._console, transient=True,
        )  # fmt: skip
        with bar:
            task = bar.add_task(Text(words).markup, total=1.0)
            yield lambda share: bar.update(task, completed=share)

    def _print(self, words: Text) -> None:
        if self._plain:
            print(words.plain.rstrip(), flush=True)
        else:
            self._console.print(words, highlight=False)

    async def _line(self) -> str:
        """A line from the keyboard, without stopping the link."""
        loop = asyncio.get_running_loop()
        descriptor = sys.stdin.fileno()
        readable = asyncio.Event()
        try:
            loop.add_reader(descriptor, readable.set)
        except (OSError, ValueError):  # a file, or nothing
            raise _nobody() from None
        try:
            while b"\n" not in self._typed:
                readable.clear()
                await readable.wait()
                more = os.read(descriptor, 256)
                if not more:
                    raise _nobody()
                self._typed += more
        finally:
            loop.remove_reader(descriptor)
        line, _, self._typed = self._typed.partition(b"\n")
        return line.decode("utf-8", "replace")


def _nobody() -> CalfbandError:
    return CalfbandError(
        "nobody is at the keyboard to do what calibration asks; run it in a terminal, or with "
        "--virtual-hands at a virtual bench."
    )
