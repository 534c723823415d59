"""Backends for bleak over Bumble devices: the plain bleak API, without the system's Bluetooth."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, ClassVar, cast

from bleak.backends.characteristic import BleakGATTCharacteristic, GattCharacteristicsFlags
from bleak.backends.client import BaseBleakClient
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bleak.uuids import normalize_uuid_str
from bumble.att import ATT_Error
from bumble.core import UUID, AdvertisingData, BaseBumbleError
from bumble.device import Advertisement, Connection, Device, Peer
from bumble.hci import HCI_PIN_OR_KEY_MISSING_ERROR, Address, HCI_Error

from host_tools.client.find import Air
from host_tools.radio.virtual_air import centrals_of_twins

MTU = 247
# The band tells every bonded link, before it has subscribed, too; Bumble warns of each packet.
logging.getLogger("bumble.gatt_client").setLevel(logging.ERROR)
_UUID_LISTS = tuple(AdvertisingData.Type(kind) for kind in range(2, 8))


@asynccontextmanager
async def virtual_air(program: str = "calfband") -> AsyncIterator[Air]:
    """The air of all twins that run on this computer, `program` being who listens there.

    Each program is a central of its own, with its own address and keys, kept for the next time.
    Raises CalfbandError when no twin runs.
    """
    async with centrals_of_twins(program) as centrals:
        yield air_of(centrals)


def air_of(centrals: Sequence[Device], mtu: int = MTU) -> Air:
    """Backends over these powered-on devices; connections ask for this MTU, 23: for none."""
    scanner = type("VirtualScanner", (BumbleScanner,), {"centrals": tuple(centrals)})
    client = type("VirtualClient", (BumbleClient,), {"centrals": tuple(centrals), "mtu": mtu})
    return Air(scanner, client)


class BumbleScanner(BaseBleakScanner):
    """Scans with every one of `centrals`."""

    centrals: ClassVar[tuple[Device, ...]] = ()

    def __init__(
        self,
        detection_callback: Any,
        service_uuids: list[str] | None,
        scanning_mode: str = "active",
        **kwargs: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._active = scanning_mode == "active"
        self._takers: list[tuple[Device, Callable[[Advertisement], None]]] = []

    async def start(self) -> None:
        self.seen_devices = {}
        for central in self.centrals:

            def take(advertisement: Advertisement, central: Device = central) -> None:
                self._take(central, advertisement)

            self._takers.append((central, take))
            central.on("advertisement", take)
            await central.start_scanning(active=self._active, filter_duplicates=False)

    async def stop(self) -> None:
        for central, take in self._takers:
            central.remove_listener("advertisement", take)
            if central.is_scanning:
                await central.stop_scanning()
        self._takers.clear()

    def _take(self, central: Device, seen: Advertisement) -> None:
        data = seen.data
        name = data.get(AdvertisingData.Type.COMPLETE_LOCAL_NAME)
        lists = cast(list, [data.get_all(kind) for kind in _UUID_LISTS])
        uuids = [_text(uuid) for found in lists for some in found for uuid in some]
        advertisement = AdvertisementData(name, {}, {}, uuids, None, seen.rssi, (seen,))
        address = seen.address.to_string(False)
        device = self.create_or_update_device(
            address, address, name, (central, seen.address), advertisement
        )
        if self.is_allowed_uuid(uuids):
            self.call_detection_callbacks(device, advertisement)


class BumbleClient(BaseBleakClient):
    """A connection of the central that saw the device, or of the first of `centrals`."""

    centrals: ClassVar[tuple[Device, ...]] = ()
    mtu: ClassVar[int] = MTU

    def __init__(self, address_or_ble_device: Any, services: Any = None, **kwargs: Any) -> None:
        super().__init__(address_or_ble_device, **kwargs)
        details = getattr(address_or_ble_device, "details", None)
        self._central, self._target = details or (self.centrals[0], Address(self.address))
        self._connection: Connection | None = None
        self._subscriptions: dict[int, Callable] = {}

    @property
    def name(self) -> str:
        return self.address

    @property
    def mtu_size(self) -> int:
        return self._connection.att_mtu if self._connection else 23

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, pair: bool, **kwargs: Any) -> None:
        try:
            connection = await self._central.connect(self._target, timeout=self._timeout)
        except (BaseBumbleError, asyncio.TimeoutError) as error:
            raise BleakDeviceNotFoundError(self.address, str(error) or "no answer") from error
        self._connection = connection
        connection.on("disconnection", self._disconnected)
        try:
            await _exchange(self._set_up(connection, pair))
        except BaseException:
            with suppress(BleakError):
                await self.disconnect()
            raise

    async def _set_up(self, connection: Connection, pair: bool) -> None:
        peer = Peer(connection)
        if self.mtu > 23:
            await peer.request_mtu(self.mtu)
        keystore = self._central.keystore
        if keystore and await keystore.get(str(connection.peer_address)):
            # As the systems' stacks do, a bonded peer is encrypted at once.
            try:
                await connection.encrypt()
            except HCI_Error as error:
                if error.error_code != HCI_PIN_OR_KEY_MISSING_ERROR:
                    raise
                await self._forget(connection)  # the device has forgotten us
        if pair and not connection.is_encrypted:
            await self.pair()
        await peer.discover_all()
        collection = BleakGATTServiceCollection()
        for found in peer.services:
            service = BleakGATTService(found, found.handle, _text(found.uuid))
            collection.add_service(service)
            for one in found.characteristics:
                properties = [
                    flag.name.replace("_", "-")
                    for flag in GattCharacteristicsFlags
                    if flag.name and flag.value & one.properties
                ]
                characteristic = BleakGATTCharacteristic(
                    one,
                    one.handle,
                    _text(one.uuid),
                    properties,  # type: ignore  (bleak lists its own names as literals)
                    lambda: self.mtu_size - 3,
                    service,
                )
                collection.add_characteristic(characteristic)
                for row in one.descriptors:
                    descriptor = BleakGATTDescriptor(
                        row, row.handle, _text(row.type), characteristic
                    )
                    collection.add_descriptor(descriptor)
        self.services = collection

    def _disconnected(self, _: int) -> None:
        self._connection = None
        self.services = None
        self._subscriptions.clear()
        if self._disconnected_callback:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        if self._connection:
            await _exchange(self._connection.disconnect())

    async def pair(self, *args: Any, **kwargs: Any) -> None:
        connection = self._linked()
        try:
            await connection.pair()
        except (BaseBumbleError, asyncio.TimeoutError, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                raise
            raise BleakError(f"pairing failed: {error}") from error
        session = self._central.smp_manager.sessions.get(connection.handle)
        if session is None or not session.bonding:
            # Bumble keeps keys even of a peer that does not want to be bonded.
            await self._forget(connection)
            raise BleakError("pairing failed: the device does not bond now")

    async def unpair(self) -> None:
        await self._forget(self._linked())

    async def _forget(self, connection: Connection) -> None:
        keystore = self._central.keystore
        if keystore and await keystore.get(str(connection.peer_address)):
            await keystore.delete(str(connection.peer_address))

    def _linked(self) -> Connection:
        if self._connection is None:
            raise BleakError("Not connected")
        return self._connection

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        self._linked()
        return bytearray(await _exchange(characteristic.obj.read_value()))

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        self._linked()
        return bytearray(await _exchange(descriptor.obj.read_value()))

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: Any, response: bool
    ) -> None:
        self._linked()
        await _exchange(characteristic.obj.write_value(bytes(data), with_response=response))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: Any) -> None:
        self._linked()
        await _exchange(descriptor.obj.write_value(bytes(data), with_response=True))

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: Any, **kwargs: Any
    ) -> None:
        self._linked()

        def subscriber(value: bytes) -> None:
            callback(bytearray(value))

        self._subscriptions[characteristic.handle] = subscriber
        await _exchange(characteristic.obj.subscribe(subscriber, prefer_notify=True))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        self._linked()
        subscriber = self._subscriptions.pop(characteristic.handle)
        await _exchange(characteristic.obj.unsubscribe(subscriber))


def _text(uuid: UUID) -> str:
    return normalize_uuid_str(uuid.to_hex_str("-"))


async def _exchange(awaited: Awaitable[Any]) -> Any:
    """Bumble's failures as bleak's."""
    try:
        return await awaited
    except ATT_Error as error:
        raise BleakGATTProtocolError(error.error_code) from error
    except BaseBumbleError as error:
        raise BleakError(str(error)) from error
    except asyncio.CancelledError as error:
        if _is_cancelled():
            raise
        raise BleakError("disconnected") from error


def _is_cancelled() -> bool:
    """Whether our task is; Bumble also raises CancelledError when a link ends."""
    task = asyncio.current_task()
    if task is None or sys.version_info < (3, 11):  # where there is no Bumble either
        return True
    return task.cancelling() > 0
