"""TLV320ADC3120: both EMG channels to 8 kHz I2S words, set up on I2C.

Registers: TI SBASA91A, page 0, and TI's register header tlv320adcx120_page0.h; order and waits
of the start-up: SBASA91A section 9.2.1.2; time until samples come: TI FAQ 934417.
A slave without a master clock: its PLL runs from BCLK (64 x 8 kHz), found by auto-detection, so
the I2S clocks must run before power_up().

Full scale is 2 V rms differential, 2.828 V peak. With 5.167 in front (INA333, 24 kOhm) and
36.5 dB here it is 8.192 mV at the skin: 0.25 uV per LSB of the upper 16 bits, as units.py has it.
"""

from errno import EIO, ETIMEDOUT
from time import sleep_ms, ticks_diff, ticks_ms

from micropython import const

ADDRESS = const(0x4E)

_PAGE_CFG = const(0x00)
_SW_RESET = const(0x01)
_SLEEP_CFG = const(0x02)
_ASI_CFG0 = const(0x07)
_ASI_CFG1 = const(0x08)
_ASI_CH1 = const(0x0B)
_ASI_CH2 = const(0x0C)
_MST_CFG0 = const(0x13)
_ASI_STS = const(0x15)
_CLK_SRC = const(0x16)
_BIAS_CFG = const(0x3B)
_CH1_CFG0 = const(0x3C)
_CH1_CFG1 = const(0x3D)
_CH1_CFG2 = const(0x3E)
_CH2_CFG0 = const(0x41)
_CH2_CFG1 = const(0x42)
_CH2_CFG2 = const(0x43)
_DSP_CFG0 = const(0x6B)
_DSP_CFG1 = const(0x6C)
_IN_CH_EN = const(0x73)
_ASI_OUT_CH_EN = const(0x74)
_PWR_CFG = const(0x75)
_DEV_STS0 = const(0x76)
_DEV_STS1 = const(0x77)

_AWAKE = const(0x81)  # AREG_SELECT internal (3.3 V supply), SLEEP_ENZ
_ASLEEP = const(0x80)
_BOTH = const(0xC0)  # channels 1 and 2
_ADC_AND_PLL = const(0x60)
_CLOCKS_8_KHZ_64 = const(0x04)  # ASI_STS: 7.35-8 kHz, 64 bits per frame
_ACTIVE_ON = const(0xE0)  # DEV_STS1: active, at least one channel on

GAIN_HALF_DB = const(73)  # 36.5 dB
HIGH_PASS_HZ = const(2)  # 0.00025 fs; what else is too slow for muscle the chain takes off

# Written in this order, before power-up.
_SETUP = (
    _ASI_CFG0, 0x70,  # I2S, 32-bit words
    _ASI_CFG1, 0x00,
    _ASI_CH1, 0x00,  # left slot 0
    _ASI_CH2, 0x20,  # right slot 0
    _MST_CFG0, 0x02,  # slave, clocks detected by itself, PLL allowed
    _CLK_SRC, 0x10,  # the PLL runs from BCLK
    _BIAS_CFG, 0x00,  # full scale by VREF 2.75 V
    _CH1_CFG0, 0x88,  # line input, differential, AC-coupled, 20 kOhm, no DRE
    _CH1_CFG1, GAIN_HALF_DB << 1,
    _CH1_CFG2, 0xC9,  # digital volume 0 dB
    _CH2_CFG0, 0x88,
    _CH2_CFG1, GAIN_HALF_DB << 1,
    _CH2_CFG2, 0xC9,
    _DSP_CFG0, 0x01,  # linear phase, high-pass 0.00025 fs
    _DSP_CFG1, 0x50,  # no soft steps: amplitudes are right from the first sample
    _IN_CH_EN, _BOTH,
    _ASI_OUT_CH_EN, _BOTH,
)  # fmt: skip

# Bits of self_test().
CLOCKS_FAILED = const(0x01)
CHANNEL_1_FAILED = const(0x02)
CHANNEL_2_FAILED = const(0x04)
MODE_FAILED = const(0x08)

_WAKE_MS = const(2)  # at least 1
_RESET_MS = const(10)
_POWER_UP_MS = const(100)  # 12.3 ms and 10 %, and the quick charge of the inputs


class Tlv320adc3120:
    """i2c: a machine.I2C of at most 400 kHz. An absent chip raises the bus's OSError."""

    def __init__(self, i2c, address=ADDRESS):
        self._i2c = i2c
        self._address = address
        self._byte = bytearray(1)

    def start(self):
        """Reset, wake and set up; no samples yet: start the I2S clocks, then power_up().

        Raises OSError: the bus's own, or EIO when a register did not take its value.
        """
        self._write(_PAGE_CFG, 0)
        self._write(_SW_RESET, 1)
        sleep_ms(_RESET_MS)
        self._write(_SLEEP_CFG, _AWAKE)
        sleep_ms(_WAKE_MS)
        for i in range(0, len(_SETUP), 2):
            self._configure(_SETUP[i], _SETUP[i + 1])

    def power_up(self):
        """Switch converters and PLL on; returns when both channels deliver.

        Raises OSError ETIMEDOUT when they do not, as without I2S clocks.
        """
        self._configure(_PWR_CFG, _ADC_AND_PLL)
        start = ticks_ms()
        while self._read(_DEV_STS0) & _BOTH != _BOTH:
            if ticks_diff(ticks_ms(), start) > _POWER_UP_MS:
                clocks = self._read(_ASI_STS)
                raise OSError(
                    ETIMEDOUT, f"TLV320ADC3120: channels stay off, ASI_STS 0x{clocks:02X}"
                )
            sleep_ms(1)

    def stop(self):
        """Power down and sleep; start() and power_up() bring it back."""
        self._write(_PWR_CFG, 0)
        self._write(_SLEEP_CFG, _ASLEEP)

    def self_test(self):
        """Bits of what is not as after power_up(): clocks, channels 1 and 2, mode; 0 is good."""
        failed = 0
        if self._read(_ASI_STS) != _CLOCKS_8_KHZ_64:
            failed |= CLOCKS_FAILED
        on = self._read(_DEV_STS0)
        if not on & 0x80:
            failed |= CHANNEL_1_FAILED
        if not on & 0x40:
            failed |= CHANNEL_2_FAILED
        if self._read(_DEV_STS1) & 0xE0 != _ACTIVE_ON:
            failed |= MODE_FAILED
        return failed

    def alive(self):
        """Whether it still converts both channels; raises OSError as the bus does."""
        return self._read(_PWR_CFG) == _ADC_AND_PLL and self._read(_DEV_STS0) & _BOTH == _BOTH

    def _read(self, register):
        self._i2c.readfrom_mem_into(self._address, register, self._byte)
        return self._byte[0]

    def _write(self, register, value):
        self._byte[0] = value
        self._i2c.writeto_mem(self._address, register, self._byte)

    def _configure(self, register, value):
        self._write(register, value)
        found = self._read(register)
        if found != value:
            raise OSError(EIO, f"TLV320ADC3120: register 0x{register:02X} reads 0x{found:02X}")
