"""In place of MicroPython's `machine`: names for the unit to import, and pins without a world."""

# pyright: reportMissingImports=false

from anything import Anything, nothing


class Pin(Anything):
    IN = OUT = PULL_UP = 0


class I2S(Anything):
    RX = STEREO = 0


I2C = PWM = SPI = WDT = Anything
WDT_RESET = 3
freq = reset = reset_cause = nothing


def unique_id():
    return b"unit"
