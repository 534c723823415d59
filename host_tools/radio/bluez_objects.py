"""The adapter and its devices on org.bluez, as bleak and Chromium use them (BlueZ's doc/*.rst)."""

# dbus-fast reads D-Bus signatures from annotations: here they are evaluated at once.
import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from bumble.att import ATT_Error
from bumble.core import UUID, BaseBumbleError
from bumble.device import Connection
from bumble.hci import Address
from dbus_fast import DBusError, Message, PropertyAccess
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import (
    DBusBool,
    DBusDict,
    DBusInt16,
    DBusObjectPath,
    DBusSignature,
    DBusStr,
    DBusUInt32,
)
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

HCI = "/org/bluez/hci0"
NOT_PERMITTED = "org.bluez.Error.NotPermitted"
NOT_SECURE = (0x05, 0x08, 0x0C, 0x0F)  # ATT errors for which BlueZ says so
Strings = Annotated[list[str], DBusSignature("as")]


def text(uuid: UUID) -> str:
    """A UUID with all its 128 bits."""
    digits = uuid.to_hex_str("-").lower()
    return digits if len(digits) > 8 else f"0000{digits[-4:]}-0000-1000-8000-00805f9b34fb"


def tells(name: str, kind: Any, get: Callable[[Any], Any]) -> Any:
    """A property to read."""

    def getter(self: Any) -> Any:
        return get(self)

    getter.__annotations__ = {"return": kind}
    return dbus_property(PropertyAccess.READ, name)(getter)


def takes(name: str, kind: Any, value: Any) -> Any:
    """A property that may be set, which changes nothing."""

    def getter(self: Any) -> Any:
        return value

    def setter(self: Any, value: Any) -> None:
        pass

    getter.__annotations__ = {"return": kind}
    setter.__annotations__ = {"value": kind}
    return dbus_property(PropertyAccess.READWRITE, name)(getter).setter(setter)


async def exchange(awaited: Awaitable[Any]) -> Any:
    """Bumble's failures as BlueZ says them."""
    try:
        return await awaited
    except ATT_Error as error:
        if error.error_code in NOT_SECURE:
            raise DBusError(NOT_PERMITTED, str(error)) from error
        code = f"Operation failed with ATT error: 0x{int(error.error_code):02x}"
        raise DBusError("org.bluez.Error.Failed", code) from error
    except (BaseBumbleError, asyncio.TimeoutError, asyncio.CancelledError) as error:
        raise DBusError("org.bluez.Error.Failed", str(error) or "Not connected") from error


class Bus(MessageBus):
    """BlueZ sends ObjectManager's signals from "/", where dbus-fast takes the object's own path."""

    def send(self, msg: Message) -> Any:
        if msg.interface == "org.freedesktop.DBus.ObjectManager" and msg.member in (
            "InterfacesAdded",
            "InterfacesRemoved",
        ):
            msg.path = "/"
        return super().send(msg)


class Interface(ServiceInterface):
    """Its properties are found by the names they have in the class, as dbus-fast wants it."""

    def __init_subclass__(cls) -> None:
        for attribute, member in vars(cls).items():
            for function in (
                getattr(member, "prop_getter", None),
                getattr(member, "prop_setter", None),
            ):
                if function is not None:
                    function.__name__ = attribute


class AgentManager(Interface):
    """Agents may register; nothing is ever asked of them."""

    def __init__(self) -> None:
        super().__init__("org.bluez.AgentManager1")

    @dbus_method("RegisterAgent")
    def register(self, agent: DBusObjectPath, capability: DBusStr) -> None:
        pass

    @dbus_method("RequestDefaultAgent")
    def request_default(self, agent: DBusObjectPath) -> None:
        pass

    @dbus_method("UnregisterAgent")
    def unregister(self, agent: DBusObjectPath) -> None:
        pass


class Adapter(Interface):
    """hci0, played by the Bumble device of `bluez`."""

    def __init__(self, bluez: Any) -> None:
        super().__init__("org.bluez.Adapter1")
        self._bluez = bluez
        self.discovering = False

    address = tells("Address", DBusStr, lambda self: self._bluez.own_address)
    address_type = tells("AddressType", DBusStr, lambda self: "random")
    adapter_name = tells("Name", DBusStr, lambda self: "virtual")
    bluetooth_class = tells("Class", DBusUInt32, lambda self: 0)
    is_discovering = tells("Discovering", DBusBool, lambda self: self.discovering)
    uuids = tells("UUIDs", Strings, lambda self: [])
    modalias = tells("Modalias", DBusStr, lambda self: "usb:v1D6Bp0246d0535")
    roles = tells("Roles", Strings, lambda self: ["central", "peripheral"])
    alias = takes("Alias", DBusStr, "virtual")
    powered = takes("Powered", DBusBool, True)
    discoverable = takes("Discoverable", DBusBool, False)
    discoverable_timeout = takes("DiscoverableTimeout", DBusUInt32, 0)
    pairable = takes("Pairable", DBusBool, True)

    @dbus_method("SetDiscoveryFilter")
    def set_filter(self, properties: DBusDict) -> None:
        pass

    @dbus_method("StartDiscovery")
    async def start(self) -> None:
        self.discovering = True
        self.emit_properties_changed({"Discovering": True})
        await exchange(self._bluez.adapter.start_scanning(active=True, filter_duplicates=False))

    @dbus_method("StopDiscovery")
    async def stop(self) -> None:
        self.discovering = False
        self.emit_properties_changed({"Discovering": False})
        await exchange(self._bluez.adapter.stop_scanning())

    @dbus_method("RemoveDevice")
    async def remove(self, device: DBusObjectPath) -> None:
        await self._bluez.forget(device)


class RemoteDevice(Interface):
    """A device that was seen; `connection` while it is connected."""

    def __init__(self, bluez: Any, path: str, address: Address) -> None:
        super().__init__("org.bluez.Device1")
        self.path = path
        self.peer = address
        self.connection: Connection | None = None
        self.paired = False
        self._bluez = bluez
        self._name = ""
        self._uuids: set[str] = set()
        self._rssi = 0
        self._resolved = False

    address = tells("Address", DBusStr, lambda self: self.peer.to_string(False))
    address_type = tells("AddressType", DBusStr, lambda self: "random")
    shown = tells("Name", DBusStr, lambda self: self._name)
    alias = tells("Alias", DBusStr, lambda self: self._name)
    adapter = tells("Adapter", DBusObjectPath, lambda self: HCI)
    uuids = tells("UUIDs", Strings, lambda self: sorted(self._uuids))
    rssi = tells("RSSI", DBusInt16, lambda self: self._rssi)
    is_paired = tells("Paired", DBusBool, lambda self: self.paired)
    is_bonded = tells("Bonded", DBusBool, lambda self: self.paired)
    trusted = takes("Trusted", DBusBool, False)
    blocked = tells("Blocked", DBusBool, lambda self: False)
    legacy = tells("LegacyPairing", DBusBool, lambda self: False)
    is_connected = tells("Connected", DBusBool, lambda self: self.connection is not None)
    is_resolved = tells("ServicesResolved", DBusBool, lambda self: self._resolved)

    def advertised(self, name: str | None, uuids: set[str], rssi: int) -> None:
        """Take what an advertisement said."""
        self._name = name or self._name
        self._uuids |= uuids
        self._rssi = rssi

    def tell_advertised(self) -> None:
        """Say it on the bus."""
        self.emit_properties_changed({"RSSI": self._rssi, "UUIDs": sorted(self._uuids)})

    def resolved(self, uuids: set[str]) -> None:
        """The services are on the bus."""
        self._uuids |= uuids
        self._resolved = True
        self.emit_properties_changed({"UUIDs": sorted(self._uuids), "ServicesResolved": True})

    @dbus_method("Connect")
    async def connect(self) -> None:
        connection = await exchange(self._bluez.adapter.connect(self.peer))
        self.connection = connection
        connection.on("disconnection", self._disconnected)
        self.paired = await self._bluez.is_known(connection)
        if self.paired:
            await exchange(connection.encrypt())
        self.emit_properties_changed({"Connected": True, "Paired": self.paired})
        await exchange(self._bluez.resolve(self))

    @dbus_method("Disconnect")
    async def disconnect(self) -> None:
        if self.connection:
            await exchange(self.connection.disconnect())

    @dbus_method("Pair")
    async def pair(self) -> None:
        await self.become_paired()

    async def become_paired(self) -> None:
        """Pair and bond. Raises DBusError."""
        if self.connection is None:
            raise DBusError("org.bluez.Error.NotConnected", "Not connected")
        connection = self.connection
        try:
            await exchange(connection.pair())
        except DBusError as error:
            raise DBusError("org.bluez.Error.AuthenticationFailed", error.text) from error
        if not self._bluez.is_bonding(connection):
            await self._bluez.forget(self.path)
            raise DBusError("org.bluez.Error.AuthenticationRejected", "the device does not bond")
        self.paired = True
        self.emit_properties_changed({"Paired": True, "Bonded": True})

    async def exchange(self, attempt: Callable[[], Awaitable[Any]]) -> Any:
        """As BlueZ does, pair and try again what the device refuses on this link."""
        try:
            return await exchange(attempt())
        except DBusError as error:
            if error.type != NOT_PERMITTED or self.paired:
                raise
        await self.become_paired()
        return await exchange(attempt())

    def _disconnected(self, _: int) -> None:
        self.connection = None
        self._resolved = False
        self._bluez.withdraw(self)
        self.emit_properties_changed({"ServicesResolved": False, "Connected": False})
