"""Hands at the virtual bench: a socket on which another program presses the twin's keys.

One key per request; the answer, a line, is the scene that is on the bench then, or nothing where
the key chooses none.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from host_tools.errors import CalfbandError
from host_tools.until import within
from host_tools.virtual.bench.scenes import SCENES

CHANGE_S = 10.0
BOOT_S = 30.0
KEYS = {scene.key: scene for scene in SCENES}
KEYS_HELP = "1-6 positions, x y z a turn, g test signal, 0 inputs shorted, t taps, l leg, m n \
contractions, h hops, w wobble"


class Bench:
    """Presses keys of the unit's process and hears which scene it then shows."""

    def __init__(self, press: Callable[[str], None]) -> None:
        self._press = press
        self._changed: asyncio.Event = asyncio.Event()
        self._busy = asyncio.Lock()
        self._heard = 0  # bytes of what the unit's process has said
        self.scene = ""

    def said(self, console: bytes) -> None:
        """All that the unit's process has said so far, besides records; whole lines."""
        new = console[self._heard :]
        self._heard = len(console)
        for line in new.decode("utf-8", "replace").splitlines():
            word, _, name = line.partition(" ")
            if word == "bench":
                self.scene = name
                self._changed.set()

    async def do(self, key: str) -> str:
        """Press a key; the scene's name once it is on the bench, empty where it chooses none."""
        async with self._busy:
            if not self.scene:  # it boots
                with suppress(asyncio.TimeoutError):
                    await within(self._changed.wait(), BOOT_S)
            self._changed.clear()
            self._press(key)
            if key not in KEYS:
                return ""
            with suppress(asyncio.TimeoutError):
                await within(self._changed.wait(), CHANGE_S)
            return self.scene


@asynccontextmanager
async def hands_welcome(path: Path, bench: Bench) -> AsyncIterator[None]:
    """Take keys on a Unix socket while the block runs."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while key := (await reader.read(1)).decode("ascii", "ignore"):
                writer.write(f"{await bench.do(key)}\n".encode())
                await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(serve, str(path))
    try:
        yield
    finally:
        server.close()


class Hands:
    """The other end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def at(cls, path: str | Path) -> Hands:
        try:
            return cls(*await asyncio.open_unix_connection(str(path)))
        except OSError as error:
            raise CalfbandError(
                "no virtual bench is on this computer; start one with calfband twin --bench in "
                "another terminal."
            ) from error

    async def do(self, key: str) -> str:
        """Press a key; the scene that is on the bench then. Raises CalfbandError."""
        try:
            self._writer.write(key.encode("ascii"))
            return (await self._reader.readline()).decode().strip()
        except OSError as error:
            raise CalfbandError("the virtual bench has gone; start it again.") from error
