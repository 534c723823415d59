"""Requests for session files over a link that may fail at any moment, and the bytes that come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from host_tools.client.exchange import LinkLostError, NotPermittedError
from host_tools.client.link import Link
from host_tools.client.listener import Listener
from host_tools.client.packets import decode, decode_rows
from host_tools.errors import CalfbandError
from host_tools.fetch.store import Band, Part, Row
from host_tools.firmware_tables import wire
from host_tools.until import within

AWAY_S = 120.0  # a band that is away for longer has been taken elsewhere
QUIET_S = 3.0  # nothing came for so long: ask again
ATTEMPTS = 5  # at one exchange, or without a byte of progress
RETRY_S = 0.5
MOST_AHEAD = 32  # the band's queue holds 24 packets: more than these are no leftovers of before

Say = Callable[[str], None]


class Visitor(Listener):
    """Keeps what the link tells for the transfer."""

    def __init__(self, say: Say) -> None:
        self.band = Band("", "", "")
        self.version = ""
        self.session_s = 0  # of the session that runs; 0: none
        self.inbox: asyncio.Queue[tuple[int, int, bytes] | None] = asyncio.Queue()
        self.can_ask = asyncio.Event()
        self._say = say

    def connected(self, name: str, info: dict[str, Any], mtu: int) -> None:
        words = "back on" if self.band.name else "connected to"
        self.band = Band(name, info["serial"], info["address"])
        self.version = info["version"]
        self._say(f"{words} {name}, firmware {self.version} (packets of {mtu} bytes)")

    def ready(self) -> None:
        self.can_ask.set()

    def disconnected(self, why: str) -> None:
        self.can_ask.clear()
        self.inbox.put_nowait(None)
        self._say(f"{why}; looking for it")

    def trouble(self, sentence: str) -> None:
        self.can_ask.clear()
        self._say(sentence)

    def status(self, status: dict[str, Any]) -> None:
        self.session_s = status["session_s"]

    def log(self, session: int, offset: int, data: bytes) -> None:
        self.inbox.put_nowait((session, offset, data))


class Transfer:
    """Lists, reads and erases the sessions of the band that `link` keeps connected."""

    def __init__(self, link: Link, visitor: Visitor) -> None:
        self.visitor = visitor
        self._link = link

    async def sessions(self) -> list[Row]:
        """All sessions on the band, oldest first. Raises CalfbandError."""
        rows: list[Row] = []
        while not rows or rows[-1].session < 0xFFFF:
            first = rows[-1].session + 1 if rows else 0
            page = decode_rows(wire.SESSION_ROW, await self._ask(wire.LIST_SESSIONS, first))
            if not page:
                break
            rows += [Row(**{name: int(value or 0) for name, value in row.items()}) for row in page]
        return rows

    async def read(
        self, session: int, part: Part, on_bytes: Callable[[int, int], None]
    ) -> tuple[int, int]:
        """Add to `part` what it lacks; (bytes, CRC-32) of the band's file.

        `on_bytes(there, of)` is told of each piece. Raises CalfbandError when the band stays away,
        refuses, or sends nothing any more, and what Part.add raises.
        """
        idle = 0
        while idle < ATTEMPTS:
            asked_at = len(part.data)
            answer = decode(wire.LOG_HEAD, await self._ask(wire.READ_LOG, session, asked_at))
            size, crc = int(answer["bytes"] or 0), int(answer["crc32"] or 0)
            if await self._take(session, part, size, on_bytes):
                return size, crc
            idle = idle + 1 if len(part.data) == asked_at else 0
        raise CalfbandError(
            f"the band does not send session {session}; bring it nearer and run this again."
        )

    async def erase(self, session: int) -> bool:
        """Whether the band erased it: it keeps one that runs or is being read."""
        try:
            await self._ask(wire.ERASE_LOG, session)
        except NotPermittedError:
            return False
        except LinkLostError:
            raise
        except CalfbandError:  # it is gone already where only the answer got lost
            return session not in [row.session for row in await self.sessions()]
        return True

    async def _take(
        self, session: int, part: Part, size: int, on_bytes: Callable[[int, int], None]
    ) -> bool:
        """Pieces in order until the end; False: ask again from where the part ends now."""
        start = len(part.data)
        ahead = 0
        while True:
            try:
                told = await within(self.visitor.inbox.get(), QUIET_S)
            except asyncio.TimeoutError:
                return len(part.data) == size
            at = len(part.data)
            if told is None:
                return at == size
            number, offset, data = told
            if number != session or offset < at:
                continue  # on its way since an earlier request
            if offset > at:
                ahead += 1
                if at > start or ahead > MOST_AHEAD:
                    return False  # a piece was lost
                continue
            if not data:
                return at == size
            part.add(data)
            on_bytes(len(part.data), size)

    async def _ask(self, opcode: int, *parameters: int) -> bytes:
        """Data of the answer; waits for a band that is lost to come back."""
        for _ in range(ATTEMPTS):
            try:
                await within(self.visitor.can_ask.wait(), AWAY_S)
            except asyncio.TimeoutError:
                break
            while not self.visitor.inbox.empty():
                self.visitor.inbox.get_nowait()
            try:
                return await self._link.request(opcode, *parameters)
            except LinkLostError:
                await asyncio.sleep(RETRY_S)
        raise LinkLostError(
            "the band is out of reach or does not answer; run this again near it, it goes on "
            "where it stopped."
        )
