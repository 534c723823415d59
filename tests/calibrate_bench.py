"""A virtual unit on its bench, the whole chain in one process but for the firmware itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bumble.keys import MemoryKeyStore
from bumble.link import LocalLink

from host_tools.client.find import Air
from host_tools.radio.bridge import Bridge
from host_tools.radio.bumble_backend import air_of
from host_tools.radio.virtual_link import central_pairing, virtual_device
from host_tools.virtual.bench.errors import Errors
from host_tools.virtual.bench.files import write_bench
from host_tools.virtual.bench.hands import Bench
from host_tools.virtual.unit import RecordReader, command, environment

PACE_PCT = 800
Doing = dict[str, list[str]]  # what is asked for: what is done instead, once each


class VirtualUnit:
    """`do` presses keys, as `calibrate` asks; `instead` and `cut_at` are what goes wrong."""

    def __init__(self, folder: Path, errors: Errors) -> None:
        self.folder = folder
        self.instead: Doing = {}
        self.cut_at = ""  # the power goes as soon as this key was pressed
        self.pressed = ""
        self.cuts = 0
        self._radio = folder / "radio"
        self._link = LocalLink()
        self._bridge = Bridge(self._link)
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task | None = None
        self._bench = Bench(self._press)
        write_bench(folder, errors, PACE_PCT)

    async def start(self) -> None:
        self._bench = Bench(self._press)
        self._process = await asyncio.create_subprocess_exec(
            *command(self.folder, "bench_twin.py"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment(self._radio),
        )
        self._reading = asyncio.ensure_future(self._read(self._process, self._bench))

    async def _read(self, process: asyncio.subprocess.Process, bench: Bench) -> None:
        reader = RecordReader()
        assert process.stdout
        while piece := await process.stdout.read(1 << 16):
            for _ in reader.feed(piece):
                pass
            bench.said(reader.console)
        assert b"Traceback" not in reader.console, reader.console.decode()

    def _press(self, key: str) -> None:
        assert self._process and self._process.stdin
        self._process.stdin.write(key.encode())

    async def stop(self) -> None:
        """The power goes."""
        process, self._process = self._process, None
        if process:
            process.kill()
            await process.wait()
        if self._reading:
            await self._reading
        while self._bridge.device:
            await asyncio.sleep(0.01)

    async def do(self, key: str) -> str:
        """As hands at the bench."""
        others = self.instead.get(key, [])
        if others:
            key = others.pop(0)
        self.pressed += key
        scene = await self._bench.do(key)
        if key == self.cut_at:
            self.cut_at = ""
            self.cuts += 1
            asyncio.ensure_future(self._power_cut())
        return scene

    async def _power_cut(self) -> None:
        await asyncio.sleep(0.15)
        await self.stop()
        await self.start()

    async def air(self, n: int = 1) -> Air:
        """A computer near the unit; n tells them apart."""
        device = virtual_device(self._link, f"computer {n}", f"F0:00:00:00:00:{n:02X}")
        device.pairing_config_factory = central_pairing
        await device.power_on()
        device.keystore = MemoryKeyStore()
        return air_of([device], 247)

    @asynccontextmanager
    async def powered(self) -> AsyncIterator[VirtualUnit]:
        await self._bridge.listen(str(self._radio))
        try:
            await self.start()
            yield self
        finally:
            with suppress(ProcessLookupError):
                await self.stop()
            await self._bridge.close()
