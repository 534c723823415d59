"""Bumble's pairing keys, kept by the firmware: asked for as NimBLE asks its application.

NimBLE keeps two secrets per peer, of which the band sees type, address and opaque bytes: with
OUR_SEC a bonded central encrypts again, PEER_SEC says that there is a bond.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable

from bumble.device import Connection, Device
from bumble.hci import Address, AddressType
from bumble.keys import KeyStore, PairingKeys

OUR_SEC, PEER_SEC = 1, 2
GET_SECRET, SET_SECRET = 29, 30
MOST_DELETIONS = 32

Ask = Callable[..., Awaitable]


class FirmwareKeys(KeyStore):
    """`ask(event, *args)` has the firmware's handler answer."""

    def __init__(self, ask: Ask, device: Device) -> None:
        self._ask = ask
        self._device = device
        self._changing = asyncio.Lock()  # new keys come when the old ones are gone

    async def update(self, name: str, keys: PairingKeys) -> None:
        if not self._is_bonding(name):
            return
        key, value = address_key(name), pack_keys(keys)
        async with self._changing:
            for kind in (OUR_SEC, PEER_SEC):
                await self._ask(SET_SECRET, kind, key, value)

    async def get(self, name: str) -> PairingKeys | None:
        value = await self._ask(GET_SECRET, OUR_SEC, 0, address_key(name))
        return unpack_keys(value) if value else None

    async def get_all(self) -> list[tuple[str, PairingKeys]]:
        return []  # who uses private addresses on a virtual link?

    async def drop_stale(self, connection: Connection) -> None:
        """A peer pairs anew: NimBLE deletes its old bond, and asks until it is gone.

        Raises RuntimeError where NimBLE would ask for ever (ble_sm_chk_repeat_pairing).
        """
        async with self._changing:
            await self._drop(address_key(str(connection.peer_address)))

    async def _drop(self, key: bytes) -> None:
        if not await self._ask(GET_SECRET, PEER_SEC, 0, key):
            return
        for kind in (OUR_SEC, PEER_SEC):
            for _ in range(MOST_DELETIONS):
                if not await self._ask(SET_SECRET, kind, key, None):
                    break
            else:
                raise RuntimeError("the firmware claims to delete the same secret again and again")
        if await self._ask(GET_SECRET, PEER_SEC, 0, key):
            raise RuntimeError("the firmware keeps a bond that the stack must be rid of: it hangs")

    def _is_bonding(self, name: str) -> bool:
        for session in self._device.smp_manager.sessions.values():
            peer = session.peer_bd_addr or session.connection.peer_address
            if str(peer) == name:
                return bool(session.bonding)
        return False


def address_key(name: str) -> bytes:
    """An address as NimBLE's ble_addr_t: type, then six bytes, least significant first."""
    address = Address(name)
    return bytes([address.address_type & 1]) + bytes(address)


def pack_keys(keys: PairingKeys) -> bytes:
    """LTK and IRK in 34 bytes: flags, LTK, IRK, address type."""
    ltk = keys.ltk.value if keys.ltk else bytes(16)
    irk = keys.irk.value if keys.irk else bytes(16)
    authenticated = bool(keys.ltk and keys.ltk.authenticated)
    flags = (keys.ltk is not None) | (keys.irk is not None) << 1 | authenticated << 2
    return struct.pack("<B16s16sB", flags, ltk, irk, keys.address_type or 0)


def unpack_keys(value: bytes) -> PairingKeys:
    """What `pack_keys` packed."""
    flags, ltk, irk, address_type = struct.unpack("<B16s16sB", value)
    keys = PairingKeys(address_type=AddressType(address_type))
    if flags & 1:
        keys.ltk = PairingKeys.Key(ltk, bool(flags & 4))
    if flags & 2:
        keys.irk = PairingKeys.Key(irk, bool(flags & 4))
    return keys
