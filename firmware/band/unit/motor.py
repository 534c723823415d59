"""The vibration motor: what a warning level feels like on the leg."""

from time import ticks_diff

from micropython import const

_OFF = const(0)
_SOFT = const(39000)
_FULL = const(65535)

# By warning level: duty, ms, duty, ms ... played once. What is no warning is not felt.
PATTERNS = (
    (),  # insufficient
    (),  # fresh
    (_SOFT, 200),  # watch
    (_FULL, 400, _OFF, 200, _FULL, 400),  # heavy
    (_FULL, 600, _OFF, 200, _FULL, 600, _OFF, 200, _FULL, 600),  # very heavy
)
LONGEST_MS = const(2200)


class Motor:
    """pwm: a machine.PWM. Nothing is allocated. `running` while it shakes the electrodes."""

    def __init__(self, pwm):
        self._pwm = pwm
        self._pattern = PATTERNS[0]
        self._at = 0
        self._since_ms = 0
        self._fresh = False
        self.running = False

    def play(self, level):
        """Play the pattern of a warning level, 0 to 4; what was playing ends."""
        self._pattern = PATTERNS[level]
        self._fresh = True

    def stop(self):
        self._pattern = PATTERNS[0]
        self._fresh = False
        self.running = False
        self._pwm.duty_u16(_OFF)

    def step(self, now_ms):
        """Call every few ms with ticks_ms()."""
        if self._fresh:
            self._fresh = False
            self._at = 0
        elif not self.running or (ticks_diff(now_ms, self._since_ms) < self._pattern[self._at + 1]):
            return
        else:
            self._at += 2
        self._since_ms = now_ms
        self.running = self._at < len(self._pattern)
        self._pwm.duty_u16(self._pattern[self._at] if self.running else _OFF)
