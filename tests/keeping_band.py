"""A band on the virtual link that keeps sessions and sends them badly, as told."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from band_peripheral import BandPeripheral, computer_on
from bumble.att import Attribute
from bumble.core import UUID
from bumble.gatt import Characteristic, Service
from bumble.link import LocalLink

from host_tools.client.find import Air, Wanted
from host_tools.fetch.command import visit_band
from host_tools.fetch.store import Store
from host_tools.fetch.visit import Visit
from host_tools.firmware_tables import wire

PIECE = 238
IDLE = {"session_s": 0}


class KeepingBand(BandPeripheral):
    """`files`: session -> bytes, the start taken from them. `lost` counts log packets from 0."""

    def __init__(
        self, link: LocalLink, files: dict[int, bytes], serial: str = "abcd", **options: Any
    ) -> None:
        super().__init__(link, **{"status": IDLE, **options})
        self.files = files
        self.running = 0  # this session may not be erased
        self.lost: set[int] = set()
        self.hang_up_at: list[int] = []  # each time: once so many log packets were sent
        self.flip: Callable[[int, bytes], bytes] = lambda offset, data: data
        self.crc_mask = 0
        self.leftovers = False  # of an earlier request are sent before what is asked for
        self.sent = 0
        self.reads: list[tuple[int, int]] = []
        self.on_packet: Callable[[], object] = lambda: None
        self._serial = serial
        self._sending: asyncio.Task[None] | None = None

    async def start(self) -> None:
        number = Characteristic(
            UUID.from_16_bits(0x2A25),
            Characteristic.Properties.READ,
            Attribute.Permissions.READABLE,
            self._serial.encode(),
        )
        self.device.add_service(Service(UUID.from_16_bits(0x180A), [number]))
        await super().start()

    def answer(self, connection: Any, opcode: int, parameters: bytes) -> tuple[int, bytes]:
        refused = int(wire.INVALID), b""
        if opcode == wire.LIST_SESSIONS:
            (first,) = struct.unpack("<H", parameters)
            rows = [self._row(n) for n in sorted(self.files) if n >= first]
            return int(wire.SUCCESS), b"".join(rows)[: (connection.att_mtu - 6) // 10 * 10]
        if opcode == wire.READ_LOG:
            session, offset = struct.unpack("<HI", parameters)
            data = self.files.get(session)
            if data is None or offset > len(data):
                return refused
            self.reads.append((session, offset))
            if self._sending:
                self._sending.cancel()
            late = self._late(session, offset) if self.leftovers else []
            self._sending = asyncio.ensure_future(self._send(session, data, offset, late))
            crc = int.from_bytes(data[-4:], "little")
            return int(wire.SUCCESS), struct.pack("<II", len(data), crc ^ self.crc_mask)
        if opcode == wire.ERASE_LOG:
            (session,) = struct.unpack("<H", parameters)
            if session == self.running:
                return int(wire.NOT_PERMITTED), b""
            return (int(wire.SUCCESS), b"") if self.files.pop(session, None) else refused
        return super().answer(connection, opcode, parameters)

    def erased(self) -> list[int]:
        """Sessions that somebody asked it to erase."""
        asked = [p for opcode, p in self.requests if opcode == wire.ERASE_LOG]
        return [struct.unpack("<H", p)[0] for p in asked]

    def _row(self, session: int) -> bytes:
        return (
            struct.pack("<H", session)
            + self.files[session][5:9]
            + struct.pack("<I", len(self.files[session]))
        )

    def _late(self, session: int, asked: int) -> list[bytes]:
        """Packets around the offset asked for, that waited in the band's queue at that moment."""
        behind = range(asked % PIECE, asked, PIECE)
        ahead = range(asked + 2 * PIECE, asked + 6 * PIECE, PIECE)
        late = [(at, self.files[session][at : at + PIECE]) for at in (*behind, *ahead)]
        return [struct.pack("<HI", session, at) + piece for at, piece in late if piece]

    async def _send(self, session: int, data: bytes, offset: int, late: list[bytes]) -> None:
        for packet in late:
            await self.notify(self.log_char, packet)
        while True:
            piece = data[offset : offset + PIECE]
            if self.hang_up_at and self.sent >= self.hang_up_at[0]:
                self.hang_up_at.pop(0)
                await self.hang_up()
                return
            if self.sent not in self.lost:
                head = struct.pack("<HI", session, offset)
                with suppress(Exception):  # the link may end in the middle
                    await self.notify(self.log_char, head + self.flip(offset, piece))
            self.sent += 1
            self.on_packet()
            offset += len(piece)
            if not piece:
                return
            await asyncio.sleep(0)


async def visited(
    band: KeepingBand, air: Air, out: Path | None, *sessions: int, **options: Any
) -> Visit:
    """One `calfband fetch`; what it found. Raises as the command does."""
    for _ in range(200):
        if not band.device.connections:
            break
        await asyncio.sleep(0.01)
    if not band.device.is_advertising:
        await band.advertise()
    visit = Visit(Store(out) if out else None, list(sessions), **options)
    await asyncio.wait_for(
        visit_band(visit, air, Wanted(), lambda line: None, 3, back_off_s=(0.05,)), 40
    )
    return visit


def fetched(
    band_options: dict[str, Any], story: Callable[[KeepingBand, Air], Any], mtu: int = 247
) -> Any:
    """Run `story(band, air)` beside a band with these files."""

    async def run() -> Any:
        link = LocalLink()
        band = KeepingBand(link, **band_options)
        await band.start()
        return await story(band, await computer_on(link, mtu))

    return asyncio.run(run())


def logs(out: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(out.glob("*/session.log"))]


def states(visit: Visit) -> list[str]:
    return [outcome.state for outcome in visit.outcomes]
