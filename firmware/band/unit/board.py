"""The unit's hardware: the one place that makes objects of `machine`.

Pins of an ESP32-S3 module without PSRAM. Left free: 0, 3, 45, 46 (read at reset), 19 and 20
(USB), 26 to 32 (flash). The IMU sits on the pins that SPI2 reaches without the GPIO matrix.
Constructing a board talks to no chip: one that is absent is found by its driver's start().
"""

from machine import I2C, I2S, PWM, SPI, WDT, Pin
from machine import unique_id as _unique_id
from micropython import const

from band.chips.lsm6dso32 import Lsm6dso32
from band.chips.max17048 import Max17048
from band.chips.tlv320adc3120 import Tlv320adc3120
from band.chips.tmp117 import Tmp117
from band.unit.button import Button
from band.unit.light import Light
from band.unit.motor import Motor

PINS = {
    "button": 4,  # to ground, pulled up; not the module's boot button
    "i2s_sck": 5,
    "i2s_ws": 6,
    "i2s_sd": 7,
    "i2c_sda": 8,
    "i2c_scl": 9,
    "imu_cs": 10,
    "imu_mosi": 11,
    "imu_sck": 12,
    "imu_miso": 13,
    "motor": 14,
    "usb": 16,  # high while USB supplies 5 V, through a divider
    "emg_shdnz": 18,  # low: converter off; pulled down, so that it is off until we run
    "led": 21,
}

SPI_BUS = const(1)  # SPI2
I2C_BUS = const(0)
I2S_PORT = const(0)

EMG_WORDS_HZ = const(8000)
# 15 full DMA buffers of 32 ms wait while one fills: a flash erase or a slow block loses nothing.
EMG_IBUF = const(32768)
_IMU_HZ = const(8_000_000)  # of at most 10 MHz
_I2C_HZ = const(400_000)
_MOTOR_PWM_HZ = const(25_000)  # above hearing, and far above the EMG
_WATCHDOG_MS = const(8000)  # longer than any erase of flash


class Board:
    """All hardware of the unit, made once."""

    def __init__(self):
        pins = PINS
        self.light = Light(Pin(pins["led"], Pin.OUT, value=0))
        self.button = Button(Pin(pins["button"], Pin.IN, Pin.PULL_UP))
        self.motor = Motor(PWM(Pin(pins["motor"], Pin.OUT), freq=_MOTOR_PWM_HZ, duty_u16=0))
        self._usb = Pin(pins["usb"], Pin.IN)

        spi = SPI(
            SPI_BUS,
            baudrate=_IMU_HZ,
            polarity=1,
            phase=1,
            sck=Pin(pins["imu_sck"]),
            mosi=Pin(pins["imu_mosi"]),
            miso=Pin(pins["imu_miso"]),
        )
        self.imu = Lsm6dso32(spi, Pin(pins["imu_cs"], Pin.OUT, value=1))

        i2c = I2C(I2C_BUS, scl=Pin(pins["i2c_scl"]), sda=Pin(pins["i2c_sda"]), freq=_I2C_HZ)
        self.skin = Tmp117(i2c)
        self.gauge = Max17048(i2c)
        self._emg_shdnz = Pin(pins["emg_shdnz"], Pin.OUT, value=1)
        self.emg_adc = Tlv320adc3120(i2c)
        # The ESP32 makes the clocks: they run from here on, as the converter's PLL needs them.
        self.i2s = I2S(
            I2S_PORT,
            sck=Pin(pins["i2s_sck"]),
            ws=Pin(pins["i2s_ws"]),
            sd=Pin(pins["i2s_sd"]),
            mode=I2S.RX,
            bits=32,
            format=I2S.STEREO,
            rate=EMG_WORDS_HZ,
            ibuf=EMG_IBUF,
        )
        self._watchdog = None
        self.unique_id = _unique_id()

    def usb_present(self):
        """Whether USB supplies the unit: electrodes must not be read then."""
        return self._usb() == 1

    def emg_power(self, on):
        """Hold the converter in shutdown or let it wake; start() must follow."""
        self._emg_shdnz(1 if on else 0)

    def watchdog(self):
        """The watchdog, started with the first call; nothing stops it again."""
        if self._watchdog is None:
            self._watchdog = WDT(timeout=_WATCHDOG_MS)
        return self._watchdog
