"""A private org.bluez: unmodified bleak and Chromium on Linux reach a virtual band through it.

A dbus-daemon of our own carries it; a program sees it when started with
DBUS_SYSTEM_BUS_ADDRESS set to its address. A Bumble device is the adapter behind it.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bumble.core import AdvertisingData, BaseBumbleError
from bumble.device import Advertisement, Connection, Device, Peer

from host_tools.errors import CalfbandError

MTU = 247
HIDDEN = ("00001800", "00001801")  # BlueZ keeps GAP and GATT to itself
_UUID_LISTS = tuple(AdvertisingData.Type(kind) for kind in range(2, 8))


@asynccontextmanager
async def private_bluez(adapter: Device) -> AsyncIterator[str]:
    """Address of a bus with org.bluez on it, `adapter` being a powered-on central.

    Raises CalfbandError where there is no dbus-daemon or no dbus-fast (both are Linux's).
    """
    daemon = shutil.which("dbus-daemon")
    if daemon is None:
        raise CalfbandError(
            "a private BlueZ needs the program dbus-daemon, which is not installed (Debian, "
            "Ubuntu: apt install dbus); without it, use the --twin option of the other commands."
        )
    try:
        from host_tools.radio.bluez_objects import Bus
    except ImportError as error:
        raise CalfbandError(
            "a private BlueZ needs the package dbus-fast, which comes with bleak on Linux only; "
            "use the --twin option of the other commands."
        ) from error
    with tempfile.TemporaryDirectory(prefix="calfband-") as folder:
        address = f"unix:path={Path(folder) / 'bus'}"
        process = await asyncio.create_subprocess_exec(
            *(daemon, "--session", "--nofork", "--nopidfile", "--print-address=1"),
            f"--address={address}",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            assert process.stdout
            if not await process.stdout.readline():
                raise CalfbandError(f"{daemon} does not start; see what it says on its own.")
            bus = await Bus(bus_address=address).connect()
            bluez = BlueZ(adapter, bus)
            await bluez.start()
            try:
                yield address
            finally:
                await bluez.stop()
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


class BlueZ:
    """The adapter's devices on the bus."""

    def __init__(self, adapter: Device, bus) -> None:
        from host_tools.radio import bluez_gatt
        from host_tools.radio import bluez_objects as objects

        self.adapter = adapter
        self.own_address = adapter.random_address.to_string(False)
        self._bus = bus
        self._objects = objects
        self._gatt = bluez_gatt
        self._devices: dict[str, objects.RemoteDevice] = {}
        self._exported: dict[str, list[tuple[str, object]]] = {}

    async def start(self) -> None:
        """Own the name org.bluez, with the adapter hci0."""
        self._bus.export("/org/bluez", self._objects.AgentManager())
        self._bus.export(self._objects.HCI, self._objects.Adapter(self))
        await self._bus.request_name("org.bluez")
        self.adapter.on("advertisement", self._on_advertisement)

    async def stop(self) -> None:
        """Leave the bus and close the connections."""
        self.adapter.remove_listener("advertisement", self._on_advertisement)
        for connection in list(self.adapter.connections.values()):
            with suppress(BaseBumbleError, asyncio.TimeoutError):
                await connection.disconnect()
        self._bus.disconnect()

    async def is_known(self, connection: Connection) -> bool:
        """Whether the adapter has keys of this peer."""
        keystore = self.adapter.keystore
        return bool(keystore and await keystore.get(str(connection.peer_address)))

    def is_bonding(self, connection: Connection) -> bool:
        """Whether the peer has agreed to be bonded when it paired."""
        session = self.adapter.smp_manager.sessions.get(connection.handle)
        return bool(session and session.bonding)

    async def forget(self, path: str) -> None:
        """Drop the keys of a device."""
        for device in self._devices.values():
            if device.path == path and self.adapter.keystore:
                device.paired = False
                with suppress(KeyError):
                    await self.adapter.keystore.delete(str(device.peer))

    def _on_advertisement(self, seen: Advertisement) -> None:
        address = seen.address.to_string(False)
        device = self._devices.get(address)
        data = seen.data
        name = data.get(AdvertisingData.Type.COMPLETE_LOCAL_NAME)
        uuids = {
            self._objects.text(uuid)
            for kind in _UUID_LISTS
            for uuids in data.get_all(kind)
            for uuid in uuids  # type: ignore  (of these kinds all are lists)
        }
        if device is None:
            path = f"{self._objects.HCI}/dev_{address.replace(':', '_')}"
            device = self._objects.RemoteDevice(self, path, seen.address)
            device.advertised(name, uuids, seen.rssi)
            self._devices[address] = device
            self._bus.export(path, device)
        else:
            device.advertised(name, uuids, seen.rssi)
            device.tell_advertised()

    async def resolve(self, device) -> None:
        """Put the services of a connected device on the bus."""
        peer = Peer(device.connection)
        await peer.request_mtu(MTU)
        await peer.discover_all()
        exported = self._exported[device.path] = []
        for service in peer.services:
            if self._objects.text(service.uuid).startswith(HIDDEN):
                continue
            at = f"{device.path}/service{service.handle:04x}"
            exported.append((at, self._gatt.Service(device, service)))
            for characteristic in service.characteristics:
                # BlueZ names a characteristic by its declaration, one below its value.
                below = f"{at}/char{characteristic.handle - 1:04x}"
                exported.append((below, self._gatt.Characteristic(at, characteristic, device)))
                for row in characteristic.descriptors:
                    last = f"{below}/desc{row.handle:04x}"
                    exported.append((last, self._gatt.Descriptor(below, row)))
        for path, interface in exported:
            self._bus.export(path, interface)
        device.resolved({self._objects.text(service.uuid) for service in peer.services})

    def withdraw(self, device) -> None:
        """The device is gone: so are its services."""
        for path, interface in reversed(self._exported.pop(device.path, [])):
            self._bus.unexport(path, interface)
