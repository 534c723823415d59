"""MicroPython's `machine` as on the ESP32-S3, in front of virtual wires (chips/wiring.py).

Found before the built-in one through MICROPYPATH. It has what the firmware uses and refuses
what would break the unit (light sleep stops Bluetooth). Where a call is free of allocation on
the chip it is here, so that a locked heap proves the firmware, not the stand-in.
Behaviour after ports/esp32/machine_{pin,hw_spi,i2c,i2s,wdt,timer}.c and extmod/machine_*.c.
"""

from chips.wiring import wires
from processor.buses import I2C, SPI, SoftI2C  # noqa: F401  (names of this module, here and below)
from processor.i2s import I2S  # noqa: F401
from processor.pins import ADC, PWM, Pin  # noqa: F401
from processor.rtc import RTC  # noqa: F401
from processor.timers import WDT, WDT_RESET, Timer  # noqa: F401

PWRON_RESET = 1
HARD_RESET = 2
DEEPSLEEP_RESET = 4
SOFT_RESET = 5


def reset():
    wires.reset(HARD_RESET)


def soft_reset():
    wires.reset(SOFT_RESET)


def reset_cause():
    return wires.reset_cause


def unique_id():
    return wires.unique_id


_FREQUENCIES = (20_000_000, 40_000_000, 80_000_000, 160_000_000, 240_000_000)


def freq(hz=None):
    if hz is None:
        return wires.cpu_hz
    if hz not in _FREQUENCIES:
        raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz")
    wires.cpu_hz = hz


def idle():
    pass


def lightsleep(ms=None):
    raise RuntimeError("light sleep stops Bluetooth on this port")


def deepsleep(ms=None):
    if ms is not None:
        raise NotImplementedError("the virtual unit is woken by pins only")
    wires.deep_sleep()


def disable_irq():
    return 0


def enable_irq(state):
    pass
