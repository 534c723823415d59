"""TMP117 on I2C, after TI SNOSD82D: conversion timing, averaging, data-ready, device id.

    skin = Tmp117(clock, read_cc)      read_cc() -> temperature in 0.01 degC
    wires.i2c(0, 0x48, skin)

Not modelled: alerts, EEPROM, one-shot beyond a single conversion's timing.
"""

from micropython import const

from chips.words import WordChip

_TEMP_RESULT = const(0x00)
_CONFIGURATION = const(0x01)
_DEVICE_ID = const(0x0F)

_DATA_READY = const(0x2000)
_CONFIG_MASK = const(0x0FFC)
_CONFIG_RESET = const(0x0220)
_NO_RESULT = const(0x8000)  # -256 degC until the first conversion has ended
_CONVERSION_US = const(15_500)
_AVERAGES = (1, 8, 32, 64)
_CYCLE_US = (15_500, 125_000, 250_000, 500_000, 1_000_000, 4_000_000, 8_000_000, 16_000_000)
_RESET_US = const(2000)


class Tmp117(WordChip):
    def __init__(self, clock, read_cc):
        super().__init__()
        self._clock = clock
        self.read_cc = read_cc
        self.device_id = 0x0117
        self.dead = False  # fault: answers, but converts no more
        self._limits = [0x6000, 0x8000]
        self.brownout()

    def brownout(self):
        """All registers are as after power-on."""
        self._config = _CONFIG_RESET
        self._begin()

    def _begin(self):
        self._result = _NO_RESULT
        self._ready = False
        self._start_us = self._clock.us()
        self._done = 0
        self._first_us = _CONVERSION_US * _AVERAGES[(self._config >> 5) & 3]
        self._cycle_us = max(self._first_us, _CYCLE_US[(self._config >> 7) & 7])

    def _convert(self):
        mode = (self._config >> 10) & 3
        if self.dead or mode == 1:
            return
        first = self._first_us
        cycle = self._cycle_us
        passed = self._clock.us() - self._start_us - first
        ended = 0 if passed < 0 else 1 + passed // cycle
        if mode == 3 and ended > 1:
            ended = 1
        if ended > self._done:
            self._done = ended
            self._ready = True
            self._result = ((self.read_cc() * 128 + 50) // 100) & 0xFFFF

    def read_word(self, register):
        if self._clock.us() - self._start_us < 0:
            return 0xFFFF
        self._convert()
        if register == _TEMP_RESULT:
            self._ready = False
            return self._result
        if register == _CONFIGURATION:
            value = self._config | (_DATA_READY if self._ready else 0)
            self._ready = False
            return value
        if register == _DEVICE_ID:
            return self.device_id
        if register in (2, 3):
            return self._limits[register - 2]
        return 0

    def write_word(self, register, value):
        if register == _CONFIGURATION:
            if value & 0x0002:
                self.brownout()
                self._start_us += _RESET_US
            else:
                self._config = value & _CONFIG_MASK
                self._begin()
        elif register in (2, 3):
            self._limits[register - 2] = value
        return True
