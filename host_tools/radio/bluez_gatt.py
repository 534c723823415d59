"""Services of a connected device on org.bluez (BlueZ's doc/org.bluez.Gatt*.rst)."""

# dbus-fast reads D-Bus signatures from annotations: here they are evaluated at once.
from typing import Annotated, Any

from dbus_fast.annotations import (
    DBusBool,
    DBusBytes,
    DBusDict,
    DBusObjectPath,
    DBusSignature,
    DBusStr,
    DBusUInt16,
)
from dbus_fast.service import dbus_method

from host_tools.radio.bluez_objects import Interface, RemoteDevice, Strings, exchange, tells, text

FLAGS = (
    "broadcast",
    "read",
    "write-without-response",
    "write",
    "notify",
    "indicate",
    "authenticated-signed-writes",
    "extended-properties",
)
Paths = Annotated[list[str], DBusSignature("ao")]


class Service(Interface):
    """A service of a connected device."""

    def __init__(self, device: RemoteDevice, service: Any) -> None:
        super().__init__("org.bluez.GattService1")
        self._device = device
        self._service = service

    uuid = tells("UUID", DBusStr, lambda self: text(self._service.uuid))
    device = tells("Device", DBusObjectPath, lambda self: self._device.path)
    primary = tells("Primary", DBusBool, lambda self: True)
    includes = tells("Includes", Paths, lambda self: [])


class Characteristic(Interface):
    """A characteristic of a connected device."""

    def __init__(self, service_path: str, characteristic: Any, device: RemoteDevice) -> None:
        super().__init__("org.bluez.GattCharacteristic1")
        self._service_path = service_path
        self._characteristic = characteristic
        self._device = device
        self._value = b""
        self._notifying = False

    uuid = tells("UUID", DBusStr, lambda self: text(self._characteristic.uuid))
    service = tells("Service", DBusObjectPath, lambda self: self._service_path)
    value = tells("Value", DBusBytes, lambda self: self._value)
    notifying = tells("Notifying", DBusBool, lambda self: self._notifying)
    flags = tells("Flags", Strings, lambda self: self._flag_names())
    mtu = tells("MTU", DBusUInt16, lambda self: self._mtu())

    def _flag_names(self) -> list[str]:
        return [name for i, name in enumerate(FLAGS) if self._characteristic.properties >> i & 1]

    def _mtu(self) -> int:
        return self._device.connection.att_mtu if self._device.connection else 23

    @dbus_method("ReadValue")
    async def read(self, options: DBusDict) -> DBusBytes:
        self._take(await self._device.exchange(self._characteristic.read_value))
        return self._value

    @dbus_method("WriteValue")
    async def write(self, value: DBusBytes, options: DBusDict) -> None:
        kind = options["type"].value if "type" in options else "request"
        await self._device.exchange(
            lambda: self._characteristic.write_value(bytes(value), with_response=kind != "command")
        )

    @dbus_method("StartNotify")
    async def start_notify(self) -> None:
        await self._device.exchange(lambda: self._characteristic.subscribe(self._take))
        self._notifying = True
        self.emit_properties_changed({"Notifying": True})

    @dbus_method("StopNotify")
    async def stop_notify(self) -> None:
        if self._notifying:
            self._notifying = False
            await exchange(self._characteristic.unsubscribe(self._take))
            self.emit_properties_changed({"Notifying": False})

    def _take(self, value: bytes) -> None:
        self._value = bytes(value)
        self.emit_properties_changed({"Value": self._value})


class Descriptor(Interface):
    """A descriptor of a connected device."""

    def __init__(self, characteristic_path: str, descriptor: Any) -> None:
        super().__init__("org.bluez.GattDescriptor1")
        self._characteristic_path = characteristic_path
        self._descriptor = descriptor

    uuid = tells("UUID", DBusStr, lambda self: text(self._descriptor.type))
    characteristic = tells("Characteristic", DBusObjectPath, lambda self: self._characteristic_path)
    value = tells("Value", DBusBytes, lambda self: b"")

    @dbus_method("ReadValue")
    async def read(self, options: DBusDict) -> DBusBytes:
        return bytes(await exchange(self._descriptor.read_value()))
