"""Who hears what a band says."""

from __future__ import annotations

from typing import Any


class Listener:
    """What a link tells; every method may be left as it is. Called in the event loop."""

    def connected(self, name: str, info: dict[str, Any], mtu: int) -> None:
        """Found, secured and subscribed; `info` is Info decoded, `serial` and `address`."""

    def ready(self) -> None:
        """All that follows `connected` is done: requests can be made."""

    def disconnected(self, why: str) -> None:
        """The link ended; it will be sought again."""

    def trouble(self, sentence: str) -> None:
        """An attempt to come back failed; it goes on."""

    def status(self, status: dict[str, Any]) -> None:
        """Status decoded: after each connection and at each indication."""

    def stride(self, stride: dict[str, Any], missed: int, packet: bytes) -> None:
        """Stride decoded, how many before it never arrived (modulo 256), and as it came."""

    def raw(self, packet: bytes) -> None:
        """A raw packet as it came."""

    def log(self, session: int, offset: int, data: bytes) -> None:
        """A piece of a session's file; no data: the end of it."""

    def battery(self, percent: int) -> None:
        """Charge of the band's cell."""
