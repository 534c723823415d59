"""The radio's firmware on the real MicroPython, on a virtual link, and centrals that meet it."""

from __future__ import annotations

import asyncio
import json
import os
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bleak import BleakClient, BleakScanner
from bumble.device import Device
from bumble.keys import MemoryKeyStore
from bumble.link import LocalLink

from host_tools.client.find import Air
from host_tools.client.packets import CONTROL_UUID, SERVICE_UUID, STATUS_UUID, decode_answer
from host_tools.radio.bridge import Bridge
from host_tools.radio.bumble_backend import air_of
from host_tools.radio.virtual_link import central_pairing, virtual_device

ROOT = Path(__file__).resolve().parent.parent
TWIN = ROOT / "host_tools" / "twin"
SOON_S = 5.0


class RadioBand:
    """One unit: its bridge, and its firmware while it runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.link = LocalLink()
        self.bridge = Bridge(self.link)
        self._firmware: asyncio.subprocess.Process | None = None
        self._asking = asyncio.Lock()

    async def start(self) -> None:
        """Boot the firmware; it advertises when this returns."""
        self.bridge.advertising.clear()
        self._firmware = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).parent / "micropython"),
            str(ROOT / "tests" / "radio_driver.py"),
            str(self.folder),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={
                **os.environ,
                "CALFBAND_RADIO": str(self.folder / "radio"),
                "MICROPYPATH": f"{TWIN}/stand_ins:{TWIN}:{ROOT}/firmware:.frozen",
            },
        )
        ready = await self._line()
        if ready != "ready":  # MicroPython writes tracebacks to its standard output
            assert self._firmware.stdout
            raise AssertionError(ready + (await self._firmware.stdout.read()).decode())
        await asyncio.wait_for(self.bridge.advertising.wait(), SOON_S)

    async def stop(self) -> None:
        """The unit loses its power."""
        firmware, self._firmware = self._firmware, None
        if firmware:
            firmware.kill()
            await firmware.wait()
        while self.bridge.device:
            await asyncio.sleep(0.01)

    async def tell(self, *words: object) -> str:
        """Have the driver do something."""
        assert self._firmware and self._firmware.stdin
        async with self._asking:
            self._firmware.stdin.write((" ".join(map(str, words)) + "\n").encode())
            return await self._line()

    async def state(self) -> dict[str, int]:
        return json.loads(await self.tell("state"))

    async def until(self, **wanted: int) -> None:
        """Wait for a state. Fails with what it is instead."""
        state: dict[str, int] = {}
        for _ in range(200):
            state = await self.state()
            if all(state[name] == value for name, value in wanted.items()):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"wanted {wanted}, is {state}")

    async def _line(self) -> str:
        assert self._firmware and self._firmware.stdout
        line = await asyncio.wait_for(self._firmware.stdout.readline(), SOON_S)
        assert line, "the firmware ended"
        return line.decode().strip()


class Central:
    """A phone, a watch, a computer: with keys of its own."""

    def __init__(self, device: Device, air: Air) -> None:
        self.device = device
        self.air = air
        self.keys = MemoryKeyStore()
        device.keystore = self.keys

    async def find(self, timeout: float = SOON_S) -> Any:
        return await BleakScanner.find_device_by_filter(
            lambda device, data: SERVICE_UUID in data.service_uuids,
            timeout=timeout,
            **self.air.scanner_arguments(),
        )

    @asynccontextmanager
    async def connected(self, pair: bool = False) -> AsyncIterator[BleakClient]:
        found = await self.find()
        assert found, "the band does not advertise"
        client = BleakClient(found, **self.air.client_arguments())
        await client.connect()
        try:
            if pair:
                await client.pair()
            yield client
        finally:
            await client.disconnect()


async def hung_up(client: BleakClient) -> None:
    """Wait for the band to end the connection."""
    for _ in range(500):
        if not client.is_connected:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the band keeps the connection")


class ControlPoint:
    """Requests and their answers."""

    def __init__(self, client: BleakClient) -> None:
        self._client = client
        self.answers: asyncio.Queue[tuple[int, int, bytes]] = asyncio.Queue()

    async def listen(self) -> ControlPoint:
        await self._client.start_notify(
            CONTROL_UUID, lambda _, packet: self.answers.put_nowait(decode_answer(bytes(packet)))
        )
        return self

    async def ask(self, packet: bytes) -> tuple[int, int, bytes]:
        await self._client.write_gatt_char(CONTROL_UUID, packet, response=True)
        return await asyncio.wait_for(self.answers.get(), SOON_S)


async def central_on(band: RadioBand, n: int = 1, mtu: int = 247) -> Central:
    """A central near the band; n tells them apart."""
    device = virtual_device(band.link, f"central {n}", f"F0:00:00:00:00:{n:02X}")
    device.pairing_config_factory = central_pairing
    await device.power_on()
    return Central(device, air_of([device], mtu))


@asynccontextmanager
async def radio_band(folder: Path) -> AsyncIterator[RadioBand]:
    band = RadioBand(folder)
    await band.bridge.listen(str(folder / "radio"))
    try:
        await band.start()
        yield band
    finally:
        await band.stop()
        await band.bridge.close()


@asynccontextmanager
async def bonded_central(band: RadioBand, n: int = 1, mtu: int = 247) -> AsyncIterator[BleakClient]:
    """A central that pairs while the window is open, connected."""
    central = await central_on(band, n, mtu)
    await band.tell("pairing")
    async with central.connected(pair=True) as client:
        await client.read_gatt_char(STATUS_UUID)
        yield client


def collect(client: BleakClient, uuid: str) -> Coroutine[Any, Any, asyncio.Queue[bytes]]:
    """Subscribe; the queue of what comes."""

    async def subscribe() -> asyncio.Queue[bytes]:
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        await client.start_notify(uuid, lambda _, packet: queue.put_nowait(bytes(packet)))
        return queue

    return subscribe()


def status_numbers(level: int = 1, **more: int) -> list[int]:
    """Fields of a status in the order of the packet."""
    fields = dict(
        seq=0,
        level=level,
        attribution=0,
        confidence_pct=50,
        phase=2,
        reasons=0,
        faults=0,
        unit_faults=0,
        session_s=0,
        strides=0,
        state=0,
    )
    return list({**fields, **more}.values())


def run(story: Callable[[], Awaitable[None]], seconds: float = 60) -> None:
    """Run a test's story; a hang ends it."""

    async def bounded() -> None:
        await asyncio.wait_for(story(), seconds)

    asyncio.run(bounded())


def u16(value: int) -> bytes:
    return struct.pack("<H", value)
