"""A whole virtual unit: every chip soldered to the pins of band/unit/board.py.

bench = Bench(motion, emg)        sources of chips/sources.py; a unit at rest without
band.unit.board.Board()           may be built now, and again after a reset
bench.imu, .adc, .skin, .gauge    the chips, with their faults
bench.skin_cc, bench.gauge.charge_pct ... what they measure
bench.adc_wire, .skin_wire, .gauge_wire    I2cDevice: bench.skin_wire.nacks = 3
bench.usb(True), bench.press(True)
"""

import time

from band.chips import max17048, tlv320adc3120, tmp117
from band.unit import board
from chips.lsm6dso32 import Lsm6dso32
from chips.max17048 import Max17048
from chips.sources import CountingEmg, StillMotion
from chips.tlv320adc3120 import Tlv320adc3120
from chips.tmp117 import Tmp117
from chips.wiring import wires


class Bench:
    def __init__(self, motion=None, emg=None, rate_mhz=833_000):
        clock = time.clock  # type: ignore  (of the stand-in)
        wires.power_up(clock)
        clock.moved = wires.tick
        pins = board.PINS
        self.skin_cc = 3300
        self.imu = Lsm6dso32(motion or StillMotion(), clock, rate_mhz)
        self.adc = Tlv320adc3120(emg or CountingEmg(), clock)
        self.skin = Tmp117(clock, self._skin_cc)
        self.gauge = Max17048(clock)
        wires.spi(board.SPI_BUS, pins["imu_cs"], self.imu)
        wires.i2s(board.I2S_PORT, self.adc)
        self.adc_wire = wires.i2c(board.I2C_BUS, tlv320adc3120.ADDRESS, self.adc)
        self.skin_wire = wires.i2c(board.I2C_BUS, tmp117.ADDRESS, self.skin)
        self.gauge_wire = wires.i2c(board.I2C_BUS, max17048.ADDRESS, self.gauge)
        wires.pin(pins["emg_shdnz"]).on_change.append(self.adc.shutdown)
        wires.pin(pins["button"]).resistor = 1
        self.usb(False)

    def _skin_cc(self):
        return self.skin_cc

    def usb(self, plugged):
        wires.pin(board.PINS["usb"]).drive(1 if plugged else 0)

    def press(self, down):
        wires.pin(board.PINS["button"]).drive(0 if down else None)

    def spi_stuck(self, level):
        """Every byte from the IMU reads as 0x00 or 0xFF; None: the bus is well."""
        wires.spi_stuck[board.SPI_BUS] = level

    def led(self):
        return wires.pin(board.PINS["led"]).level()

    def motor_duty(self):
        return wires.pin(board.PINS["motor"]).duty_u16
