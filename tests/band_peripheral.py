"""A band on Bumble's virtual link that does what the real firmware cannot be made to do:
lose chosen packets, hang up in the middle, refuse, answer nonsense. It speaks the packets of
host_tools/client/packets.py.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from bumble.att import Attribute
from bumble.core import UUID, AdvertisingData
from bumble.device import AdvertisingType, Device
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.keys import MemoryKeyStore
from bumble.link import LocalLink
from bumble.pairing import PairingConfig, PairingDelegate

from host_tools.client import packets
from host_tools.client.find import Air
from host_tools.firmware_tables import wire
from host_tools.radio.bumble_backend import air_of
from host_tools.radio.virtual_link import central_pairing, virtual_device

ADDRESS = "F0:F0:F0:F0:F0:%02X"
INFO = {
    "protocol": wire.PROTOCOL,
    "features": 0b11111111,
    "emg_hz": 1000,
    "imu_hz": 833,
    "emg_lsb_nv": 250,
    "acc_lsb_ug": 976,
    "gyr_lsb_mdps": 70,
    "version_major": 0,
    "version_minor": 1,
    "version_patch": 0,
}
STATUS = {
    "seq": 0,
    "level": 1,
    "attribution": 0,
    "confidence_pct": 62,
    "phase": 2,
    "reasons": 0,
    "faults": 0,
    "unit_faults": 0,
    "session_s": 61,
    "strides": 84,
    "state": 0,
}
SECURE_READ = Attribute.Permissions.READABLE | Attribute.Permissions.READ_REQUIRES_ENCRYPTION
SECURE_WRITE = Attribute.Permissions.WRITEABLE | Attribute.Permissions.WRITE_REQUIRES_ENCRYPTION


def device_on(link: LocalLink, name: str, number: int) -> Device:
    """A Bumble device with a controller and keys of its own on the link."""
    device = virtual_device(link, name, ADDRESS % number)
    device.keystore = MemoryKeyStore()
    return device


async def computer_on(link: LocalLink, mtu: int = 247) -> Air:
    """A computer's radio on the link, for bleak."""
    central = device_on(link, "computer", 0xEE)
    central.pairing_config_factory = central_pairing
    await central.power_on()
    return air_of([central], mtu)


class _Window(PairingDelegate):
    """Pairs while the band's window is open."""

    def __init__(self, band: BandPeripheral) -> None:
        super().__init__()
        self._band = band

    async def accept(self) -> bool:
        return self._band.pairing_open


class BandPeripheral:
    """One band. `requests` is what was asked of it; `results` overrides answers by opcode."""

    def __init__(
        self,
        link: LocalLink,
        name: str = "Calf 7F",
        number: int = 1,
        *,
        pairing_open: bool = True,
        max_mtu: int = 247,
        info: dict[str, int] | None = None,
        status: dict[str, int] | None = None,
    ) -> None:
        self.pairing_open = pairing_open
        self.requests: list[tuple[int, bytes]] = []
        self.results: dict[int, int] = {}
        self.mute = False  # requests are taken and never answered
        self.raw_on = asyncio.Event()
        self.status_values: dict[str, Any] = {**STATUS, **(status or {})}
        self.seq = dict.fromkeys(wire.RAW_KINDS, 0)
        self.stride_seq = 0
        self.device = device_on(link, name, number)
        self._name = name
        self._mtu = max_mtu
        self._info = packets.encode(wire.INFO_PACKET, {**INFO, **(info or {})})

    async def start(self) -> None:
        """Power on and advertise, again after each disconnection."""
        properties = Characteristic.Properties
        self.status_char = Characteristic(
            UUID(packets.STATUS_UUID),
            properties.READ | properties.INDICATE,
            SECURE_READ,
            CharacteristicValue(read=lambda _: self._status()),
        )
        self.stride_char = Characteristic(
            UUID(packets.STRIDE_UUID), properties.NOTIFY, SECURE_READ, b""
        )
        self.control_char = Characteristic(
            UUID(packets.CONTROL_UUID),
            properties.WRITE | properties.INDICATE,
            SECURE_WRITE,
            CharacteristicValue(write=self._asked),
        )
        self.raw_char = Characteristic(UUID(packets.RAW_UUID), properties.NOTIFY, SECURE_READ, b"")
        info_char = Characteristic(
            UUID(packets.INFO_UUID), properties.READ, Attribute.Permissions.READABLE, self._info
        )
        self.battery_char = Characteristic(
            UUID.from_16_bits(0x2A19),
            properties.READ | properties.NOTIFY,
            Attribute.Permissions.READABLE,
            bytes((81,)),
        )
        self.log_char = Characteristic(UUID(packets.LOG_UUID), properties.NOTIFY, SECURE_READ, b"")
        own = [info_char, self.status_char, self.stride_char, self.control_char]
        own += [self.raw_char, self.log_char]
        self.device.add_service(Service(UUID(packets.SERVICE_UUID), own))
        self.device.add_service(Service(UUID.from_16_bits(0x180F), [self.battery_char]))
        self.device.gatt_server.max_mtu = self._mtu
        self.device.pairing_config_factory = lambda _: PairingConfig(
            sc=True,
            mitm=False,
            bonding=True,
            delegate=_Window(self),
            identity_address_type=PairingConfig.AddressType.RANDOM,
        )
        self.device.on("connection", self._connected)
        await self.device.power_on()
        await self.advertise()

    async def advertise(self) -> None:
        """Service and a short name in one packet: Bumble's controller has no scan response."""
        service = bytes(UUID(packets.SERVICE_UUID))
        kind = AdvertisingData.Type
        advertisement = AdvertisingData(
            [
                (kind.FLAGS, bytes((6,))),
                (kind.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, service),
                (kind.COMPLETE_LOCAL_NAME, self._name.encode()[:8]),
            ]
        )
        await self.device.start_advertising(
            AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE,
            advertising_data=bytes(advertisement),
            advertising_interval_min=20,
            advertising_interval_max=20,
        )

    async def hang_up(self, advertise_again: bool = True) -> None:
        """End all connections as a runner who walks out of reach."""
        self.raw_on.clear()
        for connection in list(self.device.connections.values()):
            # Where the other end hangs up as well, Bumble may wait for an answer that is past.
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(connection.disconnect(), 2)
        if advertise_again:
            await self.advertise()

    async def status(self, **values: Any) -> None:
        self.status_values.update(values)
        self.status_values["seq"] = (self.status_values["seq"] + 1) % 256
        for connection in list(self.device.connections.values()):
            await self.device.gatt_server.indicate_subscriber(
                connection, self.status_char, self._status()
            )

    async def stride(self, **values: Any) -> None:
        """A stride; `skip` of them are counted but not sent before it."""
        self.stride_seq += 1 + values.pop("skip", 0)
        packet = packets.encode_stride({"seq": self.stride_seq % 256, **values})
        await self.notify(self.stride_char, packet)

    async def raw(
        self, kind: str, index: int, frames: Sequence[Sequence[int]], dropped: bool = False
    ) -> None:
        """A raw packet, numbered also when it is dropped."""
        packet = packets.encode_raw(self.seq[kind], kind, index, frames)
        self.seq[kind] += 1
        if not dropped:
            await self.notify(self.raw_char, packet)

    async def clock(self, imu_frame: int, t_dms: int) -> None:
        halves = struct.unpack("<2h", struct.pack("<I", t_dms))
        await self.raw("clock", imu_frame, [halves])

    async def notify(self, characteristic: Characteristic, packet: bytes) -> None:
        for connection in list(self.device.connections.values()):
            await self.device.gatt_server.notify_subscriber(connection, characteristic, packet)

    def answer(self, connection: Any, opcode: int, parameters: bytes) -> tuple[int, bytes]:
        """(result, data) of a request that nothing forbids."""
        return int(wire.SUCCESS), b""

    def _status(self) -> bytes:
        return packets.encode(wire.STATUS_PACKET, self.status_values)

    def _connected(self, connection: Any) -> None:
        self.device.gatt_server.max_mtu = self._mtu

    def _asked(self, connection: Any, packet: bytes) -> None:
        opcode, parameters = packet[0], packet[1:]
        self.requests.append((opcode, parameters))
        result = self.results[opcode] if opcode in self.results else int(wire.SUCCESS)
        if result == wire.SUCCESS and opcode == wire.RAW_START:
            if connection.att_mtu < wire.RAW_MIN_MTU:
                result = int(wire.NOT_PERMITTED)
            else:
                self.raw_on.set()
        if self.mute:
            return
        data = b""
        if result == wire.SUCCESS:
            result, data = self.answer(connection, opcode, parameters)
        answer = packets.encode_answer(opcode, result, data)
        asyncio.ensure_future(
            self.device.gatt_server.indicate_subscriber(connection, self.control_char, answer)
        )
