"""TLV320ADC3120 on I2C and its I2S output, after TI SBASA91A and tlv320adcx120_page0.h.

    adc = Tlv320adc3120(source, clock)
    wires.i2c(0, 0x4E, adc)
    wires.i2s(0, adc)

source: an EMG source (chips/sources.py), 8 kHz frames; they are used up with the I2S clock
whether the chip converts or not, and read as zero while it does not. Gain changes the amplitude
as far as it differs from the 36.5 dB that the sources are scaled for.

Modelled: page select (page 0 behaves, the others store), reset values, sleep and the 1 ms after
waking during which writes are lost, that a channel converts only when it was enabled before
power-up, with the internal regulator, PLL and clocks on, the time until samples come, status
registers, slots. Not modelled: filters, microphone bias, PDM, interrupts, other clock ratios.
"""

import micropython
from micropython import const

_PAGE_CFG = const(0x00)
_SW_RESET = const(0x01)
_SLEEP_CFG = const(0x02)
_ASI_CFG0 = const(0x07)
_ASI_CH1 = const(0x0B)
_ASI_CH2 = const(0x0C)
_ASI_STS = const(0x15)
_CH1_CFG1 = const(0x3D)
_CH2_CFG1 = const(0x42)
_IN_CH_EN = const(0x73)
_ASI_OUT_CH_EN = const(0x74)
_PWR_CFG = const(0x75)
_DEV_STS0 = const(0x76)
_DEV_STS1 = const(0x77)

_RESET = (
    (0x05, 0x05), (0x07, 0x30), (0x0C, 0x01), (0x0D, 0x02), (0x0E, 0x03), (0x13, 0x02),
    (0x14, 0x48), (0x15, 0xFF), (0x16, 0x10), (0x1F, 0x40), (0x21, 0x22), (0x33, 0xFF),
    (0x3E, 0xC9), (0x3F, 0x80), (0x43, 0xC9), (0x44, 0x80), (0x6B, 0x01), (0x6C, 0x40),
    (0x6D, 0x7B), (0x70, 0xE7), (0x73, 0xF0), (0x77, 0x80),
)  # fmt: skip
_READ_ONLY = (_ASI_STS, 0x36, 0x2F, _DEV_STS0, _DEV_STS1)

_WAKE_US = const(1000)
_SUPPLY_US = const(3000)  # its regulator, then its registers
_CONVERTS_US = const(12_300)  # FAQ 934417: regulator, reference, PLL, modulator
_NOMINAL_GAIN = const(73)  # half dB


@micropython.viper
def _silence(buffer, frames: int, channel: int):
    p = ptr32(buffer)
    i = channel
    end = 2 * frames
    while i < end:
        p[i] = 0
        i += 2


class Tlv320adc3120:
    def __init__(self, source, clock):
        self._source = source
        self._clock = clock
        self.violations = 0  # writes lost: asleep, too soon after waking, read-only
        self.absent = False  # fault: no acknowledge, no samples
        self._pages = {}
        self._shut = False
        self._supplied_us = -_SUPPLY_US
        self._registers = bytearray(128)
        self._clocked_hz = 0
        self._pointer = 0
        self._reset()

    def brownout(self):
        """The supply dips: all registers are as after power-on, no samples come."""
        self._reset()

    def shutdown(self, level):
        """Its supply, which the pin emg_shdnz switches: without it the chip forgets all."""
        if level == 0:
            self._shut = True
            self._reset()
        elif self._shut:
            self._shut = False
            self._supplied_us = self._clock.us()

    def _deaf(self):
        """Absent, without supply, or not yet through its own start."""
        return self.absent or self._shut or self._clock.us() - self._supplied_us < _SUPPLY_US

    def _reset(self):
        self._pages = {}
        for register in range(128):
            self._registers[register] = 0
        for register, value in _RESET:
            self._registers[register] = value
        self._page = 0
        self._woken_us = 0
        self._powered_us = 0
        self._started = 0  # channels that were enabled when the converters were powered

    # I2C.

    def write(self, buffer):
        if self._deaf():
            return False
        self._pointer = buffer[0] & 0x7F
        for i in range(1, len(buffer)):
            self._write(self._pointer, buffer[i])
            self._pointer = (self._pointer + 1) & 0x7F
        return True

    def readinto(self, buffer):
        if self._deaf():
            return False
        for i in range(len(buffer)):
            buffer[i] = self._read(self._pointer)
            self._pointer = (self._pointer + 1) & 0x7F
        return True

    def _awake(self):
        return self._registers[_SLEEP_CFG] & 0x01

    def _write(self, register, value):
        if register == _PAGE_CFG:
            self._page = value
            return
        if self._page:
            self._pages.setdefault(self._page, bytearray(128))[register] = value
            return
        if register == _SW_RESET:
            if value & 1:
                self._reset()
            return
        if register == _SLEEP_CFG:
            if value & 1 and not self._awake():
                self._woken_us = self._clock.us()
            self._registers[register] = value & 0x9D
            return
        too_soon = self._clock.us() - self._woken_us < _WAKE_US
        if not self._awake() or too_soon or register in _READ_ONLY:
            self.violations += 1
            return
        if register == _PWR_CFG and value & 0x40 and not self._registers[_PWR_CFG] & 0x40:
            self._powered_us = self._clock.us()
            self._started = self._registers[_IN_CH_EN] & self._registers[_ASI_OUT_CH_EN] & 0xC0
        self._registers[register] = value

    def _read(self, register):
        if register == _PAGE_CFG:
            return self._page
        if self._page:
            page = self._pages.get(self._page)
            return page[register] if page else 0
        if register == _ASI_STS:
            return 0x04 if self._clocked_hz == 8000 and self._awake() else 0xFF
        if register == _DEV_STS0:
            return self.converting()
        if register == _DEV_STS1:
            if not self._awake():
                return 0x80
            return 0xE0 if self.converting() else 0xC0
        return self._registers[register]

    def converting(self):
        """Channels that deliver samples now: 0x80 channel 1, 0x40 channel 2."""
        registers = self._registers
        if (
            self.absent
            or not self._awake()
            or not registers[_SLEEP_CFG] & 0x80  # 3.3 V supply: the regulator is needed
            or registers[_PWR_CFG] & 0x60 != 0x60
            or self._clocked_hz != 8000
            or self._clock.us() - self._powered_us < _CONVERTS_US
        ):
            return 0
        return self._started & registers[_IN_CH_EN] & registers[_ASI_OUT_CH_EN]

    # I2S.

    def clock_starts(self, rate):
        """Word clock and bit clock (64 per word) run from now on."""
        self._clocked_hz = rate
        self._source.started(self._clock.us())

    def clock_stops(self):
        self._clocked_hz = 0

    def skip_frames(self, n):
        self._source.skip_frames(n)

    def read_frames(self, buffer, n):
        self._source.read_frames(buffer, n)
        on = self.converting()
        registers = self._registers
        if registers[_ASI_CFG0] & 0xF0 != 0x70 or registers[_ASI_CH1] != 0:
            on &= 0x40
        if registers[_ASI_CFG0] & 0xF0 != 0x70 or registers[_ASI_CH2] & 0x3F != 0x20:
            on &= 0x80
        for channel in range(2):
            gain = registers[_CH2_CFG1 if channel else _CH1_CFG1] >> 1
            if not on & (0x80 >> channel):
                _silence(buffer, n, channel)
            elif gain != _NOMINAL_GAIN:
                self._scale(buffer, n, channel, gain - _NOMINAL_GAIN)

    def _scale(self, buffer, n, channel, half_db):
        factor = 10 ** (half_db / 40)
        for i in range(n):
            at = 8 * i + 4 * channel
            value = int.from_bytes(buffer[at : at + 4], "little")
            value = int(((value ^ 0x80000000) - 0x80000000) * factor)
            value = min(max(value, -0x80000000), 0x7FFFFF00)
            for k in range(4):
                buffer[at + k] = (value >> (8 * k)) & 0xFF
