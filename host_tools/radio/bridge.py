"""The radio of a virtual band: what its `bluetooth` module calls is done by a Bumble device.

Plays NimBLE on the ESP32 towards the firmware: same events in the same order, same errors.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from bumble import smp
from bumble.core import UUID, BaseBumbleError
from bumble.device import AdvertisingType, Connection, Device
from bumble.gatt import Characteristic
from bumble.link import LocalLink
from bumble.pairing import PairingConfig, PairingDelegate

from host_tools.radio.attributes import build_services, handles_of
from host_tools.radio.key_store import FirmwareKeys
from host_tools.radio.virtual_link import remove, virtual_device
from host_tools.twin import ble_frames as frames

CENTRAL_CONNECT, CENTRAL_DISCONNECT, GATTS_WRITE, GATTS_READ_REQUEST = 1, 2, 3, 4
GATTS_INDICATE_DONE, MTU_EXCHANGED, CONNECTION_UPDATE, ENCRYPTION_UPDATE = 20, 21, 27, 28
TIMED_OUT = 13  # BLE_HS_ETIMEOUT
BUFFERS = 12  # packets the stack holds before it refuses more (CONFIG_BT_NIMBLE_MSYS_1_BLOCK_COUNT)
ASK_TIMEOUT_S = 30.0
DEVICE_NAME = UUID.from_16_bits(0x2A00)
UNIT_ADDRESS = "C4:1F:00:00:00:01"  # random static

log = logging.getLogger(__name__)
_decode: Callable[[bytes], Any] = frames.decode


class Bridge:
    """One unit on a link; the firmware behind it may be restarted as often as one likes."""

    def __init__(self, link: LocalLink, address: str = UNIT_ADDRESS) -> None:
        self.link = link
        self.address = address
        self.device: Device | None = None
        self.advertising = asyncio.Event()  # set at each start of advertising
        self.refuse_notifications = 0  # so many next ones find no buffer, for tests
        self._config: dict[str, Any] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._server: asyncio.AbstractServer | None = None
        self._asked: dict[int, asyncio.Future] = {}
        self._number = 0
        self._characteristics: dict[int, Characteristic] = {}
        self._settled: dict[int, asyncio.Event] = {}
        self._tasks: set[asyncio.Task] = set()

    async def listen(self, path: str) -> None:
        """Wait for a firmware on this Unix socket; give it the path as CALFBAND_RADIO."""
        self._server = await asyncio.start_unix_server(self._serve, path)

    async def close(self) -> None:
        """Switch the radio off and let the firmware go."""
        if self._server:
            self._server.close()
        if self._writer:
            self._writer.close()
        await self._off()
        for task in list(self._tasks):
            task.cancel()

    # --- frames ---

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        try:
            while True:
                size, kind = struct.unpack("<HB", await reader.readexactly(3))
                payload = await reader.readexactly(size - 1)
                if kind == frames.NOTIFY:
                    writer.write(struct.pack("<HBH", 3, frames.NOTIFIED, self._notify(payload)))
                elif kind == frames.ANSWER:
                    number, result = _decode(payload)
                    future = self._asked.pop(number, None)
                    if future and not future.done():
                        future.set_result(result)
                else:
                    number, name, args = _decode(payload)
                    self._spawn(self._call(writer, number, name, args))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for future in self._asked.values():
                if not future.done():
                    future.set_result(None)
            self._asked.clear()
            if self._writer is writer:
                self._writer = None
                await self._off()
            writer.close()

    async def _call(self, writer: asyncio.StreamWriter, number: int, name: str, args: list) -> None:
        error, result = 0, None
        try:
            result = await getattr(self, f"_do_{name}")(*args)
        except OSError as refused:
            error = refused.errno or errno.EIO
        except (BaseBumbleError, asyncio.TimeoutError, ValueError) as failed:
            log.warning("%s: %r", name, failed)
            error = errno.EIO
        writer.write(frames.encode(frames.REPLY, [number, error, result]))

    def _tell(self, event: int, *args: object) -> None:
        if self._writer:
            self._writer.write(frames.encode(frames.EVENT, [event, 0, list(args)]))

    async def _ask(self, event: int, *args: object) -> Any:
        if not self._writer:
            return None
        self._number = self._number % 65535 + 1
        future = self._asked[self._number] = asyncio.get_running_loop().create_future()
        self._writer.write(frames.encode(frames.EVENT, [event, self._number, list(args)]))
        return await asyncio.wait_for(future, ASK_TIMEOUT_S)

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- methods of MicroPython's BLE ---

    def _on(self) -> Device:
        if self.device is None:
            raise OSError(errno.ENODEV, "the radio is off")
        return self.device

    def _connection(self, handle: int) -> Connection:
        connection = self._on().connections.get(handle)
        if connection is None:
            raise OSError(errno.ENOTCONN, "no such connection")
        return connection

    async def _do_active(self, on: int) -> None:
        if not on:
            await self._off()
        elif self.device is None:
            device = self.device = virtual_device(self.link, "MPY ESP32", self.address)
            device.keystore = FirmwareKeys(self._ask, device)
            device.pairing_config_factory = self._pairing_config
            device.on("connection", self._connected)
            self._spawn(device.power_on())  # not awaited: it may ask the firmware for secrets

    async def _off(self) -> None:
        device, self.device = self.device, None
        if device is None:
            return
        for connection in list(device.connections.values()):
            with suppress(BaseBumbleError, asyncio.TimeoutError):
                await connection.disconnect()
        remove(self.link, device)

    def _pairing_config(self, _: Connection) -> PairingConfig:
        return PairingConfig(
            sc=bool(self._config.get("le_secure")),
            mitm=bool(self._config.get("mitm")),
            bonding=bool(self._config.get("bond")),
            identity_address_type=PairingConfig.AddressType.RANDOM,
            delegate=PairingDelegate(PairingDelegate.IoCapability(self._config.get("io", 3))),
        )

    async def _do_config_get(self, name: str) -> Any:
        if name == "mac":
            return [1, bytes(self._on().random_address)[::-1]]
        if name not in self._config:
            raise OSError(errno.EINVAL, name)
        return self._config[name]

    async def _do_config_set(self, name: str, value: Any) -> None:
        device = self._on()
        self._config[name] = value
        if name == "mtu":
            device.gatt_server.max_mtu = value
        elif name == "gap_name":
            device.name = value
            for attribute in device.gatt_server.attributes:
                if isinstance(attribute, Characteristic) and attribute.uuid == DEVICE_NAME:
                    attribute.value = value.encode()

    async def _do_gatts_register_services(self, described: list) -> list[list[int]]:
        device = self._on()
        services = build_services(described, self._read, self._write)
        for service in services:
            device.add_service(service)
            for characteristic in service.characteristics:
                self._characteristics[characteristic.handle] = characteristic
        return [handles_of(service) for service in services]

    async def _do_gap_advertise(
        self, interval_us: int | None, data: bytes | None, response: bytes | None, connectable: int
    ) -> None:
        device = self._on()
        if interval_us is None:
            await device.stop_advertising()
            return
        while not device.powered_on:
            await asyncio.sleep(0.001)
        kind = AdvertisingType.UNDIRECTED
        if connectable:
            kind = AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE
        await device.start_advertising(
            kind,
            advertising_data=data or b"",
            scan_response_data=response or b"",
            advertising_interval_min=interval_us / 1000,
            advertising_interval_max=interval_us / 1000,
        )
        self.advertising.set()

    async def _do_gap_disconnect(self, handle: int) -> int:
        connection = self._on().connections.get(handle)
        if connection is None:
            return 0
        self._spawn(self._disconnect(connection))
        return 1

    async def _disconnect(self, connection: Connection) -> None:
        with suppress(BaseBumbleError, asyncio.TimeoutError):
            await connection.disconnect()

    async def _do_gap_pair(self, handle: int) -> None:
        self._connection(handle).request_pairing()

    def _notify(self, payload: bytes) -> int:
        """errno or 0. Nothing waits: a full stack refuses, and says so to nobody."""
        conn, handle = struct.unpack_from("<HH", payload)
        connection = self.device.connections.get(conn) if self.device else None
        if self.device is None or connection is None:
            return errno.ENOTCONN
        queue = self.device.host.get_data_packet_queue(conn)
        if self.refuse_notifications or (queue and queue.pending >= BUFFERS):
            self.refuse_notifications = max(0, self.refuse_notifications - 1)
            return errno.ENOMEM
        server = self.device.gatt_server
        characteristic = self._characteristics[handle]
        self._spawn(server.notify_subscriber(connection, characteristic, payload[4:], force=True))
        return 0

    async def _do_gatts_indicate(self, conn: int, handle: int, data: bytes) -> None:
        self._spawn(self._indicate(self._connection(conn), handle, data))

    async def _indicate(self, connection: Connection, handle: int, data: bytes) -> None:
        status = 0
        try:
            await self._on().gatt_server.indicate_subscriber(
                connection, self._characteristics[handle], data, force=True
            )
        except (BaseBumbleError, asyncio.TimeoutError, OSError):
            status = TIMED_OUT
        self._tell(GATTS_INDICATE_DONE, connection.handle, handle, status)

    async def _do_gatts_update(self, handle: int, data: bytes) -> None:
        server = self._on().gatt_server
        for connection in list(self._on().connections.values()):
            subscribed = server.read_cccd(connection, self._characteristics[handle])[0]
            if subscribed & 1:
                await server.notify_subscriber(connection, self._characteristics[handle], data)
            elif subscribed & 2:
                self._spawn(self._indicate(connection, handle, data))

    # --- what happens on the air ---

    async def _read(self, connection: Connection, handle: int) -> tuple[int, bytes]:
        await self._settled[connection.handle].wait()
        answer = await self._ask(GATTS_READ_REQUEST, connection.handle, handle)
        return (answer[0], answer[1]) if answer else (0x0E, b"")

    async def _write(self, connection: Connection, handle: int, value: bytes) -> None:
        await self._settled[connection.handle].wait()
        await self._ask(GATTS_WRITE, connection.handle, handle, value)

    def _connected(self, connection: Connection) -> None:
        handle = connection.handle
        settled = self._settled[handle] = asyncio.Event()
        settled.set()
        address_type = connection.peer_address.address_type & 1
        address = bytes(connection.peer_address)[::-1]
        self._tell(CENTRAL_CONNECT, handle, address_type, address)

        repeating: list[asyncio.Task[None]] = []

        def disconnected(_: int) -> None:
            settled.set()
            if repeating and not repeating[-1].done():
                repeating[-1].add_done_callback(lambda _: tell_gone())
            else:
                tell_gone()

        def tell_gone() -> None:
            self._tell(CENTRAL_DISCONNECT, handle, address_type, address)

        def pairing_started() -> None:
            # NimBLE asks for the old bond within the pairing; nothing of it comes later.
            settled.clear()
            repeating.append(self._spawn(self._repeat_pairing(connection)))

        def encrypted() -> None:
            # While a pairing goes on, NimBLE tells of the encryption once the keys are exchanged.
            # Bumble takes every encrypted link for an authenticated one.
            connection.authenticated = False
            if handle not in device.smp_manager.sessions:
                settled.clear()
                self._spawn(self._tell_encryption(connection, settled))

        device = self._on()
        connection.on("disconnection", disconnected)
        connection.on("connection_att_mtu_update", lambda: self._told_mtu(connection))
        connection.on("pairing_start", pairing_started)
        connection.on("pairing_failure", lambda _: settled.set())
        connection.on("connection_encryption_change", encrypted)
        connection.on("pairing", lambda _: self._spawn(self._tell_encryption(connection, settled)))

    def _told_mtu(self, connection: Connection) -> None:
        self._tell(MTU_EXCHANGED, connection.handle, connection.att_mtu)

    async def _repeat_pairing(self, connection: Connection) -> None:
        device = self.device
        if device and isinstance(device.keystore, FirmwareKeys):
            await device.keystore.drop_stale(connection)

    async def _tell_encryption(self, connection: Connection, settled: asyncio.Event) -> None:
        device = self.device
        if device is None or device.keystore is None:
            return
        session = device.smp_manager.sessions.get(connection.handle)
        if session:
            authenticated = session.pairing_method != smp.PairingMethod.JUST_WORKS
            bonded = bool(session.bonding)
        else:
            # The long-term key came from the store.
            authenticated, bonded = False, connection.is_encrypted
        connection.authenticated = authenticated
        self._tell(
            ENCRYPTION_UPDATE,
            connection.handle,
            int(connection.is_encrypted),
            int(authenticated),
            int(bonded),
            connection.encryption_key_size or 16,
        )
        settled.set()
