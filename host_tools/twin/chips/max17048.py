"""MAX17048 on I2C, after Maxim 19-6171 rev 7: SOC, VCELL, version, alert, reset indicator.

    gauge = Max17048(clock)
    wires.i2c(0, 0x36, gauge)
    gauge.cell_mv = 3400; gauge.charge_q8 = 5 * 256     set by the world

Not modelled: the gauge's model of the cell (charge is what the world says), hibernation, CRATE.
"""

from micropython import const

from chips.words import WordChip

_VCELL = const(0x02)
_SOC = const(0x04)
_MODE = const(0x06)
_VERSION = const(0x08)
_HIBRT = const(0x0A)
_CONFIG = const(0x0C)
_VALRT = const(0x14)
_VRESET_ID = const(0x18)
_STATUS = const(0x1A)
_CMD = const(0xFE)

_UPDATE_US = const(250_000)
_ALRT = const(0x20)
_POR = const(0x5400)
_RI = const(0x0100)
_HD = const(0x1000)


class Max17048(WordChip):
    STEP = 2

    def __init__(self, clock):
        super().__init__()
        self._clock = clock
        self.cell_mv = 3900
        self.charge_q8 = 80 * 256
        self.version = 0x0012
        self.brownout()

    def brownout(self):
        """All registers are as after power-on; the reset indicator is set."""
        self._config = 0x971C
        self._status = _RI
        self._hibrt = 0x8030
        self._valrt = 0x00FF
        self._updated_us = self._clock.us()
        self._vcell = self._cell()
        self._soc = self.charge_q8

    def _cell(self):
        return (self.cell_mv * 64 // 5) & 0xFFFF

    def _update(self):
        now = self._clock.us()
        if now - self._updated_us >= _UPDATE_US:
            self._updated_us = now
            self._vcell = self._cell()
            self._soc = self.charge_q8
        if self._soc >> 8 < 32 - (self._config & 0x1F):
            self._config |= _ALRT
            self._status |= _HD

    def read_word(self, register):
        self._update()
        if register == _VCELL:
            return self._vcell
        if register == _SOC:
            return self._soc
        if register == _VERSION:
            return self.version
        if register == _CONFIG:
            return self._config
        if register == _STATUS:
            return self._status
        if register == _HIBRT:
            return self._hibrt
        if register == _VALRT:
            return self._valrt
        if register == _VRESET_ID:
            return 0x9600
        return 0xFFFF if register == _CMD else 0

    def write_word(self, register, value):
        if register == _CONFIG:
            self._config = value & 0xFFFF
        elif register == _STATUS:
            self._status = value & 0x7F00
        elif register == _HIBRT:
            self._hibrt = value
        elif register == _VALRT:
            self._valrt = value
        elif register == _CMD and value == _POR:
            self.brownout()
            return False  # it resets before it could acknowledge
        return True
