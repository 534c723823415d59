"""The band's attributes: which there are, who may touch them, and their handles."""

import bluetooth
from micropython import const

from band import units, wire
from band.unit.packing import Packer
from band.version import VERSION

_READ = const(0x0002)
_WRITE = const(0x0008)
_NOTIFY = const(0x0010)
_INDICATE = const(0x0020)
_READ_ENCRYPTED = const(0x0200)
_WRITE_ENCRYPTED = const(0x1000)
_SECRET = const(0x0202)  # _READ | _READ_ENCRYPTED

BATTERY_SERVICE = const(0x180F)
DEVICE_SERVICE = const(0x180A)
RUNNING_SERVICE = const(0x1814)
_RUNNING_FEATURE = const(0x0004)  # walking or running status

# The stack cuts a longer write to this: no request is as long, so a cut one is still refused.
REQUEST_BYTES = const(20)


def _own(number):
    return bluetooth.UUID(wire.UUID_OF % number)


def own_service():
    """UUID of the band's own service."""
    return _own(wire.SERVICE)


class Services:
    """Handles of the registered attributes. Only `info` and `battery` are open to strangers."""

    def __init__(self, ble, info):
        """Register. `info`: dict with name, model, hardware, serial (text) and features (bits).

        Raises OSError when the stack has no room for them.
        """
        own = (
            own_service(),
            (
                (_own(wire.INFO), _READ),
                (_own(wire.STATUS), _SECRET | _INDICATE),
                (_own(wire.STRIDES), _NOTIFY),
                (_own(wire.CONTROL), _WRITE | _WRITE_ENCRYPTED | _INDICATE),
                (_own(wire.RAW), _NOTIFY),
                (_own(wire.LOG), _NOTIFY),
            ),
        )
        uuid = bluetooth.UUID
        battery = (uuid(BATTERY_SERVICE), ((uuid(0x2A19), _READ | _NOTIFY),))
        device = (
            uuid(DEVICE_SERVICE),
            (
                (uuid(0x2A24), _SECRET),
                (uuid(0x2A25), _SECRET),
                (uuid(0x2A26), _SECRET),
                (uuid(0x2A27), _SECRET),
            ),
        )
        running = (uuid(RUNNING_SERVICE), ((uuid(0x2A53), _NOTIFY), (uuid(0x2A54), _SECRET)))
        handles = ble.gatts_register_services((own, battery, device, running))
        self.info, self.status, self.stride, self.control, self.raw, self.log = handles[0]
        self.battery = handles[1][0]
        model, serial, firmware, hardware = handles[2]
        self.running, running_feature = handles[3]
        ble.gatts_set_buffer(self.control, REQUEST_BYTES)
        ble.gatts_write(self.info, info_packet(info["features"]))
        ble.gatts_write(self.battery, b"\x00")
        ble.gatts_write(model, info["model"].encode())
        ble.gatts_write(serial, info["serial"].encode())
        ble.gatts_write(firmware, VERSION.encode())
        ble.gatts_write(hardware, info["hardware"].encode())
        ble.gatts_write(running_feature, _RUNNING_FEATURE.to_bytes(2, "little"))


def info_packet(features):
    """The value of Info: what this unit speaks and measures."""
    major, minor, patch = VERSION.split(".")
    record = (
        wire.PROTOCOL,
        features,
        units.EMG_RATE_HZ,
        units.IMU_RATE_MHZ // 1000,
        units.EMG_LSB_NV,
        units.ACC_LSB_UG,
        units.GYR_LSB_MDPS,
        int(major),
        int(minor),
        int(patch),
    )
    packer = Packer(wire.INFO_PACKET, wire.INFO_PACKET)
    packet = bytearray(packer.size)
    packer.pack(record, packet, 0)
    return packet
