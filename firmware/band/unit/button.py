"""The one button: a short press, or a long one reported while it is still held."""

from time import ticks_diff

from micropython import const

NONE = const(0)
SHORT = const(1)
LONG = const(2)

DEBOUNCE_MS = const(30)
LONG_MS = const(3000)


class Button:
    """pin: a machine.Pin, low while pressed. Poll at least every 15 ms; nothing is allocated."""

    def __init__(self, pin):
        self._pin = pin
        self._raw = 0
        self._changed_ms = 0
        self._down = False
        self._down_ms = 0
        self._reported = False
        self._polled = False

    def pressed(self):
        """Whether the contact is closed now, not debounced: for a look at boot."""
        return self._pin() == 0

    def poll(self, now_ms):
        """NONE, SHORT when a press ends, or LONG once when it has lasted LONG_MS.

        now_ms: ticks_ms(). A button held since before the first poll is reported only when it
        is pressed anew.
        """
        raw = 1 - self._pin()
        if not self._polled:
            self._polled = True
            self._raw = raw
            self._changed_ms = now_ms
            self._down = bool(raw)
            self._reported = True
            return NONE
        if raw != self._raw:
            self._raw = raw
            self._changed_ms = now_ms
        elif raw != self._down and ticks_diff(now_ms, self._changed_ms) >= DEBOUNCE_MS:
            self._down = bool(raw)
            if raw:
                self._down_ms = self._changed_ms
                self._reported = False
            elif not self._reported:
                return SHORT
        if self._down and not self._reported and ticks_diff(now_ms, self._down_ms) >= LONG_MS:
            self._reported = True
            return LONG
        return NONE
