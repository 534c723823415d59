"""The LED: a pattern is a tuple of milliseconds on, off, on, off ... that repeats."""

from time import ticks_diff

OFF = ()
READY = (30, 4970)
RESTING = (30, 9970)
SESSION = (30, 970)
WARNED = (30, 120, 30, 820)  # watch or worse
PAIRING = (125, 125)
USB = (1000, 1000)
LOW_BATTERY = (30, 220, 30, 220, 30, 4470)
FAULT = (400, 100, 400, 1100)
SAFE_MODE = (1000, 0)


class Light:
    """pin: a machine.Pin, output, high lights the LED. Nothing is allocated."""

    def __init__(self, pin):
        self._pin = pin
        self._pattern = OFF
        self._at = 0
        self._since_ms = 0
        self._fresh = False
        pin(0)

    def off(self):
        self._pattern = OFF
        self._pin(0)

    def show(self, pattern):
        """Change the pattern; the one that already runs goes on undisturbed."""
        if pattern is not self._pattern:
            self._pattern = pattern
            self._fresh = True

    @property
    def lit(self):
        return bool(self._pattern) and not self._at & 1

    def step(self, now_ms):
        """Call every few ms with ticks_ms()."""
        pattern = self._pattern
        if self._fresh:
            self._fresh = False
            self._at = 0
            self._since_ms = now_ms
            self._pin(1 if pattern else 0)
            return
        if not pattern:
            return
        at = self._at
        lasted_ms = ticks_diff(now_ms, self._since_ms)
        if lasted_ms < pattern[at]:
            return
        # A late step makes up for it, so that the rhythm holds; a very late one starts anew.
        spent_ms = pattern[at]
        at += 1
        if at == len(pattern):
            at = 0
        if pattern[at] == 0:
            at = 0
        self._since_ms = now_ms - (lasted_ms - spent_ms if lasted_ms < 2 * spent_ms else 0)
        self._at = at
        self._pin(1 - (at & 1))
