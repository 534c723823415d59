"""Attributes as MicroPython registers them, as Bumble serves them; permissions are enforced here.

Bumble itself checks encryption, but neither plain reading nor plain writing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from bumble import att
from bumble.core import UUID
from bumble.device import Connection
from bumble.gatt import Characteristic, CharacteristicValue, Descriptor, Service

READ, WRITE_WITHOUT_RESPONSE, WRITE = 0x02, 0x04, 0x08
# MicroPython's flags are NimBLE's: the low byte is that of the declaration.
PROTECTIONS = {
    0x0200: att.Attribute.Permissions.READ_REQUIRES_ENCRYPTION,
    0x0400: att.Attribute.Permissions.READ_REQUIRES_AUTHENTICATION,
    0x0800: att.Attribute.Permissions.READ_REQUIRES_AUTHORIZATION,
    0x1000: att.Attribute.Permissions.WRITE_REQUIRES_ENCRYPTION,
    0x2000: att.Attribute.Permissions.WRITE_REQUIRES_AUTHENTICATION,
    0x4000: att.Attribute.Permissions.WRITE_REQUIRES_AUTHORIZATION,
}
CLIENT_CONFIGURATION = UUID.from_16_bits(0x2902)

# (connection, handle) -> (ATT error or 0, value)
Read = Callable[[Connection, int], Awaitable[tuple[int, bytes]]]
Write = Callable[[Connection, int, bytes], Awaitable[None]]


def build_services(described: Sequence[Any], read: Read, write: Write) -> list[Service]:
    """Services from [(uuid, [(uuid, flags, [(uuid, flags)])])], UUIDs in little-endian bytes."""
    services = []
    for uuid, rows in described:
        characteristics = []
        for row_uuid, flags, descriptors in rows:
            value = FirmwareValue(flags, read, write)
            value.attribute = characteristic = Characteristic(
                UUID.from_bytes(row_uuid),
                Characteristic.Properties(flags & 0xFF),
                _permissions(flags),
                value,
                [_descriptor(row, read, write) for row in descriptors],
            )
            characteristics.append(characteristic)
        services.append(Service(UUID.from_bytes(uuid), characteristics))
    return services


def handles_of(service: Service) -> list[int]:
    """Value handles in the order of MicroPython's result: each value, then its descriptors."""
    handles = []
    for characteristic in service.characteristics:
        handles.append(characteristic.handle)
        handles += [d.handle for d in characteristic.descriptors if d.type != CLIENT_CONFIGURATION]
    return handles


class FirmwareValue(CharacteristicValue):
    """A value that the firmware holds. `attribute` is set once the attribute exists."""

    attribute: att.Attribute

    def __init__(self, flags: int, read: Read, write: Write) -> None:
        async def on_read(connection: Connection) -> bytes:
            if not flags & READ:
                raise att.ATT_Error(att.ATT_READ_NOT_PERMITTED_ERROR)
            error, value = await read(connection, self.attribute.handle)
            if error:
                raise att.ATT_Error(att.ErrorCode(error))
            return value

        async def on_write(connection: Connection, value: bytes) -> None:
            if not flags & (WRITE | WRITE_WITHOUT_RESPONSE):
                raise att.ATT_Error(att.ATT_WRITE_NOT_PERMITTED_ERROR)
            await write(connection, self.attribute.handle, value)

        super().__init__(on_read, on_write)


def _descriptor(row: tuple[bytes, int], read: Read, write: Write) -> Descriptor:
    uuid, flags = row
    value = FirmwareValue(flags, read, write)
    value.attribute = descriptor = Descriptor(UUID.from_bytes(uuid), _permissions(flags), value)
    return descriptor


def _permissions(flags: int) -> att.Attribute.Permissions:
    permissions = att.Attribute.Permissions(0)
    if flags & READ:
        permissions |= att.Attribute.Permissions.READABLE
    if flags & (WRITE | WRITE_WITHOUT_RESPONSE):
        permissions |= att.Attribute.Permissions.WRITEABLE
    for flag, permission in PROTECTIONS.items():
        if flags & flag:
            permissions |= permission
    return permissions
