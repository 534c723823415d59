"""MicroPython's `esp32`, as far as it says what ends deep sleep. After ports/esp32/modesp32.c.

The processor's pull-ups are off in deep sleep, as others found on an ESP32-S2 (micropython issue
15260): a button without a resistor on the board reads as pressed, and the unit wakes at once.
"""

from chips.wiring import wires
from processor.pins import Pin

WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True

_ESP32 = (0, 2, 4, 12, 13, 14, 15, 25, 26, 27, 32, 33, 34, 35, 36, 37, 38, 39)


def _check(pin):
    """Only pins of the real-time clock's domain wake."""
    if not (pin.id in _ESP32 if Pin.chip == "esp32" else pin.id <= 21):
        raise ValueError("invalid pin")


def wake_on_ext0(pin, level):
    _check(pin)
    wires.wakers.append((pin.net, 1 if level else 0))


def wake_on_ext1(pins, level):
    for pin in pins:
        _check(pin)
    if len(pins) > 1 and not level:
        raise NotImplementedError("the virtual unit wakes by any pin, not by all")
    for pin in pins:
        wires.wakers.append((pin.net, 1 if level else 0))
