"""Is the IMU to be believed: a sensor that never changes is lost, one at its rail is clipped."""

# The stubs do not know that viper takes an array for a pointer.
# pyright: reportArgumentType=false

from array import array

from micropython import const

from band.motion import health

QUANTUM = const(32)  # frames, as in gait.py
LOOK_EVERY = const(4)  # quanta
CLIP_LEAST = const(3900)  # 3.8 g: no accelerometer has a smaller range
CLIP_LOOKS = const(104)  # 16 s, of which a quarter is looked at
CLIP_REPEATS = const(8)
STILL_LOOKS = const(4)  # 0.6 s
BELIEVED_LOOKS = const(10)  # a second and a half


class ImuHealth:
    """`look` at every LOOK_EVERY-th quantum, then read what it found."""

    def __init__(self, settings):
        self.has_acc = settings.has_acc != 0
        self.has_gyr = settings.has_gyr != 0
        self.gyr_lost = False
        self.acc_lost = False
        self.clipped = False
        self.gyr_still = False  # it stands still, not yet long enough to be lost
        self._still_gyr = 0
        self._still_acc = 0
        self._looks = 0
        self._rail = array("I", (0, 0))

    def rates(self):
        """Whether there is an angular rate to go by."""
        return self.has_gyr and not self.gyr_lost

    def look(self, data, start, mask):
        """Take the quantum of frames that begins at `start` of the ring `data`."""
        still = health(data, start, mask, QUANTUM, CLIP_LEAST, self._rail)
        if still & 1 and self.has_acc:
            self._still_acc += 1
            if self._still_acc >= STILL_LOOKS:
                self.acc_lost = True
        elif self._still_acc:
            self._still_acc = 0
            self.acc_lost = False
        if still & 2 and self.has_gyr:
            # Sooner lost than believed again.
            self._still_gyr = BELIEVED_LOOKS if self.gyr_lost else self._still_gyr + 1
            if self._still_gyr >= STILL_LOOKS:
                self.gyr_lost = True
        elif self._still_gyr:
            self._still_gyr -= 1
            if self._still_gyr == 0:
                self.gyr_lost = False
        self.gyr_still = self._still_gyr != 0
        self._looks += 1
        full = self._rail[1] >= CLIP_REPEATS
        if full or self._looks >= CLIP_LOOKS:
            self.clipped = full
            self._rail[0] = 0
            self._rail[1] = 0
            self._looks = 0
