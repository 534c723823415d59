"""Between the link and the journal: everything that arrives is written down, then counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from host_tools.client.link import Link
from host_tools.client.listener import Listener
from host_tools.client.packets import RAW_CHANNELS
from host_tools.errors import CalfbandError
from host_tools.record import journal
from host_tools.record.journal import Journal
from host_tools.record.streams import RATES_HZ, Streams

LOSSES_EVERY_S = 10.0
Say = Callable[[str], None]


class Recorder(Listener):
    """Writes a journal; `streams` counts along. Sets `stop` when the disk takes no more."""

    def __init__(self, to: Journal, stop: asyncio.Event, say: Say) -> None:
        self.streams = Streams(keep_samples=False)
        self.name = ""
        self.info: dict[str, Any] = {}
        self.state = "looking for the band"
        self.status_now: dict[str, Any] | None = None
        self.battery_pct: int | None = None
        self.strides = 0
        self.strides_missed = 0
        self.marks: list[int] = []
        self.failed: CalfbandError | None = None
        self._journal = to
        self._stop = stop
        self._say = say
        self._said_lost = self.streams.lost
        self._say_losses_at = 0.0

    def write(self, kind: int, payload: bytes | dict[str, Any]) -> None:
        """Into the journal, then into the counts."""
        if self.failed is not None:
            return
        try:
            entry = self._journal.add(kind, payload)
        except OSError as error:
            self.failed = CalfbandError(
                f"{self._journal.path}: cannot be written ({error.strerror or error}); the "
                "recording ends here."
            )
            self._stop.set()
            return
        self.streams.take(entry)

    def connected(self, name: str, info: dict[str, Any], mtu: int) -> None:
        again = bool(self.name)
        self.name, self.info, self.state = name, info, "connected"
        self.write(journal.CONNECTED, {**info, "name": name, "mtu": mtu})
        self._say(f"{'back on' if again else 'connected to'} {name} (packets of {mtu} bytes)")

    def disconnected(self, why: str) -> None:
        self.state = f"{why}; looking for it"
        self.write(journal.LOST, {"why": why})
        self._say(self.state)

    def trouble(self, sentence: str) -> None:
        if sentence != self.state:
            self._say(sentence)
        self.state = sentence

    def status(self, status: dict[str, Any]) -> None:
        if self.status_now is None or status["level"] != self.status_now["level"]:
            self._say(f"level {status['level_name']}, {status['confidence_pct']} % sure")
        self.status_now = status
        self.write(journal.STATUS, status)

    def stride(self, stride: dict[str, Any], missed: int, packet: bytes) -> None:
        self.strides += 1
        self.strides_missed += missed
        self.write(journal.STRIDE, packet)

    def raw(self, packet: bytes) -> None:
        self.write(journal.RAW, packet)
        now = time.monotonic()
        if now >= self._say_losses_at:
            lost = self.streams.lost
            if lost != self._said_lost:
                self._say(", ".join(f"{n} {kind}" for kind, n in lost.items()) + " samples lost")
                self._said_lost = lost
                self._say_losses_at = now + LOSSES_EVERY_S

    def battery(self, percent: int) -> None:
        self.battery_pct = percent

    async def mark(self, link: Link, opcode: int, heaviness: int) -> None:
        """Into the recording in any case, and to the band where it can be reached."""
        self.marks.append(heaviness)
        self.write(journal.MARK, {"heaviness": heaviness})
        try:
            await link.request(opcode, heaviness)
            self._say(f"marked {heaviness} of 10")
        except CalfbandError:
            self._say(f"marked {heaviness} of 10 in the recording; the band did not hear it")

    @property
    def seconds(self) -> float:
        """Recorded so far, gaps included."""
        received, lost = self.streams.received, self.streams.lost
        return max((received[kind] + lost[kind]) / RATES_HZ[kind] for kind in RAW_CHANNELS)
