"""The unit's hardware: the one place that makes objects of `machine`.

The pins are those of pins.py for the processor that runs. Constructing a board talks to no
chip: one that is absent is found by its driver's start().
"""

import sys
from time import sleep_ms

import machine
from machine import I2C, I2S, PWM, SPI, WDT, Pin
from machine import unique_id as _unique_id
from micropython import const

from band.chips.lsm6dso32 import Lsm6dso32
from band.chips.max17048 import Max17048
from band.chips.tlv320adc3120 import Tlv320adc3120
from band.chips.tmp117 import Tmp117
from band.unit import pins
from band.unit.button import Button
from band.unit.light import Light
from band.unit.motor import Motor
from band.unit.pins import chip_of

CHIP = chip_of(sys.implementation._machine)
PINS = pins.PINS[CHIP]
SPI_BUS = pins.BUSES[CHIP]["spi"]
I2C_BUS = pins.BUSES[CHIP]["i2c"]
I2S_PORT = pins.BUSES[CHIP]["i2s"]

EMG_WORDS_HZ = const(8000)
# 15 full DMA buffers of 32 ms wait while one fills: a slow block loses nothing. An erase of flash
# can: it keeps the interrupt that tells of a buffer away (make looptime).
EMG_IBUF = const(32768)
_IMU_HZ = const(8_000_000)  # of at most 10 MHz
_I2C_HZ = const(400_000)
_MOTOR_PWM_HZ = const(25_000)  # above hearing, and far above the EMG
_EMG_SUPPLY_MS = const(10)  # regulator and converter: at least 1 ms each
_WATCHDOG_MS = const(8000)  # longer than any erase of flash
_SLOW_HZ = const(80_000_000)  # the least that the radio runs with


class Board:
    """All hardware of the unit, made once."""

    def __init__(self):
        self.light = Light(Pin(PINS["led"], Pin.OUT, value=0))
        self._button_pin = Pin(PINS["button"], Pin.IN, Pin.PULL_UP)
        self.button = Button(self._button_pin)
        self.motor = Motor(PWM(Pin(PINS["motor"], Pin.OUT), freq=_MOTOR_PWM_HZ, duty_u16=0))
        self._usb = Pin(PINS["usb"], Pin.IN)

        spi = SPI(
            SPI_BUS,
            baudrate=_IMU_HZ,
            polarity=1,
            phase=1,
            sck=Pin(PINS["imu_sck"]),
            mosi=Pin(PINS["imu_mosi"]),
            miso=Pin(PINS["imu_miso"]),
        )
        self.imu = Lsm6dso32(spi, Pin(PINS["imu_cs"], Pin.OUT, value=1))

        i2c = I2C(I2C_BUS, scl=Pin(PINS["i2c_scl"]), sda=Pin(PINS["i2c_sda"]), freq=_I2C_HZ)
        self.skin = Tmp117(i2c)
        self.gauge = Max17048(i2c)
        self._emg_shdnz = Pin(PINS["emg_shdnz"], Pin.OUT, value=1)
        self.emg_adc = Tlv320adc3120(i2c)
        # The ESP32 makes the clocks: they run from here on, as the converter's PLL needs them.
        self.i2s = I2S(
            I2S_PORT,
            sck=Pin(PINS["i2s_sck"]),
            ws=Pin(PINS["i2s_ws"]),
            sd=Pin(PINS["i2s_sd"]),
            mode=I2S.RX,
            bits=32,
            format=I2S.STEREO,
            rate=EMG_WORDS_HZ,
            ibuf=EMG_IBUF,
        )
        self._watchdog = None
        self._full_hz = machine.freq()
        self.unique_id = _unique_id()

    def usb_present(self):
        """Whether USB supplies the unit: electrodes must not be read then."""
        return self._usb() == 1

    def emg_power(self, on):
        """Take the front end's supply away or let it come; start() must follow.

        The hardware keeps it away while USB is in, whatever is asked for here.
        """
        self._emg_shdnz(1 if on else 0)
        if on:
            sleep_ms(_EMG_SUPPLY_MS)

    def slow_clock(self, slow):
        """Let the processor run at 80 MHz, or as it started. Not tried on hardware."""
        try:
            machine.freq(_SLOW_HZ if slow else self._full_hz)
        except (ValueError, RuntimeError, OSError):
            pass  # as it was: it costs more

    def can_wake(self):
        """Have deep sleep end when the button is pressed or USB comes; whether that will do."""
        if self.button.pressed() or self.usb_present():
            return False
        try:
            import esp32

            esp32.wake_on_ext0(self._button_pin, esp32.WAKEUP_ALL_LOW)
            esp32.wake_on_ext1((self._usb,), esp32.WAKEUP_ANY_HIGH)
        except (ImportError, AttributeError, ValueError):
            return False
        return True

    def deep_sleep(self):
        """After can_wake(). Does not return: the processor starts anew when it is woken.

        Its pull-ups are off meanwhile: without one on the board the button reads as pressed.
        """
        self.motor.stop()
        self.emg_power(False)
        self.light.off()
        machine.deepsleep()

    def watchdog(self):
        """The watchdog, started with the first call; nothing stops it again."""
        if self._watchdog is None:
            self._watchdog = WDT(timeout=_WATCHDOG_MS)
        return self._watchdog
