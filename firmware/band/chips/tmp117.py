"""TMP117: skin temperature once a second, on I2C.

Registers: TI SNOSD82D section 7.6; conversion cycle: its table 7-7 (CONV 100, AVG 01: 8
conversions averaged, one result per second). One LSB is 7.8125 m degC.
"""

from errno import EIO, ENODEV
from time import sleep_ms

from micropython import const

ADDRESS = const(0x48)

_TEMP_RESULT = const(0x00)
_CONFIGURATION = const(0x01)
_DEVICE_ID = const(0x0F)

_TMP117_ID = const(0x117)  # DID; the upper 4 bits are the revision
_CONTINUOUS_1_S = const(0x0220)  # MOD 00, CONV 100, AVG 01: the reset value
_WRITABLE = const(0x0FFC)
_SOFT_RESET = const(0x0002)
_DATA_READY = const(0x2000)
_RESET_MS = const(3)  # soft reset: 2 ms

_COLDEST_CC = const(-2000)  # nothing on a leg: a broken sensor
_HOTTEST_CC = const(6000)

UNKNOWN = const(-(1 << 29))  # as units.UNKNOWN


class Tmp117:
    """i2c: a machine.I2C. An absent chip raises the bus's OSError."""

    def __init__(self, i2c, address=ADDRESS):
        self._i2c = i2c
        self._address = address
        self._word = bytearray(2)

    def start(self):
        """Reset and convert once a second. Raises OSError: ENODEV another chip, EIO no effect."""
        identity = self._read(_DEVICE_ID) & 0xFFF
        if identity != _TMP117_ID:
            raise OSError(ENODEV, f"TMP117: device id reads 0x{identity:03X}, not 0x117")
        self._write(_CONFIGURATION, _SOFT_RESET)
        sleep_ms(_RESET_MS)
        self._write(_CONFIGURATION, _CONTINUOUS_1_S)
        found = self._read(_CONFIGURATION) & _WRITABLE
        if found != _CONTINUOUS_1_S:
            raise OSError(EIO, f"TMP117: configuration reads 0x{found:04X}")

    def read(self):
        """Temperature in 0.01 degC, or UNKNOWN when no new one is there; does not allocate.

        Also UNKNOWN: a temperature no leg has. Raises OSError as the bus does.
        """
        if not self._read(_CONFIGURATION) & _DATA_READY:
            return UNKNOWN
        raw = (self._read(_TEMP_RESULT) ^ 0x8000) - 0x8000
        cc = (raw * 100 + 64) >> 7
        if _COLDEST_CC <= cc <= _HOTTEST_CC:
            return cc
        return UNKNOWN

    def self_test(self):
        """0 when the chip is the right one and runs as configured, else 1."""
        if self._read(_DEVICE_ID) & 0xFFF != _TMP117_ID:
            return 1
        return int(self._read(_CONFIGURATION) & _WRITABLE != _CONTINUOUS_1_S)

    def _read(self, register):
        word = self._word
        self._i2c.readfrom_mem_into(self._address, register, word)
        return word[0] << 8 | word[1]

    def _write(self, register, value):
        self._word[0] = value >> 8
        self._word[1] = value & 0xFF
        self._i2c.writeto_mem(self._address, register, self._word)
