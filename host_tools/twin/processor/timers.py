"""Watchdog and timers of the virtual ESP32-S3; wires.tick() shows them the time."""

import micropython

from chips.wiring import wires

WDT_RESET = 3


class WDT:
    """Resets the processor when it is not fed in time; it cannot be stopped."""

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        self._timeout_us = 1000 * timeout
        self._fed_us = wires.clock.us()
        wires.timers.append(self)

    def feed(self):
        self.tick(wires.clock.us())
        self._fed_us = wires.clock.us()

    def tick(self, now_us):
        if now_us - self._fed_us > self._timeout_us:
            wires.reset(WDT_RESET)


class Timer:
    """Calls are scheduled by wires.tick(); late ones are not made up for."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id, **settings):
        self._period_us = 0
        self._callback = None
        if settings:
            self.init(**settings)

    def init(self, *, mode=1, freq=-1, period=-1, callback=None):
        self.deinit()
        self._period_us = 1000 * period if period > 0 else int(1_000_000 / freq)
        self._once = mode == self.ONE_SHOT
        self._callback = callback
        self._due_us = wires.clock.us() + self._period_us
        wires.timers.append(self)

    def deinit(self):
        if self in wires.timers:
            wires.timers.remove(self)

    def tick(self, now_us):
        if now_us < self._due_us:
            return
        self._due_us += self._period_us * ((now_us - self._due_us) // self._period_us + 1)
        if self._once:
            self.deinit()
        if self._callback is not None:
            try:
                micropython.schedule(self._callback, self)
            except RuntimeError:
                pass
