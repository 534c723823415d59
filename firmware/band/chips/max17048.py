"""MAX17048: charge and voltage of the cell, on I2C.

Registers: Maxim 19-6171 rev 7, table 2 and figures 4 to 13. The gauge is supplied by the cell
and keeps its model while the unit is reset: start() does not restart it.
"""

from errno import EIO, ENODEV

from micropython import const

ADDRESS = const(0x36)

_VCELL = const(0x02)
_SOC = const(0x04)
_VERSION = const(0x08)
_CONFIG = const(0x0C)
_STATUS = const(0x1A)

_VERSION_1X = const(0x0010)  # 0x001x
_RCOMP0 = const(0x97)  # the reset value: the cell's own is not known
_ALRT = const(0x20)
_RI = const(0x01)  # of STATUS' upper byte: reset, not yet configured

EMPTY_MV = const(2500)  # VCELL measures from 2.5 to 5.0 V
FULL_MV = const(5000)


class Max17048:
    """i2c: a machine.I2C. Without a cell the chip is absent: the bus's OSError."""

    def __init__(self, i2c, address=ADDRESS):
        self._i2c = i2c
        self._address = address
        self._word = bytearray(2)

    def start(self, alert_pct=10):
        """Check the chip, set the charge (1 to 32 %) that raises the alert, and clear it."""
        version = self._read(_VERSION)
        if version & 0xFFF0 != _VERSION_1X:
            raise OSError(ENODEV, f"MAX17048: version reads 0x{version:04X}, not 0x001x")
        config = _RCOMP0 << 8 | 32 - alert_pct
        self._write(_CONFIG, config)
        found = self._read(_CONFIG)
        # The alert comes back at once when the charge is below already.
        if found & ~_ALRT != config:
            raise OSError(EIO, f"MAX17048: CONFIG reads 0x{found:04X}")
        self._write(_STATUS, self._read(_STATUS) & ~(_RI << 8))

    def charge_pct(self):
        """State of charge, 0 to 100 %; does not allocate."""
        pct = (self._read(_SOC) + 128) >> 8
        return pct if pct < 100 else 100

    def cell_mv(self):
        """Voltage of the cell, one LSB of the gauge is 78.125 uV; does not allocate."""
        return (self._read(_VCELL) * 5 + 32) >> 6

    def low(self):
        """Whether the charge fell below the alert's since start(); does not allocate."""
        return bool(self._read(_CONFIG) & _ALRT)

    def self_test(self):
        """0 when the right chip measures a voltage a cell can have, else 1."""
        if self._read(_VERSION) & 0xFFF0 != _VERSION_1X:
            return 1
        return int(not EMPTY_MV < self.cell_mv() < FULL_MV)

    def _read(self, register):
        word = self._word
        self._i2c.readfrom_mem_into(self._address, register, word)
        return word[0] << 8 | word[1]

    def _write(self, register, value):
        self._word[0] = value >> 8
        self._word[1] = value & 0xFF
        self._i2c.writeto_mem(self._address, register, self._word)
