"""From IMU frames to strides: running, walking or standing, and the two contact times.

The shake of the acceleration tells that a foot landed; `contacts` then says when. A stride is
closed by the next landing, so that its length is known when its toe-off is sought.
"""

# The stubs do not know that viper takes an array for a pointer.
# pyright: reportArgumentType=false

from array import array

import micropython
from micropython import const

from band.contacts import Contacts
from band.fixmath import median
from band.frame import ShankFrame
from band.motion import STEPS, condense, health, peak_shake, shake, stride_sums

STEP_MASK = const(511)  # as in motion.py; an imported name is looked up each time
QUANTUM = const(32)  # frames processed at a time, always whole
STEPS_PER_QUANTUM = const(8)
MAGNITUDE_MASK = const(2047)

STANDING = const(0)
WALKING = const(1)
RUNNING = const(2)

TOWERS = const(52)  # 250 ms: a landing's shake towers over this much on both sides
SHAKE_FLOOR = const(2050)  # 0.8 g of change per 9.6 ms, averaged over 48 ms
LONGEST = const(416)  # 2 s without a landing: standing
RUN_MAGNITUDE = const(384)  # mean |a| 1.5 g: walking stays below 1.35 g, running above 1.7 g
WALK_MAGNITUDE = const(358)
SLOWEST_RUN = const(208)  # 1.0 s a stride
FASTEST_RUN = const(90)
USUAL_OF = const(5)  # strides
UNSEEN = const(3)  # landings in a row that the gyroscope may deny
CLIP_LEAST = const(3900)  # 3.8 g: no accelerometer has a smaller range
LOOK_EVERY = const(4)  # quanta
CLIP_QUANTA = const(416)  # 16 s, of which a quarter is looked at
CLIP_REPEATS = const(8)
STILL_LOOKS = const(4)  # 0.6 s


class Gait:
    """Call `process` while the ring holds a quantum; True says that `stride` fields are new.

    Positions are in sixteenths of a raw frame; -1 is unknown.
    """

    def __init__(self, settings, timebase):
        self.timebase = timebase
        self.frame = ShankFrame()
        self.contacts = Contacts(self.frame)
        self.state = STANDING
        self.gyr_lost = False
        self.acc_lost = False
        self.clipped = False
        self.slipped = 0  # strides for which a slip is still reported
        self.ic_f16 = -1
        self.next_ic_f16 = -1
        self.degraded = 0
        self.regular = False  # the closed stride is about as long as usual
        self._has_gyr = settings.has_gyr != 0
        self._steps = self.contacts.steps
        self._magnitudes = self.contacts.magnitudes
        self._changes = array("H", bytes(2 * STEPS))
        self._shakes = array("H", bytes(2 * STEPS))
        self._shake_total = 0
        self._search = array("I", (0, 0, 0, 0))
        self._step = 0
        self._landing = -1  # the last landing's step ...
        self._height = 0  # ... and shake
        self._stride_steps = 0  # usual length, the median of the last; 0 = not known yet
        self._lengths = array("i", [0] * USUAL_OF)
        self._sorted = array("i", [0] * USUAL_OF)
        self._told = 0  # strides since standing
        self._unseen = 0
        self._mean_magnitude = 0
        self._sums = array("i", [0] * 10)
        self._still_gyr = 0
        self._still_acc = 0
        self._rail = array("I", (0, 0))
        self._quanta = 0
        self._degraded = 0

    @micropython.native
    def process(self, ring, real):
        """Take one quantum from the ring. Returns True when a stride has been closed.

        `real` is false when some of its frames only stand in for lost ones.
        """
        data = ring.data
        mask = ring.mask
        start = ring.tail
        step = self._step
        steps = self._steps
        magnitudes = self._magnitudes
        shakes = self._shakes
        if step == 0:
            # Before the first sample there was no change.
            condense(data, start, mask, 1, magnitudes, MAGNITUDE_MASK, steps, -1)
            condense(data, start, mask, 1, magnitudes, MAGNITUDE_MASK, steps, -2)
        condense(data, start, mask, STEPS_PER_QUANTUM, magnitudes, MAGNITUDE_MASK, steps, step)
        self._shake_total = shake(
            steps, step, STEP_MASK, STEPS_PER_QUANTUM, self._changes, shakes, self._shake_total
        )
        self._quanta += 1
        if real and self._quanta & (LOOK_EVERY - 1) == 0:
            self._health(data, start, mask)
        ring.tail = start + QUANTUM
        end = step + STEPS_PER_QUANTUM
        self._step = end
        self.timebase.advance()
        closed = False
        left = STEPS_PER_QUANTUM
        while left > 0:
            used = peak_shake(shakes, step, STEP_MASK, left, self._search, TOWERS, SHAKE_FLOOR)
            if used == 0:
                break
            step += used
            left -= used
            closed = self._landed()
        landing = self._landing
        if landing >= 0 and end - landing > LONGEST + TOWERS:
            self._landing = -1
            self._stride_steps = 0
            self._told = 0
            self.state = STANDING
        return closed

    def finish(self):
        """The session ends: give the stride still open. True when there is one."""
        if self._landing < 0:
            return False
        self.ic_f16 = self.next_ic_f16
        self.degraded = self._degraded
        self.next_ic_f16 = self.ic_f16 + (self._stride_steps << 6)
        self._measure()
        self.next_ic_f16 = -1
        return True

    @micropython.native
    def _health(self, data, start, mask):
        """A sensor that never changes is lost; one that stops at its rail is clipped."""
        still = health(data, start, mask, QUANTUM, CLIP_LEAST, self._rail)
        if still & 1:
            self._still_acc += 1
            if self._still_acc >= STILL_LOOKS:
                self.acc_lost = True
        elif self._still_acc:
            self._still_acc = 0
            self.acc_lost = False
        if still & 2 and self._has_gyr:
            # Half a second to be lost, a second and a half to be believed again.
            self._still_gyr = 10 if self.gyr_lost else self._still_gyr + 1
            if self._still_gyr >= STILL_LOOKS:
                self.gyr_lost = True
        elif self._still_gyr:
            self._still_gyr -= 1
            if self._still_gyr == 0:
                self.gyr_lost = False
        if self._quanta >= CLIP_QUANTA:
            self.clipped = self._rail[1] >= CLIP_REPEATS
            self._rail[0] = 0
            self._rail[1] = 0
            self._quanta = 0

    @micropython.native
    def _landed(self):
        """A shake peak stands out: is it a landing, and does it close a stride?"""
        search = self._search
        height = search[0]
        step = search[1]
        search[0] = 0
        last = self._landing
        length = step - last
        usual = self._stride_steps
        # Much too early: the swing's own shake, or the other foot's.
        early = last >= 0 and usual > 0 and length * 20 < usual * 13
        position = -1
        if self._rates() and self.frame.strides:
            position = self.contacts.landing_by_rate(step)
            if position >= 0:
                self._unseen = 0
            elif self._still_gyr == 0 and (early or self._unseen < UNSEEN):
                self._unseen += 1  # no swing ended here
                return False
        if early and height * 4 < search[3] * 3:
            return False
        # A greater height is believed at once, a smaller one slowly.
        search[3] += (height - search[3]) >> (1 if height > search[3] else 3)
        if self._height * 8 < height * 3:
            last = -1  # beside this one the last was no landing
        self._height = height
        search[2] = step
        self._landing = step
        if last < 0 or length > LONGEST:
            self.next_ic_f16 = self._contact(step, position)
            return False
        self.regular = usual == 0 or (length * 10 > usual * 7 and length * 10 < usual * 13)
        stride_sums(
            self._steps, last, STEP_MASK, length, self._magnitudes, MAGNITUDE_MASK, self._sums
        )
        self._tell_gait(length)
        if self.frame.update(self._sums, length, self._rates()):
            self.slipped = 10
        elif self.slipped:
            self.slipped -= 1
        if self.frame.strides == 1 and self._rates():
            self.contacts.face(self._step)
            self.next_ic_f16 = self._contact(last, self.contacts.landing_by_rate(last))
            position = self.contacts.landing_by_rate(step)
        self.ic_f16 = self.next_ic_f16
        self.degraded = self._degraded
        self.next_ic_f16 = self._contact(step, position)
        self._measure()
        return True

    @micropython.native
    def _rates(self):
        return self._has_gyr and not self.gyr_lost

    @micropython.native
    def _tell_gait(self, length):
        """Running or walking, from the mean |a| over about two seconds and the stride time."""
        mean = self._sums[3]
        if self._mean_magnitude == 0 or self.state == STANDING:
            self._mean_magnitude = mean
        else:
            self._mean_magnitude += ((mean - self._mean_magnitude) * length) // LONGEST
        limit = WALK_MAGNITUDE if self.state == RUNNING else RUN_MAGNITUDE
        fits = length > FASTEST_RUN and length < SLOWEST_RUN
        self.state = RUNNING if fits and self._mean_magnitude > limit else WALKING
        lengths = self._lengths
        lengths[self._told % USUAL_OF] = length
        self._told += 1
        known = self._told if self._told < USUAL_OF else USUAL_OF
        for k in range(known):
            self._sorted[k] = lengths[k]
        self._stride_steps = median(self._sorted, 0, known)

    @micropython.native
    def _contact(self, step, by_rate):
        """Position of the initial contact whose shake peaked at `step`; sets `_degraded`."""
        self._degraded = 0
        if by_rate >= 0:
            return by_rate
        self._degraded = 1
        return self.contacts.landing_by_impact(step)

    @micropython.native
    def _measure(self):
        """What lies between ic_f16 and next_ic_f16."""
        contacts = self.contacts
        contacts.shock(self.ic_f16)
        start = self.ic_f16 >> 6
        n = (self.next_ic_f16 >> 6) - start
        if n < FASTEST_RUN or n > LONGEST or self.state != RUNNING or start + n > self._step:
            return
        by_rate = self._rates() and not self.degraded
        if not contacts.measure(self.ic_f16, self.next_ic_f16, by_rate):
            self.degraded = 1
