"""GPIO, PWM and ADC of the virtual processor: the wire of a pin is wires.pin(number).

An ESP32-S3, or with `Pin.chip = "esp32"` an ESP32.
"""

import micropython

from chips.wiring import wires

# Chip: highest GPIO, the first and last that do not exist, first of those that only read.
_GPIOS = {"esp32s3": (48, 22, 25, 49), "esp32": (39, 28, 31, 34)}


class Pin:
    """A GPIO; its wire is wires.pin(id)."""

    chip = "esp32s3"

    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2
    DRIVE_0 = 0
    DRIVE_3 = 3

    def __init__(self, id, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
        last, gap, gap_end, read_only = _GPIOS[self.chip]
        if not 0 <= id <= last or gap <= id <= gap_end:
            raise ValueError("invalid pin")
        if id >= read_only and mode in (self.OUT, self.OPEN_DRAIN):
            raise ValueError("pin can only be input")
        self.id = id
        self.net = wires.pin(id)
        self._mode = -1
        self._trigger = 0
        self._handler = None
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
        if pull != -1:
            self.net.pull = None if pull is None else int(pull == self.PULL_UP)
        if mode == self.IN:
            self.net.put(None)
        elif mode in (self.OUT, self.OPEN_DRAIN):
            self._mode = mode
            if value is None:
                value = self.net.level()
        if mode != -1:
            self._mode = mode
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is None:
            return self.net.level()
        if self._mode == self.OUT:
            self.net.put(1 if level else 0)
        elif self._mode == self.OPEN_DRAIN:
            self.net.put(None if level else 0)
        return None

    def __call__(self, level=None):
        return self.value(level)

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def irq(self, handler=None, trigger=3, hard=False):
        """The handler is scheduled, never called at once, as on the ESP32."""
        self._handler = handler
        self._trigger = trigger
        self.net.irq = self._edge

    def _edge(self, level):
        handler = self._handler
        if handler and self._trigger & (self.IRQ_RISING if level else self.IRQ_FALLING):
            try:
                micropython.schedule(handler, self)
            except RuntimeError:
                pass  # the queue is full: the chip, too, loses the edge


class PWM:
    """The duty stands at wires.pin(n).duty_u16."""

    def __init__(self, dest, *, freq=5000, duty_u16=0, invert=0):
        self._net = dest.net
        self._freq = freq
        self._net.duty_u16 = duty_u16

    def init(self, *, freq=None, duty_u16=None):
        if freq is not None:
            self._freq = freq
        if duty_u16 is not None:
            self._net.duty_u16 = duty_u16

    def deinit(self):
        self._net.duty_u16 = 0

    def freq(self, value=None):
        if value is None:
            return self._freq
        self._freq = value

    def duty_u16(self, value=None):
        if value is None:
            return self._net.duty_u16
        if not 0 <= value <= 65535:
            raise ValueError("duty_u16 must be from 0 to 65535")
        self._net.duty_u16 = value


class ADC:
    """Reads wires.pin(n).analog_uv."""

    ATTN_0DB = 0
    ATTN_11DB = 3

    def __init__(self, pin, *, atten=3):
        self._net = pin.net

    def read_uv(self):
        return self._net.analog_uv

    def read_u16(self):
        return min(65535, self._net.analog_uv * 65535 // 3_100_000)
